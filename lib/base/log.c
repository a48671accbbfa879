#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

enum {
    RING_BYTES_DEFAULT = 256 * 1024,
    LINE_BYTES_MAX = 4096,
    VALUE_BYTES_MAX = 512,
    FIELDS_MAX = 24,
    LINE_END_BYTES = 32, /* for what follows the last field */
    STOP_WAIT_MS = 2000,
};

struct fam_log {
    const char *program;
    int fd;
    enum fam_log_format format;
    bool colour;
    atomic_int level;
    atomic_uint_fast64_t dropped;
    pthread_mutex_t lock;
    pthread_cond_t filled;
    pthread_t writer;
    char *ring; /* under the lock, like the next four */
    size_t ring_bytes;
    size_t start, used;
    uint64_t unreported;
    bool stopping;
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

/* Not a byte less than all of it, unless the descriptor is broken: then the line is lost, as it must be. */
static void write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t wrote = write(fd, data, size);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote < 0 && errno == EAGAIN) { /* whoever shares the descriptor made it so */
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

static void *write_lines(void *arg)
{
    struct fam_log *log = arg;
    char chunk[16384];
    pthread_mutex_lock(&log->lock);
    for (;;) {
        while (log->used == 0 && !log->stopping) {
            pthread_cond_wait(&log->filled, &log->lock);
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
    log->program = options->program;
    log->fd = options->fd;
    log->format = options->format;
    const char *no_colour = getenv("NO_COLOR");
    log->colour = options->format == FAM_LOG_TEXT && isatty(options->fd) && (no_colour == NULL || no_colour[0] == '\0');
    atomic_store(&log->level, (int)options->level);
    log->ring_bytes = options->ring_bytes == 0 ? RING_BYTES_DEFAULT : options->ring_bytes;
    log->ring_bytes = log->ring_bytes < LINE_BYTES_MAX ? LINE_BYTES_MAX : log->ring_bytes;
    log->ring = malloc(log->ring_bytes);
    bool ready =
        log->ring != NULL && pthread_mutex_init(&log->lock, NULL) == 0 && pthread_cond_init(&log->filled, NULL) == 0;
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
    pthread_mutex_lock(&log->lock);
    log->stopping = true;
    pthread_cond_signal(&log->filled);
    pthread_mutex_unlock(&log->lock);
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_WAIT_MS / 1000;
    if (pthread_timedjoin_np(log->writer, NULL, &until) != 0) {
        /* Nobody reads the other end. The process is about to leave; what the thread uses must stay. */
        (void)pthread_detach(log->writer);
        return;
    }
    (void)pthread_cond_destroy(&log->filled);
    (void)pthread_mutex_destroy(&log->lock);
    free(log->ring);
    free(log);
}

void fam_log_set_level(struct fam_log *log, enum fam_log_level level)
{
    if (log != NULL) {
        atomic_store(&log->level, (int)level);
    }
}

bool fam_log_enabled(const struct fam_log *log, enum fam_log_level level)
{
    return log != NULL && level < FAM_LOG_OFF && (int)level >= atomic_load(&log->level);
}

uint64_t fam_log_dropped(const struct fam_log *log)
{
    return log == NULL ? 0 : atomic_load(&log->dropped);
}

/* Valid UTF-8 of at most VALUE_BYTES_MAX bytes: bytes that are none become '?'. */
static void clean_value(const char *text, char ret_value[VALUE_BYTES_MAX + 1])
{
    size_t size = 0;
    for (; text != NULL && text[size] != '\0' && size < VALUE_BYTES_MAX; size++) {
        ret_value[size] = text[size];
    }
    ret_value[size] = '\0';
    if (text != NULL && text[size] != '\0') {
        while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80) {
            size--;
        }
        ret_value[size] = '\0';
    }
    if (!fam_utf8_valid(ret_value, size)) {
        for (size_t i = 0; i < size; i++) {
            if ((unsigned char)ret_value[i] >= 0x80) {
                ret_value[i] = '?';
            }
        }
    }
}

/* Can it stand in a text line without quotes? Control bytes would reach the terminal. */
static bool is_word(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at <= ' ' || *at == '"' || *at == '=' || *at == '\\' || *at == 0x7f) {
            return false;
        }
    }
    return text[0] != '\0';
}

