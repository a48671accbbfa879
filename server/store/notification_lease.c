/* notification_lease.c: handing out what is due; see notification_store.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/column.h"
#include "store/notification_private.h"
#include "store/store.h"
#include "store/words.h"

/* Another server may lease one of the same person at the same moment: the unique index lets one of them through. */
enum { TRIES = 5 };

/* Due, of a person who can be reached and has none that is leased, and the first of that person's. The rows of one
 * person are few; everything else follows the index on (lane, not_before), so that a long backlog costs no more. */
#define DUE                                                                                                            \
    "SELECT n.notification_id FROM notifications n JOIN users u ON u.user_id = n.user_id "                             \
    "WHERE n.state = 'queued' AND NOT n.leased AND n.not_before <= now() AND n.expires_at > now() AND u.reachable "    \
    "AND (n.entry_id IS NULL OR n.created_at <= now() - INTERVAL '10 seconds' "                                        \
    "OR EXISTS (SELECT 1 FROM deliveries d WHERE d.entry_id = n.entry_id)) "                                           \
    "AND NOT EXISTS (SELECT 1 FROM notifications o WHERE o.user_id = n.user_id AND o.state = 'queued' "                \
    "AND o.notification_id <> n.notification_id AND (o.leased OR (o.not_before <= now() AND o.expires_at > now() "     \
    "AND (o.lane, o.not_before, o.notification_id) < (n.lane, n.not_before, n.notification_id)))) "
#define CONSENT(purpose)                                                                                               \
    "coalesce((SELECT granted FROM consents c WHERE c.user_id = l.user_id AND c.purpose = '" purpose "' "              \
    "ORDER BY changed_at DESC, consent_id DESC LIMIT 1), false)"

enum column {
    COLUMN_ID,
    COLUMN_TOKEN,
    COLUMN_USER,
    COLUMN_LANE,
    COLUMN_KIND,
    COLUMN_ENTRY,
    COLUMN_VERSION,
    COLUMN_BODY,
    COLUMN_ATTEMPTS,
    COLUMN_BEGAN,
    COLUMN_MAY_ASK,
    COLUMN_CREATED,
    COLUMN_LANGUAGE,
    COLUMN_COUNTRY,
    COLUMN_TELEGRAM,
    COLUMN_KEY,
    COLUMN_MAY_PROCESS,
    COLUMN_MAY_NOTIFY
};

static const struct fam_statement lease = {
    "notification_lease",
    "WITH answers AS (" DUE "AND n.lane = 1 ORDER BY n.not_before, n.notification_id LIMIT $1::bigint "
    "FOR UPDATE OF n SKIP LOCKED), "
    "others AS (" DUE "AND n.lane > 1 ORDER BY n.lane, n.not_before, n.notification_id "
    "LIMIT least($2::bigint, $1::bigint - (SELECT count(*) FROM answers)) FOR UPDATE OF n SKIP LOCKED), "
    "l AS (UPDATE notifications SET leased = true, lease_token = gen_random_uuid(), leased_at = now(), "
    "leased_until = now() + $3::bigint * INTERVAL '1 millisecond', holder = $4, attempts = attempts + 1 "
    "WHERE notification_id IN (SELECT notification_id FROM answers UNION ALL SELECT notification_id FROM others) "
    "RETURNING *) "
    "SELECT l.notification_id, l.lease_token, l.user_id, l.lane, l.kind, l.entry_id, l.reading_version, l.body, "
    "l.attempts, l.began, u.follow_up, (extract(epoch FROM l.created_at) * 1000)::bigint, u.language, u.country, "
    "u.telegram_sealed, k.wrapped, " CONSENT("processing") ", " CONSENT(
        "notifications") " "
                         "FROM l JOIN users u ON u.user_id = l.user_id LEFT JOIN keys.user_keys k ON k.user_id = "
                         "l.user_id "
                         "ORDER BY l.lane, l.not_before, l.notification_id",
    "update", "notifications"};

void fam_leased_free(struct fam_leased *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fam_secret_done(&list[i].body);
    }
    free(list);
}

