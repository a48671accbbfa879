/* echo_server.h: an RPC server with the service of echo.proto, on a free port, for the tests of lib/rpc. */
#ifndef FAM_TESTS_ECHO_SERVER_H
#define FAM_TESTS_ECHO_SERVER_H

#include <stdatomic.h>
#include <stddef.h>

#include "rpc/client.h"
#include "rpc/server.h"

/* Tokens that it knows: "fam_bot", "fam_admin", "fam_service" (may call Echo only). */
struct echo_server;

struct echo_options {
    size_t calls, workers;
    size_t connections; /* 0: 1,024 */
    uint32_t idle_ms;   /* 0: never closed */
    const char *url;    /* NULL: tcp://127.0.0.1:0 */
    const struct fam_tls_options *tls;
    int log_fd; /* of a log at INFO; 0: none */
};
/* Ends the test's process when it can't start. */
struct echo_server *echo_server_start_with(const struct echo_options *options);
/* NULL, with *status filled, when it can't start. */
struct echo_server *echo_server_try(const struct echo_options *options, struct fam_status *status);
struct echo_server *echo_server_start(size_t calls, size_t workers);
/* With a log at INFO into `fd`. */
struct echo_server *echo_server_start_logged(size_t calls, size_t workers, int fd);
void echo_server_stop(struct echo_server *echo);
struct fam_server *echo_server_rpc(struct echo_server *echo);
const char *echo_server_url(const struct echo_server *echo);
/* Calls with park_ms whose handler has run: from then on a cancel reaches it. A call that is only in flight may still
 * be waiting for its worker. */
unsigned echo_server_parked(const struct echo_server *echo);
/* How many handlers saw a cancel; how often Fail was called, and Change. */
unsigned echo_server_cancels(const struct echo_server *echo);
unsigned echo_server_fails(const struct echo_server *echo);
unsigned echo_server_changes(const struct echo_server *echo);
/* A client with `token`; fails the test when it can't be made. */
struct fam_client *echo_client(const struct echo_server *echo, const char *token);

#endif
