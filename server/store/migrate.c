/* migrate.c: see migrate.h. */
#include "store/migrate.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "store/sqlstate.h"

/* X(version, name, identifier of the embedded file): every file of migrations/, in order. */
#define MIGRATIONS(X)                                                                                                  \
    X(1, "core", _0001_core_sql)                                                                                       \
    X(2, "claude", _0002_claude_sql)                                                                                   \
    X(3, "queue", _0003_queue_sql)                                                                                     \
    X(4, "people", _0004_people_sql)                                                                                   \
    X(5, "checkins", _0005_checkins_sql) X(6, "sealed_answers", _0006_sealed_answers_sql)

#define DECLARE(version, name, id)                                                                                     \
    extern const unsigned char fam_data_##id[];                                                                        \
    extern const size_t fam_data_##id##_size;
MIGRATIONS(DECLARE)
#undef DECLARE

enum {
    LOCK_WAIT_MS = 120000,
    POLL_MS = 100,
    LOCK_ATTEMPTS = 10,
    STATEMENT_WAIT_MS = 3600000,
    CHECKSUM_SIZE = 2 * crypto_hash_sha256_BYTES + 1
};

struct file {
    uint32_t version;
    const char *name;
    const unsigned char *sql; /* NUL-terminated */
    const size_t *size;
};

static const struct file files[] = {
#define FILE_ROW(version, name, id) {version, name, fam_data_##id, &fam_data_##id##_size},
    MIGRATIONS(FILE_ROW)
#undef FILE_ROW
};
_Static_assert(FAM_ARRAY_SIZE(files) <= FAM_MIGRATIONS_MAX, "more migrations than a list holds");

static const char create_table[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    "    version    integer PRIMARY KEY,"
    "    name       text NOT NULL,"
    "    checksum   text NOT NULL,"
    "    applied_at timestamptz NOT NULL DEFAULT now());"
    "COMMENT ON TABLE schema_migrations IS 'Which numbered SQL files this database has had'";

static const struct fam_statement try_lock = {"migrate_lock", "SELECT pg_try_advisory_lock(7020001)", "select",
                                              "schema_migrations"};
static const struct fam_statement table_exists = {
    "migrate_table", "SELECT to_regclass('schema_migrations') IS NOT NULL", "select", "schema_migrations"};
static const struct fam_statement select_applied = {
    "migrate_applied",
    "SELECT version, checksum, (extract(epoch FROM applied_at) * 1000)::bigint FROM schema_migrations ORDER BY version",
    "select", "schema_migrations"};
static const struct fam_statement select_newest = {
    "migrate_newest", "SELECT coalesce(max(version), 0) FROM schema_migrations", "select", "schema_migrations"};
static const struct fam_statement insert_applied = {
    "migrate_insert", "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1::integer, $2, $3)", "insert",
    "schema_migrations"};

uint32_t fam_migrate_wanted(void)
{
    return files[FAM_ARRAY_SIZE(files) - 1].version;
}

static void checksum_of(const struct file *file, char ret_text[CHECKSUM_SIZE])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    (void)crypto_hash_sha256(hash, file->sql, *file->size);
    (void)sodium_bin2hex(ret_text, CHECKSUM_SIZE, hash, sizeof(hash));
}

static const struct file *file_of(int64_t version)
{
    for (size_t i = 0; i < FAM_ARRAY_SIZE(files); i++) {
        if (files[i].version == version) {
            return &files[i];
        }
    }
    return NULL;
}

/* Fills ret_times[i] for files[i]; an applied file must be the one we have. */
static enum fam_code read_applied(struct fam_db *db, int64_t ret_times[FAM_ARRAY_SIZE(files)],
                                  struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows exists = {0}, rows = {0};
    memset(ret_times, 0, FAM_ARRAY_SIZE(files) * sizeof(*ret_times));
    enum fam_code code = fam_db_exec(db, &table_exists, NULL, &exists, status);
    if (code != FAM_OK || !fam_rows_i64(&exists, 0, 0)) {
        return code;
    }
    code = fam_db_exec(db, &select_applied, NULL, &rows, status);
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows); row++) {
        char checksum[CHECKSUM_SIZE];
        const struct file *file = file_of(fam_rows_i64(&rows, row, 0));
        if (!file) {
            continue; /* of a newer program */
        }
        checksum_of(file, checksum);
        if (strcmp(checksum, fam_rows_text(&rows, row, 1)) != 0) {
            return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "MIGRATION_CHANGED", 0,
                                   "migration %u (%s) was applied with other contents than this program holds",
                                   file->version, file->name);
        }
        ret_times[file - files] = fam_rows_i64(&rows, row, 2);
    }
    return code;
}

