#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { CYRILLIC_IO = 0x451, CYRILLIC_IE = 0x435, DIAERESIS = 0x308 };

/* Length of the well-formed character at `at`, 0 when there is none (RFC 3629, section 4). */
static size_t character_size(const unsigned char *at, size_t left)
{
    unsigned char first = at[0];
    if (first < 0x80) {
        return first == 0 ? 0 : 1;
    }
    size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || left < size) {
        return 0;
    }
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    switch (first) {
    case 0xe0:
        low = 0xa0;
        break;
    case 0xed:
        high = 0x9f;
        break;
    case 0xf0:
        low = 0x90;
        break;
    case 0xf4:
        high = 0x8f;
        break;
    default:
        break;
    }
    if (at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return size;
}

bool fam_utf8_valid(const char *text, size_t size)
{
    const unsigned char *at = (const unsigned char *)text;
    while (size > 0) {
        size_t step = character_size(at, size);
        if (step == 0) {
            return false;
        }
        at += step;
        size -= step;
    }
    return true;
}

static bool starts_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

size_t fam_utf8_length(const char *text)
{
    size_t length = 0;
    for (; *text != '\0'; text++) {
        length += starts_character(*text) ? 1 : 0;
    }
    return length;
}

size_t fam_utf16_length(const char *text)
{
    size_t length = 0;
    for (; *text != '\0'; text++) {
        if (starts_character(*text)) {
            length += (unsigned char)*text >= 0xf0 ? 2 : 1;
        }
    }
    return length;
}

size_t fam_utf8_cut(const char *text, size_t max_bytes)
{
    size_t size = strlen(text);
    if (size <= max_bytes) {
        return size;
    }
    size = max_bytes;
    while (size > 0 && !starts_character(text[size])) {
        size--;
    }
    return size;
}

size_t fam_utf8_offset(const char *text, size_t max_chars)
{
    size_t offset = 0;
    for (size_t seen = 0; text[offset] != '\0'; offset++) {
        if (starts_character(text[offset]) && seen++ == max_chars) {
            break;
        }
    }
    return offset;
}

static bool is_space(utf8proc_int32_t c)
{
    if (c == ' ' || (c >= 9 && c <= 13) || c == 0x85) {
        return true;
    }
    utf8proc_category_t category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

/* utf8proc drops what is by default ignorable; this is what Unicode does not call so. */
static bool is_invisible(utf8proc_int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF;
}

static void write_normalised(const utf8proc_uint8_t *folded, char *out)
{
    bool pending_space = false;
    bool after_ie = false; /* the last character that marks can sit on is е: a diaeresis would make it ё again */
    char *at = out;
    while (*folded != '\0') {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t step = utf8proc_iterate(folded, -1, &c);
        if (step <= 0) {
            break;
        }
        folded += step;
        if (is_space(c)) {
            pending_space = at != out;
            after_ie = false;
        } else if (!is_invisible(c) && !(after_ie && c == DIAERESIS)) {
            if (pending_space) {
                *at++ = ' ';
                pending_space = false;
            }
            c = c == CYRILLIC_IO ? CYRILLIC_IE : c;
            after_ie = c == CYRILLIC_IE || (after_ie && utf8proc_get_property(c)->combining_class != 0);
            at += utf8proc_encode_char(c, (utf8proc_uint8_t *)at);
        }
    }
    *at = '\0';
}

char *fam_text_normalise(const char *text)
{
    size_t size = strlen(text);
    if (!fam_utf8_valid(text, size)) {
        return NULL;
    }
    utf8proc_uint8_t *folded = NULL;
    utf8proc_ssize_t length = utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &folded,
                                           UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                                               UTF8PROC_IGNORE | UTF8PROC_STRIPCC);
    if (length < 0) {
        return NULL;
    }
    char *out = malloc((size_t)length + 1);
    if (out != NULL) {
        write_normalised(folded, out);
    }
    free(folded);
    return out;
}

void fam_text_trim(char *text)
{
    const char *start = text;
    char *end = text; /* after the last character that is no space */
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
    bool begun = false;
    while (*at != '\0') {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t step = utf8proc_iterate(at, -1, &c);
        if (step <= 0) {
            step = 1;
            c = 'x';
        }
        if (!is_space(c)) {
            if (!begun) {
                start = (const char *)at;
                begun = true;
            }
            end = text + ((const char *)at - text) + step;
        }
        at += step;
    }
    size_t size = begun ? (size_t)(end - start) : 0;
    memmove(text, start, size);
    text[size] = '\0';
}

bool fam_text_millionths(const char *text, uint64_t *ret_millionths)
{
    enum { WHOLE_DIGITS = 12, PARTS_DIGITS = 6 };
    uint64_t value = 0;
    size_t digits = strspn(text, "0123456789");
    const char *rest = text + digits;
    size_t parts = *rest == '.' ? strspn(rest + 1, "0123456789") : 0;
    bool ends = *rest == '\0' || (parts > 0 && rest[parts + 1] == '\0');
    if (digits == 0 || digits > WHOLE_DIGITS || parts > PARTS_DIGITS || !ends) {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    for (size_t i = 0; i < PARTS_DIGITS; i++) {
        value = value * 10 + (i < parts ? (uint64_t)(rest[1 + i] - '0') : 0);
    }
    *ret_millionths = value;
    return true;
}
