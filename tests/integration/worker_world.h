/* worker_world.h: PostgreSQL, Redis, a queue and workers, and handlers that note what they were given.
 *
 * Functions are inline: this header belongs to tests that link the server. Every one asserts that it worked. */
#ifndef FAM_TESTS_WORKER_WORLD_H
#define FAM_TESTS_WORKER_WORLD_H

#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "queue/queue.h"
#include "queue/sweep.h"
#include "queue/worker.h"
#include "redis/redis.h"
#include "store_fixture.h"
#include "support/redis_server.h"

enum { WORLD_PATIENCE_MS = 60000, WORLD_NOTES = 512, WORLD_CONNECTIONS = 16 };

/* What a handler of the world does with what it gets. */
enum world_act {
    ACT_DONE,
    ACT_FINISH, /* fam_run_finish in a transaction, with an effect */
    ACT_RETRY,
    ACT_SNOOZE,
    ACT_BURY,
    ACT_NOTHING,
    ACT_WAIT,       /* until the gate opens or the run is cancelled, then done */
    ACT_IGNORE,     /* until the gate opens, whatever happens, then done */
    ACT_FINISH_LATE /* the same, but finishes in a transaction */
};

struct world_note {
    char type[32];
    size_t batch; /* which call of a handler, from 1 on; runs of one batch have the same */
    size_t count; /* runs of that batch */
    char payload[24];
};

struct world {
    struct store_fixture base;
    struct redis_server server;
    struct fam_redis *redis;
    struct fam_queue *queue;
    struct fam_sweeper *sweeper;
    struct fam_task_table table;
    pthread_mutex_t lock;
    size_t batches, note_count;
    struct world_note notes[WORLD_NOTES];
    atomic_bool gate;     /* open: waiting handlers go on */
    atomic_int inside;    /* handlers that wait at it */
    atomic_int cancelled; /* those that saw that they were cancelled */
    atomic_int refused;   /* ends in a transaction that were refused */
};

struct world_type {
    struct world *world;
    const char *type;
    enum world_act act;
};

static inline void world_pause(void)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    nanosleep(&pause, NULL);
}

static inline void world_note_batch(struct world_type *type, struct fam_run *const *runs, size_t count)
{
    struct world *world = type->world;
    pthread_mutex_lock(&world->lock);
    world->batches++;
    for (size_t i = 0; i < count && world->note_count < WORLD_NOTES; i++) {
        struct world_note *note = &world->notes[world->note_count++];
        size_t size = 0;
        const char *payload = fam_run_payload(runs[i], &size);
        snprintf(note->type, sizeof(note->type), "%s", type->type);
        snprintf(note->payload, sizeof(note->payload), "%.*s", (int)size, payload ? payload : "");
        note->batch = world->batches;
        note->count = count;
    }
    pthread_mutex_unlock(&world->lock);
}

static inline enum fam_code world_effect(struct fam_db *db, void *context, struct fam_status *status)
{
    static const struct fam_statement effect = {"world_effect", "INSERT INTO effects (task_id) VALUES ($1)", "insert",
                                                "tasks"};
    struct fam_run *run = context;
    struct fam_params params = {0};
    fam_param_uuid(&params, fam_run_task_id(run));
    enum fam_code code = fam_db_exec(db, &effect, &params, NULL, status);
    return code ? code : fam_run_finish(run, db, status);
}

static inline void world_finish(struct world *world, struct fam_run *run)
{
    struct fam_status status = {0};
    if (fam_tx_run(fam_store_pool(world->base.store), world_effect, run, NULL, &status) == FAM_OK)
        return;
    if (strcmp(status.reason, "LEASE_LOST") == 0)
        atomic_fetch_add(&world->refused, 1);
    fam_run_retry(run, "the transaction failed");
}

static inline void world_wait_at_gate(struct world *world, struct fam_run *run, bool obey)
{
    atomic_fetch_add(&world->inside, 1);
    while (!atomic_load(&world->gate) && !(obey && fam_run_is_cancelled(run)))
        world_pause();
    if (fam_run_is_cancelled(run))
        atomic_fetch_add(&world->cancelled, 1);
    atomic_fetch_sub(&world->inside, 1);
}

static inline void world_run(void *context, struct fam_run *const *runs, size_t count)
{
    struct world_type *type = context;
    world_note_batch(type, runs, count);
    if (type->act == ACT_WAIT || type->act == ACT_IGNORE || type->act == ACT_FINISH_LATE)
        world_wait_at_gate(type->world, runs[0], type->act != ACT_IGNORE);
    for (size_t i = 0; i < count; i++) {
        switch (type->act) {
        case ACT_FINISH:
        case ACT_FINISH_LATE:
            world_finish(type->world, runs[i]);
            break;
        case ACT_RETRY:
            fam_run_retry(runs[i], "it did not work");
            break;
        case ACT_SNOOZE:
            fam_run_snooze(runs[i], 3600000, "not now");
            break;
        case ACT_BURY:
            fam_run_bury(runs[i], "it can't work");
            break;
        case ACT_NOTHING:
            break;
        default:
            fam_run_done(runs[i]);
        }
    }
}

/* `type` must outlive the world's workers. */
static inline void world_know(struct world *world, struct world_type *type, size_t batch, uint32_t timeout_ms)
{
    struct fam_status status = {0};
    type->world = world;
    const struct fam_task_type made = {
        .type = type->type, .batch = batch, .timeout_ms = timeout_ms, .run = world_run, .context = type};
    cr_assert_eq(fam_task_table_add(&world->table, &made, &status), FAM_OK, "%s", status.message);
}

