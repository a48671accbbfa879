/* task_pause_store.c: what is not to be run for now; see task_store.h. */
#include <stdio.h>
#include <string.h>

#include "store/store.h"
#include "store/task_private.h"
#include "store/task_store.h"

static const struct fam_statement set_pause = {
    "pause_set",
    "INSERT INTO queue_pauses AS p (type, until, reason, paused_by) "
    "VALUES ($1, CASE WHEN $2::bigint > 0 THEN now() + $2::bigint * interval '1 millisecond' END, $3, $4) "
    "ON CONFLICT (type) DO UPDATE SET until = EXCLUDED.until, reason = EXCLUDED.reason, "
    "paused_by = EXCLUDED.paused_by, paused_at = now()",
    "insert", "queue_pauses"};
static const struct fam_statement end_pause = {
    "pause_end", "DELETE FROM queue_pauses WHERE type = $1 RETURNING until IS NULL OR until > now()", "delete",
    "queue_pauses"};
static const struct fam_statement list_pauses = {
    "pause_list",
    "SELECT type, CASE WHEN until IS NOT NULL THEN " FAM_TASK_MS("until") " END, reason, paused_by, " FAM_TASK_MS(
        "paused_at") " FROM queue_pauses WHERE until IS NULL OR until > " FAM_TASK_NOW("1") " ORDER BY type LIMIT "
                                                                                            "$2::bigint",
    "select", "queue_pauses"};
/* SKIP LOCKED: what a worker is beginning meets the pauses as they are now. */
static const struct fam_statement unpause_tasks = {
    "task_unpause",
    "WITH p AS (SELECT task_id FROM tasks WHERE state = 'queued' AND waits_for = 'pause' "
    "AND ($1 = '*' OR type = $1) ORDER BY type, task_id LIMIT $2::bigint FOR UPDATE SKIP LOCKED) "
    "UPDATE tasks SET waits_for = '', not_before = " FAM_TASK_NOW("3") ", moved_at = " FAM_TASK_NOW(
        "3") " FROM p WHERE tasks.task_id = p.task_id RETURNING tasks.task_id, tasks.priority",
    "update", "tasks"};

enum fam_code fam_pause_set(struct fam_store *store, const char *type, uint64_t duration_ms, const char *reason,
                            const char *paused_by, struct fam_status *status)
{
    char cut[FAM_TASK_REASON_MAX + 1];
    struct fam_params params = {0};
    size_t length = type ? strnlen(type, FAM_TASK_TYPE_SIZE) : 0;
    if (length < 1 || length >= FAM_TASK_TYPE_SIZE) {
        return fam_fail_field(status, "type", "takes 1 to %d characters", FAM_TASK_TYPE_SIZE - 1);
    }
    fam_task_reason(reason, cut);
    fam_param_text(&params, type);
    fam_param_i64(&params, duration_ms > INT64_MAX / 2 ? 0 : (int64_t)duration_ms);
    fam_param_text(&params, cut);
    fam_param_text(&params, paused_by ? paused_by : "");
    return fam_task_exec(store, &set_pause, &params, NULL, status);
}

enum fam_code fam_pause_end(struct fam_store *store, const char *type, bool *ret_was, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    *ret_was = false;
    fam_param_text(&params, type);
    enum fam_code code = fam_task_exec(store, &end_pause, &params, &rows, status);
    *ret_was = code == FAM_OK && fam_rows_count(&rows) > 0 && fam_rows_i64(&rows, 0, 0) != 0;
    return code;
}

enum fam_code fam_pause_list(struct fam_store *store, const struct fam_task_times *times, struct fam_pause *ret_list,
                             size_t *ret_count, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    *ret_count = 0;
    fam_param_i64(&params, fam_task_offset(times));
    fam_param_i64(&params, FAM_PAUSES_MAX);
    enum fam_code code = fam_task_exec(store, &list_pauses, &params, &rows, status);
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows); row++) {
        struct fam_pause *pause = &ret_list[(*ret_count)++];
        (void)snprintf(pause->type, sizeof(pause->type), "%s", fam_rows_text(&rows, row, 0));
        pause->until_ms = fam_rows_i64(&rows, row, 1);
        (void)snprintf(pause->reason, sizeof(pause->reason), "%s", fam_rows_text(&rows, row, 2));
        (void)snprintf(pause->paused_by, sizeof(pause->paused_by), "%s", fam_rows_text(&rows, row, 3));
        pause->paused_at_ms = fam_rows_i64(&rows, row, 4);
    }
    return code;
}

enum fam_code fam_task_unpause(struct fam_store *store, const struct fam_task_times *times, const char *type,
                               struct fam_task_ref *ret_refs, size_t *ret_count, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    *ret_count = 0;
    fam_param_text(&params, type);
    fam_param_i64(&params, FAM_TASK_BATCH_MAX);
    fam_param_i64(&params, fam_task_offset(times));
    enum fam_code code = fam_task_exec(store, &unpause_tasks, &params, &rows, status);
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows); row++) {
        ret_refs[(*ret_count)++] = (struct fam_task_ref){.task_id = fam_rows_uuid(&rows, row, 0),
                                                         .priority = (enum fam_priority)fam_rows_i64(&rows, row, 1)};
    }
    return code;
}
