/* retention_store.h: what is kept no longer. Each function deletes one chunk in a transaction of its own, so that
 * nobody waits behind it and a sweep that stops half-way goes on where it was. Thread-safe. */
#ifndef FAM_STORE_RETENTION_STORE_H
#define FAM_STORE_RETENTION_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "store/db.h"

struct fam_store;

enum {
    FAM_RETENTION_CHUNK = 500,
    FAM_RETENTION_STRANGER_DAYS = 30, /* of somebody who never consented, or no longer does, and left nothing */
    FAM_RETENTION_FINISHED_DAYS = 7,  /* notifications and tasks that are done */
    FAM_RETENTION_RUN_DAYS = 30,      /* what happened to tasks and schedules */
};

/* What is swept; each is one kind of chunk. Dead letters are never among it. */
enum fam_retention_part {
    /* With key, readings, deliveries, ratings, notifications: older than the author's family says, else than `days`. */
    FAM_RETENTION_ENTRIES,
    FAM_RETENTION_DISCLOSURES, /* the same */
    FAM_RETENTION_CHECKINS,    /* the same, from when they were due; with their answers */
    FAM_RETENTION_REPORTS,     /* the same */
    FAM_RETENTION_STRANGERS,
    FAM_RETENTION_NOTIFICATIONS,
    FAM_RETENTION_TASKS,
    FAM_RETENTION_ATTEMPTS,
    FAM_RETENTION_RUNS,
    FAM_RETENTION_PARTS
};

enum { FAM_RETENTION_TABLES = 13 };
/* Tables, in the order of the counts below: the values of the metric's label. */
extern const char *const fam_retention_tables[FAM_RETENTION_TABLES];

struct fam_retention_chunk {
    size_t found; /* FAM_RETENTION_CHUNK: there may be more */
    int64_t deleted[FAM_RETENTION_TABLES];
};

/* `days` counts for the first four parts. What others hold locked at this moment is left for the next time. */
enum fam_code fam_retention_sweep(struct fam_store *store, enum fam_retention_part part, uint32_t days,
                                  struct fam_retention_chunk *ret_chunk, struct fam_status *status) FAM_MUST_CHECK;
/* What is older than it may be: entries, disclosures, check-ins and reports of which the sweep should have been here
 * already. */
struct fam_retention_overdue {
    int64_t rows;
    int64_t seconds;           /* by so much the oldest of them */
    int64_t families_with_own; /* that chose a time of their own */
};
enum fam_code fam_retention_overdue(struct fam_store *store, uint32_t days, struct fam_retention_overdue *ret_overdue,
                                    struct fam_status *status) FAM_MUST_CHECK;
/* In the caller's transaction: Unix time in seconds of the oldest entry, disclosure, check-in or report; 0: there is
 * none. */
enum fam_code fam_retention_oldest(struct fam_db *db, double *ret_seconds, struct fam_status *status) FAM_MUST_CHECK;

#endif
