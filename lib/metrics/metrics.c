#include "metrics/metrics.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "metrics/metrics_private.h"

#define FAM_LABEL_SET(set, ...) static const char *const SET_##set[] = {__VA_ARGS__};
#include "metrics/labels.def"
#undef FAM_LABEL_SET

static const char *const SET_CODE[] = {
#define CODE_NAME(name, number, http, exit_code, retry) #name,
    FAM_CODES(CODE_NAME)
#undef CODE_NAME
};

/* Seconds. The translation's are the operations guide's, with smaller ones for answers without a model. */
static const double BUCKETS_TRANSLATION[] = {0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30};
static const double BUCKETS_RPC[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5, 30};
static const double BUCKETS_DELIVERY[] = {0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800};
static const double BUCKETS_TASK[] = {0.005, 0.025, 0.1, 0.5, 1, 5, 30, 120};
static const double BUCKETS_DB[] = {0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1, 5};

#define S 1u
#define B 2u
#define LABEL(name_, set_)                                                                                             \
    {                                                                                                                  \
        .name = #name_, .values = SET_##set_, .value_count = FAM_ARRAY_SIZE(SET_##set_)                                \
    }
#define L0() .label_count = 0
#define L1(n1, s1) .label_count = 1, .labels = {LABEL(n1, s1)}
#define L2(n1, s1, n2, s2) .label_count = 2, .labels = {LABEL(n1, s1), LABEL(n2, s2)}
#define L3(n1, s1, n2, s2, n3, s3) .label_count = 3, .labels = {LABEL(n1, s1), LABEL(n2, s2), LABEL(n3, s3)}
#define BUCKETS_NONE_COUNT 0
#define BUCKETS_TRANSLATION_COUNT FAM_ARRAY_SIZE(BUCKETS_TRANSLATION)
#define BUCKETS_RPC_COUNT FAM_ARRAY_SIZE(BUCKETS_RPC)
#define BUCKETS_DELIVERY_COUNT FAM_ARRAY_SIZE(BUCKETS_DELIVERY)
#define BUCKETS_TASK_COUNT FAM_ARRAY_SIZE(BUCKETS_TASK)
#define BUCKETS_DB_COUNT FAM_ARRAY_SIZE(BUCKETS_DB)
#define BUCKETS_NONE NULL

/* service and method go together: one label position with all methods, and an empty one behind it. */
static const char *const SET_SERVICE[] = {""};
static const char *const SET_METHOD[] = {""};

const struct fam_metric_def fam_metric_defs[FAM_METRIC_COUNT] = {
#define FAM_METRIC(id, name_, type_, programs_, labels_, buckets_, help_)                                              \
    [FAM_M_##id] = {.name = (name_),                                                                                   \
                    .help = (help_),                                                                                   \
                    .type = FAM_METRIC_##type_,                                                                        \
                    .programs = (programs_),                                                                           \
                    .buckets = BUCKETS_##buckets_,                                                                     \
                    .bucket_count = BUCKETS_##buckets_##_COUNT,                                                        \
                    .sparse = FAM_M_##id == FAM_M_DB_SECONDS || FAM_M_##id == FAM_M_HTTP_SECONDS,                      \
                    labels_},
#include "metrics/metrics.def"
#undef FAM_METRIC
};
#undef S
#undef B

static bool is_rpc(const struct fam_metric_def *def)
{
    return def == &fam_metric_defs[FAM_M_RPC_REQUESTS];
}

size_t fam_metric_label_size(const struct fam_metrics *metrics, const struct fam_metric_def *def, size_t index)
{
    if (is_rpc(def) && index == 0) {
        return metrics->method_count + 1;
    }
    if (is_rpc(def)) {
        return index == 1 ? 1 : FAM_CODE_COUNT;
    }
    return def->labels[index].value_count + 1;
}

