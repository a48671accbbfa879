/* Keys: rows with them open, rows without do not; rotation; the wrong master key; destroyed keys. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/store_fixture.h"

static struct store_fixture f;
static struct fam_uuid user_id, child_id, entry_id;

static void start(void)
{
    struct fam_user_change name = {.name = "Ольга"};
    struct fam_outcome outcome;
    struct fam_status status = {0};
    store_fixture_start(&f);
    user_id = make_user(f.store, 1);
    (void)make_family(f.store, &user_id);
    child_id = make_child(f.store, &user_id, "Миша");
    entry_id = make_entry(f.store, &user_id, &child_id, "Ненавижу тебя!");
    cr_assert_eq(fam_user_update(f.store, NULL, &user_id, &name, &outcome, &status), FAM_OK, "%s", status.message);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(keys, .init = start, .fini = stop, .timeout = 120);

/* Codes of opening the entry, the family and the user. */
struct opened {
    enum fam_code entry, family, user;
};

static struct opened open_all(struct fam_store *store)
{
    struct fam_entry entry;
    struct fam_family family;
    struct fam_user user;
    struct fam_status status = {0};
    struct opened opened;
    opened.entry = fam_entry_get(store, &user_id, &entry_id, &entry, &status);
    if (opened.entry == FAM_OK) {
        cr_assert_str_eq(entry.phrase, "Ненавижу тебя!");
        fam_entry_done(&entry);
    }
    opened.family = fam_family_of_user(store, &user_id, &family, &status);
    if (opened.family == FAM_OK) {
        cr_assert_str_eq(family.children[0].name, "Миша");
        fam_family_done(&family);
    }
    opened.user = fam_user_get(store, &user_id, &user, &status);
    if (opened.user == FAM_OK) {
        cr_assert_str_eq(user.name, "Ольга");
        fam_user_done(&user);
    }
    return opened;
}

static void expect_opened(struct fam_store *store, enum fam_code code)
{
    struct opened opened = open_all(store);
    cr_assert_eq(opened.entry, code, "entry: %s", fam_code_name(opened.entry));
    cr_assert_eq(opened.family, code, "family: %s", fam_code_name(opened.family));
    cr_assert_eq(opened.user, code, "user: %s", fam_code_name(opened.user));
}

/* Dumps a part of the database with pg_dump and its option, and loads it into another one. */
static void dump_and_load(const char *option, const char *target)
{
    char file[128], from[256], into[256], out[4096];
    snprintf(file, sizeof(file), "%s/dump.sql", f.pg.dir);
    snprintf(from, sizeof(from), "--dbname=%s", f.pg.conninfo);
    snprintf(into, sizeof(into), "--dbname=%s", target);
    const char *const dump[] = {"pg_dump", from, option, "--no-owner", "-f", file, NULL};
    const char *const load[] = {"psql", into, "-q", "-X", "-v", "ON_ERROR_STOP=1", "-f", file, NULL};
    cr_assert_eq(proc_run(dump, NULL, NULL, out, sizeof(out)), 0, "%s", out);
    cr_assert_eq(proc_run(load, NULL, NULL, out, sizeof(out)), 0, "%s", out);
    (void)unlink(file);
}

