/* tsan_http.c: threads share one HTTP client, ask one HTTP server whose pages read the metrics that others write, and
 * one request is cut short from outside. Exit code 0: every answer was right. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "metrics/metrics.h"
#include "net/http_client.h"
#include "net/http_server.h"

enum { THREADS = 6, ROUNDS = 50 };

struct world {
    struct fam_metrics *metrics;
    struct fam_http_server *server;
    struct fam_http_client *client;
    atomic_bool abort_now;
    atomic_int good, cancelled;
};

static unsigned make_page(void *context, struct fam_buf *out)
{
    fam_metrics_write(context, out);
    return 200;
}

/* An abort that is set before the request ends it as surely as one that comes later. */
static void ask(struct world *world, const atomic_bool *abort_flag)
{
    char text[64];
    struct fam_status status = {0};
    struct fam_http_response response = {0};
    fam_auto(fam_secret_done) struct fam_secret url = {0};
    (void)snprintf(text, sizeof(text), "http://127.0.0.1:%u/metrics", fam_http_server_port(world->server));
    if (!fam_secret_set(&url, text, strlen(text))) {
        return;
    }
    const struct fam_http_request request = {.url = &url, .timeout_ms = 20000, .abort = abort_flag};
    enum fam_code code = fam_http_perform(world->client, &request, &response, &status);
    if (code == FAM_OK && response.http_status == 200 && strstr(fam_buf_text(&response.body), "redis_up") != NULL) {
        atomic_fetch_add(&world->good, 1);
    } else if (code == FAM_CANCELLED) {
        atomic_fetch_add(&world->cancelled, 1);
    } else {
        (void)fprintf(stderr, "%s: %s\n", fam_code_name(code), status.message);
    }
    fam_http_response_done(&response);
}

static void *run(void *context)
{
    struct world *world = context;
    for (int i = 0; i < ROUNDS; i++) {
        fam_metrics_set(world->metrics, FAM_M_REDIS_UP, NULL, i);
        fam_metrics_rpc(world->metrics, 0, FAM_OK, 0.001);
        ask(world, &world->abort_now);
    }
    return NULL;
}

int main(void)
{
    struct fam_status status = {0};
    struct world world = {0};
    pthread_t threads[THREADS];
    (void)signal(SIGPIPE, SIG_IGN);
    world.metrics = fam_metrics_new(1, "1.2.3", NULL, 0, &status);
    const struct fam_http_page page = {"/metrics", "text/plain", make_page, world.metrics};
    const struct fam_http_server_options serve = {
        .address = "127.0.0.1:0", .setting = "X", .pages = &page, .page_count = 1, .metrics = world.metrics};
    const struct fam_http_client_options call = {.user_agent = "x", .allow_plain_http = true, .handles = 3};
    world.server = fam_http_server_new(&serve, &status);
    world.client = fam_http_client_new(&call, &status);
    if (world.metrics == NULL || world.server == NULL || world.client == NULL) {
        (void)fprintf(stderr, "%s\n", status.message);
        return 1;
    }
    for (size_t i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, run, &world) != 0) {
            return 1;
        }
    }
    while (atomic_load(&world.good) < THREADS * ROUNDS / 2) {
        ask(&world, NULL);
    }
    atomic_store(&world.abort_now, true);
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    ask(&world, NULL); /* the client goes on */
    bool right = atomic_load(&world.good) > THREADS * ROUNDS / 2 &&
                 atomic_load(&world.good) + atomic_load(&world.cancelled) > THREADS * ROUNDS;
    fam_http_client_free(world.client);
    fam_http_server_free(world.server);
    fam_metrics_free(world.metrics);
    return right ? 0 : 1;
}
