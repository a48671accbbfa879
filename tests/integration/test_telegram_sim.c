/* The simulator of the Bot API is itself a promise: a bot that works with it must work with the service. */
#include "telegram_sim_world.h"

TestSuite(telegram_sim, .init = set_up, .fini = tear_down, .timeout = 60);

Test(telegram_sim, a_message_reaches_the_bot_and_its_answer_the_person)
{
    struct tg_shown shown;
    cJSON *answer = NULL;
    int64_t id = tg_say(&world.sim, CHAT, "/start ref");
    const cJSON *message = fam_json_get(cJSON_GetArrayItem(poll_updates(0, &answer), 0), "message");
    const cJSON *entity = cJSON_GetArrayItem(fam_json_get(message, "entities"), 0);
    cr_assert_gt(id, 0);
    cr_expect_str_eq(fam_json_string(message, "text"), "/start ref");
    cr_expect_str_eq(fam_json_string(entity, "type"), "bot_command");
    cr_expect_str_eq(fam_json_string(fam_json_get(message, "chat"), "type"), "private");
    cJSON_Delete(answer);
    uint64_t after = tg_now(&world.sim);
    expect_good("sendMessage",
                "{\"chat_id\":7001,\"text\":\"<b>A &lt; B</b> &amp; &quot;C&quot;\",\"parse_mode\":\"HTML\","
                "\"protect_content\":true,\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"One\","
                "\"callback_data\":\"1\"},{\"text\":\"Two\",\"callback_data\":\"2\"}]]}}");
    cr_assert(tg_wait_message(&world.sim, CHAT, after, WAIT_MS, &shown));
    cr_expect_str_eq(shown.text, "A < B & \"C\"");
    cr_expect_str_eq(shown.buttons, "[One] [Two]");
    cr_expect_eq(shown.button_count, 2);
    cr_expect(shown.is_protected);
    cr_expect_eq(tg_call_count(&world.sim, "sendMessage"), 1);
}

Test(telegram_sim, an_update_stays_until_a_higher_offset_confirms_it)
{
    int64_t first = tg_say(&world.sim, CHAT, "one");
    int64_t second = tg_say(&world.sim, CHAT, "two");
    cr_expect_eq(second, first + 1);
    cr_expect_eq(count_updates(0), 2);
    cr_expect_eq(count_updates(first), 2);
    cr_expect_eq(count_updates(second), 1);
    cr_expect_eq(count_updates(0), 1, "the first one is gone for good");
    cr_expect_eq(tg_state(&world.sim, "confirmed"), first);
    cr_expect_eq(count_updates(second + 1000), 1, "an offset in the future confirms nothing");
    cr_expect_eq(count_updates(second + 1), 0);
    cr_expect(tg_wait_confirmed(&world.sim, second, WAIT_MS));
    tg_say(&world.sim, CHAT, "three");
    tg_say(&world.sim, CHAT, "four");
    cr_expect_eq(count_updates(-1), 1, "a negative offset keeps the last ones");
}

Test(telegram_sim, at_most_limit_updates_come_and_none_older_than_a_day)
{
    cJSON *answer = NULL;
    cr_assert(tg_update(&world.sim, "{\"chat_id\":7001,\"text\":\"old\",\"age_ms\":86400001}"));
    for (int i = 0; i < 5; i++)
        tg_say(&world.sim, CHAT, "new");
    cr_assert_eq(sim_client_get(world.bot, BOT "/getUpdates?limit=3", WAIT_MS, &answer), 200);
    cr_expect_eq(cJSON_GetArraySize(fam_json_get(answer, "result")), 3);
    cJSON_Delete(answer);
    cr_expect_eq(count_updates(0), 5);
}

struct poller {
    pthread_t thread;
    struct sim_client *client;
    int status;
    int updates;
    char description[160];
};

static void *poll_in_thread(void *context)
{
    struct poller *poller = context;
    cJSON *answer = NULL;
    poller->status = sim_client_get(poller->client, BOT "/getUpdates?timeout=20", 40000, &answer);
    const char *text = fam_json_string(answer, "description");
    snprintf(poller->description, sizeof(poller->description), "%s", text ? text : "");
    poller->updates = cJSON_GetArraySize(fam_json_get(answer, "result"));
    cJSON_Delete(answer);
    return NULL;
}

