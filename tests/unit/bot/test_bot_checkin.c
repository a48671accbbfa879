/* Check-ins: one message whose buttons answer, from the first question to the thanks, in whatever order people tap. */
#include "dialog/checkin.h"
#include "people_world.h"

TestSuite(bot_checkin, .init = people_start, .fini = people_stop);

static struct fam_state state_now(void)
{
    struct fam_state state;
    fam_state_parse(w.state, w.state_size, &state);
    return state;
}

Test(bot_checkin, a_quick_one_is_a_tap_an_answer_in_one_message)
{
    struct sent *first = say("/checkin");
    assert_last_says(ru("checkin.quick"));
    assert_last_says("Каким был день?");
    int64_t id = first->message_id;
    press("Трудным");
    cr_assert(last()->is_edit);
    cr_assert_eq(last()->message_id, id, "the message turns into the next question");
    assert_last_says("Что было труднее всего?");
    assert_last_says("Отмечено: Трудным");
    cr_assert_null(strstr(last()->text, ru("checkin.quick")), "it greets once");
    press("Школа <1>");
    assert_last_says("Хотите добавить пару слов?");
    assert_last_says("Отмечено: Трудным · Школа &lt;1&gt;");
    press(ru("button.leave_out"));
    assert_last_says("Спасибо, что остановились");
    cr_assert_eq(last()->message_id, id);
    cr_assert_eq(last()->keyboard.count, 1, "but to change an answer, nothing is left to do");
    cr_assert_eq(w.checkin.state, FAM__V1__CHECKIN_STATE__CHECKIN_STATE_COMPLETED);
    cr_assert_str_eq(w.checkin.answers[0], "2");
    cr_assert_str_eq(w.checkin.answers[1], "school");
    cr_assert_str_eq(w.checkin.answers[2], "");
}

Test(bot_checkin, words_are_an_answer_while_they_are_asked_for)
{
    say("/checkin");
    press("Хорошим");
    assert_last_says("Что было хорошего?");
    assert_last_says(ru("checkin.in_words"));
    cr_assert_eq(state_now().step, FAM_STEP_CHECKIN);
    say("Рисовали <вместе>");
    assert_last_says("Спасибо, что остановились");
    cr_assert_str_eq(w.checkin.answers[3], "Рисовали <вместе>");
    cr_assert_eq(state_now().step, FAM_STEP_NONE);
    cr_assert_eq(w.entry_count, 0, "no phrase");
    say("Ненавижу тебя!");
    cr_assert_eq(w.entry_count, 1, "and then it is one again");
}

Test(bot_checkin, a_call_for_help_is_never_taken_for_a_note)
{
    say("/checkin");
    press("Очень трудным");
    press("Сон");
    size_t before = w.sent_count;
    say("Она сказала: не хочу больше жить");
    cr_assert_not_null(strstr(w.sent[before].text, "8-800-2000-122"));
    cr_assert_eq(w.entry_count, 0, "what a parent says of the day is no phrase");
    cr_assert_not(w.checkin.answered[2]);
    assert_last_says("8-800-2000-122");
    cr_assert_eq(state_now().step, FAM_STEP_CHECKIN, "the question waits in silence");
}

Test(bot_checkin, a_danger_in_a_note_is_answered_with_help_for_the_writer_first)
{
    say("/checkin");
    press("Очень трудным");
    press("Сон");
    size_t before = w.sent_count;
    say("Я не хочу больше жить");
    const struct sent *help = &w.sent[before];
    const char *own = strstr(help->text, "Call for yourself."), *line = strstr(help->text, "8-800-2000-122"),
               *title = strstr(help->text, ru("safety.for_child")), *child = strstr(help->text, "Ask the child.");
    cr_assert(own && line && title && child, "%s", help->text);
    cr_assert(own < line && line < title && title < child, "the writer first: %s", help->text);
    cr_assert_null(strstr(help->text, "reading of"), "no reading of what a child may have meant");
    cr_assert(help->protect);
    cr_assert_not_null(find_button(help, ru("button.remove")));
}

Test(bot_checkin, too_many_words_are_told_so_and_asked_for_again)
{
    char words[FAM_CHECKIN_CHARS + 2];
    memset(words, 'a', sizeof(words) - 1);
    words[sizeof(words) - 1] = '\0';
    say("/checkin");
    press("Хорошим");
    say(words);
    cr_assert_str_eq(last()->text, ru("checkin.long"));
    cr_assert_not(w.checkin.answered[3]);
    say("Погуляли");
    cr_assert_str_eq(w.checkin.answers[3], "Погуляли");
}

