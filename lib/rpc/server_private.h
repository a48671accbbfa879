/* server_private.h: what server.c, dispatch.c, interceptors.c and calls.c share. Private to the RPC server.
 *
 * Life of a call. It has two owners: the registry of live calls, until it is answered, and the handler, until that has
 * answered. `answered` is set once, by whoever answers first: the handler, or the janitor after a deadline, a cancel or
 * a lost connection. The last owner to let go frees it. Locks: registry.lock is held for short list operations and for
 * cancel hooks only; queue.lock never together with it. */
#ifndef FAM_RPC_SERVER_PRIVATE_H
#define FAM_RPC_SERVER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "fam/rpc/v1/envelope.pb-c.h"
#include "rpc/arena.h"
#include "rpc/connections.h"
#include "rpc/server.h"
#include "rpc/transport.h"
#include "rpc/validate.h"

enum {
    FAM_CALL_MAGIC = 0x63616c6c,
    FAM_CALL_SPARE_SLOTS = 32,
    FAM_REPLAY_BYTES = 256,
    FAM_UNPACK_LIMIT_BYTES = 1 << 20,
    FAM_TIMEOUT_MAX_MS = 600000,
    FAM_CLOSED_REMEMBERED = 64,
    FAM_CANCELS_REMEMBERED = 256, /* a power of two */
};

/* A method of a served service, found by its full name. */
struct fam_route {
    const struct fam_method *method;
    size_t index; /* in the method table */
    ProtobufCService *service;
    unsigned service_index; /* of the method in its service's descriptor */
    const ProtobufCMessageDescriptor *input;
};

struct fam_call {
    uint32_t magic;
    atomic_int owners;
    struct fam_server *server;
    struct fam_slot *slot;
    uint32_t connection;
    const struct fam_route *route; /* NULL: unknown method */
    const Fam__Rpc__V1__Request *request;
    ProtobufCMessage *input;
    struct fam_principal principal;
    struct fam_uuid acting_user;
    bool has_acting_user;
    atomic_size_t *admitted; /* where it counts: calls or long polls in flight; NULL: nowhere */
    char request_id[65];
    char consistency_token[40];
    unsigned char replay[FAM_REPLAY_BYTES];
    size_t replay_size;
    bool has_replay;
    uint64_t started_ns;
    uint64_t deadline_ns;
    atomic_bool answered;
    atomic_int cancel_code; /* FAM_OK: not cancelled */
    /* under registry.lock */
    bool registered;
    void (*cancel_hook)(void *context);
    void *cancel_context;
    struct fam_call *previous, *next;
    /* under queue.lock */
    bool queued;
    void (*step)(void *context); /* of a call that was resumed; its handler owns it, queued or not */
    void *step_context;
    struct fam_call *queue_previous, *queue_next;
    struct fam_arena arena;
};

/* Live calls, and the janitor that answers those whose time is up. */
struct fam_registry {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t janitor;
    bool janitor_runs;
    bool stopping;
    bool attention;        /* some call was cancelled: look at once */
    uint64_t next_ns;      /* when the janitor looks next */
    uint64_t idle_next_ms; /* when it looks for idle connections; the janitor's own */
    struct fam_call *first;
    size_t count;
    /* Connections that went away lately: a call of one of them may be on its way into the registry. */
    uint32_t closed[FAM_CLOSED_REMEMBERED];
    size_t closed_next;
    /* Cancels that found nothing: their call may be on its way too, for requests are taken in by several threads. By
     * call_id. */
    struct {
        uint32_t connection;
        uint64_t call_id;
    } early[FAM_CANCELS_REMEMBERED];
};

struct fam_call_queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct fam_call *head, *tail;
    size_t count;
    bool closed;
};

struct fam_server {
    struct fam_server_options options;
    struct fam_listener *listener;
    ProtobufCService *services[32];
    size_t service_count;
    struct fam_route *routes; /* sorted by name */
    size_t route_count;
    struct fam_rules *rules;
    struct fam_registry registry;
    struct fam_call_queue queue;
    pthread_t *threads;
    size_t thread_count;
    pthread_mutex_t idle_lock;
    pthread_cond_t idle;
    atomic_size_t in_flight;
    atomic_size_t polls_in_flight;
    struct fam_connections *connections;
    atomic_uint_fast64_t idle_closes;
    pthread_mutex_t pool_lock;
    struct fam_call *pool; /* calls to be used again, by `next` */
    size_t pool_count;
    atomic_bool draining;
    atomic_uint_fast64_t request_counter;
    char request_prefix[12];
    bool started;
};

/* calls.c */
enum fam_code fam_registry_init(struct fam_server *server, struct fam_status *status);
/* Ends the janitor. Connections that close still come in, until the transport has stopped; then fam_registry_done. */
void fam_registry_stop(struct fam_server *server);
void fam_registry_done(struct fam_server *server);
void fam_registry_add(struct fam_call *call);
/* Marks the live calls that match; the janitor answers them. call_id 0 means all calls of a connection that has gone.
 * Returns how many. */
size_t fam_registry_cancel(struct fam_server *server, uint32_t connection, uint64_t call_id);
void fam_registry_cancel_all(struct fam_server *server);
struct fam_call *fam_call_new(struct fam_server *server, struct fam_slot *slot, uint32_t connection);
void fam_call_pool_free(struct fam_server *server);
/* Ends that many ownerships (1 or 2) of the caller's. */
void fam_call_let_go(struct fam_call *call, int owners);
/* The handler's side of an answer: sends it unless somebody was first, then lets go of the handler's ownership. */
void fam_call_answer(struct fam_call *call, const struct fam_status *failure, const ProtobufCMessage *output);

/* answer.c: packs and sends; the caller has won `answered`. */
void fam_call_send(struct fam_call *call, const struct fam_status *failure, const ProtobufCMessage *output);

/* interceptors.c: everything between the queue and the handler. May run on a transport thread when the method is inline
 * (`may_block` false); *ret_would_block then asks for a worker. */
enum fam_code fam_intercept(struct fam_call *call, bool may_block, bool *ret_would_block, struct fam_status *status);

/* dispatch.c */
void fam_dispatch_request(void *context, struct fam_slot *slot, struct fam_message *message, uint32_t connection);
void *fam_dispatch_worker(void *server);
void fam_queue_close(struct fam_server *server);
/* Takes a call that no worker has yet out of the queue. False when there is none: the handler owns it. */
bool fam_queue_remove(struct fam_call *call);
const struct fam_route *fam_route_find(const struct fam_server *server, const char *name);

#endif
