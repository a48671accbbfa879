/* Conversations about children, settings, consents and feedback, and what all questions have in common. */
#include "people_world.h"

TestSuite(bot_settings, .init = people_start, .fini = people_stop);

Test(bot_settings, a_child_is_renamed_and_gets_another_birth_date)
{
    say("/children");
    press("Маша");
    press(ru("button.child_name"));
    say("Мария");
    cr_assert_str_eq(w.children[0].name, "Мария");
    assert_last_says("Мария, 7 лет");
    press(ru("button.child_birth"));
    press("9");
    cr_assert_eq(w.children[0].year, 2017);
    press(ru("button.child_birth"));
    say("99");
    cr_assert_str_eq(last()->text, ru("child.range"));
    say("12.03.2016");
    cr_assert_eq(w.children[0].year, 2016);
    cr_assert_eq(w.children[0].month, 3);
}

Test(bot_settings, traits_are_toggled_and_a_second_tap_changes_nothing)
{
    say("/children");
    press("Маша");
    press(ru("button.traits"));
    struct sent before = *last();
    press("упрямый");
    cr_assert_eq(w.children[0].trait_count, 1);
    press_on(&before, "упрямый");
    cr_assert_eq(w.children[0].trait_count, 1, "the button said what it does");
    press("тревожный");
    cr_assert_eq(w.children[0].trait_count, 2);
    press("упрямый ✓");
    cr_assert_eq(w.children[0].trait_count, 1);
    cr_assert_eq(w.children[0].traits[0], FAM__V1__TRAIT__TRAIT_ANXIOUS);
    press(ru("button.done"));
    assert_last_says("тревожный");
}

Test(bot_settings, special_needs_are_told_changed_and_erased)
{
    static char text[4000];
    w.children[0].traits[0] = FAM__V1__TRAIT__TRAIT_SHY;
    w.children[0].trait_count = 1;
    say("/children");
    press("Маша");
    press(ru("button.needs"));
    memset(text, 'x', 501);
    say(text);
    cr_assert_str_eq(last()->text, ru("child.needs_long"));
    size_t before = w.sent_count;
    say("не хочу больше жить");
    cr_assert_not_null(strstr(w.sent[before].text, "8-800-2000-122"), "a call for help is answered");
    cr_assert_eq(w.sent_count, before + 1, "and the question does not come again by itself");
    say("/children");
    press("Маша");
    press(ru("button.needs"));
    say("заикается <немного>");
    cr_assert_str_eq(w.children[0].needs, "заикается <немного>");
    cr_assert_eq(w.children[0].trait_count, 1, "traits stay");
    assert_last_says("&lt;немного&gt;");
    press(ru("button.needs"));
    press(ru("button.needs_none"));
    cr_assert_str_eq(w.children[0].needs, "");
}

Test(bot_settings, a_child_is_removed_after_a_question)
{
    say("/children");
    press("Маша");
    struct sent card = *last();
    press(ru("button.child_remove"));
    assert_last_says("Маша, 7 лет?");
    press(ru("button.remove_yes"));
    cr_assert(w.children[0].removed);
    assert_last_says(ru("children.none"));
    press_on(&card, ru("button.child_name"));
    assert_last_says(ru("children.none"));
    cr_assert_eq(w.calls[FAM_BACKEND_REMOVE_CHILD], 1);
}

Test(bot_settings, who_has_withdrawn_the_consent_sees_and_removes_children)
{
    w.processing = 0;
    say("/children");
    assert_last_says("Маша, 7 лет");
    cr_assert_null(find_button(last(), ru("children.add")));
    press("Маша");
    cr_assert_null(find_button(last(), ru("button.child_name")));
    press(ru("button.child_remove"));
    press(ru("button.remove_yes"));
    cr_assert(w.children[0].removed);
    assert_last_says(ru("children.none"));
    cr_assert_null(find_button(last(), ru("children.add")));
    size_t before = w.sent_count;
    say("/children");
    cr_assert_str_eq(w.sent[before].text, ru("children.consent_first"));
}

