/* Reports: what the counts carry and what they don't, and what is said of it. Facts are those of report_fixture.h. */
#include "../../support/report_fixture.h"
#include "checkin/questions.h"
#include "report/words.h"

enum { ARENA = 1 << 20 };

#define WEEK FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK
#define RU FAM__V1__LANGUAGE__LANGUAGE_RU
#define EN FAM__V1__LANGUAGE__LANGUAGE_EN
#define YES FAM__V1__HELPED__HELPED_YES
#define NO FAM__V1__HELPED__HELPED_NO

static struct fam_facts *facts;
static struct fam_arena arena;

static void start(void)
{
    facts = fixture_new(WEEK, RU);
    fam_arena_init(&arena, ARENA);
}

static void stop(void)
{
    fixture_free(facts);
    fam_arena_done(&arena);
}

TestSuite(report, .init = start, .fini = stop, .timeout = 30);

static Fam__V1__Report *make(void)
{
    struct fam_status status = {0};
    Fam__V1__Report *report = NULL;
    cr_assert_eq(fam_report_of(facts, &arena, &report, &status), FAM_OK, "%s", status.message);
    return report;
}

static bool says(char *const *list, size_t count, const char *part)
{
    for (size_t i = 0; i < count; i++) {
        if (strstr(list[i], part) != NULL)
            return true;
    }
    return false;
}

#define ATTENTION(report, part) says((report)->attention, (report)->n_attention, (part))
#define POSITIVE(report, part) says((report)->positive, (report)->n_positive, (part))
#define STEPS(report, part) says((report)->steps, (report)->n_steps, (part))

Test(report, an_empty_week_says_something_kind_and_nothing_else)
{
    seed_nothing(facts);
    Fam__V1__Report *report = make();
    cr_expect(report->is_empty);
    cr_expect(strstr(report->kind_words, "нормально") != NULL, "%s", report->kind_words);
    cr_expect_eq(report->n_attention + report->n_positive + report->n_steps + report->n_emotions, 0);
    cr_expect_eq(report->trend, FAM__V1__TREND__TREND_NONE);
    cr_expect_eq(report->mood, 0);
    cr_expect_eq(report->n_days, 7);
}

Test(report, a_mean_needs_three_checkins)
{
    (void)fixture_mood(facts, 0, EVENING, 10);
    (void)fixture_mood(facts, 1, EVENING, 10);
    Fam__V1__Report *report = make();
    cr_expect_eq(report->mood, 0);
    cr_expect_eq(report->days[0]->mood, 10, "a day is shown as it was");
    (void)fixture_mood(facts, 2, EVENING, 4);
    cr_expect_eq(make()->mood, 8);
}

Test(report, a_trend_needs_four_checkins_on_three_days_in_both_weeks_and_a_whole_point)
{
    for (int i = 0; i < 4; i++)
        (void)fixture_mood(facts, i - 7, EVENING, 6);
    for (int i = 0; i < 3; i++)
        (void)fixture_mood(facts, i, EVENING, 8);
    cr_expect_eq(make()->trend, FAM__V1__TREND__TREND_NONE);
    (void)fixture_mood(facts, 3, EVENING, 8);
    Fam__V1__Report *report = make();
    cr_expect_eq(report->trend, FAM__V1__TREND__TREND_BETTER);
    cr_expect(POSITIVE(report, "8, было 6"));
    for (int i = 0; i < 4; i++)
        facts->moods[i].mood = i < 2 ? 8 : 6; /* 7 before: just a point */
    cr_expect_eq(make()->trend, FAM__V1__TREND__TREND_BETTER);
    facts->moods[2].mood = 8; /* 7.5 */
    cr_expect_eq(make()->trend, FAM__V1__TREND__TREND_SAME);
    for (int i = 0; i < 4; i++)
        facts->moods[i].mood = 10;
    report = make();
    cr_expect_eq(report->trend, FAM__V1__TREND__TREND_HARDER);
    cr_expect(ATTENTION(report, "8, было 10"));
}

