/* entry_read.c: entries as their author, or the family that they are shared with, sees them; see entry_store.h. */
#include <stdlib.h>
#include <string.h>

#include "store/column.h"
#include "store/entry_private.h"
#include "store/store.h"
#include "store/words.h"

enum column {
    COLUMN_ENTRY_ID,
    COLUMN_FAMILY_ID,
    COLUMN_CHILD_ID,
    COLUMN_PHRASE,
    COLUMN_CONTEXT,
    COLUMN_SAFETY,
    COLUMN_LANGUAGE,
    COLUMN_CREATED,
    COLUMN_KEY,
    COLUMN_VERSION,
    COLUMN_READING,
    COLUMN_READING_CREATED,
    COLUMN_DELIVERY_ID,
    COLUMN_CHAT,
    COLUMN_DELIVERED_VERSION,
    COLUMN_DELIVERY_AGE,
    COLUMN_RATING,
    COLUMN_AUTHOR,
    COLUMN_SHARED_FAMILY,
    COLUMN_SHARED_KEY,
    COLUMN_SHARED,
    COLUMN_REVISED,
    COLUMN_CORRECTION_ID,
    COLUMN_CORRECTION
};

#define SELECT_ENTRIES                                                                                                 \
    "SELECT e.entry_id, e.family_id, e.child_id, e.phrase, e.context, e.safety, e.language, "                          \
    "(extract(epoch FROM e.created_at) * 1000)::bigint, k.wrapped_user, r.version, r.body, "                           \
    "(extract(epoch FROM r.created_at) * 1000)::bigint, d.delivery_id, d.chat, d.reading_version, "                    \
    "(extract(epoch FROM clock_timestamp() - d.created_at) * 1000)::bigint, t.body, e.user_id, k.family_id, "          \
    "k.wrapped_family, EXISTS (SELECT 1 FROM parents a WHERE a.family_id = k.family_id AND a.user_id = e.user_id), "   \
    "(extract(epoch FROM e.revised_at) * 1000)::bigint, c.correction_id, c.body "
/* What is the author's alone is not even looked for where somebody else looks: hence the conditions inside. */
#define JOIN_ENTRIES                                                                                                   \
    "LEFT JOIN keys.entry_keys k ON k.entry_id = e.entry_id "                                                          \
    "JOIN LATERAL (SELECT version, body, created_at FROM readings WHERE entry_id = e.entry_id "                        \
    "ORDER BY version DESC LIMIT 1) r ON true "                                                                        \
    "LEFT JOIN LATERAL (SELECT delivery_id, chat, reading_version, created_at FROM deliveries "                        \
    "WHERE e.user_id = $1 AND entry_id = e.entry_id ORDER BY created_at DESC, delivery_id DESC LIMIT 1) d ON true "    \
    "LEFT JOIN LATERAL (SELECT body FROM ratings WHERE e.user_id = $1 AND entry_id = e.entry_id "                      \
    "AND user_id = $1 LIMIT 1) t ON true "                                                                             \
    "LEFT JOIN LATERAL (SELECT correction_id, body FROM corrections WHERE e.user_id = $1 AND entry_id = e.entry_id "   \
    "AND user_id = $1 ORDER BY correction_id DESC LIMIT 1) c ON true "
/* The family of the one who looks. */
#define MY_FAMILY "(SELECT family_id FROM parents WHERE user_id = $1 ORDER BY created_at, parent_id LIMIT 1)"
/* What others show to that family, as long as they are members of it. */
#define SHOWN_TO_ME                                                                                                    \
    "k.family_id = " MY_FAMILY                                                                                         \
    " AND EXISTS (SELECT 1 FROM parents a WHERE a.family_id = k.family_id AND a.user_id = k.user_id) "
#define FILTERS                                                                                                        \
    "AND ($4::uuid IS NULL OR e.child_id = $4) "                                                                       \
    "AND ($5::bigint = 0 OR (extract(epoch FROM e.created_at) * 1000)::bigint >= $5) "                                 \
    "AND ($6::bigint = 0 OR (extract(epoch FROM e.created_at) * 1000)::bigint < $6) "

