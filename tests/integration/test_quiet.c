/* When nothing may reach a person: quiet hours and pauses, at fixed moments, by the clocks of several zones. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "store/checkin_settings.h"
#include "support/notification_fixture.h"

static struct store_fixture f;
static struct fam_uuid anna;

static void start(void)
{
    store_fixture_start(&f);
    anna = make_person(f.store, 1);
    (void)make_family(f.store, &anna);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(quiet, .init = start, .fini = stop, .timeout = 120);

static void sql(const char *text)
{
    expect_sql(f.pg.conninfo, text, "1");
}

static void live_in(const char *zone)
{
    char text[200];
    snprintf(text, sizeof(text), "UPDATE families SET time_zone = '%s' RETURNING 1", zone);
    sql(text);
}

/* "" and "": no quiet hours. */
static void be_quiet(const char *from, const char *until)
{
    char text[300];
    be_awake(f.store, &anna);
    snprintf(text, sizeof(text),
             "UPDATE checkin_settings SET quiet_from = nullif('%s', '')::time, quiet_until = nullif('%s', '')::time "
             "RETURNING 1",
             from, until);
    sql(text);
}

/* Unix milliseconds of "YYYY-MM-DD HH:MM[:SS.mmm]" UTC; 0: "". */
static int64_t moment_of(const char *utc)
{
    char text[200], value[64];
    if (utc[0] == '\0') {
        return 0;
    }
    snprintf(text, sizeof(text), "SELECT (extract(epoch FROM TIMESTAMP '%s' AT TIME ZONE 'UTC') * 1000)::bigint", utc);
    cr_assert(pg_server_sql(f.pg.conninfo, text, value, sizeof(value)), "%s: %s", utc, value);
    return strtoll(value, NULL, 10);
}

static struct fam_quiet look_at(const struct fam_uuid *user_id, const char *utc)
{
    struct fam_quiet quiet;
    struct fam_status status = {0};
    struct fam_db *db = NULL;
    cr_assert_eq(fam_store_get(f.store, &db, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_quiet_at(db, user_id, moment_of(utc), &quiet, &status), FAM_OK, "%s", status.message);
    fam_store_put(f.store, db);
    return quiet;
}

/* All moments are of UTC; `until` "" is: not within quiet hours, `next` "": there are none. */
struct quiet_case {
    const char *zone, *from, *until_time;
    const char *moment;
    const char *until, *next;
};

static void check_all(const struct quiet_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct quiet_case *one = &cases[i];
        live_in(one->zone);
        be_quiet(one->from, one->until_time);
        struct fam_quiet quiet = look_at(&anna, one->moment);
        cr_expect_not(quiet.is_paused);
        cr_expect_eq(quiet.until_ms, moment_of(one->until), "%s %s to %s at %s: until %lld, not %s", one->zone,
                     one->from, one->until_time, one->moment, (long long)quiet.until_ms, one->until);
        cr_expect_eq(quiet.next_ms, moment_of(one->next), "%s %s to %s at %s: next %lld, not %s", one->zone, one->from,
                     one->until_time, one->moment, (long long)quiet.next_ms, one->next);
    }
}

#define CHECK_ALL(cases) check_all((cases), sizeof(cases) / sizeof((cases)[0]))

