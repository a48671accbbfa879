/* test_queue.c: whose turn it is: strict priority, leases with a token, delays, pauses, waking, and Redis away. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
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

TestSuite(queue, .init = set_up, .fini = tear_down, .timeout = 120);

static void jump(int64_t ms)
{
    fam_queue_set_clock_offset(world.queue, ms);
}

static void finish(const struct fam_queue_claim *claim)
{
    bool done[FAM_TASK_CLAIM_MAX];
    ok(fam_task_complete_all(world.fixture.store, claim->ids, claim->count, &claim->token, done, &why));
    ok(fam_queue_finish(world.queue, &claim->token, claim->ids, claim->count, &why));
}

/* ---- order ---- */

Test(queue, the_most_urgent_are_claimed_first_and_a_claim_never_mixes_priorities)
{
    static const enum fam_priority pushed[] = {1, 3, 2, 4, 1, 3, 4, 2};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(pushed); i++)
        (void)push_task(&world, pushed[i], 0);
    for (enum fam_priority p = FAM_PRIORITY_CRITICAL; p >= FAM_PRIORITY_LOW; p--) {
        struct fam_queue_claim got = claim(&world, "w", 10, LEASE_MS);
        cr_assert(got.count == 2 && got.priority == p, "%d of priority %d", (int)got.count, (int)got.priority);
    }
    cr_assert_eq(claim(&world, "w", 10, LEASE_MS).count, 0);
}

Test(queue, within_a_priority_the_first_to_come_is_the_first_to_go)
{
    struct fam_task_ref refs[25];
    for (size_t i = 0; i < 25; i++)
        refs[i] = push_task(&world, FAM_PRIORITY_NORMAL, 0);
    for (size_t at = 0; at < 25;) {
        struct fam_queue_claim got = claim(&world, "w", 10, LEASE_MS);
        cr_assert_eq(got.count, at < 20 ? 10 : 5);
        for (size_t i = 0; i < got.count; i++)
            cr_assert(same_id(&got.ids[i], &refs[at++].task_id));
    }
}

Test(queue, tasks_of_one_push_keep_their_order)
{
    struct fam_task_ref refs[7];
    for (size_t i = 0; i < 7; i++)
        refs[i] = add_row(&world, FAM_PRIORITY_NORMAL, 0);
    fam_queue_push(world.queue, refs, 7);
    struct fam_queue_claim got = claim(&world, "w", 7, LEASE_MS);
    for (size_t i = 0; i < 7; i++)
        cr_assert(same_id(&got.ids[i], &refs[i].task_id));
}

Test(queue, what_is_not_started_goes_back_to_the_front_when_something_more_urgent_comes)
{
    struct fam_task_ref refs[4];
    for (size_t i = 0; i < 4; i++)
        refs[i] = push_task(&world, FAM_PRIORITY_LOW, 0);
    struct fam_queue_claim got = claim(&world, "w", 3, LEASE_MS);
    cr_assert_eq(start(&world, &got, 1), FAM_QUEUE_TURN_YOURS);
    struct fam_task_ref urgent = push_task(&world, FAM_PRIORITY_CRITICAL, 0);
    enum fam_queue_turn turn;
    ok(fam_queue_start(world.queue, &got.token, got.ids + 1, 2, &turn, NULL, &why));
    cr_assert_eq(turn, FAM_QUEUE_TURN_HIGHER);
    ok(fam_queue_return(world.queue, &got.token, got.ids, 3, &why));
    expect_sizes(&world, 4, 0, 1);
    struct fam_queue_claim next = claim(&world, "w", 10, LEASE_MS);
    cr_assert(next.count == 1 && same_id(&next.ids[0], &urgent.task_id));
    next = claim(&world, "w", 10, LEASE_MS);
    cr_assert_eq(next.count, 3);
    for (size_t i = 0; i < 3; i++)
        cr_assert(same_id(&next.ids[i], &refs[i + 1].task_id), "in their old order");
}

