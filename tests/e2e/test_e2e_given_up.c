/* What a translation leaves behind that was not answered: nothing is stored, its place in the author's limit is given
 * back, and the numbers tell a caller who left from a service that failed. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/claude_client.h"
#include "system.h"

enum { METRICS_BYTES = 1 << 20, WAIT_MS = 20000 };

/* The sum of a metric's series that hold `label` ("": all). */
static double metric(const struct system *system, const char *name, const char *label)
{
    double sum = 0;
    size_t length = strlen(name);
    char *rest = NULL;
    char *text = malloc(METRICS_BYTES);
    cr_assert_not_null(text);
    cr_assert_eq(system_get(system->http_port, "/metrics", text, METRICS_BYTES), 200);
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        bool ours = strncmp(line, name, length) == 0 && (line[length] == '{' || line[length] == ' ');
        if (ours && strstr(line, label) != NULL) {
            sum += strtod(strrchr(line, ' '), NULL);
        }
    }
    free(text);
    return sum;
}

static void wait_until_nothing_runs(const struct system *system)
{
    for (uint64_t until_ms = fam_mono_ms() + WAIT_MS; metric(system, "family_emotions_rpc_in_flight", "") > 0;) {
        cr_assert_lt(fam_mono_ms(), until_ms, "a call is still in flight");
        usleep(5000);
    }
}

/* One attempt. */
static enum fam_code ask(struct system *system, const struct person *person, const char *phrase, const char *key,
                         struct fam_status *status)
{
    const struct fam_rpc_options options = {
        .acting_user = &person->user_id, .idempotency_key = key, .timeout_ms = 20000, .retry = {.attempts = 1}};
    Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
    request.phrase = (char *)(uintptr_t)phrase;
    struct fam_rpc rpc;
    *status = (struct fam_status){.code = FAM_OK};
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(system->client, fam__v1__translation_service, translate, &rpc, &request, status);
    fam_rpc_done(&rpc);
    return code;
}

/* The author has `left` translations in this hour, and no more. */
static void assert_left(struct system *system, const struct person *person, int left)
{
    struct fam_status status;
    char key[32];
    for (int i = 0; i < left; i++) {
        snprintf(key, sizeof(key), "left-%d", i);
        cr_expect_eq(ask(system, person, "Не буду!", key, &status), FAM_OK, "%d: %s", i, status.message);
    }
    cr_expect_eq(ask(system, person, "Не буду!", "one-more", &status), FAM_RESOURCE_EXHAUSTED);
    cr_expect_str_eq(status.reason, "LIMIT_HOUR");
}

struct scene {
    struct system system;
    struct cl_sim claude;
    char dir[64];
    struct person parent;
};

/* Somebody asked, Claude has the question and does not answer, and the caller gives up. */
static void scene_with_one_given_up(struct scene *scene)
{
    char base_url[128];
    cr_assert(proc_tmpdir(scene->dir, sizeof(scene->dir)));
    cr_assert(cl_sim_start(&scene->claude, scene->dir, NULL));
    snprintf(base_url, sizeof(base_url), "ANTHROPIC_BASE_URL=%s", scene->claude.base_url);
    const char *const settings[] = {base_url, "ANTHROPIC_API_KEY=sk-test-of-nobody", "FAM_LIMIT_TRANSLATIONS_HOUR=2",
                                    "FAM_CLAUDE_PATIENCE_MS=30000", NULL};
    system_start(&scene->system, settings);
    scene->parent = system_family(&scene->system, 4300, 7);
    cr_assert(cl_fault(&scene->claude, "{\"hang\":true,\"times\":1}"));
    const struct fam_rpc_options options = {
        .acting_user = &scene->parent.user_id, .idempotency_key = "given-up", .timeout_ms = 60000};
    Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
    request.phrase = (char *)(uintptr_t) "Дай планшет!";
    struct fam_rpc rpc;
    struct fam_status status;
    fam_rpc_init(&rpc, &options);
    fam__v1__translation_service__translate(
        fam_client_service(scene->system.client, &fam__v1__translation_service__descriptor), &request, NULL, &rpc);
    cr_assert(cl_wait(&scene->claude, "{\"requests\":1}", WAIT_MS));
    fam_rpc_cancel(&rpc);
    cr_assert_eq(fam_rpc_wait(&rpc, &status), FAM_CANCELLED);
    fam_rpc_done(&rpc);
    cr_assert(cl_wait(&scene->claude, "{\"idle\":true}", WAIT_MS));
    wait_until_nothing_runs(&scene->system);
}

