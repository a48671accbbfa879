/* idempotency_store.c: see idempotency_store.h. */
#include "store/idempotency_store.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

static const struct fam_statement insert_key = {
    "idem_insert",
    "INSERT INTO idempotency_keys (scope, method, key, request_hmac, user_id, result) "
    "VALUES ($1, $2, $3, $4, $5, ''::bytea) ON CONFLICT (scope, method, key) DO NOTHING",
    "insert", "idempotency_keys"};
static const struct fam_statement select_key = {
    "idem_select", "SELECT request_hmac, result FROM idempotency_keys WHERE scope = $1 AND method = $2 AND key = $3",
    "select", "idempotency_keys"};
static const struct fam_statement update_key = {
    "idem_update", "UPDATE idempotency_keys SET result = $4 WHERE scope = $1 AND method = $2 AND key = $3", "update",
    "idempotency_keys"};
static const struct fam_statement sweep_keys = {
    "idem_sweep",
    "DELETE FROM idempotency_keys WHERE (scope, method, key) IN (SELECT scope, method, key FROM idempotency_keys "
    "WHERE created_at < now() - INTERVAL '48 hours' ORDER BY created_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED)",
    "delete", "idempotency_keys"};

bool fam_ids_uuid(const void *ids, size_t size, size_t index, struct fam_uuid *ret_uuid)
{
    if (!ids || size / sizeof(ret_uuid->bytes) <= index) {
        return false;
    }
    memcpy(ret_uuid->bytes, (const unsigned char *)ids + index * sizeof(ret_uuid->bytes), sizeof(ret_uuid->bytes));
    return true;
}

void fam_outcome_add(struct fam_outcome *outcome, const struct fam_uuid *uuid)
{
    assert(outcome->ids_size + sizeof(uuid->bytes) <= sizeof(outcome->ids));
    memcpy(outcome->ids + outcome->ids_size, uuid->bytes, sizeof(uuid->bytes));
    outcome->ids_size += sizeof(uuid->bytes);
}

bool fam_mutation_has_key(const struct fam_mutation *mutation)
{
    return mutation && mutation->key && mutation->key[0];
}

/* Over the acting user and the request. */
enum fam_code fam_mutation_hmac(struct fam_store *store, const struct fam_mutation *mutation,
                                unsigned char ret_hmac[FAM_MUTATION_HMAC_SIZE], struct fam_status *status)
{
    struct fam_uuid nobody = {{0}};
    const struct fam_uuid *user = mutation->user_id ? mutation->user_id : &nobody;
    size_t size = sizeof(user->bytes) + mutation->request_size;
    unsigned char *text = size >= mutation->request_size ? malloc(size) : NULL;
    if (!text) {
        return fam_fail_memory(status);
    }
    memcpy(text, user->bytes, sizeof(user->bytes));
    if (mutation->request_size) {
        memcpy(text + sizeof(user->bytes), mutation->request, mutation->request_size);
    }
    enum fam_code code = fam_store_hmac(store, FAM_HMAC_IDEMPOTENCY, text, size, ret_hmac, status);
    sodium_memzero(text, size);
    free(text);
    return code;
}

static void add_name(struct fam_params *params, const struct fam_mutation *mutation)
{
    fam_param_text(params, mutation->scope);
    fam_param_text(params, mutation->method);
    fam_param_text(params, mutation->key);
}

/* *ret_found with the ids of the first time; INVALID_ARGUMENT when that was another request. */
enum fam_code fam_idempotency_match(struct fam_db *db, const struct fam_mutation *mutation,
                                    const unsigned char hmac[FAM_MUTATION_HMAC_SIZE], bool *ret_found,
                                    struct fam_outcome *outcome, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    size_t size = 0;
    *ret_found = false;
    add_name(&params, mutation);
    enum fam_code code = fam_db_exec(db, &select_key, &params, &rows, status);
    if (code != FAM_OK || fam_rows_count(&rows) == 0) {
        return code;
    }
    const unsigned char *stored = fam_rows_bytes(&rows, 0, 0, &size);
    if (size != FAM_HMAC_SIZE || sodium_memcmp(stored, hmac, FAM_HMAC_SIZE) != 0) {
        return fam_fail_reason(status, FAM_INVALID_ARGUMENT, "IDEMPOTENCY_KEY", 0,
                               "this idempotency key was used for another request");
    }
    const unsigned char *ids = fam_rows_bytes(&rows, 0, 1, &size);
    if (size > sizeof(outcome->ids)) {
        return fam_fail(status, FAM_DATA_LOSS, "a row of idempotency_keys is damaged");
    }
    if (size) {
        memcpy(outcome->ids, ids, size);
    }
    outcome->ids_size = size;
    outcome->replayed = true;
    *ret_found = true;
    return FAM_OK;
}

