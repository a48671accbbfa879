/* task_types.h: the names of all types of tasks, for those who check what an operator typed. Every type of
 * queue/handlers.h is here; fam_handlers_add asserts it. No state; thread-safe. */
#ifndef FAM_QUEUE_TASK_TYPES_H
#define FAM_QUEUE_TASK_TYPES_H

#include <stdbool.h>

bool fam_task_types_know(const char *type);
/* "process_emotion_batch, retention_sweep …", NUL-terminated. */
enum { FAM_TASK_TYPES_LIST_SIZE = 256 };
void fam_task_types_list(char ret_list[FAM_TASK_TYPES_LIST_SIZE]);

#endif
