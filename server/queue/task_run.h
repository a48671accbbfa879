/* task_run.h: one attempt at a task, as its handler sees it.
 *
 * A handler gets one to `batch` runs of its type, all of one priority, and ends each of them exactly once: by
 * fam_run_finish in the transaction of the effect (the effect and the end are written together, or neither), or by
 * fam_run_done (no effect of its own in PostgreSQL, or an idempotent one), fam_run_retry, fam_run_snooze, fam_run_bury.
 * A run that the handler leaves unended counts as failed. Handlers are idempotent: a task may be run again after its
 * worker died. A handler that runs longer than its type's time-out is told by fam_run_is_cancelled, loses its lease,
 * and its attempt counts as failed; then ending it fails with ABORTED, "LEASE_LOST", and the effect is rolled back. */
#ifndef FAM_QUEUE_TASK_RUN_H
#define FAM_QUEUE_TASK_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "store/db.h"

struct fam_run;

/* Borrowed; live as long as the run. */
const struct fam_uuid *fam_run_task_id(const struct fam_run *run);
const void *fam_run_payload(const struct fam_run *run, size_t *ret_size);
const struct fam_uuid *fam_run_user_id(const struct fam_run *run); /* NULL: nobody's */
unsigned fam_run_attempts(const struct fam_run *run);              /* that failed before this one */
/* The time is up, the worker stops, or the lease is lost: give up, or what is done counts for nothing. Any thread. */
bool fam_run_is_cancelled(const struct fam_run *run);
/* Milliseconds until the type's time-out. */
uint32_t fam_run_remaining_ms(const struct fam_run *run);

/* In the handler's transaction, which it then commits. ABORTED, "LEASE_LOST": roll back. */
enum fam_code fam_run_finish(struct fam_run *run, struct fam_db *db, struct fam_status *status) FAM_MUST_CHECK;
/* After a commit that failed with an unknown outcome, call fam_run_retry: the row knows whether the task is done. */
void fam_run_done(struct fam_run *run);
/* An attempt failed: again after 2^n minutes with jitter, or dead when it was the last. `reason` is for operators: no
 * personal text; 200 bytes at most. */
void fam_run_retry(struct fam_run *run, const char *reason);
/* Not now, for no fault of the task: costs no attempt. */
void fam_run_snooze(struct fam_run *run, uint64_t delay_ms, const char *reason);
/* It can never succeed: dead at once. */
void fam_run_bury(struct fam_run *run, const char *reason);

struct fam_task_type {
    const char *type;
    size_t batch; /* runs that it takes at once; 1 to 10 */
    uint32_t timeout_ms;
    void (*run)(void *context, struct fam_run *const *runs, size_t count);
    void *context;
};

#endif
