/* claude_world.c: see claude_world.h. */
#include "claude_world.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

enum { METRIC_MS = 60000, CALL_MS = 240000, PAGE_SIZE = 1 << 20 };

void claude_world_start(struct claude_world *world, const char *const *settings)
{
    memset(world, 0, sizeof(*world));
    cr_assert(proc_tmpdir(world->dir, sizeof(world->dir)));
    cr_assert(cl_sim_start(&world->claude, world->dir, NULL));
    (void)snprintf(world->base_url, sizeof(world->base_url), "ANTHROPIC_BASE_URL=%s", world->claude.base_url);
    const char *all[CLAUDE_WORLD_SETTINGS_MAX + 8] = {world->base_url, "ANTHROPIC_API_KEY=sk-test-of-nobody"};
    size_t count = 2;
    for (size_t i = 0; settings != NULL && settings[i] != NULL; i++) {
        cr_assert_lt(i, CLAUDE_WORLD_SETTINGS_MAX);
        all[count++] = settings[i];
    }
    all[count++] = "FAM_LIMIT_TRANSLATIONS_HOUR=1000000"; /* what was set before counts */
    all[count++] = "FAM_LIMIT_TRANSLATIONS_DAY=1000000";
    system_start(&world->system, all);
}

void claude_world_stop(struct claude_world *world)
{
    system_stop(&world->system);
    cr_expect_eq(cl_sim_stop(&world->claude), 0);
    proc_rmtree(world->dir);
}

Fam__V1__Engine claude_world_ask(struct claude_world *world, const struct person *person, const char *phrase,
                                 const char *key)
{
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    enum fam_code code = system_translate(&world->system, person, phrase, key, &rpc, &status);
    cr_assert_eq(code, FAM_OK, "%s: %s", key, status.message);
    Fam__V1__Engine engine = system_entry(&rpc)->reading->engine;
    fam_rpc_done(&rpc);
    return engine;
}

int64_t claude_world_asked(struct claude_world *world)
{
    return cl_stat(&world->claude, "requests");
}

double claude_world_metric(struct claude_world *world, const char *name)
{
    char *page = malloc(PAGE_SIZE);
    cr_assert_not_null(page);
    cr_assert_eq(system_get(world->system.http_port, "/metrics", page, PAGE_SIZE), 200);
    size_t size = strlen(name);
    double value = -1;
    for (const char *line = page; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n' ? 1 : 0;
        if (strncmp(line, name, size) == 0 && line[size] == ' ') {
            value = strtod(line + size, NULL);
            break;
        }
    }
    free(page);
    return value;
}

bool claude_world_wait_metric(struct claude_world *world, const char *name, double least)
{
    uint64_t start_ms = fam_mono_ms();
    double value = claude_world_metric(world, name);
    while (value < least && fam_mono_ms() - start_ms < METRIC_MS) {
        const struct timespec pause = {.tv_nsec = 20000000};
        (void)nanosleep(&pause, NULL);
        value = claude_world_metric(world, name);
    }
    return value >= least;
}

bool claude_world_shows(const Fam__V1__Reading *reading, const char *needle)
{
    const char *texts[5 + 3 * 3] = {reading->going_on, reading->second_reading, reading->need_text, reading->avoid,
                                    reading->activity};
    size_t count = 5;
    for (size_t i = 0; i < reading->n_responses && i < 3; i++) {
        texts[count++] = reading->responses[i]->text;
        texts[count++] = reading->responses[i]->why;
        texts[count++] = reading->responses[i]->expect;
    }
    for (size_t i = 0; i < count; i++) {
        if (strstr(texts[i], needle) != NULL) {
            return true;
        }
    }
    return false;
}

/* ---- many calls ---- */

struct errands {
    struct system *system;
    struct errand *all;
    size_t size;
    struct errand *spare; /* the test's thread alone knows these */
    size_t in_flight;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct errand *ended; /* under the lock, in the order of their end */
    struct errand **ended_last;
};

