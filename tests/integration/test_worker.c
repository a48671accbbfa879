/* test_worker.c: what a worker does with tasks while PostgreSQL and Redis are there. */
#include "worker_world.h"

static struct world world;

static void set_up(void)
{
    world_start(&world);
}

static void tear_down(void)
{
    world_stop(&world);
}

TestSuite(worker, .init = set_up, .fini = tear_down, .timeout = 180);

/* One thread, so that what waits, waits. */
static const struct fam_worker_options ONE = {.threads = 1};

Test(worker, runs_what_is_queued_and_what_is_pushed_later)
{
    struct world_type type = {.type = "refresh_metrics", .act = ACT_DONE};
    world_know(&world, &type, 1, 10000);
    world_add(&world, "refresh_metrics", FAM_PRIORITY_NORMAL, 15);
    struct fam_worker *worker = world_work(&world, &(struct fam_worker_options){.threads = 4});
    world_await(&world, WORLD_COUNT("state = 'done'"), "15");
    world_add(&world, "refresh_metrics", FAM_PRIORITY_LOW, 1);
    world_await(&world, WORLD_COUNT("state = 'done'"), "16");
    world_end_work(worker);
    cr_assert_eq(world.note_count, 16);
}

Test(worker, a_type_that_takes_batches_gets_several_of_its_type_and_of_one_priority_at_once)
{
    struct world_type many = {.type = "process_emotion_batch", .act = ACT_DONE},
                      single = {.type = "send_checkin", .act = ACT_DONE};
    world_know(&world, &many, 4, 10000);
    world_know(&world, &single, 1, 10000);
    world_add(&world, "process_emotion_batch", FAM_PRIORITY_NORMAL, 6);
    world_add(&world, "send_checkin", FAM_PRIORITY_NORMAL, 2);
    world_add(&world, "process_emotion_batch", FAM_PRIORITY_LOW, 1);
    struct fam_worker *worker = world_work(&world, &ONE);
    world_await(&world, WORLD_COUNT("state = 'done'"), "9");
    world_end_work(worker);
    size_t sizes[5] = {0};
    for (size_t i = 0; i < world.note_count; i++) {
        cr_assert_leq(world.notes[i].count, 4);
        if (strcmp(world.notes[i].type, "process_emotion_batch") == 0)
            sizes[world.notes[i].count]++;
        else
            cr_assert_eq(world.notes[i].count, 1);
    }
    cr_assert_eq(sizes[4], 4, "four of the six run together");
    cr_assert_eq(sizes[2], 2, "and the other two");
    cr_assert_eq(sizes[1], 1, "the one of a lower priority by itself");
}

Test(worker, claimed_tasks_that_wait_let_a_more_urgent_one_pass)
{
    struct world_type slow = {.type = "refresh_metrics", .act = ACT_WAIT},
                      urgent = {.type = "send_checkin", .act = ACT_DONE};
    world_know(&world, &slow, 1, 60000);
    world_know(&world, &urgent, 1, 60000);
    world_add(&world, "refresh_metrics", FAM_PRIORITY_LOW, 5);
    struct fam_worker *worker =
        world_work(&world, &(struct fam_worker_options){.threads = 1, .hold_ms = WORLD_PATIENCE_MS});
    world_await_level(&world.inside, 1);
    world_add(&world, "send_checkin", FAM_PRIORITY_CRITICAL, 1);
    atomic_store(&world.gate, true);
    world_await(&world, WORLD_COUNT("state = 'done'"), "6");
    world_end_work(worker);
    cr_assert_str_eq(world.notes[0].type, "refresh_metrics");
    cr_assert_str_eq(world.notes[1].type, "send_checkin", "the urgent one is next, though four others were claimed");
    cr_assert_str_eq(world.notes[2].payload, "1", "what was returned keeps its place");
    expect_sql(world.base.pg.conninfo, "SELECT max(attempts + deaths) FROM tasks", "0");
}

Test(worker, what_a_busy_process_holds_goes_to_an_idle_one)
{
    struct world_type busy = {.type = "refresh_metrics", .act = ACT_IGNORE};
    world_know(&world, &busy, 1, 60000);
    world_add(&world, "refresh_metrics", FAM_PRIORITY_NORMAL, 2);
    struct fam_worker *first = world_work(&world, &(struct fam_worker_options){.threads = 1, .hold_ms = 100});
    world_await_level(&world.inside, 1);
    /* The other process has rooms of its own. */
    struct world other = {.base.pg = world.base.pg, .server = world.server};
    struct world_type type = {.type = "refresh_metrics", .act = ACT_DONE};
    pthread_mutex_init(&other.lock, NULL);
    world_open(&other);
    world_know(&other, &type, 1, 60000);
    struct fam_worker *second = world_work(&other, &ONE);
    world_await(&world, WORLD_COUNT("state = 'done'"), "1");
    cr_assert_eq(other.note_count, 1);
    atomic_store(&world.gate, true);
    world_end_work(first);
    world_end_work(second);
    fam_queue_free(other.queue);
    fam_redis_free(other.redis);
    fam_store_free(other.base.store);
}