static void start_poller(struct poller *poller)
{
    memset(poller, 0, sizeof(*poller));
    poller->client = sim_client_new(world.sim.base_url);
    cr_assert_not_null(poller->client);
    cr_assert_eq(pthread_create(&poller->thread, NULL, poll_in_thread, poller), 0);
}

static void join_poller(struct poller *poller)
{
    pthread_join(poller->thread, NULL);
    sim_client_free(poller->client);
}

static bool one_polls(void *context)
{
    (void)context;
    return tg_state(&world.sim, "pollers") == 1;
}

struct conflicts_until {
    int64_t count;
};

static bool has_conflicts(void *context)
{
    const struct conflicts_until *wanted = context;
    return tg_state(&world.sim, "conflicts") >= wanted->count;
}

Test(telegram_sim, a_long_poll_ends_when_something_happens_or_the_time_is_over)
{
    struct poller poller;
    cJSON *answer = NULL;
    start_poller(&poller);
    cr_assert(proc_wait_until(one_polls, NULL, WAIT_MS));
    tg_say(&world.sim, CHAT, "hello");
    join_poller(&poller);
    cr_expect_eq(poller.status, 200);
    cr_expect_eq(poller.updates, 1);
    uint64_t start_ms = fam_mono_ms();
    char path[128];
    snprintf(path, sizeof(path), BOT "/getUpdates?timeout=1&offset=%" PRId64,
             tg_state(&world.sim, "last_update_id") + 1);
    cr_assert_eq(sim_client_get(world.bot, path, WAIT_MS, &answer), 200);
    cr_expect_eq(cJSON_GetArraySize(fam_json_get(answer, "result")), 0);
    cr_expect_geq(fam_mono_ms() - start_ms, 900);
    cJSON_Delete(answer);
}

Test(telegram_sim, of_two_pollers_the_earlier_is_told_of_the_conflict)
{
    struct poller first;
    struct poller second;
    start_poller(&first);
    cr_assert(proc_wait_until(one_polls, NULL, WAIT_MS));
    start_poller(&second);
    join_poller(&first);
    cr_expect_eq(first.status, 409);
    cr_expect_str_eq(first.description, "Conflict: terminated by other getUpdates request; make sure that only one bot "
                                        "instance is running");
    cr_assert(proc_wait_until(one_polls, NULL, WAIT_MS));
    tg_say(&world.sim, CHAT, "hello");
    join_poller(&second);
    cr_expect_eq(second.status, 200);
    cr_expect_eq(second.updates, 1);
    cr_expect_eq(tg_state(&world.sim, "conflicts"), 1);
}

Test(telegram_sim, a_second_conflict_within_three_seconds_is_told_later)
{
    struct poller pollers[3];
    uint64_t start_ms = fam_mono_ms();
    for (int i = 0; i < 3; i++) {
        start_poller(&pollers[i]);
        cr_assert(proc_wait_until(one_polls, NULL, WAIT_MS));
        if (i == 0)
            continue;
        struct conflicts_until wanted = {.count = i};
        cr_assert(proc_wait_until(has_conflicts, &wanted, WAIT_MS));
    }
    join_poller(&pollers[0]);
    join_poller(&pollers[1]);
    cr_expect_eq(pollers[0].status, 409);
    cr_expect_eq(pollers[1].status, 409);
    cr_expect_geq(fam_mono_ms() - start_ms, 3000);
    tg_say(&world.sim, CHAT, "hello");
    join_poller(&pollers[2]);
    cr_expect_eq(pollers[2].updates, 1);
}

