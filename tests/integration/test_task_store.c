/* test_task_store.c: tasks as rows: added with their cause, leased by token, ended once, counted right. PostgreSQL
 * alone.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "queue_world.h"
#include "store/task_sweep_store.h"

static struct queue_world world;
static const struct fam_task_times fast = {.retry_base_ms = 1000};
static const struct fam_uuid first = {{1, 2, 3}}, second = {{4, 5, 6}};

static void set_up(void)
{
    store_fixture_start(&world.fixture);
}

static void tear_down(void)
{
    store_fixture_stop(&world.fixture);
}

TestSuite(task_store, .init = set_up, .fini = tear_down, .timeout = 120);

static struct fam_task_begun begin_as(const struct fam_uuid *task_id, const struct fam_uuid *token, uint32_t lease_ms,
                                      const struct fam_task_times *times)
{
    struct fam_task_begun begun;
    ok(fam_task_begin(world.fixture.store, times, task_id, 1, token, "worker-1", lease_ms, &begun, &why));
    return begun;
}

static void expect_verdict(const struct fam_uuid *task_id, const struct fam_uuid *token, enum fam_task_verdict verdict)
{
    struct fam_task_begun begun = begin_as(task_id, token, LEASE_MS, &fast);
    cr_assert_eq(begun.verdict, verdict, "verdict %d, not %d", (int)begun.verdict, (int)verdict);
    fam_task_begun_done(&begun);
}

static enum fam_code complete_in_tx(struct fam_db *db, void *context, struct fam_status *status)
{
    const struct fam_uuid *const *ids = context;
    return fam_task_complete(db, ids[0], ids[1], status);
}

static enum fam_code complete(const struct fam_uuid *task_id, const struct fam_uuid *token, struct fam_status *status)
{
    const struct fam_uuid *ids[] = {task_id, token};
    return fam_tx_run(fam_store_pool(world.fixture.store), complete_in_tx, ids, NULL, status);
}

static void expect_lost(enum fam_code code, const struct fam_status *status)
{
    cr_assert_eq(code, FAM_ABORTED);
    cr_assert_str_eq(status->reason, "LEASE_LOST");
}

Test(task_store, a_task_is_begun_with_all_that_it_was_added_with)
{
    struct fam_uuid user = make_user(world.fixture.store, 7001);
    const struct fam_task_new task = {.type = "send_checkin",
                                      .priority = FAM_PRIORITY_HIGH,
                                      .payload = "a\0b",
                                      .payload_size = 3,
                                      .user_id = &user,
                                      .max_attempts = 7};
    struct fam_task_ref ref;
    bool added = false;
    ok(try_add(world.fixture.store, &task, &ref, &added, &why));
    cr_assert(added);
    cr_assert_eq(ref.priority, FAM_PRIORITY_HIGH);
    cr_assert_eq(ref.not_before_ms, 0);
    struct fam_task_begun begun = begin_as(&ref.task_id, &first, LEASE_MS, NULL);
    cr_assert_eq(begun.verdict, FAM_TASK_GO);
    cr_assert_str_eq(begun.type, "send_checkin");
    cr_assert_eq(begun.payload_size, 3);
    cr_assert_eq(memcmp(begun.payload, "a\0b", 3), 0);
    cr_assert(begun.has_user && fam_uuid_equal(&begun.user_id, &user));
    cr_assert(begun.attempts == 0 && begun.deaths == 0 && begun.max_attempts == 7);
    fam_task_begun_done(&begun);
    sql(&world, "SELECT worker FROM tasks", "worker-1");
}

Test(task_store, what_can_not_be_a_task_is_refused_by_its_field)
{
    static const char large[FAM_TASK_PAYLOAD_MAX + 1];
    const struct fam_task_new bad[] = {
        {.type = "Upper", .priority = FAM_PRIORITY_LOW},
        {.type = "", .priority = FAM_PRIORITY_LOW},
        {.type = "t", .priority = (enum fam_priority)5},
        {.type = "t", .priority = FAM_PRIORITY_LOW, .max_attempts = 101},
        {.type = "t", .priority = FAM_PRIORITY_LOW, .payload = large, .payload_size = sizeof(large)}};
    static const char *const fields[] = {"type", "type", "priority", "max_attempts", "payload"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(bad); i++) {
        struct fam_task_ref ref;
        struct fam_status status = {0};
        bool added = false;
        cr_assert_eq(try_add(world.fixture.store, &bad[i], &ref, &added, &status), FAM_INVALID_ARGUMENT);
        cr_assert_str_eq(status.field, fields[i]);
    }
    sql(&world, "SELECT count(*) FROM tasks", "0");
}

Test(task_store, of_one_unique_key_one_task_waits_and_the_next_is_added_when_it_is_done)
{
    const struct fam_task_new task = {.type = "t", .priority = FAM_PRIORITY_LOW, .unique_key = "report:1"};
    const struct fam_task_new other = {.type = "t", .priority = FAM_PRIORITY_HIGH, .unique_key = "report:1"};
    struct fam_task_ref ref, again;
    bool added = false;
    ok(try_add(world.fixture.store, &task, &ref, &added, &why));
    cr_assert(added);
    ok(try_add(world.fixture.store, &other, &again, &added, &why));
    cr_assert_not(added);
    cr_assert(same_id(&ref.task_id, &again.task_id));
    cr_assert_eq(again.priority, FAM_PRIORITY_LOW, "the one that waits stays as it is");
    expect_verdict(&ref.task_id, &first, FAM_TASK_GO);
    ok(complete(&ref.task_id, &first, &why));
    ok(try_add(world.fixture.store, &other, &again, &added, &why));
    cr_assert(added);
    cr_assert_not(same_id(&ref.task_id, &again.task_id));
}

struct twin {
    struct fam_task_new task;
    size_t added;
};

static void *add_twin(void *context)
{
    struct twin *twin = context;
    struct fam_task_ref ref;
    struct fam_status status = {0};
    bool added = false;
    cr_assert_eq(try_add(world.fixture.store, &twin->task, &ref, &added, &status), FAM_OK, "%s", status.message);
    twin->added = added;
    return NULL;
}

Test(task_store, of_eight_at_once_with_one_unique_key_one_is_added)
{
    struct twin twins[8];
    size_t added = 0;
    for (size_t i = 0; i < 8; i++)
        twins[i] = (struct twin){.task = {.type = "t", .priority = FAM_PRIORITY_LOW, .unique_key = "k"}};
    run_at_once(add_twin, twins, sizeof(twins[0]), 8);
    for (size_t i = 0; i < 8; i++)
        added += twins[i].added;
    cr_assert_eq(added, 1);
}

Test(task_store, what_is_not_to_be_run_is_not_begun_and_says_why)
{
    struct fam_task_ref done = add_row(&world, FAM_PRIORITY_LOW, 0), dead = add_row(&world, FAM_PRIORITY_LOW, 0);
    struct fam_task_ref later = add_row(&world, FAM_PRIORITY_LOW, 3600000), held = add_row(&world, FAM_PRIORITY_LOW, 0);
    const struct fam_uuid gone = fam_uuid_v7();
    expect_verdict(&done.task_id, &first, FAM_TASK_GO);
    ok(complete(&done.task_id, &first, &why));
    expect_verdict(&dead.task_id, &first, FAM_TASK_GO);
    ok(fam_task_bury(world.fixture.store, &dead.task_id, &first, "unknown type", 0, &why));
    expect_verdict(&held.task_id, &first, FAM_TASK_GO);
    const struct fam_uuid ids[] = {done.task_id, dead.task_id, later.task_id, held.task_id, gone};
    const enum fam_task_verdict verdicts[] = {FAM_TASK_DONE, FAM_TASK_DEAD, FAM_TASK_WAITS, FAM_TASK_HELD,
                                              FAM_TASK_GONE};
    struct fam_task_begun begun[5];
    ok(fam_task_begin(world.fixture.store, NULL, ids, 5, &second, "w", LEASE_MS, begun, &why));
    for (size_t i = 0; i < 5; i++)
        cr_assert(begun[i].verdict == verdicts[i] && same_id(&begun[i].ref.task_id, &ids[i]), "%d: %d", (int)i,
                  (int)begun[i].verdict);
    cr_assert_geq(begun[2].ref.not_before_ms, later.not_before_ms);
    cr_assert_gt(begun[3].ref.not_before_ms, 0);
}

Test(task_store, with_a_token_that_is_not_the_rows_nothing_can_be_written)
{
    struct fam_task_ref ref = add_row(&world, FAM_PRIORITY_LOW, 0);
    struct fam_status status = {0};
    bool held = true;
    expect_verdict(&ref.task_id, &first, FAM_TASK_GO);
    expect_lost(complete(&ref.task_id, &second, &status), &status);
    expect_lost(fam_task_fail(world.fixture.store, &fast, &ref.task_id, &second, false, "x", 1, NULL, &status),
                &status);
    expect_lost(fam_task_snooze(world.fixture.store, &fast, &ref.task_id, &second, 1, "x", NULL, &status), &status);
    expect_lost(fam_task_bury(world.fixture.store, &ref.task_id, &second, "x", 1, &status), &status);
    ok(fam_task_extend(world.fixture.store, &fast, &ref.task_id, 1, &second, LEASE_MS, &held, &why));
    cr_assert_not(held);
    ok(fam_task_complete_all(world.fixture.store, &ref.task_id, 1, &second, &held, &why));
    cr_assert_not(held);
    ok(fam_task_release(world.fixture.store, &ref.task_id, 1, &second, &why));
    sql(&world, "SELECT state || attempts || (lease_token IS NOT NULL)::text FROM tasks", "queued0true");
    sql(&world, "SELECT count(*) FROM task_attempts", "0");
    ok(complete(&ref.task_id, &first, &why));
    expect_lost(complete(&ref.task_id, &first, &status), &status);
}

Test(task_store, a_lease_that_ran_out_is_its_holders_until_another_begins)
{
    struct fam_task_ref ref = add_row(&world, FAM_PRIORITY_LOW, 0), other = add_row(&world, FAM_PRIORITY_LOW, 0);
    const struct fam_task_times later = {.clock_offset_ms = 2 * LEASE_MS};
    struct fam_status status = {0};
    expect_verdict(&ref.task_id, &first, FAM_TASK_GO);
    expect_verdict(&other.task_id, &first, FAM_TASK_GO);
    struct fam_task_begun begun = begin_as(&ref.task_id, &second, LEASE_MS, &later);
    cr_assert_eq(begun.verdict, FAM_TASK_GO);
    fam_task_begun_done(&begun);
    expect_lost(complete(&ref.task_id, &first, &status), &status);
    ok(complete(&ref.task_id, &second, &why));
    ok(complete(&other.task_id, &first, &why));
}

Test(task_store, an_effect_and_the_end_of_its_task_are_written_together_or_not_at_all)
{
    struct fam_task_ref ref = add_row(&world, FAM_PRIORITY_LOW, 0);
    struct fam_db *db = NULL;
    expect_verdict(&ref.task_id, &first, FAM_TASK_GO);
    ok(fam_pool_get(fam_store_pool(world.fixture.store), &db, &why));
    ok(fam_db_script(db, "BEGIN", 0, &why));
    ok(fam_task_complete(db, &ref.task_id, &first, &why));
    ok(fam_db_script(db, "ROLLBACK", 0, &why));
    fam_pool_put(fam_store_pool(world.fixture.store), db);
    sql(&world, "SELECT state FROM tasks", "queued");
    ok(complete(&ref.task_id, &first, &why));
    sql(&world, "SELECT state || (finished_at IS NOT NULL)::text || (lease_token IS NULL)::text FROM tasks",
        "donetruetrue");
}

Test(task_store, failures_wait_twice_as_long_each_time_with_jitter_and_the_last_one_is_dead_with_the_reason)
{
    struct fam_task_ref ref = add_row(&world, FAM_PRIORITY_LOW, 0);
    for (unsigned n = 1; n <= 3; n++) {
        /* The due time is jumped over by the seam. */
        const struct fam_task_times times = {.retry_base_ms = 1000, .clock_offset_ms = (int64_t)n * 100000};
        struct fam_task_begun begun = begin_as(&ref.task_id, &first, LEASE_MS, &times);
        struct fam_task_end end;
        char wait[32];
        cr_assert_eq(begun.verdict, FAM_TASK_GO);
        cr_assert_eq(begun.attempts, n - 1);
        ok(fam_task_fail(world.fixture.store, &times, &ref.task_id, &first, n == 2, "it broke", 5, &end, &why));
        cr_assert_eq(end.attempts, n);
        cr_assert_eq(end.is_dead, n == 3);
        cr_assert(pg_server_sql(world.fixture.pg.conninfo,
                                "SELECT round(extract(epoch FROM not_before - moved_at) * 1000)::int FROM tasks", wait,
                                sizeof(wait)));
        int64_t ms = strtoll(wait, NULL, 10), middle = 1000 << n;
        cr_assert(ms >= middle * 8 / 10 - 1 && ms <= middle * 12 / 10 + 1, "failure %u waits %d ms", n, (int)ms);
    }
    sql(&world, "SELECT state || ' ' || reason || ' ' || attempts FROM tasks", "dead it broke 3");
    sql(&world, "SELECT string_agg(outcome || duration_ms || worker, ' ' ORDER BY ended_at) FROM task_attempts",
        "failed5worker-1 timed_out5worker-1 failed5worker-1");
    expect_verdict(&ref.task_id, &second, FAM_TASK_DEAD);
}

