/* ops_claude.h: the cache and Claude methods of OpsService, and where their numbers come from. Each answers its call
 * before it returns.
 *
 * The rooms that have the numbers are reached through struct fam_ops_sources, so that the services need not know them.
 * A source that is not there makes its method fail with FAILED_PRECONDITION, reason NOT_CONFIGURED. */
#ifndef FAM_SERVICES_OPS_CLAUDE_H
#define FAM_SERVICES_OPS_CLAUDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "services/services_private.h"

enum { FAM_OPS_LIMITS_MAX = 8, FAM_OPS_DAYS_MAX = 128 };

struct fam_ops_cache_stats {
    int64_t hits, misses, claims_waited; /* of this server since its start */
    int64_t entries, bytes, compressed;  /* of all servers; 0 while Redis is away */
    bool redis_up;
};

struct fam_ops_breaker {
    Fam__V1__BreakerState state;
    uint32_t failures;    /* in a row */
    uint32_t retry_in_ms; /* while open */
};

struct fam_ops_limit {
    char name[32];
    int64_t limit, remaining;
    char reset[40]; /* RFC 3339; "" when not told */
};

struct fam_ops_day {
    char day[11]; /* "2026-07-25", UTC */
    char model[65];
    int64_t requests, input_tokens, cache_write_tokens, cache_read_tokens, output_tokens;
    int64_t cost_micro_usd;
};

struct fam_ops_claude {
    bool enabled;
    char why_disabled[129]; /* "" when enabled; never a key or an address with credentials */
    char model[65];
    char base_url_host[129];
    uint32_t concurrency, in_flight, queued, queue_bound;
    uint32_t paused_ms; /* 0: the API may be asked now */
    struct fam_ops_breaker breaker;
    size_t limit_count;
    struct fam_ops_limit limits[FAM_OPS_LIMITS_MAX];
    size_t day_count;
    struct fam_ops_day days[FAM_OPS_DAYS_MAX]; /* newest first */
    int64_t budget_micro_usd;                  /* a day; 0: no bound */
    int64_t spent_today_micro_usd;
};

/* Called on worker threads, several at a time; they may block. Results come zeroed. Any function may be NULL. */
struct fam_ops_sources {
    void *context; /* handed to each */
    enum fam_code (*get_cache_stats)(void *context, struct fam_ops_cache_stats *ret_stats, struct fam_status *status);
    /* Forgets all cached answers; with dry_run it only counts them. */
    enum fam_code (*clear_cache)(void *context, bool dry_run, int64_t *ret_deleted, struct fam_status *status);
    enum fam_code (*get_claude)(void *context, struct fam_ops_claude *ret_claude, struct fam_status *status);
    /* Closes the breaker; with dry_run it only tells how it is. */
    enum fam_code (*reset_breaker)(void *context, bool dry_run, struct fam_ops_breaker *ret_breaker,
                                   struct fam_status *status);
};

void fam_ops_get_cache_stats(struct fam_services_context *context, Fam__V1__GetCacheStatsResponse_Closure closure,
                             struct fam_call *call);
void fam_ops_clear_cache(struct fam_services_context *context, const Fam__V1__ClearCacheRequest *request,
                         Fam__V1__ClearCacheResponse_Closure closure, struct fam_call *call);
void fam_ops_get_claude(struct fam_services_context *context, Fam__V1__GetClaudeResponse_Closure closure,
                        struct fam_call *call);
void fam_ops_reset_breaker(struct fam_services_context *context, const Fam__V1__ResetBreakerRequest *request,
                           Fam__V1__ResetBreakerResponse_Closure closure, struct fam_call *call);

#endif
