/* rpc.c: one call of a client: its attempts, its deadline, its cancel, its answer. */
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fam/rpc/v1/envelope.pb-c.h"
#include "rpc/client_private.h"

enum {
    ATTEMPTS_MAX = 3,
    TIMEOUT_DEFAULT_MS = 30000,
    BACKOFF_FIRST_MS = 50,
    BACKOFF_MAX_MS = 2000,
    CANCEL_TIMEOUT_MS = 2000,
    METHOD_SIZE = 128,
};

static const struct fam_rpc_options NO_OPTIONS = {.timeout_ms = 0};

struct fam_rpc_state {
    struct fam_client *client;
    const ProtobufCMethodDescriptor *method;
    char method_name[METHOD_SIZE];
    uint8_t *payload;
    size_t payload_size;
    uint64_t deadline_ms;
    enum fam_code begin_code; /* why the first attempt was never sent */
    struct fam_status begin_status;
    /* of the attempt that runs */
    struct fam_peer *peer;
    struct fam_attempt *attempt;
    uint64_t call_id;
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool finished;
    bool cancelled;
    enum fam_code transport_code;
    struct fam_message *reply;
    /* the answer */
    Fam__Rpc__V1__Response *envelope;
    ProtobufCMessage *response;
};

void fam_rpc_init(struct fam_rpc *rpc, const struct fam_rpc_options *options)
{
    rpc->options = options == NULL ? &NO_OPTIONS : options;
    rpc->state = NULL;
}

static void on_attempt_done(void *context, enum fam_code code, struct fam_message *reply)
{
    struct fam_rpc_state *state = context;
    pthread_mutex_lock(&state->lock);
    state->transport_code = code;
    state->reply = reply;
    state->finished = true;
    pthread_cond_broadcast(&state->done);
    pthread_mutex_unlock(&state->lock);
}

static uint32_t left_ms(const struct fam_rpc_state *state)
{
    uint64_t now = fam_mono_ms();
    return now >= state->deadline_ms ? 0 : (uint32_t)(state->deadline_ms - now);
}

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)(text == NULL ? "" : text); /* the generated members lack a const; packing only reads */
}

static struct fam_message *pack_request(const struct fam_rpc *rpc, const struct fam_rpc_state *state)
{
    const struct fam_rpc_options *options = rpc->options;
    char acting_user[FAM_UUID_TEXT_SIZE] = "";
    if (options->acting_user != NULL) {
        fam_uuid_format(options->acting_user, acting_user);
    }
    Fam__Rpc__V1__Request request = FAM__RPC__V1__REQUEST__INIT;
    request.method = borrow(state->method_name);
    request.payload = (ProtobufCBinaryData){.len = state->payload_size, .data = state->payload};
    request.timeout_ms = left_ms(state);
    request.token = borrow(fam_secret_text(&state->client->token));
    request.acting_user_id = acting_user;
    request.reason = borrow(options->reason);
    request.call_id = state->call_id;
    request.request_id = borrow(options->request_id);
    request.idempotency_key = borrow(options->idempotency_key);
    request.session_id = borrow(options->session_id);
    request.consistency_token = borrow(options->consistency_token);
    request.client_version = state->client->version;
    struct fam_message *message = fam_message_new(fam__rpc__v1__request__get_packed_size(&request));
    if (message != NULL) {
        (void)fam__rpc__v1__request__pack(&request, fam_message_data(message));
    }
    return message;
}

static enum fam_code send_attempt(const struct fam_rpc *rpc, struct fam_status *status)
{
    struct fam_rpc_state *state = rpc->state;
    struct fam_peer *peer = fam_client_choose(state->client, state->deadline_ms);
    if (peer == NULL) {
        return fam_fail(status, FAM_UNAVAILABLE, "no server is connected; check FAM_SERVERS and that famserver runs");
    }
    if (left_ms(state) == 0) {
        return fam_fail(status, FAM_DEADLINE_EXCEEDED, "the call's time was up before it was sent");
    }
    state->call_id = atomic_fetch_add(&state->client->next_call_id, 1);
    struct fam_message *message = pack_request(rpc, state);
    if (message == NULL) {
        return fam_fail_memory(status);
    }
    pthread_mutex_lock(&state->lock);
    state->finished = false;
    state->reply = NULL;
    state->peer = peer;
    bool cancelled = state->cancelled;
    pthread_mutex_unlock(&state->lock);
    if (cancelled) {
        fam_message_free(message);
        return fam_fail(status, FAM_CANCELLED, "the call was cancelled");
    }
    struct fam_attempt *attempt = NULL;
    enum fam_code code = fam_peer_send(peer, message, on_attempt_done, state, &attempt, status);
    if (code != FAM_OK) {
        fam_message_free(message);
        return code;
    }
    pthread_mutex_lock(&state->lock);
    state->attempt = attempt;
    if (state->cancelled) { /* it came while the attempt had no name yet */
        fam_attempt_cancel(attempt);
    }
    pthread_mutex_unlock(&state->lock);
    return FAM_OK;
}

