/* user_store.h: users and their consents. Telegram ids are found by HMAC and stored sealed. */
#ifndef FAM_STORE_USER_STORE_H
#define FAM_STORE_USER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/family.pb-c.h"
#include "store/idempotency_store.h"

struct fam_store;

struct fam_consent {
    Fam__V1__ConsentPurpose purpose;
    bool granted;
    int64_t changed_at_ms;
    char text_version[129]; /* 32 characters */
};
enum { FAM_CONSENT_PURPOSES = 3 };

struct fam_user {
    struct fam_uuid user_id;
    Fam__V1__Language language;
    char country[3]; /* "" when not told */
    char *name;      /* never NULL */
    /* Whose help lines are shown: the person's own country, else the family's; "" when neither was told. */
    char help_country[3];
    bool has_family;
    struct fam_uuid family_id; /* nil without */
    Fam__V1__ParentRole role;  /* in the family */
    bool share_entries;        /* new entries are shown to the family */
    bool no_follow_up;         /* is not asked later how it went */
    int64_t created_at_ms;
    bool is_reachable;    /* false: has blocked the bot */
    bool has_returned;    /* by fam_user_register: was not reachable until now */
    size_t consent_count; /* one for each purpose that was ever decided, the latest decision */
    struct fam_consent consents[FAM_CONSENT_PURPOSES];
};
void fam_user_done(struct fam_user *user);
/* False when never decided. */
bool fam_user_consents(const struct fam_user *user, Fam__V1__ConsentPurpose purpose);

/* The user behind a Telegram account, made on first sight; two at once give one. `language` and `source` count for a
 * new user only. Touches last_seen_at of a known one, once an hour at most. Who could not be reached can be from now
 * on, for an update has come from there. ret_lsn (may be NULL) is "" unless made. */
enum fam_code fam_user_register(struct fam_store *store, int64_t telegram_id, Fam__V1__Language language,
                                Fam__V1__RegistrationSource source, struct fam_user *ret_user, bool *ret_created,
                                char ret_lsn[FAM_LSN_SIZE], struct fam_status *status) FAM_MUST_CHECK;
/* NOT_FOUND. */
enum fam_code fam_user_get(struct fam_store *store, const struct fam_uuid *user_id, struct fam_user *ret_user,
                           struct fam_status *status) FAM_MUST_CHECK;
/* NOT_FOUND. For sending. */
enum fam_code fam_user_telegram_id(struct fam_store *store, const struct fam_uuid *user_id, int64_t *ret_telegram_id,
                                   struct fam_status *status) FAM_MUST_CHECK;

struct fam_user_change {
    Fam__V1__Language language;                  /* unspecified: stays */
    const char *country;                         /* "" or NULL: stays */
    const char *name;                            /* "" or NULL: stays */
    Fam__V1__Switch share_entries, no_follow_up; /* unspecified: stays */
};
/* ids: the user. NOT_FOUND. */
enum fam_code fam_user_update(struct fam_store *store, const struct fam_mutation *mutation,
                              const struct fam_uuid *user_id, const struct fam_user_change *change,
                              struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;
/* Adds a decision to the history; the latest counts. ids: the user. NOT_FOUND. */
enum fam_code fam_consent_set(struct fam_store *store, const struct fam_mutation *mutation,
                              const struct fam_uuid *user_id, Fam__V1__ConsentPurpose purpose, bool granted,
                              const char *text_version, struct fam_outcome *ret_outcome,
                              struct fam_status *status) FAM_MUST_CHECK;
/* The latest decisions; *ret_count of FAM_CONSENT_PURPOSES at most. */
enum fam_code fam_consent_list(struct fam_store *store, const struct fam_uuid *user_id,
                               struct fam_consent ret_consents[FAM_CONSENT_PURPOSES], size_t *ret_count,
                               struct fam_status *status) FAM_MUST_CHECK;
/* For the stores: one decision out of a row that holds purpose, granted, text_version and the time in ms from `column`
 * on. */
void fam_consent_take(const struct fam_rows *rows, size_t row, int column, struct fam_consent *ret_consent);

#endif
