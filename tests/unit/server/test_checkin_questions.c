/* What a check-in asks: the data files, and the way that follows from the answers. */
#include "checkin/questions.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct fam_checkin_questions *questions;

static void start(void)
{
    struct fam_status status = {0};
    questions = fam_checkin_questions_new(&status);
    cr_assert_not_null(questions, "%s", status.message);
}

static void stop(void)
{
    fam_checkin_questions_free(questions);
}

TestSuite(checkin_questions, .init = start, .fini = stop);

/* Ids of the questions on the way, split by spaces, "…" behind an open one, and how many are to be expected. */
static const char *way_of(const struct fam_checkin_given *given, size_t count, bool several, char ret_text[200])
{
    const struct fam_checkin_set *set = fam_checkin_set_find(questions, "evening");
    struct fam_checkin_way way;
    fam_checkin_way_find(set, given, count, several, &way);
    size_t size = 0;
    for (size_t i = 0; i < way.count; i++) {
        size += (size_t)snprintf(ret_text + size, 200 - size, "%s%s", i == 0 ? "" : " ",
                                 set->questions[way.questions[i]].id);
    }
    (void)snprintf(ret_text + size, 200 - size, "%s of %zu", way.is_complete ? "" : "…", way.expected);
    return ret_text;
}

#define WAY(several, ...)                                                                                              \
    way_of((const struct fam_checkin_given[]){__VA_ARGS__},                                                            \
           sizeof((const struct fam_checkin_given[]){__VA_ARGS__}) / sizeof(struct fam_checkin_given), several, text)

Test(checkin_questions, the_mood_is_asked_first_and_a_good_one_takes_the_short_way)
{
    char text[200];
    cr_expect_str_eq(way_of(NULL, 0, true, text), "mood… of 2");
    cr_expect_str_eq(WAY(true, {"mood", "5"}), "mood good… of 2");
    cr_expect_str_eq(WAY(true, {"mood", "5"}, {"good", ""}), "mood good of 2");
    cr_expect_str_eq(WAY(true, {"mood", "3"}), "mood note… of 2");
}

Test(checkin_questions, it_was_hard_asks_what_about_with_whom_and_for_a_note)
{
    char text[200];
    cr_expect_str_eq(WAY(true, {"mood", "1"}), "mood about… of 4");
    cr_expect_str_eq(WAY(true, {"mood", "2"}, {"about", "quarrel"}), "mood about with… of 4");
    cr_expect_str_eq(WAY(true, {"mood", "2"}, {"about", "quarrel"}, {"with", "partner"}), "mood about with note… of 4");
    cr_expect_str_eq(WAY(true, {"mood", "2"}, {"about", "quarrel"}, {"with", "partner"}, {"note", ""}),
                     "mood about with note of 4");
}

Test(checkin_questions, which_child_is_asked_only_where_there_are_several)
{
    char text[200];
    cr_expect_str_eq(WAY(true, {"mood", "2"}, {"about", "quarrel"}, {"with", "child"}), "mood about with child… of 5");
    cr_expect_str_eq(WAY(false, {"mood", "2"}, {"about", "quarrel"}, {"with", "child"}), "mood about with note… of 4");
    cr_expect_str_eq(WAY(true, {"mood", "2"}, {"about", "quarrel"}, {"with", "child"}, {"child", "none"}),
                     "mood about with child note… of 5");
}

Test(checkin_questions, answers_off_the_way_and_unknown_options_count_for_nothing)
{
    char text[200];
    cr_expect_str_eq(WAY(true, {"mood", "5"}, {"about", "quarrel"}, {"with", "child"}), "mood good… of 2");
    cr_expect_str_eq(WAY(true, {"mood", "7"}), "mood… of 2");
    cr_expect_str_eq(WAY(true, {"other", "1"}), "mood… of 2");
}

