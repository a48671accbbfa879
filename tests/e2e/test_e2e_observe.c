/* What the pages for Prometheus tell of a running system: the gauges that alerts stand on move with the real thing. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/claude_client.h"
#include "system.h"

enum { PAGE_BYTES = 1024 * 1024, WAIT_MS = 60000 };

#define SWEEP(what) "family_emotions_job_last_" what "_timestamp_seconds{job_name=\"idempotency_sweep\"}"
#define FLUSH "family_emotions_job_last_success_timestamp_seconds{job_name=\"usage_flush\"}"
#define SHOWN "family_emotions_bot_safety_messages_total{result=\"shown\"}"

/* The value of a series, as it stands on the page; -1: it is not there. */
static double value_of(uint16_t port, const char *series)
{
    char *page = malloc(PAGE_BYTES);
    cr_assert_not_null(page);
    char needle[200];
    snprintf(needle, sizeof(needle), "\n%s ", series);
    const char *at = system_get(port, "/metrics", page, PAGE_BYTES) == 200 ? strstr(page, needle) : NULL;
    double value = at == NULL ? -1 : strtod(at + strlen(needle), NULL);
    free(page);
    return value;
}

/* Waits until the series is at least (or, with `below`, under) the bound. */
static void wait_for(uint16_t port, const char *series, bool below, double bound)
{
    uint64_t until_ms = fam_mono_ms() + WAIT_MS;
    double value = value_of(port, series);
    while (below ? value >= bound : value < bound) {
        cr_assert_lt(fam_mono_ms(), until_ms, "%s stays at %g", series, value);
        usleep(50000);
        value = value_of(port, series);
    }
}

/* Prometheus' own tool finds nothing to complain about. */
static void check_page(uint16_t port)
{
    char *page = malloc(PAGE_BYTES), out[4096];
    cr_assert_not_null(page);
    cr_assert_eq(system_get(port, "/metrics", page, PAGE_BYTES), 200);
    const char *const argv[] = {"promtool", "check", "metrics", NULL};
    cr_expect_eq(proc_run(argv, NULL, page, out, sizeof(out)), 0, "%s", out);
    free(page);
}

Test(e2e_observe, the_server_tells_of_its_database_its_jobs_its_money_and_its_disk, .timeout = 240)
{
    static struct system system;
    static struct cl_sim claude;
    char dir[64], base_url[128];
    cr_assert(proc_tmpdir(dir, sizeof(dir)));
    cr_assert(cl_sim_start(&claude, dir, NULL));
    snprintf(base_url, sizeof(base_url), "ANTHROPIC_BASE_URL=%s", claude.base_url);
    const char *const extra[] = {base_url, "ANTHROPIC_API_KEY=sk-test-of-nobody", "FAM_CLAUDE_BUDGET_DAY=5.50", NULL};
    double before = (double)fam_wall_ms() / 1000;
    system_start(&system, extra);
    uint16_t port = system.http_port;
    wait_for(port, "family_emotions_db_up", false, 1);
    wait_for(port, SWEEP("success"), false, before);
    cr_assert_geq(value_of(port, SWEEP("start")), before);
    wait_for(port, FLUSH, false, before);
    cr_assert_gt(value_of(port, "family_emotions_disk_free_bytes"), 0);

    cr_assert_float_eq(value_of(port, "family_emotions_claude_budget_day_usd"), 5.5, 1e-9);
    cr_assert_float_eq(value_of(port, "family_emotions_claude_spent_today_usd"), 0, 1e-9);
    struct person parent = system_family(&system, 6100, 7);
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    cr_assert_eq(system_translate(&system, &parent, "Ненавижу тебя!", "k", &rpc, &status), FAM_OK, "%s",
                 status.message);
    fam_rpc_done(&rpc);
    double spent = value_of(port, "family_emotions_claude_spent_today_usd");
    cr_assert(spent > 0 && spent < 0.1, "%g", spent);
    check_page(port);

    pg_server_halt(&system.pg);
    wait_for(port, "family_emotions_db_up", true, 1);
    cr_assert(pg_server_restart(&system.pg));
    wait_for(port, "family_emotions_db_up", false, 1);
    system_stop(&system);
    cr_expect_eq(cl_sim_stop(&claude), 0);
    proc_rmtree(dir);
}

Test(e2e_observe, the_bot_tells_of_help_lines_and_of_an_update_that_waits, .timeout = 240)
{
    static struct system system;
    struct tg_shown shown;
    system_start(&system, NULL);
    system_start_bot(&system);
    system_family(&system, 6200, 7);
    uint16_t port = system.bot_http_port;
    cr_assert_float_eq(value_of(port, SHOWN), 0, 1e-9, "born at 0");
    uint64_t after = tg_now(&system.telegram);
    cr_assert_neq(tg_say(&system.telegram, 6200, "Я хочу умереть"), 0);
    cr_assert(tg_wait_message(&system.telegram, 6200, after, WAIT_MS, &shown));
    cr_assert(shown.is_protected, "%s", shown.text);
    wait_for(port, SHOWN, false, 1);
    check_page(port);
    cr_assert_float_eq(value_of(port, "family_emotions_bot_safety_messages_total{result=\"missed\"}"), 0, 1e-9);

    wait_for(port, "family_emotions_bot_oldest_update_age_seconds", true, 0.001);
    cr_assert(tg_fault(&system.telegram, "{\"method\":\"sendMessage\",\"delay_ms\":1500}"));
    cr_assert_neq(tg_say(&system.telegram, 6200, "Нет!"), 0);
    wait_for(port, "family_emotions_bot_oldest_update_age_seconds", false, 0.5);
    cr_assert(tg_clear_faults(&system.telegram));
    wait_for(port, "family_emotions_bot_oldest_update_age_seconds", true, 0.001);
    system_stop(&system);
}
