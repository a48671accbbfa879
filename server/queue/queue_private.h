/* queue_private.h: what the files of the queue share. */
#ifndef FAM_QUEUE_QUEUE_PRIVATE_H
#define FAM_QUEUE_QUEUE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "queue/queue.h"
#include "redis/redis.h"
#include "store/task_store.h"

struct fam_redis_wait;

enum fam_queue_script {
    FAM_QUEUE_PUSH,
    FAM_QUEUE_CLAIM,
    FAM_QUEUE_START,
    FAM_QUEUE_FINISH,
    FAM_QUEUE_DELAY,
    FAM_QUEUE_RETURN,
    FAM_QUEUE_EXTEND,
    FAM_QUEUE_EXPIRED,
    FAM_QUEUE_LOOK,
    FAM_QUEUE_REPAIR,
    FAM_QUEUE_FORGET,
    FAM_QUEUE_SIZES,
    FAM_QUEUE_EPOCH,
    FAM_QUEUE_ANNOUNCE,
    FAM_QUEUE_ROLL,
    FAM_QUEUE_SCRIPTS
};

/* Keys in the order that the scripts take them. */
enum { FAM_QUEUE_LEASES = 8, FAM_QUEUE_HOLDS = 9, FAM_QUEUE_KEYS = 13, FAM_QUEUE_PAGE = 200 };
extern const char *const fam_queue_keys[FAM_QUEUE_KEYS];

struct fam_queue {
    struct fam_redis *redis;
    struct fam_store *store;
    struct fam_log *log;
    struct fam_metrics *metrics;
    struct fam_redis_wait *wait;
    uint32_t retry_base_ms;
    _Atomic(int64_t) offset_ms;
    _Atomic(uint64_t) epoch;  /* the highest that Redis has shown */
    _Atomic(bool) is_suspect; /* its epoch is not the one we know; until a sweep has ended */
    _Atomic(bool)
        has_missed; /* it did not hear something; until a sweep begins, for that may come after the row's page */
    struct fam_redis_script scripts[FAM_QUEUE_SCRIPTS];
    pthread_mutex_t pause_lock;
    uint64_t pause_read_ms; /* when pauses were looked up; 0: never */
    bool is_paused;
};

/* Runs a script with the queue's keys, the clock's offset, and up to 5 more arguments. The answer must be an array of
 * `least` items at least. */
enum fam_code fam_queue_eval(struct fam_queue *queue, enum fam_queue_script script, const struct fam_redis_arg *args,
                             size_t count, size_t least, struct fam_redis_reply **ret_reply,
                             struct fam_status *status) FAM_MUST_CHECK;
/* The words of such a script, keys first: FAM_QUEUE_KEYS of them, the offset, and the arguments. Returns their count.
 */
struct fam_queue_words {
    struct fam_redis_arg words[FAM_QUEUE_KEYS + 6];
    char offset[24];
};
size_t fam_queue_make_words(const struct fam_queue *queue, const struct fam_redis_arg *args, size_t count,
                            struct fam_queue_words *ret_words);
/* Item `index` is the epoch that Redis shows. */
void fam_queue_note_epoch(struct fam_queue *queue, const struct fam_redis_reply *reply, size_t index);
/* A text as a UUID; false when it has not 16 bytes at least. */
bool fam_queue_read_uuid(const struct fam_redis_reply *reply, size_t index, struct fam_uuid *ret_uuid);

/* fam_queue_delay, each for least_ms at least: a clock of Redis that is ahead of PostgreSQL's must not make a task that
 * is refused come back at once. */
enum fam_code fam_queue_delay_least(struct fam_queue *queue, const struct fam_uuid *token,
                                    const struct fam_task_ref *refs, size_t count, uint32_t least_ms,
                                    struct fam_status *status) FAM_MUST_CHECK;

/* ---- repairs ---- */

enum {
    FAM_PLACE_READY = 1,    /* times 1, 2, 4, 8 for the priorities, low first */
    FAM_PLACE_DELAYED = 16, /* the same */
    FAM_PLACE_LEASE = 256,
    FAM_PLACE_HOLD = 512,
    FAM_PLACES_ANY = 9999 /* for a repair: wherever it is */
};

/* What Redis holds of a task. */
struct fam_queue_look {
    unsigned places;       /* bits */
    bool has_token;        /* a hold that is well formed; else the token is nil */
    struct fam_uuid token; /* … */
    enum fam_priority priority;
    bool has_started;
    int64_t claimed_ms;
    int64_t lease_ms;   /* until when; 0: no lease */
    int64_t delayed_ms; /* 0: not delayed */
};
/* *ret_now_ms: Redis's clock. Up to FAM_QUEUE_PAGE. */
enum fam_code fam_queue_look(struct fam_queue *queue, const struct fam_uuid *ids, size_t stride, size_t count,
                             struct fam_queue_look *ret_looks, int64_t *ret_now_ms,
                             struct fam_status *status) FAM_MUST_CHECK;

enum fam_queue_target {
    FAM_QUEUE_NOWHERE,
    FAM_QUEUE_READY,
    FAM_QUEUE_DELAYED,
    FAM_QUEUE_LEASED,
    FAM_QUEUE_FRONT /* ready, before all others */
};
struct fam_queue_repair {
    struct fam_uuid task_id;
    unsigned seen_places;
    struct fam_uuid seen_token; /* nil: no hold that is well formed */
    enum fam_queue_target target;
    enum fam_priority priority;
    int64_t score; /* microseconds for ready, milliseconds for the others */
    struct fam_uuid token;
};
/* One atomic step; only what is as it was seen is changed. *ret_done: how many. Up to FAM_QUEUE_PAGE. */
enum fam_code fam_queue_repair(struct fam_queue *queue, const struct fam_queue_repair *repairs, size_t count,
                               size_t *ret_done, struct fam_status *status) FAM_MUST_CHECK;
/* Where a task of this fate belongs, seen with its death's token wherever it lies. */
struct fam_queue_repair fam_queue_repair_of_death(const struct fam_task_death *death);
/* The whole of Redis has been compared. */
enum fam_code fam_queue_new_epoch(struct fam_queue *queue, struct fam_status *status) FAM_MUST_CHECK;

#endif
