/* send_checkin: what is due becomes a check-in with its notification, or is left out and counted. */
#include "store/checkin_settings.h"
#include "store/checkin_store.h"
#include "store/column.h"
#include "store/schedule_store.h"
#include "task_world.h"

#define DONE "SELECT count(*) FROM tasks WHERE state = 'done' AND type = "
#define PROCESSING FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING
#define NOTIFICATIONS FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS

enum { HOUR_MS = 3600000, MINUTE_MS = 60000 };

static void start(void)
{
    tasks_start();
    consent_to(&w.author, PROCESSING, true);
    consent_to(&w.author, NOTIFICATIONS, true);
}

static void stop(void)
{
    tasks_stop();
}

TestSuite(checkin_tasks, .init = start, .fini = stop, .timeout = 180);

static void sql(const char *text)
{
    char all[1200];
    (void)snprintf(all, sizeof(all), "%s; SELECT 1", text);
    expect_sql(w.f.pg.conninfo, all, "1");
}

/* Of the author, by UTC, never due by itself. */
static struct fam_uuid make_schedule(const char *name)
{
    struct fam_uuid id = fam_uuid_v7();
    char text[500], id_text[FAM_UUID_TEXT_SIZE], user[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&id, id_text);
    fam_uuid_format(&w.author, user);
    (void)snprintf(text, sizeof(text),
                   "INSERT INTO schedules (schedule_id, job, name, user_id, local_time, time_zone, next_at) VALUES "
                   "('%s', 'send_checkin', '%s', '%s', '20:00', 'UTC', now() + INTERVAL '1 day')",
                   id_text, name, user);
    sql(text);
    return id;
}

static void put_due(const struct fam_uuid *schedule, int64_t due_ms)
{
    unsigned char payload[FAM_SCHEDULE_PAYLOAD_SIZE];
    memcpy(payload, schedule->bytes, 16);
    fam_put_i64(payload + 16, due_ms);
    memcpy(payload + 24, w.author.bytes, 16);
    const struct fam_task_new task = {
        .type = "send_checkin", .priority = FAM_PRIORITY_HIGH, .payload = payload, .payload_size = sizeof(payload)};
    task_put(&task);
}

/* Quiet hours, so many minutes from now, by UTC. */
static void be_quiet(int from_minutes, int until_minutes)
{
    char text[400], user[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&w.author, user);
    (void)snprintf(
        text, sizeof(text),
        "INSERT INTO checkin_settings (user_id, reminder_minutes, quiet_from, quiet_until) VALUES ('%s', 10, "
        "((now() + INTERVAL '%d minutes') AT TIME ZONE 'UTC')::time, "
        "((now() + INTERVAL '%d minutes') AT TIME ZONE 'UTC')::time)",
        user, from_minutes, until_minutes);
    sql(text);
}

static double lost(void)
{
    return fam_metrics_value(w.metrics, FAM_M_CHECKINS_LOST, FAM_LABELS("late"));
}

static double dropped(const char *reason)
{
    return fam_metrics_value(w.metrics, FAM_M_CHECKINS_DROPPED, FAM_LABELS(reason));
}

#define WAITS                                                                                                          \
    "SELECT count(*) || ' ' || coalesce(bool_and(n.not_before > now() + INTERVAL '50 minutes'), false) || ' ' || "     \
    "coalesce(bool_and(n.expires_at <= c.expires_at), false) FROM notifications n JOIN checkins c USING (checkin_id)"

