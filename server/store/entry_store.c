/* entry_store.c: new entries, ratings, deliveries; see entry_store.h. */
#include "store/entry_store.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "store/column.h"
#include "store/commit.h"
#include "store/entry_private.h"
#include "store/follow_up_private.h"
#include "store/store.h"
#include "store/words.h"

static const struct fam_statement select_key = {
    "entry_key_select",
    "SELECT k.wrapped_user FROM emotion_entries e LEFT JOIN keys.entry_keys k USING (entry_id) "
    "WHERE e.entry_id = $1 AND e.user_id = $2 FOR KEY SHARE OF e",
    "select", "emotion_entries"};
#define TAKE_BACK FAM_FOLLOW_UP_CANCEL("user_id = $2 AND entry_id = $1")
static const struct fam_statement upsert_rating = {
    "rating_upsert",
    "WITH q AS (" TAKE_BACK ") "
    "INSERT INTO ratings (entry_id, user_id, body) VALUES ($1, $2, $3) "
    "ON CONFLICT (entry_id, user_id) DO UPDATE SET body = EXCLUDED.body, updated_at = now()",
    "insert", "ratings"};
static const struct fam_statement has_reading = {
    "reading_has", "SELECT 1 FROM readings WHERE entry_id = $1 AND version = $2::integer", "select", "readings"};
static const struct fam_statement select_dangers = {
    "entry_dangers",
    "SELECT safety FROM emotion_entries WHERE entry_id = $1 "
    "AND NOT EXISTS (SELECT 1 FROM readings WHERE entry_id = $1 AND version > $2::integer)",
    "select", "emotion_entries"};
/* With $5 NULL: not. */
#define ASK_LATER FAM_FOLLOW_UP_INSERT("$2", "$4::integer", "$5", "$6")
static const struct fam_statement insert_delivery = {
    "delivery_insert",
    "WITH d AS (INSERT INTO deliveries (delivery_id, entry_id, chat, reading_version, created_at) "
    "VALUES ($1, $2, $3, $4::integer, clock_timestamp())), "
    "q AS (" ASK_LATER ") "
    "SELECT EXISTS (SELECT 1 FROM notifications WHERE entry_id = $2 AND kind = 'better_reading' AND state = 'queued')",
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

/* A new entry on its way to the group commit. */
struct addition {
    const struct fam_entry_new *entry;
    struct fam_uuid entry_id;
    struct fam_key key;
    unsigned char wrapped[FAM_ENTRY_WRAP_SIZE];
    bool is_shared;
    unsigned char shared[FAM_ENTRY_WRAP_SIZE];
    struct fam_sealed sealed[FAM_COMMIT_COLUMNS];
};

static void addition_done(struct addition *addition)
{
    fam_key_done(&addition->key);
    for (size_t i = 0; i < FAM_COMMIT_COLUMNS; i++) {
        fam_sealed_done(&addition->sealed[i]);
    }
}

static enum fam_code make_key(struct fam_store *store, struct addition *addition, struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key author = {{0}};
    const struct fam_uuid *user_id = addition->entry->user_id;
    struct fam_place place = fam_entry_place("keys.entry_keys", "wrapped_user", &addition->entry_id, 0, user_id);
    enum fam_code code = fam_store_user_key(store, user_id, &author, status);
    if (code != FAM_OK) {
        return code == FAM_DATA_LOSS ? fam_fail(status, FAM_NOT_FOUND, "no such user") : code;
    }
    fam_key_random(&addition->key);
    fam_seal_wrap(&author, &place, &addition->key, addition->wrapped);
    return FAM_OK;
}

static enum fam_code seal(struct addition *addition, enum fam_commit_column column, const struct fam_place *place,
                          const void *data, size_t size, struct fam_status *status)
{
    struct fam_sealed *sealed = &addition->sealed[column];
    return fam_seal_close(&addition->key, place, data, size, &sealed->data, &sealed->size, status);
}

static enum fam_code seal_phrase(struct addition *addition, struct fam_status *status)
{
    const struct fam_entry_new *entry = addition->entry;
    const char *phrase = entry->phrase ? entry->phrase : "";
    struct fam_place place = fam_entry_place("emotion_entries", "phrase", &addition->entry_id, 0, entry->user_id);
    return seal(addition, FAM_COMMIT_PHRASE, &place, phrase, strlen(phrase), status);
}

static enum fam_code seal_context(struct addition *addition, struct fam_status *status)
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
    enum fam_code code = seal(addition, FAM_COMMIT_CONTEXT, &place, text, size, status);
    sodium_memzero(text, size);
    free(text);
    return code;
}

static enum fam_code seal_safety(struct addition *addition, struct fam_status *status)
{
    const struct fam_entry_new *entry = addition->entry;
    unsigned char kinds[FAM_ENTRY_SAFETY_MAX];
    struct fam_place place = fam_entry_place("emotion_entries", "safety", &addition->entry_id, 0, entry->user_id);
    fam_safety_encode(entry->safety, entry->safety_count, kinds);
    enum fam_code code = seal(addition, FAM_COMMIT_SAFETY, &place, kinds, sizeof(kinds), status);
    sodium_memzero(kinds, sizeof(kinds));
    return code;
}

