/* reading_cache.h: readings that Claude made, kept in Redis for a day and shared by all servers.
 *
 * A value holds the reading as it came through the guard, with placeholders and never with a name, together with the
 * dangers that Claude added. It is sealed under a key of the database (fam_store_cache_key), bound to its own place,
 * and compressed above 1 KiB. What does not open, or is of another format, counts as absent.
 *
 * A key is an HMAC: nobody can guess a phrase from it. Keys of one function lie in one Redis slot (hash tag {reading}).
 * Every function is one round trip. Redis away: UNAVAILABLE, and the caller goes on without. Blocks on Redis; call from
 * worker threads only. Thread-safe. */
#ifndef FAM_TRANSLATE_READING_CACHE_H
#define FAM_TRANSLATE_READING_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/translation.pb-c.h"
#include "translate/safety.h"

struct fam_metrics;
struct fam_reading_cache;
struct fam_redis;
struct fam_store;

enum { FAM_CACHE_KEY_SIZE = 32, FAM_CACHE_BATCH = 16, FAM_CACHE_VALUE_BYTES = 64 * 1024 };

struct fam_cache_key {
    unsigned char bytes[FAM_CACHE_KEY_SIZE];
};

/* Everything that decides on a reading; borrowed. */
struct fam_cache_question {
    const char *phrase;          /* placeholders in it; normalised here */
    const char *happened_before; /* the same; "" when not told */
    Fam__V1__Place place;
    Fam__V1__AgeBand age_band;
    Fam__V1__Language language;
    const char *model;
    const char *prompt_version; /* holds the schema's version */
    /* Of the child, when anything but its age goes into the prompt; else 0. */
    uint32_t profile_version;
    const struct fam_uuid *profile_child; /* which child's version that is; NULL with 0 */
    /* Whose answer it is, when context or profile go into the prompt, or others of the family must not find it; NULL:
     * may be shared between families. */
    const struct fam_uuid *owner;
};

struct fam_cached_reading {
    Fam__V1__Reading *reading; /* NULL: none. malloc'ed throughout */
    size_t risk_count;
    Fam__V1__SafetyKind risk[FAM_SAFETY_MAX_KINDS];
};
void fam_cached_reading_done(struct fam_cached_reading *cached);

struct fam_reading_cache_options {
    struct fam_redis *redis; /* borrowed */
    struct fam_store *store; /* borrowed; for its keys */
    uint32_t ttl_s;          /* 0: 86,400 */
    struct fam_metrics *metrics;
};

struct fam_reading_cache *fam_reading_cache_new(const struct fam_reading_cache_options *options,
                                                struct fam_status *status) FAM_MUST_CHECK;
/* Takes NULL. */
void fam_reading_cache_free(struct fam_reading_cache *cache);

/* Reads the cache's HMAC key when it is not loaded yet, so it may fail like a store. */
enum fam_code fam_reading_cache_key(struct fam_reading_cache *cache, const struct fam_cache_question *question,
                                    struct fam_cache_key *ret_key, struct fam_status *status) FAM_MUST_CHECK;

/* ret_readings[i] belongs to keys[i]; free each with fam_cached_reading_done. `count` is at most FAM_CACHE_BATCH. */
enum fam_code fam_reading_cache_get_multiple(struct fam_reading_cache *cache, const struct fam_cache_key *keys,
                                             size_t count, struct fam_cached_reading *ret_readings,
                                             struct fam_status *status) FAM_MUST_CHECK;
/* Replaces what is there. */
enum fam_code fam_reading_cache_set_multiple(struct fam_reading_cache *cache, const struct fam_cache_key *keys,
                                             size_t count, const struct fam_cached_reading *readings,
                                             struct fam_status *status) FAM_MUST_CHECK;
/* Stores each reading where there is none, and drops its claim; where there is one already, ret_readings[i] is that
 * one: who comes second takes what the first made. */
enum fam_code fam_reading_cache_get_or_set(struct fam_reading_cache *cache, const struct fam_cache_key *keys,
                                           size_t count, const struct fam_cached_reading *readings,
                                           struct fam_cached_reading *ret_readings,
                                           struct fam_status *status) FAM_MUST_CHECK;

enum fam_cache_outcome {
    FAM_CACHE_HIT,
    FAM_CACHE_CLAIMED,   /* absent, and ours to make: other servers wait for `claim_ms` at most */
    FAM_CACHE_ELSEWHERE, /* absent, and another server is at it */
};
/* Looks, and claims what is absent, so that equal requests of several servers cost one call of Claude. `claim` names
 * the claimant. */
enum fam_code fam_reading_cache_get_or_claim(struct fam_reading_cache *cache, const struct fam_cache_key *keys,
                                             size_t count, const struct fam_uuid *claim, uint32_t claim_ms,
                                             struct fam_cached_reading *ret_readings,
                                             enum fam_cache_outcome *ret_outcomes,
                                             struct fam_status *status) FAM_MUST_CHECK;
/* Forgets a reading. One that is not there is no error. */
enum fam_code fam_reading_cache_remove(struct fam_reading_cache *cache, const struct fam_cache_key *key,
                                       struct fam_status *status) FAM_MUST_CHECK;
/* Gives up our claims: the next who asks may make the reading. Failures are of no consequence: a claim expires. */
void fam_reading_cache_unclaim(struct fam_reading_cache *cache, const struct fam_cache_key *keys, size_t count,
                               const struct fam_uuid *claim);

struct fam_reading_cache_stats {
    uint64_t hits, misses, claims_waited; /* of this process, since its start */
    uint64_t entries, bytes;              /* in Redis: values and their sizes, claims left out */
    uint64_t compressed;                  /* written compressed by this process */
    bool redis_up;
};
/* Walks the keys (SCAN), 100,000 at most. */
enum fam_code fam_reading_cache_stats(struct fam_reading_cache *cache, struct fam_reading_cache_stats *ret_stats,
                                      struct fam_status *status) FAM_MUST_CHECK;
/* Deletes all readings; with `dry_run` only counts them. */
enum fam_code fam_reading_cache_clear(struct fam_reading_cache *cache, bool dry_run, uint64_t *ret_count,
                                      struct fam_status *status) FAM_MUST_CHECK;
/* Deletes the readings that were `owner`'s alone: their keys begin alike. Walks the keys. */
enum fam_code fam_reading_cache_forget(struct fam_reading_cache *cache, const struct fam_uuid *owner,
                                       struct fam_status *status) FAM_MUST_CHECK;

#endif
