/* retention_store.c: see retention_store.h.
 *
 * A chunk is one statement, hence one transaction: either its rows and their keys are gone, or all are there. A row
 * that somebody works on (a rating, a better reading) is skipped, not waited for. */
#include "store/retention_store.h"

#include <stdlib.h>
#include <string.h>

#include "store/store.h"

enum table {
    TABLE_KEYS,
    TABLE_ENTRIES,
    TABLE_READINGS,
    TABLE_DELIVERIES,
    TABLE_RATINGS,
    TABLE_NOTIFICATIONS,
    TABLE_DISCLOSURES,
    TABLE_USERS,
    TABLE_TASKS,
    TABLE_ATTEMPTS,
    TABLE_RUNS,
    TABLE_CHECKINS,
    TABLE_REPORTS,
};
const char *const fam_retention_tables[FAM_RETENTION_TABLES] = {
    [TABLE_KEYS] = "keys",
    [TABLE_ENTRIES] = "emotion_entries",
    [TABLE_READINGS] = "readings",
    [TABLE_DELIVERIES] = "deliveries",
    [TABLE_RATINGS] = "ratings",
    [TABLE_NOTIFICATIONS] = "notifications",
    [TABLE_DISCLOSURES] = "disclosures",
    [TABLE_USERS] = "users",
    [TABLE_TASKS] = "tasks",
    [TABLE_ATTEMPTS] = "task_attempts",
    [TABLE_RUNS] = "job_runs",
    [TABLE_CHECKINS] = "checkins",
    [TABLE_REPORTS] = "reports",
};

/* Rows of people whose families say nothing, older than $1 days, and of those that do, older than they say; up to $2.
 * The first part is found by the index on time, the second by the person. */
#define TOO_OLD(table_, id_, at_)                                                                                      \
    "SELECT " id_ " FROM " table_ " WHERE " id_ " IN ("                                                                \
    "(SELECT t." id_ " FROM " table_ " t WHERE t." at_ " < now() - make_interval(days => $1::integer) "                \
    "AND NOT EXISTS (SELECT FROM parents p JOIN families f USING (family_id) WHERE p.user_id = t.user_id "             \
    "AND f.retention_days IS NOT NULL) ORDER BY t." at_ " LIMIT $2::bigint) UNION ALL "                                \
    "(SELECT t." id_ " FROM families f JOIN parents p USING (family_id) JOIN " table_ " t ON t.user_id = p.user_id "   \
    "AND t." at_ " < now() - make_interval(days => f.retention_days) WHERE f.retention_days IS NOT NULL "              \
    "LIMIT $2::bigint)) LIMIT $2::bigint FOR UPDATE SKIP LOCKED"
/* Each answers with one row for each row that it found: ids of those whose key may be remembered, else NULL; and with
 * a row of counts at the end. */
static const struct fam_statement sweep_entries = {
    "retention_entries",
    "WITH old AS MATERIALIZED (" TOO_OLD(
        "emotion_entries", "entry_id",
        "created_at") "), "
                      "k AS (DELETE FROM keys.entry_keys WHERE entry_id IN (SELECT entry_id FROM old) RETURNING 1), "
                      "d AS (DELETE FROM deliveries WHERE entry_id IN (SELECT entry_id FROM old) RETURNING 1), "
                      "t AS (DELETE FROM ratings WHERE entry_id IN (SELECT entry_id FROM old) RETURNING 1), "
                      "n AS (DELETE FROM notifications WHERE entry_id IN (SELECT entry_id FROM old) RETURNING 1), "
                      "r AS (DELETE FROM readings WHERE entry_id IN (SELECT entry_id FROM old) RETURNING 1), "
                      "e AS (DELETE FROM emotion_entries WHERE entry_id IN (SELECT entry_id FROM old) RETURNING 1) "
                      "SELECT (SELECT count(*) FROM old), (SELECT count(*) FROM k), (SELECT count(*) FROM e), "
                      "(SELECT count(*) FROM r), (SELECT count(*) FROM d), (SELECT count(*) FROM t), (SELECT count(*) "
                      "FROM n)",
    "delete", "emotion_entries"};
static const struct fam_statement sweep_disclosures = {
    "retention_disclosures",
    "WITH d AS (DELETE FROM disclosures WHERE disclosure_id IN (" TOO_OLD(
        "disclosures", "disclosure_id", "created_at") ") RETURNING 1) SELECT count(*) FROM d",
    "delete", "disclosures"};
