/* recipient_store.h: to whom something that nobody asked for may be sent. For the handlers of tasks. */
#ifndef FAM_STORE_RECIPIENT_STORE_H
#define FAM_STORE_RECIPIENT_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/family.pb-c.h"
#include "store/db.h"

struct fam_store;

enum { FAM_RECIPIENTS_MAX = 100 };

/* Of the user `id`, or of the parents of the family `id`, those who consent to processing and to notifications and can
 * be reached; FAM_RECIPIENTS_MAX at most, the oldest membership first. */
enum fam_code fam_recipients(struct fam_store *store, const struct fam_uuid *id,
                             struct fam_uuid ret_user_ids[FAM_RECIPIENTS_MAX], size_t *ret_count,
                             struct fam_status *status) FAM_MUST_CHECK;
/* In the caller's transaction, and until its end: does the person consent to all these purposes? Who withdraws waits
 * for the transaction, or comes first. False also when there is no such person (any more). */
enum fam_code fam_consents_hold(struct fam_db *db, const struct fam_uuid *user_id,
                                const Fam__V1__ConsentPurpose *purposes, size_t count, bool *ret_granted,
                                struct fam_status *status) FAM_MUST_CHECK;
/* The same for whoever writes personal data. FAILED_PRECONDITION, reason "CONSENT_REQUIRED": no consent to processing,
 * or nobody there (any more). */
enum fam_code fam_processing_hold(struct fam_db *db, const struct fam_uuid *user_id,
                                  struct fam_status *status) FAM_MUST_CHECK;
/* The name of a schedule; *ret_found is false when it is gone or switched off. `ret_name` has FAM_SCHEDULE_NAME_SIZE
 * bytes. */
enum { FAM_SCHEDULE_NAME_SIZE = 64 * 4 + 1 };
enum fam_code fam_recipient_schedule(struct fam_store *store, const struct fam_uuid *schedule_id,
                                     char ret_name[FAM_SCHEDULE_NAME_SIZE], bool *ret_found,
                                     struct fam_status *status) FAM_MUST_CHECK;

#endif
