/* keeper.c: the client's one thread beside the transport's: deadlines, pauses, servers that have stalled. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/client_private.h"

enum { BATCH = 64, CANCEL_TIMEOUT_MS = 2000, IDLE_MS = 60000, STALLED_RESET_MS = 10000 };

static const struct fam_rpc_options NO_OPTIONS = {.timeout_ms = 0};

void fam_keeper_wants(struct fam_client *client, uint64_t at_ms)
{
    if (at_ms < client->keeper_next_ms) {
        client->keeper_next_ms = at_ms;
        (void)sem_post(&client->keeper_wake);
    }
}

/* A call of the client's own: to this server and no other, once. */
static void call_peer(struct fam_client_peer *peer, const char *method, const ProtobufCMessage *input,
                      uint32_t timeout_ms, void (*ended)(struct fam_rpc_state *state))
{
    struct fam_rpc_state *state =
        fam_rpc_state_new(peer->client, &NO_OPTIONS, protobuf_c_message_get_packed_size(input));
    if (state == NULL) {
        return; /* a lost cancel leaves the call to its deadline; the next ping is due soon */
    }
    (void)protobuf_c_message_pack(input, state->payload);
    (void)snprintf(state->method, sizeof(state->method), "%s", method);
    state->bound = peer;
    state->context = peer;
    state->ended = ended;
    state->deadline_ms = fam_mono_ms() + timeout_ms;
    fam_rpc_enlist(state);
    fam_rpc_advance(state);
}

static void on_cancel_ended(struct fam_rpc_state *state)
{
    fam_rpc_state_free(state); /* found or not, there is nothing more to do */
}

void fam_keeper_send_cancel(struct fam_client_peer *peer, uint64_t call_id)
{
    Fam__Rpc__V1__CancelRequest cancel = FAM__RPC__V1__CANCEL_REQUEST__INIT;
    cancel.call_id = call_id;
    call_peer(peer, "fam.rpc.v1/Cancel", &cancel.base, CANCEL_TIMEOUT_MS, on_cancel_ended);
}

/* Under the lock. Its calls go elsewhere at once. Without an elsewhere those that may be repeated stay: the server may
 * come back and answer them, and to ask it a second time would only cost the budget. */
static void set_stalled(struct fam_client_peer *peer)
{
    struct fam_client *client = peer->client;
    bool other = fam_client_has_other(client, peer, fam_mono_ms());
    if (!fam_client_peer_is_stalled(peer)) {
        peer->stalled = true;
        peer->stalled_generation = fam_peer_generation(peer->transport);
        peer->stalled_since_ms = fam_mono_ms();
        (void)atomic_fetch_add(&client->stalls, 1);
    }
    for (struct fam_rpc_state *state = client->calls; state != NULL; state = state->next) {
        if (state->phase != FAM_RPC_SENT || state->peer != peer || state->bound != NULL) {
            continue;
        }
        if (other || !fam_rpc_is_repeatable(state)) {
            fam_rpc_cut(state, FAM_CUT_STALLED);
        } else {
            state->held = true;
        }
    }
}

/* Whatever the answer says, it is an answer; attempt.c has noted it. */
static void on_ping_ended(struct fam_rpc_state *state)
{
    struct fam_client_peer *peer = state->context;
    struct fam_client *client = peer->client;
    pthread_mutex_lock(&client->lock);
    peer->probing = false;
    if (state->code == FAM_DEADLINE_EXCEEDED) {
        set_stalled(peer);
        fam_keeper_wants(client, fam_mono_ms());
    }
    pthread_mutex_unlock(&client->lock);
    fam_rpc_state_free(state);
}

void fam_keeper_ping(struct fam_client_peer *peer)
{
    Fam__Rpc__V1__PingRequest ping = FAM__RPC__V1__PING_REQUEST__INIT;
    call_peer(peer, "fam.rpc.v1/Ping", &ping.base, peer->client->keepalive_ms, on_ping_ended);
}

