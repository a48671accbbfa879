/* Check-ins by the clock of the family: over both changes of the clocks, over a move, and over a stop of the server. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "store/checkin_settings.h"
#include "store/schedule_store.h"
#include "support/notification_fixture.h"

static struct store_fixture f;
static struct fam_uuid anna, family;
static struct fam_schedule_claim *claim;

static void start(void)
{
    store_fixture_start(&f);
    anna = make_person(f.store, 1);
    family = make_family(f.store, &anna);
    claim = calloc(1, sizeof(*claim));
    cr_assert_not_null(claim);
}

static void stop(void)
{
    free(claim);
    store_fixture_stop(&f);
}

TestSuite(checkin_zones, .init = start, .fini = stop, .timeout = 180);

static void sql(const char *text)
{
    char all[1200];
    (void)snprintf(all, sizeof(all), "%s; SELECT 1", text);
    expect_sql(f.pg.conninfo, all, "1");
}

static void live_in(const char *zone)
{
    const struct fam_family_change change = {.time_zone = zone};
    struct fam_outcome outcome;
    struct fam_status status = {0};
    cr_assert_eq(fam_family_update(f.store, NULL, &anna, &change, &outcome, &status), FAM_OK, "%s", status.message);
}

static void be_asked(Fam__V1__CheckinSlot slot, const char *time, int reminder_minutes)
{
    struct fam_checkin_settings_change change = {.set_times = true,
                                                 .time_count = 1,
                                                 .times = {{.slot = slot}},
                                                 .set_reminder = true,
                                                 .reminder_minutes = reminder_minutes,
                                                 .set_quiet = true};
    struct fam_outcome outcome;
    struct fam_status status = {0};
    (void)snprintf(change.times[0].local_time, sizeof(change.times[0].local_time), "%s", time);
    cr_assert_eq(fam_checkin_settings_set(f.store, NULL, &anna, &change, &outcome, &status), FAM_OK, "%s",
                 status.message);
}

/* Milliseconds from the database's now to a moment of UTC. */
static int64_t offset_to(const char *moment)
{
    char text[200], value[64];
    (void)snprintf(text, sizeof(text),
                   "SELECT (extract(epoch FROM TIMESTAMP '%s' AT TIME ZONE 'UTC' - now()) * 1000)::bigint", moment);
    cr_assert(pg_server_sql(f.pg.conninfo, text, value, sizeof(value)), "%s", value);
    return strtoll(value, NULL, 10);
}

/* As if everything had been reckoned at that moment. */
static void begin_at(const char *moment)
{
    char text[400];
    (void)snprintf(text, sizeof(text),
                   "UPDATE schedules s SET next_at = next_local_time(TIMESTAMP '%s' AT TIME ZONE 'UTC', s.local_time, "
                   "s.weekday, f.time_zone) FROM families f WHERE f.family_id = s.family_id",
                   moment);
    sql("DELETE FROM job_runs");
    sql("DELETE FROM tasks");
    sql(text);
}

/* The schedule's thread looks at that moment; workers have done what was queued before. */
static void look_at(const char *moment)
{
    struct fam_status status = {0};
    sql("UPDATE tasks SET state = 'done', finished_at = now() WHERE state = 'queued'");
    cr_assert_eq(fam_schedule_claim(f.store, offset_to(moment), FAM_SCHEDULE_BATCH, claim, &status), FAM_OK, "%s",
                 status.message);
}

#define RUNS(name, outcome)                                                                                            \
    "SELECT string_agg(to_char(due_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI'), ', ' ORDER BY due_at) FROM job_runs j "    \
    "JOIN schedules s USING (schedule_id) WHERE s.name = '" name "' AND j.outcome = '" outcome "'"

struct zone_case {
    const char *zone;
    Fam__V1__CheckinSlot slot;
    const char *time;
    const char *begin;    /* UTC, as all that follow */
    const char *looks[3]; /* moments after each due time, before the next */
    const char *due;
};

#define MORNING FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_MORNING
#define AFTERNOON FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_AFTERNOON
#define EVENING FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_EVENING
#define OWN FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_OWN

