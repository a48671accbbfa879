/* guard_text.h: is one text of an answer fit to show? Internal to the guard. Immutable after init; thread-safe. */
#ifndef FAM_TRANSLATE_GUARD_TEXT_H
#define FAM_TRANSLATE_GUARD_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/status.h"
#include "fam/v1/types.pb-c.h"
#include "translate/guard_echo.h"

enum { FAM_GUARD_PATTERN_WORDS = 6, FAM_GUARD_REASONS = 4 };

struct fam_guard_pattern {
    const char *reason;
    char *words[FAM_GUARD_PATTERN_WORDS]; /* folded; a stem has `stem` set */
    bool stem[FAM_GUARD_PATTERN_WORDS];
    size_t count;
    char *not_after; /* " word word ", or NULL */
};

struct fam_guard_rules {
    struct fam_guard_pattern *patterns;
    size_t count, capacity;
    struct fam_guard_echo echo;
};

enum fam_code fam_guard_rules_init(struct fam_guard_rules *rules, struct fam_status *status) FAM_MUST_CHECK;
void fam_guard_rules_done(struct fam_guard_rules *rules);

/* *ret_reason is NULL when `text` (valid UTF-8) is fit, a reason of guard.h otherwise. RESOURCE_EXHAUSTED: memory. */
enum fam_code fam_guard_check_text(const struct fam_guard_rules *rules, const char *text, size_t max_chars,
                                   Fam__V1__Language language, const char **ret_reason,
                                   struct fam_status *status) FAM_MUST_CHECK;

#endif
