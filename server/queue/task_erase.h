/* task_erase.h: erase_person: what is left of somebody who is erased is deleted, chunk by chunk (store/erase_store.h).
 *
 * Sessions, limits and cached readings in Redis first, then the rows, the person's or family's own last, together with
 * the task's row, which names them. Fails and is tried again while Redis is away. When the time-out is near the task is
 * snoozed for a moment and goes on. */
#ifndef FAM_QUEUE_TASK_ERASE_H
#define FAM_QUEUE_TASK_ERASE_H

#include "queue/task_run.h"

/* As struct fam_task_type has it; the context is a struct fam_handlers (queue/handlers.h). */
void fam_task_erase(void *context, struct fam_run *const *runs, size_t count);

#endif
