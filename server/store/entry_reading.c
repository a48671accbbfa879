/* entry_reading.c: better readings of an entry, and the dangers that come with them; see entry_store.h. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "store/column.h"
#include "store/entry_private.h"
#include "store/store.h"
#include "store/words.h"

/* One reading of an entry at a time. */
static const struct fam_statement lock_entry = {
    "entry_better_lock",
    "SELECT k.wrapped_user, e.safety FROM emotion_entries e LEFT JOIN keys.entry_keys k USING (entry_id) "
    "WHERE e.entry_id = $1 AND e.user_id = $2 FOR NO KEY UPDATE OF e",
    "select", "emotion_entries"};
/* A statement of its own: it must see what was committed while the lock was waited for. */
static const struct fam_statement select_version = {
    "reading_newest", "SELECT max(version) FROM readings WHERE entry_id = $1", "select", "readings"};
static const struct fam_statement insert_better = {
    "reading_better",
    "INSERT INTO readings (entry_id, version, engine, prompt_version, body) VALUES ($1, $2::integer, $3, $4, $5)",
    "insert", "readings"};
static const struct fam_statement update_safety = {
    "entry_safety", "UPDATE emotion_entries SET safety = $2 WHERE entry_id = $1", "update", "emotion_entries"};

static const struct fam_statement hide_entry = {
    "entry_hide",
    "UPDATE keys.entry_keys SET family_id = NULL, wrapped_family = NULL WHERE entry_id = $1 AND user_id = $2", "update",
    "keys"};

enum fam_code fam_entry_hide(struct fam_db *db, const struct fam_uuid *user_id, const struct fam_uuid *entry_id,
                             struct fam_status *status)
{
    struct fam_params params = {0};
    fam_param_uuid(&params, entry_id);
    fam_param_uuid(&params, user_id);
    return fam_db_exec(db, &hide_entry, &params, NULL, status);
}

void fam_safety_encode(const Fam__V1__SafetyKind *kinds, size_t count, unsigned char out[FAM_ENTRY_SAFETY_MAX])
{
    memset(out, 0, FAM_ENTRY_SAFETY_MAX);
    for (size_t i = 0; i < count && i < FAM_ENTRY_SAFETY_MAX; i++) {
        out[i] = (unsigned char)kinds[i];
    }
}

size_t fam_safety_decode(const unsigned char *in, size_t size, Fam__V1__SafetyKind ret_kinds[FAM_ENTRY_SAFETY_MAX])
{
    size_t count = 0;
    while (count < FAM_ENTRY_SAFETY_MAX && count < size && in[count] != 0) {
        ret_kinds[count] = (Fam__V1__SafetyKind)in[count];
        count++;
    }
    return count;
}

/* A better reading on its way, with the dangers that are known of. */
struct better {
    const struct fam_entry_better *wanted;
    int32_t version;
    struct fam_key key;
    size_t safety_count;
    Fam__V1__SafetyKind safety[FAM_ENTRY_SAFETY_MAX];
};

static void better_done(struct better *better)
{
    fam_key_done(&better->key);
}

static enum fam_code open_entry(struct fam_store *store, struct fam_db *db, struct better *better,
                                struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_key_done) struct fam_key author = {{0}};
    fam_auto(fam_secret_done) struct fam_secret safety = {0};
    const struct fam_entry_better *wanted = better->wanted;
    struct fam_place place = fam_entry_place("emotion_entries", "safety", wanted->entry_id, 0, wanted->user_id);
    struct fam_params params = {0};
    fam_param_uuid(&params, wanted->entry_id);
    fam_param_uuid(&params, wanted->user_id);
    enum fam_code code = fam_db_exec(db, &lock_entry, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND, "no such entry");
    }
    if (code == FAM_OK) {
        code = fam_entry_author_key(store, db, wanted->user_id, &author, status);
    }
    if (code == FAM_OK) {
        code = fam_entry_key(&rows, 0, 0, &author, wanted->entry_id, wanted->user_id, &better->key, status);
    }
    if (code == FAM_OK) {
        code = fam_column_open(&rows, 0, 1, &better->key, &place, &safety, status);
    }
    if (code == FAM_OK) {
        better->safety_count = fam_safety_decode(safety.data, safety.size, better->safety);
    }
    return code;
}