Test(bot_settings, the_eleventh_child_is_refused_before_anything_is_asked)
{
    struct sent list = *say("/children");
    for (size_t i = 1; i < 10; i++)
        w.children[i] = (struct world_child){.name = "Петя", .year = 2019};
    w.child_count = 10;
    press_on(&list, ru("children.add"));
    cr_assert_str_eq(last()->text, ru("children.full"));
    cr_assert_not(last()->is_edit, "the list stays");
    say("Нет!");
    cr_assert_eq(w.entry_count, 1, "no name is waited for");
}

Test(bot_settings, settings_are_changed_by_one_tap_each)
{
    w.retention_days = 90;
    w.notifications = 1;
    say("/settings");
    assert_last_says("Хранить фразы: 90 дней");
    press(ru("switch.share_on"));
    cr_assert(w.share_entries);
    assert_last_says("семье: включено");
    press(ru("switch.share_off"));
    cr_assert_not(w.share_entries);
    press(ru("switch.follow_up_off"));
    cr_assert(w.no_follow_up);
    press(ru("switch.family_ai_off"));
    cr_assert(w.no_ai);
    press(ru("switch.family_ai_on"));
    cr_assert_not(w.no_ai);
    press(ru("switch.ai_off"));
    cr_assert_eq(w.ai, 0, "a withdrawal needs one tap");
    press(ru("switch.ai_on"));
    cr_assert_eq(w.ai, 0, "consent needs its text to be read");
    assert_last_says("Claude");
    press(ru("consent.yes"));
    cr_assert_eq(w.ai, 1);
    press(ru("button.settings"));
    press(ru("button.retention"));
    press("365 дней");
    cr_assert_eq(w.retention_days, 365);
    press(ru("button.my_name"));
    say("Аня");
    cr_assert_str_eq(w.name, "Аня");
    press(ru("button.country"));
    press("Грузия");
    cr_assert_str_eq(w.country, "GE");
    press(ru("button.language"));
    press("English");
    cr_assert_eq(w.language, FAM__V1__LANGUAGE__LANGUAGE_EN);
}

Test(bot_settings, how_it_went_is_asked_with_the_consent_to_messages_alone)
{
    w.notifications = 0;
    say("/settings");
    assert_last_says("позже: выключено");
    press(ru("switch.follow_up_on"));
    cr_assert_str_eq(last()->text, ru("consent.notifications"), "what is missing is asked for");
    press(ru("consent.yes"));
    cr_assert_eq(w.notifications, 1);
    say("/settings");
    assert_last_says("позже: включено");
}

Test(bot_settings, a_switch_tapped_twice_stays_where_the_first_tap_put_it)
{
    struct sent *settings = say("/settings");
    struct sent copy = *settings;
    press_on(&copy, ru("switch.share_on"));
    press_on(&copy, ru("switch.share_on"));
    cr_assert(w.share_entries);
}

Test(bot_settings, consents_are_shown_and_withdrawn_at_once)
{
    say("/settings");
    press(ru("button.consents"));
    assert_last_says("Хранить то, что вы пишете: дано");
    assert_last_says("Писать вам первым: ещё не спрашивал");
    press(ru("switch.notifications_on"));
    assert_last_says("первым");
    cr_assert_eq(w.notifications, -1);
    press(ru("consent.yes"));
    cr_assert_eq(w.notifications, 1);
    press(ru("switch.processing_off"));
    cr_assert_eq(w.processing, 0);
    assert_last_says("/delete");
    size_t entries = w.entry_count;
    say("Нет!");
    cr_assert_eq(w.entry_count, entries, "nothing is kept from now on");
    say("/feedback");
    cr_assert_str_eq(last()->text, ru("refused.consent"));
}

Test(bot_settings, a_danger_in_feedback_is_answered_with_help_for_the_writer_and_goes_nowhere)
{
    say("/feedback");
    size_t before = w.sent_count, entries = w.entry_count;
    say("Я не хочу больше жить");
    cr_assert_not_null(strstr(w.sent[before].text, "Call for yourself."), "%s", w.sent[before].text);
    cr_assert_eq(w.feedback_count, 0);
    cr_assert_eq(w.entry_count, entries);
    cr_assert_eq(w.sent_count, before + 1, "help stands alone");
}

