/* test_e2e_errors.c: what Sentry learns of the three programs, and that it learns no word of anybody. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "sim/sentry_sim.h"
#include "support/claude_client.h"
#include "system.h"

enum { WAIT_MS = 60000, ENDED_BY_SEGV = 128 + SIGSEGV };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool SANITIZED = true; /* the sanitizers have handlers of their own */
#else
static const bool SANITIZED = false;
#endif

static struct system whole;
static struct sentry_sim *sentry;
static char dsn[160];

static void set_up(void)
{
    char text[128];
    signal(SIGPIPE, SIG_IGN);
    sentry = sentry_sim_start();
    cr_assert_not_null(sentry);
    sentry_sim_dsn(sentry, text, sizeof(text));
    (void)snprintf(dsn, sizeof(dsn), "SENTRY_DSN=%s", text);
}

static void tear_down(void)
{
    char problem[SENTRY_SIM_PROBLEM_SIZE];
    sentry_sim_problem(sentry, problem);
    cr_expect_eq(sentry_sim_refused(sentry), 0, "%s", problem);
    sentry_sim_stop(sentry);
}

TestSuite(e2e_errors, .init = set_up, .fini = tear_down, .timeout = 240);

static cJSON *event_of(size_t index)
{
    cr_assert(sentry_sim_wait(sentry, index + 1, WAIT_MS), "event %zu did not come", index);
    char *text = sentry_sim_event(sentry, index);
    cr_assert_not_null(text);
    cJSON *event = fam_json_parse(text, strlen(text), 1 << 20);
    cr_assert_not_null(event);
    free(text);
    return event;
}

static const char *program_of(const cJSON *event)
{
    return fam_json_string(fam_json_get(event, "tags"), "program");
}

/* Does a frame of the crash name this function in this file? */
static bool has_frame(const cJSON *event, const char *function, const char *file)
{
    const cJSON *frame;
    const cJSON *value = cJSON_GetArrayItem(fam_json_get(fam_json_get(event, "exception"), "values"), 0);
    cJSON_ArrayForEach(frame, fam_json_get(fam_json_get(value, "stacktrace"), "frames"))
    {
        const char *name = fam_json_string(frame, "function");
        const char *path = fam_json_string(frame, "filename");
        if (name != NULL && path != NULL && strcmp(name, function) == 0 && strcmp(path, file) == 0) {
            return fam_json_bool(frame, "in_app");
        }
    }
    return false;
}

static bool has_ended(void *context)
{
    return !proc_is_running(context);
}

/* Sends the signal and waits for the end that follows; the exit status. The signal is for the main thread: one for the
 * process goes to whichever thread does not block it, and the main thread does while it makes another. */
static int crash(struct proc *proc)
{
    cr_assert_eq(syscall(SYS_tgkill, proc->pid, proc->pid, SIGSEGV), 0);
    cr_assert(proc_wait_until(has_ended, proc, WAIT_MS));
    return proc_stop(proc, 0, 1000);
}

/* ---- crashes ---- */

#define PHRASE "Зебулон сказал: ненавижу кетцаля, +7 999 123-45-67"
static const char *const SEEDED[] = {"Зебулон", "ненавижу", "кетцал", "999 123", "PHRASE-KEY", "sk-test-of-nobody"};

struct parent {
    struct person person;
    enum fam_code code;
};

static void *say(void *context)
{
    struct parent *parent = context;
    struct fam_rpc rpc;
    struct fam_status status;
    parent->code = system_translate(&whole, &parent->person, PHRASE, "PHRASE-KEY", &rpc, &status);
    fam_rpc_done(&rpc);
    return NULL;
}

static void assert_nothing_personal(const char *log)
{
    for (size_t i = 0; i < FAM_ARRAY_SIZE(SEEDED); i++) {
        cr_expect_not(sentry_sim_saw(sentry, SEEDED[i]), "%s was sent", SEEDED[i]);
        cr_expect_null(strstr(log, SEEDED[i]), "%s is in the log", SEEDED[i]);
    }
}

