/* audit_store.c: see audit_store.h. */
#include "store/audit_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "store/notice_store.h"
#include "store/store.h"

enum {
    REASON_BYTES = 2000,
    UNIQUE_KEY_SIZE = 129, /* as the table has it */
    HOUR_MS = 60 * 60 * 1000
};

static const struct fam_statement insert_audit = {
    "audit_insert",
    "INSERT INTO audit_log (audit_id, principal, method, user_id, target_id, reason, request_id) "
    "VALUES ($1, $2, $3, $4, $5, left($6, 1200), $7)",
    "insert", "audit_log"};
/* Who is told, and not erased meanwhile: the person ($1), the author of the entry that is opened ($2), and ($3) those
 * whose shared entries such a call shows. */
static const struct fam_statement hold_told = {
    "audit_hold_told",
    "SELECT user_id FROM users WHERE erased_at IS NULL AND (user_id = $1 "
    "OR user_id IN (SELECT user_id FROM emotion_entries WHERE entry_id = $2) "
    "OR user_id IN (SELECT k.user_id FROM keys.entry_keys k WHERE $3::boolean AND k.family_id = "
    "(SELECT family_id FROM parents WHERE user_id = $1 ORDER BY created_at, parent_id LIMIT 1))) "
    "ORDER BY user_id LIMIT 100 FOR KEY SHARE",
    "select", "users"};
#define AUDIT_COLUMNS                                                                                                  \
    "audit_id, (extract(epoch FROM at) * 1000)::bigint, principal, method, user_id, target_id, reason, request_id "
static const struct fam_statement list_all = {
    "audit_list", "SELECT " AUDIT_COLUMNS "FROM audit_log WHERE audit_id < $1 ORDER BY audit_id DESC LIMIT $2",
    "select", "audit_log"};
static const struct fam_statement list_of_user = {
    "audit_list_user",
    "SELECT " AUDIT_COLUMNS "FROM audit_log WHERE user_id = $3 AND audit_id < $1 ORDER BY audit_id DESC LIMIT $2",
    "select", "audit_log"};

enum fam_code fam_audit_write(struct fam_db *db, const struct fam_audit *audit, struct fam_status *status)
{
    struct fam_params params = {0};
    struct fam_uuid audit_id = fam_uuid_v7();
    char reason[REASON_BYTES + 1];
    const char *text = audit->reason ? audit->reason : "";
    size_t size = fam_utf8_cut(text, REASON_BYTES);
    memcpy(reason, text, size);
    reason[size] = '\0';
    fam_param_uuid(&params, &audit_id);
    fam_param_text(&params, audit->principal);
    fam_param_text(&params, audit->method);
    fam_param_uuid(&params, audit->user_id);
    fam_param_uuid(&params, audit->target_id);
    fam_param_text(&params, reason);
    fam_param_text(&params, audit->request_id ? audit->request_id : "");
    return fam_db_exec(db, &insert_audit, &params, NULL, status);
}

enum fam_code fam_audit_append(struct fam_store *store, const struct fam_audit *audit, struct fam_status *status)
{
    struct fam_db *db = NULL;
    enum fam_code code = fam_store_get(store, &db, status);
    if (code == FAM_OK) {
        code = fam_audit_write(db, audit, status);
    }
    fam_store_put(store, db);
    return code;
}

/* A look on its way. */
struct look {
    struct fam_store *store;
    const struct fam_audit *audit;
    bool told;
};

