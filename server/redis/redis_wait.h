/* redis_wait.h: waiting for an element of a list (BLPOP), each waiting thread on a connection of its own.
 *
 * Waits are bounded and can be interrupted. A wait that fails for any reason (Redis is away, the server closed the
 * connection) tries again within its time; it never touches the pool's breaker. Thread-safe. */
#ifndef FAM_REDIS_REDIS_WAIT_H
#define FAM_REDIS_REDIS_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

struct fam_redis;
struct fam_redis_wait;

enum { FAM_REDIS_WAITS_MAX = 64 };

/* `key` is copied, 1 to 127 bytes. The pool outlives it. No I/O. */
struct fam_redis_wait *fam_redis_wait_new(struct fam_redis *redis, const char *key,
                                          struct fam_status *status) FAM_MUST_CHECK;
/* Nobody may wait any more. Takes NULL. */
void fam_redis_wait_free(struct fam_redis_wait *wait);
/* Takes an element off the list, waiting for timeout_ms at most (60,000 at most). True also when Redis has come back
 * meanwhile: then there may be more to look at than the list. At most FAM_REDIS_WAITS_MAX threads wait for Redis; one
 * more lets the time pass until there is room. */
bool fam_redis_wait_for(struct fam_redis_wait *wait, uint32_t timeout_ms);
/* All waits end at once, those to come too. */
void fam_redis_wait_interrupt(struct fam_redis_wait *wait);

#endif
