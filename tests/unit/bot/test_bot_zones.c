/* Time zones: what parents type, and what the clock shows there. */
#include <criterion/criterion.h>
#include <string.h>

#include "dialog/zones.h"

static struct fam_locales *locales;

static void set_up(void)
{
    struct fam_status status;
    locales = fam_locales_new(&status);
    cr_assert_not_null(locales);
}

static void tear_down(void)
{
    fam_locales_free(locales);
}

TestSuite(bot_zones, .init = set_up, .fini = tear_down);

static const int64_t january_ms = 1768478400000, /* 2026-01-15 12:00 UTC */
    july_ms = 1784116800000;                     /* 2026-07-15 12:00 UTC */

Test(bot_zones, cities_and_distances_are_understood)
{
    static const struct {
        const char *text, *zone;
    } rows[] = {{"Москва", "Europe/Moscow"},
                {"москва", "Europe/Moscow"},
                {"new york", "America/New_York"},
                {"Нью-Йорк", "America/New_York"},
                {"+3", "Etc/GMT-3"},
                {"UTC+3", "Etc/GMT-3"},
                {"gmt -5", "Etc/GMT+5"},
                {"+0", "UTC"},
                {"Europe/Paris", "Europe/Paris"},
                {"UTC+14", "Etc/GMT-14"},
                {"Europe/Nope", "Europe/Nope"}};
    char zone[FAM_ZONE_SIZE];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_assert(fam_zone_parse(locales, rows[i].text, zone), "%s", rows[i].text);
        cr_assert_str_eq(zone, rows[i].zone, "%s", rows[i].text);
    }
}

Test(bot_zones, other_words_are_none)
{
    static const char *const texts[] = {"",
                                        "7",
                                        "3",
                                        "+15",
                                        "-13",
                                        "+3 часа",
                                        "повешусь",
                                        "../etc/passwd",
                                        "/etc/passwd",
                                        "Europe/Москва",
                                        "я не хочу/не буду",
                                        "utc",
                                        "+"};
    char zone[FAM_ZONE_SIZE];
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        cr_assert_not(fam_zone_parse(locales, texts[i], zone), "%s", texts[i]);
}

Test(bot_zones, clocks_follow_summer_and_winter)
{
    static const struct {
        const char *zone, *january, *july;
    } rows[] = {{"Europe/Moscow", "15:00", "15:00"},    {"Europe/Berlin", "13:00", "14:00"},
                {"America/New_York", "07:00", "08:00"}, {"Asia/Kolkata", "17:30", "17:30"},
                {"Australia/Sydney", "23:00", "22:00"}, {"Etc/GMT-4", "16:00", "16:00"},
                {"Pacific/Auckland", "01:00", "00:00"}};
    char text[FAM_MOMENT_SIZE];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_assert(fam_zone_clock(rows[i].zone, january_ms, text), "%s", rows[i].zone);
        cr_assert_str_eq(text, rows[i].january, "%s", rows[i].zone);
        cr_assert(fam_zone_clock(rows[i].zone, july_ms, text));
        cr_assert_str_eq(text, rows[i].july, "%s", rows[i].zone);
    }
}

Test(bot_zones, every_zone_of_the_buttons_is_known_and_named_in_each_language)
{
    size_t count = 0;
    for (; fam_zone_at(count); count++) {
        int32_t offset_s;
        cr_assert(fam_zone_offset(fam_zone_at(count), january_ms, &offset_s), "%s", fam_zone_at(count));
        for (size_t l = 0; l < fam_locale_count(); l++) {
            char name[FAM_ZONE_SIZE];
            fam_zone_name(fam_locales_get(locales, fam_locale_language(l)), fam_zone_at(count), name);
            cr_assert_null(strchr(name, '.'), "%s has no name", fam_zone_at(count));
        }
    }
    cr_assert_leq(count, 128, "a button has seven bits for a zone");
    cr_assert_eq(fam_zone_pages(), (count + FAM_ZONES_A_PAGE - 1) / FAM_ZONES_A_PAGE);
}

Test(bot_zones, an_unknown_zone_is_told_in_utc)
{
    char text[FAM_MOMENT_SIZE];
    int32_t offset_s;
    const struct fam_locale *locale = fam_locales_get(locales, FAM__V1__LANGUAGE__LANGUAGE_RU);
    cr_assert_not(fam_zone_offset("Mars/Base", january_ms, &offset_s));
    cr_assert_not(fam_zone_offset("../../../etc/passwd", january_ms, &offset_s));
    fam_zone_moment(locale, "Mars/Base", january_ms, text);
    cr_assert_str_eq(text, "15.01.2026, 12:00 UTC");
    fam_zone_moment(locale, "Europe/Moscow", january_ms, text);
    cr_assert_str_eq(text, "15.01.2026, 15:00");
}
