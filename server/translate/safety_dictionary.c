#include <stdlib.h>
#include <string.h>

#include "translate/safety_rules.h"

/* FNV-1a; `skip` is a position left out, or `length` for none. */
static uint32_t hash_letters(const uint8_t *letters, size_t length, size_t skip)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++) {
        if (i != skip) {
            hash = (hash ^ letters[i]) * 16777619u;
        }
    }
    return hash;
}

static bool same_letters(const struct fam_safety_word *word, const uint8_t *letters, size_t length)
{
    return word->length == length && memcmp(word->letters, letters, length) == 0;
}

bool fam_safety_dictionary_init(struct fam_safety_dictionary *dictionary)
{
    *dictionary = (struct fam_safety_dictionary){.slot_count = 1024};
    dictionary->slots = calloc(dictionary->slot_count, sizeof *dictionary->slots);
    dictionary->filter = calloc(FAM_SAFETY_FILTER_BITS / 8, 1);
    return dictionary->slots != NULL && dictionary->filter != NULL;
}

void fam_safety_dictionary_done(struct fam_safety_dictionary *dictionary)
{
    free(dictionary->entries);
    free(dictionary->slots);
    free(dictionary->slips);
    free(dictionary->filter);
    *dictionary = (struct fam_safety_dictionary){0};
}

static const struct fam_safety_entry *find_hashed(const struct fam_safety_dictionary *dictionary, uint32_t hash,
                                                  const uint8_t *letters, size_t length)
{
    size_t mask = dictionary->slot_count - 1;
    for (size_t slot = hash & mask; dictionary->slots[slot] != 0; slot = (slot + 1) & mask) {
        const struct fam_safety_entry *entry = &dictionary->entries[dictionary->slots[slot] - 1];
        if (same_letters(&entry->word, letters, length)) {
            return entry;
        }
    }
    return NULL;
}

static void occupy(struct fam_safety_dictionary *dictionary, size_t entry)
{
    const struct fam_safety_word *word = &dictionary->entries[entry].word;
    size_t mask = dictionary->slot_count - 1;
    size_t slot = hash_letters(word->letters, word->length, word->length) & mask;
    while (dictionary->slots[slot] != 0) {
        slot = (slot + 1) & mask;
    }
    dictionary->slots[slot] = (uint32_t)entry + 1;
}

