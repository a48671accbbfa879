/* find_words.h: do texts hold all words of a search, in whatever form they stand there?
 *
 * Words are compared by their stems (Snowball, Russian for Cyrillic letters and English for others), folded as the
 * pseudonyms fold them: small letters, ё as е. Numbers are compared as they are. Nothing is kept between searches, and
 * no index is made: what is searched is sealed. A search belongs to one thread. */
#ifndef FAM_TRANSLATE_FIND_WORDS_H
#define FAM_TRANSLATE_FIND_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/status.h"
#include "translate/pseudonym_text.h"

struct sb_stemmer;

enum { FAM_FIND_WORDS_MAX = 16 };

/* Zeroed, then fam_find_init; fam_find_done fits fam_auto. */
struct fam_find {
    struct sb_stemmer *russian, *english;
    char stems[FAM_FIND_WORDS_MAX][FAM_PSEUDONYM_WORD_BYTES];
    size_t count;
};
/* INVALID_ARGUMENT (field query): no word in it, or more than FAM_FIND_WORDS_MAX. */
enum fam_code fam_find_init(struct fam_find *find, const char *query, struct fam_status *status) FAM_MUST_CHECK;
void fam_find_done(struct fam_find *find);
/* Each word of the query stands in one of the texts, which are valid UTF-8. */
enum fam_code fam_find_match(struct fam_find *find, const char *const *texts, size_t count, bool *ret_match,
                             struct fam_status *status) FAM_MUST_CHECK;

#endif
