/* menu.h: the bot's commands and descriptions in Telegram's menus, one set a language; written only when they differ
 * from what Telegram has. */
#ifndef FAM_BOT_MENU_H
#define FAM_BOT_MENU_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/compiler.h"
#include "fam/v1/types.pb-c.h"

struct fam_api;
struct fam_locales;
struct fam_log;

/* Compares and sets; blocks for a few calls. False when Telegram could not be asked (worth another try later). The
 * default language's set is also the one for languages that we don't speak. */
bool fam_menu_publish(struct fam_api *api, const struct fam_locales *locales, Fam__V1__Language default_language,
                      struct fam_log *log);

#endif
