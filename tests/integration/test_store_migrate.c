/* The schema: migrations, what is written about it, and the operators' SQL. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>

#include "support/store_fixture.h"

enum { MIGRATORS = 4 };

static struct pg_server pg;

static void start(void)
{
    signal(SIGPIPE, SIG_IGN);
    cr_assert(pg_server_start(&pg, false));
}

static void stop(void)
{
    pg_server_stop(&pg);
}

TestSuite(migrate, .init = start, .fini = stop, .timeout = 120);

/* A file of the checkout, by its path from the root. */
static void checkout_path(const char *path, char *ret_path, size_t size)
{
    snprintf(ret_path, size, FAM_SOURCE_DIR "/%s", path);
}

Test(migrate, an_empty_database_is_behind_and_then_current)
{
    struct fam_store *store = store_open(pg.conninfo, KEY_V1, 2);
    struct fam_migration list[FAM_MIGRATIONS_MAX];
    struct fam_status status = {0};
    size_t count = 0;
    uint32_t version = 99;
    cr_assert_eq(fam_store_ready(store, &status), FAM_FAILED_PRECONDITION);
    cr_assert_str_eq(status.reason, "SCHEMA_BEHIND");
    cr_assert_eq(fam_migrate_applied(fam_store_pool(store), &version, &status), FAM_OK);
    cr_assert_eq(version, 0);
    cr_assert_eq(fam_migrate_status(fam_store_pool(store), list, &count, &status), FAM_OK);
    cr_assert_geq(count, 1);
    cr_assert_eq(list[0].applied_at_ms, 0);
    store_migrate(store);
    cr_assert_eq(fam_store_ready(store, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_migrate_status(fam_store_pool(store), list, &count, &status), FAM_OK);
    for (size_t i = 0; i < count; i++)
        cr_expect_gt(list[i].applied_at_ms, 0, "%s", list[i].name);
    cr_assert_eq(list[count - 1].version, fam_migrate_wanted());
    fam_store_free(store);
}

Test(migrate, the_second_time_changes_nothing)
{
    struct fam_store *store = store_open(pg.conninfo, KEY_V1, 2);
    struct fam_migration list[FAM_MIGRATIONS_MAX];
    struct fam_status status = {0};
    size_t count = 0;
    cr_assert_eq(fam_migrate_apply(fam_store_pool(store), list, &count, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(count, fam_migrate_wanted());
    cr_assert_eq(fam_migrate_apply(fam_store_pool(store), list, &count, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(count, 0);
    /* The connection has its own limits again. */
    expect_sql(pg.conninfo, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", "0");
    fam_store_free(store);
}

static void *migrate_once(void *context)
{
    struct fam_store *store = store_open(pg.conninfo, KEY_V1, 2);
    struct fam_migration list[FAM_MIGRATIONS_MAX];
    struct fam_status status = {0};
    size_t count = 0;
    enum fam_code code = fam_migrate_apply(fam_store_pool(store), list, &count, &status);
    *(int *)context = code == FAM_OK ? (int)count : -1;
    fam_store_free(store);
    return NULL;
}

Test(migrate, several_at_once_apply_each_file_once)
{
    int counts[MIGRATORS], sum = 0;
    run_at_once(migrate_once, counts, sizeof(counts[0]), MIGRATORS);
    for (int i = 0; i < MIGRATORS; i++) {
        cr_assert_geq(counts[i], 0);
        sum += counts[i];
    }
    cr_assert_eq((uint32_t)sum, fam_migrate_wanted());
}

Test(migrate, a_changed_file_is_refused)
{
    struct fam_store *store = store_open(pg.conninfo, KEY_V1, 2);
    struct fam_migration list[FAM_MIGRATIONS_MAX];
    struct fam_status status = {0};
    size_t count = 0;
    store_migrate(store);
    expect_sql(pg.conninfo, "UPDATE schema_migrations SET checksum = 'other' WHERE version = 1", NULL);
    cr_assert_eq(fam_migrate_apply(fam_store_pool(store), list, &count, &status), FAM_FAILED_PRECONDITION);
    cr_assert_str_eq(status.reason, "MIGRATION_CHANGED");
    fam_store_free(store);
}

Test(migrate, a_database_newer_than_the_program_is_fine)
{
    struct fam_store *store = store_open(pg.conninfo, KEY_V1, 2);
    struct fam_status status = {0};
    store_migrate(store);
    expect_sql(pg.conninfo, "INSERT INTO schema_migrations VALUES (9999, 'later', 'x')", NULL);
    cr_assert_eq(fam_store_ready(store, &status), FAM_OK, "%s", status.message);
    store_migrate(store);
    fam_store_free(store);
}

Test(migrate, a_failing_migration_leaves_nothing_and_can_be_repeated)
{
    struct fam_store *store = store_open(pg.conninfo, KEY_V1, 2);
    struct fam_migration list[FAM_MIGRATIONS_MAX];
    struct fam_status status = {0};
    size_t count = 0;
    /* A table of that name is in the way. */
    expect_sql(pg.conninfo, "CREATE TABLE audit_log (x int)", NULL);
    cr_assert_neq(fam_migrate_apply(fam_store_pool(store), list, &count, &status), FAM_OK);
    cr_assert(strstr(status.message, "core"), "%s", status.message);
    expect_sql(pg.conninfo, "SELECT to_regclass('users') IS NULL AND to_regnamespace('keys') IS NULL", "t");
    expect_sql(pg.conninfo, "DROP TABLE audit_log", NULL);
    store_migrate(store);
    cr_assert_eq(fam_store_ready(store, &status), FAM_OK, "%s", status.message);
    fam_store_free(store);
}

Test(migrate, every_file_of_the_folder_is_listed_in_its_order)
{
    struct fam_store *store = store_open(pg.conninfo, KEY_V1, 2);
    struct fam_migration list[FAM_MIGRATIONS_MAX];
    struct fam_status status = {0};
    size_t count = 0, found = 0;
    char folder[512];
    cr_assert_eq(fam_migrate_status(fam_store_pool(store), list, &count, &status), FAM_OK);
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(list[i].version, i + 1);
    checkout_path("server/store/migrations", folder, sizeof(folder));
    DIR *dir = opendir(folder);
    cr_assert(dir, "%s", folder);
    for (const struct dirent *entry; (entry = readdir(dir));) {
        unsigned version = 0;
        char name[64] = "";
        if (entry->d_name[0] == '.')
            continue;
        cr_assert_eq(sscanf(entry->d_name, "%4u_%63[a-z0-9_].sql", &version, name), 2, "%s", entry->d_name);
        cr_assert(version >= 1 && version <= count, "%s is not listed in migrate.c", entry->d_name);
        cr_expect_str_eq(list[version - 1].name, name);
        found++;
    }
    closedir(dir);
    cr_assert_eq(found, count);
    fam_store_free(store);
}

Test(migrate, every_table_has_a_comment)
{
    struct fam_store *store = store_open(pg.conninfo, KEY_V1, 2);
    store_migrate(store);
    expect_sql(
        pg.conninfo,
        "SELECT coalesce(string_agg(c.oid::regclass::text, ', '), '') FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname IN ('public', 'keys') "
        "AND obj_description(c.oid, 'pg_class') IS NULL",
        "");
    fam_store_free(store);
}

Test(migrate, no_foreign_key_ties_the_keys_to_the_rows)
{
    struct fam_store *store = store_open(pg.conninfo, KEY_V1, 2);
    store_migrate(store);
    expect_sql(pg.conninfo,
               "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND (conrelid::regclass::text LIKE 'keys.%' OR "
               "confrelid::regclass::text LIKE 'keys.%')",
               "0");
    fam_store_free(store);
}

/* Rows of the tables in docs/data.md start with | `table` | `column` |. */
Test(migrate, docs_data_names_every_column_and_none_that_is_not_there)
{
    struct fam_store *store = store_open(pg.conninfo, KEY_V1, 2);
    char path[512], rows[32],
        sql[] = "SELECT count(*) FROM information_schema.columns WHERE table_schema IN "
                "('public', 'keys')";
    size_t documented = 0;
    store_migrate(store);
    checkout_path("docs/data.md", path, sizeof(path));
    char *text = proc_read_file(path), *rest = NULL;
    cr_assert(text, "%s", path);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char table[64], column[64], where[300];
        if (sscanf(line, "| `%63[a-z_.]` | `%63[a-z_]` |", table, column) != 2)
            continue;
        snprintf(where, sizeof(where),
                 "SELECT count(*) FROM information_schema.columns WHERE column_name = '%s' AND "
                 "CASE table_schema WHEN 'public' THEN '' ELSE table_schema || '.' END || table_name = '%s'",
                 column, table);
        expect_sql(pg.conninfo, where, "1");
        documented++;
    }
    free(text);
    cr_assert(pg_server_sql(pg.conninfo, sql, rows, sizeof(rows)));
    cr_assert_eq(documented, strtoul(rows, NULL, 10), "docs/data.md has %zu columns, the schema %s", documented, rows);
    fam_store_free(store);
}

/* As the operations guide has them, with the family and child that the checks need. */
Test(migrate, the_operators_queries_run)
{
    static const char *const queries[] = {
        "SELECT COUNT(*) FROM users",
        "SELECT COUNT(*) FROM families",
        "SELECT COUNT(*) FROM emotion_entries",
        ("SELECT (SELECT COUNT(*) FROM children c LEFT JOIN families f ON c.family_id = f.family_id "
         "WHERE f.family_id IS NULL) + (SELECT COUNT(*) FROM emotion_entries e LEFT JOIN children c "
         "ON e.child_id = c.child_id WHERE e.child_id IS NOT NULL AND c.child_id IS NULL)"),
        ("SELECT COUNT(*) FROM families f JOIN children c ON f.family_id = c.family_id "
         "JOIN emotion_entries e ON c.child_id = e.child_id WHERE f.created_at > NOW() - INTERVAL '30 days'"),
    };
    static const char *const expected[] = {"1", "1", "2", "0", "1"};
    struct fam_store *store = store_open(pg.conninfo, KEY_V1, 2);
    store_migrate(store);
    struct fam_uuid user_id = make_user(store, 1);
    (void)make_family(store, &user_id);
    struct fam_uuid child_id = make_child(store, &user_id, "Миша");
    (void)make_entry(store, &user_id, &child_id, "Нет!");
    (void)make_entry(store, &user_id, NULL, "Да!");
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
        expect_sql(pg.conninfo, queries[i], expected[i]);
    expect_sql(pg.conninfo,
               "SELECT children_count || ' ' || parents_count || ' ' || (last_emotion_date IS NOT NULL) FROM ("
               "SELECT f.family_id, f.name, COUNT(DISTINCT c.child_id) as children_count, "
               "COUNT(DISTINCT p.parent_id) as parents_count, MAX(e.created_at) as last_emotion_date "
               "FROM families f LEFT JOIN children c ON f.family_id = c.family_id "
               "LEFT JOIN parents p ON f.family_id = p.family_id "
               "LEFT JOIN emotion_entries e ON c.child_id = e.child_id "
               "WHERE f.created_at >= NOW() - INTERVAL '30 days' GROUP BY f.family_id, f.name "
               "ORDER BY last_emotion_date DESC NULLS LAST) summary",
               "1 1 true");
    fam_store_free(store);
}
