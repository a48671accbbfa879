/* Conversations, against a server and a messenger in memory. */
#include "fake_world.h"

TestSuite(bot_dialog, .init = world_start, .fini = world_stop);

static const char *ru(const char *key)
{
    return T(fam_locales_get(w.locales, FAM__V1__LANGUAGE__LANGUAGE_RU), key);
}

#define assert_says(sent, part)                                                                                        \
    cr_assert_not_null(strstr((sent)->text, (part)), "\"%s\" is not in: %s", (part), (sent)->text)

Test(bot_dialog, onboarding_asks_each_thing_once_and_ends_with_a_child)
{
    say("/start");
    cr_assert_eq(w.sent_count, 2, "a greeting and the first question");
    assert_says(&w.sent[0], "не психолог");
    assert_says(last(), "В какой стране");
    press("Казахстан");
    cr_assert_str_eq(w.country, "KZ");
    cr_assert(last()->is_edit, "the question becomes the next one");
    assert_says(last(), "хранить");
    cr_assert_eq(w.processing, -1, "nothing is consented to by pressing something else");
    press("Согласие даю");
    cr_assert_eq(w.processing, 1);
    cr_assert_eq(w.ai, -1, "the second consent is a question of its own");
    assert_says(last(), "ИИ");
    press("Не сейчас");
    cr_assert_eq(w.ai, 0);
    cr_assert(w.family);
    assert_says(last(), "Как зовут");
    say("Маша");
    assert_says(last(), "Маша");
    press("7");
    cr_assert_eq(w.child_count, 1);
    cr_assert_str_eq(w.children[0].name, "Маша");
    cr_assert_eq(w.children[0].year, 2019);
    assert_says(last() - 1, "Маша, 7 лет");
    assert_says(last(), "писать вам первым");
    cr_assert_eq(w.notifications, -1, "and this consent too is a question of its own");
    cr_assert_eq(w.entry_count, 0);
    say("/start");
    assert_says(last(), "Здравствуйте");
    cr_assert_eq(last()->keyboard.count, 0, "nothing is asked again");
}

Test(bot_dialog, a_first_phrase_is_answered_at_once_and_again_for_the_child)
{
    struct sent *answer = say("Ненавижу тебя!");
    assert_says(answer, "reading of Ненавижу тебя! for band 0");
    cr_assert_eq(w.typing, 1);
    cr_assert_eq(w.entry_count, 0, "nothing is stored before consent");
    cr_assert_not_null(find_button(answer, "Познакомиться"));
    cr_assert_not_null(find_button(answer, "7–9"));
    cr_assert_null(find_button(answer, "Помогло"), "what is not stored is not rated");
    struct sent *question = press("Познакомиться");
    cr_assert_not(question->is_edit, "the answer stays");
    press("Россия");
    press("Согласие даю");
    press("Согласие даю");
    press("Пропустить");
    press("7");
    assert_says(last() - 1, "reading of Ненавижу тебя! for band 3");
    assert_says(last() - 1, "Теперь с учётом возраста");
    assert_says(last(), "писать вам первым");
    cr_assert_eq(w.entry_count, 1);
    cr_assert_str_eq(w.draft, "", "what is stored is no draft");
}

Test(bot_dialog, refusing_consent_leaves_a_bot_that_answers)
{
    say("/start");
    press("Не скажу");
    cr_assert_str_eq(w.country, "ZZ");
    press("Не сейчас");
    cr_assert_eq(w.processing, 0);
    assert_says(last(), "/start");
    cr_assert_eq(w.calls[FAM_BACKEND_CREATE_FAMILY], 0);
    assert_says(say("Нет!"), "reading of Нет!");
    cr_assert_null(find_button(last(), "Познакомиться"));
    cr_assert_eq(w.entry_count, 0);
    say("/start");
    press("Согласие даю");
    cr_assert_eq(w.processing, 1, "a refusal can be taken back");
}

Test(bot_dialog, a_language_that_we_do_not_speak_is_asked_for)
{
    struct fam_update update = world_message("/start");
    strcpy(update.language_code, "de");
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    assert_says(last(), "Hello!");
    assert_says(last(), "Здравствуйте!");
    press("English");
    cr_assert_eq(w.language, FAM__V1__LANGUAGE__LANGUAGE_EN);
    assert_says(last(), "Which country");
    say("/language");
    press("Русский");
    assert_says(last(), "по-русски");
}