Test(task_store, the_jitter_spreads_retries)
{
    for (int i = 0; i < 20; i++) {
        struct fam_task_ref ref = add_row(&world, FAM_PRIORITY_LOW, 0);
        expect_verdict(&ref.task_id, &first, FAM_TASK_GO);
        ok(fam_task_fail(world.fixture.store, NULL, &ref.task_id, &first, false, "x", 0, NULL, &why));
    }
    sql(&world,
        "SELECT (count(DISTINCT w) > 15)::text || (min(w) >= 96)::text || (max(w) <= 144)::text "
        "FROM (SELECT extract(epoch FROM not_before - moved_at) AS w FROM tasks) t",
        "truetruetrue");
}

Test(task_store, a_snooze_costs_no_attempt_and_is_told_once_an_hour)
{
    struct fam_task_ref ref = add_row(&world, FAM_PRIORITY_LOW, 0);
    for (int i = 0; i < 5; i++) {
        const struct fam_task_times times = {.clock_offset_ms = i * 10000};
        struct fam_task_begun begun = begin_as(&ref.task_id, &first, LEASE_MS, &times);
        struct fam_task_end end;
        cr_assert_eq(begun.verdict, FAM_TASK_GO);
        ok(fam_task_snooze(world.fixture.store, &times, &ref.task_id, &first, 5000, "breaker open", &end, &why));
        cr_assert_gt(end.ref.not_before_ms, 0);
        begun = begin_as(&ref.task_id, &second, LEASE_MS, &times);
        cr_assert_eq(begun.verdict, FAM_TASK_WAITS);
    }
    sql(&world, "SELECT attempts || waits_for || reason FROM tasks", "0snoozebreaker open");
    sql(&world, "SELECT count(*) || min(outcome) FROM task_attempts", "1snoozed");
}

