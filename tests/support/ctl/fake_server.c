#include "fake_server.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_methods.h"
#include "fake_notifications.h"
#include "fake_people.h"
#include "fake_queue.h"
#include "fake_sessions.h"
#include "rpc/call.h"
#include "rpc/server.h"

/* Strings of messages are char *, and literals are const. */
static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

/* The services as the server has them: each begins with what the generated code sees. */
struct fake_ops {
    Fam__V1__OpsService_Service base;
    struct fake_scene *scene;
};

struct fake_translation {
    Fam__V1__TranslationService_Service base;
    struct fake_scene *scene;
};

struct fake_server {
    struct fake_ops ops;
    struct fake_translation translation;
    struct fake_sessions sessions;
    struct fake_notifications notifications;
    struct fake_people people;
    struct fam_server *server;
};

struct fake_scene *fake_ops_scene(Fam__V1__OpsService_Service *service)
{
    return ((struct fake_ops *)service)->scene;
}

static struct fake_scene *ops_scene(Fam__V1__OpsService_Service *service)
{
    return fake_ops_scene(service);
}

static struct fake_scene *translation_scene(Fam__V1__TranslationService_Service *service)
{
    return ((struct fake_translation *)service)->scene;
}

static void fake_health(Fam__V1__OpsService_Service *service, const Fam__V1__HealthRequest *request,
                        Fam__V1__HealthResponse_Closure closure, void *closure_data)
{
    struct fake_scene *scene = ops_scene(service);
    (void)request;
    Fam__V1__HealthResponse response = FAM__V1__HEALTH_RESPONSE__INIT;
    Fam__V1__HealthCheck check = FAM__V1__HEALTH_CHECK__INIT;
    Fam__V1__HealthCheck *checks[] = {&check};
    check.name = text("redis");
    check.status = scene->health;
    check.reason = scene->health == FAM__V1__HEALTH_STATUS__HEALTH_STATUS_HEALTHY ? text("") : text("no answer");
    check.duration_us = 120;
    response.status = scene->health;
    response.version = text("0.1.0");
    response.uptime_ms = 61000;
    response.checked_at = text("2026-11-23T18:51:07.123Z");
    response.n_checks = 1;
    response.checks = checks;
    closure(&response, closure_data);
}

static void fake_ready(Fam__V1__OpsService_Service *service, const Fam__V1__ReadyRequest *request,
                       Fam__V1__ReadyResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    Fam__V1__ReadyResponse response = FAM__V1__READY_RESPONSE__INIT;
    response.reason = text("the schema is behind");
    closure(&response, closure_data);
}

static void fake_live(Fam__V1__OpsService_Service *service, const Fam__V1__LiveRequest *request,
                      Fam__V1__LiveResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    Fam__V1__LiveResponse response = FAM__V1__LIVE_RESPONSE__INIT;
    closure(&response, closure_data);
}

static void fake_server_info(Fam__V1__OpsService_Service *service, const Fam__V1__ServerInfoRequest *request,
                             Fam__V1__ServerInfoResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    Fam__V1__ServerInfoResponse response = FAM__V1__SERVER_INFO_RESPONSE__INIT;
    response.version = text("0.1.0");
    response.schema_version = 3;
    response.schema_version_wanted = 4;
    closure(&response, closure_data);
}

static void fake_migration_status(Fam__V1__OpsService_Service *service, const Fam__V1__MigrationStatusRequest *request,
                                  Fam__V1__MigrationStatusResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    Fam__V1__MigrationStatusResponse response = FAM__V1__MIGRATION_STATUS_RESPONSE__INIT;
    Fam__V1__Migration applied = FAM__V1__MIGRATION__INIT;
    Fam__V1__Migration pending = FAM__V1__MIGRATION__INIT;
    Fam__V1__Migration *migrations[] = {&applied, &pending};
    applied.version = 1;
    applied.name = text("people");
    applied.applied_at = text("2026-11-23T18:00:00Z");
    pending.version = 2;
    pending.name = text("entries");
    response.n_migrations = 2;
    response.migrations = migrations;
    closure(&response, closure_data);
}

static void fake_migrate(Fam__V1__OpsService_Service *service, const Fam__V1__MigrateRequest *request,
                         Fam__V1__MigrateResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    (void)closure;
    struct fam_status status = {0};
    (void)fam_fail(&status, FAM_UNAVAILABLE, "the database is away");
    fam_call_fail(closure_data, &status);
}

static void fill_token(Fam__V1__Token *token)
{
    token->token_id = text(FAKE_TOKEN_ID);
    token->role = FAM__V1__ROLE__ROLE_BOT;
    token->name = text("123456789");
    token->created_at_ms = 1000;
}

