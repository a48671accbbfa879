/* entry_store.h: what was said, how it was read, where the answer went, whether it helped.
 *
 * Each entry has a key of its own, wrapped by its author's; while it is shared by the family's key too. Who asks stands
 * in the condition of every query, so an entry that may not be seen and a missing one are the same NOT_FOUND: its
 * author sees an entry, and, while it is shared, the members of the family that it is shared with, as long as its
 * author is one of them. Only its author changes it. Readings are append-only. */
#ifndef FAM_STORE_ENTRY_STORE_H
#define FAM_STORE_ENTRY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/translation.pb-c.h"
#include "store/idempotency_store.h"

struct fam_store;
struct fam_task_new;
struct fam_correction;

enum { FAM_ENTRY_SAFETY_MAX = 10, FAM_ENTRY_PAGE_MAX = 100 };

struct fam_entry {
    struct fam_uuid entry_id;
    struct fam_uuid user_id; /* the author */
    bool has_family;
    struct fam_uuid family_id; /* nil without */
    bool has_child;
    struct fam_uuid child_id; /* nil without */
    char *phrase;             /* never NULL */
    char *happened_before;    /* never NULL */
    Fam__V1__Place place;
    Fam__V1__AgeBand age_band;
    bool age_unknown;
    Fam__V1__Language language; /* of the answer */
    size_t safety_count;        /* kinds that the detector found, the gravest first; then those that Claude added */
    Fam__V1__SafetyKind safety[FAM_ENTRY_SAFETY_MAX];
    int64_t created_at_ms;
    Fam__V1__Reading *reading; /* the newest, with version and created_at_ms; never NULL from the store */
    bool has_delivery;
    int64_t chat_id, message_id;
    int32_t delivered_version; /* which reading the message shows */
    int64_t delivery_age_ms;
    size_t shown_count; /* kinds of danger that the message told of */
    Fam__V1__SafetyKind shown[FAM_ENTRY_SAFETY_MAX];
    bool has_rating;
    Fam__V1__Helped helped;
    int32_t used_response;
    char *comment;              /* never NULL from the store */
    bool is_shared;             /* the author's family sees it */
    int64_t revised_at_ms;      /* 0: the words are the first ones */
    bool has_correction;        /* the author's last one */
    Fam__V1__Emotion corrected; /* unspecified: only a note */
    char *correction;           /* its note; NULL without a correction */
};
/* Wipes and frees texts and reading. */
void fam_entry_done(struct fam_entry *entry);

/* What a new entry is made of; borrowed. The reading gets version 1 and the time of the transaction. The child must be
 * one of a family of the author (else NOT_FOUND); family_id follows from the child, or is the author's family. */
struct fam_entry_new {
    const struct fam_uuid *user_id;
    const struct fam_uuid *child_id; /* NULL: of no particular child */
    const char *phrase;
    const char *happened_before; /* NULL or "": none */
    Fam__V1__Place place;
    Fam__V1__AgeBand age_band;
    bool age_unknown;
    Fam__V1__Language language;
    size_t safety_count;
    const Fam__V1__SafetyKind *safety;
    const Fam__V1__Reading *reading;
    /* The family that it is shared with from the start, if that is the entry's and its author's switch is on when it
     * is written; NULL: private. Never an entry with a danger, whatever this says. */
    const struct fam_uuid *shared_family;
    const struct fam_uuid *entry_id; /* a UUID of version 7 that the caller made; NULL: made inside */
    /* Work that the entry causes, written with it, as its author's; NULL: none. Its unique key must be of this entry
     * alone. After OK, unless the outcome is a replay, push it (fam_queue_push) under `task_id`, a UUID of version 7
     * that the caller made. */
    const struct fam_task_new *task;
    const struct fam_uuid *task_id;
};
/* Entry, key, first reading and task in one transaction, together with other new entries of this moment (commit.h).
 * ids: entry. RESOURCE_EXHAUSTED when too many wait; `deadline_ms` is explained below. */
