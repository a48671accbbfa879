/* schedule_list.c: see schedule_list.h. */
#include "store/schedule_list.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/store.h"

static const struct fam_statement select_page = {
    "schedule_list",
    "WITH page AS (SELECT * FROM schedules WHERE ($1::text = '' OR job = $1::text) "
    "AND ($2::uuid IS NULL OR family_id = $2::uuid) AND ($4::uuid IS NULL OR "
    "(next_at, schedule_id) > (TIMESTAMPTZ 'epoch' + $3::bigint * INTERVAL '1 microsecond', $4::uuid)) "
    "ORDER BY next_at, schedule_id LIMIT $5::bigint) "
    "SELECT p.schedule_id, p.job, p.name, p.family_id, p.user_id, coalesce(p.every_ms, 0), "
    "coalesce(to_char(p.local_time, 'HH24:MI'), ''), coalesce(p.weekday, 0), "
    "CASE WHEN p.local_time IS NULL THEN '' ELSE coalesce(p.time_zone, f.time_zone, '') END, p.enabled, "
    "(extract(epoch FROM p.next_at) * 1000000)::bigint, (extract(epoch FROM last.due_at) * 1000)::bigint, last.outcome "
    "FROM page p LEFT JOIN families f USING (family_id) LEFT JOIN LATERAL (SELECT due_at, outcome FROM job_runs j "
    "WHERE j.schedule_id = p.schedule_id ORDER BY j.due_at DESC LIMIT 1) last ON true "
    "ORDER BY p.next_at, p.schedule_id",
    "select", "schedules"};

static void fill(const struct fam_rows *rows, size_t row, struct fam_schedule_view *view)
{
    view->schedule_id = fam_rows_uuid(rows, row, 0);
    snprintf(view->job, sizeof(view->job), "%s", fam_rows_text(rows, row, 1));
    snprintf(view->name, sizeof(view->name), "%s", fam_rows_text(rows, row, 2));
    view->family_id = fam_rows_uuid(rows, row, 3);
    view->user_id = fam_rows_uuid(rows, row, 4);
    view->every_ms = fam_rows_i64(rows, row, 5);
    snprintf(view->local_time, sizeof(view->local_time), "%s", fam_rows_text(rows, row, 6));
    view->weekday = (int)fam_rows_i64(rows, row, 7);
    snprintf(view->time_zone, sizeof(view->time_zone), "%s", fam_rows_text(rows, row, 8));
    view->is_on = fam_rows_i64(rows, row, 9) != 0;
    view->next_at_us = fam_rows_i64(rows, row, 10);
    view->last_due_at_ms = fam_rows_i64(rows, row, 11);
    snprintf(view->last_outcome, sizeof(view->last_outcome), "%s", fam_rows_text(rows, row, 12));
}

static enum fam_code read_page(struct fam_store *store, const struct fam_schedule_filter *filter, int64_t after_us,
                               const struct fam_uuid *after_id, size_t limit, struct fam_rows *ret_rows,
                               struct fam_status *status)
{
    struct fam_db *db = NULL;
    struct fam_params params = {0};
    enum fam_code code = fam_pool_get(fam_store_pool(store), &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_text(&params, filter->job);
    fam_param_uuid(&params, filter->family_id);
    fam_param_i64(&params, after_us);
    fam_param_uuid(&params, after_id);
    fam_param_i64(&params, (int64_t)limit + 1); /* one more tells whether there are more */
    code = fam_db_exec(db, &select_page, &params, ret_rows, status);
    fam_store_put(store, db);
    return code;
}

enum fam_code fam_schedule_list(struct fam_store *store, const struct fam_schedule_filter *filter, int64_t after_us,
                                const struct fam_uuid *after_id, size_t limit, struct fam_schedule_view **ret_list,
                                size_t *ret_count, bool *ret_more, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    *ret_list = NULL;
    *ret_count = 0;
    *ret_more = false;
    if (limit < 1 || limit > FAM_SCHEDULE_PAGE_MAX) {
        return fam_fail_field(status, "page_size", "is not between 1 and %d", FAM_SCHEDULE_PAGE_MAX);
    }
    enum fam_code code = read_page(store, filter, after_us, after_id, limit, &rows, status);
    if (code != FAM_OK) {
        return code;
    }
    *ret_list = calloc(limit, sizeof(**ret_list));
    if (*ret_list == NULL) {
        return fam_fail_memory(status);
    }
    for (size_t row = 0; row < fam_rows_count(&rows) && row < limit; row++) {
        fill(&rows, row, &(*ret_list)[(*ret_count)++]);
    }
    *ret_more = fam_rows_count(&rows) > limit;
    return FAM_OK;
}
