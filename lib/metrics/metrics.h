/* metrics.h: counters, gauges and histograms for Prometheus (text format 0.0.4,
 * https://prometheus.io/docs/instrumenting/exposition_formats/).
 *
 * metrics.def defines each metric, labels.def the closed set of each label. Everything is allocated once at the start:
 * an update is an index computation and an atomic addition, never a look-up by name, an allocation or a lock.
 * Thread-safe. */
#ifndef FAM_METRICS_METRICS_H
#define FAM_METRICS_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

enum fam_metric_id {
#define FAM_METRIC(id, name, type, programs, labels, buckets, help) FAM_M_##id,
#include "metrics/metrics.def"
#undef FAM_METRIC
    FAM_METRIC_COUNT
};

struct fam_metrics;
struct fam_buf;

enum { FAM_METRICS_MAX_LABELS = 3 };

/* `program` is one bit of enum fam_program (base/config.h): metrics of the other program are not exported.
 * `methods` lists the full RPC names ("fam.v1.OpsService/Health") that become the closed sets of `service` and
 * `method` (label values "OpsService", "Health"; exported together only as they occur); borrowed for the life of the
 * metrics; may be empty. */
struct fam_metrics *fam_metrics_new(unsigned program, const char *version, const char *const *methods,
                                    size_t method_count, struct fam_status *status) FAM_MUST_CHECK;
void fam_metrics_free(struct fam_metrics *metrics);

/* Label values in the order of the table; a value outside its closed set counts as "other". `metrics` may be NULL
 * (tests): nothing happens. Metrics without labels take label_values NULL. */
void fam_metrics_add(struct fam_metrics *metrics, enum fam_metric_id id, const char *const *label_values, double value);
void fam_metrics_set(struct fam_metrics *metrics, enum fam_metric_id id, const char *const *label_values, double value);
void fam_metrics_observe(struct fam_metrics *metrics, enum fam_metric_id id, const char *const *label_values,
                         double seconds);

#define FAM_LABELS(...) ((const char *const[]){__VA_ARGS__})

/* RPC_REQUESTS by index into `methods` (SIZE_MAX: unknown method, service and method "other"): the hot path. Negative
 * seconds: a long poll, whose time is waiting and belongs into no histogram. */
void fam_metrics_rpc(struct fam_metrics *metrics, size_t method_index, enum fam_code code, double seconds);

/* A recurring job, by its name in the set JOB: how often it runs here, that a run began, that one ended well. The alert
 * JobTooOld needs no more to be told of a new one. */
void fam_metrics_job_every(struct fam_metrics *metrics, const char *job, uint64_t interval_ms);
void fam_metrics_job_started(struct fam_metrics *metrics, const char *job);
void fam_metrics_job_succeeded(struct fam_metrics *metrics, const char *job);

/* For tests and health: the current value; 0 for an unknown series. */
double fam_metrics_value(const struct fam_metrics *metrics, enum fam_metric_id id, const char *const *label_values);

/* The whole page; process_*, the disk and gauges with a source are read at this moment. */
void fam_metrics_write(struct fam_metrics *metrics, struct fam_buf *out);
/* Called at each fam_metrics_write before the page is made, to set gauges; at most 8. Register before serving. */
void fam_metrics_on_scrape(struct fam_metrics *metrics, void (*fn)(struct fam_metrics *metrics, void *context),
                           void *context);

#endif
