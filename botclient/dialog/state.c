#include "dialog/state.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

static const char *const step_names[FAM_STEP_COUNT] = {
    [FAM_STEP_NONE] = "",
    [FAM_STEP_COUNTRY] = "country",
    [FAM_STEP_CHILD_NAME] = "child.name",
    [FAM_STEP_CHILD_BIRTH] = "child.birth",
    [FAM_STEP_SEARCH] = "search",
    [FAM_STEP_NOTE] = "note",
    [FAM_STEP_ERASE] = "erase",
    [FAM_STEP_EDIT_NAME] = "child.edit_name",
    [FAM_STEP_EDIT_BIRTH] = "child.edit_birth",
    [FAM_STEP_NEEDS] = "child.needs",
    [FAM_STEP_FAMILY_NAME] = "family.name",
    [FAM_STEP_FAMILY_COUNTRY] = "family.country",
    [FAM_STEP_ZONE] = "family.zone",
    [FAM_STEP_MY_NAME] = "my.name",
    [FAM_STEP_MY_COUNTRY] = "my.country",
    [FAM_STEP_FEEDBACK] = "feedback",
    [FAM_STEP_CHECKIN] = "checkin",
    [FAM_STEP_CHECKIN_TAP] = "checkin.tap",
    [FAM_STEP_OWN_TIME] = "times.own",
    [FAM_STEP_QUIET] = "times.quiet",
};

const char *fam_step_name(enum fam_step step)
{
    return step_names[step];
}

static int64_t number(const cJSON *root, const char *key)
{
    int64_t value = 0;
    return fam_json_i64(root, key, &value) && value > 0 ? value : 0;
}

void fam_state_parse(const void *data, size_t size, struct fam_state *ret_state)
{
    *ret_state = (struct fam_state){0};
    cJSON *root = size > 0 ? fam_json_parse(data, size, FAM_STATE_BYTES) : NULL;
    if (!root) {
        return;
    }
    const char *step = fam_json_string(root, "s"), *name = fam_json_string(root, "n");
    const char *entry = fam_json_string(root, "e"), *subject = fam_json_string(root, "u");
    const char *question = fam_json_string(root, "i");
    const char *words_checkin = fam_json_string(root, "y"), *words_question = fam_json_string(root, "z");
    struct fam_uuid uuid;
    for (size_t i = 0; step && i < FAM_STEP_COUNT; i++) {
        if (strcmp(step, step_names[i]) == 0) {
            ret_state->step = (enum fam_step)i;
        }
    }
    if (name && strlen(name) < sizeof(ret_state->name)) {
        memcpy(ret_state->name, name, strlen(name) + 1);
    }
    if (entry && fam_uuid_parse(entry, &uuid)) {
        fam_uuid_format(&uuid, ret_state->entry_id);
    }
    if (subject && fam_uuid_parse(subject, &uuid)) {
        fam_uuid_format(&uuid, ret_state->subject);
    }
    if (question && strlen(question) < sizeof(ret_state->question)) {
        memcpy(ret_state->question, question, strlen(question) + 1);
    }
    if (words_checkin && fam_uuid_parse(words_checkin, &uuid) && words_question &&
        strlen(words_question) < sizeof(ret_state->words_question)) {
        fam_uuid_format(&uuid, ret_state->words_checkin);
        memcpy(ret_state->words_question, words_question, strlen(words_question) + 1);
        ret_state->words_id = number(root, "l");
    }
    ret_state->answered_id = number(root, "b");
    ret_state->used_ms = number(root, "o");
    fam_view_parse(fam_json_get(root, "w"), &ret_state->view);
    ret_state->erases_answers = fam_json_bool(root, "x");
    ret_state->another = fam_json_bool(root, "c");
    ret_state->had_safety = fam_json_bool(root, "h");
    ret_state->phrase_id = number(root, "p");
    ret_state->answer_id = number(root, "a");
    ret_state->closed_id = number(root, "d");
    ret_state->rated_id = number(root, "t");
    ret_state->thanks_id = number(root, "q");
    ret_state->agreed_id = number(root, "k");
    int64_t rating = number(root, "r");
    ret_state->rating = rating <= 5 ? (uint8_t)rating : 0;
    int64_t band = number(root, "g");
    ret_state->age_band = band <= 6 ? (uint8_t)band : 0;
    cJSON_Delete(root);
}

