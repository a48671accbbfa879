/* What is due becomes tasks: each due time once, whoever claims it and whatever happens in between. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/schedule_list.h"
#include "store/schedule_store.h"
#include "support/store_fixture.h"

static struct store_fixture f;
static struct fam_schedule_claim claim;

static void start(void)
{
    store_fixture_start(&f);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(schedule, .init = start, .fini = stop, .timeout = 200);

static void sql(const char *text, const char *expected)
{
    expect_sql(f.pg.conninfo, text, expected);
}

struct setting {
    const struct fam_schedule_rule *rule;
    struct fam_uuid schedule_id;
};

static enum fam_code set_in_tx(struct fam_db *db, void *context, struct fam_status *status)
{
    struct setting *setting = context;
    return fam_schedule_set(db, setting->rule, &setting->schedule_id, status);
}

static enum fam_code try_set(const struct fam_schedule_rule *rule, struct fam_uuid *ret_id, struct fam_status *status)
{
    struct setting setting = {.rule = rule};
    enum fam_code code = fam_tx_run(fam_store_pool(f.store), set_in_tx, &setting, NULL, status);
    *ret_id = setting.schedule_id;
    return code;
}

static struct fam_uuid set(const struct fam_schedule_rule *rule)
{
    struct fam_status status = {0};
    struct fam_uuid id;
    cr_assert_eq(try_set(rule, &id, &status), FAM_OK, "%s", status.message);
    return id;
}

/* Claims all that is due `offset_ms` from now; how many were handled. */
static size_t claim_at(int64_t offset_ms)
{
    struct fam_status status = {0};
    cr_assert_eq(fam_schedule_claim(f.store, offset_ms, FAM_SCHEDULE_BATCH, &claim, &status), FAM_OK, "%s",
                 status.message);
    return claim.count;
}

static int64_t days(int count)
{
    return (int64_t)count * 24 * 3600 * 1000;
}

/* A family with a parent and nothing on its schedule. */
static struct fam_uuid make_bare_family(int64_t telegram_id, struct fam_uuid *ret_user)
{
    *ret_user = make_user(f.store, telegram_id);
    struct fam_uuid family = make_family(f.store, ret_user);
    sql("DELETE FROM schedules RETURNING 1", "1");
    return family;
}

Test(schedule, a_new_family_gets_a_report_on_sundays_at_ten_by_its_clock)
{
    struct fam_uuid user = make_user(f.store, 1), family = make_family(f.store, &user);
    (void)family;
    sql("SELECT job || ' ' || local_time || ' ' || weekday || ' ' || enabled || ' ' || "
        "to_char(next_at AT TIME ZONE 'Europe/Moscow', 'ID HH24:MI') || ' ' || (next_at > now() AND next_at <= now() + "
        "INTERVAL '7 days') || ' ' || (user_id IS NULL) FROM schedules",
        "generate_weekly_report 10:00:00 7 true 7 10:00 true true");
}

/* What the program before the schedule had applied. */
extern const unsigned char fam_data__0001_core_sql[], fam_data__0002_claude_sql[];

static void make_schema_of_before(const char *database)
{
    char rows[512], sql[1200];
    expect_sql(database, (const char *)fam_data__0001_core_sql, NULL);
    expect_sql(database, (const char *)fam_data__0002_claude_sql, NULL);
    cr_assert(pg_server_sql(f.pg.conninfo,
                            "SELECT string_agg(format('(%s, %L, %L)', version, name, checksum), ', ') "
                            "FROM schema_migrations WHERE version < 3",
                            rows, sizeof(rows)));
    snprintf(sql, sizeof(sql),
             "CREATE TABLE schema_migrations (version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, "
             "applied_at timestamptz NOT NULL DEFAULT now()); "
             "INSERT INTO schema_migrations (version, name, checksum) VALUES %s",
             rows);
    expect_sql(database, sql, NULL);
}

Test(schedule, families_that_were_there_before_the_schedule_get_the_same)
{
    struct pg_server older;
    cr_assert(pg_server_start(&older, false));
    const char *database = older.conninfo;
    make_schema_of_before(database);
    expect_sql(database,
               "INSERT INTO families (family_id, name, time_zone) VALUES (gen_random_uuid(), '', 'Europe/Moscow')",
               NULL);
    struct fam_store *store = store_open(database, KEY_V1, 2);
    store_migrate(store);
    fam_store_free(store);
    expect_sql(database,
               "SELECT job || ' ' || to_char(next_at AT TIME ZONE 'Europe/Moscow', 'ID HH24:MI') || ' ' || "
               "substr(schedule_id::text, 15, 1) || ' ' || (abs(extract(epoch FROM now()) * 1000 - ('x' || "
               "replace(substr(schedule_id::text, 1, 13), '-', ''))::bit(48)::bigint) < 3600000) FROM schedules",
               "generate_weekly_report 7 10:00 7 true");
    pg_server_stop(&older);
}

