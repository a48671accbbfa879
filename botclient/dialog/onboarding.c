/* The first steps: language, country, consent to processing, consent to AI, the first child. What is still open is
 * read from the server each time, so the steps go on after any interruption, and no step is asked twice. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "dialog/countries.h"
#include "dialog/people.h"

enum { THEN_ONBOARDING = 0x80 };

enum fam_code fam_onboarding_ask_country(struct fam_turn *turn)
{
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    const unsigned char *choices = fam_country_choices(fam_locale_which(turn->locale));
    fam_html_init(&html);
    fam_html_add(&html, T(turn->locale, "country.ask"));
    for (size_t i = 0; i < FAM_COUNTRY_BUTTONS; i++) {
        fam_turn_button(turn, &keyboard, fam_country_name(turn->locale, fam_country_at(choices[i])), FAM_ACTION_COUNTRY,
                        choices[i], NULL);
    }
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "country.other"), FAM_ACTION_COUNTRY, FAM_COUNTRY_OTHER, NULL);
    fam_turn_button(turn, &keyboard, T(turn->locale, "country.none"), FAM_ACTION_COUNTRY, FAM_COUNTRY_NONE, NULL);
    turn->state.step = FAM_STEP_COUNTRY;
    return fam_turn_show(turn, &html, &keyboard);
}

static enum fam_code ask_consent(struct fam_turn *turn, const char *text, char action)
{
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    fam_html_add(&html, text);
    fam_turn_button(turn, &keyboard, T(turn->locale, "consent.yes"), action, 1, NULL);
    fam_turn_button(turn, &keyboard, T(turn->locale, "consent.no"), action, 0, NULL);
    fam_state_leave(&turn->state);
    return fam_turn_show(turn, &html, &keyboard);
}

static enum fam_code make_family(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__CreateFamilyRequest request = FAM__V1__CREATE_FAMILY_REQUEST__INIT;
    return fam_turn_call(turn, FAM_BACKEND_CREATE_FAMILY, "create_family", &request.base, &reply);
}

static enum fam_code finish(struct fam_turn *turn, const char *text)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    fam_html_add(&html, text);
    fam_state_leave(&turn->state);
    return fam_turn_show(turn, &html, NULL);
}

/* The last step needs a family; it is made without asking. */
static enum fam_code next_child(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Family *family = NULL;
    enum fam_code code = fam_children_family(turn, &reply, &family);
    if (code != FAM_OK) {
        return code;
    }
    if (!family && (code = make_family(turn)) != FAM_OK) {
        return code;
    }
    if (family && (family->n_children > 0 || !fam_people_may_change(turn, family))) {
        return finish(turn, T(turn->locale, "onboarding.ready"));
    }
    turn->state.another = false;
    return fam_children_ask_name(turn);
}

enum fam_code fam_onboarding_next(struct fam_turn *turn)
{
    int processing = fam_turn_consent(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING);
    if (!turn->user->country[0]) {
        return fam_onboarding_ask_country(turn);
    }
    if (processing < 0) {
        return ask_consent(turn, T(turn->locale, "consent.processing"), FAM_ACTION_CONSENT);
    }
    if (processing == 0) {
        return finish(turn, T(turn->locale, "onboarding.without"));
    }
    if (fam_turn_consent(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI) < 0) {
        return ask_consent(turn, T(turn->locale, "consent.ai"), FAM_ACTION_CONSENT_AI);
    }
    return next_child(turn);
}

enum fam_code fam_onboarding_go(struct fam_turn *turn)
{
    turn->keep_pressed = true;
    return fam_onboarding_next(turn);
}

static enum fam_code greet_in_both(struct fam_turn *turn)
{
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    for (size_t i = 0; i < fam_locale_count(); i++) {
        const struct fam_locale *locale = fam_locales_get(turn->dialog->options.locales, fam_locale_language(i));
        fam_html_add(&html, T(locale, "start.greeting"));
        fam_html_end_paragraph(&html);
        fam_turn_button(turn, &keyboard, fam_locale_own_name(i), FAM_ACTION_LANGUAGE, (uint8_t)(i | THEN_ONBOARDING),
                        NULL);
    }
    return fam_turn_send(turn, &html, &keyboard, NULL);
}

