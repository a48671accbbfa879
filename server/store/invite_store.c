/* invite_store.c: see invite_store.h. */
#include "store/invite_store.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "store/column.h"
#include "store/erase_store.h"
#include "store/family_private.h"
#include "store/notice_store.h"
#include "store/schedule_store.h"
#include "store/store.h"
#include "store/words.h"

enum { CODE_BYTES = 16 };

#define IS_OPEN "i.used_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()"
#define INVITE_COLUMNS                                                                                                 \
    "i.invite_id, i.role, (extract(epoch FROM i.created_at) * 1000)::bigint, "                                         \
    "(extract(epoch FROM i.expires_at) * 1000)::bigint, i.created_by"

static const struct fam_statement count_open = {
    "invite_count", "SELECT count(*) FROM invites i WHERE i.family_id = $1 AND " IS_OPEN, "select", "invites"};
static const struct fam_statement insert_invite = {
    "invite_insert",
    "INSERT INTO invites (invite_id, family_id, created_by, role, code_hash, expires_at) "
    "VALUES ($1, $2, $3, $4, $5, now() + INTERVAL '72 hours')",
    "insert", "invites"};
static const struct fam_statement select_invite = {
    "invite_select",
    "SELECT " INVITE_COLUMNS
    " FROM invites i JOIN parents p USING (family_id) WHERE i.invite_id = $1 AND p.user_id = $2",
    "select", "invites"};
/* The member's role in each row; a row without an invitation when there is none. */
static const struct fam_statement list_open = {
    "invite_list",
    "SELECT " INVITE_COLUMNS ", p.role FROM parents p JOIN families f USING (family_id) "
    "LEFT JOIN invites i ON i.family_id = p.family_id AND " IS_OPEN
    " WHERE p.user_id = $1 AND f.erased_at IS NULL ORDER BY i.invite_id DESC LIMIT 100",
    "select", "invites"};
static const struct fam_statement revoke_invite = {
    "invite_revoke", "UPDATE invites i SET revoked_at = now() WHERE i.invite_id = $1 AND i.family_id = $2 AND " IS_OPEN,
    "update", "invites"};
static const struct fam_statement has_invite = {
    "invite_has", "SELECT 1 FROM invites WHERE invite_id = $1 AND family_id = $2", "select", "invites"};
static const struct fam_statement preview_invite = {
    "invite_preview",
    "SELECT i.family_id, i.created_by, i.role, f.name, u.name FROM invites i JOIN families f USING (family_id) "
    "JOIN users u ON u.user_id = i.created_by WHERE i.code_hash = $1 AND f.erased_at IS NULL AND " IS_OPEN,
    "select", "invites"};
/* The family before its invitation, as whoever changes a family locks them. */
static const struct fam_statement lock_invited = {
    "invite_lock_family",
    "SELECT f.family_id FROM invites i JOIN families f USING (family_id) WHERE i.code_hash = $1 "
    "AND f.erased_at IS NULL FOR NO KEY UPDATE OF f",
    "select", "families"};
/* Who is told has a row that the notice refers to: people come before families. */
static const struct fam_statement hold_inviter = {
    "invite_hold_inviter",
    "SELECT u.user_id FROM invites i JOIN users u ON u.user_id = i.created_by WHERE i.code_hash = $1 "
    "FOR KEY SHARE OF u",
    "select", "users"};
static const struct fam_statement use_invite = {
    "invite_use",
    "UPDATE invites i SET used_at = now() FROM families f WHERE i.code_hash = $1 AND f.family_id = i.family_id "
    "AND f.erased_at IS NULL AND " IS_OPEN " RETURNING i.family_id, i.role, i.created_by",
    "update", "invites"};
static const struct fam_statement insert_member = {
    "parent_join", "INSERT INTO parents (parent_id, family_id, user_id, role) VALUES ($1, $2, $3, $4)", "insert",
    "parents"};
/* The family that the newcomer is in already. */
static const struct fam_statement lock_own = {
    "invite_lock_own",
    "SELECT f.family_id FROM parents p JOIN families f USING (family_id) WHERE p.user_id = $1 AND f.erased_at IS NULL "
    "ORDER BY p.created_at, p.parent_id LIMIT 1 FOR UPDATE OF f",
    "select", "families"};
static const struct fam_statement what_is_in_own = {
    "invite_own_holds",
    "SELECT (SELECT count(*) FROM parents WHERE family_id = $1), "
    "(SELECT count(*) FROM children WHERE family_id = $1 AND removed_at IS NULL), "
    "(SELECT count(*) FROM invites WHERE family_id = $1 AND code_hash = $2)",
    "select", "families"};