static struct fam_task_death death_of(const struct fam_uuid *task_id, const struct fam_uuid *token, bool has_started)
{
    return (struct fam_task_death){.task_id = *task_id, .token = *token, .has_started = has_started};
}

Test(task_store, a_death_is_no_failure_counts_once_and_only_when_the_task_had_been_started)
{
    struct fam_task_ref ref = add_row(&world, FAM_PRIORITY_HIGH, 0);
    const struct fam_task_times later = {.clock_offset_ms = 2 * LEASE_MS};
    struct fam_task_death death = death_of(&ref.task_id, &first, true);
    expect_verdict(&ref.task_id, &first, FAM_TASK_GO);
    ok(fam_task_died(world.fixture.store, NULL, &death, 1, &why));
    cr_assert_eq(death.fate, FAM_TASK_KEPT, "the lease has not run out");
    cr_assert(same_id(&death.holder, &first));
    for (int i = 0; i < 2; i++) {
        death = death_of(&ref.task_id, &first, true);
        ok(fam_task_died(world.fixture.store, &later, &death, 1, &why));
        cr_assert(death.fate == FAM_TASK_FREE && death.priority == FAM_PRIORITY_HIGH && !death.is_poison);
    }
    sql(&world, "SELECT deaths || ' ' || attempts FROM tasks", "1 0");
    expect_verdict(&ref.task_id, &second, FAM_TASK_GO);
    death = death_of(&ref.task_id, &second, false);
    ok(fam_task_died(world.fixture.store, &later, &death, 1, &why));
    cr_assert_eq(death.fate, FAM_TASK_FREE);
    sql(&world, "SELECT deaths || ' ' || (lease_token IS NULL)::text FROM tasks", "1 true");
    sql(&world, "SELECT count(*) || min(outcome) FROM task_attempts", "1died");
}