static struct fam_rpc_state *state_new(struct fam_client *client)
{
    struct fam_rpc_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return NULL;
    }
    state->client = client;
    pthread_condattr_t monotonic;
    bool ready = pthread_condattr_init(&monotonic) == 0;
    if (ready) {
        (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        ready = pthread_mutex_init(&state->lock, NULL) == 0 && pthread_cond_init(&state->done, &monotonic) == 0;
        (void)pthread_condattr_destroy(&monotonic);
    }
    if (!ready) {
        free(state);
        return NULL;
    }
    return state;
}

void fam_rpc_begin(struct fam_rpc *rpc, struct fam_client *client, const ProtobufCServiceDescriptor *descriptor,
                   unsigned method_index, const ProtobufCMessage *input)
{
    assert(rpc->state == NULL);
    struct fam_rpc_state *state = state_new(client);
    rpc->state = state;
    if (state == NULL) {
        return; /* fam_rpc_wait says so */
    }
    state->method = &descriptor->methods[method_index];
    (void)snprintf(state->method_name, sizeof(state->method_name), "%s/%s", descriptor->name, state->method->name);
    uint32_t timeout_ms = rpc->options->timeout_ms == 0 ? TIMEOUT_DEFAULT_MS : rpc->options->timeout_ms;
    state->deadline_ms = fam_mono_ms() + timeout_ms;
    state->payload_size = protobuf_c_message_get_packed_size(input);
    state->payload = malloc(state->payload_size + 1);
    if (state->payload == NULL) {
        state->begin_code = fam_fail_memory(&state->begin_status);
        return;
    }
    (void)protobuf_c_message_pack(input, state->payload);
    state->begin_code = send_attempt(rpc, &state->begin_status);
}

static void copy_text(char *target, size_t size, const char *text)
{
    (void)snprintf(target, size, "%s", text == NULL ? "" : text);
}

static enum fam_code read_failure(const Fam__Rpc__V1__Response *envelope, struct fam_status *status)
{
    enum fam_code code = fam_code_from_number(envelope->code);
    (void)fam_fail(status, code, "%s", envelope->message);
    status->retry_after_ms = envelope->retry_after_ms;
    if (envelope->n_details > 0) {
        copy_text(status->reason, sizeof(status->reason), envelope->details[0]->reason);
        copy_text(status->field, sizeof(status->field), envelope->details[0]->field);
    }
    return code;
}

static enum fam_code read_reply(struct fam_rpc_state *state, struct fam_status *status)
{
    state->envelope =
        fam__rpc__v1__response__unpack(NULL, fam_message_size(state->reply), fam_message_data(state->reply));
    fam_message_free(state->reply);
    state->reply = NULL;
    if (state->envelope == NULL) {
        return fam_fail(status, FAM_UNAVAILABLE, "the server's answer is no fam.rpc.v1.Response");
    }
    if (state->envelope->code != FAM_OK) {
        enum fam_code code = read_failure(state->envelope, status);
        fam__rpc__v1__response__free_unpacked(state->envelope, NULL);
        state->envelope = NULL;
        return code;
    }
    const ProtobufCBinaryData *payload = &state->envelope->payload;
    state->response = protobuf_c_message_unpack(state->method->output, NULL, payload->len, payload->data);
    if (state->response == NULL) {
        return fam_fail(status, FAM_UNAVAILABLE, "the server's answer is no %s", state->method->output->name);
    }
    return FAM_OK;
}

/* Waits for the attempt to finish, and cuts it at `deadline_ms`. Under state->lock. */
static enum fam_code await(struct fam_rpc_state *state, struct fam_attempt *attempt, uint64_t deadline_ms)
{
    struct timespec until = {.tv_sec = (time_t)(deadline_ms / 1000), .tv_nsec = (long)(deadline_ms % 1000) * 1000000};
    int error = 0;
    while (!state->finished && error == 0) {
        error = pthread_cond_timedwait(&state->done, &state->lock, &until);
    }
    if (state->finished) {
        return state->transport_code;
    }
    fam_attempt_cancel(attempt);
    while (!state->finished) { /* cancelled attempts end at once */
        pthread_cond_wait(&state->done, &state->lock);
    }
    return state->transport_code == FAM_CANCELLED ? FAM_DEADLINE_EXCEEDED : state->transport_code;
}

static enum fam_code wait_attempt(struct fam_rpc_state *state, struct fam_status *status)
{
    pthread_mutex_lock(&state->lock);
    enum fam_code code = await(state, state->attempt, state->deadline_ms);
    struct fam_attempt *attempt = state->attempt;
    state->attempt = NULL;
    pthread_mutex_unlock(&state->lock);
    fam_attempt_free(attempt);
    switch (code) {
    case FAM_OK:
        return read_reply(state, status);
    case FAM_DEADLINE_EXCEEDED:
        return fam_fail(status, code, "no answer within the call's time");
    case FAM_CANCELLED:
        return fam_fail(status, code, "the call was cancelled");
    default:
        return fam_fail(status, code, "the connection to the server broke");
    }
}

