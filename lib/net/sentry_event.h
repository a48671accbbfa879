/* sentry_event.h: events as Sentry reads them (https://develop.sentry.dev/sdk/data-model/event-payloads/), and the
 * envelope around one.
 *
 * What gets in is decided here, and nowhere else. Of a log line: source and event (constant text), numbers and
 * booleans but for those that name somebody ("…_id"), and the strings code, reason, method, service, state and
 * request_id when they look like what they should be: one word of ASCII. Nothing else: no message, no user, no address,
 * no name of the machine. Of a crash: where it was in the program. Thread-safe; no state. */
#ifndef FAM_NET_SENTRY_EVENT_H
#define FAM_NET_SENTRY_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/log.h"

enum { FAM_SENTRY_ID_SIZE = 33, FAM_SENTRY_BODY_BYTES = 64 * 1024, FAM_SENTRY_FRAMES_MAX = 96 };

/* Whose events these are. Borrowed texts. */
struct fam_sentry_origin {
    const char *program;     /* "famserver" */
    const char *version;     /* "0.1.0" */
    const char *revision;    /* of the source; "" or "unknown": none */
    const char *environment; /* FAM_ENVIRONMENT */
};

struct fam_sentry_line {
    const char *source, *event;
    enum fam_log_level level;
    const struct fam_field *fields;
    size_t field_count;
    uint64_t repeats; /* lines like this one that were not sent since the last */
};

struct fam_sentry_frame {
    uint64_t address;
    const char *function; /* "": not known */
    const char *file;     /* relative to the source's root, or a name alone; "": not known */
    const char *module;   /* "famserver", "libc.so.6"; "": not known */
    int line;             /* 0: not known */
    bool in_app;          /* ours, not a library's */
};

struct fam_sentry_crash {
    const char *signal; /* "SIGSEGV" */
    const char *cause;  /* "SEGV_MAPERR", or "" */
    int signal_number, cause_number;
    const char *thread;                    /* its name */
    const struct fam_sentry_frame *frames; /* newest first */
    size_t frame_count;
};

/* A new id: 32 hexadecimal digits. */
void fam_sentry_new_id(char ret_id[FAM_SENTRY_ID_SIZE]);
/* A whole envelope with one event. out->failed when it does not fit. */
void fam_sentry_line_envelope(const struct fam_sentry_origin *origin, const struct fam_sentry_line *line,
                              struct fam_buf *out);
void fam_sentry_crash_envelope(const struct fam_sentry_origin *origin, const struct fam_sentry_crash *crash,
                               struct fam_buf *out);
/* What lines have in common that are one problem: of program, source, event, code and reason. */
uint64_t fam_sentry_line_key(const struct fam_sentry_origin *origin, const struct fam_sentry_line *line);

#endif
