/* schedule_claim.c: what is due becomes tasks; see schedule_store.h. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "store/checkin_settings.h"
#include "store/column.h"
#include "store/pool.h"
#include "store/schedule_store.h"
#include "store/store.h"

/* The clock that all goes by: the database's, and what a test adds. */
#define MOMENT(param) "now() + " param "::bigint * INTERVAL '1 millisecond'"
#define REFRESH_METRICS_MS "300000"

static const struct fam_statement ensure_jobs = {
    "schedule_ensure",
    "INSERT INTO schedules (schedule_id, job, every_ms, local_time, time_zone, next_at) VALUES "
    "($1, '" FAM_JOB_METRICS "', " REFRESH_METRICS_MS ", NULL, NULL, now()), "
    "($2, '" FAM_JOB_RETENTION "', NULL, '03:30', 'UTC', next_local_time(now(), '03:30', NULL, 'UTC')) "
    "ON CONFLICT (job, name) WHERE family_id IS NULL AND user_id IS NULL DO NOTHING",
    "insert", "schedules"};
static const struct fam_statement next_due = {
    "schedule_next",
    "SELECT (extract(epoch FROM next_at - (" MOMENT("$1") ")) * 1000)::bigint FROM schedules WHERE enabled "
                                                          "ORDER BY next_at LIMIT 1",
    "select", "schedules"};
/* First the locks, then a statement of its own: so it sees the time zones as they are under the locks. */
static const struct fam_statement lock_due = {
    "schedule_lock",
    "SELECT array_agg(schedule_id)::text FROM (SELECT schedule_id FROM schedules WHERE enabled AND next_at <= " MOMENT(
        "$1") " ORDER BY next_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED) locked",
    "select", "schedules"};
/* due_at is the last due time that is not after now; a next_at that somebody set by hand counts as one. To the
 * millisecond, as the payload tells it. */
static const struct fam_statement move_on = {
    "schedule_move_on",
    "WITH found AS MATERIALIZED (SELECT s.*, coalesce(s.time_zone, f.time_zone) AS named, " MOMENT(
        "$2") " AS moment, "
              "s.local_time IS NOT NULL AND next_local_time(now(), s.local_time, NULL, coalesce(s.time_zone, "
              "f.time_zone)) "
              "IS NULL AS lost FROM schedules s LEFT JOIN families f USING (family_id) WHERE s.schedule_id = "
              "ANY($1::uuid[])), "
              "zoned AS (SELECT *, CASE WHEN lost THEN 'UTC' ELSE named END AS zone FROM found), "
              "reckoned AS (SELECT z.schedule_id, z.job, z.name, z.family_id, z.user_id, z.late_ms, z.moment, z.lost, "
              "z.every_ms, "
              "date_trunc('milliseconds', CASE WHEN z.every_ms IS NOT NULL THEN z.next_at + "
              "floor(extract(epoch FROM z.moment - z.next_at) * 1000 / z.every_ms) * z.every_ms * INTERVAL '1 "
              "millisecond' "
              "ELSE greatest(z.next_at, last_local_time(z.moment, z.local_time, z.weekday, z.zone)) END) AS due_at, "
              "next_local_time(z.moment, z.local_time, z.weekday, z.zone) AS following FROM zoned z), "
              "moved AS (UPDATE schedules s SET next_at = CASE WHEN r.every_ms IS NOT NULL "
              "THEN r.due_at + r.every_ms * INTERVAL '1 millisecond' ELSE r.following END "
              "FROM reckoned r WHERE r.schedule_id = s.schedule_id) "
              "SELECT r.schedule_id, r.job, coalesce(r.user_id, r.family_id), r.user_id, "
              "(extract(epoch FROM r.due_at) * 1000)::bigint, "
              "r.late_ms > 0 AND r.moment - r.due_at > r.late_ms * INTERVAL '1 millisecond', r.lost, "
              "EXISTS (SELECT 1 FROM job_runs j WHERE j.schedule_id = r.schedule_id AND j.due_at = r.due_at), r.name "
              "FROM reckoned r ORDER BY r.due_at, r.schedule_id",
    "update", "schedules"};
static const struct fam_statement record_runs = {
    "schedule_record",
    "INSERT INTO job_runs (schedule_id, due_at, task_id, outcome, handled_at) "
    "SELECT id, TIMESTAMPTZ 'epoch' + due_ms * INTERVAL '1 millisecond', task, outcome, " MOMENT(
        "$5") " "
              "FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[]) AS run (id, due_ms, task, outcome)",
    "insert", "job_runs"};
static const struct fam_statement sweep_runs = {
    "schedule_sweep",
    "DELETE FROM job_runs WHERE (schedule_id, due_at) IN (SELECT j.schedule_id, j.due_at FROM job_runs j "
    "WHERE j.handled_at < now() - make_interval(days => $1::integer) AND EXISTS (SELECT 1 FROM job_runs later "
    "WHERE later.schedule_id = j.schedule_id AND later.due_at > j.due_at) "
    "ORDER BY j.handled_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED)",
    "delete", "job_runs"};

