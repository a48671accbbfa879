/* A backup that is older than an erasure: its rows alone, or with the keys of today, open nothing of somebody who is
 * gone; only a copy of the keys from before would. That is why such copies may live for seven days at most. */
#include "store/erase_store.h"
#include "support/store_fixture.h"

static const char WORDS[] = "Ненавижу тебя!";

static struct store_fixture f;
static char rows_before[128], keys_before[128], keys_after[128];

/* One person with a family, a child and an entry. */
struct someone {
    struct fam_uuid user_id, entry_id;
};

static void run(const char *const argv[])
{
    char out[4096];
    cr_assert_eq(proc_run(argv, NULL, NULL, out, sizeof(out)), 0, "%s: %s", argv[0], out);
}

static void dump(const char *schema, const char *name, char ret_file[128])
{
    char from[256], option[64];
    snprintf(ret_file, 128, "%s/%s.sql", f.pg.dir, name);
    snprintf(from, sizeof(from), "--dbname=%s", f.pg.conninfo);
    snprintf(option, sizeof(option), "--schema=%s", schema);
    run((const char *const[]){"pg_dump", from, option, "--no-owner", "-f", ret_file, NULL});
}

static void load(const char *file, const char *target)
{
    char into[256];
    snprintf(into, sizeof(into), "--dbname=%s", target);
    run((const char *const[]){"psql", into, "-q", "-X", "-v", "ON_ERROR_STOP=1", "-f", file, NULL});
}

static struct someone make_someone(int64_t telegram_id)
{
    struct someone someone = {.user_id = make_user(f.store, telegram_id)};
    struct fam_user_change name = {.name = "Ольга"};
    struct fam_outcome outcome;
    struct fam_status status = {0};
    (void)make_family(f.store, &someone.user_id);
    struct fam_uuid child_id = make_child(f.store, &someone.user_id, "Миша");
    someone.entry_id = make_entry(f.store, &someone.user_id, &child_id, WORDS);
    cr_assert_eq(fam_user_update(f.store, NULL, &someone.user_id, &name, &outcome, &status), FAM_OK, "%s",
                 status.message);
    return someone;
}

static enum fam_code record(void *context, const struct fam_uuid *receipt_id, const struct fam_erase_subject *subjects,
                            size_t count, struct fam_status *status)
{
    (void)context;
    (void)receipt_id;
    (void)subjects;
    (void)count;
    (void)status;
    return FAM_OK;
}

static void erase(const struct someone *someone)
{
    struct fam_erase erase = {.user_id = &someone->user_id, .receipt_id = fam_uuid_v7(), .record = record};
    struct fam_outcome outcome;
    struct fam_status status = {0};
    cr_assert_eq(fam_erase(f.store, NULL, &erase, &outcome, &status), FAM_OK, "%s", status.message);
}

/* Another database with the rows of the backup and these keys, opened with the master key: nothing is missing but what
 * the keys lack. */
static struct fam_store *restore(const char *name, const char *keys)
{
    char target[256];
    cr_assert(pg_server_create_db(&f.pg, name, target, sizeof(target)));
    expect_sql(target, "DROP SCHEMA public", NULL);
    load(rows_before, target);
    load(keys, target);
    expect_sql(target, "SELECT count(*) FROM emotion_entries", "2");
    expect_sql(target, "SELECT count(*) FROM users WHERE erased_at IS NULL", "2");
    return store_open(target, KEY_V1, 2);
}

/* What opens of a person: their words, their name, the family with the child's name. */
static void expect_opened(struct fam_store *store, const struct someone *someone, enum fam_code code)
{
    struct fam_entry entry;
    struct fam_user user;
    struct fam_family family;
    struct fam_status status = {0};
    enum fam_code opened = fam_entry_get(store, &someone->user_id, &someone->entry_id, &entry, &status);
    cr_expect_eq(opened, code, "the entry: %s", fam_code_name(opened));
    if (opened == FAM_OK) {
        cr_expect_str_eq(entry.phrase, WORDS);
        fam_entry_done(&entry);
    }
    opened = fam_user_get(store, &someone->user_id, &user, &status);
    cr_expect_eq(opened, code, "the user: %s", fam_code_name(opened));
    if (opened == FAM_OK) {
        cr_expect_str_eq(user.name, "Ольга");
        fam_user_done(&user);
    }
    opened = fam_family_of_user(store, &someone->user_id, &family, &status);
    cr_expect_eq(opened, code, "the family: %s", fam_code_name(opened));
    if (opened == FAM_OK) {
        cr_expect_str_eq(family.children[0].name, "Миша");
        fam_family_done(&family);
    }
}

Test(erase_backups, rows_from_before_open_with_keys_from_before_alone, .timeout = 120)
{
    store_fixture_start(&f);
    const struct someone gone = make_someone(1), other = make_someone(2);
    dump("public", "rows-before", rows_before);
    dump("keys", "keys-before", keys_before);
    erase(&gone);
    dump("keys", "keys-after", keys_after);
    struct fam_store *today = restore("keys_of_today", keys_after);
    expect_opened(today, &gone, FAM_DATA_LOSS);
    expect_opened(today, &other, FAM_OK);
    fam_store_free(today);
    struct fam_store *then = restore("keys_of_then", keys_before);
    expect_opened(then, &gone, FAM_OK);
    expect_opened(then, &other, FAM_OK);
    fam_store_free(then);
    store_fixture_stop(&f);
}
