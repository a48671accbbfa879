/* /privacy, /export, /delete: what is told, what is sent, and that nothing is written after the end. */
#include "fake_world.h"

static void set_up(void)
{
    world_start();
    world_settled();
    w.parent_count = 0;
}

TestSuite(bot_privacy, .init = set_up, .fini = world_stop);

static const char *ru(const char *key)
{
    return T(fam_locales_get(w.locales, FAM__V1__LANGUAGE__LANGUAGE_RU), key);
}

#define assert_says(sent, part)                                                                                        \
    cr_assert_not_null(strstr((sent)->text, (part)), "\"%s\" is not in: %s", (part), (sent)->text)

Test(bot_privacy, the_report_counts_what_is_stored_and_says_until_when)
{
    world_add_entry("Нет!");
    w.disclosures = 2;
    struct sent *report = say("/privacy");
    assert_says(report, "Фразы и ответы: 1, с ");
    assert_says(report, "90 дней");
    assert_says(report, "7 дней");
    assert_says(report, "Anthropic (ИИ Claude, США): 2 раза");
    assert_says(report, "Согласие хранить записи: дано");
}

Test(bot_privacy, what_was_sent_is_shown_word_for_word_and_paged)
{
    w.disclosures = 3;
    struct sent report = *say("/privacy");
    press(ru("button.sent"));
    assert_says(last(), "[NAME_1] &lt;b&gt;0");
    cr_assert(last()->protect, "the words of a danger may be among them");
    cr_assert_not_null(find_button(last(), ru("button.remove")));
    press(ru("button.older"));
    assert_says(last(), "[NAME_1] &lt;b&gt;1");
    press(ru("button.older"));
    assert_says(last(), "[NAME_1] &lt;b&gt;2");
    cr_assert_null(find_button(last(), ru("button.older")));
    press_on(&report, ru("button.policy"));
    assert_says(last(), ru("policy.title"));
    press(ru("button.back"));
    assert_says(last(), ru("privacy.title"));
}

Test(bot_privacy, where_nothing_was_sent_it_says_so)
{
    assert_says(say("/privacy"), ru("privacy.sent_nothing"));
    cr_assert_null(find_button(last(), ru("button.sent")));
}

Test(bot_privacy, the_files_come_after_a_question_and_once)
{
    w.export_chunks = 3;
    w.export_bytes = 1000;
    struct sent question = *say("/export");
    cr_assert_eq(w.document_count, 0);
    press(ru("button.export_yes"));
    cr_assert_eq(w.document_count, 2);
    cr_assert_str_eq(w.documents[0].name, "family.json");
    cr_assert_str_eq(w.documents[1].name, "family.html");
    cr_assert_str_eq(w.documents[1].content_type, "text/html");
    cr_assert_eq(w.documents[0].size, 3000);
    cr_assert_eq(w.documents[0].start[0], 'j');
    cr_assert_gt(w.uploading, 0);
    assert_says(last(), ru("export.done"));
    size_t before = w.sent_count;
    press_on(&question, ru("button.export_yes"));
    cr_assert_eq(w.document_count, 2, "a second tap");
    cr_assert_eq(w.sent_count, before);
}

Test(bot_privacy, files_that_are_too_large_or_empty_are_told_and_never_sent)
{
    w.export_chunks = FAM_DOCUMENT_BYTES / EXPORT_CHUNK + 2;
    w.export_bytes = EXPORT_CHUNK;
    say("/export");
    press(ru("button.export_yes"));
    cr_assert_eq(w.document_count, 0);
    assert_says(last(), ru("export.too_large"));
    w.export_bytes = 0;
    w.export_chunks = 1;
    say("/export");
    press(ru("button.export_yes"));
    assert_says(last(), ru("export.empty"));
}

Test(bot_privacy, an_export_that_fails_is_tried_again)
{
    w.export_chunks = w.export_bytes = 1;
    say("/export");
    char data[FAM_BUTTON_DATA];
    strcpy(data, find_button(last(), ru("button.export_yes"))->data);
    for (int i = 0; i < 5; i++) { /* more often than files are put together at a time: none is left behind */
        w.fail_method = FAM_BACKEND_EXPORT_FAMILY;
        w.fail_code = FAM_UNAVAILABLE;
        w.fail_before = 1;
        cr_assert_eq(press_data(data, last()->message_id, PERSON), FAM_HANDLE_AGAIN);
    }
    cr_assert_eq(press_data(data, last()->message_id, PERSON), FAM_HANDLED);
    cr_assert_eq(w.document_count, 2);
}

