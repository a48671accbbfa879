/* follow_up_store.h: asking later how it went, as notifications of kind FOLLOW_UP.
 *
 * The ordinary question is written with the delivery of an answer (fam_entry_deliver): four hours later, by day, at
 * most one a day for a person, with consent to messages and the switch on, and not for an entry in which a danger was
 * found. After a danger there is one only when the author agrees to it (below); it is wordless about the topic.
 *
 * Both are taken back by a rating (fam_entry_rate), the switch (fam_user_update), and by withdrawing the consent to
 * messages or to processing (fam_consent_set); they go with their entry. Thread-safe. */
#ifndef FAM_STORE_FOLLOW_UP_STORE_H
#define FAM_STORE_FOLLOW_UP_STORE_H

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "store/idempotency_store.h"

struct fam_store;

/* The author of an entry with a danger wants to be asked once, 24 hours from now; agreed to again it stays as it is.
 * The consent to messages is not asked for: this is one of its own. NOT_FOUND; FAILED_PRECONDITION with the reasons
 * NO_DANGER, ASKED_ALREADY and TOO_LATE: the words are older than three days (so it is never asked twice: what was
 * asked is known for seven). */
enum fam_code fam_follow_up_agree(struct fam_store *store, const struct fam_mutation *mutation,
                                  const struct fam_uuid *user_id, const struct fam_uuid *entry_id,
                                  struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;

#endif