static enum fam_code open_sealed(struct fam_store *store, const struct fam_rows *rows, size_t row,
                                 struct fam_leased *leased, struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    fam_auto(fam_secret_done) struct fam_secret telegram = {0};
    size_t size = 0;
    const unsigned char *wrapped = fam_rows_bytes(rows, row, COLUMN_KEY, &size);
    const struct fam_place chat = {
        .table = "users", .column = "telegram_sealed", .row = leased->user_id, .owner = leased->user_id};
    const struct fam_place body = fam_notification_place("body", &leased->notification_id, &leased->user_id);
    enum fam_code code =
        fam_seal_take_key(fam_store_seal(store), FAM_KEY_USER, &leased->user_id, wrapped, size, &key, status);
    if (code == FAM_OK) {
        code = fam_column_open(rows, row, COLUMN_TELEGRAM, &key, &chat, &telegram, status);
    }
    if (code == FAM_OK && telegram.size != 8) {
        code = fam_fail(status, FAM_DATA_LOSS, "a sealed Telegram id has the wrong size");
    }
    if (code == FAM_OK) {
        leased->chat_id = fam_get_i64(telegram.data);
    }
    if (code == FAM_OK && !fam_rows_is_null(rows, row, COLUMN_BODY)) {
        code = fam_column_open(rows, row, COLUMN_BODY, &key, &body, &leased->body, status);
    }
    return code;
}

/* What can't be opened for good is told with the row; everything else is a failure. */
static enum fam_code fill(struct fam_store *store, const struct fam_rows *rows, size_t row, struct fam_leased *leased,
                          struct fam_status *status)
{
    leased->notification_id = fam_rows_uuid(rows, row, COLUMN_ID);
    leased->token = fam_rows_uuid(rows, row, COLUMN_TOKEN);
    leased->user_id = fam_rows_uuid(rows, row, COLUMN_USER);
    leased->lane = (Fam__V1__Lane)fam_rows_i64(rows, row, COLUMN_LANE);
    leased->kind = fam_notification_kind_of_word(fam_rows_text(rows, row, COLUMN_KIND));
    leased->has_entry = !fam_rows_is_null(rows, row, COLUMN_ENTRY);
    leased->entry_id = fam_rows_uuid(rows, row, COLUMN_ENTRY);
    leased->reading_version = (int32_t)fam_rows_i64(rows, row, COLUMN_VERSION);
    leased->attempt = (int32_t)fam_rows_i64(rows, row, COLUMN_ATTEMPTS);
    leased->began = fam_rows_i64(rows, row, COLUMN_BEGAN) != 0;
    leased->may_ask = fam_rows_i64(rows, row, COLUMN_MAY_ASK) != 0;
    leased->created_at_ms = fam_rows_i64(rows, row, COLUMN_CREATED);
    leased->language = fam_language_of_word(fam_rows_text(rows, row, COLUMN_LANGUAGE));
    (void)snprintf(leased->country, sizeof(leased->country), "%s", fam_rows_text(rows, row, COLUMN_COUNTRY));
    leased->may_process = fam_rows_i64(rows, row, COLUMN_MAY_PROCESS) != 0;
    leased->may_notify = fam_rows_i64(rows, row, COLUMN_MAY_NOTIFY) != 0;
    enum fam_code code = open_sealed(store, rows, row, leased, status);
    leased->is_gone = code == FAM_NOT_FOUND || code == FAM_DATA_LOSS;
    return leased->is_gone ? FAM_OK : code;
}

static enum fam_code run(struct fam_store *store, const struct fam_lease_request *request, struct fam_rows *ret_rows,
                         struct fam_status *status)
{
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    fam_param_i64(&params, (int64_t)request->max);
    fam_param_i64(&params, (int64_t)request->max_others);
    fam_param_i64(&params, request->lease_ms);
    fam_param_text(&params, request->holder);
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    code = FAM_ALREADY_EXISTS;
    for (int i = 0; i < TRIES && code == FAM_ALREADY_EXISTS; i++) {
        code = fam_db_exec(db, &lease, &params, ret_rows, status);
    }
    fam_store_put(store, db);
    return code == FAM_ALREADY_EXISTS
               ? fam_fail_reason(status, FAM_ABORTED, "CONTENTION", 20, "other servers lease at the same moment")
               : code;
}

enum fam_code fam_notification_lease(struct fam_store *store, const struct fam_lease_request *request,
                                     struct fam_leased **ret_list, size_t *ret_count, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    *ret_list = NULL;
    *ret_count = 0;
    if (request->max < 1 || request->max > FAM_NOTIFICATION_LEASE_MAX) {
        return fam_fail_field(status, "max", "is not between 1 and %d", FAM_NOTIFICATION_LEASE_MAX);
    }
    /* Before the statement: what is leased must reach its bot. */
    struct fam_leased *list = calloc(request->max, sizeof(*list));
    if (list == NULL) {
        return fam_fail_memory(status);
    }
    enum fam_code code = run(store, request, &rows, status);
    size_t count = code == FAM_OK ? fam_rows_count(&rows) : 0;
    for (size_t row = 0; code == FAM_OK && row < count && row < request->max; row++) {
        code = fill(store, &rows, row, &list[row], status);
    }
    if (code != FAM_OK || count == 0) {
        fam_leased_free(list, request->max);
        return code;
    }
    *ret_list = list;
    *ret_count = count;
    return FAM_OK;
}
