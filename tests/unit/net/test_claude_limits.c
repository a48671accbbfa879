/* test_claude_limits.c: bounds, pauses, the breaker, deadlines and cancelling of questions to Claude
 * (server/translate/claude.h). */
#include "claude_world.h"

TestSuite(claude_limits, .init = claude_set_up, .fini = claude_tear_down, .timeout = 60);

static const struct fam_claude_options NO_OPTIONS = {.concurrency = 0};

Test(claude_limits, the_sixth_question_waits_until_one_of_five_is_answered)
{
    enum { MANY = 40 };
    static struct question questions[MANY];
    claude_start(NO_OPTIONS);
    atomic_store(&net.hold, true);
    for (int i = 0; i < MANY; i++) {
        claude_ask(&questions[i], 30000);
    }
    cr_assert(net_wait(&net.in_flight, 5));
    struct fam_claude_state state = claude_state();
    cr_assert_eq(state.in_flight, 5);
    cr_assert_eq(state.queued, MANY - 5);
    cr_assert_eq(state.concurrency, 5);
    atomic_store(&net.hold, false);
    for (int i = 0; i < MANY; i++) {
        claude_expect(&questions[i], FAM_OK, "");
    }
    cr_assert_eq(atomic_load(&net.peak), 5);
    cr_assert_eq(atomic_load(&net.requests), MANY);
    cr_assert_eq(claude_state().in_flight, 0);
}

Test(claude_limits, a_full_queue_refuses)
{
    struct question questions[3];
    claude_start((struct fam_claude_options){.concurrency = 1, .queue = 2});
    atomic_store(&net.hold, true);
    claude_ask(&questions[0], 30000);
    cr_assert(net_wait(&net.in_flight, 1));
    claude_ask(&questions[1], 30000);
    claude_ask(&questions[2], 30000);
    claude_expect_refused(FAM_RESOURCE_EXHAUSTED, "QUEUE_FULL");
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_CLAUDE_ANSWERS, FAM_LABELS("queue_full")), 1);
    atomic_store(&net.hold, false);
    for (int i = 0; i < 3; i++) {
        claude_expect(&questions[i], FAM_OK, "");
    }
}

Test(claude_limits, time_that_is_up_in_the_queue_is_up)
{
    struct question first;
    struct question late;
    claude_start((struct fam_claude_options){.concurrency = 1});
    atomic_store(&net.hold, true);
    claude_ask(&first, 30000);
    cr_assert(net_wait(&net.in_flight, 1));
    claude_ask(&late, 150);
    claude_expect(&late, FAM_DEADLINE_EXCEEDED, "QUEUE_TIMEOUT");
    cr_assert_eq(claude_state().breaker.failures, 0); /* the service has nothing to do with it */
    atomic_store(&net.hold, false);
    claude_expect(&first, FAM_OK, "");
    cr_assert_eq(atomic_load(&net.requests), 1);
}

Test(claude_limits, after_one_429_nothing_is_sent_before_its_time)
{
    enum { MANY = 6 };
    struct question questions[MANY];
    claude_start((struct fam_claude_options){.concurrency = 2});
    net_answer_always(net_text(429, "Retry-After: 1\r\n", "{}"));
    net_answer_then(net_text(200, NULL, CLAUDE_GOOD));
    claude_ask(&questions[0], 20000);
    cr_assert(net_wait(&net.requests, 1));
    for (int i = 1; i < MANY; i++) {
        claude_ask(&questions[i], 20000);
    }
    for (int i = 0; i < MANY; i++) {
        claude_expect(&questions[i], FAM_OK, "");
    }
    unsigned before = 0; /* those that were on their way when the answer 429 came */
    uint64_t told_ms = atomic_load(&net.seen_ms[0]);
    for (unsigned i = 1; i < atomic_load(&net.requests); i++) {
        before += atomic_load(&net.seen_ms[i]) < told_ms + 1000 ? 1 : 0;
    }
    cr_assert_leq(before, 1);
    cr_assert_eq(atomic_load(&net.requests), MANY + 1);
    cr_assert_eq(claude_state().breaker.failures, 0);
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_API_REQUESTS, FAM_LABELS("claude", "rate_limited")), 1);
}

