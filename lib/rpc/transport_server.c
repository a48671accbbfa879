/* transport_server.c: the REP side of transport.h. */
#include <assert.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/supplemental/util/platform.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/transport.h"
#include "rpc/transport_close.h"
#include "rpc/transport_nng.h"

enum { LINGER_MS = 50, SEND_TIMEOUT_MS = 5000 };

struct fam_slot {
    struct fam_listener *listener;
    nng_ctx ctx;
    nng_aio *recv_aio;
    nng_aio *send_aio;
    uint32_t connection; /* of the request */
    bool open;
};

struct fam_listener {
    struct fam_listener_options options;
    nng_socket socket;
    bool socket_open;
    pthread_mutex_t hearing; /* held while the owner is told of a connection */
    bool abandoned;          /* under `hearing`: nng did not come to an end, and the owner hears no more */
    nng_tls_config *tls;     /* NULL: no tls+tcp:// among the URLs */
    char **urls;
    nng_listener *listeners;
    struct fam_slot *slots;
};

struct fam_message *fam_message_new(size_t size)
{
    nng_msg *msg = NULL;
    return nng_msg_alloc(&msg, size) == 0 ? (struct fam_message *)msg : NULL;
}

void fam_message_free(struct fam_message *message)
{
    if (message != NULL) {
        nng_msg_free((nng_msg *)message);
    }
}

void *fam_message_data(struct fam_message *message)
{
    return nng_msg_body((nng_msg *)message);
}

size_t fam_message_size(const struct fam_message *message)
{
    return nng_msg_len((const nng_msg *)message);
}

enum fam_code fam_transport_fail(struct fam_status *status, const char *what, int error)
{
    enum fam_code code = error == NNG_ENOMEM ? FAM_RESOURCE_EXHAUSTED : FAM_INTERNAL;
    return fam_fail(status, code, "%s: %s", what, nng_strerror((int)error));
}

/* nng's threads inherit the affinity of the thread that first opens a socket. */
static bool pin_begin(cpu_set_t *ret_before)
{
    cpu_set_t one;
    if (sched_getaffinity(0, sizeof(*ret_before), ret_before) != 0) {
        return false;
    }
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, ret_before)) {
            CPU_SET(cpu, &one);
            break;
        }
    }
    return sched_setaffinity(0, sizeof(one), &one) == 0;
}

static void receive_next(struct fam_slot *slot)
{
    nng_ctx_recv(slot->ctx, slot->recv_aio);
}

static void on_received(void *arg)
{
    struct fam_slot *slot = arg;
    int error = nng_aio_result(slot->recv_aio);
    if (error == NNG_ECLOSED || error == NNG_ECANCELED) {
        return;
    }
    if (error != 0) {
        receive_next(slot);
        return;
    }
    nng_msg *msg = nng_aio_get_msg(slot->recv_aio);
    nng_aio_set_msg(slot->recv_aio, NULL);
    slot->connection = (uint32_t)nng_pipe_id(nng_msg_get_pipe(msg));
    slot->listener->options.on_request(slot->listener->options.context, slot, (struct fam_message *)msg,
                                       slot->connection);
}

void fam_connection_close(uint32_t connection)
{
    const nng_pipe pipe = {.id = connection};
    (void)nng_pipe_close(pipe);
}

static void on_sent(void *arg)
{
    struct fam_slot *slot = arg;
    int error = nng_aio_result(slot->send_aio);
    if (error != 0) {
        nng_msg *msg = nng_aio_get_msg(slot->send_aio);
        if (msg != NULL) {
            nng_aio_set_msg(slot->send_aio, NULL);
            nng_msg_free(msg);
        }
        if (error == NNG_ECLOSED || error == NNG_ECANCELED) {
            return;
        }
        if (error == NNG_ETIMEDOUT) {
            /* A peer that does not read its answers: its other answers must not hold one slot after the other. */
            fam_connection_close(slot->connection);
        }
    }
    receive_next(slot);
}

void fam_slot_reply(struct fam_slot *slot, struct fam_message *reply)
{
    if (reply == NULL) {
        reply = fam_message_new(0);
    }
    if (reply == NULL) {
        /* Not even an empty message: the request is given up, and the peer's deadline tells it. */
        receive_next(slot);
        return;
    }
    nng_aio_set_msg(slot->send_aio, (nng_msg *)reply);
    nng_ctx_send(slot->ctx, slot->send_aio);
}

