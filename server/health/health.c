/* health.c: the checks and their threads; see health.h. */
#include "health/health.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

enum { LONGEST_NAME = 32 };

struct check {
    struct core *core;
    struct fam_health_check wanted;
    pthread_t thread;
    bool has_thread;
    /* Guarded by core->lock. */
    bool running;
    bool left;  /* the thread is over */
    bool asked; /* run at once */
    uint64_t started_ms;
    uint64_t ended_ms; /* 0: never */
    int64_t ended_wall_ms;
    uint32_t duration_us;
    enum fam_health_state state;
    char reason[FAM_HEALTH_REASON_SIZE];
};

/* Outlives struct fam_health while a check hangs. */
struct core {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t owners; /* fam_health and each thread */
    bool stop;
    uint32_t timeout_ms;
    size_t count;
    struct check checks[FAM_HEALTH_MAX_CHECKS];
};

struct fam_health {
    struct core *core;
    const char *version;
    const char *ready_requires;
    bool (*program_ready)(void *context, const char **ret_reason);
    void *context;
    uint64_t born_ms;
};

/* ---- the shared part ---- */

static struct core *core_new(uint32_t timeout_ms)
{
    pthread_condattr_t monotonic;
    struct core *core = calloc(1, sizeof(*core));
    if (!core) {
        return NULL;
    }
    pthread_mutex_init(&core->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&core->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    core->owners = 1;
    core->timeout_ms = timeout_ms;
    return core;
}

/* With the lock held, which is released. */
static void core_leave(struct core *core)
{
    bool last = --core->owners == 0;
    pthread_cond_broadcast(&core->changed);
    pthread_mutex_unlock(&core->lock);
    if (!last) {
        return;
    }
    pthread_cond_destroy(&core->changed);
    pthread_mutex_destroy(&core->lock);
    free(core);
}

/* With the lock held. False when `end_ms` has come. */
static bool core_wait(struct core *core, uint64_t end_ms)
{
    struct timespec end = {.tv_sec = (time_t)(end_ms / 1000), .tv_nsec = (long)(end_ms % 1000) * 1000000};
    return pthread_cond_timedwait(&core->changed, &core->lock, &end) != ETIMEDOUT;
}

/* ---- one check ---- */

static void set_result(struct check *check, enum fam_health_state state, const char *reason, uint64_t started_us)
{
    check->state = state;
    snprintf(check->reason, sizeof(check->reason), "%s", state == FAM_HEALTH_HEALTHY ? "" : reason);
    check->duration_us = (uint32_t)(fam_mono_us() - started_us);
    check->ended_ms = fam_mono_ms();
    check->ended_wall_ms = fam_wall_ms();
    check->running = false;
    pthread_cond_broadcast(&check->core->changed);
}

/* With the lock held, which is given away meanwhile. */
static void run_once(struct check *check)
{
    struct core *core = check->core;
    char reason[FAM_HEALTH_REASON_SIZE] = "";
    uint64_t started_us = fam_mono_us();
    check->asked = false;
    check->running = true;
    check->started_ms = fam_mono_ms();
    pthread_mutex_unlock(&core->lock);
    enum fam_health_state state = check->wanted.run(check->wanted.context, core->timeout_ms, reason);
    reason[sizeof(reason) - 1] = '\0';
    pthread_mutex_lock(&core->lock);
    set_result(check, state, reason[0] ? reason : "failed", started_us);
}

static void *check_main(void *argument)
{
    struct check *check = argument;
    struct core *core = check->core;
    uint32_t interval_ms = check->wanted.interval_ms ? check->wanted.interval_ms : 1000;
    pthread_mutex_lock(&core->lock);
    while (!core->stop) {
        run_once(check);
        uint64_t next_ms = fam_mono_ms() + interval_ms;
        while (!core->stop && !check->asked && core_wait(core, next_ms)) {
            ;
        }
    }
    check->left = true;
    core_leave(core);
    return NULL;
}

/* ---- life ---- */

struct fam_health *fam_health_new(const struct fam_health_options *options, struct fam_status *status)
{
    struct fam_health *health = calloc(1, sizeof(*health));
    struct core *core = core_new(options->timeout_ms ? options->timeout_ms : 5000);
    if (!health || !core) {
        free(health);
        if (core) {
            pthread_mutex_lock(&core->lock);
            core_leave(core);
        }
        (void)fam_fail_memory(status);
        return NULL;
    }
    health->core = core;
    health->version = options->version ? options->version : "";
    health->ready_requires = options->ready_requires ? options->ready_requires : "";
    health->program_ready = options->program_ready;
    health->context = options->context;
    health->born_ms = fam_mono_ms();
    return health;
}

/* Index of the check with this name, or the count. */
static size_t find(const struct core *core, const char *name, size_t length)
{
    size_t i = 0;
    while (i < core->count &&
           (strlen(core->checks[i].wanted.name) != length || memcmp(core->checks[i].wanted.name, name, length) != 0)) {
        i++;
    }
    return i;
}

enum fam_code fam_health_add(struct fam_health *health, const struct fam_health_check *check, struct fam_status *status)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    struct core *core = health->core;
    size_t length = strlen(check->name);
    if (length == 0 || length > LONGEST_NAME || strspn(check->name, allowed) != length) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "a check's name takes 1 to %d of a-z, 0-9 and _", LONGEST_NAME);
    }
    if (find(core, check->name, length) < core->count) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "there is a check \"%s\" already", check->name);
    }
    if (core->count == FAM_HEALTH_MAX_CHECKS) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "more than %d checks", FAM_HEALTH_MAX_CHECKS);
    }
    core->checks[core->count++] =
        (struct check){.core = core, .wanted = *check, .state = FAM_HEALTH_UNHEALTHY, .reason = "not checked yet"};
    return FAM_OK;
}

