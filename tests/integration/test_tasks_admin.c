/* Tasks as operators see and change them: lists, one with its past, numbers, changes to many. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "store/task_admin_store.h"
#include "support/store_fixture.h"

static struct store_fixture f;
static struct fam_task_stats stats;

static void start(void)
{
    store_fixture_start(&f);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(tasks_admin, .init = start, .fini = stop, .timeout = 120);

static void sql(const char *text, const char *expected)
{
    expect_sql(f.pg.conninfo, text, expected);
}

/* One task of each state: "ready", "waiting", "running", "abandoned" (its lease has run out), "done", "dead"; the word
 * is its type. */
static void make_tasks(void)
{
    sql("INSERT INTO tasks (task_id, type, priority, state, not_before, waits_for, lease_token, leased_until, worker, "
        "attempts, deaths, reason, finished_at, created_at) "
        "SELECT ('01935f6e-7c1a-7000-8000-00000000000' || n)::uuid, type, priority, state, now() + wait, waits, "
        "token, now() + lease, worker, attempts, deaths, reason, now() + finished, now() - INTERVAL '2 hours' FROM "
        "(VALUES "
        "(1, 'ready', 2, 'queued', INTERVAL '-5 seconds', '', NULL::uuid, NULL::interval, NULL, 0, 0, '', "
        "NULL::interval), "
        "(2, 'waiting', 3, 'queued', INTERVAL '1 hour', 'retry', NULL, NULL, NULL, 1, 2, 'no answer', NULL), "
        "(3, 'running', 4, 'queued', INTERVAL '-1 hour', '', gen_random_uuid(), INTERVAL '1 minute', 'host-1', 0, 0, "
        "'', "
        "NULL), "
        "(4, 'abandoned', 1, 'queued', INTERVAL '-1 hour', '', gen_random_uuid(), INTERVAL '-1 minute', 'host-2', 0, "
        "1, "
        "'', NULL), "
        "(5, 'done', 2, 'done', INTERVAL '-1 hour', '', NULL, NULL, NULL, 0, 0, '', INTERVAL '-10 seconds'), "
        "(6, 'dead', 2, 'dead', INTERVAL '-1 hour', '', NULL, NULL, NULL, 3, 1, 'no answer from there', "
        "INTERVAL '-1 minute')) AS t (n, type, priority, state, wait, waits, token, lease, worker, attempts, deaths, "
        "reason, finished); "
        "INSERT INTO task_attempts (task_id, ended_at, worker, outcome, reason, duration_ms) SELECT task_id, now() - n "
        "* "
        "INTERVAL '1 minute', 'host-' || n, CASE n WHEN 1 THEN 'dead' ELSE 'failed' END, 'no answer', 100 * n FROM "
        "tasks, generate_series(1, 3) AS n WHERE type = 'dead'",
        NULL);
}

/* The types of the tasks that a filter matches, newest first, joined. */
static void expect_list(const struct fam_task_filter *filter, const char *expected)
{
    struct fam_status status = {0};
    struct fam_task_view *list = NULL;
    size_t count = 0;
    bool more = true;
    char joined[256] = "";
    enum fam_code code = fam_task_list(f.store, filter, NULL, 20, &list, &count, &more, &status);
    cr_assert_eq(code, FAM_OK, "%s", status.message);
    cr_assert_not(more);
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(joined);
        snprintf(joined + used, sizeof(joined) - used, "%s%s", i == 0 ? "" : " ", list[i].type);
    }
    free(list);
    cr_assert_str_eq(joined, expected);
}

static struct fam_task_filter any(void)
{
    return (struct fam_task_filter){.type = "", .reason = ""};
}

