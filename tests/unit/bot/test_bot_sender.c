/* What goes to Telegram: limits, waits, retries, and what each answer means. */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fake_http.h"
#include "pacer.h"
#include "sender.h"
#include "telegram/format.h"

static uint64_t now;
static uint64_t slept;
static atomic_bool stopping;

static uint64_t fake_now(void)
{
    return now;
}

static void fake_sleep(uint32_t ms)
{
    now += ms;
    slept += ms;
}

static struct fam_api *api;
static struct fam_sender *sender;
static const struct fam_messenger *messenger;

static void set_up(void)
{
    struct fam_status status;
    now = 1000000;
    slept = 0;
    fake_http.otherwise = (struct fake_answer){200, "{\"ok\":true,\"result\":{\"message_id\":41}}"};
    api = fake_http_api(&stopping);
    struct fam_sender_options options = {.api = api, .abort = &stopping, .now_ms = fake_now, .sleep_ms = fake_sleep};
    sender = fam_sender_new(&options, &status);
    cr_assert_not_null(sender);
    messenger = fam_sender_messenger(sender);
}

static void tear_down(void)
{
    fam_sender_free(sender);
    fam_api_free(api);
}

TestSuite(bot_sender, .init = set_up, .fini = tear_down);

static enum fam_code send(const char *html, int64_t *ret_id, struct fam_status *status)
{
    struct fam_outgoing message = {.chat_id = 77, .html = html};
    *status = (struct fam_status){0};
    return messenger->send(messenger->context, &message, ret_id, status);
}

#define BUTTONS                                                                                                        \
    "\"inline_keyboard\":[[{\"text\":\"A \\\"1\\\"\",\"callback_data\":\"d\"},{\"text\":\"Б\","                       \
    "\"callback_data\":\"d\"}],[{\"text\":\"C\",\"callback_data\":\"d\"}]]"

Test(bot_sender, a_message_is_one_call_with_its_buttons)
{
    struct fam_status status;
    int64_t id = 0;
    struct fam_keyboard keyboard = {.count = 3};
    static const char *const labels[] = {"A \"1\"", "Б", "C"};
    for (size_t i = 0; i < 3; i++) {
        strcpy(keyboard.buttons[i].label, labels[i]);
        strcpy(keyboard.buttons[i].data, "d");
        keyboard.buttons[i].starts_row = i == 2;
    }
    struct fam_outgoing message = {
        .chat_id = 77, .html = "x <b>y</b>", .keyboard = &keyboard, .protect = true, .reply_to = 9};
    cr_assert_eq(messenger->send(messenger->context, &message, &id, &status), FAM_OK);
    cr_assert_eq(id, 41);
    cr_assert_eq(fake_http.calls, 1);
    cr_assert_str_eq(fake_http.urls[0], "https://api.example/bot123456:ABC-def_1/sendMessage");
    static const char *const parts[] = {"\"chat_id\":77",
                                        "\"parse_mode\":\"HTML\"",
                                        "\"text\":\"x <b>y</b>\"",
                                        "\"protect_content\":true",
                                        "\"reply_parameters\":{\"message_id\":9",
                                        BUTTONS};
    for (size_t i = 0; i < 6; i++)
        cr_assert_not_null(strstr(fake_http.bodies[0], parts[i]), "%s in %s", parts[i], fake_http.bodies[0]);
}

Test(bot_sender, a_flood_wait_is_obeyed_and_then_the_message_arrives)
{
    struct fam_status status;
    int64_t id;
    fake_http_answer(429, "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests: retry after 7\","
                          "\"parameters\":{\"retry_after\":7}}");
    cr_assert_eq(send("x", &id, &status), FAM_OK);
    cr_assert_eq(fake_http.calls, 2);
    cr_assert_geq(slept, 7000);
}

Test(bot_sender, a_long_flood_wait_is_handed_back)
{
    struct fam_status status;
    int64_t id;
    fake_http_answer(429, "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests\","
                          "\"parameters\":{\"retry_after\":3600}}");
    cr_assert_eq(send("x", &id, &status), FAM_RESOURCE_EXHAUSTED);
    cr_assert_str_eq(status.reason, "FLOOD");
    cr_assert_geq(status.retry_after_ms, 3590000);
    cr_assert_eq(fake_http.calls, 1);
    cr_assert_lt(slept, 1000);
}

