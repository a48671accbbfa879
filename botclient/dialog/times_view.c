/* What the schedule looks like: when somebody is asked, and one tap for each thing that can be different. */
#include <stdio.h>
#include <string.h>

#include "dialog/checkin.h"
#include "dialog/hours.h"
#include "dialog/times.h"
#include "dialog/zones.h"

enum { LIST_SIZE = 128 };

static const Fam__V1__CheckinSlot slots[] = {
    FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_MORNING,
    FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_AFTERNOON,
    FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_EVENING,
    FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_OWN,
};

const char *fam_times_hour_of(Fam__V1__CheckinSlot slot)
{
    switch ((int)slot) {
    case FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_MORNING:
        return "08:00";
    case FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_AFTERNOON:
        return "14:00";
    case FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_EVENING:
        return "20:00";
    default:
        return "";
    }
}

const Fam__V1__CheckinTime *fam_times_find(const Fam__V1__CheckinSchedule *schedule, Fam__V1__CheckinSlot slot)
{
    for (size_t i = 0; i < schedule->n_times; i++) {
        if (schedule->times[i]->slot == slot) {
            return schedule->times[i];
        }
    }
    return NULL;
}

static const char *hour_of(const Fam__V1__CheckinTime *time)
{
    return time->local_time[0] ? time->local_time : fam_times_hour_of(time->slot);
}

static void add_line(struct fam_html *html, const char *text, const char *value)
{
    const struct fam_arg args[] = {{"value", value}};
    fam_locale_add_html(html, text, args, 1);
    fam_html_end_line(html);
}

static void list_times(const struct fam_locale *locale, const Fam__V1__CheckinSchedule *schedule,
                       char ret_list[LIST_SIZE])
{
    ret_list[0] = '\0';
    for (size_t i = 0; i < FAM_ARRAY_SIZE(slots); i++) {
        const Fam__V1__CheckinTime *time = fam_times_find(schedule, slots[i]);
        size_t used = strlen(ret_list);
        if (time) {
            snprintf(ret_list + used, LIST_SIZE - used, "%s%s", used > 0 ? ", " : "", fam_hour_shown(hour_of(time)));
        }
    }
    if (!ret_list[0]) {
        snprintf(ret_list, LIST_SIZE, "%s", T(locale, "times.never"));
    }
}

static void minutes_text(const struct fam_locale *locale, int minutes, char ret_text[LIST_SIZE])
{
    char number[32];
    snprintf(number, sizeof(number), "%d", minutes);
    const struct fam_arg args[] = {{"n", number}};
    fam_locale_format(ret_text, LIST_SIZE, T(locale, "times.minutes_before"), args, 1);
}

static void add_hours(const struct fam_locale *locale, const Fam__V1__CheckinSchedule *schedule, struct fam_html *html)
{
    char list[LIST_SIZE], reminder[LIST_SIZE], quiet[LIST_SIZE];
    bool has_quiet = schedule->quiet_from[0] && schedule->quiet_until[0];
    const struct fam_arg args[] = {{"from", fam_hour_shown(schedule->quiet_from)},
                                   {"until", fam_hour_shown(schedule->quiet_until)}};
    list_times(locale, schedule, list);
    minutes_text(locale, schedule->reminder_minutes, reminder);
    fam_locale_format(quiet, sizeof(quiet), T(locale, "times.from_until"), args, 2);
    add_line(html, T(locale, "times.asked"), list);
    add_line(html, T(locale, "times.reminder"),
             schedule->reminder_minutes > 0 ? reminder : T(locale, "times.no_reminder"));
    add_line(html, T(locale, "times.quiet"), has_quiet ? quiet : T(locale, "times.no_quiet"));
    const char *report = schedule->has_family ? T(locale, "times.report_on") : T(locale, "times.report_family");
    add_line(html, T(locale, "times.report"), schedule->weekly_report ? report : T(locale, "settings.off"));
}

static int64_t next_at(const Fam__V1__CheckinSchedule *schedule)
{
    int64_t next = 0;
    for (size_t i = 0; i < schedule->n_times; i++) {
        int64_t at = schedule->times[i]->next_at_ms;
        next = at > 0 && (next == 0 || at < next) ? at : next;
    }
    return next;
}

static void add_clock(const struct fam_locale *locale, const Fam__V1__CheckinSchedule *schedule, struct fam_html *html)
{
    char zone[FAM_ZONE_SIZE], moment[FAM_MOMENT_SIZE];
    fam_zone_name(locale, schedule->time_zone, zone);
    add_line(html, T(locale, "times.zone"), zone);
    if (schedule->paused_until_ms > 0) {
        fam_zone_day(locale, schedule->time_zone, schedule->paused_until_ms, moment);
        add_line(html, T(locale, "times.paused"), moment);
    } else if (next_at(schedule) > 0) {
        fam_zone_moment(locale, schedule->time_zone, next_at(schedule), moment);
        add_line(html, T(locale, "times.next"), moment);
    }
}

