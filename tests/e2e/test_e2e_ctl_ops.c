/* famctl at an operator's work: people, the audit, any method, doctor, logs, contexts, against running programs. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/compiler.h"
#include "fam/v1/family.pb-c.h"
#include "system.h"

static const char phrase[] = "Ненавижу тебя, не пойду в школу!";
static const char because[] = "support case 4711";

struct ctl {
    struct system system;
    char servers[64], token[96], http[64], contexts[96];
    const char *env[12];
    char out[65536];
};

static void start(struct ctl *ctl)
{
    system_start(&ctl->system, NULL);
    snprintf(ctl->servers, sizeof(ctl->servers), "FAM_SERVERS=tcp://127.0.0.1:%u", ctl->system.rpc_port);
    snprintf(ctl->token, sizeof(ctl->token), "FAM_TOKEN=%s", ctl->system.admin_token);
    snprintf(ctl->http, sizeof(ctl->http), "FAM_HTTP_LISTEN=127.0.0.1:%u", ctl->system.http_port);
    snprintf(ctl->contexts, sizeof(ctl->contexts), "FAM_CTL_CONTEXTS=%s/contexts", ctl->system.dir);
    const char *env[] = {ctl->servers,  ctl->token,       ctl->http,
                         ctl->contexts, "LC_ALL=C.UTF-8", "ASAN_OPTIONS=detect_leaks=0"};
    memcpy(ctl->env, env, sizeof(env));
}

static int run(struct ctl *ctl, const char *input, const char *const words[])
{
    const char *argv[24] = {FAM_BIN_DIR "/famctl"};
    for (size_t i = 0; words[i] != NULL; i++) {
        argv[i + 1] = words[i];
    }
    return proc_run(argv, ctl->env, input, ctl->out, sizeof(ctl->out));
}
#define RUN(ctl, input, ...) run((ctl), (input), (const char *const[]){__VA_ARGS__, NULL})

/* A person with one entry; its ids as text. */
static void make_entry(struct ctl *ctl, char user[FAM_UUID_TEXT_SIZE], char entry[FAM_UUID_TEXT_SIZE])
{
    struct fam_rpc rpc;
    struct fam_status status = {0};
    struct person person = system_family(&ctl->system, 501, 7);
    cr_assert_eq(system_translate(&ctl->system, &person, phrase, "ops-1", &rpc, &status), FAM_OK, "%s", status.message);
    snprintf(entry, FAM_UUID_TEXT_SIZE, "%s", system_entry(&rpc)->entry_id);
    fam_uuid_format(&person.user_id, user);
    fam_rpc_done(&rpc);
}

Test(e2e_ctl_ops, personal_text_needs_a_reason_and_the_reason_is_in_the_audit, .timeout = 120)
{
    static struct ctl ctl;
    char user[FAM_UUID_TEXT_SIZE], entry[FAM_UUID_TEXT_SIZE];
    start(&ctl);
    make_entry(&ctl, user, entry);
    cr_assert_eq(RUN(&ctl, NULL, "entry", "show", entry, "--user", user), 5, "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "entry", "list", "--user", user), 5, "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "user", "show", user), 5, "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "family", "show", "--user", user), 5, "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "family", "show", "--user", user, "--reason", "short"), 5, "%s", ctl.out);
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM audit_log"), 0);
    cr_assert_eq(RUN(&ctl, NULL, "entry", "show", entry, "--user", user, "--reason", because), 0, "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "Ненавижу"), "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "audit", "list"), 0, "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, because), "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "TranslationService/GetEntry"), "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, user), "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, entry), "what was opened: %s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "admin:"), "%s", ctl.out);
    system_stop(&ctl.system);
}

Test(e2e_ctl_ops, lists_and_views_work_as_table_and_json_and_lists_hold_no_word, .timeout = 120)
{
    static struct ctl ctl;
    char user[FAM_UUID_TEXT_SIZE], entry[FAM_UUID_TEXT_SIZE];
    start(&ctl);
    make_entry(&ctl, user, entry);
    const char *const lists[][8] = {{"user", "list"},
                                    {"family", "list"},
                                    {"audit", "list"},
                                    {"entry", "list", "--user", user, "--reason", because}};
    const char *const formats[] = {"table", "json"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(lists); i++) {
        for (size_t j = 0; j < 2; j++) {
            const char *words[12] = {"-o", formats[j]};
            memcpy(words + 2, lists[i], sizeof(lists[i]));
            cr_assert_eq(run(&ctl, NULL, words), 0, "%s %s", lists[i][0], ctl.out);
            cr_assert_eq(ctl.out[0] == '{', j == 1, "%s", ctl.out);
            cr_assert_null(strstr(ctl.out, "енавижу"));
        }
    }
    cr_assert_eq(RUN(&ctl, NULL, "user", "show", user, "--reason", because), 0, "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "processing"), "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "family", "show", "--user", user, "--reason", because, "-o", "json"), 0, "%s",
                 ctl.out);
    cr_assert_not_null(strstr(ctl.out, "\"age_years\": 7") != NULL ? ctl.out : strstr(ctl.out, "age_years"), "%s",
                       ctl.out);
    system_stop(&ctl.system);
}

