/* What bounds a server and a client: connections, idle time, slots, sizes; and calls that are given up. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "echo_calls.h"
#include "raw_peer.h"
#include "rpc/connections.h"

static struct fam_client *plain_client(const struct echo_server *echo)
{
    return client_of(
        &(struct fam_client_options){.urls = echo_server_url(echo), .token = "fam_bot", .version = "test/1"});
}

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

static uint32_t code_of(int fd, uint32_t id, Fam__Rpc__V1__Request *request)
{
    uint32_t answered = 0;
    cr_assert(raw_peer_call(fd, id, request));
    Fam__Rpc__V1__Response *response = raw_peer_reply(fd, &answered);
    cr_assert_not_null(response);
    cr_assert_eq(answered, id);
    uint32_t code = response->code;
    fam__rpc__v1__response__free_unpacked(response, NULL);
    return code;
}

Test(rpc_bounds, one_connection_too_many_is_closed_and_comes_in_when_another_leaves, .timeout = 60)
{
    struct echo_server *echo =
        echo_server_start_with(&(struct echo_options){.calls = 8, .workers = 1, .connections = 2});
    struct fam_client *first = plain_client(echo);
    struct fam_client *second = plain_client(echo);
    assert_serves(first);
    assert_serves(second);
    struct fam_client *third = plain_client(echo);
    struct fam_status status;
    const struct fam_rpc_options brief = {.timeout_ms = 500};
    cr_assert_eq(echo_with(third, 0, &brief, &status), FAM_UNAVAILABLE);
    assert_serves(first);
    fam_client_free(second);
    /* It goes on dialling by itself, every second at most. */
    const struct fam_rpc_options patient = {.timeout_ms = 3000};
    uint64_t start_ms = fam_mono_ms();
    while (echo_with(third, 0, &patient, &status) != FAM_OK) {
        cr_assert_lt(fam_mono_ms() - start_ms, 20000, "%s", status.message);
    }
    fam_client_free(first);
    fam_client_free(third);
    echo_server_stop(echo);
}

Test(rpc_bounds, an_idle_connection_is_closed_and_no_call_notices, .timeout = 60)
{
    struct echo_server *echo = echo_server_start_with(&(struct echo_options){.calls = 8, .workers = 1, .idle_ms = 150});
    struct fam_client *client = plain_client(echo);
    int fd = raw_peer_connect(echo_server_url(echo));
    Fam__Rpc__V1__Request ping = FAM__RPC__V1__REQUEST__INIT;
    ping.method = borrow("fam.rpc.v1/Ping");
    cr_assert_eq(code_of(fd, 1, &ping), FAM_OK);
    /* A call may meet the close half-way; one that may be repeated then is. */
    const struct fam_rpc_options repeatable = {.read_only = true};
    for (int i = 0; i < 5; i++) {
        struct fam_status status;
        cr_assert_eq(echo_with(client, 0, &repeatable, &status), FAM_OK, "%s", status.message);
        /* What is owed an answer is not idle. */
        cr_assert_eq(echo_with(client, 400, &repeatable, &status), FAM_OK, "%s", status.message);
        usleep(200000);
    }
    char byte;
    cr_assert_eq(read(fd, &byte, 1), 0, "the other one was closed long ago");
    close(fd);
    fam_client_free(client);
    echo_server_stop(echo);
}

struct given_up {
    struct fam_rpc rpc;
    atomic_int *left;
    atomic_int *cancelled;
};

static void on_given_up(struct fam_rpc *rpc, enum fam_code code, const struct fam_status *status)
{
    struct given_up *call = rpc->context;
    (void)status;
    atomic_fetch_add(call->cancelled, code == FAM_CANCELLED ? 1 : 0);
    fam_rpc_done(rpc);
    atomic_fetch_sub(call->left, 1);
}

enum { GIVEN_UP = 1000 };

