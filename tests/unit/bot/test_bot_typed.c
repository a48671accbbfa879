/* What is typed while a question of a check-in stands open: the words of its buttons are taps, everything else is read
 * as a phrase only when the person says so; and what is left alone after a call for help. */
#include "dialog/checkin.h"
#include "people_world.h"

TestSuite(bot_typed, .init = people_start, .fini = people_stop);

static struct fam_state state_now(void)
{
    struct fam_state state;
    fam_state_parse(w.state, w.state_size, &state);
    return state;
}

/* Nothing of it is kept, neither as an entry nor in the session, and nobody was asked to read it. */
static void assert_kept_nowhere(const char *text)
{
    cr_assert_eq(w.entry_count, 0, "\"%s\" became an entry", text);
    cr_assert_str_eq(w.draft, "", "\"%s\" is a draft", text);
    cr_assert_null(strstr(w.state, text), "\"%s\" stands in the session", text);
}

/* ---- taps that are written ---- */

Test(bot_typed, the_label_of_an_answer_is_a_tap_however_it_is_written)
{
    static const char *const texts[] = {"Хорошим",   "хорошим", "ХОРОШИМ!", " хорошим. ", "«Хорошим» 🙂",
                                        "4",         "4.",      "4️⃣",  "4 из 5",     "4/5",
                                        "4 out of 5"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        say("/checkin");
        say(texts[i]);
        cr_assert_str_eq(w.checkin.answers[0], "4", "\"%s\"", texts[i]);
        assert_last_says("Что было хорошего?");
        assert_kept_nowhere(texts[i]);
        say("/cancel");
        w.checkin.state = FAM__V1__CHECKIN_STATE__CHECKIN_STATE_MISSED;
    }
}

Test(bot_typed, a_label_of_a_later_question_is_a_tap_too)
{
    say("/checkin");
    say("трудным");
    assert_last_says("Что было труднее всего?");
    say("СОН!");
    cr_assert_str_eq(w.checkin.answers[1], "sleep");
    assert_last_says("Хотите добавить пару слов?");
    say("Недоспали");
    cr_assert_str_eq(w.checkin.answers[2], "Недоспали");
    assert_kept_nowhere("Недоспали");
}

Test(bot_typed, a_number_is_an_answer_on_a_scale_alone)
{
    static const char *const others[] = {"0", "6", "45", "5 из 10", "4.5", "-3-2"};
    say("/checkin");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        say(others[i]);
        cr_assert_not(w.checkin.answered[0], "\"%s\"", others[i]);
        cr_assert_str_eq(last()->text, ru("offer.open"), "\"%s\"", others[i]);
    }
    press_on(&w.sent[0], "Трудным");
    say("1");
    cr_assert_not(w.checkin.answered[1], "not the first of a list");
    cr_assert_str_eq(last()->text, ru("offer.open"));
    assert_kept_nowhere("1 ");
}

Test(bot_typed, the_other_buttons_can_be_written_in_any_language_of_the_bot)
{
    static const char *const backs[] = {"Назад", "назад.", "Back", "вернуться"};
    for (size_t i = 0; i < sizeof(backs) / sizeof(backs[0]); i++) {
        say("/checkin");
        say("Трудным");
        say(backs[i]);
        assert_last_says("Каким был день?");
        cr_assert_not_null(find_button(last(), "✓ Трудным"), "\"%s\"", backs[i]);
        say("Дальше");
        assert_last_says("Что было труднее всего?");
        w.checkin.state = FAM__V1__CHECKIN_STATE__CHECKIN_STATE_MISSED;
    }
    say("/checkin");
    say("Не сейчас");
    assert_last_says("не сейчас");
    cr_assert_eq(w.checkin.state, FAM__V1__CHECKIN_STATE__CHECKIN_STATE_SKIPPED);
    cr_assert_eq(state_now().step, FAM_STEP_NONE);
    say("/checkin");
    say("пауза на неделю");
    cr_assert_eq(w.pause_days, 7);
    cr_assert_eq(w.checkin.state, FAM__V1__CHECKIN_STATE__CHECKIN_STATE_SKIPPED);
    assert_kept_nowhere("пауза");
}

