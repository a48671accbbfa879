/* db.c: see db.h. libpq in non-blocking mode, so that every wait has a deadline of ours. */
#include "store/db.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "metrics/metrics.h"
#include "store/db_private.h"
#include "store/sqlstate.h"

/* -1: error, 0: time is up, 1: something happened. */
static int wait_socket(PGconn *conn, short events, uint64_t deadline_ms)
{
    for (;;) {
        struct pollfd fd = {.fd = PQsocket(conn), .events = events};
        uint64_t now = fam_mono_ms();
        if (fd.fd < 0) {
            return -1;
        }
        /* What came in while this process was stopped (SIGSTOP, a frozen machine) is in time: one look in any case. */
        uint64_t left = now < deadline_ms ? deadline_ms - now : 0;
        int n = poll(&fd, 1, left > 60000 ? 60000 : (int)left);
        if (n > 0) {
            return 1;
        }
        if (n == 0 && left == 0) {
            return 0;
        }
        if (n < 0 && errno != EINTR) {
            return -1;
        }
    }
}

static bool finish_connect(PGconn *conn, uint64_t deadline_ms)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
        if (state == PGRES_POLLING_FAILED) {
            return false;
        }
        if (wait_socket(conn, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline_ms) <= 0) {
            return false;
        }
        state = PQconnectPoll(conn);
    }
    return true;
}

static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

struct fam_db *fam_db_connect(const char *const *keywords, const char *const *values, uint32_t timeout_ms,
                              uint32_t wait_ms, struct fam_metrics *metrics, char *ret_detail, size_t detail_size)
{
    struct fam_db *db = calloc(1, sizeof(*db));
    if (!db) {
        return NULL;
    }
    db->wait_ms = wait_ms;
    db->metrics = metrics;
    db->conn = PQconnectStartParams(keywords, values, 0);
    if (db->conn && PQstatus(db->conn) != CONNECTION_BAD && finish_connect(db->conn, fam_mono_ms() + timeout_ms) &&
        PQsetnonblocking(db->conn, 1) == 0) {
        PQsetNoticeReceiver(db->conn, ignore_notice, NULL);
        return db;
    }
    const char *words = db->conn ? PQerrorMessage(db->conn) : "";
    snprintf(ret_detail, detail_size, "%.*s", (int)strcspn(words, "\n"), words[0] ? words : "no answer in time");
    fam_db_close(db);
    return NULL;
}

void fam_db_close(struct fam_db *db)
{
    if (!db) {
        return;
    }
    PQfinish(db->conn);
    free(db);
}

bool fam_db_is_alive(struct fam_db *db)
{
    struct pollfd fd = {.fd = PQsocket(db->conn), .events = POLLIN};
    if (db->broken || fd.fd < 0) {
        return false;
    }
    if (poll(&fd, 1, 0) == 0) {
        return true;
    }
    /* A server that is idle says nothing but farewell or a changed setting. */
    if (!PQconsumeInput(db->conn) || PQstatus(db->conn) != CONNECTION_OK) {
        return false;
    }
    return poll(&fd, 1, 0) == 0;
}

bool fam_db_in_tx(const struct fam_db *db)
{
    return PQtransactionStatus(db->conn) != PQTRANS_IDLE;
}

static enum fam_code lost(struct fam_db *db, struct fam_status *status)
{
    db->broken = true;
    return fam_fail_reason(status, FAM_UNAVAILABLE, "DATABASE_AWAY", 100, "the connection to the database was lost");
}

static enum fam_code silent(struct fam_db *db, struct fam_status *status)
{
    db->broken = true;
    db->silent = true;
    return fam_fail_reason(status, FAM_UNAVAILABLE, "DATABASE_AWAY", 1000, "the database does not answer");
}

/* The next result, or NULL after the last. */
static enum fam_code next_result(struct fam_db *db, uint64_t deadline_ms, PGresult **ret_result,
                                 struct fam_status *status)
{
    for (;;) {
        int flushed = PQflush(db->conn);
        if (flushed < 0) {
            return lost(db, status);
        }
        if (flushed == 0 && !PQisBusy(db->conn)) {
            *ret_result = PQgetResult(db->conn);
            return FAM_OK;
        }
        int n = wait_socket(db->conn, flushed ? POLLIN | POLLOUT : POLLIN, deadline_ms);
        if (n == 0) {
            return silent(db, status);
        }
        if (n < 0 || !PQconsumeInput(db->conn)) {
            return lost(db, status);
        }
    }
}

