/* When somebody is asked and told. Every button carries what it sets, so a second tap changes nothing; consent to
 * messages is asked for in its own words before anything can become due. */
#include "dialog/times.h"

#include <stdio.h>
#include <string.h>

#include "dialog/hours.h"
#include "dialog/people.h"
#include "dialog/zones.h"

enum { PAUSE_DAYS = 7, SLOTS = FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_OWN, REMINDERS = 3 };

static const int reminders[REMINDERS] = {0, 10, 30};

static char *text(const char *constant)
{
    return (char *)(uintptr_t)constant; /* protobuf-c knows no const, and nothing writes to it */
}

static bool consents(const struct fam_turn *turn, Fam__V1__ConsentPurpose purpose)
{
    return fam_turn_consent(turn, purpose) == 1;
}

/* `first`: a sentence above; NULL: none. */
static enum fam_code show_below(struct fam_turn *turn, const char *first, const Fam__V1__CheckinSchedule *schedule)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    if (!schedule) {
        return fam_fail(turn->status, FAM_INTERNAL, "an answer without a schedule");
    }
    fam_html_init(&html);
    if (first) {
        fam_html_add(&html, first);
        fam_html_end_paragraph(&html);
    }
    fam_times_lay_out(turn, schedule, &html, &keyboard);
    return fam_turn_show(turn, &html, &keyboard);
}

static enum fam_code show(struct fam_turn *turn, const Fam__V1__CheckinSchedule *schedule)
{
    return show_below(turn, NULL, schedule);
}

static enum fam_code read_schedule(struct fam_turn *turn, struct fam_backend_reply *ret_reply,
                                   const Fam__V1__CheckinSchedule **ret_schedule)
{
    Fam__V1__GetScheduleRequest request = FAM__V1__GET_SCHEDULE_REQUEST__INIT;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_GET_SCHEDULE, NULL, &request.base, ret_reply);
    if (code != FAM_OK) {
        return code;
    }
    *ret_schedule = ((const Fam__V1__GetScheduleResponse *)ret_reply->message)->schedule;
    return *ret_schedule ? FAM_OK : fam_fail(turn->status, FAM_INTERNAL, "GetSchedule answers without a schedule");
}

enum fam_code fam_times_show(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    const Fam__V1__CheckinSchedule *schedule = NULL;
    enum fam_code code = read_schedule(turn, &reply, &schedule);
    return code == FAM_OK ? show(turn, schedule) : fam_people_refused(turn, code);
}

static enum fam_code ask_consent(struct fam_turn *turn, unsigned verb)
{
    struct fam_keyboard keyboard = {0};
    fam_turn_button(turn, &keyboard, T(turn->locale, "consent.yes"), FAM_ACTION_TIMES, (uint8_t)verb, NULL);
    fam_turn_button(turn, &keyboard, T(turn->locale, "consent.no"), FAM_ACTION_TIMES, FAM_TIMES_SHOW, NULL);
    return fam_people_show(turn, T(turn->locale, "consent.notifications"), &keyboard);
}

bool fam_times_needs_consent(struct fam_turn *turn, unsigned verb, enum fam_code *ret_code)
{
    if (!consents(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING)) {
        *ret_code = fam_people_show(turn, T(turn->locale, "refused.consent"), NULL);
        return true;
    }
    if (!consents(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS)) {
        *ret_code = ask_consent(turn, verb);
        return true;
    }
    return false;
}

static enum fam_code call_set(struct fam_turn *turn, const Fam__V1__SetScheduleRequest *request,
                              struct fam_backend_reply *ret_reply, const Fam__V1__CheckinSchedule **ret_schedule)
{
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_SET_SCHEDULE, "schedule", &request->base, ret_reply);
    if (code == FAM_OK) {
        *ret_schedule = ((const Fam__V1__SetScheduleResponse *)ret_reply->message)->schedule;
    }
    return code;
}

/* An hour of check-ins and the quiet hours would be at odds: it stays as it is, and that is said. */
static enum fam_code say_at_odds(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    const Fam__V1__CheckinSchedule *schedule = NULL;
    enum fam_code code = read_schedule(turn, &reply, &schedule);
    return code == FAM_OK ? show_below(turn, T(turn->locale, "times.at_odds"), schedule)
                          : fam_people_refused(turn, code);
}

