/* erase_store.h: a person goes, and a family with its last parent.
 *
 * fam_erase is one transaction: whatever sealed the person's data is destroyed, memberships end, nothing waits to be
 * sent any more, and for every query the person is not there: from then on the rows are noise. A task of the type
 * FAM_ERASE_TASK is written with it for each person and family; it deletes the rows in chunks by fam_erase_chunk and
 * the last one by fam_erase_last, so that nobody waits behind it. A crash at any point leaves all as it was, or a task
 * that goes on.
 *
 * One of several parents leaves like this, with what is theirs; the last one takes the family along: children, name,
 * memberships. What others wrote about these children stays theirs, of no child. Thread-safe. */
#ifndef FAM_STORE_ERASE_STORE_H
#define FAM_STORE_ERASE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "store/idempotency_store.h"
#include "store/task_store.h"

struct fam_store;

#define FAM_ERASE_TASK "erase_person"

enum {
    FAM_ERASE_CHUNK = 500,
    FAM_ERASE_PEOPLE_MAX = 100,      /* of one family at once */
    FAM_ERASE_COPIES_DAYS = 7,       /* key dumps and physical backups are kept so long: docs/privacy.md */
    FAM_ERASE_PAYLOAD_SIZE = 1 + 16, /* of a task: 'u' or 'f', and the id */
};

/* Who goes. */
struct fam_erase_subject {
    bool is_family;
    struct fam_uuid id;
};
bool fam_erase_subject_read(const void *payload, size_t size, struct fam_erase_subject *ret_subject);

/* What came of it. It fits into the ids of an outcome, from which fam_erased_read takes it again. */
struct fam_erased {
    struct fam_uuid receipt_id;
    int64_t erased_at_ms;
    bool family_erased;
    uint32_t people;
    int64_t entries;
    /* What had gone to Anthropic, the only recipient that the schema knows; 0: nothing. */
    int64_t sent_count, sent_first_ms, sent_last_ms;
};
bool fam_erased_read(const void *ids, size_t size, struct fam_erased *ret_erased);

struct fam_erase {
    const struct fam_uuid *user_id;   /* this person; or, when NULL, */
    const struct fam_uuid *family_id; /* all who are in this family, and the family */
    bool dry_run;                     /* count only: nothing changes, and `record` is not called */
    struct fam_uuid receipt_id;       /* made by the caller */
    /* Writes down who goes, outside the database, before any key is destroyed: durable when it returns. What it answers
     * other than OK ends the erasure with nothing done. It may be called again with the same receipt. */
    enum fam_code (*record)(void *context, const struct fam_uuid *receipt_id, const struct fam_erase_subject *subjects,
                            size_t count, struct fam_status *status);
    void *context;
    /* Filled in: */
    struct fam_erase_subject subjects[FAM_ERASE_PEOPLE_MAX + 1];
    struct fam_task_ref tasks[FAM_ERASE_PEOPLE_MAX + 1]; /* for fam_queue_push, one for each subject */
    size_t count;
    bool recorded; /* `record` was called in the last attempt */
};
/* ids: see fam_erased_read. NOT_FOUND: no such person or family (any more). RESOURCE_EXHAUSTED for a family of more
 * people than FAM_ERASE_PEOPLE_MAX. */
enum fam_code fam_erase(struct fam_store *store, const struct fam_mutation *mutation, struct fam_erase *erase,
                        struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;

/* In the caller's transaction: the family alone ends, with key, name, children, invitations and memberships; the people
 * stay, and what they wrote is theirs, of no child. The task waits for the sweep of the queue. After the COMMIT the key
 * is to be forgotten (fam_seal_forget). */
enum fam_code fam_erase_family(struct fam_db *db, const struct fam_uuid *family_id,
                               struct fam_status *status) FAM_MUST_CHECK;

/* Deletes a chunk of what is left of somebody who is erased; *ret_more: there is more of it. Idempotent. */
enum fam_code fam_erase_chunk(struct fam_store *store, const struct fam_erase_subject *subject, bool *ret_more,
                              struct fam_status *status) FAM_MUST_CHECK;
/* In the caller's transaction: the row itself, when fam_erase_chunk has nothing more to do. ABORTED, "ERASE_AGAIN",
 * when something was written meanwhile: begin again. FAM_OK when it is not there any more. */
enum fam_code fam_erase_last(struct fam_db *db, const struct fam_erase_subject *subject,
                             struct fam_status *status) FAM_MUST_CHECK;
/* Also in it, after fam_run_finish: the task itself names the person. */
enum fam_code fam_erase_task_row(struct fam_db *db, const struct fam_uuid *task_id,
                                 struct fam_status *status) FAM_MUST_CHECK;

#endif
