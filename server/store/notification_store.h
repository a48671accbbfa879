/* notification_store.h: what is to be told to whom, as rows.
 *
 * A notification is added in the transaction of its cause, and the bell (notify/bell.h) is rung after the COMMIT. */
#ifndef FAM_STORE_NOTIFICATION_STORE_H
#define FAM_STORE_NOTIFICATION_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/notification.pb-c.h"
#include "store/db.h"

struct fam_store;

/* Borrowed. */
struct fam_notification_new {
    const struct fam_uuid *user_id;
    Fam__V1__Lane lane;
    Fam__V1__NotificationKind kind;
    const struct fam_uuid *entry_id; /* NULL: of no entry */
    int32_t reading_version;         /* with an entry */
    const void *body;                /* of a check-in or a report: a packed CheckinPrompt or WeekSummary, sealed here
                                        under the user's key; NULL: none */
    size_t body_size;
    const char *unique_key; /* ever once; NULL: none */
    uint64_t delay_ms;
    uint64_t lifetime_ms; /* later it expires unsent; 0: 24 hours */
};
/* In the caller's transaction. One with the same unique key stays as it is: *ret_added is false. */
enum fam_code fam_notification_add(struct fam_store *store, struct fam_db *db,
                                   const struct fam_notification_new *notification, bool *ret_added,
                                   struct fam_status *status) FAM_MUST_CHECK;

#endif
