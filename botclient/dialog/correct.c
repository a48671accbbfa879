/* "Not like that": the parent says what it was, by a feeling or in words, and gets a new reading in place of the old.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "dialog/answer.h"
#include "dialog/history.h"
#include "dialog/people.h"

enum { NOTE_CHARS = 500 };

/* What the buttons say. */
enum correct {
    CORRECT_ASK,          /* on an answer or an entry, which stay */
    CORRECT_GROUP,        /* + place of the group */
    CORRECT_BACK = 16,    /* to the groups */
    CORRECT_NOTE,         /* in words */
    CORRECT_LEAVE,        /* it stays as it is */
    CORRECT_EMOTION = 64, /* + enum Emotion */
};

static void add_button(const struct fam_turn *turn, struct fam_keyboard *keyboard, const char *label, unsigned what)
{
    fam_turn_button(turn, keyboard, label, FAM_ACTION_CORRECT, (uint8_t)what, &turn->pressed.entry);
}

static enum fam_code show_word(struct fam_turn *turn, const char *text, const struct fam_keyboard *keyboard)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    fam_html_add(&html, text);
    return fam_turn_show(turn, &html, keyboard);
}

/* The next text is a note to the pressed entry. */
static void wait_for_note(struct fam_turn *turn)
{
    fam_state_leave(&turn->state);
    fam_uuid_format(&turn->pressed.entry, turn->state.subject);
    turn->state.step = FAM_STEP_NOTE;
}

/* A feeling by its group, or words, which may be typed at once: the question says so. */
static enum fam_code ask_group(struct fam_turn *turn)
{
    struct fam_keyboard keyboard = {0};
    if (turn->has_session) {
        wait_for_note(turn);
    }
    for (size_t group = 0; group < FAM_EMOTION_GROUPS; group++) {
        if (group % 2 == 0) {
            fam_keyboard_end_row(&keyboard);
        }
        add_button(turn, &keyboard, fam_emotion_group_name(turn->locale, group), CORRECT_GROUP + (unsigned)group);
    }
    fam_keyboard_end_row(&keyboard);
    if (turn->has_session) {
        add_button(turn, &keyboard, T(turn->locale, "button.note"), CORRECT_NOTE);
    }
    add_button(turn, &keyboard, T(turn->locale, "button.stay"), CORRECT_LEAVE);
    return show_word(turn, T(turn->locale, "correct.ask"), &keyboard);
}

static enum fam_code ask_emotion(struct fam_turn *turn, size_t group)
{
    struct fam_keyboard keyboard = {0};
    const Fam__V1__Emotion *emotions = fam_emotion_group(group);
    for (size_t i = 0; i < FAM_EMOTION_GROUP_SIZE && emotions[i]; i++) {
        add_button(turn, &keyboard, fam_label_emotion(turn->locale, emotions[i]),
                   CORRECT_EMOTION + (unsigned)emotions[i]);
    }
    fam_keyboard_end_row(&keyboard);
    add_button(turn, &keyboard, T(turn->locale, "button.back"), CORRECT_BACK);
    return show_word(turn, T(turn->locale, "correct.which"), &keyboard);
}

