/* Entries that the built-in engine answered are read by Claude later: what becomes of each such task. */
#include <stdatomic.h>

#include "task_world.h"

#define PROCESSING FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING
#define AI FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI
#define DONE "SELECT count(*) FROM tasks WHERE state = 'done'"
#define READINGS "SELECT coalesce(string_agg(version || engine, ' ' ORDER BY version), '') FROM readings"

static void start(void)
{
    tasks_start();
    consent_to(&w.author, PROCESSING, true);
    consent_to(&w.author, AI, true);
}

static void stop(void)
{
    tasks_stop();
}

TestSuite(rereads, .init = start, .fini = stop, .timeout = 180);

/* Puts a task for the entry into the queue; `again` tells several of one entry apart. */
static void reread(const struct fam_uuid *entry_id, int again)
{
    char key[64], id[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(entry_id, id);
    (void)snprintf(key, sizeof(key), "reread:%s:%d", id, again);
    const struct fam_task_new task = {.type = "process_emotion_batch",
                                      .priority = FAM_PRIORITY_HIGH,
                                      .payload = entry_id->bytes,
                                      .payload_size = sizeof(entry_id->bytes),
                                      .user_id = &w.author,
                                      .unique_key = key};
    task_put(&task);
}

static struct fam_uuid make_plain_entry(const char *phrase)
{
    Fam__V1__Reading reading;
    struct fam_uuid id = fam_uuid_v7();
    struct fam_outcome outcome;
    struct fam_status status = {0};
    fill_reading(&reading);
    const struct fam_entry_new entry = {.user_id = &w.author,
                                        .phrase = phrase,
                                        .age_band = FAM__V1__AGE_BAND__AGE_BAND_7_9,
                                        .language = FAM__V1__LANGUAGE__LANGUAGE_RU,
                                        .reading = &reading,
                                        .entry_id = &id};
    cr_assert_eq(fam_entry_add(w.f.store, NULL, &entry, 0, &outcome, &status), FAM_OK, "%s", status.message);
    return id;
}

static void expect_result(const char *result, double count)
{
    cr_expect_eq(fam_metrics_value(w.metrics, FAM_M_REREADS, FAM_LABELS(result)), count, "%s", result);
}

Test(rereads, the_better_reading_its_notification_and_the_end_of_the_task_are_written_together)
{
    struct fam_uuid id = make_plain_entry("Уходи!");
    char expected[160], text[FAM_UUID_TEXT_SIZE];
    world_make_reader(6000, WORLD_CLAUDE_TIMEOUT_MS, 4);
    tasks_work();
    reread(&id, 1);
    sql_await(DONE, "1");
    expect_sql(w.f.pg.conninfo, READINGS, "1offline 2claude");
    fam_uuid_format(&id, text);
    (void)snprintf(expected, sizeof(expected), "1 better_reading queued %s 2 reading:%s:2 24", text, text);
    expect_sql(w.f.pg.conninfo,
               "SELECT lane || ' ' || kind || ' ' || state || ' ' || entry_id || ' ' || reading_version || ' ' || "
               "unique_key || ' ' || round(extract(epoch FROM expires_at - created_at) / 3600) FROM notifications",
               expected);
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM disclosures", "1");
    cr_expect_eq(world_asked(), 1);
    expect_result("better", 1);
}

Test(rereads, a_batch_of_entries_is_read_at_once)
{
    static const char *const phrases[] = {"Уходи!", "Останься!", "Не хочу суп", "Мне скучно", "Я сам!"};
    world_make_reader(6000, WORLD_CLAUDE_TIMEOUT_MS, 4);
    cr_assert(cl_latency(&w.sim, 500));
    for (size_t i = 0; i < 5; i++) {
        struct fam_uuid id = make_plain_entry(phrases[i]);
        reread(&id, 1);
    }
    tasks_work();
    sql_await(DONE, "5");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM readings WHERE version = 2 AND engine = 'claude'", "5");
    cr_expect_eq(world_asked(), 5);
    cr_expect_geq(cl_stat(&w.sim, "most_in_flight"), 2);
}

static void note_end(void *context)
{
    atomic_store((atomic_bool *)context, true);
}

Test(rereads, what_a_slow_call_brings_is_not_paid_twice)
{
    struct fam_uuid id = make_plain_entry("Уходи!");
    struct fam_status status = {0};
    bool ready = false;
    world_make_reader(200, WORLD_CLAUDE_TIMEOUT_MS, 4);
    cr_assert(cl_fault(&w.sim, "{\"delay_ms\":2000,\"times\":1}"));
    tasks_work();
    /* The author's own call, with little patience. */
    struct fam_user user;
    struct fam_known_name names[FAM_READER_NAMES_MAX];
    const struct fam_family nobody = {.child_count = 0};
    cr_assert_eq(fam_user_get(w.f.store, &w.author, &user, &status), FAM_OK);
    const struct fam_reading_input input = {.phrase = "Уходи!",
                                            .happened_before = "",
                                            .age_band = FAM__V1__AGE_BAND__AGE_BAND_7_9,
                                            .language = FAM__V1__LANGUAGE__LANGUAGE_RU,
                                            .child_name = ""};
    const struct fam_reader_question question = {.input = &input,
                                                 .names = names,
                                                 .name_count = fam_reader_names(&user, &nobody, NULL, names),
                                                 .author = &w.author,
                                                 .entry_id = &id,
                                                 .timeout_ms = WORLD_WAIT_MS,
                                                 .began_ms = fam_mono_ms(),
                                                 .goes_on = true};
    atomic_bool ended = false;
    struct fam_reader_wait *wait = fam_reader_wait_new(w.reader, note_end, &ended, &status);
    cr_assert_eq(fam_reader_start(wait, &question, &ready, &status), FAM_OK, "%s", status.message);
    cr_assert_not(ready);
    reread(&id, 1);
    sql_await(DONE, "1");
    cr_assert(atomic_load(&ended));
    struct fam_reader_result result = {.reading = NULL};
    cr_expect_eq(fam_reader_take(wait, &result, &status), FAM_DEADLINE_EXCEEDED);
    fam_reader_wait_free(wait);
    fam_user_done(&user);
    expect_sql(w.f.pg.conninfo, READINGS, "1offline 2claude");
    cr_expect_eq(world_asked(), 1);
}

Test(rereads, a_danger_that_claude_sees_is_added_to_the_entry)
{
    struct fam_uuid id = make_plain_entry("Не хочу ничего");
    struct fam_entry entry;
    struct fam_status status = {0};
    world_make_reader(6000, WORLD_CLAUDE_TIMEOUT_MS, 4);
    cr_assert(cl_spoil(&w.sim, "safety_risk", 1));
    tasks_work();
    reread(&id, 1);
    sql_await(DONE, "1");
    cr_assert_eq(fam_entry_get(w.f.store, &w.author, &id, &entry, &status), FAM_OK, "%s", status.message);
    cr_expect_geq(entry.safety_count, 1);
    cr_expect_eq(entry.reading->version, 2);
    fam_entry_done(&entry);
}

Test(rereads, an_entry_that_is_gone_or_read_or_of_somebody_who_withdrew_costs_nothing)
{
    struct fam_uuid gone = fam_uuid_v7(), read = make_plain_entry("Уходи!"), late;
    world_make_reader(6000, WORLD_CLAUDE_TIMEOUT_MS, 4);
    tasks_work();
    reread(&read, 1);
    sql_await(DONE, "1");
    reread(&gone, 1);
    reread(&read, 2);
    sql_await(DONE, "3");
    late = make_plain_entry("Останься!");
    consent_to(&w.author, AI, false);
    reread(&late, 1);
    sql_await(DONE, "4");
    cr_expect_eq(world_asked(), 1);
    expect_result("needless", 3);
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM notifications", "1");
}

Test(rereads, a_consent_that_is_withdrawn_while_claude_answers_counts)
{
    struct fam_uuid id = make_plain_entry("Уходи!");
    world_make_reader(6000, WORLD_CLAUDE_TIMEOUT_MS, 4);
    cr_assert(cl_fault(&w.sim, "{\"delay_ms\":1500,\"times\":1}"));
    tasks_work();
    reread(&id, 1);
    cr_assert(cl_wait(&w.sim, "{\"requests\":1}", WORLD_WAIT_MS));
    consent_to(&w.author, PROCESSING, false);
    sql_await(DONE, "1");
    expect_sql(w.f.pg.conninfo, READINGS, "1offline");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM notifications", "0");
    expect_result("needless", 1);
}

Test(rereads, an_entry_that_is_deleted_while_claude_answers_stays_deleted)
{
    struct fam_uuid id = make_plain_entry("Уходи!");
    world_make_reader(6000, WORLD_CLAUDE_TIMEOUT_MS, 4);
    cr_assert(cl_fault(&w.sim, "{\"delay_ms\":1500,\"times\":1}"));
    tasks_work();
    reread(&id, 1);
    cr_assert(cl_wait(&w.sim, "{\"requests\":1}", WORLD_WAIT_MS));
    expect_sql(w.f.pg.conninfo, "DELETE FROM keys.entry_keys; DELETE FROM emotion_entries; SELECT 1", "1");
    sql_await(DONE, "1");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM readings", "0");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM notifications", "0");
}

