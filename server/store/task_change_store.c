/* task_change_store.c: many tasks at once, by a filter; see task_admin_store.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "store/column.h"
#include "store/store.h"
#include "store/task_admin_private.h"

/* What a retry changes: the dead, and what waits. Of dead ones with the same unique key the newest, and none whose key
 * a queued task has. Rows that somebody else has at hand are left out. */
#define RETRIABLE                                                                                                      \
    "(t.state = 'dead' OR t.state = 'queued' AND NOT " FAM_TASK_HELD " AND t.not_before > now()) "                     \
    "AND (t.state = 'queued' OR t.unique_key IS NULL OR NOT EXISTS (SELECT 1 FROM tasks o WHERE o.unique_key = "       \
    "t.unique_key AND (o.state = 'queued' OR o.state = 'dead' AND o.task_id > t.task_id)))"
#define DELETABLE "NOT " FAM_TASK_HELD
#define COUNT(condition)                                                                                               \
    "SELECT count(*) FROM (SELECT 1 FROM tasks t WHERE " condition " AND " FAM_TASK_MATCHES " LIMIT $7::bigint) found"
#define CHOSEN(condition)                                                                                              \
    "WITH chosen AS (SELECT t.task_id FROM tasks t WHERE " condition " AND " FAM_TASK_MATCHES                          \
    " ORDER BY t.task_id DESC LIMIT $7::bigint FOR UPDATE SKIP LOCKED) "

/* In a line of the audit, which keeps 1,200 characters. */
enum { AUDIT_IDS = 20, AUDIT_WHY = 800, AUDIT_FAILURE = 100 };

static const struct fam_statement COUNTS[] = {
    [FAM_TASK_RETRY] = {"task_retry_count", COUNT(RETRIABLE), "select", "tasks"},
    [FAM_TASK_DELETE] = {"task_delete_count", COUNT(DELETABLE), "select", "tasks"},
};
static const struct fam_statement CHANGES[] = {
    [FAM_TASK_RETRY] = {"task_retry",
                        CHOSEN(RETRIABLE) "UPDATE tasks SET state = 'queued', "
                                          "attempts = CASE WHEN state = 'dead' THEN 0 ELSE attempts END, "
                                          "deaths = CASE WHEN state = 'dead' THEN 0 ELSE deaths END, "
                                          "not_before = now(), moved_at = now(), waits_for = '', lease_token = NULL, "
                                          "leased_until = NULL, worker = NULL, finished_at = NULL FROM chosen c "
                                          "WHERE tasks.task_id = c.task_id RETURNING tasks.task_id, tasks.priority",
                        "update", "tasks"},
    [FAM_TASK_DELETE] = {"task_delete",
                         CHOSEN(DELETABLE) "DELETE FROM tasks USING chosen c WHERE tasks.task_id = c.task_id "
                                           "RETURNING tasks.task_id, tasks.priority",
                         "delete", "tasks"},
};

enum fam_code fam_task_change_count(struct fam_store *store, enum fam_task_change change,
                                    const struct fam_task_filter *filter, int64_t *ret_count, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_buf_done) struct fam_buf ids = {0};
    struct fam_params params = {0};
    enum fam_code code = fam_task_filter_params(filter, &params, &ids, status);
    if (code == FAM_OK) {
        fam_param_i64(&params, FAM_TASK_CHANGE_MAX);
        code = fam_task_exec(store, &COUNTS[change], &params, &rows, status);
    }
    if (code == FAM_OK) {
        *ret_count = fam_rows_i64(&rows, 0, 0);
    }
    return code;
}

struct changing {
    enum fam_task_change change;
    const struct fam_task_filter *filter;
    const struct fam_audit *audit;
    struct fam_task_ref *refs;
    size_t count;
};

/* The count as an id of the outcome: eight bytes of nothing, then the number. */
static void add_count(struct fam_outcome *outcome, size_t count)
{
    struct fam_uuid number = {{0}};
    fam_put_i64(number.bytes + 8, (int64_t)count);
    fam_outcome_add(outcome, &number);
}

bool fam_task_change_replay(const void *ids, size_t size, int64_t *ret_count)
{
    struct fam_uuid number;
    if (!fam_ids_uuid(ids, size, 0, &number)) {
        return false;
    }
    *ret_count = fam_get_i64(number.bytes + 8);
    return true;
}

