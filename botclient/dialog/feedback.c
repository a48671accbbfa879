/* /feedback: a few words to those who run the service, with a mark from 1 to 5 when the person likes. */
#include <stdio.h>

#include "base/text.h"
#include "dialog/people.h"

enum { MARKS = 5 };

enum fam_code fam_feedback_ask(struct fam_turn *turn)
{
    struct fam_keyboard keyboard = {0};
    for (int mark = 1; mark <= MARKS; mark++) {
        char number[16], label[FAM_BUTTON_LABEL];
        snprintf(number, sizeof(number), "%d", mark);
        const struct fam_arg args[] = {{"n", number}};
        fam_locale_format(label, sizeof(label), turn->state.rating == mark ? T(turn->locale, "feedback.chosen") : "{n}",
                          args, 1);
        fam_turn_button(turn, &keyboard, label, FAM_ACTION_FEEDBACK, (uint8_t)mark, NULL);
    }
    return fam_people_show(turn, T(turn->locale, "feedback.ask"), &keyboard);
}

enum fam_code fam_feedback_command(struct fam_turn *turn)
{
    enum fam_code code;
    fam_state_leave(&turn->state);
    if (fam_turn_consent(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING) != 1) {
        return fam_people_show(turn, T(turn->locale, "refused.consent"), NULL);
    }
    if (!fam_people_can_ask(turn, &code)) {
        return code;
    }
    turn->state.step = FAM_STEP_FEEDBACK;
    return fam_feedback_ask(turn);
}

enum fam_code fam_feedback_rate(struct fam_turn *turn)
{
    if (turn->state.step != FAM_STEP_FEEDBACK) {
        turn->keep_pressed = true;
        return fam_people_show(turn, T(turn->locale, "feedback.lost"), NULL);
    }
    if (turn->pressed.argument >= 1 && turn->pressed.argument <= MARKS) {
        turn->state.rating = turn->pressed.argument;
    }
    return fam_feedback_ask(turn);
}

enum fam_code fam_feedback_text(struct fam_turn *turn, bool *ret_taken)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__SubmitFeedbackRequest request = FAM__V1__SUBMIT_FEEDBACK_REQUEST__INIT;
    *ret_taken = true;
    if (fam_utf8_length(turn->update->text) > FAM_FEEDBACK_CHARS) {
        return fam_turn_say(turn, T(turn->locale, "feedback.long"));
    }
    request.text = (char *)(uintptr_t)turn->update->text;
    request.rating = turn->state.rating;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_SUBMIT_FEEDBACK, "feedback", &request.base, &reply);
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    fam_state_leave(&turn->state);
    return fam_turn_say(turn, T(turn->locale, "feedback.thanks"));
}
