/* lead_store.h: which process of a bot polls Telegram: a lead with a fence that counts up with each change of its
 * holder. All times are the database's. */
#ifndef FAM_STORE_LEAD_STORE_H
#define FAM_STORE_LEAD_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

struct fam_store;

struct fam_lead {
    bool granted;
    bool changed;           /* by this call: the holder is another one than before */
    uint64_t fence;         /* the holder's, whoever that is; 0: nobody has ever held it */
    uint32_t expires_in_ms; /* of the holder, whoever that is; 0: it has expired */
};

/* Granted when it is free, expired, or `holder`'s already; then it lasts for ttl_ms from now. `scope` and `holder` are
 * borrowed. */
enum fam_code fam_lead_acquire(struct fam_store *store, const char *scope, const char *holder, uint32_t ttl_ms,
                               struct fam_lead *ret_lead, struct fam_status *status) FAM_MUST_CHECK;
/* Free from now on, when it is `holder`'s; the fence stays. Else nothing changes. */
enum fam_code fam_lead_release(struct fam_store *store, const char *scope, const char *holder,
                               struct fam_status *status) FAM_MUST_CHECK;

#endif
