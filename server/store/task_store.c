/* task_store.c: tasks are added and begun; see task_store.h. */
#include "store/task_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "store/sqlstate.h"
#include "store/store.h"
#include "store/task_private.h"

enum { ADD_TRIES = 3, EXEC_TRIES = 3 };

static const struct fam_statement insert_task = {
    "task_insert",
    "INSERT INTO tasks (task_id, type, priority, payload, user_id, unique_key, max_attempts, not_before, waits_for) "
    "VALUES ($1, $2, $3::smallint, $4, $5, $6, $7::smallint, now() + $8::bigint * interval '1 millisecond', "
    "CASE WHEN $8::bigint > 0 THEN 'due' ELSE '' END) "
    "ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL AND state = 'queued' DO NOTHING "
    "RETURNING task_id, priority, waits_for, " FAM_TASK_MS("not_before"),
    "insert", "tasks"};
static const struct fam_statement find_unique = {
    "task_unique",
    "SELECT task_id, priority, waits_for, " FAM_TASK_MS("not_before") " FROM tasks "
                                                                      "WHERE unique_key = $1 AND state = 'queued'",
    "select", "tasks"};

/* The verdicts are the numbers of enum fam_task_verdict. A pause of all leaves the row as it is; a pause of its type
 * sets it aside, for an hour where the pause has no end. */
static const struct fam_statement begin_tasks = {
    "task_begin",
    "WITH clock AS MATERIALIZED (SELECT " FAM_TASK_NOW(
        "2") " AS t, set_config('synchronous_commit', 'off', true) AS off), "
             "locked AS MATERIALIZED (SELECT * FROM tasks WHERE task_id = ANY "
             "($1::uuid[]) ORDER BY task_id FOR UPDATE), "
             "seen AS MATERIALIZED (SELECT l.*, c.t, p.type AS pause, "
             "CASE WHEN p.type <> '*' THEN coalesce(least(p.until, c.t + interval '1 "
             "hour'), c.t + interval '1 hour') END "
             "AS aside, CASE WHEN l.state = 'done' THEN 2 WHEN l.state = 'dead' THEN 3 "
             "WHEN l.lease_token <> $3 AND l.leased_until > c.t THEN 6 "
             "WHEN l.waits_for <> '' AND l.not_before > c.t THEN 4 "
             "WHEN p.type IS NOT NULL THEN 5 ELSE 0 END AS verdict "
             "FROM locked l CROSS JOIN clock c LEFT JOIN LATERAL (SELECT q.type, q.until "
             "FROM queue_pauses q "
             "WHERE q.type IN (l.type, '*') AND (q.until IS NULL OR q.until > c.t) ORDER "
             "BY (q.type = '*') DESC LIMIT 1) p "
             "ON true), "
             "taken AS (UPDATE tasks SET lease_token = $3, leased_until = s.t + "
             "$5::bigint * interval '1 millisecond', "
             "worker = $4, moved_at = s.t FROM seen s WHERE tasks.task_id = s.task_id AND "
             "s.verdict = 0), "
             "put AS (UPDATE tasks SET waits_for = 'pause', not_before = s.aside, "
             "moved_at = s.t FROM seen s "
             "WHERE tasks.task_id = s.task_id AND s.verdict = 5 AND s.pause <> '*') "
             "SELECT s.task_id, s.verdict, s.priority, CASE s.verdict WHEN 4 "
             "THEN " FAM_TASK_MS("s.not_before") " WHEN 5 THEN " FAM_TASK_MS("s.aside") " WHEN 6 THEN " FAM_TASK_MS(
                 "s.leased_until") " END, "
                                   "s.type, "
                                   "s.payload, "
                                   "s.user_id, "
                                   "s.attempts, "
                                   "s.max_attempts,"
                                   " s.deaths FROM "
                                   "seen s, clock "
                                   "c WHERE c.off "
                                   "IS NOT NULL",
    "update", "tasks"};

/* The same where all is well, which is nearly always: one plain UPDATE takes a fifth of the time. What it leaves out is
 * looked at by begin_tasks.
 *
 * Neither waits for the disk (synchronous_commit off, for its own transaction alone). What a crash of PostgreSQL takes
 * back is then the whole of a beginning: the row is free as before, with attempts and deaths as they were, for a
 * beginning changes neither. Its worker goes on with a token that the row does not have (any more), so everything that
 * it writes afterwards, fam_task_complete in its handler's transaction first of all, fails with LEASE_LOST and takes
 * the effect along; who begins the task next finds it as if nobody had. A completion waits for the disk as ever, and it
 * can't be kept by a crash that its beginning was lost in: the log is one sequence, and the beginning stands in it
 * first. */
