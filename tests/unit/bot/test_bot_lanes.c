/* Order within a chat, concurrency between chats, and the mark up to which all is handled. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "lanes.h"

enum { CHATS = 7, UPDATES = 3000, CAPACITY = 64 };

struct world {
    pthread_mutex_t mutex;
    struct fam_lanes *lanes;
    int64_t last[CHATS];
    bool busy[CHATS];
    bool handled[UPDATES + 1];
    unsigned repeats[UPDATES + 1];
    size_t most_busy, now_busy;
    bool in_order, alone;
    atomic_bool gate;
    unsigned seed;
    bool chance; /* some updates ask to come again */
};

static struct fam_update *make(int64_t id, int64_t chat)
{
    char json[200];
    snprintf(json, sizeof(json),
             "{\"update_id\":%lld,\"message\":{\"message_id\":1,\"from\":{\"id\":%lld},\"chat\":{\"id\":%lld,"
             "\"type\":\"private\"},\"text\":\"x\"}}",
             (long long)id, (long long)chat, (long long)chat);
    struct fam_update *update = fam_update_parse(json, strlen(json));
    cr_assert_not_null(update);
    return update;
}

static void nap(long us)
{
    struct timespec pause = {.tv_nsec = us * 1000};
    nanosleep(&pause, NULL);
}

static enum fam_handled handle(void *context, struct fam_job *job, uint32_t *ret_delay_ms)
{
    struct world *world = context;
    size_t chat = (size_t)job->update->chat_id - 1;
    int64_t id = job->update->update_id;
    pthread_mutex_lock(&world->mutex);
    world->in_order &= id > world->last[chat] || (id == world->last[chat] && world->repeats[id] > 0);
    world->alone &= !world->busy[chat];
    world->busy[chat] = true;
    world->last[chat] = id;
    if (++world->now_busy > world->most_busy)
        world->most_busy = world->now_busy;
    bool again = world->chance && rand_r(&world->seed) % 7 == 0 && world->repeats[id] < 3;
    long rest_us = rand_r(&world->seed) % 300;
    pthread_mutex_unlock(&world->mutex);
    nap(rest_us);
    while (atomic_load(&world->gate))
        nap(500);
    pthread_mutex_lock(&world->mutex);
    world->busy[chat] = false;
    world->now_busy--;
    if (again)
        world->repeats[id]++;
    else
        world->handled[id] = true;
    pthread_mutex_unlock(&world->mutex);
    *ret_delay_ms = 1;
    return again ? FAM_HANDLE_AGAIN : FAM_HANDLED;
}

static void start(struct world *world, size_t workers, size_t capacity)
{
    struct fam_status status;
    memset(world, 0, sizeof(*world));
    pthread_mutex_init(&world->mutex, NULL);
    world->in_order = world->alone = true;
    struct fam_lanes_options options = {.workers = workers, .capacity = capacity, .handle = handle, .context = world};
    world->lanes = fam_lanes_new(&options, &status);
    cr_assert_not_null(world->lanes);
}

/* The mark never passes an update that was not handled. */
static void check_mark(struct world *world)
{
    int64_t offset = fam_lanes_offset(world->lanes);
    pthread_mutex_lock(&world->mutex);
    for (int64_t id = 1; id < offset; id++)
        cr_assert(world->handled[id], "%lld was confirmed before it was handled", (long long)id);
    pthread_mutex_unlock(&world->mutex);
}

Test(bot_lanes, thousands_of_updates_keep_their_order_and_none_is_confirmed_early, .timeout = 60)
{
    static struct world world;
    unsigned seed = 42;
    start(&world, 8, CAPACITY);
    world.chance = true;
    for (int64_t id = 1; id <= UPDATES;) {
        enum fam_lanes_put put = fam_lanes_put(world.lanes, make(id, 1 + rand_r(&seed) % CHATS));
        cr_assert_neq(put, FAM_LANES_KNOWN);
        if (put == FAM_LANES_TAKEN)
            id++;
        else
            fam_lanes_wait_idle(world.lanes, 2);
        if (id % 50 == 0)
            check_mark(&world);
    }
    cr_assert(fam_lanes_wait_idle(world.lanes, 30000));
    cr_assert_eq(fam_lanes_offset(world.lanes), UPDATES + 1);
    cr_assert(world.in_order);
    cr_assert(world.alone, "two updates of one chat ran at once");
    cr_assert_gt(world.most_busy, 1, "chats wait for each other");
    check_mark(&world);
    fam_lanes_free(world.lanes);
}

