/* worker_write.c: how runs ended, written down: PostgreSQL first, then Redis. What PostgreSQL does not take now is kept
 * and tried again; what Redis does not hear the sweep tells it. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "queue/worker_private.h"

enum { TRIES_MAX = 20 };

/* How writing a run down went. */
enum written { WRITTEN, WRITTEN_DEAD, WRITTEN_LOST, NOT_WRITTEN };

struct sheet {
    struct fam_worker *worker;
    size_t count;
    struct fam_run *runs[FAM_WORKER_WRITE_MAX];
    enum written written[FAM_WORKER_WRITE_MAX];
    bool is_seen[FAM_WORKER_WRITE_MAX];
    bool is_away; /* PostgreSQL did not answer */
};

void fam_worker_ended(struct fam_run *run, enum fam_run_end end, const char *reason, bool now)
{
    struct fam_worker *worker = run->batch->worker;
    run->end = end;
    run->duration_ms = (fam_mono_us() - run->batch->started_us) / 1000;
    (void)snprintf(run->reason, sizeof(run->reason), "%s", reason);
    run->next_ended = NULL;
    if (worker->ended_last != NULL) {
        worker->ended_last->next_ended = run;
    } else {
        worker->ended_first = run;
    }
    worker->ended_last = run;
    worker->unwritten++;
    if (now) {
        worker->write_now = true;
        pthread_cond_signal(&worker->ended);
    }
}

/* ---- several at once ---- */

static bool is_lost(const struct fam_status *status)
{
    return status->code == FAM_ABORTED && strcmp(status->reason, "LEASE_LOST") == 0;
}

/* The attempt to write failed: lost, or to be tried again. */
static enum written failed(struct sheet *sheet, struct fam_run *run, const struct fam_status *status)
{
    if (is_lost(status)) {
        return WRITTEN_LOST;
    }
    if (status->code == FAM_UNAVAILABLE) {
        sheet->is_away = true;
        return NOT_WRITTEN;
    }
    if (++run->tries < TRIES_MAX) {
        return NOT_WRITTEN;
    }
    fam_log_status(sheet->worker->options.log, FAM_LOG_ERROR, "worker", "how a run ended can't be written down",
                   status);
    return WRITTEN_LOST;
}

/* All done and finished ones of the claim that run `first` is of. */
static void complete(struct sheet *sheet, size_t first)
{
    struct fam_worker *worker = sheet->worker;
    const struct fam_uuid token = sheet->runs[first]->batch->token;
    struct fam_uuid ids[FAM_TASK_CLAIM_MAX], over[FAM_TASK_CLAIM_MAX];
    size_t at[FAM_TASK_CLAIM_MAX] = {0}, count = 0, over_count = 0;
    bool done[FAM_TASK_CLAIM_MAX] = {false};
    struct fam_status status = {.code = FAM_OK};
    for (size_t i = first; i < sheet->count; i++) {
        struct fam_run *run = sheet->runs[i];
        if (sheet->is_seen[i] || !fam_uuid_equal(&run->batch->token, &token)) {
            continue;
        }
        if (run->end == FAM_RUN_DONE) {
            sheet->is_seen[i] = true;
            at[count] = i;
            ids[count++] = run->begun.ref.task_id;
        } else if (run->end == FAM_RUN_FINISHED) {
            sheet->is_seen[i] = true;
            sheet->written[i] = WRITTEN;
            over[over_count++] = run->begun.ref.task_id;
        }
    }
    enum fam_code code =
        count == 0 ? FAM_OK : fam_task_complete_all(worker->options.store, ids, count, &token, done, &status);
    for (size_t i = 0; i < count; i++) {
        struct fam_run *run = sheet->runs[at[i]];
        if (code != FAM_OK) {
            sheet->written[at[i]] = failed(sheet, run, &status);
        } else {
            sheet->written[at[i]] = done[i] ? WRITTEN : WRITTEN_LOST;
        }
        /* After a COMMIT of unknown outcome the row may be done by this very run. */
        if (sheet->written[at[i]] == WRITTEN || (sheet->written[at[i]] == WRITTEN_LOST && run->was_in_tx)) {
            over[over_count++] = ids[i];
        }
    }
    if (over_count > 0) {
        (void)!fam_queue_finish(worker->options.queue, &token, over, over_count, &status);
    }
}

