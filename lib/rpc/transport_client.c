/* transport_client.c: the REQ side of transport.h. */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/transport.h"
#include "rpc/transport_close.h"
#include "rpc/transport_nng.h"

enum { ATTEMPTS_MAX = 4096, RECONNECT_MIN_MS = 100, RECONNECT_MAX_MS = 1000 };

enum phase { PHASE_IDLE, PHASE_SENDING, PHASE_RECEIVING };

struct fam_attempt {
    struct fam_peer *peer;
    nng_ctx ctx;
    nng_aio *aio;
    atomic_int phase; /* enum phase; written by one thread at a time */
    fam_attempt_done *done;
    void *context;
    atomic_bool cancelled;
    atomic_int started_by; /* threads between the start of an operation and their look whether a cancel came before */
    struct fam_attempt *next_free;
    struct fam_attempt *next; /* of all */
};

struct fam_peer {
    struct fam_peer_options options;
    nng_socket socket;
    bool socket_open;
    pthread_mutex_t hearing; /* held while the owner is told of a connection */
    bool abandoned;          /* under `hearing`: nng did not come to an end, and the owner hears no more */
    bool tls;
    nng_dialer dialer;
    atomic_int pipes;
    atomic_uint pipe; /* id of the newest */
    atomic_uint generation;
    pthread_mutex_t lock; /* guards the lists and the count */
    struct fam_attempt *free_list;
    struct fam_attempt *all;
    size_t attempt_count;
};

static void count_pipe(struct fam_peer *peer, nng_pipe pipe, nng_pipe_ev event)
{
    if (event == NNG_PIPE_EV_ADD_POST) {
        atomic_store(&peer->pipe, (unsigned)nng_pipe_id(pipe));
        atomic_fetch_add(&peer->generation, 1);
        atomic_fetch_add(&peer->pipes, 1);
    } else if (event == NNG_PIPE_EV_REM_POST) {
        atomic_fetch_sub(&peer->pipes, 1);
    }
}

static void on_pipe(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    struct fam_peer *peer = arg;
    pthread_mutex_lock(&peer->hearing);
    if (!peer->abandoned) {
        count_pipe(peer, pipe, event);
        peer->options.on_change(peer->options.context);
    }
    pthread_mutex_unlock(&peer->hearing);
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

static int dial(struct fam_peer *peer, const char *url, nng_tls_config *tls)
{
    int error = nng_dialer_create(&peer->dialer, peer->socket, url);
    if (error == 0) {
        error = nng_dialer_set_size(peer->dialer, NNG_OPT_RECVMAXSZ, peer->options.message_bytes);
    }
    if (error == 0 && tls != NULL) {
        error = nng_dialer_set_ptr(peer->dialer, NNG_OPT_TLS_CONFIG, tls);
    }
    return error == 0 ? nng_dialer_start(peer->dialer, NNG_FLAG_NONBLOCK) : error;
}

static enum fam_code open_peer(struct fam_peer *peer, const struct fam_peer_options *options, struct fam_status *status)
{
    nng_tls_config *tls = NULL;
    enum fam_code code = fam_transport_check_url(options->url, status);
    if (code == FAM_OK && fam_transport_is_tls(options->url)) {
        code = fam_tls_client(options->tls, options->url, &tls, status);
        peer->tls = true;
    }
    if (code != FAM_OK) {
        return code;
    }
    int error = nng_req0_open(&peer->socket);
    peer->socket_open = error == 0;
    if (error == 0) {
        error = set_options(peer);
    }
    if (error == 0) {
        error = dial(peer, options->url, tls);
    }
    if (tls != NULL) {
        nng_tls_config_free(tls); /* the dialer holds it */
    }
    if (error != 0) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "can't connect to %s: %s", options->url, nng_strerror(error));
    }
    return FAM_OK;
}

