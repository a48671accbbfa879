/* tsan_rpc: the RPC server and client under ThreadSanitizer: many threads that call, park, cancel and run out of time
 * at once, then a drain. A plain program, because the test framework does not run under the sanitizer. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "echo_server.h"
#include "fam/test/v1/echo.pb-c.h"

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
    printf("%u calls, %u with an unexpected end, drained: %s\n", THREADS * ROUNDS, unexpected, drained ? "yes" : "no");
    return unexpected == 0 && drained ? EXIT_SUCCESS : EXIT_FAILURE;
}
