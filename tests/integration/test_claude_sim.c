/* The simulated Messages API refuses what the service refuses, and answers with data for the schema asked for. */
#include "claude_sim_world.h"

TestSuite(claude_sim, .init = set_up, .fini = tear_down);

struct refusal {
    const char *member;
    const char *json;
    const char *part;
};

static void expect_refusals(const struct refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct cl_reply reply;
        cJSON *body = new_question("hello");
        set_member(body, refusals[i].member, refusals[i].json);
        ask(body, NULL, &reply);
        expect_error(&reply, 400, "invalid_request_error", refusals[i].part);
        cl_reply_done(&reply);
    }
}

Test(claude_sim, a_key_a_version_and_a_content_type_are_needed)
{
    static const struct {
        const char *headers[4];
        int status;
        const char *type;
        const char *part;
    } cases[] = {
        {{"anthropic-version: 2023-06-01", "content-type: application/json"},
         401,
         "authentication_error",
         "x-api-key header is required"},
        {{"Authorization: Basic abc", "anthropic-version: 2023-06-01", "content-type: application/json"},
         401,
         "authentication_error",
         "bearer"},
        {{"x-api-key: k", "content-type: application/json"}, 400, "invalid_request_error", "header is required"},
        {{"x-api-key: k", "anthropic-version: 2024-01-01", "content-type: application/json"},
         400,
         "invalid_request_error",
         "not a valid version"},
        {{"x-api-key: k", "anthropic-version: 2023-06-01", "content-type: text/plain"},
         400,
         "invalid_request_error",
         "content-type"},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(cases); i++) {
        struct cl_reply reply;
        ask(new_question("hello"), cases[i].headers, &reply);
        expect_error(&reply, cases[i].status, cases[i].type, cases[i].part);
        cl_reply_done(&reply);
    }
    cr_expect_eq(cl_stat(&world.sim, "invalid"), (int64_t)FAM_ARRAY_SIZE(cases));
}

Test(claude_sim, both_versions_and_both_kinds_of_key_work)
{
    static const char *const headers[][4] = {
        {"x-api-key: k", "anthropic-version: 2023-06-01", "content-type: application/json", NULL},
        {"Authorization: Bearer k", "anthropic-version: 2026-10-21", "content-type: application/json; charset=utf-8",
         NULL},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(headers); i++) {
        struct cl_reply reply;
        ask(new_question("hello"), headers[i], &reply);
        cr_expect_eq(reply.status, 200, "%s", fam_buf_text(&reply.body));
        cl_reply_done(&reply);
    }
    cJSON *records = cl_requests(&world.sim, 0);
    const cJSON *second = cJSON_GetArrayItem(fam_json_get(records, "requests"), 1);
    cr_expect_str_eq(fam_json_string(second, "auth"), "bearer");
    cr_expect_str_eq(fam_json_string(second, "version"), "2026-10-21");
    cJSON_Delete(records);
}

Test(claude_sim, one_key_may_be_the_only_one)
{
    struct cl_sim sim;
    struct cl_reply reply;
    struct cl_options options = {.key = "right"};
    char dir[256];
    cr_assert(proc_tmpdir(dir, sizeof(dir)));
    cr_assert(cl_sim_start(&sim, dir, &options));
    cl_call(&sim, "/v1/models", NULL, NULL, WAIT_MS, &reply);
    expect_error(&reply, 401, "authentication_error", "invalid x-api-key");
    cl_reply_done(&reply);
    cr_expect_eq(cl_stat(&sim, "others"), 1);
    cr_expect_eq(cl_stat(&sim, "requests"), 0, "nobody asked a model");
    cr_expect_eq(cl_sim_stop(&sim), 0);
    proc_rmtree(dir);
}

