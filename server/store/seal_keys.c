/* seal_keys.c: the keys that the database stores wrapped; see seal.h. */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/clock.h"
#include "store/seal_private.h"

enum { ALL_PURPOSES = (1U << FAM_HMAC_PURPOSES) - 1 };

static const struct fam_statement insert_user_key = {
    "insert_user_key", "INSERT INTO keys.user_keys (user_id, wrapped) VALUES ($1, $2)", "insert", "keys"};
static const struct fam_statement insert_family_key = {
    "insert_family_key", "INSERT INTO keys.family_keys (family_id, wrapped) VALUES ($1, $2)", "insert", "keys"};
/* The second column: was the row written by this very transaction, which may still roll back? */
static const struct fam_statement select_user_key = {
    "select_user_key",
    "SELECT wrapped, coalesce(xmin = pg_current_xact_id_if_assigned()::xid, false) FROM keys.user_keys "
    "WHERE user_id = $1",
    "select", "keys"};
static const struct fam_statement select_family_key = {
    "select_family_key",
    "SELECT wrapped, coalesce(xmin = pg_current_xact_id_if_assigned()::xid, false) FROM keys.family_keys "
    "WHERE family_id = $1",
    "select", "keys"};
static const struct fam_statement insert_hmac_key = {
    "insert_hmac_key", "INSERT INTO keys.hmac_keys (purpose, wrapped) VALUES ($1, $2) ON CONFLICT (purpose) DO NOTHING",
    "insert", "keys"};
static const struct fam_statement select_hmac_keys = {"select_hmac_keys", "SELECT purpose, wrapped FROM keys.hmac_keys",
                                                      "select", "keys"};

static const struct fam_statement any_user = {"seal_any_user", "SELECT EXISTS (SELECT 1 FROM users)", "select",
                                              "users"};

static const struct {
    const char *table;
    const struct fam_statement *insert;
    const struct fam_statement *select;
} kinds[] = {
    [FAM_KEY_USER] = {"keys.user_keys", &insert_user_key, &select_user_key},
    [FAM_KEY_FAMILY] = {"keys.family_keys", &insert_family_key, &select_family_key},
};

static const char *const purposes[FAM_HMAC_PURPOSES] = {
    [FAM_HMAC_LOOKUP] = "lookup",
    [FAM_HMAC_CACHE] = "cache",
    [FAM_HMAC_DERIVE] = "derive",
    [FAM_HMAC_IDEMPOTENCY] = "idempotency",
};

static struct fam_place key_place(enum fam_key_kind kind, const struct fam_uuid *id)
{
    return (struct fam_place){.table = kinds[kind].table, .column = "wrapped", .row = *id, .owner = *id};
}

/* HMAC keys have no UUID; the purpose stands in the column's place. */
static struct fam_place hmac_place(size_t purpose)
{
    return (struct fam_place){.table = "keys.hmac_keys", .column = purposes[purpose]};
}

/* The slot in which a key is kept, if it is kept. Ids of version 7 end in random bytes. */
static struct fam_key_slot *slot_of(struct fam_seal *seal, enum fam_key_kind kind, const struct fam_uuid *id)
{
    size_t at = (size_t)(id->bytes[15] ^ (kind == FAM_KEY_FAMILY ? 0x5a : 0)) % FAM_KEY_SLOTS;
    return &seal->secrets->slots[at];
}

static bool slot_holds(const struct fam_key_slot *slot, enum fam_key_kind kind, const struct fam_uuid *id)
{
    return slot->until_ms > fam_mono_ms() && slot->kind == kind && fam_uuid_equal(&slot->id, id);
}

bool fam_seal_cached_key(struct fam_seal *seal, enum fam_key_kind kind, const struct fam_uuid *id,
                         struct fam_key *ret_key)
{
    pthread_mutex_lock(&seal->mutex);
    const struct fam_key_slot *slot = slot_of(seal, kind, id);
    bool found = slot_holds(slot, kind, id);
    if (found) {
        *ret_key = slot->key;
    }
    pthread_mutex_unlock(&seal->mutex);
    return found;
}

static void cache_put(struct fam_seal *seal, enum fam_key_kind kind, const struct fam_uuid *id,
                      const struct fam_key *key)
{
    pthread_mutex_lock(&seal->mutex);
    struct fam_key_slot *slot = slot_of(seal, kind, id);
    slot->id = *id;
    slot->kind = kind;
    slot->key = *key;
    slot->until_ms = fam_mono_ms() + FAM_KEY_CACHE_MS;
    pthread_mutex_unlock(&seal->mutex);
}

