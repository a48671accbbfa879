/* transport_client.c: the REQ side of transport.h. */
#include <assert.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "rpc/transport.h"
#include "rpc/transport_nng.h"

enum { ATTEMPTS_MAX = 4096, RECONNECT_MIN_MS = 100, RECONNECT_MAX_MS = 5000 };

enum phase { PHASE_IDLE, PHASE_SENDING, PHASE_RECEIVING };

struct fam_attempt {
    struct fam_peer *peer;
    nng_ctx ctx;
    nng_aio *aio;
    enum phase phase;
    void (*done)(void *context, enum fam_code code, struct fam_message *reply);
    void *context;
    atomic_bool cancelled;
    struct fam_attempt *next_free;
};

struct fam_peer {
    struct fam_peer_options options;
    nng_socket socket;
    bool socket_open;
    atomic_int pipes;
    atomic_size_t in_flight;
    pthread_mutex_t lock; /* guards the free list and the count */
    struct fam_attempt *free_list;
    size_t attempt_count;
};

static void on_pipe(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    (void)pipe;
    struct fam_peer *peer = arg;
    if (event == NNG_PIPE_EV_ADD_POST) {
        atomic_fetch_add(&peer->pipes, 1);
        peer->options.on_change(peer->options.context, true);
    } else if (event == NNG_PIPE_EV_REM_POST) {
        int left = atomic_fetch_sub(&peer->pipes, 1) - 1;
        peer->options.on_change(peer->options.context, left > 0);
    }
}

