#include "rpc/client.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "fam/rpc/v1/envelope.pb-c.h"
#include "rpc/client_private.h"

enum { RESPONSE_BYTES_DEFAULT = 4 << 20, CONNECT_WAIT_MS = 2000 };

static void on_change(void *context, bool connected)
{
    struct fam_client *client = context;
    (void)connected;
    pthread_mutex_lock(&client->lock);
    pthread_cond_broadcast(&client->changed);
    pthread_mutex_unlock(&client->lock);
}

static enum fam_code add_peers(struct fam_client *client, const char *urls, struct fam_status *status)
{
    char *copy = strdup(urls);
    if (copy == NULL) {
        return fam_fail_memory(status);
    }
    enum fam_code code = FAM_OK;
    char *rest = NULL;
    for (char *url = strtok_r(copy, ", ", &rest); code == FAM_OK && url != NULL; url = strtok_r(NULL, ", ", &rest)) {
        if (client->peer_count == FAM_CLIENT_PEERS_MAX) {
            code = fam_fail(status, FAM_INVALID_ARGUMENT, "more than %d servers", FAM_CLIENT_PEERS_MAX);
            break;
        }
        const struct fam_peer_options options = {
            .url = url, .message_bytes = client->response_bytes, .context = client, .on_change = on_change};
        struct fam_peer *peer = fam_peer_new(&options, status);
        if (peer == NULL) {
            code = status->code;
            break;
        }
        client->peers[client->peer_count++] = peer;
    }
    free(copy);
    if (code == FAM_OK && client->peer_count == 0) {
        code = fam_fail(status, FAM_INVALID_ARGUMENT, "no server is named: set FAM_SERVERS to tcp://HOST:PORT");
    }
    return code;
}

struct fam_client *fam_client_new(const struct fam_client_options *options, struct fam_status *status)
{
    struct fam_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    client->magic = FAM_CLIENT_MAGIC;
    client->response_bytes = options->response_bytes == 0 ? RESPONSE_BYTES_DEFAULT : options->response_bytes;
    atomic_store(&client->retry_tokens, FAM_RETRY_TOKENS_MAX);
    uint64_t first_id = 0;
    randombytes_buf(&first_id, sizeof(first_id));
    atomic_store(&client->next_call_id, first_id | 1u);
    pthread_condattr_t monotonic;
    bool ready = pthread_condattr_init(&monotonic) == 0;
    if (ready) {
        (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        ready = pthread_mutex_init(&client->lock, NULL) == 0 && pthread_cond_init(&client->changed, &monotonic) == 0;
        (void)pthread_condattr_destroy(&monotonic);
    }
    client->version = strdup(options->version == NULL ? "" : options->version);
    const char *token = options->token == NULL ? "" : options->token;
    if (!ready || client->version == NULL || !fam_secret_set(&client->token, token, strlen(token))) {
        (void)fam_fail_memory(status);
        free(client->version);
        free(client);
        return NULL;
    }
    if (add_peers(client, options->urls, status) != FAM_OK) {
        fam_client_free(client);
        return NULL;
    }
    return client;
}

void fam_client_free(struct fam_client *client)
{
    if (client == NULL) {
        return;
    }
    for (size_t i = 0; i < client->peer_count; i++) {
        fam_peer_free(client->peers[i]);
    }
    fam_secret_done(&client->token);
    free(client->version);
    (void)pthread_cond_destroy(&client->changed);
    (void)pthread_mutex_destroy(&client->lock);
    client->magic = 0;
    free(client);
}

bool fam_client_is_connected(const struct fam_client *client)
{
    for (size_t i = 0; i < client->peer_count; i++) {
        if (fam_peer_is_connected(client->peers[i])) {
            return true;
        }
    }
    return false;
}

static struct fam_peer *best_peer(struct fam_client *client)
{
    struct fam_peer *best = NULL;
    for (size_t i = 0; i < client->peer_count; i++) {
        struct fam_peer *peer = client->peers[i];
        if (fam_peer_is_connected(peer) && (best == NULL || fam_peer_in_flight(peer) < fam_peer_in_flight(best))) {
            best = peer;
        }
    }
    return best;
}

struct fam_peer *fam_client_choose(struct fam_client *client, uint64_t deadline_ms)
{
    struct fam_peer *peer = best_peer(client);
    if (peer != NULL) {
        return peer;
    }
    uint64_t limit_ms = fam_mono_ms() + CONNECT_WAIT_MS;
    uint64_t until_ms = deadline_ms < limit_ms ? deadline_ms : limit_ms;
    struct timespec until = {.tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000};
    int error = 0;
    pthread_mutex_lock(&client->lock);
    while (error == 0 && (peer = best_peer(client)) == NULL) {
        error = pthread_cond_timedwait(&client->changed, &client->lock, &until);
    }
    pthread_mutex_unlock(&client->lock);
    return peer;
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
