#include "rpc/client.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "rpc/client_private.h"

enum { REQUEST_BYTES_DEFAULT = 64 << 10, RESPONSE_BYTES_DEFAULT = 4 << 20, KEEPALIVE_DEFAULT_MS = 1500 };

/* May run under a lock of nng's: takes none of ours. */
static void on_change(void *context)
{
    struct fam_client_peer *peer = context;
    (void)sem_post(&peer->client->keeper_wake);
}

static enum fam_code add_peer(struct fam_client *client, const char *url, const struct fam_tls_options *tls,
                              struct fam_status *status)
{
    if (client->peer_count == FAM_CLIENT_PEERS_MAX) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "more than %d servers", FAM_CLIENT_PEERS_MAX);
    }
    struct fam_client_peer *peer = &client->peers[client->peer_count];
    peer->client = client;
    const struct fam_peer_options options = {
        .url = url, .message_bytes = client->response_bytes, .tls = tls, .context = peer, .on_change = on_change};
    peer->transport = fam_peer_new(&options, status);
    if (peer->transport == NULL) {
        return status->code;
    }
    client->peer_count++;
    return FAM_OK;
}

static enum fam_code add_peers(struct fam_client *client, const char *urls, const struct fam_tls_options *tls,
                               struct fam_status *status)
{
    char *copy = strdup(urls);
    if (copy == NULL) {
        return fam_fail_memory(status);
    }
    enum fam_code code = FAM_OK;
    char *rest = NULL;
    for (char *url = strtok_r(copy, ", ", &rest); code == FAM_OK && url != NULL; url = strtok_r(NULL, ", ", &rest)) {
        code = add_peer(client, url, tls, status);
    }
    free(copy);
    if (code == FAM_OK && client->peer_count == 0) {
        code = fam_fail(status, FAM_INVALID_ARGUMENT, "no server is named: set FAM_SERVERS to tcp://HOST:PORT");
    }
    return code;
}

static bool set_up(struct fam_client *client, const struct fam_client_options *options)
{
    client->magic = FAM_CLIENT_MAGIC;
    client->request_bytes = options->request_bytes == 0 ? REQUEST_BYTES_DEFAULT : options->request_bytes;
    client->response_bytes = options->response_bytes == 0 ? RESPONSE_BYTES_DEFAULT : options->response_bytes;
    client->keepalive_ms = options->keepalive_ms == 0 ? KEEPALIVE_DEFAULT_MS : options->keepalive_ms;
    atomic_store(&client->retry_tokens, FAM_RETRY_TOKENS_MAX);
    uint64_t first_id = 0;
    randombytes_buf(&first_id, sizeof(first_id));
    atomic_store(&client->next_call_id, first_id | 1u);
    client->lock_ready = pthread_mutex_init(&client->lock, NULL) == 0 &&
                         pthread_cond_init(&client->emptied, NULL) == 0 && sem_init(&client->keeper_wake, 0, 0) == 0;
    client->version = strdup(options->version == NULL ? "" : options->version);
    const char *token = options->token == NULL ? "" : options->token;
    return client->lock_ready && client->version != NULL && fam_secret_set(&client->token, token, strlen(token));
}

struct fam_client *fam_client_new(const struct fam_client_options *options, struct fam_status *status)
{
    struct fam_client *client = calloc(1, sizeof(*client));
    if (client == NULL || !set_up(client, options)) {
        (void)fam_fail_memory(status);
        fam_client_free(client);
        return NULL;
    }
    if (add_peers(client, options->urls, options->tls, status) != FAM_OK ||
        fam_keeper_start(client, status) != FAM_OK) {
        fam_client_free(client);
        return NULL;
    }
    return client;
}

/* Ends what runs and waits until it has: a cancelled attempt ends in nng on this side and waits for no peer. */
static void end_calls(struct fam_client *client)
{
    pthread_mutex_lock(&client->lock);
    client->closing = true;
    for (struct fam_rpc_state *state = client->calls; state != NULL; state = state->next) {
        state->cancelled = true;
        if (state->phase == FAM_RPC_SENT) {
            fam_rpc_cut(state, FAM_CUT_CANCELLED);
        }
    }
    fam_keeper_wants(client, 0);
    while (client->calls != NULL) {
        (void)pthread_cond_wait(&client->emptied, &client->lock);
    }
    pthread_mutex_unlock(&client->lock);
}

void fam_client_free(struct fam_client *client)
{
    if (client == NULL) {
        return;
    }
    if (client->keeper_runs) {
        end_calls(client);
        fam_keeper_stop(client);
    }
    for (size_t i = 0; i < client->peer_count; i++) {
        fam_peer_free(client->peers[i].transport);
    }
    fam_secret_done(&client->token);
    free(client->version);
    if (client->lock_ready) {
        (void)sem_destroy(&client->keeper_wake);
        (void)pthread_cond_destroy(&client->emptied);
        (void)pthread_mutex_destroy(&client->lock);
    }
    client->magic = 0;
    free(client);
}

bool fam_client_is_connected(const struct fam_client *client)
{
    for (size_t i = 0; i < client->peer_count; i++) {
        if (fam_peer_is_connected(client->peers[i].transport)) {
            return true;
        }
    }
    return false;
}