Test(bot_settings, feedback_goes_out_with_or_without_a_mark)
{
    say("/feedback");
    press("4");
    assert_last_says(ru("feedback.ask"));
    cr_assert_not_null(find_button(last(), "Оценка 4 ✓"));
    say("Спасибо, очень помогает");
    cr_assert_eq(w.feedback_count, 1);
    cr_assert_eq(w.rating, 4);
    cr_assert_str_eq(last()->text, ru("feedback.thanks"));
    say("/feedback");
    say("И ещё");
    cr_assert_eq(w.rating, 0);
    say("/feedback");
    say("/cancel");
    say("Нет!");
    cr_assert_eq(w.feedback_count, 2);
    assert_last_says("reading of Нет!");
}

Test(bot_settings, a_call_for_help_is_never_taken_for_feedback)
{
    say("/feedback");
    size_t before = w.sent_count;
    say("не хочу больше жить");
    cr_assert_eq(w.feedback_count, 0);
    cr_assert_not_null(strstr(w.sent[before].text, "8-800-2000-122"));
    cr_assert_eq(w.sent_count, before + 1);
}

Test(bot_settings, a_question_that_the_session_has_lost_is_asked_again_kindly)
{
    say("/feedback");
    struct sent question = *last();
    w.state_size = 0;
    press_on(&question, "5");
    cr_assert_str_eq(last()->text, ru("feedback.lost"));
    say("/children");
    press("Добавить");
    say("Петя");
    question = *last();
    w.state_size = 0;
    press_on(&question, "5");
    cr_assert_str_eq(last()->text, ru("child.lost"));
    cr_assert_eq(w.child_count, 1);
}

Test(bot_settings, without_sessions_what_waits_for_text_says_later)
{
    w.redis_away = true;
    cr_assert_str_eq(say("/feedback")->text, ru("error.later"));
    say("/family");
    press(ru("button.family_name"));
    cr_assert_str_eq(last()->text, ru("error.later"));
    say("/family");
    press(ru("button.zone"));
    press("Омск");
    cr_assert_str_eq(w.zone, "Asia/Omsk", "buttons need no session");
}

/* At each place where the bot can be killed or the server can fail: no effect twice, and the conversation goes on. */
static void play_with_fault(const char *step, enum fam_backend_method method, bool after)
{
    char data[FAM_BUTTON_DATA];
    struct fam_update update = world_message(step);
    if (step[0] == '[') {
        const struct fam_button *button = find_button(last(), ru(step + 1));
        cr_assert_not_null(button, "no button %s (method %d) under: %s", step, (int)method, last()->text);
        snprintf(data, sizeof(data), "%s", button->data);
        update.kind = FAM_UPDATE_CALLBACK;
        update.text = "";
        update.message_id = last()->message_id;
        update.callback_id = "cb";
        update.data = data;
    }
    w.fail_method = method;
    w.fail_code = method == FAM_BACKEND_UPDATE_SESSION ? FAM_ABORTED : FAM_INTERNAL;
    w.fail_before = after ? 0 : 1;
    w.fail_after = after;
    for (int tries = 0; world_handle(&update) == FAM_HANDLE_AGAIN; tries++)
        cr_assert_lt(tries, 4);
    w.fail_before = w.fail_after = 0;
}

