/* When somebody is asked: hours, reminder, quiet hours, pause and report, each by one tap; and the question that ends
 * the onboarding. */
#include "dialog/hours.h"
#include "people_world.h"

static void set_up(void)
{
    people_start();
    w.notifications = 1;
    w.weekly_report = true;
}

TestSuite(bot_times, .init = set_up, .fini = people_stop);

static struct sent *open_times(void)
{
    say("/settings");
    return press(ru("button.times"));
}

Test(bot_times, hours_are_switched_on_and_off_by_a_tap)
{
    open_times();
    assert_last_says("Время вопросов: нет");
    cr_assert_null(find_button(last(), ru("button.never")), "nothing to turn off");
    press("Утро, 8:00");
    cr_assert_str_eq(w.times[0], "08:00");
    assert_last_says("Время вопросов: 8:00");
    press("Вечер, 20:00");
    assert_last_says("Время вопросов: 8:00, 20:00");
    cr_assert_not_null(find_button(last(), "✓ Утро, 8:00"));
    press("✓ Утро, 8:00");
    cr_assert_str_eq(w.times[0], "");
    cr_assert_str_eq(w.times[2], "20:00", "the others stay");
    press(ru("button.never"));
    assert_last_says("Время вопросов: нет");
    cr_assert_str_eq(w.times[2], "");
}

Test(bot_times, a_second_tap_changes_nothing)
{
    struct sent before = *open_times();
    press_on(&before, "Утро, 8:00");
    press_on(&before, "Утро, 8:00");
    cr_assert_str_eq(w.times[0], "08:00");
}

Test(bot_times, an_own_time_is_tapped_or_written)
{
    open_times();
    press(ru("times.own_none"));
    press("17:00");
    cr_assert_str_eq(w.times[3], "17:00");
    assert_last_says("Время вопросов: 17:00");
    press("✓ Своё, 17:00");
    cr_assert_str_eq(w.times[3], "");
    press(ru("times.own_none"));
    say("21.15");
    cr_assert_str_eq(w.times[3], "21:15");
    assert_last_says("Время вопросов: 21:15");
}

Test(bot_times, what_is_no_time_is_told_and_a_phrase_is_one_and_the_question_comes_again)
{
    open_times();
    press(ru("times.own_none"));
    say("в девять");
    cr_assert_str_eq(w.sent[w.sent_count - 2].text, ru("unfit.time"));
    cr_assert_str_eq(last()->text, ru("times.own_ask"));
    cr_assert_eq(w.entry_count, 0, "a mistyped time is not what a child said");
    say("Не хочу идти спать, ещё рано!");
    cr_assert_eq(w.entry_count, 1);
    cr_assert_str_eq(last()->text, ru("times.own_ask"));
    say("/cancel");
    cr_assert_str_eq(last()->text, ru("cancel.done"));
    cr_assert_str_eq(w.times[3], "");
}

Test(bot_times, quiet_hours_are_tapped_or_written)
{
    open_times();
    press(ru("button.quiet"));
    press("22:00–7:00");
    cr_assert_str_eq(w.quiet_from, "22:00");
    cr_assert_str_eq(w.quiet_until, "07:00");
    assert_last_says("Тихие часы: 22:00–7:00");
    press(ru("button.quiet"));
    say("ночью");
    cr_assert_str_eq(w.sent[w.sent_count - 2].text, ru("unfit.quiet"));
    cr_assert_str_eq(last()->text, ru("times.quiet_ask"));
    cr_assert_eq(w.entry_count, 0);
    say("с 19:30 до 6");
    cr_assert_str_eq(w.quiet_from, "19:30");
    cr_assert_str_eq(w.quiet_until, "06:00");
    press(ru("button.quiet"));
    press(ru("button.no_quiet"));
    cr_assert_str_eq(w.quiet_from, "");
    assert_last_says("Тихие часы: нет");
}

Test(bot_times, an_hour_within_quiet_hours_is_told_and_changes_nothing)
{
    open_times();
    press("Вечер, 20:00");
    press(ru("button.quiet"));
    say("19-7");
    cr_assert_str_eq(w.quiet_from, "");
    assert_last_says(ru("times.at_odds"));
    assert_last_says("Время вопросов: 20:00");
    press(ru("button.quiet"));
    press("22:00–7:00");
    press(ru("times.own_none"));
    cr_assert_str_eq(last()->keyboard.buttons[0].label, "7:00", "what quiet hours usually refuse is no button");
    cr_assert_null(find_button(last(), "22:00"));
    say("11 ночи");
    cr_assert_str_eq(w.times[3], "");
    assert_last_says(ru("times.at_odds"));
}

