/* The scheduler's thread, several of them, and what they do while PostgreSQL goes away. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/config.h"
#include "metrics/metrics.h"
#include "queue/schedule.h"
#include "store/schedule_store.h"
#include "support/store_fixture.h"

enum { PATIENCE_MS = 60000, MANY = 10000 };

static struct store_fixture f;

static void start(void)
{
    store_fixture_start(&f);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(scheduler, .init = start, .fini = stop, .timeout = 240);

static void sql(const char *text, const char *expected)
{
    expect_sql(f.pg.conninfo, text, expected);
}

/* Until `text` gives `expected`; the time that took. */
static uint64_t wait_for(const char *text, const char *expected)
{
    uint64_t began_ms = fam_mono_ms();
    char value[256] = "";
    while (!pg_server_sql(f.pg.conninfo, text, value, sizeof(value)) || strcmp(value, expected) != 0) {
        cr_assert_lt(fam_mono_ms() - began_ms, PATIENCE_MS, "%s: \"%s\", not \"%s\"", text, value, expected);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return fam_mono_ms() - began_ms;
}

static struct fam_scheduler *run_scheduler(struct fam_store *store, struct fam_metrics *metrics)
{
    struct fam_status status = {0};
    const struct fam_scheduler_options options = {.store = store, .metrics = metrics};
    struct fam_scheduler *scheduler = fam_scheduler_new(&options, &status);
    cr_assert(scheduler, "%s", status.message);
    return scheduler;
}

static struct fam_metrics *make_metrics(void)
{
    struct fam_status status = {0};
    struct fam_metrics *metrics = fam_metrics_new(FAM_PROGRAM_SERVER, "0", NULL, 0, &status);
    cr_assert(metrics, "%s", status.message);
    return metrics;
}

Test(scheduler, makes_the_jobs_of_the_service_and_keeps_what_operators_changed)
{
    struct fam_scheduler *scheduler = run_scheduler(f.store, NULL);
    (void)wait_for("SELECT string_agg(job || ' ' || coalesce(every_ms::text, local_time || ' ' || time_zone), ', ' "
                   "ORDER BY job) FROM schedules",
                   "refresh_metrics 300000, retention_sweep 03:30:00 UTC");
    (void)wait_for("SELECT count(*) FROM tasks WHERE type = 'refresh_metrics'", "1");
    fam_scheduler_free(scheduler);
    sql("UPDATE schedules SET every_ms = 3600000, enabled = false WHERE job = 'refresh_metrics' RETURNING 1", "1");
    sql("UPDATE schedules SET local_time = '04:00' WHERE job = 'retention_sweep' RETURNING 1", "1");
    struct fam_status status = {0};
    cr_assert_eq(fam_schedule_ensure(f.store, &status), FAM_OK, "%s", status.message);
    sql("SELECT string_agg(coalesce(every_ms::text, local_time::text) || ' ' || enabled, ', ' ORDER BY job) FROM "
        "schedules",
        "3600000 false, 04:00:00 true");
}

Test(scheduler, sleeps_until_something_is_due_and_sees_what_others_add)
{
    struct fam_metrics *metrics = make_metrics();
    struct fam_scheduler *scheduler = run_scheduler(f.store, metrics);
    (void)wait_for("SELECT count(*) FROM tasks", "1");
    sql("INSERT INTO schedules (schedule_id, job, every_ms, next_at) VALUES (gen_random_uuid(), 'send_checkin', "
        "3600000, clock_timestamp() + INTERVAL '300 milliseconds') RETURNING 1",
        "1");
    (void)wait_for("SELECT count(*) FROM tasks WHERE type = 'send_checkin'", "1");
    fam_scheduler_wake(scheduler);
    fam_scheduler_free(scheduler);
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_SCHEDULE_RUNS, FAM_LABELS("send_checkin", "queued")), 1);
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_SCHEDULE_RUNS, FAM_LABELS("refresh_metrics", "queued")), 1);
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_SCHEDULE_RUNS, FAM_LABELS("refresh_metrics", "running")), 0);
    fam_metrics_free(metrics);
}

