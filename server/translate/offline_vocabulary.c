#include "translate/offline_vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Shorter words are not taken for misspelled ones: too many right words are one letter apart. */
enum { GUESS_LETTERS_MIN = 5, LETTERS_MAX = 32 };

bool fam_offline_vocabulary_init(struct fam_offline_vocabulary *vocabulary)
{
    memset(vocabulary, 0, sizeof(*vocabulary));
    vocabulary->slots = calloc(FAM_OFFLINE_TERM_SLOTS, sizeof(*vocabulary->slots));
    return vocabulary->slots != NULL;
}

void fam_offline_vocabulary_done(struct fam_offline_vocabulary *vocabulary)
{
    free(vocabulary->terms);
    free(vocabulary->slots);
    memset(vocabulary, 0, sizeof(*vocabulary));
}

static size_t slot_of(const char *word, size_t size, bool stem)
{
    uint64_t hash = 14695981039346656037u ^ (stem ? 1u : 0u);
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (unsigned char)word[i]) * 1099511628211u;
    }
    return (size_t)((hash ^ (hash >> 29)) % FAM_OFFLINE_TERM_SLOTS);
}

static uint16_t find(const struct fam_offline_vocabulary *vocabulary, const char *word, size_t size, bool stem,
                     size_t *ret_slot)
{
    size_t slot = slot_of(word, size, stem);
    while (vocabulary->slots[slot] != 0) {
        uint16_t number = (uint16_t)(vocabulary->slots[slot] - 1);
        const struct fam_offline_term *term = &vocabulary->terms[number];
        if (term->stem == stem && term->size == size && memcmp(term->text, word, size) == 0) {
            return number;
        }
        slot = (slot + 1) % FAM_OFFLINE_TERM_SLOTS;
    }
    *ret_slot = slot;
    return FAM_OFFLINE_NO_TERM;
}

uint16_t fam_offline_vocabulary_add(struct fam_offline_vocabulary *vocabulary, const char *word, bool stem)
{
    size_t size = strlen(word);
    size_t slot = 0;
    uint16_t known = find(vocabulary, word, size, stem, &slot);
    if (known != FAM_OFFLINE_NO_TERM || size >= FAM_OFFLINE_WORD_BYTES || vocabulary->count == FAM_OFFLINE_TERMS_MAX) {
        return known;
    }
    if (vocabulary->count == vocabulary->capacity) {
        size_t capacity = vocabulary->capacity == 0 ? 256 : 2 * vocabulary->capacity;
        struct fam_offline_term *terms = realloc(vocabulary->terms, capacity * sizeof(*terms));
        if (terms == NULL) {
            return FAM_OFFLINE_NO_TERM;
        }
        vocabulary->terms = terms;
        vocabulary->capacity = capacity;
    }
    uint16_t number = (uint16_t)vocabulary->count++;
    struct fam_offline_term *term = &vocabulary->terms[number];
    memcpy(term->text, word, size + 1);
    term->size = (uint8_t)size;
    term->letters = (uint8_t)fam_utf8_length(word);
    term->stem = stem;
    vocabulary->slots[slot] = (uint16_t)(number + 1);
    return number;
}

static void take(struct fam_offline_token *token, uint16_t term)
{
    for (size_t i = 0; i < token->term_count; i++) {
        if (token->terms[i] == term) {
            return;
        }
    }
    if (token->term_count < FAM_OFFLINE_TERMS_OF_TOKEN) {
        token->terms[token->term_count++] = term;
    }
}

/* Letters as numbers, for comparing with errors. */
static size_t letters_of(const char *text, uint16_t *out)
{
    size_t count = 0;
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0' && count < LETTERS_MAX) {
        if (*at >= 0xc0 && *at < 0xe0) {
            out[count++] = (uint16_t)((at[0] << 8) | at[1]);
            at += 2;
        } else {
            out[count++] = *at++;
        }
    }
    return count;
}

static bool same(const uint16_t *a, const uint16_t *b, size_t count)
{
    return memcmp(a, b, count * sizeof(*a)) == 0;
}

/* Is `a` the whole of `b` (or, for a stem, its beginning) with exactly one error? The first letter must be right. */
static bool one_error(const uint16_t *a, size_t a_count, const uint16_t *b, size_t b_count, bool stem)
{
    size_t at = 0;
    while (at < a_count && at < b_count && a[at] == b[at]) {
        at++;
    }
    size_t a_left = a_count - at;
    size_t b_left = b_count - at;
    if (at == 0 || a_left == 0) {
        return false;
    }
    bool wrong = b_left >= a_left && (stem || b_left == a_left) && same(a + at + 1, b + at + 1, a_left - 1);
    bool missing = b_left + 1 >= a_left && (stem || b_left + 1 == a_left) && same(a + at + 1, b + at, a_left - 1);
    bool extra = b_left >= a_left + 1 && (stem || b_left == a_left + 1) && same(a + at, b + at + 1, a_left);
    bool swapped = a_left >= 2 && b_left >= a_left && (stem || b_left == a_left) && a[at] == b[at + 1] &&
                   a[at + 1] == b[at] && same(a + at + 2, b + at + 2, a_left - 2);
    return wrong || missing || extra || swapped;
}

static bool same_first_letter(const char *a, const char *b)
{
    return a[0] == b[0] && ((unsigned char)a[0] < 0xc0 || a[1] == b[1]);
}

static void guess(const struct fam_offline_vocabulary *vocabulary, struct fam_offline_token *token)
{
    uint16_t word[LETTERS_MAX];
    uint16_t letters[LETTERS_MAX];
    size_t count = letters_of(token->text, word);
    if (count < GUESS_LETTERS_MIN || count == LETTERS_MAX) {
        return;
    }
    for (size_t i = 0; i < vocabulary->count; i++) {
        const struct fam_offline_term *term = &vocabulary->terms[i];
        if (term->letters < GUESS_LETTERS_MIN || !same_first_letter(term->text, token->text)) {
            continue;
        }
        size_t term_count = letters_of(term->text, letters);
        if (one_error(letters, term_count, word, count, term->stem)) {
            take(token, (uint16_t)i);
        }
    }
}

void fam_offline_vocabulary_match(const struct fam_offline_vocabulary *vocabulary, struct fam_offline_token *token)
{
    size_t size = strlen(token->text);
    size_t slot = 0;
    token->term_count = 0;
    uint16_t exact = find(vocabulary, token->text, size, false, &slot);
    if (exact != FAM_OFFLINE_NO_TERM) {
        take(token, exact);
    }
    for (size_t part = size; part > 0; part--) {
        if (((unsigned char)token->text[part] & 0xc0) == 0x80) {
            continue; /* inside a character */
        }
        uint16_t stem = find(vocabulary, token->text, part, true, &slot);
        if (stem != FAM_OFFLINE_NO_TERM) {
            take(token, stem);
        }
    }
    if (token->term_count == 0 && token->is_word) {
        guess(vocabulary, token);
    }
}
