/* task_end_store.c: attempts at tasks go on and end; see task_store.h. Every statement asks for the row's token. */
#include <stdio.h>
#include <string.h>

#include "store/store.h"
#include "store/task_private.h"
#include "store/task_store.h"

enum { RETRY_BASE_MS = 60000 };

#define FREE "lease_token = NULL, leased_until = NULL, worker = NULL"
#define HELD "state = 'queued' AND lease_token = $2"

static const struct fam_statement extend_tasks = {
    "task_extend",
    "UPDATE tasks SET leased_until = " FAM_TASK_NOW(
        "3") " + $4::bigint * interval '1 millisecond', "
             "moved_at = " FAM_TASK_NOW("3") " WHERE task_id = ANY ($1::uuid[]) AND " HELD " RETURNING task_id",
    "update", "tasks"};
static const struct fam_statement release_tasks = {
    "task_release", "UPDATE tasks SET " FREE " WHERE task_id = ANY ($1::uuid[]) AND " HELD, "update", "tasks"};
static const struct fam_statement complete_task = {
    "task_complete", "UPDATE tasks SET state = 'done', finished_at = now(), " FREE " WHERE task_id = $1 AND " HELD,
    "update", "tasks"};
static const struct fam_statement complete_tasks = {"task_complete_all",
                                                    "UPDATE tasks SET state = 'done', finished_at = now(), " FREE
                                                    " WHERE task_id = ANY ($1::uuid[]) AND " HELD " RETURNING task_id",
                                                    "update", "tasks"};

/* What an ended attempt leaves; `e` has the row as it was (worker) and as it is. */
#define RECORD(outcome, reason, duration)                                                                              \
    "INSERT INTO task_attempts (task_id, ended_at, worker, outcome, reason, duration_ms) "                             \
    "SELECT task_id, clock_timestamp(), coalesce(was, ''), " outcome ", " reason ", " duration " FROM e"
/* RETURNING sees the new row only: the worker's name is read before, from the row that is locked. */
#define OLD "o AS MATERIALIZED (SELECT task_id, worker AS was FROM tasks WHERE task_id = $1 AND " HELD " FOR UPDATE), "
#define RESULT "SELECT task_id, priority, state, " FAM_TASK_MS("not_before") ", attempts FROM e"
#define RETURNING "RETURNING t.task_id, t.priority, t.state, t.not_before, t.attempts, o.was)"

static const struct fam_statement fail_task = {
    "task_fail",
    "WITH " OLD "e AS (UPDATE tasks t SET attempts = attempts + 1, " FREE ", reason = $5, "
    "state = CASE WHEN attempts + 1 >= max_attempts THEN 'dead' ELSE 'queued' END, "
    "finished_at = CASE WHEN attempts + 1 >= max_attempts THEN now() END, waits_for = 'retry', "
    "not_before = " FAM_TASK_NOW("3") " + $4::bigint * 2 ^ least(attempts + 1, 16) * (0.8 + 0.4 * random()) "
                                      "* interval '1 millisecond', moved_at = " FAM_TASK_NOW(
                                          "3") " FROM o WHERE t.task_id = o.task_id " RETURNING
                                               ", r AS (" RECORD("$6", "$5", "$7::bigint::integer") ") " RESULT,
    "update", "tasks"};
static const struct fam_statement snooze_task = {
    "task_snooze",
    "WITH " OLD "e AS (UPDATE tasks t SET " FREE ", reason = $5, waits_for = 'snooze', "
    "not_before = " FAM_TASK_NOW("3") " + $4::bigint * interval '1 millisecond', moved_at = " FAM_TASK_NOW(
        "3") " FROM o WHERE t.task_id = o.task_id " RETURNING
             ", r AS (" RECORD(
                 "'snoozed'", "$5",
                 "0") " WHERE NOT EXISTS (SELECT 1 FROM task_attempts a WHERE a.task_id = $1 AND a.outcome = 'snoozed' "
                      "AND a.reason = $5 AND a.ended_at > now() - interval '1 hour')) " RESULT,
    "update", "tasks"};
