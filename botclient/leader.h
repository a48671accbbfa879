/* leader.h: which of several processes of one bot polls Telegram and handles updates.
 *
 * The server grants the lead to one holder for a few seconds, with a fencing number that counts up with each change of
 * the holder; it is renewed three times in that time. All others ask as often and get it when it has ended or was given
 * back. How long it lasts is measured here, by the monotonic clock, from the moment before the server was asked, less a
 * margin: so this process stops before another one can begin, also when it was stopped meanwhile (SIGSTOP) or can't
 * reach the server.
 *
 *   NONE   another process leads, or the lead has ended and nobody knows yet: nothing is polled or begun
 *   HELD   this one leads
 *   ALONE  the lead has ended (or never was) and the server can't tell who leads: this process polls on, and helps in
 *          emergencies, and does nothing else. Telegram is the arbiter then: it refuses the earlier of two polls with
 *          409, and that ends ALONE until the server grants a lead. A process that has just started gets here after ten
 *          seconds, one that was told "another one leads" a minute after the end of that lead.
 *
 * fam_leader_run is for one thread; everything else is thread-safe. */
#ifndef FAM_BOT_LEADER_H
#define FAM_BOT_LEADER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "dialog/port.h"

struct fam_leader;
struct fam_log;
struct fam_metrics;

enum fam_lead_event {
    FAM_LEAD_TAKEN,     /* somebody else may have led before: begin from nothing. Comes before the role is HELD */
    FAM_LEAD_KEPT,      /* the same lead again, after its end: go on */
    FAM_LEAD_LOST,      /* cut what is polled, forget what was not begun */
    FAM_LEAD_LEFT_ALONE /* nobody can tell: go on in an emergency's way */
};

enum { FAM_LEADER_ALONE_MS = 10000, FAM_LEADER_REFUSED_ALONE_MS = 60000, FAM_LEADER_WORD_MS = 5000 };
enum { FAM_HOLDER_SIZE = 33 };

struct fam_leader_options {
    const struct fam_backend *backend; /* borrowed, like the rest */
    const char *holder;                /* names the process: 1 to 64 characters of [A-Za-z0-9_.-] */
    uint32_t ttl_ms;                   /* 1,000 to 60,000 */
    /* Called by the thread of fam_leader_run; must not block for long. May be NULL. */
    void (*changed)(void *context, enum fam_lead_event event);
    void *context;
    struct fam_log *log;         /* may be NULL */
    struct fam_metrics *metrics; /* may be NULL */
    uint64_t (*now_ms)(void);    /* NULL: fam_mono_ms */
};

/* A random name for this process. */
void fam_holder_make(char ret_holder[FAM_HOLDER_SIZE]);

struct fam_leader *fam_leader_new(const struct fam_leader_options *options, struct fam_status *status) FAM_MUST_CHECK;
void fam_leader_free(struct fam_leader *leader);
/* Asks until *stop is true; fam_leader_wake makes it look. */
void fam_leader_run(struct fam_leader *leader, const atomic_bool *stop);
void fam_leader_wake(struct fam_leader *leader);
/* Asks once and acts on the answer. Returns after how many milliseconds to ask again. */
uint32_t fam_leader_step(struct fam_leader *leader);
/* Gives the lead back, if this process has it; after fam_leader_run has ended. */
void fam_leader_release(struct fam_leader *leader);

/* By the clock, at this moment. `ret_fence` may be NULL. */
enum fam_lead_role fam_leader_role(struct fam_leader *leader, uint64_t *ret_fence);
/* Is the lead of this fence still held? When its time is over, waits FAM_LEADER_WORD_MS at most for the server's word.
 */
bool fam_leader_holds(struct fam_leader *leader, uint64_t fence);
/* The server refused this fence: another process leads. Nothing is begun until the server was asked again. */
void fam_leader_doubt(struct fam_leader *leader);
/* Telegram answered 409: somebody else polls. A lead is checked, ALONE ends. */
void fam_leader_conflict(struct fam_leader *leader);
/* Milliseconds since the server last told who leads; UINT64_MAX: never. */
uint64_t fam_leader_age_ms(struct fam_leader *leader);
/* The three of these as conversations need them; lives as long as the leader. */
const struct fam_lead *fam_leader_lead(const struct fam_leader *leader);

#endif