static void begin_parked(struct fam_client *client, struct given_up *calls, atomic_int *left, atomic_int *cancelled)
{
    static const struct fam_rpc_options options = {.timeout_ms = 60000};
    Fam__Test__V1__EchoRequest request = FAM__TEST__V1__ECHO_REQUEST__INIT;
    request.text = borrow("parked");
    request.park_ms = 60000;
    atomic_store(left, GIVEN_UP);
    atomic_store(cancelled, 0);
    ProtobufCService *service = fam_client_service(client, &fam__test__v1__echo_service__descriptor);
    for (int i = 0; i < GIVEN_UP; i++) {
        calls[i].left = left;
        calls[i].cancelled = cancelled;
        fam_rpc_init_async(&calls[i].rpc, &options, on_given_up, &calls[i]);
        fam__test__v1__echo_service__echo(service, &request, NULL, &calls[i].rpc);
    }
}

Test(rpc_bounds, a_thousand_calls_given_up_free_the_server_at_once, .timeout = 60)
{
    struct echo_server *echo = echo_server_start(GIVEN_UP, 2);
    struct fam_client *client = plain_client(echo);
    struct given_up *calls = calloc(GIVEN_UP, sizeof(*calls));
    atomic_int left, cancelled;
    cr_assert_not_null(calls);
    assert_serves(client);
    begin_parked(client, calls, &left, &cancelled);
    WAIT_FOR(fam_server_calls_in_flight(echo_server_rpc(echo)) == GIVEN_UP);
    struct fam_status status;
    cr_assert_eq(echo_with(client, 0, NULL, &status), FAM_RESOURCE_EXHAUSTED, "the server is full");
    uint64_t start_ms = fam_mono_ms();
    for (int i = 0; i < GIVEN_UP; i++) {
        fam_rpc_cancel(&calls[i].rpc);
    }
    WAIT_FOR(fam_server_calls_in_flight(echo_server_rpc(echo)) == 0);
    cr_assert_lt(fam_mono_ms() - start_ms, 5000);
    WAIT_FOR(atomic_load(&left) == 0);
    cr_assert_eq(atomic_load(&cancelled), GIVEN_UP);
    assert_serves(client);
    /* Given up at once, while they are still on their way: neither side keeps one. */
    begin_parked(client, calls, &left, &cancelled);
    for (int i = 0; i < GIVEN_UP; i++) {
        fam_rpc_cancel(&calls[i].rpc);
    }
    WAIT_FOR(atomic_load(&left) == 0);
    WAIT_FOR(fam_server_calls_in_flight(echo_server_rpc(echo)) == 0);
    assert_serves(client);
    free(calls);
    fam_client_free(client);
    echo_server_stop(echo);
}

Test(rpc_bounds, a_client_that_vanishes_frees_what_it_asked_for, .timeout = 60)
{
    struct echo_server *echo = echo_server_start(GIVEN_UP, 2);
    struct fam_client *client = plain_client(echo);
    struct given_up *calls = calloc(GIVEN_UP, sizeof(*calls));
    atomic_int left, cancelled;
    cr_assert_not_null(calls);
    begin_parked(client, calls, &left, &cancelled);
    WAIT_FOR(fam_server_calls_in_flight(echo_server_rpc(echo)) == GIVEN_UP);
    fam_client_free(client); /* ends its calls, and tells nobody */
    cr_assert_eq(atomic_load(&left), 0);
    cr_assert_eq(atomic_load(&cancelled), GIVEN_UP);
    WAIT_FOR(fam_server_calls_in_flight(echo_server_rpc(echo)) == 0);
    client = plain_client(echo);
    assert_serves(client);
    free(calls);
    fam_client_free(client);
    echo_server_stop(echo);
}

