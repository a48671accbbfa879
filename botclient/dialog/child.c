/* One child: what is known, and changing it: name, birth, what the child is like, special needs; removing. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "dialog/birth.h"
#include "dialog/people.h"

enum { YOUNGEST = 2, OLDEST = 17, TRAITS = 10, TRAIT_ON = 0x80 };

static const char *const trait_keys[TRAITS + 1] = {
    NULL,
    FAM_KEY("trait.active"),
    FAM_KEY("trait.calm"),
    FAM_KEY("trait.shy"),
    FAM_KEY("trait.sociable"),
    FAM_KEY("trait.sensitive"),
    FAM_KEY("trait.anxious"),
    FAM_KEY("trait.stubborn"),
    FAM_KEY("trait.curious"),
    FAM_KEY("trait.dreamy"),
    FAM_KEY("trait.impulsive"),
};

static const char *trait_name(const struct fam_locale *locale, int trait)
{
    return trait >= 1 && trait <= TRAITS ? fam_locale_text(locale, trait_keys[trait]) : "";
}

/* The child of the pressed button, or of the question that waits, in the family that *reply holds then. NULL with
 * FAM_OK: it is gone (the list was shown). */
static enum fam_code find_to_read(struct fam_turn *turn, struct fam_backend_reply *reply, Fam__V1__Child **ret_child,
                                  struct fam_uuid *ret_id)
{
    Fam__V1__Family *family = NULL;
    *ret_child = NULL;
    if (turn->update->kind == FAM_UPDATE_CALLBACK) {
        *ret_id = turn->pressed.entry;
    } else if (!fam_uuid_parse(turn->state.subject, ret_id)) {
        *ret_id = (struct fam_uuid){0};
    }
    enum fam_code code = fam_people_family(turn, reply, &family);
    if (code != FAM_OK || !family) {
        return code;
    }
    char id[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(ret_id, id);
    for (size_t i = 0; i < family->n_children; i++) {
        if (strcmp(family->children[i]->child_id, id) == 0) {
            *ret_child = family->children[i];
        }
    }
    return *ret_child ? FAM_OK : fam_children_list(turn);
}

static const Fam__V1__Family *family_in(const struct fam_backend_reply *reply)
{
    return ((const Fam__V1__GetFamilyResponse *)reply->message)->family;
}

/* The same, of a child that this person may change. NULL with FAM_OK also when they may not (and were told). */
static enum fam_code find(struct fam_turn *turn, struct fam_backend_reply *reply, Fam__V1__Child **ret_child,
                          struct fam_uuid *ret_id)
{
    enum fam_code code = find_to_read(turn, reply, ret_child, ret_id);
    if (code != FAM_OK || !*ret_child || fam_people_may_change(turn, family_in(reply))) {
        return code;
    }
    *ret_child = NULL;
    return fam_people_show(turn, T(turn->locale, "refused.reads_only"), NULL);
}

static void add_birth(const struct fam_turn *turn, struct fam_html *html, const Fam__V1__Child *child)
{
    char year[16], month[16], day[16];
    if (!child->birth || child->birth->year == 0) {
        return;
    }
    snprintf(year, sizeof(year), "%04d", child->birth->year);
    snprintf(month, sizeof(month), "%02d", child->birth->month);
    snprintf(day, sizeof(day), "%02d", child->birth->day);
    const struct fam_arg args[] = {{"year", year}, {"month", month}, {"day", day}};
    char date[64];
    fam_locale_format(date, sizeof(date), child->birth->month > 0 ? T(turn->locale, "moment.day") : "{year}", args, 3);
    const struct fam_arg born[] = {{"date", date}};
    fam_locale_add_html(html, T(turn->locale, "child.born"), born, 1);
    fam_html_end_line(html);
}

static void add_profile(const struct fam_turn *turn, struct fam_html *html, const Fam__V1__Child *child)
{
    char list[FAM_DETAIL_SIZE] = "";
    for (size_t i = 0; i < child->n_traits && i < TRAITS; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof(list) - used, "%s%s", used > 0 ? ", " : "",
                 trait_name(turn->locale, (int)child->traits[i]));
    }
    const struct fam_arg args[] = {
        {"list", list[0] ? list : T(turn->locale, "child.not_told")},
        {"needs", child->special_needs[0] ? child->special_needs : T(turn->locale, "child.not_told")}};
    fam_locale_add_html(html, T(turn->locale, "child.traits"), args, 1);
    fam_html_end_line(html);
    fam_locale_add_html(html, T(turn->locale, "child.special"), args + 1, 1);
}

