/* Debian's Prometheus and Alertmanager on the shipped rules: nothing fires while all is well; what is broken is told to
 * the receiver of its severity, and that it is over when it is mended. Every duration is divided (alerts/tests/hasten);
 * promtool proves the true ones. The rest of the alerts: tests/soak/test_soak_alerts.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert_scene.h"

enum { STRANGER = 8800, WAIT_MS = 60000, OUT_BYTES = 16384, ASKED = 12, HALF_A_DAY_S = 43200 };

static int run_slo(struct alert_scene *scene, char ret_out[OUT_BYTES])
{
    return alert_scene_famctl(scene, (const char *const[]){"slo", NULL}, ret_out, OUT_BYTES);
}

/* Every expression of every panel has data; counted over 10 s, so it takes that long at least. */
struct panels {
    const struct alert_scene *scene;
    char out[OUT_BYTES];
};

static bool have_data(void *context)
{
    struct panels *panels = context;
    const char *const argv[] = {FAM_SOURCE_DIR "/dashboards/check-data", panels->scene->watch.url, "10s", NULL};
    return proc_run(argv, NULL, NULL, panels->out, OUT_BYTES) == 0;
}

static void all_is_quiet(struct alert_scene *scene)
{
    static struct panels panels;
    char fired[1024], out[OUT_BYTES];
    panels.scene = scene;
    uint64_t after = tg_now(&scene->system.telegram);
    struct tg_shown shown;
    (void)system_family(&scene->system, STRANGER, 14);
    cr_assert_neq(tg_say(&scene->system.telegram, STRANGER, "Я хочу умереть"), 0);
    cr_assert(tg_wait_message(&scene->system.telegram, STRANGER, after, WAIT_MS, &shown));
    cr_assert(proc_wait_until(have_data, &panels, WAIT_MS), "panels without data:\n%s", panels.out);
    cr_assert(watch_wait(&scene->watch, "count_over_time(up{job=\"famserver\"}[1h]) >= 30", true, WAIT_MS));
    watch_expect(&scene->watch, 0, ALERT_SIM_WATCHDOG, "Watchdog", false);
    alert_sim_fired(scene->watch.sim, 0, fired, sizeof(fired));
    cr_expect_str_eq(fired, "", "fires though all is well: %s", fired);
    watch_names(&scene->watch, "count by (alertname) (count_over_time(ALERTS{alertstate=\"firing\"}[1h]))", fired,
                sizeof(fired));
    cr_expect_str_eq(fired, "Watchdog", "fired though all was well: %s", fired);
    cr_expect_eq(run_slo(scene, out), 0, "%s", out);
    cr_expect(strstr(out, "translation") != NULL && strstr(out, "bot_updates") != NULL &&
                  strstr(out, "safety_line") != NULL && strstr(out, "checkins") != NULL,
              "%s", out);
}

/* What a person on duty gets to read, in the services' own formats (alert_sim.h checks these). */
static void texts_are_whole(struct alert_scene *scene)
{
    char *event = alert_sim_last(scene->watch.sim, ALERT_SIM_PAGERDUTY);
    char *message = alert_sim_last(scene->watch.sim, ALERT_SIM_TELEGRAM);
    cr_assert(event != NULL && message != NULL);
    cr_expect_not_null(strstr(event, "SafetyLineMissed: A help line was not shown"), "%s", event);
    cr_expect_not_null(strstr(event, "docs/runbooks/SafetyLineMissed.md"), "%s", event);
    cr_expect_not_null(strstr(event, "/d/fam-safety"), "%s", event);
    cr_expect_not_null(strstr(message, "SafetyLineMissed"), "%s", message);
    cr_expect_not_null(strstr(message, "docs/runbooks/SafetyLineMissed.md"), "%s", message);
    free(event);
    free(message);
}

