#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "translate/pseudonym.h"

/* tests/claude/pseudonym_*.tsv: family, text, the text as it leaves. */
extern const unsigned char fam_data_pseudonym_ru_tsv[], fam_data_pseudonym_en_tsv[];
extern const size_t fam_data_pseudonym_ru_tsv_size, fam_data_pseudonym_en_tsv_size;

enum { CASES_MIN = 60, FAMILY_MAX = 8 };

static struct fam_status status;

static struct fam_pseudonymiser *lexicon(void)
{
    struct fam_pseudonymiser *pseudonymiser = fam_pseudonymiser_new(&status);
    cr_assert_not_null(pseudonymiser, "%s", status.message);
    return pseudonymiser;
}

/* "child,other child,parent,parent", or "-". Changes `text`. */
static struct fam_pseudonyms *family_of(const struct fam_pseudonymiser *pseudonymiser, char *text)
{
    struct fam_known_name known[FAMILY_MAX];
    size_t count = 0;
    if (strcmp(text, "-") != 0) {
        for (char *name = strsep(&text, ","); name != NULL && count < FAMILY_MAX; name = strsep(&text, ",")) {
            known[count].kind = count > FAM_KNOWN_PARENT ? FAM_KNOWN_PARENT : (enum fam_known_kind)count;
            known[count++].name = name;
        }
    }
    struct fam_pseudonyms *pseudonyms = fam_pseudonyms_new(pseudonymiser, known, count, &status);
    cr_assert_not_null(pseudonyms, "%s", status.message);
    return pseudonyms;
}

static struct fam_pseudonyms *family(const struct fam_pseudonymiser *pseudonymiser, const char *text)
{
    char copy[256];
    (void)snprintf(copy, sizeof(copy), "%s", text);
    return family_of(pseudonymiser, copy);
}

/* The hidden text; free(). */
static char *hide(struct fam_pseudonyms *pseudonyms, const char *text)
{
    struct fam_secret secret = {0};
    cr_assert_eq(fam_pseudonyms_hide(pseudonyms, text, &secret, &status), FAM_OK, "%s", status.message);
    char *copy = strdup(fam_secret_text(&secret));
    fam_secret_done(&secret);
    cr_assert_not_null(copy);
    return copy;
}

static void expect_hidden(struct fam_pseudonyms *pseudonyms, const char *text, const char *expected)
{
    char *hidden = hide(pseudonyms, text), *restored = NULL;
    cr_expect_str_eq(hidden, expected);
    cr_assert_eq(fam_pseudonyms_restore(pseudonyms, hidden, &restored, &status), FAM_OK);
    cr_expect_str_eq(restored, text);
    free(hidden);
    free(restored);
}

static void expect_restored(const struct fam_pseudonyms *pseudonyms, const char *text, const char *expected)
{
    char *restored = NULL;
    cr_assert_eq(fam_pseudonyms_restore(pseudonyms, text, &restored, &status), FAM_OK, "%s", text);
    cr_expect_str_eq(restored, expected);
    free(restored);
}

static void expect_refused(const struct fam_pseudonyms *pseudonyms, const char *text)
{
    char *restored = NULL;
    cr_expect_eq(fam_pseudonyms_restore(pseudonyms, text, &restored, &status), FAM_INVALID_ARGUMENT, "%s", text);
    cr_expect_str_eq(status.reason, "GUARD_PLACEHOLDER");
    cr_expect_null(restored);
}

static void check_cases(const unsigned char *data, size_t size)
{
    struct fam_pseudonymiser *pseudonymiser = lexicon();
    char *copy = strndup((const char *)data, size), *rest = copy;
    size_t cases = 0;
    cr_assert_not_null(copy);
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        if (line[0] == '\0' || strncmp(line, "# ", 2) == 0) {
            continue;
        }
        char *known = strsep(&line, "\t");
        const char *text = strsep(&line, "\t");
        cr_assert_not_null(line, "a case lacks a column: %s", known);
        struct fam_pseudonyms *pseudonyms = family_of(pseudonymiser, known);
        expect_hidden(pseudonyms, text, line);
        fam_pseudonyms_free(pseudonyms);
        cases++;
    }
    cr_expect_geq(cases, (size_t)CASES_MIN);
    free(copy);
    fam_pseudonymiser_free(pseudonymiser);
}

Test(pseudonym, russian_texts_leave_without_what_is_personal)
{
    check_cases(fam_data_pseudonym_ru_tsv, fam_data_pseudonym_ru_tsv_size);
}

