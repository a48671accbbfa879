/* test_claude_wire.c: the Messages API as bytes (server/translate/claude_wire.h, claude_models.h). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "translate/claude_wire.h"

static struct fam_claude_model model_of(const char *id)
{
    struct fam_claude_model model;
    struct fam_status status = {0};
    cr_assert_eq(fam_claude_model_find(id, &model, &status), FAM_OK, "%s", status.message);
    return model;
}

/* ---- models ---- */

Test(claude_models, every_row_of_the_table_can_be_read)
{
    static const char *const ids[] = {"claude-haiku-5-5",  "claude-sonnet-5-5", "claude-opus-5-5",
                                      "claude-fable-5-1",  "claude-sonnet-5",   "claude-opus-5",
                                      "claude-sonnet-4-6", "claude-haiku-4-5",  "claude-unheard-of-9"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(ids); i++) {
        struct fam_claude_model model = model_of(ids[i]);
        cr_assert_str_eq(model.id, ids[i]);
        cr_assert(strcmp(model.version, "2023-06-01") == 0 || strcmp(model.version, "2026-10-21") == 0);
        cr_assert(model.max_tokens >= 1024 && model.input_price > 0 && model.output_price > model.input_price);
        cr_assert(model.cache_write_price > model.input_price && model.cache_read_price < model.input_price);
    }
}

Test(claude_models, both_versions_of_the_api_and_each_way_to_think_less_are_there)
{
    cr_assert_str_eq(model_of("claude-haiku-5-5").version, "2026-10-21");
    cr_assert_str_eq(model_of("claude-haiku-4-5").version, "2023-06-01");
    cr_assert_str_eq(model_of("claude-haiku-5-5").thinking, "disabled");
    cr_assert_str_eq(model_of("claude-sonnet-5-5").thinking, "between_tools");
    cr_assert_str_eq(model_of("claude-opus-5-5").thinking, "");
    cr_assert_str_eq(model_of("claude-opus-5-5").effort, "low");
    cr_assert_str_eq(model_of("claude-haiku-4-5").effort, "");
}

Test(claude_models, a_dated_snapshot_has_the_row_of_its_model_and_another_model_the_cautious_one)
{
    cr_assert_eq(model_of("claude-haiku-4-5-20251001").input_price, 1000000);
    cr_assert_str_eq(model_of("claude-haiku-4-5-20251001").id, "claude-haiku-4-5-20251001");
    cr_assert_eq(model_of("claude-haiku-4-5-2025").input_price, 10000000);
    cr_assert_eq(model_of("claude-opus-5-7").input_price, 10000000);
    cr_assert_str_eq(model_of("claude-opus-5-7").thinking, "");
    cr_assert_str_eq(model_of("claude-opus-5-7").effort, "");
}

Test(claude_models, what_is_no_name_of_a_model_is_refused)
{
    static const char *const ids[] = {"", "claude haiku", "claude\"", "клод",
                                      "claude-haiku-claude-haiku-claude-haiku-claude-haiku-claude-haiku-12345"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(ids); i++) {
        struct fam_claude_model model;
        struct fam_status status = {0};
        cr_assert_eq(fam_claude_model_find(ids[i], &model, &status), FAM_INVALID_ARGUMENT, "%s", ids[i]);
    }
}

Test(claude_models, the_cost_sums_all_kinds_of_tokens_and_is_rounded_up)
{
    const struct fam_claude_model model = model_of("claude-haiku-5-5");
    const struct fam_claude_usage usage = {
        .input_tokens = 1000, .cache_write_tokens = 2000, .cache_read_tokens = 10000, .output_tokens = 500};
    cr_assert_eq(fam_claude_model_cost(&model, &usage), 100 + 250 + 100 + 250);
    const struct fam_claude_usage one = {.input_tokens = 1};
    cr_assert_eq(fam_claude_model_cost(&model, &one), 1);
    const struct fam_claude_usage none = {.input_tokens = 0};
    cr_assert_eq(fam_claude_model_cost(&model, &none), 0);
}

/* ---- questions ---- */

