/* limits.c: see limits.h. */
#include "session/limits.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "redis/redis.h"

enum { WAYS = 8, MOST_USERS = 1 << 20, WINDOWS = 2, KEY_SIZE = 96, NUMBER_SIZE = 16 };

/* KEYS hour, day; ARGV limit and milliseconds of each. {0, 0} when taken, else {which, ms until it opens}. A counter
 * without an end (it can't come from here) gets one. */
static const char take_script[] =
    "local which, wait = 0, -1\n"
    "for i = 1, 2 do\n"
    "  local used = tonumber(redis.call('GET', KEYS[i]) or '0')\n"
    "  if used >= tonumber(ARGV[i * 2 - 1]) then\n"
    "    local left = redis.call('PTTL', KEYS[i])\n"
    "    if left < 0 then left = tonumber(ARGV[i * 2]) redis.call('PEXPIRE', KEYS[i], left) end\n"
    "    if left >= wait then which, wait = i, left end\n"
    "  end\n"
    "end\n"
    "if which > 0 then return {which, wait} end\n"
    "for i = 1, 2 do\n"
    "  redis.call('INCR', KEYS[i])\n"
    "  if redis.call('PTTL', KEYS[i]) < 0 then redis.call('PEXPIRE', KEYS[i], ARGV[i * 2]) end\n"
    "end\n"
    "return {0, 0}\n";

static const char give_back_script[] =
    "for i = 1, 2 do\n"
    "  if tonumber(redis.call('GET', KEYS[i]) or '0') > 0 then redis.call('DECR', KEYS[i]) end\n"
    "end\n"
    "return 0\n";

struct window {
    uint64_t ends_ms; /* monotonic */
    uint32_t used;
};

struct row {
    struct fam_uuid user;
    bool taken;
    uint64_t last_ms;
    struct window windows[WINDOWS];
};

struct fam_limits {
    struct fam_redis *redis;
    const char *name, *what;
    uint32_t most[WINDOWS];
    uint32_t length_ms[WINDOWS];
    struct fam_redis_script take, give_back;
    pthread_mutex_t lock;
    size_t sets;
    struct row *rows;
};

struct fam_limits *fam_limits_new(const struct fam_limits_options *options, struct fam_status *status)
{
    size_t users = options->local_users ? options->local_users : 8192;
    if (options->per_hour == 0 || options->per_day == 0 || users > MOST_USERS) {
        (void)fam_fail(status, FAM_INVALID_ARGUMENT, "limits: at least 1 an hour and a day, up to %d users",
                       MOST_USERS);
        return NULL;
    }
    struct fam_limits *limits = calloc(1, sizeof(*limits));
    size_t sets = (users + WAYS - 1) / WAYS;
    struct row *rows = calloc(sets * WAYS, sizeof(*rows));
    if (!limits || !rows) {
        free(limits);
        free(rows);
        (void)fam_fail_memory(status);
        return NULL;
    }
    limits->redis = options->redis;
    limits->name = options->name ? options->name : "limit";
    limits->what = options->what ? options->what : "translations";
    limits->most[FAM_LIMIT_HOUR] = options->per_hour;
    limits->most[FAM_LIMIT_DAY] = options->per_day;
    limits->length_ms[FAM_LIMIT_HOUR] = options->hour_ms ? options->hour_ms : 3600000;
    limits->length_ms[FAM_LIMIT_DAY] = options->day_ms ? options->day_ms : 86400000;
    limits->take.source = take_script;
    limits->give_back.source = give_back_script;
    limits->sets = sets;
    limits->rows = rows;
    pthread_mutex_init(&limits->lock, NULL);
    return limits;
}

void fam_limits_free(struct fam_limits *limits)
{
    if (!limits) {
        return;
    }
    pthread_mutex_destroy(&limits->lock);
    free(limits->rows);
    free(limits);
}

/* ---- in memory; with the lock held ---- */

static struct row *find(struct fam_limits *limits, const struct fam_uuid *user, uint64_t now_ms)
{
    uint64_t tail;
    memcpy(&tail, user->bytes + 8, sizeof(tail)); /* the random part of version 7 */
    struct row *set = limits->rows + (tail * 0x9E3779B97F4A7C15U >> 20) % limits->sets * WAYS;
    struct row *found = NULL, *oldest = set;
    for (size_t i = 0; i < WAYS && !found; i++) {
        if (set[i].taken && fam_uuid_equal(&set[i].user, user)) {
            found = &set[i];
        } else if (oldest->taken && (!set[i].taken || set[i].last_ms < oldest->last_ms)) {
            oldest = &set[i];
        }
    }
    if (!found) {
        found = oldest;
        *found = (struct row){.user = *user, .taken = true};
    }
    found->last_ms = now_ms;
    for (size_t i = 0; i < WINDOWS; i++) {
        if (now_ms >= found->windows[i].ends_ms) {
            found->windows[i] = (struct window){0};
        }
    }
    return found;
}

static void note(struct fam_limits *limits, struct row *row, uint64_t now_ms)
{
    for (size_t i = 0; i < WINDOWS; i++) {
        struct window *window = &row->windows[i];
        if (window->used == 0 && window->ends_ms == 0) {
            window->ends_ms = now_ms + limits->length_ms[i];
        }
        if (window->used < UINT32_MAX) {
            window->used++;
        }
    }
}

/* ---- both ways of counting ---- */

