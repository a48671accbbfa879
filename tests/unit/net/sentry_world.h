/* sentry_world.h: a simulator of Sentry and a fam_sentry with a clock of its own, shared by its tests. */
#ifndef FAM_TESTS_SENTRY_WORLD_H
#define FAM_TESTS_SENTRY_WORLD_H

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "net/sentry.h"
#include "sim/sentry_sim.h"

enum { WAIT_MS = 20000 };

/* Each test is a process of its own, so this is one test's world. */
static struct {
    struct sentry_sim *sim;
    struct fam_sentry *sentry;
    char dsn[128];
    atomic_uint_fast64_t now_ms;
} world;

static inline uint64_t world_now(void *context)
{
    (void)context;
    return atomic_load(&world.now_ms);
}

static inline void world_make(const char *dsn)
{
    struct fam_status status = {.message = ""};
    const struct fam_sentry_options options = {
        .dsn = dsn,
        .origin = {.program = "famserver", .version = "0.1.0", .revision = "abcdef012345", .environment = "test"},
        .now_ms = world_now};
    cr_assert_eq(fam_sentry_new(&options, &world.sentry, &status), FAM_OK, "%s", status.message);
    cr_assert_not_null(world.sentry);
}

static inline void set_up(void)
{
    signal(SIGPIPE, SIG_IGN);
    atomic_store(&world.now_ms, 1000000);
    world.sim = sentry_sim_start();
    cr_assert_not_null(world.sim);
    sentry_sim_dsn(world.sim, world.dsn, sizeof(world.dsn));
    world_make(world.dsn);
}

/* Nothing that the tests send may be refused. */
static inline void tear_down(void)
{
    char problem[SENTRY_SIM_PROBLEM_SIZE];
    fam_sentry_free(world.sentry);
    sentry_sim_problem(world.sim, problem);
    cr_expect_eq(sentry_sim_refused(world.sim), 0, "%s", problem);
    sentry_sim_stop(world.sim);
}

#define CAPTURE(event, ...)                                                                                            \
    fam_sentry_capture(world.sentry, FAM_LOG_ERROR, "store", (event), (const struct fam_field[]){__VA_ARGS__},         \
                       sizeof((const struct fam_field[]){__VA_ARGS__}) / sizeof(struct fam_field))

static inline struct fam_sentry_stats world_stats(void)
{
    struct fam_sentry_stats stats;
    fam_sentry_stats(world.sentry, &stats);
    return stats;
}

/* Until sent + rate_limited + failed have that sum: so many answers came. */
static inline void world_wait_answers(uint64_t answers)
{
    const struct timespec step = {.tv_nsec = 5000000};
    uint64_t end_ms = fam_mono_ms() + WAIT_MS;
    for (;;) {
        struct fam_sentry_stats stats = world_stats();
        if (stats.sent + stats.rate_limited + stats.failed >= answers) {
            return;
        }
        cr_assert_lt(fam_mono_ms(), end_ms, "no %lu answers came", (unsigned long)answers);
        nanosleep(&step, NULL);
    }
}

/* An event that came, parsed; the caller deletes it. */
static inline cJSON *world_event(size_t index)
{
    cr_assert(sentry_sim_wait(world.sim, index + 1, WAIT_MS), "event %zu did not come", index);
    char *text = sentry_sim_event(world.sim, index);
    cr_assert_not_null(text);
    cJSON *event = fam_json_parse(text, strlen(text), 1 << 20);
    cr_assert_not_null(event);
    free(text);
    return event;
}

#endif
