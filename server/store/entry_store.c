/* entry_store.c: new entries, ratings, deliveries; see entry_store.h. */
#include "store/entry_store.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "store/column.h"
#include "store/entry_private.h"
#include "store/store.h"
#include "store/words.h"

static const struct fam_statement own_child = {
    "entry_child",
    "SELECT c.family_id FROM children c JOIN parents p USING (family_id) "
    "WHERE c.child_id = $1 AND p.user_id = $2 AND c.removed_at IS NULL FOR KEY SHARE OF c",
    "select", "children"};
static const struct fam_statement own_family = {
    "entry_family", "SELECT family_id FROM parents WHERE user_id = $1 ORDER BY created_at, parent_id LIMIT 1", "select",
    "parents"};
static const struct fam_statement insert_key = {
    "entry_key_insert", "INSERT INTO keys.entry_keys (entry_id, user_id, wrapped_user) VALUES ($1, $2, $3)", "insert",
    "keys"};
static const struct fam_statement insert_entry = {
    "entry_insert",
    "INSERT INTO emotion_entries (entry_id, user_id, family_id, child_id, phrase, context, safety, language) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    "insert", "emotion_entries"};
static const struct fam_statement insert_reading = {
    "reading_insert",
    "INSERT INTO readings (entry_id, version, engine, prompt_version, body) VALUES ($1, $2::integer, $3, $4, $5)",
    "insert", "readings"};
static const struct fam_statement select_key = {
    "entry_key_select",
    "SELECT k.wrapped_user FROM emotion_entries e LEFT JOIN keys.entry_keys k USING (entry_id) "
    "WHERE e.entry_id = $1 AND e.user_id = $2 FOR KEY SHARE OF e",
    "select", "emotion_entries"};
static const struct fam_statement upsert_rating = {
    "rating_upsert",
    "INSERT INTO ratings (entry_id, user_id, body) VALUES ($1, $2, $3) "
    "ON CONFLICT (entry_id, user_id) DO UPDATE SET body = EXCLUDED.body, updated_at = now()",
    "insert", "ratings"};
static const struct fam_statement has_reading = {
    "reading_has", "SELECT 1 FROM readings WHERE entry_id = $1 AND version = $2::integer", "select", "readings"};
static const struct fam_statement insert_delivery = {
    "delivery_insert",
    "INSERT INTO deliveries (delivery_id, entry_id, chat, reading_version, created_at) "
    "VALUES ($1, $2, $3, $4::integer, clock_timestamp())",
    "insert", "deliveries"};

struct fam_place fam_entry_place(const char *table, const char *column, const struct fam_uuid *row, uint32_t part,
                                 const struct fam_uuid *author)
{
    return (struct fam_place){.table = table, .column = column, .row = *row, .part = part, .owner = *author};
}

enum fam_code fam_entry_author_key(struct fam_store *store, struct fam_db *db, const struct fam_uuid *user_id,
                                   struct fam_key *ret_key, struct fam_status *status)
{
    enum fam_code code = fam_seal_get_key(fam_store_seal(store), db, FAM_KEY_USER, user_id, ret_key, status);
    return code == FAM_NOT_FOUND ? fam_fail(status, FAM_NOT_FOUND, "no such user") : code;
}

enum fam_code fam_entry_key(const struct fam_rows *rows, size_t row, int column, const struct fam_key *author_key,
                            const struct fam_uuid *entry_id, const struct fam_uuid *user_id, struct fam_key *ret_key,
                            struct fam_status *status)
{
    struct fam_place place = fam_entry_place("keys.entry_keys", "wrapped_user", entry_id, 0, user_id);
    size_t size = 0;
    const unsigned char *wrapped = fam_rows_bytes(rows, row, column, &size);
    if (!wrapped) {
        return fam_fail_reason(status, FAM_DATA_LOSS, "SEAL", 0, "the key of this entry is gone");
    }
    return fam_seal_unwrap(author_key, &place, wrapped, size, ret_key, status);
}

/* A new entry on its way into three tables. */
struct addition {
    const struct fam_entry_new *entry;
    const char *language;
    const char *engine;
    struct fam_uuid entry_id;
    bool has_family;
    struct fam_uuid family_id;
    struct fam_key key;
};

static enum fam_code find_family(struct fam_db *db, struct addition *addition, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    const struct fam_entry_new *entry = addition->entry;
    if (entry->child_id) {
        fam_param_uuid(&params, entry->child_id);
    }
    fam_param_uuid(&params, entry->user_id);
    enum fam_code code = fam_db_exec(db, entry->child_id ? &own_child : &own_family, &params, &rows, status);
    if (code != FAM_OK) {
        return code;
    }
    addition->has_family = fam_rows_count(&rows) > 0;
    if (!addition->has_family) {
        return entry->child_id ? fam_fail(status, FAM_NOT_FOUND, "no such child") : FAM_OK;
    }
    addition->family_id = fam_rows_uuid(&rows, 0, 0);
    return FAM_OK;
}

static enum fam_code add_key(struct fam_store *store, struct fam_db *db, struct addition *addition,
                             struct fam_status *status)
{
    unsigned char wrapped[FAM_ENTRY_WRAP_SIZE];
    fam_auto(fam_key_done) struct fam_key author = {{0}};
    struct fam_params params = {0};
    const struct fam_uuid *user_id = addition->entry->user_id;
    struct fam_place place = fam_entry_place("keys.entry_keys", "wrapped_user", &addition->entry_id, 0, user_id);
    enum fam_code code = fam_entry_author_key(store, db, user_id, &author, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_key_random(&addition->key);
    fam_seal_wrap(&author, &place, &addition->key, wrapped);
    fam_param_uuid(&params, &addition->entry_id);
    fam_param_uuid(&params, user_id);
    fam_param_bytes(&params, wrapped, sizeof(wrapped));
    return fam_db_exec(db, &insert_key, &params, NULL, status);
}

static enum fam_code seal_context(struct fam_params *params, const struct addition *addition,
                                  struct fam_sealed *ret_sealed, struct fam_status *status)
{
    const struct fam_entry_new *entry = addition->entry;
    const char *before = entry->happened_before ? entry->happened_before : "";
    struct fam_place place = fam_entry_place("emotion_entries", "context", &addition->entry_id, 0, entry->user_id);
    size_t length = strlen(before), size = FAM_CONTEXT_HEAD + length;
    unsigned char *text = malloc(size);
    if (!text) {
        return fam_fail_memory(status);
    }
    text[0] = FAM_CONTEXT_FORMAT;
    text[1] = (unsigned char)entry->place;
    text[2] = (unsigned char)entry->age_band;
    text[3] = entry->age_unknown;
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): bytes with a size, no text */
    memcpy(text + FAM_CONTEXT_HEAD, before, length);
    enum fam_code code = fam_column_bytes(params, &addition->key, &place, text, size, ret_sealed, status);
    sodium_memzero(text, size);
    free(text);
    return code;
}

static enum fam_code seal_safety(struct fam_params *params, const struct addition *addition,
                                 struct fam_sealed *ret_sealed, struct fam_status *status)
{
    const struct fam_entry_new *entry = addition->entry;
    unsigned char kinds[FAM_ENTRY_SAFETY_MAX] = {0};
    struct fam_place place = fam_entry_place("emotion_entries", "safety", &addition->entry_id, 0, entry->user_id);
    for (size_t i = 0; i < entry->safety_count && i < sizeof(kinds); i++) {
        kinds[i] = (unsigned char)entry->safety[i];
    }
    enum fam_code code = fam_column_bytes(params, &addition->key, &place, kinds, sizeof(kinds), ret_sealed, status);
    sodium_memzero(kinds, sizeof(kinds));
    return code;
}

static enum fam_code add_row(struct fam_db *db, const struct addition *addition, struct fam_status *status)
{
    fam_auto(fam_sealed_done) struct fam_sealed phrase = {0}, context = {0}, safety = {0};
    struct fam_params params = {0};
    const struct fam_entry_new *entry = addition->entry;
    struct fam_place place = fam_entry_place("emotion_entries", "phrase", &addition->entry_id, 0, entry->user_id);
    fam_param_uuid(&params, &addition->entry_id);
    fam_param_uuid(&params, entry->user_id);
    fam_param_uuid(&params, addition->has_family ? &addition->family_id : NULL);
    fam_param_uuid(&params, entry->child_id);
    enum fam_code code = fam_column_text(&params, &addition->key, &place, entry->phrase, &phrase, status);
    if (code == FAM_OK) {
        code = seal_context(&params, addition, &context, status);
    }
    if (code == FAM_OK) {
        code = seal_safety(&params, addition, &safety, status);
    }
    fam_param_text(&params, addition->language);
    return code == FAM_OK ? fam_db_exec(db, &insert_entry, &params, NULL, status) : code;
}

static enum fam_code add_reading(struct fam_db *db, const struct addition *addition, struct fam_status *status)
{
    fam_auto(fam_sealed_done) struct fam_sealed body = {0};
    struct fam_params params = {0};
    const struct fam_entry_new *entry = addition->entry;
    struct fam_place place = fam_entry_place("readings", "body", &addition->entry_id, 1, entry->user_id);
    size_t size = fam__v1__reading__get_packed_size(entry->reading);
    unsigned char *packed = malloc(size + 1);
    if (!packed) {
        return fam_fail_memory(status);
    }
    (void)fam__v1__reading__pack(entry->reading, packed);
    fam_param_uuid(&params, &addition->entry_id);
    fam_param_i64(&params, 1);
    fam_param_text(&params, addition->engine);
    fam_param_text(&params, entry->reading->prompt_version ? entry->reading->prompt_version : "");
    enum fam_code code = fam_column_bytes(&params, &addition->key, &place, packed, size, &body, status);
    sodium_memzero(packed, size);
    free(packed);
    return code == FAM_OK ? fam_db_exec(db, &insert_reading, &params, NULL, status) : code;
}

static enum fam_code add(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                         struct fam_status *status)
{
    struct addition *addition = context;
    addition->entry_id = fam_uuid_v7();
    enum fam_code code = find_family(db, addition, status);
    if (code == FAM_OK) {
        code = add_key(store, db, addition, status);
    }
    if (code == FAM_OK) {
        code = add_row(db, addition, status);
    }
    if (code == FAM_OK) {
        code = add_reading(db, addition, status);
    }
    if (code == FAM_OK) {
        fam_outcome_add(outcome, &addition->entry_id);
    }
    return code;
}

enum fam_code fam_entry_add(struct fam_store *store, const struct fam_mutation *mutation,
                            const struct fam_entry_new *entry, struct fam_outcome *ret_outcome,
                            struct fam_status *status)
{
    struct addition addition = {.entry = entry,
                                .language = fam_language_word(entry->language),
                                .engine = fam_engine_word(entry->reading->engine)};
    memset(ret_outcome, 0, sizeof(*ret_outcome));
    if (!addition.language || !addition.engine) {
        return fam_fail_field(status, addition.language ? "reading.engine" : "language", "is not one of the list");
    }
    enum fam_code code = fam_mutate(store, mutation, add, &addition, ret_outcome, status);
    fam_key_done(&addition.key);
    return code;
}

/* What is said later about an entry of the author. */
struct remark {
    const struct fam_uuid *user_id;
    const struct fam_uuid *entry_id;
    const struct fam_rating *rating;
    const struct fam_delivery *delivery;
};

/* NOT_FOUND unless the entry is there and the user's own. */
static enum fam_code own_entry_key(struct fam_store *store, struct fam_db *db, const struct remark *remark,
                                   struct fam_key *ret_key, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_key_done) struct fam_key author = {{0}};
    struct fam_params params = {0};
    fam_param_uuid(&params, remark->entry_id);
    fam_param_uuid(&params, remark->user_id);
    enum fam_code code = fam_db_exec(db, &select_key, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND, "no such entry");
    }
    if (code == FAM_OK) {
        code = fam_entry_author_key(store, db, remark->user_id, &author, status);
    }
    if (code == FAM_OK) {
        code = fam_entry_key(&rows, 0, 0, &author, remark->entry_id, remark->user_id, ret_key, status);
    }
    return code;
}

