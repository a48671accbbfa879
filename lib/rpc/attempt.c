/* attempt.c: how a call of the client moves: to a server, through the attempt's end, to the next attempt or its own. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/client_private.h"

enum {
    ATTEMPTS_DEFAULT = 3,
    ATTEMPTS_MAX = 10,
    MOVES_MAX = 2 * FAM_CLIENT_PEERS_MAX, /* from server to server, of a call that none executed */
    BACKOFF_FIRST_MS = 50,
    BACKOFF_MAX_MS = 2000,
    REQUEST_ID_BYTES = 4, /* of the SP protocol, in front of the envelope */
};

static uint32_t left_ms(const struct fam_rpc_state *state, uint64_t now_ms)
{
    return now_ms >= state->deadline_ms ? 0 : (uint32_t)(state->deadline_ms - now_ms);
}

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)(text == NULL ? "" : text); /* the generated members lack a const; packing only reads */
}

static enum fam_code pack_request(const struct fam_rpc_state *state, uint64_t call_id, uint64_t now_ms,
                                  struct fam_message **ret_message, struct fam_status *status)
{
    const struct fam_rpc_options *options = state->options;
    char acting_user[FAM_UUID_TEXT_SIZE] = "";
    if (options->acting_user != NULL) {
        fam_uuid_format(options->acting_user, acting_user);
    }
    Fam__Rpc__V1__Request request = FAM__RPC__V1__REQUEST__INIT;
    request.method = borrow(state->method);
    request.payload.data = (uint8_t *)(uintptr_t)state->payload;
    request.payload.len = state->payload_size;
    request.timeout_ms = left_ms(state, now_ms);
    if (state->output != NULL) { /* pings and cancels need none of it */
        request.token = borrow(fam_secret_text(&state->client->token));
        request.call_id = call_id;
        request.client_version = state->client->version;
    }
    request.acting_user_id = acting_user;
    request.reason = borrow(options->reason);
    request.request_id = borrow(options->request_id);
    request.idempotency_key = borrow(options->idempotency_key);
    request.session_id = borrow(options->session_id);
    request.consistency_token = borrow(options->consistency_token);
    size_t size = fam__rpc__v1__request__get_packed_size(&request);
    if (size > state->client->request_bytes - REQUEST_ID_BYTES) {
        /* The server would close the connection, and with it end all other calls. */
        return fam_fail(status, FAM_INVALID_ARGUMENT, "the request has %zu bytes, more than a server takes", size);
    }
    *ret_message = fam_message_new(size);
    if (*ret_message == NULL) {
        return fam_fail_memory(status);
    }
    (void)fam__rpc__v1__request__pack(&request, fam_message_data(*ret_message));
    return FAM_OK;
}

void fam_rpc_enlist(struct fam_rpc_state *state)
{
    struct fam_client *client = state->client;
    pthread_mutex_lock(&client->lock);
    state->previous = NULL;
    state->next = client->calls;
    if (state->next != NULL) {
        state->next->previous = state;
    }
    client->calls = state;
    pthread_mutex_unlock(&client->lock);
}

void fam_rpc_end(struct fam_rpc_state *state)
{
    struct fam_client *client = state->client;
    pthread_mutex_lock(&client->lock);
    state->phase = FAM_RPC_ENDED;
    if (state->previous != NULL) {
        state->previous->next = state->next;
    } else {
        client->calls = state->next;
    }
    if (state->next != NULL) {
        state->next->previous = state->previous;
    }
    if (client->closing && client->calls == NULL) {
        pthread_cond_signal(&client->emptied);
    }
    pthread_mutex_unlock(&client->lock);
    if (state->ended != NULL) {
        state->ended(state);
    } else {
        (void)sem_post(&state->wake);
    }
}

bool fam_rpc_is_repeatable(const struct fam_rpc_state *state)
{
    const struct fam_rpc_options *options = state->options;
    return options->read_only || (options->idempotency_key != NULL && options->idempotency_key[0] != '\0');
}

