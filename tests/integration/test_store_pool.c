/* Connections: outages, recovery, limits, errors, transactions. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "metrics/metrics.h"
#include "support/store_fixture.h"

static const struct fam_statement sleep_statement = {"t_sleep", "SELECT 1 FROM pg_sleep($1::double precision)",
                                                     "select", "users"};
static const struct fam_statement kill_self = {"t_kill", "SELECT pg_terminate_backend(pg_backend_pid())", "select",
                                               "users"};
static const struct fam_statement echo = {"t_echo", "SELECT $1::text, $2::bigint, $3::bytea, $4::uuid, $5::boolean",
                                          "select", "users"};
static const struct fam_statement number = {"t_number", "SELECT $1::integer", "select", "users"};
static const struct fam_statement no_table = {"t_none", "SELECT * FROM there_is_none", "select", "users"};
static const struct fam_statement counter = {"t_counter", "UPDATE t SET n = n + 1 WHERE id = $1::integer", "update",
                                             "users"};

static struct store_fixture f;

static void start(void)
{
    store_fixture_start(&f);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(pool, .init = start, .fini = stop, .timeout = 120);

static bool pings(void *store)
{
    struct fam_status status = {0};
    return fam_store_ping(store, &status) == FAM_OK;
}

static struct fam_db *get(void)
{
    struct fam_db *db = NULL;
    struct fam_status status = {0};
    cr_assert_eq(fam_store_get(f.store, &db, &status), FAM_OK, "%s", status.message);
    return db;
}

Test(pool, values_come_back_as_they_were_sent)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_status status = {0};
    struct fam_uuid uuid = fam_uuid_v7(), back;
    const unsigned char bytes[] = {0, 1, 0xff, 0, '\\', '\''};
    size_t size = 0;
    struct fam_db *db = get();
    fam_param_text(&params, "Робин'); DROP TABLE users;--");
    fam_param_i64(&params, INT64_MIN);
    fam_param_bytes(&params, bytes, sizeof(bytes));
    fam_param_uuid(&params, &uuid);
    fam_param_bool(&params, true);
    cr_assert_eq(fam_db_exec(db, &echo, &params, &rows, &status), FAM_OK, "%s", status.message);
    cr_assert_str_eq(fam_rows_text(&rows, 0, 0), "Робин'); DROP TABLE users;--");
    cr_assert_eq(fam_rows_i64(&rows, 0, 1), INT64_MIN);
    const unsigned char *data = fam_rows_bytes(&rows, 0, 2, &size);
    cr_assert(size == sizeof(bytes) && memcmp(data, bytes, size) == 0);
    back = fam_rows_uuid(&rows, 0, 3);
    cr_assert(fam_uuid_equal(&back, &uuid));
    cr_assert_eq(fam_rows_i64(&rows, 0, 4), 1);
    fam_rows_done(&rows);
    params = (struct fam_params){0};
    fam_param_text(&params, NULL);
    fam_param_i64(&params, -1);
    fam_param_bytes(&params, NULL, 0);
    fam_param_uuid(&params, NULL);
    fam_param_bool(&params, false);
    cr_assert_eq(fam_db_exec(db, &echo, &params, &rows, &status), FAM_OK);
    cr_assert(fam_rows_is_null(&rows, 0, 0) && fam_rows_is_null(&rows, 0, 2) && fam_rows_is_null(&rows, 0, 3));
    cr_assert_eq(fam_rows_i64(&rows, 0, 1), -1);
    cr_assert_eq(fam_rows_i64(&rows, 0, 4), 0);
    cr_assert(!fam_rows_bytes(&rows, 0, 2, &size) && size == 0);
    fam_store_put(f.store, db);
}

Test(pool, errors_become_codes_and_the_connection_goes_on)
{
    struct fam_params word = {0}, bad_utf8 = {0}, good = {0};
    struct fam_status status = {0};
    struct fam_db *db = get();
    fam_param_text(&word, "a child's words");
    cr_assert_eq(fam_db_exec(db, &number, &word, NULL, &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.reason, "SQLSTATE_22P02");
    cr_assert(!strstr(status.message, "words"), "%s", status.message);
    fam_param_text(&bad_utf8, "\xff");
    fam_param_i64(&bad_utf8, 1);
    fam_param_null(&bad_utf8);
    fam_param_null(&bad_utf8);
    fam_param_null(&bad_utf8);
    cr_assert_eq(fam_db_exec(db, &echo, &bad_utf8, NULL, &status), FAM_INVALID_ARGUMENT);
    cr_assert_eq(fam_db_exec(db, &no_table, NULL, NULL, &status), FAM_FAILED_PRECONDITION);
    fam_param_i64(&good, 1);
    cr_assert_eq(fam_db_exec(db, &number, &good, NULL, &status), FAM_OK, "%s", status.message);
    fam_store_put(f.store, db);
}

Test(pool, a_statement_that_takes_too_long_is_cut)
{
    struct fam_pool_options options = {.conninfo = f.pg.conninfo, .size = 1, .statement_timeout_ms = 100};
    struct fam_params params = {0};
    struct fam_status status = {0};
    struct fam_db *db = NULL;
    struct fam_pool *pool = fam_pool_new(&options, &status);
    cr_assert(pool);
    cr_assert_eq(fam_pool_get(pool, &db, &status), FAM_OK);
    fam_param_text(&params, "30");
    uint64_t before = fam_mono_ms();
    cr_assert_eq(fam_db_exec(db, &sleep_statement, &params, NULL, &status), FAM_DEADLINE_EXCEEDED);
    cr_assert_lt(fam_mono_ms() - before, 2000);
    fam_pool_put(pool, db);
    fam_pool_free(pool);
}

Test(pool, a_full_pool_says_so_in_time)
{
    struct fam_pool_options options = {.conninfo = f.pg.conninfo, .size = 1, .wait_ms = 100};
    struct fam_status status = {0};
    struct fam_db *first = NULL, *second = NULL;
    struct fam_pool *pool = fam_pool_new(&options, &status);
    cr_assert(pool);
    cr_assert_eq(fam_pool_get(pool, &first, &status), FAM_OK);
    cr_assert_eq(fam_pool_in_use(pool), 1);
    cr_assert_eq(fam_pool_get(pool, &second, &status), FAM_RESOURCE_EXHAUSTED);
    cr_assert_gt(status.retry_after_ms, 0);
    fam_pool_put(pool, first);
    cr_assert_eq(fam_pool_get(pool, &second, &status), FAM_OK);
    fam_pool_put(pool, second);
    cr_assert_eq(fam_pool_in_use(pool), 0);
    fam_pool_free(pool);
}

Test(pool, a_store_starts_without_a_database_and_recovers_by_itself)
{
    struct fam_status status = {0};
    pg_server_halt(&f.pg);
    struct fam_store *store = store_open(f.pg.conninfo, KEY_V1, 2);
    cr_assert_eq(fam_store_ready(store, &status), FAM_UNAVAILABLE);
    cr_assert(pg_server_restart(&f.pg));
    cr_assert(proc_wait_until(pings, store, 10000));
    cr_assert_eq(fam_store_ready(store, &status), FAM_OK, "%s", status.message);
    fam_store_free(store);
}

Test(pool, a_stopped_database_costs_nothing_and_comes_back_without_a_restart)
{
    struct fam_uuid user_id = make_user(f.store, 1);
    struct fam_user user;
    struct fam_status status = {0};
    pg_server_halt(&f.pg);
    cr_assert_eq(fam_user_get(f.store, &user_id, &user, &status), FAM_UNAVAILABLE);
    cr_assert_gt(status.retry_after_ms, 0);
    uint64_t before = fam_mono_ms();
    for (int i = 0; i < 200; i++) {
        cr_assert_eq(fam_user_get(f.store, &user_id, &user, &status), FAM_UNAVAILABLE);
        cr_assert_gt(status.retry_after_ms, 0);
    }
    cr_assert_lt(fam_mono_ms() - before, 1000);
    cr_assert(pg_server_restart(&f.pg));
    cr_assert(proc_wait_until(pings, f.store, 10000));
    cr_assert_eq(fam_user_get(f.store, &user_id, &user, &status), FAM_OK, "%s", status.message);
    fam_user_done(&user);
    (void)make_entry(f.store, &user_id, NULL, "Нет!");
}

Test(pool, idle_connections_that_died_are_not_handed_out)
{
    struct fam_uuid user_id = make_user(f.store, 1);
    struct fam_db *held[4];
    for (int i = 0; i < 4; i++)
        held[i] = get();
    for (int i = 0; i < 4; i++)
        fam_store_put(f.store, held[i]);
    pg_server_halt(&f.pg);
    cr_assert(pg_server_restart(&f.pg));
    /* Not one call fails: each dead connection is noticed before it is used. */
    for (int i = 0; i < 4; i++) {
        struct fam_user user;
        struct fam_status status = {0};
        cr_assert_eq(fam_user_get(f.store, &user_id, &user, &status), FAM_OK, "%s", status.message);
        fam_user_done(&user);
    }
}

