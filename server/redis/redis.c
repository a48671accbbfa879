/* redis.c: the pool, the breaker and its probing thread; see redis.h. */
#include "redis/redis.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "redis/redis_private.h"

enum { FIRST_WAIT_MS = 300, LONGEST_CLIENT_NAME = 32 };

struct fam_redis {
    struct fam_redis_address address;
    char client_name[LONGEST_CLIENT_NAME + 1];
    size_t connections;
    struct fam_redis_times times;
    uint32_t probe_ms;
    struct fam_metrics *metrics;
    struct fam_log *log;

    pthread_mutex_t lock;
    pthread_cond_t freed; /* a connection came free, or the breaker opened: for callers */
    pthread_cond_t moved; /* the breaker moved, or we stop: for the prober */
    redisContext *idle[FAM_REDIS_MAX_CONNECTIONS];
    size_t idle_count;
    size_t open_count; /* idle and in use */
    bool up;
    bool probed; /* the first try is over */
    bool stop;
    struct fam_status why; /* while down: what the last try found */
    pthread_t prober;
    bool prober_runs;
};

/* ---- the breaker ---- */

static void drop_idle(struct fam_redis *redis)
{
    while (redis->idle_count > 0) {
        redisFree(redis->idle[--redis->idle_count]);
        redis->open_count--;
    }
}

/* With the lock held. */
static void open_breaker(struct fam_redis *redis, const struct fam_status *why)
{
    bool first = redis->up || !redis->probed;
    redis->up = false;
    redis->why = *why;
    drop_idle(redis);
    fam_metrics_set(redis->metrics, FAM_M_REDIS_UP, NULL, 0);
    if (first) {
        fam_log_status(redis->log, FAM_LOG_WARN, "redis", "redis is away", why);
    }
    pthread_cond_broadcast(&redis->freed);
    pthread_cond_broadcast(&redis->moved);
}

/* With the lock held. */
static void close_breaker(struct fam_redis *redis)
{
    redis->up = true;
    fam_metrics_set(redis->metrics, FAM_M_REDIS_UP, NULL, 1);
    FAM_LOG0(redis->log, FAM_LOG_INFO, "redis", "redis is there");
}

/* With the lock held; waits until `end_ms` at most. False when that time has come. */
static bool wait_for(struct fam_redis *redis, pthread_cond_t *condition, uint64_t end_ms)
{
    struct timespec end = {.tv_sec = (time_t)(end_ms / 1000), .tv_nsec = (long)(end_ms % 1000) * 1000000};
    return pthread_cond_timedwait(condition, &redis->lock, &end) != ETIMEDOUT;
}

/* One try, without the lock. */
static void probe(struct fam_redis *redis)
{
    struct fam_status status = {0};
    pthread_mutex_unlock(&redis->lock);
    redisContext *connection = fam_redis_connect(&redis->address, redis->client_name, redis->times, &status);
    pthread_mutex_lock(&redis->lock);
    if (connection && redis->open_count < redis->connections) {
        redis->idle[redis->idle_count++] = connection;
        redis->open_count++;
    } else if (connection) {
        redisFree(connection);
    }
    if (connection) {
        close_breaker(redis);
    } else {
        open_breaker(redis, &status);
    }
    redis->probed = true;
    pthread_cond_broadcast(&redis->moved);
}

static void *prober_main(void *argument)
{
    struct fam_redis *redis = argument;
    pthread_mutex_lock(&redis->lock);
    while (!redis->stop) {
        if (redis->up) { /* until a command fails (open_breaker) or the end */
            pthread_cond_wait(&redis->moved, &redis->lock);
            continue;
        }
        uint64_t next_ms = fam_mono_ms() + redis->probe_ms;
        probe(redis);
        while (!redis->up && !redis->stop && wait_for(redis, &redis->moved, next_ms)) {
            ;
        }
    }
    pthread_mutex_unlock(&redis->lock);
    return NULL;
}

/* ---- life ---- */

static bool name_is_good(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t length = strnlen(name, LONGEST_CLIENT_NAME + 1);
    return length > 0 && length <= LONGEST_CLIENT_NAME && strspn(name, allowed) == length;
}

