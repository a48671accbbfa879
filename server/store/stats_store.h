/* stats_store.h: numbers for operators: how many there are, and entries in ids and times. No sealed column is read.
 * Thread-safe. */
#ifndef FAM_STORE_STATS_STORE_H
#define FAM_STORE_STATS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/translation.pb-c.h"

struct fam_store;

enum { FAM_STATS_DAYS = 30, FAM_STATS_SOURCES = 3, FAM_ENTRY_SUMMARY_MAX = 100 };

struct fam_stats {
    int64_t users, families, children, entries;
    size_t source_count;
    struct {
        Fam__V1__RegistrationSource source;
        int64_t count;
    } sources[FAM_STATS_SOURCES];
    size_t day_count; /* those with a registration, the newest first */
    struct {
        char day[11]; /* UTC: "2026-07-25" */
        int64_t count;
    } days[FAM_STATS_DAYS];
};
/* Walks whole tables: for operators, not for dashboards. */
enum fam_code fam_stats_read(struct fam_store *store, struct fam_stats *ret_stats,
                             struct fam_status *status) FAM_MUST_CHECK;

struct fam_entry_summary {
    struct fam_uuid entry_id, user_id;
    struct fam_uuid family_id, child_id; /* nil without */
    Fam__V1__Language language;
    Fam__V1__Engine engine; /* of the newest reading */
    int32_t readings;
    int64_t created_at_ms;
    bool shared;
};
/* Newest first: those before `before` (NULL: from the newest), of `user_id` and `family_id` (NULL: all), `limit` (1 to
 * FAM_ENTRY_SUMMARY_MAX) at most. *ret_list is an array of *ret_count; free() it. *ret_more: there are older ones. */
enum fam_code fam_entry_summaries(struct fam_store *store, const struct fam_uuid *user_id,
                                  const struct fam_uuid *family_id, const struct fam_uuid *before, size_t limit,
                                  struct fam_entry_summary **ret_list, size_t *ret_count, bool *ret_more,
                                  struct fam_status *status) FAM_MUST_CHECK;

#endif