struct fam_peer *fam_peer_new(const struct fam_peer_options *options, struct fam_status *status)
{
    struct fam_peer *peer = calloc(1, sizeof(*peer));
    if (peer == NULL || pthread_mutex_init(&peer->lock, NULL) != 0) {
        free(peer);
        (void)fam_fail_memory(status);
        return NULL;
    }
    if (pthread_mutex_init(&peer->hearing, NULL) != 0) {
        (void)pthread_mutex_destroy(&peer->lock);
        free(peer);
        (void)fam_fail_memory(status);
        return NULL;
    }
    peer->options = *options;
    peer->options.url = NULL; /* only needed to dial, like the next */
    peer->options.tls = NULL;
    if (open_peer(peer, options, status) != FAM_OK) {
        fam_peer_free(peer);
        return NULL;
    }
    return peer;
}

bool fam_peer_is_connected(const struct fam_peer *peer)
{
    return atomic_load(&peer->pipes) > 0;
}

unsigned fam_peer_generation(const struct fam_peer *peer)
{
    return atomic_load(&peer->generation);
}

void fam_peer_reset(struct fam_peer *peer)
{
    if (fam_peer_is_connected(peer)) {
        const nng_pipe pipe = {.id = atomic_load(&peer->pipe)};
        (void)nng_pipe_close(pipe); /* when it has gone by itself there is nothing to close */
    }
}

static uint64_t stat_value(nng_stat *parent, const char *name)
{
    for (nng_stat *stat = nng_stat_child(parent); stat != NULL; stat = nng_stat_next(stat)) {
        if (strcmp(nng_stat_name(stat), name) == 0) {
            return nng_stat_value(stat);
        }
    }
    return 0;
}

/* Dialling goes on in the background and reports to nobody; nng counts its failures by kind. */
enum fam_tls_problem fam_peer_tls_problem(const struct fam_peer *peer)
{
    enum fam_tls_problem problem = FAM_TLS_NO_PROBLEM;
    nng_stat *root = NULL;
    if (!peer->tls || nng_stats_get(&root) != 0) {
        return problem;
    }
    for (nng_stat *stat = nng_stat_child(root); stat != NULL; stat = nng_stat_next(stat)) {
        bool ours = strncmp(nng_stat_name(stat), "dialer", 6) == 0 &&
                    stat_value(stat, "id") == (uint64_t)nng_dialer_id(peer->dialer);
        if (ours && stat_value(stat, "auth") > 0) {
            problem = FAM_TLS_UNTRUSTED;
        } else if (ours && stat_value(stat, "other") + stat_value(stat, "disconnect") > 0) {
            problem = FAM_TLS_REFUSED;
        }
    }
    nng_stats_free(root);
    return problem;
}

/* Starts sending or receiving. A cancel may have come while nng had nothing to cancel: then it is done here. */
static void start(struct fam_attempt *attempt, void (*operation)(nng_ctx ctx, nng_aio *aio))
{
    atomic_fetch_add(&attempt->started_by, 1);
    operation(attempt->ctx, attempt->aio);
    if (atomic_load(&attempt->cancelled)) {
        nng_aio_cancel(attempt->aio);
    }
    atomic_fetch_sub(&attempt->started_by, 1);
}

/* The callback that calls this may still be returning when the attempt is used again: it touches nothing afterwards,
 * and nng lets an operation be started again from its own callback. */
static void give_back(struct fam_attempt *attempt)
{
    struct fam_peer *peer = attempt->peer;
    while (atomic_load(&attempt->started_by) > 0) {
        (void)sched_yield(); /* an answer that was faster than the thread that asked: a few instructions */
    }
    pthread_mutex_lock(&peer->lock);
    attempt->next_free = peer->free_list;
    peer->free_list = attempt;
    pthread_mutex_unlock(&peer->lock);
}

static void finish(struct fam_attempt *attempt, enum fam_code code, bool sent, nng_msg *reply)
{
    atomic_store(&attempt->phase, PHASE_IDLE);
    attempt->done(attempt->context, code, sent, (struct fam_message *)reply);
    give_back(attempt);
}

static enum fam_code code_of(const struct fam_attempt *attempt, int error)
{
    bool cancelled = error == NNG_ECANCELED || atomic_load(&attempt->cancelled);
    return cancelled ? FAM_CANCELLED : FAM_UNAVAILABLE;
}