Test(checkin_tasks, what_is_due_is_a_check_in_of_its_slot_once)
{
    struct fam_uuid morning = make_schedule("morning"), strange = make_schedule("tea");
    int64_t due_ms = fam_wall_ms() - MINUTE_MS;
    be_quiet(180, 240);
    tasks_work();
    put_due(&morning, due_ms);
    put_due(&morning, due_ms);
    put_due(&strange, due_ms);
    sql_await(DONE "'send_checkin'", "3");
    expect_sql(w.f.pg.conninfo,
               "SELECT string_agg(slot || ' ' || question_set || ' ' || state, ', ' ORDER BY slot) FROM checkins",
               "morning morning sent, own moment sent");
    expect_sql(
        w.f.pg.conninfo,
        "SELECT count(*) || ' ' || count(DISTINCT checkin_id) || ' ' || bool_and(body IS NULL) FROM notifications "
        "WHERE kind = 'checkin' AND lane = 2 AND due_at IS NOT NULL",
        "2 2 true");
    expect_sql(w.f.pg.conninfo, "SELECT bool_and(expires_at - due_at = INTERVAL '2 hours') FROM checkins", "t");
}

Test(checkin_tasks, a_great_many_in_one_batch_are_each_sent)
{
    struct fam_uuid own = make_schedule("own");
    int64_t now_ms = fam_wall_ms();
    be_quiet(180, 240);
    for (int i = 0; i < 60; i++) {
        put_due(&own, now_ms - i * 1000);
    }
    tasks_work();
    sql_await(DONE "'send_checkin'", "60");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM notifications WHERE kind = 'checkin'", "60");
}

Test(checkin_tasks, within_quiet_hours_it_waits_for_their_end)
{
    struct fam_uuid evening = make_schedule("evening");
    be_quiet(-60, 60);
    tasks_work();
    put_due(&evening, fam_wall_ms() - MINUTE_MS);
    sql_await(DONE "'send_checkin'", "1");
    expect_sql(w.f.pg.conninfo, WAITS, "1 true true");
}

Test(checkin_tasks, what_would_be_two_hours_late_by_then_is_left_out)
{
    struct fam_uuid evening = make_schedule("evening");
    be_quiet(-60, 150);
    tasks_work();
    put_due(&evening, fam_wall_ms() - MINUTE_MS);
    sql_await(DONE "'send_checkin'", "1");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM checkins", "0");
    cr_expect_eq(dropped("quiet"), 1);
    cr_expect_eq(lost(), 0, "it is a wish");
}

Test(checkin_tasks, what_is_not_delivered_before_quiet_hours_begin_is_not_delivered)
{
    struct fam_uuid evening = make_schedule("evening");
    be_quiet(30, 600);
    tasks_work();
    put_due(&evening, fam_wall_ms() - MINUTE_MS);
    sql_await(DONE "'send_checkin'", "1");
    expect_sql(w.f.pg.conninfo,
               "SELECT expires_at BETWEEN now() + INTERVAL '25 minutes' AND now() + INTERVAL '30 minutes' "
               "FROM notifications",
               "t");
}

Test(checkin_tasks, nothing_is_sent_within_a_pause)
{
    struct fam_uuid evening = make_schedule("evening"), reminder = make_schedule("remind:evening");
    be_quiet(180, 240);
    sql("UPDATE checkin_settings SET paused_until = now() + INTERVAL '7 days'");
    tasks_work();
    put_due(&evening, fam_wall_ms());
    put_due(&reminder, fam_wall_ms());
    sql_await(DONE "'send_checkin'", "2");
    expect_sql(w.f.pg.conninfo, "SELECT (SELECT count(*) FROM checkins) + (SELECT count(*) FROM notifications)", "0");
    cr_expect_eq(dropped("paused"), 2);
}

Test(checkin_tasks, a_reminder_is_sent_before_and_goes_when_its_check_in_comes)
{
    struct fam_uuid reminder = make_schedule("remind:evening");
    be_quiet(180, 240);
    tasks_work();
    put_due(&reminder, fam_wall_ms() - MINUTE_MS);
    sql_await(DONE "'send_checkin'", "1");
    expect_sql(
        w.f.pg.conninfo,
        "SELECT kind || ' ' || (expires_at BETWEEN now() + INTERVAL '8 minutes' AND now() + INTERVAL '9 minutes') "
        "FROM notifications",
        "checkin_reminder true");
    put_due(&reminder, fam_wall_ms() - 11 * MINUTE_MS);
    sql_await(DONE "'send_checkin'", "2");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM notifications", "1");
    cr_expect_eq(dropped("late"), 1);
    cr_expect_eq(lost(), 0, "a reminder is no check-in");
}

