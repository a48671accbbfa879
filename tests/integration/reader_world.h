/* reader_world.h: readings by Claude without a server around them: private PostgreSQL and Redis, the simulator of the
 * Messages API, and the reader with all that it stands on. One for a test. */
#ifndef FAM_TESTS_READER_WORLD_H
#define FAM_TESTS_READER_WORLD_H

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/config.h"
#include "claude_client.h"
#include "metrics/metrics.h"
#include "redis/redis.h"
#include "support/redis_server.h"
#include "support/store_fixture.h"
#include "translate/claude.h"
#include "translate/reader.h"
#include "translate/reader_names.h"
#include "translate/reading_cache.h"

enum { WORLD_WAIT_MS = 30000, WORLD_CLAUDE_TIMEOUT_MS = 20000 };

static struct reader_world {
    struct store_fixture f;
    struct redis_server redis_server;
    char dir[64];
    struct cl_sim sim;
    struct fam_secret key;
    struct fam_metrics *metrics;
    struct fam_redis *redis;
    struct fam_claude *claude;
    struct fam_reading_cache *cache;
    struct fam_reader *reader;
    struct fam_uuid author;
} w;

static inline void world_make_reader(uint32_t patience_ms, uint32_t timeout_ms, size_t going_on_max)
{
    struct fam_status status = {0};
    const struct fam_reader_options options = {
        .claude = w.claude,
        .cache = w.cache,
        .store = w.f.store,
        .model = "claude-haiku-5-5",
        .patience_ms = patience_ms,
        .timeout_ms = timeout_ms,
        .going_on_max = going_on_max,
        .metrics = w.metrics,
    };
    w.reader = fam_reader_new(&options, &status);
    cr_assert_not_null(w.reader, "%s", status.message);
}

static inline void world_make_claude(uint64_t budget_micro_usd)
{
    struct fam_status status = {0};
    const struct fam_claude_options options = {
        .base_url = w.sim.base_url,
        .api_key = &w.key,
        .model = "claude-haiku-5-5",
        .user_agent = "test/0",
        .concurrency = 5,
        .queue = 16,
        .budget_micro_usd = budget_micro_usd,
        .metrics = w.metrics,
    };
    w.claude = fam_claude_new(&options, &status);
    cr_assert_not_null(w.claude, "%s", status.message);
}

/* Without a reader: each test has its own patience. */
static inline void world_start(void)
{
    struct fam_status status = {0};
    memset(&w, 0, sizeof(w));
    store_fixture_start(&w.f);
    cr_assert(redis_server_start(&w.redis_server, false));
    cr_assert(proc_tmpdir(w.dir, sizeof(w.dir)));
    cr_assert(cl_sim_start(&w.sim, w.dir, NULL));
    cr_assert(fam_secret_set(&w.key, "sk-test-of-nobody", strlen("sk-test-of-nobody")));
    w.metrics = fam_metrics_new(FAM_PROGRAM_SERVER, "0", NULL, 0, &status);
    cr_assert_not_null(w.metrics, "%s", status.message);
    const struct fam_redis_options redis = {.url = w.redis_server.url};
    w.redis = fam_redis_new(&redis, &status);
    cr_assert_not_null(w.redis, "%s", status.message);
    const struct fam_reading_cache_options cache = {.redis = w.redis, .store = w.f.store, .metrics = w.metrics};
    w.cache = fam_reading_cache_new(&cache, &status);
    cr_assert_not_null(w.cache, "%s", status.message);
    world_make_claude(0);
    w.author = make_user(w.f.store, 1);
}

static inline void world_stop(void)
{
    fam_claude_stop(w.claude);
    fam_reader_free(w.reader);
    fam_claude_free(w.claude);
    fam_reading_cache_free(w.cache);
    fam_redis_free(w.redis);
    fam_metrics_free(w.metrics);
    fam_secret_done(&w.key);
    cr_expect_eq(cl_sim_stop(&w.sim), 0);
    proc_rmtree(w.dir);
    redis_server_stop(&w.redis_server);
    store_fixture_stop(&w.f);
}

static inline int64_t world_asked(void)
{
    return cl_stat(&w.sim, "requests");
}

static inline void world_nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

#endif
