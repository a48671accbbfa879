/* safety_words.h: from text to the words that the safety detector compares.
 *
 * A word is a row of one-byte letters: ASCII letters, digits and '*' stand for themselves, Cyrillic а … я are
 * FAM_SAFETY_CYRILLIC + 0 … 31. The same folding works on the texts of parents and on the words of the rule files, so
 * both sides agree: letters that look alike across alphabets, digits put for letters, stretched and doubled letters,
 * жы/шы/чя and -тся/-ться, letters typed apart ("у м е р"). A Latin word also has a second spelling, the Russian one it
 * would have if it were transliterated. Internal to the detector; no state, thread-safe. */
#ifndef FAM_TRANSLATE_SAFETY_WORDS_H
#define FAM_TRANSLATE_SAFETY_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum {
    FAM_SAFETY_CYRILLIC = 0x80,
    FAM_SAFETY_WORD_MAX = 40, /* letters; what is longer is cut */
    FAM_SAFETY_SPELLINGS = 2,
};

struct fam_safety_word {
    uint8_t length;
    uint8_t letters[FAM_SAFETY_WORD_MAX];
};

struct fam_safety_token {
    struct fam_safety_word spelling[FAM_SAFETY_SPELLINGS]; /* the second: by look-alikes, or empty */
    struct fam_safety_word translit; /* key of a transliterated word; empty when the word is not Latin */
    bool sentence_before;            /* a sentence ends before this word */
    bool clause_before;              /* or a clause: at a comma, a dash, "and" … */
};

/* `text` as fam_text_normalise returns it. *ret_tokens is malloc'ed (free()). False when memory is short. */
bool fam_safety_tokenise(const char *text, struct fam_safety_token **ret_tokens, size_t *ret_count) FAM_MUST_CHECK;
/* The key under which a Russian word of the rules is found when it is written in Latin letters. */
struct fam_safety_word fam_safety_translit_key(const struct fam_safety_word *word);
/* The word's folded form with the cheap folds (doubled letters, жы, -ться), for parts of a word. */
void fam_safety_fold(struct fam_safety_word *word);

#endif
