/* roll.h: which workers are alive: each announces itself by Redis every few seconds, with what it is and what it runs.
 *
 * An announcement is believed for FAM_ROLL_BELIEVED_MS, by Redis's clock; a worker that ends in good order takes its
 * own back. Nothing depends on it but what operators see: a worker whose announcement is lost works on. Thread-safe. */
#ifndef FAM_QUEUE_ROLL_H
#define FAM_QUEUE_ROLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "queue/tasks.h"
#include "store/task_store.h"

struct fam_queue;

enum { FAM_ROLL_EACH_MS = 5000, FAM_ROLL_BELIEVED_MS = 20000, FAM_ROLL_MAX = 256, FAM_ROLL_WORD = 32 };

struct fam_roll_entry {
    char name[FAM_TASK_WORKER_MAX + 1]; /* as in tasks.worker */
    char role[FAM_ROLL_WORD];           /* of its process: "all", "worker"; of [a-z0-9.+-], like the version */
    char version[FAM_ROLL_WORD];
    uint32_t threads;
    int64_t started_ms; /* Unix time, by its own clock */
    bool is_stopping;   /* takes no more tasks */
    size_t type_count;
    char types[FAM_TASK_TYPES_MAX][FAM_TASK_TYPE_SIZE];
};

/* From now on for FAM_ROLL_BELIEVED_MS. */
enum fam_code fam_roll_announce(struct fam_queue *queue, const struct fam_roll_entry *entry,
                                struct fam_status *status) FAM_MUST_CHECK;
/* It ends. */
enum fam_code fam_roll_leave(struct fam_queue *queue, const char *name, struct fam_status *status) FAM_MUST_CHECK;
/* All that are believed now, by name; up to FAM_ROLL_MAX. What can't be read is left out (of another version). free()
 * the list. */
enum fam_code fam_roll_call(struct fam_queue *queue, struct fam_roll_entry **ret_list, size_t *ret_count,
                            struct fam_status *status) FAM_MUST_CHECK;

#endif
