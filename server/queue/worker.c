/* worker.c: the worker's life; see worker.h. */
#include "queue/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "queue/roll.h"
#include "queue/worker_private.h"

enum { LAST_WAIT_MS = 1000, LAST_WRITES_MS = 3000, SHORTEST_LEASE_MS = 300 };

/* ---- for all files ---- */

void fam_worker_wait(struct fam_worker *worker, pthread_cond_t *condition, uint64_t until_ms)
{
    if (until_ms == 0) {
        (void)pthread_cond_wait(condition, &worker->lock);
        return;
    }
    const struct timespec until = {.tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000};
    (void)pthread_cond_timedwait(condition, &worker->lock, &until);
}

void fam_worker_pause(struct fam_worker *worker, uint32_t pause_ms)
{
    uint64_t until_ms = fam_mono_ms() + pause_ms;
    pthread_mutex_lock(&worker->lock);
    while (!worker->is_draining && fam_mono_ms() < until_ms) {
        fam_worker_wait(worker, &worker->halt, until_ms);
    }
    pthread_mutex_unlock(&worker->lock);
}

void fam_batch_unref(struct fam_batch *batch)
{
    if (--batch->refs > 0) {
        return;
    }
    if (batch->previous != NULL) {
        batch->previous->next = batch->next;
    } else {
        batch->worker->all = batch->next;
    }
    if (batch->next != NULL) {
        batch->next->previous = batch->previous;
    }
    for (size_t i = 0; i < batch->count; i++) {
        fam_task_begun_done(&batch->runs[i].begun);
    }
    free(batch);
}

void fam_batch_drop(struct fam_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        batch->runs[i].is_settled = true;
    }
    batch->refs -= batch->count;
    fam_batch_unref(batch);
}

void fam_run_settle(struct fam_run *run)
{
    run->is_settled = true;
    fam_batch_unref(run->batch);
}

/* ---- life ---- */

/* Who we are, in tasks.worker: the machine, the process, and something that no other worker of it has. */
static void make_name(char ret_name[FAM_TASK_WORKER_MAX + 1])
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    char host[33] = "";
    struct fam_uuid random = fam_uuid_v7();
    if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0') {
        (void)snprintf(host, sizeof(host), "host");
    }
    for (char *at = host; *at != '\0'; at++) {
        if (strchr(allowed, *at) == NULL) {
            *at = '-';
        }
    }
    (void)snprintf(ret_name, FAM_TASK_WORKER_MAX + 1, "%s:%ld:%02x%02x", host, (long)getpid(), random.bytes[14],
                   random.bytes[15]);
}

static enum fam_code take_options(struct fam_worker *worker, const struct fam_worker_options *options,
                                  struct fam_status *status)
{
    worker->options = *options;
    worker->options.threads = options->threads == 0 ? 4 : options->threads;
    worker->options.lease_ms = options->lease_ms == 0 ? 30000 : options->lease_ms;
    worker->options.hold_ms = options->hold_ms == 0 ? 1000 : options->hold_ms;
    worker->options.stuck_after_ms = options->stuck_after_ms == 0 ? 1000 : options->stuck_after_ms;
    if (worker->options.threads > FAM_WORKER_THREADS_MAX || worker->options.lease_ms < SHORTEST_LEASE_MS ||
        worker->options.lease_ms > FAM_TASK_LEASE_MAX_MS) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "a worker has 1 to %d threads and leases of %d to %d ms",
                        FAM_WORKER_THREADS_MAX, SHORTEST_LEASE_MS, FAM_TASK_LEASE_MAX_MS);
    }
    worker->slot_count = worker->options.threads * (2 + FAM_WORKER_STUCK_PER_THREAD);
    for (size_t i = 0; i < worker->slot_count; i++) {
        worker->slots[i].worker = worker;
    }
    make_name(worker->name);
    worker->started_ms = fam_wall_ms();
    return FAM_OK;
}

