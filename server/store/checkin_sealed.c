/* checkin_sealed.c: what was answered, inside the seal; see checkin_private.h. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/checkin_private.h"
#include "store/entry_private.h"
#include "store/store.h"

/* Answers of programs before checkins.answers: a row each. */
static const struct fam_statement select_answers = {
    "checkin_answers",
    "SELECT question_id, body FROM checkin_answers WHERE checkin_id = $1 ORDER BY position, answered_at", "select",
    "checkin_answers"};

static struct fam_place place_of(const struct fam_uuid *checkin_id, const struct fam_uuid *user_id)
{
    return (struct fam_place){.table = "checkins", .column = "answers", .row = *checkin_id, .owner = *user_id};
}

static struct fam_place place_apart(const struct fam_uuid *checkin_id, const struct fam_uuid *user_id)
{
    return (struct fam_place){.table = "checkin_answers", .column = "body", .row = *checkin_id, .owner = *user_id};
}

/* The answer's words become the check-in's. */
static enum fam_code take_answer(Fam__V1__CheckinAnswer *answer, struct fam_checkin *checkin, struct fam_status *status)
{
    struct fam_checkin_said *said = &checkin->said[checkin->said_count];
    if (checkin->said_count == FAM_CHECKIN_ANSWERS_MAX || strlen(answer->question_id) >= FAM_CHECKIN_WORD_SIZE ||
        strlen(answer->option_id) >= FAM_UUID_TEXT_SIZE) {
        return fam_fail(status, FAM_DATA_LOSS, "the sealed answers of a check-in are none");
    }
    (void)snprintf(said->question_id, sizeof(said->question_id), "%s", answer->question_id);
    (void)snprintf(said->option_id, sizeof(said->option_id), "%s", answer->option_id);
    said->text = answer->answer == protobuf_c_empty_string ? strdup("") : answer->answer;
    if (said->text == NULL) {
        return fam_fail_memory(status);
    }
    answer->answer = NULL;
    checkin->said_count++;
    return FAM_OK;
}

/* Words that were not taken over are wiped; takes NULL. */
static void answer_free(Fam__V1__CheckinAnswer *answer)
{
    if (answer != NULL && answer->answer != protobuf_c_empty_string) {
        fam_text_wipe(&answer->answer);
    }
    fam__v1__checkin_answer__free_unpacked(answer, NULL);
}

static void answers_free(Fam__V1__CheckinAnswers *answers)
{
    for (size_t i = 0; answers != NULL && i < answers->n_answers; i++) {
        answer_free(answers->answers[i]);
    }
    if (answers != NULL) {
        answers->n_answers = 0;
    }
    fam__v1__checkin_answers__free_unpacked(answers, NULL);
}

/* An answer that stands under another question than it was given to is damage. */
static enum fam_code take_answer_apart(const struct fam_secret *body, const char *question_id,
                                       struct fam_checkin *checkin, struct fam_status *status)
{
    Fam__V1__CheckinAnswer *answer = fam__v1__checkin_answer__unpack(NULL, body->size, body->data);
    enum fam_code code = answer == NULL || strcmp(answer->question_id, question_id) != 0
                             ? fam_fail(status, FAM_DATA_LOSS, "a sealed answer of a check-in is another question's")
                             : take_answer(answer, checkin, status);
    answer_free(answer);
    return code;
}

static enum fam_code load_apart(struct fam_db *db, const struct fam_key *key, const struct fam_uuid *user_id,
                                struct fam_checkin *checkin, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    const struct fam_place place = place_apart(&checkin->checkin_id, user_id);
    fam_param_uuid(&params, &checkin->checkin_id);
    enum fam_code code = fam_db_exec(db, &select_answers, &params, &rows, status);
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows); row++) {
        fam_auto(fam_secret_done) struct fam_secret body = {0};
        code = fam_column_open(&rows, row, 1, key, &place, &body, status);
        if (code == FAM_OK) {
            code = take_answer_apart(&body, fam_rows_text(&rows, row, 0), checkin, status);
        }
    }
    checkin->asked = checkin->said_count; /* all that can be told of it */
    return code;
}

