#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "translate/help.h"

enum { KINDS = 10, HEAD_MAX = 300, SPARE = 20, WAIT_MS = 5000 };

static const char *const countries[] = {"RU", "US", "GB", "IE", "CA", "AU", "NZ", "UA", "KZ", "BY", "KG", "IL",
                                        "DE", "PL", "FR", "EE", "ES", "IT", "CY", "BR", "ZZ", "",   "*",  "EU"};
enum { COUNTRIES = sizeof countries / sizeof countries[0] };

static struct fam_status status;

static struct fam_safety_hit hit_of(Fam__V1__SafetyKind kind)
{
    return (struct fam_safety_hit){.count = 1, .kinds = {kind}};
}

static Fam__V1__SafetyHelp *make(struct fam_help *help, Fam__V1__SafetyKind kind, const char *country,
                                 Fam__V1__Language language, Fam__V1__AgeBand age)
{
    struct fam_safety_hit hit = hit_of(kind);
    Fam__V1__SafetyHelp *made = NULL;
    cr_assert_eq((int)fam_help_make(help, &hit, country, language, age, &made, &status), (int)FAM_OK);
    return made;
}

static Fam__V1__SafetyHelp *make_own(struct fam_help *help, Fam__V1__SafetyKind kind, const char *country,
                                     Fam__V1__Language language)
{
    struct fam_safety_hit hit = hit_of(kind);
    Fam__V1__SafetyHelp *made = NULL;
    cr_assert_eq((int)fam_help_make_own(help, &hit, country, language, &made, &status), (int)FAM_OK);
    return made;
}

static struct fam_help *built_in(void)
{
    struct fam_help *help = fam_help_new(NULL, &status);
    cr_assert_not_null(help, "%s", status.message);
    return help;
}

static size_t head_length(const Fam__V1__SafetyHelp *made)
{
    const Fam__V1__HelpLine *line = made->lines[0];
    char head[2048];
    int written = snprintf(head, sizeof head, "%s\n%s\n%s: %s\n", made->opening, made->first_step, line->name,
                           line->number[0] != '\0' ? line->number : line->url);
    cr_assert(written > 0 && (size_t)written < sizeof head);
    return fam_utf16_length(head);
}

static void check_help(const Fam__V1__SafetyHelp *made, const char *country, int kind)
{
    cr_assert_leq(fam_utf8_length(made->opening), (size_t)60, "%s", made->opening);
    cr_assert_leq(head_length(made), (size_t)(HEAD_MAX - SPARE), "%s, kind %d", country, kind);
    cr_assert_geq(made->n_lines, (size_t)1);
    cr_assert_geq(made->n_steps, (size_t)3);
    cr_assert_null(strstr(made->first_step, "{"));
    cr_assert_neq(made->privacy_note[0], '\0');
    for (size_t i = 0; i < made->n_lines; i++) {
        cr_assert_eq(strncmp(made->lines[i]->source, "http", 4), 0);
        cr_assert_eq(strlen(made->lines[i]->verified_on), (size_t)10);
    }
}

Test(help, the_head_fits_for_every_kind_language_country_and_age)
{
    struct fam_help *help = built_in();
    for (size_t c = 0; c < COUNTRIES; c++) {
        for (int kind = 1; kind <= KINDS; kind++) {
            for (int language = 0; language <= 2; language++) {
                for (int age = 0; age <= 6; age++) {
                    Fam__V1__SafetyHelp *made = make(help, (Fam__V1__SafetyKind)kind, countries[c],
                                                     (Fam__V1__Language)language, (Fam__V1__AgeBand)age);
                    check_help(made, countries[c], kind);
                    fam__v1__safety_help__free_unpacked(made, NULL);
                }
            }
        }
    }
    fam_help_free(help);
}