Test(queue, something_more_urgent_that_has_just_become_due_is_noticed_at_the_start_too)
{
    (void)push_task(&world, FAM_PRIORITY_LOW, 0);
    (void)push_task(&world, FAM_PRIORITY_HIGH, 60000);
    struct fam_queue_claim got = claim(&world, "w", 1, LEASE_MS);
    cr_assert_eq(got.priority, FAM_PRIORITY_LOW);
    jump(61000);
    cr_assert_eq(start(&world, &got, 1), FAM_QUEUE_TURN_HIGHER);
}

Test(queue, a_delayed_task_is_claimed_when_it_is_due_and_before_less_urgent_ones)
{
    (void)push_task(&world, FAM_PRIORITY_NORMAL, 0);
    struct fam_task_ref later = push_task(&world, FAM_PRIORITY_HIGH, 60000);
    expect_sizes(&world, 1, 1, 0);
    struct fam_queue_claim got = claim(&world, "w", 10, LEASE_MS);
    cr_assert(got.count == 1 && got.priority == FAM_PRIORITY_NORMAL);
    got = claim(&world, "w", 10, LEASE_MS);
    cr_assert_eq(got.count, 0);
    cr_assert(got.next_ms > 1000 && got.next_ms <= 60000, "%u", got.next_ms);
    (void)push_task(&world, FAM_PRIORITY_NORMAL, 0);
    jump(61000);
    got = claim(&world, "w", 10, LEASE_MS);
    cr_assert(got.count == 1 && same_id(&got.ids[0], &later.task_id));
}

/* ---- tokens ---- */

Test(queue, a_stale_token_changes_nothing)
{
    struct fam_task_ref ref = push_task(&world, FAM_PRIORITY_LOW, 0);
    struct fam_queue_claim got = claim(&world, "w", 1, LEASE_MS), stale = got;
    bool held = true, lost = false;
    enum fam_queue_turn turn;
    stale.token.bytes[0] ^= 1;
    ok(fam_queue_finish(world.queue, &stale.token, got.ids, 1, &why));
    ok(fam_queue_return(world.queue, &stale.token, got.ids, 1, &why));
    ok(fam_queue_delay(world.queue, &stale.token, &ref, 1, &why));
    ok(fam_queue_extend(world.queue, &stale.token, got.ids, 1, LEASE_MS, &held, &why));
    cr_assert_not(held);
    ok(fam_queue_start(world.queue, &stale.token, got.ids, 1, &turn, &lost, &why));
    cr_assert(turn == FAM_QUEUE_TURN_LOST && lost);
    expect_sizes(&world, 0, 0, 1);
    ok(fam_queue_extend(world.queue, &got.token, got.ids, 1, LEASE_MS, &held, &why));
    cr_assert(held);
    ok(fam_queue_finish(world.queue, &got.token, got.ids, 1, &why));
    expect_sizes(&world, 0, 0, 0);
}

Test(queue, of_tasks_started_together_the_lost_ones_are_named_and_none_is_marked)
{
    (void)push_task(&world, FAM_PRIORITY_LOW, 0);
    (void)push_task(&world, FAM_PRIORITY_LOW, 0);
    struct fam_queue_claim got = claim(&world, "w", 2, LEASE_MS);
    bool lost[2];
    enum fam_queue_turn turn;
    ok(fam_queue_finish(world.queue, &got.token, got.ids, 1, &why));
    ok(fam_queue_start(world.queue, &got.token, got.ids, 2, &turn, lost, &why));
    cr_assert(turn == FAM_QUEUE_TURN_LOST && lost[0] && !lost[1]);
    ok(fam_queue_return(world.queue, &got.token, got.ids + 1, 1, &why));
    expect_sizes(&world, 1, 0, 0);
}

