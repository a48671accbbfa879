/* translate.h: the pipeline of one reading: safety → engine → what the answer shows.
 *
 * Safety comes first and can't be switched off: a hit puts help on top whatever the engine says. No I/O here: who asks,
 * limits and storage are the service's. Thread-safe; immutable after fam_translate_new. */
#ifndef FAM_TRANSLATE_TRANSLATE_H
#define FAM_TRANSLATE_TRANSLATE_H

#include "base/compiler.h"
#include "base/status.h"
#include "fam/v1/translation.pb-c.h"
#include "translate/help.h"
#include "translate/offline.h"
#include "translate/safety.h"

struct fam_log;
struct fam_metrics;
struct fam_translate;

/* `data_dir` may be NULL or "": then only the built-in help lines are known. */
struct fam_translate *fam_translate_new(const char *data_dir, struct fam_metrics *metrics, struct fam_log *log,
                                        struct fam_status *status) FAM_MUST_CHECK;
void fam_translate_free(struct fam_translate *translate);

/* Looks for danger in the phrase and in what happened before. */
enum fam_code fam_translate_check(const struct fam_translate *translate, const struct fam_reading_input *input,
                                  struct fam_safety_hit *ret_hit, struct fam_status *status) FAM_MUST_CHECK;
/* The best reading that can be had at once. Free with fam__v1__reading__free_unpacked(reading, NULL). */
enum fam_code fam_translate_read(const struct fam_translate *translate, const struct fam_reading_input *input,
                                 Fam__V1__Reading **ret_reading, struct fam_status *status) FAM_MUST_CHECK;
/* What a correction of these words is remembered by (offline.h). */
enum fam_code fam_translate_signal(const struct fam_translate *translate, const struct fam_reading_input *input,
                                   char ret_signal[FAM_OFFLINE_SIGNAL], struct fam_status *status) FAM_MUST_CHECK;
/* Help for a hit with count > 0. Free with fam__v1__safety_help__free_unpacked(help, NULL). */
enum fam_code fam_translate_help(struct fam_translate *translate, const struct fam_safety_hit *hit, const char *country,
                                 Fam__V1__Language language, Fam__V1__AgeBand age_band, Fam__V1__SafetyHelp **ret_help,
                                 struct fam_status *status) FAM_MUST_CHECK;
/* The same for what the writers say of themselves (help.h). */
enum fam_code fam_translate_help_own(struct fam_translate *translate, const struct fam_safety_hit *hit,
                                     const char *country, Fam__V1__Language language, Fam__V1__SafetyHelp **ret_help,
                                     struct fam_status *status) FAM_MUST_CHECK;
/* Whom to name to a grown-up who has a hard time. */
void fam_translate_numbers(struct fam_translate *translate, const char *country, Fam__V1__Language language,
                           struct fam_help_numbers *ret_numbers);

#endif
