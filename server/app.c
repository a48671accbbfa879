#include "app.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app_private.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/pages.h"
#include "metrics/metrics.h"
#include "net/http_server.h"
#include "net/sentry.h"
#include "rpc/server.h"
#include "services/methods.h"
#include "store/audit_store.h"
#include "store/checkin_store.h"
#include "store/idempotency_store.h"
#include "store/migrate.h"

enum { URLS_MAX = 8, FIRST_HEALTH_WAIT_MS = 300, POOL_MAX = 256, SIDE_CONNECTIONS = 4, REDIS_CONNECTIONS = 8 };

static Fam__V1__Language language_of_config(const char *language)
{
    return strcmp(language, "en") == 0 ? FAM__V1__LANGUAGE__LANGUAGE_EN : FAM__V1__LANGUAGE__LANGUAGE_RU;
}

static enum fam_code make_store(struct fam_app *app, struct fam_status *status)
{
    if (fam_secret_is_empty(&app->config->database_url)) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "DATABASE_URL is not set: postgresql://user@host/database");
    }
    if (fam_secret_is_empty(&app->config->master_key)) {
        return fam_fail(
            status, FAM_INVALID_ARGUMENT,
            "FAM_MASTER_KEY is not set: v1: and 32 random bytes in base64 (head -c32 /dev/urandom | base64)");
    }
    /* Connections are made when they are needed: those for tasks are none where no tasks are run. */
    size_t connections = app->config->workers + app->config->task_workers + SIDE_CONNECTIONS;
    const struct fam_store_options options = {
        .pool = {.conninfo = fam_secret_text(&app->config->database_url),
                 .size = connections < POOL_MAX ? connections : POOL_MAX,
                 .statement_timeout_ms = app->config->statement_timeout_ms,
                 .metrics = app->metrics,
                 .log = app->log},
        .master_key = fam_secret_text(&app->config->master_key),
    };
    app->store = fam_store_new(&options, status);
    return app->store == NULL ? status->code : FAM_OK;
}

static size_t redis_connections(const struct fam_config *config)
{
    size_t connections = REDIS_CONNECTIONS + config->task_workers;
    return connections < FAM_REDIS_MAX_CONNECTIONS ? connections : FAM_REDIS_MAX_CONNECTIONS;
}

static enum fam_code make_redis_rooms(struct fam_app *app, struct fam_status *status)
{
    const struct fam_redis_options redis = {.url = fam_secret_text(&app->config->redis_url),
                                            .client_name = "famserver",
                                            .connections = redis_connections(app->config),
                                            .metrics = app->metrics,
                                            .log = app->log};
    app->redis = fam_redis_new(&redis, status);
    if (app->redis == NULL) {
        return status->code;
    }
    _Static_assert((int)FAM_SESSION_TTL_MS > (int)FAM_CHECKIN_LIFETIME_MS,
                   "a question is not forgotten while it waits for words");
    const struct fam_sessions_options sessions = {.redis = app->redis, .sealer = fam_app_session_sealer(app)};
    app->sessions = fam_sessions_new(&sessions, status);
    const struct fam_limits_options limits = {.redis = app->redis,
                                              .per_hour = app->config->limit_translations_hour,
                                              .per_day = app->config->limit_translations_day};
    app->limits = app->sessions == NULL ? NULL : fam_limits_new(&limits, status);
    const struct fam_limits_options guesses = {.redis = app->redis,
                                               .name = "guess",
                                               .what = "wrong invitation codes",
                                               .per_hour = FAM_INVITE_GUESSES_HOUR,
                                               .per_day = 24 * FAM_INVITE_GUESSES_HOUR};
    app->guesses = app->limits == NULL ? NULL : fam_limits_new(&guesses, status);
    return app->guesses == NULL ? status->code : fam_app_make_queue(app, status);
}

static size_t split_urls(struct fam_app *app, const char **ret_urls)
{
    size_t count = 0;
    char *rest = NULL;
    for (char *url = strtok_r(app->listen, ",", &rest); url != NULL && count < URLS_MAX;
         url = strtok_r(NULL, ",", &rest)) {
        ret_urls[count++] = url;
    }
    return count;
}

static struct fam_tls_options tls_options(const struct fam_config *config)
{
    bool required = strcmp(config->tls_client_auth, "required") == 0;
    return (struct fam_tls_options){.cert_file = config->tls_cert_file,
                                    .key_file = config->tls_key_file,
                                    .ca_file = config->tls_ca_file,
                                    .client_auth = required ? FAM_TLS_AUTH_REQUIRED : FAM_TLS_AUTH_NONE};
}