static void add_members(struct fam_buf *json, const struct fam_state *state)
{
    if (state->step != FAM_STEP_NONE) {
        fam_buf_addf(json, ",\"s\":\"%s\"", step_names[state->step]);
    }
    if (state->name[0]) {
        fam_buf_add_text(json, ",\"n\":");
        fam_json_add_string(json, state->name);
    }
    if (state->another) {
        fam_buf_add_text(json, ",\"c\":true");
    }
    if (state->phrase_id) {
        fam_buf_addf(json, ",\"p\":%" PRId64, state->phrase_id);
    }
    if (state->answer_id) {
        fam_buf_addf(json, ",\"a\":%" PRId64, state->answer_id);
    }
    if (state->entry_id[0]) {
        fam_buf_addf(json, ",\"e\":\"%s\"", state->entry_id);
    }
    if (state->had_safety) {
        fam_buf_add_text(json, ",\"h\":true");
    }
    if (state->age_band) {
        fam_buf_addf(json, ",\"g\":%d", state->age_band);
    }
    if (state->subject[0]) {
        fam_buf_addf(json, ",\"u\":\"%s\"", state->subject);
    }
    if (state->question[0]) {
        fam_buf_add_text(json, ",\"i\":");
        fam_json_add_string(json, state->question);
    }
    if (state->rating) {
        fam_buf_addf(json, ",\"r\":%d", state->rating);
    }
    if (state->closed_id) {
        fam_buf_addf(json, ",\"d\":%" PRId64, state->closed_id);
    }
    if (state->rated_id && state->thanks_id) {
        fam_buf_addf(json, ",\"t\":%" PRId64 ",\"q\":%" PRId64, state->rated_id, state->thanks_id);
    }
    if (state->agreed_id) {
        fam_buf_addf(json, ",\"k\":%" PRId64, state->agreed_id);
    }
    if (state->erases_answers) {
        fam_buf_add_text(json, ",\"x\":true");
    }
}

static void add_messages(struct fam_buf *json, const struct fam_state *state)
{
    if (state->answered_id) {
        fam_buf_addf(json, ",\"b\":%" PRId64, state->answered_id);
    }
    if (state->words_id) {
        fam_buf_addf(json, ",\"l\":%" PRId64 ",\"y\":\"%s\",\"z\":", state->words_id, state->words_checkin);
        fam_json_add_string(json, state->words_question);
    }
    if (state->used_ms) {
        fam_buf_addf(json, ",\"o\":%" PRId64, state->used_ms);
    }
}

static void add_all(struct fam_buf *json, const struct fam_state *state, bool with_view)
{
    fam_buf_add_text(json, "{\"v\":1");
    add_members(json, state);
    add_messages(json, state);
    if (with_view && state->view.kind != FAM_VIEW_NONE) {
        fam_buf_add_text(json, ",\"w\":");
        fam_view_format(&state->view, json);
    }
    fam_buf_add_text(json, "}");
}

size_t fam_state_format(const struct fam_state *state, char ret_text[FAM_STATE_BYTES])
{
    fam_auto(fam_buf_done) struct fam_buf json = {0};
    fam_buf_init(&json, FAM_STATE_BYTES - 1);
    add_all(&json, state, true);
    if (json.failed) { /* a list is opened again more easily than a question is answered again */
        fam_buf_clear(&json);
        add_all(&json, state, false);
    }
    if (json.failed) {
        fam_buf_clear(&json);
    }
    memcpy(ret_text, fam_buf_text(&json), json.size + 1);
    return json.size;
}

void fam_state_leave(struct fam_state *state)
{
    state->step = FAM_STEP_NONE;
    state->name[0] = '\0';
    state->another = false;
    state->erases_answers = false;
    state->subject[0] = '\0';
    state->question[0] = '\0';
    state->rating = 0;
}
