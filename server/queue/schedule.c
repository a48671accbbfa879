#include "queue/schedule.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "queue/queue.h"
#include "store/schedule_store.h"

static const char JOB[] = "schedule";
enum { LOOK_MS = 1000, REST_MS = 500 };

struct fam_scheduler {
    struct fam_scheduler_options options;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop, wake;
    pthread_t thread;
    /* the thread's own */
    struct fam_schedule_claim claim;
    bool ensured;
    bool failing; /* told in the log already */
};

/* False: the end. */
static bool wait_for(struct fam_scheduler *scheduler, uint64_t wait_ms)
{
    uint64_t until_ms = fam_mono_ms() + wait_ms;
    const struct timespec until = {.tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000};
    int error = 0;
    pthread_mutex_lock(&scheduler->lock);
    while (!scheduler->stop && !scheduler->wake && error == 0) {
        error = pthread_cond_timedwait(&scheduler->changed, &scheduler->lock, &until);
    }
    scheduler->wake = false;
    bool goes_on = !scheduler->stop;
    pthread_mutex_unlock(&scheduler->lock);
    return goes_on;
}

/* A check-in that nobody will be shown is told by nothing that comes after. */
static void count_lost(struct fam_scheduler *scheduler, const struct fam_schedule_run *run)
{
    bool is_lost = run->outcome == FAM_SCHEDULE_LATE || run->outcome == FAM_SCHEDULE_RUNNING;
    if (is_lost && strcmp(run->job, FAM_JOB_CHECKIN) == 0 && !run->is_reminder) {
        fam_metrics_add(scheduler->options.metrics, FAM_M_CHECKINS_LOST,
                        FAM_LABELS(fam_schedule_outcome_word(run->outcome)), 1);
    }
}

static void count_runs(struct fam_scheduler *scheduler)
{
    const struct fam_schedule_claim *claim = &scheduler->claim;
    for (size_t i = 0; i < claim->count; i++) {
        fam_metrics_add(scheduler->options.metrics, FAM_M_SCHEDULE_RUNS,
                        FAM_LABELS(claim->runs[i].job, fam_schedule_outcome_word(claim->runs[i].outcome)), 1);
        count_lost(scheduler, &claim->runs[i]);
    }
    if (claim->unknown_zones > 0) {
        FAM_LOG(scheduler->options.log, FAM_LOG_WARN, "schedule",
                "PostgreSQL does not know the time zone of some schedules any more: they go by UTC",
                FAM_U64("schedules", claim->unknown_zones));
    }
}

/* A crowd is due at eight: between two batches PostgreSQL is left to others as long as one took. False: the end. */
static bool rest(struct fam_scheduler *scheduler, uint64_t worked_ms)
{
    return wait_for(scheduler, worked_ms < REST_MS ? worked_ms : REST_MS);
}

/* Everything that is due, by batches, each of them committed before the queue hears of it. */
static enum fam_code claim_all(struct fam_scheduler *scheduler, uint64_t *ret_wait_ms, struct fam_status *status)
{
    const struct fam_scheduler_options *options = &scheduler->options;
    struct fam_schedule_claim *claim = &scheduler->claim;
    uint64_t began_ms = fam_mono_ms();
    size_t handled = 0;
    enum fam_code code = FAM_OK;
    bool goes_on = true;
    do {
        uint64_t batch_ms = fam_mono_ms();
        code = fam_schedule_claim(options->store, options->offset_ms, FAM_SCHEDULE_BATCH, claim, status);
        if (code == FAM_OK && claim->count > 0) {
            fam_queue_push(options->queue, claim->refs, claim->ref_count);
            count_runs(scheduler);
            handled += claim->count;
        }
        goes_on = code == FAM_OK && claim->count == FAM_SCHEDULE_BATCH && rest(scheduler, fam_mono_ms() - batch_ms);
    } while (goes_on);
    if (handled > 0) {
        *ret_wait_ms = 0; /* what is due next is looked up anew */
        FAM_LOG(options->log, FAM_LOG_DEBUG, "schedule", "due times handled", FAM_U64("count", handled),
                FAM_U64("ms", fam_mono_ms() - began_ms));
    }
    return code;
}

