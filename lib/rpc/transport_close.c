/* transport_close.c: see transport_close.h. */
#include "rpc/transport_close.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { CLOSE_SECONDS = 2 };

/* Freed by whichever of the two, the closing thread and the one that waits for it, is the last to look at it. */
struct closing {
    nng_socket socket;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool closed;
    bool abandoned;
};

static void closing_free(struct closing *closing)
{
    (void)pthread_cond_destroy(&closing->changed);
    (void)pthread_mutex_destroy(&closing->lock);
    free(closing);
}

static void *close_socket(void *arg)
{
    struct closing *closing = arg;
    (void)nng_close(closing->socket);
    pthread_mutex_lock(&closing->lock);
    closing->closed = true;
    bool last = closing->abandoned;
    (void)pthread_cond_signal(&closing->changed);
    pthread_mutex_unlock(&closing->lock);
    if (last) {
        closing_free(closing);
    }
    return NULL;
}

static struct closing *closing_new(nng_socket socket)
{
    struct closing *closing = calloc(1, sizeof(*closing));
    if (closing == NULL) {
        return NULL;
    }
    closing->socket = socket;
    pthread_condattr_t monotonic;
    bool ok = pthread_condattr_init(&monotonic) == 0;
    if (ok) {
        (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        ok = pthread_cond_init(&closing->changed, &monotonic) == 0;
        (void)pthread_condattr_destroy(&monotonic);
    }
    if (ok && pthread_mutex_init(&closing->lock, NULL) != 0) {
        (void)pthread_cond_destroy(&closing->changed);
        ok = false;
    }
    if (!ok) {
        free(closing);
        return NULL;
    }
    return closing;
}

static bool wait_closed(struct closing *closing)
{
    struct timespec end;
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += CLOSE_SECONDS;
    pthread_mutex_lock(&closing->lock);
    int error = 0;
    while (!closing->closed && error == 0) {
        error = pthread_cond_timedwait(&closing->changed, &closing->lock, &end);
    }
    bool closed = closing->closed;
    closing->abandoned = !closed;
    pthread_mutex_unlock(&closing->lock);
    if (closed) {
        closing_free(closing);
    }
    return closed;
}

bool fam_socket_close(nng_socket socket)
{
    struct closing *closing = closing_new(socket);
    pthread_t thread;
    if (closing == NULL || pthread_create(&thread, NULL, close_socket, closing) != 0) {
        /* Without memory or a thread: the socket stays, rather than a wait without an end. */
        if (closing != NULL) {
            closing_free(closing);
        }
        return false;
    }
    (void)pthread_detach(thread);
    return wait_closed(closing);
}
