/* worker_execute.c: the threads that run handlers. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "queue/worker_private.h"

/* ---- starting ---- */

enum start { START_RUN, START_NOTHING /* the batch is gone */ };

/* Runs that the claim does not hold any more leave the batch. The row may be ours all the same (Redis was wiped):
 * freed, so that the sweep finds a free one. Without the lock; the batch is still ours alone. */
static void drop_lost(struct fam_batch *batch, const bool *lost)
{
    struct fam_worker *worker = batch->worker;
    struct fam_uuid ids[FAM_TASK_CLAIM_MAX];
    struct fam_status status;
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < batch->count; i++) {
        if (lost[i]) {
            ids[count++] = batch->runs[i].begun.ref.task_id;
        }
    }
    if (count > 0 && fam_task_release(worker->options.store, ids, count, &batch->token, &status) != FAM_OK) {
        fam_log_status(worker->options.log, FAM_LOG_WARN, "worker", "lost tasks keep their lease until it ends",
                       &status);
    }
    pthread_mutex_lock(&worker->lock);
    for (size_t i = 0; i < batch->count; i++) {
        if (lost[i]) {
            fam_task_begun_done(&batch->runs[i].begun);
            batch->refs--;
        } else {
            batch->runs[kept].begun = batch->runs[i].begun;
            kept++;
        }
    }
    batch->count = kept;
    pthread_mutex_unlock(&worker->lock);
}

/* Not now: this one and what waits of its claim go back. */
static enum start refuse(struct fam_batch *batch, uint32_t pause_ms)
{
    struct fam_worker *worker = batch->worker;
    pthread_mutex_lock(&worker->lock);
    batch->next_waiting = fam_worker_take_waiting(worker, &batch->token);
    pthread_mutex_unlock(&worker->lock);
    fam_worker_give_back(worker, batch);
    if (pause_ms > 0) {
        fam_worker_pause(worker, pause_ms);
    }
    return START_NOTHING;
}

static enum start start_batch(struct fam_batch *batch)
{
    struct fam_worker *worker = batch->worker;
    while (batch->count > 0 && !batch->is_started) {
        struct fam_uuid ids[FAM_TASK_CLAIM_MAX];
        bool lost[FAM_TASK_CLAIM_MAX] = {false};
        enum fam_queue_turn turn = FAM_QUEUE_TURN_LOST;
        struct fam_status status;
        for (size_t i = 0; i < batch->count; i++) {
            ids[i] = batch->runs[i].begun.ref.task_id;
        }
        if (fam_queue_start(worker->options.queue, &batch->token, ids, batch->count, &turn, lost, &status) != FAM_OK) {
            return refuse(batch, FAM_WORKER_PAUSE_MIN_MS);
        }
        if (turn == FAM_QUEUE_TURN_YOURS) {
            return START_RUN;
        }
        if (turn == FAM_QUEUE_TURN_HIGHER) {
            return refuse(batch, 0);
        }
        drop_lost(batch, lost);
    }
    if (batch->is_started) {
        return START_RUN;
    }
    pthread_mutex_lock(&worker->lock);
    fam_batch_unref(batch);
    pthread_mutex_unlock(&worker->lock);
    return START_NOTHING;
}

/* ---- running ---- */

/* With the lock held. False: the worker stops, nothing is begun any more. */
static bool begin(struct fam_batch *batch)
{
    struct fam_worker *worker = batch->worker;
    batch->started_us = fam_mono_us();
    batch->deadline_ms = fam_mono_ms() + fam_batch_type(batch)->timeout_ms;
    batch->is_running = true;
    if (worker->is_draining) {
        for (size_t i = 0; i < batch->count; i++) {
            fam_worker_ended(&batch->runs[i], FAM_RUN_GIVEN_BACK, "the worker stopped", true);
        }
        return false;
    }
    if (worker->keep_at_ms == 0 || batch->deadline_ms < worker->keep_at_ms) {
        pthread_cond_signal(&worker->keep);
    }
    return true;
}

/* With the lock held. */
static void end_runs(struct fam_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct fam_run *run = &batch->runs[i];
        if (run->end == FAM_RUN_OPEN) {
            fam_worker_ended(run, FAM_RUN_UNENDED, "the handler did not say how it ended", true);
        } else if (run->end == FAM_RUN_IN_TX) {
            fam_worker_ended(run, FAM_RUN_FINISHED, "", true);
        }
    }
    batch->worker->write_now = true;
    pthread_cond_signal(&batch->worker->ended);
}

