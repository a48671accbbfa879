/* Claude, its proxy and Redis fail in every way: the parent has a good answer in time all the same, metrics say what
 * happened, and nothing of the parent is in a log. */
#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "claude_world.h"
#include "fam/v1/ops.pb-c.h"

enum {
    PATIENCE_MS = CLAUDE_WORLD_SANITIZED ? 6000 : 1800,
    LEAST_BOUND_MS = 15000, /* of an answer: patience, and what a busy machine needs */
};

#define ANSWERS(result) "family_emotions_claude_answers_total{result=\"" result "\"}"
#define REFUSALS(reason) "family_emotions_guard_refusals_total{reason=\"" reason "\"}"
#define SUCCESS ANSWERS("success")

/* What Claude does, who answers then, and the metric that counts it. */
struct weather {
    const char *fault;
    Fam__V1__Engine engine;
    const char *metric;
};
#define CLAUDE FAM__V1__ENGINE__ENGINE_CLAUDE
#define BUILT_IN FAM__V1__ENGINE__ENGINE_OFFLINE

static const struct weather HTTP[] = {
    {"{\"status\":400}", BUILT_IN, ANSWERS("rejected")},
    {"{\"status\":401}", BUILT_IN, ANSWERS("rejected")},
    {"{\"status\":403}", BUILT_IN, ANSWERS("rejected")},
    {"{\"status\":404}", BUILT_IN, ANSWERS("rejected")},
    {"{\"status\":413}", BUILT_IN, ANSWERS("rejected")},
    {"{\"status\":429}", CLAUDE, SUCCESS},
    {"{\"status\":429,\"retry_after\":1}", CLAUDE, SUCCESS},
    {"{\"status\":429,\"retry_after\":\"date:1\"}", CLAUDE, SUCCESS},
    {"{\"status\":429,\"retry_after\":\"date:-3600\"}", CLAUDE, SUCCESS},
    {"{\"status\":429,\"retry_after\":\"soon\"}", CLAUDE, SUCCESS},
    {"{\"status\":429,\"retry_after\":-5}", CLAUDE, SUCCESS},
    {"{\"status\":429,\"retry_after\":\"99999999999999999999\"}", CLAUDE, SUCCESS},
    {"{\"status\":429,\"times\":3,\"retry_after\":\"1\"}", BUILT_IN, ANSWERS("rate_limited")},
    {"{\"status\":500}", CLAUDE, SUCCESS},
    {"{\"status\":500,\"times\":3}", BUILT_IN, ANSWERS("server_error")},
    {"{\"html\":true,\"times\":3}", BUILT_IN, ANSWERS("server_error")},
    {"{\"status\":529}", CLAUDE, SUCCESS},
    {"{\"status\":529,\"times\":3}", BUILT_IN, ANSWERS("overloaded")},
    {"{\"status\":529,\"should_retry\":false}", BUILT_IN, ANSWERS("overloaded")},
    {"{\"html\":true,\"status\":200}", BUILT_IN, ANSWERS("invalid_answer")},
};
static const struct weather TRANSPORT[] = {
    {"{\"hang\":true}", BUILT_IN, ANSWERS("timeout")},
    {"{\"drip_bytes\":10,\"drip_interval_ms\":200}", BUILT_IN, ANSWERS("timeout")},
    {"{\"truncate\":200}", CLAUDE, SUCCESS},
    {"{\"truncate\":200,\"times\":3}", BUILT_IN, ANSWERS("connection")},
    {"{\"cut\":true}", CLAUDE, SUCCESS},
    {"{\"cut\":\"in_headers\",\"times\":3}", BUILT_IN, ANSWERS("connection")},
    {"{\"cut\":\"reset\",\"times\":3}", BUILT_IN, ANSWERS("connection")},
};
#define SPOILED(name) "{\"answer\":\"" name "\"}"
static const struct weather ANSWER[] = {
    {SPOILED("refusal"), BUILT_IN, ANSWERS("refusal")},
    {SPOILED("max_tokens"), BUILT_IN, ANSWERS("max_tokens")},
    {SPOILED("model_context_window_exceeded"), BUILT_IN, ANSWERS("context")},
    {SPOILED("pause_turn"), BUILT_IN, ANSWERS("invalid_answer")},
    {SPOILED("no_stop_reason"), BUILT_IN, ANSWERS("invalid_answer")},
    {SPOILED("thinking_first"), CLAUDE, SUCCESS},
    {SPOILED("redacted_thinking_first"), CLAUDE, SUCCESS},
    {SPOILED("two_texts"), BUILT_IN, ANSWERS("invalid_answer")},
    {SPOILED("no_text"), BUILT_IN, ANSWERS("invalid_answer")},
    {SPOILED("invalid_json"), BUILT_IN, ANSWERS("invalid_answer")},
    {SPOILED("empty_body"), BUILT_IN, ANSWERS("invalid_answer")},
    {SPOILED("invalid_utf8"), BUILT_IN, ANSWERS("invalid_answer")},
    {SPOILED("error_as_200"), BUILT_IN, ANSWERS("invalid_answer")},
    {SPOILED("missing_member"), BUILT_IN, REFUSALS("GUARD_SCHEMA")},
    {SPOILED("extra_member"), BUILT_IN, REFUSALS("GUARD_SCHEMA")},
    {SPOILED("null_member"), BUILT_IN, REFUSALS("GUARD_SCHEMA")},
    {SPOILED("wrong_type"), BUILT_IN, REFUSALS("GUARD_SCHEMA")},
    {SPOILED("unknown_enum"), BUILT_IN, REFUSALS("GUARD_ENUM")},
    {SPOILED("out_of_range"), BUILT_IN, REFUSALS("GUARD_ENUM")},
    {SPOILED("fraction"), BUILT_IN, REFUSALS("GUARD_SCHEMA")},
    {SPOILED("too_few"), BUILT_IN, REFUSALS("GUARD_SCHEMA")},
    {SPOILED("too_many"), BUILT_IN, REFUSALS("GUARD_SCHEMA")},
    {SPOILED("same_kinds"), BUILT_IN, REFUSALS("GUARD_REPEAT")},
    {SPOILED("same_texts"), BUILT_IN, REFUSALS("GUARD_REPEAT")},
    {SPOILED("empty_text"), BUILT_IN, REFUSALS("GUARD_LENGTH")},
    {SPOILED("long_text"), BUILT_IN, REFUSALS("GUARD_LENGTH")},
    {SPOILED("html"), BUILT_IN, REFUSALS("GUARD_MARKUP")},
    {SPOILED("markdown"), BUILT_IN, REFUSALS("GUARD_MARKUP")},
    {SPOILED("emoji"), BUILT_IN, REFUSALS("GUARD_MARKUP")},
    {SPOILED("link"), BUILT_IN, REFUSALS("GUARD_LINK")},
    {SPOILED("bare_link"), BUILT_IN, REFUSALS("GUARD_LINK")},
    {SPOILED("mention"), BUILT_IN, REFUSALS("GUARD_MARKUP")}, /* for the underscore in it */
    {SPOILED("phone"), BUILT_IN, REFUSALS("GUARD_CONTACT")},
    {SPOILED("diagnosis"), BUILT_IN, REFUSALS("GUARD_DIAGNOSIS")},
    {SPOILED("blame"), BUILT_IN, REFUSALS("GUARD_BLAME")},
    {SPOILED("harm"), BUILT_IN, REFUSALS("GUARD_HARM")},
    {SPOILED("line_break"), BUILT_IN, REFUSALS("GUARD_CONTROL")},
    {SPOILED("direction_marks"), BUILT_IN, REFUSALS("GUARD_CONTROL")},
    {SPOILED("wrong_language"), BUILT_IN, REFUSALS("GUARD_LANGUAGE")},
    {SPOILED("unknown_placeholder"), BUILT_IN, REFUSALS("GUARD_PLACEHOLDER")},
    {SPOILED("leaked_prompt"), BUILT_IN, REFUSALS("GUARD_LEAK")},
};

