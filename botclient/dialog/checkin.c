/* /checkin, and what is answered under a check-in. Each tap asks the server where the check-in stands, and only then
 * answers: so a second tap, a tap on an old message and one after a restart all lead on from there. */
#include "dialog/checkin.h"

#include <string.h>

#include "base/text.h"
#include "dialog/people.h"
#include "dialog/times.h"
#include "dialog/typed.h"

/* Where a check-in stands. */
struct stand {
    struct fam_backend_reply reply;
    const Fam__V1__Checkin *checkin;
    const Fam__V1__Question *question; /* NULL: it is finished */
    const char *kind_words;
};

static void stand_done(struct stand *stand)
{
    fam_backend_reply_done(&stand->reply);
}

static char *text(const char *constant)
{
    return (char *)(uintptr_t)constant; /* protobuf-c knows no const, and nothing writes to it */
}

static enum fam_code check(const struct fam_turn *turn, const struct stand *stand)
{
    return stand->checkin ? FAM_OK : fam_fail(turn->status, FAM_INTERNAL, "an answer without a check-in");
}

/* `question_id`: one that was asked before, to be shown again; "": the next one. `name` is for the idempotency key. */
static enum fam_code start(struct fam_turn *turn, const char *name, const char *checkin_id, const char *question_id,
                           struct stand *ret_stand)
{
    Fam__V1__StartCheckinRequest request = FAM__V1__START_CHECKIN_REQUEST__INIT;
    request.checkin_id = text(checkin_id);
    request.question_id = text(question_id);
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_START_CHECKIN, name, &request.base, &ret_stand->reply);
    if (code != FAM_OK) {
        return code;
    }
    const Fam__V1__StartCheckinResponse *response = (const Fam__V1__StartCheckinResponse *)ret_stand->reply.message;
    ret_stand->checkin = response->checkin;
    ret_stand->question = response->question;
    ret_stand->kind_words = response->kind_words;
    return check(turn, ret_stand);
}

static enum fam_code answer(struct fam_turn *turn, const char *checkin_id, const char *question_id,
                            const char *option_id, const char *words, struct stand *ret_stand)
{
    Fam__V1__AnswerQuestionRequest request = FAM__V1__ANSWER_QUESTION_REQUEST__INIT;
    request.checkin_id = text(checkin_id);
    request.question_id = text(question_id);
    request.option_id = text(option_id);
    request.text = text(words);
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_ANSWER_QUESTION, "answer", &request.base, &ret_stand->reply);
    if (code != FAM_OK) {
        return code;
    }
    const Fam__V1__AnswerQuestionResponse *response = (const Fam__V1__AnswerQuestionResponse *)ret_stand->reply.message;
    ret_stand->checkin = response->checkin;
    ret_stand->question = response->question;
    ret_stand->kind_words = response->kind_words;
    return check(turn, ret_stand);
}

bool fam_checkin_is_asked(const struct fam_turn *turn)
{
    return turn->state.step == FAM_STEP_CHECKIN || turn->state.step == FAM_STEP_CHECKIN_TAP;
}

static void leave_question(struct fam_turn *turn)
{
    if (fam_checkin_is_asked(turn)) {
        fam_state_leave(&turn->state);
    }
}

/* Over, for whatever reason: nothing is said of why. */
static enum fam_code say_over(struct fam_turn *turn, const char *words)
{
    struct fam_keyboard keyboard = {0};
    leave_question(turn);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.checkin_now"), FAM_ACTION_CHECKIN, FAM_CHECKIN_NEW, NULL);
    return fam_people_show(turn, words, &keyboard);
}

static bool is_gone(const struct fam_turn *turn, enum fam_code code)
{
    return code == FAM_NOT_FOUND ||
           (code == FAM_PERMISSION_DENIED && strcmp(turn->status->reason, "READS_ONLY") != 0) ||
           (code == FAM_FAILED_PRECONDITION && strcmp(turn->status->reason, "CONSENT_REQUIRED") != 0);
}

