/* queue.c: life, pushes, waiting and pauses; see queue.h. */
#include "queue/queue.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "queue/queue_private.h"
#include "queue/queue_scripts.h"
#include "redis/redis_wait.h"

enum { PAUSE_LOOK_MS = 500, RECORD_SIZE = 32, WAKE_KEY = 10, EPOCH_KEY = 11 };

const char *const fam_queue_keys[FAM_QUEUE_KEYS] = {
    "fam:{queue}:ready:1",   "fam:{queue}:ready:2",   "fam:{queue}:ready:3",   "fam:{queue}:ready:4",
    "fam:{queue}:delayed:1", "fam:{queue}:delayed:2", "fam:{queue}:delayed:3", "fam:{queue}:delayed:4",
    "fam:{queue}:leases",    "fam:{queue}:holds",     "fam:{queue}:wake",      "fam:{queue}:epoch",
    "fam:{queue}:workers"};

static const char *const sources[FAM_QUEUE_SCRIPTS] = {
    [FAM_QUEUE_PUSH] = push_script,     [FAM_QUEUE_CLAIM] = claim_script,       [FAM_QUEUE_START] = start_script,
    [FAM_QUEUE_FINISH] = finish_script, [FAM_QUEUE_DELAY] = delay_script,       [FAM_QUEUE_RETURN] = return_script,
    [FAM_QUEUE_EXTEND] = extend_script, [FAM_QUEUE_EXPIRED] = expired_script,   [FAM_QUEUE_LOOK] = look_script,
    [FAM_QUEUE_REPAIR] = repair_script, [FAM_QUEUE_FORGET] = forget_script,     [FAM_QUEUE_SIZES] = sizes_script,
    [FAM_QUEUE_EPOCH] = epoch_script,   [FAM_QUEUE_ANNOUNCE] = announce_script, [FAM_QUEUE_ROLL] = roll_script};

struct fam_queue *fam_queue_new(const struct fam_queue_options *options, struct fam_status *status)
{
    struct fam_queue *queue = calloc(1, sizeof(*queue));
    if (!queue || pthread_mutex_init(&queue->pause_lock, NULL) != 0) {
        free(queue);
        (void)fam_fail_memory(status);
        return NULL;
    }
    queue->redis = options->redis;
    queue->store = options->store;
    queue->log = options->log;
    queue->metrics = options->metrics;
    queue->retry_base_ms = options->retry_base_ms;
    for (size_t i = 0; i < FAM_QUEUE_SCRIPTS; i++) {
        queue->scripts[i].source = sources[i];
    }
    queue->wait = fam_redis_wait_new(queue->redis, fam_queue_keys[WAKE_KEY], status);
    if (!queue->wait) {
        fam_queue_free(queue);
        return NULL;
    }
    return queue;
}

void fam_queue_free(struct fam_queue *queue)
{
    if (!queue) {
        return;
    }
    fam_redis_wait_free(queue->wait);
    pthread_mutex_destroy(&queue->pause_lock);
    free(queue);
}

struct fam_task_times fam_queue_times(const struct fam_queue *queue)
{
    return (struct fam_task_times){.clock_offset_ms = atomic_load(&queue->offset_ms),
                                   .retry_base_ms = queue->retry_base_ms};
}

void fam_queue_set_clock_offset(struct fam_queue *queue, int64_t offset_ms)
{
    atomic_store(&queue->offset_ms, offset_ms);
}

/* ---- scripts ---- */

size_t fam_queue_make_words(const struct fam_queue *queue, const struct fam_redis_arg *args, size_t count,
                            struct fam_queue_words *ret_words)
{
    struct fam_redis_arg *words = ret_words->words;
    snprintf(ret_words->offset, sizeof(ret_words->offset), "%" PRId64, atomic_load(&queue->offset_ms));
    for (size_t i = 0; i < FAM_QUEUE_KEYS; i++) {
        words[i] = FAM_REDIS_ARG(fam_queue_keys[i]);
    }
    words[FAM_QUEUE_KEYS] = FAM_REDIS_ARG(ret_words->offset);
    for (size_t i = 0; i < count; i++) {
        words[FAM_QUEUE_KEYS + 1 + i] = args[i];
    }
    return FAM_QUEUE_KEYS + 1 + count;
}

