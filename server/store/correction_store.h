/* correction_store.h: what authors said that it was ("not like that"): kept for each child and author.
 *
 * A correction is sealed under its author's key, not the entry's, and outlives the entry's time of storage; deleting
 * the entry takes it along. It is never shown to anybody else, and shapes nobody else's readings. */
#ifndef FAM_STORE_CORRECTION_STORE_H
#define FAM_STORE_CORRECTION_STORE_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/translation.pb-c.h"
#include "store/db.h"

struct fam_store;

enum { FAM_CORRECTIONS_MAX = 5, FAM_CORRECTION_SIGNAL = 32 };

struct fam_correction {
    Fam__V1__Emotion emotion;    /* unspecified: only a note */
    Fam__V1__Emotion instead_of; /* what the reading had said */
    const char *note;            /* never NULL; of the store's own: owned by its struct fam_corrections */
    /* What the built-in engine's lexicon met in those words (offline.h), no word of them; "": nothing of its own. */
    char signal[FAM_CORRECTION_SIGNAL];
};
struct fam_corrections {
    struct fam_correction items[FAM_CORRECTIONS_MAX]; /* the newest first */
    size_t count;
    uint32_t version; /* changes with any of them; 0: none */
};
/* Wipes; fits fam_auto. */
void fam_corrections_done(struct fam_corrections *corrections);

/* The last ones of the author for this child (NULL: for entries of no particular child). While the author shows all new
 * entries to the family, only those of shared entries: what was learned of a private one must not be seen in another.
 */
enum fam_code fam_corrections_load(struct fam_store *store, const struct fam_uuid *user_id,
                                   const struct fam_uuid *child_id, struct fam_corrections *ret_corrections,
                                   struct fam_status *status) FAM_MUST_CHECK;
/* In the caller's transaction. Child and author are the entry's. */
enum fam_code fam_correction_add(struct fam_store *store, struct fam_db *db, const struct fam_uuid *user_id,
                                 const struct fam_uuid *entry_id, const struct fam_correction *correction,
                                 struct fam_status *status) FAM_MUST_CHECK;

#endif
