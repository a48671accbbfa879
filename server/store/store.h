/* store.h: what all stores share: the pool and the keys. One for the process; thread-safe.
 *
 * Every function of the stores may fail with UNAVAILABLE (database away, retry_after_ms set), RESOURCE_EXHAUSTED,
 * DEADLINE_EXCEEDED, FAILED_PRECONDITION (schema behind, wrong master key), DATA_LOSS (a sealed value does not
 * authenticate, or its key is gone) and INTERNAL, besides what its header says. */
#ifndef FAM_STORE_STORE_H
#define FAM_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "store/pool.h"
#include "store/seal.h"

struct fam_store;

struct fam_store_options {
    struct fam_pool_options pool;
    const char *master_key; /* the text of FAM_MASTER_KEY; parsed and forgotten */
};

/* Needs no database. INVALID_ARGUMENT says what is wrong with the connection string or the master key. */
struct fam_store *fam_store_new(const struct fam_store_options *options, struct fam_status *status) FAM_MUST_CHECK;
/* Entries that wait are written and answered first. Takes NULL. */
void fam_store_free(struct fam_store *store);
struct fam_pool *fam_store_pool(struct fam_store *store);
struct fam_seal *fam_store_seal(struct fam_store *store);
/* For the stores: the group commit of new entries. */
struct fam_committer;
struct fam_committer *fam_store_committer(struct fam_store *store);

/* Health: does the database answer a statement? */
enum fam_code fam_store_ping(struct fam_store *store, struct fam_status *status) FAM_MUST_CHECK;
/* Readiness: it answers, its schema is current, and the master key opens its keys. FAILED_PRECONDITION with reason
 * "SCHEMA_BEHIND", "MASTER_KEY" or "KEYS_MISSING". */
enum fam_code fam_store_ready(struct fam_store *store, struct fam_status *status) FAM_MUST_CHECK;

/* A connection with the HMAC keys loaded; the stores start with it. */
enum fam_code fam_store_get(struct fam_store *store, struct fam_db **ret_db, struct fam_status *status) FAM_MUST_CHECK;
/* Takes NULL. */
void fam_store_put(struct fam_store *store, struct fam_db *db);
/* The HMAC keys alone: needs no connection once they are there. */
enum fam_code fam_store_load(struct fam_store *store, struct fam_status *status) FAM_MUST_CHECK;

/* For rooms that keep things elsewhere (sessions in Redis are sealed under the user's key). NOT_FOUND: no such user.
 * Wipe with fam_key_done. */
enum fam_code fam_store_user_key(struct fam_store *store, const struct fam_uuid *user_id, struct fam_key *ret_key,
                                 struct fam_status *status) FAM_MUST_CHECK;
/* For the stores, when there is no key of a user: NOT_FOUND, no such user (erased ones are none); or DATA_LOSS, for a
 * user without a key is a database without its keys. */
enum fam_code fam_store_user_gone(struct fam_db *db, const struct fam_uuid *user_id,
                                  struct fam_status *status) FAM_MUST_CHECK;
/* The same of a family. NOT_FOUND: there is no key (any more). */
enum fam_code fam_store_family_key(struct fam_store *store, const struct fam_uuid *family_id, struct fam_key *ret_key,
                                   struct fam_status *status) FAM_MUST_CHECK;
/* The key that seals values of the shared cache, the same for all servers of a database: derived from the HMAC key of
 * the cache. Needs no connection once the keys are loaded. Wipe with fam_key_done. */
enum fam_code fam_store_cache_key(struct fam_store *store, struct fam_key *ret_key,
                                  struct fam_status *status) FAM_MUST_CHECK;
/* HMAC-SHA-256 under the random key of `purpose`, loading it when needed. */
enum fam_code fam_store_hmac(struct fam_store *store, enum fam_hmac_purpose purpose, const void *data, size_t size,
                             unsigned char ret_hmac[FAM_HMAC_SIZE], struct fam_status *status) FAM_MUST_CHECK;

#endif
