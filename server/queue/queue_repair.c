/* queue_repair.c: looking at what Redis holds of a task, and putting it where it belongs; leases that ran out. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "metrics/metrics.h"
#include "queue/queue.h"
#include "queue/queue_private.h"

enum { REAP_MAX = 100, REPAIR_SIZE = 70, HOLD_HEAD = 33 };

/* A hold: token, priority, started, claimed. What is not well formed is nobody's. */
static bool read_hold(const struct fam_redis_reply *reply, size_t index, struct fam_queue_look *look)
{
    char claimed[16];
    size_t size = 0;
    const char *hold = fam_redis_reply_text(fam_redis_reply_item(reply, index), &size);
    if (size <= HOLD_HEAD) {
        return false;
    }
    memcpy(look->token.bytes, hold, sizeof(look->token.bytes));
    look->priority = (enum fam_priority)(hold[16] - '0');
    look->has_started = hold[17] == '1';
    memcpy(claimed, hold + 18, 15);
    claimed[15] = '\0';
    look->claimed_ms = strtoll(claimed, NULL, 10);
    look->has_token = true;
    return true;
}

enum fam_code fam_queue_look(struct fam_queue *queue, const struct fam_uuid *ids, size_t stride, size_t count,
                             struct fam_queue_look *ret_looks, int64_t *ret_now_ms, struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    unsigned char packed[FAM_QUEUE_PAGE * 16];
    if (count < 1 || count > FAM_QUEUE_PAGE) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "1 to %d tasks at once", FAM_QUEUE_PAGE);
    }
    for (size_t i = 0; i < count; i++) {
        const struct fam_uuid *id = (const struct fam_uuid *)((const char *)ids + i * stride);
        memcpy(packed + i * 16, id->bytes, 16);
    }
    const struct fam_redis_arg arg = {packed, count * 16};
    enum fam_code code = fam_queue_eval(queue, FAM_QUEUE_LOOK, &arg, 1, 1 + 4 * count, &reply, status);
    if (code != FAM_OK) {
        return code;
    }
    *ret_now_ms = fam_redis_reply_integer(fam_redis_reply_item(reply, 0));
    for (size_t i = 0; i < count; i++) {
        struct fam_queue_look *look = &ret_looks[i];
        *look = (struct fam_queue_look){0};
        look->places = (unsigned)fam_redis_reply_integer(fam_redis_reply_item(reply, 4 * i + 1));
        (void)read_hold(reply, 4 * i + 2, look);
        look->lease_ms = fam_redis_reply_integer(fam_redis_reply_item(reply, 4 * i + 3));
        look->delayed_ms = fam_redis_reply_integer(fam_redis_reply_item(reply, 4 * i + 4));
    }
    return FAM_OK;
}

static void write_repair(const struct fam_queue_repair *repair, char out[REPAIR_SIZE])
{
    char places[8], where[32];
    int64_t score = repair->score < 0 ? 0 : repair->score;
    unsigned priority = repair->priority ? (unsigned)repair->priority & 7U : 1U;
    snprintf(places, sizeof(places), "%04u", repair->seen_places % 10000U);
    snprintf(where, sizeof(where), "%u%u%016" PRId64, (unsigned)repair->target & 7U, priority,
             score % INT64_C(10000000000000000));
    memcpy(out, repair->task_id.bytes, 16);
    memcpy(out + 16, places, 4);
    memcpy(out + 20, repair->seen_token.bytes, 16);
    memcpy(out + 36, where, 18);
    memcpy(out + 54, repair->token.bytes, 16);
}