/* Eleven minutes over eight o'clock: the reminder is late, and its check-in is in time. */
Test(scheduler, a_reminder_that_is_late_is_no_lost_check_in)
{
    struct fam_metrics *metrics = make_metrics();
    struct fam_uuid anna = make_user(f.store, 1), boris = make_user(f.store, 2);
    char text[900], ids[2][FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&anna, ids[0]);
    fam_uuid_format(&boris, ids[1]);
    snprintf(
        text, sizeof(text),
        "INSERT INTO schedules (schedule_id, job, name, user_id, local_time, time_zone, next_at, late_ms) "
        "SELECT gen_random_uuid(), 'send_checkin', name, id::uuid, (at AT TIME ZONE 'UTC')::time, 'UTC', at, late * "
        "60000 FROM (SELECT *, now() - ago * INTERVAL '1 minute' AS at FROM (VALUES ('remind:evening', '%s', 11, 10), "
        "('evening', '%s', 1, 120), "
        "('evening', '%s', 121, 120)) v (name, id, ago, late)) w RETURNING 1",
        ids[0], ids[0], ids[1]);
    sql(text, "1");
    struct fam_scheduler *scheduler = run_scheduler(f.store, metrics);
    (void)wait_for("SELECT count(*) FROM job_runs j JOIN schedules USING (schedule_id) WHERE job = 'send_checkin'",
                   "3");
    fam_scheduler_free(scheduler);
    cr_expect_eq(fam_metrics_value(metrics, FAM_M_SCHEDULE_RUNS, FAM_LABELS("send_checkin", "late")), 2);
    cr_expect_eq(fam_metrics_value(metrics, FAM_M_SCHEDULE_RUNS, FAM_LABELS("send_checkin", "queued")), 1);
    cr_expect_eq(fam_metrics_value(metrics, FAM_M_CHECKINS_LOST, FAM_LABELS("late")), 1, "the other one's check-in");
    fam_metrics_free(metrics);
}

Test(scheduler, a_check_in_that_waits_behind_yesterday_s_is_lost_and_a_reminder_is_not)
{
    struct fam_metrics *metrics = make_metrics();
    struct fam_uuid anna = make_user(f.store, 1);
    char text[700], id[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&anna, id);
    snprintf(
        text, sizeof(text),
        "WITH s AS (INSERT INTO schedules (schedule_id, job, name, user_id, local_time, time_zone, next_at) SELECT "
        "gen_random_uuid(), 'send_checkin', name, '%s', (now() AT TIME ZONE 'UTC')::time, 'UTC', now() FROM (VALUES "
        "('remind:evening'), "
        "('evening')) v (name) RETURNING *) INSERT INTO tasks (task_id, type, priority, state, unique_key, "
        "payload) SELECT gen_random_uuid(), job, 1, 'queued', 'sched:' || schedule_id, 'x' FROM s RETURNING 1",
        id);
    sql(text, "1");
    struct fam_scheduler *scheduler = run_scheduler(f.store, metrics);
    (void)wait_for("SELECT count(*) FROM job_runs WHERE outcome = 'running'", "2");
    fam_scheduler_free(scheduler);
    cr_expect_eq(fam_metrics_value(metrics, FAM_M_CHECKINS_LOST, FAM_LABELS("running")), 1);
    fam_metrics_free(metrics);
}

static bool never(void *context)
{
    (void)context;
    return false;
}

Test(scheduler, does_nothing_while_it_may_not)
{
    struct fam_status status = {0};
    const struct fam_scheduler_options options = {.store = f.store, .may_run = never};
    struct fam_scheduler *scheduler = fam_scheduler_new(&options, &status);
    cr_assert(scheduler, "%s", status.message);
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    fam_scheduler_free(scheduler);
    sql("SELECT count(*) FROM schedules", "0");
}

