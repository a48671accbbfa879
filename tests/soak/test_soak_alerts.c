/* The alerts that tests/e2e/test_e2e_alerts.c leaves out for time's sake, in the same way: the real thing is broken,
 * the receiver of the severity hears of it, and that it is over. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alert_scene.h"
#include "base/clock.h"

enum { FAST_MS = 100, SLOW_MS = 500, WAIT_MS = 60000, OUT_BYTES = 4096, DISK_BYTES = 8 << 20, CHUNK = 65536 };
enum { ASKED = 12, DUE_WITHIN_S = 80, IN_TIME_MS = 120000, MORE_MS = 3000 };

#define FAMCTL(scene, out, ...)                                                                                        \
    alert_scene_famctl((scene), (const char *const[]){__VA_ARGS__, NULL}, (out), sizeof(out))

static void run_sql(struct alert_scene *scene, const char *sql)
{
    char out[256];
    cr_assert(pg_server_sql(scene->system.pg.conninfo, sql, out, sizeof(out)), "%s: %s", sql, out);
}

/* Nothing of the last breakage fires any more: what fires already is told again only an hour (here a minute) later. */
static size_t mark_when_calm(struct alert_scene *scene)
{
    char alerts[1024];
    bool calm = watch_wait(&scene->watch, "ALERTS{alertname!=\"Watchdog\",alertstate=\"firing\"}", false, WAIT_MS);
    watch_names(&scene->watch, "ALERTS", alerts, sizeof(alerts));
    cr_assert(calm, "%s", alerts);
    return alert_scene_mark(scene);
}

static void redis_goes_away(struct alert_scene *scene)
{
    size_t mark = mark_when_calm(scene);
    redis_server_kill(&scene->system.redis);
    alert_scene_fires(scene, mark, "warning", "RedisDown");
    cr_assert(redis_server_restart(&scene->system.redis));
    alert_scene_clears(scene, mark, "warning", "RedisDown");
}

/* Claude is slow, the sweep of old idempotency keys fails, and nobody comes any more. */
static void claude_is_slow_a_job_fails_and_nobody_comes(struct alert_scene *scene)
{
    size_t mark = mark_when_calm(scene);
    atomic_store(&scene->nobody_new, true);
    run_sql(scene, "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'kept'; END$$; "
                   "CREATE TRIGGER keep BEFORE DELETE ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION keep(); "
                   "INSERT INTO idempotency_keys (scope, method, key, request_hmac, result, created_at) VALUES "
                   "('test', 'test', 'old', decode(repeat('00', 32), 'hex'), '', now() - INTERVAL '3 days')");
    cr_assert(cl_latency(&scene->claude, 2000));
    atomic_store(&scene->pause_ms, FAST_MS);
    alert_scene_fires(scene, mark, "critical", "HighResponseTime");
    cr_assert(cl_latency(&scene->claude, 0));
    atomic_store(&scene->pause_ms, SLOW_MS);
    alert_scene_clears(scene, mark, "critical", "HighResponseTime");
    alert_scene_fires(scene, mark, "warning", "JobTooOld");
    alert_scene_fires(scene, mark, "info", "LowUserActivity");
    run_sql(scene, "DROP TRIGGER keep ON idempotency_keys; DROP FUNCTION keep()");
    atomic_store(&scene->nobody_new, false);
    alert_scene_clears(scene, mark, "warning", "JobTooOld");
    alert_scene_clears(scene, mark, "info", "LowUserActivity");
}

static void entries_can_not_be_stored(struct alert_scene *scene)
{
    char out[OUT_BYTES];
    size_t mark = mark_when_calm(scene);
    run_sql(scene, "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                   "$$BEGIN RAISE EXCEPTION 'refused'; END$$; CREATE TRIGGER refuse BEFORE INSERT ON "
                   "emotion_entries FOR EACH ROW EXECUTE FUNCTION refuse()");
    atomic_store(&scene->pause_ms, FAST_MS);
    alert_scene_fires(scene, mark, "warning", "HighErrorRate");
    alert_scene_fires(scene, mark, "critical", "TranslationSloBurn");
    cr_expect_eq(FAMCTL(scene, out, "slo"), 3, "%s", out);
    run_sql(scene, "DROP TRIGGER refuse ON emotion_entries; DROP FUNCTION refuse()");
    alert_scene_clears(scene, mark, "warning", "HighErrorRate");
    alert_scene_clears(scene, mark, "critical", "TranslationSloBurn");
    atomic_store(&scene->pause_ms, SLOW_MS);
}

