/* famchat without a terminal, with a bot of a few lines that this test plays. */
#include <criterion/criterion.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "telegram_client.h"

#define BOT "/bot" TG_TEST_TOKEN

/* Each test is a process of its own, so this is one test's world. */
static struct world {
    char dir[256];
    char out[16384];
    struct tg_sim sim;
    pthread_t bot;
    atomic_bool stop;
    bool running;
} world;

static const char *const chat_args = FAM_BIN_DIR "/famchat";

static void bot_sends(struct sim_client *bot, const char *method, const char *json)
{
    char path[80];
    snprintf(path, sizeof(path), BOT "/%s", method);
    cJSON *answer = NULL;
    sim_client_post(bot, path, json, strlen(json), &answer);
    cJSON_Delete(answer);
}

static int64_t id_of(const cJSON *answer)
{
    int64_t id = 0;
    return fam_json_i64(fam_json_get(answer, "result"), "message_id", &id) ? id : 0;
}

/* "later": an answer that is replaced a moment after. */
static void answer_twice(struct sim_client *bot)
{
    char json[256];
    cJSON *answer = NULL;
    static const char first[] = "{\"chat_id\":7001,\"text\":\"quick\"}";
    bot_sends(bot, "sendChatAction", "{\"chat_id\":7001,\"action\":\"typing\"}");
    sim_client_post(bot, BOT "/sendMessage", first, sizeof(first) - 1, &answer);
    snprintf(json, sizeof(json), "{\"chat_id\":7001,\"message_id\":%" PRId64 ",\"text\":\"thorough\"}", id_of(answer));
    cJSON_Delete(answer);
    usleep(50000); /* the bot's own slowness: nobody waits for it */
    bot_sends(bot, "editMessageText", json);
}

static void answer_text(struct sim_client *bot, const char *text)
{
    if (strcmp(text, "hello") == 0)
        bot_sends(
            bot, "sendMessage",
            "{\"chat_id\":7001,\"text\":\"<b>One</b>\\n\\n  \\nTwo &amp; three\\u0007\\n\",\"parse_mode\":\"HTML\","
            "\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"Да\",\"callback_data\":\"y\"},{\"text\":\"No "
            "way\",\"callback_data\":\"n\"}],[{\"text\":\"More\",\"callback_data\":\"m\"}]]}}");
    else if (strcmp(text, "later") == 0)
        answer_twice(bot);
    else if (strcmp(text, "/help") == 0)
        bot_sends(bot, "sendMessage", "{\"chat_id\":7001,\"text\":\"Help\"}");
}

static void answer_press(struct sim_client *bot, const cJSON *query)
{
    char json[256];
    const char *id = fam_json_string(query, "id");
    const char *data = fam_json_string(query, "data");
    int64_t message_id = 0;
    if (!id || !data || !fam_json_i64(fam_json_get(query, "message"), "message_id", &message_id))
        return;
    snprintf(json, sizeof(json), "{\"callback_query_id\":\"%s\",\"text\":\"%s\"}", id,
             strcmp(data, "n") == 0 ? "noted" : "");
    bot_sends(bot, "answerCallbackQuery", json);
    if (strcmp(data, "y") == 0) {
        snprintf(json, sizeof(json), "{\"chat_id\":7001,\"message_id\":%" PRId64 ",\"text\":\"Replaced\"}", message_id);
        bot_sends(bot, "editMessageText", json);
    } else if (strcmp(data, "m") == 0) {
        snprintf(json, sizeof(json), "{\"chat_id\":7001,\"message_id\":%" PRId64 "}", message_id);
        bot_sends(bot, "editMessageReplyMarkup", json);
    }
}

static void *run_bot(void *context)
{
    struct sim_client *bot = sim_client_new(world.sim.base_url);
    int64_t offset = 0;
    (void)context;
    while (bot && !atomic_load(&world.stop)) {
        char path[128];
        cJSON *answer = NULL;
        const cJSON *update;
        snprintf(path, sizeof(path), BOT "/getUpdates?timeout=1&offset=%" PRId64, offset);
        sim_client_get(bot, path, 20000, &answer);
        cJSON_ArrayForEach(update, fam_json_get(answer, "result"))
        {
            int64_t id = 0;
            const char *text = fam_json_string(fam_json_get(update, "message"), "text");
            if (text)
                answer_text(bot, text);
            answer_press(bot, fam_json_get(update, "callback_query"));
            if (fam_json_i64(update, "update_id", &id))
                offset = id + 1;
        }
        cJSON_Delete(answer);
    }
    sim_client_free(bot);
    return NULL;
}

