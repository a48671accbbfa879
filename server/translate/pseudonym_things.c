#include "translate/pseudonym_things.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { FORMS_MAX = 64, FIRST_FORM = 2, PHONE_DIGITS = 11 };

static const char *const kind_names[FAM_HIDDEN_KINDS] = {
    [FAM_HIDDEN_CHILD] = "CHILD",   [FAM_HIDDEN_OTHER_CHILD] = "CHILD", [FAM_HIDDEN_PARENT] = "PARENT",
    [FAM_HIDDEN_PERSON] = "PERSON", [FAM_HIDDEN_SCHOOL] = "SCHOOL",     [FAM_HIDDEN_ADDRESS] = "ADDRESS",
    [FAM_HIDDEN_PHONE] = "PHONE",   [FAM_HIDDEN_EMAIL] = "EMAIL",       [FAM_HIDDEN_HANDLE] = "HANDLE",
    [FAM_HIDDEN_URL] = "URL",       [FAM_HIDDEN_DATE] = "DATE",         [FAM_HIDDEN_NUMBER] = "NUMBER",
    [FAM_HIDDEN_OPEN] = "OPEN",     [FAM_HIDDEN_CLOSE] = "CLOSE",
};

static void wipe_text(char *text)
{
    if (text != NULL) {
        sodium_memzero(text, strlen(text));
        free(text);
    }
}

void fam_pseudonym_things_done(struct fam_pseudonym_things *things)
{
    for (size_t i = 0; i < things->count; i++) {
        struct fam_pseudonym_thing *thing = &things->items[i];
        wipe_text(thing->key);
        wipe_text(thing->canonical);
        for (size_t f = 0; f < thing->form_count; f++) {
            wipe_text(thing->forms[f]);
        }
        free(thing->forms);
    }
    free(things->items);
    *things = (struct fam_pseudonym_things){.count = 0};
}

/* "школа №57" and "в 57-й школе" are one: the beginnings of the words, then the numbers. */
static char *school_key(const char *spelling)
{
    enum { BEGINNING = 8 }; /* bytes */
    struct fam_pseudonym_words words;
    fam_auto(fam_buf_done) struct fam_buf key = {0};
    if (!fam_pseudonym_words_init(&words, spelling)) {
        return NULL;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < words.count; i++) {
            const struct fam_pseudonym_word *word = &words.items[i];
            if (word->number == (pass == 1) && (word->number || word->letters > 2)) {
                fam_buf_add(&key, word->folded, word->number ? word->letters : fam_utf8_cut(word->folded, BEGINNING));
                fam_buf_add_char(&key, ' ');
            }
        }
    }
    fam_pseudonym_words_done(&words);
    return key.size == 0 ? fam_text_normalise(spelling) : fam_buf_take(&key);
}

/* The same for all spellings of a thing; of a phone its digits, 8 916 … as +7 916 …. NULL when memory is short. */
static char *key_of(enum fam_pseudonym_kind kind, const char *spelling)
{
    char *key = kind == FAM_HIDDEN_SCHOOL ? school_key(spelling) : fam_text_normalise(spelling);
    size_t size = 0;
    if (key == NULL || kind != FAM_HIDDEN_PHONE) {
        return key;
    }
    for (const char *at = key; *at != '\0'; at++) {
        if (*at >= '0' && *at <= '9') {
            key[size++] = *at;
        }
    }
    key[size] = '\0';
    if (size == PHONE_DIGITS && key[0] == '8') {
        key[0] = '7';
    }
    return key;
}

/* One person? Equal first names with nothing that speaks against it, or equal surnames where one lacks the first name.
 */
