/* test_crash.c: a program that crashes becomes one event with a readable stack and without a word of anybody
 * (lib/base/crash.h, crash/). */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/json.h"
#include "proc.h"
#include "sim/sentry_sim.h"

enum { WAIT_MS = 30000, CRASHED = 128 };

#define WORDS "Zebulon ненавижу Quetzal"
static const char *const SEEDED[] = {"Zebulon", "ненавижу", "Quetzal", "Melchior"};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool SANITIZED = true; /* the sanitizers have handlers of their own */
#else
static const bool SANITIZED = false;
#endif

static struct {
    char dir[256];
    struct sentry_sim *sim;
    char dsn[160];
    struct proc victim;
    char *log; /* what the victim and famcrash wrote to stderr */
} world;

static void set_up(void)
{
    char dsn[128];
    if (SANITIZED) {
        cr_skip_test("sanitizers have handlers of their own");
    }
    signal(SIGPIPE, SIG_IGN);
    cr_assert(proc_tmpdir(world.dir, sizeof(world.dir)));
    world.sim = sentry_sim_start();
    cr_assert_not_null(world.sim);
    sentry_sim_dsn(world.sim, dsn, sizeof(dsn));
    (void)snprintf(world.dsn, sizeof(world.dsn), "SENTRY_DSN=%s", dsn);
}

static void tear_down(void)
{
    char problem[SENTRY_SIM_PROBLEM_SIZE];
    if (world.sim != NULL) {
        sentry_sim_problem(world.sim, problem);
        cr_expect_eq(sentry_sim_refused(world.sim), 0, "%s", problem);
        for (size_t i = 0; i < FAM_ARRAY_SIZE(SEEDED); i++) {
            cr_expect_not(sentry_sim_saw(world.sim, SEEDED[i]), "%s was sent", SEEDED[i]);
            cr_expect(world.log == NULL || strstr(world.log, SEEDED[i]) == NULL, "%s is in the log", SEEDED[i]);
        }
        sentry_sim_stop(world.sim);
        free(world.log);
        proc_rmtree(world.dir);
    }
}

TestSuite(crash, .init = set_up, .fini = tear_down, .timeout = 90);

static bool has_ended(void *context)
{
    return !proc_is_running(context);
}

/* Runs the victim to its end; its exit status. `file` may be NULL, `dsn` too. */
static int run_victim(const char *how, const char *file, const char *dsn)
{
    const char *argv[] = {FAM_BIN_DIR "/crash-victim", how, WORDS, file, NULL};
    const char *env[] = {"FAM_ENVIRONMENT=test", "FAM_LOG_FORMAT=json", "SEEDED=Melchior", dsn, NULL};
    cr_assert(proc_start(&world.victim, world.dir, "victim", argv, env, NULL));
    cr_assert(proc_wait_until(has_ended, &world.victim, WAIT_MS), "the victim does not end");
    int code = proc_stop(&world.victim, 0, 1000);
    world.log = proc_read_file(world.victim.err_path);
    return code;
}

static cJSON *event_of(size_t index)
{
    char *text = sentry_sim_event(world.sim, index);
    cr_assert_not_null(text, "no event came; the log: %s", world.log);
    cJSON *event = fam_json_parse(text, strlen(text), 1 << 20);
    cr_assert_not_null(event);
    free(text);
    return event;
}

static const cJSON *exception_of(const cJSON *event)
{
    return cJSON_GetArrayItem(fam_json_get(fam_json_get(event, "exception"), "values"), 0);
}

/* Its place among the frames, the newest being 0; -1: none. */
static int find_frame(const cJSON *event, const char *function, int64_t *ret_line)
{
    const cJSON *frames = fam_json_get(fam_json_get(exception_of(event), "stacktrace"), "frames");
    int count = cJSON_GetArraySize(frames);
    for (int i = 0; i < count; i++) {
        const cJSON *frame = cJSON_GetArrayItem(frames, count - 1 - i);
        const char *name = fam_json_string(frame, "function");
        if (name != NULL && strcmp(name, function) == 0) {
            const char *file = fam_json_string(frame, "filename");
            cr_expect(file != NULL && strcmp(file, "tests/crash/victim.c") == 0, "%s", file == NULL ? "" : file);
            cr_expect(fam_json_bool(frame, "in_app"));
            cr_expect_str_eq(fam_json_string(frame, "package"), "crash-victim");
            cr_expect(fam_json_i64(frame, "lineno", ret_line));
            return i;
        }
    }
    return -1;
}

/* In which line of the victim's source does the text stand? */
static int64_t line_with(const char *text)
{
    char *source = proc_read_file(FAM_SOURCE_DIR "/tests/crash/victim.c");
    cr_assert_not_null(source);
    const char *at = strstr(source, text);
    cr_assert_not_null(at, "%s", text);
    int64_t line = 1;
    for (const char *before = source; before < at; before++) {
        line += *before == '\n' ? 1 : 0;
    }
    free(source);
    return line;
}

