/* queue_snapshot.h: the queue's keys in Redis as they were a while ago, put back later: a Redis that was restored. */
#ifndef FAM_TESTS_QUEUE_SNAPSHOT_H
#define FAM_TESTS_QUEUE_SNAPSHOT_H

#include <stdlib.h>

#include "queue/queue_private.h"
#include "queue_world.h"

/* Starts as {0}. */
struct queue_snapshot {
    char *data[FAM_QUEUE_KEYS];
    size_t sizes[FAM_QUEUE_KEYS];
    bool is_taken;
};

static inline void snapshot_done(struct queue_snapshot *snapshot)
{
    for (size_t i = 0; i < FAM_QUEUE_KEYS; i++)
        free(snapshot->data[i]);
    *snapshot = (struct queue_snapshot){0};
}

static inline void snapshot_take(struct queue_world *world, struct queue_snapshot *snapshot)
{
    snapshot_done(snapshot);
    for (size_t i = 0; i < FAM_QUEUE_KEYS; i++) {
        const struct fam_redis_arg dump[] = {FAM_REDIS_ARG("DUMP"), FAM_REDIS_ARG(fam_queue_keys[i])};
        fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
        ok(fam_redis_call(world->redis, dump, 2, &reply, &why));
        const char *bytes = fam_redis_reply_text(reply, &snapshot->sizes[i]);
        if (snapshot->sizes[i]) {
            snapshot->data[i] = malloc(snapshot->sizes[i]);
            cr_assert_not_null(snapshot->data[i]);
            memcpy(snapshot->data[i], bytes, snapshot->sizes[i]);
        }
    }
    snapshot->is_taken = true;
}

/* All else is gone then, as it is when a copy is put in place of what was there. */
static inline void snapshot_restore(struct queue_world *world, struct queue_snapshot *snapshot)
{
    redis_do(world, "FLUSHALL");
    for (size_t i = 0; i < FAM_QUEUE_KEYS; i++) {
        const struct fam_redis_arg put[] = {FAM_REDIS_ARG("RESTORE"),
                                            FAM_REDIS_ARG(fam_queue_keys[i]),
                                            FAM_REDIS_ARG("0"),
                                            {snapshot->data[i], snapshot->sizes[i]}};
        fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
        if (snapshot->data[i])
            ok(fam_redis_call(world->redis, put, 4, &reply, &why));
    }
    snapshot_done(snapshot);
}

#endif
