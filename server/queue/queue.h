/* queue.h: whose turn it is: tasks ordered and leased in Redis by Lua scripts.
 *
 * Redis holds nothing that PostgreSQL does not: after a crash, a wipe or a restore of Redis the sweep rebuilds it from
 * the rows. Thread-safe. */
#ifndef FAM_QUEUE_QUEUE_H
#define FAM_QUEUE_QUEUE_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/status.h"
#include "store/task_store.h"

struct fam_queue;

/* After the COMMIT that made them: workers wake up at once. Never fails for the caller: what Redis does not hear now,
 * the next sweep tells it. Takes a NULL queue. */
void fam_queue_push(struct fam_queue *queue, const struct fam_task_ref *refs, size_t count);

#endif