Test(crash, a_segmentation_fault_is_one_event_with_functions_and_lines_and_the_program_ends_by_the_signal)
{
    int64_t line = 0;
    cr_expect_eq(run_victim("segv", NULL, world.dsn), CRASHED + SIGSEGV);
    cr_expect_eq(sentry_sim_events(world.sim), 1);
    cJSON *event = event_of(0);
    cr_expect_str_eq(fam_json_string(event, "level"), "fatal");
    cr_expect_str_eq(fam_json_string(exception_of(event), "type"), "SIGSEGV");
    cr_expect_eq(strncmp(fam_json_string(exception_of(event), "value"), "SEGV_MAPERR in victim_inner (tests/crash", 40),
                 0);
    cr_expect_str_eq(fam_json_string(fam_json_get(exception_of(event), "mechanism"), "type"), "signalhandler");
    cr_expect_eq(find_frame(event, "victim_inner", &line), 0);
    cr_expect_eq(line, line_with("/* the line that crashes */"));
    cr_expect_eq(find_frame(event, "victim_middle", &line), 1);
    cr_expect_eq(line, line_with("victim_inner(here);"));
    cr_expect_eq(find_frame(event, "victim_outer", &line), 2);
    cr_expect_eq(line, line_with("victim_middle(copy);"));
    cr_expect_eq(find_frame(event, "main", &line), 3);
    cJSON_Delete(event);
}

Test(crash, the_log_has_one_line_with_the_stack_in_short)
{
    (void)run_victim("segv", NULL, world.dsn);
    size_t size = strlen(world.log);
    cr_assert_gt(size, 0);
    cr_assert_eq(strchr(world.log, '\n'), world.log + size - 1, "%s", world.log);
    cJSON *line = fam_json_parse(world.log, size, size);
    cr_assert_not_null(line, "%s", world.log);
    cr_expect_str_eq(fam_json_string(line, "program"), "crash-victim");
    cr_expect_str_eq(fam_json_string(line, "level"), "error");
    cr_expect_str_eq(fam_json_string(line, "signal"), "SIGSEGV");
    cr_expect_str_eq(fam_json_string(line, "cause"), "SEGV_MAPERR");
    cr_expect_eq(strncmp(fam_json_string(line, "frame_0"), "victim_inner tests/crash/victim.c:", 34), 0);
    cr_expect_eq(strncmp(fam_json_string(line, "frame_1"), "victim_middle tests/crash/victim.c:", 35), 0);
    cJSON_Delete(line);
}

Test(crash, without_a_dsn_there_is_the_line_in_the_log_and_nothing_is_sent)
{
    cr_expect_eq(run_victim("segv", NULL, NULL), CRASHED + SIGSEGV);
    cr_expect_not_null(strstr(world.log, "victim_inner tests/crash/victim.c:"), "%s", world.log);
    cr_expect_eq(sentry_sim_requests(world.sim), 0);
}

Test(crash, a_failed_assertion_shows_who_aborted)
{
    int64_t line = 0;
    cr_expect_eq(run_victim("abort", NULL, world.dsn), CRASHED + SIGABRT);
    cJSON *event = event_of(0);
    cr_expect_str_eq(fam_json_string(exception_of(event), "type"), "SIGABRT");
    cr_expect_gt(find_frame(event, "victim_middle", &line), 0);
    cr_expect_eq(line, line_with("abort();"));
    cJSON_Delete(event);
}

Test(crash, a_function_that_was_inlined_is_a_frame_of_its_own)
{
    int64_t line = 0;
    cr_expect_eq(run_victim("divide", NULL, world.dsn), CRASHED + SIGFPE);
    cJSON *event = event_of(0);
    cr_expect_eq(find_frame(event, "victim_inlined", &line), 0);
    cr_expect_eq(line, line_with("return number / zero;"));
    cr_expect_eq(find_frame(event, "victim_middle", &line), 1);
    cr_expect_eq(line, line_with("victim_inlined((int)strlen(words))"));
    cJSON_Delete(event);
}

Test(crash, a_call_through_a_null_pointer_shows_the_caller)
{
    int64_t line = 0;
    cr_expect_eq(run_victim("null-call", NULL, world.dsn), CRASHED + SIGSEGV);
    cJSON *event = event_of(0);
    cr_expect_eq(find_frame(event, "victim_middle", &line), 1);
    cr_expect_eq(line, line_with("nowhere();"));
    cJSON_Delete(event);
}

Test(crash, a_stack_that_ran_out_is_reported_from_another_stack)
{
    int64_t line = 0;
    cr_expect_eq(run_victim("overflow", NULL, world.dsn), CRASHED + SIGSEGV);
    cJSON *event = event_of(0);
    cr_expect_geq(find_frame(event, "victim_overflow", &line), 0);
    cJSON_Delete(event);
}