static enum fam_code check_newest(struct fam_db *db, struct better *better, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, better->wanted->entry_id);
    enum fam_code code = fam_db_exec(db, &select_version, &params, &rows, status);
    if (code == FAM_OK && better->wanted->after_any) {
        better->version = (int32_t)fam_rows_i64(&rows, 0, 0) + 1;
        return FAM_OK;
    }
    if (code == FAM_OK && fam_rows_i64(&rows, 0, 0) != better->wanted->after_version) {
        return fam_fail_reason(status, FAM_ABORTED, "READING_VERSION", 0, "another reading of this entry was first");
    }
    return code;
}

static enum fam_code insert_reading(struct fam_db *db, const struct better *better, struct fam_status *status)
{
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    const struct fam_entry_better *wanted = better->wanted;
    const Fam__V1__Reading *reading = wanted->reading;
    struct fam_place place =
        fam_entry_place("readings", "body", wanted->entry_id, (uint32_t)better->version, wanted->user_id);
    struct fam_params params = {0};
    size_t size = fam__v1__reading__get_packed_size(reading);
    unsigned char *packed = malloc(size + 1);
    if (!packed) {
        return fam_fail_memory(status);
    }
    (void)fam__v1__reading__pack(reading, packed);
    fam_param_uuid(&params, wanted->entry_id);
    fam_param_i64(&params, better->version);
    fam_param_text(&params, fam_engine_word(reading->engine));
    fam_param_text(&params, reading->prompt_version);
    enum fam_code code = fam_column_bytes(&params, &better->key, &place, packed, size, &sealed, status);
    sodium_memzero(packed, size);
    free(packed);
    return code == FAM_OK ? fam_db_exec(db, &insert_better, &params, NULL, status) : code;
}

/* True when a kind is new. */
static bool add_dangers(struct better *better)
{
    const struct fam_entry_better *wanted = better->wanted;
    size_t before = better->safety_count;
    for (size_t i = 0; i < wanted->risk_count && better->safety_count < FAM_ENTRY_SAFETY_MAX; i++) {
        bool known = false;
        for (size_t j = 0; j < better->safety_count; j++) {
            known = known || better->safety[j] == wanted->risk[i];
        }
        if (!known) {
            better->safety[better->safety_count++] = wanted->risk[i];
        }
    }
    return better->safety_count > before;
}

static enum fam_code write_dangers(struct fam_db *db, const struct better *better, struct fam_status *status)
{
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    unsigned char plain[FAM_ENTRY_SAFETY_MAX];
    struct fam_place place =
        fam_entry_place("emotion_entries", "safety", better->wanted->entry_id, 0, better->wanted->user_id);
    struct fam_params params = {0};
    fam_safety_encode(better->safety, better->safety_count, plain);
    fam_param_uuid(&params, better->wanted->entry_id);
    enum fam_code code = fam_column_bytes(&params, &better->key, &place, plain, sizeof(plain), &sealed, status);
    sodium_memzero(plain, sizeof(plain));
    return code == FAM_OK ? fam_db_exec(db, &update_safety, &params, NULL, status) : code;
}

enum fam_code fam_entry_add_reading(struct fam_store *store, struct fam_db *db, const struct fam_entry_better *better,
                                    int32_t *ret_version, bool *ret_new_danger, struct fam_status *status)
{
    fam_auto(better_done) struct better made;
    memset(&made, 0, sizeof(made));
    made.wanted = better;
    made.version = better->after_version + 1;
    *ret_new_danger = false;
    enum fam_code code = open_entry(store, db, &made, status);
    if (code == FAM_OK) {
        code = check_newest(db, &made, status);
        *ret_version = made.version;
    }
    if (code == FAM_OK) {
        code = insert_reading(db, &made, status);
    }
    if (code == FAM_OK && add_dangers(&made)) {
        *ret_new_danger = true;
        code = write_dangers(db, &made, status);
        if (code == FAM_OK) {
            code = fam_entry_hide(db, better->user_id, better->entry_id, status);
        }
    }
    return code;
}