Test(pseudonym, english_texts_leave_without_what_is_personal)
{
    check_cases(fam_data_pseudonym_en_tsv, fam_data_pseudonym_en_tsv_size);
}

Test(pseudonym, one_thing_has_one_placeholder_in_phrase_and_context)
{
    struct fam_pseudonymiser *pseudonymiser = lexicon();
    struct fam_pseudonyms *pseudonyms = family(pseudonymiser, "Маша,Саша");
    expect_hidden(pseudonyms, "Петя ударил Машу", "{PERSON_1} ударил {CHILD.2}");
    expect_hidden(pseudonyms, "Вова и Петя дразнили Машу и Сашу в школе №5",
                  "{PERSON_2} и {PERSON_1} дразнили {CHILD.2} и {CHILD_1.2} в {SCHOOL_1}");
    cr_expect_eq(fam_pseudonyms_count(pseudonyms), (size_t)5);
    fam_pseudonyms_free(pseudonyms);
    fam_pseudonymiser_free(pseudonymiser);
}

Test(pseudonym, answers_get_the_name_as_the_family_wrote_it_and_others_in_the_nominative)
{
    struct fam_pseudonymiser *pseudonymiser = lexicon();
    struct fam_pseudonyms *pseudonyms = family(pseudonymiser, "Машуня,Ян");
    char *hidden = hide(pseudonyms, "Маше плохо, она с Петенькой и Анной Ивановной в школе №57, Яну скучно");
    expect_restored(pseudonyms, "{CHILD}, я рядом.", "Машуня, я рядом.");
    expect_restored(pseudonyms, "{PERSON_1} и {PERSON_2} ждут.", "Петенька и Анна Ивановна ждут.");
    expect_restored(pseudonyms, "{CHILD_1} и {SCHOOL_1}", "Ян и школе №57");
    /* A spelling that this request does not have is the plain one: a stored answer may come from another text. */
    expect_restored(pseudonyms, "{CHILD.9}", "Машуня");
    free(hidden);
    fam_pseudonyms_free(pseudonyms);
    fam_pseudonymiser_free(pseudonymiser);
}

Test(pseudonym, the_child_may_be_named_in_the_answer_though_not_in_the_text)
{
    struct fam_pseudonymiser *pseudonymiser = lexicon();
    struct fam_pseudonyms *pseudonyms = family(pseudonymiser, "Маша");
    expect_restored(pseudonyms, "{CHILD} устала", "Маша устала");
    cr_expect_eq(fam_pseudonyms_count(pseudonyms), (size_t)0);
    fam_pseudonyms_free(pseudonyms);
    pseudonyms = family(pseudonymiser, "-");
    expect_refused(pseudonyms, "{CHILD} устала");
    fam_pseudonyms_free(pseudonyms);
    fam_pseudonymiser_free(pseudonymiser);
}

Test(pseudonym, placeholders_that_were_not_given_out_are_refused)
{
    static const char *const texts[] = {"{PERSON_2}", "{PERSON}",     "{PERSON_0}", "{PERSON_01}",
                                        "{NOBODY_1}", "{CHILD",       "CHILD}",     "{}",
                                        "{{CHILD}}",  "{child}",      "{CHILD.1}",  "{CHILD.}",
                                        "{CHILD_1}",  "{CHILD_1.2x}", "{ CHILD}",   "{PERSON_99999999999999999999}"};
    struct fam_pseudonymiser *pseudonymiser = lexicon();
    struct fam_pseudonyms *pseudonyms = family(pseudonymiser, "Маша");
    char *hidden = hide(pseudonyms, "Петя и Маша");
    for (size_t i = 0; i < FAM_ARRAY_SIZE(texts); i++) {
        expect_refused(pseudonyms, texts[i]);
    }
    free(hidden);
    fam_pseudonyms_free(pseudonyms);
    fam_pseudonymiser_free(pseudonymiser);
}