#define THEN FAM_TASK_NOW("2")
#define BEGIN_WELL(chosen)                                                                                             \
    "UPDATE tasks t SET lease_token = $3, leased_until = " THEN " + $5::bigint * interval '1 millisecond', "           \
    "worker = $4, moved_at = " THEN " FROM (SELECT set_config('synchronous_commit', 'off', true) AS off) o "           \
    "WHERE " chosen " AND t.state = 'queued' AND o.off IS NOT NULL "                                                   \
    "AND (t.lease_token IS NULL OR t.lease_token = $3 OR t.leased_until <= " THEN ") "                                 \
    "AND (t.waits_for = '' OR t.not_before <= " THEN ") "                                                              \
    "AND NOT EXISTS (SELECT 1 FROM queue_pauses q WHERE q.type IN (t.type, '*') "                                      \
    "AND (q.until IS NULL OR q.until > " THEN ")) "                                                                    \
    "RETURNING t.task_id, 0, t.priority, NULL::bigint, t.type, t.payload, t.user_id, t.attempts, t.max_attempts, "     \
    "t.deaths"
static const struct fam_statement begin_well = {"task_begin_well", BEGIN_WELL("t.task_id = ANY ($1::uuid[])"), "update",
                                                "tasks"};
/* An array's length is unknown beforehand, so PostgreSQL plans anew each time, which takes longer than the rest. What
 * an idle worker picks up is mostly one task. */
static const struct fam_statement begin_one = {"task_begin_one", BEGIN_WELL("t.task_id = $1::uuid"), "update", "tasks"};

/* ---- what the files share ---- */

enum fam_code fam_task_exec(struct fam_store *store, const struct fam_statement *statement,
                            const struct fam_params *params, struct fam_rows *ret_rows, struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    for (int i = 0; i < EXEC_TRIES; i++) {
        struct fam_db *db = NULL;
        code = fam_pool_get(fam_store_pool(store), &db, status);
        if (code != FAM_OK) {
            return code;
        }
        code = fam_db_exec(db, statement, params, ret_rows, status);
        fam_pool_put(fam_store_pool(store), db);
        if (code != FAM_ABORTED || !(fam_sqlstate_is(status, "40001") || fam_sqlstate_is(status, "40P01"))) {
            return code;
        }
    }
    return code;
}

void fam_task_array(struct fam_buf *array, const struct fam_uuid *first, size_t stride, size_t count)
{
    char text[FAM_UUID_TEXT_SIZE];
    fam_buf_add_char(array, '{');
    for (size_t i = 0; i < count; i++) {
        fam_uuid_format((const struct fam_uuid *)((const char *)first + i * stride), text);
        fam_buf_add_text(array, text);
        fam_buf_add_char(array, i + 1 < count ? ',' : '}');
    }
}

enum fam_code fam_task_check_array(const struct fam_buf *array, size_t count, struct fam_status *status)
{
    if (count < 1 || count > FAM_TASK_BATCH_MAX) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "1 to %d tasks at once", FAM_TASK_BATCH_MAX);
    }
    return array->failed ? fam_fail_memory(status) : FAM_OK;
}

void fam_task_reason(const char *reason, char ret_reason[FAM_TASK_REASON_MAX + 1])
{
    size_t size = reason ? fam_utf8_cut(reason, FAM_TASK_REASON_MAX) : 0;
    if (size) {
        memcpy(ret_reason, reason, size);
    }
    ret_reason[size] = '\0';
}

int64_t fam_task_offset(const struct fam_task_times *times)
{
    return times ? times->clock_offset_ms : 0;
}

size_t fam_task_index(const struct fam_uuid *ids, size_t stride, size_t count, const struct fam_uuid *id)
{
    size_t i = 0;
    while (i < count && !fam_uuid_equal((const struct fam_uuid *)((const char *)ids + i * stride), id)) {
        i++;
    }
    return i;
}

enum fam_code fam_task_fail_lost(struct fam_status *status)
{
    return fam_fail_reason(status, FAM_ABORTED, "LEASE_LOST", 0, "the task is not this worker's any more");
}

