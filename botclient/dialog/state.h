/* state.h: what a conversation remembers between two messages, as the compact JSON that the server's session keeps.
 *
 * Everything in it can be lost without harm: the steps of a wizard are found again from what the server knows of the
 * person. Names of members are short because a session is small: s step, n name, c another child, a answer, p phrase's
 * message, e entry, h safety, g age, u subject, i question of a check-in, r rating, d closed question, t rated answer,
 * q the question about it, k answer with a later question, x answers go too, b text that answered a question, l words
 * of a check-in, y that check-in, z its question, o when it was used last, w the list on show (view.h). Thread-safe; no
 * state of its own. */
#ifndef FAM_DIALOG_STATE_H
#define FAM_DIALOG_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "dialog/view.h"

/* Where a wizard stands: what text is expected. */
enum fam_step {
    FAM_STEP_NONE,
    FAM_STEP_COUNTRY,
    FAM_STEP_CHILD_NAME,
    FAM_STEP_CHILD_BIRTH,
    FAM_STEP_SEARCH,
    FAM_STEP_NOTE, /* about the entry in `subject` */
    FAM_STEP_ERASE,
    FAM_STEP_EDIT_NAME, /* of the child in `subject`, as in the next two */
    FAM_STEP_EDIT_BIRTH,
    FAM_STEP_NEEDS,
    FAM_STEP_FAMILY_NAME,
    FAM_STEP_FAMILY_COUNTRY,
    FAM_STEP_ZONE,
    FAM_STEP_MY_NAME,
    FAM_STEP_MY_COUNTRY,
    FAM_STEP_FEEDBACK,
    FAM_STEP_CHECKIN,     /* words for the `question` of the check-in in `subject` */
    FAM_STEP_CHECKIN_TAP, /* the same where buttons answer */
    FAM_STEP_OWN_TIME,
    FAM_STEP_QUIET,
    FAM_STEP_COUNT
};

enum { FAM_NAME_CHARS = 40, FAM_NAME_SIZE = 4 * FAM_NAME_CHARS + 1, FAM_STATE_BYTES = 1024, FAM_QUESTION_SIZE = 33 };

struct fam_state {
    enum fam_step step;
    char name[FAM_NAME_SIZE];          /* of the child whose birth is asked; "" for none */
    bool another;                      /* the child is added by /children, not in the onboarding */
    int64_t phrase_id;                 /* message of the parent's last phrase; 0: none */
    int64_t answer_id;                 /* message of our answer to it */
    char entry_id[FAM_UUID_TEXT_SIZE]; /* of that answer, "" when nothing was stored */
    bool had_safety;                   /* that answer carries a safety block */
    uint8_t age_band;                  /* told by a tap for want of a child; 0: none */
    char subject[FAM_UUID_TEXT_SIZE];  /* whom or what the question is about; "" for none */
    char question[FAM_QUESTION_SIZE];  /* its id; "" for none */
    uint8_t rating;                    /* of the feedback that is being written; 0: none */
    int64_t closed_id;                 /* message of the question that was answered last */
    int64_t rated_id;                  /* message of the answer that was rated last */
    int64_t thanks_id;                 /* message that thanked for it and asks how it went */
    int64_t agreed_id;                 /* message of the answer that a later question was agreed to last */
    bool erases_answers;               /* with everything else our answers in the chat are to go */
    int64_t answered_id;               /* the person's message that answered a question last, or may have */
    int64_t words_id;                  /* the same that answered a question of a check-in; 0: none */
    char words_checkin[FAM_UUID_TEXT_SIZE];
    char words_question[FAM_QUESTION_SIZE];
    int64_t used_ms; /* when it was stored, Unix time; 0: not known */
    struct fam_view view;
};

/* "country", "child.name" …; "" for NONE. */
const char *fam_step_name(enum fam_step step);
/* Anything that is not ours gives an empty state. */
void fam_state_parse(const void *data, size_t size, struct fam_state *ret_state);
/* The JSON, NUL-terminated; its length. */
size_t fam_state_format(const struct fam_state *state, char ret_text[FAM_STATE_BYTES]);
/* Ends the wizard; what belongs to answers stays. */
void fam_state_leave(struct fam_state *state);

#endif