Test(claude_sim, malformed_questions_are_refused_and_say_where)
{
    static const struct refusal refusals[] = {
        {"model", "", "model: Field required"},
        {"model", "7", "model: Input should be a valid string"},
        {"max_tokens", "", "max_tokens: Field required"},
        {"max_tokens", "0", "max_tokens"},
        {"max_tokens", "1.5", "max_tokens: Input should be a valid integer"},
        {"max_tokens", "128001", "maximum allowed number of output tokens"},
        {"messages", "", "messages: Field required"},
        {"messages", "[]", "at least one message"},
        {"messages", "{}", "valid list"},
        {"messages", "[{\"role\":\"user\"}]", "messages.0.content: Field required"},
        {"messages", "[{\"content\":\"a\"}]", "messages.0.role: Field required"},
        {"messages", "[{\"role\":\"user\",\"content\":\"\"}]", "non-empty content"},
        {"messages", "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\" \"}]}]", "must be non-empty"},
        {"messages", "[{\"role\":\"user\",\"content\":[{\"text\":\"a\"}]}]", "messages.0.content.0.type"},
        {"messages", "[{\"role\":\"user\",\"content\":[{\"type\":\"poem\"}]}]", "Input tag 'poem'"},
        {"messages", "[{\"role\":\"system\",\"content\":\"a\"}]", "Unexpected role \"system\""},
        {"messages", "[{\"role\":\"poet\",\"content\":\"a\"}]", "'user' or 'assistant'"},
        {"messages", "[{\"role\":\"assistant\",\"content\":\"a\"}]", "first message"},
        {"messages", "[{\"role\":\"user\",\"content\":\"a\",\"name\":\"b\"}]", "messages.0.name: Extra inputs"},
        {"system", "7", "system: Input should be a valid list"},
        {"system", "[{\"type\":\"image\"}]", "system.0.type"},
        {"system", "[{\"type\":\"text\",\"text\":\"a\",\"cache_control\":{\"type\":\"forever\"}}]", "'ephemeral'"},
        {"system", "[{\"type\":\"text\",\"text\":\"a\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"2h\"}}]",
         "'5m' or '1h'"},
        {"prompt", "\"a\"", "prompt: Extra inputs are not permitted"},
        {"metadata", "{\"name\":\"a\"}", "metadata.name: Extra inputs"},
        {"stop_sequences", "[\" \"]", "stop_sequences"},
        {"service_tier", "\"fast\"", "service_tier"},
    };
    expect_refusals(refusals, FAM_ARRAY_SIZE(refusals));
}

Test(claude_sim, a_body_that_is_no_json_is_refused)
{
    static const char *const bodies[] = {"{", "{\"model\":\"\\u0000\"}", "{} {}", "\xff"};
    struct cl_reply reply;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(bodies); i++) {
        cl_call(&world.sim, "/v1/messages", NULL, bodies[i], WAIT_MS, &reply);
        expect_error(&reply, 400, "invalid_request_error", "not valid JSON");
        cl_reply_done(&reply);
    }
    cl_call(&world.sim, "/v1/messages", NULL, "[]", WAIT_MS, &reply);
    expect_error(&reply, 400, "invalid_request_error", "valid dictionary");
    cl_reply_done(&reply);
}

Test(claude_sim, an_unknown_model_and_an_unknown_path_are_not_found)
{
    struct cl_reply reply;
    cJSON *body = new_question("hello");
    set_member(body, "model", "\"claude-poem-1\"");
    ask(body, NULL, &reply);
    expect_error(&reply, 404, "not_found_error", "model: claude-poem-1");
    cl_reply_done(&reply);
    cl_call(&world.sim, "/v1/complete", NULL, "{}", WAIT_MS, &reply);
    expect_error(&reply, 404, "not_found_error", "Not Found");
    cl_reply_done(&reply);
    cl_call(&world.sim, "/v1/messages", NULL, NULL, WAIT_MS, &reply);
    expect_error(&reply, 405, "invalid_request_error", "Method");
    cl_reply_done(&reply);
}

Test(claude_sim, models_can_be_listed)
{
    struct cl_reply reply;
    cl_call(&world.sim, "/v1/models", NULL, NULL, WAIT_MS, &reply);
    cr_expect_eq(reply.status, 200);
    cr_expect_gt(cJSON_GetArraySize(fam_json_get(reply.json, "data")), 5);
    cl_reply_done(&reply);
    cl_call(&world.sim, "/v1/models/claude-haiku-4-5", NULL, NULL, WAIT_MS, &reply);
    cr_expect_str_eq(fam_json_string(reply.json, "id"), "claude-haiku-4-5-20251001", "an alias leads to the id");
    cl_reply_done(&reply);
    cl_call(&world.sim, "/v1/models/claude-poem-1", NULL, NULL, WAIT_MS, &reply);
    expect_error(&reply, 404, "not_found_error", "claude-poem-1");
    cl_reply_done(&reply);
}

/* ---- what only some models and versions take ---- */

struct model_case {
    const char *model;
    bool is_new;
    const char *member;
    const char *json;
    const char *part; /* NULL: it is taken */
};

