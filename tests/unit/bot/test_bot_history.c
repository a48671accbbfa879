/* The history: pages, choices, words; one entry with what its author and others may do. */
#include "dialog/history.h"

#include "fake_world.h"

static void set_up(void)
{
    world_start();
    world_settled();
    w.parents[0] = (struct world_parent){.name = "Аня", .role = FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT};
    w.parent_count = 1;
}

TestSuite(bot_history, .init = set_up, .fini = world_stop);

static const char *ru(const char *key)
{
    return T(fam_locales_get(w.locales, FAM__V1__LANGUAGE__LANGUAGE_RU), key);
}

#define assert_says(sent, part)                                                                                        \
    cr_assert_not_null(strstr((sent)->text, (part)), "\"%s\" is not in: %s", (part), (sent)->text)
#define assert_not_says(sent, part)                                                                                    \
    cr_assert_null(strstr((sent)->text, (part)), "\"%s\" is in: %s", (part), (sent)->text)

static void add_twelve(void)
{
    for (int i = 1; i <= 12; i++) {
        char phrase[40];
        snprintf(phrase, sizeof(phrase), "phrase %d", i);
        world_add_entry(phrase);
    }
}

Test(bot_history, pages_of_five_come_newest_first_in_one_message)
{
    add_twelve();
    struct sent copy = *say("/history");
    assert_says(&copy, "phrase 12");
    assert_says(&copy, "phrase 8");
    assert_not_says(&copy, "phrase 7");
    assert_says(&copy, "злость");
    cr_assert_null(find_button(&copy, ru("button.newest")));
    struct sent second = *press(ru("button.older"));
    cr_assert(second.is_edit);
    cr_assert_eq(second.message_id, copy.message_id);
    assert_says(&second, "phrase 7");
    assert_says(&second, "phrase 3");
    struct sent third = *press(ru("button.older"));
    assert_says(&third, "phrase 1");
    cr_assert_null(find_button(&third, ru("button.older")), "that was all");
    press(ru("button.newest"));
    assert_says(last(), "phrase 12");
}

Test(bot_history, a_double_tap_turns_one_page_and_an_old_list_begins_anew)
{
    add_twelve();
    struct sent first = *say("/history");
    press_on(&first, ru("button.older"));
    press_on(&first, ru("button.older"));
    assert_says(last(), "phrase 7");
    assert_not_says(last(), "phrase 12");
    say("/history");
    press_on(&first, ru("button.older"));
    assert_says(last(), "phrase 12");
    cr_assert_eq(last()->message_id, first.message_id);
}

Test(bot_history, an_entry_is_opened_in_place_and_left_to_the_same_page)
{
    add_twelve();
    say("/history");
    press(ru("button.older"));
    int64_t id = last()->message_id;
    struct sent *entry = press("Открыть 2");
    cr_assert_eq(entry->message_id, id);
    assert_says(entry, "phrase 6");
    assert_says(entry, "say this");
    assert_says(entry, ru("entry.private"));
    press(ru("button.list"));
    assert_says(last(), "phrase 7");
    cr_assert_eq(last()->message_id, id);
}

Test(bot_history, without_entries_and_without_hits_it_says_so)
{
    assert_says(say("/history"), ru("history.none"));
    press(ru("button.filter"));
    press(ru("history.week"));
    assert_says(last(), ru("history.none_found"));
}

Test(bot_history, the_choice_of_child_feeling_and_time_reaches_the_server)
{
    w.children[1] = (struct world_child){.name = "Петя", .year = 2015};
    w.child_count = 2;
    add_twelve();
    w.entries[3].emotion = FAM__V1__EMOTION__EMOTION_SHAME;
    say("/history");
    press(ru("button.filter"));
    press(ru("history.month"));
    cr_assert_str_eq(w.last_query, "/0/30/");
    press(ru("button.filter"));
    press("Петя");
    cr_assert_str_eq(w.last_query, "00000000-0000-7000-8000-0000000000c1/0/30/");
    assert_says(last(), "Петя");
    press(ru("button.filter"));
    press(ru("button.emotion"));
    press(
        fam_label_emotion(fam_locales_get(w.locales, FAM__V1__LANGUAGE__LANGUAGE_RU), FAM__V1__EMOTION__EMOTION_SHAME));
    assert_says(last(), "phrase 4");
    assert_not_says(last(), "phrase 5");
    press(ru("button.filter"));
    press(ru("button.clear"));
    cr_assert_str_eq(w.last_query, "/0/0/");
}

