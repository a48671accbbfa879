/* task_admin_store.c: see task_admin_store.h: lists, one task, numbers. task_change_store.c changes many. */
#include "store/task_admin_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"
#include "store/task_admin_private.h"

#define MS(moment) "(extract(epoch FROM " moment ") * 1000)::bigint"
#define VIEW                                                                                                           \
    "t.task_id, t.type, t.priority, " FAM_TASK_STATE ", t.user_id, t.unique_key, t.attempts, t.max_attempts, "         \
    "t.deaths, " MS("t.created_at") ", " MS("t.not_before") ", t.waits_for, CASE WHEN " FAM_TASK_HELD " THEN "         \
                                                            "t.worker END, CASE WHEN " FAM_TASK_HELD                   \
                                                            " THEN " MS("t.leased_until") " END, t.reason, " MS(       \
                                                                "t.finished_at")
#define PAGE(condition)                                                                                                \
    "SELECT " VIEW " FROM tasks t WHERE " condition " AND " FAM_TASK_MATCHES " AND ($7::uuid IS NULL OR t.task_id < "  \
    "$7::uuid) ORDER BY t.task_id DESC LIMIT $8::bigint"

/* One for each state of a row, so that each can use the index that is made for it. */
static const struct fam_statement LISTS[] = {
    [FAM_TASK_ROWS_ALL] = {"task_list", PAGE("true"), "select", "tasks"},
    [FAM_TASK_ROWS_QUEUED] = {"task_list_queued", PAGE("t.state = 'queued'"), "select", "tasks"},
    [FAM_TASK_ROWS_DONE] = {"task_list_done", PAGE("t.state = 'done'"), "select", "tasks"},
    [FAM_TASK_ROWS_DEAD] = {"task_list_dead", PAGE("t.state = 'dead'"), "select", "tasks"},
};
static const struct fam_statement select_task = {"task_view", "SELECT " VIEW " FROM tasks t WHERE t.task_id = $1",
                                                 "select", "tasks"};
static const struct fam_statement select_history = {
    "task_history",
    "SELECT * FROM (SELECT " MS(
        "ended_at") " AS ended_ms, worker, outcome, reason, duration_ms::bigint FROM "
                    "task_attempts WHERE task_id = $1 ORDER BY ended_at DESC LIMIT $2::bigint) last ORDER BY ended_ms",
    "select", "task_attempts"};
static const struct fam_statement count_types = {
    "task_stats_types",
    "SELECT type, sum(ready)::bigint, sum(waiting)::bigint, sum(running)::bigint, sum(dead)::bigint, "
    "sum(done)::bigint, coalesce(" MS(
        "now() - min(oldest)") ", 0), "
                               "sum(lately)::bigint FROM ("
                               "SELECT t.type, count(*) FILTER (WHERE " FAM_TASK_READY ") AS ready, "
                               "count(*) FILTER (WHERE NOT " FAM_TASK_HELD " AND t.not_before > now()) AS waiting, "
                               "count(*) FILTER (WHERE " FAM_TASK_HELD
                               ") AS running, 0 AS dead, 0 AS done, 0 AS lately, "
                               "min(t.not_before) FILTER (WHERE " FAM_TASK_READY
                               ") AS oldest FROM tasks t WHERE t.state = 'queued' GROUP BY type "
                               "UNION ALL SELECT type, 0, 0, 0, count(*), 0, 0, NULL FROM tasks WHERE state = 'dead' "
                               "GROUP BY type "
                               "UNION ALL SELECT type, 0, 0, 0, 0, count(*), count(*) FILTER (WHERE finished_at > "
                               "now() - INTERVAL '1 minute'), NULL FROM tasks WHERE state = 'done' "
                               "AND finished_at > now() - INTERVAL '1 hour' GROUP BY type) parts GROUP BY type ORDER "
                               "BY type LIMIT $1::bigint",
    "select", "tasks"};
static const struct fam_statement count_priorities = {
    "task_stats_priorities",
    "SELECT t.priority, count(*) FROM tasks t WHERE t.state = 'queued' AND " FAM_TASK_READY " GROUP BY t.priority",
    "select", "tasks"};
