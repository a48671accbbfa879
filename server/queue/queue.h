/* queue.h: whose turn it is: tasks ordered and leased in Redis by Lua scripts.
 *
 * Redis holds nothing that PostgreSQL does not: after a crash, a wipe or a restore of Redis the sweep (queue/sweep.h)
 * rebuilds it from the rows. A task is in one place: ready (by priority), delayed, or claimed (a lease and a hold).
 * docs/queue.md tells the keys.
 *
 * What a worker does, with a token for each claim:
 *
 *     fam_queue_claim ─► fam_task_begin ─► fam_queue_settle (those that were refused)
 *        for each: fam_queue_start ─► its handler ─► fam_task_complete, then fam_queue_finish
 *                                                    fam_task_fail or _snooze, then fam_queue_delay
 *                        └ something more urgent is ready: fam_task_release, then fam_queue_return
 *        meanwhile: fam_task_extend, then fam_queue_extend
 *     nothing claimed: fam_queue_wait_claim
 *
 * PostgreSQL first, Redis second: what Redis does not hear after that, the sweep tells it. Functions that take a token
 * change nothing in Redis where the claim is another's by now. All fail with UNAVAILABLE while Redis is away, at once.
 * Thread-safe. */
#ifndef FAM_QUEUE_QUEUE_H
#define FAM_QUEUE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "store/task_store.h"

struct fam_log;
struct fam_metrics;
struct fam_queue;
struct fam_redis;
struct fam_store;

struct fam_queue_options {
    struct fam_redis *redis;     /* outlives the queue */
    struct fam_store *store;     /* outlives the queue; for pauses and deaths */
    struct fam_log *log;         /* may be NULL */
    struct fam_metrics *metrics; /* of deaths; may be NULL */
    uint32_t retry_base_ms;      /* see struct fam_task_times; 0: 60,000 */
};
struct fam_queue *fam_queue_new(const struct fam_queue_options *options, struct fam_status *status) FAM_MUST_CHECK;
/* Nobody may use it any more; takes NULL. */
void fam_queue_free(struct fam_queue *queue);

/* For the store's functions: retry_base_ms and the clocks' offset. */
struct fam_task_times fam_queue_times(const struct fam_queue *queue);
/* A seam for tests: from now on the clocks of Redis and PostgreSQL are read with this offset. Any thread. */
void fam_queue_set_clock_offset(struct fam_queue *queue, int64_t offset_ms);

/* After the COMMIT that made them: workers wake up at once. Never fails for the caller: what Redis does not hear now,
 * the next sweep tells it. A task that is there already moves to where the ref says (a waiting one may become ready);
 * one that is claimed stays claimed. Takes a NULL queue, and any count. */
void fam_queue_push(struct fam_queue *queue, const struct fam_task_ref *refs, size_t count);

/* ---- what a worker does ---- */

struct fam_queue_claim {
    struct fam_uuid token; /* random, of this claim; 0 tasks: not set */
    enum fam_priority priority;
    size_t count;
    struct fam_uuid ids[FAM_TASK_CLAIM_MAX];
    uint32_t next_ms; /* with 0 tasks: until the next delayed one is due; UINT32_MAX: none waits */
    bool is_started;  /* fam_queue_start is not needed, see fam_queue_claim_for */
    bool has_expired; /* leases have run out: somebody should call fam_queue_reap */
};
/* Up to `max` (1 to FAM_TASK_CLAIM_MAX) tasks of the highest priority that has any, never of two; delayed ones that
 * are due become ready in the same step. Leased for lease_ms to `worker` (1 to 64 bytes, [A-Za-z0-9_.:-]). While all is
 * paused it claims nothing, with next_ms saying when to look again (a pause is noticed within half a second). */
enum fam_code fam_queue_claim(struct fam_queue *queue, const char *worker, size_t max, uint32_t lease_ms,
                              struct fam_queue_claim *ret_claim, struct fam_status *status) FAM_MUST_CHECK;
/* The same for a worker with `idle` idle threads: a claim of so few tasks that each is run at once, and none of its
 * priority was left, marks them as started by itself, which saves a round trip. */
enum fam_code fam_queue_claim_for(struct fam_queue *queue, const char *worker, size_t max, size_t idle,
                                  uint32_t lease_ms, struct fam_queue_claim *ret_claim,
                                  struct fam_status *status) FAM_MUST_CHECK;

enum fam_queue_turn {
    FAM_QUEUE_TURN_YOURS,  /* marked as started: a death from now on counts */
    FAM_QUEUE_TURN_HIGHER, /* something more urgent is ready: return what is not started */
    FAM_QUEUE_TURN_LOST    /* the claim is not yours any more */
};
/* Before a handler gets tasks of a claim: all of them are marked, or none (one lost: LOST, and ret_lost tells which
 * when it is not NULL; start the others anew). Up to FAM_TASK_CLAIM_MAX. */
