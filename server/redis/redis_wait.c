/* redis_wait.c: see redis_wait.h. */
#include "redis/redis_wait.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "redis/redis_private.h"

enum {
    KEY_SIZE = 128,
    LONGEST_MS = 60000,
    LATE_MS = 1000, /* an answer that is later than the time it was to come at */
    AWAY_MS = 100   /* between two looks while Redis is away */
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

/* The reply to the BLPOP: 1 an element, 0 none in time, -1 the connection is of no use any more. */
static int read_pop(const struct fam_redis_wait *wait, redisContext *connection, uint64_t end_ms, bool *ret_stopped)
{
    for (;;) {
        void *reply = NULL;
        if (redisGetReplyFromReader(connection, &reply) != REDIS_OK) {
            return -1;
        }
        if (reply) {
            enum fam_redis_type type = fam_redis_reply_type(reply);
            fam_redis_reply_free(reply);
            if (type == FAM_REDIS_ARRAY) {
                return 1;
            }
            return type == FAM_REDIS_NIL ? 0 : -1;
        }
        if (!sleep_until(wait, connection->fd, end_ms + LATE_MS, ret_stopped) ||
            redisBufferRead(connection) != REDIS_OK) {
            return -1;
        }
    }
}

static int pop(const struct fam_redis_wait *wait, redisContext *connection, uint64_t end_ms, bool *ret_stopped)
{
    char seconds[24];
    uint64_t now_ms = fam_mono_ms();
    uint64_t left_ms = now_ms < end_ms ? end_ms - now_ms : 1;
    int written = 0;
    snprintf(seconds, sizeof(seconds), "%u.%03u", (unsigned)(left_ms / 1000), (unsigned)(left_ms % 1000));
    const char *argv[] = {"BLPOP", wait->key, seconds};
    if (redisAppendCommandArgv(connection, 3, argv, NULL) != REDIS_OK) {
        return -1;
    }
    while (!written) {
        if (redisBufferWrite(connection, &written) != REDIS_OK) {
            return -1;
        }
    }
    return read_pop(wait, connection, end_ms, ret_stopped);
}

bool fam_redis_wait_for(struct fam_redis_wait *wait, uint32_t timeout_ms)
{
    uint64_t end_ms = fam_mono_ms() + (timeout_ms < LONGEST_MS ? timeout_ms : LONGEST_MS);
    bool stopped = false, was_away = false;
    while (!stopped && fam_mono_ms() < end_ms) {
        redisContext *connection = fam_redis_is_up(wait->redis) ? take(wait) : NULL;
        if (connection && was_away) {
            give(wait, connection, true);
            return true;
        }
        if (connection) {
            int got = pop(wait, connection, end_ms, &stopped);
            give(wait, connection, got >= 0);
            if (got > 0) {
                return true;
            }
            was_away = got < 0;
        } else {
            was_away = true;
        }
        if (was_away) {
            uint64_t next_ms = fam_mono_ms() + AWAY_MS;
            (void)sleep_until(wait, -1, next_ms < end_ms ? next_ms : end_ms, &stopped);
        }
    }
    return false;
}