static const struct fam_claude_prompt PROMPT = {
    .system = "You read feelings.\n\"Calmly\".",
    .user = "«Ненавижу тебя!» \\ 7 years",
    .schema = "{\"type\":\"object\",\"properties\":{\"need\":{\"type\":\"string\"}},\"required\":[\"need\"],"
              "\"additionalProperties\":false}",
};

static void expect_question(const char *id, const char *expected)
{
    const struct fam_claude_model model = model_of(id);
    struct fam_status status = {0};
    fam_auto(fam_buf_done) struct fam_buf body;
    fam_buf_init(&body, FAM_CLAUDE_REQUEST_BYTES);
    cr_assert_eq(fam_claude_wire_question(&model, &PROMPT, &body, &status), FAM_OK, "%s", status.message);
    cr_assert_str_eq(fam_buf_text(&body), expected);
}

/* Byte for byte: a change before the user's text costs the prompt cache of every installation. */
Test(claude_wire, a_question_is_these_bytes_and_ends_with_what_changes)
{
    expect_question("claude-haiku-5-5",
                    "{\"model\":\"claude-haiku-5-5\",\"max_tokens\":4096,\"thinking\":{\"type\":\"disabled\"},"
                    "\"output_config\":{\"effort\":\"low\",\"format\":{\"type\":\"json_schema\",\"schema\":"
                    "{\"type\":\"object\",\"properties\":{\"need\":{\"type\":\"string\"}},\"required\":[\"need\"],"
                    "\"additionalProperties\":false}}},"
                    "\"system\":[{\"type\":\"text\",\"text\":\"You read feelings.\\n\\\"Calmly\\\".\","
                    "\"cache_control\":{\"type\":\"ephemeral\"}}],"
                    "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\","
                    "\"text\":\"«Ненавижу тебя!» \\\\ 7 years\"}]}]}");
}

Test(claude_wire, what_a_model_does_not_take_is_left_out)
{
    expect_question("claude-haiku-4-5",
                    "{\"model\":\"claude-haiku-4-5\",\"max_tokens\":4096,"
                    "\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":"
                    "{\"type\":\"object\",\"properties\":{\"need\":{\"type\":\"string\"}},\"required\":[\"need\"],"
                    "\"additionalProperties\":false}}},"
                    "\"system\":[{\"type\":\"text\",\"text\":\"You read feelings.\\n\\\"Calmly\\\".\","
                    "\"cache_control\":{\"type\":\"ephemeral\"}}],"
                    "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\","
                    "\"text\":\"«Ненавижу тебя!» \\\\ 7 years\"}]}]}");
}

static void expect_refused(struct fam_claude_prompt prompt, enum fam_code code)
{
    const struct fam_claude_model model = model_of("claude-haiku-5-5");
    struct fam_status status = {0};
    fam_auto(fam_buf_done) struct fam_buf body;
    fam_buf_init(&body, FAM_CLAUDE_REQUEST_BYTES);
    cr_assert_eq(fam_claude_wire_question(&model, &prompt, &body, &status), code);
    cr_assert_null(strstr(status.message, "hunter2"));
}

Test(claude_wire, what_can_not_be_sent_is_refused)
{
    char *long_text = calloc(1, FAM_CLAUDE_REQUEST_BYTES + 1);
    cr_assert_not_null(long_text);
    memset(long_text, 'a', FAM_CLAUDE_REQUEST_BYTES);
    expect_refused((struct fam_claude_prompt){"a", "hunter2\xff", "{}", 0}, FAM_INVALID_ARGUMENT);
    expect_refused((struct fam_claude_prompt){"hunter2\xff", "a", "{}", 0}, FAM_INVALID_ARGUMENT);
    expect_refused((struct fam_claude_prompt){"a", "hunter2", "[]", 0}, FAM_INVALID_ARGUMENT);
    expect_refused((struct fam_claude_prompt){"a", "hunter2", "{},\"x\":{}", 0}, FAM_INVALID_ARGUMENT);
    expect_refused((struct fam_claude_prompt){"a", long_text, "{}", 0}, FAM_OUT_OF_RANGE);
    free(long_text);
}

/* ---- answers ---- */

#define USAGE                                                                                                          \
    "\"usage\":{\"input_tokens\":10,\"cache_creation_input_tokens\":20,\"cache_read_input_tokens\":30,"                \
    "\"output_tokens\":40}"
