/* times.h: see turn.h; when somebody is asked and told: the hours of check-ins, the reminder before them, quiet hours,
 * the pause, the weekly report. */
#ifndef FAM_DIALOG_TIMES_H
#define FAM_DIALOG_TIMES_H

#include "dialog/turn.h"
#include "fam/v1/checkin.pb-c.h"

/* Of FAM_ACTION_TIMES. Never renumbered. */
enum fam_times_verb {
    FAM_TIMES_SHOW = 0,
    FAM_TIMES_ON = 0x10,  /* + enum CheckinSlot */
    FAM_TIMES_OFF = 0x18, /* + enum CheckinSlot */
    FAM_TIMES_NONE = 0x20,
    FAM_TIMES_REMINDER = 0x28, /* asks; + 1: none, + 2: 10 minutes, + 3: 30 */
    FAM_TIMES_REPORT_OFF = 0x30,
    FAM_TIMES_REPORT_ON = 0x31,
    FAM_TIMES_PAUSE = 0x38,
    FAM_TIMES_PAUSE_END = 0x39,
    FAM_TIMES_CONSENT = 0x40,        /* + enum CheckinSlot, or 0: consents, and that hour */
    FAM_TIMES_CONSENT_REPORT = 0x48, /* consents, and the weekly report */
    FAM_TIMES_CONSENT_ASK = 0x49,    /* shows the text of the consent */
    FAM_TIMES_FIRST = 0x50           /* the same, under the question of the onboarding; + 0: not now */
};

/* times.c */
enum fam_code fam_times_press(struct fam_turn *turn);
/* A week without questions and reports, and the word about it. */
enum fam_code fam_times_pause(struct fam_turn *turn);
/* The last question of the onboarding: may I write first, and when? Once: nothing is asked of somebody who has decided
 * about messages before. */
enum fam_code fam_times_offer(struct fam_turn *turn);
/* Changes the schedule and shows it. Asks for consent first where the server wants it; `verb` (FAM_TIMES_CONSENT…) is
 * what the tap that gives it does. */
enum fam_code fam_times_set(struct fam_turn *turn, const Fam__V1__SetScheduleRequest *request, unsigned verb);
/* One slot on, at that hour ("HH:MM"), or off ("" ); the others stay. */
enum fam_code fam_times_set_slot(struct fam_turn *turn, Fam__V1__CheckinSlot slot, const char *hour);
/* Sends the person to the consent, unless it is given: true, and *ret_code is to be returned. */
bool fam_times_needs_consent(struct fam_turn *turn, unsigned verb, enum fam_code *ret_code);
enum fam_code fam_times_show(struct fam_turn *turn);

/* times_view.c */
void fam_times_lay_out(const struct fam_turn *turn, const Fam__V1__CheckinSchedule *schedule, struct fam_html *html,
                       struct fam_keyboard *keyboard);
/* "08:00" of a slot with an hour of its own; "" for others. */
const char *fam_times_hour_of(Fam__V1__CheckinSlot slot);
/* The row of that slot; NULL: it is off. */
const Fam__V1__CheckinTime *fam_times_find(const Fam__V1__CheckinSchedule *schedule, Fam__V1__CheckinSlot slot);

/* quiet.c: the two questions that wait for a time. */
enum fam_code fam_own_time_press(struct fam_turn *turn);
enum fam_code fam_own_time_ask(struct fam_turn *turn);
enum fam_code fam_own_time_text(struct fam_turn *turn, bool *ret_taken);
enum fam_code fam_quiet_press(struct fam_turn *turn);
enum fam_code fam_quiet_ask(struct fam_turn *turn);
enum fam_code fam_quiet_text(struct fam_turn *turn, bool *ret_taken);

#endif
