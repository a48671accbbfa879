/* queue_model.h: the model that test_queue_model.c holds the queue to: what each task is, who has it, and until when.
 * State of one program; included once. */
#ifndef FAM_TESTS_QUEUE_MODEL_H
#define FAM_TESTS_QUEUE_MODEL_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "queue_snapshot.h"
#include "queue_world.h"

enum { WORKERS = 4, HELD_MAX = 40, LIVE_MAX = 250, LEASE = 30000, HOUR = 3600000, SLACK = 2000, TYPES = 2, STALE = 64 };

enum model_state { QUEUED, DONE, DEAD };

struct model_task {
    struct fam_uuid id;
    enum fam_priority priority;
    enum model_state state;
    unsigned attempts;
    unsigned starts; /* by which a worker may have died */
    size_t effects;
    bool is_begun; /* by this token, whose row it is until another begins or it ends … */
    struct fam_uuid token;
    int64_t until_ms; /* … and nobody else may begin it before, by the servers' clocks */
};

struct held {
    size_t task;
    struct fam_uuid token;
    enum fam_priority priority;
    bool is_begun, is_started;
};

struct worker {
    struct held held[HELD_MAX];
    size_t count;
};

static struct queue_world world;
static struct model_task *tasks;
static size_t task_count, live_count, task_room;
static uint32_t *slots; /* of tasks by id: index + 1 */
static size_t slot_count;
static struct worker workers[WORKERS];
static struct queue_snapshot yesterday;
static struct held stale[STALE]; /* claims that workers have given up */
static size_t stale_count;
static int64_t offset_ms;
static uint64_t seed, state;
static size_t step;
static struct {
    size_t claims, done, failed, snoozed, lost, refused, kills, jumps, wipes, restarts, restores, sweeps, pauses,
        higher;
} seen;

#define must(condition, ...)                                                                                           \
    do {                                                                                                               \
        char words_[200];                                                                                              \
        snprintf(words_, sizeof(words_), __VA_ARGS__);                                                                 \
        cr_assert(condition, "%s (FAM_TEST_SEED=%llu, step %zu)", words_, (unsigned long long)seed, step);             \
    } while (0)

/* splitmix64 */
static inline uint64_t draw(uint64_t bound)
{
    uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % bound;
}

static inline int64_t now_ms(void)
{
    return fam_wall_ms() + offset_ms;
}

static inline void move_clock(int64_t ms)
{
    offset_ms += ms;
    fam_queue_set_clock_offset(world.queue, offset_ms);
    /* After a step back the sweep may bring leases nearer by as much. */
    for (size_t i = 0; ms < 0 && i < task_count; i++)
        tasks[i].until_ms += ms;
}

/* ---- tasks by id ---- */

static inline size_t slot_of(const struct fam_uuid *id)
{
    size_t hash = 0;
    memcpy(&hash, id->bytes + 8, sizeof(hash));
    size_t slot = hash % slot_count;
    while (slots[slot] && !same_id(&tasks[slots[slot] - 1].id, id))
        slot = (slot + 1) % slot_count;
    return slot;
}

static inline size_t find(const struct fam_uuid *id)
{
    size_t slot = slot_of(id);
    must(slots[slot], "a task that was never added");
    return slots[slot] - 1;
}

#endif