static void fake_create_token(Fam__V1__OpsService_Service *service, const Fam__V1__CreateTokenRequest *request,
                              Fam__V1__CreateTokenResponse_Closure closure, void *closure_data)
{
    struct fake_scene *scene = ops_scene(service);
    (void)request;
    Fam__V1__CreateTokenResponse response = FAM__V1__CREATE_TOKEN_RESPONSE__INIT;
    Fam__V1__Token token = FAM__V1__TOKEN__INIT;
    fill_token(&token);
    response.token = &token;
    response.secret = text("fam_secret");
    scene->had_a_key = fam_call_idempotency_key(closure_data)[0] != '\0';
    closure(&response, closure_data);
}

static void fake_list_tokens(Fam__V1__OpsService_Service *service, const Fam__V1__ListTokensRequest *request,
                             Fam__V1__ListTokensResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    Fam__V1__ListTokensResponse response = FAM__V1__LIST_TOKENS_RESPONSE__INIT;
    Fam__V1__Token token = FAM__V1__TOKEN__INIT;
    Fam__V1__Token *tokens[] = {&token};
    fill_token(&token);
    response.n_tokens = 1;
    response.tokens = tokens;
    closure(&response, closure_data);
}

static void fake_revoke_token(Fam__V1__OpsService_Service *service, const Fam__V1__RevokeTokenRequest *request,
                              Fam__V1__RevokeTokenResponse_Closure closure, void *closure_data)
{
    struct fake_scene *scene = ops_scene(service);
    Fam__V1__RevokeTokenResponse response = FAM__V1__REVOKE_TOKEN_RESPONSE__INIT;
    Fam__V1__Token token = FAM__V1__TOKEN__INIT;
    fill_token(&token);
    token.revoked_at_ms = 2000;
    response.token = &token;
    scene->revoked += strcmp(request->token_id, FAKE_TOKEN_ID) == 0 ? 1 : 0;
    closure(&response, closure_data);
}

static void fake_list_methods(Fam__V1__OpsService_Service *service, const Fam__V1__ListMethodsRequest *request,
                              Fam__V1__ListMethodsResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    Fam__V1__ListMethodsResponse response = FAM__V1__LIST_METHODS_RESPONSE__INIT;
    Fam__V1__MethodInfo method = FAM__V1__METHOD_INFO__INIT;
    Fam__V1__MethodInfo *methods[] = {&method};
    Fam__V1__Role roles[] = {FAM__V1__ROLE__ROLE_BOT, FAM__V1__ROLE__ROLE_ADMIN};
    method.name = text("fam.v1.OpsService/Health");
    method.summary = text("All checks.");
    method.roles = roles;
    method.n_roles = 2;
    response.methods = methods;
    response.n_methods = 1;
    closure(&response, closure_data);
}

static void fake_describe(Fam__V1__OpsService_Service *service, const Fam__V1__DescribeRequest *request,
                          Fam__V1__DescribeResponse_Closure closure, void *closure_data)
{
    (void)service;
    Fam__V1__DescribeResponse response = FAM__V1__DESCRIBE_RESPONSE__INIT;
    Fam__V1__MessageInfo message = FAM__V1__MESSAGE_INFO__INIT;
    Fam__V1__MessageInfo *messages[] = {&message};
    Fam__V1__FieldInfo field = FAM__V1__FIELD_INFO__INIT;
    Fam__V1__FieldInfo *fields[] = {&field};
    Fam__V1__FieldRule rule = FAM__V1__FIELD_RULE__INIT;
    rule.required = true;
    rule.bounded = true;
    rule.min = 1;
    rule.max = 2000;
    rule.unit = FAM__V1__RULE_UNIT__RULE_UNIT_CHARACTERS;
    field.name = text("phrase");
    field.json_name = text("phrase");
    field.rule = &rule;
    message.name = request->name;
    message.fields = fields;
    message.n_fields = 1;
    response.messages = messages;
    response.n_messages = 1;
    closure(&response, closure_data);
}

static void fake_set_log_level(Fam__V1__OpsService_Service *service, const Fam__V1__SetLogLevelRequest *request,
                               Fam__V1__SetLogLevelResponse_Closure closure, void *data)
{
    struct fake_scene *scene = ops_scene(service);
    Fam__V1__SetLogLevelResponse response = FAM__V1__SET_LOG_LEVEL_RESPONSE__INIT;
    char previous[] = "info";
    snprintf(scene->log_level, sizeof(scene->log_level), "%s", request->level);
    response.previous = previous;
    closure(&response, data);
}

