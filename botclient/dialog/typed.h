/* typed.h: see turn.h; answers to a check-in's question that are written though a button says the same. Private to
 * dialog/. */
#ifndef FAM_DIALOG_TYPED_H
#define FAM_DIALOG_TYPED_H

#include "dialog/turn.h"
#include "fam/v1/checkin.pb-c.h"

/* What a text says. */
enum fam_typed_means {
    FAM_TYPED_OTHER,  /* none of the following: words of its own */
    FAM_TYPED_OPTION, /* the label of an answer, or its number on a scale: "5", "5 из 5", "5/5" */
    FAM_TYPED_BACK,
    FAM_TYPED_LEAVE_OUT,
    FAM_TYPED_GO_ON,
    FAM_TYPED_ERASE,
    FAM_TYPED_NOT_NOW,
    FAM_TYPED_PAUSE,
    FAM_TYPED_NOTHING /* "нет", "ничего", "-": an answer in words that says that there is none */
};

struct fam_typed {
    enum fam_typed_means means;
    uint8_t option; /* the place of that answer among the question's options */
};

/* Case, ё or е, and whatever stands around the words, punctuation and emoji, do not matter; the labels of the buttons
 * are understood in every language of the bot. `question` may be NULL: nobody asks any more. Fails for want of memory
 * alone. */
enum fam_code fam_typed_read(const struct fam_turn *turn, const char *text, const Fam__V1__Question *question,
                             struct fam_typed *ret_typed);

#endif
