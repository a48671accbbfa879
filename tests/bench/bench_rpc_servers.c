/* The two servers of bench-rpc: lib/rpc with everything that famserver has switched on, and nng alone. */
#include <fcntl.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>
#include <sched.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/log.h"
#include "bench_rpc.h"
#include "fam/test/v1/echo.pb-c.h"
#include "metrics/metrics.h"
#include "rpc/call.h"
#include "rpc/server.h"

/* As server/services/auth.c does it: a keyed hash of the token, a set of a table, a copy of what is known. */
struct token_cache {
    unsigned char key[crypto_generichash_KEYBYTES];
    pthread_mutex_t lock;
    struct {
        unsigned char hash[crypto_generichash_BYTES];
        uint64_t checked_ms;
        struct fam_principal principal;
    } entry;
};

static enum fam_code authenticate(void *context, const char *token, bool may_block, bool *ret_would_block,
                                  struct fam_principal *ret_principal, struct fam_status *status)
{
    struct token_cache *cache = context;
    unsigned char hash[crypto_generichash_BYTES];
    (void)may_block;
    *ret_would_block = false;
    (void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)token, strlen(token), cache->key,
                             sizeof(cache->key));
    pthread_mutex_lock(&cache->lock);
    bool known = memcmp(cache->entry.hash, hash, sizeof(hash)) == 0 && fam_mono_ms() >= cache->entry.checked_ms;
    if (known) {
        *ret_principal = cache->entry.principal;
    }
    pthread_mutex_unlock(&cache->lock);
    return known ? FAM_OK : fam_fail(status, FAM_UNAUTHENTICATED, "unknown token");
}

static void bench_ping(Fam__Test__V1__EchoService_Service *service, const Fam__Test__V1__PingRequest *input,
                       Fam__Test__V1__PingResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)input;
    Fam__Test__V1__PingResponse response = FAM__TEST__V1__PING_RESPONSE__INIT;
    closure(&response, closure_data);
}

static void bench_echo(Fam__Test__V1__EchoService_Service *service, const Fam__Test__V1__EchoRequest *input,
                       Fam__Test__V1__EchoResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)input;
    closure(NULL, closure_data);
}

static void bench_fail(Fam__Test__V1__EchoService_Service *service, const Fam__Test__V1__FailRequest *input,
                       Fam__Test__V1__PingResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)input;
    closure(NULL, closure_data);
}

static void bench_secret(Fam__Test__V1__EchoService_Service *service, const Fam__Test__V1__PingRequest *input,
                         Fam__Test__V1__PingResponse_Closure closure, void *closure_data)
{
    bench_ping(service, input, closure, closure_data);
}

static void bench_change(Fam__Test__V1__EchoService_Service *service, const Fam__Test__V1__PingRequest *input,
                         Fam__Test__V1__PingResponse_Closure closure, void *closure_data)
{
    bench_ping(service, input, closure, closure_data);
}

static const char *const NAMES[] = {"fam.test.v1.EchoService/Echo", "fam.test.v1.EchoService/Ping",
                                    "fam.test.v1.EchoService/Secret", "fam.test.v1.EchoService/Fail",
                                    "fam.test.v1.EchoService/Change"};

static const struct fam_method METHODS[] = {
    {.name = "fam.test.v1.EchoService/Echo", .roles = FAM_ROLE_BOT},
    {.name = "fam.test.v1.EchoService/Ping", .roles = FAM_ROLE_BOT, .flags = FAM_METHOD_INLINE},
    {.name = "fam.test.v1.EchoService/Secret", .roles = FAM_ROLE_BOT},
    {.name = "fam.test.v1.EchoService/Fail", .roles = FAM_ROLE_BOT},
    {.name = "fam.test.v1.EchoService/Change", .roles = FAM_ROLE_BOT},
};

static void fill_cache(struct token_cache *cache)
{
    memset(cache, 0, sizeof(*cache));
    (void)pthread_mutex_init(&cache->lock, NULL);
    randombytes_buf(cache->key, sizeof(cache->key));
    (void)crypto_generichash(cache->entry.hash, sizeof(cache->entry.hash), (const unsigned char *)BENCH_TOKEN,
                             strlen(BENCH_TOKEN), cache->key, sizeof(cache->key));
    cache->entry.principal.role = FAM_ROLE_BOT;
    (void)snprintf(cache->entry.principal.name, sizeof(cache->entry.principal.name), "123456789");
}