Test(pool, a_crashed_database_comes_back_with_what_was_acknowledged)
{
    struct fam_uuid user_id = make_user(f.store, 1);
    struct fam_uuid entry_id = make_entry(f.store, &user_id, NULL, "Нет!");
    struct fam_entry entry;
    struct fam_status status = {0};
    pg_server_kill(&f.pg);
    cr_assert_eq(fam_entry_get(f.store, &user_id, &entry_id, &entry, &status), FAM_UNAVAILABLE);
    cr_assert(pg_server_restart(&f.pg));
    cr_assert(proc_wait_until(pings, f.store, 10000));
    cr_assert_eq(fam_entry_get(f.store, &user_id, &entry_id, &entry, &status), FAM_OK, "%s", status.message);
    fam_entry_done(&entry);
}

Test(pool, a_frozen_database_is_left_in_time_and_then_costs_nothing)
{
    struct fam_pool_options options = {
        .conninfo = f.pg.conninfo, .size = 2, .statement_timeout_ms = 200, .connect_timeout_ms = 300};
    struct fam_status status = {0};
    struct fam_db *db = NULL;
    struct fam_params params = {0};
    struct fam_pool *pool = fam_pool_new(&options, &status);
    cr_assert(pool);
    fam_param_i64(&params, 1);
    cr_assert_eq(fam_pool_get(pool, &db, &status), FAM_OK);
    pg_server_pause(&f.pg);
    uint64_t before = fam_mono_ms();
    cr_assert_eq(fam_db_exec(db, &number, &params, NULL, &status), FAM_UNAVAILABLE);
    fam_pool_put(pool, db);
    cr_assert_lt(fam_mono_ms() - before, 4000);
    cr_assert_eq(fam_pool_get(pool, &db, &status), FAM_UNAVAILABLE, "the breaker is open");
    pg_server_resume(&f.pg);
    enum fam_code code = FAM_UNAVAILABLE;
    for (int i = 0; i < 1000 && code != FAM_OK; i++) {
        code = fam_pool_get(pool, &db, &status);
        if (code != FAM_OK)
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    cr_assert_eq(code, FAM_OK);
    cr_assert_eq(fam_db_exec(db, &number, &params, NULL, &status), FAM_OK, "%s", status.message);
    fam_pool_put(pool, db);
    fam_pool_free(pool);
}

struct borrower {
    struct fam_pool *pool;
    struct fam_status status;
    enum fam_code code;
};

static void *borrow(void *arg)
{
    struct borrower *borrower = arg;
    struct fam_db *db = NULL;
    borrower->code = fam_pool_get(borrower->pool, &db, &borrower->status);
    fam_pool_put(borrower->pool, db);
    return NULL;
}

/* No second connection can be opened, for PostgreSQL is short of them or too busy to answer in time. */
Test(pool, who_finds_no_new_connection_waits_for_one_that_works)
{
    expect_sql(f.pg.conninfo, "CREATE ROLE limited LOGIN CONNECTION LIMIT 1", NULL);
    char conninfo[512];
    snprintf(conninfo, sizeof(conninfo), "%s user=limited", f.pg.conninfo);
    struct fam_pool_options options = {.conninfo = conninfo, .size = 3};
    struct fam_status status = {0};
    struct borrower other = {.pool = fam_pool_new(&options, &status)};
    struct fam_db *db = NULL;
    pthread_t thread;
    cr_assert(other.pool, "%s", status.message);
    cr_assert_eq(fam_pool_get(other.pool, &db, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(pthread_create(&thread, NULL, borrow, &other), 0);
    usleep(300000); /* it fails to open one, and waits */
    fam_pool_put(other.pool, db);
    (void)pthread_join(thread, NULL);
    cr_expect_eq(other.code, FAM_OK, "%s", other.status.message);
    fam_pool_free(other.pool);
}

Test(pool, a_session_that_is_killed_is_unavailable_and_the_next_call_works)
{
    struct fam_status status = {0};
    struct fam_params params = {0};
    struct fam_db *db = get();
    fam_param_i64(&params, 1);
    cr_assert_eq(fam_db_exec(db, &number, &params, NULL, &status), FAM_OK);
    cr_assert_eq(fam_db_exec(db, &kill_self, NULL, NULL, &status), FAM_UNAVAILABLE, "%s", status.message);
    cr_assert_eq(fam_db_exec(db, &number, &params, NULL, &status), FAM_UNAVAILABLE);
    fam_store_put(f.store, db);
    /* A new connection, on which the same statement is prepared again. */
    db = get();
    cr_assert_eq(fam_db_exec(db, &number, &params, NULL, &status), FAM_OK, "%s", status.message);
    fam_store_put(f.store, db);
}

Test(pool, connections_in_use_are_counted)
{
    struct fam_status status = {0};
    struct fam_metrics *metrics = fam_metrics_new(FAM_PROGRAM_SERVER, "test", NULL, 0, &status);
    cr_assert(metrics, "%s", status.message);
    struct fam_pool_options options = {.conninfo = f.pg.url, .size = 3, .metrics = metrics};
    struct fam_db *a = NULL, *b = NULL;
    struct fam_pool *pool = fam_pool_new(&options, &status);
    cr_assert(pool, "%s", status.message);
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_DB_CONNECTIONS_MAX, NULL), 3);
    cr_assert_eq(fam_pool_get(pool, &a, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_pool_get(pool, &b, &status), FAM_OK);
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_DB_CONNECTIONS, NULL), 2);
    fam_pool_put(pool, a);
    fam_pool_put(pool, b);
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_DB_CONNECTIONS, NULL), 0);
    fam_pool_free(pool);
    fam_metrics_free(metrics);
}