/* Chosen by the person: they go along, and wait by UTC for the clock of the next family. */
static const struct fam_statement take_times = {
    "invite_take_times",
    "UPDATE schedules SET family_id = NULL, time_zone = 'UTC' WHERE family_id = $1 AND user_id = $2", "update",
    "schedules"};
static const struct fam_statement select_newcomer = {
    "invite_newcomer", "SELECT user_id, user_id, user_id, user_id, name FROM users WHERE user_id = $1", "select",
    "users"};
static const struct fam_statement sweep_invites = {
    "invite_sweep",
    "DELETE FROM invites WHERE invite_id IN (SELECT invite_id FROM invites "
    "WHERE expires_at < now() - INTERVAL '30 days' ORDER BY expires_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED)",
    "delete", "invites"};

void fam_invite_preview_done(struct fam_invite_preview *preview)
{
    fam_text_wipe(&preview->inviter_name);
    fam_text_wipe(&preview->family_name);
    memset(preview, 0, sizeof(*preview));
}

static enum fam_code no_invite(struct fam_status *status)
{
    return fam_fail(status, FAM_NOT_FOUND, "there is no such invitation, or it can't be used any more");
}

enum fam_code fam_invite_code(struct fam_store *store, const struct fam_mutation *mutation,
                              char ret_code[FAM_INVITE_CODE_SIZE], struct fam_status *status)
{
    unsigned char bytes[FAM_HMAC_SIZE];
    ret_code[0] = '\0';
    enum fam_code code = fam_store_load(store, status);
    if (code != FAM_OK) {
        return code;
    }
    if (fam_mutation_has_key(mutation)) {
        fam_seal_derive(fam_store_seal(store), mutation->scope, mutation->method, mutation->key, bytes);
    } else {
        randombytes_buf(bytes, sizeof(bytes));
    }
    (void)sodium_bin2base64(ret_code, FAM_INVITE_CODE_SIZE, bytes, CODE_BYTES,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof(bytes));
    return FAM_OK;
}

/* Under the key that finds people, in a space of its own. */
static enum fam_code hash_code(struct fam_store *store, const char *code, unsigned char ret_hash[FAM_HMAC_SIZE],
                               struct fam_status *status)
{
    char text[sizeof("invite:") + FAM_INVITE_CODE_SIZE];
    int size = snprintf(text, sizeof(text), "invite:%s", code);
    if (size < 0 || (size_t)size >= sizeof(text)) {
        return no_invite(status);
    }
    enum fam_code done = fam_store_hmac(store, FAM_HMAC_LOOKUP, text, (size_t)size, ret_hash, status);
    sodium_memzero(text, sizeof(text));
    return done;
}

/* What a new invitation is about. */
struct creation {
    const struct fam_uuid *user_id;
    const char *role;
    unsigned char hash[FAM_HMAC_SIZE];
};

static enum fam_code check_room(struct fam_db *db, const struct fam_uuid *family_id, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows count = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, family_id);
    enum fam_code code = fam_db_exec(db, &count_open, &params, &count, status);
    if (code == FAM_OK && fam_rows_i64(&count, 0, 0) >= FAM_INVITES_MAX) {
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "INVITES_MAX", 0,
                               "a family has at most %d open invitations", FAM_INVITES_MAX);
    }
    return code;
}

