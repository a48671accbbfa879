/* task_report.c: see task_report.h. */
#include "queue/task_report.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "queue/task_due.h"
#include "report/report.h"
#include "store/checkin_settings.h"
#include "store/store.h"

enum { LIFETIME_MS = 24 * 60 * 60 * 1000 };

/* After quiet hours, and before the next ones begin. */
static void find_time(const struct fam_quiet *quiet, int64_t now_ms, struct fam_due_message *message)
{
    int64_t from_ms = quiet->until_ms > now_ms ? quiet->until_ms : now_ms, left_ms = quiet->next_ms - from_ms;
    message->delay_ms = (uint64_t)(from_ms - now_ms);
    message->lifetime_ms = left_ms > 0 && left_ms < LIFETIME_MS ? (uint64_t)left_ms : LIFETIME_MS;
}

/* Does the person want it now, or when? *ret_wanted is false also for somebody who is gone. */
static enum fam_code ask_settings(struct fam_store *store, struct fam_due_message *message, bool *ret_wanted,
                                  struct fam_status *status)
{
    struct fam_quiet quiet = {.is_paused = false};
    struct fam_db *db = NULL;
    int64_t now_ms = fam_wall_ms();
    *ret_wanted = false;
    enum fam_code code = fam_store_get(store, &db, status);
    if (code == FAM_OK) {
        code = fam_quiet_at(db, message->user_id, now_ms, &quiet, status);
    }
    fam_store_put(store, db);
    if (code == FAM_OK) {
        *ret_wanted = !quiet.is_paused && quiet.weekly_report;
        find_time(&quiet, now_ms, message);
    }
    return code == FAM_NOT_FOUND ? FAM_OK : code;
}

static enum fam_code make(struct fam_due_run *due, const struct fam_uuid *user_id, struct fam_due_message *message,
                          struct fam_status *status)
{
    Fam__V1__Report *report = NULL;
    const struct fam_report_order order = {
        .user_id = user_id, .period = FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK, .at_ms = due->due.due_ms};
    enum fam_code code = fam_report_make(due->context->store, &order, &report, status);
    if (code == FAM_OK) {
        fam_metrics_add(due->context->metrics, FAM_M_REPORTS, FAM_LABELS("week", "weekly"), 1);
        code = fam_report_week_pack(report, &message->body, &message->size, status);
        fam__v1__report__free_unpacked(report, NULL);
    }
    return code;
}

/* Adds a message for the person, if it is wanted. */
static enum fam_code tell(struct fam_due_run *due, const struct fam_uuid *user_id, struct fam_due_message *messages,
                          size_t *count, struct fam_status *status)
{
    struct fam_due_message *message = &messages[*count];
    bool is_wanted = false;
    *message = (struct fam_due_message){
        .user_id = user_id,
        .lane = FAM__V1__LANE__LANE_REPORTS,
        .kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_WEEKLY_REPORT,
    };
    if (fam_run_is_cancelled(due->run)) {
        return fam_fail(status, FAM_DEADLINE_EXCEEDED, "the time for this report is over");
    }
    enum fam_code code = ask_settings(due->context->store, message, &is_wanted, status);
    if (code == FAM_OK && is_wanted) {
        code = make(due, user_id, message, status);
        *count += code == FAM_OK ? 1 : 0;
    }
    if (code == FAM_DATA_LOSS) {
        fam_log_status(due->context->log, FAM_LOG_ERROR, "queue", "a report can't be made of damaged rows", status);
    }
    /* Who was erased or withdrew at this moment gets none, and whose rows are damaged takes none from the others. A
     * schema or a key that is not there is a failed precondition, too, and no reason to leave a report out. */
    bool has_withdrawn = code == FAM_FAILED_PRECONDITION && strcmp(status->reason, "CONSENT_REQUIRED") == 0;
    return code == FAM_NOT_FOUND || code == FAM_DATA_LOSS || has_withdrawn ? FAM_OK : code;
}

static void report(struct fam_handlers *context, struct fam_run *run)
{
    struct fam_due_run due;
    struct fam_due_message messages[FAM_RECIPIENTS_MAX];
    struct fam_status status;
    size_t count = 0;
    if (!fam_due_open(context, run, &due)) {
        return;
    }
    for (size_t i = 0; i < due.count; i++) {
        if (tell(&due, &due.people[i], messages, &count, &status) != FAM_OK) {
            fam_due_discard(messages, count);
            fam_due_fail(&due, &status);
            return;
        }
    }
    fam_due_send(&due, "report", messages, count);
}

void fam_task_report(void *context, struct fam_run *const *runs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        report(context, runs[i]);
    }
}
