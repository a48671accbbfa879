/* Consents: each with its date and its text; given after reading the text, withdrawn by one tap, at once. */
#include <stdio.h>

#include "dialog/people.h"
#include "dialog/zones.h"

enum { ASK = 0x40, PURPOSES = 3 };
/* Of the text that is shown: which words were agreed to. */
static const char *text_version(Fam__V1__ConsentPurpose purpose)
{
    switch ((int)purpose) {
    case FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING:
        return "3";
    case FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS:
        return "4";
    default:
        return "2";
    }
}

static const struct {
    const char *name;
    const char *text; /* what is consented to */
    const char *give;
    const char *withdraw;
} purposes[PURPOSES + 1] = {
    [FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING] = {FAM_KEY("consents.processing"),
                                                              FAM_KEY("consent.processing"),
                                                              FAM_KEY("switch.processing_on"),
                                                              FAM_KEY("switch.processing_off")},
    [FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI] = {FAM_KEY("consents.ai"), FAM_KEY("consent.ai"),
                                                      FAM_KEY("switch.ai_on"), FAM_KEY("switch.ai_off")},
    [FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS] = {FAM_KEY("consents.notifications"),
                                                                 FAM_KEY("consent.notifications"),
                                                                 FAM_KEY("switch.notifications_on"),
                                                                 FAM_KEY("switch.notifications_off")},
};

enum fam_code fam_consents_set(struct fam_turn *turn, Fam__V1__ConsentPurpose purpose, bool granted)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__SetConsentRequest request = FAM__V1__SET_CONSENT_REQUEST__INIT;
    request.purpose = purpose;
    request.granted = granted;
    request.text_version = (char *)(uintptr_t)text_version(purpose);
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_SET_CONSENT, "set_consent", &request.base, &reply);
    return code == FAM_OK ? fam_turn_begin_again(turn) : code;
}

static int64_t changed_at(const struct fam_turn *turn, Fam__V1__ConsentPurpose purpose)
{
    for (size_t i = 0; i < turn->user->n_consents; i++) {
        if (turn->user->consents[i]->purpose == purpose) {
            return turn->user->consents[i]->changed_at_ms;
        }
    }
    return 0;
}

static void add_row(const struct fam_turn *turn, struct fam_html *html, struct fam_keyboard *keyboard, int purpose)
{
    char day[FAM_MOMENT_SIZE];
    int now = fam_turn_consent(turn, (Fam__V1__ConsentPurpose)purpose);
    fam_zone_day(turn->locale, "", changed_at(turn, (Fam__V1__ConsentPurpose)purpose), day);
    const struct fam_arg args[] = {{"what", fam_locale_text(turn->locale, purposes[purpose].name)}, {"day", day}};
    fam_locale_add_html(html,
                        now == 1   ? T(turn->locale, "consents.given")
                        : now == 0 ? T(turn->locale, "consents.refused")
                                   : T(turn->locale, "consents.open"),
                        args, 2);
    fam_html_end_line(html);
    fam_keyboard_end_row(keyboard);
    fam_turn_button(turn, keyboard,
                    fam_locale_text(turn->locale, now == 1 ? purposes[purpose].withdraw : purposes[purpose].give),
                    FAM_ACTION_CONSENTS, (uint8_t)(now == 1 ? 2 * purpose : ASK + purpose), NULL);
}

/* `first`: a sentence above the list; NULL: none. */
static enum fam_code show(struct fam_turn *turn, const char *first)
{
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    if (first) {
        fam_html_add(&html, first);
        fam_html_end_paragraph(&html);
    }
    fam_html_add_bold(&html, T(turn->locale, "consents.title"));
    fam_html_end_line(&html);
    for (int purpose = 1; purpose <= PURPOSES; purpose++) {
        add_row(turn, &html, &keyboard, purpose);
    }
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.settings"), FAM_ACTION_SETTINGS, 0, NULL);
    return fam_turn_show(turn, &html, &keyboard);
}

enum fam_code fam_consents_show(struct fam_turn *turn)
{
    return show(turn, NULL);
}

static enum fam_code ask(struct fam_turn *turn, int purpose)
{
    struct fam_keyboard keyboard = {0};
    fam_turn_button(turn, &keyboard, T(turn->locale, "consent.yes"), FAM_ACTION_CONSENTS, (uint8_t)(2 * purpose + 1),
                    NULL);
    fam_turn_button(turn, &keyboard, T(turn->locale, "consent.no"), FAM_ACTION_CONSENTS, 0, NULL);
    return fam_people_show(turn, fam_locale_text(turn->locale, purposes[purpose].text), &keyboard);
}

enum fam_code fam_consents_press(struct fam_turn *turn)
{
    int argument = turn->pressed.argument, asked = argument - ASK, purpose = argument / 2;
    bool granted = argument % 2 == 1;
    if (asked >= 1 && asked <= PURPOSES) {
        return ask(turn, asked);
    }
    if (purpose < 1 || purpose > PURPOSES) {
        return fam_consents_show(turn);
    }
    enum fam_code code = fam_consents_set(turn, (Fam__V1__ConsentPurpose)purpose, granted);
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    bool stops_all = purpose == FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING && !granted;
    if (stops_all) {
        turn->state = (struct fam_state){0}; /* words looked for and the last phrase's entry, too */
        fam_turn_set_draft(turn, NULL);
    }
    return show(turn, stops_all ? T(turn->locale, "consents.stopped")
                      : granted ? T(turn->locale, "consents.now_given")
                                : T(turn->locale, "consents.now_withdrawn"));
}