static enum fam_code begin(struct fam_turn *turn)
{
    bool speaks = fam_locale_language_of(turn->update->language_code) != FAM__V1__LANGUAGE__LANGUAGE_UNSPECIFIED;
    bool is_fresh = !turn->user->country[0];
    if (is_fresh && !speaks) {
        return greet_in_both(turn);
    }
    if (fam_turn_consent(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING) == 0) {
        enum fam_code code = fam_turn_say(turn, T(turn->locale, "start.again"));
        return code == FAM_OK ? ask_consent(turn, T(turn->locale, "consent.processing"), FAM_ACTION_CONSENT) : code;
    }
    enum fam_code code =
        fam_turn_say(turn, is_fresh ? T(turn->locale, "start.greeting") : T(turn->locale, "start.again"));
    if (code != FAM_OK) {
        return code;
    }
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Family *family = NULL;
    code = fam_children_family(turn, &reply, &family);
    if (code != FAM_OK || (family && (family->n_children > 0 || !fam_people_may_change(turn, family)))) {
        return code;
    }
    return fam_onboarding_next(turn);
}

/* A link that leads nowhere is said to, and then everything goes on as without one. */
enum fam_code fam_onboarding_start(struct fam_turn *turn)
{
    struct fam_uuid invite;
    enum fam_code code = FAM_OK;
    fam_state_leave(&turn->state);
    if (fam_invite_in_text(turn->update->text, &invite)) {
        bool is_good = true;
        code = fam_invite_preview(turn, &invite, &is_good);
        return code == FAM_OK && !is_good ? begin(turn) : code;
    }
    if (fam_invite_has_payload(turn->update->text)) {
        code = fam_turn_say(turn, T(turn->locale, "invite.unknown"));
    }
    return code == FAM_OK ? begin(turn) : code;
}

enum fam_code fam_onboarding_language(struct fam_turn *turn)
{
    size_t row = turn->pressed.argument & ~(unsigned)THEN_ONBOARDING;
    if (row >= fam_locale_count()) {
        return FAM_OK;
    }
    enum fam_code code = fam_turn_update_user(turn, fam_locale_language(row), "");
    if (code != FAM_OK) {
        return code;
    }
    if (turn->pressed.argument & THEN_ONBOARDING && !turn->user->country[0]) {
        return fam_onboarding_next(turn);
    }
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    fam_html_add(&html, T(turn->locale, "language.done"));
    return fam_turn_show(turn, &html, NULL);
}

static enum fam_code set_country(struct fam_turn *turn, const char *country)
{
    enum fam_code code = fam_turn_update_user(turn, FAM__V1__LANGUAGE__LANGUAGE_UNSPECIFIED, country);
    if (code != FAM_OK) {
        return code;
    }
    fam_state_leave(&turn->state);
    return fam_onboarding_next(turn);
}

enum fam_code fam_onboarding_country(struct fam_turn *turn)
{
    if (turn->user->country[0]) {
        return fam_onboarding_next(turn); /* a second tap */
    }
    if (turn->pressed.argument == FAM_COUNTRY_NONE) {
        return set_country(turn, "ZZ");
    }
    const char *country = fam_country_at(turn->pressed.argument);
    if (country) {
        return set_country(turn, country);
    }
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    if (!turn->has_session) {
        fam_html_add(&html, T(turn->locale, "error.later"));
        return fam_turn_show(turn, &html, NULL);
    }
    turn->state.step = FAM_STEP_COUNTRY;
    fam_html_add(&html, T(turn->locale, "country.type"));
    return fam_turn_show(turn, &html, NULL);
}

/* Two small letters that are words of the child before they are a country. */
static bool is_word(const char *text)
{
    return strlen(text) == 2 && strstr("no so my is it be me in to at as am do hi", text);
}

enum fam_code fam_onboarding_country_text(struct fam_turn *turn, bool *ret_taken)
{
    char code[3], text[200];
    snprintf(text, sizeof(text), "%s", turn->update->text);
    if (strlen(turn->update->text) >= sizeof(text)) {
        return FAM_OK;
    }
    fam_text_trim(text);
    *ret_taken = fam_country_parse(turn->dialog->options.locales, text, !is_word(text), code);
    return *ret_taken ? set_country(turn, code) : FAM_OK;
}

/* A decision by button counts while it is asked for: a refusal can be taken back by the same question asked again. */
static bool is_open(const struct fam_turn *turn, Fam__V1__ConsentPurpose purpose)
{
    int now = fam_turn_consent(turn, purpose);
    return now < 0 || (now == 0 && turn->pressed.argument == 1);
}

enum fam_code fam_onboarding_consent(struct fam_turn *turn)
{
    enum fam_code code = FAM_OK;
    if (is_open(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING)) {
        code =
            fam_consents_set(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, turn->pressed.argument == 1);
    }
    return code == FAM_OK ? fam_onboarding_next(turn) : code;
}

enum fam_code fam_onboarding_consent_ai(struct fam_turn *turn)
{
    enum fam_code code = FAM_OK;
    if (is_open(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI)) {
        code = fam_consents_set(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, turn->pressed.argument == 1);
    }
    return code == FAM_OK ? fam_onboarding_next(turn) : code;
}