Test(telegram_sim, a_poller_that_goes_away_leaves_its_place)
{
    char request[256];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(world.sim.port)};
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert_eq(connect(fd, (struct sockaddr *)&where, sizeof(where)), 0);
    int size = snprintf(request, sizeof(request), "GET " BOT "/getUpdates?timeout=50 HTTP/1.1\r\nHost: a\r\n\r\n");
    cr_assert_eq(send(fd, request, (size_t)size, 0), size);
    cr_assert(proc_wait_until(one_polls, NULL, WAIT_MS));
    close(fd);
    struct poller poller;
    start_poller(&poller);
    cr_assert(proc_wait_until(one_polls, NULL, WAIT_MS));
    tg_say(&world.sim, CHAT, "still there");
    join_poller(&poller);
    cr_expect_eq(poller.updates, 1);
}

Test(telegram_sim, allowed_updates_are_remembered_until_changed)
{
    expect_good("getUpdates", "{\"allowed_updates\":[\"message\"]}");
    tg_say(&world.sim, CHAT, "hello");
    cr_expect_eq(tg_do(&world.sim, CHAT, "block"), 0, "not wanted, so no update");
    cr_expect_eq(count_updates(0), 1);
    expect_good("getUpdates", "{\"allowed_updates\":[]}");
    cr_expect_gt(tg_do(&world.sim, CHAT, "unblock"), 0);
    cr_expect_eq(count_updates(0), 2);
}

Test(telegram_sim, parameters_come_by_query_form_and_json_alike)
{
    struct tg_shown shown;
    tg_do(&world.sim, CHAT, "unblock");
    static const char json[] = "{\"chat_id\":\"7001\",\"text\":\"json \\u043f\"}";
    cr_expect_eq(sim_client_get(world.bot, BOT "/sendMessage?chat_id=7001&text=query%20%D0%BF", WAIT_MS, NULL), 200);
    cr_expect_eq(sim_client_post_form(world.bot, BOT "/sendmessage", "chat_id=7001&text=form+%D0%BF", NULL), 200);
    cr_expect_eq(call("SENDMESSAGE", json, NULL), 200);
    static const char *const texts[] = {"query п", "form п", "json п"};
    uint64_t after = 0;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(texts); i++) {
        cr_assert(tg_wait_message(&world.sim, CHAT, after, WAIT_MS, &shown));
        cr_expect_str_eq(shown.text, texts[i]);
        after = shown.seq;
    }
}

Test(telegram_sim, wrong_tokens_and_methods_are_told_apart)
{
    cJSON *answer = NULL;
    cr_expect_eq(sim_client_get(world.bot, "/bot1:WRONG/getMe", WAIT_MS, &answer), 401);
    cr_expect_str_eq(fam_json_string(answer, "description"), "Unauthorized");
    cJSON_Delete(answer);
    expect_error("getNothing", "{}", 404, "Not Found: method not found");
    cr_expect_eq(sim_client_get(world.bot, "/", WAIT_MS, NULL), 404);
    expect_good("getMe", "{}");
}