enum fam_code fam_idempotency_find(struct fam_store *store, const struct fam_mutation *mutation, bool *ret_found,
                                   struct fam_outcome *ret_outcome, struct fam_status *status)
{
    unsigned char hmac[FAM_HMAC_SIZE];
    struct fam_db *db = NULL;
    memset(ret_outcome, 0, sizeof(*ret_outcome));
    *ret_found = false;
    if (!fam_mutation_has_key(mutation)) {
        return FAM_OK;
    }
    enum fam_code code = fam_mutation_hmac(store, mutation, hmac, status);
    if (code == FAM_OK) {
        code = fam_store_get(store, &db, status);
    }
    if (code == FAM_OK) {
        code = fam_idempotency_match(db, mutation, hmac, ret_found, ret_outcome, status);
    }
    fam_store_put(store, db);
    return code;
}

enum fam_code fam_idempotency_sweep(struct fam_store *store, size_t limit, size_t *ret_deleted,
                                    struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    *ret_deleted = 0;
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_i64(&params, (int64_t)limit);
    code = fam_db_exec(db, &sweep_keys, &params, &rows, status);
    if (code == FAM_OK) {
        *ret_deleted = fam_rows_affected(&rows);
    }
    fam_store_put(store, db);
    return code;
}

/* What fam_tx_run hands through. */
struct attempt {
    struct fam_store *store;
    const struct fam_mutation *mutation;
    unsigned char hmac[FAM_HMAC_SIZE];
    fam_effect_fn *effect;
    void *context;
    struct fam_outcome *outcome;
};

/* Takes the key. The INSERT waits while another transaction has the same one, until that commits or rolls back. */
static enum fam_code take_key(struct fam_db *db, struct attempt *attempt, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    bool found = false;
    add_name(&params, attempt->mutation);
    fam_param_bytes(&params, attempt->hmac, sizeof(attempt->hmac));
    fam_param_uuid(&params, attempt->mutation->user_id);
    enum fam_code code = fam_db_exec(db, &insert_key, &params, &rows, status);
    if (code != FAM_OK || fam_rows_affected(&rows) == 1) {
        return code;
    }
    code = fam_idempotency_match(db, attempt->mutation, attempt->hmac, &found, attempt->outcome, status);
    if (code == FAM_OK && !found) {
        return fam_fail_reason(status, FAM_ABORTED, "IDEMPOTENCY_KEY", 50, "the key was removed at this moment");
    }
    return code;
}

static enum fam_code keep_ids(struct fam_db *db, const struct attempt *attempt, struct fam_status *status)
{
    struct fam_params params = {0};
    add_name(&params, attempt->mutation);
    fam_param_bytes(&params, attempt->outcome->ids, attempt->outcome->ids_size);
    return fam_db_exec(db, &update_key, &params, NULL, status);
}

static enum fam_code run(struct fam_db *db, void *context, struct fam_status *status)
{
    struct attempt *attempt = context;
    bool keyed = fam_mutation_has_key(attempt->mutation);
    enum fam_code code = FAM_OK;
    memset(attempt->outcome, 0, sizeof(*attempt->outcome));
    if (keyed) {
        code = take_key(db, attempt, status);
    }
    if (code != FAM_OK || attempt->outcome->replayed) {
        return code;
    }
    code = attempt->effect(attempt->store, db, attempt->context, attempt->outcome, status);
    if (code == FAM_OK && keyed && attempt->outcome->ids_size) {
        code = keep_ids(db, attempt, status);
    }
    return code;
}

enum fam_code fam_mutate_hashed(struct fam_store *store, const struct fam_mutation *mutation,
                                const unsigned char hmac[FAM_MUTATION_HMAC_SIZE], fam_effect_fn *effect, void *context,
                                struct fam_outcome *ret_outcome, struct fam_status *status)
{
    struct attempt attempt = {
        .store = store, .mutation = mutation, .effect = effect, .context = context, .outcome = ret_outcome};
    char lsn[FAM_LSN_SIZE] = "";
    _Static_assert((int)FAM_MUTATION_HMAC_SIZE == (int)FAM_HMAC_SIZE, "one HMAC");
    memset(ret_outcome, 0, sizeof(*ret_outcome));
    memcpy(attempt.hmac, hmac, sizeof(attempt.hmac));
    enum fam_code code = fam_store_load(store, status);
    if (code == FAM_OK) {
        code = fam_tx_run(fam_store_pool(store), run, &attempt, lsn, status);
    }
    if (code == FAM_OK && !ret_outcome->replayed) {
        memcpy(ret_outcome->lsn, lsn, sizeof(lsn));
    }
    return code;
}

enum fam_code fam_mutate(struct fam_store *store, const struct fam_mutation *mutation, fam_effect_fn *effect,
                         void *context, struct fam_outcome *ret_outcome, struct fam_status *status)
{
    unsigned char hmac[FAM_MUTATION_HMAC_SIZE] = {0};
    memset(ret_outcome, 0, sizeof(*ret_outcome));
    if (fam_mutation_has_key(mutation)) {
        enum fam_code code = fam_mutation_hmac(store, mutation, hmac, status);
        if (code != FAM_OK) {
            return code;
        }
    }
    return fam_mutate_hashed(store, mutation, hmac, effect, context, ret_outcome, status);
}