static void tell(struct fam_listener *listener, nng_pipe pipe, nng_pipe_ev event)
{
    uint32_t connection = (uint32_t)nng_pipe_id(pipe);
    if (event == NNG_PIPE_EV_ADD_PRE) {
        if (!listener->options.on_connect(listener->options.context, connection)) {
            (void)nng_pipe_close(pipe);
        }
    } else if (event == NNG_PIPE_EV_REM_POST) {
        listener->options.on_disconnect(listener->options.context, connection);
    }
}

static void on_pipe(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    struct fam_listener *listener = arg;
    pthread_mutex_lock(&listener->hearing);
    if (!listener->abandoned) {
        tell(listener, pipe, event);
    }
    pthread_mutex_unlock(&listener->hearing);
}

static int open_slot(struct fam_listener *listener, struct fam_slot *slot)
{
    slot->listener = listener;
    int error = nng_aio_alloc(&slot->recv_aio, on_received, slot);
    if (error == 0) {
        error = nng_aio_alloc(&slot->send_aio, on_sent, slot);
    }
    if (error == 0) {
        nng_aio_set_timeout(slot->recv_aio, NNG_DURATION_INFINITE);
        /* A peer that does not read its answer must not hold the context for ever. */
        nng_aio_set_timeout(slot->send_aio, SEND_TIMEOUT_MS);
        error = nng_ctx_open(&slot->ctx, listener->socket);
        slot->open = error == 0;
    }
    return error;
}

static enum fam_code copy_urls(struct fam_listener *listener, struct fam_status *status)
{
    size_t count = listener->options.url_count;
    listener->urls = calloc(count + 1, sizeof(*listener->urls));
    listener->listeners = calloc(count + 1, sizeof(*listener->listeners));
    listener->slots = calloc(listener->options.slots, sizeof(*listener->slots));
    if (listener->urls == NULL || listener->listeners == NULL || listener->slots == NULL) {
        return fam_fail_memory(status);
    }
    for (size_t i = 0; i < count; i++) {
        enum fam_code code = fam_transport_check_url(listener->options.urls[i], status);
        if (code != FAM_OK) {
            return code;
        }
        listener->urls[i] = strdup(listener->options.urls[i]);
        if (listener->urls[i] == NULL) {
            return fam_fail_memory(status);
        }
        if (fam_transport_is_tls(listener->urls[i]) && listener->tls == NULL) {
            code = fam_tls_server(listener->options.tls, &listener->tls, status);
        }
        if (code != FAM_OK) {
            return code;
        }
    }
    listener->options.tls = NULL; /* borrowed until here */
    return FAM_OK;
}

enum fam_code fam_transport_check_url(const char *url, struct fam_status *status)
{
    if (strncmp(url, "ipc://", 6) == 0) {
        return fam_fail(
            status, FAM_INVALID_ARGUMENT,
            "%s: ipc:// is refused because a rude peer wedges it on nng below 1.6; use tcp://127.0.0.1:PORT", url);
    }
    if (strncmp(url, "tcp://", 6) != 0 && !fam_transport_is_tls(url)) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "%s: an RPC address is tcp://HOST:PORT or tls+tcp://HOST:PORT",
                        url);
    }
    return FAM_OK;
}

bool fam_transport_is_tls(const char *url)
{
    return strncmp(url, "tls+tcp://", 10) == 0;
}

static enum fam_code open_socket(struct fam_listener *listener, struct fam_status *status)
{
    cpu_set_t before;
    bool pinned = listener->options.pin && pin_begin(&before);
    int error = nng_rep0_open(&listener->socket);
    if (pinned) {
        (void)sched_setaffinity(0, sizeof(before), &before);
    }
    if (error != 0) {
        return fam_transport_fail(status, "can't open the RPC socket", error);
    }
    listener->socket_open = true;
    error = nng_socket_set_size(listener->socket, NNG_OPT_RECVMAXSZ, listener->options.message_bytes);
    if (error == 0) {
        error = nng_socket_set_bool(listener->socket, NNG_OPT_TCP_NODELAY, true);
        error = error == NNG_ENOTSUP ? 0 : error;
    }
    if (error == 0) {
        error = nng_pipe_notify(listener->socket, NNG_PIPE_EV_ADD_PRE, on_pipe, listener);
    }
    if (error == 0) {
        error = nng_pipe_notify(listener->socket, NNG_PIPE_EV_REM_POST, on_pipe, listener);
    }
    for (size_t i = 0; error == 0 && i < listener->options.slots; i++) {
        error = open_slot(listener, &listener->slots[i]);
    }
    return error == 0 ? FAM_OK : fam_transport_fail(status, "can't set up the RPC socket", error);
}

