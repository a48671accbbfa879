/* Invitations: making a link, the open ones, and what becomes of somebody who comes by a link.
 *
 * The code of a link is 16 bytes in base64url, which is what a button has room for. So a newcomer's way (preview →
 * consent → joining) stands in the buttons alone, and neither a restart nor a lost session loses it; and nobody joins
 * without having pressed "accept" under the very family's name. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "dialog/people.h"
#include "dialog/zones.h"

enum { CODE_CHARS = 22, CODE_SIZE = CODE_CHARS + 1, INVITES_SHOWN = 20 };
enum join_step { DECLINE, ACCEPT, CONSENT_AND_JOIN };

bool fam_invite_in_text(const char *text, struct fam_uuid *ret_code)
{
    size_t command = strcspn(text, " "), size = 0;
    if (strncmp(text, "/start", 6) != 0 || (command != 6 && text[6] != '@') || text[command] != ' ') {
        return false;
    }
    const char *payload = text + command + strspn(text + command, " ");
    size_t length = strcspn(payload, " \n\t");
    return length == CODE_CHARS && payload[length] == '\0' &&
           sodium_base642bin(ret_code->bytes, sizeof(ret_code->bytes), payload, length, NULL, &size, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           size == sizeof(ret_code->bytes);
}

bool fam_invite_has_payload(const char *text)
{
    const char *payload = text + strcspn(text, " \n\t");
    return payload[strspn(payload, " \n\t")] != '\0';
}

static void code_text(const struct fam_uuid *code, char ret_text[CODE_SIZE])
{
    sodium_bin2base64(ret_text, CODE_SIZE, code->bytes, sizeof(code->bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static const char *role_text(const struct fam_locale *locale, Fam__V1__ParentRole role)
{
    return role == FAM__V1__PARENT_ROLE__PARENT_ROLE_READER ? T(locale, "invite.as_reader")
                                                            : T(locale, "invite.as_parent");
}

/* A code that leads nowhere: unknown, used, revoked, too old, all the same. */
static enum fam_code refuse(struct fam_turn *turn, enum fam_code code)
{
    if (code == FAM_NOT_FOUND || code == FAM_INVALID_ARGUMENT) {
        return fam_people_show(turn, T(turn->locale, "invite.unknown"), NULL);
    }
    return fam_people_refused(turn, code);
}

static enum fam_code show_preview(struct fam_turn *turn, const struct fam_uuid *code,
                                  const Fam__V1__PreviewInviteResponse *preview)
{
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    const char *inviter = preview->inviter_name[0] ? preview->inviter_name : T(turn->locale, "invite.somebody");
    const struct fam_arg args[] = {{"inviter", inviter}, {"family", preview->family_name}};
    fam_html_init(&html);
    fam_locale_add_html(
        &html, preview->family_name[0] ? T(turn->locale, "invite.preview_named") : T(turn->locale, "invite.preview"),
        args, 2);
    fam_html_end_paragraph(&html);
    fam_html_add(&html, role_text(turn->locale, preview->role));
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.accept"), FAM_ACTION_JOIN, ACCEPT, code);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.decline"), FAM_ACTION_JOIN, DECLINE, code);
    return fam_turn_show(turn, &html, &keyboard);
}

/* In a family that is to be left first. Who is alone in one without children comes out of it by coming into another. */
static bool is_bound(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Family *family = NULL;
    struct fam_status before = *turn->status;
    if (!turn->user->family_id[0]) {
        return false;
    }
    /* The server has the last word; without an answer it is left to it. */
    bool known = fam_children_family(turn, &reply, &family) == FAM_OK && family;
    *turn->status = before;
    return known && (family->n_parents > 1 || family->n_children > 0);
}

enum fam_code fam_invite_preview(struct fam_turn *turn, const struct fam_uuid *code, bool *ret_good)
{
    char text[CODE_SIZE];
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__PreviewInviteRequest request = FAM__V1__PREVIEW_INVITE_REQUEST__INIT;
    *ret_good = true;
    fam_state_leave(&turn->state);
    if (is_bound(turn)) {
        return fam_people_show(turn, T(turn->locale, "invite.has_family"), NULL);
    }
    code_text(code, text);
    request.code = text;
    enum fam_code result = fam_turn_call(turn, FAM_BACKEND_PREVIEW_INVITE, NULL, &request.base, &reply);
    sodium_memzero(text, sizeof(text));
    if (result != FAM_OK) {
        *ret_good = result != FAM_NOT_FOUND && result != FAM_INVALID_ARGUMENT;
        return refuse(turn, result);
    }
    return show_preview(turn, code, (const Fam__V1__PreviewInviteResponse *)reply.message);
}

