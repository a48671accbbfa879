/* report_store.c: see report_store.h. */
#include "store/report_store.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "store/column.h"
#include "store/recipient_store.h"
#include "store/store.h"

static const struct fam_statement select_days = {
    "report_days",
    "SELECT extract(year FROM d)::integer, extract(month FROM d)::integer, extract(day FROM d)::integer, "
    "(extract(epoch FROM d AT TIME ZONE $1) * 1000)::bigint "
    "FROM (SELECT date_trunc('day', (timestamptz 'epoch' + $2::bigint * INTERVAL '1 millisecond') AT TIME ZONE $1) "
    "+ make_interval(days => $3::integer) AS last) e, "
    "LATERAL generate_series(e.last - make_interval(days => $4::integer), e.last, INTERVAL '1 day') AS d ORDER BY d",
    "select", "families"};
/* Reports of one person are written one after the other. */
static const struct fam_statement lock_user = {
    "report_lock", "SELECT 1 FROM users WHERE user_id = $1 AND erased_at IS NULL FOR NO KEY UPDATE", "select", "users"};
static const struct fam_statement find_same = {
    "report_find",
    "SELECT report_id FROM reports WHERE user_id = $1 AND period = $2 "
    "AND until_at = timestamptz 'epoch' + $3::bigint * INTERVAL '1 millisecond'",
    "select", "reports"};
static const struct fam_statement upsert = {
    "report_put",
    "INSERT INTO reports (report_id, user_id, period, from_at, until_at, body) VALUES ($1, $2, $3, "
    "timestamptz 'epoch' + $4::bigint * INTERVAL '1 millisecond', "
    "timestamptz 'epoch' + $5::bigint * INTERVAL '1 millisecond', $6) "
    "ON CONFLICT (report_id) DO UPDATE SET from_at = EXCLUDED.from_at, body = EXCLUDED.body, created_at = now() "
    "RETURNING (extract(epoch FROM created_at) * 1000)::bigint",
    "insert", "reports"};
static const struct fam_statement select_one = {
    "report_select",
    "SELECT r.body, (extract(epoch FROM r.created_at) * 1000)::bigint FROM reports r JOIN users u USING (user_id) "
    "WHERE r.user_id = $1 AND r.report_id = $2 AND u.erased_at IS NULL",
    "select", "reports"};
static const struct fam_statement select_page = {
    "report_list",
    "SELECT r.report_id, r.period, (extract(epoch FROM r.from_at) * 1000)::bigint, "
    "(extract(epoch FROM r.until_at) * 1000)::bigint, (extract(epoch FROM r.created_at) * 1000)::bigint, "
    "r.body FROM reports r JOIN users u USING (user_id) WHERE r.user_id = $1 AND r.report_id < $2 AND u.erased_at IS "
    "NULL "
    "ORDER BY r.report_id DESC LIMIT $3::bigint",
    "select", "reports"};

static const char *const PERIODS[] = {
    [FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK] = "week",
    [FAM__V1__REPORT_PERIOD__REPORT_PERIOD_MONTH] = "month",
    [FAM__V1__REPORT_PERIOD__REPORT_PERIOD_QUARTER] = "quarter",
};

const char *fam_report_period_word(Fam__V1__ReportPeriod period)
{
    return (size_t)period < FAM_ARRAY_SIZE(PERIODS) ? PERIODS[period] : NULL;
}

static Fam__V1__ReportPeriod period_of_word(const char *word)
{
    for (size_t i = 1; i < FAM_ARRAY_SIZE(PERIODS); i++) {
        if (strcmp(word, PERIODS[i]) == 0) {
            return (Fam__V1__ReportPeriod)i;
        }
    }
    return FAM__V1__REPORT_PERIOD__REPORT_PERIOD_UNSPECIFIED;
}

struct fam_place fam_report_place(const struct fam_uuid *report_id, const struct fam_uuid *user_id)
{
    return (struct fam_place){.table = "reports", .column = "body", .row = *report_id, .owner = *user_id};
}

enum fam_code fam_local_days(struct fam_store *store, const char *time_zone, int64_t at_ms, bool with_today,
                             size_t count, struct fam_local_day *ret_days, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    if (count < 1 || count > (size_t)2 * FAM_REPORT_DAYS_MAX) {
        return fam_fail(status, FAM_INTERNAL, "a report has no such number of days");
    }
    enum fam_code code = fam_store_get(store, &db, status);
    fam_param_text(&params, time_zone);
    fam_param_i64(&params, at_ms);
    fam_param_i64(&params, with_today ? 1 : 0);
    fam_param_i64(&params, (int64_t)count);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &select_days, &params, &rows, status);
    }
    if (code == FAM_OK && fam_rows_count(&rows) != count + 1) {
        code = fam_fail(status, FAM_INTERNAL, "the days of a report can't be counted");
    }
    for (size_t i = 0; code == FAM_OK && i <= count; i++) {
        ret_days[i] = (struct fam_local_day){.year = (int)fam_rows_i64(&rows, i, 0),
                                             .month = (int)fam_rows_i64(&rows, i, 1),
                                             .day = (int)fam_rows_i64(&rows, i, 2),
                                             .start_ms = fam_rows_i64(&rows, i, 3)};
    }
    fam_store_put(store, db);
    return code;
}

