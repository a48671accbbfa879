/* queue_claim.c: tasks are claimed, started, and leave their claim; see queue.h. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "queue/queue.h"
#include "queue/queue_private.h"
#include "redis/redis_wait.h"

enum { PAUSE_MS = 500, REFUSED_LEAST_MS = 100 };

static bool worker_is_good(const char *worker)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-";
    size_t length = worker ? strnlen(worker, FAM_TASK_WORKER_MAX + 1) : 0;
    return length >= 1 && length <= FAM_TASK_WORKER_MAX && strspn(worker, allowed) == length;
}

static enum fam_code read_claim(const struct fam_redis_reply *reply, struct fam_queue_claim *claim,
                                struct fam_status *status)
{
    size_t items = fam_redis_reply_count(reply);
    int64_t priority = fam_redis_reply_integer(fam_redis_reply_item(reply, 1));
    claim->has_expired = fam_redis_reply_integer(fam_redis_reply_item(reply, 2)) > 0;
    if (priority == 0) {
        int64_t next_ms = fam_redis_reply_integer(fam_redis_reply_item(reply, 3));
        claim->next_ms = next_ms < 0 || next_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)next_ms;
        return FAM_OK;
    }
    if (items - 3 > FAM_TASK_CLAIM_MAX || priority > FAM_PRIORITY_CRITICAL) {
        return fam_fail(status, FAM_INTERNAL, "a claim answered more than was asked for");
    }
    claim->priority = (enum fam_priority)priority;
    for (size_t i = 3; i < items; i++) {
        if (!fam_queue_read_uuid(reply, i, &claim->ids[claim->count++])) {
            return fam_fail(status, FAM_DATA_LOSS, "the queue in Redis is damaged");
        }
    }
    return FAM_OK;
}

/* What a claim asks for, as the script's arguments; the texts lie in it. */
struct wish {
    char most[8], lease[16], few[8];
    size_t start_max;
    struct fam_redis_arg args[5];
};

/* INVALID_ARGUMENT; else the wish, and a claim of no tasks with its token. */
static enum fam_code make_wish(const char *worker, size_t max, size_t idle, uint32_t lease_ms, struct wish *ret_wish,
                               struct fam_queue_claim *ret_claim, struct fam_status *status)
{
    *ret_claim = (struct fam_queue_claim){.next_ms = PAUSE_MS};
    if (max < 1 || max > FAM_TASK_CLAIM_MAX || !worker_is_good(worker) || lease_ms < 100 ||
        lease_ms > FAM_TASK_LEASE_MAX_MS) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "1 to %d tasks, a worker's name, a lease of 100 to %d ms",
                        FAM_TASK_CLAIM_MAX, FAM_TASK_LEASE_MAX_MS);
    }
    snprintf(ret_wish->most, sizeof(ret_wish->most), "%u", (unsigned)max);
    snprintf(ret_wish->lease, sizeof(ret_wish->lease), "%u", (unsigned)lease_ms);
    ret_wish->start_max = idle < max ? idle : max - 1; /* all there are: none is left to be passed by */
    snprintf(ret_wish->few, sizeof(ret_wish->few), "%u", (unsigned)ret_wish->start_max);
    randombytes_buf(ret_claim->token.bytes, sizeof(ret_claim->token.bytes));
    ret_wish->args[0] = (struct fam_redis_arg){ret_claim->token.bytes, sizeof(ret_claim->token.bytes)};
    ret_wish->args[1] = FAM_REDIS_ARG(ret_wish->most);
    ret_wish->args[2] = FAM_REDIS_ARG(ret_wish->lease);
    ret_wish->args[3] = FAM_REDIS_ARG(worker);
    ret_wish->args[4] = FAM_REDIS_ARG(ret_wish->few);
    return FAM_OK;
}

static enum fam_code take_claim(struct fam_queue *queue, const struct fam_redis_reply *reply, const struct wish *wish,
                                struct fam_queue_claim *claim, struct fam_status *status)
{
    fam_queue_note_epoch(queue, reply, 0);
    enum fam_code code = read_claim(reply, claim, status);
    claim->is_started = claim->count > 0 && claim->count <= wish->start_max;
    return code;
}

