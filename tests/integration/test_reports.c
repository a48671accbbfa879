/* Reports from the database: what their reader may see, days by the family's clock, and the archive. */
#include <criterion/criterion.h>

#include "report/report.h"
#include "store/checkin_store.h"
#include "store/report_store.h"
#include "support/notification_fixture.h"

#define WEEK FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK
#define PROCESSING FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING
#define E(name) FAM__V1__EMOTION__EMOTION_##name
/* 2026-11-29 12:00 in Moscow, a Sunday. */
#define NOW_MS ((int64_t)1795942800000)
#define HOUR_MS ((int64_t)3600000)

static struct store_fixture f;
static struct fam_uuid anna, boris, family, child;
static struct fam_status status;

static void sql(const char *text)
{
    char all[1200];
    (void)snprintf(all, sizeof(all), "%s; SELECT 1", text);
    expect_sql(f.pg.conninfo, all, "1");
}

/* Another parent of the family, without an invitation. */
static void join(const struct fam_uuid *user_id)
{
    char user[FAM_UUID_TEXT_SIZE], home[FAM_UUID_TEXT_SIZE], text[300];
    fam_uuid_format(user_id, user);
    fam_uuid_format(&family, home);
    (void)snprintf(text, sizeof(text),
                   "INSERT INTO parents (parent_id, family_id, user_id, role) VALUES (gen_random_uuid(), '%s', '%s', "
                   "'parent')",
                   home, user);
    sql(text);
}

