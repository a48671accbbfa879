#include "sim/sentry_sim.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "sim/http_sim.h"
#include "sim/sentry_check.h"

enum { SEEN_BYTES_MAX = 8 << 20, STEP_MS = 5 };

struct sentry_sim {
    struct http_sim *http;
    pthread_t thread;
    pthread_mutex_t lock; /* of all that follows */
    struct sentry_weather weather;
    bool weathered;
    size_t requests, events, refused;
    char *kept[SENTRY_SIM_KEPT];
    char problem[SENTRY_SIM_PROBLEM_SIZE];
    struct fam_buf seen; /* every byte that came */
};

/* Under the lock. Takes one of the spoiled answers. */
static struct sentry_weather take_weather(struct sentry_sim *sim)
{
    if (!sim->weathered) {
        return (struct sentry_weather){.times = 0};
    }
    struct sentry_weather weather = sim->weather;
    if (sim->weather.times > 0 && --sim->weather.times == 0) {
        sim->weathered = false;
    }
    return weather;
}

static void keep(struct sentry_sim *sim, const struct sentry_checked *checked)
{
    if (sim->events < SENTRY_SIM_KEPT) {
        sim->kept[sim->events] = strndup(checked->event, checked->event_size);
    }
    sim->events++;
}

static void on_request(void *context, struct http_sim_exchange *exchange, const struct http_sim_request *request)
{
    struct sentry_sim *sim = context;
    struct sentry_checked checked = {.problem = ""};
    char body[SENTRY_SIM_PROBLEM_SIZE + 64];
    bool good = sentry_check(request, "/api/" SENTRY_SIM_PROJECT "/envelope/", SENTRY_SIM_KEY, &checked);
    pthread_mutex_lock(&sim->lock);
    struct sentry_weather weather = take_weather(sim);
    fam_buf_add_text(&sim->seen, request->path);
    fam_buf_add_text(&sim->seen, request->headers);
    fam_buf_add(&sim->seen, request->body, request->body_size);
    sim->requests++;
    if (good) {
        keep(sim, &checked);
    } else {
        sim->refused++;
        (void)snprintf(sim->problem, sizeof(sim->problem), "%s", checked.problem);
    }
    pthread_mutex_unlock(&sim->lock);
    int size = good ? snprintf(body, sizeof(body), "{\"id\":\"%s\"}", checked.id)
                    : snprintf(body, sizeof(body), "{\"detail\":\"%s\"}", checked.problem);
    struct http_sim_reply reply = {.status = weather.status != 0 ? weather.status
                                             : good              ? 200
                                                                 : checked.status,
                                   .headers = weather.headers,
                                   .body = body,
                                   .body_size = (size_t)size,
                                   .hang = weather.hang,
                                   .cut = weather.cut ? HTTP_SIM_CUT_AT_ONCE : HTTP_SIM_WHOLE};
    http_sim_reply(exchange, &reply);
}

static void *serve(void *context)
{
    struct sentry_sim *sim = context;
    (void)http_sim_run(sim->http);
    return NULL;
}

struct sentry_sim *sentry_sim_start(void)
{
    struct sentry_sim *sim = calloc(1, sizeof(*sim));
    if (sim == NULL) {
        return NULL;
    }
    const struct http_sim_handler handler = {.context = sim, .request = on_request};
    fam_buf_init(&sim->seen, SEEN_BYTES_MAX);
    sim->http = http_sim_new("127.0.0.1", 0, &handler);
    if (sim->http == NULL) {
        free(sim);
        return NULL;
    }
    if (pthread_mutex_init(&sim->lock, NULL) != 0 || pthread_create(&sim->thread, NULL, serve, sim) != 0) {
        http_sim_free(sim->http);
        free(sim);
        return NULL;
    }
    return sim;
}

void sentry_sim_stop(struct sentry_sim *sim)
{
    if (sim == NULL) {
        return;
    }
    http_sim_stop(sim->http);
    (void)pthread_join(sim->thread, NULL);
    http_sim_free(sim->http);
    for (size_t i = 0; i < SENTRY_SIM_KEPT; i++) {
        free(sim->kept[i]);
    }
    fam_buf_done(&sim->seen);
    (void)pthread_mutex_destroy(&sim->lock);
    free(sim);
}

uint16_t sentry_sim_port(const struct sentry_sim *sim)
{
    return http_sim_port(sim->http);
}

void sentry_sim_dsn(const struct sentry_sim *sim, char *ret_dsn, size_t size)
{
    (void)snprintf(ret_dsn, size, "http://" SENTRY_SIM_KEY "@127.0.0.1:%u/" SENTRY_SIM_PROJECT, sentry_sim_port(sim));
}

void sentry_sim_weather(struct sentry_sim *sim, struct sentry_weather weather)
{
    pthread_mutex_lock(&sim->lock);
    sim->weather = weather;
    sim->weathered = true;
    pthread_mutex_unlock(&sim->lock);
}

static size_t read_count(struct sentry_sim *sim, const size_t *count)
{
    pthread_mutex_lock(&sim->lock);
    size_t value = *count;
    pthread_mutex_unlock(&sim->lock);
    return value;
}

size_t sentry_sim_requests(struct sentry_sim *sim)
{
    return read_count(sim, &sim->requests);
}

size_t sentry_sim_events(struct sentry_sim *sim)
{
    return read_count(sim, &sim->events);
}

size_t sentry_sim_refused(struct sentry_sim *sim)
{
    return read_count(sim, &sim->refused);
}

void sentry_sim_problem(struct sentry_sim *sim, char ret_problem[SENTRY_SIM_PROBLEM_SIZE])
{
    pthread_mutex_lock(&sim->lock);
    memcpy(ret_problem, sim->problem, SENTRY_SIM_PROBLEM_SIZE);
    pthread_mutex_unlock(&sim->lock);
}

static bool wait_for(struct sentry_sim *sim, const size_t *count, size_t least, int timeout_ms)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    uint64_t end_ms = fam_mono_ms() + (uint64_t)timeout_ms;
    while (read_count(sim, count) < least) {
        if (fam_mono_ms() >= end_ms) {
            return false;
        }
        nanosleep(&step, NULL);
    }
    return true;
}

bool sentry_sim_wait(struct sentry_sim *sim, size_t events, int timeout_ms)
{
    return wait_for(sim, &sim->events, events, timeout_ms);
}

bool sentry_sim_wait_requests(struct sentry_sim *sim, size_t requests, int timeout_ms)
{
    return wait_for(sim, &sim->requests, requests, timeout_ms);
}

char *sentry_sim_event(struct sentry_sim *sim, size_t index)
{
    pthread_mutex_lock(&sim->lock);
    char *copy = index < SENTRY_SIM_KEPT && sim->kept[index] != NULL ? strdup(sim->kept[index]) : NULL;
    pthread_mutex_unlock(&sim->lock);
    return copy;
}

bool sentry_sim_saw(struct sentry_sim *sim, const char *text)
{
    pthread_mutex_lock(&sim->lock);
    bool saw = sim->seen.size > 0 && memmem(sim->seen.data, sim->seen.size, text, strlen(text)) != NULL;
    pthread_mutex_unlock(&sim->lock);
    return saw;
}
