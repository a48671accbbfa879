/* A client with several servers, of which one stops answering, is lost, or drains. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "echo_calls.h"
#include "raw_server.h"

enum { KEEPALIVE_MS = 150 };

static const char ECHO[] = "fam.test.v1.EchoService/Echo";
static const char PING[] = "fam.rpc.v1/Ping";
static const struct fam_rpc_options HARMLESS = {.timeout_ms = 20000, .read_only = true};
static const struct fam_rpc_options HARMFUL = {.timeout_ms = 20000};

static struct fam_client *client_for(const char *first, const char *second)
{
    char urls[160];
    snprintf(urls, sizeof(urls), "%s%s%s", first, second == NULL ? "" : ",", second == NULL ? "" : second);
    struct fam_client *client = client_of(&(struct fam_client_options){
        .urls = urls, .token = "fam_bot", .version = "test/1", .keepalive_ms = KEEPALIVE_MS});
    WAIT_FOR(servers_connected(client) == (second == NULL ? 1 : 2));
    return client;
}

struct caller {
    struct fam_client *client;
    const struct fam_rpc_options *options;
    int calls;
    atomic_bool *stop;
    int failed;
    char message[256];
    uint64_t longest_ms;
};

static void *call_often(void *arg)
{
    struct caller *caller = arg;
    for (int i = 0; i < caller->calls && (caller->stop == NULL || !atomic_load(caller->stop)); i++) {
        struct fam_status status;
        uint64_t start_ms = fam_mono_ms();
        if (echo_with(caller->client, 1, caller->options, &status) != FAM_OK) {
            caller->failed++;
            memcpy(caller->message, status.message, sizeof(caller->message));
        }
        uint64_t took_ms = fam_mono_ms() - start_ms;
        caller->longest_ms = took_ms > caller->longest_ms ? took_ms : caller->longest_ms;
    }
    return NULL;
}

enum { CALLERS = 8 };

struct callers {
    struct caller callers[CALLERS];
    pthread_t threads[CALLERS];
    atomic_bool stop;
};

static void callers_start(struct callers *all, struct fam_client *client, const struct fam_rpc_options *options,
                          int calls)
{
    memset(all, 0, sizeof(*all));
    for (int i = 0; i < CALLERS; i++) {
        all->callers[i] = (struct caller){.client = client, .options = options, .calls = calls, .stop = &all->stop};
        cr_assert_eq(pthread_create(&all->threads[i], NULL, call_often, &all->callers[i]), 0);
    }
}

static int callers_finish(struct callers *all)
{
    int failed = 0;
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(all->threads[i], NULL);
        failed += all->callers[i].failed;
        cr_expect_eq(all->callers[i].failed, 0, "%s", all->callers[i].message);
        cr_expect_lt(all->callers[i].longest_ms, 20000);
    }
    return failed;
}

Test(rpc_failover, calls_leave_a_server_that_stopped_answering_and_come_back_when_it_does, .timeout = 60)
{
    struct raw_server *mute = raw_server_start();
    struct echo_server *echo = echo_server_start(64, 2);
    struct fam_client *client = client_for(raw_server_url(mute), echo_server_url(echo));
    raw_server_mute(mute, true);
    struct callers callers;
    callers_start(&callers, client, &HARMLESS, 20);
    cr_assert_eq(callers_finish(&callers), 0);
    struct fam_client_stats stats;
    fam_client_stats(client, &stats);
    cr_assert_eq(stats.stalls, 1);
    cr_assert_geq(stats.failovers, 1);
    cr_assert_eq(stats.connected, 1);
    /* It is asked again and again, and found back. */
    raw_server_mute(mute, false);
    WAIT_FOR(servers_connected(client) == 2);
    unsigned before = raw_server_answered(mute, ECHO);
    for (int i = 0; i < 20; i++) {
        assert_serves(client);
    }
    cr_assert_gt(raw_server_answered(mute, ECHO), before);
    fam_client_free(client);
    echo_server_stop(echo);
    raw_server_stop(mute);
}

Test(rpc_failover, what_may_not_be_repeated_ends_when_its_server_has_stalled, .timeout = 60)
{
    struct raw_server *mute = raw_server_start();
    struct fam_client *client = client_for(raw_server_url(mute), NULL);
    raw_server_mute(mute, true);
    struct fam_status status;
    uint64_t start_ms = fam_mono_ms();
    cr_assert_eq(echo_with(client, 0, &HARMFUL, &status), FAM_UNAVAILABLE);
    cr_assert_str_eq(status.reason, "PEER_STALLED");
    uint64_t took_ms = fam_mono_ms() - start_ms;
    cr_assert_geq(took_ms, 2 * KEEPALIVE_MS - 20);
    cr_assert_lt(took_ms, 5000);
    /* The next one is not even sent; it waits two seconds for a server that works. */
    cr_assert_eq(echo_with(client, 0, &HARMFUL, &status), FAM_UNAVAILABLE);
    raw_server_mute(mute, false);
    WAIT_FOR(servers_connected(client) == 1);
    assert_serves(client);
    fam_client_free(client);
    raw_server_stop(mute);
}