/* Kind, country, number that must be the first, number that must stand in the first 300 characters. */
static const struct {
    Fam__V1__SafetyKind kind;
    const char *country, *first, *beside;
} promised[] = {
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "RU", "8-800-2000-122", "112"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_PARENT_CRISIS, "RU", "8-800-2000-122", "112"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_VIOLENCE_AT_HOME, "RU", "8-800-2000-122", "112"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_MEDICAL_EMERGENCY, "RU", "112", "112"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "US", "988", "911"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SEXUAL_ABUSE, "US", "1-800-422-4453", "911"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_MEDICAL_EMERGENCY, "US", "911", "911"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "GB", "0800 1111", "999"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_BULLYING, "ES", "116 111", "112"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SELF_HARM, "DE", "116 111", "112"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "", "112 / 911", "112 / 911"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "BR", "112 / 911", "112 / 911"},
};

Test(help, the_first_line_is_the_country_s_with_the_emergency_number_beside_it)
{
    struct fam_help *help = built_in();
    for (size_t i = 0; i < sizeof promised / sizeof promised[0]; i++) {
        Fam__V1__SafetyHelp *made = make(help, promised[i].kind, promised[i].country, FAM__V1__LANGUAGE__LANGUAGE_EN,
                                         FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED);
        cr_assert_str_eq(made->lines[0]->number, (char *)promised[i].first, "row %zu", i);
        cr_assert_not_null(strstr(made->first_step, promised[i].beside), "row %zu: %s", i, made->first_step);
        fam__v1__safety_help__free_unpacked(made, NULL);
    }
    fam_help_free(help);
}

Test(help, the_head_fits_for_writers_too_and_the_whole_is_one_message)
{
    enum { MESSAGE_MAX = 4096, HEADINGS = 200 };
    struct fam_help *help = built_in();
    for (size_t c = 0; c < COUNTRIES; c++) {
        for (int kind = 1; kind <= KINDS; kind++) {
            for (int language = 0; language <= 2; language++) {
                Fam__V1__SafetyHelp *made =
                    make_own(help, (Fam__V1__SafetyKind)kind, countries[c], (Fam__V1__Language)language);
                check_help(made, countries[c], kind);
                size_t units = HEADINGS + head_length(made) + fam_utf16_length(made->privacy_note);
                for (size_t i = 0; i < made->n_steps; i++) {
                    units += fam_utf16_length(made->steps[i]) + 3;
                }
                for (size_t i = 0; i < made->n_child_steps; i++) {
                    units += fam_utf16_length(made->child_steps[i]) + 3;
                    cr_assert_null(strstr(made->child_steps[i], "{"));
                }
                for (size_t i = 0; i < made->n_lines; i++) {
                    units += fam_utf16_length(made->lines[i]->name) + fam_utf16_length(made->lines[i]->hours) + 32;
                }
                cr_assert_leq(units, (size_t)MESSAGE_MAX, "%s, kind %d", countries[c], kind);
                fam__v1__safety_help__free_unpacked(made, NULL);
            }
        }
    }
    fam_help_free(help);
}

/* What writers see first when they speak of themselves: never a line for children alone where there is another. */
static const struct {
    Fam__V1__SafetyKind kind;
    const char *country, *first, *beside;
} promised_own[] = {
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "GB", "116 123", "999"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_VIOLENCE_AT_HOME, "GB", "116 123", "999"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "US", "988", "911"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_VIOLENCE_AT_HOME, "US", "1-800-799-7233", "911"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUBSTANCES, "US", "1-800-662-4357", "911"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_MEDICAL_EMERGENCY, "GB", "999", "999"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "RU", "8-800-2000-122", "112"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "AU", "13 11 14", "000"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_PARENT_CRISIS, "DE", "0800 111 0 111", "112"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "FR", "3114", "112"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_VIOLENCE_AT_HOME, "FR", "", "112"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "IE", "", "112"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "ES", "", "112"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_PARENT_CRISIS, "PL", "800 100 100", "112"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "", "112 / 911", "112 / 911"},
};

Test(help, writers_who_speak_of_themselves_get_a_line_for_grown_ups_first)
{
    struct fam_help *help = built_in();
    for (size_t i = 0; i < sizeof promised_own / sizeof promised_own[0]; i++) {
        Fam__V1__SafetyHelp *made =
            make_own(help, promised_own[i].kind, promised_own[i].country, FAM__V1__LANGUAGE__LANGUAGE_EN);
        cr_assert_str_eq(made->lines[0]->number, (char *)promised_own[i].first, "row %zu", i);
        cr_assert_not_null(strstr(made->first_step, promised_own[i].beside), "row %zu: %s", i, made->first_step);
        if (promised_own[i].first[0] == '\0') {
            cr_assert_str_eq(made->lines[0]->url, "https://findahelpline.com");
        }
        fam__v1__safety_help__free_unpacked(made, NULL);
    }
    fam_help_free(help);
}

