/* store.c: see store.h. */
#include "store/store.h"

#include <stdlib.h>

#include "store/commit.h"
#include "store/migrate.h"

static const struct fam_statement select_one = {"select_one", "SELECT 1", "select", "other"};
static const struct fam_statement user_exists = {
    "user_exists", "SELECT 1 FROM users WHERE user_id = $1 AND erased_at IS NULL", "select", "users"};

struct fam_store {
    struct fam_pool *pool;
    struct fam_seal *seal;
    struct fam_committer *committer;
};

struct fam_store *fam_store_new(const struct fam_store_options *options, struct fam_status *status)
{
    struct fam_store *store = calloc(1, sizeof(*store));
    if (!store) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    store->seal = fam_seal_new(options->master_key, status);
    if (store->seal) {
        store->pool = fam_pool_new(&options->pool, status);
    }
    if (store->pool) {
        store->committer = fam_committer_new(store, &options->pool, status);
    }
    if (store->committer) {
        return store;
    }
    fam_store_free(store);
    return NULL;
}

void fam_store_free(struct fam_store *store)
{
    if (!store) {
        return;
    }
    fam_committer_free(store->committer);
    fam_pool_free(store->pool);
    fam_seal_free(store->seal);
    free(store);
}

struct fam_pool *fam_store_pool(struct fam_store *store)
{
    return store->pool;
}

struct fam_seal *fam_store_seal(struct fam_store *store)
{
    return store->seal;
}

struct fam_committer *fam_store_committer(struct fam_store *store)
{
    return store->committer;
}

enum fam_code fam_store_ping(struct fam_store *store, struct fam_status *status)
{
    struct fam_db *db = NULL;
    enum fam_code code = fam_pool_get(store->pool, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    code = fam_db_exec(db, &select_one, NULL, NULL, status);
    fam_pool_put(store->pool, db);
    return code;
}

enum fam_code fam_store_ready(struct fam_store *store, struct fam_status *status)
{
    struct fam_db *db = NULL;
    enum fam_code code = fam_migrate_is_current(store->pool, status);
    if (code == FAM_OK) {
        code = fam_store_get(store, &db, status);
    }
    fam_store_put(store, db);
    return code;
}

enum fam_code fam_store_get(struct fam_store *store, struct fam_db **ret_db, struct fam_status *status)
{
    *ret_db = NULL;
    enum fam_code code = fam_pool_get(store->pool, ret_db, status);
    if (code == FAM_OK) {
        code = fam_seal_load(store->seal, *ret_db, status);
    }
    if (code != FAM_OK) {
        fam_pool_put(store->pool, *ret_db);
        *ret_db = NULL;
    }
    return code;
}

void fam_store_put(struct fam_store *store, struct fam_db *db)
{
    fam_pool_put(store->pool, db);
}

enum fam_code fam_store_load(struct fam_store *store, struct fam_status *status)
{
    struct fam_db *db = NULL;
    if (fam_seal_is_loaded(store->seal)) {
        return FAM_OK;
    }
    enum fam_code code = fam_store_get(store, &db, status);
    fam_store_put(store, db);
    return code;
}

enum fam_code fam_store_user_gone(struct fam_db *db, const struct fam_uuid *user_id, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, user_id);
    enum fam_code code = fam_db_exec(db, &user_exists, &params, &rows, status);
    if (code != FAM_OK) {
        return code;
    }
    return fam_rows_count(&rows) ? fam_fail_reason(status, FAM_DATA_LOSS, "SEAL", 0, "the key of this user is gone")
                                 : fam_fail(status, FAM_NOT_FOUND, "no such user");
}

enum fam_code fam_store_user_key(struct fam_store *store, const struct fam_uuid *user_id, struct fam_key *ret_key,
                                 struct fam_status *status)
{
    struct fam_db *db = NULL;
    if (fam_seal_cached_key(store->seal, FAM_KEY_USER, user_id, ret_key)) {
        return FAM_OK;
    }
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    code = fam_seal_get_key(store->seal, db, FAM_KEY_USER, user_id, ret_key, status);
    if (code == FAM_NOT_FOUND) {
        code = fam_store_user_gone(db, user_id, status);
    }
    fam_store_put(store, db);
    return code;
}

enum fam_code fam_store_family_key(struct fam_store *store, const struct fam_uuid *family_id, struct fam_key *ret_key,
                                   struct fam_status *status)
{
    struct fam_db *db = NULL;
    if (fam_seal_cached_key(store->seal, FAM_KEY_FAMILY, family_id, ret_key)) {
        return FAM_OK;
    }
    enum fam_code code = fam_store_get(store, &db, status);
    if (code == FAM_OK) {
        code = fam_seal_get_key(store->seal, db, FAM_KEY_FAMILY, family_id, ret_key, status);
        fam_store_put(store, db);
    }
    return code;
}

enum fam_code fam_store_hmac(struct fam_store *store, enum fam_hmac_purpose purpose, const void *data, size_t size,
                             unsigned char ret_hmac[FAM_HMAC_SIZE], struct fam_status *status)
{
    enum fam_code code = fam_store_load(store, status);
    if (code == FAM_OK) {
        fam_seal_hmac(store->seal, purpose, data, size, ret_hmac);
    }
    return code;
}

enum fam_code fam_store_cache_key(struct fam_store *store, struct fam_key *ret_key, struct fam_status *status)
{
    static const char label[] = "fam: values of the cache, 1";
    _Static_assert((int)FAM_HMAC_SIZE == (int)FAM_KEY_SIZE, "a key is an HMAC");
    return fam_store_hmac(store, FAM_HMAC_CACHE, label, sizeof(label), ret_key->bytes, status);
}
