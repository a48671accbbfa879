/* correction_store.c: see correction_store.h. */
#include "store/correction_store.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "store/column.h"
#include "store/entry_private.h"
#include "store/store.h"

static const struct fam_statement insert_correction = {
    "correction_insert",
    "INSERT INTO corrections (correction_id, user_id, child_id, entry_id, body) "
    "SELECT $1, e.user_id, e.child_id, e.entry_id, $4 FROM emotion_entries e WHERE e.entry_id = $2 AND e.user_id = $3",
    "insert", "corrections"};
static const struct fam_statement select_corrections = {
    "correction_list",
    "SELECT c.correction_id, c.body FROM corrections c WHERE c.user_id = $1 AND c.child_id IS NOT DISTINCT FROM "
    "$2::uuid "
    "AND (NOT (SELECT share_entries FROM users WHERE user_id = $1) OR EXISTS (SELECT 1 FROM keys.entry_keys k "
    "WHERE k.entry_id = c.entry_id AND k.family_id IS NOT NULL)) ORDER BY c.correction_id DESC LIMIT $3::bigint",
    "select", "corrections"};

void fam_corrections_done(struct fam_corrections *corrections)
{
    for (size_t i = 0; i < corrections->count; i++) {
        char *note = (char *)(uintptr_t)corrections->items[i].note;
        fam_text_wipe(&note);
    }
    memset(corrections, 0, sizeof(*corrections));
}

static enum fam_code open_one(const struct fam_rows *rows, size_t row, const struct fam_uuid *user_id,
                              const struct fam_key *key, struct fam_corrections *corrections, struct fam_status *status)
{
    fam_auto(fam_secret_done) struct fam_secret value = {0};
    struct fam_uuid id = fam_rows_uuid(rows, row, 0);
    struct fam_place place = fam_entry_place("corrections", "body", &id, 0, user_id);
    enum fam_code code = fam_column_open(rows, row, 1, key, &place, &value, status);
    if (code != FAM_OK) {
        return code;
    }
    if (value.size < FAM_CORRECTION_HEAD) {
        return fam_fail(status, FAM_DATA_LOSS, "a sealed value of corrections.body is too short");
    }
    struct fam_correction *item = &corrections->items[corrections->count];
    item->emotion = (Fam__V1__Emotion)value.data[0];
    item->instead_of = (Fam__V1__Emotion)value.data[1];
    item->note = strdup(fam_secret_text(&value) + FAM_CORRECTION_HEAD);
    if (!item->note) {
        return fam_fail_memory(status);
    }
    size_t signal_at = FAM_CORRECTION_HEAD + strlen(item->note) + 1; /* an older row has none */
    if (value.size > signal_at && value.size - signal_at < sizeof(item->signal)) {
        memcpy(item->signal, value.data + signal_at, value.size - signal_at);
    }
    corrections->count++;
    /* The ids say which corrections these are; their last bytes are random. */
    for (size_t i = sizeof(id.bytes) - 4; i < sizeof(id.bytes); i++) {
        corrections->version = (corrections->version ^ id.bytes[i]) * 16777619U;
    }
    corrections->version |= 1U;
    return FAM_OK;
}

enum fam_code fam_corrections_load(struct fam_store *store, const struct fam_uuid *user_id,
                                   const struct fam_uuid *child_id, struct fam_corrections *ret_corrections,
                                   struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    memset(ret_corrections, 0, sizeof(*ret_corrections));
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, user_id);
    fam_param_uuid(&params, child_id);
    fam_param_i64(&params, FAM_CORRECTIONS_MAX);
    code = fam_db_exec(db, &select_corrections, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) > 0) {
        code = fam_entry_author_key(store, db, user_id, &key, status);
    }
    for (size_t i = 0; code == FAM_OK && i < fam_rows_count(&rows) && i < FAM_CORRECTIONS_MAX; i++) {
        code = open_one(&rows, i, user_id, &key, ret_corrections, status);
    }
    fam_store_put(store, db);
    if (code != FAM_OK) {
        fam_corrections_done(ret_corrections);
    }
    return code;
}

enum fam_code fam_correction_add(struct fam_store *store, struct fam_db *db, const struct fam_uuid *user_id,
                                 const struct fam_uuid *entry_id, const struct fam_correction *correction,
                                 struct fam_status *status)
{
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct fam_params params = {0};
    struct fam_uuid id = fam_uuid_v7();
    struct fam_place place = fam_entry_place("corrections", "body", &id, 0, user_id);
    size_t length = strlen(correction->note), signal = strnlen(correction->signal, sizeof(correction->signal) - 1);
    size_t size = FAM_CORRECTION_HEAD + length + (signal > 0 ? 1 + signal : 0);
    enum fam_code code = fam_entry_author_key(store, db, user_id, &key, status);
    if (code != FAM_OK) {
        return code;
    }
    unsigned char *body = malloc(size);
    if (!body) {
        return fam_fail_memory(status);
    }
    body[0] = (unsigned char)correction->emotion;
    body[1] = (unsigned char)correction->instead_of;
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): bytes with a size, no text */
    memcpy(body + FAM_CORRECTION_HEAD, correction->note, length);
    if (signal > 0) {
        body[FAM_CORRECTION_HEAD + length] = '\0';
        /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the same */
        memcpy(body + FAM_CORRECTION_HEAD + length + 1, correction->signal, signal);
    }
    fam_param_uuid(&params, &id);
    fam_param_uuid(&params, entry_id);
    fam_param_uuid(&params, user_id);
    code = fam_column_bytes(&params, &key, &place, body, size, &sealed, status);
    sodium_memzero(body, size);
    free(body);
    return code == FAM_OK ? fam_db_exec(db, &insert_correction, &params, NULL, status) : code;
}