Test(bot_dialog, countries_can_be_typed)
{
    say("/start");
    press("Другая");
    say("португалия");
    cr_assert_str_eq(w.country, "PT");
    w.country[0] = '\0';
    say("/start");
    say("JP");
    cr_assert_str_eq(w.country, "JP");
}

Test(bot_dialog, a_phrase_in_the_middle_of_a_question_is_answered_and_the_question_comes_again)
{
    say("/start");
    press("Россия");
    press("Согласие даю");
    press("Согласие даю");
    struct sent question = *last();
    size_t before = w.sent_count;
    say("не хочу больше жить");
    cr_assert_eq(w.sent_count, before + 1, "after help nothing is asked");
    assert_says(last(), "8-800-2000-122");
    cr_assert(last()->protect);
    say("Помогите");
    assert_says(last(), "reading of Помогите");
    press_on(&question, ru("child.no_name"));
    assert_says(last(), "Как зовут");
    say("он сегодня опять весь вечер молчит");
    assert_says(&w.sent[w.sent_count - 2], "reading of он сегодня");
    say("Анна Мария");
    assert_says(last(), "Анна Мария");
    say("он уже третий день не хочет ни с кем говорить");
    assert_says(&w.sent[w.sent_count - 2], "reading of он уже");
    assert_says(last(), "Анна Мария");
    say("99");
    assert_says(last(), "Анна Мария");
    say("12.03.2019");
    cr_assert_eq(w.children[0].month, 3);
    cr_assert_eq(w.child_count, 1);
}

Test(bot_dialog, cancel_leaves_any_question)
{
    say("/start");
    press("Россия");
    press("Согласие даю");
    press("Согласие даю");
    say("/cancel");
    cr_assert_str_eq(last()->text, ru("cancel.done"));
    assert_says(say("Маша"), "reading of Маша");
    say("/cancel");
    cr_assert_str_eq(last()->text, ru("cancel.nothing"));
}

Test(bot_dialog, an_answer_is_delivered_once_however_often_the_update_comes)
{
    world_settled();
    struct fam_update update = world_message("Нет!");
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    cr_assert_eq(w.entries[0].message_id, last()->message_id);
    cr_assert_eq(w.last_update_id, update.update_id);
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    cr_assert_eq(w.sent_count, 1);
    w.last_update_id = 0; /* the session was lost */
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    cr_assert_eq(w.sent_count, 1, "the delivery is known to the entry");
    cr_assert_eq(w.entry_count, 1);
}

/* At each place where the bot can be killed or the server can fail: no effect twice, the conversation goes on. */
Test(bot_dialog, a_fault_at_any_call_doubles_nothing)
{
    static const enum fam_backend_method methods[] = {
        FAM_BACKEND_REGISTER_USER, FAM_BACKEND_CREATE_SESSION, FAM_BACKEND_GET_FAMILY,  FAM_BACKEND_CREATE_FAMILY,
        FAM_BACKEND_ADD_CHILD,     FAM_BACKEND_TRANSLATE,      FAM_BACKEND_SET_CONSENT, FAM_BACKEND_RECORD_DELIVERY,
        FAM_BACKEND_UPDATE_USER,   FAM_BACKEND_UPDATE_SESSION};
    for (size_t m = 0; m < FAM_ARRAY_SIZE(methods); m++) {
        for (int after = 0; after < 2; after++) {
            static const char *const script[] = {"Нет!",          "[Познакомиться", "[Россия", "[Согласие даю",
                                                 "[Согласие даю", "Маша",           "[7",      "Уйди!"};
            world_stop();
            world_start();
            for (size_t i = 0; i < FAM_ARRAY_SIZE(script); i++) {
                const struct fam_button *button = script[i][0] == '[' ? find_button(last(), script[i] + 1) : NULL;
                struct fam_update update = world_message(script[i]);
                char data[FAM_BUTTON_DATA];
                if (script[i][0] == '[') {
                    cr_assert_not_null(button, "step %zu, method %d", i, (int)methods[m]);
                    snprintf(data, sizeof(data), "%s", button->data);
                    update.kind = FAM_UPDATE_CALLBACK;
                    update.message_id = last()->message_id;
                    update.data = data;
                }
                w.fail_method = methods[m];
                w.fail_code = methods[m] == FAM_BACKEND_UPDATE_SESSION ? FAM_ABORTED : FAM_INTERNAL;
                w.fail_before = after ? 0 : 1;
                w.fail_after = after;
                for (int tries = 0; world_handle(&update) == FAM_HANDLE_AGAIN; tries++)
                    cr_assert_lt(tries, 4);
                w.fail_before = w.fail_after = 0;
            }
            cr_assert_eq(w.child_count, 1, "method %d", (int)methods[m]);
            cr_assert_eq(w.entry_count, 2, "method %d: the draft for the child, and the last phrase", (int)methods[m]);
            cr_assert_neq(w.entries[1].message_id, 0);
        }
    }
}

