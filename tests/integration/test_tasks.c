/* The handlers of the schedule's tasks: retention, numbers, check-ins, reports. */
#include "store/business_store.h"
#include "store/report_store.h"
#include "store/retention_store.h"
#include "store/schedule_store.h"
#include "task_world.h"

#define PROCESSING FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING
#define NOTIFICATIONS FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS
#define DONE "SELECT count(*) FROM tasks WHERE state = 'done' AND type = "

static void start(void)
{
    tasks_start();
}

static void stop(void)
{
    tasks_stop();
}

TestSuite(tasks, .init = start, .fini = stop, .timeout = 180);

static void run(const char *type, const char *count)
{
    char sql[160];
    const struct fam_task_new task = {.type = type, .priority = FAM_PRIORITY_NORMAL};
    task_put(&task);
    (void)snprintf(sql, sizeof(sql), DONE "'%s'", type);
    sql_await(sql, count);
}

static void sql(const char *text)
{
    char all[1200];
    (void)snprintf(all, sizeof(all), "%s; SELECT 1", text);
    expect_sql(w.f.pg.conninfo, all, "1");
}

static void shift(const char *id_sql, const char *table, const char *column, int days)
{
    char text[400];
    (void)snprintf(text, sizeof(text), "UPDATE %s SET %s = %s - INTERVAL '%d days' WHERE %s", table, column, column,
                   days, id_sql);
    sql(text);
}

static double deleted(const char *table)
{
    return fam_metrics_value(w.metrics, FAM_M_RETENTION_DELETED, FAM_LABELS(table));
}

/* ---- retention ---- */

Test(tasks, old_entries_go_with_everything_that_hangs_on_them_and_young_ones_stay)
{
    struct fam_uuid old = make_entry(w.f.store, &w.author, NULL, "Уходи!");
    struct fam_uuid young = make_entry(w.f.store, &w.author, NULL, "Останься!");
    const struct fam_uuid *both[] = {&old, &young};
    const struct fam_rating rating = {.helped = FAM__V1__HELPED__HELPED_YES, .comment = ""};
    const struct fam_delivery delivery = {.chat_id = 1, .message_id = 2, .reading_version = 1};
    struct fam_outcome outcome;
    struct fam_status status = {0};
    char where[80], id[FAM_UUID_TEXT_SIZE];
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(fam_entry_rate(w.f.store, NULL, &w.author, both[i], &rating, &outcome, &status), FAM_OK);
        cr_assert_eq(fam_entry_deliver(w.f.store, NULL, &w.author, both[i], &delivery, &outcome, &status), FAM_OK);
    }
    sql("INSERT INTO notifications (notification_id, user_id, lane, kind, entry_id, reading_version, expires_at) "
        "SELECT gen_random_uuid(), user_id, 1, 'better_reading', entry_id, 1, now() + INTERVAL '1 day' "
        "FROM emotion_entries");
    fam_uuid_format(&old, id);
    (void)snprintf(where, sizeof(where), "entry_id = '%s'", id);
    shift(where, "emotion_entries", "created_at", 91);
    fam_uuid_format(&young, id);
    (void)snprintf(where, sizeof(where), "entry_id = '%s'", id);
    shift(where, "emotion_entries", "created_at", 89);
    tasks_work();
    run("retention_sweep", "1");
    expect_sql(
        w.f.pg.conninfo,
        "SELECT (SELECT count(*) FROM emotion_entries) || ' ' || (SELECT count(*) FROM keys.entry_keys) || ' ' || "
        "(SELECT count(*) FROM readings) || ' ' || (SELECT count(*) FROM ratings) || ' ' || "
        "(SELECT count(*) FROM deliveries) || ' ' || (SELECT count(*) FROM notifications)",
        "1 1 1 1 1 1");
    expect_sql(w.f.pg.conninfo, "SELECT entry_id FROM emotion_entries", id);
    static const char *const tables[] = {"emotion_entries", "keys",       "readings",
                                         "ratings",         "deliveries", "notifications"};
    for (size_t i = 0; i < 6; i++) {
        cr_expect_eq(deleted(tables[i]), 1, "%s", tables[i]);
    }
    struct fam_business_value values[FAM_BUSINESS_COUNT];
    cr_assert_eq(fam_business_read(w.f.store, values, &status), FAM_OK, "%s", status.message);
    double age = (double)fam_wall_ms() / 1000 - values[FAM_BUSINESS_OLDEST_PERSONAL_ROW].value;
    cr_expect(age > 88.9 * 86400 && age < 89.1 * 86400, "%f", age);
}