enum fam_code fam_times_set(struct fam_turn *turn, const Fam__V1__SetScheduleRequest *request, unsigned verb)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    const Fam__V1__CheckinSchedule *schedule = NULL;
    enum fam_code code = call_set(turn, request, &reply, &schedule);
    if (code == FAM_FAILED_PRECONDITION && strcmp(turn->status->reason, "CONSENT_REQUIRED") == 0) {
        enum fam_code asked = FAM_OK;
        if (fam_times_needs_consent(turn, verb, &asked)) {
            return asked;
        }
    }
    if (code == FAM_INVALID_ARGUMENT && strcmp(turn->status->reason, "QUIET_HOURS") == 0) {
        return say_at_odds(turn);
    }
    return code == FAM_OK ? show(turn, schedule) : fam_people_refused(turn, code);
}

/* The times as they will be, in the order of the slots, so that a repeated update asks for the same. */
struct times {
    Fam__V1__CheckinTime rows[SLOTS];
    Fam__V1__CheckinTime *pointers[SLOTS];
    size_t count;
};

/* `hour`: of the slot that is turned on; "": it is turned off. */
static void merge(const Fam__V1__CheckinSchedule *schedule, Fam__V1__CheckinSlot slot, const char *hour,
                  struct times *ret_times)
{
    *ret_times = (struct times){0};
    for (int which = FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_MORNING; which <= SLOTS; which++) {
        const Fam__V1__CheckinTime *now = fam_times_find(schedule, (Fam__V1__CheckinSlot)which);
        const char *at = (int)slot == which   ? hour
                         : !now               ? ""
                         : now->local_time[0] ? now->local_time
                                              : fam_times_hour_of((Fam__V1__CheckinSlot)which);
        if (!*at) {
            continue;
        }
        Fam__V1__CheckinTime *row = &ret_times->rows[ret_times->count];
        fam__v1__checkin_time__init(row);
        row->slot = (Fam__V1__CheckinSlot)which;
        row->local_time = text(at);
        ret_times->pointers[ret_times->count++] = row;
    }
}

enum fam_code fam_times_set_slot(struct fam_turn *turn, Fam__V1__CheckinSlot slot, const char *hour)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__SetScheduleRequest request = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    const Fam__V1__CheckinSchedule *schedule = NULL;
    struct times times;
    enum fam_code code;
    if (*hour && fam_times_needs_consent(turn, FAM_TIMES_CONSENT + slot, &code)) {
        return code;
    }
    code = read_schedule(turn, &reply, &schedule);
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    merge(schedule, slot, hour, &times);
    request.set_times = true;
    request.times = times.pointers;
    request.n_times = times.count;
    return fam_times_set(turn, &request, FAM_TIMES_CONSENT + slot);
}

static enum fam_code set_none(struct fam_turn *turn)
{
    Fam__V1__SetScheduleRequest request = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    request.set_times = true;
    return fam_times_set(turn, &request, FAM_TIMES_CONSENT);
}

static enum fam_code ask_reminder(struct fam_turn *turn)
{
    struct fam_keyboard keyboard = {0};
    for (int i = 0; i < REMINDERS; i++) {
        char number[32], label[FAM_BUTTON_LABEL];
        snprintf(number, sizeof(number), "%d", reminders[i]);
        const struct fam_arg args[] = {{"n", number}};
        fam_locale_format(label, sizeof(label),
                          i == 0 ? T(turn->locale, "button.no_reminder") : T(turn->locale, "times.minutes_before"),
                          args, 1);
        fam_turn_button(turn, &keyboard, label, FAM_ACTION_TIMES, (uint8_t)(FAM_TIMES_REMINDER + 1 + i), NULL);
    }
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.back"), FAM_ACTION_TIMES, FAM_TIMES_SHOW, NULL);
    return fam_people_show(turn, T(turn->locale, "times.reminder_ask"), &keyboard);
}

static enum fam_code set_reminder(struct fam_turn *turn, int minutes)
{
    Fam__V1__SetScheduleRequest request = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    request.set_reminder = true;
    request.reminder_minutes = minutes;
    return fam_times_set(turn, &request, FAM_TIMES_CONSENT);
}

static enum fam_code set_report(struct fam_turn *turn, bool on)
{
    Fam__V1__SetScheduleRequest request = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    enum fam_code code;
    if (on && fam_times_needs_consent(turn, FAM_TIMES_CONSENT_REPORT, &code)) {
        return code;
    }
    request.weekly_report = on ? FAM__V1__SWITCH_STATE__SWITCH_STATE_ON : FAM__V1__SWITCH_STATE__SWITCH_STATE_OFF;
    return fam_times_set(turn, &request, FAM_TIMES_CONSENT_REPORT);
}