static const struct zone_case CASES[] = {
    /* No summer time: five o'clock in the afternoon of UTC on both sides of what others change. */
    {"Europe/Moscow",
     EVENING,
     "20:00",
     "2026-03-28 00:00",
     {"2026-03-28 17:01", "2026-03-29 17:01", "2026-03-30 17:01"},
     "03-28 17:00, 03-29 17:00, 03-30 17:00"},
    {"Europe/Moscow",
     EVENING,
     "20:00",
     "2026-10-24 00:00",
     {"2026-10-24 17:01", "2026-10-25 17:01", "2026-10-26 17:01"},
     "10-24 17:00, 10-25 17:00, 10-26 17:00"},
    /* Five hours and three quarters ahead, always. */
    {"Asia/Kathmandu",
     AFTERNOON,
     "14:00",
     "2026-03-28 00:00",
     {"2026-03-28 08:16", "2026-03-29 08:16", "2026-03-30 08:16"},
     "03-28 08:15, 03-29 08:15, 03-30 08:15"},
    {"Asia/Kathmandu",
     AFTERNOON,
     "14:00",
     "2026-10-31 00:00",
     {"2026-10-31 08:16", "2026-11-01 08:16", "2026-11-02 08:16"},
     "10-31 08:15, 11-01 08:15, 11-02 08:15"},
    /* New York: 8 March 2026, 02:00 becomes 03:00; 1 November, 02:00 becomes 01:00. */
    {"America/New_York",
     MORNING,
     "08:00",
     "2026-03-07 00:00",
     {"2026-03-07 13:01", "2026-03-08 12:01", "2026-03-09 12:01"},
     "03-07 13:00, 03-08 12:00, 03-09 12:00"},
    {"America/New_York",
     MORNING,
     "08:00",
     "2026-10-31 00:00",
     {"2026-10-31 12:01", "2026-11-01 13:01", "2026-11-02 13:01"},
     "10-31 12:00, 11-01 13:00, 11-02 13:00"},
    /* What is not shown is due when clocks go on; what is shown twice, the first time. */
    {"America/New_York",
     OWN,
     "02:30",
     "2026-03-07 00:00",
     {"2026-03-07 07:31", "2026-03-08 07:01", "2026-03-09 06:31"},
     "03-07 07:30, 03-08 07:00, 03-09 06:30"},
    {"America/New_York",
     OWN,
     "01:30",
     "2026-10-31 00:00",
     {"2026-10-31 05:31", "2026-11-01 05:31", "2026-11-02 06:31"},
     "10-31 05:30, 11-01 05:30, 11-02 06:30"},
    /* Lord Howe moves by half an hour: 5 April, 02:00 becomes 01:30; 4 October, 02:00 becomes 02:30. */
    {"Australia/Lord_Howe",
     MORNING,
     "08:00",
     "2026-04-03 12:00",
     {"2026-04-03 21:01", "2026-04-04 21:31", "2026-04-05 21:31"},
     "04-03 21:00, 04-04 21:30, 04-05 21:30"},
    {"Australia/Lord_Howe",
     MORNING,
     "08:00",
     "2026-10-02 12:00",
     {"2026-10-02 21:31", "2026-10-03 21:01", "2026-10-04 21:01"},
     "10-02 21:30, 10-03 21:00, 10-04 21:00"},
    {"Australia/Lord_Howe",
     OWN,
     "01:45",
     "2026-04-03 12:00",
     {"2026-04-03 14:46", "2026-04-04 14:46", "2026-04-05 15:16"},
     "04-03 14:45, 04-04 14:45, 04-05 15:15"},
    {"Australia/Lord_Howe",
     OWN,
     "02:15",
     "2026-10-02 12:00",
     {"2026-10-02 15:46", "2026-10-03 15:31", "2026-10-04 15:16"},
     "10-02 15:45, 10-03 15:30, 10-04 15:15"},
};

Test(checkin_zones, each_zone_keeps_its_hour_over_both_changes_of_the_clocks)
{
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        const struct zone_case *one = &CASES[i];
        char value[200];
        live_in(one->zone);
        be_asked(one->slot, one->time, 0);
        begin_at(one->begin);
        for (size_t j = 0; j < 3; j++) {
            look_at(one->looks[j]);
        }
        cr_assert(pg_server_sql(f.pg.conninfo,
                                "SELECT string_agg(to_char(due_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI'), ', ' ORDER BY "
                                "due_at) FROM job_runs j JOIN schedules s USING (schedule_id) "
                                "WHERE s.job = 'send_checkin' AND j.outcome = 'queued'",
                                value, sizeof(value)));
        cr_expect_str_eq(value, one->due, "%s at %s: %s", one->zone, one->time, value);
    }
}

