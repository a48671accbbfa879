/* limiter.h: token buckets in memory, one for each UUID: who calls too often waits.
 *
 * A bucket holds up to `burst` and fills by `per_second`. The table has a fixed size; when it is full, the bucket that
 * was not used for longest among eight makes room, so that a flood of new keys costs no memory (its owner starts again
 * with a full bucket). Thread-safe. */
#ifndef FAM_NET_LIMITER_H
#define FAM_NET_LIMITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"

struct fam_limiter;

struct fam_limiter_options {
    double per_second;        /* over 0, up to 1e6 */
    double burst;             /* 1 to 1e9 */
    size_t keys;              /* how many are remembered, rounded up to a multiple of 8; 0: 4096; at most 1,048,576 */
    uint64_t (*now_ms)(void); /* monotonic; NULL: fam_mono_ms */
};

/* INVALID_ARGUMENT for an option out of range. */
struct fam_limiter *fam_limiter_new(const struct fam_limiter_options *options,
                                    struct fam_status *status) FAM_MUST_CHECK;
/* Takes NULL. */
void fam_limiter_free(struct fam_limiter *limiter);
/* Takes one from the key's bucket. RESOURCE_EXHAUSTED (reason RATE_LIMIT) with retry_after_ms when it holds less. */
enum fam_code fam_limiter_take(struct fam_limiter *limiter, const struct fam_uuid *key,
                               struct fam_status *status) FAM_MUST_CHECK;

#endif
