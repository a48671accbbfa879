/* db_private.h: the inside of a connection, for pool.c, tx.c and db.c. */
#ifndef FAM_STORE_DB_PRIVATE_H
#define FAM_STORE_DB_PRIVATE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "store/db.h"

struct fam_metrics;

enum { FAM_DB_PREPARED_MAX = 512 };

struct fam_db {
    PGconn *conn;
    uint32_t wait_ms; /* longest wait for an answer: statement_timeout and a little more */
    struct fam_metrics *metrics;
    bool broken; /* not to be used again */
    bool silent; /* the server did not answer in time: it may be frozen */
    size_t prepared_count;
    const struct fam_statement *prepared[FAM_DB_PREPARED_MAX];
};

/* Connects with its own deadline. On failure nothing is left; ret_detail (for the log only) gets libpq's words. */
struct fam_db *fam_db_connect(const char *const *keywords, const char *const *values, uint32_t timeout_ms,
                              uint32_t wait_ms, struct fam_metrics *metrics, char *ret_detail, size_t detail_size);
void fam_db_close(struct fam_db *db);
/* Without a round trip: has the server closed an idle connection, or said that it goes down? */
bool fam_db_is_alive(struct fam_db *db);
/* One statement as a transaction of its own, and the WAL position after its commit, in one round trip. */
enum { FAM_DB_LSN_SIZE = 24 };
enum fam_code fam_db_commit(struct fam_db *db, const struct fam_statement *statement, const struct fam_params *params,
                            struct fam_rows *ret_rows, char ret_lsn[FAM_DB_LSN_SIZE],
                            struct fam_status *status) FAM_MUST_CHECK;
/* Several statements by the simple protocol. ret_tag: the first result's command tag; ret_value: first column of the
 * last row set; both may be NULL. An error of a later statement does not hide a first one that succeeded:
 * *ret_tag is set then. */
enum fam_code fam_db_simple(struct fam_db *db, const char *sql, uint32_t timeout_ms, char *ret_tag, size_t tag_size,
                            char *ret_value, size_t value_size, struct fam_status *status);

#endif
