#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_flood.h"
#include "base/log_line.h"

enum {
    RING_BYTES_DEFAULT = 512 * 1024,
    LINGER_MS = 10, /* lines are written together: waking the writer costs more than a line */
    STOP_WAIT_MS = 2000,
};

struct fam_log {
    struct fam_log_head head;
    int fd;
    atomic_int level;
    atomic_uint_fast64_t dropped;
    atomic_int observed; /* from this level on; the next two are written before it */
    fam_log_observer *observer;
    void *observer_context;
    pthread_mutex_t lock;
    pthread_cond_t filled;
    pthread_cond_t end;
    pthread_t writer;
    char *ring; /* under the lock, like all that follows */
    size_t ring_bytes;
    size_t start, used;
    uint64_t unreported;
    struct fam_log_flood flood;
    bool sleeping; /* the writer, for want of lines: the next one wakes it */
    bool urgent;   /* somebody should read this now, or the ring gets full */
    bool stopping;
    bool ended; /* the writer, which has nothing left to write */
};

static const char *const LEVEL_NAMES[] = {"debug", "info", "warn", "error", "off"};

bool fam_log_level_parse(const char *text, enum fam_log_level *ret_level)
{
    for (size_t i = 0; i < FAM_ARRAY_SIZE(LEVEL_NAMES); i++) {
        if (strcmp(text, LEVEL_NAMES[i]) == 0) {
            *ret_level = (enum fam_log_level)i;
            return true;
        }
    }
    return false;
}

const char *fam_log_level_name(enum fam_log_level level)
{
    return LEVEL_NAMES[level];
}

/* Not a byte less than all of it, unless the descriptor is broken: then the line is lost, as it must be. */
static void write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t wrote = write(fd, data, size);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote < 0 && errno == EAGAIN) { /* whoever shares the descriptor made it so */
            /* As long as it takes, like the write itself: only this thread waits for the reader, the ring drops what
             * does not fit meanwhile, and fam_log_free leaves the thread behind. */
            struct pollfd writable = {.fd = fd, .events = POLLOUT};
            (void)poll(&writable, 1, -1);
            continue;
        }
        if (wrote <= 0) {
            return;
        }
        data += wrote;
        size -= (size_t)wrote;
    }
}

/* Under the lock: waits for a line, and then a moment for more. */
static void await_lines(struct fam_log *log)
{
    while (log->used == 0 && !log->stopping) {
        log->sleeping = true;
        pthread_cond_wait(&log->filled, &log->lock);
    }
    log->sleeping = false;
    uint64_t until_ns = fam_mono_ns() + LINGER_MS * 1000000u;
    const struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000u),
                                   .tv_nsec = (long)(until_ns % 1000000000u)};
    int error = 0;
    while (error == 0 && !log->urgent && !log->stopping) {
        error = pthread_cond_timedwait(&log->filled, &log->lock, &until);
    }
    log->urgent = false;
}

static void *write_lines(void *arg)
{
    struct fam_log *log = arg;
    char chunk[16384];
    pthread_mutex_lock(&log->lock);
    for (;;) {
        if (log->used == 0) {
            await_lines(log);
        }
        if (log->used == 0) {
            break;
        }
        size_t size = log->used < sizeof(chunk) ? log->used : sizeof(chunk);
        size_t to_end = log->ring_bytes - log->start;
        size = size < to_end ? size : to_end;
        memcpy(chunk, log->ring + log->start, size);
        log->start = (log->start + size) % log->ring_bytes;
        log->used -= size;
        pthread_mutex_unlock(&log->lock);
        write_all(log->fd, chunk, size);
        pthread_mutex_lock(&log->lock);
    }
    log->ended = true;
    pthread_cond_signal(&log->end);
    pthread_mutex_unlock(&log->lock);
    return NULL;
}

struct fam_log *fam_log_new(const struct fam_log_options *options, struct fam_status *status)
{
    struct fam_log *log = calloc(1, sizeof(*log));
    if (log == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    const char *no_colour = getenv("NO_COLOR");
    log->flood.bound = options->flood;
    log->fd = options->fd;
    log->head = (struct fam_log_head){.program = options->program, .format = options->format};
    log->head.colour =
        options->format == FAM_LOG_TEXT && isatty(options->fd) && (no_colour == NULL || no_colour[0] == '\0');
    atomic_store(&log->level, (int)options->level);
    atomic_store(&log->observed, (int)FAM_LOG_OFF);
    log->ring_bytes = options->ring_bytes == 0 ? RING_BYTES_DEFAULT : options->ring_bytes;
    log->ring_bytes = log->ring_bytes < FAM_LOG_LINE_MAX ? FAM_LOG_LINE_MAX : log->ring_bytes;
    log->ring = malloc(log->ring_bytes);
    pthread_condattr_t monotonic;
    bool ready =
        log->ring != NULL && pthread_mutex_init(&log->lock, NULL) == 0 && pthread_condattr_init(&monotonic) == 0;
    if (ready) {
        (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        ready = pthread_cond_init(&log->filled, &monotonic) == 0 && pthread_cond_init(&log->end, &monotonic) == 0;
        (void)pthread_condattr_destroy(&monotonic);
    }
    if (!ready || pthread_create(&log->writer, NULL, write_lines, log) != 0) {
        (void)fam_fail(status, FAM_RESOURCE_EXHAUSTED, "can't start the log's writer");
        free(log->ring);
        free(log);
        return NULL;
    }
    return log;
}

void fam_log_free(struct fam_log *log)
{
    if (log == NULL) {
        return;
    }
    uint64_t until_ns = fam_mono_ns() + STOP_WAIT_MS * UINT64_C(1000000);
    const struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000u),
                                   .tv_nsec = (long)(until_ns % 1000000000u)};
    int error = 0;
    pthread_mutex_lock(&log->lock);
    log->stopping = true;
    pthread_cond_signal(&log->filled);
    while (error == 0 && !log->ended) {
        error = pthread_cond_timedwait(&log->end, &log->lock, &until);
    }
    bool ended = log->ended;
    pthread_mutex_unlock(&log->lock);
    if (!ended) {
        /* Nobody reads the other end. The process is about to leave; what the thread uses must stay. */
        (void)pthread_detach(log->writer);
        return;
    }
    (void)pthread_join(log->writer, NULL);
    (void)pthread_cond_destroy(&log->end);
    (void)pthread_cond_destroy(&log->filled);
    (void)pthread_mutex_destroy(&log->lock);
    free(log->ring);
    free(log);
}

