/* migrate.h: the schema, as numbered SQL files inside the program.
 *
 * Files are server/store/migrations/NNNN_name.sql; migrate.c lists them in order. Each runs in one transaction of its
 * own unless its first line is `-- no-transaction` (for CREATE INDEX CONCURRENTLY). Forward only. An advisory lock
 * lets one process migrate at a time, others wait; a lock time-out of 2 s with ten retries keeps a migration from
 * standing in front of the traffic. A database that is newer than the program is fine (expand before contract). */
#ifndef FAM_STORE_MIGRATE_H
#define FAM_STORE_MIGRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "store/pool.h"

enum { FAM_MIGRATIONS_MAX = 512 };

struct fam_migration {
    uint32_t version;
    const char *name;      /* "core"; constant */
    int64_t applied_at_ms; /* Unix time; 0: not applied */
};

/* The newest version that this program knows. */
uint32_t fam_migrate_wanted(void);
/* All that this program knows, in order. ret_list has room for FAM_MIGRATIONS_MAX. Works on an empty database. */
enum fam_code fam_migrate_status(struct fam_pool *pool, struct fam_migration *ret_list, size_t *ret_count,
                                 struct fam_status *status) FAM_MUST_CHECK;
/* Applies what is missing; *ret_list are those applied by this call. FAILED_PRECONDITION when an applied file has
 * another checksum than ours. */
enum fam_code fam_migrate_apply(struct fam_pool *pool, struct fam_migration *ret_list, size_t *ret_count,
                                struct fam_status *status) FAM_MUST_CHECK;
/* The highest applied version; 0 for an empty database. One cheap statement. */
enum fam_code fam_migrate_applied(struct fam_pool *pool, uint32_t *ret_version,
                                  struct fam_status *status) FAM_MUST_CHECK;
/* OK when the database is at least at fam_migrate_wanted(), FAILED_PRECONDITION with reason "SCHEMA_BEHIND" when not.
 */
enum fam_code fam_migrate_is_current(struct fam_pool *pool, struct fam_status *status) FAM_MUST_CHECK;

#endif
