/* report_fixture.h: facts of seeded families, without a database: the weeks that the tests of reports and of their
 * pictures speak about. The week is that of 23 to 29 November 2026, a Monday to a Sunday. */
#ifndef FAM_TESTS_REPORT_FIXTURE_H
#define FAM_TESTS_REPORT_FIXTURE_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

#define FIXTURE_DAY_MS ((int64_t)86400000)
/* 2026-11-23 00:00 by Moscow's clock. */
#define FIXTURE_FROM_MS ((int64_t)1795381200000)

enum { FIXTURE_ENTRIES = 400, FIXTURE_MOODS = 200 };

#define E(name) FAM__V1__EMOTION__EMOTION_##name
#define KIND(name) FAM__V1__RESPONSE_KIND__RESPONSE_KIND_##name
#define MORNING FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_MORNING
#define EVENING FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_EVENING

/* Back from the end of a month's name: days since 1970 to a date (civil_from_days). */
static inline struct fam_local_day fixture_day(int64_t start_ms)
{
    int64_t z = (start_ms + 3 * 3600000) / FIXTURE_DAY_MS + 719468, era = z / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153, month = mp < 10 ? mp + 3 : mp - 9;
    return (struct fam_local_day){.year = (int)(yoe + era * 400 + (month <= 2 ? 1 : 0)),
                                  .month = (int)month,
                                  .day = (int)(doy - (153 * mp + 2) / 5 + 1),
                                  .start_ms = start_ms};
}

/* Periods end with 29 November. Free with fam_facts_done and free. */
static inline struct fam_facts *fixture_new(Fam__V1__ReportPeriod period, Fam__V1__Language language)
{
    struct fam_facts *facts = calloc(1, sizeof(*facts));
    cr_assert_not_null(facts);
    int64_t days = (int64_t)fam_report_days(period);
    facts->period = period;
    facts->language = language;
    (void)snprintf(facts->time_zone, sizeof(facts->time_zone), "Europe/Moscow");
    facts->day_count = (size_t)days;
    facts->until_ms = FIXTURE_FROM_MS + 7 * FIXTURE_DAY_MS;
    facts->from_ms = facts->until_ms - days * FIXTURE_DAY_MS;
    facts->before_ms = facts->from_ms - days * FIXTURE_DAY_MS;
    for (int64_t i = 0; i < days; i++) {
        facts->days[i] = fixture_day(facts->from_ms + i * FIXTURE_DAY_MS);
        facts->before[i] = fixture_day(facts->before_ms + i * FIXTURE_DAY_MS);
    }
    facts->entries = calloc(FIXTURE_ENTRIES, sizeof(*facts->entries));
    facts->moods = calloc(FIXTURE_MOODS, sizeof(*facts->moods));
    cr_assert(facts->entries != NULL && facts->moods != NULL);
    return facts;
}

static inline void fixture_free(struct fam_facts *facts)
{
    fam_facts_done(facts);
    free(facts);
}

static inline int fixture_child(struct fam_facts *facts, const char *name)
{
    struct fam_fact_child *child = &facts->children[facts->child_count];
    cr_assert_lt(facts->child_count, (size_t)FAM_CHILDREN_MAX);
    child->child_id.bytes[15] = (unsigned char)(facts->child_count + 1);
    child->name = strdup(name);
    return (int)facts->child_count++;
}

/* `day` counts from the first of the period; a negative one is of the period before. */
static inline struct fam_fact_entry *fixture_entry(struct fam_facts *facts, int day, int child,
                                                   Fam__V1__Emotion emotion, int intensity)
{
    cr_assert_lt(facts->entry_count, (size_t)FIXTURE_ENTRIES);
    struct fam_fact_entry *entry = &facts->entries[facts->entry_count++];
    *entry = (struct fam_fact_entry){.at_ms = facts->from_ms + day * FIXTURE_DAY_MS + 18 * 3600000,
                                     .child = child,
                                     .emotion = emotion,
                                     .intensity = intensity};
    return entry;
}

static inline void fixture_rated(struct fam_facts *facts, int day, int child, Fam__V1__Emotion emotion,
                                 Fam__V1__ResponseKind kind, Fam__V1__Helped helped)
{
    struct fam_fact_entry *entry = fixture_entry(facts, day, child, emotion, 3);
    entry->is_rated = true;
    entry->helped = helped;
    entry->used = kind;
}

