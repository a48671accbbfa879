/* audit_store.h: who did what, append-only (the database refuses UPDATE and DELETE). Holds ids, names of principals
 * and methods, and the reason that an operator gave; never personal text. */
#ifndef FAM_STORE_AUDIT_STORE_H
#define FAM_STORE_AUDIT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"

struct fam_db;
struct fam_store;

struct fam_audit {
    const char *principal;            /* scope of the token: "admin:olga" */
    const char *method;               /* full RPC name */
    const struct fam_uuid *user_id;   /* for whom; NULL: nobody */
    const struct fam_uuid *target_id; /* entry, family, token …; NULL: none */
    const char *reason;               /* "" when none is asked; up to 1,200 characters and 2,000 bytes are kept */
    const char *request_id;
};

enum fam_code fam_audit_append(struct fam_store *store, const struct fam_audit *audit,
                               struct fam_status *status) FAM_MUST_CHECK;

/* In the caller's transaction: the line is there with what it tells of, or not at all. */
enum fam_code fam_audit_write(struct fam_db *db, const struct fam_audit *audit,
                              struct fam_status *status) FAM_MUST_CHECK;

/* An operator opens something as audit->user_id: the line, and with it a notification that tells the person, and those
 * whose entries are shown as well; once an hour for each person and operator, however often is looked. *ret_told: one
 * was added; ring the bell. Somebody who is not there (any more) is told nothing. */
enum fam_code fam_audit_look(struct fam_store *store, const struct fam_audit *audit, bool *ret_told,
                             struct fam_status *status) FAM_MUST_CHECK;

enum { FAM_AUDIT_PAGE_MAX = 100 };

/* A line as it stands in the log. */
struct fam_audit_record {
    struct fam_uuid audit_id;
    int64_t at_ms;
    char principal[80];
    char method[128];
    struct fam_uuid user_id;   /* nil: nobody */
    struct fam_uuid target_id; /* nil: none */
    char reason[2001];         /* 1,200 characters, 2,000 bytes */
    char request_id[65];
};

/* Newest first: those older than `before` (NULL: from the newest), done for `user_id` (NULL: all), `limit` (1 to
 * FAM_AUDIT_PAGE_MAX) at most. *ret_list is an array of *ret_count; free() it. *ret_more: there are older ones. */
enum fam_code fam_audit_list(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *before,
                             size_t limit, struct fam_audit_record **ret_list, size_t *ret_count, bool *ret_more,
                             struct fam_status *status) FAM_MUST_CHECK;

#endif
