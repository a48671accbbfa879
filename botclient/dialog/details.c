/* The buttons under an answer: why it works, an activity, the whole reading, did it help, remove the message. */
#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "dialog/answer.h"
#include "dialog/people.h"
#include "dialog/reading.h"

enum { USED_SHIFT = 8, HELPED_LAST = FAM__V1__HELPED__HELPED_WORSE };

bool fam_details_is_draft(const struct fam_turn *turn)
{
    return fam_uuid_is_nil(&turn->pressed.entry) && turn->draft && turn->state.answer_id == turn->update->message_id;
}

enum fam_code fam_details_entry(struct fam_turn *turn, struct fam_backend_reply *ret_reply, Fam__V1__Entry **ret_entry)
{
    enum fam_code code;
    *ret_entry = NULL;
    if (fam_uuid_is_nil(&turn->pressed.entry)) {
        if (!fam_details_is_draft(turn)) {
            return fam_turn_say(turn, T(turn->locale, "button.not_kept"));
        }
        return fam_answer_translate(turn, turn->draft, "", (Fam__V1__AgeBand)turn->state.age_band, "translate",
                                    ret_reply, ret_entry);
    }
    char id[FAM_UUID_TEXT_SIZE];
    Fam__V1__GetEntryRequest request = FAM__V1__GET_ENTRY_REQUEST__INIT;
    fam_uuid_format(&turn->pressed.entry, id);
    request.entry_id = id;
    code = fam_turn_call(turn, FAM_BACKEND_GET_ENTRY, NULL, &request.base, ret_reply);
    if (code == FAM_NOT_FOUND || code == FAM_PERMISSION_DENIED) {
        return fam_turn_say(turn, T(turn->locale, "button.not_kept"));
    }
    if (code != FAM_OK) {
        return code;
    }
    *ret_entry = ((const Fam__V1__GetEntryResponse *)ret_reply->message)->entry;
    return *ret_entry ? FAM_OK : fam_fail(turn->status, FAM_INTERNAL, "GetEntry answers without an entry");
}

/* Details come as a message of their own that answers the reading. */
static enum fam_code send_detail(struct fam_turn *turn, const Fam__V1__Entry *entry, const struct fam_html *html)
{
    const struct fam_messenger *messenger = &turn->messenger;
    struct fam_keyboard keyboard = {0};
    int64_t message_id;
    if (entry->safety) {
        fam_turn_button(turn, &keyboard, T(turn->locale, "button.remove"), FAM_ACTION_REMOVE, 0, NULL);
    }
    struct fam_outgoing message = {.chat_id = turn->update->chat_id,
                                   .reply_to = turn->update->message_id,
                                   .html = fam_html_text(html),
                                   .keyboard = &keyboard,
                                   .protect = entry->safety != NULL};
    if (html->units == 0) {
        return FAM_OK;
    }
    if (fam_html_failed(html)) {
        return fam_fail_memory(turn->status);
    }
    return messenger->send(messenger->context, &message, &message_id, turn->status);
}

typedef void layout(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Reading *reading,
                    size_t index);

static enum fam_code show_detail(struct fam_turn *turn, layout *lay_out, size_t index)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    Fam__V1__Entry *entry = NULL;
    fam_html_init(&html);
    enum fam_code code = fam_details_entry(turn, &reply, &entry);
    if (code != FAM_OK || !entry || !entry->reading) {
        return code;
    }
    lay_out(&html, turn->locale, entry->reading, index);
    return send_detail(turn, entry, &html);
}

static void lay_out_activity(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Reading *reading,
                             size_t index)
{
    (void)index;
    fam_reading_activity(html, locale, reading);
}

static void lay_out_full(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Reading *reading,
                         size_t index)
{
    (void)index;
    fam_reading_full(html, locale, reading);
}

enum fam_code fam_details_why(struct fam_turn *turn)
{
    if (turn->pressed.argument < 1 || turn->pressed.argument > 3) {
        return FAM_OK;
    }
    return show_detail(turn, fam_reading_why, turn->pressed.argument - 1u);
}

enum fam_code fam_details_activity(struct fam_turn *turn)
{
    return show_detail(turn, lay_out_activity, 0);
}

enum fam_code fam_details_more(struct fam_turn *turn)
{
    return show_detail(turn, lay_out_full, 0);
}

