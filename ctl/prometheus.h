/* prometheus.h: what a Prometheus answers to an instant query
 * (https://prometheus.io/docs/prometheus/latest/querying/api/). No state but the caller's. */
#ifndef FAM_CTL_PROMETHEUS_H
#define FAM_CTL_PROMETHEUS_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

struct fam_prometheus;

enum { FAM_SERIES_LABEL_SIZE = 64, FAM_SERIES_MAX = 256 };

/* One series of an answer, by one label of it. */
struct fam_series {
    char label[FAM_SERIES_LABEL_SIZE]; /* "" when the series has no such label */
    double value;
};

/* `url` is borrowed, http:// or https://, without a path of the API. */
struct fam_prometheus *fam_prometheus_new(const char *url, struct fam_status *status) FAM_MUST_CHECK;
/* Takes NULL. */
void fam_prometheus_free(struct fam_prometheus *prometheus);
/* Fills at most FAM_SERIES_MAX; the series are told apart by `label`. INVALID_ARGUMENT: Prometheus can't read the
 * expression. UNAVAILABLE, with what to do: nobody answers there, or no Prometheus does. */
enum fam_code fam_prometheus_query(struct fam_prometheus *prometheus, const char *expression, const char *label,
                                   struct fam_series ret_series[FAM_SERIES_MAX], size_t *ret_count,
                                   struct fam_status *status) FAM_MUST_CHECK;

#endif
