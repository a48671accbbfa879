/* schedule.h: the thread that turns what is due (store/schedule_store.h) into tasks.
 *
 * It sleeps until the next due time and looks once a second at least, which costs one probe of an index, so that what
 * other processes change is seen. Any number of processes may run one: each due time is handled once. While the
 * database is away it tries again each second. */
#ifndef FAM_QUEUE_SCHEDULE_H
#define FAM_QUEUE_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

struct fam_log;
struct fam_metrics;
struct fam_queue;
struct fam_scheduler;
struct fam_store;

/* Everything is borrowed and outlives the scheduler. */
struct fam_scheduler_options {
    struct fam_store *store;
    struct fam_queue *queue; /* told of new tasks after their COMMIT; NULL: the queue's sweep finds them */
    /* Nothing is done while it says no: the schema is behind, the process drains. NULL: always. Any thread. */
    bool (*may_run)(void *context);
    void *context;
    int64_t offset_ms;           /* added to the database's clock: for tests */
    struct fam_metrics *metrics; /* may be NULL */
    struct fam_log *log;         /* may be NULL */
};

/* Starts the thread; *options is copied. It makes the recurring jobs of the service where they are missing. */
struct fam_scheduler *fam_scheduler_new(const struct fam_scheduler_options *options,
                                        struct fam_status *status) FAM_MUST_CHECK;
/* Waits until the thread has ended: a transaction at most. Takes NULL. */
void fam_scheduler_free(struct fam_scheduler *scheduler);
/* Looks at once: something in this process has changed what is due. Takes NULL. Any thread. */
void fam_scheduler_wake(struct fam_scheduler *scheduler);

#endif
