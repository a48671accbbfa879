/* export_store.c: see export_store.h. */
#include "store/export_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "store/column.h"
#include "store/entry_private.h"
#include "store/export_private.h"
#include "store/store.h"

enum { ROW_BYTES = 1 << 20 };

static const struct fam_statement person_exists = {
    "export_person", "SELECT 1 FROM users WHERE user_id = $1 AND erased_at IS NULL", "select", "users"};

size_t fam_export_table_count(void)
{
    return fam_export_tables_count;
}

const char *fam_export_table_name(size_t table)
{
    return table < fam_export_tables_count ? fam_export_tables[table].name : "";
}

void fam_export_rows_free(struct fam_export_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fam_text_wipe(&rows[i].json);
    }
    free(rows);
}

/* A row on its way out. */
struct opening {
    struct fam_store *store;
    struct fam_db *db;
    const struct fam_export_table *table;
    const struct fam_rows *rows;
    size_t row;
};

static struct fam_uuid uuid_of(const struct opening *opening, int column)
{
    return fam_rows_uuid(opening->rows, opening->row, column);
}

static enum fam_code unwrap(const struct opening *opening, enum fam_key_kind kind, const struct fam_uuid *outer_id,
                            const struct fam_place *place, struct fam_key *ret_key, struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key outer = {{0}};
    size_t size = 0;
    const unsigned char *wrapped = fam_rows_bytes(opening->rows, opening->row, FAM_EXPORT_WRAP, &size);
    if (wrapped == NULL) {
        return fam_fail(status, FAM_NOT_FOUND, "the key of this entry is gone");
    }
    enum fam_code code = fam_seal_get_key(fam_store_seal(opening->store), opening->db, kind, outer_id, &outer, status);
    return code == FAM_OK ? fam_seal_unwrap(&outer, place, wrapped, size, ret_key, status) : code;
}

/* NOT_FOUND: it is gone. */
static enum fam_code find_key(const struct opening *opening, struct fam_key *ret_key, struct fam_status *status)
{
    const struct fam_uuid id = uuid_of(opening, FAM_EXPORT_ID), owner = uuid_of(opening, FAM_EXPORT_OWNER);
    const struct fam_uuid family_id = uuid_of(opening, FAM_EXPORT_FAMILY_ID);
    struct fam_seal *seal = fam_store_seal(opening->store);
    switch (opening->table->key) {
    case FAM_EXPORT_USER:
        return fam_seal_get_key(seal, opening->db, FAM_KEY_USER, &owner, ret_key, status);
    case FAM_EXPORT_FAMILY:
        return fam_seal_get_key(seal, opening->db, FAM_KEY_FAMILY, &owner, ret_key, status);
    case FAM_EXPORT_ENTRY: {
        const struct fam_uuid entry_id = uuid_of(opening, FAM_EXPORT_ENTRY_ID);
        const struct fam_place place = fam_entry_place("keys.entry_keys", "wrapped_user", &entry_id, 0, &owner);
        return unwrap(opening, FAM_KEY_USER, &owner, &place, ret_key, status);
    }
    case FAM_EXPORT_SHARED: {
        const struct fam_place place = fam_entry_place("keys.entry_keys", "wrapped_family", &id, 0, &family_id);
        return unwrap(opening, FAM_KEY_FAMILY, &family_id, &place, ret_key, status);
    }
    case FAM_EXPORT_CLEAR:
        break;
    }
    return FAM_OK;
}

static enum fam_code add_column(const struct opening *opening, size_t index, const struct fam_key *key,
                                struct fam_buf *json, struct fam_status *status)
{
    const struct fam_export_column *column = &opening->table->columns[index];
    fam_auto(fam_secret_done) struct fam_secret value = {0};
    int at = FAM_EXPORT_SEALED + (int)index;
    /* The Telegram id is called what it is, without its form in the database. */
    const char *name = strcmp(column->column, "telegram_sealed") == 0 ? "telegram_id" : column->column;
    const struct fam_uuid owner = uuid_of(opening, FAM_EXPORT_OWNER);
    bool is_reading = column->form == FAM_EXPORT_READING;
    const struct fam_place place = {
        .table = column->table,
        .column = column->column,
        .row = opening->table->of_owner ? owner : uuid_of(opening, FAM_EXPORT_ID),
        .part = is_reading ? (uint32_t)fam_rows_i64(opening->rows, opening->row, FAM_EXPORT_PART) : 0,
        .owner = owner};
    fam_buf_add_char(json, ',');
    fam_json_add_string(json, name);
    fam_buf_add_char(json, ':');
    if (fam_rows_is_null(opening->rows, opening->row, at)) {
        fam_buf_add_text(json, "null");
        return FAM_OK;
    }
    enum fam_code code = fam_column_open(opening->rows, opening->row, at, key, &place, &value, status);
    return code == FAM_OK ? fam_export_value(column->form, &value,
                                             fam_rows_text(opening->rows, opening->row, FAM_EXPORT_KIND), json, status)
                          : code;
}