static const struct fam_statement bury_task = {
    "task_bury",
    "WITH " OLD "e AS (UPDATE tasks t SET " FREE ", reason = $3, state = 'dead', finished_at = now() FROM o "
    "WHERE t.task_id = o.task_id " RETURNING ", r AS (" RECORD("'dead'", "$3", "$4::bigint::integer") ") " RESULT,
    "update", "tasks"};

/* fates: the numbers of enum fam_task_fate. A row whose expired lease is another token's is free: whoever begins it
 * next takes it over. */
static const struct fam_statement tasks_died = {
    "task_died",
    "WITH clock AS (SELECT " FAM_TASK_NOW(
        "4") " AS t), "
             "told AS MATERIALIZED (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::boolean[]) AS u (id, token, "
             "started)), "
             "locked AS MATERIALIZED (SELECT * FROM tasks WHERE task_id = ANY ($1::uuid[]) ORDER BY task_id FOR "
             "UPDATE), "
             "seen AS MATERIALIZED (SELECT u.id, u.started, l.*, c.t, "
             "coalesce(l.state = 'queued' AND l.lease_token = u.token AND l.leased_until <= c.t, false) AS ours "
             "FROM told u CROSS JOIN clock c LEFT JOIN locked l ON l.task_id = u.id), "
             "freed AS (UPDATE tasks SET " FREE ", deaths = tasks.deaths + s.started::int, "
             "state = CASE WHEN s.started AND s.deaths + 1 >= $5::bigint THEN 'dead' ELSE 'queued' END, "
             "finished_at = CASE WHEN s.started AND s.deaths + 1 >= $5::bigint THEN now() END, "
             "reason = CASE WHEN s.started AND s.deaths + 1 >= $5::bigint THEN 'poison' ELSE tasks.reason END "
             "FROM seen s WHERE tasks.task_id = s.task_id AND s.ours), "
             "told_of AS (INSERT INTO task_attempts (task_id, ended_at, worker, outcome, reason) "
             "SELECT task_id, clock_timestamp(), coalesce(worker, ''), 'died', '' FROM seen WHERE ours AND started) "
             "SELECT id, CASE WHEN state IS DISTINCT FROM 'queued' THEN 2 WHEN ours AND started AND deaths + 1 >= "
             "$5::bigint THEN "
             "2 WHEN NOT ours AND leased_until > t THEN 1 ELSE 0 END, priority, CASE WHEN NOT ours AND leased_until > "
             "t THEN " FAM_TASK_MS("leased_until") " WHEN waits_for <> '' AND not_before > t THEN " FAM_TASK_MS(
                 "not_before") " END, "
                               "ours AND started AND deaths + 1 >= $5::bigint, lease_token, ours AND started, type "
                               "FROM seen",
    "update", "tasks"};

/* Marks in ret_marks which ids a statement RETURNed. */
static void mark(const struct fam_rows *rows, const struct fam_uuid *ids, size_t count, bool *ret_marks)
{
    if (!ret_marks) {
        return;
    }
    memset(ret_marks, 0, count * sizeof(*ret_marks));
    for (size_t row = 0; row < fam_rows_count(rows); row++) {
        struct fam_uuid id = fam_rows_uuid(rows, row, 0);
        size_t at = fam_task_index(ids, sizeof(*ids), count, &id);
        if (at < count) {
            ret_marks[at] = true;
        }
    }
}

