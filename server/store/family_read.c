/* family_read.c: a family as a whole; see family_store.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/column.h"
#include "store/family_private.h"
#include "store/store.h"
#include "store/words.h"

static const struct fam_statement select_family = {
    "family_select",
    "SELECT f.family_id, f.name, f.country, f.time_zone, (extract(epoch FROM f.created_at) * 1000)::bigint, "
    "extract(year FROM now() AT TIME ZONE f.time_zone)::integer, "
    "extract(month FROM now() AT TIME ZONE f.time_zone)::integer, "
    "extract(day FROM now() AT TIME ZONE f.time_zone)::integer, f.no_ai, f.retention_days "
    "FROM parents p JOIN families f USING (family_id) WHERE p.user_id = $1 ORDER BY p.created_at, p.parent_id LIMIT 1",
    "select", "families"};
static const struct fam_statement select_parents = {
    "parent_select",
    "SELECT p.parent_id, p.user_id, p.role, u.name FROM parents p JOIN users u USING (user_id) "
    "WHERE p.family_id = $1 ORDER BY p.created_at, p.parent_id LIMIT 1000",
    "select", "parents"};
static const struct fam_statement select_children = {
    "child_select",
    "SELECT child_id, name, birth, profile_version, profile FROM children WHERE family_id = $1 AND removed_at IS NULL "
    "ORDER BY created_at, child_id LIMIT 1000",
    "select", "children"};

void fam_family_done(struct fam_family *family)
{
    for (size_t i = 0; i < family->parent_count; i++) {
        fam_text_wipe(&family->parents[i].name);
    }
    for (size_t i = 0; i < family->child_count; i++) {
        fam_text_wipe(&family->children[i].name);
        fam_text_wipe(&family->children[i].special_needs);
    }
    fam_text_wipe(&family->name);
    free(family->time_zone);
    free(family->parents);
    free(family->children);
    memset(family, 0, sizeof(*family));
}

enum fam_code fam_family_key(struct fam_store *store, struct fam_db *db, const struct fam_uuid *family_id,
                             struct fam_key *ret_key, struct fam_status *status)
{
    enum fam_code code = fam_seal_get_key(fam_store_seal(store), db, FAM_KEY_FAMILY, family_id, ret_key, status);
    if (code == FAM_NOT_FOUND) {
        return fam_fail_reason(status, FAM_DATA_LOSS, "SEAL", 0, "the key of this family is gone");
    }
    return code;
}

void fam_date_encode(const struct fam_date *date, unsigned char out[4])
{
    out[0] = (unsigned char)(date->year >> 8);
    out[1] = (unsigned char)date->year;
    out[2] = (unsigned char)date->month;
    out[3] = (unsigned char)date->day;
}

enum fam_code fam_date_decode(const struct fam_secret *in, struct fam_date *ret_date, struct fam_status *status)
{
    if (in->size != 4) {
        return fam_fail(status, FAM_DATA_LOSS, "a sealed birth date has the wrong size");
    }
    *ret_date = (struct fam_date){in->data[0] << 8 | in->data[1], in->data[2], in->data[3]};
    return FAM_OK;
}

static enum fam_code read_parents(struct fam_store *store, struct fam_db *db, struct fam_family *family,
                                  struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, &family->family_id);
    enum fam_code code = fam_db_exec(db, &select_parents, &params, &rows, status);
    if (code != FAM_OK) {
        return code;
    }
    family->parents = calloc(fam_rows_count(&rows) + 1, sizeof(*family->parents));
    if (!family->parents) {
        return fam_fail_memory(status);
    }
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows); row++) {
        fam_auto(fam_key_done) struct fam_key key = {{0}};
        struct fam_parent *parent = &family->parents[family->parent_count++];
        parent->parent_id = fam_rows_uuid(&rows, row, 0);
        parent->user_id = fam_rows_uuid(&rows, row, 1);
        parent->role = fam_parent_role_of_word(fam_rows_text(&rows, row, 2));
        struct fam_place place = {.table = "users", .column = "name", .row = parent->user_id, .owner = parent->user_id};
        if (!fam_rows_is_null(&rows, row, 3)) {
            code = fam_seal_get_key(fam_store_seal(store), db, FAM_KEY_USER, &parent->user_id, &key, status);
        }
        if (code == FAM_NOT_FOUND) {
            code = fam_fail_reason(status, FAM_DATA_LOSS, "SEAL", 0, "the key of a parent is gone");
        }
        if (code == FAM_OK) {
            code = fam_column_open_text(&rows, row, 3, &key, &place, &parent->name, status);
        }
    }
    return code;
}

static enum fam_code read_child(const struct fam_rows *rows, size_t row, const struct fam_key *key,
                                const struct fam_uuid *family_id, struct fam_child *child, struct fam_status *status)
{
    fam_auto(fam_secret_done) struct fam_secret birth = {0};
    child->child_id = fam_rows_uuid(rows, row, 0);
    child->profile_version = (uint32_t)fam_rows_i64(rows, row, 3);
    struct fam_place name_place = fam_child_place("name", &child->child_id, family_id);
    struct fam_place birth_place = fam_child_place("birth", &child->child_id, family_id);
    enum fam_code code = fam_column_open_text(rows, row, 1, key, &name_place, &child->name, status);
    if (code == FAM_OK) {
        code = fam_column_open(rows, row, 2, key, &birth_place, &birth, status);
    }
    if (code == FAM_OK) {
        code = fam_date_decode(&birth, &child->birth, status);
    }
    if (code == FAM_OK) {
        code = fam_child_read_profile(rows, row, 4, key, family_id, child, status);
    }
    return code;
}

static enum fam_code read_children(struct fam_db *db, const struct fam_key *key, struct fam_family *family,
                                   struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, &family->family_id);
    enum fam_code code = fam_db_exec(db, &select_children, &params, &rows, status);
    if (code != FAM_OK) {
        return code;
    }
    family->children = calloc(fam_rows_count(&rows) + 1, sizeof(*family->children));
    if (!family->children) {
        return fam_fail_memory(status);
    }
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows); row++) {
        code = read_child(&rows, row, key, &family->family_id, &family->children[family->child_count++], status);
    }
    return code;
}

static enum fam_code read_all(struct fam_store *store, struct fam_db *db, const struct fam_uuid *user_id,
                              struct fam_family *family, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct fam_params params = {0};
    fam_param_uuid(&params, user_id);
    enum fam_code code = fam_db_exec(db, &select_family, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND, "the user is in no family");
    }
    if (code != FAM_OK) {
        return code;
    }
    family->family_id = fam_rows_uuid(&rows, 0, 0);
    struct fam_place place = fam_family_place(&family->family_id);
    snprintf(family->country, sizeof(family->country), "%s", fam_rows_text(&rows, 0, 2));
    family->created_at_ms = fam_rows_i64(&rows, 0, 4);
    family->today = (struct fam_date){(int)fam_rows_i64(&rows, 0, 5), (int)fam_rows_i64(&rows, 0, 6),
                                      (int)fam_rows_i64(&rows, 0, 7)};
    family->no_ai = fam_rows_i64(&rows, 0, 8) != 0;
    family->retention_days = (int32_t)fam_rows_i64(&rows, 0, 9);
    family->time_zone = strdup(fam_rows_text(&rows, 0, 3));
    if (!family->time_zone) {
        return fam_fail_memory(status);
    }
    code = fam_family_key(store, db, &family->family_id, &key, status);
    if (code == FAM_OK) {
        code = fam_column_open_text(&rows, 0, 1, &key, &place, &family->name, status);
    }
    if (code == FAM_OK) {
        code = read_parents(store, db, family, status);
    }
    if (code == FAM_OK) {
        code = read_children(db, &key, family, status);
    }
    return code;
}

enum fam_code fam_family_of_user(struct fam_store *store, const struct fam_uuid *user_id, struct fam_family *ret_family,
                                 struct fam_status *status)
{
    struct fam_db *db = NULL;
    memset(ret_family, 0, sizeof(*ret_family));
    enum fam_code code = fam_store_get(store, &db, status);
    if (code == FAM_OK) {
        code = read_all(store, db, user_id, ret_family, status);
    }
    fam_store_put(store, db);
    if (code != FAM_OK) {
        fam_family_done(ret_family);
    }
    return code;
}