enum fam_code fam_queue_claim(struct fam_queue *queue, const char *worker, size_t max, uint32_t lease_ms,
                              struct fam_queue_claim *ret_claim, struct fam_status *status)
{
    return fam_queue_claim_for(queue, worker, max, 0, lease_ms, ret_claim, status);
}

enum fam_code fam_queue_claim_for(struct fam_queue *queue, const char *worker, size_t max, size_t idle,
                                  uint32_t lease_ms, struct fam_queue_claim *ret_claim, struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    struct wish wish = {.start_max = 0};
    enum fam_code code = make_wish(worker, max, idle, lease_ms, &wish, ret_claim, status);
    if (code != FAM_OK || fam_queue_is_paused(queue)) {
        return code;
    }
    code = fam_queue_eval(queue, FAM_QUEUE_CLAIM, wish.args, FAM_ARRAY_SIZE(wish.args), 4, &reply, status);
    return code == FAM_OK ? take_claim(queue, reply, &wish, ret_claim, status) : code;
}

enum fam_code fam_queue_wait_claim(struct fam_queue *queue, const char *worker, size_t max, size_t idle,
                                   uint32_t lease_ms, uint32_t timeout_ms, struct fam_queue_claim *ret_claim,
                                   struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    struct wish wish = {.start_max = 0};
    struct fam_queue_words words = {.offset = ""};
    enum fam_code code = make_wish(worker, max, idle, lease_ms, &wish, ret_claim, status);
    if (code != FAM_OK) {
        return code;
    }
    if (fam_queue_is_paused(queue)) {
        fam_queue_wait(queue, timeout_ms);
        return FAM_OK;
    }
    size_t count = fam_queue_make_words(queue, wish.args, FAM_ARRAY_SIZE(wish.args), &words);
    (void)fam_redis_wait_then(queue->wait, timeout_ms, &queue->scripts[FAM_QUEUE_CLAIM], words.words, FAM_QUEUE_KEYS,
                              count, &reply);
    if (reply == NULL) {
        return FAM_OK;
    }
    code = fam_redis_reply_expect(reply, FAM_REDIS_ARRAY, status);
    if (code == FAM_OK && fam_redis_reply_count(reply) < 4) {
        code = fam_fail(status, FAM_INTERNAL, "a script of the queue answered less than expected");
    }
    return code == FAM_OK ? take_claim(queue, reply, &wish, ret_claim, status) : code;
}

/* A script about ids of a token; `number` (NULL: none) is one more argument. */
static enum fam_code tell_ids(struct fam_queue *queue, enum fam_queue_script script, const struct fam_uuid *token,
                              const struct fam_uuid *ids, size_t count, const char *number, size_t least,
                              struct fam_redis_reply **ret_reply, struct fam_status *status)
{
    if (count < 1 || count > FAM_TASK_BATCH_MAX) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "1 to %d tasks at once", FAM_TASK_BATCH_MAX);
    }
    const struct fam_redis_arg args[] = {
        {token->bytes, sizeof(token->bytes)}, {ids, count * sizeof(*ids)}, FAM_REDIS_ARG(number ? number : "")};
    return fam_queue_eval(queue, script, args, number ? 3 : 2, least, ret_reply, status);
}

/* The flags of a script's answer: '1' is true. */
static enum fam_code read_flags(const struct fam_redis_reply *reply, size_t index, size_t count, bool *ret_flags,
                                struct fam_status *status)
{
    size_t size = 0;
    const char *flags = fam_redis_reply_text(fam_redis_reply_item(reply, index), &size);
    if (size != count) {
        return fam_fail(status, FAM_INTERNAL, "a script of the queue answered less than expected");
    }
    for (size_t i = 0; ret_flags && i < count; i++) {
        ret_flags[i] = flags[i] == '1';
    }
    return FAM_OK;
}

