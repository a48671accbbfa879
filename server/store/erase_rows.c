/* erase_rows.c: the rows of somebody who is erased go, chunk by chunk; see erase_store.h. */
#include <string.h>

#include "store/erase_store.h"
#include "store/sqlstate.h"
#include "store/store.h"

/* Deletes up to $2 rows and answers with those that it changed. */
#define DELETE_SOME(table_, where_)                                                                                    \
    "DELETE FROM " table_ " WHERE ctid IN (SELECT ctid FROM " table_ " WHERE " where_ " LIMIT $2::bigint)"
#define FORGET_IN_AUDIT(where_)                                                                                        \
    "UPDATE audit_log SET user_id = NULL, target_id = NULL WHERE audit_id IN (SELECT audit_id FROM audit_log "         \
    "WHERE " where_ " LIMIT $2::bigint)"
/* A key that was made in the last moment goes with its entry. */
#define OLD_ENTRIES                                                                                                    \
    "WITH old AS MATERIALIZED (SELECT entry_id FROM emotion_entries WHERE user_id = $1 LIMIT $2::bigint FOR UPDATE), " \
    "k AS (DELETE FROM keys.entry_keys WHERE entry_id IN (SELECT entry_id FROM old)), "                                \
    "d AS (DELETE FROM deliveries WHERE entry_id IN (SELECT entry_id FROM old)), "                                     \
    "t AS (DELETE FROM ratings WHERE entry_id IN (SELECT entry_id FROM old)), "                                        \
    "n AS (DELETE FROM notifications WHERE entry_id IN (SELECT entry_id FROM old)), "                                  \
    "r AS (DELETE FROM readings WHERE entry_id IN (SELECT entry_id FROM old)) "                                        \
    "DELETE FROM emotion_entries WHERE entry_id IN (SELECT entry_id FROM old)"

/* What the audit log knows of entries stands with their author's id, but for what was written without it. */
static const struct fam_statement PERSON[] = {
    {"erase_rows_corrections", DELETE_SOME("corrections", "user_id = $1"), "delete", "corrections"},
    {"erase_rows_audit_entries",
     FORGET_IN_AUDIT("target_id IN (SELECT entry_id FROM emotion_entries WHERE user_id = $1)"), "update", "audit_log"},
    {"erase_rows_entries", OLD_ENTRIES, "delete", "emotion_entries"},
    {"erase_rows_ratings", DELETE_SOME("ratings", "user_id = $1"), "delete", "ratings"},
    {"erase_rows_disclosures", DELETE_SOME("disclosures", "user_id = $1"), "delete", "disclosures"},
    {"erase_rows_notifications", DELETE_SOME("notifications", "user_id = $1"), "delete", "notifications"},
    {"erase_rows_answers",
     DELETE_SOME("checkin_answers", "checkin_id IN (SELECT checkin_id FROM checkins WHERE user_id = $1)"), "delete",
     "checkin_answers"},
    {"erase_rows_checkins", DELETE_SOME("checkins", "user_id = $1"), "delete", "checkins"},
    {"erase_rows_checkin_settings", DELETE_SOME("checkin_settings", "user_id = $1"), "delete", "checkin_settings"},
    {"erase_rows_reports", DELETE_SOME("reports", "user_id = $1"), "delete", "reports"},
    {"erase_rows_tasks", DELETE_SOME("tasks", "user_id = $1"), "delete", "tasks"},
    {"erase_rows_feedback", DELETE_SOME("feedback", "user_id = $1"), "delete", "feedback"},
    {"erase_rows_consents", DELETE_SOME("consents", "user_id = $1"), "delete", "consents"},
    {"erase_rows_invites", DELETE_SOME("invites", "created_by = $1"), "delete", "invites"},
    {"erase_rows_audit", FORGET_IN_AUDIT("user_id = $1 OR target_id = $1"), "update", "audit_log"},
};
/* What others wrote about a child stays theirs, of no child; what was learned about it has nobody to help any more.
 * Tasks of schedules name the family inside their payload, from byte 24 on. */