Test(scheduler, goes_on_by_itself_when_postgresql_is_back_and_does_what_was_missed_once)
{
    struct fam_scheduler *scheduler = run_scheduler(f.store, NULL);
    (void)wait_for("SELECT count(*) FROM tasks WHERE type = 'refresh_metrics'", "1");
    sql("UPDATE tasks SET state = 'done', finished_at = now() RETURNING 1", "1");
    sql("UPDATE schedules SET every_ms = 1000, next_at = clock_timestamp() + INTERVAL '3 seconds' WHERE job = "
        "'refresh_metrics' RETURNING 1",
        "1");
    pg_server_kill(&f.pg);
    nanosleep(&(struct timespec){.tv_sec = 5}, NULL);
    cr_assert(pg_server_restart(&f.pg));
    (void)wait_for("SELECT count(*) FROM tasks WHERE type = 'refresh_metrics' AND state = 'queued'", "1");
    fam_scheduler_free(scheduler);
    sql("SELECT count(*) FROM job_runs WHERE outcome = 'queued' AND due_at > now() - INTERVAL '1 hour'", "2");
}

/* Families of a small town, all of them due at the same minute. */
static void make_town(void)
{
    sql("INSERT INTO families (family_id, name, time_zone) SELECT gen_random_uuid(), '\\x00', 'Europe/Moscow' FROM "
        "generate_series(1, 10000); "
        "INSERT INTO schedules (schedule_id, job, family_id, local_time, next_at) SELECT gen_random_uuid(), "
        "'generate_weekly_report', family_id, '10:00', last_local_time(now(), '10:00', NULL, 'Europe/Moscow') FROM "
        "families",
        NULL);
}

struct claimer {
    struct fam_store *store;
    size_t handled;
};

static void *claim_until_none(void *arg)
{
    struct claimer *claimer = arg;
    struct fam_schedule_claim *claim = calloc(1, sizeof(*claim));
    struct fam_status status = {0};
    size_t idle = 0;
    cr_assert(claim);
    while (idle < 3) {
        cr_assert_eq(fam_schedule_claim(claimer->store, 0, 50, claim, &status), FAM_OK, "%s", status.message);
        claimer->handled += claim->count;
        idle = claim->count == 0 ? idle + 1 : 0;
    }
    free(claim);
    return NULL;
}

Test(scheduler, of_several_at_once_each_due_time_is_handled_by_one)
{
    struct claimer claimers[4];
    size_t handled = 0;
    make_town();
    for (size_t i = 0; i < 4; i++) {
        claimers[i] = (struct claimer){.store = store_open(f.pg.conninfo, KEY_V1, 2)};
    }
    run_at_once(claim_until_none, claimers, sizeof(claimers[0]), 4);
    for (size_t i = 0; i < 4; i++) {
        handled += claimers[i].handled;
        fam_store_free(claimers[i].store);
    }
    cr_assert_eq(handled, MANY, "%zu", handled);
    sql("SELECT (SELECT count(*) FROM tasks) || ' ' || (SELECT count(*) FROM job_runs) || ' ' || "
        "(SELECT count(DISTINCT task_id) FROM job_runs WHERE outcome = 'queued') || ' ' || "
        "(SELECT count(*) FROM schedules WHERE next_at <= now())",
        "10000 10000 10000 0");
}

Test(scheduler, two_threads_write_the_tasks_of_ten_thousand_families_once)
{
    make_town();
    struct fam_store *second = store_open(f.pg.conninfo, KEY_V1, 4);
    struct fam_scheduler *one = run_scheduler(f.store, NULL), *two = run_scheduler(second, NULL);
    uint64_t took_ms = wait_for("SELECT count(*) FROM tasks WHERE type = 'generate_weekly_report'", "10000");
    (void)wait_for("SELECT count(*) FROM job_runs", "10001"); /* the service's own first run, too */
    fam_scheduler_free(one);
    fam_scheduler_free(two);
    fam_store_free(second);
    sql("SELECT count(*) FROM job_runs", "10001");
    fprintf(stderr, "10,000 families due at the same minute: all tasks written in %llu ms\n",
            (unsigned long long)took_ms);
}