enum fam_code fam_queue_start(struct fam_queue *queue, const struct fam_uuid *token, const struct fam_uuid *ids,
                              size_t count, enum fam_queue_turn *ret_turn, bool *ret_lost,
                              struct fam_status *status) FAM_MUST_CHECK;
/* The tasks are done, dead or gone: Redis forgets them. */
enum fam_code fam_queue_finish(struct fam_queue *queue, const struct fam_uuid *token, const struct fam_uuid *ids,
                               size_t count, struct fam_status *status) FAM_MUST_CHECK;
/* Failed or snoozed: each waits until refs[i].not_before_ms (0: ready at once, in the back). */
enum fam_code fam_queue_delay(struct fam_queue *queue, const struct fam_uuid *token, const struct fam_task_ref *refs,
                              size_t count, struct fam_status *status) FAM_MUST_CHECK;
/* Claimed and not started: ready again, at the front. Those that were started stay. */
enum fam_code fam_queue_return(struct fam_queue *queue, const struct fam_uuid *token, const struct fam_uuid *ids,
                               size_t count, struct fam_status *status) FAM_MUST_CHECK;
/* The same for those that were started too: their handlers have not begun and will not. */
enum fam_code fam_queue_return_started(struct fam_queue *queue, const struct fam_uuid *token,
                                       const struct fam_uuid *ids, size_t count,
                                       struct fam_status *status) FAM_MUST_CHECK;
/* The leases last lease_ms from now on; ret_held (may be NULL): is the claim still the token's? fam_task_extend is the
 * one that decides. */
enum fam_code fam_queue_extend(struct fam_queue *queue, const struct fam_uuid *token, const struct fam_uuid *ids,
                               size_t count, uint32_t lease_ms, bool *ret_held,
                               struct fam_status *status) FAM_MUST_CHECK;
/* What fam_task_begin refused leaves the claim as its verdict needs: forgotten, delayed, or (all paused) returned.
 * FAM_TASK_GO is passed over, so the whole answer of fam_task_begin can be given. */
enum fam_code fam_queue_settle(struct fam_queue *queue, const struct fam_uuid *token,
                               const struct fam_task_begun *begun, size_t count,
                               struct fam_status *status) FAM_MUST_CHECK;

/* Blocks until a task becomes ready, timeout_ms (1 to 60,000) passes, or fam_queue_interrupt; a hint, for others may be
 * faster. While Redis is away it waits too, without I/O, so that callers need no pause of their own. Up to 64 threads
 * wait at a time; one more sleeps for the time. */
void fam_queue_wait(struct fam_queue *queue, uint32_t timeout_ms);
/* The same, and a claim as by fam_queue_claim_for that Redis makes by itself when it wakes us, or when the time has
 * passed: between a push and a claim lies no other round trip than that of the push. No tasks: claim by
 * fam_queue_claim_for to learn why. It may hold tasks that came while all was being paused, or while the wait was
 * interrupted: the first are refused by fam_task_begin, the second are the caller's to return. */
enum fam_code fam_queue_wait_claim(struct fam_queue *queue, const char *worker, size_t max, size_t idle,
                                   uint32_t lease_ms, uint32_t timeout_ms, struct fam_queue_claim *ret_claim,
                                   struct fam_status *status) FAM_MUST_CHECK;
/* Ends all waits, those to come as well: the process stops. Any thread. */
void fam_queue_interrupt(struct fam_queue *queue);

/* ---- around it ---- */

/* Claims whose lease has run out come back: their rows are freed (deaths of those that had been started are counted,
 * five make it poison), then they are ready again, at the front. 100 a call; *ret_count: how many were looked at. */
enum fam_code fam_queue_reap(struct fam_queue *queue, size_t *ret_count, struct fam_status *status) FAM_MUST_CHECK;
/* Is everything paused? Looked up in PostgreSQL twice a second at most; the last answer while it is away. */
bool fam_queue_is_paused(struct fam_queue *queue);
/* After fam_pause_end, or a change by fam_pause_set: tasks of the type ("*": of every type) that were set aside are due
 * and in Redis at once. */
enum fam_code fam_queue_resume(struct fam_queue *queue, const char *type, size_t *ret_count,
                               struct fam_status *status) FAM_MUST_CHECK;
/* Rows that were deleted: Redis forgets them unless a worker holds them. Best effort; takes a NULL queue. */
void fam_queue_forget(struct fam_queue *queue, const struct fam_task_ref *refs, size_t count);

/* What Redis holds. */
struct fam_queue_sizes {
    uint64_t ready[4];   /* by priority, low first */
    uint64_t delayed[4]; /* the same */
    uint64_t leases;
    uint64_t holds;
};
enum fam_code fam_queue_sizes(struct fam_queue *queue, struct fam_queue_sizes *ret_sizes,
                              struct fam_status *status) FAM_MUST_CHECK;
/* Redis is not the one that was swept last (wiped, restored from a copy, or never swept), or it has not heard what it
 * was told: claims and pushes notice it. The sweeper asks, and sweeps at once. */
bool fam_queue_is_suspect(struct fam_queue *queue);

#endif
