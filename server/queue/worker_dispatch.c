/* worker_dispatch.c: claims tasks and hands them out. The thread that claims runs the first batch itself: between the
 * wake-up and the handler no other thread has to be woken. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "queue/worker_private.h"

enum { LONGEST_WAIT_MS = 5000, REFUSED_MS = 30000 };

/* ---- what waits ---- */

struct fam_batch *fam_worker_take_waiting(struct fam_worker *worker, const struct fam_uuid *token)
{
    struct fam_batch *list = worker->waiting_first;
    if (list == NULL || (token != NULL && !fam_uuid_equal(&list->token, token))) {
        return NULL; /* what waits is of one claim */
    }
    worker->waiting_first = worker->waiting_last = NULL;
    worker->waiting_runs = 0;
    return list;
}

static enum fam_code give_back_claim(struct fam_worker *worker, const struct fam_uuid *token,
                                     const struct fam_uuid *ids, size_t count, bool is_started,
                                     struct fam_status *status)
{
    return is_started ? fam_queue_return_started(worker->options.queue, token, ids, count, status)
                      : fam_queue_return(worker->options.queue, token, ids, count, status);
}

void fam_worker_give_back(struct fam_worker *worker, struct fam_batch *list)
{
    struct fam_uuid ids[FAM_TASK_CLAIM_MAX];
    struct fam_status status;
    size_t count = 0;
    if (list == NULL) {
        return;
    }
    const struct fam_uuid token = list->token;
    for (struct fam_batch *batch = list; batch != NULL; batch = batch->next_waiting) {
        for (size_t i = 0; i < batch->count; i++) {
            ids[count++] = batch->runs[i].begun.ref.task_id;
        }
    }
    enum fam_code code = fam_task_release(worker->options.store, ids, count, &token, &status);
    if (code == FAM_OK) {
        code = give_back_claim(worker, &token, ids, count, list->is_started, &status);
    }
    if (code != FAM_OK) {
        fam_log_status(worker->options.log, FAM_LOG_WARN, "worker", "tasks come back when their lease has run out",
                       &status);
    }
    pthread_mutex_lock(&worker->lock);
    while (list != NULL) {
        struct fam_batch *next = list->next_waiting;
        fam_batch_drop(list);
        list = next;
    }
    pthread_cond_signal(&worker->work);
    pthread_mutex_unlock(&worker->lock);
}

/* ---- from a claim to batches ---- */

/* A batch of the type with room, or a new one at the end; NULL: no memory. */
static struct fam_batch *batch_for(struct fam_worker *worker, struct fam_batch **list,
                                   const struct fam_queue_claim *claim, size_t type)
{
    struct fam_batch **end = list;
    for (; *end != NULL; end = &(*end)->next_waiting) {
        if ((*end)->type == type && (*end)->count < worker->options.table->types[type].batch) {
            return *end;
        }
    }
    struct fam_batch *batch = calloc(1, sizeof(*batch));
    if (batch != NULL) {
        batch->worker = worker;
        batch->type = type;
        batch->token = claim->token;
        batch->priority = claim->priority;
        batch->is_started = claim->is_started;
        batch->refs = 1;
        *end = batch;
    }
    return batch;
}

static void add_run(struct fam_batch *batch, struct fam_task_begun *begun)
{
    struct fam_run *run = &batch->runs[batch->count++];
    run->batch = batch;
    run->begun = *begun;
    atomic_init(&run->is_cancelled, false);
    begun->payload = NULL; /* is the run's now */
    batch->refs++;
}

/* Nobody here knows its type. */
static void bury(struct fam_worker *worker, const struct fam_queue_claim *claim, const struct fam_task_begun *begun)
{
    char id[FAM_UUID_TEXT_SIZE];
    struct fam_status status;
    fam_uuid_format(&begun->ref.task_id, id);
    enum fam_code code =
        fam_task_bury(worker->options.store, &begun->ref.task_id, &claim->token, "unknown type", 0, &status);
    if (code == FAM_OK) {
        fam_metrics_add(worker->options.metrics, FAM_M_QUEUE_TASKS, FAM_LABELS(begun->type, "dead"), 1);
        FAM_LOG(worker->options.log, FAM_LOG_ERROR, "worker", "task is dead", FAM_STR("type", begun->type),
                FAM_STR("task", id), FAM_STR("reason", "unknown type"));
        code = fam_queue_finish(worker->options.queue, &claim->token, &begun->ref.task_id, 1, &status);
    }
    if (code != FAM_OK) { /* comes back with its lease, and is looked at again */
        fam_log_status(worker->options.log, FAM_LOG_WARN, "worker", "a task of an unknown type could not be put away",
                       &status);
    }
}

/* Its handlers are stuck here: another process may run it, or this one later. */
static void put_off(struct fam_worker *worker, const struct fam_queue_claim *claim, const struct fam_task_begun *begun)
{
    static const char reason[] = "handlers of its type are stuck";
    const struct fam_task_times times = fam_queue_times(worker->options.queue);
    struct fam_task_end end;
    struct fam_status status;
    enum fam_code code = fam_task_snooze(worker->options.store, &times, &begun->ref.task_id, &claim->token, REFUSED_MS,
                                         reason, &end, &status);
    if (code == FAM_OK) {
        fam_metrics_add(worker->options.metrics, FAM_M_QUEUE_TASKS, FAM_LABELS(begun->type, "snoozed"), 1);
        code = fam_queue_delay(worker->options.queue, &claim->token, &end.ref, 1, &status);
    }
    if (code != FAM_OK) {
        fam_log_status(worker->options.log, FAM_LOG_WARN, "worker", "a task could not be put off", &status);
    }
}