Test(help, a_writer_s_own_help_speaks_to_the_writer_and_the_child_s_follows_it)
{
    static const Fam__V1__SafetyKind kinds[] = {
        FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, FAM__V1__SAFETY_KIND__SAFETY_KIND_VIOLENCE_AT_HOME,
        FAM__V1__SAFETY_KIND__SAFETY_KIND_SEXUAL_ABUSE, FAM__V1__SAFETY_KIND__SAFETY_KIND_SELF_HARM};
    static const struct {
        Fam__V1__Language language;
        const char *about_you, *your_child;
    } rows[] = {{FAM__V1__LANGUAGE__LANGUAGE_EN, "If this is about you", "your child until"},
                {FAM__V1__LANGUAGE__LANGUAGE_RU, "Если это о вас", "Не оставляйте одного"}};
    struct fam_help *help = built_in();
    for (size_t l = 0; l < 2; l++) {
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            Fam__V1__SafetyHelp *own = make_own(help, kinds[k], "GB", rows[l].language);
            Fam__V1__SafetyHelp *child =
                make(help, kinds[k], "GB", rows[l].language, FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED);
            cr_assert_eq(strncmp(own->first_step, rows[l].about_you, strlen(rows[l].about_you)), 0);
            cr_assert_eq(own->n_child_steps, child->n_steps + 1, "all that the child's help says is there");
            cr_assert_str_eq(own->child_steps[0], child->first_step);
            for (size_t i = 0; i < child->n_steps; i++) {
                cr_assert_str_eq(own->child_steps[i + 1], child->steps[i]);
            }
            for (size_t i = 0; i < own->n_steps; i++) {
                cr_assert_null(strstr(own->steps[i], rows[l].your_child), "%s", own->steps[i]);
            }
            cr_assert_eq(child->n_child_steps, (size_t)0);
            cr_assert_str_neq(own->privacy_note, child->privacy_note, "of these words nothing is kept");
            fam__v1__safety_help__free_unpacked(own, NULL);
            fam__v1__safety_help__free_unpacked(child, NULL);
        }
    }
    fam_help_free(help);
}

Test(help, who_has_a_hard_time_is_named_a_line_and_the_number_of_the_country)
{
    static const struct {
        const char *country, *line, *emergency;
    } rows[] = {{"GB", "Samaritans, any age: 116 123 (24/7)", "999"},
                {"US", "988 Suicide & Crisis Lifeline: 988 (24/7, call or text)", "911"},
                {"IE", "Help lines of your country: https://findahelpline.com", "112"},
                {"RU", "Child and parent helpline: 8-800-2000-122 (24/7 in most regions)", "112"},
                {"", "Help lines of your country: https://findahelpline.com", "112 / 911"}};
    struct fam_help *help = built_in();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fam_help_numbers numbers;
        fam_help_find_numbers(help, rows[i].country, FAM__V1__LANGUAGE__LANGUAGE_EN, &numbers);
        cr_expect_str_eq(numbers.line, rows[i].line, "%s", rows[i].country);
        cr_expect_str_eq(numbers.emergency, rows[i].emergency, "%s", rows[i].country);
    }
    fam_help_free(help);
}

Test(help, an_unknown_country_also_gets_a_directory)
{
    struct fam_help *help = built_in();
    Fam__V1__SafetyHelp *made = make(help, FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "ZZ",
                                     FAM__V1__LANGUAGE__LANGUAGE_RU, FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED);
    cr_assert_eq(made->n_lines, (size_t)2);
    cr_assert_str_eq(made->lines[1]->url, "https://findahelpline.com");
    cr_assert_str_eq(made->lines[1]->number, "");
    fam__v1__safety_help__free_unpacked(made, NULL);
    fam_help_free(help);
}

