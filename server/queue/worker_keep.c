/* worker_keep.c: what happens by the clock: leases, time-outs, stuck handlers, claims that waited for too long. */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "queue/roll.h"
#include "queue/worker_private.h"

enum { ANNOUNCE_AGAIN_MS = 1000 };

static void sooner(uint64_t *at_ms, uint64_t other_ms)
{
    if (*at_ms == 0 || other_ms < *at_ms) {
        *at_ms = other_ms;
    }
}

/* ---- leases ---- */

struct beat {
    struct fam_batch *batch;
    size_t count;
    struct fam_uuid ids[FAM_TASK_CLAIM_MAX];
    bool held[FAM_TASK_CLAIM_MAX];
};

/* With the lock held: a batch that this round has not seen, held fast. */
static bool next_beat(struct fam_worker *worker, uint64_t round, struct beat *ret_beat)
{
    for (struct fam_batch *batch = worker->all; batch != NULL; batch = batch->next) {
        if (batch->beat == round || batch->is_over) {
            continue;
        }
        batch->beat = round;
        batch->refs++;
        ret_beat->batch = batch;
        ret_beat->count = 0;
        for (size_t i = 0; i < batch->count; i++) {
            if (!batch->runs[i].is_settled) {
                ret_beat->ids[ret_beat->count++] = batch->runs[i].begun.ref.task_id;
            }
        }
        return true;
    }
    return false;
}

/* Without the lock. */
static bool extend(struct fam_worker *worker, struct beat *beat)
{
    const struct fam_task_times times = fam_queue_times(worker->options.queue);
    const struct fam_uuid *token = &beat->batch->token;
    struct fam_status status;
    if (beat->count == 0) {
        return false;
    }
    bool known = fam_task_extend(worker->options.store, &times, beat->ids, beat->count, token, worker->options.lease_ms,
                                 beat->held, &status) == FAM_OK;
    (void)!fam_queue_extend(worker->options.queue, token, beat->ids, beat->count, worker->options.lease_ms, NULL,
                            &status);
    return known;
}

/* With the lock held: what is another's by now is given up. */
static void give_up_lost(struct fam_worker *worker, const struct beat *beat)
{
    for (size_t i = 0; i < beat->batch->count; i++) {
        struct fam_run *run = &beat->batch->runs[i];
        bool lost = false;
        for (size_t j = 0; j < beat->count && run->end == FAM_RUN_OPEN; j++) {
            lost = lost || (!beat->held[j] && fam_uuid_equal(&beat->ids[j], &run->begun.ref.task_id));
        }
        if (lost && !atomic_exchange(&run->is_cancelled, true)) {
            char id[FAM_UUID_TEXT_SIZE];
            fam_uuid_format(&run->begun.ref.task_id, id);
            FAM_LOG(worker->options.log, FAM_LOG_WARN, "worker", "lease was lost: the handler is told to give up",
                    FAM_STR("type", fam_batch_type(beat->batch)->type), FAM_STR("task", id));
        }
    }
}

/* With the lock held, released meanwhile. */
static void extend_all(struct fam_worker *worker, uint64_t round)
{
    struct beat beat = {.batch = NULL};
    while (!worker->is_stopping && next_beat(worker, round, &beat)) {
        pthread_mutex_unlock(&worker->lock);
        bool known = extend(worker, &beat);
        pthread_mutex_lock(&worker->lock);
        if (known) {
            give_up_lost(worker, &beat);
        }
        fam_batch_unref(beat.batch);
    }
}

/* ---- time-outs; all with the lock held ---- */

static void time_out(struct fam_batch *batch)
{
    char reason[64];
    (void)snprintf(reason, sizeof(reason), "took longer than %u ms", fam_batch_type(batch)->timeout_ms);
    batch->is_over = true;
    for (size_t i = 0; i < batch->count; i++) {
        atomic_store(&batch->runs[i].is_cancelled, true);
        /* One that is completed in a transaction is left alone: its COMMIT decides. */
        if (batch->runs[i].end == FAM_RUN_OPEN) {
            fam_worker_ended(&batch->runs[i], FAM_RUN_TIMED_OUT, reason, true);
        }
    }
}

static void mark_stuck(struct fam_worker *worker, struct fam_batch *batch)
{
    const char *type = fam_batch_type(batch)->type;
    struct fam_status status;
    batch->is_stuck = true;
    worker->stuck++;
    worker->stuck_of[batch->type]++;
    worker->live--;
    fam_metrics_set(worker->options.metrics, FAM_M_QUEUE_STUCK, NULL, (double)worker->stuck);
    FAM_LOG(worker->options.log, FAM_LOG_WARN, "worker", "a handler goes on after its time was up",
            FAM_STR("type", type), FAM_U64("stuck", worker->stuck));
    if (fam_worker_add_thread(worker, &status) != FAM_OK) {
        fam_log_status(worker->options.log, FAM_LOG_ERROR, "worker", "a stuck handler's place stays empty", &status);
    }
    if (worker->stuck >= worker->options.threads * FAM_WORKER_STUCK_PER_THREAD && !worker->has_complained) {
        worker->has_complained = true;
        FAM_LOG(worker->options.log, FAM_LOG_ERROR, "worker",
                "too many handlers are stuck: their types are not run here any more", FAM_STR("type", type),
                FAM_U64("stuck", worker->stuck));
    }
}

