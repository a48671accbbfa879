/* exposition.c: the page that Prometheus reads. */
#include <assert.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "metrics/metrics_private.h"

/* Whole numbers below it are written without an exponent. */
#define WHOLE_MAX 1e6

/* The shortest text that reads back as the same number. No locale is ever set, so the point is a point. */
static void add_number(struct fam_buf *out, double value)
{
    if (isnan(value)) {
        fam_buf_add_text(out, "NaN");
        return;
    }
    if (isinf(value)) {
        fam_buf_add_text(out, value > 0 ? "+Inf" : "-Inf");
        return;
    }
    char text[40];
    unsigned whole = !signbit(value) && value < WHOLE_MAX ? (unsigned)value : 0;
    if (!signbit(value) && value < WHOLE_MAX && !(value > (double)whole)) { /* most numbers: no trials */
        char *at = text + sizeof(text) - 1;
        *at = '\0';
        do {
            *--at = (char)('0' + whole % 10);
            whole /= 10;
        } while (whole > 0);
        fam_buf_add_text(out, at);
        return;
    }
    for (int precision = 6; precision <= 17; precision++) {
        (void)snprintf(text, sizeof(text), "%.*g", precision, value);
        double back = strtod(text, NULL);
        if (!(back < value) && !(back > value)) {
            break;
        }
    }
    fam_buf_add_text(out, text);
}

static void add_label(struct fam_buf *out, const char *name, const char *value, bool *first)
{
    fam_buf_add_text(out, *first ? "" : ",");
    fam_buf_add_text(out, name);
    fam_buf_add_text(out, "=\"");
    fam_buf_add_text(out, value);
    fam_buf_add_char(out, '"');
    *first = false;
}

static const char *value_of(const struct fam_label *label, size_t index)
{
    return index < label->value_count ? label->values[index] : "other";
}

static void add_rpc_labels(const struct fam_metrics *metrics, struct fam_buf *out, size_t series, bool *first)
{
    size_t method = series / FAM_CODE_COUNT;
    if (method < metrics->method_count) {
        const char *full = metrics->methods[method];
        const char *slash = strchr(full, '/');
        assert(slash != NULL);
        const char *dot = slash;
        while (dot > full && dot[-1] != '.') {
            dot--;
        }
        fam_buf_addf(out, "service=\"%.*s\",method=\"%s\"", (int)(slash - dot), dot, slash + 1);
    } else {
        fam_buf_add_text(out, "service=\"other\",method=\"other\"");
    }
    *first = false;
    add_label(out, "code", fam_code_name((enum fam_code)(series % FAM_CODE_COUNT)), first);
}

static void add_labels(const struct fam_metrics *metrics, size_t id, size_t series, struct fam_buf *out, bool *first)
{
    const struct fam_metric_def *def = &fam_metric_defs[id];
    if (id == FAM_M_RPC_REQUESTS) {
        add_rpc_labels(metrics, out, series, first);
        return;
    }
    if (id == FAM_M_BUILD_INFO) {
        add_label(out, "version", metrics->version, first);
    }
    size_t indexes[FAM_METRICS_MAX_LABELS] = {0};
    for (size_t i = def->label_count; i-- > 0;) {
        size_t size = fam_metric_label_size(metrics, def, i);
        indexes[i] = series % size;
        series /= size;
    }
    for (size_t i = 0; i < def->label_count; i++) {
        add_label(out, def->labels[i].name, value_of(&def->labels[i], indexes[i]), first);
    }
}

static void add_line(const struct fam_metrics *metrics, size_t id, size_t series, const char *suffix, double bound,
                     double value, struct fam_buf *out)
{
    const struct fam_metric_def *def = &fam_metric_defs[id];
    bool first = true;
    bool bucket = strcmp(suffix, "_bucket") == 0;
    fam_buf_add_text(out, def->name);
    fam_buf_add_text(out, suffix);
    if (def->label_count > 0 || bucket || id == FAM_M_BUILD_INFO) {
        fam_buf_add_char(out, '{');
        add_labels(metrics, id, series, out, &first);
        if (bucket) {
            fam_buf_add_text(out, first ? "le=\"" : ",le=\"");
            add_number(out, bound);
            fam_buf_add_char(out, '"');
        }
        fam_buf_add_char(out, '}');
    }
    fam_buf_add_char(out, ' ');
    add_number(out, value);
    fam_buf_add_char(out, '\n');
}

