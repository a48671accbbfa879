/* notify.h: the waiting room of Lease calls that found nothing due. No thread is held while they wait.
 *
 * A look at the table is the call's own step on a worker thread. When the bell rings, those who wait look one after the
 * other, until one finds nothing: so a single notification costs one look, and a thousand are spread over all who
 * wait. A ring during a look is not lost. Waiting ends by a find, its time, the caller's cancel, or a drain.
 *
 * Life of a wait: fam_leases_begin → look → fam_leases_end (something was found), or fam_leases_park: true: `step`
 * follows, which starts again with fam_leases_begin. When begin or park say no, the call is answered with nothing.
 * Thread-safe. */
#ifndef FAM_NOTIFY_NOTIFY_H
#define FAM_NOTIFY_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

struct fam_bell;
struct fam_call;
struct fam_leases;
struct fam_metrics;

/* In the caller's memory, until its call is answered. */
struct fam_wait {
    struct fam_call *call;
    void (*step)(void *context); /* by fam_call_resume */
    void *context;
    uint64_t until_ms; /* fam_mono_ms */
    bool takes_all;    /* what finds nothing then leaves nothing to anybody */
    const char *asker; /* whose waits before this one end when it waits: nobody listens to them any more. Borrowed */
    /* the room's */
    struct fam_leases *leases;
    uint64_t seen;
    bool is_parked, has_turn, is_over, has_hook;
    struct fam_wait *previous, *next;
};

/* `metrics` may be NULL. */
struct fam_leases *fam_leases_new(struct fam_metrics *metrics, struct fam_status *status) FAM_MUST_CHECK;
/* Takes NULL. No call waits any more. */
void fam_leases_free(struct fam_leases *leases);
/* The bell that hears when somebody begins to wait. Before the first call; before the bell is freed with NULL. */
void fam_leases_set_bell(struct fam_leases *leases, struct fam_bell *bell);

/* Before each look. False: the time is over. */
bool fam_leases_begin(struct fam_leases *leases, struct fam_wait *wait);
/* Found nothing. False: the time is over, nothing follows. True: `step` follows, maybe at once: the wait is not the
 * caller's any more. */
bool fam_leases_park(struct fam_leases *leases, struct fam_wait *wait);
/* Found something, or can't look. The next one looks. */
void fam_leases_end(struct fam_leases *leases, struct fam_wait *wait);

/* Something may be due: everybody looks. Never blocks. */
void fam_leases_look(struct fam_leases *leases);
size_t fam_leases_waiting(struct fam_leases *leases);
/* From now on nobody waits; those who do are answered with nothing. */
void fam_leases_drain(struct fam_leases *leases);

#endif
