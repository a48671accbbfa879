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
#include "redis/redis.h"

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
/* The same, and then Redis runs a script by itself, whether there was an element or the time went by: this process is
 * woken once for both, and no round trip lies between them. `key_count` keys and the arguments behind them are `words`,
 * 60 at most. *ret_reply is the script's answer, an error too, to be freed; NULL: Redis has not run it, as far as we
 * know (it was away, or does not know the script yet: run it by fam_redis_eval). An answer that comes while the wait
 * is interrupted is still handed over. */
bool fam_redis_wait_then(struct fam_redis_wait *wait, uint32_t timeout_ms, const struct fam_redis_script *script,
                         const struct fam_redis_arg *words, size_t key_count, size_t count,
                         struct fam_redis_reply **ret_reply);
/* All waits end at once, those to come too. */
void fam_redis_wait_interrupt(struct fam_redis_wait *wait);

#endif