static void on_sent(struct fam_attempt *attempt, int error)
{
    if (error != 0) {
        nng_msg *unsent = nng_aio_get_msg(attempt->aio);
        nng_aio_set_msg(attempt->aio, NULL);
        if (unsent != NULL) {
            nng_msg_free(unsent);
        }
        finish(attempt, code_of(attempt, error), false, NULL);
    } else if (atomic_load(&attempt->cancelled)) {
        finish(attempt, FAM_CANCELLED, true, NULL);
    } else {
        atomic_store(&attempt->phase, PHASE_RECEIVING);
        start(attempt, nng_ctx_recv);
    }
}

static void on_aio(void *arg)
{
    struct fam_attempt *attempt = arg;
    int error = nng_aio_result(attempt->aio);
    if (atomic_load(&attempt->phase) == PHASE_SENDING) {
        on_sent(attempt, error);
    } else if (error != 0) {
        finish(attempt, code_of(attempt, error), true, NULL);
    } else {
        nng_msg *reply = nng_aio_get_msg(attempt->aio);
        nng_aio_set_msg(attempt->aio, NULL);
        finish(attempt, FAM_OK, true, reply);
    }
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

/* One more, when there may be one more. */
static struct fam_attempt *attempt_add(struct fam_peer *peer, struct fam_status *status)
{
    pthread_mutex_lock(&peer->lock);
    bool full = peer->attempt_count >= ATTEMPTS_MAX;
    peer->attempt_count += full ? 0 : 1;
    pthread_mutex_unlock(&peer->lock);
    if (full) {
        (void)fam_fail(status, FAM_RESOURCE_EXHAUSTED, "%d calls are in flight to this server; try again later",
                       ATTEMPTS_MAX);
        return NULL;
    }
    struct fam_attempt *attempt = attempt_new(peer);
    pthread_mutex_lock(&peer->lock);
    if (attempt == NULL) {
        peer->attempt_count--;
        (void)fam_fail_memory(status);
    } else {
        attempt->next = peer->all;
        peer->all = attempt;
    }
    pthread_mutex_unlock(&peer->lock);
    return attempt;
}

struct fam_attempt *fam_peer_attempt(struct fam_peer *peer, fam_attempt_done *done, void *context,
                                     struct fam_status *status)
{
    pthread_mutex_lock(&peer->lock);
    struct fam_attempt *attempt = peer->free_list;
    if (attempt != NULL) {
        peer->free_list = attempt->next_free;
    }
    pthread_mutex_unlock(&peer->lock);
    if (attempt == NULL) {
        attempt = attempt_add(peer, status);
    }
    if (attempt != NULL) {
        attempt->done = done;
        attempt->context = context;
        atomic_store(&attempt->cancelled, false);
        atomic_store(&attempt->phase, PHASE_SENDING);
    }
    return attempt;
}

void fam_attempt_send(struct fam_attempt *attempt, struct fam_message *request)
{
    nng_aio_set_msg(attempt->aio, (nng_msg *)request);
    start(attempt, nng_ctx_send);
}

void fam_attempt_cancel(struct fam_attempt *attempt)
{
    atomic_store(&attempt->cancelled, true);
    nng_aio_cancel(attempt->aio);
}

bool fam_attempt_is_unsent(const struct fam_attempt *attempt)
{
    return atomic_load(&attempt->phase) == PHASE_SENDING;
}

void fam_peer_free(struct fam_peer *peer)
{
    if (peer == NULL) {
        return;
    }
    for (struct fam_attempt *attempt = peer->all; attempt != NULL; attempt = attempt->next) {
        nng_aio_stop(attempt->aio);
        (void)nng_ctx_close(attempt->ctx);
    }
    if (peer->socket_open && !fam_socket_close(peer->socket)) {
        pthread_mutex_lock(&peer->hearing);
        peer->abandoned = true;
        pthread_mutex_unlock(&peer->hearing);
        return; /* nng keeps what it refers to, until the process ends */
    }
    while (peer->all != NULL) {
        struct fam_attempt *attempt = peer->all;
        peer->all = attempt->next;
        nng_aio_free(attempt->aio);
        free(attempt);
    }
    (void)pthread_mutex_destroy(&peer->hearing);
    (void)pthread_mutex_destroy(&peer->lock);
    free(peer);
}