static void fake_get_metrics(Fam__V1__OpsService_Service *service, const Fam__V1__GetMetricsRequest *request,
                             Fam__V1__GetMetricsResponse_Closure closure, void *data)
{
    struct fake_scene *scene = ops_scene(service);
    (void)request;
    Fam__V1__GetMetricsResponse response = FAM__V1__GET_METRICS_RESPONSE__INIT;
    char page[2048];
    int n = scene->scrapes++;
    snprintf(page, sizeof(page),
             "# HELP family_emotions_rpc_requests_total Calls finished\n"
             "# TYPE family_emotions_rpc_requests_total counter\n"
             "family_emotions_rpc_requests_total{service=\"a}b\",method=\"M\",code=\"OK\"} %d\n"
             "family_emotions_rpc_requests_total{service=\"a}b\",method=\"M\",code=\"INTERNAL\"} %d\n"
             "family_emotions_rpc_request_duration_seconds_bucket{le=\"0.001\"} %d\n"
             "family_emotions_rpc_request_duration_seconds_bucket{le=\"0.002\"} %d\n"
             "family_emotions_rpc_request_duration_seconds_bucket{le=\"+Inf\"} %d\n"
             "family_emotions_rpc_request_duration_seconds_sum 1.5\n"
             "family_emotions_rpc_request_duration_seconds_count %d\n"
             "family_emotions_rpc_in_flight 3\nno sample\n",
             n * 100, n * 10, n * 55, n * 110, n * 110, n * 110);
    response.exposition = page;
    closure(&response, data);
}

static void fake_report_bot(Fam__V1__OpsService_Service *service, const Fam__V1__ReportBotRequest *request,
                            Fam__V1__ReportBotResponse_Closure closure, void *data)
{
    (void)service;
    (void)request;
    Fam__V1__ReportBotResponse response = FAM__V1__REPORT_BOT_RESPONSE__INIT;
    closure(&response, data);
}

static void fake_drain(Fam__V1__OpsService_Service *service, const Fam__V1__DrainRequest *request,
                       Fam__V1__DrainResponse_Closure closure, void *closure_data)
{
    struct fake_scene *scene = ops_scene(service);
    (void)request;
    Fam__V1__DrainResponse response = FAM__V1__DRAIN_RESPONSE__INIT;
    scene->drained++;
    closure(&response, closure_data);
}

/* No test here calls it. */
static void fake_translate_batch(Fam__V1__TranslationService_Service *service,
                                 const Fam__V1__TranslateBatchRequest *request,
                                 Fam__V1__TranslateBatchResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    closure(NULL, closure_data);
}

static void fake_list_users(Fam__V1__OpsService_Service *service, const Fam__V1__ListUsersRequest *request,
                            Fam__V1__ListUsersResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    Fam__V1__ListUsersResponse response = FAM__V1__LIST_USERS_RESPONSE__INIT;
    Fam__V1__UserSummary user = FAM__V1__USER_SUMMARY__INIT;
    Fam__V1__UserSummary *users[] = {&user};
    user.user_id = text(FAKE_TOKEN_ID);
    user.language = FAM__V1__LANGUAGE__LANGUAGE_RU;
    user.source = FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_TELEGRAM;
    user.entries = 12;
    response.users = users;
    response.n_users = 1;
    response.next_page_token = text(FAKE_TOKEN_ID);
    closure(&response, closure_data);
}

static void fake_list_families(Fam__V1__OpsService_Service *service, const Fam__V1__ListFamiliesRequest *request,
                               Fam__V1__ListFamiliesResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    Fam__V1__ListFamiliesResponse response = FAM__V1__LIST_FAMILIES_RESPONSE__INIT;
    Fam__V1__FamilySummary family = FAM__V1__FAMILY_SUMMARY__INIT;
    Fam__V1__FamilySummary *families[] = {&family};
    family.family_id = text(FAKE_TOKEN_ID);
    family.children = 3;
    char *users[] = {text(FAKE_TOKEN_ID)};
    family.user_ids = users;
    family.n_user_ids = 1;
    response.families = families;
    response.n_families = 1;
    closure(&response, closure_data);
}

static void fake_list_audit(Fam__V1__OpsService_Service *service, const Fam__V1__ListAuditRequest *request,
                            Fam__V1__ListAuditResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    Fam__V1__ListAuditResponse response = FAM__V1__LIST_AUDIT_RESPONSE__INIT;
    Fam__V1__AuditRecord record = FAM__V1__AUDIT_RECORD__INIT;
    Fam__V1__AuditRecord *records[] = {&record};
    record.principal = text("admin:olga");
    record.method = text("fam.v1.TranslationService/GetEntry");
    record.reason = text("support case 4711");
    response.records = records;
    response.n_records = 1;
    closure(&response, closure_data);
}

