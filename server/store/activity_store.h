/* activity_store.h: how many families use the service, and who stays: counts, for the metrics. Thread-safe. */
#ifndef FAM_STORE_ACTIVITY_STORE_H
#define FAM_STORE_ACTIVITY_STORE_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

struct fam_store;

enum { FAM_RETENTION_PERIODS = 3 };

/* Days after which a person is looked for again, and the metric's word for each. */
extern const int fam_retention_days[FAM_RETENTION_PERIODS];          /* 1, 7, 30 */
extern const char *const fam_retention_words[FAM_RETENTION_PERIODS]; /* "day_1" … */

struct fam_activity {
    int64_t active_families; /* of which a parent was seen within 30 days */
    /* Of those who came within the 30 days that ended so many days ago, how many were seen so many days after they
     * came, or later. */
    struct {
        int64_t came, stayed;
    } retention[FAM_RETENTION_PERIODS];
};

enum fam_code fam_activity_read(struct fam_store *store, struct fam_activity *ret_activity,
                                struct fam_status *status) FAM_MUST_CHECK;

#endif