Test(telegram_sim, a_message_that_the_service_refuses_is_refused_in_its_words)
{
    static const struct {
        const char *json;
        const char *description;
    } rows[] = {
        {"{\"text\":\"a\"}", "Bad Request: chat_id is empty"},
        {"{\"chat_id\":99,\"text\":\"a\"}", "Bad Request: chat not found"},
        {"{\"chat_id\":7001}", "Bad Request: message text is empty"},
        {"{\"chat_id\":7001,\"text\":\"\"}", "Bad Request: message text is empty"},
        {"{\"chat_id\":7001,\"text\":\" \\n \"}", "Bad Request: text must be non-empty"},
        {"{\"chat_id\":7001,\"text\":\"a\",\"parse_mode\":\"RTF\"}", "Bad Request: unsupported parse_mode"},
        {"{\"chat_id\":7001,\"text\":\"a <b> b\",\"parse_mode\":\"HTML\"}",
         "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\""},
        {"{\"chat_id\":7001,\"text\":\"<b>a</i>\",\"parse_mode\":\"HTML\"}",
         "Bad Request: can't parse entities: Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\""},
        {"{\"chat_id\":7001,\"text\":\"a</i>\",\"parse_mode\":\"HTML\"}",
         "Bad Request: can't parse entities: Unexpected end tag at byte offset 1"},
        {"{\"chat_id\":7001,\"text\":\"1 < 2\",\"parse_mode\":\"HTML\"}",
         "Bad Request: can't parse entities: Unsupported start tag \"\" at byte offset 2"},
        {"{\"chat_id\":7001,\"text\":\"<script>\",\"parse_mode\":\"HTML\"}",
         "Bad Request: can't parse entities: Unsupported start tag \"script\" at byte offset 0"},
        {"{\"chat_id\":7001,\"text\":\"<b\",\"parse_mode\":\"HTML\"}",
         "Bad Request: can't parse entities: Unclosed start tag at byte offset 0"},
        {"{\"chat_id\":7001,\"text\":\"a\",\"reply_markup\":\"{\"}",
         "Bad Request: can't parse reply keyboard markup JSON object"},
        {"{\"chat_id\":7001,\"text\":\"a\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"x\",\"callback_data\":"
         "\"\"}]]}}",
         "Bad Request: BUTTON_DATA_INVALID"},
        {"{\"chat_id\":7001,\"text\":\"a\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"x\",\"callback_data\":"
         "\"12345678901234567890123456789012345678901234567890123456789012345\"}]]}}",
         "Bad Request: BUTTON_DATA_INVALID"},
        {"{\"chat_id\":7001,\"text\":\"a\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"x\"}]]}}",
         "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"},
        {"{\"chat_id\":7001,\"text\":\"a\",\"reply_parameters\":{\"message_id\":5}}",
         "Bad Request: message to be replied not found"},
    };
    tg_do(&world.sim, CHAT, "unblock");
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++)
        expect_error("sendMessage", rows[i].json, 400, rows[i].description);
    expect_good("sendMessage",
                "{\"chat_id\":7001,\"text\":\"<a href=\\\"https://example.org\\\">a</a> <i>b</i> <u>c</u>\","
                "\"parse_mode\":\"html\",\"reply_parameters\":{\"message_id\":5,"
                "\"allow_sending_without_reply\":true}}");
}

/* Letters outside the basic plane count as two. */
Test(telegram_sim, text_is_measured_in_utf16_units)
{
    struct fam_buf json = {0};
    tg_do(&world.sim, CHAT, "unblock");
    for (int count = 2048; count <= 2049; count++) {
        fam_buf_clear(&json);
        fam_buf_addf(&json, "{\"chat_id\":%d,\"text\":\"", CHAT);
        for (int i = 0; i < count; i++)
            fam_buf_add_text(&json, "😀");
        fam_buf_add_text(&json, "\"}");
        if (count == 2048)
            expect_good("sendMessage", fam_buf_text(&json));
        else
            expect_error("sendMessage", fam_buf_text(&json), 400, "Bad Request: message is too long");
    }
    fam_buf_done(&json);
}

Test(telegram_sim, an_edit_changes_what_the_person_sees_once)
{
    struct tg_shown shown;
    char json[256];
    tg_say(&world.sim, CHAT, "hello");
    int64_t id = bot_says("first");
    uint64_t after = tg_now(&world.sim);
    snprintf(json, sizeof(json), "{\"chat_id\":7001,\"message_id\":%" PRId64 ",\"text\":\"second\"}", id);
    expect_good("editMessageText", json);
    cr_assert(tg_wait_event(&world.sim, CHAT, after, WAIT_MS, &shown));
    cr_expect_eq(shown.kind, SIM_EVENT_TEXT);
    cr_expect_eq(shown.message_id, id);
    cr_expect_str_eq(shown.text, "second");
    expect_error("editMessageText", json, 400,
                 "Bad Request: message is not modified: specified new message content and reply markup are exactly the "
                 "same as a current content and reply markup of the message");
    expect_error("editMessageText", "{\"chat_id\":7001,\"message_id\":5,\"text\":\"x\"}", 400,
                 "Bad Request: message to edit not found");
    snprintf(json, sizeof(json), "{\"chat_id\":7001,\"message_id\":%" PRId64 ",\"text\":\"x\"}",
             world.sim.last_message_id);
    expect_error("editMessageText", json, 400, "Bad Request: message can't be edited");
    snprintf(json, sizeof(json), "{\"chat_id\":7001,\"message_id\":%" PRId64 "}", id);
    expect_good("deleteMessage", json);
    expect_error("deleteMessage", json, 400, "Bad Request: message to delete not found");
    cr_assert(tg_wait_event(&world.sim, CHAT, shown.seq, WAIT_MS, &shown));
    cr_expect_eq(shown.kind, SIM_EVENT_DELETED);
}