struct trial {
    struct claude_world world;
    struct person parent;
    struct fam_client *admin;
    int phrases;
};

/* Nobody else says this. */
static const char *const PRIVATE[] = {"Звенислав", "912 345-67-89", "Ветлугин", "звёздочкой"};

static void start(struct trial *trial, const char *const *more)
{
    char patience[64];
    char longest[64];
    memset(trial, 0, sizeof(*trial));
    (void)snprintf(patience, sizeof(patience), "FAM_CLAUDE_PATIENCE_MS=%d", (int)PATIENCE_MS);
    /* Nothing goes on: each row begins with nothing on its way. */
    (void)snprintf(longest, sizeof(longest), "FAM_CLAUDE_TIMEOUT_MS=%d", (int)PATIENCE_MS);
    const char *settings[8] = {patience, longest};
    for (size_t i = 0; more != NULL && more[i] != NULL; i++) {
        settings[2 + i] = more[i];
    }
    claude_world_start(&trial->world, settings);
    system_pause_rereads(&trial->world.system);
    trial->parent = system_family(&trial->world.system, 4500, 7);
    trial->admin = system_client(&trial->world.system, trial->world.system.admin_token);
}

static void stop(struct trial *trial)
{
    char where[512];
    for (size_t i = 0; i < sizeof(PRIVATE) / sizeof(PRIVATE[0]); i++) {
        cr_expect_not(system_contains(&trial->world.system, PRIVATE[i], where, sizeof(where)), "\"%s\" stands in %s",
                      PRIVATE[i], where);
    }
    fam_client_free(trial->admin);
    claude_world_stop(&trial->world);
}

