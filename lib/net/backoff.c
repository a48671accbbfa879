#include "net/backoff.h"

#include <assert.h>
#include <sodium.h>

enum { BASE_MS = 500, MOST_MS = 8000, RETRY_AFTER_MOST_MS = 600000 };

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value == 0 ? fallback : value;
}

static uint32_t jittered_ms(const struct fam_backoff *backoff, unsigned failures)
{
    uint32_t most_ms = or_default(backoff->most_ms, MOST_MS);
    uint64_t span_ms = or_default(backoff->base_ms, BASE_MS);
    for (unsigned i = 1; i < failures && span_ms < most_ms; i++) {
        span_ms *= 2;
    }
    span_ms = span_ms < most_ms ? span_ms : most_ms;
    uint32_t end = span_ms < UINT32_MAX ? (uint32_t)span_ms + 1 : UINT32_MAX;
    return backoff->random_below != NULL ? backoff->random_below(end) : randombytes_uniform(end);
}

bool fam_backoff_wait(const struct fam_backoff *backoff, unsigned failures, uint32_t retry_after_ms, uint32_t left_ms,
                      uint32_t *ret_wait_ms)
{
    assert(failures > 0);
    uint32_t clamp_ms = or_default(backoff->retry_after_most_ms, RETRY_AFTER_MOST_MS);
    if (retry_after_ms > 0) {
        *ret_wait_ms = retry_after_ms < clamp_ms ? retry_after_ms : clamp_ms;
    } else {
        *ret_wait_ms = jittered_ms(backoff, failures);
    }
    return *ret_wait_ms < left_ms;
}
