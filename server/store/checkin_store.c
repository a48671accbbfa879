/* checkin_store.c: check-ins that begin, and reading them; see checkin_store.h. checkin_change.c has what happens to
 * them, checkin_sealed.c what is inside the seal. */
#include "store/checkin_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "store/checkin_private.h"
#include "store/column.h"
#include "store/entry_private.h"
#include "store/recipient_store.h"
#include "store/store.h"
#include "store/words.h"

static const struct fam_statement insert_quick = {
    "checkin_quick",
    "INSERT INTO checkins (checkin_id, user_id, slot, question_set, due_at, expires_at) "
    "VALUES ($1, $2, 'quick', $3, now(), now() + $4::bigint * INTERVAL '1 millisecond')",
    "insert", "checkins"};
/* Two quick ones at once would be two: the person's row is held. */
static const struct fam_statement hold_person = {
    "checkin_person", "SELECT 1 FROM users WHERE user_id = $1 AND erased_at IS NULL FOR NO KEY UPDATE", "select",
    "users"};
static const struct fam_statement select_open = {
    "checkin_open",
    "SELECT checkin_id FROM checkins WHERE user_id = $1 AND finished_at IS NULL AND expires_at > now() "
    "ORDER BY due_at DESC, checkin_id DESC LIMIT 1",
    "select", "checkins"};
/* The bot asks at once: the message that waits would ask once more. */
static const struct fam_statement hold_back = {
    "checkin_asked",
    "UPDATE notifications SET state = 'expired', finished_at = now() WHERE checkin_id = $1 AND state = 'queued' "
    "AND NOT leased",
    "update", "notifications"};
static const struct fam_statement select_one = {"checkin_select",
                                                "SELECT " FAM_CHECKIN_COLUMNS
                                                "FROM checkins c JOIN users u USING (user_id) WHERE c.checkin_id = $1 "
                                                "AND c.user_id = $2 AND u.erased_at IS NULL",
                                                "select", "checkins"};
static const struct fam_statement select_page = {
    "checkin_page",
    "SELECT " FAM_CHECKIN_COLUMNS "FROM checkins c JOIN users u USING (user_id) WHERE c.user_id = $1 "
    "AND ($2::uuid IS NULL OR c.checkin_id < $2) AND u.erased_at IS NULL ORDER BY c.checkin_id DESC LIMIT $3::bigint",
    "select", "checkins"};
static const struct fam_statement select_period = {
    "checkin_period",
    "SELECT " FAM_CHECKIN_COLUMNS "FROM checkins c WHERE c.user_id = $1 "
    "AND (c.answers IS NOT NULL OR c.answered > 0) "
    "AND c.due_at >= TIMESTAMPTZ 'epoch' + $2::bigint * INTERVAL '1 millisecond' "
    "AND c.due_at < TIMESTAMPTZ 'epoch' + $3::bigint * INTERVAL '1 millisecond' "
    "ORDER BY c.due_at DESC, c.checkin_id DESC LIMIT $4::bigint",
    "select", "checkins"};
void fam_checkin_done(struct fam_checkin *checkin)
{
    for (size_t i = 0; i < checkin->said_count; i++) {
        fam_text_wipe(&checkin->said[i].text);
    }
    checkin->said_count = 0;
}

void fam_checkins_free(struct fam_checkin *list, size_t count)
{
    for (size_t i = 0; list != NULL && i < count; i++) {
        fam_checkin_done(&list[i]);
    }
    free(list);
}

void fam_checkin_fill(const struct fam_rows *rows, size_t row, struct fam_checkin *ret_checkin)
{
    *ret_checkin = (struct fam_checkin){
        .checkin_id = fam_rows_uuid(rows, row, 0),
        .slot = fam_checkin_slot_of_word(fam_rows_text(rows, row, 1)),
        .state = fam_checkin_state_of_word(fam_rows_text(rows, row, 3)),
        .due_at_ms = fam_rows_i64(rows, row, 4),
        .expires_at_ms = fam_rows_i64(rows, row, 5),
        .finished_at_ms = fam_rows_i64(rows, row, 6),
        .is_over = fam_rows_i64(rows, row, 7) != 0,
        .is_counted = fam_rows_i64(rows, row, 8) != 0,
    };
    (void)snprintf(ret_checkin->question_set, sizeof(ret_checkin->question_set), "%s", fam_rows_text(rows, row, 2));
}

