/* What an operator can see of a running system, and how much of its log. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/claude_client.h"
#include "system.h"

enum { WAIT_MS = 60000 };

/* What a page is to show. */
struct wish {
    struct system *system;
    const char *page;
    const char *text;
    char body[1 << 20];
};

static bool is_shown(void *context)
{
    struct wish *wish = context;
    (void)system_get(wish->system->http_port, wish->page, wish->body, sizeof(wish->body));
    return strstr(wish->body, wish->text) != NULL;
}

static void await_page(struct system *system, const char *page, const char *text)
{
    struct wish *wish = calloc(1, sizeof(*wish));
    cr_assert_not_null(wish);
    wish->system = system;
    wish->page = page;
    wish->text = text;
    cr_assert(proc_wait_until(is_shown, wish, WAIT_MS), "%s never shows %s, but %.4000s", page, text, wish->body);
    free(wish);
}

/* Does a log hold a line with all of these? */
struct trace {
    const char *path;
    const char *parts[3];
};

static bool has_parts(const char *line, const char *const parts[3])
{
    for (size_t i = 0; i < 3 && parts[i] != NULL; i++) {
        if (strstr(line, parts[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_logged(void *context)
{
    const struct trace *trace = context;
    char *log = proc_read_file(trace->path), *rest = NULL;
    bool found = false;
    for (char *line = log == NULL ? NULL : strtok_r(log, "\n", &rest); line != NULL && !found;
         line = strtok_r(NULL, "\n", &rest)) {
        found = has_parts(line, trace->parts);
    }
    free(log);
    return found;
}

static void await_line(const char *path, const char *first, const char *second, const char *third)
{
    struct trace trace = {path, {first, second, third}};
    cr_assert(proc_wait_until(is_logged, &trace, WAIT_MS), "no line with %s and %s", first, second);
}

Test(e2e_visible, one_request_id_leads_from_the_update_to_claude, .timeout = 240)
{
    struct system system;
    struct cl_sim claude;
    char dir[64], base_url[128], id[96], out[65536];
    cr_assert(proc_tmpdir(dir, sizeof(dir)));
    cr_assert(cl_sim_start(&claude, dir, NULL));
    snprintf(base_url, sizeof(base_url), "ANTHROPIC_BASE_URL=%s", claude.base_url);
    const char *const settings[] = {base_url, "ANTHROPIC_API_KEY=sk-test-of-nobody", NULL};
    system_start(&system, settings);
    system_start_bot(&system);
    (void)system_family(&system, 5200, 7);
    int64_t update = tg_say(&system.telegram, 5200, "Не хочу в школу!");
    cr_assert(tg_wait_confirmed(&system.telegram, update, WAIT_MS));
    snprintf(id, sizeof(id), "\"request_id\":\"tg-%.*s-%lld\"", (int)strcspn(TG_TEST_TOKEN, ":"), TG_TEST_TOKEN,
             (long long)update);
    await_line(system.bot.err_path, id, "update handled", NULL);
    await_line(system.server.err_path, id, "TranslationService/Translate", NULL);
    await_line(system.server.err_path, id, "claude answered", "\"code\":\"OK\"");
    /* famctl finds them by it. */
    id[strlen(id) - 1] = '\0';
    const char *const argv[] = {FAM_BIN_DIR "/famctl",
                                "logs",
                                "--request",
                                strrchr(id, '"') + 1,
                                system.bot.err_path,
                                system.server.err_path,
                                "-o",
                                "json",
                                NULL};
    cr_assert_eq(proc_run(argv, (const char *const[]){"ASAN_OPTIONS=detect_leaks=0", NULL}, NULL, out, sizeof(out)), 0);
    cr_assert_not_null(strstr(out, "update handled"), "%s", out);
    cr_assert_not_null(strstr(out, "claude answered"), "%s", out);
    system_stop(&system);
    cr_expect_eq(cl_sim_stop(&claude), 0);
    proc_rmtree(dir);
}

Test(e2e_visible, health_knows_of_telegram_what_the_bot_reports, .timeout = 240)
{
    struct system system;
    system_start(&system, NULL);
    await_page(&system, "/health", "\"telegram\":{\"status\":\"healthy\"");
    system_start_bot(&system);
    await_page(&system, "/metrics", "method=\"ReportBot\",code=\"OK\"} 1");
    await_page(&system, "/health", "\"telegram\":{\"status\":\"healthy\"");
    system_stop(&system);
}

Test(e2e_visible, claude_that_fails_makes_the_whole_degraded_and_not_more, .timeout = 240)
{
    struct system system;
    struct cl_sim claude;
    char dir[64], base_url[128];
    cr_assert(proc_tmpdir(dir, sizeof(dir)));
    cr_assert(cl_sim_start(&claude, dir, NULL));
    snprintf(base_url, sizeof(base_url), "ANTHROPIC_BASE_URL=%s", claude.base_url);
    const char *const settings[] = {base_url, "ANTHROPIC_API_KEY=sk-test-of-nobody", NULL};
    system_start(&system, settings);
    await_page(&system, "/health", "\"claude\":{\"status\":\"healthy\"");
    cr_assert(cl_fault(&claude, "{\"status\":500,\"times\":1000}"));
    struct person parent = system_family(&system, 5100, 7);
    static const char *const PHRASES[] = {"Не хочу спать!", "Уйди!", "Мне скучно", "Всё плохо"};
    for (size_t i = 0; i < sizeof(PHRASES) / sizeof(PHRASES[0]); i++) {
        struct fam_rpc rpc;
        struct fam_status status;
        char key[16];
        snprintf(key, sizeof(key), "key-%zu", i);
        cr_assert_eq(system_translate(&system, &parent, PHRASES[i], key, &rpc, &status), FAM_OK, "%s", status.message);
        fam_rpc_done(&rpc);
    }
    await_page(&system, "/health", "\"claude\":{\"status\":\"unhealthy\"");
    char body[8192];
    cr_assert_eq(system_get(system.http_port, "/health", body, sizeof(body)), 200);
    cr_assert_not_null(strstr(body, "{\"status\":\"degraded\""), "%s", body);
    cr_assert_eq(system_get(system.http_port, "/health/ready", body, sizeof(body)), 200);
    system_stop(&system);
    cr_expect_eq(cl_sim_stop(&claude), 0);
    proc_rmtree(dir);
}

Test(e2e_visible, the_level_of_the_log_changes_by_rpc_and_by_signal, .timeout = 120)
{
    struct system system;
    char servers[64], token[96], out[4096];
    system_start(&system, NULL);
    snprintf(servers, sizeof(servers), "FAM_SERVERS=tcp://127.0.0.1:%u", system.rpc_port);
    snprintf(token, sizeof(token), "FAM_TOKEN=%s", system.admin_token);
    const char *const env[] = {servers, token, "ASAN_OPTIONS=detect_leaks=0", NULL};
    const char *const quiet[] = {FAM_BIN_DIR "/famctl", "log", "level", "warn", NULL};
    cr_assert_eq(proc_run(quiet, env, NULL, out, sizeof(out)), 0, "%s", out);
    cr_assert_not_null(strstr(out, "info"), "the level until then: %s", out);
    const char *const again[] = {FAM_BIN_DIR "/famctl", "-o", "json", "log", "level", "warn", NULL};
    cr_assert_eq(proc_run(again, env, NULL, out, sizeof(out)), 0, "%s", out);
    cr_assert_not_null(strstr(out, "\"previous\":\t\"warn\""), "%s", out);
    cr_assert_eq(kill(system.server.pid, SIGUSR1), 0);
    await_line(system.server.err_path, "the level was changed by a signal", "\"to\":\"debug\"", NULL);
    cr_assert_eq(kill(system.server.pid, SIGUSR1), 0);
    await_line(system.server.err_path, "the level was changed by a signal", "\"to\":\"warn\"", NULL);
    system_stop(&system);
}
