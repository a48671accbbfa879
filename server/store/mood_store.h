/* mood_store.h: what a person answered in check-ins, as reports want it: a mood by its time, and what was said with it.
 * The answers are sealed under the person's own key, so nobody else's can come out. */
#ifndef FAM_STORE_MOOD_STORE_H
#define FAM_STORE_MOOD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/checkin.pb-c.h"
#include "store/seal.h"

struct fam_store;

enum { FAM_MOODS_MAX = 2000, FAM_MOOD_STEPS = 5, FAM_TOPIC_SIZE = 33 };

/* One check-in that was answered, wholly or in part. */
struct fam_mood {
    struct fam_uuid checkin_id;
    Fam__V1__CheckinSlot slot;
    int64_t at_ms; /* when it was due; of a quick one: when it was begun */
    int mood;      /* 2 (hard) to 10 (good), in steps of 2; 0: not told */
    bool has_child;
    struct fam_uuid child_id;   /* nil without */
    char topic[FAM_TOPIC_SIZE]; /* id of what was hard; "": not told */
    char *topic_label;          /* as the person read it; never NULL from the store */
    char *good;                 /* a good moment, in the person's words; never NULL from the store */
};
/* Wipes the texts. Takes NULL and 0. */
void fam_moods_free(struct fam_mood *moods, size_t count);

/* Where checkin_answers.body is sealed: a packed CheckinAnswer, under the person's key. */
struct fam_place fam_mood_place(const struct fam_uuid *checkin_id, int position, const struct fam_uuid *user_id);
/* Those due from `from_ms` on and before `until_ms`, the oldest first, without skipped ones; the newest FAM_MOODS_MAX
 * at most. *ret_moods is an array of *ret_count; free with fam_moods_free. NOT_FOUND: no such user. */
enum fam_code fam_moods_load(struct fam_store *store, const struct fam_uuid *user_id, int64_t from_ms, int64_t until_ms,
                             struct fam_mood **ret_moods, size_t *ret_count, struct fam_status *status) FAM_MUST_CHECK;

#endif