Test(schedule, what_is_due_becomes_a_task_that_knows_when_and_for_whom)
{
    struct fam_uuid user, family = make_bare_family(1, &user);
    const struct fam_schedule_rule rule = {
        .family_id = &family, .user_id = &user, .job = FAM_JOB_CHECKIN, .local_time = "19:00"};
    struct fam_uuid id = set(&rule);
    cr_assert_eq(claim_at(0), 0, "nothing is due yet");
    cr_assert_eq(claim_at(days(1)), 1);
    cr_assert_eq(claim.runs[0].outcome, FAM_SCHEDULE_QUEUED);
    cr_assert_str_eq(claim.runs[0].job, FAM_JOB_CHECKIN);
    cr_assert_eq(claim.ref_count, 1);
    cr_assert_eq(claim.refs[0].priority, FAM_PRIORITY_HIGH);
    char payload[3 * FAM_SCHEDULE_PAYLOAD_SIZE] = "", due[32] = "";
    cr_assert(pg_server_sql(f.pg.conninfo, "SELECT encode(payload, 'hex') FROM tasks", payload, sizeof(payload)));
    unsigned char bytes[FAM_SCHEDULE_PAYLOAD_SIZE];
    struct fam_schedule_payload read;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        cr_assert_eq(sscanf(payload + 2 * i, "%2hhx", &bytes[i]), 1);
    }
    cr_assert(fam_schedule_payload_read(bytes, sizeof(bytes), &read));
    cr_assert(fam_uuid_equal(&read.schedule_id, &id));
    cr_assert(fam_uuid_equal(&read.subject_id, &user));
    cr_assert(pg_server_sql(f.pg.conninfo, "SELECT (extract(epoch FROM due_at) * 1000)::bigint FROM job_runs", due,
                            sizeof(due)));
    cr_assert_eq(read.due_ms, strtoll(due, NULL, 10));
    cr_assert_not(fam_schedule_payload_read(bytes, sizeof(bytes) - 1, &read));
    sql("SELECT type || ' ' || priority || ' ' || (t.user_id = s.user_id) || ' ' || (unique_key = 'sched:' || "
        "s.schedule_id) || ' ' || (j.task_id = t.task_id) || ' ' || outcome || ' ' || (s.next_at > j.due_at) "
        "FROM tasks t, schedules s, job_runs j",
        "send_checkin 3 true true true queued true");
}