enum fam_log_level fam_log_set_level(struct fam_log *log, enum fam_log_level level)
{
    return log == NULL ? FAM_LOG_OFF : (enum fam_log_level)atomic_exchange(&log->level, (int)level);
}

void fam_log_observe(struct fam_log *log, enum fam_log_level level, fam_log_observer *fn, void *context)
{
    atomic_store(&log->observed, (int)FAM_LOG_OFF);
    log->observer = fn;
    log->observer_context = context;
    atomic_store(&log->observed, fn == NULL ? (int)FAM_LOG_OFF : (int)level);
}

static bool is_observed(const struct fam_log *log, enum fam_log_level level)
{
    return level < FAM_LOG_OFF && (int)level >= atomic_load(&log->observed);
}

static bool is_written(const struct fam_log *log, enum fam_log_level level)
{
    return level < FAM_LOG_OFF && (int)level >= atomic_load(&log->level);
}

bool fam_log_enabled(const struct fam_log *log, enum fam_log_level level)
{
    return log != NULL && (is_written(log, level) || is_observed(log, level));
}

uint64_t fam_log_dropped(const struct fam_log *log)
{
    return log == NULL ? 0 : atomic_load(&log->dropped);
}

/* Under the lock. */
static bool put(struct fam_log *log, const char *data, size_t size)
{
    if (size > log->ring_bytes - log->used) {
        return false;
    }
    size_t at = (log->start + log->used) % log->ring_bytes;
    size_t first = log->ring_bytes - at < size ? log->ring_bytes - at : size;
    memcpy(log->ring + at, data, first);
    memcpy(log->ring, data + first, size - first);
    log->used += size;
    return true;
}

/* Under the lock: after a line was put or dropped. */
static void wake_writer(struct fam_log *log, enum fam_log_level level)
{
    bool urgent = !log->urgent && (level >= FAM_LOG_WARN || log->used > log->ring_bytes / 2);
    log->urgent = log->urgent || urgent;
    if (urgent || log->sleeping) {
        log->sleeping = false;
        pthread_cond_signal(&log->filled);
    }
}

/* Under the lock: a line of the log about itself. */
static bool put_note(struct fam_log *log, const char *event, const char *of, uint64_t lines, size_t with)
{
    struct fam_log_line note;
    const struct fam_field fields[] = {FAM_U64("lines", lines), FAM_STR("of", of)};
    fam_log_line_format(&note, &log->head, FAM_LOG_WARN, "log", event, fields, of[0] != '\0' ? 2 : 1);
    return note.size + with <= log->ring_bytes - log->used && put(log, note.data, note.size);
}

static bool is_wanted(struct fam_log *log, enum fam_log_level level, const char *event, uint64_t *ret_left_out)
{
    if (log->flood.bound == 0) {
        *ret_left_out = 0;
        return true;
    }
    pthread_mutex_lock(&log->lock);
    bool wanted = fam_log_flood_take(&log->flood, level, event, fam_mono_ms(), ret_left_out);
    pthread_mutex_unlock(&log->lock);
    return wanted;
}

static void write_line(struct fam_log *log, enum fam_log_level level, const char *source, const char *event,
                       const struct fam_field *fields, size_t field_count)
{
    uint64_t left_out = 0;
    if (!is_wanted(log, level, event, &left_out)) {
        return;
    }
    struct fam_log_line line;
    fam_log_line_format(&line, &log->head, level, source, event, fields, field_count);
    pthread_mutex_lock(&log->lock);
    bool fits = !log->stopping && !line.failed;
    if (fits && log->unreported > 0) {
        fits = put_note(log, "lines were dropped because the writer was behind", "", log->unreported, line.size);
        log->unreported = fits ? 0 : log->unreported;
    }
    if (fits && left_out > 0) {
        (void)put_note(log, "lines of a flood were left out", event, left_out, line.size);
    }
    if (!fits || !put(log, line.data, line.size)) {
        log->unreported++;
        (void)atomic_fetch_add(&log->dropped, 1);
    }
    wake_writer(log, level);
    pthread_mutex_unlock(&log->lock);
}

void fam_log_write(struct fam_log *log, enum fam_log_level level, const char *source, const char *event,
                   const struct fam_field *fields, size_t field_count)
{
    if (log == NULL) {
        return;
    }
    if (is_written(log, level)) {
        write_line(log, level, source, event, fields, field_count);
    }
    if (is_observed(log, level)) {
        log->observer(log->observer_context, level, source, event, fields, field_count);
    }
}

void fam_log_status(struct fam_log *log, enum fam_log_level level, const char *source, const char *event,
                    const struct fam_status *status)
{
    FAM_LOG(log, level, source, event, FAM_STR("code", fam_code_name(status->code)), FAM_STR("reason", status->reason),
            FAM_STR("message", status->message));
}
