/* famctl queue and schedule against a server that says what a test wants to hear. */
#include <criterion/criterion.h>
#include <string.h>

#include "ctl.h"
#include "fake_server.h"
#include "run_ctl.h"

static struct fake_scene scene;
static struct fake_server *fake;

static void start(void)
{
    fake = fake_server_start(&scene);
}

static void stop(void)
{
    fake_server_stop(fake);
}

TestSuite(ctl_queue, .init = start, .fini = stop, .timeout = 60);

#define RUN(input, ...) run_ctl(scene.setting, "admin", (input), (const char *const[]){"famctl", __VA_ARGS__, NULL})

Test(ctl_queue, the_numbers_are_shown_by_type_priority_and_worker_with_the_pauses)
{
    scene.queue.running = 3;
    struct run run = RUN(NULL, "queue", "stats");
    cr_assert_not_null(strstr(run.out, "host-1:77"), "%s", run.out);
    cr_assert_not_null(strstr(run.out, "case 4711"), "%s", run.out);
    assert_run(run, 0, "send_checkin", "");
    assert_run(RUN(NULL, "queue", "stats", "-o", "json"), 0, "\"oldest_ready_ms\":\t3200", "");
}

Test(ctl_queue, a_list_takes_its_filters_and_its_page)
{
    assert_run(RUN(NULL, "queue", "list", "--state", "waiting", "--type", "send_checkin", "--priority", "high",
                   "--failure", "no ans", "--older", "2h"),
               0, "send_checkin", "");
    cr_assert_eq(scene.queue.state, FAM__V1__TASK_STATE__TASK_STATE_WAITING);
    cr_assert_eq(scene.queue.priority, FAM__V1__PRIORITY__PRIORITY_HIGH);
    cr_assert_str_eq(scene.queue.type, "send_checkin");
    cr_assert_str_eq(scene.queue.reason, "no ans");
    cr_assert_eq(scene.queue.older_than_ms, 7200000);
    assert_run(RUN(NULL, "queue", "list", "--limit", "7", "--after", FAKE_TOKEN_ID, "-o", "json"), 0,
               "\"state\":\t\"dead\"", "");
    cr_assert_str_eq(scene.queue.page, "7 " FAKE_TOKEN_ID);
}

Test(ctl_queue, the_dead_are_listed_with_their_reason)
{
    assert_run(RUN(NULL, "queue", "dead"), 0, "no answer", "");
    cr_assert_eq(scene.queue.state, FAM__V1__TASK_STATE__TASK_STATE_DEAD);
}

Test(ctl_queue, one_task_is_shown_with_its_past_in_order)
{
    struct run run = RUN(NULL, "queue", "show", FAKE_TOKEN_ID);
    const char *made = strstr(run.out, "created "), *failed = strstr(run.out, "failed "),
               *died = strstr(run.out, "host-2");
    cr_assert(made != NULL && failed != NULL && died != NULL && made < failed && failed < died, "%s", run.out);
    assert_run(run, 0, "1970-01-01T00:00:09.000Z", "");
    assert_run(RUN(NULL, "queue", "show", FAKE_TOKEN_ID, "-o", "json"), 0, "\"event\":\t\"failed\"", "");
    assert_run(RUN(NULL, "queue", "show", "01935f6e-7c1a-7000-8000-000000000000"), 1, "", "no such task");
}

Test(ctl_queue, what_is_chosen_by_flags_is_counted_and_asked_about)
{
    scene.queue.matches = 42;
    assert_run(RUN("n\n", "queue", "delete", "--state", "dead", "--older", "30d"), 1, "", "nothing was deleted");
    cr_assert_eq(scene.queue.changes, 0);
    assert_run(RUN("n\n", "queue", "retry", "--state", "dead"), 1, "", "nothing was retried");
    cr_assert_eq(scene.queue.changes, 0);
    assert_run(RUN("y\n", "queue", "delete", "--state", "dead", "--older", "30d"), 0, "42",
               "42 tasks are deleted? This can't be undone. [y/N]");
    cr_assert_eq(scene.queue.deleted, 42);
    cr_assert_eq(scene.queue.older_than_ms, (int64_t)30 * 86400 * 1000);
    cr_assert(scene.queue.had_a_key);
}