Test(help, lines_follow_the_country_and_texts_the_language)
{
    struct fam_help *help = built_in();
    Fam__V1__SafetyHelp *russian = make(help, FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "US",
                                        FAM__V1__LANGUAGE__LANGUAGE_RU, FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED);
    Fam__V1__SafetyHelp *english = make(help, FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "US",
                                        FAM__V1__LANGUAGE__LANGUAGE_EN, FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED);
    cr_assert_str_eq(russian->lines[0]->number, "988");
    cr_assert_str_eq(english->lines[0]->number, "988");
    cr_assert_str_neq(russian->opening, english->opening);
    cr_assert_not_null(strstr(russian->opening, "Спасибо"));
    fam__v1__safety_help__free_unpacked(russian, NULL);
    fam__v1__safety_help__free_unpacked(english, NULL);
    fam_help_free(help);
}

Test(help, no_number_is_shown_twice)
{
    struct fam_help *help = built_in();
    for (size_t c = 0; c < COUNTRIES; c++) {
        for (int kind = 1; kind <= KINDS; kind++) {
            Fam__V1__SafetyHelp *made = make(help, (Fam__V1__SafetyKind)kind, countries[c],
                                             FAM__V1__LANGUAGE__LANGUAGE_EN, FAM__V1__AGE_BAND__AGE_BAND_7_9);
            for (size_t i = 0; i < made->n_lines; i++) {
                for (size_t k = i + 1; k < made->n_lines; k++) {
                    cr_assert_str_neq(made->lines[i]->number, made->lines[k]->number);
                }
            }
            fam__v1__safety_help__free_unpacked(made, NULL);
        }
    }
    fam_help_free(help);
}

Test(help, the_opening_says_nothing_of_the_topic)
{
    static const char *const telling[] = {"самоуб", "насил",  "смерт", "жизн",   "кризис", "опасн", "suicid",
                                          "abuse",  "violen", "death", "crisis", "danger", "harm"};
    struct fam_help *help = built_in();
    for (int language = 1; language <= 2; language++) {
        Fam__V1__SafetyHelp *made = make(help, FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "RU",
                                         (Fam__V1__Language)language, FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED);
        char *folded = fam_text_normalise(made->opening);
        cr_assert_not_null(folded);
        for (size_t i = 0; i < sizeof telling / sizeof telling[0]; i++) {
            cr_assert_null(strstr(folded, telling[i]), "%s", telling[i]);
        }
        free(folded);
        fam__v1__safety_help__free_unpacked(made, NULL);
    }
    fam_help_free(help);
}

static bool steps_hold(const Fam__V1__SafetyHelp *made, const char *part)
{
    for (size_t i = 0; i < made->n_steps; i++) {
        if (strstr(made->steps[i], part) != NULL) {
            return true;
        }
    }
    return strstr(made->first_step, part) != NULL;
}

/* What the steps of a kind must say, in Russian. */
static const struct {
    Fam__V1__SafetyKind kind;
    const char *part;
} said[] = {
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "спросите прямо"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "Не оставляйте одного"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "Уберите лекарства"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "Не обещайте хранить это в тайне"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SELF_HARM, "Спросите прямо"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SELF_HARM, "Не обещайте тайну"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SELF_HARM, "побудьте рядом"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SELF_HARM, "Уберите лезвия"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SEXUAL_ABUSE, "не виноват"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SEXUAL_ABUSE, "Не расспрашивайте подробно"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SEXUAL_ABUSE, "Не говорите с тем, кого назвал ребёнок"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_SEXUAL_ABUSE, "Запишите слова ребёнка"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_VIOLENCE_AT_HOME, "не виноват"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_VIOLENCE_AT_HOME, "Не выясняйте отношения"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_VIOLENCE_AT_HOME, "Запишите слова ребёнка"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_PARENT_CRISIS, "другую комнату"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_PARENT_CRISIS, "нет стыда"},
    {FAM__V1__SAFETY_KIND__SAFETY_KIND_MEDICAL_EMERGENCY, "прямо сейчас"},
};

