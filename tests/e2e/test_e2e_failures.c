/* famserver when what it depends on goes away, and when it is stopped or killed itself. */
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
#include "fam/v1/session.pb-c.h"
#include "system.h"

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* Somebody who goes on translating, each phrase under its own key until it is answered. */
struct parent {
    struct system *system;
    struct person person;
    int phrases;
    atomic_bool *stop;
    int answered;
    int failures; /* answers that no repeat can mend */
};

static void *keep_translating(void *arg)
{
    struct parent *parent = arg;
    for (int i = 0; i < parent->phrases && !atomic_load(parent->stop); i++) {
        char key[64];
        snprintf(key, sizeof(key), "%lld-%d", (long long)parent->person.telegram_id, i);
        uint64_t start_ms = fam_mono_ms();
        enum fam_code code = FAM_UNAVAILABLE;
        struct fam_status status = {.message = ""};
        while (code != FAM_OK && fam_mono_ms() - start_ms < 40000) {
            struct fam_rpc rpc;
            code = system_translate(parent->system, &parent->person, "Ненавижу тебя!", key, &rpc, &status);
            fam_rpc_done(&rpc);
            if (code != FAM_OK && code != FAM_UNAVAILABLE && code != FAM_DEADLINE_EXCEEDED &&
                code != FAM_RESOURCE_EXHAUSTED) {
                fprintf(stderr, "%s: %s\n", fam_code_name(code), status.message);
                break;
            }
            if (code != FAM_OK) {
                usleep(20000);
            }
        }
        parent->answered += code == FAM_OK ? 1 : 0;
        parent->failures += code == FAM_OK ? 0 : 1;
    }
    return NULL;
}

enum { PARENTS = 4 };

struct crowd {
    struct parent parents[PARENTS];
    pthread_t threads[PARENTS];
    atomic_bool stop;
};

static void crowd_start(struct crowd *crowd, struct system *system, int phrases)
{
    atomic_store(&crowd->stop, false);
    for (int i = 0; i < PARENTS; i++) {
        crowd->parents[i] = (struct parent){
            .system = system, .person = system_family(system, 2000 + i, 7), .phrases = phrases, .stop = &crowd->stop};
        pthread_create(&crowd->threads[i], NULL, keep_translating, &crowd->parents[i]);
    }
}

static int crowd_finish(struct crowd *crowd)
{
    int answered = 0;
    for (int i = 0; i < PARENTS; i++) {
        pthread_join(crowd->threads[i], NULL);
        cr_expect_eq(crowd->parents[i].failures, 0);
        answered += crowd->parents[i].answered;
    }
    return answered;
}

static const char *const MANY[] = {"FAM_LIMIT_TRANSLATIONS_HOUR=100000", "FAM_LIMIT_TRANSLATIONS_DAY=100000", NULL};

Test(e2e_failures, postgresql_stops_and_starts_under_load_and_every_phrase_is_stored_once, .timeout = 200)
{
    struct system system;
    system_start(&system, MANY);
    struct crowd crowd;
    crowd_start(&crowd, &system, 150);
    usleep(300000);
    pg_server_halt(&system.pg);
    char body[4096];
    uint64_t start_ms = fam_mono_ms();
    while (system_get(system.http_port, "/health/ready", body, sizeof(body)) == 200 &&
           fam_mono_ms() - start_ms < 10000) {
        usleep(20000);
    }
    cr_assert_eq(system_get(system.http_port, "/health/ready", body, sizeof(body)), 503);
    cr_assert_eq(system_get(system.http_port, "/health", body, sizeof(body)), 503);
    cr_assert_eq(system_get(system.http_port, "/health/live", body, sizeof(body)), 200);
    cr_assert(pg_server_restart(&system.pg));
    int answered = crowd_finish(&crowd);
    cr_assert_eq(answered, PARENTS * 150);
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), answered);
    cr_assert(system_wait_ready(&system, SYSTEM_READY_MS));
    system_stop(&system);
}

