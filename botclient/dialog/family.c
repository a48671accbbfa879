/* /family: who is in it, where it lives; its name; leaving it. */
#include <stdio.h>
#include <string.h>

#include "dialog/birth.h"
#include "dialog/countries.h"
#include "dialog/people.h"
#include "dialog/zones.h"

static void add_line(struct fam_html *html, const char *text)
{
    fam_html_add(html, "— ");
    fam_html_add(html, text);
    fam_html_end_line(html);
}

static void add_members(const struct fam_turn *turn, struct fam_html *html, const Fam__V1__Family *family)
{
    for (size_t i = 0; i < family->n_parents && i < FAM_MEMBERS_A_PAGE; i++) {
        char text[FAM_DETAIL_SIZE];
        fam_member_describe(turn, family, family->parents[i], text);
        add_line(html, text);
    }
    if (family->n_parents > FAM_MEMBERS_A_PAGE) {
        char number[32];
        snprintf(number, sizeof(number), "%zu", family->n_parents - FAM_MEMBERS_A_PAGE);
        const struct fam_arg args[] = {{"n", number}};
        fam_locale_add_html(html, T(turn->locale, "family.more"), args, 1);
        fam_html_end_line(html);
    }
}

static void add_children(const struct fam_turn *turn, struct fam_html *html, const Fam__V1__Family *family)
{
    if (family->n_children == 0) {
        return;
    }
    fam_html_end_paragraph(html);
    fam_html_add_bold(html, T(turn->locale, "family.children"));
    fam_html_end_line(html);
    for (size_t i = 0; i < family->n_children; i++) {
        char text[FAM_DETAIL_SIZE];
        fam_children_describe(turn->locale, family, family->children[i], text, sizeof(text));
        add_line(html, text);
    }
}

static void add_place(const struct fam_turn *turn, struct fam_html *html, const Fam__V1__Family *family)
{
    char zone[FAM_ZONE_SIZE];
    bool told = family->country[0] && strcmp(family->country, "ZZ") != 0;
    fam_zone_name(turn->locale, family->time_zone, zone);
    const struct fam_arg args[] = {
        {"country", told ? fam_country_name(turn->locale, family->country) : T(turn->locale, "family.not_told")},
        {"zone", zone}};
    fam_html_end_paragraph(html);
    fam_locale_add_html(html, T(turn->locale, "family.place"), args, 2);
}

static void lay_out(const struct fam_turn *turn, struct fam_html *html, const Fam__V1__Family *family)
{
    const struct fam_arg args[] = {{"name", family->name}};
    char title[FAM_DETAIL_SIZE];
    fam_locale_format(title, sizeof(title),
                      family->name[0] ? T(turn->locale, "family.title_named") : T(turn->locale, "family.title"), args,
                      1);
    fam_html_add_bold(html, title);
    fam_html_end_line(html);
    add_members(turn, html, family);
    add_children(turn, html, family);
    add_place(turn, html, family);
    if (!fam_people_may_change(turn, family)) {
        fam_html_end_paragraph(html);
        fam_html_add(html, T(turn->locale, "family.reader"));
    }
}

static void add_buttons(const struct fam_turn *turn, struct fam_keyboard *keyboard, const Fam__V1__Family *family)
{
    if (fam_people_may_change(turn, family)) {
        fam_turn_button(turn, keyboard, T(turn->locale, "button.invite"), FAM_ACTION_INVITE, 0, NULL);
        fam_turn_button(turn, keyboard, T(turn->locale, "button.invites"), FAM_ACTION_INVITES, 0, NULL);
        fam_keyboard_end_row(keyboard);
        fam_turn_button(turn, keyboard, T(turn->locale, "button.family_name"), FAM_ACTION_FAMILY_NAME, 0, NULL);
        fam_turn_button(turn, keyboard, T(turn->locale, "button.country"), FAM_ACTION_FAMILY_COUNTRY, FAM_PLACE_ASK,
                        NULL);
        fam_turn_button(turn, keyboard, T(turn->locale, "button.zone"), FAM_ACTION_ZONE,
                        (uint8_t)(0x80 | fam_zone_first_page(fam_locale_which(turn->locale))), NULL);
        fam_keyboard_end_row(keyboard);
    }
    fam_turn_button(turn, keyboard, T(turn->locale, "button.children"), FAM_ACTION_CHILDREN, 0, NULL);
    if (family->n_parents > 1) {
        fam_turn_button(turn, keyboard, T(turn->locale, "button.members"), FAM_ACTION_MEMBERS, 0, NULL);
        fam_turn_button(turn, keyboard, T(turn->locale, "button.leave"), FAM_ACTION_LEAVE, 0, NULL);
    }
}

enum fam_code fam_family_show(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    Fam__V1__Family *family = NULL;
    enum fam_code code = fam_people_family(turn, &reply, &family);
    if (code != FAM_OK || !family) {
        return code;
    }
    fam_html_init(&html);
    lay_out(turn, &html, family);
    add_buttons(turn, &keyboard, family);
    return fam_turn_show(turn, &html, &keyboard);
}

enum fam_code fam_family_command(struct fam_turn *turn)
{
    fam_state_leave(&turn->state);
    return fam_family_show(turn);
}

static enum fam_code ask_whether_to_leave(struct fam_turn *turn)
{
    struct fam_keyboard keyboard = {0};
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.leave_yes"), FAM_ACTION_LEAVE, 1, NULL);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.back"), FAM_ACTION_FAMILY, 0, NULL);
    return fam_people_show(turn, T(turn->locale, "family.leave_ask"), &keyboard);
}

enum fam_code fam_family_leave(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__LeaveFamilyRequest request = FAM__V1__LEAVE_FAMILY_REQUEST__INIT;
    if (turn->pressed.argument != 1) {
        return ask_whether_to_leave(turn);
    }
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_LEAVE_FAMILY, "leave", &request.base, &reply);
    if (code != FAM_OK && code != FAM_NOT_FOUND) { /* a second tap: has left already */
        return fam_people_refused(turn, code);
    }
    fam_state_leave(&turn->state);
    return fam_people_show(turn, T(turn->locale, "family.left"), NULL);
}

enum fam_code fam_family_ask_name(struct fam_turn *turn)
{
    enum fam_code code;
    if (!fam_people_can_ask(turn, &code)) {
        return code;
    }
    fam_state_leave(&turn->state);
    turn->state.step = FAM_STEP_FAMILY_NAME;
    turn->keep_pressed = true;
    return fam_people_show(turn, T(turn->locale, "family.ask_name"), NULL);
}

enum fam_code fam_family_name_text(struct fam_turn *turn, bool *ret_taken)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__UpdateFamilyRequest request = FAM__V1__UPDATE_FAMILY_REQUEST__INIT;
    char name[FAM_NAME_SIZE];
    *ret_taken = fam_name_parse(turn->update->text, name);
    if (!*ret_taken) {
        return FAM_OK;
    }
    request.name = name;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_UPDATE_FAMILY, "family", &request.base, &reply);
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    fam_state_leave(&turn->state);
    return fam_family_show(turn);
}
