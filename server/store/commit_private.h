/* commit_private.h: between the queue and its threads (commit.c) and what is sent to PostgreSQL (commit_rows.c). */
#ifndef FAM_STORE_COMMIT_PRIVATE_H
#define FAM_STORE_COMMIT_PRIVATE_H

#include <stdbool.h>

#include "store/commit.h"
#include "store/db.h"

/* An entry that waits, in one piece of memory with all that it points to. */
struct fam_commit_item {
    struct fam_commit_item *next;
    struct fam_uuid entry_id;
    struct fam_uuid user_id;
    bool has_child;
    struct fam_uuid child_id;
    struct fam_commit_value columns[FAM_COMMIT_COLUMNS]; /* texts end with a NUL that `size` does not count */
    bool is_shared;                                      /* if the author's switch is on */
    struct fam_uuid shared_family;
    struct fam_commit_value shared_key;
    bool has_task;
    struct fam_commit_task {
        struct fam_uuid task_id;
        const char *type;
        const char *unique_key; /* NULL: none */
        struct fam_commit_value payload;
        /* as PostgreSQL's binary form has them */
        unsigned char priority[4], max_attempts[4], delay_ms[8];
    } task;
    bool has_key;
    bool has_acting_user;
    struct fam_uuid acting_user;
    struct fam_mutation mutation; /* without the request; empty without has_key */
    unsigned char hmac[FAM_MUTATION_HMAC_SIZE];
    uint64_t deadline_ms;
    fam_commit_done_fn *done;
    void *context;
};

/* NULL: *status says why. Free with free(). */
struct fam_commit_item *fam_commit_item_new(struct fam_store *store, const struct fam_commit_entry *entry,
                                            struct fam_status *status);

/* What became of a row of a batch that was committed. */
enum fam_commit_row { FAM_COMMIT_STORED, FAM_COMMIT_KEY_TAKEN, FAM_COMMIT_NO_CHILD };
/* All items in one transaction; on failure none is stored, unless the code is UNAVAILABLE (nobody knows). */
enum fam_code fam_commit_rows(struct fam_db *db, struct fam_commit_item *const *items, size_t count,
                              enum fam_commit_row *ret_rows, char ret_lsn[FAM_LSN_SIZE],
                              struct fam_status *status) FAM_MUST_CHECK;
/* The answer to an item whose row was not stored: another call had its key, or it has no such child. */
enum fam_code fam_commit_explain(struct fam_db *db, const struct fam_commit_item *item, enum fam_commit_row row,
                                 struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;
/* One item as every other change: statement by statement, with the patience of the store's pool. */
enum fam_code fam_commit_slowly(struct fam_store *store, struct fam_commit_item *item, struct fam_outcome *ret_outcome,
                                struct fam_status *status) FAM_MUST_CHECK;

#endif