static const struct fam_statement select_one = {
    "entry_select", SELECT_ENTRIES "FROM emotion_entries e " JOIN_ENTRIES "WHERE e.user_id = $1 AND e.entry_id = $2",
    "select", "emotion_entries"};
static const struct fam_statement select_seen = {"entry_see",
                                                 SELECT_ENTRIES
                                                 "FROM emotion_entries e " JOIN_ENTRIES
                                                 "WHERE e.entry_id = $2 AND (e.user_id = $1 OR (" SHOWN_TO_ME "))",
                                                 "select", "emotion_entries"};
static const struct fam_statement select_own = {"entry_list",
                                                SELECT_ENTRIES "FROM emotion_entries e " JOIN_ENTRIES
                                                               "WHERE e.user_id = $1 AND e.entry_id < $2 " FILTERS
                                                               "ORDER BY e.entry_id DESC LIMIT $3::bigint",
                                                "select", "emotion_entries"};
/* Ids first: two walks over indexes, each no longer than a page, however many families there are. */
static const struct fam_statement select_family = {
    "entry_list_family",
    SELECT_ENTRIES "FROM (SELECT entry_id FROM ("
                   "(SELECT e.entry_id FROM emotion_entries e WHERE e.user_id = $1 AND e.entry_id < $2 " FILTERS
                   "ORDER BY e.entry_id DESC LIMIT $3::bigint) UNION "
                   "(SELECT k.entry_id FROM keys.entry_keys k JOIN emotion_entries e USING (entry_id) "
                   "WHERE k.entry_id < $2 AND " SHOWN_TO_ME FILTERS
                   "ORDER BY k.entry_id DESC LIMIT $3::bigint)) AS found "
                   "ORDER BY entry_id DESC LIMIT $3::bigint) AS v JOIN emotion_entries e USING (entry_id) " JOIN_ENTRIES
                   "ORDER BY e.entry_id DESC",
    "select", "emotion_entries"};

static const struct fam_statement select_reading = {
    "reading_select",
    "SELECT k.wrapped_user, r.body, (extract(epoch FROM r.created_at) * 1000)::bigint FROM emotion_entries e "
    "JOIN readings r ON r.entry_id = e.entry_id LEFT JOIN keys.entry_keys k ON k.entry_id = e.entry_id "
    "WHERE e.user_id = $1 AND e.entry_id = $2 AND r.version = $3::integer",
    "select", "readings"};

void fam_entry_done(struct fam_entry *entry)
{
    fam_text_wipe(&entry->phrase);
    fam_text_wipe(&entry->happened_before);
    fam_text_wipe(&entry->comment);
    fam_text_wipe(&entry->correction);
    if (entry->reading) {
        fam__v1__reading__free_unpacked(entry->reading, NULL);
    }
    memset(entry, 0, sizeof(*entry));
}

void fam_entries_free(struct fam_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fam_entry_done(&entries[i]);
    }
    free(entries);
}

/* One row and the key that opens it. */
struct opener {
    const struct fam_rows *rows;
    size_t row;
    const struct fam_key *key;
    struct fam_entry *entry;
};

static enum fam_code open_column(const struct opener *opener, enum column column, const struct fam_place *place,
                                 size_t least, struct fam_secret *ret_value, struct fam_status *status)
{
    enum fam_code code = fam_column_open(opener->rows, opener->row, (int)column, opener->key, place, ret_value, status);
    if (code == FAM_OK && ret_value->size < least) {
        return fam_fail(status, FAM_DATA_LOSS, "a sealed value of %s.%s is too short", place->table, place->column);
    }
    return code;
}

