#include "translate/pseudonym_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "translate/offline_tsv.h"
#include "translate/pseudonym_text.h"

extern const unsigned char fam_data_names_ru_tsv[];
extern const size_t fam_data_names_ru_tsv_size;
extern const unsigned char fam_data_names_en_tsv[];
extern const size_t fam_data_names_en_tsv_size;
extern const unsigned char fam_data_names_words_tsv[];
extern const size_t fam_data_names_words_tsv_size;

enum { BASES_MAX = 16000, SLOTS_FIRST = 32768, SLOTS_MAX = 1 << 18, SPELLING_BYTES = 128 };

uint64_t fam_name_hash(const char *folded)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (const char *at = folded; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * 0x100000001b3u;
    }
    return hash == 0 ? 1 : hash;
}

/* The key's hash is another one than the word's, so that both share the table. */
static uint64_t key_hash(const char *key)
{
    return fam_name_hash(key) ^ 0x9e3779b97f4a7c15u;
}

static struct fam_name_slot *slot_of(const struct fam_names *names, uint64_t hash)
{
    size_t at = (size_t)(hash ^ hash >> 32) & (names->slot_count - 1);
    while (names->slots[at].hash != 0 && names->slots[at].hash != hash) {
        at = (at + 1) & (names->slot_count - 1);
    }
    return &names->slots[at];
}

static bool grow(struct fam_names *names)
{
    struct fam_names grown = {.slot_count = names->slot_count == 0 ? SLOTS_FIRST : 2 * names->slot_count};
    if (grown.slot_count > SLOTS_MAX) {
        return false;
    }
    grown.slots = calloc(grown.slot_count, sizeof(*grown.slots));
    if (grown.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < names->slot_count; i++) {
        if (names->slots[i].hash != 0) {
            *slot_of(&grown, names->slots[i].hash) = names->slots[i];
        }
    }
    free(names->slots);
    names->slots = grown.slots;
    names->slot_count = grown.slot_count;
    return true;
}

/* The slot of `hash`, made when it is new; NULL when memory is short. */
static struct fam_name_slot *claim(struct fam_names *names, uint64_t hash)
{
    if (4 * names->used >= 3 * names->slot_count && !grow(names)) {
        return NULL;
    }
    struct fam_name_slot *slot = slot_of(names, hash);
    if (slot->hash == 0) {
        slot->hash = hash;
        names->used++;
    }
    return slot;
}

/* Nominatives first; a third base is left out. */
static bool add_form(struct fam_names *names, uint64_t hash, uint16_t base, enum fam_name_form form)
{
    struct fam_name_slot *slot = claim(names, hash);
    if (slot == NULL) {
        return false;
    }
    for (size_t i = 0; i < slot->count; i++) {
        if (slot->bases[i] == base) {
            return true;
        }
    }
    if (form == FAM_NAME_NOMINATIVE && slot->count > 0 && slot->forms[0] != FAM_NAME_NOMINATIVE) {
        slot->bases[1] = slot->bases[0];
        slot->forms[1] = slot->forms[0];
        slot->bases[0] = base;
        slot->forms[0] = (uint8_t)form;
        slot->count = 2;
    } else if (slot->count < FAM_NAME_BASES) {
        slot->bases[slot->count] = base;
        slot->forms[slot->count++] = (uint8_t)form;
    }
    return true;
}

struct adding {
    struct fam_names *names;
    uint16_t base;
};

static bool add_case(void *context, const char *form, enum fam_name_form kind)
{
    const struct adding *adding = context;
    return add_form(adding->names, fam_name_hash(form), adding->base, kind);
}

static void add_group(struct fam_name_base *base, uint16_t group)
{
    for (size_t i = 0; i < base->group_count; i++) {
        if (base->groups[i] == group) {
            return;
        }
    }
    if (base->group_count < FAM_NAME_GROUPS) {
        base->groups[base->group_count++] = group;
    }
}