Test(rpc_bounds, pings_and_cancels_are_answered_by_a_server_that_is_full_or_drains, .timeout = 60)
{
    struct echo_server *echo = echo_server_start(1, 1);
    int fd = raw_peer_connect(echo_server_url(echo));
    cr_assert_geq(fd, 0);
    char text[] = "x";
    Fam__Test__V1__EchoRequest parked = FAM__TEST__V1__ECHO_REQUEST__INIT;
    parked.text = text;
    parked.park_ms = 30000;
    uint8_t payload[64];
    Fam__Rpc__V1__Request call = FAM__RPC__V1__REQUEST__INIT;
    call.method = borrow("fam.test.v1.EchoService/Echo");
    call.token = borrow("fam_bot");
    call.call_id = 77;
    call.payload = (ProtobufCBinaryData){.data = payload, .len = fam__test__v1__echo_request__pack(&parked, payload)};
    cr_assert(raw_peer_call(fd, 1, &call));
    WAIT_FOR(fam_server_calls_in_flight(echo_server_rpc(echo)) == 1);
    Fam__Rpc__V1__Request ping = FAM__RPC__V1__REQUEST__INIT;
    ping.method = borrow("fam.rpc.v1/Ping");
    static const uint8_t PAGE[] = {0x0a, 0x0f, 0x66, 0x61, 0x6d, 0x2e, 0x72, 0x70, 0x63,
                                   0x2e, 0x76, 0x31, 0x2f, 0x50, 0x69, 0x6e, 0x67}; /* as docs/rpc.md shows it */
    uint8_t packed[64];
    cr_assert_eq(fam__rpc__v1__request__pack(&ping, packed), sizeof(PAGE));
    cr_assert_arr_eq(packed, PAGE, sizeof(PAGE));
    cr_assert_eq(code_of(fd, 2, &call), FAM_RESOURCE_EXHAUSTED);
    cr_assert_eq(code_of(fd, 3, &ping), FAM_OK);
    fam_server_start_drain(echo_server_rpc(echo));
    cr_assert_eq(code_of(fd, 4, &call), FAM_UNAVAILABLE);
    cr_assert_eq(code_of(fd, 5, &ping), FAM_OK);
    close(fd);
    WAIT_FOR(fam_server_calls_in_flight(echo_server_rpc(echo)) == 0);
    echo_server_stop(echo);
}

Test(rpc_bounds, a_cancel_that_overtakes_its_call_still_reaches_it, .timeout = 60)
{
    struct echo_server *echo = echo_server_start(4, 1);
    int fd = raw_peer_connect(echo_server_url(echo));
    cr_assert_geq(fd, 0);
    uint8_t cancel_payload[16];
    Fam__Rpc__V1__CancelRequest cancel = FAM__RPC__V1__CANCEL_REQUEST__INIT;
    cancel.call_id = 4711;
    Fam__Rpc__V1__Request request = FAM__RPC__V1__REQUEST__INIT;
    request.method = borrow("fam.rpc.v1/Cancel");
    request.payload.data = cancel_payload;
    request.payload.len = fam__rpc__v1__cancel_request__pack(&cancel, cancel_payload);
    cr_assert_eq(code_of(fd, 1, &request), FAM_OK);
    uint8_t payload[] = {0x0a, 1, 'x', 0x10, 0xe8, 0x07}; /* parks for a second */
    Fam__Rpc__V1__Request call = FAM__RPC__V1__REQUEST__INIT;
    call.method = borrow("fam.test.v1.EchoService/Echo");
    call.token = borrow("fam_bot");
    call.payload = (ProtobufCBinaryData){.data = payload, .len = sizeof(payload)};
    call.call_id = 4711;
    cr_assert_eq(code_of(fd, 2, &call), FAM_CANCELLED);
    call.call_id = 4712;
    cr_assert_eq(code_of(fd, 3, &call), FAM_OK);
    close(fd);
    echo_server_stop(echo);
}

