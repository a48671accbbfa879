/* task_store.h: tasks as rows: the truth about work that is to be done later.
 *
 * A task is added in the transaction of what caused it, by fam_task_add. Redis (queue/queue.h) hears of it after the
 * COMMIT and decides whose turn it is; whether an attempt counts is decided here: every claim has a token of its own,
 * and what a holder writes with a token that is not the row's any more fails with ABORTED, reason "LEASE_LOST".
 *
 * The life of a row:
 *
 *     add ─► queued ─ begin ─► queued, leased ─ complete ─► done
 *              ▲                  │ fail, snooze, release: not leased any more, later again
 *              └──────────────────┤
 *                                 └ fail for the last time, bury, five deaths ─► dead, with the reason
 *
 * A lease that has run out is still its holder's until somebody else begins the task: equality of the token decides,
 * never the time. Thread-safe. */
#ifndef FAM_STORE_TASK_STORE_H
#define FAM_STORE_TASK_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "store/db.h"

struct fam_store;

enum fam_priority { FAM_PRIORITY_LOW = 1, FAM_PRIORITY_NORMAL, FAM_PRIORITY_HIGH, FAM_PRIORITY_CRITICAL };
enum {
    FAM_TASK_TYPE_SIZE = 65,
    FAM_TASK_PAYLOAD_MAX = 4096,
    FAM_TASK_ATTEMPTS = 3,
    FAM_TASK_DEATHS = 5,
    FAM_TASK_CLAIM_MAX = 10,          /* tasks of one claim */
    FAM_TASK_BATCH_MAX = 500,         /* ids that the functions below take at once */
    FAM_TASK_REASON_MAX = 200,        /* bytes; what is longer is cut */
    FAM_TASK_WORKER_MAX = 64,         /* bytes of a worker's name, 1 at least */
    FAM_TASK_LEASE_MAX_MS = 600000,   /* the longest lease; 100 ms is the shortest */
    FAM_TASK_SNOOZE_MAX_MS = 86400000 /* a longer snooze is cut */
};

/* What Redis needs to know of a task. */
struct fam_task_ref {
    struct fam_uuid task_id;
    enum fam_priority priority;
    int64_t not_before_ms; /* Unix time; 0: at once */
};

/* Borrowed. */
struct fam_task_new {
    const char *type; /* a-z, 0-9, _ */
    enum fam_priority priority;
    const void *payload; /* ids or sealed text, never a word in clear; NULL: none */
    size_t payload_size;
    const struct fam_uuid *user_id; /* the task is erased with this user; NULL: nobody's */
    const char *unique_key;         /* at most one queued task has it; NULL: none */
    uint64_t delay_ms;              /* by the database's clock; 0: at once */
    unsigned max_attempts;          /* 0: FAM_TASK_ATTEMPTS; at most 100 */
};
/* In the caller's transaction. *ret_ref is for fam_queue_push after COMMIT. A task of the same unique key that is
 * queued already stays as it is: *ret_added is false and *ret_ref is that task's. */
enum fam_code fam_task_add(struct fam_db *db, const struct fam_task_new *task, struct fam_task_ref *ret_ref,
                           bool *ret_added, struct fam_status *status) FAM_MUST_CHECK;

/* What the functions below reckon with; NULL: {0}. fam_queue_times gives the queue's own. */
struct fam_task_times {
    int64_t clock_offset_ms; /* added to the database's clock: a seam for tests of clocks that jump; 0 in production */
    uint32_t retry_base_ms;  /* the n-th failure waits 2^n of it, ±20 %; 0: 60,000 */
};

/* ---- beginning ---- */

/* FAM_TASK_GO: the row is leased to the token, run it. All others are not begun and must leave the claim in Redis:
 * fam_queue_settle does what each needs. */
enum fam_task_verdict {
    FAM_TASK_GO,
    FAM_TASK_GONE,   /* no such row: deleted, or erased with its user */
    FAM_TASK_DONE,   /* has been done */
    FAM_TASK_DEAD,   /* is in the dead letter */
    FAM_TASK_WAITS,  /* not due before not_before_ms */
    FAM_TASK_PAUSED, /* its type is paused, it is set aside until not_before_ms; or all are paused */
    FAM_TASK_HELD    /* leased to another token until not_before_ms */
};

