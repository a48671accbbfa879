/* Local times over changes of the clock: the functions of migration 0003, by PostgreSQL's own time zones. */
#include <criterion/criterion.h>

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

TestSuite(zones, .init = start, .fini = stop, .timeout = 120);

struct due_case {
    const char *zone, *time;
    const char *weekday; /* "NULL": each day */
    const char *after;   /* UTC, as all below */
    const char *due[3];  /* the three times that follow */
};

static const struct due_case CASES[] = {
    /* Moscow and Kathmandu have no summer time; Kathmandu is five hours and three quarters ahead. */
    {"Europe/Moscow",
     "02:30",
     "NULL",
     "2026-03-28 12:00",
     {"2026-03-28 23:30", "2026-03-29 23:30", "2026-03-30 23:30"}},
    {"Europe/Moscow",
     "10:00",
     "NULL",
     "2026-10-24 12:00",
     {"2026-10-25 07:00", "2026-10-26 07:00", "2026-10-27 07:00"}},
    {"Asia/Kathmandu",
     "02:30",
     "NULL",
     "2026-03-28 12:00",
     {"2026-03-28 20:45", "2026-03-29 20:45", "2026-03-30 20:45"}},
    {"Asia/Kathmandu",
     "10:00",
     "NULL",
     "2026-10-24 12:00",
     {"2026-10-25 04:15", "2026-10-26 04:15", "2026-10-27 04:15"}},
    /* New York, 8 March 2026: 02:00 becomes 03:00. 02:30 is not shown: due when clocks go on, at 03:00. */
    {"America/New_York",
     "02:30",
     "NULL",
     "2026-03-07 00:00",
     {"2026-03-07 07:30", "2026-03-08 07:00", "2026-03-09 06:30"}},
    {"America/New_York",
     "10:00",
     "NULL",
     "2026-03-07 00:00",
     {"2026-03-07 15:00", "2026-03-08 14:00", "2026-03-09 14:00"}},
    /* 1 November 2026: 02:00 becomes 01:00. 01:30 is shown twice: due the first time, and once. */
    {"America/New_York",
     "01:30",
     "NULL",
     "2026-10-31 12:00",
     {"2026-11-01 05:30", "2026-11-02 06:30", "2026-11-03 06:30"}},
    {"America/New_York",
     "02:30",
     "NULL",
     "2026-10-31 00:00",
     {"2026-10-31 06:30", "2026-11-01 07:30", "2026-11-02 07:30"}},
    {"America/New_York",
     "10:00",
     "NULL",
     "2026-10-31 00:00",
     {"2026-10-31 14:00", "2026-11-01 15:00", "2026-11-02 15:00"}},
    /* Lord Howe moves by half an hour. 4 October 2026: 02:00 becomes 02:30, which is shown; 02:15 is not. */
    {"Australia/Lord_Howe",
     "02:30",
     "NULL",
     "2026-10-02 00:00",
     {"2026-10-02 16:00", "2026-10-03 15:30", "2026-10-04 15:30"}},
    {"Australia/Lord_Howe",
     "02:15",
     "NULL",
     "2026-10-02 00:00",
     {"2026-10-02 15:45", "2026-10-03 15:30", "2026-10-04 15:15"}},
    {"Australia/Lord_Howe",
     "10:00",
     "NULL",
     "2026-10-02 00:00",
     {"2026-10-02 23:30", "2026-10-03 23:00", "2026-10-04 23:00"}},
    /* 5 April 2026: 02:00 becomes 01:30. 01:45 is shown twice. */
    {"Australia/Lord_Howe",
     "01:45",
     "NULL",
     "2026-04-03 00:00",
     {"2026-04-03 14:45", "2026-04-04 14:45", "2026-04-05 15:15"}},
    {"Australia/Lord_Howe",
     "02:30",
     "NULL",
     "2026-04-03 00:00",
     {"2026-04-03 15:30", "2026-04-04 16:00", "2026-04-05 16:00"}},
    {"Australia/Lord_Howe",
     "10:00",
     "NULL",
     "2026-04-03 00:00",
     {"2026-04-03 23:00", "2026-04-04 23:30", "2026-04-05 23:30"}},
    /* Sundays (7), by the day there: in Kathmandu it begins on Saturday at 18:15 UTC. */
    {"Asia/Kathmandu", "02:30", "7", "2026-03-01 00:00", {"2026-03-07 20:45", "2026-03-14 20:45", "2026-03-21 20:45"}},
    {"America/New_York",
     "10:00",
     "7",
     "2026-02-28 00:00",
     {"2026-03-01 15:00", "2026-03-08 14:00", "2026-03-15 14:00"}},
    {"America/New_York",
     "02:30",
     "7",
     "2026-03-01 12:00",
     {"2026-03-08 07:00", "2026-03-15 06:30", "2026-03-22 06:30"}},
    {"America/New_York",
     "22:00",
     "1",
     "2026-02-28 00:00",
     {"2026-03-03 03:00", "2026-03-10 02:00", "2026-03-17 02:00"}},
    /* Beirut puts clocks on at midnight: 00:00 of 29 March 2026 is not shown. */
    {"Asia/Beirut", "00:00", "NULL", "2026-03-28 00:00", {"2026-03-28 22:00", "2026-03-29 21:00", "2026-03-30 21:00"}},
    /* Samoa left 30 December 2011 out: what was due that day is due when it ends. */
    {"Pacific/Apia", "10:00", "NULL", "2011-12-29 00:00", {"2011-12-29 20:00", "2011-12-30 10:00", "2011-12-30 20:00"}},
};