Test(bot_typed, a_written_tap_that_comes_again_answers_once)
{
    say("/checkin");
    w.fail_method = FAM_BACKEND_ANSWER_QUESTION;
    w.fail_code = FAM_UNAVAILABLE;
    w.fail_before = 1;
    struct fam_update update = world_message("Трудным");
    cr_assert_eq(world_handle(&update), FAM_HANDLE_AGAIN);
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    assert_last_says("Что было труднее всего?");
    size_t before = w.sent_count;
    update.kind = FAM_UPDATE_EDITED;
    update.update_id = w.next_update_id++;
    update.text = "Обычным";
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    cr_assert_eq(w.sent_count, before, "and an edit of it is no phrase");
    assert_kept_nowhere("Обычным");
}

/* ---- other words beside buttons ---- */

Test(bot_typed, other_words_are_offered_to_be_read_and_the_question_stays)
{
    say("/checkin");
    struct sent question = *press("Трудным");
    struct fam_update words = world_message("устала от всего, сил нет с ними");
    cr_assert_eq(world_handle(&words), FAM_HANDLED);
    cr_assert_str_eq(last()->text, ru("offer.open"));
    cr_assert_eq(last()->reply_to, words.message_id);
    cr_assert_eq(last()->keyboard.count, 1);
    assert_kept_nowhere("устала");
    cr_assert_eq(state_now().step, FAM_STEP_CHECKIN_TAP);
    press_on(&question, "Сон");
    assert_last_says("Хотите добавить пару слов?");
}

Test(bot_typed, a_phrase_of_the_child_is_one_tap_away)
{
    say("/checkin");
    say("«Ненавижу тебя!»");
    assert_kept_nowhere("Ненавижу");
    press(ru("button.read"));
    cr_assert_eq(w.entry_count, 1);
    assert_last_says("reading of");
    say("Трудным");
    cr_assert_str_eq(w.checkin.answers[0], "2", "the question is still open");
}

Test(bot_typed, a_call_for_help_beside_the_buttons_is_answered_at_once)
{
    say("/checkin");
    size_t before = w.sent_count;
    say("не хочу больше жить");
    cr_assert_eq(w.sent_count, before + 1, "and nothing is asked again below");
    assert_last_says("8-800-2000-122");
    cr_assert(last()->protect);
    say("просто очень устала");
    cr_assert_str_eq(last()->text, ru("offer.open"), "what comes then is no entry either");
}

Test(bot_typed, when_its_time_is_over_a_text_is_a_phrase_as_ever)
{
    say("/checkin");
    w.checkin.state = FAM__V1__CHECKIN_STATE__CHECKIN_STATE_MISSED;
    say("Ненавижу тебя!");
    cr_assert_eq(w.entry_count, 1);
    cr_assert_eq(state_now().step, FAM_STEP_NONE);
}

Test(bot_typed, what_can_only_be_an_answer_is_told_that_the_time_is_over)
{
    static const char *const texts[] = {"Не сейчас", "Назад", "пауза на неделю"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        say("/checkin");
        w.checkin.state = FAM__V1__CHECKIN_STATE__CHECKIN_STATE_MISSED;
        say(texts[i]);
        cr_assert_str_eq(last()->text, ru("checkin.closed"), "\"%s\"", texts[i]);
        assert_kept_nowhere(texts[i]);
    }
}

Test(bot_typed, without_a_session_nobody_knows_of_a_question)
{
    say("/checkin");
    w.state_size = 0;
    say("Нет!");
    cr_assert_eq(w.entry_count, 1);
}

Test(bot_typed, after_another_conversation_the_question_was_not_the_last_one)
{
    say("/checkin");
    say("/settings");
    say("Ненавижу тебя!");
    cr_assert_eq(w.entry_count, 1);
}

