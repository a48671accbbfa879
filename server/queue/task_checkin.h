/* task_checkin.h: send_checkin: a check-in is due: a notification for each person it is for, of those who
 * consent to processing and notifications and can be reached. Once for each schedule, due time and person. It expires
 * two hours after it was due; what comes later is not sent. */
#ifndef FAM_QUEUE_TASK_CHECKIN_H
#define FAM_QUEUE_TASK_CHECKIN_H

#include "queue/task_run.h"

/* As struct fam_task_type has it; the context is a struct fam_handlers (queue/handlers.h). */
void fam_task_checkin(void *context, struct fam_run *const *runs, size_t count);

#endif