Test(rpc_failover, a_call_ends_at_its_deadline_before_anything_is_known_of_the_server, .timeout = 60)
{
    struct raw_server *mute = raw_server_start();
    struct fam_client *client = client_for(raw_server_url(mute), NULL);
    raw_server_mute(mute, true);
    const struct fam_rpc_options options = {.timeout_ms = 60, .read_only = true};
    struct fam_status status;
    uint64_t start_ms = fam_mono_ms();
    cr_assert_eq(echo_with(client, 0, &options, &status), FAM_DEADLINE_EXCEEDED);
    cr_assert_lt(fam_mono_ms() - start_ms, 2000);
    raw_server_mute(mute, false);
    assert_serves(client);
    fam_client_free(client);
    raw_server_stop(mute);
}

Test(rpc_failover, a_server_that_works_on_long_calls_has_not_stalled, .timeout = 60)
{
    struct echo_server *echo = echo_server_start(16, 1);
    struct fam_client *client = client_for(echo_server_url(echo), NULL);
    struct fam_status status;
    cr_assert_eq(echo_with(client, 8 * KEEPALIVE_MS, &HARMFUL, &status), FAM_OK, "%s", status.message);
    struct fam_client_stats stats;
    fam_client_stats(client, &stats);
    cr_assert_eq(stats.stalls, 0);
    fam_client_free(client);
    echo_server_stop(echo);
}

Test(rpc_failover, nobody_is_pinged_who_owes_nothing, .timeout = 60)
{
    struct raw_server *raw = raw_server_start();
    struct fam_client *client = client_for(raw_server_url(raw), NULL);
    for (int i = 0; i < 50; i++) {
        assert_serves(client);
    }
    usleep(3 * KEEPALIVE_MS * 1000);
    cr_assert_eq(raw_server_answered(raw, PING), 0);
    fam_client_free(client);
    raw_server_stop(raw);
}

Test(rpc_failover, a_drain_moves_callers_and_no_call_fails, .timeout = 60)
{
    struct echo_server *first = echo_server_start(64, 2);
    struct echo_server *second = echo_server_start(64, 2);
    struct fam_client *client = client_for(echo_server_url(first), echo_server_url(second));
    struct callers callers;
    callers_start(&callers, client, &HARMFUL, 100000);
    usleep(50000);
    cr_assert(fam_server_drain(echo_server_rpc(first), 10000));
    usleep(100000);
    cr_assert_eq(fam_server_calls_in_flight(echo_server_rpc(first)), 0);
    atomic_store(&callers.stop, true);
    cr_assert_eq(callers_finish(&callers), 0);
    struct fam_client_stats stats;
    fam_client_stats(client, &stats);
    cr_assert_geq(stats.failovers, 1);
    /* Each caller finds out at most once, not with each call. */
    cr_assert_leq(stats.failovers, CALLERS);
    fam_client_free(client);
    echo_server_stop(first);
    echo_server_stop(second);
}

Test(rpc_failover, a_call_that_may_go_to_one_server_only_is_not_moved_by_a_drain, .timeout = 60)
{
    struct echo_server *first = echo_server_start(64, 2);
    struct echo_server *second = echo_server_start(64, 2);
    struct fam_client *client = client_for(echo_server_url(first), echo_server_url(second));
    fam_server_start_drain(echo_server_rpc(first));
    const struct fam_rpc_options once = {.timeout_ms = 5000, .idempotency_key = "k", .retry = {.attempts = 1}};
    struct fam_status status;
    unsigned refused = 0;
    for (int i = 0; i < 4; i++) {
        refused += echo_with(client, 0, &once, &status) == FAM_UNAVAILABLE ? 1 : 0;
    }
    cr_assert_eq(refused, 1, "%u", refused); /* and then it is known */
    fam_client_free(client);
    echo_server_stop(first);
    echo_server_stop(second);
}

Test(rpc_failover, a_lost_server_costs_no_call_that_may_be_repeated, .timeout = 60)
{
    struct echo_server *first = echo_server_start(64, 2);
    struct echo_server *second = echo_server_start(64, 2);
    struct fam_client *client = client_for(echo_server_url(first), echo_server_url(second));
    struct callers callers;
    callers_start(&callers, client, &HARMLESS, 100000);
    usleep(50000);
    echo_server_stop(first);
    usleep(100000);
    atomic_store(&callers.stop, true);
    cr_assert_eq(callers_finish(&callers), 0);
    cr_assert_eq(servers_connected(client), 1);
    fam_client_free(client);
    echo_server_stop(second);
}