/* Which of the things was said, and how it went in four steps; each tap changes one and keeps the other. */
static void add_rating_buttons(const struct fam_turn *turn, struct fam_keyboard *keyboard, unsigned helped,
                               unsigned used)
{
    static const char *const keys[HELPED_LAST] = {"rate.yes", "rate.a_little", "rate.no", "rate.worse"};
    for (unsigned i = 1; i <= 3; i++) {
        char number[32], label[FAM_BUTTON_LABEL], marked[FAM_BUTTON_LABEL];
        snprintf(number, sizeof(number), "%u", i);
        const struct fam_arg args[] = {{"n", number}};
        fam_locale_format(label, sizeof(label), T(turn->locale, "rate.used"), args, 1);
        snprintf(marked, sizeof(marked), "%s%.80s", used == i ? "✓ " : "", label);
        fam_turn_button(turn, keyboard, marked, FAM_ACTION_RATE_MORE, (uint8_t)(helped + USED_SHIFT * i),
                        &turn->pressed.entry);
    }
    for (unsigned i = 1; i <= HELPED_LAST; i++) {
        char marked[FAM_BUTTON_LABEL];
        if (i % 2 == 1) {
            fam_keyboard_end_row(keyboard);
        }
        snprintf(marked, sizeof(marked), "%s%.80s", helped == i ? "✓ " : "", T(turn->locale, keys[i - 1]));
        fam_turn_button(turn, keyboard, marked, FAM_ACTION_RATE_MORE, (uint8_t)(i + USED_SHIFT * used),
                        &turn->pressed.entry);
    }
}

/* Below the answer. A second tap on the same answer renews the question that the first one brought. */
static enum fam_code show_below(struct fam_turn *turn, const struct fam_html *html, const struct fam_keyboard *keyboard)
{
    const struct fam_messenger *messenger = &turn->messenger;
    const struct fam_outgoing message = {.chat_id = turn->update->chat_id,
                                         .message_id = turn->state.thanks_id,
                                         .html = fam_html_text(html),
                                         .keyboard = keyboard};
    if (turn->update->message_id != 0 && turn->state.rated_id == turn->update->message_id && !fam_html_failed(html)) {
        enum fam_code code = messenger->edit(messenger->context, &message, turn->status);
        if (code != FAM_NOT_FOUND && code != FAM_INVALID_ARGUMENT) {
            return code;
        }
    }
    turn->state.rated_id = turn->update->message_id;
    return fam_turn_send(turn, html, keyboard, &turn->state.thanks_id);
}

/* The first tap is on the answer, which stays; the next ones are on the question. */
static enum fam_code ask_more(struct fam_turn *turn, unsigned helped, unsigned used, bool on_answer)
{
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    fam_html_add(&html, on_answer                                 ? T(turn->locale, "rate.thanks")
                        : helped == FAM__V1__HELPED__HELPED_WORSE ? T(turn->locale, "rate.sorry")
                                                                  : T(turn->locale, "rate.noted"));
    add_rating_buttons(turn, &keyboard, helped, used);
    return on_answer ? show_below(turn, &html, &keyboard) : fam_turn_show(turn, &html, &keyboard);
}

enum fam_code fam_details_rate(struct fam_turn *turn)
{
    char id[FAM_UUID_TEXT_SIZE];
    unsigned helped = turn->pressed.argument % USED_SHIFT, used = turn->pressed.argument / USED_SHIFT;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__RateEntryRequest request = FAM__V1__RATE_ENTRY_REQUEST__INIT;
    if (helped < 1 || helped > HELPED_LAST || used > 3 || fam_uuid_is_nil(&turn->pressed.entry)) {
        return FAM_OK;
    }
    fam_uuid_format(&turn->pressed.entry, id);
    request.entry_id = id;
    request.helped = (Fam__V1__Helped)helped;
    request.used_response = (int32_t)used;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_RATE_ENTRY, "rate", &request.base, &reply);
    if (code == FAM_NOT_FOUND || code == FAM_PERMISSION_DENIED) {
        return fam_turn_say(turn, T(turn->locale, "button.not_kept"));
    }
    if (code != FAM_OK) {
        return code;
    }
    /* Not "is it the entry's delivery?": an answer that a new message has renewed stays an answer, and stays. */
    return ask_more(turn, helped, used, turn->pressed.action == FAM_ACTION_RATE);
}