enum fam_code fam_queue_eval(struct fam_queue *queue, enum fam_queue_script script, const struct fam_redis_arg *args,
                             size_t count, size_t least, struct fam_redis_reply **ret_reply, struct fam_status *status)
{
    struct fam_queue_words words = {.offset = ""};
    (void)fam_queue_make_words(queue, args, count, &words);
    enum fam_code code = fam_redis_eval(queue->redis, &queue->scripts[script], words.words, FAM_QUEUE_KEYS,
                                        words.words + FAM_QUEUE_KEYS, count + 1, ret_reply, status);
    if (code == FAM_UNAVAILABLE && strcmp(status->reason, "REDIS_BUSY") != 0) {
        /* A Redis that stops may come back without what it heard last. */
        atomic_store(&queue->has_missed, true);
    }
    if (code == FAM_OK) {
        code = fam_redis_reply_expect(*ret_reply, FAM_REDIS_ARRAY, status);
        if (code == FAM_OK && fam_redis_reply_count(*ret_reply) < least) {
            code = fam_fail(status, FAM_INTERNAL, "a script of the queue answered less than expected");
        }
        if (code != FAM_OK) {
            fam_redis_reply_done(ret_reply);
        }
    }
    return code;
}

void fam_queue_note_epoch(struct fam_queue *queue, const struct fam_redis_reply *reply, size_t index)
{
    const char *text = fam_redis_reply_text(fam_redis_reply_item(reply, index), NULL);
    char *end = NULL;
    errno = 0;
    uint64_t shown = strtoull(text, &end, 10);
    uint64_t known = atomic_load(&queue->epoch);
    if (errno || end == text || *end || shown < known) {
        atomic_store(&queue->is_suspect, true);
        return;
    }
    while (known < shown && !atomic_compare_exchange_weak(&queue->epoch, &known, shown)) {
        ;
    }
}

bool fam_queue_is_suspect(struct fam_queue *queue)
{
    return atomic_load(&queue->is_suspect) || atomic_load(&queue->has_missed);
}

enum fam_code fam_queue_new_epoch(struct fam_queue *queue, struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    char known[24];
    snprintf(known, sizeof(known), "%" PRIu64, atomic_load(&queue->epoch));
    enum fam_code code = fam_queue_eval(queue, FAM_QUEUE_EPOCH, &FAM_REDIS_ARG(known), 1, 1, &reply, status);
    if (code == FAM_OK) {
        atomic_store(&queue->is_suspect, false);
        fam_queue_note_epoch(queue, reply, 0);
    }
    return code;
}

bool fam_queue_read_uuid(const struct fam_redis_reply *reply, size_t index, struct fam_uuid *ret_uuid)
{
    size_t size = 0;
    const char *bytes = fam_redis_reply_text(fam_redis_reply_item(reply, index), &size);
    if (size < sizeof(ret_uuid->bytes)) {
        return false;
    }
    memcpy(ret_uuid->bytes, bytes, sizeof(ret_uuid->bytes));
    return true;
}

/* ---- pushing ---- */

static size_t write_refs(const struct fam_task_ref *refs, size_t count, char *out)
{
    char *at = out;
    for (size_t i = 0; i < count; i++) {
        char tail[RECORD_SIZE];
        int64_t due = refs[i].not_before_ms;
        due = due < 0 ? 0 : due > INT64_C(999999999999999) ? INT64_C(999999999999999) : due;
        memcpy(at, refs[i].task_id.bytes, sizeof(refs[i].task_id.bytes));
        snprintf(tail, sizeof(tail), "%u%015" PRId64, (unsigned)refs[i].priority & 7U, due);
        memcpy(at + 16, tail, 16);
        at += RECORD_SIZE;
    }
    return (size_t)(at - out);
}

/* In pages. False after the first that fails. */
static bool tell_refs(struct fam_queue *queue, enum fam_queue_script script, const struct fam_task_ref *refs,
                      size_t count)
{
    char records[FAM_TASK_BATCH_MAX * RECORD_SIZE] = {0};
    for (size_t at = 0; at < count;) {
        fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
        struct fam_status status = {0};
        size_t some = count - at < FAM_TASK_BATCH_MAX ? count - at : FAM_TASK_BATCH_MAX;
        const struct fam_redis_arg arg = {records, write_refs(refs + at, some, records)};
        if (fam_queue_eval(queue, script, &arg, 1, 1, &reply, &status) != FAM_OK) {
            return false;
        }
        fam_queue_note_epoch(queue, reply, 0);
        at += some;
    }
    return true;
}

void fam_queue_push(struct fam_queue *queue, const struct fam_task_ref *refs, size_t count)
{
    if (queue && !tell_refs(queue, FAM_QUEUE_PUSH, refs, count)) {
        atomic_store(&queue->has_missed, true);
    }
}

void fam_queue_forget(struct fam_queue *queue, const struct fam_task_ref *refs, size_t count)
{
    if (queue) {
        (void)tell_refs(queue, FAM_QUEUE_FORGET, refs, count);
    }
}