Test(queue, a_claim_of_a_worker_that_died_comes_back_to_the_front_and_its_late_holder_is_fenced_off)
{
    struct fam_task_ref ref = push_task(&world, FAM_PRIORITY_LOW, 0);
    (void)push_task(&world, FAM_PRIORITY_LOW, 0);
    struct fam_queue_claim dead = claim(&world, "w1", 1, 1000);
    struct fam_task_begun begun = begin(&world, &dead, 1000);
    cr_assert_eq(begun.verdict, FAM_TASK_GO);
    cr_assert_eq(start(&world, &dead, 1), FAM_QUEUE_TURN_YOURS);
    jump(2000);
    size_t count = 0;
    ok(fam_queue_reap(world.queue, &count, &why));
    cr_assert_eq(count, 1);
    sql(&world, "SELECT deaths || ' ' || attempts FROM tasks ORDER BY task_id LIMIT 1", "1 0");
    struct fam_queue_claim heir = claim(&world, "w2", 1, LEASE_MS);
    cr_assert(same_id(&heir.ids[0], &ref.task_id));
    begun = begin(&world, &heir, LEASE_MS);
    cr_assert(begun.verdict == FAM_TASK_GO && begun.deaths == 1);
    bool done = true;
    ok(fam_task_complete_all(world.fixture.store, dead.ids, 1, &dead.token, &done, &why));
    cr_assert_not(done);
    ok(fam_queue_finish(world.queue, &dead.token, dead.ids, 1, &why));
    expect_sizes(&world, 1, 0, 1);
    finish(&heir);
    expect_sizes(&world, 1, 0, 0);
}

Test(queue, a_claim_says_that_leases_have_run_out)
{
    (void)push_task(&world, FAM_PRIORITY_LOW, 0);
    (void)claim(&world, "w", 1, 1000);
    cr_assert_not(claim(&world, "w", 1, LEASE_MS).has_expired);
    jump(2000);
    cr_assert(claim(&world, "w", 1, LEASE_MS).has_expired);
}

Test(queue, a_task_that_kills_five_workers_is_poison_and_leaves_the_queue)
{
    (void)push_task(&world, FAM_PRIORITY_HIGH, 0);
    for (int i = 1; i <= 5; i++) {
        struct fam_queue_claim got = claim(&world, "w", 10, 1000);
        size_t count = 0;
        cr_assert_eq(got.count, 1);
        struct fam_task_begun begun = begin(&world, &got, 1000);
        cr_assert(begun.verdict == FAM_TASK_GO && begun.deaths == (unsigned)i - 1);
        cr_assert_eq(start(&world, &got, 1), FAM_QUEUE_TURN_YOURS);
        jump(2000 * i);
        ok(fam_queue_reap(world.queue, &count, &why));
        cr_assert_eq(count, 1);
    }
    expect_sizes(&world, 0, 0, 0);
    sql(&world, "SELECT state || reason || attempts FROM tasks", "deadpoison0");
}

Test(queue, workers_that_die_before_they_start_a_task_do_not_count)
{
    (void)push_task(&world, FAM_PRIORITY_HIGH, 0);
    for (int i = 1; i <= 7; i++) {
        struct fam_queue_claim got = claim(&world, "w", 10, 1000);
        size_t count = 0;
        cr_assert_eq(got.count, 1);
        if (i % 2)
            cr_assert_eq(begin(&world, &got, 1000).verdict, FAM_TASK_GO);
        jump(2000 * i);
        ok(fam_queue_reap(world.queue, &count, &why));
    }
    expect_sizes(&world, 1, 0, 0);
    sql(&world, "SELECT state || deaths FROM tasks", "queued0");
}

Test(queue, a_lease_that_is_longer_in_postgresql_than_in_redis_is_kept)
{
    (void)push_task(&world, FAM_PRIORITY_HIGH, 0);
    struct fam_queue_claim got = claim(&world, "w", 10, 1000);
    cr_assert_eq(begin(&world, &got, LEASE_MS).verdict, FAM_TASK_GO);
    size_t count = 0;
    jump(2000);
    ok(fam_queue_reap(world.queue, &count, &why));
    cr_assert_eq(count, 1);
    expect_sizes(&world, 0, 0, 1);
    ok(fam_queue_reap(world.queue, &count, &why));
    cr_assert_eq(count, 0, "its lease in Redis is as long now");
    finish(&got);
}

/* ---- leaving a claim ---- */

