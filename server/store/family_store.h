/* family_store.h: families, their parents and children. Names and birth dates are sealed under the family's key,
 * parents' names under their own. Membership is part of each query: what the user has no part in is NOT_FOUND. */
#ifndef FAM_STORE_FAMILY_STORE_H
#define FAM_STORE_FAMILY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/family.pb-c.h"
#include "store/idempotency_store.h"

struct fam_store;

enum { FAM_CHILDREN_MAX = 10 };

struct fam_date {
    int year, month, day; /* a birth date of which only the year is known has month 0 and day 0 */
};

struct fam_child {
    struct fam_uuid child_id;
    char *name; /* never NULL */
    struct fam_date birth;
    uint32_t profile_version; /* from 1; counts up with each change */
};

struct fam_parent {
    struct fam_uuid parent_id;
    struct fam_uuid user_id;
    Fam__V1__ParentRole role;
    char *name; /* never NULL */
};

struct fam_family {
    struct fam_uuid family_id;
    char *name;            /* never NULL */
    char country[3];       /* "" when not told */
    char *time_zone;       /* IANA name */
    struct fam_date today; /* there, by PostgreSQL's clock and time zones */
    int64_t created_at_ms;
    struct fam_parent *parents; /* the oldest membership first */
    size_t parent_count;
    struct fam_child *children; /* in the order in which they were added, without removed ones */
    size_t child_count;
};
void fam_family_done(struct fam_family *family);

struct fam_family_new {
    const char *name;      /* may be "" */
    const char *country;   /* "" when not told */
    const char *time_zone; /* IANA name; INVALID_ARGUMENT (field time_zone) when PostgreSQL does not know it */
};
/* A family with its key and the user as its first parent. ids: family, parent. FAILED_PRECONDITION (reason
 * "HAS_FAMILY") when the user is in a family already; NOT_FOUND: no such user. */
enum fam_code fam_family_create(struct fam_store *store, const struct fam_mutation *mutation,
                                const struct fam_uuid *user_id, const struct fam_family_new *family,
                                struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;
/* The user's family with parents and children. NOT_FOUND when in none. */
enum fam_code fam_family_of_user(struct fam_store *store, const struct fam_uuid *user_id, struct fam_family *ret_family,
                                 struct fam_status *status) FAM_MUST_CHECK;

/* To the user's family. ids: child, family. NOT_FOUND when in none; FAILED_PRECONDITION (reason "CHILDREN_MAX") beyond
 * FAM_CHILDREN_MAX, however many are added at once; PERMISSION_DENIED for a reader. */
enum fam_code fam_child_add(struct fam_store *store, const struct fam_mutation *mutation,
                            const struct fam_uuid *user_id, const char *name, struct fam_date birth,
                            struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;

#endif
