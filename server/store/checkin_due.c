/* checkin_due.c: see checkin_due.h. One statement for many: at eight o'clock ten thousand are due at once. */
#include "store/checkin_due.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "store/column.h"
#include "store/store.h"
#include "store/words.h"

/* The due times, and to whom each is. */
#define DUES                                                                                                           \
    "unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS i(schedule_id, subject, n) CROSS JOIN LATERAL "                 \
    "(SELECT i.subject AS user_id UNION SELECT p.user_id FROM parents p WHERE p.family_id = i.subject) r "
#define AGREED(purpose)                                                                                                \
    "coalesce((SELECT granted FROM consents c WHERE c.user_id = u.user_id AND c.purpose = '" purpose "' "              \
    "ORDER BY changed_at DESC, consent_id DESC LIMIT 1), false)"

#define CHECKIN_OF_REMINDER                                                                                            \
    ", coalesce(CASE WHEN starts_with(t.name, '" FAM_CHECKIN_REMIND "') THEN (SELECT "                                 \
    "(extract(epoch FROM k.next_at) * 1000)::bigint FROM schedules k WHERE k.user_id = t.user_id AND k.job = t.job "   \
    "AND k.name = substr(t.name, length('" FAM_CHECKIN_REMIND "') + 1) AND k.enabled) END, 0)"

/* A decision takes a stronger lock of the row; the statement that follows sees what was decided before. */
static const struct fam_statement hold_people = {"checkin_hold",
                                                 "SELECT 1 FROM users u WHERE u.user_id IN (SELECT r.user_id FROM " DUES
                                                 ") ORDER BY u.user_id FOR SHARE",
                                                 "select", "users"};
static const struct fam_statement select_guests = {
    "checkin_guests",
    "SELECT i.n - 1, u.user_id, t.name, " FAM_QUIET_COLUMNS CHECKIN_OF_REMINDER " FROM " DUES
    "JOIN schedules t ON t.schedule_id = i.schedule_id AND t.enabled JOIN users u ON u.user_id = r.user_id "
    "AND u.reachable AND u.erased_at IS NULL " FAM_QUIET_JOINS("$3") "WHERE " AGREED("processing") " AND " AGREED(
        "notifications") " ORDER BY i.n, u.user_id LIMIT $4::bigint",
    "select", "users"};
static const struct fam_statement insert_all = {
    "checkin_send",
    "WITH i AS (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], "
    "$7::bigint[], $8::bigint[], $9::bigint[]) "
    "AS i(checkin_id, notification_id, user_id, slot, question_set, due_ms, expires_ms, show_ms, until_ms)), "
    "c AS (INSERT INTO checkins (checkin_id, user_id, slot, question_set, due_at, expires_at) "
    "SELECT checkin_id, user_id, slot, question_set, TIMESTAMPTZ 'epoch' + due_ms * INTERVAL '1 millisecond', "
    "TIMESTAMPTZ 'epoch' + expires_ms * INTERVAL '1 millisecond' FROM i "
    "ON CONFLICT (user_id, slot, due_at) DO NOTHING RETURNING checkin_id) "
    "INSERT INTO notifications (notification_id, user_id, lane, kind, checkin_id, due_at, not_before, expires_at) "
    "SELECT i.notification_id, i.user_id, 2, 'checkin', i.checkin_id, "
    "TIMESTAMPTZ 'epoch' + greatest(i.due_ms, i.show_ms) * INTERVAL '1 millisecond', "
    "greatest(clock_timestamp(), TIMESTAMPTZ 'epoch' + i.show_ms * INTERVAL '1 millisecond'), "
    "TIMESTAMPTZ 'epoch' + i.until_ms * INTERVAL '1 millisecond' FROM i JOIN c USING (checkin_id)",
    "insert", "notifications"};

enum column { COLUMN_INDEX, COLUMN_USER, COLUMN_NAME, COLUMN_QUIET, COLUMN_CHECKIN = COLUMN_QUIET + 5 };

/* Array literals, one for each column. */
enum { COLUMNS_MAX = 9 };
struct arrays {
    size_t count;
    struct fam_buf columns[COLUMNS_MAX];
};

static void arrays_done(struct arrays *arrays)
{
    for (size_t i = 0; i < COLUMNS_MAX; i++) {
        fam_buf_done(&arrays->columns[i]);
    }
}

static struct fam_buf *next(struct arrays *arrays, size_t column)
{
    fam_buf_add_char(&arrays->columns[column], arrays->count == 0 ? '{' : ',');
    return &arrays->columns[column];
}

