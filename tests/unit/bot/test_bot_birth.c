/* What parents type: ages, dates, names, countries; and what a session keeps. */
#include <criterion/criterion.h>
#include <string.h>

#include "dialog/birth.h"
#include "dialog/countries.h"
#include "dialog/state.h"

static const int64_t november_2026 = 1795000000000, march_2026 = 1772700000000;

Test(bot_birth, ages_years_and_dates_are_understood)
{
    static const struct {
        const char *text;
        int year, month, day;
    } rows[] = {{"7", 2019, 0, 0},
                {" 7 лет ", 2019, 0, 0},
                {"2 года", 2024, 0, 0},
                {"7 years old", 2019, 0, 0},
                {"17", 2009, 0, 0},
                {"2019", 2019, 0, 0},
                {"2019 г.р.", 2019, 0, 0},
                {"12.03.2019", 2019, 3, 12},
                {"1/9/2020", 2020, 9, 1},
                {"2019-03-12", 2019, 3, 12},
                {"29.02.2020", 2020, 2, 29},
                {"12 марта 2019", 2019, 3, 12},
                {"1 Мая 2018 г.", 2018, 5, 1},
                {"12 March 2019", 2019, 3, 12},
                {"March 12th, 2019", 2019, 3, 12},
                {"семь", 2019, 0, 0},
                {"Семь лет", 2019, 0, 0},
                {"twelve years old", 2014, 0, 0},
                {"2009", 2009, 0, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fam_birth birth = {0};
        cr_assert_eq(fam_birth_parse(rows[i].text, november_2026, &birth), FAM_BIRTH_GOOD, "%s", rows[i].text);
        cr_assert_eq(birth.year, rows[i].year, "%s", rows[i].text);
        cr_assert_eq(birth.month, rows[i].month, "%s", rows[i].text);
        cr_assert_eq(birth.day, rows[i].day, "%s", rows[i].text);
    }
    cr_assert_eq(fam_birth_year_of_age(7, march_2026), 2018, "before 1 July the year counts as not yet complete");
}

Test(bot_birth, impossible_ages_and_days_that_no_calendar_has_are_told_from_phrases)
{
    static const char *const out[] = {"1", "18", "0", "99", "1950", "2026", "2008", "01.01.1999", "12 марта 1999"};
    static const char *const no_date[] = {"31.02.2019", "12.13.2019", "2019-02-30", "29.02.2019", "31 апреля 2019"};
    static const char *const other[] = {
        "",   "нет",     "мне 7 всего?",        "2019-03",  "7 раз сказал", "12.03", "123456789", "март 2019",
        "-5", "1.2.3.4", "не хочу больше жить", "семь раз", "12 раз 2019"};
    struct fam_birth birth;
    for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
        cr_assert_eq(fam_birth_parse(out[i], november_2026, &birth), FAM_BIRTH_RANGE, "%s", out[i]);
    for (size_t i = 0; i < sizeof(no_date) / sizeof(no_date[0]); i++)
        cr_assert_eq(fam_birth_parse(no_date[i], november_2026, &birth), FAM_BIRTH_NO_DATE, "%s", no_date[i]);
    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
        cr_assert_eq(fam_birth_parse(other[i], november_2026, &birth), FAM_BIRTH_OTHER, "%s", other[i]);
}

Test(bot_birth, names_are_told_from_phrases)
{
    static const char *const names[] = {"Маша",           "маша",
                                        " Anna-Maria ",   "Анна Мария",
                                        "O'Neil",         "Ли",
                                        "Мэтью",          "Вася",
                                        "Олеся",          "Ася",
                                        "Людмила",        "Ахмет",
                                        "Николь",         "李",
                                        "Коля😀",          "Коля 👨‍👩‍👧",
                                        "Том & <Джерри>", "\"Ивановы\" & Ко"};
    static const char *const phrases[] = {"",    "хочу умереть", "Хочу умереть", "повешусь", "Умру", "Ненавижу тебя!",
                                          "нет", "suicide",      "Маша 7",       "a b c",    "!!!",  "Убьюсь"};
    char name[FAM_NAME_SIZE];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        cr_assert(fam_name_parse(names[i], name), "%s", names[i]);
    cr_assert_str_eq((fam_name_parse(" Маша ", name), name), "Маша");
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
        cr_assert_not(fam_name_parse(phrases[i], name), "%s", phrases[i]);
}

Test(bot_birth, countries_are_understood_by_code_and_by_name_in_both_languages)
{
    struct fam_status status;
    struct fam_locales *locales = fam_locales_new(&status);
    char code[3];
    static const char *const good[][2] = {{"RU", "RU"},      {"jp", "JP"},  {"Германия", "DE"},
                                          {"germany", "DE"}, {"сша", "US"}, {"United Kingdom", "GB"}};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_assert(fam_country_parse(locales, good[i][0], true, code), "%s", good[i][0]);
        cr_assert_str_eq(code, good[i][1]);
    }
    static const char *const bad[] = {"XX", "ZZ", "нет", "", "R", "Нарния"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_not(fam_country_parse(locales, bad[i], true, code), "%s", bad[i]);
    cr_assert_not(fam_country_parse(locales, "no", false, code));
    for (size_t i = 0; fam_country_at(i); i++)
        for (size_t l = 0; l < fam_locale_count(); l++)
            cr_assert_gt(strlen(fam_country_name(fam_locales_get(locales, fam_locale_language(l)), fam_country_at(i))),
                         2, "%s has no name", fam_country_at(i));
    fam_locales_free(locales);
}

Test(bot_birth, a_state_comes_back_as_it_was_kept)
{
    struct fam_state state = {.step = FAM_STEP_CHILD_BIRTH,
                              .name = "Маша \"М\"",
                              .another = true,
                              .phrase_id = 5,
                              .answer_id = 6,
                              .entry_id = "00000000-0000-7000-8000-000000000001",
                              .had_safety = true,
                              .age_band = 3};
    struct fam_state read;
    char text[FAM_STATE_BYTES];
    size_t size = fam_state_format(&state, text);
    fam_state_parse(text, size, &read);
    cr_assert_eq(read.step, state.step);
    cr_assert_str_eq(read.name, state.name);
    cr_assert_str_eq(read.entry_id, state.entry_id);
    cr_assert(read.another && read.had_safety);
    cr_assert_eq(read.phrase_id, 5);
    cr_assert_eq(read.answer_id, 6);
    cr_assert_eq(read.age_band, 3);
    fam_state_leave(&read);
    cr_assert_eq(read.step, FAM_STEP_NONE);
    cr_assert_eq(read.answer_id, 6);
}

Test(bot_birth, what_is_no_state_is_an_empty_one)
{
    static const char *const rows[] = {
        "", "x", "[]", "{\"s\":5,\"n\":[],\"p\":-1,\"g\":9,\"e\":\"x\"}", "{\"s\":\"nosuch\"}", "{\"s\":\"country\""};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fam_state read;
        fam_state_parse(rows[i], strlen(rows[i]), &read);
        cr_assert_eq(read.step, FAM_STEP_NONE);
        cr_assert_str_eq(read.name, "");
        cr_assert_eq(read.phrase_id, 0);
        cr_assert_eq(read.age_band, 0);
    }
}
