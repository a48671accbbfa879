/* countries.h: countries by code: which have a button and a name in the locales, and which codes exist. Thread-safe. */
#ifndef FAM_DIALOG_COUNTRIES_H
#define FAM_DIALOG_COUNTRIES_H

#include <stdbool.h>
#include <stddef.h>

#include "locale.h"

enum { FAM_COUNTRY_OTHER = 254, FAM_COUNTRY_NONE = 255, FAM_COUNTRY_BUTTONS = 9 };

/* Those with a name, in a fixed order; buttons name them by place. NULL behind the last. */
const char *fam_country_at(size_t index);
/* The first choices for a language, as places in that order; FAM_COUNTRY_BUTTONS of them. */
const unsigned char *fam_country_choices(Fam__V1__Language language);
/* "Россия"; the code itself when the country has no name in the locales. */
const char *fam_country_name(const struct fam_locale *locale, const char *code);
/* A code of ISO 3166-1 in upper case (with `any_case` in either), or the name of a listed country in any of our
 * languages. False, when the text is neither. */
bool fam_country_parse(const struct fam_locales *locales, const char *text, bool any_case, char ret_code[3]);

#endif
