/* guard_echo.h: does a text repeat the constant text of a prompt? Internal to the guard. Immutable after init;
 * thread-safe.
 *
 * Ten words in a row are a repetition, whatever the case of their letters and the signs between them: fewer may be said
 * by chance, for the prompts hold sentences that fit an answer. */
#ifndef FAM_TRANSLATE_GUARD_ECHO_H
#define FAM_TRANSLATE_GUARD_ECHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "translate/pseudonym_text.h"

enum { FAM_GUARD_ECHO_WORDS = 10 };

struct fam_guard_echo {
    uint64_t *runs; /* hashes of all runs of that many words, sorted */
    size_t count;
};

enum fam_code fam_guard_echo_init(struct fam_guard_echo *echo, struct fam_status *status) FAM_MUST_CHECK;
/* Takes a zeroed struct. */
void fam_guard_echo_done(struct fam_guard_echo *echo);
bool fam_guard_echo_has(const struct fam_guard_echo *echo, const struct fam_pseudonym_words *words);

#endif
