/* cache stats|clear, claude usage|limits|breaker. */
#include <string.h>

#include "commands/commands.h"
#include "ctl.h"
#include "fam/v1/ops.pb-c.h"
#include "words.h"

enum fam_code fam_ctl_cache_stats(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__GetCacheStatsRequest request = FAM__V1__GET_CACHE_STATS_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, get_cache_stats, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__GetCacheStatsResponse *stats = (const Fam__V1__GetCacheStatsResponse *)fam_rpc_response(&rpc);
        int64_t asked = stats->hits + stats->misses;
        fam_out_field(&ctl->out, "redis_up", "Redis answers", FAM_YES_NO(stats->redis_up));
        fam_out_field(&ctl->out, "entries", "Answers kept", FAM_NUMBER(stats->entries));
        fam_out_field(&ctl->out, "compressed", "Compressed", FAM_NUMBER(stats->compressed));
        fam_out_field(&ctl->out, "bytes", "Bytes", FAM_NUMBER(stats->bytes));
        fam_out_field(&ctl->out, "hits", "Hits of this server", FAM_NUMBER(stats->hits));
        fam_out_field(&ctl->out, "misses", "Misses", FAM_NUMBER(stats->misses));
        fam_out_field(&ctl->out, "hit_percent", "Hits, percent", FAM_NUMBER(asked > 0 ? stats->hits * 100 / asked : 0));
        fam_out_field(&ctl->out, "claims_waited", "Waited for an equal call", FAM_NUMBER(stats->claims_waited));
    }
    fam_rpc_done(&rpc);
    return code;
}

enum fam_code fam_ctl_cache_clear(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__ClearCacheRequest request = FAM__V1__CLEAR_CACHE_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true; /* a repeat finds nothing more to forget */
    request.dry_run = fam_ctl_is_dry_run(ctl);
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, clear_cache, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__ClearCacheResponse *response = (const Fam__V1__ClearCacheResponse *)fam_rpc_response(&rpc);
        fam_out_field(&ctl->out, request.dry_run ? "would_delete" : "deleted",
                      request.dry_run ? "Would be forgotten" : "Forgotten", FAM_NUMBER(response->deleted));
        if (request.dry_run) {
            fam_out_note(&ctl->out, "Nothing was changed.");
        }
    }
    fam_rpc_done(&rpc);
    return code;
}

static enum fam_code get_claude(struct fam_ctl *ctl, struct fam_rpc *rpc, const struct fam_rpc_options *options,
                                const Fam__V1__GetClaudeResponse **ret_claude, struct fam_status *status)
{
    Fam__V1__GetClaudeRequest request = FAM__V1__GET_CLAUDE_REQUEST__INIT;
    fam_rpc_init(rpc, options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, get_claude, rpc, &request, status);
    *ret_claude = code == FAM_OK ? (const Fam__V1__GetClaudeResponse *)fam_rpc_response(rpc) : NULL;
    return code;
}

static void show_usage(struct fam_out *out, const Fam__V1__GetClaudeResponse *claude)
{
    static const struct fam_column columns[] = {{"day", "DAY"},
                                                {"model", "MODEL"},
                                                {"requests", "REQUESTS"},
                                                {"input_tokens", "INPUT"},
                                                {"cache_write_tokens", "CACHE WRITE"},
                                                {"cache_read_tokens", "CACHE READ"},
                                                {"output_tokens", "OUTPUT"},
                                                {"cost_micro_usd", "COST, MICRO-USD"}};
    fam_out_field(out, "enabled", "Enabled", FAM_YES_NO(claude->enabled));
    fam_out_field(out, "why_disabled", "Because", FAM_TEXT(claude->why_disabled));
    fam_out_field(out, "model", "Model", FAM_TEXT(claude->model));
    fam_out_field(out, "base_url_host", "Host", FAM_TEXT(claude->base_url_host));
    fam_out_field(out, "spent_today_micro_usd", "Spent today, micro-USD", FAM_NUMBER(claude->spent_today_micro_usd));
    fam_out_field(out, "budget_micro_usd", "Budget a day, micro-USD (0: none)", FAM_NUMBER(claude->budget_micro_usd));
    fam_out_table(out, "days", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < claude->n_days; i++) {
        const Fam__V1__ClaudeDayUsage *day = claude->days[i];
        fam_out_cell(out, FAM_TEXT(day->day));
        fam_out_cell(out, FAM_TEXT(day->model));
        fam_out_cell(out, FAM_NUMBER(day->requests));
        fam_out_cell(out, FAM_NUMBER(day->input_tokens));
        fam_out_cell(out, FAM_NUMBER(day->cache_write_tokens));
        fam_out_cell(out, FAM_NUMBER(day->cache_read_tokens));
        fam_out_cell(out, FAM_NUMBER(day->output_tokens));
        fam_out_cell(out, FAM_NUMBER(day->cost_micro_usd));
    }
}