static void expect_pause(const char *headers, uint32_t least_ms, uint32_t most_ms)
{
    claude_start(NO_OPTIONS);
    atomic_store(&own_clock, true);
    net_answer_always(net_text(429, headers, "{}"));
    claude_expect_one(FAM_RESOURCE_EXHAUSTED, "RATE_LIMITED");
    uint32_t paused_ms = claude_state().paused_ms;
    cr_assert(paused_ms >= least_ms && paused_ms <= most_ms, "%u", paused_ms);
    cr_assert_eq(atomic_load(&net.requests), 1);
    cr_assert_eq(claude_state().breaker.failures, 0);
    claude_expect_refused(FAM_RESOURCE_EXHAUSTED, "RATE_LIMITED"); /* it could not wait so long */
    atomic_fetch_add(&clock_ms, paused_ms);
    net_answer_always(net_text(200, NULL, CLAUDE_GOOD));
    claude_expect_one(FAM_OK, "");
}

Test(claude_limits, a_pause_of_seconds_is_obeyed)
{
    expect_pause("Retry-After: 60\r\n", 60000, 60001);
}

Test(claude_limits, a_pause_until_a_date_is_obeyed)
{
    char header[128];
    time_t then = time(NULL) + 60;
    struct tm utc;
    gmtime_r(&then, &utc);
    strftime(header, sizeof(header), "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
    expect_pause(header, 55000, 61000);
}

Test(claude_limits, an_absurd_pause_is_ten_minutes)
{
    expect_pause("Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n", 600000, 600001);
}

Test(claude_limits, a_429_without_a_time_makes_a_short_pause)
{
    struct question question;
    claude_start(NO_OPTIONS);
    net_answer_always(net_text(429, NULL, "{}"));
    net_answer_then(net_text(200, NULL, CLAUDE_GOOD));
    claude_ask(&question, 20000);
    claude_expect(&question, FAM_OK, "");
    cr_assert_eq(atomic_load(&net.requests), 2);
    cr_assert_geq(atomic_load(&net.seen_ms[1]) - atomic_load(&net.seen_ms[0]), 100);
}

Test(claude_limits, five_failures_in_a_row_open_the_breaker_and_after_a_minute_one_probe_goes)
{
    struct question probe;
    claude_start(NO_OPTIONS);
    atomic_store(&own_clock, true);
    net_answer_always(net_text(500, "x-should-retry: false\r\n", ""));
    for (int i = 0; i < 5; i++) {
        claude_expect_one(FAM_UNAVAILABLE, "SERVER_ERROR");
    }
    cr_assert_eq(claude_state().breaker.state, FAM_BREAKER_OPEN);
    cr_assert_eq(claude_state().breaker.retry_in_ms, 60000);
    claude_expect_refused(FAM_UNAVAILABLE, "BREAKER_OPEN");
    atomic_fetch_add(&clock_ms, 59999);
    claude_expect_refused(FAM_UNAVAILABLE, "BREAKER_OPEN");
    cr_assert_eq(atomic_load(&net.requests), 5);
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_CLAUDE_BREAKER, NULL), 2);
    atomic_fetch_add(&clock_ms, 1);
    atomic_store(&net.hold, true);
    net_answer_always(net_text(200, NULL, CLAUDE_GOOD));
    claude_ask(&probe, 20000);
    cr_assert(net_wait(&net.in_flight, 1));
    cr_assert_eq(claude_state().breaker.state, FAM_BREAKER_HALF_OPEN);
    claude_expect_refused(FAM_UNAVAILABLE, "BREAKER_OPEN");
    atomic_store(&net.hold, false);
    claude_expect(&probe, FAM_OK, "");
    cr_assert_eq(claude_state().breaker.state, FAM_BREAKER_CLOSED);
    claude_expect_one(FAM_OK, "");
    cr_assert_eq(atomic_load(&net.requests), 7);
}