/* ---- one by one ---- */

static enum fam_code write_row(struct fam_worker *worker, struct fam_run *run, struct fam_task_end *ret_end,
                               struct fam_status *status)
{
    const struct fam_task_times times = fam_queue_times(worker->options.queue);
    const struct fam_uuid *id = &run->begun.ref.task_id, *token = &run->batch->token;
    *ret_end = (struct fam_task_end){.ref = {.task_id = *id, .priority = run->begun.ref.priority}};
    switch (run->end) {
    case FAM_RUN_SNOOZED:
        return fam_task_snooze(worker->options.store, &times, id, token, run->delay_ms, run->reason, ret_end, status);
    case FAM_RUN_BURIED:
        ret_end->is_dead = true;
        return fam_task_bury(worker->options.store, id, token, run->reason, run->duration_ms, status);
    case FAM_RUN_GIVEN_BACK:
        return fam_task_release(worker->options.store, id, 1, token, status);
    default:
        return fam_task_fail(worker->options.store, &times, id, token, run->end == FAM_RUN_TIMED_OUT, run->reason,
                             run->duration_ms, ret_end, status);
    }
}

static enum written write_one(struct sheet *sheet, struct fam_run *run)
{
    struct fam_worker *worker = sheet->worker;
    const struct fam_uuid *token = &run->batch->token;
    struct fam_task_end end;
    struct fam_status status = {.code = FAM_OK}, ignored;
    if (write_row(worker, run, &end, &status) != FAM_OK) {
        enum written written = failed(sheet, run, &status);
        if (written == WRITTEN_LOST && run->was_in_tx) {
            (void)!fam_queue_finish(worker->options.queue, token, &run->begun.ref.task_id, 1, &ignored);
        }
        return written;
    }
    if (end.is_dead) {
        (void)!fam_queue_finish(worker->options.queue, token, &end.ref.task_id, 1, &ignored);
        return WRITTEN_DEAD;
    }
    (void)!fam_queue_delay(worker->options.queue, token, &end.ref, 1, &ignored);
    return WRITTEN;
}

static void write_sheet(struct sheet *sheet)
{
    for (size_t i = 0; i < sheet->count; i++) {
        struct fam_run *run = sheet->runs[i];
        if (sheet->is_seen[i]) {
            continue;
        }
        if (run->end == FAM_RUN_DONE || run->end == FAM_RUN_FINISHED) {
            complete(sheet, i);
        } else {
            sheet->written[i] = write_one(sheet, run);
        }
    }
}

/* ---- telling ---- */

static const char *result_of(const struct fam_run *run)
{
    switch (run->end) {
    case FAM_RUN_DONE:
    case FAM_RUN_FINISHED:
        return "done";
    case FAM_RUN_TIMED_OUT:
        return "timed_out";
    case FAM_RUN_SNOOZED:
        return "snoozed";
    case FAM_RUN_BURIED:
        return "dead";
    default:
        return "failed";
    }
}

