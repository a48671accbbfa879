/* tx.c: whole transactions; see pool.h. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "store/db_private.h"
#include "store/pool.h"
#include "store/sqlstate.h"

enum { ATTEMPTS = 5, PAUSE_MS = 5 };

static enum fam_code commit(struct fam_db *db, char ret_lsn[FAM_LSN_SIZE], struct fam_status *status)
{
    char tag[16];
    /* One round trip for both: the position is read after the commit has taken effect. */
    const char *sql = ret_lsn ? "COMMIT; SELECT pg_current_wal_insert_lsn()::text" : "COMMIT";
    enum fam_code code = fam_db_simple(db, sql, 0, tag, sizeof(tag), ret_lsn, ret_lsn ? FAM_LSN_SIZE : 0, status);
    if (strcmp(tag, "COMMIT") == 0) {
        return FAM_OK;
    }
    if (code != FAM_OK) {
        return code;
    }
    return fam_fail(status, FAM_INTERNAL, "a transaction with a failed statement was to be committed");
}

/* BEGIN can always be repeated: a connection that died while it was idle costs nothing. */
static enum fam_code begin(struct fam_pool *pool, struct fam_db **ret_db, struct fam_status *status)
{
    enum fam_code code = FAM_UNAVAILABLE;
    *ret_db = NULL;
    for (int i = 0; i < 2 && code == FAM_UNAVAILABLE; i++) {
        struct fam_db *db = NULL;
        code = fam_pool_get(pool, &db, status);
        if (code != FAM_OK) {
            return code;
        }
        code = fam_db_script(db, "BEGIN", 0, status);
        if (code == FAM_OK) {
            *ret_db = db;
        } else {
            fam_pool_put(pool, db);
        }
    }
    return code;
}

static enum fam_code run_once(struct fam_pool *pool,
                              enum fam_code (*fn)(struct fam_db *db, void *context, struct fam_status *status),
                              void *context, char ret_lsn[FAM_LSN_SIZE], struct fam_status *status)
{
    struct fam_db *db = NULL;
    struct fam_status ignored;
    enum fam_code code = begin(pool, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    code = fn(db, context, status);
    if (code == FAM_OK) {
        code = commit(db, ret_lsn, status);
    }
    if (code != FAM_OK && !db->broken && fam_db_in_tx(db) && fam_db_script(db, "ROLLBACK", 0, &ignored) != FAM_OK) {
        db->broken = true;
    }
    fam_pool_put(pool, db);
    return code;
}

static void pause_before(int attempt)
{
    uint32_t ms = (uint32_t)PAUSE_MS << attempt;
    struct timespec pause = {.tv_nsec = (long)(1 + randombytes_uniform(ms)) * 1000000};
    nanosleep(&pause, NULL);
}

enum fam_code fam_tx_run(struct fam_pool *pool,
                         enum fam_code (*fn)(struct fam_db *db, void *context, struct fam_status *status),
                         void *context, char ret_lsn[FAM_LSN_SIZE], struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
        if (ret_lsn) {
            ret_lsn[0] = '\0';
        }
        code = run_once(pool, fn, context, ret_lsn, status);
        if (code != FAM_ABORTED || !(fam_sqlstate_is(status, "40001") || fam_sqlstate_is(status, "40P01"))) {
            return code;
        }
        if (attempt < ATTEMPTS) {
            pause_before(attempt);
        }
    }
    return code;
}
