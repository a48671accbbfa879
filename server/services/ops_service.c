/* ops_service.c: fam.v1.OpsService: probes and the schema. Tokens, lists of people, the cache and Claude, and
 * reflection have files of their own. */
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "health/bot_watch.h"
#include "health/health.h"
#include "metrics/metrics.h"
#include "rpc/server.h"
#include "services/erase_call.h"
#include "services/ops_broadcast.h"
#include "services/ops_claude.h"
#include "services/ops_insight.h"
#include "services/ops_people.h"
#include "services/ops_queue.h"
#include "services/ops_reflection.h"
#include "services/ops_schedule.h"
#include "services/ops_send.h"
#include "services/ops_tokens.h"
#include "services/reply.h"
#include "services/services_private.h"
#include "store/migrate.h"
#include "store/store.h"

enum { BOT_NAME_SIZE = 161 };

static struct fam_services_context *context_of(Fam__V1__OpsService_Service *service)
{
    return ((struct fam_ops_service *)service)->context;
}

static void health(Fam__V1__OpsService_Service *service, const Fam__V1__HealthRequest *request,
                   Fam__V1__HealthResponse_Closure closure, void *closure_data)
{
    (void)request;
    struct fam_health_report report;
    struct fam_health_message message;
    fam_health_snapshot(context_of(service)->health, &report);
    fam_health_to_message(&report, &message);
    closure(&message.response, closure_data);
}

static void ready(Fam__V1__OpsService_Service *service, const Fam__V1__ReadyRequest *request,
                  Fam__V1__ReadyResponse_Closure closure, void *closure_data)
{
    (void)request;
    char reason[FAM_HEALTH_REASON_SIZE] = "";
    Fam__V1__ReadyResponse response = FAM__V1__READY_RESPONSE__INIT;
    response.ready = fam_health_ready(context_of(service)->health, reason);
    response.reason = reason;
    closure(&response, closure_data);
}

static void live(Fam__V1__OpsService_Service *service, const Fam__V1__LiveRequest *request,
                 Fam__V1__LiveResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    Fam__V1__LiveResponse response = FAM__V1__LIVE_RESPONSE__INIT;
    closure(&response, closure_data);
}

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text; /* the generated members lack a const; packing only reads */
}

static void server_info(Fam__V1__OpsService_Service *service, const Fam__V1__ServerInfoRequest *request,
                        Fam__V1__ServerInfoResponse_Closure closure, void *closure_data)
{
    (void)request;
    struct fam_services_context *context = context_of(service);
    Fam__V1__ServerInfoResponse response = FAM__V1__SERVER_INFO_RESPONSE__INIT;
    response.version = borrow(context->version);
    response.revision = borrow(FAM_REVISION);
    response.environment = borrow(context->environment);
    response.started_at_ms = context->started_at_ms;
    response.schema_version = context->schema_applied(context->app);
    response.schema_version_wanted = fam_migrate_wanted();
    response.calls_in_flight = (uint32_t)fam_server_calls_in_flight(context->server);
    response.calls_bound = (uint32_t)context->calls_bound;
    response.draining = fam_server_is_draining(context->server);
    response.compiler = borrow(__VERSION__);
    closure(&response, closure_data);
}

static void list_methods(Fam__V1__OpsService_Service *service, const Fam__V1__ListMethodsRequest *request,
                         Fam__V1__ListMethodsResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    fam_ops_list_methods(closure, closure_data);
}

static void describe(Fam__V1__OpsService_Service *service, const Fam__V1__DescribeRequest *request,
                     Fam__V1__DescribeResponse_Closure closure, void *closure_data)
{
    (void)service;
    fam_ops_describe(request, closure, closure_data);
}

static Fam__V1__Migration **reply_migrations(struct fam_reply *reply, const struct fam_migration *list, size_t count)
{
    Fam__V1__Migration **made = fam_reply_alloc(reply, (count + 1) * sizeof(*made));
    for (size_t i = 0; made != NULL && i < count; i++) {
        made[i] = fam_reply_alloc(reply, sizeof(*made[i]));
        if (made[i] == NULL) {
            return NULL;
        }
        fam__v1__migration__init(made[i]);
        made[i]->version = list[i].version;
        made[i]->name = fam_reply_text(reply, list[i].name);
        if (list[i].applied_at_ms != 0) {
            char applied_at[FAM_RFC3339_SIZE];
            fam_rfc3339(list[i].applied_at_ms, applied_at);
            made[i]->applied_at = fam_reply_text(reply, applied_at);
        }
    }
    return made;
}

