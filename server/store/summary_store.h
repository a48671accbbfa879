/* summary_store.h: lists for operators: users and families in ids, counts and times. No sealed column is read, so no
 * name and no word of anybody can come out. Newest first, by pages; the counts are made for the rows of the page alone,
 * each in an aggregate of its own before anything is joined. */
#ifndef FAM_STORE_SUMMARY_STORE_H
#define FAM_STORE_SUMMARY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/family.pb-c.h"

struct fam_store;

enum { FAM_SUMMARY_PAGE_MAX = 100, FAM_SUMMARY_PARENTS = 10 };

struct fam_user_summary {
    struct fam_uuid user_id;
    Fam__V1__Language language;
    char country[3]; /* "" when not told */
    Fam__V1__RegistrationSource source;
    bool has_family;
    struct fam_uuid family_id; /* nil without */
    int64_t created_at_ms;
    int64_t last_seen_at_ms;
    int64_t entries;
};

struct fam_family_summary {
    struct fam_uuid family_id;
    char country[3];    /* "" when not told */
    char time_zone[65]; /* IANA name */
    int64_t created_at_ms;
    int64_t parents; /* without relatives who read only, who are the readers */
    int64_t readers;
    int64_t children; /* without removed ones */
    int64_t entries;
    size_t user_count; /* of user_ids: the first FAM_SUMMARY_PARENTS members, the oldest membership first */
    struct fam_uuid user_ids[FAM_SUMMARY_PARENTS];
};

/* Those older than `before` (NULL: from the newest), `limit` (1 to FAM_SUMMARY_PAGE_MAX) at most. *ret_list is an array
 * of *ret_count; free() it. *ret_more: there are older ones. */
enum fam_code fam_user_summaries(struct fam_store *store, const struct fam_uuid *before, size_t limit,
                                 struct fam_user_summary **ret_list, size_t *ret_count, bool *ret_more,
                                 struct fam_status *status) FAM_MUST_CHECK;
enum fam_code fam_family_summaries(struct fam_store *store, const struct fam_uuid *before, size_t limit,
                                   struct fam_family_summary **ret_list, size_t *ret_count, bool *ret_more,
                                   struct fam_status *status) FAM_MUST_CHECK;

#endif