/* ---- adding ---- */

static enum fam_code check_new(const struct fam_task_new *task, struct fam_status *status)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t length = task->type ? strnlen(task->type, FAM_TASK_TYPE_SIZE) : 0;
    if (length < 1 || length >= FAM_TASK_TYPE_SIZE || strspn(task->type, allowed) != length || task->type[0] < 'a') {
        return fam_fail_field(status, "type", "takes 1 to %d of a-z 0-9 _, a letter first", FAM_TASK_TYPE_SIZE - 1);
    }
    if (task->priority < FAM_PRIORITY_LOW || task->priority > FAM_PRIORITY_CRITICAL) {
        return fam_fail_field(status, "priority", "is not one of the list");
    }
    if (task->payload_size > FAM_TASK_PAYLOAD_MAX) {
        return fam_fail_field(status, "payload", "is larger than %d bytes", FAM_TASK_PAYLOAD_MAX);
    }
    if (task->max_attempts > 100) {
        return fam_fail_field(status, "max_attempts", "is not between 1 and 100");
    }
    return FAM_OK;
}

static void read_ref(const struct fam_rows *rows, size_t row, struct fam_task_ref *ref)
{
    ref->task_id = fam_rows_uuid(rows, row, 0);
    ref->priority = (enum fam_priority)fam_rows_i64(rows, row, 1);
    ref->not_before_ms = fam_rows_text(rows, row, 2)[0] ? fam_rows_i64(rows, row, 3) : 0;
}

/* *ret_found: the row of the statement, if there was one. */
static enum fam_code exec_ref(struct fam_db *db, const struct fam_statement *statement, const struct fam_params *params,
                              struct fam_task_ref *ref, bool *ret_found, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    enum fam_code code = fam_db_exec(db, statement, params, &rows, status);
    *ret_found = code == FAM_OK && fam_rows_count(&rows) > 0;
    if (*ret_found) {
        read_ref(&rows, 0, ref);
    }
    return code;
}

enum fam_code fam_task_add(struct fam_db *db, const struct fam_task_new *task, struct fam_task_ref *ret_ref,
                           bool *ret_added, struct fam_status *status)
{
    struct fam_uuid task_id = fam_uuid_v7();
    struct fam_params params = {0}, unique = {0};
    bool found = false;
    *ret_added = false;
    enum fam_code code = check_new(task, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, &task_id);
    fam_param_text(&params, task->type);
    fam_param_i64(&params, task->priority);
    fam_param_bytes(&params, task->payload ? task->payload : "", task->payload ? task->payload_size : 0);
    fam_param_uuid(&params, task->user_id);
    fam_param_text(&params, task->unique_key);
    fam_param_i64(&params, task->max_attempts ? task->max_attempts : FAM_TASK_ATTEMPTS);
    fam_param_i64(&params, task->delay_ms > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)task->delay_ms);
    fam_param_text(&unique, task->unique_key);
    /* The one of this key may end between the two statements: then there is room for ours. */
    for (int i = 0; i < ADD_TRIES; i++) {
        code = exec_ref(db, &insert_task, &params, ret_ref, &found, status);
        *ret_added = found;
        if (code == FAM_OK && !found) {
            code = exec_ref(db, &find_unique, &unique, ret_ref, &found, status);
        }
        if (code != FAM_OK || found) {
            return code;
        }
    }
    return fam_fail(status, FAM_ABORTED, "tasks of this unique key come and go too fast");
}

/* ---- beginning ---- */

void fam_task_begun_done(struct fam_task_begun *begun)
{
    free(begun->payload);
    *begun = (struct fam_task_begun){.payload = NULL};
    begun->payload = NULL; /* once more, for the analyser, which does not follow the line above */
}