Test(bot_times, reminder_report_and_pause_are_a_tap_each)
{
    open_times();
    press(ru("button.reminder"));
    press("за 30 минут");
    cr_assert_eq(w.reminder_minutes, 30);
    assert_last_says("Напоминание: за 30 минут");
    press(ru("button.reminder"));
    press(ru("button.no_reminder"));
    cr_assert_eq(w.reminder_minutes, 0);
    press(ru("switch.report_off"));
    cr_assert_not(w.weekly_report);
    press(ru("switch.report_on"));
    cr_assert(w.weekly_report);
    press(ru("button.pause"));
    cr_assert_eq(w.pause_days, 7);
    open_times();
    assert_last_says("Пауза до");
    press(ru("button.pause_end"));
    cr_assert_eq(w.pause_days, 0);
    cr_assert_null(strstr(last()->text, "Пауза до"));
}

Test(bot_times, nothing_becomes_due_before_its_consent_was_read)
{
    w.notifications = -1;
    open_times();
    press("Утро, 8:00");
    cr_assert_str_eq(last()->text, ru("consent.notifications"));
    cr_assert_str_eq(w.times[0], "");
    press(ru("consent.yes"));
    cr_assert_eq(w.notifications, 1);
    cr_assert_str_eq(w.times[0], "08:00", "and what was tapped is done");
}

Test(bot_times, a_report_that_is_turned_on_waits_for_its_consent_and_then_is_on)
{
    w.notifications = 0;
    w.weekly_report = false;
    open_times();
    cr_assert_null(strstr(last()->text, ru("times.no_consent")), "nothing is set to come");
    press(ru("switch.report_on"));
    cr_assert_str_eq(last()->text, ru("consent.notifications"));
    cr_assert_not(w.weekly_report);
    press(ru("consent.yes"));
    cr_assert_eq(w.notifications, 1);
    cr_assert(w.weekly_report);
    assert_last_says("по воскресеньям");
}

Test(bot_times, without_a_family_no_report_is_promised)
{
    w.family = false;
    open_times();
    assert_last_says(ru("times.report_family"));
}

Test(bot_times, who_lets_nothing_be_kept_is_promised_nothing)
{
    w.processing = 0;
    open_times();
    assert_last_says(ru("times.no_processing"));
    cr_assert_null(strstr(last()->text, ru("times.no_consent")));
}

Test(bot_times, a_report_without_consent_says_that_it_does_not_come_and_how_it_would)
{
    w.notifications = 0;
    open_times();
    assert_last_says(ru("times.no_consent"));
    press(ru("switch.notifications_on"));
    cr_assert_str_eq(last()->text, ru("consent.notifications"), "its text comes first");
    cr_assert_eq(w.notifications, 0);
    press(ru("consent.yes"));
    cr_assert_eq(w.notifications, 1);
    assert_last_says(ru("times.title"));
    cr_assert_null(strstr(last()->text, ru("times.no_consent")));
    cr_assert_null(find_button(last(), ru("switch.notifications_on")));
}

Test(bot_times, consent_not_given_leaves_it_as_it_is)
{
    w.notifications = 0;
    open_times();
    press(ru("times.own_none"));
    press(ru("consent.no"));
    assert_last_says(ru("times.title"));
    cr_assert_eq(w.notifications, 0);
    press(ru("times.own_none"));
    press(ru("consent.yes"));
    cr_assert_str_eq(last()->text, ru("times.own_ask"));
    press("9:00");
    cr_assert_str_eq(w.times[3], "09:00");
}

Test(bot_times, without_consent_to_keep_anything_it_says_what_is_missing)
{
    w.processing = 0;
    open_times();
    press("Утро, 8:00");
    cr_assert_str_eq(last()->text, ru("refused.consent"));
}

static void be_new(void)
{
    w.processing = w.ai = 1;
    w.notifications = -1;
    w.family = true;
    w.child_count = 0;
    say("/start");
    say("Петя");
    press("5");
}

Test(bot_times, the_onboarding_ends_with_one_tap_for_an_hour)
{
    be_new();
    cr_assert_str_eq(last()->text, ru("times.offer"));
    press(ru("button.first_evening"));
    cr_assert_eq(w.notifications, 1);
    cr_assert_str_eq(w.times[2], "20:00");
    assert_last_says("в 20:00 (часовой пояс: ");
    cr_assert(last()->is_edit);
}

Test(bot_times, an_offered_hour_within_quiet_hours_changes_nothing_and_consents_to_nothing)
{
    snprintf(w.quiet_from, sizeof(w.quiet_from), "19:00");
    snprintf(w.quiet_until, sizeof(w.quiet_until), "07:00");
    be_new();
    press(ru("button.first_evening"));
    assert_last_says(ru("times.at_odds"));
    cr_assert_eq(w.notifications, -1);
    cr_assert_str_eq(w.times[2], "");
}

