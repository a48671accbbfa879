/* follow_up_store.c: see follow_up_store.h. */
#include "store/follow_up_store.h"

#include <stdio.h>

#include "fam/v1/notification.pb-c.h"
#include "store/column.h"
#include "store/entry_private.h"
#include "store/notification_store.h"
#include "store/store.h"

static const struct fam_statement select_asked = {
    "follow_up_asked", "SELECT 1 FROM notifications WHERE unique_key = $1 AND state <> 'queued'", "select",
    "notifications"};

enum { DELAY_MS = 24 * 60 * 60 * 1000, BODY_MAX = 64 };

static const struct fam_statement select_entry = {
    "follow_up_entry",
    "SELECT k.wrapped_user, e.safety, greatest(e.created_at, e.revised_at) < now() - INTERVAL '3 days', "
    "(SELECT max(version) FROM readings r WHERE r.entry_id = e.entry_id) FROM emotion_entries e "
    "LEFT JOIN keys.entry_keys k USING (entry_id) WHERE e.entry_id = $1 AND e.user_id = $2 FOR KEY SHARE OF e",
    "select", "emotion_entries"};
enum column { COLUMN_KEY, COLUMN_SAFETY, COLUMN_IS_OLD, COLUMN_VERSION };

struct agreement {
    const struct fam_uuid *user_id;
    const struct fam_uuid *entry_id;
};

static enum fam_code check_danger(struct fam_store *store, struct fam_db *db, const struct agreement *agreement,
                                  const struct fam_rows *rows, struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key author = {{0}}, key = {{0}};
    fam_auto(fam_secret_done) struct fam_secret value = {0};
    Fam__V1__SafetyKind kinds[FAM_ENTRY_SAFETY_MAX];
    struct fam_place place = fam_entry_place("emotion_entries", "safety", agreement->entry_id, 0, agreement->user_id);
    enum fam_code code = fam_entry_author_key(store, db, agreement->user_id, &author, status);
    if (code == FAM_OK) {
        code = fam_entry_key(rows, 0, COLUMN_KEY, &author, agreement->entry_id, agreement->user_id, &key, status);
    }
    if (code == FAM_OK) {
        code = fam_column_open(rows, 0, COLUMN_SAFETY, &key, &place, &value, status);
    }
    if (code == FAM_OK && fam_safety_decode(value.data, value.size, kinds) == 0) {
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "NO_DANGER", 0, "no danger was found in this entry");
    }
    return code;
}

/* It is there already: is it still to come? */
static enum fam_code check_asked(struct fam_db *db, const char *unique_key, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_text(&params, unique_key);
    enum fam_code code = fam_db_exec(db, &select_asked, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) > 0) {
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "ASKED_ALREADY", 0, "the question was asked");
    }
    return code;
}

static enum fam_code add_question(struct fam_store *store, struct fam_db *db, const struct agreement *agreement,
                                  int32_t version, struct fam_status *status)
{
    char id[FAM_UUID_TEXT_SIZE], unique_key[FAM_UUID_TEXT_SIZE + 16];
    unsigned char body[BODY_MAX];
    bool added = false;
    Fam__V1__FollowUp question = FAM__V1__FOLLOW_UP__INIT;
    fam_uuid_format(agreement->entry_id, id);
    (void)snprintf(unique_key, sizeof(unique_key), "agreed:%s", id);
    question.entry_id = id;
    question.after_danger = true;
    size_t size = fam__v1__follow_up__get_packed_size(&question);
    if (size > sizeof(body)) {
        return fam_fail(status, FAM_INTERNAL, "a question is larger than its place");
    }
    (void)fam__v1__follow_up__pack(&question, body);
    const struct fam_notification_new notification = {
        .user_id = agreement->user_id,
        .lane = FAM__V1__LANE__LANE_CHECKINS,
        .kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_FOLLOW_UP,
        .entry_id = agreement->entry_id,
        .reading_version = version,
        .body = body,
        .body_size = size,
        .unique_key = unique_key,
        .delay_ms = DELAY_MS,
    };
    enum fam_code code = fam_notification_add(store, db, &notification, &added, status);
    return code == FAM_OK && !added ? check_asked(db, unique_key, status) : code;
}

static enum fam_code agree(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                           struct fam_status *status)
{
    const struct agreement *agreement = context;
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, agreement->entry_id);
    fam_param_uuid(&params, agreement->user_id);
    enum fam_code code = fam_db_exec(db, &select_entry, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND, "no such entry");
    }
    if (code == FAM_OK) {
        code = check_danger(store, db, agreement, &rows, status);
    }
    if (code == FAM_OK && fam_rows_i64(&rows, 0, COLUMN_IS_OLD) != 0) {
        code = fam_fail_reason(status, FAM_FAILED_PRECONDITION, "TOO_LATE", 0, "the words are older than three days");
    }
    if (code == FAM_OK) {
        code = add_question(store, db, agreement, (int32_t)fam_rows_i64(&rows, 0, COLUMN_VERSION), status);
    }
    if (code == FAM_OK) {
        fam_outcome_add(outcome, agreement->entry_id);
    }
    return code;
}

enum fam_code fam_follow_up_agree(struct fam_store *store, const struct fam_mutation *mutation,
                                  const struct fam_uuid *user_id, const struct fam_uuid *entry_id,
                                  struct fam_outcome *ret_outcome, struct fam_status *status)
{
    struct agreement agreement = {.user_id = user_id, .entry_id = entry_id};
    return fam_mutate(store, mutation, agree, &agreement, ret_outcome, status);
}