Test(pool, a_faulty_connection_string_is_refused_without_repeating_it)
{
    static const char *const faulty[] = {"postgresql://u:geheim@[::1", "no-equals-sign-geheim", "password='geheim"};
    for (size_t i = 0; i < sizeof(faulty) / sizeof(faulty[0]); i++) {
        struct fam_pool_options options = {.conninfo = faulty[i], .size = 1};
        struct fam_status status = {0};
        cr_expect(!fam_pool_new(&options, &status), "%s", faulty[i]);
        cr_expect_eq(status.code, FAM_INVALID_ARGUMENT);
        cr_expect(!strstr(status.message, "geheim"), "%s", status.message);
    }
}

/* Two rows changed in opposite orders by two threads: a deadlock, unless one of them is run again. */
struct crossing {
    int first, second;
    int runs;
    pthread_barrier_t *barrier;
    enum fam_code code;
};

static enum fam_code cross(struct fam_db *db, void *context, struct fam_status *status)
{
    struct crossing *crossing = context;
    struct fam_params first = {0}, second = {0};
    fam_param_i64(&first, crossing->first);
    fam_param_i64(&second, crossing->second);
    enum fam_code code = fam_db_exec(db, &counter, &first, NULL, status);
    /* Both hold their first row, the first time. */
    if (crossing->runs++ == 0)
        pthread_barrier_wait(crossing->barrier);
    return code == FAM_OK ? fam_db_exec(db, &counter, &second, NULL, status) : code;
}