static enum fam_code rate(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                          struct fam_status *status)
{
    const struct remark *remark = context;
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct fam_params params = {0};
    const char *comment = remark->rating->comment ? remark->rating->comment : "";
    struct fam_place place = fam_entry_place("ratings", "body", remark->entry_id, 0, remark->user_id);
    size_t length = strlen(comment), size = FAM_RATING_HEAD + length;
    enum fam_code code = own_entry_key(store, db, remark, &key, status);
    if (code != FAM_OK) {
        return code;
    }
    unsigned char *body = malloc(size);
    if (!body) {
        return fam_fail_memory(status);
    }
    body[0] = (unsigned char)remark->rating->helped;
    body[1] = (unsigned char)remark->rating->used_response;
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): bytes with a size, no text */
    memcpy(body + FAM_RATING_HEAD, comment, length);
    fam_param_uuid(&params, remark->entry_id);
    fam_param_uuid(&params, remark->user_id);
    code = fam_column_bytes(&params, &key, &place, body, size, &sealed, status);
    sodium_memzero(body, size);
    free(body);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &upsert_rating, &params, NULL, status);
    }
    if (code == FAM_OK) {
        fam_outcome_add(outcome, remark->entry_id);
    }
    return code;
}

enum fam_code fam_entry_rate(struct fam_store *store, const struct fam_mutation *mutation,
                             const struct fam_uuid *user_id, const struct fam_uuid *entry_id,
                             const struct fam_rating *rating, struct fam_outcome *ret_outcome,
                             struct fam_status *status)
{
    struct remark remark = {.user_id = user_id, .entry_id = entry_id, .rating = rating};
    return fam_mutate(store, mutation, rate, &remark, ret_outcome, status);
}