static void fake_get_cache_stats(Fam__V1__OpsService_Service *service, const Fam__V1__GetCacheStatsRequest *request,
                                 Fam__V1__GetCacheStatsResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    Fam__V1__GetCacheStatsResponse response = FAM__V1__GET_CACHE_STATS_RESPONSE__INIT;
    response.hits = 3;
    response.misses = 1;
    response.redis_up = true;
    closure(&response, closure_data);
}

static void fake_clear_cache(Fam__V1__OpsService_Service *service, const Fam__V1__ClearCacheRequest *request,
                             Fam__V1__ClearCacheResponse_Closure closure, void *closure_data)
{
    struct fake_scene *scene = ops_scene(service);
    (void)request;
    Fam__V1__ClearCacheResponse response = FAM__V1__CLEAR_CACHE_RESPONSE__INIT;
    scene->cleared += request->dry_run ? 0 : 1;
    response.deleted = 7;
    closure(&response, closure_data);
}

static void fake_get_claude(Fam__V1__OpsService_Service *service, const Fam__V1__GetClaudeRequest *request,
                            Fam__V1__GetClaudeResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    Fam__V1__GetClaudeResponse response = FAM__V1__GET_CLAUDE_RESPONSE__INIT;
    Fam__V1__Breaker breaker = FAM__V1__BREAKER__INIT;
    Fam__V1__ClaudeDayUsage day = FAM__V1__CLAUDE_DAY_USAGE__INIT;
    Fam__V1__ClaudeDayUsage *days[] = {&day};
    Fam__V1__ClaudeLimit limit = FAM__V1__CLAUDE_LIMIT__INIT;
    Fam__V1__ClaudeLimit *limits[] = {&limit};
    breaker.state = FAM__V1__BREAKER_STATE__BREAKER_STATE_OPEN;
    breaker.failures = 5;
    limit.name = text("requests");
    limit.limit = 50;
    day.day = text("2026-07-25");
    day.model = text("a-model");
    day.cost_micro_usd = 1234567;
    response.enabled = true;
    response.breaker = &breaker;
    response.days = days;
    response.n_days = 1;
    response.limits = limits;
    response.n_limits = 1;
    closure(&response, closure_data);
}

static void fake_reset_breaker(Fam__V1__OpsService_Service *service, const Fam__V1__ResetBreakerRequest *request,
                               Fam__V1__ResetBreakerResponse_Closure closure, void *closure_data)
{
    struct fake_scene *scene = ops_scene(service);
    (void)request;
    Fam__V1__ResetBreakerResponse response = FAM__V1__RESET_BREAKER_RESPONSE__INIT;
    Fam__V1__Breaker breaker = FAM__V1__BREAKER__INIT;
    scene->reset += request->dry_run ? 0 : 1;
    breaker.state = FAM__V1__BREAKER_STATE__BREAKER_STATE_OPEN;
    breaker.retry_in_ms = 4000;
    response.breaker = &breaker;
    closure(&response, closure_data);
}

static void fake_translate(Fam__V1__TranslationService_Service *service, const Fam__V1__TranslateRequest *request,
                           Fam__V1__TranslateResponse_Closure closure, void *closure_data)
{
    struct fake_scene *scene = translation_scene(service);
    Fam__V1__TranslateResponse response = FAM__V1__TRANSLATE_RESPONSE__INIT;
    Fam__V1__Entry entry = FAM__V1__ENTRY__INIT;
    Fam__V1__Reading reading = FAM__V1__READING__INIT;
    Fam__V1__EmotionScore primary = FAM__V1__EMOTION_SCORE__INIT;
    Fam__V1__Need needs[] = {FAM__V1__NEED__NEED_AUTONOMY};
    snprintf(scene->phrase, sizeof(scene->phrase), "%s", request->phrase);
    scene->band = request->age_band;
    scene->acted_for_a_user = fam_call_acting_user(closure_data) != NULL;
    scene->had_a_key = fam_call_idempotency_key(closure_data)[0] != '\0';
    primary.emotion = FAM__V1__EMOTION__EMOTION_ANGER;
    primary.intensity = 4;
    reading.engine = FAM__V1__ENGINE__ENGINE_OFFLINE;
    reading.primary = &primary;
    reading.needs = needs;
    reading.n_needs = 1;
    reading.going_on = text("The child is angry.");
    entry.age_band = request->age_band;
    entry.reading = &reading;
    response.entry = &entry;
    closure(&response, closure_data);
}

