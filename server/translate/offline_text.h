/* offline_text.h: a parent's text as the words that the built-in engine compares.
 *
 * Normalised (fam_text_normalise), cut into words, emoji and smileys; how loud it is written is kept apart. Internal to
 * the engine; a text belongs to one thread. */
#ifndef FAM_TRANSLATE_OFFLINE_TEXT_H
#define FAM_TRANSLATE_OFFLINE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

enum {
    FAM_OFFLINE_TOKENS_MAX = 1024, /* what is longer is cut */
    FAM_OFFLINE_WORD_BYTES = 64,   /* what is longer is cut */
    FAM_OFFLINE_TERMS_OF_TOKEN = 12,
};

struct fam_offline_token {
    const char *text; /* within the storage of its fam_offline_text, NUL-terminated */
    uint16_t sentence;
    uint16_t clause;
    bool stretched; /* "неееет" */
    bool is_word;   /* false: an emoji or a smiley */
    bool cyrillic;
    /* Filled by the lexicon: what the word may stand for. */
    uint8_t term_count;
    uint16_t terms[FAM_OFFLINE_TERMS_OF_TOKEN];
};

struct fam_offline_text {
    char *storage;
    struct fam_offline_token *tokens;
    size_t count;
    size_t words;
    bool has_cyrillic, has_latin;
    bool loud;     /* capitals, "!!", stretched words */
    bool quoted;   /* has a quotation in it */
    uint64_t hash; /* of the normalised text */
};

/* `text` is valid UTF-8; anything else is INVALID_ARGUMENT. Release with fam_offline_text_done, also after a failure.
 */
enum fam_code fam_offline_text_init(struct fam_offline_text *text, const char *source,
                                    struct fam_status *status) FAM_MUST_CHECK;
void fam_offline_text_done(struct fam_offline_text *text);

/* Writes letters and digits of a normalised word to `out` (FAM_OFFLINE_WORD_BYTES), apostrophes left out. The rules'
 * words go the same way, so both sides agree. Returns what follows the word; *ret_size is 0 when there is none. */
const char *fam_offline_cut_word(const char *at, char *out, size_t *ret_size);

#endif