static void set_patience(const char *setting)
{
    for (size_t i = 0; whole.server_env[i] != NULL; i++) {
        if (strncmp(whole.server_env[i], "FAM_CLAUDE_PATIENCE_MS=", strlen("FAM_CLAUDE_PATIENCE_MS=")) == 0) {
            free(whole.server_env[i]);
            whole.server_env[i] = strdup(setting);
        }
    }
}

Test(e2e_errors, famserver_that_crashes_over_a_phrase_is_one_event_with_a_readable_stack_and_no_word_of_it)
{
    struct cl_sim claude;
    char url[128];
    pthread_t thread;
    if (SANITIZED) {
        cr_skip_test("sanitizers have handlers of their own");
    }
    char dir[64];
    cr_assert(proc_tmpdir(dir, sizeof(dir)));
    cr_assert(cl_sim_start(&claude, dir, NULL));
    (void)snprintf(url, sizeof(url), "ANTHROPIC_BASE_URL=%s", claude.base_url);
    const char *const extra[] = {dsn, url, "ANTHROPIC_API_KEY=sk-test-of-nobody", "FAM_CLAUDE_PATIENCE_MS=60000", NULL};
    system_start(&whole, extra);
    struct parent parent = {.person = system_family(&whole, 7001, 7), .code = FAM_UNKNOWN};
    cr_assert(cl_fault(&claude, "{\"hang\":true}"));
    cr_assert_eq(pthread_create(&thread, NULL, say, &parent), 0);
    cr_assert(cl_wait(&claude, "{\"requests\":1}", WAIT_MS)); /* the phrase is on its way */
    cr_expect_eq(crash(&whole.server), ENDED_BY_SEGV);
    char *log = proc_read_file(whole.server.err_path);
    cr_assert_not_null(log);
    cJSON *event = event_of(0);
    cr_expect_eq(sentry_sim_events(sentry), 1);
    cr_expect_str_eq(program_of(event), "famserver");
    cr_expect_str_eq(fam_json_string(event, "level"), "fatal");
    cr_expect(has_frame(event, "serve", "server/main.c"));
    cr_expect(has_frame(event, "main", "server/main.c"));
    cr_expect_not_null(strstr(log, "the program crashed"), "%s", log);
    assert_nothing_personal(log);
    cJSON_Delete(event);
    free(log);
    /* Whoever starts it again has all as it was, and the parent an answer. */
    cr_assert(cl_clear_faults(&claude));
    set_patience("FAM_CLAUDE_PATIENCE_MS=300"); /* the dead one's claim on the phrase lasts for longer */
    system_run_server(&whole);
    cr_assert(system_wait_ready(&whole, SYSTEM_READY_MS));
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_expect(parent.code == FAM_OK || parent.code == FAM_UNAVAILABLE, "%s", fam_code_name(parent.code));
    system_stop(&whole);
    cr_expect_eq(cl_sim_stop(&claude), 0);
    proc_rmtree(dir);
}

Test(e2e_errors, famctl_that_crashes_is_one_event)
{
    if (SANITIZED) {
        cr_skip_test("sanitizers have handlers of their own");
    }
    /* A server that takes connections and says nothing. */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(fd, 8), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    char dir[64];
    char url[64];
    struct proc famctl;
    cr_assert(proc_tmpdir(dir, sizeof(dir)));
    (void)snprintf(url, sizeof(url), "tcp://127.0.0.1:%u", ntohs(address.sin_port));
    const char *argv[] = {FAM_BIN_DIR "/famctl", "health", "--server", url, "--timeout", "60000", NULL};
    const char *env[] = {"FAM_ENVIRONMENT=test", dsn, "FAM_TOKEN=fam_of_nobody", NULL};
    cr_assert(proc_start(&famctl, dir, "famctl", argv, env, NULL));
    int peer = accept(fd, NULL, NULL); /* it has begun */
    cr_assert_geq(peer, 0);
    cr_expect_eq(crash(&famctl), ENDED_BY_SEGV);
    cJSON *event = event_of(0);
    cr_expect_eq(sentry_sim_events(sentry), 1);
    cr_expect_str_eq(program_of(event), "famctl");
    char *log = proc_read_file(famctl.err_path);
    cr_expect(has_frame(event, "main", "ctl/main.c"), "%s", log);
    free(log);
    cr_expect_not(sentry_sim_saw(sentry, "fam_of_nobody"));
    cJSON_Delete(event);
    close(peer);
    close(fd);
    proc_rmtree(dir);
}