Test(bot_sender, a_broken_telegram_is_tried_again_and_then_reported)
{
    struct fam_status status;
    int64_t id = 0;
    fake_http_answer(0, NULL);
    fake_http_answer(502, "<html>Bad Gateway</html>");
    cr_assert_eq(send("x", &id, &status), FAM_OK);
    cr_assert_eq(id, 41);
    cr_assert_eq(fake_http.calls, 3);
    for (int i = 0; i < 4; i++)
        fake_http_answer(500, "{\"ok\":false,\"error_code\":500,\"description\":\"Internal Server Error\"}");
    cr_assert_eq(send("x", &id, &status), FAM_UNAVAILABLE);
    cr_assert_str_eq(status.reason, "TELEGRAM");
    cr_assert_eq(send("x", &id, &status), FAM_OK, "and the next one goes again");
}

Test(bot_sender, answers_of_telegram_are_told_apart)
{
    static const struct {
        unsigned http_status;
        const char *description;
        enum fam_code code;
        const char *reason;
    } rows[] = {
        {403, "Forbidden: bot was blocked by the user", FAM_PERMISSION_DENIED, "BLOCKED"},
        {400, "Bad Request: chat not found", FAM_PERMISSION_DENIED, "BLOCKED"},
        {400, "Bad Request: message to edit not found", FAM_NOT_FOUND, "NO_MESSAGE"},
        {400, "Bad Request: message is not modified: the same", FAM_OK, ""},
        {400, "Bad Request: something else", FAM_INVALID_ARGUMENT, "REJECTED"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char body[256];
        struct fam_status status = {0};
        snprintf(body, sizeof(body), "{\"ok\":false,\"error_code\":%u,\"description\":\"%s\"}", rows[i].http_status,
                 rows[i].description);
        fake_http_answer(rows[i].http_status, body);
        struct fam_outgoing message = {.chat_id = 100 + (int64_t)i, .message_id = 5, .html = "x"};
        cr_assert_eq(messenger->edit(messenger->context, &message, &status), rows[i].code, "%s", rows[i].description);
        cr_assert_str_eq(status.reason, rows[i].reason);
    }
}

Test(bot_sender, a_group_that_moved_is_followed)
{
    struct fam_status status;
    int64_t id;
    fake_http_answer(400, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: group chat was upgraded to "
                          "a supergroup chat\",\"parameters\":{\"migrate_to_chat_id\":-1009}}");
    cr_assert_eq(send("x", &id, &status), FAM_OK);
    cr_assert_not_null(strstr(fake_http.bodies[1], "\"chat_id\":-1009"));
}

Test(bot_sender, a_message_over_4096_units_goes_in_parts_with_the_buttons_last)
{
    struct fam_status status;
    int64_t id;
    struct fam_keyboard keyboard = {.count = 1};
    char *text = calloc(1, 9001);
    for (size_t i = 0; i < 9000; i++)
        text[i] = i % 100 == 99 ? '\n' : 'x';
    struct fam_outgoing message = {.chat_id = 77, .html = text, .keyboard = &keyboard};
    cr_assert_eq(messenger->send(messenger->context, &message, &id, &status), FAM_OK);
    cr_assert_eq(fake_http.calls, 3);
    cr_assert_null(strstr(fake_http.bodies[0], "inline_keyboard"));
    cr_assert_not_null(strstr(fake_http.bodies[2], "inline_keyboard"));
    cr_assert_eq(send("", &id, &status), FAM_INVALID_ARGUMENT);
    free(text);
}

Test(bot_sender, one_chat_gets_three_at_once_then_one_a_second)
{
    struct fam_status status;
    int64_t id;
    for (int i = 0; i < 3; i++)
        cr_assert_eq(send("x", &id, &status), FAM_OK);
    cr_assert_lt(slept, 300);
    uint64_t before = now;
    for (int i = 0; i < 5; i++)
        cr_assert_eq(send("x", &id, &status), FAM_OK);
    cr_assert_geq(now - before, 4900);
    cr_assert_leq(now - before, 5500);
}

Test(bot_sender, a_notification_waits_nowhere_and_is_tried_once)
{
    static const struct {
        unsigned http_status;
        const char *body;
        enum fam_code code;
        const char *reason;
    } rows[] = {
        {200, "{\"ok\":true,\"result\":{\"message_id\":41}}", FAM_OK, ""},
        {429, "{\"ok\":false,\"error_code\":429,\"parameters\":{\"retry_after\":7}}", FAM_RESOURCE_EXHAUSTED, "FLOOD"},
        {403, "{\"ok\":false,\"error_code\":403,\"description\":\"Forbidden\"}", FAM_PERMISSION_DENIED, "BLOCKED"},
        {400, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request\"}", FAM_INVALID_ARGUMENT, "REJECTED"},
        {502, "<html>", FAM_UNAVAILABLE, "UNCLEAR"},
        {0, NULL, FAM_UNAVAILABLE, "UNCLEAR"},
        {0, "NOT_SENT", FAM_UNAVAILABLE, "TELEGRAM"},
        {401, "{\"ok\":false,\"error_code\":401,\"description\":\"Unauthorized\"}", FAM_UNAVAILABLE, "TELEGRAM"},
    };
    const struct fam_messenger *notifier = fam_sender_notifier(sender, FAM_PACE_ANSWERS);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fam_status status = {0};
        int64_t id;
        size_t before = fake_http.calls;
        now += 1000;
        fake_http_answer(rows[i].http_status, rows[i].body);
        struct fam_outgoing message = {.chat_id = 100 + (int64_t)i, .html = "x"};
        cr_assert_eq(notifier->send(notifier->context, &message, &id, &status), rows[i].code, "row %zu", i);
        if (rows[i].code != FAM_OK)
            cr_assert_str_eq(status.reason, rows[i].reason);
        if (rows[i].http_status == 429)
            cr_assert_eq(status.retry_after_ms, 7000);
        cr_assert_eq(fake_http.calls, before + 1);
    }
    cr_assert_eq(slept, 0);
}

