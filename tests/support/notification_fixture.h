/* notification_fixture.h: people with consents, better readings and notifications on a store_fixture. */
#ifndef FAM_TESTS_NOTIFICATION_FIXTURE_H
#define FAM_TESTS_NOTIFICATION_FIXTURE_H

#include "base/clock.h"
#include "store/checkin_settings.h"
#include "store/column.h"
#include "store/entry_private.h"
#include "store/notification_store.h"
#include "support/store_fixture.h"

static inline void give_consent(struct fam_store *store, const struct fam_uuid *user_id,
                                Fam__V1__ConsentPurpose purpose, bool granted)
{
    struct fam_outcome outcome;
    struct fam_status status = {0};
    cr_assert_eq(fam_consent_set(store, NULL, user_id, purpose, granted, "1", &outcome, &status), FAM_OK, "%s",
                 status.message);
}

/* Somebody who may be told everything. */
static inline struct fam_uuid make_person(struct fam_store *store, int64_t telegram_id)
{
    struct fam_uuid user_id = make_user(store, telegram_id);
    give_consent(store, &user_id, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, true);
    give_consent(store, &user_id, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS, true);
    return user_id;
}

/* No hour is quiet for this person: tests run at night, too. */
static inline void be_awake(struct fam_store *store, const struct fam_uuid *user_id)
{
    const struct fam_checkin_settings_change change = {.set_quiet = true};
    struct fam_outcome outcome;
    struct fam_status status = {0};
    cr_assert_eq(fam_checkin_settings_set(store, NULL, user_id, &change, &outcome, &status), FAM_OK, "%s",
                 status.message);
}

struct tx_addition {
    struct fam_store *store;
    const struct fam_notification_new *notification;
    bool added;
};

static inline enum fam_code add_in_tx(struct fam_db *db, void *context, struct fam_status *status)
{
    struct tx_addition *addition = context;
    return fam_notification_add(addition->store, db, addition->notification, &addition->added, status);
}

static inline bool add_notification(struct fam_store *store, const struct fam_notification_new *notification)
{
    struct tx_addition addition = {.store = store, .notification = notification};
    struct fam_status status = {0};
    cr_assert_eq(fam_tx_run(fam_store_pool(store), add_in_tx, &addition, NULL, &status), FAM_OK, "%s", status.message);
    return addition.added;
}

static inline void add_better(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *entry_id,
                              int32_t version)
{
    const struct fam_notification_new notification = {.user_id = user_id,
                                                      .lane = FAM__V1__LANE__LANE_ANSWERS,
                                                      .kind =
                                                          FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_BETTER_READING,
                                                      .entry_id = entry_id,
                                                      .reading_version = version};
    cr_assert(add_notification(store, &notification));
}

/* `delay_ms` and `lifetime_ms` as in fam_notification_new. The person is awake, here and below. */
static inline void add_checkin(struct fam_store *store, const struct fam_uuid *user_id, const char *name,
                               uint64_t delay_ms, uint64_t lifetime_ms)
{
    Fam__V1__CheckinPrompt prompt = FAM__V1__CHECKIN_PROMPT__INIT;
    unsigned char packed[64];
    be_awake(store, user_id);
    prompt.name = (char *)(uintptr_t)name;
    size_t size = fam__v1__checkin_prompt__get_packed_size(&prompt);
    cr_assert_leq(size, sizeof(packed));
    (void)fam__v1__checkin_prompt__pack(&prompt, packed);
    const struct fam_notification_new notification = {.user_id = user_id,
                                                      .lane = FAM__V1__LANE__LANE_CHECKINS,
                                                      .kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_CHECKIN,
                                                      .body = packed,
                                                      .body_size = size,
                                                      .delay_ms = delay_ms,
                                                      .lifetime_ms = lifetime_ms};
    cr_assert(add_notification(store, &notification));
}

static inline void add_report(struct fam_store *store, const struct fam_uuid *user_id, int32_t entries)
{
    Fam__V1__WeekSummary week = FAM__V1__WEEK_SUMMARY__INIT;
    unsigned char packed[64];
    be_awake(store, user_id);
    week.entries = entries;
    size_t size = fam__v1__week_summary__get_packed_size(&week);
    cr_assert_leq(size, sizeof(packed));
    (void)fam__v1__week_summary__pack(&week, packed);
    const struct fam_notification_new notification = {.user_id = user_id,
                                                      .lane = FAM__V1__LANE__LANE_REPORTS,
                                                      .kind =
                                                          FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_WEEKLY_REPORT,
                                                      .body = packed,
                                                      .body_size = size};
    cr_assert(add_notification(store, &notification));
}