Test(bot_dialog, a_server_that_is_away_is_waited_for)
{
    world_settled();
    struct fam_update update = world_message("Нет!");
    w.fail_method = FAM_BACKEND_REGISTER_USER;
    w.fail_code = FAM_UNAVAILABLE;
    w.fail_before = 30;
    w.long_ago = true;
    for (int i = 0; i < 30; i++)
        cr_assert_eq(world_handle(&update), FAM_HANDLE_AGAIN);
    cr_assert_eq(w.sent_count, 1, "one word about the wait");
    cr_assert_str_eq(last()->text, ru("error.wait"));
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    cr_assert_eq(w.entry_count, 1);
}

Test(bot_dialog, what_fails_for_good_is_answered_kindly_and_confirmed)
{
    world_settled();
    struct fam_update update = world_message("Нет!");
    w.fail_method = FAM_BACKEND_TRANSLATE;
    w.fail_code = FAM_INTERNAL;
    w.fail_before = 100;
    int tries = 1;
    while (world_handle(&update) == FAM_HANDLE_AGAIN)
        cr_assert_lt(tries++, 10);
    cr_assert_str_eq(last()->text, ru("error.sorry"));
    cr_assert_eq(w.last_update_id, update.update_id);
    w.fail_code = FAM_INVALID_ARGUMENT;
    assert_says(say("x"), "Простите");
    w.fail_before = 0;
    assert_says(say("Уйди!"), "reading of Уйди!");
}

Test(bot_dialog, a_reached_limit_says_when_it_ends)
{
    world_settled();
    w.fail_method = FAM_BACKEND_TRANSLATE;
    w.fail_code = FAM_RESOURCE_EXHAUSTED;
    w.fail_reason = "LIMIT_HOUR";
    w.fail_retry_ms = 24 * 60000 + 5000;
    w.fail_before = 1;
    say("Нет!");
    assert_says(last(), "Снова смогу после 14:31.");
    snprintf(w.zone, sizeof(w.zone), "%s", "Mars/Base");
    w.fail_before = 1;
    say("Нет!");
    assert_says(last(), "через 25 минут");
    w.fail_retry_ms = 5 * 3600000;
    w.fail_before = 1;
    say("Нет!");
    assert_says(last(), "через 6 часов");
}

Test(bot_dialog, without_sessions_a_phrase_is_answered_and_a_wizard_says_later)
{
    w.redis_away = true;
    assert_says(say("Нет!"), "reading of Нет!");
    cr_assert_null(find_button(last(), "Почему"), "buttons that need the draft are left out");
    say("/start");
    press("Россия");
    press("Согласие даю");
    press("Согласие даю");
    cr_assert_str_eq(last()->text, ru("error.later"));
    world_settled();
    assert_says(say("не хочу больше жить"), "8-800-2000-122");
    cr_assert_eq(w.entry_count, 1);
}

Test(bot_dialog, an_age_tap_sharpens_the_answer_in_place)
{
    struct sent *answer = say("Нет!");
    int64_t id = answer->message_id;
    press("7–9");
    cr_assert(last()->is_edit);
    cr_assert_eq(last()->message_id, id);
    assert_says(last(), "for band 3");
    assert_says(say("Уйди!"), "for band 3");
}