static enum fam_code call_pause(struct fam_turn *turn, int days, struct fam_backend_reply *ret_reply)
{
    Fam__V1__PauseScheduleRequest request = FAM__V1__PAUSE_SCHEDULE_REQUEST__INIT;
    request.days = days;
    return fam_turn_call(turn, FAM_BACKEND_PAUSE_SCHEDULE, "pause", &request.base, ret_reply);
}

enum fam_code fam_times_pause(struct fam_turn *turn)
{
    char day[FAM_MOMENT_SIZE] = "", words[512];
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    enum fam_code code = call_pause(turn, PAUSE_DAYS, &reply);
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    const Fam__V1__CheckinSchedule *schedule = ((const Fam__V1__PauseScheduleResponse *)reply.message)->schedule;
    if (!schedule) {
        return fam_fail(turn->status, FAM_INTERNAL, "PauseSchedule answers without a schedule");
    }
    if (schedule->paused_until_ms == 0) {
        return show(turn, schedule); /* of who does not consent nothing is kept, and nothing comes */
    }
    fam_zone_day(turn->locale, schedule->time_zone, schedule->paused_until_ms, day);
    const struct fam_arg args[] = {{"day", day}};
    fam_locale_format(words, sizeof(words), T(turn->locale, "times.pause_done"), args, 1);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.pause_end"), FAM_ACTION_TIMES, FAM_TIMES_PAUSE_END, NULL);
    return fam_people_show(turn, words, &keyboard);
}

static enum fam_code end_pause(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    enum fam_code code = call_pause(turn, 0, &reply);
    return code == FAM_OK ? show(turn, ((const Fam__V1__PauseScheduleResponse *)reply.message)->schedule)
                          : fam_people_refused(turn, code);
}

static enum fam_code give_consent(struct fam_turn *turn)
{
    if (consents(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS)) {
        return FAM_OK; /* a second tap: its day stays */
    }
    return fam_consents_set(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS, true);
}

static enum fam_code consent_and_set(struct fam_turn *turn, unsigned slot)
{
    enum fam_code code = give_consent(turn);
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    if (slot == FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_OWN) {
        return fam_own_time_ask(turn);
    }
    const char *hour = fam_times_hour_of((Fam__V1__CheckinSlot)slot);
    return *hour ? fam_times_set_slot(turn, (Fam__V1__CheckinSlot)slot, hour) : fam_times_show(turn);
}

static enum fam_code consent_and_report(struct fam_turn *turn)
{
    enum fam_code code = give_consent(turn);
    return code == FAM_OK ? set_report(turn, true) : fam_people_refused(turn, code);
}

/* The text of the consent, and nothing else behind it. Who has given it already sees how things stand. */
static enum fam_code ask_consent_alone(struct fam_turn *turn)
{
    enum fam_code code = FAM_OK;
    return fam_times_needs_consent(turn, FAM_TIMES_CONSENT, &code) ? code : fam_times_show(turn);
}

enum fam_code fam_times_offer(struct fam_turn *turn)
{
    static const struct {
        Fam__V1__CheckinSlot slot;
        const char *label;
    } choices[] = {
        {FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_MORNING, FAM_KEY("button.first_morning")},
        {FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_AFTERNOON, FAM_KEY("button.first_afternoon")},
        {FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_EVENING, FAM_KEY("button.first_evening")},
        {FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_UNSPECIFIED, FAM_KEY("button.not_now")},
    };
    struct fam_keyboard keyboard = {0};
    if (fam_turn_consent(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS) >= 0 ||
        !consents(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING)) {
        return FAM_OK;
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(choices); i++) {
        fam_turn_button(turn, &keyboard, fam_locale_text(turn->locale, choices[i].label), FAM_ACTION_TIMES,
                        (uint8_t)(FAM_TIMES_FIRST + choices[i].slot), NULL);
    }
    turn->keep_pressed = true;
    return fam_people_show(turn, T(turn->locale, "times.offer"), &keyboard);
}

