/* app_workers.c: the queue, the table of handlers, and the threads that run them. */
#include <string.h>

#include "app_private.h"
#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "queue/sweep.h"
#include "store/schedule_store.h"
#include "store/task_counts.h"

enum { COUNT_MS = 5000, COUNT_SHARE = 20 /* of the time goes by between two counts */, TYPES_COUNTED = 64 };

enum fam_code fam_app_make_queue(struct fam_app *app, struct fam_status *status)
{
    const struct fam_queue_options options = {
        .redis = app->redis, .store = app->store, .log = app->log, .metrics = app->metrics};
    app->queue = fam_queue_new(&options, status);
    return app->queue == NULL ? status->code : FAM_OK;
}

/* Every type of task, with its handler. */
static enum fam_code list_types(struct fam_app *app, struct fam_status *status)
{
    app->handlers = (struct fam_handlers){
        .store = app->store,
        .reader = app->reader,
        .bell = app->bell,
        .sessions = app->sessions,
        .limits = app->limits,
        .guesses = app->guesses,
        .cache = app->cache,
        .metrics = app->metrics,
        .log = app->log,
        .reading_ms = app->config->claude_timeout_ms,
        .retention_days = app->config->retention_days,
        .workers = app->config->task_workers,
    };
    return fam_handlers_add(&app->handlers, &app->tasks, status);
}

enum fam_code fam_app_make_workers(struct fam_app *app, struct fam_status *status)
{
    const struct fam_worker_options worker = {.queue = app->queue,
                                              .store = app->store,
                                              .table = &app->tasks,
                                              .threads = app->config->task_workers,
                                              .metrics = app->metrics,
                                              .log = app->log,
                                              .role = (app->roles & FAM_APP_SERVES) != 0 ? "all" : "worker"};
    const struct fam_sweeper_options sweeper = {.queue = app->queue,
                                                .store = app->store,
                                                .log = app->log,
                                                .metrics = app->metrics,
                                                .interval_ms = app->config->queue_sweep_ms};
    if ((app->roles & FAM_APP_SERVES) == 0 && !fam_redis_is_configured(app->redis)) {
        return fam_fail(status, FAM_INVALID_ARGUMENT,
                        "REDIS_URL is not set: a process of role worker does nothing without Redis");
    }
    if (list_types(app, status) != FAM_OK) {
        return status->code;
    }
    app->worker = fam_worker_new(&worker, status);
    app->sweeper = app->worker == NULL ? NULL : fam_sweeper_new(&sweeper, status);
    atomic_store(&app->works, app->sweeper != NULL);
    return app->sweeper == NULL ? status->code : FAM_OK;
}

bool fam_app_stop_workers(struct fam_app *app, uint32_t drain_ms)
{
    app->is_stuck = !fam_worker_stop(app->worker, drain_ms);
    return !app->is_stuck;
}

void fam_app_free_workers(struct fam_app *app)
{
    fam_sweeper_free(app->sweeper);
    fam_worker_free(app->worker);
}

bool fam_app_worker_is_ready(struct fam_app *app, const char **ret_reason)
{
    struct fam_worker_view view;
    if ((app->roles & FAM_APP_SERVES) != 0 || (app->roles & FAM_APP_WORKS) == 0) {
        return true; /* calls may be sent here all the same */
    }
    if (!atomic_load(&app->works)) {
        *ret_reason = "starting";
        return false;
    }
    fam_worker_read(app->worker, &view);
    if (!fam_redis_is_up(app->redis)) {
        *ret_reason = "redis is away: no tasks are run";
        return false;
    }
    if (view.is_away) {
        *ret_reason = "the last tasks could not be claimed";
        return false;
    }
    return true;
}

/* ---- gauges ---- */

/* As in labels.def. */
static const char *const TYPES[] = {
    "generate_weekly_report", "process_emotion_batch", "send_checkin", "refresh_metrics",
    "retention_sweep",        "erase_person",          "broadcast"};

static void set_gauges(struct fam_app *app, const struct fam_task_count *counts, size_t count)
{
    struct fam_task_count sums[FAM_ARRAY_SIZE(TYPES) + 1];
    bool is_paused = fam_queue_is_paused(app->queue);
    memset(sums, 0, sizeof(sums));
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        while (at < FAM_ARRAY_SIZE(TYPES) && strcmp(TYPES[at], counts[i].type) != 0) {
            at++;
        }
        sums[at].queued += counts[i].queued;
        sums[at].dead += counts[i].dead;
        sums[at].oldest_ms = counts[i].oldest_ms > sums[at].oldest_ms ? counts[i].oldest_ms : sums[at].oldest_ms;
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(sums); i++) {
        const char *const labels[] = {i < FAM_ARRAY_SIZE(TYPES) ? TYPES[i] : "other"};
        fam_metrics_set(app->metrics, FAM_M_QUEUE_SIZE, labels, (double)sums[i].queued);
        fam_metrics_set(app->metrics, FAM_M_QUEUE_DEAD, labels, (double)sums[i].dead);
        /* A pause of all is meant, like one of a type: what it holds does not wait for a worker. */
        fam_metrics_set(app->metrics, FAM_M_QUEUE_OLDEST, labels, is_paused ? 0 : (double)sums[i].oldest_ms / 1000);
    }
}

void fam_app_count_tasks(struct fam_app *app, uint64_t *next_ms)
{
    struct fam_task_count counts[TYPES_COUNTED];
    struct fam_status status;
    size_t count = 0;
    uint64_t began_ms = fam_mono_ms();
    if (began_ms < *next_ms || atomic_load(&app->database) != FAM_DATABASE_READY) {
        return;
    }
    int64_t due_in_ms = 0;
    enum fam_code code = fam_task_count_all(app->store, counts, TYPES_COUNTED, &count, &status);
    if (code == FAM_OK) {
        set_gauges(app, counts, count);
        code = fam_schedule_next(app->store, 0, &due_in_ms, &status);
    }
    if (code == FAM_OK) {
        /* By every server, for those that keep the schedule may all be gone. */
        fam_metrics_set(app->metrics, FAM_M_SCHEDULE_OLDEST_DUE, NULL, due_in_ms < 0 ? (double)-due_in_ms / 1000 : 0);
    } else {
        fam_log_status(app->log, FAM_LOG_WARN, "app", "tasks could not be counted", &status);
    }
    /* A very long queue is counted less often. */
    uint64_t pause_ms = (fam_mono_ms() - began_ms) * COUNT_SHARE;
    *next_ms = fam_mono_ms() + (pause_ms > COUNT_MS ? pause_ms : COUNT_MS) - COUNT_MS / 2;
}