/* The server's no, in words. */
static enum fam_code refused(struct fam_turn *turn, enum fam_code code)
{
    return is_gone(turn, code) ? say_over(turn, T(turn->locale, "checkin.closed")) : fam_people_refused(turn, code);
}

/* Completed, and its time is over: what was marked stays as it is, and is shown so. */
static enum fam_code show_closed(struct fam_turn *turn, const struct stand *stand)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    leave_question(turn);
    fam_html_init(&html);
    fam_checkin_add_marks(turn, stand->checkin, stand->checkin->n_answers, &html);
    fam_html_add(&html, T(turn->locale, "checkin.closed"));
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.checkin_now"), FAM_ACTION_CHECKIN, FAM_CHECKIN_NEW, NULL);
    return fam_turn_show(turn, &html, &keyboard);
}

static enum fam_code show_end(struct fam_turn *turn, const struct stand *stand)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    struct fam_uuid id;
    leave_question(turn);
    if (stand->checkin->state == FAM__V1__CHECKIN_STATE__CHECKIN_STATE_SKIPPED) {
        return say_over(turn, T(turn->locale, "checkin.not_now"));
    }
    if (stand->checkin->state == FAM__V1__CHECKIN_STATE__CHECKIN_STATE_MISSED) {
        return say_over(turn, T(turn->locale, "checkin.closed"));
    }
    fam_html_init(&html);
    fam_checkin_add_marks(turn, stand->checkin, stand->checkin->n_answers, &html);
    fam_html_add(&html,
                 stand->kind_words && *stand->kind_words ? stand->kind_words : T(turn->locale, "checkin.thanks"));
    if (stand->checkin->n_answers > 0 && fam_uuid_parse(stand->checkin->checkin_id, &id)) {
        fam_turn_button(turn, &keyboard, T(turn->locale, "button.change"), FAM_ACTION_CHECKIN, FAM_CHECKIN_BACK, &id);
    }
    return fam_turn_show(turn, &html, &keyboard);
}

/* Its place among the answers; their number when it is none of them. */
static size_t place_of(const Fam__V1__Checkin *checkin, uint16_t detail)
{
    size_t place = 0;
    while (place < checkin->n_answers && fam_checkin_detail(checkin->answers[place]->question_id) != detail) {
        place++;
    }
    return place;
}

/* The question at that place is given out no more, though it was answered: nothing can be changed. */
static bool is_closed(const struct stand *stand, size_t place, const Fam__V1__Question *question)
{
    return !question && !stand->question && place < stand->checkin->n_answers &&
           stand->checkin->state == FAM__V1__CHECKIN_STATE__CHECKIN_STATE_COMPLETED;
}

/* A question waits for its answer, in words or as a tap that is written. That needs a session that remembers which.
 * True: words are taken. */
static bool wait_for_answer(struct fam_turn *turn, const struct stand *stand)
{
    struct fam_state *state = &turn->state;
    size_t size = strlen(stand->question->question_id);
    bool is_text = stand->question->kind == FAM__V1__QUESTION_KIND__QUESTION_KIND_TEXT;
    if (!turn->has_session || size >= sizeof(state->question) ||
        strlen(stand->checkin->checkin_id) >= sizeof(state->subject)) {
        leave_question(turn);
        return false;
    }
    fam_state_leave(state);
    state->step = is_text ? FAM_STEP_CHECKIN : FAM_STEP_CHECKIN_TAP;
    memcpy(state->question, stand->question->question_id, size + 1);
    memcpy(state->subject, stand->checkin->checkin_id, strlen(stand->checkin->checkin_id) + 1);
    return is_text;
}

