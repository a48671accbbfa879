/* famctl queue and schedule against a running server, its PostgreSQL and its Redis. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "system.h"

#define DEAD "01935f6e-7c1a-7000-8000-000000000006"

struct ctl {
    struct system system;
    char servers[64], token[96];
    const char *env[8];
    char out[65536];
};

static void start(struct ctl *ctl)
{
    system_start(&ctl->system, NULL);
    snprintf(ctl->servers, sizeof(ctl->servers), "FAM_SERVERS=tcp://127.0.0.1:%u", ctl->system.rpc_port);
    snprintf(ctl->token, sizeof(ctl->token), "FAM_TOKEN=%s", ctl->system.admin_token);
    const char *env[] = {ctl->servers, ctl->token, "LC_ALL=C.UTF-8", "ASAN_OPTIONS=detect_leaks=0"};
    memcpy(ctl->env, env, sizeof(env));
}

static int run(struct ctl *ctl, const char *const words[])
{
    const char *argv[24] = {FAM_BIN_DIR "/famctl"};
    for (size_t i = 0; words[i] != NULL; i++) {
        argv[i + 1] = words[i];
    }
    return proc_run(argv, ctl->env, NULL, ctl->out, sizeof(ctl->out));
}
#define RUN(ctl, ...) run((ctl), (const char *const[]){__VA_ARGS__, NULL})
#define EXPECT(ctl, code, text, ...)                                                                                   \
    do {                                                                                                               \
        cr_assert_eq(RUN((ctl), __VA_ARGS__), (code), "%s", (ctl)->out);                                               \
        cr_assert_not_null(strstr((ctl)->out, (text)), "%s", (ctl)->out);                                              \
    } while (0)

static void sql(struct ctl *ctl, const char *text)
{
    char value[512];
    cr_assert(pg_server_sql(ctl->system.pg.conninfo, text, value, sizeof(value)), "%s: %s", text, value);
}

static void wait_for(struct ctl *ctl, const char *count, int64_t expected)
{
    uint64_t end_ms = fam_mono_ms() + SYSTEM_READY_MS;
    while (system_count(&ctl->system, count) != expected) {
        cr_assert_lt(fam_mono_ms(), end_ms, "%s", count);
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
}

/* One task that has failed for good, and 30 that wait. */
static void make_tasks(struct ctl *ctl)
{
    sql(ctl,
        "INSERT INTO tasks (task_id, type, priority, state, attempts, deaths, reason, finished_at) VALUES ('" DEAD
        "', 'test_call', 3, 'dead', 3, 1, 'no answer from there', now()); "
        "INSERT INTO task_attempts (task_id, ended_at, worker, outcome, reason, duration_ms) VALUES ('" DEAD
        "', now(), 'host-1', 'dead', 'no answer from there', 150); "
        "INSERT INTO tasks (task_id, type, priority, not_before, waits_for) SELECT gen_random_uuid(), 'test_later', "
        "1, now() + INTERVAL '1 day', 'due' FROM generate_series(1, 30)");
}

Test(e2e_ctl_queue, tasks_are_looked_at_retried_and_deleted, .timeout = 180)
{
    static struct ctl ctl;
    start(&ctl);
    EXPECT(&ctl, 0, "case 4711", "queue", "pause", "--for", "30m", "--reason", "case 4711");
    make_tasks(&ctl);
    EXPECT(&ctl, 0, "test_later", "queue", "stats");
    EXPECT(&ctl, 0, "case 4711", "queue", "stats");
    EXPECT(&ctl, 0, "\"redis_up\":\ttrue", "queue", "stats", "-o", "json");
    EXPECT(&ctl, 0, "no answer from there", "queue", "dead", "--type", "test_call");
    EXPECT(&ctl, 0, "host-1", "queue", "show", DEAD);
    EXPECT(&ctl, 1, "", "queue", "show", "01935f6e-7c1a-7000-8000-0000000000ff");
    EXPECT(&ctl, 0, "More with --after", "queue", "list", "--state", "waiting", "--type", "test_later");
    EXPECT(&ctl, 0, "Nothing was changed.", "queue", "retry", "--state", "dead", "--failure", "no answer", "--dry-run");
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM tasks WHERE type = 'test_call' AND state = 'dead'"),
                 1);
    EXPECT(&ctl, 0, "1", "queue", "retry", DEAD, "--reason", "support case 4711");
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM tasks WHERE type = 'test_call' AND state = 'queued' "
                                           "AND attempts = 0 AND deaths = 0 AND not_before <= now()"),
                 1);
    EXPECT(&ctl, 2, "", "queue", "delete", "--type", "test_later");
    EXPECT(&ctl, 0, "30", "queue", "delete", "--type", "test_later", "--yes");
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM tasks WHERE type = 'test_later'"), 0);
    EXPECT(&ctl, 0, "it is ready already", "queue", "retry", DEAD);
    EXPECT(&ctl, 1, "there is no such task", "queue", "retry", "01935f6e-7c1a-7000-8000-0000000000ff");
    EXPECT(&ctl, 0, "no task matches", "queue", "delete", "--type", "test_later", "--yes");
    EXPECT(&ctl, 0, "\"would_delete\":\t1", "queue", "delete", DEAD, "--dry-run", "-o", "json");
    EXPECT(&ctl, 0, "1 tasks retried, named 1: support case 4711; ids " DEAD, "audit", "list");
    EXPECT(&ctl, 0, "30 tasks deleted, type test_later; ids ", "audit", "list");
    EXPECT(&ctl, 0, "* paused for 1800 s: case 4711", "audit", "list");
    EXPECT(&ctl, 1, "", "queue", "pause", "--for", "5m");
    EXPECT(&ctl, 0, "In place of one until", "queue", "pause", "--for", "5m", "--replace");
    EXPECT(&ctl, 0, "\"type\":\"test_call\"", "queue", "top", "--count", "1", "-o", "json");
    system_stop(&ctl.system);
}

