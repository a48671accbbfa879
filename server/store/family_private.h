/* family_private.h: between the files that change families (family_store.c, family_change.c, child_store.c,
 * invite_store.c) and those that read them: places, keys, dates, profiles, the lock of a change. */
#ifndef FAM_STORE_FAMILY_PRIVATE_H
#define FAM_STORE_FAMILY_PRIVATE_H

#include "base/compiler.h"
#include "base/secret.h"
#include "base/status.h"
#include "store/family_store.h"
#include "store/seal.h"

struct fam_place fam_family_place(const struct fam_uuid *family_id);
struct fam_place fam_child_place(const char *column, const struct fam_uuid *child_id, const struct fam_uuid *family_id);
/* DATA_LOSS when the key is gone. */
enum fam_code fam_family_key(struct fam_store *store, struct fam_db *db, const struct fam_uuid *family_id,
                             struct fam_key *ret_key, struct fam_status *status) FAM_MUST_CHECK;
/* A birth date inside its seal: year (2, big-endian), month, day. */
void fam_date_encode(const struct fam_date *date, unsigned char out[4]);
enum fam_code fam_date_decode(const struct fam_secret *in, struct fam_date *ret_date,
                              struct fam_status *status) FAM_MUST_CHECK;
/* The profile of a row; NULL there: nothing was told. */
enum fam_code fam_child_read_profile(const struct fam_rows *rows, size_t row, int column, const struct fam_key *key,
                                     const struct fam_uuid *family_id, struct fam_child *child,
                                     struct fam_status *status) FAM_MUST_CHECK;

enum fam_family_right { FAM_RIGHT_READ, FAM_RIGHT_CHANGE };
/* For a change, in its transaction: locks the user's family, and then looks what the user is in it, so that members who
 * come, go and change things do so one after the other. ret_role may be NULL. NOT_FOUND: in none, also since a moment.
 * PERMISSION_DENIED (reason "READS_ONLY"): FAM_RIGHT_CHANGE is a parent's. */
enum fam_code fam_family_lock(struct fam_db *db, const struct fam_uuid *user_id, enum fam_family_right right,
                              struct fam_uuid *ret_family_id, Fam__V1__ParentRole *ret_role,
                              struct fam_status *status) FAM_MUST_CHECK;
/* For one who is to come into a family: locks the user's row. NOT_FOUND: no such user; FAILED_PRECONDITION (reason
 * "HAS_FAMILY"): is in one. */
enum fam_code fam_family_lock_newcomer(struct fam_db *db, const struct fam_uuid *user_id,
                                       struct fam_status *status) FAM_MUST_CHECK;
/* INVALID_ARGUMENT (field time_zone) for what is no name of the IANA that PostgreSQL knows; NULL is none. */
enum fam_code fam_time_zone_check(struct fam_db *db, const char *name, struct fam_status *status) FAM_MUST_CHECK;

#endif
