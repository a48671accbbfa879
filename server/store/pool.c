/* pool.c: see pool.h. */
#include "store/pool.h"

#include <assert.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "store/db_private.h"

enum {
    SIZE_MAX_CONNECTIONS = 256,
    SETTINGS_MAX = 64,
    PAUSE_FIRST_MS = 100,
    PAUSE_LAST_MS = 5000,
    /* Nobody waits for anything but the database within a transaction. A process that was stopped there, or a machine
     * that vanished, keeps its locks no longer. */
    IDLE_IN_TX_MS = 5000,
    /* How much longer than PostgreSQL's own limit we wait for an answer. */
    GRACE_MS = 2000
};

struct fam_pool {
    pthread_mutex_t mutex;
    pthread_cond_t freed; /* a connection came back, or may be opened */
    size_t size;
    uint32_t statement_timeout_ms;
    uint32_t connect_timeout_ms;
    uint32_t wait_ms;
    uint32_t lock_timeout_ms;
    const char *settings_more;
    bool uncounted;
    struct fam_metrics *metrics;
    struct fam_log *log;
    PQconninfoOption *parsed; /* owns the values */
    struct fam_buf session;   /* the setting `options` */
    const char *keywords[SETTINGS_MAX];
    const char *values[SETTINGS_MAX];

    /* under mutex */
    size_t open; /* idle, in use, and being opened */
    size_t in_use;
    size_t idle_count;
    struct fam_db *idle[SIZE_MAX_CONNECTIONS];
    /* breaker */
    unsigned failures; /* in a row; 0: closed */
    bool probing;
    bool is_frozen; /* a statement had no answer: the connections in use are no sign of life */
    uint64_t retry_at_ms;
};

static bool add_setting(struct fam_pool *pool, size_t *count, const char *keyword, const char *value)
{
    if (*count + 1 >= SETTINGS_MAX) {
        return false;
    }
    pool->keywords[*count] = keyword;
    pool->values[*count] = value;
    (*count)++;
    return true;
}

static const char *setting_of(const struct fam_pool *pool, const char *keyword)
{
    for (const PQconninfoOption *option = pool->parsed; option->keyword; option++) {
        if (strcmp(option->keyword, keyword) == 0) {
            return option->val;
        }
    }
    return NULL;
}

/* What we add when the operator's connection string does not say. */
static const struct {
    const char *keyword;
    const char *value;
} defaults[] = {
    {"client_encoding", "UTF8"}, {"fallback_application_name", "famserver"},
    {"keepalives_idle", "30"},   {"keepalives_interval", "10"},
    {"keepalives_count", "3"},   {"tcp_user_timeout", "15000"},
};

/* Session settings go into the connection itself, for those of a SET are lost with it. */
static bool make_settings(struct fam_pool *pool)
{
    size_t count = 0;
    const char *own = setting_of(pool, "options");
    fam_buf_addf(&pool->session,
                 "-c statement_timeout=%u -c lock_timeout=%u -c idle_in_transaction_session_timeout=%u "
                 "-c TimeZone=UTC -c client_min_messages=warning %s %s",
                 pool->statement_timeout_ms, pool->lock_timeout_ms, IDLE_IN_TX_MS, pool->settings_more, own ? own : "");
    if (pool->session.failed || !add_setting(pool, &count, "options", fam_buf_text(&pool->session))) {
        return false;
    }
    for (const PQconninfoOption *option = pool->parsed; option->keyword; option++) {
        if (option->val && strcmp(option->keyword, "options") != 0 &&
            !add_setting(pool, &count, option->keyword, option->val)) {
            return false;
        }
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(defaults); i++) {
        if (!setting_of(pool, defaults[i].keyword) &&
            !add_setting(pool, &count, defaults[i].keyword, defaults[i].value)) {
            return false;
        }
    }
    pool->keywords[count] = pool->values[count] = NULL;
    return true;
}

