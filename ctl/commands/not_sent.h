/* not_sent.h: what became of a message that an operator had sent to somebody. */
#ifndef FAM_CTL_COMMANDS_NOT_SENT_H
#define FAM_CTL_COMMANDS_NOT_SENT_H

#include "ctl.h"
#include "fam/v1/ops.pb-c.h"

/* Fields of the answer. What was not sent ends with exit code 1, unless it was a dry run. */
void fam_ctl_show_sent(struct fam_ctl *ctl, Fam__V1__NotSent not_sent, const char *notification_id);

#endif
