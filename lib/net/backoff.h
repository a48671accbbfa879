/* backoff.h: how long to wait before a request is repeated.
 *
 * Exponential with full jitter: after the n-th failure in a row a random time up to min(base × 2^(n-1), most). What the
 * service asked for (retry-after) goes first, up to a clamp. Thread-safe; no state. */
#ifndef FAM_NET_BACKOFF_H
#define FAM_NET_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

struct fam_backoff {
    uint32_t base_ms;                       /* 0: 500 */
    uint32_t most_ms;                       /* 0: 8,000 */
    uint32_t retry_after_most_ms;           /* 0: 600,000 */
    uint32_t (*random_below)(uint32_t end); /* uniform in 0 … end - 1; NULL: libsodium's */
};

/* The wait after `failures` (at least 1) failures in a row. `retry_after_ms` 0: the service asked for nothing. False,
 * *ret_wait_ms filled all the same, when the wait leaves nothing of `left_ms`, the time until the deadline. */
bool fam_backoff_wait(const struct fam_backoff *backoff, unsigned failures, uint32_t retry_after_ms, uint32_t left_ms,
                      uint32_t *ret_wait_ms);

#endif
