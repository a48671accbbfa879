/* summary_store.c: see summary_store.h. */
#include "store/summary_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"
#include "store/words.h"

static const struct fam_statement select_users = {
    "user_summaries",
    "WITH page AS (SELECT user_id, language, country, source, created_at, last_seen_at FROM users "
    "WHERE user_id < $1 AND erased_at IS NULL ORDER BY user_id DESC LIMIT $2), "
    "written AS (SELECT user_id, count(*) AS n FROM emotion_entries "
    "WHERE user_id IN (SELECT user_id FROM page) GROUP BY user_id), "
    "membership AS (SELECT DISTINCT ON (user_id) user_id, family_id FROM parents "
    "WHERE user_id IN (SELECT user_id FROM page) ORDER BY user_id, created_at, parent_id) "
    "SELECT user_id, language, country, source, (extract(epoch FROM created_at) * 1000)::bigint, "
    "(extract(epoch FROM last_seen_at) * 1000)::bigint, family_id, coalesce(n, 0)::bigint "
    "FROM page LEFT JOIN written USING (user_id) LEFT JOIN membership USING (user_id) ORDER BY user_id DESC",
    "select", "users"};

static const struct fam_statement select_families = {
    "family_summaries",
    "WITH page AS (SELECT family_id, country, time_zone, created_at FROM families "
    "WHERE family_id < $1 AND erased_at IS NULL ORDER BY family_id DESC LIMIT $2), "
    "grown AS (SELECT family_id, count(*) FILTER (WHERE role = 'parent') AS n, count(*) FILTER (WHERE role = 'reader') "
    "AS readers, "
    "array_to_string((array_agg(user_id ORDER BY created_at, parent_id))[1:10], ',') AS user_ids "
    "FROM parents WHERE family_id IN (SELECT family_id FROM page) GROUP BY family_id), "
    "young AS (SELECT family_id, count(*) AS n FROM children "
    "WHERE family_id IN (SELECT family_id FROM page) AND removed_at IS NULL GROUP BY family_id), "
    "written AS (SELECT family_id, count(*) AS n FROM emotion_entries "
    "WHERE family_id IN (SELECT family_id FROM page) GROUP BY family_id) "
    "SELECT family_id, country, time_zone, (extract(epoch FROM created_at) * 1000)::bigint, "
    "coalesce(grown.n, 0)::bigint, coalesce(young.n, 0)::bigint, coalesce(written.n, 0)::bigint, "
    "coalesce(grown.user_ids, ''), coalesce(grown.readers, 0)::bigint FROM page LEFT JOIN grown USING (family_id) LEFT "
    "JOIN young USING (family_id) "
    "LEFT JOIN written USING (family_id) ORDER BY family_id DESC",
    "select", "families"};

/* Runs `statement` for one row more than the page has, so that the caller sees whether there are more. */
static enum fam_code read_page(struct fam_store *store, const struct fam_statement *statement,
                               const struct fam_uuid *before, size_t limit, struct fam_rows *ret_rows,
                               struct fam_status *status)
{
    struct fam_db *db = NULL;
    struct fam_params params = {0};
    struct fam_uuid newest;
    memset(newest.bytes, 0xff, sizeof(newest.bytes));
    if (limit < 1 || limit > FAM_SUMMARY_PAGE_MAX) {
        return fam_fail_field(status, "page_size", "is not between 1 and %d", FAM_SUMMARY_PAGE_MAX);
    }
    enum fam_code code = fam_pool_get(fam_store_pool(store), &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, before ? before : &newest);
    fam_param_i64(&params, (int64_t)limit + 1);
    code = fam_db_exec(db, statement, &params, ret_rows, status);
    fam_store_put(store, db);
    return code;
}

static void fill_user(const struct fam_rows *rows, size_t row, struct fam_user_summary *user)
{
    user->user_id = fam_rows_uuid(rows, row, 0);
    user->language = fam_language_of_word(fam_rows_text(rows, row, 1));
    snprintf(user->country, sizeof(user->country), "%s", fam_rows_text(rows, row, 2));
    user->source = fam_source_of_word(fam_rows_text(rows, row, 3));
    user->created_at_ms = fam_rows_i64(rows, row, 4);
    user->last_seen_at_ms = fam_rows_i64(rows, row, 5);
    user->has_family = !fam_rows_is_null(rows, row, 6);
    user->family_id = fam_rows_uuid(rows, row, 6);
    user->entries = fam_rows_i64(rows, row, 7);
}

static void fill_user_ids(const char *joined, struct fam_family_summary *family)
{
    const char *at = joined;
    while (*at && family->user_count < FAM_SUMMARY_PARENTS) {
        char text[FAM_UUID_TEXT_SIZE];
        size_t length = strcspn(at, ",");
        snprintf(text, sizeof(text), "%.*s", (int)length, at);
        if (fam_uuid_parse(text, &family->user_ids[family->user_count])) {
            family->user_count++;
        }
        at += length + (at[length] == ',');
    }
}

static void fill_family(const struct fam_rows *rows, size_t row, struct fam_family_summary *family)
{
    family->family_id = fam_rows_uuid(rows, row, 0);
    snprintf(family->country, sizeof(family->country), "%s", fam_rows_text(rows, row, 1));
    snprintf(family->time_zone, sizeof(family->time_zone), "%s", fam_rows_text(rows, row, 2));
    family->created_at_ms = fam_rows_i64(rows, row, 3);
    family->parents = fam_rows_i64(rows, row, 4);
    family->children = fam_rows_i64(rows, row, 5);
    family->entries = fam_rows_i64(rows, row, 6);
    fill_user_ids(fam_rows_text(rows, row, 7), family);
    family->readers = fam_rows_i64(rows, row, 8);
}

enum fam_code fam_user_summaries(struct fam_store *store, const struct fam_uuid *before, size_t limit,
                                 struct fam_user_summary **ret_list, size_t *ret_count, bool *ret_more,
                                 struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    *ret_list = NULL;
    *ret_count = 0;
    *ret_more = false;
    enum fam_code code = read_page(store, &select_users, before, limit, &rows, status);
    if (code != FAM_OK) {
        return code;
    }
    *ret_list = calloc(limit, sizeof(**ret_list));
    if (!*ret_list) {
        return fam_fail_memory(status);
    }
    for (size_t row = 0; row < fam_rows_count(&rows) && row < limit; row++) {
        fill_user(&rows, row, &(*ret_list)[(*ret_count)++]);
    }
    *ret_more = fam_rows_count(&rows) > limit;
    return FAM_OK;
}

enum fam_code fam_family_summaries(struct fam_store *store, const struct fam_uuid *before, size_t limit,
                                   struct fam_family_summary **ret_list, size_t *ret_count, bool *ret_more,
                                   struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    *ret_list = NULL;
    *ret_count = 0;
    *ret_more = false;
    enum fam_code code = read_page(store, &select_families, before, limit, &rows, status);
    if (code != FAM_OK) {
        return code;
    }
    *ret_list = calloc(limit, sizeof(**ret_list));
    if (!*ret_list) {
        return fam_fail_memory(status);
    }
    for (size_t row = 0; row < fam_rows_count(&rows) && row < limit; row++) {
        fill_family(&rows, row, &(*ret_list)[(*ret_count)++]);
    }
    *ret_more = fam_rows_count(&rows) > limit;
    return FAM_OK;
}
