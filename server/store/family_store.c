/* family_store.c: see family_store.h. */
#include "store/family_store.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/column.h"
#include "store/family_private.h"
#include "store/schedule_store.h"
#include "store/sqlstate.h"
#include "store/store.h"
#include "store/words.h"

/* The user's row is the lock: two families made at once by one person are one too many. */
static const struct fam_statement lock_user = {
    "family_lock_user", "SELECT 1 FROM users WHERE user_id = $1 AND erased_at IS NULL FOR NO KEY UPDATE", "select",
    "users"};
static const struct fam_statement has_family = {"family_has", "SELECT 1 FROM parents WHERE user_id = $1 LIMIT 1",
                                                "select", "parents"};
static const struct fam_statement try_time_zone = {
    "family_time_zone", "SELECT (now() AT TIME ZONE $1::text)::date::text", "select", "families"};
static const struct fam_statement insert_family = {
    "family_insert", "INSERT INTO families (family_id, name, country, time_zone) VALUES ($1, $2, $3, $4)", "insert",
    "families"};
static const struct fam_statement insert_parent = {
    "parent_insert", "INSERT INTO parents (parent_id, family_id, user_id, role) VALUES ($1, $2, $3, 'parent')",
    "insert", "parents"};
static const struct fam_statement lock_family = {
    "family_lock",
    "SELECT f.family_id FROM parents p JOIN families f USING (family_id) WHERE p.user_id = $1 AND f.erased_at IS NULL "
    "ORDER BY p.created_at, p.parent_id LIMIT 1 FOR NO KEY UPDATE OF f",
    "select", "families"};
static const struct fam_statement select_role = {
    "family_role", "SELECT role FROM parents WHERE family_id = $1 AND user_id = $2", "select", "parents"};
static const struct fam_statement count_children = {
    "child_count", "SELECT count(*) FROM children WHERE family_id = $1 AND removed_at IS NULL", "select", "children"};
static const struct fam_statement insert_child = {
    "child_insert", "INSERT INTO children (child_id, family_id, name, birth) VALUES ($1, $2, $3, $4)", "insert",
    "children"};

struct fam_place fam_family_place(const struct fam_uuid *family_id)
{
    return (struct fam_place){.table = "families", .column = "name", .row = *family_id, .owner = *family_id};
}

struct fam_place fam_child_place(const char *column, const struct fam_uuid *child_id, const struct fam_uuid *family_id)
{
    return (struct fam_place){.table = "children", .column = column, .row = *child_id, .owner = *family_id};
}

/* What a new family is about. */
struct creation {
    const struct fam_uuid *user_id;
    const struct fam_family_new *family;
};

static enum fam_code no_time_zone(struct fam_status *status)
{
    return fam_fail_field(status, "time_zone", "time_zone is no zone that the database knows, such as Europe/Berlin");
}

/* AT TIME ZONE takes abbreviations and POSIX rules too; names of the IANA alone are wanted. */
static bool looks_like_time_zone(const char *name)
{
    size_t length = strlen(name);
    bool area = strchr(name, '/') != NULL;
    if (length < 1 || length > 64 || name[0] == '/' || name[0] == '<') {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        bool digit = isdigit((unsigned char)name[i]) != 0;
        if (!isalpha((unsigned char)name[i]) && !digit && !strchr("_-+/", name[i])) {
            return false;
        }
        if (digit && strncmp(name, "Etc/", 4) != 0) {
            return false;
        }
    }
    return area || strcmp(name, "UTC") == 0;
}

enum fam_code fam_time_zone_check(struct fam_db *db, const char *name, struct fam_status *status)
{
    struct fam_params params = {0};
    if (!name || !looks_like_time_zone(name)) {
        return no_time_zone(status);
    }
    fam_param_text(&params, name);
    enum fam_code code = fam_db_exec(db, &try_time_zone, &params, NULL, status);
    return code == FAM_INVALID_ARGUMENT && fam_sqlstate_is(status, "22023") ? no_time_zone(status) : code;
}

enum fam_code fam_family_lock_newcomer(struct fam_db *db, const struct fam_uuid *user_id, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows user = {0}, family = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, user_id);
    enum fam_code code = fam_db_exec(db, &lock_user, &params, &user, status);
    if (code == FAM_OK && fam_rows_count(&user) == 0) {
        return fam_fail(status, FAM_NOT_FOUND, "no such user");
    }
    /* A statement of its own: the snapshot of the first may be older than what the lock waited for. */
    if (code == FAM_OK) {
        code = fam_db_exec(db, &has_family, &params, &family, status);
    }
    if (code == FAM_OK && fam_rows_count(&family) > 0) {
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "HAS_FAMILY", 0, "the user is in a family already");
    }
    return code;
}

