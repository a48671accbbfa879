/* test_queue_waits.c: a claim that Redis makes by itself when it wakes who waits for tasks. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

#include "queue_world.h"

static struct queue_world world;

static void set_up(void)
{
    world_start(&world);
}

static void tear_down(void)
{
    world_stop(&world);
}

TestSuite(queue_waits, .init = set_up, .fini = tear_down, .timeout = 120);

struct waiter {
    pthread_t thread;
    size_t idle;
    uint32_t timeout_ms;
    enum fam_code code;
    struct fam_queue_claim claim;
};

static void *wait_claim(void *context)
{
    struct waiter *waiter = context;
    struct fam_status status = {0};
    waiter->code = fam_queue_wait_claim(world.queue, "waiter", 10, waiter->idle, LEASE_MS, waiter->timeout_ms,
                                        &waiter->claim, &status);
    return NULL;
}

static bool one_waits(void *unused)
{
    redisReply *reply = redis_server_command(&world.server, "INFO clients");
    (void)unused;
    bool one = reply && strstr(reply->str, "blocked_clients:1");
    freeReplyObject(reply);
    return one;
}

/* Elements that nobody has taken yet would end the next wait at once. */
static void forget_bells(void)
{
    freeReplyObject(redis_server_command(&world.server, "DEL fam:{queue}:wake"));
}

/* Redis knows the script from the claim that found nothing, as it does from a worker's. */
static void begin_waiting(struct waiter *waiter)
{
    cr_assert_eq(claim(&world, "waiter", 10, LEASE_MS).count, 0);
    forget_bells();
    cr_assert_eq(pthread_create(&waiter->thread, NULL, wait_claim, waiter), 0);
    cr_assert(proc_wait_until(one_waits, NULL, 20000));
}

static void end_waiting(struct waiter *waiter)
{
    pthread_join(waiter->thread, NULL);
    cr_assert_eq(waiter->code, FAM_OK);
}

Test(queue_waits, a_push_wakes_with_the_claim_already_made)
{
    struct waiter waiter = {.idle = 4, .timeout_ms = 60000};
    begin_waiting(&waiter);
    struct fam_task_ref ref = push_task(&world, FAM_PRIORITY_HIGH, 0);
    end_waiting(&waiter);
    cr_assert_eq(waiter.claim.count, 1);
    cr_assert(same_id(&waiter.claim.ids[0], &ref.task_id));
    cr_assert(waiter.claim.priority == FAM_PRIORITY_HIGH && waiter.claim.is_started);
    struct fam_task_begun begun = begin(&world, &waiter.claim, LEASE_MS);
    cr_assert_eq(begun.verdict, FAM_TASK_GO);
    expect_sizes(&world, 0, 0, 1);
    fam_task_begun_done(&begun);
}

Test(queue_waits, a_task_that_comes_due_is_claimed_when_the_wait_ends)
{
    struct waiter waiter = {.timeout_ms = 60000};
    (void)push_task(&world, FAM_PRIORITY_LOW, 1500);
    forget_bells();
    struct fam_queue_claim none = claim(&world, "waiter", 10, LEASE_MS);
    cr_assert_eq(none.count, 0);
    waiter.timeout_ms = none.next_ms + 200;
    (void)wait_claim(&waiter);
    cr_assert_eq(waiter.code, FAM_OK);
    cr_assert(waiter.claim.count == 1 && !waiter.claim.is_started);
}

Test(queue_waits, an_interrupt_ends_the_wait_and_nothing_is_claimed_for_who_has_left)
{
    struct waiter waiter = {.idle = 4, .timeout_ms = 60000};
    begin_waiting(&waiter);
    fam_queue_interrupt(world.queue);
    end_waiting(&waiter);
    cr_assert_eq(waiter.claim.count, 0);
    (void)push_task(&world, FAM_PRIORITY_LOW, 0);
    expect_sizes(&world, 1, 0, 0);
    (void)wait_claim(&waiter);
    cr_assert_eq(waiter.claim.count, 0, "an interrupt ends those to come, too");
    expect_sizes(&world, 1, 0, 0);
}

Test(queue_waits, what_comes_together_with_the_interrupt_is_with_the_caller_or_still_ready)
{
    for (int round = 0; round < 20; round++) {
        struct waiter waiter = {.timeout_ms = 60000};
        struct fam_status status = {0};
        const struct fam_queue_options options = {.redis = world.redis, .store = world.fixture.store};
        struct fam_queue *own = fam_queue_new(&options, &status), *all = world.queue;
        cr_assert_not_null(own);
        world.queue = own;
        begin_waiting(&waiter);
        struct fam_task_ref ref = add_row(&world, FAM_PRIORITY_LOW, 0);
        fam_queue_push(own, &ref, 1);
        fam_queue_interrupt(own);
        end_waiting(&waiter);
        if (waiter.claim.count == 1)
            ok(fam_queue_return_started(own, &waiter.claim.token, waiter.claim.ids, 1, &why));
        expect_sizes(&world, 1, 0, 0);
        fam_queue_forget(own, &ref, 1);
        world.queue = all;
        fam_queue_free(own);
    }
}

Test(queue_waits, a_redis_that_has_forgotten_the_script_wakes_all_the_same)
{
    struct waiter waiter = {.timeout_ms = 60000};
    begin_waiting(&waiter);
    freeReplyObject(redis_server_command(&world.server, "SCRIPT FLUSH"));
    (void)push_task(&world, FAM_PRIORITY_LOW, 0);
    end_waiting(&waiter);
    cr_assert_eq(waiter.claim.count, 0);
    cr_assert_eq(claim(&world, "waiter", 10, LEASE_MS).count, 1, "the next claim teaches it again");
}

Test(queue_waits, while_all_is_paused_a_wait_claims_nothing)
{
    struct waiter waiter = {.timeout_ms = 50};
    ok(fam_pause_set(world.fixture.store, "*", 0, "", "anna", &why));
    cr_assert_eq(claim(&world, "waiter", 10, LEASE_MS).count, 0);
    (void)push_task(&world, FAM_PRIORITY_LOW, 0);
    (void)wait_claim(&waiter);
    cr_assert_eq(waiter.claim.count, 0);
    expect_sizes(&world, 1, 0, 0);
}

Test(queue_waits, a_pause_that_came_during_the_wait_is_told_when_the_task_begins)
{
    struct waiter waiter = {.idle = 4, .timeout_ms = 60000};
    begin_waiting(&waiter);
    ok(fam_pause_set(world.fixture.store, "*", 0, "", "anna", &why));
    (void)push_task(&world, FAM_PRIORITY_LOW, 0);
    end_waiting(&waiter);
    cr_assert_eq(waiter.claim.count, 1);
    struct fam_task_begun begun = begin(&world, &waiter.claim, LEASE_MS);
    cr_assert_eq(begun.verdict, FAM_TASK_PAUSED);
    ok(fam_queue_settle(world.queue, &waiter.claim.token, &begun, 1, &why));
    expect_sizes(&world, 1, 0, 0);
}

Test(queue_waits, without_redis_a_wait_ends_by_its_time)
{
    struct waiter waiter = {.timeout_ms = 50};
    redis_server_kill(&world.server);
    uint64_t before = fam_mono_ms();
    (void)wait_claim(&waiter);
    cr_assert(waiter.code == FAM_OK && waiter.claim.count == 0);
    cr_assert_geq(fam_mono_ms() - before, 50);
}
