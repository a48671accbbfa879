/* notification_list.c: for operators: lists, sending again; and who can be reached; see notification_store.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "store/column.h"
#include "store/notification_private.h"
#include "store/store.h"

/* What a row is to an operator. */
#define SHOWN                                                                                                          \
    "CASE WHEN n.state <> 'queued' THEN n.state WHEN n.leased THEN 'leased' "                                          \
    "WHEN NOT u.reachable AND n.not_before <= now() THEN 'held' ELSE 'queued' END"

static const struct fam_statement select_page = {
    "notification_list",
    "SELECT n.notification_id, n.user_id, n.kind, n.lane, " SHOWN ", n.attempts, "
    "CASE WHEN n.leased THEN n.holder ELSE '' END, n.reason, (extract(epoch FROM n.created_at) * 1000)::bigint, "
    "(extract(epoch FROM n.not_before) * 1000)::bigint, (extract(epoch FROM n.expires_at) * 1000)::bigint, "
    "(extract(epoch FROM n.finished_at) * 1000)::bigint, n.entry_id FROM notifications n JOIN users u USING (user_id) "
    "WHERE n.notification_id < $1 AND ($2::uuid IS NULL OR n.user_id = $2) AND ($3::text IS NULL OR " SHOWN " = $3) "
    "AND ($4::text IS NULL OR n.kind = $4) AND ($6::uuid[] IS NULL OR n.notification_id = ANY ($6)) ORDER BY "
    "n.notification_id DESC LIMIT $5::bigint",
    "select", "notifications"};
#define ENDED                                                                                                          \
    "FROM notifications WHERE state IN ('failed', 'expired') AND ($1::uuid[] IS NULL OR notification_id = ANY ($1)) "  \
    "AND ($2::uuid IS NULL OR user_id = $2) AND ($3::text IS NULL OR state = $3) "                                     \
    "AND ($4::text IS NULL OR kind = $4) "
static const struct fam_statement count_ended = {
    "notification_ended", "SELECT count(*) FROM (SELECT 1 " ENDED "LIMIT $5::bigint) t", "select", "notifications"};
static const struct fam_statement requeue = {
    "notification_requeue",
    "UPDATE notifications SET state = 'queued', attempts = 0, not_before = now(), finished_at = NULL, "
    "expires_at = now() + INTERVAL '24 hours', lease_token = NULL, leased_until = NULL, reason = '' "
    "WHERE notification_id IN (SELECT notification_id " ENDED
    "ORDER BY notification_id LIMIT $5::bigint FOR UPDATE SKIP LOCKED)",
    "update", "notifications"};
static const struct fam_statement set_reachable = {
    "user_reachable",
    "WITH before AS (SELECT user_id, reachable FROM users WHERE user_id = $1 AND erased_at IS NULL "
    "FOR UPDATE), "
    "changed AS (UPDATE users SET reachable = $2, reachable_changed_at = clock_timestamp() "
    "WHERE user_id = (SELECT user_id FROM before WHERE reachable <> $2) RETURNING user_id) "
    "SELECT EXISTS (SELECT 1 FROM changed) FROM before",
    "update", "users"};

/* By enum NotificationState. */
static const char *const STATES[] = {NULL, "queued", "leased", "delivered", "failed", "expired", "held"};

static const char *state_word(Fam__V1__NotificationState state)
{
    return (size_t)state < FAM_ARRAY_SIZE(STATES) ? STATES[state] : NULL;
}

static Fam__V1__NotificationState state_of_word(const char *word)
{
    for (size_t i = 1; i < FAM_ARRAY_SIZE(STATES); i++) {
        if (strcmp(STATES[i], word) == 0) {
            return (Fam__V1__NotificationState)i;
        }
    }
    return FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_UNSPECIFIED;
}

static void add_filter(struct fam_params *params, const struct fam_notification_filter *filter)
{
    fam_param_uuid(params, filter->user_id);
    fam_param_text(params, state_word(filter->state));
    fam_param_text(params, fam_notification_kind_word(filter->kind));
}

static void fill_summary(const struct fam_rows *rows, size_t row, struct fam_notification_summary *summary)
{
    summary->notification_id = fam_rows_uuid(rows, row, 0);
    summary->user_id = fam_rows_uuid(rows, row, 1);
    summary->kind = fam_notification_kind_of_word(fam_rows_text(rows, row, 2));
    summary->lane = (Fam__V1__Lane)fam_rows_i64(rows, row, 3);
    summary->state = state_of_word(fam_rows_text(rows, row, 4));
    summary->attempts = (int32_t)fam_rows_i64(rows, row, 5);
    (void)snprintf(summary->holder, sizeof(summary->holder), "%s", fam_rows_text(rows, row, 6));
    (void)snprintf(summary->reason, sizeof(summary->reason), "%s", fam_rows_text(rows, row, 7));
    summary->created_at_ms = fam_rows_i64(rows, row, 8);
    summary->not_before_ms = fam_rows_i64(rows, row, 9);
    summary->expires_at_ms = fam_rows_i64(rows, row, 10);
    summary->finished_at_ms = fam_rows_i64(rows, row, 11);
    summary->has_entry = !fam_rows_is_null(rows, row, 12);
    summary->entry_id = fam_rows_uuid(rows, row, 12);
}