static bool make_sync(struct fam_pool *pool)
{
    pthread_condattr_t attributes;
    if (pthread_mutex_init(&pool->mutex, NULL) != 0) {
        return false;
    }
    if (pthread_condattr_init(&attributes) != 0) {
        pthread_mutex_destroy(&pool->mutex);
        return false;
    }
    bool good = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                pthread_cond_init(&pool->freed, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    if (!good) {
        pthread_mutex_destroy(&pool->mutex);
    }
    return good;
}

struct fam_pool *fam_pool_new(const struct fam_pool_options *options, struct fam_status *status)
{
    struct fam_pool *pool = calloc(1, sizeof(*pool));
    if (!pool || !make_sync(pool)) {
        free(pool);
        (void)fam_fail_memory(status);
        return NULL;
    }
    pool->size = options->size;
    pool->statement_timeout_ms = options->statement_timeout_ms ? options->statement_timeout_ms : 10000;
    pool->connect_timeout_ms = options->connect_timeout_ms ? options->connect_timeout_ms : 3000;
    pool->wait_ms = options->wait_ms ? options->wait_ms : 5000;
    pool->lock_timeout_ms = options->lock_timeout_ms ? options->lock_timeout_ms : pool->statement_timeout_ms / 2 + 1;
    pool->settings_more = options->settings ? options->settings : "";
    pool->uncounted = options->uncounted;
    pool->metrics = options->metrics;
    pool->log = options->log;
    pool->parsed = PQconninfoParse(options->conninfo ? options->conninfo : "", NULL);
    if (pool->size < 1 || pool->size > SIZE_MAX_CONNECTIONS) {
        (void)fam_fail(status, FAM_INVALID_ARGUMENT, "the pool of database connections holds 1 to %d",
                       SIZE_MAX_CONNECTIONS);
    } else if (!pool->parsed) {
        (void)fam_fail(status, FAM_INVALID_ARGUMENT,
                       "DATABASE_URL is no connection string that libpq understands: "
                       "postgresql://user:password@host:port/database or key=value pairs");
    } else if (sodium_init() < 0 || !make_settings(pool)) {
        (void)fam_fail_memory(status);
    } else {
        if (!pool->uncounted) {
            fam_metrics_set(pool->metrics, FAM_M_DB_CONNECTIONS_MAX, NULL, (double)pool->size);
        }
        return pool;
    }
    fam_pool_free(pool);
    return NULL;
}

void fam_pool_free(struct fam_pool *pool)
{
    if (!pool) {
        return;
    }
    assert(pool->in_use == 0);
    for (size_t i = 0; i < pool->idle_count; i++) {
        fam_db_close(pool->idle[i]);
    }
    PQconninfoFree(pool->parsed);
    fam_buf_done(&pool->session);
    pthread_cond_destroy(&pool->freed);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
}

size_t fam_pool_in_use(struct fam_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    size_t count = pool->in_use;
    pthread_mutex_unlock(&pool->mutex);
    return count;
}

static void count_in_use(struct fam_pool *pool, bool more)
{
    pool->in_use = more ? pool->in_use + 1 : pool->in_use - 1;
    if (!pool->uncounted) {
        fam_metrics_set(pool->metrics, FAM_M_DB_CONNECTIONS, NULL, (double)pool->in_use);
    }
}

/* Opens the breaker for a pause that doubles with each failure, with jitter. */
static void note_failure(struct fam_pool *pool)
{
    unsigned doublings = pool->failures < 6 ? pool->failures : 6;
    uint32_t pause = (uint32_t)PAUSE_FIRST_MS << doublings;
    if (pause > PAUSE_LAST_MS) {
        pause = PAUSE_LAST_MS;
    }
    pool->failures++;
    pool->retry_at_ms = fam_mono_ms() + pause / 2 + randombytes_uniform(pause / 2 + 1);
}

static enum fam_code away(uint64_t retry_after_ms, struct fam_status *status)
{
    uint32_t after = retry_after_ms < 20              ? 20
                     : retry_after_ms > PAUSE_LAST_MS ? PAUSE_LAST_MS
                                                      : (uint32_t)retry_after_ms;
    return fam_fail_reason(status, FAM_UNAVAILABLE, "DATABASE_AWAY", after, "the database is away");
}

/* Takes an idle connection that lives; closes those that do not. Under mutex. */
static struct fam_db *take_idle(struct fam_pool *pool)
{
    while (pool->idle_count > 0) {
        struct fam_db *db = pool->idle[--pool->idle_count];
        if (fam_db_is_alive(db)) {
            return db;
        }
        fam_db_close(db);
        pool->open--;
    }
    return NULL;
}

/* Opens one; the caller has counted it in pool->open. Under mutex, which is free meanwhile. */
static struct fam_db *open_one(struct fam_pool *pool, struct fam_status *status)
{
    char detail[200] = "";
    pool->probing = pool->failures > 0;
    pthread_mutex_unlock(&pool->mutex);
    struct fam_db *db = fam_db_connect(pool->keywords, pool->values, pool->connect_timeout_ms,
                                       pool->statement_timeout_ms + GRACE_MS, pool->metrics, detail, sizeof(detail));
    pthread_mutex_lock(&pool->mutex);
    pool->probing = false;
    if (db) {
        if (pool->failures > 0) {
            FAM_LOG0(pool->log, FAM_LOG_INFO, "store", "database is back");
        }
        pool->failures = 0;
        pool->is_frozen = false;
        pool->retry_at_ms = 0;
    } else {
        if (pool->failures == 0) {
            FAM_LOG(pool->log, FAM_LOG_ERROR, "store", "database is away", FAM_STR("detail", detail));
        }
        note_failure(pool);
        pool->open--;
        (void)away(pool->retry_at_ms - fam_mono_ms(), status);
    }
    pthread_cond_broadcast(&pool->freed);
    return db;
}

/* Whether connections work although none can be opened at the moment: a database that is short of processor time or of
 * connections is not away, and who waits gets one of those. Under mutex. */
static bool others_work(const struct fam_pool *pool)
{
    return !pool->is_frozen && pool->open > (pool->probing ? 1U : 0U);
}

static bool wait_freed(struct fam_pool *pool, uint64_t deadline_ms)
{
    struct timespec until = {.tv_sec = (time_t)(deadline_ms / 1000), .tv_nsec = (long)(deadline_ms % 1000) * 1000000};
    return pthread_cond_timedwait(&pool->freed, &pool->mutex, &until) == 0;
}

/* Under mutex. NULL: *status says why. */
static struct fam_db *get_locked(struct fam_pool *pool, struct fam_status *status)
{
    uint64_t deadline = fam_mono_ms() + pool->wait_ms;
    for (;;) {
        struct fam_db *db = take_idle(pool);
        uint64_t now = fam_mono_ms();
        if (db) {
            return db;
        }
        bool is_paused = now < pool->retry_at_ms || (pool->failures > 0 && pool->probing);
        if (is_paused && !others_work(pool)) {
            (void)away(now < pool->retry_at_ms ? pool->retry_at_ms - now : PAUSE_FIRST_MS, status);
            return NULL;
        }
        if (!is_paused && pool->open < pool->size) {
            pool->open++;
            db = open_one(pool, status);
            if (db || !others_work(pool)) {
                return db;
            }
            continue;
        }
        uint64_t until = now < pool->retry_at_ms && pool->retry_at_ms < deadline ? pool->retry_at_ms : deadline;
        if (!wait_freed(pool, until) && fam_mono_ms() >= deadline) {
            (void)fam_fail_reason(status, FAM_RESOURCE_EXHAUSTED, "DATABASE_BUSY", 500,
                                  "all connections to the database are busy");
            return NULL;
        }
    }
}

enum fam_code fam_pool_get(struct fam_pool *pool, struct fam_db **ret_db, struct fam_status *status)
{
    pthread_mutex_lock(&pool->mutex);
    struct fam_db *db = get_locked(pool, status);
    if (db) {
        count_in_use(pool, true);
    }
    pthread_mutex_unlock(&pool->mutex);
    *ret_db = db;
    return db ? FAM_OK : status->code;
}

void fam_pool_put(struct fam_pool *pool, struct fam_db *db)
{
    if (!db) {
        return;
    }
    bool good = !db->broken && PQstatus(db->conn) == CONNECTION_OK && !fam_db_in_tx(db);
    pthread_mutex_lock(&pool->mutex);
    count_in_use(pool, false);
    if (db->silent) {
        /* A frozen server: its other connections would each cost a time-out. */
        if (pool->failures == 0) {
            FAM_LOG0(pool->log, FAM_LOG_ERROR, "store", "database does not answer");
        }
        pool->is_frozen = true;
        note_failure(pool);
        for (; pool->idle_count > 0; pool->open--) {
            fam_db_close(pool->idle[--pool->idle_count]);
        }
    }
    if (good) {
        pool->idle[pool->idle_count++] = db;
    } else {
        pool->open--;
    }
    /* One waits for a connection, all for the news that none is left. */
    (void)(good ? pthread_cond_signal(&pool->freed) : pthread_cond_broadcast(&pool->freed));
    pthread_mutex_unlock(&pool->mutex);
    if (!good) {
        fam_db_close(db);
    }
}
