/* worker_private.h: what the files of the worker share. Private to server/queue/worker*.c and task_run.c.
 *
 * A claim becomes batches (runs of one type, of one token). A batch waits, then a thread runs it, then its runs are
 * written down one by one or together; it is freed when its last reference goes: one of its owner (the list of waiting
 * ones, then the thread that runs it), one of each run that is not settled, and those of threads that look at it
 * without the lock. All is guarded by worker->lock but for what is marked. */
#ifndef FAM_QUEUE_WORKER_PRIVATE_H
#define FAM_QUEUE_WORKER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "queue/worker.h"
#include "store/task_store.h"

enum {
    FAM_WORKER_STUCK_PER_THREAD = 2,
    FAM_WORKER_SLOTS = FAM_WORKER_THREADS_MAX * (2 + FAM_WORKER_STUCK_PER_THREAD),
    FAM_WORKER_UNWRITTEN_MAX = 256, /* no claims above */
    FAM_WORKER_WRITE_MAX = 64,      /* runs that are written down together */
    FAM_WORKER_PAUSE_MIN_MS = 100,  /* after PostgreSQL or Redis failed, doubling */
    FAM_WORKER_PAUSE_MAX_MS = 5000,
};

enum fam_run_end {
    FAM_RUN_OPEN,
    FAM_RUN_IN_TX,    /* completed in a transaction of its handler's, whose COMMIT we don't see */
    FAM_RUN_FINISHED, /* the same, and the handler has returned: Redis alone has to hear of it */
    FAM_RUN_DONE,
    FAM_RUN_FAILED,
    FAM_RUN_UNENDED, /* the handler returned without a word: failed */
    FAM_RUN_TIMED_OUT,
    FAM_RUN_SNOOZED,
    FAM_RUN_BURIED,
    FAM_RUN_GIVEN_BACK, /* the worker stops */
};

struct fam_batch;

struct fam_run {
    struct fam_batch *batch;
    struct fam_task_begun begun; /* constant once it waits */
    enum fam_run_end end;
    bool was_in_tx; /* fam_run_finish said yes before */
    bool is_settled;
    unsigned tries; /* to write it down, that failed */
    uint64_t delay_ms;
    uint64_t duration_ms;
    char reason[FAM_TASK_REASON_MAX + 1];
    atomic_bool is_cancelled; /* any thread */
    struct fam_run *next_ended;
};

struct fam_batch {
    struct fam_worker *worker;
    size_t type; /* in the table */
    struct fam_uuid token;
    enum fam_priority priority;
    size_t refs;
    bool is_started;      /* by its claim: nothing else is asked before it is run */
    bool is_running;      /* a handler has it */
    bool is_over;         /* its time was up: no leases any more */
    bool is_stuck;        /* and it went on */
    uint64_t started_us;  /* atomic in effect: written before its handler runs */
    uint64_t deadline_ms; /* monotonic; the same */
    uint64_t beat;        /* the round of leases that it had last */
    struct fam_batch *next_waiting;
    struct fam_batch *previous, *next; /* of all batches */
    size_t count;
    struct fam_run runs[FAM_TASK_CLAIM_MAX];
};

enum fam_slot_state { FAM_SLOT_FREE, FAM_SLOT_USED, FAM_SLOT_ENDED /* to be joined */ };
struct fam_worker_slot {
    struct fam_worker *worker;
    pthread_t thread;
    enum fam_slot_state state;
};

struct fam_worker {
    struct fam_worker_options options; /* with its defaults filled in */
    char name[FAM_TASK_WORKER_MAX + 1];
    int64_t started_ms; /* Unix time */

    pthread_mutex_t lock;
    pthread_cond_t work;  /* for handlers' threads: a batch waits, nobody looks for work, or the end */
    pthread_cond_t ended; /* for the writer */
    pthread_cond_t keep;  /* for the keeper: an earlier deadline, or the end */
    pthread_cond_t halt;  /* the worker stops: for those that pause */
    pthread_cond_t quiet; /* for fam_worker_stop: something came to its end */

    bool is_draining;  /* no claims, nothing is started */
    bool is_stopping;  /* threads end */
    bool is_abandoned; /* a handler has not returned */
    bool is_away;
    bool is_looking;     /* a thread looks for work, or waits for it */
    uint32_t pause_ms;   /* after the last failure to find some; of the thread that looks */
    bool has_complained; /* of too many stuck handlers */

    struct fam_batch *waiting_first, *waiting_last; /* of one claim */
    size_t waiting_runs;
    uint64_t waiting_since_ms;
    struct fam_batch *all;
    size_t running, stuck, idle, live; /* live: threads that run handlers and are not stuck */
    size_t stuck_of[FAM_TASK_TYPES_MAX];
    struct fam_run *ended_first, *ended_last;
    size_t unwritten;
    bool write_now;      /* the writer may begin */
    uint64_t keep_at_ms; /* when the keeper looks next by itself */

    struct fam_worker_slot slots[FAM_WORKER_SLOTS];
    size_t slot_count;
    pthread_t writer, keeper;
    bool has_writer, has_keeper;
};

static inline const struct fam_task_type *fam_batch_type(const struct fam_batch *batch)
{
    return &batch->worker->options.table->types[batch->type];
}

/* ---- worker.c ---- */

/* With the lock held: waits until `until_ms` (monotonic) at most; 0: without an end. */
void fam_worker_wait(struct fam_worker *worker, pthread_cond_t *condition, uint64_t until_ms);
/* With the lock held. */
void fam_batch_unref(struct fam_batch *batch);
/* Gives the owner's reference and those of all runs back: none of them was started. With the lock held. */
void fam_batch_drop(struct fam_batch *batch);
/* The run is over and done with. With the lock held; the batch may be gone afterwards. */
void fam_run_settle(struct fam_run *run);
/* Waits, without the lock, for `pause_ms` at most or until the worker stops. */
void fam_worker_pause(struct fam_worker *worker, uint32_t pause_ms);

/* ---- worker_dispatch.c ---- */

/* Claims, begins and hands out; waits where there is nothing. By one thread at a time, without the lock. `idle`:
 * threads that would run a batch at once. */
void fam_worker_look(struct fam_worker *worker, size_t idle);
/* Those of `token` that wait, as a list of batches by next_waiting, out of the lists. With the lock held. */
struct fam_batch *fam_worker_take_waiting(struct fam_worker *worker, const struct fam_uuid *token);
/* Begun and not started: free again in both places. Takes the list and the references. Without the lock. */
void fam_worker_give_back(struct fam_worker *worker, struct fam_batch *list);

/* ---- worker_execute.c ---- */

void *fam_worker_execute(void *slot);
/* One more thread for handlers. With the lock held. */
enum fam_code fam_worker_add_thread(struct fam_worker *worker, struct fam_status *status) FAM_MUST_CHECK;

/* ---- worker_write.c ---- */

void *fam_worker_write(void *worker);
/* The run has ended as `end` says: it is written down soon, at once with `now`. With the lock held. */
void fam_worker_ended(struct fam_run *run, enum fam_run_end end, const char *reason, bool now);

/* ---- worker_keep.c ---- */

void *fam_worker_keep(void *worker);

#endif
