#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct code_row {
    const char *name;
    int http_status;
    int exit_code;
    bool retryable;
};

static const struct code_row ROWS[FAM_CODE_COUNT] = {
#define FAM_CODE_ROW(name, number, http, exit_code, retry) [number] = {#name, http, exit_code, retry},
    FAM_CODES(FAM_CODE_ROW)
#undef FAM_CODE_ROW
};

static const struct code_row *row_of(enum fam_code code)
{
    return (unsigned)code < FAM_CODE_COUNT ? &ROWS[code] : &ROWS[FAM_UNKNOWN];
}

const char *fam_code_name(enum fam_code code)
{
    return row_of(code)->name;
}

int fam_code_http_status(enum fam_code code)
{
    return row_of(code)->http_status;
}

int fam_code_exit_code(enum fam_code code)
{
    return row_of(code)->exit_code;
}

bool fam_code_retryable(enum fam_code code)
{
    return row_of(code)->retryable;
}

enum fam_code fam_code_from_number(uint32_t number)
{
    return number < FAM_CODE_COUNT ? (enum fam_code)number : FAM_UNKNOWN;
}

/* Bytes that are no UTF-8 become '?': an argument may come from outside, and the message goes out as a string. */
static void clean(char *message)
{
    size_t size = strlen(message);
    for (size_t i = 0; !fam_utf8_valid(message, size) && i < size; i++) {
        if ((unsigned char)message[i] >= 0x80) {
            message[i] = '?';
        }
    }
}

__attribute__((format(printf, 3, 0))) static void fill(struct fam_status *status, enum fam_code code,
                                                       const char *format, va_list args)
{
    /* An argument may be status->message itself. A character longer, to see where the last one starts. */
    char message[sizeof(status->message) + 4] = "";
    if (vsnprintf(message, sizeof(message), format, args) < 0) {
        message[0] = '\0';
    }
    message[fam_utf8_cut(message, sizeof(status->message) - 1)] = '\0';
    clean(message);
    *status = (struct fam_status){.code = code};
    memcpy(status->message, message, strlen(message) + 1);
}

enum fam_code fam_fail(struct fam_status *status, enum fam_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(status, code, format, args);
    va_end(args);
    return code;
}

enum fam_code fam_fail_field(struct fam_status *status, const char *field, const char *format, ...)
{
    char name[sizeof(status->field)];
    (void)snprintf(name, sizeof(name), "%s", field);
    va_list args;
    va_start(args, format);
    fill(status, FAM_INVALID_ARGUMENT, format, args);
    va_end(args);
    memcpy(status->field, name, sizeof(name));
    (void)snprintf(status->reason, sizeof(status->reason), "FIELD_VIOLATION");
    return FAM_INVALID_ARGUMENT;
}

enum fam_code fam_fail_reason(struct fam_status *status, enum fam_code code, const char *reason,
                              uint32_t retry_after_ms, const char *format, ...)
{
    char name[sizeof(status->reason)];
    (void)snprintf(name, sizeof(name), "%s", reason);
    va_list args;
    va_start(args, format);
    fill(status, code, format, args);
    va_end(args);
    memcpy(status->reason, name, sizeof(name));
    status->retry_after_ms = retry_after_ms;
    return code;
}