static bool result_is_good(const PGresult *result)
{
    ExecStatusType kind = PQresultStatus(result);
    return kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK || kind == PGRES_EMPTY_QUERY;
}

static enum fam_code result_error(struct fam_db *db, const PGresult *result, struct fam_status *status)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (PQstatus(db->conn) != CONNECTION_OK || !state) {
        return lost(db, status);
    }
    enum fam_code code = fam_sqlstate_fail(state, PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME), status);
    /* 26000: somebody between us and the server dropped what was prepared. */
    if (code == FAM_UNAVAILABLE || strcmp(state, "26000") == 0) {
        db->broken = true;
    }
    return code;
}

/* Reads all results of one statement and keeps the last good one. */
static enum fam_code collect(struct fam_db *db, PGresult **ret_result, struct fam_status *status)
{
    uint64_t deadline = fam_mono_ms() + db->wait_ms;
    enum fam_code code = FAM_OK;
    PGresult *kept = NULL;
    for (;;) {
        PGresult *result = NULL;
        enum fam_code got = next_result(db, deadline, &result, status);
        if (got != FAM_OK) {
            PQclear(kept);
            return got;
        }
        if (!result) {
            break;
        }
        if (code == FAM_OK && !result_is_good(result)) {
            code = result_error(db, result, status);
        }
        PQclear(kept);
        kept = result;
    }
    if (code == FAM_OK && !kept) {
        code = lost(db, status);
    }
    if (code == FAM_OK && ret_result) {
        *ret_result = kept;
    } else {
        PQclear(kept);
    }
    return code;
}

static enum fam_code prepare(struct fam_db *db, const struct fam_statement *statement, struct fam_status *status)
{
    for (size_t i = 0; i < db->prepared_count; i++) {
        if (db->prepared[i] == statement) {
            return FAM_OK;
        }
    }
    assert(db->prepared_count < FAM_DB_PREPARED_MAX);
    if (!PQsendPrepare(db->conn, statement->name, statement->sql, 0, NULL)) {
        return lost(db, status);
    }
    enum fam_code code = collect(db, NULL, status);
    if (code == FAM_OK) {
        db->prepared[db->prepared_count++] = statement;
    }
    return code;
}

enum fam_code fam_db_exec(struct fam_db *db, const struct fam_statement *statement, const struct fam_params *params,
                          struct fam_rows *ret_rows, struct fam_status *status)
{
    static const struct fam_params none;
    const struct fam_params *p = params ? params : &none;
    PGresult *result = NULL;
    uint64_t start = fam_mono_us();
    if (ret_rows) {
        ret_rows->result = NULL;
    }
    if (db->broken || PQstatus(db->conn) != CONNECTION_OK) {
        return lost(db, status);
    }
    enum fam_code code = prepare(db, statement, status);
    if (code == FAM_OK &&
        !PQsendQueryPrepared(db->conn, statement->name, p->count, p->values, p->lengths, p->formats, 1)) {
        code = lost(db, status);
    } else if (code == FAM_OK) {
        code = collect(db, ret_rows ? &result : NULL, status);
    }
    fam_metrics_observe(db->metrics, FAM_M_DB_SECONDS, FAM_LABELS(statement->operation, statement->table),
                        (double)(fam_mono_us() - start) / 1e6);
    if (ret_rows) {
        ret_rows->result = result;
    }
    return code;
}

static const struct fam_statement select_lsn = {"commit_lsn", "SELECT pg_current_wal_insert_lsn()::text", "select",
                                                "other"};

/* A statement and a sync behind it: a transaction of its own. */
static bool send_unit(struct fam_db *db, const struct fam_statement *statement, const struct fam_params *p, int format)
{
    return PQsendQueryPrepared(db->conn, statement->name, p->count, p->values, p->lengths, p->formats, format) &&
           PQpipelineSync(db->conn);
}

