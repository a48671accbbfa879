/* feedback_store.h: what people tell those who run the service, sealed under their own key. */
#ifndef FAM_STORE_FEEDBACK_STORE_H
#define FAM_STORE_FEEDBACK_STORE_H

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

#endif