Test(bot_sender, a_notification_of_which_one_part_was_shown_is_maybe_shown)
{
    const struct fam_messenger *notifier = fam_sender_notifier(sender, FAM_PACE_ANSWERS);
    struct fam_status status = {0};
    int64_t id;
    static char html[6001];
    memset(html, 'x', sizeof(html) - 1);
    struct fam_outgoing message = {.chat_id = 77, .html = html};
    fake_http_answer(200, "{\"ok\":true,\"result\":{\"message_id\":41}}");
    fake_http_answer(0, "NOT_SENT");
    cr_assert_eq(notifier->send(notifier->context, &message, &id, &status), FAM_UNAVAILABLE);
    cr_assert_str_eq(status.reason, "UNCLEAR");
    cr_assert_eq(fake_http.calls, 2);
}

Test(bot_sender, a_notification_that_is_too_early_is_given_back_with_the_time_to_wait)
{
    const struct fam_messenger *notifier = fam_sender_notifier(sender, FAM_PACE_ANSWERS);
    struct fam_status status = {0};
    struct fam_outgoing message = {.chat_id = 77, .html = "x"};
    int64_t id;
    for (int i = 0; i < 3; i++)
        cr_assert_eq(notifier->send(notifier->context, &message, &id, &status), FAM_OK);
    cr_assert_eq(notifier->send(notifier->context, &message, &id, &status), FAM_RESOURCE_EXHAUSTED);
    cr_assert_str_eq(status.reason, "FLOOD");
    cr_assert_gt(status.retry_after_ms, 0);
    cr_assert_leq(status.retry_after_ms, 1000);
    cr_assert_eq(slept, 0);
}

static bool refuse(void *context)
{
    return ++*(int *)context < 2;
}

Test(bot_sender, the_guard_is_asked_right_before_each_request)
{
    int asked = 0;
    const struct fam_guard guard = {.context = &asked, .may = refuse};
    struct fam_status status = {0};
    struct fam_outgoing message = {.chat_id = 77, .html = "x", .guard = &guard};
    int64_t id;
    fake_http_answer(502, "<html>");
    cr_assert_eq(messenger->send(messenger->context, &message, &id, &status), FAM_ABORTED);
    cr_assert_str_eq(status.reason, "LEAD_LOST");
    cr_assert_eq(fake_http.calls, 1, "no second attempt");
}