static void migration_status(Fam__V1__OpsService_Service *service, const Fam__V1__MigrationStatusRequest *request,
                             Fam__V1__MigrationStatusResponse_Closure closure, void *closure_data)
{
    (void)request;
    struct fam_status status;
    struct fam_migration list[FAM_MIGRATIONS_MAX];
    size_t count = 0;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__MigrationStatusResponse response = FAM__V1__MIGRATION_STATUS_RESPONSE__INIT;
    enum fam_code code = fam_migrate_status(fam_store_pool(context_of(service)->store), list, &count, &status);
    if (code == FAM_OK) {
        response.migrations = reply_migrations(&reply, list, count);
        response.n_migrations = response.migrations == NULL ? 0 : count;
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static void migrate(Fam__V1__OpsService_Service *service, const Fam__V1__MigrateRequest *request,
                    Fam__V1__MigrateResponse_Closure closure, void *closure_data)
{
    (void)request;
    struct fam_services_context *context = context_of(service);
    struct fam_status status;
    struct fam_migration list[FAM_MIGRATIONS_MAX];
    size_t count = 0;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__MigrateResponse response = FAM__V1__MIGRATE_RESPONSE__INIT;
    enum fam_code code = fam_migrate_apply(fam_store_pool(context->store), list, &count, &status);
    context->recheck(context->app);
    if (code == FAM_OK) {
        response.applied = reply_migrations(&reply, list, count);
        response.n_applied = response.applied == NULL ? 0 : count;
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static void create_token(Fam__V1__OpsService_Service *service, const Fam__V1__CreateTokenRequest *request,
                         Fam__V1__CreateTokenResponse_Closure closure, void *closure_data)
{
    fam_ops_create_token(context_of(service), request, closure, closure_data);
}

static void list_tokens(Fam__V1__OpsService_Service *service, const Fam__V1__ListTokensRequest *request,
                        Fam__V1__ListTokensResponse_Closure closure, void *closure_data)
{
    (void)request;
    fam_ops_list_tokens(context_of(service), closure, closure_data);
}

static void revoke_token(Fam__V1__OpsService_Service *service, const Fam__V1__RevokeTokenRequest *request,
                         Fam__V1__RevokeTokenResponse_Closure closure, void *closure_data)
{
    fam_ops_revoke_token(context_of(service), request, closure, closure_data);
}

/* The answer to this call goes out all the same: it is in flight. */
static void drain(Fam__V1__OpsService_Service *service, const Fam__V1__DrainRequest *request,
                  Fam__V1__DrainResponse_Closure closure, void *closure_data)
{
    (void)request;
    struct fam_services_context *context = context_of(service);
    Fam__V1__DrainResponse response = FAM__V1__DRAIN_RESPONSE__INIT;
    context->drain(context->app);
    response.calls_in_flight = (uint32_t)fam_server_calls_in_flight(context->server);
    closure(&response, closure_data);
}

static void list_users(Fam__V1__OpsService_Service *service, const Fam__V1__ListUsersRequest *request,
                       Fam__V1__ListUsersResponse_Closure closure, void *closure_data)
{
    fam_ops_list_users(context_of(service), request, closure, closure_data);
}

static void list_families(Fam__V1__OpsService_Service *service, const Fam__V1__ListFamiliesRequest *request,
                          Fam__V1__ListFamiliesResponse_Closure closure, void *closure_data)
{
    fam_ops_list_families(context_of(service), request, closure, closure_data);
}

static void list_audit(Fam__V1__OpsService_Service *service, const Fam__V1__ListAuditRequest *request,
                       Fam__V1__ListAuditResponse_Closure closure, void *closure_data)
{
    fam_ops_list_audit(context_of(service), request, closure, closure_data);
}

static void get_cache_stats(Fam__V1__OpsService_Service *service, const Fam__V1__GetCacheStatsRequest *request,
                            Fam__V1__GetCacheStatsResponse_Closure closure, void *closure_data)
{
    (void)request;
    fam_ops_get_cache_stats(context_of(service), closure, closure_data);
}

static void clear_cache(Fam__V1__OpsService_Service *service, const Fam__V1__ClearCacheRequest *request,
                        Fam__V1__ClearCacheResponse_Closure closure, void *closure_data)
{
    fam_ops_clear_cache(context_of(service), request, closure, closure_data);
}

static void get_claude(Fam__V1__OpsService_Service *service, const Fam__V1__GetClaudeRequest *request,
                       Fam__V1__GetClaudeResponse_Closure closure, void *closure_data)
{
    (void)request;
    fam_ops_get_claude(context_of(service), closure, closure_data);
}

static void reset_breaker(Fam__V1__OpsService_Service *service, const Fam__V1__ResetBreakerRequest *request,
                          Fam__V1__ResetBreakerResponse_Closure closure, void *closure_data)
{
    fam_ops_reset_breaker(context_of(service), request, closure, closure_data);
}

static void set_log_level(Fam__V1__OpsService_Service *service, const Fam__V1__SetLogLevelRequest *request,
                          Fam__V1__SetLogLevelResponse_Closure closure, void *closure_data)
{
    struct fam_services_context *context = context_of(service);
    struct fam_status status;
    enum fam_log_level level = FAM_LOG_INFO;
    if (!fam_log_level_parse(request->level, &level)) {
        (void)fam_fail_field(&status, "level", "is none: debug, info, warn, error or off");
        fam_call_fail(closure_data, &status);
        return;
    }
    Fam__V1__SetLogLevelResponse response = FAM__V1__SET_LOG_LEVEL_RESPONSE__INIT;
    response.previous = borrow(fam_log_level_name(fam_log_set_level(context->log, level)));
    FAM_LOG(context->log, FAM_LOG_WARN, "log", "the level was changed by a call",
            FAM_STR("to", fam_log_level_name(level)), FAM_STR("principal", fam_call_principal(closure_data)->name));
    closure(&response, closure_data);
}

static void get_metrics(Fam__V1__OpsService_Service *service, const Fam__V1__GetMetricsRequest *request,
                        Fam__V1__GetMetricsResponse_Closure closure, void *closure_data)
{
    (void)request;
    struct fam_status status;
    fam_auto(fam_buf_done) struct fam_buf page = {0};
    fam_metrics_write(context_of(service)->metrics, &page);
    Fam__V1__GetMetricsResponse response = FAM__V1__GET_METRICS_RESPONSE__INIT;
    response.exposition = borrow(fam_buf_text(&page));
    enum fam_code code = page.failed ? fam_fail_memory(&status) : FAM_OK;
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static void report_bot(Fam__V1__OpsService_Service *service, const Fam__V1__ReportBotRequest *request,
                       Fam__V1__ReportBotResponse_Closure closure, void *closure_data)
{
    struct fam_services_context *context = context_of(service);
    const char *name = fam_call_principal(closure_data)->name;
    const struct fam_bot_report report = {.polled = request->polled,
                                          .poll_age_ms = request->poll_age_ms,
                                          .unhandled = request->unhandled_updates,
                                          .is_standby = request->standby};
    char process[BOT_NAME_SIZE];
    (void)snprintf(process, sizeof(process), "%s %s", name, request->instance);
    if (fam_bot_watch_report(context->bots, process, &report)) {
        FAM_LOG(context->log, FAM_LOG_INFO, "ops", "a bot reports", FAM_STR("bot", name),
                FAM_STR("instance", request->instance), FAM_STR("version", request->version));
    }
    Fam__V1__ReportBotResponse response = FAM__V1__REPORT_BOT_RESPONSE__INIT;
    closure(&response, closure_data);
}

/* The queue and the schedule: each has its handler in ops_queue.c or ops_schedule.c. */
#define FORWARD(name, Method)                                                                                          \
    static void name(Fam__V1__OpsService_Service *service, const Fam__V1__##Method##Request *request,                  \
                     Fam__V1__##Method##Response_Closure closure, void *closure_data)                                  \
    {                                                                                                                  \
        fam_ops_##name(context_of(service), request, closure, closure_data);                                           \
    }
FORWARD(get_queue_stats, GetQueueStats)
FORWARD(list_tasks, ListTasks)
FORWARD(get_task, GetTask)
FORWARD(retry_tasks, RetryTasks)
FORWARD(delete_tasks, DeleteTasks)
FORWARD(pause_queue, PauseQueue)
FORWARD(resume_queue, ResumeQueue)
FORWARD(list_schedules, ListSchedules)

/* ops_insight.c, erase_call.c, ops_broadcast.c, ops_send.c */
FORWARD(list_entry_summaries, ListEntrySummaries)
FORWARD(list_feedback, ListFeedback)
FORWARD(get_retention, GetRetention)
FORWARD(get_stats, GetStats)
FORWARD(erase_family, EraseFamily)
FORWARD(broadcast, Broadcast)
FORWARD(send_checkin, SendCheckin)
FORWARD(send_report, SendReport)

void fam_ops_service_init(struct fam_ops_service *service, struct fam_services_context *context)
{
    static const Fam__V1__OpsService_Service HANDLERS = FAM__V1__OPS_SERVICE__INIT();
    service->base = HANDLERS;
    service->context = context;
}
