/* What a notification looks like: a better reading in place or as a new message, a check-in, the week. */
#include "base/text.h"
#include "dialog/deliver.h"
#include "dialog/reading.h"
#include "fake_world.h"

static struct {
    Fam__V1__Notification notification;
    Fam__V1__BetterReading better;
    Fam__V1__Entry entry;
    Fam__V1__Reading reading;
    Fam__V1__EmotionScore primary;
    Fam__V1__SuggestedResponse responses[3], *pointers[3];
    Fam__V1__SafetyHelp safety;
    Fam__V1__HelpLine line, *lines[1];
    Fam__V1__Delivery replace, shown;
} n;

static const char *edit_reason; /* edits fail with it; NULL: they work */

static enum fam_code edit(void *context, const struct fam_outgoing *message, struct fam_status *status)
{
    if (edit_reason)
        return fam_fail_reason(status, strcmp(edit_reason, "TELEGRAM") == 0 ? FAM_UNAVAILABLE : FAM_NOT_FOUND,
                               edit_reason, 0, "fault");
    return world_edit(context, message, status);
}

static void make_reading(void)
{
    fam__v1__reading__init(&n.reading);
    fam__v1__emotion_score__init(&n.primary);
    n.primary.emotion = FAM__V1__EMOTION__EMOTION_ANGER;
    n.reading.version = 2;
    n.reading.engine = FAM__V1__ENGINE__ENGINE_CLAUDE;
    n.reading.certainty = FAM__V1__CERTAINTY__CERTAINTY_MEDIUM;
    n.reading.primary = &n.primary;
    n.reading.going_on = TXT("Обида <глубже>, чем кажется.");
    n.reading.activity = TXT("Порисуйте вместе.");
    for (int i = 0; i < 3; i++) {
        fam__v1__suggested_response__init(&n.responses[i]);
        n.responses[i].kind = (Fam__V1__ResponseKind)(i + 1);
        n.responses[i].text = TXT("Я рядом.");
        n.pointers[i] = &n.responses[i];
    }
    n.reading.responses = n.pointers;
    n.reading.n_responses = 3;
}

static void make_safety(void)
{
    fam__v1__safety_help__init(&n.safety);
    fam__v1__help_line__init(&n.line);
    n.line.name = TXT("Детский телефон доверия");
    n.line.number = TXT("8-800-2000-122");
    n.lines[0] = &n.line;
    n.safety.opening = TXT("Спасибо, что написали. Сначала самое важное:");
    n.safety.first_step = TXT("Будьте рядом.");
    n.safety.lines = n.lines;
    n.safety.n_lines = 1;
}

static void set_up(void)
{
    world_start();
    world_settled();
    w.messenger.edit = edit;
    edit_reason = NULL;
    memset(&n, 0, sizeof(n));
    fam__v1__notification__init(&n.notification);
    fam__v1__better_reading__init(&n.better);
    fam__v1__entry__init(&n.entry);
    fam__v1__delivery__init(&n.replace);
    fam__v1__delivery__init(&n.shown);
    make_reading();
    make_safety();
    n.notification.notification_id = TXT("00000000-0000-7000-8000-000000000009");
    n.notification.user_id = TXT("00000000-0000-7000-8000-000000000001");
    n.notification.chat_id = PERSON;
    n.notification.language = FAM__V1__LANGUAGE__LANGUAGE_RU;
    n.notification.kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_BETTER_READING;
    n.notification.better_reading = &n.better;
    n.better.entry = &n.entry;
    n.entry.entry_id = TXT("00000000-0000-7000-8000-000000000101");
    n.entry.child_id = TXT("00000000-0000-7000-8000-0000000000c0");
    n.entry.reading = &n.reading;
    n.replace.chat_id = n.shown.chat_id = PERSON;
    n.replace.message_id = n.shown.message_id = 500;
    n.entry.delivery = &n.shown;
}

TestSuite(bot_deliver, .init = set_up, .fini = world_stop);

