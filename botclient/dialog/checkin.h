/* checkin.h: see turn.h; check-ins: a few questions in one message whose buttons answer, and which turns into the next
 * question itself. Where it stands is known to the server: a button carries the check-in, the question and the option,
 * so it works after any restart and without a session; only words need one. */
#ifndef FAM_DIALOG_CHECKIN_H
#define FAM_DIALOG_CHECKIN_H

#include "dialog/turn.h"
#include "fam/v1/checkin.pb-c.h"

enum { FAM_CHECKIN_CHARS = 1000 };

/* What the buttons beside the answers do: FAM_ACTION_CHECKIN. Never renumbered. */
enum fam_checkin_verb {
    FAM_CHECKIN_OPEN,      /* the next question, where it stands */
    FAM_CHECKIN_BACK,      /* the question before this one (`detail`); 0: the last that was answered */
    FAM_CHECKIN_LEAVE_OUT, /* no answer to this question (`detail`) */
    FAM_CHECKIN_NOT_NOW,
    FAM_CHECKIN_PAUSE, /* nothing for a week; the check-in, if there is one, is left out */
    FAM_CHECKIN_NEW    /* what waits, else a quick one */
};

/* A question as it is shown. Borrowed. */
struct fam_checkin_page {
    const char *checkin_id;
    const Fam__V1__Question *question;
    const char *greeting;            /* a line above; NULL: none */
    const Fam__V1__Checkin *checkin; /* what was answered before; NULL: nothing */
    size_t position;                 /* of the question on the way that was taken, from 0 */
    bool is_change;                  /* it was answered before: the next one stands further on */
    bool waits_for_words;            /* a text is taken for its answer */
};

/* checkin_view.c */
void fam_checkin_lay_out(const struct fam_turn *turn, const struct fam_checkin_page *page, struct fam_html *html,
                         struct fam_keyboard *keyboard);
/* What was marked, in one line; nothing of the words. */
void fam_checkin_add_marks(const struct fam_turn *turn, const Fam__V1__Checkin *checkin, size_t count,
                           struct fam_html *html);
/* How a check-in of that hour begins: "Добрый вечер!" */
const char *fam_checkin_greeting(const struct fam_locale *locale, Fam__V1__CheckinSlot slot);
/* Names a question in a button; not 0. */
uint16_t fam_checkin_detail(const char *question_id);

/* checkin.c */
enum fam_code fam_checkin_command(struct fam_turn *turn);
enum fam_code fam_checkin_option(struct fam_turn *turn);
enum fam_code fam_checkin_press(struct fam_turn *turn);
enum fam_code fam_checkin_text(struct fam_turn *turn, bool *ret_taken);
/* A text while a question with buttons stands open: a tap when it says what a button says; else it is offered to be
 * read. Not taken: the question is over, and the text a phrase. */
enum fam_code fam_checkin_tap_text(struct fam_turn *turn, bool *ret_taken);
/* Does the session know of an open question of a check-in? */
bool fam_checkin_is_asked(const struct fam_turn *turn);
/* The words of the state's check-in were edited: they take the place of the old ones while it is open. */
enum fam_code fam_checkin_edited(struct fam_turn *turn);
/* The question in the session's state again. */
enum fam_code fam_checkin_again(struct fam_turn *turn);

#endif