/* Reports to 40 chats and, if wanted, answers to others, as many as the pacer lets go in ten seconds. */
static void press_pacer(bool with_answers, size_t *ret_reports, size_t *ret_answers)
{
    struct fam_pacer *pacer = fam_pacer_new(0);
    *ret_reports = *ret_answers = 0;
    for (uint64_t t = 100000; t < 110000; t += 5) {
        for (int64_t chat = 1; chat <= 40; chat++)
            *ret_reports += fam_pacer_take(pacer, chat, FAM_PACE_REPORTS, t) == 0;
        for (int64_t chat = 101; chat <= 140 && with_answers; chat++)
            *ret_answers += fam_pacer_take(pacer, chat, FAM_PACE_ANSWERS, t) == 0;
    }
    fam_pacer_free(pacer);
}

Test(bot_sender, what_is_no_answer_gets_four_fifths_of_the_rate)
{
    size_t reports, answers;
    press_pacer(false, &reports, &answers);
    cr_assert_leq(reports, 200 + 1, "%zu", reports);
    cr_assert_geq(reports, 190, "the share is used: %zu", reports);
    press_pacer(true, &reports, &answers);
    cr_assert_geq(answers, 50, "answers always find room: %zu", answers);
    cr_assert_leq(reports + answers, 250 + 5);
}

Test(bot_sender, a_stop_ends_the_waiting)
{
    struct fam_status status;
    int64_t id;
    for (int i = 0; i < 3; i++)
        cr_assert_eq(send("x", &id, &status), FAM_OK);
    atomic_store(&stopping, true);
    cr_assert_eq(send("x", &id, &status), FAM_CANCELLED);
    cr_assert_str_eq(status.reason, "STOPPING");
}

Test(bot_sender, all_chats_together_stay_under_thirty_a_second)
{
    struct fam_pacer *pacer = fam_pacer_new(0);
    uint64_t sent[3000];
    size_t count = 0;
    for (uint64_t t = 5000; t < 15000; t += 5)
        for (int64_t chat = 1; chat <= 60 && count < 3000; chat++)
            if (fam_pacer_take(pacer, chat, FAM_PACE_ANSWERS, t) == 0)
                sent[count++] = t;
    cr_assert_gt(count, 200, "the limit is used");
    for (size_t i = 0; i + 30 < count; i++)
        cr_assert_gt(sent[i + 30] - sent[i], 1000, "more than thirty in a second");
    fam_pacer_free(pacer);
}

Test(bot_sender, a_group_gets_twenty_a_minute)
{
    struct fam_pacer *pacer = fam_pacer_new(0);
    size_t count = 0;
    for (uint64_t t = 100000; t < 160000; t += 100)
        count += fam_pacer_take(pacer, -5, FAM_PACE_ANSWERS, t) == 0;
    cr_assert_leq(count, 22);
    cr_assert_geq(count, 19);
    fam_pacer_free(pacer);
}

Test(bot_sender, a_flood_in_one_chat_stops_that_one_and_in_two_all)
{
    struct fam_pacer *pacer = fam_pacer_new(0);
    fam_pacer_flood(pacer, 1, 1000, 11000);
    cr_assert_eq(fam_pacer_take(pacer, 1, FAM_PACE_ANSWERS, 2000), 9000);
    cr_assert_eq(fam_pacer_take(pacer, 2, FAM_PACE_ANSWERS, 2000), 0);
    fam_pacer_flood(pacer, 2, 2000, 12000);
    cr_assert_geq(fam_pacer_take(pacer, 3, FAM_PACE_ANSWERS, 3000), 9000);
    cr_assert_eq(fam_pacer_take(pacer, 3, FAM_PACE_ANSWERS, 12001), 0);
    fam_pacer_free(pacer);
}

