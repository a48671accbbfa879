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
 * FAM_RPC below does the middle part. One REQ socket for each server URL; a call goes to the connected server with the
 * fewest calls in flight and is sent once for each attempt: nothing is resent behind our back. Attempts are repeated
 * (three at most, backoff with full jitter, retry_after_ms obeyed, inside the deadline, from a budget of one retry for
 * ten calls) only on UNAVAILABLE and RESOURCE_EXHAUSTED, and only when the call has an idempotency key or `read_only`.
 * A lost connection, no connected server and an unreadable answer are UNAVAILABLE.
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

FAM_BEGIN_DECLS

struct fam_client;

struct fam_client_options {
    const char *urls;      /* comma-separated: tcp://host:port */
    const char *token;     /* copied; "" for none */
    const char *version;   /* "fambot/0.1.0"; copied */
    size_t response_bytes; /* largest answer; 0: 4 MiB */
};

struct fam_client *fam_client_new(const struct fam_client_options *options, struct fam_status *status) FAM_MUST_CHECK;
/* Waits for calls that run. Takes NULL. */
void fam_client_free(struct fam_client *client);
/* The service that the generated stubs take; owned by the client. NULL only when memory is short or more than 16
 * services are asked for. */
ProtobufCService *fam_client_service(struct fam_client *client, const ProtobufCServiceDescriptor *descriptor);
/* Is any server connected at this moment? */
bool fam_client_is_connected(const struct fam_client *client);

/* Borrowed until fam_rpc_wait returns. All but timeout_ms may be left out. */
struct fam_rpc_options {
    uint32_t timeout_ms; /* of all attempts together; 0: 30,000 */
    const struct fam_uuid *acting_user;
    const char *idempotency_key;
    const char *reason;
    const char *request_id;
    const char *session_id;
    const char *consistency_token;
    bool read_only; /* changes nothing: may be repeated without a key */
};

struct fam_rpc {
    const struct fam_rpc_options *options;
    struct fam_rpc_state *state; /* private */
};

void fam_rpc_init(struct fam_rpc *rpc, const struct fam_rpc_options *options);
/* Blocks until the call has ended, by its deadline at the latest. */
enum fam_code fam_rpc_wait(struct fam_rpc *rpc, struct fam_status *status) FAM_MUST_CHECK;
/* From another thread: the call ends with CANCELLED, the server is told. Only while fam_rpc_wait is running. */
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