/* ---- errors ---- */

static bool is_not_ready(void *context)
{
    char body[4096];
    (void)context;
    return system_get(whole.http_port, "/health/ready", body, sizeof(body)) == 503;
}

static double metric_value(uint16_t port, const char *series)
{
    static char page[1 << 20];
    cr_assert_eq(system_get(port, "/metrics", page, sizeof(page)), 200);
    const char *at = strstr(page, series);
    cr_assert_not_null(at, "%s", series);
    return strtod(at + strlen(series), NULL);
}

/* Phrases while the database is away; all of them fail. */
static void fail_often(struct person *person, int times)
{
    char key[32];
    for (int i = 0; i < times; i++) {
        struct fam_rpc rpc;
        struct fam_status status;
        (void)snprintf(key, sizeof(key), "away-%d", i);
        cr_expect_neq(system_translate(&whole, person, PHRASE, key, &rpc, &status), FAM_OK);
        fam_rpc_done(&rpc);
    }
}

static void assert_fingerprints_differ(size_t count)
{
    char *texts[16] = {NULL};
    cr_assert_leq(count, FAM_ARRAY_SIZE(texts));
    for (size_t i = 0; i < count; i++) {
        cJSON *event = event_of(i);
        texts[i] = cJSON_PrintUnformatted(fam_json_get(event, "fingerprint"));
        cr_assert_not_null(texts[i]);
        for (size_t before = 0; before < i; before++) {
            cr_expect_str_neq(texts[i], texts[before]);
        }
        cJSON_Delete(event);
    }
    for (size_t i = 0; i < count; i++) {
        free(texts[i]);
    }
}

Test(e2e_errors, a_database_that_goes_away_is_one_event_and_not_hundreds)
{
    const char *const extra[] = {dsn, "FAM_LIMIT_TRANSLATIONS_HOUR=100000", "FAM_LIMIT_TRANSLATIONS_DAY=100000", NULL};
    system_start(&whole, extra);
    struct person person = system_family(&whole, 7002, 7);
    cr_expect_eq(sentry_sim_requests(sentry), 0, "an event in quiet times");
    for (int outage = 0; outage < 2; outage++) {
        pg_server_halt(&whole.pg);
        cr_assert(proc_wait_until(is_not_ready, NULL, WAIT_MS));
        fail_often(&person, 2);
        cr_assert(pg_server_restart(&whole.pg));
        cr_assert(system_wait_ready(&whole, SYSTEM_READY_MS));
    }
    cJSON *event = event_of(0);
    cr_expect_str_eq(program_of(event), "famserver");
    cr_expect_str_eq(fam_json_string(event, "level"), "error");
    cr_expect_str_eq(fam_json_string(event, "environment"), "test");
    cJSON_Delete(event);
    size_t events = sentry_sim_events(sentry);
    cr_expect_leq(events, 4, "%zu events", events);
    assert_fingerprints_differ(events);
    cr_expect_geq(metric_value(whole.http_port, "family_emotions_sentry_events_total{result=\"sent\"} "), 1);
    cr_expect_geq(metric_value(whole.http_port, "family_emotions_sentry_events_total{result=\"repeated\"} "), 1);
    char *log = proc_read_file(whole.server.err_path);
    assert_nothing_personal(log);
    free(log);
    system_stop(&whole);
}

