/* user_store.c: see user_store.h. */
#include "store/user_store.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/column.h"
#include "store/follow_up_private.h"
#include "store/store.h"
#include "store/words.h"

static const struct fam_statement insert_user = {
    "user_insert",
    "INSERT INTO users (user_id, telegram_hmac, telegram_sealed, language, source) VALUES ($1, $2, $3, $4, $5) "
    "ON CONFLICT (telegram_hmac) DO NOTHING",
    "insert", "users"};
static const struct fam_statement touch_user = {"user_touch",
                                                "UPDATE users SET last_seen_at = now(), reachable = true, "
                                                "reachable_changed_at = CASE WHEN reachable THEN reachable_changed_at "
                                                "ELSE clock_timestamp() END WHERE user_id = $1",
                                                "update", "users"};
/* A user with everything that is asked of one, in one round trip: a row for each purpose that was decided on, or one
 * without. */
#define USER_SELECT                                                                                                    \
    "SELECT u.user_id, u.language, u.country, u.name, (extract(epoch FROM u.created_at) * 1000)::bigint, "             \
    "p.family_id, p.role, u.last_seen_at < now() - INTERVAL '1 hour', u.reachable, u.share_entries, NOT u.follow_up, " \
    "p.country, "                                                                                                      \
    "c.* "                                                                                                             \
    "FROM users u LEFT JOIN LATERAL (SELECT m.family_id, m.role, f.country FROM parents m JOIN families f USING "      \
    "(family_id) "                                                                                                     \
    "WHERE m.user_id = u.user_id ORDER BY m.created_at, m.parent_id LIMIT 1) p ON true "                               \
    "LEFT JOIN LATERAL (SELECT DISTINCT ON (purpose) purpose, granted, text_version, "                                 \
    "(extract(epoch FROM changed_at) * 1000)::bigint FROM consents WHERE user_id = u.user_id "                         \
    "ORDER BY purpose, changed_at DESC, consent_id DESC) c ON true "
enum user_column {
    COLUMN_ID,
    COLUMN_LANGUAGE,
    COLUMN_COUNTRY,
    COLUMN_NAME,
    COLUMN_CREATED,
    COLUMN_FAMILY,
    COLUMN_ROLE,
    COLUMN_STALE,
    COLUMN_REACHABLE,
    COLUMN_SHARE,
    COLUMN_NO_FOLLOW_UP,
    COLUMN_FAMILY_COUNTRY,
    COLUMN_CONSENT
};
static const struct fam_statement find_user = {"user_find", USER_SELECT "WHERE u.telegram_hmac = $1", "select",
                                               "users"};
static const struct fam_statement select_user = {
    "user_select", USER_SELECT "WHERE u.user_id = $1 AND u.erased_at IS NULL", "select", "users"};
static const struct fam_statement select_telegram = {
    "user_telegram", "SELECT telegram_sealed FROM users WHERE user_id = $1 AND erased_at IS NULL", "select", "users"};
#define TAKE_BACK FAM_FOLLOW_UP_CANCEL("user_id = $1 AND $6::boolean")
static const struct fam_statement update_user = {
    "user_update",
    "WITH q AS (" TAKE_BACK ") "
    "UPDATE users SET language = coalesce($2, language), country = coalesce($3, country), name = coalesce($4, name), "
    "share_entries = coalesce($5::boolean, share_entries), follow_up = coalesce(NOT $6::boolean, follow_up) "
    "WHERE user_id = $1",
    "update", "users"};

void fam_user_done(struct fam_user *user)
{
    fam_text_wipe(&user->name);
    memset(user, 0, sizeof(*user));
}

bool fam_user_consents(const struct fam_user *user, Fam__V1__ConsentPurpose purpose)
{
    for (size_t i = 0; i < user->consent_count; i++) {
        if (user->consents[i].purpose == purpose) {
            return user->consents[i].granted;
        }
    }
    return false;
}

static struct fam_place user_place(const char *column, const struct fam_uuid *user_id)
{
    return (struct fam_place){.table = "users", .column = column, .row = *user_id, .owner = *user_id};
}

static enum fam_code key_of(struct fam_store *store, struct fam_db *db, const struct fam_uuid *user_id,
                            struct fam_key *ret_key, struct fam_status *status)
{
    enum fam_code code = fam_seal_get_key(fam_store_seal(store), db, FAM_KEY_USER, user_id, ret_key, status);
    if (code == FAM_NOT_FOUND) {
        return fam_fail_reason(status, FAM_DATA_LOSS, "SEAL", 0, "the key of this user is gone");
    }
    return code;
}

/* What a registration is about. */
struct registration {
    struct fam_store *store;
    int64_t telegram_id;
    unsigned char hmac[FAM_HMAC_SIZE];
    const char *language;
    const char *source;
    struct fam_uuid user_id;
    bool made;
};

