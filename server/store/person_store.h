/* person_store.h: everything that is known about who asks, in one round trip. */
#ifndef FAM_STORE_PERSON_STORE_H
#define FAM_STORE_PERSON_STORE_H

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "store/family_store.h"
#include "store/user_store.h"

struct fam_store;

/* The user with consents as fam_user_get, and the family with parents and children as fam_family_of_user; without one
 * (ret_user->has_family is false) *ret_family is zeroed. ret_family->profiles_stay is told here alone. All of one
 * moment. NOT_FOUND: no such user. On failure both are zeroed; else free them with fam_user_done and fam_family_done.
 */
enum fam_code fam_person_load(struct fam_store *store, const struct fam_uuid *user_id, struct fam_user *ret_user,
                              struct fam_family *ret_family, struct fam_status *status) FAM_MUST_CHECK;

#endif