Test(report, four_checkins_of_one_day_carry_no_trend)
{
    for (int i = 0; i < 4; i++)
        (void)fixture_mood(facts, i - 7, EVENING, 2);
    for (int i = 0; i < 4; i++)
        (void)fixture_mood(facts, 0, EVENING, 10);
    cr_expect_eq(make()->trend, FAM__V1__TREND__TREND_NONE);
}

Test(report, main_emotions_need_three_entries_and_two_of_a_kind)
{
    int misha = fixture_child(facts, "Миша");
    (void)fixture_entry(facts, 0, misha, E(ANGER), 3);
    (void)fixture_entry(facts, 1, misha, E(ANGER), 3);
    cr_expect_eq(make()->n_emotions, 0);
    (void)fixture_entry(facts, 2, misha, E(FEAR), 3);
    Fam__V1__Report *report = make();
    cr_assert_eq(report->n_emotions, 1);
    cr_expect_eq(report->emotions[0]->emotion, E(ANGER));
    cr_expect_eq(report->emotions[0]->count, 2);
    cr_assert_eq(report->children[0]->n_emotions, 1);
    cr_expect_eq(report->n_attention, 0, "twice is not often");
}

Test(report, what_is_half_of_a_childs_entries_and_came_three_times_needs_attention_and_has_a_step)
{
    int misha = fixture_child(facts, "Миша");
    for (int i = 0; i < 3; i++)
        (void)fixture_entry(facts, i, misha, E(FEAR), 3);
    Fam__V1__Report *report = make();
    cr_assert_eq(report->n_attention, 1);
    cr_expect_str_eq(report->attention[0], "Миша: чаще всего это страх (3 из 3).");
    cr_expect(STEPS(report, "Миша: спросите, что именно пугает"));
    for (int i = 0; i < 4; i++)
        (void)fixture_entry(facts, i, misha, E(JOY), 3);
    report = make();
    cr_expect_eq(report->n_attention, 0, "3 of 7 is less than half");
    cr_expect(POSITIVE(report, "радость (4)"));
}

Test(report, a_childs_trend_needs_four_entries_in_both_weeks)
{
    int misha = fixture_child(facts, "Миша");
    for (int i = 0; i < 4; i++)
        (void)fixture_entry(facts, i - 5, misha, E(ANGER), 4);
    for (int i = 0; i < 3; i++)
        (void)fixture_entry(facts, i, misha, E(JOY), 4);
    cr_expect_eq(make()->children[0]->trend, FAM__V1__TREND__TREND_NONE);
    (void)fixture_entry(facts, 3, misha, E(SADNESS), 2);
    Fam__V1__Report *report = make();
    cr_expect_eq(report->children[0]->trend, FAM__V1__TREND__TREND_BETTER);
    cr_expect(POSITIVE(report, "Миша: чувства светлее"));
}

Test(report, what_worked_needs_three_ratings_of_a_kind_for_this_child_of_which_two_thirds_helped)
{
    int misha = fixture_child(facts, "Миша"), asya = fixture_child(facts, "Ася");
    fixture_rated(facts, 0, misha, E(JOY), KIND(REPAIR), YES);
    fixture_rated(facts, 1, misha, E(FEAR), KIND(REPAIR), YES);
    fixture_rated(facts, 1, asya, E(FEAR), KIND(REPAIR), YES);
    cr_expect_eq(make()->children[0]->n_worked, 0);
    fixture_rated(facts, 2, misha, E(PRIDE), KIND(REPAIR), NO);
    Fam__V1__Report *report = make();
    cr_assert_eq(report->children[0]->n_worked, 1);
    cr_expect_eq(report->children[0]->worked[0]->kind, KIND(REPAIR));
    cr_expect_eq(report->children[0]->worked[0]->helped, 2);
    cr_expect_eq(report->children[0]->worked[0]->rated, 3);
    cr_expect_eq(report->children[1]->n_worked, 0);
    cr_expect(POSITIVE(report, "Миша: помогает помириться (2 из 3)"));
    cr_expect(STEPS(report, "продолжайте то, что помогает: помириться"));
    fixture_rated(facts, 3, misha, E(CALM), KIND(REPAIR), NO);
    cr_expect_eq(make()->children[0]->n_worked, 0, "2 of 4 is not enough");
}