/* In a transaction of its own. Somebody faster: nothing is made, and the key is rolled back with ABORTED. */
static enum fam_code make(struct fam_db *db, void *context, struct fam_status *status)
{
    struct registration *registration = context;
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct fam_params params = {0};
    unsigned char id[8];
    registration->user_id = fam_uuid_v7();
    struct fam_place place = user_place("telegram_sealed", &registration->user_id);
    enum fam_code code = fam_seal_create_key(fam_store_seal(registration->store), db, FAM_KEY_USER,
                                             &registration->user_id, &key, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, &registration->user_id);
    fam_param_bytes(&params, registration->hmac, sizeof(registration->hmac));
    fam_put_i64(id, registration->telegram_id);
    code = fam_column_bytes(&params, &key, &place, id, sizeof(id), &sealed, status);
    sodium_memzero(id, sizeof(id));
    if (code != FAM_OK) {
        return code;
    }
    fam_param_text(&params, registration->language);
    fam_param_text(&params, registration->source);
    code = fam_db_exec(db, &insert_user, &params, &rows, status);
    if (code == FAM_OK && fam_rows_affected(&rows) == 0) {
        return fam_fail_reason(status, FAM_ABORTED, "REGISTERED", 0, "another call has registered this user");
    }
    registration->made = code == FAM_OK;
    return code;
}

/* The user of rows that there are. */
static enum fam_code fill(struct fam_store *store, struct fam_db *db, const struct fam_rows *rows,
                          struct fam_user *user, struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    user->user_id = fam_rows_uuid(rows, 0, COLUMN_ID);
    user->language = fam_language_of_word(fam_rows_text(rows, 0, COLUMN_LANGUAGE));
    snprintf(user->country, sizeof(user->country), "%s", fam_rows_text(rows, 0, COLUMN_COUNTRY));
    snprintf(user->help_country, sizeof(user->help_country), "%s",
             user->country[0] ? user->country : fam_rows_text(rows, 0, COLUMN_FAMILY_COUNTRY));
    user->created_at_ms = fam_rows_i64(rows, 0, COLUMN_CREATED);
    user->is_reachable = fam_rows_i64(rows, 0, COLUMN_REACHABLE) != 0;
    user->has_family = !fam_rows_is_null(rows, 0, COLUMN_FAMILY);
    user->family_id = fam_rows_uuid(rows, 0, COLUMN_FAMILY);
    user->role = fam_parent_role_of_word(fam_rows_text(rows, 0, COLUMN_ROLE));
    user->share_entries = fam_rows_i64(rows, 0, COLUMN_SHARE) != 0;
    user->no_follow_up = fam_rows_i64(rows, 0, COLUMN_NO_FOLLOW_UP) != 0;
    for (size_t row = 0; row < fam_rows_count(rows) && row < FAM_CONSENT_PURPOSES; row++) {
        if (!fam_rows_is_null(rows, row, COLUMN_CONSENT)) {
            fam_consent_take(rows, row, COLUMN_CONSENT, &user->consents[user->consent_count++]);
        }
    }
    if (!fam_rows_is_null(rows, 0, COLUMN_NAME)) {
        enum fam_code code = key_of(store, db, &user->user_id, &key, status);
        if (code != FAM_OK) {
            return code;
        }
    }
    struct fam_place place = user_place("name", &user->user_id);
    return fam_column_open_text(rows, 0, COLUMN_NAME, &key, &place, &user->name, status);
}

static enum fam_code touch(struct fam_db *db, const struct fam_uuid *user_id, struct fam_status *status)
{
    struct fam_params params = {0};
    fam_param_uuid(&params, user_id);
    return fam_db_exec(db, &touch_user, &params, NULL, status);
}

/* *ret_found with the user. Who was last seen more than an hour ago, or could not be reached, is seen now. */
static enum fam_code find_and_touch(struct registration *registration, bool *ret_found, struct fam_user *user,
                                    struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    *ret_found = false;
    enum fam_code code = fam_store_get(registration->store, &db, status);
    if (code == FAM_OK) {
        fam_param_bytes(&params, registration->hmac, sizeof(registration->hmac));
        code = fam_db_exec(db, &find_user, &params, &rows, status);
    }
    if (code == FAM_OK && fam_rows_count(&rows) > 0) {
        code = fill(registration->store, db, &rows, user, status);
        *ret_found = code == FAM_OK;
    }
    if (*ret_found && (fam_rows_i64(&rows, 0, COLUMN_STALE) != 0 || !user->is_reachable)) {
        code = touch(db, &user->user_id, status);
        user->has_returned = code == FAM_OK && !user->is_reachable;
        user->is_reachable = code == FAM_OK || user->is_reachable;
    }
    fam_store_put(registration->store, db);
    return code;
}