/* In the order of time. */
static inline struct fam_checkin_mood *fixture_mood(struct fam_facts *facts, int day, Fam__V1__CheckinSlot slot,
                                                    int value)
{
    cr_assert_lt(facts->mood_count, (size_t)FIXTURE_MOODS);
    struct fam_checkin_mood *mood = &facts->moods[facts->mood_count++];
    *mood =
        (struct fam_checkin_mood){.checkin_id = {.bytes = {[15] = (unsigned char)facts->mood_count}},
                                  .slot = slot,
                                  .mood = value,
                                  .at_ms = facts->from_ms + day * FIXTURE_DAY_MS + (slot == MORNING ? 8 : 20) * 3600000,
                                  .note = strdup(""),
                                  .good = strdup("")};
    return mood;
}

static inline void fixture_good(struct fam_checkin_mood *mood, const char *words)
{
    free(mood->good);
    mood->good = strdup(words);
}

static inline const char *fixture_word(const struct fam_facts *facts, const char *ru, const char *en)
{
    return facts->language == FAM__V1__LANGUAGE__LANGUAGE_EN ? en : ru;
}

/* ---- the seeded families ---- */

static inline void seed_nothing(struct fam_facts *facts)
{
    (void)fixture_child(facts, fixture_word(facts, "Миша", "Misha"));
}

/* A calm week with few entries, brighter than the one before. */
static inline void seed_quiet(struct fam_facts *facts)
{
    static const int BEFORE[] = {6, 4, 6, 6, 4, 6}, NOW[] = {8, 6, 8, 10, 8, 0, 8};
    int misha = fixture_child(facts, fixture_word(facts, "Миша", "Misha"));
    for (int i = 0; i < 6; i++)
        (void)fixture_mood(facts, i - 7, EVENING, BEFORE[i]);
    for (int i = 0; i < 7; i++) {
        if (NOW[i] > 0)
            (void)fixture_mood(facts, i, EVENING, NOW[i]);
    }
    fixture_good(&facts->moods[facts->mood_count - 2],
                 fixture_word(facts, "вместе пекли блины, и Миша сам переворачивал",
                              "we made pancakes together, and Misha turned them himself"));
    (void)fixture_entry(facts, 3, misha, E(JOY), 4);
    (void)fixture_entry(facts, 4, misha, E(JOY), 3);
    (void)fixture_entry(facts, 5, misha, E(TIREDNESS), 2);
}

static inline void seed_hard(struct fam_facts *facts)
{
    static const int EVENINGS[] = {4, 2, 4, 2, 6, 4, 2}, MORNINGS[] = {6, 8, 6, 6, 8, 6, 0};
    int misha = fixture_child(facts, fixture_word(facts, "Миша", "Misha"));
    int asya = fixture_child(facts, fixture_word(facts, "Ася", "Asya"));
    for (int i = 0; i < 7; i++)
        (void)fixture_mood(facts, i - 7, EVENING, i % 2 == 0 ? 6 : 8);
    for (int i = 0; i < 7; i++) {
        if (MORNINGS[i] > 0)
            (void)fixture_mood(facts, i, MORNING, MORNINGS[i]);
        struct fam_checkin_mood *evening = fixture_mood(facts, i, EVENING, EVENINGS[i]);
        if (i % 2 == 0)
            (void)snprintf(evening->about, sizeof(evening->about), "homework");
    }
    for (int i = 0; i < 5; i++)
        (void)fixture_entry(facts, i - 6, misha, E(JOY), 3);
    for (int i = 0; i < 6; i++)
        (void)fixture_entry(facts, i, misha, i == 2 ? E(SHAME) : E(ANGER), 4);
    (void)fixture_entry(facts, 1, misha, E(SHAME), 3);
    for (int i = 0; i < 4; i++)
        (void)fixture_entry(facts, i + 1, asya, i < 3 ? E(SADNESS) : E(LONELINESS), 3);
    (void)fixture_entry(facts, 6, asya, E(LONELINESS), 3);
}