void fam_rpc_cut(struct fam_rpc_state *state, enum fam_rpc_cut why)
{
    if (state->cut == FAM_CUT_NONE) {
        state->cut = why;
        fam_attempt_cancel(state->attempt);
    }
}

static void on_attempt_done(void *context, enum fam_code code, bool sent, struct fam_message *reply);

/* Under the lock: picks a server and an attempt. FAM_OK with *ret_attempt NULL: the call waits for a server. */
static enum fam_code book(struct fam_rpc_state *state, uint64_t now_ms, struct fam_attempt **ret_attempt,
                          struct fam_status *status)
{
    struct fam_client *client = state->client;
    *ret_attempt = NULL;
    if (state->cancelled || client->closing) {
        return fam_fail(status, FAM_CANCELLED, "the call was cancelled");
    }
    if (now_ms >= state->deadline_ms) {
        return fam_fail(status, FAM_DEADLINE_EXCEEDED, "the call's time was up before it was sent");
    }
    struct fam_client_peer *peer = state->bound != NULL ? state->bound : fam_client_choose(client, now_ms);
    if (peer == NULL) {
        bool patient = state->held || (fam_rpc_is_repeatable(state) && fam_client_has_stalled(client));
        uint64_t limit_ms = patient ? state->deadline_ms : now_ms + FAM_CONNECT_WAIT_MS;
        state->move_ms = state->deadline_ms < limit_ms ? state->deadline_ms : limit_ms;
        state->phase = FAM_RPC_WAITING;
        fam_keeper_wants(client, state->move_ms);
        return FAM_OK;
    }
    *ret_attempt = fam_peer_attempt(peer->transport, on_attempt_done, state, status);
    if (*ret_attempt == NULL) {
        return status->code;
    }
    if (state->bound == NULL && peer->in_flight++ == 0) {
        peer->quiet_since_ms = now_ms;
    }
    state->peer = peer;
    state->attempt = *ret_attempt;
    state->attempts++;
    state->cut = FAM_CUT_NONE;
    state->held = false;
    state->phase = FAM_RPC_SENT;
    uint64_t look_ms = now_ms + client->keepalive_ms;
    fam_keeper_wants(client, state->deadline_ms < look_ms ? state->deadline_ms : look_ms);
    return FAM_OK;
}

/* A callback must not run inside the stub: callers that begin calls in callbacks would nest without end. */
static void end_outside_stub(struct fam_rpc_state *state)
{
    struct fam_client *client = state->client;
    if (!state->in_stub) {
        fam_rpc_end(state);
        return;
    }
    pthread_mutex_lock(&client->lock);
    state->in_stub = false;
    state->phase = FAM_RPC_PAUSED;
    state->move_ms = 0;
    fam_keeper_wants(client, 0);
    pthread_mutex_unlock(&client->lock);
}