Test(bot_sender, a_wrong_token_is_refused_without_repeating_it)
{
    static const char *const tokens[] = {"", "123", "123:", ":abc", "123:a b", "123:abc/x", "12a:abc"};
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        struct fam_secret secret = {0};
        struct fam_status status = {0};
        cr_assert(fam_secret_set(&secret, tokens[i], strlen(tokens[i])));
        struct fam_api_options options = {.base_url = "https://x", .token = &secret};
        cr_assert_null(fam_api_new(&options, &status));
        cr_assert_eq(status.code, FAM_INVALID_ARGUMENT);
        if (strlen(tokens[i]) > 4)
            cr_assert_null(strstr(status.message, tokens[i]));
        fam_secret_done(&secret);
    }
    cr_assert_str_eq(fam_api_bot_id(api), "123456");
}

static enum fam_code upload(const char *name, const void *data, size_t size, int64_t *ret_id, struct fam_status *status)
{
    const struct fam_document document = {
        .chat_id = 77, .file_name = name, .content_type = "text/html", .data = data, .size = size};
    *status = (struct fam_status){0};
    return messenger->send_document(messenger->context, &document, ret_id, status);
}

Test(bot_sender, a_file_is_a_form_with_its_name_and_its_bytes)
{
    struct fam_status status;
    int64_t id = 0;
    cr_assert_eq(upload("семья \"1\"\r\n.html", "<p>--x</p>", 10, &id, &status), FAM_OK);
    cr_assert_eq(id, 41);
    cr_assert_str_eq(fake_http.urls[0], "https://api.example/bot123456:ABC-def_1/sendDocument");
    const char *body = fake_http.bodies[0];
    cr_assert_not_null(strstr(body, "name=\"chat_id\"\r\n\r\n77\r\n"), "%s", body);
    cr_assert_not_null(strstr(body, "name=\"document\"; filename=\"____________1___.html\"\r\n"
                                    "Content-Type: text/html\r\n\r\n<p>--x</p>\r\n--"),
                       "a name can't end its line or its quotes: %s", body);
    cr_assert_str_eq(body + strlen(body) - 4, "--\r\n");
    cr_assert_eq(strncmp(body, "--", 2), 0);
}

