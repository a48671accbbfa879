/* offline_vocabulary.h: the words and stems that a lexicon knows, and how a parent's word finds them.
 *
 * A term is a whole word ("люблю") or a stem ("ненавид*"). A word finds its exact term and every stem it begins with;
 * one that finds nothing is tried with one letter wrong, missing, too many or swapped. Internal to the engine;
 * immutable after the lexicon is read. */
#ifndef FAM_TRANSLATE_OFFLINE_VOCABULARY_H
#define FAM_TRANSLATE_OFFLINE_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "translate/offline_text.h"

enum { FAM_OFFLINE_TERMS_MAX = 8000, FAM_OFFLINE_TERM_SLOTS = 16384, FAM_OFFLINE_NO_TERM = 0xffff };

struct fam_offline_term {
    char text[FAM_OFFLINE_WORD_BYTES];
    uint8_t size;    /* bytes */
    uint8_t letters; /* characters */
    bool stem;
};

struct fam_offline_vocabulary {
    struct fam_offline_term *terms;
    size_t count, capacity;
    uint16_t *slots; /* term + 1, open addressing; 0 is free */
};

bool fam_offline_vocabulary_init(struct fam_offline_vocabulary *vocabulary) FAM_MUST_CHECK;
void fam_offline_vocabulary_done(struct fam_offline_vocabulary *vocabulary);
/* The number of the term, made when there is none; FAM_OFFLINE_NO_TERM when there is no room or memory. */
uint16_t fam_offline_vocabulary_add(struct fam_offline_vocabulary *vocabulary, const char *word, bool stem);
/* Fills the terms of a token. */
void fam_offline_vocabulary_match(const struct fam_offline_vocabulary *vocabulary, struct fam_offline_token *token);

#endif
