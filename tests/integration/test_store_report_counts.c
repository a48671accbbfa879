/* How the archive of reports and the run of weekly reports are doing. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "store/report_counts.h"
#include "support/store_fixture.h"

static struct store_fixture f;

static void start(void)
{
    store_fixture_start(&f);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(report_counts, .init = start, .fini = stop, .timeout = 120);

static struct fam_report_counts counts(void)
{
    struct fam_report_counts found;
    struct fam_status status = {0};
    cr_assert_eq(fam_report_counts_read(f.store, &found, &status), FAM_OK, "%s", status.message);
    return found;
}

/* A change that touches one row. */
static void run_sql(const char *sql)
{
    expect_sql(f.pg.conninfo, sql, "1");
}

/* Whether this was so many hours ago, by the clock of the same machine. */
static void assert_hours_ago(int64_t at_ms, int64_t hours)
{
    int64_t ago_ms = fam_wall_ms() - at_ms, wanted_ms = hours * 3600 * 1000;
    cr_assert(ago_ms > wanted_ms - 600000 && ago_ms < wanted_ms + 600000, "%lld ms ago", (long long)ago_ms);
}

static void add_task(const char *state, const char *hours, const char *finished)
{
    char sql[512];
    snprintf(sql, sizeof(sql),
             "INSERT INTO tasks (task_id, type, priority, state, created_at, finished_at) VALUES (gen_random_uuid(), "
             "'generate_weekly_report', 1, '%s', now() - INTERVAL '%s hours', %s) RETURNING 1",
             state, hours, finished);
    run_sql(sql);
}

Test(report_counts, an_empty_database_has_no_archive_and_nothing_due)
{
    struct fam_report_counts found = counts();
    cr_assert_eq(found.kept, 0);
    cr_assert_gt(found.bytes, 0, "its indexes have a page each");
    cr_assert_eq(found.last_ms, 0);
    cr_assert_eq(found.due_first_ms, 0);
}

Test(report_counts, what_is_kept_is_counted)
{
    (void)make_user(f.store, 1001);
    run_sql("INSERT INTO reports (report_id, user_id, period, from_at, until_at, body) SELECT gen_random_uuid(), "
            "user_id, 'week', now() - INTERVAL '7 days', now(), 'sealed' FROM users RETURNING 1");
    cr_assert_eq(counts().kept, 1);
}

Test(report_counts, a_due_time_that_nobody_took_up_is_overdue)
{
    struct fam_uuid user = make_user(f.store, 1001), family = make_family(f.store, &user);
    (void)family;
    cr_assert_eq(counts().due_first_ms, 0, "the next Sunday is to come");
    run_sql("UPDATE schedules SET next_at = now() - INTERVAL '5 hours' WHERE job = 'generate_weekly_report' "
            "RETURNING 1");
    assert_hours_ago(counts().due_first_ms, 5);
    run_sql("UPDATE schedules SET enabled = false WHERE job = 'generate_weekly_report' RETURNING 1");
    cr_assert_eq(counts().due_first_ms, 0, "nobody wants it");
}

Test(report_counts, the_oldest_task_that_is_not_done_is_overdue_whether_it_waits_or_was_given_up)
{
    add_task("queued", "2", "NULL");
    assert_hours_ago(counts().due_first_ms, 2);
    add_task("dead", "30", "now()");
    assert_hours_ago(counts().due_first_ms, 30);
    run_sql("DELETE FROM tasks WHERE state = 'dead' RETURNING 1");
    assert_hours_ago(counts().due_first_ms, 2);
    run_sql("UPDATE tasks SET state = 'done', finished_at = now() - INTERVAL '1 hour' RETURNING 1");
    struct fam_report_counts found = counts();
    cr_assert_eq(found.due_first_ms, 0);
    assert_hours_ago(found.last_ms, 1);
}

Test(report_counts, tasks_of_other_kinds_do_not_count)
{
    run_sql("INSERT INTO tasks (task_id, type, priority, created_at) VALUES (gen_random_uuid(), 'send_checkin', 3, "
            "now() - INTERVAL '9 hours') RETURNING 1");
    cr_assert_eq(counts().due_first_ms, 0);
    cr_assert_eq(counts().last_ms, 0);
}