static void expect_good(const Fam__V1__Reading *reading, const char *what)
{
    cr_expect(reading->n_responses == 3 && reading->n_needs >= 1 && reading->primary != NULL, "%s", what);
    cr_expect(reading->going_on[0] != '\0' && reading->avoid[0] != '\0' && reading->activity[0] != '\0', "%s", what);
    cr_expect_not(claude_world_shows(reading, "{"), "%s", what);
}

/* A new phrase, answered well and in time; by whom? */
static Fam__V1__Engine ask(struct trial *trial, const char *what)
{
    char phrase[256];
    char key[32];
    /* In letters: figures could be hidden, and the phrase be equal to another. */
    (void)snprintf(phrase, sizeof(phrase),
                   "Звенислава Ветлугина не хочет спать под звёздочкой %c%c, звонила на +7 912 345-67-89",
                   (char)('a' + trial->phrases / 26), (char)('a' + trial->phrases % 26));
    (void)snprintf(key, sizeof(key), "phrase-%d", trial->phrases++);
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    uint64_t start_ms = fam_mono_ms();
    cr_assert_eq(system_translate(&trial->world.system, &trial->parent, phrase, key, &rpc, &status), FAM_OK, "%s: %s",
                 what, status.message);
    cr_expect_lt(fam_mono_ms() - start_ms, PATIENCE_MS + LEAST_BOUND_MS, "%s", what);
    Fam__V1__Engine engine = system_entry(&rpc)->reading->engine;
    expect_good(system_entry(&rpc)->reading, what);
    fam_rpc_done(&rpc);
    return engine;
}

/* Each row begins with a closed breaker. */
static void reset_breaker(struct trial *trial)
{
    Fam__V1__ResetBreakerRequest request = FAM__V1__RESET_BREAKER_REQUEST__INIT;
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(trial->admin, fam__v1__ops_service, reset_breaker, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    fam_rpc_done(&rpc);
}

static void try_all(struct trial *trial, const struct weather *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct weather *row = &rows[i];
        reset_breaker(trial);
        cr_assert(cl_reset(&trial->world.claude));
        double before = claude_world_metric(&trial->world, row->metric);
        cr_assert_geq(before, 0, "there is no %s", row->metric);
        cr_assert(cl_fault(&trial->world.claude, row->fault), "%s", row->fault);
        cr_expect_eq(ask(trial, row->fault), row->engine, "%s", row->fault);
        cr_expect(claude_world_wait_metric(&trial->world, row->metric, before + 1), "%s is not counted by %s",
                  row->fault, row->metric);
        cr_expect_geq(claude_world_asked(&trial->world), 1, "%s", row->fault);
    }
    cr_assert(cl_reset(&trial->world.claude));
    reset_breaker(trial);
    cr_expect_eq(ask(trial, "fair weather"), CLAUDE);
}
#define TRY_ALL(trial, rows) try_all((trial), (rows), sizeof(rows) / sizeof((rows)[0]))

Test(e2e_claude_failures, whatever_the_status_the_parent_has_a_good_answer, .timeout = 300)
{
    static struct trial trial;
    start(&trial, NULL);
    TRY_ALL(&trial, HTTP);
    /* An absurd wait ends the asking for a while, and not the answers. */
    cr_assert(cl_fault(&trial.world.claude, "{\"status\":429,\"retry_after\":86400000}"));
    cr_expect_eq(ask(&trial, "an absurd wait"), BUILT_IN);
    int64_t asked = claude_world_asked(&trial.world);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(ask(&trial, "after an absurd wait"), BUILT_IN);
    }
    cr_expect_eq(claude_world_asked(&trial.world), asked, "nothing is sent within the pause");
    cr_expect_eq((int)claude_world_metric(&trial.world, "family_emotions_claude_paused"), 1);
    stop(&trial);
}

