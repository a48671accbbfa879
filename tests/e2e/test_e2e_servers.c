/* Two famservers on one database, and what becomes of calls when one of them is killed, stopped or drained; and the
 * settings of the RPC server: TLS, connections, calls per token. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fam/v1/ops.pb-c.h"
#include "system.h"

enum { CALLERS = 100, PEOPLE = 4, DEADLINE_MS = 15000 };

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

struct two {
    struct system system; /* with the first server, and a client of both */
    struct proc second;
    uint16_t second_rpc, second_http;
    struct person people[PEOPLE];
};

static bool second_is_ready(void *context)
{
    char body[1024];
    return system_get(((struct two *)context)->second_http, "/health/ready", body, sizeof(body)) == 200;
}

static struct fam_client *client_of(const char *urls, const char *token, const struct fam_tls_options *tls)
{
    struct fam_status status = {.message = ""};
    struct fam_client *client = fam_client_new(
        &(struct fam_client_options){.urls = urls, .token = token, .version = "test/1", .tls = tls}, &status);
    cr_assert_not_null(client, "%s", status.message);
    return client;
}

static void two_urls(const struct two *two, char ret_urls[128])
{
    snprintf(ret_urls, 128, "tcp://127.0.0.1:%u,tcp://127.0.0.1:%u", two->system.rpc_port, two->second_rpc);
}

static void two_start(struct two *two)
{
    static const char *const MANY[] = {"FAM_LIMIT_TRANSLATIONS_HOUR=100000", "FAM_LIMIT_TRANSLATIONS_DAY=100000",
                                       "FAM_STATEMENT_TIMEOUT_MS=2000", NULL};
    system_start(&two->system, MANY);
    two->second_rpc = proc_free_port();
    two->second_http = proc_free_port();
    char listen[64], http[64];
    snprintf(listen, sizeof(listen), "FAM_LISTEN=tcp://127.0.0.1:%u", two->second_rpc);
    snprintf(http, sizeof(http), "FAM_HTTP_LISTEN=127.0.0.1:%u", two->second_http);
    const char *env[SYSTEM_ENV_MAX + 1] = {NULL};
    for (size_t i = 0; two->system.server_env[i] != NULL; i++) {
        const char *setting = two->system.server_env[i];
        env[i] = strncmp(setting, "FAM_LISTEN=", 11) == 0        ? listen
                 : strncmp(setting, "FAM_HTTP_LISTEN=", 16) == 0 ? http
                                                                 : setting;
    }
    const char *argv[] = {FAM_BIN_DIR "/famserver", NULL};
    cr_assert(proc_start(&two->second, two->system.dir, "famserver-second", argv, env, NULL));
    cr_assert(proc_wait_until(second_is_ready, two, 20000), "the second famserver is not ready");
    for (int i = 0; i < PEOPLE; i++) {
        two->people[i] = system_family(&two->system, 3000 + i, 7);
    }
    fam_client_free(two->system.client);
    char urls[128];
    two_urls(two, urls);
    two->system.client = client_of(urls, two->system.bot_token, NULL);
    struct fam_client_stats stats = {0};
    for (uint64_t until_ms = fam_mono_ms() + 10000; stats.connected < 2 && fam_mono_ms() < until_ms; usleep(2000)) {
        fam_client_stats(two->system.client, &stats);
    }
    cr_assert_eq(stats.connected, 2);
}

static void two_stop(struct two *two)
{
    if (proc_is_running(&two->second)) {
        cr_expect_eq(proc_stop(&two->second, SIGTERM, 40000), 0);
    }
    system_stop(&two->system);
}

/* One of many who translate. A call that fails is repeated under its key, as a caller would who must know. */
struct caller {
    struct two *two;
    int number, phrases;
    atomic_bool *stop;
    int answered, repeated, unmendable;
    uint64_t longest_ms;
    char message[256];
};

static enum fam_code translate(struct caller *caller, int phrase, struct fam_status *status)
{
    char key[64];
    snprintf(key, sizeof(key), "caller-%d-%d", caller->number, phrase);
    const struct person *person = &caller->two->people[caller->number % PEOPLE];
    const struct fam_rpc_options options = {
        .acting_user = &person->user_id, .idempotency_key = key, .timeout_ms = DEADLINE_MS};
    Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
    request.phrase = borrow("Ненавижу тебя!");
    struct fam_rpc rpc;
    uint64_t start_ms = fam_mono_ms();
    fam_rpc_init(&rpc, &options);
    enum fam_code code =
        FAM_RPC(caller->two->system.client, fam__v1__translation_service, translate, &rpc, &request, status);
    fam_rpc_done(&rpc);
    uint64_t took_ms = fam_mono_ms() - start_ms;
    caller->longest_ms = took_ms > caller->longest_ms ? took_ms : caller->longest_ms;
    return code;
}

