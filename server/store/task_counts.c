#include "store/task_counts.h"

#include <stdio.h>
#include <string.h>

#include "store/db.h"
#include "store/store.h"

/* Two halves, so that each reads its own partial index. */
static const struct fam_statement COUNT = {
    .name = "task_counts",
    .sql = "SELECT type, sum(queued)::bigint, sum(dead)::bigint, max(oldest)::bigint FROM ("
           "SELECT type, count(*) AS queued, 0 AS dead, coalesce(1000 * extract(epoch FROM now() - min(not_before) "
           "FILTER (WHERE lease_token IS NULL AND waits_for <> 'pause' AND not_before <= now())), 0) AS oldest "
           "FROM tasks WHERE state = 'queued' GROUP BY type "
           "UNION ALL SELECT type, 0, count(*), 0 FROM tasks WHERE state = 'dead' GROUP BY type) AS found "
           "GROUP BY type ORDER BY type",
    .operation = "select",
    .table = "tasks"};

enum fam_code fam_task_count_all(struct fam_store *store, struct fam_task_count *ret_counts, size_t max,
                                 size_t *ret_count, struct fam_status *status)
{
    struct fam_db *db = NULL;
    fam_auto(fam_rows_done) struct fam_rows rows = {NULL};
    const struct fam_params none = {0};
    *ret_count = 0;
    enum fam_code code = fam_store_get(store, &db, status);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &COUNT, &none, &rows, status);
    }
    fam_store_put(store, db);
    for (size_t i = 0; code == FAM_OK && i < fam_rows_count(&rows) && i < max; i++) {
        struct fam_task_count *made = &ret_counts[(*ret_count)++];
        (void)snprintf(made->type, sizeof(made->type), "%s", fam_rows_text(&rows, i, 0));
        made->queued = (uint64_t)fam_rows_i64(&rows, i, 1);
        made->dead = (uint64_t)fam_rows_i64(&rows, i, 2);
        made->oldest_ms = (uint64_t)fam_rows_i64(&rows, i, 3);
    }
    return code;
}