static enum fam_code show(struct fam_turn *turn, const struct stand *stand)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    if (!stand->question) {
        return show_end(turn, stand);
    }
    size_t position = place_of(stand->checkin, fam_checkin_detail(stand->question->question_id));
    const struct fam_checkin_page page = {
        .checkin_id = stand->checkin->checkin_id,
        .question = stand->question,
        .greeting = stand->checkin->n_answers == 0 ? fam_checkin_greeting(turn->locale, stand->checkin->slot) : NULL,
        .checkin = stand->checkin,
        .position = position,
        .is_change = position < stand->checkin->n_answers,
        .waits_for_words = wait_for_answer(turn, stand)};
    fam_html_init(&html);
    fam_checkin_lay_out(turn, &page, &html, &keyboard);
    return fam_turn_show(turn, &html, &keyboard);
}

static enum fam_code open(struct fam_turn *turn, const char *checkin_id)
{
    fam_auto(stand_done) struct stand stand = {0};
    enum fam_code code = start(turn, "checkin", checkin_id, "", &stand);
    return code == FAM_OK ? show(turn, &stand) : refused(turn, code);
}

enum fam_code fam_checkin_command(struct fam_turn *turn)
{
    fam_state_leave(&turn->state);
    return open(turn, "");
}

/* The question that was asked as number `place`, again; *ret_again is empty when it is not to be had. */
static enum fam_code ask_again(struct fam_turn *turn, const struct stand *stand, size_t place, struct stand *ret_again)
{
    const Fam__V1__Checkin *checkin = stand->checkin;
    const char *question_id = checkin->answers[place]->question_id;
    enum fam_code code = start(turn, "checkin_again", checkin->checkin_id, question_id, ret_again);
    if (code == FAM_OK && ret_again->question && strcmp(ret_again->question->question_id, question_id) != 0) {
        ret_again->question = NULL;
    }
    return code;
}

/* The question that a button belongs to: the next one, or one that was answered before, from the server again; that may
 * be one of a check-in that is complete. *ret_question stays NULL when it is not on the way that was taken. */
static enum fam_code find_question(struct fam_turn *turn, const struct stand *stand, struct stand *again,
                                   const Fam__V1__Question **ret_question)
{
    *ret_question = NULL;
    if (stand->question && fam_checkin_detail(stand->question->question_id) == turn->pressed.detail) {
        *ret_question = stand->question;
        return FAM_OK;
    }
    size_t place = place_of(stand->checkin, turn->pressed.detail);
    if (place == stand->checkin->n_answers) {
        return FAM_OK;
    }
    enum fam_code code = ask_again(turn, stand, place, again);
    *ret_question = again->question;
    return code;
}

/* Words that were taken back do not come back when their message is edited. */
static void forget_words(struct fam_turn *turn, const char *checkin_id, const char *question_id)
{
    struct fam_state *state = &turn->state;
    if (state->words_id && strcmp(state->words_checkin, checkin_id) == 0 &&
        strcmp(state->words_question, question_id) == 0) {
        state->answered_id = state->words_id;
        state->words_id = 0;
    }
}

/* Answers by the pressed button: an option, or nothing at all, which takes words back that were written before. What
 * was answered so already leads on. */
static enum fam_code take(struct fam_turn *turn, bool leaves_out)
{
    char id[FAM_UUID_TEXT_SIZE];
    const Fam__V1__Question *question = NULL;
    fam_auto(stand_done) struct stand stand = {0}, again = {0}, next = {0};
    fam_uuid_format(&turn->pressed.entry, id);
    enum fam_code code = start(turn, "checkin", id, "", &stand);
    if (code != FAM_OK) {
        return refused(turn, code);
    }
    code = find_question(turn, &stand, &again, &question);
    if (code != FAM_OK) {
        return refused(turn, code);
    }
    if (is_closed(&stand, place_of(stand.checkin, turn->pressed.detail), question)) {
        return show_closed(turn, &stand);
    }
    bool was_asked_before = question && question != stand.question;
    bool may_leave_out = question && question->may_skip && (!was_asked_before || question->answer_text[0]);
    if (!question || (leaves_out ? !may_leave_out : turn->pressed.argument >= question->n_options)) {
        return show(turn, &stand);
    }
    const char *option = leaves_out ? "" : question->options[turn->pressed.argument]->option_id;
    if (was_asked_before && !leaves_out && strcmp(option, question->answer_option) == 0) {
        return show(turn, &stand);
    }
    code = answer(turn, id, question->question_id, option, "", &next);
    if (code == FAM_OK && leaves_out) {
        forget_words(turn, id, question->question_id);
    }
    return code == FAM_OK ? show(turn, &next) : refused(turn, code);
}

