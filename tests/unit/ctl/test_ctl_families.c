/* famctl's commands about families, their words and the service as a whole, against a server that says what a test
 * wants to hear. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "fake_server.h"
#include "run_ctl.h"

#define WHY "--reason", "support case 4711"

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

TestSuite(ctl_families, .init = start, .fini = stop, .timeout = 60);

#define RUN(input, ...) run_ctl(scene.setting, "admin", (input), (const char *const[]){"famctl", __VA_ARGS__, NULL})

Test(ctl_families, children_are_opened_for_a_reason)
{
    assert_run(RUN(NULL, "child", "list", "--user", FAKE_TOKEN_ID, WHY), 0, "Molly", "");
    cr_assert_str_eq(scene.people.reason, "support case 4711");
    struct run run = RUN(NULL, "child", "list", "--user", FAKE_TOKEN_ID, WHY);
    cr_assert_null(strstr(run.out, "hears badly"), "a list shows no special needs");
    assert_run(run, 0, "7", "");
    assert_run(RUN(NULL, "child", "show", FAKE_TOKEN_ID, "--user", FAKE_TOKEN_ID, WHY, "-o", "json"), 0,
               "\"special_needs\":\t\"hears badly\"", "");
    assert_run(RUN(NULL, "child", "show", FAKE_TOKEN_ID, "--user", FAKE_TOKEN_ID, WHY), 0, "2019-03-12", "");
    assert_run(RUN(NULL, "child", "show", "01935f6e-7c1a-7000-8000-0000000000ff", "--user", FAKE_TOKEN_ID, WHY), 1, "",
               "no such child");
}

/* What stands in a file below the folder, and that nobody else may read it. */
static void assert_file(const char *dir, const char *end, const char *text)
{
    char path[256];
    char found[64] = "";
    struct stat info;
    snprintf(path, sizeof(path), "%s/" FAKE_TOKEN_ID "%s", dir, end);
    FILE *file = fopen(path, "re");
    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fstat(fileno(file), &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0600);
    size_t size = fread(found, 1, sizeof(found) - 1, file);
    fclose(file);
    cr_assert_eq(size, strlen(text));
    cr_assert_str_eq(found, text);
    cr_assert_eq(unlink(path), 0);
}

Test(ctl_families, an_export_is_two_files_for_each_member_that_nobody_else_may_read)
{
    char dir[] = "/tmp/famctl-export-XXXXXX";
    cr_assert_not_null(mkdtemp(dir));
    assert_run(RUN(NULL, "family", "export", FAKE_TOKEN_ID, "--out", dir, WHY), 0, ".html", "");
    cr_assert_str_eq(scene.people.reason, "support case 4711");
    /* What is there is not written over. */
    assert_run(RUN(NULL, "family", "export", FAKE_TOKEN_ID, "--out", dir, WHY), 1, "", "can't be made");
    assert_file(dir, ".json", "{\"a\":1}");
    assert_file(dir, ".html", "<p></p>");
    cr_assert_eq(rmdir(dir), 0);
}

Test(ctl_families, an_export_that_breaks_leaves_no_half_file)
{
    char dir[] = "/tmp/famctl-export-XXXXXX";
    cr_assert_not_null(mkdtemp(dir));
    scene.people.export_breaks = true;
    assert_run(RUN(NULL, "family", "export", FAKE_TOKEN_ID, "--out", dir, WHY), 1, "", "the export broke");
    cr_assert_eq(rmdir(dir), 0, "the folder must be empty");
}

Test(ctl_families, a_family_that_is_not_there_can_not_be_exported)
{
    assert_run(RUN(NULL, "family", "export", "01935f6e-7c1a-7000-8000-0000000000ff", "--out", "/tmp", WHY), 1, "",
               "there is no family");
}

Test(ctl_families, a_family_is_erased_only_after_its_id_was_typed)
{
    assert_run(RUN(FAKE_TOKEN_ID "\n", "family", "delete", FAKE_TOKEN_ID, WHY), 0, "anthropic",
               "2 people and 30 entries are erased for good");
    cr_assert_eq(scene.people.erased, 1);
    cr_assert_str_eq(scene.people.reason, "support case 4711");
    assert_run(RUN("yes\n", "family", "delete", FAKE_TOKEN_ID, WHY), 1, "", "nothing was erased");
    assert_run(RUN("\n", "family", "delete", FAKE_TOKEN_ID, WHY), 1, "", "nothing was erased");
    assert_run(RUN(NULL, "family", "delete", FAKE_TOKEN_ID, WHY), 2, "", "--confirm " FAKE_TOKEN_ID);
    assert_run(RUN(NULL, "family", "delete", FAKE_TOKEN_ID, WHY, "--confirm", "01935f6e-7c1a-7000-8000-0000000000ff"),
               1, "", "nothing was erased");
    assert_run(RUN(NULL, "family", "delete", FAKE_TOKEN_ID), 2, "", "--reason");
    cr_assert_eq(scene.people.erased, 1);
    assert_run(RUN(NULL, "family", "delete", FAKE_TOKEN_ID, WHY, "--confirm", FAKE_TOKEN_ID, "-o", "json"), 0,
               "\"copies_until\":\t\"1970-01-08T00:00:01.000Z\"", "");
    struct run run = RUN(NULL, "family", "delete", FAKE_TOKEN_ID, WHY, "--confirm", FAKE_TOKEN_ID, "-o", "json");
    cr_assert_not_null(strstr(run.out, "\"count\":\t21"), "%s", run.out);
    cr_assert_not_null(strstr(run.out, "\"first_at\":\t\"1970-01-01T00:00:02.000Z\""), "%s", run.out);
    assert_run(run, 0, "\"last_at\":\t\"1970-01-01T00:00:03.000Z\"", "");
    cr_assert_eq(scene.people.erased, 3);
}

