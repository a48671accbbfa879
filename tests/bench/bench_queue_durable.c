/* bench_queue_durable.c: tasks from their row to their end, against PostgreSQL alone. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "bench_queue.h"

enum { ROUNDS = 3, CONNECTIONS = 3, PATIENCE_MS = 300000 };

/* ---- PostgreSQL alone ---- */

struct share {
    size_t count;
};

static void update(PGconn *postgres, const char *sql, const struct fam_task_ref *refs, size_t count)
{
    char ids[BENCH_CLAIM * FAM_UUID_TEXT_SIZE + 3], *at = ids;
    *at++ = '{';
    for (size_t i = 0; i < count; i++) {
        fam_uuid_format(&refs[i].task_id, at);
        at += FAM_UUID_TEXT_SIZE - 1;
        *at++ = i + 1 < count ? ',' : '}';
    }
    *at = '\0';
    const char *const values[] = {ids};
    PGresult *result = PQexecPrepared(postgres, sql, 1, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        bench_fail("update", PQerrorMessage(postgres));
    PQclear(result);
}

/* A connection's share: rows are inserted by the hundred; leased (not waiting for the disk, as the queue does) and done
 * by the ten. */
static void *write_share(void *context)
{
    struct share *share = context;
    struct fam_task_ref refs[BENCH_INSERT];
    PGconn *postgres = bench_postgres();
    PQclear(
        PQprepare(postgres, "lease",
                  "WITH off AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)) UPDATE tasks SET "
                  "lease_token = '00000000-0000-7000-8000-000000000001', leased_until = now() + interval '30 s', "
                  "worker = 'bench' FROM off WHERE task_id = ANY ($1::uuid[]) RETURNING task_id, type, payload",
                  1, NULL));
    PQclear(PQprepare(postgres, "done",
                      "UPDATE tasks SET state = 'done', finished_at = now(), lease_token = NULL, leased_until = NULL, "
                      "worker = NULL WHERE task_id = ANY ($1::uuid[]) AND state = 'queued' RETURNING task_id",
                      1, NULL));
    for (size_t done = 0; done < share->count; done += BENCH_INSERT) {
        bench_insert(postgres, "bench", BENCH_INSERT, refs);
        for (size_t i = 0; i < BENCH_INSERT; i += BENCH_CLAIM) {
            update(postgres, "lease", refs + i, BENCH_CLAIM);
            update(postgres, "done", refs + i, BENCH_CLAIM);
        }
    }
    PQfinish(postgres);
    return NULL;
}

static double postgres_rate(size_t count)
{
    pthread_t threads[CONNECTIONS];
    struct share share = {.count = count / CONNECTIONS};
    uint64_t start_us = fam_mono_us();
    for (size_t i = 0; i < CONNECTIONS; i++) {
        if (pthread_create(&threads[i], NULL, write_share, &share))
            bench_fail("durable", "can't start a thread");
    }
    for (size_t i = 0; i < CONNECTIONS; i++)
        pthread_join(threads[i], NULL);
    return (double)(share.count * CONNECTIONS) / ((double)(fam_mono_us() - start_us) / 1e6);
}

/* ---- everything ---- */

static void do_nothing(void *context, struct fam_run *const *runs, size_t count)
{
    (void)context;
    for (size_t i = 0; i < count; i++)
        fam_run_done(runs[i]);
}

static size_t count_queued(PGconn *postgres)
{
    PGresult *result = PQexec(postgres, "SELECT count(*) FROM tasks WHERE state = 'queued'");
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        bench_fail("count", PQerrorMessage(postgres));
    size_t count = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return count;
}

/* While a worker works: rows by the hundred, each hundred pushed after its commit; until all are done. */
static double queue_rate(struct bench *bench, size_t batch, size_t count)
{
    struct fam_task_table table = {0};
    struct fam_task_ref refs[BENCH_INSERT];
    struct fam_status status;
    const struct fam_task_type type = {.type = "bench", .batch = batch, .timeout_ms = 60000, .run = do_nothing};
    if (fam_task_table_add(&table, &type, &status) != FAM_OK)
        bench_fail("durable", status.message);
    const struct fam_worker_options options = {.queue = bench->queue, .store = bench->store, .table = &table};
    struct fam_queue *queue = NULL;
    const struct fam_queue_options own = {.redis = bench->redis, .store = bench->store};
    queue = fam_queue_new(&own, &status); /* a stopped worker leaves its queue without waits */
    struct fam_worker_options mine = options;
    mine.queue = queue;
    struct fam_worker *worker = queue ? fam_worker_new(&mine, &status) : NULL;
    if (!worker)
        bench_fail("durable", status.message);
    PGconn *postgres = bench_postgres();
    uint64_t start_us = fam_mono_us(), until_ms = fam_mono_ms() + PATIENCE_MS;
    for (size_t done = 0; done < count; done += BENCH_INSERT) {
        bench_insert(postgres, type.type, BENCH_INSERT, refs);
        fam_queue_push(queue, refs, BENCH_INSERT);
    }
    while (count_queued(postgres) > 0) {
        const struct timespec pause = {.tv_nsec = 2000000};
        nanosleep(&pause, NULL);
        if (fam_mono_ms() > until_ms)
            bench_fail("durable", "tasks are left over");
    }
    double rate = (double)count / ((double)(fam_mono_us() - start_us) / 1e6);
    PQfinish(postgres);
    if (!fam_worker_stop(worker, PATIENCE_MS))
        bench_fail("durable", "the worker does not stop");
    fam_worker_free(worker);
    fam_queue_free(queue);
    return rate;
}

void bench_durable(struct bench *bench, size_t count)
{
    double raw[ROUNDS], single[ROUNDS], many[ROUNDS], ratios[ROUNDS];
    PGconn *postgres = bench_postgres();
    count -= count % (BENCH_INSERT * CONNECTIONS);
    for (size_t i = 0; i < ROUNDS; i++) {
        bench_sql(postgres, "TRUNCATE tasks, task_attempts");
        raw[i] = postgres_rate(count);
        bench_sql(postgres, "TRUNCATE tasks, task_attempts");
        single[i] = queue_rate(bench, 1, count);
        bench_sql(postgres, "TRUNCATE tasks, task_attempts");
        many[i] = queue_rate(bench, BENCH_CLAIM, count);
        ratios[i] = single[i] / raw[i];
    }
    PQfinish(postgres);
    double raw_rate = bench_median(raw, ROUNDS);
    printf("{\"ratio\":%.3f,\"queue\":%.0f,\"raw\":%.0f,\"batches\":%.0f}\n", bench_median(ratios, ROUNDS),
           bench_median(single, ROUNDS), raw_rate, bench_median(many, ROUNDS));
}
