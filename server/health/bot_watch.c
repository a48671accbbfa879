/* bot_watch.c: see bot_watch.h. */
#include "health/bot_watch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { BOTS_MAX = 16, NAME_SIZE = 161 };

struct bot {
    char name[NAME_SIZE]; /* "": none */
    uint64_t reported_ms;
    struct fam_bot_report report;
};

struct fam_bot_watch {
    uint64_t (*now_ms)(void);
    uint64_t born_ms;
    pthread_mutex_t lock; /* guards the rest */
    struct bot bots[BOTS_MAX];
};

struct fam_bot_watch *fam_bot_watch_new(uint64_t (*now_ms)(void), struct fam_status *status)
{
    struct fam_bot_watch *watch = calloc(1, sizeof(*watch));
    if (watch == NULL || pthread_mutex_init(&watch->lock, NULL) != 0) {
        free(watch);
        (void)fam_fail_memory(status);
        return NULL;
    }
    watch->now_ms = now_ms != NULL ? now_ms : fam_mono_ms;
    watch->born_ms = watch->now_ms();
    return watch;
}

void fam_bot_watch_free(struct fam_bot_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    (void)pthread_mutex_destroy(&watch->lock);
    free(watch);
}

/* The bot of this name, else the place of none, else that of the one that has been silent longest. */
static struct bot *place_of(struct fam_bot_watch *watch, const char *name)
{
    struct bot *oldest = &watch->bots[0];
    for (size_t i = 0; i < BOTS_MAX; i++) {
        struct bot *bot = &watch->bots[i];
        if (strncmp(bot->name, name, NAME_SIZE - 1) == 0 && bot->name[0] != '\0') {
            return bot;
        }
        if (bot->reported_ms < oldest->reported_ms) {
            oldest = bot;
        }
    }
    return oldest;
}

bool fam_bot_watch_report(struct fam_bot_watch *watch, const char *name, const struct fam_bot_report *report)
{
    pthread_mutex_lock(&watch->lock);
    struct bot *bot = place_of(watch, name);
    uint64_t now_ms = watch->now_ms();
    bool is_new = strncmp(bot->name, name, NAME_SIZE - 1) != 0 || now_ms - bot->reported_ms > FAM_BOT_SILENT_MS;
    (void)snprintf(bot->name, sizeof(bot->name), "%s", name);
    bot->reported_ms = now_ms;
    bot->report = *report;
    pthread_mutex_unlock(&watch->lock);
    return is_new;
}

/* What one bot's report says now. */
static enum fam_health_state judge(const struct bot *bot, uint64_t now_ms, const char **ret_reason)
{
    uint64_t silent_ms = now_ms - bot->reported_ms;
    if (silent_ms > FAM_BOT_SILENT_MS) {
        *ret_reason = "the bot has not reported for a minute";
        return FAM_HEALTH_UNHEALTHY;
    }
    if (bot->report.is_standby) {
        *ret_reason = "all bots stand by: none has the lead";
        return FAM_HEALTH_UNHEALTHY;
    }
    if (!bot->report.polled || bot->report.poll_age_ms + silent_ms > FAM_BOT_POLL_MS) {
        *ret_reason = "no completed poll within two minutes";
        return FAM_HEALTH_UNHEALTHY;
    }
    if (bot->report.unhandled >= FAM_BOT_BEHIND) {
        *ret_reason = "the bot is behind: it has no room for more updates";
        return FAM_HEALTH_DEGRADED;
    }
    *ret_reason = "";
    return FAM_HEALTH_HEALTHY;
}

enum fam_health_state fam_bot_watch_state(struct fam_bot_watch *watch, char ret_reason[FAM_HEALTH_REASON_SIZE])
{
    uint64_t now_ms = watch->now_ms();
    bool young = now_ms - watch->born_ms <= FAM_BOT_SILENT_MS;
    enum fam_health_state state = young ? FAM_HEALTH_HEALTHY : FAM_HEALTH_DEGRADED;
    const char *reason = young ? "" : "no bot has reported";
    bool any = false;
    pthread_mutex_lock(&watch->lock);
    for (size_t i = 0; i < BOTS_MAX; i++) {
        const struct bot *bot = &watch->bots[i];
        const char *said = "";
        if (bot->name[0] == '\0') {
            continue;
        }
        enum fam_health_state one = judge(bot, now_ms, &said);
        if (!any || one < state) {
            state = one;
            reason = said;
        }
        any = true;
    }
    pthread_mutex_unlock(&watch->lock);
    (void)snprintf(ret_reason, FAM_HEALTH_REASON_SIZE, "%s", reason);
    return state;
}
