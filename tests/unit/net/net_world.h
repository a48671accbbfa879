/* net_world.h: a server of the test's own that answers by script, counts, and holds requests back. One a test program.
 *
 * Reply n of the script answers request n, the last one all that follow. While `hold` is set requests wait, and are
 * answered when it is cleared. */
#ifndef FAM_TESTS_NET_WORLD_H
#define FAM_TESTS_NET_WORLD_H

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/secret.h"
#include "sim/http_sim.h"

enum { NET_SCRIPT_MAX = 16, NET_TICK_MS = 5, NET_WAIT_MS = 20000, NET_SEEN_MAX = 32 };

static struct net_world {
    struct http_sim *sim;
    pthread_t thread;
    char base_url[64];
    /* Set before a request is made. */
    struct http_sim_reply script[NET_SCRIPT_MAX];
    size_t script_size;
    atomic_bool hold;
    /* To be read at any time. */
    atomic_uint requests, in_flight, peak, gone;
    /* To be read when the answer has come. */
    char body[96 * 1024];
    char headers[8192];
    _Atomic uint64_t seen_ms[NET_SEEN_MAX]; /* when request n came */
    /* The server's thread alone. */
    struct http_sim_exchange *held[HTTP_SIM_MAX_CONNECTIONS];
    unsigned held_number[HTTP_SIM_MAX_CONNECTIONS];
    size_t held_count;
} net;

static inline void net_reply(struct http_sim_exchange *exchange, unsigned number)
{
    size_t step = number < net.script_size ? number : net.script_size - 1;
    atomic_fetch_sub(&net.in_flight, 1);
    http_sim_reply(exchange, &net.script[step]);
}

static inline void net_on_request(void *context, struct http_sim_exchange *exchange,
                                  const struct http_sim_request *request)
{
    (void)context;
    unsigned number = atomic_load(&net.requests);
    snprintf(net.body, sizeof(net.body), "%s", request->body);
    snprintf(net.headers, sizeof(net.headers), "%s %s\r\n%s", request->method, request->path, request->headers);
    if (number < NET_SEEN_MAX) {
        atomic_store(&net.seen_ms[number], fam_mono_ms());
    }
    unsigned now = atomic_fetch_add(&net.in_flight, 1) + 1;
    if (now > atomic_load(&net.peak)) {
        atomic_store(&net.peak, now);
    }
    net.held[net.held_count] = exchange;
    net.held_number[net.held_count++] = number;
    atomic_fetch_add(&net.requests, 1);
    if (!atomic_load(&net.hold)) {
        net.held_count--;
        net_reply(exchange, number);
    }
}

static inline void net_on_gone(void *context, struct http_sim_exchange *exchange)
{
    (void)context;
    for (size_t i = 0; i < net.held_count; i++) {
        if (net.held[i] == exchange) {
            net.held_count--;
            net.held[i] = net.held[net.held_count];
            net.held_number[i] = net.held_number[net.held_count];
            atomic_fetch_sub(&net.in_flight, 1);
            atomic_fetch_add(&net.gone, 1);
            return;
        }
    }
}

static inline int net_on_tick(void *context, uint64_t now_ms)
{
    (void)context;
    (void)now_ms;
    while (!atomic_load(&net.hold) && net.held_count > 0) {
        net.held_count--;
        net_reply(net.held[net.held_count], net.held_number[net.held_count]);
    }
    return NET_TICK_MS;
}

static inline void *net_run(void *context)
{
    (void)context;
    (void)http_sim_run(net.sim);
    return NULL;
}

static inline void net_start(void)
{
    static const struct http_sim_handler handler = {
        .request = net_on_request, .gone = net_on_gone, .tick = net_on_tick};
    signal(SIGPIPE, SIG_IGN);
    net.sim = http_sim_new("127.0.0.1", 0, &handler);
    cr_assert_not_null(net.sim);
    snprintf(net.base_url, sizeof(net.base_url), "http://127.0.0.1:%u", http_sim_port(net.sim));
    cr_assert_eq(pthread_create(&net.thread, NULL, net_run, NULL), 0);
}

static inline void net_stop(void)
{
    http_sim_stop(net.sim);
    (void)pthread_join(net.thread, NULL);
    http_sim_free(net.sim);
}

/* One reply, the same for every request from now on. */
static inline void net_answer_always(struct http_sim_reply reply)
{
    net.script[0] = reply;
    net.script_size = 1;
}

static inline void net_answer_then(struct http_sim_reply reply)
{
    cr_assert_lt(net.script_size, NET_SCRIPT_MAX);
    net.script[net.script_size++] = reply;
}

static inline struct http_sim_reply net_text(int status, const char *headers, const char *body)
{
    return (struct http_sim_reply){.status = status, .headers = headers, .body = body, .body_size = strlen(body)};
}

/* Until the counter has the value; false when that takes too long. */
static inline bool net_wait(atomic_uint *counter, unsigned least)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    uint64_t end_ms = fam_mono_ms() + NET_WAIT_MS;
    while (atomic_load(counter) < least) {
        if (fam_mono_ms() > end_ms) {
            return false;
        }
        nanosleep(&moment, NULL);
    }
    return true;
}

static inline void net_secret(struct fam_secret *secret, const char *text)
{
    cr_assert(fam_secret_set(secret, text, strlen(text)));
}

#endif
