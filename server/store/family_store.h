/* family_store.h: families, their parents and children. Names, birth dates and profiles are sealed under the family's
 * key, parents' names under their own. Membership is part of each query: what the user has no part in is NOT_FOUND.
 *
 * A person is in one family at most. Of its members the parents change it; a relative who reads only gets
 * PERMISSION_DENIED (reason "READS_ONLY") from every change below but fam_family_leave. Changes of one family follow
 * each other: its row is their lock. docs/families.md tells who may do what, and what becomes of entries. */
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

enum { FAM_CHILDREN_MAX = 10, FAM_TRAITS_MAX = 10, FAM_RETENTION_DAYS_MAX = 3650 };

struct fam_date {
    int year, month, day; /* a birth date of which only the year is known has month 0 and day 0 */
};

struct fam_child {
    struct fam_uuid child_id;
    char *name; /* never NULL */
    struct fam_date birth;
    uint32_t profile_version; /* from 1; counts up with each change */
    size_t trait_count;       /* in the order of the list, none twice */
    Fam__V1__Trait traits[FAM_TRAITS_MAX];
    char *special_needs; /* never NULL; "" when nothing was told */
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
    bool no_ai;                 /* nothing of this family goes to an AI */
    bool profiles_stay;         /* some parent does not consent to an AI; of fam_person_load only, else false */
    int32_t retention_days;     /* so long phrases are kept; 0: the family did not say, the setting counts */
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

struct fam_family_change {
    const char *name;       /* "" or NULL: stays, as the next two */
    const char *country;    /* two upper-case letters */
    const char *time_zone;  /* as in fam_family_new */
    Fam__V1__Switch no_ai;  /* unspecified: stays */
    int32_t retention_days; /* 1 to FAM_RETENTION_DAYS_MAX; 0: stays */
};
/* ids: family. NOT_FOUND when in none. */
enum fam_code fam_family_update(struct fam_store *store, const struct fam_mutation *mutation,
                                const struct fam_uuid *user_id, const struct fam_family_change *change,
                                struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;

/* Ends the user's membership. What the user wrote stays the user's, and what of it was shared with the family is so no
 * longer; the user's open invitations end. ids: family. NOT_FOUND when in none; FAILED_PRECONDITION (reason
 * "LAST_PARENT") for the last one who may change the family. */
enum fam_code fam_family_leave(struct fam_store *store, const struct fam_mutation *mutation,
                               const struct fam_uuid *user_id, struct fam_outcome *ret_outcome,
                               struct fam_status *status) FAM_MUST_CHECK;
/* The same for another member, of either role, who is told by a notice; ring the bell after it. ids: family. NOT_FOUND:
 * no such member; INVALID_ARGUMENT (field parent_id) for the user's own membership. */
enum fam_code fam_parent_remove(struct fam_store *store, const struct fam_mutation *mutation,
                                const struct fam_uuid *user_id, const struct fam_uuid *parent_id,
                                struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;

/* To the user's family. ids: child, family. NOT_FOUND when in none; FAILED_PRECONDITION (reason "CHILDREN_MAX") beyond
 * FAM_CHILDREN_MAX, however many are added at once. */
enum fam_code fam_child_add(struct fam_store *store, const struct fam_mutation *mutation,
                            const struct fam_uuid *user_id, const char *name, struct fam_date birth,
                            struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;

struct fam_child_change {
    const char *name;             /* "" or NULL: stays */
    const struct fam_date *birth; /* NULL: stays */
    bool set_profile;             /* traits and special needs replace the old ones; none and "": nothing is told */
    size_t trait_count;           /* at most FAM_TRAITS_MAX */
    const Fam__V1__Trait *traits;
    const char *special_needs; /* NULL: "" */
};
/* The profile's version counts up. ids: child. NOT_FOUND: no such child in the user's family, or removed.
 * INVALID_ARGUMENT (field traits): one is unknown, or there twice. */
enum fam_code fam_child_update(struct fam_store *store, const struct fam_mutation *mutation,
                               const struct fam_uuid *user_id, const struct fam_uuid *child_id,
                               const struct fam_child_change *change, struct fam_outcome *ret_outcome,
                               struct fam_status *status) FAM_MUST_CHECK;
/* Name, birth date and profile are gone, the profile also from what was sent to an AI about the child; an empty row
 * stays, whether or not anybody's entries name it, so that nobody learns whether they do. ids: child. NOT_FOUND as
 * fam_child_update. */
enum fam_code fam_child_remove(struct fam_store *store, const struct fam_mutation *mutation,
                               const struct fam_uuid *user_id, const struct fam_uuid *child_id,
                               struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;
/* Deletes the empty rows of children removed an hour ago or longer that nothing names any more, `limit` at most. */
enum fam_code fam_child_sweep(struct fam_store *store, size_t limit, size_t *ret_deleted,
                              struct fam_status *status) FAM_MUST_CHECK;

#endif