Test(bot_privacy, erasure_needs_the_word_and_gives_a_receipt)
{
    say("Нет!");
    struct sent *question = say("/delete");
    assert_says(question, ru("erase.explain"));
    assert_says(question, "УДАЛИТЬ");
    say("да");
    cr_assert_not(w.erased);
    cr_assert_eq(w.entry_count, 1, "and it is no phrase");
    assert_says(&w.sent[w.sent_count - 2], ru("unfit.word"));
    assert_says(last(), "УДАЛИТЬ");
    int updates = w.calls[FAM_BACKEND_UPDATE_SESSION];
    assert_says(say(" удалить "), ru("receipt.title"));
    cr_assert(w.erased);
    assert_says(last(), "R-1");
    assert_says(last(), ru("receipt.family"));
    assert_says(last(), ru("privacy.sent_nothing"));
    cr_assert_eq(w.removed_count, 0, "nobody asked for it");
    cr_assert_eq(w.calls[FAM_BACKEND_UPDATE_SESSION], updates, "nothing is written after the end");
}

Test(bot_privacy, a_receipt_says_nothing_of_a_family_to_whom_had_none)
{
    w.family = false;
    w.child_count = 0;
    w.parent_count = 1; /* so that no family is erased */
    say("/delete");
    assert_says(say("УДАЛИТЬ"), ru("receipt.title"));
    cr_assert_null(strstr(last()->text, ru("receipt.others")));
    cr_assert_null(strstr(last()->text, ru("receipt.family")));
}

Test(bot_privacy, our_answers_go_too_when_that_is_chosen)
{
    say("Нет!");
    say("Уйди!");
    int64_t first = w.entries[0].message_id, second = w.entries[1].message_id;
    say("/delete");
    press(ru("button.erase_answers"));
    assert_says(last(), ru("erase.with_answers"));
    say("УДАЛИТЬ");
    cr_assert_eq(w.removed_count, 2);
    cr_assert_eq(w.removed_ids[0] + w.removed_ids[1], first + second);
    assert_says(last(), "Удалено моих ответов из чата: 2");
}

Test(bot_privacy, erasure_is_left_by_a_button_and_by_cancel)
{
    say("/delete");
    struct sent question = *last();
    press(ru("button.erase_leave"));
    assert_says(last(), ru("erase.left"));
    say("УДАЛИТЬ");
    cr_assert_not(w.erased, "the question was left");
    say("/delete");
    say("/cancel");
    say("УДАЛИТЬ");
    cr_assert_not(w.erased);
    size_t before = w.sent_count;
    press_on(&question, ru("button.erase_answers"));
    cr_assert_eq(w.sent_count, before, "a button of a question that was left");
}

Test(bot_privacy, where_nothing_can_be_erased_nothing_is_said_to_be)
{
    say("/delete");
    w.fail_method = FAM_BACKEND_DELETE_FAMILY;
    w.fail_code = FAM_FAILED_PRECONDITION;
    w.fail_before = 1;
    assert_says(say("УДАЛИТЬ"), ru("erase.failed"));
    cr_assert_not(w.erased);
}

Test(bot_privacy, the_word_again_after_the_end_is_no_phrase_of_somebody_new)
{
    say("/delete");
    say("УДАЛИТЬ");
    cr_assert_eq(w.calls[FAM_BACKEND_TRANSLATE], 1, "what the question waits for is looked at for a danger");
    assert_says(say("УДАЛИТЬ"), ru("erase.already"));
    cr_assert_eq(w.calls[FAM_BACKEND_TRANSLATE], 1);
}

static int fails_left;

static enum fam_code send_later(void *context, const struct fam_outgoing *message, int64_t *ret_message_id,
                                struct fam_status *status)
{
    if (w.erased && fails_left-- > 0)
        return fam_fail_reason(status, FAM_UNAVAILABLE, "TELEGRAM", 0, "fault");
    return world_send(context, message, ret_message_id, status);
}

Test(bot_privacy, a_receipt_waits_for_telegram_and_the_update_never_comes_again)
{
    w.messenger.send = send_later;
    fails_left = 3;
    say("/delete");
    struct fam_update update = world_message("УДАЛИТЬ");
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    assert_says(last(), ru("receipt.title"));
    cr_assert_eq(w.calls[FAM_BACKEND_DELETE_FAMILY], 1);
}