/* Keeps the table at most half full. */
static bool make_room(struct fam_safety_dictionary *dictionary)
{
    if (dictionary->count == dictionary->capacity) {
        size_t capacity = dictionary->capacity == 0 ? 512 : dictionary->capacity * 2;
        struct fam_safety_entry *grown = realloc(dictionary->entries, capacity * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        dictionary->entries = grown;
        dictionary->capacity = capacity;
    }
    if (dictionary->count * 2 < dictionary->slot_count) {
        return true;
    }
    size_t slot_count = dictionary->slot_count < 512 ? 1024 : dictionary->slot_count * 2;
    uint32_t *slots = calloc(slot_count, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    free(dictionary->slots);
    dictionary->slots = slots;
    dictionary->slot_count = slot_count;
    for (size_t i = 0; i < dictionary->count; i++) {
        occupy(dictionary, i);
    }
    return true;
}

struct fam_safety_entry *fam_safety_dictionary_add(struct fam_safety_dictionary *dictionary,
                                                   const struct fam_safety_word *word)
{
    uint32_t hash = hash_letters(word->letters, word->length, word->length);
    const struct fam_safety_entry *found = find_hashed(dictionary, hash, word->letters, word->length);
    if (found != NULL) {
        return &dictionary->entries[found - dictionary->entries];
    }
    if (!make_room(dictionary)) {
        return NULL;
    }
    dictionary->entries[dictionary->count] =
        (struct fam_safety_entry){.word = *word, .full = FAM_SAFETY_NONE, .stem = FAM_SAFETY_NONE};
    occupy(dictionary, dictionary->count);
    return &dictionary->entries[dictionary->count++];
}

static bool add_slip(struct fam_safety_dictionary *dictionary, uint32_t hash, size_t entry)
{
    if (dictionary->slip_count == dictionary->slip_capacity) {
        size_t capacity = dictionary->slip_capacity == 0 ? 4096 : dictionary->slip_capacity * 2;
        struct fam_safety_slip *grown = realloc(dictionary->slips, capacity * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        dictionary->slips = grown;
        dictionary->slip_capacity = capacity;
    }
    dictionary->slips[dictionary->slip_count++] = (struct fam_safety_slip){.hash = hash, .entry = (uint32_t)entry};
    uint32_t bit = hash % FAM_SAFETY_FILTER_BITS;
    dictionary->filter[bit / 8] = (uint8_t)(dictionary->filter[bit / 8] | 1u << bit % 8);
    return true;
}

static int compare_slips(const void *left, const void *right)
{
    const struct fam_safety_slip *a = left, *b = right;
    if (a->hash != b->hash) {
        return a->hash < b->hash ? -1 : 1;
    }
    return a->entry < b->entry ? -1 : a->entry > b->entry;
}

bool fam_safety_dictionary_seal(struct fam_safety_dictionary *dictionary, size_t shortest)
{
    for (size_t i = 0; i < dictionary->count; i++) {
        const struct fam_safety_entry *entry = &dictionary->entries[i];
        const struct fam_safety_word *word = &entry->word;
        if (word->length < shortest || (entry->full == FAM_SAFETY_NONE && entry->stem == FAM_SAFETY_NONE)) {
            continue;
        }
        for (size_t skip = 0; skip <= word->length; skip++) {
            if (!add_slip(dictionary, hash_letters(word->letters, word->length, skip), i)) {
                return false;
            }
        }
    }
    if (dictionary->slip_count > 0) {
        qsort(dictionary->slips, dictionary->slip_count, sizeof *dictionary->slips, compare_slips);
    }
    return true;
}

static void add_id(uint16_t id, uint16_t *ids, size_t *count)
{
    if (id == FAM_SAFETY_NONE) {
        return;
    }
    for (size_t i = 0; i < *count; i++) {
        if (ids[i] == id) {
            return;
        }
    }
    if (*count < FAM_SAFETY_MATCHES_MAX) {
        ids[(*count)++] = id;
    }
}

void fam_safety_dictionary_find(const struct fam_safety_dictionary *dictionary, const struct fam_safety_word *word,
                                uint16_t *ids, size_t *count, bool *ret_known)
{
    uint32_t hash = 2166136261u;
    for (size_t length = 1; length <= word->length; length++) {
        hash = (hash ^ word->letters[length - 1]) * 16777619u;
        const struct fam_safety_entry *entry = find_hashed(dictionary, hash, word->letters, length);
        if (entry == NULL) {
            continue;
        }
        add_id(entry->stem, ids, count);
        if (length == word->length) {
            add_id(entry->full, ids, count);
            *ret_known = *ret_known || entry->common || entry->full != FAM_SAFETY_NONE;
        }
    }
}

/* Do the two letters sound alike, or hide each other? In a short word only the commonest mistakes of spelling count,
 * for "пить" is not "бить". */
static bool alike(uint8_t a, uint8_t b, bool short_word)
{
    enum { COMMONEST = 5 };
    static const char pairs[][3] = {
        "\x80\x8E", "\x85\x88", "\x88\x9B", "\x87\x91", /* а о, е и, и ы, з с */
        "\x9A\x9C",                                     /* ъ ь */
        "\x85\x9D", "\x9F\x85", "\x9F\x88", "\x84\x92", /* е э, я е, я и, д т */
        "\x81\x8F", "\x82\x94", "\x83\x8A", "\x86\x98", /* б п, в ф, г к, ж ш */
        "\x98\x99", "ae",       "ei",       "iy",       "ou", "sc", "sz", "kc", "ao",
    };
    if (a == '*' || b == '*') {
        return true;
    }
    for (size_t i = 0; i < (short_word ? COMMONEST : sizeof pairs / sizeof pairs[0]); i++) {
        uint8_t x = (uint8_t)pairs[i][0], y = (uint8_t)pairs[i][1];
        if ((a == x && b == y) || (a == y && b == x)) {
            return true;
        }
    }
    return false;
}

static bool is_sign(uint8_t letter)
{
    return letter == FAM_SAFETY_CYRILLIC + 26 || letter == FAM_SAFETY_CYRILLIC + 28; /* ъ, ь */
}

/* One slip between a dictionary word and what was typed? Endings carry the grammar ("дочка", "дочку"), so only what
 * sounds alike may differ there; so at the beginning, where another letter makes another word. */
static bool one_slip(const struct fam_safety_word *word, const uint8_t *typed, size_t length, bool sound_only)
{
    const uint8_t *right = word->letters;
    size_t size = word->length, at = 0, tail = 0;
    while (at < size && at < length && right[at] == typed[at]) {
        at++;
    }
    while (tail < size - at && tail < length - at && right[size - 1 - tail] == typed[length - 1 - tail]) {
        tail++;
    }
    size_t wrong = size - at - tail, extra = length - at - tail;
    bool edge = at == 0 || tail == 0, strict = sound_only || size < 5;
    if (wrong == 2 && extra == 2) {
        return right[at] == typed[at + 1] && right[at + 1] == typed[at] && at > 0;
    }
    if (wrong == 1 && extra == 1) {
        return alike(right[at], typed[at], size < 5) || (!strict && !edge);
    }
    if (wrong == 1 && extra == 0) {
        return is_sign(right[at]) || (!strict && !edge);
    }
    if (wrong == 0 && extra == 1) {
        return is_sign(typed[at]) || (!strict && !edge);
    }
    return false;
}

/* Are there misspellings with this hash? Adds the entries they belong to. */
static void look_up(const struct fam_safety_dictionary *dictionary, uint32_t hash, const uint8_t *typed, size_t length,
                    bool whole, bool sound_only, uint16_t *ids, size_t *count)
{
    uint32_t bit = hash % FAM_SAFETY_FILTER_BITS;
    if ((dictionary->filter[bit / 8] >> bit % 8 & 1) == 0) {
        return;
    }
    size_t low = 0, high = dictionary->slip_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dictionary->slips[middle].hash < hash) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < dictionary->slip_count && dictionary->slips[low].hash == hash; low++) {
        const struct fam_safety_entry *entry = &dictionary->entries[dictionary->slips[low].entry];
        if (one_slip(&entry->word, typed, length, sound_only)) {
            add_id(entry->stem, ids, count);
            add_id(whole ? entry->full : FAM_SAFETY_NONE, ids, count);
        }
    }
}

void fam_safety_dictionary_guess(const struct fam_safety_dictionary *dictionary, const struct fam_safety_word *word,
                                 bool sound_only, uint16_t *ids, size_t *count)
{
    enum { STEM_MAX = 16 };
    for (size_t length = 3; length <= word->length; length++) {
        bool whole = length == word->length;
        if (!whole && length > STEM_MAX) {
            continue;
        }
        for (size_t skip = 0; skip <= length; skip++) {
            uint32_t hash = hash_letters(word->letters, length, skip);
            look_up(dictionary, hash, word->letters, length, whole, sound_only, ids, count);
        }
    }
}
