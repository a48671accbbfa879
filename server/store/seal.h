/* seal.h: keys and sealed values.
 *
 * Each user, family and entry has a random key of its own. User, family and HMAC keys are wrapped by the master key,
 * entry keys by their author's key; wrapped keys live in the schema `keys`. A sealed value is
 *     format byte 1 · nonce (24) · XChaCha20-Poly1305 ciphertext and tag
 * with its place (table, column, row, part, owner) as associated data, so a value moved elsewhere does not open.
 * A key wrapped by the master key is  format byte 2 · master version (2, big-endian) · nonce · ciphertext and tag.
 *
 * Unwrapped user and family keys are kept for 30 s at most (256 of them, in locked memory), so that destroying a key
 * takes effect soon. Thread-safe. */
#ifndef FAM_STORE_SEAL_H
#define FAM_STORE_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "base/status.h"
#include "base/uuid.h"
#include "store/db.h"

enum { FAM_KEY_SIZE = 32, FAM_HMAC_SIZE = 32, FAM_SEAL_OVERHEAD = 1 + 24 + 16, FAM_WRAPPED_MAX = 3 + 24 + 32 + 16 };

/* In the caller's storage; wipe with fam_key_done (fits fam_auto). */
struct fam_key {
    unsigned char bytes[FAM_KEY_SIZE];
};
void fam_key_random(struct fam_key *ret_key);
void fam_key_done(struct fam_key *key);

/* Where a sealed value stands. `part` numbers the rows that share `row` (a reading's version); else 0. */
struct fam_place {
    const char *table;
    const char *column;
    struct fam_uuid row;
    uint32_t part;
    struct fam_uuid owner; /* user, family, or the entry's author */
};

/* *ret_sealed (malloc'ed, free()) has *ret_size bytes: size + FAM_SEAL_OVERHEAD. `data` may be NULL when size is 0. */
enum fam_code fam_seal_close(const struct fam_key *key, const struct fam_place *place, const void *data, size_t size,
                             unsigned char **ret_sealed, size_t *ret_size, struct fam_status *status) FAM_MUST_CHECK;
/* DATA_LOSS when it is of another place, of another key, or damaged. *ret_text is set anew. */
enum fam_code fam_seal_open(const struct fam_key *key, const struct fam_place *place, const void *sealed, size_t size,
                            struct fam_secret *ret_text, struct fam_status *status) FAM_MUST_CHECK;
/* A key under another key (an entry's under its author's). Exactly FAM_SEAL_OVERHEAD + FAM_KEY_SIZE bytes. */
enum { FAM_ENTRY_WRAP_SIZE = FAM_SEAL_OVERHEAD + FAM_KEY_SIZE };
void fam_seal_wrap(const struct fam_key *outer, const struct fam_place *place, const struct fam_key *inner,
                   unsigned char ret_wrapped[FAM_ENTRY_WRAP_SIZE]);
enum fam_code fam_seal_unwrap(const struct fam_key *outer, const struct fam_place *place, const void *wrapped,
                              size_t size, struct fam_key *ret_inner, struct fam_status *status) FAM_MUST_CHECK;

struct fam_seal;

/* "v2:BASE64,v1:BASE64", the newest first, 32 bytes each, versions 1 to 65535. INVALID_ARGUMENT names the fault and
 * the position, never the value. */
struct fam_seal *fam_seal_new(const char *master_key, struct fam_status *status) FAM_MUST_CHECK;
void fam_seal_free(struct fam_seal *seal);

/* Under the newest master key; FAM_WRAPPED_MAX bytes. */
void fam_seal_master_wrap(struct fam_seal *seal, const struct fam_place *place, const struct fam_key *key,
                          unsigned char ret_wrapped[FAM_WRAPPED_MAX]);
/* FAILED_PRECONDITION with reason "MASTER_KEY" when the version is not among ours or does not open it. */
enum fam_code fam_seal_master_unwrap(struct fam_seal *seal, const struct fam_place *place, const void *wrapped,
                                     size_t size, struct fam_key *ret_key, struct fam_status *status) FAM_MUST_CHECK;

enum fam_key_kind { FAM_KEY_USER, FAM_KEY_FAMILY };
/* Makes the key of a new user or family and writes it, wrapped, through `db` (in the transaction of its row). */
enum fam_code fam_seal_create_key(struct fam_seal *seal, struct fam_db *db, enum fam_key_kind kind,
                                  const struct fam_uuid *id, struct fam_key *ret_key,
                                  struct fam_status *status) FAM_MUST_CHECK;
/* From the cache or the database. NOT_FOUND when there is none (any more). */
enum fam_code fam_seal_get_key(struct fam_seal *seal, struct fam_db *db, enum fam_key_kind kind,
                               const struct fam_uuid *id, struct fam_key *ret_key,
                               struct fam_status *status) FAM_MUST_CHECK;
/* The same for a caller that has read `wrapped` with its rows, outside a transaction that could have made the key;
 * NULL: there is no key (any more), NOT_FOUND. */
enum fam_code fam_seal_take_key(struct fam_seal *seal, enum fam_key_kind kind, const struct fam_uuid *id,
                                const void *wrapped, size_t size, struct fam_key *ret_key,
                                struct fam_status *status) FAM_MUST_CHECK;
/* From the cache alone. */
bool fam_seal_cached_key(struct fam_seal *seal, enum fam_key_kind kind, const struct fam_uuid *id,
                         struct fam_key *ret_key) FAM_MUST_CHECK;
/* Forgets a cached key at once (this process). */
void fam_seal_forget(struct fam_seal *seal, enum fam_key_kind kind, const struct fam_uuid *id);

/* Random keys, made once in a database's life: look-up of Telegram ids, cache keys, derived secrets, HMACs of
 * requests. */
enum fam_hmac_purpose { FAM_HMAC_LOOKUP, FAM_HMAC_CACHE, FAM_HMAC_DERIVE, FAM_HMAC_IDEMPOTENCY, FAM_HMAC_PURPOSES };
/* Loads all, making those that are missing; also the check that the master key is the right one. Does nothing when they
 * are loaded. FAILED_PRECONDITION with reason "KEYS_MISSING" when there are users but no keys at all: a restore without
 * its key dump. `db` must not be in a transaction. */
enum fam_code fam_seal_load(struct fam_seal *seal, struct fam_db *db, struct fam_status *status) FAM_MUST_CHECK;
bool fam_seal_is_loaded(const struct fam_seal *seal);
/* HMAC-SHA-256; only after fam_seal_load. */
void fam_seal_hmac(const struct fam_seal *seal, enum fam_hmac_purpose purpose, const void *data, size_t size,
                   unsigned char ret_hmac[FAM_HMAC_SIZE]);
/* A secret that is the same for the same texts: HMAC under the derive key over scope, method and key, each with its
 * length. Only after fam_seal_load. */
void fam_seal_derive(const struct fam_seal *seal, const char *scope, const char *method, const char *key,
                     unsigned char ret_secret[FAM_HMAC_SIZE]);

#endif
