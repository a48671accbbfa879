/* server.h: the RPC server: nng REP contexts → admission → interceptors → protobuf-c services → one answer.
 *
 * Interceptors run in this order: request id and log, metrics, deadline, authentication, authorisation, validation,
 * rate limit, idempotency look-up, handler. Methods marked inline run on the transport's thread; all others on
 * `workers` threads behind a bounded queue.
 *
 * Above `calls` in flight there are spare slots that refuse, cancel, ping and answer inline methods, so that a busy
 * server still says that it is. A connection is closed when it is one too many, when it asked nothing for `idle_ms` and
 * is owed nothing, and when its client does not read its answers.
 *
 * Life: fam_server_new → fam_server_add_service… → fam_server_start → (calls) → fam_server_drain → fam_server_free. */
#ifndef FAM_RPC_SERVER_H
#define FAM_RPC_SERVER_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "rpc/call.h"
#include "rpc/method.h"
#include "rpc/tls.h"

struct fam_log;
struct fam_metrics;
struct fam_server;

/* What the program brings to the interceptors. Each runs on a worker thread and may block, except where noted. */
struct fam_server_hooks {
    void *context;
    /* Who bears this token? UNAUTHENTICATED for an unknown or revoked one. With `may_block` false (inline methods)
     * it answers from memory, and sets *ret_would_block when it can't: the call then goes to a worker. */
    enum fam_code (*authenticate)(void *context, const char *token, bool may_block, bool *ret_would_block,
                                  struct fam_principal *ret_principal, struct fam_status *status);
    /* May this principal call now (rate limit per token)? NULL: always. */
    enum fam_code (*admit)(void *context, const struct fam_call *call, struct fam_status *status);
    /* Is the program able to serve methods without FAM_METHOD_WITHOUT_SCHEMA? Must not block. NULL: always. */
    enum fam_code (*ready)(void *context, struct fam_status *status);
    /* Has this idempotency key been used? If so it hands over what was written then, by fam_call_set_replay, or fails
     * when the request is another one. Only called with a key. NULL: never. */
    enum fam_code (*look_up)(void *context, struct fam_call *call, struct fam_status *status);
    /* An admin gave a reason to open personal text: write it down before the handler runs. NULL: nothing. */
    enum fam_code (*audit)(void *context, const struct fam_call *call, struct fam_status *status);
};

struct fam_server_options {
    const char *const
        *urls; /* tcp:// or tls+tcp://host:port, port 0 takes a free one; borrowed until fam_server_free */
    size_t url_count;
    const struct fam_tls_options *tls; /* needed by tls+tcp://; read by fam_server_start */
    const struct fam_method *methods;  /* borrowed until fam_server_free */
    size_t method_count;
    const struct fam_field_rule *rules; /* borrowed until fam_server_free */
    size_t rule_count;
    size_t calls;      /* calls in flight; above: RESOURCE_EXHAUSTED */
    size_t long_polls; /* the same for methods marked FAM_METHOD_LONG_POLL; 0: 64 */
    size_t workers;
    size_t message_bytes; /* largest request; 0: 64 KiB */
    size_t connections;   /* open at the same time; a further one is closed; 0: 1,024 */
    uint32_t idle_ms;     /* a connection that is not used for so long is closed; 0: never */
    bool pin_transport;   /* keep the transport's threads on one core */
    struct fam_log *log;
    struct fam_metrics *metrics;
    struct fam_server_hooks hooks;
};

struct fam_server *fam_server_new(const struct fam_server_options *options, struct fam_status *status) FAM_MUST_CHECK;
/* `service` is borrowed until fam_server_free. Before fam_server_start. */
enum fam_code fam_server_add_service(struct fam_server *server, ProtobufCService *service,
                                     struct fam_status *status) FAM_MUST_CHECK;
/* Listens. Refuses when a served method is missing in the table or the reverse. */
enum fam_code fam_server_start(struct fam_server *server, struct fam_status *status) FAM_MUST_CHECK;
/* The port that url number `index` is bound to. */
uint16_t fam_server_port(const struct fam_server *server, size_t index);
/* From now on new calls are refused (UNAVAILABLE, DRAINING), on which clients go to another server. Inline methods,
 * pings and cancels are answered. Does not wait. */
void fam_server_start_drain(struct fam_server *server);
/* The same, and waits until those in flight are answered, `timeout_ms` at most, then cancels the rest.
 * True when all were answered in time. */
bool fam_server_drain(struct fam_server *server, uint32_t timeout_ms);
bool fam_server_is_draining(const struct fam_server *server);
size_t fam_server_calls_in_flight(const struct fam_server *server);
/* Takes NULL and a half-built server. Waits for handlers that still run. */
void fam_server_free(struct fam_server *server);

#endif