static enum fam_code open_context(const struct opener *opener, struct fam_status *status)
{
    fam_auto(fam_secret_done) struct fam_secret value = {0};
    struct fam_entry *entry = opener->entry;
    struct fam_place place = fam_entry_place("emotion_entries", "context", &entry->entry_id, 0, &entry->user_id);
    enum fam_code code = open_column(opener, COLUMN_CONTEXT, &place, FAM_CONTEXT_HEAD, &value, status);
    if (code != FAM_OK) {
        return code;
    }
    if (value.data[0] != FAM_CONTEXT_FORMAT) {
        return fam_fail(status, FAM_DATA_LOSS, "the context of an entry has an unknown format");
    }
    entry->place = (Fam__V1__Place)value.data[1];
    entry->age_band = (Fam__V1__AgeBand)value.data[2];
    entry->age_unknown = value.data[3] != 0;
    entry->happened_before = strdup(fam_secret_text(&value) + FAM_CONTEXT_HEAD);
    return entry->happened_before ? FAM_OK : fam_fail_memory(status);
}

static enum fam_code open_safety(const struct opener *opener, struct fam_status *status)
{
    fam_auto(fam_secret_done) struct fam_secret value = {0};
    struct fam_entry *entry = opener->entry;
    struct fam_place place = fam_entry_place("emotion_entries", "safety", &entry->entry_id, 0, &entry->user_id);
    enum fam_code code = open_column(opener, COLUMN_SAFETY, &place, FAM_ENTRY_SAFETY_MAX, &value, status);
    if (code == FAM_OK) {
        entry->safety_count = fam_safety_decode(value.data, value.size, entry->safety);
    }
    return code;
}

static enum fam_code open_reading(const struct opener *opener, struct fam_status *status)
{
    fam_auto(fam_secret_done) struct fam_secret value = {0};
    struct fam_entry *entry = opener->entry;
    int64_t version = fam_rows_i64(opener->rows, opener->row, COLUMN_VERSION);
    struct fam_place place = fam_entry_place("readings", "body", &entry->entry_id, (uint32_t)version, &entry->user_id);
    enum fam_code code = open_column(opener, COLUMN_READING, &place, 0, &value, status);
    if (code != FAM_OK) {
        return code;
    }
    entry->reading = fam__v1__reading__unpack(NULL, value.size, value.data);
    if (!entry->reading) {
        return fam_fail(status, FAM_DATA_LOSS, "the reading of an entry can't be understood");
    }
    entry->reading->version = (int32_t)version;
    entry->reading->created_at_ms = fam_rows_i64(opener->rows, opener->row, COLUMN_READING_CREATED);
    return FAM_OK;
}

static enum fam_code open_delivery(const struct opener *opener, struct fam_status *status)
{
    fam_auto(fam_secret_done) struct fam_secret value = {0};
    struct fam_entry *entry = opener->entry;
    if (fam_rows_is_null(opener->rows, opener->row, COLUMN_DELIVERY_ID)) {
        return FAM_OK;
    }
    struct fam_uuid delivery_id = fam_rows_uuid(opener->rows, opener->row, COLUMN_DELIVERY_ID);
    struct fam_place place = fam_entry_place("deliveries", "chat", &delivery_id, 0, &entry->user_id);
    enum fam_code code = open_column(opener, COLUMN_CHAT, &place, FAM_CHAT_SIZE, &value, status);
    if (code != FAM_OK) {
        return code;
    }
    entry->has_delivery = true;
    entry->chat_id = fam_get_i64(value.data);
    entry->message_id = fam_get_i64(value.data + 8);
    entry->delivered_version = (int32_t)fam_rows_i64(opener->rows, opener->row, COLUMN_DELIVERED_VERSION);
    entry->delivery_age_ms = fam_rows_i64(opener->rows, opener->row, COLUMN_DELIVERY_AGE);
    for (size_t i = FAM_CHAT_SIZE; i < value.size && entry->shown_count < FAM_ENTRY_SAFETY_MAX && value.data[i]; i++) {
        entry->shown[entry->shown_count++] = (Fam__V1__SafetyKind)value.data[i];
    }
    return FAM_OK;
}