Test(pseudonym, every_text_of_a_reading_is_restored)
{
    struct fam_pseudonymiser *pseudonymiser = lexicon();
    struct fam_pseudonyms *pseudonyms = family(pseudonymiser, "Маша");
    Fam__V1__Reading reading = FAM__V1__READING__INIT;
    Fam__V1__SuggestedResponse response = FAM__V1__SUGGESTED_RESPONSE__INIT;
    Fam__V1__SuggestedResponse *responses[] = {&response};
    char **const fields[] = {&reading.going_on, &reading.second_reading, &reading.need_text, &reading.avoid,
                             &response.text,    &response.why,           &response.expect};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(fields); i++) {
        *fields[i] = strdup("{CHILD}!");
    }
    reading.responses = responses;
    reading.n_responses = 1;
    cr_assert_eq(fam_pseudonyms_restore_reading(pseudonyms, &reading, &status), FAM_OK); /* activity is empty */
    for (size_t i = 0; i < FAM_ARRAY_SIZE(fields); i++) {
        cr_expect_str_eq(*fields[i], "Маша!");
        free(*fields[i]);
    }
    reading.going_on = strdup("{PERSON_1}");
    reading.n_responses = 0;
    reading.second_reading = reading.need_text = reading.avoid = NULL;
    cr_expect_eq(fam_pseudonyms_restore_reading(pseudonyms, &reading, &status), FAM_INVALID_ARGUMENT);
    free(reading.going_on);
    fam_pseudonyms_free(pseudonyms);
    fam_pseudonymiser_free(pseudonymiser);
}

Test(pseudonym, bounds_are_kept)
{
    struct fam_pseudonymiser *pseudonymiser = lexicon();
    struct fam_known_name many[FAM_PSEUDONYM_KNOWN_MAX + 1];
    struct fam_secret secret = {0};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(many); i++) {
        many[i] = (struct fam_known_name){FAM_KNOWN_PARENT, "Анна"};
    }
    cr_expect_null(fam_pseudonyms_new(pseudonymiser, many, FAM_ARRAY_SIZE(many), &status));
    cr_expect_eq(status.code, FAM_INVALID_ARGUMENT);
    many[0].name = "\xff";
    cr_expect_null(fam_pseudonyms_new(pseudonymiser, many, 1, &status));
    struct fam_pseudonyms *pseudonyms = family(pseudonymiser, "Маша");
    cr_expect_eq(fam_pseudonyms_hide(pseudonyms, "\xd0", &secret, &status), FAM_INVALID_ARGUMENT);
    char *text = malloc(FAM_PSEUDONYM_TEXT_MAX + 2);
    cr_assert_not_null(text);
    memset(text, 'a', FAM_PSEUDONYM_TEXT_MAX + 1);
    text[FAM_PSEUDONYM_TEXT_MAX + 1] = '\0';
    cr_expect_eq(fam_pseudonyms_hide(pseudonyms, text, &secret, &status), FAM_INVALID_ARGUMENT);
    /* More e-mails than a request may hide: nothing leaves. */
    size_t size = 0;
    for (int i = 0; i < FAM_PSEUDONYM_THINGS_MAX + 1; i++) {
        size += (size_t)snprintf(text + size, FAM_PSEUDONYM_TEXT_MAX - size, "a%d@x.com ", i);
    }
    cr_expect_eq(fam_pseudonyms_hide(pseudonyms, text, &secret, &status), FAM_RESOURCE_EXHAUSTED);
    cr_expect(fam_secret_is_empty(&secret));
    free(text);
    fam_pseudonyms_free(pseudonyms);
    fam_pseudonymiser_free(pseudonymiser);
}

/* Texts that would be slow if anything looked back or ahead without a bound. */
Test(pseudonym, long_texts_take_linear_time, .timeout = 20)
{
    static const char *const pieces[] = {"a.", "1 ",  "@", "Маша ", "ул. ",    "школа ", "{",  "St. ",
                                         "1-", "И. ", "A", "\"",    "12 мая ", "кв 1 ",  "o'", "+"};
    struct fam_pseudonymiser *pseudonymiser = lexicon();
    char *text = malloc(FAM_PSEUDONYM_TEXT_MAX + 1);
    cr_assert_not_null(text);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(pieces); i++) {
        size_t size = 0, step = strlen(pieces[i]);
        for (; size + step <= FAM_PSEUDONYM_TEXT_MAX; size += step) {
            memcpy(text + size, pieces[i], step);
        }
        text[size] = '\0';
        struct fam_pseudonyms *pseudonyms = family(pseudonymiser, "Маша,Emma");
        struct fam_secret secret = {0};
        char *restored = NULL;
        if (fam_pseudonyms_hide(pseudonyms, text, &secret, &status) == FAM_OK) {
            cr_assert_eq(fam_pseudonyms_restore(pseudonyms, fam_secret_text(&secret), &restored, &status), FAM_OK);
            cr_expect(strcmp(restored, text) == 0, "\"%s\" repeated", pieces[i]);
        }
        free(restored);
        fam_secret_done(&secret);
        fam_pseudonyms_free(pseudonyms);
    }
    free(text);
    fam_pseudonymiser_free(pseudonymiser);
}
