/* health.h: all checks of what the server depends on, in one room, for the RPC and the pages.
 *
 * Each check has a thread of its own that runs it, waits, and runs it again, so all run at once and one that hangs
 * holds up nobody. Whoever asks gets the latest results from memory, with their ages: fam_health_snapshot and
 * fam_health_ready do no I/O and may run on the transport's thread. A check that takes longer than `timeout_ms` is
 * shown as "timed out" until it returns, and is not started a second time.
 *
 * A failed required check makes the whole unhealthy, a failed optional one degraded at most: the service goes on
 * without it. Thread-safe after fam_health_start. */
#ifndef FAM_HEALTH_HEALTH_H
#define FAM_HEALTH_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "fam/v1/ops.pb-c.h"

struct fam_buf;
struct fam_health;

enum { FAM_HEALTH_MAX_CHECKS = 16, FAM_HEALTH_REASON_SIZE = 96 };

/* The numbers of fam.v1.HealthStatus. */
enum fam_health_state { FAM_HEALTH_HEALTHY = 1, FAM_HEALTH_DEGRADED = 2, FAM_HEALTH_UNHEALTHY = 3 };

struct fam_health_check {
    const char *name; /* "database": 1 to 32 of [a-z0-9_]; borrowed */
    /* Looks, within `timeout_ms`. `ret_reason` is "" at the call: a short text for the public, never an address or a
     * credential. May block; runs on the check's own thread. */
    enum fam_health_state (*run)(void *context, uint32_t timeout_ms, char ret_reason[FAM_HEALTH_REASON_SIZE]);
    void *context; /* must live until fam_health_free has returned */
    bool required;
    uint32_t interval_ms; /* from the end of one run to the next; 0: 1000 */
};

struct fam_health_options {
    const char *version; /* borrowed */
    /* FAM_READY_REQUIRES: names of checks that must not be unhealthy, comma-separated. Borrowed. */
    const char *ready_requires;
    /* The program's own say ("draining", "schema is behind"): false, with *ret_reason a constant text. No I/O. NULL:
     * always ready. */
    bool (*program_ready)(void *context, const char **ret_reason);
    void *context;
    uint32_t timeout_ms; /* of one check; 0: 5000 */
};

struct fam_health *fam_health_new(const struct fam_health_options *options, struct fam_status *status) FAM_MUST_CHECK;
/* Before fam_health_start. INVALID_ARGUMENT for a bad or repeated name and for the 17th. */
enum fam_code fam_health_add(struct fam_health *health, const struct fam_health_check *check,
                             struct fam_status *status) FAM_MUST_CHECK;
/* Starts the threads and waits, `first_wait_ms` at most, until each check has ended once. FAILED_PRECONDITION when
 * ready_requires names a check that was not added. */
enum fam_code fam_health_start(struct fam_health *health, uint32_t first_wait_ms,
                               struct fam_status *status) FAM_MUST_CHECK;
/* Runs every check soon instead of at its next turn. */
void fam_health_refresh(struct fam_health *health);
/* Waits for checks that run, `timeout_ms` of one check at most; a thread that still hangs is left behind and frees the
 * rest when it returns. Takes NULL. */
void fam_health_free(struct fam_health *health);

struct fam_health_result {
    const char *name;
    enum fam_health_state state;
    bool required;
    char reason[FAM_HEALTH_REASON_SIZE]; /* "" when healthy */
    uint32_t duration_us;                /* of the last run that ended, or of the one that hangs */
    uint32_t age_ms;                     /* since that run ended; 0 while none has */
};

struct fam_health_report {
    enum fam_health_state state;
    size_t count;
    struct fam_health_result results[FAM_HEALTH_MAX_CHECKS]; /* in the order of fam_health_add */
    const char *version;
    int64_t uptime_ms;
    int64_t checked_at_ms; /* wall time at which the oldest of the results was made */
};

/* No I/O, no waiting for a check. A check that has not ended yet is unhealthy, "not checked yet". */
void fam_health_snapshot(struct fam_health *health, struct fam_health_report *ret_report);
/* Should calls be sent here? No I/O. When false *ret_reason says why. */
bool fam_health_ready(struct fam_health *health, char ret_reason[FAM_HEALTH_REASON_SIZE]);
/* "healthy", "degraded", "unhealthy". */
const char *fam_health_state_name(enum fam_health_state state);

/* ---- for answers ---- */

/* A response in the caller's storage; it borrows from itself and from the report: don't move it, don't free_unpacked.
 */
struct fam_health_message {
    Fam__V1__HealthResponse response;
    Fam__V1__HealthCheck checks[FAM_HEALTH_MAX_CHECKS];
    Fam__V1__HealthCheck *pointers[FAM_HEALTH_MAX_CHECKS];
    char checked_at[32];
};

void fam_health_to_message(struct fam_health_report *report, struct fam_health_message *ret_message);
/* {"status":"degraded","checks":{"database":{"status":"healthy","reason":"","duration_ms":1.204,"age_ms":12}},
 *  "version":"…","uptime_s":12.345,"checked_at":"2026-11-23T18:51:07.123Z"} */
void fam_health_to_json(const struct fam_health_report *report, struct fam_buf *out);

#endif
