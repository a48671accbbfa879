/* disclosure_store.c: see disclosure_store.h. */
#include "store/disclosure_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/column.h"
#include "store/disclosure_private.h"
#include "store/store.h"

static const struct fam_statement insert_disclosure = {
    "disclosure_insert",
    "INSERT INTO disclosures (disclosure_id, user_id, entry_id, recipient, model, prompt_version, body) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7)",
    "insert", "disclosures"};
static const struct fam_statement select_disclosures = {
    "disclosure_list",
    "SELECT disclosure_id, entry_id, recipient, model, prompt_version, body, "
    "(extract(epoch FROM created_at) * 1000)::bigint FROM disclosures "
    "WHERE user_id = $1 AND disclosure_id < $2 ORDER BY disclosure_id DESC LIMIT $3::bigint",
    "select", "disclosures"};

struct fam_place fam_disclosure_place(const struct fam_uuid *disclosure_id, const struct fam_uuid *user_id)
{
    return (struct fam_place){.table = "disclosures", .column = "body", .row = *disclosure_id, .owner = *user_id};
}

enum fam_code fam_disclosure_add(struct fam_store *store, const struct fam_disclosure_new *disclosure,
                                 struct fam_uuid *ret_id, struct fam_status *status)
{
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    struct fam_uuid disclosure_id = fam_uuid_v7();
    struct fam_place place = fam_disclosure_place(&disclosure_id, disclosure->user_id);
    enum fam_code code = fam_store_user_key(store, disclosure->user_id, &key, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, &disclosure_id);
    fam_param_uuid(&params, disclosure->user_id);
    fam_param_uuid(&params, disclosure->entry_id);
    fam_param_text(&params, disclosure->recipient);
    fam_param_text(&params, disclosure->model);
    fam_param_text(&params, disclosure->prompt_version);
    code = fam_column_text(&params, &key, &place, disclosure->body, &sealed, status);
    if (code == FAM_OK) {
        code = fam_store_get(store, &db, status);
    }
    if (code == FAM_OK) {
        code = fam_db_exec(db, &insert_disclosure, &params, NULL, status);
    }
    fam_store_put(store, db);
    if (code == FAM_OK && ret_id) {
        *ret_id = disclosure_id;
    }
    return code;
}

void fam_disclosures_free(struct fam_disclosure *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fam_text_wipe(&list[i].model);
        fam_text_wipe(&list[i].prompt_version);
        fam_text_wipe(&list[i].body);
    }
    free(list);
}

static enum fam_code open_row(const struct fam_rows *rows, size_t row, const struct fam_key *key,
                              const struct fam_uuid *user_id, struct fam_disclosure *disclosure,
                              struct fam_status *status)
{
    disclosure->disclosure_id = fam_rows_uuid(rows, row, 0);
    disclosure->has_entry = !fam_rows_is_null(rows, row, 1);
    disclosure->entry_id = fam_rows_uuid(rows, row, 1);
    (void)snprintf(disclosure->recipient, sizeof(disclosure->recipient), "%s", fam_rows_text(rows, row, 2));
    disclosure->created_at_ms = fam_rows_i64(rows, row, 6);
    disclosure->model = strdup(fam_rows_text(rows, row, 3));
    disclosure->prompt_version = strdup(fam_rows_text(rows, row, 4));
    if (!disclosure->model || !disclosure->prompt_version) {
        return fam_fail_memory(status);
    }
    struct fam_place place = fam_disclosure_place(&disclosure->disclosure_id, user_id);
    return fam_column_open_text(rows, row, 5, key, &place, &disclosure->body, status);
}

static enum fam_code open_rows(struct fam_store *store, const struct fam_rows *rows, size_t limit,
                               const struct fam_uuid *user_id, struct fam_disclosure **ret_list, size_t *ret_count,
                               struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    size_t count = fam_rows_count(rows) < limit ? fam_rows_count(rows) : limit;
    enum fam_code code = FAM_OK;
    if (count) {
        code = fam_store_user_key(store, user_id, &key, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    struct fam_disclosure *list = calloc(count + 1, sizeof(*list));
    if (!list) {
        return fam_fail_memory(status);
    }
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        code = open_row(rows, i, &key, user_id, &list[i], status);
    }
    if (code != FAM_OK) {
        fam_disclosures_free(list, count);
        return code;
    }
    *ret_list = list;
    *ret_count = count;
    return FAM_OK;
}

enum fam_code fam_disclosure_list(struct fam_store *store, const struct fam_uuid *user_id,
                                  const struct fam_uuid *before, size_t limit, struct fam_disclosure **ret_list,
                                  size_t *ret_count, bool *ret_more, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    struct fam_uuid newest;
    memset(newest.bytes, 0xff, sizeof(newest.bytes));
    *ret_list = NULL;
    *ret_count = 0;
    *ret_more = false;
    if (limit < 1 || limit > FAM_DISCLOSURE_PAGE_MAX) {
        return fam_fail_field(status, "page_size", "is not between 1 and %d", FAM_DISCLOSURE_PAGE_MAX);
    }
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, user_id);
    fam_param_uuid(&params, before ? before : &newest);
    fam_param_i64(&params, (int64_t)limit + 1);
    code = fam_db_exec(db, &select_disclosures, &params, &rows, status);
    fam_store_put(store, db);
    if (code == FAM_OK) {
        code = open_rows(store, &rows, limit, user_id, ret_list, ret_count, status);
    }
    *ret_more = code == FAM_OK && fam_rows_count(&rows) > limit;
    return code;
}
