/* test_e2e_worker.c: famserver's roles: a server without workers, workers without a server. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "system.h"

enum { PAGE = 1024 * 1024, STOP_MS = 60000 };

static struct system system_under_test;

struct worker {
    struct proc proc;
    uint16_t http_port;
    char http[64], wrong_listen[64];
};

static void start_role(struct system *system, struct worker *worker, const char *role)
{
    const char *env[SYSTEM_ENV_MAX + 2] = {NULL};
    size_t count = 0;
    worker->http_port = proc_free_port();
    snprintf(worker->http, sizeof(worker->http), "FAM_HTTP_LISTEN=127.0.0.1:%u", worker->http_port);
    /* The server's own: a process that listened there would not start. */
    snprintf(worker->wrong_listen, sizeof(worker->wrong_listen), "FAM_LISTEN=tcp://127.0.0.1:%u", system->rpc_port);
    for (size_t i = 0; system->server_env[i] && i < SYSTEM_ENV_MAX; i++) {
        if (strncmp(system->server_env[i], "FAM_HTTP_LISTEN=", 16) != 0 &&
            strncmp(system->server_env[i], "FAM_LISTEN=", 11) != 0)
            env[count++] = system->server_env[i];
    }
    env[count++] = worker->http;
    env[count++] = worker->wrong_listen;
    const char *const argv[] = {FAM_BIN_DIR "/famserver", "--role", role, NULL};
    char name[32];
    snprintf(name, sizeof(name), "%s-%u", role, worker->http_port);
    cr_assert(proc_start(&worker->proc, system->dir, name, argv, env, NULL));
}

static bool is_ready(void *context)
{
    struct worker *worker = context;
    char body[256];
    return system_get(worker->http_port, "/health/ready", body, sizeof(body)) == 200;
}

static bool is_not_ready(void *context)
{
    struct worker *worker = context;
    char body[256];
    return system_get(worker->http_port, "/health/ready", body, sizeof(body)) == 503 && strstr(body, "redis is away");
}

struct wish {
    const char *sql;
    int64_t expected;
};
static bool is_true(void *context)
{
    const struct wish *wish = context;
    return system_count(&system_under_test, wish->sql) == wish->expected;
}

static void expect_metric(const struct worker *worker, const char *line)
{
    char *page = malloc(PAGE);
    cr_assert_not_null(page);
    bool found = false;
    for (uint64_t until_ms = fam_mono_ms() + SYSTEM_READY_MS; !found && fam_mono_ms() < until_ms; usleep(50000))
        found = system_get(worker->http_port, "/metrics", page, PAGE) == 200 && strstr(page, line);
    free(page);
    cr_assert(found, "%s is not on the page", line);
}

Test(e2e_worker, two_workers_beside_a_server_run_its_tasks_and_one_goes_on_when_the_other_is_killed, .timeout = 240)
{
    struct system *system = &system_under_test;
    struct worker first = {.http_port = 0}, second = {.http_port = 0};
    system_start(system, NULL);
    start_role(system, &first, "worker");
    start_role(system, &second, "worker");
    cr_assert(proc_wait_until(is_ready, &first, SYSTEM_READY_MS));
    cr_assert(proc_wait_until(is_ready, &second, SYSTEM_READY_MS));
    (void)proc_stop(&first.proc, SIGKILL, STOP_MS);
    /* Nobody has told Redis of this one: a sweep finds it. Its type is unknown, so it is put away with the reason. */
    cr_assert(pg_server_sql(system->pg.conninfo,
                            "INSERT INTO tasks (task_id, type, priority) VALUES (gen_random_uuid(), 'no_such_type', 2)",
                            NULL, 0));
    struct wish dead = {"SELECT count(*) FROM tasks WHERE state = 'dead' AND reason = 'unknown type'", 1};
    cr_assert(proc_wait_until(is_true, &dead, SYSTEM_READY_MS));
    expect_metric(&second, "family_emotions_queue_dead{queue_type=\"other\"} 1\n");
    expect_metric(&second, "family_emotions_queue_size{queue_type=\"send_checkin\"} 0\n");
    cr_assert_eq(proc_stop(&second.proc, SIGTERM, STOP_MS), 0);
    system_stop(system);
}

Test(e2e_worker, a_worker_is_not_ready_without_redis_and_recovers, .timeout = 240)
{
    struct system *system = &system_under_test;
    struct worker worker = {.http_port = 0};
    system_start(system, NULL);
    start_role(system, &worker, "worker");
    cr_assert(proc_wait_until(is_ready, &worker, SYSTEM_READY_MS));
    redis_server_kill(&system->redis);
    cr_assert(proc_wait_until(is_not_ready, &worker, SYSTEM_READY_MS));
    cr_assert(redis_server_restart(&system->redis));
    cr_assert(proc_wait_until(is_ready, &worker, SYSTEM_READY_MS));
    cr_assert_eq(proc_stop(&worker.proc, SIGTERM, STOP_MS), 0);
    system_stop(system);
}

Test(e2e_worker, a_role_that_is_none_is_wrong_usage)
{
    const char *const argv[] = {FAM_BIN_DIR "/famserver", "--role", "cook", NULL};
    char out[256];
    cr_assert_eq(proc_run(argv, NULL, NULL, out, sizeof(out)), 2);
}