static int set_options(struct fam_peer *peer)
{
    /* Before any context is opened: contexts copy these. An infinite resend time makes a lost peer an error at once
     * instead of a second execution elsewhere. */
    int error = nng_socket_set_ms(peer->socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    if (error == 0) {
        error = nng_socket_set_ms(peer->socket, NNG_OPT_RECONNMINT, RECONNECT_MIN_MS);
    }
    if (error == 0) {
        error = nng_socket_set_ms(peer->socket, NNG_OPT_RECONNMAXT, RECONNECT_MAX_MS);
    }
    if (error == 0) {
        error = nng_socket_set_size(peer->socket, NNG_OPT_RECVMAXSZ, peer->options.message_bytes);
    }
    if (error == 0) {
        error = nng_pipe_notify(peer->socket, NNG_PIPE_EV_ADD_POST, on_pipe, peer);
    }
    if (error == 0) {
        error = nng_pipe_notify(peer->socket, NNG_PIPE_EV_REM_POST, on_pipe, peer);
    }
    return error;
}

struct fam_peer *fam_peer_new(const struct fam_peer_options *options, struct fam_status *status)
{
    if (fam_transport_check_url(options->url, status) != FAM_OK) {
        return NULL;
    }
    struct fam_peer *peer = calloc(1, sizeof(*peer));
    if (peer == NULL || pthread_mutex_init(&peer->lock, NULL) != 0) {
        free(peer);
        (void)fam_fail_memory(status);
        return NULL;
    }
    peer->options = *options;
    peer->options.url = NULL; /* only needed to dial */
    int error = nng_req0_open(&peer->socket);
    peer->socket_open = error == 0;
    if (error == 0) {
        error = set_options(peer);
    }
    nng_dialer dialer = NNG_DIALER_INITIALIZER;
    if (error == 0) {
        error = nng_dialer_create(&dialer, peer->socket, options->url);
    }
    if (error == 0) {
        error = nng_dialer_set_size(dialer, NNG_OPT_RECVMAXSZ, options->message_bytes);
    }
    if (error == 0) {
        error = nng_dialer_start(dialer, NNG_FLAG_NONBLOCK);
    }
    if (error != 0) {
        (void)fam_fail(status, FAM_INVALID_ARGUMENT, "can't connect to %s: %s", options->url, nng_strerror(error));
        fam_peer_free(peer);
        return NULL;
    }
    return peer;
}

bool fam_peer_is_connected(const struct fam_peer *peer)
{
    return atomic_load(&peer->pipes) > 0;
}

size_t fam_peer_in_flight(const struct fam_peer *peer)
{
    return atomic_load(&peer->in_flight);
}

static void finish(struct fam_attempt *attempt, enum fam_code code, nng_msg *reply)
{
    attempt->phase = PHASE_IDLE;
    atomic_fetch_sub(&attempt->peer->in_flight, 1);
    attempt->done(attempt->context, code, (struct fam_message *)reply);
}

static enum fam_code code_of(const struct fam_attempt *attempt, int error)
{
    bool cancelled = error == NNG_ECANCELED || atomic_load(&attempt->cancelled);
    return cancelled ? FAM_CANCELLED : FAM_UNAVAILABLE;
}

static void on_aio(void *arg)
{
    struct fam_attempt *attempt = arg;
    int error = nng_aio_result(attempt->aio);
    if (attempt->phase == PHASE_SENDING) {
        if (error != 0) {
            nng_msg *unsent = nng_aio_get_msg(attempt->aio);
            nng_aio_set_msg(attempt->aio, NULL);
            if (unsent != NULL) {
                nng_msg_free(unsent);
            }
            finish(attempt, code_of(attempt, error), NULL);
            return;
        }
        if (atomic_load(&attempt->cancelled)) {
            finish(attempt, FAM_CANCELLED, NULL);
            return;
        }
        attempt->phase = PHASE_RECEIVING;
        nng_ctx_recv(attempt->ctx, attempt->aio);
        if (atomic_load(&attempt->cancelled)) {
            nng_aio_cancel(attempt->aio); /* it came between the check above and the receive */
        }
        return;
    }
    if (error != 0) {
        finish(attempt, code_of(attempt, error), NULL);
        return;
    }
    nng_msg *reply = nng_aio_get_msg(attempt->aio);
    nng_aio_set_msg(attempt->aio, NULL);
    finish(attempt, FAM_OK, reply);
}

static struct fam_attempt *attempt_new(struct fam_peer *peer)
{
    struct fam_attempt *attempt = calloc(1, sizeof(*attempt));
    if (attempt == NULL) {
        return NULL;
    }
    attempt->peer = peer;
    if (nng_aio_alloc(&attempt->aio, on_aio, attempt) != 0) {
        free(attempt);
        return NULL;
    }
    nng_aio_set_timeout(attempt->aio, NNG_DURATION_INFINITE);
    if (nng_ctx_open(&attempt->ctx, peer->socket) != 0) {
        nng_aio_free(attempt->aio);
        free(attempt);
        return NULL;
    }
    return attempt;
}

static struct fam_attempt *attempt_get(struct fam_peer *peer, struct fam_status *status)
{
    pthread_mutex_lock(&peer->lock);
    struct fam_attempt *attempt = peer->free_list;
    bool full = false;
    if (attempt != NULL) {
        peer->free_list = attempt->next_free;
    } else if (peer->attempt_count >= ATTEMPTS_MAX) {
        full = true;
    } else {
        peer->attempt_count++;
    }
    pthread_mutex_unlock(&peer->lock);
    if (full) {
        (void)fam_fail(status, FAM_RESOURCE_EXHAUSTED, "%d calls are in flight to this server; try again later",
                       ATTEMPTS_MAX);
        return NULL;
    }
    if (attempt == NULL) {
        attempt = attempt_new(peer);
        if (attempt == NULL) {
            pthread_mutex_lock(&peer->lock);
            peer->attempt_count--;
            pthread_mutex_unlock(&peer->lock);
            (void)fam_fail_memory(status);
        }
    }
    return attempt;
}

enum fam_code fam_peer_send(struct fam_peer *peer, struct fam_message *request,
                            void (*done)(void *context, enum fam_code code, struct fam_message *reply), void *context,
                            struct fam_attempt **ret_attempt, struct fam_status *status)
{
    struct fam_attempt *attempt = attempt_get(peer, status);
    if (attempt == NULL) {
        return status->code;
    }
    attempt->done = done;
    attempt->context = context;
    attempt->phase = PHASE_SENDING;
    atomic_store(&attempt->cancelled, false);
    atomic_fetch_add(&peer->in_flight, 1);
    *ret_attempt = attempt; /* before `done` can run */
    nng_aio_set_msg(attempt->aio, (nng_msg *)request);
    nng_ctx_send(attempt->ctx, attempt->aio);
    return FAM_OK;
}

void fam_attempt_cancel(struct fam_attempt *attempt)
{
    atomic_store(&attempt->cancelled, true);
    nng_aio_cancel(attempt->aio);
}

void fam_attempt_free(struct fam_attempt *attempt)
{
    if (attempt == NULL) {
        return;
    }
    struct fam_peer *peer = attempt->peer;
    nng_aio_wait(attempt->aio); /* the callback that called `done` may still be returning */
    pthread_mutex_lock(&peer->lock);
    attempt->next_free = peer->free_list;
    peer->free_list = attempt;
    pthread_mutex_unlock(&peer->lock);
}

void fam_peer_free(struct fam_peer *peer)
{
    if (peer == NULL) {
        return;
    }
    for (struct fam_attempt *attempt = peer->free_list; attempt != NULL; attempt = attempt->next_free) {
        nng_aio_stop(attempt->aio);
        (void)nng_ctx_close(attempt->ctx);
    }
    if (peer->socket_open) {
        (void)nng_close(peer->socket);
    }
    while (peer->free_list != NULL) {
        struct fam_attempt *attempt = peer->free_list;
        peer->free_list = attempt->next_free;
        nng_aio_free(attempt->aio);
        free(attempt);
    }
    pthread_mutex_destroy(&peer->lock);
    free(peer);
}