Test(checkin_zones, a_reminder_comes_its_minutes_before_on_every_one_of_these_days)
{
    live_in("America/New_York");
    be_asked(MORNING, "08:00", 30);
    begin_at("2026-03-07 00:00");
    look_at("2026-03-07 12:31");
    look_at("2026-03-07 13:01");
    look_at("2026-03-08 11:31");
    look_at("2026-03-08 12:01");
    expect_sql(f.pg.conninfo, RUNS("remind:morning", "queued"), "03-07 12:30, 03-08 11:30");
    expect_sql(f.pg.conninfo, RUNS("morning", "queued"), "03-07 13:00, 03-08 12:00");
}

Test(checkin_zones, a_server_that_stood_over_the_due_time_asks_within_two_hours_and_not_later)
{
    be_asked(EVENING, "20:00", 0);
    begin_at("2026-03-10 00:00");
    look_at("2026-03-10 18:59"); /* due at 17:00 */
    expect_sql(f.pg.conninfo, RUNS("evening", "queued"), "03-10 17:00");
    look_at("2026-03-11 19:01");
    expect_sql(f.pg.conninfo, RUNS("evening", "queued"), "03-10 17:00");
    expect_sql(f.pg.conninfo, RUNS("evening", "late"), "03-11 17:00");
}

Test(checkin_zones, a_stop_of_days_is_one_due_time_and_today_s_may_be_in_time)
{
    be_asked(EVENING, "20:00", 0);
    begin_at("2026-03-10 00:00");
    look_at("2026-03-14 17:30");
    expect_sql(f.pg.conninfo, RUNS("evening", "queued"), "03-14 17:00");
    expect_sql(f.pg.conninfo,
               "SELECT count(*) FROM job_runs j JOIN schedules s USING (schedule_id) "
               "WHERE s.job = 'send_checkin'",
               "1");
}

Test(checkin_zones, a_family_that_moves_takes_its_hour_along_and_has_no_day_with_two)
{
    live_in("Europe/Moscow");
    be_asked(EVENING, "20:00", 10);
    /* It was asked an hour ago, wherever now is. */
    sql("INSERT INTO job_runs (schedule_id, due_at, outcome) SELECT schedule_id, now() - INTERVAL '1 hour', 'queued' "
        "FROM schedules WHERE name = 'evening'");
    live_in("America/New_York");
    expect_sql(
        f.pg.conninfo,
        "SELECT to_char(next_at AT TIME ZONE 'America/New_York', 'HH24:MI') FROM schedules WHERE name = 'evening'",
        "20:00");
    expect_sql(
        f.pg.conninfo,
        "SELECT next_at >= now() + INTERVAL '11 hours' AND next_at <= now() + INTERVAL '36 hours' FROM schedules "
        "WHERE name = 'evening'",
        "t");
    expect_sql(f.pg.conninfo,
               "SELECT to_char(next_at AT TIME ZONE 'America/New_York', 'HH24:MI') FROM schedules WHERE name = "
               "'remind:evening'",
               "19:50");
}

Test(checkin_zones, who_has_no_family_goes_by_utc_until_there_is_one)
{
    struct fam_uuid boris = make_person(f.store, 2);
    struct fam_checkin_settings_change change = {
        .set_times = true, .time_count = 1, .times = {{.slot = MORNING, .local_time = "08:00"}}};
    struct fam_family_new home = {.name = "Дом", .country = "NP", .time_zone = "Asia/Kathmandu"};
    struct fam_checkin_settings settings;
    struct fam_outcome outcome;
    struct fam_status status = {0};
    cr_assert_eq(fam_checkin_settings_set(f.store, NULL, &boris, &change, &outcome, &status), FAM_OK, "%s",
                 status.message);
    expect_sql(f.pg.conninfo,
               "SELECT to_char(next_at AT TIME ZONE 'UTC', 'HH24:MI') FROM schedules WHERE name = 'morning'", "08:00");
    cr_assert_eq(fam_family_create(f.store, NULL, &boris, &home, &outcome, &status), FAM_OK, "%s", status.message);
    expect_sql(f.pg.conninfo,
               "SELECT to_char(next_at AT TIME ZONE 'UTC', 'HH24:MI') FROM schedules WHERE name = 'morning'", "02:15");
    cr_assert_eq(fam_checkin_settings_get(f.store, &boris, &settings, &status), FAM_OK);
    cr_expect_str_eq(settings.time_zone, "Asia/Kathmandu");
    cr_expect_eq(settings.time_count, 1);
}