Test(rpc_failover, the_policy_says_how_often, .timeout = 60)
{
    struct echo_server *echo = echo_server_start(16, 2);
    struct fam_client *client = client_for(echo_server_url(echo), NULL);
    Fam__Test__V1__FailRequest request = FAM__TEST__V1__FAIL_REQUEST__INIT;
    request.code = FAM_UNAVAILABLE;
    const unsigned attempts[] = {1, 2, 5};
    unsigned expected = 0;
    for (size_t i = 0; i < 3; i++) {
        const struct fam_rpc_options options = {
            .timeout_ms = 10000,
            .idempotency_key = "again",
            .retry = {.attempts = attempts[i], .backoff_first_ms = 1, .backoff_max_ms = 2}};
        struct fam_status status;
        struct fam_rpc rpc;
        fam_rpc_init(&rpc, &options);
        cr_assert_eq(FAM_RPC(client, fam__test__v1__echo_service, fail, &rpc, &request, &status), FAM_UNAVAILABLE);
        fam_rpc_done(&rpc);
        expected += attempts[i];
        cr_assert_eq(echo_server_fails(echo), expected);
    }
    struct fam_client_stats stats;
    fam_client_stats(client, &stats);
    cr_assert_eq(stats.retries, expected - 3);
    fam_client_free(client);
    echo_server_stop(echo);
}

static enum fam_code fail_with(struct fam_client *client, enum fam_code code, unsigned times,
                               const struct fam_rpc_options *options)
{
    Fam__Test__V1__FailRequest request = FAM__TEST__V1__FAIL_REQUEST__INIT;
    request.code = (uint32_t)code;
    request.times = times;
    struct fam_status status;
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, options);
    enum fam_code ended = FAM_RPC(client, fam__test__v1__echo_service, fail, &rpc, &request, &status);
    fam_rpc_done(&rpc);
    return ended;
}

Test(rpc_failover, what_was_in_another_s_way_is_repeated_when_it_may_be, .timeout = 60)
{
    static const enum fam_code AGAIN[] = {FAM_ABORTED, FAM_UNAVAILABLE, FAM_RESOURCE_EXHAUSTED};
    static const enum fam_code NEVER[] = {FAM_INTERNAL,          FAM_INVALID_ARGUMENT, FAM_FAILED_PRECONDITION,
                                          FAM_DEADLINE_EXCEEDED, FAM_NOT_FOUND,        FAM_DATA_LOSS};
    const struct fam_rpc_options keyed = {.timeout_ms = 10000, .idempotency_key = "key"};
    const struct fam_rpc_options bare = {.timeout_ms = 10000};
    for (size_t i = 0; i < sizeof(AGAIN) / sizeof(AGAIN[0]); i++) {
        struct echo_server *echo = echo_server_start(16, 2);
        struct fam_client *client = client_for(echo_server_url(echo), NULL);
        cr_expect_eq(fail_with(client, AGAIN[i], 2, &keyed), FAM_OK, "%s", fam_code_name(AGAIN[i]));
        cr_expect_eq(echo_server_fails(echo), 3);
        cr_expect_eq(fail_with(client, AGAIN[i], 4, &bare), AGAIN[i], "without a key nobody knows what it did");
        cr_expect_eq(echo_server_fails(echo), 4);
        fam_client_free(client);
        echo_server_stop(echo);
    }
    struct echo_server *echo = echo_server_start(16, 2);
    struct fam_client *client = client_for(echo_server_url(echo), NULL);
    for (unsigned i = 0; i < sizeof(NEVER) / sizeof(NEVER[0]); i++) {
        cr_expect_eq(fail_with(client, NEVER[i], 0, &keyed), NEVER[i]);
        cr_expect_eq(echo_server_fails(echo), i + 1, "%s", fam_code_name(NEVER[i]));
    }
    fam_client_free(client);
    echo_server_stop(echo);
}

Test(rpc_failover, a_budget_ends_the_repeats_of_many, .timeout = 60)
{
    struct echo_server *echo = echo_server_start(16, 2);
    struct fam_client *client = client_for(echo_server_url(echo), NULL);
    Fam__Test__V1__FailRequest request = FAM__TEST__V1__FAIL_REQUEST__INIT;
    request.code = FAM_RESOURCE_EXHAUSTED;
    const struct fam_rpc_options options = {
        .timeout_ms = 10000, .read_only = true, .retry = {.backoff_first_ms = 1, .backoff_max_ms = 1}};
    for (int i = 0; i < 40; i++) {
        struct fam_status status;
        struct fam_rpc rpc;
        fam_rpc_init(&rpc, &options);
        cr_assert_eq(FAM_RPC(client, fam__test__v1__echo_service, fail, &rpc, &request, &status),
                     FAM_RESOURCE_EXHAUSTED);
        fam_rpc_done(&rpc);
    }
    cr_assert_eq(echo_server_fails(echo), 40 + 10);
    fam_client_free(client);
    echo_server_stop(echo);
}
