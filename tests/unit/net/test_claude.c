/* test_claude.c: questions to Claude, answers and what is repeated (server/translate/claude.h). */
#include "claude_world.h"

TestSuite(claude, .init = claude_set_up, .fini = claude_tear_down, .timeout = 60);

static const struct fam_claude_options NO_OPTIONS = {.concurrency = 0};

Test(claude, a_question_is_answered_and_its_usage_is_counted)
{
    struct question question;
    claude_start(NO_OPTIONS);
    net_answer_always(net_text(200,
                               "anthropic-ratelimit-requests-limit: 50\r\n"
                               "anthropic-ratelimit-requests-remaining: 49\r\n"
                               "anthropic-ratelimit-requests-reset: 2026-11-24T00:01:00Z\r\n"
                               "anthropic-ratelimit-output-tokens-remaining: 8000\r\n",
                               CLAUDE_GOOD));
    claude_ask(&question, 20000);
    claude_expect(&question, FAM_OK, "");
    cr_assert_str_eq(question.text, "{\"need\":\"rest\"}");
    cr_assert_eq(question.usage.cost_micro_usd, CLAUDE_GOOD_COST);
    cr_assert_not_null(strstr(net.headers, "POST /v1/messages\r\n"), "%s", net.headers);
    cr_assert_not_null(strcasestr(net.headers, "x-api-key: " CLAUDE_KEY "\r\n"), "%s", net.headers);
    cr_assert_not_null(strcasestr(net.headers, "anthropic-version: 2026-10-21\r\n"), "%s", net.headers);
    cr_assert_not_null(strcasestr(net.headers, "content-type: application/json\r\n"), "%s", net.headers);
    cr_assert_not_null(strstr(net.body, "hunter2 cries"));
    struct fam_claude_state state = claude_state();
    cr_assert_str_eq(state.requests.limit, "50");
    cr_assert_str_eq(state.requests.remaining, "49");
    cr_assert_str_eq(state.requests.reset, "2026-11-24T00:01:00Z");
    cr_assert_str_eq(state.output_tokens.remaining, "8000");
    cr_assert_eq(state.today.cost_micro_usd, CLAUDE_GOOD_COST);
    cr_assert_eq(state.model_count, 1);
    cr_assert_eq(state.models[0].answers, 1);
    cr_assert_eq(state.models[0].usage.output_tokens, 1000);
    cr_assert_eq(atomic_load(&usages), 1);
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_CLAUDE_ANSWERS, FAM_LABELS("success")), 1);
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_API_REQUESTS, FAM_LABELS("claude", "success")), 1);
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_CLAUDE_TOKENS, FAM_LABELS("output")), 1000);
    cr_assert_float_eq(fam_metrics_value(metrics, FAM_M_CLAUDE_COST, NULL), 0.0006, 1e-9);
}

Test(claude, answers_of_no_use_have_a_name_and_are_not_asked_for_again)
{
    static const struct {
        const char *body, *reason;
        enum fam_code code;
    } rows[] = {
        {"{\"stop_reason\":\"refusal\",\"content\":[],\"usage\":{\"output_tokens\":1}}", "REFUSAL",
         FAM_FAILED_PRECONDITION},
        {"{\"stop_reason\":\"max_tokens\",\"content\":[],\"usage\":{\"output_tokens\":1}}", "MAX_TOKENS",
         FAM_OUT_OF_RANGE},
        {"{\"stop_reason\":\"model_context_window_exceeded\",\"content\":[],\"usage\":{\"output_tokens\":1}}",
         "CONTEXT", FAM_OUT_OF_RANGE},
        {"{\"stop_reason\":\"end_turn\",\"content\":[],\"usage\":{\"output_tokens\":1}}", "INVALID_ANSWER",
         FAM_INTERNAL},
    };
    claude_start(NO_OPTIONS);
    for (unsigned i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        net_answer_always(net_text(200, NULL, rows[i].body));
        claude_expect_one(rows[i].code, rows[i].reason);
        cr_assert_eq(atomic_load(&net.requests), i + 1);
        cr_assert_eq(atomic_load(&usages), i + 1); /* billed all the same */
    }
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_CLAUDE_ANSWERS, FAM_LABELS("refusal")), 1);
}

Test(claude, an_answer_over_the_bound_is_of_no_use)
{
    static char huge[FAM_CLAUDE_RESPONSE_BYTES + 2];
    memset(huge, ' ', sizeof(huge) - 1);
    claude_start(NO_OPTIONS);
    net_answer_always(net_text(200, NULL, huge));
    claude_expect_one(FAM_INTERNAL, "INVALID_ANSWER");
    cr_assert_eq(atomic_load(&net.requests), 1);
}