struct beginning {
    const struct fam_uuid *user_id;
    const char *question_set;
};

static enum fam_code begin(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                           struct fam_status *status)
{
    const struct beginning *beginning = context;
    fam_auto(fam_rows_done) struct fam_rows person = {0};
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0}, open = {0}, quick = {0};
    struct fam_uuid id = fam_uuid_v7();
    (void)store;
    fam_param_uuid(&params, beginning->user_id);
    enum fam_code code = fam_db_exec(db, &hold_person, &params, &person, status);
    if (code == FAM_OK && fam_rows_count(&person) == 0) {
        return fam_fail(status, FAM_NOT_FOUND, "no such user");
    }
    if (code == FAM_OK) {
        code = fam_processing_hold(db, beginning->user_id, status);
    }
    if (code == FAM_OK) {
        code = fam_db_exec(db, &select_open, &params, &rows, status);
    }
    if (code == FAM_OK && fam_rows_count(&rows) == 1) {
        id = fam_rows_uuid(&rows, 0, 0);
        fam_param_uuid(&open, &id);
        code = fam_db_exec(db, &hold_back, &open, NULL, status);
    } else if (code == FAM_OK) {
        fam_param_uuid(&quick, &id);
        fam_param_uuid(&quick, beginning->user_id);
        fam_param_text(&quick, beginning->question_set);
        fam_param_i64(&quick, FAM_CHECKIN_LIFETIME_MS);
        code = fam_db_exec(db, &insert_quick, &quick, NULL, status);
    }
    if (code == FAM_OK) {
        fam_outcome_add(outcome, &id);
    }
    return code;
}

enum fam_code fam_checkin_begin(struct fam_store *store, const struct fam_mutation *mutation,
                                const struct fam_uuid *user_id, const char *question_set,
                                struct fam_outcome *ret_outcome, struct fam_status *status)
{
    struct beginning beginning = {.user_id = user_id, .question_set = question_set};
    return fam_mutate(store, mutation, begin, &beginning, ret_outcome, status);
}

/* All rows with their answers; *ret_list has room for one more, so that none is no NULL. */
static enum fam_code take_list(struct fam_store *store, struct fam_db *db, const struct fam_uuid *user_id,
                               const struct fam_rows *rows, size_t limit, struct fam_checkin **ret_list,
                               size_t *ret_count, struct fam_status *status)
{
    size_t count = fam_rows_count(rows) < limit ? fam_rows_count(rows) : limit;
    struct fam_checkin *list = calloc(count + 1, sizeof(*list));
    if (list == NULL) {
        return fam_fail_memory(status);
    }
    for (size_t i = 0; i < count; i++) {
        fam_checkin_fill(rows, i, &list[i]);
    }
    enum fam_code code = fam_checkin_load_answers(store, db, user_id, rows, list, count, status);
    if (code != FAM_OK) {
        fam_checkins_free(list, count);
        return code;
    }
    *ret_list = list;
    *ret_count = count;
    return FAM_OK;
}

enum fam_code fam_checkin_get(struct fam_store *store, const struct fam_uuid *user_id,
                              const struct fam_uuid *checkin_id, struct fam_checkin *ret_checkin,
                              struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    memset(ret_checkin, 0, sizeof(*ret_checkin));
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, checkin_id);
    fam_param_uuid(&params, user_id);
    code = fam_db_exec(db, &select_one, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND, "no such check-in");
    }
    if (code == FAM_OK) {
        fam_checkin_fill(&rows, 0, ret_checkin);
        code = fam_checkin_load_answers(store, db, user_id, &rows, ret_checkin, 1, status);
    }
    fam_store_put(store, db);
    if (code != FAM_OK) {
        fam_checkin_done(ret_checkin);
    }
    return code;
}

enum fam_code fam_checkin_list(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *before,
                               size_t limit, struct fam_checkin **ret_list, size_t *ret_count, bool *ret_more,
                               struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    *ret_list = NULL;
    *ret_count = 0;
    *ret_more = false;
    if (limit < 1 || limit > FAM_CHECKIN_PAGE_MAX) {
        return fam_fail_field(status, "page_size", "is not between 1 and %d", FAM_CHECKIN_PAGE_MAX);
    }
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, user_id);
    fam_param_uuid(&params, before);
    fam_param_i64(&params, (int64_t)limit + 1); /* one more tells whether there are more */
    code = fam_db_exec(db, &select_page, &params, &rows, status);
    if (code == FAM_OK) {
        *ret_more = fam_rows_count(&rows) > limit;
        code = take_list(store, db, user_id, &rows, limit, ret_list, ret_count, status);
    }
    fam_store_put(store, db);
    return code;
}