Test(bot_sender, a_file_that_is_empty_or_too_large_is_refused_without_a_call)
{
    struct fam_status status;
    int64_t id;
    cr_assert_eq(upload("a.html", "", 0, &id, &status), FAM_INVALID_ARGUMENT);
    cr_assert_eq(upload("a.html", "x", FAM_DOCUMENT_BYTES + 1, &id, &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.reason, "REJECTED");
    cr_assert_eq(fake_http.calls, 0);
}

Test(bot_sender, a_file_is_tried_again_as_a_message_is)
{
    struct fam_status status;
    int64_t id = 0;
    fake_http_answer(502, "<html>");
    fake_http_answer(429, "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests\","
                          "\"parameters\":{\"retry_after\":2}}");
    cr_assert_eq(upload("a.html", "x", 1, &id, &status), FAM_OK);
    cr_assert_eq(fake_http.calls, 3);
    cr_assert_geq(slept, 2000);
}

Test(bot_sender, messages_are_removed_up_to_a_hundred_at_once)
{
    struct fam_status status;
    const int64_t ids[] = {5, 7};
    int64_t many[FAM_REMOVE_MESSAGES + 1] = {0};
    cr_assert_eq(messenger->remove_all(messenger->context, 77, ids, 2, &status), FAM_OK);
    cr_assert_str_eq(fake_http.urls[0], "https://api.example/bot123456:ABC-def_1/deleteMessages");
    cr_assert_str_eq(fake_http.bodies[0], "{\"chat_id\":77,\"message_ids\":[5,7]}");
    cr_assert_eq(messenger->remove_all(messenger->context, 77, many, FAM_REMOVE_MESSAGES + 1, &status),
                 FAM_INVALID_ARGUMENT);
    cr_assert_eq(fake_http.calls, 1);
    messenger->uploading(messenger->context, 77, false);
    cr_assert_str_eq(fake_http.bodies[1], "{\"chat_id\":77,\"action\":\"upload_document\"}");
    messenger->uploading(messenger->context, 77, true);
    cr_assert_str_eq(fake_http.bodies[2], "{\"chat_id\":77,\"action\":\"upload_photo\"}");
}

static enum fam_code send_picture(const char *html, size_t size, bool protect, int64_t *ret_id,
                                  struct fam_status *status)
{
    static char data[FAM_PHOTO_BYTES + 1];
    struct fam_keyboard keyboard = {.buttons = {{.label = "Полностью", .data = "d1", .starts_row = true}}, .count = 1};
    const struct fam_photo photo = {.chat_id = 77,
                                    .file_name = "report-week.png",
                                    .content_type = "image/png",
                                    .data = memset(data, 'p', sizeof(data)),
                                    .size = size,
                                    .html = html,
                                    .keyboard = &keyboard,
                                    .protect = protect};
    *status = (struct fam_status){0};
    return messenger->send_photo(messenger->context, &photo, ret_id, status);
}

Test(bot_sender, a_picture_goes_with_its_words_and_buttons_as_one_message)
{
    struct fam_status status;
    int64_t id = 0;
    cr_assert_eq(send_picture("<b>Неделя</b>\nа &lt; б", 3, true, &id, &status), FAM_OK);
    cr_assert_eq(id, 41);
    cr_assert_str_eq(fake_http.urls[0], "https://api.example/bot123456:ABC-def_1/sendPhoto");
    const char *body = fake_http.bodies[0];
    cr_assert_not_null(strstr(body, "name=\"chat_id\"\r\n\r\n77\r\n"), "%s", body);
    cr_assert_not_null(strstr(body, "name=\"parse_mode\"\r\n\r\nHTML\r\n"));
    cr_assert_not_null(strstr(body, "name=\"caption\"\r\n\r\n<b>Неделя</b>\nа &lt; б\r\n"), "%s", body);
    cr_assert_not_null(strstr(body, "name=\"protect_content\"\r\n\r\ntrue\r\n"));
    cr_assert_not_null(strstr(body, "name=\"reply_markup\"\r\n\r\n{\"inline_keyboard\":[[{\"text\":\"Полностью\","
                                    "\"callback_data\":\"d1\"}]]}\r\n"),
                       "%s", body);
    cr_assert_not_null(strstr(body, "name=\"photo\"; filename=\"report-week.png\"\r\n"
                                    "Content-Type: image/png\r\n\r\nppp\r\n--"));
}

Test(bot_sender, the_words_of_a_picture_are_cut_where_telegram_would_refuse_them)
{
    struct fam_status status;
    int64_t id;
    char words[3 * FAM_CAPTION_UNITS], caption[FAM_CAPTION_UNITS + 3];
    memset(words, 'w', sizeof(words) - 1);
    words[sizeof(words) - 1] = '\0';
    cr_assert_eq(send_picture(words, 3, false, &id, &status), FAM_OK);
    memset(caption, 'w', FAM_CAPTION_UNITS);
    memcpy(caption + FAM_CAPTION_UNITS, "\r\n", 3);
    const char *start = strstr(fake_http.bodies[0], "name=\"caption\"\r\n\r\n");
    cr_assert_not_null(start);
    cr_assert_eq(strncmp(start + strlen("name=\"caption\"\r\n\r\n"), caption, strlen(caption)), 0);
    cr_assert_null(strstr(fake_http.bodies[0], "protect_content"));
}

Test(bot_sender, a_picture_without_words_has_no_caption)
{
    struct fam_status status;
    int64_t id;
    cr_assert_eq(send_picture("", 3, false, &id, &status), FAM_OK);
    cr_assert_null(strstr(fake_http.bodies[0], "caption"));
    cr_assert_null(strstr(fake_http.bodies[0], "parse_mode"));
}

Test(bot_sender, a_picture_that_is_empty_or_too_large_is_refused_without_a_call)
{
    struct fam_status status;
    int64_t id;
    cr_assert_eq(send_picture("", 0, false, &id, &status), FAM_INVALID_ARGUMENT);
    cr_assert_eq(send_picture("", FAM_PHOTO_BYTES + 1, false, &id, &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.reason, "REJECTED");
    cr_assert_eq(fake_http.calls, 0);
}
