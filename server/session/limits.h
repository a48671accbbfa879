/* limits.h: a person's own limits: so many an hour and a day, of translations, or of something else that is counted.
 *
 * Counted in Redis, both windows by one atomic script, so that they hold across servers: `fam:{USER}:limit:hour` and
 * `…:day` (or another name in the place of "limit"), each a counter that lives one window from its first use. Every
 * take is noted in memory too (a table of fixed size), and that count decides while Redis is away ("local limits": per
 * process, and the longest unused makes room when the table is full). Thread-safe. */
#ifndef FAM_SESSION_LIMITS_H
#define FAM_SESSION_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"

struct fam_redis;
struct fam_limits;

enum fam_limit_window { FAM_LIMIT_HOUR, FAM_LIMIT_DAY, FAM_LIMIT_NONE };

struct fam_limits_options {
    struct fam_redis *redis; /* borrowed; NULL: local limits only */
    const char *name;        /* in the keys; constant, at most 16 of [a-z]; NULL: "limit" */
    const char *what;        /* in the message of a refusal; constant; NULL: "translations" */
    uint32_t per_hour;       /* at least 1 */
    uint32_t per_day;        /* at least 1 */
    size_t local_users;      /* rounded up to a multiple of 8; 0: 8192; at most 1,048,576 */
    uint32_t hour_ms;        /* for tests; 0: an hour */
    uint32_t day_ms;         /* for tests; 0: a day */
};

struct fam_limits *fam_limits_new(const struct fam_limits_options *options, struct fam_status *status) FAM_MUST_CHECK;
/* Takes NULL. */
void fam_limits_free(struct fam_limits *limits);

/* Takes one of both windows. RESOURCE_EXHAUSTED (reason LIMIT_HOUR or LIMIT_DAY, status->retry_after_ms) when one is
 * used up; nothing is taken then. *ret_which names it, *ret_retry_after_ms tells when it opens; NONE and 0 when taken.
 * If both are used up it is the one that opens later. Never fails because Redis is away. */
enum fam_code fam_limits_take(struct fam_limits *limits, const struct fam_uuid *user, uint32_t *ret_retry_after_ms,
                              enum fam_limit_window *ret_which, struct fam_status *status) FAM_MUST_CHECK;
/* Gives one back that was taken for nothing (the translation failed). Does what it can. */
void fam_limits_give_back(struct fam_limits *limits, const struct fam_uuid *user);
/* Of somebody who is erased nothing is counted any more. Fails like Redis. */
enum fam_code fam_limits_forget(struct fam_limits *limits, const struct fam_uuid *user,
                                struct fam_status *status) FAM_MUST_CHECK;

#endif
