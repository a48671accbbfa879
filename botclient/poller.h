/* poller.h: long polling of Telegram, on one thread.
 *
 * Asks with the lanes' low-water mark as offset, so Telegram forgets an update only after it has been handled. While
 * updates are unhandled Telegram answers every poll at once and repeats them; they are known and dropped. Polling goes
 * on all the same, so that a slow update holds up no other chat's: at once when the mark has moved and few are left,
 * else after 10 ms, and after twice that each time when nothing new came, up to 320 ms. Failures back off with jitter
 * and never end the loop.
 *
 * A process that may not poll (another one leads, leader.h) waits here. `cut` ends the poll that is under way, and no
 * other call. */
#ifndef FAM_BOT_POLLER_H
#define FAM_BOT_POLLER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

struct fam_api;
struct fam_lanes;
struct fam_log;
struct fam_metrics;
struct fam_poller;

struct fam_poller_options {
    struct fam_api *api; /* borrowed, like the rest */
    struct fam_lanes *lanes;
    struct fam_log *log;          /* may be NULL */
    struct fam_metrics *metrics;  /* may be NULL */
    atomic_bool *stop;            /* ends the loop */
    const atomic_bool *cut;       /* ends the poll that is under way while it is true; NULL: `stop` does */
    bool (*may_poll)(void *lead); /* asked before each poll, and before what it brought is taken; NULL: always */
    void (*conflict)(void *lead); /* Telegram answered 409; may be NULL */
    void *lead;
    void (*sleep_ms)(uint32_t ms); /* for tests; NULL: sleeps, in short steps that look at `stop` */
};

struct fam_poller *fam_poller_new(const struct fam_poller_options *options, struct fam_status *status) FAM_MUST_CHECK;
/* Polls until *stop is true. */
void fam_poller_run(struct fam_poller *poller);
/* Milliseconds since the last poll that Telegram answered; UINT64_MAX: none yet. Thread-safe. */
uint64_t fam_poller_age_ms(const struct fam_poller *poller);
void fam_poller_free(struct fam_poller *poller);

#endif
