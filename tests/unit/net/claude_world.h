/* claude_world.h: a client of Claude and a server that plays Anthropic, one each a test program. */
#ifndef FAM_TESTS_CLAUDE_WORLD_H
#define FAM_TESTS_CLAUDE_WORLD_H

#include "metrics/metrics.h"
#include "net_world.h"
#include "translate/claude.h"

#define CLAUDE_KEY "sk-ant-hunter2"
#define CLAUDE_GOOD                                                                                                    \
    "{\"type\":\"message\",\"model\":\"claude-haiku-5-5\",\"stop_reason\":\"end_turn\",\"content\":[{\"type\":"        \
    "\"text\",\"text\":\"{\\\"need\\\":\\\"rest\\\"}\"}],\"usage\":{\"input_tokens\":1000,\"output_tokens\":1000}}"
enum { CLAUDE_GOOD_COST = 600 }; /* micro-dollars */

static struct fam_claude *claude;
static struct fam_metrics *metrics;
/* The seams: time stands still unless a test moves it, when `own_clock` is set. */
static atomic_bool own_clock;
static atomic_ullong clock_ms = 1000000;
static atomic_llong wall_clock_ms = 1795478400000; /* 2026-11-24T00:00:00Z */
static atomic_uint usages;

static inline uint64_t claude_now_ms(void)
{
    return atomic_load(&own_clock) ? atomic_load(&clock_ms) : fam_mono_ms();
}

static inline int64_t claude_wall_ms(void)
{
    return atomic_load(&wall_clock_ms);
}

/* No jitter: waits of the backoff are as short as they can be. */
static inline uint32_t claude_random(uint32_t end)
{
    (void)end;
    return 0;
}

static inline void claude_on_usage(void *context, const char *model, const struct fam_claude_usage *usage)
{
    (void)context;
    (void)usage;
    cr_assert_str_eq(model, "claude-haiku-5-5");
    atomic_fetch_add(&usages, 1);
}

static inline void claude_start(struct fam_claude_options options)
{
    struct fam_status status = {0};
    fam_auto(fam_secret_done) struct fam_secret key = {0};
    net_secret(&key, CLAUDE_KEY);
    metrics = fam_metrics_new(1, "1", NULL, 0, &status);
    cr_assert_not_null(metrics);
    options.base_url = options.base_url == NULL ? net.base_url : options.base_url;
    options.api_key = &key;
    options.model = "claude-haiku-5-5";
    options.user_agent = "test/1";
    options.metrics = metrics;
    options.on_usage = claude_on_usage;
    options.now_ms = claude_now_ms;
    options.wall_ms = claude_wall_ms;
    options.random_below = claude_random;
    claude = fam_claude_new(&options, &status);
    cr_assert_not_null(claude, "%s", status.message);
}

static inline void claude_set_up(void)
{
    net_start();
    net_answer_always(net_text(200, NULL, CLAUDE_GOOD));
}

static inline void claude_tear_down(void)
{
    fam_claude_free(claude);
    fam_metrics_free(metrics);
    net_stop();
}

struct question {
    struct fam_claude_call *call;
    atomic_uint done;
    enum fam_code code;
    char text[128];
    struct fam_claude_usage usage;
    struct fam_status status;
};

static inline void claude_on_done(void *context, enum fam_code code, const struct fam_claude_answer *answer,
                                  const struct fam_status *status)
{
    struct question *question = context;
    question->code = code;
    question->status = *status;
    cr_assert_eq(answer == NULL, code != FAM_OK);
    if (answer != NULL) {
        snprintf(question->text, sizeof(question->text), "%s", fam_secret_text(&answer->text));
        question->usage = answer->usage;
    }
    atomic_fetch_add(&question->done, 1);
}

static inline enum fam_code claude_try(struct question *question, uint32_t timeout_ms)
{
    static const struct fam_claude_prompt prompt = {
        .system = "system", .user = "hunter2 cries", .schema = "{\"type\":\"object\"}"};
    *question = (struct question){.code = FAM_OK};
    return fam_claude_ask(claude, &prompt, timeout_ms, claude_on_done, question, &question->call, &question->status);
}

static inline void claude_ask(struct question *question, uint32_t timeout_ms)
{
    cr_assert_eq(claude_try(question, timeout_ms), FAM_OK, "%s", question->status.message);
}

/* Waits for the end. */
static inline void claude_end(struct question *question)
{
    fam_claude_call_free(question->call);
    cr_assert_eq(atomic_load(&question->done), 1);
    cr_assert_null(strstr(question->status.message, "hunter2"), "%s", question->status.message);
}

static inline void claude_expect(struct question *question, enum fam_code code, const char *reason)
{
    claude_end(question);
    cr_assert_eq(question->code, code, "%s: %s", fam_code_name(question->code), question->status.message);
    cr_assert_str_eq(question->status.reason, reason, "%s", question->status.message);
}

/* Asks, and waits for the end. */
static inline void claude_expect_one(enum fam_code code, const char *reason)
{
    struct question question;
    claude_ask(&question, 20000);
    claude_expect(&question, code, reason);
}

static inline void claude_expect_refused(enum fam_code code, const char *reason)
{
    struct question question;
    cr_assert_eq(claude_try(&question, 20000), code, "%s", question.status.message);
    cr_assert_str_eq(question.status.reason, reason);
}

static inline struct fam_claude_state claude_state(void)
{
    struct fam_claude_state state;
    fam_claude_get_state(claude, &state);
    return state;
}

#endif
