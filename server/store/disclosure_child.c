/* disclosure_child.c: what was sent of a child that is removed; see disclosure_store.h. */
#include <cjson/cJSON.h>
#include <sodium.h>
#include <string.h>

#include "base/json.h"
#include "store/column.h"
#include "store/disclosure_private.h"
#include "store/store.h"

enum { PAGE = 100, PAGES_MAX = 50, BODY_MAX = 1 << 20 };

/* Of whoever wrote entries about the child; of the family's members also what belongs to no entry that is there,
 * because nobody can say any more of whom it was. */
#define OF_CHILD                                                                                                       \
    "FROM disclosures d LEFT JOIN emotion_entries e ON e.entry_id = d.entry_id WHERE d.user_id IN "                    \
    "(SELECT user_id FROM parents WHERE family_id = $2 UNION SELECT user_id FROM emotion_entries WHERE child_id = "    \
    "$1) "                                                                                                             \
    "AND d.disclosure_id > $3 AND (e.child_id = $1 OR (e.entry_id IS NULL AND d.user_id IN "                           \
    "(SELECT user_id FROM parents WHERE family_id = $2))) "
static const struct fam_statement select_of_child = {
    "disclosure_of_child", "SELECT d.disclosure_id, d.user_id, d.body " OF_CHILD "ORDER BY 1 LIMIT $4::bigint",
    "select", "disclosures"};
static const struct fam_statement delete_rest = {
    "disclosure_delete_of_child",
    "DELETE FROM disclosures WHERE disclosure_id IN (SELECT d.disclosure_id " OF_CHILD ")", "delete", "disclosures"};
/* A row is never changed: it goes, and comes back with its id and time. */
static const struct fam_statement take_away = {
    "disclosure_take",
    "DELETE FROM disclosures WHERE disclosure_id = $1 "
    "RETURNING user_id, entry_id, recipient, model, prompt_version, created_at::text",
    "delete", "disclosures"};
static const struct fam_statement put_back = {
    "disclosure_put_back",
    "INSERT INTO disclosures (disclosure_id, user_id, entry_id, recipient, model, prompt_version, body, created_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::timestamptz)",
    "insert", "disclosures"};

enum held { HOLDS_NOTHING, HOLDS_PROFILE, HOLDS_UNKNOWN };

/* Is there a profile in what was sent? Then *ret_rest is the same without it, malloc'ed. */
static enum held without_profile(const struct fam_secret *body, char **ret_rest)
{
    cJSON *sent = fam_json_parse(fam_secret_text(body), body->size, BODY_MAX);
    enum held held = HOLDS_UNKNOWN;
    *ret_rest = NULL;
    if (cJSON_IsObject(sent)) {
        cJSON *child = cJSON_DetachItemFromObjectCaseSensitive(sent, "child");
        *ret_rest = child != NULL ? cJSON_PrintUnformatted(sent) : NULL;
        held = child != NULL ? HOLDS_PROFILE : HOLDS_NOTHING;
        cJSON_Delete(child);
    }
    cJSON_Delete(sent);
    return held;
}

static enum fam_code replace(struct fam_db *db, const struct fam_uuid *disclosure_id, const struct fam_key *key,
                             const char *body, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows old = {0};
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    struct fam_params id = {0}, params = {0};
    fam_param_uuid(&id, disclosure_id);
    enum fam_code code = fam_db_exec(db, &take_away, &id, &old, status);
    if (code != FAM_OK || body == NULL || fam_rows_count(&old) == 0) {
        return code;
    }
    const struct fam_uuid user_id = fam_rows_uuid(&old, 0, 0), entry_id = fam_rows_uuid(&old, 0, 1);
    const struct fam_place place = fam_disclosure_place(disclosure_id, &user_id);
    fam_param_uuid(&params, disclosure_id);
    fam_param_uuid(&params, &user_id);
    fam_param_uuid(&params, fam_rows_is_null(&old, 0, 1) ? NULL : &entry_id);
    for (int column = 2; column <= 4; column++) {
        fam_param_text(&params, fam_rows_text(&old, 0, column));
    }
    code = fam_column_text(&params, key, &place, body, &sealed, status);
    fam_param_text(&params, fam_rows_text(&old, 0, 5));
    return code == FAM_OK ? fam_db_exec(db, &put_back, &params, NULL, status) : code;
}

static enum fam_code strip(struct fam_store *store, struct fam_db *db, const struct fam_rows *rows, size_t row,
                           struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    fam_auto(fam_secret_done) struct fam_secret body = {0};
    const struct fam_uuid disclosure_id = fam_rows_uuid(rows, row, 0), user_id = fam_rows_uuid(rows, row, 1);
    const struct fam_place place = fam_disclosure_place(&disclosure_id, &user_id);
    enum fam_code code = fam_seal_get_key(fam_store_seal(store), db, FAM_KEY_USER, &user_id, &key, status);
    if (code == FAM_NOT_FOUND) {
        return FAM_OK; /* its person is erased: nobody can read it */
    }
    if (code == FAM_OK) {
        code = fam_column_open(rows, row, 2, &key, &place, &body, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    char *rest = NULL;
    enum held held = without_profile(&body, &rest);
    if (held == HOLDS_PROFILE && rest == NULL) {
        return fam_fail_memory(status);
    }
    /* What is no question of ours may hold anything, and goes altogether. */
    code = held == HOLDS_NOTHING ? FAM_OK : replace(db, &disclosure_id, &key, rest, status);
    fam_text_wipe(&rest);
    return code;
}

enum fam_code fam_disclosure_forget_child(struct fam_store *store, struct fam_db *db, const struct fam_uuid *family_id,
                                          const struct fam_uuid *child_id, struct fam_status *status)
{
    struct fam_uuid last = {{0}};
    size_t count = PAGE;
    enum fam_code code = FAM_OK;
    for (int page = 0; code == FAM_OK && count == PAGE; page++) {
        fam_auto(fam_rows_done) struct fam_rows rows = {0};
        struct fam_params params = {0};
        fam_param_uuid(&params, child_id);
        fam_param_uuid(&params, family_id);
        fam_param_uuid(&params, &last);
        if (page == PAGES_MAX) {
            return fam_db_exec(db, &delete_rest, &params, NULL, status);
        }
        fam_param_i64(&params, PAGE);
        code = fam_db_exec(db, &select_of_child, &params, &rows, status);
        count = code == FAM_OK ? fam_rows_count(&rows) : 0;
        for (size_t row = 0; code == FAM_OK && row < count; row++) {
            last = fam_rows_uuid(&rows, row, 0);
            code = strip(store, db, &rows, row, status);
        }
    }
    return code;
}
