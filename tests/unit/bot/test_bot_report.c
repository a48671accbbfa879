/* Reports: a picture with its words, what fits below it and all of it, the archive. */
#include "base/text.h"
#include "dialog/report.h"
#include "people_world.h"

TestSuite(bot_report, .init = people_start, .fini = people_stop);

static struct sent *picture(void)
{
    struct sent *found = NULL;
    for (size_t i = 0; i < w.sent_count; i++)
        found = w.sent[i].is_photo ? &w.sent[i] : found;
    cr_assert_not_null(found, "no picture was sent");
    return found;
}

static size_t pictures(void)
{
    size_t count = 0;
    for (size_t i = 0; i < w.sent_count; i++)
        count += w.sent[i].is_photo;
    return count;
}

#define assert_says(sent, part)                                                                                        \
    cr_assert_not_null(strstr((sent)->text, (part)), "\"%s\" is not in: %s", (part), (sent)->text)

Test(bot_report, a_period_is_a_tap_and_comes_as_a_picture_with_words)
{
    say("/report");
    cr_assert_str_eq(last()->text, ru("report.ask"));
    press(ru("report.week"));
    struct sent *sent = picture();
    cr_assert_str_eq(sent->file_name, "report-week.png");
    assert_says(sent, "<b>Неделя: ");
    assert_says(sent, "Записей: 6, отметок о дне: 5.");
    assert_says(sent, "6,4 из 10");
    assert_says(sent, ru("report.harder"));
    assert_says(sent, "<b>Маша</b>: 5 записей, чаще всего");
    assert_says(sent, "(3 из 4)");
    assert_says(sent, "Радость была &lt;чаще&gt; грусти.");
    assert_says(sent, "Вы многое замечаете.");
    cr_assert_not(sent->protect, "a family of one adult");
    cr_assert_eq(sent->keyboard.count, 0, "all of it fits");
    cr_assert_gt(w.uploading, 0);
    cr_assert(last()->is_edit, "the question offers the others");
    cr_assert_null(find_button(last(), ru("report.week")));
    cr_assert_not_null(find_button(last(), ru("report.month")));
}

Test(bot_report, a_second_tap_brings_no_second_picture)
{
    struct sent asked = *say("/report");
    press_on(&asked, ru("report.month"));
    press_on(&asked, ru("report.month"));
    cr_assert_eq(pictures(), 1);
    press_on(&asked, ru("report.quarter"));
    cr_assert_eq(pictures(), 2);
    cr_assert_str_eq(picture()->file_name, "report-quarter.png");
}

Test(bot_report, what_does_not_fit_below_a_picture_is_a_tap_away)
{
    w.report_is_long = true;
    say("/report");
    press(ru("report.week"));
    struct sent *sent = picture();
    cr_assert_leq(fam_utf16_length(sent->text), FAM_CAPTION_UNITS + 40, "but for the tags");
    assert_says(sent, ru("report.steps"));
    cr_assert_null(strstr(sent->text, ru("report.attention")));
    press_on(sent, ru("button.more"));
    cr_assert_not(last()->is_photo);
    cr_assert_not(last()->is_edit, "the picture stays");
    assert_last_says(ru("report.attention"));
    assert_last_says(ru("report.steps"));
    assert_last_says("Вы многое замечаете.");
}

Test(bot_report, in_a_family_of_several_it_can_t_be_passed_on_and_can_be_deleted)
{
    with_relatives();
    say("/report");
    press(ru("report.week"));
    cr_assert(picture()->protect);
    cr_assert_not_null(find_button(picture(), ru("button.remove")));
}

Test(bot_report, an_empty_time_is_a_kind_word)
{
    w.report_is_empty = true;
    say("/report");
    press(ru("report.week"));
    assert_says(picture(), "Вы многое замечаете.");
    cr_assert_null(strstr(picture()->text, "Записей"));
}

Test(bot_report, without_a_picture_the_words_come_alone)
{
    w.report_has_no_picture = true;
    say("/report");
    press(ru("report.week"));
    cr_assert_eq(pictures(), 0);
    assert_says(&w.sent[w.sent_count - 2], "Записей: 6");
}

Test(bot_report, a_picture_that_telegram_refuses_costs_nobody_the_words)
{
    w.photo_code = FAM_INVALID_ARGUMENT;
    say("/report");
    press(ru("report.week"));
    cr_assert_eq(pictures(), 0);
    assert_says(&w.sent[w.sent_count - 2], "Записей: 6");
}

Test(bot_report, the_archive_is_turned_over_and_opened)
{
    w.report_count = 3;
    say("/report");
    press(ru("button.reports"));
    assert_last_says("<b>1. </b>Неделя: ");
    assert_last_says("<b>2. </b>Месяц: ");
    press(ru("button.older"));
    assert_last_says("<b>1. </b>Неделя: ");
    cr_assert_null(find_button(last(), ru("button.older")));
    press("Открыть 1");
    cr_assert_eq(pictures(), 1);
    cr_assert_not(last()->is_edit);
}

/* Whatever the clock is by which the reader lives now, and wherever the bot runs. */
Test(bot_report, days_are_those_that_the_server_tells)
{
    w.report_count = 1;
    w.reports_have_days = true;
    say("/report");
    press(ru("button.reports"));
    assert_last_says("<b>1. </b>Неделя: 23.11.2026 – 29.11.2026");
    press("Открыть 1");
    assert_says(picture(), "<b>Неделя: 23.11.2026 – 29.11.2026</b>");
}

Test(bot_report, an_empty_archive_says_what_will_be_there)
{
    say("/report");
    press(ru("button.reports"));
    assert_last_says(ru("reports.none"));
    press(ru("button.report"));
    cr_assert_str_eq(last()->text, ru("report.ask"));
}

Test(bot_report, one_that_is_gone_is_told_so)
{
    w.report_count = 1;
    say("/report");
    press(ru("button.reports"));
    w.report_is_gone = true;
    press("Открыть 1");
    cr_assert_str_eq(last()->text, ru("report.gone"));
    cr_assert_not(last()->is_edit, "the archive stays");
}

Test(bot_report, the_server_away_is_waited_for_without_half_a_report)
{
    say("/report");
    w.fail_method = FAM_BACKEND_GET_FAMILY;
    w.fail_code = FAM_UNAVAILABLE;
    w.fail_before = 1;
    const struct fam_button *button = find_button(last(), ru("report.week"));
    cr_assert_eq(press_data(button->data, last()->message_id, PERSON), FAM_HANDLE_AGAIN);
    cr_assert_eq(pictures(), 0, "whether it has to be protected was not known");
}
