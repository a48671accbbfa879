#include "dialog/states.h"

#include <string.h>
#include <strings.h>

#include "base/compiler.h"
#include "dialog/checkin.h"
#include "dialog/history.h"
#include "dialog/people.h"
#include "dialog/privacy.h"
#include "dialog/report.h"
#include "dialog/times.h"

/* Where the onboarding goes on: the next thing that is open, or the end. */
#define ONBOARDING (FAM_TO(NONE) | FAM_TO(COUNTRY) | FAM_TO(CHILD_NAME))

/* A question of a check-in, in words or with buttons, or its end. */
#define CHECKIN (FAM_TO(NONE) | FAM_TO(CHECKIN) | FAM_TO(CHECKIN_TAP))

static const struct fam_state_row states[FAM_STEP_COUNT] = {
    [FAM_STEP_NONE] = {.read_text = fam_erase_text_again, .buttons = ""},
    [FAM_STEP_COUNTRY] = {.ask = fam_onboarding_ask_country,
                          .read_text = fam_onboarding_country_text,
                          .unfit = FAM_KEY("unfit.country"),
                          .buttons = (const char[]){FAM_ACTION_COUNTRY, '\0'},
                          .text_to = ONBOARDING},
    [FAM_STEP_CHILD_NAME] = {.ask = fam_children_ask_name,
                             .read_text = fam_children_name_text,
                             .unfit = FAM_KEY("unfit.name"),
                             .buttons = (const char[]){FAM_ACTION_NO_NAME, '\0'},
                             .text_to = FAM_TO(CHILD_BIRTH) | FAM_TO(NONE)},
    [FAM_STEP_CHILD_BIRTH] = {.ask = fam_children_ask_birth,
                              .read_text = fam_children_birth_text,
                              .unfit = FAM_KEY("unfit.birth"),
                              .buttons = (const char[]){FAM_ACTION_BIRTH, '\0'},
                              .text_to = FAM_TO(CHILD_BIRTH) | ONBOARDING},
    [FAM_STEP_EDIT_NAME] = {.ask = fam_child_name_again,
                            .read_text = fam_child_name_text,
                            .unfit = FAM_KEY("unfit.name"),
                            .buttons = (const char[]){FAM_ACTION_CHILD_CARD, '\0'},
                            .text_to = FAM_TO(NONE)},
    [FAM_STEP_EDIT_BIRTH] = {.ask = fam_child_birth_again,
                             .read_text = fam_child_birth_text,
                             .unfit = FAM_KEY("unfit.birth"),
                             .buttons = (const char[]){FAM_ACTION_CHILD_BIRTH, FAM_ACTION_CHILD_CARD, '\0'},
                             .text_to = FAM_TO(NONE)},
    [FAM_STEP_NEEDS] = {.ask = fam_child_needs_again,
                        .read_text = fam_child_needs_text,
                        .buttons = (const char[]){FAM_ACTION_NEEDS, FAM_ACTION_CHILD_CARD, '\0'},
                        .text_to = FAM_TO(NONE)},
    [FAM_STEP_FAMILY_NAME] = {.ask = fam_family_ask_name,
                              .read_text = fam_family_name_text,
                              .unfit = FAM_KEY("unfit.name"),
                              .buttons = "",
                              .text_to = FAM_TO(NONE)},
    [FAM_STEP_FAMILY_COUNTRY] = {.ask = fam_places_ask_family_country,
                                 .read_text = fam_places_family_country_text,
                                 .unfit = FAM_KEY("unfit.country"),
                                 .buttons = (const char[]){FAM_ACTION_FAMILY_COUNTRY, '\0'},
                                 .text_to = FAM_TO(NONE)},
    [FAM_STEP_ZONE] = {.ask = fam_places_ask_zone,
                       .read_text = fam_places_zone_text,
                       .unfit = FAM_KEY("unfit.zone"),
                       .buttons = (const char[]){FAM_ACTION_ZONE, FAM_ACTION_FAMILY, '\0'},
                       .text_to = FAM_TO(NONE) | FAM_TO(ZONE)},
    [FAM_STEP_MY_NAME] = {.ask = fam_settings_ask_my_name,
                          .read_text = fam_settings_my_name_text,
                          .unfit = FAM_KEY("unfit.name"),
                          .buttons = "",
                          .text_to = FAM_TO(NONE)},
    [FAM_STEP_MY_COUNTRY] = {.ask = fam_places_ask_my_country,
                             .read_text = fam_places_my_country_text,
                             .unfit = FAM_KEY("unfit.country"),
                             .buttons = (const char[]){FAM_ACTION_MY_COUNTRY, '\0'},
                             .text_to = FAM_TO(NONE)},
    [FAM_STEP_FEEDBACK] = {.ask = fam_feedback_ask,
                           .read_text = fam_feedback_text,
                           .is_own = true,
                           .buttons = (const char[]){FAM_ACTION_FEEDBACK, '\0'},
                           .text_to = FAM_TO(NONE)},
    [FAM_STEP_CHECKIN] = {.ask = fam_checkin_again,
                          .read_text = fam_checkin_text,
                          .is_own = true,
                          .buttons = (const char[]){FAM_ACTION_CHECKIN, '\0'},
                          .text_to = CHECKIN},
    [FAM_STEP_CHECKIN_TAP] = {.ask = fam_checkin_again,
                              .read_text = fam_checkin_tap_text,
                              .is_own = true,
                              .buttons = (const char[]){FAM_ACTION_CHECKIN_OPTION, FAM_ACTION_CHECKIN, '\0'},
                              .text_to = CHECKIN},
    [FAM_STEP_OWN_TIME] = {.ask = fam_own_time_ask,
                           .read_text = fam_own_time_text,
                           .unfit = FAM_KEY("unfit.time"),
                           .buttons = (const char[]){FAM_ACTION_OWN_TIME, FAM_ACTION_TIMES, '\0'},
                           .text_to = FAM_TO(NONE)},
    [FAM_STEP_QUIET] = {.ask = fam_quiet_ask,
                        .read_text = fam_quiet_text,
                        .unfit = FAM_KEY("unfit.quiet"),
                        .buttons = (const char[]){FAM_ACTION_QUIET, FAM_ACTION_TIMES, '\0'},
                        .text_to = FAM_TO(NONE)},
    [FAM_STEP_SEARCH] = {.ask = fam_history_ask_words,
                         .read_text = fam_history_words_text,
                         .buttons = "",
                         .text_to = FAM_TO(NONE)},
    [FAM_STEP_NOTE] = {.ask = fam_correct_ask_note,
                       .read_text = fam_correct_note_text,
                       .buttons = "",
                       .text_to = FAM_TO(NONE)},
    [FAM_STEP_ERASE] = {.ask = fam_erase_ask,
                        .read_text = fam_erase_text,
                        .unfit = FAM_KEY("unfit.word"),
                        .buttons = (const char[]){FAM_ACTION_ERASE, FAM_ACTION_EXPORT, '\0'},
                        .text_to = FAM_TO(NONE)},
};

