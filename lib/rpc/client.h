/* client.h: calls to RPC servers through the generated stubs.
 *
 *   struct fam_rpc_options options = {.timeout_ms = 5000, .acting_user = &user_id};
 *   Fam__V1__GetFamilyRequest request = FAM__V1__GET_FAMILY_REQUEST__INIT;
 *   struct fam_rpc rpc;
 *   fam_rpc_init(&rpc, &options);
 *   fam__v1__family_service__get_family(fam_client_service(client, &fam__v1__family_service__descriptor), &request,
 *                                       NULL, &rpc);
 *   enum fam_code code = fam_rpc_wait(&rpc, &status);
 *   const Fam__V1__GetFamilyResponse *response = fam_rpc_response(&rpc);   // NULL unless code is FAM_OK
 *   …
 *   fam_rpc_done(&rpc);
 *
 * FAM_RPC below does the middle part. Whoever keeps many calls in flight needs no thread for each: a call begun after
 * fam_rpc_init_async ends in a callback.
 *
 * One REQ socket for each server URL; a call goes to the usable server with the fewest calls in flight and is sent once
 * for each attempt: nothing is resent behind our back. Usable is a server that is connected, has not stalled, does not
 * drain, and has not lately answered UNAVAILABLE with a time to wait. Without one, a call waits two seconds for a
 * connection; for a connected server that has stalled, a call that may be repeated waits by its own deadline.
 *
 * Stalled is a server that owes answers, has sent nothing for `keepalive_ms`, and leaves a fam.rpc.v1/Ping unanswered
 * as long: its attempts go to another server or, where they may not, end as UNAVAILABLE; new calls avoid it, and pings
 * go on until it is back. When there is no other server, calls that may be repeated stay with it: they are answered
 * once, when it is back, or go to the first other server that comes, or end by their deadline with the reason
 * PEER_STALLED.
 *
 * What is repeated, inside the deadline:
 *   - a call that was not executed (never sent, or refused with DRAINING) goes to another server at once;
 *   - a call with an idempotency key or `read_only` whose connection broke or whose server stalled goes to another
 * server at once, if there is one;
 *   - such a call that ended with UNAVAILABLE, RESOURCE_EXHAUSTED or ABORTED is repeated after retry_after_ms and a
 * random pause (full jitter), from a budget of one repeat for ten calls, ten saved up at most. struct fam_retry_policy
 * bounds all three. A lost connection, no usable server and an unreadable answer are UNAVAILABLE. Whatever the servers
 * do, a call ends by its deadline.
 *
 * A client is thread-safe; a struct fam_rpc belongs to the thread that made the call. */
#ifndef FAM_RPC_CLIENT_H
#define FAM_RPC_CLIENT_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "rpc/tls.h"

FAM_BEGIN_DECLS

struct fam_client;

struct fam_client_options {
    const char *urls;                  /* comma-separated: tcp://host:port, tls+tcp://host:port; 16 at most */
    const char *token;                 /* copied; "" for none */
    const char *version;               /* "fambot/0.1.0"; copied */
    size_t request_bytes;              /* largest request with its envelope; 0: 64 KiB, the server's bound */
    size_t response_bytes;             /* largest answer; 0: 4 MiB */
    uint32_t keepalive_ms;             /* 0: 1,500; the largest answer must come through in this time */
    const struct fam_tls_options *tls; /* needed by tls+tcp://; read by fam_client_new */
};

struct fam_client *fam_client_new(const struct fam_client_options *options, struct fam_status *status) FAM_MUST_CHECK;
/* Calls that still run end with CANCELLED; none may be begun any more. Not from a callback. Takes NULL. */
void fam_client_free(struct fam_client *client);
/* The service that the generated stubs take; owned by the client. NULL only when memory is short or more than 16
 * services are asked for. */
ProtobufCService *fam_client_service(struct fam_client *client, const ProtobufCServiceDescriptor *descriptor);
/* Is any server connected at this moment? */
bool fam_client_is_connected(const struct fam_client *client);

/* Since the client was made. */
struct fam_client_stats {
    uint64_t retries;   /* attempts after the first of a call */
    uint64_t failovers; /* of these, the ones that left a server which was lost, stalled or draining */
    uint64_t stalls;    /* times a server was found stalled */
    unsigned servers;   /* named */
    unsigned connected; /* at this moment, and not stalled */
};
void fam_client_stats(struct fam_client *client, struct fam_client_stats *ret_stats);

struct fam_retry_policy {
    unsigned attempts;         /* in all; 0: 3, at most 10; 1: the call goes to one server once, whatever comes */
    uint32_t backoff_first_ms; /* ceiling of the first random pause, doubled for each further one; 0: 50 */
    uint32_t backoff_max_ms;   /* ceiling of all; 0: 2,000 */
};

/* Borrowed until the call has ended. All but timeout_ms may be left out. */
struct fam_rpc_options {
    uint32_t timeout_ms; /* of all attempts together; 0: 30,000 */
    const struct fam_uuid *acting_user;
    const char *idempotency_key;
    const char *reason;
    const char *request_id;
    const char *session_id;
    const char *consistency_token;
    bool read_only; /* changes nothing: may be repeated without a key */
    struct fam_retry_policy retry;
};

struct fam_rpc {
    const struct fam_rpc_options *options;
    void (*done)(struct fam_rpc *rpc, enum fam_code code, const struct fam_status *status); /* NULL: fam_rpc_wait */
    void *context;                                                                          /* yours */
    struct fam_rpc_state *state;                                                            /* private */
};

/* `options` may be NULL. */
void fam_rpc_init(struct fam_rpc *rpc, const struct fam_rpc_options *options);
/* The call ends in `done`, once, on a thread of the transport or of the client: it must not block, nor free the client,
 * and may begin calls. *status is filled unless code is FAM_OK. rpc belongs to `done` from then on, which ends it,
 * there or later, by fam_rpc_done. (Only when memory is short `done` may run inside the stub.) */
void fam_rpc_init_async(struct fam_rpc *rpc, const struct fam_rpc_options *options,
                        void (*done)(struct fam_rpc *rpc, enum fam_code code, const struct fam_status *status),
                        void *context);
/* Blocks until the call has ended, by its deadline at the latest. Not after fam_rpc_init_async. */
enum fam_code fam_rpc_wait(struct fam_rpc *rpc, struct fam_status *status) FAM_MUST_CHECK;
/* From any thread, between the stub's return and fam_rpc_done: the call ends with CANCELLED unless it has ended, and
 * the server is told on the same connection. Does not wait. */
void fam_rpc_cancel(struct fam_rpc *rpc);
/* The response message (cast to its type), owned by rpc; NULL unless the call ended with FAM_OK. */
const ProtobufCMessage *fam_rpc_response(const struct fam_rpc *rpc);
const char *fam_rpc_consistency_token(const struct fam_rpc *rpc);
void fam_rpc_done(struct fam_rpc *rpc);

/* Calls and waits. `stub` is the generated function, `descriptor` the generated service descriptor:
 * code = FAM_RPC(client, fam__v1__family_service, get_family, &rpc, &request, &status); */
#define FAM_RPC(client, service, method, rpc, request, status)                                                         \
    (service##__##method(fam_client_service((client), &service##__descriptor), (request), NULL, (rpc)),                \
     fam_rpc_wait((rpc), (status)))

FAM_END_DECLS

#endif