static bool make_conditions(struct fam_worker *worker)
{
    pthread_cond_t *const all[] = {&worker->work, &worker->ended, &worker->keep, &worker->halt, &worker->quiet};
    pthread_condattr_t monotonic;
    if (pthread_mutex_init(&worker->lock, NULL) != 0 || pthread_condattr_init(&monotonic) != 0) {
        return false;
    }
    bool good = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(all); i++) {
        good = pthread_cond_init(all[i], &monotonic) == 0 && good;
    }
    (void)pthread_condattr_destroy(&monotonic);
    return good;
}

static enum fam_code start(struct fam_worker *worker, struct fam_status *status)
{
    worker->has_writer = pthread_create(&worker->writer, NULL, fam_worker_write, worker) == 0;
    worker->has_keeper = pthread_create(&worker->keeper, NULL, fam_worker_keep, worker) == 0;
    bool good = worker->has_writer && worker->has_keeper;
    enum fam_code code = FAM_OK;
    pthread_mutex_lock(&worker->lock);
    for (size_t i = 0; i < worker->options.threads && good && code == FAM_OK; i++) {
        code = fam_worker_add_thread(worker, status);
    }
    pthread_mutex_unlock(&worker->lock);
    return good || code != FAM_OK ? code : fam_fail(status, FAM_RESOURCE_EXHAUSTED, "can't start a worker's threads");
}

struct fam_worker *fam_worker_new(const struct fam_worker_options *options, struct fam_status *status)
{
    struct fam_worker *worker = calloc(1, sizeof(*worker));
    if (worker == NULL || !make_conditions(worker)) {
        (void)fam_fail_memory(status);
        free(worker);
        return NULL;
    }
    if (take_options(worker, options, status) == FAM_OK && start(worker, status) == FAM_OK) {
        FAM_LOG(worker->options.log, FAM_LOG_INFO, "worker", "works", FAM_STR("worker", worker->name),
                FAM_U64("threads", worker->options.threads), FAM_U64("types", options->table->count));
        return worker;
    }
    (void)fam_worker_stop(worker, 0);
    fam_worker_free(worker);
    return NULL;
}

void fam_worker_drain(struct fam_worker *worker)
{
    if (worker == NULL) {
        return;
    }
    pthread_mutex_lock(&worker->lock);
    worker->is_draining = true;
    pthread_cond_signal(&worker->keep);
    pthread_cond_broadcast(&worker->halt);
    pthread_mutex_unlock(&worker->lock);
    fam_queue_interrupt(worker->options.queue);
}

/* With the lock held. False when there still are some at that time. */
static bool wait_for_handlers(struct fam_worker *worker, uint64_t until_ms)
{
    while ((worker->running > 0 || worker->is_looking) && fam_mono_ms() < until_ms) {
        fam_worker_wait(worker, &worker->quiet, until_ms);
    }
    return worker->running == 0;
}

/* With the lock held: what runs is told to give up, and is not waited for any more. */
static void cancel_all(struct fam_worker *worker)
{
    for (struct fam_batch *batch = worker->all; batch != NULL; batch = batch->next) {
        for (size_t i = 0; i < batch->count && batch->is_running; i++) {
            atomic_store(&batch->runs[i].is_cancelled, true);
        }
    }
}

static void give_up_all(struct fam_worker *worker)
{
    for (struct fam_batch *batch = worker->all; batch != NULL; batch = batch->next) {
        for (size_t i = 0; i < batch->count && batch->is_running; i++) {
            if (batch->runs[i].end == FAM_RUN_OPEN) {
                fam_worker_ended(&batch->runs[i], FAM_RUN_GIVEN_BACK, "the worker stopped", true);
            }
        }
    }
}

