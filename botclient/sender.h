/* sender.h: everything that goes to Telegram because of a conversation: paced, retried, classified.
 *
 * Before a message goes out the pacer is asked; a wait for one chat holds up only the thread that serves it. 429 delays
 * the chat by what Telegram says; a delay above FAM_SENDER_PATIENCE_MS is handed back to the caller. 5xx and broken
 * connections are tried again three times. An unclear outcome is sent again: an answer must arrive.
 *
 * Notifications go another way: nothing waits and nothing is repeated here, for they have a queue that does. What the
 * pacer or Telegram holds back is "FLOOD" with the time to wait, what surely did not leave is "TELEGRAM", and an
 * unclear outcome is told as "UNCLEAR".
 *
 * A message's guard is asked right before each request. Thread-safe. */
#ifndef FAM_BOT_SENDER_H
#define FAM_BOT_SENDER_H

#include <stdatomic.h>

#include "base/compiler.h"
#include "base/status.h"
#include "dialog/port.h"
#include "pacer.h"

struct fam_api;
struct fam_log;
struct fam_sender;

enum { FAM_SENDER_PATIENCE_MS = 15000 };

struct fam_sender_options {
    struct fam_api *api; /* borrowed */
    struct fam_log *log; /* may be NULL */
    const atomic_bool *abort;
    uint32_t per_second;           /* messages over all; 0: 25 */
    uint64_t (*now_ms)(void);      /* NULL: fam_mono_ms */
    void (*sleep_ms)(uint32_t ms); /* NULL: sleeps, in short steps that look at `abort` */
};

struct fam_sender *fam_sender_new(const struct fam_sender_options *options, struct fam_status *status) FAM_MUST_CHECK;
void fam_sender_free(struct fam_sender *sender);
/* The table for conversations; lives as long as the sender. */
const struct fam_messenger *fam_sender_messenger(const struct fam_sender *sender);
/* The table for notifications of that pace. */
const struct fam_messenger *fam_sender_notifier(const struct fam_sender *sender, enum fam_pace pace);

#endif