/* Relatives only read; who has withdrawn the consent may still remove the child. */
static void add_card_buttons(const struct fam_turn *turn, struct fam_keyboard *keyboard, bool may_change,
                             const struct fam_uuid *id)
{
    if (may_change && fam_turn_may_store(turn)) {
        fam_turn_button(turn, keyboard, T(turn->locale, "button.child_name"), FAM_ACTION_CHILD_NAME, 0, id);
        fam_turn_button(turn, keyboard, T(turn->locale, "button.child_birth"), FAM_ACTION_CHILD_BIRTH, 0, id);
        fam_keyboard_end_row(keyboard);
        fam_turn_button(turn, keyboard, T(turn->locale, "button.traits"), FAM_ACTION_TRAIT, 0, id);
        fam_turn_button(turn, keyboard, T(turn->locale, "button.needs"), FAM_ACTION_NEEDS, 0, id);
        fam_keyboard_end_row(keyboard);
    }
    if (may_change) {
        fam_turn_button(turn, keyboard, T(turn->locale, "button.child_remove"), FAM_ACTION_CHILD_REMOVE, 0, id);
    }
    fam_turn_button(turn, keyboard, T(turn->locale, "button.back"), FAM_ACTION_CHILDREN, 0, NULL);
}

/* `family`: where the child belongs to; NULL: this person has just changed the child. */
static enum fam_code show_card(struct fam_turn *turn, const Fam__V1__Family *family, const Fam__V1__Child *child,
                               const struct fam_uuid *id)
{
    char title[FAM_DETAIL_SIZE];
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_children_describe(turn->locale, family, child, title, sizeof(title));
    fam_html_init(&html);
    fam_html_add_bold(&html, title);
    fam_html_end_line(&html);
    add_birth(turn, &html, child);
    add_profile(turn, &html, child);
    add_card_buttons(turn, &keyboard, !family || fam_people_may_change(turn, family), id);
    return fam_turn_show(turn, &html, &keyboard);
}

enum fam_code fam_child_card(struct fam_turn *turn)
{
    struct fam_uuid id;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Child *child;
    enum fam_code code = find_to_read(turn, &reply, &child, &id);
    if (code != FAM_OK || !child) {
        return code;
    }
    fam_state_leave(&turn->state);
    return show_card(turn, family_in(&reply), child, &id);
}

/* UpdateChild, then the card. */
static enum fam_code change(struct fam_turn *turn, Fam__V1__UpdateChildRequest *request, const struct fam_uuid *id)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    char text[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(id, text);
    request->child_id = text;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_UPDATE_CHILD, "child", &request->base, &reply);
    if (code != FAM_OK) {
        return code == FAM_INVALID_ARGUMENT ? code : fam_people_refused(turn, code);
    }
    const Fam__V1__Child *child = ((const Fam__V1__UpdateChildResponse *)reply.message)->child;
    fam_state_leave(&turn->state);
    return child ? show_card(turn, NULL, child, id)
                 : fam_fail(turn->status, FAM_INTERNAL, "UpdateChild answers without a child");
}

/* Begins to wait for a text about this child. */
static void wait_for(struct fam_turn *turn, enum fam_step step, const struct fam_uuid *id)
{
    fam_state_leave(&turn->state);
    turn->state.step = step;
    fam_uuid_format(id, turn->state.subject);
}

/* The steps that ask for a text: `step` for the child that `find` finds. */
static enum fam_code ask(struct fam_turn *turn, enum fam_step step,
                         enum fam_code (*show)(struct fam_turn *turn, const Fam__V1__Child *child,
                                               const struct fam_uuid *id))
{
    struct fam_uuid id;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Child *child;
    enum fam_code code;
    if (!fam_people_can_ask(turn, &code)) {
        return code;
    }
    code = find(turn, &reply, &child, &id);
    if (code != FAM_OK || !child) {
        return code;
    }
    wait_for(turn, step, &id);
    return show(turn, child, &id);
}

static enum fam_code show_name_question(struct fam_turn *turn, const Fam__V1__Child *child, const struct fam_uuid *id)
{
    struct fam_keyboard keyboard = {0};
    (void)child;
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.back"), FAM_ACTION_CHILD_CARD, 0, id);
    return fam_people_show(turn, T(turn->locale, "child.ask_name"), &keyboard);
}

enum fam_code fam_child_ask_name(struct fam_turn *turn)
{
    return ask(turn, FAM_STEP_EDIT_NAME, show_name_question);
}

enum fam_code fam_child_name_again(struct fam_turn *turn)
{
    return fam_child_ask_name(turn);
}

