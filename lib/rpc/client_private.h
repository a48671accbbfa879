/* client_private.h: what client.c, rpc.c, attempt.c and keeper.c share. Private to the RPC client.
 *
 * A call is on the client's list from its begin to its end. Its phase says who moves it next: WAITING and PAUSED the
 * keeper, SENT the transport, MOVING the thread that made it so. The keeper is one thread: it ends calls whose time is
 * up, goes on with those that wait, and looks after the servers. One lock guards all of it; it is held for short list
 * operations and taken inside callbacks of the transport, but never while a message is sent. */
#ifndef FAM_RPC_CLIENT_PRIVATE_H
#define FAM_RPC_CLIENT_PRIVATE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/secret.h"
#include "fam/rpc/v1/envelope.pb-c.h"
#include "rpc/client.h"
#include "rpc/transport.h"

enum {
    FAM_CLIENT_MAGIC = 0x636c6e74,
    FAM_CLIENT_PEERS_MAX = 16,
    FAM_CLIENT_SERVICES_MAX = 16,
    FAM_CONNECT_WAIT_MS = 2000,
    FAM_METHOD_NAME_SIZE = 128,
    /* The retry budget: a call that needs no retry earns 1, a retry costs 10, at most ten retries are saved up. */
    FAM_RETRY_COST = 10,
    FAM_RETRY_TOKENS_MAX = 100,
};

struct fam_client_service {
    ProtobufCService base; /* first: the stubs see only this */
    struct fam_client *client;
};

/* A server. A flag with a generation beside it is of that connection: a new one starts afresh. */
struct fam_client_peer {
    struct fam_client *client;
    struct fam_peer *transport;
    /* under client->lock */
    size_t in_flight;        /* without pings and cancels */
    uint64_t quiet_since_ms; /* when it last answered, or got the first call that it owes an answer to */
    bool probing;
    bool stalled, draining;
    unsigned stalled_generation, draining_generation;
    uint64_t stalled_since_ms;
    uint64_t avoid_until_ms;
};

enum fam_rpc_phase { FAM_RPC_MOVING, FAM_RPC_WAITING, FAM_RPC_PAUSED, FAM_RPC_SENT, FAM_RPC_ENDED };
/* Why the client itself ended an attempt. */
enum fam_rpc_cut { FAM_CUT_NONE, FAM_CUT_CANCELLED, FAM_CUT_DEADLINE, FAM_CUT_LOST, FAM_CUT_STALLED };

struct fam_rpc_state {
    struct fam_client *client;
    const struct fam_rpc_options *options;
    const ProtobufCMessageDescriptor *output; /* NULL: a ping or a cancel */
    char method[FAM_METHOD_NAME_SIZE];
    uint64_t deadline_ms;
    struct fam_client_peer *bound;              /* of pings and cancels: goes nowhere else */
    void (*ended)(struct fam_rpc_state *state); /* NULL: somebody waits for `wake` */
    void *context;
    sem_t wake;
    /* under client->lock */
    enum fam_rpc_phase phase;
    uint64_t move_ms; /* WAITING: when to give up; PAUSED: when to go on */
    struct fam_rpc_state *previous, *next;
    struct fam_client_peer *peer;
    struct fam_attempt *attempt;
    uint64_t call_id;
    unsigned attempts;
    unsigned repeats; /* of attempts that count against the policy */
    bool cancelled;
    bool held;    /* its server has stalled and there is no other: it waits for either, by its deadline */
    bool in_stub; /* its callback must not run yet */
    enum fam_rpc_cut cut;
    /* the end; *status is filled unless code is OK */
    enum fam_code code;
    struct fam_status status;
    Fam__Rpc__V1__Response *envelope;
    ProtobufCMessage *response;
    size_t payload_size;
    uint8_t payload[];
};

struct fam_client {
    uint32_t magic;
    struct fam_client_peer peers[FAM_CLIENT_PEERS_MAX];
    size_t peer_count;
    struct fam_client_service services[FAM_CLIENT_SERVICES_MAX];
    size_t service_count;
    struct fam_secret token;
    char *version;
    size_t request_bytes, response_bytes;
    uint32_t keepalive_ms;
    atomic_uint_fast64_t next_call_id;
    atomic_int retry_tokens;
    atomic_uint_fast64_t retries, failovers, stalls;
    pthread_mutex_t lock;
    pthread_cond_t emptied;
    bool lock_ready;
    struct fam_rpc_state *calls;
    bool closing;
    uint64_t keeper_next_ms; /* when the keeper looks next */
    bool keeper_stops;
    pthread_t keeper;
    bool keeper_runs;
    sem_t keeper_wake; /* posted without the lock too: by callbacks that must not take it */
};

/* client.c; under client->lock where it says so */
bool fam_client_take_retry(struct fam_client *client);
void fam_client_earn_retry(struct fam_client *client);
/* Lock. The usable server with the fewest calls in flight; one that drains or is to be avoided when there is no better;
 * NULL when none is connected or all stalled. */
struct fam_client_peer *fam_client_choose(struct fam_client *client, uint64_t now_ms);
/* Lock. Is there a usable server beside this one? */
bool fam_client_has_other(const struct fam_client *client, const struct fam_client_peer *peer, uint64_t now_ms);
/* Lock. */
bool fam_client_peer_is_stalled(const struct fam_client_peer *peer);
/* Lock. Is a server still connected that has stalled, so that waiting for it promises something? */
bool fam_client_has_stalled(const struct fam_client *client);
/* Lock. Something came from it. */
void fam_client_peer_heard(struct fam_client_peer *peer, uint64_t now_ms);

/* rpc.c */
struct fam_rpc_state *fam_rpc_state_new(struct fam_client *client, const struct fam_rpc_options *options,
                                        size_t payload_size);
void fam_rpc_state_free(struct fam_rpc_state *state);
/* Packs the request and sends the first attempt. */
void fam_rpc_begin(struct fam_rpc *rpc, struct fam_client *client, const ProtobufCServiceDescriptor *descriptor,
                   unsigned method_index, const ProtobufCMessage *input);

/* attempt.c: how a call moves. */
/* Puts a new call, phase MOVING, onto the list. */
void fam_rpc_enlist(struct fam_rpc_state *state);
/* Sends the next attempt of a call that this thread made MOVING, or lets it wait for a server, or ends it. */
void fam_rpc_advance(struct fam_rpc_state *state);
/* Ends a call that this thread made MOVING; state->code and status are set. It is gone when this returns. */
void fam_rpc_end(struct fam_rpc_state *state);
/* May it be executed twice? */
bool fam_rpc_is_repeatable(const struct fam_rpc_state *state);
/* Lock. Ends its attempt, for a reason; what follows is decided when the transport has let go. */
void fam_rpc_cut(struct fam_rpc_state *state, enum fam_rpc_cut why);

/* keeper.c */
enum fam_code fam_keeper_start(struct fam_client *client, struct fam_status *status);
void fam_keeper_stop(struct fam_client *client);
/* Lock. The keeper looks at `at_ms` at the latest. */
void fam_keeper_wants(struct fam_client *client, uint64_t at_ms);
/* Asks a server whether it is there; one question at a time. Tells it to end a call. Neither waits. */
void fam_keeper_ping(struct fam_client_peer *peer);
void fam_keeper_send_cancel(struct fam_client_peer *peer, uint64_t call_id);

#endif
