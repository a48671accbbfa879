/* app_watch.c: what famserver knows of its database and its Redis, without asking in a call's way. */
#include <stdio.h>
#include <string.h>

#include "app_private.h"
#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "store/activity_store.h"
#include "store/family_store.h"
#include "store/idempotency_store.h"
#include "store/invite_store.h"
#include "store/migrate.h"

static const char SWEEP[] = "idempotency_sweep", ACTIVITY[] = "activity";
enum {
    LOOK_MS = 1000,
    LOOK_READY_MS = 5000,
    SWEEP_MS = 10 * 60 * 1000,
    SWEEP_ROWS = 5000,
    ACTIVITY_MS = 5 * 60 * 1000
};

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

/* How many families there are, and who stays. */
static void count_activity(struct fam_app *app, uint64_t *next_ms)
{
    if (fam_mono_ms() < *next_ms || atomic_load(&app->database) != FAM_DATABASE_READY) {
        return;
    }
    struct fam_status status;
    struct fam_activity activity;
    *next_ms = fam_mono_ms() + ACTIVITY_MS;
    fam_metrics_job_started(app->metrics, ACTIVITY);
    if (fam_activity_read(app->store, &activity, &status) != FAM_OK) {
        fam_log_status(app->log, FAM_LOG_WARN, "app", "families could not be counted", &status);
        return;
    }
    fam_metrics_set(app->metrics, FAM_M_ACTIVE_FAMILIES, NULL, (double)activity.active_families);
    for (size_t i = 0; i < FAM_RETENTION_PERIODS; i++) {
        double came = (double)activity.retention[i].came, stayed = (double)activity.retention[i].stayed;
        fam_metrics_set(app->metrics, FAM_M_RETENTION, FAM_LABELS(fam_retention_words[i]),
                        came > 0 ? stayed / came : 0);
    }
    fam_metrics_job_succeeded(app->metrics, ACTIVITY);
}

static void *watch(void *arg)
{
    struct fam_app *app = arg;
    uint64_t next_sweep_ms = fam_mono_ms(), next_activity_ms = next_sweep_ms;
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
        count_activity(app, &next_activity_ms);
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
    fam_metrics_job_every(app->metrics, ACTIVITY, ACTIVITY_MS);
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
        return true;
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