Test(tasks, more_than_a_chunk_is_deleted_in_one_sweep)
{
    sql("INSERT INTO emotion_entries (entry_id, user_id, phrase, context, safety, language, created_at) "
        "SELECT gen_random_uuid(), user_id, '', '', '', 'ru', now() - INTERVAL '100 days' "
        "FROM users, generate_series(1, 1203)");
    tasks_work();
    run("retention_sweep", "1");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM emotion_entries", "0");
    cr_expect_eq(deleted("emotion_entries"), 1203);
    expect_sql(w.f.pg.conninfo, "SELECT value FROM business_metrics WHERE name = 'oldest_personal_row'", "0");
}

Test(tasks, an_entry_that_somebody_works_on_is_left_for_the_next_time)
{
    struct fam_uuid id = make_entry(w.f.store, &w.author, NULL, "Уходи!");
    struct fam_retention_chunk chunk;
    struct fam_status status = {0};
    struct fam_db *db = NULL;
    (void)id;
    shift("true", "emotion_entries", "created_at", 100);
    cr_assert_eq(fam_pool_get(fam_store_pool(w.f.store), &db, &status), FAM_OK);
    cr_assert_eq(fam_db_script(db, "BEGIN; SELECT 1 FROM emotion_entries FOR KEY SHARE", 0, &status), FAM_OK);
    cr_assert_eq(fam_retention_sweep(w.f.store, FAM_RETENTION_ENTRIES, 90, &chunk, &status), FAM_OK, "%s",
                 status.message);
    cr_expect_eq(chunk.found, 0);
    cr_assert_eq(fam_db_script(db, "COMMIT", 0, &status), FAM_OK);
    fam_pool_put(fam_store_pool(w.f.store), db);
    cr_assert_eq(fam_retention_sweep(w.f.store, FAM_RETENTION_ENTRIES, 90, &chunk, &status), FAM_OK);
    cr_expect_eq(chunk.found, 1);
}

Test(tasks, strangers_are_forgotten_and_whoever_left_something_or_consented_is_not)
{
    struct fam_uuid consented = make_user(w.f.store, 2), parent = make_user(w.f.store, 3);
    struct fam_uuid teller = make_user(w.f.store, 4), recent = make_user(w.f.store, 5);
    struct fam_uuid withdrawn = make_user(w.f.store, 6);
    char text[200], id[FAM_UUID_TEXT_SIZE];
    consent_to(&consented, PROCESSING, true);
    (void)make_family(w.f.store, &parent);
    (void)make_entry(w.f.store, &teller, NULL, "Уходи!");
    consent_to(&withdrawn, PROCESSING, true);
    consent_to(&withdrawn, PROCESSING, false);
    shift("true", "users", "created_at", 40);
    shift("true", "users", "last_seen_at", 31);
    fam_uuid_format(&recent, id);
    (void)snprintf(text, sizeof(text), "UPDATE users SET last_seen_at = now() WHERE user_id = '%s'", id);
    sql(text);
    tasks_work();
    run("retention_sweep", "1");
    expect_sql(w.f.pg.conninfo, "SELECT (SELECT count(*) FROM users) || ' ' || (SELECT count(*) FROM keys.user_keys)",
               "4 4");
    cr_expect_eq(deleted("users"), 2, "w.author, who said nothing, and the one who withdrew");
    struct fam_user user;
    struct fam_status status = {0};
    cr_expect_eq(fam_user_get(w.f.store, &w.author, &user, &status), FAM_NOT_FOUND);
    cr_expect_eq(fam_user_get(w.f.store, &withdrawn, &user, &status), FAM_NOT_FOUND);
}