/* The hour with the clock it is meant by: who lives by another one sees it now, and not at the wrong time. */
static enum fam_code say_taken(struct fam_turn *turn, const char *hour, const Fam__V1__CheckinSchedule *schedule)
{
    char words[512], zone[FAM_ZONE_SIZE];
    if (!schedule) {
        return fam_fail(turn->status, FAM_INTERNAL, "SetSchedule answers without a schedule");
    }
    fam_zone_name(turn->locale, schedule->time_zone, zone);
    const struct fam_arg args[] = {{"hour", fam_hour_shown(hour)}, {"zone", zone}};
    fam_locale_format(words, sizeof(words), T(turn->locale, "times.offer_taken"), args, FAM_ARRAY_SIZE(args));
    return fam_people_show(turn, words, NULL);
}

/* The tap under the question that names all of it is the consent, or its refusal. */
static enum fam_code take_offer(struct fam_turn *turn, unsigned slot)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0}, set = {0};
    Fam__V1__SetScheduleRequest request = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    const Fam__V1__CheckinSchedule *schedule = NULL;
    const char *hour = fam_times_hour_of((Fam__V1__CheckinSlot)slot);
    struct times times;
    if (!*hour) {
        bool is_open = fam_turn_consent(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS) < 0;
        enum fam_code refusal =
            is_open ? fam_consents_set(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS, false) : FAM_OK;
        return refusal == FAM_OK ? fam_people_show(turn, T(turn->locale, "times.offer_declined"), NULL)
                                 : fam_people_refused(turn, refusal);
    }
    enum fam_code code = read_schedule(turn, &reply, &schedule);
    if (code == FAM_OK && fam_hour_is_within(hour, schedule->quiet_from, schedule->quiet_until)) {
        return show_below(turn, T(turn->locale, "times.at_odds"), schedule); /* nothing is consented to either */
    }
    if (code == FAM_OK) {
        code = give_consent(turn);
    }
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    merge(schedule, (Fam__V1__CheckinSlot)slot, hour, &times);
    request.set_times = true;
    request.times = times.pointers;
    request.n_times = times.count;
    code = call_set(turn, &request, &set, &schedule);
    if (code == FAM_INVALID_ARGUMENT && strcmp(turn->status->reason, "QUIET_HOURS") == 0) {
        return say_at_odds(turn);
    }
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    return say_taken(turn, hour, schedule);
}

static bool is_slot(unsigned slot)
{
    return slot >= FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_MORNING && slot <= SLOTS;
}

enum fam_code fam_times_press(struct fam_turn *turn)
{
    unsigned what = turn->pressed.argument;
    if (turn->state.step == FAM_STEP_OWN_TIME || turn->state.step == FAM_STEP_QUIET) {
        fam_state_leave(&turn->state);
    }
    if (what >= FAM_TIMES_FIRST && what < FAM_TIMES_FIRST + SLOTS) {
        return take_offer(turn, what - FAM_TIMES_FIRST);
    }
    if (what >= FAM_TIMES_CONSENT && what <= FAM_TIMES_CONSENT + SLOTS) {
        return consent_and_set(turn, what - FAM_TIMES_CONSENT);
    }
    if (is_slot(what - FAM_TIMES_ON)) {
        Fam__V1__CheckinSlot slot = (Fam__V1__CheckinSlot)(what - FAM_TIMES_ON);
        return fam_times_set_slot(turn, slot, fam_times_hour_of(slot));
    }
    if (is_slot(what - FAM_TIMES_OFF)) {
        return fam_times_set_slot(turn, (Fam__V1__CheckinSlot)(what - FAM_TIMES_OFF), "");
    }
    if (what > FAM_TIMES_REMINDER && what <= FAM_TIMES_REMINDER + REMINDERS) {
        return set_reminder(turn, reminders[what - FAM_TIMES_REMINDER - 1]);
    }
    switch (what) {
    case FAM_TIMES_NONE:
        return set_none(turn);
    case FAM_TIMES_REMINDER:
        return ask_reminder(turn);
    case FAM_TIMES_REPORT_OFF:
    case FAM_TIMES_REPORT_ON:
        return set_report(turn, what == FAM_TIMES_REPORT_ON);
    case FAM_TIMES_CONSENT_REPORT:
        return consent_and_report(turn);
    case FAM_TIMES_CONSENT_ASK:
        return ask_consent_alone(turn);
    case FAM_TIMES_PAUSE:
        return fam_times_pause(turn);
    case FAM_TIMES_PAUSE_END:
        return end_pause(turn);
    default:
        return fam_times_show(turn);
    }
}
