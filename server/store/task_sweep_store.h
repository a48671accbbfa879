/* task_sweep_store.h: rows of tasks as the sweep compares them with Redis. Thread-safe. */
#ifndef FAM_STORE_TASK_SWEEP_STORE_H
#define FAM_STORE_TASK_SWEEP_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "store/task_store.h"

enum fam_task_state { FAM_TASK_ROW_GONE, FAM_TASK_ROW_OVER, FAM_TASK_ROW_QUEUED };

struct fam_task_row {
    struct fam_uuid task_id;
    enum fam_task_state state;
    enum fam_priority priority; /* from here on: of a row that is there */
    int64_t not_before_ms;      /* 0: due */
    bool has_lease;             /* … */
    bool is_leased;             /* … that has not run out */
    struct fam_uuid token;
    int64_t leased_until_ms;
    bool is_ahead; /* written at a time that is still to come: the clock has gone back */
};

/* Queued rows with an id above `after` (the nil UUID: from the first on), in the order of their ids; `limit` is
 * FAM_TASK_BATCH_MAX at most. */
enum fam_code fam_task_rows_after(struct fam_store *store, const struct fam_task_times *times,
                                  const struct fam_uuid *after, size_t limit, struct fam_task_row *ret_rows,
                                  size_t *ret_count, struct fam_status *status) FAM_MUST_CHECK;
/* The rows of these ids, in the same order; GONE where there is none. An id may come twice. */
enum fam_code fam_task_rows_of(struct fam_store *store, const struct fam_task_times *times, const struct fam_uuid *ids,
                               size_t count, struct fam_task_row *ret_rows, struct fam_status *status) FAM_MUST_CHECK;
/* Rows that were written ahead of now: due times and leases move back by as much as the clock did. */
enum fam_code fam_task_clamp(struct fam_store *store, const struct fam_task_times *times, const struct fam_uuid *ids,
                             size_t count, size_t *ret_count, struct fam_status *status) FAM_MUST_CHECK;

#endif