Test(bot_checkin, back_shows_the_earlier_question_with_its_answer_and_changes_it)
{
    say("/checkin");
    press("Трудным");
    press("Сон");
    press(ru("button.back"));
    assert_last_says("Что было труднее всего?");
    cr_assert_not_null(find_button(last(), "✓ Сон"));
    press(ru("button.back"));
    assert_last_says("Каким был день?");
    cr_assert_not_null(find_button(last(), "✓ Трудным"));
    cr_assert_null(find_button(last(), ru("button.not_now")), "it was begun");
    press(ru("button.go_on"));
    assert_last_says("Хотите добавить пару слов?");
    press(ru("button.back"));
    press(ru("button.back"));
    press("Хорошим");
    assert_last_says("Что было хорошего?");
    assert_last_says("Отмечено: Хорошим");
    cr_assert_not(w.checkin.answered[1], "what followed from the earlier answer is forgotten");
}

Test(bot_checkin, a_complete_one_can_still_be_changed)
{
    say("/checkin");
    press("Хорошим");
    press(ru("button.leave_out"));
    assert_last_says("Спасибо, что остановились");
    press(ru("button.change"));
    assert_last_says("Что было хорошего?");
    press(ru("button.back"));
    cr_assert_not_null(find_button(last(), "✓ Хорошим"));
    press(ru("button.go_on"));
    assert_last_says("Спасибо, что остановились");
    press(ru("button.change"));
    press(ru("button.back"));
    press("Обычным");
    cr_assert_str_eq(w.checkin.answers[0], "3");
    assert_last_says("Спасибо, что остановились");
    press(ru("button.change"));
    say("Ели мороженое");
    cr_assert_str_eq(w.checkin.answers[3], "Ели мороженое");
    press(ru("button.change"));
    assert_last_says("Сейчас записано: «Ели мороженое»");
}

Test(bot_checkin, written_words_can_be_taken_back)
{
    say("/checkin");
    press("Хорошим");
    cr_assert_null(find_button(last(), ru("button.needs_none")), "there is nothing yet");
    say("Ели мороженое");
    press(ru("button.change"));
    cr_assert_null(find_button(last(), ru("button.leave_out")));
    press(ru("button.needs_none"));
    assert_last_says("Спасибо, что остановились");
    cr_assert_str_eq(w.checkin.answers[3], "");
    press(ru("button.change"));
    cr_assert_null(find_button(last(), ru("button.needs_none")));
}

Test(bot_checkin, what_can_t_be_changed_any_more_says_so_and_does_not_look_changed)
{
    say("/checkin");
    press("Хорошим");
    say("Ели мороженое");
    press(ru("button.change"));
    struct sent changing = *last();
    w.checkin.is_over = true;
    press(ru("button.needs_none"));
    assert_last_says("Хорошим");
    assert_last_says(ru("checkin.closed"));
    cr_assert_str_eq(w.checkin.answers[3], "Ели мороженое");
    press_on(&changing, ru("button.back"));
    assert_last_says(ru("checkin.closed"));
    press(ru("button.checkin_now"));
    assert_last_says("Каким был день?");
}

Test(bot_checkin, the_same_answer_again_leads_on)
{
    say("/checkin");
    press("Трудным");
    press(ru("button.back"));
    int answers = w.calls[FAM_BACKEND_ANSWER_QUESTION];
    press("✓ Трудным");
    assert_last_says("Что было труднее всего?");
    cr_assert_eq(w.calls[FAM_BACKEND_ANSWER_QUESTION], answers);
}

Test(bot_checkin, a_double_tap_answers_one_question)
{
    struct sent first = *say("/checkin");
    press_on(&first, "Трудным");
    press_on(&first, "Трудным");
    assert_last_says("Что было труднее всего?");
    cr_assert_not(w.checkin.answered[1]);
    cr_assert_eq(w.calls[FAM_BACKEND_ANSWER_QUESTION], 1);
}

Test(bot_checkin, two_quick_taps_on_different_answers_leave_the_last)
{
    struct sent first = *say("/checkin");
    press_on(&first, "Трудным");
    press_on(&first, "Обычным");
    cr_assert_str_eq(w.checkin.answers[0], "3");
    assert_last_says("Что было хорошего?");
}

Test(bot_checkin, taps_work_while_no_session_is_kept_and_words_can_be_left_out)
{
    w.redis_away = true;
    say("/checkin");
    press("Трудным");
    press("Сон");
    assert_last_says("Хотите добавить пару слов?");
    cr_assert_null(strstr(last()->text, ru("checkin.in_words")), "words would not be understood");
    press(ru("button.leave_out"));
    cr_assert_eq(w.checkin.state, FAM__V1__CHECKIN_STATE__CHECKIN_STATE_COMPLETED);
}