Test(e2e_errors, with_a_sentry_that_hangs_all_goes_on_and_the_server_stops_in_time)
{
    const char *const extra[] = {dsn, NULL};
    sentry_sim_weather(sentry, (struct sentry_weather){.hang = true});
    system_start(&whole, extra);
    struct person person = system_family(&whole, 7003, 7);
    pg_server_halt(&whole.pg);
    cr_assert(proc_wait_until(is_not_ready, NULL, WAIT_MS));
    cr_assert(sentry_sim_wait_requests(sentry, 1, WAIT_MS));
    cr_assert(pg_server_restart(&whole.pg));
    cr_assert(system_wait_ready(&whole, SYSTEM_READY_MS));
    struct fam_rpc rpc;
    struct fam_status status;
    cr_expect_eq(system_translate(&whole, &person, PHRASE, "goes-on", &rpc, &status), FAM_OK, "%s", status.message);
    fam_rpc_done(&rpc);
    system_stop(&whole);
}

Test(e2e_errors, fambot_whose_token_is_refused_is_one_event_without_the_token)
{
    system_start(&whole, NULL);
    system_start_bot(&whole);
    cr_expect_eq(proc_stop(&whole.bot, SIGTERM, WAIT_MS), 0);
    size_t count = 0;
    while (whole.bot_env[count] != NULL) {
        count++;
    }
    cr_assert_lt(count + 1, SYSTEM_ENV_MAX);
    whole.bot_env[count] = strdup(dsn);
    cr_assert(tg_fault(&whole.telegram, "{\"method\":\"getUpdates\",\"times\":1000,\"status\":401}"));
    system_run_bot(&whole);
    cJSON *event = event_of(0);
    cr_expect_str_eq(program_of(event), "fambot");
    cr_expect_str_eq(fam_json_string(event, "logger"), "poller");
    cr_expect_not(sentry_sim_saw(sentry, TG_TEST_TOKEN));
    cJSON_Delete(event);
    cr_assert(tg_clear_faults(&whole.telegram));
    system_stop(&whole);
}

/* ---- the setting ---- */

Test(e2e_errors, a_wrong_dsn_stops_each_program_and_its_key_is_not_repeated)
{
    static const char *const ARGUMENTS[][4] = {{FAM_BIN_DIR "/famserver", "--check-config", NULL},
                                               {FAM_BIN_DIR "/famserver", NULL},
                                               {FAM_BIN_DIR "/fambot", "--check-config", NULL},
                                               {FAM_BIN_DIR "/fambot", NULL},
                                               {FAM_BIN_DIR "/famctl", "health", NULL}};
    const char *env[] = {
        "SENTRY_DSN=https://topsecretkey@sentry.example/project", "DATABASE_URL=postgresql:///nobody",
        "FAM_MASTER_KEY=v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "TELEGRAM_BOT_TOKEN=" TG_TEST_TOKEN, NULL};
    char dir[64];
    cr_assert(proc_tmpdir(dir, sizeof(dir)));
    for (size_t i = 0; i < FAM_ARRAY_SIZE(ARGUMENTS); i++) {
        struct proc proc;
        cr_assert(proc_start(&proc, dir, "wrong", ARGUMENTS[i], env, NULL));
        cr_assert(proc_wait_until(has_ended, &proc, WAIT_MS), "%s goes on", ARGUMENTS[i][0]);
        cr_expect_gt(proc_stop(&proc, 0, 1000), 0, "%s", ARGUMENTS[i][0]);
        char *out = proc_read_file(proc.out_path);
        char *err = proc_read_file(proc.err_path);
        cr_assert(out != NULL && err != NULL);
        cr_expect_not_null(strstr(err, "SENTRY_DSN must be https://KEY@HOST/PROJECT"), "%s: %s", ARGUMENTS[i][0], err);
        cr_expect(strstr(err, "topsecretkey") == NULL && strstr(out, "topsecretkey") == NULL);
        free(out);
        free(err);
    }
    proc_rmtree(dir);
}