Test(checkin_tasks, a_check_in_whose_task_comes_two_hours_late_is_lost)
{
    struct fam_uuid evening = make_schedule("evening");
    be_quiet(180, 240);
    tasks_work();
    put_due(&evening, fam_wall_ms() - 2 * (int64_t)HOUR_MS - MINUTE_MS);
    sql_await(DONE "'send_checkin'", "1");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM checkins", "0");
    cr_expect_eq(dropped("late"), 1);
    cr_expect_eq(lost(), 1);
}

/* As on the night when clocks go on: both times are within the hour that there is not. */
Test(checkin_tasks, a_reminder_that_says_more_minutes_than_there_are_is_left_out)
{
    struct fam_uuid reminder = make_schedule("remind:evening");
    int64_t due_ms = fam_wall_ms();
    char text[200];
    (void)make_schedule("evening");
    be_quiet(180, 240);
    (void)snprintf(text, sizeof(text),
                   "UPDATE schedules SET next_at = to_timestamp(%lld / 1000.0) + INTERVAL '5 minutes' WHERE name = "
                   "'evening'",
                   (long long)due_ms);
    sql(text);
    tasks_work();
    put_due(&reminder, due_ms);
    sql_await(DONE "'send_checkin'", "1");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM notifications", "0");
    cr_expect_eq(dropped("late"), 1);
    sql("UPDATE schedules SET next_at = next_at + INTERVAL '5 minutes' WHERE name = 'evening'");
    put_due(&reminder, due_ms);
    sql_await(DONE "'send_checkin'", "2");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM notifications", "1");
}

/* As on the night when clocks go back: the hour of the reminder is there twice, and its check-in comes in the second.
 */
Test(checkin_tasks, a_reminder_that_says_less_minutes_than_there_are_is_left_out)
{
    struct fam_uuid reminder = make_schedule("remind:evening");
    int64_t due_ms = fam_wall_ms();
    char text[200];
    (void)make_schedule("evening");
    be_quiet(180, 240);
    (void)snprintf(text, sizeof(text),
                   "UPDATE schedules SET next_at = to_timestamp(%lld / 1000.0) + INTERVAL '70 minutes' WHERE name = "
                   "'evening'",
                   (long long)due_ms);
    sql(text);
    tasks_work();
    put_due(&reminder, due_ms);
    sql_await(DONE "'send_checkin'", "1");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM notifications", "0");
    cr_expect_eq(dropped("late"), 1);
}

Test(checkin_tasks, who_wants_no_check_ins_any_more_gets_none_that_waits)
{
    const struct fam_checkin_settings_change none = {.set_times = true};
    struct fam_uuid reminder = make_schedule("remind:evening"), evening = make_schedule("evening");
    struct fam_outcome outcome;
    struct fam_status status = {0};
    int64_t due_ms = fam_wall_ms();
    char text[200];
    be_quiet(180, 240);
    (void)snprintf(text, sizeof(text),
                   "UPDATE schedules SET next_at = to_timestamp(%lld / 1000.0) + INTERVAL '10 minutes' WHERE name = "
                   "'evening'",
                   (long long)due_ms);
    sql(text);
    tasks_work();
    put_due(&reminder, due_ms);
    put_due(&evening, due_ms);
    sql_await(DONE "'send_checkin'", "2");
    expect_sql(w.f.pg.conninfo, "SELECT string_agg(kind || ' ' || state, ', ' ORDER BY kind) FROM notifications",
               "checkin queued, checkin_reminder queued");
    cr_assert_eq(fam_checkin_settings_set(w.f.store, NULL, &w.author, &none, &outcome, &status), FAM_OK, "%s",
                 status.message);
    expect_sql(w.f.pg.conninfo, "SELECT string_agg(kind || ' ' || state, ', ' ORDER BY kind) FROM notifications",
               "checkin expired, checkin_reminder expired");
}

