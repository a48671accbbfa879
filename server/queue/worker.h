/* worker.h: runs tasks: claims what is most urgent, hands it to handlers, writes down how it ended.
 *
 * Threads: `threads` run handlers, and one of those that are idle looks for work while nothing claimed waits (it claims
 * up to ten tasks of one priority and begins them in PostgreSQL in one statement); one writes down how runs ended
 * (several in one statement), one keeps leases and time-outs, and
 * announces the worker (queue/roll.h). What is claimed and not started after hold_ms goes back,
 * for another process may be idle; so it does when something more urgent is ready.
 *
 * A handler that goes on after its time was up loses its lease, and its attempt counts as failed; a second later its
 * thread counts as stuck and another one takes its place, so that no place is ever lost. With 2 × threads stuck
 * handlers a line at level error says so, and types that have stuck handlers are not run here any more (their tasks
 * are snoozed) until some of them come back.
 *
 * PostgreSQL or Redis away: claims pause, what ended is kept and written down later. Thread-safe. */
#ifndef FAM_QUEUE_WORKER_H
#define FAM_QUEUE_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "queue/queue.h"
#include "queue/tasks.h"

struct fam_log;
struct fam_metrics;
struct fam_store;
struct fam_worker;

enum { FAM_WORKER_THREADS_MAX = 64 };

/* All is borrowed and outlives the worker. */
struct fam_worker_options {
    struct fam_queue *queue;
    struct fam_store *store;
    const struct fam_task_table *table;
    size_t threads;              /* 1 to FAM_WORKER_THREADS_MAX; 0: 4 */
    uint32_t lease_ms;           /* 300 to FAM_TASK_LEASE_MAX_MS; extended each third of it; 0: 30,000 */
    uint32_t hold_ms;            /* 0: 1,000 */
    uint32_t stuck_after_ms;     /* beyond the type's time-out; 0: 1,000 */
    struct fam_metrics *metrics; /* may be NULL */
    struct fam_log *log;         /* may be NULL: a line for each run that did not end well */
    const char *role;            /* of its process, for those who look who is alive (queue/roll.h); NULL: "worker" */
};

/* Starts. Neither PostgreSQL nor Redis need to be there. */
struct fam_worker *fam_worker_new(const struct fam_worker_options *options, struct fam_status *status) FAM_MUST_CHECK;
/* Claims nothing from now on; what is claimed and not started goes back. Does not wait. Ends all waits of the queue
 * (fam_queue_interrupt). Takes NULL. */
void fam_worker_drain(struct fam_worker *worker);
/* The same, then waits `drain_ms` at most for handlers that run, cancels the others and waits for them a second more;
 * what has not ended by then is given back, at no cost for the task. True when every handler has returned. Takes NULL:
 * true. Once; by one thread. */
bool fam_worker_stop(struct fam_worker *worker, uint32_t drain_ms);
/* After fam_worker_stop. When that said false a handler still runs, with what it borrows: then nothing is freed, and
 * the process has to end without freeing what handlers use. Takes NULL. */
void fam_worker_free(struct fam_worker *worker);

struct fam_worker_view {
    const char *name; /* as in tasks.worker; lives as long as the worker */
    size_t waiting;   /* claimed, not started */
    size_t running;   /* handlers, those that are stuck too */
    size_t stuck;
    size_t unwritten; /* ended, not written down yet */
    bool is_draining;
    bool is_away; /* the last claim found Redis or PostgreSQL away */
};
void fam_worker_read(struct fam_worker *worker, struct fam_worker_view *ret_view);

#endif