void fam_seal_forget(struct fam_seal *seal, enum fam_key_kind kind, const struct fam_uuid *id)
{
    pthread_mutex_lock(&seal->mutex);
    struct fam_key_slot *slot = slot_of(seal, kind, id);
    if (slot_holds(slot, kind, id)) {
        sodium_memzero(slot, sizeof(*slot));
    }
    pthread_mutex_unlock(&seal->mutex);
}

enum fam_code fam_seal_create_key(struct fam_seal *seal, struct fam_db *db, enum fam_key_kind kind,
                                  const struct fam_uuid *id, struct fam_key *ret_key, struct fam_status *status)
{
    unsigned char wrapped[FAM_WRAPPED_MAX];
    struct fam_params params = {0};
    struct fam_place place = key_place(kind, id);
    fam_key_random(ret_key);
    fam_seal_master_wrap(seal, &place, ret_key, wrapped);
    fam_param_uuid(&params, id);
    fam_param_bytes(&params, wrapped, sizeof(wrapped));
    enum fam_code code = fam_db_exec(db, kinds[kind].insert, &params, NULL, status);
    if (code != FAM_OK) {
        fam_key_done(ret_key);
    }
    return code;
}

enum fam_code fam_seal_get_key(struct fam_seal *seal, struct fam_db *db, enum fam_key_kind kind,
                               const struct fam_uuid *id, struct fam_key *ret_key, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_place place = key_place(kind, id);
    size_t size = 0;
    if (fam_seal_cached_key(seal, kind, id, ret_key)) {
        return FAM_OK;
    }
    fam_param_uuid(&params, id);
    enum fam_code code = fam_db_exec(db, kinds[kind].select, &params, &rows, status);
    if (code != FAM_OK) {
        return code;
    }
    if (fam_rows_count(&rows) == 0) {
        return fam_fail(status, FAM_NOT_FOUND, "there is no key of this id in %s", kinds[kind].table);
    }
    const unsigned char *wrapped = fam_rows_bytes(&rows, 0, 0, &size);
    code = fam_seal_master_unwrap(seal, &place, wrapped, size, ret_key, status);
    if (code == FAM_OK && !fam_rows_i64(&rows, 0, 1)) {
        cache_put(seal, kind, id, ret_key);
    }
    return code;
}

enum fam_code fam_seal_take_key(struct fam_seal *seal, enum fam_key_kind kind, const struct fam_uuid *id,
                                const void *wrapped, size_t size, struct fam_key *ret_key, struct fam_status *status)
{
    struct fam_place place = key_place(kind, id);
    if (!wrapped) {
        return fam_fail(status, FAM_NOT_FOUND, "there is no key of this id in %s", kinds[kind].table);
    }
    if (fam_seal_cached_key(seal, kind, id, ret_key)) {
        return FAM_OK;
    }
    enum fam_code code = fam_seal_master_unwrap(seal, &place, wrapped, size, ret_key, status);
    if (code == FAM_OK) {
        cache_put(seal, kind, id, ret_key);
    }
    return code;
}

/* All HMAC keys while they are being loaded; wiped by hmac_set_done. */
struct hmac_set {
    struct fam_key keys[FAM_HMAC_PURPOSES];
    unsigned missing; /* a set of purposes */
};

static void hmac_set_done(struct hmac_set *set)
{
    sodium_memzero(set, sizeof(*set));
}

static enum fam_code read_hmac_keys(struct fam_seal *seal, struct fam_db *db, struct hmac_set *set,
                                    struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    enum fam_code code = fam_db_exec(db, &select_hmac_keys, NULL, &rows, status);
    set->missing = ALL_PURPOSES;
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows); row++) {
        for (size_t purpose = 0; code == FAM_OK && purpose < FAM_HMAC_PURPOSES; purpose++) {
            struct fam_place place = hmac_place(purpose);
            size_t size = 0;
            if (strcmp(fam_rows_text(&rows, row, 0), purposes[purpose]) != 0) {
                continue;
            }
            const unsigned char *wrapped = fam_rows_bytes(&rows, row, 1, &size);
            code = fam_seal_master_unwrap(seal, &place, wrapped, size, &set->keys[purpose], status);
            set->missing &= ~(1U << purpose);
        }
    }
    return code;
}