Test(report, older_ratings_count_for_what_works_though_they_are_of_no_week)
{
    int misha = fixture_child(facts, "Миша");
    for (int i = 0; i < 3; i++)
        fixture_rated(facts, -60 - i, misha, E(FEAR), KIND(GIVE_SPACE), YES);
    Fam__V1__Report *report = make();
    cr_expect_eq(report->entries, 0);
    cr_expect_eq(report->children[0]->n_worked, 1);
}

Test(report, hard_days_are_told_when_they_are_three_and_half_of_all)
{
    for (int i = 0; i < 2; i++)
        (void)fixture_mood(facts, i, EVENING, 2);
    (void)fixture_mood(facts, 2, EVENING, 8);
    cr_expect_eq(make()->n_attention, 0);
    (void)fixture_mood(facts, 3, EVENING, 4);
    Fam__V1__Report *report = make();
    cr_expect(ATTENTION(report, "Тяжёлых дней: 3 из 4."));
    cr_expect(STEPS(report, "четверть часа"));
    cr_expect(strstr(report->kind_words, "непростой") != NULL);
}

Test(report, a_topic_is_told_when_it_came_three_times_and_was_half_of_all)
{
    static const char *const TOPICS[] = {"homework", "other", "homework", "other", "other"};
    for (int i = 0; i < 5; i++)
        (void)snprintf(fixture_mood(facts, i, EVENING, 6)->about, FAM_CHECKIN_WORD_SIZE, "%s", TOPICS[i]);
    cr_expect_eq(make()->n_attention, 0, "of something else nothing can be said");
    (void)snprintf(fixture_mood(facts, 5, EVENING, 6)->about, FAM_CHECKIN_WORD_SIZE, "homework");
    Fam__V1__Report *report = make();
    cr_expect(ATTENTION(report, "уроки (3 из 6)"));
    cr_expect(STEPS(report, "уроки"));
}

Test(report, only_what_comes_at_its_hour_is_to_be_talked_about_beforehand)
{
    for (int i = 0; i < 3; i++)
        (void)snprintf(fixture_mood(facts, i, EVENING, 6)->about, FAM_CHECKIN_WORD_SIZE, "quarrel");
    Fam__V1__Report *report = make();
    cr_expect(ATTENTION(report, "ссоры (3 из 3)"));
    cr_expect_not(STEPS(report, "ссоры"), "it may have been one with the partner");
}

Test(report, evenings_are_harder_when_four_of_them_are_two_points_below_four_others)
{
    for (int i = 0; i < 3; i++)
        (void)fixture_mood(facts, i, MORNING, 8);
    for (int i = 0; i < 4; i++)
        (void)fixture_mood(facts, i, EVENING, 6);
    cr_expect_eq(make()->n_attention, 0);
    (void)fixture_mood(facts, 4, MORNING, 8);
    Fam__V1__Report *report = make();
    cr_expect(ATTENTION(report, "Вечером труднее: настроение 6, в остальное время 8."));
}

Test(report, a_best_day_is_one_alone_of_three_or_more)
{
    (void)fixture_mood(facts, 0, EVENING, 8);
    (void)fixture_mood(facts, 1, EVENING, 6);
    cr_expect_not(POSITIVE(make(), "Самый светлый день"));
    (void)fixture_mood(facts, 2, EVENING, 10);
    cr_expect(POSITIVE(make(), "Самый светлый день: среда, 25 ноября — 10 из 10."));
    (void)fixture_mood(facts, 3, EVENING, 10);
    cr_expect_not(POSITIVE(make(), "Самый светлый день"));
}

/* The report names this check-in, and says none of its words. */
static void expect_good_of(const struct fam_checkin_mood *mood)
{
    char id[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&mood->checkin_id, id);
    Fam__V1__Report *report = make();
    cr_expect_str_eq(report->good_checkin_id, id);
    cr_expect_eq(report->n_positive, 0);
}

/* As its reader sees it, with this good moment. */
static Fam__V1__Report *shown(const Fam__V1__Report *report, const char *good)
{
    struct fam_status status = {0};
    unsigned char *packed = malloc(fam__v1__report__get_packed_size(report) + 1);
    cr_assert_not_null(packed);
    Fam__V1__Report *copy = fam__v1__report__unpack(NULL, fam__v1__report__pack(report, packed), packed);
    cr_assert_not_null(copy);
    free(packed);
    cr_assert_eq(fam_report_add_good(copy, good, &status), FAM_OK, "%s", status.message);
    return copy;
}