enum fam_code fam_checkin_option(struct fam_turn *turn)
{
    return fam_uuid_is_nil(&turn->pressed.entry) ? FAM_OK : take(turn, false);
}

static enum fam_code go_back(struct fam_turn *turn, const char *id)
{
    fam_auto(stand_done) struct stand stand = {0}, again = {0};
    enum fam_code code = start(turn, "checkin", id, "", &stand);
    if (code != FAM_OK) {
        return refused(turn, code);
    }
    size_t place = place_of(stand.checkin, turn->pressed.detail);
    if (place == 0) {
        return show(turn, &stand);
    }
    code = ask_again(turn, &stand, place - 1, &again);
    if (code != FAM_OK) {
        return refused(turn, code);
    }
    if (is_closed(&stand, place - 1, again.question)) {
        return show_closed(turn, &stand);
    }
    return show(turn, again.question ? &again : &stand);
}

static enum fam_code skip(struct fam_turn *turn, const char *id)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__SkipCheckinRequest request = FAM__V1__SKIP_CHECKIN_REQUEST__INIT;
    request.checkin_id = text(id);
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_SKIP_CHECKIN, "skip", &request.base, &reply);
    return is_gone(turn, code) ? FAM_OK : code; /* it is over anyway */
}

static enum fam_code leave(struct fam_turn *turn, const char *id)
{
    enum fam_code code = skip(turn, id);
    return code == FAM_OK ? say_over(turn, T(turn->locale, "checkin.not_now")) : refused(turn, code);
}

/* The pause is what was asked for; that the check-in is left out follows from it. */
static enum fam_code pause_all(struct fam_turn *turn, const char *id)
{
    enum fam_code code = fam_uuid_is_nil(&turn->pressed.entry) ? FAM_OK : skip(turn, id);
    leave_question(turn);
    return code == FAM_OK ? fam_times_pause(turn) : refused(turn, code);
}

enum fam_code fam_checkin_press(struct fam_turn *turn)
{
    char id[FAM_UUID_TEXT_SIZE];
    bool has_id = !fam_uuid_is_nil(&turn->pressed.entry);
    fam_uuid_format(&turn->pressed.entry, id);
    if (turn->pressed.argument == FAM_CHECKIN_PAUSE) {
        return pause_all(turn, id);
    }
    if (turn->pressed.argument == FAM_CHECKIN_NEW) {
        return open(turn, "");
    }
    if (!has_id) {
        return FAM_OK;
    }
    switch (turn->pressed.argument) {
    case FAM_CHECKIN_OPEN:
        return open(turn, id);
    case FAM_CHECKIN_BACK:
        return go_back(turn, id);
    case FAM_CHECKIN_LEAVE_OUT:
        return take(turn, true);
    case FAM_CHECKIN_NOT_NOW:
        return leave(turn, id);
    default:
        return FAM_OK;
    }
}

enum fam_code fam_checkin_again(struct fam_turn *turn)
{
    fam_auto(stand_done) struct stand stand = {0};
    if (!fam_checkin_is_asked(turn)) {
        return FAM_OK; /* it ended while the words were read */
    }
    char subject[FAM_UUID_TEXT_SIZE], question[FAM_QUESTION_SIZE];
    memcpy(subject, turn->state.subject, sizeof(subject));
    memcpy(question, turn->state.question, sizeof(question));
    turn->keep_pressed = true;
    enum fam_code code = start(turn, "checkin_again", subject, question, &stand);
    return code == FAM_OK ? show(turn, &stand) : refused(turn, code);
}

