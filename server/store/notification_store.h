/* notification_store.h: what is to be told to whom, as rows.
 *
 * A notification is added in the transaction of its cause, and the bell (notify/bell.h) is rung after the COMMIT. A bot
 * leases it, with a token of its own, sends it, and says how that went, by the same token. A lease that ends without a
 * word returns by fam_notification_sweep; its token stays good until the notification is leased again, so that a late
 * word counts and nothing is shown twice for it. A repeated word is no error.
 *
 * One person has at most one leased notification: a unique index sees to it, whatever several servers do at once. All
 * times are the database's. */
#ifndef FAM_STORE_NOTIFICATION_STORE_H
#define FAM_STORE_NOTIFICATION_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/notification.pb-c.h"
#include "store/db.h"
#include "store/idempotency_store.h"

struct fam_store;

enum {
    FAM_NOTIFICATION_LEASE_MAX = 32,
    FAM_NOTIFICATION_PAGE_MAX = 100,
    FAM_NOTIFICATION_IDS_MAX = 100,
    FAM_NOTIFICATION_RESEND_MAX = 10000,
    FAM_NOTIFICATION_LANES = 3, /* of enum Lane, from 1 */
    /* The longest wait after an answer of UNAVAILABLE, until it expires. What may have been shown each time is shown
     * less often. */
    FAM_NOTIFICATION_AGAIN_MS = 60000,
    FAM_NOTIFICATION_MAYBE_AGAIN_MS = 600000,
    /* A better reading waits so long for the direct answer, which the bot may still be sending. */
    FAM_NOTIFICATION_ANSWER_WAIT_MS = 10000,
    FAM_HOLDER_SIZE = 65,
    FAM_REASON_SIZE = 201
};

/* Borrowed. */
struct fam_notification_new {
    const struct fam_uuid *user_id;
    Fam__V1__Lane lane;
    Fam__V1__NotificationKind kind;
    const struct fam_uuid *entry_id; /* NULL: of no entry */
    int32_t reading_version;         /* with an entry */
    const void *body;                /* of a check-in or a report: a packed CheckinPrompt or WeekSummary, sealed here
                                        under the user's key; NULL: none */
    size_t body_size;
    const char *unique_key; /* ever once; NULL: none */
    uint64_t delay_ms;
    uint64_t lifetime_ms; /* behind the delay; later it expires unsent; 0: 24 hours */
};
/* In the caller's transaction. One with the same unique key stays as it is: *ret_added is false. NOT_FOUND: there is no
 * such user, entry or key (any more). */
enum fam_code fam_notification_add(struct fam_store *store, struct fam_db *db,
                                   const struct fam_notification_new *notification, bool *ret_added,
                                   struct fam_status *status) FAM_MUST_CHECK;

/* A leased notification and what is known of its person. */
struct fam_leased {
    struct fam_uuid notification_id;
    struct fam_uuid token;
    struct fam_uuid user_id;
    Fam__V1__Lane lane;
    Fam__V1__NotificationKind kind;
    bool has_entry;
    struct fam_uuid entry_id; /* nil without */
    int32_t reading_version;
    bool has_checkin;
    struct fam_uuid checkin_id; /* nil without */
    int32_t attempt;            /* from 1 */
    bool began;                 /* it may have been shown already */
    int64_t created_at_ms;
    Fam__V1__Language language;
    char country[3];              /* "" when not told */
    bool may_process, may_notify; /* consents */
    bool may_ask;                 /* the person's switch: may be asked later how it went */
    /* What is sealed; with is_gone, the person's key is destroyed, or the value damaged. */
    bool is_gone;
    int64_t chat_id;
    struct fam_secret body; /* empty: none */
};
void fam_leased_free(struct fam_leased *list, size_t count);

struct fam_lease_request {
    const char *holder;
    size_t max;        /* 1 to FAM_NOTIFICATION_LEASE_MAX */
    size_t max_others; /* so many of them that are no answers */
    uint32_t lease_ms;
};
/* What is due, in one statement: answers, check-ins, reports, strictly; the oldest first; one for each person, and none
 * while another of that person is leased. People who are not reachable are left out. *ret_list is an array of
 * *ret_count. */
enum fam_code fam_notification_lease(struct fam_store *store, const struct fam_lease_request *request,
                                     struct fam_leased **ret_list, size_t *ret_count,
                                     struct fam_status *status) FAM_MUST_CHECK;

/* Who speaks of which lease. */
struct fam_lease_key {
    struct fam_uuid notification_id;
    struct fam_uuid token;
};

/* What came of a word about a lease. */
struct fam_lease_end {
    Fam__V1__Lane lane;
    bool is_repeat;    /* said before: nothing has changed */
    bool is_failed;    /* by fam_notification_nack: it is never sent again */
    bool more_due;     /* another one of this person is due: ring the bell */
    int64_t waited_ms; /* by fam_notification_ack: from when it was due */
    bool has_due;      /* it is a check-in … */
    int64_t late_ms;   /* … that was shown so long after its person's clock said so */
};
/* It was shown. A better reading gets its row of `deliveries` in the same transaction, unless its entry is gone.
 * ABORTED, "LEASE_LOST": somebody else's meanwhile; NOT_FOUND. */