Test(bot_history, words_are_asked_for_and_looked_for)
{
    add_twelve();
    say("/history");
    press(ru("button.filter"));
    press(ru("button.words"));
    assert_says(last(), ru("history.ask_words"));
    assert_says(say("phrase 9"), "phrase 9");
    cr_assert_not(last()->is_edit);
    assert_not_says(last(), "phrase 8");
    assert_says(last(), "Слова: phrase 9");
    cr_assert_eq(w.entry_count, 12, "what is looked for is no phrase");
    press("Открыть 1");
    press(ru("button.list"));
    assert_says(last(), "Слова: phrase 9");
}

Test(bot_history, a_call_for_help_is_not_taken_for_words_or_a_note)
{
    struct sent *answer = say("Нет!");
    struct sent copy = *answer;
    say("/history");
    press(ru("button.filter"));
    press(ru("button.words"));
    say("не хочу больше жить");
    cr_assert_eq(w.entry_count, 2);
    cr_assert(w.entries[1].safety);
    assert_says(last(), "8-800-2000-122");
    press_on(&copy, ru("button.not_so"));
    press(ru("button.note"));
    say("он сказал: не хочу больше жить");
    cr_assert_eq(w.entry_count, 3);
    cr_assert_str_eq(w.entries[0].note, "");
}

Test(bot_history, an_entry_with_a_danger_shows_no_word_in_the_list_and_is_opened_protected)
{
    world_add_entry("не хочу больше жить");
    struct sent list = *say("/history");
    assert_not_says(&list, "жить");
    assert_not_says(&list, "злость");
    assert_says(&list, ru("history.hidden"));
    struct sent *entry = press("Открыть 1");
    cr_assert_not(entry->is_edit);
    cr_assert(entry->protect);
    assert_says(entry, "8-800-2000-122");
    cr_assert_not_null(find_button(entry, ru("button.remove")));
}

Test(bot_history, anothers_entry_is_marked_and_can_only_be_read)
{
    world_add_entry("shared words")->is_other = true;
    assert_says(say("/history"), "от: Аня &lt;3");
    struct sent *entry = press("Открыть 1");
    assert_says(entry, "Аня &lt;3");
    assert_says(entry, ru("entry.read_only"));
    cr_assert_null(find_button(entry, ru("button.not_so")));
    cr_assert_null(find_button(entry, ru("button.erase")));
    cr_assert_null(find_button(entry, ru("button.share")));
    cr_assert_null(find_button(entry, ru("button.helped")));
    cr_assert_not_null(find_button(entry, ru("button.list")));
}

Test(bot_history, sharing_is_one_tap_and_hidden_by_one)
{
    struct sent answer = *say("Нет!");
    press_on(&answer, ru("button.share"));
    cr_assert(w.entries[0].shared);
    cr_assert_not(last()->is_edit, "the answer stays");
    assert_says(last(), ru("share.done"));
    press(ru("button.hide"));
    cr_assert_not(w.entries[0].shared);
    cr_assert(last()->is_edit);
    assert_says(last(), ru("share.hidden"));
}

Test(bot_history, its_author_can_always_hide_an_entry)
{
    struct sent answer = *say("Нет!");
    press_on(&answer, ru("button.share"));
    w.role = FAM__V1__PARENT_ROLE__PARENT_ROLE_READER;
    say("/history");
    press("Открыть 1");
    press(ru("button.hide"));
    cr_assert_not(w.entries[0].shared, "a relative hides");
    w.entries[0].shared = true;
    w.parent_count = 0;
    say("/history");
    press("Открыть 1");
    press(ru("button.hide"));
    cr_assert_not(w.entries[0].shared, "so does who is alone by now");
    say("/history");
    press("Открыть 1");
    cr_assert_null(find_button(last(), ru("button.share")), "there is nobody to show it to");
}

Test(bot_history, what_speaks_of_the_family_is_shared_after_a_second_question_only)
{
    struct sent answer = *say("Нет!");
    w.entries[0].is_of_family = true;
    press_on(&answer, ru("button.share"));
    cr_assert_not(w.entries[0].shared);
    assert_says(last(), ru("share.confirm"));
    struct sent question = *last();
    press(ru("button.share_not"));
    cr_assert_not(w.entries[0].shared);
    press_on(&question, ru("button.share_anyway"));
    cr_assert(w.entries[0].shared);
}

Test(bot_history, nobody_is_offered_to_share_a_danger_or_without_others)
{
    cr_assert_null(find_button(say("не хочу больше жить"), ru("button.share")));
    w.parent_count = 0;
    cr_assert_null(find_button(say("Нет!"), ru("button.share")));
    w.family = false;
    cr_assert_null(find_button(say("Уйди!"), ru("button.share")));
}

