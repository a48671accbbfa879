/* notification_store.c: new notifications, and what the thread behind the bell asks; see notification_store.h. */
#include "store/notification_store.h"

#include <string.h>

#include "store/column.h"
#include "store/notification_private.h"
#include "store/store.h"

enum { LIFETIME_MS = 24 * 60 * 60 * 1000 };

static const struct fam_statement insert_notification = {
    "notification_insert",
    "INSERT INTO notifications (notification_id, user_id, lane, kind, entry_id, reading_version, body, unique_key, "
    "not_before, expires_at) VALUES ($1, $2, $3::smallint, $4, $5, $6::integer, $7, $8, "
    "clock_timestamp() + $9::bigint * INTERVAL '1 millisecond', "
    "clock_timestamp() + ($9::bigint + $10::bigint) * INTERVAL '1 millisecond') "
    "ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL DO NOTHING",
    "insert", "notifications"};
/* A bot that died may have sent what it held. */
static const struct fam_statement sweep_leases = {
    "notification_sweep_leases",
    "UPDATE notifications SET leased = false, began = true WHERE notification_id IN (SELECT notification_id "
    "FROM notifications WHERE leased AND leased_until < now() LIMIT 1000 FOR UPDATE SKIP LOCKED)",
    "update", "notifications"};
static const struct fam_statement sweep_old = {
    "notification_sweep_old",
    "WITH old AS (UPDATE notifications SET state = 'expired', finished_at = now() WHERE notification_id IN "
    "(SELECT notification_id FROM notifications WHERE state = 'queued' AND NOT leased AND expires_at <= now() "
    "LIMIT 1000 FOR UPDATE SKIP LOCKED) RETURNING lane, kind, user_id) SELECT lane, count(*), "
    "count(*) FILTER (WHERE kind = 'checkin') FROM old "
    "JOIN users u USING (user_id) WHERE u.reachable GROUP BY lane",
    "update", "notifications"};
/* One that has become due a moment ago counts, too: whoever looked may have looked just before. */
enum { AGAIN_MS = 25 };
static const struct fam_statement select_next = {
    "notification_next",
    "SELECT ceil(extract(epoch FROM min(t.not_before) - now()) * 1000)::bigint FROM unnest(ARRAY[1, 2, 3]) l "
    "CROSS JOIN LATERAL (SELECT not_before FROM notifications WHERE lane = l AND state = 'queued' "
    "AND NOT leased AND not_before > now() - INTERVAL '500 milliseconds' ORDER BY not_before LIMIT 1) t",
    "select", "notifications"};
static const struct fam_statement select_backlog = {
    "notification_backlog",
    "SELECT lane, count(*), (extract(epoch FROM now() - min(not_before)) * 1000)::bigint FROM notifications n "
    "JOIN users u USING (user_id) WHERE n.state = 'queued' AND n.not_before <= now() AND u.reachable GROUP BY lane",
    "select", "notifications"};

struct fam_place fam_notification_place(const char *column, const struct fam_uuid *notification_id,
                                        const struct fam_uuid *user_id)
{
    return (struct fam_place){.table = "notifications", .column = column, .row = *notification_id, .owner = *user_id};
}

/* By enum NotificationKind. */
static const char *const KINDS[] = {NULL,     "better_reading", "checkin",   "weekly_report",
                                    "notice", "follow_up",      "broadcast", "checkin_reminder"};

const char *fam_notification_kind_word(Fam__V1__NotificationKind kind)
{
    return (size_t)kind < FAM_ARRAY_SIZE(KINDS) ? KINDS[kind] : NULL;
}

Fam__V1__NotificationKind fam_notification_kind_of_word(const char *word)
{
    for (size_t i = 1; i < FAM_ARRAY_SIZE(KINDS); i++) {
        if (strcmp(KINDS[i], word) == 0) {
            return (Fam__V1__NotificationKind)i;
        }
    }
    return FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_UNSPECIFIED;
}

