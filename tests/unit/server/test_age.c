/* A child's age, its band, and what follows from a country. */
#include <criterion/criterion.h>

#include "family/age.h"
#include "family/country.h"

Test(age, a_birthday_counts_on_its_day)
{
    const struct fam_date birth = {2019, 5, 17};
    cr_assert_eq(fam_age_years(&birth, &(struct fam_date){2026, 5, 16}), 6);
    cr_assert_eq(fam_age_years(&birth, &(struct fam_date){2026, 5, 17}), 7);
    cr_assert_eq(fam_age_years(&birth, &(struct fam_date){2018, 5, 17}), -1);
}

Test(age, a_leap_day_counts_from_the_first_of_march_in_other_years)
{
    const struct fam_date birth = {2016, 2, 29};
    cr_assert_eq(fam_age_years(&birth, &(struct fam_date){2023, 2, 28}), 6);
    cr_assert_eq(fam_age_years(&birth, &(struct fam_date){2023, 3, 1}), 7);
}

Test(age, a_year_alone_counts_as_the_first_of_july)
{
    const struct fam_date birth = {2019, 0, 0};
    cr_assert_eq(fam_age_years(&birth, &(struct fam_date){2026, 6, 30}), 6);
    cr_assert_eq(fam_age_years(&birth, &(struct fam_date){2026, 7, 1}), 7);
}

Test(age, only_days_of_the_calendar_are_dates)
{
    const struct fam_date good[] = {{2024, 2, 29}, {2019, 0, 0}, {1900, 1, 1}, {2200, 12, 31}};
    const struct fam_date bad[] = {{2023, 2, 29}, {2019, 0, 5}, {2019, 5, 0},  {2019, 13, 1}, {2019, 4, 31},
                                   {1899, 1, 1},  {2201, 1, 1}, {2019, -1, 1}, {2019, 1, 32}, {2100, 2, 29}};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_assert(fam_date_is_valid(&good[i]), "good %zu", i);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_not(fam_date_is_valid(&bad[i]), "bad %zu", i);
    }
}

Test(age, bands_meet_without_a_gap)
{
    const struct {
        int years;
        Fam__V1__AgeBand band;
    } rows[] = {{1, FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED}, {2, FAM__V1__AGE_BAND__AGE_BAND_2_3},
                {3, FAM__V1__AGE_BAND__AGE_BAND_2_3},         {4, FAM__V1__AGE_BAND__AGE_BAND_4_6},
                {6, FAM__V1__AGE_BAND__AGE_BAND_4_6},         {7, FAM__V1__AGE_BAND__AGE_BAND_7_9},
                {9, FAM__V1__AGE_BAND__AGE_BAND_7_9},         {10, FAM__V1__AGE_BAND__AGE_BAND_10_12},
                {12, FAM__V1__AGE_BAND__AGE_BAND_10_12},      {13, FAM__V1__AGE_BAND__AGE_BAND_13_15},
                {15, FAM__V1__AGE_BAND__AGE_BAND_13_15},      {16, FAM__V1__AGE_BAND__AGE_BAND_16_17},
                {17, FAM__V1__AGE_BAND__AGE_BAND_16_17},      {25, FAM__V1__AGE_BAND__AGE_BAND_16_17}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_assert_eq(fam_age_band(rows[i].years), rows[i].band, "%d years", rows[i].years);
    }
}

Test(age, the_metrics_know_children_and_teens)
{
    cr_assert_str_eq(fam_age_group(FAM__V1__AGE_BAND__AGE_BAND_10_12), "child");
    cr_assert_str_eq(fam_age_group(FAM__V1__AGE_BAND__AGE_BAND_13_15), "teen");
    cr_assert_str_eq(fam_age_group(FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED), "other");
}

Test(age, countries_are_two_capital_letters_and_have_a_zone)
{
    cr_assert(fam_country_is_valid("RU"));
    cr_assert(fam_country_is_valid("ZZ"));
    cr_assert_not(fam_country_is_valid("ru"));
    cr_assert_not(fam_country_is_valid("R"));
    cr_assert_not(fam_country_is_valid("RUS"));
    cr_assert_not(fam_country_is_valid(""));
    cr_assert_str_eq(fam_country_time_zone("RU"), "Europe/Moscow");
    cr_assert_str_eq(fam_country_time_zone("ZZ"), "Etc/UTC");
}