Test(ctl_queue, what_is_named_is_retried_without_a_question_and_deleted_with_one)
{
    scene.queue.matches = 1;
    assert_run(RUN("", "queue", "retry", FAKE_TOKEN_ID), 0, "1", "");
    cr_assert_eq(scene.queue.retried, 1);
    cr_assert_eq(scene.queue.ids, 1);
    scene.queue.matches = 1;
    assert_run(RUN("n\n", "queue", "delete", FAKE_TOKEN_ID), 1, "", "nothing was deleted");
    cr_assert_eq(scene.queue.deleted, 0);
}

Test(ctl_queue, without_a_terminal_yes_must_be_said)
{
    scene.queue.matches = 3;
    assert_run(RUN(NULL, "queue", "delete", "--state", "dead"), 2, "", "--yes says that you are sure");
    cr_assert_eq(scene.queue.changes, 0);
    assert_run(RUN(NULL, "queue", "delete", "--state", "dead", "--yes"), 0, "3", "");
}

Test(ctl_queue, without_any_choice_it_does_nothing_unless_all_is_said)
{
    scene.queue.matches = 3;
    assert_run(RUN(NULL, "queue", "retry", "--yes"), 2, "", "or --all");
    cr_assert_eq(scene.queue.changes, 0);
    assert_run(RUN(NULL, "queue", "retry", "--all", "--yes"), 0, "3", "");
}

Test(ctl_queue, more_than_ten_thousand_go_by_rounds)
{
    scene.queue.matches = 25000;
    assert_run(RUN(NULL, "queue", "retry", "--state", "dead", "--yes"), 0, "25000", "20000 so far");
    cr_assert_eq(scene.queue.changes, 3);
    cr_assert_eq(scene.queue.retried, 25000);
}

Test(ctl_queue, a_dry_run_changes_nothing)
{
    scene.queue.matches = 8;
    assert_run(RUN(NULL, "queue", "retry", "--state", "dead", "--dry-run"), 0, "Nothing was changed.", "");
    assert_run(RUN(NULL, "queue", "delete", FAKE_TOKEN_ID, "--dry-run", "-o", "json"), 0, "\"would_delete\":\t8", "");
    assert_run(RUN(NULL, "queue", "pause", "--dry-run"), 0, "Nothing was changed.", "");
    assert_run(RUN(NULL, "queue", "resume", "--dry-run"), 0, "Nothing was changed.", "");
    assert_run(RUN(NULL, "queue", "drain", "--dry-run"), 0, "Nothing was changed.", "");
    cr_assert_eq(scene.queue.changes + scene.queue.pauses + scene.queue.resumes, 0);
}

Test(ctl_queue, a_pause_has_a_type_a_span_and_a_reason)
{
    assert_run(RUN(NULL, "queue", "pause", "send_checkin", "--for", "30m", "--reason", "case 4711"), 0, "case 4711",
               "");
    cr_assert_str_eq(scene.queue.type, "send_checkin");
    cr_assert_eq(scene.queue.for_ms, 1800000);
    assert_run(RUN(NULL, "queue", "pause"), 0, "*", "");
    cr_assert_eq(scene.queue.for_ms, 0);
    assert_run(RUN(NULL, "queue", "resume", "send_checkin"), 0, "yes", "");
    cr_assert_eq(scene.queue.resumes, 1);
    const char *const wrong[] = {"30", "m", "0s", "-5m", "5 m", "400d", "1h30m", "99999999999d"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(wrong); i++) {
        assert_run(RUN(NULL, "queue", "pause", "--for", wrong[i]), 2, "", "is no span of time");
    }
    cr_assert_eq(scene.queue.pauses, 2);
}

Test(ctl_queue, a_drain_pauses_all_and_waits_until_nothing_runs)
{
    scene.queue.running = 2;
    assert_run(RUN(NULL, "queue", "drain", "--reason", "an update"), 0, "none begins until", "1 tasks run");
    cr_assert_str_eq(scene.queue.type, "*");
    cr_assert_eq(scene.queue.pauses, 1);
    cr_assert_geq(scene.queue.looks, 5, "it is seen to rest more than once");
    scene.queue.running = 1000;
    assert_run(RUN(NULL, "queue", "drain", "--wait", "1"), 1, "", "tasks still run; the pause stays");
}