/* Answers and what was to be delivered go with their check-in. */
static const struct fam_statement sweep_checkins = {"retention_checkins",
                                                    "WITH d AS (DELETE FROM checkins WHERE checkin_id IN (" TOO_OLD(
                                                        "checkins", "checkin_id", "due_at") ") RETURNING 1) "
                                                                                            "SELECT count(*) FROM d",
                                                    "delete", "checkins"};
static const struct fam_statement sweep_reports = {"retention_reports",
                                                   "WITH d AS (DELETE FROM reports WHERE report_id IN (" TOO_OLD(
                                                       "reports", "report_id", "created_at") ") RETURNING 1) "
                                                                                             "SELECT count(*) FROM d",
                                                   "delete", "reports"};
/* Whoever has an entry, a check-in or a report, or is in a family, has left something. */
static const struct fam_statement find_strangers = {
    "retention_strangers",
    "SELECT u.user_id FROM users u WHERE u.last_seen_at < now() - make_interval(days => $1::integer) "
    "AND u.created_at < now() - make_interval(days => $1::integer) "
    "AND NOT coalesce((SELECT granted FROM consents c WHERE c.user_id = u.user_id AND c.purpose = 'processing' "
    "ORDER BY changed_at DESC, consent_id DESC LIMIT 1), false) "
    "AND NOT EXISTS (SELECT FROM emotion_entries e WHERE e.user_id = u.user_id) "
    "AND NOT EXISTS (SELECT FROM checkins k WHERE k.user_id = u.user_id) "
    "AND NOT EXISTS (SELECT FROM reports r WHERE r.user_id = u.user_id) "
    "AND NOT EXISTS (SELECT FROM parents p WHERE p.user_id = u.user_id) "
    "ORDER BY u.user_id LIMIT $2::bigint FOR UPDATE SKIP LOCKED",
    "select", "users"};
static const struct fam_statement delete_stranger_key = {
    "retention_stranger_key", "DELETE FROM keys.user_keys WHERE user_id = $1", "delete", "keys"};
/* Looks again, now that the row is locked: who came back at this moment stays. */
static const struct fam_statement delete_stranger = {
    "retention_stranger",
    "DELETE FROM users u WHERE u.user_id = $1 "
    "AND NOT coalesce((SELECT granted FROM consents c WHERE c.user_id = u.user_id AND c.purpose = 'processing' "
    "ORDER BY changed_at DESC, consent_id DESC LIMIT 1), false) "
    "AND NOT EXISTS (SELECT FROM emotion_entries e WHERE e.user_id = u.user_id) "
    "AND NOT EXISTS (SELECT FROM checkins k WHERE k.user_id = u.user_id) "
    "AND NOT EXISTS (SELECT FROM reports r WHERE r.user_id = u.user_id) "
    "AND NOT EXISTS (SELECT FROM parents p WHERE p.user_id = u.user_id)",
    "delete", "users"};
static const struct fam_statement sweep_notifications = {
    "retention_notifications",
    "WITH d AS (DELETE FROM notifications WHERE notification_id IN (SELECT notification_id FROM notifications "
    "WHERE finished_at < now() - make_interval(days => $1::integer) ORDER BY finished_at LIMIT $2::bigint "
    "FOR UPDATE SKIP LOCKED) RETURNING 1) SELECT count(*) FROM d",
    "delete", "notifications"};
static const struct fam_statement sweep_tasks = {
    "retention_tasks",
    "WITH d AS (DELETE FROM tasks WHERE task_id IN (SELECT task_id FROM tasks "
    "WHERE state = 'done' AND finished_at < now() - make_interval(days => $1::integer) ORDER BY finished_at "
    "LIMIT $2::bigint FOR UPDATE SKIP LOCKED) RETURNING 1) SELECT count(*) FROM d",
    "delete", "tasks"};
/* Those of a dead letter tell why it died: they stay as long as it does. */
static const struct fam_statement sweep_attempts = {
    "retention_attempts",
    "WITH d AS (DELETE FROM task_attempts WHERE ctid IN (SELECT a.ctid FROM task_attempts a JOIN tasks t USING "
    "(task_id) "
    "WHERE a.ended_at < now() - make_interval(days => $1::integer) AND t.state <> 'dead' ORDER BY a.ended_at "
    "LIMIT $2::bigint FOR UPDATE OF a SKIP LOCKED) RETURNING 1) SELECT count(*) FROM d",
    "delete", "task_attempts"};