/* With the lock held. True: another thread has taken this one's place. */
static bool leave(struct fam_batch *batch)
{
    struct fam_worker *worker = batch->worker;
    bool was_stuck = batch->is_stuck;
    batch->is_running = false;
    worker->running--;
    if (was_stuck) {
        worker->stuck--;
        worker->stuck_of[batch->type]--;
        fam_metrics_set(worker->options.metrics, FAM_M_QUEUE_STUCK, NULL, (double)worker->stuck);
        FAM_LOG(worker->options.log, FAM_LOG_INFO, "worker", "a stuck handler has returned",
                FAM_STR("type", fam_batch_type(batch)->type));
        if (worker->stuck == 0) {
            worker->has_complained = false;
        }
    }
    fam_batch_unref(batch);
    pthread_cond_signal(&worker->quiet);
    bool has_successor = was_stuck && worker->live >= worker->options.threads;
    worker->live += was_stuck && !has_successor ? 1 : 0;
    return has_successor;
}

/* With the lock held at both ends. True: the thread is one too many. */
static bool run_batch(struct fam_batch *batch)
{
    struct fam_worker *worker = batch->worker;
    const struct fam_task_type *type = fam_batch_type(batch);
    if (begin(batch)) {
        struct fam_run *runs[FAM_TASK_CLAIM_MAX];
        for (size_t i = 0; i < batch->count; i++) {
            runs[i] = &batch->runs[i];
        }
        pthread_mutex_unlock(&worker->lock);
        type->run(type->context, runs, batch->count);
        fam_metrics_observe(worker->options.metrics, FAM_M_QUEUE_SECONDS, FAM_LABELS(type->type),
                            (double)(fam_mono_us() - batch->started_us) / 1e6);
        pthread_mutex_lock(&worker->lock);
        end_runs(batch);
    }
    return leave(batch);
}

/* With the lock held. */
static struct fam_batch *take_next(struct fam_worker *worker)
{
    struct fam_batch *batch = worker->waiting_first;
    worker->waiting_first = batch->next_waiting;
    if (worker->waiting_first == NULL) {
        worker->waiting_last = NULL;
        if (worker->idle > 0) { /* who is idle looks for more */
            pthread_cond_signal(&worker->work);
        }
    }
    batch->next_waiting = NULL;
    worker->waiting_runs -= batch->count;
    worker->running++;
    return batch;
}

/* With the lock held, released meanwhile. */
static void look_for_work(struct fam_worker *worker)
{
    size_t idle = worker->idle + 1;
    worker->is_looking = true;
    pthread_mutex_unlock(&worker->lock);
    fam_worker_look(worker, idle);
    pthread_mutex_lock(&worker->lock);
    worker->is_looking = false;
    if (worker->is_draining) {
        pthread_cond_signal(&worker->quiet);
    }
}

/* With the lock held. */
static void wait_for_work(struct fam_worker *worker)
{
    worker->idle++;
    fam_worker_wait(worker, &worker->work, 0);
    worker->idle--;
}

void *fam_worker_execute(void *argument)
{
    struct fam_worker_slot *slot = argument;
    struct fam_worker *worker = slot->worker;
    bool is_surplus = false;
    pthread_mutex_lock(&worker->lock);
    while (!is_surplus && !worker->is_stopping) {
        if (worker->waiting_first == NULL || worker->is_draining) {
            if (worker->is_draining || worker->is_looking || worker->unwritten >= FAM_WORKER_UNWRITTEN_MAX) {
                wait_for_work(worker);
            } else {
                look_for_work(worker);
            }
            continue;
        }
        struct fam_batch *batch = take_next(worker);
        pthread_mutex_unlock(&worker->lock);
        enum start start = start_batch(batch);
        pthread_mutex_lock(&worker->lock);
        if (start == START_RUN) {
            is_surplus = run_batch(batch);
        } else {
            worker->running--;
            pthread_cond_signal(&worker->quiet);
        }
    }
    if (!is_surplus) {
        worker->live--;
    }
    slot->state = FAM_SLOT_ENDED;
    pthread_mutex_unlock(&worker->lock);
    return NULL;
}

enum fam_code fam_worker_add_thread(struct fam_worker *worker, struct fam_status *status)
{
    for (size_t i = 0; i < worker->slot_count; i++) {
        struct fam_worker_slot *slot = &worker->slots[i];
        if (slot->state == FAM_SLOT_USED) {
            continue;
        }
        if (slot->state == FAM_SLOT_ENDED) { /* it holds no lock any more but may not have left it yet */
            (void)pthread_join(slot->thread, NULL);
            slot->state = FAM_SLOT_FREE;
        }
        slot->state = FAM_SLOT_USED;
        if (pthread_create(&slot->thread, NULL, fam_worker_execute, slot) == 0) {
            worker->live++;
            return FAM_OK;
        }
        slot->state = FAM_SLOT_FREE;
        break;
    }
    return fam_fail(status, FAM_RESOURCE_EXHAUSTED, "can't start a thread for tasks");
}
