/* An own time for check-ins and quiet hours: each by a button, or written. */
#include <stdio.h>
#include <string.h>

#include "dialog/hours.h"
#include "dialog/people.h"
#include "dialog/times.h"

/* The buttons lie outside the quiet hours that everybody begins with; other hours can be written. */
enum { FIRST_HOUR = 7, LAST_HOUR = 21, QUARTERS = 96, QUARTER_MINUTES = 15, QUARTERS_AN_HOUR = 4 };

/* Buttons name a row by its place: add behind the last. The first is "no quiet hours". */
static const struct {
    const char *from, *until;
} quiet_rows[] = {{"", ""}, {"22:00", "07:00"}, {"21:00", "08:00"}, {"23:00", "06:00"}};

/* Words can only be waited for with a session; buttons work without. */
static void wait_for(struct fam_turn *turn, enum fam_step step)
{
    fam_state_leave(&turn->state);
    if (turn->has_session) {
        turn->state.step = step;
    }
}

enum fam_code fam_own_time_ask(struct fam_turn *turn)
{
    struct fam_keyboard keyboard = {0};
    for (int hour = FIRST_HOUR; hour <= LAST_HOUR; hour++) {
        char label[FAM_HOUR_SIZE];
        fam_hour_format(60 * hour, label);
        fam_turn_button(turn, &keyboard, fam_hour_shown(label), FAM_ACTION_OWN_TIME,
                        (uint8_t)(1 + hour * QUARTERS_AN_HOUR), NULL);
    }
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.back"), FAM_ACTION_TIMES, FAM_TIMES_SHOW, NULL);
    wait_for(turn, FAM_STEP_OWN_TIME);
    return fam_people_show(turn, T(turn->locale, "times.own_ask"), &keyboard);
}

static enum fam_code set_own(struct fam_turn *turn, const char *hour)
{
    fam_state_leave(&turn->state);
    return fam_times_set_slot(turn, FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_OWN, hour);
}

enum fam_code fam_own_time_press(struct fam_turn *turn)
{
    char hour[FAM_HOUR_SIZE];
    enum fam_code code;
    unsigned quarter = turn->pressed.argument;
    if (quarter == 0 || quarter > QUARTERS) {
        return fam_times_needs_consent(turn, FAM_TIMES_CONSENT + FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_OWN, &code)
                   ? code
                   : fam_own_time_ask(turn);
    }
    fam_hour_format((int)(quarter - 1) * QUARTER_MINUTES, hour);
    return set_own(turn, hour);
}

enum fam_code fam_own_time_text(struct fam_turn *turn, bool *ret_taken)
{
    char hour[FAM_HOUR_SIZE];
    *ret_taken = fam_hour_parse(turn->update->text, hour);
    return *ret_taken ? set_own(turn, hour) : FAM_OK;
}

enum fam_code fam_quiet_ask(struct fam_turn *turn)
{
    struct fam_keyboard keyboard = {0};
    for (size_t i = 1; i < FAM_ARRAY_SIZE(quiet_rows); i++) {
        char label[FAM_BUTTON_LABEL];
        const struct fam_arg args[] = {{"from", fam_hour_shown(quiet_rows[i].from)},
                                       {"until", fam_hour_shown(quiet_rows[i].until)}};
        fam_locale_format(label, sizeof(label), T(turn->locale, "times.from_until"), args, 2);
        fam_turn_button(turn, &keyboard, label, FAM_ACTION_QUIET, (uint8_t)(1 + i), NULL);
    }
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.no_quiet"), FAM_ACTION_QUIET, 1, NULL);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.back"), FAM_ACTION_TIMES, FAM_TIMES_SHOW, NULL);
    wait_for(turn, FAM_STEP_QUIET);
    return fam_people_show(turn, T(turn->locale, "times.quiet_ask"), &keyboard);
}

static enum fam_code set_quiet(struct fam_turn *turn, const char *from, const char *until)
{
    Fam__V1__SetScheduleRequest request = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    request.set_quiet = true;
    request.quiet_from = (char *)(uintptr_t)from;
    request.quiet_until = (char *)(uintptr_t)until;
    fam_state_leave(&turn->state);
    return fam_times_set(turn, &request, FAM_TIMES_CONSENT);
}

enum fam_code fam_quiet_press(struct fam_turn *turn)
{
    size_t row = turn->pressed.argument;
    if (row == 0 || row > FAM_ARRAY_SIZE(quiet_rows)) {
        return fam_quiet_ask(turn);
    }
    return set_quiet(turn, quiet_rows[row - 1].from, quiet_rows[row - 1].until);
}

enum fam_code fam_quiet_text(struct fam_turn *turn, bool *ret_taken)
{
    char from[FAM_HOUR_SIZE], until[FAM_HOUR_SIZE];
    *ret_taken = fam_hours_parse(turn->update->text, from, until);
    return *ret_taken ? set_quiet(turn, from, until) : FAM_OK;
}