static enum fam_code add_body(struct fam_store *store, struct fam_db *db, const struct fam_uuid *notification_id,
                              const struct fam_notification_new *notification, struct fam_params *params,
                              struct fam_sealed *ret_sealed, struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    if (notification->body == NULL) {
        fam_param_null(params);
        return FAM_OK;
    }
    const struct fam_place place = fam_notification_place("body", notification_id, notification->user_id);
    enum fam_code code = fam_seal_get_key(fam_store_seal(store), db, FAM_KEY_USER, notification->user_id, &key, status);
    if (code == FAM_OK) {
        code = fam_column_bytes(params, &key, &place, notification->body, notification->body_size, ret_sealed, status);
    }
    return code;
}

enum fam_code fam_notification_add(struct fam_store *store, struct fam_db *db,
                                   const struct fam_notification_new *notification, bool *ret_added,
                                   struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    struct fam_params params = {0};
    const struct fam_uuid id = fam_uuid_v7();
    *ret_added = false;
    fam_param_uuid(&params, &id);
    fam_param_uuid(&params, notification->user_id);
    fam_param_i64(&params, (int64_t)notification->lane);
    fam_param_text(&params, fam_notification_kind_word(notification->kind));
    fam_param_uuid(&params, notification->entry_id);
    if (notification->entry_id != NULL) {
        fam_param_i64(&params, notification->reading_version);
    } else {
        fam_param_null(&params);
    }
    enum fam_code code = add_body(store, db, &id, notification, &params, &sealed, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_text(&params, notification->unique_key);
    fam_param_i64(&params, (int64_t)notification->delay_ms);
    fam_param_i64(&params, notification->lifetime_ms != 0 ? (int64_t)notification->lifetime_ms : LIFETIME_MS);
    code = fam_db_exec(db, &insert_notification, &params, &rows, status);
    *ret_added = code == FAM_OK && fam_rows_affected(&rows) == 1;
    return code;
}

enum fam_code fam_notification_sweep(struct fam_db *db, struct fam_notification_swept *ret_swept,
                                     struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows leases = {0};
    fam_auto(fam_rows_done) struct fam_rows old = {0};
    memset(ret_swept, 0, sizeof(*ret_swept));
    enum fam_code code = fam_db_exec(db, &sweep_leases, NULL, &leases, status);
    if (code != FAM_OK) {
        return code;
    }
    ret_swept->returned = fam_rows_affected(&leases);
    code = fam_db_exec(db, &sweep_old, NULL, &old, status);
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&old); row++) {
        size_t lane = (size_t)fam_rows_i64(&old, row, 0) - 1;
        if (lane < FAM_NOTIFICATION_LANES) {
            ret_swept->expired[lane] = (size_t)fam_rows_i64(&old, row, 1);
            ret_swept->expired_checkins += (size_t)fam_rows_i64(&old, row, 2);
        }
    }
    return code;
}

enum fam_code fam_notification_next(struct fam_db *db, uint32_t limit_ms, uint32_t *ret_ms, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    *ret_ms = limit_ms;
    enum fam_code code = fam_db_exec(db, &select_next, NULL, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 1 && !fam_rows_is_null(&rows, 0, 0)) {
        int64_t ms = fam_rows_i64(&rows, 0, 0);
        if (ms < (int64_t)limit_ms) {
            *ret_ms = ms < AGAIN_MS ? AGAIN_MS : (uint32_t)ms;
        }
    }
    return code;
}

enum fam_code fam_notification_count(struct fam_db *db, struct fam_notification_backlog *ret_backlog,
                                     struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    memset(ret_backlog, 0, sizeof(*ret_backlog));
    enum fam_code code = fam_db_exec(db, &select_backlog, NULL, &rows, status);
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows); row++) {
        size_t lane = (size_t)fam_rows_i64(&rows, row, 0) - 1;
        if (lane < FAM_NOTIFICATION_LANES) {
            ret_backlog->due[lane] = fam_rows_i64(&rows, row, 1);
            ret_backlog->oldest_ms[lane] = fam_rows_i64(&rows, row, 2);
        }
    }
    return code;
}
