/* sweeper.c: the thread that reaps and sweeps; see sweep.h. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "queue/queue_private.h"
#include "queue/sweep.h"

static const char JOB[] = "queue_sweep";
enum { INTERVAL_MS = 60000, REAP_MS = 1000, FAILED_MS = 5000, REAPS_AT_ONCE = 50 };

struct fam_sweeper {
    struct fam_queue *queue;
    struct fam_store *store;
    struct fam_log *log;
    struct fam_metrics *metrics;
    uint32_t interval_ms;
    uint32_t reap_ms;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool stop;
    pthread_t thread;
    /* The thread's own. */
    bool is_new;     /* Redis has not been swept since the start, or since it came back */
    bool has_failed; /* told already */
    uint64_t next_ms;
    uint64_t rest_ms; /* no sweep before: a Redis that stays suspect must not be swept without a pause */
};

/* Of several processes one sweeps in each interval: the first that asks. */
static bool has_turn(struct fam_sweeper *sweeper)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    struct fam_status ignored = {0};
    char life[16];
    snprintf(life, sizeof(life), "%u", (unsigned)(sweeper->interval_ms - sweeper->interval_ms / 10));
    const struct fam_redis_arg args[] = {FAM_REDIS_ARG("SET"), FAM_REDIS_ARG("fam:{queue}:turn"),
                                         FAM_REDIS_ARG("1"),   FAM_REDIS_ARG("NX"),
                                         FAM_REDIS_ARG("PX"),  FAM_REDIS_ARG(life)};
    return fam_redis_call(sweeper->queue->redis, args, 6, &reply, &ignored) == FAM_OK &&
           fam_redis_reply_type(reply) == FAM_REDIS_TEXT;
}

static uint64_t healed(const struct fam_sweep_report *report)
{
    return report->pushed + report->leased + report->moved + report->removed + report->clamped;
}

static void tell(struct fam_sweeper *sweeper, enum fam_code code, const struct fam_sweep_report *report,
                 const struct fam_status *status, uint64_t ms)
{
    if (code != FAM_OK && !sweeper->has_failed) {
        fam_log_status(sweeper->log, FAM_LOG_WARN, "queue", "the queue's sweep failed", status);
    }
    sweeper->has_failed = code != FAM_OK;
    if (healed(report) || report->returned) {
        FAM_LOG(sweeper->log, FAM_LOG_INFO, "queue", "the sweep healed the queue", FAM_U64("rows", report->rows),
                FAM_U64("entries", report->entries), FAM_U64("pushed", report->pushed),
                FAM_U64("leased", report->leased), FAM_U64("moved", report->moved), FAM_U64("removed", report->removed),
                FAM_U64("returned", report->returned), FAM_U64("clamped", report->clamped), FAM_U64("ms", ms));
    }
}

static void sweep(struct fam_sweeper *sweeper)
{
    struct fam_sweep_report report;
    struct fam_status status = {0};
    uint64_t start_ms = fam_mono_ms();
    fam_metrics_job_started(sweeper->metrics, JOB);
    enum fam_code code = fam_sweep_run(sweeper->queue, sweeper->store, &report, &status);
    uint64_t now_ms = fam_mono_ms();
    if (code == FAM_OK) {
        fam_metrics_job_succeeded(sweeper->metrics, JOB);
    }
    tell(sweeper, code, &report, &status, now_ms - start_ms);
    sweeper->is_new = sweeper->is_new && code != FAM_OK;
    sweeper->next_ms = now_ms + (code == FAM_OK ? sweeper->interval_ms : FAILED_MS);
    sweeper->rest_ms = now_ms + (code == FAM_OK ? 2 * (now_ms - start_ms) : FAILED_MS);
}

static void reap(struct fam_sweeper *sweeper)
{
    struct fam_status ignored = {0};
    size_t count = 1;
    for (int i = 0; i < REAPS_AT_ONCE && count; i++) {
        if (fam_queue_reap(sweeper->queue, &count, &ignored) != FAM_OK) {
            return; /* the sweep tells what is the matter */
        }
    }
}

static void work(struct fam_sweeper *sweeper)
{
    if (!fam_redis_is_up(sweeper->queue->redis)) {
        sweeper->is_new = true;
        return;
    }
    reap(sweeper);
    uint64_t now_ms = fam_mono_ms();
    bool at_once = sweeper->is_new || fam_queue_is_suspect(sweeper->queue);
    if (at_once && now_ms >= sweeper->rest_ms) {
        sweep(sweeper);
    } else if (now_ms >= sweeper->next_ms) {
        sweeper->next_ms = now_ms + sweeper->interval_ms;
        if (has_turn(sweeper)) {
            sweep(sweeper);
        } else { /* another process has just done it */
            fam_metrics_job_succeeded(sweeper->metrics, JOB);
        }
    }
}

static void *thread_main(void *argument)
{
    struct fam_sweeper *sweeper = argument;
    pthread_mutex_lock(&sweeper->lock);
    while (!sweeper->stop) {
        pthread_mutex_unlock(&sweeper->lock);
        work(sweeper);
        pthread_mutex_lock(&sweeper->lock);
        uint64_t end_ms = fam_mono_ms() + sweeper->reap_ms;
        struct timespec end = {.tv_sec = (time_t)(end_ms / 1000), .tv_nsec = (long)(end_ms % 1000) * 1000000};
        int waited = 0;
        while (!sweeper->stop && waited != ETIMEDOUT) {
            waited = pthread_cond_timedwait(&sweeper->moved, &sweeper->lock, &end);
        }
    }
    pthread_mutex_unlock(&sweeper->lock);
    return NULL;
}

static bool init(struct fam_sweeper *sweeper)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0) {
        return false;
    }
    bool good =
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 && pthread_mutex_init(&sweeper->lock, NULL) == 0;
    if (good && pthread_cond_init(&sweeper->moved, &attributes) != 0) {
        pthread_mutex_destroy(&sweeper->lock);
        good = false;
    }
    pthread_condattr_destroy(&attributes);
    if (good && pthread_create(&sweeper->thread, NULL, thread_main, sweeper) != 0) {
        pthread_cond_destroy(&sweeper->moved);
        pthread_mutex_destroy(&sweeper->lock);
        good = false;
    }
    return good;
}

struct fam_sweeper *fam_sweeper_new(const struct fam_sweeper_options *options, struct fam_status *status)
{
    struct fam_sweeper *sweeper = calloc(1, sizeof(*sweeper));
    if (!sweeper) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    sweeper->queue = options->queue;
    sweeper->store = options->store;
    sweeper->log = options->log;
    sweeper->metrics = options->metrics;
    sweeper->interval_ms = options->interval_ms ? options->interval_ms : INTERVAL_MS;
    sweeper->reap_ms = options->reap_ms ? options->reap_ms : REAP_MS;
    sweeper->is_new = true;
    fam_metrics_job_every(sweeper->metrics, JOB, sweeper->interval_ms);
    if (!init(sweeper)) {
        free(sweeper);
        (void)fam_fail(status, FAM_RESOURCE_EXHAUSTED, "no thread for the queue's sweep");
        return NULL;
    }
    return sweeper;
}

void fam_sweeper_free(struct fam_sweeper *sweeper)
{
    if (!sweeper) {
        return;
    }
    pthread_mutex_lock(&sweeper->lock);
    sweeper->stop = true;
    pthread_cond_signal(&sweeper->moved);
    pthread_mutex_unlock(&sweeper->lock);
    pthread_join(sweeper->thread, NULL);
    pthread_cond_destroy(&sweeper->moved);
    pthread_mutex_destroy(&sweeper->lock);
    free(sweeper);
}
