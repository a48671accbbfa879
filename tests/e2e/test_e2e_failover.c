/* One of two famservers is killed, or stops without a word, under a hundred callers, with Claude: every call is
 * answered with OK by its deadline, by the client alone; what it wrote is there once; and Claude was asked for it once
 * at most. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "crowd.h"
#include "support/claude_client.h"
#include "two_servers.h"

/* No phrase left for Claude twice, and most did once. */
static void assert_asked_once(struct cl_sim *claude)
{
    static unsigned counts[CROWD_CALLS];
    memset(counts, 0, sizeof(counts));
    int64_t after = 0;
    int asked = 0;
    for (bool more = true; more;) {
        cJSON *page = cl_requests(claude, (uint64_t)after);
        cr_assert_not_null(page);
        const cJSON *record = NULL;
        cJSON_ArrayForEach(record, fam_json_get(page, "requests"))
        {
            char *text = cJSON_PrintUnformatted(record);
            cr_assert_not_null(text);
            size_t number = crowd_read_phrase(text);
            cr_assert_lt(number, (size_t)CROWD_CALLS);
            counts[number]++;
            asked++;
            free(text);
        }
        more = cJSON_IsTrue(fam_json_get(page, "more"));
        cr_assert(!more || fam_json_i64(page, "next", &after));
        cJSON_Delete(page);
    }
    for (size_t i = 0; i < CROWD_CALLS; i++) {
        cr_expect_leq(counts[i], 1, "Claude was asked %u times for phrase %zu", counts[i], i);
    }
    cr_expect_gt(asked, CROWD_CALLS / 2);
}

struct scene {
    struct two two;
    struct cl_sim claude;
    char dir[64];
    struct crowd crowd;
};

static void scene_start(struct scene *scene)
{
    char base_url[128];
    cr_assert(proc_tmpdir(scene->dir, sizeof(scene->dir)));
    cr_assert(cl_sim_start(&scene->claude, scene->dir, NULL));
    /* So that many questions are with Claude whenever something happens. */
    cr_assert(cl_latency(&scene->claude, 200));
    snprintf(base_url, sizeof(base_url), "ANTHROPIC_BASE_URL=%s", scene->claude.base_url);
    const char *const settings[] = {base_url, "ANTHROPIC_API_KEY=sk-test-of-nobody", "FAM_CLAUDE_CONCURRENCY=64", NULL};
    two_start(&scene->two, settings);
    /* What the built-in engine answered because a server died over it is read again later: another matter. */
    system_pause_rereads(&scene->two.system);
    crowd_start(&scene->crowd, scene->two.system.client, scene->two.people, TWO_PEOPLE);
    crowd_wait_busy(&scene->crowd);
}

static void scene_stop(struct scene *scene)
{
    two_stop(&scene->two);
    cr_expect_eq(cl_sim_stop(&scene->claude), 0);
    proc_rmtree(scene->dir);
}

static void finish(struct scene *scene, const char *event)
{
    if (!crowd_finish(&scene->crowd, event)) {
        system_print_log(&scene->two.system.server, event);
    }
}

static void assert_all_is_there_once(struct scene *scene)
{
    crowd_assert_written_once(&scene->two.system, scene->two.people, TWO_PEOPLE);
    assert_asked_once(&scene->claude);
}

Test(e2e_failover, one_of_two_is_killed_under_a_hundred_callers_and_nobody_notices, .timeout = 280)
{
    static struct scene scene;
    scene_start(&scene);
    (void)proc_stop(&scene.two.second, SIGKILL, 5000);
    finish(&scene, "SIGKILL");
    struct fam_client_stats stats;
    fam_client_stats(scene.two.system.client, &stats);
    cr_expect_eq(stats.connected, 1);
    cr_expect_geq(stats.failovers, 10, "only %llu calls were there", (unsigned long long)stats.failovers);
    assert_all_is_there_once(&scene);
    scene_stop(&scene);
}

Test(e2e_failover, one_of_two_stops_without_a_word_under_a_hundred_callers_and_nobody_notices, .timeout = 280)
{
    static struct scene scene;
    scene_start(&scene);
    cr_assert_eq(kill(scene.two.second.pid, SIGSTOP), 0);
    finish(&scene, "SIGSTOP");
    struct fam_client_stats stats;
    fam_client_stats(scene.two.system.client, &stats);
    cr_expect_geq(stats.stalls, 1);
    cr_expect_eq(stats.connected, 1);
    cr_expect_geq(stats.failovers, 10, "only %llu calls were there", (unsigned long long)stats.failovers);
    /* It comes back with all that it was asked before, and does none of it a second time. */
    cr_assert_eq(kill(scene.two.second.pid, SIGCONT), 0);
    two_wait_connected(&scene.two, 2);
    crowd_start(&scene.crowd, scene.two.system.client, scene.two.people, TWO_PEOPLE); /* the same calls again */
    finish(&scene, "after SIGCONT");
    assert_all_is_there_once(&scene);
    scene_stop(&scene);
}
