#include "queue/task_run.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "queue/worker_private.h"

enum { SLOW_MS = 20 }; /* a batch that takes longer does not keep what has ended until it returns */

const struct fam_uuid *fam_run_task_id(const struct fam_run *run)
{
    return &run->begun.ref.task_id;
}

const void *fam_run_payload(const struct fam_run *run, size_t *ret_size)
{
    *ret_size = run->begun.payload_size;
    return run->begun.payload;
}

const struct fam_uuid *fam_run_user_id(const struct fam_run *run)
{
    return run->begun.has_user ? &run->begun.user_id : NULL;
}

unsigned fam_run_attempts(const struct fam_run *run)
{
    return run->begun.attempts;
}

bool fam_run_is_cancelled(const struct fam_run *run)
{
    return atomic_load_explicit(&run->is_cancelled, memory_order_relaxed);
}

uint32_t fam_run_remaining_ms(const struct fam_run *run)
{
    uint64_t now_ms = fam_mono_ms();
    return now_ms < run->batch->deadline_ms ? (uint32_t)(run->batch->deadline_ms - now_ms) : 0;
}

/* Has the handler still a say? IN_TX has: its COMMIT may have failed. */
static bool is_open(const struct fam_run *run)
{
    return run->end == FAM_RUN_OPEN || run->end == FAM_RUN_IN_TX;
}

enum fam_code fam_run_finish(struct fam_run *run, struct fam_db *db, struct fam_status *status)
{
    struct fam_worker *worker = run->batch->worker;
    pthread_mutex_lock(&worker->lock);
    bool open = is_open(run);
    pthread_mutex_unlock(&worker->lock);
    if (!open) {
        return fam_fail_reason(status, FAM_ABORTED, "LEASE_LOST", 0, "the task is not this run's any more");
    }
    enum fam_code code = fam_task_complete(db, &run->begun.ref.task_id, &run->batch->token, status);
    if (code == FAM_OK) {
        pthread_mutex_lock(&worker->lock);
        if (is_open(run)) {
            run->end = FAM_RUN_IN_TX;
            run->was_in_tx = true;
        }
        pthread_mutex_unlock(&worker->lock);
    }
    return code;
}

static void end(struct fam_run *run, enum fam_run_end how, const char *reason, uint64_t delay_ms)
{
    struct fam_worker *worker = run->batch->worker;
    bool slow = fam_mono_us() - run->batch->started_us > (uint64_t)SLOW_MS * 1000;
    pthread_mutex_lock(&worker->lock);
    if (is_open(run)) {
        run->delay_ms = delay_ms;
        fam_worker_ended(run, how, reason, slow);
    }
    pthread_mutex_unlock(&worker->lock);
}

void fam_run_done(struct fam_run *run)
{
    end(run, FAM_RUN_DONE, "", 0);
}

void fam_run_retry(struct fam_run *run, const char *reason)
{
    end(run, FAM_RUN_FAILED, reason, 0);
}

void fam_run_snooze(struct fam_run *run, uint64_t delay_ms, const char *reason)
{
    end(run, FAM_RUN_SNOOZED, reason, delay_ms);
}

void fam_run_bury(struct fam_run *run, const char *reason)
{
    end(run, FAM_RUN_BURIED, reason, 0);
}