static enum fam_code make_server(struct fam_app *app, struct fam_status *status)
{
    app->listen = strdup(app->config->listen);
    if (app->listen == NULL) {
        return fam_fail_memory(status);
    }
    app->url_count = split_urls(app, app->urls);
    app->tls = tls_options(app->config);
    const struct fam_server_options options = {
        .urls = app->urls,
        .url_count = app->url_count,
        .methods = fam_methods,
        .method_count = fam_method_count,
        .rules = fam_field_rules,
        .rule_count = fam_field_rule_count,
        .calls = app->config->calls,
        .workers = app->config->workers,
        .tls = &app->tls,
        .connections = app->config->connections,
        .idle_ms = app->config->idle_ms,
        .pin_transport = strcmp(app->config->rpc_affinity, "core0") == 0,
        .log = app->log,
        .metrics = app->metrics,
        .hooks = fam_app_hooks(app),
    };
    app->server = fam_server_new(&options, status);
    return app->server == NULL ? status->code : FAM_OK;
}

static enum fam_code make_services(struct fam_app *app, struct fam_status *status)
{
    app->ops_sources = fam_app_ops_sources(app);
    const struct fam_services_context context = {
        .store = app->store,
        .sessions = app->sessions,
        .queue = app->queue,
        .limits = app->limits,
        .guesses = app->guesses,
        .translate = app->translate,
        .reader = app->reader,
        .sources = &app->ops_sources,
        .health = app->health,
        .bots = app->bots,
        .leases = app->leases,
        .bell = app->bell,
        .server = app->server,
        .metrics = app->metrics,
        .log = app->log,
        .ledger_file = app->config->ledger_file,
        .retention_days = app->config->retention_days,
        .default_language = language_of_config(app->config->default_language),
        .version = FAM_VERSION,
        .environment = app->config->environment,
        .started_at_ms = fam_wall_ms(),
        .calls_bound = app->config->calls,
        .schema_applied = fam_app_schema_applied,
        .recheck = fam_app_recheck,
        .drain = fam_app_drain,
        .app = app,
    };
    app->services = fam_services_new(&context, status);
    return app->services == NULL ? status->code : fam_services_register(app->services, status);
}

static enum fam_code make_rooms(struct fam_app *app, struct fam_status *status)
{
    size_t method_count = 0;
    const char *const *methods = fam_method_names(&method_count);
    app->metrics = fam_metrics_new(FAM_PROGRAM_SERVER, FAM_VERSION, methods, method_count, status);
    if (app->metrics == NULL) {
        return status->code;
    }
    fam_metrics_on_scrape(app->metrics, fam_app_on_scrape, app);
    fam_metrics_on_scrape(app->metrics, fam_sentry_on_scrape, app->sentry);
    enum fam_code code = make_store(app, status);
    if (code == FAM_OK) {
        code = make_redis_rooms(app, status);
    }
    if (code == FAM_OK) {
        app->translate = fam_translate_new(app->config->data_dir, app->metrics, app->log, status);
        code = app->translate == NULL ? status->code : FAM_OK;
    }
    if (code == FAM_OK) {
        app->auth = fam_auth_new(app->store, status);
        app->limiter = app->auth == NULL ? NULL : fam_app_limiter(app->config, status);
        code = app->limiter == NULL ? status->code : FAM_OK;
    }
    return code;
}

