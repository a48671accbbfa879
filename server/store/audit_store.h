/* audit_store.h: who did what, append-only (the database refuses UPDATE and DELETE). Holds ids, names of principals
 * and methods, and the reason that an operator gave; never personal text. */
#ifndef FAM_STORE_AUDIT_STORE_H
#define FAM_STORE_AUDIT_STORE_H

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"

struct fam_store;

struct fam_audit {
    const char *principal;            /* scope of the token: "admin:olga" */
    const char *method;               /* full RPC name */
    const struct fam_uuid *user_id;   /* for whom; NULL: nobody */
    const struct fam_uuid *target_id; /* entry, family, token …; NULL: none */
    const char *reason;               /* "" when none is asked; up to 500 characters are kept */
    const char *request_id;
};

enum fam_code fam_audit_append(struct fam_store *store, const struct fam_audit *audit,
                               struct fam_status *status) FAM_MUST_CHECK;

#endif
