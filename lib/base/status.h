/* status.h: the one error type of all layers.
 *
 * Codes have the numbers and names of google.rpc.Code
 * (https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto).
 *
 * A function that can fail returns `enum fam_code` and takes `struct fam_status *status` last. It writes *status only
 * when it fails; status must not be NULL. It returns, and never logs. The message is for the person who reads it:
 * what was wrong, with what, what to do. It must never hold personal text, a token, a key or an address with
 * credentials, for it travels to clients. */
#ifndef FAM_BASE_STATUS_H
#define FAM_BASE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

FAM_BEGIN_DECLS

/*    X(name, number, HTTP status, exit code of famctl, may a repeat help?)
 * HTTP statuses are those of the Connect protocol (https://connectrpc.com/docs/protocol#error-codes). */
#define FAM_CODES(X)                                                                                                   \
    X(OK, 0, 200, 0, false)                                                                                            \
    X(CANCELLED, 1, 499, 1, false)                                                                                     \
    X(UNKNOWN, 2, 500, 1, false)                                                                                       \
    X(INVALID_ARGUMENT, 3, 400, 1, false)                                                                              \
    X(DEADLINE_EXCEEDED, 4, 504, 1, true)                                                                              \
    X(NOT_FOUND, 5, 404, 1, false)                                                                                     \
    X(ALREADY_EXISTS, 6, 409, 1, false)                                                                                \
    X(PERMISSION_DENIED, 7, 403, 5, false)                                                                             \
    X(RESOURCE_EXHAUSTED, 8, 429, 1, true)                                                                             \
    X(FAILED_PRECONDITION, 9, 400, 1, false)                                                                           \
    X(ABORTED, 10, 409, 1, true)                                                                                       \
    X(OUT_OF_RANGE, 11, 400, 1, false)                                                                                 \
    X(UNIMPLEMENTED, 12, 501, 1, false)                                                                                \
    X(INTERNAL, 13, 500, 1, false)                                                                                     \
    X(UNAVAILABLE, 14, 503, 4, true)                                                                                   \
    X(DATA_LOSS, 15, 500, 1, false)                                                                                    \
    X(UNAUTHENTICATED, 16, 401, 5, false)

enum fam_code {
#define FAM_CODE_ENUM(name, number, http, exit_code, retry) FAM_##name = number,
    FAM_CODES(FAM_CODE_ENUM)
#undef FAM_CODE_ENUM
};
enum { FAM_CODE_COUNT = 17 };

struct fam_status {
    enum fam_code code;
    uint32_t retry_after_ms; /* 0: no advice */
    char reason[32];         /* stable upper-case identifier for programs, or "" */
    char field[64];          /* the request's field at fault, or "" */
    char message[256];       /* valid UTF-8, cut at a character's boundary */
};

/* Name of google.rpc.Code, "INVALID_ARGUMENT"; "UNKNOWN" for a number out of range. */
const char *fam_code_name(enum fam_code code);
int fam_code_http_status(enum fam_code code);
int fam_code_exit_code(enum fam_code code);
bool fam_code_retryable(enum fam_code code);
/* Maps a number from the wire; what is no code becomes FAM_UNKNOWN. */
enum fam_code fam_code_from_number(uint32_t number);

/* Fills *status and returns `code`, so that a caller writes: return fam_fail(status, FAM_NOT_FOUND, "no such …"); */
enum fam_code fam_fail(struct fam_status *status, enum fam_code code, const char *format, ...) FAM_PRINTF(3, 4);
/* The same with the field at fault; reason becomes "FIELD_VIOLATION", code INVALID_ARGUMENT. */
enum fam_code fam_fail_field(struct fam_status *status, const char *field, const char *format, ...) FAM_PRINTF(3, 4);
/* The same with a reason and retry_after_ms. */
enum fam_code fam_fail_reason(struct fam_status *status, enum fam_code code, const char *reason,
                              uint32_t retry_after_ms, const char *format, ...) FAM_PRINTF(5, 6);
/* "not enough memory" as RESOURCE_EXHAUSTED. Inline, so that compilers and analysers see that it is never FAM_OK. */
static inline enum fam_code fam_fail_memory(struct fam_status *status)
{
    (void)fam_fail(status, FAM_RESOURCE_EXHAUSTED, "not enough memory");
    return FAM_RESOURCE_EXHAUSTED;
}

FAM_END_DECLS

#endif