static const struct fam_statement FAMILY[] = {
    {"erase_rows_corrections_of_children",
     DELETE_SOME("corrections", "child_id IN (SELECT child_id FROM children WHERE family_id = $1)"), "delete",
     "corrections"},
    {"erase_rows_entries_of_family",
     "UPDATE emotion_entries SET family_id = NULL, child_id = NULL WHERE entry_id IN (SELECT entry_id "
     "FROM emotion_entries WHERE family_id = $1 LIMIT $2::bigint FOR UPDATE)",
     "update", "emotion_entries"},
    {"erase_rows_entries_of_children",
     "UPDATE emotion_entries SET child_id = NULL WHERE entry_id IN (SELECT entry_id FROM emotion_entries "
     "WHERE child_id IN (SELECT child_id FROM children WHERE family_id = $1) LIMIT $2::bigint FOR UPDATE)",
     "update", "emotion_entries"},
    {"erase_rows_children", DELETE_SOME("children", "family_id = $1"), "delete", "children"},
    {"erase_rows_tasks_of_family",
     DELETE_SOME("tasks", "octet_length(payload) = 40 AND substring(payload FROM 25 FOR 16) = uuid_send($1)"), "delete",
     "tasks"},
    {"erase_rows_audit_of_family", FORGET_IN_AUDIT("target_id = $1"), "update", "audit_log"},
};

static const struct fam_statement lock_person = {
    "erase_last_lock", "SELECT 1 FROM users WHERE user_id = $1 AND erased_at IS NOT NULL FOR UPDATE", "select",
    "users"};
static const struct fam_statement late_keys = {"erase_last_keys", "DELETE FROM keys.entry_keys WHERE user_id = $1",
                                               "delete", "keys"};
static const struct fam_statement delete_person = {
    "erase_last_person", "DELETE FROM users WHERE user_id = $1 AND erased_at IS NOT NULL", "delete", "users"};
static const struct fam_statement delete_family = {
    "erase_last_family", "DELETE FROM families WHERE family_id = $1 AND erased_at IS NOT NULL", "delete", "families"};
static const struct fam_statement delete_task = {"erase_task_row", "DELETE FROM tasks WHERE task_id = $1", "delete",
                                                 "tasks"};

/* One statement of the list on its way. */
struct chunk {
    const struct fam_statement *statement;
    const struct fam_uuid *id;
    size_t changed;
};

static enum fam_code run_chunk(struct fam_db *db, void *context, struct fam_status *status)
{
    struct chunk *chunk = context;
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, chunk->id);
    fam_param_i64(&params, FAM_ERASE_CHUNK);
    enum fam_code code = fam_db_exec(db, chunk->statement, &params, &rows, status);
    chunk->changed = code == FAM_OK ? fam_rows_affected(&rows) : 0;
    return code;
}

enum fam_code fam_erase_chunk(struct fam_store *store, const struct fam_erase_subject *subject, bool *ret_more,
                              struct fam_status *status)
{
    const struct fam_statement *statements = subject->is_family ? FAMILY : PERSON;
    size_t count = subject->is_family ? FAM_ARRAY_SIZE(FAMILY) : FAM_ARRAY_SIZE(PERSON);
    enum fam_code code = FAM_OK;
    *ret_more = false;
    /* In order: what a later one deletes, an earlier one may still need to find its rows. */
    for (size_t i = 0; code == FAM_OK && !*ret_more && i < count; i++) {
        struct chunk chunk = {.statement = &statements[i], .id = &subject->id};
        code = fam_tx_run(fam_store_pool(store), run_chunk, &chunk, NULL, status);
        *ret_more = chunk.changed == FAM_ERASE_CHUNK;
    }
    return code;
}

static enum fam_code again(enum fam_code code, struct fam_status *status)
{
    if (code != FAM_OK && fam_sqlstate_is(status, "23503")) {
        return fam_fail_reason(status, FAM_ABORTED, "ERASE_AGAIN", 100, "something was written meanwhile");
    }
    return code;
}

enum fam_code fam_erase_last(struct fam_db *db, const struct fam_erase_subject *subject, struct fam_status *status)
{
    struct fam_params params = {0};
    fam_param_uuid(&params, &subject->id);
    if (subject->is_family) {
        return again(fam_db_exec(db, &delete_family, &params, NULL, status), status);
    }
    /* Whoever still writes for this person has to wait, and then finds nobody. */
    enum fam_code code = fam_db_exec(db, &lock_person, &params, NULL, status);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &late_keys, &params, NULL, status);
    }
    if (code == FAM_OK) {
        code = again(fam_db_exec(db, &delete_person, &params, NULL, status), status);
    }
    return code;
}

enum fam_code fam_erase_task_row(struct fam_db *db, const struct fam_uuid *task_id, struct fam_status *status)
{
    struct fam_params params = {0};
    fam_param_uuid(&params, task_id);
    return fam_db_exec(db, &delete_task, &params, NULL, status);
}
