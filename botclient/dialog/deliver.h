/* deliver.h: what the server tells a person without being asked: a better reading, a check-in with its first question
 * and the answers as buttons, a reminder before it, a report with its picture.
 *
 * A better reading replaces the answer it belongs to, in place and with its buttons; or, when the answer is old, gone
 * or can't be edited, when the advice has changed or when a danger was found that the answer did not know of, it comes
 * as a short new message that says why. A safety block is laid out as in a direct answer, protected and with the button
 * that deletes it, and never edited away. Notifications are sent at least once: one that may have been shown is shown
 * again.
 */
#ifndef FAM_DIALOG_DELIVER_H
#define FAM_DIALOG_DELIVER_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "dialog/port.h"
#include "fam/v1/notification.pb-c.h"

struct fam_dialog;

/* Borrowed. */
struct fam_notice {
    const Fam__V1__Notification *notification;
    const struct fam_messenger *messenger; /* of its pace */
    const struct fam_guard *guard;         /* is it still ours to send? */
};

/* *ret_message_id is that of the message that shows it now. Errors of the messenger and of the server as they are;
 * UNIMPLEMENTED: a kind that this bot does not know. Thread-safe. */
enum fam_code fam_dialog_deliver(struct fam_dialog *dialog, const struct fam_notice *notice, int64_t *ret_message_id,
                                 struct fam_status *status) FAM_MUST_CHECK;

#endif
