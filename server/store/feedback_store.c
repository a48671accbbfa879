/* feedback_store.c: see feedback_store.h. */
#include "store/feedback_store.h"

#include <stdlib.h>
#include <string.h>

#include "store/column.h"
#include "store/store.h"

static const struct fam_statement lock_user = {
    "feedback_lock", "SELECT 1 FROM users WHERE user_id = $1 AND erased_at IS NULL FOR NO KEY UPDATE", "select",
    "users"};
static const struct fam_statement count_recent = {
    "feedback_count",
    "SELECT count(*), (extract(epoch FROM min(created_at) + INTERVAL '1 day' - now()) * 1000)::bigint FROM feedback "
    "WHERE user_id = $1 AND created_at > now() - INTERVAL '1 day'",
    "select", "feedback"};
static const struct fam_statement insert_feedback = {
    "feedback_insert", "INSERT INTO feedback (feedback_id, user_id, rating, body) VALUES ($1, $2, $3::smallint, $4)",
    "insert", "feedback"};

static const struct fam_statement list_all = {
    "feedback_list",
    "SELECT f.feedback_id, f.user_id, f.rating, f.body, (extract(epoch FROM f.created_at) * 1000)::bigint "
    "FROM feedback f JOIN users u USING (user_id) WHERE f.feedback_id < $1 AND u.erased_at IS NULL "
    "AND ($3::uuid IS NULL OR f.feedback_id = $3) "
    "ORDER BY f.feedback_id DESC LIMIT $2::bigint",
    "select", "feedback"};

struct fam_place fam_feedback_place(const struct fam_uuid *feedback_id, const struct fam_uuid *user_id)
{
    return (struct fam_place){.table = "feedback", .column = "body", .row = *feedback_id, .owner = *user_id};
}

/* What is told. */
struct word {
    const struct fam_uuid *user_id;
    const char *text;
    int32_t rating;
};

static enum fam_code check_room(struct fam_db *db, const struct fam_uuid *user_id, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows user = {0}, recent = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, user_id);
    enum fam_code code = fam_db_exec(db, &lock_user, &params, &user, status);
    if (code == FAM_OK && fam_rows_count(&user) == 0) {
        return fam_fail(status, FAM_NOT_FOUND, "no such user");
    }
    if (code == FAM_OK) {
        code = fam_db_exec(db, &count_recent, &params, &recent, status);
    }
    if (code == FAM_OK && fam_rows_i64(&recent, 0, 0) >= FAM_FEEDBACK_DAY) {
        int64_t wait_ms = fam_rows_i64(&recent, 0, 1);
        return fam_fail_reason(status, FAM_RESOURCE_EXHAUSTED, "LIMIT_DAY", wait_ms > 0 ? (uint32_t)wait_ms : 1,
                               "the limit of %d words a day to those who run the service is used up", FAM_FEEDBACK_DAY);
    }
    return code;
}

static enum fam_code add(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                         struct fam_status *status)
{
    const struct word *word = context;
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct fam_uuid feedback_id = fam_uuid_v7();
    struct fam_place place = fam_feedback_place(&feedback_id, word->user_id);
    struct fam_params params = {0};
    enum fam_code code = check_room(db, word->user_id, status);
    if (code == FAM_OK) {
        code = fam_seal_get_key(fam_store_seal(store), db, FAM_KEY_USER, word->user_id, &key, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, &feedback_id);
    fam_param_uuid(&params, word->user_id);
    fam_param_i64(&params, word->rating);
    code = fam_column_text(&params, &key, &place, word->text, &sealed, status);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &insert_feedback, &params, NULL, status);
    }
    if (code == FAM_OK) {
        fam_outcome_add(outcome, &feedback_id);
    }
    return code;
}

enum fam_code fam_feedback_add(struct fam_store *store, const struct fam_mutation *mutation,
                               const struct fam_uuid *user_id, const char *text, int32_t rating,
                               struct fam_outcome *ret_outcome, struct fam_status *status)
{
    struct word word = {.user_id = user_id, .text = text, .rating = rating};
    return fam_mutate(store, mutation, add, &word, ret_outcome, status);
}

void fam_feedback_free(struct fam_feedback *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fam_text_wipe(&list[i].text);
    }
    free(list);
}

static enum fam_code open_row(struct fam_store *store, struct fam_db *db, const struct fam_rows *rows, size_t row,
                              struct fam_feedback *feedback, struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    feedback->feedback_id = fam_rows_uuid(rows, row, 0);
    feedback->user_id = fam_rows_uuid(rows, row, 1);
    feedback->rating = (int32_t)fam_rows_i64(rows, row, 2);
    feedback->created_at_ms = fam_rows_i64(rows, row, 4);
    const struct fam_place place = fam_feedback_place(&feedback->feedback_id, &feedback->user_id);
    enum fam_code code = fam_seal_get_key(fam_store_seal(store), db, FAM_KEY_USER, &feedback->user_id, &key, status);
    if (code == FAM_NOT_FOUND) {
        code = fam_store_user_gone(db, &feedback->user_id, status);
    }
    return code == FAM_OK ? fam_column_open_text(rows, row, 3, &key, &place, &feedback->text, status) : code;
}

static enum fam_code open_rows(struct fam_store *store, struct fam_db *db, const struct fam_rows *rows, size_t limit,
                               struct fam_feedback **ret_list, size_t *ret_count, struct fam_status *status)
{
    struct fam_feedback *list = calloc(limit, sizeof(*list));
    size_t count = 0;
    enum fam_code code = FAM_OK;
    if (!list) {
        return fam_fail_memory(status);
    }
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(rows) && row < limit; row++) {
        code = open_row(store, db, rows, row, &list[count], status);
        if (code == FAM_OK) {
            count++;
        } else if (code == FAM_NOT_FOUND) {
            code = FAM_OK; /* erased at this moment */
        }
    }
    if (code != FAM_OK) {
        fam_feedback_free(list, count);
        return code;
    }
    *ret_list = list;
    *ret_count = count;
    return FAM_OK;
}

enum fam_code fam_feedback_list(struct fam_store *store, const struct fam_uuid *only, const struct fam_uuid *before,
                                size_t limit, struct fam_feedback **ret_list, size_t *ret_count, bool *ret_more,
                                struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    struct fam_uuid newest;
    memset(newest.bytes, 0xff, sizeof(newest.bytes));
    *ret_list = NULL;
    *ret_count = 0;
    *ret_more = false;
    if (limit < 1 || limit > FAM_FEEDBACK_PAGE_MAX) {
        return fam_fail_field(status, "page_size", "is not between 1 and %d", FAM_FEEDBACK_PAGE_MAX);
    }
    enum fam_code code = fam_store_get(store, &db, status);
    fam_param_uuid(&params, before ? before : &newest);
    fam_param_i64(&params, (int64_t)limit + 1);
    fam_param_uuid(&params, only);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &list_all, &params, &rows, status);
    }
    if (code == FAM_OK) {
        code = open_rows(store, db, &rows, limit, ret_list, ret_count, status);
    }
    *ret_more = code == FAM_OK && *ret_count > 0 && fam_rows_count(&rows) > limit;
    fam_store_put(store, db);
    return code;
}
