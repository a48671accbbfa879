/* tsan_rpc: the RPC server and client under ThreadSanitizer: many threads that call, park, cancel and run out of time
 * at once, then a drain; then calls without a thread each over servers that drain and stall. A plain program, because
 * the test framework does not run under the sanitizer. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "echo_server.h"
#include "fam/test/v1/echo.pb-c.h"
#include "raw_server.h"

enum { THREADS = 8, ROUNDS = 60 };

struct caller {
    struct fam_client *client;
    unsigned number;
    unsigned unexpected;
};

static void start_call(struct caller *caller, struct fam_rpc *rpc, const struct fam_rpc_options *options,
                       uint32_t park_ms)
{
    char text[] = "tsan";
    Fam__Test__V1__EchoRequest request = FAM__TEST__V1__ECHO_REQUEST__INIT;
    request.text = text;
    request.park_ms = park_ms;
    fam_rpc_init(rpc, options);
    fam__test__v1__echo_service__echo(fam_client_service(caller->client, &fam__test__v1__echo_service__descriptor),
                                      &request, NULL, rpc);
}

static void *call(void *arg)
{
    struct caller *caller = arg;
    for (unsigned i = 0; i < ROUNDS; i++) {
        const struct fam_rpc_options options = {.timeout_ms = i % 4 == 2 ? 20 : 10000};
        struct fam_status status;
        struct fam_rpc rpc;
        start_call(caller, &rpc, &options, i % 4 == 0 ? 0 : i % 4 == 1 ? 5 : 200);
        if (i % 4 == 3) {
            fam_rpc_cancel(&rpc);
        }
        enum fam_code code = fam_rpc_wait(&rpc, &status);
        bool fine = code == FAM_OK || (i % 4 == 2 && code == FAM_DEADLINE_EXCEEDED) ||
                    (i % 4 == 3 && code == FAM_CANCELLED) || code == FAM_RESOURCE_EXHAUSTED;
        if (!fine) {
            fprintf(stderr, "round %u ended with %s: %s\n", i, fam_code_name(code), status.message);
            caller->unexpected++;
        }
        fam_rpc_done(&rpc);
    }
    return NULL;
}

/* ---- callbacks, over two servers of which one drains and one is mute for a while ---- */

enum { CHAINS = 16, LINKS = 40 };

struct chain {
    struct fam_client *client;
    struct fam_rpc rpc;
    unsigned left;
    atomic_uint *open;
    atomic_uint *unexpected;
};

static const struct fam_rpc_options HARMLESS = {.timeout_ms = 20000, .read_only = true, .retry = {.attempts = 10}};

static void chain_next(struct chain *chain);

static void on_chain(struct fam_rpc *rpc, enum fam_code code, const struct fam_status *status)
{
    struct chain *chain = rpc->context;
    if (code != FAM_OK && code != FAM_CANCELLED) {
        fprintf(stderr, "a chain's call ended with %s: %s\n", fam_code_name(code), status->message);
        atomic_fetch_add(chain->unexpected, 1);
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
    char text[] = "chain";
    Fam__Test__V1__EchoRequest request = FAM__TEST__V1__ECHO_REQUEST__INIT;
    request.text = text;
    request.park_ms = chain->left % 3;
    fam_rpc_init_async(&chain->rpc, &HARMLESS, on_chain, chain);
    fam__test__v1__echo_service__echo(fam_client_service(chain->client, &fam__test__v1__echo_service__descriptor),
                                      &request, NULL, &chain->rpc);
}

static void pause_ms(unsigned ms)
{
    const struct timespec pause = {.tv_nsec = (long)ms * 1000000};
    (void)nanosleep(&pause, NULL);
}

static unsigned run_chains(void)
{
    struct echo_server *first = echo_server_start(64, 2);
    struct echo_server *second = echo_server_start(64, 2);
    struct raw_server *mute = raw_server_start();
    char urls[256];
    (void)snprintf(urls, sizeof(urls), "%s,%s,%s", echo_server_url(first), echo_server_url(second),
                   raw_server_url(mute));
    struct fam_status status;
    struct fam_client *client = fam_client_new(
        &(struct fam_client_options){.urls = urls, .token = "fam_bot", .version = "tsan/1", .keepalive_ms = 100},
        &status);
    if (client == NULL) {
        return 1;
    }
    static struct chain chains[CHAINS];
    atomic_uint open = CHAINS, unexpected = 0;
    for (size_t i = 0; i < CHAINS; i++) {
        chains[i] = (struct chain){.client = client, .left = LINKS, .open = &open, .unexpected = &unexpected};
        chain_next(&chains[i]);
    }
    pause_ms(50);
    raw_server_mute(mute, true);
    pause_ms(100);
    fam_server_start_drain(echo_server_rpc(first));
    pause_ms(300);
    raw_server_mute(mute, false);
    while (atomic_load(&open) > 0) {
        pause_ms(5);
        struct fam_client_stats stats;
        fam_client_stats(client, &stats);
    }
    fam_client_free(client);
    raw_server_stop(mute);
    echo_server_stop(first);
    echo_server_stop(second);
    return atomic_load(&unexpected);
}

/* Calls that are cancelled by another thread than the one that ends them, and a client that is freed under them. */
static void give_up(void)
{
    struct echo_server *echo = echo_server_start(256, 2);
    struct fam_client *client = echo_client(echo, "fam_bot");
    static struct fam_rpc calls[128];
    struct caller caller = {.client = client};
    for (size_t i = 0; i < 128; i++) {
        start_call(&caller, &calls[i], NULL, 30000);
    }
    for (size_t i = 0; i < 64; i++) {
        fam_rpc_cancel(&calls[i]);
    }
    fam_client_free(client);
    for (size_t i = 0; i < 128; i++) {
        struct fam_status status;
        (void)!fam_rpc_wait(&calls[i], &status);
        fam_rpc_done(&calls[i]);
    }
    echo_server_stop(echo);
}

int main(void)
{
    struct echo_server *echo = echo_server_start(32, 4);
    struct fam_client *client = echo_client(echo, "fam_bot");
    pthread_t threads[THREADS];
    struct caller callers[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){.client = client, .number = i};
        if (pthread_create(&threads[i], NULL, call, &callers[i]) != 0) {
            return EXIT_FAILURE;
        }
    }
    unsigned unexpected = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        unexpected += callers[i].unexpected;
    }
    bool drained = fam_server_drain(echo_server_rpc(echo), 10000);
    fam_client_free(client);
    echo_server_stop(echo);
    unexpected += run_chains();
    give_up();
    printf("%u calls, %u with an unexpected end, drained: %s\n", THREADS * ROUNDS + CHAINS * LINKS, unexpected,
           drained ? "yes" : "no");
    return unexpected == 0 && drained ? EXIT_SUCCESS : EXIT_FAILURE;
}