static void show_limits(struct fam_out *out, const Fam__V1__GetClaudeResponse *claude)
{
    static const struct fam_column columns[] = {
        {"name", "LIMIT"}, {"limit", "OF"}, {"remaining", "REMAINING"}, {"reset", "RESET AT"}};
    fam_out_field(out, "concurrency", "Calls at once, at most", FAM_NUMBER(claude->concurrency));
    fam_out_field(out, "in_flight", "In flight", FAM_NUMBER(claude->in_flight));
    fam_out_field(out, "queued", "Queued", FAM_NUMBER(claude->queued));
    fam_out_field(out, "queue_bound", "Queue, at most", FAM_NUMBER(claude->queue_bound));
    fam_out_field(out, "paused_ms", "Paused for, ms", FAM_NUMBER(claude->paused_ms));
    fam_out_table(out, "limits", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < claude->n_limits; i++) {
        fam_out_cell(out, FAM_TEXT(claude->limits[i]->name));
        fam_out_cell(out, FAM_NUMBER(claude->limits[i]->limit));
        fam_out_cell(out, FAM_NUMBER(claude->limits[i]->remaining));
        fam_out_cell(out, FAM_TEXT(claude->limits[i]->reset));
    }
}

static void show_breaker(struct fam_out *out, const Fam__V1__Breaker *breaker)
{
    char word[FAM_WORD_SIZE];
    bool closed = breaker->state == FAM__V1__BREAKER_STATE__BREAKER_STATE_CLOSED;
    fam_word_from_enum(&fam__v1__breaker_state__descriptor, (int)breaker->state, word);
    fam_out_field(out, "state", "Breaker", FAM_TONED(word, closed ? FAM_TONE_GOOD : FAM_TONE_WARN));
    fam_out_field(out, "failures", "Failures in a row", FAM_NUMBER(breaker->failures));
    fam_out_field(out, "retry_in_ms", "Tried again in, ms", FAM_NUMBER(breaker->retry_in_ms));
}

/* One view on what GetClaude tells. */
static enum fam_code show(struct fam_ctl *ctl, void (*view)(struct fam_out *out, const Fam__V1__GetClaudeResponse *c),
                          struct fam_status *status)
{
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    const Fam__V1__GetClaudeResponse *claude = NULL;
    options.read_only = true;
    enum fam_code code = get_claude(ctl, &rpc, &options, &claude, status);
    if (code == FAM_OK) {
        view(&ctl->out, claude);
    }
    fam_rpc_done(&rpc);
    return code;
}

static void view_breaker(struct fam_out *out, const Fam__V1__GetClaudeResponse *claude)
{
    if (claude->breaker != NULL) {
        show_breaker(out, claude->breaker);
    }
}

enum fam_code fam_ctl_claude_usage(struct fam_ctl *ctl, struct fam_status *status)
{
    return show(ctl, show_usage, status);
}

enum fam_code fam_ctl_claude_limits(struct fam_ctl *ctl, struct fam_status *status)
{
    return show(ctl, show_limits, status);
}

enum fam_code fam_ctl_claude_breaker(struct fam_ctl *ctl, struct fam_status *status)
{
    bool reset = ctl->parsed->argument_count > 0;
    if (!reset) {
        return show(ctl, view_breaker, status);
    }
    Fam__V1__ResetBreakerRequest request = FAM__V1__RESET_BREAKER_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    request.dry_run = fam_ctl_is_dry_run(ctl);
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, reset_breaker, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__ResetBreakerResponse *response = (const Fam__V1__ResetBreakerResponse *)fam_rpc_response(&rpc);
        if (response->breaker != NULL) {
            show_breaker(&ctl->out, response->breaker);
        }
        fam_out_note(&ctl->out, request.dry_run ? "It would be closed. Nothing was changed." : "It is closed now.");
    }
    fam_rpc_done(&rpc);
    return code;
}