/* Tells the server, renews the answer, says thank you. */
static enum fam_code correct(struct fam_turn *turn, const char *entry_id, Fam__V1__Emotion emotion, const char *note)
{
    bool in_place = false;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__CorrectEntryRequest request = FAM__V1__CORRECT_ENTRY_REQUEST__INIT;
    const struct fam_messenger *messenger = &turn->messenger;
    request.entry_id = (char *)(uintptr_t)entry_id;
    request.emotion = emotion;
    request.note = (char *)(uintptr_t)note;
    messenger->typing(messenger->context, turn->update->chat_id);
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_CORRECT_ENTRY, "correct", &request.base, &reply);
    if (code == FAM_RESOURCE_EXHAUSTED && strncmp(turn->status->reason, "LIMIT_", 6) == 0) {
        return fam_people_say_limit(turn, turn->status->retry_after_ms);
    }
    if (code == FAM_NOT_FOUND || code == FAM_PERMISSION_DENIED) {
        return show_word(turn, T(turn->locale, "button.not_kept"), NULL);
    }
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    const Fam__V1__Entry *entry = ((const Fam__V1__CorrectEntryResponse *)reply.message)->entry;
    if (!entry) {
        return fam_fail(turn->status, FAM_INTERNAL, "CorrectEntry answers without an entry");
    }
    code = fam_answer_renew(turn, entry, "correct", &in_place);
    if (code != FAM_OK) {
        return code;
    }
    return show_word(turn, in_place ? T(turn->locale, "correct.done") : T(turn->locale, "correct.done_new"), NULL);
}

/* The question about this entry is over; another one that waits for text stays. */
static void stop_waiting(struct fam_turn *turn, const char *id)
{
    if (turn->state.step == FAM_STEP_NOTE && strcmp(turn->state.subject, id) == 0) {
        fam_state_leave(&turn->state);
    }
}

static enum fam_code choose_emotion(struct fam_turn *turn, const char *id, unsigned emotion)
{
    if (emotion < 1 || emotion > FAM__V1__EMOTION__EMOTION_OVERWHELM) {
        return FAM_OK;
    }
    stop_waiting(turn, id);
    return correct(turn, id, (Fam__V1__Emotion)emotion, "");
}

enum fam_code fam_correct(struct fam_turn *turn)
{
    unsigned what = turn->pressed.argument;
    char id[FAM_UUID_TEXT_SIZE];
    if (fam_uuid_is_nil(&turn->pressed.entry)) {
        return FAM_OK;
    }
    fam_uuid_format(&turn->pressed.entry, id);
    if (what >= CORRECT_EMOTION) {
        return choose_emotion(turn, id, what - CORRECT_EMOTION);
    }
    if (what >= CORRECT_GROUP && what < CORRECT_GROUP + FAM_EMOTION_GROUPS) {
        return ask_emotion(turn, what - CORRECT_GROUP);
    }
    if (what == CORRECT_NOTE) {
        wait_for_note(turn);
        return fam_correct_ask_note(turn);
    }
    if (what == CORRECT_LEAVE) {
        stop_waiting(turn, id);
        return show_word(turn, T(turn->locale, "correct.left"), NULL);
    }
    turn->keep_pressed = what == CORRECT_ASK;
    return ask_group(turn);
}

enum fam_code fam_correct_ask_note(struct fam_turn *turn)
{
    if (!turn->has_session) {
        return show_word(turn, T(turn->locale, "error.later_general"), NULL);
    }
    turn->state.step = FAM_STEP_NOTE;
    return show_word(turn, T(turn->locale, "correct.ask_note"), NULL);
}

enum fam_code fam_correct_note_text(struct fam_turn *turn, bool *ret_taken)
{
    char id[FAM_UUID_TEXT_SIZE], note[4 * NOTE_CHARS + 1];
    if (!turn->state.subject[0]) {
        fam_state_leave(&turn->state);
        return FAM_OK;
    }
    *ret_taken = true;
    size_t size = strlen(turn->update->text);
    snprintf(note, sizeof(note), "%s", size < sizeof(note) ? turn->update->text : "");
    fam_text_trim(note);
    if (size >= sizeof(note) || fam_utf8_length(note) > NOTE_CHARS) {
        return fam_turn_say(turn, T(turn->locale, "correct.note_long"));
    }
    memcpy(id, turn->state.subject, sizeof(id));
    enum fam_code code = correct(turn, id, FAM__V1__EMOTION__EMOTION_UNSPECIFIED, note);
    if (code == FAM_OK) {
        fam_state_leave(&turn->state);
    }
    explicit_bzero(note, sizeof(note));
    return code;
}