static void earlier(uint64_t *time_ms, uint64_t other_ms)
{
    *time_ms = other_ms < *time_ms ? other_ms : *time_ms;
}

/* Under the lock: does this call need the keeper's hand now? Cuts attempts that are to end. */
static bool is_due(struct fam_rpc_state *state, uint64_t now_ms, uint64_t *next_ms)
{
    switch (state->phase) {
    case FAM_RPC_SENT:
        if (now_ms >= state->deadline_ms) {
            fam_rpc_cut(state, FAM_CUT_DEADLINE);
        } else if (!fam_peer_is_connected(state->peer->transport) && fam_attempt_is_unsent(state->attempt)) {
            fam_rpc_cut(state, FAM_CUT_LOST); /* it would wait for the next connection */
        } else if (state->held && fam_client_peer_is_stalled(state->peer) &&
                   fam_client_has_other(state->client, state->peer, now_ms)) {
            fam_rpc_cut(state, FAM_CUT_STALLED); /* another has come while it waited */
        } else {
            earlier(next_ms, state->deadline_ms);
        }
        return false;
    case FAM_RPC_WAITING:
        if (fam_client_choose(state->client, now_ms) != NULL) {
            return true;
        }
        break;
    case FAM_RPC_PAUSED:
        break;
    default:
        return false;
    }
    earlier(next_ms, state->move_ms);
    return state->cancelled || now_ms >= state->move_ms;
}

struct round {
    struct fam_rpc_state *moved[BATCH]; /* made MOVING by this round */
    bool gave_up[BATCH];                /* waited for a server in vain */
    size_t moved_count;
    struct fam_client_peer *ping[FAM_CLIENT_PEERS_MAX];
    struct fam_client_peer *reset[FAM_CLIENT_PEERS_MAX];
    size_t ping_count, reset_count;
    uint64_t next_ms;
};

/* Under the lock. */
static void look_at_calls(struct fam_client *client, uint64_t now_ms, struct round *round)
{
    for (struct fam_rpc_state *state = client->calls; state != NULL; state = state->next) {
        if (!is_due(state, now_ms, &round->next_ms)) {
            continue;
        }
        if (round->moved_count == BATCH) {
            round->next_ms = now_ms; /* more than fit: come back at once */
            return;
        }
        bool waited = state->phase == FAM_RPC_WAITING;
        bool in_vain = waited && !state->cancelled && fam_client_choose(client, now_ms) == NULL;
        state->phase = FAM_RPC_MOVING;
        round->gave_up[round->moved_count] = in_vain;
        round->moved[round->moved_count++] = state;
    }
}

/* Under the lock. */
static void look_at_peer(struct fam_client_peer *peer, uint64_t now_ms, struct round *round)
{
    bool stalled = fam_client_peer_is_stalled(peer);
    if (!fam_peer_is_connected(peer->transport) || (!stalled && peer->in_flight == 0)) {
        return;
    }
    if (stalled && now_ms - peer->stalled_since_ms >= STALLED_RESET_MS) {
        peer->stalled_since_ms = now_ms; /* its machine may have gone without a word: dial again */
        round->reset[round->reset_count++] = peer;
    }
    uint64_t due_ms = stalled ? now_ms : peer->quiet_since_ms + peer->client->keepalive_ms;
    if (peer->probing) {
        return; /* the ping's own deadline wakes the keeper */
    }
    if (now_ms < due_ms) {
        earlier(&round->next_ms, due_ms);
        return;
    }
    peer->probing = true;
    round->ping[round->ping_count++] = peer;
}

