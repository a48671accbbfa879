/* broadcast_store.c: see broadcast_store.h. */
#include "store/broadcast_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/column.h"
#include "store/notification_store.h"
#include "store/store.h"
#include "store/words.h"

enum { KEY_SIZE = 129, LIFETIME_MS = 3 * 24 * 60 * 60 * 1000 };

#define AGREED(purpose_)                                                                                               \
    "coalesce((SELECT granted FROM consents c WHERE c.user_id = u.user_id AND c.purpose = '" purpose_ "' "             \
    "ORDER BY changed_at DESC, consent_id DESC LIMIT 1), false)"
#define WHO_HEARS "u.erased_at IS NULL AND u.reachable AND " AGREED("processing") " AND " AGREED("notifications")

static const struct fam_statement count_people = {"broadcast_count", "SELECT count(*) FROM users u WHERE " WHO_HEARS,
                                                  "select", "users"};
static const struct fam_statement insert_broadcast = {
    "broadcast_insert",
    "INSERT INTO broadcasts (broadcast_id, created_by, text_ru, text_en, recipients) VALUES ($1, $2, $3, $4, $5)",
    "insert", "broadcasts"};
static const struct fam_statement select_broadcast = {
    "broadcast_select", "SELECT text_ru, text_en FROM broadcasts WHERE broadcast_id = $1", "select", "broadcasts"};
static const struct fam_statement next_people = {
    "broadcast_people",
    "SELECT u.user_id, u.language FROM users u WHERE u.user_id > $1 AND " WHO_HEARS
    " ORDER BY u.user_id LIMIT $2::bigint FOR KEY SHARE",
    "select", "users"};

static enum fam_code count_in(struct fam_db *db, int64_t *ret_count, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    enum fam_code code = fam_db_exec(db, &count_people, NULL, &rows, status);
    if (code == FAM_OK) {
        *ret_count = fam_rows_i64(&rows, 0, 0);
    }
    return code;
}

enum fam_code fam_broadcast_count(struct fam_store *store, int64_t *ret_count, struct fam_status *status)
{
    struct fam_db *db = NULL;
    enum fam_code code = fam_store_get(store, &db, status);
    if (code == FAM_OK) {
        code = count_in(db, ret_count, status);
    }
    fam_store_put(store, db);
    return code;
}

/* One on its way. */
struct addition {
    const struct fam_broadcast_new *broadcast;
    struct fam_task_ref *ref;
};

static enum fam_code add(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                         struct fam_status *status)
{
    const struct addition *addition = context;
    const struct fam_uuid broadcast_id = fam_uuid_v7();
    struct fam_params params = {0};
    struct fam_uuid packed = {{0}};
    int64_t recipients = 0;
    bool added = false;
    (void)store;
    enum fam_code code = count_in(db, &recipients, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, &broadcast_id);
    fam_param_text(&params, addition->broadcast->created_by);
    fam_param_text(&params, addition->broadcast->text_ru);
    fam_param_text(&params, addition->broadcast->text_en);
    fam_param_i64(&params, recipients);
    code = fam_db_exec(db, &insert_broadcast, &params, NULL, status);
    const struct fam_task_new task = {.type = FAM_BROADCAST_TASK,
                                      .priority = FAM_PRIORITY_LOW,
                                      .payload = broadcast_id.bytes,
                                      .payload_size = sizeof(broadcast_id.bytes)};
    if (code == FAM_OK) {
        code = fam_task_add(db, &task, addition->ref, &added, status);
    }
    if (code == FAM_OK) {
        fam_put_i64(packed.bytes, recipients);
        fam_outcome_add(outcome, &broadcast_id);
        fam_outcome_add(outcome, &packed);
    }
    return code;
}

enum fam_code fam_broadcast_add(struct fam_store *store, const struct fam_mutation *mutation,
                                const struct fam_broadcast_new *broadcast, struct fam_task_ref *ret_ref,
                                struct fam_outcome *ret_outcome, struct fam_status *status)
{
    struct addition addition = {.broadcast = broadcast, .ref = ret_ref};
    return fam_mutate(store, mutation, add, &addition, ret_outcome, status);
}