Test(tasks, what_is_finished_is_trimmed_and_dead_letters_never_are)
{
    sql("INSERT INTO tasks (task_id, type, priority, state, finished_at) SELECT gen_random_uuid(), 'x', 2, state, "
        "now() - days * INTERVAL '1 day' FROM unnest(ARRAY['done', 'dead']) state, unnest(ARRAY[6, 8, 400]) days");
    sql("INSERT INTO task_attempts (task_id, ended_at, worker, outcome) SELECT task_id, now() - INTERVAL '31 days', "
        "'w', 'failed' FROM tasks");
    sql("INSERT INTO notifications (notification_id, user_id, lane, kind, state, expires_at, finished_at) "
        "SELECT gen_random_uuid(), user_id, 2, 'checkin', 'delivered', now(), now() - days * INTERVAL '1 day' "
        "FROM users, unnest(ARRAY[6, 8]) days");
    sql("INSERT INTO disclosures (disclosure_id, user_id, recipient, model, prompt_version, body, created_at) "
        "SELECT gen_random_uuid(), user_id, 'anthropic', 'm', 'p', '', now() - days * INTERVAL '1 day' "
        "FROM users, unnest(ARRAY[89, 91]) days");
    sql("INSERT INTO schedules (schedule_id, job, every_ms, next_at) VALUES (gen_random_uuid(), 'x', 1000, now()); "
        "INSERT INTO job_runs (schedule_id, due_at, handled_at, outcome) SELECT schedule_id, "
        "now() - days * INTERVAL '1 day', now() - days * INTERVAL '1 day', 'queued' "
        "FROM schedules, unnest(ARRAY[29, 31]) days");
    tasks_work();
    run("retention_sweep", "1");
    expect_sql(w.f.pg.conninfo,
               "SELECT string_agg(state || ' ' || n, ' ' ORDER BY state) FROM (SELECT state, count(*) n FROM tasks "
               "WHERE type = 'x' GROUP BY state) s",
               "dead 3 done 1");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM task_attempts", "3");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM notifications", "1");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM disclosures", "1");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM job_runs WHERE handled_at < now() - INTERVAL '28 days'", "1");
}

/* ---- numbers ---- */

Test(tasks, numbers_of_the_whole_database_are_written_once_for_all_servers)
{
    struct fam_business_value values[FAM_BUSINESS_COUNT];
    struct fam_status status = {0};
    uint64_t every_ms = 0;
    (void)make_family(w.f.store, &w.author);
    cr_assert_eq(fam_business_read(w.f.store, values, &status), FAM_OK);
    cr_expect_not(values[FAM_BUSINESS_ACTIVE_FAMILIES].has_value);
    tasks_work();
    run("refresh_metrics", "1");
    cr_assert_eq(fam_business_read(w.f.store, values, &status), FAM_OK, "%s", status.message);
    cr_expect(values[FAM_BUSINESS_ACTIVE_FAMILIES].has_value);
    cr_expect_eq(values[FAM_BUSINESS_ACTIVE_FAMILIES].value, 1);
    cr_expect(values[FAM_BUSINESS_RETENTION_DAY_30].has_value);
    cr_expect(values[FAM_BUSINESS_REPORTS_KEPT].has_value && values[FAM_BUSINESS_REPORTS_KEPT].value == 0);
    cr_expect_gt(values[FAM_BUSINESS_REPORTS_BYTES].value, 0);
    cr_expect(values[FAM_BUSINESS_REPORT_DUE_FIRST].has_value && values[FAM_BUSINESS_REPORT_DUE_FIRST].value == 0);
    cr_expect_not(values[FAM_BUSINESS_REPORT_LAST].has_value, "no task of reports has ended yet");
    cr_expect_leq(llabs(values[FAM_BUSINESS_ACTIVE_FAMILIES].computed_at_ms - fam_wall_ms()), 60000);
    cr_assert_eq(fam_schedule_ensure(w.f.store, &status), FAM_OK);
    cr_assert_eq(fam_business_every(w.f.store, "refresh_metrics", &every_ms, &status), FAM_OK);
    cr_expect_eq(every_ms, 300000);
    cr_assert_eq(fam_business_every(w.f.store, "retention_sweep", &every_ms, &status), FAM_OK);
    cr_expect_eq(every_ms, 86400000);
    cr_assert_eq(fam_business_every(w.f.store, "nothing", &every_ms, &status), FAM_OK);
    cr_expect_eq(every_ms, 0);
}

/* ---- due times ---- */