static void add_histogram(const struct fam_metrics *metrics, size_t id, size_t series, struct fam_buf *out)
{
    const struct fam_metric_def *def = &fam_metric_defs[id];
    const struct fam_metric *metric = &metrics->metrics[id];
    const _Atomic uint64_t *cells = metric->values + series * metric->cells;
    double total = 0;
    double counts[32] = {0};
    for (size_t i = 0; i <= def->bucket_count; i++) {
        total += fam_metric_read(&cells[i]);
        counts[i] = total;
    }
    if (def->sparse && !(total > 0)) {
        return;
    }
    for (size_t i = 0; i <= def->bucket_count; i++) {
        add_line(metrics, id, series, "_bucket", i < def->bucket_count ? def->buckets[i] : INFINITY, counts[i], out);
    }
    add_line(metrics, id, series, "_sum", 0, fam_metric_read(&cells[metric->cells - 1]), out);
    add_line(metrics, id, series, "_count", 0, total, out);
}

static void add_metric(const struct fam_metrics *metrics, size_t id, struct fam_buf *out)
{
    static const char *const TYPES[] = {"counter", "gauge", "histogram"};
    const struct fam_metric_def *def = &fam_metric_defs[id];
    const struct fam_metric *metric = &metrics->metrics[id];
    fam_buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", def->name, def->help, def->name, TYPES[def->type]);
    for (size_t series = 0; series < metric->series_count; series++) {
        if (def->type == FAM_METRIC_HISTOGRAM) {
            add_histogram(metrics, id, series, out);
        } else {
            add_line(metrics, id, series, "", 0, fam_metric_read(&metric->values[series]), out);
        }
    }
}

static size_t open_descriptors(void)
{
    size_t count = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (dir != NULL) {
        while (readdir(dir) != NULL) {
            count++;
        }
        (void)closedir(dir);
    }
    return count > 3 ? count - 3 : 0; /* ".", ".." and the folder itself */
}

/* The second number of /proc/self/statm is in pages. */
static double resident_bytes(void)
{
    char text[128] = "";
    FILE *file = fopen("/proc/self/statm", "re");
    if (file != NULL) {
        if (fgets(text, sizeof(text), file) == NULL) {
            text[0] = '\0';
        }
        (void)fclose(file);
    }
    char *rest = text;
    (void)strtoul(text, &rest, 10);
    return (double)strtoul(rest, NULL, 10) * (double)sysconf(_SC_PAGESIZE);
}

static void read_disk(struct fam_metrics *metrics)
{
    struct statvfs disk = {.f_frsize = 0};
    bool seen = statvfs(".", &disk) == 0;
    fam_metrics_set(metrics, FAM_M_DISK_FREE, NULL, seen ? (double)disk.f_bavail * (double)disk.f_frsize : 0);
    fam_metrics_set(metrics, FAM_M_DISK_SIZE, NULL, seen ? (double)disk.f_blocks * (double)disk.f_frsize : 0);
}

static void read_process(struct fam_metrics *metrics)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        double seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
        fam_metrics_set(metrics, FAM_M_PROCESS_CPU, NULL, seconds);
    }
    fam_metrics_set(metrics, FAM_M_PROCESS_START, NULL, (double)metrics->started_ms / 1000);
    fam_metrics_set(metrics, FAM_M_PROCESS_RSS, NULL, resident_bytes());
    fam_metrics_set(metrics, FAM_M_PROCESS_FDS, NULL, (double)open_descriptors());
    fam_metrics_set(metrics, FAM_M_BUILD_INFO, NULL, 1);
}

void fam_metrics_write(struct fam_metrics *metrics, struct fam_buf *out)
{
    read_process(metrics);
    read_disk(metrics);
    for (size_t i = 0; i < metrics->hook_count; i++) {
        metrics->hooks[i].fn(metrics, metrics->hooks[i].context);
    }
    for (size_t id = 0; id < FAM_METRIC_COUNT; id++) {
        if ((fam_metric_defs[id].programs & metrics->program) != 0) {
            add_metric(metrics, id, out);
        }
    }
}
