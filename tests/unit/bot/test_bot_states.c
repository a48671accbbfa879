/* The tables of conversations: whoever is asked something can leave, every question can come up, and no button is left
 * without a meaning. That the tables are true is seen by all other tests of conversations (fake_world.h). */
#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

#include "dialog/dialog.h"
#include "dialog/states.h"

static fam_steps bit(enum fam_step step)
{
    return (fam_steps)1 << step;
}

Test(bot_states, every_state_has_a_name_a_question_and_a_reader)
{
    cr_assert_leq((int)FAM_STEP_COUNT, 64, "a set of states is 64 bits");
    for (int step = FAM_STEP_NONE + 1; step < FAM_STEP_COUNT; step++) {
        const struct fam_state_row *row = fam_state_row((enum fam_step)step);
        const char *name = fam_step_name((enum fam_step)step);
        cr_assert(name && *name, "state %d has no name", step);
        cr_assert_not_null(row->ask, "%s is asked by nobody", name);
        cr_assert_not_null(row->read_text, "%s waits for a text that nobody reads", name);
        cr_assert_not_null(row->buttons, "%s", name);
        cr_assert_neq(row->text_to, 0, "a text leads nowhere from %s", name);
        for (int other = 0; other < step; other++)
            cr_assert_str_neq(fam_step_name((enum fam_step)other), name, "two states are called %s", name);
    }
}

Test(bot_states, a_session_brings_back_every_state)
{
    for (int step = 0; step < FAM_STEP_COUNT; step++) {
        char text[FAM_STATE_BYTES];
        struct fam_state state = {.step = (enum fam_step)step}, again;
        size_t size = fam_state_format(&state, text);
        fam_state_parse(text, size, &again);
        cr_assert_eq(again.step, state.step, "%s is lost by a restart", fam_step_name(state.step));
    }
}

Test(bot_states, every_state_can_be_left_by_cancel)
{
    const struct fam_command_row *cancel = fam_command_find("cancel", 6);
    cr_assert_not_null(cancel);
    cr_assert_eq(cancel->to, bit(FAM_STEP_NONE), "and it leads nowhere else");
}

Test(bot_states, every_state_can_be_reached_and_ends)
{
    fam_steps reached = bit(FAM_STEP_NONE), ending = bit(FAM_STEP_NONE), anywhere = 0;
    for (size_t i = 0; fam_command_at(i); i++)
        anywhere |= fam_command_at(i)->to;
    for (size_t i = 0; fam_action_at(i); i++)
        anywhere |= fam_action_at(i)->to;
    reached |= anywhere;
    for (int round = 0; round < FAM_STEP_COUNT; round++) {
        for (int step = 0; step < FAM_STEP_COUNT; step++) {
            fam_steps leads = fam_state_row((enum fam_step)step)->text_to;
            for (const char *b = fam_state_row((enum fam_step)step)->buttons; *b; b++)
                leads |= fam_action_find(*b) ? fam_action_find(*b)->to : 0;
            if (reached & bit((enum fam_step)step))
                reached |= leads;
            if (leads & ending)
                ending |= bit((enum fam_step)step);
        }
    }
    for (int step = 0; step < FAM_STEP_COUNT; step++) {
        cr_assert(reached & bit((enum fam_step)step), "nothing leads to %s", fam_step_name((enum fam_step)step));
        cr_assert(ending & bit((enum fam_step)step), "%s never ends by itself", fam_step_name((enum fam_step)step));
    }
}

Test(bot_states, every_button_of_every_question_is_handled)
{
    for (int step = 0; step < FAM_STEP_COUNT; step++)
        for (const char *b = fam_state_row((enum fam_step)step)->buttons; *b; b++)
            cr_assert_not_null(fam_action_find(*b), "button '%c' of %s", *b, fam_step_name((enum fam_step)step));
}

Test(bot_states, each_action_and_each_command_has_one_row)
{
    for (size_t i = 0; fam_action_at(i); i++) {
        cr_assert_not_null(fam_action_at(i)->run, "'%c'", fam_action_at(i)->action);
        cr_assert_eq(fam_action_find(fam_action_at(i)->action), fam_action_at(i), "'%c' twice",
                     fam_action_at(i)->action);
    }
    for (size_t i = 0; fam_command_at(i); i++) {
        const struct fam_command_row *row = fam_command_at(i);
        cr_assert_not_null(row->run, "%s", row->name);
        cr_assert_eq(fam_command_find(row->name, strlen(row->name)), row, "%s twice", row->name);
        for (const char *c = row->name; *c; c++)
            cr_assert(islower((unsigned char)*c), "Telegram takes small letters only: %s", row->name);
    }
}