/* Does nobody wait for words to this question any more? */
static bool is_over(const struct fam_turn *turn, enum fam_code code, const struct stand *stand, const char *question_id)
{
    return is_gone(turn, code) ||
           (code == FAM_OK && (!stand->question || strcmp(stand->question->question_id, question_id) != 0));
}

static void remember_words(struct fam_turn *turn)
{
    struct fam_state *state = &turn->state;
    state->words_id = turn->update->message_id;
    memcpy(state->words_checkin, state->subject, sizeof(state->words_checkin));
    memcpy(state->words_question, state->question, sizeof(state->words_question));
}

static enum fam_code answer_in_words(struct fam_turn *turn, const struct stand *stand, struct stand *ret_next)
{
    return answer(turn, stand->checkin->checkin_id, stand->question->question_id, "", turn->update->text, ret_next);
}

/* Words for a check-in that is over are no phrase: it was said that nobody else sees them. */
static enum fam_code too_late(struct fam_turn *turn)
{
    *turn->status = (struct fam_status){0};
    return fam_offer_late(turn);
}

/* What the buttons of a question are called is a tap on them, also when it is written. */
static enum fam_code press_typed(struct fam_turn *turn, const struct stand *stand, const struct fam_typed *typed)
{
    bool has_words = stand->question->answer_text[0] != '\0';
    struct fam_callback *button = &turn->pressed;
    *button =
        (struct fam_callback){.action = FAM_ACTION_CHECKIN, .detail = fam_checkin_detail(stand->question->question_id)};
    if (!fam_uuid_parse(stand->checkin->checkin_id, &button->entry)) {
        return fam_fail(turn->status, FAM_INTERNAL, "a check-in without an id");
    }
    switch (typed->means) {
    case FAM_TYPED_OPTION:
        button->action = FAM_ACTION_CHECKIN_OPTION;
        button->argument = typed->option;
        return fam_checkin_option(turn);
    case FAM_TYPED_BACK:
        button->argument = FAM_CHECKIN_BACK;
        break;
    case FAM_TYPED_NOT_NOW:
        button->argument = FAM_CHECKIN_NOT_NOW;
        break;
    case FAM_TYPED_PAUSE:
        button->argument = FAM_CHECKIN_PAUSE;
        break;
    case FAM_TYPED_ERASE:
        button->argument = FAM_CHECKIN_LEAVE_OUT;
        break;
    case FAM_TYPED_GO_ON:
    case FAM_TYPED_LEAVE_OUT:
    case FAM_TYPED_NOTHING:
    case FAM_TYPED_OTHER: /* words that were written before stay: only "erase" takes them back */
        button->argument = (uint8_t)(has_words ? FAM_CHECKIN_OPEN : FAM_CHECKIN_LEAVE_OUT);
        break;
    }
    return fam_checkin_press(turn);
}

/* The question in the state as it stands, and what this text says to it. */
static enum fam_code read_typed(struct fam_turn *turn, struct stand *ret_stand, struct fam_typed *ret_typed,
                                bool *ret_over)
{
    const struct fam_state *state = &turn->state;
    *ret_typed = (struct fam_typed){0};
    enum fam_code code = start(turn, "checkin_typed", state->subject, state->question, ret_stand);
    *ret_over = is_over(turn, code, ret_stand, state->question);
    if (code != FAM_OK && !*ret_over) {
        return code;
    }
    *turn->status = (struct fam_status){0};
    return fam_typed_read(turn, turn->update->text, *ret_over ? NULL : ret_stand->question, ret_typed);
}