static enum fam_code open_rating(const struct opener *opener, struct fam_status *status)
{
    fam_auto(fam_secret_done) struct fam_secret value = {0};
    struct fam_entry *entry = opener->entry;
    struct fam_place place = fam_entry_place("ratings", "body", &entry->entry_id, 0, &entry->user_id);
    if (!fam_rows_is_null(opener->rows, opener->row, COLUMN_RATING)) {
        enum fam_code code = open_column(opener, COLUMN_RATING, &place, FAM_RATING_HEAD, &value, status);
        if (code != FAM_OK) {
            return code;
        }
        entry->has_rating = true;
        entry->helped = (Fam__V1__Helped)value.data[0];
        entry->used_response = value.data[1];
    }
    entry->comment = strdup(entry->has_rating ? fam_secret_text(&value) + FAM_RATING_HEAD : "");
    return entry->comment ? FAM_OK : fam_fail_memory(status);
}

/* What the author said that it was. `author` is the author's key, not the entry's: what is learned outlives entries. */
static enum fam_code open_correction(const struct opener *opener, const struct fam_key *author,
                                     struct fam_status *status)
{
    fam_auto(fam_secret_done) struct fam_secret value = {0};
    struct fam_entry *entry = opener->entry;
    if (fam_rows_is_null(opener->rows, opener->row, COLUMN_CORRECTION_ID)) {
        return FAM_OK;
    }
    struct fam_uuid correction_id = fam_rows_uuid(opener->rows, opener->row, COLUMN_CORRECTION_ID);
    struct fam_place place = fam_entry_place("corrections", "body", &correction_id, 0, &entry->user_id);
    const struct opener own = {.rows = opener->rows, .row = opener->row, .key = author, .entry = entry};
    enum fam_code code = open_column(&own, COLUMN_CORRECTION, &place, FAM_CORRECTION_HEAD, &value, status);
    if (code != FAM_OK) {
        return code;
    }
    entry->has_correction = true;
    entry->corrected = (Fam__V1__Emotion)value.data[0];
    entry->correction = strdup(fam_secret_text(&value) + FAM_CORRECTION_HEAD);
    return entry->correction ? FAM_OK : fam_fail_memory(status);
}

static void read_clear_columns(const struct fam_rows *rows, size_t row, struct fam_entry *entry)
{
    entry->entry_id = fam_rows_uuid(rows, row, COLUMN_ENTRY_ID);
    entry->user_id = fam_rows_uuid(rows, row, COLUMN_AUTHOR);
    entry->has_family = !fam_rows_is_null(rows, row, COLUMN_FAMILY_ID);
    entry->family_id = fam_rows_uuid(rows, row, COLUMN_FAMILY_ID);
    entry->has_child = !fam_rows_is_null(rows, row, COLUMN_CHILD_ID);
    entry->child_id = fam_rows_uuid(rows, row, COLUMN_CHILD_ID);
    entry->language = fam_language_of_word(fam_rows_text(rows, row, COLUMN_LANGUAGE));
    entry->created_at_ms = fam_rows_i64(rows, row, COLUMN_CREATED);
    entry->is_shared = fam_rows_i64(rows, row, COLUMN_SHARED) != 0;
    entry->revised_at_ms = fam_rows_i64(rows, row, COLUMN_REVISED);
}

/* Rows on their way out, and the keys of the one who looks. */
struct reading {
    struct fam_store *store;
    struct fam_db *db;
    const struct fam_uuid *user_id;
    struct fam_key user;
    bool has_family;
    struct fam_uuid family_id;
    struct fam_key family;
};

static void reading_done(struct reading *reading)
{
    fam_key_done(&reading->user);
    fam_key_done(&reading->family);
}

static enum fam_code family_key(struct reading *reading, const struct fam_uuid *family_id, struct fam_status *status)
{
    if (reading->has_family && fam_uuid_equal(&reading->family_id, family_id)) {
        return FAM_OK;
    }
    enum fam_code code = fam_seal_get_key(fam_store_seal(reading->store), reading->db, FAM_KEY_FAMILY, family_id,
                                          &reading->family, status);
    reading->has_family = code == FAM_OK;
    reading->family_id = *family_id;
    return code == FAM_NOT_FOUND ? fam_fail_reason(status, FAM_DATA_LOSS, "SEAL", 0, "the key of this family is gone")
                                 : code;
}