Test(task_store, five_deaths_are_poison)
{
    struct fam_task_ref ref = add_row(&world, FAM_PRIORITY_HIGH, 0);
    const struct fam_task_times later = {.clock_offset_ms = 2 * LEASE_MS};
    for (int i = 1; i <= 5; i++) {
        struct fam_task_death death = death_of(&ref.task_id, &first, true);
        expect_verdict(&ref.task_id, &first, FAM_TASK_GO);
        ok(fam_task_died(world.fixture.store, &later, &death, 1, &why));
        cr_assert_eq(death.is_poison, i == 5);
        cr_assert_eq(death.fate, i == 5 ? FAM_TASK_OVER : FAM_TASK_FREE);
    }
    sql(&world, "SELECT state || reason || deaths || attempts FROM tasks", "deadpoison50");
}

Test(task_store, a_death_of_what_is_gone_or_another_holders_changes_nothing)
{
    struct fam_task_ref ref = add_row(&world, FAM_PRIORITY_LOW, 0);
    const struct fam_uuid gone = fam_uuid_v7();
    expect_verdict(&ref.task_id, &second, FAM_TASK_GO);
    struct fam_task_death deaths[] = {death_of(&gone, &first, true), death_of(&ref.task_id, &first, true)};
    ok(fam_task_died(world.fixture.store, NULL, deaths, 2, &why));
    cr_assert_eq(deaths[0].fate, FAM_TASK_OVER);
    cr_assert(deaths[1].fate == FAM_TASK_KEPT && same_id(&deaths[1].holder, &second));
    sql(&world, "SELECT deaths FROM tasks", "0");
    ok(complete(&ref.task_id, &second, &why));
}