/* A schedule of that name; its id. */
static struct fam_uuid make_schedule(const char *job, const char *name)
{
    struct fam_uuid id = fam_uuid_v7();
    char text[300], id_text[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&id, id_text);
    (void)snprintf(text, sizeof(text),
                   "INSERT INTO schedules (schedule_id, job, name, every_ms, next_at) VALUES ('%s', '%s', '%s', 1000, "
                   "now())",
                   id_text, job, name);
    sql(text);
    return id;
}

static void put_due(const char *type, const struct fam_uuid *schedule_id, int64_t due_ms, const struct fam_uuid *whom)
{
    unsigned char payload[FAM_SCHEDULE_PAYLOAD_SIZE];
    memcpy(payload, schedule_id->bytes, 16);
    for (int i = 0; i < 8; i++) {
        payload[16 + i] = (unsigned char)((uint64_t)due_ms >> (56 - 8 * i));
    }
    memcpy(payload + 24, whom->bytes, 16);
    const struct fam_task_new task = {
        .type = type, .priority = FAM_PRIORITY_NORMAL, .payload = payload, .payload_size = sizeof(payload)};
    task_put(&task);
}

static void consent_to_all(const struct fam_uuid *user_id)
{
    consent_to(user_id, PROCESSING, true);
    consent_to(user_id, NOTIFICATIONS, true);
}

/* The hour of the test is nobody's night. */
static void have_no_quiet_hours(void)
{
    sql("INSERT INTO checkin_settings (user_id, quiet_from, quiet_until) SELECT user_id, NULL, NULL FROM users");
}

/* Two more parents in the author's family. */
static struct fam_uuid make_parents(struct fam_uuid ret_parents[2])
{
    struct fam_uuid family = make_family(w.f.store, &w.author);
    for (int i = 0; i < 2; i++) {
        char text[300], user[FAM_UUID_TEXT_SIZE], id[FAM_UUID_TEXT_SIZE];
        ret_parents[i] = make_user(w.f.store, 10 + i);
        fam_uuid_format(&ret_parents[i], user);
        fam_uuid_format(&family, id);
        (void)snprintf(
            text, sizeof(text),
            "INSERT INTO parents (parent_id, family_id, user_id, role) VALUES (gen_random_uuid(), '%s', '%s', "
            "'parent')",
            id, user);
        sql(text);
    }
    return family;
}

Test(tasks, a_check_in_reaches_each_parent_who_wants_it_once)
{
    struct fam_uuid parents[2], family = make_parents(parents), schedule = make_schedule("send_checkin", "morning");
    int64_t due_ms = fam_wall_ms() - 60000;
    consent_to_all(&w.author);
    consent_to_all(&parents[0]);
    consent_to(&parents[1], PROCESSING, true); /* no notifications for this one */
    have_no_quiet_hours();
    tasks_work();
    put_due("send_checkin", &schedule, due_ms, &family);
    sql_await(DONE "'send_checkin'", "1");
    put_due("send_checkin", &schedule, due_ms, &family);
    sql_await(DONE "'send_checkin'", "2");
    expect_sql(
        w.f.pg.conninfo,
        "SELECT count(*) || ' ' || min(lane) || ' ' || min(kind) || ' ' || "
        "count(*) FILTER (WHERE expires_at BETWEEN now() + INTERVAL '110 minutes' AND now() + INTERVAL '2 hours') "
        "FROM notifications",
        "2 2 checkin 2");
    put_due("send_checkin", &schedule, due_ms + 1, &parents[0]);
    sql_await(DONE "'send_checkin'", "3");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM notifications", "3");
}

Test(tasks, a_check_in_that_is_too_late_or_of_no_schedule_or_to_nobody_is_not_sent)
{
    struct fam_uuid schedule = make_schedule("send_checkin", "evening"), none = fam_uuid_v7();
    consent_to_all(&w.author);
    have_no_quiet_hours();
    tasks_work();
    put_due("send_checkin", &schedule, fam_wall_ms() - 2 * 3600 * 1000 - 1, &w.author);
    put_due("send_checkin", &none, fam_wall_ms(), &w.author);
    put_due("send_checkin", &schedule, fam_wall_ms(), &none);
    sql_await(DONE "'send_checkin'", "3");
    sql("UPDATE users SET reachable = false");
    put_due("send_checkin", &schedule, fam_wall_ms(), &w.author);
    sql_await(DONE "'send_checkin'", "4");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM notifications", "0");
    const struct fam_task_new strange = {
        .type = "send_checkin", .priority = FAM_PRIORITY_LOW, .payload = "x", .payload_size = 1};
    task_put(&strange);
    sql_await("SELECT count(*) FROM tasks WHERE state = 'dead'", "1");
}

