/* username.h: the bot's own user name, for links to it (https://t.me/NAME?start=…). Telegram is asked once; the answer
 * is kept. Thread-safe. */
#ifndef FAM_BOT_USERNAME_H
#define FAM_BOT_USERNAME_H

#include "base/compiler.h"
#include "base/status.h"
#include "dialog/dialog.h"

struct fam_api;
struct fam_username;

/* `api` is borrowed. */
struct fam_username *fam_username_new(struct fam_api *api, struct fam_status *status) FAM_MUST_CHECK;
void fam_username_free(struct fam_username *username);
/* For struct fam_dialog_options. UNAVAILABLE with the reason "TELEGRAM" while it is not known and Telegram does not
 * tell; blocks for one call then. */
enum fam_code fam_username_get(void *username, char ret_name[FAM_USERNAME_SIZE], struct fam_status *status);

#endif