Test(crash, a_threads_stack_that_ran_out_is_reported_when_the_thread_has_another)
{
    int64_t line = 0;
    cr_expect_eq(run_victim("overflow-thread", NULL, world.dsn), CRASHED + SIGSEGV);
    cJSON *event = event_of(0);
    cr_expect_geq(find_frame(event, "victim_overflow", &line), 0);
    cJSON_Delete(event);
}

Test(crash, threads_that_crash_together_are_one_event)
{
    cr_expect_eq(run_victim("threads", NULL, world.dsn), CRASHED + SIGSEGV);
    cr_expect_eq(sentry_sim_requests(world.sim), 1);
}

static off_t size_of(const char *path)
{
    struct stat info = {.st_size = 0};
    return stat(path, &info) == 0 ? info.st_size : 0;
}

Test(crash, other_threads_stand_still_while_the_crash_is_reported)
{
    char path[300];
    (void)snprintf(path, sizeof(path), "%s/alive", world.dir);
    sentry_sim_weather(world.sim, (struct sentry_weather){.hang = true});
    const char *argv[] = {FAM_BIN_DIR "/crash-victim", "segv", WORDS, path, NULL};
    const char *env[] = {"FAM_ENVIRONMENT=test", "FAM_LOG_FORMAT=json", world.dsn, NULL};
    cr_assert(proc_start(&world.victim, world.dir, "victim", argv, env, NULL));
    cr_assert(sentry_sim_wait_requests(world.sim, 1, WAIT_MS));
    off_t before = size_of(path); /* the report is on its way, so all stand */
    cr_assert_gt(before, 0);
    usleep(100000);
    cr_expect_eq(size_of(path), before, "a thread went on");
    cr_expect(proc_is_running(&world.victim), "the program does not wait for the report");
    cr_expect(proc_wait_until(has_ended, &world.victim, WAIT_MS));
    cr_expect_eq(proc_stop(&world.victim, 0, 1000), CRASHED + SIGSEGV);
    world.log = proc_read_file(world.victim.err_path);
    cr_expect_not_null(strstr(world.log, "was not reported to Sentry"), "%s", world.log);
}

Test(crash, with_sentry_down_the_program_ends_by_the_signal_and_the_log_has_the_stack)
{
    sentry_sim_weather(world.sim, (struct sentry_weather){.cut = true});
    cr_expect_eq(run_victim("segv", NULL, world.dsn), CRASHED + SIGSEGV);
    cr_expect_not_null(strstr(world.log, "victim_inner tests/crash/victim.c:"), "%s", world.log);
    cr_expect_not_null(strstr(world.log, "was not reported to Sentry"), "%s", world.log);
}

Test(crash, a_wrong_dsn_is_told_without_its_key)
{
    cr_expect_eq(run_victim("segv", NULL, "SENTRY_DSN=https://Quetzal@sentry.example/x"), CRASHED + SIGSEGV);
    cr_expect_not_null(strstr(world.log, "SENTRY_DSN must be"), "%s", world.log);
}

/* ---- without famcrash, and famcrash told nonsense ---- */

Test(crash, a_program_without_famcrash_beside_it_says_so)
{
    char path[300];
    char out[16];
    (void)snprintf(path, sizeof(path), "%s/crash-victim", world.dir);
    const char *copy[] = {"cp", FAM_BIN_DIR "/crash-victim", path, NULL};
    cr_assert_eq(proc_run(copy, NULL, NULL, out, sizeof(out)), 0);
    const char *argv[] = {path, "segv", WORDS, NULL};
    cr_assert(proc_start(&world.victim, world.dir, "victim", argv, NULL, NULL));
    cr_assert(proc_wait_until(has_ended, &world.victim, WAIT_MS));
    cr_expect_eq(proc_stop(&world.victim, 0, 1000), 3);
    world.log = proc_read_file(world.victim.err_path);
    cr_expect_not_null(strstr(world.log, "famcrash is not beside the program"), "%s", world.log);
}

static int run_famcrash(const char *input, char *ret_out, size_t size)
{
    const char *argv[] = {FAM_BIN_DIR "/famcrash", NULL};
    const char *env[] = {"FAM_LOG_FORMAT=json", NULL};
    return proc_run(argv, env, input, ret_out, size);
}

Test(crash, what_is_no_record_is_refused)
{
    char out[256];
    cr_expect_eq(run_famcrash("", out, sizeof(out)), 1);
    cr_expect_eq(run_famcrash("famcrsh1", out, sizeof(out)), 1);
    cr_expect_eq(run_famcrash("GET / HTTP/1.1\r\nHost: x\r\nAnd: more than the head of a record has bytes, by far\r\n",
                              out, sizeof(out)),
                 1);
}