Test(bot_settings, a_fault_at_any_call_about_people_doubles_nothing)
{
    static const enum fam_backend_method methods[] = {
        FAM_BACKEND_REGISTER_USER, FAM_BACKEND_GET_FAMILY,    FAM_BACKEND_UPDATE_FAMILY,   FAM_BACKEND_CREATE_INVITE,
        FAM_BACKEND_LIST_INVITES,  FAM_BACKEND_REVOKE_INVITE, FAM_BACKEND_UPDATE_CHILD,    FAM_BACKEND_UPDATE_USER,
        FAM_BACKEND_SET_CONSENT,   FAM_BACKEND_REMOVE_CHILD,  FAM_BACKEND_SUBMIT_FEEDBACK, FAM_BACKEND_UPDATE_SESSION};
    static const char *const script[] = {"/family",
                                         "[button.invite",
                                         "[button.as_parent",
                                         "[button.invites",
                                         "[button.back",
                                         "[button.zone",
                                         "[zone.omsk",
                                         "/children",
                                         "[Маша",
                                         "[button.traits",
                                         "[trait.shy",
                                         "[button.done",
                                         "[button.needs",
                                         "аллергия",
                                         "[button.child_remove",
                                         "[button.back",
                                         "[button.child_name",
                                         "Мария",
                                         "[button.child_remove",
                                         "[button.remove_yes",
                                         "/settings",
                                         "[switch.share_on",
                                         "[switch.ai_off",
                                         "[button.my_name",
                                         "Аня",
                                         "/feedback",
                                         "Спасибо"};
    for (size_t m = 0; m < FAM_ARRAY_SIZE(methods); m++) {
        for (int after = 0; after < 2; after++) {
            people_stop();
            people_start();
            for (size_t i = 0; i < FAM_ARRAY_SIZE(script); i++)
                play_with_fault(script[i], methods[m], after);
            cr_assert_eq(w.invite_count, 1, "method %d", (int)methods[m]);
            cr_assert_str_eq(w.zone, "Asia/Omsk", "method %d", (int)methods[m]);
            cr_assert_str_eq(w.children[0].name, "Мария");
            cr_assert_str_eq(w.children[0].needs, "аллергия");
            cr_assert_eq(w.children[0].trait_count, 1);
            cr_assert(w.children[0].removed, "method %d", (int)methods[m]);
            cr_assert(w.share_entries && w.ai == 0, "method %d", (int)methods[m]);
            cr_assert_str_eq(w.name, "Аня");
            cr_assert_str_eq(w.feedback, "Спасибо", "method %d", (int)methods[m]);
            cr_assert_str_eq(last()->text, ru("feedback.thanks"), "method %d", (int)methods[m]);
        }
    }
}

Test(bot_settings, cancel_leaves_every_question_of_people)
{
    static const char *const ways[][3] = {{"/family", "button.family_name", NULL},
                                          {"/family", "button.country", NULL},
                                          {"/family", "button.zone", NULL},
                                          {"/settings", "button.my_name", NULL},
                                          {"/settings", "button.country", NULL},
                                          {"/children", "Маша", "button.child_name"},
                                          {"/children", "Маша", "button.child_birth"},
                                          {"/children", "Маша", "button.needs"},
                                          {"/feedback", NULL, NULL}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(ways); i++) {
        struct fam_state state;
        say(ways[i][0]);
        for (int step = 1; step < 3 && ways[i][step]; step++)
            press(ru(ways[i][step]));
        fam_state_parse(w.state, w.state_size, &state);
        cr_assert_neq(state.step, FAM_STEP_NONE, "row %zu waits for text", i);
        say("/cancel");
        cr_assert_str_eq(last()->text, ru("cancel.done"), "row %zu", i);
        fam_state_parse(w.state, w.state_size, &state);
        cr_assert_eq(state.step, FAM_STEP_NONE);
    }
}

Test(bot_settings, what_a_session_keeps_stays_small)
{
    struct fam_state state = {.step = FAM_STEP_EDIT_BIRTH,
                              .another = true,
                              .phrase_id = INT64_C(1) << 52,
                              .answer_id = INT64_C(1) << 52,
                              .closed_id = INT64_C(1) << 52,
                              .rated_id = INT64_C(1) << 52,
                              .thanks_id = (INT64_C(1) << 52) - 1,
                              .agreed_id = INT64_C(1) << 52,
                              .had_safety = true,
                              .rating = 5,
                              .age_band = 6};
    char text[FAM_STATE_BYTES];
    memset(state.name, '"', FAM_NAME_SIZE - 1);
    snprintf(state.entry_id, sizeof(state.entry_id), "00000000-0000-7000-8000-000000000001");
    snprintf(state.subject, sizeof(state.subject), "00000000-0000-7000-8000-000000000002");
    size_t size = fam_state_format(&state, text);
    struct fam_state again;
    cr_assert_gt(size, 0, "the largest state fits");
    fam_state_parse(text, size, &again);
    cr_assert_str_eq(again.name, state.name);
    cr_assert_str_eq(again.subject, state.subject);
    cr_assert_eq(again.closed_id, state.closed_id);
    cr_assert_eq(again.rated_id, state.rated_id);
    cr_assert_eq(again.thanks_id, state.thanks_id);
    cr_assert_eq(again.agreed_id, state.agreed_id);
}