Test(bot_dialog, with_several_children_the_child_is_asked_by_name)
{
    world_settled();
    w.children[1] = (struct world_child){.name = "Петя", .year = 2015};
    w.child_count = 2;
    say("Нет!");
    press("Петя");
    cr_assert(last()->is_edit);
    assert_says(last(), "for band 3");
}

Test(bot_dialog, buttons_open_details_and_rate)
{
    world_settled();
    struct sent *answer = say("Нет!");
    struct sent copy = *answer;
    assert_says(press_on(&copy, "Почему 2"), "because it works");
    cr_assert_eq(last()->reply_to, copy.message_id);
    assert_says(press_on(&copy, "Занятие"), "draw together");
    press_on(&copy, "Не помогло");
    cr_assert_eq(w.entries[0].helped, 3);
    cr_assert_not(last()->is_edit, "the answer stays");
    press("Фраза 2");
    cr_assert(last()->is_edit);
    cr_assert_eq(w.entries[0].used, 2);
    cr_assert_eq(w.entries[0].helped, 3, "one tap keeps the other's word");
    press("Стало хуже");
    cr_assert_eq(w.entries[0].helped, 4);
    cr_assert_eq(w.entries[0].used, 2);
    cr_assert_str_eq(last()->text, ru("rate.sorry"), "not \"noted, thank you\"");
    w.entry_count = 0; /* erased */
    press_on(&copy, "Почему 1");
    cr_assert_str_eq(last()->text, ru("button.not_kept"));
    for (size_t i = 0, in_row = 0; i < copy.keyboard.count; i++) {
        in_row = copy.keyboard.buttons[i].starts_row ? 1 : in_row + 1;
        cr_assert_leq(in_row, 3);
    }
}

Test(bot_dialog, a_second_tap_on_it_helped_brings_no_second_thanks)
{
    world_settled();
    struct sent answer = *say("Нет!"), other = *say("Уйди!");
    size_t before = w.sent_count;
    struct sent thanks = *press_on(&answer, "Помогло");
    cr_assert_not(thanks.is_edit);
    press_on(&answer, "Помогло");
    cr_assert(last()->is_edit, "the first one is renewed");
    cr_assert_eq(last()->message_id, thanks.message_id);
    press_on(&answer, "Не помогло");
    cr_assert(last()->is_edit);
    cr_assert_eq(last()->message_id, thanks.message_id);
    cr_assert_eq(w.entries[0].helped, 3, "the last word counts");
    cr_assert_eq(w.sent_count, before + 3);
    press_on(&other, "Помогло");
    cr_assert_not(last()->is_edit, "another answer has thanks of its own");
    cr_assert_neq(last()->message_id, thanks.message_id);
}

Test(bot_dialog, details_of_an_answer_that_was_not_stored_come_from_the_draft)
{
    struct sent copy = *say("Нет!");
    assert_says(press_on(&copy, "Почему 1"), "because it works");
    say("Уйди!");
    press_on(&copy, "Почему 1");
    cr_assert_str_eq(last()->text, ru("button.not_kept"), "the draft is that of a newer phrase");
}

Test(bot_dialog, a_protected_answer_can_be_removed_twice)
{
    world_settled();
    struct sent copy = *say("не хочу больше жить");
    cr_assert(copy.protect);
    size_t before = w.sent_count;
    cr_assert_eq(press_data(find_button(&copy, "Удалить")->data, copy.message_id, PERSON), FAM_HANDLED);
    cr_assert_eq(press_data(find_button(&copy, "Удалить")->data, copy.message_id, PERSON), FAM_HANDLED);
    cr_assert_eq(w.removed, 2);
    cr_assert_eq(w.sent_count, before);
}