Test(bot_lanes, a_stuck_chat_holds_back_the_mark_and_nobody_else, .timeout = 20)
{
    static struct world world;
    start(&world, 3, 16);
    atomic_store(&world.gate, true);
    cr_assert_eq(fam_lanes_put(world.lanes, make(1, 1)), FAM_LANES_TAKEN);
    uint64_t until_ms = fam_mono_ms() + 5000;
    while (fam_lanes_busy(world.lanes) < 1 && fam_mono_ms() < until_ms)
        nap(200);
    cr_assert_eq(fam_lanes_put(world.lanes, make(2, 2)), FAM_LANES_TAKEN);
    while (fam_lanes_busy(world.lanes) < 2 && fam_mono_ms() < until_ms)
        nap(200);
    cr_assert_eq(fam_lanes_busy(world.lanes), 2, "the second chat waits for the first");
    cr_assert_eq(fam_lanes_offset(world.lanes), 0);
    cr_assert_eq(fam_lanes_put(world.lanes, make(2, 2)), FAM_LANES_KNOWN);
    cr_assert_eq(fam_lanes_skip(world.lanes, 3), FAM_LANES_TAKEN);
    cr_assert_eq(fam_lanes_offset(world.lanes), 0, "a skipped update waits for those before it");
    atomic_store(&world.gate, false);
    cr_assert(fam_lanes_wait_idle(world.lanes, 5000));
    cr_assert_eq(fam_lanes_offset(world.lanes), 4);
    fam_lanes_free(world.lanes);
}

Test(bot_lanes, memory_is_bounded_and_a_full_lane_loses_nothing, .timeout = 20)
{
    static struct world world;
    start(&world, 1, 4);
    atomic_store(&world.gate, true);
    for (int64_t id = 1; id <= 4; id++)
        cr_assert_eq(fam_lanes_put(world.lanes, make(id, 1)), FAM_LANES_TAKEN);
    cr_assert_eq(fam_lanes_put(world.lanes, make(5, 1)), FAM_LANES_FULL);
    cr_assert_eq(fam_lanes_room(world.lanes), 0);
    atomic_store(&world.gate, false);
    cr_assert(fam_lanes_wait_idle(world.lanes, 5000));
    cr_assert_eq(fam_lanes_put(world.lanes, make(5, 1)), FAM_LANES_TAKEN, "it may come again");
    cr_assert(fam_lanes_wait_idle(world.lanes, 5000));
    cr_assert_eq(fam_lanes_offset(world.lanes), 6);
    fam_lanes_free(world.lanes);
}

Test(bot_lanes, a_stop_finishes_what_runs_and_starts_nothing_new, .timeout = 20)
{
    static struct world world;
    start(&world, 1, 8);
    atomic_store(&world.gate, true);
    for (int64_t id = 1; id <= 3; id++)
        cr_assert_eq(fam_lanes_put(world.lanes, make(id, id)), FAM_LANES_TAKEN);
    uint64_t until_ms = fam_mono_ms() + 5000;
    while (fam_lanes_busy(world.lanes) < 1 && fam_mono_ms() < until_ms)
        nap(200);
    cr_assert_not(fam_lanes_stop(world.lanes, 20), "it runs still");
    atomic_store(&world.gate, false);
    cr_assert(fam_lanes_stop(world.lanes, 5000));
    cr_assert_eq(fam_lanes_offset(world.lanes), 2);
    cr_assert_eq(fam_lanes_pending(world.lanes), 2);
    fam_lanes_free(world.lanes);
}

Test(bot_lanes, while_held_nothing_is_begun, .timeout = 20)
{
    static struct world world;
    start(&world, 2, 8);
    fam_lanes_hold(world.lanes, true);
    cr_assert_eq(fam_lanes_put(world.lanes, make(1, 1)), FAM_LANES_TAKEN);
    cr_assert_not(fam_lanes_wait_idle(world.lanes, 50));
    cr_assert_eq(fam_lanes_busy(world.lanes), 0);
    fam_lanes_hold(world.lanes, false);
    cr_assert(fam_lanes_wait_idle(world.lanes, 5000));
    fam_lanes_free(world.lanes);
}

