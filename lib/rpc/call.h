/* call.h: one call at the server, from its arrival to its one answer.
 *
 * A handler gets the call as `closure_data`. It answers exactly once, on any thread, now or later: by the generated
 * closure with a response message, or by fam_call_fail. Whoever answers first wins: when the deadline passes or the
 * caller cancels, the server answers itself and a later answer is dropped. The request message and the call live until
 * the handler has answered; a handler that answers later needs no reference of its own, but must answer.
 *
 * Getters are thread-safe; fields of the request never change. Borrowed pointers live as long as the call. */
#ifndef FAM_RPC_CALL_H
#define FAM_RPC_CALL_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "rpc/method.h"

struct fam_call;

enum { FAM_METHODS_MAX = 256 };

/* Who calls: filled by the authentication hook. */
struct fam_principal {
    struct fam_uuid token_id;
    unsigned role; /* one bit of enum fam_role; 0: nobody */
    char name[65];
    char scope[80];                          /* of idempotency keys: role and name */
    bool personal_text;                      /* of a service */
    uint64_t may_call[FAM_METHODS_MAX / 64]; /* of a service: one bit for each index of the method table */
};

const struct fam_method *fam_call_method(const struct fam_call *call);
const struct fam_principal *fam_call_principal(const struct fam_call *call);
const char *fam_call_request_id(const struct fam_call *call);
/* "" when absent, like the next three. */
const char *fam_call_idempotency_key(const struct fam_call *call);
const char *fam_call_reason(const struct fam_call *call);
const char *fam_call_session_id(const struct fam_call *call);
const char *fam_call_consistency_token(const struct fam_call *call);
/* NULL when the call acts for nobody. */
const struct fam_uuid *fam_call_acting_user(const struct fam_call *call);
/* The serialised request, for the idempotency HMAC. */
const void *fam_call_payload(const struct fam_call *call, size_t *ret_size);
/* When it arrived, as fam_mono_ms tells time. */
uint64_t fam_call_began_ms(const struct fam_call *call);
/* Checks a message inside the request whose field's rule is per_item, as the server has checked all others. */
enum fam_code fam_call_check(const struct fam_call *call, const ProtobufCMessage *message,
                             struct fam_status *status) FAM_MUST_CHECK;
/* Milliseconds left; 0 when the deadline has passed. */
uint32_t fam_call_remaining_ms(const struct fam_call *call);
/* Has the caller cancelled, vanished, or run out of time? */
bool fam_call_is_cancelled(const struct fam_call *call);
/* Called once, on a server thread, when that happens before the answer; it must neither block nor answer the call
 * (the server does). At most one hook; never runs after the handler's answer has returned. If it has happened already
 * the hook runs at once, on this thread. */
void fam_call_on_cancel(struct fam_call *call, void (*hook)(void *context), void *context);

/* What the idempotency look-up found: ids from which the handler rebuilds its answer instead of acting again. Copies;
 * false when memory is short or there are more than 256 bytes. */
bool fam_call_set_replay(struct fam_call *call, const void *ids, size_t size) FAM_MUST_CHECK;
/* NULL when the call is new. */
const void *fam_call_replay(const struct fam_call *call, size_t *ret_size);

/* Runs `step` soon, once, on a worker thread: for a handler that returned without an answer and learnt, on a thread
 * that must not block, what it waited for. The call keeps its place among those in flight; a step runs also when the
 * call was answered meanwhile (cancelled, out of time), so that it can clean up, and must answer like a handler or
 * resume again. At most one step is outstanding. From any thread. */
void fam_call_resume(struct fam_call *call, void (*step)(void *context), void *context);

/* The database position for the answer's consistency_token; call before answering. */
void fam_call_set_consistency_token(struct fam_call *call, const char *token);
void fam_call_fail(struct fam_call *call, const struct fam_status *status);

#endif