/* Moscow is three hours ahead, always. */
Test(quiet, the_first_moment_is_quiet_and_the_last_is_not)
{
    static const struct quiet_case CASES[] = {
        {"Europe/Moscow", "22:00", "07:00", "2026-05-10 18:59:59.999", "", "2026-05-10 19:00"},
        {"Europe/Moscow", "22:00", "07:00", "2026-05-10 19:00", "2026-05-11 04:00", "2026-05-11 19:00"},
        {"Europe/Moscow", "22:00", "07:00", "2026-05-11 03:59:59.999", "2026-05-11 04:00", "2026-05-11 19:00"},
        {"Europe/Moscow", "22:00", "07:00", "2026-05-11 04:00", "", "2026-05-11 19:00"},
        {"Europe/Moscow", "22:00", "07:00", "2026-05-11 12:00", "", "2026-05-11 19:00"},
        /* In the middle of a day: a nap. */
        {"Europe/Moscow", "13:00", "15:00", "2026-05-10 09:59:59.999", "", "2026-05-10 10:00"},
        {"Europe/Moscow", "13:00", "15:00", "2026-05-10 10:00", "2026-05-10 12:00", "2026-05-11 10:00"},
        {"Europe/Moscow", "13:00", "15:00", "2026-05-10 11:59:59.999", "2026-05-10 12:00", "2026-05-11 10:00"},
        {"Europe/Moscow", "13:00", "15:00", "2026-05-10 12:00", "", "2026-05-11 10:00"},
        /* All but a minute of the day. */
        {"Europe/Moscow", "12:01", "12:00", "2026-05-10 09:00:30", "", "2026-05-10 09:01"},
        {"Europe/Moscow", "12:01", "12:00", "2026-05-10 09:01", "2026-05-11 09:00", "2026-05-11 09:01"},
    };
    CHECK_ALL(CASES);
}

Test(quiet, midnight_is_a_time_like_any_other)
{
    static const struct quiet_case CASES[] = {
        {"Europe/Moscow", "22:00", "07:00", "2026-12-31 20:59:59.999", "2027-01-01 04:00", "2027-01-01 19:00"},
        {"Europe/Moscow", "22:00", "07:00", "2026-12-31 21:00", "2027-01-01 04:00", "2027-01-01 19:00"},
        {"Europe/Moscow", "00:00", "06:00", "2026-05-10 20:59:59.999", "", "2026-05-10 21:00"},
        {"Europe/Moscow", "00:00", "06:00", "2026-05-10 21:00", "2026-05-11 03:00", "2026-05-11 21:00"},
        {"Europe/Moscow", "22:00", "00:00", "2026-05-10 20:59:59.999", "2026-05-10 21:00", "2026-05-11 19:00"},
        {"Europe/Moscow", "22:00", "00:00", "2026-05-10 21:00", "", "2026-05-11 19:00"},
        /* Five hours and three quarters ahead. */
        {"Asia/Kathmandu", "22:00", "07:00", "2026-05-10 16:14:59.999", "", "2026-05-10 16:15"},
        {"Asia/Kathmandu", "22:00", "07:00", "2026-05-10 16:15", "2026-05-11 01:15", "2026-05-11 16:15"},
    };
    CHECK_ALL(CASES);
}

/* New York: 8 March 2026, 02:00 becomes 03:00 (07:00 UTC); 1 November, 02:00 becomes 01:00 (06:00 UTC). */
Test(quiet, a_night_in_which_clocks_change_is_an_hour_shorter_or_longer)
{
    static const struct quiet_case CASES[] = {
        {"America/New_York", "22:00", "07:00", "2026-03-08 03:00", "2026-03-08 11:00", "2026-03-09 02:00"},
        {"America/New_York", "22:00", "07:00", "2026-03-08 10:59:59.999", "2026-03-08 11:00", "2026-03-09 02:00"},
        {"America/New_York", "22:00", "07:00", "2026-03-08 11:00", "", "2026-03-09 02:00"},
        {"America/New_York", "22:00", "07:00", "2026-11-01 02:00", "2026-11-01 12:00", "2026-11-02 03:00"},
        {"America/New_York", "22:00", "07:00", "2026-11-01 11:59:59.999", "2026-11-01 12:00", "2026-11-02 03:00"},
        {"America/New_York", "22:00", "07:00", "2026-11-01 12:00", "", "2026-11-02 03:00"},
        /* A border that clocks do not show is where they go on. */
        {"America/New_York", "22:00", "02:30", "2026-03-08 06:59:59.999", "2026-03-08 07:00", "2026-03-09 02:00"},
        {"America/New_York", "22:00", "02:30", "2026-03-08 07:00", "", "2026-03-09 02:00"},
        {"America/New_York", "02:30", "06:00", "2026-03-08 06:59:59.999", "", "2026-03-08 07:00"},
        {"America/New_York", "02:30", "06:00", "2026-03-08 07:00", "2026-03-08 10:00", "2026-03-09 06:30"},
        /* One that they show twice is the first: 01:15 of the second time is not quiet, or is. */
        {"America/New_York", "22:00", "01:30", "2026-11-01 05:29:59.999", "2026-11-01 05:30", "2026-11-02 03:00"},
        {"America/New_York", "22:00", "01:30", "2026-11-01 06:15", "", "2026-11-02 03:00"},
        {"America/New_York", "01:30", "06:00", "2026-11-01 05:29:59.999", "", "2026-11-01 05:30"},
        {"America/New_York", "01:30", "06:00", "2026-11-01 06:15", "2026-11-01 11:00", "2026-11-02 06:30"},
    };
    CHECK_ALL(CASES);
}