Test(bot_times, not_now_is_a_decision_and_is_not_asked_again)
{
    be_new();
    struct sent offer = *last();
    press(ru("button.not_now"));
    cr_assert_eq(w.notifications, 0);
    cr_assert_str_eq(last()->text, ru("times.offer_declined"));
    w.child_count = 0;
    say("/start");
    say("Аня");
    press("6");
    cr_assert_str_neq(last()->text, ru("times.offer"));
    press_on(&offer, ru("button.first_morning"));
    cr_assert_eq(w.notifications, 1, "but the button still says what it says");
    cr_assert_str_eq(w.times[0], "08:00");
    press_on(&offer, ru("button.not_now"));
    cr_assert_eq(w.notifications, 1, "not now takes nothing back");
}

Test(bot_times, who_decided_about_messages_before_is_not_asked)
{
    w.notifications = 1;
    w.child_count = 0;
    say("/start");
    say("Петя");
    press("5");
    cr_assert_not_null(strstr(last()->text, "Записано: Петя"));
}

Test(bot_hours, times_are_read_as_people_write_them)
{
    static const struct {
        const char *text, *hour;
    } cases[] = {
        {"8", "08:00"},        {"08:30", "08:30"},    {"8:30", "08:30"},    {"20.15", "20:15"},  {" 9 ", "09:00"},
        {"23:59", "23:59"},    {"0:00", "00:00"},     {"9 pm", "21:00"},    {"9pm", "21:00"},    {"12 am", "00:00"},
        {"12:30 pm", "12:30"}, {"9 вечера", "21:00"}, {"7 утра", "07:00"},  {"3 дня", "15:00"},  {"12 дня", "12:00"},
        {"в 21:15", "21:15"},  {"at 8 am", "08:00"},  {"11 ночи", "23:00"}, {"9 ночи", "21:00"}, {"12 ночи", "00:00"},
        {"2 ночи", "02:00"},   {"8 ночи", "08:00"},
    };
    static const char *const others[] = {
        "",       "24",  "8:60",  "8:5",     "25:00", "восемь",     "8:30:15", "-8",
        "8 30 0", "100", "13 pm", "8 часов", "нет",   "12.03.2019", "8:",      "99999999999999999999"};
    char hour[FAM_HOUR_SIZE];
    for (size_t i = 0; i < FAM_ARRAY_SIZE(cases); i++) {
        cr_assert(fam_hour_parse(cases[i].text, hour), "\"%s\"", cases[i].text);
        cr_assert_str_eq(hour, cases[i].hour, "\"%s\" is %s", cases[i].text, hour);
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(others); i++)
        cr_assert_not(fam_hour_parse(others[i], hour), "\"%s\" is %s", others[i], hour);
}

Test(bot_hours, spans_are_two_times_that_differ)
{
    static const struct {
        const char *text, *from, *until;
    } cases[] = {
        {"22:00-7:00", "22:00", "07:00"},         {"22:30–7", "22:30", "07:00"},
        {"22 — 6.30", "22:00", "06:30"},          {"с 21 до 8", "21:00", "08:00"},
        {"from 22:00 to 7:00", "22:00", "07:00"}, {"10 pm - 6 am", "22:00", "06:00"},
    };
    static const char *const others[] = {"22", "22-", "22-22", "22-7-8", "22:00 7:00", "с 22", "22-25", "22-7 хорошо"};
    char from[FAM_HOUR_SIZE], until[FAM_HOUR_SIZE];
    for (size_t i = 0; i < FAM_ARRAY_SIZE(cases); i++) {
        cr_assert(fam_hours_parse(cases[i].text, from, until), "\"%s\"", cases[i].text);
        cr_assert_str_eq(from, cases[i].from, "\"%s\"", cases[i].text);
        cr_assert_str_eq(until, cases[i].until, "\"%s\"", cases[i].text);
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(others); i++)
        cr_assert_not(fam_hours_parse(others[i], from, until), "\"%s\"", others[i]);
}

Test(bot_hours, a_span_may_go_over_midnight)
{
    cr_assert(fam_hour_is_within("22:00", "22:00", "07:00"));
    cr_assert(fam_hour_is_within("03:00", "22:00", "07:00"));
    cr_assert_not(fam_hour_is_within("07:00", "22:00", "07:00"));
    cr_assert_not(fam_hour_is_within("21:59", "22:00", "07:00"));
    cr_assert(fam_hour_is_within("13:00", "12:00", "14:00"));
    cr_assert_not(fam_hour_is_within("14:00", "12:00", "14:00"));
    cr_assert_not(fam_hour_is_within("14:00", "", ""));
    cr_assert_str_eq(fam_hour_shown("08:05"), "8:05");
    cr_assert_str_eq(fam_hour_shown("18:05"), "18:05");
    cr_assert_str_eq(fam_hour_shown("noon"), "noon");
}