static void add_id(struct arrays *arrays, size_t column, const struct fam_uuid *id)
{
    char text[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(id, text);
    fam_buf_add_text(next(arrays, column), text);
}

static void add_number(struct arrays *arrays, size_t column, int64_t value)
{
    fam_buf_addf(next(arrays, column), "%lld", (long long)value);
}

/* Words of ours: a-z, 0-9, _. */
static void add_word(struct arrays *arrays, size_t column, const char *word)
{
    fam_buf_add_text(next(arrays, column), word);
}

static enum fam_code end_arrays(struct arrays *arrays, size_t columns, struct fam_params *params,
                                struct fam_status *status)
{
    bool failed = false;
    for (size_t i = 0; i < columns; i++) {
        fam_buf_add_text(&arrays->columns[i], arrays->count == 0 ? "{}" : "}");
        failed = failed || arrays->columns[i].failed;
        fam_param_text(params, fam_buf_text(&arrays->columns[i]));
    }
    return failed ? fam_fail_memory(status) : FAM_OK;
}

static enum fam_code take_guests(const struct fam_rows *rows, struct fam_checkin_guest **ret_list, size_t *ret_count,
                                 struct fam_status *status)
{
    struct fam_checkin_guest *list = calloc(fam_rows_count(rows) + 1, sizeof(*list));
    if (list == NULL) {
        return fam_fail_memory(status);
    }
    for (size_t i = 0; i < fam_rows_count(rows); i++) {
        list[i].index = (size_t)fam_rows_i64(rows, i, COLUMN_INDEX);
        list[i].user_id = fam_rows_uuid(rows, i, COLUMN_USER);
        (void)snprintf(list[i].name, sizeof(list[i].name), "%s", fam_rows_text(rows, i, COLUMN_NAME));
        fam_quiet_fill(rows, i, COLUMN_QUIET, &list[i].quiet);
        list[i].checkin_ms = fam_rows_i64(rows, i, COLUMN_CHECKIN);
    }
    *ret_list = list;
    *ret_count = fam_rows_count(rows);
    return FAM_OK;
}

enum fam_code fam_checkin_guests(struct fam_db *db, const struct fam_checkin_due *dues, size_t count, int64_t moment_ms,
                                 struct fam_checkin_guest **ret_list, size_t *ret_count, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows held = {0};
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(arrays_done) struct arrays arrays = {.count = 0};
    struct fam_params people = {0};
    *ret_list = NULL;
    *ret_count = 0;
    for (size_t i = 0; i < count; i++, arrays.count++) {
        add_id(&arrays, 0, &dues[i].schedule_id);
        add_id(&arrays, 1, &dues[i].subject_id);
    }
    enum fam_code code = end_arrays(&arrays, 2, &people, status);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &hold_people, &people, &held, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    fam_param_i64(&people, moment_ms);
    fam_param_i64(&people, (int64_t)(count * FAM_RECIPIENTS_MAX));
    code = fam_db_exec(db, &select_guests, &people, &rows, status);
    return code == FAM_OK ? take_guests(&rows, ret_list, ret_count, status) : code;
}

enum fam_code fam_checkin_send(struct fam_db *db, const struct fam_checkin_prompt *prompts, size_t count,
                               size_t *ret_sent, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(arrays_done) struct arrays arrays = {.count = 0};
    struct fam_params params = {0};
    *ret_sent = 0;
    if (count == 0) {
        return FAM_OK;
    }
    for (size_t i = 0; i < count; i++, arrays.count++) {
        const struct fam_checkin_prompt *prompt = &prompts[i];
        const struct fam_uuid checkin_id = fam_uuid_v7(), notification_id = fam_uuid_v7();
        add_id(&arrays, 0, &checkin_id);
        add_id(&arrays, 1, &notification_id);
        add_id(&arrays, 2, &prompt->user_id);
        add_word(&arrays, 3, fam_checkin_slot_word(prompt->slot));
        add_word(&arrays, 4, prompt->question_set);
        add_number(&arrays, 5, prompt->due_ms);
        add_number(&arrays, 6, prompt->expires_ms);
        add_number(&arrays, 7, prompt->show_ms);
        add_number(&arrays, 8, prompt->until_ms);
    }
    enum fam_code code = end_arrays(&arrays, COLUMNS_MAX, &params, status);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &insert_all, &params, &rows, status);
    }
    if (code == FAM_OK) {
        *ret_sent = fam_rows_affected(&rows);
    }
    return code;
}