static enum fam_code take_options(struct fam_redis *redis, const struct fam_redis_options *options,
                                  struct fam_status *status)
{
    const char *name = options->client_name ? options->client_name : "famserver";
    if (!name_is_good(name) || options->connections > FAM_REDIS_MAX_CONNECTIONS) {
        return fam_fail(status, FAM_INVALID_ARGUMENT,
                        "Redis: 1 to 32 letters for the client's name, 1 to %d connections", FAM_REDIS_MAX_CONNECTIONS);
    }
    snprintf(redis->client_name, sizeof(redis->client_name), "%s", name);
    redis->connections = options->connections ? options->connections : 8;
    redis->times.connect_ms = options->connect_timeout_ms ? options->connect_timeout_ms : 500;
    redis->times.command_ms = options->command_timeout_ms ? options->command_timeout_ms : 1000;
    redis->probe_ms = options->probe_ms ? options->probe_ms : 1000;
    redis->metrics = options->metrics;
    redis->log = options->log;
    return fam_redis_address_parse(options->url, &redis->address, status);
}

static enum fam_code start_prober(struct fam_redis *redis, struct fam_status *status)
{
    if (pthread_create(&redis->prober, NULL, prober_main, redis) != 0) {
        return fam_fail(status, FAM_RESOURCE_EXHAUSTED, "no thread for Redis");
    }
    redis->prober_runs = true;
    uint64_t end_ms = fam_mono_ms() + FIRST_WAIT_MS;
    pthread_mutex_lock(&redis->lock);
    while (!redis->probed && wait_for(redis, &redis->moved, end_ms)) {
        ;
    }
    pthread_mutex_unlock(&redis->lock);
    return FAM_OK;
}

struct fam_redis *fam_redis_new(const struct fam_redis_options *options, struct fam_status *status)
{
    pthread_condattr_t monotonic;
    struct fam_redis *redis = calloc(1, sizeof(*redis));
    if (!redis) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    pthread_mutex_init(&redis->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&redis->freed, &monotonic);
    pthread_cond_init(&redis->moved, &monotonic);
    pthread_condattr_destroy(&monotonic);
    (void)fam_fail_reason(&redis->why, FAM_UNAVAILABLE, "REDIS_UNAVAILABLE", 1000, "Redis is not configured");
    enum fam_code code = take_options(redis, options, status);
    fam_metrics_set(redis->metrics, FAM_M_REDIS_UP, NULL, 0);
    if (!code && redis->address.configured) {
        (void)fam_fail_reason(&redis->why, FAM_UNAVAILABLE, "REDIS_UNAVAILABLE", 1000, "Redis was not reached yet");
        code = start_prober(redis, status);
    }
    if (!code) {
        return redis;
    }
    fam_redis_free(redis);
    return NULL;
}

void fam_redis_free(struct fam_redis *redis)
{
    if (!redis) {
        return;
    }
    pthread_mutex_lock(&redis->lock);
    redis->stop = true;
    pthread_cond_broadcast(&redis->moved);
    pthread_mutex_unlock(&redis->lock);
    if (redis->prober_runs) {
        pthread_join(redis->prober, NULL);
    }
    drop_idle(redis);
    fam_redis_address_done(&redis->address);
    pthread_cond_destroy(&redis->freed);
    pthread_cond_destroy(&redis->moved);
    pthread_mutex_destroy(&redis->lock);
    free(redis);
}

bool fam_redis_is_configured(const struct fam_redis *redis)
{
    return redis->address.configured;
}

bool fam_redis_is_up(struct fam_redis *redis)
{
    pthread_mutex_lock(&redis->lock);
    bool up = redis->up;
    pthread_mutex_unlock(&redis->lock);
    return up;
}

/* ---- the pool ---- */

static enum fam_code fail_down(struct fam_redis *redis, struct fam_status *status)
{
    *status = redis->why;
    return status->code;
}

/* With the lock held: an idle connection that still looks alive, or NULL. */
static redisContext *take_idle(struct fam_redis *redis)
{
    while (redis->idle_count > 0) {
        redisContext *connection = redis->idle[--redis->idle_count];
        if (!fam_redis_is_stale(connection)) {
            return connection;
        }
        redisFree(connection);
        redis->open_count--;
    }
    return NULL;
}

