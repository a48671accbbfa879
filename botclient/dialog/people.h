/* people.h: conversations about people: the family and its members, invitations, children, settings, consents, words to
 * the operators. See turn.h for how they are called; private to dialog/. */
#ifndef FAM_DIALOG_PEOPLE_H
#define FAM_DIALOG_PEOPLE_H

#include "dialog/birth.h"
#include "dialog/turn.h"

enum {
    FAM_PLACE_ASK = 253, /* argument of a button for a country: asks; beside FAM_COUNTRY_OTHER and _NONE */
    FAM_FEEDBACK_CHARS = 2000,
    FAM_NEEDS_CHARS = 500,
    FAM_MEMBERS_A_PAGE = 8
};

/* refusals.c: what the server does not allow, in words. */
/* Tells the person why, in place of the pressed message, and returns FAM_OK; any other code (the server is away) is
 * passed on. */
enum fam_code fam_people_refused(struct fam_turn *turn, enum fam_code code);
/* A limit is reached: until when, by the family's clock when it is known ("после 18:40"). */
enum fam_code fam_people_say_limit(struct fam_turn *turn, uint32_t wait_ms);
/* Shows a text, with a keyboard that may be NULL. */
enum fam_code fam_people_show(struct fam_turn *turn, const char *text, const struct fam_keyboard *keyboard);
/* A wizard waits for text, and needs a session for that: false, and the person was told (*ret_code). */
bool fam_people_can_ask(struct fam_turn *turn, enum fam_code *ret_code);
/* The person's family. NULL with FAM_OK: there is none, and the person was asked for what is missing. */
enum fam_code fam_people_family(struct fam_turn *turn, struct fam_backend_reply *ret_reply,
                                Fam__V1__Family **ret_family);
/* The acting user's own row of the family, NULL when there is none (a race with a removal). */
const Fam__V1__Parent *fam_people_self(const struct fam_turn *turn, const Fam__V1__Family *family);
bool fam_people_may_change(const struct fam_turn *turn, const Fam__V1__Family *family);

/* family.c */
enum fam_code fam_family_command(struct fam_turn *turn);
enum fam_code fam_family_show(struct fam_turn *turn);
enum fam_code fam_family_leave(struct fam_turn *turn);
enum fam_code fam_family_ask_name(struct fam_turn *turn);
enum fam_code fam_family_name_text(struct fam_turn *turn, bool *ret_taken);
/* members.c */
enum fam_code fam_members_show(struct fam_turn *turn);
enum fam_code fam_member_press(struct fam_turn *turn);
/* "Анна (это вы), родитель"; "без имени 2, родитель" when several others have no name. */
void fam_member_describe(const struct fam_turn *turn, const Fam__V1__Family *family, const Fam__V1__Parent *parent,
                         char ret_text[FAM_DETAIL_SIZE]);

/* invites.c */
/* Is it "/start CODE" with the form of an invitation? */
bool fam_invite_in_text(const char *text, struct fam_uuid *ret_code);
/* Does anything stand behind the command? */
bool fam_invite_has_payload(const char *text);
/* *ret_good is false when the person was told that the code leads nowhere. */
enum fam_code fam_invite_preview(struct fam_turn *turn, const struct fam_uuid *code, bool *ret_good);
enum fam_code fam_invite_join(struct fam_turn *turn);
enum fam_code fam_invite_make(struct fam_turn *turn);
enum fam_code fam_invites_show(struct fam_turn *turn);
enum fam_code fam_invite_revoke(struct fam_turn *turn);

/* places.c */
enum fam_code fam_places_family_country(struct fam_turn *turn);
enum fam_code fam_places_ask_family_country(struct fam_turn *turn);
enum fam_code fam_places_family_country_text(struct fam_turn *turn, bool *ret_taken);
enum fam_code fam_places_my_country(struct fam_turn *turn);
enum fam_code fam_places_ask_my_country(struct fam_turn *turn);
enum fam_code fam_places_my_country_text(struct fam_turn *turn, bool *ret_taken);
enum fam_code fam_places_zone(struct fam_turn *turn);
enum fam_code fam_places_ask_zone(struct fam_turn *turn);
enum fam_code fam_places_zone_text(struct fam_turn *turn, bool *ret_taken);

/* children.c: why a birth is not taken, RANGE or NO_DATE, in words. */
const char *fam_children_birth_fault(const struct fam_locale *locale, enum fam_birth_parse parsed);

/* child.c: one child. */
enum fam_code fam_child_card(struct fam_turn *turn);
enum fam_code fam_child_ask_name(struct fam_turn *turn);
enum fam_code fam_child_name_again(struct fam_turn *turn);
enum fam_code fam_child_name_text(struct fam_turn *turn, bool *ret_taken);
enum fam_code fam_child_birth(struct fam_turn *turn);
enum fam_code fam_child_birth_again(struct fam_turn *turn);
enum fam_code fam_child_birth_text(struct fam_turn *turn, bool *ret_taken);
enum fam_code fam_child_trait(struct fam_turn *turn);
enum fam_code fam_child_needs(struct fam_turn *turn);
enum fam_code fam_child_needs_again(struct fam_turn *turn);
enum fam_code fam_child_needs_text(struct fam_turn *turn, bool *ret_taken);
enum fam_code fam_child_remove(struct fam_turn *turn);

/* settings.c, consents.c */
enum fam_code fam_settings_command(struct fam_turn *turn);
enum fam_code fam_settings_show(struct fam_turn *turn);
enum fam_code fam_settings_switch(struct fam_turn *turn);
enum fam_code fam_settings_retention(struct fam_turn *turn);
enum fam_code fam_settings_languages(struct fam_turn *turn);
enum fam_code fam_settings_ask_my_name(struct fam_turn *turn);
enum fam_code fam_settings_my_name_text(struct fam_turn *turn, bool *ret_taken);
enum fam_code fam_consents_press(struct fam_turn *turn);
enum fam_code fam_consents_show(struct fam_turn *turn);
/* SetConsent, and the person as they are then. */
enum fam_code fam_consents_set(struct fam_turn *turn, Fam__V1__ConsentPurpose purpose, bool granted);

/* feedback.c */
enum fam_code fam_feedback_command(struct fam_turn *turn);
enum fam_code fam_feedback_ask(struct fam_turn *turn);
enum fam_code fam_feedback_rate(struct fam_turn *turn);
enum fam_code fam_feedback_text(struct fam_turn *turn, bool *ret_taken);

#endif
