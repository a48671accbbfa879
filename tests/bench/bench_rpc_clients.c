/* The two clients of bench-rpc. Both keep a number of calls in flight without a thread for each: an answer's callback
 * begins the next call. */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "bench_rpc.h"
#include "fam/rpc/v1/envelope.pb-c.h"
#include "fam/test/v1/echo.pb-c.h"
#include "rpc/client.h"

struct lane {
    struct bench_client *client;
    uint64_t started_ns;
    /* lib/rpc */
    struct fam_rpc rpc;
    /* nng */
    nng_ctx ctx;
    nng_aio *aio;
    bool receiving;
};

struct bench_client {
    struct fam_client *rpc; /* NULL: nng alone */
    ProtobufCService *service;
    nng_socket socket;
    struct lane lanes[BENCH_DEPTH_MAX];
    size_t opened;
    atomic_uint_fast64_t until_ns;
    atomic_size_t running;
    atomic_size_t samples_used;
    atomic_uint_fast64_t failed;
    struct bench_round *round;
};

static const struct fam_rpc_options OPTIONS = {.timeout_ms = 20000};

static void begin(struct lane *lane);

static void ended(struct lane *lane, bool good)
{
    struct bench_client *client = lane->client;
    uint64_t now_ns = fam_mono_ns();
    if (good) {
        size_t at = atomic_fetch_add(&client->samples_used, 1);
        if (at < BENCH_SAMPLES_MAX) {
            client->round->samples[at] = (uint32_t)(now_ns - lane->started_ns);
        }
    } else {
        atomic_fetch_add(&client->failed, 1);
    }
    if (good && now_ns < atomic_load(&client->until_ns)) {
        begin(lane);
    } else {
        atomic_fetch_sub(&client->running, 1);
    }
}

static void on_rpc(struct fam_rpc *rpc, enum fam_code code, const struct fam_status *status)
{
    (void)status;
    struct lane *lane = rpc->context;
    fam_rpc_done(rpc);
    ended(lane, code == FAM_OK);
}

static void begin_raw(struct lane *lane)
{
    nng_msg *message = NULL;
    if (nng_msg_alloc(&message, BENCH_REQUEST_BYTES) != 0) {
        abort();
    }
    memset(nng_msg_body(message), 0, BENCH_REQUEST_BYTES);
    lane->receiving = false;
    nng_aio_set_msg(lane->aio, message);
    nng_ctx_send(lane->ctx, lane->aio);
}

static void on_raw(void *arg)
{
    struct lane *lane = arg;
    int error = nng_aio_result(lane->aio);
    if (error == 0 && !lane->receiving) {
        lane->receiving = true;
        nng_ctx_recv(lane->ctx, lane->aio);
        return;
    }
    if (error == 0) {
        nng_msg_free(nng_aio_get_msg(lane->aio));
    }
    ended(lane, error == 0);
}

static void begin(struct lane *lane)
{
    struct bench_client *client = lane->client;
    lane->started_ns = fam_mono_ns();
    if (client->rpc == NULL) {
        begin_raw(lane);
        return;
    }
    Fam__Test__V1__PingRequest request = FAM__TEST__V1__PING_REQUEST__INIT;
    fam_rpc_init_async(&lane->rpc, &OPTIONS, on_rpc, lane);
    fam__test__v1__echo_service__ping(client->service, &request, NULL, &lane->rpc);
}

static struct bench_client *client_new(void)
{
    struct bench_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        abort();
    }
    for (size_t i = 0; i < BENCH_DEPTH_MAX; i++) {
        client->lanes[i].client = client;
    }
    return client;
}

static size_t envelope_bytes(void)
{
    char method[] = "fam.test.v1.EchoService/Ping";
    char token[] = BENCH_TOKEN;
    char version[] = "bench/1";
    Fam__Rpc__V1__Request request = FAM__RPC__V1__REQUEST__INIT;
    request.method = method;
    request.timeout_ms = OPTIONS.timeout_ms;
    request.token = token;
    request.call_id = 1;
    request.client_version = version;
    return fam__rpc__v1__request__get_packed_size(&request);
}

struct bench_client *bench_client_rpc(uint16_t port)
{
    if (envelope_bytes() != BENCH_REQUEST_BYTES) {
        fprintf(stderr, "bench-rpc: an empty call has %zu bytes\n", envelope_bytes());
        exit(EXIT_FAILURE);
    }
    struct bench_client *client = client_new();
    char url[64];
    (void)snprintf(url, sizeof(url), "tcp://127.0.0.1:%u", port);
    struct fam_status status;
    client->rpc =
        fam_client_new(&(struct fam_client_options){.urls = url, .token = BENCH_TOKEN, .version = "bench/1"}, &status);
    if (client->rpc == NULL) {
        fprintf(stderr, "bench-rpc: %s\n", status.message);
        exit(EXIT_FAILURE);
    }
    client->service = fam_client_service(client->rpc, &fam__test__v1__echo_service__descriptor);
    return client;
}

struct bench_client *bench_client_raw(uint16_t port)
{
    struct bench_client *client = client_new();
    char url[64];
    (void)snprintf(url, sizeof(url), "tcp://127.0.0.1:%u", port);
    if (nng_req0_open(&client->socket) != 0 ||
        nng_socket_set_ms(client->socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE) != 0 ||
        nng_dial(client->socket, url, NULL, 0) != 0) {
        fprintf(stderr, "bench-rpc: nng can't connect\n");
        exit(EXIT_FAILURE);
    }
    for (; client->opened < BENCH_DEPTH_MAX; client->opened++) {
        struct lane *lane = &client->lanes[client->opened];
        if (nng_ctx_open(&lane->ctx, client->socket) != 0 || nng_aio_alloc(&lane->aio, on_raw, lane) != 0) {
            fprintf(stderr, "bench-rpc: nng has no context\n");
            exit(EXIT_FAILURE);
        }
    }
    return client;
}

void bench_client_run(struct bench_client *client, size_t depth, unsigned ms, struct bench_round *round)
{
    client->round = round;
    atomic_store(&client->samples_used, 0);
    atomic_store(&client->failed, 0);
    atomic_store(&client->running, depth);
    uint64_t start_ns = fam_mono_ns();
    atomic_store(&client->until_ns, start_ns + (uint64_t)ms * 1000000u);
    for (size_t i = 0; i < depth; i++) {
        begin(&client->lanes[i]);
    }
    const struct timespec pause = {.tv_nsec = 1000000};
    while (atomic_load(&client->running) > 0) {
        (void)nanosleep(&pause, NULL);
    }
    round->seconds = (double)(fam_mono_ns() - start_ns) / 1e9;
    round->calls = atomic_load(&client->samples_used);
    round->failed = atomic_load(&client->failed);
    round->sample_count = round->calls < BENCH_SAMPLES_MAX ? (size_t)round->calls : BENCH_SAMPLES_MAX;
}

void bench_client_free(struct bench_client *client)
{
    for (size_t i = 0; i < client->opened; i++) {
        nng_aio_stop(client->lanes[i].aio);
        (void)nng_ctx_close(client->lanes[i].ctx);
        nng_aio_free(client->lanes[i].aio);
    }
    if (client->rpc == NULL) {
        (void)nng_close(client->socket);
    }
    fam_client_free(client->rpc);
    free(client);
}
