/* checkin_store.h: check-ins and their answers. All answers of a check-in are one value, sealed under the person's key:
 * a packed fam.v1.CheckinAnswers, padded, so that neither rows nor sizes tell a hard day from others. Labels are made
 * anew when they are shown.
 *
 * A check-in is its person's alone: every function takes the person, and what is somebody else's is NOT_FOUND. One that
 * is neither finished nor answered to its end when it expires is missed, from that moment on, whether or not
 * fam_checkin_sweep has been there. */
#ifndef FAM_STORE_CHECKIN_STORE_H
#define FAM_STORE_CHECKIN_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/checkin.pb-c.h"
#include "store/idempotency_store.h"

struct fam_store;

enum {
    FAM_CHECKIN_LIFETIME_MS = 2 * 60 * 60 * 1000, /* missed so long after it was due */
    FAM_CHECKIN_ANSWERS_MAX = 16,
    FAM_CHECKIN_WORD_SIZE = 33,
    FAM_CHECKIN_PAGE_MAX = 50,
    FAM_CHECKIN_SWEEP_MAX = 500
};

struct fam_checkin_said {
    char question_id[FAM_CHECKIN_WORD_SIZE];
    char option_id[FAM_UUID_TEXT_SIZE]; /* "" of a text */
    char *text;                         /* never NULL; "" of an option, or when it was left out */
};

struct fam_checkin {
    struct fam_uuid checkin_id;
    Fam__V1__CheckinSlot slot;
    char question_set[FAM_CHECKIN_WORD_SIZE];
    Fam__V1__CheckinState state;
    int64_t due_at_ms, expires_at_ms;
    int64_t finished_at_ms; /* 0: not yet */
    bool is_over;           /* expired, whatever its state: nothing of it changes any more */
    bool is_counted;
    size_t asked; /* questions on the way that the answers took; 0 before the first one */
    size_t said_count;
    struct fam_checkin_said said[FAM_CHECKIN_ANSWERS_MAX]; /* in the order of the questions */
};
/* Wipes; fits fam_auto; takes {0}. */
void fam_checkin_done(struct fam_checkin *checkin);

/* The newest that waits or was begun; without one a quick one, of this set, due now. ids: checkin. */
enum fam_code fam_checkin_begin(struct fam_store *store, const struct fam_mutation *mutation,
                                const struct fam_uuid *user_id, const char *question_set,
                                struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;
/* NOT_FOUND. */
enum fam_code fam_checkin_get(struct fam_store *store, const struct fam_uuid *user_id,
                              const struct fam_uuid *checkin_id, struct fam_checkin *ret_checkin,
                              struct fam_status *status) FAM_MUST_CHECK;
/* The newest first, those before `before` (NULL: from the newest); `limit` is 1 to FAM_CHECKIN_PAGE_MAX. */
enum fam_code fam_checkin_list(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *before,
                               size_t limit, struct fam_checkin **ret_list, size_t *ret_count, bool *ret_more,
                               struct fam_status *status) FAM_MUST_CHECK;
void fam_checkins_free(struct fam_checkin *list, size_t count);

/* How a check-in ended, for the metrics. */
struct fam_checkin_end {
    Fam__V1__CheckinSlot slot;
    bool counts; /* it ended by this call, and for the first time */
    size_t asked, answered;
};
/* What an answer changes: written by the caller, who knows the questions. */
struct fam_checkin_change {
    const char *question_id; /* this is its answer now */
    const char *option_id;
    const char *text;
    size_t keep_count;                         /* answers to these stay; all others go */
    const char *keep[FAM_CHECKIN_ANSWERS_MAX]; /* in the order of the questions, this one among them */
    size_t asked;                              /* in all, as far as can be told */
    size_t answered;
    bool is_complete;
};
/* Looks at the check-in as it is, under its lock, and says what becomes of it. May be called again. */
typedef enum fam_code fam_checkin_decide_fn(void *context, const struct fam_checkin *checkin,
                                            struct fam_checkin_change *ret_change, struct fam_status *status);
/* ids: checkin. NOT_FOUND; FAILED_PRECONDITION (reason "CHECKIN_OVER"): it was skipped or has expired; and what
 * `decide` returns. */
enum fam_code fam_checkin_answer(struct fam_store *store, const struct fam_mutation *mutation,
                                 const struct fam_uuid *user_id, const struct fam_uuid *checkin_id,
                                 fam_checkin_decide_fn *decide, void *context, struct fam_checkin_end *ret_end,
                                 struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;
/* One that is finished stays as it is. ids: checkin. NOT_FOUND. */
enum fam_code fam_checkin_skip(struct fam_store *store, const struct fam_mutation *mutation,
                               const struct fam_uuid *user_id, const struct fam_uuid *checkin_id,
                               struct fam_checkin_end *ret_end, struct fam_outcome *ret_outcome,
                               struct fam_status *status) FAM_MUST_CHECK;
/* What has expired is missed: up to FAM_CHECKIN_SWEEP_MAX of them; *ret_count tells how many rows of ret_ends are
 * written. Where the answers can't be opened, as of a person who is being erased, nothing was asked or answered. */
enum fam_code fam_checkin_sweep(struct fam_store *store, struct fam_checkin_end ret_ends[FAM_CHECKIN_SWEEP_MAX],
                                size_t *ret_count, struct fam_status *status) FAM_MUST_CHECK;

/* What a check-in told of the mood. */
struct fam_checkin_mood {
    struct fam_uuid checkin_id;
    Fam__V1__CheckinSlot slot;
    int64_t at_ms;                     /* when it was due, or begun */
    int mood;                          /* 2, 4, 6, 8 or 10: from hard to good */
    char about[FAM_CHECKIN_WORD_SIZE]; /* the hard topic's id; "": none */
    char with[FAM_CHECKIN_WORD_SIZE];  /* likewise, with whom */
    struct fam_uuid child_id;          /* nil: none in particular */
    char *note;                        /* never NULL, "" when nothing was said; as the next one */
    char *good;
};
/* The person's own with an answer to the question of the mood, due from `from_ms` on and before `until_ms`, whether
 * completed or not, the oldest first; up to FAM_CHECKIN_MOODS_MAX. Free with fam_checkin_moods_free. */
enum { FAM_CHECKIN_MOODS_MAX = 2000 };
enum fam_code fam_checkin_moods(struct fam_store *store, const struct fam_uuid *user_id, int64_t from_ms,
                                int64_t until_ms, struct fam_checkin_mood **ret_moods, size_t *ret_count,
                                struct fam_status *status) FAM_MUST_CHECK;
void fam_checkin_moods_free(struct fam_checkin_mood *moods, size_t count);

#endif
