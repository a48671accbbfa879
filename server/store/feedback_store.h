/* feedback_store.h: what people tell those who run the service, sealed under their own key. */
#ifndef FAM_STORE_FEEDBACK_STORE_H
#define FAM_STORE_FEEDBACK_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "store/idempotency_store.h"
#include "store/seal.h"

struct fam_store;

enum { FAM_FEEDBACK_DAY = 10 };

/* Where feedback.body is sealed: the text, under the author's key. */
struct fam_place fam_feedback_place(const struct fam_uuid *feedback_id, const struct fam_uuid *user_id);
/* `rating` is 1 to 5, 0 for none. ids: feedback. NOT_FOUND: no such user. RESOURCE_EXHAUSTED (reason LIMIT_DAY,
 * retry_after_ms) beyond FAM_FEEDBACK_DAY within 24 hours, however many come at once. */
enum fam_code fam_feedback_add(struct fam_store *store, const struct fam_mutation *mutation,
                               const struct fam_uuid *user_id, const char *text, int32_t rating,
                               struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;

enum { FAM_FEEDBACK_PAGE_MAX = 100 };

struct fam_feedback {
    struct fam_uuid feedback_id, user_id;
    int32_t rating; /* 0: none */
    char *text;     /* never NULL from the store */
    int64_t created_at_ms;
};
/* For operators: everybody's, or (`only`) the one of that id; newest first, those before `before` (NULL: from the
 * newest), `limit` (1 to FAM_FEEDBACK_PAGE_MAX) at most. *ret_list is an array of *ret_count; free with
 * fam_feedback_free. *ret_more: there are older ones. People who are being erased are left out. */
enum fam_code fam_feedback_list(struct fam_store *store, const struct fam_uuid *only, const struct fam_uuid *before,
                                size_t limit, struct fam_feedback **ret_list, size_t *ret_count, bool *ret_more,
                                struct fam_status *status) FAM_MUST_CHECK;
/* Wipes the texts. Takes NULL and 0. */
void fam_feedback_free(struct fam_feedback *list, size_t count);

#endif
