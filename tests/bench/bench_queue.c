/* bench-queue: what the task queue reaches against what Redis and PostgreSQL do at best, on DATABASE_URL and REDIS_URL,
 * which are the benchmark's own: it deletes what is there.
 *
 *   bench-queue redis COUNT    tasks a second through Redis alone: LPUSH and RPOP, one by one; and the queue's scripts
 *   bench-queue durable COUNT  the same with rows in PostgreSQL, against PostgreSQL doing the same writes
 *   bench-queue pickup COUNT   from a push to an idle worker's claim and handler, against the wake-up of a BLPOP
 *   bench-queue memory COUNT   bytes of Redis for each queued task
 *
 * Prints one line of JSON. */
#include "bench_queue.h"

#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

enum { ROUNDS = 5, PAUSE_US = 3000, PATIENCE_MS = 10000, PAGE = 500 };

void bench_fail(const char *what, const char *why)
{
    fprintf(stderr, "bench-queue: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    if (!value || !*value)
        bench_fail(name, "is not set");
    return value;
}

redisContext *bench_redis(void)
{
    const char *url = setting("REDIS_URL");
    char path[128];
    if (sscanf(url, "unix://%127[^?]", path) != 1)
        bench_fail("REDIS_URL", "is no unix:// address");
    redisContext *redis = redisConnectUnix(path);
    if (!redis || redis->err)
        bench_fail("Redis", redis ? redis->errstr : "no memory");
    return redis;
}

void bench_command(redisContext *redis, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = redisvCommand(redis, format, arguments);
    va_end(arguments);
    if (!reply || reply->type == REDIS_REPLY_ERROR)
        bench_fail("Redis", reply ? reply->str : redis->errstr);
    freeReplyObject(reply);
}

PGconn *bench_postgres(void)
{
    PGconn *postgres = PQconnectdb(setting("DATABASE_URL"));
    if (PQstatus(postgres) != CONNECTION_OK)
        bench_fail("PostgreSQL", PQerrorMessage(postgres));
    return postgres;
}

void bench_sql(PGconn *postgres, const char *sql)
{
    PGresult *result = PQexec(postgres, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        bench_fail("PostgreSQL", PQerrorMessage(postgres));
    PQclear(result);
}

void bench_insert(PGconn *postgres, const char *type, size_t count, struct fam_task_ref *ret_refs)
{
    char *ids = malloc(count * FAM_UUID_TEXT_SIZE + 3), *at = ids;
    if (!ids)
        bench_fail("insert", "no memory");
    *at++ = '{';
    for (size_t i = 0; i < count; i++) {
        ret_refs[i] = (struct fam_task_ref){.task_id = fam_uuid_v7(), .priority = FAM_PRIORITY_NORMAL};
        fam_uuid_format(&ret_refs[i].task_id, at);
        at += FAM_UUID_TEXT_SIZE - 1;
        *at++ = i + 1 < count ? ',' : '}';
    }
    *at = '\0';
    const char *const values[] = {ids, type};
    PGresult *result =
        PQexecParams(postgres,
                     "INSERT INTO tasks (task_id, type, priority, payload) "
                     "SELECT id, $2, 2, '\\x0123456789abcdef0123456789abcdef' FROM unnest($1::uuid[]) id",
                     2, NULL, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        bench_fail("insert", PQerrorMessage(postgres));
    PQclear(result);
    free(ids);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare);
    return values[count / 2];
}

static void check(enum fam_code code, const struct fam_status *status)
{
    if (code != FAM_OK)
        bench_fail("the queue", status->message);
}

static double seconds_since(uint64_t start_us)
{
    return (double)(fam_mono_us() - start_us) / 1e6;
}

/* ---- Redis alone ---- */

static double raw_rate(redisContext *redis, size_t count)
{
    struct fam_uuid id = fam_uuid_v7();
    uint64_t start_us = fam_mono_us();
    for (size_t i = 0; i < count; i++) {
        bench_command(redis, "LPUSH bench %b", id.bytes, sizeof(id.bytes));
        bench_command(redis, "RPOP bench");
    }
    return (double)count / seconds_since(start_us);
}

/* One thread: pushed one by one, claimed by ten, started one by one, as a type without batches is. */
static double queue_rate(struct bench *bench, size_t count)
{
    struct fam_status status;
    struct fam_queue_claim claim;
    uint64_t start_us = fam_mono_us();
    for (size_t done = 0; done < count; done += BENCH_CLAIM) {
        for (size_t i = 0; i < BENCH_CLAIM; i++) {
            struct fam_task_ref ref = {.task_id = fam_uuid_v7(), .priority = FAM_PRIORITY_NORMAL};
            fam_queue_push(bench->queue, &ref, 1);
        }
        check(fam_queue_claim(bench->queue, "bench", BENCH_CLAIM, 30000, &claim, &status), &status);
        if (claim.count != BENCH_CLAIM)
            bench_fail("a claim", "does not find what was pushed");
        for (size_t i = 0; i < claim.count; i++) {
            enum fam_queue_turn turn;
            check(fam_queue_start(bench->queue, &claim.token, &claim.ids[i], 1, &turn, NULL, &status), &status);
            if (turn != FAM_QUEUE_TURN_YOURS)
                bench_fail("a start", "was refused");
        }
        check(fam_queue_finish(bench->queue, &claim.token, claim.ids, claim.count, &status), &status);
    }
    return (double)count / seconds_since(start_us);
}

static void bench_scripts(struct bench *bench, size_t count)
{
    redisContext *redis = bench_redis();
    double raw[ROUNDS], ours[ROUNDS], ratios[ROUNDS];
    (void)raw_rate(redis, count / 10);
    (void)queue_rate(bench, count / 10);
    for (size_t i = 0; i < ROUNDS; i++) {
        raw[i] = raw_rate(redis, count);
        ours[i] = queue_rate(bench, count);
        ratios[i] = ours[i] / raw[i];
    }
    printf("{\"ratio\":%.3f,\"queue\":%.0f,\"raw\":%.0f}\n", bench_median(ratios, ROUNDS), bench_median(ours, ROUNDS),
           bench_median(raw, ROUNDS));
    redisFree(redis);
}

/* ---- pickup ---- */

struct pickup {
    atomic_uint_fast64_t picked_us; /* 0: not yet */
    atomic_bool stop;
    struct fam_queue *queue;
};

static void pick_up(void *context, struct fam_run *const *runs, size_t count)
{
    struct pickup *pickup = context;
    atomic_store(&pickup->picked_us, fam_mono_us());
    for (size_t i = 0; i < count; i++)
        fam_run_done(runs[i]);
}

static void *block(void *context)
{
    struct pickup *pickup = context;
    redisContext *redis = bench_redis();
    while (!atomic_load(&pickup->stop)) {
        redisReply *reply = redisCommand(redis, "BLPOP bench 1");
        if (reply && reply->type == REDIS_REPLY_ARRAY)
            atomic_store(&pickup->picked_us, fam_mono_us());
        freeReplyObject(reply);
    }
    redisFree(redis);
    return NULL;
}

static void rest(void)
{
    const struct timespec pause = {.tv_nsec = PAUSE_US * 1000L};
    nanosleep(&pause, NULL);
}

/* Microseconds since start_us. Sleeps between looks, so that nobody's core is taken. */
static double await_pickup(struct pickup *pickup, uint64_t start_us)
{
    uint64_t until_ms = fam_mono_ms() + PATIENCE_MS;
    uint64_t picked_us = 0;
    do {
        rest();
        picked_us = atomic_load(&pickup->picked_us);
        if (fam_mono_ms() > until_ms)
            bench_fail("pickup", "nobody came");
    } while (picked_us == 0);
    return (double)(picked_us - start_us);
}

/* What a pickup is made of, each step by itself and back to back, p50 in microseconds. */
static void print_steps(struct bench *bench, PGconn *postgres, size_t count)
{
    enum { PUSH, CLAIM, BEGIN, START, STEPS };
    const struct fam_task_times times = fam_queue_times(bench->queue);
    double *took[STEPS];
    for (size_t i = 0; i < STEPS; i++) {
        took[i] = calloc(count, sizeof(double));
        if (!took[i])
            bench_fail("steps", "no memory");
    }
    for (size_t i = 0; i < count; i++) {
        struct fam_task_ref ref;
        struct fam_queue_claim claim;
        struct fam_task_begun begun;
        struct fam_status status;
        enum fam_queue_turn turn;
        uint64_t at[STEPS + 1];
        bench_insert(postgres, "bench", 1, &ref);
        at[PUSH] = fam_mono_us();
        fam_queue_push(bench->queue, &ref, 1);
        at[CLAIM] = fam_mono_us();
        check(fam_queue_claim(bench->queue, "bench", BENCH_CLAIM, 30000, &claim, &status), &status);
        at[BEGIN] = fam_mono_us();
        check(
            fam_task_begin(bench->store, &times, claim.ids, claim.count, &claim.token, "bench", 30000, &begun, &status),
            &status);
        at[START] = fam_mono_us();
        check(fam_queue_start(bench->queue, &claim.token, claim.ids, claim.count, &turn, NULL, &status), &status);
        at[STEPS] = fam_mono_us();
        fam_task_begun_done(&begun);
        check(fam_queue_finish(bench->queue, &claim.token, claim.ids, claim.count, &status), &status);
        for (size_t j = 0; j < STEPS; j++)
            took[j][i] = (double)(at[j + 1] - at[j]);
    }
    printf("{\"push_us\":%.0f,\"claim_us\":%.0f,\"begin_us\":%.0f,\"start_us\":%.0f}", bench_median(took[PUSH], count),
           bench_median(took[CLAIM], count), bench_median(took[BEGIN], count), bench_median(took[START], count));
    for (size_t i = 0; i < STEPS; i++)
        free(took[i]);
}

/* What PostgreSQL takes where everybody was idle for some milliseconds, p50 in microseconds: for a statement that does
 * nothing, and for the one that begins a task. */
static void print_idle(struct bench *bench, PGconn *postgres, size_t count)
{
    const struct fam_task_times times = fam_queue_times(bench->queue);
    double *nothing = calloc(count, sizeof(*nothing)), *begins = calloc(count, sizeof(*begins));
    if (!nothing || !begins)
        bench_fail("idle", "no memory");
    PQclear(PQprepare(postgres, "nothing", "SELECT 1", 0, NULL));
    for (size_t i = 0; i < count; i++) {
        struct fam_task_ref ref;
        struct fam_task_begun begun;
        struct fam_status status;
        struct fam_uuid token = fam_uuid_v7();
        bench_insert(postgres, "bench", 1, &ref);
        rest();
        uint64_t start_us = fam_mono_us();
        PGresult *result = PQexecPrepared(postgres, "nothing", 0, NULL, NULL, NULL, 0);
        nothing[i] = (double)(fam_mono_us() - start_us);
        if (PQresultStatus(result) != PGRES_TUPLES_OK)
            bench_fail("idle", PQerrorMessage(postgres));
        PQclear(result);
        rest();
        start_us = fam_mono_us();
        check(fam_task_begin(bench->store, &times, &ref.task_id, 1, &token, "bench", 30000, &begun, &status), &status);
        begins[i] = (double)(fam_mono_us() - start_us);
        fam_task_begun_done(&begun);
    }
    printf("{\"select_us\":%.0f,\"begin_us\":%.0f}", bench_median(nothing, count), bench_median(begins, count));
    free(nothing);
    free(begins);
}

/* The queue's wake-up and claim alone, as a worker's thread does it that waits. */
static void *claim_all(void *context)
{
    struct pickup *pickup = context;
    struct fam_queue_claim claim;
    struct fam_status status;
    while (!atomic_load(&pickup->stop)) {
        check(fam_queue_claim_for(pickup->queue, "bench", BENCH_CLAIM, 1, 30000, &claim, &status), &status);
        if (claim.count == 0)
            check(fam_queue_wait_claim(pickup->queue, "bench", BENCH_CLAIM, 1, 30000, 1000, &claim, &status), &status);
        if (claim.count == 0)
            continue;
        atomic_store(&pickup->picked_us, fam_mono_us());
        check(fam_queue_finish(pickup->queue, &claim.token, claim.ids, claim.count, &status), &status);
    }
    return NULL;
}

struct pickups {
    double raw_p50, raw_p99, ours_p50, ours_p99;
};

/* Both by turns: each is idle while the other is measured. */
static struct pickups take_turns(struct bench *bench, struct pickup *blpop, struct pickup *ours_pickup, size_t count)
{
    double *raw = calloc(count, sizeof(*raw)), *ours = calloc(count, sizeof(*ours));
    redisContext *redis = bench_redis();
    PGconn *postgres = bench_postgres();
    if (!raw || !ours)
        bench_fail("pickup", "no memory");
    for (size_t i = 0; i < count; i++) {
        struct fam_task_ref ref;
        bench_insert(postgres, "bench", 1, &ref);
        atomic_store(&blpop->picked_us, 0);
        atomic_store(&ours_pickup->picked_us, 0);
        rest();
        uint64_t start_us = fam_mono_us();
        bench_command(redis, "LPUSH bench x");
        raw[i] = await_pickup(blpop, start_us);
        start_us = fam_mono_us();
        fam_queue_push(bench->queue, &ref, 1);
        ours[i] = await_pickup(ours_pickup, start_us);
    }
    struct pickups pickups = {.raw_p50 = bench_median(raw, count), .ours_p50 = bench_median(ours, count)};
    pickups.raw_p99 = raw[count * 99 / 100];
    pickups.ours_p99 = ours[count * 99 / 100];
    redisFree(redis);
    PQfinish(postgres);
    free(raw);
    free(ours);
    return pickups;
}

static struct pickups measure_claims(struct bench *bench, struct pickup *blpop, size_t count)
{
    struct pickup pickup = {.queue = bench->queue};
    pthread_t claimer;
    if (pthread_create(&claimer, NULL, claim_all, &pickup))
        bench_fail("pickup", "can't start");
    struct pickups pickups = take_turns(bench, blpop, &pickup, count);
    atomic_store(&pickup.stop, true);
    pthread_join(claimer, NULL);
    return pickups;
}

static struct pickups measure_handlers(struct bench *bench, struct pickup *blpop, size_t count)
{
    struct pickup pickup = {.queue = bench->queue};
    struct fam_task_table table = {0};
    struct fam_status status;
    const struct fam_task_type type = {
        .type = "bench", .batch = 1, .timeout_ms = 60000, .run = pick_up, .context = &pickup};
    check(fam_task_table_add(&table, &type, &status), &status);
    const struct fam_worker_options options = {.queue = bench->queue, .store = bench->store, .table = &table};
    struct fam_worker *worker = fam_worker_new(&options, &status);
    if (!worker)
        bench_fail("pickup", status.message);
    struct pickups pickups = take_turns(bench, blpop, &pickup, count);
    if (!fam_worker_stop(worker, PATIENCE_MS))
        bench_fail("pickup", "the worker does not stop");
    fam_worker_free(worker);
    return pickups;
}

static void print_pickups(const char *name, const struct pickups *pickups)
{
    printf("\"%s\":{\"ratio\":%.3f,\"queue_p50_us\":%.0f,\"queue_p99_us\":%.0f,\"blpop_p50_us\":%.0f,"
           "\"blpop_p99_us\":%.0f},",
           name, pickups->ours_p50 / pickups->raw_p50, pickups->ours_p50, pickups->ours_p99, pickups->raw_p50,
           pickups->raw_p99);
}

static void bench_pickup(struct bench *bench, size_t count)
{
    struct pickup blpop = {0};
    pthread_t blocked;
    if (pthread_create(&blocked, NULL, block, &blpop))
        bench_fail("pickup", "can't start");
    struct pickups claims = measure_claims(bench, &blpop, count), handlers = measure_handlers(bench, &blpop, count);
    atomic_store(&blpop.stop, true);
    pthread_join(blocked, NULL);
    PGconn *postgres = bench_postgres();
    printf("{");
    print_pickups("claimed", &claims);
    print_pickups("begun", &handlers);
    printf("\"steps\":");
    print_steps(bench, postgres, count);
    printf(",\"idle\":");
    print_idle(bench, postgres, count);
    printf("}\n");
    PQfinish(postgres);
}

/* ---- memory ---- */

static long long used_memory(redisContext *redis)
{
    redisReply *reply = redisCommand(redis, "INFO memory");
    const char *found = reply && reply->type == REDIS_REPLY_STRING ? strstr(reply->str, "used_memory:") : NULL;
    if (!found)
        bench_fail("Redis", "does not tell its memory");
    long long used = strtoll(found + strlen("used_memory:"), NULL, 10);
    freeReplyObject(reply);
    return used;
}

static void bench_memory(struct bench *bench, size_t count)
{
    redisContext *redis = bench_redis();
    struct fam_task_ref refs[PAGE];
    struct fam_queue_sizes sizes;
    struct fam_status status;
    bench_command(redis, "FLUSHALL");
    long long before = used_memory(redis);
    for (size_t done = 0; done < count; done += PAGE) {
        for (size_t i = 0; i < PAGE; i++)
            refs[i] = (struct fam_task_ref){.task_id = fam_uuid_v7(), .priority = FAM_PRIORITY_NORMAL};
        fam_queue_push(bench->queue, refs, PAGE);
    }
    long long after = used_memory(redis);
    check(fam_queue_sizes(bench->queue, &sizes, &status), &status);
    if (sizes.ready[FAM_PRIORITY_NORMAL - 1] != count)
        bench_fail("memory", "Redis does not hold what was pushed");
    printf("{\"bytes\":%.1f,\"count\":%zu}\n", (double)(after - before) / (double)count, count);
    bench_command(redis, "FLUSHALL");
    redisFree(redis);
}

/* ---- */

static void open_rooms(struct bench *bench)
{
    struct fam_status status;
    const struct fam_store_options store = {.pool = {.conninfo = setting("DATABASE_URL"), .size = 16},
                                            .master_key = setting("FAM_MASTER_KEY")};
    const struct fam_redis_options redis = {.url = setting("REDIS_URL"), .connections = 16};
    bench->store = fam_store_new(&store, &status);
    bench->redis = bench->store ? fam_redis_new(&redis, &status) : NULL;
    const struct fam_queue_options queue = {.redis = bench->redis, .store = bench->store};
    bench->queue = bench->redis ? fam_queue_new(&queue, &status) : NULL;
    if (!bench->queue)
        bench_fail("start", status.message);
    redisContext *wipe = bench_redis();
    PGconn *postgres = bench_postgres();
    bench_command(wipe, "FLUSHALL");
    bench_sql(postgres, "TRUNCATE tasks, task_attempts");
    redisFree(wipe);
    PQfinish(postgres);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *word;
        void (*run)(struct bench *bench, size_t count);
    } SECTIONS[] = {
        {"redis", bench_scripts}, {"durable", bench_durable}, {"pickup", bench_pickup}, {"memory", bench_memory}};
    struct bench bench;
    size_t count = argc == 3 ? (size_t)strtoull(argv[2], NULL, 10) : 0;
    signal(SIGPIPE, SIG_IGN);
    if (sodium_init() < 0)
        return EXIT_FAILURE;
    for (size_t i = 0; count >= PAGE / 5 && count <= 10000000 && i < sizeof(SECTIONS) / sizeof(SECTIONS[0]); i++) {
        if (strcmp(argv[1], SECTIONS[i].word) != 0)
            continue;
        open_rooms(&bench);
        SECTIONS[i].run(&bench, count);
        fam_queue_free(bench.queue);
        fam_redis_free(bench.redis);
        fam_store_free(bench.store);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    fprintf(stderr, "usage: bench-queue redis|durable|pickup|memory COUNT (100 to 10,000,000)\n");
    return 2;
}
