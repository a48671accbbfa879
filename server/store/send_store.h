/* send_store.h: a check-in or a report goes to one person now, because an operator says so.
 *
 * The person's wishes hold as at a due time: both consents, a block, a pause, quiet hours; and nothing goes to somebody
 * who has one waiting. What is sent is in the audit log, in the same transaction. Thread-safe. */
#ifndef FAM_STORE_SEND_STORE_H
#define FAM_STORE_SEND_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/ops.pb-c.h"
#include "store/audit_store.h"
#include "store/idempotency_store.h"

struct fam_store;

/* What became of it. */
struct fam_sent {
    Fam__V1__NotSent not_sent;
    Fam__V1__CheckinSlot slot;       /* of a check-in, whether it was sent or not */
    struct fam_uuid notification_id; /* nil: nothing was sent */
    struct fam_uuid report_id;       /* nil: nothing was sent, or it is a check-in */
};
/* From the ids of an outcome. False when they are none. */
bool fam_sent_read(const void *ids, size_t size, struct fam_sent *ret_sent);

/* Borrowed. */
struct fam_send_checkin {
    const struct fam_uuid *user_id;
    Fam__V1__CheckinSlot slot;                        /* unspecified: the nearest by the clock of the person's family */
    const char *(*set_of)(Fam__V1__CheckinSlot slot); /* which questions are asked at that hour */
    const struct fam_audit *audit;
};
/* What would be sent, and whether; changes nothing. NOT_FOUND: no such person. */
enum fam_code fam_send_checkin_look(struct fam_store *store, const struct fam_send_checkin *send,
                                    struct fam_sent *ret_sent, struct fam_status *status) FAM_MUST_CHECK;
/* It is due at this moment. ids: for fam_sent_read. NOT_FOUND. Ring the bell when something was sent. */
enum fam_code fam_send_checkin(struct fam_store *store, const struct fam_mutation *mutation,
                               const struct fam_send_checkin *send, struct fam_outcome *ret_outcome,
                               struct fam_sent *ret_sent, struct fam_status *status) FAM_MUST_CHECK;

/* Borrowed. The report is in the archive. */
struct fam_send_report {
    const struct fam_uuid *user_id;
    struct fam_uuid report_id;
    const void *body; /* a packed WeekSummary that names the report */
    size_t body_size;
    const struct fam_audit *audit;
};
/* As the two above. */
enum fam_code fam_send_report_look(struct fam_store *store, const struct fam_uuid *user_id, struct fam_sent *ret_sent,
                                   struct fam_status *status) FAM_MUST_CHECK;
enum fam_code fam_send_report(struct fam_store *store, const struct fam_mutation *mutation,
                              const struct fam_send_report *send, struct fam_outcome *ret_outcome,
                              struct fam_sent *ret_sent, struct fam_status *status) FAM_MUST_CHECK;

#endif
