/* task_checkin.h: send_checkin: a check-in is due, or the reminder of one: a row of `checkins` with its notification,
 * for each person it is for, of those who consent to processing and notifications and can be reached. Once for each
 * person, slot and due time.
 *
 * The schedule's name says what it is: a slot ("morning" …; any other name is an own time), or "remind:" and a slot.
 * Nothing is sent within a pause. Within quiet hours a reminder is left out, and a check-in waits for their end, unless
 * that is more than two hours after it was due; then, like every one that is so late, it is left out. What is left out
 * is counted by family_emotions_checkins_dropped_total. */
#ifndef FAM_QUEUE_TASK_CHECKIN_H
#define FAM_QUEUE_TASK_CHECKIN_H

#include "queue/task_run.h"

/* As struct fam_task_type has it; the context is a struct fam_handlers (queue/handlers.h). The runs share a
 * transaction; when it fails each has one of its own. After ten of them the handler rests for a while,
 * longer where more workers are at it. */
void fam_task_checkin(void *context, struct fam_run *const *runs, size_t count);

#endif
