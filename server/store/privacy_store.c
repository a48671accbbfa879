/* privacy_store.c: see privacy_store.h. */
#include "store/privacy_store.h"

#include <string.h>

#include "store/retention_store.h"
#include "store/store.h"

#define MS(time_) "coalesce((extract(epoch FROM " time_ ") * 1000)::bigint, 0)"
#define DAYS_LATER(time_, days_) MS("min(" time_ ") + make_interval(days => " days_ ")")
#define OWN " WHERE user_id = $1 "

/* One row for each kind: number of the kind, count, oldest, kept until; the first one (0) is about the family. Ratings
 * go with their entry. Of notifications those that have ended go after a while; no other has an end that is known. */

/* One kind: how many, the oldest, until when that is kept (0: until it is deleted). */
#define STORED(kind, oldest, kept, from) "UNION ALL SELECT " #kind ", count(*), " MS(oldest) ", " kept " FROM " from " "
#define STORED_ROWS                                                                                                    \
    STORED(1, "min(created_at)", "0", "u")                                                                             \
    STORED(2, "min(changed_at)", "0", "consents" OWN)                                                                  \
    STORED(3, "min(created_at)", "0", "children WHERE family_id = (SELECT family_id FROM f) AND removed_at IS NULL")   \
    STORED(4, "min(created_at)", DAYS_LATER("created_at", "(SELECT days FROM d)"), "emotion_entries" OWN)              \
    STORED(5, "min(t.created_at)", DAYS_LATER("e.created_at", "(SELECT days FROM d)"),                                 \
           "ratings t JOIN emotion_entries e USING (entry_id) WHERE t.user_id = $1")                                   \
    STORED(6, "min(created_at)", "0", "corrections" OWN)                                                               \
    STORED(7, "min(created_at)", DAYS_LATER("created_at", "(SELECT days FROM d)"), "disclosures" OWN)                  \
    STORED(8, "min(created_at)", DAYS_LATER("expires_at", "$3::integer"), "notifications" OWN "AND state = 'queued'")  \
    STORED(9, "min(created_at)", "0", "feedback" OWN)                                                                  \
    STORED(10, "min(due_at)", DAYS_LATER("due_at", "(SELECT days FROM d)"), "checkins" OWN)                            \
    STORED(11, "min(created_at)", DAYS_LATER("created_at", "(SELECT days FROM d)"), "reports" OWN)                     \
    STORED(12, "min(created_at)", DAYS_LATER("finished_at", "$3::integer"), "notifications" OWN "AND state <> 'queued'")
static const struct fam_statement count_all = {
    "privacy_count",
    "WITH u AS MATERIALIZED (SELECT created_at FROM users WHERE user_id = $1 AND erased_at IS NULL), "
    "f AS MATERIALIZED (SELECT f.family_id, f.no_ai, f.retention_days FROM parents p JOIN families f USING "
    "(family_id) WHERE p.user_id = $1 AND f.erased_at IS NULL ORDER BY p.created_at, p.parent_id LIMIT 1), "
    "d AS MATERIALIZED (SELECT coalesce((SELECT retention_days FROM f), $2::integer) AS days) "
    "SELECT 0, coalesce((SELECT no_ai::integer FROM f), 0)::bigint, days::bigint, 0::bigint FROM d " STORED_ROWS,
    "select", "users"};
static const struct fam_statement last_sent = {
    "privacy_last_sent", "SELECT " MS("max(created_at)") " FROM disclosures" OWN, "select", "disclosures"};

static void take(const struct fam_rows *rows, struct fam_privacy *privacy)
{
    for (size_t row = 0; row < fam_rows_count(rows); row++) {
        int64_t kind = fam_rows_i64(rows, row, 0);
        if (kind == 0) {
            privacy->no_ai = fam_rows_i64(rows, row, 1) != 0;
            privacy->retention_days = (int32_t)fam_rows_i64(rows, row, 2);
        } else if (kind <= FAM_STORED_KINDS && privacy->stored_count < FAM_STORED_KINDS) {
            privacy->stored[privacy->stored_count++] = (struct fam_stored){.kind = (Fam__V1__StoredKind)kind,
                                                                           .count = fam_rows_i64(rows, row, 1),
                                                                           .oldest_ms = fam_rows_i64(rows, row, 2),
                                                                           .kept_until_ms = fam_rows_i64(rows, row, 3)};
        }
    }
}

static enum fam_code read_all(struct fam_db *db, const struct fam_uuid *user_id, uint32_t retention_days,
                              struct fam_privacy *privacy, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0}, last = {0};
    struct fam_params params = {0}, own = {0};
    fam_param_uuid(&params, user_id);
    fam_param_i64(&params, retention_days);
    fam_param_i64(&params, FAM_RETENTION_FINISHED_DAYS);
    fam_param_uuid(&own, user_id);
    enum fam_code code = fam_db_exec(db, &count_all, &params, &rows, status);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &last_sent, &own, &last, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    take(&rows, privacy);
    for (size_t i = 0; i < privacy->stored_count; i++) {
        const struct fam_stored *stored = &privacy->stored[i];
        if (stored->kind == FAM__V1__STORED_KIND__STORED_KIND_PROFILE && stored->count == 0) {
            return fam_fail(status, FAM_NOT_FOUND, "no such user");
        }
        if (stored->kind == FAM__V1__STORED_KIND__STORED_KIND_DISCLOSURES) {
            privacy->sent_count = stored->count;
            privacy->sent_first_ms = stored->oldest_ms;
            privacy->sent_last_ms = fam_rows_i64(&last, 0, 0);
        }
    }
    return FAM_OK;
}

enum fam_code fam_privacy_read(struct fam_store *store, const struct fam_uuid *user_id, uint32_t retention_days,
                               struct fam_privacy *ret_privacy, struct fam_status *status)
{
    struct fam_db *db = NULL;
    memset(ret_privacy, 0, sizeof(*ret_privacy));
    enum fam_code code = fam_store_get(store, &db, status);
    if (code == FAM_OK) {
        code = read_all(db, user_id, retention_days, ret_privacy, status);
    }
    fam_store_put(store, db);
    return code;
}
