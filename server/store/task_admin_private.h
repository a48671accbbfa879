/* task_admin_private.h: what the lists and the changes of tasks share. "t" is the row. */
#ifndef FAM_STORE_TASK_ADMIN_PRIVATE_H
#define FAM_STORE_TASK_ADMIN_PRIVATE_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/status.h"
#include "store/db.h"
#include "store/task_admin_store.h"
#include "store/task_private.h"

/* A worker holds it, and its lease has not run out. */
#define FAM_TASK_HELD "(t.leased_until IS NOT NULL AND t.leased_until > now())"
#define FAM_TASK_READY "(NOT " FAM_TASK_HELD " AND t.not_before <= now())"
/* The number of Fam__V1__TaskState. */
#define FAM_TASK_STATE                                                                                                 \
    "(CASE WHEN t.state = 'done' THEN 4 WHEN t.state = 'dead' THEN 5 WHEN " FAM_TASK_HELD                              \
    " THEN 3 WHEN t.not_before > now() THEN 2 ELSE 1 END)"
/* $1 to $6, as fam_task_filter_params adds them. */
#define FAM_TASK_MATCHES                                                                                               \
    "($1::text IS NULL OR t.task_id = ANY($1::text::uuid[])) AND ($2::bigint = 0 OR " FAM_TASK_STATE                   \
    " = $2::bigint) AND ($3::text = '' OR t.type = $3::text) AND ($4::bigint = 0 OR t.priority = $4::bigint) "         \
    "AND ($5::text = '' OR position($5::text IN t.reason) > 0) "                                                       \
    "AND ($6::bigint = 0 OR t.created_at <= now() - $6::bigint * INTERVAL '1 millisecond')"

/* Which rows of the table a filter can match. */
enum fam_task_rows { FAM_TASK_ROWS_ALL, FAM_TASK_ROWS_QUEUED, FAM_TASK_ROWS_DONE, FAM_TASK_ROWS_DEAD };
enum fam_task_rows fam_task_filter_rows(const struct fam_task_filter *filter);
/* `ids` must live until the statement ran. */
enum fam_code fam_task_filter_params(const struct fam_task_filter *filter, struct fam_params *params,
                                     struct fam_buf *ids, struct fam_status *status) FAM_MUST_CHECK;

#endif
