/* Words that may be no phrase: an answer to a question that is over by now, words beside the buttons of a check-in's
 * question, or a message that was edited and is not known to be a phrase. They are read as one only when the person
 * says so, by a button. Until then nothing is kept of them, in the session either: the offer answers the message with
 * the words, and Telegram shows that to us when it is pressed. */
#include <string.h>

#include "dialog/answer.h"
#include "dialog/checkin.h"
#include "dialog/people.h"

static enum fam_code offer(struct fam_turn *turn, const char *words, bool with_checkin)
{
    const struct fam_messenger *messenger = &turn->messenger;
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    int64_t message_id = 0;
    fam_html_init(&html);
    fam_html_add(&html, words);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.read"), FAM_ACTION_READ, 0, NULL);
    if (with_checkin) {
        fam_keyboard_end_row(&keyboard);
        fam_turn_button(turn, &keyboard, T(turn->locale, "button.checkin_now"), FAM_ACTION_CHECKIN, FAM_CHECKIN_NEW,
                        NULL);
    }
    const struct fam_outgoing message = {.chat_id = turn->update->chat_id,
                                         .reply_to = turn->update->message_id,
                                         .html = fam_html_text(&html),
                                         .keyboard = &keyboard};
    if (fam_html_failed(&html)) {
        return fam_fail_memory(turn->status);
    }
    enum fam_code code = messenger->send(messenger->context, &message, &message_id, turn->status);
    if (code == FAM_OK) { /* what is edited once more has its button already */
        turn->state.answered_id = turn->update->message_id;
    }
    return code;
}

enum fam_code fam_offer_late(struct fam_turn *turn)
{
    bool is_checkin = turn->state.step == FAM_STEP_CHECKIN;
    fam_state_leave(&turn->state);
    return offer(turn, is_checkin ? T(turn->locale, "offer.checkin") : T(turn->locale, "offer.late"), is_checkin);
}

enum fam_code fam_offer_open(struct fam_turn *turn)
{
    return offer(turn, T(turn->locale, "offer.open"), false);
}

enum fam_code fam_offer_edited(struct fam_turn *turn)
{
    bool is_helped = false;
    int64_t message_id = turn->update->message_id;
    bool is_note = message_id == turn->state.words_id;
    enum fam_code code = fam_emergency_answer(
        turn, is_note ? FAM__V1__WHOSE_WORDS__WHOSE_WORDS_OWN : FAM__V1__WHOSE_WORDS__WHOSE_WORDS_CHILD, &is_helped);
    if (code != FAM_OK || is_helped) {
        return code;
    }
    if (is_note) {
        return fam_checkin_edited(turn);
    }
    if (message_id == turn->state.answered_id) {
        return FAM_OK;
    }
    return offer(turn, T(turn->locale, "offer.edited"), false);
}

enum fam_code fam_offer_read(struct fam_turn *turn)
{
    const char *text = turn->update->replied_text;
    if (!text || !text[strspn(text, " \t\r\n")]) {
        return fam_people_show(turn, T(turn->locale, "offer.gone"), NULL);
    }
    return fam_answer_offered(turn);
}
