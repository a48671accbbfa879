/* queue_world.h: a queue with a private PostgreSQL and a private Redis, and the steps of a worker. Inline, for tests
 * that link the server. What a helper does not say otherwise it asserts. */
#ifndef FAM_TESTS_QUEUE_WORLD_H
#define FAM_TESTS_QUEUE_WORLD_H

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "queue/queue.h"
#include "queue/sweep.h"
#include "redis/redis.h"
#include "redis_server.h"
#include "store/task_store.h"
#include "store_fixture.h"

enum { LEASE_MS = 60000 };

struct queue_world {
    struct store_fixture fixture;
    struct redis_server server;
    struct fam_redis *redis;
    struct fam_queue *queue;
};

static inline bool world_redis_is_up(void *context)
{
    return fam_redis_is_up(context);
}

static inline void world_start(struct queue_world *world)
{
    struct fam_status status = {0};
    store_fixture_start(&world->fixture);
    cr_assert(redis_server_start(&world->server, false));
    const struct fam_redis_options redis = {.url = world->server.url, .connections = 8, .probe_ms = 20};
    world->redis = fam_redis_new(&redis, &status);
    cr_assert_not_null(world->redis, "%s", status.message);
    cr_assert(proc_wait_until(world_redis_is_up, world->redis, 10000));
    const struct fam_queue_options queue = {
        .redis = world->redis, .store = world->fixture.store, .retry_base_ms = 1000};
    world->queue = fam_queue_new(&queue, &status);
    cr_assert_not_null(world->queue, "%s", status.message);
}

static inline void world_stop(struct queue_world *world)
{
    fam_queue_free(world->queue);
    fam_redis_free(world->redis);
    redis_server_stop(&world->server);
    store_fixture_stop(&world->fixture);
}

/* The expression takes &why for its status. */
#define ok(expression)                                                                                                 \
    do {                                                                                                               \
        struct fam_status why = {0};                                                                                   \
        cr_assert_eq((expression), FAM_OK, "%s: %s", #expression, why.message);                                        \
    } while (0)

static inline void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

struct adding {
    const struct fam_task_new *task;
    struct fam_task_ref *ref;
    bool *added;
};

static inline enum fam_code add_in_tx(struct fam_db *db, void *context, struct fam_status *status)
{
    const struct adding *adding = context;
    return fam_task_add(db, adding->task, adding->ref, adding->added, status);
}

static inline enum fam_code try_add(struct fam_store *store, const struct fam_task_new *task,
                                    struct fam_task_ref *ret_ref, bool *ret_added, struct fam_status *status)
{
    struct adding adding = {task, ret_ref, ret_added};
    return fam_tx_run(fam_store_pool(store), add_in_tx, &adding, NULL, status);
}

/* A row that Redis has not heard of. */
static inline struct fam_task_ref add_row(struct queue_world *world, enum fam_priority priority, uint64_t delay_ms)
{
    const struct fam_task_new task = {.type = "test_task", .priority = priority, .delay_ms = delay_ms};
    struct fam_task_ref ref;
    bool added = false;
    ok(try_add(world->fixture.store, &task, &ref, &added, &why));
    cr_assert(added);
    return ref;
}

static inline struct fam_task_ref push_task(struct queue_world *world, enum fam_priority priority, uint64_t delay_ms)
{
    struct fam_task_ref ref = add_row(world, priority, delay_ms);
    fam_queue_push(world->queue, &ref, 1);
    return ref;
}

static inline struct fam_queue_claim claim(struct queue_world *world, const char *worker, size_t max, uint32_t lease_ms)
{
    struct fam_queue_claim claim;
    ok(fam_queue_claim(world->queue, worker, max, lease_ms, &claim, &why));
    return claim;
}

/* Begins the first of a claim. */
static inline struct fam_task_begun begin(struct queue_world *world, const struct fam_queue_claim *claim,
                                          uint32_t lease_ms)
{
    struct fam_task_begun begun;
    struct fam_task_times times = fam_queue_times(world->queue);
    ok(fam_task_begin(world->fixture.store, &times, claim->ids, 1, &claim->token, "worker", lease_ms, &begun, &why));
    return begun;
}

static inline enum fam_queue_turn start(struct queue_world *world, const struct fam_queue_claim *claim, size_t count)
{
    enum fam_queue_turn turn;
    ok(fam_queue_start(world->queue, &claim->token, claim->ids, count, &turn, NULL, &why));
    return turn;
}

static inline struct fam_queue_sizes sizes(struct queue_world *world)
{
    struct fam_queue_sizes sizes;
    ok(fam_queue_sizes(world->queue, &sizes, &why));
    return sizes;
}

static inline void expect_sizes(struct queue_world *world, uint64_t ready, uint64_t delayed, uint64_t claimed)
{
    struct fam_queue_sizes now = sizes(world);
    uint64_t all_ready = now.ready[0] + now.ready[1] + now.ready[2] + now.ready[3];
    uint64_t all_delayed = now.delayed[0] + now.delayed[1] + now.delayed[2] + now.delayed[3];
    cr_assert(all_ready == ready && all_delayed == delayed && now.leases == claimed && now.holds == claimed,
              "ready %d, delayed %d, leases %d, holds %d", (int)all_ready, (int)all_delayed, (int)now.leases,
              (int)now.holds);
}

static inline struct fam_sweep_report sweep(struct queue_world *world)
{
    struct fam_sweep_report report;
    ok(fam_sweep_run(world->queue, world->fixture.store, &report, &why));
    return report;
}

static inline bool same_id(const struct fam_uuid *a, const struct fam_uuid *b)
{
    return fam_uuid_equal(a, b);
}

static inline void redis_do(struct queue_world *world, const char *command)
{
    redisReply *reply = redis_server_command(&world->server, command);
    cr_assert_not_null(reply);
    cr_assert_neq(reply->type, REDIS_REPLY_ERROR, "%s: %s", command, reply->str);
    freeReplyObject(reply);
}

static inline void sql(struct queue_world *world, const char *text, const char *expected)
{
    expect_sql(world->fixture.pg.conninfo, text, expected);
}

#endif
