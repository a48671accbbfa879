/* commands.h: what each command does: one call or a few, and an answer in ctl->out.
 *
 * On success a command returns FAM_OK and may set ctl->exit_code; on failure it fills *status. None of them prints. */
#ifndef FAM_CTL_COMMANDS_COMMANDS_H
#define FAM_CTL_COMMANDS_COMMANDS_H

#include "base/status.h"

struct fam_ctl;

enum fam_code fam_ctl_health(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_info(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_db_status(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_db_migrate(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_token_create(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_token_list(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_token_revoke(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_translate(struct fam_ctl *ctl, struct fam_status *status);

#endif