static bool make_metric(struct fam_metrics *metrics, size_t id)
{
    const struct fam_metric_def *def = &fam_metric_defs[id];
    struct fam_metric *metric = &metrics->metrics[id];
    metric->series_count = 1;
    for (size_t i = 0; i < def->label_count; i++) {
        metric->series_count *= fam_metric_label_size(metrics, def, i);
    }
    metric->cells = def->type == FAM_METRIC_HISTOGRAM ? def->bucket_count + 2 : 1;
    metric->values = calloc(metric->series_count * metric->cells, sizeof(*metric->values));
    return metric->values != NULL;
}

struct fam_metrics *fam_metrics_new(unsigned program, const char *version, const char *const *methods,
                                    size_t method_count, struct fam_status *status)
{
    struct fam_metrics *metrics = calloc(1, sizeof(*metrics));
    if (metrics == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    metrics->program = program;
    metrics->methods = methods;
    metrics->method_count = method_count;
    metrics->started_ms = fam_wall_ms();
    (void)snprintf(metrics->version, sizeof(metrics->version), "%s", version);
    for (size_t id = 0; id < FAM_METRIC_COUNT; id++) {
        if (!make_metric(metrics, id)) {
            fam_metrics_free(metrics);
            (void)fam_fail_memory(status);
            return NULL;
        }
    }
    return metrics;
}

void fam_metrics_free(struct fam_metrics *metrics)
{
    if (metrics == NULL) {
        return;
    }
    for (size_t id = 0; id < FAM_METRIC_COUNT; id++) {
        free(metrics->metrics[id].values);
    }
    free(metrics);
}

double fam_metric_read(const _Atomic uint64_t *cell)
{
    uint64_t bits = atomic_load_explicit(cell, memory_order_relaxed);
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static void write_cell(_Atomic uint64_t *cell, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    atomic_store_explicit(cell, bits, memory_order_relaxed);
}

static void add_cell(_Atomic uint64_t *cell, double amount)
{
    uint64_t before = atomic_load_explicit(cell, memory_order_relaxed);
    uint64_t after;
    do {
        double value;
        memcpy(&value, &before, sizeof(value));
        value += amount;
        memcpy(&after, &value, sizeof(after));
    } while (!atomic_compare_exchange_weak_explicit(cell, &before, after, memory_order_relaxed, memory_order_relaxed));
}

static size_t value_index(const struct fam_label *label, const char *value)
{
    for (size_t i = 0; value != NULL && i < label->value_count; i++) {
        if (strcmp(label->values[i], value) == 0) {
            return i;
        }
    }
    return label->value_count; /* other */
}

/* Is "fam.v1.OpsService/Health" the method of the labels "OpsService" and "Health"? */
static bool is_method(const char *full, const char *service, const char *method)
{
    const char *slash = strchr(full, '/');
    size_t size = service == NULL ? 0 : strlen(service);
    return slash != NULL && size > 0 && method != NULL && strcmp(slash + 1, method) == 0 &&
           (size_t)(slash - full) > size && slash[-(ptrdiff_t)size - 1] == '.' &&
           memcmp(slash - size, service, size) == 0;
}

static size_t series_of(const struct fam_metrics *metrics, const struct fam_metric_def *def,
                        const char *const *label_values)
{
    size_t series = 0;
    if (is_rpc(def)) {
        size_t method = 0;
        while (method < metrics->method_count &&
               !is_method(metrics->methods[method], label_values[0], label_values[1])) {
            method++;
        }
        const struct fam_label code = {.values = SET_CODE, .value_count = FAM_CODE_COUNT};
        size_t index = value_index(&code, label_values[2]);
        return method * FAM_CODE_COUNT + (index == FAM_CODE_COUNT ? FAM_UNKNOWN : index);
    }
    for (size_t i = 0; i < def->label_count; i++) {
        series = series * fam_metric_label_size(metrics, def, i) + value_index(&def->labels[i], label_values[i]);
    }
    return series;
}

void fam_metrics_add(struct fam_metrics *metrics, enum fam_metric_id id, const char *const *label_values, double value)
{
    if (metrics != NULL) {
        add_cell(&metrics->metrics[id].values[series_of(metrics, &fam_metric_defs[id], label_values)], value);
    }
}

void fam_metrics_set(struct fam_metrics *metrics, enum fam_metric_id id, const char *const *label_values, double value)
{
    if (metrics != NULL) {
        write_cell(&metrics->metrics[id].values[series_of(metrics, &fam_metric_defs[id], label_values)], value);
    }
}

static void observe(struct fam_metrics *metrics, enum fam_metric_id id, size_t series, double seconds)
{
    const struct fam_metric_def *def = &fam_metric_defs[id];
    struct fam_metric *metric = &metrics->metrics[id];
    size_t bucket = 0;
    while (bucket < def->bucket_count && seconds > def->buckets[bucket]) {
        bucket++;
    }
    _Atomic uint64_t *cells = metric->values + series * metric->cells;
    add_cell(&cells[bucket], 1);
    add_cell(&cells[metric->cells - 1], seconds);
}

void fam_metrics_observe(struct fam_metrics *metrics, enum fam_metric_id id, const char *const *label_values,
                         double seconds)
{
    if (metrics != NULL) {
        assert(fam_metric_defs[id].type == FAM_METRIC_HISTOGRAM);
        observe(metrics, id, series_of(metrics, &fam_metric_defs[id], label_values), seconds);
    }
}

void fam_metrics_rpc(struct fam_metrics *metrics, size_t method_index, enum fam_code code, double seconds)
{
    if (metrics == NULL) {
        return;
    }
    size_t method = method_index < metrics->method_count ? method_index : metrics->method_count;
    size_t index = (unsigned)code < FAM_CODE_COUNT ? (size_t)code : (size_t)FAM_UNKNOWN;
    add_cell(&metrics->metrics[FAM_M_RPC_REQUESTS].values[method * FAM_CODE_COUNT + index], 1);
    if (seconds >= 0) {
        observe(metrics, FAM_M_RPC_SECONDS, 0, seconds);
    }
}

void fam_metrics_job_every(struct fam_metrics *metrics, const char *job, uint64_t interval_ms)
{
    fam_metrics_set(metrics, FAM_M_JOB_INTERVAL, FAM_LABELS(job), (double)interval_ms / 1000);
}

void fam_metrics_job_started(struct fam_metrics *metrics, const char *job)
{
    fam_metrics_set(metrics, FAM_M_JOB_LAST_START, FAM_LABELS(job), (double)fam_wall_ms() / 1000);
}

void fam_metrics_job_succeeded(struct fam_metrics *metrics, const char *job)
{
    fam_metrics_set(metrics, FAM_M_JOB_LAST_SUCCESS, FAM_LABELS(job), (double)fam_wall_ms() / 1000);
}

double fam_metrics_value(const struct fam_metrics *metrics, enum fam_metric_id id, const char *const *label_values)
{
    const struct fam_metric *metric = &metrics->metrics[id];
    const _Atomic uint64_t *cells =
        metric->values + series_of(metrics, &fam_metric_defs[id], label_values) * metric->cells;
    if (fam_metric_defs[id].type != FAM_METRIC_HISTOGRAM) {
        return fam_metric_read(cells);
    }
    double count = 0;
    for (size_t i = 0; i + 1 < metric->cells; i++) {
        count += fam_metric_read(&cells[i]);
    }
    return count;
}

void fam_metrics_on_scrape(struct fam_metrics *metrics, void (*fn)(struct fam_metrics *metrics, void *context),
                           void *context)
{
    assert(metrics->hook_count < FAM_METRICS_SCRAPE_HOOKS);
    metrics->hooks[metrics->hook_count].fn = fn;
    metrics->hooks[metrics->hook_count].context = context;
    metrics->hook_count++;
}