Test(bot_dialog, foreign_changed_and_old_buttons_are_answered_and_do_nothing)
{
    say("/start");
    char data[FAM_BUTTON_DATA];
    strcpy(data, find_button(last(), "Россия")->data);
    int64_t id = last()->message_id;
    size_t before = w.sent_count;
    cr_assert_eq(press_data(data, id, PERSON + 1), FAM_HANDLED);
    cr_assert_str_eq(w.callback_text, ru("button.foreign"));
    cr_assert_eq(press_data("AAAA", id, PERSON), FAM_HANDLED);
    w.wall_ms += (FAM_CALLBACK_DAYS + 1) * (int64_t)86400000;
    cr_assert_eq(press_data(data, id, PERSON), FAM_HANDLED);
    cr_assert_str_eq(w.callback_text, ru("button.stale"));
    cr_assert_eq(w.callbacks, 3);
    cr_assert_eq(w.sent_count, before);
    cr_assert_str_eq(w.country, "");
    w.wall_ms -= (FAM_CALLBACK_DAYS + 1) * (int64_t)86400000;
    cr_assert_eq(press_data(data, id, PERSON), FAM_HANDLED);
    cr_assert_eq(press_data(data, id, PERSON), FAM_HANDLED, "a double tap is safe");
    cr_assert_str_eq(w.country, "RU");
    cr_assert_eq(w.calls[FAM_BACKEND_UPDATE_USER], 1);
}

static struct fam_update edited(int64_t message_id, const char *text)
{
    struct fam_update update = world_message(text);
    update.kind = FAM_UPDATE_EDITED;
    update.message_id = message_id;
    return update;
}

Test(bot_dialog, an_edited_phrase_renews_its_answer_in_place)
{
    world_settled();
    struct fam_update first = world_message("Нет!");
    cr_assert_eq(world_handle(&first), FAM_HANDLED);
    int64_t answer_id = last()->message_id;
    struct fam_update second = edited(first.message_id, "Да!");
    cr_assert_eq(world_handle(&second), FAM_HANDLED);
    cr_assert(last()->is_edit);
    cr_assert_eq(last()->message_id, answer_id);
    assert_says(last(), "reading of Да!");
}

Test(bot_dialog, a_safety_block_is_never_edited_away)
{
    world_settled();
    struct fam_update first = world_message("не хочу больше жить");
    cr_assert_eq(world_handle(&first), FAM_HANDLED);
    struct fam_update second = edited(first.message_id, "всё хорошо");
    cr_assert_eq(world_handle(&second), FAM_HANDLED);
    cr_assert_not(last()->is_edit);
    struct fam_update third = edited(first.message_id, "не хочу больше жить!");
    cr_assert_eq(world_handle(&third), FAM_HANDLED);
    cr_assert_not(last()->is_edit, "new help comes as a message that rings");
    cr_assert(last()->protect);
}

Test(bot_dialog, media_get_a_kind_sentence_and_a_caption_is_a_phrase)
{
    world_settled();
    for (int media = FAM_MEDIA_PHOTO; media <= FAM_MEDIA_OTHER; media++) {
        struct fam_update update = world_message("");
        size_t before = w.sent_count;
        update.media = (enum fam_media)media;
        cr_assert_eq(world_handle(&update), FAM_HANDLED);
        cr_assert_eq(w.sent_count, before + 1);
    }
    struct fam_update service = world_message("");
    size_t before = w.sent_count;
    service.media = FAM_MEDIA_SERVICE;
    cr_assert_eq(world_handle(&service), FAM_HANDLED);
    cr_assert_eq(w.sent_count, before);
    struct fam_update captioned = world_message("Уйди!");
    captioned.media = FAM_MEDIA_PHOTO;
    cr_assert_eq(world_handle(&captioned), FAM_HANDLED);
    assert_says(last(), "reading of Уйди!");
}

Test(bot_dialog, a_group_hears_one_sentence_once_and_nothing_about_a_family)
{
    world_settled();
    struct fam_update update = world_message("не хочу больше жить");
    update.chat_type = FAM_CHAT_GROUP;
    update.chat_id = -100;
    for (int i = 0; i < 3; i++)
        cr_assert_eq(world_handle(&update), FAM_HANDLED);
    cr_assert_eq(w.sent_count, 1);
    cr_assert_str_eq(last()->text, ru("group.private_only"));
    cr_assert_eq(w.calls[FAM_BACKEND_REGISTER_USER], 0);
    cr_assert_eq(w.entry_count, 0);
}

