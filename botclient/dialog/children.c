/* Children: the list, and adding one (in the onboarding, or by /children): a name that may be left out, then the birth
 * as a date, a year or an age. */
#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "dialog/birth.h"
#include "dialog/people.h"
#include "dialog/times.h"

enum { CHILDREN_MAX = 10, YOUNGEST = 2, OLDEST = 17 };

enum fam_code fam_children_family(struct fam_turn *turn, struct fam_backend_reply *ret_reply,
                                  Fam__V1__Family **ret_family)
{
    Fam__V1__GetFamilyRequest request = FAM__V1__GET_FAMILY_REQUEST__INIT;
    *ret_family = NULL;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_GET_FAMILY, NULL, &request.base, ret_reply);
    if (code == FAM_NOT_FOUND) {
        return FAM_OK;
    }
    if (code == FAM_OK) {
        *ret_family = ((const Fam__V1__GetFamilyResponse *)ret_reply->message)->family;
    }
    return code;
}

/* Among several children without a name each has a number, so that no button is taken for another. */
void fam_children_name(const struct fam_locale *locale, const Fam__V1__Family *family, const Fam__V1__Child *child,
                       char ret_name[FAM_DETAIL_SIZE])
{
    size_t nameless = 0, place = 0;
    for (size_t i = 0; family && i < family->n_children; i++) {
        nameless += !family->children[i]->name[0];
        if (strcmp(family->children[i]->child_id, child->child_id) == 0) {
            place = nameless;
        }
    }
    if (!child->name[0] && nameless > 1 && place > 0) {
        char number[32];
        snprintf(number, sizeof(number), "%zu", place);
        const struct fam_arg args[] = {{"n", number}};
        fam_locale_format(ret_name, FAM_DETAIL_SIZE, T(locale, "children.no_name_of_several"), args, 1);
        return;
    }
    snprintf(ret_name, FAM_DETAIL_SIZE, "%s", child->name[0] ? child->name : T(locale, "children.no_name"));
}

void fam_children_describe(const struct fam_locale *locale, const Fam__V1__Family *family, const Fam__V1__Child *child,
                           char *ret_text, size_t size)
{
    char years[16], age[64], name[FAM_DETAIL_SIZE];
    snprintf(years, sizeof(years), "%d", child->age_years);
    const struct fam_arg count[] = {{"n", years}};
    fam_locale_format(age, sizeof(age), fam_locale_plural(locale, "years", child->age_years), count, 1);
    fam_children_name(locale, family, child, name);
    const struct fam_arg args[] = {{"name", name}, {"age", age}};
    fam_locale_format(ret_text, size, T(locale, "children.one"), args, 2);
}

static void add_child(struct fam_turn *turn, struct fam_html *html, struct fam_keyboard *keyboard,
                      const Fam__V1__Family *family, const Fam__V1__Child *child)
{
    char text[FAM_DETAIL_SIZE];
    struct fam_uuid id;
    fam_children_describe(turn->locale, family, child, text, sizeof(text));
    fam_html_add(html, "— ");
    fam_html_add(html, text);
    fam_html_end_line(html);
    if (fam_uuid_parse(child->child_id, &id)) {
        fam_keyboard_end_row(keyboard);
        fam_turn_button(turn, keyboard, text, FAM_ACTION_CHILD_CARD, 0, &id);
    }
}

static enum fam_code show_list(struct fam_turn *turn, const Fam__V1__Family *family)
{
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    bool may_add = fam_people_may_change(turn, family) && fam_turn_may_store(turn);
    fam_html_init(&html);
    fam_html_add_bold(&html, T(turn->locale, "children.title"));
    fam_html_end_line(&html);
    for (size_t i = 0; i < family->n_children; i++) {
        add_child(turn, &html, &keyboard, family, family->children[i]);
    }
    if (family->n_children == 0) {
        fam_html_add(&html, T(turn->locale, "children.none"));
    }
    if (may_add && family->n_children < CHILDREN_MAX) {
        fam_keyboard_end_row(&keyboard);
        fam_turn_button(turn, &keyboard, T(turn->locale, "children.add"), FAM_ACTION_ADD_CHILD, 0, NULL);
    }
    return fam_turn_show(turn, &html, &keyboard);
}

