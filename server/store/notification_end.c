/* notification_end.c: how leases end; see notification_store.h. */
#include <sodium.h>
#include <string.h>

#include "store/column.h"
#include "store/entry_private.h"
#include "store/notification_private.h"
#include "store/store.h"

enum { DOUBLINGS_MAX = 10 }; /* of a second: more than any wait */

static const struct fam_statement lock_one = {
    "notification_lock",
    "SELECT user_id, lane, state, leased, coalesce(lease_token = $2, false), entry_id, reading_version, attempts, "
    "kind = 'better_reading', (extract(epoch FROM clock_timestamp() - not_before) * 1000)::bigint, "
    "due_at IS NOT NULL, (extract(epoch FROM clock_timestamp() - due_at) * 1000)::bigint FROM notifications "
    "WHERE notification_id = $1 "
    "FOR UPDATE",
    "select", "notifications"};
enum column {
    COLUMN_USER,
    COLUMN_LANE,
    COLUMN_STATE,
    COLUMN_LEASED,
    COLUMN_MINE,
    COLUMN_ENTRY,
    COLUMN_VERSION,
    COLUMN_ATTEMPTS,
    COLUMN_IS_READING,
    COLUMN_WAITED,
    COLUMN_HAS_DUE,
    COLUMN_LATE
};
static const struct fam_statement set_delivered = {
    "notification_delivered",
    "UPDATE notifications SET state = 'delivered', leased = false, finished_at = now(), message = $2, reason = '' "
    "WHERE notification_id = $1",
    "update", "notifications"};
static const struct fam_statement set_failed = {
    "notification_failed",
    "UPDATE notifications SET state = 'failed', leased = false, finished_at = now(), reason = $2, began = began OR $3 "
    "WHERE notification_id = $1",
    "update", "notifications"};
static const struct fam_statement set_later = {
    "notification_later",
    "UPDATE notifications SET leased = false, attempts = attempts - $2::integer, began = began OR $3, reason = $4, "
    "not_before = CASE WHEN $5::bigint = 0 THEN not_before "
    "ELSE greatest(not_before, clock_timestamp() + $5::bigint * INTERVAL '1 millisecond') END "
    "WHERE notification_id = $1",
    "update", "notifications"};
static const struct fam_statement set_began = {"notification_began",
                                               "UPDATE notifications SET began = true WHERE notification_id = $1",
                                               "update", "notifications"};
/* What this person would get meanwhile waits behind: not_before is equal then, and the older id goes first. */
static const struct fam_statement hold_back = {
    "notification_hold_back",
    "UPDATE notifications o SET not_before = n.not_before FROM notifications n WHERE n.notification_id = $1 "
    "AND o.user_id = n.user_id AND o.state = 'queued' AND NOT o.leased AND o.notification_id <> n.notification_id "
    "AND o.not_before < n.not_before",
    "update", "notifications"};
/* Unless the person came back after this one was leased. */
static const struct fam_statement set_unreachable = {
    "user_unreachable",
    "UPDATE users u SET reachable = false, reachable_changed_at = clock_timestamp() FROM notifications n "
    "WHERE n.notification_id = $1 AND u.user_id = n.user_id AND u.reachable "
    "AND (u.reachable_changed_at IS NULL OR u.reachable_changed_at < n.leased_at)",
    "update", "users"};
static const struct fam_statement set_version = {
    "notification_version",
    "UPDATE notifications SET reading_version = $3::integer WHERE notification_id = $1 AND lease_token = $2 "
    "AND state = 'queued'",
    "update", "notifications"};
static const struct fam_statement finish_older = {
    "notification_older",
    "UPDATE notifications o SET state = 'failed', reason = 'SUPERSEDED', finished_at = now() FROM notifications n "
    "WHERE n.notification_id = $1 AND o.entry_id = n.entry_id AND o.user_id = n.user_id "
    "AND o.notification_id <> n.notification_id AND o.state = 'queued' AND NOT o.leased AND o.kind = 'better_reading' "
    "AND o.reading_version <= $2::integer",
    "update", "notifications"};
