/* family_private.h: between family_store.c (changes) and family_read.c (reading): places, keys, dates. */
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

/* INVALID_ARGUMENT (field time_zone) for what is no name of the IANA that PostgreSQL knows; NULL is none. */
enum fam_code fam_time_zone_check(struct fam_db *db, const char *name, struct fam_status *status) FAM_MUST_CHECK;

#endif