Test(bot_typed, who_withdrew_the_consent_meanwhile_is_answered_as_ever)
{
    say("/checkin");
    w.processing = 0;
    say("Ненавижу тебя!");
    assert_last_says("reading of");
    cr_assert_eq(state_now().step, FAM_STEP_NONE);
}

/* ---- where words are asked for ---- */

Test(bot_typed, the_words_of_the_buttons_are_no_note)
{
    static const char *const skips[] = {"Пропустить", "пропустить!", "Skip", "Leave it out", "Дальше", "Пропускаю"};
    for (size_t i = 0; i < sizeof(skips) / sizeof(skips[0]); i++) {
        say("/checkin");
        press("Хорошим");
        say(skips[i]);
        cr_assert_str_eq(w.checkin.answers[3], "", "\"%s\"", skips[i]);
        cr_assert_eq(w.checkin.state, FAM__V1__CHECKIN_STATE__CHECKIN_STATE_COMPLETED, "\"%s\"", skips[i]);
        assert_last_says("Спасибо, что остановились");
    }
    say("/checkin");
    press("Хорошим");
    say("Назад");
    cr_assert_not_null(find_button(last(), "✓ Хорошим"));
    press("✓ Хорошим");
    say("Не сейчас");
    assert_last_says("не сейчас");
    cr_assert_str_eq(w.checkin.answers[3], "");
    assert_kept_nowhere("Назад");
}

Test(bot_typed, words_that_say_that_there_is_nothing_are_left_out)
{
    static const char *const texts[] = {"ничего", "Нет",     "не знаю", "-",     "—",
                                        "...",    "Nothing", "no",      "None.", "Ничего хорошего"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        say("/checkin");
        press("Хорошим");
        say(texts[i]);
        cr_assert(w.checkin.answered[3]);
        cr_assert_str_eq(w.checkin.answers[3], "", "\"%s\"", texts[i]);
        cr_assert_eq(w.checkin.state, FAM__V1__CHECKIN_STATE__CHECKIN_STATE_COMPLETED, "\"%s\"", texts[i]);
    }
    say("/checkin");
    press("Хорошим");
    say("🍦");
    cr_assert_str_eq(w.checkin.answers[3], "🍦", "a lone emoji is an answer");
    say("/checkin");
    press("Хорошим");
    say("Ничего не забыли, гуляли");
    cr_assert_str_eq(w.checkin.answers[3], "Ничего не забыли, гуляли");
}

Test(bot_typed, written_words_are_taken_back_by_erase_alone)
{
    say("/checkin");
    press("Хорошим");
    say("Ели мороженое");
    press(ru("button.change"));
    say("Пропустить");
    cr_assert_str_eq(w.checkin.answers[3], "Ели мороженое");
    press(ru("button.change"));
    say("Стереть");
    cr_assert_str_eq(w.checkin.answers[3], "");
}

Test(bot_typed, a_note_that_is_edited_into_nothing_is_taken_back)
{
    say("/checkin");
    press("Хорошим");
    struct fam_update note = world_message("Ели мороженое");
    cr_assert_eq(world_handle(&note), FAM_HANDLED);
    cr_assert_str_eq(w.checkin.answers[3], "Ели мороженое");
    note.kind = FAM_UPDATE_EDITED;
    note.update_id = w.next_update_id++;
    note.text = "-";
    cr_assert_eq(world_handle(&note), FAM_HANDLED);
    cr_assert_str_eq(w.checkin.answers[3], "");
    cr_assert_str_eq(last()->text, ru("checkin.edited_out"));
}

Test(bot_typed, the_word_of_a_button_for_a_check_in_that_is_over_is_not_offered_to_be_read)
{
    say("/checkin");
    press("Хорошим");
    w.checkin.state = FAM__V1__CHECKIN_STATE__CHECKIN_STATE_MISSED;
    say("Пропустить");
    cr_assert_str_eq(last()->text, ru("checkin.closed"));
    assert_kept_nowhere("Пропустить");
}