Test(report, the_last_good_moment_is_quoted_and_a_long_one_is_cut_at_a_space)
{
    char words[1001];
    memset(words, 'a', sizeof(words) - 1);
    words[1000] = '\0';
    for (size_t i = 9; i < 1000; i += 10)
        words[i] = ' ';
    words[50] = '\n';
    struct fam_checkin_mood *first = fixture_mood(facts, 0, EVENING, 8), *last = NULL;
    fixture_good(first, "пекли блины");
    expect_good_of(first);
    last = fixture_mood(facts, 1, EVENING, 8);
    fixture_good(last, words);
    expect_good_of(last);
    Fam__V1__Report *report = shown(make(), words);
    cr_assert_eq(report->n_positive, 1);
    cr_expect_lt(strlen(report->positive[0]), 220u);
    cr_expect(strstr(report->positive[0], "aaa…»") != NULL, "%s", report->positive[0]);
    cr_expect_null(strchr(report->positive[0], '\n'));
    fam__v1__report__free_unpacked(report, NULL);
}

/* Whatever was good: with the moment in its first place there are three at most, and without it the others stay. */
Test(report, a_good_moment_takes_the_first_place_and_none_is_kept_in_a_report)
{
    seed_quiet(facts);
    for (int day = 0; day < 3; day++)
        fixture_rated(facts, day, 0, E(JOY), KIND(NAME_FEELING), YES);
    Fam__V1__Report *kept = make(), *report = shown(kept, "пекли блины");
    cr_assert_eq(kept->n_positive, 2);
    cr_assert_eq(report->n_positive, 3);
    cr_expect_str_eq(report->positive[0], "Вы отметили хорошее: «пекли блины»");
    cr_expect_str_eq(report->positive[1], kept->positive[0]);
    cr_expect_str_eq(report->positive[2], kept->positive[1]);
    cr_expect_not(POSITIVE(kept, "блины"));
    fam__v1__report__free_unpacked(report, NULL);
    report = shown(kept, "");
    cr_expect_eq(report->n_positive, 2);
    fam__v1__report__free_unpacked(report, NULL);
}

Test(report, there_are_at_most_three_of_each_whatever_the_week_was)
{
    seed_hard(facts);
    seed_four_children(facts);
    Fam__V1__Report *report = make();
    cr_expect_leq(report->n_attention, 3);
    cr_expect_leq(report->n_positive, 3);
    cr_expect_leq(report->n_steps, 3);
    cr_expect_geq(report->n_steps, 1);
}

Test(report, a_calm_week_has_one_step_that_is_a_joy)
{
    for (int i = 0; i < 3; i++)
        (void)fixture_mood(facts, i, EVENING, 6);
    Fam__V1__Report *report = make();
    cr_assert_eq(report->n_steps, 1);
    cr_expect(STEPS(report, "Десять минут вместе"));
}

Test(report, few_entries_carry_no_conclusion_and_it_says_so)
{
    (void)fixture_entry(facts, 0, fixture_child(facts, "Миша"), E(ANGER), 5);
    Fam__V1__Report *report = make();
    cr_expect_eq(report->n_attention + report->n_emotions, 0);
    cr_expect(strstr(report->kind_words, "выводов нет") != NULL);
}

/* What helps is told of three months: in a week with few entries it is said, so it is no week without conclusions. */
Test(report, few_entries_with_what_helps_say_of_what_time_that_is)
{
    static const Fam__V1__Language LANGUAGES[] = {RU, EN};
    static const char *const CONTRADICTIONS[] = {"только то, что было", "just what there was"};
    static const char *const TIMES[] = {"за три месяца", "three months"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(LANGUAGES); i++) {
        fixture_free(facts);
        facts = fixture_new(WEEK, LANGUAGES[i]);
        int misha = fixture_child(facts, "Миша");
        for (int day = -30; day < -27; day++)
            fixture_rated(facts, day, misha, E(ANGER), KIND(NAME_FEELING), YES);
        (void)fixture_entry(facts, 0, misha, E(ANGER), 5);
        Fam__V1__Report *report = make();
        cr_assert_eq(report->n_positive, 1);
        cr_expect(POSITIVE(report, i == 0 ? "(3 из 3)" : "(3 of 3)"));
        cr_expect_null(strstr(report->kind_words, CONTRADICTIONS[i]), "%s", report->kind_words);
        cr_expect(strstr(report->kind_words, TIMES[i]) != NULL, "%s", report->kind_words);
    }
}

