/* entry_private.h: between entry_store.c (changes) and entry_read.c (reading): places, and what stands inside the
 * seals.
 *   context  format 1 · place · age band · age unknown · what happened before
 *   safety   ten bytes, a kind each, zeros behind: its length tells nothing
 *   chat     chat id (8, big-endian) · message id (8) · the kinds of danger that the message told of, as in safety
 *   rating   helped · used response · comment
 *   correction  emotion · what the reading had said · note · with a signal: NUL · the signal; a row of `corrections`,
 *               under its author's key */
#ifndef FAM_STORE_ENTRY_PRIVATE_H
#define FAM_STORE_ENTRY_PRIVATE_H

#include "base/compiler.h"
#include "base/status.h"
#include "store/db.h"
#include "store/entry_store.h"
#include "store/seal.h"

enum { FAM_CONTEXT_FORMAT = 1, FAM_CONTEXT_HEAD = 4, FAM_CHAT_SIZE = 16, FAM_RATING_HEAD = 2, FAM_CORRECTION_HEAD = 2 };

/* The plain value of the column `safety`, and back. */
void fam_safety_encode(const Fam__V1__SafetyKind *kinds, size_t count, unsigned char out[FAM_ENTRY_SAFETY_MAX]);
size_t fam_safety_decode(const unsigned char *in, size_t size, Fam__V1__SafetyKind ret_kinds[FAM_ENTRY_SAFETY_MAX]);

/* `part`: the reading's version, else 0. */
struct fam_place fam_entry_place(const char *table, const char *column, const struct fam_uuid *row, uint32_t part,
                                 const struct fam_uuid *author);
/* The author's key; NOT_FOUND when there is no such user, or none any more. */
enum fam_code fam_entry_author_key(struct fam_store *store, struct fam_db *db, const struct fam_uuid *user_id,
                                   struct fam_key *ret_key, struct fam_status *status) FAM_MUST_CHECK;
/* Unwraps column `column` of a row, the entry's key under its author's. DATA_LOSS when it is gone. */
enum fam_code fam_entry_key(const struct fam_rows *rows, size_t row, int column, const struct fam_key *author_key,
                            const struct fam_uuid *entry_id, const struct fam_uuid *user_id, struct fam_key *ret_key,
                            struct fam_status *status) FAM_MUST_CHECK;
/* In the caller's transaction: shared with nobody any more. */
enum fam_code fam_entry_hide(struct fam_db *db, const struct fam_uuid *user_id, const struct fam_uuid *entry_id,
                             struct fam_status *status) FAM_MUST_CHECK;
/* The row of fam_entry_deliver, in the caller's transaction. *ret_awaited: a notification about the entry waits. */
enum fam_code fam_entry_add_delivery(struct fam_store *store, struct fam_db *db, const struct fam_uuid *user_id,
                                     const struct fam_uuid *entry_id, const struct fam_delivery *delivery,
                                     bool *ret_awaited, struct fam_status *status) FAM_MUST_CHECK;

#endif
