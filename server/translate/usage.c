#include "translate/usage.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "store/usage_store.h"

static const char JOB[] = "usage_flush";
enum { FLUSH_MS = 2000 };

struct sum {
    char model[FAM_CLAUDE_MODEL_SIZE];
    uint64_t answers;
    struct fam_claude_usage usage;
};

struct fam_usage_keeper {
    struct fam_store *store;
    struct fam_metrics *metrics;
    struct fam_log *log;
    struct fam_claude *claude;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct sum sums[FAM_CLAUDE_MODELS_MAX]; /* the last stands for all that had no place */
    size_t count;
    bool stop, running;
    pthread_t thread;
    /* the thread's own */
    bool loaded;
    bool failing; /* told in the log already */
};

struct fam_usage_keeper *fam_usage_keeper_new(struct fam_store *store, struct fam_metrics *metrics, struct fam_log *log,
                                              struct fam_status *status)
{
    struct fam_usage_keeper *keeper = calloc(1, sizeof(*keeper));
    pthread_condattr_t monotonic;
    if (keeper == NULL || pthread_condattr_init(&monotonic) != 0) {
        free(keeper);
        (void)fam_fail_memory(status);
        return NULL;
    }
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    bool good = pthread_mutex_init(&keeper->lock, NULL) == 0 && pthread_cond_init(&keeper->changed, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    if (!good) {
        free(keeper);
        (void)fam_fail_memory(status);
        return NULL;
    }
    keeper->store = store;
    keeper->metrics = metrics;
    keeper->log = log;
    return keeper;
}

static void add(struct sum *sum, uint64_t answers, const struct fam_claude_usage *usage)
{
    sum->answers += answers;
    sum->usage.input_tokens += usage->input_tokens;
    sum->usage.cache_write_tokens += usage->cache_write_tokens;
    sum->usage.cache_read_tokens += usage->cache_read_tokens;
    sum->usage.output_tokens += usage->output_tokens;
    sum->usage.cost_micro_usd += usage->cost_micro_usd;
}

/* Under the lock. */
static struct sum *sum_of(struct fam_usage_keeper *keeper, const char *model)
{
    for (size_t i = 0; i < keeper->count; i++) {
        if (strcmp(keeper->sums[i].model, model) == 0) {
            return &keeper->sums[i];
        }
    }
    if (keeper->count == FAM_CLAUDE_MODELS_MAX) {
        return &keeper->sums[FAM_CLAUDE_MODELS_MAX - 1];
    }
    struct sum *sum = &keeper->sums[keeper->count++];
    *sum = (struct sum){.answers = 0};
    size_t size = strnlen(model, sizeof(sum->model) - 1);
    memcpy(sum->model, model, size);
    return sum;
}

void fam_usage_keeper_count(void *context, const char *model, const struct fam_claude_usage *usage)
{
    struct fam_usage_keeper *keeper = context;
    pthread_mutex_lock(&keeper->lock);
    add(sum_of(keeper, model), 1, usage);
    pthread_mutex_unlock(&keeper->lock);
}

/* What other processes, and this one before its start, used today. */
static enum fam_code load(struct fam_usage_keeper *keeper, struct fam_status *status)
{
    struct fam_usage *list = NULL;
    size_t count = 0;
    enum fam_code code = fam_usage_list(keeper->store, 1, &list, &count, status);
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        const struct fam_claude_usage usage = {
            .input_tokens = (uint64_t)list[i].input_tokens,
            .cache_write_tokens = (uint64_t)list[i].cache_write_tokens,
            .cache_read_tokens = (uint64_t)list[i].cache_read_tokens,
            .output_tokens = (uint64_t)list[i].output_tokens,
            .cost_micro_usd = (uint64_t)list[i].cost_micro_usd,
        };
        fam_claude_add_spent(keeper->claude, list[i].model, (uint64_t)list[i].requests, &usage);
    }
    free(list);
    keeper->loaded = code == FAM_OK;
    return code;
}

