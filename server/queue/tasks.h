/* tasks.h: the types of tasks that this process knows, and the handler of each.
 *
 * Filled once before the workers start, read-only and thread-safe afterwards. */
#ifndef FAM_QUEUE_TASKS_H
#define FAM_QUEUE_TASKS_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/status.h"
#include "queue/task_run.h"

enum { FAM_TASK_TYPES_MAX = 32 };

struct fam_task_table {
    size_t count;
    struct fam_task_type types[FAM_TASK_TYPES_MAX];
};

/* Copies `type`; its name is borrowed. INVALID_ARGUMENT for a name, a batch (1 to 10) or a time-out (1 ms to 6 h) that
 * can't be, ALREADY_EXISTS for a second handler of a type, RESOURCE_EXHAUSTED for the 33rd. */
enum fam_code fam_task_table_add(struct fam_task_table *table, const struct fam_task_type *type,
                                 struct fam_status *status) FAM_MUST_CHECK;
/* Its place in `types`; SIZE_MAX: nobody here knows it. */
size_t fam_task_table_find(const struct fam_task_table *table, const char *type);

#endif
