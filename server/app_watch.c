/* app_watch.c: what famserver knows of its database and its Redis, without asking in a call's way. */
#include <stdio.h>
#include <string.h>

#include "app_private.h"
#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "store/activity_store.h"
#include "store/business_store.h"
#include "store/family_store.h"
#include "store/idempotency_store.h"
#include "store/invite_store.h"
#include "store/migrate.h"

static const char SWEEP[] = "idempotency_sweep", REFRESH[] = "refresh_metrics", RETENTION_SWEEP[] = "retention_sweep";
enum { LOOK_MS = 1000, LOOK_READY_MS = 5000, SWEEP_MS = 10 * 60 * 1000, SWEEP_ROWS = 5000, BUSINESS_MS = 30 * 1000 };

static enum fam_database_state look(struct fam_app *app, struct fam_status *status)
{
    uint32_t applied = 0;
    struct fam_status ignored; /* fam_store_ready says what is wrong */
    if (fam_migrate_applied(fam_store_pool(app->store), &applied, &ignored) == FAM_OK) {
        atomic_store(&app->schema_applied, applied);
    }
    if (fam_store_ready(app->store, status) == FAM_OK) {
        return FAM_DATABASE_READY;
    }
    if (strcmp(status->reason, "SCHEMA_BEHIND") == 0) {
        return FAM_DATABASE_SCHEMA_BEHIND;
    }
    bool locked = strcmp(status->reason, "MASTER_KEY") == 0 || strcmp(status->reason, "KEYS_MISSING") == 0;
    return locked ? FAM_DATABASE_LOCKED : FAM_DATABASE_UNSEEN;
}

static void look_and_tell(struct fam_app *app)
{
    struct fam_status status;
    enum fam_database_state state = look(app, &status);
    enum fam_database_state before = (enum fam_database_state)atomic_exchange(&app->database, (int)state);
    if (state == before) {
        return;
    }
    switch (state) {
    case FAM_DATABASE_READY:
        FAM_LOG(app->log, FAM_LOG_INFO, "app", "database is ready",
                FAM_U64("schema", atomic_load(&app->schema_applied)));
        break;
    case FAM_DATABASE_SCHEMA_BEHIND:
        FAM_LOG(app->log, FAM_LOG_WARN, "app", "schema is behind: run famserver --migrate or famctl db migrate",
                FAM_U64("applied", atomic_load(&app->schema_applied)), FAM_U64("wanted", fam_migrate_wanted()));
        break;
    default:
        fam_log_status(app->log, FAM_LOG_ERROR, "app", "database can't be used", &status);
        break;
    }
}

static enum fam_code sweep_rows(struct fam_app *app, bool *ret_more, struct fam_status *status)
{
    size_t keys = 0, invites = 0, children = 0;
    enum fam_code code = fam_idempotency_sweep(app->store, SWEEP_ROWS, &keys, status);
    if (code == FAM_OK) {
        code = fam_invite_sweep(app->store, SWEEP_ROWS, &invites, status);
    }
    if (code == FAM_OK) {
        code = fam_child_sweep(app->store, SWEEP_ROWS, &children, status);
    }
    *ret_more = keys == SWEEP_ROWS || invites == SWEEP_ROWS || children == SWEEP_ROWS;
    return code;
}

/* Idempotency keys are kept for 48 hours, ended invitations for 30 days, empty rows of children while something names
 * them; several servers share the work. */
static void sweep(struct fam_app *app, uint64_t *next_ms)
{
    if (fam_mono_ms() < *next_ms || atomic_load(&app->database) != FAM_DATABASE_READY) {
        return;
    }
    struct fam_status status;
    bool more = false;
    *next_ms = fam_mono_ms() + app->config->sweep_ms;
    fam_metrics_job_started(app->metrics, SWEEP);
    if (sweep_rows(app, &more, &status) != FAM_OK) {
        fam_log_status(app->log, FAM_LOG_WARN, "app", "sweep of old rows failed", &status);
        return;
    }
    fam_metrics_job_succeeded(app->metrics, SWEEP);
    if (more) {
        *next_ms = fam_mono_ms(); /* there are more */
    }
}

/* A job that is a task of the schedule: it ended well when its numbers were written, whoever ran it. */
static enum fam_code show_task(struct fam_app *app, const char *job, const struct fam_business_value *made,
                               struct fam_status *status)
{
    uint64_t every_ms = 0;
    enum fam_code code = fam_business_every(app->store, job, &every_ms, status);
    if (code == FAM_OK) {
        fam_metrics_job_every(app->metrics, job, every_ms);
        fam_metrics_set(app->metrics, FAM_M_JOB_LAST_SUCCESS, FAM_LABELS(job), (double)made->computed_at_ms / 1000);
    }
    return code;
}

static void show_reports(struct fam_app *app, const struct fam_business_value *values)
{
    double due_first = values[FAM_BUSINESS_REPORT_DUE_FIRST].value, now = (double)fam_wall_ms() / 1000;
    fam_metrics_set(app->metrics, FAM_M_REPORTS_KEPT, NULL, values[FAM_BUSINESS_REPORTS_KEPT].value);
    fam_metrics_set(app->metrics, FAM_M_REPORTS_BYTES, NULL, values[FAM_BUSINESS_REPORTS_BYTES].value);
    fam_metrics_set(app->metrics, FAM_M_REPORT_LAST, NULL, values[FAM_BUSINESS_REPORT_LAST].value);
    fam_metrics_set(app->metrics, FAM_M_REPORT_OVERDUE, NULL, due_first > 0 && now > due_first ? now - due_first : 0);
}

