/* entry_renew.c: an entry that its author says something new about: other words, or what it was; see entry_store.h. */
#include <string.h>

#include "store/column.h"
#include "store/correction_store.h"
#include "store/entry_private.h"
#include "store/store.h"
#include "store/task_store.h"

static const struct fam_statement update_phrase = {
    "entry_revise",
    "UPDATE emotion_entries SET phrase = $3, revised_at = clock_timestamp() WHERE entry_id = $1 AND user_id = $2",
    "update", "emotion_entries"};
static const struct fam_statement select_key = {
    "entry_renew_key",
    "SELECT k.wrapped_user FROM emotion_entries e LEFT JOIN keys.entry_keys k USING (entry_id) "
    "WHERE e.entry_id = $1 AND e.user_id = $2",
    "select", "emotion_entries"};
static const struct fam_statement insert_task = {
    "entry_renew_task",
    "INSERT INTO tasks (task_id, type, priority, payload, user_id, unique_key, not_before, waits_for) "
    "VALUES ($1, $2, $3::integer, $4, $5, $6, now() + $7::bigint * interval '1 millisecond', "
    "CASE WHEN $7::bigint > 0 THEN 'due' ELSE '' END)",
    "insert", "tasks"};

struct renewal {
    const struct fam_entry_renewal *wanted;
    int32_t version;
    bool new_danger;
};

static enum fam_code write_phrase(struct fam_store *store, struct fam_db *db, const struct fam_entry_renewal *wanted,
                                  struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    fam_auto(fam_key_done) struct fam_key author = {{0}}, key = {{0}};
    struct fam_place place = fam_entry_place("emotion_entries", "phrase", wanted->entry_id, 0, wanted->user_id);
    struct fam_params params = {0};
    fam_param_uuid(&params, wanted->entry_id);
    fam_param_uuid(&params, wanted->user_id);
    enum fam_code code = fam_db_exec(db, &select_key, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND, "no such entry");
    }
    if (code == FAM_OK) {
        code = fam_entry_author_key(store, db, wanted->user_id, &author, status);
    }
    if (code == FAM_OK) {
        code = fam_entry_key(&rows, 0, 0, &author, wanted->entry_id, wanted->user_id, &key, status);
    }
    if (code == FAM_OK) {
        code = fam_column_text(&params, &key, &place, wanted->phrase, &sealed, status);
    }
    return code == FAM_OK ? fam_db_exec(db, &update_phrase, &params, NULL, status) : code;
}

static enum fam_code write_task(struct fam_db *db, const struct fam_entry_renewal *wanted, struct fam_status *status)
{
    struct fam_params params = {0};
    const struct fam_task_new *task = wanted->task;
    fam_param_uuid(&params, wanted->task_id);
    fam_param_text(&params, task->type);
    fam_param_i64(&params, (int64_t)task->priority);
    fam_param_bytes(&params, task->payload, task->payload_size);
    fam_param_uuid(&params, wanted->user_id);
    fam_param_text(&params, task->unique_key);
    fam_param_i64(&params, (int64_t)task->delay_ms);
    return fam_db_exec(db, &insert_task, &params, NULL, status);
}

/* The reading comes first: it locks the entry. */
static enum fam_code renew(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                           struct fam_status *status)
{
    struct renewal *renewal = context;
    const struct fam_entry_renewal *wanted = renewal->wanted;
    const struct fam_entry_better better = {.user_id = wanted->user_id,
                                            .entry_id = wanted->entry_id,
                                            .after_any = true,
                                            .reading = wanted->reading,
                                            .risk_count = wanted->danger_count,
                                            .risk = wanted->danger};
    enum fam_code code = fam_entry_add_reading(store, db, &better, &renewal->version, &renewal->new_danger, status);
    if (code == FAM_OK && wanted->phrase) {
        code = write_phrase(store, db, wanted, status);
    }
    if (code == FAM_OK && wanted->correction) {
        code = fam_correction_add(store, db, wanted->user_id, wanted->entry_id, wanted->correction, status);
    }
    if (code == FAM_OK && wanted->hide) {
        code = fam_entry_hide(db, wanted->user_id, wanted->entry_id, status);
    }
    if (code == FAM_OK && wanted->task) {
        code = write_task(db, wanted, status);
    }
    if (code == FAM_OK) {
        fam_outcome_add(outcome, wanted->entry_id);
    }
    return code;
}

enum fam_code fam_entry_renew(struct fam_store *store, const struct fam_mutation *mutation,
                              const struct fam_entry_renewal *renewal, struct fam_outcome *ret_outcome,
                              struct fam_status *status)
{
    struct renewal made = {.wanted = renewal};
    return fam_mutate(store, mutation, renew, &made, ret_outcome, status);
}