Test(bot_checkin, after_a_lost_session_the_button_asks_for_the_words_again)
{
    say("/checkin");
    press("Хорошим");
    struct sent question = *last();
    w.state_size = 0;
    say("Нет!");
    cr_assert_eq(w.entry_count, 1, "nobody remembers a question, so it is a phrase");
    press_on(&question, ru("button.back"));
    press(ru("button.go_on"));
    say("Гуляли");
    cr_assert_str_eq(w.checkin.answers[3], "Гуляли");
}

Test(bot_checkin, the_command_goes_on_where_it_stood)
{
    say("/checkin");
    press("Трудным");
    say("/help");
    say("/checkin");
    assert_last_says("Что было труднее всего?");
    cr_assert_not(last()->is_edit, "below, where the person looks");
    cr_assert_eq(w.checkin.number, 1);
}

Test(bot_checkin, an_update_that_comes_again_answers_once)
{
    say("/checkin");
    w.fail_method = FAM_BACKEND_ANSWER_QUESTION;
    w.fail_code = FAM_UNAVAILABLE;
    w.fail_before = 1;
    const struct fam_button *button = find_button(last(), "Трудным");
    struct fam_update update = world_message("");
    char data[FAM_BUTTON_DATA];
    snprintf(data, sizeof(data), "%s", button->data);
    update.kind = FAM_UPDATE_CALLBACK;
    update.message_id = last()->message_id;
    update.callback_id = "cb";
    update.data = data;
    cr_assert_eq(world_handle(&update), FAM_HANDLE_AGAIN);
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    assert_last_says("Что было труднее всего?");
    cr_assert_str_eq(w.checkin.answers[0], "2");
}

Test(bot_checkin, not_now_is_a_tap_without_a_word_about_it)
{
    struct sent first = *say("/checkin");
    press(ru("button.not_now"));
    assert_last_says("не сейчас");
    cr_assert_eq(w.checkin.state, FAM__V1__CHECKIN_STATE__CHECKIN_STATE_SKIPPED);
    press_on(&first, "Трудным");
    assert_last_says("не сейчас");
    cr_assert_not(w.checkin.answered[0]);
    press(ru("button.checkin_now"));
    assert_last_says("Каким был день?");
    cr_assert_eq(w.checkin.number, 2);
}

Test(bot_checkin, a_pause_of_a_week_is_a_tap_under_the_question)
{
    say("/checkin");
    press(ru("button.pause"));
    cr_assert_eq(w.pause_days, 7);
    cr_assert_eq(w.checkin.state, FAM__V1__CHECKIN_STATE__CHECKIN_STATE_SKIPPED);
    assert_last_says("Писать мне можно как обычно");
    press(ru("button.pause_end"));
    cr_assert_eq(w.pause_days, 0);
    assert_last_says(ru("times.title"));
}

Test(bot_checkin, one_that_is_over_says_so_kindly_and_offers_another)
{
    struct sent first = *say("/checkin");
    w.checkin.state = FAM__V1__CHECKIN_STATE__CHECKIN_STATE_MISSED;
    press_on(&first, "Хорошим");
    cr_assert_str_eq(last()->text, ru("checkin.closed"));
    press(ru("button.checkin_now"));
    assert_last_says("Каким был день?");
    press_on(&first, "Хорошим");
    cr_assert_str_eq(last()->text, ru("checkin.closed"), "that one is gone altogether");
}

Test(bot_checkin, cancel_leaves_the_words_and_the_check_in_stays_open)
{
    say("/checkin");
    press("Хорошим");
    say("/cancel");
    cr_assert_str_eq(last()->text, ru("cancel.checkin"));
    cr_assert_eq(state_now().step, FAM_STEP_NONE);
    say("/checkin");
    assert_last_says("Что было хорошего?");
}

Test(bot_checkin, without_consent_to_keep_anything_there_is_none)
{
    w.processing = 0;
    say("/checkin");
    cr_assert_str_eq(last()->text, ru("refused.consent"));
}

Test(bot_checkin, answers_stand_side_by_side_as_far_as_a_phone_is_wide)
{
    say("/checkin");
    size_t row = 0, widest = 0;
    for (size_t i = 0; i < last()->keyboard.count; i++) {
        row = last()->keyboard.buttons[i].starts_row ? 1 : row + 1;
        widest = row > widest ? row : widest;
    }
    cr_assert_eq(widest, 2, "\"Очень трудным\" is too long for three");
}
