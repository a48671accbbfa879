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
/* fam_pause_outlasts is the same rule. The row from before is that of the statement's snapshot. */
#define SHOWN "until, reason, paused_by, paused_at"
static const struct fam_statement put_pause = {
    "pause_put",
    "WITH put AS (INSERT INTO queue_pauses AS p (type, until, reason, paused_by) "
    "VALUES ($1, CASE WHEN $2::bigint > 0 THEN now() + $2::bigint * interval '1 millisecond' END, $3, $4) "
    "ON CONFLICT (type) DO UPDATE SET until = EXCLUDED.until, reason = EXCLUDED.reason, "
    "paused_by = EXCLUDED.paused_by, paused_at = now() "
    "WHERE $5 OR p.until <= now() OR (p.until IS NOT NULL AND (EXCLUDED.until IS NULL OR EXCLUDED.until > p.until)) "
    "RETURNING " SHOWN "), both_rows AS (SELECT true AS is_new, " SHOWN " FROM put UNION ALL SELECT false, " SHOWN
    " FROM queue_pauses WHERE type = $1 AND (until IS NULL OR until > now())) "
    "SELECT $1, CASE WHEN until IS NOT NULL THEN " FAM_TASK_MS("until") " END, reason, paused_by, " FAM_TASK_MS(
        "paused_at") ", is_new FROM both_rows",
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

static void read_pause(const struct fam_rows *rows, size_t row, struct fam_pause *pause)
{
    (void)snprintf(pause->type, sizeof(pause->type), "%s", fam_rows_text(rows, row, 0));
    pause->until_ms = fam_rows_i64(rows, row, 1);
    (void)snprintf(pause->reason, sizeof(pause->reason), "%s", fam_rows_text(rows, row, 2));
    (void)snprintf(pause->paused_by, sizeof(pause->paused_by), "%s", fam_rows_text(rows, row, 3));
    pause->paused_at_ms = fam_rows_i64(rows, row, 4);
}

/* `cut` lives as long as the parameters. */
static enum fam_code add_pause(struct fam_params *params, const char *type, uint64_t duration_ms, const char *reason,
                               const char *paused_by, char cut[FAM_TASK_REASON_MAX + 1], struct fam_status *status)
{
    size_t length = type ? strnlen(type, FAM_TASK_TYPE_SIZE) : 0;
    if (length < 1 || length >= FAM_TASK_TYPE_SIZE) {
        return fam_fail_field(status, "type", "takes 1 to %d characters", FAM_TASK_TYPE_SIZE - 1);
    }
    fam_task_reason(reason, cut);
    fam_param_text(params, type);
    fam_param_i64(params, duration_ms > INT64_MAX / 2 ? 0 : (int64_t)duration_ms);
    fam_param_text(params, cut);
    fam_param_text(params, paused_by ? paused_by : "");
    return FAM_OK;
}

enum fam_code fam_pause_set(struct fam_store *store, const char *type, uint64_t duration_ms, const char *reason,
                            const char *paused_by, struct fam_status *status)
{
    char cut[FAM_TASK_REASON_MAX + 1];
    struct fam_params params = {0};
    enum fam_code code = add_pause(&params, type, duration_ms, reason, paused_by, cut, status);
    return code == FAM_OK ? fam_task_exec(store, &set_pause, &params, NULL, status) : code;
}

enum fam_code fam_pause_put(struct fam_store *store, const char *type, uint64_t duration_ms, const char *reason,
                            const char *paused_by, bool replace, struct fam_pause_change *ret_change,
                            struct fam_status *status)
{
    char cut[FAM_TASK_REASON_MAX + 1];
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    memset(ret_change, 0, sizeof(*ret_change));
    enum fam_code code = add_pause(&params, type, duration_ms, reason, paused_by, cut, status);
    if (code == FAM_OK) {
        fam_param_bool(&params, replace);
        code = fam_task_exec(store, &put_pause, &params, &rows, status);
    }
    ret_change->kept = true;
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows); row++) {
        bool is_new = fam_rows_i64(&rows, row, 5) != 0;
        ret_change->kept = ret_change->kept && !is_new;
        ret_change->had = ret_change->had || !is_new;
        read_pause(&rows, row, is_new ? &ret_change->now : &ret_change->before);
    }
    if (code == FAM_OK && ret_change->kept) {
        ret_change->now = ret_change->before;
        code = ret_change->had ? FAM_OK : fam_fail(status, FAM_ABORTED, "another pause was begun at this moment");
    }
    return code;
}

bool fam_pause_outlasts(const struct fam_pause *pause, int64_t until_ms)
{
    return pause->until_ms == 0 || (until_ms != 0 && until_ms <= pause->until_ms);
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
        read_pause(&rows, row, &ret_list[(*ret_count)++]);
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
