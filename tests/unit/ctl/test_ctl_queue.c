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
    assert_run(RUN(NULL, "queue", "delete", FAKE_TOKEN_ID, "--dry-run", "-o", "json"), 0, "\"deleted\":\t8", "");
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
