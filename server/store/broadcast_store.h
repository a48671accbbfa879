/* broadcast_store.h: what operators tell everybody who wants to hear it: people who can be reached and have agreed to
 * processing and to messages. The row and a task of the type FAM_BROADCAST_TASK are written together; the task adds a
 * notification for each person, in chunks, each person once. Thread-safe. */
#ifndef FAM_STORE_BROADCAST_STORE_H
#define FAM_STORE_BROADCAST_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "store/idempotency_store.h"
#include "store/task_store.h"

struct fam_store;

#define FAM_BROADCAST_TASK "broadcast"

enum { FAM_BROADCAST_CHUNK = 200 };

/* Borrowed. */
struct fam_broadcast_new {
    const char *created_by; /* scope of the operator's token */
    const char *text_ru;    /* up to 2,000 characters */
    const char *text_en;
};
/* How many would get it now. */
enum fam_code fam_broadcast_count(struct fam_store *store, int64_t *ret_count,
                                  struct fam_status *status) FAM_MUST_CHECK;
/* ids: see fam_broadcast_recipients. *ret_ref is for fam_queue_push, unless the outcome is a replay. */
enum fam_code fam_broadcast_add(struct fam_store *store, const struct fam_mutation *mutation,
                                const struct fam_broadcast_new *broadcast, struct fam_task_ref *ret_ref,
                                struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;
/* The count out of ids as they come from fam_outcome or fam_call_replay. */
bool fam_broadcast_recipients(const void *ids, size_t size, int64_t *ret_count);
/* Notifications for the next people behind *cursor (nil: from the first), which moves on; *ret_more: there are more.
 * NOT_FOUND: no such broadcast. */
enum fam_code fam_broadcast_chunk(struct fam_store *store, const struct fam_uuid *broadcast_id, struct fam_uuid *cursor,
                                  bool *ret_more, struct fam_status *status) FAM_MUST_CHECK;

#endif