static const struct fam_statement more_due = {
    "notification_more",
    "SELECT EXISTS (SELECT 1 FROM notifications WHERE user_id = $1 AND state = 'queued' AND not_before <= now())",
    "select", "notifications"};

/* What is said about a lease. */
struct word {
    struct fam_store *store;
    const struct fam_lease_key *key;
    struct fam_lease_end *end;
    int64_t chat_id, message_id;
    Fam__V1__NackReason nack;
    uint32_t retry_after_ms;
    bool maybe_shown;
    const char *reason;
};

/* The row as it was when it was locked. */
struct row {
    struct fam_uuid user_id;
    bool is_queued, is_leased;
    bool shows_entry; /* its message becomes the entry's */
    struct fam_uuid entry_id;
    int32_t reading_version, attempts;
};

static enum fam_code lock_row(struct fam_db *db, const struct word *word, struct row *ret_row,
                              struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    memset(word->end, 0, sizeof(*word->end));
    fam_param_uuid(&params, &word->key->notification_id);
    fam_param_uuid(&params, &word->key->token);
    enum fam_code code = fam_db_exec(db, &lock_one, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        return fam_fail(status, FAM_NOT_FOUND, "there is no such notification (any more)");
    }
    if (code == FAM_OK && fam_rows_i64(&rows, 0, COLUMN_MINE) == 0) {
        return fam_fail_reason(status, FAM_ABORTED, "LEASE_LOST", 0, "the lease is another one's meanwhile");
    }
    if (code != FAM_OK) {
        return code;
    }
    *ret_row = (struct row){.user_id = fam_rows_uuid(&rows, 0, COLUMN_USER),
                            .is_queued = strcmp(fam_rows_text(&rows, 0, COLUMN_STATE), "queued") == 0,
                            .is_leased = fam_rows_i64(&rows, 0, COLUMN_LEASED) != 0,
                            .shows_entry = !fam_rows_is_null(&rows, 0, COLUMN_ENTRY) &&
                                           fam_rows_i64(&rows, 0, COLUMN_IS_READING) != 0,
                            .entry_id = fam_rows_uuid(&rows, 0, COLUMN_ENTRY),
                            .reading_version = (int32_t)fam_rows_i64(&rows, 0, COLUMN_VERSION),
                            .attempts = (int32_t)fam_rows_i64(&rows, 0, COLUMN_ATTEMPTS)};
    word->end->lane = (Fam__V1__Lane)fam_rows_i64(&rows, 0, COLUMN_LANE);
    word->end->waited_ms = fam_rows_i64(&rows, 0, COLUMN_WAITED);
    word->end->has_due = fam_rows_i64(&rows, 0, COLUMN_HAS_DUE) != 0;
    word->end->late_ms = fam_rows_i64(&rows, 0, COLUMN_LATE);
    return FAM_OK;
}

static enum fam_code look_for_more(struct fam_db *db, const struct row *row, struct fam_lease_end *end,
                                   struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, &row->user_id);
    enum fam_code code = fam_db_exec(db, &more_due, &params, &rows, status);
    end->more_due = code == FAM_OK && fam_rows_count(&rows) == 1 && fam_rows_i64(&rows, 0, 0) != 0;
    return code;
}

/* The chat is personal: sealed under the user's key; without the key it is not kept. */
static enum fam_code add_message(struct fam_db *db, const struct word *word, const struct row *row,
                                 struct fam_params *params, struct fam_sealed *ret_sealed, struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    unsigned char chat[FAM_CHAT_SIZE];
    const struct fam_place place = fam_notification_place("message", &word->key->notification_id, &row->user_id);
    enum fam_code code = fam_seal_get_key(fam_store_seal(word->store), db, FAM_KEY_USER, &row->user_id, &key, status);
    if (code == FAM_NOT_FOUND) {
        fam_param_null(params);
        return FAM_OK;
    }
    if (code == FAM_OK) {
        fam_put_i64(chat, word->chat_id);
        fam_put_i64(chat + 8, word->message_id);
        code = fam_column_bytes(params, &key, &place, chat, sizeof(chat), ret_sealed, status);
        sodium_memzero(chat, sizeof(chat));
    }
    return code;
}