Test(bot_history, an_answer_comes_also_when_the_family_can_not_be_read)
{
    w.fail_method = FAM_BACKEND_GET_FAMILY;
    w.fail_code = FAM_UNAVAILABLE;
    w.fail_before = 1;
    assert_says(say("Нет!"), "reading of Нет!");
    cr_assert_null(find_button(last(), ru("button.share")));
}

Test(bot_history, erasing_an_entry_asks_and_takes_its_answer_along)
{
    struct sent answer = *say("Нет!");
    say("/history");
    press("Открыть 1");
    press(ru("button.erase"));
    assert_says(last(), ru("entry.erase_ask"));
    cr_assert_not(w.entries[0].erased);
    struct sent question = *last();
    press(ru("button.erase_no"));
    cr_assert_not(w.entries[0].erased);
    press_on(&question, ru("button.erase_yes"));
    cr_assert(w.entries[0].erased);
    cr_assert_eq(w.removed, 1);
    assert_says(last(), ru("entry.erased"));
    press_on(&question, ru("button.erase_yes"));
    assert_says(last(), ru("entry.erased"));
    press_on(&answer, ru("button.not_so"));
    press(ru("feelings.joy"));
    press("радость");
    assert_says(last(), ru("button.not_kept"));
}

Test(bot_history, not_like_that_renews_the_answer_in_place)
{
    struct sent answer = *say("Нет!");
    press_on(&answer, ru("button.not_so"));
    cr_assert_not(last()->is_edit, "the answer stays");
    assert_says(last(), ru("correct.ask"));
    struct sent question = *last();
    press(ru("feelings.sadness"));
    press("стыд");
    cr_assert_eq(w.entries[0].corrected, FAM__V1__EMOTION__EMOTION_SHAME);
    const struct sent *renewed = &w.sent[w.sent_count - 2];
    cr_assert_eq(renewed->message_id, answer.message_id);
    cr_assert(renewed->is_edit);
    assert_says(renewed, "стыд");
    cr_assert_not_null(find_button(renewed, "Почему 1"));
    cr_assert_eq(last()->message_id, question.message_id);
    assert_says(last(), ru("correct.done"));
}

Test(bot_history, not_like_that_in_words_and_left_by_cancel)
{
    struct sent answer = *say("Нет!");
    press_on(&answer, ru("button.not_so"));
    press(ru("button.note"));
    say("/cancel");
    cr_assert_str_eq(w.entries[0].note, "");
    press_on(&answer, ru("button.not_so"));
    press(ru("button.note"));
    say("Она <устала> после школы");
    cr_assert_str_eq(w.entries[0].note, "Она <устала> после школы");
    assert_says(last(), ru("correct.done"));
    cr_assert_eq(w.entry_count, 1);
    say("Уйди!");
    cr_assert_eq(w.entry_count, 2, "the next words are a phrase again");
}

Test(bot_history, words_typed_right_after_not_like_that_are_the_note)
{
    struct sent answer = *say("Нет!");
    press_on(&answer, ru("button.not_so"));
    say("Она устала после школы");
    cr_assert_str_eq(w.entries[0].note, "Она устала после школы");
    assert_says(last(), ru("correct.done"));
    cr_assert_eq(w.entry_count, 1, "it is no new phrase");
    press_on(&answer, ru("button.not_so"));
    press(ru("feelings.joy"));
    press("спокойствие");
    say("Уйди!");
    cr_assert_eq(w.entry_count, 2, "after a feeling was chosen the next words are a phrase");
    press_on(&answer, ru("button.not_so"));
    press(ru("button.stay"));
    say("Сам!");
    cr_assert_eq(w.entry_count, 3, "so they are when it stays as it is");
}

Test(bot_history, a_note_that_is_too_long_is_told_to_be)
{
    static char note[600];
    memset(note, 'a', 501);
    struct sent answer = *say("Нет!");
    press_on(&answer, ru("button.not_so"));
    press(ru("button.note"));
    assert_says(say(note), ru("correct.note_long"));
    cr_assert_eq(w.entry_count, 1);
    say("короче");
    cr_assert_str_eq(w.entries[0].note, "короче");
}

Test(bot_history, what_can_not_be_looked_for_is_told_to_be_no_words)
{
    static const char *const none[] = {"!!!", "???", "😀😀", "я", "- -"};
    say("/history");
    press(ru("button.filter"));
    press(ru("button.words"));
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_says(say(none[i]), ru("history.no_words"));
    static char words[100];
    memset(words, 'a', 61);
    assert_says(say(words), ru("history.words_long"));
    w.fail_method = FAM_BACKEND_SEARCH_ENTRIES;
    w.fail_code = FAM_INVALID_ARGUMENT;
    w.fail_before = 1;
    assert_says(say("то"), ru("history.no_words"));
    cr_assert_eq(w.entry_count, 0);
}

