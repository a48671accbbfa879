/* business_store.h: numbers of the whole database that are expensive to compute: a task computes them now and then,
 * every server shows them, so that replicas agree. Thread-safe. */
#ifndef FAM_STORE_BUSINESS_STORE_H
#define FAM_STORE_BUSINESS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "store/db.h"

struct fam_store;

enum fam_business {
    FAM_BUSINESS_ACTIVE_FAMILIES,
    FAM_BUSINESS_RETENTION_DAY_1, /* and the next two: as fam_retention_words */
    FAM_BUSINESS_RETENTION_DAY_7,
    FAM_BUSINESS_RETENTION_DAY_30,
    FAM_BUSINESS_OLDEST_PERSONAL_ROW,  /* Unix time in seconds; 0: there is none */
    FAM_BUSINESS_OVERDUE_PERSONAL_ROW, /* seconds by which the oldest row is older than it may be; 0: none is */
    FAM_BUSINESS_REPORTS_KEPT,
    FAM_BUSINESS_REPORTS_BYTES,
    FAM_BUSINESS_REPORT_LAST,      /* Unix time in seconds; 0: none */
    FAM_BUSINESS_REPORT_DUE_FIRST, /* Unix time in seconds at which the first one that is not made was due; 0: none */
    FAM_BUSINESS_COUNT
};

struct fam_business_value {
    bool has_value; /* false: not computed yet */
    double value;
    int64_t computed_at_ms; /* Unix time, of the transaction that wrote it */
};

/* In the caller's transaction. */
enum fam_code fam_business_write(struct fam_db *db, enum fam_business which, double value,
                                 struct fam_status *status) FAM_MUST_CHECK;
/* How often a schedule of the service has this task made; 0: it has none, or is switched off. */
enum fam_code fam_business_every(struct fam_store *store, const char *job, uint64_t *ret_every_ms,
                                 struct fam_status *status) FAM_MUST_CHECK;
/* All of them, of one moment. */
enum fam_code fam_business_read(struct fam_store *store, struct fam_business_value ret_values[FAM_BUSINESS_COUNT],
                                struct fam_status *status) FAM_MUST_CHECK;

#endif
