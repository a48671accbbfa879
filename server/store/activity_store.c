/* activity_store.c: see activity_store.h. */
#include "store/activity_store.h"

#include <string.h>

#include "store/store.h"

const int fam_retention_days[FAM_RETENTION_PERIODS] = {1, 7, 30};
const char *const fam_retention_words[FAM_RETENTION_PERIODS] = {"day_1", "day_7", "day_30"};

static const struct fam_statement count_families = {
    "activity_families",
    "SELECT count(DISTINCT p.family_id) FROM parents p JOIN users u USING (user_id) "
    "WHERE u.last_seen_at > now() - INTERVAL '30 days'",
    "select", "parents"};
static const struct fam_statement count_stayed = {
    "activity_retention",
    "SELECT count(*), count(*) FILTER (WHERE last_seen_at >= created_at + make_interval(days => $1::integer)) "
    "FROM users WHERE created_at <= now() - make_interval(days => $1::integer) "
    "AND created_at > now() - make_interval(days => $1::integer + 30)",
    "select", "users"};

static enum fam_code read_all(struct fam_db *db, struct fam_activity *activity, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows families = {0};
    enum fam_code code = fam_db_exec(db, &count_families, NULL, &families, status);
    if (code != FAM_OK) {
        return code;
    }
    activity->active_families = fam_rows_i64(&families, 0, 0);
    for (size_t i = 0; code == FAM_OK && i < FAM_RETENTION_PERIODS; i++) {
        fam_auto(fam_rows_done) struct fam_rows rows = {0};
        struct fam_params params = {0};
        fam_param_i64(&params, fam_retention_days[i]);
        code = fam_db_exec(db, &count_stayed, &params, &rows, status);
        if (code == FAM_OK) {
            activity->retention[i].came = fam_rows_i64(&rows, 0, 0);
            activity->retention[i].stayed = fam_rows_i64(&rows, 0, 1);
        }
    }
    return code;
}

enum fam_code fam_activity_read(struct fam_store *store, struct fam_activity *ret_activity, struct fam_status *status)
{
    struct fam_db *db = NULL;
    memset(ret_activity, 0, sizeof(*ret_activity));
    enum fam_code code = fam_store_get(store, &db, status);
    if (code == FAM_OK) {
        code = read_all(db, ret_activity, status);
    }
    fam_store_put(store, db);
    return code;
}