/* Numbers of the whole database, which a task computes now and then: each server shows the same. */
static void show_business(struct fam_app *app, uint64_t *next_ms)
{
    if (fam_mono_ms() < *next_ms || atomic_load(&app->database) != FAM_DATABASE_READY) {
        return;
    }
    struct fam_status status;
    struct fam_business_value values[FAM_BUSINESS_COUNT];
    *next_ms = fam_mono_ms() + BUSINESS_MS;
    enum fam_code code = fam_business_read(app->store, values, &status);
    if (code == FAM_OK) {
        code = show_task(app, REFRESH, &values[FAM_BUSINESS_ACTIVE_FAMILIES], &status);
    }
    if (code == FAM_OK) {
        code = show_task(app, RETENTION_SWEEP, &values[FAM_BUSINESS_OLDEST_PERSONAL_ROW], &status);
    }
    if (code != FAM_OK) {
        fam_log_status(app->log, FAM_LOG_WARN, "app", "numbers of the whole database could not be read", &status);
        return;
    }
    fam_metrics_set(app->metrics, FAM_M_ACTIVE_FAMILIES, NULL, values[FAM_BUSINESS_ACTIVE_FAMILIES].value);
    for (size_t i = 0; i < FAM_RETENTION_PERIODS; i++) {
        fam_metrics_set(app->metrics, FAM_M_RETENTION, FAM_LABELS(fam_retention_words[i]),
                        values[FAM_BUSINESS_RETENTION_DAY_1 + i].value);
    }
    fam_metrics_set(app->metrics, FAM_M_OVERDUE_PERSONAL_ROW, NULL, values[FAM_BUSINESS_OVERDUE_PERSONAL_ROW].value);
    show_reports(app, values);
    const struct fam_business_value *oldest = &values[FAM_BUSINESS_OLDEST_PERSONAL_ROW];
    double age = (double)fam_wall_ms() / 1000 - oldest->value;
    fam_metrics_set(app->metrics, FAM_M_OLDEST_PERSONAL_ROW, NULL, oldest->value > 0 && age > 0 ? age : 0);
}

static void *watch(void *arg)
{
    struct fam_app *app = arg;
    uint64_t next_sweep_ms = fam_mono_ms(), next_business_ms = next_sweep_ms, next_tasks_ms = next_sweep_ms;
    pthread_mutex_lock(&app->watch_lock);
    while (!app->watch_stop) {
        bool ready = atomic_load(&app->database) == FAM_DATABASE_READY;
        uint64_t until_ms = fam_mono_ms() + (ready ? LOOK_READY_MS : LOOK_MS);
        struct timespec until = {.tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000};
        int error = 0;
        while (error == 0 && !app->watch_stop && !app->watch_now) {
            error = pthread_cond_timedwait(&app->watch_changed, &app->watch_lock, &until);
        }
        app->watch_now = false;
        if (app->watch_stop) {
            break;
        }
        pthread_mutex_unlock(&app->watch_lock);
        look_and_tell(app);
        sweep(app, &next_sweep_ms);
        show_business(app, &next_business_ms);
        fam_app_count_tasks(app, &next_tasks_ms);
        pthread_mutex_lock(&app->watch_lock);
    }
    pthread_mutex_unlock(&app->watch_lock);
    return NULL;
}

enum fam_code fam_app_watch(struct fam_app *app, struct fam_status *status)
{
    pthread_condattr_t monotonic;
    bool ready = pthread_mutex_init(&app->watch_lock, NULL) == 0 && pthread_condattr_init(&monotonic) == 0;
    if (ready) {
        (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        ready = pthread_cond_init(&app->watch_changed, &monotonic) == 0;
        (void)pthread_condattr_destroy(&monotonic);
    }
    if (!ready) {
        return fam_fail_memory(status);
    }
    fam_metrics_job_every(app->metrics, SWEEP, app->config->sweep_ms);
    look_and_tell(app);
    if (pthread_create(&app->watcher, NULL, watch, app) != 0) {
        return fam_fail(status, FAM_RESOURCE_EXHAUSTED, "can't start the thread that watches the database");
    }
    app->watching = true;
    return FAM_OK;
}

void fam_app_unwatch(struct fam_app *app)
{
    if (!app->watching) {
        return;
    }
    pthread_mutex_lock(&app->watch_lock);
    app->watch_stop = true;
    pthread_cond_signal(&app->watch_changed);
    pthread_mutex_unlock(&app->watch_lock);
    (void)pthread_join(app->watcher, NULL);
    (void)pthread_cond_destroy(&app->watch_changed);
    (void)pthread_mutex_destroy(&app->watch_lock);
    app->watching = false;
}

void fam_app_recheck(void *context)
{
    struct fam_app *app = context;
    look_and_tell(app);
    fam_health_refresh(app->health);
}

uint32_t fam_app_schema_applied(void *context)
{
    struct fam_app *app = context;
    return atomic_load(&app->schema_applied);
}

bool fam_app_is_ready(void *context, const char **ret_reason)
{
    struct fam_app *app = context;
    if (atomic_load(&app->draining)) {
        *ret_reason = "draining";
        return false;
    }
    switch ((enum fam_database_state)atomic_load(&app->database)) {
    case FAM_DATABASE_READY:
        return fam_app_worker_is_ready(app, ret_reason);
    case FAM_DATABASE_SCHEMA_BEHIND:
        *ret_reason = "schema is behind";
        return false;
    case FAM_DATABASE_LOCKED:
        *ret_reason = "the database's keys can't be used";
        return false;
    default:
        *ret_reason = "database is away";
        return false;
    }
}
