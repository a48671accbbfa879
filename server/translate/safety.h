/* safety.h: the local safety detector: does this text tell of a danger?
 *
 * Deterministic, no I/O, no network, under 2 ms for 2,000 characters; it never waits and can't be switched off. Rules
 * are data (server/translate/data/safety_ru.tsv, safety_en.tsv; both run on every text whatever its language, and on
 * transliterated Russian), compiled into the program. Order of work: normalise (fam_text_normalise, look-alike letters,
 * stretched letters, typing errors), mask idioms and games, match rules, drop what only an idiom matched. A denial
 * ("нет, всё хорошо") in the same text never clears a hit.
 *
 * Thread-safe after fam_safety_new; the detector is immutable. */
#ifndef FAM_TRANSLATE_SAFETY_H
#define FAM_TRANSLATE_SAFETY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/status.h"
#include "fam/v1/types.pb-c.h"

struct fam_safety;

enum { FAM_SAFETY_MAX_KINDS = 10 };

struct fam_safety_hit {
    size_t count;                                    /* 0: nothing found */
    Fam__V1__SafetyKind kinds[FAM_SAFETY_MAX_KINDS]; /* the gravest first, each once */
};

/* INTERNAL names the faulty line of the data. */
struct fam_safety *fam_safety_new(struct fam_status *status) FAM_MUST_CHECK;
void fam_safety_free(struct fam_safety *safety);
/* `text` is valid UTF-8 of up to 64 KiB. When memory is short the answer is not "nothing": RESOURCE_EXHAUSTED. */
enum fam_code fam_safety_check(const struct fam_safety *safety, const char *text, struct fam_safety_hit *ret_hit,
                               struct fam_status *status) FAM_MUST_CHECK;

#endif