Test(rpc_bounds, a_request_that_no_server_takes_is_refused_before_it_harms_the_connection, .timeout = 60)
{
    struct echo_server *echo = echo_server_start(4, 1);
    struct fam_client *client = plain_client(echo);
    static uint8_t large[70000];
    Fam__Test__V1__EchoRequest request = FAM__TEST__V1__ECHO_REQUEST__INIT;
    request.text = borrow("x");
    request.blob = (ProtobufCBinaryData){.data = large, .len = sizeof(large)};
    struct fam_status status;
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &(struct fam_rpc_options){.read_only = true});
    cr_assert_eq(FAM_RPC(client, fam__test__v1__echo_service, echo, &rpc, &request, &status), FAM_INVALID_ARGUMENT);
    fam_rpc_done(&rpc);
    assert_serves(client);
    struct fam_client_stats stats;
    fam_client_stats(client, &stats);
    cr_assert_eq(stats.retries, 0);
    fam_client_free(client);
    echo_server_stop(echo);
}

/* ---- calls without a thread each ---- */

struct chain {
    struct fam_client *client;
    struct fam_rpc rpc;
    int left;
    atomic_int *open;
    atomic_int *failed;
};

static void chain_next(struct chain *chain);

static void on_chain(struct fam_rpc *rpc, enum fam_code code, const struct fam_status *status)
{
    struct chain *chain = rpc->context;
    (void)status;
    const Fam__Test__V1__EchoResponse *response = (const Fam__Test__V1__EchoResponse *)fam_rpc_response(rpc);
    if (code != FAM_OK || strcmp(response->text, "chain") != 0) {
        atomic_fetch_add(chain->failed, 1);
    }
    fam_rpc_done(rpc);
    chain_next(chain);
}

static void chain_next(struct chain *chain)
{
    if (chain->left-- == 0) {
        atomic_fetch_sub(chain->open, 1);
        return;
    }
    Fam__Test__V1__EchoRequest request = FAM__TEST__V1__ECHO_REQUEST__INIT;
    request.text = borrow("chain");
    fam_rpc_init_async(&chain->rpc, NULL, on_chain, chain);
    fam__test__v1__echo_service__echo(fam_client_service(chain->client, &fam__test__v1__echo_service__descriptor),
                                      &request, NULL, &chain->rpc);
}

Test(rpc_bounds, callbacks_keep_many_calls_in_flight, .timeout = 60)
{
    struct echo_server *echo = echo_server_start(64, 4);
    struct fam_client *client = plain_client(echo);
    static struct chain chains[32];
    atomic_int open = 32, failed = 0;
    for (int i = 0; i < 32; i++) {
        chains[i] = (struct chain){.client = client, .left = 100, .open = &open, .failed = &failed};
        chain_next(&chains[i]);
    }
    WAIT_FOR(atomic_load(&open) == 0);
    cr_assert_eq(atomic_load(&failed), 0);
    fam_client_free(client);
    echo_server_stop(echo);
}

struct refusals {
    struct fam_rpc rpc;
    struct fam_client *client;
    atomic_int ended;
    int depth, deepest;
};

static void begin_refused(struct refusals *refusals);

static void on_refused(struct fam_rpc *rpc, enum fam_code code, const struct fam_status *status)
{
    struct refusals *refusals = rpc->context;
    cr_assert_eq(code, FAM_INVALID_ARGUMENT);
    cr_assert_neq(status->message[0], '\0');
    refusals->deepest = ++refusals->depth > refusals->deepest ? refusals->depth : refusals->deepest;
    fam_rpc_done(rpc);
    if (atomic_fetch_add(&refusals->ended, 1) + 1 < 200) {
        begin_refused(refusals);
    }
    refusals->depth--;
}

static void begin_refused(struct refusals *refusals)
{
    static uint8_t large[70000];
    Fam__Test__V1__EchoRequest request = FAM__TEST__V1__ECHO_REQUEST__INIT;
    request.text = borrow("x");
    request.blob = (ProtobufCBinaryData){.data = large, .len = sizeof(large)};
    fam_rpc_init_async(&refusals->rpc, NULL, on_refused, refusals);
    fam__test__v1__echo_service__echo(fam_client_service(refusals->client, &fam__test__v1__echo_service__descriptor),
                                      &request, NULL, &refusals->rpc);
}

