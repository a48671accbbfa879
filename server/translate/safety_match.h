/* safety_match.h: the rules against the words of one text. Internal to the detector; thread-safe. */
#ifndef FAM_TRANSLATE_SAFETY_MATCH_H
#define FAM_TRANSLATE_SAFETY_MATCH_H

#include "base/compiler.h"
#include "translate/safety_rules.h"

/* A bit for each kind found: 1 << Fam__V1__SafetyKind. False when memory is short. The time is linear in the count of
 * the words, for every search looks at a bounded neighbourhood. */
bool fam_safety_match(const struct fam_safety *safety, const struct fam_safety_token *tokens, size_t count,
                      unsigned *ret_kinds) FAM_MUST_CHECK;

#endif
