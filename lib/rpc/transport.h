/* transport.h: the only room that knows nng: REQ/REP messages between programs over tcp:// and tls+tcp://.
 *
 * The rules that libnng 1.5.2 asks for live here and nowhere else: resending is off, receive sizes are bounded, a
 * receive starts only when its send is complete, sockets are opened once, no clean-up in callbacks, one reply for each
 * request. Callbacks run on nng's few threads and must not block. Thread-safe. */
#ifndef FAM_RPC_TRANSPORT_H
#define FAM_RPC_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "rpc/tls.h"

/* One message on its way; an nng_msg in disguise. */
struct fam_message;

/* Uninitialised bytes; NULL when memory is short. */
struct fam_message *fam_message_new(size_t size) FAM_MUST_CHECK;
void fam_message_free(struct fam_message *message);
void *fam_message_data(struct fam_message *message);
size_t fam_message_size(const struct fam_message *message);

/* ---- server side ---- */

struct fam_listener;
struct fam_slot; /* one REP context: takes a request, then owes one reply */

struct fam_listener_options {
    const char *const *urls; /* copied */
    size_t url_count;
    size_t slots;
    size_t message_bytes;
    bool pin;                          /* keep nng's threads on core 0; works only for the first socket of a process */
    const struct fam_tls_options *tls; /* needed by tls+tcp://; read by fam_listener_new */
    void *context;
    /* A request arrived; `message` is yours. Exactly one fam_slot_reply must follow, from any thread. */
    void (*on_request)(void *context, struct fam_slot *slot, struct fam_message *message, uint32_t connection);
    /* May this new connection stay? When not, it is closed, and only on_disconnect follows. */
    bool (*on_connect)(void *context, uint32_t connection);
    void (*on_disconnect)(void *context, uint32_t connection);
};

struct fam_listener *fam_listener_new(const struct fam_listener_options *options,
                                      struct fam_status *status) FAM_MUST_CHECK;
/* Binds all URLs and begins to receive. */
enum fam_code fam_listener_start(struct fam_listener *listener, struct fam_status *status) FAM_MUST_CHECK;
uint16_t fam_listener_port(const struct fam_listener *listener, size_t index);
/* Sends `reply` (taken; NULL sends an empty message) and makes the slot ready for the next request. */
void fam_slot_reply(struct fam_slot *slot, struct fam_message *reply);
/* on_disconnect follows. Harmless when it has gone already. */
void fam_connection_close(uint32_t connection);
/* No callback runs any more afterwards. Not from a callback. Waits two seconds at most for nng to take the connections
 * down (transport_close.h says why it may not); what it still refers to is then kept until the process ends. */
void fam_listener_stop(struct fam_listener *listener);
void fam_listener_free(struct fam_listener *listener);

/* ---- client side ---- */

struct fam_peer;    /* one REQ socket to one server */
struct fam_attempt; /* one request and its reply on a peer */

struct fam_peer_options {
    const char *url;
    size_t message_bytes;              /* largest reply */
    const struct fam_tls_options *tls; /* needed by tls+tcp://; read by fam_peer_new */
    void *context;
    /* The connection came up or went away. */
    void (*on_change)(void *context);
};

struct fam_peer *fam_peer_new(const struct fam_peer_options *options, struct fam_status *status) FAM_MUST_CHECK;
/* Every attempt has ended. Takes NULL. Not from a callback. Waits like fam_listener_stop. */
void fam_peer_free(struct fam_peer *peer);
bool fam_peer_is_connected(const struct fam_peer *peer);
/* Counts connections: another number means another connection. */
unsigned fam_peer_generation(const struct fam_peer *peer);
/* Gives the connection up; a new one is dialled. */
void fam_peer_reset(struct fam_peer *peer);
/* Why connecting failed since the start, when it was for a reason of TLS. Slow: not for every call. */
enum fam_tls_problem {
    FAM_TLS_NO_PROBLEM,
    FAM_TLS_UNTRUSTED, /* the server's certificate is not good */
    FAM_TLS_REFUSED    /* the server ended the handshake: ours is not good, or it speaks no TLS */
};
enum fam_tls_problem fam_peer_tls_problem(const struct fam_peer *peer);

/* How an attempt ended: OK with a reply (yours), or NULL and UNAVAILABLE (the connection broke) or CANCELLED. `sent`
 * false: not a byte of it reached the peer. Called once, on one of nng's threads; the attempt goes back to its peer
 * when this returns. */
typedef void fam_attempt_done(void *context, enum fam_code code, bool sent, struct fam_message *reply);

/* A free attempt; RESOURCE_EXHAUSTED when 4,096 are in use on this peer. It must be sent. */
struct fam_attempt *fam_peer_attempt(struct fam_peer *peer, fam_attempt_done *done, void *context,
                                     struct fam_status *status) FAM_MUST_CHECK;
/* Sends `request` (taken) and receives the reply. There is no time limit here: whoever waits cancels. (nng 1.5.2 may
 * apply a time-out that has just fired to the next use of the same operation, so its time-outs are not used.) */
void fam_attempt_send(struct fam_attempt *attempt, struct fam_message *request);
/* `done` comes soon, with CANCELLED unless something else was first. May come before fam_attempt_send. Only while
 * `done` has not returned: hold a lock that `done` takes. */
void fam_attempt_cancel(struct fam_attempt *attempt);
/* Has it not left this side yet? The same condition. */
bool fam_attempt_is_unsent(const struct fam_attempt *attempt);

#endif
