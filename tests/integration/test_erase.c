/* Erasing step by step: a crash between any two steps, a ledger that can't be written, and what families want to be
 * kept how long. */
#include "store/erase_store.h"
#include "store/retention_store.h"
#include "support/store_fixture.h"
#include "support/traces.h"

enum { STEPS_MAX = 50, PLACES = 4096 };

static struct store_fixture f;
static int recorded;
static enum fam_code ledger_says;

static void start(void)
{
    store_fixture_start(&f);
    recorded = 0;
    ledger_says = FAM_OK;
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(erase, .init = start, .fini = stop, .timeout = 120);

static enum fam_code record(void *context, const struct fam_uuid *receipt_id, const struct fam_erase_subject *subjects,
                            size_t count, struct fam_status *status)
{
    (void)context;
    (void)receipt_id;
    (void)subjects;
    recorded += (int)count;
    /* Keys are still there. */
    expect_sql(f.pg.conninfo, "SELECT count(*) > 0 FROM keys.user_keys", "t");
    return ledger_says == FAM_OK ? FAM_OK : fam_fail_reason(status, ledger_says, "LEDGER", 0, "no room");
}

/* Another process: nothing that the first one knew is known. */
static void restart(void)
{
    fam_store_free(f.store);
    f.store = store_open(f.pg.conninfo, KEY_V1, 4);
}

static enum fam_code last(struct fam_db *db, void *context, struct fam_status *status)
{
    return fam_erase_last(db, context, status);
}

static void finish(struct fam_erase_subject *subject)
{
    struct fam_status status = {0};
    bool more = true;
    for (int i = 0; more && i < STEPS_MAX; i++) {
        cr_assert_eq(fam_erase_chunk(f.store, subject, &more, &status), FAM_OK, "%s", status.message);
        restart();
    }
    cr_assert_not(more);
    cr_assert_eq(fam_tx_run(fam_store_pool(f.store), last, subject, NULL, &status), FAM_OK, "%s", status.message);
    restart();
    /* Again, as after a crash before the task's end was written. */
    cr_assert_eq(fam_erase_chunk(f.store, subject, &more, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_tx_run(fam_store_pool(f.store), last, subject, NULL, &status), FAM_OK, "%s", status.message);
}

Test(erase, each_step_may_be_the_last_one_of_a_process)
{
    struct fam_uuid user = make_user(f.store, 1), family = make_family(f.store, &user);
    struct fam_uuid child = make_child(f.store, &user, "Миша");
    struct fam_erase erase = {.user_id = &user, .receipt_id = fam_uuid_v7(), .record = record};
    struct fam_outcome outcome;
    struct fam_erased erased;
    struct fam_status status = {0};
    char places[PLACES];
    (void)make_entry(f.store, &user, &child, "Уходи!");
    cr_assert(pg_server_sql(f.pg.conninfo,
                            "INSERT INTO disclosures (disclosure_id, user_id, recipient, model, prompt_version, body) "
                            "SELECT gen_random_uuid(), user_id, 'anthropic', 'm', 'p', 'x' FROM users, "
                            "generate_series(1, 1700)",
                            NULL, 0));
    cr_assert_eq(fam_erase(f.store, NULL, &erase, &outcome, &status), FAM_OK, "%s", status.message);
    cr_expect_eq(recorded, 2);
    cr_assert_eq(erase.count, (size_t)2);
    cr_assert(fam_erased_read(outcome.ids, outcome.ids_size, &erased));
    cr_expect(fam_uuid_equal(&erased.receipt_id, &erase.receipt_id));
    cr_expect(erased.family_erased);
    cr_expect_eq(erased.people, 1);
    cr_expect_eq(erased.entries, 1);
    cr_expect_eq(erased.sent_count, 1700);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM keys.user_keys", "0");
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM keys.entry_keys", "0");
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM keys.family_keys", "0");
    restart();
    finish(&erase.subjects[0]);
    finish(&erase.subjects[1]);
    expect_sql(f.pg.conninfo, "DELETE FROM tasks WHERE type = 'erase_person'; SELECT 1", "1"); /* what a worker does */
    const struct fam_uuid *const ids[] = {&user, &family, &child};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(ids); i++) {
        traces_of(f.pg.conninfo, ids[i], places, sizeof(places));
        cr_expect_str_eq(places, "", "id %zu is left in %s", i, places);
    }
}

Test(erase, what_the_ledger_does_not_take_is_not_erased)
{
    struct fam_uuid user = make_user(f.store, 1);
    struct fam_erase erase = {.user_id = &user, .receipt_id = fam_uuid_v7(), .record = record};
    struct fam_outcome outcome;
    struct fam_status status = {0};
    struct fam_user still;
    (void)make_family(f.store, &user);
    ledger_says = FAM_FAILED_PRECONDITION;
    cr_expect_eq(fam_erase(f.store, NULL, &erase, &outcome, &status), FAM_FAILED_PRECONDITION);
    restart();
    cr_assert_eq(fam_user_get(f.store, &user, &still, &status), FAM_OK, "%s", status.message);
    cr_expect(still.has_family);
    fam_user_done(&still);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM tasks WHERE type = 'erase_person'", "0");
}

Test(erase, somebody_who_is_erased_is_not_there_and_may_come_again)
{
    struct fam_uuid user = make_user(f.store, 1);
    struct fam_erase erase = {.user_id = &user, .receipt_id = fam_uuid_v7(), .record = record};
    struct fam_outcome outcome;
    struct fam_status status = {0};
    struct fam_user gone;
    cr_assert_eq(fam_erase(f.store, NULL, &erase, &outcome, &status), FAM_OK, "%s", status.message);
    cr_expect_eq(fam_user_get(f.store, &user, &gone, &status), FAM_NOT_FOUND);
    cr_expect_eq(add_entry(f.store, NULL, &user, NULL, "Уходи!", &outcome, &status), FAM_NOT_FOUND, "%s",
                 status.message);
    cr_expect_eq(fam_erase(f.store, NULL, &erase, &outcome, &status), FAM_NOT_FOUND);
    struct fam_uuid again = make_user(f.store, 1);
    cr_expect_not(fam_uuid_equal(&again, &user));
    finish(&erase.subjects[0]);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM users", "1");
}

static void age_entries(const char *days)
{
    char sql[256];
    snprintf(sql, sizeof(sql), "UPDATE emotion_entries SET created_at = now() - INTERVAL '%s days'", days);
    cr_assert(pg_server_sql(f.pg.conninfo, sql, NULL, 0));
}

Test(erase, each_family_says_how_long_its_phrases_are_kept)
{
    struct fam_uuid brief = make_user(f.store, 1), usual = make_user(f.store, 2), patient = make_user(f.store, 3);
    struct fam_retention_chunk chunk;
    struct fam_retention_overdue overdue;
    struct fam_status status = {0};
    (void)make_family(f.store, &brief);
    cr_assert(pg_server_sql(f.pg.conninfo, "UPDATE families SET retention_days = 10", NULL, 0));
    (void)make_family(f.store, &usual);
    (void)make_family(f.store, &patient);
    cr_assert(pg_server_sql(f.pg.conninfo,
                            "UPDATE families SET retention_days = 365 WHERE family_id = (SELECT family_id FROM "
                            "families ORDER BY family_id DESC LIMIT 1)",
                            NULL, 0));
    (void)make_entry(f.store, &brief, NULL, "Уходи!");
    (void)make_entry(f.store, &usual, NULL, "Уходи!");
    (void)make_entry(f.store, &patient, NULL, "Уходи!");
    age_entries("13");
    cr_assert_eq(fam_retention_overdue(f.store, 90, &overdue, &status), FAM_OK, "%s", status.message);
    cr_expect_eq(overdue.rows, 1);
    cr_expect_eq(overdue.families_with_own, 2);
    cr_expect_geq(overdue.seconds, 3 * 86400);
    cr_expect_lt(overdue.seconds, 3 * 86400 + 3600);
    cr_assert_eq(fam_retention_sweep(f.store, FAM_RETENTION_ENTRIES, 90, &chunk, &status), FAM_OK, "%s",
                 status.message);
    cr_expect_eq(chunk.found, (size_t)1);
    age_entries("100");
    cr_assert_eq(fam_retention_sweep(f.store, FAM_RETENTION_ENTRIES, 90, &chunk, &status), FAM_OK);
    cr_expect_eq(chunk.found, (size_t)1);
    cr_assert_eq(fam_retention_overdue(f.store, 90, &overdue, &status), FAM_OK);
    cr_expect_eq(overdue.rows, 0);
    cr_expect_eq(overdue.seconds, 0);
    age_entries("366");
    cr_assert_eq(fam_retention_sweep(f.store, FAM_RETENTION_ENTRIES, 90, &chunk, &status), FAM_OK);
    cr_expect_eq(chunk.found, (size_t)1);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM keys.entry_keys", "0");
}