enum fam_code fam_checkin_text(struct fam_turn *turn, bool *ret_taken)
{
    fam_auto(stand_done) struct stand stand = {0}, next = {0};
    struct fam_typed typed;
    bool over = false;
    *ret_taken = true;
    enum fam_code code = read_typed(turn, &stand, &typed, &over);
    if (code != FAM_OK) {
        return refused(turn, code);
    }
    if (over) {
        return typed.means == FAM_TYPED_OTHER ? too_late(turn) : say_over(turn, T(turn->locale, "checkin.closed"));
    }
    if (typed.means != FAM_TYPED_OTHER) {
        return press_typed(turn, &stand, &typed);
    }
    remember_words(turn);
    if (fam_utf8_length(turn->update->text) > FAM_CHECKIN_CHARS) {
        return fam_turn_say(turn, T(turn->locale, "checkin.long"));
    }
    code = answer_in_words(turn, &stand, &next);
    if (is_gone(turn, code)) {
        return too_late(turn);
    }
    return code == FAM_OK ? show(turn, &next) : refused(turn, code);
}

/* Only what a button says is an answer here. Anything else may be about the person's day as well as a child's words: it
 * is read when the person says so. */
enum fam_code fam_checkin_tap_text(struct fam_turn *turn, bool *ret_taken)
{
    fam_auto(stand_done) struct stand stand = {0};
    struct fam_typed typed;
    bool over = false;
    *ret_taken = true;
    enum fam_code code = read_typed(turn, &stand, &typed, &over);
    bool is_refused = code == FAM_PERMISSION_DENIED || code == FAM_FAILED_PRECONDITION; /* a consent was withdrawn */
    if (code != FAM_OK && !is_refused) {
        return code;
    }
    bool is_tap = typed.means != FAM_TYPED_OTHER && typed.means != FAM_TYPED_NOTHING && typed.means != FAM_TYPED_ERASE;
    if (over && is_tap) {
        return say_over(turn, T(turn->locale, "checkin.closed"));
    }
    if (over || is_refused) { /* nobody asks any more, so it is a phrase as ever */
        *turn->status = (struct fam_status){0};
        leave_question(turn);
        *ret_taken = false;
        return FAM_OK;
    }
    return is_tap ? press_typed(turn, &stand, &typed) : fam_offer_open(turn);
}

/* The note that the edited message was, in its new words; words that say nothing take it back. */
static enum fam_code answer_edited(struct fam_turn *turn, const struct stand *stand, bool *ret_erased,
                                   struct stand *ret_next)
{
    struct fam_typed typed;
    enum fam_code code = fam_typed_read(turn, turn->update->text, NULL, &typed);
    *ret_erased = typed.means != FAM_TYPED_OTHER;
    return code != FAM_OK ? code
                          : answer(turn, stand->checkin->checkin_id, stand->question->question_id, "",
                                   *ret_erased ? "" : turn->update->text, ret_next);
}

enum fam_code fam_checkin_edited(struct fam_turn *turn)
{
    fam_auto(stand_done) struct stand stand = {0}, next = {0};
    const struct fam_state *state = &turn->state;
    bool erased = false, is_asked = state->step == FAM_STEP_CHECKIN &&
                                    strcmp(state->subject, state->words_checkin) == 0 &&
                                    strcmp(state->question, state->words_question) == 0;
    enum fam_code code = start(turn, "checkin", state->words_checkin, state->words_question, &stand);
    bool over = is_over(turn, code, &stand, state->words_question);
    if (code == FAM_OK && !over) {
        if (fam_utf8_length(turn->update->text) > FAM_CHECKIN_CHARS) {
            return fam_turn_say(turn, T(turn->locale, "checkin.long"));
        }
        code = answer_edited(turn, &stand, &erased, &next);
        over = is_gone(turn, code);
    }
    if (over) {
        *turn->status = (struct fam_status){0};
        return fam_turn_say(turn, T(turn->locale, "checkin.edit_late"));
    }
    if (code != FAM_OK) {
        return refused(turn, code);
    }
    if (is_asked) {
        return show(turn, &next);
    }
    return fam_turn_say(turn, erased ? T(turn->locale, "checkin.edited_out") : T(turn->locale, "checkin.edited"));
}