static bool is_same_person(const struct fam_names *names, const struct fam_pseudonym_thing *thing,
                           const struct fam_pseudonym_span *span)
{
    if (thing->base_count == 0 || span->base_count == 0) {
        return thing->extra == span->extra && thing->extra != 0;
    }
    if (thing->extra != 0 && span->extra != 0 && thing->extra != span->extra) {
        return false;
    }
    for (size_t i = 0; i < thing->base_count; i++) {
        for (size_t k = 0; k < span->base_count; k++) {
            if (fam_names_related(names, thing->bases[i], span->bases[k])) {
                return true;
            }
        }
    }
    return false;
}

static struct fam_pseudonym_thing *find_thing(const struct fam_pseudonym_things *things, const struct fam_names *names,
                                              const struct fam_pseudonym_span *span, const char *key)
{
    for (size_t i = 0; i < things->count; i++) {
        struct fam_pseudonym_thing *thing = &things->items[i];
        bool same = thing->kind == span->kind && thing->known == span->known;
        if (same && span->known == FAM_PSEUDONYM_NOT_KNOWN) {
            same = span->kind == FAM_HIDDEN_PERSON ? is_same_person(names, thing, span) : strcmp(thing->key, key) == 0;
        }
        if (same) {
            return thing;
        }
    }
    return NULL;
}

static struct fam_pseudonym_thing *add_thing(struct fam_pseudonym_things *things,
                                             const struct fam_pseudonym_family *family,
                                             const struct fam_pseudonym_span *span, const char *key,
                                             const char *spelling)
{
    if (things->count == things->capacity) {
        size_t capacity = things->capacity == 0 ? 16 : 2 * things->capacity;
        struct fam_pseudonym_thing *items =
            things->count >= FAM_PSEUDONYM_THINGS_MAX ? NULL : realloc(things->items, capacity * sizeof(*items));
        if (items == NULL) {
            return NULL;
        }
        things->items = items;
        things->capacity = capacity;
    }
    const char *canonical = span->known != FAM_PSEUDONYM_NOT_KNOWN ? family->names[span->known].name
                            : span->nominative[0] != '\0'          ? span->nominative
                                                                   : spelling;
    struct fam_pseudonym_thing thing = {.kind = span->kind,
                                        .known = span->known,
                                        .base_count = span->base_count,
                                        .extra = span->extra,
                                        .key = strdup(key),
                                        .canonical = strdup(canonical)};
    memcpy(thing.bases, span->bases, sizeof(thing.bases));
    if (thing.key == NULL || thing.canonical == NULL) {
        wipe_text(thing.key);
        wipe_text(thing.canonical);
        return NULL;
    }
    thing.number = ++things->numbers[span->kind];
    things->items[things->count] = thing;
    return &things->items[things->count++];
}

/* 0: the canonical spelling; otherwise the number that stands behind the dot; -1: no room. */
static int form_of(struct fam_pseudonym_thing *thing, const char *spelling)
{
    if (strcmp(thing->canonical, spelling) == 0) {
        return 0;
    }
    for (size_t i = 0; i < thing->form_count; i++) {
        if (strcmp(thing->forms[i], spelling) == 0) {
            return (int)i + FIRST_FORM;
        }
    }
    char **forms =
        thing->form_count >= FORMS_MAX ? NULL : realloc(thing->forms, (thing->form_count + 1) * sizeof(*forms));
    if (forms == NULL) {
        return -1;
    }
    thing->forms = forms;
    forms[thing->form_count] = strdup(spelling);
    return forms[thing->form_count] == NULL ? -1 : (int)thing->form_count++ + FIRST_FORM;
}

static void write_placeholder(const struct fam_pseudonym_thing *thing, int form, struct fam_buf *out)
{
    fam_buf_addf(out, "{%s", kind_names[thing->kind]);
    if (thing->kind != FAM_HIDDEN_CHILD) {
        fam_buf_addf(out, "_%u", thing->number);
    }
    if (form > 0) {
        fam_buf_addf(out, ".%d", form);
    }
    fam_buf_add_char(out, '}');
}

