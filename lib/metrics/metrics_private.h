/* metrics_private.h: the tables behind metrics.h, shared by metrics.c and exposition.c. */
#ifndef FAM_METRICS_PRIVATE_H
#define FAM_METRICS_PRIVATE_H

#include <stdatomic.h>

#include "metrics/metrics.h"

enum { FAM_METRICS_SCRAPE_HOOKS = 8 };

enum fam_metric_type { FAM_METRIC_COUNTER, FAM_METRIC_GAUGE, FAM_METRIC_HISTOGRAM };

struct fam_label {
    const char *name;
    const char *const *values; /* NULL: the RPC methods of the program */
    size_t value_count;        /* without "other" */
};

struct fam_metric_def {
    const char *name;
    const char *help;
    enum fam_metric_type type;
    unsigned programs;
    size_t label_count;
    struct fam_label labels[FAM_METRICS_MAX_LABELS];
    const double *buckets;
    size_t bucket_count;
    bool sparse; /* series without observations are left out */
};

/* Doubles as bits in atomics; a histogram series is its buckets, +Inf included, and then the sum. */
struct fam_metric {
    size_t series_count;
    size_t cells; /* of one series */
    _Atomic uint64_t *values;
};

struct fam_metrics {
    unsigned program;
    char version[48];
    const char *const *methods;
    size_t method_count;
    struct fam_metric metrics[FAM_METRIC_COUNT];
    int64_t started_ms;
    struct {
        void (*fn)(struct fam_metrics *metrics, void *context);
        void *context;
    } hooks[FAM_METRICS_SCRAPE_HOOKS];
    size_t hook_count;
};

extern const struct fam_metric_def fam_metric_defs[FAM_METRIC_COUNT];

/* Values of label `index`, "other" included. */
size_t fam_metric_label_size(const struct fam_metrics *metrics, const struct fam_metric_def *def, size_t index);
double fam_metric_read(const _Atomic uint64_t *cell);

#endif
