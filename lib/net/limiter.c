/* limiter.c: see limiter.h. A table of sets of eight: a key can stand in one set only. */
#include "net/limiter.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { WAYS = 8, MOST_KEYS = 1 << 20 };

struct bucket {
    struct fam_uuid key;
    bool used;
    uint64_t at_ms; /* when `level` was right */
    double level;
};

struct fam_limiter {
    double per_ms;
    double burst;
    uint64_t (*now_ms)(void);
    pthread_mutex_t lock;
    size_t sets;
    struct bucket *buckets;
};

struct fam_limiter *fam_limiter_new(const struct fam_limiter_options *options, struct fam_status *status)
{
    size_t keys = options->keys ? options->keys : 4096;
    if (!(options->per_second > 0 && options->per_second <= 1e6) || !(options->burst >= 1 && options->burst <= 1e9) ||
        keys > MOST_KEYS) {
        (void)fam_fail(status, FAM_INVALID_ARGUMENT, "rate limit: rate up to 1e6, burst 1 to 1e9, up to %d keys",
                       MOST_KEYS);
        return NULL;
    }
    struct fam_limiter *limiter = calloc(1, sizeof(*limiter));
    size_t sets = (keys + WAYS - 1) / WAYS;
    struct bucket *buckets = calloc(sets * WAYS, sizeof(*buckets));
    if (!limiter || !buckets) {
        free(limiter);
        free(buckets);
        (void)fam_fail_memory(status);
        return NULL;
    }
    limiter->per_ms = options->per_second / 1000;
    limiter->burst = options->burst;
    limiter->now_ms = options->now_ms ? options->now_ms : fam_mono_ms;
    limiter->sets = sets;
    limiter->buckets = buckets;
    pthread_mutex_init(&limiter->lock, NULL);
    return limiter;
}

void fam_limiter_free(struct fam_limiter *limiter)
{
    if (!limiter)
        return;
    pthread_mutex_destroy(&limiter->lock);
    free(limiter->buckets);
    free(limiter);
}

/* The key's bucket, or a full one in the place of the longest unused. */
static struct bucket *find(struct fam_limiter *limiter, const struct fam_uuid *key, uint64_t now_ms)
{
    uint64_t tail;
    memcpy(&tail, key->bytes + 8, sizeof(tail)); /* the random part of version 7 */
    struct bucket *set = limiter->buckets + (tail * 0x9E3779B97F4A7C15U >> 20) % limiter->sets * WAYS;
    struct bucket *oldest = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].used && fam_uuid_equal(&set[i].key, key))
            return &set[i];
        if (oldest->used && (!set[i].used || set[i].at_ms < oldest->at_ms))
            oldest = &set[i];
    }
    *oldest = (struct bucket){.key = *key, .used = true, .at_ms = now_ms, .level = limiter->burst};
    return oldest;
}

enum fam_code fam_limiter_take(struct fam_limiter *limiter, const struct fam_uuid *key, struct fam_status *status)
{
    double missing_ms = 0;
    pthread_mutex_lock(&limiter->lock);
    uint64_t now_ms = limiter->now_ms();
    struct bucket *bucket = find(limiter, key, now_ms);
    if (now_ms > bucket->at_ms) {
        bucket->level += (double)(now_ms - bucket->at_ms) * limiter->per_ms;
        bucket->at_ms = now_ms;
    }
    if (bucket->level > limiter->burst)
        bucket->level = limiter->burst;
    /* A little less than one: sums of fractions fall short of whole numbers. */
    bool taken = bucket->level > 1 - 1e-9;
    if (taken)
        bucket->level -= 1;
    else
        missing_ms = (1 - bucket->level) / limiter->per_ms;
    pthread_mutex_unlock(&limiter->lock);
    if (taken)
        return FAM_OK;
    uint32_t wait_ms = missing_ms < 86400000.0 ? (uint32_t)missing_ms + 1 : 86400000U;
    return fam_fail_reason(status, FAM_RESOURCE_EXHAUSTED, "RATE_LIMIT", wait_ms, "too many calls with this token");
}
