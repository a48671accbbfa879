/* privacy_store.h: what is stored about one person, counted; nothing is opened for it. Thread-safe. */
#ifndef FAM_STORE_PRIVACY_STORE_H
#define FAM_STORE_PRIVACY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/family.pb-c.h"

struct fam_store;

enum { FAM_STORED_KINDS = 12 };

struct fam_stored {
    Fam__V1__StoredKind kind;
    int64_t count;
    int64_t oldest_ms;     /* 0: none */
    int64_t kept_until_ms; /* of the oldest; 0: until it is deleted */
};

struct fam_privacy {
    size_t stored_count;
    struct fam_stored stored[FAM_STORED_KINDS];
    /* What was sent to Anthropic, the only recipient that the schema knows. */
    int64_t sent_count, sent_first_ms, sent_last_ms;
    int32_t retention_days; /* of the person's family */
    bool no_ai;
};
/* `retention_days` counts where the family has none of its own. Children and the switch are the family's, all else is
 * the person's own. NOT_FOUND. */
enum fam_code fam_privacy_read(struct fam_store *store, const struct fam_uuid *user_id, uint32_t retention_days,
                               struct fam_privacy *ret_privacy, struct fam_status *status) FAM_MUST_CHECK;

#endif
