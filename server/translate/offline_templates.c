#include "translate/offline_templates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "translate/offline_tsv.h"

enum { ENTRIES_MAX = 8000, ALTERNATIVES_MAX = 64 };

static const char *const field_names[FAM_OFFLINE_FIELDS] = {
    "group", "kinds",     "needs",        "lean",   "going",      "second",        "avoid", "activity",  "text",
    "name",  "name.why",  "name.expect",  "space",  "space.why",  "space.expect",  "limit", "limit.why", "limit.expect",
    "solve", "solve.why", "solve.expect", "repair", "repair.why", "repair.expect",
};

static int field_named(const char *name)
{
    for (int i = 0; i < FAM_OFFLINE_FIELDS; i++) {
        if (strcmp(field_names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

enum fam_offline_field fam_offline_response_field(Fam__V1__ResponseKind kind, enum fam_offline_part part)
{
    return (enum fam_offline_field)(FAM_OFFLINE_RESPONSE + ((int)kind - 1) * 3 + (int)part);
}

static bool add_entry(struct fam_offline_templates *templates, uint16_t key, int field, uint8_t bands, const char *text)
{
    if (templates->count == templates->capacity) {
        size_t capacity = templates->capacity == 0 ? 512 : 2 * templates->capacity;
        struct fam_offline_entry *entries =
            templates->count >= ENTRIES_MAX ? NULL : realloc(templates->entries, capacity * sizeof(*entries));
        if (entries == NULL) {
            return false;
        }
        templates->entries = entries;
        templates->capacity = capacity;
    }
    char *copy = strdup(text);
    if (copy == NULL) {
        return false;
    }
    templates->entries[templates->count] = (struct fam_offline_entry){
        .key = key, .field = (uint8_t)field, .bands = bands, .order = (uint32_t)templates->count, .text = copy};
    templates->count++;
    return true;
}

/* "anger,frustration  going  2-6  text" */
static enum fam_code parse_line(struct fam_offline_templates *templates, struct fam_offline_keys *keys,
                                struct fam_offline_tsv *tsv, struct fam_status *status)
{
    uint8_t bands = 0;
    if (tsv->column_count != 4 || tsv->columns[3][0] == '\0') {
        return fam_offline_tsv_fail(tsv, "expected keys, field, ages, text", "", status);
    }
    int field = field_named(tsv->columns[1]);
    if (field < 0) {
        return fam_offline_tsv_fail(tsv, "unknown field", tsv->columns[1], status);
    }
    if (!fam_offline_parse_ages(tsv->columns[2], &bands)) {
        return fam_offline_tsv_fail(tsv, "wrong ages", tsv->columns[2], status);
    }
    char *next = NULL;
    for (char *name = strtok_r(tsv->columns[0], ",", &next); name != NULL; name = strtok_r(NULL, ",", &next)) {
        uint16_t key = fam_offline_keys_add(keys, name);
        if (key == FAM_OFFLINE_NO_KEY) {
            return fam_offline_tsv_fail(tsv, "the key is too long, or there are too many", name, status);
        }
        if (!add_entry(templates, key, field, bands, tsv->columns[3])) {
            return fam_fail_memory(status);
        }
    }
    return FAM_OK;
}

static int compare(const void *a, const void *b)
{
    const struct fam_offline_entry *one = a;
    const struct fam_offline_entry *two = b;
    if (one->key != two->key) {
        return one->key < two->key ? -1 : 1;
    }
    if (one->field != two->field) {
        return one->field < two->field ? -1 : 1;
    }
    return one->order < two->order ? -1 : one->order > two->order ? 1 : 0;
}

static enum fam_code index_entries(struct fam_offline_templates *templates, const char *file, struct fam_status *status)
{
    if (templates->count == 0) {
        return fam_fail(status, FAM_INTERNAL, "%s: no templates", file);
    }
    qsort(templates->entries, templates->count, sizeof(*templates->entries), compare);
    for (size_t i = 0; i < templates->count; i++) {
        const struct fam_offline_entry *entry = &templates->entries[i];
        uint8_t *count = &templates->counts[entry->key][entry->field];
        if (*count == 0) {
            templates->first[entry->key][entry->field] = (uint16_t)i;
        }
        if (*count == ALTERNATIVES_MAX) {
            return fam_fail(status, FAM_INTERNAL, "%s: too many alternatives of %s", file, field_names[entry->field]);
        }
        (*count)++;
    }
    return FAM_OK;
}

enum fam_code fam_offline_templates_init(struct fam_offline_templates *templates, struct fam_offline_keys *keys,
                                         const char *file, const unsigned char *data, size_t size,
                                         struct fam_status *status)
{
    struct fam_offline_tsv tsv;
    bool more = false;
    memset(templates, 0, sizeof(*templates));
    fam_offline_tsv_init(&tsv, file, data, size);
    enum fam_code code = fam_offline_tsv_next(&tsv, &more, status);
    while (code == FAM_OK && more) {
        code = parse_line(templates, keys, &tsv, status);
        if (code == FAM_OK) {
            code = fam_offline_tsv_next(&tsv, &more, status);
        }
    }
    return code == FAM_OK ? index_entries(templates, file, status) : code;
}

void fam_offline_templates_done(struct fam_offline_templates *templates)
{
    for (size_t i = 0; i < templates->count; i++) {
        free(templates->entries[i].text);
    }
    free(templates->entries);
    memset(templates, 0, sizeof(*templates));
}

static const char *pick_of_key(const struct fam_offline_templates *templates, uint16_t key,
                               enum fam_offline_field field, uint8_t band, uint64_t hash)
{
    const struct fam_offline_entry *fitting[ALTERNATIVES_MAX];
    size_t count = 0;
    const struct fam_offline_entry *entries = templates->entries + templates->first[key][field];
    for (size_t i = 0; i < templates->counts[key][field]; i++) {
        if ((entries[i].bands & band) != 0) {
            fitting[count++] = &entries[i];
        }
    }
    return count == 0 ? NULL : fitting[hash % count]->text;
}

const char *fam_offline_pick(const struct fam_offline_templates *templates, const uint16_t *chain, size_t chain_count,
                             enum fam_offline_field field, Fam__V1__AgeBand band, uint64_t hash)
{
    /* Fields vary independently of each other. */
    uint64_t mixed = (hash ^ ((uint64_t)field * 0x9e3779b97f4a7c15u)) * 0xff51afd7ed558ccdu;
    mixed ^= mixed >> 33;
    for (size_t i = 0; i < chain_count; i++) {
        const char *text = chain[i] == FAM_OFFLINE_NO_KEY
                               ? NULL
                               : pick_of_key(templates, chain[i], field, (uint8_t)(1u << (unsigned)band), mixed);
        if (text != NULL) {
            return text;
        }
    }
    return NULL;
}