Test(ctl_queue, top_shows_a_line_an_interval)
{
    scene.queue.running = 9;
    assert_run(RUN(NULL, "queue", "top", "--count", "1"), 0, "3.2 s", "");
    assert_run(RUN(NULL, "queue", "top", "--count", "1"), 0, "runs 8", "");
    struct run run = RUN(NULL, "queue", "top", "--interval", "1", "--count", "2", "-o", "json");
    cr_assert_not_null(strchr(run.out, '\n'));
    cr_assert_str_neq(strchr(run.out, '\n') + 1, "", "two lines: %s", run.out);
    assert_run(run, 0, "\"paused\":[{\"type\":\"process_emotion_batch\"}]", "");
}

Test(ctl_queue, the_schedule_tells_when_in_words)
{
    assert_run(RUN(NULL, "schedule", "list"), 0, "each 300 s", "");
    assert_run(RUN(NULL, "schedule", "list", "--job", "generate_weekly_report"), 0, "Sun 10:00 Europe/Moscow", "");
    cr_assert_str_eq(scene.queue.type, "generate_weekly_report");
    assert_run(RUN(NULL, "schedule", "list", "-o", "json"), 0, "\"next_at\":\t\"1970-01-01T00:00:04.000Z\"", "");
}

/* What looks like a deed in JSON is none when it begins so. */
Test(ctl_queue, json_of_a_dry_run_says_so_and_json_of_a_deed_does_not)
{
    scene.queue.matches = 8;
#define ALL_JSON "-o", "json", "--dry-run"
    const struct run runs[] = {RUN(NULL, "queue", "retry", "--state", "dead", ALL_JSON),
                               RUN(NULL, "queue", "delete", FAKE_TOKEN_ID, ALL_JSON),
                               RUN(NULL, "queue", "pause", ALL_JSON),
                               RUN(NULL, "queue", "resume", ALL_JSON),
                               RUN(NULL, "queue", "drain", ALL_JSON),
                               RUN(NULL, "notify", "resend", "--all", ALL_JSON),
                               RUN(NULL, "session", "revoke", "--all", FAKE_TOKEN_ID, ALL_JSON),
                               RUN(NULL, "cache", "clear", ALL_JSON),
                               RUN(NULL, "claude", "breaker", "reset", ALL_JSON),
                               RUN(NULL, "log", "level", "debug", ALL_JSON)};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(runs); i++) {
        cr_assert_eq(strncmp(runs[i].out, "{\n\t\"dry_run\":\ttrue", strlen("{\n\t\"dry_run\":\ttrue")), 0, "%zu: %s",
                     i, runs[i].out);
        cr_assert_null(strstr(runs[i].out, "\"deleted\""), "%zu: %s", i, runs[i].out);
        assert_run(runs[i], 0, "", "");
    }
    assert_run(RUN(NULL, "queue", "retry", "--state", "dead", ALL_JSON), 0, "\"would_retry\":\t8", "");
    assert_run(RUN(NULL, "notify", "resend", "--all", ALL_JSON), 0, "\"would_resend\":\t5", "");
    struct run deed = RUN(NULL, "queue", "retry", "--state", "dead", "--yes", "-o", "json");
    cr_assert_null(strstr(deed.out, "dry_run"), "%s", deed.out);
    assert_run(deed, 0, "\"retried\":\t8", "");
}