enum fam_code fam_child_name_text(struct fam_turn *turn, bool *ret_taken)
{
    struct fam_uuid id;
    char name[FAM_NAME_SIZE];
    Fam__V1__UpdateChildRequest request = FAM__V1__UPDATE_CHILD_REQUEST__INIT;
    *ret_taken = fam_uuid_parse(turn->state.subject, &id) && fam_name_parse(turn->update->text, name);
    request.name = name;
    return *ret_taken ? change(turn, &request, &id) : FAM_OK;
}

static enum fam_code show_birth_question(struct fam_turn *turn, const Fam__V1__Child *child, const struct fam_uuid *id)
{
    struct fam_keyboard keyboard = {0};
    (void)child;
    for (int age = YOUNGEST; age <= OLDEST; age++) {
        char label[16];
        snprintf(label, sizeof(label), "%d", age);
        fam_turn_button(turn, &keyboard, label, FAM_ACTION_CHILD_BIRTH, (uint8_t)age, id);
    }
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.back"), FAM_ACTION_CHILD_CARD, 0, id);
    return fam_people_show(turn, T(turn->locale, "child.birth"), &keyboard);
}

static enum fam_code set_birth(struct fam_turn *turn, const struct fam_birth *birth, const struct fam_uuid *id)
{
    Fam__V1__Date date = FAM__V1__DATE__INIT;
    Fam__V1__UpdateChildRequest request = FAM__V1__UPDATE_CHILD_REQUEST__INIT;
    date.year = birth->year;
    date.month = birth->month;
    date.day = birth->day;
    request.birth = &date;
    enum fam_code code = change(turn, &request, id);
    return code == FAM_INVALID_ARGUMENT && strcmp(turn->status->reason, "REJECTED") != 0
               ? fam_turn_say(turn, T(turn->locale, "child.range"))
               : code;
}

enum fam_code fam_child_birth_again(struct fam_turn *turn)
{
    return ask(turn, FAM_STEP_EDIT_BIRTH, show_birth_question);
}

enum fam_code fam_child_birth(struct fam_turn *turn)
{
    int age = turn->pressed.argument;
    if (age < YOUNGEST || age > OLDEST) {
        return fam_child_birth_again(turn);
    }
    struct fam_birth birth = {.year = fam_birth_year_of_age(age, turn->dialog->options.wall_ms())};
    return set_birth(turn, &birth, &turn->pressed.entry);
}

enum fam_code fam_child_birth_text(struct fam_turn *turn, bool *ret_taken)
{
    struct fam_birth birth;
    struct fam_uuid id;
    enum fam_birth_parse parsed = fam_birth_parse(turn->update->text, turn->dialog->options.wall_ms(), &birth);
    *ret_taken = parsed != FAM_BIRTH_OTHER && fam_uuid_parse(turn->state.subject, &id);
    if (!*ret_taken) {
        return FAM_OK;
    }
    return parsed == FAM_BIRTH_GOOD ? set_birth(turn, &birth, &id)
                                    : fam_turn_say(turn, fam_children_birth_fault(turn->locale, parsed));
}

static bool has_trait(const Fam__V1__Child *child, int trait)
{
    for (size_t i = 0; i < child->n_traits; i++) {
        if ((int)child->traits[i] == trait) {
            return true;
        }
    }
    return false;
}

/* Each button says what its tap does, so a second tap does nothing more. */
static enum fam_code show_traits(struct fam_turn *turn, const Fam__V1__Child *child, const struct fam_uuid *id)
{
    struct fam_keyboard keyboard = {0};
    for (int trait = 1; trait <= TRAITS; trait++) {
        char label[FAM_BUTTON_LABEL];
        bool is_set = has_trait(child, trait);
        const struct fam_arg args[] = {{"trait", trait_name(turn->locale, trait)}};
        fam_locale_format(label, sizeof(label), is_set ? T(turn->locale, "trait.set") : "{trait}", args, 1);
        if (trait % 2 == 1) {
            fam_keyboard_end_row(&keyboard);
        }
        fam_turn_button(turn, &keyboard, label, FAM_ACTION_TRAIT, (uint8_t)(trait | (is_set ? 0 : TRAIT_ON)), id);
    }
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.done"), FAM_ACTION_CHILD_CARD, 0, id);
    return fam_people_show(turn, T(turn->locale, "child.traits_ask"), &keyboard);
}