/* The key of an entry: by the author's own, or by that of the family that it is shared with. */
static enum fam_code entry_key(struct reading *reading, const struct fam_rows *rows, size_t row,
                               const struct fam_entry *entry, struct fam_key *ret_key, struct fam_status *status)
{
    if (fam_uuid_equal(&entry->user_id, reading->user_id)) {
        return fam_entry_key(rows, row, COLUMN_KEY, &reading->user, &entry->entry_id, &entry->user_id, ret_key, status);
    }
    struct fam_uuid family_id = fam_rows_uuid(rows, row, COLUMN_SHARED_FAMILY);
    struct fam_place place = fam_entry_place("keys.entry_keys", "wrapped_family", &entry->entry_id, 0, &family_id);
    size_t size = 0;
    const unsigned char *wrapped = fam_rows_bytes(rows, row, COLUMN_SHARED_KEY, &size);
    enum fam_code code = family_key(reading, &family_id, status);
    return code == FAM_OK ? fam_seal_unwrap(&reading->family, &place, wrapped, size, ret_key, status) : code;
}

static enum fam_code open_entry(struct reading *reading, const struct fam_rows *rows, size_t row,
                                struct fam_entry *entry, struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    struct opener opener = {.rows = rows, .row = row, .key = &key, .entry = entry};
    read_clear_columns(rows, row, entry);
    struct fam_place place = fam_entry_place("emotion_entries", "phrase", &entry->entry_id, 0, &entry->user_id);
    enum fam_code code = entry_key(reading, rows, row, entry, &key, status);
    if (code == FAM_OK) {
        code = fam_column_open_text(rows, row, COLUMN_PHRASE, &key, &place, &entry->phrase, status);
    }
    if (code == FAM_OK) {
        code = open_context(&opener, status);
    }
    if (code == FAM_OK) {
        code = open_safety(&opener, status);
    }
    if (code == FAM_OK) {
        code = open_reading(&opener, status);
    }
    if (code == FAM_OK) {
        code = open_delivery(&opener, status);
    }
    if (code == FAM_OK) {
        code = open_rating(&opener, status);
    }
    if (code == FAM_OK) {
        code = open_correction(&opener, &reading->user, status);
    }
    return code;
}

/* Opens up to `limit` rows into a new array. */
static enum fam_code open_rows(struct fam_store *store, struct fam_db *db, const struct fam_rows *rows, size_t limit,
                               const struct fam_uuid *user_id, struct fam_entry **ret_entries, size_t *ret_count,
                               struct fam_status *status)
{
    fam_auto(reading_done) struct reading reading = {.store = store, .db = db, .user_id = user_id};
    size_t count = fam_rows_count(rows) < limit ? fam_rows_count(rows) : limit;
    struct fam_entry *entries = calloc(count + 1, sizeof(*entries));
    enum fam_code code = FAM_OK;
    if (!entries) {
        return fam_fail_memory(status);
    }
    if (count) {
        code = fam_seal_get_key(fam_store_seal(store), db, FAM_KEY_USER, user_id, &reading.user, status);
    }
    if (code == FAM_NOT_FOUND) {
        code = fam_store_user_gone(db, user_id, status);
    }
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        code = open_entry(&reading, rows, i, &entries[i], status);
    }
    if (code != FAM_OK) {
        fam_entries_free(entries, count);
        return code;
    }
    *ret_entries = entries;
    *ret_count = count;
    return FAM_OK;
}

static enum fam_code get_one(struct fam_store *store, const struct fam_statement *statement,
                             const struct fam_uuid *user_id, const struct fam_uuid *entry_id,
                             struct fam_entry *ret_entry, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_entry *entries = NULL;
    struct fam_db *db = NULL;
    size_t count = 0;
    memset(ret_entry, 0, sizeof(*ret_entry));
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, user_id);
    fam_param_uuid(&params, entry_id);
    code = fam_db_exec(db, statement, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND, "no such entry");
    }
    if (code == FAM_OK) {
        code = open_rows(store, db, &rows, 1, user_id, &entries, &count, status);
    }
    if (code == FAM_OK) {
        *ret_entry = entries[0]; /* the texts move with it */
    }
    free(entries);
    fam_store_put(store, db);
    return code;
}