Test(e2e_claude_failures, whatever_happens_to_the_connection_the_parent_has_a_good_answer, .timeout = 300)
{
    static struct trial trial;
    start(&trial, NULL);
    TRY_ALL(&trial, TRANSPORT);
    /* Five failures in a row: Claude is left alone, until somebody says that it is well. */
    cr_assert(cl_fault(&trial.world.claude, "{\"status\":500,\"times\":1000}"));
    double open = claude_world_metric(&trial.world, ANSWERS("breaker_open"));
    for (int i = 0; i < 10 && claude_world_metric(&trial.world, ANSWERS("breaker_open")) == open; i++) {
        cr_expect_eq(ask(&trial, "a breaker that opens"), BUILT_IN);
    }
    cr_expect_eq((int)claude_world_metric(&trial.world, "family_emotions_claude_breaker_state"), 2);
    int64_t asked = claude_world_asked(&trial.world);
    cr_expect_eq(ask(&trial, "an open breaker"), BUILT_IN);
    cr_expect_eq(claude_world_asked(&trial.world), asked);
    cr_assert(cl_clear_faults(&trial.world.claude));
    reset_breaker(&trial);
    cr_expect_eq(ask(&trial, "a closed breaker"), CLAUDE);
    stop(&trial);
}

Test(e2e_claude_failures, whatever_is_in_the_answer_the_parent_has_a_good_one, .timeout = 300)
{
    static struct trial trial;
    start(&trial, NULL);
    TRY_ALL(&trial, ANSWER);
    stop(&trial);
}

Test(e2e_claude_failures, a_proxy_that_is_down_costs_no_answer, .timeout = 300)
{
    static struct trial trial;
    char proxy[64];
    (void)snprintf(proxy, sizeof(proxy), "FAM_CLAUDE_PROXY=http://127.0.0.1:%u", proc_free_port());
    const char *const settings[] = {proxy, NULL};
    start(&trial, settings);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(ask(&trial, "a proxy that is down"), BUILT_IN);
    }
    cr_expect_eq(claude_world_asked(&trial.world), 0);
    cr_expect_geq(claude_world_metric(&trial.world, ANSWERS("connection")), 1);
    cr_expect_geq(
        claude_world_metric(&trial.world,
                            "family_emotions_external_api_requests_total{service=\"claude\",status=\"connection\"}"),
        5, "the breaker opens after five");
    cr_expect_eq((int)claude_world_metric(&trial.world, "family_emotions_claude_breaker_state"), 2);
    stop(&trial);
}

static void command(struct trial *trial, const char *text)
{
    redisReply *reply = redis_server_command(&trial->world.system.redis, text);
    cr_assert(reply != NULL && reply->type == REDIS_REPLY_STATUS, "%s", text);
    freeReplyObject(reply);
}

/* Redis serves again: of two equal phrases only the first is asked. */
static void expect_cache(struct trial *trial, const char *word)
{
    char phrase[128];
    cr_expect(claude_world_wait_metric(&trial->world, "family_emotions_redis_up", 1), "%s", word);
    int64_t asked = claude_world_asked(&trial->world);
    (void)snprintf(phrase, sizeof(phrase), "Не пойду в бассейн, %s", word);
    for (int i = 0; i < 2; i++) {
        char key[64];
        (void)snprintf(key, sizeof(key), "cache-%s-%d", word, i);
        cr_expect_eq(claude_world_ask(&trial->world, &trial->parent, phrase, key), CLAUDE, "%s", word);
    }
    cr_expect_eq(claude_world_asked(&trial->world), asked + 1, "%s: the cache answers again", word);
}

Test(e2e_claude_failures, whatever_redis_does_claude_is_asked_and_the_parent_answered, .timeout = 300)
{
    static struct trial trial;
    start(&trial, NULL);
    struct redis_server *redis = &trial.world.system.redis;
    expect_cache(&trial, "before");
    redis_server_pause(redis);        /* it takes connections and never answers */
    (void)ask(&trial, "Redis hangs"); /* by whom depends on how long it was waited for */
    cr_expect_eq(ask(&trial, "Redis hangs"), CLAUDE);
    redis_server_resume(redis);
    expect_cache(&trial, "resumed");
    command(&trial, "CLIENT PAUSE 1500 ALL"); /* slower than a command may be */
    (void)ask(&trial, "Redis is slow");
    expect_cache(&trial, "paused");
    command(&trial, "CONFIG SET maxmemory 1");
    cr_expect_eq(ask(&trial, "Redis is full"), CLAUDE);
    cr_expect_eq(ask(&trial, "Redis is full"), CLAUDE);
    command(&trial, "CONFIG SET maxmemory 0");
    expect_cache(&trial, "roomy");
    redis_server_kill(redis);
    cr_expect_eq(ask(&trial, "Redis is gone"), CLAUDE);
    cr_assert(redis_server_restart(redis));
    expect_cache(&trial, "restarted");
    cr_expect_eq(system_count(&trial.world.system, "SELECT count(*) FROM emotion_entries"), 6 + 2 * 5);
    stop(&trial);
}