Test(tasks_admin, a_filter_chooses_by_state_type_priority_failure_age_and_id)
{
    make_tasks();
    struct fam_task_filter filter = any();
    expect_list(&filter, "dead done abandoned running waiting ready");
    const struct {
        Fam__V1__TaskState state;
        const char *found;
    } CASES[] = {{FAM__V1__TASK_STATE__TASK_STATE_READY, "abandoned ready"},
                 {FAM__V1__TASK_STATE__TASK_STATE_WAITING, "waiting"},
                 {FAM__V1__TASK_STATE__TASK_STATE_RUNNING, "running"},
                 {FAM__V1__TASK_STATE__TASK_STATE_DONE, "done"},
                 {FAM__V1__TASK_STATE__TASK_STATE_DEAD, "dead"}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(CASES); i++) {
        filter.state = CASES[i].state;
        expect_list(&filter, CASES[i].found);
    }
    filter = any();
    filter.type = "waiting";
    expect_list(&filter, "waiting");
    filter.type = "wait";
    expect_list(&filter, "");
    filter = any();
    filter.priority = FAM_PRIORITY_CRITICAL;
    expect_list(&filter, "running");
    filter = any();
    filter.reason = "answer";
    expect_list(&filter, "dead waiting");
    filter.reason = "answer%";
    expect_list(&filter, "");
    filter = any();
    filter.older_than_ms = 3600 * 1000;
    expect_list(&filter, "dead done abandoned running waiting ready");
    filter.older_than_ms = 3 * 3600 * 1000;
    expect_list(&filter, "");
    struct fam_uuid ids[2] = {fam_uuid_v7()};
    cr_assert(fam_uuid_parse("01935f6e-7c1a-7000-8000-000000000002", &ids[1]));
    filter = any();
    filter.ids = ids;
    filter.id_count = 2;
    expect_list(&filter, "waiting");
    filter.state = FAM__V1__TASK_STATE__TASK_STATE_DEAD;
    expect_list(&filter, "");
}

Test(tasks_admin, a_list_goes_by_pages)
{
    make_tasks();
    struct fam_status status = {0};
    struct fam_task_view *list = NULL;
    struct fam_task_filter filter = any();
    size_t count = 0, seen = 0;
    bool more = true;
    struct fam_uuid last;
    while (more) {
        cr_assert_eq(fam_task_list(f.store, &filter, seen == 0 ? NULL : &last, 4, &list, &count, &more, &status),
                     FAM_OK, "%s", status.message);
        cr_assert_gt(count, 0);
        seen += count;
        last = list[count - 1].task_id;
        free(list);
    }
    cr_assert_eq(seen, 6);
}

