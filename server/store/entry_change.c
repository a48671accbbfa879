/* entry_change.c: sharing and deleting entries; see entry_store.h. */
#include <stdio.h>
#include <string.h>

#include "store/column.h"
#include "store/entry_private.h"
#include "store/store.h"

static const struct fam_statement lock_entry = {
    "entry_share_lock",
    "SELECT k.wrapped_user, e.safety, (extract(epoch FROM e.revised_at) * 1000)::bigint FROM emotion_entries e "
    "LEFT JOIN keys.entry_keys k USING (entry_id) WHERE e.entry_id = $1 AND e.user_id = $2 FOR NO KEY UPDATE OF e",
    "select", "emotion_entries"};
/* Held, so that who leaves at this moment leaves before or after. */
static const struct fam_statement hold_family = {
    "entry_share_family",
    "SELECT family_id FROM parents WHERE user_id = $1 ORDER BY created_at, parent_id LIMIT 1 FOR KEY SHARE", "select",
    "parents"};
static const struct fam_statement show_entry = {
    "entry_show", "UPDATE keys.entry_keys SET family_id = $3, wrapped_family = $4 WHERE entry_id = $1 AND user_id = $2",
    "update", "keys"};

static const struct fam_statement lock_own = {
    "entry_delete_lock", "SELECT 1 FROM emotion_entries WHERE entry_id = $1 AND user_id = $2 FOR UPDATE", "select",
    "emotion_entries"};
static const struct fam_statement delete_key = {
    "entry_delete_key", "DELETE FROM keys.entry_keys WHERE entry_id = $1 AND user_id = $2", "delete", "keys"};
static const struct fam_statement delete_corrections = {"entry_delete_corrections",
                                                        "DELETE FROM corrections WHERE entry_id = $1 AND user_id = $2",
                                                        "delete", "corrections"};
/* Their bodies hold the words that were sent. */
static const struct fam_statement delete_disclosures = {"entry_delete_disclosures",
                                                        "DELETE FROM disclosures WHERE entry_id = $1 AND user_id = $2",
                                                        "delete", "disclosures"};
/* Work that names the entry: its payload is the entry's id. */
static const struct fam_statement delete_tasks = {
    "entry_delete_tasks", "DELETE FROM tasks WHERE user_id = $2 AND payload = uuid_send($1::uuid)", "delete", "tasks"};
/* The rest hangs on the row and goes with it. */
static const struct fam_statement delete_entry = {
    "entry_delete", "DELETE FROM emotion_entries WHERE entry_id = $1 AND user_id = $2", "delete", "emotion_entries"};

static enum fam_code check_danger(const struct fam_rows *rows, const struct fam_sharing *sharing,
                                  const struct fam_key *key, struct fam_status *status)
{
    fam_auto(fam_secret_done) struct fam_secret value = {0};
    Fam__V1__SafetyKind kinds[FAM_ENTRY_SAFETY_MAX];
    struct fam_place place = fam_entry_place("emotion_entries", "safety", sharing->entry_id, 0, sharing->user_id);
    enum fam_code code = fam_column_open(rows, 0, 1, key, &place, &value, status);
    if (code == FAM_OK && !sharing->confirmed && fam_safety_decode(value.data, value.size, kinds) > 0) {
        (void)fam_fail_reason(status, FAM_FAILED_PRECONDITION, "CONFIRM_SHARE", 0, "a danger was found in this entry");
        (void)snprintf(status->field, sizeof(status->field), "safety");
        return status->code;
    }
    return code;
}