/* The data of the newest update's callback query and its id. */
static void read_query(char ret_id[32], char ret_data[80])
{
    cJSON *answer = NULL;
    const cJSON *updates = poll_updates(0, &answer);
    const cJSON *query = fam_json_get(cJSON_GetArrayItem(updates, cJSON_GetArraySize(updates) - 1), "callback_query");
    const char *id = fam_json_string(query, "id");
    const char *data = fam_json_string(query, "data");
    snprintf(ret_id, 32, "%s", id ? id : "");
    snprintf(ret_data, 80, "%s", data ? data : "");
    cJSON_Delete(answer);
}

Test(telegram_sim, a_pressed_button_is_answered_once_and_in_time)
{
    static const char too_old[] = "Bad Request: query is too old and response timeout expired or query ID is invalid";
    char id[32];
    char data[80];
    char json[160];
    struct tg_shown shown;
    tg_do(&world.sim, CHAT, "unblock");
    expect_good("sendMessage",
                "{\"chat_id\":7001,\"text\":\"a\",\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"Yes\","
                "\"callback_data\":\"y:1\"},{\"text\":\"Site\",\"url\":\"https://example.org\"}]]}}");
    uint64_t after = tg_now(&world.sim);
    cr_assert_gt(tg_press(&world.sim, CHAT, "Yes"), 0);
    cr_expect_eq(tg_press(&world.sim, CHAT, "No"), 0, "no such button");
    cr_expect_eq(tg_press(&world.sim, CHAT, "Site"), 0, "a link is nothing that the bot hears of");
    read_query(id, data);
    cr_expect_str_eq(data, "y:1");
    snprintf(json, sizeof(json), "{\"callback_query_id\":\"%s\",\"text\":\"done\"}", id);
    expect_good("answerCallbackQuery", json);
    cr_assert(tg_wait_event(&world.sim, CHAT, after, WAIT_MS, &shown));
    cr_expect_eq(shown.kind, SIM_EVENT_ANSWERED);
    cr_expect_str_eq(shown.text, "done");
    expect_error("answerCallbackQuery", json, 400, too_old);
    cr_assert_gt(tg_update(&world.sim, "{\"chat_id\":7001,\"kind\":\"press\",\"button\":\"Yes\",\"expired\":true}"), 0);
    read_query(id, data);
    snprintf(json, sizeof(json), "{\"callback_query_id\":\"%s\"}", id);
    expect_error("answerCallbackQuery", json, 400, too_old);
}

Test(telegram_sim, chats_that_cannot_be_written_to_say_why)
{
    cJSON *answer = NULL;
    int64_t to = 0;
    tg_say(&world.sim, CHAT, "hello");
    cr_expect_gt(tg_do(&world.sim, CHAT, "block"), 0);
    expect_error("sendMessage", "{\"chat_id\":7001,\"text\":\"a\"}", 403, "Forbidden: bot was blocked by the user");
    cr_expect_gt(tg_do(&world.sim, CHAT, "unblock"), 0);
    expect_good("sendMessage", "{\"chat_id\":7001,\"text\":\"a\"}");
    cr_assert_gt(tg_update(&world.sim,
                           "{\"chat_id\":-50,\"kind\":\"text\",\"text\":\"hi\",\"title\":\"G\",\"from\":{\"id\":9}}"),
                 0);
    cr_assert_gt(tg_update(&world.sim, "{\"chat_id\":-50,\"kind\":\"migrate\",\"to\":-1005000000000}"), 0);
    cr_expect_eq(call("sendMessage", "{\"chat_id\":-50,\"text\":\"a\"}", &answer), 400);
    cr_expect_str_eq(fam_json_string(answer, "description"),
                     "Bad Request: group chat was upgraded to a supergroup chat");
    cr_expect(fam_json_i64(fam_json_get(answer, "parameters"), "migrate_to_chat_id", &to));
    cr_expect_eq(to, -1005000000000);
    cJSON_Delete(answer);
    expect_good("sendMessage", "{\"chat_id\":-1005000000000,\"text\":\"a\"}");
}

