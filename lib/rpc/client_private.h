/* client_private.h: what client.c and rpc.c share. Private to the RPC client. */
#ifndef FAM_RPC_CLIENT_PRIVATE_H
#define FAM_RPC_CLIENT_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/secret.h"
#include "rpc/client.h"
#include "rpc/transport.h"

enum {
    FAM_CLIENT_MAGIC = 0x636c6e74,
    FAM_CLIENT_PEERS_MAX = 16,
    FAM_CLIENT_SERVICES_MAX = 16,
    /* The retry budget: a call that needs no retry earns 1, a retry costs 10, at most ten retries are saved up. */
    FAM_RETRY_COST = 10,
    FAM_RETRY_TOKENS_MAX = 100,
};

struct fam_client_service {
    ProtobufCService base; /* first: the stubs see only this */
    struct fam_client *client;
};

struct fam_client {
    uint32_t magic;
    struct fam_peer *peers[FAM_CLIENT_PEERS_MAX];
    size_t peer_count;
    struct fam_client_service services[FAM_CLIENT_SERVICES_MAX];
    size_t service_count;
    struct fam_secret token;
    char *version;
    size_t response_bytes;
    atomic_uint_fast64_t next_call_id;
    atomic_int retry_tokens;
    pthread_mutex_t lock; /* guards services; `changed` tells of connections */
    pthread_cond_t changed;
};

/* The connected server with the fewest calls in flight; waits two seconds at most (and not past `deadline_ms`) for one
 * to connect. NULL when there is none. */
struct fam_peer *fam_client_choose(struct fam_client *client, uint64_t deadline_ms);
bool fam_client_take_retry(struct fam_client *client);
void fam_client_earn_retry(struct fam_client *client);

/* rpc.c: packs the request and sends the first attempt. */
void fam_rpc_begin(struct fam_rpc *rpc, struct fam_client *client, const ProtobufCServiceDescriptor *descriptor,
                   unsigned method_index, const ProtobufCMessage *input);

#endif