/* Rows without their keys: making new ones would hide that the key dump was not restored, and register everybody
 * anew. */
static enum fam_code refuse_without_keys(struct fam_db *db, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    enum fam_code code = fam_db_exec(db, &any_user, NULL, &rows, status);
    if (code == FAM_OK && fam_rows_i64(&rows, 0, 0)) {
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "KEYS_MISSING", 0,
                               "the database holds rows but no keys: restore the dump of the schema keys");
    }
    return code;
}

/* Whoever comes first makes the key; all read what stands there then. */
static enum fam_code make_hmac_keys(struct fam_seal *seal, struct fam_db *db, unsigned missing,
                                    struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    for (size_t purpose = 0; code == FAM_OK && purpose < FAM_HMAC_PURPOSES; purpose++) {
        unsigned char wrapped[FAM_WRAPPED_MAX];
        fam_auto(fam_key_done) struct fam_key key;
        struct fam_place place = hmac_place(purpose);
        struct fam_params params = {0};
        fam_key_random(&key);
        if (!(missing & 1U << purpose)) {
            continue;
        }
        fam_seal_master_wrap(seal, &place, &key, wrapped);
        fam_param_text(&params, purposes[purpose]);
        fam_param_bytes(&params, wrapped, sizeof(wrapped));
        code = fam_db_exec(db, &insert_hmac_key, &params, NULL, status);
    }
    return code;
}

enum fam_code fam_seal_load(struct fam_seal *seal, struct fam_db *db, struct fam_status *status)
{
    if (fam_seal_is_loaded(seal)) {
        return FAM_OK;
    }
    assert(!fam_db_in_tx(db));
    fam_auto(hmac_set_done) struct hmac_set set = {0};
    enum fam_code code = read_hmac_keys(seal, db, &set, status);
    if (code == FAM_OK && set.missing == ALL_PURPOSES) {
        code = refuse_without_keys(db, status);
    }
    if (code == FAM_OK && set.missing) {
        code = make_hmac_keys(seal, db, set.missing, status);
        if (code == FAM_OK) {
            code = read_hmac_keys(seal, db, &set, status);
        }
        if (code == FAM_OK && set.missing) {
            code = fam_fail(status, FAM_INTERNAL, "the database does not keep the HMAC keys");
        }
    }
    if (code != FAM_OK) {
        return code;
    }
    /* Several threads may come here at once; the first one publishes, and all have read the same. */
    pthread_mutex_lock(&seal->mutex);
    if (!fam_seal_is_loaded(seal)) {
        memcpy(seal->secrets->hmac, set.keys, sizeof(set.keys));
        atomic_store_explicit(&seal->loaded, true, memory_order_release);
    }
    pthread_mutex_unlock(&seal->mutex);
    return FAM_OK;
}

bool fam_seal_is_loaded(const struct fam_seal *seal)
{
    return atomic_load_explicit(&seal->loaded, memory_order_acquire);
}

void fam_seal_hmac(const struct fam_seal *seal, enum fam_hmac_purpose purpose, const void *data, size_t size,
                   unsigned char ret_hmac[FAM_HMAC_SIZE])
{
    static const unsigned char nothing[1];
    assert(fam_seal_is_loaded(seal));
    (void)crypto_auth_hmacsha256(ret_hmac, data ? data : nothing, size, seal->secrets->hmac[purpose].bytes);
}

void fam_seal_derive(const struct fam_seal *seal, const char *scope, const char *method, const char *key,
                     unsigned char ret_secret[FAM_HMAC_SIZE])
{
    const char *const texts[] = {scope, method, key};
    crypto_auth_hmacsha256_state state;
    assert(fam_seal_is_loaded(seal));
    (void)crypto_auth_hmacsha256_init(&state, seal->secrets->hmac[FAM_HMAC_DERIVE].bytes, FAM_KEY_SIZE);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(texts); i++) {
        uint64_t length = strlen(texts[i]);
        unsigned char prefix[8];
        for (size_t j = 0; j < sizeof(prefix); j++) {
            prefix[j] = (unsigned char)(length >> (8 * j));
        }
        (void)crypto_auth_hmacsha256_update(&state, prefix, sizeof(prefix));
        (void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)texts[i], length);
    }
    (void)crypto_auth_hmacsha256_final(&state, ret_secret);
    sodium_memzero(&state, sizeof(state));
}