Test(rereads, two_workers_at_the_same_entry_add_one_reading)
{
    struct fam_uuid id = make_plain_entry("Уходи!");
    world_make_reader(6000, WORLD_CLAUDE_TIMEOUT_MS, 4);
    cr_assert(cl_latency(&w.sim, 700));
    tasks_work();
    tasks_work();
    for (int i = 0; i < 6; i++) {
        reread(&id, i);
    }
    sql_await(DONE, "6");
    expect_sql(w.f.pg.conninfo, READINGS, "1offline 2claude");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM notifications", "1");
    cr_expect_eq(world_asked(), 1);
    expect_result("better", 1);
    expect_result("needless", 5);
}

Test(rereads, while_claude_is_away_a_task_is_put_off_at_no_attempt_and_read_when_it_is_back)
{
    struct fam_uuid id = make_plain_entry("Уходи!");
    world_make_reader(6000, WORLD_CLAUDE_TIMEOUT_MS, 4);
    cr_assert(cl_fault(&w.sim, "{\"status\":429,\"retry_after\":2,\"times\":100}"));
    tasks_work();
    reread(&id, 1);
    sql_await("SELECT coalesce((SELECT waits_for || ' ' || reason || ' ' || attempts FROM tasks "
              "WHERE waits_for = 'snooze'), '')",
              "snooze RATE_LIMITED 0");
    cr_assert(cl_clear_faults(&w.sim));
    sql_await(DONE, "1");
    expect_sql(w.f.pg.conninfo, READINGS, "1offline 2claude");
    expect_sql(w.f.pg.conninfo, "SELECT attempts FROM tasks", "0");
}