/* Reads both units. An error of the second does not hide that the first was committed. */
static enum fam_code collect_units(struct fam_db *db, PGresult **ret_result, char ret_lsn[FAM_DB_LSN_SIZE],
                                   struct fam_status *status)
{
    uint64_t deadline = fam_mono_ms() + db->wait_ms;
    enum fam_code code = FAM_OK;
    for (int syncs = 0; syncs < 2;) {
        PGresult *result = NULL;
        enum fam_code got = next_result(db, deadline, &result, status);
        if (got != FAM_OK) {
            return got;
        }
        if (!result) {
            if (PQstatus(db->conn) != CONNECTION_OK) {
                return lost(db, status);
            }
            continue;
        }
        ExecStatusType kind = PQresultStatus(result);
        if (kind == PGRES_PIPELINE_SYNC) {
            syncs++;
        } else if (syncs == 1 && kind == PGRES_TUPLES_OK && PQntuples(result) == 1) {
            snprintf(ret_lsn, FAM_DB_LSN_SIZE, "%s", PQgetvalue(result, 0, 0));
        } else if (syncs == 0 && result_is_good(result)) {
            PQclear(*ret_result);
            *ret_result = result;
            continue;
        } else if (syncs == 0 && code == FAM_OK) {
            code = result_error(db, result, status);
        }
        PQclear(result);
        if (db->broken) {
            return code != FAM_OK ? code : lost(db, status);
        }
    }
    return code;
}

enum fam_code fam_db_commit(struct fam_db *db, const struct fam_statement *statement, const struct fam_params *params,
                            struct fam_rows *ret_rows, char ret_lsn[FAM_DB_LSN_SIZE], struct fam_status *status)
{
    static const struct fam_params none;
    PGresult *result = NULL;
    uint64_t start = fam_mono_us();
    ret_rows->result = NULL;
    ret_lsn[0] = '\0';
    if (db->broken || PQstatus(db->conn) != CONNECTION_OK) {
        return lost(db, status);
    }
    enum fam_code code = prepare(db, statement, status);
    if (code == FAM_OK) {
        code = prepare(db, &select_lsn, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    if (!PQenterPipelineMode(db->conn) || !send_unit(db, statement, params, 1) ||
        !send_unit(db, &select_lsn, &none, 0)) {
        return lost(db, status);
    }
    code = collect_units(db, &result, ret_lsn, status);
    if (!db->broken && !PQexitPipelineMode(db->conn)) {
        db->broken = true;
    }
    fam_metrics_observe(db->metrics, FAM_M_DB_SECONDS, FAM_LABELS(statement->operation, statement->table),
                        (double)(fam_mono_us() - start) / 1e6);
    if (code == FAM_OK && !result) {
        code = lost(db, status);
    }
    ret_rows->result = result;
    return code;
}

enum fam_code fam_db_simple(struct fam_db *db, const char *sql, uint32_t timeout_ms, char *ret_tag, size_t tag_size,
                            char *ret_value, size_t value_size, struct fam_status *status)
{
    uint64_t deadline = fam_mono_ms() + (timeout_ms ? timeout_ms : db->wait_ms);
    enum fam_code code = FAM_OK;
    if (tag_size) {
        ret_tag[0] = '\0';
    }
    if (value_size) {
        ret_value[0] = '\0';
    }
    if (db->broken || !PQsendQuery(db->conn, sql)) {
        return lost(db, status);
    }
    for (size_t i = 0;; i++) {
        PGresult *result = NULL;
        enum fam_code got = next_result(db, deadline, &result, status);
        if (got != FAM_OK) {
            return got;
        }
        if (!result) {
            return code;
        }
        if (code == FAM_OK && !result_is_good(result)) {
            code = result_error(db, result, status);
        }
        if (i == 0 && tag_size && result_is_good(result)) {
            snprintf(ret_tag, tag_size, "%s", PQcmdStatus(result));
        }
        if (value_size && PQntuples(result) > 0) {
            snprintf(ret_value, value_size, "%s", PQgetvalue(result, 0, 0));
        }
        PQclear(result);
    }
}

enum fam_code fam_db_script(struct fam_db *db, const char *sql, uint32_t timeout_ms, struct fam_status *status)
{
    return fam_db_simple(db, sql, timeout_ms, NULL, 0, NULL, 0, status);
}
