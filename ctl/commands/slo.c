/* slo: how the promises of alerts/slo.json are kept, as Prometheus' recorded rules tell. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/config.h"
#include "commands/commands.h"
#include "ctl.h"
#include "prometheus.h"

enum { PROMISES_MAX = 32 };

/* Shares are of all events, or of the time. NAN: nothing happened, or Prometheus has not looked for so long. */
struct promise {
    char name[FAM_SERIES_LABEL_SIZE];
    double objective, bad_1h, bad_6h, bad_3d, budget_left, firing;
};

struct promises {
    struct promise items[PROMISES_MAX];
    size_t count;
};

static struct promise *find(struct promises *promises, const char *name)
{
    for (size_t i = 0; i < promises->count; i++) {
        if (strcmp(promises->items[i].name, name) == 0) {
            return &promises->items[i];
        }
    }
    return NULL;
}

/* Which recorded rule fills which member. */
static const struct {
    const char *expression;
    size_t member;
} SOURCES[] = {
    {"slo:bad:ratio_1h", offsetof(struct promise, bad_1h)},
    {"slo:bad:ratio_6h", offsetof(struct promise, bad_6h)},
    {"slo:bad:ratio_3d", offsetof(struct promise, bad_3d)},
    {"slo:budget_left:ratio_30d", offsetof(struct promise, budget_left)},
    {"count by (slo) (ALERTS{alertstate=\"firing\",slo!=\"\"})", offsetof(struct promise, firing)},
};

static enum fam_code read_objectives(struct fam_prometheus *prometheus, struct promises *promises,
                                     struct fam_status *status)
{
    struct fam_series series[FAM_SERIES_MAX];
    size_t count = 0;
    enum fam_code code = fam_prometheus_query(prometheus, "slo:objective:ratio", "slo", series, &count, status);
    if (code == FAM_OK && count == 0) {
        return fam_fail(status, FAM_FAILED_PRECONDITION,
                        "this Prometheus has no objectives: it does not load alerts/rules/slo.rules.yml, or began a "
                        "moment ago (docs/observability.md)");
    }
    for (size_t i = 0; code == FAM_OK && i < count && promises->count < PROMISES_MAX; i++) {
        struct promise *promise = &promises->items[promises->count++];
        *promise = (struct promise){
            .objective = series[i].value, .bad_1h = NAN, .bad_6h = NAN, .bad_3d = NAN, .budget_left = NAN};
        memcpy(promise->name, series[i].label, sizeof(promise->name));
    }
    return code;
}

static enum fam_code read_rest(struct fam_prometheus *prometheus, struct promises *promises, struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    for (size_t i = 0; code == FAM_OK && i < FAM_ARRAY_SIZE(SOURCES); i++) {
        struct fam_series series[FAM_SERIES_MAX];
        size_t count = 0;
        code = fam_prometheus_query(prometheus, SOURCES[i].expression, "slo", series, &count, status);
        for (size_t j = 0; code == FAM_OK && j < count; j++) {
            struct promise *promise = find(promises, series[j].label);
            if (promise != NULL) {
                memcpy((char *)promise + SOURCES[i].member, &series[j].value, sizeof(double));
            }
        }
    }
    return code;
}

static void show_share(struct fam_out *out, double share, enum fam_tone tone)
{
    char text[32] = "-";
    if (isfinite(share)) {
        (void)snprintf(text, sizeof(text), "%.4g %%", share * 100);
    }
    fam_out_cell(out, FAM_TONED(text, tone));
}

static void show(struct fam_out *out, const struct promises *promises)
{
    static const struct fam_column COLUMNS[] = {
        {"slo", "PROMISE"},   {"objective", "OBJECTIVE"},           {"bad_1h", "BAD, 1 H"}, {"bad_6h", "6 H"},
        {"bad_3d", "3 DAYS"}, {"budget_left", "BUDGET LEFT, 30 D"}, {"firing", "ALERTS"},
    };
    fam_out_table(out, "slos", COLUMNS, FAM_ARRAY_SIZE(COLUMNS), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < promises->count; i++) {
        const struct promise *promise = &promises->items[i];
        double allowed = 1 - promise->objective;
        fam_out_cell(out, FAM_TEXT(promise->name));
        show_share(out, promise->objective, FAM_TONE_PLAIN);
        show_share(out, promise->bad_1h, promise->bad_1h > allowed ? FAM_TONE_BAD : FAM_TONE_GOOD);
        show_share(out, promise->bad_6h, promise->bad_6h > allowed ? FAM_TONE_BAD : FAM_TONE_GOOD);
        show_share(out, promise->bad_3d, promise->bad_3d > allowed ? FAM_TONE_BAD : FAM_TONE_GOOD);
        show_share(out, promise->budget_left, promise->budget_left < 0 ? FAM_TONE_BAD : FAM_TONE_GOOD);
        fam_out_cell(out, FAM_NUMBER(promise->firing));
    }
}

enum fam_code fam_ctl_slo(struct fam_ctl *ctl, struct fam_status *status)
{
    struct promises promises = {.count = 0};
    struct fam_prometheus *prometheus = fam_prometheus_new(ctl->config->prometheus_url, status);
    if (prometheus == NULL) {
        return status->code;
    }
    enum fam_code code = read_objectives(prometheus, &promises, status);
    if (code == FAM_OK) {
        code = read_rest(prometheus, &promises, status);
    }
    fam_prometheus_free(prometheus);
    if (code != FAM_OK) {
        return code;
    }
    show(&ctl->out, &promises);
    for (size_t i = 0; i < promises.count; i++) {
        ctl->exit_code = promises.items[i].firing > 0 ? FAM_EXIT_UNHEALTHY : ctl->exit_code;
    }
    return FAM_OK;
}
