/* claude_spent.c: what Claude was used for today, and the budget. */
#include <stdio.h>
#include <string.h>

#include "translate/claude_private.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

static void turn_day(struct fam_claude *claude)
{
    int64_t number = claude->options.wall_ms() / DAY_MS;
    if (number != claude->day.number) {
        claude->day = (struct fam_claude_day){.number = number};
    }
}

static void add(struct fam_claude_usage *sum, const struct fam_claude_usage *usage)
{
    sum->input_tokens += usage->input_tokens;
    sum->cache_write_tokens += usage->cache_write_tokens;
    sum->cache_read_tokens += usage->cache_read_tokens;
    sum->output_tokens += usage->output_tokens;
    sum->cost_micro_usd += usage->cost_micro_usd;
}

static struct fam_claude_model_usage *place_of(struct fam_claude_day *day, const char *model)
{
    for (size_t i = 0; i < day->model_count; i++) {
        if (strcmp(day->models[i].model, model) == 0) {
            return &day->models[i];
        }
    }
    if (day->model_count == FAM_CLAUDE_MODELS_MAX) {
        struct fam_claude_model_usage *last = &day->models[FAM_CLAUDE_MODELS_MAX - 1];
        (void)snprintf(last->model, sizeof(last->model), "other");
        return last;
    }
    struct fam_claude_model_usage *place = &day->models[day->model_count++];
    (void)snprintf(place->model, sizeof(place->model), "%s", model);
    return place;
}

void fam_claude_count_spent(struct fam_claude *claude, const char *model, uint64_t answers,
                            const struct fam_claude_usage *usage)
{
    turn_day(claude);
    struct fam_claude_model_usage *place = place_of(&claude->day, model);
    place->answers += answers;
    add(&place->usage, usage);
    add(&claude->day.all, usage);
}

enum fam_code fam_claude_check_budget(struct fam_claude *claude, struct fam_status *status)
{
    turn_day(claude);
    if (claude->options.budget_micro_usd > 0 && claude->day.all.cost_micro_usd >= claude->options.budget_micro_usd) {
        int64_t left_ms = DAY_MS - claude->options.wall_ms() % DAY_MS;
        return fam_fail_reason(status, FAM_RESOURCE_EXHAUSTED, "BUDGET", (uint32_t)left_ms,
                               "what Claude may cost today is used up");
    }
    return FAM_OK;
}

void fam_claude_add_spent(struct fam_claude *claude, const char *model, uint64_t answers,
                          const struct fam_claude_usage *usage)
{
    pthread_mutex_lock(&claude->lock);
    fam_claude_count_spent(claude, model, answers, usage);
    pthread_mutex_unlock(&claude->lock);
}

void fam_claude_get_state(struct fam_claude *claude, struct fam_claude_state *ret_state)
{
    *ret_state = (struct fam_claude_state){.concurrency = claude->options.concurrency,
                                           .queue = claude->options.queue,
                                           .budget_micro_usd = claude->options.budget_micro_usd};
    (void)snprintf(ret_state->model, sizeof(ret_state->model), "%s", claude->model.id);
    fam_breaker_read(claude->breaker, &ret_state->breaker);
    pthread_mutex_lock(&claude->lock);
    uint64_t now_ms = claude->options.now_ms();
    turn_day(claude);
    ret_state->in_flight = claude->in_flight;
    ret_state->queued = (uint32_t)claude->waiting.size;
    ret_state->paused_ms = claude->paused_until_ms > now_ms ? (uint32_t)(claude->paused_until_ms - now_ms) : 0;
    ret_state->requests = claude->limits[0];
    ret_state->tokens = claude->limits[1];
    ret_state->input_tokens = claude->limits[2];
    ret_state->output_tokens = claude->limits[3];
    ret_state->model_count = claude->day.model_count;
    memcpy(ret_state->models, claude->day.models, sizeof(ret_state->models));
    ret_state->today = claude->day.all;
    pthread_mutex_unlock(&claude->lock);
}
