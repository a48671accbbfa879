/* offline.h: the built-in engine: a reading by rules and lexicon, without any network.
 *
 * Both languages, all ages. Deterministic: the same input gives the same reading, with variety between different
 * phrases. The phrase's own language picks the lexicon (`phrase_language`, or detected by fam_language_of), the
 * answer's texts are in `language`. Templates and lexicons are data (server/translate/data/), compiled in. No I/O;
 * thread-safe; immutable after fam_offline_new. */
#ifndef FAM_TRANSLATE_OFFLINE_H
#define FAM_TRANSLATE_OFFLINE_H

#include "base/compiler.h"
#include "base/status.h"
#include "fam/v1/translation.pb-c.h"
#include "translate/safety.h"

struct fam_correction;
struct fam_offline;

enum { FAM_OFFLINE_SIGNAL = 32 };

struct fam_reading_input {
    const char *phrase;          /* valid UTF-8 */
    const char *happened_before; /* "" when not told */
    Fam__V1__Place place;
    Fam__V1__AgeBand age_band;  /* unspecified: any age */
    Fam__V1__Language language; /* of the answer; not unspecified */
    /* What the safety detector found in this text; NULL: it was not asked, and the engine's own words of despair and
     * harm count. When it was asked it decides: a hit is answered with a reading that fits the danger, never a light
     * one, and without a hit nothing is read as a danger. */
    const struct fam_safety_hit *hit;
    /* What the author said earlier that this child's feelings were, the newest first: what was right then comes first
     * where the words are like those of then: they meet the same situation (`signal`), or they read as what was wrong
     * then and are vague. Clear words of another kind are read as they stand. Never over a danger. */
    const struct fam_correction *corrections;
    size_t correction_count;
    Fam__V1__Emotion corrected; /* what the author says that it is this time; unspecified: nothing */
    const char *child_name;     /* "" when none; used sparingly in the texts */
};

struct fam_offline *fam_offline_new(struct fam_status *status) FAM_MUST_CHECK;
void fam_offline_free(struct fam_offline *offline);
/* "offline-1": changes whenever rules, lexicon or templates change the answers. */
const char *fam_offline_version(void);
/* Never fails for want of understanding: an unknown phrase gets an honest reading of low certainty. All fields of
 * Reading are set but version and created_at_ms. *ret_reading is malloc'ed throughout: free with
 * fam__v1__reading__free_unpacked(reading, NULL). */
enum fam_code fam_offline_read(const struct fam_offline *offline, const struct fam_reading_input *input,
                               Fam__V1__Reading **ret_reading, struct fam_status *status) FAM_MUST_CHECK;
/* What a correction of this reading is remembered by: the name of the situation that the lexicon met in the words, as
 * they read without any correction; "" for none. It tells no word of them. */
enum fam_code fam_offline_signal(const struct fam_offline *offline, const struct fam_reading_input *input,
                                 char ret_signal[FAM_OFFLINE_SIGNAL], struct fam_status *status) FAM_MUST_CHECK;
/* Language of a text by its letters; unspecified when there are none. */
Fam__V1__Language fam_language_of(const char *text);

#endif