/* When the next of them is due; 0: nothing runs. */
static uint64_t check_times(struct fam_worker *worker, uint64_t now_ms)
{
    uint64_t next_ms = 0;
    for (struct fam_batch *batch = worker->all; batch != NULL; batch = batch->next) {
        if (!batch->is_running || batch->is_stuck) {
            continue;
        }
        uint64_t stuck_ms = batch->deadline_ms + worker->options.stuck_after_ms;
        if (batch->is_over && stuck_ms <= now_ms) {
            mark_stuck(worker, batch);
        } else if (!batch->is_over && batch->deadline_ms <= now_ms) {
            time_out(batch);
            sooner(&next_ms, stuck_ms);
        } else {
            sooner(&next_ms, batch->is_over ? stuck_ms : batch->deadline_ms);
        }
    }
    return next_ms;
}

/* ---- the thread ---- */

/* With the lock held, released when something goes back. True: look again. */
static bool return_what_waits(struct fam_worker *worker, uint64_t now_ms, uint64_t *next_ms)
{
    if (worker->waiting_first == NULL) {
        return false;
    }
    uint64_t due_ms = worker->waiting_since_ms + worker->options.hold_ms;
    if (due_ms > now_ms && !worker->is_draining) {
        sooner(next_ms, due_ms);
        return false;
    }
    struct fam_batch *list = fam_worker_take_waiting(worker, NULL);
    pthread_mutex_unlock(&worker->lock);
    fam_worker_give_back(worker, list);
    pthread_mutex_lock(&worker->lock);
    return true;
}

/* Without the lock. False: Redis is away. */
static bool announce(const struct fam_worker *worker, bool is_stopping)
{
    const struct fam_task_table *table = worker->options.table;
    struct fam_roll_entry entry = {.threads = (uint32_t)worker->options.threads,
                                   .started_ms = worker->started_ms,
                                   .is_stopping = is_stopping,
                                   .type_count = table->count};
    struct fam_status ignored;
    (void)snprintf(entry.name, sizeof(entry.name), "%s", worker->name);
    (void)snprintf(entry.role, sizeof(entry.role), "%s", worker->options.role ? worker->options.role : "worker");
    (void)snprintf(entry.version, sizeof(entry.version), "%s", FAM_VERSION);
    for (size_t i = 0; i < table->count; i++) {
        (void)snprintf(entry.types[i], sizeof(entry.types[i]), "%s", table->types[i].type);
    }
    return fam_roll_announce(worker->options.queue, &entry, &ignored) == FAM_OK;
}

/* With the lock held, released when it announces. True: look again. */
static bool announce_when_due(struct fam_worker *worker, uint64_t now_ms, uint64_t *announce_ms, bool *told_stop)
{
    bool is_stopping = worker->is_draining;
    if (now_ms < *announce_ms && is_stopping == *told_stop) {
        return false;
    }
    *told_stop = is_stopping;
    pthread_mutex_unlock(&worker->lock);
    bool told = announce(worker, is_stopping);
    pthread_mutex_lock(&worker->lock);
    *announce_ms = now_ms + (told ? FAM_ROLL_EACH_MS : ANNOUNCE_AGAIN_MS);
    return true;
}

/* It looks by itself this often, so that nobody has to wake it for a task that is over soon: who picks up a task on an
 * idle machine has no processor to spare for that. */
static uint64_t look_each_ms(const struct fam_worker *worker)
{
    uint64_t lease_share = worker->options.lease_ms / 6;
    return worker->options.hold_ms < lease_share ? worker->options.hold_ms : lease_share;
}

void *fam_worker_keep(void *argument)
{
    struct fam_worker *worker = argument;
    uint64_t beat_ms = 0, round = 0, announce_ms = 0;
    bool told_stop = false;
    pthread_mutex_lock(&worker->lock);
    while (!worker->is_stopping) {
        uint64_t now_ms = fam_mono_ms(), next_ms = check_times(worker, now_ms);
        if (return_what_waits(worker, now_ms, &next_ms) ||
            announce_when_due(worker, now_ms, &announce_ms, &told_stop)) {
            continue;
        }
        if (worker->all == NULL) {
            beat_ms = 0;
        } else if (beat_ms == 0) {
            beat_ms = now_ms + worker->options.lease_ms / 3;
        } else if (beat_ms <= now_ms) {
            beat_ms = now_ms + worker->options.lease_ms / 3;
            extend_all(worker, ++round);
            continue;
        }
        if (beat_ms != 0) {
            sooner(&next_ms, beat_ms);
        }
        sooner(&next_ms, now_ms + look_each_ms(worker));
        worker->keep_at_ms = next_ms;
        fam_worker_wait(worker, &worker->keep, next_ms);
    }
    pthread_mutex_unlock(&worker->lock);
    return NULL;
}