Test(e2e_failures, an_emergency_is_answered_while_postgresql_is_away, .timeout = 120)
{
    struct system system;
    system_start(&system, NULL);
    struct person parent = system_family(&system, 2100, 14);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    pg_server_halt(&system.pg);
    cr_assert_eq(system_translate(&system, &parent, "Скучно", "a", &rpc, &status), FAM_UNAVAILABLE);
    fam_rpc_done(&rpc);
    cr_assert_eq(system_translate(&system, &parent, "не хочу больше жить", "b", &rpc, &status), FAM_OK, "%s",
                 status.message);
    cr_assert_not_null(system_entry(&rpc)->safety);
    cr_assert_geq(system_entry(&rpc)->safety->n_lines, 1);
    cr_assert_str_eq(system_entry(&rpc)->entry_id, "");
    fam_rpc_done(&rpc);
    /* Nor does it take to know who writes; anything else does. */
    for (int i = 0; i < 2; i++) {
        Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
        request.phrase = borrow(i == 0 ? "не хочу больше жить" : "Скучно");
        fam_rpc_init(&rpc, &(struct fam_rpc_options){.idempotency_key = i == 0 ? "c" : "d"});
        enum fam_code code = FAM_RPC(system.client, fam__v1__translation_service, translate, &rpc, &request, &status);
        cr_assert_eq(code, i == 0 ? FAM_OK : FAM_INVALID_ARGUMENT, "%s", status.message);
        fam_rpc_done(&rpc);
    }
    cr_assert(pg_server_restart(&system.pg));
    cr_assert(system_wait_ready(&system, SYSTEM_READY_MS));
    cr_assert_eq(system_translate(&system, &parent, "Скучно", "a", &rpc, &status), FAM_OK);
    fam_rpc_done(&rpc);
    system_stop(&system);
}

static enum fam_code make_session(struct system *system, const struct person *person, struct fam_status *status)
{
    Fam__V1__CreateSessionRequest request = FAM__V1__CREATE_SESSION_REQUEST__INIT;
    request.client = borrow("telegram");
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &(struct fam_rpc_options){.acting_user = &person->user_id, .timeout_ms = 5000});
    enum fam_code code = FAM_RPC(system->client, fam__v1__session_service, create_session, &rpc, &request, status);
    fam_rpc_done(&rpc);
    return code;
}

Test(e2e_failures, without_redis_phrases_and_families_go_on_and_health_is_degraded, .timeout = 120)
{
    struct system system;
    const char *const extra[] = {"FAM_LIMIT_TRANSLATIONS_HOUR=3", NULL};
    system_start(&system, extra);
    struct person parent = system_family(&system, 2200, 7);
    struct fam_status status = {.message = ""};
    cr_assert_eq(make_session(&system, &parent, &status), FAM_OK, "%s", status.message);
    redis_server_kill(&system.redis);
    struct fam_rpc rpc;
    for (int i = 0; i < 3; i++) {
        char key[16];
        snprintf(key, sizeof(key), "k%d", i);
        cr_assert_eq(system_translate(&system, &parent, "Нет!", key, &rpc, &status), FAM_OK, "%s", status.message);
        fam_rpc_done(&rpc);
    }
    cr_assert_eq(system_translate(&system, &parent, "Нет!", "k4", &rpc, &status), FAM_RESOURCE_EXHAUSTED);
    fam_rpc_done(&rpc);
    cr_assert_eq(make_session(&system, &parent, &status), FAM_UNAVAILABLE);
    struct person other = system_family(&system, 2201, 7);
    cr_assert_not(fam_uuid_is_nil(&other.child_id));
    char body[4096] = "";
    uint64_t start_ms = fam_mono_ms();
    do {
        cr_assert_eq(system_get(system.http_port, "/health", body, sizeof(body)), 200, "degraded is 200");
        usleep(20000);
    } while (strstr(body, "\"degraded\"") == NULL && fam_mono_ms() - start_ms < 10000);
    cr_assert_not_null(strstr(body, "\"degraded\""), "%s", body);
    cr_assert_eq(system_get(system.http_port, "/health/ready", body, sizeof(body)), 200);
    cr_assert(redis_server_restart(&system.redis));
    start_ms = fam_mono_ms();
    while (make_session(&system, &parent, &status) != FAM_OK && fam_mono_ms() - start_ms < 10000) {
        usleep(50000);
    }
    cr_assert_eq(make_session(&system, &parent, &status), FAM_OK, "%s", status.message);
    system_stop(&system);
}

Test(e2e_failures, a_server_killed_at_random_moments_loses_and_doubles_nothing, .timeout = 280)
{
    struct system system;
    system_start(&system, MANY);
    struct crowd crowd;
    crowd_start(&crowd, &system, 120);
    unsigned seed = (unsigned)getpid();
    for (int i = 0; i < 5; i++) {
        usleep(100000 + (useconds_t)rand_r(&seed) % 300000);
        (void)proc_stop(&system.server, SIGKILL, 5000);
        system_run_server(&system);
        cr_assert(system_wait_ready(&system, SYSTEM_READY_MS));
    }
    int answered = crowd_finish(&crowd);
    cr_assert_eq(answered, PARENTS * 120);
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), answered);
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM idempotency_keys WHERE method LIKE '%Translate'"),
                 answered);
    system_stop(&system);
}

Test(e2e_failures, sigterm_lets_calls_in_flight_finish_and_exits_with_0, .timeout = 120)
{
    struct system system;
    system_start(&system, MANY);
    struct crowd crowd;
    crowd_start(&crowd, &system, 400);
    usleep(300000);
    cr_assert_eq(proc_stop(&system.server, SIGTERM, 35000), 0);
    system_run_server(&system);
    cr_assert(system_wait_ready(&system, SYSTEM_READY_MS));
    atomic_store(&crowd.stop, true);
    int answered = crowd_finish(&crowd);
    cr_assert_gt(answered, 0);
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), answered);
    system_stop(&system);
}