/* The message `message_id` of the author's chat shows reading `version` of the entry. */
static inline void deliver_entry(struct fam_store *store, const struct fam_uuid *user_id,
                                 const struct fam_uuid *entry_id, int64_t message_id, int32_t version)
{
    const struct fam_delivery delivery = {.chat_id = 77, .message_id = message_id, .reading_version = version};
    struct fam_outcome outcome;
    struct fam_status status = {0};
    cr_assert_eq(fam_entry_deliver(store, NULL, user_id, entry_id, &delivery, &outcome, &status), FAM_OK, "%s",
                 status.message);
}

static const struct fam_statement fixture_key = {
    "fixture_key", "SELECT wrapped_user FROM keys.entry_keys WHERE entry_id = $1", "select", "keys"};
static const struct fam_statement fixture_reading = {"fixture_reading",
                                                     "INSERT INTO readings (entry_id, version, engine, prompt_version, "
                                                     "body) VALUES ($1, $2::integer, 'claude', 'p', $3)",
                                                     "insert", "readings"};
static const struct fam_statement fixture_safety = {
    "fixture_safety", "UPDATE emotion_entries SET safety = $2 WHERE entry_id = $1", "update", "emotion_entries"};

static inline void entry_key(struct fam_store *store, struct fam_db *db, const struct fam_uuid *user_id,
                             const struct fam_uuid *entry_id, struct fam_key *ret_key)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_key_done) struct fam_key author = {{0}};
    struct fam_params params = {0};
    struct fam_status status = {0};
    fam_param_uuid(&params, entry_id);
    cr_assert_eq(fam_db_exec(db, &fixture_key, &params, &rows, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_entry_author_key(store, db, user_id, &author, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_entry_key(&rows, 0, 0, &author, entry_id, user_id, ret_key, &status), FAM_OK, "%s",
                 status.message);
}

/* A reading of the entry as Claude would make it. */
static inline void add_reading(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *entry_id,
                               int32_t version, const Fam__V1__Reading *reading)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    struct fam_status status = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    unsigned char packed[2000];
    cr_assert_leq(fam__v1__reading__get_packed_size(reading), sizeof(packed));
    size_t size = fam__v1__reading__pack(reading, packed);
    cr_assert_eq(fam_store_get(store, &db, &status), FAM_OK, "%s", status.message);
    entry_key(store, db, user_id, entry_id, &key);
    struct fam_place place = fam_entry_place("readings", "body", entry_id, (uint32_t)version, user_id);
    fam_param_uuid(&params, entry_id);
    fam_param_i64(&params, version);
    cr_assert_eq(fam_column_bytes(&params, &key, &place, packed, size, &sealed, &status), FAM_OK);
    cr_assert_eq(fam_db_exec(db, &fixture_reading, &params, NULL, &status), FAM_OK, "%s", status.message);
    fam_store_put(store, db);
}

/* The dangers that are known of the entry, from now on. */
static inline void set_dangers(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *entry_id,
                               const Fam__V1__SafetyKind *kinds, size_t count)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    struct fam_status status = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    unsigned char safety[FAM_ENTRY_SAFETY_MAX] = {0};
    for (size_t i = 0; i < count; i++)
        safety[i] = (unsigned char)kinds[i];
    cr_assert_eq(fam_store_get(store, &db, &status), FAM_OK, "%s", status.message);
    entry_key(store, db, user_id, entry_id, &key);
    struct fam_place place = fam_entry_place("emotion_entries", "safety", entry_id, 0, user_id);
    fam_param_uuid(&params, entry_id);
    cr_assert_eq(fam_column_bytes(&params, &key, &place, safety, sizeof(safety), &sealed, &status), FAM_OK);
    cr_assert_eq(fam_db_exec(db, &fixture_safety, &params, NULL, &status), FAM_OK, "%s", status.message);
    fam_store_put(store, db);
}

/* ---- leases ---- */

struct batch {
    struct fam_leased *list;
    size_t count;
};

static inline void batch_done(struct batch *batch)
{
    fam_leased_free(batch->list, batch->count);
}

static inline struct batch lease_batch(struct fam_store *store, size_t max, size_t max_others)
{
    const struct fam_lease_request request = {
        .holder = "bot-1", .max = max, .max_others = max_others, .lease_ms = 60000};
    struct batch batch = {NULL, 0};
    struct fam_status status = {0};
    cr_assert_eq(fam_notification_lease(store, &request, &batch.list, &batch.count, &status), FAM_OK, "%s",
                 status.message);
    return batch;
}

static inline struct fam_lease_key key_of(const struct batch *batch, size_t index)
{
    cr_assert_lt(index, batch->count);
    return (struct fam_lease_key){batch->list[index].notification_id, batch->list[index].token};
}

/* Runs the sweep of the thread behind the bell. */
static inline struct fam_notification_swept sweep_notifications(struct fam_store *store)
{
    struct fam_notification_swept swept;
    struct fam_status status = {0};
    struct fam_db *db = NULL;
    cr_assert_eq(fam_store_get(store, &db, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_notification_sweep(db, &swept, &status), FAM_OK, "%s", status.message);
    fam_store_put(store, db);
    return swept;
}

#endif