Test(help, the_steps_say_what_the_kind_needs)
{
    struct fam_help *help = built_in();
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        Fam__V1__SafetyHelp *made =
            make(help, said[i].kind, "RU", FAM__V1__LANGUAGE__LANGUAGE_RU, FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED);
        cr_assert(steps_hold(made, said[i].part), "kind %d: %s", (int)said[i].kind, said[i].part);
        fam__v1__safety_help__free_unpacked(made, NULL);
    }
    fam_help_free(help);
}

Test(help, a_young_child_gets_a_step_of_its_own)
{
    struct fam_help *help = built_in();
    Fam__V1__SafetyHelp *young = make(help, FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "RU",
                                      FAM__V1__LANGUAGE__LANGUAGE_EN, FAM__V1__AGE_BAND__AGE_BAND_4_6);
    Fam__V1__SafetyHelp *grown = make(help, FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "RU",
                                      FAM__V1__LANGUAGE__LANGUAGE_EN, FAM__V1__AGE_BAND__AGE_BAND_16_17);
    cr_assert_eq(young->n_steps, grown->n_steps + 1);
    fam__v1__safety_help__free_unpacked(young, NULL);
    fam__v1__safety_help__free_unpacked(grown, NULL);
    fam_help_free(help);
}

Test(help, other_kinds_are_named_after_the_gravest)
{
    struct fam_help *help = built_in();
    struct fam_safety_hit hit = {.count = 3,
                                 .kinds = {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE,
                                           FAM__V1__SAFETY_KIND__SAFETY_KIND_BULLYING,
                                           FAM__V1__SAFETY_KIND__SAFETY_KIND_SUBSTANCES}};
    Fam__V1__SafetyHelp *made = NULL;
    cr_assert_eq((int)fam_help_make(help, &hit, "RU", FAM__V1__LANGUAGE__LANGUAGE_RU,
                                    FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED, &made, &status),
                 (int)FAM_OK);
    cr_assert_eq((int)made->kind, (int)FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE);
    cr_assert_eq(made->n_also, (size_t)2);
    cr_assert_eq((int)made->also[0], (int)FAM__V1__SAFETY_KIND__SAFETY_KIND_BULLYING);
    fam__v1__safety_help__free_unpacked(made, NULL);
    fam_help_free(help);
}

Test(help, a_hit_without_a_kind_is_refused_and_the_next_one_served)
{
    struct fam_help *help = built_in();
    struct fam_safety_hit none = {0}, strange = {.count = 1, .kinds = {(Fam__V1__SafetyKind)77}};
    Fam__V1__SafetyHelp *made = NULL;
    cr_assert_eq((int)fam_help_make(help, &none, "RU", FAM__V1__LANGUAGE__LANGUAGE_RU,
                                    FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED, &made, &status),
                 (int)FAM_INTERNAL);
    cr_assert_eq((int)fam_help_make(help, &strange, "RU", FAM__V1__LANGUAGE__LANGUAGE_RU,
                                    FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED, &made, &status),
                 (int)FAM_INTERNAL);
    made = make(help, FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "RU", FAM__V1__LANGUAGE__LANGUAGE_RU,
                FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED);
    fam__v1__safety_help__free_unpacked(made, NULL);
    fam_help_free(help);
}

static char folder[] = "/tmp/fam-test-help-XXXXXX";
static char path[PATH_MAX];

static void make_folder(void)
{
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/help_lines.tsv", folder);
}

static void drop_folder(void)
{
    (void)unlink(path);
    (void)rmdir(folder);
}