void fam_rpc_advance(struct fam_rpc_state *state)
{
    struct fam_client *client = state->client;
    if (state->code != FAM_OK) { /* it ended inside its stub */
        fam_rpc_end(state);
        return;
    }
    struct fam_message *message = NULL;
    struct fam_attempt *attempt = NULL;
    uint64_t now_ms = fam_mono_ms();
    uint64_t call_id = atomic_fetch_add(&client->next_call_id, 1);
    struct fam_status status;
    enum fam_code code = pack_request(state, call_id, now_ms, &message, &status);
    if (code == FAM_OK) {
        pthread_mutex_lock(&client->lock);
        state->call_id = call_id;
        code = book(state, now_ms, &attempt, &status);
        pthread_mutex_unlock(&client->lock);
    }
    if (attempt != NULL) {
        fam_attempt_send(attempt, message); /* the call may have ended when this returns */
        return;
    }
    fam_message_free(message);
    if (code != FAM_OK) {
        state->code = code;
        state->status = status;
        end_outside_stub(state);
    }
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

static enum fam_code read_reply(struct fam_rpc_state *state, struct fam_message *reply, struct fam_status *status)
{
    state->envelope = fam__rpc__v1__response__unpack(NULL, fam_message_size(reply), fam_message_data(reply));
    fam_message_free(reply);
    if (state->envelope == NULL) {
        return fam_fail(status, FAM_UNAVAILABLE, "the server's answer is no fam.rpc.v1.Response");
    }
    if (state->envelope->code != FAM_OK) {
        enum fam_code code = read_failure(state->envelope, status);
        fam__rpc__v1__response__free_unpacked(state->envelope, NULL);
        state->envelope = NULL;
        return code;
    }
    if (state->output == NULL) {
        return FAM_OK;
    }
    const ProtobufCBinaryData *payload = &state->envelope->payload;
    state->response = protobuf_c_message_unpack(state->output, NULL, payload->len, payload->data);
    if (state->response == NULL) {
        return fam_fail(status, FAM_UNAVAILABLE, "the server's answer is no %s", state->output->name);
    }
    return FAM_OK;
}

/* An attempt that has ended. */
struct outcome {
    enum fam_code code;
    struct fam_status *status;
    bool answered;
    bool lost;     /* its connection broke, or its server stalled */
    bool executed; /* possibly */
};

/* Under the lock: what the transport's word means, now that it is known why. */
static void explain(const struct fam_rpc_state *state, struct outcome *outcome)
{
    struct fam_status *status = outcome->status;
    if (outcome->answered) {
        outcome->executed = outcome->code != FAM_UNAVAILABLE || strcmp(status->reason, "DRAINING") != 0;
        return;
    }
    switch (state->cut) {
    case FAM_CUT_CANCELLED:
        outcome->code = fam_fail(status, FAM_CANCELLED, "the call was cancelled");
        break;
    case FAM_CUT_DEADLINE:
        outcome->code = !fam_client_peer_is_stalled(state->peer)
                            ? fam_fail(status, FAM_DEADLINE_EXCEEDED, "no answer within the call's time")
                            : fam_fail_reason(status, FAM_DEADLINE_EXCEEDED, "PEER_STALLED", 0,
                                              "no answer within the call's time: the server has stopped answering");
        break;
    case FAM_CUT_STALLED:
        outcome->lost = true;
        outcome->code = fam_fail_reason(status, FAM_UNAVAILABLE, "PEER_STALLED", 0, "the server has stopped answering");
        break;
    default:
        outcome->lost = true;
        outcome->code =
            fam_fail_reason(status, FAM_UNAVAILABLE, "CONNECTION_LOST", 0, "the connection to the server broke");
        break;
    }
}

/* Under the lock: what this answer says about the server. */
static void judge_peer(struct fam_client_peer *peer, const struct outcome *outcome, uint64_t now_ms)
{
    if (!outcome->answered) {
        return;
    }
    fam_client_peer_heard(peer, now_ms);
    if (outcome->code != FAM_UNAVAILABLE) {
        return;
    }
    if (!outcome->executed) {
        peer->draining = true;
        peer->draining_generation = fam_peer_generation(peer->transport);
    } else if (outcome->status->retry_after_ms > 0) {
        peer->avoid_until_ms = now_ms + outcome->status->retry_after_ms;
    }
}

static uint32_t backoff_ms(const struct fam_rpc_state *state)
{
    const struct fam_retry_policy *policy = &state->options->retry;
    uint32_t first = policy->backoff_first_ms == 0 ? BACKOFF_FIRST_MS : policy->backoff_first_ms;
    uint32_t max = policy->backoff_max_ms == 0 ? BACKOFF_MAX_MS : policy->backoff_max_ms;
    uint64_t ceiling = (uint64_t)first << (state->repeats > 0 ? state->repeats - 1 : 0);
    return randombytes_uniform((uint32_t)(ceiling > max ? max : ceiling) + 1);
}

/* What a second attempt may mend. ABORTED: the same key is in work elsewhere, or PostgreSQL undid one of two
 * transactions that were in each other's way. */
static bool is_worth_repeating(enum fam_code code)
{
    return code == FAM_UNAVAILABLE || code == FAM_RESOURCE_EXHAUSTED || code == FAM_ABORTED;
}

/* Under the lock. False: the call ends. True: another attempt follows, after *ret_pause_ms. */
static bool may_repeat(struct fam_rpc_state *state, const struct outcome *outcome, uint64_t now_ms,
                       uint32_t *ret_pause_ms)
{
    struct fam_client *client = state->client;
    const struct fam_rpc_options *options = state->options;
    unsigned limit = options->retry.attempts == 0 ? ATTEMPTS_DEFAULT : options->retry.attempts;
    limit = limit > ATTEMPTS_MAX ? ATTEMPTS_MAX : limit;
    if (!is_worth_repeating(outcome->code) || state->bound != NULL || state->cancelled || client->closing) {
        return false;
    }
    *ret_pause_ms = 0;
    bool other = fam_client_has_other(client, state->peer, now_ms);
    bool unsent = !outcome->executed && outcome->lost;
    bool refused = !outcome->executed && !outcome->lost && other && limit > 1;
    if ((unsent || refused) && state->attempts < MOVES_MAX) {
        (void)atomic_fetch_add(&client->failovers, other ? 1 : 0);
        return true;
    }
    /* The keeper gave a silent connection up, or sent the call away to another server that has stalled by now: it waits
     * on for any of them, and costs no budget. */
    bool waits = state->held || (state->cut == FAM_CUT_STALLED && fam_rpc_is_repeatable(state));
    if (outcome->lost && waits && !other && limit > 1 && state->attempts < MOVES_MAX) {
        return true;
    }
    if (!fam_rpc_is_repeatable(state) || ++state->repeats >= limit) {
        return false;
    }
    if (outcome->lost && other) {
        (void)atomic_fetch_add(&client->failovers, 1);
        return true;
    }
    bool elsewhere = other && outcome->code == FAM_UNAVAILABLE;
    *ret_pause_ms = backoff_ms(state) + (elsewhere ? 0 : outcome->status->retry_after_ms);
    return *ret_pause_ms < left_ms(state, now_ms) && fam_client_take_retry(client);
}

/* Under the lock. */
static void release(struct fam_rpc_state *state)
{
    if (state->bound == NULL) {
        state->peer->in_flight--;
    }
    state->attempt = NULL;
    state->phase = FAM_RPC_MOVING;
}

static void on_attempt_done(void *context, enum fam_code code, bool sent, struct fam_message *reply)
{
    struct fam_rpc_state *state = context;
    struct fam_client *client = state->client;
    struct fam_status status;
    struct outcome outcome = {.code = code, .status = &status, .answered = reply != NULL, .executed = sent};
    if (reply != NULL) {
        outcome.code = read_reply(state, reply, &status);
    }
    uint64_t now_ms = fam_mono_ms();
    uint32_t pause_ms = 0;
    pthread_mutex_lock(&client->lock);
    if (outcome.code != FAM_OK) {
        explain(state, &outcome);
    }
    judge_peer(state->peer, &outcome, now_ms);
    bool again = outcome.code != FAM_OK && may_repeat(state, &outcome, now_ms, &pause_ms);
    release(state);
    if (again && pause_ms > 0) {
        state->phase = FAM_RPC_PAUSED;
        state->move_ms = now_ms + pause_ms;
        fam_keeper_wants(client, state->move_ms);
    }
    pthread_mutex_unlock(&client->lock);
    if (again) {
        (void)atomic_fetch_add(&client->retries, 1);
        if (pause_ms == 0) {
            fam_rpc_advance(state);
        }
        return;
    }
    if (outcome.code == FAM_OK && state->attempts == 1) {
        fam_client_earn_retry(client);
    }
    state->code = outcome.code;
    if (outcome.code != FAM_OK) {
        state->status = status;
    }
    fam_rpc_end(state);
}