static enum fam_code create(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                            struct fam_status *status)
{
    const struct creation *creation = context;
    struct fam_uuid family_id = {{0}}, invite_id = fam_uuid_v7();
    struct fam_params params = {0};
    (void)store;
    enum fam_code code = fam_family_lock(db, creation->user_id, FAM_RIGHT_CHANGE, &family_id, NULL, status);
    if (code == FAM_OK) {
        code = check_room(db, &family_id, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, &invite_id);
    fam_param_uuid(&params, &family_id);
    fam_param_uuid(&params, creation->user_id);
    fam_param_text(&params, creation->role);
    fam_param_bytes(&params, creation->hash, sizeof(creation->hash));
    code = fam_db_exec(db, &insert_invite, &params, NULL, status);
    if (code == FAM_OK) {
        fam_outcome_add(outcome, &invite_id);
        fam_outcome_add(outcome, &family_id);
    }
    return code;
}

enum fam_code fam_invite_create(struct fam_store *store, const struct fam_mutation *mutation,
                                const struct fam_uuid *user_id, Fam__V1__ParentRole role, const char *code,
                                struct fam_outcome *ret_outcome, struct fam_status *status)
{
    struct creation creation = {.user_id = user_id, .role = fam_parent_role_word(role)};
    memset(ret_outcome, 0, sizeof(*ret_outcome));
    if (!creation.role) {
        return fam_fail_field(status, "role", "role is not one of the list");
    }
    enum fam_code done = hash_code(store, code, creation.hash, status);
    return done == FAM_OK ? fam_mutate(store, mutation, create, &creation, ret_outcome, status) : done;
}

static void take_invite(const struct fam_rows *rows, size_t row, struct fam_invite *ret_invite)
{
    ret_invite->invite_id = fam_rows_uuid(rows, row, 0);
    ret_invite->role = fam_parent_role_of_word(fam_rows_text(rows, row, 1));
    ret_invite->created_at_ms = fam_rows_i64(rows, row, 2);
    ret_invite->expires_at_ms = fam_rows_i64(rows, row, 3);
    ret_invite->created_by = fam_rows_uuid(rows, row, 4);
}

/* One statement outside a transaction. */
static enum fam_code query(struct fam_store *store, const struct fam_statement *statement,
                           const struct fam_params *params, struct fam_rows *ret_rows, struct fam_status *status)
{
    struct fam_db *db = NULL;
    enum fam_code code = fam_store_get(store, &db, status);
    if (code == FAM_OK) {
        code = fam_db_exec(db, statement, params, ret_rows, status);
    }
    fam_store_put(store, db);
    return code;
}

enum fam_code fam_invite_get(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *invite_id,
                             struct fam_invite *ret_invite, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, invite_id);
    fam_param_uuid(&params, user_id);
    enum fam_code code = query(store, &select_invite, &params, &rows, status);
    if (code != FAM_OK) {
        return code;
    }
    if (fam_rows_count(&rows) == 0) {
        return no_invite(status);
    }
    take_invite(&rows, 0, ret_invite);
    return FAM_OK;
}

enum fam_code fam_invite_list(struct fam_store *store, const struct fam_uuid *user_id,
                              struct fam_invite ret_invites[FAM_INVITES_MAX], size_t *ret_count,
                              struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    *ret_count = 0;
    fam_param_uuid(&params, user_id);
    enum fam_code code = query(store, &list_open, &params, &rows, status);
    if (code != FAM_OK) {
        return code;
    }
    if (fam_rows_count(&rows) == 0) {
        return fam_fail(status, FAM_NOT_FOUND, "the user is in no family");
    }
    if (fam_parent_role_of_word(fam_rows_text(&rows, 0, 5)) != FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT) {
        return fam_fail_reason(status, FAM_PERMISSION_DENIED, "READS_ONLY", 0,
                               "a relative who reads only sees no invitations");
    }
    for (size_t row = 0; row < fam_rows_count(&rows) && *ret_count < FAM_INVITES_MAX; row++) {
        if (!fam_rows_is_null(&rows, row, 0)) {
            take_invite(&rows, row, &ret_invites[(*ret_count)++]);
        }
    }
    return FAM_OK;
}

/* Which invitation is to end. */
struct ending {
    const struct fam_uuid *user_id;
    const struct fam_uuid *invite_id;
    bool ended;
};

static enum fam_code revoke(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                            struct fam_status *status)
{
    struct ending *ending = context;
    fam_auto(fam_rows_done) struct fam_rows changed = {0}, found = {0};
    struct fam_uuid family_id = {{0}};
    struct fam_params params = {0};
    (void)store;
    ending->ended = false;
    enum fam_code code = fam_family_lock(db, ending->user_id, FAM_RIGHT_CHANGE, &family_id, NULL, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, ending->invite_id);
    fam_param_uuid(&params, &family_id);
    code = fam_db_exec(db, &revoke_invite, &params, &changed, status);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &has_invite, &params, &found, status);
    }
    if (code == FAM_OK && fam_rows_count(&found) == 0) {
        return no_invite(status);
    }
    if (code == FAM_OK) {
        ending->ended = fam_rows_affected(&changed) > 0;
        fam_outcome_add(outcome, ending->invite_id);
    }
    return code;
}

enum fam_code fam_invite_revoke(struct fam_store *store, const struct fam_mutation *mutation,
                                const struct fam_uuid *user_id, const struct fam_uuid *invite_id, bool *ret_ended,
                                struct fam_outcome *ret_outcome, struct fam_status *status)
{
    struct ending ending = {.user_id = user_id, .invite_id = invite_id};
    enum fam_code code = fam_mutate(store, mutation, revoke, &ending, ret_outcome, status);
    *ret_ended = code == FAM_OK && ending.ended;
    return code;
}