struct fam_listener *fam_listener_new(const struct fam_listener_options *options, struct fam_status *status)
{
    assert(options->slots > 0 && options->on_request != NULL);
    struct fam_listener *listener = calloc(1, sizeof(*listener));
    if (listener == NULL || pthread_mutex_init(&listener->hearing, NULL) != 0) {
        free(listener);
        (void)fam_fail_memory(status);
        return NULL;
    }
    listener->options = *options;
    if (copy_urls(listener, status) != FAM_OK || open_socket(listener, status) != FAM_OK) {
        fam_listener_free(listener);
        return NULL;
    }
    return listener;
}

enum fam_code fam_listener_start(struct fam_listener *listener, struct fam_status *status)
{
    for (size_t i = 0; i < listener->options.url_count; i++) {
        int error = nng_listener_create(&listener->listeners[i], listener->socket, listener->urls[i]);
        if (error == 0) {
            error = nng_listener_set_size(listener->listeners[i], NNG_OPT_RECVMAXSZ, listener->options.message_bytes);
        }
        if (error == 0 && fam_transport_is_tls(listener->urls[i])) {
            error = nng_listener_set_ptr(listener->listeners[i], NNG_OPT_TLS_CONFIG, listener->tls);
        }
        if (error == 0) {
            error = nng_listener_start(listener->listeners[i], 0);
        }
        if (error != 0) {
            return fam_fail(status, error == NNG_EADDRINUSE ? FAM_FAILED_PRECONDITION : FAM_INTERNAL,
                            "can't listen on %s: %s; set FAM_LISTEN to a free address", listener->urls[i],
                            nng_strerror(error));
        }
    }
    for (size_t i = 0; i < listener->options.slots; i++) {
        receive_next(&listener->slots[i]);
    }
    return FAM_OK;
}

uint16_t fam_listener_port(const struct fam_listener *listener, size_t index)
{
    int port = 0;
    if (index < listener->options.url_count &&
        nng_listener_get_int(listener->listeners[index], NNG_OPT_TCP_BOUND_PORT, &port) == 0) {
        return (uint16_t)port;
    }
    return 0;
}

void fam_listener_stop(struct fam_listener *listener)
{
    if (!listener->socket_open) {
        return;
    }
    /* nng calls an answer sent when its connection has taken it, and drops on close what is not yet written. */
    nng_msleep(LINGER_MS);
    for (size_t i = 0; i < listener->options.slots; i++) {
        struct fam_slot *slot = &listener->slots[i];
        if (slot->recv_aio != NULL) {
            nng_aio_stop(slot->recv_aio);
        }
        if (slot->send_aio != NULL) {
            nng_aio_stop(slot->send_aio);
        }
        if (slot->open) {
            (void)nng_ctx_close(slot->ctx);
            slot->open = false;
        }
    }
    bool closed = fam_socket_close(listener->socket);
    pthread_mutex_lock(&listener->hearing);
    listener->abandoned = !closed;
    pthread_mutex_unlock(&listener->hearing);
    listener->socket_open = false;
}

void fam_listener_free(struct fam_listener *listener)
{
    if (listener == NULL) {
        return;
    }
    fam_listener_stop(listener);
    if (listener->abandoned) {
        return; /* nng keeps what it refers to, until the process ends */
    }
    for (size_t i = 0; listener->slots != NULL && i < listener->options.slots; i++) {
        nng_aio_free(listener->slots[i].recv_aio);
        nng_aio_free(listener->slots[i].send_aio);
    }
    for (size_t i = 0; listener->urls != NULL && i < listener->options.url_count; i++) {
        free(listener->urls[i]);
    }
    if (listener->tls != NULL) {
        nng_tls_config_free(listener->tls);
    }
    free(listener->urls);
    free(listener->listeners);
    free(listener->slots);
    (void)pthread_mutex_destroy(&listener->hearing);
    free(listener);
}
