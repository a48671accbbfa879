/* idempotency_store.h: every change happens once.
 *
 * A mutating function of the stores takes a struct fam_mutation. In the transaction of the effect it writes the row
 * (scope, method, key, HMAC of the request, ids of the result), so that a crash leaves both or neither. The same key
 * again changes nothing: the outcome is `replayed`, with the ids of the first time, from which the caller rebuilds its
 * answer. The same key with another request, or for another user, is INVALID_ARGUMENT with reason "IDEMPOTENCY_KEY".
 * Two equal requests at once: the second waits for the first. Rows are kept for 48 hours. */
#ifndef FAM_STORE_IDEMPOTENCY_STORE_H
#define FAM_STORE_IDEMPOTENCY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "store/db.h"
#include "store/pool.h"

struct fam_store;

/* Borrowed. A NULL mutation, or one with an empty key, does the effect without a row. */
struct fam_mutation {
    const char *scope;  /* the principal's (fam_principal.scope) */
    const char *method; /* full RPC name */
    const char *key;
    const void *request; /* serialised */
    size_t request_size;
    const struct fam_uuid *user_id; /* the acting user; NULL: none. The row is erased with this user. */
};

enum { FAM_OUTCOME_IDS_MAX = 64, FAM_MUTATION_HMAC_SIZE = 32 };
struct fam_outcome {
    bool replayed;
    size_t ids_size;
    unsigned char ids[FAM_OUTCOME_IDS_MAX]; /* UUIDs of 16 bytes, in the order that the function documents */
    char lsn[FAM_LSN_SIZE];                 /* after COMMIT; "" when replayed */
};

/* UUID number `index` of ids as they come from fam_outcome or fam_call_replay. False when there are fewer. */
bool fam_ids_uuid(const void *ids, size_t size, size_t index, struct fam_uuid *ret_uuid);

/* Outside a transaction: was this key used? ret_outcome is valid when *ret_found. */
enum fam_code fam_idempotency_find(struct fam_store *store, const struct fam_mutation *mutation, bool *ret_found,
                                   struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;
/* Deletes rows older than 48 hours, `limit` at most. */
enum fam_code fam_idempotency_sweep(struct fam_store *store, size_t limit, size_t *ret_deleted,
                                    struct fam_status *status) FAM_MUST_CHECK;

/* For the stores: runs `effect` in a transaction together with the row. The effect fills outcome->ids by
 * fam_outcome_add; it is not called for a replay. */
typedef enum fam_code fam_effect_fn(struct fam_store *store, struct fam_db *db, void *context,
                                    struct fam_outcome *outcome, struct fam_status *status);
enum fam_code fam_mutate(struct fam_store *store, const struct fam_mutation *mutation, fam_effect_fn *effect,
                         void *context, struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;
/* For the group commit, which keeps the HMAC and not the request. A mutation has a row when its key is not empty. */
bool fam_mutation_has_key(const struct fam_mutation *mutation);
enum fam_code fam_mutation_hmac(struct fam_store *store, const struct fam_mutation *mutation,
                                unsigned char ret_hmac[FAM_MUTATION_HMAC_SIZE],
                                struct fam_status *status) FAM_MUST_CHECK;
/* On a connection: as fam_idempotency_find. */
enum fam_code fam_idempotency_match(struct fam_db *db, const struct fam_mutation *mutation,
                                    const unsigned char hmac[FAM_MUTATION_HMAC_SIZE], bool *ret_found,
                                    struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;
/* As fam_mutate, with the HMAC of the request in the place of the request. */
enum fam_code fam_mutate_hashed(struct fam_store *store, const struct fam_mutation *mutation,
                                const unsigned char hmac[FAM_MUTATION_HMAC_SIZE], fam_effect_fn *effect, void *context,
                                struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;
void fam_outcome_add(struct fam_outcome *outcome, const struct fam_uuid *uuid);

#endif
