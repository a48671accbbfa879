/* person_store.c: see person_store.h. */
#include "store/person_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/column.h"
#include "store/family_private.h"
#include "store/store.h"
#include "store/words.h"

enum kind { KIND_USER, KIND_FAMILY, KIND_PARENT, KIND_CHILD, KIND_CONSENT };
/* What the columns hold depends on the kind of the row:
 *   kind     id      other  word      text     first   second      third    number   more               on     set
 *   user     user    family language  country  name    user's key  -        created  -                  share  no
 * follow-up family   family  -      country   zone     name    family key  -        created  today as YYYYMMDD  no AI
 * days kept parent   parent  user   role      -        name    user's key  -        -        -                  AI -
 *   child    child   -      -         -        name    birth       profile  version  -                  -      -
 *   consent  -       -      purpose   text     -       -           -        changed  granted            -      - */
enum column {
    COLUMN_KIND,
    COLUMN_ID,
    COLUMN_OTHER,
    COLUMN_WORD,
    COLUMN_TEXT,
    COLUMN_FIRST,
    COLUMN_SECOND,
    COLUMN_THIRD,
    COLUMN_NUMBER,
    COLUMN_MORE,
    COLUMN_ON,
    COLUMN_SET
};

static const struct fam_statement select_person = {
    "person_select",
    "WITH m AS MATERIALIZED (SELECT family_id FROM parents WHERE user_id = $1 ORDER BY created_at, parent_id LIMIT 1) "
    "SELECT 0, u.user_id, (SELECT family_id FROM m), u.language, u.country, u.name, k.wrapped, NULL::bytea, "
    "(extract(epoch FROM u.created_at) * 1000)::bigint, 0::bigint, u.share_entries::integer, (NOT "
    "u.follow_up)::integer "
    "FROM users u LEFT JOIN keys.user_keys k USING (user_id) "
    "WHERE u.user_id = $1 AND u.erased_at IS NULL "
    "UNION ALL SELECT 1, f.family_id, NULL, f.country, f.time_zone, f.name, k.wrapped, NULL, "
    "(extract(epoch FROM f.created_at) * 1000)::bigint, "
    "to_char(now() AT TIME ZONE f.time_zone, 'YYYYMMDD')::bigint, f.no_ai::integer, f.retention_days "
    "FROM m JOIN families f USING (family_id) LEFT JOIN keys.family_keys k USING (family_id) "
    "UNION ALL (SELECT 2, p.parent_id, p.user_id, p.role, '', u.name, "
    "CASE WHEN u.name IS NOT NULL THEN k.wrapped END, NULL, 0, 0, coalesce((SELECT c.granted::integer FROM consents c "
    "WHERE c.user_id = p.user_id AND c.purpose = 'ai' ORDER BY c.changed_at DESC, c.consent_id DESC LIMIT 1), 0), 0 "
    "FROM m JOIN parents p USING (family_id) JOIN users u USING (user_id) LEFT JOIN keys.user_keys k USING (user_id) "
    "ORDER BY p.created_at, p.parent_id LIMIT 1000) "
    "UNION ALL (SELECT 3, c.child_id, NULL, '', '', c.name, c.birth, c.profile, c.profile_version, 0, 0, 0 "
    "FROM m JOIN children c USING (family_id) WHERE c.removed_at IS NULL ORDER BY c.created_at, c.child_id LIMIT 1000) "
    "UNION ALL (SELECT DISTINCT ON (purpose) 4, NULL, NULL, purpose, text_version, NULL, NULL, NULL, "
    "(extract(epoch FROM changed_at) * 1000)::bigint, granted::integer, 0, 0 "
    "FROM consents WHERE user_id = $1 ORDER BY purpose, changed_at DESC, consent_id DESC)",
    "select", "users"};

/* A person on the way out of the rows. The family's row comes before those of its children. */
struct loading {
    struct fam_store *store;
    const struct fam_rows *rows;
    struct fam_user *user;
    struct fam_family *family;
    struct fam_key family_key;
};

static enum fam_code take_key(const struct loading *loading, size_t row, enum fam_key_kind kind,
                              const struct fam_uuid *id, struct fam_key *ret_key, struct fam_status *status)
{
    size_t size = 0;
    const unsigned char *wrapped = fam_rows_bytes(loading->rows, row, COLUMN_SECOND, &size);
    enum fam_code code = fam_seal_take_key(fam_store_seal(loading->store), kind, id, wrapped, size, ret_key, status);
    if (code == FAM_NOT_FOUND) {
        return fam_fail_reason(status, FAM_DATA_LOSS, "SEAL", 0, "the key of this %s is gone",
                               kind == FAM_KEY_USER ? "user" : "family");
    }
    return code;
}