static void expect_model_cases(const struct model_case *cases, size_t count)
{
    static const char *const old[] = {"x-api-key: k", "anthropic-version: 2023-06-01", "content-type: application/json",
                                      NULL};
    for (size_t i = 0; i < count; i++) {
        struct cl_reply reply;
        char model[64];
        cJSON *body = new_question("hello");
        snprintf(model, sizeof(model), "\"%s\"", cases[i].model);
        set_member(body, "model", model);
        set_member(body, cases[i].member, cases[i].json);
        if (strcmp(cases[i].member, "tool_choice") == 0) {
            set_member(body, "tools", "[{\"name\":\"t\",\"input_schema\":{\"type\":\"object\"}}]");
        }
        ask(body, cases[i].is_new ? NULL : old, &reply);
        if (cases[i].part) {
            expect_error(&reply, 400, "invalid_request_error", cases[i].part);
        } else {
            cr_expect_eq(reply.status, 200, "%s %s: %s", cases[i].model, cases[i].json, fam_buf_text(&reply.body));
        }
        cl_reply_done(&reply);
    }
}

Test(claude_sim, sampling_is_refused_by_the_new_version_and_by_new_models)
{
    static const struct model_case cases[] = {
        {"claude-sonnet-4-6", true, "temperature", "1.0", "temperature: Extra inputs are not permitted"},
        {"claude-sonnet-4-6", true, "top_p", "0.5", "top_p: Extra inputs are not permitted"},
        {"claude-sonnet-4-6", true, "top_k", "5", "top_k: Extra inputs are not permitted"},
        {"claude-sonnet-4-6", false, "temperature", "0.5", NULL},
        {"claude-sonnet-4-6", false, "temperature", "1.5", "between 0 and 1"},
        {"claude-opus-4-7", false, "temperature", "0.5", "`temperature` is deprecated for this model."},
        {MODEL, false, "top_k", "5", "`top_k` is deprecated for this model."},
    };
    expect_model_cases(cases, FAM_ARRAY_SIZE(cases));
}

Test(claude_sim, a_prefilled_turn_is_refused_by_models_from_4_6_on)
{
#define PREFILL "[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"{\"}]"
    static const struct model_case cases[] = {
        {"claude-sonnet-4-5", true, "messages", PREFILL, NULL},
        {"claude-sonnet-4-6", false, "messages", PREFILL, "does not support assistant message prefill"},
        {MODEL, true, "messages", PREFILL, "does not support assistant message prefill"},
    };
    expect_model_cases(cases, FAM_ARRAY_SIZE(cases));
}

Test(claude_sim, a_forced_tool_is_refused_by_some_models_and_while_thinking)
{
    static const struct model_case cases[] = {
        {MODEL, true, "tool_choice", "{\"type\":\"any\"}", "is not supported for this model"},
        {"claude-opus-5-5", true, "tool_choice", "{\"type\":\"tool\",\"name\":\"t\"}",
         "is not supported for this model"},
        {"claude-fable-5-1", true, "tool_choice", "{\"type\":\"any\"}", "is not supported for this model"},
        {"claude-haiku-5-5", true, "tool_choice", "{\"type\":\"any\"}", "Thinking may not be enabled"},
        {"claude-sonnet-5", true, "tool_choice", "{\"type\":\"any\"}", "Thinking may not be enabled"},
        {"claude-sonnet-4-6", true, "tool_choice", "{\"type\":\"any\"}", NULL},
        {MODEL, true, "tool_choice", "{\"type\":\"auto\"}", NULL},
    };
    expect_model_cases(cases, FAM_ARRAY_SIZE(cases));
}

