#include "lanes.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/crash.h"

enum { STACK_BYTES = 512 * 1024 };

enum slot_state { SLOT_WAITING, SLOT_RUNNING, SLOT_DONE };

struct slot {
    struct fam_job job;
    int64_t update_id;
    int64_t chat_id;
    uint64_t put_ms;
    uint64_t not_before_ms;
    enum slot_state state;
    bool is_forgotten; /* put before a reset: moves no mark, and does not run again */
};

struct fam_lanes {
    struct fam_lanes_options options;
    pthread_mutex_t mutex;
    pthread_cond_t work;    /* something may be taken, or stop */
    pthread_cond_t changed; /* something was handled, or wake */
    struct slot *slots;     /* a ring in the order of arrival */
    size_t head;
    size_t count;
    size_t running;
    size_t unhandled;
    int64_t offset;  /* one above the highest id below which all is handled */
    int64_t highest; /* put so far; -1: none */
    uint64_t wakes;
    bool stopping;
    bool is_held;
    int64_t entered[FAM_LANES_ENTERED]; /* chats that something else has; 0: free */
    pthread_t *threads;
    size_t thread_count;
};

static struct slot *slot_at(struct fam_lanes *lanes, size_t index)
{
    return &lanes->slots[(lanes->head + index) % lanes->options.capacity];
}

static bool is_entered(const struct fam_lanes *lanes, int64_t chat_id)
{
    for (size_t i = 0; i < FAM_LANES_ENTERED; i++) {
        if (lanes->entered[i] == chat_id && chat_id != 0) {
            return true;
        }
    }
    return false;
}

/* Is an older update of the same chat still to be handled? */
static bool is_behind(struct fam_lanes *lanes, size_t index)
{
    int64_t chat_id = slot_at(lanes, index)->chat_id;
    for (size_t i = 0; i < index; i++) {
        const struct slot *older = slot_at(lanes, i);
        if (older->state != SLOT_DONE && older->chat_id == chat_id) {
            return true;
        }
    }
    return false;
}

/* The oldest update that may run now. NULL: none; *ret_next_ms is when one becomes due (UINT64_MAX: unknown). */
static struct slot *choose(struct fam_lanes *lanes, uint64_t now_ms, uint64_t *ret_next_ms)
{
    *ret_next_ms = UINT64_MAX;
    for (size_t i = 0; i < lanes->count && !lanes->is_held; i++) {
        struct slot *slot = slot_at(lanes, i);
        if (slot->state != SLOT_WAITING) {
            continue;
        }
        if (slot->not_before_ms > now_ms) {
            if (slot->not_before_ms < *ret_next_ms) {
                *ret_next_ms = slot->not_before_ms;
            }
            continue;
        }
        if (!is_behind(lanes, i) && !is_entered(lanes, slot->chat_id)) {
            return slot;
        }
    }
    return NULL;
}

static void wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, uint64_t until_ms)
{
    struct timespec until = {.tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000};
    pthread_cond_timedwait(cond, mutex, &until);
}

/* Drops handled updates at the front and moves the mark behind them. */
static void settle(struct fam_lanes *lanes)
{
    while (lanes->count > 0 && slot_at(lanes, 0)->state == SLOT_DONE) {
        if (!slot_at(lanes, 0)->is_forgotten) {
            lanes->offset = slot_at(lanes, 0)->update_id + 1;
        }
        lanes->head = (lanes->head + 1) % lanes->options.capacity;
        lanes->count--;
    }
    pthread_cond_broadcast(&lanes->changed);
}

static void run(struct fam_lanes *lanes, struct slot *slot)
{
    uint32_t delay_ms = 0;
    slot->state = SLOT_RUNNING;
    lanes->running++;
    slot->job.attempt++;
    if (slot->job.attempt == 1) {
        slot->job.first_ms = fam_mono_ms();
    }
    pthread_mutex_unlock(&lanes->mutex);
    enum fam_handled handled = lanes->options.handle(lanes->options.context, &slot->job, &delay_ms);
    pthread_mutex_lock(&lanes->mutex);
    lanes->running--;
    if (handled == FAM_HANDLE_AGAIN && !slot->is_forgotten) {
        slot->state = SLOT_WAITING;
        slot->not_before_ms = fam_mono_ms() + delay_ms;
    } else {
        fam_update_free(slot->job.update);
        slot->job.update = NULL;
        slot->state = SLOT_DONE;
        lanes->unhandled--;
    }
    settle(lanes);
    pthread_cond_broadcast(&lanes->work);
}

static void *work(void *argument)
{
    struct fam_lanes *lanes = argument;
    void *crash_stack = fam_crash_thread_begin();
    pthread_mutex_lock(&lanes->mutex);
    while (!lanes->stopping) {
        uint64_t next_ms;
        struct slot *slot = choose(lanes, fam_mono_ms(), &next_ms);
        if (slot) {
            run(lanes, slot);
        } else if (next_ms == UINT64_MAX) {
            pthread_cond_wait(&lanes->work, &lanes->mutex);
        } else {
            wait_until(&lanes->work, &lanes->mutex, next_ms);
        }
    }
    pthread_mutex_unlock(&lanes->mutex);
    fam_crash_thread_end(crash_stack);
    return NULL;
}

