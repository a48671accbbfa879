/* bell.c: see bell.h. */
#include "notify/bell.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "notify/labels.h"
#include "notify/notify.h"
#include "store/listen.h"
#include "store/notification_store.h"

/* Leases come and go with each message; the lock outlasts the pauses between them. */
enum { LOOK_MS = 2000, COUNT_MS = 5000, KEEP_LOCK_MS = 5000, AWAY_MS = 200 };

/* The lock's number is this program's own, beside that of the migrations. */
static const struct fam_statement notify_others = {
    "bell_notify", "SELECT pg_notify('fam_notifications', '') WHERE NOT pg_try_advisory_xact_lock(7020002)", "select",
    "notifications"};
static const struct fam_statement take_lock = {"bell_lock", "SELECT pg_advisory_lock_shared(7020002)", "select",
                                               "notifications"};
static const struct fam_statement drop_lock = {"bell_unlock", "SELECT pg_advisory_unlock_shared(7020002)", "select",
                                               "notifications"};

struct fam_bell {
    struct fam_leases *leases;
    uint32_t look_ms;
    struct fam_metrics *metrics;
    struct fam_log *log;
    struct fam_listen *listen;
    int wake_fd;
    atomic_bool rung, stops;
    pthread_t thread;
    /* the thread's own */
    bool has_lock;
    bool is_failing;        /* told so */
    uint64_t lock_until_ms; /* somebody waited a moment ago */
    uint64_t next_look_ms;  /* the slow look */
    uint64_t next_count_ms; /* of the gauges */
    uint64_t next_due_ms;   /* the next notification becomes due; UINT64_MAX: not known */
};

void fam_bell_wake(struct fam_bell *bell)
{
    const uint64_t one = 1;
    if (bell != NULL) {
        (void)!write(bell->wake_fd, &one, sizeof(one)); /* full: it is awake */
    }
}

void fam_bell_ring(struct fam_bell *bell)
{
    if (bell == NULL) {
        return;
    }
    fam_leases_look(bell->leases);
    atomic_store(&bell->rung, true);
    fam_bell_wake(bell);
}

/* Others hear of us while we wait, and a little longer. */
static enum fam_code keep_lock(struct fam_bell *bell, struct fam_db *db, uint64_t now_ms, struct fam_status *status)
{
    if (fam_leases_waiting(bell->leases) > 0) {
        bell->lock_until_ms = now_ms + KEEP_LOCK_MS;
    }
    bool wanted = now_ms < bell->lock_until_ms;
    if (wanted == bell->has_lock) {
        return FAM_OK;
    }
    enum fam_code code = fam_db_exec(db, wanted ? &take_lock : &drop_lock, NULL, NULL, status);
    if (code == FAM_OK) {
        bell->has_lock = wanted;
        if (wanted) { /* what was written before others could see the lock */
            fam_leases_look(bell->leases);
        }
    }
    return code;
}

static enum fam_code sweep(struct fam_bell *bell, struct fam_db *db, struct fam_status *status)
{
    struct fam_notification_swept swept;
    enum fam_code code = fam_notification_sweep(db, &swept, status);
    if (code != FAM_OK) {
        return code;
    }
    if (swept.returned > 0) {
        FAM_LOG(bell->log, FAM_LOG_WARN, "notify", "leases of notifications ended without an answer: they come again",
                FAM_U64("count", (uint64_t)swept.returned));
    }
    for (size_t i = 0; i < FAM_NOTIFICATION_LANES; i++) {
        fam_metrics_add(bell->metrics, FAM_M_NOTIFICATIONS,
                        FAM_LABELS(fam_lane_label((Fam__V1__Lane)(i + 1)), "expired"), (double)swept.expired[i]);
    }
    fam_metrics_add(bell->metrics, FAM_M_CHECKINS_LOST, FAM_LABELS("expired"), (double)swept.expired_checkins);
    return FAM_OK;
}

static enum fam_code count(struct fam_bell *bell, struct fam_db *db, struct fam_status *status)
{
    struct fam_notification_backlog backlog;
    enum fam_code code = fam_notification_count(db, &backlog, status);
    for (size_t i = 0; code == FAM_OK && i < FAM_NOTIFICATION_LANES; i++) {
        const char *lane = fam_lane_label((Fam__V1__Lane)(i + 1));
        fam_metrics_set(bell->metrics, FAM_M_NOTIFICATIONS_DUE, FAM_LABELS(lane), (double)backlog.due[i]);
        fam_metrics_set(bell->metrics, FAM_M_NOTIFICATION_OLDEST, FAM_LABELS(lane),
                        (double)backlog.oldest_ms[i] / 1000);
    }
    return code;
}