static void give_up(struct fam_redis *redis, redisContext *connection, const struct fam_status *why)
{
    if (connection) {
        redisFree(connection);
    }
    pthread_mutex_lock(&redis->lock);
    redis->open_count--;
    if (redis->up) {
        open_breaker(redis, why);
    }
    pthread_mutex_unlock(&redis->lock);
}

static enum fam_code acquire(struct fam_redis *redis, uint64_t end_ms, redisContext **ret_connection,
                             struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    redisContext *connection = NULL;
    pthread_mutex_lock(&redis->lock);
    for (;;) {
        if (!redis->up) {
            code = fail_down(redis, status);
            break;
        }
        connection = take_idle(redis);
        if (connection || redis->open_count < redis->connections) {
            break;
        }
        if (!wait_for(redis, &redis->freed, end_ms)) {
            code = fam_fail_reason(status, FAM_UNAVAILABLE, "REDIS_BUSY", 100, "all connections to Redis are in use");
            break;
        }
    }
    if (!code && !connection) {
        redis->open_count++;
    }
    pthread_mutex_unlock(&redis->lock);
    if (!code && !connection) {
        connection = fam_redis_connect(&redis->address, redis->client_name, redis->times, status);
        if (!connection) {
            code = status->code;
            give_up(redis, NULL, status);
        }
    }
    *ret_connection = connection;
    return code;
}

static void release(struct fam_redis *redis, redisContext *connection)
{
    pthread_mutex_lock(&redis->lock);
    if (redis->up) {
        redis->idle[redis->idle_count++] = connection;
        connection = NULL;
    } else {
        redis->open_count--;
    }
    pthread_cond_signal(&redis->freed);
    pthread_mutex_unlock(&redis->lock);
    if (connection) {
        redisFree(connection);
    }
}

enum fam_code fam_redis_pipeline(struct fam_redis *redis, const struct fam_redis_command *commands, size_t count,
                                 struct fam_redis_reply **ret_replies, struct fam_status *status)
{
    uint64_t end_ms = fam_mono_ms() + redis->times.command_ms;
    redisContext *connection = NULL;
    if (count == 0 || count > FAM_REDIS_MAX_PIPELINE) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "a pipeline takes 1 to %d commands", FAM_REDIS_MAX_PIPELINE);
    }
    for (size_t i = 0; i < count; i++) {
        if (commands[i].count == 0 || commands[i].count > FAM_REDIS_MAX_ARGS) {
            return fam_fail(status, FAM_INVALID_ARGUMENT, "a Redis command takes 1 to %d words", FAM_REDIS_MAX_ARGS);
        }
    }
    enum fam_code code = acquire(redis, end_ms, &connection, status);
    if (code) {
        return code;
    }
    uint64_t now_ms = fam_mono_ms();
    uint32_t left_ms = now_ms < end_ms ? (uint32_t)(end_ms - now_ms) : 1;
    code = fam_redis_exchange(connection, left_ms, commands, count, ret_replies, status);
    if (code) {
        give_up(redis, connection, status);
        return code;
    }
    const struct fam_redis_reply *last = ret_replies[count - 1];
    struct fam_status why = {0};
    if (fam_redis_reply_is_outage(last) && fam_redis_reply_expect(last, FAM_REDIS_NIL, &why)) {
        give_up(redis, connection, &why);
    } else {
        release(redis, connection);
    }
    return FAM_OK;
}

/* ---- commands ---- */

/* An error reply becomes a failure. */
static enum fam_code settle(struct fam_redis_reply *reply, struct fam_redis_reply **ret_reply,
                            struct fam_status *status)
{
    *ret_reply = NULL;
    if (fam_redis_reply_type(reply) == FAM_REDIS_ERROR) {
        enum fam_code code = fam_redis_reply_expect(reply, FAM_REDIS_NIL, status);
        fam_redis_reply_free(reply);
        return code;
    }
    *ret_reply = reply;
    return FAM_OK;
}

enum fam_code fam_redis_call(struct fam_redis *redis, const struct fam_redis_arg *args, size_t count,
                             struct fam_redis_reply **ret_reply, struct fam_status *status)
{
    struct fam_redis_reply *reply = NULL;
    *ret_reply = NULL;
    enum fam_code code = fam_redis_pipeline(redis, &(struct fam_redis_command){args, count}, 1, &reply, status);
    return code ? code : settle(reply, ret_reply, status);
}