Test(keys, rows_with_the_key_dump_open_and_rows_alone_do_not)
{
    struct pg_server restored;
    cr_assert(pg_server_start(&restored, false));
    const char *target = restored.conninfo;
    dump_and_load("--exclude-schema=keys", target);
    /* Rows without keys: no schema of keys at all, then an empty one as a fresh program makes it. */
    expect_sql(target, "SELECT count(*) FROM emotion_entries", "1");
    expect_sql(target,
               "CREATE SCHEMA keys;"
               "CREATE TABLE keys.hmac_keys (purpose text PRIMARY KEY, wrapped bytea NOT NULL);"
               "CREATE TABLE keys.user_keys (user_id uuid PRIMARY KEY, wrapped bytea NOT NULL);"
               "CREATE TABLE keys.family_keys (family_id uuid PRIMARY KEY, wrapped bytea NOT NULL);"
               "CREATE TABLE keys.entry_keys (entry_id uuid PRIMARY KEY, user_id uuid, wrapped_user bytea)",
               NULL);
    struct fam_store *alone = store_open(target, KEY_V1, 2);
    struct fam_status status = {0};
    expect_opened(alone, FAM_FAILED_PRECONDITION);
    cr_assert_eq(fam_store_ready(alone, &status), FAM_FAILED_PRECONDITION);
    expect_sql(target, "SELECT count(*) FROM keys.hmac_keys", "0");
    fam_store_free(alone);
    /* With them. */
    expect_sql(target, "DROP SCHEMA keys CASCADE", NULL);
    dump_and_load("--schema=keys", target);
    struct fam_store *together = store_open(target, KEY_V1, 2);
    expect_opened(together, FAM_OK);
    /* And the user is found again, not made anew. */
    struct fam_uuid again = make_user(together, 1);
    cr_assert(fam_uuid_equal(&again, &user_id));
    fam_store_free(together);
    pg_server_stop(&restored);
}

Test(keys, a_rotated_master_key_opens_what_the_old_one_wrapped)
{
    struct fam_store *rotated = store_open(f.pg.conninfo, KEY_V2 "," KEY_V1, 2);
    expect_opened(rotated, FAM_OK);
    struct fam_uuid new_user = make_user(rotated, 2);
    expect_sql(f.pg.conninfo, "SELECT string_agg(DISTINCT get_byte(wrapped, 2)::text, ',') FROM keys.user_keys", "1,2");
    fam_store_free(rotated);
    /* The old one alone opens only what it wrapped. */
    struct fam_store *old = store_open(f.pg.conninfo, KEY_V1, 2);
    struct fam_key key;
    struct fam_status status = {0};
    expect_opened(old, FAM_OK);
    cr_assert_eq(fam_store_user_key(old, &new_user, &key, &status), FAM_FAILED_PRECONDITION);
    cr_assert_str_eq(status.reason, "MASTER_KEY");
    fam_store_free(old);
}

Test(keys, a_wrong_master_key_is_told_at_the_start_and_makes_nothing)
{
    static const char *const wrong[] = {"v1:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=", KEY_V2};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct fam_store *store = store_open(f.pg.conninfo, wrong[i], 2);
        struct fam_status status = {0};
        struct fam_user user;
        bool created = false;
        cr_assert_eq(fam_store_ready(store, &status), FAM_FAILED_PRECONDITION);
        cr_assert_str_eq(status.reason, "MASTER_KEY");
        cr_assert(strstr(status.message, "FAM_MASTER_KEY") && strstr(status.message, "v1"), "%s", status.message);
        cr_assert_eq(fam_user_register(store, 5, FAM__V1__LANGUAGE__LANGUAGE_RU,
                                       FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_TELEGRAM, &user, &created,
                                       NULL, &status),
                     FAM_FAILED_PRECONDITION);
        fam_store_free(store);
    }
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM users", "1");
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM keys.hmac_keys", "4");
}

Test(keys, what_a_destroyed_key_sealed_is_gone)
{
    struct opened opened;
    struct fam_key key;
    struct fam_status status = {0};
    expect_sql(f.pg.conninfo, "DELETE FROM keys.user_keys", NULL);
    fam_seal_forget(fam_store_seal(f.store), FAM_KEY_USER, &user_id);
    opened = open_all(f.store);
    cr_assert_eq(opened.user, FAM_DATA_LOSS);
    cr_assert_eq(opened.entry, FAM_DATA_LOSS);
    cr_assert_eq(fam_store_user_key(f.store, &user_id, &key, &status), FAM_DATA_LOSS);
    /* The family is not the user's: its key is there, but a parent's name is not. */
    cr_assert_eq(opened.family, FAM_DATA_LOSS);
}