Test(worker, each_way_to_end_a_run_is_written_down)
{
    struct world_type types[] = {{.type = "finish", .act = ACT_FINISH},   {.type = "retry", .act = ACT_RETRY},
                                 {.type = "snooze", .act = ACT_SNOOZE},   {.type = "bury", .act = ACT_BURY},
                                 {.type = "nothing", .act = ACT_NOTHING}, {.type = "done", .act = ACT_DONE}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        world_know(&world, &types[i], 2, 10000);
        world_add(&world, types[i].type, FAM_PRIORITY_NORMAL, 1);
    }
    world_add(&world, "strange", FAM_PRIORITY_NORMAL, 1);
    struct fam_worker *worker = world_work(&world, &ONE);
    world_await(&world, WORLD_COUNT("lease_token IS NULL AND (state <> 'queued' OR waits_for <> '')"), "7");
    world_end_work(worker);
    const char *const conninfo = world.base.pg.conninfo;
    expect_sql(conninfo, "SELECT string_agg(type, ' ' ORDER BY type) FROM tasks WHERE state = 'done'", "done finish");
    expect_sql(conninfo, "SELECT count(*) FROM effects JOIN tasks USING (task_id) WHERE type = 'finish'", "1");
    expect_sql(conninfo, "SELECT state || waits_for || attempts || ' ' || reason FROM tasks WHERE type = 'retry'",
               "queuedretry1 it did not work");
    expect_sql(conninfo, "SELECT state || waits_for || attempts FROM tasks WHERE type = 'snooze'", "queuedsnooze0");
    expect_sql(conninfo, "SELECT state || ' ' || reason FROM tasks WHERE type = 'bury'", "dead it can't work");
    expect_sql(conninfo, "SELECT state || attempts || ' ' || reason FROM tasks WHERE type = 'nothing'",
               "queued1 the handler did not say how it ended");
    expect_sql(conninfo, "SELECT state || ' ' || reason FROM tasks WHERE type = 'strange'", "dead unknown type");
    struct fam_queue_sizes sizes;
    struct fam_status status = {0};
    cr_assert_eq(fam_queue_sizes(world.queue, &sizes, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(sizes.leases + sizes.holds, 0, "Redis holds no lease any more");
    cr_assert_eq(sizes.delayed[FAM_PRIORITY_NORMAL - 1], 3);
    cr_assert_eq(sizes.ready[FAM_PRIORITY_NORMAL - 1], 0);
}

Test(worker, a_handler_that_takes_too_long_is_cancelled_and_its_attempt_counts_as_failed)
{
    struct world_type slow = {.type = "refresh_metrics", .act = ACT_FINISH_LATE};
    world_know(&world, &slow, 1, 200);
    world_add(&world, "refresh_metrics", FAM_PRIORITY_NORMAL, 1);
    struct fam_worker *worker = world_work(&world, &ONE);
    world_await(&world, WORLD_COUNT("attempts = 1 AND waits_for = 'retry'"), "1");
    world_await_level(&world.refused, 1);
    world_end_work(worker);
    expect_sql(world.base.pg.conninfo, "SELECT outcome || ' ' || reason FROM task_attempts",
               "timed_out took longer than 200 ms");
    expect_sql(world.base.pg.conninfo, "SELECT count(*) FROM effects", "0");
    cr_assert_eq(atomic_load(&world.cancelled), 1);
}

static bool has_stuck(void *context)
{
    struct fam_worker_view view;
    fam_worker_read(context, &view);
    return view.stuck == 2;
}

static bool has_none_stuck(void *context)
{
    struct fam_worker_view view;
    fam_worker_read(context, &view);
    return view.stuck == 0 && view.running == 0;
}

Test(worker, a_stuck_handler_costs_no_place_and_too_many_of_them_end_the_work_of_their_type_alone)
{
    struct world_type deaf = {.type = "refresh_metrics", .act = ACT_IGNORE},
                      good = {.type = "send_checkin", .act = ACT_DONE};
    world_know(&world, &deaf, 1, 100);
    world_know(&world, &good, 1, 10000);
    world_add(&world, "refresh_metrics", FAM_PRIORITY_HIGH, 2);
    struct fam_worker *worker = world_work(&world, &(struct fam_worker_options){.threads = 1, .stuck_after_ms = 50});
    cr_assert(proc_wait_until(has_stuck, worker, WORLD_PATIENCE_MS), "both places were taken by deaf handlers");
    world_add(&world, "refresh_metrics", FAM_PRIORITY_HIGH, 1);
    world_add(&world, "send_checkin", FAM_PRIORITY_NORMAL, 3);
    world_await(&world, WORLD_COUNT("state = 'done' AND type = 'send_checkin'"), "3");
    world_await(&world, WORLD_COUNT("waits_for = 'snooze' AND attempts = 0"), "1");
    cr_assert_eq(atomic_load(&world.inside), 2, "no third one was let in");
    atomic_store(&world.gate, true);
    cr_assert(proc_wait_until(has_none_stuck, worker, WORLD_PATIENCE_MS));
    world_add(&world, "refresh_metrics", FAM_PRIORITY_HIGH, 1);
    world_await(&world, WORLD_COUNT("state = 'done' AND type = 'refresh_metrics'"), "1");
    world_end_work(worker);
    expect_sql(world.base.pg.conninfo, "SELECT count(*) FROM task_attempts WHERE outcome = 'timed_out'", "2");
}

Test(worker, a_handler_that_outlasts_its_lease_keeps_it)
{
    struct world_type slow = {.type = "refresh_metrics", .act = ACT_WAIT};
    const struct fam_worker_options options = {.threads = 1, .lease_ms = 1500};
    world_know(&world, &slow, 1, 60000);
    world_sweep(&world);
    world_add(&world, "refresh_metrics", FAM_PRIORITY_NORMAL, 1);
    struct fam_worker *worker = world_work(&world, &options);
    world_await_level(&world.inside, 1);
    uint64_t end_ms = fam_mono_ms() + 3 * (uint64_t)options.lease_ms;
    while (fam_mono_ms() < end_ms)
        world_pause();
    atomic_store(&world.gate, true);
    world_await(&world, WORLD_COUNT("state = 'done' AND deaths = 0 AND attempts = 0"), "1");
    world_end_work(worker);
    cr_assert_eq(world.note_count, 1, "nobody else got it meanwhile");
}

Test(worker, a_handler_whose_lease_is_lost_is_told_and_its_effect_is_rolled_back)
{
    struct world_type slow = {.type = "refresh_metrics", .act = ACT_FINISH_LATE};
    world_know(&world, &slow, 1, 600000);
    world_add(&world, "refresh_metrics", FAM_PRIORITY_NORMAL, 1);
    struct fam_worker *worker = world_work(&world, &(struct fam_worker_options){.threads = 1, .lease_ms = 600});
    world_await_level(&world.inside, 1);
    expect_sql(world.base.pg.conninfo,
               "UPDATE tasks SET lease_token = gen_random_uuid(), leased_until = now() + interval '1 hour'", NULL);
    world_await_level(&world.refused, 1);
    world_end_work(worker);
    expect_sql(world.base.pg.conninfo, "SELECT count(*) FROM effects", "0");
    expect_sql(world.base.pg.conninfo, "SELECT state || attempts FROM tasks", "queued0");
}

Test(worker, a_stop_finishes_what_runs_and_returns_what_was_not_started)
{
    struct world_type slow = {.type = "refresh_metrics", .act = ACT_IGNORE};
    world_know(&world, &slow, 1, 60000);
    world_add(&world, "refresh_metrics", FAM_PRIORITY_NORMAL, 4);
    struct fam_worker *worker =
        world_work(&world, &(struct fam_worker_options){.threads = 1, .hold_ms = WORLD_PATIENCE_MS});
    world_await_level(&world.inside, 1);
    world_await(&world, WORLD_COUNT("lease_token IS NOT NULL"), "4");
    fam_worker_drain(worker);
    world_await(&world, WORLD_COUNT("lease_token IS NOT NULL"), "1");
    atomic_store(&world.gate, true);
    world_end_work(worker);
    expect_sql(world.base.pg.conninfo, WORLD_COUNT("state = 'done'"), "1");
    expect_sql(world.base.pg.conninfo, WORLD_COUNT("state = 'queued' AND lease_token IS NULL AND attempts = 0"), "3");
    struct fam_queue_sizes sizes;
    struct fam_status status = {0};
    cr_assert_eq(fam_queue_sizes(world.queue, &sizes, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(sizes.ready[FAM_PRIORITY_NORMAL - 1], 3);
}

Test(worker, a_stop_cancels_what_does_not_end_in_time)
{
    struct world_type slow = {.type = "refresh_metrics", .act = ACT_WAIT};
    world_know(&world, &slow, 1, 60000);
    world_add(&world, "refresh_metrics", FAM_PRIORITY_NORMAL, 1);
    struct fam_worker *worker = world_work(&world, &ONE);
    world_await_level(&world.inside, 1);
    cr_assert(fam_worker_stop(worker, 50));
    fam_worker_free(worker);
    cr_assert_eq(atomic_load(&world.cancelled), 1);
    expect_sql(world.base.pg.conninfo, WORLD_COUNT("state = 'done'"), "1");
}

Test(worker, a_stop_gives_the_task_of_a_deaf_handler_back_at_no_cost)
{
    struct world_type deaf = {.type = "refresh_metrics", .act = ACT_IGNORE};
    world_know(&world, &deaf, 1, 60000);
    world_add(&world, "refresh_metrics", FAM_PRIORITY_NORMAL, 1);
    struct fam_worker *worker = world_work(&world, &ONE);
    world_await_level(&world.inside, 1);
    cr_assert_not(fam_worker_stop(worker, 50));
    expect_sql(world.base.pg.conninfo,
               WORLD_COUNT("state = 'queued' AND lease_token IS NULL AND attempts = 0 AND deaths = 0"), "1");
    atomic_store(&world.gate, true);
    world_await_level(&world.inside, 0);
    static struct fam_worker *left_behind; /* where LeakSanitizer sees it: the process would end here */
    left_behind = worker;
    fam_worker_free(left_behind); /* frees nothing */
}