static const struct fam_statement count_workers = {
    "task_stats_workers",
    "SELECT t.worker, count(*) FROM tasks t WHERE t.state = 'queued' AND " FAM_TASK_HELD " AND t.worker IS NOT NULL "
    "GROUP BY t.worker ORDER BY t.worker LIMIT $1::bigint",
    "select", "tasks"};

enum fam_task_rows fam_task_filter_rows(const struct fam_task_filter *filter)
{
    switch (filter->state) {
    case FAM__V1__TASK_STATE__TASK_STATE_UNSPECIFIED:
        return FAM_TASK_ROWS_ALL;
    case FAM__V1__TASK_STATE__TASK_STATE_DONE:
        return FAM_TASK_ROWS_DONE;
    case FAM__V1__TASK_STATE__TASK_STATE_DEAD:
        return FAM_TASK_ROWS_DEAD;
    default:
        return FAM_TASK_ROWS_QUEUED;
    }
}

enum fam_code fam_task_filter_params(const struct fam_task_filter *filter, struct fam_params *params,
                                     struct fam_buf *ids, struct fam_status *status)
{
    if (filter->id_count > 0) {
        fam_task_array(ids, filter->ids, sizeof(filter->ids[0]), filter->id_count);
        if (ids->failed) {
            return fam_fail_memory(status);
        }
    }
    fam_param_text(params, filter->id_count == 0 ? NULL : fam_buf_text(ids));
    fam_param_i64(params, (int64_t)filter->state);
    fam_param_text(params, filter->type);
    fam_param_i64(params, filter->priority);
    fam_param_text(params, filter->reason);
    fam_param_i64(params, filter->older_than_ms);
    return FAM_OK;
}

static void fill(const struct fam_rows *rows, size_t row, struct fam_task_view *view)
{
    view->task_id = fam_rows_uuid(rows, row, 0);
    snprintf(view->type, sizeof(view->type), "%s", fam_rows_text(rows, row, 1));
    view->priority = (int)fam_rows_i64(rows, row, 2);
    view->state = (Fam__V1__TaskState)fam_rows_i64(rows, row, 3);
    view->user_id = fam_rows_uuid(rows, row, 4);
    snprintf(view->unique_key, sizeof(view->unique_key), "%s", fam_rows_text(rows, row, 5));
    view->attempts = (int)fam_rows_i64(rows, row, 6);
    view->max_attempts = (int)fam_rows_i64(rows, row, 7);
    view->deaths = (int)fam_rows_i64(rows, row, 8);
    view->created_at_ms = fam_rows_i64(rows, row, 9);
    view->not_before_ms = fam_rows_i64(rows, row, 10);
    if (view->state == FAM__V1__TASK_STATE__TASK_STATE_WAITING) {
        snprintf(view->waits_for, sizeof(view->waits_for), "%s", fam_rows_text(rows, row, 11));
    }
    snprintf(view->worker, sizeof(view->worker), "%s", fam_rows_text(rows, row, 12));
    view->leased_until_ms = fam_rows_i64(rows, row, 13);
    snprintf(view->reason, sizeof(view->reason), "%s", fam_rows_text(rows, row, 14));
    view->finished_at_ms = fam_rows_i64(rows, row, 15);
}

enum fam_code fam_task_list(struct fam_store *store, const struct fam_task_filter *filter,
                            const struct fam_uuid *before, size_t limit, struct fam_task_view **ret_list,
                            size_t *ret_count, bool *ret_more, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_buf_done) struct fam_buf ids = {0};
    struct fam_params params = {0};
    *ret_list = NULL;
    *ret_count = 0;
    *ret_more = false;
    if (limit < 1 || limit > FAM_TASK_PAGE_MAX) {
        return fam_fail_field(status, "page_size", "is not between 1 and %d", FAM_TASK_PAGE_MAX);
    }
    enum fam_code code = fam_task_filter_params(filter, &params, &ids, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, before);
    fam_param_i64(&params, (int64_t)limit + 1); /* one more tells whether there are more */
    code = fam_task_exec(store, &LISTS[fam_task_filter_rows(filter)], &params, &rows, status);
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

