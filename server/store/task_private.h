/* task_private.h: what the files about tasks share. */
#ifndef FAM_STORE_TASK_PRIVATE_H
#define FAM_STORE_TASK_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "store/db.h"
#include "store/task_store.h"

struct fam_store;

/* "$N" is the clock's offset in milliseconds. */
#define FAM_TASK_NOW(n) "(now() + $" n "::bigint * interval '1 millisecond')"
/* Unix milliseconds, never before the moment itself. */
#define FAM_TASK_MS(moment) "ceil(extract(epoch FROM " moment ") * 1000)::bigint"

/* A statement on a connection of its own, again after a deadlock (three times at most). */
enum fam_code fam_task_exec(struct fam_store *store, const struct fam_statement *statement,
                            const struct fam_params *params, struct fam_rows *ret_rows,
                            struct fam_status *status) FAM_MUST_CHECK;
/* "{id,id}", to be cast to uuid[]; `stride` bytes lie between two ids. A failed buffer is found by fam_task_exec_ids.
 */
void fam_task_array(struct fam_buf *array, const struct fam_uuid *first, size_t stride, size_t count);
/* FAILED when the arrays could not be built, or 1 to FAM_TASK_BATCH_MAX is not the count. */
enum fam_code fam_task_check_array(const struct fam_buf *array, size_t count, struct fam_status *status) FAM_MUST_CHECK;
/* Copies at most FAM_TASK_REASON_MAX bytes, cut at a character's end. */
void fam_task_reason(const char *reason, char ret_reason[FAM_TASK_REASON_MAX + 1]);
int64_t fam_task_offset(const struct fam_task_times *times);
/* The position of `id` in ids, or `count`. */
size_t fam_task_index(const struct fam_uuid *ids, size_t stride, size_t count, const struct fam_uuid *id);
/* ABORTED, "LEASE_LOST". */
enum fam_code fam_task_fail_lost(struct fam_status *status);

#endif