static void expect_call(const char *function, const struct due_case *one, const char *moment, const char *expected)
{
    char sql[512];
    (void)snprintf(sql, sizeof(sql),
                   "SET timezone = 'America/Los_Angeles'; SELECT to_char(%s(TIMESTAMP '%s' AT TIME ZONE 'UTC', '%s', "
                   "%s, '%s') AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')",
                   function, moment, one->time, one->weekday, one->zone);
    expect_sql(f.pg.conninfo, sql, expected);
}

Test(zones, a_local_time_is_due_once_a_day_whatever_clocks_do)
{
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        const char *after = CASES[i].after;
        for (size_t n = 0; n < 3; n++) {
            expect_call("next_local_time", &CASES[i], after, CASES[i].due[n]);
            after = CASES[i].due[n];
        }
    }
}

Test(zones, the_last_due_time_before_a_moment_is_the_one_that_came_next_before)
{
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        expect_call("last_local_time", &CASES[i], CASES[i].due[1], CASES[i].due[1]);
        char before[32];
        (void)snprintf(before, sizeof(before), "%s:59", CASES[i].due[0]);
        expect_call("last_local_time", &CASES[i], before, CASES[i].due[0]);
    }
}

/* Another way to say it: due is the first moment at which the clock shows that time of that day, or a later one. */
Test(zones, every_day_of_a_year_is_right_by_another_reckoning)
{
    expect_sql(f.pg.conninfo,
               "WITH days AS (SELECT zone, day + at AS shown FROM unnest(ARRAY['Europe/Moscow', 'America/New_York', "
               "'Asia/Kathmandu', 'Australia/Lord_Howe', 'Africa/Casablanca', 'America/St_Johns', 'Asia/Beirut', "
               "'Atlantic/Azores', 'Pacific/Chatham']) AS zone, generate_series(TIMESTAMP '2026-01-01', '2026-12-31', "
               "INTERVAL '1 day') AS day, unnest(ARRAY[TIME '00:00', '00:30', '01:30', '02:15', '02:30', '10:00', "
               "'23:45']) AS at) "
               "SELECT count(*) FILTER (WHERE local_moment(shown, zone) IS DISTINCT FROM (SELECT min(m AT TIME ZONE "
               "'UTC') FROM generate_series(shown - INTERVAL '15 hours', shown + INTERVAL '15 hours', "
               "INTERVAL '15 minutes') AS m WHERE (m AT TIME ZONE 'UTC') AT TIME ZONE zone >= shown)) || ' of ' || "
               "count(*) FROM days",
               "0 of 22995");
}

Test(zones, a_zone_that_does_not_exist_has_no_due_time)
{
    expect_sql(f.pg.conninfo, "SELECT next_local_time(now(), '10:00', NULL, 'Europe/Nowhere') IS NULL", "t");
    expect_sql(f.pg.conninfo, "SELECT last_local_time(now(), '10:00', NULL, 'Europe/Nowhere') IS NULL", "t");
}