/* The name in column 4 of the user in column 1; it may not have been told. */
static enum fam_code open_inviter(struct fam_store *store, struct fam_db *db, const struct fam_rows *rows,
                                  char **ret_name, struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct fam_uuid user_id = fam_rows_uuid(rows, 0, 1);
    struct fam_place place = {.table = "users", .column = "name", .row = user_id, .owner = user_id};
    if (!fam_rows_is_null(rows, 0, 4)) {
        enum fam_code code = fam_seal_get_key(fam_store_seal(store), db, FAM_KEY_USER, &user_id, &key, status);
        if (code != FAM_OK) {
            return code == FAM_NOT_FOUND ? no_invite(status) : code;
        }
    }
    return fam_column_open_text(rows, 0, 4, &key, &place, ret_name, status);
}

static enum fam_code look(struct fam_store *store, struct fam_db *db, const struct fam_params *params,
                          struct fam_invite_preview *preview, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    enum fam_code code = fam_db_exec(db, &preview_invite, params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        return no_invite(status);
    }
    if (code != FAM_OK) {
        return code;
    }
    struct fam_uuid family_id = fam_rows_uuid(&rows, 0, 0);
    struct fam_place place = fam_family_place(&family_id);
    preview->family_id = family_id;
    preview->role = fam_parent_role_of_word(fam_rows_text(&rows, 0, 2));
    code = fam_family_key(store, db, &family_id, &key, status);
    if (code == FAM_OK) {
        code = fam_column_open_text(&rows, 0, 3, &key, &place, &preview->family_name, status);
    }
    return code == FAM_OK ? open_inviter(store, db, &rows, &preview->inviter_name, status) : code;
}

enum fam_code fam_invite_look(struct fam_store *store, const char *code, struct fam_invite_preview *ret_preview,
                              struct fam_status *status)
{
    unsigned char hash[FAM_HMAC_SIZE];
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    memset(ret_preview, 0, sizeof(*ret_preview));
    enum fam_code done = hash_code(store, code, hash, status);
    if (done == FAM_OK) {
        done = fam_store_get(store, &db, status);
    }
    if (done == FAM_OK) {
        fam_param_bytes(&params, hash, sizeof(hash));
        done = look(store, db, &params, ret_preview, status);
    }
    fam_store_put(store, db);
    if (done != FAM_OK) {
        fam_invite_preview_done(ret_preview);
    }
    return done;
}

/* Who comes, and by which code. */
struct joining {
    const struct fam_uuid *user_id;
    unsigned char hash[FAM_HMAC_SIZE];
    bool ended; /* the family in which the newcomer was alone */
    struct fam_uuid ended_id;
};

/* Who is alone in a family without children loses nothing with it. The newcomer's row is locked, so no other family
 * comes meanwhile; in the family's lock nobody comes into this one. */
static enum fam_code leave_empty(struct fam_db *db, struct joining *joining, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows family = {0}, holds = {0};
    struct fam_params user = {0}, params = {0}, times = {0};
    fam_param_uuid(&user, joining->user_id);
    enum fam_code code = fam_db_exec(db, &lock_own, &user, &family, status);
    if (code != FAM_OK) {
        return code;
    }
    bool is_alone = fam_rows_count(&family) > 0;
    if (is_alone) {
        joining->ended_id = fam_rows_uuid(&family, 0, 0);
        fam_param_uuid(&params, &joining->ended_id);
        fam_param_bytes(&params, joining->hash, sizeof(joining->hash));
        code = fam_db_exec(db, &what_is_in_own, &params, &holds, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    /* The code of one's own family leads nowhere. */
    is_alone = is_alone && fam_rows_i64(&holds, 0, 0) == 1 && fam_rows_i64(&holds, 0, 1) == 0 &&
               fam_rows_i64(&holds, 0, 2) == 0;
    if (!is_alone) {
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "HAS_FAMILY", 0, "the user is in a family already");
    }
    joining->ended = true;
    fam_param_uuid(&times, &joining->ended_id);
    fam_param_uuid(&times, joining->user_id);
    code = fam_db_exec(db, &take_times, &times, NULL, status);
    return code == FAM_OK ? fam_erase_family(db, &joining->ended_id, status) : code;
}

/* Who invited learns that somebody came, by name where there is one. */
static enum fam_code tell_inviter(struct fam_store *store, struct fam_db *db, const struct joining *joining,
                                  const struct fam_uuid *inviter, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    char *name = NULL;
    bool added = false;
    fam_param_uuid(&params, joining->user_id);
    enum fam_code code = fam_db_exec(db, &select_newcomer, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) > 0) {
        code = open_inviter(store, db, &rows, &name, status);
    }
    if (code == FAM_OK) {
        const struct fam_notice_new notice = {
            .user_id = inviter, .kind = FAM__V1__NOTICE_KIND__NOTICE_KIND_JOINED, .name = name};
        code = fam_notice_add(store, db, &notice, &added, status);
        code = code == FAM_NOT_FOUND ? FAM_OK : code; /* is being erased */
    }
    fam_text_wipe(&name);
    return code;
}

