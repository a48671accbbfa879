/* famctl's commands about check-ins, schedules and reports, against a server that says what a test wants to hear. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "fake_checkins.h"
#include "fake_server.h"
#include "run_ctl.h"

#define WHY "--reason", "support case 4711"
#define WHOSE "--user", FAKE_TOKEN_ID

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

TestSuite(ctl_checkin, .init = start, .fini = stop, .timeout = 60);

#define RUN(input, ...) run_ctl(scene.setting, "admin", (input), (const char *const[]){"famctl", __VA_ARGS__, NULL})

Test(ctl_checkin, a_list_tells_when_and_no_answer)
{
    assert_run(RUN(NULL, "checkin", "list", WHOSE, WHY), 0, "missed", "");
    cr_assert_str_eq(scene.checkin.reason, "support case 4711");
    assert_run(RUN(NULL, "checkin", "list", WHOSE, WHY), 0, "More with --after", "");
    struct run run = RUN(NULL, "checkin", "list", WHOSE, WHY, "--after", FAKE_TOKEN_ID, "-o", "json");
    cr_assert_null(strstr(run.out, "It was hard"), "%s", run.out);
    cr_assert_null(strstr(run.out, "asked"), "%s", run.out);
    assert_run(run, 0, "\"state\":\t\"completed\"", "");
    assert_run(RUN(NULL, "checkin", "list", WHY), 2, "", "--user");
}

Test(ctl_checkin, one_is_asked_for_alone_and_shown_with_its_answers)
{
    assert_run(RUN(NULL, "checkin", "show", FAKE_CHECKIN_ID, WHOSE, WHY), 0, "It was hard", "");
    assert_run(RUN(NULL, "checkin", "show", FAKE_CHECKIN_ID, WHOSE, WHY, "-o", "json"), 0, "\"option_id\":\t\"2\"", "");
    assert_run(RUN(NULL, "checkin", "show", "01935f6e-7c1a-7000-8000-0000000000ff", WHOSE, WHY), 1, "",
               "no such check-in");
}

Test(ctl_checkin, one_is_sent_with_a_key_and_a_reason)
{
    assert_run(RUN(NULL, "checkin", "send", FAKE_TOKEN_ID, "--slot", "morning", WHY), 0, FAKE_TOKEN_ID, "");
    cr_assert_eq(scene.checkin.slot, FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_MORNING);
    cr_assert_eq(scene.checkin.sent, 1);
    cr_assert(scene.checkin.had_a_key);
    cr_assert_str_eq(scene.checkin.reason, "support case 4711");
    assert_run(RUN(NULL, "checkin", "send", FAKE_TOKEN_ID, "--dry-run"), 0, "Nothing was changed.", "");
    cr_assert_eq(scene.checkin.slot, FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_UNSPECIFIED);
    cr_assert_eq(scene.checkin.sent, 1);
    assert_run(RUN(NULL, "checkin", "send", FAKE_TOKEN_ID, "--slot", "quick"), 2, "", "--slot");
}

Test(ctl_checkin, what_is_not_sent_says_why_and_fails_unless_it_was_a_dry_run)
{
    scene.checkin.not_sent = FAM__V1__NOT_SENT__NOT_SENT_QUIET;
    assert_run(RUN(NULL, "checkin", "send", FAKE_TOKEN_ID), 1, "quiet hours", "");
    assert_run(RUN(NULL, "checkin", "send", FAKE_TOKEN_ID, "--dry-run"), 0, "quiet hours", "");
    scene.checkin.not_sent = FAM__V1__NOT_SENT__NOT_SENT_NO_CONSENT;
    assert_run(RUN(NULL, "report", "send", FAKE_TOKEN_ID, "-o", "json"), 1, "\"not_sent\":\t\"no_consent\"", "");
    scene.checkin.not_sent = FAM__V1__NOT_SENT__NOT_SENT_PAUSED;
    assert_run(RUN(NULL, "report", "send", FAKE_TOKEN_ID), 1, "a pause", "");
    scene.checkin.not_sent = FAM__V1__NOT_SENT__NOT_SENT_UNREACHABLE;
    assert_run(RUN(NULL, "report", "send", FAKE_TOKEN_ID), 1, "blocked the bot", "");
    scene.checkin.not_sent = FAM__V1__NOT_SENT__NOT_SENT_WAITS;
    assert_run(RUN(NULL, "checkin", "send", FAKE_TOKEN_ID), 1, "waits", "");
    cr_assert_eq(scene.checkin.sent, 0);
}

Test(ctl_checkin, a_schedule_is_shown_with_the_wishes_of_each_member)
{
    struct run run = RUN(NULL, "schedule", "show", FAKE_TOKEN_ID, WHY);
    cr_assert_not_null(strstr(run.out, "evening 20:00"), "%s", run.out);
    cr_assert_not_null(strstr(run.out, "22:00-07:00"), "%s", run.out);
    cr_assert_not_null(strstr(run.out, "generate_weekly_report"), "%s", run.out);
    assert_run(run, 0, "1970-01-02T00:00:00.000Z", "");
    cr_assert_str_eq(scene.checkin.reason, "support case 4711");
    assert_run(RUN(NULL, "schedule", "show", FAKE_TOKEN_ID, "-o", "json"), 0,
               "\"next_checkin_at\":\t\"1970-01-01T00:00:04.000Z\"", "");
    assert_run(RUN(NULL, "schedule", "show", "01935f6e-7c1a-7000-8000-0000000000ff"), 1, "", "no family");
}

Test(ctl_checkin, the_archive_is_listed_and_a_report_is_shown)
{
    assert_run(RUN(NULL, "report", "list", WHOSE), 0, "quarter", "");
    assert_run(RUN(NULL, "report", "list", WHOSE, "--limit", "1"), 0, "More with --after", "");
    assert_run(RUN(NULL, "report", "show", FAKE_TOKEN_ID, WHOSE, WHY), 0, "Go for a walk together.", "");
    cr_assert_str_eq(scene.checkin.report, FAKE_TOKEN_ID);
    cr_assert_not(scene.checkin.picture);
    struct run run = RUN(NULL, "report", "show", WHOSE, WHY, "--period", "month");
    cr_assert_str_eq(scene.checkin.report, "");
    cr_assert_eq(scene.checkin.period, FAM__V1__REPORT_PERIOD__REPORT_PERIOD_MONTH);
    cr_assert_not_null(strstr(run.out, "anger"), "%s", run.out);
    cr_assert_not_null(strstr(run.out, "Molly"), "%s", run.out);
    assert_run(run, 0, "2026-11-29", "");
    assert_run(RUN(NULL, "report", "show", WHOSE, WHY, "-o", "json"), 0, "\"helped\":\t3", "");
    cr_assert_eq(scene.checkin.period, FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK);
}

Test(ctl_checkin, a_picture_becomes_a_file_that_nobody_else_may_read)
{
    char dir[] = "/tmp/famctl-report-XXXXXX", path[64];
    char found[2 * FAKE_PICTURE_SIZE];
    struct stat info;
    cr_assert_not_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/report.png", dir);
    scene.checkin.without_picture = true;
    assert_run(RUN(NULL, "report", "render", WHOSE, "--out", path, WHY), 1, "", "picture");
    cr_assert_neq(access(path, F_OK), 0, "no empty file stays");
    scene.checkin.without_picture = false;
    assert_run(RUN(NULL, "report", "render", FAKE_TOKEN_ID, WHOSE, "--out", path, WHY), 0, "12", "");
    cr_assert(scene.checkin.picture);
    FILE *file = fopen(path, "re");
    cr_assert_not_null(file);
    cr_assert_eq(fstat(fileno(file), &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0600);
    cr_assert_eq(fread(found, 1, sizeof(found), file), FAKE_PICTURE_SIZE);
    fclose(file);
    cr_assert_arr_eq(found, FAKE_PICTURE, FAKE_PICTURE_SIZE);
    /* What is there is not written over. */
    assert_run(RUN(NULL, "report", "render", WHOSE, "--out", path, WHY), 1, "", "can't be made");
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(rmdir(dir), 0);
    assert_run(RUN(NULL, "report", "render", WHOSE, WHY), 2, "", "--out");
}

Test(ctl_checkin, a_report_is_sent_and_named)
{
    assert_run(RUN(NULL, "report", "send", FAKE_TOKEN_ID, WHY), 0, FAKE_CHECKIN_ID, "");
    cr_assert_eq(scene.checkin.sent, 1);
    cr_assert(scene.checkin.had_a_key);
    cr_assert_str_eq(scene.checkin.reason, "support case 4711");
    assert_run(RUN(NULL, "report", "send", FAKE_TOKEN_ID, "--dry-run"), 0, "Nothing was changed.", "");
    cr_assert_eq(scene.checkin.sent, 1);
}
