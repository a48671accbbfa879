/* samples.h: a server's metrics as numbers: Prometheus' text format 0.0.4, read
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). No state but the caller's. */
#ifndef FAM_CTL_SAMPLES_H
#define FAM_CTL_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/status.h"

struct fam_ctl;

struct fam_sample {
    const char *name;   /* "family_emotions_rpc_in_flight" */
    const char *labels; /* as written between the braces; "" without */
    double value;
};

/* Start with {0}; free with fam_samples_done. */
struct fam_samples {
    char *text; /* which the samples point into */
    struct fam_sample *items;
    size_t count;
};

/* Comments and lines that are no sample are passed over. INTERNAL (and nothing to free) when memory is short. */
enum fam_code fam_samples_parse(const char *exposition, struct fam_samples *ret_samples,
                                struct fam_status *status) FAM_MUST_CHECK;
/* The metrics of the server that answers, by OpsService/GetMetrics. */
enum fam_code fam_samples_fetch(struct fam_ctl *ctl, struct fam_samples *ret_samples,
                                struct fam_status *status) FAM_MUST_CHECK;
void fam_samples_done(struct fam_samples *samples);

/* The sum of the series of a metric whose labels hold `with` ("code=\"OK\""; NULL: all of them). 0 when there is none.
 */
double fam_samples_sum(const struct fam_samples *samples, const char *name, const char *with);
/* An estimate of a quantile, 0 to 1, of what a histogram without labels saw between two reads, as Prometheus'
 * histogram_quantile makes it. NAN when it saw nothing. `name` without "_bucket". */
double fam_samples_quantile(const struct fam_samples *before, const struct fam_samples *after, const char *name,
                            double quantile);

#endif
