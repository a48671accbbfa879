/* mood_store.c: see mood_store.h. */
#include "store/mood_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/column.h"
#include "store/store.h"

enum column { COLUMN_CHECKIN, COLUMN_SLOT, COLUMN_DUE, COLUMN_QUESTION, COLUMN_POSITION, COLUMN_BODY };

static const struct fam_statement select_answers = {
    "mood_answers",
    "SELECT c.checkin_id, c.slot, (extract(epoch FROM c.due_at) * 1000)::bigint, a.question_id, a.position::integer, "
    "a.body FROM (SELECT checkin_id, slot, due_at FROM checkins WHERE user_id = $1 AND state <> 'skipped' "
    "AND due_at >= timestamptz 'epoch' + $2::bigint * INTERVAL '1 millisecond' "
    "AND due_at < timestamptz 'epoch' + $3::bigint * INTERVAL '1 millisecond' "
    "ORDER BY due_at DESC, checkin_id DESC LIMIT $4::bigint) c JOIN checkin_answers a USING (checkin_id) "
    "WHERE a.question_id IN ('mood', 'child', 'about', 'good') ORDER BY c.due_at, c.checkin_id, a.position",
    "select", "checkin_answers"};

struct fam_place fam_mood_place(const struct fam_uuid *checkin_id, int position, const struct fam_uuid *user_id)
{
    return (struct fam_place){.table = "checkin_answers",
                              .column = "body",
                              .row = *checkin_id,
                              .part = (uint32_t)position,
                              .owner = *user_id};
}

void fam_moods_free(struct fam_mood *moods, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fam_text_wipe(&moods[i].topic_label);
        fam_text_wipe(&moods[i].good);
    }
    free(moods);
}

static Fam__V1__CheckinSlot slot_of_word(const char *word)
{
    static const char *const WORDS[] = {"", "morning", "afternoon", "evening", "own", "quick"};
    for (size_t i = 1; i < FAM_ARRAY_SIZE(WORDS); i++) {
        if (strcmp(word, WORDS[i]) == 0) {
            return (Fam__V1__CheckinSlot)i;
        }
    }
    return FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_UNSPECIFIED;
}

static enum fam_code replace(char **text, const char *value, struct fam_status *status)
{
    fam_text_wipe(text);
    *text = strdup(value);
    return *text != NULL ? FAM_OK : fam_fail_memory(status);
}

/* One answer into its check-in. An option that a later question set knows and this one does not says nothing. */
static enum fam_code take(struct fam_mood *mood, const char *question, const Fam__V1__CheckinAnswer *answer,
                          struct fam_status *status)
{
    if (strcmp(question, "mood") == 0) {
        char option = answer->option_id[0];
        bool known = option >= '1' && option < '1' + FAM_MOOD_STEPS && answer->option_id[1] == '\0';
        mood->mood = known ? 2 * (option - '0') : 0;
    } else if (strcmp(question, "child") == 0) {
        mood->has_child = fam_uuid_parse(answer->option_id, &mood->child_id);
    } else if (strcmp(question, "about") == 0 && strlen(answer->option_id) < FAM_TOPIC_SIZE) {
        (void)snprintf(mood->topic, sizeof(mood->topic), "%s", answer->option_id);
        return replace(&mood->topic_label, answer->answer, status);
    } else if (strcmp(question, "good") == 0) {
        return replace(&mood->good, answer->answer, status);
    }
    return FAM_OK;
}

static enum fam_code open_answer(const struct fam_rows *rows, size_t row, const struct fam_key *key,
                                 const struct fam_uuid *user_id, struct fam_mood *mood, struct fam_status *status)
{
    fam_auto(fam_secret_done) struct fam_secret value = {0};
    const struct fam_place place =
        fam_mood_place(&mood->checkin_id, (int)fam_rows_i64(rows, row, COLUMN_POSITION), user_id);
    enum fam_code code = fam_column_open(rows, row, COLUMN_BODY, key, &place, &value, status);
    if (code != FAM_OK) {
        return code;
    }
    Fam__V1__CheckinAnswer *answer = fam__v1__checkin_answer__unpack(NULL, value.size, value.data);
    if (answer == NULL) {
        return fam_fail(status, FAM_DATA_LOSS, "an answer of a check-in can't be understood");
    }
    code = take(mood, fam_rows_text(rows, row, COLUMN_QUESTION), answer, status);
    fam__v1__checkin_answer__free_unpacked(answer, NULL);
    return code;
}

static enum fam_code begin(const struct fam_rows *rows, size_t row, struct fam_mood *mood, struct fam_status *status)
{
    mood->checkin_id = fam_rows_uuid(rows, row, COLUMN_CHECKIN);
    mood->slot = slot_of_word(fam_rows_text(rows, row, COLUMN_SLOT));
    mood->at_ms = fam_rows_i64(rows, row, COLUMN_DUE);
    mood->topic_label = strdup("");
    mood->good = strdup("");
    return mood->topic_label != NULL && mood->good != NULL ? FAM_OK : fam_fail_memory(status);
}

static enum fam_code open_rows(struct fam_store *store, struct fam_db *db, const struct fam_rows *rows,
                               const struct fam_uuid *user_id, struct fam_mood *moods, size_t *count,
                               struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    if (fam_rows_count(rows) == 0) {
        return FAM_OK;
    }
    enum fam_code code = fam_seal_get_key(fam_store_seal(store), db, FAM_KEY_USER, user_id, &key, status);
    if (code == FAM_NOT_FOUND) {
        code = fam_store_user_gone(db, user_id, status);
    }
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(rows); row++) {
        struct fam_uuid checkin_id = fam_rows_uuid(rows, row, COLUMN_CHECKIN);
        if (*count == 0 || !fam_uuid_equal(&moods[*count - 1].checkin_id, &checkin_id)) {
            code = begin(rows, row, &moods[(*count)++], status);
        }
        if (code == FAM_OK) {
            code = open_answer(rows, row, &key, user_id, &moods[*count - 1], status);
        }
    }
    return code;
}

enum fam_code fam_moods_load(struct fam_store *store, const struct fam_uuid *user_id, int64_t from_ms, int64_t until_ms,
                             struct fam_mood **ret_moods, size_t *ret_count, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    struct fam_mood *moods = NULL;
    size_t count = 0;
    *ret_moods = NULL;
    *ret_count = 0;
    enum fam_code code = fam_store_get(store, &db, status);
    fam_param_uuid(&params, user_id);
    fam_param_i64(&params, from_ms);
    fam_param_i64(&params, until_ms);
    fam_param_i64(&params, FAM_MOODS_MAX);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &select_answers, &params, &rows, status);
    }
    if (code == FAM_OK) {
        moods = calloc(fam_rows_count(&rows) + 1, sizeof(*moods));
        code = moods != NULL ? open_rows(store, db, &rows, user_id, moods, &count, status) : fam_fail_memory(status);
    }
    fam_store_put(store, db);
    if (code != FAM_OK) {
        fam_moods_free(moods, count);
        return code;
    }
    *ret_moods = moods;
    *ret_count = count;
    return FAM_OK;
}
