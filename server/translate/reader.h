/* reader.h: a reading by Claude: placeholders → cache → one shared call → guard → cache → names back.
 *
 * Equal questions in flight share one call of Claude: in this process by a table of flights, across servers by a claim
 * in Redis. A question that waits holds no thread. What leaves is written down as a disclosure before it leaves; when
 * that fails nothing leaves.
 *
 * When patience ends before Claude answers, the call goes on as long as the reader's time-out, if the question asked
 * for that; its answer goes into the cache, and whoever asks again meanwhile joins it. When the one who asked is gone
 * (fam_reader_cancel), and nobody else waits, the call is cut down to its socket.
 *
 * A wait, from its caller's side:
 *   wait = fam_reader_wait_new(…)           then fam_reader_cancel may be called, from any thread
 *   fam_reader_start(wait, question, …)     on a worker thread; ready at once, or `ready` is called later
 *   fam_reader_take(wait, …)                on a worker thread, once it is ready
 *   fam_reader_wait_free(wait)              when nobody can cancel it any more
 * Otherwise thread-safe. */
#ifndef FAM_TRANSLATE_READER_H
#define FAM_TRANSLATE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/translation.pb-c.h"
#include "translate/offline.h"
#include "translate/pseudonym.h"
#include "translate/safety.h"

struct fam_claude;
struct fam_correction;
struct fam_log;
struct fam_metrics;
struct fam_reader;
struct fam_reader_wait;
struct fam_reading_cache;
struct fam_store;

struct fam_reader_options {
    struct fam_claude *claude;       /* borrowed, as the next two; must be stopped before fam_reader_free */
    struct fam_reading_cache *cache; /* its Redis may be away */
    struct fam_store *store;         /* of the disclosures */
    const char *model;               /* as Claude is asked for it; copied */
    uint32_t patience_ms;            /* the longest wait of somebody who looks at a screen */
    uint32_t timeout_ms;             /* of a call that goes on, or whose asker has all the time; 0: patience_ms */
    size_t going_on_max;             /* calls that go on at the same time; further ones are cut when patience ends */
    struct fam_metrics *metrics;     /* may be NULL */
    struct fam_log *log;             /* may be NULL */
};

struct fam_reader *fam_reader_new(const struct fam_reader_options *options, struct fam_status *status) FAM_MUST_CHECK;
/* No wait may be left. Takes NULL. */
void fam_reader_free(struct fam_reader *reader);

/* Borrowed until fam_reader_start returns. */
struct fam_reader_question {
    const struct fam_reading_input *input;
    const struct fam_known_name *names; /* of the family */
    size_t name_count;
    uint32_t profile_version;        /* of the child, when its profile holds more than an age; else 0 */
    const struct fam_uuid *child_id; /* whose profile that is; NULL with 0 */
    const Fam__V1__Trait *traits;    /* of the profile */
    size_t trait_count;
    const char *special_needs;                /* of the profile; "" when not told */
    const struct fam_correction *corrections; /* of the child, by the author */
    size_t correction_count;                  /* FAM_CORRECTIONS_MAX at most */
    uint32_t corrections_version;             /* changes with any of them; 0: none */
    const struct fam_correction *it_was;      /* what the author says of this very phrase; NULL: nothing */
    const struct fam_uuid *author;            /* who consented */
    const struct fam_uuid *entry_id;          /* of the entry that will hold the reading */
    bool apart;                               /* its answer serves nobody but the author, whatever stands in it */
    uint32_t timeout_ms;                      /* at most; the patience bounds it too */
    uint64_t began_ms;                        /* fam_mono_ms when its call arrived */
    bool goes_on;                             /* when this wait's patience ends the call is not cut */
    bool has_time; /* nobody looks at a screen: the reader's time-out bounds it, not the patience */
};

/* `ready` is called at most once, on a thread that must not be blocked; never after fam_reader_start said that the
 * answer is there. NULL when memory is short. */
struct fam_reader_wait *fam_reader_wait_new(struct fam_reader *reader, void (*ready)(void *context), void *context,
                                            struct fam_status *status) FAM_MUST_CHECK;
/* Takes NULL. Before fam_reader_start, or after it is ready. */
void fam_reader_wait_free(struct fam_reader_wait *wait);
/* Blocks on Redis and PostgreSQL. FAM_OK with *ret_ready true: take it now; with false: `ready` follows, and the caller
 * must not touch what `ready` may free. A failure ends the wait without `ready`: the question can't be asked; the
 * built-in engine answers. */
enum fam_code fam_reader_start(struct fam_reader_wait *wait, const struct fam_reader_question *question,
                               bool *ret_ready, struct fam_status *status) FAM_MUST_CHECK;
/* A struct fam_reader_wait as void *, so that it fits fam_call_on_cancel. Does not block. `ready` follows unless the
 * answer was first. */
void fam_reader_cancel(void *wait);

struct fam_reader_result {
    Fam__V1__Reading *reading; /* malloc'ed throughout, names in it */
    size_t risk_count;
    Fam__V1__SafetyKind risk[FAM_SAFETY_MAX_KINDS]; /* dangers that Claude saw, to be added to the detector's */
};
/* Blocks on Redis when this wait is the one that stores the answer. Otherwise as fam_claude_ask and fam_guard_check
 * say; DEADLINE_EXCEEDED when patience ran out. Once. */
enum fam_code fam_reader_take(struct fam_reader_wait *wait, struct fam_reader_result *ret_result,
                              struct fam_status *status) FAM_MUST_CHECK;

/* Forgets the cached answer to a question if it could only serve its author (context, profile or corrections stand in
 * it); one that serves everybody says nothing of anybody, and ends by itself. Blocks on Redis. */
enum fam_code fam_reader_forget(struct fam_reader *reader, const struct fam_reader_question *question,
                                struct fam_status *status) FAM_MUST_CHECK;

#endif