/* ---- after help ---- */

Test(bot_typed, after_help_a_check_in_asks_nothing_again_and_what_comes_next_is_the_note)
{
    say("/checkin");
    press("Очень трудным");
    press("Сон");
    size_t before = w.sent_count;
    say("не хочу больше жить");
    cr_assert_eq(w.sent_count, before + 1);
    assert_last_says("8-800-2000-122");
    size_t entries = w.entry_count;
    say("простите, просто очень устала");
    cr_assert_str_eq(w.checkin.answers[2], "простите, просто очень устала");
    cr_assert_eq(w.entry_count, entries);
}

static void ask_for_an_hour(void)
{
    w.notifications = 1;
    say("/settings");
    press(ru("button.times"));
    press(ru("times.own_none"));
}

static void ask_for_a_name(void)
{
    say("/settings");
    press(ru("button.my_name"));
}

static void ask_for_feedback(void)
{
    say("/feedback");
}

static void ask_for_the_word(void)
{
    say("/delete");
}

Test(bot_typed, after_help_no_question_is_asked_again_by_itself)
{
    static void (*const asks[])(void) = {ask_for_an_hour, ask_for_a_name, ask_for_feedback, ask_for_the_word};
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        asks[i]();
        cr_assert_neq(state_now().step, FAM_STEP_NONE, "row %zu asks for a text", i);
        size_t before = w.sent_count;
        say("не хочу больше жить");
        cr_assert_eq(w.sent_count, before + 1, "row %zu", i);
        assert_last_says("8-800-2000-122");
        cr_assert_eq(state_now().step, FAM_STEP_NONE, "row %zu", i);
        size_t entries = w.entry_count;
        say("Помогите");
        cr_assert_eq(w.entry_count, entries + 1, "row %zu: no name, no mistyped hour", i);
    }
    cr_assert_str_eq(w.name, "Анна");
    cr_assert_eq(w.feedback_count, 0);
}

/* ---- leaving, and what nobody can read ---- */

Test(bot_typed, cancel_leaves_the_question_in_kind_words_and_its_buttons_go_on_working)
{
    struct sent question = *say("/checkin");
    say("/cancel");
    cr_assert_str_eq(last()->text, ru("cancel.checkin"));
    cr_assert_eq(state_now().step, FAM_STEP_NONE);
    say("/cancel");
    cr_assert_str_eq(last()->text, ru("cancel.nothing"));
    press_on(&question, "Хорошим");
    assert_last_says("Что было хорошего?");
}

Test(bot_typed, what_nobody_can_read_is_told_in_words_that_fit_the_question)
{
    static const enum fam_media kinds[] = {FAM_MEDIA_VOICE, FAM_MEDIA_PHOTO, FAM_MEDIA_STICKER};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct fam_update tap = world_message(""), words, name, none;
        tap.media = kinds[i];
        say("/checkin");
        tap.update_id = w.next_update_id++;
        cr_assert_eq(world_handle(&tap), FAM_HANDLED);
        cr_assert_str_eq(last()->text, ru("media.checkin_tap"));
        say("4");
        words = world_message("");
        words.media = kinds[i];
        cr_assert_eq(world_handle(&words), FAM_HANDLED);
        cr_assert_str_eq(last()->text, ru("media.checkin_words"));
        ask_for_a_name();
        name = world_message("");
        name.media = kinds[i];
        cr_assert_eq(world_handle(&name), FAM_HANDLED);
        cr_assert_str_eq(last()->text, ru("media.question"));
        say("/cancel");
        none = world_message("");
        none.media = kinds[i];
        cr_assert_eq(world_handle(&none), FAM_HANDLED);
        cr_assert_not_null(strstr(last()->text, "ребёнок"));
        w.checkin.state = FAM__V1__CHECKIN_STATE__CHECKIN_STATE_MISSED;
    }
}