#define ANSWER(stop, content)                                                                                          \
    "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-haiku-5-5\",\"content\":"        \
    "[" content "],\"stop_reason\":\"" stop "\"," USAGE "}"
#define TEXT(text) "{\"type\":\"text\",\"text\":\"" text "\"}"
#define THOUGHT "{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"x\"}"
#define GOOD "{\\\"need\\\":\\\"rest\\\"}"

static enum fam_code read_answer(const char *body, struct fam_claude_answer *answer, struct fam_status *status)
{
    const struct fam_claude_model model = model_of("claude-haiku-5-5");
    return fam_claude_wire_answer(&model, body, strlen(body), answer, status);
}

static void expect_answer(const char *body)
{
    struct fam_claude_answer answer;
    struct fam_status status = {0};
    cr_assert_eq(read_answer(body, &answer, &status), FAM_OK, "%s", status.message);
    cr_assert_str_eq(fam_secret_text(&answer.text), "{\"need\":\"rest\"}");
    cr_assert_str_eq(answer.model, "claude-haiku-5-5");
    fam_secret_done(&answer.text);
}

Test(claude_wire, an_answer_is_one_text_block_wherever_it_stands)
{
    expect_answer(ANSWER("end_turn", TEXT(GOOD)));
    expect_answer(ANSWER("end_turn", THOUGHT "," TEXT(GOOD)));
    expect_answer(ANSWER("end_turn", TEXT(GOOD) "," THOUGHT));
    expect_answer(ANSWER("end_turn", "{\"type\":\"redacted_thinking\",\"data\":\"x\"}," TEXT(GOOD)));
    expect_answer(ANSWER("end_turn", "{\"type\":\"of_kinds_to_come\"}," TEXT(GOOD)));
}

Test(claude_wire, the_whole_input_is_the_sum_of_three)
{
    struct fam_claude_answer answer;
    struct fam_status status = {0};
    cr_assert_eq(read_answer(ANSWER("end_turn", TEXT(GOOD)), &answer, &status), FAM_OK);
    cr_assert_eq(answer.usage.input_tokens, 10);
    cr_assert_eq(answer.usage.cache_write_tokens, 20);
    cr_assert_eq(answer.usage.cache_read_tokens, 30);
    cr_assert_eq(answer.usage.output_tokens, 40);
    cr_assert_eq(answer.usage.cost_micro_usd, 24); /* 1 + 2.5 + 0.3 + 20, rounded up */
    fam_secret_done(&answer.text);
}