/* One round over a connection that lives. */
static enum fam_code work(struct fam_bell *bell, struct fam_db *db, bool heard, struct fam_status *status)
{
    uint64_t now_ms = fam_mono_ms();
    bool is_due = heard || now_ms >= bell->next_due_ms, looks = now_ms >= bell->next_look_ms;
    bool rung = atomic_exchange(&bell->rung, false);
    if (rung || is_due || looks) { /* it may be another time than was known; asked for once somebody waits (again) */
        bell->next_due_ms = UINT64_MAX;
    }
    enum fam_code code = rung ? fam_db_exec(db, &notify_others, NULL, NULL, status) : FAM_OK;
    if (code == FAM_OK) {
        code = keep_lock(bell, db, now_ms, status);
    }
    if (code == FAM_OK && looks) {
        bell->next_look_ms = now_ms + bell->look_ms;
        code = sweep(bell, db, status);
    }
    if (is_due || looks) {
        fam_leases_look(bell->leases);
    }
    if (code == FAM_OK && now_ms >= bell->next_count_ms) {
        bell->next_count_ms = now_ms + COUNT_MS;
        code = count(bell, db, status);
    }
    if (code == FAM_OK && bell->next_due_ms == UINT64_MAX && fam_leases_waiting(bell->leases) > 0) {
        uint32_t ms = 0;
        code = fam_notification_next(db, bell->look_ms, &ms, status);
        bell->next_due_ms = now_ms + ms + 1;
    }
    return code;
}

static void tell(struct fam_bell *bell, enum fam_code code, const struct fam_status *status)
{
    bool fails = code != FAM_OK;
    if (fails && !bell->is_failing) {
        fam_log_status(bell->log, FAM_LOG_WARN, "notify", "notifications of other servers are not heard", status);
    } else if (!fails && bell->is_failing) {
        FAM_LOG0(bell->log, FAM_LOG_INFO, "notify", "notifications of other servers are heard again");
    }
    bell->is_failing = fails;
}

/* How long nothing is to be done unless somebody wakes us. */
static uint32_t pause_ms(const struct fam_bell *bell, enum fam_code code)
{
    if (code != FAM_OK) {
        return AWAY_MS;
    }
    uint64_t now_ms = fam_mono_ms(), until_ms = bell->next_look_ms;
    until_ms = bell->next_due_ms < until_ms ? bell->next_due_ms : until_ms;
    until_ms = bell->next_count_ms < until_ms ? bell->next_count_ms : until_ms;
    if (bell->has_lock && bell->lock_until_ms < until_ms) {
        until_ms = bell->lock_until_ms;
    }
    return until_ms > now_ms ? (uint32_t)(until_ms - now_ms) : 0;
}

static void *run(void *arg)
{
    struct fam_bell *bell = arg;
    bool heard = false;
    while (!atomic_load(&bell->stops)) {
        struct fam_status status;
        struct fam_db *db = NULL;
        bool fresh = false;
        enum fam_code code = fam_listen_get(bell->listen, &db, &fresh, &status);
        if (fresh) { /* what was notified meanwhile is lost, and so is the lock */
            bell->has_lock = false;
            bell->lock_until_ms = 0;
            heard = true;
        }
        if (code == FAM_OK) {
            code = work(bell, db, heard, &status);
        }
        tell(bell, code, &status);
        heard = fam_listen_wait(bell->listen, bell->wake_fd, pause_ms(bell, code));
    }
    return NULL;
}

struct fam_bell *fam_bell_new(const struct fam_bell_options *options, struct fam_status *status)
{
    struct fam_bell *bell = calloc(1, sizeof(*bell));
    if (bell == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    bell->leases = options->leases;
    bell->look_ms = options->look_ms != 0 ? options->look_ms : LOOK_MS;
    bell->metrics = options->metrics;
    bell->log = options->log;
    bell->next_due_ms = UINT64_MAX;
    bell->listen = fam_listen_new(options->pool, "fam_notifications", status);
    bell->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (bell->listen != NULL && bell->wake_fd >= 0 && pthread_create(&bell->thread, NULL, run, bell) == 0) {
        if (bell->leases != NULL) {
            fam_leases_set_bell(bell->leases, bell);
        }
        return bell;
    }
    if (bell->listen != NULL) {
        (void)fam_fail(status, FAM_RESOURCE_EXHAUSTED, "can't start the thread behind the bell");
    }
    if (bell->wake_fd >= 0) {
        (void)close(bell->wake_fd);
    }
    fam_listen_free(bell->listen);
    free(bell);
    return NULL;
}

void fam_bell_free(struct fam_bell *bell)
{
    if (bell == NULL) {
        return;
    }
    if (bell->leases != NULL) {
        fam_leases_set_bell(bell->leases, NULL);
    }
    atomic_store(&bell->stops, true);
    fam_bell_wake(bell);
    (void)pthread_join(bell->thread, NULL);
    (void)close(bell->wake_fd);
    fam_listen_free(bell->listen);
    free(bell);
}
