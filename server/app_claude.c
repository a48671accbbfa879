/* app_claude.c: Claude's client, the cache and the reader: made, told of to the operators, stopped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app_private.h"
#include "services/ops_claude.h"
#include "store/usage_store.h"

enum { USAGE_DAYS = 31 };

static const char *why_off(const struct fam_config *config)
{
    if (strcmp(config->claude, "on") != 0) {
        return "FAM_CLAUDE is off";
    }
    return fam_secret_is_empty(&config->anthropic_api_key) ? "ANTHROPIC_API_KEY is not set" : NULL;
}

bool fam_app_uses_claude(const struct fam_app *app)
{
    return why_off(app->config) == NULL;
}

static enum fam_code make_client(struct fam_app *app, struct fam_status *status)
{
    const struct fam_config *config = app->config;
    const struct fam_claude_options options = {
        .base_url = config->anthropic_base_url,
        .api_key = &config->anthropic_api_key,
        .model = config->claude_model,
        .user_agent = "famserver/" FAM_VERSION,
        .proxy = fam_secret_text(&config->claude_proxy),
        .concurrency = config->claude_concurrency,
        .queue = config->claude_queue,
        .budget_micro_usd = config->claude_budget_day,
        .allow_plain_http = strcmp(config->environment, "production") != 0,
        .metrics = app->metrics,
        .log = app->log,
        .on_usage = fam_usage_keeper_count,
        .context = app->usage,
    };
    app->claude = fam_claude_new(&options, status);
    return app->claude == NULL ? status->code : FAM_OK;
}

enum fam_code fam_app_make_claude(struct fam_app *app, struct fam_status *status)
{
    const struct fam_reading_cache_options cache = {.redis = app->redis, .store = app->store, .metrics = app->metrics};
    app->cache = fam_reading_cache_new(&cache, status);
    if (app->cache == NULL) {
        return status->code;
    }
    if (!fam_app_uses_claude(app)) {
        return FAM_OK;
    }
    app->usage = fam_usage_keeper_new(app->store, app->metrics, app->log, status);
    enum fam_code code = app->usage == NULL ? status->code : make_client(app, status);
    if (code == FAM_OK) {
        code = fam_usage_keeper_start(app->usage, app->claude, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    const struct fam_reader_options reader = {
        .claude = app->claude,
        .cache = app->cache,
        .store = app->store,
        .model = app->config->claude_model,
        .patience_ms = app->config->claude_patience_ms,
        .timeout_ms = app->config->claude_timeout_ms,
        .going_on_max = (size_t)app->config->claude_concurrency + app->config->claude_queue,
        .metrics = app->metrics,
        .log = app->log,
    };
    app->reader = fam_reader_new(&reader, status);
    return app->reader == NULL ? status->code : FAM_OK;
}

void fam_app_free_claude(struct fam_app *app)
{
    if (app->claude != NULL) {
        fam_claude_stop(app->claude);
    }
    fam_usage_keeper_stop(app->usage);
    fam_reader_free(app->reader); /* frees the calls that nobody waits for any more */
    fam_claude_free(app->claude);
    fam_usage_keeper_free(app->usage);
    fam_reading_cache_free(app->cache);
}

/* ---- what OpsService asks ---- */

static enum fam_code get_cache_stats(void *context, struct fam_ops_cache_stats *ret_stats, struct fam_status *status)
{
    struct fam_app *app = context;
    struct fam_reading_cache_stats stats;
    enum fam_code code = fam_reading_cache_stats(app->cache, &stats, status);
    if (code == FAM_OK) {
        *ret_stats = (struct fam_ops_cache_stats){
            .hits = (int64_t)stats.hits,
            .misses = (int64_t)stats.misses,
            .claims_waited = (int64_t)stats.claims_waited,
            .entries = (int64_t)stats.entries,
            .bytes = (int64_t)stats.bytes,
            .compressed = (int64_t)stats.compressed,
            .redis_up = stats.redis_up,
        };
    }
    return code;
}

static enum fam_code clear_cache(void *context, bool dry_run, int64_t *ret_deleted, struct fam_status *status)
{
    struct fam_app *app = context;
    uint64_t count = 0;
    enum fam_code code = fam_reading_cache_clear(app->cache, dry_run, &count, status);
    if (code == FAM_OK) {
        *ret_deleted = (int64_t)count;
    }
    return code;
}

static struct fam_ops_breaker breaker_of(const struct fam_breaker_view *view)
{
    static const Fam__V1__BreakerState STATES[] = {
        [FAM_BREAKER_CLOSED] = FAM__V1__BREAKER_STATE__BREAKER_STATE_CLOSED,
        [FAM_BREAKER_OPEN] = FAM__V1__BREAKER_STATE__BREAKER_STATE_OPEN,
        [FAM_BREAKER_HALF_OPEN] = FAM__V1__BREAKER_STATE__BREAKER_STATE_HALF_OPEN,
    };
    return (struct fam_ops_breaker){
        .state = STATES[view->state], .failures = view->failures, .retry_in_ms = view->retry_in_ms};
}