enum fam_code fam_checkin_open(const struct fam_rows *rows, size_t row, int column, const struct fam_key *key,
                               const struct fam_uuid *user_id, struct fam_checkin *checkin, struct fam_status *status)
{
    fam_auto(fam_secret_done) struct fam_secret body = {0};
    const struct fam_place place = place_of(&checkin->checkin_id, user_id);
    size_t size = 0;
    if (fam_rows_is_null(rows, row, column)) {
        return FAM_OK;
    }
    enum fam_code code = fam_column_open(rows, row, column, key, &place, &body, status);
    if (code != FAM_OK) {
        return code;
    }
    Fam__V1__CheckinAnswers *answers = sodium_unpad(&size, body.data, body.size, FAM_CHECKIN_BLOCK) == 0
                                           ? fam__v1__checkin_answers__unpack(NULL, size, body.data)
                                           : NULL;
    if (answers == NULL || answers->asked < 0) {
        answers_free(answers);
        return fam_fail(status, FAM_DATA_LOSS, "the sealed answers of a check-in are none");
    }
    for (size_t i = 0; code == FAM_OK && i < answers->n_answers; i++) {
        code = take_answer(answers->answers[i], checkin, status);
    }
    checkin->asked = (size_t)answers->asked;
    answers_free(answers);
    return code;
}

enum fam_code fam_checkin_load_answers(struct fam_store *store, struct fam_db *db, const struct fam_uuid *user_id,
                                       const struct fam_rows *rows, struct fam_checkin *list, size_t count,
                                       struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    bool has_key = false;
    enum fam_code code = FAM_OK;
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        bool is_apart = fam_rows_i64(rows, i, FAM_CHECKIN_COLUMN_APART) != 0;
        if (!is_apart && fam_rows_is_null(rows, i, FAM_CHECKIN_COLUMN_ANSWERS)) {
            continue;
        }
        if (!has_key) {
            code = fam_entry_author_key(store, db, user_id, &key, status);
            has_key = true;
        }
        if (code == FAM_OK) {
            code = is_apart ? load_apart(db, &key, user_id, &list[i], status)
                            : fam_checkin_open(rows, i, FAM_CHECKIN_COLUMN_ANSWERS, &key, user_id, &list[i], status);
        }
    }
    return code;
}

static void fill_answers(const struct fam_checkin *checkin, Fam__V1__CheckinAnswer *all,
                         Fam__V1__CheckinAnswer **pointers)
{
    for (size_t i = 0; i < checkin->said_count; i++) {
        fam__v1__checkin_answer__init(&all[i]);
        all[i].question_id = (char *)(uintptr_t)checkin->said[i].question_id;
        all[i].option_id = (char *)(uintptr_t)checkin->said[i].option_id;
        all[i].answer = checkin->said[i].text;
        pointers[i] = &all[i];
    }
}

enum fam_code fam_checkin_close(const struct fam_checkin *checkin, const struct fam_key *key,
                                const struct fam_uuid *user_id, struct fam_params *params,
                                struct fam_sealed *ret_sealed, struct fam_status *status)
{
    const struct fam_place place = place_of(&checkin->checkin_id, user_id);
    Fam__V1__CheckinAnswer all[FAM_CHECKIN_ANSWERS_MAX], *pointers[FAM_CHECKIN_ANSWERS_MAX];
    Fam__V1__CheckinAnswers answers = FAM__V1__CHECKIN_ANSWERS__INIT;
    fill_answers(checkin, all, pointers);
    answers.answers = pointers;
    answers.n_answers = checkin->said_count;
    answers.asked = (int32_t)checkin->asked;
    size_t size = fam__v1__checkin_answers__get_packed_size(&answers), padded = 0,
           room = (size / FAM_CHECKIN_BLOCK + 1) * FAM_CHECKIN_BLOCK;
    unsigned char *body = malloc(room);
    if (body == NULL) {
        return fam_fail_memory(status);
    }
    (void)fam__v1__checkin_answers__pack(&answers, body);
    enum fam_code code = sodium_pad(&padded, body, size, FAM_CHECKIN_BLOCK, room) == 0
                             ? fam_column_bytes(params, key, &place, body, padded, ret_sealed, status)
                             : fam_fail(status, FAM_INTERNAL, "answers of %zu bytes can't be padded", size);
    sodium_memzero(body, room);
    free(body);
    return code;
}
