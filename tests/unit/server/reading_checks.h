/* reading_checks.h: what every text of every reading must keep to; for the tests of the built-in engine. */
#ifndef FAM_TESTS_READING_CHECKS_H
#define FAM_TESTS_READING_CHECKS_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/text.h"
#include "translate/offline.h"
#include "translate/offline_compose.h"

enum { RU = FAM__V1__LANGUAGE__LANGUAGE_RU, EN = FAM__V1__LANGUAGE__LANGUAGE_EN, BANDS = 7 };

static inline struct fam_reading_input input_of(const char *phrase, int band, int language)
{
    return (struct fam_reading_input){.phrase = phrase,
                                      .happened_before = "",
                                      .age_band = (Fam__V1__AgeBand)band,
                                      .language = (Fam__V1__Language)language,
                                      .child_name = ""};
}

static inline void drop(Fam__V1__Reading *reading)
{
    fam__v1__reading__free_unpacked(reading, NULL);
}

static const char *const banned_ru[] = {"всегда",      "никогда", "диагноз",     "депресс",       "аутиз",  "сдвг",
                                        "невроз",      "психоз",  "болезн",      "лечени",        "терапи", "симптом",
                                        "расстройств", "манипул", "виноваты вы", "плохой родител"};
static const char *const banned_en[] = {"always",   "never",     "diagnos",   "depress", "autis",
                                        "adhd",     "disorder",  "symptom",   "therapy", "illness",
                                        "neurotic", "manipulat", "bad parent"};

static inline void check_words(const char *text, int language)
{
    char *normal = fam_text_normalise(text);
    cr_assert_not_null(normal);
    const char *const *banned = language == RU ? banned_ru : banned_en;
    size_t count = language == RU ? FAM_ARRAY_SIZE(banned_ru) : FAM_ARRAY_SIZE(banned_en);
    for (size_t i = 0; i < count; i++) {
        cr_expect_null(strstr(normal, banned[i]), "\"%s\" in: %s", banned[i], text);
    }
    free(normal);
}

static inline void check_signs(const char *text)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
    cr_expect_null(strpbrk(text, "{}<>*_`[]\n\t\""), "markup or placeholder in: %s", text);
    cr_expect_null(strstr(text, "  "), "two spaces in: %s", text);
    while (*at != '\0') {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t step = utf8proc_iterate(at, -1, &c);
        cr_assert_gt(step, 0);
        cr_expect_neq(utf8proc_category(c), UTF8PROC_CATEGORY_SO, "emoji in: %s", text);
        at += step;
    }
    cr_expect_not_null(strchr(".!?", text[strlen(text) - 1]), "no end of sentence in: %s", text);
}

static inline void check_text(const char *text, size_t most, int language)
{
    cr_assert_not_null(text);
    size_t length = fam_utf8_length(text);
    cr_expect_gt(length, 0);
    cr_expect_leq(length, most, "%zu of %zu characters: %s", length, most, text);
    check_words(text, language);
    check_signs(text);
}

static inline void check_responses(const Fam__V1__Reading *reading, int language)
{
    unsigned kinds = 0;
    cr_assert_eq(reading->n_responses, 3);
    for (size_t i = 0; i < 3; i++) {
        const Fam__V1__SuggestedResponse *response = reading->responses[i];
        check_text(response->text, FAM_OFFLINE_SAY_CHARS, language);
        check_text(response->why, FAM_OFFLINE_WHY_CHARS, language);
        check_text(response->expect, FAM_OFFLINE_EXPECT_CHARS, language);
        cr_expect_null(strstr(response->text, "«"), "a quote in: %s", response->text);
        cr_expect_null(strstr(response->text, "“"), "a quote in: %s", response->text);
        cr_expect_eq(kinds & (1u << (unsigned)response->kind), 0u, "a kind twice");
        kinds |= 1u << (unsigned)response->kind;
    }
}

static inline void check_reading(const Fam__V1__Reading *reading, int language)
{
    cr_expect_eq(reading->engine, FAM__V1__ENGINE__ENGINE_OFFLINE);
    cr_expect_eq((int)reading->language, language);
    cr_expect_neq(reading->input_kind, FAM__V1__INPUT_KIND__INPUT_KIND_UNSPECIFIED);
    cr_expect_neq(reading->certainty, FAM__V1__CERTAINTY__CERTAINTY_UNSPECIFIED);
    cr_assert_not_null(reading->primary);
    cr_expect_neq(reading->primary->emotion, FAM__V1__EMOTION__EMOTION_UNSPECIFIED);
    cr_expect(reading->primary->intensity >= 1 && reading->primary->intensity <= 5);
    cr_expect_leq(reading->n_secondary, 3);
    cr_expect(reading->n_needs >= 1 && reading->n_needs <= 3);
    check_text(reading->going_on, FAM_OFFLINE_GOING_CHARS, language);
    check_text(reading->second_reading, FAM_OFFLINE_SECOND_CHARS, language);
    check_text(reading->need_text, FAM_OFFLINE_NEED_CHARS, language);
    check_text(reading->avoid, FAM_OFFLINE_AVOID_CHARS, language);
    check_text(reading->activity, FAM_OFFLINE_ACTIVITY_CHARS, language);
    check_responses(reading, language);
    const char *start = language == RU ? "Возможно и другое: " : "It may also be ";
    cr_expect_eq(strncmp(reading->second_reading, start, strlen(start)), 0, "%s", reading->second_reading);
    cr_expect_str_eq(reading->prompt_version, fam_offline_version());
    cr_expect_eq(reading->version, 0);
    cr_expect_eq(reading->created_at_ms, 0);
}

#endif
