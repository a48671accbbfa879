#include "samples.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "fam/v1/ops.pb-c.h"

enum { NAME_SIZE = 128 };

static size_t count_lines(const char *text)
{
    size_t lines = 1;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    return lines;
}

/* The end of what stands between braces: a quoted value may hold a brace. NULL when it has none. */
static char *end_of_labels(char *at)
{
    bool quoted = false;
    for (; *at != '\0'; at++) {
        if (quoted && *at == '\\' && at[1] != '\0') {
            at++;
        } else if (*at == '"') {
            quoted = !quoted;
        } else if (*at == '}' && !quoted) {
            return at;
        }
    }
    return NULL;
}

/* NAME{LABELS} VALUE or NAME VALUE; the line is cut into its parts. */
static bool read_line(char *line, struct fam_sample *ret_sample)
{
    char *rest = line + strcspn(line, "{ ");
    *ret_sample = (struct fam_sample){.name = line, .labels = ""};
    if (line[0] == '#' || rest == line || *rest == '\0') {
        return false;
    }
    if (*rest == '{') {
        char *end = end_of_labels(rest + 1);
        if (end == NULL) {
            return false;
        }
        ret_sample->labels = rest + 1;
        *rest = '\0';
        *end = '\0';
        rest = end + 1;
    } else {
        *rest++ = '\0';
    }
    char *after = NULL;
    ret_sample->value = strtod(rest, &after);
    return after != rest;
}

enum fam_code fam_samples_parse(const char *exposition, struct fam_samples *ret_samples, struct fam_status *status)
{
    *ret_samples = (struct fam_samples){.text = strdup(exposition)};
    if (ret_samples->text != NULL) {
        ret_samples->items = calloc(count_lines(exposition), sizeof(*ret_samples->items));
    }
    if (ret_samples->items == NULL) {
        fam_samples_done(ret_samples);
        return fam_fail_memory(status);
    }
    char *rest = NULL;
    for (char *line = strtok_r(ret_samples->text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        ret_samples->count += read_line(line, &ret_samples->items[ret_samples->count]) ? 1 : 0;
    }
    return FAM_OK;
}

enum fam_code fam_samples_fetch(struct fam_ctl *ctl, struct fam_samples *ret_samples, struct fam_status *status)
{
    Fam__V1__GetMetricsRequest request = FAM__V1__GET_METRICS_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    *ret_samples = (struct fam_samples){0};
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, get_metrics, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__GetMetricsResponse *response = (const Fam__V1__GetMetricsResponse *)fam_rpc_response(&rpc);
        code = fam_samples_parse(response->exposition, ret_samples, status);
    }
    fam_rpc_done(&rpc);
    return code;
}

void fam_samples_done(struct fam_samples *samples)
{
    free(samples->items);
    free(samples->text);
    *samples = (struct fam_samples){0};
}

double fam_samples_sum(const struct fam_samples *samples, const char *name, const char *with)
{
    double sum = 0;
    for (size_t i = 0; i < samples->count; i++) {
        const struct fam_sample *sample = &samples->items[i];
        if (strcmp(sample->name, name) == 0 && (with == NULL || strstr(sample->labels, with) != NULL)) {
            sum += sample->value;
        }
    }
    return sum;
}

static double bound_of(const struct fam_sample *bucket)
{
    const char *le = strstr(bucket->labels, "le=\"");
    return le == NULL ? NAN : strtod(le + 4, NULL); /* "+Inf" is infinity */
}

/* What a bucket has gained. A server that began anew counts from zero. */
static double gained(const struct fam_samples *before, const struct fam_sample *bucket)
{
    double was = fam_samples_sum(before, bucket->name, bucket->labels);
    return bucket->value >= was ? bucket->value - was : bucket->value;
}

double fam_samples_quantile(const struct fam_samples *before, const struct fam_samples *after, const char *name,
                            double quantile)
{
    char bucket[NAME_SIZE], count[NAME_SIZE];
    (void)snprintf(bucket, sizeof(bucket), "%s_bucket", name);
    (void)snprintf(count, sizeof(count), "%s_count", name);
    double all = fam_samples_sum(after, count, NULL) - fam_samples_sum(before, count, NULL);
    all = all >= 0 ? all : fam_samples_sum(after, count, NULL);
    double wanted = all * quantile, below = 0, lower = 0;
    for (size_t i = 0; all > 0 && i < after->count; i++) {
        const struct fam_sample *sample = &after->items[i];
        if (strcmp(sample->name, bucket) != 0) {
            continue;
        }
        double upper = bound_of(sample), upto = gained(before, sample);
        if (upto >= wanted && upto > below) {
            return isinf(upper) ? lower : lower + (upper - lower) * (wanted - below) / (upto - below);
        }
        below = upto;
        lower = upper;
    }
    return NAN;
}
