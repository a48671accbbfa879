/* family_change.c: what a family is set to, and who goes; see family_store.h. */
#include <string.h>

#include "store/column.h"
#include "store/family_private.h"
#include "store/notice_store.h"
#include "store/schedule_store.h"
#include "store/store.h"
#include "store/words.h"

/* Returns whether the family has moved to another time zone. */
static const struct fam_statement update_family = {
    "family_update",
    "UPDATE families f SET name = coalesce($2, f.name), country = coalesce($3, f.country), "
    "time_zone = coalesce($4, f.time_zone), no_ai = coalesce($5::boolean, f.no_ai), "
    "retention_days = coalesce($6::integer, f.retention_days) "
    "FROM (SELECT family_id, time_zone FROM families WHERE family_id = $1) old WHERE f.family_id = old.family_id "
    "RETURNING f.time_zone <> old.time_zone",
    "update", "families"};
static const struct fam_statement count_parents = {
    "parent_count", "SELECT count(*) FROM parents WHERE family_id = $1 AND role = 'parent'", "select", "parents"};
static const struct fam_statement select_member = {
    "parent_member", "SELECT user_id FROM parents WHERE parent_id = $1 AND family_id = $2", "select", "parents"};
static const struct fam_statement delete_parent = {
    "parent_delete", "DELETE FROM parents WHERE family_id = $1 AND user_id = $2", "delete", "parents"};
static const struct fam_statement unshare = {
    "entry_key_unshare",
    "UPDATE keys.entry_keys SET family_id = NULL, wrapped_family = NULL WHERE family_id = $1 AND user_id = $2",
    "update", "keys"};
static const struct fam_statement end_invites = {
    "invite_end_of",
    "UPDATE invites SET revoked_at = now() WHERE family_id = $1 AND created_by = $2 AND used_at IS NULL "
    "AND revoked_at IS NULL",
    "update", "invites"};
static const struct fam_statement hold_told = {
    "parent_hold",
    "SELECT u.user_id FROM parents p JOIN users u USING (user_id) WHERE p.parent_id = $1 FOR KEY SHARE OF u", "select",
    "users"};
static const struct fam_statement delete_schedules = {
    "schedule_delete_of", "DELETE FROM schedules WHERE family_id = $1 AND user_id = $2", "delete", "schedules"};

/* What an update is about. */
struct update {
    const struct fam_uuid *user_id;
    const struct fam_family_change *change;
};

static enum fam_code seal_name(struct fam_store *store, struct fam_db *db, const struct fam_uuid *family_id,
                               const char *name, struct fam_params *params, struct fam_sealed *ret_sealed,
                               struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct fam_place place = fam_family_place(family_id);
    if (!name || !name[0]) {
        fam_param_null(params);
        return FAM_OK;
    }
    enum fam_code code = fam_family_key(store, db, family_id, &key, status);
    return code == FAM_OK ? fam_column_text(params, &key, &place, name, ret_sealed, status) : code;
}

static enum fam_code write_change(struct fam_store *store, struct fam_db *db, const struct fam_uuid *family_id,
                                  const struct fam_family_change *change, bool *ret_moved, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, family_id);
    enum fam_code code = seal_name(store, db, family_id, change->name, &params, &sealed, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_text(&params, change->country && change->country[0] ? change->country : NULL);
    fam_param_text(&params, change->time_zone && change->time_zone[0] ? change->time_zone : NULL);
    fam_column_switch(&params, change->no_ai);
    if (change->retention_days) {
        fam_param_i64(&params, change->retention_days);
    } else {
        fam_param_null(&params);
    }
    code = fam_db_exec(db, &update_family, &params, &rows, status);
    *ret_moved = code == FAM_OK && fam_rows_count(&rows) > 0 && fam_rows_i64(&rows, 0, 0) != 0;
    return code;
}

static enum fam_code update(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                            struct fam_status *status)
{
    const struct update *update = context;
    const struct fam_family_change *change = update->change;
    struct fam_uuid family_id = {{0}};
    bool moved = false;
    enum fam_code code = fam_family_lock(db, update->user_id, FAM_RIGHT_CHANGE, &family_id, NULL, status);
    if (code == FAM_OK && change->time_zone && change->time_zone[0]) {
        code = fam_time_zone_check(db, change->time_zone, status);
    }
    if (code == FAM_OK) {
        code = write_change(store, db, &family_id, change, &moved, status);
    }
    if (code == FAM_OK && moved) {
        code = fam_schedule_family_moved(db, &family_id, status);
    }
    if (code == FAM_OK) {
        fam_outcome_add(outcome, &family_id);
    }
    return code;
}

enum fam_code fam_family_update(struct fam_store *store, const struct fam_mutation *mutation,
                                const struct fam_uuid *user_id, const struct fam_family_change *change,
                                struct fam_outcome *ret_outcome, struct fam_status *status)
{
    struct update context = {.user_id = user_id, .change = change};
    return fam_mutate(store, mutation, update, &context, ret_outcome, status);
}

/* What was shared is so no longer, what the member let others in by ends, and nothing of the family is due for them.
 * The entries themselves are not touched, whatever there are. */