Test(claude_sim, thinking_and_effort_depend_on_the_model)
{
    static const struct model_case cases[] = {
        {"claude-haiku-5-5", true, "thinking", "{\"type\":\"disabled\"}", NULL},
        {"claude-sonnet-5", true, "thinking", "{\"type\":\"disabled\"}", NULL},
        {MODEL, true, "thinking", "{\"type\":\"disabled\"}", "is not supported for this model"},
        {MODEL, true, "thinking", "{\"type\":\"between_tools\"}", NULL},
        {"claude-opus-5-5", true, "thinking", "{\"type\":\"between_tools\"}", "is not supported for this model"},
        {"claude-opus-5-5", true, "thinking", "{\"type\":\"disabled\"}", "is not supported for this model"},
        {"claude-fable-5-1", true, "thinking", "{\"type\":\"disabled\"}", "is not supported for this model"},
        {MODEL, true, "thinking", "{\"type\":\"enabled\",\"budget_tokens\":2000}", "thinking.type.adaptive"},
        {"claude-haiku-4-5", true, "thinking", "{\"type\":\"enabled\",\"budget_tokens\":2000}", NULL},
        {"claude-haiku-4-5", true, "thinking", "{\"type\":\"enabled\",\"budget_tokens\":9000}", "max_tokens"},
        {"claude-haiku-4-5", true, "thinking", "{\"type\":\"enabled\",\"budget_tokens\":10}", "1024"},
        {"claude-haiku-4-5", true, "thinking", "{\"type\":\"adaptive\"}", "adaptive thinking is not supported"},
        {MODEL, true, "thinking", "{\"type\":\"deep\"}", "Input tag 'deep'"},
        {MODEL, true, "output_config", "{\"effort\":\"low\"}", NULL},
        {MODEL, true, "output_config", "{\"effort\":\"heroic\"}", "output_config.effort"},
        {"claude-haiku-4-5", true, "output_config", "{\"effort\":\"low\"}", "effort parameter"},
        {"claude-opus-4-6", true, "output_config", "{\"effort\":\"xhigh\"}", "effort level 'xhigh'"},
    };
    expect_model_cases(cases, FAM_ARRAY_SIZE(cases));
}

/* ---- schemas ---- */

#define FORMAT(schema) "{\"format\":{\"type\":\"json_schema\",\"schema\":" schema "}}"

Test(claude_sim, a_schema_that_can_not_be_compiled_is_refused)
{
    static const struct refusal refusals[] = {
        {"output_config", "{\"format\":{\"type\":\"xml\"}}", "output_config.format.type"},
        {"output_config", "{\"format\":{\"type\":\"json_schema\"}}", "schema: Field required"},
        {"output_config", "{\"format\":{\"type\":\"json_schema\",\"name\":\"a\",\"schema\":" TEXT "}}",
         "output_config.format.name: Extra inputs"},
        {"output_config", "{\"shape\":1}", "output_config.shape: Extra inputs"},
        {"output_config", FORMAT("{\"type\":\"object\",\"properties\":{},\"required\":[]}"), "explicitly set to false"},
        {"output_config",
         FORMAT("{\"type\":\"object\",\"properties\":{},\"required\":[],\"additionalProperties\":true}"),
         "explicitly set to false"},
        {"output_config", FORMAT("{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}"),
         "'required'"},
        {"output_config", FORMAT(OBJECT("\"a\":" TEXT, "\"b\"")), "not there"},
        {"output_config", FORMAT(OBJECT("\"a\":{\"type\":\"object\",\"properties\":{},\"required\":[]}", "\"a\"")),
         "explicitly set to false"},
        {"output_config", FORMAT(OBJECT("\"a\":{\"type\":\"string\",\"maxLength\":5}", "\"a\"")), "'maxLength'"},
        {"output_config", FORMAT(OBJECT("\"a\":{\"type\":\"string\",\"pattern\":\"a\"}", "\"a\"")), "'pattern'"},
        {"output_config", FORMAT(OBJECT("\"a\":{\"type\":\"integer\",\"minimum\":1}", "\"a\"")), "'minimum'"},
        {"output_config", FORMAT("{\"type\":\"array\",\"items\":" TEXT ",\"maxItems\":3}"), "'maxItems'"},
        {"output_config", FORMAT("{\"type\":\"array\",\"items\":" TEXT ",\"minItems\":3}"), "other than 0 or 1"},
        {"output_config", FORMAT("{\"type\":\"array\"}"), "'items'"},
        {"output_config", FORMAT("{\"type\":\"poem\"}"), "type is not known"},
        {"output_config", FORMAT("{\"description\":\"any\"}"), "Schema type is required"},
        {"output_config", FORMAT("{\"enum\":[{}]}"), "'enum'"},
        {"output_config", FORMAT("{\"$ref\":\"https://example.org/s\"}"), "$ref leads nowhere"},
        {"output_config",
         FORMAT("{\"$ref\":\"#/$defs/n\",\"$defs\":{\"n\":" OBJECT("\"n\":{\"$ref\":\"#/$defs/n\"}", "\"n\"") "}}"),
         "Recursive schemas"},
    };
    expect_refusals(refusals, FAM_ARRAY_SIZE(refusals));
}

/* ---- good answers ---- */

static bool is_one_of(const char *value, const char *const *values, size_t count)
{
    for (size_t i = 0; value && i < count; i++) {
        if (strcmp(values[i], value) == 0) {
            return true;
        }
    }
    return false;
}

