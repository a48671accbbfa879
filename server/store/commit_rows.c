/* commit_rows.c: how new entries get into their five tables; see commit_private.h. */
#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "store/commit_private.h"
#include "store/db_private.h"
#include "store/store.h"
#include "store/task_store.h"

/* Types of PostgreSQL that never change. */
enum { OID_BYTEA = 17, OID_INT8 = 20, OID_INT4 = 23, OID_TEXT = 25, OID_UUID = 2950 };

/* A row goes in when its child, if it has one, is of a family of its author, and when nobody has its idempotency key.
 * Every row comes out: was the child right, was it stored? The key's row holds the entry's id from the start, so two
 * rows of one batch with the same key can be told apart. */
static const struct fam_statement insert_batch = {
    "entry_batch",
    "WITH i AS MATERIALIZED (SELECT t.*, CASE WHEN t.child_id IS NULL THEN (SELECT p.family_id FROM parents p "
    "WHERE p.user_id = t.user_id ORDER BY p.created_at, p.parent_id LIMIT 1) ELSE (SELECT c.family_id FROM children c "
    "JOIN parents p USING (family_id) WHERE c.child_id = t.child_id AND p.user_id = t.user_id "
    "AND c.removed_at IS NULL) END AS family_id "
    "FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[], "
    "$9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::bytea[], $16::uuid[], "
    "$17::uuid[], $18::text[], $19::integer[], $20::bytea[], $21::text[], $22::integer[], $23::bigint[], "
    "$24::uuid[], $25::bytea[]) "
    "WITH ORDINALITY AS t (entry_id, user_id, child_id, wrapped, phrase, context, safety, body, language, engine, "
    "prompt_version, scope, method, key, hmac, acting, task_id, task_type, task_priority, task_payload, task_key, "
    "task_attempts, task_delay, shared_family, shared_key, n)), "
    "k AS (INSERT INTO idempotency_keys (scope, method, key, request_hmac, user_id, result) "
    "SELECT scope, method, key, hmac, acting, uuid_send(entry_id) FROM i "
    "WHERE key IS NOT NULL AND (child_id IS NULL OR family_id IS NOT NULL) "
    "ON CONFLICT (scope, method, key) DO NOTHING RETURNING result), "
    "g AS MATERIALIZED (SELECT * FROM i WHERE CASE WHEN key IS NULL THEN child_id IS NULL OR family_id IS NOT NULL "
    "ELSE uuid_send(entry_id) IN (SELECT result FROM k) END), "
    "e AS (INSERT INTO emotion_entries (entry_id, user_id, family_id, child_id, phrase, context, safety, language) "
    "SELECT entry_id, user_id, family_id, child_id, phrase, context, safety, language FROM g), "
    "w AS (INSERT INTO keys.entry_keys (entry_id, user_id, wrapped_user, family_id, wrapped_family) "
    "SELECT g.entry_id, g.user_id, g.wrapped, u.family_id, CASE WHEN u.family_id IS NOT NULL THEN g.shared_key END "
    "FROM g LEFT JOIN LATERAL (SELECT g.family_id FROM users WHERE user_id = g.user_id AND share_entries "
    "AND g.shared_family = g.family_id) u ON true), "
    "r AS (INSERT INTO readings (entry_id, version, engine, prompt_version, body) "
    "SELECT entry_id, 1, engine, prompt_version, body FROM g), "
    "s AS (INSERT INTO tasks (task_id, type, priority, payload, user_id, unique_key, max_attempts, not_before, "
    "waits_for) SELECT task_id, task_type, task_priority, task_payload, user_id, task_key, task_attempts, "
    "now() + task_delay * interval '1 millisecond', CASE WHEN task_delay > 0 THEN 'due' ELSE '' END "
    "FROM g WHERE task_id IS NOT NULL) "
    "SELECT n, child_id IS NULL OR family_id IS NOT NULL, entry_id IN (SELECT entry_id FROM g) FROM i",
    "insert", "emotion_entries"};

static const struct fam_statement own_child = {
    "entry_child",
    "SELECT c.family_id FROM children c JOIN parents p USING (family_id) "
    "WHERE c.child_id = $1 AND p.user_id = $2 AND c.removed_at IS NULL FOR KEY SHARE OF c",
    "select", "children"};
static const struct fam_statement own_family = {
    "entry_family", "SELECT family_id FROM parents WHERE user_id = $1 ORDER BY created_at, parent_id LIMIT 1", "select",
    "parents"};