static void start(void)
{
    store_fixture_start(&f);
    anna = make_user(f.store, 1);
    boris = make_user(f.store, 2);
    give_consent(f.store, &anna, PROCESSING, true);
    give_consent(f.store, &boris, PROCESSING, true);
    family = make_family(f.store, &anna);
    join(&boris);
    child = make_child(f.store, &anna, "Миша");
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(reports, .init = start, .fini = stop, .timeout = 120);

static void move(const char *table, const char *key, const struct fam_uuid *id, int64_t at_ms)
{
    char text[300], word[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(id, word);
    (void)snprintf(text, sizeof(text), "UPDATE %s SET created_at = to_timestamp(%lld / 1000.0) WHERE %s = '%s'", table,
                   (long long)at_ms, key, word);
    sql(text);
}

static struct fam_uuid tell_with(const struct fam_uuid *user_id, Fam__V1__Emotion emotion, int64_t at_ms, bool shared,
                                 size_t danger_count)
{
    static const Fam__V1__SafetyKind DANGER = FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE;
    Fam__V1__Reading reading;
    Fam__V1__EmotionScore primary = FAM__V1__EMOTION_SCORE__INIT;
    Fam__V1__SuggestedResponse response = FAM__V1__SUGGESTED_RESPONSE__INIT;
    Fam__V1__SuggestedResponse *responses[] = {&response};
    struct fam_uuid id = fam_uuid_v7();
    struct fam_outcome outcome;
    fill_reading(&reading);
    response.kind = FAM__V1__RESPONSE_KIND__RESPONSE_KIND_NAME_FEELING;
    reading.responses = responses;
    reading.n_responses = 1;
    primary.emotion = emotion;
    primary.intensity = 3;
    reading.primary = &primary;
    const struct fam_entry_new entry = {.user_id = user_id,
                                        .child_id = &child,
                                        .phrase = "Уходи!",
                                        .language = FAM__V1__LANGUAGE__LANGUAGE_RU,
                                        .safety_count = danger_count,
                                        .safety = &DANGER,
                                        .reading = &reading,
                                        .entry_id = &id};
    cr_assert_eq(fam_entry_add(f.store, NULL, &entry, 0, &outcome, &status), FAM_OK, "%s", status.message);
    const struct fam_sharing sharing = {.user_id = user_id, .entry_id = &id, .shared = true, .confirmed = true};
    if (shared)
        cr_assert_eq(fam_entry_share(f.store, NULL, &sharing, &outcome, &status), FAM_OK, "%s", status.message);
    move("emotion_entries", "entry_id", &id, at_ms);
    return id;
}

static struct fam_uuid tell(const struct fam_uuid *user_id, Fam__V1__Emotion emotion, int64_t at_ms, bool shared)
{
    return tell_with(user_id, emotion, at_ms, shared, 0);
}

static void rate(const struct fam_uuid *user_id, const struct fam_uuid *entry_id, Fam__V1__Helped helped)
{
    const struct fam_rating rating = {.helped = helped, .used_response = 1, .comment = ""};
    struct fam_outcome outcome;
    cr_assert_eq(fam_entry_rate(f.store, NULL, user_id, entry_id, &rating, &outcome, &status), FAM_OK, "%s",
                 status.message);
}

static enum fam_code answer_mood(void *context, const struct fam_checkin *checkin,
                                 struct fam_checkin_change *ret_change, struct fam_status *failure)
{
    (void)checkin;
    (void)failure;
    *ret_change = (struct fam_checkin_change){.question_id = "mood",
                                              .option_id = context,
                                              .text = "",
                                              .keep_count = 1,
                                              .keep = {"mood"},
                                              .asked = 1,
                                              .answered = 1,
                                              .is_complete = true};
    return FAM_OK;
}

static void check_in(const struct fam_uuid *user_id, const char *option, int64_t at_ms)
{
    struct fam_outcome outcome;
    struct fam_checkin_end end;
    struct fam_uuid id;
    char text[300], word[FAM_UUID_TEXT_SIZE];
    cr_assert_eq(fam_checkin_begin(f.store, NULL, user_id, "moment", &outcome, &status), FAM_OK, "%s", status.message);
    cr_assert(fam_ids_uuid(outcome.ids, outcome.ids_size, 0, &id));
    cr_assert_eq(fam_checkin_answer(f.store, NULL, user_id, &id, answer_mood, (void *)(uintptr_t)option, &end, &outcome,
                                    &status),
                 FAM_OK, "%s", status.message);
    fam_uuid_format(&id, word);
    (void)snprintf(text, sizeof(text),
                   "UPDATE checkins SET due_at = to_timestamp(%lld / 1000.0) WHERE checkin_id = '%s'", (long long)at_ms,
                   word);
    sql(text);
}

/* Of the week that ends with the day of NOW_MS. */
static Fam__V1__Report *report_of(const struct fam_uuid *user_id)
{
    const struct fam_report_order order = {.user_id = user_id, .period = WEEK, .at_ms = NOW_MS, .with_today = true};
    Fam__V1__Report *report = NULL;
    cr_assert_eq(fam_report_make(f.store, &order, &report, &status), FAM_OK, "%s", status.message);
    return report;
}

static void done(Fam__V1__Report *report)
{
    fam__v1__report__free_unpacked(report, NULL);
}

Test(reports, days_are_those_of_the_familys_clock)
{
    (void)tell(&anna, E(JOY), NOW_MS - 12 * HOUR_MS, false);            /* the first moment of Sunday */
    (void)tell(&anna, E(JOY), NOW_MS - 12 * HOUR_MS - 1, false);        /* the last of Saturday */
    (void)tell(&anna, E(JOY), NOW_MS - (6 * 24 + 12) * HOUR_MS, false); /* the first of Monday */
    (void)tell(&anna, E(ANGER), NOW_MS - (6 * 24 + 12) * HOUR_MS - 1, false);
    check_in(&anna, "4", NOW_MS - 13 * HOUR_MS);
    Fam__V1__Report *report = report_of(&anna);
    cr_expect_eq(report->entries, 3);
    cr_expect_eq(report->checkins, 1);
    cr_assert_eq(report->n_days, 7);
    cr_expect_eq(report->days[0]->date->day, 23);
    cr_expect_eq(report->days[0]->entries, 1);
    cr_expect_eq(report->days[5]->entries, 1);
    cr_expect_eq(report->days[6]->entries, 1);
    cr_expect_eq(report->days[5]->mood, 8);
    cr_expect_eq(report->days[6]->mood, 0);
    cr_expect_eq(report->until_ms - report->from_ms, 7 * 24 * HOUR_MS);
    cr_expect_str_eq(report->time_zone, "Europe/Moscow");
    done(report);
}

/* Noon by UTC of a day in the middle of the week behind a clock change. */
static const struct {
    const char *zone;
    int64_t at_ms;
    int half_hours; /* that the week is longer */
} CHANGES[] = {
    {"America/New_York", 1773230400000, -2},    /* 2026-03-11 */
    {"America/New_York", 1793793600000, 2},     /* 2026-11-04 */
    {"Australia/Lord_Howe", 1775649600000, 1},  /* 2026-04-08 */
    {"Australia/Lord_Howe", 1791374400000, -1}, /* 2026-10-07 */
    {"Europe/Moscow", 1793793600000, 0},        {"Asia/Kathmandu", 1793793600000, 0},
};

Test(reports, a_week_has_seven_days_whatever_its_clocks_do)
{
    for (size_t i = 0; i < FAM_ARRAY_SIZE(CHANGES); i++) {
        char text[120];
        const struct fam_report_order order = {.user_id = &anna, .period = WEEK, .at_ms = CHANGES[i].at_ms};
        Fam__V1__Report *report = NULL;
        (void)snprintf(text, sizeof(text), "UPDATE families SET time_zone = '%s'", CHANGES[i].zone);
        sql(text);
        cr_assert_eq(fam_report_make(f.store, &order, &report, &status), FAM_OK, "%s", status.message);
        cr_expect_eq(report->n_days, 7);
        cr_expect_str_eq(report->time_zone, CHANGES[i].zone);
        cr_expect_eq(report->until_ms - report->from_ms, 7 * 24 * HOUR_MS + CHANGES[i].half_hours * HOUR_MS / 2,
                     "%s %zu", CHANGES[i].zone, i);
        done(report);
    }
}

Test(reports, a_report_is_made_of_own_entries_and_of_what_others_share_and_of_own_ratings_and_checkins_alone)
{
    for (int i = 0; i < 3; i++) {
        struct fam_uuid own = tell(&anna, E(FEAR), NOW_MS - (i + 1) * 24 * HOUR_MS, true);
        rate(&anna, &own, FAM__V1__HELPED__HELPED_YES);
        (void)tell(&anna, E(ANGER), NOW_MS - (i + 1) * 24 * HOUR_MS, false);
        check_in(&anna, "2", NOW_MS - (i + 1) * 24 * HOUR_MS);
    }
    (void)tell(&boris, E(JOY), NOW_MS - HOUR_MS, false);
    Fam__V1__Report *hers = report_of(&anna), *his = report_of(&boris);
    cr_expect_eq(hers->entries, 6);
    cr_expect_eq(hers->checkins, 3);
    cr_expect_eq(hers->mood, 4);
    cr_assert_eq(hers->n_children, 1);
    cr_expect_eq(hers->children[0]->n_worked, 1);
    cr_expect_eq(his->entries, 4);
    cr_expect_eq(his->checkins, 0);
    cr_expect_eq(his->mood, 0);
    cr_assert_eq(his->n_emotions, 1);
    cr_expect_eq(his->emotions[0]->emotion, E(FEAR));
    cr_expect_eq(his->emotions[0]->count, 3);
    cr_expect_eq(his->children[0]->n_worked, 0, "what helped is told to the one who told it");
    done(hers);
    done(his);
}

/* Also of one that another parent showed, who said twice that it shall be seen. */
Test(reports, of_a_danger_nothing_is_told_but_that_an_entry_was_there)
{
    for (int i = 0; i < 3; i++) {
        struct fam_uuid own = tell_with(&anna, E(SADNESS), NOW_MS - (i + 1) * 24 * HOUR_MS, true, 1);
        rate(&anna, &own, FAM__V1__HELPED__HELPED_YES);
        (void)tell(&anna, E(ANGER), NOW_MS - (i + 1) * 24 * HOUR_MS, true);
    }
    Fam__V1__Report *reports[] = {report_of(&anna), report_of(&boris)};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(reports); i++) {
        cr_expect_eq(reports[i]->entries, 6);
        cr_expect_eq(reports[i]->children[0]->entries, 6);
        cr_expect_eq(reports[i]->children[0]->n_worked, 0);
        cr_assert_eq(reports[i]->n_emotions, 1);
        cr_expect_eq(reports[i]->emotions[0]->emotion, E(ANGER));
        done(reports[i]);
    }
}

static size_t pack(Fam__V1__Report *report, unsigned char *bytes, size_t room)
{
    report->created_at_ms = 0;
    size_t size = fam__v1__report__get_packed_size(report);
    cr_assert_leq(size, room);
    return fam__v1__report__pack(report, bytes);
}

Test(reports, nothing_private_of_one_parent_changes_a_byte_of_the_others_report)
{
    enum { ROOM = 16384 };
    static unsigned char before[ROOM], after[ROOM];
    for (int i = 0; i < 4; i++) {
        (void)tell(&boris, E(SADNESS), NOW_MS - (i + 1) * 24 * HOUR_MS, false);
        (void)tell(&anna, E(JOY), NOW_MS - (i + 1) * 24 * HOUR_MS - HOUR_MS, true);
        check_in(&boris, i % 2 == 0 ? "2" : "4", NOW_MS - (i + 1) * 24 * HOUR_MS);
    }
    Fam__V1__Report *report = report_of(&boris);
    size_t size = pack(report, before, ROOM);
    done(report);
    for (int i = 0; i < 5; i++) {
        struct fam_uuid secret = tell(&anna, E(FEAR), NOW_MS - (i + 1) * 24 * HOUR_MS, false);
        rate(&anna, &secret, FAM__V1__HELPED__HELPED_YES);
        check_in(&anna, "1", NOW_MS - (i + 1) * 24 * HOUR_MS);
        done(report_of(&anna));
    }
    report = report_of(&boris);
    cr_expect_eq(pack(report, after, ROOM), size);
    cr_expect_arr_eq(before, after, size);
    done(report);
}

Test(reports, what_was_shared_is_in_no_report_once_its_author_has_left_or_hides_it)
{
    struct fam_outcome outcome;
    struct fam_uuid hidden = tell(&anna, E(JOY), NOW_MS - HOUR_MS, true);
    (void)tell(&anna, E(JOY), NOW_MS - HOUR_MS, true);
    Fam__V1__Report *report = report_of(&boris);
    cr_expect_eq(report->entries, 2);
    done(report);
    const struct fam_sharing hide = {.user_id = &anna, .entry_id = &hidden, .shared = false};
    cr_assert_eq(fam_entry_share(f.store, NULL, &hide, &outcome, &status), FAM_OK, "%s", status.message);
    report = report_of(&boris);
    cr_expect_eq(report->entries, 1);
    done(report);
    cr_assert_eq(fam_family_leave(f.store, NULL, &anna, &outcome, &status), FAM_OK, "%s", status.message);
    report = report_of(&boris);
    cr_expect_eq(report->entries, 0);
    cr_expect(report->is_empty);
    cr_expect_neq(report->kind_words[0], '\0', "an empty week says something kind");
    done(report);
}

Test(reports, the_archive_keeps_one_report_for_a_period_and_its_end_and_shows_it_to_its_reader_alone)
{
    struct fam_report_line lines[FAM_REPORT_PAGE_MAX];
    struct fam_uuid id;
    size_t count = 0;
    bool more = false;
    Fam__V1__Report *first = report_of(&anna);
    (void)tell(&anna, E(JOY), NOW_MS - HOUR_MS, false);
    Fam__V1__Report *second = report_of(&anna), *found = NULL;
    cr_expect_str_eq(first->report_id, second->report_id);
    cr_expect_eq(second->entries, 1);
    cr_assert(fam_uuid_parse(second->report_id, &id));
    const struct fam_report_order month = {
        .user_id = &anna, .period = FAM__V1__REPORT_PERIOD__REPORT_PERIOD_MONTH, .at_ms = NOW_MS, .with_today = true};
    Fam__V1__Report *third = NULL;
    cr_assert_eq(fam_report_make(f.store, &month, &third, &status), FAM_OK, "%s", status.message);
    cr_expect_eq(third->n_days, 30);
    cr_assert_eq(fam_report_list(f.store, &anna, NULL, 1, lines, &count, &more, &status), FAM_OK);
    cr_expect_eq(count, 1);
    cr_expect(more);
    cr_expect_eq(lines[0].period, FAM__V1__REPORT_PERIOD__REPORT_PERIOD_MONTH);
    struct fam_uuid last = lines[0].report_id;
    cr_assert_eq(fam_report_list(f.store, &anna, &last, 1, lines, &count, &more, &status), FAM_OK);
    cr_expect(count == 1 && !more && lines[0].period == WEEK && lines[0].until_ms == second->until_ms);
    cr_assert_eq(fam_report_list(f.store, &boris, NULL, 10, lines, &count, &more, &status), FAM_OK);
    cr_expect_eq(count, 0);
    cr_assert_eq(fam_report_get(f.store, &anna, &id, &found, &status), FAM_OK);
    cr_expect_eq(found->entries, 1);
    done(found);
    cr_expect_eq(fam_report_get(f.store, &boris, &id, &found, &status), FAM_NOT_FOUND);
    done(first);
    done(second);
    done(third);
}

/* As when the decision comes between the question and the writing. */
Test(reports, nothing_is_written_for_whoever_withdrew)
{
    const struct fam_report_order order = {.user_id = &anna, .period = WEEK, .at_ms = NOW_MS, .with_today = true};
    struct fam_outcome outcome;
    struct fam_checkin_end end;
    struct fam_uuid id;
    Fam__V1__Report *report = NULL;
    cr_assert_eq(fam_checkin_begin(f.store, NULL, &anna, "moment", &outcome, &status), FAM_OK, "%s", status.message);
    cr_assert(fam_ids_uuid(outcome.ids, outcome.ids_size, 0, &id));
    give_consent(f.store, &anna, PROCESSING, false);
    cr_expect_eq(
        fam_checkin_answer(f.store, NULL, &anna, &id, answer_mood, (void *)(uintptr_t) "4", &end, &outcome, &status),
        FAM_FAILED_PRECONDITION);
    cr_expect_str_eq(status.reason, "CONSENT_REQUIRED");
    cr_expect_eq(fam_checkin_begin(f.store, NULL, &anna, "moment", &outcome, &status), FAM_FAILED_PRECONDITION);
    cr_expect_str_eq(status.reason, "CONSENT_REQUIRED");
    cr_expect_eq(fam_report_make(f.store, &order, &report, &status), FAM_FAILED_PRECONDITION);
    cr_expect_str_eq(status.reason, "CONSENT_REQUIRED");
    expect_sql(f.pg.conninfo, "SELECT (SELECT count(answers) FROM checkins) + (SELECT count(*) FROM reports)", "0");
}

Test(reports, of_an_erased_person_nothing_is_read)
{
    struct fam_report_line lines[FAM_REPORT_PAGE_MAX];
    struct fam_checkin checkin, *list = NULL;
    struct fam_outcome outcome;
    struct fam_uuid id, checkin_id;
    Fam__V1__Report *report = report_of(&anna), *found = NULL;
    size_t count = 0;
    bool more = false;
    cr_assert(fam_uuid_parse(report->report_id, &id));
    done(report);
    cr_assert_eq(fam_checkin_begin(f.store, NULL, &anna, "moment", &outcome, &status), FAM_OK, "%s", status.message);
    cr_assert(fam_ids_uuid(outcome.ids, outcome.ids_size, 0, &checkin_id));
    sql("UPDATE users SET erased_at = now()");
    cr_expect_eq(fam_report_get(f.store, &anna, &id, &found, &status), FAM_NOT_FOUND);
    cr_assert_eq(fam_report_list(f.store, &anna, NULL, 10, lines, &count, &more, &status), FAM_OK);
    cr_expect_eq(count, 0);
    cr_expect_eq(fam_checkin_get(f.store, &anna, &checkin_id, &checkin, &status), FAM_NOT_FOUND);
    cr_assert_eq(fam_checkin_list(f.store, &anna, NULL, 10, &list, &count, &more, &status), FAM_OK);
    cr_expect_eq(count, 0);
    fam_checkins_free(list, count);
}

Test(reports, at_rest_no_word_of_a_report_can_be_read)
{
    done(report_of(&anna));
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM reports WHERE position(convert_to('Миша', 'UTF8') IN body) > 0",
               "0");
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM reports WHERE length(body) > 200", "1");
}