static void expect_feeling(const cJSON *feeling)
{
    static const char *const emotions[] = {"anger", "sadness", "fear", "joy", "calm"};
    int64_t intensity = 0;
    cr_expect(is_one_of(fam_json_string(feeling, "emotion"), emotions, FAM_ARRAY_SIZE(emotions)));
    cr_expect(fam_json_i64(feeling, "intensity", &intensity) && intensity >= 1 && intensity <= 5);
}

static void expect_all_different(const cJSON *list, const char *member)
{
    for (int i = 0; i < cJSON_GetArraySize(list); i++) {
        for (int j = 0; j < i; j++) {
            const cJSON *a = cJSON_GetArrayItem(list, i);
            const cJSON *b = cJSON_GetArrayItem(list, j);
            const char *left = member ? fam_json_string(a, member) : a->valuestring;
            const char *right = member ? fam_json_string(b, member) : b->valuestring;
            cr_expect_str_neq(left, right);
        }
    }
}

Test(claude_sim, an_answer_is_data_for_the_schema_asked_for)
{
    for (int i = 0; i < 30; i++) {
        char phrase[32];
        const cJSON *feeling;
        struct cl_reply reply;
        snprintf(phrase, sizeof(phrase), "phrase %d", i);
        ask(new_question(phrase), NULL, &reply);
        cJSON *data = answer_data(&reply);
        const cJSON *responses = fam_json_get(data, "responses");
        const cJSON *needs = fam_json_get(data, "needs");
        const char *primary = fam_json_string(fam_json_get(data, "primary"), "emotion");
        cr_expect_eq(cJSON_GetArraySize(data), 8, "every member, and no other");
        expect_feeling(fam_json_get(data, "primary"));
        cJSON_ArrayForEach(feeling, fam_json_get(data, "secondary"))
        {
            expect_feeling(feeling);
            cr_expect_str_neq(fam_json_string(feeling, "emotion"), primary);
        }
        cr_expect_eq(cJSON_GetArraySize(responses), 3);
        expect_all_different(responses, "kind");
        expect_all_different(responses, "text");
        cr_expect(cJSON_GetArraySize(needs) >= 1 && cJSON_GetArraySize(needs) <= 3);
        expect_all_different(needs, NULL);
        cr_expect_eq(cJSON_GetArraySize(fam_json_get(data, "risk")), 0);
        cr_expect_eq(strncmp(fam_json_string(data, "going_on"), "(simulated) ", 12), 0, "it says what it is");
        cJSON_Delete(data);
        cl_reply_done(&reply);
    }
}

Test(claude_sim, the_same_question_has_the_same_answer_and_another_another)
{
    struct cl_reply replies[3];
    ask(new_question("I hate you"), NULL, &replies[0]);
    ask(new_question("I hate you"), NULL, &replies[1]);
    ask(new_question("I love you"), NULL, &replies[2]);
    cr_expect_str_eq(answer_text(&replies[0]), answer_text(&replies[1]));
    cr_expect_str_neq(answer_text(&replies[0]), answer_text(&replies[2]));
    for (size_t i = 0; i < FAM_ARRAY_SIZE(replies); i++) {
        cl_reply_done(&replies[i]);
    }
}

Test(claude_sim, the_language_is_that_of_the_prompt)
{
    struct cl_reply reply;
    cJSON *body = new_question("I hate you");
    set_member(body, "system", "\"Ты помогаешь родителям понять ребёнка.\"");
    ask(body, NULL, &reply);
    cJSON *data = answer_data(&reply);
    cr_expect_eq(strncmp(fam_json_string(data, "going_on"), "(имитация) ", strlen("(имитация) ")), 0);
    cJSON_Delete(data);
    cl_reply_done(&reply);
}

Test(claude_sim, placeholders_of_the_question_come_back)
{
    struct cl_reply reply;
    ask(new_question("{CHILD.2} and {PERSON_1} at {SCHOOL_1}, {PHONE_1} {OPEN}X{CLOSE}"), NULL, &reply);
    const char *text = answer_text(&reply);
    cr_assert_not_null(text);
    cr_expect(strstr(text, "{CHILD}") && strstr(text, "{PERSON_1}") && strstr(text, "{SCHOOL_1}"), "%s", text);
    cr_expect(!strstr(text, "{PHONE_1}") && !strstr(text, "{OPEN}") && !strstr(text, ".2}"));
    cl_reply_done(&reply);
    ask(new_question("nobody"), NULL, &reply);
    cr_expect_null(strstr(fam_buf_text(&reply.body), "{CHILD"), "no placeholder that was not in the question");
    cl_reply_done(&reply);
}