enum fam_code fam_pseudonym_things_hide(struct fam_pseudonym_things *things, const struct fam_names *names,
                                        const struct fam_pseudonym_family *family,
                                        const struct fam_pseudonym_span *span, const char *spelling, size_t size,
                                        struct fam_buf *out, struct fam_status *status)
{
    if (span->kind == FAM_HIDDEN_OPEN || span->kind == FAM_HIDDEN_CLOSE) {
        fam_buf_addf(out, "{%s}", kind_names[span->kind]);
        return FAM_OK;
    }
    char *text = strndup(spelling, size);
    char *key = text == NULL ? NULL : key_of(span->kind, text);
    int form = -1;
    if (key != NULL) {
        struct fam_pseudonym_thing *thing = find_thing(things, names, span, key);
        thing = thing == NULL ? add_thing(things, family, span, key, text) : thing;
        form = thing == NULL ? -1 : form_of(thing, text);
        if (thing != NULL && form >= 0) {
            /* What is learnt of a person later helps to know it again. */
            thing->extra = thing->extra == 0 ? span->extra : thing->extra;
            if (thing->base_count == 0) {
                memcpy(thing->bases, span->bases, sizeof(thing->bases));
                thing->base_count = span->base_count;
            }
            write_placeholder(thing, form, out);
        }
    }
    wipe_text(text);
    wipe_text(key);
    if (form < 0) {
        return fam_fail(status, FAM_RESOURCE_EXHAUSTED, "not enough memory, or too many personal things in a text");
    }
    return FAM_OK;
}

/* Reads a number without sign and leading zero of at most four digits; 0 when there is none. */
static unsigned read_number(const char **at, const char *end)
{
    unsigned value = 0;
    const char *start = *at;
    while (*at < end && **at >= '0' && **at <= '9' && *at - start < 4 && !(value == 0 && **at == '0')) {
        value = 10 * value + (unsigned)(**at - '0');
        (*at)++;
    }
    return value;
}

static bool is_kind(enum fam_pseudonym_kind kind, const char *name, size_t size)
{
    return strlen(kind_names[kind]) == size && memcmp(kind_names[kind], name, size) == 0;
}

/* The child asked about may be named in the answer though the text did not. */
static const char *find_child(const struct fam_pseudonym_family *family)
{
    bool child = family->count > 0 && family->names[0].kind == FAM_KNOWN_CHILD;
    return child ? family->names[0].name : NULL;
}

const char *fam_pseudonym_things_find(const struct fam_pseudonym_things *things,
                                      const struct fam_pseudonym_family *family, const char *name, size_t size)
{
    const char *end = name + size, *at = name;
    while (at < end && *at >= 'A' && *at <= 'Z') {
        at++;
    }
    size_t word = (size_t)(at - name);
    unsigned number = 0, form = 0;
    if (at < end && *at == '_') {
        at++;
        number = read_number(&at, end);
        if (number == 0) {
            return NULL;
        }
    }
    if (at < end && *at == '.') {
        at++;
        form = read_number(&at, end);
        if (form < FIRST_FORM) {
            return NULL;
        }
    }
    if (at != end) {
        return NULL;
    }
    if (number == 0 && form == 0 && (is_kind(FAM_HIDDEN_OPEN, name, word) || is_kind(FAM_HIDDEN_CLOSE, name, word))) {
        return is_kind(FAM_HIDDEN_OPEN, name, word) ? "{" : "}";
    }
    for (size_t i = 0; i < things->count; i++) {
        const struct fam_pseudonym_thing *thing = &things->items[i];
        unsigned own = thing->kind == FAM_HIDDEN_CHILD ? 0 : thing->number;
        if (own == number && is_kind(thing->kind, name, word)) {
            bool known = form >= FIRST_FORM && form - FIRST_FORM < thing->form_count;
            return known ? thing->forms[form - FIRST_FORM] : thing->canonical;
        }
    }
    return number == 0 && is_kind(FAM_HIDDEN_CHILD, name, word) ? find_child(family) : NULL;
}