Test(schedule, reports_and_sweeps_come_after_all_else)
{
    struct fam_status status = {0};
    struct fam_uuid user = make_user(f.store, 1), family = make_family(f.store, &user);
    (void)family;
    cr_assert_eq(fam_schedule_ensure(f.store, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(claim_at(days(8)), 3);
    sql("SELECT string_agg(type || ' ' || priority, ', ' ORDER BY type) FROM tasks",
        "generate_weekly_report 1, refresh_metrics 2, retention_sweep 1");
}

Test(schedule, what_was_missed_is_done_once_for_the_last_time_it_was_due)
{
    struct fam_uuid user, family = make_bare_family(1, &user);
    const struct fam_schedule_rule rule = {
        .family_id = &family, .job = FAM_JOB_WEEKLY_REPORT, .local_time = "10:00", .time_zone = "America/New_York"};
    (void)set(&rule);
    sql("INSERT INTO schedules (schedule_id, job, every_ms, next_at) VALUES (gen_random_uuid(), 'refresh_metrics', "
        "300000, now() - INTERVAL '2 days') RETURNING 1",
        "1");
    cr_assert_eq(claim_at(days(5)), 2);
    sql("SELECT count(*) FROM tasks", "2");
    sql("SELECT due_at = last_local_time(now() + INTERVAL '5 days', '10:00', NULL, 'America/New_York') FROM job_runs "
        "JOIN schedules USING (schedule_id) WHERE job = 'generate_weekly_report'",
        "t");
    sql("SELECT next_at = next_local_time(due_at, '10:00', NULL, 'America/New_York') FROM job_runs "
        "JOIN schedules USING (schedule_id) WHERE job = 'generate_weekly_report'",
        "t");
    sql("SELECT next_at - due_at = INTERVAL '5 minutes' AND next_at > now() + INTERVAL '5 days' FROM job_runs "
        "JOIN schedules USING (schedule_id) WHERE job = 'refresh_metrics'",
        "t");
    cr_assert_eq(claim_at(days(5)), 0, "once");
}

Test(schedule, what_is_too_late_is_left_out_and_the_next_one_is_not)
{
    struct fam_uuid user, family = make_bare_family(1, &user);
    const struct fam_schedule_rule rule = {
        .family_id = &family, .user_id = &user, .job = FAM_JOB_CHECKIN, .local_time = "10:00", .late_ms = 3600 * 1000};
    (void)set(&rule);
    sql("UPDATE schedules SET next_at = last_local_time(now() - INTERVAL '30 hours', '10:00', NULL, 'Europe/Moscow') "
        "RETURNING 1",
        "1");
    char late[32];
    cr_assert(
        pg_server_sql(f.pg.conninfo,
                      "SELECT (extract(epoch FROM next_local_time(now(), '10:00', NULL, 'Europe/Moscow') - now()) "
                      "* 1000)::bigint",
                      late, sizeof(late)));
    int64_t to_ten = strtoll(late, NULL, 10); /* until it is ten o'clock the next time */
    cr_assert_eq(claim_at(to_ten + 7200 * 1000), 1);
    cr_assert_eq(claim.runs[0].outcome, FAM_SCHEDULE_LATE);
    sql("SELECT count(*) FROM tasks", "0");
    sql("SELECT outcome || ' ' || (task_id IS NULL) FROM job_runs", "late true");
    cr_assert_eq(claim_at(to_ten + days(1) + 1800 * 1000), 1, "the next day, half an hour late");
    cr_assert_eq(claim.runs[0].outcome, FAM_SCHEDULE_QUEUED);
}

Test(schedule, of_days_missed_the_last_one_counts_so_that_it_may_be_in_time)
{
    struct fam_uuid user, family = make_bare_family(1, &user);
    const struct fam_schedule_rule rule = {
        .family_id = &family, .user_id = &user, .job = FAM_JOB_CHECKIN, .local_time = "10:00", .late_ms = 3600 * 1000};
    (void)set(&rule);
    sql("UPDATE schedules SET next_at = last_local_time(now() - INTERVAL '30 hours', '10:00', NULL, 'Europe/Moscow') "
        "RETURNING 1",
        "1");
    char late[32];
    cr_assert(
        pg_server_sql(f.pg.conninfo,
                      "SELECT (extract(epoch FROM next_local_time(now(), '10:00', NULL, 'Europe/Moscow') - now()) "
                      "* 1000)::bigint",
                      late, sizeof(late)));
    cr_assert_eq(claim_at(strtoll(late, NULL, 10) + 60 * 1000), 1);
    cr_assert_eq(claim.runs[0].outcome, FAM_SCHEDULE_QUEUED, "two days were missed, today's is a minute late");
    sql("SELECT count(*) FROM job_runs", "1");
}

Test(schedule, what_still_waits_is_not_doubled)
{
    sql("INSERT INTO schedules (schedule_id, job, every_ms, next_at) VALUES (gen_random_uuid(), 'refresh_metrics', "
        "300000, now()) RETURNING 1",
        "1");
    cr_assert_eq(claim_at(0), 1);
    cr_assert_eq(claim_at(300000), 1);
    cr_assert_eq(claim.runs[0].outcome, FAM_SCHEDULE_RUNNING);
    cr_assert_eq(claim.ref_count, 0);
    sql("SELECT count(DISTINCT task_id) || ' ' || count(*) FROM job_runs", "1 2");
    sql("UPDATE tasks SET state = 'done', finished_at = now() RETURNING 1", "1");
    cr_assert_eq(claim_at(600000), 1);
    cr_assert_eq(claim.runs[0].outcome, FAM_SCHEDULE_QUEUED);
    sql("SELECT count(*) FROM tasks", "2");
}

Test(schedule, a_due_time_set_back_by_hand_is_not_done_again)
{
    sql("INSERT INTO schedules (schedule_id, job, every_ms, next_at) VALUES (gen_random_uuid(), 'refresh_metrics', "
        "300000, date_trunc('minute', now())) RETURNING 1",
        "1");
    cr_assert_eq(claim_at(0), 1);
    sql("UPDATE tasks SET state = 'done', finished_at = now() RETURNING 1", "1");
    sql("UPDATE schedules SET next_at = date_trunc('minute', (SELECT due_at FROM job_runs)) RETURNING 1", "1");
    cr_assert_eq(claim_at(0), 1);
    cr_assert_eq(claim.runs[0].outcome, FAM_SCHEDULE_REPEATED);
    sql("SELECT count(*) FROM tasks", "1");
    cr_assert_eq(claim_at(0), 0);
}

Test(schedule, what_is_off_is_never_due)
{
    struct fam_uuid user, family = make_bare_family(1, &user);
    struct fam_schedule_rule rule = {
        .family_id = &family, .user_id = &user, .job = FAM_JOB_CHECKIN, .local_time = "10:00", .is_off = true};
    struct fam_uuid id = set(&rule);
    cr_assert_eq(claim_at(days(30)), 0);
    sql("UPDATE schedules SET next_at = now() - INTERVAL '9 days' RETURNING 1", "1");
    rule.is_off = false;
    struct fam_uuid again = set(&rule);
    cr_assert(fam_uuid_equal(&id, &again));
    cr_assert_eq(claim_at(0), 0, "switched on, it begins with the next time");
    cr_assert_eq(claim_at(days(1)), 1);
}

Test(schedule, the_same_rule_again_changes_nothing_and_another_one_all)
{
    struct fam_uuid user, family = make_bare_family(1, &user);
    struct fam_schedule_rule rule = {
        .family_id = &family, .user_id = &user, .job = FAM_JOB_CHECKIN, .name = "evening", .local_time = "21:30"};
    struct fam_uuid id = set(&rule);
    sql("UPDATE schedules SET next_at = now() - INTERVAL '1 minute' RETURNING 1", "1");
    struct fam_uuid same = set(&rule);
    cr_assert(fam_uuid_equal(&id, &same));
    sql("SELECT next_at < now() FROM schedules", "t");
    rule.weekday = 3;
    (void)set(&rule);
    sql("SELECT to_char(next_at AT TIME ZONE 'Europe/Moscow', 'ID HH24:MI') FROM schedules", "3 21:30");
    rule.name = "morning";
    struct fam_uuid other = set(&rule);
    cr_assert_not(fam_uuid_equal(&id, &other), "another name is another schedule");
    sql("SELECT count(*) FROM schedules", "2");
}

static enum fam_code remove_in_tx(struct fam_db *db, void *context, struct fam_status *status)
{
    bool removed = false, again = true;
    enum fam_code code = fam_schedule_remove(db, NULL, context, FAM_JOB_CHECKIN, NULL, &removed, status);
    if (code == FAM_OK) {
        code = fam_schedule_remove(db, NULL, context, FAM_JOB_CHECKIN, NULL, &again, status);
    }
    cr_assert(removed);
    cr_assert_not(again);
    return code;
}

Test(schedule, what_is_removed_is_gone_with_its_history)
{
    struct fam_status status = {0};
    struct fam_uuid user, family = make_bare_family(1, &user);
    const struct fam_schedule_rule rule = {
        .family_id = &family, .user_id = &user, .job = FAM_JOB_CHECKIN, .local_time = "10:00"};
    (void)set(&rule);
    cr_assert_eq(claim_at(days(1)), 1);
    cr_assert_eq(fam_tx_run(fam_store_pool(f.store), remove_in_tx, &user, NULL, &status), FAM_OK, "%s", status.message);
    sql("SELECT (SELECT count(*) FROM schedules) || ' ' || (SELECT count(*) FROM job_runs)", "0 0");
}

Test(schedule, a_rule_that_makes_no_sense_is_refused_by_its_field)
{
    struct fam_uuid user, family = make_bare_family(1, &user), id;
    struct fam_status status = {0};
    const struct {
        const char *time, *zone, *field;
        unsigned weekday;
        bool without_family;
    } CASES[] = {
        {"24:00", NULL, "local_time", 0, false}, {"9:30", NULL, "local_time", 0, false},
        {"09:60", NULL, "local_time", 0, false}, {"09-30", NULL, "local_time", 0, false},
        {"", NULL, "local_time", 0, false},      {NULL, NULL, "local_time", 0, false},
        {"10:00", NULL, "weekday", 8, false},    {"10:00", "Europe/Nowhere", "time_zone", 0, false},
        {"10:00", "MSK", "time_zone", 0, false}, {"10:00", NULL, "time_zone", 0, true},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        const struct fam_schedule_rule rule = {.family_id = CASES[i].without_family ? NULL : &family,
                                               .user_id = &user,
                                               .job = FAM_JOB_CHECKIN,
                                               .local_time = CASES[i].time,
                                               .weekday = CASES[i].weekday,
                                               .time_zone = CASES[i].zone};
        cr_assert_eq(try_set(&rule, &id, &status), FAM_INVALID_ARGUMENT, "case %zu", i);
        cr_assert_str_eq(status.field, CASES[i].field, "case %zu", i);
    }
    struct fam_uuid nobody = fam_uuid_v7();
    const struct fam_schedule_rule rule = {.family_id = &nobody, .job = FAM_JOB_WEEKLY_REPORT, .local_time = "10:00"};
    cr_assert_eq(try_set(&rule, &id, &status), FAM_NOT_FOUND);
    sql("SELECT count(*) FROM schedules", "0");
}

static enum fam_code move_in_tx(struct fam_db *db, void *context, struct fam_status *status)
{
    static const struct fam_statement move = {"test_move", "UPDATE families SET time_zone = 'America/New_York'",
                                              "update", "families"};
    enum fam_code code = fam_db_exec(db, &move, NULL, NULL, status);
    return code == FAM_OK ? fam_schedule_family_moved(db, context, status) : code;
}

static void move_to_new_york(const struct fam_uuid *family)
{
    struct fam_status status = {0};
    struct fam_uuid id = *family;
    cr_assert_eq(fam_tx_run(fam_store_pool(f.store), move_in_tx, &id, NULL, &status), FAM_OK, "%s", status.message);
}

Test(schedule, a_family_that_moves_takes_its_hours_along)
{
    struct fam_uuid user, family = make_bare_family(1, &user);
    const struct fam_schedule_rule daily = {
        .family_id = &family, .user_id = &user, .job = FAM_JOB_CHECKIN, .local_time = "19:00"};
    const struct fam_schedule_rule fixed = {.family_id = &family,
                                            .user_id = &user,
                                            .job = FAM_JOB_CHECKIN,
                                            .name = "at home",
                                            .local_time = "19:00",
                                            .time_zone = "Europe/Moscow"};
    (void)set(&daily);
    (void)set(&fixed);
    move_to_new_york(&family);
    sql("SELECT next_at = next_local_time(now(), '19:00', NULL, 'America/New_York') FROM schedules WHERE name = ''",
        "t");
    sql("SELECT next_at = next_local_time(now(), '19:00', NULL, 'Europe/Moscow') FROM schedules WHERE name <> ''", "t");
}

Test(schedule, a_family_that_moves_has_no_second_report_on_the_same_sunday)
{
    struct fam_uuid user, family = make_bare_family(1, &user);
    const struct fam_schedule_rule rule = {
        .family_id = &family, .job = FAM_JOB_WEEKLY_REPORT, .local_time = "10:00", .weekday = 7};
    (void)set(&rule);
    /* as if it had just been done, a minute ago by the clock there */
    sql("INSERT INTO job_runs (schedule_id, due_at, outcome) SELECT schedule_id, now() - INTERVAL '1 minute', 'queued' "
        "FROM schedules RETURNING 1",
        "1");
    move_to_new_york(&family);
    sql("SELECT next_at > now() + INTERVAL '83 hours' AND next_at <= now() + INTERVAL '11 days' AND "
        "to_char(next_at AT TIME ZONE 'America/New_York', 'ID HH24:MI') = '7 10:00' FROM schedules",
        "t");
}

Test(schedule, a_zone_that_postgresql_has_forgotten_counts_as_utc_and_holds_nobody_up)
{
    struct fam_uuid user, family = make_bare_family(1, &user);
    struct fam_uuid other_user = make_user(f.store, 2), other = make_family(f.store, &other_user);
    (void)other;
    const struct fam_schedule_rule rule = {.family_id = &family, .job = FAM_JOB_WEEKLY_REPORT, .local_time = "10:00"};
    (void)set(&rule);
    sql("UPDATE families SET time_zone = 'Europe/Nowhere' WHERE family_id = (SELECT family_id FROM schedules WHERE "
        "weekday IS NULL) RETURNING 1",
        "1");
    cr_assert_eq(claim_at(days(8)), 2);
    cr_assert_eq(claim.ref_count, 2);
    cr_assert_eq(claim.unknown_zones, 1);
    sql("SELECT next_at = next_local_time(now() + INTERVAL '8 days', '10:00', NULL, 'UTC') FROM schedules WHERE "
        "weekday "
        "IS NULL",
        "t");
}

Test(schedule, what_fails_before_its_commit_has_not_happened)
{
    sql("INSERT INTO schedules (schedule_id, job, every_ms, next_at) SELECT gen_random_uuid(), 'job_' || i, 60000, "
        "now() FROM generate_series(1, 40) AS i",
        NULL);
    sql("ALTER TABLE job_runs ADD CONSTRAINT broken CHECK (outcome <> 'queued')", NULL);
    struct fam_status status = {0};
    cr_assert_neq(fam_schedule_claim(f.store, 0, 500, &claim, &status), FAM_OK);
    sql("SELECT (SELECT count(*) FROM tasks) || ' ' || (SELECT count(*) FROM job_runs) || ' ' || (SELECT count(*) FROM "
        "schedules WHERE next_at <= now())",
        "0 0 40");
    sql("ALTER TABLE job_runs DROP CONSTRAINT broken", NULL);
    cr_assert_eq(claim_at(0), 40);
    sql("SELECT (SELECT count(*) FROM tasks) || ' ' || (SELECT count(*) FROM job_runs)", "40 40");
}

Test(schedule, rows_of_old_runs_go_but_for_the_last_of_each_schedule)
{
    struct fam_status status = {0};
    size_t deleted = 0;
    sql("INSERT INTO schedules (schedule_id, job, every_ms, next_at) SELECT gen_random_uuid(), 'job_' || i, 60000, "
        "now() FROM generate_series(1, 2) AS i; "
        "INSERT INTO job_runs (schedule_id, due_at, handled_at, outcome) SELECT schedule_id, now() - d * INTERVAL "
        "'1 day', now() - d * INTERVAL '1 day', 'queued' FROM schedules, generate_series(31, 40) AS d",
        NULL);
    cr_assert_eq(fam_schedule_sweep(f.store, 30, 5, &deleted, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(deleted, 5);
    cr_assert_eq(fam_schedule_sweep(f.store, 30, 500, &deleted, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(deleted, 13);
    sql("SELECT count(*) FROM job_runs", "2");
}

Test(schedule, operators_see_the_next_one_due_first_by_pages)
{
    struct fam_status status = {0};
    struct fam_uuid user = make_user(f.store, 1), family = make_family(f.store, &user);
    cr_assert_eq(fam_schedule_ensure(f.store, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(claim_at(1000), 1);
    struct fam_schedule_filter filter = {.job = ""};
    struct fam_schedule_view *list = NULL;
    size_t count = 0;
    bool more = false;
    cr_assert_eq(fam_schedule_list(f.store, &filter, 0, NULL, 2, &list, &count, &more, &status), FAM_OK, "%s",
                 status.message);
    cr_assert_eq(count, 2);
    cr_assert(more);
    cr_assert_str_eq(list[0].job, FAM_JOB_METRICS);
    cr_assert_eq(list[0].every_ms, 300000);
    cr_assert_str_eq(list[0].local_time, "");
    cr_assert_str_eq(list[0].last_outcome, "queued");
    cr_assert_gt(list[0].last_due_at_ms, 0);
    int64_t after_us = list[1].next_at_us;
    struct fam_uuid after_id = list[1].schedule_id;
    struct fam_uuid seen = list[0].schedule_id;
    free(list);
    cr_assert_eq(fam_schedule_list(f.store, &filter, after_us, &after_id, 2, &list, &count, &more, &status), FAM_OK);
    cr_assert_eq(count, 1);
    cr_assert_not(more);
    cr_assert_not(fam_uuid_equal(&list[0].schedule_id, &seen));
    free(list);
    filter = (struct fam_schedule_filter){.job = FAM_JOB_WEEKLY_REPORT, .family_id = &family};
    cr_assert_eq(fam_schedule_list(f.store, &filter, 0, NULL, 20, &list, &count, &more, &status), FAM_OK);
    cr_assert_eq(count, 1);
    cr_assert_str_eq(list[0].local_time, "10:00");
    cr_assert_eq(list[0].weekday, 7);
    cr_assert_str_eq(list[0].time_zone, "Europe/Moscow");
    cr_assert(list[0].is_on);
    free(list);
}
