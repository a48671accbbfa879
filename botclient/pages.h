/* pages.h: the bot's HTTP pages: /metrics, /health, /health/ready, /health/live.
 *
 * Healthy and ready: a server is connected, and Telegram has answered a poll within two minutes, or another process of
 * this bot polls and the server has said so within the last half minute. "role" tells which: leading, standby, alone
 * (leader.h). Thread-safe. */
#ifndef FAM_BOT_PAGES_H
#define FAM_BOT_PAGES_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

struct fam_bot_pages;
struct fam_client;
struct fam_leader;
struct fam_metrics;
struct fam_poller;

struct fam_bot_pages_options {
    const char *address; /* FAM_BOT_HTTP_LISTEN */
    struct fam_metrics *metrics;
    const struct fam_client *client;
    const struct fam_poller *poller;
    struct fam_leader *leader;
    const char *version;
};

struct fam_bot_pages *fam_bot_pages_new(const struct fam_bot_pages_options *options,
                                        struct fam_status *status) FAM_MUST_CHECK;
uint16_t fam_bot_pages_port(const struct fam_bot_pages *pages);
void fam_bot_pages_free(struct fam_bot_pages *pages);

#endif