static bool all_ended(const struct core *core)
{
    for (size_t i = 0; i < core->count; i++) {
        if (core->checks[i].ended_ms == 0) {
            return false;
        }
    }
    return true;
}

/* The next name of a comma-separated list; NULL at its end. Advances *list. */
static const char *next_name(const char **list, size_t *ret_length)
{
    const char *name = *list + strspn(*list, ", ");
    *ret_length = strcspn(name, ", ");
    *list = name + *ret_length;
    return *ret_length ? name : NULL;
}

enum fam_code fam_health_start(struct fam_health *health, uint32_t first_wait_ms, struct fam_status *status)
{
    struct core *core = health->core;
    enum fam_code code = FAM_OK;
    const char *list = health->ready_requires;
    size_t length = 0;
    for (const char *name; (name = next_name(&list, &length));) {
        if (find(core, name, length) == core->count) {
            return fam_fail(status, FAM_FAILED_PRECONDITION, "readiness requires \"%.*s\", which is no check",
                            (int)length, name);
        }
    }
    pthread_mutex_lock(&core->lock);
    for (size_t i = 0; i < core->count && !code; i++) {
        struct check *check = &core->checks[i];
        check->has_thread = pthread_create(&check->thread, NULL, check_main, check) == 0;
        if (check->has_thread) {
            core->owners++;
        } else {
            code = fam_fail(status, FAM_RESOURCE_EXHAUSTED, "no thread for the check \"%s\"", check->wanted.name);
        }
    }
    uint64_t end_ms = fam_mono_ms() + first_wait_ms;
    while (!code && !all_ended(core) && core_wait(core, end_ms)) {
        ;
    }
    pthread_mutex_unlock(&core->lock);
    return code;
}

void fam_health_refresh(struct fam_health *health)
{
    struct core *core = health->core;
    pthread_mutex_lock(&core->lock);
    for (size_t i = 0; i < core->count; i++) {
        core->checks[i].asked = !core->checks[i].running;
    }
    pthread_cond_broadcast(&core->changed);
    pthread_mutex_unlock(&core->lock);
}

void fam_health_free(struct fam_health *health)
{
    if (!health) {
        return;
    }
    struct core *core = health->core;
    pthread_mutex_lock(&core->lock);
    core->stop = true;
    pthread_cond_broadcast(&core->changed);
    uint64_t end_ms = fam_mono_ms() + core->timeout_ms;
    for (size_t i = 0; i < core->count; i++) {
        struct check *check = &core->checks[i];
        while (check->has_thread && !check->left && core_wait(core, end_ms)) {
            ;
        }
        if (!check->has_thread) {
            continue;
        }
        if (check->left) {
            pthread_mutex_unlock(&core->lock);
            pthread_join(check->thread, NULL);
            pthread_mutex_lock(&core->lock);
        } else {
            pthread_detach(check->thread);
        }
    }
    core_leave(core);
    free(health);
}