static const struct fam_statement sweep_runs = {
    "retention_runs",
    "WITH d AS (DELETE FROM job_runs WHERE ctid IN (SELECT ctid FROM job_runs "
    "WHERE handled_at < now() - make_interval(days => $1::integer) ORDER BY handled_at LIMIT $2::bigint "
    "FOR UPDATE SKIP LOCKED) RETURNING 1) SELECT count(*) FROM d",
    "delete", "job_runs"};
static const struct fam_statement select_oldest = {
    "retention_oldest",
    "SELECT coalesce(extract(epoch FROM least((SELECT min(created_at) FROM emotion_entries), "
    "(SELECT min(created_at) FROM disclosures), (SELECT min(due_at) FROM checkins), "
    "(SELECT min(created_at) FROM reports))), 0)::text",
    "select", "emotion_entries"};

/* Of each row by how much it is older than it may be. Rows that are younger than the shortest time of any family can't
 * be. */
#define OVERDUE(table_, at_)                                                                                           \
    "SELECT extract(epoch FROM now() - t." at_ ") - 86400 * coalesce((SELECT f.retention_days FROM parents p "         \
    "JOIN families f USING (family_id) WHERE p.user_id = t.user_id AND f.retention_days IS NOT NULL "                  \
    "ORDER BY p.created_at, p.parent_id LIMIT 1), $1::integer) AS s FROM " table_ " t WHERE t." at_ " < now() - "      \
    "make_interval(days => least($1::integer, (SELECT min(retention_days) FROM families)))"
static const struct fam_statement select_overdue = {
    "retention_overdue",
    "SELECT count(*), coalesce(max(s), 0)::bigint FROM (" OVERDUE(
        "emotion_entries",
        "created_at") " UNION ALL " OVERDUE("disclosures",
                                            "created_at") " UNION ALL " OVERDUE("checkins",
                                                                                "due_at") " UNION ALL " OVERDUE("repor"
                                                                                                                "ts",
                                                                                                                "creat"
                                                                                                                "ed_"
                                                                                                                "at") ") o WHERE s > 0",
    "select", "emotion_entries"};
static const struct fam_statement count_own = {
    "retention_families", "SELECT count(*) FROM families WHERE retention_days IS NOT NULL AND erased_at IS NULL",
    "select", "families"};

/* One chunk on its way. */
struct sweep {
    struct fam_store *store;
    enum fam_retention_part part;
    uint32_t days;
    struct fam_retention_chunk *chunk;
};

static enum fam_code run(struct fam_db *db, const struct fam_statement *statement, uint32_t days,
                         struct fam_rows *ret_rows, struct fam_status *status)
{
    struct fam_params params = {0};
    fam_param_i64(&params, days);
    fam_param_i64(&params, FAM_RETENTION_CHUNK);
    return fam_db_exec(db, statement, &params, ret_rows, status);
}

static enum fam_code run_entries(struct fam_db *db, const struct sweep *sweep, struct fam_status *status)
{
    static const enum table COLUMNS[] = {TABLE_KEYS,       TABLE_ENTRIES, TABLE_READINGS,
                                         TABLE_DELIVERIES, TABLE_RATINGS, TABLE_NOTIFICATIONS};
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    enum fam_code code = run(db, &sweep_entries, sweep->days, &rows, status);
    if (code != FAM_OK) {
        return code;
    }
    sweep->chunk->found = (size_t)fam_rows_i64(&rows, 0, 0);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(COLUMNS); i++) {
        sweep->chunk->deleted[COLUMNS[i]] = fam_rows_i64(&rows, 0, (int)i + 1);
    }
    return FAM_OK;
}

