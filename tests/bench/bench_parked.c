/* bench_parked: does a call that waits hold up the others? Parks 500 calls for ten seconds on a server of lib/rpc and
 * measures an inline method (as Health is) at rest and beside them, in the same run. Exit 1 when the median beside
 * them is twice the median at rest, or more. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "echo_server.h"
#include "fam/test/v1/echo.pb-c.h"

enum { PARKED = 500, PARK_MS = 10000, ROUNDS = 3000 };

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Median and 99th percentile of one call at a time, in microseconds. */
static bool measure(struct fam_client *client, double *ret_p50, double *ret_p99)
{
    static uint64_t times[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        Fam__Test__V1__PingRequest request = FAM__TEST__V1__PING_REQUEST__INIT;
        struct fam_status status;
        struct fam_rpc rpc;
        uint64_t start = fam_mono_ns();
        fam_rpc_init(&rpc, NULL);
        enum fam_code code = FAM_RPC(client, fam__test__v1__echo_service, ping, &rpc, &request, &status);
        fam_rpc_done(&rpc);
        times[i] = fam_mono_ns() - start;
        if (code != FAM_OK) {
            fprintf(stderr, "ping failed: %s\n", status.message);
            return false;
        }
    }
    qsort(times, ROUNDS, sizeof(times[0]), compare);
    *ret_p50 = (double)times[ROUNDS / 2] / 1000;
    *ret_p99 = (double)times[ROUNDS * 99 / 100] / 1000;
    return true;
}

int main(void)
{
    struct echo_server *echo = echo_server_start(PARKED + 64, 4);
    struct fam_client *client = echo_client(echo, "fam_bot");
    static struct fam_rpc parked[PARKED];
    char text[] = "parked";
    Fam__Test__V1__EchoRequest request = FAM__TEST__V1__ECHO_REQUEST__INIT;
    request.text = text;
    request.park_ms = PARK_MS;
    double rest_p50 = 0, rest_p99 = 0, beside_p50 = 0, beside_p99 = 0;
    bool good = measure(client, &rest_p50, &rest_p99);
    for (int i = 0; i < PARKED; i++) {
        fam_rpc_init(&parked[i], NULL);
        fam__test__v1__echo_service__echo(fam_client_service(client, &fam__test__v1__echo_service__descriptor),
                                          &request, NULL, &parked[i]);
    }
    uint64_t start_ms = fam_mono_ms();
    while (fam_server_calls_in_flight(echo_server_rpc(echo)) < PARKED && fam_mono_ms() - start_ms < 5000) {
    }
    size_t in_flight = fam_server_calls_in_flight(echo_server_rpc(echo));
    good = good && in_flight == PARKED && measure(client, &beside_p50, &beside_p99);
    size_t still = fam_server_calls_in_flight(echo_server_rpc(echo));
    size_t failed = 0;
    for (int i = 0; i < PARKED; i++) {
        struct fam_status status;
        failed += fam_rpc_wait(&parked[i], &status) == FAM_OK ? 0 : 1;
        fam_rpc_done(&parked[i]);
    }
    fam_client_free(client);
    echo_server_stop(echo);
    printf("inline call, one at a time: at rest p50 %.0f us, p99 %.0f us\n", rest_p50, rest_p99);
    printf("beside %zu parked calls (%zu at the end): p50 %.0f us, p99 %.0f us; ratio of medians %.2f\n", in_flight,
           still, beside_p50, beside_p99, beside_p50 / rest_p50);
    printf("parked calls that failed: %zu\n", failed);
    return good && failed == 0 && still == PARKED && beside_p50 < 2 * rest_p50 ? EXIT_SUCCESS : EXIT_FAILURE;
}