Test(claude_sim, a_model_that_thinks_says_so_before_the_text)
{
    struct cl_reply reply;
    const cJSON *content;
    ask(new_question("hello"), NULL, &reply);
    content = fam_json_get(reply.json, "content");
    cr_expect_eq(cJSON_GetArraySize(content), 2);
    cr_expect_str_eq(fam_json_string(cJSON_GetArrayItem(content, 0), "type"), "thinking");
    cr_expect_str_eq(fam_json_string(reply.json, "stop_reason"), "end_turn");
    cr_expect_str_eq(fam_json_string(reply.json, "model"), MODEL);
    cl_reply_done(&reply);
    cJSON *body = new_question("hello");
    set_member(body, "thinking", "{\"type\":\"between_tools\"}");
    ask(body, NULL, &reply);
    cr_expect_eq(cJSON_GetArraySize(fam_json_get(reply.json, "content")), 1);
    cl_reply_done(&reply);
}

Test(claude_sim, too_few_tokens_cut_the_answer)
{
    struct cl_reply reply;
    cJSON *body = new_question("hello");
    set_member(body, "max_tokens", "60");
    ask(body, NULL, &reply);
    cr_expect_str_eq(fam_json_string(reply.json, "stop_reason"), "max_tokens");
    const char *text = answer_text(&reply);
    cJSON *data = text ? fam_json_parse(text, strlen(text), 1 << 20) : NULL;
    cr_expect_null(data);
    cJSON_Delete(data);
    cl_reply_done(&reply);
}

/* ---- the cache of prompts ---- */

static void ask_with_system(size_t letters, const char *first, struct cl_reply *ret_reply)
{
    static char json[LONGEST_SYSTEM + 256];
    static char system[LONGEST_SYSTEM + 1];
    cr_assert(letters < LONGEST_SYSTEM);
    memset(system, 'a', letters);
    system[letters] = '\0';
    snprintf(json, sizeof(json), "[{\"type\":\"text\",\"text\":\"%s %s\",\"cache_control\":{\"type\":\"ephemeral\"}}]",
             first, system);
    cJSON *body = new_question("hello");
    set_member(body, "system", json);
    ask(body, NULL, ret_reply);
}

Test(claude_sim, a_constant_prefix_is_written_once_and_read_later)
{
    struct cl_reply reply;
    ask_with_system(12000, "one", &reply);
    int64_t written = usage_of(&reply, "cache_creation_input_tokens");
    cr_expect_gt(written, 3000);
    cr_expect_eq(usage_of(&reply, "cache_read_input_tokens"), 0);
    cr_expect_gt(usage_of(&reply, "input_tokens"), 0);
    cl_reply_done(&reply);
    ask_with_system(12000, "one", &reply);
    cr_expect_eq(usage_of(&reply, "cache_creation_input_tokens"), 0);
    cr_expect_eq(usage_of(&reply, "cache_read_input_tokens"), written);
    cl_reply_done(&reply);
    ask_with_system(12000, "two", &reply);
    cr_expect_gt(usage_of(&reply, "cache_creation_input_tokens"), 3000, "another first word, another prefix");
    cl_reply_done(&reply);
    ask_with_system(100, "three", &reply);
    cr_expect_eq(usage_of(&reply, "cache_creation_input_tokens"), 0, "too short, silently not cached");
    cl_reply_done(&reply);
    cr_expect_eq(cl_stat(&world.sim, "cache_writes"), 2);
    cr_expect_eq(cl_stat(&world.sim, "cache_reads"), 1);
}

Test(claude_sim, the_headers_tell_the_limits)
{
    static const char *const kinds[] = {"requests", "input-tokens", "output-tokens"};
    static const char *const figures[] = {"limit", "remaining", "reset"};
    struct cl_reply reply;
    char value[64];
    ask(new_question("hello"), NULL, &reply);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(kinds); i++) {
        for (size_t j = 0; j < FAM_ARRAY_SIZE(figures); j++) {
            char name[64];
            snprintf(name, sizeof(name), "anthropic-ratelimit-%s-%s", kinds[i], figures[j]);
            cr_expect(cl_reply_header(&reply, name, value, sizeof(value)), "%s", name);
        }
    }
    cr_expect(cl_reply_header(&reply, "anthropic-ratelimit-requests-remaining", value, sizeof(value)));
    cr_expect_str_eq(value, "3999");
    cl_reply_done(&reply);
}