static void *cross_once(void *context)
{
    struct crossing *crossing = context;
    struct fam_status status = {0};
    crossing->code = fam_tx_run(fam_store_pool(f.store), cross, crossing, NULL, &status);
    return NULL;
}

Test(pool, a_deadlock_is_run_again_as_a_whole)
{
    pthread_barrier_t barrier;
    struct crossing crossings[2] = {{.first = 1, .second = 2}, {.first = 2, .second = 1}};
    cr_assert_eq(pthread_barrier_init(&barrier, NULL, 2), 0);
    crossings[0].barrier = crossings[1].barrier = &barrier;
    expect_sql(f.pg.conninfo, "CREATE TABLE t (id int, n int); INSERT INTO t VALUES (1, 0), (2, 0)", NULL);
    run_at_once(cross_once, crossings, sizeof(crossings[0]), 2);
    cr_assert_eq(crossings[0].code, FAM_OK);
    cr_assert_eq(crossings[1].code, FAM_OK);
    cr_assert_geq(crossings[0].runs + crossings[1].runs, 3, "one was run again; a slow machine may need more");
    expect_sql(f.pg.conninfo, "SELECT string_agg(n::text, ' ') FROM t", "2 2");
    pthread_barrier_destroy(&barrier);
}

static enum fam_code ignore_failure(struct fam_db *db, void *context, struct fam_status *status)
{
    (void)context;
    (void)!fam_db_exec(db, &no_table, NULL, NULL, status);
    return FAM_OK;
}