static const struct fam_statement insert_key = {
    "entry_key_insert",
    "INSERT INTO keys.entry_keys (entry_id, user_id, wrapped_user, family_id, wrapped_family) "
    "SELECT $1, $2, $3, u.family_id, CASE WHEN u.family_id IS NOT NULL THEN $6::bytea END FROM (SELECT 1) AS one "
    "LEFT JOIN LATERAL (SELECT $4::uuid AS family_id FROM users WHERE user_id = $2 AND share_entries "
    "AND $4::uuid = $5::uuid) u ON true",
    "insert", "keys"};
static const struct fam_statement insert_entry = {
    "entry_insert",
    "INSERT INTO emotion_entries (entry_id, user_id, family_id, child_id, phrase, context, safety, language) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    "insert", "emotion_entries"};
static const struct fam_statement insert_reading = {
    "reading_insert",
    "INSERT INTO readings (entry_id, version, engine, prompt_version, body) VALUES ($1, 1, $2, $3, $4)", "insert",
    "readings"};

static const struct fam_statement insert_task = {
    "entry_task_insert",
    "INSERT INTO tasks (task_id, type, priority, payload, user_id, unique_key, max_attempts, not_before, waits_for) "
    "VALUES ($1, $2, $3::integer, $4, $5, $6, $7::integer, now() + $8::bigint * interval '1 millisecond', "
    "CASE WHEN $8::bigint > 0 THEN 'due' ELSE '' END)",
    "insert", "tasks"};

static size_t text_size(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* Copies to *at, which moves on; a NUL follows. */
static const void *keep(unsigned char **at, const void *data, size_t size)
{
    unsigned char *copy = *at;
    if (size) {
        memcpy(copy, data, size);
    }
    copy[size] = '\0';
    *at += size + 1;
    return copy;
}

static void put_u32(unsigned char **at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        *(*at)++ = (unsigned char)(value >> (24 - 8 * i));
    }
}

static void put_number(unsigned char *at, uint32_t value)
{
    put_u32(&at, value);
}

static uint32_t get_number(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static size_t task_size(const struct fam_task_new *task)
{
    return task == NULL ? 0 : text_size(task->type) + text_size(task->unique_key) + task->payload_size + 1;
}

static void keep_task(struct fam_commit_item *item, const struct fam_commit_entry *entry, unsigned char **at)
{
    const struct fam_task_new *task = entry->task;
    struct fam_commit_task *kept = &item->task;
    item->has_task = true;
    kept->task_id = entry->task_id;
    kept->type = keep(at, task->type, strlen(task->type));
    if (task->unique_key) {
        kept->unique_key = keep(at, task->unique_key, strlen(task->unique_key));
    }
    kept->payload = (struct fam_commit_value){keep(at, task->payload, task->payload_size), task->payload_size};
    put_number(kept->priority, (uint32_t)task->priority);
    put_number(kept->max_attempts, task->max_attempts ? task->max_attempts : FAM_TASK_ATTEMPTS);
    put_number(kept->delay_ms, (uint32_t)(task->delay_ms >> 32));
    put_number(kept->delay_ms + 4, (uint32_t)task->delay_ms);
}

struct fam_commit_item *fam_commit_item_new(struct fam_store *store, const struct fam_commit_entry *entry,
                                            struct fam_status *status)
{
    const struct fam_mutation *mutation = entry->mutation;
    bool has_key = fam_mutation_has_key(mutation);
    size_t size = sizeof(struct fam_commit_item) + task_size(entry->task);
    for (size_t i = 0; i < FAM_COMMIT_COLUMNS; i++) {
        size += entry->columns[i].size + 1;
    }
    if (entry->shared_family) {
        size += entry->shared_key.size + 1;
    }
    if (has_key) {
        size += text_size(mutation->scope) + text_size(mutation->method) + text_size(mutation->key);
    }
    struct fam_commit_item *item = malloc(size);
    if (!item) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    memset(item, 0, sizeof(*item));
    unsigned char *at = (unsigned char *)(item + 1);
    item->entry_id = entry->entry_id;
    item->user_id = entry->user_id;
    item->has_child = entry->child_id != NULL;
    if (entry->child_id) {
        item->child_id = *entry->child_id;
    }
    for (size_t i = 0; i < FAM_COMMIT_COLUMNS; i++) {
        item->columns[i].size = entry->columns[i].size;
        item->columns[i].data = keep(&at, entry->columns[i].data, entry->columns[i].size);
    }
    if (entry->shared_family) {
        item->is_shared = true;
        item->shared_family = *entry->shared_family;
        item->shared_key.size = entry->shared_key.size;
        item->shared_key.data = keep(&at, entry->shared_key.data, entry->shared_key.size);
    }
    if (entry->task) {
        keep_task(item, entry, &at);
    }
    item->deadline_ms = entry->deadline_ms;
    item->has_key = has_key;
    if (!has_key) {
        return item;
    }
    item->mutation.scope = keep(&at, mutation->scope, strlen(mutation->scope));
    item->mutation.method = keep(&at, mutation->method, strlen(mutation->method));
    item->mutation.key = keep(&at, mutation->key, strlen(mutation->key));
    if (mutation->user_id) {
        item->has_acting_user = true;
        item->acting_user = *mutation->user_id;
        item->mutation.user_id = &item->acting_user;
    }
    if (fam_mutation_hmac(store, mutation, item->hmac, status) == FAM_OK) {
        return item;
    }
    free(item);
    return NULL;
}

/* One array in PostgreSQL's binary form; NULL data is NULL. NULL: no memory. */
static unsigned char *encode(uint32_t oid, const struct fam_commit_value *values, size_t count, size_t *ret_size)
{
    size_t size = 20;
    uint32_t nulls = 0;
    for (size_t i = 0; i < count; i++) {
        size += 4 + (values[i].data ? values[i].size : 0);
        nulls |= !values[i].data;
    }
    unsigned char *array = size <= INT_MAX ? malloc(size) : NULL;
    unsigned char *at = array;
    if (!array) {
        return NULL;
    }
    put_u32(&at, 1);
    put_u32(&at, nulls);
    put_u32(&at, oid);
    put_u32(&at, (uint32_t)count);
    put_u32(&at, 1);
    for (size_t i = 0; i < count; i++) {
        put_u32(&at, values[i].data ? (uint32_t)values[i].size : UINT32_MAX);
        if (values[i].data && values[i].size) {
            memcpy(at, values[i].data, values[i].size);
            at += values[i].size;
        }
    }
    *ret_size = size;
    return array;
}

static struct fam_commit_value uuid_value(const struct fam_uuid *uuid, bool there)
{
    return (struct fam_commit_value){there ? uuid->bytes : NULL, sizeof(uuid->bytes)};
}

static struct fam_commit_value text_value(const char *text, bool there)
{
    return (struct fam_commit_value){there ? text : NULL, there ? strlen(text) : 0};
}

enum {
    PARAM_FIRST_COLUMN = 3,
    PARAM_SCOPE = PARAM_FIRST_COLUMN + FAM_COMMIT_COLUMNS,
    PARAM_TASK = PARAM_SCOPE + 5,
    PARAM_SHARED = PARAM_TASK + 7,
    PARAMS = PARAM_SHARED + 2
};

static struct fam_commit_value task_value_of(const struct fam_commit_item *item, int param)
{
    const struct fam_commit_task *task = &item->task;
    if (!item->has_task) {
        return (struct fam_commit_value){NULL, 0};
    }
    switch (param) {
    case PARAM_TASK:
        return uuid_value(&task->task_id, true);
    case PARAM_TASK + 1:
        return text_value(task->type, true);
    case PARAM_TASK + 2:
        return (struct fam_commit_value){task->priority, sizeof(task->priority)};
    case PARAM_TASK + 3:
        return task->payload;
    case PARAM_TASK + 4:
        return text_value(task->unique_key, task->unique_key != NULL);
    case PARAM_TASK + 5:
        return (struct fam_commit_value){task->max_attempts, sizeof(task->max_attempts)};
    default:
        return (struct fam_commit_value){task->delay_ms, sizeof(task->delay_ms)};
    }
}

/* Parameter `param` of an item, and its type. */
static struct fam_commit_value value_of(const struct fam_commit_item *item, int param, uint32_t *ret_oid)
{
    static const uint32_t oids[PARAMS] = {OID_UUID,  OID_UUID, OID_UUID, OID_BYTEA, OID_BYTEA, OID_BYTEA, OID_BYTEA,
                                          OID_BYTEA, OID_TEXT, OID_TEXT, OID_TEXT,  OID_TEXT,  OID_TEXT,  OID_TEXT,
                                          OID_BYTEA, OID_UUID, OID_UUID, OID_TEXT,  OID_INT4,  OID_BYTEA, OID_TEXT,
                                          OID_INT4,  OID_INT8, OID_UUID, OID_BYTEA};
    *ret_oid = oids[param];
    if (param == PARAM_SHARED) {
        return uuid_value(&item->shared_family, item->is_shared);
    }
    if (param > PARAM_SHARED) {
        return item->shared_key; /* NULL when it is not shared */
    }
    if (param >= PARAM_TASK) {
        return task_value_of(item, param);
    }
    switch (param) {
    case 0:
        return uuid_value(&item->entry_id, true);
    case 1:
        return uuid_value(&item->user_id, true);
    case 2:
        return uuid_value(&item->child_id, item->has_child);
    case PARAM_SCOPE:
        return text_value(item->mutation.scope, item->has_key);
    case PARAM_SCOPE + 1:
        return text_value(item->mutation.method, item->has_key);
    case PARAM_SCOPE + 2:
        return text_value(item->mutation.key, item->has_key);
    case PARAM_SCOPE + 3:
        return (struct fam_commit_value){item->has_key ? item->hmac : NULL, sizeof(item->hmac)};
    case PARAM_SCOPE + 4:
        return uuid_value(&item->acting_user, item->has_acting_user);
    default:
        return item->columns[param - PARAM_FIRST_COLUMN];
    }
}

static void arrays_done(unsigned char *(*arrays)[PARAMS])
{
    for (int i = 0; i < PARAMS; i++) {
        free((*arrays)[i]);
    }
}

static enum fam_code read_rows(const struct fam_rows *rows, size_t count, enum fam_commit_row *ret_rows,
                               struct fam_status *status)
{
    bool complete = fam_rows_count(rows) == count;
    for (size_t row = 0; complete && row < count; row++) {
        int64_t n = fam_rows_i64(rows, row, 0);
        complete = n >= 1 && n <= (int64_t)count;
        if (complete) {
            ret_rows[n - 1] = !fam_rows_i64(rows, row, 1)  ? FAM_COMMIT_NO_CHILD
                              : fam_rows_i64(rows, row, 2) ? FAM_COMMIT_STORED
                                                           : FAM_COMMIT_KEY_TAKEN;
        }
    }
    return complete ? FAM_OK : fam_fail(status, FAM_UNAVAILABLE, "the database did not tell what it stored");
}

enum fam_code fam_commit_rows(struct fam_db *db, struct fam_commit_item *const *items, size_t count,
                              enum fam_commit_row *ret_rows, char ret_lsn[FAM_LSN_SIZE], struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(arrays_done) unsigned char *arrays[PARAMS] = {NULL};
    struct fam_commit_value values[FAM_COMMIT_BATCH];
    struct fam_params params = {0};
    _Static_assert((int)PARAMS <= (int)FAM_PARAMS_MAX, "every column is one parameter");
    _Static_assert((int)FAM_LSN_SIZE == (int)FAM_DB_LSN_SIZE, "one size of a WAL position");
    assert(count >= 1 && count <= FAM_COMMIT_BATCH);
    for (int param = 0; param < PARAMS; param++) {
        uint32_t oid = 0;
        size_t size = 0;
        for (size_t i = 0; i < count; i++) {
            values[i] = value_of(items[i], param, &oid);
        }
        arrays[param] = encode(oid, values, count, &size);
        if (!arrays[param]) {
            return fam_fail_memory(status);
        }
        fam_param_bytes(&params, arrays[param], size);
    }
    enum fam_code code = fam_db_commit(db, &insert_batch, &params, &rows, ret_lsn, status);
    return code == FAM_OK ? read_rows(&rows, count, ret_rows, status) : code;
}

enum fam_code fam_commit_explain(struct fam_db *db, const struct fam_commit_item *item, enum fam_commit_row row,
                                 struct fam_outcome *ret_outcome, struct fam_status *status)
{
    bool found = false;
    memset(ret_outcome, 0, sizeof(*ret_outcome));
    if (item->has_key) {
        enum fam_code code = fam_idempotency_match(db, &item->mutation, item->hmac, &found, ret_outcome, status);
        if (code != FAM_OK || found) {
            return code;
        }
    }
    if (row == FAM_COMMIT_NO_CHILD) {
        return fam_fail(status, FAM_NOT_FOUND, "no such child");
    }
    return fam_fail_reason(status, FAM_ABORTED, "IDEMPOTENCY_KEY", 50, "the key was removed at this moment");
}

static enum fam_code find_family(struct fam_db *db, const struct fam_commit_item *item, struct fam_rows *ret_rows,
                                 struct fam_status *status)
{
    struct fam_params params = {0};
    if (item->has_child) {
        fam_param_uuid(&params, &item->child_id);
    }
    fam_param_uuid(&params, &item->user_id);
    enum fam_code code = fam_db_exec(db, item->has_child ? &own_child : &own_family, &params, ret_rows, status);
    if (code == FAM_OK && item->has_child && fam_rows_count(ret_rows) == 0) {
        return fam_fail(status, FAM_NOT_FOUND, "no such child");
    }
    return code;
}

static void add_column(struct fam_params *params, const struct fam_commit_item *item, enum fam_commit_column column)
{
    if (column == FAM_COMMIT_LANGUAGE || column == FAM_COMMIT_ENGINE || column == FAM_COMMIT_PROMPT_VERSION) {
        fam_param_text(params, item->columns[column].data);
    } else {
        fam_param_bytes(params, item->columns[column].data, item->columns[column].size);
    }
}

static enum fam_code insert_task_slowly(struct fam_db *db, const struct fam_commit_item *item,
                                        struct fam_status *status)
{
    const struct fam_commit_task *task = &item->task;
    struct fam_params params = {0};
    fam_param_uuid(&params, &task->task_id);
    fam_param_text(&params, task->type);
    fam_param_i64(&params, get_number(task->priority));
    fam_param_bytes(&params, task->payload.data, task->payload.size);
    fam_param_uuid(&params, &item->user_id);
    fam_param_text(&params, task->unique_key);
    fam_param_i64(&params, get_number(task->max_attempts));
    fam_param_i64(&params, (int64_t)get_number(task->delay_ms) << 32 | get_number(task->delay_ms + 4));
    return fam_db_exec(db, &insert_task, &params, NULL, status);
}

static enum fam_code insert_slowly(struct fam_store *store, struct fam_db *db, void *context,
                                   struct fam_outcome *outcome, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params key = {0}, entry = {0}, reading = {0};
    const struct fam_commit_item *item = context;
    struct fam_uuid family_id;
    (void)store;
    enum fam_code code = find_family(db, item, &rows, status);
    if (code != FAM_OK) {
        return code;
    }
    bool has_family = fam_rows_count(&rows) > 0;
    if (has_family) {
        family_id = fam_rows_uuid(&rows, 0, 0);
    }
    fam_param_uuid(&key, &item->entry_id);
    fam_param_uuid(&key, &item->user_id);
    add_column(&key, item, FAM_COMMIT_WRAPPED);
    fam_param_uuid(&key, has_family ? &family_id : NULL);
    fam_param_uuid(&key, item->is_shared ? &item->shared_family : NULL);
    fam_param_bytes(&key, item->shared_key.data, item->shared_key.size);
    code = fam_db_exec(db, &insert_key, &key, NULL, status);
    if (code == FAM_OK) {
        fam_param_uuid(&entry, &item->entry_id);
        fam_param_uuid(&entry, &item->user_id);
        fam_param_uuid(&entry, has_family ? &family_id : NULL);
        fam_param_uuid(&entry, item->has_child ? &item->child_id : NULL);
        add_column(&entry, item, FAM_COMMIT_PHRASE);
        add_column(&entry, item, FAM_COMMIT_CONTEXT);
        add_column(&entry, item, FAM_COMMIT_SAFETY);
        add_column(&entry, item, FAM_COMMIT_LANGUAGE);
        code = fam_db_exec(db, &insert_entry, &entry, NULL, status);
    }
    if (code == FAM_OK) {
        fam_param_uuid(&reading, &item->entry_id);
        add_column(&reading, item, FAM_COMMIT_ENGINE);
        add_column(&reading, item, FAM_COMMIT_PROMPT_VERSION);
        add_column(&reading, item, FAM_COMMIT_BODY);
        code = fam_db_exec(db, &insert_reading, &reading, NULL, status);
    }
    if (code == FAM_OK && item->has_task) {
        code = insert_task_slowly(db, item, status);
    }
    if (code == FAM_OK) {
        fam_outcome_add(outcome, &item->entry_id);
    }
    return code;
}

enum fam_code fam_commit_slowly(struct fam_store *store, struct fam_commit_item *item, struct fam_outcome *ret_outcome,
                                struct fam_status *status)
{
    return fam_mutate_hashed(store, item->has_key ? &item->mutation : NULL, item->hmac, insert_slowly, item,
                             ret_outcome, status);
}
