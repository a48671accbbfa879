/* task_retention.h: retention_sweep: what is kept no longer is deleted, chunk by chunk.
 *
 * The metrics count the rows by table, and tell the age of the oldest personal row that is left. When the time-out is
 * near before all is done the task is snoozed for a moment and goes on. Once done it writes what is left as the oldest.
 */
#ifndef FAM_QUEUE_TASK_RETENTION_H
#define FAM_QUEUE_TASK_RETENTION_H

#include "queue/task_run.h"

/* As struct fam_task_type has it; the context is a struct fam_handlers (queue/handlers.h). */
void fam_task_retention(void *context, struct fam_run *const *runs, size_t count);

#endif
