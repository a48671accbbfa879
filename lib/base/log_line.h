/* log_line.h: one line of the log in fixed memory: no allocation, no printf for what occurs in every line. Private to
 * the log. */
#ifndef FAM_BASE_LOG_LINE_H
#define FAM_BASE_LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"

enum { FAM_LOG_LINE_MAX = 4096, FAM_LOG_FIELDS_MAX = 24 };

struct fam_log_line {
    char data[FAM_LOG_LINE_MAX];
    size_t size;
    bool failed; /* more than fits: what was to be added last is missing */
};

struct fam_log_head {
    const char *program;
    enum fam_log_format format;
    bool colour;
};

/* The whole line, with its newline. At most FAM_LOG_FIELDS_MAX fields; "cut" when some did not fit. */
void fam_log_line_format(struct fam_log_line *line, const struct fam_log_head *head, enum fam_log_level level,
                         const char *source, const char *event, const struct fam_field *fields, size_t field_count);

#endif