static void add_week_entry(const struct fam_uuid *user_id, Fam__V1__Emotion emotion, Fam__V1__Helped helped, int days)
{
    Fam__V1__Reading reading;
    Fam__V1__EmotionScore primary = FAM__V1__EMOTION_SCORE__INIT;
    struct fam_uuid id = fam_uuid_v7();
    struct fam_outcome outcome;
    struct fam_status status = {0};
    char where[80], text[FAM_UUID_TEXT_SIZE];
    fill_reading(&reading);
    primary.emotion = emotion;
    primary.intensity = 3;
    reading.primary = &primary;
    const struct fam_entry_new entry = {.user_id = user_id,
                                        .phrase = "Уходи!",
                                        .language = FAM__V1__LANGUAGE__LANGUAGE_RU,
                                        .reading = &reading,
                                        .entry_id = &id};
    cr_assert_eq(fam_entry_add(w.f.store, NULL, &entry, 0, &outcome, &status), FAM_OK, "%s", status.message);
    if (helped != FAM__V1__HELPED__HELPED_UNSPECIFIED) {
        const struct fam_rating rating = {.helped = helped, .comment = ""};
        cr_assert_eq(fam_entry_rate(w.f.store, NULL, user_id, &id, &rating, &outcome, &status), FAM_OK);
    }
    fam_uuid_format(&id, text);
    (void)snprintf(where, sizeof(where), "entry_id = '%s'", text);
    shift(where, "emotion_entries", "created_at", days);
}

/* The only notification of the user, opened. */
static Fam__V1__WeekSummary *open_week(const struct fam_uuid *user_id)
{
    struct fam_key key;
    struct fam_status status = {0};
    char id[FAM_UUID_TEXT_SIZE], text[200], value[1024];
    unsigned char sealed[512];
    size_t size = 0;
    struct fam_uuid notification_id;
    struct fam_secret plain = {0};
    fam_uuid_format(user_id, id);
    (void)snprintf(text, sizeof(text),
                   "SELECT notification_id || encode(body, 'hex') FROM notifications WHERE user_id = '%s'", id);
    cr_assert(pg_server_sql(w.f.pg.conninfo, text, value, sizeof(value)));
    char *hex = value + FAM_UUID_TEXT_SIZE - 1;
    for (; hex[2 * size] != '\0'; size++) {
        unsigned byte = 0;
        cr_assert_eq(sscanf(hex + 2 * size, "%2x", &byte), 1);
        sealed[size] = (unsigned char)byte;
    }
    *hex = '\0';
    (void)snprintf(id, sizeof(id), "%.36s", value);
    cr_assert(fam_uuid_parse(id, &notification_id));
    cr_assert_eq(fam_store_user_key(w.f.store, user_id, &key, &status), FAM_OK);
    struct fam_place place = {.table = "notifications", .column = "body", .row = notification_id, .owner = *user_id};
    cr_assert_eq(fam_seal_open(&key, &place, sealed, size, &plain, &status), FAM_OK, "%s", status.message);
    Fam__V1__WeekSummary *week = fam__v1__week_summary__unpack(NULL, plain.size, plain.data);
    cr_assert_not_null(week);
    fam_secret_done(&plain);
    fam_key_done(&key);
    return week;
}

static Fam__V1__Report *open_report(const struct fam_uuid *user_id, const Fam__V1__WeekSummary *week)
{
    struct fam_status status = {0};
    struct fam_uuid report_id;
    Fam__V1__Report *report = NULL;
    cr_assert(fam_uuid_parse(week->report_id, &report_id));
    cr_assert_eq(fam_report_get(w.f.store, user_id, &report_id, &report, &status), FAM_OK, "%s", status.message);
    return report;
}