static enum fam_code seal_reading(struct addition *addition, struct fam_status *status)
{
    const struct fam_entry_new *entry = addition->entry;
    struct fam_place place = fam_entry_place("readings", "body", &addition->entry_id, 1, entry->user_id);
    size_t size = fam__v1__reading__get_packed_size(entry->reading);
    unsigned char *packed = malloc(size + 1);
    if (!packed) {
        return fam_fail_memory(status);
    }
    (void)fam__v1__reading__pack(entry->reading, packed);
    enum fam_code code = seal(addition, FAM_COMMIT_BODY, &place, packed, size, status);
    sodium_memzero(packed, size);
    free(packed);
    return code;
}

/* The key for the family, which is used only if the author's switch turns out to be on. */
static enum fam_code share_key(struct fam_store *store, struct addition *addition, struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key family = {{0}};
    const struct fam_uuid *family_id = addition->entry->shared_family;
    struct fam_place place = fam_entry_place("keys.entry_keys", "wrapped_family", &addition->entry_id, 0, family_id);
    enum fam_code code = fam_store_family_key(store, family_id, &family, status);
    if (code != FAM_OK) {
        return code == FAM_NOT_FOUND ? FAM_OK : code; /* a family that goes at this moment sees nothing */
    }
    fam_seal_wrap(&family, &place, &addition->key, addition->shared);
    addition->is_shared = true;
    return FAM_OK;
}

static enum fam_code seal_all(struct fam_store *store, struct addition *addition, struct fam_status *status)
{
    enum fam_code code = make_key(store, addition, status);
    if (code == FAM_OK && addition->entry->shared_family && addition->entry->safety_count == 0) {
        code = share_key(store, addition, status);
    }
    if (code == FAM_OK) {
        code = seal_phrase(addition, status);
    }
    if (code == FAM_OK) {
        code = seal_context(addition, status);
    }
    if (code == FAM_OK) {
        code = seal_safety(addition, status);
    }
    if (code == FAM_OK) {
        code = seal_reading(addition, status);
    }
    return code;
}

static struct fam_commit_value text_value(const char *text)
{
    return (struct fam_commit_value){text, strlen(text)};
}

enum fam_code fam_entry_add_later(struct fam_store *store, const struct fam_mutation *mutation,
                                  const struct fam_entry_new *entry, uint64_t deadline_ms, fam_entry_stored_fn *done,
                                  void *context, struct fam_status *status)
{
    const char *language = fam_language_word(entry->language);
    const char *engine = fam_engine_word(entry->reading->engine);
    const char *prompt_version = entry->reading->prompt_version ? entry->reading->prompt_version : "";
    if (!language || !engine) {
        return fam_fail_field(status, language ? "reading.engine" : "language", "is not one of the list");
    }
    fam_auto(addition_done) struct addition addition = {.entry = entry};
    addition.entry_id = entry->entry_id ? *entry->entry_id : fam_uuid_v7();
    enum fam_code code = seal_all(store, &addition, status);
    if (code != FAM_OK) {
        return code;
    }
    struct fam_commit_entry row = {.entry_id = addition.entry_id,
                                   .user_id = *entry->user_id,
                                   .child_id = entry->child_id,
                                   .mutation = mutation,
                                   .deadline_ms = deadline_ms};
    for (size_t i = 0; i < FAM_COMMIT_COLUMNS; i++) {
        row.columns[i] = (struct fam_commit_value){addition.sealed[i].data, addition.sealed[i].size};
    }
    row.columns[FAM_COMMIT_WRAPPED] = (struct fam_commit_value){addition.wrapped, sizeof(addition.wrapped)};
    row.columns[FAM_COMMIT_LANGUAGE] = text_value(language);
    row.columns[FAM_COMMIT_ENGINE] = text_value(engine);
    row.columns[FAM_COMMIT_PROMPT_VERSION] = text_value(prompt_version);
    if (addition.is_shared) {
        row.shared_family = entry->shared_family;
        row.shared_key = (struct fam_commit_value){addition.shared, sizeof(addition.shared)};
    }
    row.task = entry->task;
    if (entry->task) {
        assert(entry->task_id);
        row.task_id = *entry->task_id;
    }
    return fam_commit_add(fam_store_committer(store), &row, done, context, status);
}

/* Somebody who waits for the answer. */
struct waiter {
    pthread_mutex_t mutex;
    pthread_cond_t answered;
    bool is_answered;
    enum fam_code code;
    struct fam_outcome *outcome;
    struct fam_status *status;
};

static void wake(void *context, enum fam_code code, const struct fam_outcome *outcome, const struct fam_status *status)
{
    struct waiter *waiter = context;
    pthread_mutex_lock(&waiter->mutex);
    waiter->code = code;
    *waiter->outcome = *outcome;
    if (code != FAM_OK) {
        *waiter->status = *status;
    }
    waiter->is_answered = true;
    pthread_cond_signal(&waiter->answered);
    pthread_mutex_unlock(&waiter->mutex);
}

