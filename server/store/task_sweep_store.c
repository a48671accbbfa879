/* task_sweep_store.c: see task_sweep_store.h. */
#include "store/task_sweep_store.h"

#include <string.h>

#include "store/store.h"
#include "store/task_private.h"

/* Two servers' clocks may differ by so much after a failover without that we call it a jump. */
#define AHEAD "moved_at > " FAM_TASK_NOW("1") " + interval '2 seconds'"
#define COLUMNS                                                                                                        \
    "task_id, state = 'queued', priority, CASE WHEN waits_for <> '' AND not_before > " FAM_TASK_NOW(                   \
        "1") " THEN " FAM_TASK_MS("not_before") " END, lease_token IS NOT NULL, "                                      \
                                                "coalesce(leased_until > " FAM_TASK_NOW(                               \
                                                    "1") ", false), lease_token, " FAM_TASK_MS("leased_until") ","     \
                                                                                                               " " AHEAD

static const struct fam_statement page_tasks = {
    "task_page",
    "SELECT " COLUMNS " FROM tasks WHERE state = 'queued' AND task_id > $2 ORDER BY task_id LIMIT $3::bigint", "select",
    "tasks"};
static const struct fam_statement find_tasks = {
    "task_rows", "SELECT " COLUMNS " FROM tasks WHERE task_id = ANY ($2::uuid[])", "select", "tasks"};
static const struct fam_statement clamp_tasks = {
    "task_clamp",
    "UPDATE tasks SET not_before = not_before - (moved_at - " FAM_TASK_NOW(
        "1") "), "
             "leased_until = leased_until - (moved_at - " FAM_TASK_NOW("1") "), moved_at = " FAM_TASK_NOW(
                 "1") " WHERE task_id = ANY ($2::uuid[]) AND state = 'queued' AND " AHEAD,
    "update", "tasks"};

static void read_row(const struct fam_rows *rows, size_t row, struct fam_task_row *ret_row)
{
    ret_row->task_id = fam_rows_uuid(rows, row, 0);
    ret_row->state = fam_rows_i64(rows, row, 1) ? FAM_TASK_ROW_QUEUED : FAM_TASK_ROW_OVER;
    ret_row->priority = (enum fam_priority)fam_rows_i64(rows, row, 2);
    ret_row->not_before_ms = fam_rows_i64(rows, row, 3);
    ret_row->has_lease = fam_rows_i64(rows, row, 4) != 0;
    ret_row->is_leased = fam_rows_i64(rows, row, 5) != 0;
    ret_row->token = fam_rows_uuid(rows, row, 6);
    ret_row->leased_until_ms = fam_rows_i64(rows, row, 7);
    ret_row->is_ahead = fam_rows_i64(rows, row, 8) != 0;
}

enum fam_code fam_task_rows_after(struct fam_store *store, const struct fam_task_times *times,
                                  const struct fam_uuid *after, size_t limit, struct fam_task_row *ret_rows,
                                  size_t *ret_count, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    *ret_count = 0;
    fam_param_i64(&params, fam_task_offset(times));
    fam_param_uuid(&params, after);
    fam_param_i64(&params, (int64_t)limit);
    enum fam_code code = fam_task_exec(store, &page_tasks, &params, &rows, status);
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows); row++) {
        read_row(&rows, row, &ret_rows[(*ret_count)++]);
    }
    return code;
}

enum fam_code fam_task_rows_of(struct fam_store *store, const struct fam_task_times *times, const struct fam_uuid *ids,
                               size_t count, struct fam_task_row *ret_rows, struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf array = {0};
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_task_array(&array, ids, sizeof(*ids), count);
    enum fam_code code = fam_task_check_array(&array, count, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_i64(&params, fam_task_offset(times));
    fam_param_text(&params, fam_buf_text(&array));
    code = fam_task_exec(store, &find_tasks, &params, &rows, status);
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        ret_rows[i] = (struct fam_task_row){.task_id = ids[i], .state = FAM_TASK_ROW_GONE};
    }
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows); row++) {
        struct fam_uuid id = fam_rows_uuid(&rows, row, 0);
        for (size_t i = 0; i < count; i++) {
            if (fam_uuid_equal(&ids[i], &id)) {
                read_row(&rows, row, &ret_rows[i]);
            }
        }
    }
    return code;
}

enum fam_code fam_task_clamp(struct fam_store *store, const struct fam_task_times *times, const struct fam_uuid *ids,
                             size_t count, size_t *ret_count, struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf array = {0};
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    *ret_count = 0;
    fam_task_array(&array, ids, sizeof(*ids), count);
    enum fam_code code = fam_task_check_array(&array, count, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_i64(&params, fam_task_offset(times));
    fam_param_text(&params, fam_buf_text(&array));
    code = fam_task_exec(store, &clamp_tasks, &params, &rows, status);
    *ret_count = code == FAM_OK ? fam_rows_affected(&rows) : 0;
    return code;
}