struct errands *errands_new(struct system *system, size_t size)
{
    struct errands *errands = calloc(1, sizeof(*errands));
    cr_assert_not_null(errands);
    errands->system = system;
    errands->size = size;
    errands->all = calloc(size, sizeof(*errands->all));
    cr_assert_not_null(errands->all);
    errands->ended_last = &errands->ended;
    for (size_t i = size; i > 0; i--) {
        errands->all[i - 1].home = errands;
        errands->all[i - 1].next = errands->spare;
        errands->spare = &errands->all[i - 1];
    }
    pthread_condattr_t monotonic;
    cr_assert_eq(pthread_condattr_init(&monotonic), 0);
    cr_assert_eq(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC), 0);
    cr_assert_eq(pthread_mutex_init(&errands->lock, NULL), 0);
    cr_assert_eq(pthread_cond_init(&errands->changed, &monotonic), 0);
    (void)pthread_condattr_destroy(&monotonic);
    return errands;
}

void errands_free(struct errands *errands)
{
    cr_assert_eq(errands->in_flight, 0);
    (void)pthread_cond_destroy(&errands->changed);
    (void)pthread_mutex_destroy(&errands->lock);
    free(errands->all);
    free(errands);
}

bool errands_is_full(const struct errands *errands)
{
    return errands->spare == NULL;
}

/* On a thread of the client. */
static void on_done(struct fam_rpc *rpc, enum fam_code code, const struct fam_status *status)
{
    struct errand *errand = rpc->context;
    struct errands *errands = errand->home;
    pthread_mutex_lock(&errands->lock);
    errand->code = code;
    if (code != FAM_OK) {
        errand->status = *status;
    }
    errand->next = NULL;
    *errands->ended_last = errand;
    errands->ended_last = &errand->next;
    pthread_cond_signal(&errands->changed);
    pthread_mutex_unlock(&errands->lock);
}

void errands_translate(struct errands *errands, const struct person *person, size_t number,
                       const Fam__V1__TranslateRequest *request)
{
    struct errand *errand = errands->spare;
    cr_assert_not_null(errand, "there is no room for another call");
    errands->spare = errand->next;
    errand->user_id = person->user_id;
    errand->number = number;
    errand->status = (struct fam_status){.message = ""};
    (void)snprintf(errand->key, sizeof(errand->key), "errand-%zu", number);
    errand->options = (struct fam_rpc_options){
        .timeout_ms = CALL_MS, .acting_user = &errand->user_id, .idempotency_key = errand->key};
    errands->in_flight++;
    errand->begun = true;
    fam_rpc_init_async(&errand->rpc, &errand->options, on_done, errand);
    fam__v1__translation_service__translate(
        fam_client_service(errands->system->client, &fam__v1__translation_service__descriptor), request, NULL,
        &errand->rpc);
}

struct errand *errands_next(struct errands *errands)
{
    if (errands->in_flight == 0) {
        return NULL;
    }
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += CALL_MS / 1000 + 10; /* calls end by their deadline */
    pthread_mutex_lock(&errands->lock);
    int error = 0;
    while (errands->ended == NULL && error == 0) {
        error = pthread_cond_timedwait(&errands->changed, &errands->lock, &until);
    }
    struct errand *errand = errands->ended;
    if (errand != NULL) {
        errands->ended = errand->next;
        errands->ended_last = errands->ended == NULL ? &errands->ended : errands->ended_last;
    }
    pthread_mutex_unlock(&errands->lock);
    cr_assert_not_null(errand, "a call outlives its deadline");
    return errand;
}

const Fam__V1__Entry *errand_entry(const struct errand *errand)
{
    cr_assert_eq(errand->code, FAM_OK, "call %zu: %s %s", errand->number, errand->status.reason,
                 errand->status.message);
    return system_entry(&errand->rpc);
}

void errand_release(struct errand *errand)
{
    struct errands *errands = errand->home;
    fam_rpc_done(&errand->rpc);
    errand->begun = false;
    errand->next = errands->spare;
    errands->spare = errand;
    errands->in_flight--;
}

void errands_cancel(struct errands *errands)
{
    for (size_t i = 0; i < errands->size; i++) {
        if (errands->all[i].begun) {
            fam_rpc_cancel(&errands->all[i].rpc);
        }
    }
}