enum fam_code fam_migrate_status(struct fam_pool *pool, struct fam_migration *ret_list, size_t *ret_count,
                                 struct fam_status *status)
{
    int64_t times[FAM_ARRAY_SIZE(files)];
    struct fam_db *db = NULL;
    *ret_count = 0;
    enum fam_code code = fam_pool_get(pool, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    code = read_applied(db, times, status);
    fam_pool_put(pool, db);
    for (size_t i = 0; code == FAM_OK && i < FAM_ARRAY_SIZE(files); i++) {
        ret_list[(*ret_count)++] = (struct fam_migration){files[i].version, files[i].name, times[i]};
    }
    return code;
}

static void sleep_ms(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* By asking again and again: a statement that waits would hold a snapshot, and CREATE INDEX CONCURRENTLY waits for
 * snapshots. */
static enum fam_code lock(struct fam_db *db, struct fam_status *status)
{
    uint64_t deadline = fam_mono_ms() + LOCK_WAIT_MS;
    for (;;) {
        fam_auto(fam_rows_done) struct fam_rows rows = {0};
        enum fam_code code = fam_db_exec(db, &try_lock, NULL, &rows, status);
        if (code != FAM_OK || fam_rows_i64(&rows, 0, 0)) {
            return code;
        }
        if (fam_mono_ms() >= deadline) {
            return fam_fail(status, FAM_ABORTED, "another process is migrating this database");
        }
        sleep_ms(POLL_MS);
    }
}

static enum fam_code record(struct fam_db *db, const struct file *file, struct fam_status *status)
{
    struct fam_params params = {0};
    char checksum[CHECKSUM_SIZE];
    checksum_of(file, checksum);
    fam_param_i64(&params, file->version);
    fam_param_text(&params, file->name);
    fam_param_text(&params, checksum);
    return fam_db_exec(db, &insert_applied, &params, NULL, status);
}

static enum fam_code run_once(struct fam_db *db, const struct file *file, struct fam_status *status)
{
    static const char mark[] = "-- no-transaction";
    const char *sql = (const char *)file->sql;
    struct fam_status ignored;
    if (strncmp(sql, mark, strlen(mark)) == 0) {
        enum fam_code code = fam_db_script(db, sql, STATEMENT_WAIT_MS, status);
        return code == FAM_OK ? record(db, file, status) : code;
    }
    enum fam_code code = fam_db_script(db, "BEGIN", 0, status);
    if (code == FAM_OK) {
        code = fam_db_script(db, sql, STATEMENT_WAIT_MS, status);
    }
    if (code == FAM_OK) {
        code = record(db, file, status);
    }
    if (code == FAM_OK) {
        code = fam_db_script(db, "COMMIT", 0, status);
    }
    if (code != FAM_OK && fam_db_in_tx(db) && fam_db_script(db, "ROLLBACK", 0, &ignored) != FAM_OK) {
        return code;
    }
    return code;
}

static enum fam_code run_file(struct fam_db *db, const struct file *file, struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    for (int attempt = 1; attempt <= LOCK_ATTEMPTS; attempt++) {
        code = run_once(db, file, status);
        if (code != FAM_ABORTED) {
            break;
        }
        sleep_ms(50L * attempt);
    }
    if (code == FAM_OK) {
        return code;
    }
    struct fam_status why = *status;
    return fam_fail_reason(status, code, why.reason, why.retry_after_ms, "migration %u (%s) failed: %s", file->version,
                           file->name, why.message);
}

static enum fam_code apply_all(struct fam_db *db, struct fam_migration *ret_list, size_t *ret_count,
                               struct fam_status *status)
{
    int64_t times[FAM_ARRAY_SIZE(files)];
    enum fam_code code = fam_db_script(db, create_table, 0, status);
    if (code == FAM_OK) {
        code = read_applied(db, times, status);
    }
    for (size_t i = 0; code == FAM_OK && i < FAM_ARRAY_SIZE(files); i++) {
        if (times[i] != 0) {
            continue;
        }
        code = run_file(db, &files[i], status);
        if (code == FAM_OK) {
            ret_list[(*ret_count)++] = (struct fam_migration){files[i].version, files[i].name, fam_wall_ms()};
        }
    }
    return code;
}

enum fam_code fam_migrate_apply(struct fam_pool *pool, struct fam_migration *ret_list, size_t *ret_count,
                                struct fam_status *status)
{
    struct fam_db *db = NULL;
    struct fam_status ignored;
    *ret_count = 0;
    enum fam_code code = fam_pool_get(pool, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    code = lock(db, status);
    if (code == FAM_OK) {
        code = fam_db_script(db, "SET statement_timeout = 0; SET lock_timeout = '2s'; SET client_min_messages = error",
                             0, status);
    }
    if (code == FAM_OK) {
        code = apply_all(db, ret_list, ret_count, status);
    }
    /* The lock goes with its connection where this can't be said any more. */
    (void)!fam_db_script(db, "SELECT pg_advisory_unlock_all(); RESET ALL", 0, &ignored);
    fam_pool_put(pool, db);
    return code;
}

enum fam_code fam_migrate_applied(struct fam_pool *pool, uint32_t *ret_version, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_db *db = NULL;
    enum fam_code code = fam_pool_get(pool, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    *ret_version = 0;
    code = fam_db_exec(db, &select_newest, NULL, &rows, status);
    if (code == FAM_OK) {
        *ret_version = (uint32_t)fam_rows_i64(&rows, 0, 0);
    } else if (fam_sqlstate_is(status, "42P01")) {
        code = FAM_OK; /* an empty database */
    }
    fam_pool_put(pool, db);
    return code;
}

enum fam_code fam_migrate_is_current(struct fam_pool *pool, struct fam_status *status)
{
    uint32_t version = 0;
    enum fam_code code = fam_migrate_applied(pool, &version, status);
    if (code == FAM_OK && version < fam_migrate_wanted()) {
        code = fam_fail_reason(status, FAM_FAILED_PRECONDITION, "SCHEMA_BEHIND", 0,
                               "the schema is at version %u, this program needs %u: run famserver --migrate", version,
                               fam_migrate_wanted());
    }
    return code;
}