static enum fam_code keep_refs(const struct fam_rows *rows, struct changing *changing, struct fam_status *status)
{
    free(changing->refs); /* of an attempt that was rolled back */
    changing->count = 0;
    changing->refs = calloc(fam_rows_count(rows) + 1, sizeof(*changing->refs));
    if (changing->refs == NULL) {
        return fam_fail_memory(status);
    }
    for (size_t row = 0; row < fam_rows_count(rows); row++) {
        changing->refs[changing->count++] = (struct fam_task_ref){
            .task_id = fam_rows_uuid(rows, row, 0), .priority = (enum fam_priority)fam_rows_i64(rows, row, 1)};
    }
    return FAM_OK;
}

static void describe_filter(const struct fam_task_filter *filter, struct fam_buf *text)
{
    static const char *const STATES[] = {NULL, "ready", "waiting", "running", "done", "dead"};
    static const char *const PRIORITIES[] = {NULL, "low", "normal", "high", "critical"};
    if (filter->id_count > 0) {
        fam_buf_addf(text, ", named %zu", filter->id_count);
    }
    if ((size_t)filter->state < FAM_ARRAY_SIZE(STATES) && STATES[filter->state] != NULL) {
        fam_buf_addf(text, ", state %s", STATES[filter->state]);
    }
    if (filter->type[0] != '\0') {
        fam_buf_addf(text, ", type %.64s", filter->type);
    }
    if ((size_t)filter->priority < FAM_ARRAY_SIZE(PRIORITIES) && PRIORITIES[filter->priority] != NULL) {
        fam_buf_addf(text, ", priority %s", PRIORITIES[filter->priority]);
    }
    if (filter->reason[0] != '\0') {
        fam_buf_addf(text, ", failure '%.*s'", (int)fam_utf8_cut(filter->reason, AUDIT_FAILURE), filter->reason);
    }
    if (filter->older_than_ms > 0) {
        fam_buf_addf(text, ", older than %" PRId64 " s", filter->older_than_ms / 1000);
    }
}

/* "3 tasks deleted, state dead, type x: the operator's reason; ids …". Not all ids of many: so many
 * that all has room. */
static void describe(const struct changing *changing, struct fam_buf *text)
{
    const char *why = changing->audit->reason;
    fam_buf_addf(text, "%zu tasks %s", changing->count, changing->change == FAM_TASK_RETRY ? "retried" : "deleted");
    describe_filter(changing->filter, text);
    if (why[0] != '\0') {
        fam_buf_addf(text, ": %.*s", (int)fam_utf8_cut(why, AUDIT_WHY), why);
    }
    for (size_t i = 0; i < changing->count && i < AUDIT_IDS; i++) {
        char id[FAM_UUID_TEXT_SIZE];
        fam_uuid_format(&changing->refs[i].task_id, id);
        fam_buf_addf(text, "%s%s", i == 0 ? "; ids " : " ", id);
    }
    if (changing->count > AUDIT_IDS) {
        fam_buf_add_text(text, " …");
    }
}

static enum fam_code change_tasks(struct fam_store *store, struct fam_db *db, void *context,
                                  struct fam_outcome *outcome, struct fam_status *status)
{
    struct changing *changing = context;
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_buf_done) struct fam_buf ids = {0};
    struct fam_params params = {0};
    (void)store;
    enum fam_code code = fam_task_filter_params(changing->filter, &params, &ids, status);
    if (code == FAM_OK) {
        fam_param_i64(&params, FAM_TASK_CHANGE_MAX);
        code = fam_db_exec(db, &CHANGES[changing->change], &params, &rows, status);
    }
    if (code == FAM_OK) {
        code = keep_refs(&rows, changing, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    fam_auto(fam_buf_done) struct fam_buf reason = {0};
    struct fam_audit audit = *changing->audit;
    describe(changing, &reason);
    if (reason.failed) {
        return fam_fail_memory(status);
    }
    audit.reason = fam_buf_text(&reason);
    add_count(outcome, changing->count);
    return fam_audit_write(db, &audit, status);
}

enum fam_code fam_task_change(struct fam_store *store, const struct fam_mutation *mutation, enum fam_task_change change,
                              const struct fam_task_filter *filter, const struct fam_audit *audit,
                              struct fam_task_ref **ret_refs, int64_t *ret_count, struct fam_outcome *ret_outcome,
                              struct fam_status *status)
{
    struct changing changing = {.change = change, .filter = filter, .audit = audit};
    *ret_refs = NULL;
    *ret_count = 0;
    enum fam_code code = fam_mutate(store, mutation, change_tasks, &changing, ret_outcome, status);
    if (code == FAM_OK && !fam_task_change_replay(ret_outcome->ids, ret_outcome->ids_size, ret_count)) {
        code = fam_fail(status, FAM_INTERNAL, "the remembered answer holds no count");
    }
    if (code != FAM_OK || ret_outcome->replayed) {
        free(changing.refs);
        return code;
    }
    *ret_refs = changing.refs;
    return FAM_OK;
}