Test(claude, what_is_wrong_with_the_request_or_the_key_is_not_repeated)
{
    static const struct {
        int status;
        const char *body, *reason;
    } rows[] = {
        {400, "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"hunter2\"}}", "INVALID_REQUEST_ERROR"},
        {401, "{\"error\":{\"type\":\"authentication_error\",\"message\":\"hunter2\"}}", "AUTHENTICATION_ERROR"},
        {403, "{\"error\":{\"type\":\"permission_error\",\"message\":\"hunter2\"}}", "PERMISSION_ERROR"},
        {404, "{\"error\":{\"type\":\"not_found_error\",\"message\":\"hunter2\"}}", "NOT_FOUND_ERROR"},
        {413, "<html>hunter2</html>", "REJECTED"},
        {302, "", "REJECTED"},
    };
    claude_start(NO_OPTIONS);
    for (unsigned i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        net_answer_always(net_text(rows[i].status, "request-id: req_7\r\n", rows[i].body));
        claude_expect_one(FAM_FAILED_PRECONDITION, rows[i].reason);
        cr_assert_eq(atomic_load(&net.requests), i + 1);
    }
    cr_assert_eq(claude_state().breaker.failures, 0);
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_CLAUDE_ANSWERS, FAM_LABELS("rejected")), FAM_ARRAY_SIZE(rows));
}

Test(claude, what_may_pass_is_tried_three_times)
{
    static const struct {
        struct http_sim_reply reply;
        const char *reason;
        enum fam_code code;
    } rows[] = {
        {{.status = 408}, "TIMEOUT", FAM_DEADLINE_EXCEEDED},
        {{.status = 409, .body = "{\"error\":{\"type\":\"conflict_error\"}}", .body_size = 35},
         "CONFLICT_ERROR",
         FAM_FAILED_PRECONDITION},
        {{.status = 500}, "SERVER_ERROR", FAM_UNAVAILABLE},
        {{.status = 502, .content_type = "text/html", .body = "<html>", .body_size = 6},
         "SERVER_ERROR",
         FAM_UNAVAILABLE},
        {{.status = 529}, "OVERLOADED", FAM_UNAVAILABLE},
        {{.cut = HTTP_SIM_CUT_AT_ONCE}, "CONNECTION", FAM_UNAVAILABLE},
        {{.body = CLAUDE_GOOD, .body_size = sizeof(CLAUDE_GOOD) - 1, .truncate = true, .truncate_at = 50},
         "CONNECTION",
         FAM_UNAVAILABLE},
    };
    claude_start(NO_OPTIONS);
    for (unsigned i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        fam_claude_reset_breaker(claude);
        net_answer_always(rows[i].reply);
        claude_expect_one(rows[i].code, rows[i].reason);
        cr_assert_eq(atomic_load(&net.requests), 3 * (i + 1), "row %u: %u", i, atomic_load(&net.requests));
    }
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_CLAUDE_RETRIES, NULL), 2.0 * FAM_ARRAY_SIZE(rows));
}

Test(claude, a_retry_that_succeeds_is_an_answer)
{
    claude_start(NO_OPTIONS);
    net_answer_always((struct http_sim_reply){.status = 500});
    net_answer_then((struct http_sim_reply){.cut = HTTP_SIM_CUT_AT_ONCE});
    net_answer_then(net_text(200, NULL, CLAUDE_GOOD));
    claude_expect_one(FAM_OK, "");
    cr_assert_eq(atomic_load(&net.requests), 3);
    cr_assert_eq(claude_state().breaker.failures, 0);
}

Test(claude, the_service_has_the_last_word_on_retries)
{
    claude_start(NO_OPTIONS);
    net_answer_always(net_text(500, "x-should-retry: false\r\n", ""));
    claude_expect_one(FAM_UNAVAILABLE, "SERVER_ERROR");
    cr_assert_eq(atomic_load(&net.requests), 1);
    net_answer_always(net_text(400, "x-should-retry: true\r\n", ""));
    claude_expect_one(FAM_FAILED_PRECONDITION, "REJECTED");
    cr_assert_eq(atomic_load(&net.requests), 4);
}

Test(claude, a_wait_that_outlasts_the_question_is_not_begun)
{
    struct question question;
    claude_start(NO_OPTIONS);
    net_answer_always(net_text(503, "Retry-After: 30\r\n", ""));
    uint64_t before_ms = fam_mono_ms();
    claude_ask(&question, 10000);
    claude_expect(&question, FAM_UNAVAILABLE, "SERVER_ERROR");
    cr_assert_lt(fam_mono_ms() - before_ms, 5000);
    cr_assert_eq(atomic_load(&net.requests), 1);
}