Test(telegram_sim, every_kind_of_update_has_its_shape)
{
    static const char *const kinds[] = {"photo", "voice", "sticker", "location", "document", "video", "contact"};
    cJSON *answer = NULL;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(kinds); i++)
        cr_assert_gt(tg_do(&world.sim, CHAT, kinds[i]), 0, "%s", kinds[i]);
    tg_say(&world.sim, CHAT, "first");
    cr_assert_gt(tg_edit(&world.sim, CHAT, world.sim.last_message_id, "second"), 0);
    tg_do(&world.sim, CHAT, "block");
    tg_update(&world.sim, "{\"chat_id\":7001,\"kind\":\"forward\",\"text\":\"theirs\"}");
    const cJSON *updates = poll_updates(0, &answer);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(kinds); i++) {
        const cJSON *message = fam_json_get(cJSON_GetArrayItem(updates, (int)i), "message");
        cr_expect_not_null(fam_json_get(message, kinds[i]), "%s", kinds[i]);
        cr_expect_null(fam_json_get(message, "text"));
    }
    const cJSON *edited = fam_json_get(cJSON_GetArrayItem(updates, 8), "edited_message");
    cr_expect_str_eq(fam_json_string(edited, "text"), "second");
    cr_expect_not_null(fam_json_get(edited, "edit_date"));
    const cJSON *member = fam_json_get(cJSON_GetArrayItem(updates, 9), "my_chat_member");
    cr_expect_str_eq(fam_json_string(fam_json_get(member, "new_chat_member"), "status"), "kicked");
    cr_expect_not_null(fam_json_get(fam_json_get(cJSON_GetArrayItem(updates, 10), "message"), "forward_origin"));
    cJSON_Delete(answer);
}

Test(telegram_sim, a_malformed_update_comes_as_it_is_and_goes_when_confirmed)
{
    cJSON *answer = NULL;
    int64_t whole = tg_raw_update(&world.sim, "{\"update_id\":$UPDATE_ID,\"poll\":{}}", 35);
    cr_assert_gt(whole, 0);
    cr_expect_eq(count_updates(whole), 1);
    int64_t broken = tg_raw_update(&world.sim, "{\"update_id\": tru\xff", 17);
    cr_assert_eq(broken, whole + 1);
    cr_expect_eq(sim_client_get(world.bot, BOT "/getUpdates", WAIT_MS, &answer), 200);
    cr_expect_null(answer, "no JSON");
    tg_say(&world.sim, CHAT, "good");
    cr_expect_eq(count_updates(broken + 1), 1);
}

Test(telegram_sim, settings_are_kept_for_each_language)
{
    cJSON *answer = NULL;
    expect_good("setMyCommands",
                "{\"language_code\":\"ru\",\"commands\":[{\"command\":\"help\",\"description\":\"x\"}]}");
    expect_error("setMyCommands", "{\"commands\":[{\"command\":\"Help me\",\"description\":\"x\"}]}", 400,
                 "Bad Request: BOT_COMMAND_INVALID");
    expect_good("setMyDescription", "{\"description\":\"d\"}");
    expect_good("setMyShortDescription", "{\"short_description\":\"d\"}");
    cr_expect_eq(call("getMyCommands", "{\"language_code\":\"ru\"}", &answer), 200);
    cr_expect_eq(cJSON_GetArraySize(fam_json_get(answer, "result")), 1);
    cJSON_Delete(answer);
    expect_good("deleteWebhook", "{\"drop_pending_updates\":true}");
    expect_good("getWebhookInfo", "{}");
    tg_do(&world.sim, CHAT, "unblock");
    expect_good("getChat", "{\"chat_id\":7001}");
    expect_good("sendChatAction", "{\"chat_id\":7001,\"action\":\"typing\"}");
    expect_error("sendChatAction", "{\"chat_id\":7001,\"action\":\"sing\"}", 400,
                 "Bad Request: wrong parameter action in request");
}
