/* Files and removals in numbers, as the service takes them; the form is made by another hand than the bot's. */
#include "telegram_sim_world.h"

TestSuite(telegram_sim_files, .init = set_up, .fini = tear_down, .timeout = 60);

static int upload(const char *form, const void *data, size_t size, cJSON **ret_answer)
{
    return sim_client_post_file(world.bot, BOT "/sendDocument", form, "document", "family.json", data, size,
                                ret_answer);
}

Test(telegram_sim_files, a_file_is_shown_as_a_line_with_its_name_and_size)
{
    struct tg_shown shown;
    cJSON *answer = NULL;
    tg_say(&world.sim, CHAT, "hello");
    uint64_t after = tg_now(&world.sim);
    cr_assert_eq(upload("chat_id=7001", "{\"a\":\"\r\n--b\"}", 13, &answer), 200);
    const cJSON *document = fam_json_get(fam_json_get(answer, "result"), "document");
    cr_expect_str_eq(fam_json_string(document, "file_name"), "family.json");
    cr_expect_str_eq(fam_json_string(document, "mime_type"), "application/json");
    cJSON_Delete(answer);
    cr_assert(tg_wait_message(&world.sim, CHAT, after, WAIT_MS, &shown));
    cr_expect_str_eq(shown.text, "(file family.json, 13 bytes)");
    cJSON *news = tg_messages(&world.sim, CHAT, after);
    const cJSON *view = cJSON_GetArrayItem(fam_json_get(news, "messages"), 0);
    cr_expect_str_eq(fam_json_string(fam_json_get(view, "document"), "text"), "{\"a\":\"\r\n--b\"}");
    cJSON_Delete(news);
}

Test(telegram_sim_files, a_file_of_megabytes_and_of_any_bytes_arrives)
{
    enum { SIZE = 6 * 1024 * 1024 };
    char *bytes = malloc(SIZE);
    int64_t size = 0;
    cJSON *answer = NULL;
    cr_assert_not_null(bytes);
    memset(bytes, 0xff, SIZE);
    tg_say(&world.sim, CHAT, "hello");
    cr_assert_eq(upload("chat_id=7001", bytes, SIZE, &answer), 200);
    const cJSON *document = fam_json_get(fam_json_get(answer, "result"), "document");
    cr_expect(fam_json_i64(document, "file_size", &size));
    cr_expect_eq(size, SIZE);
    cJSON_Delete(answer);
    free(bytes);
}

Test(telegram_sim_files, what_is_no_file_and_what_goes_to_nobody_is_refused)
{
    tg_say(&world.sim, CHAT, "hello");
    expect_error("sendDocument", "{\"chat_id\":7001}", 400, "Bad Request: there is no document in the request");
    cr_expect_eq(upload("chat_id=7001", "", 0, NULL), 400);
    cr_expect_eq(upload("chat_id=4", "x", 1, NULL), 400);
    cr_expect_eq(upload("", "x", 1, NULL), 400);
}

/* The first bytes of a PNG of 1080 by 1350. */
static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\x38\0\0\x05"
                          "F";

static int send_picture(const char *form, const void *data, size_t size, cJSON **ret_answer)
{
    return sim_client_post_file(world.bot, BOT "/sendPhoto", form, "photo", "report.png", data, size, ret_answer);
}

Test(telegram_sim_files, a_picture_is_shown_with_its_caption_and_buttons)
{
    struct tg_shown shown;
    cJSON *answer = NULL;
    int64_t width = 0;
    tg_say(&world.sim, CHAT, "hello");
    uint64_t after = tg_now(&world.sim);
    cr_assert_eq(send_picture("chat_id=7001&parse_mode=HTML&caption=<b>Week</b>&protect_content=true&reply_markup="
                              "{\"inline_keyboard\":[[{\"text\":\"Full\",\"callback_data\":\"d\"}]]}",
                              png, sizeof(png) - 1, &answer),
                 200);
    const cJSON *result = fam_json_get(answer, "result");
    cr_expect_str_eq(fam_json_string(result, "caption"), "Week");
    cr_expect(fam_json_i64(cJSON_GetArrayItem(fam_json_get(result, "photo"), 0), "width", &width));
    cr_expect_eq(width, 1080);
    cJSON_Delete(answer);
    cr_assert(tg_wait_message(&world.sim, CHAT, after, WAIT_MS, &shown));
    cr_expect_str_eq(shown.text, "(picture report.png, 24 bytes)\nWeek");
    cJSON *news = tg_messages(&world.sim, CHAT, after);
    const cJSON *view = cJSON_GetArrayItem(fam_json_get(news, "messages"), 0);
    cr_expect(fam_json_bool(view, "protected"));
    cr_expect_eq(cJSON_GetArraySize(fam_json_get(view, "buttons")), 1);
    cJSON_Delete(news);
}

Test(telegram_sim_files, what_is_no_picture_and_too_long_a_caption_are_refused)
{
    char form[1200] = "chat_id=7001&caption=";
    tg_say(&world.sim, CHAT, "hello");
    cr_expect_eq(send_picture("chat_id=7001", "{}", 2, NULL), 400);
    memset(form + strlen(form), 'w', 1025);
    cr_expect_eq(send_picture(form, png, sizeof(png) - 1, NULL), 400);
    expect_error("sendPhoto", "{\"chat_id\":7001}", 400, "Bad Request: there is no photo in the request");
}

Test(telegram_sim_files, the_text_of_a_picture_is_none_to_be_edited)
{
    char json[128];
    int64_t id = 0;
    cJSON *answer = NULL;
    tg_say(&world.sim, CHAT, "hello");
    cr_assert_eq(send_picture("chat_id=7001", png, sizeof(png) - 1, &answer), 200);
    cr_assert(fam_json_i64(fam_json_get(answer, "result"), "message_id", &id));
    cJSON_Delete(answer);
    snprintf(json, sizeof(json), "{\"chat_id\":7001,\"message_id\":%lld,\"text\":\"x\"}", (long long)id);
    expect_error("editMessageText", json, 400, "Bad Request: there is no text in the message to edit");
}

Test(telegram_sim_files, several_messages_are_removed_and_those_that_are_gone_passed_over)
{
    char json[128];
    tg_say(&world.sim, CHAT, "hello");
    int64_t first = bot_says("one"), second = bot_says("two"), kept = bot_says("three");
    snprintf(json, sizeof(json), "{\"chat_id\":7001,\"message_ids\":[%" PRId64 ",%" PRId64 ",999999]}", first, second);
    expect_good("deleteMessages", json);
    expect_good("deleteMessages", json);
    snprintf(json, sizeof(json), "{\"chat_id\":7001,\"message_id\":%" PRId64 "}", first);
    expect_error("deleteMessage", json, 400, "Bad Request: message to delete not found");
    snprintf(json, sizeof(json), "{\"chat_id\":7001,\"message_id\":%" PRId64 "}", kept);
    expect_good("deleteMessage", json);
    expect_error("deleteMessages", "{\"chat_id\":7001,\"message_ids\":[]}", 400,
                 "Bad Request: message identifiers are not specified");
}
