/* logs.h: one line of a log at a time, for people: chosen, shortened, coloured. No state but the caller's. */
#ifndef FAM_CTL_LOGS_H
#define FAM_CTL_LOGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"

struct fam_buf;

enum { FAM_LOG_LINE_MAX = 16 * 1024 }; /* longer ones pass through as they are, in pieces */

struct fam_log_filter {
    enum fam_log_level level; /* at least */
    const char *request_id;   /* "" for any */
    const char *since;        /* RFC 3339, UTC, as in the log; "" for any */
};

/* "2026-07-25T10:00:00Z" as it is, or "90s", "15m", "2h", "3d" before now. False when it is neither. */
bool fam_log_since(const char *text, char ret_since[32]);
/* Appends the line (given without its end) as it is to be shown, with its end, when the filter takes it. A line that is
 * no entry of a log passes every filter: it may be what a crash left. `raw`: as it is, for programs. */
void fam_log_show(const char *line, size_t size, const struct fam_log_filter *filter, bool raw, bool colour,
                  struct fam_buf *buf);

#endif