Test(keys, an_entrys_key_destroys_the_entry_alone)
{
    struct fam_uuid other = make_entry(f.store, &user_id, NULL, "Да!");
    struct fam_entry entry;
    struct fam_status status = {0};
    char id[FAM_UUID_TEXT_SIZE], sql[160];
    fam_uuid_format(&entry_id, id);
    snprintf(sql, sizeof(sql), "DELETE FROM keys.entry_keys WHERE entry_id = '%s'", id);
    expect_sql(f.pg.conninfo, sql, NULL);
    cr_assert_eq(open_all(f.store).entry, FAM_DATA_LOSS);
    cr_assert_eq(fam_entry_get(f.store, &user_id, &other, &entry, &status), FAM_OK);
    fam_entry_done(&entry);
}

Test(keys, another_users_wrapped_key_does_not_pass)
{
    struct fam_uuid other = make_user(f.store, 2);
    struct fam_key key;
    struct fam_status status = {0};
    expect_sql(f.pg.conninfo,
               "UPDATE keys.user_keys a SET wrapped = b.wrapped FROM keys.user_keys b WHERE a.user_id <> b.user_id",
               NULL);
    fam_seal_forget(fam_store_seal(f.store), FAM_KEY_USER, &other);
    cr_assert_neq(fam_store_user_key(f.store, &other, &key, &status), FAM_OK);
}

Test(keys, a_key_that_was_rolled_back_is_not_kept)
{
    struct fam_db *db = NULL;
    struct fam_key key;
    struct fam_status status = {0};
    struct fam_uuid id = fam_uuid_v7();
    struct fam_seal *seal = fam_store_seal(f.store);
    cr_assert_eq(fam_store_get(f.store, &db, &status), FAM_OK);
    cr_assert_eq(fam_db_script(db, "BEGIN", 0, &status), FAM_OK);
    cr_assert_eq(fam_seal_create_key(seal, db, FAM_KEY_USER, &id, &key, &status), FAM_OK);
    cr_assert_eq(fam_seal_get_key(seal, db, FAM_KEY_USER, &id, &key, &status), FAM_OK);
    cr_assert_eq(fam_db_script(db, "ROLLBACK", 0, &status), FAM_OK);
    cr_assert_eq(fam_seal_get_key(seal, db, FAM_KEY_USER, &id, &key, &status), FAM_NOT_FOUND);
    fam_store_put(f.store, db);
}

static char fresh[256];

static void *load(void *context)
{
    struct fam_store *store = store_open(fresh, KEY_V1, 2);
    struct fam_status status = {0};
    if (fam_store_hmac(store, FAM_HMAC_CACHE, "x", 1, context, &status) != FAM_OK)
        memset(context, 0, FAM_HMAC_SIZE);
    fam_store_free(store);
    return NULL;
}

Test(keys, servers_that_start_at_once_agree_on_the_hmac_keys)
{
    static const unsigned char failed[FAM_HMAC_SIZE];
    unsigned char hmacs[6][FAM_HMAC_SIZE];
    struct pg_server other;
    cr_assert(pg_server_start(&other, false));
    snprintf(fresh, sizeof(fresh), "%s", other.conninfo);
    struct fam_store *store = store_open(fresh, KEY_V1, 2);
    store_migrate(store);
    fam_store_free(store);
    run_at_once(load, hmacs, sizeof(hmacs[0]), 6);
    cr_assert_neq(memcmp(hmacs[0], failed, FAM_HMAC_SIZE), 0);
    for (int i = 1; i < 6; i++)
        cr_assert_eq(memcmp(hmacs[i], hmacs[0], FAM_HMAC_SIZE), 0);
    pg_server_stop(&other);
}

Test(keys, purposes_have_keys_of_their_own)
{
    unsigned char a[FAM_HMAC_SIZE], b[FAM_HMAC_SIZE];
    struct fam_status status = {0};
    cr_assert_eq(fam_store_hmac(f.store, FAM_HMAC_LOOKUP, "x", 1, a, &status), FAM_OK);
    cr_assert_eq(fam_store_hmac(f.store, FAM_HMAC_CACHE, "x", 1, b, &status), FAM_OK);
    cr_assert_neq(memcmp(a, b, sizeof(a)), 0);
    fam_seal_derive(fam_store_seal(f.store), "ab", "c", "d", a);
    fam_seal_derive(fam_store_seal(f.store), "a", "bc", "d", b);
    cr_assert_neq(memcmp(a, b, sizeof(a)), 0);
}
