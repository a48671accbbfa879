/* stats_store.c: see stats_store.h. */
#include "store/stats_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"
#include "store/words.h"

static const struct fam_statement count_all = {
    "stats_counts",
    "SELECT (SELECT count(*) FROM users WHERE erased_at IS NULL), (SELECT count(*) FROM families "
    "WHERE erased_at IS NULL), (SELECT count(*) FROM children c JOIN families f USING (family_id) "
    "WHERE c.removed_at IS NULL AND f.erased_at IS NULL), (SELECT count(*) FROM emotion_entries)",
    "select", "users"};
static const struct fam_statement count_sources = {
    "stats_sources",
    "SELECT source, count(*) FROM users WHERE erased_at IS NULL GROUP BY source ORDER BY source LIMIT 3", "select",
    "users"};
static const struct fam_statement count_days = {
    "stats_days",
    "SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, count(*) FROM users "
    "WHERE erased_at IS NULL AND created_at > now() - INTERVAL '30 days' GROUP BY day ORDER BY day DESC LIMIT 30",
    "select", "users"};
/* The page first, its readings afterwards. */
static const struct fam_statement list_entries = {
    "entry_summaries",
    "WITH page AS MATERIALIZED (SELECT entry_id, user_id, family_id, child_id, language, created_at "
    "FROM emotion_entries WHERE entry_id < $1 AND ($2::uuid IS NULL OR user_id = $2) "
    "AND ($3::uuid IS NULL OR family_id = $3) ORDER BY entry_id DESC LIMIT $4::bigint) "
    "SELECT p.entry_id, p.user_id, p.family_id, p.child_id, p.language, "
    "(extract(epoch FROM p.created_at) * 1000)::bigint, r.engine, r.n, k.family_id IS NOT NULL FROM page p "
    "LEFT JOIN LATERAL (SELECT count(*)::integer AS n, (array_agg(engine ORDER BY version DESC))[1] AS engine "
    "FROM readings WHERE entry_id = p.entry_id) r ON true "
    "LEFT JOIN keys.entry_keys k ON k.entry_id = p.entry_id ORDER BY p.entry_id DESC",
    "select", "emotion_entries"};

static enum fam_code read_all(struct fam_db *db, struct fam_stats *stats, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows counts = {0}, sources = {0}, days = {0};
    enum fam_code code = fam_db_exec(db, &count_all, NULL, &counts, status);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &count_sources, NULL, &sources, status);
    }
    if (code == FAM_OK) {
        code = fam_db_exec(db, &count_days, NULL, &days, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    stats->users = fam_rows_i64(&counts, 0, 0);
    stats->families = fam_rows_i64(&counts, 0, 1);
    stats->children = fam_rows_i64(&counts, 0, 2);
    stats->entries = fam_rows_i64(&counts, 0, 3);
    for (size_t i = 0; i < fam_rows_count(&sources) && i < FAM_STATS_SOURCES; i++) {
        stats->sources[i].source = fam_source_of_word(fam_rows_text(&sources, i, 0));
        stats->sources[i].count = fam_rows_i64(&sources, i, 1);
        stats->source_count++;
    }
    for (size_t i = 0; i < fam_rows_count(&days) && i < FAM_STATS_DAYS; i++) {
        (void)snprintf(stats->days[i].day, sizeof(stats->days[i].day), "%s", fam_rows_text(&days, i, 0));
        stats->days[i].count = fam_rows_i64(&days, i, 1);
        stats->day_count++;
    }
    return FAM_OK;
}

enum fam_code fam_stats_read(struct fam_store *store, struct fam_stats *ret_stats, struct fam_status *status)
{
    struct fam_db *db = NULL;
    memset(ret_stats, 0, sizeof(*ret_stats));
    enum fam_code code = fam_store_get(store, &db, status);
    if (code == FAM_OK) {
        code = read_all(db, ret_stats, status);
    }
    fam_store_put(store, db);
    return code;
}

static void fill(const struct fam_rows *rows, size_t row, struct fam_entry_summary *summary)
{
    summary->entry_id = fam_rows_uuid(rows, row, 0);
    summary->user_id = fam_rows_uuid(rows, row, 1);
    summary->family_id = fam_rows_uuid(rows, row, 2);
    summary->child_id = fam_rows_uuid(rows, row, 3);
    summary->language = fam_language_of_word(fam_rows_text(rows, row, 4));
    summary->created_at_ms = fam_rows_i64(rows, row, 5);
    summary->engine = strcmp(fam_rows_text(rows, row, 6), "claude") == 0 ? FAM__V1__ENGINE__ENGINE_CLAUDE
                                                                         : FAM__V1__ENGINE__ENGINE_OFFLINE;
    summary->readings = (int32_t)fam_rows_i64(rows, row, 7);
    summary->shared = fam_rows_i64(rows, row, 8) != 0;
}

enum fam_code fam_entry_summaries(struct fam_store *store, const struct fam_uuid *user_id,
                                  const struct fam_uuid *family_id, const struct fam_uuid *before, size_t limit,
                                  struct fam_entry_summary **ret_list, size_t *ret_count, bool *ret_more,
                                  struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    struct fam_uuid newest;
    memset(newest.bytes, 0xff, sizeof(newest.bytes));
    *ret_list = NULL;
    *ret_count = 0;
    *ret_more = false;
    if (limit < 1 || limit > FAM_ENTRY_SUMMARY_MAX) {
        return fam_fail_field(status, "page_size", "is not between 1 and %d", FAM_ENTRY_SUMMARY_MAX);
    }
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, before ? before : &newest);
    fam_param_uuid(&params, user_id);
    fam_param_uuid(&params, family_id);
    fam_param_i64(&params, (int64_t)limit + 1);
    code = fam_db_exec(db, &list_entries, &params, &rows, status);
    fam_store_put(store, db);
    if (code != FAM_OK) {
        return code;
    }
    *ret_list = calloc(limit, sizeof(**ret_list));
    if (!*ret_list) {
        return fam_fail_memory(status);
    }
    for (size_t row = 0; row < fam_rows_count(&rows) && row < limit; row++) {
        fill(&rows, row, &(*ret_list)[(*ret_count)++]);
    }
    *ret_more = fam_rows_count(&rows) > limit;
    return FAM_OK;
}
