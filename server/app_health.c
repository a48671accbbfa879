/* app_health.c: what famserver depends on, as checks. Each looks at what is at hand: none of them costs a request to
 * Anthropic or Telegram. */
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "app_private.h"

/* As the alert DiskFull has them. */
#define DISK_LOW 0.1
#define DISK_FULL 0.03

static void say(char ret_reason[FAM_HEALTH_REASON_SIZE], const char *reason)
{
    (void)snprintf(ret_reason, FAM_HEALTH_REASON_SIZE, "%s", reason);
}

static enum fam_health_state check_database(void *context, uint32_t timeout_ms, char ret_reason[FAM_HEALTH_REASON_SIZE])
{
    (void)timeout_ms; /* the pool bounds connecting and each statement */
    struct fam_app *app = context;
    struct fam_status status;
    if (fam_store_ping(app->store, &status) == FAM_OK) {
        return FAM_HEALTH_HEALTHY;
    }
    say(ret_reason, status.code == FAM_UNAVAILABLE ? "not reachable" : "does not answer");
    return FAM_HEALTH_UNHEALTHY;
}

static enum fam_health_state check_redis(void *context, uint32_t timeout_ms, char ret_reason[FAM_HEALTH_REASON_SIZE])
{
    (void)timeout_ms;
    struct fam_app *app = context;
    struct fam_status status;
    if (fam_redis_ping(app->redis, &status) == FAM_OK) {
        return FAM_HEALTH_HEALTHY;
    }
    say(ret_reason, fam_redis_is_configured(app->redis) ? "not reachable" : "not configured");
    return FAM_HEALTH_UNHEALTHY;
}

/* From what the calls of the last time met: a question to Anthropic for its own sake would cost money and limits. */
static enum fam_health_state check_claude(void *context, uint32_t timeout_ms, char ret_reason[FAM_HEALTH_REASON_SIZE])
{
    (void)timeout_ms;
    struct fam_app *app = context;
    struct fam_claude_state state;
    fam_claude_get_state(app->claude, &state);
    if (state.breaker.state == FAM_BREAKER_OPEN && state.breaker.retry_in_ms > 0) {
        say(ret_reason, "failed five times in a row: not asked for a minute");
        return FAM_HEALTH_UNHEALTHY;
    }
    if (state.breaker.state != FAM_BREAKER_CLOSED) {
        say(ret_reason, "has failed, and was not asked since");
        return FAM_HEALTH_DEGRADED;
    }
    if (state.paused_ms > 0) {
        say(ret_reason, "asks to wait (429)");
        return FAM_HEALTH_DEGRADED;
    }
    if (state.budget_micro_usd > 0 && state.today.cost_micro_usd >= state.budget_micro_usd) {
        say(ret_reason, "today's budget is used up");
        return FAM_HEALTH_DEGRADED;
    }
    return FAM_HEALTH_HEALTHY;
}

static enum fam_health_state check_telegram(void *context, uint32_t timeout_ms, char ret_reason[FAM_HEALTH_REASON_SIZE])
{
    (void)timeout_ms;
    struct fam_app *app = context;
    return fam_bot_watch_state(app->bots, ret_reason);
}

/* Where the working folder lies, like the metric: PostgreSQL's disk is looked at where PostgreSQL runs. */
static enum fam_health_state check_disk(void *context, uint32_t timeout_ms, char ret_reason[FAM_HEALTH_REASON_SIZE])
{
    (void)context;
    (void)timeout_ms;
    struct statvfs disk = {.f_blocks = 0};
    if (statvfs(".", &disk) != 0 || disk.f_blocks == 0) {
        say(ret_reason, "can't be looked at");
        return FAM_HEALTH_DEGRADED;
    }
    double free_share = (double)disk.f_bavail / (double)disk.f_blocks;
    if (free_share >= DISK_LOW) {
        return FAM_HEALTH_HEALTHY;
    }
    say(ret_reason, free_share < DISK_FULL ? "less than 3 % are free" : "less than 10 % are free");
    return free_share < DISK_FULL ? FAM_HEALTH_UNHEALTHY : FAM_HEALTH_DEGRADED;
}

static enum fam_code add(struct fam_app *app, const char *name,
                         enum fam_health_state (*run)(void *context, uint32_t timeout_ms, char *ret_reason),
                         bool required, struct fam_status *status)
{
    const struct fam_health_check check = {.name = name, .run = run, .context = app, .required = required};
    return fam_health_add(app->health, &check, status);
}

enum fam_code fam_app_make_health(struct fam_app *app, struct fam_status *status)
{
    const struct fam_health_options options = {.version = FAM_VERSION,
                                               .ready_requires = app->config->ready_requires,
                                               .program_ready = fam_app_is_ready,
                                               .context = app};
    app->bots = fam_bot_watch_new(NULL, status);
    app->health = app->bots == NULL ? NULL : fam_health_new(&options, status);
    if (app->health == NULL) {
        return status->code;
    }
    enum fam_code code = add(app, "database", check_database, true, status);
    if (code == FAM_OK) {
        code = add(app, "redis", check_redis, false, status);
    }
    if (code == FAM_OK && fam_app_uses_claude(app)) {
        code = add(app, "claude", check_claude, false, status);
    }
    if (code == FAM_OK && (app->roles & FAM_APP_SERVES) != 0) { /* bots report to servers */
        code = add(app, "telegram", check_telegram, false, status);
    }
    return code == FAM_OK ? add(app, "disk", check_disk, false, status) : code;
}