static void add_limit(struct fam_ops_claude *claude, const char *name, const struct fam_claude_limit *limit)
{
    if (limit->limit[0] == '\0' && limit->remaining[0] == '\0') {
        return;
    }
    struct fam_ops_limit *made = &claude->limits[claude->limit_count++];
    (void)snprintf(made->name, sizeof(made->name), "%s", name);
    made->limit = strtoll(limit->limit, NULL, 10);
    made->remaining = strtoll(limit->remaining, NULL, 10);
    (void)snprintf(made->reset, sizeof(made->reset), "%s", limit->reset);
}

static void describe_client(struct fam_app *app, struct fam_ops_claude *claude)
{
    struct fam_claude_state state;
    fam_claude_get_state(app->claude, &state);
    claude->concurrency = state.concurrency;
    claude->in_flight = state.in_flight;
    claude->queued = state.queued;
    claude->queue_bound = state.queue;
    claude->paused_ms = state.paused_ms;
    claude->breaker = breaker_of(&state.breaker);
    claude->budget_micro_usd = (int64_t)state.budget_micro_usd;
    claude->spent_today_micro_usd = (int64_t)state.today.cost_micro_usd;
    add_limit(claude, "requests", &state.requests);
    add_limit(claude, "tokens", &state.tokens);
    add_limit(claude, "input-tokens", &state.input_tokens);
    add_limit(claude, "output-tokens", &state.output_tokens);
}

/* Days that the database knows; while it is away, none. */
static enum fam_code describe_days(struct fam_app *app, struct fam_ops_claude *claude, struct fam_status *status)
{
    struct fam_usage *list = NULL;
    size_t count = 0;
    enum fam_code code = fam_usage_list(app->store, USAGE_DAYS, &list, &count, status);
    if (code != FAM_OK) {
        return code == FAM_UNAVAILABLE ? FAM_OK : code;
    }
    for (size_t i = 0; i < count && i < FAM_OPS_DAYS_MAX; i++) {
        struct fam_ops_day *day = &claude->days[claude->day_count++];
        memcpy(day->day, list[i].day, sizeof(day->day));
        (void)snprintf(day->model, sizeof(day->model), "%s", list[i].model);
        day->requests = list[i].requests;
        day->input_tokens = list[i].input_tokens;
        day->cache_write_tokens = list[i].cache_write_tokens;
        day->cache_read_tokens = list[i].cache_read_tokens;
        day->output_tokens = list[i].output_tokens;
        day->cost_micro_usd = list[i].cost_micro_usd;
    }
    free(list);
    return FAM_OK;
}

/* The host alone: an address may hold credentials. */
static void copy_host(const char *url, char *ret_host, size_t size)
{
    const char *at = strstr(url, "://");
    at = at == NULL ? url : at + 3;
    size_t length = strcspn(at, "/?#");
    const char *user = memchr(at, '@', length);
    if (user != NULL) {
        length -= (size_t)(user + 1 - at);
        at = user + 1;
    }
    (void)snprintf(ret_host, size, "%.*s", (int)length, at);
}

static enum fam_code get_claude(void *context, struct fam_ops_claude *ret_claude, struct fam_status *status)
{
    struct fam_app *app = context;
    const char *why = why_off(app->config);
    ret_claude->enabled = why == NULL;
    (void)snprintf(ret_claude->why_disabled, sizeof(ret_claude->why_disabled), "%s", why == NULL ? "" : why);
    (void)snprintf(ret_claude->model, sizeof(ret_claude->model), "%s", app->config->claude_model);
    copy_host(app->config->anthropic_base_url, ret_claude->base_url_host, sizeof(ret_claude->base_url_host));
    if (app->claude != NULL) {
        describe_client(app, ret_claude);
    }
    return describe_days(app, ret_claude, status);
}

static enum fam_code reset_breaker(void *context, bool dry_run, struct fam_ops_breaker *ret_breaker,
                                   struct fam_status *status)
{
    struct fam_app *app = context;
    struct fam_claude_state state;
    if (app->claude == NULL) {
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "NOT_CONFIGURED", 0, "Claude is off: %s",
                               why_off(app->config));
    }
    if (!dry_run) {
        fam_claude_reset_breaker(app->claude);
    }
    fam_claude_get_state(app->claude, &state);
    *ret_breaker = breaker_of(&state.breaker);
    return FAM_OK;
}

struct fam_ops_sources fam_app_ops_sources(struct fam_app *app)
{
    return (struct fam_ops_sources){
        .context = app,
        .get_cache_stats = get_cache_stats,
        .clear_cache = clear_cache,
        .get_claude = get_claude,
        .reset_breaker = reset_breaker,
    };
}