/* "{id,id}", or "" for none. */
static enum fam_code list_ids(const struct fam_uuid *ids, size_t count, struct fam_buf *ret_text,
                              struct fam_status *status)
{
    if (count > FAM_NOTIFICATION_IDS_MAX) {
        return fam_fail_field(status, "notification_ids", "at most %d at once", FAM_NOTIFICATION_IDS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        char id[FAM_UUID_TEXT_SIZE];
        fam_uuid_format(&ids[i], id);
        fam_buf_addf(ret_text, "%c%s", i == 0 ? '{' : ',', id);
    }
    if (count > 0) {
        fam_buf_addf(ret_text, "}");
    }
    return ret_text->failed ? fam_fail_memory(status) : FAM_OK;
}

enum fam_code fam_notification_list(struct fam_store *store, const struct fam_notification_filter *filter,
                                    const struct fam_uuid *before, size_t limit,
                                    struct fam_notification_summary **ret_list, size_t *ret_count, bool *ret_more,
                                    struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_buf_done) struct fam_buf ids = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    struct fam_uuid newest;
    memset(newest.bytes, 0xff, sizeof(newest.bytes));
    *ret_list = NULL;
    *ret_count = 0;
    *ret_more = false;
    if (limit < 1 || limit > FAM_NOTIFICATION_PAGE_MAX) {
        return fam_fail_field(status, "page_size", "is not between 1 and %d", FAM_NOTIFICATION_PAGE_MAX);
    }
    fam_param_uuid(&params, before != NULL ? before : &newest);
    add_filter(&params, filter);
    fam_param_i64(&params, (int64_t)limit + 1);
    enum fam_code code = list_ids(filter->ids, filter->id_count, &ids, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_text(&params, filter->id_count > 0 ? fam_buf_text(&ids) : NULL);
    code = fam_pool_get(fam_store_pool(store), &db, status);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &select_page, &params, &rows, status);
    }
    fam_store_put(store, db);
    if (code != FAM_OK) {
        return code;
    }
    *ret_list = calloc(limit, sizeof(**ret_list));
    if (*ret_list == NULL) {
        return fam_fail_memory(status);
    }
    for (size_t row = 0; row < fam_rows_count(&rows) && row < limit; row++) {
        fill_summary(&rows, row, &(*ret_list)[(*ret_count)++]);
    }
    *ret_more = fam_rows_count(&rows) > limit;
    return FAM_OK;
}

/* The count as an id: its last eight bytes. */
static struct fam_uuid count_as_id(int64_t count)
{
    struct fam_uuid id = {.bytes = {0}};
    fam_put_i64(id.bytes + 8, count);
    return id;
}

bool fam_notification_resent(const void *ids, size_t size, int64_t *ret_count)
{
    struct fam_uuid id;
    if (!fam_ids_uuid(ids, size, 0, &id)) {
        return false;
    }
    *ret_count = fam_get_i64(id.bytes + 8);
    return true;
}

static enum fam_code run_resend(struct fam_db *db, const struct fam_resend *resend,
                                const struct fam_statement *statement, struct fam_rows *ret_rows,
                                struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf ids = {0};
    struct fam_params params = {0};
    enum fam_code code = list_ids(resend->ids, resend->id_count, &ids, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_text(&params, resend->id_count > 0 ? fam_buf_text(&ids) : NULL);
    add_filter(&params, &resend->filter);
    fam_param_i64(&params, FAM_NOTIFICATION_RESEND_MAX);
    return fam_db_exec(db, statement, &params, ret_rows, status);
}

static enum fam_code send_again(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                                struct fam_status *status)
{
    (void)store;
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    enum fam_code code = run_resend(db, context, &requeue, &rows, status);
    if (code == FAM_OK) {
        const struct fam_uuid count = count_as_id((int64_t)fam_rows_affected(&rows));
        fam_outcome_add(outcome, &count);
    }
    return code;
}

enum fam_code fam_notification_resend(struct fam_store *store, const struct fam_mutation *mutation,
                                      const struct fam_resend *resend, struct fam_outcome *ret_outcome,
                                      int64_t *ret_count, struct fam_status *status)
{
    struct fam_resend copy = *resend;
    *ret_count = 0;
    memset(ret_outcome, 0, sizeof(*ret_outcome));
    if (!resend->dry_run) {
        enum fam_code code = fam_mutate(store, mutation, send_again, &copy, ret_outcome, status);
        if (code == FAM_OK && !fam_notification_resent(ret_outcome->ids, ret_outcome->ids_size, ret_count)) {
            return fam_fail(status, FAM_INTERNAL, "the remembered answer has no count");
        }
        return code;
    }
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_db *db = NULL;
    enum fam_code code = fam_pool_get(fam_store_pool(store), &db, status);
    if (code == FAM_OK) {
        code = run_resend(db, resend, &count_ended, &rows, status);
    }
    if (code == FAM_OK) {
        *ret_count = fam_rows_i64(&rows, 0, 0);
    }
    fam_store_put(store, db);
    return code;
}

struct reach {
    const struct fam_uuid *user_id;
    bool reachable;
};

static enum fam_code change_reach(struct fam_store *store, struct fam_db *db, void *context,
                                  struct fam_outcome *outcome, struct fam_status *status)
{
    (void)store;
    const struct reach *reach = context;
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, reach->user_id);
    fam_param_bool(&params, reach->reachable);
    enum fam_code code = fam_db_exec(db, &set_reachable, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND, "no such user");
    }
    if (code == FAM_OK && fam_rows_i64(&rows, 0, 0) != 0) {
        fam_outcome_add(outcome, reach->user_id);
    }
    return code;
}

enum fam_code fam_user_set_reachable(struct fam_store *store, const struct fam_mutation *mutation,
                                     const struct fam_uuid *user_id, bool reachable, struct fam_outcome *ret_outcome,
                                     struct fam_status *status)
{
    struct reach reach = {.user_id = user_id, .reachable = reachable};
    return fam_mutate(store, mutation, change_reach, &reach, ret_outcome, status);
}