Test(ctl_queue, what_was_named_and_left_alone_is_told_with_the_reason_and_ends_with_1)
{
#define OTHER_ID "01935f6e-7c1a-7000-8000-0000000000aa"
    scene.queue.task_state = FAM__V1__TASK_STATE__TASK_STATE_RUNNING;
    assert_run(RUN(NULL, "queue", "retry", FAKE_TOKEN_ID), 1, "a worker holds it", "");
    assert_run(RUN(NULL, "queue", "delete", FAKE_TOKEN_ID, "--yes"), 1, "a worker holds it", "");
    scene.queue.task_state = FAM__V1__TASK_STATE__TASK_STATE_DONE;
    assert_run(RUN(NULL, "queue", "retry", FAKE_TOKEN_ID, "--dry-run"), 1, "it is done", "");
    assert_run(RUN(NULL, "queue", "retry", OTHER_ID, "-o", "json"), 1, "\"why\":\t\"there is no such task\"", "");
    scene.queue.task_state = FAM__V1__TASK_STATE__TASK_STATE_READY;
    assert_run(RUN(NULL, "queue", "retry", FAKE_TOKEN_ID), 0, "it is ready already", "");
    scene.queue.task_state = FAM__V1__TASK_STATE__TASK_STATE_DEAD;
    assert_run(RUN(NULL, "queue", "retry", FAKE_TOKEN_ID), 1, "another task has their unique key", "");
    scene.queue.matches = 1;
    struct run some = RUN(NULL, "queue", "retry", FAKE_TOKEN_ID, OTHER_ID);
    cr_assert_not_null(strstr(some.out, "Retried  1"), "%s", some.out);
    assert_run(some, 1, "there is no such task", "");
}

Test(ctl_queue, what_flags_chose_in_vain_is_told_with_the_reason_and_is_no_failure)
{
    scene.queue.task_state = FAM__V1__TASK_STATE__TASK_STATE_DONE;
    assert_run(RUN(NULL, "queue", "retry", "--type", "send_checkin", "--yes"), 0, "dead and waiting tasks are retried",
               "");
    assert_run(RUN(NULL, "queue", "delete", "--type", "send_checkin", "--yes"), 0, "when no worker holds it", "");
    scene.queue.lists_nothing = true;
    assert_run(RUN(NULL, "queue", "delete", "--all", "--yes", "-o", "json"), 0, "\"why\":\t\"no task matches\"", "");
    cr_assert_eq(scene.queue.deleted + scene.queue.retried, 0);
}

Test(ctl_queue, a_pause_that_lasts_longer_stays_unless_it_is_replaced)
{
    scene.queue.paused_until_ms = 86400000;
    assert_run(RUN(NULL, "queue", "pause", "--for", "5m"), 1, "",
               "everything is paused until 1970-01-02T00:00:00.000Z already, by admin:anna: the database moves; "
               "--replace puts the new pause in its place");
    assert_run(RUN(NULL, "queue", "pause", "--for", "5m", "--dry-run"), 1, "", "--replace");
    struct run replaced = RUN(NULL, "queue", "pause", "--for", "5m", "--replace");
    cr_assert_not_null(strstr(replaced.out, "the database moves"), "what is lost is shown: %s", replaced.out);
    assert_run(replaced, 0, "admin:anna", "");
    cr_assert(scene.queue.replaced);
    assert_run(RUN(NULL, "queue", "drain"), 0, "the database moves", "");
    cr_assert_not(scene.queue.replaced, "a drain is content with a pause that is there");
}

Test(ctl_queue, workers_are_listed_with_what_they_are)
{
    struct run run = RUN(NULL, "queue", "stats", "-o", "json");
    cr_assert_not_null(strstr(run.out, "\"alive\":\ttrue"), "%s", run.out);
    cr_assert_not_null(strstr(run.out, "\"role\":\t\"worker\""), "%s", run.out);
    assert_run(run, 0, "\"threads\":\t4", "");
}

/* What else it says of this machine is not asked. */
static void expect_doctor(const char *text)
{
    struct run run = RUN(NULL, "doctor");
    cr_assert_not_null(strstr(run.out, text), "%s: %s", text, run.out);
    assert_run(run, run.exit_code, "", "");
}

Test(ctl_queue, doctor_names_no_budget_where_none_is_set)
{
    expect_doctor("0 micro-USD today, no budget is set");
}

Test(ctl_queue, doctor_tells_when_nobody_works)
{
    expect_doctor("1 runs");
    scene.queue.is_idle = true;
    expect_doctor("no worker is running: tasks wait");
    scene.queue.is_idle = false;
    scene.queue.knows_nothing = true;
    expect_doctor("no worker that runs knows send_checkin, of which 7 wait");
    scene.queue.lacks_redis = true;
    expect_doctor("no task is run");
}
