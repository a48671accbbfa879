/* invite_store.h: ways into a family. An invitation is for one person, once, and for 72 hours; its code stands in a
 * link that the one who invites passes on. The code is derived from the idempotency key and stored as an HMAC only, so
 * nobody finds it in the database, and a repeated call gives the same one.
 *
 * A code that is unknown, used, revoked or too old, and one whose family is gone, is the same NOT_FOUND with the same
 * message. How often somebody may be wrong is the caller's to count. */
#ifndef FAM_STORE_INVITE_STORE_H
#define FAM_STORE_INVITE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/family.pb-c.h"
#include "store/idempotency_store.h"

struct fam_store;

enum {
    FAM_INVITE_CODE_SIZE = 23, /* 22 characters of [A-Za-z0-9_-] and a NUL */
    FAM_INVITES_MAX = 20,      /* open at a time, of a family */
};

struct fam_invite {
    struct fam_uuid invite_id;
    Fam__V1__ParentRole role; /* that it gives */
    int64_t created_at_ms;
    int64_t expires_at_ms;
    struct fam_uuid created_by;
};

/* What a code leads to. Free with fam_invite_preview_done. */
struct fam_invite_preview {
    char *inviter_name; /* never NULL */
    char *family_name;  /* never NULL */
    struct fam_uuid family_id;
    Fam__V1__ParentRole role;
};
void fam_invite_preview_done(struct fam_invite_preview *preview);

/* The code that this mutation makes, or made; without a key one that nobody gets twice. Wipe it after use. */
enum fam_code fam_invite_code(struct fam_store *store, const struct fam_mutation *mutation,
                              char ret_code[FAM_INVITE_CODE_SIZE], struct fam_status *status) FAM_MUST_CHECK;
/* Into the user's family. `code` is what fam_invite_code gave for the mutation. ids: invite, family. NOT_FOUND: in no
 * family; PERMISSION_DENIED (reason "READS_ONLY") for a relative who reads only; FAILED_PRECONDITION (reason
 * "INVITES_MAX") beyond FAM_INVITES_MAX, however many are made at once; INVALID_ARGUMENT (field role). */
enum fam_code fam_invite_create(struct fam_store *store, const struct fam_mutation *mutation,
                                const struct fam_uuid *user_id, Fam__V1__ParentRole role, const char *code,
                                struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;
/* One of the user's family, whatever became of it. NOT_FOUND. */
enum fam_code fam_invite_get(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *invite_id,
                             struct fam_invite *ret_invite, struct fam_status *status) FAM_MUST_CHECK;
/* Those that can still be used, the newest first. Errors as fam_invite_create has them. */
enum fam_code fam_invite_list(struct fam_store *store, const struct fam_uuid *user_id,
                              struct fam_invite ret_invites[FAM_INVITES_MAX], size_t *ret_count,
                              struct fam_status *status) FAM_MUST_CHECK;
/* *ret_ended: it could have been used until now. ids: invite. NOT_FOUND: the user's family has no such one. */
enum fam_code fam_invite_revoke(struct fam_store *store, const struct fam_mutation *mutation,
                                const struct fam_uuid *user_id, const struct fam_uuid *invite_id, bool *ret_ended,
                                struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;
/* NOT_FOUND. */
enum fam_code fam_invite_look(struct fam_store *store, const char *code, struct fam_invite_preview *ret_preview,
                              struct fam_status *status) FAM_MUST_CHECK;
/* Makes the user a member; of two who use one code at once one wins. A family in which the user was alone and that has
 * no children ends with it. Who made the invitation is told by a notice; ring the bell after it. ids: family, parent.
 * NOT_FOUND; FAILED_PRECONDITION (reason "HAS_FAMILY") when the user is in another family, whatever the code. */
enum fam_code fam_invite_join(struct fam_store *store, const struct fam_mutation *mutation,
                              const struct fam_uuid *user_id, const char *code, struct fam_outcome *ret_outcome,
                              struct fam_status *status) FAM_MUST_CHECK;
/* Deletes those that ended 30 days ago or longer, `limit` at most. */
enum fam_code fam_invite_sweep(struct fam_store *store, size_t limit, size_t *ret_deleted,
                               struct fam_status *status) FAM_MUST_CHECK;

#endif
