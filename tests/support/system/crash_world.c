#include "crash_world.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "two_servers.h"

enum { STOP_MS = 40000, SETTINGS_MAX = 16 };

const char *crash_name(enum crash_part part)
{
    static const char *const NAMES[CRASH_PARTS] = {"bot-1", "bot-2", "worker", "server-1", "server-2", "redis"};
    return NAMES[part];
}

static void set(struct crash_program *program, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* In place of one of the same name. */
static void set(struct crash_program *program, const char *format, ...)
{
    char *setting = NULL;
    va_list args;
    va_start(args, format);
    cr_assert_geq(vasprintf(&setting, format, args), 0);
    va_end(args);
    size_t name = strcspn(setting, "=") + 1;
    size_t at = 0;
    while (program->env[at] != NULL && strncmp(program->env[at], setting, name) != 0) {
        at++;
    }
    cr_assert_lt(at + 1, (size_t)SYSTEM_ENV_MAX);
    free(program->env[at]);
    program->env[at] = setting;
}

/* What every program of the system is told. */
static void set_common(struct crash_program *program, const struct system *system)
{
    static const char *const NAMES[] = {
        "PATH=", "FAM_ENVIRONMENT=", "FAM_LOG_FORMAT=", "ASAN_OPTIONS=", "UBSAN_OPTIONS="};
    for (size_t i = 0; system->server_env[i] != NULL; i++) {
        for (size_t j = 0; j < sizeof(NAMES) / sizeof(NAMES[0]); j++) {
            if (strncmp(system->server_env[i], NAMES[j], strlen(NAMES[j])) == 0) {
                set(program, "%s", system->server_env[i]);
            }
        }
    }
}

static void make_server(struct crash_world *world, enum crash_part part, uint16_t rpc_port, uint16_t http_port)
{
    struct crash_program *program = &world->programs[part];
    for (size_t i = 0; world->system.server_env[i] != NULL; i++) {
        set(program, "%s", world->system.server_env[i]);
    }
    program->http_port = http_port;
    set(program, "FAM_LISTEN=tcp://127.0.0.1:%u", rpc_port);
    set(program, "FAM_HTTP_LISTEN=127.0.0.1:%u", http_port);
}

/* The lead and leases are as short as they may be, so that a takeover takes seconds. */
static void make_bot(struct crash_world *world, enum crash_part part, const char *servers)
{
    struct crash_program *program = &world->programs[part];
    set_common(program, &world->system);
    program->http_port = proc_free_port();
    set(program, "FAM_SERVERS=%s", servers);
    set(program, "FAM_TOKEN=%s", world->system.bot_token);
    set(program, "FAM_BOT_HTTP_LISTEN=127.0.0.1:%u", program->http_port);
    set(program, "FAM_BOT_LEAD_MS=2000");
    set(program, "FAM_BOT_LEASE_MS=10000");
    set(program, "FAM_TELEGRAM_RATE=1000");
    set(program, "TELEGRAM_API_URL=%s", world->system.telegram.base_url);
    set(program, "TELEGRAM_BOT_TOKEN=%s", TG_TEST_TOKEN);
}

static void run(struct crash_world *world, enum crash_part part)
{
    static const char *const SERVER[] = {FAM_BIN_DIR "/famserver", NULL};
    static const char *const WORKER[] = {FAM_BIN_DIR "/famserver", "--role", "worker", NULL};
    static const char *const BOT[] = {FAM_BIN_DIR "/fambot", NULL};
    struct crash_program *program = &world->programs[part];
    char name[32];
    const char *const *words = part == CRASH_WORKER ? WORKER : part <= CRASH_BOT_2 ? BOT : SERVER;
    snprintf(name, sizeof(name), "%s-%d", crash_name(part), program->starts++);
    cr_assert(proc_start(&program->proc, world->system.dir, name, words, (const char *const *)program->env, NULL));
}

static bool is_ready(void *context)
{
    char body[1024];
    const struct crash_program *program = context;
    return system_get(program->http_port, "/health/ready", body, sizeof(body)) == 200;
}

/* A bot that stands by is as ready as one that polls. */
static void wait_ready(struct crash_world *world, enum crash_part part)
{
    struct crash_program *program = &world->programs[part];
    if (!proc_wait_until(is_ready, program, SYSTEM_READY_MS)) {
        char *log = proc_read_file(program->proc.err_path); /* holds nothing personal */
        cr_assert_fail("%s is not ready; its log:\n%s", crash_name(part), log != NULL ? log : "(none)");
    }
}

static void start_claude(struct crash_world *world)
{
    cr_assert(proc_tmpdir(world->claude_dir, sizeof(world->claude_dir)));
    cr_assert(cl_sim_start(&world->claude, world->claude_dir, NULL));
}

void crash_world_start(struct crash_world *world, const char *const *settings)
{
    memset(world, 0, sizeof(*world));
    start_claude(world);
    char url[128], servers[128];
    snprintf(url, sizeof(url), "ANTHROPIC_BASE_URL=%s", world->claude.base_url);
    const char *all[SETTINGS_MAX + 1] = {url, "ANTHROPIC_API_KEY=sk-test-of-nobody",
                                         "FAM_LIMIT_TRANSLATIONS_HOUR=100000", "FAM_LIMIT_TRANSLATIONS_DAY=100000"};
    for (size_t count = 4; settings != NULL && *settings != NULL; settings++) {
        cr_assert_lt(count, (size_t)SETTINGS_MAX);
        all[count++] = *settings;
    }
    /* Migrates and makes the tokens; from here on its server is the first program. */
    struct system *system = &world->system;
    system_start(system, all);
    cr_assert_eq(proc_stop(&system->server, SIGTERM, STOP_MS), 0);
    uint16_t second = proc_free_port();
    make_server(world, CRASH_SERVER_1, system->rpc_port, system->http_port);
    make_server(world, CRASH_SERVER_2, second, proc_free_port());
    make_server(world, CRASH_WORKER, proc_free_port(), proc_free_port());
    snprintf(servers, sizeof(servers), "tcp://127.0.0.1:%u,tcp://127.0.0.1:%u", system->rpc_port, second);
    cr_assert(tg_sim_start(&system->telegram, system->dir, false));
    make_bot(world, CRASH_BOT_1, servers);
    make_bot(world, CRASH_BOT_2, servers);
    for (int part = CRASH_PARTS - 2; part >= 0; part--) {
        run(world, (enum crash_part)part);
    }
    for (int part = 0; part < CRASH_REDIS; part++) {
        wait_ready(world, (enum crash_part)part);
    }
    fam_client_free(system->client);
    system->client = two_client_of(servers, system->bot_token, NULL);
}

void crash_world_stop(struct crash_world *world)
{
    for (int part = 0; part < CRASH_REDIS; part++) {
        struct crash_program *program = &world->programs[part];
        cr_expect_eq(proc_stop(&program->proc, SIGTERM, STOP_MS), 0, "%s must end with 0",
                     crash_name((enum crash_part)part));
        for (size_t i = 0; i < SYSTEM_ENV_MAX; i++) {
            free(program->env[i]);
        }
    }
    system_stop(&world->system);
    cr_expect_eq(cl_sim_stop(&world->claude), 0);
    proc_rmtree(world->claude_dir);
}

void crash_kill(struct crash_world *world, enum crash_part part)
{
    cr_assert_not(world->is_down[part]);
    world->is_down[part] = true;
    world->kills[part]++;
    if (part == CRASH_REDIS) {
        redis_server_kill(&world->system.redis);
        return;
    }
    struct proc *proc = &world->programs[part].proc;
    cr_assert_eq(proc_stop(proc, SIGKILL, 5000), 128 + SIGKILL, "%s had ended before it was killed", crash_name(part));
}

void crash_revive(struct crash_world *world, enum crash_part part)
{
    cr_assert(world->is_down[part]);
    world->is_down[part] = false;
    if (part == CRASH_REDIS) {
        cr_assert(redis_server_restart(&world->system.redis));
        return;
    }
    run(world, part);
}

double crash_metric(const struct crash_world *world, enum crash_part part, const char *begins)
{
    static char page[1 << 20];
    double sum = 0;
    if (system_get(world->programs[part].http_port, "/metrics", page, sizeof(page)) != 200) {
        return 0;
    }
    char *rest = NULL;
    for (char *line = strtok_r(page, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        const char *value = strrchr(line, ' ');
        if (strncmp(line, begins, strlen(begins)) == 0 && value != NULL) {
            sum += strtod(value, NULL);
        }
    }
    return sum;
}
