/* test_worker_outages.c: workers whose process, PostgreSQL or Redis goes away. */
#include <hiredis/hiredis.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker_world.h"

static struct world world;

static void tear_down(void)
{
    world_stop(&world);
}

TestSuite(worker_outages, .fini = tear_down, .timeout = 180);

/* Another process: it claims what there is and tells when a handler has it. Never returns. */
static void be_victim(int told)
{
    struct world_type type = {.type = "refresh_metrics", .act = ACT_IGNORE};
    world_open(&world);
    world_know(&world, &type, 1, 600000);
    world_add(&world, "refresh_metrics", FAM_PRIORITY_NORMAL, 3);
    (void)world_work(&world, &(struct fam_worker_options){.threads = 1, .lease_ms = 2000, .hold_ms = 600000});
    while (atomic_load(&world.inside) == 0)
        world_pause();
    if (write(told, "x", 1) == 1) {
        for (;;)
            pause();
    }
    _exit(1);
}

Test(worker_outages, tasks_of_a_killed_worker_are_run_by_another_and_a_death_is_counted_where_it_had_begun)
{
    int told[2];
    char byte = 0;
    world_start_servers(&world);
    cr_assert_eq(pipe(told), 0);
    pid_t victim = fork();
    cr_assert_geq(victim, 0);
    if (victim == 0)
        be_victim(told[1]);
    close(told[1]);
    cr_assert_eq(read(told[0], &byte, 1), 1, "the victim did not begin");
    cr_assert_eq(kill(victim, SIGKILL), 0);
    cr_assert_eq(waitpid(victim, NULL, 0), victim);
    close(told[0]);
    world_open(&world);
    expect_sql(world.base.pg.conninfo, WORLD_COUNT("lease_token IS NOT NULL"), "3");
    struct world_type type = {.type = "refresh_metrics", .act = ACT_DONE};
    world_know(&world, &type, 1, 10000);
    world_sweep(&world);
    struct fam_worker *worker = world_work(&world, &(struct fam_worker_options){.threads = 2});
    world_await(&world, WORLD_COUNT("state = 'done'"), "3");
    world_end_work(worker);
    expect_sql(world.base.pg.conninfo, "SELECT string_agg(deaths::text, ' ' ORDER BY deaths) FROM tasks", "0 0 1");
    expect_sql(world.base.pg.conninfo, "SELECT max(attempts) FROM tasks", "0");
}

Test(worker_outages, work_goes_on_by_itself_after_redis_was_away_and_what_it_missed_is_found)
{
    struct world_type type = {.type = "refresh_metrics", .act = ACT_DONE},
                      slow = {.type = "send_checkin", .act = ACT_IGNORE};
    world_start(&world);
    world_know(&world, &type, 1, 10000);
    world_know(&world, &slow, 1, 600000);
    world_sweep(&world);
    struct fam_worker *worker = world_work(&world, &(struct fam_worker_options){.threads = 2});
    world_add(&world, "refresh_metrics", FAM_PRIORITY_NORMAL, 3);
    world_await(&world, WORLD_COUNT("state = 'done'"), "3");
    world_add(&world, "send_checkin", FAM_PRIORITY_NORMAL, 1);
    world_await_level(&world.inside, 1);
    redis_server_kill(&world.server);
    atomic_store(&world.gate, true);
    world_await(&world, WORLD_COUNT("state = 'done'"), "4");
    world_add(&world, "refresh_metrics", FAM_PRIORITY_NORMAL, 5); /* Redis does not hear of them */
    expect_sql(world.base.pg.conninfo, WORLD_COUNT("state = 'queued'"), "5");
    cr_assert(redis_server_restart(&world.server));
    world_await(&world, WORLD_COUNT("state = 'done'"), "9");
    world_end_work(worker);
    cr_assert_eq(world.note_count, 9, "nothing was run twice");
}

Test(worker_outages, a_wiped_redis_is_filled_again)
{
    struct world_type type = {.type = "refresh_metrics", .act = ACT_DONE},
                      slow = {.type = "send_checkin", .act = ACT_IGNORE};
    world_start(&world);
    world_know(&world, &slow, 1, 600000);
    world_know(&world, &type, 1, 10000);
    world_add(&world, "send_checkin", FAM_PRIORITY_HIGH, 1);
    struct fam_worker *worker = world_work(&world, &(struct fam_worker_options){.threads = 1});
    world_await_level(&world.inside, 1);
    world_add(&world, "refresh_metrics", FAM_PRIORITY_NORMAL, 20);
    struct redisReply *reply = redis_server_command(&world.server, "FLUSHALL");
    cr_assert(reply);
    freeReplyObject(reply);
    world_sweep(&world);
    atomic_store(&world.gate, true);
    world_await(&world, WORLD_COUNT("state = 'done'"), "21");
    world_end_work(worker);
    cr_assert_eq(world.note_count, 21, "nothing was run twice");
}

static bool has_unwritten(void *context)
{
    struct fam_worker_view view;
    fam_worker_read(context, &view);
    return view.unwritten == 1 && view.running == 0;
}

Test(worker_outages, how_a_run_ended_is_written_down_when_postgresql_is_back)
{
    struct world_type slow = {.type = "send_checkin", .act = ACT_IGNORE},
                      type = {.type = "refresh_metrics", .act = ACT_DONE};
    world_start(&world);
    world_know(&world, &slow, 1, 600000);
    world_know(&world, &type, 1, 10000);
    world_add(&world, "send_checkin", FAM_PRIORITY_HIGH, 1);
    struct fam_worker *worker = world_work(&world, &(struct fam_worker_options){.threads = 2});
    world_await_level(&world.inside, 1);
    world_add(&world, "refresh_metrics", FAM_PRIORITY_NORMAL, 5);
    world_await(&world, WORLD_COUNT("state = 'done'"), "5");
    pg_server_halt(&world.base.pg);
    atomic_store(&world.gate, true);
    cr_assert(proc_wait_until(has_unwritten, worker, WORLD_PATIENCE_MS));
    cr_assert(pg_server_restart(&world.base.pg));
    world_await(&world, WORLD_COUNT("state = 'done' AND deaths = 0"), "6");
    world_add(&world, "refresh_metrics", FAM_PRIORITY_NORMAL, 5);
    world_await(&world, WORLD_COUNT("state = 'done'"), "11");
    world_end_work(worker);
    cr_assert_eq(world.note_count, 11);
}
