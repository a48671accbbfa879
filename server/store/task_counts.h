/* task_counts.h: how many tasks there are, for gauges. */
#ifndef FAM_STORE_TASK_COUNTS_H
#define FAM_STORE_TASK_COUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "store/task_store.h"

struct fam_task_count {
    char type[FAM_TASK_TYPE_SIZE];
    uint64_t queued; /* ready, waiting for their time, set aside, or being worked on */
    uint64_t dead;
    uint64_t oldest_ms; /* how long ago the time of the oldest came that nobody works on and no pause holds; 0: none */
};

/* One row a type that has any, `max` at most (further types are left out). Reads every queued row: not for calls. */
enum fam_code fam_task_count_all(struct fam_store *store, struct fam_task_count *ret_counts, size_t max,
                                 size_t *ret_count, struct fam_status *status) FAM_MUST_CHECK;

#endif
