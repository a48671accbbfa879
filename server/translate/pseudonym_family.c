#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "translate/pseudonym_spans.h"

enum { FORMS_MAX = 16384, NAME_BYTES_MAX = 512 };

struct adding {
    struct fam_pseudonym_family *family;
    int known;
};

static bool add_hash(struct fam_pseudonym_family *family, int known, uint64_t hash, bool key, enum fam_name_form form)
{
    if (family->form_count == family->form_capacity) {
        size_t capacity = family->form_capacity == 0 ? 128 : 2 * family->form_capacity;
        struct fam_pseudonym_known_form *forms =
            family->form_count >= FORMS_MAX ? NULL : realloc(family->forms, capacity * sizeof(*forms));
        if (forms == NULL) {
            return false;
        }
        family->forms = forms;
        family->form_capacity = capacity;
    }
    family->forms[family->form_count++] =
        (struct fam_pseudonym_known_form){.hash = hash, .known = known, .key = key, .form = form};
    return true;
}

/* Each form by itself, and by its key for the other alphabet. */
static bool add_form(void *context, const char *form, enum fam_name_form kind)
{
    const struct adding *adding = context;
    char key[FAM_NAME_NOMINATIVE_BYTES];
    if (!add_hash(adding->family, adding->known, fam_name_hash(form), false, kind)) {
        return false;
    }
    bool cyrillic = (unsigned char)form[0] >= 0xd0 && (unsigned char)form[0] <= 0xd4;
    return kind == FAM_NAME_VOCATIVE || !fam_name_key(form, cyrillic, key) ||
           add_hash(adding->family, adding->known, fam_name_hash(key), true, kind);
}

static void add_bases(struct fam_pseudonym_known *known, const struct fam_name_hit *hit)
{
    for (size_t i = 0; i < hit->count && known->base_count < FAM_ARRAY_SIZE(known->bases); i++) {
        known->bases[known->base_count++] = hit->bases[i];
    }
}

/* Diminutives in Latin letters: Mashenka. In Cyrillic they are taken apart when they are met. */
static bool add_latin_diminutives(const struct adding *adding, const char *name)
{
    static const char *const ends[] = {"ка", "енька", "ечка", "очка", "уля", "юша", "ушка"};
    char form[2 * FAM_NAME_NOMINATIVE_BYTES], key[FAM_NAME_NOMINATIVE_BYTES];
    size_t size = strlen(name), vowel = strlen("а");
    if (size <= 2 * vowel || (strcmp(name + size - vowel, "а") != 0 && strcmp(name + size - vowel, "я") != 0)) {
        return true;
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(ends); i++) {
        (void)snprintf(form, sizeof(form), "%.*s%s", (int)(size - vowel), name, ends[i]);
        if (fam_name_key(form, true, key) &&
            !add_hash(adding->family, adding->known, fam_name_hash(key), true, FAM_NAME_DERIVED)) {
            return false;
        }
    }
    return true;
}

static bool add_word(struct fam_pseudonym_family *family, const struct fam_names *names, int known,
                     const struct fam_pseudonym_word *word)
{
    struct adding adding = {.family = family, .known = known};
    struct fam_name_hit hit;
    char key[FAM_NAME_NOMINATIVE_BYTES];
    if (word->number || word->letters < 2) {
        return true;
    }
    if (fam_names_find(names, word->folded, word->cyrillic, &hit) &&
        (hit.form == FAM_NAME_NOMINATIVE || hit.form == FAM_NAME_DERIVED || hit.form == FAM_NAME_LATIN)) {
        hit.count = 1; /* the nominative; another base would be another name's case */
        add_bases(&family->names[known], &hit);
    }
    if (word->cyrillic) {
        return fam_name_inflect(word->folded, NULL, 0, add_form, &adding) &&
               fam_name_inflect_surname(word->folded, add_form, &adding) &&
               add_latin_diminutives(&adding, word->folded);
    }
    if (!add_form(&adding, word->folded, FAM_NAME_NOMINATIVE)) {
        return false;
    }
    return !fam_name_key(word->folded, false, key) ||
           (fam_name_inflect(key, NULL, 0, add_form, &adding) && fam_name_inflect_surname(key, add_form, &adding));
}

static int compare(const void *a, const void *b)
{
    const struct fam_pseudonym_known_form *first = a, *second = b;
    if (first->key != second->key) {
        return first->key ? 1 : -1;
    }
    if (first->hash != second->hash) {
        return first->hash < second->hash ? -1 : 1;
    }
    if ((first->form == FAM_NAME_NOMINATIVE) != (second->form == FAM_NAME_NOMINATIVE)) {
        return first->form == FAM_NAME_NOMINATIVE ? -1 : 1;
    }
    return first->known - second->known;
}

static enum fam_code add_name(struct fam_pseudonym_family *family, const struct fam_names *names,
                              const struct fam_known_name *given, struct fam_status *status)
{
    if (!fam_utf8_valid(given->name, strlen(given->name)) || strlen(given->name) > NAME_BYTES_MAX) {
        return fam_fail_field(status, "known", "a known name is no UTF-8 or too long");
    }
    if (given->name[0] == '\0') {
        return FAM_OK;
    }
    int known = (int)family->count;
    bool second = given->kind == FAM_KNOWN_CHILD && known > 0; /* only one child is asked about */
    family->names[known] =
        (struct fam_pseudonym_known){.kind = second ? FAM_KNOWN_OTHER_CHILD : given->kind, .name = strdup(given->name)};
    if (family->names[known].name == NULL) {
        return fam_fail_memory(status);
    }
    family->count++;
    struct fam_pseudonym_words words;
    if (!fam_pseudonym_words_init(&words, family->names[known].name)) {
        return fam_fail_memory(status);
    }
    bool fine = true;
    for (size_t i = 0; fine && i < words.count; i++) {
        fine = add_word(family, names, known, &words.items[i]);
    }
    fam_pseudonym_words_done(&words);
    return fine ? FAM_OK : fam_fail_memory(status);
}