/* Calls and tasks wait for locks, each with a connection of the pool, and parents wait for calls. */
static void a_lock_holds_everybody_up(struct alert_scene *scene)
{
    size_t mark = mark_when_calm(scene);
    PGconn *holder = PQconnectdb(scene->system.pg.conninfo);
    PQclear(PQexec(holder, "BEGIN"));
    PGresult *locked = PQexec(holder, "LOCK TABLE users, tasks");
    cr_assert_eq(PQresultStatus(locked), PGRES_COMMAND_OK, "%s", PQerrorMessage(holder));
    PQclear(locked);
    alert_scene_fires(scene, mark, "critical", "BotUpdatesSloBurn");
    alert_scene_fires(scene, mark, "warning", "DatabaseConnectionHigh");
    PQfinish(holder);
    alert_scene_clears(scene, mark, "warning", "DatabaseConnectionHigh");
    alert_scene_clears(scene, mark, "critical", "BotUpdatesSloBurn");
}

struct moment {
    struct alert_scene *scene;
    int64_t wall_ms;
};

/* All that was due waits for a bot, and the moment has come. */
static bool has_come(void *context)
{
    const struct moment *moment = context;
    return fam_wall_ms() > moment->wall_ms && alert_scene_waiting_checkins(moment->scene) == ASKED;
}

/* The hour that parents have chosen comes and goes without a bot, by the true clock. When one runs again they are
 * asked, more than two minutes late. */
static void the_bot_misses_the_hour_of_check_ins(struct alert_scene *scene)
{
    char fired[1024], all[96];
    struct system *system = &scene->system;
    size_t mark = mark_when_calm(scene);
    atomic_store(&scene->pause_ms, 20 * SLOW_MS);
    struct moment late = {scene, alert_scene_ask_parents(scene, ASKED, DUE_WITHIN_S) + IN_TIME_MS + MORE_MS};
    cr_expect_eq(proc_stop(&system->bot, SIGTERM, WAIT_MS), 0);
    cr_assert_lt(fam_wall_ms(), late.wall_ms - IN_TIME_MS - MORE_MS, "the bot took too long to stop");
    cr_assert(proc_wait_until(has_come, &late, DUE_WITHIN_S * 1000 + IN_TIME_MS + WAIT_MS));
    alert_sim_fired(scene->watch.sim, mark, fired, sizeof(fired));
    cr_expect_null(strstr(fired, "CheckinsSloBurn"), "none was shown late yet: %s", fired);
    system_run_bot(system);
    alert_scene_fires(scene, mark, "critical", "CheckinsSloBurn");
    snprintf(all, sizeof(all), "sum(family_emotions_checkins_sent_total{lateness=\"late\"}) == %d", ASKED);
    cr_expect(watch_wait(&scene->watch, all, true, WAIT_MS), "each of them is late");
    atomic_store(&scene->pause_ms, SLOW_MS);
    alert_scene_clears(scene, mark, "critical", "CheckinsSloBurn");
}

static bool reports_are_made(void *context)
{
    struct alert_scene *scene = context;
    return system_count(&scene->system, "SELECT count(*) FROM notifications WHERE kind = 'weekly_report'") >= ASKED;
}

/* Somebody pauses the weekly reports and forgets it; Sunday comes. The numbers of the database are counted each five
 * seconds, not each five minutes. */
static void a_pause_of_weekly_reports_is_forgotten(struct alert_scene *scene)
{
    char out[OUT_BYTES];
    size_t mark = mark_when_calm(scene);
    run_sql(scene, "UPDATE schedules SET every_ms = 5000, next_at = now() WHERE job = 'refresh_metrics'");
    cr_assert_eq(FAMCTL(scene, out, "queue", "pause", "generate_weekly_report", "--reason", "a drill"), 0, "%s", out);
    run_sql(scene, "UPDATE schedules SET next_at = now() WHERE job = 'generate_weekly_report'");
    alert_scene_fires(scene, mark, "warning", "ReportTooOld");
    cr_assert_eq(FAMCTL(scene, out, "queue", "list", "--type", "generate_weekly_report"), 0, "%s", out);
    cr_expect_not_null(strstr(out, "pause"), "%s", out);
    cr_assert_eq(FAMCTL(scene, out, "queue", "resume", "generate_weekly_report"), 0, "%s", out);
    cr_expect(proc_wait_until(reports_are_made, scene, WAIT_MS), "who has agreed to messages gets one");
    alert_scene_clears(scene, mark, "warning", "ReportTooOld");
    run_sql(scene, "UPDATE schedules SET every_ms = 300000 WHERE job = 'refresh_metrics'");
}

/* The bot again, in a file system of its own; with the privileges of a namespace where there are no others. */
static bool move_bot(struct alert_scene *scene)
{
    char mount[128], out[OUT_BYTES], script[256];
    snprintf(mount, sizeof(mount), "mount -t tmpfs -o size=%d none %s", (int)DISK_BYTES, scene->dir);
    const char *const try[] = {"unshare", "-m", "sh", "-c", mount, NULL};
    const char *flags = proc_run(try, NULL, NULL, out, sizeof(out)) == 0 ? "-m" : "-Urm";
    const char *const again[] = {"unshare", flags, "sh", "-c", mount, NULL};
    if (proc_run(again, NULL, NULL, out, sizeof(out)) != 0) {
        return false;
    }
    snprintf(script, sizeof(script), "%s && cd %s && exec %s", mount, scene->dir, FAM_BIN_DIR "/fambot");
    const char *const argv[] = {"unshare", flags, "sh", "-c", script, NULL};
    struct system *system = &scene->system;
    cr_expect_eq(proc_stop(&system->bot, SIGTERM, WAIT_MS), 0);
    cr_assert(proc_start(&system->bot, system->dir, "fambot-disk", argv, (const char *const *)system->bot_env, NULL));
    return true;
}

