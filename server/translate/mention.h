/* mention.h: does a text speak of a grown-up of the family? For asking twice before it is shared.
 *
 * Russian and English: words for parents, grandparents, step-parents, spouses, uncles and aunts in all their cases, and
 * the names that the family's members gave themselves, in the cases of Russian. A word within another («папка»,
 * "dadaist") is none. It finds rather too much than too little: what it finds is asked about, not refused. No state. */
#ifndef FAM_TRANSLATE_MENTION_H
#define FAM_TRANSLATE_MENTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/status.h"
#include "store/family_store.h"

/* `text` is valid UTF-8. `names` are those of the family's members as they wrote them, each of a word or more; "" is
 * none. RESOURCE_EXHAUSTED when memory is short. */
enum fam_code fam_mention_find(const char *text, const char *const *names, size_t name_count, bool *ret_found,
                               struct fam_status *status) FAM_MUST_CHECK;
/* The same for what was said and what happened before it, with the names of the members. `family` may be empty. */
enum { FAM_MENTION_NAMES_MAX = 64 };
enum fam_code fam_mention_of_family(const struct fam_family *family, const char *phrase, const char *happened_before,
                                    bool *ret_found, struct fam_status *status) FAM_MUST_CHECK;

#endif