Test(report, a_feeling_of_a_later_version_is_none_that_this_one_speaks_of)
{
    int misha = fixture_child(facts, "Миша");
    for (int i = 0; i < 4; i++)
        (void)fixture_entry(facts, i, misha, (Fam__V1__Emotion)77, 3);
    Fam__V1__Report *report = make();
    cr_expect_eq(report->entries, 4);
    cr_expect_eq(report->n_emotions, 0);
}

Test(report, what_a_later_version_knows_just_behind_the_last_of_this_one_is_passed_over_too)
{
    int misha = fixture_child(facts, "Миша");
    for (int i = 0; i < 4; i++) {
        (void)fixture_entry(facts, i, misha, (Fam__V1__Emotion)(E(OVERWHELM) + 1), 3);
        fixture_rated(facts, i, misha, E(ANGER),
                      (Fam__V1__ResponseKind)(FAM__V1__RESPONSE_KIND__RESPONSE_KIND_REPAIR + 1), YES);
    }
    Fam__V1__Report *report = make();
    cr_expect_eq(report->entries, 8);
    cr_expect_eq(report->n_emotions, 1);
    cr_assert_eq(report->n_children, 1);
    cr_expect_eq(report->children[0]->n_emotions, 1);
    cr_expect_eq(report->children[0]->n_worked, 0);
}

/* Every sentence exists in both languages: each seeded family, each period. */
Test(report, seeded_families_have_reports_in_both_languages_and_all_periods)
{
    static const Fam__V1__Language LANGUAGES[] = {RU, EN};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(FIXTURE_FAMILIES) * 2 * 3; i++) {
        const struct fixture_family *family = &FIXTURE_FAMILIES[i / 6];
        fixture_free(facts);
        facts = fixture_new((Fam__V1__ReportPeriod)(i % 3 + 1), LANGUAGES[i / 3 % 2]);
        family->seed(facts);
        Fam__V1__Report *report = make();
        cr_expect_neq(report->kind_words[0], '\0', "%s", family->name);
        cr_expect_null(strchr(report->kind_words, '{'));
        for (size_t j = 0; j < report->n_attention; j++)
            cr_expect_null(strchr(report->attention[j], '{'), "%s", report->attention[j]);
        for (size_t j = 0; j < report->n_positive; j++)
            cr_expect_null(strchr(report->positive[j], '{'), "%s", report->positive[j]);
        for (size_t j = 0; j < report->n_steps; j++)
            cr_expect_null(strchr(report->steps[j], '{'), "%s", report->steps[j]);
    }
}

Test(report, every_hard_topic_of_the_questions_has_words)
{
    struct fam_status status = {0};
    static const char *const SETS[] = {"morning", "afternoon", "evening", "moment"};
    struct fam_checkin_questions *questions = fam_checkin_questions_new(&status);
    size_t seen = 0;
    cr_assert_not_null(questions, "%s", status.message);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(SETS); i++) {
        const struct fam_checkin_set *set = fam_checkin_set_find(questions, SETS[i]);
        cr_assert_not_null(set, "%s", SETS[i]);
        size_t about = fam_checkin_question_find(set, "about");
        for (size_t j = 0; about != FAM_CHECKIN_END && j < set->questions[about].option_count; j++) {
            char key[80];
            const char *id = set->questions[about].options[j].id;
            (void)snprintf(key, sizeof(key), "topic.%s", id);
            bool has = fam_words_has(RU, key) && fam_words_has(EN, key);
            cr_expect_eq(has, strcmp(id, "other") != 0, "%s", key);
            seen++;
        }
    }
    cr_expect_gt(seen, 5u);
    fam_checkin_questions_free(questions);
}