Test(reports, a_person_without_a_family_has_days_by_utc)
{
    struct fam_uuid alone = make_user(f.store, 3);
    give_consent(f.store, &alone, PROCESSING, true);
    Fam__V1__Report *report = report_of(&alone);
    cr_expect_str_eq(report->time_zone, "UTC");
    cr_expect_eq(report->until_ms % (24 * HOUR_MS), 0);
    cr_expect_eq(report->n_children, 0);
    done(report);
}

struct maker {
    enum fam_code code;
    char id[FAM_UUID_TEXT_SIZE];
};

static void *make_one(void *context)
{
    struct maker *maker = context;
    const struct fam_report_order order = {.user_id = &anna, .period = WEEK, .at_ms = NOW_MS, .with_today = true};
    struct fam_status failure;
    Fam__V1__Report *report = NULL;
    maker->code = fam_report_make(f.store, &order, &report, &failure);
    if (report != NULL) {
        (void)snprintf(maker->id, sizeof(maker->id), "%s", report->report_id);
        done(report);
    }
    return NULL;
}

Test(reports, made_at_once_they_are_one)
{
    struct maker makers[6] = {{.code = FAM_INTERNAL}};
    run_at_once(make_one, makers, sizeof(makers[0]), 6);
    for (size_t i = 0; i < 6; i++) {
        cr_expect_eq(makers[i].code, FAM_OK);
        cr_expect_str_eq(makers[i].id, makers[0].id);
    }
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM reports", "1");
}