/* *ret_wait_ms: until something is due. */
static enum fam_code look(struct fam_scheduler *scheduler, uint64_t *ret_wait_ms, struct fam_status *status)
{
    const struct fam_scheduler_options *options = &scheduler->options;
    int64_t in_ms = 0;
    enum fam_code code = scheduler->ensured ? FAM_OK : fam_schedule_ensure(options->store, status);
    scheduler->ensured = code == FAM_OK;
    if (code == FAM_OK) {
        code = fam_schedule_next(options->store, options->offset_ms, &in_ms, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    if (in_ms <= 0) {
        code = claim_all(scheduler, ret_wait_ms, status);
    } else if ((uint64_t)in_ms < *ret_wait_ms) {
        *ret_wait_ms = (uint64_t)in_ms;
    }
    return code;
}

static void look_and_tell(struct fam_scheduler *scheduler, uint64_t *ret_wait_ms)
{
    struct fam_status status;
    fam_metrics_job_started(scheduler->options.metrics, JOB);
    if (look(scheduler, ret_wait_ms, &status) == FAM_OK) {
        fam_metrics_job_succeeded(scheduler->options.metrics, JOB);
        scheduler->failing = false;
        return;
    }
    if (!scheduler->failing) {
        fam_log_status(scheduler->options.log, FAM_LOG_WARN, "schedule", "what is due can't be looked up now", &status);
    }
    scheduler->failing = true;
}

static void *run(void *arg)
{
    struct fam_scheduler *scheduler = arg;
    const struct fam_scheduler_options *options = &scheduler->options;
    uint64_t wait_ms = 0;
    while (wait_for(scheduler, wait_ms)) {
        wait_ms = LOOK_MS;
        if (options->may_run == NULL || options->may_run(options->context)) {
            look_and_tell(scheduler, &wait_ms);
        }
    }
    return NULL;
}

static bool make_locks(struct fam_scheduler *scheduler)
{
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0) {
        return false;
    }
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    bool good =
        pthread_mutex_init(&scheduler->lock, NULL) == 0 && pthread_cond_init(&scheduler->changed, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    return good;
}

struct fam_scheduler *fam_scheduler_new(const struct fam_scheduler_options *options, struct fam_status *status)
{
    struct fam_scheduler *scheduler = calloc(1, sizeof(*scheduler));
    if (scheduler == NULL || !make_locks(scheduler)) {
        free(scheduler);
        (void)fam_fail_memory(status);
        return NULL;
    }
    scheduler->options = *options;
    fam_metrics_job_every(options->metrics, JOB, LOOK_MS);
    if (pthread_create(&scheduler->thread, NULL, run, scheduler) != 0) {
        (void)pthread_cond_destroy(&scheduler->changed);
        (void)pthread_mutex_destroy(&scheduler->lock);
        free(scheduler);
        (void)fam_fail(status, FAM_RESOURCE_EXHAUSTED, "can't start the thread of the schedule");
        return NULL;
    }
    return scheduler;
}

void fam_scheduler_free(struct fam_scheduler *scheduler)
{
    if (scheduler == NULL) {
        return;
    }
    pthread_mutex_lock(&scheduler->lock);
    scheduler->stop = true;
    pthread_cond_signal(&scheduler->changed);
    pthread_mutex_unlock(&scheduler->lock);
    (void)pthread_join(scheduler->thread, NULL);
    (void)pthread_cond_destroy(&scheduler->changed);
    (void)pthread_mutex_destroy(&scheduler->lock);
    free(scheduler);
}

void fam_scheduler_wake(struct fam_scheduler *scheduler)
{
    if (scheduler == NULL) {
        return;
    }
    pthread_mutex_lock(&scheduler->lock);
    scheduler->wake = true;
    pthread_cond_signal(&scheduler->changed);
    pthread_mutex_unlock(&scheduler->lock);
}
