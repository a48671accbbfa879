/* /settings: what a person and a family have chosen, each changed by one tap; /help, /cancel, /language. */
#include <stdio.h>
#include <string.h>

#include "dialog/birth.h"
#include "dialog/checkin.h"
#include "dialog/countries.h"
#include "dialog/people.h"
#include "dialog/times.h"
#include "dialog/zones.h"

/* Of FAM_ACTION_SWITCH: twice this, plus one for on. Never renumbered. */
enum setting { SETTING_SHARE = 1, SETTING_FOLLOW_UP, SETTING_FAMILY_AI, SETTING_AI, SETTING_NOTIFICATIONS };
enum { ASK_CONSENT = 0x40, RETENTIONS = 4, DEFAULT_DAYS = 90 };

static const int retentions[RETENTIONS] = {30, 90, 180, 365};

enum fam_code fam_settings_help(struct fam_turn *turn)
{
    return fam_turn_say(turn, T(turn->locale, "help.text"));
}

enum fam_code fam_settings_cancel(struct fam_turn *turn)
{
    const char *text = fam_checkin_is_asked(turn)          ? T(turn->locale, "cancel.checkin")
                       : turn->state.step != FAM_STEP_NONE ? T(turn->locale, "cancel.done")
                                                           : T(turn->locale, "cancel.nothing");
    fam_state_leave(&turn->state);
    return fam_turn_say(turn, text);
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
    return fam_turn_show(turn, &html, &keyboard);
}

enum fam_code fam_settings_languages(struct fam_turn *turn)
{
    return fam_settings_ask_language(turn);
}

static const char *on_or_off(const struct fam_locale *locale, bool on)
{
    return on ? T(locale, "settings.on") : T(locale, "settings.off");
}

static void add_line(const struct fam_turn *turn, struct fam_html *html, const char *text, const char *value)
{
    const struct fam_arg args[] = {{"value", value}};
    (void)turn;
    fam_locale_add_html(html, text, args, 1);
    fam_html_end_line(html);
}

static void days_text(const struct fam_locale *locale, int days, char ret_text[64])
{
    char number[32];
    snprintf(number, sizeof(number), "%d", days);
    const struct fam_arg args[] = {{"n", number}};
    fam_locale_format(ret_text, 64, fam_locale_plural(locale, "days", days), args, 1);
}

static const char *own_language(const struct fam_turn *turn)
{
    for (size_t i = 0; i < fam_locale_count(); i++) {
        if (fam_locale_language(i) == fam_locale_which(turn->locale)) {
            return fam_locale_own_name(i);
        }
    }
    return "";
}

static bool consents(const struct fam_turn *turn, Fam__V1__ConsentPurpose purpose)
{
    return fam_turn_consent(turn, purpose) == 1;
}

/* How it went is asked in a message of ours, which needs the consent to messages too. */
static bool is_asked_later(const struct fam_turn *turn)
{
    return !turn->user->no_follow_up && consents(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS);
}

static void add_own(const struct fam_turn *turn, struct fam_html *html)
{
    const Fam__V1__User *user = turn->user;
    bool told = user->country[0] && strcmp(user->country, "ZZ") != 0;
    const char *none = T(turn->locale, "family.not_told");
    add_line(turn, html, T(turn->locale, "settings.language"), own_language(turn));
    add_line(turn, html, T(turn->locale, "settings.country"),
             told ? fam_country_name(turn->locale, user->country) : none);
    add_line(turn, html, T(turn->locale, "settings.name"), user->name[0] ? user->name : none);
    add_line(turn, html, T(turn->locale, "settings.ai"),
             on_or_off(turn->locale, consents(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI)));
    add_line(turn, html, T(turn->locale, "settings.share"), on_or_off(turn->locale, user->share_entries));
    add_line(turn, html, T(turn->locale, "settings.follow_up"), on_or_off(turn->locale, is_asked_later(turn)));
    add_line(turn, html, T(turn->locale, "settings.notifications"),
             on_or_off(turn->locale, consents(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS)));
}