Test(e2e_failures, a_server_starts_without_its_database_and_recovers_by_itself, .timeout = 120)
{
    struct system system;
    system_start(&system, NULL);
    struct person parent = system_family(&system, 2300, 7);
    cr_assert_eq(proc_stop(&system.server, SIGTERM, 35000), 0);
    pg_server_halt(&system.pg);
    system_run_server(&system);
    char body[4096];
    uint64_t start_ms = fam_mono_ms();
    while (system_get(system.http_port, "/health/live", body, sizeof(body)) != 200 &&
           fam_mono_ms() - start_ms < 10000) {
        usleep(10000);
    }
    cr_assert_eq(system_get(system.http_port, "/health/ready", body, sizeof(body)), 503);
    cr_assert(pg_server_restart(&system.pg));
    cr_assert(system_wait_ready(&system, SYSTEM_READY_MS));
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    cr_assert_eq(system_translate(&system, &parent, "Нет!", "a", &rpc, &status), FAM_OK, "%s", status.message);
    fam_rpc_done(&rpc);
    system_stop(&system);
}

Test(e2e_failures, a_server_whose_schema_is_behind_serves_operations_only, .timeout = 120)
{
    struct system system;
    system_start(&system, NULL);
    struct person parent = system_family(&system, 2400, 7);
    cr_assert_eq(proc_stop(&system.server, SIGTERM, 35000), 0);
    cr_assert(pg_server_sql(system.pg.conninfo, "DELETE FROM schema_migrations", NULL, 0));
    system_run_server(&system);
    struct fam_status status = {.message = ""};
    char body[4096];
    uint64_t start_ms = fam_mono_ms();
    while (system_get(system.http_port, "/health/live", body, sizeof(body)) != 200 &&
           fam_mono_ms() - start_ms < 10000) {
        usleep(10000);
    }
    cr_assert_eq(system_get(system.http_port, "/health/ready", body, sizeof(body)), 503);
    struct fam_rpc rpc;
    start_ms = fam_mono_ms();
    do { /* until the client is connected anew and the server has looked at its schema */
        cr_assert_eq(system_translate(&system, &parent, "Нет!", "a", &rpc, &status), FAM_UNAVAILABLE);
        fam_rpc_done(&rpc);
    } while (strcmp(status.reason, "SCHEMA_BEHIND") != 0 && fam_mono_ms() - start_ms < 20000);
    cr_assert_str_eq(status.reason, "SCHEMA_BEHIND");
    Fam__V1__ServerInfoRequest request = FAM__V1__SERVER_INFO_REQUEST__INIT;
    fam_rpc_init(&rpc, &(struct fam_rpc_options){.read_only = true});
    cr_assert_eq(FAM_RPC(system.client, fam__v1__ops_service, server_info, &rpc, &request, &status), FAM_OK);
    cr_assert_gt(((const Fam__V1__ServerInfoResponse *)fam_rpc_response(&rpc))->schema_version_wanted, 0);
    fam_rpc_done(&rpc);
    system_stop(&system);
}

Test(e2e_failures, a_wrong_setting_is_named_and_stops_the_start, .timeout = 60)
{
    const char *const argv[] = {FAM_BIN_DIR "/famserver", "--check-config", NULL};
    const char *const good[] = {"DATABASE_URL=postgresql:///x", "FAM_CALLS=8",
                                "FAM_MASTER_KEY=v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", NULL};
    const char *const bad_key[] = {"DATABASE_URL=postgresql:///x", "FAM_MASTER_KEY=v1:abc", NULL};
    const char *const no_database[] = {"FAM_MASTER_KEY=v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", NULL};
    const char *const typo[] = {"FAM_CALS=8", NULL};
    const char *const range[] = {"FAM_CALLS=0", NULL};
    char out[8192];
    cr_assert_eq(proc_run(argv, good, NULL, out, sizeof(out)), 0);
    cr_assert_not_null(strstr(out, "FAM_CALLS=8\n"));
    cr_assert_not_null(strstr(out, "DATABASE_URL=(set)\n"));
    cr_assert_null(strstr(out, "postgresql"));
    cr_assert_eq(proc_run(argv, typo, NULL, out, sizeof(out)), 1);
    cr_assert_eq(proc_run(argv, range, NULL, out, sizeof(out)), 1);
    cr_assert_eq(proc_run(argv, bad_key, NULL, out, sizeof(out)), 1);
    cr_assert_eq(proc_run(argv, no_database, NULL, out, sizeof(out)), 1);
}
