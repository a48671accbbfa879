/* locale.h: all texts of the bot, in each language.
 *
 * A locale is a file of lines (botclient/locales/ru.locale):
 *     # a comment
 *     help.title = Text; \n is a line end, {name} a place for a value
 *     years[one] = {n} год          one line for each plural category of the language
 * Files are compiled in. A further language is one file more (and its value in the proto's enum Language): where it
 * stands in lists, its own name and its plural rule are lines of the file, locale.order, locale.name, locale.plural.
 *
 * Keys stand as text in the source: T(locale, "help.title"); tests/lint/locales compares both sides. Read-only after
 * fam_locales_new; thread-safe. */
#ifndef FAM_BOT_LOCALE_H
#define FAM_BOT_LOCALE_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "fam/v1/types.pb-c.h"
#include "telegram/format.h"

struct fam_locale;
struct fam_locales;

/* A value for a place: {name}. Borrowed. */
struct fam_arg {
    const char *name;
    const char *value;
};

/* Plural categories by CLDR's rules for whole numbers. */
enum fam_plural {
    FAM_PLURAL_SLAVIC,   /* one, few, many; "other" for fractions: Russian, Ukrainian, Belarusian */
    FAM_PLURAL_GERMANIC, /* one, other: English, German, Spanish … */
    FAM_PLURAL_NONE      /* other: Japanese, Turkish after numbers … */
};

/* A file of texts; borrowed while fam_locales_new_from runs. */
struct fam_locale_source {
    Fam__V1__Language language;
    const char *code;
    enum fam_plural plural;
    const void *data;
    size_t size;
};

/* INTERNAL names file and line of a fault. */
struct fam_locales *fam_locales_new(struct fam_status *status) FAM_MUST_CHECK;
/* The same from other files than those compiled in, 1 to 16. */
struct fam_locales *fam_locales_new_from(const struct fam_locale_source *sources, size_t count,
                                         struct fam_status *status) FAM_MUST_CHECK;
/* Row `index` of the table as a source. */
void fam_locale_builtin(size_t index, struct fam_locale_source *ret_source);
void fam_locales_free(struct fam_locales *locales);
/* The texts of a language; of an unknown one those of the first in the table. */
const struct fam_locale *fam_locales_get(const struct fam_locales *locales, Fam__V1__Language language);
/* By Telegram's language_code ("ru", "en-gb"): LANGUAGE_UNSPECIFIED when we don't speak it. */
Fam__V1__Language fam_locale_language_of(const char *code);
size_t fam_locale_count(void);
/* Row `index` of the table: the language, its code, its own name ("Русский"). */
Fam__V1__Language fam_locale_language(size_t index);
const char *fam_locale_code(size_t index);
const char *fam_locale_own_name(size_t index);

Fam__V1__Language fam_locale_which(const struct fam_locale *locale);
/* The text; the key itself when it is missing (the lint proves that none is). Never NULL. */
const char *fam_locale_text(const struct fam_locale *locale, const char *key);
/* The text of the plural category of `n`, from key[one], key[few] … */
const char *fam_locale_plural(const struct fam_locale *locale, const char *key, int64_t n);
/* "one", "few", "many" or "other", by the rules of CLDR for whole numbers; "other" for a language not compiled in. */
const char *fam_locale_category(Fam__V1__Language language, int64_t n);

#define T(locale, key) fam_locale_text((locale), key)
/* A key that stands in a table; the lint finds it by this. */
#define FAM_KEY(key) key

/* Text with its places filled. Values are escaped in the html form; an unknown place stays as it is. */
void fam_locale_add_html(struct fam_html *html, const char *text, const struct fam_arg *args, size_t count);
/* The same as plain text, cut at a character when `size` is too small. */
void fam_locale_format(char *ret_text, size_t size, const char *text, const struct fam_arg *args, size_t count);

/* Labels of the closed lists: emotion.anger, need.rest, response.give_space, certainty.low, age.7_9. "" for the
 * unspecified and the unknown. */
const char *fam_label_emotion(const struct fam_locale *locale, Fam__V1__Emotion value);
const char *fam_label_need(const struct fam_locale *locale, Fam__V1__Need value);
const char *fam_label_response(const struct fam_locale *locale, Fam__V1__ResponseKind value);
const char *fam_label_certainty(const struct fam_locale *locale, Fam__V1__Certainty value);
const char *fam_label_age(const struct fam_locale *locale, Fam__V1__AgeBand value);

/* For the lint: keys in order, each with its category in brackets when it has one. */
size_t fam_locale_size(const struct fam_locale *locale);
const char *fam_locale_key_at(const struct fam_locale *locale, size_t index);
const char *fam_locale_text_at(const struct fam_locale *locale, size_t index);

#endif