static bool has_sealed(const struct opening *opening)
{
    for (size_t i = 0; i < FAM_EXPORT_COLUMNS && opening->table->columns[i].table != NULL; i++) {
        if (!fam_rows_is_null(opening->rows, opening->row, FAM_EXPORT_SEALED + (int)i)) {
            return true;
        }
    }
    return false;
}

static enum fam_code open_row(const struct opening *opening, struct fam_export_row *ret_row, struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    fam_auto(fam_buf_done) struct fam_buf json;
    fam_buf_init(&json, ROW_BYTES);
    ret_row->cursor.id = uuid_of(opening, FAM_EXPORT_ID);
    ret_row->cursor.number = (int32_t)fam_rows_i64(opening->rows, opening->row, FAM_EXPORT_PART);
    enum fam_code code = has_sealed(opening) ? find_key(opening, &key, status) : FAM_OK;
    if (code == FAM_NOT_FOUND) {
        return FAM_OK; /* it is being deleted at this moment: there is nothing to open any more */
    }
    const char *plain = fam_rows_text(opening->rows, opening->row, FAM_EXPORT_PLAIN);
    size_t size = strlen(plain);
    fam_buf_add(&json, plain, size > 0 ? size - 1 : 0); /* without the closing brace */
    for (size_t i = 0; code == FAM_OK && i < FAM_EXPORT_COLUMNS && opening->table->columns[i].table != NULL; i++) {
        code = add_column(opening, i, &key, &json, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    fam_buf_add_char(&json, '}');
    ret_row->json = fam_buf_take(&json);
    return ret_row->json != NULL ? FAM_OK : fam_fail_memory(status);
}

static enum fam_code read_rows(struct fam_store *store, struct fam_db *db, const struct fam_uuid *user_id,
                               const struct fam_export_table *table, const struct fam_export_cursor *cursor,
                               struct fam_export_row **ret_rows, size_t *ret_count, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows person = {0}, rows = {0};
    struct fam_params own = {0}, params = {0};
    fam_param_uuid(&own, user_id);
    fam_param_uuid(&params, user_id);
    fam_param_uuid(&params, &cursor->id);
    fam_param_i64(&params, cursor->number);
    fam_param_i64(&params, FAM_EXPORT_PAGE);
    enum fam_code code = fam_db_exec(db, &person_exists, &own, &person, status);
    if (code == FAM_OK && fam_rows_count(&person) == 0) {
        return fam_fail(status, FAM_NOT_FOUND, "no such user");
    }
    if (code == FAM_OK) {
        code = fam_db_exec(db, &table->statement, &params, &rows, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    size_t count = fam_rows_count(&rows);
    struct fam_export_row *list = calloc(count + 1, sizeof(*list));
    if (list == NULL) {
        return fam_fail_memory(status);
    }
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        const struct opening opening = {.store = store, .db = db, .table = table, .rows = &rows, .row = i};
        code = open_row(&opening, &list[i], status);
    }
    if (code != FAM_OK) {
        fam_export_rows_free(list, count);
        return code;
    }
    *ret_rows = list;
    *ret_count = count;
    return FAM_OK;
}

enum fam_code fam_export_rows(struct fam_store *store, const struct fam_uuid *user_id, size_t table,
                              const struct fam_export_cursor *cursor, struct fam_export_row **ret_rows,
                              size_t *ret_count, struct fam_status *status)
{
    struct fam_db *db = NULL;
    *ret_rows = NULL;
    *ret_count = 0;
    if (table >= fam_export_tables_count) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "there is no such table in the export");
    }
    enum fam_code code = fam_store_get(store, &db, status);
    if (code == FAM_OK) {
        code = read_rows(store, db, user_id, &fam_export_tables[table], cursor, ret_rows, ret_count, status);
    }
    fam_store_put(store, db);
    return code;
}