struct fam_task_begun {
    struct fam_task_ref ref; /* the id as asked; not_before_ms as the verdict says */
    enum fam_task_verdict verdict;
    char type[FAM_TASK_TYPE_SIZE]; /* from here on: FAM_TASK_GO only */
    void *payload;                 /* owned; NULL: none */
    size_t payload_size;
    bool has_user;
    struct fam_uuid user_id;
    unsigned attempts; /* that failed before this one */
    unsigned max_attempts;
    unsigned deaths; /* of workers that had begun it */
};
/* Frees what it holds and clears it. */
void fam_task_begun_done(struct fam_task_begun *begun);

/* Leases up to FAM_TASK_CLAIM_MAX rows to `token` for `lease_ms`; ret_begun[i] is about ids[i], and each is to be freed
 * by fam_task_begun_done after FAM_OK. Repeating it with the same token is harmless. Does not wait for the disk
 * (synchronous_commit is off here and nowhere else): what a crash of PostgreSQL takes back is a lease, and a lease that
 * is lost makes its holder's writes fail. */
enum fam_code fam_task_begin(struct fam_store *store, const struct fam_task_times *times, const struct fam_uuid *ids,
                             size_t count, const struct fam_uuid *token, const char *worker, uint32_t lease_ms,
                             struct fam_task_begun *ret_begun, struct fam_status *status) FAM_MUST_CHECK;
/* Leases of `token` last `lease_ms` from now on; ret_held[i]: was ids[i] still the token's? A row that is not is left
 * as it is: give that task up. */
enum fam_code fam_task_extend(struct fam_store *store, const struct fam_task_times *times, const struct fam_uuid *ids,
                              size_t count, const struct fam_uuid *token, uint32_t lease_ms, bool *ret_held,
                              struct fam_status *status) FAM_MUST_CHECK;
/* Begun but not started, and not wanted any more: the rows are free again, as if never begun. Rows that are not the
 * token's stay as they are. */
enum fam_code fam_task_release(struct fam_store *store, const struct fam_uuid *ids, size_t count,
                               const struct fam_uuid *token, struct fam_status *status) FAM_MUST_CHECK;

/* ---- ending ---- */

/* In the transaction of the task's effect. ABORTED, "LEASE_LOST": roll back. */
enum fam_code fam_task_complete(struct fam_db *db, const struct fam_uuid *task_id, const struct fam_uuid *token,
                                struct fam_status *status) FAM_MUST_CHECK;
/* Several, in a transaction of their own: ret_done[i] is false where the lease of ids[i] was lost. */
enum fam_code fam_task_complete_all(struct fam_store *store, const struct fam_uuid *ids, size_t count,
                                    const struct fam_uuid *token, bool *ret_done,
                                    struct fam_status *status) FAM_MUST_CHECK;

/* What became of the task: dead, or again at ref.not_before_ms (fam_queue_delay tells Redis). */
struct fam_task_end {
    struct fam_task_ref ref;
    bool is_dead;
    unsigned attempts; /* that failed, this one too */
};

/* One attempt failed, or ran out of time. Again after 2^attempts × retry_base_ms ± 20 %, or dead when it was the last;
 * leaves a row in task_attempts. `reason` is for operators, without personal text. ABORTED, "LEASE_LOST". */
enum fam_code fam_task_fail(struct fam_store *store, const struct fam_task_times *times, const struct fam_uuid *task_id,
                            const struct fam_uuid *token, bool is_timed_out, const char *reason, uint64_t duration_ms,
                            struct fam_task_end *ret_end, struct fam_status *status) FAM_MUST_CHECK;
/* Not now, for no fault of the task: costs no attempt. In task_attempts the same reason is told once an hour. ABORTED,
 * "LEASE_LOST". */
enum fam_code fam_task_snooze(struct fam_store *store, const struct fam_task_times *times,
                              const struct fam_uuid *task_id, const struct fam_uuid *token, uint64_t delay_ms,
                              const char *reason, struct fam_task_end *ret_end,
                              struct fam_status *status) FAM_MUST_CHECK;
/* Dead at once: it can never succeed, or nobody knows its type (reason "unknown type"). Not counted as an attempt;
 * leaves a row in task_attempts. ABORTED, "LEASE_LOST". */