/* A report on its way into the archive. */
struct keeping {
    struct fam_store *store;
    const struct fam_uuid *user_id;
    const Fam__V1__Report *report;
    const unsigned char *body;
    size_t size;
    struct fam_uuid report_id;
    int64_t created_at_ms;
};

/* The id of the same report, if it was made before; else a new one. */
static enum fam_code find_id(struct fam_db *db, struct keeping *keeping, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows user = {0};
    fam_auto(fam_rows_done) struct fam_rows same = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, keeping->user_id);
    enum fam_code code = fam_db_exec(db, &lock_user, &params, &user, status);
    if (code == FAM_OK && fam_rows_count(&user) == 0) {
        return fam_fail(status, FAM_NOT_FOUND, "no such user");
    }
    fam_param_text(&params, fam_report_period_word(keeping->report->period));
    fam_param_i64(&params, keeping->report->until_ms);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &find_same, &params, &same, status);
    }
    if (code == FAM_OK) {
        keeping->report_id = fam_rows_count(&same) > 0 ? fam_rows_uuid(&same, 0, 0) : fam_uuid_v7();
    }
    return code;
}

static enum fam_code keep(struct fam_db *db, void *context, struct fam_status *status)
{
    struct keeping *keeping = context;
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct fam_params params = {0};
    enum fam_code code = find_id(db, keeping, status);
    if (code == FAM_OK) {
        code = fam_processing_hold(db, keeping->user_id, status);
    }
    if (code == FAM_OK) {
        code = fam_seal_get_key(fam_store_seal(keeping->store), db, FAM_KEY_USER, keeping->user_id, &key, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    const struct fam_place place = fam_report_place(&keeping->report_id, keeping->user_id);
    fam_param_uuid(&params, &keeping->report_id);
    fam_param_uuid(&params, keeping->user_id);
    fam_param_text(&params, fam_report_period_word(keeping->report->period));
    fam_param_i64(&params, keeping->report->from_ms);
    fam_param_i64(&params, keeping->report->until_ms);
    code = fam_column_bytes(&params, &key, &place, keeping->body, keeping->size, &sealed, status);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &upsert, &params, &rows, status);
    }
    keeping->created_at_ms = code == FAM_OK ? fam_rows_i64(&rows, 0, 0) : 0;
    return code;
}

enum fam_code fam_report_put(struct fam_store *store, const struct fam_uuid *user_id, const Fam__V1__Report *report,
                             struct fam_uuid *ret_report_id, int64_t *ret_created_at_ms, struct fam_status *status)
{
    Fam__V1__Report bare = *report;
    bare.report_id = (char *)(uintptr_t) "";
    bare.created_at_ms = 0;
    struct keeping keeping = {.store = store, .user_id = user_id, .report = report};
    if (fam_report_period_word(report->period) == NULL) {
        return fam_fail_field(status, "period", "is not a period of reports");
    }
    keeping.size = fam__v1__report__get_packed_size(&bare);
    unsigned char *body = malloc(keeping.size + 1);
    if (body == NULL) {
        return fam_fail_memory(status);
    }
    (void)fam__v1__report__pack(&bare, body);
    keeping.body = body;
    enum fam_code code = fam_store_load(store, status);
    if (code == FAM_OK) {
        code = fam_tx_run(fam_store_pool(store), keep, &keeping, NULL, status);
    }
    *ret_report_id = keeping.report_id;
    *ret_created_at_ms = keeping.created_at_ms;
    sodium_memzero(body, keeping.size);
    free(body);
    return code;
}

static enum fam_code unpack(const struct fam_secret *value, const struct fam_uuid *report_id, int64_t created_at_ms,
                            Fam__V1__Report **ret_report, struct fam_status *status)
{
    Fam__V1__Report *report = fam__v1__report__unpack(NULL, value->size, value->data);
    if (report == NULL) {
        return fam_fail(status, FAM_DATA_LOSS, "a report of the archive can't be understood");
    }
    char *id = malloc(FAM_UUID_TEXT_SIZE);
    if (id == NULL) {
        fam__v1__report__free_unpacked(report, NULL);
        return fam_fail_memory(status);
    }
    fam_uuid_format(report_id, id);
    /* As the message's own: freed with it. */
    report->report_id = id;
    report->created_at_ms = created_at_ms;
    *ret_report = report;
    return FAM_OK;
}