static void *keep_translating(void *arg)
{
    struct caller *caller = arg;
    for (int i = 0; i < caller->phrases && !atomic_load(caller->stop); i++) {
        struct fam_status status = {.message = ""};
        enum fam_code code = translate(caller, i, &status);
        for (int again = 0; code != FAM_OK && again < 20; again++) {
            memcpy(caller->message, status.message, sizeof(caller->message));
            caller->repeated++;
            usleep(200000);
            code = translate(caller, i, &status);
        }
        caller->answered += code == FAM_OK ? 1 : 0;
        caller->unmendable += code == FAM_OK ? 0 : 1;
    }
    return NULL;
}

struct crowd {
    struct caller callers[CALLERS];
    pthread_t threads[CALLERS];
    atomic_bool stop;
};

static void crowd_start(struct crowd *crowd, struct two *two, int phrases)
{
    memset(crowd, 0, sizeof(*crowd));
    for (int i = 0; i < CALLERS; i++) {
        crowd->callers[i] = (struct caller){.two = two, .number = i, .phrases = phrases, .stop = &crowd->stop};
        cr_assert_eq(pthread_create(&crowd->threads[i], NULL, keep_translating, &crowd->callers[i]), 0);
    }
}

/* Each phrase was answered, each call by its deadline, and each effect is there once. Returns how many calls had to be
 * repeated by their callers. */
static int crowd_finish(struct crowd *crowd, struct two *two)
{
    int answered = 0, repeated = 0;
    uint64_t longest_ms = 0;
    const char *message = "";
    for (int i = 0; i < CALLERS; i++) {
        const struct caller *caller = &crowd->callers[i];
        pthread_join(crowd->threads[i], NULL);
        cr_expect_eq(caller->unmendable, 0, "%s", caller->message);
        answered += caller->answered;
        repeated += caller->repeated;
        message = caller->repeated > 0 ? caller->message : message;
        longest_ms = caller->longest_ms > longest_ms ? caller->longest_ms : longest_ms;
    }
    cr_expect_lt(longest_ms, DEADLINE_MS + 2000, "a call took %llu ms", (unsigned long long)longest_ms);
    cr_expect_eq(system_count(&two->system, "SELECT count(*) FROM emotion_entries"), answered);
    cr_expect_eq(system_count(&two->system, "SELECT count(*) FROM idempotency_keys WHERE method LIKE '%Translate'"),
                 answered);
    fprintf(stderr, "%d phrases, %d repeated by their callers (%s), longest call %llu ms\n", answered, repeated,
            message, (unsigned long long)longest_ms);
    return repeated;
}

Test(e2e_servers, one_of_two_is_killed_under_a_hundred_callers_and_nobody_notices, .timeout = 200)
{
    static struct two two;
    static struct crowd crowd;
    two_start(&two);
    crowd_start(&crowd, &two, 8);
    usleep(300000);
    (void)proc_stop(&two.second, SIGKILL, 5000);
    cr_assert_eq(crowd_finish(&crowd, &two), 0);
    struct fam_client_stats stats;
    fam_client_stats(two.system.client, &stats);
    cr_assert_eq(stats.connected, 1);
    two_stop(&two);
}

/* A process that is stopped inside a transaction keeps its locks: the few calls that it had begun are told so and may
 * be repeated when PostgreSQL has ended its session. All others go over. */
Test(e2e_servers, one_of_two_stops_without_a_word_under_a_hundred_callers, .timeout = 280)
{
    static struct two two;
    static struct crowd crowd;
    two_start(&two);
    crowd_start(&crowd, &two, 8);
    usleep(300000);
    cr_assert_eq(kill(two.second.pid, SIGSTOP), 0);
    int repeated = crowd_finish(&crowd, &two);
    cr_assert_leq(repeated, 16 * 20, "%d", repeated); /* at most what its workers held */
    struct fam_client_stats stats;
    fam_client_stats(two.system.client, &stats);
    cr_assert_geq(stats.stalls, 1);
    cr_assert_eq(stats.connected, 1);
    /* It comes back, and is used again. */
    cr_assert_eq(kill(two.second.pid, SIGCONT), 0);
    for (uint64_t until_ms = fam_mono_ms() + 20000; stats.connected < 2 && fam_mono_ms() < until_ms; usleep(10000)) {
        fam_client_stats(two.system.client, &stats);
    }
    cr_assert_eq(stats.connected, 2);
    crowd_start(&crowd, &two, 1);
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(crowd.threads[i], NULL); /* the same keys: nothing new is stored */
        cr_expect_eq(crowd.callers[i].unmendable, 0);
    }
    cr_assert_eq(system_count(&two.system, "SELECT count(*) FROM emotion_entries"), CALLERS * 8);
    two_stop(&two);
}

static enum fam_code drain(const struct two *two, const char *token, struct fam_status *status)
{
    char url[64];
    snprintf(url, sizeof(url), "tcp://127.0.0.1:%u", two->second_rpc);
    struct fam_client *client = client_of(url, token, NULL);
    const struct fam_rpc_options options = {.timeout_ms = 5000, .retry = {.attempts = 1}};
    Fam__V1__DrainRequest request = FAM__V1__DRAIN_REQUEST__INIT;
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(client, fam__v1__ops_service, drain, &rpc, &request, status);
    fam_rpc_done(&rpc);
    fam_client_free(client);
    return code;
}

