/* bot.h: the one context of fambot: everything it owns, made and ended in order.
 *
 * Life: fam_bot_new → fam_bot_start → … → fam_bot_stop → fam_bot_free. It starts without the server and without
 * Telegram, and waits for both. */
#ifndef FAM_BOT_BOT_H
#define FAM_BOT_BOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/config.h"
#include "base/status.h"

struct fam_bot;
struct fam_log;
struct fam_sentry;

/* `config`, `log` and `sentry` (NULL: none; for its metric) are borrowed. */
struct fam_bot *fam_bot_new(const struct fam_config *config, struct fam_log *log, struct fam_sentry *sentry,
                            struct fam_status *status) FAM_MUST_CHECK;
/* Begins to poll and to answer. */
enum fam_code fam_bot_start(struct fam_bot *bot, struct fam_status *status) FAM_MUST_CHECK;
/* Stops polling, finishes what is being handled (FAM_DRAIN_MS at most), tells Telegram what was handled. False: some
 * handler still runs; then the process is to end without fam_bot_free. */
bool fam_bot_stop(struct fam_bot *bot);
/* The port of the pages. */
uint16_t fam_bot_http_port(const struct fam_bot *bot);
/* Takes NULL and one that was not started. */
void fam_bot_free(struct fam_bot *bot);

#endif
