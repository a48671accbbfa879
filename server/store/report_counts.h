/* report_counts.h: how the archive of reports and the run of weekly reports are doing, counted over the whole database:
 * for metrics. Reads no report. Thread-safe. */
#ifndef FAM_STORE_REPORT_COUNTS_H
#define FAM_STORE_REPORT_COUNTS_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

struct fam_store;

struct fam_report_counts {
    int64_t kept;    /* reports in the archive */
    int64_t bytes;   /* that the archive takes, indexes included */
    int64_t last_ms; /* Unix time at which the last task of weekly reports ended well; 0: none within a week */
    /* Unix time at which the first weekly report was due that is neither made nor left out: its due time was not taken
     * up yet, or (from the moment that it was) its task has not ended well. 0: there is none. A task that operators
     * delete counts no more. */
    int64_t due_first_ms;
};
enum fam_code fam_report_counts_read(struct fam_store *store, struct fam_report_counts *ret_counts,
                                     struct fam_status *status) FAM_MUST_CHECK;

#endif
