/* help.h: what stands at the top of an answer when the detector hit: first step, steps, help lines.
 *
 * Help lines are data with country, language, age, topic, hours, number, source and verified-on
 * (server/translate/data/help_lines.tsv, compiled in; a file of that name in FAM_DATA_DIR replaces it without a build,
 * and is read again when it changes, looked at once a second at most; a faulty one keeps the last good lines). They
 * follow the family's country, not its language; an unknown country gets 112 / 911 and a directory. Of equal lines the
 * newest verified-on wins. Steps and first steps are data too (help_steps_ru.tsv, help_steps_en.tsv).
 *
 * Mostly the words are a child's, and the help is for a parent who heard them. Words that parents write of themselves
 * have help of their own: lines for adults and steps for oneself, and behind them what is to be done if the child said
 * so after all. Thread-safe. */
#ifndef FAM_TRANSLATE_HELP_H
#define FAM_TRANSLATE_HELP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/status.h"
#include "fam/v1/translation.pb-c.h"
#include "translate/safety.h"

struct fam_help;

/* Whom grown-ups can call for themselves. */
struct fam_help_numbers {
    char line[512];     /* the best line as it is shown: its name, its number (or address), its hours */
    char emergency[64]; /* the country's number */
};

/* `data_dir` may be NULL or "". A faulty file in it is no reason to fail: see fam_help_last_error. */
struct fam_help *fam_help_new(const char *data_dir, struct fam_status *status) FAM_MUST_CHECK;
void fam_help_free(struct fam_help *help);
/* Why the file in data_dir is not in use, as one line; false (and "") when nothing is wrong with it. The error stands
 * until the file changes, so a caller that logs compares it with the one before. */
bool fam_help_last_error(struct fam_help *help, char *ret_message, size_t size);
/* Help for `hit` (count > 0). `country` is ISO 3166-1 alpha-2 or "". The rendered opening, the first step and the
 * first line (name and number) fit into 300 characters together; the opening into 60 and says nothing of the topic.
 * *ret_help is malloc'ed throughout: free with fam__v1__safety_help__free_unpacked(help, NULL). */
enum fam_code fam_help_make(struct fam_help *help, const struct fam_safety_hit *hit, const char *country,
                            Fam__V1__Language language, Fam__V1__AgeBand age_band, Fam__V1__SafetyHelp **ret_help,
                            struct fam_status *status) FAM_MUST_CHECK;

/* The same for what the writers say of themselves. */
enum fam_code fam_help_make_own(struct fam_help *help, const struct fam_safety_hit *hit, const char *country,
                                Fam__V1__Language language, Fam__V1__SafetyHelp **ret_help,
                                struct fam_status *status) FAM_MUST_CHECK;
/* Whom to name to a grown-up who has a hard time, without anything having been found. */
void fam_help_find_numbers(struct fam_help *help, const char *country, Fam__V1__Language language,
                           struct fam_help_numbers *ret_numbers);

#endif