Test(claude, no_answer_in_time_ends_the_question_and_counts_against_the_service)
{
    struct question question;
    claude_start(NO_OPTIONS);
    net_answer_always((struct http_sim_reply){.hang = true});
    claude_ask(&question, 200);
    claude_expect(&question, FAM_DEADLINE_EXCEEDED, "TIMEOUT");
    cr_assert_eq(atomic_load(&net.requests), 1);
    cr_assert_eq(claude_state().breaker.failures, 1);
}

Test(claude, a_budget_that_is_used_up_stops_everything_until_the_next_day)
{
    struct fam_claude_options options = {.budget_micro_usd = 2000};
    const struct fam_claude_usage before = {.input_tokens = 1, .cost_micro_usd = 1000};
    claude_start(options);
    fam_claude_add_spent(claude, "claude-opus-5", 3, &before);
    claude_expect_one(FAM_OK, "");
    claude_expect_one(FAM_OK, ""); /* 1,600 spent when it was asked */
    claude_expect_refused(FAM_RESOURCE_EXHAUSTED, "BUDGET");
    cr_assert_eq(atomic_load(&net.requests), 2);
    struct fam_claude_state state = claude_state();
    cr_assert_eq(state.model_count, 2);
    cr_assert_eq(state.models[0].answers, 3);
    cr_assert_eq(state.today.cost_micro_usd, 2200);
    cr_assert_eq(state.budget_micro_usd, 2000);
    atomic_fetch_add(&wall_clock_ms, 24LL * 3600 * 1000);
    cr_assert_eq(claude_state().today.cost_micro_usd, 0);
    claude_expect_one(FAM_OK, "");
}

Test(claude, models_beyond_the_table_of_the_day_share_its_last_place)
{
    const struct fam_claude_usage usage = {.output_tokens = 1, .cost_micro_usd = 1};
    claude_start(NO_OPTIONS);
    for (int i = 0; i < FAM_CLAUDE_MODELS_MAX + 3; i++) {
        char model[32];
        snprintf(model, sizeof(model), "model-%d", i);
        fam_claude_add_spent(claude, model, 1, &usage);
    }
    struct fam_claude_state state = claude_state();
    cr_assert_eq(state.model_count, FAM_CLAUDE_MODELS_MAX);
    cr_assert_str_eq(state.models[FAM_CLAUDE_MODELS_MAX - 1].model, "other");
    cr_assert_eq(state.models[FAM_CLAUDE_MODELS_MAX - 1].answers, 4);
    cr_assert_eq(state.today.cost_micro_usd, FAM_CLAUDE_MODELS_MAX + 3);
}

static void expect_no_client(struct fam_claude_options options, const char *key_text, const char *hint)
{
    struct fam_status status = {0};
    fam_auto(fam_secret_done) struct fam_secret key = {0};
    net_secret(&key, key_text);
    options.api_key = &key;
    options.model = options.model == NULL ? "claude-haiku-5-5" : options.model;
    options.base_url = options.base_url == NULL ? "https://api.example" : options.base_url;
    cr_assert_null(fam_claude_new(&options, &status));
    cr_assert_eq(status.code, FAM_INVALID_ARGUMENT);
    cr_assert_not_null(strstr(status.message, hint), "%s", status.message);
    cr_assert_null(strstr(status.message, "hunter2"));
}

Test(claude, wrong_options_stop_the_start)
{
    claude_start(NO_OPTIONS);
    expect_no_client(NO_OPTIONS, "", "ANTHROPIC_API_KEY");
    expect_no_client(NO_OPTIONS, "hunter2\r\nX-Evil: 1", "ANTHROPIC_API_KEY");
    expect_no_client((struct fam_claude_options){.base_url = "ftp://127.0.0.1"}, "k", "ANTHROPIC_BASE_URL");
    expect_no_client((struct fam_claude_options){.base_url = "http://claude.example"}, "k", "https://");
    expect_no_client((struct fam_claude_options){.base_url = "http://localhost.example"}, "k", "https://");
    expect_no_client((struct fam_claude_options){.base_url = "http://127.0.0.1@claude.example"}, "k", "https://");
    expect_no_client((struct fam_claude_options){.model = "no model"}, "k", "FAM_CLAUDE_MODEL");
    expect_no_client((struct fam_claude_options){.proxy = "hunter2"}, "k", "proxy");
    expect_no_client((struct fam_claude_options){.concurrency = 1025}, "k", "concurrency");
}
