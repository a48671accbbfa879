/* rpc.c: one call of the client, as its caller sees it. */
#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/client_private.h"

enum { TIMEOUT_DEFAULT_MS = 30000 };

static const struct fam_rpc_options NO_OPTIONS = {.timeout_ms = 0};

void fam_rpc_init(struct fam_rpc *rpc, const struct fam_rpc_options *options)
{
    *rpc = (struct fam_rpc){.options = options == NULL ? &NO_OPTIONS : options};
}

void fam_rpc_init_async(struct fam_rpc *rpc, const struct fam_rpc_options *options,
                        void (*done)(struct fam_rpc *rpc, enum fam_code code, const struct fam_status *status),
                        void *context)
{
    fam_rpc_init(rpc, options);
    rpc->done = done;
    rpc->context = context;
}

struct fam_rpc_state *fam_rpc_state_new(struct fam_client *client, const struct fam_rpc_options *options,
                                        size_t payload_size)
{
    struct fam_rpc_state *state = malloc(sizeof(*state) + payload_size);
    if (state == NULL) {
        return NULL;
    }
    memset(state, 0, sizeof(*state));
    state->client = client;
    state->options = options;
    state->payload_size = payload_size;
    if (sem_init(&state->wake, 0, 0) != 0) {
        free(state);
        return NULL;
    }
    return state;
}

void fam_rpc_state_free(struct fam_rpc_state *state)
{
    if (state->response != NULL) {
        protobuf_c_message_free_unpacked(state->response, NULL);
    }
    if (state->envelope != NULL) {
        fam__rpc__v1__response__free_unpacked(state->envelope, NULL);
    }
    (void)sem_destroy(&state->wake);
    sodium_memzero(state->payload, state->payload_size);
    free(state);
}

static void on_async_ended(struct fam_rpc_state *state)
{
    struct fam_rpc *rpc = state->context;
    rpc->done(rpc, state->code, &state->status);
}

void fam_rpc_begin(struct fam_rpc *rpc, struct fam_client *client, const ProtobufCServiceDescriptor *descriptor,
                   unsigned method_index, const ProtobufCMessage *input)
{
    assert(rpc->state == NULL);
    struct fam_rpc_state *state = fam_rpc_state_new(client, rpc->options, protobuf_c_message_get_packed_size(input));
    rpc->state = state;
    if (state == NULL) {
        if (rpc->done != NULL) {
            struct fam_status status;
            (void)fam_fail_memory(&status);
            rpc->done(rpc, status.code, &status);
        }
        return; /* otherwise fam_rpc_wait says so */
    }
    (void)protobuf_c_message_pack(input, state->payload);
    const ProtobufCMethodDescriptor *method = &descriptor->methods[method_index];
    (void)snprintf(state->method, sizeof(state->method), "%s/%s", descriptor->name, method->name);
    state->output = method->output;
    state->deadline_ms =
        fam_mono_ms() + (rpc->options->timeout_ms == 0 ? TIMEOUT_DEFAULT_MS : rpc->options->timeout_ms);
    if (rpc->done != NULL) {
        state->ended = on_async_ended;
        state->context = rpc;
        state->in_stub = true;
    }
    fam_rpc_enlist(state);
    fam_rpc_advance(state);
}

enum fam_code fam_rpc_wait(struct fam_rpc *rpc, struct fam_status *status)
{
    struct fam_rpc_state *state = rpc->state;
    if (state == NULL) {
        return fam_fail_memory(status);
    }
    assert(rpc->done == NULL);
    while (sem_wait(&state->wake) != 0 && errno == EINTR) { /* the keeper ends the call by its deadline */
    }
    if (state->code != FAM_OK) {
        *status = state->status;
    }
    return state->code;
}

void fam_rpc_cancel(struct fam_rpc *rpc)
{
    struct fam_rpc_state *state = rpc->state;
    if (state == NULL) {
        return;
    }
    struct fam_client *client = state->client;
    pthread_mutex_lock(&client->lock);
    bool first = !state->cancelled && state->phase != FAM_RPC_ENDED;
    bool sent = first && state->phase == FAM_RPC_SENT;
    struct fam_client_peer *peer = state->peer;
    uint64_t call_id = state->call_id;
    if (first) {
        state->cancelled = true;
    }
    if (sent) {
        fam_rpc_cut(state, FAM_CUT_CANCELLED);
    } else if (first) {
        fam_keeper_wants(client, 0);
    }
    pthread_mutex_unlock(&client->lock);
    if (sent) {
        fam_keeper_send_cancel(peer, call_id);
    }
}

const ProtobufCMessage *fam_rpc_response(const struct fam_rpc *rpc)
{
    return rpc->state == NULL ? NULL : rpc->state->response;
}

const char *fam_rpc_consistency_token(const struct fam_rpc *rpc)
{
    return rpc->state == NULL || rpc->state->envelope == NULL ? "" : rpc->state->envelope->consistency_token;
}

void fam_rpc_done(struct fam_rpc *rpc)
{
    if (rpc->state != NULL) {
        fam_rpc_state_free(rpc->state);
        rpc->state = NULL;
    }
}