Test(e2e_ctl_queue, a_drain_ends_when_nothing_runs_and_a_resume_ends_the_pause, .timeout = 180)
{
    static struct ctl ctl;
    start(&ctl);
    EXPECT(&ctl, 0, "none begins until", "queue", "drain", "--wait", "60", "--reason", "an update");
    make_tasks(&ctl);
    sql(&ctl,
        "INSERT INTO tasks (task_id, type, priority, lease_token, leased_until, worker) VALUES (gen_random_uuid(), "
        "'test_busy', 2, gen_random_uuid(), now() + INTERVAL '1 hour', 'host-9') RETURNING 1");
    EXPECT(&ctl, 1, "", "queue", "drain", "--wait", "1");
    EXPECT(&ctl, 0, "host-9", "queue", "stats");
    EXPECT(&ctl, 0, "test_busy", "queue", "list", "--state", "running");
    EXPECT(&ctl, 0, "workers hold all that matches", "queue", "delete", "--type", "test_busy", "--yes");
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM queue_pauses WHERE type = '*'"), 1);
    EXPECT(&ctl, 0, "yes", "queue", "resume");
    EXPECT(&ctl, 0, "no", "queue", "resume");
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM queue_pauses"), 0);
    EXPECT(&ctl, 1, "", "queue", "pause", "No Such", "--dry-run");
    system_stop(&ctl.system);
}

Test(e2e_ctl_queue, workers_are_told_of_while_they_live_and_doctor_misses_them, .timeout = 180)
{
    static struct ctl ctl;
    start(&ctl);
    uint64_t end_ms = fam_mono_ms() + SYSTEM_READY_MS;
    while (RUN(&ctl, "queue", "stats", "-o", "json") == 0 && strstr(ctl.out, "\"role\":\t\"all\"") == NULL) {
        cr_assert_lt(fam_mono_ms(), end_ms, "%s", ctl.out);
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    cr_assert_not_null(strstr(ctl.out, "send_checkin"), "%s", ctl.out);
    EXPECT(&ctl, 0, "1 runs", "doctor");
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM tasks WHERE worker IS NOT NULL"), 0,
                 "it was told of though it holds nothing");
    system_stop(&ctl.system);
}

Test(e2e_ctl_queue, the_schedule_is_listed_and_what_is_due_becomes_a_task, .timeout = 180)
{
    static struct ctl ctl;
    start(&ctl);
    (void)system_family(&ctl.system, 501, 7);
    wait_for(&ctl, "SELECT count(*) FROM job_runs JOIN schedules USING (schedule_id) WHERE job = 'refresh_metrics'", 1);
    EXPECT(&ctl, 0, "each 300 s", "schedule", "list");
    EXPECT(&ctl, 0, "03:30 UTC", "schedule", "list", "--job", "retention_sweep");
    EXPECT(&ctl, 0, "Sun 10:00", "schedule", "list", "--job", "generate_weekly_report");
    EXPECT(&ctl, 0, "\"last_outcome\":\t\"queued\"", "schedule", "list", "--job", "refresh_metrics", "-o", "json");
    cr_assert_eq(RUN(&ctl, "schedule", "list", "--family", DEAD), 0, "%s", ctl.out);
    cr_assert_null(strstr(ctl.out, "Sun"), "of another family: %s", ctl.out);
    sql(&ctl, "UPDATE schedules SET next_at = now() WHERE job = 'generate_weekly_report' RETURNING 1");
    wait_for(&ctl, "SELECT count(*) FROM tasks WHERE type = 'generate_weekly_report'", 1);
    static char metrics[65536 * 4];
    cr_assert_eq(system_get(ctl.system.http_port, "/metrics", metrics, sizeof(metrics)), 200);
    cr_assert_not_null(
        strstr(metrics, "family_emotions_schedule_runs_total{job_name=\"refresh_metrics\",outcome=\"queued\"} 1"));
    system_stop(&ctl.system);
}
