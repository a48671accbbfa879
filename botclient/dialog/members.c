/* The members of a family: the list by pages, one of them, removing one. */
#include <stdio.h>
#include <string.h>

#include "dialog/people.h"

enum { SHOW, ASK_REMOVAL, REMOVE };

static const char *role_of(const struct fam_locale *locale, Fam__V1__ParentRole role)
{
    return role == FAM__V1__PARENT_ROLE__PARENT_ROLE_READER ? T(locale, "role.reader") : T(locale, "role.parent");
}

/* Among several others without a name each has a number, so that nobody else is removed. */
static void name_of(const struct fam_turn *turn, const Fam__V1__Family *family, const Fam__V1__Parent *parent,
                    char ret_name[FAM_DETAIL_SIZE])
{
    size_t nameless = 0, place = 0;
    for (size_t i = 0; i < family->n_parents; i++) {
        bool is_other = strcmp(family->parents[i]->user_id, turn->user_id) != 0;
        nameless += is_other && !family->parents[i]->name[0];
        if (is_other && strcmp(family->parents[i]->parent_id, parent->parent_id) == 0) {
            place = nameless;
        }
    }
    if (!parent->name[0] && nameless > 1 && place > 0) {
        char number[32];
        snprintf(number, sizeof(number), "%zu", place);
        const struct fam_arg args[] = {{"n", number}};
        fam_locale_format(ret_name, FAM_DETAIL_SIZE, T(turn->locale, "family.no_name_of_several"), args, 1);
        return;
    }
    snprintf(ret_name, FAM_DETAIL_SIZE, "%s", parent->name[0] ? parent->name : T(turn->locale, "family.no_name"));
}

void fam_member_describe(const struct fam_turn *turn, const Fam__V1__Family *family, const Fam__V1__Parent *parent,
                         char ret_text[FAM_DETAIL_SIZE])
{
    char name[FAM_DETAIL_SIZE];
    name_of(turn, family, parent, name);
    const struct fam_arg args[] = {{"name", name}, {"role", role_of(turn->locale, parent->role)}};
    bool is_self = strcmp(parent->user_id, turn->user_id) == 0;
    fam_locale_format(ret_text, FAM_DETAIL_SIZE,
                      is_self ? T(turn->locale, "family.self") : T(turn->locale, "family.member"), args, 2);
}

static void add_page_buttons(const struct fam_turn *turn, struct fam_keyboard *keyboard, size_t page, size_t pages)
{
    fam_keyboard_end_row(keyboard);
    if (page > 0) {
        fam_turn_button(turn, keyboard, T(turn->locale, "button.previous"), FAM_ACTION_MEMBERS, (uint8_t)(page - 1),
                        NULL);
    }
    if (page + 1 < pages && page < UINT8_MAX) {
        fam_turn_button(turn, keyboard, T(turn->locale, "button.next"), FAM_ACTION_MEMBERS, (uint8_t)(page + 1), NULL);
    }
    fam_turn_button(turn, keyboard, T(turn->locale, "button.back"), FAM_ACTION_FAMILY, 0, NULL);
}

static enum fam_code show_page(struct fam_turn *turn, const Fam__V1__Family *family, size_t page)
{
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    size_t pages = (family->n_parents + FAM_MEMBERS_A_PAGE - 1) / FAM_MEMBERS_A_PAGE;
    page = page < pages ? page : 0;
    fam_html_init(&html);
    fam_html_add_bold(&html, T(turn->locale, "members.title"));
    fam_html_end_line(&html);
    for (size_t i = page * FAM_MEMBERS_A_PAGE; i < family->n_parents && i < (page + 1) * FAM_MEMBERS_A_PAGE; i++) {
        const Fam__V1__Parent *parent = family->parents[i];
        struct fam_uuid id;
        char text[FAM_DETAIL_SIZE];
        fam_member_describe(turn, family, parent, text);
        fam_html_add(&html, "— ");
        fam_html_add(&html, text);
        fam_html_end_line(&html);
        if (fam_people_may_change(turn, family) && strcmp(parent->user_id, turn->user_id) != 0 &&
            fam_uuid_parse(parent->parent_id, &id)) {
            fam_keyboard_end_row(&keyboard);
            fam_turn_button(turn, &keyboard, text, FAM_ACTION_MEMBER, SHOW, &id);
        }
    }
    add_page_buttons(turn, &keyboard, page, pages);
    return fam_turn_show(turn, &html, &keyboard);
}

enum fam_code fam_members_show(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Family *family = NULL;
    enum fam_code code = fam_people_family(turn, &reply, &family);
    return code == FAM_OK && family ? show_page(turn, family, turn->pressed.argument) : code;
}

static const Fam__V1__Parent *find(const Fam__V1__Family *family, const char *id)
{
    for (size_t i = 0; i < family->n_parents; i++) {
        if (strcmp(family->parents[i]->parent_id, id) == 0) {
            return family->parents[i];
        }
    }
    return NULL;
}

static enum fam_code show_one(struct fam_turn *turn, const Fam__V1__Family *family, const Fam__V1__Parent *parent,
                              bool asks)
{
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    char text[FAM_DETAIL_SIZE], name[FAM_DETAIL_SIZE];
    fam_member_describe(turn, family, parent, text);
    name_of(turn, family, parent, name);
    const struct fam_arg args[] = {{"name", name}};
    fam_html_init(&html);
    if (asks) {
        fam_locale_add_html(&html, T(turn->locale, "members.remove_ask"), args, 1);
        fam_turn_button(turn, &keyboard, T(turn->locale, "button.remove_yes"), FAM_ACTION_MEMBER, REMOVE,
                        &turn->pressed.entry);
    } else {
        fam_html_add(&html, text);
        fam_turn_button(turn, &keyboard, T(turn->locale, "button.remove_member"), FAM_ACTION_MEMBER, ASK_REMOVAL,
                        &turn->pressed.entry);
    }
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.back"), FAM_ACTION_MEMBERS, 0, NULL);
    return fam_turn_show(turn, &html, &keyboard);
}

static enum fam_code remove_member(struct fam_turn *turn, char *parent_id)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__RemoveParentRequest request = FAM__V1__REMOVE_PARENT_REQUEST__INIT;
    struct fam_keyboard keyboard = {0};
    request.parent_id = parent_id;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_REMOVE_PARENT, "remove_parent", &request.base, &reply);
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.family"), FAM_ACTION_FAMILY, 0, NULL);
    return fam_people_show(turn, T(turn->locale, "members.removed"), &keyboard);
}

enum fam_code fam_member_press(struct fam_turn *turn)
{
    char id[FAM_UUID_TEXT_SIZE];
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Family *family = NULL;
    enum fam_code code = fam_people_family(turn, &reply, &family);
    if (code != FAM_OK || !family) {
        return code;
    }
    fam_uuid_format(&turn->pressed.entry, id);
    const Fam__V1__Parent *parent = find(family, id);
    if (!parent) { /* gone: a second tap, or somebody else was faster */
        return show_page(turn, family, 0);
    }
    return turn->pressed.argument == REMOVE ? remove_member(turn, id)
                                            : show_one(turn, family, parent, turn->pressed.argument == ASK_REMOVAL);
}
