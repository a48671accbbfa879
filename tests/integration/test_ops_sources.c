/* The cache and Claude methods of OpsService: what the sources tell arrives whole, and what is not there is said. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "fam/v1/ops.pb-c.h"
#include "rpc/client.h"
#include "rpc/server.h"
#include "services/methods.h"
#include "services/ops_claude.h"
#include "services/services.h"

struct scene {
    struct fam_server *server;
    struct fam_services *services;
    struct fam_client *client;
    struct fam_ops_sources sources;
    int cleared, reset;
};

static struct scene scene;

static enum fam_code authenticate(void *context, const char *token, bool may_block, bool *ret_would_block,
                                  struct fam_principal *ret_principal, struct fam_status *status)
{
    (void)context;
    (void)token;
    (void)may_block;
    (void)status;
    *ret_would_block = false;
    ret_principal->role = FAM_ROLE_ADMIN;
    return FAM_OK;
}

static enum fam_code cache_stats(void *context, struct fam_ops_cache_stats *ret_stats, struct fam_status *status)
{
    (void)status;
    cr_assert_eq(context, &scene);
    *ret_stats = (struct fam_ops_cache_stats){1, 2, 3, 4, 5, 6, true};
    return FAM_OK;
}

static enum fam_code clear_cache(void *context, bool dry_run, int64_t *ret_deleted, struct fam_status *status)
{
    (void)context;
    (void)status;
    scene.cleared += dry_run ? 0 : 1;
    *ret_deleted = 9;
    return FAM_OK;
}

static enum fam_code get_claude(void *context, struct fam_ops_claude *ret_claude, struct fam_status *status)
{
    (void)context;
    (void)status;
    ret_claude->enabled = true;
    ret_claude->concurrency = 5;
    ret_claude->breaker = (struct fam_ops_breaker){FAM__V1__BREAKER_STATE__BREAKER_STATE_HALF_OPEN, 5, 250};
    ret_claude->limit_count = 1;
    snprintf(ret_claude->limits[0].name, sizeof(ret_claude->limits[0].name), "tokens");
    ret_claude->limits[0].remaining = 77;
    ret_claude->day_count = 2;
    snprintf(ret_claude->days[1].day, sizeof(ret_claude->days[1].day), "2026-07-25");
    ret_claude->days[1].cost_micro_usd = 1234;
    ret_claude->budget_micro_usd = 1000000;
    return FAM_OK;
}

static enum fam_code reset_breaker(void *context, bool dry_run, struct fam_ops_breaker *ret_breaker,
                                   struct fam_status *status)
{
    (void)context;
    scene.reset += dry_run ? 0 : 1;
    ret_breaker->state = FAM__V1__BREAKER_STATE__BREAKER_STATE_CLOSED;
    return dry_run ? FAM_OK : fam_fail(status, FAM_UNAVAILABLE, "not now");
}

static void start(void)
{
    static const char *const urls[] = {"tcp://127.0.0.1:0"};
    char url[64];
    struct fam_status status = {0};
    signal(SIGPIPE, SIG_IGN);
    memset(&scene, 0, sizeof(scene));
    const struct fam_server_options options = {.urls = urls,
                                               .url_count = 1,
                                               .methods = fam_methods,
                                               .method_count = fam_method_count,
                                               .rules = fam_field_rules,
                                               .rule_count = fam_field_rule_count,
                                               .calls = 8,
                                               .workers = 2,
                                               .hooks = {.authenticate = authenticate}};
    scene.server = fam_server_new(&options, &status);
    cr_assert(scene.server, "%s", status.message);
    const struct fam_services_context context = {.server = scene.server, .sources = &scene.sources};
    scene.services = fam_services_new(&context, &status);
    cr_assert(scene.services, "%s", status.message);
    cr_assert_eq(fam_services_register(scene.services, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_server_start(scene.server, &status), FAM_OK, "%s", status.message);
    snprintf(url, sizeof(url), "tcp://127.0.0.1:%u", (unsigned)fam_server_port(scene.server, 0));
    const struct fam_client_options client = {.urls = url, .token = "admin", .version = "test/1"};
    scene.client = fam_client_new(&client, &status);
    cr_assert(scene.client, "%s", status.message);
}

static void stop(void)
{
    fam_client_free(scene.client);
    fam_server_free(scene.server);
    fam_services_free(scene.services);
}

TestSuite(ops_sources, .init = start, .fini = stop, .timeout = 30);

static void fill_sources(void)
{
    scene.sources = (struct fam_ops_sources){&scene, cache_stats, clear_cache, get_claude, reset_breaker};
}

static enum fam_code ask_claude(struct fam_rpc *rpc, struct fam_status *status)
{
    static const struct fam_rpc_options options = {.timeout_ms = 10000};
    Fam__V1__GetClaudeRequest request = FAM__V1__GET_CLAUDE_REQUEST__INIT;
    fam_rpc_init(rpc, &options);
    return FAM_RPC(scene.client, fam__v1__ops_service, get_claude, rpc, &request, status);
}

Test(ops_sources, without_sources_the_methods_say_so)
{
    struct fam_status status = {0};
    struct fam_rpc rpc;
    cr_assert_eq(ask_claude(&rpc, &status), FAM_FAILED_PRECONDITION);
    cr_assert_str_eq(status.reason, "NOT_CONFIGURED");
    fam_rpc_done(&rpc);
}

Test(ops_sources, claude_is_told_whole)
{
    struct fam_status status = {0};
    struct fam_rpc rpc;
    fill_sources();
    cr_assert_eq(ask_claude(&rpc, &status), FAM_OK, "%s", status.message);
    const Fam__V1__GetClaudeResponse *claude = (const Fam__V1__GetClaudeResponse *)fam_rpc_response(&rpc);
    cr_assert(claude->enabled && claude->concurrency == 5);
    cr_assert_eq(claude->breaker->state, FAM__V1__BREAKER_STATE__BREAKER_STATE_HALF_OPEN);
    cr_assert_eq(claude->breaker->retry_in_ms, 250);
    cr_assert(claude->n_limits == 1 && claude->limits[0]->remaining == 77);
    cr_assert_str_eq(claude->limits[0]->name, "tokens");
    cr_assert(claude->n_days == 2 && claude->days[1]->cost_micro_usd == 1234);
    cr_assert_str_eq(claude->days[1]->day, "2026-07-25");
    cr_assert_eq(claude->budget_micro_usd, 1000000);
    fam_rpc_done(&rpc);
}

Test(ops_sources, the_cache_is_told_and_cleared_but_not_by_a_dry_run)
{
    static const struct fam_rpc_options options = {.timeout_ms = 10000};
    struct fam_status status = {0};
    struct fam_rpc rpc;
    Fam__V1__GetCacheStatsRequest stats_request = FAM__V1__GET_CACHE_STATS_REQUEST__INIT;
    Fam__V1__ClearCacheRequest request = FAM__V1__CLEAR_CACHE_REQUEST__INIT;
    fill_sources();
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(scene.client, fam__v1__ops_service, get_cache_stats, &rpc, &stats_request, &status), FAM_OK);
    const Fam__V1__GetCacheStatsResponse *stats = (const Fam__V1__GetCacheStatsResponse *)fam_rpc_response(&rpc);
    cr_assert(stats->hits == 1 && stats->misses == 2 && stats->claims_waited == 3 && stats->entries == 4);
    cr_assert(stats->bytes == 5 && stats->compressed == 6 && stats->redis_up);
    fam_rpc_done(&rpc);
    for (int i = 0; i < 2; i++) {
        request.dry_run = i == 0;
        fam_rpc_init(&rpc, &options);
        cr_assert_eq(FAM_RPC(scene.client, fam__v1__ops_service, clear_cache, &rpc, &request, &status), FAM_OK);
        cr_assert_eq(((const Fam__V1__ClearCacheResponse *)fam_rpc_response(&rpc))->deleted, 9);
        fam_rpc_done(&rpc);
        cr_assert_eq(scene.cleared, i);
    }
}

Test(ops_sources, a_sources_failure_is_the_callers)
{
    static const struct fam_rpc_options options = {.timeout_ms = 10000};
    struct fam_status status = {0};
    struct fam_rpc rpc;
    Fam__V1__ResetBreakerRequest request = FAM__V1__RESET_BREAKER_REQUEST__INIT;
    fill_sources();
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(scene.client, fam__v1__ops_service, reset_breaker, &rpc, &request, &status), FAM_UNAVAILABLE);
    cr_assert_str_eq(status.message, "not now");
    fam_rpc_done(&rpc);
    request.dry_run = true;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(scene.client, fam__v1__ops_service, reset_breaker, &rpc, &request, &status), FAM_OK);
    const Fam__V1__ResetBreakerResponse *response = (const Fam__V1__ResetBreakerResponse *)fam_rpc_response(&rpc);
    cr_assert_eq(response->breaker->state, FAM__V1__BREAKER_STATE__BREAKER_STATE_CLOSED);
    fam_rpc_done(&rpc);
    cr_assert_eq(scene.reset, 1);
}