static void add_of_family(const struct fam_turn *turn, struct fam_html *html, const Fam__V1__Family *family)
{
    char days[64], zone[FAM_ZONE_SIZE];
    fam_html_end_paragraph(html);
    fam_html_add_bold(html, T(turn->locale, "settings.of_family"));
    fam_html_end_line(html);
    days_text(turn->locale, family->retention_days > 0 ? family->retention_days : DEFAULT_DAYS, days);
    fam_zone_name(turn->locale, family->time_zone, zone);
    add_line(turn, html, T(turn->locale, "settings.family_ai"), on_or_off(turn->locale, !family->no_ai));
    add_line(turn, html, T(turn->locale, "settings.retention"), days);
    add_line(turn, html, T(turn->locale, "settings.zone"), zone);
}

/* "Show to my family: turn on", and the tap that does it. */
static void add_switch(const struct fam_turn *turn, struct fam_keyboard *keyboard, enum setting setting, bool is_on,
                       const char *turn_on, const char *turn_off)
{
    fam_keyboard_end_row(keyboard);
    fam_turn_button(turn, keyboard, is_on ? turn_off : turn_on, FAM_ACTION_SWITCH,
                    (uint8_t)(2 * setting + (is_on ? 0 : 1)), NULL);
}

static void add_own_buttons(const struct fam_turn *turn, struct fam_keyboard *keyboard)
{
    const struct fam_locale *locale = turn->locale;
    fam_turn_button(turn, keyboard, T(locale, "button.language"), FAM_ACTION_LANGUAGES, 0, NULL);
    fam_turn_button(turn, keyboard, T(locale, "button.country"), FAM_ACTION_MY_COUNTRY, FAM_PLACE_ASK, NULL);
    fam_turn_button(turn, keyboard, T(locale, "button.my_name"), FAM_ACTION_MY_NAME, 0, NULL);
    add_switch(turn, keyboard, SETTING_AI, consents(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI),
               T(locale, "switch.ai_on"), T(locale, "switch.ai_off"));
    add_switch(turn, keyboard, SETTING_SHARE, turn->user->share_entries, T(locale, "switch.share_on"),
               T(locale, "switch.share_off"));
    add_switch(turn, keyboard, SETTING_FOLLOW_UP, is_asked_later(turn), T(locale, "switch.follow_up_on"),
               T(locale, "switch.follow_up_off"));
    add_switch(turn, keyboard, SETTING_NOTIFICATIONS,
               consents(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS),
               T(locale, "switch.notifications_on"), T(locale, "switch.notifications_off"));
    fam_keyboard_end_row(keyboard);
    fam_turn_button(turn, keyboard, T(locale, "button.times"), FAM_ACTION_TIMES, FAM_TIMES_SHOW, NULL);
}

static enum fam_code show(struct fam_turn *turn, const Fam__V1__Family *family)
{
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    fam_html_add_bold(&html, T(turn->locale, "settings.title"));
    fam_html_end_line(&html);
    add_own(turn, &html);
    add_own_buttons(turn, &keyboard);
    if (family) {
        add_of_family(turn, &html, family);
    }
    if (family && fam_people_may_change(turn, family)) {
        add_switch(turn, &keyboard, SETTING_FAMILY_AI, !family->no_ai, T(turn->locale, "switch.family_ai_on"),
                   T(turn->locale, "switch.family_ai_off"));
        fam_keyboard_end_row(&keyboard);
        fam_turn_button(turn, &keyboard, T(turn->locale, "button.retention"), FAM_ACTION_RETENTION, 0, NULL);
        fam_turn_button(turn, &keyboard, T(turn->locale, "button.zone"), FAM_ACTION_ZONE,
                        (uint8_t)(0x80 | fam_zone_first_page(fam_locale_which(turn->locale))), NULL);
    }
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.consents"), FAM_ACTION_CONSENTS, 0, NULL);
    return fam_turn_show(turn, &html, &keyboard);
}

enum fam_code fam_settings_show(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Family *family = NULL;
    enum fam_code code = fam_children_family(turn, &reply, &family);
    return code == FAM_OK ? show(turn, family) : code;
}

enum fam_code fam_settings_command(struct fam_turn *turn)
{
    fam_state_leave(&turn->state);
    return fam_settings_show(turn);
}

static enum fam_code set_family_ai(struct fam_turn *turn, bool on)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__UpdateFamilyRequest request = FAM__V1__UPDATE_FAMILY_REQUEST__INIT;
    request.no_ai = on ? FAM__V1__SWITCH__SWITCH_OFF : FAM__V1__SWITCH__SWITCH_ON;
    return fam_turn_call(turn, FAM_BACKEND_UPDATE_FAMILY, "family", &request.base, &reply);
}