redisContext *fam_redis_open(const struct fam_redis *redis, struct fam_status *status)
{
    if (!redis->address.configured) {
        (void)fam_fail_reason(status, FAM_UNAVAILABLE, "REDIS_UNAVAILABLE", 0, "Redis is not configured");
        return NULL;
    }
    return fam_redis_connect(&redis->address, redis->client_name, redis->times, status);
}

enum fam_code fam_redis_ping(struct fam_redis *redis, struct fam_status *status)
{
    const struct fam_redis_arg ping[] = {FAM_REDIS_ARG("PING")};
    struct fam_redis_reply *reply = NULL;
    enum fam_code code = fam_redis_call(redis, ping, 1, &reply, status);
    if (!code) {
        code = fam_redis_reply_expect(reply, FAM_REDIS_TEXT, status);
    }
    fam_redis_reply_free(reply);
    return code;
}

/* ---- scripts ---- */

bool fam_redis_script_name(struct fam_redis *redis, const struct fam_redis_script *script, char ret_sha1[41])
{
    pthread_mutex_lock(&redis->lock);
    bool known = script->known;
    memcpy(ret_sha1, script->sha1, 41);
    pthread_mutex_unlock(&redis->lock);
    return known;
}

static void learn_name(struct fam_redis *redis, struct fam_redis_script *script, const struct fam_redis_reply *loaded)
{
    size_t size = 0;
    const char *name = fam_redis_reply_text(loaded, &size);
    if (size != 40) {
        return;
    }
    pthread_mutex_lock(&redis->lock);
    memcpy(script->sha1, name, 41);
    script->known = true;
    pthread_mutex_unlock(&redis->lock);
}

/* By the source, asking for the name in the same round trip. */
static enum fam_code eval_source(struct fam_redis *redis, struct fam_redis_script *script, struct fam_redis_arg *words,
                                 size_t count, struct fam_redis_reply **ret_reply, struct fam_status *status)
{
    const struct fam_redis_arg load[] = {FAM_REDIS_ARG("SCRIPT"), FAM_REDIS_ARG("LOAD"), FAM_REDIS_ARG(script->source)};
    struct fam_redis_reply *replies[2] = {NULL, NULL};
    words[0] = FAM_REDIS_ARG("EVAL");
    words[1] = FAM_REDIS_ARG(script->source);
    const struct fam_redis_command commands[] = {{load, 3}, {words, count}};
    enum fam_code code = fam_redis_pipeline(redis, commands, 2, replies, status);
    if (code) {
        return code;
    }
    learn_name(redis, script, replies[0]);
    fam_redis_reply_free(replies[0]);
    return settle(replies[1], ret_reply, status);
}

enum fam_code fam_redis_eval(struct fam_redis *redis, struct fam_redis_script *script, const struct fam_redis_arg *keys,
                             size_t key_count, const struct fam_redis_arg *args, size_t arg_count,
                             struct fam_redis_reply **ret_reply, struct fam_status *status)
{
    struct fam_redis_arg words[FAM_REDIS_MAX_ARGS];
    struct fam_redis_reply *reply = NULL;
    char sha1[41], number[24];
    *ret_reply = NULL;
    if (key_count > 60 || arg_count > 60 || key_count + arg_count > 60) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "a script takes 60 keys and arguments at most");
    }
    snprintf(number, sizeof(number), "%zu", key_count);
    words[2] = FAM_REDIS_ARG(number);
    if (key_count) {
        memcpy(words + 3, keys, key_count * sizeof(*keys));
    }
    if (arg_count) {
        memcpy(words + 3 + key_count, args, arg_count * sizeof(*args));
    }
    size_t count = 3 + key_count + arg_count;
    if (!fam_redis_script_name(redis, script, sha1)) {
        return eval_source(redis, script, words, count, ret_reply, status);
    }
    words[0] = FAM_REDIS_ARG("EVALSHA");
    words[1] = FAM_REDIS_ARG(sha1);
    enum fam_code code = fam_redis_pipeline(redis, &(struct fam_redis_command){words, count}, 1, &reply, status);
    if (code) {
        return code;
    }
    if (!fam_redis_reply_is_error(reply, "NOSCRIPT")) {
        return settle(reply, ret_reply, status);
    }
    fam_redis_reply_free(reply);
    return eval_source(redis, script, words, count, ret_reply, status);
}