Test(quiet, without_quiet_hours_there_are_none_and_none_begin)
{
    static const struct quiet_case CASES[] = {{"Europe/Moscow", "", "", "2026-05-10 23:00", "", ""}};
    CHECK_ALL(CASES);
}

Test(quiet, who_has_set_nothing_is_left_alone_at_night_and_wants_the_report)
{
    struct fam_quiet quiet = look_at(&anna, "2026-05-10 19:00"); /* Moscow's 22:00 */
    cr_expect_eq(quiet.until_ms, moment_of("2026-05-11 04:00"));
    cr_expect(quiet.weekly_report);
    cr_expect_eq(quiet.reminder_minutes, 0);
    cr_expect_eq(look_at(&anna, "2026-05-10 18:59").until_ms, 0);
}

Test(quiet, who_has_no_family_goes_by_utc)
{
    struct fam_uuid boris = make_person(f.store, 2);
    cr_expect_eq(look_at(&boris, "2026-05-10 21:59:59.999").until_ms, 0);
    cr_expect_eq(look_at(&boris, "2026-05-10 22:00").until_ms, moment_of("2026-05-11 07:00"));
}

Test(quiet, wishes_are_told_as_they_are_set)
{
    be_awake(f.store, &anna);
    sql("UPDATE checkin_settings SET weekly_report = false, reminder_minutes = 30 RETURNING 1");
    struct fam_quiet quiet = look_at(&anna, "2026-05-10 12:00");
    cr_expect_not(quiet.weekly_report);
    cr_expect_eq(quiet.reminder_minutes, 30);
}

Test(quiet, a_pause_is_over_at_its_last_moment_and_quiet_hours_that_it_ends_in_go_on)
{
    live_in("Europe/Moscow");
    be_quiet("22:00", "07:00");
    sql("UPDATE checkin_settings SET paused_until = '2026-05-10 20:00+00' RETURNING 1"); /* 23:00 there */
    struct fam_quiet quiet = look_at(&anna, "2026-05-10 19:59:59.999");
    cr_expect(quiet.is_paused);
    cr_expect_eq(quiet.until_ms, 0);
    cr_expect_eq(quiet.next_ms, 0);
    quiet = look_at(&anna, "2026-05-10 20:00");
    cr_expect_not(quiet.is_paused);
    cr_expect_eq(quiet.until_ms, moment_of("2026-05-11 04:00"));
    cr_expect_eq(quiet.next_ms, moment_of("2026-05-11 19:00"));
}

Test(quiet, nobody_has_no_quiet_hours)
{
    struct fam_quiet quiet;
    struct fam_status status = {0};
    struct fam_db *db = NULL;
    struct fam_uuid nobody = fam_uuid_v7();
    cr_assert_eq(fam_store_get(f.store, &db, &status), FAM_OK, "%s", status.message);
    cr_expect_eq(fam_quiet_at(db, &nobody, fam_wall_ms(), &quiet, &status), FAM_NOT_FOUND);
    fam_store_put(f.store, db);
}