/* With the lock held. */
static void wait_for_writes(struct fam_worker *worker)
{
    uint64_t until_ms = fam_mono_ms() + LAST_WRITES_MS;
    worker->write_now = true;
    pthread_cond_signal(&worker->ended);
    while (worker->unwritten > 0 && fam_mono_ms() < until_ms) {
        fam_worker_wait(worker, &worker->quiet, until_ms);
    }
    if (worker->unwritten > 0) {
        FAM_LOG(worker->options.log, FAM_LOG_WARN, "worker", "stops with runs that could not be written down",
                FAM_U64("runs", worker->unwritten));
    }
}

/* Without the lock. */
static void join_all(struct fam_worker *worker)
{
    for (size_t i = 0; i < worker->slot_count; i++) {
        pthread_mutex_lock(&worker->lock);
        bool join = worker->slots[i].state == FAM_SLOT_ENDED ||
                    (worker->slots[i].state == FAM_SLOT_USED && !worker->is_abandoned);
        pthread_mutex_unlock(&worker->lock);
        if (join) {
            (void)pthread_join(worker->slots[i].thread, NULL);
            worker->slots[i].state = FAM_SLOT_FREE;
        }
    }
    if (worker->has_writer) {
        (void)pthread_join(worker->writer, NULL);
    }
    if (worker->has_keeper) {
        (void)pthread_join(worker->keeper, NULL);
    }
    worker->has_writer = worker->has_keeper = false;
}

bool fam_worker_stop(struct fam_worker *worker, uint32_t drain_ms)
{
    if (worker == NULL || worker->is_stopping) {
        return worker == NULL || !worker->is_abandoned;
    }
    uint64_t until_ms = fam_mono_ms() + drain_ms;
    fam_worker_drain(worker);
    pthread_mutex_lock(&worker->lock);
    if (!wait_for_handlers(worker, until_ms)) {
        FAM_LOG(worker->options.log, FAM_LOG_WARN, "worker", "handlers did not end in time and are cancelled",
                FAM_U64("handlers", worker->running));
        cancel_all(worker);
        if (!wait_for_handlers(worker, fam_mono_ms() + LAST_WAIT_MS)) {
            give_up_all(worker);
            worker->is_abandoned = true;
            FAM_LOG(worker->options.log, FAM_LOG_ERROR, "worker", "handlers do not return: they are left behind",
                    FAM_U64("handlers", worker->running));
        }
    }
    wait_for_writes(worker);
    worker->is_stopping = true;
    pthread_cond_broadcast(&worker->work);
    pthread_cond_broadcast(&worker->ended);
    pthread_cond_broadcast(&worker->keep);
    pthread_mutex_unlock(&worker->lock);
    join_all(worker);
    struct fam_status ignored; /* without Redis it is forgotten by itself */
    (void)!fam_roll_leave(worker->options.queue, worker->name, &ignored);
    return !worker->is_abandoned;
}

void fam_worker_free(struct fam_worker *worker)
{
    if (worker == NULL || worker->is_abandoned) {
        return;
    }
    struct fam_batch *next = NULL;
    for (struct fam_batch *batch = worker->all; batch != NULL; batch = next) { /* what could not be written down */
        next = batch->next;
        batch->previous = batch->next = NULL;
        batch->refs = 1;
        fam_batch_unref(batch);
    }
    pthread_cond_t *const all[] = {&worker->work, &worker->ended, &worker->keep, &worker->halt, &worker->quiet};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(all); i++) {
        (void)pthread_cond_destroy(all[i]);
    }
    (void)pthread_mutex_destroy(&worker->lock);
    free(worker);
}

void fam_worker_read(struct fam_worker *worker, struct fam_worker_view *ret_view)
{
    pthread_mutex_lock(&worker->lock);
    *ret_view = (struct fam_worker_view){.name = worker->name,
                                         .waiting = worker->waiting_runs,
                                         .running = worker->running,
                                         .stuck = worker->stuck,
                                         .unwritten = worker->unwritten,
                                         .is_draining = worker->is_draining,
                                         .is_away = worker->is_away};
    pthread_mutex_unlock(&worker->lock);
}