static void tell(struct fam_worker *worker, const struct fam_run *run, enum written written)
{
    const char *type = fam_batch_type(run->batch)->type, *result = result_of(run);
    bool is_dead = written == WRITTEN_DEAD, is_good = strcmp(result, "done") == 0;
    char id[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&run->begun.ref.task_id, id);
    if (written == WRITTEN_LOST) {
        /* A run that failed after it was completed in a transaction of its own is done, or another's. */
        enum fam_log_level level = run->was_in_tx ? FAM_LOG_DEBUG : FAM_LOG_WARN;
        FAM_LOG(worker->options.log, level, "worker", "lease was lost: the run counts for nothing",
                FAM_STR("type", type), FAM_STR("task", id), FAM_STR("outcome", result));
        return;
    }
    if (run->end == FAM_RUN_GIVEN_BACK) {
        FAM_LOG(worker->options.log, FAM_LOG_WARN, "worker", "task was given back", FAM_STR("type", type),
                FAM_STR("task", id), FAM_STR("reason", run->reason));
        return;
    }
    fam_metrics_add(worker->options.metrics, FAM_M_QUEUE_TASKS, FAM_LABELS(type, result), 1);
    if (is_dead && run->end != FAM_RUN_BURIED) {
        fam_metrics_add(worker->options.metrics, FAM_M_QUEUE_TASKS, FAM_LABELS(type, "dead"), 1);
    }
    if (is_good) {
        FAM_LOG(worker->options.log, FAM_LOG_DEBUG, "worker", "task is done", FAM_STR("type", type),
                FAM_STR("task", id), FAM_U64("ms", run->duration_ms));
        return;
    }
    enum fam_log_level level = is_dead ? FAM_LOG_ERROR : run->end == FAM_RUN_SNOOZED ? FAM_LOG_INFO : FAM_LOG_WARN;
    FAM_LOG(worker->options.log, level, "worker", is_dead ? "task is dead" : "task did not end well",
            FAM_STR("type", type), FAM_STR("task", id), FAM_STR("outcome", result), FAM_STR("reason", run->reason),
            FAM_U64("failures", run->begun.attempts + (run->end == FAM_RUN_SNOOZED ? 0 : 1)),
            FAM_U64("ms", run->duration_ms));
}

/* ---- the thread ---- */

/* With the lock held. */
static void fill_sheet(struct fam_worker *worker, struct sheet *sheet)
{
    memset(sheet, 0, sizeof(*sheet));
    sheet->worker = worker;
    while (worker->ended_first != NULL && sheet->count < FAM_WORKER_WRITE_MAX) {
        struct fam_run *run = worker->ended_first;
        worker->ended_first = run->next_ended;
        sheet->runs[sheet->count++] = run;
    }
    if (worker->ended_first == NULL) {
        worker->ended_last = NULL;
        worker->write_now = false;
    }
}

/* With the lock held. */
static void settle_sheet(struct fam_worker *worker, struct sheet *sheet)
{
    for (size_t i = 0; i < sheet->count; i++) {
        struct fam_run *run = sheet->runs[i];
        worker->unwritten--;
        if (sheet->written[i] == NOT_WRITTEN) {
            char reason[FAM_TASK_REASON_MAX + 1];
            uint64_t duration_ms = run->duration_ms;
            (void)snprintf(reason, sizeof(reason), "%s", run->reason);
            fam_worker_ended(run, run->end, reason, true);
            run->duration_ms = duration_ms;
        } else {
            fam_run_settle(run);
        }
    }
    if (worker->unwritten < FAM_WORKER_UNWRITTEN_MAX && worker->idle > 0 && !worker->is_looking) {
        pthread_cond_signal(&worker->work);
    }
    pthread_cond_signal(&worker->quiet);
}

void *fam_worker_write(void *argument)
{
    struct fam_worker *worker = argument;
    struct sheet sheet;
    uint32_t pause_ms = FAM_WORKER_PAUSE_MIN_MS;
    pthread_mutex_lock(&worker->lock);
    while (!worker->is_stopping) {
        if (worker->ended_first == NULL || !worker->write_now) {
            fam_worker_wait(worker, &worker->ended, 0);
            continue;
        }
        fill_sheet(worker, &sheet);
        pthread_mutex_unlock(&worker->lock);
        write_sheet(&sheet);
        bool again = false;
        for (size_t i = 0; i < sheet.count; i++) {
            again = again || sheet.written[i] == NOT_WRITTEN;
            if (sheet.written[i] != NOT_WRITTEN) {
                tell(worker, sheet.runs[i], sheet.written[i]);
            }
        }
        pthread_mutex_lock(&worker->lock);
        settle_sheet(worker, &sheet);
        worker->is_away = worker->is_away || sheet.is_away;
        uint64_t until_ms = fam_mono_ms() + pause_ms;
        while (again && !worker->is_stopping && fam_mono_ms() < until_ms) {
            fam_worker_wait(worker, &worker->ended, until_ms);
        }
        pause_ms = !again ? FAM_WORKER_PAUSE_MIN_MS : pause_ms < FAM_WORKER_PAUSE_MAX_MS / 2 ? pause_ms * 2 : pause_ms;
    }
    pthread_mutex_unlock(&worker->lock);
    return NULL;
}
