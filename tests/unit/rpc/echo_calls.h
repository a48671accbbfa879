/* echo_calls.h: calls of the echo service, as the tests of lib/rpc make them. */
#ifndef FAM_TESTS_ECHO_CALLS_H
#define FAM_TESTS_ECHO_CALLS_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "echo_server.h"
#include "fam/test/v1/echo.pb-c.h"

/* Echo of "text"; the handler answers after park_ms. */
static inline enum fam_code echo_with(struct fam_client *client, uint32_t park_ms,
                                      const struct fam_rpc_options *options, struct fam_status *status)
{
    char text[] = "text";
    Fam__Test__V1__EchoRequest request = FAM__TEST__V1__ECHO_REQUEST__INIT;
    request.text = text;
    request.park_ms = park_ms;
    struct fam_rpc rpc;
    status->message[0] = '\0';
    fam_rpc_init(&rpc, options);
    enum fam_code code = FAM_RPC(client, fam__test__v1__echo_service, echo, &rpc, &request, status);
    fam_rpc_done(&rpc);
    return code;
}

/* After abuse a good call is still answered. */
static inline void assert_serves(struct fam_client *client)
{
    struct fam_status status;
    const struct fam_rpc_options options = {.timeout_ms = 10000};
    cr_assert_eq(echo_with(client, 0, &options, &status), FAM_OK, "%s", status.message);
}

static inline struct fam_client *client_of(const struct fam_client_options *options)
{
    struct fam_status status = {.message = ""};
    struct fam_client *client = fam_client_new(options, &status);
    cr_assert_not_null(client, "%s", status.message);
    return client;
}

/* Polls until `condition` is true; fails the test after ten seconds. */
#define WAIT_FOR(condition)                                                                                            \
    do {                                                                                                               \
        uint64_t wait_until_ms = fam_mono_ms() + 10000;                                                                \
        while (!(condition)) {                                                                                         \
            cr_assert_lt(fam_mono_ms(), wait_until_ms, "never: %s", #condition);                                       \
            usleep(2000);                                                                                              \
        }                                                                                                              \
    } while (0)

static inline unsigned servers_connected(struct fam_client *client)
{
    struct fam_client_stats stats;
    fam_client_stats(client, &stats);
    return stats.connected;
}

#endif