static enum fam_code ask_no_more(struct fam_turn *turn)
{
    struct fam_backend_reply reply;
    fam_auto(fam_html_done) struct fam_html html = {0};
    Fam__V1__UpdateUserRequest request = FAM__V1__UPDATE_USER_REQUEST__INIT;
    request.no_follow_up = FAM__V1__SWITCH__SWITCH_ON;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_UPDATE_USER, "no_follow_up", &request.base, &reply);
    fam_backend_reply_done(&reply);
    fam_html_init(&html);
    fam_html_add(&html, T(turn->locale, "follow_up.off"));
    return code == FAM_OK ? fam_turn_show(turn, &html, NULL) : code;
}

/* Below the answer with the help, which stays. A second tap on it says nothing more. */
static enum fam_code agree(struct fam_turn *turn)
{
    char id[FAM_UUID_TEXT_SIZE];
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__AgreeFollowUpRequest request = FAM__V1__AGREE_FOLLOW_UP_REQUEST__INIT;
    int64_t pressed = turn->update->message_id;
    if (fam_uuid_is_nil(&turn->pressed.entry) || (pressed != 0 && turn->state.agreed_id == pressed)) {
        return FAM_OK;
    }
    fam_uuid_format(&turn->pressed.entry, id);
    request.entry_id = id;
    turn->keep_pressed = true;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_AGREE_FOLLOW_UP, "agree", &request.base, &reply);
    if (code == FAM_NOT_FOUND || code == FAM_PERMISSION_DENIED) {
        return fam_turn_say(turn, T(turn->locale, "button.not_kept"));
    }
    if (code == FAM_FAILED_PRECONDITION && strcmp(turn->status->reason, "CONSENT_REQUIRED") != 0) {
        return fam_turn_say(turn, T(turn->locale, "follow_up.too_late"));
    }
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    turn->state.agreed_id = pressed;
    return fam_turn_say(turn, T(turn->locale, "follow_up.agreed"));
}

/* A word in place of the question: nothing more is asked. These buttons stand under the question after a danger alone,
 * and who is no better is told again where help is. */
enum fam_code fam_details_follow_up(struct fam_turn *turn)
{
    char id[FAM_UUID_TEXT_SIZE];
    unsigned helped = turn->pressed.argument;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    Fam__V1__RateEntryRequest request = FAM__V1__RATE_ENTRY_REQUEST__INIT;
    if (helped == FAM_FOLLOW_UP_NO_MORE) {
        return ask_no_more(turn);
    }
    if (helped == FAM_FOLLOW_UP_AGREE) {
        return agree(turn);
    }
    if (helped < 1 || helped > HELPED_LAST || fam_uuid_is_nil(&turn->pressed.entry)) {
        return FAM_OK;
    }
    fam_uuid_format(&turn->pressed.entry, id);
    request.entry_id = id;
    request.helped = (Fam__V1__Helped)helped;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_RATE_ENTRY, "rate", &request.base, &reply);
    if (code != FAM_OK && code != FAM_NOT_FOUND && code != FAM_PERMISSION_DENIED) {
        return code;
    }
    fam_html_init(&html);
    fam_html_add(&html, helped >= FAM__V1__HELPED__HELPED_NO ? T(turn->locale, "follow_up.worse")
                                                             : T(turn->locale, "follow_up.thanks"));
    return fam_turn_show(turn, &html, NULL);
}

enum fam_code fam_details_remove(struct fam_turn *turn)
{
    const struct fam_messenger *messenger = &turn->messenger;
    if (turn->update->message_id == 0) {
        return fam_turn_say(turn, T(turn->locale, "remove.failed"));
    }
    enum fam_code code =
        messenger->remove(messenger->context, turn->update->chat_id, turn->update->message_id, turn->status);
    if (code == FAM_INVALID_ARGUMENT) {
        return fam_turn_say(turn, T(turn->locale, "remove.failed"));
    }
    if (code == FAM_NOT_FOUND) {
        return FAM_OK; /* a second tap */
    }
    if (code == FAM_OK && turn->state.answer_id == turn->update->message_id) {
        turn->state.answer_id = 0;
    }
    return code;
}