static void set_up(void)
{
    cr_assert(proc_tmpdir(world.dir, sizeof(world.dir)));
    cr_assert(tg_sim_start(&world.sim, world.dir, false));
    world.running = pthread_create(&world.bot, NULL, run_bot, NULL) == 0;
    cr_assert(world.running);
}

static void tear_down(void)
{
    atomic_store(&world.stop, true);
    if (world.running)
        pthread_join(world.bot, NULL);
    if (world.sim.client)
        tg_sim_stop(&world.sim);
    proc_rmtree(world.dir);
}

TestSuite(famchat, .init = set_up, .fini = tear_down, .timeout = 60);

static int chat(const char *input, const char *patience_ms)
{
    const char *const argv[] = {chat_args, "--url",         world.sim.base_url, "--chat", "7001",
                                "--name",  "Anna",          "--language",       "en",     "--settle-ms",
                                "300",     "--patience-ms", patience_ms,        NULL};
    return proc_run(argv, NULL, input, world.out, sizeof(world.out));
}

Test(famchat, an_answer_has_no_empty_lines_inside_and_its_buttons_last)
{
    cr_expect_eq(chat("hello\n", "20000"), 0);
    cr_expect_str_eq(world.out, "One\nTwo & three\n[Да] [No way] [More]\n\n");
}

Test(famchat, lines_are_answered_in_order_and_empty_ones_passed_over)
{
    cr_expect_eq(chat("hello\n\n   \n/help", "20000"), 0);
    cr_expect_str_eq(world.out, "One\nTwo & three\n[Да] [No way] [More]\n\nHelp\n\n");
}

Test(famchat, a_label_in_brackets_presses_the_button_and_a_replaced_text_is_a_new_answer)
{
    cr_expect_eq(chat("hello\n[Да]\n", "20000"), 0);
    cr_expect_str_eq(world.out, "One\nTwo & three\n[Да] [No way] [More]\n\nReplaced\n\n");
}

Test(famchat, what_pops_up_is_an_answer_and_removed_buttons_are_not_printed)
{
    cr_expect_eq(chat("hello\n[No way]\n[More]\n/help\n", "20000"), 0);
    cr_expect_str_eq(world.out, "One\nTwo & three\n[Да] [No way] [More]\n\nnoted\n\nHelp\n\n");
}

Test(famchat, a_text_that_is_replaced_soon_after_is_printed_too)
{
    cr_expect_eq(chat("later\n/help\n", "20000"), 0);
    cr_expect_str_eq(world.out, "quick\n\nthorough\n\nHelp\n\n");
}

Test(famchat, an_unknown_button_is_told_and_the_rest_goes_on_with_exit_1)
{
    cr_expect_eq(chat("[Nothing]\n/help\n", "20000"), 1);
    cr_expect_str_eq(world.out, "Help\n\n");
    cr_expect_eq(chat("\xff\xfe\n/help\n", "20000"), 1);
    cr_expect_str_eq(world.out, "Help\n\n");
    cr_expect_eq(chat("/help\n", "20000"), 0);
}

Test(famchat, a_line_that_is_too_long_is_left_out_whole)
{
    static char input[70000];
    memset(input, 'a', sizeof(input) - 1);
    memcpy(input + sizeof(input) - 8, "\n/help\n", 7);
    cr_expect_eq(chat(input, "20000"), 1);
    cr_expect_str_eq(world.out, "Help\n\n", "the rest of the line is no line of its own");
}

Test(famchat, a_silent_bot_is_waited_for_and_then_told)
{
    cr_expect_eq(chat("say nothing\n/help\n", "700"), 1);
    cr_expect_str_eq(world.out, "");
}

Test(famchat, no_input_is_no_error)
{
    cr_expect_eq(chat("", "20000"), 0);
    cr_expect_str_eq(world.out, "");
}

Test(famchat, without_a_simulator_or_with_wrong_usage_it_says_so)
{
    const char *const nobody[] = {chat_args, "--url", "http://127.0.0.1:1", NULL};
    const char *const url[] = {chat_args, "--url", "ftp://example.org", NULL};
    const char *const language[] = {chat_args, "--language", "fr", NULL};
    const char *const help[] = {chat_args, "--help", NULL};
    cr_expect_eq(proc_run(nobody, NULL, "hello\n", world.out, sizeof(world.out)), 1);
    cr_expect_eq(proc_run(url, NULL, "", world.out, sizeof(world.out)), 2);
    cr_expect_eq(proc_run(language, NULL, "", world.out, sizeof(world.out)), 2);
    cr_expect_eq(proc_run(help, NULL, "", world.out, sizeof(world.out)), 0);
    cr_expect_not_null(strstr(world.out, "Examples:"));
}