enum fam_code fam_task_bury(struct fam_store *store, const struct fam_uuid *task_id, const struct fam_uuid *token,
                            const char *reason, uint64_t duration_ms, struct fam_status *status) FAM_MUST_CHECK;

/* ---- workers that died ---- */

enum fam_task_fate {
    FAM_TASK_FREE, /* nobody's now: it may be claimed again, after not_before_ms */
    FAM_TASK_KEPT, /* leased until not_before_ms: by this token (extended meanwhile) or by another */
    FAM_TASK_OVER  /* done, dead or gone: Redis may forget it */
};
/* A lease of Redis that ran out. */
struct fam_task_death {
    struct fam_uuid task_id;
    struct fam_uuid token;
    bool has_started;        /* the worker had said so: then it counts as a death */
    enum fam_task_fate fate; /* from here on: the answer */
    enum fam_priority priority;
    int64_t not_before_ms;         /* 0: at once */
    struct fam_uuid holder;        /* FAM_TASK_KEPT: whose token it is */
    bool is_counted;               /* a worker had begun it and is gone */
    char type[FAM_TASK_TYPE_SIZE]; /* "": no such row */
    bool is_poison;                /* this was death FAM_TASK_DEATHS: dead, reason "poison" */
};
/* Frees those rows whose lease is the token's and has run out, counting deaths; a death is counted once, however often
 * it is told. It never counts as an attempt. Up to FAM_TASK_BATCH_MAX. */
enum fam_code fam_task_died(struct fam_store *store, const struct fam_task_times *times, struct fam_task_death *deaths,
                            size_t count, struct fam_status *status) FAM_MUST_CHECK;

/* ---- pauses ---- */

/* A type that is paused, or "*" for all. */
struct fam_pause {
    char type[FAM_TASK_TYPE_SIZE];
    int64_t until_ms; /* Unix time; 0: until it is resumed */
    char reason[FAM_TASK_REASON_MAX + 1];
    char paused_by[FAM_TASK_TYPE_SIZE];
    int64_t paused_at_ms;
};
enum { FAM_PAUSES_MAX = 256 };

/* Begins a pause, or changes the one there is. duration_ms 0: until it is resumed. Tasks are set aside when they would
 * have been begun. After a change call fam_queue_resume, so that those set aside already learn of it. */
enum fam_code fam_pause_set(struct fam_store *store, const char *type, uint64_t duration_ms, const char *reason,
                            const char *paused_by, struct fam_status *status) FAM_MUST_CHECK;
/* The same where no pause of the type is in force that lasts as long at least, or with `replace`: nobody shortens by
 * accident what somebody else has begun. One statement, so that of two at once the longer stays. ABORTED when the two
 * got in each other's way: try again. */
struct fam_pause_change {
    struct fam_pause now; /* what is in force */
    bool kept;            /* … and was before: nothing has changed */
    bool had;             /* there was one before: */
    struct fam_pause before;
};
enum fam_code fam_pause_put(struct fam_store *store, const char *type, uint64_t duration_ms, const char *reason,
                            const char *paused_by, bool replace, struct fam_pause_change *ret_change,
                            struct fam_status *status) FAM_MUST_CHECK;
/* Would a pause until `until_ms` (0: without an end) leave this one in force? */
bool fam_pause_outlasts(const struct fam_pause *pause, int64_t until_ms);
/* Ends a pause; *ret_was: there was one. Then call fam_queue_resume. */
enum fam_code fam_pause_end(struct fam_store *store, const char *type, bool *ret_was,
                            struct fam_status *status) FAM_MUST_CHECK;
/* Those in force, by type; ret_list has room for FAM_PAUSES_MAX. */
enum fam_code fam_pause_list(struct fam_store *store, const struct fam_task_times *times, struct fam_pause *ret_list,
                             size_t *ret_count, struct fam_status *status) FAM_MUST_CHECK;
/* Tasks of the type ("*": of all) that were set aside are due now: a page of refs for fam_queue_push,
 * FAM_TASK_BATCH_MAX at most; call it until *ret_count is 0. */
enum fam_code fam_task_unpause(struct fam_store *store, const struct fam_task_times *times, const char *type,
                               struct fam_task_ref *ret_refs, size_t *ret_count,
                               struct fam_status *status) FAM_MUST_CHECK;

#endif