/* The invitation is used up in the statement that finds it open: whoever waited for its row finds it used. */
static enum fam_code use(struct fam_db *db, const struct joining *joining, struct fam_uuid *ret_family_id,
                         Fam__V1__ParentRole *ret_role, struct fam_uuid *ret_inviter, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_bytes(&params, joining->hash, sizeof(joining->hash));
    enum fam_code code = fam_db_exec(db, &lock_invited, &params, NULL, status);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &use_invite, &params, &rows, status);
    }
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        return no_invite(status);
    }
    if (code == FAM_OK) {
        *ret_family_id = fam_rows_uuid(&rows, 0, 0);
        *ret_role = fam_parent_role_of_word(fam_rows_text(&rows, 0, 1));
        *ret_inviter = fam_rows_uuid(&rows, 0, 2);
    }
    return code;
}

/* *ret_has_family: the newcomer is in one already. */
static enum fam_code hold_people(struct fam_db *db, const struct joining *joining, bool *ret_has_family,
                                 struct fam_status *status)
{
    struct fam_params params = {0};
    enum fam_code code = fam_family_lock_newcomer(db, joining->user_id, status);
    *ret_has_family = code == FAM_FAILED_PRECONDITION;
    if (code != FAM_OK && !*ret_has_family) {
        return code;
    }
    fam_param_bytes(&params, joining->hash, sizeof(joining->hash));
    return fam_db_exec(db, &hold_inviter, &params, NULL, status);
}

static enum fam_code join(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                          struct fam_status *status)
{
    struct joining *joining = context;
    struct fam_uuid family_id = {{0}}, parent_id = fam_uuid_v7(), inviter = {{0}};
    Fam__V1__ParentRole role = FAM__V1__PARENT_ROLE__PARENT_ROLE_UNSPECIFIED;
    struct fam_params params = {0};
    bool has_family = false;
    joining->ended = false;
    enum fam_code code = hold_people(db, joining, &has_family, status);
    if (code == FAM_OK && has_family) {
        code = leave_empty(db, joining, status);
    }
    if (code == FAM_OK) {
        code = use(db, joining, &family_id, &role, &inviter, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, &parent_id);
    fam_param_uuid(&params, &family_id);
    fam_param_uuid(&params, joining->user_id);
    fam_param_text(&params, fam_parent_role_word(role));
    code = fam_db_exec(db, &insert_member, &params, NULL, status);
    if (code == FAM_OK) {
        code = fam_schedule_person_joined(db, &family_id, joining->user_id, status);
    }
    if (code == FAM_OK) {
        code = tell_inviter(store, db, joining, &inviter, status);
    }
    if (code == FAM_OK) {
        fam_outcome_add(outcome, &family_id);
        fam_outcome_add(outcome, &parent_id);
    }
    return code;
}

enum fam_code fam_invite_join(struct fam_store *store, const struct fam_mutation *mutation,
                              const struct fam_uuid *user_id, const char *code, struct fam_outcome *ret_outcome,
                              struct fam_status *status)
{
    struct joining joining = {.user_id = user_id};
    memset(ret_outcome, 0, sizeof(*ret_outcome));
    enum fam_code done = hash_code(store, code, joining.hash, status);
    if (done == FAM_OK) {
        done = fam_mutate(store, mutation, join, &joining, ret_outcome, status);
    }
    if (done == FAM_OK && !ret_outcome->replayed && joining.ended) {
        fam_seal_forget(fam_store_seal(store), FAM_KEY_FAMILY, &joining.ended_id);
    }
    return done;
}

enum fam_code fam_invite_sweep(struct fam_store *store, size_t limit, size_t *ret_deleted, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    *ret_deleted = 0;
    fam_param_i64(&params, (int64_t)limit);
    enum fam_code code = query(store, &sweep_invites, &params, &rows, status);
    if (code == FAM_OK) {
        *ret_deleted = fam_rows_affected(&rows);
    }
    return code;
}