static void a_help_line_is_missed(struct alert_scene *scene)
{
    char fault[192], out[OUT_BYTES];
    size_t mark = alert_scene_mark(scene);
    snprintf(fault, sizeof(fault),
             "{\"method\":\"sendMessage\",\"chat_id\":%d,\"status\":400,\"times\":1000,"
             "\"description\":\"Bad Request: message text is empty\"}",
             STRANGER);
    cr_assert(tg_fault(&scene->system.telegram, fault));
    cr_assert_neq(tg_say(&scene->system.telegram, STRANGER, "Я хочу умереть"), 0);
    alert_scene_fires(scene, mark, "critical", "SafetyLineMissed");
    texts_are_whole(scene);
    cr_expect_eq(run_slo(scene, out), 3, "%s", out);
    cr_assert(tg_clear_faults(&scene->system.telegram));
    alert_scene_clears(scene, mark, "critical", "SafetyLineMissed");
}

/* The breaker then stays open for its minute; until famserver is started anew. */
static void claude_fails(struct alert_scene *scene, size_t mark)
{
    cr_assert(cl_fault(&scene->claude, "{\"status\":500,\"times\":100000}"));
    alert_scene_fires(scene, mark, "critical", "ClaudeAPIErrors");
    cr_assert(cl_clear_faults(&scene->claude));
}

static void the_breaker_is_told_when_its_reason_is_over(struct alert_scene *scene, size_t mark)
{
    alert_scene_clears(scene, mark, "critical", "ClaudeAPIErrors");
    alert_scene_fires(scene, mark, "warning", "BreakerOpen");
}

static void postgresql_and_telegram_go_away(struct alert_scene *scene)
{
    char fired[1024];
    size_t mark = alert_scene_mark(scene);
    pg_server_halt(&scene->system.pg);
    cr_assert(tg_fault(&scene->system.telegram, "{\"method\":\"getUpdates\",\"status\":502,\"times\":100000}"));
    alert_scene_fires(scene, mark, "critical", "DatabaseDown");
    alert_scene_fires(scene, mark, "critical", "BotNotPolling");
    alert_sim_fired(scene->watch.sim, mark, fired, sizeof(fired));
    cr_expect_null(strstr(fired, "HighErrorRate"), "what follows is not told: %s", fired);
    cr_assert(tg_clear_faults(&scene->system.telegram));
    cr_assert(pg_server_restart(&scene->system.pg));
    alert_scene_clears(scene, mark, "critical", "DatabaseDown");
    alert_scene_clears(scene, mark, "critical", "BotNotPolling");
}

/* The hour of check-ins comes while there is no famserver, and is three minutes ago when there is one again: it shows
 * them before Prometheus sees its counters for the first time. (By the true clock, without a bot: test_soak_alerts.) */
static void famserver_dies(struct alert_scene *scene, size_t claude_mark)
{
    size_t mark = alert_scene_mark(scene);
    (void)alert_scene_ask_parents(scene, ASKED, HALF_A_DAY_S);
    alert_scene_kill_server(scene);
    alert_scene_fires(scene, mark, "critical", "ServiceDown");
    cr_assert(pg_server_sql(scene->system.pg.conninfo,
                            "UPDATE schedules SET next_at = now() - INTERVAL '3 minutes' WHERE job = 'send_checkin'",
                            NULL, 0));
    alert_scene_run_server(scene, "1000");
    alert_scene_fires(scene, mark, "critical", "CheckinsSloBurn");
    alert_scene_clears(scene, mark, "critical", "ServiceDown");
    alert_scene_clears(scene, mark, "critical", "CheckinsSloBurn");
    alert_scene_clears(scene, claude_mark, "warning", "BreakerOpen");
}

Test(e2e_alerts, who_is_on_duty_hears_of_what_is_broken_and_when_it_is_over_and_of_nothing_else, .timeout = 600)
{
    static struct alert_scene scene;
    alert_scene_start(&scene);
    all_is_quiet(&scene);
    size_t mark = alert_scene_mark(&scene);
    claude_fails(&scene, mark);
    a_help_line_is_missed(&scene);
    the_breaker_is_told_when_its_reason_is_over(&scene, mark);
    postgresql_and_telegram_go_away(&scene);
    famserver_dies(&scene, mark);
    alert_scene_stop(&scene);
}