static void fake_get_entry(Fam__V1__TranslationService_Service *service, const Fam__V1__GetEntryRequest *request,
                           Fam__V1__GetEntryResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    closure(NULL, closure_data);
}

static void fake_list_entries(Fam__V1__TranslationService_Service *service, const Fam__V1__ListEntriesRequest *request,
                              Fam__V1__ListEntriesResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    closure(NULL, closure_data);
}

static void fake_rate_entry(Fam__V1__TranslationService_Service *service, const Fam__V1__RateEntryRequest *request,
                            Fam__V1__RateEntryResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    closure(NULL, closure_data);
}

/* Methods that no test of this server needs an answer of. */
#define FAKE_SILENT_TRANSLATION(name, Method)                                                                          \
    static void fake_##name(Fam__V1__TranslationService_Service *service, const Fam__V1__##Method##Request *request,   \
                            Fam__V1__##Method##Response_Closure closure, void *closure_data)                           \
    {                                                                                                                  \
        (void)service;                                                                                                 \
        (void)request;                                                                                                 \
        closure(NULL, closure_data);                                                                                   \
    }
FAKE_SILENT_TRANSLATION(agree_follow_up, AgreeFollowUp)
FAKE_SILENT_TRANSLATION(correct_entry, CorrectEntry)
FAKE_SILENT_TRANSLATION(revise_entry, ReviseEntry)
FAKE_SILENT_TRANSLATION(share_entry, ShareEntry)
FAKE_SILENT_TRANSLATION(delete_entry, DeleteEntry)
FAKE_SILENT_TRANSLATION(search_entries, SearchEntries)

static enum fam_code authenticate(void *context, const char *token, bool may_block, bool *ret_would_block,
                                  struct fam_principal *ret_principal, struct fam_status *status)
{
    (void)context;
    (void)may_block;
    *ret_would_block = false;
    if (strcmp(token, "admin") != 0 && strcmp(token, "metrics") != 0) {
        return fam_fail(status, FAM_UNAUTHENTICATED, "the token is not known");
    }
    ret_principal->role = strcmp(token, "admin") == 0 ? FAM_ROLE_ADMIN : FAM_ROLE_METRICS;
    return FAM_OK;
}

struct fake_server *fake_server_start(struct fake_scene *scene)
{
    static const Fam__V1__OpsService_Service OPS = FAM__V1__OPS_SERVICE__INIT(fake_);
    static const Fam__V1__TranslationService_Service TRANSLATION = FAM__V1__TRANSLATION_SERVICE__INIT(fake_);
    static const char *const urls[] = {"tcp://127.0.0.1:0"};
    struct fam_status status = {0};
    const struct fam_server_options options = {.urls = urls,
                                               .url_count = 1,
                                               .methods = METHODS,
                                               .method_count = FAM_ARRAY_SIZE(METHODS),
                                               .calls = 8,
                                               .workers = 2,
                                               .hooks = {.authenticate = authenticate}};
    signal(SIGPIPE, SIG_IGN);
    struct fake_server *fake = calloc(1, sizeof(*fake));
    cr_assert_not_null(fake);
    *scene = (struct fake_scene){.health = FAM__V1__HEALTH_STATUS__HEALTH_STATUS_HEALTHY};
    fake->ops = (struct fake_ops){.base = OPS, .scene = scene};
    fake->translation = (struct fake_translation){.base = TRANSLATION, .scene = scene};
    fake_sessions_init(&fake->sessions, scene);
    fake_notifications_init(&fake->notifications, scene);
    fake_people_init(&fake->people, scene);
    fake->server = fam_server_new(&options, &status);
    cr_assert_not_null(fake->server, "%s", status.message);
    cr_assert_eq(fam_server_add_service(fake->server, &fake->ops.base.base, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_server_add_service(fake->server, &fake->translation.base.base, &status), FAM_OK, "%s",
                 status.message);
    cr_assert_eq(fam_server_add_service(fake->server, &fake->notifications.base.base, &status), FAM_OK, "%s",
                 status.message);
    cr_assert_eq(fam_server_add_service(fake->server, &fake->sessions.base.base, &status), FAM_OK, "%s",
                 status.message);
    cr_assert_eq(fam_server_add_service(fake->server, &fake->people.base.base, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_server_start(fake->server, &status), FAM_OK, "%s", status.message);
    snprintf(scene->setting, sizeof(scene->setting), "FAM_SERVERS=tcp://127.0.0.1:%u",
             (unsigned)fam_server_port(fake->server, 0));
    return fake;
}

void fake_server_stop(struct fake_server *fake)
{
    fam_server_free(fake->server);
    free(fake);
}
