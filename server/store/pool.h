/* pool.h: connections to PostgreSQL.
 *
 * A pool never needs the database to be up: it connects when a connection is asked for, notices dead ones and recovers
 * by itself. While the database is away a breaker answers at once with UNAVAILABLE and retry_after_ms; one probe at a
 * time finds out when it is back, with a growing pause (100 ms to 5 s, with jitter) between probes.
 *
 * Every wait is bounded: connecting, waiting for a free connection, and each statement (statement_timeout and
 * lock_timeout in PostgreSQL; a frozen server is left after statement_timeout_ms and two seconds more). Host names are
 * looked up by the system's resolver, which has a bound of its own (resolv.conf: seconds, not for ever).
 *
 * Thread-safe. A struct fam_db belongs to the one thread that got it. */
#ifndef FAM_STORE_POOL_H
#define FAM_STORE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "store/db.h"

struct fam_log;
struct fam_metrics;
struct fam_pool;

struct fam_pool_options {
    const char *conninfo;          /* postgresql://… or key=value form; copied; a secret */
    size_t size;                   /* connections at most; 1 to 256 */
    uint32_t statement_timeout_ms; /* 0: 10,000 */
    uint32_t connect_timeout_ms;   /* 0: 3,000 */
    uint32_t wait_ms;              /* for a free connection; 0: 5,000 */
    uint32_t lock_timeout_ms;      /* 0: half of the statement's */
    const char *settings;          /* more of PostgreSQL's options ("-c …"), constant; NULL: none */
    bool uncounted;                /* a small pool beside the main one, whose connections the gauges count */
    struct fam_metrics *metrics;   /* may be NULL */
    struct fam_log *log;           /* may be NULL; outages and recoveries, once each */
};

/* INVALID_ARGUMENT for a connection string that libpq does not understand (its text is not repeated). */
struct fam_pool *fam_pool_new(const struct fam_pool_options *options, struct fam_status *status) FAM_MUST_CHECK;
/* All connections must have been put back. Takes NULL. */
void fam_pool_free(struct fam_pool *pool);
/* A live connection, not in a transaction. UNAVAILABLE while the database is away, RESOURCE_EXHAUSTED when all
 * connections stay busy. Give it back with fam_pool_put. */
enum fam_code fam_pool_get(struct fam_pool *pool, struct fam_db **ret_db, struct fam_status *status) FAM_MUST_CHECK;
/* Takes NULL. A broken connection, or one still in a transaction, is closed. */
void fam_pool_put(struct fam_pool *pool, struct fam_db *db);
/* Connections handed out now. */
size_t fam_pool_in_use(struct fam_pool *pool);

/* One transaction (READ COMMITTED): BEGIN, `fn`, COMMIT. What `fn` returns other than OK rolls back and is returned.
 * A serialisation failure or a deadlock runs `fn` again, five times at most, so it must set everything that it reports
 * anew. ret_lsn, when not NULL, receives the WAL position after COMMIT ("0/16B3748"), for the consistency token. When
 * the connection is lost during COMMIT the outcome is unknown and the answer UNAVAILABLE: repeat it with the same
 * idempotency key. */
enum { FAM_LSN_SIZE = 24 };
enum fam_code fam_tx_run(struct fam_pool *pool,
                         enum fam_code (*fn)(struct fam_db *db, void *context, struct fam_status *status),
                         void *context, char ret_lsn[FAM_LSN_SIZE], struct fam_status *status) FAM_MUST_CHECK;

#endif