enum fam_code fam_entry_get(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *entry_id,
                            struct fam_entry *ret_entry, struct fam_status *status)
{
    return get_one(store, &select_one, user_id, entry_id, ret_entry, status);
}

enum fam_code fam_entry_see(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *entry_id,
                            struct fam_entry *ret_entry, struct fam_status *status)
{
    return get_one(store, &select_seen, user_id, entry_id, ret_entry, status);
}

static enum fam_code unpack_reading(const struct fam_secret *value, struct fam_rows *rows, int32_t version,
                                    Fam__V1__Reading **ret_reading, struct fam_status *status)
{
    *ret_reading = fam__v1__reading__unpack(NULL, value->size, value->data);
    if (!*ret_reading) {
        return fam_fail(status, FAM_DATA_LOSS, "the reading of an entry can't be understood");
    }
    (*ret_reading)->version = version;
    (*ret_reading)->created_at_ms = fam_rows_i64(rows, 0, 2);
    return FAM_OK;
}

enum fam_code fam_entry_reading(struct fam_store *store, const struct fam_uuid *user_id,
                                const struct fam_uuid *entry_id, int32_t version, Fam__V1__Reading **ret_reading,
                                struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_key_done) struct fam_key author = {{0}}, key = {{0}};
    fam_auto(fam_secret_done) struct fam_secret value = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    *ret_reading = NULL;
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, user_id);
    fam_param_uuid(&params, entry_id);
    fam_param_i64(&params, version);
    code = fam_db_exec(db, &select_reading, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND, "no such reading");
    }
    if (code == FAM_OK) {
        code = fam_entry_author_key(store, db, user_id, &author, status);
    }
    if (code == FAM_OK) {
        code = fam_entry_key(&rows, 0, 0, &author, entry_id, user_id, &key, status);
    }
    struct fam_place place = fam_entry_place("readings", "body", entry_id, (uint32_t)version, user_id);
    if (code == FAM_OK) {
        code = fam_column_open(&rows, 0, 1, &key, &place, &value, status);
    }
    if (code == FAM_OK) {
        code = unpack_reading(&value, &rows, version, ret_reading, status);
    }
    fam_store_put(store, db);
    return code;
}

enum fam_code fam_entry_scan(struct fam_store *store, const struct fam_entry_query *query,
                             struct fam_entry **ret_entries, size_t *ret_count, bool *ret_more,
                             struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    struct fam_uuid newest;
    memset(newest.bytes, 0xff, sizeof(newest.bytes));
    *ret_entries = NULL;
    *ret_count = 0;
    *ret_more = false;
    if (query->limit < 1 || query->limit > FAM_ENTRY_PAGE_MAX) {
        return fam_fail_field(status, "page_size", "is not between 1 and %d", FAM_ENTRY_PAGE_MAX);
    }
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, query->user_id);
    fam_param_uuid(&params, query->before ? query->before : &newest);
    fam_param_i64(&params, (int64_t)query->limit + 1);
    fam_param_uuid(&params, query->child_id);
    fam_param_i64(&params, query->from_ms);
    fam_param_i64(&params, query->until_ms);
    code = fam_db_exec(db, query->of_family ? &select_family : &select_own, &params, &rows, status);
    if (code == FAM_OK) {
        code = open_rows(store, db, &rows, query->limit, query->user_id, ret_entries, ret_count, status);
    }
    *ret_more = code == FAM_OK && fam_rows_count(&rows) > query->limit;
    fam_store_put(store, db);
    return code;
}

enum fam_code fam_entry_list(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *child_id,
                             const struct fam_uuid *before, size_t limit, struct fam_entry **ret_entries,
                             size_t *ret_count, bool *ret_more, struct fam_status *status)
{
    const struct fam_entry_query query = {.user_id = user_id, .child_id = child_id, .before = before, .limit = limit};
    return fam_entry_scan(store, &query, ret_entries, ret_count, ret_more, status);
}
