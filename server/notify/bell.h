/* bell.h: wakes the leases that wait for notifications, in this process and in others.
 *
 * NOTIFY makes commits wait for each other, so no writer ever does it. One thread of each process has a connection that
 * LISTENs. While leases wait in the process, that session holds a shared advisory lock; after something was rung, the
 * thread tries the same lock exclusively, for one statement: when that fails somebody else's leases wait, and the
 * statement notifies them, once for all that was rung meanwhile. A notice that is lost costs at most the slow look
 * (2 s) that always remains.
 *
 * The thread also brings back leases that ended without a word, lets old notifications expire, wakes leases when the
 * next notification becomes due, and keeps the gauges of what is due. */
#ifndef FAM_NOTIFY_BELL_H
#define FAM_NOTIFY_BELL_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "store/pool.h"

struct fam_bell;
struct fam_leases;

/* After the COMMIT that wrote notifications. Never blocks; takes NULL. Leases of this process look at once; others are
 * told by one NOTIFY for all that was rung meanwhile, and only while one of them waits. */
void fam_bell_ring(struct fam_bell *bell);

struct fam_bell_options {
    const struct fam_pool_options *pool; /* of the store; read by fam_bell_new */
    struct fam_leases *leases;           /* of this process; NULL: it serves none */
    uint32_t look_ms;                    /* the slow look; 0: 2,000 */
    struct fam_metrics *metrics;         /* may be NULL */
    struct fam_log *log;                 /* may be NULL */
};
/* Needs no database; its thread starts here. */
struct fam_bell *fam_bell_new(const struct fam_bell_options *options, struct fam_status *status) FAM_MUST_CHECK;
/* Takes NULL. Nobody rings any more. */
void fam_bell_free(struct fam_bell *bell);
/* For the bell's own room: a lease begins to wait. */
void fam_bell_wake(struct fam_bell *bell);

#endif