/* ---- reports ---- */

/* With the lock held. */
static void fill_result(const struct core *core, const struct check *check, uint64_t now_ms,
                        struct fam_health_result *ret_result)
{
    uint64_t ran_ms = check->running && now_ms > check->started_ms ? now_ms - check->started_ms : 0;
    uint64_t age_ms = check->ended_ms && now_ms > check->ended_ms ? now_ms - check->ended_ms : 0;
    *ret_result = (struct fam_health_result){.name = check->wanted.name,
                                             .state = check->state,
                                             .required = check->wanted.required,
                                             .duration_us = check->duration_us,
                                             .age_ms = age_ms < UINT32_MAX ? (uint32_t)age_ms : UINT32_MAX};
    memcpy(ret_result->reason, check->reason, sizeof(ret_result->reason));
    if (ran_ms < core->timeout_ms) {
        return;
    }
    ret_result->state = FAM_HEALTH_UNHEALTHY;
    ret_result->duration_us = ran_ms < UINT32_MAX / 1000 ? (uint32_t)ran_ms * 1000 : UINT32_MAX;
    snprintf(ret_result->reason, sizeof(ret_result->reason), "timed out");
}

/* What one check means for the whole. */
static enum fam_health_state weigh(const struct fam_health_result *result)
{
    if (result->state == FAM_HEALTH_UNHEALTHY && !result->required) {
        return FAM_HEALTH_DEGRADED;
    }
    return result->state;
}

void fam_health_snapshot(struct fam_health *health, struct fam_health_report *ret_report)
{
    struct core *core = health->core;
    uint64_t now_ms = fam_mono_ms();
    int64_t wall_ms = fam_wall_ms();
    *ret_report = (struct fam_health_report){.state = FAM_HEALTH_HEALTHY, .version = health->version};
    ret_report->uptime_ms = (int64_t)(now_ms - health->born_ms);
    ret_report->checked_at_ms = wall_ms;
    pthread_mutex_lock(&core->lock);
    ret_report->count = core->count;
    for (size_t i = 0; i < core->count; i++) {
        const struct check *check = &core->checks[i];
        fill_result(core, check, now_ms, &ret_report->results[i]);
        if (check->ended_ms && check->ended_wall_ms < ret_report->checked_at_ms) {
            ret_report->checked_at_ms = check->ended_wall_ms;
        }
    }
    pthread_mutex_unlock(&core->lock);
    for (size_t i = 0; i < ret_report->count; i++) {
        enum fam_health_state state = weigh(&ret_report->results[i]);
        if (state > ret_report->state) {
            ret_report->state = state;
        }
    }
}

bool fam_health_ready(struct fam_health *health, char ret_reason[FAM_HEALTH_REASON_SIZE])
{
    struct core *core = health->core;
    uint64_t now_ms = fam_mono_ms();
    const char *list = health->ready_requires, *why = NULL;
    size_t length = 0;
    ret_reason[0] = '\0';
    for (const char *name; (name = next_name(&list, &length));) {
        struct fam_health_result result = {.name = "", .state = FAM_HEALTH_UNHEALTHY, .reason = "no such check"};
        pthread_mutex_lock(&core->lock);
        size_t index = find(core, name, length);
        if (index < core->count) {
            fill_result(core, &core->checks[index], now_ms, &result);
        }
        pthread_mutex_unlock(&core->lock);
        if (result.state == FAM_HEALTH_UNHEALTHY) {
            snprintf(ret_reason, FAM_HEALTH_REASON_SIZE, "%.32s: %.60s", result.name, result.reason);
            return false;
        }
    }
    if (!health->program_ready || health->program_ready(health->context, &why)) {
        return true;
    }
    snprintf(ret_reason, FAM_HEALTH_REASON_SIZE, "%s", why ? why : "not ready");
    return false;
}