static enum fam_code tell(const struct look *look, struct fam_db *db, const struct fam_uuid *user_id, bool *ret_told,
                          struct fam_status *status)
{
    char key[UNIQUE_KEY_SIZE], user[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(user_id, user);
    int size =
        snprintf(key, sizeof(key), "notice:%s:%" PRId64 ":%s", user, fam_wall_ms() / HOUR_MS, look->audit->principal);
    if (size < 0 || (size_t)size >= sizeof(key)) {
        return fam_fail(status, FAM_INTERNAL, "a notice is too large");
    }
    const struct fam_notice_new notice = {
        .user_id = user_id, .kind = FAM__V1__NOTICE_KIND__NOTICE_KIND_OPERATOR, .unique_key = key};
    return fam_notice_add(look->store, db, &notice, ret_told, status);
}

/* Does a call of this method show entries that others share? */
static bool shows_shared(const char *method)
{
    static const char *const METHODS[] = {"fam.v1.TranslationService/ListEntries",
                                          "fam.v1.TranslationService/SearchEntries",
                                          "fam.v1.FamilyService/ExportFamily"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(METHODS); i++) {
        if (strcmp(method, METHODS[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum fam_code write_look(struct fam_db *db, void *context, struct fam_status *status)
{
    struct look *look = context;
    fam_auto(fam_rows_done) struct fam_rows people = {0};
    struct fam_params params = {0};
    look->told = false;
    fam_param_uuid(&params, look->audit->user_id);
    fam_param_uuid(&params, look->audit->target_id);
    fam_param_bool(&params, shows_shared(look->audit->method));
    enum fam_code code = fam_audit_write(db, look->audit, status);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &hold_told, &params, &people, status);
    }
    for (size_t i = 0; code == FAM_OK && i < fam_rows_count(&people); i++) {
        const struct fam_uuid user_id = fam_rows_uuid(&people, i, 0);
        bool told = false;
        code = tell(look, db, &user_id, &told, status);
        look->told = look->told || told;
    }
    return code;
}

enum fam_code fam_audit_look(struct fam_store *store, const struct fam_audit *audit, bool *ret_told,
                             struct fam_status *status)
{
    struct look look = {.store = store, .audit = audit};
    /* The person's key is needed, and with it the keys that are loaded once. */
    enum fam_code code = fam_store_load(store, status);
    if (code == FAM_OK) {
        code = fam_tx_run(fam_store_pool(store), write_look, &look, NULL, status);
    }
    *ret_told = code == FAM_OK && look.told;
    return code;
}

static void fill(const struct fam_rows *rows, size_t row, struct fam_audit_record *record)
{
    record->audit_id = fam_rows_uuid(rows, row, 0);
    record->at_ms = fam_rows_i64(rows, row, 1);
    snprintf(record->principal, sizeof(record->principal), "%s", fam_rows_text(rows, row, 2));
    snprintf(record->method, sizeof(record->method), "%s", fam_rows_text(rows, row, 3));
    record->user_id = fam_rows_uuid(rows, row, 4);
    record->target_id = fam_rows_uuid(rows, row, 5);
    snprintf(record->reason, sizeof(record->reason), "%s", fam_rows_text(rows, row, 6));
    snprintf(record->request_id, sizeof(record->request_id), "%s", fam_rows_text(rows, row, 7));
}

static enum fam_code read_page(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *before,
                               size_t limit, struct fam_rows *ret_rows, struct fam_status *status)
{
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    struct fam_uuid newest;
    memset(newest.bytes, 0xff, sizeof(newest.bytes));
    enum fam_code code = fam_pool_get(fam_store_pool(store), &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, before ? before : &newest);
    fam_param_i64(&params, (int64_t)limit + 1);
    if (user_id) {
        fam_param_uuid(&params, user_id);
    }
    code = fam_db_exec(db, user_id ? &list_of_user : &list_all, &params, ret_rows, status);
    fam_store_put(store, db);
    return code;
}

enum fam_code fam_audit_list(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *before,
                             size_t limit, struct fam_audit_record **ret_list, size_t *ret_count, bool *ret_more,
                             struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    *ret_list = NULL;
    *ret_count = 0;
    *ret_more = false;
    if (limit < 1 || limit > FAM_AUDIT_PAGE_MAX) {
        return fam_fail_field(status, "page_size", "is not between 1 and %d", FAM_AUDIT_PAGE_MAX);
    }
    enum fam_code code = read_page(store, user_id, before, limit, &rows, status);
    if (code != FAM_OK) {
        return code;
    }
    *ret_list = calloc(limit, sizeof(**ret_list));
    if (!*ret_list) {
        return fam_fail_memory(status);
    }
    for (size_t row = 0; row < fam_rows_count(&rows) && row < limit; row++) {
        fill(&rows, row, &(*ret_list)[(*ret_count)++]);
    }
    *ret_more = fam_rows_count(&rows) > limit;
    return FAM_OK;
}