static enum fam_code deliver(int64_t *ret_message_id, struct fam_status *status)
{
    const struct fam_notice notice = {.notification = &n.notification, .messenger = &w.messenger};
    return fam_dialog_deliver(w.dialog, &notice, ret_message_id, status);
}

static struct sent *delivered(int64_t *ret_message_id)
{
    struct fam_status status;
    int64_t id = 0;
    w.sent_count = 0; /* what was sent before is looked at */
    cr_assert_eq(deliver(&id, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(w.sent_count, 1);
    cr_assert_eq(last()->message_id, id);
    if (ret_message_id)
        *ret_message_id = id;
    return last();
}

static const char *ru(const char *key)
{
    return T(fam_locales_get(w.locales, FAM__V1__LANGUAGE__LANGUAGE_RU), key);
}

#define assert_says(sent, part)                                                                                        \
    cr_assert_not_null(strstr((sent)->text, (part)), "\"%s\" is not in: %s", (part), (sent)->text)

Test(bot_deliver, a_better_reading_takes_the_place_of_the_answer_with_its_buttons)
{
    int64_t id;
    n.better.replace = &n.replace;
    struct sent *sent = delivered(&id);
    cr_assert_eq(id, 500);
    cr_assert(sent->is_edit);
    assert_says(sent, "&lt;глубже&gt;");
    assert_says(sent, "ответ ИИ");
    cr_assert_null(strstr(sent->text, "ещё раз"), "in place nothing has to be explained");
    cr_assert_not_null(find_button(sent, "Почему 1"));
    cr_assert_not_null(find_button(sent, "Занятие"));
    cr_assert_not_null(find_button(sent, "Помогло"));
    cr_assert_null(find_button(sent, "Познакомиться"));
    cr_assert_eq(w.calls[FAM_BACKEND_GET_FAMILY], 1, "an entry of a child has a family; it is read for who can see it");
}

Test(bot_deliver, buttons_of_a_replaced_answer_belong_to_the_person_and_work)
{
    struct fam_callback callback;
    n.better.replace = &n.replace;
    struct sent *sent = delivered(NULL);
    for (size_t i = 0; i < sent->keyboard.count; i++) {
        const char *data = sent->keyboard.buttons[i].data;
        cr_assert_eq(fam_callback_verify(&w.signer, data, PERSON, w.wall_ms, &callback), FAM_CALLBACK_VALID);
        cr_assert_eq(fam_callback_verify(&w.signer, data, PERSON + 1, w.wall_ms, &callback), FAM_CALLBACK_FORGED);
    }
}

Test(bot_deliver, as_a_new_message_it_says_why_and_answers_the_old_one)
{
    int64_t id;
    struct sent *sent = delivered(&id);
    cr_assert_not(sent->is_edit);
    cr_assert_neq(id, 500);
    cr_assert_eq(sent->reply_to, 500);
    assert_says(sent, "ещё раз");
    assert_says(sent, "ответ ИИ");
    cr_assert_not_null(find_button(sent, "Помогло"));
    w.sent_count = 0;
    n.better.advice_changed = true;
    n.notification.language = FAM__V1__LANGUAGE__LANGUAGE_EN;
    sent = delivered(NULL);
    assert_says(sent, "my advice has changed");
}

Test(bot_deliver, an_answer_that_shows_another_entry_by_now_is_left_as_it_is)
{
    struct fam_status status;
    int64_t id = 0;
    n.better.replace = &n.replace;
    w.state_size = (size_t)snprintf(w.state, sizeof(w.state), "{\"v\":1,\"a\":500,\"e\":\"%s\"}",
                                    "00000000-0000-7000-8000-000000000102");
    cr_assert_eq(deliver(&id, &status), FAM_OK);
    cr_assert_eq(w.sent_count, 0, "the parent has corrected the phrase meanwhile");
    cr_assert_eq(id, 500, "and the notification is done");
    w.state_size = (size_t)snprintf(w.state, sizeof(w.state), "{\"v\":1,\"a\":500,\"e\":\"%s\"}", n.entry.entry_id);
    cr_assert(delivered(NULL)->is_edit);
    w.redis_away = true;
    cr_assert(delivered(NULL)->is_edit, "without sessions nobody knows better");
}

Test(bot_deliver, an_answer_that_is_gone_or_can_not_be_edited_is_followed_by_a_new_message)
{
    static const char *const reasons[] = {"NO_MESSAGE", "REJECTED"};
    n.better.replace = &n.replace;
    for (size_t i = 0; i < 2; i++) {
        edit_reason = reasons[i];
        struct sent *sent = delivered(NULL);
        cr_assert_not(sent->is_edit);
        assert_says(sent, "ещё раз");
    }
}

Test(bot_deliver, an_edit_that_fails_otherwise_is_no_reason_for_a_second_message)
{
    struct fam_status status;
    int64_t id;
    n.better.replace = &n.replace;
    edit_reason = "TELEGRAM";
    cr_assert_eq(deliver(&id, &status), FAM_UNAVAILABLE);
    cr_assert_eq(w.sent_count, 0);
}

Test(bot_deliver, a_new_danger_comes_as_a_protected_message_with_the_help_on_top)
{
    n.better.replace = &n.replace;
    n.better.new_danger = true;
    n.entry.safety = &n.safety;
    struct sent *sent = delivered(NULL);
    cr_assert_not(sent->is_edit, "an edit rings nowhere");
    cr_assert(sent->protect);
    cr_assert_eq(strncmp(sent->text, n.safety.opening, strlen(n.safety.opening)), 0, "%s", sent->text);
    const char *number = strstr(sent->text, "8-800-2000-122");
    cr_assert_not_null(number);
    char head[4000];
    snprintf(head, sizeof(head), "%.*s", (int)(number - sent->text), sent->text);
    cr_assert_lt(fam_utf16_length(head), FAM_SAFETY_HEAD_UNITS);
    cr_assert_not_null(find_button(sent, "Удалить"));
    char wanted[] = "family_emotions_bot_safety_messages_total{result=\"shown\"} 1\n";
    fam_auto(fam_buf_done) struct fam_buf page = {0};
    fam_metrics_write(w.metrics, &page);
    cr_assert_not_null(strstr(fam_buf_text(&page), wanted));
}

Test(bot_deliver, a_safety_block_that_was_shown_stays_on_top_of_the_replaced_answer)
{
    n.better.replace = &n.replace;
    n.entry.safety = &n.safety;
    struct sent *sent = delivered(NULL);
    cr_assert(sent->is_edit);
    cr_assert_eq(strncmp(sent->text, n.safety.opening, strlen(n.safety.opening)), 0);
    assert_says(sent, "8-800-2000-122");
    cr_assert_not_null(find_button(sent, "Удалить"));
}

Test(bot_deliver, help_that_the_chat_shows_is_not_repeated_by_a_later_reading)
{
    n.entry.safety = &n.safety;
    n.better.advice_changed = true;
    struct sent *sent = delivered(NULL);
    cr_assert_not(sent->is_edit);
    cr_assert_eq(sent->reply_to, 500, "it answers the message with the help");
    cr_assert_null(strstr(sent->text, "8-800-2000-122"));
    cr_assert_null(strstr(sent->text, n.safety.first_step));
    assert_says(sent, "о помощи, остаётся в силе");
    assert_says(sent, "&lt;глубже&gt;");
    const char *reading = strstr(sent->text, "Что происходит");
    cr_assert_not_null(reading);
    char head[4000];
    snprintf(head, sizeof(head), "%.*s", (int)(reading - sent->text), sent->text);
    cr_assert_gt(fam_utf16_length(head), 60, "a locked phone shows nothing of the topic");
    cr_assert(sent->protect);
    cr_assert_not_null(find_button(sent, "Удалить"));
}

Test(bot_deliver, help_whose_message_is_gone_or_unknown_comes_again_with_the_reading)
{
    n.entry.safety = &n.safety;
    n.better.replace = &n.replace;
    edit_reason = "NO_MESSAGE";
    struct sent *sent = delivered(NULL);
    cr_assert_eq(strncmp(sent->text, n.safety.opening, strlen(n.safety.opening)), 0, "%s", sent->text);
    assert_says(sent, "8-800-2000-122");
    w.sent_count = 0;
    n.better.replace = NULL;
    n.entry.delivery = NULL;
    sent = delivered(NULL);
    assert_says(sent, "8-800-2000-122");
    w.sent_count = 0;
    n.entry.delivery = &n.shown;
    n.shown.chat_id = PERSON + 1;
    sent = delivered(NULL);
    assert_says(sent, "8-800-2000-122");
}

Test(bot_deliver, a_new_message_fits_into_an_answer_and_keeps_its_last_line)
{
    static char words[6000];
    for (size_t i = 0; i + 10 < sizeof(words); i += 10)
        memcpy(words + i, "many words", 10);
    n.reading.going_on = n.reading.avoid = words;
    struct sent *sent = delivered(NULL);
    cr_assert_leq(fam_utf16_length(sent->text), FAM_ANSWER_UNITS + 100, "markup apart");
    assert_says(sent, "ответ ИИ");
}

Test(bot_deliver, without_a_child_the_family_decides_on_the_buttons)
{
    n.entry.child_id = TXT("");
    n.entry.age_unknown = true;
    w.child_count = 2;
    w.children[1] = (struct world_child){.name = "Петя", .year = 2015};
    struct sent *sent = delivered(NULL);
    cr_assert_not_null(find_button(sent, "Петя"));
    w.sent_count = 0;
    w.family = false;
    sent = delivered(NULL);
    cr_assert_not_null(find_button(sent, "7–9"));
    cr_assert_not_null(find_button(sent, "Познакомиться"));
}

Test(bot_deliver, the_server_that_fails_in_the_middle_lets_nothing_be_shown)
{
    struct fam_status status;
    int64_t id;
    n.entry.child_id = TXT("");
    w.fail_method = FAM_BACKEND_GET_FAMILY;
    w.fail_code = FAM_UNAVAILABLE;
    w.fail_before = 1;
    cr_assert_eq(deliver(&id, &status), FAM_UNAVAILABLE);
    cr_assert_eq(w.sent_count, 0);
}

/* A check-in as the server sends it: the first question with its options. */
static struct {
    Fam__V1__CheckinPrompt prompt;
    Fam__V1__Question question;
    Fam__V1__QuestionOption options[3], *pointers[3];
} c;

static void make_checkin(void)
{
    static const char *const labels[] = {"Трудно", "Обычно", "Хорошо <очень>"};
    fam__v1__checkin_prompt__init(&c.prompt);
    fam__v1__question__init(&c.question);
    for (size_t i = 0; i < 3; i++) {
        fam__v1__question_option__init(&c.options[i]);
        c.options[i].option_id = TXT(i == 0 ? "1" : i == 1 ? "3" : "5");
        c.options[i].label = TXT(labels[i]);
        c.pointers[i] = &c.options[i];
    }
    c.question.question_id = TXT("mood");
    c.question.kind = FAM__V1__QUESTION_KIND__QUESTION_KIND_SCALE;
    c.question.text = TXT("Каким был день?");
    c.question.options = c.pointers;
    c.question.n_options = 3;
    c.prompt.checkin_id = TXT("00000000-0000-7000-8000-000000000301");
    c.prompt.slot = FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_EVENING;
    c.prompt.question = &c.question;
    n.notification.kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_CHECKIN;
    n.notification.checkin = &c.prompt;
}

Test(bot_deliver, a_check_in_greets_by_its_hour_and_its_buttons_answer)
{
    static const char *const greetings[2][4] = {{"Доброе утро", "Добрый день", "Добрый вечер", "Здравствуйте"},
                                                {"Good morning", "Hello", "Good evening", "Hello"}};
    make_checkin();
    for (int language = FAM__V1__LANGUAGE__LANGUAGE_RU; language <= FAM__V1__LANGUAGE__LANGUAGE_EN; language++) {
        n.notification.language = (Fam__V1__Language)language;
        for (int slot = 1; slot <= 4; slot++) {
            struct fam_callback button;
            c.prompt.slot = (Fam__V1__CheckinSlot)slot;
            struct sent *sent = delivered(NULL);
            assert_says(sent, greetings[language - FAM__V1__LANGUAGE__LANGUAGE_RU][slot - 1]);
            assert_says(sent, "Каким был день?");
            cr_assert_not_null(find_button(sent, "Хорошо <очень>"));
            cr_assert_eq(fam_callback_verify(&w.signer, find_button(sent, "Обычно")->data, PERSON, w.wall_ms, &button),
                         FAM_CALLBACK_VALID);
            cr_assert_eq(button.argument, 1);
        }
    }
}

Test(bot_deliver, the_first_tap_under_a_check_in_answers_it)
{
    make_checkin();
    fake_begin(FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_EVENING);
    c.prompt.checkin_id = w.checkin.id;
    struct sent *sent = delivered(NULL);
    press_on(sent, "Трудно");
    cr_assert_str_eq(w.checkin.answers[0], "1");
    cr_assert(last()->is_edit);
    cr_assert_eq(last()->message_id, sent->message_id);
}

Test(bot_deliver, a_check_in_can_be_put_off_or_paused_where_it_stands)
{
    make_checkin();
    struct sent *sent = delivered(NULL);
    cr_assert_not_null(find_button(sent, "Не сейчас"));
    cr_assert_not_null(find_button(sent, "Пауза на неделю"));
}

Test(bot_deliver, a_check_in_without_a_question_is_refused_for_good)
{
    struct fam_status status;
    int64_t id;
    make_checkin();
    c.prompt.question = NULL;
    cr_assert_eq(deliver(&id, &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.reason, "REJECTED");
}

Test(bot_deliver, a_reminder_says_how_soon_and_puts_nobody_under_pressure)
{
    Fam__V1__CheckinReminder reminder = FAM__V1__CHECKIN_REMINDER__INIT;
    reminder.minutes = 10;
    n.notification.kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_CHECKIN_REMINDER;
    n.notification.reminder = &reminder;
    struct sent *sent = delivered(NULL);
    assert_says(sent, "Через 10 минут");
    assert_says(sent, "можно не отвечать");
    press_on(sent, "Пауза на неделю");
    cr_assert_eq(w.pause_days, 7);
}

static void make_weekly(Fam__V1__Report *report)
{
    fake_make_report(report, "00000000-0000-7000-8000-000000000401", FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK);
    n.notification.kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_WEEKLY_REPORT;
    n.notification.report = report;
}

Test(bot_deliver, a_weekly_report_is_one_message_with_its_picture)
{
    Fam__V1__Report report;
    make_weekly(&report);
    struct sent *sent = delivered(NULL);
    cr_assert(sent->is_photo);
    assert_says(sent, "Неделя");
    assert_says(sent, "6,4 из 10");
    cr_assert_not(sent->protect);
    w.parents[0] = (struct world_parent){.name = "Пётр", .role = FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT};
    w.parent_count = 1;
    cr_assert(delivered(NULL)->protect, "of a family of two adults it can't be passed on");
}

Test(bot_deliver, a_weekly_report_whose_picture_is_gone_comes_in_words)
{
    Fam__V1__Report report;
    make_weekly(&report);
    w.report_is_gone = true;
    struct sent *sent = delivered(NULL);
    cr_assert_not(sent->is_photo);
    assert_says(sent, "6,4 из 10");
}

Test(bot_deliver, a_weekly_report_waits_for_a_server_that_is_away)
{
    struct fam_status status;
    int64_t id;
    Fam__V1__Report report;
    make_weekly(&report);
    w.fail_method = FAM_BACKEND_GET_REPORT;
    w.fail_code = FAM_UNAVAILABLE;
    w.fail_before = 1;
    cr_assert_eq(deliver(&id, &status), FAM_UNAVAILABLE);
    cr_assert_eq(w.sent_count, 0);
}

Test(bot_deliver, the_week_tells_how_many_what_and_what_helped)
{
    Fam__V1__WeekSummary week = FAM__V1__WEEK_SUMMARY__INIT;
    Fam__V1__EmotionCount counts[2] = {FAM__V1__EMOTION_COUNT__INIT, FAM__V1__EMOTION_COUNT__INIT};
    Fam__V1__EmotionCount *pointers[2] = {&counts[0], &counts[1]};
    counts[0].emotion = FAM__V1__EMOTION__EMOTION_ANGER;
    counts[1].emotion = FAM__V1__EMOTION__EMOTION_JOY;
    week.entries = 3;
    week.emotions = pointers;
    week.n_emotions = 2;
    week.rated = 2;
    week.helped = 1;
    n.notification.kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_WEEKLY_REPORT;
    n.notification.week = &week;
    struct sent *sent = delivered(NULL);
    assert_says(sent, "3 фразы");
    assert_says(sent, "злость, радость");
    assert_says(sent, "ответов: 2, из них помогли: 1");
    n.notification.language = FAM__V1__LANGUAGE__LANGUAGE_EN;
    week.entries = 1;
    week.rated = 0;
    sent = delivered(NULL);
    assert_says(sent, "1 phrase this");
    cr_assert_null(strstr(sent->text, "helped"));
    week.entries = 0;
    assert_says(delivered(NULL), "perfectly fine");
}

Test(bot_deliver, a_kind_that_this_bot_does_not_know_is_left_to_a_newer_one)
{
    struct fam_status status;
    int64_t id;
    n.notification.kind = (Fam__V1__NotificationKind)99;
    cr_assert_eq(deliver(&id, &status), FAM_UNIMPLEMENTED);
    cr_assert_eq(w.sent_count, 0);
}

Test(bot_deliver, a_notice_says_that_an_operator_looked_and_nothing_of_what)
{
    Fam__V1__Notice notice = FAM__V1__NOTICE__INIT;
    notice.at_ms = w.wall_ms;
    n.notification.kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_NOTICE;
    n.notification.notice = &notice;
    assert_says(delivered(NULL), "оператор сервиса открыл ваши данные");
    cr_assert_eq(last()->keyboard.count, 0);
}

Test(bot_deliver, a_notice_tells_who_was_removed_and_whose_invitation_worked)
{
    Fam__V1__Notice notice = FAM__V1__NOTICE__INIT;
    n.notification.kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_NOTICE;
    n.notification.notice = &notice;
    notice.kind = FAM__V1__NOTICE_KIND__NOTICE_KIND_REMOVED;
    assert_says(delivered(NULL), "Вы больше не в семье");
    notice.kind = FAM__V1__NOTICE_KIND__NOTICE_KIND_JOINED;
    assert_says(delivered(NULL), "По вашему приглашению в семью пришёл новый человек");
    notice.name = (char *)(uintptr_t) "Борис <b>";
    assert_says(delivered(NULL), "Борис &lt;b&gt; теперь в вашей семье");
}

Test(bot_deliver, a_later_question_takes_the_outcome_and_can_be_turned_off)
{
    Fam__V1__FollowUp question = FAM__V1__FOLLOW_UP__INIT;
    world_add_entry("Нет!");
    question.entry_id = w.entries[0].id;
    n.notification.kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_FOLLOW_UP;
    n.notification.follow_up = &question;
    struct sent copy = *delivered(NULL);
    press_on(&copy, "Немного");
    cr_assert_eq(w.entries[0].helped, FAM__V1__HELPED__HELPED_A_LITTLE);
    cr_assert(last()->is_edit);
    press_on(&copy, "Больше не спрашивать");
    cr_assert(w.no_follow_up);
}

Test(bot_deliver, a_question_after_a_danger_says_nothing_of_it_and_one_answer_ends_it)
{
    Fam__V1__FollowUp question = FAM__V1__FOLLOW_UP__INIT;
    world_add_entry("не хочу больше жить");
    question.entry_id = w.entries[0].id;
    question.after_danger = true;
    n.notification.kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_FOLLOW_UP;
    n.notification.follow_up = &question;
    struct sent copy = *delivered(NULL);
    cr_assert_null(strstr(copy.text, "жить"));
    cr_assert_null(strstr(copy.text, "ребён"));
    press_on(&copy, "Труднее");
    cr_assert_eq(w.entries[0].helped, FAM__V1__HELPED__HELPED_WORSE);
    cr_assert(last()->is_edit);
    cr_assert_eq(last()->keyboard.count, 0, "nothing more is asked");
    assert_says(last(), "112");
    press_on(&copy, "Так же");
    cr_assert_eq(w.entries[0].helped, FAM__V1__HELPED__HELPED_NO);
    cr_assert_str_eq(last()->text, ru("follow_up.worse"), "who is no better is told where help is");
}

Test(bot_deliver, after_a_danger_one_later_question_can_be_agreed_to)
{
    cr_assert_null(find_button(say("Нет!"), "Спросить завтра"), "only after a danger");
    struct sent copy = *say("не хочу больше жить");
    struct sent *agreed = press_on(&copy, "Спросить завтра");
    cr_assert_str_eq(agreed->text, ru("follow_up.agreed"));
    cr_assert_not(agreed->is_edit, "the help stays");
    cr_assert_eq(w.calls[FAM_BACKEND_AGREE_FOLLOW_UP], 1);
    size_t before = w.sent_count;
    press_data(find_button(&copy, "Спросить завтра")->data, copy.message_id, PERSON);
    cr_assert_eq(w.sent_count, before, "a second tap says nothing more");
    struct sent next = *say("не хочу больше жить");
    press_on(&next, "Спросить завтра");
    cr_assert_str_eq(last()->text, ru("follow_up.agreed"), "another answer is another question");
}

Test(bot_deliver, a_later_question_that_can_not_be_had_is_told_kindly_and_the_help_stays)
{
    static const struct {
        enum fam_code code;
        const char *reason, *text;
    } cases[] = {{FAM_PERMISSION_DENIED, "", "button.not_kept"},
                 {FAM_FAILED_PRECONDITION, "TOO_LATE", "follow_up.too_late"},
                 {FAM_FAILED_PRECONDITION, "CONSENT_REQUIRED", NULL}};
    struct sent copy = *say("не хочу больше жить");
    for (size_t i = 0; i < FAM_ARRAY_SIZE(cases); i++) {
        w.fail_method = FAM_BACKEND_AGREE_FOLLOW_UP;
        w.fail_code = cases[i].code;
        w.fail_reason = cases[i].reason;
        w.fail_before = 1;
        struct sent *told = press_on(&copy, "Спросить завтра");
        cr_assert_not(told->is_edit);
        if (cases[i].text)
            cr_assert_str_eq(told->text, ru(cases[i].text));
    }
    press_on(&copy, "Спросить завтра");
    cr_assert_str_eq(last()->text, ru("follow_up.agreed"), "what failed can be pressed again");
}

Test(bot_deliver, a_broadcast_is_text_and_never_markup)
{
    Fam__V1__Broadcast broadcast = FAM__V1__BROADCAST__INIT;
    broadcast.text = TXT("<b>Привет</b> & пока");
    n.notification.kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_BROADCAST;
    n.notification.broadcast = &broadcast;
    cr_assert_str_eq(delivered(NULL)->text, "&lt;b&gt;Привет&lt;/b&gt; &amp; пока");
    n.notification.broadcast = NULL;
    struct fam_status status;
    int64_t id;
    cr_assert_eq(deliver(&id, &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.reason, "REJECTED");
}