Test(checkin_tasks, a_reminder_in_quiet_hours_is_left_out)
{
    struct fam_uuid reminder = make_schedule("remind:morning");
    be_quiet(-60, 5);
    tasks_work();
    put_due(&reminder, fam_wall_ms());
    sql_await(DONE "'send_checkin'", "1");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM notifications", "0");
    cr_expect_eq(dropped("quiet"), 1);
}

Test(checkin_tasks, what_expires_is_missed_and_counted_by_the_task_of_the_numbers)
{
    const struct fam_task_new numbers = {.type = "refresh_metrics", .priority = FAM_PRIORITY_NORMAL};
    char text[500], user[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&w.author, user);
    (void)snprintf(
        text, sizeof(text),
        "INSERT INTO checkins (checkin_id, user_id, slot, question_set, due_at, expires_at, state, asked, "
        "answered) SELECT gen_random_uuid(), '%s', 'own', 'moment', now() - n * INTERVAL '3 hours', now() - n "
        "* INTERVAL '1 hour', CASE WHEN n = 1 THEN 'started' ELSE 'sent' END, 4, CASE WHEN n = 1 THEN 3 ELSE "
        "0 END FROM generate_series(1, 1203) n",
        user);
    sql(text);
    tasks_work();
    task_put(&numbers);
    sql_await(DONE "'refresh_metrics'", "1");
    expect_sql(w.f.pg.conninfo,
               "SELECT count(*) FROM checkins WHERE state = 'missed' AND finished_at = expires_at AND counted", "1203");
    cr_expect_eq(fam_metrics_value(w.metrics, FAM_M_CHECKINS_COMPLETED, FAM_LABELS("own", "0")), 1202);
    cr_expect_eq(fam_metrics_value(w.metrics, FAM_M_CHECKINS_COMPLETED, FAM_LABELS("own", "50-99")), 1);
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM notifications", "0"); /* in silence */
}

Test(checkin_tasks, old_check_ins_go_with_their_answers_when_entries_would)
{
    const struct fam_task_new sweep = {.type = "retention_sweep", .priority = FAM_PRIORITY_LOW};
    char text[700], user[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&w.author, user);
    (void)snprintf(
        text, sizeof(text),
        "WITH c AS (INSERT INTO checkins (checkin_id, user_id, slot, question_set, due_at, expires_at) SELECT "
        "gen_random_uuid(), '%s', 'own', 'moment', now() - n * INTERVAL '1 day', now() - n * INTERVAL '1 day' "
        "FROM generate_series(80, 99) n RETURNING checkin_id) INSERT INTO checkin_answers (checkin_id, "
        "question_id, position, body) SELECT checkin_id, 'mood', 0, 'x' FROM c",
        user);
    sql(text);
    (void)snprintf(text, sizeof(text),
                   "INSERT INTO reports (report_id, user_id, period, from_at, until_at, body, created_at) SELECT "
                   "gen_random_uuid(), '%s', 'week', now() - n * INTERVAL '1 day' - INTERVAL '1 day', now() - n * "
                   "INTERVAL '1 day', 'x', now() - n * INTERVAL '1 day' FROM generate_series(80, 99) n",
                   user);
    sql(text);
    tasks_work();
    task_put(&sweep);
    sql_await(DONE "'retention_sweep'", "1");
    expect_sql(w.f.pg.conninfo,
               "SELECT (SELECT count(*) FROM checkins) || ' ' || (SELECT count(*) FROM checkin_answers) || ' ' || "
               "(SELECT count(*) FROM reports)",
               "10 10 10");
    cr_expect_eq(fam_metrics_value(w.metrics, FAM_M_RETENTION_DELETED, FAM_LABELS("checkins")), 10);
    cr_expect_eq(fam_metrics_value(w.metrics, FAM_M_RETENTION_DELETED, FAM_LABELS("reports")), 10);
}