static enum fam_code write_sum(struct fam_usage_keeper *keeper, const struct sum *sum, struct fam_status *status)
{
    struct fam_usage delta = {
        .requests = (int64_t)sum->answers,
        .input_tokens = (int64_t)sum->usage.input_tokens,
        .cache_write_tokens = (int64_t)sum->usage.cache_write_tokens,
        .cache_read_tokens = (int64_t)sum->usage.cache_read_tokens,
        .output_tokens = (int64_t)sum->usage.output_tokens,
        .cost_micro_usd = (int64_t)sum->usage.cost_micro_usd,
    };
    memcpy(delta.model, sum->model, sizeof(sum->model));
    return fam_usage_add(keeper->store, &delta, status);
}

static enum fam_code flush(struct fam_usage_keeper *keeper, struct fam_status *status)
{
    struct sum sums[FAM_CLAUDE_MODELS_MAX];
    enum fam_code code = keeper->loaded ? FAM_OK : load(keeper, status);
    if (code != FAM_OK) {
        return code;
    }
    pthread_mutex_lock(&keeper->lock);
    size_t count = keeper->count;
    memcpy(sums, keeper->sums, sizeof(sums));
    keeper->count = 0;
    pthread_mutex_unlock(&keeper->lock);
    for (size_t i = 0; i < count; i++) {
        struct fam_status one;
        if (write_sum(keeper, &sums[i], &one) != FAM_OK) {
            code = one.code;
            *status = one;
            pthread_mutex_lock(&keeper->lock);
            add(sum_of(keeper, sums[i].model), sums[i].answers, &sums[i].usage);
            pthread_mutex_unlock(&keeper->lock);
        }
    }
    return code;
}

static void *run(void *arg)
{
    struct fam_usage_keeper *keeper = arg;
    bool stop = false;
    while (!stop) {
        struct fam_status status;
        fam_metrics_job_started(keeper->metrics, JOB);
        bool failed = flush(keeper, &status) != FAM_OK;
        if (!failed) {
            fam_metrics_job_succeeded(keeper->metrics, JOB);
        }
        if (failed && !keeper->failing) {
            FAM_LOG(keeper->log, FAM_LOG_WARN, "claude", "what Claude costs can't be written down now; it is kept",
                    FAM_STR("code", fam_code_name(status.code)));
        }
        keeper->failing = failed;
        uint64_t until_ms = fam_mono_ms() + FLUSH_MS;
        const struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                                       .tv_nsec = (long)(until_ms % 1000) * 1000000};
        int error = 0;
        pthread_mutex_lock(&keeper->lock);
        while (!keeper->stop && error == 0) {
            error = pthread_cond_timedwait(&keeper->changed, &keeper->lock, &until);
        }
        stop = keeper->stop;
        pthread_mutex_unlock(&keeper->lock);
    }
    struct fam_status ignored; /* the last try; what can't be written is lost with the process */
    if (flush(keeper, &ignored) != FAM_OK) {
        FAM_LOG(keeper->log, FAM_LOG_ERROR, "claude", "what Claude cost lately was not written down",
                FAM_STR("code", fam_code_name(ignored.code)));
    }
    return NULL;
}

enum fam_code fam_usage_keeper_start(struct fam_usage_keeper *keeper, struct fam_claude *claude,
                                     struct fam_status *status)
{
    keeper->claude = claude;
    fam_metrics_job_every(keeper->metrics, JOB, FLUSH_MS);
    if (pthread_create(&keeper->thread, NULL, run, keeper) != 0) {
        return fam_fail(status, FAM_RESOURCE_EXHAUSTED, "can't start the thread that writes down what Claude costs");
    }
    keeper->running = true;
    return FAM_OK;
}

void fam_usage_keeper_stop(struct fam_usage_keeper *keeper)
{
    if (keeper == NULL || !keeper->running) {
        return;
    }
    pthread_mutex_lock(&keeper->lock);
    keeper->stop = true;
    pthread_cond_signal(&keeper->changed);
    pthread_mutex_unlock(&keeper->lock);
    (void)pthread_join(keeper->thread, NULL);
    keeper->running = false;
}

void fam_usage_keeper_free(struct fam_usage_keeper *keeper)
{
    if (keeper == NULL) {
        return;
    }
    fam_usage_keeper_stop(keeper);
    (void)pthread_cond_destroy(&keeper->changed);
    (void)pthread_mutex_destroy(&keeper->lock);
    free(keeper);
}
