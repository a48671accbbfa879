#include "locale.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define FAM_LOCALE(id, code, name, plural)                                                                             \
    extern const unsigned char fam_data_##code##_locale[];                                                             \
    extern const size_t fam_data_##code##_locale_size;
#include "locales.inc"
#undef FAM_LOCALE

enum { LANGUAGES_MAX = 16, KEY_MAX = 64 };

static const struct language {
    Fam__V1__Language id;
    const char *code;
    const char *own_name;
    enum fam_plural plural;
    const unsigned char *data;
    const size_t *size;
} languages[] = {
#define FAM_LOCALE(id, code, name, plural)                                                                             \
    {FAM__V1__LANGUAGE__LANGUAGE_##id, #code, name, FAM_PLURAL_##plural, fam_data_##code##_locale,                     \
     &fam_data_##code##_locale_size},
#include "locales.inc"
#undef FAM_LOCALE
};

enum { LANGUAGES = sizeof(languages) / sizeof(languages[0]) };

struct line {
    const char *key;
    const char *text;
};

struct fam_locale {
    Fam__V1__Language language;
    enum fam_plural plural;
    char *memory; /* what keys and texts point into */
    struct line *lines;
    size_t count;
};

struct fam_locales {
    struct fam_locale locales[LANGUAGES_MAX];
    size_t count;
};

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct line *)a)->key, ((const struct line *)b)->key);
}

/* Turns \n and \\ into what they stand for, in place. */
static bool unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        from++;
        if (*from == 'n') {
            *to++ = '\n';
        } else if (*from == '\\') {
            *to++ = '\\';
        } else {
            return false;
        }
    }
    *to = '\0';
    return true;
}

/* "key = text" into a line. */
static bool parse_line(char *text, struct line *ret_line)
{
    char *equals = strstr(text, " = ");
    if (!equals || equals == text || equals - text >= KEY_MAX || !equals[3]) {
        return false;
    }
    *equals = '\0';
    *ret_line = (struct line){text, equals + 3};
    return !strchr(text, ' ') && unescape(equals + 3);
}

static enum fam_code parse(struct fam_locale *locale, const struct fam_locale_source *source, struct fam_status *status)
{
    const char *data = source->data;
    size_t size = source->size, lines = 1, number = 0;
    locale->language = source->language;
    locale->plural = source->plural;
    locale->memory = malloc(size + 1);
    for (size_t i = 0; i < size; i++) {
        lines += data[i] == '\n';
    }
    locale->lines = calloc(lines, sizeof(*locale->lines));
    if (!locale->memory || !locale->lines) {
        return fam_fail_memory(status);
    }
    memcpy(locale->memory, data, size);
    locale->memory[size] = '\0';
    if (!fam_utf8_valid(locale->memory, size)) {
        return fam_fail(status, FAM_INTERNAL, "%s.locale is not UTF-8", source->code);
    }
    char *rest = locale->memory;
    for (char *text; (text = strsep(&rest, "\n"));) {
        number++;
        if (!*text || *text == '#') {
            continue;
        }
        if (!parse_line(text, &locale->lines[locale->count++])) {
            return fam_fail(status, FAM_INTERNAL, "%s.locale, line %zu: not \"key = text\"", source->code, number);
        }
    }
    qsort(locale->lines, locale->count, sizeof(*locale->lines), by_key);
    for (size_t i = 1; i < locale->count; i++) {
        if (by_key(&locale->lines[i - 1], &locale->lines[i]) == 0) {
            return fam_fail(status, FAM_INTERNAL, "%s.locale has \"%s\" twice", source->code, locale->lines[i].key);
        }
    }
    return FAM_OK;
}

struct fam_locales *fam_locales_new_from(const struct fam_locale_source *sources, size_t count,
                                         struct fam_status *status)
{
    struct fam_locales *locales = calloc(1, sizeof(*locales));
    if (!locales) {
        fam_fail_memory(status);
        return NULL;
    }
    for (size_t i = 0; i < count && i < LANGUAGES_MAX; i++) {
        locales->count++;
        if (parse(&locales->locales[i], &sources[i], status) != FAM_OK) {
            fam_locales_free(locales);
            return NULL;
        }
    }
    return locales;
}

void fam_locale_builtin(size_t index, struct fam_locale_source *ret_source)
{
    const struct language *language = &languages[index];
    *ret_source = (struct fam_locale_source){.language = language->id,
                                             .code = language->code,
                                             .plural = language->plural,
                                             .data = language->data,
                                             .size = *language->size};
}

struct fam_locales *fam_locales_new(struct fam_status *status)
{
    struct fam_locale_source sources[LANGUAGES];
    _Static_assert((int)LANGUAGES <= (int)LANGUAGES_MAX, "more languages than there is room for");
    for (size_t i = 0; i < LANGUAGES; i++) {
        fam_locale_builtin(i, &sources[i]);
    }
    return fam_locales_new_from(sources, LANGUAGES, status);
}

