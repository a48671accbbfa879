/* redis_wait.c: see redis_wait.h. */
#include "redis/redis_wait.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "redis/redis_private.h"

enum {
    KEY_SIZE = 128,
    LONGEST_MS = 60000,
    LATE_MS = 1000, /* an answer that is later than the time it was to come at */
    AWAY_MS = 100,  /* between two looks while Redis is away */
    LAST_MS = 100   /* for what Redis has done before it hears of an interrupt */
};

struct fam_redis_wait {
    struct fam_redis *redis;
    char key[KEY_SIZE];
    int stop_fd; /* readable from the interrupt on */
    pthread_mutex_t lock;
    redisContext *idle[FAM_REDIS_WAITS_MAX];
    size_t idle_count;
    size_t open_count; /* idle and in use */
};

struct fam_redis_wait *fam_redis_wait_new(struct fam_redis *redis, const char *key, struct fam_status *status)
{
    struct fam_redis_wait *wait = calloc(1, sizeof(*wait));
    size_t length = key ? strnlen(key, KEY_SIZE) : 0;
    if (length < 1 || length >= KEY_SIZE) {
        free(wait);
        (void)fam_fail(status, FAM_INVALID_ARGUMENT, "a key takes 1 to %d bytes", KEY_SIZE - 1);
        return NULL;
    }
    if (!wait) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    wait->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wait->stop_fd < 0 || pthread_mutex_init(&wait->lock, NULL) != 0) {
        if (wait->stop_fd >= 0) {
            close(wait->stop_fd);
        }
        free(wait);
        (void)fam_fail_memory(status);
        return NULL;
    }
    wait->redis = redis;
    memcpy(wait->key, key, length + 1);
    return wait;
}

void fam_redis_wait_free(struct fam_redis_wait *wait)
{
    if (!wait) {
        return;
    }
    while (wait->idle_count > 0) {
        redisFree(wait->idle[--wait->idle_count]);
    }
    close(wait->stop_fd);
    pthread_mutex_destroy(&wait->lock);
    free(wait);
}

void fam_redis_wait_interrupt(struct fam_redis_wait *wait)
{
    const uint64_t one = 1;
    ssize_t written = 0;
    do {
        written = write(wait->stop_fd, &one, sizeof(one));
    } while (written < 0 && errno == EINTR);
}

/* Until `end_ms`, something to read from fd (below 0: none), or the interrupt. True: there is something to read;
 * *ret_stopped: interrupted. */
