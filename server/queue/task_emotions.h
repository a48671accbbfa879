/* task_emotions.h: process_emotion_batch: Claude reads what the built-in engine answered.
 *
 * For each entry: Claude's reading becomes the next version, its dangers are added, and a notification of a better
 * reading is written, in one transaction with the end of the task; so a reading is added once, whoever works on the
 * entry at the same time. Nothing is done when the entry is gone, has a reading by Claude already, its author's
 * consents to processing and AI are withdrawn (looked at before Claude is asked, and again in the transaction), or
 * Claude is off.
 *
 * Snoozed, at no attempt: breaker open, 429, queue full, Claude not to be reached, out of budget (an hour at most). A
 * failed attempt: no answer in time, a refusal, an answer that is not fit to show. An entry that Claude could not read
 * for a week is buried. */
#ifndef FAM_QUEUE_TASK_EMOTIONS_H
#define FAM_QUEUE_TASK_EMOTIONS_H

#include "queue/task_run.h"

/* As struct fam_task_type has it; the context is a struct fam_handlers (queue/handlers.h). */
void fam_task_emotions(void *context, struct fam_run *const *runs, size_t count);

#endif
