/* lanes.h: updates in memory: order within a chat, concurrency between chats, and the mark up to which all is handled.
 *
 * Updates are put in the order of their ids. A worker takes the oldest one whose chat has no older one left; so a chat
 * is answered in order and a slow chat holds up no other. A handler that can't go on (the server is away) asks for the
 * update to come again later: it stays unconfirmed and holds back its own chat only.
 *
 * fam_lanes_offset is the low-water mark: every update below it has been handled, so it is what Telegram may forget.
 * The number of updates in memory is bounded. All functions are thread-safe. */
#ifndef FAM_BOT_LANES_H
#define FAM_BOT_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "telegram/update.h"

struct fam_lanes;

/* One update on its way. The handler may change `notes`, which stay with the update over its attempts. */
struct fam_job {
    struct fam_update *update;
    unsigned attempt;  /* from 1 */
    uint64_t first_ms; /* monotonic time of the first attempt */
    unsigned notes;    /* the handler's own bits */
};

enum fam_handled { FAM_HANDLED, FAM_HANDLE_AGAIN };

struct fam_lanes_options {
    size_t workers;  /* 1 to 64 */
    size_t capacity; /* updates in memory: 1 to 4096 */
    /* Handles one update; may block. FAM_HANDLE_AGAIN with *ret_delay_ms: the same update again after that time. */
    enum fam_handled (*handle)(void *context, struct fam_job *job, uint32_t *ret_delay_ms);
    void *context;
};

enum fam_lanes_put { FAM_LANES_TAKEN, FAM_LANES_KNOWN, FAM_LANES_FULL };

struct fam_lanes *fam_lanes_new(const struct fam_lanes_options *options, struct fam_status *status) FAM_MUST_CHECK;
/* Starts no more updates and waits until those that run are done, `timeout_ms` at most. True when all were. */
bool fam_lanes_stop(struct fam_lanes *lanes, uint32_t timeout_ms);
/* Waits for the workers without a limit; what was not handled is dropped (and comes again from Telegram). Takes NULL.
 */
void fam_lanes_free(struct fam_lanes *lanes);

/* Takes ownership of the update in every case. KNOWN: its id is not above the highest that was put. FULL: dropped. */
enum fam_lanes_put fam_lanes_put(struct fam_lanes *lanes, struct fam_update *update);
/* An update that can't be handled counts as handled in its place of the order. */
enum fam_lanes_put fam_lanes_skip(struct fam_lanes *lanes, int64_t update_id);
/* What to give getUpdates as offset; 0 before the first update was handled. */
int64_t fam_lanes_offset(struct fam_lanes *lanes);
/* Waits until nothing is left unhandled, `timeout_ms` at most, or until fam_lanes_wake. True when nothing is left. */
bool fam_lanes_wait_idle(struct fam_lanes *lanes, uint32_t timeout_ms);
/* Waits until asking for more is worth it: the mark is above `offset` and `few` updates at most are left, or none are
 * left; `timeout_ms` at most, or until fam_lanes_wake. True when it is. */
bool fam_lanes_wait_progress(struct fam_lanes *lanes, int64_t offset, size_t few, uint32_t timeout_ms);
void fam_lanes_wake(struct fam_lanes *lanes);
/* Was this update put already? Cheaper than making one to find out. */
bool fam_lanes_knows(struct fam_lanes *lanes, int64_t update_id);
/* Updates that are being handled at this moment; unhandled ones in memory. */
size_t fam_lanes_busy(struct fam_lanes *lanes);
size_t fam_lanes_pending(struct fam_lanes *lanes);
/* Milliseconds since the oldest unhandled update was put; 0: none is left. */
uint64_t fam_lanes_oldest_ms(struct fam_lanes *lanes);
/* How many more fit. */
size_t fam_lanes_room(struct fam_lanes *lanes);
/* Forgets the mark when nothing is pending: Telegram numbers anew after a week without updates. */
void fam_lanes_forget(struct fam_lanes *lanes);

/* While held no update is begun; those that run go on. */
void fam_lanes_hold(struct fam_lanes *lanes, bool is_held);
/* Forgets what was not begun, and the mark: all that was not confirmed comes again from Telegram. What runs goes on to
 * its end, keeps its chat until then, and moves no mark. */
void fam_lanes_reset(struct fam_lanes *lanes);
/* Takes a chat for something that is no update (a notification): false while an update of it runs or somebody else has
 * taken it, or when FAM_LANES_ENTERED chats are taken. Until fam_lanes_leave none of its updates is begun. */
enum { FAM_LANES_ENTERED = 16 };
bool fam_lanes_enter(struct fam_lanes *lanes, int64_t chat_id);
void fam_lanes_leave(struct fam_lanes *lanes, int64_t chat_id);

#endif
