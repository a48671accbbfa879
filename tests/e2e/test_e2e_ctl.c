/* famctl against a running famserver: what operators type, what they see, which exit code scripts get. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fam/v1/family.pb-c.h"
#include "system.h"

struct ctl {
    struct system system;
    char servers[64], token[96];
    const char *env[8];
    char out[32768];
};

static void start(struct ctl *ctl)
{
    system_start(&ctl->system, NULL);
    snprintf(ctl->servers, sizeof(ctl->servers), "FAM_SERVERS=tcp://127.0.0.1:%u", ctl->system.rpc_port);
    snprintf(ctl->token, sizeof(ctl->token), "FAM_TOKEN=%s", ctl->system.admin_token);
    ctl->env[0] = ctl->servers;
    ctl->env[1] = ctl->token;
    ctl->env[2] = "ASAN_OPTIONS=detect_leaks=0"; /* reports go where the suite looks only for the servers */
}

static int run(struct ctl *ctl, const char *input, const char *const words[])
{
    const char *argv[16] = {FAM_BIN_DIR "/famctl"};
    for (size_t i = 0; words[i] != NULL; i++) {
        argv[i + 1] = words[i];
    }
    return proc_run(argv, ctl->env, input, ctl->out, sizeof(ctl->out));
}
#define RUN(ctl, input, ...) run((ctl), (input), (const char *const[]){__VA_ARGS__, NULL})

Test(e2e_ctl, health_is_shown_and_degraded_is_an_exit_code_by_choice, .timeout = 120)
{
    static struct ctl ctl;
    start(&ctl);
    cr_assert_eq(RUN(&ctl, NULL, "health"), 0, "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "database"));
    cr_assert_not_null(strstr(ctl.out, "redis"));
    cr_assert_eq(RUN(&ctl, NULL, "-o", "json", "health"), 0);
    cr_assert_eq(ctl.out[strspn(ctl.out, " \n")] == '{' || ctl.out[0] == '[', 1, "%s", ctl.out);
    redis_server_kill(&ctl.system.redis);
    int code = 0;
    for (int i = 0; i < 100 && code == 0; i++) {
        struct timespec pause = {.tv_nsec = 100000000};
        nanosleep(&pause, NULL);
        code = RUN(&ctl, NULL, "health", "--fail-on", "degraded");
    }
    cr_assert_eq(code, 3, "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "health", "--fail-on", "unhealthy"), 0, "%s", ctl.out);
    system_stop(&ctl.system);
}

Test(e2e_ctl, health_tells_that_the_database_is_away_whatever_the_token, .timeout = 120)
{
    static struct ctl ctl;
    start(&ctl);
    pg_server_halt(&ctl.system.pg);
    int code = 0;
    for (int i = 0; i < 100 && code == 0; i++) {
        struct timespec pause = {.tv_nsec = 100000000};
        nanosleep(&pause, NULL);
        code = RUN(&ctl, NULL, "health");
    }
    cr_assert_eq(code, 3, "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "database"), "%s", ctl.out);
    system_stop(&ctl.system);
}

Test(e2e_ctl, the_schema_is_shown_and_migrated, .timeout = 120)
{
    static struct ctl ctl;
    start(&ctl);
    cr_assert_eq(RUN(&ctl, NULL, "db", "status"), 0, "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "core"), "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "db", "migrate"), 0, "%s", ctl.out);
    system_stop(&ctl.system);
}

Test(e2e_ctl, tokens_are_made_listed_and_revoked, .timeout = 120)
{
    static struct ctl ctl;
    start(&ctl);
    cr_assert_eq(RUN(&ctl, NULL, "token", "create", "metrics", "prometheus"), 0, "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "fam_"), "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "token", "list"), 0);
    cr_assert_not_null(strstr(ctl.out, "prometheus"));
    cr_assert_null(strstr(ctl.out, "fam_"), "the list must not hold a secret");
    char sql[] = "SELECT token_id::text FROM api_tokens WHERE name = 'prometheus'";
    char id[64];
    cr_assert(pg_server_sql(ctl.system.pg.conninfo, sql, id, sizeof(id)));
    cr_assert_eq(RUN(&ctl, NULL, "token", "revoke", id, "--dry-run"), 0, "%s", ctl.out);
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM api_tokens WHERE revoked_at IS NOT NULL"), 0);
    cr_assert_eq(RUN(&ctl, NULL, "token", "revoke", id, "--yes"), 0, "%s", ctl.out);
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM api_tokens WHERE revoked_at IS NOT NULL"), 1);
    system_stop(&ctl.system);
}

Test(e2e_ctl, a_phrase_is_read_from_standard_input_and_stored_nowhere, .timeout = 120)
{
    static struct ctl ctl;
    start(&ctl);
    cr_assert_eq(RUN(&ctl, "Ненавижу тебя!\n", "translate", "--age", "7", "--language", "ru", "-"), 0, "%s", ctl.out);
    cr_assert_gt(strlen(ctl.out), 200);
    cr_assert_eq(RUN(&ctl, "не хочу больше жить\n", "-o", "json", "translate", "-"), 0, "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "112"), "%s", ctl.out);
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM emotion_entries"), 0);
    system_stop(&ctl.system);
}

Test(e2e_ctl, what_can_not_be_done_has_its_exit_code, .timeout = 120)
{
    static struct ctl ctl;
    start(&ctl);
    cr_assert_eq(RUN(&ctl, NULL, "helth"), 2);
    cr_assert_eq(RUN(&ctl, NULL, "token", "create", "king", "x"), 2);
    snprintf(ctl.token, sizeof(ctl.token), "FAM_TOKEN=%s", ctl.system.bot_token);
    cr_assert_eq(RUN(&ctl, NULL, "token", "list"), 5, "%s", ctl.out);
    snprintf(ctl.token, sizeof(ctl.token), "FAM_TOKEN=fam_nobody");
    cr_assert_eq(RUN(&ctl, NULL, "token", "list"), 5, "%s", ctl.out);
    (void)proc_stop(&ctl.system.server, SIGTERM, 35000);
    cr_assert_eq(RUN(&ctl, NULL, "--timeout", "1500", "health"), 4, "%s", ctl.out);
    system_stop(&ctl.system);
}
