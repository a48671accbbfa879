/* task_metrics.c: see task_metrics.h. */
#include "queue/task_metrics.h"

#include <stdlib.h>

#include "base/log.h"
#include "checkin/questions.h"
#include "metrics/metrics.h"
#include "queue/handlers.h"
#include "store/activity_store.h"
#include "store/business_store.h"
#include "store/checkin_store.h"
#include "store/report_counts.h"
#include "store/retention_store.h"
#include "store/store.h"
#include "store/words.h"

struct refresh {
    struct fam_run *run;
    struct fam_activity activity;
    struct fam_retention_overdue overdue;
    struct fam_report_counts reports;
};

static enum fam_code write_reports(struct fam_db *db, const struct fam_report_counts *reports,
                                   struct fam_status *status)
{
    const struct {
        enum fam_business which;
        double value;
    } values[] = {{FAM_BUSINESS_REPORTS_KEPT, (double)reports->kept},
                  {FAM_BUSINESS_REPORTS_BYTES, (double)reports->bytes},
                  {FAM_BUSINESS_REPORT_LAST, (double)reports->last_ms / 1000},
                  {FAM_BUSINESS_REPORT_DUE_FIRST, (double)reports->due_first_ms / 1000}};
    enum fam_code code = FAM_OK;
    for (size_t i = 0; code == FAM_OK && i < FAM_ARRAY_SIZE(values); i++) {
        /* Tasks are deleted after a week: what was known of the last one stays. */
        bool unknown = values[i].which == FAM_BUSINESS_REPORT_LAST && reports->last_ms == 0;
        code = unknown ? FAM_OK : fam_business_write(db, values[i].which, values[i].value, status);
    }
    return code;
}

static enum fam_code write_all(struct fam_db *db, void *context, struct fam_status *status)
{
    struct refresh *refresh = context;
    const struct fam_activity *activity = &refresh->activity;
    enum fam_code code =
        fam_business_write(db, FAM_BUSINESS_ACTIVE_FAMILIES, (double)activity->active_families, status);
    for (int i = 0; code == FAM_OK && i < FAM_RETENTION_PERIODS; i++) {
        double came = (double)activity->retention[i].came, stayed = (double)activity->retention[i].stayed;
        code = fam_business_write(db, (enum fam_business)(FAM_BUSINESS_RETENTION_DAY_1 + i),
                                  came > 0 ? stayed / came : 0, status);
    }
    if (code == FAM_OK) {
        code = fam_business_write(db, FAM_BUSINESS_OVERDUE_PERSONAL_ROW, (double)refresh->overdue.seconds, status);
    }
    if (code == FAM_OK) {
        code = write_reports(db, &refresh->reports, status);
    }
    return code == FAM_OK ? fam_run_finish(refresh->run, db, status) : code;
}

/* Check-ins whose time went by are missed, in silence; a chunk each time that is full is followed by another. */
static enum fam_code sweep_checkins(struct fam_handlers *tasks, const struct fam_run *run, struct fam_status *status)
{
    struct fam_checkin_end *ends = calloc(FAM_CHECKIN_SWEEP_MAX, sizeof(*ends));
    size_t count = FAM_CHECKIN_SWEEP_MAX;
    enum fam_code code = ends == NULL ? fam_fail_memory(status) : FAM_OK;
    while (code == FAM_OK && count == FAM_CHECKIN_SWEEP_MAX && !fam_run_is_cancelled(run)) {
        code = fam_checkin_sweep(tasks->store, ends, &count, status);
        for (size_t i = 0; code == FAM_OK && i < count; i++) {
            if (ends[i].counts) {
                fam_metrics_add(
                    tasks->metrics, FAM_M_CHECKINS_COMPLETED,
                    FAM_LABELS(fam_checkin_slot_word(ends[i].slot), fam_checkin_rate(ends[i].answered, ends[i].asked)),
                    1);
            }
        }
    }
    free(ends);
    return code;
}

void fam_task_metrics(void *context, struct fam_run *const *runs, size_t count)
{
    struct fam_handlers *tasks = context;
    for (size_t i = 0; i < count; i++) {
        struct refresh refresh = {.run = runs[i]};
        struct fam_status status;
        fam_metrics_job_started(tasks->metrics, "refresh_metrics");
        enum fam_code code = sweep_checkins(tasks, runs[i], &status);
        if (code == FAM_OK) {
            code = fam_activity_read(tasks->store, &refresh.activity, &status);
        }
        if (code == FAM_OK) {
            code = fam_retention_overdue(tasks->store, tasks->retention_days, &refresh.overdue, &status);
        }
        if (code == FAM_OK) {
            code = fam_report_counts_read(tasks->store, &refresh.reports, &status);
        }
        if (code == FAM_OK) {
            code = fam_tx_run(fam_store_pool(tasks->store), write_all, &refresh, NULL, &status);
        }
        if (code != FAM_OK) {
            fam_log_status(tasks->log, FAM_LOG_WARN, "queue", "families could not be counted", &status);
            fam_run_retry(runs[i], status.reason[0] == '\0' ? fam_code_name(code) : status.reason);
        }
    }
}
