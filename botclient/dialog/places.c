/* Where people live: a country by button or by name, for the person and for the family; the family's time zone by a
 * city or by its distance from UTC. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "dialog/countries.h"
#include "dialog/people.h"
#include "dialog/zones.h"

enum { PAGE_BIT = 0x80 };

/* Whose country. */
struct owner {
    char action;
    enum fam_step step;
    enum fam_code (*set)(struct fam_turn *turn, const char *country);
};

static enum fam_code set_mine(struct fam_turn *turn, const char *country)
{
    enum fam_code code = fam_turn_update_user(turn, FAM__V1__LANGUAGE__LANGUAGE_UNSPECIFIED, country);
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    fam_state_leave(&turn->state);
    return fam_settings_show(turn);
}

static enum fam_code set_of_family(struct fam_turn *turn, const char *country)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__UpdateFamilyRequest request = FAM__V1__UPDATE_FAMILY_REQUEST__INIT;
    request.country = (char *)(uintptr_t)country;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_UPDATE_FAMILY, "family", &request.base, &reply);
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    fam_state_leave(&turn->state);
    return fam_family_show(turn);
}

static const struct owner person = {FAM_ACTION_MY_COUNTRY, FAM_STEP_MY_COUNTRY, set_mine};
static const struct owner family_of = {FAM_ACTION_FAMILY_COUNTRY, FAM_STEP_FAMILY_COUNTRY, set_of_family};

static enum fam_code ask_country(struct fam_turn *turn, const struct owner *owner)
{
    struct fam_keyboard keyboard = {0};
    const unsigned char *choices = fam_country_choices(fam_locale_which(turn->locale));
    for (size_t i = 0; i < FAM_COUNTRY_BUTTONS; i++) {
        fam_turn_button(turn, &keyboard, fam_country_name(turn->locale, fam_country_at(choices[i])), owner->action,
                        choices[i], NULL);
    }
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "country.none"), owner->action, FAM_COUNTRY_NONE, NULL);
    fam_state_leave(&turn->state);
    if (turn->has_session) {
        turn->state.step = owner->step;
    }
    return fam_people_show(turn, T(turn->locale, "country.change"), &keyboard);
}

static enum fam_code press_country(struct fam_turn *turn, const struct owner *owner)
{
    const char *country = fam_country_at(turn->pressed.argument);
    if (turn->pressed.argument == FAM_COUNTRY_NONE) {
        return owner->set(turn, "ZZ");
    }
    return country ? owner->set(turn, country) : ask_country(turn, owner);
}

static enum fam_code take_country(struct fam_turn *turn, const struct owner *owner, bool *ret_taken)
{
    char code[3], text[200];
    if (strlen(turn->update->text) >= sizeof(text)) {
        return FAM_OK;
    }
    snprintf(text, sizeof(text), "%s", turn->update->text);
    fam_text_trim(text);
    *ret_taken = fam_country_parse(turn->dialog->options.locales, text, false, code);
    return *ret_taken ? owner->set(turn, code) : FAM_OK;
}

enum fam_code fam_places_my_country(struct fam_turn *turn)
{
    return press_country(turn, &person);
}

enum fam_code fam_places_ask_my_country(struct fam_turn *turn)
{
    return ask_country(turn, &person);
}

enum fam_code fam_places_my_country_text(struct fam_turn *turn, bool *ret_taken)
{
    return take_country(turn, &person, ret_taken);
}

enum fam_code fam_places_family_country(struct fam_turn *turn)
{
    return press_country(turn, &family_of);
}

enum fam_code fam_places_ask_family_country(struct fam_turn *turn)
{
    return ask_country(turn, &family_of);
}

enum fam_code fam_places_family_country_text(struct fam_turn *turn, bool *ret_taken)
{
    return take_country(turn, &family_of, ret_taken);
}

static enum fam_code show_zones(struct fam_turn *turn, size_t page)
{
    struct fam_keyboard keyboard = {0};
    page = page < fam_zone_pages() ? page : 0;
    for (size_t i = page * FAM_ZONES_A_PAGE; i < (page + 1) * FAM_ZONES_A_PAGE && fam_zone_at(i); i++) {
        char name[FAM_ZONE_SIZE];
        fam_zone_name(turn->locale, fam_zone_at(i), name);
        fam_turn_button(turn, &keyboard, name, FAM_ACTION_ZONE, (uint8_t)i, NULL);
    }
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.other_cities"), FAM_ACTION_ZONE,
                    (uint8_t)(PAGE_BIT | ((page + 1) % fam_zone_pages())), NULL);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.back"), FAM_ACTION_FAMILY, 0, NULL);
    fam_state_leave(&turn->state);
    if (turn->has_session) {
        turn->state.step = FAM_STEP_ZONE;
    }
    return fam_people_show(turn, T(turn->locale, "zone.ask"), &keyboard);
}

static enum fam_code confirm_zone(struct fam_turn *turn, const char *zone)
{
    char name[FAM_ZONE_SIZE], clock[FAM_MOMENT_SIZE];
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    bool known = fam_zone_clock(zone, turn->dialog->options.wall_ms(), clock);
    fam_zone_name(turn->locale, zone, name);
    const struct fam_arg args[] = {{"zone", name}, {"clock", clock}};
    fam_html_init(&html);
    fam_locale_add_html(&html, T(turn->locale, "zone.done"), args, 1);
    if (known) {
        fam_html_add(&html, " ");
        fam_locale_add_html(&html, T(turn->locale, "zone.clock"), args, 2);
    }
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.family"), FAM_ACTION_FAMILY, 0, NULL);
    return fam_turn_show(turn, &html, &keyboard);
}

static enum fam_code set_zone(struct fam_turn *turn, const char *zone)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__UpdateFamilyRequest request = FAM__V1__UPDATE_FAMILY_REQUEST__INIT;
    request.time_zone = (char *)(uintptr_t)zone;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_UPDATE_FAMILY, "family", &request.base, &reply);
    if (code == FAM_INVALID_ARGUMENT) { /* a name that the server does not know */
        code = fam_turn_say(turn, T(turn->locale, "zone.unknown"));
        turn->keep_pressed = true;
        return code == FAM_OK ? fam_places_ask_zone(turn) : code;
    }
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    fam_state_leave(&turn->state);
    return confirm_zone(turn, zone);
}

enum fam_code fam_places_zone(struct fam_turn *turn)
{
    const char *zone = turn->pressed.argument & PAGE_BIT ? NULL : fam_zone_at(turn->pressed.argument);
    return zone ? set_zone(turn, zone) : show_zones(turn, turn->pressed.argument & (PAGE_BIT - 1));
}

enum fam_code fam_places_ask_zone(struct fam_turn *turn)
{
    return show_zones(turn, fam_zone_first_page(fam_locale_which(turn->locale)));
}

enum fam_code fam_places_zone_text(struct fam_turn *turn, bool *ret_taken)
{
    char zone[FAM_ZONE_SIZE], text[300];
    if (strlen(turn->update->text) >= sizeof(text)) {
        return FAM_OK;
    }
    snprintf(text, sizeof(text), "%s", turn->update->text);
    fam_text_trim(text);
    *ret_taken = fam_zone_parse(turn->dialog->options.locales, text, zone);
    return *ret_taken ? set_zone(turn, zone) : FAM_OK;
}