static void add_value(struct fam_buf *line, const struct fam_field *field, bool json)
{
    char text[VALUE_BYTES_MAX + 1];
    switch (field->type) {
    case FAM_FIELD_STRING:
        clean_value(field->value.string, text);
        if (json || !is_word(text)) {
            fam_json_add_string(line, text);
        } else {
            fam_buf_add_text(line, text);
        }
        break;
    case FAM_FIELD_I64:
        fam_buf_addf(line, "%" PRId64, field->value.i64);
        break;
    case FAM_FIELD_U64:
        fam_buf_addf(line, "%" PRIu64, field->value.u64);
        break;
    case FAM_FIELD_DOUBLE:
        if (isfinite(field->value.number)) {
            fam_buf_addf(line, "%.6g", field->value.number);
        } else {
            fam_buf_add_text(line, "null");
        }
        break;
    case FAM_FIELD_BOOL:
        fam_buf_add_text(line, field->value.boolean ? "true" : "false");
        break;
    default:
        fam_buf_add_text(line, "null");
        break;
    }
}

/* As many as fit, and a mark when it is not all. */
static void add_fields(struct fam_buf *line, const struct fam_field *fields, size_t field_count, bool json)
{
    for (size_t i = 0; i < field_count; i++) {
        size_t before = line->size;
        fam_buf_addf(line, json ? ",\"%s\":" : " %s=", fields[i].name);
        add_value(line, &fields[i], json);
        if (line->failed || line->size > LINE_BYTES_MAX - LINE_END_BYTES) {
            line->failed = false;
            line->size = before;
            line->data[before] = '\0';
            fam_buf_add_text(line, json ? ",\"cut\":true" : " cut=true");
            return;
        }
    }
}

static void format_json(const struct fam_log *log, struct fam_buf *line, enum fam_log_level level, const char *source,
                        const char *event, const struct fam_field *fields, size_t field_count)
{
    char now[FAM_RFC3339_SIZE];
    fam_rfc3339(fam_wall_ms(), now);
    fam_buf_addf(line, "{\"ts\":\"%s\",\"level\":\"%s\",\"program\":\"%s\",\"source\":\"%s\",\"event\":", now,
                 LEVEL_NAMES[level], log->program, source);
    fam_json_add_string(line, event);
    add_fields(line, fields, field_count, true);
    fam_buf_add_text(line, "}\n");
}

static void format_text(const struct fam_log *log, struct fam_buf *line, enum fam_log_level level, const char *source,
                        const char *event, const struct fam_field *fields, size_t field_count)
{
    static const char *const COLOURS[] = {"\033[2m", "", "\033[33m", "\033[31m", ""};
    static const char *const WORDS[] = {"DEBUG", "INFO ", "WARN ", "ERROR", ""};
    char now[FAM_RFC3339_SIZE];
    fam_rfc3339(fam_wall_ms(), now);
    fam_buf_addf(line, "%s%s %s %s: %s", log->colour ? COLOURS[level] : "", now, WORDS[level], source, event);
    add_fields(line, fields, field_count, false);
    fam_buf_add_text(line, log->colour ? "\033[0m\n" : "\n");
}

static void format_line(const struct fam_log *log, struct fam_buf *line, enum fam_log_level level, const char *source,
                        const char *event, const struct fam_field *fields, size_t field_count)
{
    field_count = field_count > FIELDS_MAX ? FIELDS_MAX : field_count;
    fam_buf_init(line, LINE_BYTES_MAX - 1);
    if (log->format == FAM_LOG_JSON) {
        format_json(log, line, level, source, event, fields, field_count);
    } else {
        format_text(log, line, level, source, event, fields, field_count);
    }
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

void fam_log_write(struct fam_log *log, enum fam_log_level level, const char *source, const char *event,
                   const struct fam_field *fields, size_t field_count)
{
    if (!fam_log_enabled(log, level)) {
        return;
    }
    struct fam_buf line;
    format_line(log, &line, level, source, event, fields, field_count);
    pthread_mutex_lock(&log->lock);
    bool fits = !log->stopping && !line.failed;
    if (fits && log->unreported > 0) {
        struct fam_buf gap;
        const struct fam_field lost = FAM_U64("lines", log->unreported);
        format_line(log, &gap, FAM_LOG_WARN, "log", "lines were dropped because the writer was behind", &lost, 1);
        fits = gap.size + line.size <= log->ring_bytes - log->used && put(log, gap.data, gap.size);
        if (fits) {
            log->unreported = 0;
        }
        fam_buf_done(&gap);
    }
    if (!fits || !put(log, line.data, line.size)) {
        log->unreported++;
        (void)atomic_fetch_add(&log->dropped, 1);
    }
    pthread_cond_signal(&log->filled);
    pthread_mutex_unlock(&log->lock);
    fam_buf_done(&line);
}

void fam_log_status(struct fam_log *log, enum fam_log_level level, const char *source, const char *event,
                    const struct fam_status *status)
{
    FAM_LOG(log, level, source, event, FAM_STR("code", fam_code_name(status->code)), FAM_STR("reason", status->reason),
            FAM_STR("message", status->message));
}