static enum fam_code end_membership(struct fam_db *db, const struct fam_uuid *family_id, const struct fam_uuid *user_id,
                                    struct fam_status *status)
{
    static const struct fam_statement *const steps[] = {&delete_parent, &unshare, &end_invites, &delete_schedules};
    enum fam_code code = FAM_OK;
    for (size_t i = 0; code == FAM_OK && i < FAM_ARRAY_SIZE(steps); i++) {
        struct fam_params params = {0};
        fam_param_uuid(&params, family_id);
        fam_param_uuid(&params, user_id);
        code = fam_db_exec(db, steps[i], &params, NULL, status);
    }
    return code;
}

static enum fam_code check_not_last(struct fam_db *db, const struct fam_uuid *family_id, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, family_id);
    enum fam_code code = fam_db_exec(db, &count_parents, &params, &rows, status);
    if (code == FAM_OK && fam_rows_i64(&rows, 0, 0) <= 1) {
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "LAST_PARENT", 0,
                               "the last parent can't leave the family, only delete it");
    }
    return code;
}

static enum fam_code leave(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                           struct fam_status *status)
{
    const struct fam_uuid *user_id = context;
    struct fam_uuid family_id = {{0}};
    Fam__V1__ParentRole role = FAM__V1__PARENT_ROLE__PARENT_ROLE_UNSPECIFIED;
    (void)store;
    enum fam_code code = fam_family_lock(db, user_id, FAM_RIGHT_READ, &family_id, &role, status);
    if (code == FAM_OK && role == FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT) {
        code = check_not_last(db, &family_id, status);
    }
    if (code == FAM_OK) {
        code = end_membership(db, &family_id, user_id, status);
    }
    if (code == FAM_OK) {
        fam_outcome_add(outcome, &family_id);
    }
    return code;
}

enum fam_code fam_family_leave(struct fam_store *store, const struct fam_mutation *mutation,
                               const struct fam_uuid *user_id, struct fam_outcome *ret_outcome,
                               struct fam_status *status)
{
    struct fam_uuid id = *user_id;
    return fam_mutate(store, mutation, leave, &id, ret_outcome, status);
}

/* Who is to go. */
struct removal {
    const struct fam_uuid *user_id;
    const struct fam_uuid *parent_id;
};

/* Not who it was, nor of which family: a locked phone shows it. Whose account is being erased is told nothing. */
static enum fam_code tell_removed(struct fam_store *store, struct fam_db *db, const struct fam_uuid *member,
                                  struct fam_status *status)
{
    const struct fam_notice_new notice = {.user_id = member, .kind = FAM__V1__NOTICE_KIND__NOTICE_KIND_REMOVED};
    bool added = false;
    enum fam_code code = fam_notice_add(store, db, &notice, &added, status);
    return code == FAM_NOT_FOUND ? FAM_OK : code;
}

/* Who is told has a row that the notice refers to: people come before families. */
static enum fam_code hold_member(struct fam_db *db, const struct fam_uuid *parent_id, struct fam_status *status)
{
    struct fam_params params = {0};
    fam_param_uuid(&params, parent_id);
    return fam_db_exec(db, &hold_told, &params, NULL, status);
}

static enum fam_code remove_parent(struct fam_store *store, struct fam_db *db, void *context,
                                   struct fam_outcome *outcome, struct fam_status *status)
{
    const struct removal *removal = context;
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_uuid family_id = {{0}};
    struct fam_params params = {0};
    enum fam_code code = hold_member(db, removal->parent_id, status);
    if (code == FAM_OK) {
        code = fam_family_lock(db, removal->user_id, FAM_RIGHT_CHANGE, &family_id, NULL, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, removal->parent_id);
    fam_param_uuid(&params, &family_id);
    code = fam_db_exec(db, &select_member, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        return fam_fail(status, FAM_NOT_FOUND, "no such member");
    }
    if (code != FAM_OK) {
        return code;
    }
    struct fam_uuid member = fam_rows_uuid(&rows, 0, 0);
    if (fam_uuid_equal(&member, removal->user_id)) {
        return fam_fail_field(status, "parent_id", "parent_id names the user's own membership, which LeaveFamily ends");
    }
    code = end_membership(db, &family_id, &member, status);
    if (code == FAM_OK) {
        code = tell_removed(store, db, &member, status);
    }
    if (code == FAM_OK) {
        fam_outcome_add(outcome, &family_id);
    }
    return code;
}

enum fam_code fam_parent_remove(struct fam_store *store, const struct fam_mutation *mutation,
                                const struct fam_uuid *user_id, const struct fam_uuid *parent_id,
                                struct fam_outcome *ret_outcome, struct fam_status *status)
{
    struct removal removal = {.user_id = user_id, .parent_id = parent_id};
    memset(ret_outcome, 0, sizeof(*ret_outcome));
    enum fam_code code = fam_store_load(store, status); /* the notice is sealed */
    return code != FAM_OK ? code : fam_mutate(store, mutation, remove_parent, &removal, ret_outcome, status);
}