/* One child, with answers that worked. */
static inline void seed_one_child(struct fam_facts *facts)
{
    static const int NOW[] = {6, 0, 8, 4, 6, 8, 8};
    int liza = fixture_child(facts, fixture_word(facts, "Лиза", "Liza"));
    for (int i = 0; i < 7; i++) {
        if (NOW[i] > 0)
            (void)fixture_mood(facts, i, EVENING, NOW[i]);
    }
    fixture_rated(facts, 0, liza, E(FEAR), KIND(NAME_FEELING), FAM__V1__HELPED__HELPED_YES);
    fixture_rated(facts, 1, liza, E(FEAR), KIND(NAME_FEELING), FAM__V1__HELPED__HELPED_A_LITTLE);
    fixture_rated(facts, 2, liza, E(JEALOUSY), KIND(SET_LIMIT), FAM__V1__HELPED__HELPED_NO);
    fixture_rated(facts, 3, liza, E(FEAR), KIND(NAME_FEELING), FAM__V1__HELPED__HELPED_YES);
    fixture_rated(facts, 4, liza, E(PRIDE), KIND(GIVE_SPACE), FAM__V1__HELPED__HELPED_YES);
    (void)fixture_entry(facts, 5, liza, E(PRIDE), 4);
    (void)fixture_entry(facts, 6, liza, E(JEALOUSY), 2);
}

static inline void seed_four_children(struct fam_facts *facts)
{
    static const int NOW[] = {6, 8, 8, 6, 10, 8, 6};
    int first = fixture_child(facts, fixture_word(facts, "Александра", "Alexandra"));
    int second = fixture_child(facts, fixture_word(facts, "Тимофей", "Timothy"));
    int third = fixture_child(facts, fixture_word(facts, "Маша", "Masha"));
    int fourth = fixture_child(facts, "");
    for (int i = 0; i < 7; i++)
        (void)fixture_mood(facts, i, EVENING, NOW[i]);
    for (int i = 0; i < 4; i++) {
        (void)fixture_entry(facts, i - 6, first, E(ANXIETY), 4);
        (void)fixture_entry(facts, i, first, i < 2 ? E(CALM) : E(ANXIETY), 2);
        (void)fixture_entry(facts, i, second, E(ANGER), 4);
        (void)fixture_entry(facts, i - 6, second, E(ANGER), 2);
    }
    (void)fixture_entry(facts, 4, second, E(DISAPPOINTMENT), 3);
    (void)fixture_entry(facts, 5, second, E(DISAPPOINTMENT), 3);
    (void)fixture_entry(facts, 5, third, E(EXCITEMENT), 3);
    for (int i = 0; i < 3; i++)
        (void)fixture_entry(facts, i, fourth, E(OVERWHELM), 3);
}

/* A month and a quarter of two children. */
static inline void seed_long(struct fam_facts *facts)
{
    static const int WAVE[] = {6, 8, 4, 6, 10, 8, 2, 6, 8};
    int misha = fixture_child(facts, fixture_word(facts, "Миша", "Misha"));
    int asya = fixture_child(facts, fixture_word(facts, "Ася", "Asya"));
    int days = (int)facts->day_count;
    for (int i = 0; i < days; i++) {
        if (i % 5 != 3)
            (void)fixture_mood(facts, i, EVENING, WAVE[i % 9]);
        if (i % 3 == 0)
            (void)fixture_entry(facts, i, misha, i % 2 == 0 ? E(ANGER) : E(JOY), 3);
        if (i % 4 == 0)
            (void)fixture_entry(facts, i, asya, i % 8 == 0 ? E(FEAR) : E(LOVE), 3);
    }
}

typedef void fixture_seed_fn(struct fam_facts *facts);
struct fixture_family {
    const char *name;
    Fam__V1__ReportPeriod period;
    fixture_seed_fn *seed;
};
static const struct fixture_family FIXTURE_FAMILIES[] = {
    {"nothing", FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK, seed_nothing},
    {"quiet_week", FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK, seed_quiet},
    {"hard_week", FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK, seed_hard},
    {"one_child", FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK, seed_one_child},
    {"four_children", FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK, seed_four_children},
    {"month", FAM__V1__REPORT_PERIOD__REPORT_PERIOD_MONTH, seed_long},
    {"quarter", FAM__V1__REPORT_PERIOD__REPORT_PERIOD_QUARTER, seed_long},
};

#endif