struct fam_app *fam_app_new(const struct fam_config *config, struct fam_log *log, struct fam_sentry *sentry,
                            struct fam_status *status)
{
    struct fam_app *app = calloc(1, sizeof(*app));
    if (app == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    app->config = config;
    app->log = log;
    app->sentry = sentry;
    if (make_rooms(app, status) != FAM_OK) {
        fam_app_free(app);
        return NULL;
    }
    return app;
}

static void announce(const struct fam_app *app)
{
    uint64_t http_port = fam_http_server_port(fam_pages_server(app->pages));
    for (size_t i = 0; i < app->url_count; i++) {
        const char *colon = strrchr(app->urls[i], ':');
        char url[160];
        (void)snprintf(url, sizeof(url), "%.*s:%u", (int)(colon - app->urls[i]), app->urls[i],
                       fam_server_port(app->server, i));
        FAM_LOG(app->log, FAM_LOG_INFO, "app", "listening", FAM_STR("rpc", url), FAM_U64("http_port", http_port),
                FAM_STR("version", FAM_VERSION), FAM_STR("environment", app->config->environment));
    }
    if (app->server == NULL) {
        FAM_LOG(app->log, FAM_LOG_INFO, "app", "working", FAM_U64("http_port", http_port),
                FAM_STR("version", FAM_VERSION), FAM_STR("environment", app->config->environment));
    }
}

static enum fam_code start_rooms(struct fam_app *app, struct fam_status *status)
{
    bool serves = (app->roles & FAM_APP_SERVES) != 0;
    /* The transport first: when its threads are pinned, the first socket of the process must be its own. */
    enum fam_code code = serves ? make_server(app, status) : FAM_OK;
    if (code == FAM_OK) {
        code = fam_app_make_claude(app, status);
    }
    if (code == FAM_OK) {
        code = fam_app_make_bell(app, status);
    }
    if (code == FAM_OK) {
        code = fam_app_make_health(app, status);
    }
    if (code == FAM_OK && serves) {
        code = make_services(app, status);
    }
    if (code == FAM_OK) {
        code = fam_app_watch(app, status);
    }
    return code;
}

enum fam_code fam_app_start(struct fam_app *app, unsigned roles, struct fam_status *status)
{
    app->roles = roles;
    enum fam_code code = start_rooms(app, status);
    if (code == FAM_OK) {
        code = fam_health_start(app->health, FIRST_HEALTH_WAIT_MS, status);
    }
    if (code == FAM_OK && app->server != NULL) {
        code = fam_server_start(app->server, status);
    }
    if (code == FAM_OK) { /* last: who finds the page that says ready finds RPC too */
        app->pages = fam_pages_new(app->config->http_listen, app->health, app->metrics, status);
        code = app->pages == NULL ? status->code : FAM_OK;
    }
    /* After all that may refuse the start: a process that ends at once has taken no work from others. */
    if (code == FAM_OK && (roles & FAM_APP_WORKS) != 0) {
        code = fam_app_make_workers(app, status);
    }
    if (code == FAM_OK && (roles & FAM_APP_WORKS) != 0) {
        code = fam_app_start_schedule(app, status);
    }
    if (code == FAM_OK) {
        announce(app);
    }
    return code;
}

void fam_app_drain(void *context)
{
    struct fam_app *app = context;
    if (!atomic_exchange(&app->draining, true)) {
        FAM_LOG0(app->log, FAM_LOG_INFO, "app", "draining: new calls and tasks are refused");
    }
    fam_worker_drain(app->worker);
    if (app->server != NULL) {
        fam_server_start_drain(app->server);
    }
    fam_leases_drain(app->leases);
}

bool fam_app_stop(struct fam_app *app)
{
    uint64_t until_ms = fam_mono_ms() + app->config->drain_ms;
    bool drained = true;
    fam_app_drain(app);
    FAM_LOG(app->log, FAM_LOG_INFO, "app", "stopping",
            FAM_U64("calls_in_flight", app->server == NULL ? 0 : fam_server_calls_in_flight(app->server)));
    if (app->server != NULL) {
        drained = fam_server_drain(app->server, app->config->drain_ms);
    }
    if (!drained) {
        FAM_LOG0(app->log, FAM_LOG_WARN, "app", "some calls did not finish in time and were cancelled");
    }
    uint64_t now_ms = fam_mono_ms();
    bool ended = fam_app_stop_workers(app, now_ms < until_ms ? (uint32_t)(until_ms - now_ms) : 0);
    return drained && ended;
}

bool fam_app_is_stuck(const struct fam_app *app)
{
    return app->is_stuck;
}

void fam_app_free(struct fam_app *app)
{
    if (app == NULL) {
        return;
    }
    fam_pages_free(app->pages);
    fam_app_stop_schedule(app);
    (void)fam_app_stop_workers(app, 0); /* it runs only where the start failed half-way */
    if (app->is_stuck) {
        return;
    }
    fam_app_free_workers(app);
    fam_server_free(app->server);
    fam_app_unwatch(app);
    fam_health_free(app->health);
    fam_bot_watch_free(app->bots);
    fam_services_free(app->services);
    fam_app_free_bell(app);
    fam_app_free_claude(app);
    fam_auth_free(app->auth);
    fam_limiter_free(app->limiter);
    fam_translate_free(app->translate);
    fam_queue_free(app->queue);
    fam_limits_free(app->guesses);
    fam_limits_free(app->limits);
    fam_sessions_free(app->sessions);
    fam_redis_free(app->redis);
    fam_store_free(app->store);
    fam_metrics_free(app->metrics);
    free(app->listen);
    free(app);
}