Test(checkin_questions, every_question_of_every_set_is_there_in_both_languages)
{
    static const char *const SETS[] = {"morning", "afternoon", "evening", "moment"};
    for (size_t i = 0; i < 4; i++) {
        const struct fam_checkin_set *set = fam_checkin_set_find(questions, SETS[i]);
        cr_assert_not_null(set, "%s", SETS[i]);
        for (size_t j = 0; j < set->count; j++) {
            const char *ru = fam_checkin_question_text(&set->questions[j], FAM__V1__LANGUAGE__LANGUAGE_RU);
            const char *en = fam_checkin_question_text(&set->questions[j], FAM__V1__LANGUAGE__LANGUAGE_EN);
            cr_expect(ru[0] != '\0' && en[0] != '\0' && strcmp(ru, en) != 0, "%s", set->questions[j].id);
            for (size_t k = 0; k < set->questions[j].option_count; k++) {
                const struct fam_checkin_option *option = &set->questions[j].options[k];
                cr_expect_str_neq(fam_checkin_option_label(option, FAM__V1__LANGUAGE__LANGUAGE_RU),
                                  fam_checkin_option_label(option, FAM__V1__LANGUAGE__LANGUAGE_EN));
            }
        }
    }
    cr_expect_null(fam_checkin_set_find(questions, "night"));
}

Test(checkin_questions, how_much_was_answered_is_one_of_four_words)
{
    cr_expect_str_eq(fam_checkin_rate(0, 2), "0");
    cr_expect_str_eq(fam_checkin_rate(0, 0), "0");
    cr_expect_str_eq(fam_checkin_rate(1, 4), "1-49");
    cr_expect_str_eq(fam_checkin_rate(1, 2), "50-99");
    cr_expect_str_eq(fam_checkin_rate(3, 4), "50-99");
    cr_expect_str_eq(fam_checkin_rate(4, 4), "100");
}

/* Files with one fault each, and a part of what is said about it. */
#define MOOD "set\tmorning\nquestion\tmood\tscale\tmust\tend\noption\t1\t-\noption\t2\t-\n"
static const struct {
    const char *sets, *ru, *fault;
} FAULTS[] = {
    {"set\tmorning\n", "a = b\n", "asks nothing"},
    {"question\tmood\tscale\tmust\tend\n", "a = b\n", "is of no set"},
    {"set\tmorning\nquestion\tmood\tscale\tmust\tend\noption\t1\t-\n", "mood = ?\nmood.1 = a\n", "too few options"},
    {MOOD, "mood = ?\nmood.1 = a\n", "has no text"},
    {"set\tmorning\nquestion\tnote\ttext\tmay\tgood\n", "note = ?\n", "no such question"},
    {"set\tmorning\nquestion\tnote\ttext\tmay\tnote\n", "note = ?\n", "leads back"},
    {"set\tmorning\nquestion\tnote\tsong\tmay\tend\n", "note = ?\n", "is no question"},
    {"set\tmorning\nset\tmorning\n", "a = b\n", "asks nothing"},
    {"tune\tmorning\n", "a = b\n", "is no record"},
    {MOOD, "mood\n", "not \"key = text\""},
    {MOOD, "mood = a\nmood = b\n", "there twice"},
    {MOOD, "mood = ?\nmood.1 = a\nmood.2 = b\n", "needs a set"},
};

Test(checkin_questions, a_faulty_file_is_named_with_its_fault)
{
    for (size_t i = 0; i < sizeof(FAULTS) / sizeof(FAULTS[0]); i++) {
        const struct fam_checkin_files files = {.sets = FAULTS[i].sets, .ru = FAULTS[i].ru, .en = FAULTS[i].ru};
        struct fam_status status = {0};
        cr_expect_null(fam_checkin_questions_read(&files, &status), "%zu", i);
        cr_expect_not_null(strstr(status.message, FAULTS[i].fault), "%zu: %s", i, status.message);
    }
}