static const char *name_of(const struct fam_locale *locale, Fam__V1__CheckinSlot slot)
{
    return slot == FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_MORNING     ? T(locale, "times.morning")
           : slot == FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_AFTERNOON ? T(locale, "times.afternoon")
           : slot == FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_EVENING   ? T(locale, "times.evening")
                                                                   : T(locale, "times.own");
}

/* "Утро 8:00", with a mark while it is on; the tap sets the other. */
static void add_slot(const struct fam_turn *turn, const Fam__V1__CheckinSchedule *schedule, Fam__V1__CheckinSlot slot,
                     struct fam_keyboard *keyboard)
{
    char name[FAM_BUTTON_LABEL], label[FAM_BUTTON_LABEL];
    const Fam__V1__CheckinTime *time = fam_times_find(schedule, slot);
    const struct fam_arg hour[] = {{"hour", fam_hour_shown(time ? hour_of(time) : fam_times_hour_of(slot))}};
    bool is_own = slot == FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_OWN;
    fam_locale_format(name, sizeof(name),
                      is_own && !time ? T(turn->locale, "times.own_none") : name_of(turn->locale, slot), hour, 1);
    const struct fam_arg value[] = {{"value", name}};
    fam_locale_format(label, sizeof(label), time ? T(turn->locale, "button.chosen") : "{value}", value, 1);
    if (is_own && !time) {
        fam_turn_button(turn, keyboard, label, FAM_ACTION_OWN_TIME, 0, NULL);
    } else {
        fam_turn_button(turn, keyboard, label, FAM_ACTION_TIMES,
                        (uint8_t)((time ? FAM_TIMES_OFF : FAM_TIMES_ON) + slot), NULL);
    }
}

/* Something is set to come, and may not. */
static bool lacks_consent(const Fam__V1__CheckinSchedule *schedule)
{
    return !schedule->consents && (schedule->n_times > 0 || schedule->weekly_report);
}

static void add_buttons(const struct fam_turn *turn, const Fam__V1__CheckinSchedule *schedule,
                        struct fam_keyboard *keyboard)
{
    const struct fam_locale *locale = turn->locale;
    if (lacks_consent(schedule) && fam_turn_may_store(turn)) {
        fam_turn_button(turn, keyboard, T(locale, "switch.notifications_on"), FAM_ACTION_TIMES, FAM_TIMES_CONSENT_ASK,
                        NULL);
        fam_keyboard_end_row(keyboard);
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(slots); i++) {
        add_slot(turn, schedule, slots[i], keyboard);
    }
    if (schedule->n_times > 0) {
        fam_turn_button(turn, keyboard, T(locale, "button.never"), FAM_ACTION_TIMES, FAM_TIMES_NONE, NULL);
    }
    fam_keyboard_end_row(keyboard);
    fam_turn_button(turn, keyboard, T(locale, "button.reminder"), FAM_ACTION_TIMES, FAM_TIMES_REMINDER, NULL);
    fam_turn_button(turn, keyboard, T(locale, "button.quiet"), FAM_ACTION_QUIET, 0, NULL);
    fam_keyboard_end_row(keyboard);
    fam_turn_button(turn, keyboard,
                    schedule->weekly_report ? T(locale, "switch.report_off") : T(locale, "switch.report_on"),
                    FAM_ACTION_TIMES, schedule->weekly_report ? FAM_TIMES_REPORT_OFF : FAM_TIMES_REPORT_ON, NULL);
    fam_keyboard_end_row(keyboard);
    if (schedule->paused_until_ms > 0) {
        fam_turn_button(turn, keyboard, T(locale, "button.pause_end"), FAM_ACTION_TIMES, FAM_TIMES_PAUSE_END, NULL);
    } else {
        fam_turn_button(turn, keyboard, T(locale, "button.pause"), FAM_ACTION_TIMES, FAM_TIMES_PAUSE, NULL);
    }
    fam_turn_button(turn, keyboard, T(locale, "button.settings"), FAM_ACTION_SETTINGS, 0, NULL);
}

void fam_times_lay_out(const struct fam_turn *turn, const Fam__V1__CheckinSchedule *schedule, struct fam_html *html,
                       struct fam_keyboard *keyboard)
{
    fam_html_add_bold(html, T(turn->locale, "times.title"));
    fam_html_end_line(html);
    add_hours(turn->locale, schedule, html);
    add_clock(turn->locale, schedule, html);
    if (lacks_consent(schedule)) {
        fam_html_add(html, fam_turn_may_store(turn) ? T(turn->locale, "times.no_consent")
                                                    : T(turn->locale, "times.no_processing"));
    }
    add_buttons(turn, schedule, keyboard);
}