static double reports_made(void)
{
    return fam_metrics_value(w.metrics, FAM_M_REPORTS, FAM_LABELS("week", "weekly"));
}

Test(tasks, a_report_tells_each_parent_of_their_own_week_alone)
{
    struct fam_uuid parents[2], family = make_parents(parents);
    struct fam_uuid schedule = make_schedule("generate_weekly_report", "");
    int64_t due_ms = fam_wall_ms();
    for (int i = 0; i < 2; i++) {
        consent_to_all(&parents[i]);
    }
    consent_to_all(&w.author);
    have_no_quiet_hours();
    add_week_entry(&w.author, FAM__V1__EMOTION__EMOTION_FEAR, FAM__V1__HELPED__HELPED_YES, 1);
    add_week_entry(&w.author, FAM__V1__EMOTION__EMOTION_ANGER, FAM__V1__HELPED__HELPED_NO, 2);
    add_week_entry(&w.author, FAM__V1__EMOTION__EMOTION_FEAR, FAM__V1__HELPED__HELPED_A_LITTLE, 6);
    add_week_entry(&w.author, FAM__V1__EMOTION__EMOTION_JOY, FAM__V1__HELPED__HELPED_UNSPECIFIED, 3);
    add_week_entry(&w.author, FAM__V1__EMOTION__EMOTION_SADNESS, FAM__V1__HELPED__HELPED_UNSPECIFIED, 8);
    add_week_entry(&w.author, FAM__V1__EMOTION__EMOTION_SADNESS, FAM__V1__HELPED__HELPED_UNSPECIFIED, 0);
    add_week_entry(&parents[0], FAM__V1__EMOTION__EMOTION_JOY, FAM__V1__HELPED__HELPED_UNSPECIFIED, 1);
    tasks_work();
    put_due("generate_weekly_report", &schedule, due_ms, &family);
    sql_await(DONE "'generate_weekly_report'", "1");
    put_due("generate_weekly_report", &schedule, due_ms, &family);
    sql_await(DONE "'generate_weekly_report'", "2");
    expect_sql(w.f.pg.conninfo,
               "SELECT count(*) || ' ' || min(lane) || ' ' || min(kind) || ' ' || "
               "count(*) FILTER (WHERE not_before <= now()) FROM notifications",
               "3 3 weekly_report 3");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) || ' ' || min(period) FROM reports", "3 week");
    cr_expect_eq(reports_made(), 6, "the second run makes them anew, into the same rows");
    Fam__V1__WeekSummary *week = open_week(&w.author);
    Fam__V1__Report *report = open_report(&w.author, week);
    cr_expect_eq(week->entries, 4, "whole days: neither today nor the eighth day before");
    cr_expect_eq(report->entries, 4);
    cr_expect_leq(report->until_ms, due_ms);
    cr_expect_gt(report->until_ms, due_ms - (int64_t)86400 * 1000);
    cr_expect_eq(report->n_days, 7);
    cr_assert_eq(week->n_emotions, 1, "of the others there was one each");
    cr_expect_eq(week->emotions[0]->emotion, FAM__V1__EMOTION__EMOTION_FEAR);
    cr_expect_eq(week->emotions[0]->count, 2);
    fam__v1__report__free_unpacked(report, NULL);
    fam__v1__week_summary__free_unpacked(week, NULL);
    week = open_week(&parents[0]);
    cr_expect_eq(week->entries, 1);
    fam__v1__week_summary__free_unpacked(week, NULL);
    week = open_week(&parents[1]);
    report = open_report(&parents[1], week);
    cr_expect(report->is_empty);
    cr_expect_neq(report->kind_words[0], '\0', "nothing was told, and a kind word comes all the same");
    fam__v1__report__free_unpacked(report, NULL);
    fam__v1__week_summary__free_unpacked(week, NULL);
}