enum fam_code fam_notification_ack(struct fam_store *store, const struct fam_lease_key *key, int64_t chat_id,
                                   int64_t message_id, struct fam_lease_end *ret_end,
                                   struct fam_status *status) FAM_MUST_CHECK;
/* It was not shown, see enum NackReason. LATER holds back all that is due for this person, so that their order stays.
 * UNAVAILABLE waits longer each time, and never gives up before it expires. ABORTED and NOT_FOUND as
 * fam_notification_ack. */
enum fam_code fam_notification_nack(struct fam_store *store, const struct fam_lease_key *key,
                                    Fam__V1__NackReason reason, uint32_t retry_after_ms, bool maybe_shown,
                                    struct fam_lease_end *ret_end, struct fam_status *status) FAM_MUST_CHECK;
/* It can't be shown any more; `reason` is an upper-case word. */
enum fam_code fam_notification_fail(struct fam_store *store, const struct fam_lease_key *key, const char *reason,
                                    struct fam_lease_end *ret_end, struct fam_status *status) FAM_MUST_CHECK;
/* The reading that is handed out, and with it the end of older notifications of the same entry. */
enum fam_code fam_notification_shows(struct fam_store *store, const struct fam_lease_key *key, int32_t reading_version,
                                     struct fam_status *status) FAM_MUST_CHECK;

struct fam_notification_summary {
    struct fam_uuid notification_id;
    struct fam_uuid user_id;
    Fam__V1__NotificationKind kind;
    Fam__V1__Lane lane;
    Fam__V1__NotificationState state;
    int32_t attempts;
    char holder[FAM_HOLDER_SIZE]; /* while leased, else "" */
    char reason[FAM_REASON_SIZE];
    int64_t created_at_ms, not_before_ms, expires_at_ms;
    int64_t finished_at_ms; /* 0: not yet */
    bool has_entry;
    struct fam_uuid entry_id;
};
struct fam_notification_filter {
    const struct fam_uuid *user_id; /* NULL: all */
    Fam__V1__NotificationState state;
    Fam__V1__NotificationKind kind; /* these two: unspecified for all */
    const struct fam_uuid *ids;     /* for fam_notification_list: only these, up to FAM_NOTIFICATION_IDS_MAX */
    size_t id_count;                /* 0: all */
};
/* Newest first, those before `before` (NULL: from the newest), `limit` (1 to FAM_NOTIFICATION_PAGE_MAX) at most. free()
 * the list. */
enum fam_code fam_notification_list(struct fam_store *store, const struct fam_notification_filter *filter,
                                    const struct fam_uuid *before, size_t limit,
                                    struct fam_notification_summary **ret_list, size_t *ret_count, bool *ret_more,
                                    struct fam_status *status) FAM_MUST_CHECK;

/* Failed and expired ones are due again, as if new, for 24 hours: those of `ids`, or (with none) all that match, the
 * oldest first, FAM_NOTIFICATION_RESEND_MAX at most. With `dry_run` they are counted only. The count is kept with the
 * idempotency key. */
struct fam_resend {
    const struct fam_uuid *ids;
    size_t id_count; /* up to FAM_NOTIFICATION_IDS_MAX */
    struct fam_notification_filter filter;
    bool dry_run;
};
enum fam_code fam_notification_resend(struct fam_store *store, const struct fam_mutation *mutation,
                                      const struct fam_resend *resend, struct fam_outcome *ret_outcome,
                                      int64_t *ret_count, struct fam_status *status) FAM_MUST_CHECK;
/* The count out of ids as they come from fam_outcome or fam_call_replay. */
bool fam_notification_resent(const void *ids, size_t size, int64_t *ret_count);

/* ids: the user when something has changed, else none. NOT_FOUND. */
enum fam_code fam_user_set_reachable(struct fam_store *store, const struct fam_mutation *mutation,
                                     const struct fam_uuid *user_id, bool reachable, struct fam_outcome *ret_outcome,
                                     struct fam_status *status) FAM_MUST_CHECK;

/* For the thread behind the bell, on a connection of its own: */
struct fam_notification_swept {
    size_t returned; /* leases that had ended without a word */
    /* By lane, from 0, of people who can be reached. */
    size_t expired[FAM_NOTIFICATION_LANES];
    size_t expired_checkins; /* of them: check-ins alone */
};
/* Leases that have ended return, what is too old expires. */
enum fam_code fam_notification_sweep(struct fam_db *db, struct fam_notification_swept *ret_swept,
                                     struct fam_status *status) FAM_MUST_CHECK;
/* Milliseconds until the next one that is not due yet, `limit_ms` at most. */
enum fam_code fam_notification_next(struct fam_db *db, uint32_t limit_ms, uint32_t *ret_ms,
                                    struct fam_status *status) FAM_MUST_CHECK;
/* Due and not delivered, of people who are reachable: how many, and since when the oldest, by lane, from 0. */
struct fam_notification_backlog {
    int64_t due[FAM_NOTIFICATION_LANES];
    int64_t oldest_ms[FAM_NOTIFICATION_LANES];
};
enum fam_code fam_notification_count(struct fam_db *db, struct fam_notification_backlog *ret_backlog,
                                     struct fam_status *status) FAM_MUST_CHECK;

#endif