Test(task_store, what_was_released_can_be_begun_at_once)
{
    struct fam_task_ref ref = add_row(&world, FAM_PRIORITY_LOW, 0);
    expect_verdict(&ref.task_id, &first, FAM_TASK_GO);
    expect_verdict(&ref.task_id, &second, FAM_TASK_HELD);
    ok(fam_task_release(world.fixture.store, &ref.task_id, 1, &first, &why));
    expect_verdict(&ref.task_id, &second, FAM_TASK_GO);
}

Test(task_store, a_type_that_is_paused_is_set_aside_and_comes_back_when_resumed)
{
    struct fam_task_ref ref = add_row(&world, FAM_PRIORITY_LOW, 0), back[FAM_TASK_BATCH_MAX];
    struct fam_pause list[FAM_PAUSES_MAX];
    size_t count = 0;
    bool was = false;
    ok(fam_pause_set(world.fixture.store, "test_task", 0, "too many", "anna", &why));
    ok(fam_pause_list(world.fixture.store, NULL, list, &count, &why));
    cr_assert_eq(count, 1);
    cr_assert_str_eq(list[0].type, "test_task");
    cr_assert_eq(list[0].until_ms, 0);
    cr_assert_str_eq(list[0].paused_by, "anna");
    struct fam_task_begun begun = begin_as(&ref.task_id, &first, LEASE_MS, NULL);
    cr_assert(begun.verdict == FAM_TASK_PAUSED && begun.ref.not_before_ms > 0);
    sql(&world, "SELECT waits_for || attempts FROM tasks", "pause0");
    ok(fam_pause_end(world.fixture.store, "test_task", &was, &why));
    cr_assert(was);
    ok(fam_pause_end(world.fixture.store, "test_task", &was, &why));
    cr_assert_not(was);
    ok(fam_task_unpause(world.fixture.store, NULL, "other_task", back, &count, &why));
    cr_assert_eq(count, 0);
    ok(fam_task_unpause(world.fixture.store, NULL, "test_task", back, &count, &why));
    cr_assert(count == 1 && same_id(&back[0].task_id, &ref.task_id) && back[0].not_before_ms == 0);
    expect_verdict(&ref.task_id, &first, FAM_TASK_GO);
}