/* The name of a user, in a row that holds name and key. The key is kept even where there is no name to open: what
 * the person says next is sealed under it. */
static enum fam_code read_user_name(const struct loading *loading, size_t row, const struct fam_uuid *user_id,
                                    char **ret_name, struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct fam_place place = {.table = "users", .column = "name", .row = *user_id, .owner = *user_id};
    bool named = !fam_rows_is_null(loading->rows, row, COLUMN_FIRST);
    if (named || !fam_rows_is_null(loading->rows, row, COLUMN_SECOND)) {
        enum fam_code code = take_key(loading, row, FAM_KEY_USER, user_id, &key, status);
        if (code != FAM_OK) {
            return code;
        }
    }
    return fam_column_open_text(loading->rows, row, COLUMN_FIRST, &key, &place, ret_name, status);
}

static enum fam_code read_user(struct loading *loading, size_t row, struct fam_status *status)
{
    const struct fam_rows *rows = loading->rows;
    struct fam_user *user = loading->user;
    user->user_id = fam_rows_uuid(rows, row, COLUMN_ID);
    user->has_family = !fam_rows_is_null(rows, row, COLUMN_OTHER);
    user->family_id = fam_rows_uuid(rows, row, COLUMN_OTHER);
    user->language = fam_language_of_word(fam_rows_text(rows, row, COLUMN_WORD));
    (void)snprintf(user->country, sizeof(user->country), "%s", fam_rows_text(rows, row, COLUMN_TEXT));
    (void)snprintf(user->help_country, sizeof(user->help_country), "%s", user->country);
    user->share_entries = fam_rows_i64(rows, row, COLUMN_ON) != 0;
    user->no_follow_up = fam_rows_i64(rows, row, COLUMN_SET) != 0;
    user->created_at_ms = fam_rows_i64(rows, row, COLUMN_NUMBER);
    return read_user_name(loading, row, &user->user_id, &user->name, status);
}

static enum fam_code read_family(struct loading *loading, size_t row, struct fam_status *status)
{
    const struct fam_rows *rows = loading->rows;
    struct fam_family *family = loading->family;
    int today = (int)fam_rows_i64(rows, row, COLUMN_MORE);
    family->family_id = fam_rows_uuid(rows, row, COLUMN_ID);
    (void)snprintf(family->country, sizeof(family->country), "%s", fam_rows_text(rows, row, COLUMN_WORD));
    if (!loading->user->help_country[0]) {
        (void)snprintf(loading->user->help_country, sizeof(loading->user->help_country), "%s", family->country);
    }
    family->created_at_ms = fam_rows_i64(rows, row, COLUMN_NUMBER);
    family->today = (struct fam_date){today / 10000, today / 100 % 100, today % 100};
    family->no_ai = fam_rows_i64(rows, row, COLUMN_ON) != 0;
    family->retention_days = (int32_t)fam_rows_i64(rows, row, COLUMN_SET);
    family->time_zone = strdup(fam_rows_text(rows, row, COLUMN_TEXT));
    if (!family->time_zone) {
        return fam_fail_memory(status);
    }
    struct fam_place place = fam_family_place(&family->family_id);
    enum fam_code code = take_key(loading, row, FAM_KEY_FAMILY, &family->family_id, &loading->family_key, status);
    if (code == FAM_OK) {
        code = fam_column_open_text(rows, row, COLUMN_FIRST, &loading->family_key, &place, &family->name, status);
    }
    return code;
}

static enum fam_code read_parent(struct loading *loading, size_t row, struct fam_status *status)
{
    const struct fam_rows *rows = loading->rows;
    struct fam_parent *parent = &loading->family->parents[loading->family->parent_count++];
    parent->parent_id = fam_rows_uuid(rows, row, COLUMN_ID);
    parent->user_id = fam_rows_uuid(rows, row, COLUMN_OTHER);
    parent->role = fam_parent_role_of_word(fam_rows_text(rows, row, COLUMN_WORD));
    if (fam_uuid_equal(&parent->user_id, &loading->user->user_id)) {
        loading->user->role = parent->role;
    }
    if (parent->role == FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT && fam_rows_i64(rows, row, COLUMN_ON) == 0) {
        loading->family->profiles_stay = true;
    }
    return read_user_name(loading, row, &parent->user_id, &parent->name, status);
}