/* A statement about ids ($1) of a token ($2); more parameters may stand in `params` after two places left free. */
static enum fam_code exec_ids(struct fam_store *store, const struct fam_statement *statement,
                              const struct fam_uuid *ids, size_t count, const struct fam_uuid *token,
                              const int64_t *numbers, size_t number_count, bool *ret_marks, struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf array = {0};
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_task_array(&array, ids, sizeof(*ids), count);
    enum fam_code code = fam_task_check_array(&array, count, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_text(&params, fam_buf_text(&array));
    fam_param_uuid(&params, token);
    for (size_t i = 0; i < number_count; i++) {
        fam_param_i64(&params, numbers[i]);
    }
    code = fam_task_exec(store, statement, &params, &rows, status);
    if (code == FAM_OK) {
        mark(&rows, ids, count, ret_marks);
    }
    return code;
}

enum fam_code fam_task_extend(struct fam_store *store, const struct fam_task_times *times, const struct fam_uuid *ids,
                              size_t count, const struct fam_uuid *token, uint32_t lease_ms, bool *ret_held,
                              struct fam_status *status)
{
    const int64_t numbers[] = {fam_task_offset(times), lease_ms};
    if (lease_ms < 100 || lease_ms > FAM_TASK_LEASE_MAX_MS) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "a lease lasts 100 to %d ms", FAM_TASK_LEASE_MAX_MS);
    }
    return exec_ids(store, &extend_tasks, ids, count, token, numbers, 2, ret_held, status);
}

enum fam_code fam_task_release(struct fam_store *store, const struct fam_uuid *ids, size_t count,
                               const struct fam_uuid *token, struct fam_status *status)
{
    return exec_ids(store, &release_tasks, ids, count, token, NULL, 0, NULL, status);
}

enum fam_code fam_task_complete_all(struct fam_store *store, const struct fam_uuid *ids, size_t count,
                                    const struct fam_uuid *token, bool *ret_done, struct fam_status *status)
{
    return exec_ids(store, &complete_tasks, ids, count, token, NULL, 0, ret_done, status);
}

enum fam_code fam_task_complete(struct fam_db *db, const struct fam_uuid *task_id, const struct fam_uuid *token,
                                struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, task_id);
    fam_param_uuid(&params, token);
    enum fam_code code = fam_db_exec(db, &complete_task, &params, &rows, status);
    if (code == FAM_OK && fam_rows_affected(&rows) != 1) {
        return fam_task_fail_lost(status);
    }
    return code;
}

/* ---- attempts that did not end well ---- */

/* Runs one of the statements that return RESULT. ret_end may be NULL. */
static enum fam_code end_attempt(struct fam_store *store, const struct fam_statement *statement,
                                 const struct fam_params *params, struct fam_task_end *ret_end,
                                 struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    enum fam_code code = fam_task_exec(store, statement, params, &rows, status);
    if (code != FAM_OK) {
        return code;
    }
    if (fam_rows_count(&rows) == 0) {
        return fam_task_fail_lost(status);
    }
    if (ret_end) {
        ret_end->ref.task_id = fam_rows_uuid(&rows, 0, 0);
        ret_end->ref.priority = (enum fam_priority)fam_rows_i64(&rows, 0, 1);
        ret_end->is_dead = strcmp(fam_rows_text(&rows, 0, 2), "dead") == 0;
        ret_end->ref.not_before_ms = ret_end->is_dead ? 0 : fam_rows_i64(&rows, 0, 3);
        ret_end->attempts = (unsigned)fam_rows_i64(&rows, 0, 4);
    }
    return FAM_OK;
}

static int64_t integer_ms(uint64_t ms)
{
    return ms > INT32_MAX ? INT32_MAX : (int64_t)ms;
}

enum fam_code fam_task_fail(struct fam_store *store, const struct fam_task_times *times, const struct fam_uuid *task_id,
                            const struct fam_uuid *token, bool is_timed_out, const char *reason, uint64_t duration_ms,
                            struct fam_task_end *ret_end, struct fam_status *status)
{
    char cut[FAM_TASK_REASON_MAX + 1];
    struct fam_params params = {0};
    fam_task_reason(reason, cut);
    fam_param_uuid(&params, task_id);
    fam_param_uuid(&params, token);
    fam_param_i64(&params, fam_task_offset(times));
    fam_param_i64(&params, times && times->retry_base_ms ? times->retry_base_ms : RETRY_BASE_MS);
    fam_param_text(&params, cut);
    fam_param_text(&params, is_timed_out ? "timed_out" : "failed");
    fam_param_i64(&params, integer_ms(duration_ms));
    return end_attempt(store, &fail_task, &params, ret_end, status);
}