static enum fam_code read_history(struct fam_store *store, const struct fam_uuid *task_id,
                                  struct fam_task_past **ret_history, size_t *ret_count, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, task_id);
    fam_param_i64(&params, FAM_TASK_HISTORY_MAX);
    enum fam_code code = fam_task_exec(store, &select_history, &params, &rows, status);
    if (code != FAM_OK) {
        return code;
    }
    *ret_history = calloc(fam_rows_count(&rows) + 1, sizeof(**ret_history));
    if (*ret_history == NULL) {
        return fam_fail_memory(status);
    }
    for (size_t row = 0; row < fam_rows_count(&rows); row++) {
        struct fam_task_past *past = &(*ret_history)[(*ret_count)++];
        past->ended_at_ms = fam_rows_i64(&rows, row, 0);
        snprintf(past->worker, sizeof(past->worker), "%s", fam_rows_text(&rows, row, 1));
        snprintf(past->outcome, sizeof(past->outcome), "%s", fam_rows_text(&rows, row, 2));
        snprintf(past->reason, sizeof(past->reason), "%s", fam_rows_text(&rows, row, 3));
        past->duration_ms = fam_rows_i64(&rows, row, 4);
    }
    return FAM_OK;
}

enum fam_code fam_task_get(struct fam_store *store, const struct fam_uuid *task_id, struct fam_task_view *ret_task,
                           struct fam_task_past **ret_history, size_t *ret_count, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    *ret_history = NULL;
    *ret_count = 0;
    fam_param_uuid(&params, task_id);
    enum fam_code code = fam_task_exec(store, &select_task, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND, "no such task");
    }
    if (code != FAM_OK) {
        return code;
    }
    memset(ret_task, 0, sizeof(*ret_task));
    fill(&rows, 0, ret_task);
    return read_history(store, task_id, ret_history, ret_count, status);
}

static enum fam_code read_types(struct fam_store *store, struct fam_task_stats *stats, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_i64(&params, FAM_TASK_STATS_TYPES_MAX);
    enum fam_code code = fam_task_exec(store, &count_types, &params, &rows, status);
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows); row++) {
        struct fam_task_type_stats *type = &stats->types[stats->type_count++];
        snprintf(type->type, sizeof(type->type), "%s", fam_rows_text(&rows, row, 0));
        type->ready = fam_rows_i64(&rows, row, 1);
        type->waiting = fam_rows_i64(&rows, row, 2);
        type->running = fam_rows_i64(&rows, row, 3);
        type->dead = fam_rows_i64(&rows, row, 4);
        type->done_hour = fam_rows_i64(&rows, row, 5);
        type->oldest_ready_ms = fam_rows_i64(&rows, row, 6);
        type->done_minute = fam_rows_i64(&rows, row, 7);
    }
    return code;
}

static enum fam_code read_workers(struct fam_store *store, struct fam_task_stats *stats, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_i64(&params, FAM_TASK_WORKERS_MAX);
    enum fam_code code = fam_task_exec(store, &count_workers, &params, &rows, status);
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows); row++) {
        struct fam_task_worker_stats *worker = &stats->workers[stats->worker_count++];
        snprintf(worker->name, sizeof(worker->name), "%s", fam_rows_text(&rows, row, 0));
        worker->running = fam_rows_i64(&rows, row, 1);
    }
    return code;
}

enum fam_code fam_task_stats(struct fam_store *store, struct fam_task_stats *ret_stats, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    memset(ret_stats, 0, sizeof(*ret_stats));
    enum fam_code code = read_types(store, ret_stats, status);
    if (code == FAM_OK) {
        code = fam_task_exec(store, &count_priorities, NULL, &rows, status);
    }
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows); row++) {
        ret_stats->ready[fam_rows_i64(&rows, row, 0) - FAM_PRIORITY_LOW] = fam_rows_i64(&rows, row, 1);
    }
    return code == FAM_OK ? read_workers(store, ret_stats, status) : code;
}
