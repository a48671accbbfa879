/* sweep.h: compares all places a task can be in, and heals what does not fit together.
 *
 * The row decides. Queued and free: in its ready set, or in its delayed set with its due time, and nowhere else. Queued
 * and leased: a lease and a hold with the row's token. Done, dead or gone: nowhere. What is claimed in Redis and not
 * begun is left to its lease. Each repair is one atomic step that happens only if what was seen is still so: workers
 * and other sweeps may run meanwhile. Bounded memory: pages of a few hundred, whatever the number of tasks. */
#ifndef FAM_QUEUE_SWEEP_H
#define FAM_QUEUE_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

struct fam_log;
struct fam_metrics;
struct fam_queue;
struct fam_store;
struct fam_sweeper;

struct fam_sweep_report {
    uint64_t rows;     /* queued rows looked at */
    uint64_t entries;  /* of Redis looked at */
    uint64_t pushed;   /* rows that were nowhere */
    uint64_t leased;   /* rows leased in PostgreSQL alone */
    uint64_t moved;    /* in the wrong place, in two, or at the wrong time */
    uint64_t removed;  /* of rows that are done, dead or gone */
    uint64_t returned; /* whose lease had run out */
    uint64_t clamped;  /* rows whose times lay beyond what can be, after a clock went back */
};
/* One whole pass. ret_report counts what was done even when it fails half-way. */
enum fam_code fam_sweep_run(struct fam_queue *queue, struct fam_store *store, struct fam_sweep_report *ret_report,
                            struct fam_status *status) FAM_MUST_CHECK;

struct fam_sweeper_options {
    struct fam_queue *queue;
    struct fam_store *store;
    struct fam_log *log;         /* may be NULL; one line for a sweep that healed something or failed */
    struct fam_metrics *metrics; /* of the job queue_sweep; may be NULL */
    uint32_t interval_ms;        /* between sweeps; 0: 60,000. Of several processes one sweeps in each interval. */
    uint32_t reap_ms;            /* between looks for leases that ran out; 0: 1,000 */
};
/* A thread that reaps, sweeps, and sweeps at once when Redis is suspect or comes back. */
struct fam_sweeper *fam_sweeper_new(const struct fam_sweeper_options *options,
                                    struct fam_status *status) FAM_MUST_CHECK;
/* Ends the thread after the page it is at. Takes NULL. */
void fam_sweeper_free(struct fam_sweeper *sweeper);

#endif
