/* Every change happens once. */
#include <criterion/criterion.h>

#include "support/store_fixture.h"

enum { AT_ONCE = 8 };

static struct store_fixture f;
static struct fam_uuid user_id;

static void start(void)
{
    store_fixture_start(&f);
    user_id = make_user(f.store, 1);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(idempotency, .init = start, .fini = stop, .timeout = 120);

Test(idempotency, the_same_key_again_changes_nothing_and_gives_the_same_ids)
{
    struct fam_mutation mutation = mutation_of("update-1", "request");
    struct fam_outcome first, second, found;
    struct fam_status status = {0};
    bool is_found = true;
    mutation.user_id = &user_id;
    cr_assert_eq(fam_idempotency_find(f.store, &mutation, &is_found, &found, &status), FAM_OK);
    cr_assert_not(is_found);
    cr_assert_eq(add_entry(f.store, &mutation, &user_id, NULL, "Нет!", &first, &status), FAM_OK, "%s", status.message);
    cr_assert_not(first.replayed);
    cr_assert(strchr(first.lsn, '/'));
    cr_assert_eq(add_entry(f.store, &mutation, &user_id, NULL, "Нет!", &second, &status), FAM_OK);
    cr_assert(second.replayed);
    cr_assert_eq(second.ids_size, 16);
    cr_assert_eq(memcmp(first.ids, second.ids, 16), 0);
    cr_assert_eq(fam_idempotency_find(f.store, &mutation, &is_found, &found, &status), FAM_OK);
    cr_assert(is_found && found.replayed && memcmp(first.ids, found.ids, 16) == 0);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM emotion_entries", "1");
}

Test(idempotency, the_same_key_of_another_scope_or_method_is_another_key)
{
    struct fam_mutation a = mutation_of("k", "r"), b = a, c = a;
    struct fam_outcome outcome;
    struct fam_status status = {0};
    b.scope = "bot:101";
    c.method = "fam.v1.TestService/Other";
    cr_assert_eq(add_entry(f.store, &a, &user_id, NULL, "1", &outcome, &status), FAM_OK);
    cr_assert_eq(add_entry(f.store, &b, &user_id, NULL, "1", &outcome, &status), FAM_OK);
    cr_assert_not(outcome.replayed);
    cr_assert_eq(add_entry(f.store, &c, &user_id, NULL, "1", &outcome, &status), FAM_OK);
    cr_assert_not(outcome.replayed);
}

Test(idempotency, the_same_key_with_another_request_or_user_is_refused)
{
    struct fam_uuid other = make_user(f.store, 2);
    struct fam_mutation mutation = mutation_of("k", "request"), request = mutation_of("k", "another"), user = mutation;
    struct fam_outcome outcome;
    struct fam_status status = {0};
    bool found = false;
    mutation.user_id = &user_id;
    request.user_id = &user_id;
    user.user_id = &other;
    cr_assert_eq(add_entry(f.store, &mutation, &user_id, NULL, "1", &outcome, &status), FAM_OK);
    cr_assert_eq(add_entry(f.store, &request, &user_id, NULL, "1", &outcome, &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.reason, "IDEMPOTENCY_KEY");
    cr_assert_eq(add_entry(f.store, &user, &other, NULL, "1", &outcome, &status), FAM_INVALID_ARGUMENT);
    cr_assert_eq(fam_idempotency_find(f.store, &request, &found, &outcome, &status), FAM_INVALID_ARGUMENT);
    cr_assert_eq(add_entry(f.store, &mutation, &user_id, NULL, "1", &outcome, &status), FAM_OK);
    cr_assert(outcome.replayed);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM emotion_entries", "1");
}

struct racer {
    enum fam_code code;
    struct fam_outcome outcome;
};

static void *race(void *context)
{
    struct racer *racer = context;
    struct fam_mutation mutation = mutation_of("k", "r");
    struct fam_status status = {0};
    mutation.user_id = &user_id;
    racer->code = add_entry(f.store, &mutation, &user_id, NULL, "Нет!", &racer->outcome, &status);
    return NULL;
}

Test(idempotency, equal_requests_at_once_have_one_effect_and_one_answer)
{
    struct racer racers[AT_ONCE];
    int new = 0;
    run_at_once(race, racers, sizeof(racers[0]), AT_ONCE);
    for (int i = 0; i < AT_ONCE; i++) {
        cr_assert_eq(racers[i].code, FAM_OK, "%s", fam_code_name(racers[i].code));
        cr_assert_eq(memcmp(racers[i].outcome.ids, racers[0].outcome.ids, 16), 0);
        new += !racers[i].outcome.replayed;
    }
    cr_assert_eq(new, 1);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM emotion_entries", "1");
}

Test(idempotency, a_failed_effect_leaves_no_key_and_can_be_repeated)
{
    struct fam_uuid missing = fam_uuid_v7();
    struct fam_mutation mutation = mutation_of("k", "r");
    struct fam_outcome outcome;
    struct fam_status status = {0};
    cr_assert_eq(add_entry(f.store, &mutation, &user_id, &missing, "1", &outcome, &status), FAM_NOT_FOUND);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM idempotency_keys", "0");
    cr_assert_eq(add_entry(f.store, &mutation, &user_id, NULL, "1", &outcome, &status), FAM_OK);
    cr_assert_not(outcome.replayed);
}

Test(idempotency, a_server_that_dies_before_commit_leaves_neither_key_nor_effect)
{
    struct fam_mutation mutation = mutation_of("k", "r");
    struct fam_outcome outcome;
    struct fam_status status = {0};
    /* The effect runs into a lock; its session is killed there. */
    expect_sql(f.pg.conninfo,
               "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
               "pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;"
               "CREATE TRIGGER die AFTER INSERT ON readings FOR EACH ROW EXECUTE FUNCTION die()",
               NULL);
    cr_assert_eq(add_entry(f.store, &mutation, &user_id, NULL, "1", &outcome, &status), FAM_UNAVAILABLE, "%s",
                 status.message);
    expect_sql(f.pg.conninfo, "DROP TRIGGER die ON readings", NULL);
    expect_sql(f.pg.conninfo, "SELECT (SELECT count(*) FROM idempotency_keys) + (SELECT count(*) FROM emotion_entries)",
               "0");
    cr_assert_eq(add_entry(f.store, &mutation, &user_id, NULL, "1", &outcome, &status), FAM_OK, "%s", status.message);
    cr_assert_not(outcome.replayed);
    cr_assert_eq(add_entry(f.store, &mutation, &user_id, NULL, "1", &outcome, &status), FAM_OK);
    cr_assert(outcome.replayed);
}

Test(idempotency, neither_the_request_nor_an_answer_is_stored)
{
    struct fam_mutation mutation = mutation_of("k", "Ненавижу тебя!");
    struct fam_outcome outcome;
    struct fam_status status = {0};
    cr_assert_eq(add_entry(f.store, &mutation, &user_id, NULL, "Ненавижу тебя!", &outcome, &status), FAM_OK);
    expect_sql(f.pg.conninfo, "SELECT octet_length(result) || ' ' || octet_length(request_hmac) FROM idempotency_keys",
               "16 32");
}

Test(idempotency, rows_go_after_48_hours_and_with_their_user)
{
    struct fam_mutation a = mutation_of("a", "r"), b = mutation_of("b", "r"), c = mutation_of("c", "r");
    struct fam_outcome outcome;
    struct fam_status status = {0};
    struct fam_uuid other = make_user(f.store, 2);
    size_t deleted = 9;
    b.user_id = &other;
    cr_assert_eq(add_entry(f.store, &a, &user_id, NULL, "1", &outcome, &status), FAM_OK);
    struct fam_user_change change = {.language = FAM__V1__LANGUAGE__LANGUAGE_EN};
    cr_assert_eq(fam_user_update(f.store, &b, &other, &change, &outcome, &status), FAM_OK);
    cr_assert_eq(add_entry(f.store, &c, &user_id, NULL, "1", &outcome, &status), FAM_OK);
    expect_sql(f.pg.conninfo,
               "UPDATE idempotency_keys SET created_at = now() - INTERVAL '49 hours' WHERE key = 'a';"
               "UPDATE idempotency_keys SET created_at = now() - INTERVAL '47 hours' WHERE key = 'c'",
               NULL);
    cr_assert_eq(fam_idempotency_sweep(f.store, 100, &deleted, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(deleted, 1);
    expect_sql(f.pg.conninfo,
               "DELETE FROM users WHERE NOT EXISTS (SELECT 1 FROM emotion_entries e WHERE e.user_id = "
               "users.user_id)",
               NULL);
    expect_sql(f.pg.conninfo, "SELECT string_agg(key, ',') FROM idempotency_keys", "c");
}