static const struct fam_command_row commands[] = {
    {"start", fam_onboarding_start, ONBOARDING, true},
    {"help", fam_settings_help, 0, true},
    {"children", fam_children_list, ONBOARDING, true},
    {"checkin", fam_checkin_command, CHECKIN, true},
    {"report", fam_report_command, FAM_TO(NONE), true},
    {"history", fam_history_start, FAM_TO(NONE), true},
    {"family", fam_family_command, ONBOARDING, true},
    {"settings", fam_settings_command, FAM_TO(NONE), true},
    {"privacy", fam_privacy_start, FAM_TO(NONE), true},
    {"export", fam_export_start, FAM_TO(NONE), true},
    {"delete", fam_erase_start, FAM_TO(NONE) | FAM_TO(ERASE), true},
    {"language", fam_settings_ask_language, 0, true},
    {"feedback", fam_feedback_command, FAM_TO(NONE) | FAM_TO(FEEDBACK), true},
    {"cancel", fam_settings_cancel, FAM_TO(NONE), true},
};

static const struct fam_action_row actions[] = {
    {FAM_ACTION_LANGUAGE, fam_onboarding_language, ONBOARDING},
    {FAM_ACTION_ONBOARDING, fam_onboarding_go, ONBOARDING},
    {FAM_ACTION_COUNTRY, fam_onboarding_country, ONBOARDING},
    {FAM_ACTION_CONSENT, fam_onboarding_consent, ONBOARDING},
    {FAM_ACTION_CONSENT_AI, fam_onboarding_consent_ai, ONBOARDING},
    {FAM_ACTION_NO_NAME, fam_children_no_name, FAM_TO(CHILD_NAME) | FAM_TO(CHILD_BIRTH)},
    {FAM_ACTION_BIRTH, fam_children_birth, FAM_TO(CHILD_BIRTH) | ONBOARDING},
    {FAM_ACTION_ADD_CHILD, fam_children_add, FAM_TO(CHILD_NAME)},
    {FAM_ACTION_AGE, fam_answer_age, 0},
    {FAM_ACTION_CHILD, fam_answer_child, 0},
    {FAM_ACTION_WHY, fam_details_why, 0},
    {FAM_ACTION_ACTIVITY, fam_details_activity, 0},
    {FAM_ACTION_MORE, fam_details_more, 0},
    {FAM_ACTION_RATE, fam_details_rate, 0},
    {FAM_ACTION_RATE_MORE, fam_details_rate, 0},
    {FAM_ACTION_REMOVE, fam_details_remove, 0},
    {FAM_ACTION_HISTORY, fam_history_page, 0},
    {FAM_ACTION_FILTER, fam_history_filter, FAM_TO(SEARCH)},
    {FAM_ACTION_ENTRY, fam_entry_open, 0},
    {FAM_ACTION_CORRECT, fam_correct, FAM_TO(NONE) | FAM_TO(NOTE)},
    {FAM_ACTION_SHARE, fam_entry_share, 0},
    {FAM_ACTION_ERASE_ENTRY, fam_entry_erase, 0},
    {FAM_ACTION_PRIVACY, fam_privacy_press, 0},
    {FAM_ACTION_EXPORT, fam_export_press, 0},
    {FAM_ACTION_ERASE, fam_erase_press, FAM_TO(NONE) | FAM_TO(ERASE)},
    {FAM_ACTION_FOLLOW_UP, fam_details_follow_up, 0},
    {FAM_ACTION_FAMILY, fam_family_command, ONBOARDING},
    {FAM_ACTION_MEMBERS, fam_members_show, ONBOARDING},
    {FAM_ACTION_MEMBER, fam_member_press, ONBOARDING},
    {FAM_ACTION_INVITE, fam_invite_make, FAM_TO(NONE)},
    {FAM_ACTION_INVITES, fam_invites_show, FAM_TO(NONE)},
    {FAM_ACTION_REVOKE, fam_invite_revoke, FAM_TO(NONE)},
    {FAM_ACTION_LEAVE, fam_family_leave, FAM_TO(NONE)},
    {FAM_ACTION_FAMILY_NAME, fam_family_ask_name, FAM_TO(FAMILY_NAME)},
    {FAM_ACTION_FAMILY_COUNTRY, fam_places_family_country, ONBOARDING | FAM_TO(FAMILY_COUNTRY)},
    {FAM_ACTION_ZONE, fam_places_zone, FAM_TO(NONE) | FAM_TO(ZONE)},
    {FAM_ACTION_JOIN, fam_invite_join, ONBOARDING},
    {FAM_ACTION_CHILDREN, fam_children_list, ONBOARDING},
    {FAM_ACTION_CHILD_CARD, fam_child_card, ONBOARDING},
    {FAM_ACTION_CHILD_NAME, fam_child_ask_name, ONBOARDING | FAM_TO(EDIT_NAME)},
    {FAM_ACTION_CHILD_BIRTH, fam_child_birth, ONBOARDING | FAM_TO(EDIT_BIRTH)},
    {FAM_ACTION_TRAIT, fam_child_trait, ONBOARDING},
    {FAM_ACTION_NEEDS, fam_child_needs, ONBOARDING | FAM_TO(NEEDS)},
    {FAM_ACTION_CHILD_REMOVE, fam_child_remove, ONBOARDING},
    {FAM_ACTION_SETTINGS, fam_settings_command, FAM_TO(NONE)},
    {FAM_ACTION_SWITCH, fam_settings_switch, FAM_TO(NONE)},
    {FAM_ACTION_RETENTION, fam_settings_retention, FAM_TO(NONE)},
    {FAM_ACTION_LANGUAGES, fam_settings_languages, 0},
    {FAM_ACTION_MY_NAME, fam_settings_ask_my_name, FAM_TO(MY_NAME)},
    {FAM_ACTION_MY_COUNTRY, fam_places_my_country, FAM_TO(NONE) | FAM_TO(MY_COUNTRY)},
    {FAM_ACTION_CONSENTS, fam_consents_press, FAM_TO(NONE)},
    {FAM_ACTION_FEEDBACK, fam_feedback_rate, 0},
    {FAM_ACTION_CHECKIN_OPTION, fam_checkin_option, CHECKIN},
    {FAM_ACTION_CHECKIN, fam_checkin_press, CHECKIN},
    {FAM_ACTION_TIMES, fam_times_press, FAM_TO(NONE) | FAM_TO(OWN_TIME)},
    {FAM_ACTION_OWN_TIME, fam_own_time_press, FAM_TO(NONE) | FAM_TO(OWN_TIME)},
    {FAM_ACTION_QUIET, fam_quiet_press, FAM_TO(NONE) | FAM_TO(QUIET)},
    {FAM_ACTION_REPORT, fam_report_press, 0},
    {FAM_ACTION_REPORT_OPEN, fam_report_open, 0},
    {FAM_ACTION_REPORTS, fam_reports_page, 0},
    {FAM_ACTION_READ, fam_offer_read, 0},
};

const struct fam_state_row *fam_state_row(enum fam_step step)
{
    return &states[step];
}

const struct fam_command_row *fam_command_find(const char *name, size_t size)
{
    for (size_t i = 0; i < FAM_ARRAY_SIZE(commands); i++) {
        if (strlen(commands[i].name) == size && strncasecmp(commands[i].name, name, size) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

const struct fam_command_row *fam_command_at(size_t index)
{
    return index < FAM_ARRAY_SIZE(commands) ? &commands[index] : NULL;
}

const struct fam_action_row *fam_action_find(char action)
{
    for (size_t i = 0; i < FAM_ARRAY_SIZE(actions); i++) {
        if (actions[i].action == action) {
            return &actions[i];
        }
    }
    return NULL;
}

const struct fam_action_row *fam_action_at(size_t index)
{
    return index < FAM_ARRAY_SIZE(actions) ? &actions[index] : NULL;
}