static bool start_threads(struct fam_lanes *lanes)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    while (lanes->thread_count < lanes->options.workers &&
           pthread_create(&lanes->threads[lanes->thread_count], &attributes, work, lanes) == 0) {
        lanes->thread_count++;
    }
    pthread_attr_destroy(&attributes);
    return lanes->thread_count == lanes->options.workers;
}

struct fam_lanes *fam_lanes_new(const struct fam_lanes_options *options, struct fam_status *status)
{
    struct fam_lanes *lanes = calloc(1, sizeof(*lanes));
    if (!lanes) {
        fam_fail_memory(status);
        return NULL;
    }
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&lanes->mutex, NULL);
    pthread_cond_init(&lanes->work, &monotonic);
    pthread_cond_init(&lanes->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    lanes->options = *options;
    lanes->highest = -1;
    lanes->slots = calloc(options->capacity, sizeof(*lanes->slots));
    lanes->threads = calloc(options->workers, sizeof(*lanes->threads));
    if (lanes->slots && lanes->threads && start_threads(lanes)) {
        return lanes;
    }
    fam_lanes_free(lanes);
    fam_fail(status, FAM_RESOURCE_EXHAUSTED, "no memory or threads for %zu lanes", options->workers);
    return NULL;
}

bool fam_lanes_stop(struct fam_lanes *lanes, uint32_t timeout_ms)
{
    uint64_t until_ms = fam_mono_ms() + timeout_ms;
    pthread_mutex_lock(&lanes->mutex);
    lanes->stopping = true;
    pthread_cond_broadcast(&lanes->work);
    while (lanes->running > 0 && fam_mono_ms() < until_ms) {
        wait_until(&lanes->changed, &lanes->mutex, until_ms);
    }
    bool done = lanes->running == 0;
    pthread_mutex_unlock(&lanes->mutex);
    return done;
}

void fam_lanes_free(struct fam_lanes *lanes)
{
    if (!lanes) {
        return;
    }
    (void)fam_lanes_stop(lanes, 0);
    for (size_t i = 0; i < lanes->thread_count; i++) {
        pthread_join(lanes->threads[i], NULL);
    }
    for (size_t i = 0; i < lanes->count; i++) {
        fam_update_free(slot_at(lanes, i)->job.update);
    }
    pthread_cond_destroy(&lanes->work);
    pthread_cond_destroy(&lanes->changed);
    pthread_mutex_destroy(&lanes->mutex);
    free(lanes->slots);
    free(lanes->threads);
    free(lanes);
}

static enum fam_lanes_put put(struct fam_lanes *lanes, int64_t update_id, struct fam_update *update)
{
    if (update_id <= lanes->highest) {
        return FAM_LANES_KNOWN;
    }
    if (lanes->count == lanes->options.capacity) {
        return FAM_LANES_FULL;
    }
    struct slot *slot = slot_at(lanes, lanes->count++);
    *slot = (struct slot){.job.update = update,
                          .update_id = update_id,
                          .chat_id = update ? update->chat_id : 0,
                          .put_ms = fam_mono_ms(),
                          .state = update ? SLOT_WAITING : SLOT_DONE};
    lanes->highest = update_id;
    if (update) {
        lanes->unhandled++;
        pthread_cond_signal(&lanes->work);
    } else {
        settle(lanes);
    }
    return FAM_LANES_TAKEN;
}

enum fam_lanes_put fam_lanes_put(struct fam_lanes *lanes, struct fam_update *update)
{
    pthread_mutex_lock(&lanes->mutex);
    enum fam_lanes_put result = put(lanes, update->update_id, update);
    pthread_mutex_unlock(&lanes->mutex);
    if (result != FAM_LANES_TAKEN) {
        fam_update_free(update);
    }
    return result;
}

enum fam_lanes_put fam_lanes_skip(struct fam_lanes *lanes, int64_t update_id)
{
    pthread_mutex_lock(&lanes->mutex);
    enum fam_lanes_put result = put(lanes, update_id, NULL);
    pthread_mutex_unlock(&lanes->mutex);
    return result;
}

int64_t fam_lanes_offset(struct fam_lanes *lanes)
{
    pthread_mutex_lock(&lanes->mutex);
    int64_t offset = lanes->offset;
    pthread_mutex_unlock(&lanes->mutex);
    return offset;
}

bool fam_lanes_wait_idle(struct fam_lanes *lanes, uint32_t timeout_ms)
{
    uint64_t until_ms = fam_mono_ms() + timeout_ms;
    pthread_mutex_lock(&lanes->mutex);
    uint64_t wakes = lanes->wakes;
    while (lanes->unhandled > 0 && wakes == lanes->wakes && fam_mono_ms() < until_ms) {
        wait_until(&lanes->changed, &lanes->mutex, until_ms);
    }
    bool idle = lanes->unhandled == 0;
    pthread_mutex_unlock(&lanes->mutex);
    return idle;
}

