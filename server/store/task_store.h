/* task_store.h: tasks as rows: the truth about work that is to be done later.
 *
 * A task is added in the transaction of what caused it, by fam_task_add. Redis (queue/queue.h) hears of it after the
 * COMMIT and decides whose turn it is; whether an attempt counts is decided here: every claim has a token of its own,
 * and what a holder writes with a token that is not the row's any more fails with ABORTED, reason "LEASE_LOST". */
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
enum { FAM_TASK_TYPE_SIZE = 65, FAM_TASK_PAYLOAD_MAX = 4096, FAM_TASK_ATTEMPTS = 3, FAM_TASK_DEATHS = 5 };

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
    unsigned max_attempts;          /* 0: FAM_TASK_ATTEMPTS */
};
/* In the caller's transaction. *ret_ref is for fam_queue_push after COMMIT. A task of the same unique key that is
 * queued already stays as it is: *ret_added is false and *ret_ref is that task's. */
enum fam_code fam_task_add(struct fam_db *db, const struct fam_task_new *task, struct fam_task_ref *ret_ref,
                           bool *ret_added, struct fam_status *status) FAM_MUST_CHECK;

#endif
