/* db.h: one connection: statements, parameters, rows. Not thread-safe; see pool.h.
 *
 * A statement is prepared on a connection when it is first used there, so it survives reconnects without care.
 * Parameters and results travel in binary where that matters (bytea, uuid), so nothing is escaped by hand. */
#ifndef FAM_STORE_DB_H
#define FAM_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"

struct fam_db;

/* Static and constant. `operation` and `table` label the histogram of query times. */
struct fam_statement {
    const char *name; /* unique in the program */
    const char *sql;  /* one statement; $1 … */
    const char *operation;
    const char *table;
};

/* Parameters in the order of $1 …; the data is borrowed until fam_db_exec returns. Start with {0}. */
enum { FAM_PARAMS_MAX = 32 };
struct fam_params {
    int count;
    const char *values[FAM_PARAMS_MAX];
    int lengths[FAM_PARAMS_MAX];
    int formats[FAM_PARAMS_MAX];
    char numbers[FAM_PARAMS_MAX][24];
};
void fam_param_null(struct fam_params *params);
void fam_param_uuid(struct fam_params *params, const struct fam_uuid *uuid);    /* NULL: SQL NULL */
void fam_param_text(struct fam_params *params, const char *text);               /* NULL: SQL NULL */
void fam_param_bytes(struct fam_params *params, const void *data, size_t size); /* bytea; NULL data: SQL NULL */
void fam_param_i64(struct fam_params *params, int64_t value);
void fam_param_bool(struct fam_params *params, bool value);

/* A result; free with fam_rows_done (takes {0}). Rows and columns count from 0; reading outside is a programming
 * error. */
struct fam_rows {
    void *result;
};
void fam_rows_done(struct fam_rows *rows);
size_t fam_rows_count(const struct fam_rows *rows);
bool fam_rows_is_null(const struct fam_rows *rows, size_t row, int column);
/* The nil UUID for NULL. */
struct fam_uuid fam_rows_uuid(const struct fam_rows *rows, size_t row, int column);
/* smallint, integer, bigint, boolean; 0 for NULL. */
int64_t fam_rows_i64(const struct fam_rows *rows, size_t row, int column);
/* Borrowed; "" for NULL. */
const char *fam_rows_text(const struct fam_rows *rows, size_t row, int column);
/* Borrowed; NULL and 0 for NULL. */
const unsigned char *fam_rows_bytes(const struct fam_rows *rows, size_t row, int column, size_t *ret_size);
/* Rows that an INSERT, UPDATE or DELETE changed. */
size_t fam_rows_affected(const struct fam_rows *rows);

/* Runs a statement. ret_rows may be NULL. SQLSTATE becomes a code: connection lost, shutting down → UNAVAILABLE;
 * 40001, 40P01, 55P03 → ABORTED; 57014 (statement_timeout) → DEADLINE_EXCEEDED; 53* → RESOURCE_EXHAUSTED; 22* and
 * 23514 → INVALID_ARGUMENT; 23505 → ALREADY_EXISTS; 23503 → NOT_FOUND; 42P01, 3F000 → FAILED_PRECONDITION (schema is
 * behind); all else INTERNAL. status->reason is "SQLSTATE_xxxxx" where there is one; the message never holds values. */
enum fam_code fam_db_exec(struct fam_db *db, const struct fam_statement *statement, const struct fam_params *params,
                          struct fam_rows *ret_rows, struct fam_status *status) FAM_MUST_CHECK;
/* Unprepared SQL without parameters, several statements allowed: for migrations. `timeout_ms` bounds the client's
 * wait; 0: no bound but the connection's. */
enum fam_code fam_db_script(struct fam_db *db, const char *sql, uint32_t timeout_ms,
                            struct fam_status *status) FAM_MUST_CHECK;
bool fam_db_in_tx(const struct fam_db *db);

#endif