Test(claude_limits, an_open_breaker_ends_retries_and_what_waits_and_can_be_reset)
{
    struct question first;
    struct question second;
    struct question third;
    claude_start((struct fam_claude_options){.concurrency = 1});
    net_answer_always((struct http_sim_reply){.status = 500});
    claude_ask(&first, 20000);
    claude_ask(&second, 20000);
    claude_ask(&third, 20000);
    claude_expect(&first, FAM_UNAVAILABLE, "SERVER_ERROR");
    claude_expect(&second, FAM_UNAVAILABLE, "SERVER_ERROR");
    claude_end(&third);
    cr_assert_eq(third.code, FAM_UNAVAILABLE);
    cr_assert_eq(atomic_load(&net.requests), 5);
    fam_claude_reset_breaker(claude);
    net_answer_always(net_text(200, NULL, CLAUDE_GOOD));
    claude_expect_one(FAM_OK, "");
}

Test(claude_limits, cancelling_cuts_the_connection_and_frees_its_place)
{
    struct question question;
    claude_start((struct fam_claude_options){.concurrency = 1});
    atomic_store(&net.hold, true);
    claude_ask(&question, 30000);
    cr_assert(net_wait(&net.in_flight, 1));
    uint64_t before_ms = fam_mono_ms();
    fam_claude_call_cancel(question.call);
    cr_assert(net_wait(&net.gone, 1));
    cr_assert_lt(fam_mono_ms() - before_ms, 1000);
    claude_expect(&question, FAM_CANCELLED, "CANCELLED");
    cr_assert_eq(claude_state().breaker.failures, 0);
    atomic_store(&net.hold, false);
    claude_expect_one(FAM_OK, "");
}

Test(claude_limits, cancelling_works_in_the_queue_and_between_retries)
{
    struct question first;
    struct question waiting;
    claude_start((struct fam_claude_options){.concurrency = 1});
    atomic_store(&net.hold, true);
    net_answer_always(net_text(503, "Retry-After: 15\r\n", ""));
    claude_ask(&first, 30000);
    cr_assert(net_wait(&net.in_flight, 1));
    claude_ask(&waiting, 30000);
    fam_claude_call_cancel(waiting.call);
    claude_expect(&waiting, FAM_CANCELLED, "CANCELLED");
    atomic_store(&net.hold, false);
    const struct timespec moment = {.tv_nsec = 1000000};
    while (fam_metrics_value(metrics, FAM_M_CLAUDE_RETRIES, NULL) < 1) {
        nanosleep(&moment, NULL);
    }
    fam_claude_call_cancel(first.call);
    claude_expect(&first, FAM_CANCELLED, "CANCELLED");
    cr_assert_eq(atomic_load(&net.requests), 1);
}

Test(claude_limits, hundreds_in_flight_are_cut_within_a_second)
{
    enum { MANY = 400 };
    static struct question questions[MANY];
    claude_start((struct fam_claude_options){.concurrency = MANY, .queue = MANY});
    atomic_store(&net.hold, true);
    for (int i = 0; i < MANY; i++) {
        claude_ask(&questions[i], 30000);
    }
    cr_assert(net_wait(&net.in_flight, MANY), "%u", atomic_load(&net.in_flight));
    uint64_t before_ms = fam_mono_ms();
    for (int i = 0; i < MANY; i++) {
        fam_claude_call_cancel(questions[i].call);
    }
    cr_assert(net_wait(&net.gone, MANY));
    cr_assert_lt(fam_mono_ms() - before_ms, 1000);
    for (int i = 0; i < MANY; i++) {
        claude_expect(&questions[i], FAM_CANCELLED, "CANCELLED");
    }
}

Test(claude_limits, stopping_ends_every_question_and_refuses_new_ones)
{
    struct question questions[4];
    claude_start((struct fam_claude_options){.concurrency = 2});
    atomic_store(&net.hold, true);
    for (int i = 0; i < 4; i++) {
        claude_ask(&questions[i], 30000);
    }
    cr_assert(net_wait(&net.in_flight, 2));
    fam_claude_stop(claude);
    for (int i = 0; i < 4; i++) {
        claude_expect(&questions[i], FAM_CANCELLED, "CANCELLED");
    }
    claude_expect_refused(FAM_UNAVAILABLE, "");
}