Test(queue, what_failed_waits_and_comes_back)
{
    struct fam_task_ref ref = push_task(&world, FAM_PRIORITY_HIGH, 0);
    struct fam_queue_claim got = claim(&world, "w", 10, LEASE_MS);
    struct fam_task_times times = fam_queue_times(world.queue);
    struct fam_task_end end;
    cr_assert_eq(begin(&world, &got, LEASE_MS).verdict, FAM_TASK_GO);
    ok(fam_task_fail(world.fixture.store, &times, &ref.task_id, &got.token, false, "x", 0, &end, &why));
    ok(fam_queue_delay(world.queue, &got.token, &end.ref, 1, &why));
    expect_sizes(&world, 0, 1, 0);
    cr_assert_eq(claim(&world, "w", 10, LEASE_MS).count, 0);
    jump(3000);
    got = claim(&world, "w", 10, LEASE_MS);
    cr_assert_eq(got.count, 1);
    struct fam_task_begun begun = begin(&world, &got, LEASE_MS);
    cr_assert(begun.verdict == FAM_TASK_GO && begun.attempts == 1);
    finish(&got);
    cr_assert_eq(sweep(&world).moved, 0);
}

Test(queue, each_task_that_can_not_be_begun_leaves_the_claim_as_it_needs)
{
    struct fam_task_begun begun[4];
    struct fam_task_times times = fam_queue_times(world.queue);
    for (size_t i = 0; i < 4; i++)
        (void)push_task(&world, FAM_PRIORITY_LOW, 0);
    struct fam_queue_claim got = claim(&world, "w", 10, LEASE_MS);
    cr_assert_eq(got.count, 4);
    char text[1000], id[4][FAM_UUID_TEXT_SIZE];
    for (size_t i = 0; i < 4; i++)
        fam_uuid_format(&got.ids[i], id[i]); /* ids of one millisecond are in no order */
    (void)snprintf(text, sizeof(text),
                   "UPDATE tasks SET state = CASE n WHEN 1 THEN 'done' ELSE 'queued' END, "
                   "finished_at = CASE n WHEN 1 THEN now() END, waits_for = CASE n WHEN 2 THEN 'snooze' ELSE '' END, "
                   "not_before = CASE n WHEN 2 THEN now() + interval '1 hour' ELSE now() END, "
                   "lease_token = CASE n WHEN 3 THEN '00000000-0000-0000-0000-000000000001'::uuid END, "
                   "leased_until = CASE n WHEN 3 THEN now() + interval '1 minute' END "
                   "FROM unnest('{%s,%s,%s,%s}'::uuid[]) WITH ORDINALITY AS t(id, n) WHERE t.id = tasks.task_id",
                   id[0], id[1], id[2], id[3]);
    sql(&world, text, NULL);
    ok(fam_task_begin(world.fixture.store, &times, got.ids, 4, &got.token, "w", LEASE_MS, begun, &why));
    ok(fam_queue_settle(world.queue, &got.token, begun, 4, &why));
    expect_sizes(&world, 0, 2, 1);
    cr_assert_eq(begun[3].verdict, FAM_TASK_GO);
    cr_assert(same_id(&begun[3].ref.task_id, &got.ids[3]));
}

Test(queue, a_push_of_what_waits_makes_it_ready_and_one_of_what_is_claimed_or_ready_changes_nothing)
{
    struct fam_task_ref ref = push_task(&world, FAM_PRIORITY_LOW, 60000);
    expect_sizes(&world, 0, 1, 0);
    ref.not_before_ms = 0;
    fam_queue_push(world.queue, &ref, 1);
    expect_sizes(&world, 1, 0, 0);
    fam_queue_push(world.queue, &ref, 1);
    expect_sizes(&world, 1, 0, 0);
    (void)claim(&world, "w", 1, LEASE_MS);
    fam_queue_push(world.queue, &ref, 1);
    expect_sizes(&world, 0, 0, 1);
    fam_queue_forget(world.queue, &ref, 1);
    expect_sizes(&world, 0, 0, 1);
}