static const char *const OUTCOMES[] = {"queued", "late", "running", "repeated"};

const char *fam_schedule_outcome_word(enum fam_schedule_outcome outcome)
{
    return OUTCOMES[outcome];
}

static enum fam_priority priority_of(const char *job)
{
    if (strcmp(job, FAM_JOB_CHECKIN) == 0) {
        return FAM_PRIORITY_HIGH;
    }
    bool can_wait = strcmp(job, FAM_JOB_WEEKLY_REPORT) == 0 || strcmp(job, FAM_JOB_RETENTION) == 0;
    return can_wait ? FAM_PRIORITY_LOW : FAM_PRIORITY_NORMAL;
}

static void write_payload(const struct fam_schedule_payload *from, unsigned char ret_payload[FAM_SCHEDULE_PAYLOAD_SIZE])
{
    memcpy(ret_payload, from->schedule_id.bytes, sizeof(from->schedule_id.bytes));
    fam_put_i64(ret_payload + 16, from->due_ms);
    memcpy(ret_payload + 24, from->subject_id.bytes, sizeof(from->subject_id.bytes));
}

bool fam_schedule_payload_read(const void *payload, size_t size, struct fam_schedule_payload *ret_payload)
{
    const unsigned char *from = payload;
    if (from == NULL || size != FAM_SCHEDULE_PAYLOAD_SIZE) {
        return false;
    }
    memcpy(ret_payload->schedule_id.bytes, from, sizeof(ret_payload->schedule_id.bytes));
    ret_payload->due_ms = fam_get_i64(from + 16);
    memcpy(ret_payload->subject_id.bytes, from + 24, sizeof(ret_payload->subject_id.bytes));
    return true;
}

/* Columns of what was handled, as array literals. */
struct record {
    size_t count;
    struct fam_buf schedules, dues, tasks, outcomes;
};

static void record_start(struct record *record)
{
    *record = (struct record){.count = 0};
    fam_buf_add_char(&record->schedules, '{');
    fam_buf_add_char(&record->dues, '{');
    fam_buf_add_char(&record->tasks, '{');
    fam_buf_add_char(&record->outcomes, '{');
}

static void record_done(struct record *record)
{
    fam_buf_done(&record->schedules);
    fam_buf_done(&record->dues);
    fam_buf_done(&record->tasks);
    fam_buf_done(&record->outcomes);
}

static void record_add(struct record *record, const struct fam_schedule_payload *payload,
                       const struct fam_uuid *task_id, enum fam_schedule_outcome outcome)
{
    char schedule[FAM_UUID_TEXT_SIZE], task[FAM_UUID_TEXT_SIZE] = "NULL";
    const char *comma = record->count++ == 0 ? "" : ",";
    fam_uuid_format(&payload->schedule_id, schedule);
    if (task_id != NULL) {
        fam_uuid_format(task_id, task);
    }
    fam_buf_addf(&record->schedules, "%s%s", comma, schedule);
    fam_buf_addf(&record->dues, "%s%lld", comma, (long long)payload->due_ms);
    fam_buf_addf(&record->tasks, "%s%s", comma, task);
    fam_buf_addf(&record->outcomes, "%s%s", comma, fam_schedule_outcome_word(outcome));
}

static enum fam_code record_write(struct fam_db *db, struct record *record, int64_t offset_ms,
                                  struct fam_status *status)
{
    struct fam_params params = {0};
    struct fam_buf *columns[] = {&record->schedules, &record->dues, &record->tasks, &record->outcomes};
    if (record->count == 0) {
        return FAM_OK;
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(columns); i++) {
        fam_buf_add_char(columns[i], '}');
        if (columns[i]->failed) {
            return fam_fail_memory(status);
        }
        fam_param_text(&params, fam_buf_text(columns[i]));
    }
    fam_param_i64(&params, offset_ms);
    return fam_db_exec(db, &record_runs, &params, NULL, status);
}

