/* A server that stops answering while there is no other: what may be repeated waits for its return, or for another, and
 * is executed once; what may not is told at once. */
#include <stdatomic.h>
#include <stdlib.h>

#include "echo_calls.h"
#include "raw_server.h"

enum { KEEPALIVE_MS = 150, CALLS = 40, DEADLINE_MS = 15000 };

static const char ECHO[] = "fam.test.v1.EchoService/Echo";

/* Many calls that end in callbacks. */
struct crowd {
    struct fam_rpc rpcs[CALLS];
    struct fam_rpc_options options;
    atomic_int ended, good;
    char failure[256]; /* of one of them */
};

static void on_done(struct fam_rpc *rpc, enum fam_code code, const struct fam_status *status)
{
    struct crowd *crowd = rpc->context;
    if (code == FAM_OK) {
        atomic_fetch_add(&crowd->good, 1);
    } else {
        memcpy(crowd->failure, status->message, sizeof(crowd->failure));
    }
    fam_rpc_done(rpc);
    atomic_fetch_add(&crowd->ended, 1);
}

static void begin(struct crowd *crowd, struct fam_client *client, int first, int count)
{
    char text[] = "text";
    Fam__Test__V1__EchoRequest request = FAM__TEST__V1__ECHO_REQUEST__INIT;
    request.text = text;
    for (int i = first; i < first + count; i++) {
        fam_rpc_init_async(&crowd->rpcs[i], &crowd->options, on_done, crowd);
        fam__test__v1__echo_service__echo(fam_client_service(client, &fam__test__v1__echo_service__descriptor),
                                          &request, NULL, &crowd->rpcs[i]);
    }
}

static struct fam_client *client_for(const char *first, const char *second)
{
    char urls[160];
    snprintf(urls, sizeof(urls), "%s%s%s", first, second == NULL ? "" : ",", second == NULL ? "" : second);
    struct fam_client *client = client_of(&(struct fam_client_options){
        .urls = urls, .token = "fam_bot", .version = "test/1", .keepalive_ms = KEEPALIVE_MS});
    WAIT_FOR(servers_connected(client) == (second == NULL ? 1 : 2));
    return client;
}

static struct fam_client_stats stats_of(struct fam_client *client)
{
    struct fam_client_stats stats;
    fam_client_stats(client, &stats);
    return stats;
}

static void wait_until_ended(struct crowd *crowd, uint64_t limit_ms)
{
    for (uint64_t until_ms = fam_mono_ms() + limit_ms; atomic_load(&crowd->ended) < CALLS; usleep(2000)) {
        cr_assert_lt(fam_mono_ms(), until_ms, "only %d of %d calls have ended", atomic_load(&crowd->ended), CALLS);
    }
}

Test(rpc_stalls, the_only_server_is_waited_for_and_each_call_is_executed_once, .timeout = 60)
{
    static struct crowd crowd = {.options = {.timeout_ms = DEADLINE_MS, .idempotency_key = "key"}};
    struct raw_server *server = raw_server_start();
    struct fam_client *client = client_for(raw_server_url(server), NULL);
    raw_server_mute(server, true);
    begin(&crowd, client, 0, CALLS / 2);
    WAIT_FOR(stats_of(client).stalls == 1);
    begin(&crowd, client, CALLS / 2, CALLS / 2); /* nobody has to know that it has stalled */
    /* Longer than a call waits for a server that is not connected. */
    usleep(2500000);
    cr_assert_eq(atomic_load(&crowd.ended), 0, "%s", crowd.failure);
    raw_server_mute(server, false);
    wait_until_ended(&crowd, DEADLINE_MS);
    cr_expect_eq(atomic_load(&crowd.good), CALLS, "%s", crowd.failure);
    cr_expect_eq(raw_server_answered(server, ECHO), CALLS);
    cr_expect_eq(stats_of(client).retries, 0);
    fam_client_free(client);
    raw_server_stop(server);
}

Test(rpc_stalls, the_first_of_several_that_comes_back_gets_the_calls, .timeout = 60)
{
    static struct crowd crowd = {.options = {.timeout_ms = DEADLINE_MS, .read_only = true}};
    struct raw_server *first = raw_server_start();
    struct raw_server *second = raw_server_start();
    struct fam_client *client = client_for(raw_server_url(first), raw_server_url(second));
    raw_server_mute(first, true);
    raw_server_mute(second, true);
    begin(&crowd, client, 0, CALLS);
    WAIT_FOR(stats_of(client).stalls == 2);
    cr_assert_eq(atomic_load(&crowd.ended), 0, "%s", crowd.failure);
    raw_server_mute(second, false);
    wait_until_ended(&crowd, DEADLINE_MS);
    cr_expect_eq(atomic_load(&crowd.good), CALLS, "%s", crowd.failure);
    cr_expect_eq(raw_server_answered(first, ECHO), 0);
    fam_client_free(client);
    raw_server_stop(first);
    raw_server_stop(second);
}

Test(rpc_stalls, a_call_that_waits_for_a_stalled_server_ends_by_its_deadline_and_says_why, .timeout = 60)
{
    struct raw_server *server = raw_server_start();
    struct fam_client *client = client_for(raw_server_url(server), NULL);
    raw_server_mute(server, true);
    const struct fam_rpc_options options = {.timeout_ms = 1500, .read_only = true};
    struct fam_status status;
    uint64_t start_ms = fam_mono_ms();
    cr_assert_eq(echo_with(client, 0, &options, &status), FAM_DEADLINE_EXCEEDED);
    cr_expect_str_eq(status.reason, "PEER_STALLED");
    cr_expect_geq(fam_mono_ms() - start_ms, 1490);
    /* One that was never sent has no answer to wait for, but the same reason. */
    cr_assert_eq(echo_with(client, 0, &options, &status), FAM_UNAVAILABLE);
    cr_expect_str_eq(status.reason, "PEER_STALLED");
    cr_expect_eq(stats_of(client).retries, 0);
    fam_client_free(client);
    raw_server_stop(server);
}

/* After ten seconds the connection is given up, and with it the answers that would have come over it. */
Test(rpc_stalls, a_connection_that_is_given_up_costs_neither_calls_nor_the_budget_of_repeats, .timeout = 60)
{
    static struct crowd crowd = {.options = {.timeout_ms = 50000, .idempotency_key = "key"}};
    struct raw_server *server = raw_server_start();
    struct fam_client *client = client_for(raw_server_url(server), NULL);
    raw_server_mute(server, true);
    begin(&crowd, client, 0, CALLS); /* more than a full budget would repeat */
    WAIT_FOR(stats_of(client).stalls == 1);
    for (uint64_t until_ms = fam_mono_ms() + 30000; stats_of(client).retries < CALLS; usleep(10000)) {
        cr_assert_lt(fam_mono_ms(), until_ms, "the connection is not given up");
    }
    usleep(2500000);
    cr_assert_eq(atomic_load(&crowd.ended), 0, "%s", crowd.failure);
    raw_server_mute(server, false);
    wait_until_ended(&crowd, 30000);
    cr_expect_eq(atomic_load(&crowd.good), CALLS, "%s", crowd.failure);
    fam_client_free(client);
    raw_server_stop(server);
}