Test(pool, a_transaction_that_hides_a_failed_statement_is_no_success)
{
    struct fam_status status = {0};
    char lsn[FAM_LSN_SIZE];
    cr_assert_eq(fam_tx_run(fam_store_pool(f.store), ignore_failure, NULL, lsn, &status), FAM_INTERNAL);
    cr_assert(pings(f.store));
}

static enum fam_code change_nothing(struct fam_db *db, void *context, struct fam_status *status)
{
    (void)db;
    (void)status;
    *(int *)context += 1;
    return FAM_OK;
}

Test(pool, a_commit_tells_the_position_in_the_log)
{
    struct fam_status status = {0};
    char lsn[FAM_LSN_SIZE] = "";
    int runs = 0;
    cr_assert_eq(fam_tx_run(fam_store_pool(f.store), change_nothing, &runs, lsn, &status), FAM_OK);
    cr_assert_eq(runs, 1);
    unsigned high = 0, low = 0;
    cr_assert_eq(sscanf(lsn, "%X/%X", &high, &low), 2, "%s", lsn);
}

Test(pool, work_under_a_restart_loses_nothing_and_doubles_nothing)
{
    struct fam_uuid user_id = make_user(f.store, 1);
    int done = 0;
    for (int i = 0; i < 60; i++) {
        char key[16];
        struct fam_outcome outcome;
        struct fam_status status = {0};
        snprintf(key, sizeof(key), "k%d", i);
        struct fam_mutation mutation = mutation_of(key, "r");
        if (i % 20 == 10)
            pg_server_kill(&f.pg);
        for (int attempt = 0; attempt < 500; attempt++) {
            enum fam_code code = add_entry(f.store, &mutation, &user_id, NULL, "Нет!", &outcome, &status);
            if (code == FAM_OK) {
                done++;
                break;
            }
            cr_assert_eq(code, FAM_UNAVAILABLE, "%s", status.message);
            if (!proc_is_running(&f.pg.proc))
                cr_assert(pg_server_restart(&f.pg));
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        }
    }
    cr_assert_eq(done, 60);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM emotion_entries", "60");
}