static uint32_t backoff_ms(unsigned attempt, const struct fam_status *status)
{
    uint32_t ceiling = (uint32_t)BACKOFF_FIRST_MS << attempt;
    ceiling = ceiling > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : ceiling;
    return status->retry_after_ms + randombytes_uniform(ceiling + 1);
}

/* Sleeps, unless the call is cancelled. False when it was, or when the pause does not fit into the deadline. */
static bool pause_before_retry(struct fam_rpc_state *state, uint32_t pause_ms)
{
    if (pause_ms >= left_ms(state)) {
        return false;
    }
    uint64_t until_ms = fam_mono_ms() + pause_ms;
    struct timespec until = {.tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000};
    int error = 0;
    pthread_mutex_lock(&state->lock);
    while (error == 0 && !state->cancelled) {
        error = pthread_cond_timedwait(&state->done, &state->lock, &until);
    }
    bool go_on = !state->cancelled;
    pthread_mutex_unlock(&state->lock);
    return go_on;
}

static bool may_retry(const struct fam_rpc *rpc, enum fam_code code)
{
    bool harmless =
        rpc->options->read_only || (rpc->options->idempotency_key != NULL && rpc->options->idempotency_key[0] != '\0');
    if (code == FAM_RESOURCE_EXHAUSTED) {
        return harmless;
    }
    return code == FAM_UNAVAILABLE && harmless;
}

enum fam_code fam_rpc_wait(struct fam_rpc *rpc, struct fam_status *status)
{
    struct fam_rpc_state *state = rpc->state;
    if (state == NULL) {
        return fam_fail_memory(status);
    }
    enum fam_code code = state->begin_code;
    if (code != FAM_OK) {
        *status = state->begin_status;
    }
    for (unsigned attempt = 0;; attempt++) {
        if (code == FAM_OK) {
            code = wait_attempt(state, status);
        }
        if (code == FAM_OK) {
            if (attempt == 0) {
                fam_client_earn_retry(state->client);
            }
            return FAM_OK;
        }
        if (attempt + 1 >= ATTEMPTS_MAX || !may_retry(rpc, code) || !fam_client_take_retry(state->client) ||
            !pause_before_retry(state, backoff_ms(attempt, status))) {
            return code;
        }
        code = send_attempt(rpc, status);
    }
}

static void send_cancel(struct fam_rpc_state *state);

void fam_rpc_cancel(struct fam_rpc *rpc)
{
    struct fam_rpc_state *state = rpc->state;
    if (state == NULL) {
        return;
    }
    pthread_mutex_lock(&state->lock);
    bool running = !state->cancelled && !state->finished && state->attempt != NULL;
    state->cancelled = true;
    pthread_cond_broadcast(&state->done);
    if (running) {
        fam_attempt_cancel(state->attempt);
    }
    pthread_mutex_unlock(&state->lock);
    if (running) {
        send_cancel(state);
    }
}

/* Tells the server, and waits for its word (two seconds at most): the connection is the same, so the cancel can't
 * overtake the call. */
static void send_cancel(struct fam_rpc_state *state)
{
    Fam__Rpc__V1__CancelRequest cancel = FAM__RPC__V1__CANCEL_REQUEST__INIT;
    cancel.call_id = state->call_id;
    uint8_t payload[16];
    Fam__Rpc__V1__Request request = FAM__RPC__V1__REQUEST__INIT;
    request.method = borrow("fam.rpc.v1/Cancel");
    request.payload.data = payload;
    request.payload.len = fam__rpc__v1__cancel_request__pack(&cancel, payload);
    struct fam_message *message = fam_message_new(fam__rpc__v1__request__get_packed_size(&request));
    struct fam_rpc_state *waiter = state_new(state->client);
    struct fam_status ignored; /* a cancel that is lost leaves the call to its deadline */
    struct fam_attempt *attempt = NULL;
    if (message == NULL || waiter == NULL) {
        fam_message_free(message);
        free(waiter);
        return;
    }
    (void)fam__rpc__v1__request__pack(&request, fam_message_data(message));
    if (fam_peer_send(state->peer, message, on_attempt_done, waiter, &attempt, &ignored) != FAM_OK) {
        fam_message_free(message);
    } else {
        pthread_mutex_lock(&waiter->lock);
        (void)await(waiter, attempt, fam_mono_ms() + CANCEL_TIMEOUT_MS);
        pthread_mutex_unlock(&waiter->lock);
        fam_attempt_free(attempt);
        fam_message_free(waiter->reply);
    }
    (void)pthread_cond_destroy(&waiter->done);
    (void)pthread_mutex_destroy(&waiter->lock);
    free(waiter);
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
    struct fam_rpc_state *state = rpc->state;
    if (state == NULL) {
        return;
    }
    if (state->response != NULL) {
        protobuf_c_message_free_unpacked(state->response, NULL);
    }
    if (state->envelope != NULL) {
        fam__rpc__v1__response__free_unpacked(state->envelope, NULL);
    }
    if (state->payload != NULL) {
        sodium_memzero(state->payload, state->payload_size);
        free(state->payload);
    }
    (void)pthread_cond_destroy(&state->done);
    (void)pthread_mutex_destroy(&state->lock);
    free(state);
    rpc->state = NULL;
}
