/* Questions that wait for a short answer, and texts that are none: what is told, and what is a phrase all the same. */
#include "fake_world.h"

TestSuite(bot_unfit, .init = world_start, .fini = world_stop);

static const char *ru(const char *key)
{
    return T(fam_locales_get(w.locales, FAM__V1__LANGUAGE__LANGUAGE_RU), key);
}

#define assert_says(sent, part)                                                                                        \
    cr_assert_not_null(strstr((sent)->text, (part)), "\"%s\" is not in: %s", (part), (sent)->text)

/* Up to the question for the child's name. */
static void begin(void)
{
    say("/start");
    press("Россия");
    press("Согласие даю");
    press("Согласие даю");
}

Test(bot_unfit, a_short_text_that_is_no_answer_is_told_why_and_never_read)
{
    say("/start");
    say("Ваканда");
    assert_says(&w.sent[w.sent_count - 2], ru("unfit.country"));
    assert_says(last(), ru("country.ask"));
    press("Россия");
    press("Согласие даю");
    press("Согласие даю");
    say("Ненавижу тебя!");
    assert_says(&w.sent[w.sent_count - 2], ru("unfit.name"));
    assert_says(last(), ru("child.name"));
    assert_says(say("Коля😀 <3"), ru("child.name"));
    assert_says(say("Коля😀"), "Коля😀");
    static const char *const ages[] = {"-5", "март 2019", "семь раз"};
    for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
        say(ages[i]);
        cr_assert_str_eq(w.sent[w.sent_count - 2].text, ru("unfit.birth"), "%s", ages[i]);
        assert_says(last(), "Коля😀");
    }
    say("31.02.2019");
    cr_assert_str_eq(w.sent[w.sent_count - 2].text, ru("child.no_date"));
    say("12 марта 2019");
    cr_assert_eq(w.children[0].month, 3);
    cr_assert_eq(w.entry_count, 0, "none of it is what a child said");
}

Test(bot_unfit, an_unfit_answer_is_not_judged_while_nobody_can_tell_whether_it_is_a_danger)
{
    begin();
    w.fail_method = FAM_BACKEND_TRANSLATE;
    w.fail_code = FAM_UNAVAILABLE;
    w.fail_before = 1;
    struct fam_update update = world_message("не хочу больше жить");
    size_t before = w.sent_count;
    cr_assert_eq(world_handle(&update), FAM_HANDLE_AGAIN);
    cr_assert_eq(w.sent_count, before, "it is not called a bad name");
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    assert_says(&w.sent[before], "8-800-2000-122");
}

Test(bot_unfit, an_unfit_answer_that_is_edited_is_no_phrase_either)
{
    begin();
    struct fam_update update = world_message("коля 7");
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    size_t before = w.sent_count;
    update.kind = FAM_UPDATE_EDITED;
    update.update_id = w.next_update_id++;
    update.text = "коля 8";
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    cr_assert_eq(w.sent_count, before);
    cr_assert_eq(w.entry_count, 0);
}

Test(bot_unfit, signs_may_stand_in_the_name_of_a_family_and_a_short_phrase_may_not)
{
    world_settled();
    say("/family");
    press(ru("button.family_name"));
    say("Не пойду в сад");
    assert_says(&w.sent[w.sent_count - 2], ru("unfit.name"));
    assert_says(last(), ru("family.ask_name"));
    cr_assert_eq(w.entry_count, 0);
    say("Смирновы & <Ко>");
    cr_assert_str_eq(w.family_name, "Смирновы & <Ко>");
    assert_says(last(), "Смирновы &amp; &lt;Ко&gt;");
}

Test(bot_unfit, a_danger_in_one_word_is_no_name)
{
    static const char *const words[] = {"Самоубийство", "Suicidal"};
    begin();
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t before = w.sent_count;
        say(words[i]);
        cr_assert_eq(w.sent_count, before + 1, "help stands alone");
        assert_says(last(), "8-800-2000-122");
        say("/start");
        assert_says(last(), ru("child.name"));
    }
    struct fam_update edited = world_message("Самоубийство");
    size_t before = w.sent_count, entries = w.entry_count;
    edited.kind = FAM_UPDATE_EDITED;
    cr_assert_eq(world_handle(&edited), FAM_HANDLED);
    cr_assert_eq(w.sent_count, before + 1, "an answer that is edited into a danger is answered too");
    assert_says(last(), "8-800-2000-122");
    cr_assert_eq(w.entry_count, entries, "and no entry is made of it");
}

Test(bot_unfit, a_text_that_any_question_would_take_waits_while_nobody_can_tell_whether_it_is_a_danger)
{
    begin();
    say("/feedback");
    w.fail_method = FAM_BACKEND_TRANSLATE;
    w.fail_code = FAM_UNAVAILABLE;
    w.fail_before = 1;
    struct fam_update update = world_message("Хороший бот");
    size_t before = w.sent_count;
    cr_assert_eq(world_handle(&update), FAM_HANDLE_AGAIN);
    cr_assert_eq(w.sent_count, before);
    cr_assert_eq(w.feedback_count, 0, "what may be a call for help is not sent to those who make this");
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    cr_assert_eq(w.feedback_count, 1);
}

Test(bot_unfit, a_danger_at_the_end_of_a_long_text_is_seen)
{
    static char text[8000];
    begin();
    say("/feedback");
    for (int i = 0; i < 300; i++)
        strcat(text, "спасибо ");
    strcat(text, "не хочу больше жить");
    size_t before = w.sent_count;
    say(text);
    cr_assert_eq(w.feedback_count, 0);
    cr_assert_gt(w.sent_count, before);
    bool is_helped = false;
    for (size_t i = before; i < w.sent_count; i++)
        is_helped = is_helped || strstr(w.sent[i].text, "8-800-2000-122");
    cr_assert(is_helped);
}
