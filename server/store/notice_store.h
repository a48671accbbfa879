/* notice_store.h: short notifications that a person should know, whatever they consented to be told. */
#ifndef FAM_STORE_NOTICE_STORE_H
#define FAM_STORE_NOTICE_STORE_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/notification.pb-c.h"

struct fam_db;
struct fam_store;

struct fam_notice_new {
    const struct fam_uuid *user_id;
    Fam__V1__NoticeKind kind;
    const char *name;       /* of who joined; NULL: "" */
    const char *unique_key; /* ever once; NULL: none */
};
/* In the transaction of its cause, by a caller that has called fam_store_load; kept for a week. Ring the bell after the
 * COMMIT. *ret_added is false where the unique key was there. NOT_FOUND: there is no such user (any more). */
enum fam_code fam_notice_add(struct fam_store *store, struct fam_db *db, const struct fam_notice_new *notice,
                             bool *ret_added, struct fam_status *status) FAM_MUST_CHECK;

#endif