enum fam_code fam_report_get(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *report_id,
                             Fam__V1__Report **ret_report, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    fam_auto(fam_secret_done) struct fam_secret value = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    *ret_report = NULL;
    enum fam_code code = fam_store_get(store, &db, status);
    fam_param_uuid(&params, user_id);
    fam_param_uuid(&params, report_id);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &select_one, &params, &rows, status);
    }
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND, "no such report");
    }
    if (code == FAM_OK) {
        code = fam_seal_get_key(fam_store_seal(store), db, FAM_KEY_USER, user_id, &key, status);
        code = code == FAM_NOT_FOUND ? fam_store_user_gone(db, user_id, status) : code;
    }
    const struct fam_place place = fam_report_place(report_id, user_id);
    if (code == FAM_OK) {
        code = fam_column_open(&rows, 0, 0, &key, &place, &value, status);
    }
    if (code == FAM_OK) {
        code = unpack(&value, report_id, fam_rows_i64(&rows, 0, 1), ret_report, status);
    }
    fam_store_put(store, db);
    return code;
}

static struct fam_report_date date_of(const Fam__V1__ReportDay *day)
{
    struct fam_report_date date = {0};
    if (day->date != NULL) {
        date.year = day->date->year;
        date.month = day->date->month;
        date.day = day->date->day;
    }
    return date;
}

/* From which day to which, of what is sealed in this row. */
static enum fam_code open_days(const struct fam_rows *rows, size_t row, const struct fam_key *key,
                               const struct fam_uuid *user_id, struct fam_report_line *line, struct fam_status *status)
{
    fam_auto(fam_secret_done) struct fam_secret value = {0};
    Fam__V1__Report *report = NULL;
    const struct fam_place place = fam_report_place(&line->report_id, user_id);
    enum fam_code code = fam_column_open(rows, row, 5, key, &place, &value, status);
    if (code == FAM_OK) {
        code = unpack(&value, &line->report_id, line->created_at_ms, &report, status);
    }
    if (report != NULL) {
        if (report->n_days > 0) {
            line->first = date_of(report->days[0]);
            line->last = date_of(report->days[report->n_days - 1]);
        }
        fam__v1__report__free_unpacked(report, NULL);
    }
    return code;
}

/* One damaged report hides none of the others. */
static enum fam_code take_lines(const struct fam_rows *rows, const struct fam_key *key, const struct fam_uuid *user_id,
                                size_t limit, struct fam_report_line *ret_lines, size_t *ret_count,
                                struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(rows) && row < limit; row++) {
        struct fam_report_line *line = &ret_lines[(*ret_count)++];
        *line = (struct fam_report_line){.report_id = fam_rows_uuid(rows, row, 0),
                                         .period = period_of_word(fam_rows_text(rows, row, 1)),
                                         .from_ms = fam_rows_i64(rows, row, 2),
                                         .until_ms = fam_rows_i64(rows, row, 3),
                                         .created_at_ms = fam_rows_i64(rows, row, 4)};
        code = open_days(rows, row, key, user_id, line, status);
        code = code == FAM_DATA_LOSS ? FAM_OK : code;
    }
    return code;
}

enum fam_code fam_report_list(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *before,
                              size_t limit, struct fam_report_line *ret_lines, size_t *ret_count, bool *ret_more,
                              struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    struct fam_uuid newest;
    memset(newest.bytes, 0xff, sizeof(newest.bytes));
    *ret_count = 0;
    *ret_more = false;
    if (limit < 1 || limit > FAM_REPORT_PAGE_MAX) {
        return fam_fail_field(status, "page_size", "is not between 1 and %d", FAM_REPORT_PAGE_MAX);
    }
    enum fam_code code = fam_store_get(store, &db, status);
    fam_param_uuid(&params, user_id);
    fam_param_uuid(&params, before != NULL ? before : &newest);
    fam_param_i64(&params, (int64_t)limit + 1);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &select_page, &params, &rows, status);
    }
    if (code == FAM_OK && fam_rows_count(&rows) > 0) {
        code = fam_seal_get_key(fam_store_seal(store), db, FAM_KEY_USER, user_id, &key, status);
        code = code == FAM_NOT_FOUND ? fam_store_user_gone(db, user_id, status) : code;
    }
    if (code == FAM_OK) {
        code = take_lines(&rows, &key, user_id, limit, ret_lines, ret_count, status);
    }
    *ret_more = code == FAM_OK && fam_rows_count(&rows) > limit;
    fam_store_put(store, db);
    return code;
}
