/* app_private.h: what app.c and app_hooks.c share. Private to the app. */
#ifndef FAM_APP_PRIVATE_H
#define FAM_APP_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "app.h"
#include "health/bot_watch.h"
#include "health/health.h"
#include "net/limiter.h"
#include "notify/bell.h"
#include "notify/notify.h"
#include "queue/handlers.h"
#include "queue/queue.h"
#include "queue/tasks.h"
#include "queue/worker.h"
#include "redis/redis.h"
#include "rpc/server.h"
#include "services/auth.h"
#include "services/ops_claude.h"
#include "services/services.h"
#include "session/limits.h"
#include "session/session.h"
#include "store/store.h"
#include "translate/claude.h"
#include "translate/reader.h"
#include "translate/reading_cache.h"
#include "translate/translate.h"
#include "translate/usage.h"

/* What is known of the database, as the watcher saw it last. */
enum fam_database_state {
    FAM_DATABASE_UNSEEN, /* away, or not looked yet: calls find out by themselves */
    FAM_DATABASE_READY,
    FAM_DATABASE_SCHEMA_BEHIND,
    FAM_DATABASE_LOCKED, /* its keys are missing, or FAM_MASTER_KEY does not open them */
};

struct fam_pages;
struct fam_scheduler;
struct fam_sentry;
struct fam_sweeper;

struct fam_app {
    const struct fam_config *config;
    struct fam_log *log;
    struct fam_sentry *sentry; /* may be NULL */
    struct fam_metrics *metrics;
    struct fam_store *store;
    struct fam_redis *redis;
    struct fam_sessions *sessions;
    struct fam_limits *limits;
    struct fam_limits *guesses; /* of invitation codes */
    struct fam_translate *translate;
    struct fam_reading_cache *cache;
    struct fam_usage_keeper *usage; /* this and the next two: NULL while Claude is off */
    struct fam_claude *claude;
    struct fam_reader *reader;
    struct fam_ops_sources ops_sources;
    struct fam_auth *auth;
    struct fam_limiter *limiter;
    struct fam_health *health;
    struct fam_bot_watch *bots;
    struct fam_leases *leases;
    struct fam_bell *bell;
    unsigned roles; /* bits of enum fam_app_role; 0 before the start */
    struct fam_queue *queue;
    struct fam_handlers handlers;
    struct fam_task_table tasks;
    struct fam_worker *worker; /* this and the next: NULL where no tasks are run */
    struct fam_sweeper *sweeper;
    struct fam_scheduler *scheduler; /* the same */
    atomic_bool works;               /* worker and sweeper are there; looked at by the health checks */
    bool is_stuck;
    struct fam_services *services; /* this and the next: NULL where no RPC is served */
    struct fam_server *server;
    struct fam_pages *pages;
    char *listen; /* FAM_LISTEN, cut into urls */
    const char *urls[8];
    size_t url_count;
    struct fam_tls_options tls;
    atomic_bool draining;
    atomic_int database; /* enum fam_database_state */
    atomic_uint schema_applied;
    pthread_t watcher;
    bool watching;
    pthread_mutex_t watch_lock;
    pthread_cond_t watch_changed;
    bool watch_stop, watch_now;
};

/* app.c: the first half of a stop: not ready, and new calls are refused. */
void fam_app_drain(void *app);

/* app_hooks.c */
struct fam_server_hooks fam_app_hooks(struct fam_app *app);
struct fam_session_sealer fam_app_session_sealer(struct fam_app *app);
struct fam_limiter *fam_app_limiter(const struct fam_config *config, struct fam_status *status);
void fam_app_on_scrape(struct fam_metrics *metrics, void *context);

/* app_claude.c */
/* Do the settings have Claude asked? */
bool fam_app_uses_claude(const struct fam_app *app);
enum fam_code fam_app_make_claude(struct fam_app *app, struct fam_status *status);
/* After the RPC server is gone. */
void fam_app_free_claude(struct fam_app *app);
struct fam_ops_sources fam_app_ops_sources(struct fam_app *app);

/* app_notify.c: where leases wait, and the bell that wakes them. */
enum fam_code fam_app_make_bell(struct fam_app *app, struct fam_status *status);
/* After the RPC server is gone. */
void fam_app_free_bell(struct fam_app *app);
/* app_workers.c */
enum fam_code fam_app_make_queue(struct fam_app *app, struct fam_status *status);
/* The table of handlers, then the threads. */
enum fam_code fam_app_make_workers(struct fam_app *app, struct fam_status *status);
/* Waits `drain_ms` at most for handlers that run. True when all have returned. */
bool fam_app_stop_workers(struct fam_app *app, uint32_t drain_ms);
/* After fam_app_stop_workers, which said yes, and when no page is served any more. */
void fam_app_free_workers(struct fam_app *app);
/* What health says of it. False, with *ret_reason a constant text: no tasks are run at the moment. */
bool fam_app_worker_is_ready(struct fam_app *app, const char **ret_reason);
/* Gauges of the whole queue, every five seconds; *next_ms is when it is time again. */
void fam_app_count_tasks(struct fam_app *app, uint64_t *next_ms);

/* app_watch.c: looks every second (every five while all is well) whether the schema is current. */
enum fam_code fam_app_watch(struct fam_app *app, struct fam_status *status);
void fam_app_unwatch(struct fam_app *app);
void fam_app_recheck(void *app);
uint32_t fam_app_schema_applied(void *app);
bool fam_app_is_ready(void *context, const char **ret_reason);

/* app_schedule.c: after fam_app_watch; before the store goes. */
enum fam_code fam_app_start_schedule(struct fam_app *app, struct fam_status *status);
void fam_app_stop_schedule(struct fam_app *app);

/* app_health.c */
enum fam_code fam_app_make_health(struct fam_app *app, struct fam_status *status);

#endif
