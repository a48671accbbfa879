/* task_world.h: the handlers of tasks at work: the reader's world, the queue, and workers with the real handlers. */
#ifndef FAM_TESTS_TASK_WORLD_H
#define FAM_TESTS_TASK_WORLD_H

#include "queue/handlers.h"
#include "queue/queue.h"
#include "queue/worker.h"
#include "reader_world.h"
#include "store/notification_store.h"

enum { TASK_WORKERS_MAX = 2 };

static struct task_world {
    struct fam_queue *queue;
    struct fam_handlers handlers;
    struct fam_task_table table;
    struct fam_worker *workers[TASK_WORKERS_MAX];
    size_t worker_count;
} t;

static inline void tasks_start(void)
{
    struct fam_status status = {0};
    world_start();
    memset(&t, 0, sizeof(t));
    const struct fam_queue_options queue = {.redis = w.redis, .store = w.f.store};
    t.queue = fam_queue_new(&queue, &status);
    cr_assert_not_null(t.queue, "%s", status.message);
}

/* After world_make_reader, where the test wants Claude. */
static inline void tasks_work(void)
{
    struct fam_status status = {0};
    t.handlers = (struct fam_handlers){.store = w.f.store,
                                       .reader = w.reader,
                                       .metrics = w.metrics,
                                       .reading_ms = WORLD_CLAUDE_TIMEOUT_MS,
                                       .retention_days = 90};
    if (t.worker_count == 0) {
        cr_assert_eq(fam_handlers_add(&t.handlers, &t.table, &status), FAM_OK, "%s", status.message);
    }
    const struct fam_worker_options worker = {
        .queue = t.queue, .store = w.f.store, .table = &t.table, .threads = 2, .metrics = w.metrics};
    cr_assert_lt(t.worker_count, (size_t)TASK_WORKERS_MAX);
    t.workers[t.worker_count] = fam_worker_new(&worker, &status);
    cr_assert_not_null(t.workers[t.worker_count], "%s", status.message);
    t.worker_count++;
}

static inline void tasks_end_work(void)
{
    for (size_t i = 0; i < t.worker_count; i++) {
        cr_expect(fam_worker_stop(t.workers[i], WORLD_WAIT_MS), "a handler does not return");
        fam_worker_free(t.workers[i]);
    }
    t.worker_count = 0;
    memset(&t.table, 0, sizeof(t.table));
}

static inline void tasks_stop(void)
{
    tasks_end_work();
    fam_queue_free(t.queue);
    world_stop();
}

struct task_addition {
    const struct fam_task_new *task;
    struct fam_task_ref ref;
    bool added;
};

static inline enum fam_code task_add_in_tx(struct fam_db *db, void *context, struct fam_status *status)
{
    struct task_addition *addition = context;
    return fam_task_add(db, addition->task, &addition->ref, &addition->added, status);
}

static inline void task_put(const struct fam_task_new *task)
{
    struct task_addition addition = {.task = task};
    struct fam_status status = {0};
    cr_assert_eq(fam_tx_run(fam_store_pool(w.f.store), task_add_in_tx, &addition, NULL, &status), FAM_OK, "%s",
                 status.message);
    fam_queue_push(t.queue, &addition.ref, 1);
}

/* Until the SQL's one value is `expected`. */
static inline void sql_await(const char *sql, const char *expected)
{
    char value[256] = "";
    uint64_t until_ms = fam_mono_ms() + WORLD_WAIT_MS;
    while (fam_mono_ms() < until_ms) {
        cr_assert(pg_server_sql(w.f.pg.conninfo, sql, value, sizeof(value)), "%s: %s", sql, value);
        if (strcmp(value, expected) == 0) {
            return;
        }
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    cr_assert_fail("%s: \"%s\", not \"%s\"", sql, value, expected);
}

static inline void consent_to(const struct fam_uuid *user_id, Fam__V1__ConsentPurpose purpose, bool granted)
{
    struct fam_outcome outcome;
    struct fam_status status = {0};
    cr_assert_eq(fam_consent_set(w.f.store, NULL, user_id, purpose, granted, "v1", &outcome, &status), FAM_OK, "%s",
                 status.message);
}

#endif