Test(tasks, one_whose_rows_are_damaged_takes_the_report_from_nobody_else)
{
    struct fam_uuid parents[2], family = make_parents(parents);
    struct fam_uuid schedule = make_schedule("generate_weekly_report", "");
    char text[600], id[FAM_UUID_TEXT_SIZE];
    consent_to_all(&parents[0]);
    consent_to_all(&parents[1]);
    consent_to_all(&w.author);
    have_no_quiet_hours();
    fam_uuid_format(&w.author, id);
    (void)snprintf(
        text, sizeof(text),
        "INSERT INTO checkins (checkin_id, user_id, slot, question_set, state, due_at, expires_at, finished_at, "
        "answers) VALUES (gen_random_uuid(), '%s', 'own', 'moment', 'completed', "
        "now() - INTERVAL '2 days', now() - INTERVAL '2 days', now() - INTERVAL '2 days', 'damaged')",
        id);
    sql(text);
    tasks_work();
    put_due("generate_weekly_report", &schedule, fam_wall_ms(), &family);
    sql_await(DONE "'generate_weekly_report'", "1");
    (void)snprintf(text, sizeof(text),
                   "SELECT count(*) || ' ' || count(*) FILTER (WHERE user_id = '%s') FROM notifications", id);
    expect_sql(w.f.pg.conninfo, text, "2 0");
}

Test(tasks, a_report_is_made_for_nobody_who_switched_it_off_or_has_a_pause_and_waits_for_the_end_of_quiet_hours)
{
    struct fam_uuid parents[2], family = make_parents(parents);
    struct fam_uuid schedule = make_schedule("generate_weekly_report", "");
    char text[400], id[FAM_UUID_TEXT_SIZE];
    consent_to_all(&parents[0]);
    consent_to_all(&parents[1]);
    consent_to_all(&w.author);
    fam_uuid_format(&parents[0], id);
    (void)snprintf(text, sizeof(text), "INSERT INTO checkin_settings (user_id, weekly_report) VALUES ('%s', false)",
                   id);
    sql(text);
    fam_uuid_format(&parents[1], id);
    (void)snprintf(text, sizeof(text),
                   "INSERT INTO checkin_settings (user_id, paused_until) VALUES ('%s', now() + INTERVAL '1 day')", id);
    sql(text);
    /* Quiet from an hour ago until in two hours, by the family's clock. */
    fam_uuid_format(&w.author, id);
    (void)snprintf(
        text, sizeof(text),
        "INSERT INTO checkin_settings (user_id, quiet_from, quiet_until) SELECT '%s', t - INTERVAL '1 hour', "
        "t + INTERVAL '2 hours' FROM (SELECT (now() AT TIME ZONE 'Europe/Moscow')::time AS t) x",
        id);
    sql(text);
    tasks_work();
    put_due("generate_weekly_report", &schedule, fam_wall_ms(), &family);
    sql_await(DONE "'generate_weekly_report'", "1");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM reports", "1");
    (void)snprintf(text, sizeof(text),
                   "SELECT count(*) FROM notifications WHERE user_id = '%s' AND not_before > now() + INTERVAL '1 hour' "
                   "AND not_before < now() + INTERVAL '3 hours' AND expires_at > not_before + INTERVAL '20 hours' "
                   "AND expires_at <= now() + INTERVAL '23 hours'",
                   id);
    expect_sql(w.f.pg.conninfo, text, "1");
    expect_sql(w.f.pg.conninfo, "SELECT count(*) FROM notifications", "1");
}

Test(tasks, a_report_that_is_not_delivered_before_quiet_hours_begin_is_not_delivered)
{
    struct fam_uuid parents[2], family = make_parents(parents);
    struct fam_uuid schedule = make_schedule("generate_weekly_report", "");
    char text[400], id[FAM_UUID_TEXT_SIZE];
    consent_to_all(&w.author);
    fam_uuid_format(&w.author, id);
    (void)snprintf(
        text, sizeof(text),
        "INSERT INTO checkin_settings (user_id, quiet_from, quiet_until) SELECT '%s', t + INTERVAL '30 minutes', "
        "t + INTERVAL '10 hours' FROM (SELECT (now() AT TIME ZONE 'Europe/Moscow')::time AS t) x",
        id);
    sql(text);
    tasks_work();
    put_due("generate_weekly_report", &schedule, fam_wall_ms(), &family);
    sql_await(DONE "'generate_weekly_report'", "1");
    expect_sql(w.f.pg.conninfo,
               "SELECT count(*) || ' ' || bool_and(expires_at BETWEEN now() + INTERVAL '25 minutes' "
               "AND now() + INTERVAL '30 minutes') FROM notifications",
               "1 true");
}