static enum fam_code ack(struct fam_db *db, void *context, struct fam_status *status)
{
    const struct word *word = context;
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    struct fam_params params = {0};
    struct row row = {0};
    enum fam_code code = lock_row(db, word, &row, status);
    if (code != FAM_OK || !row.is_queued) {
        word->end->is_repeat = code == FAM_OK;
        return code;
    }
    fam_param_uuid(&params, &word->key->notification_id);
    code = add_message(db, word, &row, &params, &sealed, status);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &set_delivered, &params, NULL, status);
    }
    if (code == FAM_OK && row.shows_entry) {
        const struct fam_delivery delivery = {
            .chat_id = word->chat_id, .message_id = word->message_id, .reading_version = row.reading_version};
        bool awaited = false; /* look_for_more sees it */
        code = fam_entry_add_delivery(word->store, db, &row.user_id, &row.entry_id, &delivery, &awaited, status);
        code = code == FAM_NOT_FOUND || code == FAM_DATA_LOSS ? FAM_OK : code; /* it was shown all the same */
    }
    return code == FAM_OK ? look_for_more(db, &row, word->end, status) : code;
}

enum fam_code fam_notification_ack(struct fam_store *store, const struct fam_lease_key *key, int64_t chat_id,
                                   int64_t message_id, struct fam_lease_end *ret_end, struct fam_status *status)
{
    struct word word = {.store = store, .key = key, .end = ret_end, .chat_id = chat_id, .message_id = message_id};
    return fam_tx_run(fam_store_pool(store), ack, &word, NULL, status);
}

static enum fam_code finish(struct fam_db *db, const struct word *word, const struct row *row, const char *reason,
                            struct fam_status *status)
{
    struct fam_params params = {0};
    fam_param_uuid(&params, &word->key->notification_id);
    fam_param_text(&params, reason);
    fam_param_bool(&params, word->maybe_shown);
    enum fam_code code = fam_db_exec(db, &set_failed, &params, NULL, status);
    word->end->is_failed = code == FAM_OK;
    return code == FAM_OK ? look_for_more(db, row, word->end, status) : code;
}

static enum fam_code put_off(struct fam_db *db, const struct word *word, bool counts, const char *reason,
                             uint64_t delay_ms, struct fam_status *status)
{
    struct fam_params params = {0};
    fam_param_uuid(&params, &word->key->notification_id);
    fam_param_i64(&params, counts ? 0 : 1);
    fam_param_bool(&params, word->maybe_shown);
    fam_param_text(&params, reason);
    fam_param_i64(&params, (int64_t)delay_ms);
    return fam_db_exec(db, &set_later, &params, NULL, status);
}

static enum fam_code on_this(struct fam_db *db, const struct fam_statement *statement, const struct word *word,
                             struct fam_status *status)
{
    struct fam_params params = {0};
    fam_param_uuid(&params, &word->key->notification_id);
    return fam_db_exec(db, statement, &params, NULL, status);
}

/* 2^n seconds, `most_ms` at most, a quarter more or less. */
static uint64_t growing_delay_ms(int32_t attempts, uint64_t most_ms)
{
    int32_t doublings = attempts < 1 ? 0 : attempts - 1;
    uint64_t base_ms = UINT64_C(1000) << (doublings < DOUBLINGS_MAX ? doublings : DOUBLINGS_MAX);
    base_ms = base_ms < most_ms ? base_ms : most_ms;
    return base_ms - base_ms / 4 + randombytes_uniform((uint32_t)(base_ms / 2));
}

