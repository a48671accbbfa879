#include <utf8proc.h>

#include "translate/offline.h"

enum {
    CYRILLIC_FIRST = 0x400,
    CYRILLIC_LAST = 0x52f,
    LATIN_LAST = 0x24f,
};

static bool is_letter(utf8proc_int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

Fam__V1__Language fam_language_of(const char *text)
{
    size_t cyrillic = 0;
    size_t latin = 0;
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
    while (*at != '\0') {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t step = utf8proc_iterate(at, -1, &c);
        if (step <= 0) {
            break;
        }
        at += step;
        if (c >= CYRILLIC_FIRST && c <= CYRILLIC_LAST) {
            cyrillic++;
        } else if (c <= LATIN_LAST && is_letter(c)) {
            latin++;
        }
    }
    if (cyrillic == 0 && latin == 0) {
        return FAM__V1__LANGUAGE__LANGUAGE_UNSPECIFIED;
    }
    return cyrillic >= latin ? FAM__V1__LANGUAGE__LANGUAGE_RU : FAM__V1__LANGUAGE__LANGUAGE_EN;
}