static void fill(const char *path, size_t size)
{
    static const char CHUNK_BYTES[CHUNK];
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    for (size_t done = 0; done < size; done += CHUNK) {
        cr_assert_eq(write(fd, CHUNK_BYTES, CHUNK), CHUNK);
    }
    close(fd);
}

static void the_disk_fills_up(struct alert_scene *scene)
{
    char path[128], small[96];
    if (!move_bot(scene)) {
        cr_log_warn("DiskFull is not tried: neither root nor a user namespace may mount here");
        return;
    }
    snprintf(small, sizeof(small), "family_emotions_disk_size_bytes{job=\"fambot\"} == %d", (int)DISK_BYTES);
    cr_assert(watch_wait(&scene->watch, small, true, WAIT_MS));
    size_t mark = mark_when_calm(scene);
    snprintf(path, sizeof(path), "/proc/%d/cwd/full", scene->system.bot.pid);
    fill(path, DISK_BYTES / 64 * 60);
    alert_scene_fires(scene, mark, "warning", "DiskFull");
    fill(path, DISK_BYTES / 64 * 3);
    alert_scene_fires(scene, mark, "critical", "DiskFull");
    cr_assert_eq(unlink(path), 0);
    alert_scene_clears(scene, mark, "critical", "DiskFull");
}

/* Prometheus loses one of its jobs: the twin speaks, and those that follow from it are not told. */
static void a_program_is_forgotten(struct alert_scene *scene)
{
    char path[128], fired[1024];
    snprintf(path, sizeof(path), "%s/prometheus.yml", scene->watch.dir);
    char *config = proc_read_file(path);
    cr_assert_not_null(config);
    char *job = strstr(config, "job_name: fambot");
    cr_assert_not_null(job);
    size_t mark = mark_when_calm(scene);
    for (int i = 0; i < 2; i++) {
        memcpy(job, i == 0 ? "job_name: lambot" : "job_name: fambot", 16);
        FILE *file = fopen(path, "we");
        cr_assert_not_null(file);
        cr_assert_geq(fputs(config, file), 0);
        cr_assert_eq(fclose(file), 0);
        cr_assert_eq(kill(scene->watch.prometheus.pid, SIGHUP), 0);
        if (i == 0) {
            alert_scene_fires(scene, mark, "critical", "ServiceDown");
            cr_assert(
                watch_wait(&scene->watch, "ALERTS{alertname=\"BotNotPolling\",alertstate=\"firing\"}", true, WAIT_MS));
        }
    }
    free(config);
    alert_scene_clears(scene, mark, "critical", "ServiceDown");
    alert_sim_fired(scene->watch.sim, mark, fired, sizeof(fired));
    cr_expect_null(strstr(fired, "BotNotPolling"), "what follows is not told: %s", fired);
}

/* The budget is nine tenths spent, then all of it; a larger one mends that. */
static void the_money_is_spent(struct alert_scene *scene)
{
    char budget[32];
    size_t mark = mark_when_calm(scene);
    double spent = watch_ask(&scene->watch, "max(family_emotions_claude_spent_today_usd)");
    cr_assert_gt(spent, 0);
    atomic_store(&scene->pause_ms, 20 * SLOW_MS);
    alert_scene_kill_server(scene);
    snprintf(budget, sizeof(budget), "%.6f", spent / 0.85);
    alert_scene_run_server(scene, budget);
    alert_scene_fires(scene, mark, "info", "ClaudeBudget");
    atomic_store(&scene->pause_ms, FAST_MS);
    alert_scene_fires(scene, mark, "warning", "ClaudeBudget");
    alert_scene_kill_server(scene);
    alert_scene_run_server(scene, "1000");
    alert_scene_clears(scene, mark, "warning", "ClaudeBudget");
    atomic_store(&scene->pause_ms, SLOW_MS);
}

Test(soak_alerts, each_alert_fires_when_the_real_thing_is_broken_and_clears_when_it_is_mended, .timeout = 1500)
{
    static struct alert_scene scene;
    alert_scene_start(&scene);
    redis_goes_away(&scene);
    claude_is_slow_a_job_fails_and_nobody_comes(&scene);
    entries_can_not_be_stored(&scene);
    a_lock_holds_everybody_up(&scene);
    the_bot_misses_the_hour_of_check_ins(&scene);
    a_pause_of_weekly_reports_is_forgotten(&scene);
    the_disk_fills_up(&scene);
    a_program_is_forgotten(&scene);
    the_money_is_spent(&scene);
    alert_scene_stop(&scene);
}
