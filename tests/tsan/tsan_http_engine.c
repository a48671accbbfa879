/* tsan_http_engine.c: threads start requests and questions to Claude, cancel every third, read the state and reset the
 * breaker, while one server answers well, badly and not at all. Exit code 0: each ended exactly once. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "metrics/metrics.h"
#include "net/http_client.h"
#include "sim/http_sim.h"
#include "translate/claude.h"

enum { THREADS = 4, ROUNDS = 60, ANSWERS = 4 };

#define GOOD                                                                                                           \
    "{\"stop_reason\":\"end_turn\",\"content\":[{\"type\":\"text\",\"text\":\"{}\"}],\"usage\":{\"output_tokens\":5}}"

static const struct http_sim_reply REPLIES[ANSWERS] = {
    {.body = GOOD, .body_size = sizeof(GOOD) - 1},
    {.status = 500},
    {.body = GOOD, .body_size = sizeof(GOOD) - 1, .delay_ms = 20},
    {.cut = HTTP_SIM_CUT_AT_ONCE},
};

struct world {
    struct http_sim *sim;
    unsigned requests; /* the server's thread alone */
    char base_url[64];
    struct fam_http_client *http;
    struct fam_claude *claude;
    struct fam_metrics *metrics;
    atomic_int asked, ended, refused, good;
};

static void on_request(void *context, struct http_sim_exchange *exchange, const struct http_sim_request *request)
{
    struct world *world = context;
    (void)request;
    http_sim_reply(exchange, &REPLIES[world->requests++ % ANSWERS]);
}

static void *serve(void *context)
{
    struct world *world = context;
    (void)http_sim_run(world->sim);
    return NULL;
}

static void on_http(void *context, enum fam_code code, struct fam_http_response *response,
                    const struct fam_status *status)
{
    struct world *world = context;
    (void)response;
    (void)status;
    atomic_fetch_add(&world->ended, 1);
    atomic_fetch_add(&world->good, code == FAM_OK ? 1 : 0);
}

static void on_answer(void *context, enum fam_code code, const struct fam_claude_answer *answer,
                      const struct fam_status *status)
{
    struct world *world = context;
    (void)answer;
    (void)status;
    atomic_fetch_add(&world->ended, 1);
    atomic_fetch_add(&world->good, code == FAM_OK ? 1 : 0);
}

static void request(struct world *world, bool cancel)
{
    struct fam_status status = {0};
    struct fam_http_call *call = NULL;
    fam_auto(fam_secret_done) struct fam_secret url = {0};
    if (!fam_secret_set(&url, world->base_url, strlen(world->base_url))) {
        return;
    }
    const struct fam_http_request ask = {.url = &url, .body = "{}", .body_size = 2, .timeout_ms = 20000};
    atomic_fetch_add(&world->asked, 1);
    if (fam_http_start(world->http, &ask, on_http, world, &call, &status) != FAM_OK) {
        atomic_fetch_add(&world->refused, 1);
        return;
    }
    if (cancel) {
        fam_http_call_cancel(call);
    }
    fam_http_call_free(call);
}

static void question(struct world *world, bool cancel)
{
    struct fam_status status = {0};
    struct fam_claude_call *call = NULL;
    static const struct fam_claude_prompt prompt = {.system = "s", .user = "u", .schema = "{}"};
    atomic_fetch_add(&world->asked, 1);
    if (fam_claude_ask(world->claude, &prompt, 20000, on_answer, world, &call, &status) != FAM_OK) {
        atomic_fetch_add(&world->refused, 1);
        fam_claude_reset_breaker(world->claude);
        return;
    }
    if (cancel) {
        fam_claude_call_cancel(call);
    }
    fam_claude_call_free(call);
}

static void *run(void *context)
{
    struct world *world = context;
    struct fam_claude_state state;
    for (int i = 0; i < ROUNDS; i++) {
        request(world, i % 3 == 0);
        question(world, i % 3 == 1);
        fam_claude_get_state(world->claude, &state);
    }
    return NULL;
}

static uint32_t no_jitter(uint32_t end)
{
    (void)end;
    return 0;
}

static bool make(struct world *world)
{
    struct fam_status status = {0};
    const struct http_sim_handler handler = {.context = world, .request = on_request};
    fam_auto(fam_secret_done) struct fam_secret key = {0};
    world->sim = http_sim_new("127.0.0.1", 0, &handler);
    if (world->sim == NULL || !fam_secret_set(&key, "key", 3)) {
        return false;
    }
    (void)snprintf(world->base_url, sizeof(world->base_url), "http://127.0.0.1:%u", http_sim_port(world->sim));
    const struct fam_http_client_options http = {.allow_plain_http = true, .max_transfers = 3};
    const struct fam_claude_options claude = {.base_url = world->base_url,
                                              .api_key = &key,
                                              .model = "claude-haiku-5-5",
                                              .concurrency = 2,
                                              .metrics = world->metrics,
                                              .random_below = no_jitter};
    world->http = fam_http_client_new(&http, &status);
    world->claude = fam_claude_new(&claude, &status);
    return world->http != NULL && world->claude != NULL;
}

int main(void)
{
    static struct world world;
    struct fam_status status = {0};
    pthread_t server;
    pthread_t threads[THREADS];
    (void)signal(SIGPIPE, SIG_IGN);
    world.metrics = fam_metrics_new(1, "1", NULL, 0, &status);
    if (world.metrics == NULL || !make(&world) || pthread_create(&server, NULL, serve, &world) != 0) {
        return 1;
    }
    for (size_t i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, run, &world) != 0) {
            return 1;
        }
    }
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    fam_claude_free(world.claude);
    fam_http_client_free(world.http);
    http_sim_stop(world.sim);
    (void)pthread_join(server, NULL);
    http_sim_free(world.sim);
    fam_metrics_free(world.metrics);
    int asked = atomic_load(&world.asked);
    int ended = atomic_load(&world.ended);
    int refused = atomic_load(&world.refused);
    (void)fprintf(stderr, "%d asked, %d ended, %d refused, %d good\n", asked, ended, refused, atomic_load(&world.good));
    return asked == 2 * THREADS * ROUNDS && ended + refused == asked && atomic_load(&world.good) > 0 ? 0 : 1;
}