enum fam_code fam_queue_delay(struct fam_queue *queue, const struct fam_uuid *token, const struct fam_task_ref *refs,
                              size_t count, struct fam_status *status)
{
    return fam_queue_delay_least(queue, token, refs, count, 0, status);
}

enum fam_code fam_queue_delay_least(struct fam_queue *queue, const struct fam_uuid *token,
                                    const struct fam_task_ref *refs, size_t count, uint32_t least_ms,
                                    struct fam_status *status)
{
    char records[FAM_TASK_BATCH_MAX * RECORD_SIZE], least[16];
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    if (count > FAM_TASK_BATCH_MAX) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "%d tasks at once", FAM_TASK_BATCH_MAX);
    }
    snprintf(least, sizeof(least), "%u", (unsigned)least_ms);
    const struct fam_redis_arg args[] = {
        {token->bytes, sizeof(token->bytes)}, {records, write_refs(refs, count, records)}, FAM_REDIS_ARG(least)};
    enum fam_code code = fam_queue_eval(queue, FAM_QUEUE_DELAY, args, 3, 1, &reply, status);
    if (code == FAM_OK) {
        fam_queue_note_epoch(queue, reply, 0);
    }
    return code;
}

/* ---- waiting ---- */

void fam_queue_wait(struct fam_queue *queue, uint32_t timeout_ms)
{
    (void)fam_redis_wait_for(queue->wait, timeout_ms);
}

void fam_queue_interrupt(struct fam_queue *queue)
{
    fam_redis_wait_interrupt(queue->wait);
}

enum fam_code fam_queue_sizes(struct fam_queue *queue, struct fam_queue_sizes *ret_sizes, struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    *ret_sizes = (struct fam_queue_sizes){0};
    enum fam_code code = fam_queue_eval(queue, FAM_QUEUE_SIZES, NULL, 0, 10, &reply, status);
    for (size_t i = 0; code == FAM_OK && i < 4; i++) {
        ret_sizes->ready[i] = (uint64_t)fam_redis_reply_integer(fam_redis_reply_item(reply, i));
        ret_sizes->delayed[i] = (uint64_t)fam_redis_reply_integer(fam_redis_reply_item(reply, i + 4));
    }
    if (code == FAM_OK) {
        ret_sizes->leases = (uint64_t)fam_redis_reply_integer(fam_redis_reply_item(reply, FAM_QUEUE_LEASES));
        ret_sizes->holds = (uint64_t)fam_redis_reply_integer(fam_redis_reply_item(reply, FAM_QUEUE_HOLDS));
    }
    return code;
}

/* ---- pauses ---- */

static void look_for_pause(struct fam_queue *queue)
{
    struct fam_pause list[FAM_PAUSES_MAX];
    struct fam_task_times times = fam_queue_times(queue);
    struct fam_status status = {0};
    size_t count = 0;
    if (fam_pause_list(queue->store, &times, list, &count, &status) != FAM_OK) {
        return;
    }
    /* "*" sorts before every type. */
    bool is_paused = count > 0 && strcmp(list[0].type, "*") == 0;
    pthread_mutex_lock(&queue->pause_lock);
    queue->is_paused = is_paused;
    pthread_mutex_unlock(&queue->pause_lock);
}

bool fam_queue_is_paused(struct fam_queue *queue)
{
    uint64_t now_ms = fam_mono_ms();
    pthread_mutex_lock(&queue->pause_lock);
    bool is_old = queue->pause_read_ms == 0 || now_ms - queue->pause_read_ms >= PAUSE_LOOK_MS;
    if (is_old) {
        queue->pause_read_ms = now_ms;
    }
    pthread_mutex_unlock(&queue->pause_lock);
    if (is_old) {
        look_for_pause(queue);
    }
    pthread_mutex_lock(&queue->pause_lock);
    bool is_paused = queue->is_paused;
    pthread_mutex_unlock(&queue->pause_lock);
    return is_paused;
}

enum fam_code fam_queue_resume(struct fam_queue *queue, const char *type, size_t *ret_count, struct fam_status *status)
{
    struct fam_task_times times = fam_queue_times(queue);
    struct fam_task_ref refs[FAM_TASK_BATCH_MAX];
    size_t count = 0;
    *ret_count = 0;
    pthread_mutex_lock(&queue->pause_lock);
    queue->pause_read_ms = 0;
    pthread_mutex_unlock(&queue->pause_lock);
    do {
        enum fam_code code = fam_task_unpause(queue->store, &times, type, refs, &count, status);
        if (code != FAM_OK) {
            return code;
        }
        fam_queue_push(queue, refs, count);
        *ret_count += count;
    } while (count > 0);
    return FAM_OK;
}