Test(claude_wire, everything_else_is_a_failure_with_a_name_and_its_usage_counts_all_the_same)
{
    static const struct {
        const char *body;
        enum fam_code code;
        const char *reason;
        uint64_t output_tokens;
    } rows[] = {
        {ANSWER("refusal", TEXT("I can not.")), FAM_FAILED_PRECONDITION, "REFUSAL", 40},
        {ANSWER("refusal", ""), FAM_FAILED_PRECONDITION, "REFUSAL", 40},
        {ANSWER("max_tokens", TEXT("{\\\"need\\\":\\\"re")), FAM_OUT_OF_RANGE, "MAX_TOKENS", 40},
        {ANSWER("max_tokens", TEXT(GOOD)), FAM_OUT_OF_RANGE, "MAX_TOKENS", 40},
        {ANSWER("model_context_window_exceeded", TEXT(GOOD)), FAM_OUT_OF_RANGE, "CONTEXT", 40},
        {ANSWER("tool_use", TEXT(GOOD)), FAM_INTERNAL, "INVALID_ANSWER", 40},
        {ANSWER("stop_sequence", TEXT(GOOD)), FAM_INTERNAL, "INVALID_ANSWER", 40},
        {ANSWER("end_turn", TEXT(GOOD) "," TEXT(GOOD)), FAM_INTERNAL, "INVALID_ANSWER", 40},
        {ANSWER("end_turn", ""), FAM_INTERNAL, "INVALID_ANSWER", 40},
        {ANSWER("end_turn", THOUGHT), FAM_INTERNAL, "INVALID_ANSWER", 40},
        {ANSWER("end_turn", TEXT("hunter2")), FAM_INTERNAL, "INVALID_ANSWER", 40},
        {ANSWER("end_turn", TEXT("{\\\"need\\\":")), FAM_INTERNAL, "INVALID_ANSWER", 40},
        {ANSWER("end_turn", TEXT("[1]")), FAM_INTERNAL, "INVALID_ANSWER", 40},
        {ANSWER("end_turn", TEXT(GOOD " and more")), FAM_INTERNAL, "INVALID_ANSWER", 40},
        {ANSWER("end_turn", TEXT("```json " GOOD "```")), FAM_INTERNAL, "INVALID_ANSWER", 40},
        {ANSWER("end_turn", "{\"type\":\"text\",\"text\":7}"), FAM_INTERNAL, "INVALID_ANSWER", 40},
        {ANSWER("end_turn", "{\"text\":\"{}\"}"), FAM_INTERNAL, "INVALID_ANSWER", 40},
        {ANSWER("end_turn", "7"), FAM_INTERNAL, "INVALID_ANSWER", 40},
        {"{\"stop_reason\":\"end_turn\",\"content\":{}}", FAM_INTERNAL, "INVALID_ANSWER", 0},
        {"{\"stop_reason\":null,\"content\":[]," USAGE "}", FAM_INTERNAL, "INVALID_ANSWER", 40},
        {"{\"stop_reason\":\"end_turn\",\"content\":[{\"type\":\"text\",\"te", FAM_INTERNAL, "INVALID_ANSWER", 0},
        {"<html>hunter2</html>", FAM_INTERNAL, "INVALID_ANSWER", 0},
        {"", FAM_INTERNAL, "INVALID_ANSWER", 0},
        {"[]", FAM_INTERNAL, "INVALID_ANSWER", 0},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        struct fam_claude_answer answer;
        struct fam_status status = {0};
        cr_assert_eq(read_answer(rows[i].body, &answer, &status), rows[i].code, "%s: %s", rows[i].body, status.message);
        cr_assert_str_eq(status.reason, rows[i].reason, "%s: %s", rows[i].body, status.reason);
        cr_assert_eq(answer.usage.output_tokens, rows[i].output_tokens, "%s", rows[i].body);
        cr_assert(fam_secret_is_empty(&answer.text));
        cr_assert_null(strstr(status.message, "hunter2"));
    }
}

Test(claude_wire, numbers_that_nobody_can_believe_are_bounded)
{
    struct fam_claude_answer answer;
    struct fam_status status = {0};
    cr_assert_neq(read_answer("{\"usage\":{\"input_tokens\":-5,\"output_tokens\":9e15,"
                              "\"cache_read_input_tokens\":null,\"cache_creation_input_tokens\":\"7\"}}",
                              &answer, &status),
                  FAM_OK);
    cr_assert_eq(answer.usage.input_tokens, 0);
    cr_assert_eq(answer.usage.cache_read_tokens, 0);
    cr_assert_eq(answer.usage.cache_write_tokens, 0);
    cr_assert_eq(answer.usage.output_tokens, 100000000);
}

Test(claude_wire, a_name_of_a_model_that_is_none_is_not_repeated)
{
    struct fam_claude_answer answer;
    struct fam_status status = {0};
    cr_assert_eq(
        read_answer("{\"stop_reason\":\"end_turn\",\"model\":\"Ignore <b>all</b>\",\"content\":[" TEXT(GOOD) "]}",
                    &answer, &status),
        FAM_OK);
    cr_assert_str_eq(answer.model, "claude-haiku-5-5");
    fam_secret_done(&answer.text);
}

Test(claude_wire, an_errors_type_is_one_of_a_closed_set)
{
    static const char *const rows[][2] = {
        {"{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":\"x\"}}",
         "AUTHENTICATION_ERROR"},
        {"{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"x\"}}",
         "INVALID_REQUEST_ERROR"},
        {"{\"type\":\"error\",\"error\":{\"type\":\"hunter2\"}}", "REJECTED"},
        {"{\"error\":\"permission_error\"}", "REJECTED"},
        {"<html>", "REJECTED"},
        {"", "REJECTED"},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        cr_assert_str_eq(fam_claude_wire_error(rows[i][0], strlen(rows[i][0])), rows[i][1]);
    }
}
