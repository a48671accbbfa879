/* business_store.c: see business_store.h. */
#include "store/business_store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

static const char *const NAMES[FAM_BUSINESS_COUNT] = {
    "active_families",      "retention_day_1", "retention_day_7", "retention_day_30", "oldest_personal_row",
    "overdue_personal_row", "reports_kept",    "reports_bytes",   "report_last",      "report_due_first",
};

static const struct fam_statement upsert_value = {
    "business_upsert",
    "INSERT INTO business_metrics (name, value) VALUES ($1, $2::double precision) "
    "ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value, computed_at = EXCLUDED.computed_at",
    "insert", "business_metrics"};
static const struct fam_statement select_values = {
    "business_select",
    "SELECT name, value::text, (extract(epoch FROM computed_at) * 1000)::bigint FROM business_metrics", "select",
    "business_metrics"};

/* Without an interval: each day at a local time, or each week. */
static const struct fam_statement select_every = {
    "business_every",
    "SELECT min(coalesce(every_ms, CASE WHEN weekday IS NULL THEN 86400000 ELSE 604800000 END)) FROM schedules "
    "WHERE job = $1 AND family_id IS NULL AND user_id IS NULL AND enabled",
    "select", "schedules"};

enum fam_code fam_business_write(struct fam_db *db, enum fam_business which, double value, struct fam_status *status)
{
    struct fam_params params = {0};
    char text[32];
    if (!isfinite(value)) {
        return fam_fail(status, FAM_INTERNAL, "a number of the whole database is none");
    }
    (void)snprintf(text, sizeof(text), "%.17g", value);
    fam_param_text(&params, NAMES[which]);
    fam_param_text(&params, text);
    return fam_db_exec(db, &upsert_value, &params, NULL, status);
}

static void take(const struct fam_rows *rows, size_t row, struct fam_business_value *ret_values)
{
    for (size_t i = 0; i < FAM_BUSINESS_COUNT; i++) {
        if (strcmp(fam_rows_text(rows, row, 0), NAMES[i]) == 0) {
            ret_values[i] = (struct fam_business_value){.has_value = true,
                                                        .value = strtod(fam_rows_text(rows, row, 1), NULL),
                                                        .computed_at_ms = fam_rows_i64(rows, row, 2)};
        }
    }
}

enum fam_code fam_business_every(struct fam_store *store, const char *job, uint64_t *ret_every_ms,
                                 struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    *ret_every_ms = 0;
    enum fam_code code = fam_store_get(store, &db, status);
    fam_param_text(&params, job);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &select_every, &params, &rows, status);
    }
    if (code == FAM_OK) {
        *ret_every_ms = (uint64_t)fam_rows_i64(&rows, 0, 0);
    }
    fam_store_put(store, db);
    return code;
}

enum fam_code fam_business_read(struct fam_store *store, struct fam_business_value ret_values[FAM_BUSINESS_COUNT],
                                struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_db *db = NULL;
    memset(ret_values, 0, FAM_BUSINESS_COUNT * sizeof(ret_values[0]));
    enum fam_code code = fam_store_get(store, &db, status);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &select_values, NULL, &rows, status);
    }
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows); row++) {
        take(&rows, row, ret_values);
    }
    fam_store_put(store, db);
    return code;
}
