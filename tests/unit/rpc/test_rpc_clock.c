/* A wall clock that jumps: calls, pauses and deadlines do not notice. This program has its own clock_gettime, so that
 * what reads the wall clock gets a time that is off by hours, now forwards, now backwards. tests/lint/clocks sees to it
 * that nothing asks the kernel to wait by that clock. */
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

#include "echo_calls.h"

static atomic_long offset_s;

/* The C library's, for whoever is linked against this program. */
int clock_gettime(clockid_t clock, struct timespec *ret_now);
int clock_gettime(clockid_t clock, struct timespec *ret_now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, ret_now);
    if (clock == CLOCK_REALTIME) {
        ret_now->tv_sec += atomic_load(&offset_s);
    }
    return result;
}

static int64_t true_wall_ms(void)
{
    struct timespec now;
    (void)syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void jump(long seconds)
{
    atomic_store(&offset_s, seconds);
    int64_t off_ms = fam_wall_ms() - true_wall_ms();
    cr_assert_leq(llabs(off_ms - seconds * 1000), 1000, "the seam does not work");
}

static const long JUMPS[] = {7200, -7200, 86400L * 365, -86400L * 365, 0};

Test(rpc_clock, calls_take_as_long_as_they_take, .timeout = 60)
{
    struct echo_server *echo = echo_server_start(16, 2);
    struct fam_client *client = echo_client(echo, "fam_bot");
    assert_serves(client);
    for (size_t i = 0; i < sizeof(JUMPS) / sizeof(JUMPS[0]); i++) {
        struct fam_status status;
        char text[] = "parked";
        Fam__Test__V1__EchoRequest request = FAM__TEST__V1__ECHO_REQUEST__INIT;
        request.text = text;
        request.park_ms = 150;
        struct fam_rpc rpc;
        uint64_t start_ms = fam_mono_ms();
        fam_rpc_init(&rpc, NULL);
        fam__test__v1__echo_service__echo(fam_client_service(client, &fam__test__v1__echo_service__descriptor),
                                          &request, NULL, &rpc);
        jump(JUMPS[i]); /* while it is under way */
        cr_assert_eq(fam_rpc_wait(&rpc, &status), FAM_OK, "%s", status.message);
        fam_rpc_done(&rpc);
        cr_assert_geq(fam_mono_ms() - start_ms, 145);
        cr_assert_lt(fam_mono_ms() - start_ms, 5000);
    }
    fam_client_free(client);
    echo_server_stop(echo);
}

Test(rpc_clock, deadlines_and_pauses_are_as_long_as_they_are, .timeout = 60)
{
    struct echo_server *echo = echo_server_start(16, 2);
    struct fam_client *client = echo_client(echo, "fam_bot");
    assert_serves(client);
    for (size_t i = 0; i < sizeof(JUMPS) / sizeof(JUMPS[0]); i++) {
        struct fam_status status;
        jump(JUMPS[i]);
        uint64_t start_ms = fam_mono_ms();
        cr_assert_eq(echo_with(client, 20000, &(struct fam_rpc_options){.timeout_ms = 200}, &status),
                     FAM_DEADLINE_EXCEEDED);
        cr_assert_geq(fam_mono_ms() - start_ms, 195);
        cr_assert_lt(fam_mono_ms() - start_ms, 5000);
        Fam__Test__V1__FailRequest request = FAM__TEST__V1__FAIL_REQUEST__INIT;
        request.code = FAM_UNAVAILABLE;
        request.times = echo_server_fails(echo) + 1;
        struct fam_rpc rpc;
        fam_rpc_init(&rpc, &(struct fam_rpc_options){.timeout_ms = 5000, .read_only = true});
        cr_assert_eq(FAM_RPC(client, fam__test__v1__echo_service, fail, &rpc, &request, &status), FAM_OK);
        fam_rpc_done(&rpc);
    }
    WAIT_FOR(fam_server_calls_in_flight(echo_server_rpc(echo)) == 0);
    fam_client_free(client);
    echo_server_stop(echo);
}