static enum fam_limit_window take_local(struct fam_limits *limits, const struct fam_uuid *user, uint64_t *ret_wait_ms)
{
    enum fam_limit_window which = FAM_LIMIT_NONE;
    uint64_t now_ms = fam_mono_ms();
    *ret_wait_ms = 0;
    pthread_mutex_lock(&limits->lock);
    struct row *row = find(limits, user, now_ms);
    for (size_t i = 0; i < WINDOWS; i++) {
        uint64_t wait_ms = row->windows[i].ends_ms - now_ms;
        if (row->windows[i].used >= limits->most[i] && wait_ms >= *ret_wait_ms) {
            which = (enum fam_limit_window)i;
            *ret_wait_ms = wait_ms;
        }
    }
    if (which == FAM_LIMIT_NONE) {
        note(limits, row, now_ms);
    }
    pthread_mutex_unlock(&limits->lock);
    return which;
}

struct keys {
    char text[WINDOWS][KEY_SIZE];
    struct fam_redis_arg args[WINDOWS];
};

static void fill_keys(const struct fam_limits *limits, const struct fam_uuid *user, struct keys *ret_keys)
{
    static const char *const names[WINDOWS] = {"hour", "day"};
    char text[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(user, text);
    for (size_t i = 0; i < WINDOWS; i++) {
        snprintf(ret_keys->text[i], KEY_SIZE, "fam:{%s}:%s:%s", text, limits->name, names[i]);
        ret_keys->args[i] = FAM_REDIS_ARG(ret_keys->text[i]);
    }
}

/* False when Redis can't say. */
static bool take_shared(struct fam_limits *limits, const struct fam_uuid *user, enum fam_limit_window *ret_which,
                        uint64_t *ret_wait_ms)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    char numbers[WINDOWS * 2][NUMBER_SIZE];
    struct fam_redis_arg args[WINDOWS * 2];
    struct fam_status ignored = {0};
    struct keys keys;
    if (!limits->redis) {
        return false;
    }
    fill_keys(limits, user, &keys);
    for (size_t i = 0; i < WINDOWS; i++) {
        snprintf(numbers[i * 2], NUMBER_SIZE, "%u", limits->most[i]);
        snprintf(numbers[i * 2 + 1], NUMBER_SIZE, "%u", limits->length_ms[i]);
        args[i * 2] = FAM_REDIS_ARG(numbers[i * 2]);
        args[i * 2 + 1] = FAM_REDIS_ARG(numbers[i * 2 + 1]);
    }
    if (fam_redis_eval(limits->redis, &limits->take, keys.args, WINDOWS, args, WINDOWS * 2, &reply, &ignored) ||
        fam_redis_reply_count(reply) != 2) {
        return false;
    }
    int64_t which = fam_redis_reply_integer(fam_redis_reply_item(reply, 0));
    int64_t wait_ms = fam_redis_reply_integer(fam_redis_reply_item(reply, 1));
    *ret_which = which == 1 ? FAM_LIMIT_HOUR : which == 2 ? FAM_LIMIT_DAY : FAM_LIMIT_NONE;
    *ret_wait_ms = wait_ms > 0 ? (uint64_t)wait_ms : 0;
    if (*ret_which == FAM_LIMIT_NONE) {
        /* So that the local count is near the truth when Redis goes away. */
        uint64_t now_ms = fam_mono_ms();
        pthread_mutex_lock(&limits->lock);
        note(limits, find(limits, user, now_ms), now_ms);
        pthread_mutex_unlock(&limits->lock);
    }
    return true;
}

enum fam_code fam_limits_take(struct fam_limits *limits, const struct fam_uuid *user, uint32_t *ret_retry_after_ms,
                              enum fam_limit_window *ret_which, struct fam_status *status)
{
    uint64_t wait_ms = 0;
    *ret_retry_after_ms = 0;
    if (!take_shared(limits, user, ret_which, &wait_ms)) {
        *ret_which = take_local(limits, user, &wait_ms);
    }
    if (*ret_which == FAM_LIMIT_NONE) {
        return FAM_OK;
    }
    *ret_retry_after_ms = wait_ms < UINT32_MAX ? (uint32_t)wait_ms : UINT32_MAX;
    bool hour = *ret_which == FAM_LIMIT_HOUR;
    return fam_fail_reason(status, FAM_RESOURCE_EXHAUSTED, hour ? "LIMIT_HOUR" : "LIMIT_DAY", *ret_retry_after_ms,
                           "the limit of %u %s %s is used up", limits->most[*ret_which], limits->what,
                           hour ? "an hour" : "a day");
}

void fam_limits_give_back(struct fam_limits *limits, const struct fam_uuid *user)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    struct fam_status ignored = {0};
    struct keys keys;
    pthread_mutex_lock(&limits->lock);
    struct row *row = find(limits, user, fam_mono_ms());
    for (size_t i = 0; i < WINDOWS; i++) {
        row->windows[i].used -= row->windows[i].used > 0;
    }
    pthread_mutex_unlock(&limits->lock);
    if (!limits->redis) {
        return;
    }
    fill_keys(limits, user, &keys);
    /* What can't be given back opens by itself when the window ends. */
    if (fam_redis_eval(limits->redis, &limits->give_back, keys.args, WINDOWS, NULL, 0, &reply, &ignored)) {
        return;
    }
}

enum fam_code fam_limits_forget(struct fam_limits *limits, const struct fam_uuid *user, struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    struct fam_redis_arg args[1 + WINDOWS] = {FAM_REDIS_ARG("DEL")};
    struct keys keys;
    pthread_mutex_lock(&limits->lock);
    struct row *row = find(limits, user, fam_mono_ms());
    memset(row, 0, sizeof(*row));
    pthread_mutex_unlock(&limits->lock);
    if (!limits->redis) {
        return FAM_OK;
    }
    fill_keys(limits, user, &keys);
    for (size_t i = 0; i < WINDOWS; i++) {
        args[1 + i] = keys.args[i];
    }
    return fam_redis_call(limits->redis, args, 1 + WINDOWS, &reply, status);
}
