/* task_metrics.h: refresh_metrics: numbers of the whole database, for every server to show
 * (store/business_store.h). */
#ifndef FAM_QUEUE_TASK_METRICS_H
#define FAM_QUEUE_TASK_METRICS_H

#include "queue/task_run.h"

/* As struct fam_task_type has it; the context is a struct fam_handlers (queue/handlers.h). */
void fam_task_metrics(void *context, struct fam_run *const *runs, size_t count);

#endif