static enum fam_code create(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                            struct fam_status *status)
{
    const struct creation *creation = context;
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct fam_params family = {0}, parent = {0};
    struct fam_uuid family_id = fam_uuid_v7(), parent_id = fam_uuid_v7();
    struct fam_place place = fam_family_place(&family_id);
    enum fam_code code = fam_family_lock_newcomer(db, creation->user_id, status);
    if (code == FAM_OK) {
        code = fam_time_zone_check(db, creation->family->time_zone, status);
    }
    if (code == FAM_OK) {
        code = fam_seal_create_key(fam_store_seal(store), db, FAM_KEY_FAMILY, &family_id, &key, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&family, &family_id);
    code = fam_column_text(&family, &key, &place, creation->family->name, &sealed, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_text(&family, creation->family->country ? creation->family->country : "");
    fam_param_text(&family, creation->family->time_zone);
    code = fam_db_exec(db, &insert_family, &family, NULL, status);
    fam_param_uuid(&parent, &parent_id);
    fam_param_uuid(&parent, &family_id);
    fam_param_uuid(&parent, creation->user_id);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &insert_parent, &parent, NULL, status);
    }
    if (code == FAM_OK) {
        code = fam_schedule_family_created(db, &family_id, status);
    }
    if (code == FAM_OK) {
        code = fam_schedule_person_joined(db, &family_id, creation->user_id, status);
    }
    if (code == FAM_OK) {
        fam_outcome_add(outcome, &family_id);
        fam_outcome_add(outcome, &parent_id);
    }
    return code;
}

enum fam_code fam_family_create(struct fam_store *store, const struct fam_mutation *mutation,
                                const struct fam_uuid *user_id, const struct fam_family_new *family,
                                struct fam_outcome *ret_outcome, struct fam_status *status)
{
    struct creation creation = {.user_id = user_id, .family = family};
    return fam_mutate(store, mutation, create, &creation, ret_outcome, status);
}

enum fam_code fam_family_lock(struct fam_db *db, const struct fam_uuid *user_id, enum fam_family_right right,
                              struct fam_uuid *ret_family_id, Fam__V1__ParentRole *ret_role, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows family = {0}, role = {0};
    struct fam_params user = {0}, params = {0};
    fam_param_uuid(&user, user_id);
    enum fam_code code = fam_db_exec(db, &lock_family, &user, &family, status);
    if (code == FAM_OK && fam_rows_count(&family) > 0) {
        *ret_family_id = fam_rows_uuid(&family, 0, 0);
        fam_param_uuid(&params, ret_family_id);
        fam_param_uuid(&params, user_id);
        /* A statement of its own: who held the lock may have ended this membership. */
        code = fam_db_exec(db, &select_role, &params, &role, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    if (fam_rows_count(&family) == 0 || fam_rows_count(&role) == 0) {
        return fam_fail(status, FAM_NOT_FOUND, "the user is in no family");
    }
    Fam__V1__ParentRole is = fam_parent_role_of_word(fam_rows_text(&role, 0, 0));
    if (right == FAM_RIGHT_CHANGE && is != FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT) {
        return fam_fail_reason(status, FAM_PERMISSION_DENIED, "READS_ONLY", 0,
                               "a relative who reads only can't change the family");
    }
    if (ret_role) {
        *ret_role = is;
    }
    return FAM_OK;
}

/* What a new child is about. */
struct addition {
    const struct fam_uuid *user_id;
    const char *name;
    struct fam_date birth;
};

/* How many there are, under the family's lock. */
static enum fam_code check_room(struct fam_db *db, const struct fam_uuid *family_id, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows count = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, family_id);
    enum fam_code code = fam_db_exec(db, &count_children, &params, &count, status);
    if (code == FAM_OK && fam_rows_i64(&count, 0, 0) >= FAM_CHILDREN_MAX) {
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "CHILDREN_MAX", 0, "a family has at most %d children",
                               FAM_CHILDREN_MAX);
    }
    return code;
}

static enum fam_code add_child(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                               struct fam_status *status)
{
    const struct addition *addition = context;
    fam_auto(fam_sealed_done) struct fam_sealed name = {0}, birth = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct fam_params params = {0};
    struct fam_uuid family_id = {{0}}, child_id = fam_uuid_v7();
    unsigned char date[4];
    enum fam_code code = fam_family_lock(db, addition->user_id, FAM_RIGHT_CHANGE, &family_id, NULL, status);
    if (code == FAM_OK) {
        code = check_room(db, &family_id, status);
    }
    if (code == FAM_OK) {
        code = fam_family_key(store, db, &family_id, &key, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    struct fam_place name_place = fam_child_place("name", &child_id, &family_id);
    struct fam_place birth_place = fam_child_place("birth", &child_id, &family_id);
    fam_date_encode(&addition->birth, date);
    fam_param_uuid(&params, &child_id);
    fam_param_uuid(&params, &family_id);
    code = fam_column_text(&params, &key, &name_place, addition->name, &name, status);
    if (code == FAM_OK) {
        code = fam_column_bytes(&params, &key, &birth_place, date, sizeof(date), &birth, status);
    }
    if (code == FAM_OK) {
        code = fam_db_exec(db, &insert_child, &params, NULL, status);
    }
    sodium_memzero(date, sizeof(date));
    if (code == FAM_OK) {
        fam_outcome_add(outcome, &child_id);
        fam_outcome_add(outcome, &family_id);
    }
    return code;
}

enum fam_code fam_child_add(struct fam_store *store, const struct fam_mutation *mutation,
                            const struct fam_uuid *user_id, const char *name, struct fam_date birth,
                            struct fam_outcome *ret_outcome, struct fam_status *status)
{
    struct addition addition = {.user_id = user_id, .name = name, .birth = birth};
    return fam_mutate(store, mutation, add_child, &addition, ret_outcome, status);
}