Test(tasks_admin, a_task_is_shown_with_its_past_the_oldest_first)
{
    make_tasks();
    struct fam_status status = {0};
    struct fam_task_view task;
    struct fam_task_past *past = NULL;
    size_t count = 0;
    struct fam_uuid id;
    cr_assert(fam_uuid_parse("01935f6e-7c1a-7000-8000-000000000006", &id));
    cr_assert_eq(fam_task_get(f.store, &id, &task, &past, &count, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(task.state, FAM__V1__TASK_STATE__TASK_STATE_DEAD);
    cr_assert_eq(task.attempts, 3);
    cr_assert_gt(task.finished_at_ms, 0);
    cr_assert_str_eq(task.reason, "no answer from there");
    cr_assert_eq(count, 3);
    cr_assert_str_eq(past[0].worker, "host-3");
    cr_assert_str_eq(past[0].outcome, "failed");
    cr_assert_eq(past[0].duration_ms, 300);
    cr_assert_str_eq(past[2].outcome, "dead");
    free(past);
    id = fam_uuid_v7();
    cr_assert_eq(fam_task_get(f.store, &id, &task, &past, &count, &status), FAM_NOT_FOUND);
    cr_assert_null(past);
}

Test(tasks_admin, the_numbers_say_what_waits_runs_and_has_failed)
{
    make_tasks();
    struct fam_status status = {0};
    cr_assert_eq(fam_task_stats(f.store, &stats, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(stats.type_count, 6);
    const struct fam_task_type_stats *types = stats.types; /* by name: abandoned dead done ready running waiting */
    cr_assert_eq(types[0].ready, 1);
    cr_assert_geq(types[0].oldest_ready_ms, 3600 * 1000);
    cr_assert_eq(types[1].dead, 1);
    cr_assert_eq(types[2].done_hour, 1);
    cr_assert_eq(types[2].done_minute, 1);
    cr_assert_eq(types[3].ready, 1);
    cr_assert_eq(types[3].waiting + types[3].running + types[3].dead, 0);
    cr_assert_eq(types[4].running, 1);
    cr_assert_eq(types[4].ready, 0);
    cr_assert_eq(types[5].waiting, 1);
    cr_assert_eq(types[5].oldest_ready_ms, 0);
    cr_assert_eq(stats.ready[FAM_PRIORITY_NORMAL - FAM_PRIORITY_LOW], 1);
    cr_assert_eq(stats.ready[FAM_PRIORITY_LOW - FAM_PRIORITY_LOW], 1);
    cr_assert_eq(stats.ready[FAM_PRIORITY_CRITICAL - FAM_PRIORITY_LOW], 0, "what runs is not ready");
    cr_assert_eq(stats.worker_count, 1);
    cr_assert_str_eq(stats.workers[0].name, "host-1");
    cr_assert_eq(stats.workers[0].running, 1);
}

static int64_t change(enum fam_task_change kind, const struct fam_task_filter *filter, const char *key,
                      size_t *ret_refs)
{
    struct fam_status status = {0};
    struct fam_outcome outcome;
    struct fam_task_ref *refs = NULL;
    int64_t count = -1, counted = -1;
    const struct fam_mutation mutation = mutation_of(key, "request");
    const struct fam_audit audit = {
        .principal = "admin:olga", .method = "fam.v1.OpsService/Test", .reason = "случай 4711", .request_id = "r"};
    cr_assert_eq(fam_task_change_count(f.store, kind, filter, &counted, &status), FAM_OK, "%s", status.message);
    enum fam_code code = fam_task_change(f.store, &mutation, kind, filter, &audit, &refs, &count, &outcome, &status);
    cr_assert_eq(code, FAM_OK, "%s", status.message);
    cr_assert_eq(outcome.replayed, refs == NULL);
    if (!outcome.replayed) {
        cr_assert_eq(counted, count, "a dry run says what happens: %lld, %lld", (long long)counted, (long long)count);
    }
    *ret_refs = refs == NULL ? 0 : (size_t)count;
    free(refs);
    return count;
}

Test(tasks_admin, a_retry_begins_the_dead_anew_and_makes_what_waits_ready)
{
    make_tasks();
    struct fam_task_filter filter = any();
    size_t refs = 0;
    cr_assert_eq(change(FAM_TASK_RETRY, &filter, "key-1", &refs), 2);
    cr_assert_eq(refs, 2);
    sql("SELECT string_agg(type || ' ' || state || ' ' || attempts || ' ' || deaths || ' ' || (not_before <= now()) || "
        "' ' || (finished_at IS NULL) || waits_for, ', ' ORDER BY type) FROM tasks WHERE type IN ('dead', 'waiting')",
        "dead queued 0 0 true true, waiting queued 1 2 true true");
    sql("SELECT state || ' ' || (lease_token IS NOT NULL) FROM tasks WHERE type = 'running'", "queued true");
    sql("SELECT state FROM tasks WHERE type = 'done'", "done");
    sql("SELECT principal || ' ' || split_part(reason, '; ids ', 1) FROM audit_log",
        "admin:olga 2 tasks retried: случай 4711");
    sql("SELECT string_agg(right(id, 1), ' ' ORDER BY id) FROM audit_log, "
        "string_to_table(split_part(reason, '; ids ', 2), ' ') id",
        "2 6");
    cr_assert_eq(change(FAM_TASK_RETRY, &filter, "key-1", &refs), 2, "the same call again gives the same answer");
    cr_assert_eq(refs, 0);
    sql("SELECT count(*) FROM audit_log", "1");
    cr_assert_eq(change(FAM_TASK_RETRY, &filter, "key-2", &refs), 0);
}

Test(tasks_admin, a_dead_task_whose_unique_key_is_in_use_stays_dead)
{
    sql("INSERT INTO tasks (task_id, type, priority, state, unique_key, finished_at) SELECT "
        "('01935f6e-7c1a-7000-8000-00000000000' || n)::uuid, 't', 2, 'dead', CASE WHEN n < 3 THEN 'a' ELSE 'b' END, "
        "now() "
        "FROM generate_series(1, 4) AS n; "
        "INSERT INTO tasks (task_id, type, priority, unique_key) VALUES (gen_random_uuid(), 't', 2, 'a')",
        NULL);
    struct fam_task_filter filter = any();
    filter.state = FAM__V1__TASK_STATE__TASK_STATE_DEAD;
    size_t refs = 0;
    cr_assert_eq(change(FAM_TASK_RETRY, &filter, "key", &refs), 1);
    sql("SELECT string_agg(substr(task_id::text, 36), ',') FROM tasks WHERE state = 'queued' AND unique_key = 'b'",
        "4");
}

Test(tasks_admin, what_a_worker_holds_is_not_deleted)
{
    make_tasks();
    struct fam_task_filter filter = any();
    size_t refs = 0;
    cr_assert_eq(change(FAM_TASK_DELETE, &filter, "key", &refs), 5);
    cr_assert_eq(refs, 5);
    sql("SELECT string_agg(type, ' ') FROM tasks", "running");
    sql("SELECT count(*) FROM task_attempts", "0");
}

Test(tasks_admin, ten_thousand_are_changed_at_a_time)
{
    sql("INSERT INTO tasks (task_id, type, priority, state, finished_at) SELECT gen_random_uuid(), 't', 2, 'dead', "
        "now() "
        "FROM generate_series(1, 10500)",
        NULL);
    struct fam_task_filter filter = any();
    filter.state = FAM__V1__TASK_STATE__TASK_STATE_DEAD;
    size_t refs = 0;
    cr_assert_eq(change(FAM_TASK_RETRY, &filter, "key-1", &refs), FAM_TASK_CHANGE_MAX);
    cr_assert_eq(change(FAM_TASK_RETRY, &filter, "key-2", &refs), 500);
}

Test(tasks_admin, the_audit_holds_the_filter_and_the_first_twenty_ids)
{
    sql("INSERT INTO tasks (task_id, type, priority, state, reason, created_at, finished_at) SELECT "
        "('01935f6e-7c1a-7000-8000-0000000001' || lpad(n::text, 2, '0'))::uuid, 'send_checkin', 3, 'dead', "
        "'no answer from there', now() - INTERVAL '1 hour', now() FROM generate_series(1, 25) AS n",
        NULL);
    struct fam_task_filter filter = any();
    filter.state = FAM__V1__TASK_STATE__TASK_STATE_DEAD;
    filter.type = "send_checkin";
    filter.priority = 3;
    filter.reason = "no answer";
    filter.older_than_ms = 60000;
    size_t refs = 0;
    cr_assert_eq(change(FAM_TASK_DELETE, &filter, "key", &refs), 25);
    sql("SELECT split_part(reason, '; ids ', 1) FROM audit_log",
        "25 tasks deleted, state dead, type send_checkin, priority high, failure 'no answer', older than 60 s: случай "
        "4711");
    sql("SELECT count(DISTINCT id) || right(reason, 2) FROM audit_log, regexp_matches(reason, "
        "'01935f6e-7c1a-7000-8000-0000000001[0-9]{2}', 'g') id GROUP BY reason",
        "20 …");
}

Test(tasks_admin, a_change_that_is_not_written_to_the_audit_does_not_happen)
{
    make_tasks();
    sql("ALTER TABLE audit_log ADD CONSTRAINT broken CHECK (reason NOT LIKE '%tasks%')", NULL);
    struct fam_status status = {0};
    struct fam_outcome outcome;
    struct fam_task_ref *refs = NULL;
    int64_t count = 0;
    struct fam_task_filter filter = any();
    const struct fam_audit audit = {.principal = "p", .method = "m", .reason = "", .request_id = ""};
    cr_assert_neq(fam_task_change(f.store, NULL, FAM_TASK_DELETE, &filter, &audit, &refs, &count, &outcome, &status),
                  FAM_OK);
    cr_assert_null(refs);
    sql("SELECT count(*) FROM tasks", "6");
}