bool fam_broadcast_recipients(const void *ids, size_t size, int64_t *ret_count)
{
    struct fam_uuid packed;
    if (!fam_ids_uuid(ids, size, 1, &packed)) {
        return false;
    }
    *ret_count = fam_get_i64(packed.bytes);
    return true;
}

/* A chunk on its way. */
struct chunk {
    struct fam_store *store;
    const struct fam_uuid *broadcast_id;
    const struct fam_uuid *after;
    struct fam_uuid last;
    size_t count;
};

static enum fam_code tell(const struct chunk *chunk, struct fam_db *db, const struct fam_uuid *user_id,
                          const char *text, struct fam_status *status)
{
    Fam__V1__Broadcast message = FAM__V1__BROADCAST__INIT;
    char key[KEY_SIZE], broadcast[FAM_UUID_TEXT_SIZE], user[FAM_UUID_TEXT_SIZE];
    bool added = false;
    message.text = (char *)(uintptr_t)text;
    size_t size = fam__v1__broadcast__get_packed_size(&message);
    unsigned char *body = malloc(size + 1);
    if (body == NULL) {
        return fam_fail_memory(status);
    }
    fam_uuid_format(chunk->broadcast_id, broadcast);
    fam_uuid_format(user_id, user);
    (void)snprintf(key, sizeof(key), "broadcast:%s:%s", broadcast, user);
    const struct fam_notification_new notification = {.user_id = user_id,
                                                      .lane = FAM__V1__LANE__LANE_REPORTS,
                                                      .kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_BROADCAST,
                                                      .body = body,
                                                      .body_size = fam__v1__broadcast__pack(&message, body),
                                                      .unique_key = key,
                                                      .lifetime_ms = LIFETIME_MS};
    enum fam_code code = fam_notification_add(chunk->store, db, &notification, &added, status);
    free(body);
    return code;
}

static enum fam_code run_chunk(struct fam_db *db, void *context, struct fam_status *status)
{
    struct chunk *chunk = context;
    fam_auto(fam_rows_done) struct fam_rows texts = {0}, people = {0};
    struct fam_params params = {0}, next = {0};
    chunk->count = 0;
    fam_param_uuid(&params, chunk->broadcast_id);
    fam_param_uuid(&next, chunk->after);
    fam_param_i64(&next, FAM_BROADCAST_CHUNK);
    enum fam_code code = fam_db_exec(db, &select_broadcast, &params, &texts, status);
    if (code == FAM_OK && fam_rows_count(&texts) == 0) {
        return fam_fail(status, FAM_NOT_FOUND, "no such broadcast");
    }
    if (code == FAM_OK) {
        code = fam_db_exec(db, &next_people, &next, &people, status);
    }
    for (size_t i = 0; code == FAM_OK && i < fam_rows_count(&people); i++) {
        bool english = fam_language_of_word(fam_rows_text(&people, i, 1)) == FAM__V1__LANGUAGE__LANGUAGE_EN;
        chunk->last = fam_rows_uuid(&people, i, 0);
        chunk->count++;
        code = tell(chunk, db, &chunk->last, fam_rows_text(&texts, 0, english ? 1 : 0), status);
    }
    return code;
}

enum fam_code fam_broadcast_chunk(struct fam_store *store, const struct fam_uuid *broadcast_id, struct fam_uuid *cursor,
                                  bool *ret_more, struct fam_status *status)
{
    struct chunk chunk = {.store = store, .broadcast_id = broadcast_id, .after = cursor};
    enum fam_code code = fam_store_load(store, status);
    *ret_more = false;
    if (code == FAM_OK) {
        code = fam_tx_run(fam_store_pool(store), run_chunk, &chunk, NULL, status);
    }
    if (code == FAM_OK && chunk.count > 0) {
        *cursor = chunk.last;
        *ret_more = chunk.count == FAM_BROADCAST_CHUNK;
    }
    return code;
}