static bool sleep_until(const struct fam_redis_wait *wait, int fd, uint64_t end_ms, bool *ret_stopped)
{
    for (;;) {
        struct pollfd fds[] = {{.fd = wait->stop_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
        uint64_t now_ms = fam_mono_ms();
        int left = now_ms < end_ms ? (int)(end_ms - now_ms) : 0;
        int n = poll(fds, 2, left);
        if (fds[0].revents) {
            *ret_stopped = true;
            return false;
        }
        if (n > 0 || n == 0 || errno != EINTR) {
            return n > 0;
        }
    }
}

/* NULL: as many as may are open, or Redis is not reachable. */
static redisContext *take(struct fam_redis_wait *wait)
{
    struct fam_status ignored = {0};
    redisContext *connection = NULL;
    bool may_open = false;
    pthread_mutex_lock(&wait->lock);
    while (!connection && wait->idle_count > 0) {
        connection = wait->idle[--wait->idle_count];
        if (fam_redis_is_stale(connection)) {
            redisFree(connection);
            connection = NULL;
            wait->open_count--;
        }
    }
    if (!connection && wait->open_count < FAM_REDIS_WAITS_MAX) {
        wait->open_count++;
        may_open = true;
    }
    pthread_mutex_unlock(&wait->lock);
    if (may_open) {
        connection = fam_redis_open(wait->redis, &ignored);
        if (!connection) {
            pthread_mutex_lock(&wait->lock);
            wait->open_count--;
            pthread_mutex_unlock(&wait->lock);
        }
    }
    return connection;
}

static void give(struct fam_redis_wait *wait, redisContext *connection, bool is_good)
{
    pthread_mutex_lock(&wait->lock);
    if (is_good) {
        wait->idle[wait->idle_count++] = connection;
    } else {
        wait->open_count--;
    }
    pthread_mutex_unlock(&wait->lock);
    if (!is_good) {
        redisFree(connection);
    }
}

/* What goes out in one piece: the BLPOP, and what Redis is to do after it. */
struct errand {
    const struct fam_redis_script *script; /* NULL: nothing */
    const struct fam_redis_arg *words;
    size_t key_count, count;
    struct fam_redis_reply *reply; /* the script's */
    bool stopped;
};

/* The interrupt has come. Redis forgets a client that says no more, and what it had still to do for it; what it has
 * done before is on its way, and must not be lost. True: there is something to read. */
static bool say_no_more(redisContext *connection, uint64_t *end_ms)
{
    if (shutdown(connection->fd, SHUT_WR) != 0) {
        return false;
    }
    *end_ms = fam_mono_ms() + LAST_MS;
    return true;
}

/* False: it is closed, failed, or late. */
static bool read_more(const struct fam_redis_wait *wait, redisContext *connection, struct errand *errand,
                      uint64_t *end_ms)
{
    bool was_stopped = errand->stopped, ready = false;
    if (was_stopped) {
        struct pollfd fd = {.fd = connection->fd, .events = POLLIN};
        uint64_t now_ms = fam_mono_ms();
        ready = poll(&fd, 1, now_ms < *end_ms ? (int)(*end_ms - now_ms) : 0) > 0;
    } else {
        ready = sleep_until(wait, connection->fd, *end_ms, &errand->stopped);
    }
    if (!was_stopped && errand->stopped) {
        return say_no_more(connection, end_ms);
    }
    return ready && redisBufferRead(connection) == REDIS_OK;
}

/* NULL: the connection is of no use any more. */
static struct fam_redis_reply *read_reply(const struct fam_redis_wait *wait, redisContext *connection,
                                          struct errand *errand, uint64_t *end_ms)
{
    for (;;) {
        void *reply = NULL;
        if (redisGetReplyFromReader(connection, &reply) != REDIS_OK) {
            return NULL;
        }
        if (reply) {
            return reply;
        }
        if (!read_more(wait, connection, errand, end_ms)) {
            return NULL;
        }
    }
}

/* The replies: 1 an element, 0 none in time, -1 the connection is of no use any more. */
static int read_pop(const struct fam_redis_wait *wait, redisContext *connection, struct errand *errand, uint64_t end_ms)
{
    uint64_t last_ms = end_ms + LATE_MS;
    struct fam_redis_reply *popped = read_reply(wait, connection, errand, &last_ms);
    if (!popped) {
        return -1;
    }
    enum fam_redis_type type = fam_redis_reply_type(popped);
    fam_redis_reply_free(popped);
    if (errand->script) {
        last_ms = errand->stopped ? last_ms : fam_mono_ms() + LATE_MS;
        errand->reply = read_reply(wait, connection, errand, &last_ms);
        if (errand->reply && fam_redis_reply_is_error(errand->reply, "NOSCRIPT")) {
            fam_redis_reply_free(errand->reply);
            errand->reply = NULL;
        } else if (!errand->reply) {
            return -1;
        }
    }
    if (errand->stopped) {
        return -1;
    }
    if (type == FAM_REDIS_ARRAY) {
        return 1;
    }
    return type == FAM_REDIS_NIL ? 0 : -1;
}

static bool append_script(const struct fam_redis_wait *wait, redisContext *connection, struct errand *errand)
{
    const char *argv[FAM_REDIS_MAX_ARGS];
    size_t sizes[FAM_REDIS_MAX_ARGS];
    char sha1[41], number[24];
    if (errand->count > FAM_REDIS_MAX_ARGS - 3 || !fam_redis_script_name(wait->redis, errand->script, sha1)) {
        errand->script = NULL;
        return true;
    }
    (void)snprintf(number, sizeof(number), "%zu", errand->key_count);
    argv[0] = "EVALSHA";
    argv[1] = sha1;
    argv[2] = number;
    for (size_t i = 0; i < 3; i++) {
        sizes[i] = strlen(argv[i]);
    }
    for (size_t i = 0; i < errand->count; i++) {
        argv[i + 3] = errand->words[i].data;
        sizes[i + 3] = errand->words[i].size;
    }
    return redisAppendCommandArgv(connection, (int)errand->count + 3, argv, sizes) == REDIS_OK;
}

static int pop(const struct fam_redis_wait *wait, redisContext *connection, struct errand *errand, uint64_t end_ms)
{
    char seconds[24];
    uint64_t now_ms = fam_mono_ms();
    uint64_t left_ms = now_ms < end_ms ? end_ms - now_ms : 1;
    int written = 0;
    snprintf(seconds, sizeof(seconds), "%u.%03u", (unsigned)(left_ms / 1000), (unsigned)(left_ms % 1000));
    const char *argv[] = {"BLPOP", wait->key, seconds};
    if (redisAppendCommandArgv(connection, 3, argv, NULL) != REDIS_OK ||
        (errand->script && !append_script(wait, connection, errand))) {
        return -1;
    }
    while (!written) {
        if (redisBufferWrite(connection, &written) != REDIS_OK) {
            return -1;
        }
    }
    return read_pop(wait, connection, errand, end_ms);
}

static bool run_errand(struct fam_redis_wait *wait, uint32_t timeout_ms, struct errand *errand)
{
    const struct fam_redis_script *script = errand->script;
    uint64_t end_ms = fam_mono_ms() + (timeout_ms < LONGEST_MS ? timeout_ms : LONGEST_MS);
    bool was_away = false;
    (void)sleep_until(wait, -1, 0, &errand->stopped); /* a look at the interrupt: nothing is begun after it */
    while (!errand->stopped && fam_mono_ms() < end_ms) {
        redisContext *connection = fam_redis_is_up(wait->redis) ? take(wait) : NULL;
        if (connection && was_away) {
            give(wait, connection, true);
            return true;
        }
        if (connection) {
            errand->script = script;
            int got = pop(wait, connection, errand, end_ms);
            give(wait, connection, got >= 0);
            if (got > 0 || errand->reply) {
                return got > 0;
            }
            was_away = got < 0;
        } else {
            was_away = true;
        }
        if (was_away) {
            uint64_t next_ms = fam_mono_ms() + AWAY_MS;
            (void)sleep_until(wait, -1, next_ms < end_ms ? next_ms : end_ms, &errand->stopped);
        }
    }
    return false;
}

bool fam_redis_wait_for(struct fam_redis_wait *wait, uint32_t timeout_ms)
{
    struct errand errand = {.script = NULL};
    return run_errand(wait, timeout_ms, &errand);
}

bool fam_redis_wait_then(struct fam_redis_wait *wait, uint32_t timeout_ms, const struct fam_redis_script *script,
                         const struct fam_redis_arg *words, size_t key_count, size_t count,
                         struct fam_redis_reply **ret_reply)
{
    struct errand errand = {.script = script, .words = words, .key_count = key_count, .count = count};
    bool woken = run_errand(wait, timeout_ms, &errand);
    *ret_reply = errand.reply;
    return woken;
}