/* The base of this nominative, made when it is new; -1 when memory is short. */
static int base_of(struct fam_names *names, const char *text, const char *folded, bool *ret_new)
{
    const struct fam_name_slot *slot = names->slot_count == 0 ? NULL : slot_of(names, fam_name_hash(folded));
    for (size_t i = 0; slot != NULL && i < slot->count; i++) {
        if (slot->forms[i] == FAM_NAME_NOMINATIVE) {
            *ret_new = false;
            return slot->bases[i];
        }
    }
    if (names->base_count == names->base_capacity) {
        size_t capacity = names->base_capacity == 0 ? 1024 : 2 * names->base_capacity;
        struct fam_name_base *bases =
            names->base_count >= BASES_MAX ? NULL : realloc(names->bases, capacity * sizeof(*bases));
        if (bases == NULL) {
            return -1;
        }
        names->bases = bases;
        names->base_capacity = capacity;
    }
    struct fam_name_base *base = &names->bases[names->base_count];
    *base = (struct fam_name_base){.text = strdup(text)};
    *ret_new = true;
    return base->text == NULL ? -1 : (int)names->base_count++;
}

static enum fam_code add_spelling(struct fam_names *names, const struct fam_offline_tsv *tsv, char *spelling, char sex,
                                  bool full, struct fam_status *status)
{
    char folded[FAM_PSEUDONYM_WORD_BYTES], stem[FAM_PSEUDONYM_WORD_BYTES], key[FAM_NAME_NOMINATIVE_BYTES];
    char *slash = strchr(spelling, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    if (!fam_pseudonym_fold(spelling, folded) || (slash != NULL && !fam_pseudonym_fold(slash + 1, stem))) {
        return fam_offline_tsv_fail(tsv, "not a single word", spelling, status);
    }
    bool fresh = false;
    int base = base_of(names, spelling, folded, &fresh);
    if (base < 0) {
        return fam_fail_memory(status);
    }
    add_group(&names->bases[base], names->groups);
    names->bases[base].full = names->bases[base].full || full;
    struct adding adding = {.names = names, .base = (uint16_t)base};
    bool cyrillic = (unsigned char)folded[0] >= 0xd0 && (unsigned char)folded[0] <= 0xd4;
    bool fine = cyrillic ? fam_name_inflect(folded, slash == NULL ? NULL : stem, sex, add_case, &adding)
                         : add_case(&adding, folded, FAM_NAME_NOMINATIVE);
    if (fine && cyrillic && fam_name_key(folded, true, key)) {
        fine = add_form(names, key_hash(key), (uint16_t)base, FAM_NAME_LATIN);
    }
    return fine ? FAM_OK : fam_fail_memory(status);
}

static enum fam_code add_spellings(struct fam_names *names, const struct fam_offline_tsv *tsv, char *column, char sex,
                                   bool full, struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    char *rest = column;
    for (char *word = fam_offline_next_word(&rest); code == FAM_OK && word != NULL;
         word = fam_offline_next_word(&rest)) {
        if (strcmp(word, "-") != 0) {
            code = add_spelling(names, tsv, word, sex, full, status);
        }
    }
    return code;
}

/* Lines of `columns` columns, the last two full names and short forms; three have the sex before them. */
static enum fam_code load_names(struct fam_names *names, const char *file, const unsigned char *data, size_t size,
                                size_t columns, struct fam_status *status)
{
    struct fam_offline_tsv tsv;
    bool more = true;
    fam_offline_tsv_init(&tsv, file, data, size);
    enum fam_code code = fam_offline_tsv_next(&tsv, &more, status);
    for (; code == FAM_OK && more; code = code == FAM_OK ? fam_offline_tsv_next(&tsv, &more, status) : code) {
        char sex = columns == 3 ? tsv.columns[0][0] : 'x';
        if (tsv.column_count != columns || strchr("fmx", sex) == NULL || names->groups == UINT16_MAX) {
            return fam_offline_tsv_fail(&tsv, "expected sex, names, short forms", "", status);
        }
        code = add_spellings(names, &tsv, tsv.columns[columns - 2], sex, true, status);
        if (code == FAM_OK) {
            code = add_spellings(names, &tsv, tsv.columns[columns - 1], sex, false, status);
        }
        names->groups++;
    }
    return code;
}

static unsigned flag_named(const char *name)
{
    static const char *const flags[] = {"common", "grammar", "role", "stop"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(flags); i++) {
        if (strcmp(flags[i], name) == 0) {
            return 1u << i;
        }
    }
    return 0;
}

static enum fam_code load_words(struct fam_names *names, struct fam_status *status)
{
    struct fam_offline_tsv tsv;
    bool more = true;
    fam_offline_tsv_init(&tsv, "names_words.tsv", fam_data_names_words_tsv, fam_data_names_words_tsv_size);
    enum fam_code code = fam_offline_tsv_next(&tsv, &more, status);
    for (; code == FAM_OK && more; code = fam_offline_tsv_next(&tsv, &more, status)) {
        unsigned flag = flag_named(tsv.columns[0]);
        if (flag == 0 || tsv.column_count != 2) {
            return fam_offline_tsv_fail(&tsv, "expected common, grammar, role or stop, and words", "", status);
        }
        char folded[FAM_PSEUDONYM_WORD_BYTES], *rest = tsv.columns[1];
        for (char *word = fam_offline_next_word(&rest); word != NULL; word = fam_offline_next_word(&rest)) {
            if (!fam_pseudonym_fold(word, folded)) {
                return fam_offline_tsv_fail(&tsv, "not a single word", word, status);
            }
            struct fam_name_slot *slot = claim(names, fam_name_hash(folded));
            if (slot == NULL) {
                return fam_fail_memory(status);
            }
            slot->flags = (uint8_t)(slot->flags | flag);
        }
    }
    return code;
}

enum fam_code fam_names_init(struct fam_names *names, struct fam_status *status)
{
    *names = (struct fam_names){.groups = 0};
    enum fam_code code =
        load_names(names, "names_ru.tsv", fam_data_names_ru_tsv, fam_data_names_ru_tsv_size, 3, status);
    if (code == FAM_OK) {
        code = load_names(names, "names_en.tsv", fam_data_names_en_tsv, fam_data_names_en_tsv_size, 2, status);
    }
    if (code == FAM_OK) {
        code = load_words(names, status);
    }
    if (code != FAM_OK) {
        fam_names_done(names);
    }
    return code;
}

void fam_names_done(struct fam_names *names)
{
    for (size_t i = 0; i < names->base_count; i++) {
        free(names->bases[i].text);
    }
    free(names->bases);
    free(names->slots);
    *names = (struct fam_names){.groups = 0};
}

struct stripping {
    const struct fam_names *names;
    struct fam_name_hit *hit;
};

/* Is the rest of a diminutive or possessive a name that is declined so? */
static bool found_stripped(void *context, const char *name, const char *nominative, enum fam_name_form kind)
{
    const struct stripping *stripping = context;
    const struct fam_name_slot *slot = slot_of(stripping->names, fam_name_hash(name));
    if (slot->count == 0 || slot->forms[0] != FAM_NAME_NOMINATIVE) {
        return false;
    }
    *stripping->hit = (struct fam_name_hit){.bases = {slot->bases[0]}, .count = 1, .form = kind};
    int written = snprintf(stripping->hit->nominative, sizeof(stripping->hit->nominative), "%s", nominative);
    return written >= 0;
}

bool fam_names_find(const struct fam_names *names, const char *folded, bool cyrillic, struct fam_name_hit *ret_hit)
{
    char key[FAM_NAME_NOMINATIVE_BYTES];
    *ret_hit = (struct fam_name_hit){.count = 0};
    const struct fam_name_slot *slot = slot_of(names, fam_name_hash(folded));
    if (slot->count == 0 && !cyrillic && strlen(folded) > 3 && fam_name_key(folded, false, key)) {
        slot = slot_of(names, key_hash(key));
    }
    if (slot->count == 0) {
        struct stripping stripping = {.names = names, .hit = ret_hit};
        return cyrillic && fam_name_strip(folded, found_stripped, &stripping);
    }
    memcpy(ret_hit->bases, slot->bases, sizeof(ret_hit->bases));
    ret_hit->count = slot->count;
    ret_hit->form = (enum fam_name_form)slot->forms[0];
    if (cyrillic || ret_hit->form == FAM_NAME_NOMINATIVE) {
        (void)snprintf(ret_hit->nominative, sizeof(ret_hit->nominative), "%s", names->bases[slot->bases[0]].text);
    }
    return true;
}

unsigned fam_names_word(const struct fam_names *names, const char *folded)
{
    return slot_of(names, fam_name_hash(folded))->flags;
}

bool fam_names_related(const struct fam_names *names, uint16_t a, uint16_t b)
{
    enum { CLEAR = 2 }; /* groups: of a woman and of a man */
    const struct fam_name_base *first = &names->bases[a], *second = &names->bases[b];
    bool clear = first->group_count <= CLEAR && second->group_count <= CLEAR;
    if (a == b) {
        return true;
    }
    for (size_t i = 0; i < first->group_count; i++) {
        for (size_t j = 0; j < second->group_count; j++) {
            if (first->groups[i] == second->groups[j] && (clear || first->full || second->full)) {
                return true;
            }
        }
    }
    return false;
}
