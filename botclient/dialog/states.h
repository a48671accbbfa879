/* states.h: conversations as tables: which question waits for text and who reads it, what each command and each button
 * does, and in which state each may leave the conversation.
 *
 * A new conversation is rows here, its functions in a file of its own, its texts in the locales. The tables are walked
 * by a test (tests/unit/bot/test_bot_states.c): every state can be left by /cancel and reached from none, every button
 * that a question shows has a row. What a turn really does is held against them by every test of conversations
 * (tests/unit/bot/fake_world.h), so the tables are true. Constant; thread-safe. */
#ifndef FAM_DIALOG_STATES_H
#define FAM_DIALOG_STATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "dialog/state.h"

struct fam_turn;

typedef enum fam_code fam_verb(struct fam_turn *turn);
/* A set of states, as bits. */
typedef uint64_t fam_steps;
#define FAM_TO(step) ((fam_steps)1 << (FAM_STEP_##step))

/* A question that waits for text. A text that does not fit (*ret_taken stays false) is a phrase when it is long, when
 * it speaks of a danger (such a text does not come to read_text at all), or when the question has no word for it
 * (`unfit`): it is answered, and the question comes again. So no call for help is taken for a name, and no mistyped age
 * for what a child said. After help for a danger nothing is asked again by itself.
 *
 * After an hour in which nothing happened in the chat nobody waits for a name or an age any more, and any text is a
 * phrase. But what comes so late to a question that takes any words (one without `unfit`) may be meant for it alone: a
 * button offers to read it. */
struct fam_state_row {
    fam_verb *ask; /* NULL for FAM_STEP_NONE alone, where (nearly) every text is a phrase */
    enum fam_code (*read_text)(struct fam_turn *turn, bool *ret_taken);
    bool is_own;         /* the words are of the writers themselves: a danger in them is answered with help for them */
    const char *unfit;   /* key of what a short text that does not fit is told; NULL: it is a phrase */
    const char *buttons; /* the actions under the question */
    fam_steps text_to;   /* where a text leads; the state itself: it is asked again */
};

/* A command leads where `to` says, from any state. */
struct fam_command_row {
    const char *name; /* without the slash */
    fam_verb *run;
    fam_steps to;
    bool in_menu; /* with the text menu.<name> in every locale */
};

/* A button leads where `to` says. It may always leave everything as it is too: a second tap, an old message. */
struct fam_action_row {
    char action; /* enum fam_action */
    fam_verb *run;
    fam_steps to;
};

const struct fam_state_row *fam_state_row(enum fam_step step);
/* Case does not matter. NULL: unknown. */
const struct fam_command_row *fam_command_find(const char *name, size_t size);
/* In the order of the menu; NULL behind the last. */
const struct fam_command_row *fam_command_at(size_t index);
/* NULL: unknown. */
const struct fam_action_row *fam_action_find(char action);
const struct fam_action_row *fam_action_at(size_t index);

#endif