static enum fam_code welcome(struct fam_turn *turn, const Fam__V1__Family *family)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    const struct fam_arg args[] = {{"name", family && family->name[0] ? family->name : ""}};
    bool reads = family && !fam_people_may_change(turn, family);
    fam_html_init(&html);
    fam_locale_add_html(
        &html, family && family->name[0] ? T(turn->locale, "invite.joined_named") : T(turn->locale, "invite.joined"),
        args, 1);
    fam_html_end_paragraph(&html);
    fam_html_add(&html, reads ? T(turn->locale, "invite.next_reader") : T(turn->locale, "invite.next_parent"));
    enum fam_code code = fam_turn_show(turn, &html, NULL);
    if (code == FAM_OK) {
        code = fam_turn_begin_again(turn);
    }
    bool is_open = !turn->user->country[0] || fam_turn_consent(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI) < 0;
    turn->keep_pressed = true;
    return code == FAM_OK && is_open ? fam_onboarding_next(turn) : code;
}

static enum fam_code join(struct fam_turn *turn)
{
    char text[CODE_SIZE];
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__JoinFamilyRequest request = FAM__V1__JOIN_FAMILY_REQUEST__INIT;
    code_text(&turn->pressed.entry, text);
    request.code = text;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_JOIN_FAMILY, "join", &request.base, &reply);
    sodium_memzero(text, sizeof(text));
    if (code != FAM_OK) {
        return refuse(turn, code);
    }
    return welcome(turn, ((const Fam__V1__JoinFamilyResponse *)reply.message)->family);
}

static enum fam_code ask_consent(struct fam_turn *turn)
{
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    fam_html_add(&html, T(turn->locale, "invite.consent_first"));
    fam_html_end_paragraph(&html);
    fam_html_add(&html, T(turn->locale, "consent.processing"));
    fam_turn_button(turn, &keyboard, T(turn->locale, "consent.yes"), FAM_ACTION_JOIN, CONSENT_AND_JOIN,
                    &turn->pressed.entry);
    fam_turn_button(turn, &keyboard, T(turn->locale, "consent.no"), FAM_ACTION_JOIN, DECLINE, &turn->pressed.entry);
    return fam_turn_show(turn, &html, &keyboard);
}

enum fam_code fam_invite_join(struct fam_turn *turn)
{
    enum fam_code code = FAM_OK;
    bool consents = fam_turn_consent(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING) == 1;
    fam_state_leave(&turn->state);
    if (is_bound(turn)) { /* a second tap, too */
        return fam_family_show(turn);
    }
    switch (turn->pressed.argument) {
    case ACCEPT:
        return consents ? join(turn) : ask_consent(turn);
    case CONSENT_AND_JOIN:
        if (!consents) {
            code = fam_consents_set(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, true);
        }
        return code == FAM_OK ? join(turn) : code;
    default:
        return fam_people_show(turn, T(turn->locale, "invite.declined"), NULL);
    }
}

static enum fam_code ask_role(struct fam_turn *turn)
{
    struct fam_keyboard keyboard = {0};
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.as_parent"), FAM_ACTION_INVITE,
                    FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT, NULL);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.as_reader"), FAM_ACTION_INVITE,
                    FAM__V1__PARENT_ROLE__PARENT_ROLE_READER, NULL);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.back"), FAM_ACTION_FAMILY, 0, NULL);
    /* A message of its own, which becomes the link and is used once: so a double tap makes one invitation. */
    turn->keep_pressed = true;
    return fam_people_show(turn, T(turn->locale, "invite.ask_role"), &keyboard);
}

/* The zone of the family, else UTC. */
static void read_zone(struct fam_turn *turn, char ret_zone[FAM_ZONE_SIZE])
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Family *family = NULL;
    struct fam_status before = *turn->status;
    bool known = fam_children_family(turn, &reply, &family) == FAM_OK && family;
    snprintf(ret_zone, FAM_ZONE_SIZE, "%s", known ? family->time_zone : "");
    *turn->status = before;
}

static enum fam_code show_link(struct fam_turn *turn, const char *bot_name, const Fam__V1__CreateInviteResponse *made)
{
    char link[FAM_USERNAME_SIZE + CODE_SIZE + 32], zone[FAM_ZONE_SIZE], until[FAM_MOMENT_SIZE];
    struct fam_keyboard keyboard = {0};
    struct fam_uuid id;
    fam_auto(fam_html_done) struct fam_html html = {0};
    read_zone(turn, zone);
    fam_zone_moment(turn->locale, zone, made->invite->expires_at_ms, until);
    snprintf(link, sizeof(link), "https://t.me/%s?start=%s", bot_name, made->code);
    const struct fam_arg args[] = {{"link", link}, {"until", until}};
    fam_html_init(&html);
    fam_locale_add_html(&html,
                        made->invite->role == FAM__V1__PARENT_ROLE__PARENT_ROLE_READER
                            ? T(turn->locale, "invite.link_reader")
                            : T(turn->locale, "invite.link_parent"),
                        args, 2);
    if (fam_uuid_parse(made->invite->invite_id, &id)) {
        fam_turn_button(turn, &keyboard, T(turn->locale, "button.revoke"), FAM_ACTION_REVOKE, 1, &id);
    }
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.invites"), FAM_ACTION_INVITES, 1, NULL);
    return fam_turn_show(turn, &html, &keyboard);
}

