/* /help, /cancel, /language. */
#include "dialog/turn.h"

enum fam_code fam_settings_help(struct fam_turn *turn)
{
    return fam_turn_say(turn, T(turn->locale, "help.text"));
}

enum fam_code fam_settings_cancel(struct fam_turn *turn)
{
    bool was_asked = turn->state.step != FAM_STEP_NONE;
    fam_state_leave(&turn->state);
    return fam_turn_say(turn, was_asked ? T(turn->locale, "cancel.done") : T(turn->locale, "cancel.nothing"));
}

enum fam_code fam_settings_ask_language(struct fam_turn *turn)
{
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    fam_html_add(&html, T(turn->locale, "language.ask"));
    for (size_t i = 0; i < fam_locale_count(); i++) {
        fam_turn_button(turn, &keyboard, fam_locale_own_name(i), FAM_ACTION_LANGUAGE, (uint8_t)i, NULL);
    }
    return fam_turn_send(turn, &html, &keyboard, NULL);
}