Test(queue, what_was_deleted_is_forgotten)
{
    struct fam_task_ref refs[] = {push_task(&world, FAM_PRIORITY_LOW, 60000), push_task(&world, FAM_PRIORITY_HIGH, 0)};
    fam_queue_forget(world.queue, refs, 2);
    expect_sizes(&world, 0, 0, 0);
}

/* ---- pauses ---- */

Test(queue, while_all_is_paused_nothing_is_claimed_and_a_resume_is_felt_within_a_second)
{
    size_t count = 0;
    bool was = false;
    (void)push_task(&world, FAM_PRIORITY_LOW, 0);
    ok(fam_pause_set(world.fixture.store, "*", 0, "", "anna", &why));
    pause_ms(600);
    struct fam_queue_claim got = claim(&world, "w", 10, LEASE_MS);
    cr_assert(got.count == 0 && got.next_ms <= 1000);
    ok(fam_pause_end(world.fixture.store, "*", &was, &why));
    ok(fam_queue_resume(world.queue, "*", &count, &why));
    cr_assert_eq(claim(&world, "w", 10, LEASE_MS).count, 1);
}

Test(queue, what_was_claimed_before_the_pause_of_all_was_noticed_goes_back)
{
    (void)push_task(&world, FAM_PRIORITY_LOW, 0);
    struct fam_queue_claim got = claim(&world, "w", 10, LEASE_MS);
    ok(fam_pause_set(world.fixture.store, "*", 0, "", "anna", &why));
    struct fam_task_begun begun = begin(&world, &got, LEASE_MS);
    cr_assert_eq(begun.verdict, FAM_TASK_PAUSED);
    ok(fam_queue_settle(world.queue, &got.token, &begun, 1, &why));
    expect_sizes(&world, 1, 0, 0);
}

Test(queue, tasks_of_a_paused_type_are_set_aside_without_an_attempt_and_a_resume_brings_them_back)
{
    size_t count = 0;
    bool was = false;
    (void)push_task(&world, FAM_PRIORITY_LOW, 0);
    ok(fam_pause_set(world.fixture.store, "test_task", 0, "", "anna", &why));
    struct fam_queue_claim got = claim(&world, "w", 10, LEASE_MS);
    struct fam_task_begun begun = begin(&world, &got, LEASE_MS);
    cr_assert_eq(begun.verdict, FAM_TASK_PAUSED);
    ok(fam_queue_settle(world.queue, &got.token, &begun, 1, &why));
    expect_sizes(&world, 0, 1, 0);
    cr_assert_eq(sweep(&world).moved, 0);
    ok(fam_pause_end(world.fixture.store, "test_task", &was, &why));
    ok(fam_queue_resume(world.queue, "test_task", &count, &why));
    cr_assert_eq(count, 1);
    expect_sizes(&world, 1, 0, 0);
    got = claim(&world, "w", 10, LEASE_MS);
    begun = begin(&world, &got, LEASE_MS);
    cr_assert(begun.verdict == FAM_TASK_GO && begun.attempts == 0);
}

/* ---- waiting ---- */

static _Atomic(int) awake;

static void *wait_long(void *unused)
{
    fam_queue_wait(world.queue, 60000);
    atomic_fetch_add(&awake, 1);
    return unused;
}

static bool four_wait(void *unused)
{
    redisReply *reply = redis_server_command(&world.server, "INFO clients");
    (void)unused;
    bool four = reply && strstr(reply->str, "blocked_clients:4");
    freeReplyObject(reply);
    return four;
}

static bool all_awake(void *unused)
{
    (void)unused;
    return atomic_load(&awake) == 4;
}

static void start_waiting(pthread_t threads[4])
{
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, wait_long, NULL), 0);
    cr_assert(proc_wait_until(four_wait, NULL, 20000));
}