Test(rereads, without_budget_a_task_waits_an_hour_at_most)
{
    struct fam_uuid id = make_plain_entry("Уходи!");
    const struct fam_claude_usage spent = {.cost_micro_usd = 100};
    fam_claude_free(w.claude);
    world_make_claude(1);
    fam_claude_add_spent(w.claude, "claude-haiku-5-5", 1, &spent);
    world_make_reader(6000, WORLD_CLAUDE_TIMEOUT_MS, 4);
    tasks_work();
    reread(&id, 1);
    sql_await("SELECT count(*) FROM tasks WHERE waits_for = 'snooze' AND reason = 'BUDGET' AND attempts = 0 "
              "AND not_before <= now() + INTERVAL '1 hour 1 minute'",
              "1");
    cr_expect_eq(world_asked(), 0);
}

Test(rereads, a_refusal_ends_it_and_the_built_in_reading_stays)
{
    struct fam_uuid id = make_plain_entry("Уходи!");
    world_make_reader(6000, WORLD_CLAUDE_TIMEOUT_MS, 4);
    cr_assert(cl_spoil(&w.sim, "refusal", 1));
    tasks_work();
    reread(&id, 1);
    sql_await("SELECT state FROM tasks", "done");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM task_attempts", "0");
    expect_sql(w.f.pg.conninfo, READINGS, "1offline");
    expect_result("failed", 1);
}

Test(rereads, a_worker_that_stops_gives_the_entry_back_at_no_attempt)
{
    struct fam_uuid id = make_plain_entry("Уходи!");
    world_make_reader(6000, WORLD_CLAUDE_TIMEOUT_MS, 4);
    cr_assert(cl_fault(&w.sim, "{\"hang\":true,\"times\":1}"));
    tasks_work();
    reread(&id, 1);
    cr_assert(cl_wait(&w.sim, "{\"requests\":1}", WORLD_WAIT_MS));
    (void)fam_worker_stop(t.workers[0], 100);
    fam_worker_free(t.workers[0]);
    t.worker_count = 0;
    memset(&t.table, 0, sizeof(t.table));
    expect_sql(w.f.pg.conninfo, "SELECT state || ' ' || attempts FROM tasks", "queued 0");
    cr_expect(cl_wait(&w.sim, "{\"idle\":true}", WORLD_WAIT_MS), "the call is not cut");
}

Test(rereads, without_claude_there_is_nothing_to_do_and_a_strange_payload_is_buried)
{
    struct fam_uuid id = make_plain_entry("Уходи!");
    const struct fam_task_new strange = {
        .type = "process_emotion_batch", .priority = FAM_PRIORITY_LOW, .payload = "x", .payload_size = 1};
    tasks_work();
    reread(&id, 1);
    task_put(&strange);
    sql_await(DONE, "1");
    sql_await("SELECT count(*) FROM tasks WHERE state = 'dead'", "1");
    expect_sql(w.f.pg.conninfo, READINGS, "1offline");
}
