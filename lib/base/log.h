/* log.h: structured log: one JSON object a line, or one readable line on a terminal, to stderr.
 *
 * Writers put a line into a ring and go on; one thread writes it out. When the ring is full the line is dropped and
 * counted, and the next line that fits says how many are missing: logging never makes a call wait. fam_log_stop writes
 * out what is there. Lines are written together, 10 ms late at most; warnings and errors at once.
 *
 * Of an event that is written over 1,000 times within a second (log_flood.h) each hundredth further line is written,
 * and a line says how many were left out. An event is told apart by the address of its text.
 *
 * Personal text has no way in: field values are numbers, booleans, and strings that the caller vouches for. Values are
 * made valid UTF-8 and cut at 512 bytes; a line holds at most 4 KiB and 24 fields, and says "cut" when fields are
 * missing. Thread-safe. A function either logs or returns an error, never both. */
#ifndef FAM_BASE_LOG_H
#define FAM_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

enum fam_log_level { FAM_LOG_DEBUG, FAM_LOG_INFO, FAM_LOG_WARN, FAM_LOG_ERROR, FAM_LOG_OFF };
enum fam_log_format { FAM_LOG_JSON, FAM_LOG_TEXT };

struct fam_log;

struct fam_log_options {
    const char *program; /* "famserver"; must outlive the log */
    enum fam_log_level level;
    enum fam_log_format format;
    int fd;            /* where lines go; not closed by us */
    size_t ring_bytes; /* 0: 512 KiB */
    uint32_t flood;    /* lines of one event in a second that are written before they are thinned out; 0: all */
};

enum fam_field_type { FAM_FIELD_END, FAM_FIELD_STRING, FAM_FIELD_I64, FAM_FIELD_U64, FAM_FIELD_DOUBLE, FAM_FIELD_BOOL };

struct fam_field {
    const char *name;
    enum fam_field_type type;
    union {
        const char *string;
        int64_t i64;
        uint64_t u64;
        double number;
        bool boolean;
    } value;
};

#define FAM_STR(name_, v) ((struct fam_field){.name = (name_), .type = FAM_FIELD_STRING, .value.string = (v)})
#define FAM_I64(name_, v) ((struct fam_field){.name = (name_), .type = FAM_FIELD_I64, .value.i64 = (v)})
#define FAM_U64(name_, v) ((struct fam_field){.name = (name_), .type = FAM_FIELD_U64, .value.u64 = (v)})
#define FAM_DBL(name_, v) ((struct fam_field){.name = (name_), .type = FAM_FIELD_DOUBLE, .value.number = (v)})
#define FAM_BOOL(name_, v) ((struct fam_field){.name = (name_), .type = FAM_FIELD_BOOL, .value.boolean = (v)})

/* NULL, with *status filled, when memory or the thread can't be had. */
struct fam_log *fam_log_new(const struct fam_log_options *options, struct fam_status *status) FAM_MUST_CHECK;
/* Writes out what is queued (for 2 s at most), joins the writer thread, frees. Takes NULL. */
void fam_log_free(struct fam_log *log);
/* Returns the level until now; OFF without a log. */
enum fam_log_level fam_log_set_level(struct fam_log *log, enum fam_log_level level);
/* Does anybody want such lines, the writer or the observer? */
bool fam_log_enabled(const struct fam_log *log, enum fam_log_level level);
/* "debug", "info", "warn", "error", "off"; false for anything else. */
bool fam_log_level_parse(const char *text, enum fam_log_level *ret_level);
const char *fam_log_level_name(enum fam_log_level level);
/* Is called with each line at or above `level`, written or not, on the writer's own thread after the line is in the
 * ring; no lock of the log is held. It must not block and must not log. `fields` are borrowed while it runs. */
typedef void fam_log_observer(void *context, enum fam_log_level level, const char *source, const char *event,
                              const struct fam_field *fields, size_t field_count);
/* One observer a log. Set before other threads write, or FAM_LOG_OFF and NULL after they have ended. */
void fam_log_observe(struct fam_log *log, enum fam_log_level level, fam_log_observer *fn, void *context);
/* Lines dropped since the start because the ring was full. */
uint64_t fam_log_dropped(const struct fam_log *log);

/* `source` names the room ("rpc"), `event` what happened ("call finished"): both constant text. `log` may be NULL:
 * nothing is written. */
void fam_log_write(struct fam_log *log, enum fam_log_level level, const char *source, const char *event,
                   const struct fam_field *fields, size_t field_count);
/* The same with an error's code, reason and message as fields in front. */
void fam_log_status(struct fam_log *log, enum fam_log_level level, const char *source, const char *event,
                    const struct fam_status *status);

#define FAM_LOG(log, level, source, event, ...)                                                                        \
    fam_log_write((log), (level), (source), (event), (const struct fam_field[]){__VA_ARGS__},                          \
                  sizeof((const struct fam_field[]){__VA_ARGS__}) / sizeof(struct fam_field))
#define FAM_LOG0(log, level, source, event) fam_log_write((log), (level), (source), (event), NULL, 0)

#endif