static bool is_refused(struct fam_worker *worker, size_t type)
{
    pthread_mutex_lock(&worker->lock);
    bool refused = worker->stuck >= worker->options.threads * FAM_WORKER_STUCK_PER_THREAD && worker->stuck_of[type] > 0;
    pthread_mutex_unlock(&worker->lock);
    return refused;
}

/* What may be run, as batches. False when memory was short: the rest is left to its lease. */
static bool make_batches(struct fam_worker *worker, const struct fam_queue_claim *claim, struct fam_task_begun *begun,
                         struct fam_batch **ret_list)
{
    bool good = true;
    *ret_list = NULL;
    for (size_t i = 0; i < claim->count; i++) {
        if (begun[i].verdict != FAM_TASK_GO) {
            continue;
        }
        size_t type = fam_task_table_find(worker->options.table, begun[i].type);
        if (type == SIZE_MAX) {
            bury(worker, claim, &begun[i]);
        } else if (is_refused(worker, type)) {
            put_off(worker, claim, &begun[i]);
        } else {
            struct fam_batch *batch = batch_for(worker, ret_list, claim, type);
            good = batch != NULL && good;
            if (batch != NULL) {
                add_run(batch, &begun[i]);
            }
        }
    }
    return good;
}

static void hand_out(struct fam_worker *worker, struct fam_batch *list)
{
    pthread_mutex_lock(&worker->lock);
    worker->waiting_first = list;
    worker->waiting_since_ms = fam_mono_ms();
    for (struct fam_batch *batch = list; batch != NULL; batch = batch->next_waiting) {
        batch->previous = NULL;
        batch->next = worker->all;
        if (worker->all != NULL) {
            worker->all->previous = batch;
        }
        worker->all = batch;
        worker->waiting_runs += batch->count;
        worker->waiting_last = batch;
        if (batch != list) { /* the first one is for the thread that claimed it */
            pthread_cond_signal(&worker->work);
        }
    }
    uint64_t due_ms = worker->waiting_since_ms + worker->options.hold_ms;
    if (list != NULL && (worker->is_draining || worker->keep_at_ms == 0 || due_ms < worker->keep_at_ms)) {
        pthread_cond_signal(&worker->keep);
    }
    pthread_mutex_unlock(&worker->lock);
}

/* False: PostgreSQL is away. */
static bool begin_claim(struct fam_worker *worker, const struct fam_queue_claim *claim)
{
    const struct fam_task_times times = fam_queue_times(worker->options.queue);
    struct fam_task_begun begun[FAM_TASK_CLAIM_MAX];
    struct fam_batch *list = NULL;
    struct fam_status status, ignored;
    memset(begun, 0, sizeof(begun));
    enum fam_code code = fam_task_begin(worker->options.store, &times, claim->ids, claim->count, &claim->token,
                                        worker->name, worker->options.lease_ms, begun, &status);
    if (code != FAM_OK) {
        /* Redis may be away by now as well: then they come back with their lease. */
        (void)!give_back_claim(worker, &claim->token, claim->ids, claim->count, claim->is_started, &ignored);
        return false;
    }
    for (size_t i = 0; i < claim->count; i++) {
        if (begun[i].verdict != FAM_TASK_GO) {
            if (fam_queue_settle(worker->options.queue, &claim->token, begun, claim->count, &status) != FAM_OK) {
                fam_log_status(worker->options.log, FAM_LOG_WARN, "worker", "refused tasks wait for their lease",
                               &status);
            }
            break;
        }
    }
    if (!make_batches(worker, claim, begun, &list)) {
        FAM_LOG0(worker->options.log, FAM_LOG_ERROR, "worker", "not enough memory for a claim");
    }
    hand_out(worker, list);
    for (size_t i = 0; i < claim->count; i++) {
        fam_task_begun_done(&begun[i]);
    }
    return true;
}

/* ---- looking for work ---- */

static void set_away(struct fam_worker *worker, bool is_away)
{
    pthread_mutex_lock(&worker->lock);
    worker->is_away = is_away;
    pthread_mutex_unlock(&worker->lock);
}

/* Nothing is there: waits for it, with a claim that comes with the wake-up. */
static enum fam_code await_claim(struct fam_worker *worker, size_t idle, struct fam_queue_claim *claim,
                                 struct fam_status *status)
{
    uint32_t wait_ms = claim->next_ms < LONGEST_WAIT_MS ? claim->next_ms : LONGEST_WAIT_MS;
    set_away(worker, false);
    worker->pause_ms = 0;
    return fam_queue_wait_claim(worker->options.queue, worker->name, FAM_TASK_CLAIM_MAX, idle, worker->options.lease_ms,
                                wait_ms > 0 ? wait_ms : 1, claim, status);
}

void fam_worker_look(struct fam_worker *worker, size_t idle)
{
    struct fam_queue_claim claim = {.count = 0};
    struct fam_status status;
    bool good = fam_queue_claim_for(worker->options.queue, worker->name, FAM_TASK_CLAIM_MAX, idle,
                                    worker->options.lease_ms, &claim, &status) == FAM_OK;
    if (good && claim.count == 0) {
        good = await_claim(worker, idle, &claim, &status) == FAM_OK;
        if (good && claim.count == 0) {
            return;
        }
    }
    good = good && begin_claim(worker, &claim);
    set_away(worker, !good);
    if (good) {
        worker->pause_ms = 0;
        return;
    }
    uint32_t pause_ms = worker->pause_ms == 0 ? FAM_WORKER_PAUSE_MIN_MS : worker->pause_ms * 2;
    worker->pause_ms = pause_ms < FAM_WORKER_PAUSE_MAX_MS ? pause_ms : FAM_WORKER_PAUSE_MAX_MS;
    fam_worker_pause(worker, worker->pause_ms);
}