Test(e2e_ctl_ops, any_method_is_called_and_a_key_is_made_when_it_needs_one, .timeout = 120)
{
    static struct ctl ctl;
    start(&ctl);
    cr_assert_eq(RUN(&ctl, NULL, "call", "OpsService/Ready"), 0, "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "\"ready\": true"), "%s", ctl.out);
    static const char token[] = "{\"role\": \"ROLE_METRICS\", \"name\": \"made-by-call\"}";
    cr_assert_eq(RUN(&ctl, NULL, "call", "OpsService/CreateToken", token, "--dry-run"), 0, "%s", ctl.out);
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM api_tokens WHERE name = 'made-by-call'"), 0);
    cr_assert_eq(RUN(&ctl, token, "call", "OpsService/CreateToken", "-"), 0, "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "\"secret\": \"fam_"), "%s", ctl.out);
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM api_tokens WHERE name = 'made-by-call'"), 1);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(
            RUN(&ctl, NULL, "call", "CreateToken", "{\"role\": 4, \"name\": \"once\"}", "--idempotency-key", "k1"), 0,
            "%s", ctl.out);
    }
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM api_tokens WHERE name = 'once'"), 1);
    cr_assert_eq(RUN(&ctl, NULL, "call", "OpsService/CreateToken", "{\"nam\": 1}"), 2, "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "call", "TranslationService/Translate", "@/nowhere"), 2, "%s", ctl.out);
    system_stop(&ctl.system);
}

Test(e2e_ctl_ops, the_server_tells_what_it_can_do_and_is_drained_before_its_stop, .timeout = 120)
{
    static struct ctl ctl;
    start(&ctl);
    cr_assert_eq(RUN(&ctl, NULL, "methods"), 0, "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "fam.v1.SessionService/CreateSession"), "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "methods", "OpsService", "-o", "json"), 0, "%s", ctl.out);
    cr_assert_null(strstr(ctl.out, "SessionService"), "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "describe", "TranslationService/Translate"), 0, "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "1 to 2000 characters"), "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "describe", "Emotion", "-o", "json"), 0, "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "EMOTION_ANGER"), "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "describe", "Nothing"), 1, "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "drain", "--dry-run"), 0, "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "token", "list"), 0, "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "drain", "-o", "json"), 0, "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "token", "list", "--timeout", "1000"), 4, "%s", ctl.out);
    system_stop(&ctl.system);
}

Test(e2e_ctl_ops, a_dry_run_changes_nothing, .timeout = 120)
{
    static struct ctl ctl;
    start(&ctl);
    int64_t tokens = system_count(&ctl.system, "SELECT count(*) FROM api_tokens");
    cr_assert_eq(RUN(&ctl, NULL, "token", "create", "metrics", "x", "--dry-run"), 0, "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "db", "migrate", "--dry-run"), 0, "%s", ctl.out);
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM api_tokens"), tokens);
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM idempotency_keys WHERE method LIKE '%OpsService%'"),
                 0);
    system_stop(&ctl.system);
}