Test(task_store, a_pause_of_all_leaves_rows_as_they_are_and_ends_at_its_time)
{
    struct fam_task_ref ref = add_row(&world, FAM_PRIORITY_LOW, 0);
    const struct fam_task_times later = {.clock_offset_ms = 3600000};
    ok(fam_pause_set(world.fixture.store, "*", 60000, "", "anna", &why));
    struct fam_task_begun begun = begin_as(&ref.task_id, &first, LEASE_MS, NULL);
    cr_assert(begun.verdict == FAM_TASK_PAUSED && begun.ref.not_before_ms == 0);
    sql(&world, "SELECT waits_for FROM tasks", "");
    begun = begin_as(&ref.task_id, &first, LEASE_MS, &later);
    cr_assert_eq(begun.verdict, FAM_TASK_GO);
}

Test(task_store, after_a_clock_that_went_back_due_times_and_leases_move_back_with_it)
{
    struct fam_task_ref leased = add_row(&world, FAM_PRIORITY_LOW, 0), waits = add_row(&world, FAM_PRIORITY_LOW, 0);
    const struct fam_task_times ahead = {.clock_offset_ms = 3600000, .retry_base_ms = 10000};
    struct fam_task_row rows[2];
    struct fam_task_begun begun = begin_as(&leased.task_id, &first, LEASE_MS, &ahead);
    cr_assert_eq(begun.verdict, FAM_TASK_GO);
    begun = begin_as(&waits.task_id, &first, LEASE_MS, &ahead);
    ok(fam_task_fail(world.fixture.store, &ahead, &waits.task_id, &first, false, "x", 0, NULL, &why));
    const struct fam_uuid ids[] = {leased.task_id, waits.task_id};
    size_t count = 0;
    ok(fam_task_rows_of(world.fixture.store, NULL, ids, 2, rows, &why));
    cr_assert(rows[0].is_ahead && rows[1].is_ahead);
    ok(fam_task_clamp(world.fixture.store, NULL, ids, 2, &count, &why));
    cr_assert_eq(count, 2);
    ok(fam_task_rows_of(world.fixture.store, NULL, ids, 2, rows, &why));
    cr_assert(!rows[0].is_ahead && !rows[1].is_ahead && rows[0].is_leased);
    sql(&world,
        "SELECT bool_and(coalesce(leased_until, not_before) BETWEEN now() AND now() + interval '2 minutes') FROM tasks",
        "t");
}