Test(bot_lanes, a_reset_forgets_what_waits_and_what_runs_keeps_its_chat_and_moves_no_mark, .timeout = 20)
{
    static struct world world;
    start(&world, 3, 8);
    atomic_store(&world.gate, true);
    cr_assert_eq(fam_lanes_put(world.lanes, make(5, 1)), FAM_LANES_TAKEN);
    uint64_t until_ms = fam_mono_ms() + 5000;
    while (fam_lanes_busy(world.lanes) < 1 && fam_mono_ms() < until_ms)
        nap(200);
    cr_assert_eq(fam_lanes_put(world.lanes, make(6, 1)), FAM_LANES_TAKEN);
    fam_lanes_reset(world.lanes);
    cr_assert_eq(fam_lanes_pending(world.lanes), 1, "the one that runs");
    cr_assert_eq(fam_lanes_offset(world.lanes), 0);
    /* They come again, and wait for the end of the one that still runs. */
    cr_assert_eq(fam_lanes_put(world.lanes, make(5, 1)), FAM_LANES_TAKEN);
    cr_assert_eq(fam_lanes_put(world.lanes, make(6, 1)), FAM_LANES_TAKEN);
    nap(20000);
    cr_assert_eq(fam_lanes_busy(world.lanes), 1);
    world.repeats[5] = 1;
    atomic_store(&world.gate, false);
    cr_assert(fam_lanes_wait_idle(world.lanes, 5000));
    cr_assert_eq(fam_lanes_offset(world.lanes), 7);
    cr_assert(world.in_order);
    cr_assert(world.alone);
    cr_assert(world.handled[6]);
    fam_lanes_free(world.lanes);
}

Test(bot_lanes, a_chat_that_something_else_has_waits_and_one_that_runs_is_not_given, .timeout = 20)
{
    static struct world world;
    start(&world, 3, 8);
    cr_assert(fam_lanes_enter(world.lanes, 1));
    cr_assert_not(fam_lanes_enter(world.lanes, 1), "it is taken");
    cr_assert_eq(fam_lanes_put(world.lanes, make(1, 1)), FAM_LANES_TAKEN);
    cr_assert_eq(fam_lanes_put(world.lanes, make(2, 2)), FAM_LANES_TAKEN);
    uint64_t until_ms = fam_mono_ms() + 5000;
    while (fam_lanes_pending(world.lanes) > 1 && fam_mono_ms() < until_ms)
        nap(200);
    nap(20000);
    cr_assert_eq(fam_lanes_pending(world.lanes), 1, "the other chat goes on, this one waits");
    fam_lanes_leave(world.lanes, 1);
    cr_assert(fam_lanes_wait_idle(world.lanes, 5000));
    atomic_store(&world.gate, true);
    cr_assert_eq(fam_lanes_put(world.lanes, make(3, 1)), FAM_LANES_TAKEN);
    while (fam_lanes_busy(world.lanes) < 1 && fam_mono_ms() < until_ms)
        nap(200);
    cr_assert_not(fam_lanes_enter(world.lanes, 1), "it is being answered");
    cr_assert(fam_lanes_enter(world.lanes, 2));
    atomic_store(&world.gate, false);
    cr_assert(fam_lanes_wait_idle(world.lanes, 5000));
    fam_lanes_free(world.lanes);
}

Test(bot_lanes, the_oldest_update_tells_how_long_it_waits, .timeout = 20)
{
    static struct world world;
    start(&world, 1, 8);
    cr_assert_eq(fam_lanes_oldest_ms(world.lanes), 0, "nothing waits");
    atomic_store(&world.gate, true);
    uint64_t before_ms = fam_mono_ms();
    cr_assert_eq(fam_lanes_put(world.lanes, make(1, 1)), FAM_LANES_TAKEN);
    nap(30000);
    cr_assert_eq(fam_lanes_put(world.lanes, make(2, 1)), FAM_LANES_TAKEN);
    uint64_t age_ms = fam_lanes_oldest_ms(world.lanes);
    cr_assert_geq(age_ms, 29, "the younger one does not count");
    cr_assert_leq(age_ms, fam_mono_ms() - before_ms);
    atomic_store(&world.gate, false);
    cr_assert(fam_lanes_wait_idle(world.lanes, 5000));
    cr_assert_eq(fam_lanes_oldest_ms(world.lanes), 0);
    fam_lanes_free(world.lanes);
}