enum fam_code fam_queue_start(struct fam_queue *queue, const struct fam_uuid *token, const struct fam_uuid *ids,
                              size_t count, enum fam_queue_turn *ret_turn, bool *ret_lost, struct fam_status *status)
{
    static const enum fam_queue_turn turns[] = {FAM_QUEUE_TURN_YOURS, FAM_QUEUE_TURN_HIGHER, FAM_QUEUE_TURN_LOST};
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    *ret_turn = FAM_QUEUE_TURN_LOST;
    enum fam_code code = tell_ids(queue, FAM_QUEUE_START, token, ids, count, NULL, 2, &reply, status);
    if (code == FAM_OK) {
        code = read_flags(reply, 1, count, ret_lost, status);
    }
    if (code == FAM_OK) {
        int64_t turn = fam_redis_reply_integer(fam_redis_reply_item(reply, 0));
        *ret_turn = turn >= 0 && turn <= 2 ? turns[turn] : FAM_QUEUE_TURN_LOST;
    }
    return code;
}

static enum fam_code tell_only(struct fam_queue *queue, enum fam_queue_script script, const struct fam_uuid *token,
                               const struct fam_uuid *ids, size_t count, struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    enum fam_code code = tell_ids(queue, script, token, ids, count, NULL, 1, &reply, status);
    if (code == FAM_OK) {
        fam_queue_note_epoch(queue, reply, 0);
    }
    return code;
}

enum fam_code fam_queue_finish(struct fam_queue *queue, const struct fam_uuid *token, const struct fam_uuid *ids,
                               size_t count, struct fam_status *status)
{
    return tell_only(queue, FAM_QUEUE_FINISH, token, ids, count, status);
}

enum fam_code fam_queue_return(struct fam_queue *queue, const struct fam_uuid *token, const struct fam_uuid *ids,
                               size_t count, struct fam_status *status)
{
    return tell_only(queue, FAM_QUEUE_RETURN, token, ids, count, status);
}

enum fam_code fam_queue_return_started(struct fam_queue *queue, const struct fam_uuid *token,
                                       const struct fam_uuid *ids, size_t count, struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    enum fam_code code = tell_ids(queue, FAM_QUEUE_RETURN, token, ids, count, "1", 1, &reply, status);
    if (code == FAM_OK) {
        fam_queue_note_epoch(queue, reply, 0);
    }
    return code;
}

enum fam_code fam_queue_extend(struct fam_queue *queue, const struct fam_uuid *token, const struct fam_uuid *ids,
                               size_t count, uint32_t lease_ms, bool *ret_held, struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    char lease[16];
    if (lease_ms < 100 || lease_ms > FAM_TASK_LEASE_MAX_MS) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "a lease lasts 100 to %d ms", FAM_TASK_LEASE_MAX_MS);
    }
    snprintf(lease, sizeof(lease), "%u", (unsigned)lease_ms);
    enum fam_code code = tell_ids(queue, FAM_QUEUE_EXTEND, token, ids, count, lease, 1, &reply, status);
    return code == FAM_OK ? read_flags(reply, 0, count, ret_held, status) : code;
}

enum fam_code fam_queue_settle(struct fam_queue *queue, const struct fam_uuid *token,
                               const struct fam_task_begun *begun, size_t count, struct fam_status *status)
{
    struct fam_uuid over[FAM_TASK_CLAIM_MAX], back[FAM_TASK_CLAIM_MAX];
    struct fam_task_ref later[FAM_TASK_CLAIM_MAX];
    size_t over_count = 0, back_count = 0, later_count = 0;
    enum fam_code code = FAM_OK;
    if (count > FAM_TASK_CLAIM_MAX) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "a claim holds %d tasks at most", FAM_TASK_CLAIM_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        enum fam_task_verdict verdict = begun[i].verdict;
        if (verdict == FAM_TASK_GONE || verdict == FAM_TASK_DONE || verdict == FAM_TASK_DEAD) {
            over[over_count++] = begun[i].ref.task_id;
        } else if (verdict == FAM_TASK_PAUSED && begun[i].ref.not_before_ms == 0) {
            back[back_count++] = begun[i].ref.task_id;
        } else if (verdict != FAM_TASK_GO) {
            later[later_count++] = begun[i].ref;
        }
    }
    if (over_count) {
        code = fam_queue_finish(queue, token, over, over_count, status);
    }
    if (code == FAM_OK && later_count) {
        code = fam_queue_delay_least(queue, token, later, later_count, REFUSED_LEAST_MS, status);
    }
    if (code == FAM_OK && back_count) {
        code = fam_queue_return_started(queue, token, back, back_count, status);
    }
    return code;
}