Test(bot_dialog, a_blocked_person_stops_nobody)
{
    world_settled();
    w.send_code = FAM_PERMISSION_DENIED;
    w.send_reason = "BLOCKED";
    struct fam_update update = world_message("Нет!");
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    cr_assert_eq(w.entry_count, 1, "the entry is there");
    cr_assert_eq(w.entries[0].message_id, 0);
    w.send_code = FAM_UNAVAILABLE;
    w.send_reason = "TELEGRAM";
    update = world_message("Уйди!");
    cr_assert_eq(world_handle(&update), FAM_HANDLE_AGAIN, "a broken Telegram is waited for");
    w.send_code = FAM_OK;
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    cr_assert_eq(w.entry_count, 2);
}

Test(bot_dialog, a_text_of_two_messages_length_is_read_in_parts)
{
    world_settled();
    static char text[4100];
    for (size_t i = 0; i < 4096; i++)
        text[i] = i % 10 == 9 ? ' ' : 'x';
    memcpy(text + 4070, "want to die", 11);
    size_t before = w.sent_count;
    say(text);
    cr_assert_eq(w.sent_count, before + 3);
    cr_assert(last()->protect, "a danger in the last words is seen");
    cr_assert_eq(w.entry_count, 3);
}

Test(bot_dialog, unknown_commands_help_and_children)
{
    world_settled();
    cr_assert_str_eq(say("/nosuch")->text, ru("command.unknown"));
    cr_assert_str_eq(say("/help@some_bot")->text, ru("help.text"));
    assert_says(say("/children"), "Маша, 7 лет");
    press("Добавить");
    say("петя");
    say("5 лет");
    cr_assert_eq(w.child_count, 2);
    cr_assert_str_eq(w.children[1].name, "петя");
    assert_says(last(), "Готово");
    w.family = false;
    w.processing = 0;
    say("/children");
    cr_assert_str_eq(w.sent[w.sent_count - 2].text, ru("children.consent_first"));
}

static int counted(const char *result)
{
    return (int)fam_metrics_value(w.metrics, FAM_M_BOT_SAFETY, FAM_LABELS(result));
}

Test(bot_dialog, a_help_line_counts_as_shown_when_telegram_took_it)
{
    world_settled();
    say("Нет!");
    cr_assert_eq(counted("shown"), 0, "there was no danger");
    w.send_code = FAM_UNAVAILABLE;
    w.send_reason = "TELEGRAM";
    struct fam_update update = world_message("не хочу больше жить");
    cr_assert_eq(world_handle(&update), FAM_HANDLE_AGAIN);
    cr_assert_eq(counted("shown") + counted("missed"), 0, "it is tried again");
    w.send_code = FAM_OK;
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    cr_assert_eq(counted("shown"), 1);
    cr_assert_eq(counted("missed"), 0);
}

Test(bot_dialog, a_help_line_that_nobody_was_shown_counts_as_missed)
{
    world_settled();
    w.send_code = FAM_INVALID_ARGUMENT;
    w.send_reason = "REJECTED";
    struct fam_update update = world_message("не хочу больше жить");
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    cr_assert_eq(counted("missed"), 1);
    w.send_code = FAM_PERMISSION_DENIED;
    w.send_reason = "BLOCKED";
    update = world_message("не хочу больше жить!");
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    cr_assert_eq(counted("blocked"), 1);
    cr_assert_eq(counted("missed"), 1, "who has blocked the bot can't be shown anything");
    cr_assert_eq(counted("shown"), 0);
}

Test(bot_dialog, a_help_line_owed_from_an_earlier_attempt_is_missed_when_the_server_fails_for_good)
{
    world_settled();
    w.send_code = FAM_UNAVAILABLE;
    w.send_reason = "TELEGRAM";
    struct fam_update update = world_message("не хочу больше жить");
    cr_assert_eq(world_handle(&update), FAM_HANDLE_AGAIN);
    w.send_code = FAM_OK;
    w.fail_method = FAM_BACKEND_TRANSLATE;
    w.fail_code = FAM_NOT_FOUND;
    w.fail_before = 1;
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    cr_assert_eq(counted("missed"), 1);
}