static inline bool world_redis_is_up(void *context)
{
    return fam_redis_is_up(context);
}

/* The rooms of one process, on servers that are there. */
static inline void world_open(struct world *world)
{
    struct fam_status status = {0};
    const struct fam_redis_options redis = {.url = world->server.url, .probe_ms = 50, .connections = WORLD_CONNECTIONS};
    world->base.store = store_open(world->base.pg.conninfo, KEY_V1, WORLD_CONNECTIONS);
    world->redis = fam_redis_new(&redis, &status);
    cr_assert(world->redis, "%s", status.message);
    cr_assert(proc_wait_until(world_redis_is_up, world->redis, WORLD_PATIENCE_MS));
    const struct fam_queue_options queue = {
        .redis = world->redis, .store = world->base.store, .retry_base_ms = 3600000};
    world->queue = fam_queue_new(&queue, &status);
    cr_assert(world->queue, "%s", status.message);
}

static inline void world_sweep(struct world *world)
{
    struct fam_status status = {0};
    const struct fam_sweeper_options sweeper = {
        .queue = world->queue, .store = world->base.store, .interval_ms = 200, .reap_ms = 50};
    world->sweeper = fam_sweeper_new(&sweeper, &status);
    cr_assert(world->sweeper, "%s", status.message);
}

/* Servers alone, with a table for effects. */
static inline void world_start_servers(struct world *world)
{
    memset(world, 0, sizeof(*world));
    pthread_mutex_init(&world->lock, NULL);
    store_fixture_start(&world->base);
    fam_store_free(world->base.store);
    world->base.store = NULL;
    expect_sql(world->base.pg.conninfo, "CREATE TABLE effects (task_id uuid PRIMARY KEY)", NULL);
    cr_assert(redis_server_start(&world->server, false), "Redis does not start");
}

static inline void world_start(struct world *world)
{
    world_start_servers(world);
    world_open(world);
}

/* Workers are stopped before. */
static inline void world_stop(struct world *world)
{
    fam_sweeper_free(world->sweeper);
    fam_queue_free(world->queue);
    fam_redis_free(world->redis);
    redis_server_stop(&world->server);
    store_fixture_stop(&world->base);
    pthread_mutex_destroy(&world->lock);
}

static inline struct fam_worker *world_work(struct world *world, const struct fam_worker_options *more)
{
    struct fam_status status = {0};
    struct fam_worker_options options = *more;
    options.queue = world->queue;
    options.store = world->base.store;
    options.table = &world->table;
    struct fam_worker *worker = fam_worker_new(&options, &status);
    cr_assert(worker, "%s", status.message);
    return worker;
}

static inline void world_end_work(struct fam_worker *worker)
{
    cr_assert(fam_worker_stop(worker, WORLD_PATIENCE_MS), "a handler does not return");
    fam_worker_free(worker);
}

struct world_tasks {
    const char *type;
    enum fam_priority priority;
    size_t count;
    struct fam_task_ref refs[WORLD_NOTES];
};

static inline enum fam_code world_insert(struct fam_db *db, void *context, struct fam_status *status)
{
    struct world_tasks *tasks = context;
    for (size_t i = 0; i < tasks->count; i++) {
        char payload[24];
        bool added = false;
        snprintf(payload, sizeof(payload), "%zu", i);
        const struct fam_task_new task = {
            .type = tasks->type, .priority = tasks->priority, .payload = payload, .payload_size = strlen(payload)};
        enum fam_code code = fam_task_add(db, &task, &tasks->refs[i], &added, status);
        if (code)
            return code;
    }
    return FAM_OK;
}

/* Adds and pushes them; payloads "0", "1" … */
static inline void world_add(struct world *world, const char *type, enum fam_priority priority, size_t count)
{
    struct fam_status status = {0};
    struct world_tasks tasks = {.type = type, .priority = priority, .count = count};
    cr_assert_eq(fam_tx_run(fam_store_pool(world->base.store), world_insert, &tasks, NULL, &status), FAM_OK, "%s",
                 status.message);
    fam_queue_push(world->queue, tasks.refs, count);
}

struct world_wish {
    struct world *world;
    const char *sql, *expected;
};
static inline bool world_wish_is_true(void *context)
{
    struct world_wish *wish = context;
    char value[1024];
    return pg_server_sql(wish->world->base.pg.conninfo, wish->sql, value, sizeof(value)) &&
           strcmp(value, wish->expected) == 0;
}
/* Waits until the SQL's first value is `expected`. */
static inline void world_await(struct world *world, const char *sql, const char *expected)
{
    struct world_wish wish = {world, sql, expected};
    char value[1024] = "";
    if (!proc_wait_until(world_wish_is_true, &wish, WORLD_PATIENCE_MS)) {
        (void)pg_server_sql(world->base.pg.conninfo, sql, value, sizeof(value));
        cr_assert(false, "%s: \"%s\", never \"%s\"", sql, value, expected);
    }
}

struct world_level {
    atomic_int *value;
    int wanted;
};
static inline bool world_level_is_reached(void *context)
{
    struct world_level *level = context;
    return atomic_load(level->value) == level->wanted;
}
static inline void world_await_level(atomic_int *value, int wanted)
{
    struct world_level level = {value, wanted};
    cr_assert(proc_wait_until(world_level_is_reached, &level, WORLD_PATIENCE_MS), "%d, never %d", atomic_load(value),
              wanted);
}

#define WORLD_COUNT(where) "SELECT count(*) FROM tasks WHERE " where

#endif