static enum fam_code show(struct fam_store *store, struct fam_db *db, const struct fam_sharing *sharing,
                          const struct fam_key *key, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_key_done) struct fam_key family = {{0}};
    unsigned char wrapped[FAM_ENTRY_WRAP_SIZE];
    struct fam_params who = {0}, params = {0};
    fam_param_uuid(&who, sharing->user_id);
    enum fam_code code = fam_db_exec(db, &hold_family, &who, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        code = fam_fail_reason(status, FAM_FAILED_PRECONDITION, "NO_FAMILY", 0, "there is no family to share it with");
    }
    if (code != FAM_OK) {
        return code;
    }
    struct fam_uuid family_id = fam_rows_uuid(&rows, 0, 0);
    struct fam_place place = fam_entry_place("keys.entry_keys", "wrapped_family", sharing->entry_id, 0, &family_id);
    code = fam_seal_get_key(fam_store_seal(store), db, FAM_KEY_FAMILY, &family_id, &family, status);
    if (code == FAM_NOT_FOUND) {
        return fam_fail_reason(status, FAM_DATA_LOSS, "SEAL", 0, "the key of this family is gone");
    }
    if (code != FAM_OK) {
        return code;
    }
    fam_seal_wrap(&family, &place, key, wrapped);
    fam_param_uuid(&params, sharing->entry_id);
    fam_param_uuid(&params, sharing->user_id);
    fam_param_uuid(&params, &family_id);
    fam_param_bytes(&params, wrapped, sizeof(wrapped));
    return fam_db_exec(db, &show_entry, &params, NULL, status);
}

static enum fam_code share(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                           struct fam_status *status)
{
    const struct fam_sharing *sharing = context;
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_key_done) struct fam_key author = {{0}}, key = {{0}};
    struct fam_params params = {0};
    fam_param_uuid(&params, sharing->entry_id);
    fam_param_uuid(&params, sharing->user_id);
    enum fam_code code = fam_db_exec(db, &lock_entry, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND, "no such entry");
    }
    if (code == FAM_OK && sharing->shared && fam_rows_i64(&rows, 0, 2) != sharing->revised_at_ms) {
        code =
            fam_fail_reason(status, FAM_ABORTED, "REVISED", 0, "the words of this entry were changed at this moment");
    }
    if (code == FAM_OK && sharing->shared) {
        code = fam_entry_author_key(store, db, sharing->user_id, &author, status);
        if (code == FAM_OK) {
            code = fam_entry_key(&rows, 0, 0, &author, sharing->entry_id, sharing->user_id, &key, status);
        }
        if (code == FAM_OK) {
            code = check_danger(&rows, sharing, &key, status);
        }
        if (code == FAM_OK) {
            code = show(store, db, sharing, &key, status);
        }
    } else if (code == FAM_OK) {
        code = fam_entry_hide(db, sharing->user_id, sharing->entry_id, status);
    }
    if (code == FAM_OK) {
        fam_outcome_add(outcome, sharing->entry_id);
    }
    return code;
}

enum fam_code fam_entry_share(struct fam_store *store, const struct fam_mutation *mutation,
                              const struct fam_sharing *sharing, struct fam_outcome *ret_outcome,
                              struct fam_status *status)
{
    struct fam_sharing wanted = *sharing;
    return fam_mutate(store, mutation, share, &wanted, ret_outcome, status);
}

struct deletion {
    const struct fam_uuid *user_id;
    const struct fam_uuid *entry_id;
};

static enum fam_code delete_all(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                                struct fam_status *status)
{
    static const struct fam_statement *const STEPS[] = {&delete_key, &delete_corrections, &delete_disclosures,
                                                        &delete_tasks, &delete_entry};
    const struct deletion *deletion = context;
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    (void)store;
    fam_param_uuid(&params, deletion->entry_id);
    fam_param_uuid(&params, deletion->user_id);
    enum fam_code code = fam_db_exec(db, &lock_own, &params, &rows, status);
    if (code != FAM_OK || fam_rows_count(&rows) == 0) {
        return code;
    }
    for (size_t i = 0; code == FAM_OK && i < FAM_ARRAY_SIZE(STEPS); i++) {
        code = fam_db_exec(db, STEPS[i], &params, NULL, status);
    }
    if (code == FAM_OK) {
        fam_outcome_add(outcome, deletion->entry_id);
    }
    return code;
}

enum fam_code fam_entry_delete(struct fam_store *store, const struct fam_mutation *mutation,
                               const struct fam_uuid *user_id, const struct fam_uuid *entry_id,
                               struct fam_outcome *ret_outcome, struct fam_status *status)
{
    struct deletion deletion = {.user_id = user_id, .entry_id = entry_id};
    return fam_mutate(store, mutation, delete_all, &deletion, ret_outcome, status);
}
