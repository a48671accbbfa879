/* bench_queue.h: what the files of bench-queue share. */
#ifndef FAM_BENCH_QUEUE_H
#define FAM_BENCH_QUEUE_H

#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "queue/queue.h"
#include "queue/worker.h"
#include "redis/redis.h"
#include "store/store.h"

struct bench {
    struct fam_store *store;
    struct fam_redis *redis;
    struct fam_queue *queue;
};

/* Everything here ends the program with a line on stderr when it fails. */
void bench_fail(const char *what, const char *why) __attribute__((noreturn));
redisContext *bench_redis(void);
/* True after any reply but an error. */
void bench_command(redisContext *redis, const char *format, ...);
PGconn *bench_postgres(void);
void bench_sql(PGconn *postgres, const char *sql);
/* `count` rows of `type`, in one statement; their ids, text, into ret_ids (count of FAM_UUID_TEXT_SIZE). */
void bench_insert(PGconn *postgres, const char *type, size_t count, struct fam_task_ref *ret_refs);
double bench_median(double *values, size_t count);

/* Tasks a second through PostgreSQL alone, then with everything, of the same inserts and updates in the same batches.
 */
void bench_durable(struct bench *bench, size_t count);

enum { BENCH_INSERT = 100, BENCH_CLAIM = 10 };

#endif
