/* The task that is written with an entry, and the better reading that is added later. */
#include <criterion/criterion.h>
#include <pthread.h>

#include "base/clock.h"
#include "store/commit.h"
#include "store/recipient_store.h"
#include "store/task_store.h"
#include "support/store_fixture.h"

enum { PATIENCE_MS = 30000 };

static struct store_fixture f;
static struct fam_uuid author, other;

static void start(void)
{
    store_fixture_start(&f);
    author = make_user(f.store, 1);
    other = make_user(f.store, 2);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(entry_task, .init = start, .fini = stop, .timeout = 120);
TestSuite(better, .init = start, .fini = stop, .timeout = 120);

/* An entry with a task of its own; *ret_task_id is the task's. */
static enum fam_code add_with_task(const struct fam_mutation *mutation, const struct fam_uuid *user_id,
                                   const struct fam_uuid *entry_id, struct fam_uuid *ret_task_id,
                                   struct fam_outcome *outcome, struct fam_status *status)
{
    Fam__V1__Reading reading;
    struct fam_uuid id = entry_id ? *entry_id : fam_uuid_v7();
    char key[64], text[FAM_UUID_TEXT_SIZE];
    fill_reading(&reading);
    fam_uuid_format(&id, text);
    (void)snprintf(key, sizeof(key), "reread:%s", text);
    *ret_task_id = fam_uuid_v7();
    const struct fam_task_new task = {.type = "process_emotion_batch",
                                      .priority = FAM_PRIORITY_HIGH,
                                      .payload = id.bytes,
                                      .payload_size = sizeof(id.bytes),
                                      .user_id = user_id,
                                      .unique_key = key,
                                      .delay_ms = 5000000000};
    const struct fam_entry_new entry = {.user_id = user_id,
                                        .phrase = "Ненавижу тебя!",
                                        .language = FAM__V1__LANGUAGE__LANGUAGE_RU,
                                        .reading = &reading,
                                        .entry_id = &id,
                                        .task = &task,
                                        .task_id = ret_task_id};
    return fam_entry_add(f.store, mutation, &entry, 0, outcome, status);
}

static void expect_tasks(const char *count)
{
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM tasks", count);
    expect_sql(f.pg.conninfo,
               "SELECT count(*) FROM tasks t JOIN emotion_entries e ON t.payload = uuid_send(e.entry_id) "
               "AND t.user_id = e.user_id AND t.unique_key = 'reread:' || e.entry_id",
               count);
}

Test(entry_task, a_task_is_written_with_its_entry_as_it_was_told)
{
    struct fam_uuid task_id;
    struct fam_outcome outcome;
    struct fam_status status = {0};
    char id[FAM_UUID_TEXT_SIZE];
    cr_assert_eq(add_with_task(NULL, &author, NULL, &task_id, &outcome, &status), FAM_OK, "%s", status.message);
    expect_tasks("1");
    fam_uuid_format(&task_id, id);
    expect_sql(f.pg.conninfo, "SELECT task_id FROM tasks", id);
    expect_sql(f.pg.conninfo,
               "SELECT type || ' ' || priority || ' ' || state || ' ' || max_attempts || ' ' || waits_for || ' ' || "
               "(extract(epoch FROM not_before - created_at) * 1000)::bigint FROM tasks",
               "process_emotion_batch 3 queued 3 due 5000000000");
}

Test(entry_task, an_entry_without_a_task_writes_none)
{
    (void)make_entry(f.store, &author, NULL, "Уходи!");
    expect_tasks("0");
}

Test(entry_task, a_repeated_call_adds_no_second_task)
{
    struct fam_uuid task_id;
    struct fam_outcome outcome;
    struct fam_status status = {0};
    struct fam_mutation mutation = mutation_of("k", "r");
    mutation.user_id = &author;
    cr_assert_eq(add_with_task(&mutation, &author, NULL, &task_id, &outcome, &status), FAM_OK, "%s", status.message);
    cr_expect_not(outcome.replayed);
    cr_assert_eq(add_with_task(&mutation, &author, NULL, &task_id, &outcome, &status), FAM_OK, "%s", status.message);
    cr_expect(outcome.replayed);
    expect_tasks("1");
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM emotion_entries", "1");
}

Test(entry_task, an_entry_that_is_refused_leaves_no_task)
{
    struct fam_uuid task_id, taken = make_entry(f.store, &author, NULL, "Уходи!");
    struct fam_outcome outcome;
    struct fam_status status = {0};
    cr_assert_eq(add_with_task(NULL, &author, &taken, &task_id, &outcome, &status), FAM_ALREADY_EXISTS);
    expect_tasks("0");
}

Test(entry_task, a_task_that_is_refused_leaves_no_entry)
{
    struct fam_uuid task_id;
    struct fam_outcome outcome;
    struct fam_status status = {0};
    expect_sql(f.pg.conninfo, "ALTER TABLE tasks ADD CONSTRAINT never CHECK (priority <> 3); SELECT 1", "1");
    cr_assert_neq(add_with_task(NULL, &author, NULL, &task_id, &outcome, &status), FAM_OK);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM emotion_entries", "0");
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM keys.entry_keys", "0");
}

struct addition {
    enum fam_code code;
    struct fam_status status;
};

static void *add_one(void *context)
{
    struct addition *addition = context;
    struct fam_uuid task_id;
    struct fam_outcome outcome;
    addition->code = add_with_task(NULL, &author, NULL, &task_id, &outcome, &addition->status);
    return NULL;
}

static void *hold_author(void *context)
{
    char id[FAM_UUID_TEXT_SIZE], sql[300];
    (void)context;
    fam_uuid_format(&author, id);
    (void)snprintf(sql, sizeof(sql),
                   "BEGIN; SELECT 1 FROM users WHERE user_id = '%s' FOR UPDATE; SELECT pg_sleep(1); COMMIT", id);
    cr_assert(pg_server_sql(f.pg.conninfo, sql, NULL, 0));
    return NULL;
}

Test(entry_task, the_slow_way_writes_tasks_too)
{
    struct addition additions[8];
    pthread_t holder;
    char value[16] = "0";
    cr_assert_eq(pthread_create(&holder, NULL, hold_author, NULL), 0);
    while (strcmp(value, "0") == 0) {
        cr_assert(pg_server_sql(f.pg.conninfo, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
                                value, sizeof(value)));
    }
    run_at_once(add_one, additions, sizeof(additions[0]), 8);
    pthread_join(holder, NULL);
    for (size_t i = 0; i < 8; i++)
        cr_expect_eq(additions[i].code, FAM_OK, "%s", additions[i].status.message);
    expect_tasks("8");
}

/* ---- better readings ---- */

struct step {
    const struct fam_uuid *user_id, *entry_id;
    int32_t after_version;
    size_t risk_count;
    Fam__V1__SafetyKind risk[4];
    int32_t version;
    bool new_danger;
};

static enum fam_code add_reading(struct fam_db *db, void *context, struct fam_status *status)
{
    struct step *step = context;
    Fam__V1__Reading reading;
    fill_reading(&reading);
    reading.engine = FAM__V1__ENGINE__ENGINE_CLAUDE;
    reading.going_on = (char *)(uintptr_t) "Ему страшно.";
    const struct fam_entry_better better = {.user_id = step->user_id,
                                            .entry_id = step->entry_id,
                                            .after_version = step->after_version,
                                            .reading = &reading,
                                            .risk_count = step->risk_count,
                                            .risk = step->risk};
    return fam_entry_add_reading(f.store, db, &better, &step->version, &step->new_danger, status);
}

static enum fam_code run_step(struct step *step, struct fam_status *status)
{
    return fam_tx_run(fam_store_pool(f.store), add_reading, step, NULL, status);
}

Test(better, it_is_the_next_version_and_the_one_that_is_shown)
{
    struct fam_uuid id = make_entry(f.store, &author, NULL, "Уходи!");
    struct step step = {.user_id = &author, .entry_id = &id, .after_version = 1};
    struct fam_entry entry;
    struct fam_status status = {0};
    cr_assert_eq(run_step(&step, &status), FAM_OK, "%s", status.message);
    cr_expect_eq(step.version, 2);
    cr_expect_not(step.new_danger);
    cr_assert_eq(fam_entry_get(f.store, &author, &id, &entry, &status), FAM_OK, "%s", status.message);
    cr_expect_eq(entry.reading->version, 2);
    cr_expect_eq(entry.reading->engine, FAM__V1__ENGINE__ENGINE_CLAUDE);
    cr_expect_str_eq(entry.reading->going_on, "Ему страшно.");
    cr_expect_eq(entry.safety_count, 2, "what the detector found stays");
    fam_entry_done(&entry);
    expect_sql(f.pg.conninfo, "SELECT string_agg(version || engine, ' ' ORDER BY version) FROM readings",
               "1offline 2claude");
}

Test(better, a_danger_is_added_and_none_is_taken_away)
{
    struct fam_uuid id = make_entry(f.store, &author, NULL, "Уходи!");
    struct step step = {
        .user_id = &author,
        .entry_id = &id,
        .after_version = 1,
        .risk_count = 2,
        .risk = {FAM__V1__SAFETY_KIND__SAFETY_KIND_SELF_HARM, FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE}};
    struct fam_entry entry;
    struct fam_status status = {0};
    cr_assert_eq(run_step(&step, &status), FAM_OK, "%s", status.message);
    cr_expect(step.new_danger);
    cr_assert_eq(fam_entry_get(f.store, &author, &id, &entry, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(entry.safety_count, 3);
    cr_expect_eq(entry.safety[0], FAM__V1__SAFETY_KIND__SAFETY_KIND_BULLYING);
    cr_expect_eq(entry.safety[1], FAM__V1__SAFETY_KIND__SAFETY_KIND_SELF_HARM);
    cr_expect_eq(entry.safety[2], FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE);
    fam_entry_done(&entry);
}

Test(better, what_was_read_before_another_reading_came_is_refused)
{
    struct fam_uuid id = make_entry(f.store, &author, NULL, "Уходи!");
    struct step step = {.user_id = &author, .entry_id = &id, .after_version = 1};
    struct fam_status status = {0};
    cr_assert_eq(run_step(&step, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(run_step(&step, &status), FAM_ABORTED);
    cr_expect_str_eq(status.reason, "READING_VERSION");
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM readings", "2");
}

struct racer {
    struct step step;
    enum fam_code code;
    struct fam_status status;
};

static void *race(void *context)
{
    struct racer *racer = context;
    racer->code = run_step(&racer->step, &racer->status);
    return NULL;
}

Test(better, of_many_at_once_one_is_added)
{
    struct racer racers[16];
    struct fam_uuid id = make_entry(f.store, &author, NULL, "Уходи!");
    size_t won = 0;
    for (size_t i = 0; i < 16; i++)
        racers[i] = (struct racer){.step = {.user_id = &author, .entry_id = &id, .after_version = 1}};
    run_at_once(race, racers, sizeof(racers[0]), 16);
    for (size_t i = 0; i < 16; i++) {
        won += racers[i].code == FAM_OK;
        if (racers[i].code != FAM_OK)
            cr_expect_str_eq(racers[i].status.reason, "READING_VERSION", "%s", racers[i].status.message);
    }
    cr_expect_eq(won, 1);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM readings", "2");
}

Test(better, another_authors_entry_and_a_missing_one_are_not_found)
{
    struct fam_uuid id = make_entry(f.store, &author, NULL, "Уходи!"), nobody = fam_uuid_v7();
    struct step foreign = {.user_id = &other, .entry_id = &id, .after_version = 1};
    struct step missing = {.user_id = &author, .entry_id = &nobody, .after_version = 1};
    struct fam_status status = {0};
    cr_expect_eq(run_step(&foreign, &status), FAM_NOT_FOUND);
    cr_expect_eq(run_step(&missing, &status), FAM_NOT_FOUND);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM readings", "1");
}

/* ---- consents in a transaction ---- */

static void consent(const struct fam_uuid *user_id, Fam__V1__ConsentPurpose purpose, bool granted)
{
    struct fam_outcome outcome;
    struct fam_status status = {0};
    cr_assert_eq(fam_consent_set(f.store, NULL, user_id, purpose, granted, "v1", &outcome, &status), FAM_OK);
}

static enum fam_code ask_consents(struct fam_db *db, void *context, struct fam_status *status)
{
    const Fam__V1__ConsentPurpose purposes[] = {FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING,
                                                FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI};
    return fam_consents_hold(db, &author, purposes, 2, context, status);
}

static bool holds(void)
{
    bool granted = false;
    struct fam_status status = {0};
    cr_assert_eq(fam_tx_run(fam_store_pool(f.store), ask_consents, &granted, NULL, &status), FAM_OK, "%s",
                 status.message);
    return granted;
}

Test(better, all_consents_that_are_asked_for_must_hold_and_the_latest_counts)
{
    cr_expect_not(holds());
    consent(&author, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, true);
    cr_expect_not(holds());
    consent(&author, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, true);
    cr_expect(holds());
    consent(&author, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, false);
    cr_expect_not(holds());
}