enum fam_code fam_children_list(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Family *family = NULL;
    fam_state_leave(&turn->state);
    enum fam_code code = turn->user->family_id[0] ? fam_children_family(turn, &reply, &family) : FAM_OK;
    if (code != FAM_OK) {
        return code;
    }
    /* Who has withdrawn the consent sees and removes what is there: that needs none. */
    if (family &&
        (family->n_children > 0 || !fam_people_may_change(turn, family) || turn->update->kind == FAM_UPDATE_CALLBACK)) {
        return show_list(turn, family);
    }
    turn->keep_pressed = true;
    if (!fam_turn_may_store(turn)) {
        code = fam_turn_say(turn, T(turn->locale, "children.consent_first"));
    }
    return code == FAM_OK ? fam_onboarding_next(turn) : code;
}

enum fam_code fam_children_add(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Family *family = NULL;
    enum fam_code code = fam_children_family(turn, &reply, &family);
    if (code != FAM_OK) {
        return code;
    }
    turn->keep_pressed = true;
    if (family && family->n_children >= CHILDREN_MAX) { /* a button of an older list: said before anything is asked */
        return fam_turn_say(turn, T(turn->locale, "children.full"));
    }
    turn->state.another = true;
    return fam_children_ask_name(turn);
}

/* A wizard waits for text, and needs a session for that. */
static enum fam_code say_later(struct fam_turn *turn)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    fam_html_add(&html, T(turn->locale, "error.later"));
    return fam_turn_show(turn, &html, NULL);
}

enum fam_code fam_children_ask_name(struct fam_turn *turn)
{
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    if (!turn->has_session) {
        return say_later(turn);
    }
    fam_html_init(&html);
    fam_html_add(&html, turn->state.another ? T(turn->locale, "child.name_another") : T(turn->locale, "child.name"));
    fam_turn_button(turn, &keyboard, T(turn->locale, "child.no_name"), FAM_ACTION_NO_NAME, 0, NULL);
    turn->state.step = FAM_STEP_CHILD_NAME;
    turn->state.name[0] = '\0';
    return fam_turn_show(turn, &html, &keyboard);
}

enum fam_code fam_children_ask_birth(struct fam_turn *turn)
{
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    const struct fam_arg args[] = {{"name", turn->state.name}};
    fam_html_init(&html);
    fam_locale_add_html(
        &html, turn->state.name[0] ? T(turn->locale, "child.birth_named") : T(turn->locale, "child.birth"), args, 1);
    for (int age = YOUNGEST; age <= OLDEST; age++) {
        char label[16];
        snprintf(label, sizeof(label), "%d", age);
        fam_turn_button(turn, &keyboard, label, FAM_ACTION_BIRTH, (uint8_t)age, NULL);
    }
    turn->state.step = FAM_STEP_CHILD_BIRTH;
    return fam_turn_show(turn, &html, &keyboard);
}

enum fam_code fam_children_name_text(struct fam_turn *turn, bool *ret_taken)
{
    static const char *const skips[] = {"skip", "пропустить", "Skip", "Пропустить"};
    const char *text = turn->update->text;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(skips) && !*ret_taken; i++) {
        *ret_taken = strcmp(text, skips[i]) == 0;
    }
    if (*ret_taken) {
        turn->state.name[0] = '\0';
    } else {
        *ret_taken = fam_name_parse(text, turn->state.name);
    }
    return *ret_taken ? fam_children_ask_birth(turn) : FAM_OK;
}

/* A button of a step where the conversation does not stand: a second tap, or a session that has expired. Then the
 * question comes again while it is open. */
static enum fam_code resume(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Family *family = NULL;
    if (!turn->has_session) {
        return say_later(turn);
    }
    if (turn->state.step != FAM_STEP_NONE) {
        return FAM_OK;
    }
    enum fam_code code = fam_children_family(turn, &reply, &family);
    if (code != FAM_OK || !family || turn->state.closed_id == turn->update->message_id) {
        return code;
    }
    if (family->n_children > 0) { /* the session is gone, and with it what was told so far */
        turn->keep_pressed = true;
        return fam_people_show(turn, T(turn->locale, "child.lost"), NULL);
    }
    return fam_children_ask_name(turn);
}