Test(ctl_families, a_dry_run_of_an_erasure_counts_only)
{
    assert_run(RUN(NULL, "family", "delete", FAKE_TOKEN_ID, WHY, "--dry-run"), 0, "Nothing was changed.", "");
    cr_assert_eq(scene.people.erased, 0);
    cr_assert_eq(scene.people.counted, 1);
}

Test(ctl_families, entries_of_all_are_listed_without_a_reason_and_without_a_word)
{
    assert_run(RUN(NULL, "entry", "list", "--family", FAKE_TOKEN_ID), 0, FAKE_TOKEN_ID, "");
    cr_assert_str_eq(scene.people.family, FAKE_TOKEN_ID);
    assert_run(RUN(NULL, "entry", "list", "-o", "json"), 0, "\"shared\":\ttrue", "");
    assert_run(RUN(NULL, "entry", "list", "--child", FAKE_TOKEN_ID), 2, "", "--user");
    assert_run(RUN(NULL, "entry", "list", "--user", FAKE_TOKEN_ID, "--family", FAKE_TOKEN_ID), 2, "", "not both");
}

Test(ctl_families, feedback_is_listed_without_its_words_and_shown_with_them)
{
    struct run run = RUN(NULL, "feedback", "list", "--after", "2", WHY);
    cr_assert_null(strstr(run.out, "teenagers"), "%s", run.out);
    assert_run(run, 0, FAKE_TOKEN_ID, "");
    cr_assert_str_eq(scene.people.reason, "support case 4711");
    assert_run(RUN(NULL, "feedback", "list", WHY), 0, "More with --after", "");
    /* It stands on the second page. */
    assert_run(RUN(NULL, "feedback", "show", FAKE_TOKEN_ID, WHY), 0, "please more about teenagers", "");
    assert_run(RUN(NULL, "feedback", "show", "01935f6e-7c1a-7000-8000-0000000000ff", WHY), 1, "",
               "there is no feedback");
}

Test(ctl_families, feedback_without_a_mark_shows_none)
{
    scene.people.rating = 4;
    assert_run(RUN(NULL, "feedback", "list", "--after", "2", WHY, "-o", "json"), 0, "\"rating\":\t4", "");
    scene.people.rating = 0;
    assert_run(RUN(NULL, "feedback", "list", "--after", "2", WHY, "-o", "json"), 0, "\"rating\":\tnull", "");
    assert_run(RUN(NULL, "feedback", "show", FAKE_TOKEN_ID, WHY, "-o", "json"), 0, "\"rating\":\tnull", "");
}

Test(ctl_families, retention_and_stats_are_numbers_for_people_and_programs)
{
    assert_run(RUN(NULL, "retention"), 0, "90", "");
    assert_run(RUN(NULL, "retention", "-o", "json"), 0, "\"overdue_rows\":\t3", "");
    assert_run(RUN(NULL, "stats"), 0, "2026-11-23", "");
    struct run run = RUN(NULL, "stats", "-o", "json");
    cr_assert_not_null(strstr(run.out, "\"source\":\t\"invite\""), "%s", run.out);
    assert_run(run, 0, "\"retention_day_7_percent\":\t43", "");
}

Test(ctl_families, a_broadcast_is_counted_and_asked_about_before_it_goes_out)
{
#define TEXTS "--ru", "Привет", "--en", "Hello"
    assert_run(RUN(NULL, "broadcast", TEXTS, "--dry-run"), 0, "Nothing was sent.", "");
    assert_run(RUN("n\n", "broadcast", TEXTS), 1, "", "nobody was told");
    assert_run(RUN(NULL, "broadcast", TEXTS), 2, "", "--yes");
    assert_run(RUN(NULL, "broadcast", "--ru", "Привет"), 2, "", "--en");
    cr_assert_eq(scene.people.broadcasts, 0);
    assert_run(RUN("y\n", "broadcast", TEXTS), 0, "12", "12 people are told?");
    cr_assert_eq(scene.people.broadcasts, 1);
    cr_assert_str_eq(scene.people.told, "Привет|Hello");
    assert_run(RUN(NULL, "broadcast", TEXTS, "--yes", "-o", "json"), 0, "\"recipients\":\t12", "");
    cr_assert_eq(scene.people.broadcasts, 2);
}