/* One due time: its task, unless it is too late, was handled before, or the task of the time before still waits. */
static enum fam_code handle(struct fam_db *db, const struct fam_rows *rows, size_t row,
                            struct fam_schedule_claim *claim, struct record *record, struct fam_status *status)
{
    struct fam_schedule_run *run = &claim->runs[claim->count];
    const struct fam_schedule_payload about = {.schedule_id = fam_rows_uuid(rows, row, 0),
                                               .due_ms = fam_rows_i64(rows, row, 4),
                                               .subject_id = fam_rows_uuid(rows, row, 2)};
    struct fam_uuid user_id = fam_rows_uuid(rows, row, 3);
    unsigned char payload[FAM_SCHEDULE_PAYLOAD_SIZE];
    char key[6 + FAM_UUID_TEXT_SIZE] = "sched:";
    struct fam_task_ref ref;
    bool added = false;
    (void)snprintf(run->job, sizeof(run->job), "%s", fam_rows_text(rows, row, 1));
    run->is_reminder = strcmp(run->job, FAM_JOB_CHECKIN) == 0 && fam_checkin_is_reminder(fam_rows_text(rows, row, 8));
    claim->unknown_zones += fam_rows_i64(rows, row, 6) != 0;
    claim->count++;
    if (fam_rows_i64(rows, row, 7) != 0) {
        run->outcome = FAM_SCHEDULE_REPEATED;
        return FAM_OK;
    }
    if (fam_rows_i64(rows, row, 5) != 0) {
        run->outcome = FAM_SCHEDULE_LATE;
        record_add(record, &about, NULL, run->outcome);
        return FAM_OK;
    }
    write_payload(&about, payload);
    fam_uuid_format(&about.schedule_id, key + 6);
    const struct fam_task_new task = {.type = run->job,
                                      .priority = priority_of(run->job),
                                      .payload = payload,
                                      .payload_size = sizeof(payload),
                                      .user_id = fam_uuid_is_nil(&user_id) ? NULL : &user_id,
                                      .unique_key = key};
    enum fam_code code = fam_task_add(db, &task, &ref, &added, status);
    if (code != FAM_OK) {
        return code;
    }
    run->outcome = added ? FAM_SCHEDULE_QUEUED : FAM_SCHEDULE_RUNNING;
    if (added) {
        claim->refs[claim->ref_count++] = ref;
    }
    record_add(record, &about, &ref.task_id, run->outcome);
    return FAM_OK;
}

struct attempt {
    int64_t offset_ms;
    size_t limit;
    struct fam_schedule_claim *claim;
};

static enum fam_code claim_due(struct fam_db *db, void *context, struct fam_status *status)
{
    const struct attempt *attempt = context;
    fam_auto(fam_rows_done) struct fam_rows locked = {0}, due = {0};
    fam_auto(record_done) struct record record;
    struct fam_params lock = {0}, move = {0};
    attempt->claim->count = attempt->claim->ref_count = attempt->claim->unknown_zones = 0;
    record_start(&record);
    fam_param_i64(&lock, attempt->offset_ms);
    fam_param_i64(&lock, (int64_t)attempt->limit);
    enum fam_code code = fam_db_exec(db, &lock_due, &lock, &locked, status);
    if (code != FAM_OK || fam_rows_is_null(&locked, 0, 0)) {
        return code;
    }
    fam_param_text(&move, fam_rows_text(&locked, 0, 0));
    fam_param_i64(&move, attempt->offset_ms);
    code = fam_db_exec(db, &move_on, &move, &due, status);
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&due); row++) {
        code = handle(db, &due, row, attempt->claim, &record, status);
    }
    return code == FAM_OK ? record_write(db, &record, attempt->offset_ms, status) : code;
}

enum fam_code fam_schedule_claim(struct fam_store *store, int64_t offset_ms, size_t limit,
                                 struct fam_schedule_claim *ret_claim, struct fam_status *status)
{
    struct attempt attempt = {.offset_ms = offset_ms, .limit = limit, .claim = ret_claim};
    assert(limit >= 1 && limit <= FAM_SCHEDULE_BATCH);
    return fam_tx_run(fam_store_pool(store), claim_due, &attempt, NULL, status);
}

/* One statement on a connection of its own. */
static enum fam_code run(struct fam_store *store, const struct fam_statement *statement,
                         const struct fam_params *params, struct fam_rows *ret_rows, struct fam_status *status)
{
    struct fam_db *db = NULL;
    enum fam_code code = fam_pool_get(fam_store_pool(store), &db, status);
    if (code != FAM_OK) {
        return code;
    }
    code = fam_db_exec(db, statement, params, ret_rows, status);
    fam_store_put(store, db);
    return code;
}

enum fam_code fam_schedule_ensure(struct fam_store *store, struct fam_status *status)
{
    struct fam_params params = {0};
    struct fam_uuid metrics = fam_uuid_v7(), retention = fam_uuid_v7();
    fam_param_uuid(&params, &metrics);
    fam_param_uuid(&params, &retention);
    return run(store, &ensure_jobs, &params, NULL, status);
}

enum fam_code fam_schedule_next(struct fam_store *store, int64_t offset_ms, int64_t *ret_in_ms,
                                struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_i64(&params, offset_ms);
    enum fam_code code = run(store, &next_due, &params, &rows, status);
    if (code == FAM_OK) {
        *ret_in_ms = fam_rows_count(&rows) == 0 ? INT64_MAX : fam_rows_i64(&rows, 0, 0);
    }
    return code;
}

enum fam_code fam_schedule_sweep(struct fam_store *store, unsigned days, size_t limit, size_t *ret_deleted,
                                 struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    *ret_deleted = 0;
    fam_param_i64(&params, days);
    fam_param_i64(&params, (int64_t)limit);
    enum fam_code code = run(store, &sweep_runs, &params, &rows, status);
    if (code == FAM_OK) {
        *ret_deleted = fam_rows_affected(&rows);
    }
    return code;
}