static enum fam_code check_version(struct fam_db *db, const struct remark *remark, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, remark->entry_id);
    fam_param_i64(&params, remark->delivery->reading_version);
    enum fam_code code = fam_db_exec(db, &has_reading, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        return fam_fail_field(status, "reading_version", "the entry has no such reading");
    }
    return code;
}

static enum fam_code deliver(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                             struct fam_status *status)
{
    const struct remark *remark = context;
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct fam_params params = {0};
    struct fam_uuid delivery_id = fam_uuid_v7();
    struct fam_place place = fam_entry_place("deliveries", "chat", &delivery_id, 0, remark->user_id);
    unsigned char chat[FAM_CHAT_SIZE];
    enum fam_code code = own_entry_key(store, db, remark, &key, status);
    if (code == FAM_OK) {
        code = check_version(db, remark, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    fam_put_i64(chat, remark->delivery->chat_id);
    fam_put_i64(chat + 8, remark->delivery->message_id);
    fam_param_uuid(&params, &delivery_id);
    fam_param_uuid(&params, remark->entry_id);
    code = fam_column_bytes(&params, &key, &place, chat, sizeof(chat), &sealed, status);
    sodium_memzero(chat, sizeof(chat));
    fam_param_i64(&params, remark->delivery->reading_version);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &insert_delivery, &params, NULL, status);
    }
    if (code == FAM_OK) {
        fam_outcome_add(outcome, remark->entry_id);
    }
    return code;
}

enum fam_code fam_entry_deliver(struct fam_store *store, const struct fam_mutation *mutation,
                                const struct fam_uuid *user_id, const struct fam_uuid *entry_id,
                                const struct fam_delivery *delivery, struct fam_outcome *ret_outcome,
                                struct fam_status *status)
{
    struct remark remark = {.user_id = user_id, .entry_id = entry_id, .delivery = delivery};
    return fam_mutate(store, mutation, deliver, &remark, ret_outcome, status);
}
