/* The texts: places, plurals, and that both languages say the same things within Telegram's limits. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "locale.h"

static const Fam__V1__Language RU = FAM__V1__LANGUAGE__LANGUAGE_RU, EN = FAM__V1__LANGUAGE__LANGUAGE_EN;

static struct fam_locales *locales;

static void set_up(void)
{
    struct fam_status status;
    locales = fam_locales_new(&status);
    cr_assert_not_null(locales, "%s", status.message);
}

static void tear_down(void)
{
    fam_locales_free(locales);
}

TestSuite(bot_locale, .init = set_up, .fini = tear_down);

Test(bot_locale, plurals_follow_the_rules_of_each_language)
{
    static const struct {
        int n;
        const char *ru, *en;
    } rows[] = {{0, "many", "other"},  {1, "one", "one"},     {2, "few", "other"},   {4, "few", "other"},
                {5, "many", "other"},  {11, "many", "other"}, {12, "many", "other"}, {14, "many", "other"},
                {21, "one", "other"},  {22, "few", "other"},  {25, "many", "other"}, {101, "one", "other"},
                {111, "many", "other"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_assert_str_eq(fam_locale_category(RU, rows[i].n), rows[i].ru, "%d", rows[i].n);
        cr_assert_str_eq(fam_locale_category(EN, rows[i].n), rows[i].en, "%d", rows[i].n);
    }
    cr_assert_str_eq(fam_locale_plural(fam_locales_get(locales, RU), "years", 7), "{n} лет");
    cr_assert_str_eq(fam_locale_plural(fam_locales_get(locales, EN), "years", 1), "{n} year old");
}

Test(bot_locale, places_are_filled_and_values_escaped)
{
    char text[64];
    struct fam_html html;
    const struct fam_arg args[] = {{"name", "<М>"}, {"age", "7"}};
    fam_locale_format(text, sizeof(text), "{name}, {age}, {other} {", args, 2);
    cr_assert_str_eq(text, "<М>, 7, {other} {");
    fam_locale_format(text, 6, "ЖЖЖЖЖЖ", args, 2);
    cr_assert_str_eq(text, "ЖЖ", "a cut never splits a character");
    fam_html_init(&html);
    fam_locale_add_html(&html, "{name} & {age}", args, 2);
    cr_assert_str_eq(fam_html_text(&html), "&lt;М&gt; &amp; 7");
    fam_html_done(&html);
}

Test(bot_locale, telegrams_language_codes_are_understood)
{
    cr_assert_eq(fam_locale_language_of("ru"), RU);
    cr_assert_eq(fam_locale_language_of("en-gb"), EN);
    cr_assert_eq(fam_locale_language_of("de"), 0);
    cr_assert_eq(fam_locale_language_of("rum"), 0);
    cr_assert_eq(fam_locale_language_of(""), 0);
    cr_assert_eq(fam_locale_which(fam_locales_get(locales, 77)), fam_locale_language(0));
}

Test(bot_locale, every_value_of_the_closed_lists_has_a_label)
{
    for (size_t l = 0; l < fam_locale_count(); l++) {
        const struct fam_locale *locale = fam_locales_get(locales, fam_locale_language(l));
        for (int v = 1; v <= 22; v++)
            cr_assert_gt(strlen(fam_label_emotion(locale, (Fam__V1__Emotion)v)), 0, "emotion %d", v);
        for (int v = 1; v <= 14; v++)
            cr_assert_gt(strlen(fam_label_need(locale, (Fam__V1__Need)v)), 0, "need %d", v);
        for (int v = 1; v <= 5; v++)
            cr_assert_gt(strlen(fam_label_response(locale, (Fam__V1__ResponseKind)v)), 0, "response %d", v);
        for (int v = 1; v <= 3; v++)
            cr_assert_gt(strlen(fam_label_certainty(locale, (Fam__V1__Certainty)v)), 0, "certainty %d", v);
        for (int v = 1; v <= 6; v++)
            cr_assert_gt(strlen(fam_label_age(locale, (Fam__V1__AgeBand)v)), 0, "age band %d", v);
        cr_assert_str_eq(fam_label_emotion(locale, 0), "");
        cr_assert_str_eq(fam_label_emotion(locale, 999), "");
    }
}

/* The key without its plural category. */
static size_t stem(const char *key)
{
    return strcspn(key, "[");
}

static bool has_stem(const struct fam_locale *locale, const char *key)
{
    for (size_t i = 0; i < fam_locale_size(locale); i++) {
        const char *other = fam_locale_key_at(locale, i);
        if (stem(other) == stem(key) && strncmp(other, key, stem(key)) == 0 && (other[stem(other)] == key[stem(key)]))
            return true;
    }
    return false;
}

Test(bot_locale, both_languages_have_the_same_keys_and_their_own_plurals)
{
    static const char *const categories[2][5] = {{"one", "few", "many", "other", NULL}, {"one", "other", NULL}};
    for (size_t l = 0; l < fam_locale_count(); l++) {
        const struct fam_locale *locale = fam_locales_get(locales, fam_locale_language(l));
        const struct fam_locale *other = fam_locales_get(locales, fam_locale_language((l + 1) % fam_locale_count()));
        for (size_t i = 0; i < fam_locale_size(locale); i++) {
            const char *key = fam_locale_key_at(locale, i);
            cr_assert(has_stem(other, key), "%s is missing in the other language", key);
            if (!key[stem(key)])
                continue;
            for (size_t c = 0; categories[l][c]; c++) {
                char wanted[96];
                snprintf(wanted, sizeof(wanted), "%.*s[%s]", (int)stem(key), key, categories[l][c]);
                cr_assert_neq(fam_locale_text(locale, wanted), wanted, "%s is missing", wanted);
            }
        }
    }
}

Test(bot_locale, texts_fit_where_they_go)
{
    static const struct {
        const char *prefix;
        size_t units;
    } limits[] = {{"button.stale", 200},
                  {"button.foreign", 200},
                  {"menu.description", 512},
                  {"menu.short_description", 120},
                  {"menu.", 512},
                  {"country.ask", 300},
                  {"country.type", 300},
                  {"country.change", 300},
                  {"country.", 30},
                  {"emotion.", 30},
                  {"need.", 40},
                  {"button.not_kept", 300},
                  {"switch.", 30},
                  {"zone.ask", 300},
                  {"zone.done", 100},
                  {"zone.clock", 100},
                  {"zone.unknown", 100},
                  {"zone.", 25},
                  {"trait.", 25},
                  {"button.", 30},
                  {"rate.thanks", 200},
                  {"rate.noted", 200},
                  {"rate.", 20},
                  {"", 1500}};
    for (size_t l = 0; l < fam_locale_count(); l++) {
        const struct fam_locale *locale = fam_locales_get(locales, fam_locale_language(l));
        for (size_t i = 0; i < fam_locale_size(locale); i++) {
            const char *key = fam_locale_key_at(locale, i), *text = fam_locale_text_at(locale, i);
            size_t row = 0;
            while (strncmp(key, limits[row].prefix, strlen(limits[row].prefix)) != 0)
                row++;
            cr_assert_leq(fam_utf16_length(text), limits[row].units, "%s: %s", key, text);
        }
    }
}