static enum fam_code set_trait(struct fam_turn *turn, Fam__V1__Child *child, const struct fam_uuid *id, int trait,
                               bool on)
{
    Fam__V1__Trait traits[TRAITS];
    char text[FAM_UUID_TEXT_SIZE];
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__UpdateChildRequest request = FAM__V1__UPDATE_CHILD_REQUEST__INIT;
    for (int known = 1; known <= TRAITS; known++) {
        if (known == trait ? on : has_trait(child, known)) {
            traits[request.n_traits++] = (Fam__V1__Trait)known;
        }
    }
    fam_uuid_format(id, text);
    request.child_id = text;
    request.traits = traits;
    request.special_needs = child->special_needs;
    request.set_profile = true;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_UPDATE_CHILD, "child", &request.base, &reply);
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    const Fam__V1__Child *changed = ((const Fam__V1__UpdateChildResponse *)reply.message)->child;
    return changed ? show_traits(turn, changed, id)
                   : fam_fail(turn->status, FAM_INTERNAL, "UpdateChild answers without a child");
}

enum fam_code fam_child_trait(struct fam_turn *turn)
{
    struct fam_uuid id;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Child *child;
    int trait = turn->pressed.argument & (TRAIT_ON - 1);
    bool on = turn->pressed.argument & TRAIT_ON;
    enum fam_code code = find(turn, &reply, &child, &id);
    if (code != FAM_OK || !child) {
        return code;
    }
    fam_state_leave(&turn->state);
    if (trait < 1 || trait > TRAITS || has_trait(child, trait) == on) {
        return show_traits(turn, child, &id);
    }
    return set_trait(turn, child, &id, trait, on);
}

static enum fam_code set_needs(struct fam_turn *turn, const Fam__V1__Child *child, const struct fam_uuid *id,
                               const char *needs)
{
    Fam__V1__UpdateChildRequest request = FAM__V1__UPDATE_CHILD_REQUEST__INIT;
    request.traits = child->traits;
    request.n_traits = child->n_traits;
    request.special_needs = (char *)(uintptr_t)needs;
    request.set_profile = true;
    return change(turn, &request, id);
}

static enum fam_code show_needs_question(struct fam_turn *turn, const Fam__V1__Child *child, const struct fam_uuid *id)
{
    struct fam_keyboard keyboard = {0};
    if (child->special_needs[0]) {
        fam_turn_button(turn, &keyboard, T(turn->locale, "button.needs_none"), FAM_ACTION_NEEDS, 1, id);
    }
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.back"), FAM_ACTION_CHILD_CARD, 0, id);
    return fam_people_show(turn, T(turn->locale, "child.needs_ask"), &keyboard);
}

enum fam_code fam_child_needs_again(struct fam_turn *turn)
{
    return ask(turn, FAM_STEP_NEEDS, show_needs_question);
}

enum fam_code fam_child_needs(struct fam_turn *turn)
{
    struct fam_uuid id;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Child *child;
    if (turn->pressed.argument != 1) {
        return fam_child_needs_again(turn);
    }
    enum fam_code code = find(turn, &reply, &child, &id);
    return code == FAM_OK && child ? set_needs(turn, child, &id, "") : code;
}

enum fam_code fam_child_needs_text(struct fam_turn *turn, bool *ret_taken)
{
    struct fam_uuid id;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Child *child;
    *ret_taken = true;
    if (fam_utf8_length(turn->update->text) > FAM_NEEDS_CHARS) {
        return fam_turn_say(turn, T(turn->locale, "child.needs_long"));
    }
    enum fam_code code = find(turn, &reply, &child, &id);
    return code == FAM_OK && child ? set_needs(turn, child, &id, turn->update->text) : code;
}

enum fam_code fam_child_remove(struct fam_turn *turn)
{
    struct fam_uuid id;
    char text[FAM_UUID_TEXT_SIZE], who[FAM_DETAIL_SIZE];
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0}, removed = {0};
    Fam__V1__Child *child;
    enum fam_code code = find(turn, &reply, &child, &id);
    if (code != FAM_OK || !child) {
        return code;
    }
    fam_children_describe(turn->locale, family_in(&reply), child, who, sizeof(who));
    fam_uuid_format(&id, text);
    if (turn->pressed.argument == 1) {
        Fam__V1__RemoveChildRequest request = FAM__V1__REMOVE_CHILD_REQUEST__INIT;
        request.child_id = text;
        code = fam_turn_call(turn, FAM_BACKEND_REMOVE_CHILD, "remove_child", &request.base, &removed);
        return code == FAM_OK ? fam_children_list(turn) : fam_people_refused(turn, code);
    }
    const struct fam_arg args[] = {{"child", who}};
    fam_html_init(&html);
    fam_locale_add_html(&html, T(turn->locale, "child.remove_ask"), args, 1);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.remove_yes"), FAM_ACTION_CHILD_REMOVE, 1, &id);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.back"), FAM_ACTION_CHILD_CARD, 0, &id);
    return fam_turn_show(turn, &html, &keyboard);
}
