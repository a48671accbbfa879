/* delivery.h: notifications: fetched from the server, shown, and told to be shown.
 *
 * One thread leases by long poll, some threads send. At most FAM_DELIVERY_IN_HAND notifications are here at once, at
 * most FAM_DELIVERY_OTHERS of them no answers, and one sender takes answers only: so an answer always finds room and a
 * thread. Answers go before check-ins, check-ins before reports, and the older ones first. A chat is served by one
 * thread at a time, conversations included. Any number of processes do this side by side, with the lead or without.
 *
 *   shown                                   → Ack with the message id, until the server heard it or the lease has ended
 *   Telegram or our pacer asks to wait      → again here within two seconds, else Nack LATER with the time; other chats
 *                                             go on
 *   blocked                                 → Nack BLOCKED (the server then holds back what waits for this person)
 *   refused for good                        → Nack REJECTED
 *   no connection, so that it did not leave → Nack UNAVAILABLE
 *   nobody knows whether Telegram took it   → Nack UNAVAILABLE with maybe_shown
 *   the server is away in the middle of it  → Nack LATER
 *   the lease has ended (this process was stopped for a while) → nothing: it is another's by now
 *
 * So a notification is shown once, and again at most when this process dies between Telegram's answer and the Ack.
 * Thread-safe. */
#ifndef FAM_BOT_DELIVERY_H
#define FAM_BOT_DELIVERY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "dialog/deliver.h"
#include "dialog/port.h"

struct fam_delivery;
struct fam_log;
struct fam_metrics;

enum { FAM_DELIVERY_IN_HAND = 16, FAM_DELIVERY_OTHERS = 8, FAM_DELIVERY_SENDERS = 3 };

/* Chats that are taken: fam_lanes_enter, fam_lanes_leave. */
struct fam_chats {
    void *context;
    bool (*enter)(void *context, int64_t chat_id);
    void (*leave)(void *context, int64_t chat_id);
};

struct fam_delivery_options {
    const struct fam_backend *backend; /* borrowed, like all */
    const char *holder;                /* names the process */
    uint32_t lease_ms;                 /* 10,000 to 300,000 */
    struct fam_chats chats;
    /* Shows one; the guard is to be asked before anything goes out. Errors as of fam_dialog_deliver. */
    enum fam_code (*show)(void *context, const Fam__V1__Notification *notification, const struct fam_guard *guard,
                          int64_t *ret_message_id, struct fam_status *status);
    void *context;
    struct fam_log *log;         /* may be NULL */
    struct fam_metrics *metrics; /* may be NULL */
    uint64_t (*now_ms)(void);    /* NULL: fam_mono_ms */
};

/* Starts nothing. */
struct fam_delivery *fam_delivery_new(const struct fam_delivery_options *options,
                                      struct fam_status *status) FAM_MUST_CHECK;
/* RESOURCE_EXHAUSTED: no threads. */
enum fam_code fam_delivery_start(struct fam_delivery *delivery, struct fam_status *status) FAM_MUST_CHECK;
/* Fetches and begins nothing more; fam_delivery_join waits. */
void fam_delivery_stop(struct fam_delivery *delivery);
/* What is being sent is finished, what was not begun is given back at once. After `timeout_ms` (more, by what a call of
 * the server takes) false: something still runs, and fam_delivery_free must not be called. */
bool fam_delivery_join(struct fam_delivery *delivery, uint32_t timeout_ms);
/* Leased and not yet shown. */
size_t fam_delivery_waiting(struct fam_delivery *delivery);
/* Stops and waits for all threads. Takes NULL. */
void fam_delivery_free(struct fam_delivery *delivery);

/* For tests, instead of the threads. Fetches once, waiting `wait_ms`; false when it failed. */
bool fam_delivery_fetch(struct fam_delivery *delivery, uint32_t wait_ms);
/* Sends the next one that may go now; false: none may. */
bool fam_delivery_send_next(struct fam_delivery *delivery, bool answers_only);

#endif
