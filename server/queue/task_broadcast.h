/* task_broadcast.h: broadcast: a notification for each person who wants to hear it, in chunks
 * (store/broadcast_store.h). Begins anew after a crash; nobody gets it twice. */
#ifndef FAM_QUEUE_TASK_BROADCAST_H
#define FAM_QUEUE_TASK_BROADCAST_H

#include "queue/task_run.h"

/* As struct fam_task_type has it; the context is a struct fam_handlers (queue/handlers.h). */
void fam_task_broadcast(void *context, struct fam_run *const *runs, size_t count);

#endif