static enum fam_code read_begun(const struct fam_rows *rows, size_t row, struct fam_task_begun *begun,
                                struct fam_status *status)
{
    size_t size = 0;
    begun->verdict = (enum fam_task_verdict)fam_rows_i64(rows, row, 1);
    begun->ref.priority = (enum fam_priority)fam_rows_i64(rows, row, 2);
    begun->ref.not_before_ms = fam_rows_i64(rows, row, 3);
    if (begun->verdict != FAM_TASK_GO) {
        return FAM_OK;
    }
    (void)snprintf(begun->type, sizeof(begun->type), "%s", fam_rows_text(rows, row, 4));
    begun->has_user = !fam_rows_is_null(rows, row, 6);
    begun->user_id = fam_rows_uuid(rows, row, 6);
    begun->attempts = (unsigned)fam_rows_i64(rows, row, 7);
    begun->max_attempts = (unsigned)fam_rows_i64(rows, row, 8);
    begun->deaths = (unsigned)fam_rows_i64(rows, row, 9);
    const unsigned char *payload = fam_rows_bytes(rows, row, 5, &size);
    if (size) {
        begun->payload = malloc(size);
        if (!begun->payload) {
            return fam_fail_memory(status);
        }
        memcpy(begun->payload, payload, size);
        begun->payload_size = size;
    }
    return FAM_OK;
}

static enum fam_code check_begin(size_t count, const char *worker, uint32_t lease_ms, struct fam_status *status)
{
    size_t length = worker ? strnlen(worker, FAM_TASK_WORKER_MAX + 1) : 0;
    if (count < 1 || count > FAM_TASK_CLAIM_MAX || length < 1 || length > FAM_TASK_WORKER_MAX || lease_ms < 100 ||
        lease_ms > FAM_TASK_LEASE_MAX_MS) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "1 to %d tasks, a worker's name, a lease of 100 to %d ms",
                        FAM_TASK_CLAIM_MAX, FAM_TASK_LEASE_MAX_MS);
    }
    return FAM_OK;
}

/* *ret_found: rows that the statement answered; each is in ret_begun. */
static enum fam_code begin_by(struct fam_store *store, const struct fam_statement *statement,
                              const struct fam_params *params, const struct fam_uuid *ids, size_t count,
                              struct fam_task_begun *ret_begun, size_t *ret_found, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    for (size_t i = 0; i < count; i++) {
        ret_begun[i] = (struct fam_task_begun){.ref.task_id = ids[i], .verdict = FAM_TASK_GONE};
        ret_begun[i].payload = NULL; /* as above */
    }
    enum fam_code code = fam_task_exec(store, statement, params, &rows, status);
    *ret_found = code == FAM_OK ? fam_rows_count(&rows) : 0;
    for (size_t row = 0; code == FAM_OK && row < *ret_found; row++) {
        struct fam_uuid id = fam_rows_uuid(&rows, row, 0);
        size_t at = fam_task_index(ids, sizeof(*ids), count, &id);
        if (at < count) {
            code = read_begun(&rows, row, &ret_begun[at], status);
        }
    }
    for (size_t i = 0; code != FAM_OK && i < count; i++) {
        fam_task_begun_done(&ret_begun[i]);
    }
    return code;
}

static void add_begin(struct fam_params *params, const char *which, const struct fam_task_times *times,
                      const struct fam_uuid *token, const char *worker, uint32_t lease_ms)
{
    fam_param_text(params, which);
    fam_param_i64(params, fam_task_offset(times));
    fam_param_uuid(params, token);
    fam_param_text(params, worker);
    fam_param_i64(params, lease_ms);
}

enum fam_code fam_task_begin(struct fam_store *store, const struct fam_task_times *times, const struct fam_uuid *ids,
                             size_t count, const struct fam_uuid *token, const char *worker, uint32_t lease_ms,
                             struct fam_task_begun *ret_begun, struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf array = {0};
    struct fam_params params = {0};
    size_t found = 0;
    enum fam_code code = check_begin(count, worker, lease_ms, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_task_array(&array, ids, sizeof(*ids), count);
    code = fam_task_check_array(&array, count, status);
    if (code != FAM_OK) {
        return code;
    }
    add_begin(&params, fam_buf_text(&array), times, token, worker, lease_ms);
    if (count == 1) {
        struct fam_params one = {0};
        char id[FAM_UUID_TEXT_SIZE];
        fam_uuid_format(ids, id);
        add_begin(&one, id, times, token, worker, lease_ms);
        code = begin_by(store, &begin_one, &one, ids, count, ret_begun, &found, status);
    } else {
        code = begin_by(store, &begin_well, &params, ids, count, ret_begun, &found, status);
    }
    if (code != FAM_OK || found == count) {
        return code;
    }
    for (size_t i = 0; i < count; i++) {
        fam_task_begun_done(&ret_begun[i]);
    }
    return begin_by(store, &begin_tasks, &params, ids, count, ret_begun, &found, status);
}