Test(e2e_ctl_ops, doctor_is_content_with_a_healthy_system_and_names_what_is_broken, .timeout = 120)
{
    static struct ctl ctl;
    start(&ctl);
    cr_assert_eq(RUN(&ctl, NULL, "doctor"), 0, "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "valid, role admin"), "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "/metrics answers"), "%s", ctl.out);
    cr_assert_null(strstr(ctl.out, "fail  "), "%s", ctl.out);
    cr_assert_null(strstr(ctl.out, "open after failures"), "Claude is off, and so has no breaker: %s", ctl.out);
    cr_assert_null(strstr(ctl.out, ctl.system.admin_token), "a secret is shown");
    cr_assert_eq(RUN(&ctl, NULL, "doctor", "-o", "json"), 0, "%s", ctl.out);
    snprintf(ctl.token, sizeof(ctl.token), "FAM_TOKEN=fam_nobody");
    cr_assert_eq(RUN(&ctl, NULL, "doctor"), 5, "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "--create-token"), "%s", ctl.out);
    snprintf(ctl.token, sizeof(ctl.token), "FAM_TOKEN=%s", ctl.system.bot_token);
    cr_assert_eq(RUN(&ctl, NULL, "doctor"), 5, "%s", ctl.out);
    snprintf(ctl.token, sizeof(ctl.token), "FAM_TOKEN=%s", ctl.system.admin_token);
    ctl.env[6] = "FAM_TOKENS=x";
    cr_assert_eq(RUN(&ctl, NULL, "doctor"), 2, "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "FAM_TOKENS is no setting"), "%s", ctl.out);
    ctl.env[6] = NULL;
    pg_server_halt(&ctl.system.pg);
    int code = 0;
    for (int i = 0; i < 100 && code == 0; i++) {
        struct timespec pause = {.tv_nsec = 100000000};
        nanosleep(&pause, NULL);
        code = RUN(&ctl, NULL, "doctor");
    }
    cr_assert_eq(code, 3, "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "start PostgreSQL"), "%s", ctl.out);
    (void)proc_stop(&ctl.system.server, SIGKILL, 5000);
    cr_assert_eq(RUN(&ctl, NULL, "doctor", "--timeout", "1500"), 4, "%s", ctl.out);
    cr_assert_not_null(strstr(ctl.out, "start famserver"), "%s", ctl.out);
    system_stop(&ctl.system);
}

struct wanted {
    const char *path, *text;
};

static bool holds(void *context)
{
    const struct wanted *wanted = context;
    char *text = proc_read_file(wanted->path);
    bool found = text != NULL && strstr(text, wanted->text) != NULL;
    free(text);
    return found;
}

static void append(const char *path, const char *text)
{
    FILE *file = fopen(path, "a");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

Test(e2e_ctl_ops, a_growing_log_is_followed_beyond_its_rotation, .timeout = 60)
{
    char dir[64], path[96], old[112];
    struct proc tail = {0};
    cr_assert(proc_tmpdir(dir, sizeof(dir)));
    snprintf(path, sizeof(path), "%s/log", dir);
    snprintf(old, sizeof(old), "%s.1", path);
    append(path, "{\"ts\":\"t1\",\"level\":\"info\",\"event\":\"first\"}\n");
    const char *const argv[] = {FAM_BIN_DIR "/famctl", "logs", "--follow", path, NULL};
    const char *const env[] = {"ASAN_OPTIONS=detect_leaks=0", NULL};
    cr_assert(proc_start(&tail, dir, "tail", argv, env, NULL));
    struct wanted wanted = {tail.out_path, "first\n"};
    cr_assert(proc_wait_until(holds, &wanted, 10000));
    append(path, "{\"ts\":\"t2\",\"level\":\"error\",");
    append(path, "\"event\":\"second\"}\nno entry\n");
    wanted.text = "t2 ERROR -/-: second\nno entry\n";
    cr_assert(proc_wait_until(holds, &wanted, 10000));
    cr_assert_eq(rename(path, old), 0);
    append(path, "{\"ts\":\"t3\",\"level\":\"warn\",\"event\":\"third\"}\n");
    wanted.text = "third\n";
    cr_assert(proc_wait_until(holds, &wanted, 10000));
    cr_assert_eq(proc_stop(&tail, SIGTERM, 5000), 128 + SIGTERM);
    proc_rmtree(dir);
}

Test(e2e_ctl_ops, a_context_stands_for_servers_and_token, .timeout = 120)
{
    static struct ctl ctl;
    char path[96], token_path[96], text[512];
    start(&ctl);
    snprintf(path, sizeof(path), "%s/contexts", ctl.system.dir);
    snprintf(token_path, sizeof(token_path), "%s/ctl.token", ctl.system.dir);
    snprintf(
        text, sizeof(text),
        "current = dead\n[dead]\nservers = tcp://127.0.0.1:1\n[here]\nservers = tcp://127.0.0.1:%u\ntoken-file = %s\n",
        ctl.system.rpc_port, token_path);
    append(path, text);
    append(token_path, ctl.system.admin_token);
    cr_assert_eq(chmod(path, 0600), 0);
    cr_assert_eq(chmod(token_path, 0600), 0);
    ctl.env[0] = ctl.contexts;
    ctl.env[1] = ctl.http;
    cr_assert_eq(RUN(&ctl, NULL, "token", "list", "--timeout", "500"), 4, "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "token", "list", "--context", "here"), 0, "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "context", "use", "here"), 0, "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "token", "list"), 0, "%s", ctl.out);
    cr_assert_eq(RUN(&ctl, NULL, "token", "list", "--server", "tcp://127.0.0.1:1", "--timeout", "500"), 4, "%s",
                 ctl.out);
    system_stop(&ctl.system);
}
