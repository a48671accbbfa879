#include "services/ops_claude.h"

#include <stdlib.h>

#include "services/reply.h"

static enum fam_code not_configured(const char *what, struct fam_status *status)
{
    return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "NOT_CONFIGURED", 0, "%s: not configured on this server",
                           what);
}

void fam_ops_get_cache_stats(struct fam_services_context *context, Fam__V1__GetCacheStatsResponse_Closure closure,
                             struct fam_call *call)
{
    struct fam_status status;
    struct fam_ops_cache_stats stats = {0};
    const struct fam_ops_sources *sources = context->sources;
    Fam__V1__GetCacheStatsResponse response = FAM__V1__GET_CACHE_STATS_RESPONSE__INIT;
    enum fam_code code = sources == NULL || sources->get_cache_stats == NULL
                             ? not_configured("the cache", &status)
                             : sources->get_cache_stats(sources->context, &stats, &status);
    response.hits = stats.hits;
    response.misses = stats.misses;
    response.claims_waited = stats.claims_waited;
    response.entries = stats.entries;
    response.bytes = stats.bytes;
    response.compressed = stats.compressed;
    response.redis_up = stats.redis_up;
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

void fam_ops_clear_cache(struct fam_services_context *context, const Fam__V1__ClearCacheRequest *request,
                         Fam__V1__ClearCacheResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    const struct fam_ops_sources *sources = context->sources;
    Fam__V1__ClearCacheResponse response = FAM__V1__CLEAR_CACHE_RESPONSE__INIT;
    enum fam_code code = sources == NULL || sources->clear_cache == NULL
                             ? not_configured("the cache", &status)
                             : sources->clear_cache(sources->context, request->dry_run, &response.deleted, &status);
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

static Fam__V1__Breaker *reply_breaker(struct fam_reply *reply, const struct fam_ops_breaker *breaker)
{
    Fam__V1__Breaker *made = fam_reply_alloc(reply, sizeof(*made));
    if (made != NULL) {
        fam__v1__breaker__init(made);
        made->state = breaker->state;
        made->failures = breaker->failures;
        made->retry_in_ms = breaker->retry_in_ms;
    }
    return made;
}

static void reply_limits(struct fam_reply *reply, const struct fam_ops_claude *claude,
                         Fam__V1__GetClaudeResponse *response)
{
    size_t count = claude->limit_count > FAM_OPS_LIMITS_MAX ? FAM_OPS_LIMITS_MAX : claude->limit_count;
    response->limits = fam_reply_alloc(reply, (count + 1) * sizeof(*response->limits));
    for (size_t i = 0; response->limits != NULL && i < count; i++) {
        const struct fam_ops_limit *limit = &claude->limits[i];
        Fam__V1__ClaudeLimit *made = fam_reply_alloc(reply, sizeof(*made));
        if (made == NULL) {
            return;
        }
        fam__v1__claude_limit__init(made);
        made->name = fam_reply_text(reply, limit->name);
        made->limit = limit->limit;
        made->remaining = limit->remaining;
        made->reset = fam_reply_text(reply, limit->reset);
        response->limits[response->n_limits++] = made;
    }
}

static void reply_days(struct fam_reply *reply, const struct fam_ops_claude *claude,
                       Fam__V1__GetClaudeResponse *response)
{
    size_t count = claude->day_count > FAM_OPS_DAYS_MAX ? FAM_OPS_DAYS_MAX : claude->day_count;
    response->days = fam_reply_alloc(reply, (count + 1) * sizeof(*response->days));
    for (size_t i = 0; response->days != NULL && i < count; i++) {
        const struct fam_ops_day *day = &claude->days[i];
        Fam__V1__ClaudeDayUsage *made = fam_reply_alloc(reply, sizeof(*made));
        if (made == NULL) {
            return;
        }
        fam__v1__claude_day_usage__init(made);
        made->day = fam_reply_text(reply, day->day);
        made->model = fam_reply_text(reply, day->model);
        made->requests = day->requests;
        made->input_tokens = day->input_tokens;
        made->cache_write_tokens = day->cache_write_tokens;
        made->cache_read_tokens = day->cache_read_tokens;
        made->output_tokens = day->output_tokens;
        made->cost_micro_usd = day->cost_micro_usd;
        response->days[response->n_days++] = made;
    }
}

static void reply_claude(struct fam_reply *reply, const struct fam_ops_claude *claude,
                         Fam__V1__GetClaudeResponse *response)
{
    response->enabled = claude->enabled;
    response->why_disabled = fam_reply_text(reply, claude->why_disabled);
    response->model = fam_reply_text(reply, claude->model);
    response->base_url_host = fam_reply_text(reply, claude->base_url_host);
    response->concurrency = claude->concurrency;
    response->in_flight = claude->in_flight;
    response->queued = claude->queued;
    response->queue_bound = claude->queue_bound;
    response->paused_ms = claude->paused_ms;
    response->breaker = reply_breaker(reply, &claude->breaker);
    response->budget_micro_usd = claude->budget_micro_usd;
    response->spent_today_micro_usd = claude->spent_today_micro_usd;
    reply_limits(reply, claude, response);
    reply_days(reply, claude, response);
}

static void answer_claude(struct fam_services_context *context, struct fam_ops_claude *claude,
                          Fam__V1__GetClaudeResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    const struct fam_ops_sources *sources = context->sources;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__GetClaudeResponse response = FAM__V1__GET_CLAUDE_RESPONSE__INIT;
    enum fam_code code = claude == NULL ? fam_fail_memory(&status) : FAM_OK;
    if (code == FAM_OK) {
        code = sources == NULL || sources->get_claude == NULL ? not_configured("Claude", &status)
                                                              : sources->get_claude(sources->context, claude, &status);
    }
    if (code == FAM_OK) {
        reply_claude(&reply, claude, &response);
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

void fam_ops_get_claude(struct fam_services_context *context, Fam__V1__GetClaudeResponse_Closure closure,
                        struct fam_call *call)
{
    struct fam_ops_claude *claude = calloc(1, sizeof(*claude)); /* too large for a stack */
    answer_claude(context, claude, closure, call);
    free(claude);
}

void fam_ops_reset_breaker(struct fam_services_context *context, const Fam__V1__ResetBreakerRequest *request,
                           Fam__V1__ResetBreakerResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct fam_ops_breaker breaker = {0};
    const struct fam_ops_sources *sources = context->sources;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__ResetBreakerResponse response = FAM__V1__RESET_BREAKER_RESPONSE__INIT;
    enum fam_code code = sources == NULL || sources->reset_breaker == NULL
                             ? not_configured("Claude", &status)
                             : sources->reset_breaker(sources->context, request->dry_run, &breaker, &status);
    if (code == FAM_OK) {
        response.breaker = reply_breaker(&reply, &breaker);
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