static const struct fam_checkin_said *find_said(const struct fam_checkin *checkin, const char *question_id)
{
    for (size_t i = 0; i < checkin->said_count; i++) {
        if (strcmp(checkin->said[i].question_id, question_id) == 0) {
            return &checkin->said[i];
        }
    }
    return NULL;
}

static const char *option_of(const struct fam_checkin *checkin, const char *question_id)
{
    const struct fam_checkin_said *said = find_said(checkin, question_id);
    return said == NULL ? "" : said->option_id;
}

static char *copy_text(const struct fam_checkin *checkin, const char *question_id)
{
    const struct fam_checkin_said *said = find_said(checkin, question_id);
    return strdup(said == NULL ? "" : said->text);
}

/* False: nothing of the mood was said. */
static bool take_mood(const struct fam_checkin *checkin, struct fam_checkin_mood *ret_mood)
{
    const char *option = option_of(checkin, "mood");
    if (option[0] < '1' || option[0] > '5' || option[1] != '\0') {
        return false;
    }
    *ret_mood = (struct fam_checkin_mood){.checkin_id = checkin->checkin_id,
                                          .slot = checkin->slot,
                                          .at_ms = checkin->due_at_ms,
                                          .mood = 2 * (option[0] - '0')};
    (void)snprintf(ret_mood->about, sizeof(ret_mood->about), "%.*s", FAM_CHECKIN_WORD_SIZE - 1,
                   option_of(checkin, "about"));
    (void)snprintf(ret_mood->with, sizeof(ret_mood->with), "%.*s", FAM_CHECKIN_WORD_SIZE - 1,
                   option_of(checkin, "with"));
    (void)fam_uuid_parse(option_of(checkin, "child"), &ret_mood->child_id);
    ret_mood->note = copy_text(checkin, "note");
    ret_mood->good = copy_text(checkin, "good");
    return true;
}

void fam_checkin_moods_free(struct fam_checkin_mood *moods, size_t count)
{
    for (size_t i = 0; moods != NULL && i < count; i++) {
        fam_text_wipe(&moods[i].note);
        fam_text_wipe(&moods[i].good);
    }
    free(moods);
}

/* The rows come newest first. */
static enum fam_code take_moods(const struct fam_checkin *list, size_t count, struct fam_checkin_mood **ret_moods,
                                size_t *ret_count, struct fam_status *status)
{
    struct fam_checkin_mood *moods = calloc(count + 1, sizeof(*moods));
    size_t found = 0;
    bool failed = moods == NULL;
    for (size_t i = count; !failed && i-- > 0;) {
        if (take_mood(&list[i], &moods[found])) {
            failed = moods[found].note == NULL || moods[found].good == NULL;
            found++;
        }
    }
    if (failed) {
        fam_checkin_moods_free(moods, found);
        return fam_fail_memory(status);
    }
    *ret_moods = moods;
    *ret_count = found;
    return FAM_OK;
}

enum fam_code fam_checkin_moods(struct fam_store *store, const struct fam_uuid *user_id, int64_t from_ms,
                                int64_t until_ms, struct fam_checkin_mood **ret_moods, size_t *ret_count,
                                struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    struct fam_checkin *list = NULL;
    size_t count = 0;
    *ret_moods = NULL;
    *ret_count = 0;
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, user_id);
    fam_param_i64(&params, from_ms);
    fam_param_i64(&params, until_ms);
    fam_param_i64(&params, FAM_CHECKIN_MOODS_MAX);
    code = fam_db_exec(db, &select_period, &params, &rows, status);
    if (code == FAM_OK) {
        code = take_list(store, db, user_id, &rows, FAM_CHECKIN_MOODS_MAX, &list, &count, status);
    }
    fam_store_put(store, db);
    if (code == FAM_OK) {
        code = take_moods(list, count, ret_moods, ret_count, status);
    }
    fam_checkins_free(list, count);
    return code;
}