enum fam_code fam_pseudonym_family_init(struct fam_pseudonym_family *family, const struct fam_names *names,
                                        const struct fam_known_name *known, size_t count, struct fam_status *status)
{
    *family = (struct fam_pseudonym_family){.count = 0};
    if (count > FAM_PSEUDONYM_KNOWN_MAX) {
        return fam_fail_field(status, "known", "more than %d known names", (int)FAM_PSEUDONYM_KNOWN_MAX);
    }
    family->names = calloc(count + 1, sizeof(*family->names));
    enum fam_code code = family->names == NULL ? fam_fail_memory(status) : FAM_OK;
    /* The child asked about comes first, so that it wins where names are alike. */
    for (size_t kind = FAM_KNOWN_CHILD; code == FAM_OK && kind <= FAM_KNOWN_PARENT; kind++) {
        for (size_t i = 0; code == FAM_OK && i < count; i++) {
            if (known[i].kind == (enum fam_known_kind)kind && known[i].name != NULL) {
                code = add_name(family, names, &known[i], status);
            }
        }
    }
    if (code != FAM_OK) {
        fam_pseudonym_family_done(family);
        return code;
    }
    if (family->form_count > 0) {
        qsort(family->forms, family->form_count, sizeof(*family->forms), compare);
    }
    return FAM_OK;
}

void fam_pseudonym_family_done(struct fam_pseudonym_family *family)
{
    for (size_t i = 0; family->names != NULL && i < family->count; i++) {
        if (family->names[i].name != NULL) {
            sodium_memzero(family->names[i].name, strlen(family->names[i].name));
            free(family->names[i].name);
        }
    }
    if (family->forms != NULL) {
        sodium_memzero(family->forms, family->form_count * sizeof(*family->forms));
    }
    free(family->names);
    free(family->forms);
    *family = (struct fam_pseudonym_family){.count = 0};
}

static const struct fam_pseudonym_known_form *find_hash(const struct fam_pseudonym_family *family, uint64_t hash,
                                                        bool key)
{
    size_t low = 0, high = family->form_count;
    const struct fam_pseudonym_known_form probe = {.hash = hash, .key = key, .known = -1};
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&family->forms[middle], &probe) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < family->form_count && family->forms[low].hash == hash && family->forms[low].key == key;
    return found ? &family->forms[low] : NULL;
}

struct stripping {
    const struct fam_pseudonym_family *family;
    const struct fam_pseudonym_known_form *form;
    enum fam_name_form kind;
};

/* A diminutive of a name that the lexicon does not have. */
static bool found_stripped(void *context, const char *name, const char *nominative, enum fam_name_form kind)
{
    struct stripping *stripping = context;
    (void)nominative;
    const struct fam_pseudonym_known_form *form = find_hash(stripping->family, fam_name_hash(name), false);
    if (form == NULL || form->form != FAM_NAME_NOMINATIVE) {
        return false;
    }
    stripping->form = form;
    stripping->kind = kind;
    return true;
}

static int find_related(const struct fam_pseudonym_family *family, const struct fam_names *names,
                        const struct fam_name_hit *hit)
{
    for (size_t pass = 0; pass < 2; pass++) { /* the same short form beats another of the same name */
        for (size_t i = 0; i < family->count; i++) {
            for (size_t b = 0; b < family->names[i].base_count; b++) {
                for (size_t k = 0; k < hit->count; k++) {
                    uint16_t first = family->names[i].bases[b], second = hit->bases[k];
                    if (pass == 0 ? first == second : fam_names_related(names, first, second)) {
                        return (int)i;
                    }
                }
            }
        }
    }
    return FAM_PSEUDONYM_NOT_KNOWN;
}

int fam_pseudonym_family_find(const struct fam_pseudonym_family *family, const struct fam_names *names,
                              const struct fam_pseudonym_word *word, const struct fam_name_hit *hit,
                              enum fam_name_form *ret_form)
{
    char key[FAM_NAME_NOMINATIVE_BYTES];
    const struct fam_pseudonym_known_form *form = find_hash(family, fam_name_hash(word->folded), false);
    if (form == NULL && fam_name_key(word->folded, word->cyrillic, key)) {
        form = find_hash(family, fam_name_hash(key), true);
    }
    if (form != NULL) {
        *ret_form = form->form;
        return form->known;
    }
    int known = find_related(family, names, hit);
    if (known != FAM_PSEUDONYM_NOT_KNOWN) {
        *ret_form = hit->form;
        return known;
    }
    struct stripping stripping = {.family = family};
    if (word->cyrillic && fam_name_strip(word->folded, found_stripped, &stripping)) {
        *ret_form = stripping.kind;
        return stripping.form->known;
    }
    return FAM_PSEUDONYM_NOT_KNOWN;
}
