#include "base/core.h"

#include <stdbool.h>
#include <string.h>
#include <utf8proc.h>

#include "base/text.h"

static bool is_letter(utf8proc_category_t category)
{
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

static bool is_number(utf8proc_category_t category)
{
    return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

/* Sits on the letter before it. */
static bool is_mark(utf8proc_category_t category)
{
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC;
}

char *fam_text_core(const char *text)
{
    char *plain = fam_text_normalise(text);
    if (!plain) {
        return NULL;
    }
    const char *from = NULL, *end = plain;
    for (const char *at = plain; *at;) {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)at, -1, &c);
        if (size <= 0) {
            break;
        }
        utf8proc_category_t category = utf8proc_category(c);
        bool says = is_letter(category) || is_number(category);
        from = says && !from ? at : from;
        bool goes_on = from && is_mark(category) && end == at;
        at += size;
        end = says || goes_on ? at : end;
    }
    size_t size = from ? (size_t)(end - from) : 0;
    memmove(plain, from ? from : plain, size);
    plain[size] = '\0';
    return plain;
}