static void write_lines(const char *text)
{
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

#define ROW(country, topics, rank, number, date)                                                                       \
    country "\tru\t" topics "\t*\t" rank "\t" number "\tИмя\tName\t\t\t\thttps://example.org\t" date "\n"
#define EMERGENCIES                                                                                                    \
    ROW("*", "emergency", "10", "112 / 911", "2026-01-01") ROW("RU", "emergency", "30", "112", "2026-01-01")

/* Waits until the first number for suicide in Russia is `number`. */
static bool becomes(struct fam_help *help, const char *number)
{
    bool same = false;
    for (uint64_t start_ms = fam_mono_ms(); !same && fam_mono_ms() - start_ms < WAIT_MS;) {
        Fam__V1__SafetyHelp *made = make(help, FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE, "RU",
                                         FAM__V1__LANGUAGE__LANGUAGE_RU, FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED);
        same = strcmp(made->lines[0]->number, number) == 0;
        fam__v1__safety_help__free_unpacked(made, NULL);
        (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return same;
}

Test(help_file, replaces_the_built_in_lines_and_is_read_again_when_it_changes, .init = make_folder, .fini = drop_folder)
{
    char message[256];
    write_lines(EMERGENCIES ROW("RU", "*", "20", "111-11", "2026-01-01"));
    struct fam_help *help = fam_help_new(folder, &status);
    cr_assert_not_null(help);
    cr_assert(becomes(help, "111-11"));
    cr_assert_not(fam_help_last_error(help, message, sizeof message));
    write_lines(EMERGENCIES ROW("RU", "*", "20", "222-22-22", "2026-01-01"));
    cr_assert(becomes(help, "222-22-22"));
    cr_assert_eq(unlink(path), 0);
    cr_assert(becomes(help, "8-800-2000-122"));
    fam_help_free(help);
}

Test(help_file, a_faulty_one_keeps_the_last_good_lines_and_is_reported, .init = make_folder, .fini = drop_folder)
{
    char message[256] = "";
    write_lines(EMERGENCIES ROW("RU", "*", "20", "111-11", "2026-01-01"));
    struct fam_help *help = fam_help_new(folder, &status);
    cr_assert_not_null(help);
    cr_assert(becomes(help, "111-11"));
    write_lines(EMERGENCIES "RU\tru\tsuicide\n");
    bool reported = false;
    for (uint64_t start_ms = fam_mono_ms(); !reported && fam_mono_ms() - start_ms < WAIT_MS;) {
        reported = fam_help_last_error(help, message, sizeof message);
        (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    cr_assert(reported);
    cr_assert_not_null(strstr(message, "line 3"), "%s", message);
    cr_assert(becomes(help, "111-11"));
    write_lines(EMERGENCIES ROW("RU", "*", "20", "333", "2026-01-01"));
    cr_assert(becomes(help, "333"));
    cr_assert_not(fam_help_last_error(help, message, sizeof message));
    fam_help_free(help);
}

Test(help_file, a_faulty_one_at_the_start_leaves_the_built_in_lines, .init = make_folder, .fini = drop_folder)
{
    static const char *const faulty[] = {
        "",
        "\xff\xfe",
        ROW("RU", "*", "20", "1", "2026-01-01"),
        ROW("*", "emergency", "10", "112", "2026-01-01") ROW("RU", "*", "20", "1", "2026-01-01"),
        EMERGENCIES ROW("ru", "*", "20", "1", "2026-01-01"),
        EMERGENCIES ROW("RU", "fire", "20", "1", "2026-01-01"),
        EMERGENCIES ROW("RU", "*", "0", "1", "2026-01-01"),
        EMERGENCIES ROW("RU", "*", "20x", "1", "2026-01-01"),
        EMERGENCIES ROW("RU", "*", "20", "", "2026-01-01"),
        EMERGENCIES ROW("RU", "*", "20", "1234567890123456789012345", "2026-01-01"),
        EMERGENCIES ROW("RU", "*", "20", "1", "1.1.2026"),
    };
    for (size_t i = 0; i < sizeof faulty / sizeof faulty[0]; i++) {
        char message[256];
        write_lines(faulty[i]);
        struct fam_help *help = fam_help_new(folder, &status);
        cr_assert_not_null(help);
        cr_assert(fam_help_last_error(help, message, sizeof message), "file %zu", i);
        cr_assert(becomes(help, "8-800-2000-122"));
        fam_help_free(help);
    }
}

Test(help_file, of_equal_lines_the_newest_counts, .init = make_folder, .fini = drop_folder)
{
    write_lines(EMERGENCIES ROW("RU", "*", "20", "111-11", "2026-03-01") ROW("RU", "*", "10", "111-11", "2026-01-01")
                    ROW("RU", "*", "15", "222-22", "2026-01-01"));
    struct fam_help *help = fam_help_new(folder, &status);
    cr_assert_not_null(help);
    /* The old row of 111-11 would be the first of all. */
    cr_assert(becomes(help, "222-22"));
    fam_help_free(help);
}
