/* report_counts.c: see report_counts.h. */
#include "store/report_counts.h"

#include <string.h>

#include "store/db.h"
#include "store/schedule_store.h"
#include "store/store.h"

static const struct fam_statement count_archive = {
    "report_archive", "SELECT count(*), pg_total_relation_size('reports') FROM reports", "select", "reports"};
/* Done tasks are kept for days, and this is asked each few minutes. */
static const struct fam_statement last_run = {
    "report_last",
    "SELECT (extract(epoch FROM max(finished_at)) * 1000)::bigint FROM tasks WHERE type = $1 "
    "AND state = 'done'",
    "select", "tasks"};
/* Each has a partial index of its own: what is due and not taken up, and tasks that are not done. */
static const struct fam_statement first_due = {
    "report_first_due",
    "SELECT (extract(epoch FROM least((SELECT min(next_at) FROM schedules WHERE job = $1 AND enabled "
    "AND next_at <= now()), (SELECT min(created_at) FROM tasks WHERE type = $1 AND state = 'queued'), "
    "(SELECT min(created_at) FROM tasks WHERE type = $1 AND state = 'dead'))) * 1000)::bigint",
    "select", "schedules"};

static enum fam_code read_one(struct fam_db *db, const struct fam_statement *statement, int64_t *ret_value,
                              struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_text(&params, FAM_JOB_WEEKLY_REPORT);
    enum fam_code code = fam_db_exec(db, statement, &params, &rows, status);
    if (code == FAM_OK) {
        *ret_value = fam_rows_i64(&rows, 0, 0);
    }
    return code;
}

static enum fam_code read_all(struct fam_db *db, struct fam_report_counts *counts, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    enum fam_code code = fam_db_exec(db, &count_archive, NULL, &rows, status);
    if (code == FAM_OK) {
        counts->kept = fam_rows_i64(&rows, 0, 0);
        counts->bytes = fam_rows_i64(&rows, 0, 1);
        code = read_one(db, &last_run, &counts->last_ms, status);
    }
    return code == FAM_OK ? read_one(db, &first_due, &counts->due_first_ms, status) : code;
}

enum fam_code fam_report_counts_read(struct fam_store *store, struct fam_report_counts *ret_counts,
                                     struct fam_status *status)
{
    struct fam_db *db = NULL;
    memset(ret_counts, 0, sizeof(*ret_counts));
    enum fam_code code = fam_store_get(store, &db, status);
    if (code == FAM_OK) {
        code = read_all(db, ret_counts, status);
    }
    fam_store_put(store, db);
    return code;
}
