/* disclosure_store.h: what was sent to whom, so that a person can be told. Deleted with its entry by the author
 * (fam_entry_delete), and erased with its user; it loses the profile of a child that is removed (fam_child_remove), and
 * is not changed otherwise.
 *
 * The body is what left this machine, with placeholders in the place of everything personal, sealed under the user's
 * key. */
#ifndef FAM_STORE_DISCLOSURE_STORE_H
#define FAM_STORE_DISCLOSURE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"

struct fam_store;

enum { FAM_DISCLOSURE_PAGE_MAX = 100 };

/* Borrowed. */
struct fam_disclosure_new {
    const struct fam_uuid *user_id;
    const struct fam_uuid *entry_id; /* NULL: of no entry. It need not be there: it may be written later, or never */
    const char *recipient;           /* "anthropic" */
    const char *model;               /* up to 64 characters */
    const char *prompt_version;      /* up to 64 characters */
    const char *body;                /* UTF-8 */
};
/* Durable when it returns: to be called before anything is sent. ret_id may be NULL. NOT_FOUND: no such user. */
enum fam_code fam_disclosure_add(struct fam_store *store, const struct fam_disclosure_new *disclosure,
                                 struct fam_uuid *ret_id, struct fam_status *status) FAM_MUST_CHECK;

struct fam_disclosure {
    struct fam_uuid disclosure_id;
    bool has_entry;
    struct fam_uuid entry_id; /* nil without */
    char recipient[16];
    char *model;          /* never NULL from the store */
    char *prompt_version; /* never NULL from the store */
    char *body;           /* never NULL from the store */
    int64_t created_at_ms;
};
/* The user's, newest first: those after `before` (NULL: from the newest), `limit` (1 to FAM_DISCLOSURE_PAGE_MAX) at
 * most. *ret_list is an array of *ret_count; free with fam_disclosures_free. *ret_more: there are older ones. */
enum fam_code fam_disclosure_list(struct fam_store *store, const struct fam_uuid *user_id,
                                  const struct fam_uuid *before, size_t limit, struct fam_disclosure **ret_list,
                                  size_t *ret_count, bool *ret_more, struct fam_status *status) FAM_MUST_CHECK;
/* Wipes the texts. Takes NULL and 0. */
void fam_disclosures_free(struct fam_disclosure *list, size_t count);

#endif