static bool has_progress(const struct fam_lanes *lanes, int64_t offset, size_t few)
{
    return lanes->unhandled == 0 || (lanes->offset > offset && lanes->unhandled <= few);
}

bool fam_lanes_wait_progress(struct fam_lanes *lanes, int64_t offset, size_t few, uint32_t timeout_ms)
{
    uint64_t until_ms = fam_mono_ms() + timeout_ms;
    pthread_mutex_lock(&lanes->mutex);
    uint64_t wakes = lanes->wakes;
    while (!has_progress(lanes, offset, few) && wakes == lanes->wakes && fam_mono_ms() < until_ms) {
        wait_until(&lanes->changed, &lanes->mutex, until_ms);
    }
    bool progress = has_progress(lanes, offset, few);
    pthread_mutex_unlock(&lanes->mutex);
    return progress;
}

bool fam_lanes_knows(struct fam_lanes *lanes, int64_t update_id)
{
    pthread_mutex_lock(&lanes->mutex);
    bool known = update_id <= lanes->highest;
    pthread_mutex_unlock(&lanes->mutex);
    return known;
}

void fam_lanes_wake(struct fam_lanes *lanes)
{
    pthread_mutex_lock(&lanes->mutex);
    lanes->wakes++;
    pthread_cond_broadcast(&lanes->changed);
    pthread_mutex_unlock(&lanes->mutex);
}

size_t fam_lanes_busy(struct fam_lanes *lanes)
{
    pthread_mutex_lock(&lanes->mutex);
    size_t running = lanes->running;
    pthread_mutex_unlock(&lanes->mutex);
    return running;
}

size_t fam_lanes_pending(struct fam_lanes *lanes)
{
    pthread_mutex_lock(&lanes->mutex);
    size_t unhandled = lanes->unhandled;
    pthread_mutex_unlock(&lanes->mutex);
    return unhandled;
}

uint64_t fam_lanes_oldest_ms(struct fam_lanes *lanes)
{
    uint64_t age_ms = 0;
    pthread_mutex_lock(&lanes->mutex);
    /* Those that are handled leave the front at once, so the first one is the oldest that is not. */
    if (lanes->count > 0) {
        age_ms = fam_mono_ms() - slot_at(lanes, 0)->put_ms;
    }
    pthread_mutex_unlock(&lanes->mutex);
    return age_ms;
}

size_t fam_lanes_room(struct fam_lanes *lanes)
{
    pthread_mutex_lock(&lanes->mutex);
    size_t room = lanes->options.capacity - lanes->count;
    pthread_mutex_unlock(&lanes->mutex);
    return room;
}

void fam_lanes_forget(struct fam_lanes *lanes)
{
    pthread_mutex_lock(&lanes->mutex);
    if (lanes->count == 0) {
        lanes->offset = 0;
        lanes->highest = -1;
    }
    pthread_mutex_unlock(&lanes->mutex);
}

void fam_lanes_hold(struct fam_lanes *lanes, bool is_held)
{
    pthread_mutex_lock(&lanes->mutex);
    lanes->is_held = is_held;
    pthread_cond_broadcast(&lanes->work);
    pthread_mutex_unlock(&lanes->mutex);
}

void fam_lanes_reset(struct fam_lanes *lanes)
{
    pthread_mutex_lock(&lanes->mutex);
    for (size_t i = 0; i < lanes->count; i++) {
        struct slot *slot = slot_at(lanes, i);
        slot->is_forgotten = true;
        if (slot->state == SLOT_WAITING) {
            fam_update_free(slot->job.update);
            slot->job.update = NULL;
            slot->state = SLOT_DONE;
            lanes->unhandled--;
        }
    }
    lanes->offset = 0;
    lanes->highest = -1;
    settle(lanes);
    pthread_mutex_unlock(&lanes->mutex);
}

bool fam_lanes_enter(struct fam_lanes *lanes, int64_t chat_id)
{
    bool is_free = true;
    size_t place = FAM_LANES_ENTERED;
    pthread_mutex_lock(&lanes->mutex);
    for (size_t i = 0; i < lanes->count && is_free; i++) {
        const struct slot *slot = slot_at(lanes, i);
        is_free = slot->state != SLOT_RUNNING || slot->chat_id != chat_id;
    }
    for (size_t i = 0; i < FAM_LANES_ENTERED; i++) {
        if (lanes->entered[i] == 0) {
            place = i;
        }
    }
    bool is_ours = is_free && place < FAM_LANES_ENTERED && !is_entered(lanes, chat_id);
    if (is_ours) {
        lanes->entered[place] = chat_id;
    }
    pthread_mutex_unlock(&lanes->mutex);
    return is_ours;
}

void fam_lanes_leave(struct fam_lanes *lanes, int64_t chat_id)
{
    pthread_mutex_lock(&lanes->mutex);
    for (size_t i = 0; i < FAM_LANES_ENTERED; i++) {
        if (lanes->entered[i] == chat_id) {
            lanes->entered[i] = 0;
        }
    }
    pthread_cond_broadcast(&lanes->work);
    pthread_mutex_unlock(&lanes->mutex);
}
