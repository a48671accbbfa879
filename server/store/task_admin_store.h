/* task_admin_store.h: the queue for operators: which tasks there are, and changes to many of them at once. Ids, types,
 * counts and times; a payload is never read. READY, WAITING and RUNNING are one state of a row (queued) and told apart
 * by its times, by the database's clock. */
#ifndef FAM_STORE_TASK_ADMIN_STORE_H
#define FAM_STORE_TASK_ADMIN_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/queue.pb-c.h"
#include "store/audit_store.h"
#include "store/idempotency_store.h"
#include "store/task_store.h"

struct fam_store;

enum {
    FAM_TASK_PAGE_MAX = 100,
    FAM_TASK_FILTER_IDS = 100,
    FAM_TASK_HISTORY_MAX = 100,
    FAM_TASK_CHANGE_MAX = 10000,
    FAM_TASK_STATS_TYPES_MAX = 200,
    FAM_TASK_WORKERS_MAX = 256
};

/* All that is given must hold. Borrowed. */
struct fam_task_filter {
    const struct fam_uuid *ids; /* up to FAM_TASK_FILTER_IDS */
    size_t id_count;            /* 0: any */
    Fam__V1__TaskState state;   /* unspecified: any */
    const char *type;           /* "": any */
    int priority;               /* 0: any */
    const char *reason;         /* a part of it; "": any */
    int64_t older_than_ms;      /* created so long ago, or longer; 0: any */
};

struct fam_task_view {
    struct fam_uuid task_id;
    char type[FAM_TASK_TYPE_SIZE];
    int priority;
    Fam__V1__TaskState state;
    struct fam_uuid user_id; /* nil: nobody's */
    char unique_key[4 * 128 + 1];
    int attempts, max_attempts, deaths;
    int64_t created_at_ms, not_before_ms;
    char waits_for[8]; /* "" unless it waits */
    char worker[4 * FAM_TASK_WORKER_MAX + 1];
    int64_t leased_until_ms; /* 0: nobody holds it */
    char reason[4 * FAM_TASK_REASON_MAX + 1];
    int64_t finished_at_ms; /* 0: it is not */
};
/* Newest first, those older than `before` (NULL: from the newest), `limit` (1 to FAM_TASK_PAGE_MAX) at most. *ret_list
 * is an array of *ret_count; free() it. *ret_more: there are older ones. */
enum fam_code fam_task_list(struct fam_store *store, const struct fam_task_filter *filter,
                            const struct fam_uuid *before, size_t limit, struct fam_task_view **ret_list,
                            size_t *ret_count, bool *ret_more, struct fam_status *status) FAM_MUST_CHECK;

struct fam_task_past {
    int64_t ended_at_ms;
    char worker[4 * FAM_TASK_WORKER_MAX + 1];
    char outcome[16];
    char reason[4 * FAM_TASK_REASON_MAX + 1];
    int64_t duration_ms;
};
/* One task with the last FAM_TASK_HISTORY_MAX of its attempts that did not end well, oldest first; free() *ret_history.
 * NOT_FOUND. */
enum fam_code fam_task_get(struct fam_store *store, const struct fam_uuid *task_id, struct fam_task_view *ret_task,
                           struct fam_task_past **ret_history, size_t *ret_count,
                           struct fam_status *status) FAM_MUST_CHECK;

/* How many tasks a change would reach: FAM_TASK_CHANGE_MAX at most. */
enum fam_task_change { FAM_TASK_RETRY, FAM_TASK_DELETE };
enum fam_code fam_task_change_count(struct fam_store *store, enum fam_task_change change,
                                    const struct fam_task_filter *filter, int64_t *ret_count,
                                    struct fam_status *status) FAM_MUST_CHECK;
/* Up to FAM_TASK_CHANGE_MAX tasks, newest first, in one transaction with a line of the audit: `audit` with the count,
 * the filter and the ids of the first 20 in its reason.
 *   RETRY   dead ones begin anew, with nothing counted; those that wait are ready. A dead one whose unique key is in
 *           use again stays dead.
 *   DELETE  those that no worker holds are deleted.
 * *ret_refs (free() it) are for fam_queue_push or fam_queue_forget; none on a replay. *ret_count is told again then. */
enum fam_code fam_task_change(struct fam_store *store, const struct fam_mutation *mutation, enum fam_task_change change,
                              const struct fam_task_filter *filter, const struct fam_audit *audit,
                              struct fam_task_ref **ret_refs, int64_t *ret_count, struct fam_outcome *ret_outcome,
                              struct fam_status *status) FAM_MUST_CHECK;
/* The count that an outcome's ids hold: for an answer rebuilt from them. False for what is none. */
bool fam_task_change_replay(const void *ids, size_t size, int64_t *ret_count);

struct fam_task_type_stats {
    char type[FAM_TASK_TYPE_SIZE];
    int64_t ready, waiting, running, dead;
    int64_t done_hour, done_minute; /* within the last hour, the last minute */
    int64_t oldest_ready_ms;        /* how long the oldest ready one has been; 0: none is */
};
struct fam_task_worker_stats {
    char name[4 * FAM_TASK_WORKER_MAX + 1];
    int64_t running;
};
struct fam_task_stats {
    size_t type_count;
    struct fam_task_type_stats types[FAM_TASK_STATS_TYPES_MAX]; /* by name */
    int64_t ready[4];                                           /* by priority, low first */
    size_t worker_count;
    struct fam_task_worker_stats workers[FAM_TASK_WORKERS_MAX]; /* by name */
};
/* Large: not for the stack. */
enum fam_code fam_task_stats(struct fam_store *store, struct fam_task_stats *ret_stats,
                             struct fam_status *status) FAM_MUST_CHECK;

#endif