enum fam_code fam_task_snooze(struct fam_store *store, const struct fam_task_times *times,
                              const struct fam_uuid *task_id, const struct fam_uuid *token, uint64_t delay_ms,
                              const char *reason, struct fam_task_end *ret_end, struct fam_status *status)
{
    char cut[FAM_TASK_REASON_MAX + 1];
    struct fam_params params = {0};
    fam_task_reason(reason, cut);
    fam_param_uuid(&params, task_id);
    fam_param_uuid(&params, token);
    fam_param_i64(&params, fam_task_offset(times));
    fam_param_i64(&params, delay_ms > FAM_TASK_SNOOZE_MAX_MS ? FAM_TASK_SNOOZE_MAX_MS : (int64_t)delay_ms);
    fam_param_text(&params, cut);
    return end_attempt(store, &snooze_task, &params, ret_end, status);
}

enum fam_code fam_task_bury(struct fam_store *store, const struct fam_uuid *task_id, const struct fam_uuid *token,
                            const char *reason, uint64_t duration_ms, struct fam_status *status)
{
    char cut[FAM_TASK_REASON_MAX + 1];
    struct fam_params params = {0};
    fam_task_reason(reason, cut);
    fam_param_uuid(&params, task_id);
    fam_param_uuid(&params, token);
    fam_param_text(&params, cut);
    fam_param_i64(&params, integer_ms(duration_ms));
    return end_attempt(store, &bury_task, &params, NULL, status);
}

/* ---- workers that died ---- */

static void read_death(const struct fam_rows *rows, size_t row, struct fam_task_death *death)
{
    death->fate = (enum fam_task_fate)fam_rows_i64(rows, row, 1);
    death->priority = (enum fam_priority)fam_rows_i64(rows, row, 2);
    death->not_before_ms = death->fate == FAM_TASK_OVER ? 0 : fam_rows_i64(rows, row, 3);
    death->is_poison = fam_rows_i64(rows, row, 4) != 0;
    death->holder = fam_rows_uuid(rows, row, 5);
    death->is_counted = fam_rows_i64(rows, row, 6) != 0;
    (void)snprintf(death->type, sizeof(death->type), "%s", fam_rows_text(rows, row, 7));
}

enum fam_code fam_task_died(struct fam_store *store, const struct fam_task_times *times, struct fam_task_death *deaths,
                            size_t count, struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf ids = {0}, tokens = {0}, started = {0};
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_task_array(&ids, &deaths->task_id, sizeof(*deaths), count);
    fam_task_array(&tokens, &deaths->token, sizeof(*deaths), count);
    for (size_t i = 0; i < count; i++) {
        fam_buf_addf(&started, "%c%c", i ? ',' : '{', deaths[i].has_started ? 't' : 'f');
    }
    fam_buf_add_char(&started, '}');
    enum fam_code code = fam_task_check_array(&ids, count, status);
    if (code == FAM_OK && (tokens.failed || started.failed)) {
        code = fam_fail_memory(status);
    }
    if (code != FAM_OK) {
        return code;
    }
    fam_param_text(&params, fam_buf_text(&ids));
    fam_param_text(&params, fam_buf_text(&tokens));
    fam_param_text(&params, fam_buf_text(&started));
    fam_param_i64(&params, fam_task_offset(times));
    fam_param_i64(&params, FAM_TASK_DEATHS);
    code = fam_task_exec(store, &tasks_died, &params, &rows, status);
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows); row++) {
        struct fam_uuid id = fam_rows_uuid(&rows, row, 0);
        size_t at = fam_task_index(&deaths->task_id, sizeof(*deaths), count, &id);
        if (at < count) {
            read_death(&rows, row, &deaths[at]);
        }
    }
    return code;
}