static void all_return(pthread_t threads[4])
{
    cr_assert(proc_wait_until(all_awake, NULL, 20000));
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

Test(queue, those_who_wait_are_woken_by_a_push_each_by_a_task_of_its_own)
{
    pthread_t threads[4];
    struct fam_task_ref refs[4];
    for (size_t i = 0; i < 4; i++)
        refs[i] = add_row(&world, FAM_PRIORITY_LOW, 0);
    start_waiting(threads);
    fam_queue_push(world.queue, refs, 4);
    all_return(threads);
}

Test(queue, those_who_wait_hear_an_interrupt_and_nobody_waits_after_it)
{
    pthread_t threads[4];
    start_waiting(threads);
    fam_queue_interrupt(world.queue);
    all_return(threads);
    uint64_t before = fam_mono_ms();
    fam_queue_wait(world.queue, 60000);
    cr_assert_lt(fam_mono_ms() - before, 30000);
}

Test(queue, those_who_wait_are_woken_when_redis_comes_back)
{
    pthread_t threads[4];
    start_waiting(threads);
    redis_server_kill(&world.server);
    struct fam_queue_claim got;
    struct fam_status status = {0};
    cr_assert_eq(fam_queue_claim(world.queue, "w", 1, LEASE_MS, &got, &status), FAM_UNAVAILABLE);
    cr_assert(redis_server_restart(&world.server));
    all_return(threads);
}

Test(queue, a_wait_ends_by_its_time_with_redis_and_without)
{
    uint64_t before = fam_mono_ms();
    fam_queue_wait(world.queue, 50);
    redis_server_kill(&world.server);
    fam_queue_wait(world.queue, 50);
    cr_assert_geq(fam_mono_ms() - before, 100);
    cr_assert_lt(fam_mono_ms() - before, 30000);
}

/* ---- Redis away, wiped, restored ---- */

Test(queue, a_push_without_redis_or_without_a_queue_is_no_failure_and_the_sweep_brings_it)
{
    struct fam_task_ref ref = add_row(&world, FAM_PRIORITY_LOW, 0);
    fam_queue_push(NULL, &ref, 1);
    redis_server_kill(&world.server);
    fam_queue_push(world.queue, &ref, 1);
    cr_assert(redis_server_restart(&world.server));
    cr_assert(proc_wait_until(world_redis_is_up, world.redis, 20000));
    expect_sizes(&world, 0, 0, 0);
    cr_assert_eq(sweep(&world).pushed, 1);
    expect_sizes(&world, 1, 0, 0);
}

Test(queue, a_redis_that_is_wiped_or_goes_back_in_time_is_noticed_by_the_next_claim)
{
    cr_assert_eq(claim(&world, "w", 1, LEASE_MS).count, 0);
    cr_assert(fam_queue_is_suspect(world.queue), "it has never been swept");
    (void)sweep(&world);
    cr_assert_not(fam_queue_is_suspect(world.queue));
    (void)claim(&world, "w", 1, LEASE_MS);
    cr_assert_not(fam_queue_is_suspect(world.queue));
    redis_do(&world, "FLUSHALL");
    (void)claim(&world, "w", 1, LEASE_MS);
    cr_assert(fam_queue_is_suspect(world.queue));
    (void)sweep(&world);
    redis_do(&world, "SET fam:{queue}:epoch 1000");
    (void)claim(&world, "w", 1, LEASE_MS);
    cr_assert(fam_queue_is_suspect(world.queue), "an epoch of yesterday");
}

static bool one_is_ready(void *unused)
{
    (void)unused;
    return sizes(&world).ready[0] == 1;
}

Test(queue, the_sweeper_rebuilds_a_wiped_redis_at_once)
{
    struct fam_sweeper_options options = {
        .queue = world.queue, .store = world.fixture.store, .interval_ms = 3600000, .reap_ms = 20};
    struct fam_status status = {0};
    (void)push_task(&world, FAM_PRIORITY_LOW, 0);
    struct fam_sweeper *sweeper = fam_sweeper_new(&options, &status);
    cr_assert_not_null(sweeper, "%s", status.message);
    cr_assert(proc_wait_until(one_is_ready, NULL, 20000));
    redis_do(&world, "FLUSHALL");
    /* Any command of the queue notices it. */
    struct fam_task_ref urgent = push_task(&world, FAM_PRIORITY_CRITICAL, 0);
    fam_queue_forget(world.queue, &urgent, 1);
    cr_assert(proc_wait_until(one_is_ready, NULL, 20000));
    fam_sweeper_free(sweeper);
}

Test(queue, a_rebuilt_redis_keeps_leases_so_that_nothing_runs_twice)
{
    struct fam_task_ref held = push_task(&world, FAM_PRIORITY_LOW, 0);
    struct fam_queue_claim got = claim(&world, "w", 1, LEASE_MS);
    cr_assert_eq(begin(&world, &got, LEASE_MS).verdict, FAM_TASK_GO);
    struct fam_task_ref ready = push_task(&world, FAM_PRIORITY_LOW, 0);
    (void)push_task(&world, FAM_PRIORITY_LOW, 60000);
    redis_do(&world, "FLUSHALL");
    struct fam_sweep_report report = sweep(&world);
    cr_assert(report.pushed == 2 && report.leased == 1);
    expect_sizes(&world, 1, 1, 1);
    struct fam_queue_claim other = claim(&world, "w", 10, LEASE_MS);
    cr_assert(other.count == 1 && same_id(&other.ids[0], &ready.task_id));
    cr_assert(same_id(&got.ids[0], &held.task_id));
    cr_assert_eq(start(&world, &got, 1), FAM_QUEUE_TURN_YOURS);
    finish(&got);
    expect_sizes(&world, 0, 1, 1);
}

Test(queue, a_sweep_that_finds_all_right_changes_nothing)
{
    (void)push_task(&world, FAM_PRIORITY_LOW, 0);
    (void)push_task(&world, FAM_PRIORITY_LOW, 60000);
    (void)push_task(&world, FAM_PRIORITY_HIGH, 0);
    (void)claim(&world, "w", 1, LEASE_MS);
    (void)push_task(&world, FAM_PRIORITY_CRITICAL, 0);
    struct fam_queue_claim begun = claim(&world, "w", 1, LEASE_MS);
    cr_assert_eq(begin(&world, &begun, LEASE_MS).verdict, FAM_TASK_GO);
    struct fam_sweep_report report = sweep(&world);
    cr_assert_eq(report.rows, 4);
    cr_assert_eq(report.entries, 6);
    cr_assert_eq(report.pushed + report.leased + report.moved + report.removed + report.returned + report.clamped, 0);
    expect_sizes(&world, 1, 1, 2);
}

Test(queue, after_a_clock_that_went_back_an_hour_one_sweep_makes_leases_and_due_times_near_again)
{
    jump(3600000);
    (void)push_task(&world, FAM_PRIORITY_HIGH, 0);
    struct fam_queue_claim unbegun = claim(&world, "w", 1, LEASE_MS);
    (void)push_task(&world, FAM_PRIORITY_LOW, 0);
    struct fam_queue_claim failed = claim(&world, "w", 1, LEASE_MS);
    cr_assert(unbegun.count == 1 && failed.count == 1);
    struct fam_task_times times = fam_queue_times(world.queue);
    struct fam_task_end end;
    cr_assert_eq(begin(&world, &failed, LEASE_MS).verdict, FAM_TASK_GO);
    ok(fam_task_fail(world.fixture.store, &times, failed.ids, &failed.token, false, "x", 0, &end, &why));
    ok(fam_queue_delay(world.queue, &failed.token, &end.ref, 1, &why));
    jump(0);
    struct fam_sweep_report report = sweep(&world);
    cr_assert(report.clamped == 1 && report.moved == 2, "%d %d", (int)report.clamped, (int)report.moved);
    struct fam_queue_claim got = claim(&world, "w", 10, LEASE_MS);
    cr_assert(got.count == 0 && got.next_ms <= 10000, "%u", got.next_ms);
    jump(LEASE_MS + 1000);
    size_t count = 0;
    ok(fam_queue_reap(world.queue, &count, &why));
    cr_assert_eq(count, 1);
    cr_assert_eq(claim(&world, "w", 10, LEASE_MS).priority, FAM_PRIORITY_HIGH);
    cr_assert_eq(claim(&world, "w", 10, LEASE_MS).priority, FAM_PRIORITY_LOW);
}
