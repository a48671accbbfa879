/* child_store.c: what is told about a child, and its end; see family_store.h. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "store/column.h"
#include "store/disclosure_private.h"
#include "store/family_private.h"
#include "store/store.h"

/* A profile inside its seal: format 1 · ten traits, a byte each, zeros behind · special needs. */
enum { PROFILE_FORMAT = 1, PROFILE_HEAD = 1 + FAM_TRAITS_MAX };

static const struct fam_statement update_child = {
    "child_update",
    "UPDATE children SET name = coalesce($3, name), birth = coalesce($4, birth), "
    "profile = CASE WHEN $5::boolean THEN $6 ELSE profile END, profile_version = profile_version + 1 "
    "WHERE child_id = $1 AND family_id = $2 AND removed_at IS NULL",
    "update", "children"};
static const struct fam_statement empty_child = {
    "child_empty",
    "UPDATE children SET name = NULL, birth = NULL, profile = NULL, removed_at = now() "
    "WHERE child_id = $1 AND family_id = $2 AND removed_at IS NULL",
    "update", "children"};
/* Entries on their way when the child was removed are there after an hour. */
static const struct fam_statement sweep_children = {
    "child_sweep",
    "DELETE FROM children WHERE child_id IN (SELECT c.child_id FROM children c "
    "WHERE c.removed_at < now() - INTERVAL '1 hour' "
    "AND NOT EXISTS (SELECT 1 FROM emotion_entries e WHERE e.child_id = c.child_id) "
    "AND NOT EXISTS (SELECT 1 FROM corrections r WHERE r.child_id = c.child_id) "
    "ORDER BY c.removed_at LIMIT $1::bigint FOR UPDATE OF c SKIP LOCKED)",
    "delete", "children"};

enum fam_code fam_child_read_profile(const struct fam_rows *rows, size_t row, int column, const struct fam_key *key,
                                     const struct fam_uuid *family_id, struct fam_child *child,
                                     struct fam_status *status)
{
    fam_auto(fam_secret_done) struct fam_secret profile = {0};
    struct fam_place place = fam_child_place("profile", &child->child_id, family_id);
    const char *needs = "";
    if (!fam_rows_is_null(rows, row, column)) {
        enum fam_code code = fam_column_open(rows, row, column, key, &place, &profile, status);
        if (code != FAM_OK) {
            return code;
        }
        if (profile.size < PROFILE_HEAD || profile.data[0] != PROFILE_FORMAT) {
            return fam_fail(status, FAM_DATA_LOSS, "a sealed profile is of no known format");
        }
        while (child->trait_count < FAM_TRAITS_MAX && profile.data[1 + child->trait_count] != 0) {
            child->traits[child->trait_count] = (Fam__V1__Trait)profile.data[1 + child->trait_count];
            child->trait_count++;
        }
        needs = fam_secret_text(&profile) + PROFILE_HEAD;
    }
    child->special_needs = strdup(needs);
    return child->special_needs ? FAM_OK : fam_fail_memory(status);
}

/* Which child, and what is to become of it. */
struct edit {
    const struct fam_uuid *user_id;
    const struct fam_uuid *child_id;
    const struct fam_child_change *change;
};

/* What goes into an UPDATE, until it ran. */
struct sealed_child {
    struct fam_sealed name, birth, profile;
};

static void sealed_child_done(struct sealed_child *sealed)
{
    fam_sealed_done(&sealed->name);
    fam_sealed_done(&sealed->birth);
    fam_sealed_done(&sealed->profile);
}

static enum fam_code add_name(const struct edit *edit, const struct fam_uuid *family_id, const struct fam_key *key,
                              struct fam_params *params, struct fam_sealed *ret_sealed, struct fam_status *status)
{
    struct fam_place place = fam_child_place("name", edit->child_id, family_id);
    if (!edit->change->name || !edit->change->name[0]) {
        fam_param_null(params);
        return FAM_OK;
    }
    return fam_column_text(params, key, &place, edit->change->name, ret_sealed, status);
}

static enum fam_code add_birth(const struct edit *edit, const struct fam_uuid *family_id, const struct fam_key *key,
                               struct fam_params *params, struct fam_sealed *ret_sealed, struct fam_status *status)
{
    struct fam_place place = fam_child_place("birth", edit->child_id, family_id);
    unsigned char date[4];
    if (!edit->change->birth) {
        fam_param_null(params);
        return FAM_OK;
    }
    fam_date_encode(edit->change->birth, date);
    enum fam_code code = fam_column_bytes(params, key, &place, date, sizeof(date), ret_sealed, status);
    sodium_memzero(date, sizeof(date));
    return code;
}