static void serve_until_end(unsigned port)
{
    char byte = 0;
    printf("%u\n", port);
    (void)fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

static int give_up(const char *what)
{
    fprintf(stderr, "bench-rpc: %s\n", what);
    return EXIT_FAILURE;
}

int bench_serve_rpc(bool pin, const char *log_path)
{
    static const char *const URLS[] = {"tcp://127.0.0.1:0"};
    static struct token_cache cache;
    Fam__Test__V1__EchoService_Service service = FAM__TEST__V1__ECHO_SERVICE__INIT(bench_);
    fill_cache(&cache);
    struct fam_status status = {.message = ""};
    int fd = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct fam_log *log =
        fd < 0 ? NULL
               : fam_log_new(&(struct fam_log_options){.program = "bench", .level = FAM_LOG_INFO, .fd = fd}, &status);
    struct fam_metrics *metrics = fam_metrics_new(1, "bench", NAMES, FAM_ARRAY_SIZE(NAMES), &status);
    if (log == NULL || metrics == NULL) {
        return give_up("no log, or no metrics");
    }
    const struct fam_server_options options = {.urls = URLS,
                                               .url_count = 1,
                                               .methods = METHODS,
                                               .method_count = FAM_ARRAY_SIZE(METHODS),
                                               .calls = BENCH_SLOTS - 32,
                                               .workers = 4,
                                               .idle_ms = 600000,
                                               .pin_transport = pin,
                                               .log = log,
                                               .metrics = metrics,
                                               .hooks = {.context = &cache, .authenticate = authenticate}};
    struct fam_server *server = fam_server_new(&options, &status);
    if (server == NULL || fam_server_add_service(server, &service.base, &status) != FAM_OK ||
        fam_server_start(server, &status) != FAM_OK) {
        return give_up(status.message);
    }
    serve_until_end(fam_server_port(server, 0));
    fprintf(stderr, "%llu\n", (unsigned long long)fam_log_dropped(log)); /* the parent reads it */
    fam_server_free(server);
    fam_log_free(log);
    fam_metrics_free(metrics);
    (void)close(fd);
    return EXIT_SUCCESS;
}

struct raw_slot {
    nng_ctx ctx;
    nng_aio *aio;
    bool sending;
};

static void on_raw(void *arg)
{
    struct raw_slot *slot = arg;
    int error = nng_aio_result(slot->aio);
    if (error != 0) {
        return; /* the socket was closed */
    }
    if (slot->sending) {
        slot->sending = false;
        nng_ctx_recv(slot->ctx, slot->aio);
        return;
    }
    nng_msg *message = nng_aio_get_msg(slot->aio);
    if (nng_msg_len(message) > BENCH_REPLY_BYTES) {
        (void)nng_msg_chop(message, nng_msg_len(message) - BENCH_REPLY_BYTES);
    }
    slot->sending = true;
    nng_aio_set_msg(slot->aio, message);
    nng_ctx_send(slot->ctx, slot->aio);
}

/* As lib/rpc does it: nng's threads inherit the affinity of the thread that opens the first socket. */
static int open_raw(nng_socket *socket, bool pin)
{
    cpu_set_t before;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    (void)sched_getaffinity(0, sizeof(before), &before);
    if (pin) {
        (void)sched_setaffinity(0, sizeof(one), &one);
    }
    int error = nng_rep0_open(socket);
    (void)sched_setaffinity(0, sizeof(before), &before);
    return error;
}

int bench_serve_raw(bool pin)
{
    static struct raw_slot slots[BENCH_SLOTS];
    nng_socket socket;
    nng_listener listener;
    int port = 0;
    if (open_raw(&socket, pin) != 0 || nng_listener_create(&listener, socket, "tcp://127.0.0.1:0") != 0 ||
        nng_listener_start(listener, 0) != 0 || nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port) != 0) {
        return give_up("nng can't listen");
    }
    for (size_t i = 0; i < BENCH_SLOTS; i++) {
        if (nng_ctx_open(&slots[i].ctx, socket) != 0 || nng_aio_alloc(&slots[i].aio, on_raw, &slots[i]) != 0) {
            return give_up("nng has no context");
        }
        nng_ctx_recv(slots[i].ctx, slots[i].aio);
    }
    serve_until_end((unsigned)port);
    (void)nng_close(socket);
    return EXIT_SUCCESS;
}