Test(e2e_servers, a_drain_by_rpc_moves_all_callers_and_the_process_waits_for_sigterm, .timeout = 200)
{
    static struct two two;
    static struct crowd crowd;
    two_start(&two);
    struct fam_status status = {.message = ""};
    cr_assert_eq(drain(&two, two.system.bot_token, &status), FAM_PERMISSION_DENIED);
    crowd_start(&crowd, &two, 6);
    usleep(200000);
    cr_assert_eq(drain(&two, two.system.admin_token, &status), FAM_OK, "%s", status.message);
    char body[4096];
    cr_assert_eq(system_get(two.second_http, "/health/ready", body, sizeof(body)), 503);
    cr_assert_eq(system_get(two.second_http, "/health/live", body, sizeof(body)), 200);
    cr_assert_eq(crowd_finish(&crowd, &two), 0);
    cr_assert_eq(drain(&two, two.system.admin_token, &status), FAM_OK, "it may be asked again: %s", status.message);
    cr_assert(proc_is_running(&two.second));
    cr_assert_eq(proc_stop(&two.second, SIGTERM, 20000), 0);
    two_stop(&two);
}

Test(e2e_servers, a_token_that_calls_too_often_waits_and_another_does_not, .timeout = 120)
{
    static const char *const FEW[] = {"FAM_LIMIT_CALLS_SECOND=1", "FAM_LIMIT_CALLS_BURST=12", NULL};
    struct system system;
    system_start(&system, FEW);
    struct person parent = system_person(&system, 4000);
    struct fam_client *admin = system_client(&system, system.admin_token);
    struct fam_status status = {.message = ""};
    enum fam_code code = FAM_OK;
    int calls = 0;
    for (; code != FAM_RESOURCE_EXHAUSTED && calls < 40; calls++) {
        Fam__V1__GetConsentsRequest request = FAM__V1__GET_CONSENTS_REQUEST__INIT;
        const struct fam_rpc_options options = {.acting_user = &parent.user_id, .retry = {.attempts = 1}};
        struct fam_rpc rpc;
        fam_rpc_init(&rpc, &options);
        code = FAM_RPC(system.client, fam__v1__family_service, get_consents, &rpc, &request, &status);
        fam_rpc_done(&rpc);
    }
    cr_assert_eq(code, FAM_RESOURCE_EXHAUSTED);
    cr_assert_geq(calls, 11);
    cr_assert_str_eq(status.reason, "RATE_LIMIT");
    cr_assert_gt(status.retry_after_ms, 0);
    cr_assert_leq(status.retry_after_ms, 1000);
    Fam__V1__ListTokensRequest list = FAM__V1__LIST_TOKENS_REQUEST__INIT;
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(admin, fam__v1__ops_service, list_tokens, &rpc, &list, &status), FAM_OK, "%s", status.message);
    fam_rpc_done(&rpc);
    fam_client_free(admin);
    system_stop(&system);
}

Test(e2e_servers, famserver_and_famctl_meet_over_tls_with_both_certificates, .timeout = 120)
{
    char dir[64], ca[96];
    cr_assert(proc_tmpdir(dir, sizeof(dir)));
    system_make_certificates(dir);
    snprintf(ca, sizeof(ca), "FAM_TLS_CA_FILE=%s/ca.crt", dir);
    struct system system;
    system_start(&system, NULL);
    uint16_t tls_port = system_serve_tls(&system, dir);
    char servers[96], own_cert[96], own_key[96], token[96], out[4096];
    snprintf(servers, sizeof(servers), "FAM_SERVERS=tls+tcp://127.0.0.1:%u", tls_port);
    snprintf(own_cert, sizeof(own_cert), "FAM_TLS_CERT_FILE=%s/client.crt", dir);
    snprintf(own_key, sizeof(own_key), "FAM_TLS_KEY_FILE=%s/client.key", dir);
    snprintf(token, sizeof(token), "FAM_TOKEN=%s", system.admin_token);
    const char *const argv[] = {FAM_BIN_DIR "/famctl", "token", "list", NULL};
    const char *const good[] = {servers, ca, own_cert, own_key, token, "FAM_TLS_SERVER_NAME=server.test", NULL};
    const char *const without[] = {servers, ca, token, "FAM_TLS_SERVER_NAME=server.test", NULL};
    const char *const misnamed[] = {servers, ca, own_cert, own_key, token, NULL};
    cr_assert_eq(proc_run(argv, good, NULL, out, sizeof(out)), 0, "%s", out);
    cr_assert_eq(proc_run(argv, without, NULL, out, sizeof(out)), 4, "UNAVAILABLE");
    cr_assert_eq(proc_run(argv, misnamed, NULL, out, sizeof(out)), 4, "UNAVAILABLE");
    cr_assert_eq(proc_run(argv, good, NULL, out, sizeof(out)), 0, "%s", out);
    system_stop(&system);
    proc_rmtree(dir);
}