enum fam_code fam_queue_repair(struct fam_queue *queue, const struct fam_queue_repair *repairs, size_t count,
                               size_t *ret_done, struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    char records[FAM_QUEUE_PAGE * REPAIR_SIZE];
    size_t size = 0;
    *ret_done = 0;
    if (count < 1 || count > FAM_QUEUE_PAGE) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "1 to %d tasks at once", FAM_QUEUE_PAGE);
    }
    for (size_t i = 0; i < count; i++) {
        write_repair(&repairs[i], records + i * REPAIR_SIZE);
    }
    const struct fam_redis_arg arg = {records, count * REPAIR_SIZE};
    enum fam_code code = fam_queue_eval(queue, FAM_QUEUE_REPAIR, &arg, 1, 1, &reply, status);
    if (code != FAM_OK) {
        return code;
    }
    const char *flags = fam_redis_reply_text(fam_redis_reply_item(reply, 0), &size);
    for (size_t i = 0; i < size; i++) {
        *ret_done += flags[i] == '1';
    }
    return FAM_OK;
}

struct fam_queue_repair fam_queue_repair_of_death(const struct fam_task_death *death)
{
    struct fam_queue_repair repair = {.task_id = death->task_id,
                                      .seen_places = FAM_PLACES_ANY,
                                      .seen_token = death->token,
                                      .priority = death->priority,
                                      .score = death->not_before_ms};
    switch (death->fate) {
    case FAM_TASK_FREE:
        repair.target = death->not_before_ms ? FAM_QUEUE_DELAYED : FAM_QUEUE_FRONT;
        break;
    case FAM_TASK_KEPT:
        repair.target = FAM_QUEUE_LEASED;
        repair.token = death->holder;
        break;
    case FAM_TASK_OVER:
        repair.target = FAM_QUEUE_NOWHERE;
        break;
    }
    return repair;
}

static enum fam_code find_expired(struct fam_queue *queue, struct fam_task_death *deaths, size_t *ret_count,
                                  struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    char most[8];
    snprintf(most, sizeof(most), "%d", REAP_MAX);
    *ret_count = 0;
    enum fam_code code = fam_queue_eval(queue, FAM_QUEUE_EXPIRED, &FAM_REDIS_ARG(most), 1, 0, &reply, status);
    for (size_t i = 0; code == FAM_OK && i + 1 < fam_redis_reply_count(reply) && *ret_count < REAP_MAX; i += 2) {
        struct fam_task_death *death = &deaths[*ret_count];
        struct fam_queue_look look = {0};
        *death = (struct fam_task_death){0};
        if (fam_queue_read_uuid(reply, i, &death->task_id)) {
            (void)read_hold(reply, i + 1, &look);
            death->token = look.token;
            death->has_started = look.has_started;
            (*ret_count)++;
        }
    }
    return code;
}

static void tell_death(struct fam_queue *queue, const struct fam_task_death *death)
{
    char id[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&death->task_id, id);
    fam_metrics_add(queue->metrics, FAM_M_QUEUE_TASKS, FAM_LABELS(death->type, "died"), 1);
    if (death->is_poison) {
        fam_metrics_add(queue->metrics, FAM_M_QUEUE_TASKS, FAM_LABELS(death->type, "dead"), 1);
    }
    FAM_LOG(queue->log, death->is_poison ? FAM_LOG_ERROR : FAM_LOG_WARN, "queue",
            death->is_poison ? "task is dead" : "a worker died while it ran a task", FAM_STR("type", death->type),
            FAM_STR("task", id), FAM_STR("outcome", "died"), FAM_STR("reason", death->is_poison ? "poison" : ""));
}

enum fam_code fam_queue_reap(struct fam_queue *queue, size_t *ret_count, struct fam_status *status)
{
    struct fam_task_death deaths[REAP_MAX];
    struct fam_queue_repair repairs[REAP_MAX];
    struct fam_task_times times = fam_queue_times(queue);
    size_t done = 0;
    enum fam_code code = find_expired(queue, deaths, ret_count, status);
    if (code != FAM_OK || *ret_count == 0) {
        return code;
    }
    code = fam_task_died(queue->store, &times, deaths, *ret_count, status);
    if (code != FAM_OK) {
        return code;
    }
    for (size_t i = 0; i < *ret_count; i++) {
        repairs[i] = fam_queue_repair_of_death(&deaths[i]);
        if (deaths[i].is_counted) {
            tell_death(queue, &deaths[i]);
        }
    }
    return fam_queue_repair(queue, repairs, *ret_count, &done, status);
}