enum fam_code fam_user_register(struct fam_store *store, int64_t telegram_id, Fam__V1__Language language,
                                Fam__V1__RegistrationSource source, struct fam_user *ret_user, bool *ret_created,
                                char ret_lsn[FAM_LSN_SIZE], struct fam_status *status)
{
    struct registration registration = {.store = store,
                                        .telegram_id = telegram_id,
                                        .language = fam_language_word(language),
                                        .source = fam_source_word(source)};
    unsigned char id[8];
    char lsn[FAM_LSN_SIZE] = "";
    bool found = false;
    memset(ret_user, 0, sizeof(*ret_user));
    *ret_created = false;
    if (!registration.language || !registration.source) {
        return fam_fail_field(status, registration.language ? "source" : "language", "is not one of the list");
    }
    fam_put_i64(id, telegram_id);
    enum fam_code code = fam_store_hmac(store, FAM_HMAC_LOOKUP, id, sizeof(id), registration.hmac, status);
    for (int i = 0; code == FAM_OK && !found && !registration.made && i < 3; i++) {
        code = find_and_touch(&registration, &found, ret_user, status);
        if (code != FAM_OK || found) {
            break;
        }
        code = fam_tx_run(fam_store_pool(store), make, &registration, lsn, status);
        if (code != FAM_OK) {
            registration.made = false;
        }
        if (code == FAM_ABORTED && strcmp(status->reason, "REGISTERED") == 0) {
            code = FAM_OK;
        }
    }
    if (code == FAM_OK && !found && !registration.made) {
        code = fam_fail(status, FAM_ABORTED, "the user is registered and removed at the same time");
    }
    if (code == FAM_OK && registration.made) {
        code = fam_user_get(store, &registration.user_id, ret_user, status);
    }
    if (code != FAM_OK) {
        fam_user_done(ret_user);
    }
    *ret_created = code == FAM_OK && registration.made;
    if (ret_lsn) {
        memcpy(ret_lsn, lsn, sizeof(lsn));
    }
    return code;
}

enum fam_code fam_user_get(struct fam_store *store, const struct fam_uuid *user_id, struct fam_user *ret_user,
                           struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    memset(ret_user, 0, sizeof(*ret_user));
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, user_id);
    code = fam_db_exec(db, &select_user, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND, "no such user");
    }
    if (code == FAM_OK) {
        code = fill(store, db, &rows, ret_user, status);
    }
    fam_store_put(store, db);
    if (code != FAM_OK) {
        fam_user_done(ret_user);
    }
    return code;
}

enum fam_code fam_user_telegram_id(struct fam_store *store, const struct fam_uuid *user_id, int64_t *ret_telegram_id,
                                   struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    fam_auto(fam_secret_done) struct fam_secret id = {0};
    struct fam_place place = user_place("telegram_sealed", user_id);
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, user_id);
    code = fam_db_exec(db, &select_telegram, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND, "no such user");
    }
    if (code == FAM_OK) {
        code = key_of(store, db, user_id, &key, status);
    }
    if (code == FAM_OK) {
        code = fam_column_open(&rows, 0, 0, &key, &place, &id, status);
    }
    if (code == FAM_OK && id.size != 8) {
        code = fam_fail(status, FAM_DATA_LOSS, "a sealed Telegram id has the wrong size");
    }
    if (code == FAM_OK) {
        *ret_telegram_id = fam_get_i64(id.data);
    }
    fam_store_put(store, db);
    return code;
}

/* What an update is about. */
struct update {
    const struct fam_uuid *user_id;
    const struct fam_user_change *change;
};

static enum fam_code update(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                            struct fam_status *status)
{
    const struct update *update = context;
    const struct fam_user_change *change = update->change;
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct fam_place place = user_place("name", update->user_id);
    struct fam_params params = {0};
    enum fam_code code = FAM_OK;
    fam_param_uuid(&params, update->user_id);
    fam_param_text(&params, fam_language_word(change->language));
    fam_param_text(&params, change->country && change->country[0] ? change->country : NULL);
    if (change->name && change->name[0]) {
        /* A user that is not there has no key either; both are NOT_FOUND to the caller. */
        code = fam_seal_get_key(fam_store_seal(store), db, FAM_KEY_USER, update->user_id, &key, status);
        if (code == FAM_OK) {
            code = fam_column_text(&params, &key, &place, change->name, &sealed, status);
        }
    } else {
        fam_param_null(&params);
    }
    fam_column_switch(&params, change->share_entries);
    fam_column_switch(&params, change->no_follow_up);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &update_user, &params, &rows, status);
    }
    if (code == FAM_OK && fam_rows_affected(&rows) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND, "no such user");
    }
    if (code == FAM_OK) {
        fam_outcome_add(outcome, update->user_id);
    }
    return code;
}

enum fam_code fam_user_update(struct fam_store *store, const struct fam_mutation *mutation,
                              const struct fam_uuid *user_id, const struct fam_user_change *change,
                              struct fam_outcome *ret_outcome, struct fam_status *status)
{
    struct update context = {.user_id = user_id, .change = change};
    return fam_mutate(store, mutation, update, &context, ret_outcome, status);
}