static enum fam_code set_own(struct fam_turn *turn, enum setting setting, bool on)
{
    Fam__V1__UpdateUserRequest request = FAM__V1__UPDATE_USER_REQUEST__INIT;
    Fam__V1__Switch value = on ? FAM__V1__SWITCH__SWITCH_ON : FAM__V1__SWITCH__SWITCH_OFF;
    if (setting == SETTING_SHARE) {
        request.share_entries = value;
    } else {
        request.no_follow_up = on ? FAM__V1__SWITCH__SWITCH_OFF : FAM__V1__SWITCH__SWITCH_ON;
    }
    return fam_turn_change_user(turn, &request);
}

/* What is turned on needs the person's consent to a text; what is turned off is off with the tap. */
static enum fam_code set_consent(struct fam_turn *turn, Fam__V1__ConsentPurpose purpose, bool on)
{
    if (on) {
        turn->pressed.argument = (uint8_t)(ASK_CONSENT + purpose);
        return fam_consents_press(turn);
    }
    enum fam_code code = fam_consents_set(turn, purpose, false);
    return code == FAM_OK ? fam_settings_show(turn) : fam_people_refused(turn, code);
}

enum fam_code fam_settings_switch(struct fam_turn *turn)
{
    bool on = turn->pressed.argument % 2 == 1;
    enum fam_code code = FAM_OK;
    switch (turn->pressed.argument / 2) {
    case SETTING_SHARE:
        code = set_own(turn, SETTING_SHARE, on);
        break;
    case SETTING_FOLLOW_UP:
        code = set_own(turn, SETTING_FOLLOW_UP, on);
        if (code == FAM_OK && on && !is_asked_later(turn)) {
            return set_consent(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS, true);
        }
        break;
    case SETTING_FAMILY_AI:
        code = set_family_ai(turn, on);
        break;
    case SETTING_AI:
        return set_consent(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, on);
    case SETTING_NOTIFICATIONS:
        return set_consent(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS, on);
    default:
        break;
    }
    return code == FAM_OK ? fam_settings_show(turn) : fam_people_refused(turn, code);
}

static enum fam_code ask_retention(struct fam_turn *turn)
{
    struct fam_keyboard keyboard = {0};
    for (int i = 0; i < RETENTIONS; i++) {
        char label[64];
        days_text(turn->locale, retentions[i], label);
        if (i % 2 == 0) {
            fam_keyboard_end_row(&keyboard);
        }
        fam_turn_button(turn, &keyboard, label, FAM_ACTION_RETENTION, (uint8_t)(i + 1), NULL);
    }
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.back"), FAM_ACTION_SETTINGS, 0, NULL);
    return fam_people_show(turn, T(turn->locale, "settings.retention_ask"), &keyboard);
}

enum fam_code fam_settings_retention(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__UpdateFamilyRequest request = FAM__V1__UPDATE_FAMILY_REQUEST__INIT;
    if (turn->pressed.argument < 1 || turn->pressed.argument > RETENTIONS) {
        return ask_retention(turn);
    }
    request.retention_days = retentions[turn->pressed.argument - 1];
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_UPDATE_FAMILY, "family", &request.base, &reply);
    return code == FAM_OK ? fam_settings_show(turn) : fam_people_refused(turn, code);
}

enum fam_code fam_settings_ask_my_name(struct fam_turn *turn)
{
    enum fam_code code;
    if (!fam_people_can_ask(turn, &code)) {
        return code;
    }
    fam_state_leave(&turn->state);
    turn->state.step = FAM_STEP_MY_NAME;
    turn->keep_pressed = true;
    return fam_people_show(turn, T(turn->locale, "settings.ask_name"), NULL);
}

enum fam_code fam_settings_my_name_text(struct fam_turn *turn, bool *ret_taken)
{
    char name[FAM_NAME_SIZE];
    Fam__V1__UpdateUserRequest request = FAM__V1__UPDATE_USER_REQUEST__INIT;
    *ret_taken = fam_name_parse(turn->update->text, name);
    if (!*ret_taken) {
        return FAM_OK;
    }
    request.name = name;
    enum fam_code code = fam_turn_change_user(turn, &request);
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    fam_state_leave(&turn->state);
    return fam_settings_show(turn);
}
