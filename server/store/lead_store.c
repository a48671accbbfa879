/* lead_store.c: see lead_store.h. */
#include "store/lead_store.h"

#include <string.h>

#include "store/store.h"

/* The row of a lead that was given up stays, for its fence. Who waits here for another holder's row sees the time after
 * that wait. A row that another call has just inserted is not seen by the second half: then nobody is named. */
static const struct fam_statement acquire = {
    "lead_acquire",
    "WITH mine AS (INSERT INTO leads AS l (scope, holder, fence, expires_at, since) VALUES ($1, $2, 1, "
    "clock_timestamp() + $3::bigint * INTERVAL '1 millisecond', now()) ON CONFLICT (scope) DO UPDATE SET "
    "holder = EXCLUDED.holder, fence = CASE WHEN l.holder = EXCLUDED.holder THEN l.fence ELSE l.fence + 1 END, "
    "since = CASE WHEN l.holder = EXCLUDED.holder THEN l.since ELSE now() END, "
    "expires_at = clock_timestamp() + $3::bigint * INTERVAL '1 millisecond' "
    "WHERE l.holder = EXCLUDED.holder OR l.expires_at <= clock_timestamp() RETURNING fence, since = now() AS changed) "
    "SELECT true, changed, fence, $3::bigint FROM mine UNION ALL "
    "SELECT false, false, fence, greatest(0, (extract(epoch FROM expires_at - clock_timestamp()) * 1000)::bigint) "
    "FROM leads WHERE scope = $1 AND NOT EXISTS (SELECT 1 FROM mine)",
    "insert", "leads"};
static const struct fam_statement release = {
    "lead_release",
    "UPDATE leads SET expires_at = clock_timestamp() WHERE scope = $1 AND holder = $2 "
    "AND expires_at > clock_timestamp()",
    "update", "leads"};

enum fam_code fam_lead_acquire(struct fam_store *store, const char *scope, const char *holder, uint32_t ttl_ms,
                               struct fam_lead *ret_lead, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    memset(ret_lead, 0, sizeof(*ret_lead));
    fam_param_text(&params, scope);
    fam_param_text(&params, holder);
    fam_param_i64(&params, ttl_ms);
    enum fam_code code = fam_pool_get(fam_store_pool(store), &db, status);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &acquire, &params, &rows, status);
    }
    if (code == FAM_OK && fam_rows_count(&rows) > 0) {
        ret_lead->granted = fam_rows_i64(&rows, 0, 0) != 0;
        ret_lead->changed = fam_rows_i64(&rows, 0, 1) != 0;
        ret_lead->fence = (uint64_t)fam_rows_i64(&rows, 0, 2);
        ret_lead->expires_in_ms = (uint32_t)fam_rows_i64(&rows, 0, 3);
    }
    fam_store_put(store, db);
    return code;
}

enum fam_code fam_lead_release(struct fam_store *store, const char *scope, const char *holder,
                               struct fam_status *status)
{
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    fam_param_text(&params, scope);
    fam_param_text(&params, holder);
    enum fam_code code = fam_pool_get(fam_store_pool(store), &db, status);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &release, &params, NULL, status);
    }
    fam_store_put(store, db);
    return code;
}
