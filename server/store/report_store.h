/* report_store.h: the archive of reports, sealed under their reader's key, and the local days that reports are made of.
 *
 * There is one report for a person, period and end. Making it again replaces its content and keeps its id. A report is
 * its reader's alone: one of somebody else and one that is not there are the same NOT_FOUND. */
#ifndef FAM_STORE_REPORT_STORE_H
#define FAM_STORE_REPORT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/checkin.pb-c.h"
#include "store/seal.h"

struct fam_store;

enum { FAM_REPORT_PAGE_MAX = 50, FAM_REPORT_DAYS_MAX = 91 };

/* A day by some time zone's clock. */
struct fam_local_day {
    int year, month, day;
    int64_t start_ms; /* its first moment */
};
/* The `count` days (1 to 2 * FAM_REPORT_DAYS_MAX) before the end, the first first, and the one behind them, whose start
 * is the end: count + 1 rows. The end is the start of the local day of `at_ms`, or (`with_today`) of the day after it.
 * `time_zone` is an IANA name; INVALID_ARGUMENT when PostgreSQL does not know it. */
enum fam_code fam_local_days(struct fam_store *store, const char *time_zone, int64_t at_ms, bool with_today,
                             size_t count, struct fam_local_day *ret_days, struct fam_status *status) FAM_MUST_CHECK;

/* "week", "month" or "quarter", also the label of the metric; NULL for another one. */
const char *fam_report_period_word(Fam__V1__ReportPeriod period);
/* Where reports.body is sealed: a packed Report without its id and time of making. */
struct fam_place fam_report_place(const struct fam_uuid *report_id, const struct fam_uuid *user_id);

/* Keeps the report; its report_id and created_at_ms are not read. Both come back. NOT_FOUND: there is no such user (any
 * more). */
enum fam_code fam_report_put(struct fam_store *store, const struct fam_uuid *user_id, const Fam__V1__Report *report,
                             struct fam_uuid *ret_report_id, int64_t *ret_created_at_ms,
                             struct fam_status *status) FAM_MUST_CHECK;
/* As it is kept, without words of check-ins: whoever shows it takes fam_report_show of report/report.h. Free with
 * fam__v1__report__free_unpacked(report, NULL). NOT_FOUND. */
enum fam_code fam_report_get(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *report_id,
                             Fam__V1__Report **ret_report, struct fam_status *status) FAM_MUST_CHECK;

struct fam_report_date {
    int year, month, day; /* year 0: not known */
};
struct fam_report_line {
    struct fam_uuid report_id;
    Fam__V1__ReportPeriod period;
    int64_t from_ms, until_ms, created_at_ms;
    struct fam_report_date first, last; /* by the clock of its making */
};
/* Newest first, those before `before` (NULL: from the newest); `limit` (1 to FAM_REPORT_PAGE_MAX) at most into the
 * caller's array. *ret_more: there are older ones. Days are in what is sealed; of a report that can't be opened they
 * are not known, and it stays in the list. */
enum fam_code fam_report_list(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *before,
                              size_t limit, struct fam_report_line *ret_lines, size_t *ret_count, bool *ret_more,
                              struct fam_status *status) FAM_MUST_CHECK;

#endif