enum fam_code fam_entry_add(struct fam_store *store, const struct fam_mutation *mutation,
                            const struct fam_entry_new *entry, uint64_t deadline_ms, struct fam_outcome *ret_outcome,
                            struct fam_status *status)
{
    struct waiter waiter = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                            .answered = PTHREAD_COND_INITIALIZER,
                            .outcome = ret_outcome,
                            .status = status};
    memset(ret_outcome, 0, sizeof(*ret_outcome));
    enum fam_code code = fam_entry_add_later(store, mutation, entry, deadline_ms, wake, &waiter, status);
    if (code == FAM_OK) {
        pthread_mutex_lock(&waiter.mutex);
        while (!waiter.is_answered) { /* every item is answered: written, refused, or late when its turn comes */
            pthread_cond_wait(&waiter.answered, &waiter.mutex);
        }
        pthread_mutex_unlock(&waiter.mutex);
        code = waiter.code;
    }
    pthread_cond_destroy(&waiter.answered);
    pthread_mutex_destroy(&waiter.mutex);
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

/* The dangers that a message told of: those that the entry has, unless a newer reading may have brought some; then
 * *ret_known is false. */
static enum fam_code shown_dangers(struct fam_db *db, const struct remark *remark, const struct fam_key *key,
                                   unsigned char ret_kinds[FAM_ENTRY_SAFETY_MAX], bool *ret_known,
                                   struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_secret_done) struct fam_secret kinds = {0};
    struct fam_params params = {0};
    struct fam_place place = fam_entry_place("emotion_entries", "safety", remark->entry_id, 0, remark->user_id);
    memset(ret_kinds, 0, FAM_ENTRY_SAFETY_MAX);
    *ret_known = false;
    fam_param_uuid(&params, remark->entry_id);
    fam_param_i64(&params, remark->delivery->reading_version);
    enum fam_code code = fam_db_exec(db, &select_dangers, &params, &rows, status);
    if (code != FAM_OK || fam_rows_count(&rows) == 0) {
        return code;
    }
    code = fam_column_open(&rows, 0, 0, key, &place, &kinds, status);
    if (code == FAM_OK && kinds.size >= FAM_ENTRY_SAFETY_MAX) {
        memcpy(ret_kinds, kinds.data, FAM_ENTRY_SAFETY_MAX);
        *ret_known = true;
    }
    return code;
}

enum fam_code fam_entry_add_delivery(struct fam_store *store, struct fam_db *db, const struct fam_uuid *user_id,
                                     const struct fam_uuid *entry_id, const struct fam_delivery *delivery,
                                     bool *ret_awaited, struct fam_status *status)
{
    const struct remark remark = {.user_id = user_id, .entry_id = entry_id, .delivery = delivery};
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct fam_params params = {0};
    struct fam_uuid delivery_id = fam_uuid_v7();
    struct fam_place place = fam_entry_place("deliveries", "chat", &delivery_id, 0, user_id);
    unsigned char chat[FAM_CHAT_SIZE + FAM_ENTRY_SAFETY_MAX];
    Fam__V1__SafetyKind kinds[FAM_ENTRY_SAFETY_MAX];
    bool is_known = false;
    enum fam_code code = own_entry_key(store, db, &remark, &key, status);
    if (code == FAM_OK) {
        code = check_version(db, &remark, status);
    }
    if (code == FAM_OK) {
        code = shown_dangers(db, &remark, &key, chat + FAM_CHAT_SIZE, &is_known, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    bool asks_later =
        delivery->is_answer && is_known && fam_safety_decode(chat + FAM_CHAT_SIZE, FAM_ENTRY_SAFETY_MAX, kinds) == 0;
    struct fam_uuid question_id = fam_uuid_v7();
    fam_put_i64(chat, delivery->chat_id);
    fam_put_i64(chat + 8, delivery->message_id);
    fam_param_uuid(&params, &delivery_id);
    fam_param_uuid(&params, entry_id);
    code = fam_column_bytes(&params, &key, &place, chat, sizeof(chat), &sealed, status);
    sodium_memzero(chat, sizeof(chat));
    fam_param_i64(&params, delivery->reading_version);
    fam_param_uuid(&params, asks_later ? &question_id : NULL);
    fam_param_uuid(&params, user_id);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &insert_delivery, &params, &rows, status);
    }
    *ret_awaited = code == FAM_OK && fam_rows_count(&rows) == 1 && fam_rows_i64(&rows, 0, 0) != 0;
    return code;
}

static enum fam_code deliver(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                             struct fam_status *status)
{
    const struct remark *remark = context;
    bool awaited = false;
    enum fam_code code =
        fam_entry_add_delivery(store, db, remark->user_id, remark->entry_id, remark->delivery, &awaited, status);
    if (code == FAM_OK) {
        fam_outcome_add(outcome, remark->entry_id);
    }
    if (awaited) {
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