static enum fam_code give_back(struct fam_db *db, const struct word *word, const struct row *row,
                               struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    uint64_t delay_ms = word->retry_after_ms;
    switch (word->nack) {
    case FAM__V1__NACK_REASON__NACK_REASON_REJECTED:
        return finish(db, word, row, "REJECTED", status);
    case FAM__V1__NACK_REASON__NACK_REASON_UNAVAILABLE: {
        uint64_t most_ms = word->maybe_shown ? FAM_NOTIFICATION_MAYBE_AGAIN_MS : FAM_NOTIFICATION_AGAIN_MS;
        uint64_t growing_ms = growing_delay_ms(row->attempts, most_ms);
        code = put_off(db, word, true, "UNAVAILABLE", growing_ms > delay_ms ? growing_ms : delay_ms, status);
        return code == FAM_OK ? look_for_more(db, row, word->end, status) : code;
    }
    case FAM__V1__NACK_REASON__NACK_REASON_BLOCKED:
        code = on_this(db, &set_unreachable, word, status);
        return code == FAM_OK ? put_off(db, word, false, "BLOCKED", 0, status) : code;
    default:
        code = put_off(db, word, false, "LATER", delay_ms, status);
        if (code == FAM_OK && delay_ms > 0) {
            code = on_this(db, &hold_back, word, status);
        }
        word->end->more_due = code == FAM_OK && delay_ms == 0;
        return code;
    }
}

static enum fam_code nack(struct fam_db *db, void *context, struct fam_status *status)
{
    const struct word *word = context;
    struct row row = {0};
    enum fam_code code = lock_row(db, word, &row, status);
    if (code != FAM_OK) {
        return code;
    }
    if (!row.is_queued || !row.is_leased) {
        word->end->is_repeat = true;
        return row.is_queued && word->maybe_shown ? on_this(db, &set_began, word, status) : FAM_OK;
    }
    return word->reason != NULL ? finish(db, word, &row, word->reason, status) : give_back(db, word, &row, status);
}

enum fam_code fam_notification_nack(struct fam_store *store, const struct fam_lease_key *key,
                                    Fam__V1__NackReason reason, uint32_t retry_after_ms, bool maybe_shown,
                                    struct fam_lease_end *ret_end, struct fam_status *status)
{
    struct word word = {.store = store,
                        .key = key,
                        .end = ret_end,
                        .nack = reason,
                        .retry_after_ms = retry_after_ms,
                        .maybe_shown = maybe_shown};
    return fam_tx_run(fam_store_pool(store), nack, &word, NULL, status);
}

enum fam_code fam_notification_fail(struct fam_store *store, const struct fam_lease_key *key, const char *reason,
                                    struct fam_lease_end *ret_end, struct fam_status *status)
{
    struct word word = {.store = store, .key = key, .end = ret_end, .reason = reason};
    return fam_tx_run(fam_store_pool(store), nack, &word, NULL, status);
}

struct shown {
    const struct fam_lease_key *key;
    int32_t reading_version;
};

static enum fam_code note_version(struct fam_db *db, void *context, struct fam_status *status)
{
    const struct shown *shown = context;
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0}, older = {0};
    fam_param_uuid(&params, &shown->key->notification_id);
    fam_param_uuid(&params, &shown->key->token);
    fam_param_i64(&params, shown->reading_version);
    enum fam_code code = fam_db_exec(db, &set_version, &params, &rows, status);
    if (code == FAM_OK && fam_rows_affected(&rows) == 0) {
        return fam_fail_reason(status, FAM_ABORTED, "LEASE_LOST", 0, "the lease is another one's meanwhile");
    }
    if (code == FAM_OK) {
        fam_param_uuid(&older, &shown->key->notification_id);
        fam_param_i64(&older, shown->reading_version);
        code = fam_db_exec(db, &finish_older, &older, NULL, status);
    }
    return code;
}

enum fam_code fam_notification_shows(struct fam_store *store, const struct fam_lease_key *key, int32_t reading_version,
                                     struct fam_status *status)
{
    struct shown shown = {.key = key, .reading_version = reading_version};
    return fam_tx_run(fam_store_pool(store), note_version, &shown, NULL, status);
}
