#include "alert_scene.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "fam/v1/checkin.pb-c.h"

enum { FIRST_PARENT = 7001, FIRST_NEW = 700000, PAUSE_MS = 500, STOP_MS = 40000, WORDS_MAX = 16 };

/* Nothing here may fail the test: what they write is lost while something is broken. */
static void *write_to_the_bot(void *context)
{
    struct alert_scene *scene = context;
    struct tg_sim telegram;
    char phrase[96];
    if (!tg_sim_connect(&telegram, scene->system.telegram.port)) {
        return NULL;
    }
    for (int i = 0; !atomic_load(&scene->stop); i++) {
        if (i % 2 == 0 && !atomic_load(&scene->nobody_new)) {
            (void)tg_say(&telegram, FIRST_NEW + i, "/start");
        }
        snprintf(phrase, sizeof(phrase), "Не хочу спать, осталось %d минут!", i);
        (void)tg_say(&telegram, FIRST_PARENT + i % ALERT_SCENE_PARENTS, phrase);
        int pause_ms = atomic_load(&scene->pause_ms);
        const struct timespec pause = {.tv_sec = pause_ms / 1000, .tv_nsec = pause_ms % 1000 * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
    (void)tg_sim_stop(&telegram);
    return NULL;
}

void alert_scene_start(struct alert_scene *scene)
{
    char base_url[128];
    if (ALERT_SCENE_SANITIZED) {
        cr_skip_test("sanitizers are too slow for divided durations");
    }
    if (!watch_is_there()) {
        cr_skip_test("Prometheus or Alertmanager is not installed");
    }
    memset(scene, 0, sizeof(*scene));
    atomic_store(&scene->pause_ms, PAUSE_MS);
    cr_assert(proc_tmpdir(scene->dir, sizeof(scene->dir)));
    cr_assert(cl_sim_start(&scene->claude, scene->dir, NULL));
    snprintf(base_url, sizeof(base_url), "ANTHROPIC_BASE_URL=%s", scene->claude.base_url);
    const char *const settings[] = {base_url,
                                    "FAM_SWEEP_MS=2000",
                                    "ANTHROPIC_API_KEY=sk-test-of-nobody",
                                    "FAM_LIMIT_TRANSLATIONS_HOUR=1000000",
                                    "FAM_LIMIT_TRANSLATIONS_DAY=1000000",
                                    "FAM_CLAUDE_CONCURRENCY=16",
                                    "FAM_WORKERS=6", /* fewer than the bot has lanes */
                                    "FAM_TASK_WORKERS=1",
                                    "FAM_CLAUDE_BUDGET_DAY=1000",
                                    NULL};
    system_start(&scene->system, settings);
    system_start_bot(&scene->system);
    for (int i = 0; i < ALERT_SCENE_PARENTS; i++) {
        scene->parents[i] = system_family(&scene->system, FIRST_PARENT + i, 7);
    }
    watch_start(&scene->watch, &scene->system);
    cr_assert_eq(pthread_create(&scene->people, NULL, write_to_the_bot, scene), 0);
}

void alert_scene_stop(struct alert_scene *scene)
{
    atomic_store(&scene->stop, true);
    (void)pthread_join(scene->people, NULL);
    watch_stop(&scene->watch);
    system_stop(&scene->system);
    cr_expect_eq(cl_sim_stop(&scene->claude), 0);
    proc_rmtree(scene->dir);
}

void alert_scene_kill_server(struct alert_scene *scene)
{
    cr_expect_eq(proc_stop(&scene->system.server, SIGKILL, STOP_MS), 128 + SIGKILL);
}

void alert_scene_run_server(struct alert_scene *scene, const char *budget)
{
    for (char **setting = scene->system.server_env; *setting != NULL; setting++) {
        if (strncmp(*setting, "FAM_CLAUDE_BUDGET_DAY=", 22) == 0) {
            free(*setting);
            cr_assert_geq(asprintf(setting, "FAM_CLAUDE_BUDGET_DAY=%s", budget), 0);
        }
    }
    system_run_server(&scene->system);
    cr_assert(system_wait_ready(&scene->system, SYSTEM_READY_MS));
}

/* SetSchedule with this one time, "HH:MM", and without quiet hours. */
static int64_t ask_at(struct alert_scene *scene, const struct person *person, char *local_time)
{
    char key[FAM_UUID_TEXT_SIZE];
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    Fam__V1__CheckinTime at = FAM__V1__CHECKIN_TIME__INIT, *times[] = {&at};
    Fam__V1__SetScheduleRequest request = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    at.slot = FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_OWN;
    at.local_time = local_time;
    request.set_times = request.set_quiet = true;
    request.n_times = 1;
    request.times = times;
    const struct fam_uuid id = fam_uuid_v7();
    fam_uuid_format(&id, key);
    fam_rpc_init(&rpc, &(struct fam_rpc_options){.acting_user = &person->user_id, .idempotency_key = key});
    cr_assert_eq(FAM_RPC(scene->system.client, fam__v1__checkin_service, set_schedule, &rpc, &request, &status), FAM_OK,
                 "%s", status.message);
    const Fam__V1__SetScheduleResponse *response = (const Fam__V1__SetScheduleResponse *)fam_rpc_response(&rpc);
    cr_assert_eq(response->schedule->n_times, 1);
    int64_t next_at_ms = response->schedule->times[0]->next_at_ms;
    fam_rpc_done(&rpc);
    return next_at_ms;
}

int64_t alert_scene_ask_parents(struct alert_scene *scene, size_t count, int within_s)
{
    char sql[160], local_time[16];
    int64_t due_ms = 0;
    cr_assert(count > 0 && count <= ALERT_SCENE_PARENTS);
    for (size_t i = 0; i < count; i++) {
        system_consent(&scene->system, &scene->parents[i], FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS,
                       true);
    }
    /* All families are of one country, so their clocks show the same. */
    snprintf(sql, sizeof(sql),
             "SELECT to_char((now() + INTERVAL '%d seconds') AT TIME ZONE time_zone, 'HH24:MI') FROM families LIMIT 1",
             within_s);
    cr_assert(pg_server_sql(scene->system.pg.conninfo, sql, local_time, sizeof(local_time)), "%s", local_time);
    for (size_t i = 0; i < count; i++) {
        due_ms = ask_at(scene, &scene->parents[i], local_time);
    }
    return due_ms;
}

int64_t alert_scene_waiting_checkins(struct alert_scene *scene)
{
    return system_count(&scene->system,
                        "SELECT count(*) FROM notifications WHERE kind = 'checkin' AND state = 'queued'");
}

int alert_scene_famctl(struct alert_scene *scene, const char *const words[], char *ret_out, size_t size)
{
    char servers[64], token[96], prometheus[96];
    const char *argv[WORDS_MAX] = {FAM_BIN_DIR "/famctl"};
    for (size_t i = 0; words[i] != NULL; i++) {
        cr_assert_lt(i + 2, WORDS_MAX);
        argv[i + 1] = words[i];
    }
    snprintf(servers, sizeof(servers), "FAM_SERVERS=tcp://127.0.0.1:%u", scene->system.rpc_port);
    snprintf(token, sizeof(token), "FAM_TOKEN=%s", scene->system.admin_token);
    snprintf(prometheus, sizeof(prometheus), "FAM_PROMETHEUS_URL=%s", scene->watch.url);
    const char *const env[] = {servers, token, prometheus, "LC_ALL=C.UTF-8", NULL};
    return proc_run(argv, env, NULL, ret_out, size);
}

size_t alert_scene_mark(struct alert_scene *scene)
{
    return alert_sim_now(scene->watch.sim);
}

static void expect(struct alert_scene *scene, size_t mark, const char *severity, const char *name, bool resolved)
{
    uint64_t from_ms = fam_mono_ms();
    if (strcmp(severity, "critical") == 0) {
        watch_expect(&scene->watch, mark, ALERT_SIM_PAGERDUTY, name, resolved);
        watch_expect(&scene->watch, mark, ALERT_SIM_TELEGRAM, name, resolved);
    } else if (strcmp(severity, "warning") == 0) {
        watch_expect(&scene->watch, mark, ALERT_SIM_TELEGRAM_MUTE, name, resolved);
    } else {
        watch_expect(&scene->watch, mark, ALERT_SIM_INFO, name, resolved);
    }
    cr_log_info("%s %s after %.1f s", name, resolved ? "is over" : "is told", (double)(fam_mono_ms() - from_ms) / 1000);
}

void alert_scene_fires(struct alert_scene *scene, size_t mark, const char *severity, const char *name)
{
    expect(scene, mark, severity, name, false);
}

void alert_scene_clears(struct alert_scene *scene, size_t mark, const char *severity, const char *name)
{
    expect(scene, mark, severity, name, true);
}