enum fam_code fam_entry_add(struct fam_store *store, const struct fam_mutation *mutation,
                            const struct fam_entry_new *entry, uint64_t deadline_ms, struct fam_outcome *ret_outcome,
                            struct fam_status *status) FAM_MUST_CHECK;
/* The same without waiting: OK means that `done` will be called exactly once, on another thread, maybe before this
 * returns; else it will not be called. Everything that is borrowed is free again when this returns. `deadline_ms`
 * (fam_mono_ms; 0: none): what has not been begun by then is answered with DEADLINE_EXCEEDED, and nothing is stored.
 * `done` must not block: no I/O, no lock that is held across I/O, no call of the stores. `outcome` and `status` live
 * while it runs; `status` tells more unless `code` is OK. */
typedef void fam_entry_stored_fn(void *context, enum fam_code code, const struct fam_outcome *outcome,
                                 const struct fam_status *status);
enum fam_code fam_entry_add_later(struct fam_store *store, const struct fam_mutation *mutation,
                                  const struct fam_entry_new *entry, uint64_t deadline_ms, fam_entry_stored_fn *done,
                                  void *context, struct fam_status *status) FAM_MUST_CHECK;
/* A better reading of an entry; borrowed. */
struct fam_entry_better {
    const struct fam_uuid *user_id;
    const struct fam_uuid *entry_id;
    int32_t after_version; /* the newest one when it was asked for */
    bool after_any;        /* after the newest one, whichever that is */
    const Fam__V1__Reading *reading;
    size_t risk_count; /* dangers that Claude saw: those that are new are added to the entry's, none is taken away */
    const Fam__V1__SafetyKind *risk;
};
/* In the caller's transaction: the reading of version after_version + 1, which *ret_version gets. *ret_new_danger: a
 * kind was added, and the entry is not shared any more. NOT_FOUND when the entry is gone; ABORTED with reason
 * "READING_VERSION" when another reading was first. */
enum fam_code fam_entry_add_reading(struct fam_store *store, struct fam_db *db, const struct fam_entry_better *better,
                                    int32_t *ret_version, bool *ret_new_danger,
                                    struct fam_status *status) FAM_MUST_CHECK;
/* What its author says anew about an entry; borrowed. */
struct fam_entry_renewal {
    const struct fam_uuid *user_id;
    const struct fam_uuid *entry_id;
    const Fam__V1__Reading *reading; /* the next version */
    size_t danger_count; /* found now: those that are new are added, and hide the entry; none is taken away */
    const Fam__V1__SafetyKind *danger;
    const char *phrase;                      /* other words; NULL: they stay */
    const struct fam_correction *correction; /* NULL: none */
    bool hide;                               /* it must not be shared any more */
    const struct fam_task_new *task;         /* as in fam_entry_new */
    const struct fam_uuid *task_id;
};
/* All of it in one transaction. ids: entry. NOT_FOUND. */
enum fam_code fam_entry_renew(struct fam_store *store, const struct fam_mutation *mutation,
                              const struct fam_entry_renewal *renewal, struct fam_outcome *ret_outcome,
                              struct fam_status *status) FAM_MUST_CHECK;
/* An own one. NOT_FOUND. */
enum fam_code fam_entry_get(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *entry_id,
                            struct fam_entry *ret_entry, struct fam_status *status) FAM_MUST_CHECK;
/* One reading of an entry of the author. Free with fam__v1__reading__free_unpacked(reading, NULL). NOT_FOUND. */
enum fam_code fam_entry_reading(struct fam_store *store, const struct fam_uuid *user_id,
                                const struct fam_uuid *entry_id, int32_t version, Fam__V1__Reading **ret_reading,
                                struct fam_status *status) FAM_MUST_CHECK;
/* One that the user may see. Of another's entry there are no delivery, rating and correction. NOT_FOUND. */
enum fam_code fam_entry_see(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *entry_id,
                            struct fam_entry *ret_entry, struct fam_status *status) FAM_MUST_CHECK;