/* What an operator can do about it. */
static void tell_why(struct fam_client *client, struct fam_rpc_state *state)
{
    enum fam_tls_problem problem = FAM_TLS_NO_PROBLEM;
    pthread_mutex_lock(&client->lock);
    bool stalled = fam_client_has_stalled(client);
    pthread_mutex_unlock(&client->lock);
    for (size_t i = 0; i < client->peer_count && problem == FAM_TLS_NO_PROBLEM; i++) {
        problem = fam_peer_tls_problem(client->peers[i].transport);
    }
    state->code = FAM_UNAVAILABLE;
    switch (problem) {
    case FAM_TLS_UNTRUSTED:
        (void)fam_fail_reason(&state->status, FAM_UNAVAILABLE, "TLS", 0,
                              "no server is connected: TLS failed: the server's certificate is not signed by "
                              "FAM_TLS_CA_FILE, has expired, or bears another name than FAM_TLS_SERVER_NAME");
        break;
    case FAM_TLS_REFUSED:
        (void)fam_fail_reason(
            &state->status, FAM_UNAVAILABLE, "TLS", 0,
            "no server is connected: TLS failed: the server refused us: it wants a certificate of a CA "
            "that it knows (FAM_TLS_CERT_FILE), or it does not speak TLS");
        break;
    default:
        (void)(stalled ? fam_fail_reason(&state->status, FAM_UNAVAILABLE, "PEER_STALLED", 0,
                                         "the server has stopped answering, and there is no other")
                       : fam_fail(&state->status, FAM_UNAVAILABLE,
                                  "no server is connected; check FAM_SERVERS and that famserver runs"));
        break;
    }
}

/* Without the lock. */
static void act(struct fam_client *client, struct round *round)
{
    for (size_t i = 0; i < round->moved_count; i++) {
        if (round->gave_up[i]) {
            tell_why(client, round->moved[i]);
            fam_rpc_end(round->moved[i]);
        } else {
            fam_rpc_advance(round->moved[i]);
        }
    }
    for (size_t i = 0; i < round->ping_count; i++) {
        fam_keeper_ping(round->ping[i]);
    }
    for (size_t i = 0; i < round->reset_count; i++) {
        fam_peer_reset(round->reset[i]->transport);
    }
}

static void sleep_until(struct fam_client *client, uint64_t until_ms)
{
    const struct timespec until = {.tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000};
    (void)sem_clockwait(&client->keeper_wake, CLOCK_MONOTONIC, &until);
    while (sem_trywait(&client->keeper_wake) == 0) { /* one look serves all who called */
    }
}

static void *keep(void *arg)
{
    struct fam_client *client = arg;
    struct round round;
    pthread_mutex_lock(&client->lock);
    while (!client->keeper_stops) {
        uint64_t next_ms = client->keeper_next_ms;
        pthread_mutex_unlock(&client->lock);
        sleep_until(client, next_ms);
        pthread_mutex_lock(&client->lock);
        uint64_t now_ms = fam_mono_ms();
        memset(&round, 0, sizeof(round));
        round.next_ms = now_ms + IDLE_MS;
        look_at_calls(client, now_ms, &round);
        for (size_t i = 0; i < client->peer_count; i++) {
            look_at_peer(&client->peers[i], now_ms, &round);
        }
        client->keeper_next_ms = round.next_ms;
        pthread_mutex_unlock(&client->lock);
        act(client, &round);
        pthread_mutex_lock(&client->lock);
    }
    pthread_mutex_unlock(&client->lock);
    return NULL;
}

enum fam_code fam_keeper_start(struct fam_client *client, struct fam_status *status)
{
    client->keeper_next_ms = fam_mono_ms() + IDLE_MS;
    if (pthread_create(&client->keeper, NULL, keep, client) != 0) {
        return fam_fail(status, FAM_RESOURCE_EXHAUSTED, "can't start the thread that watches the servers");
    }
    client->keeper_runs = true;
    return FAM_OK;
}

void fam_keeper_stop(struct fam_client *client)
{
    pthread_mutex_lock(&client->lock);
    client->keeper_stops = true;
    pthread_mutex_unlock(&client->lock);
    (void)sem_post(&client->keeper_wake);
    (void)pthread_join(client->keeper, NULL);
    client->keeper_runs = false;
}
