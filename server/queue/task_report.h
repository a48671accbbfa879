/* task_report.h: generate_weekly_report: for each person it is for, of those who consent to processing and
 * notifications and can be reached, and want it, a report of the seven whole days before the day of the due time, made
 * and kept (report/report.h), and a notification that names it. A week without anything has a report, too: a kind word.
 * Within quiet hours the notification waits for their end; within a pause there is none, and no report is made. Once
 * for each schedule, due time and person. */
#ifndef FAM_QUEUE_TASK_REPORT_H
#define FAM_QUEUE_TASK_REPORT_H

#include "queue/task_run.h"

/* As struct fam_task_type has it; the context is a struct fam_handlers (queue/handlers.h). */
void fam_task_report(void *context, struct fam_run *const *runs, size_t count);

#endif