static enum fam_code run_strangers(struct fam_db *db, const struct sweep *sweep, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    enum fam_code code = run(db, &find_strangers, FAM_RETENTION_STRANGER_DAYS, &rows, status);
    size_t count = code == FAM_OK ? fam_rows_count(&rows) : 0;
    sweep->chunk->found = count;
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        fam_auto(fam_rows_done) struct fam_rows key = {0}, user = {0};
        struct fam_uuid user_id = fam_rows_uuid(&rows, i, 0);
        struct fam_params params = {0};
        fam_param_uuid(&params, &user_id);
        code = fam_db_exec(db, &delete_stranger, &params, &user, status);
        if (code == FAM_OK && fam_rows_affected(&user) == 1) {
            code = fam_db_exec(db, &delete_stranger_key, &params, &key, status);
        }
        if (code == FAM_OK && fam_rows_affected(&user) == 1) {
            sweep->chunk->deleted[TABLE_KEYS] += (int64_t)fam_rows_affected(&key);
            sweep->chunk->deleted[TABLE_USERS] += (int64_t)fam_rows_affected(&user);
            fam_seal_forget(fam_store_seal(sweep->store), FAM_KEY_USER, &user_id);
        }
    }
    return code;
}

static enum fam_code run_part(struct fam_db *db, void *context, struct fam_status *status)
{
    static const struct {
        const struct fam_statement *statement;
        uint32_t days;
        enum table table;
    } PARTS[FAM_RETENTION_PARTS] = {
        [FAM_RETENTION_DISCLOSURES] = {&sweep_disclosures, 0, TABLE_DISCLOSURES},
        [FAM_RETENTION_CHECKINS] = {&sweep_checkins, 0, TABLE_CHECKINS},
        [FAM_RETENTION_REPORTS] = {&sweep_reports, 0, TABLE_REPORTS},
        [FAM_RETENTION_NOTIFICATIONS] = {&sweep_notifications, FAM_RETENTION_FINISHED_DAYS, TABLE_NOTIFICATIONS},
        [FAM_RETENTION_TASKS] = {&sweep_tasks, FAM_RETENTION_FINISHED_DAYS, TABLE_TASKS},
        [FAM_RETENTION_ATTEMPTS] = {&sweep_attempts, FAM_RETENTION_RUN_DAYS, TABLE_ATTEMPTS},
        [FAM_RETENTION_RUNS] = {&sweep_runs, FAM_RETENTION_RUN_DAYS, TABLE_RUNS},
    };
    const struct sweep *sweep = context;
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    memset(sweep->chunk, 0, sizeof(*sweep->chunk));
    if (sweep->part == FAM_RETENTION_ENTRIES) {
        return run_entries(db, sweep, status);
    }
    if (sweep->part == FAM_RETENTION_STRANGERS) {
        return run_strangers(db, sweep, status);
    }
    uint32_t days = PARTS[sweep->part].days == 0 ? sweep->days : PARTS[sweep->part].days;
    enum fam_code code = run(db, PARTS[sweep->part].statement, days, &rows, status);
    if (code == FAM_OK) {
        sweep->chunk->deleted[PARTS[sweep->part].table] = fam_rows_i64(&rows, 0, 0);
        sweep->chunk->found = (size_t)fam_rows_i64(&rows, 0, 0);
    }
    return code;
}

enum fam_code fam_retention_sweep(struct fam_store *store, enum fam_retention_part part, uint32_t days,
                                  struct fam_retention_chunk *ret_chunk, struct fam_status *status)
{
    struct sweep sweep = {.store = store, .part = part, .days = days, .chunk = ret_chunk};
    return fam_tx_run(fam_store_pool(store), run_part, &sweep, NULL, status);
}

enum fam_code fam_retention_oldest(struct fam_db *db, double *ret_seconds, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    enum fam_code code = fam_db_exec(db, &select_oldest, NULL, &rows, status);
    if (code == FAM_OK) {
        *ret_seconds = strtod(fam_rows_text(&rows, 0, 0), NULL);
    }
    return code;
}

enum fam_code fam_retention_overdue(struct fam_store *store, uint32_t days, struct fam_retention_overdue *ret_overdue,
                                    struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0}, own = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    memset(ret_overdue, 0, sizeof(*ret_overdue));
    enum fam_code code = fam_store_get(store, &db, status);
    fam_param_i64(&params, days);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &select_overdue, &params, &rows, status);
    }
    if (code == FAM_OK) {
        code = fam_db_exec(db, &count_own, NULL, &own, status);
    }
    if (code == FAM_OK) {
        ret_overdue->rows = fam_rows_i64(&rows, 0, 0);
        ret_overdue->seconds = fam_rows_i64(&rows, 0, 1);
        ret_overdue->families_with_own = fam_rows_i64(&own, 0, 0);
    }
    fam_store_put(store, db);
    return code;
}