static enum fam_code read_child(struct loading *loading, size_t row, struct fam_status *status)
{
    fam_auto(fam_secret_done) struct fam_secret birth = {0};
    const struct fam_rows *rows = loading->rows;
    const struct fam_uuid *family_id = &loading->family->family_id;
    struct fam_child *child = &loading->family->children[loading->family->child_count++];
    child->child_id = fam_rows_uuid(rows, row, COLUMN_ID);
    child->profile_version = (uint32_t)fam_rows_i64(rows, row, COLUMN_NUMBER);
    struct fam_place name = fam_child_place("name", &child->child_id, family_id);
    struct fam_place date = fam_child_place("birth", &child->child_id, family_id);
    enum fam_code code =
        fam_column_open_text(rows, row, COLUMN_FIRST, &loading->family_key, &name, &child->name, status);
    if (code == FAM_OK) {
        code = fam_column_open(rows, row, COLUMN_SECOND, &loading->family_key, &date, &birth, status);
    }
    if (code == FAM_OK) {
        code = fam_date_decode(&birth, &child->birth, status);
    }
    if (code == FAM_OK) {
        code = fam_child_read_profile(rows, row, COLUMN_THIRD, &loading->family_key, family_id, child, status);
    }
    return code;
}

static enum fam_code read_consent(struct loading *loading, size_t row, struct fam_status *status)
{
    const struct fam_rows *rows = loading->rows;
    struct fam_user *user = loading->user;
    (void)status;
    if (user->consent_count < FAM_CONSENT_PURPOSES) {
        struct fam_consent *consent = &user->consents[user->consent_count++];
        consent->purpose = fam_purpose_of_word(fam_rows_text(rows, row, COLUMN_WORD));
        consent->granted = fam_rows_i64(rows, row, COLUMN_MORE) != 0;
        (void)snprintf(consent->text_version, sizeof(consent->text_version), "%s",
                       fam_rows_text(rows, row, COLUMN_TEXT));
        consent->changed_at_ms = fam_rows_i64(rows, row, COLUMN_NUMBER);
    }
    return FAM_OK;
}

/* All rows of a kind, in their order. */
static enum fam_code read_kind(struct loading *loading, enum kind kind,
                               enum fam_code (*read)(struct loading *loading, size_t row, struct fam_status *status),
                               struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(loading->rows); row++) {
        if (fam_rows_i64(loading->rows, row, COLUMN_KIND) == (int64_t)kind) {
            code = read(loading, row, status);
        }
    }
    return code;
}

static enum fam_code read_all(struct loading *loading, struct fam_status *status)
{
    size_t count = fam_rows_count(loading->rows);
    enum fam_code code = read_kind(loading, KIND_USER, read_user, status);
    if (code == FAM_OK && !loading->user->name) {
        code = fam_fail(status, FAM_NOT_FOUND, "no such user");
    }
    if (code == FAM_OK) {
        code = read_kind(loading, KIND_CONSENT, read_consent, status);
    }
    if (code != FAM_OK || !loading->user->has_family) {
        return code;
    }
    loading->family->parents = calloc(count, sizeof(*loading->family->parents));
    loading->family->children = calloc(count, sizeof(*loading->family->children));
    if (!loading->family->parents || !loading->family->children) {
        return fam_fail_memory(status);
    }
    code = read_kind(loading, KIND_FAMILY, read_family, status);
    if (code == FAM_OK) {
        code = read_kind(loading, KIND_PARENT, read_parent, status);
    }
    if (code == FAM_OK) {
        code = read_kind(loading, KIND_CHILD, read_child, status);
    }
    return code;
}

enum fam_code fam_person_load(struct fam_store *store, const struct fam_uuid *user_id, struct fam_user *ret_user,
                              struct fam_family *ret_family, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct loading loading = {.store = store, .rows = &rows, .user = ret_user, .family = ret_family};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    memset(ret_user, 0, sizeof(*ret_user));
    memset(ret_family, 0, sizeof(*ret_family));
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, user_id);
    code = fam_db_exec(db, &select_person, &params, &rows, status);
    fam_store_put(store, db);
    if (code == FAM_OK) {
        code = read_all(&loading, status);
    }
    fam_key_done(&loading.family_key);
    if (code != FAM_OK) {
        fam_user_done(ret_user);
        fam_family_done(ret_family);
    }
    return code;
}