enum fam_code fam_children_no_name(struct fam_turn *turn)
{
    if (turn->state.step != FAM_STEP_CHILD_NAME) {
        turn->keep_pressed = true; /* in its own place nobody would see that it is asked again */
        return resume(turn);
    }
    turn->state.name[0] = '\0';
    return fam_children_ask_birth(turn);
}

/* The child is there: say so, answer what was said before, and ask the last thing that the onboarding asks; not below
 * a call for help. */
static enum fam_code welcome(struct fam_turn *turn, const Fam__V1__Child *child)
{
    char text[300];
    bool another = turn->state.another, is_hard = false;
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_children_describe(turn->locale, NULL, child, text, sizeof(text));
    const struct fam_arg args[] = {{"child", text}};
    fam_html_init(&html);
    fam_locale_add_html(&html, another ? T(turn->locale, "child.added") : T(turn->locale, "onboarding.done"), args, 1);
    fam_state_leave(&turn->state);
    if (turn->update->kind == FAM_UPDATE_CALLBACK) {
        turn->state.closed_id = turn->update->message_id;
    }
    enum fam_code code = fam_turn_show(turn, &html, NULL);
    if (code == FAM_OK && turn->draft) {
        code = fam_answer_draft(turn, child);
        is_hard = turn->state.had_safety;
    }
    return code == FAM_OK && !another && !is_hard ? fam_times_offer(turn) : code;
}

static enum fam_code say_and_ask(struct fam_turn *turn, const char *text)
{
    enum fam_code code = fam_turn_say(turn, text);
    turn->keep_pressed = true;
    return code == FAM_OK ? fam_children_ask_birth(turn) : code;
}

static enum fam_code add(struct fam_turn *turn, const struct fam_birth *birth)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Date date = FAM__V1__DATE__INIT;
    Fam__V1__AddChildRequest request = FAM__V1__ADD_CHILD_REQUEST__INIT;
    date.year = birth->year;
    date.month = birth->month;
    date.day = birth->day;
    request.name = turn->state.name;
    request.birth = &date;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_ADD_CHILD, "add_child", &request.base, &reply);
    if (code == FAM_INVALID_ARGUMENT) {
        return say_and_ask(turn, T(turn->locale, "child.range"));
    }
    if (code == FAM_FAILED_PRECONDITION) {
        fam_state_leave(&turn->state);
        return fam_turn_say(turn, T(turn->locale, "children.full"));
    }
    if (code == FAM_NOT_FOUND) {
        fam_state_leave(&turn->state);
        return fam_onboarding_next(turn);
    }
    if (code != FAM_OK) {
        return code;
    }
    const Fam__V1__Child *child = ((const Fam__V1__AddChildResponse *)reply.message)->child;
    return child ? welcome(turn, child) : fam_fail(turn->status, FAM_INTERNAL, "AddChild answers without a child");
}

const char *fam_children_birth_fault(const struct fam_locale *locale, enum fam_birth_parse parsed)
{
    return parsed == FAM_BIRTH_NO_DATE ? T(locale, "child.no_date") : T(locale, "child.range");
}

enum fam_code fam_children_birth_text(struct fam_turn *turn, bool *ret_taken)
{
    struct fam_birth birth;
    enum fam_birth_parse parsed = fam_birth_parse(turn->update->text, turn->dialog->options.wall_ms(), &birth);
    *ret_taken = parsed != FAM_BIRTH_OTHER;
    if (parsed == FAM_BIRTH_RANGE || parsed == FAM_BIRTH_NO_DATE) {
        return say_and_ask(turn, fam_children_birth_fault(turn->locale, parsed));
    }
    return parsed == FAM_BIRTH_GOOD ? add(turn, &birth) : FAM_OK;
}

enum fam_code fam_children_birth(struct fam_turn *turn)
{
    int age = turn->pressed.argument;
    if (turn->state.step != FAM_STEP_CHILD_BIRTH) {
        return resume(turn);
    }
    if (age < YOUNGEST || age > OLDEST) {
        return FAM_OK;
    }
    struct fam_birth birth = {.year = fam_birth_year_of_age(age, turn->dialog->options.wall_ms())};
    return add(turn, &birth);
}