void fam_client_stats(struct fam_client *client, struct fam_client_stats *ret_stats)
{
    *ret_stats = (struct fam_client_stats){.retries = atomic_load(&client->retries),
                                           .failovers = atomic_load(&client->failovers),
                                           .stalls = atomic_load(&client->stalls),
                                           .servers = (unsigned)client->peer_count};
    pthread_mutex_lock(&client->lock);
    for (size_t i = 0; i < client->peer_count; i++) {
        const struct fam_client_peer *peer = &client->peers[i];
        bool there = fam_peer_is_connected(peer->transport) && !fam_client_peer_is_stalled(peer);
        ret_stats->connected += there ? 1 : 0;
    }
    pthread_mutex_unlock(&client->lock);
}

bool fam_client_peer_is_stalled(const struct fam_client_peer *peer)
{
    return peer->stalled && peer->stalled_generation == fam_peer_generation(peer->transport);
}

bool fam_client_has_stalled(const struct fam_client *client)
{
    for (size_t i = 0; i < client->peer_count; i++) {
        if (fam_peer_is_connected(client->peers[i].transport) && fam_client_peer_is_stalled(&client->peers[i])) {
            return true;
        }
    }
    return false;
}

void fam_client_peer_heard(struct fam_client_peer *peer, uint64_t now_ms)
{
    peer->quiet_since_ms = now_ms;
    if (peer->stalled) {
        peer->stalled = false;
        fam_keeper_wants(peer->client, now_ms); /* calls may wait for a server */
    }
}

static bool is_there(const struct fam_client_peer *peer)
{
    return fam_peer_is_connected(peer->transport) && !fam_client_peer_is_stalled(peer);
}

static bool is_usable(const struct fam_client_peer *peer, uint64_t now_ms)
{
    bool drains = peer->draining && peer->draining_generation == fam_peer_generation(peer->transport);
    return is_there(peer) && !drains && now_ms >= peer->avoid_until_ms;
}

struct fam_client_peer *fam_client_choose(struct fam_client *client, uint64_t now_ms)
{
    struct fam_client_peer *best = NULL;
    bool best_usable = false;
    size_t first = (size_t)(atomic_load(&client->next_call_id) % client->peer_count); /* equals take turns */
    for (size_t i = 0; i < client->peer_count; i++) {
        struct fam_client_peer *peer = &client->peers[(first + i) % client->peer_count];
        if (!is_there(peer)) {
            continue;
        }
        bool usable = is_usable(peer, now_ms);
        bool better =
            best == NULL || (usable && !best_usable) || (usable == best_usable && peer->in_flight < best->in_flight);
        if (better) {
            best = peer;
            best_usable = usable;
        }
    }
    return best;
}

bool fam_client_has_other(const struct fam_client *client, const struct fam_client_peer *peer, uint64_t now_ms)
{
    for (size_t i = 0; i < client->peer_count; i++) {
        if (&client->peers[i] != peer && is_usable(&client->peers[i], now_ms)) {
            return true;
        }
    }
    return false;
}

/* What the generated stubs call. `closure_data` is the caller's struct fam_rpc; the closure itself is unused. */
static void invoke(ProtobufCService *base, unsigned method_index, const ProtobufCMessage *input,
                   ProtobufCClosure closure, void *closure_data)
{
    (void)closure;
    struct fam_client_service *service = (struct fam_client_service *)(void *)base;
    assert(service->client->magic == FAM_CLIENT_MAGIC);
    fam_rpc_begin(closure_data, service->client, base->descriptor, method_index, input);
}

static void destroy(ProtobufCService *service)
{
    (void)service; /* owned by the client */
}

ProtobufCService *fam_client_service(struct fam_client *client, const ProtobufCServiceDescriptor *descriptor)
{
    struct fam_client_service *found = NULL;
    pthread_mutex_lock(&client->lock);
    for (size_t i = 0; i < client->service_count; i++) {
        if (client->services[i].base.descriptor == descriptor) {
            found = &client->services[i];
        }
    }
    if (found == NULL && client->service_count < FAM_CLIENT_SERVICES_MAX) {
        found = &client->services[client->service_count++];
        found->base = (ProtobufCService){.descriptor = descriptor, .invoke = invoke, .destroy = destroy};
        found->client = client;
    }
    pthread_mutex_unlock(&client->lock);
    return found == NULL ? NULL : &found->base;
}

bool fam_client_take_retry(struct fam_client *client)
{
    int tokens = atomic_load(&client->retry_tokens);
    while (tokens >= FAM_RETRY_COST) {
        if (atomic_compare_exchange_weak(&client->retry_tokens, &tokens, tokens - FAM_RETRY_COST)) {
            return true;
        }
    }
    return false;
}

void fam_client_earn_retry(struct fam_client *client)
{
    int tokens = atomic_load(&client->retry_tokens);
    while (tokens < FAM_RETRY_TOKENS_MAX && !atomic_compare_exchange_weak(&client->retry_tokens, &tokens, tokens + 1)) {
    }
}