void fam_locales_free(struct fam_locales *locales)
{
    if (!locales) {
        return;
    }
    for (size_t i = 0; i < locales->count; i++) {
        free(locales->locales[i].lines);
        free(locales->locales[i].memory);
    }
    free(locales);
}

const struct fam_locale *fam_locales_get(const struct fam_locales *locales, Fam__V1__Language language)
{
    for (size_t i = 0; i < locales->count; i++) {
        if (locales->locales[i].language == language) {
            return &locales->locales[i];
        }
    }
    return &locales->locales[0];
}

Fam__V1__Language fam_locale_language_of(const char *code)
{
    for (size_t i = 0; i < LANGUAGES; i++) {
        size_t size = strlen(languages[i].code);
        if (strncmp(code, languages[i].code, size) == 0 && (code[size] == '\0' || code[size] == '-')) {
            return languages[i].id;
        }
    }
    return FAM__V1__LANGUAGE__LANGUAGE_UNSPECIFIED;
}

size_t fam_locale_count(void)
{
    return LANGUAGES;
}

Fam__V1__Language fam_locale_language(size_t index)
{
    return languages[index].id;
}

const char *fam_locale_code(size_t index)
{
    return languages[index].code;
}

const char *fam_locale_own_name(size_t index)
{
    return languages[index].own_name;
}

Fam__V1__Language fam_locale_which(const struct fam_locale *locale)
{
    return locale->language;
}

const char *fam_locale_text(const struct fam_locale *locale, const char *key)
{
    struct line wanted = {.key = key};
    const struct line *found = bsearch(&wanted, locale->lines, locale->count, sizeof(*locale->lines), by_key);
    return found ? found->text : key;
}

static const char *category(enum fam_plural rule, int64_t n)
{
    uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    if (rule != FAM_PLURAL_SLAVIC) {
        return rule == FAM_PLURAL_GERMANIC && u == 1 ? "one" : "other";
    }
    uint64_t ten = u % 10, hundred = u % 100;
    if (ten == 1 && hundred != 11) {
        return "one";
    }
    if (ten >= 2 && ten <= 4 && (hundred < 12 || hundred > 14)) {
        return "few";
    }
    return "many";
}

const char *fam_locale_category(Fam__V1__Language language, int64_t n)
{
    for (size_t i = 0; i < LANGUAGES; i++) {
        if (languages[i].id == language) {
            return category(languages[i].plural, n);
        }
    }
    return "other";
}

const char *fam_locale_plural(const struct fam_locale *locale, const char *key, int64_t n)
{
    char full[KEY_MAX];
    snprintf(full, sizeof(full), "%s[%s]", key, category(locale->plural, n));
    const char *text = fam_locale_text(locale, full);
    return text == full ? key : text;
}

/* The next part of a text with places: `plain_size` bytes as they are, then the value (NULL: none). Returns what
 * follows, NULL at the end. */
static const char *next_part(const char *text, const struct fam_arg *args, size_t count, size_t *ret_plain_size,
                             const char **ret_value)
{
    const char *from = text;
    *ret_value = NULL;
    for (const char *open; (open = strchr(from, '{')); from = open + 1) {
        for (size_t i = 0; i < count; i++) {
            size_t size = strlen(args[i].name);
            if (strncmp(open + 1, args[i].name, size) == 0 && open[1 + size] == '}') {
                *ret_plain_size = (size_t)(open - text);
                *ret_value = args[i].value;
                return open + size + 2;
            }
        }
    }
    *ret_plain_size = strlen(text);
    return NULL;
}

void fam_locale_add_html(struct fam_html *html, const char *text, const struct fam_arg *args, size_t count)
{
    while (text) {
        size_t plain_size;
        const char *value, *rest = next_part(text, args, count, &plain_size, &value);
        fam_html_add_size(html, text, plain_size);
        if (value) {
            fam_html_add(html, value);
        }
        text = rest;
    }
}

void fam_locale_format(char *ret_text, size_t size, const char *text, const struct fam_arg *args, size_t count)
{
    size_t used = 0;
    while (text) {
        size_t plain_size;
        const char *value, *rest = next_part(text, args, count, &plain_size, &value);
        const char *parts[2] = {text, value ? value : ""};
        size_t sizes[2] = {plain_size, value ? strlen(value) : 0};
        for (int i = 0; i < 2; i++) {
            if (sizes[i] > size - 1 - used) {
                sizes[i] = fam_utf8_cut(parts[i], size - 1 - used);
            }
            memcpy(ret_text + used, parts[i], sizes[i]);
            used += sizes[i];
        }
        text = rest;
    }
    ret_text[used] = '\0';
}

size_t fam_locale_size(const struct fam_locale *locale)
{
    return locale->count;
}

const char *fam_locale_key_at(const struct fam_locale *locale, size_t index)
{
    return locale->lines[index].key;
}

const char *fam_locale_text_at(const struct fam_locale *locale, size_t index)
{
    return locale->lines[index].text;
}
