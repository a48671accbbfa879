/* test_clock.c: time (lib/base/clock.h). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

Test(clock, monotonic_time_never_goes_back_and_its_units_agree)
{
    uint64_t last = fam_mono_ns();
    for (int i = 0; i < 10000; i++) {
        uint64_t now = fam_mono_ns();
        cr_assert_geq(now, last);
        last = now;
    }
    uint64_t us = fam_mono_us();
    uint64_t ms = fam_mono_ms();
    cr_assert_leq(last / 1000, us);
    cr_assert_leq(us / 1000, ms);
    cr_assert_leq(ms, us / 1000 + 5000);
}

Test(clock, wall_time_is_unix_time)
{
    time_t before = time(NULL);
    int64_t now = fam_wall_ms();
    cr_assert_geq(now, ((int64_t)before - 1) * 1000);
    cr_assert_leq(now, ((int64_t)before + 5) * 1000);
}

Test(clock, dates_are_written_in_utc_with_milliseconds)
{
    static const struct {
        int64_t unix_ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1795459867123, "2026-11-23T18:51:07.123Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {-1000, "1969-12-31T23:59:59.000Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[FAM_RFC3339_SIZE];
        fam_rfc3339(rows[i].unix_ms, text);
        cr_assert_str_eq(text, rows[i].text);
    }
}

Test(clock, every_day_has_the_date_that_the_c_library_gives_it)
{
    for (int64_t day = -719528; day<2932897; day += day> 0 && day < 47482 ? 1 : 97) { /* 0000 to 9999; each to 2099 */
        time_t seconds = (time_t)(day * 86400 + 86399);
        struct tm utc;
        cr_assert_not_null(gmtime_r(&seconds, &utc));
        char text[FAM_RFC3339_SIZE];
        char expected[64];
        snprintf(expected, sizeof(expected), "%04d-%02d-%02dT23:59:59.000Z", utc.tm_year + 1900, utc.tm_mon + 1,
                 utc.tm_mday);
        fam_rfc3339(seconds * 1000, text);
        cr_assert_str_eq(text, expected);
    }
}

/* RFC 3339 has years of four digits. */
Test(clock, a_date_beyond_the_calendar_is_its_nearest_end)
{
    char text[FAM_RFC3339_SIZE];
    fam_rfc3339(INT64_MAX, text);
    cr_assert_str_eq(text, "9999-12-31T23:59:59.999Z");
    fam_rfc3339(253402300800000, text);
    cr_assert_str_eq(text, "9999-12-31T23:59:59.999Z");
    fam_rfc3339(INT64_MIN, text);
    cr_assert_str_eq(text, "0000-01-01T00:00:00.000Z");
}
