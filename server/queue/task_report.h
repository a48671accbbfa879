/* task_report.h: generate_weekly_report: for each person it is for, of those who consent to processing and
 * notifications and can be reached, a summary of their own entries of the seven days before the due time. Nothing is
 * sent for a week without entries. Once for each schedule, due time and person. */
#ifndef FAM_QUEUE_TASK_REPORT_H
#define FAM_QUEUE_TASK_REPORT_H

#include "queue/task_run.h"

/* As struct fam_task_type has it; the context is a struct fam_handlers (queue/handlers.h). */
void fam_task_report(void *context, struct fam_run *const *runs, size_t count);

#endif
