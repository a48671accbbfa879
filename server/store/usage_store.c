/* usage_store.c: see usage_store.h. */
#include "store/usage_store.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/store.h"

static const struct fam_statement upsert_usage = {
    "usage_upsert",
    "INSERT INTO claude_usage AS u (day, model, requests, input_tokens, cache_write_tokens, cache_read_tokens, "
    "output_tokens, cost_micro_usd) "
    "VALUES ((now() AT TIME ZONE 'UTC')::date, $1, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bigint, "
    "$7::bigint) "
    "ON CONFLICT (day, model) DO UPDATE SET requests = u.requests + EXCLUDED.requests, "
    "input_tokens = u.input_tokens + EXCLUDED.input_tokens, "
    "cache_write_tokens = u.cache_write_tokens + EXCLUDED.cache_write_tokens, "
    "cache_read_tokens = u.cache_read_tokens + EXCLUDED.cache_read_tokens, "
    "output_tokens = u.output_tokens + EXCLUDED.output_tokens, "
    "cost_micro_usd = u.cost_micro_usd + EXCLUDED.cost_micro_usd",
    "insert", "claude_usage"};
static const struct fam_statement select_usage = {
    "usage_list",
    "SELECT to_char(day, 'YYYY-MM-DD'), model, requests, input_tokens, cache_write_tokens, cache_read_tokens, "
    "output_tokens, cost_micro_usd FROM claude_usage "
    "WHERE day > (now() AT TIME ZONE 'UTC')::date - $1::integer ORDER BY day DESC, model LIMIT $2::bigint",
    "select", "claude_usage"};

enum fam_code fam_usage_add(struct fam_store *store, const struct fam_usage *delta, struct fam_status *status)
{
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_text(&params, delta->model);
    fam_param_i64(&params, delta->requests);
    fam_param_i64(&params, delta->input_tokens);
    fam_param_i64(&params, delta->cache_write_tokens);
    fam_param_i64(&params, delta->cache_read_tokens);
    fam_param_i64(&params, delta->output_tokens);
    fam_param_i64(&params, delta->cost_micro_usd);
    code = fam_db_exec(db, &upsert_usage, &params, NULL, status);
    fam_store_put(store, db);
    return code;
}

static void read_row(const struct fam_rows *rows, size_t row, struct fam_usage *usage)
{
    (void)snprintf(usage->day, sizeof(usage->day), "%s", fam_rows_text(rows, row, 0));
    (void)snprintf(usage->model, sizeof(usage->model), "%s", fam_rows_text(rows, row, 1));
    usage->requests = fam_rows_i64(rows, row, 2);
    usage->input_tokens = fam_rows_i64(rows, row, 3);
    usage->cache_write_tokens = fam_rows_i64(rows, row, 4);
    usage->cache_read_tokens = fam_rows_i64(rows, row, 5);
    usage->output_tokens = fam_rows_i64(rows, row, 6);
    usage->cost_micro_usd = fam_rows_i64(rows, row, 7);
}

enum fam_code fam_usage_list(struct fam_store *store, size_t days, struct fam_usage **ret_list, size_t *ret_count,
                             struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    *ret_list = NULL;
    *ret_count = 0;
    if (days < 1 || days > FAM_USAGE_DAYS_MAX) {
        return fam_fail_field(status, "days", "is not between 1 and %d", FAM_USAGE_DAYS_MAX);
    }
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_i64(&params, (int64_t)days);
    fam_param_i64(&params, FAM_USAGE_ROWS_MAX);
    code = fam_db_exec(db, &select_usage, &params, &rows, status);
    fam_store_put(store, db);
    if (code != FAM_OK) {
        return code;
    }
    size_t count = fam_rows_count(&rows);
    struct fam_usage *list = calloc(count + 1, sizeof(*list));
    if (!list) {
        return fam_fail_memory(status);
    }
    for (size_t i = 0; i < count; i++) {
        read_row(&rows, i, &list[i]);
    }
    *ret_list = list;
    *ret_count = count;
    return FAM_OK;
}
