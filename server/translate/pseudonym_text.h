/* pseudonym_text.h: a parent's text as words with their places. Internal to the pseudonyms.
 *
 * A word is a run of letters, or a run of digits. Its folded form is for comparing: small letters, ё as е, accents and
 * invisible characters dropped, letters of a look-alike alphabet put right, letters typed three times or more once. */
#ifndef FAM_TRANSLATE_PSEUDONYM_TEXT_H
#define FAM_TRANSLATE_PSEUDONYM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum { FAM_PSEUDONYM_WORD_BYTES = 48 }; /* of a folded word; what is longer is cut */

struct fam_pseudonym_word {
    size_t start, end; /* bytes of the text */
    char folded[FAM_PSEUDONYM_WORD_BYTES];
    uint8_t letters; /* of the folded form, or digits */
    bool number;     /* a run of digits */
    bool cyrillic;   /* of letters: Cyrillic, otherwise another alphabet */
    bool capital;    /* begins with a capital, but is not all capitals (one letter: is a capital) */
    bool upper;      /* all capitals, two letters or more */
    bool opens;      /* first of the text, a sentence or a quotation: its capital says nothing */
};

struct fam_pseudonym_words {
    const char *text;
    size_t size;
    struct fam_pseudonym_word *items;
    size_t count, capacity;
};

/* `text` is valid UTF-8 and must outlive the words. False when memory is short. Release with …_done, which wipes. */
bool fam_pseudonym_words_init(struct fam_pseudonym_words *words, const char *text) FAM_MUST_CHECK;
void fam_pseudonym_words_done(struct fam_pseudonym_words *words);
/* Folds one word as the texts' words are folded; false when `text` is not exactly one word of letters. */
bool fam_pseudonym_fold(const char *text, char out[FAM_PSEUDONYM_WORD_BYTES]) FAM_MUST_CHECK;

/* The text between word i and the next (or the end) is one of the strings of `allowed`, split by '|'; there a space
 * stands for any white space but line breaks, - for any dash, " for any quote, ' for any apostrophe, # also for №. */
bool fam_pseudonym_gap(const struct fam_pseudonym_words *words, size_t i, const char *allowed);
/* Is word i the folded `word`? False beyond the end. */
bool fam_pseudonym_is(const struct fam_pseudonym_words *words, size_t i, const char *word);
/* Is word i among the folded words of `list`, each between two spaces (" ул улица ")? False beyond the end. */
bool fam_pseudonym_among(const struct fam_pseudonym_words *words, size_t i, const char *list);

#endif
