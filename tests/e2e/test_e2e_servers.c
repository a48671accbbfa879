/* Famservers that drain, stop for a while or are in each other's way; and the settings of the RPC server: TLS, calls
 * per token. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "crowd.h"
#include "fam/v1/ops.pb-c.h"
#include "two_servers.h"

static enum fam_code drain(const struct two *two, const char *token, struct fam_status *status)
{
    char url[64];
    snprintf(url, sizeof(url), "tcp://127.0.0.1:%u", two->second_rpc);
    struct fam_client *client = two_client_of(url, token, NULL);
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
    two_start(&two, NULL);
    struct fam_status status = {.message = ""};
    cr_assert_eq(drain(&two, two.system.bot_token, &status), FAM_PERMISSION_DENIED);
    crowd_start(&crowd, two.system.client, two.people, TWO_PEOPLE);
    crowd_wait_busy(&crowd);
    cr_assert_eq(drain(&two, two.system.admin_token, &status), FAM_OK, "%s", status.message);
    char body[4096];
    cr_assert_eq(system_get(two.second_http, "/health/ready", body, sizeof(body)), 503);
    cr_assert_eq(system_get(two.second_http, "/health/live", body, sizeof(body)), 200);
    (void)crowd_finish(&crowd, "drain");
    crowd_assert_written_once(&two.system, two.people, TWO_PEOPLE);
    cr_assert_eq(drain(&two, two.system.admin_token, &status), FAM_OK, "it may be asked again: %s", status.message);
    cr_assert(proc_is_running(&two.second));
    cr_assert_eq(proc_stop(&two.second, SIGTERM, 20000), 0);
    two_stop(&two);
}

/* ---- one server ---- */

static const char *const MANY[] = {"FAM_LIMIT_TRANSLATIONS_HOUR=100000", "FAM_LIMIT_TRANSLATIONS_DAY=100000",
                                   "FAM_STATEMENT_TIMEOUT_MS=1000", NULL};

Test(e2e_servers, the_only_server_stops_for_five_seconds_and_every_call_is_answered, .timeout = 200)
{
    static struct system system;
    static struct crowd crowd;
    system_start(&system, MANY);
    struct person parent = system_family(&system, 3100, 7);
    crowd_start(&crowd, system.client, &parent, 1);
    crowd_wait_busy(&crowd);
    cr_assert_eq(kill(system.server.pid, SIGSTOP), 0);
    sleep(5); /* that is what happens, and nothing to wait for */
    struct fam_client_stats stats;
    fam_client_stats(system.client, &stats);
    cr_expect_eq(stats.stalls, 1);
    cr_assert_eq(kill(system.server.pid, SIGCONT), 0);
    (void)crowd_finish(&crowd, "five seconds");
    crowd_assert_written_once(&system, &parent, 1);
    system_stop(&system);
}

static void *hold_the_keys(void *arg)
{
    char out[256];
    bool good = pg_server_sql(
        arg, "BEGIN; LOCK TABLE idempotency_keys IN EXCLUSIVE MODE; SELECT pg_sleep(1.2); ROLLBACK", out, sizeof(out));
    return good ? NULL : arg;
}

static bool keys_are_held(void *context)
{
    return system_count(context, "SELECT count(*) FROM pg_locks WHERE relation = 'idempotency_keys'::regclass "
                                 "AND mode = 'ExclusiveLock' AND granted") == 1;
}

/* As a server does that was stopped within a transaction. */
Test(e2e_servers, a_call_whose_key_is_in_work_elsewhere_is_repeated_until_it_is_free, .timeout = 200)
{
    struct system system;
    system_start(&system, MANY);
    struct person parent = system_family(&system, 3200, 7);
    pthread_t holder;
    cr_assert_eq(pthread_create(&holder, NULL, hold_the_keys, system.pg.conninfo), 0);
    cr_assert(proc_wait_until(keys_are_held, &system, 10000));
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    cr_expect_eq(system_translate(&system, &parent, "Не буду!", "held", &rpc, &status), FAM_OK, "%s %s",
                 fam_code_name(status.code), status.message);
    fam_rpc_done(&rpc);
    void *failed = NULL;
    pthread_join(holder, &failed);
    cr_expect_null(failed);
    struct fam_client_stats stats;
    fam_client_stats(system.client, &stats);
    cr_expect_geq(stats.retries, 1);
    cr_expect_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), 1);
    system_stop(&system);
}

/* ---- settings ---- */

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