/* Whether the profile changes, and what it is then: NULL when nothing is told. */
static enum fam_code add_profile(const struct edit *edit, const struct fam_uuid *family_id, const struct fam_key *key,
                                 struct fam_params *params, struct fam_sealed *ret_sealed, struct fam_status *status)
{
    const struct fam_child_change *change = edit->change;
    const char *needs = change->special_needs ? change->special_needs : "";
    struct fam_place place = fam_child_place("profile", edit->child_id, family_id);
    size_t length = strlen(needs), size = PROFILE_HEAD + length;
    fam_param_bool(params, change->set_profile);
    if (!change->set_profile || (change->trait_count == 0 && length == 0)) {
        fam_param_null(params);
        return FAM_OK;
    }
    unsigned char *text = calloc(1, size);
    if (!text) {
        return fam_fail_memory(status);
    }
    size_t count = 0;
    text[0] = PROFILE_FORMAT;
    /* In the order of the list, so that one profile is told to an AI in one way. */
    for (int trait = 1; trait <= FAM_TRAITS_MAX; trait++) {
        for (size_t i = 0; i < change->trait_count; i++) {
            if ((int)change->traits[i] == trait) {
                text[1 + count++] = (unsigned char)trait;
            }
        }
    }
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): bytes with a size, no text */
    memcpy(text + PROFILE_HEAD, needs, length);
    enum fam_code code = fam_column_bytes(params, key, &place, text, size, ret_sealed, status);
    sodium_memzero(text, size);
    free(text);
    return code;
}

static enum fam_code changed_one(const struct fam_rows *rows, const struct fam_uuid *child_id,
                                 struct fam_outcome *outcome, struct fam_status *status)
{
    if (fam_rows_affected(rows) == 0) {
        return fam_fail(status, FAM_NOT_FOUND, "no such child");
    }
    fam_outcome_add(outcome, child_id);
    return FAM_OK;
}

static enum fam_code update(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                            struct fam_status *status)
{
    const struct edit *edit = context;
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(sealed_child_done) struct sealed_child sealed = {{0}, {0}, {0}};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct fam_uuid family_id = {{0}};
    struct fam_params params = {0};
    enum fam_code code = fam_family_lock(db, edit->user_id, FAM_RIGHT_CHANGE, &family_id, NULL, status);
    if (code == FAM_OK) {
        code = fam_family_key(store, db, &family_id, &key, status);
    }
    fam_param_uuid(&params, edit->child_id);
    fam_param_uuid(&params, &family_id);
    if (code == FAM_OK) {
        code = add_name(edit, &family_id, &key, &params, &sealed.name, status);
    }
    if (code == FAM_OK) {
        code = add_birth(edit, &family_id, &key, &params, &sealed.birth, status);
    }
    if (code == FAM_OK) {
        code = add_profile(edit, &family_id, &key, &params, &sealed.profile, status);
    }
    if (code == FAM_OK) {
        code = fam_db_exec(db, &update_child, &params, &rows, status);
    }
    return code == FAM_OK ? changed_one(&rows, edit->child_id, outcome, status) : code;
}

static enum fam_code check_traits(const struct fam_child_change *change, struct fam_status *status)
{
    bool seen[FAM_TRAITS_MAX + 1] = {false};
    if (change->trait_count > FAM_TRAITS_MAX) {
        return fam_fail_field(status, "traits", "traits are more than %d", FAM_TRAITS_MAX);
    }
    for (size_t i = 0; i < change->trait_count; i++) {
        int trait = (int)change->traits[i];
        if (trait < 1 || trait > FAM_TRAITS_MAX) {
            return fam_fail_field(status, "traits", "traits hold what is not of the list");
        }
        if (seen[trait]) {
            return fam_fail_field(status, "traits", "traits hold one twice");
        }
        seen[trait] = true;
    }
    return FAM_OK;
}

enum fam_code fam_child_update(struct fam_store *store, const struct fam_mutation *mutation,
                               const struct fam_uuid *user_id, const struct fam_uuid *child_id,
                               const struct fam_child_change *change, struct fam_outcome *ret_outcome,
                               struct fam_status *status)
{
    struct edit edit = {.user_id = user_id, .child_id = child_id, .change = change};
    memset(ret_outcome, 0, sizeof(*ret_outcome));
    enum fam_code code = check_traits(change, status);
    return code == FAM_OK ? fam_mutate(store, mutation, update, &edit, ret_outcome, status) : code;
}

static enum fam_code remove_child(struct fam_store *store, struct fam_db *db, void *context,
                                  struct fam_outcome *outcome, struct fam_status *status)
{
    const struct edit *edit = context;
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_uuid family_id = {{0}};
    struct fam_params params = {0};
    enum fam_code code = fam_family_lock(db, edit->user_id, FAM_RIGHT_CHANGE, &family_id, NULL, status);
    if (code == FAM_OK) {
        fam_param_uuid(&params, edit->child_id);
        fam_param_uuid(&params, &family_id);
        code = fam_db_exec(db, &empty_child, &params, &rows, status);
    }
    if (code == FAM_OK) {
        code = changed_one(&rows, edit->child_id, outcome, status);
    }
    return code == FAM_OK ? fam_disclosure_forget_child(store, db, &family_id, edit->child_id, status) : code;
}

enum fam_code fam_child_remove(struct fam_store *store, const struct fam_mutation *mutation,
                               const struct fam_uuid *user_id, const struct fam_uuid *child_id,
                               struct fam_outcome *ret_outcome, struct fam_status *status)
{
    struct edit edit = {.user_id = user_id, .child_id = child_id};
    return fam_mutate(store, mutation, remove_child, &edit, ret_outcome, status);
}

enum fam_code fam_child_sweep(struct fam_store *store, size_t limit, size_t *ret_deleted, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    *ret_deleted = 0;
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_i64(&params, (int64_t)limit);
    code = fam_db_exec(db, &sweep_children, &params, &rows, status);
    if (code == FAM_OK) {
        *ret_deleted = fam_rows_affected(&rows);
    }
    fam_store_put(store, db);
    return code;
}