enum fam_code fam_invite_make(struct fam_turn *turn)
{
    char bot_name[FAM_USERNAME_SIZE], key[64];
    const struct fam_dialog_options *options = &turn->dialog->options;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__CreateInviteRequest request = FAM__V1__CREATE_INVITE_REQUEST__INIT;
    if (turn->pressed.argument != FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT &&
        turn->pressed.argument != FAM__V1__PARENT_ROLE__PARENT_ROLE_READER) {
        return ask_role(turn);
    }
    if (!options->username) {
        return fam_people_show(turn, T(turn->locale, "error.sorry"), NULL);
    }
    enum fam_code code = options->username(options->self, bot_name, turn->status);
    if (code != FAM_OK) {
        return code;
    }
    request.role = (Fam__V1__ParentRole)turn->pressed.argument;
    snprintf(key, sizeof(key), "invite_%d", (int)request.role);
    code = fam_turn_call_once(turn, FAM_BACKEND_CREATE_INVITE, key, &request.base, &reply);
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    const Fam__V1__CreateInviteResponse *made = (const Fam__V1__CreateInviteResponse *)reply.message;
    return made->invite ? show_link(turn, bot_name, made)
                        : fam_fail(turn->status, FAM_INTERNAL, "CreateInvite answers without an invitation");
}

static void add_invite(struct fam_turn *turn, struct fam_html *html, struct fam_keyboard *keyboard,
                       const Fam__V1__Invite *invite, size_t number, const char *zone)
{
    char until[FAM_MOMENT_SIZE], place[32], label[FAM_BUTTON_LABEL];
    struct fam_uuid id;
    snprintf(place, sizeof(place), "%zu", number);
    fam_zone_moment(turn->locale, zone, invite->expires_at_ms, until);
    const struct fam_arg args[] = {{"n", place}, {"until", until}};
    fam_locale_add_html(html,
                        invite->role == FAM__V1__PARENT_ROLE__PARENT_ROLE_READER ? T(turn->locale, "invite.row_reader")
                                                                                 : T(turn->locale, "invite.row_parent"),
                        args, 2);
    fam_html_end_line(html);
    if (fam_uuid_parse(invite->invite_id, &id)) {
        fam_locale_format(label, sizeof(label), T(turn->locale, "button.revoke_one"), args, 2);
        fam_turn_button(turn, keyboard, label, FAM_ACTION_REVOKE, 0, &id);
    }
}

enum fam_code fam_invites_show(struct fam_turn *turn)
{
    char zone[FAM_ZONE_SIZE];
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__ListInvitesRequest request = FAM__V1__LIST_INVITES_REQUEST__INIT;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_LIST_INVITES, NULL, &request.base, &reply);
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    const Fam__V1__ListInvitesResponse *list = (const Fam__V1__ListInvitesResponse *)reply.message;
    turn->keep_pressed = turn->pressed.action == FAM_ACTION_INVITES && turn->pressed.argument == 1;
    read_zone(turn, zone);
    fam_html_init(&html);
    fam_html_add(&html, list->n_invites > 0 ? T(turn->locale, "invite.list") : T(turn->locale, "invite.none"));
    fam_html_end_paragraph(&html);
    for (size_t i = 0; i < list->n_invites && i < INVITES_SHOWN; i++) {
        add_invite(turn, &html, &keyboard, list->invites[i], i + 1, zone);
    }
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.invite"), FAM_ACTION_INVITE, 0, NULL);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.back"), FAM_ACTION_FAMILY, 0, NULL);
    return fam_turn_show(turn, &html, &keyboard);
}

enum fam_code fam_invite_revoke(struct fam_turn *turn)
{
    char id[FAM_UUID_TEXT_SIZE];
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__RevokeInviteRequest request = FAM__V1__REVOKE_INVITE_REQUEST__INIT;
    fam_uuid_format(&turn->pressed.entry, id);
    request.invite_id = id;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_REVOKE_INVITE, "revoke", &request.base, &reply);
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    return turn->pressed.argument == 1 ? fam_people_show(turn, T(turn->locale, "invite.revoked"), NULL)
                                       : fam_invites_show(turn);
}
