/* commit.h: group commit of new entries.
 *
 * While one transaction is on its way the entries that arrive queue up; the next one takes them all (64 at most,
 * without a timer), in one statement and one round trip, over two connections of its own. An entry, its key, its first
 * reading, its task and its idempotency row are written together or not at all, and an answer follows the commit.
 *
 * One bad or blocked row harms nobody: a transaction waits for a lock for 50 ms at most, and after any error its rows
 * are tried one by one; a row that fails alone goes to a slower way, a transaction as all other changes have it, with
 * its patience and its answers. While rows of a user are on the slower way, new ones of that user follow them there.
 *
 * When the connection is lost on the way the outcome is unknown and the answer UNAVAILABLE: repeat it with the same
 * idempotency key. Threads start with the first entry. Thread-safe. For the stores. */
#ifndef FAM_STORE_COMMIT_H
#define FAM_STORE_COMMIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "store/idempotency_store.h"

struct fam_store;
struct fam_pool_options;
struct fam_task_new;

enum {
    FAM_COMMIT_BATCH = 64,
    FAM_COMMIT_CONNECTIONS = 2,
    FAM_COMMIT_LOCK_MS = 50,
    /* Entries waiting, over all; more are refused with RESOURCE_EXHAUSTED. */
    FAM_COMMIT_QUEUE = 1024
};

struct fam_committer;

/* One entry, sealed: everything that its rows hold. The pointers are borrowed until fam_commit_add returns. */
struct fam_commit_value {
    const void *data;
    size_t size;
};
enum fam_commit_column {
    FAM_COMMIT_WRAPPED,
    FAM_COMMIT_PHRASE,
    FAM_COMMIT_CONTEXT,
    FAM_COMMIT_SAFETY,
    FAM_COMMIT_BODY,
    FAM_COMMIT_LANGUAGE,       /* text */
    FAM_COMMIT_ENGINE,         /* text */
    FAM_COMMIT_PROMPT_VERSION, /* text */
    FAM_COMMIT_COLUMNS
};
struct fam_commit_entry {
    struct fam_uuid entry_id;
    struct fam_uuid user_id;
    const struct fam_uuid *child_id; /* NULL: none */
    struct fam_commit_value columns[FAM_COMMIT_COLUMNS];
    /* NULL: not shared. The family whose key wraps `shared_key`: the entry is shared with it when, as it is written, it
     * is the entry's family and the author's switch is on. */
    const struct fam_uuid *shared_family;
    struct fam_commit_value shared_key; /* with shared_family */
    const struct fam_task_new *task;    /* NULL: none. Of the entry's author, whatever it says, with a key of its own */
    struct fam_uuid task_id;            /* with a task */
    const struct fam_mutation *mutation; /* may be NULL, as fam_mutate takes it */
    uint64_t deadline_ms;                /* fam_mono_ms; 0: none */
};

typedef void fam_commit_done_fn(void *context, enum fam_code code, const struct fam_outcome *outcome,
                                const struct fam_status *status);

/* `pool` as the store's own; its size and lock time-out are replaced. */
struct fam_committer *fam_committer_new(struct fam_store *store, const struct fam_pool_options *pool,
                                        struct fam_status *status) FAM_MUST_CHECK;
/* Everything that waits is written and answered first. Takes NULL. */
void fam_committer_free(struct fam_committer *committer);
/* OK: `done` will be called exactly once, on a thread of the committer; it must not block. */
enum fam_code fam_commit_add(struct fam_committer *committer, const struct fam_commit_entry *entry,
                             fam_commit_done_fn *done, void *context, struct fam_status *status) FAM_MUST_CHECK;

#endif