Test(bot_history, a_correction_never_edits_a_danger_away)
{
    struct sent answer = *say("не хочу больше жить");
    press_on(&answer, ru("button.not_so"));
    press(ru("feelings.joy"));
    press("спокойствие");
    const struct sent *renewed = &w.sent[w.sent_count - 2];
    cr_assert_not(renewed->is_edit);
    cr_assert(renewed->protect);
    assert_says(renewed, "8-800-2000-122");
    assert_says(last(), ru("correct.done_new"));
}

Test(bot_history, a_limit_on_corrections_says_when_it_ends)
{
    struct sent answer = *say("Нет!");
    press_on(&answer, ru("button.not_so"));
    press(ru("feelings.joy"));
    w.fail_method = FAM_BACKEND_CORRECT_ENTRY;
    w.fail_code = FAM_RESOURCE_EXHAUSTED;
    w.fail_reason = "LIMIT_HOUR";
    w.fail_retry_ms = 600000;
    w.fail_before = 1;
    press("радость");
    assert_says(last(), "Снова смогу");
    cr_assert_eq(w.entries[0].corrected, 0);
}

Test(bot_history, an_edited_phrase_revises_its_entry)
{
    struct fam_update first = world_message("Нет!");
    cr_assert_eq(world_handle(&first), FAM_HANDLED);
    int64_t answer_id = last()->message_id;
    struct fam_update second = world_message("Да!");
    second.kind = FAM_UPDATE_EDITED;
    second.message_id = first.message_id;
    cr_assert_eq(world_handle(&second), FAM_HANDLED);
    cr_assert_eq(w.entry_count, 1, "it is the same entry");
    cr_assert_eq(w.calls[FAM_BACKEND_REVISE_ENTRY], 1);
    cr_assert_eq(last()->message_id, answer_id);
    assert_says(last(), "reading of Да!");
    w.entries[0].erased = true;
    struct fam_update third = world_message("Уйди!");
    third.kind = FAM_UPDATE_EDITED;
    third.message_id = first.message_id;
    cr_assert_eq(world_handle(&third), FAM_HANDLED);
    cr_assert_eq(w.entry_count, 2, "what is gone can't be revised: it is a phrase");
}

Test(bot_history, a_server_that_can_not_revise_gets_a_phrase)
{
    struct fam_update first = world_message("Нет!");
    cr_assert_eq(world_handle(&first), FAM_HANDLED);
    w.fail_method = FAM_BACKEND_REVISE_ENTRY;
    w.fail_code = FAM_UNIMPLEMENTED;
    w.fail_before = 1;
    struct fam_update second = world_message("Да!");
    second.kind = FAM_UPDATE_EDITED;
    second.message_id = first.message_id;
    cr_assert_eq(world_handle(&second), FAM_HANDLED);
    cr_assert_eq(w.entry_count, 2);
    assert_says(last(), "reading of Да!");
    cr_assert(last()->is_edit);
}

Test(bot_history, without_sessions_lists_say_that_they_have_to_wait)
{
    w.redis_away = true;
    assert_says(say("/history"), ru("error.later_general"));
}

Test(bot_history, every_emotion_is_in_one_group)
{
    for (int emotion = 1; emotion <= FAM__V1__EMOTION__EMOTION_OVERWHELM; emotion++) {
        int found = 0;
        for (size_t group = 0; group < FAM_EMOTION_GROUPS; group++)
            for (size_t i = 0; i < FAM_EMOTION_GROUP_SIZE; i++)
                found += (int)fam_emotion_group(group)[i] == emotion;
        cr_assert_eq(found, 1, "emotion %d is in %d groups", emotion, found);
    }
}

Test(bot_history, a_view_of_the_longest_words_and_tokens_fits_into_a_session)
{
    struct fam_state state = {.step = FAM_STEP_NONE, .phrase_id = INT32_MAX, .answer_id = INT32_MAX}, again;
    char text[FAM_STATE_BYTES];
    strcpy(state.entry_id, "00000000-0000-7000-8000-000000000101");
    state.view = (struct fam_view){.kind = FAM_VIEW_HISTORY, .message_id = INT32_MAX, .page = 5, .emotion = 3};
    memset(state.view.token, 't', sizeof(state.view.token) - 1);
    memset(state.view.next, 'n', sizeof(state.view.next) - 1);
    for (int i = 0; i < FAM_QUERY_CHARS; i++)
        strcat(state.view.query, "ы");
    fam_state_parse(text, fam_state_format(&state, text), &again);
    cr_assert_str_eq(again.view.query, state.view.query);
    cr_assert_str_eq(again.view.next, state.view.next);
    cr_assert_eq(again.view.page, 5);
}
