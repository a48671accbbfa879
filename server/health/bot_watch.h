/* bot_watch.h: what the bots tell of themselves (OpsService.ReportBot), for the health check "telegram".
 *
 * Telegram is asked by the bot, not by the server: the latest reports are all that the server knows. Several bots may
 * report, told apart by the name of their token and the process's own; one that polls well is enough, and one that
 * stands by beside it is no fault. At most 16 are remembered, the silent ones are forgotten first. Thread-safe; does no
 * I/O. */
#ifndef FAM_HEALTH_BOT_WATCH_H
#define FAM_HEALTH_BOT_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "health/health.h"

struct fam_bot_watch;

enum {
    FAM_BOT_SILENT_MS = 60000, /* six reports are missing */
    FAM_BOT_POLL_MS = 120000,  /* a long poll takes 50 s at most */
    FAM_BOT_BEHIND = 100,      /* updates: all that it has room for */
};

struct fam_bot_report {
    bool polled;
    uint32_t poll_age_ms; /* at the time of the report */
    uint32_t unhandled;   /* updates that it holds and has not answered */
    bool is_standby;      /* another process of this bot polls, as far as it knows */
};

/* `now_ms` is the clock, monotonic; NULL: fam_mono_ms. */
struct fam_bot_watch *fam_bot_watch_new(uint64_t (*now_ms)(void), struct fam_status *status) FAM_MUST_CHECK;
/* Takes NULL. */
void fam_bot_watch_free(struct fam_bot_watch *watch);
/* `name` is copied, and cut at 160 bytes. True: nothing was heard of this bot for a minute, or ever. */
bool fam_bot_watch_report(struct fam_bot_watch *watch, const char *name, const struct fam_bot_report *report);
/* In the first minute nothing is known, and nothing is held against a bot that has not reported. Later: degraded while
 * none ever has, for the server is of use without one; degraded when a bot is behind with all the updates that it has
 * room for; unhealthy when those that reported have fallen silent or get no answer from Telegram, or all stand by. */
enum fam_health_state fam_bot_watch_state(struct fam_bot_watch *watch, char ret_reason[FAM_HEALTH_REASON_SIZE]);

#endif