static void scene_stop(struct scene *scene)
{
    system_stop(&scene->system);
    cr_expect_eq(cl_sim_stop(&scene->claude), 0);
    proc_rmtree(scene->dir);
}

Test(e2e_given_up, a_cancelled_translation_is_given_back_to_the_author_s_limit, .timeout = 200)
{
    struct scene scene;
    scene_with_one_given_up(&scene);
    assert_left(&scene.system, &scene.parent, 2);
    scene_stop(&scene);
}

Test(e2e_given_up, a_cancelled_translation_is_counted_as_cancelled_and_as_nothing_else, .timeout = 200)
{
    struct scene scene;
    scene_with_one_given_up(&scene);
    const struct system *system = &scene.system;
    cr_expect_eq(metric(system, "family_emotions_rpc_requests_total", "method=\"Translate\",code=\"CANCELLED\""), 1);
    cr_expect_eq(metric(system, "family_emotions_rpc_requests_total", "method=\"Translate\""), 1);
    cr_expect_eq(metric(system, "family_emotions_claude_answers_total", "result=\"cancelled\""), 1);
    cr_expect_eq(metric(system, "family_emotions_claude_answers_total", ""), 1);
    cr_expect_eq(metric(system, "family_emotions_claude_in_flight", ""), 0);
    cr_expect_eq(metric(system, "family_emotions_translations_total", ""), 0, "neither a success nor an error");
    cr_expect_eq(metric(system, "family_emotions_translation_duration_seconds_count", ""), 0);
    cr_expect_eq(metric(system, "family_emotions_readings_total", ""), 0);
    cr_expect_eq(system_count(&scene.system, "SELECT count(*) FROM emotion_entries"), 0);
    scene_stop(&scene);
}

static void *hold_the_entries(void *arg)
{
    char out[256];
    bool good = pg_server_sql(arg, "BEGIN; LOCK TABLE emotion_entries IN EXCLUSIVE MODE; SELECT pg_sleep(3); ROLLBACK",
                              out, sizeof(out));
    return good ? NULL : arg;
}

static bool entries_are_held(void *context)
{
    return system_count(context, "SELECT count(*) FROM pg_locks WHERE relation = 'emotion_entries'::regclass "
                                 "AND mode = 'ExclusiveLock' AND granted") == 1;
}

Test(e2e_given_up, a_translation_that_could_not_be_stored_is_given_back_and_counted_as_an_error, .timeout = 200)
{
    static const char *const SETTINGS[] = {"FAM_LIMIT_TRANSLATIONS_HOUR=2", "FAM_STATEMENT_TIMEOUT_MS=500", NULL};
    struct system system;
    system_start(&system, SETTINGS);
    struct person parent = system_family(&system, 4310, 7);
    pthread_t holder;
    cr_assert_eq(pthread_create(&holder, NULL, hold_the_entries, system.pg.conninfo), 0);
    cr_assert(proc_wait_until(entries_are_held, &system, WAIT_MS));
    struct fam_status status;
    cr_expect_eq(ask(&system, &parent, "Не буду!", "held", &status), FAM_ABORTED, "%s", status.message);
    void *failed = NULL;
    pthread_join(holder, &failed);
    cr_assert_null(failed);
    wait_until_nothing_runs(&system);
    cr_expect_eq(metric(&system, "family_emotions_translations_total", "success=\"error\""), 1);
    cr_expect_eq(metric(&system, "family_emotions_translations_total", "success=\"success\""), 0);
    assert_left(&system, &parent, 2);
    cr_expect_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), 2);
    system_stop(&system);
}