/* What is looked for; borrowed. */
struct fam_entry_query {
    const struct fam_uuid *user_id;  /* who looks */
    bool of_family;                  /* also what others share with the family of the one who looks; else own entries */
    const struct fam_uuid *child_id; /* NULL: all */
    int64_t from_ms, until_ms;       /* created from … on, and before …; 0: any */
    const struct fam_uuid *before;   /* goes on after this one; NULL: from the newest. Need not be there any more */
    size_t limit;                    /* 1 to FAM_ENTRY_PAGE_MAX */
};
/* Newest first, as fam_entry_see shows each. *ret_entries is an array of *ret_count; free with fam_entries_free.
 * *ret_more: there are older ones. */
enum fam_code fam_entry_scan(struct fam_store *store, const struct fam_entry_query *query,
                             struct fam_entry **ret_entries, size_t *ret_count, bool *ret_more,
                             struct fam_status *status) FAM_MUST_CHECK;
/* The author's entries, newest first: those after `before` (NULL: from the newest), of `child_id` (NULL: all), `limit`
 * (1 to FAM_ENTRY_PAGE_MAX) at most. *ret_entries is an array of *ret_count; free with fam_entries_free. *ret_more:
 * there are older ones. */
enum fam_code fam_entry_list(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *child_id,
                             const struct fam_uuid *before, size_t limit, struct fam_entry **ret_entries,
                             size_t *ret_count, bool *ret_more, struct fam_status *status) FAM_MUST_CHECK;
void fam_entries_free(struct fam_entry *entries, size_t count);

struct fam_rating {
    Fam__V1__Helped helped;
    int32_t used_response; /* 1 to 3; 0: not told */
    const char *comment;   /* may be "" */
};
/* The last rating counts. ids: entry. NOT_FOUND. */
enum fam_code fam_entry_rate(struct fam_store *store, const struct fam_mutation *mutation,
                             const struct fam_uuid *user_id, const struct fam_uuid *entry_id,
                             const struct fam_rating *rating, struct fam_outcome *ret_outcome,
                             struct fam_status *status) FAM_MUST_CHECK;

/* Shows an own entry to the author's family, or hides it again. */
struct fam_sharing {
    const struct fam_uuid *user_id;
    const struct fam_uuid *entry_id;
    bool shared;
    bool confirmed; /* also when a danger was found in it */
    int64_t
        revised_at_ms; /* of the words that were looked at, for `shared`; ABORTED (reason "REVISED"): others by now */
};
/* ids: entry. NOT_FOUND. FAILED_PRECONDITION: reason "NO_FAMILY", the author is in none; "CONFIRM_SHARE", a danger was
 * found in it and `confirmed` is not set. */
enum fam_code fam_entry_share(struct fam_store *store, const struct fam_mutation *mutation,
                              const struct fam_sharing *sharing, struct fam_outcome *ret_outcome,
                              struct fam_status *status) FAM_MUST_CHECK;

/* Destroys the key of an own entry, and deletes it with its readings, deliveries, ratings, corrections, notifications
 * the work that waits for it, and the record of what was sent to an AI for it (disclosures), which holds its words.
 * Nothing happens to one that is gone, or another's: OK. */
enum fam_code fam_entry_delete(struct fam_store *store, const struct fam_mutation *mutation,
                               const struct fam_uuid *user_id, const struct fam_uuid *entry_id,
                               struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;

struct fam_delivery {
    int64_t chat_id, message_id;
    int32_t reading_version; /* INVALID_ARGUMENT (field reading_version) when the entry has no such reading */
    bool is_answer;          /* a direct answer: how it went may be asked later (follow_up_store.h) */
};
/* The last delivery counts. ids: entry, and again when a notification about it waits for this (ring the bell).
 * NOT_FOUND. */
enum fam_code fam_entry_deliver(struct fam_store *store, const struct fam_mutation *mutation,
                                const struct fam_uuid *user_id, const struct fam_uuid *entry_id,
                                const struct fam_delivery *delivery, struct fam_outcome *ret_outcome,
                                struct fam_status *status) FAM_MUST_CHECK;

#endif