Test(rpc_bounds, a_callback_that_tries_again_after_a_refusal_does_not_nest, .timeout = 60)
{
    struct echo_server *echo = echo_server_start(4, 1);
    struct refusals refusals = {.client = plain_client(echo)};
    begin_refused(&refusals);
    WAIT_FOR(atomic_load(&refusals.ended) == 200);
    cr_assert_eq(refusals.deepest, 1);
    fam_client_free(refusals.client);
    echo_server_stop(echo);
}

/* ---- connections.h ---- */

Test(rpc_bounds, connections_are_counted_found_idle_and_forgotten)
{
    struct fam_connections *connections = fam_connections_new(3);
    cr_assert_not_null(connections);
    cr_assert(fam_connections_add(connections, 5, 100));
    cr_assert(fam_connections_add(connections, 5 + 16, 200)); /* stands where the first one would */
    cr_assert(fam_connections_add(connections, 9, 300));
    cr_assert_not(fam_connections_add(connections, 10, 300));
    cr_assert_eq(fam_connections_refused(connections), 1);
    cr_assert_not(fam_connections_remove(connections, 10));
    uint32_t ids[4];
    uint64_t oldest_ms = 0;
    cr_assert_eq(fam_connections_idle(connections, 99, ids, 4, &oldest_ms), 0);
    cr_assert_eq(oldest_ms, 100);
    cr_assert(fam_connections_remove(connections, 9));
    fam_connections_touch(connections, 5, 400);
    fam_connections_touch(connections, 9, 400);
    cr_assert_eq(fam_connections_idle(connections, 399, ids, 4, &oldest_ms), 1);
    cr_assert_eq(ids[0], 5 + 16);
    cr_assert_eq(oldest_ms, 400);
    cr_assert(fam_connections_remove(connections, 5));
    cr_assert(fam_connections_remove(connections, 5 + 16));
    cr_assert_eq(fam_connections_count(connections), 0);
    cr_assert_eq(fam_connections_idle(connections, 1000, ids, 4, &oldest_ms), 0);
    cr_assert_eq(oldest_ms, UINT64_MAX);
    fam_connections_free(connections);
}

/* ---- a stop under traffic ---- */

enum { BLASTERS = 6, ROUNDS = 3 };

struct blaster {
    pthread_t thread;
    const char *url;
};

/* Requests in two pieces each, the length alone first: a stop meets some of them in between. */
static void *blast(void *arg)
{
    const struct blaster *blaster = arg;
    static const unsigned char LENGTH[8] = {0, 0, 0, 0, 0, 0, 0, 8};
    static const unsigned char BODY[8] = {0x80, 0, 0, 1, 'n', 'o', 'n', 'e'};
    int fd = raw_peer_connect(blaster->url), at_once = 1;
    cr_assert_geq(fd, 0);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once));
    while (send(fd, LENGTH, sizeof(LENGTH), MSG_NOSIGNAL) == sizeof(LENGTH) &&
           send(fd, BODY, sizeof(BODY), MSG_NOSIGNAL) == sizeof(BODY)) {
        char answers[4096];
        while (recv(fd, answers, sizeof(answers), MSG_DONTWAIT) > 0) {
        }
    }
    close(fd);
    return NULL;
}

Test(rpc_bounds, a_server_stops_while_requests_arrive_in_pieces, .timeout = 120)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct echo_server *echo = echo_server_start_with(&(struct echo_options){.calls = 8, .workers = 2});
        struct blaster blasters[BLASTERS];
        for (size_t i = 0; i < BLASTERS; i++) {
            blasters[i].url = echo_server_url(echo);
            cr_assert_eq(pthread_create(&blasters[i].thread, NULL, blast, &blasters[i]), 0);
        }
        usleep(100000);
        uint64_t start_ms = fam_mono_ms();
        echo_server_stop(echo);
        cr_log_info("stopped in %llu ms", (unsigned long long)(fam_mono_ms() - start_ms));
        for (size_t i = 0; i < BLASTERS; i++) {
            cr_assert_eq(pthread_join(blasters[i].thread, NULL), 0);
        }
    }
}
