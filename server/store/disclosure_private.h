/* disclosure_private.h: between disclosure_store.c and disclosure_child.c, and for the store of children. */
#ifndef FAM_STORE_DISCLOSURE_PRIVATE_H
#define FAM_STORE_DISCLOSURE_PRIVATE_H

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "store/seal.h"

struct fam_db;
struct fam_store;

/* Where the body of a disclosure belongs. */
struct fam_place fam_disclosure_place(const struct fam_uuid *disclosure_id, const struct fam_uuid *user_id);

/* In the transaction that removes a child: traits and special needs go out of what was sent about it, whoever of the
 * family asked; words, corrections and times stay. What belongs to no entry that is there loses them whichever child
 * they were of. The 5,000 oldest are treated so; those behind them are deleted. */
enum fam_code fam_disclosure_forget_child(struct fam_store *store, struct fam_db *db, const struct fam_uuid *family_id,
                                          const struct fam_uuid *child_id, struct fam_status *status) FAM_MUST_CHECK;

#endif
