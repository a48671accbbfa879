/* Updates as Telegram sends them, and as nobody should. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "telegram/update.h"

static struct fam_update *parse(const char *json)
{
    return fam_update_parse(json, strlen(json));
}

#define PERSON                                                                                                         \
    "\"from\":{\"id\":77,\"is_bot\":false,\"language_code\":\"RU\"},\"chat\":{\"id\":77,\"type\":\"private\"}"

Test(bot_update, a_text_message_is_read)
{
    struct fam_update *update =
        parse("{\"update_id\":10,\"message\":{\"message_id\":5," PERSON ",\"date\":1,\"text\":\"Нет!\"}}");
    cr_assert_not_null(update);
    cr_assert_eq(update->update_id, 10);
    cr_assert_eq(update->kind, FAM_UPDATE_MESSAGE);
    cr_assert_eq(update->chat_type, FAM_CHAT_PRIVATE);
    cr_assert_eq(update->chat_id, 77);
    cr_assert_eq(update->from_id, 77);
    cr_assert_eq(update->message_id, 5);
    cr_assert_eq(update->media, FAM_MEDIA_NONE);
    cr_assert_str_eq(update->language_code, "ru");
    cr_assert_str_eq(update->text, "Нет!");
    cr_assert_str_eq(update->data, "");
    fam_update_free(update);
}

Test(bot_update, ids_beyond_two_to_the_31_are_exact)
{
    struct fam_update *update =
        parse("{\"update_id\":4294967297,\"message\":{\"message_id\":1,\"from\":{\"id\":4503599627370495},"
              "\"chat\":{\"id\":-1001234567890123,\"type\":\"supergroup\"},\"text\":\"x\"}}");
    cr_assert_not_null(update);
    cr_assert_eq(update->update_id, 4294967297);
    cr_assert_eq(update->from_id, 4503599627370495);
    cr_assert_eq(update->chat_id, -1001234567890123);
    cr_assert_eq(update->chat_type, FAM_CHAT_GROUP);
    fam_update_free(update);
}

Test(bot_update, media_are_told_apart_and_keep_their_caption)
{
    static const struct {
        const char *member;
        enum fam_media media;
    } rows[] = {
        {"\"photo\":[]", FAM_MEDIA_PHOTO},
        {"\"voice\":{}", FAM_MEDIA_VOICE},
        {"\"video_note\":{}", FAM_MEDIA_VIDEO},
        {"\"sticker\":{}", FAM_MEDIA_STICKER},
        {"\"location\":{}", FAM_MEDIA_LOCATION},
        {"\"contact\":{}", FAM_MEDIA_CONTACT},
        {"\"document\":{}", FAM_MEDIA_FILE},
        {"\"poll\":{}", FAM_MEDIA_OTHER},
        {"\"pinned_message\":{}", FAM_MEDIA_SERVICE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char json[512];
        snprintf(json, sizeof(json), "{\"update_id\":1,\"message\":{\"message_id\":5," PERSON ",%s,\"caption\":\"c\"}}",
                 rows[i].member);
        struct fam_update *update = parse(json);
        cr_assert_not_null(update, "%s", rows[i].member);
        cr_assert_eq(update->media, rows[i].media, "%s", rows[i].member);
        cr_assert_str_eq(update->text, "c");
        fam_update_free(update);
    }
}

Test(bot_update, a_pressed_button_names_person_and_message)
{
    struct fam_update *update =
        parse("{\"update_id\":3,\"callback_query\":{\"id\":\"9\",\"from\":{\"id\":77,\"language_code\":\"en\"},"
              "\"message\":{\"message_id\":8,\"chat\":{\"id\":77,\"type\":\"private\"}},\"data\":\"abc\"}}");
    cr_assert_not_null(update);
    cr_assert_eq(update->kind, FAM_UPDATE_CALLBACK);
    cr_assert_eq(update->message_id, 8);
    cr_assert_str_eq(update->callback_id, "9");
    cr_assert_str_eq(update->data, "abc");
    fam_update_free(update);
    update = parse("{\"update_id\":3,\"callback_query\":{\"id\":\"9\",\"from\":{\"id\":77},\"data\":\"abc\"}}");
    cr_assert_not_null(update);
    cr_assert_eq(update->chat_id, 77, "a button without its message is answered to the person");
    cr_assert_eq(update->message_id, 0);
    fam_update_free(update);
}

Test(bot_update, a_pressed_button_brings_the_words_that_its_message_answers_when_they_are_the_persons_own)
{
    static const struct {
        const char *replied;
        int64_t id;
        const char *text;
    } rows[] = {
        {"{\"message_id\":7,\"from\":{\"id\":77},\"text\":\"Нет!\"}", 7, "Нет!"},
        {"{\"message_id\":7,\"from\":{\"id\":77},\"photo\":[],\"caption\":\"Рисунок\"}", 7, "Рисунок"},
        {"{\"message_id\":7,\"from\":{\"id\":77},\"voice\":{}}", 7, ""},
        {"{\"message_id\":7,\"from\":{\"id\":78},\"text\":\"Нет!\"}", 0, ""},
        {"{\"message_id\":7,\"text\":\"Нет!\"}", 0, ""},
        {"{\"from\":{\"id\":77},\"text\":\"Нет!\"}", 0, ""},
        {"null", 0, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char json[600];
        snprintf(json, sizeof(json),
                 "{\"update_id\":3,\"callback_query\":{\"id\":\"9\",\"from\":{\"id\":77},\"message\":"
                 "{\"message_id\":8,\"chat\":{\"id\":77,\"type\":\"private\"},\"text\":\"?\",\"reply_to_message\":%s},"
                 "\"data\":\"abc\"}}",
                 rows[i].replied);
        struct fam_update *update = parse(json);
        cr_assert_not_null(update, "%s", rows[i].replied);
        cr_assert_eq(update->replied_id, rows[i].id, "%s", rows[i].replied);
        cr_assert_str_eq(update->replied_text, rows[i].text, "%s", rows[i].replied);
        cr_assert_str_eq(update->text, "", "the bot's own words are nobody's");
        fam_update_free(update);
    }
}

Test(bot_update, membership_tells_added_and_blocked)
{
    static const struct {
        const char *before, *after;
        enum fam_membership membership;
    } rows[] = {
        {"\"left\"", "\"member\"", FAM_MEMBERSHIP_ADDED},
        {"\"member\"", "\"kicked\"", FAM_MEMBERSHIP_REMOVED},
        {"\"member\"", "\"administrator\"", FAM_MEMBERSHIP_SAME},
        {"\"kicked\"", "\"restricted\",\"is_member\":true", FAM_MEMBERSHIP_ADDED},
        {"\"restricted\",\"is_member\":true", "\"restricted\",\"is_member\":false", FAM_MEMBERSHIP_REMOVED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char json[512];
        snprintf(json, sizeof(json),
                 "{\"update_id\":1,\"my_chat_member\":{" PERSON ",\"old_chat_member\":{\"status\":%s},"
                 "\"new_chat_member\":{\"status\":%s}}}",
                 rows[i].before, rows[i].after);
        struct fam_update *update = parse(json);
        cr_assert_not_null(update);
        cr_assert_eq(update->kind, FAM_UPDATE_MEMBER);
        cr_assert_eq(update->membership, rows[i].membership, "row %zu", i);
        fam_update_free(update);
    }
}

#define OF_A_BOT                                                                                                       \
    "{\"update_id\":1,\"message\":{\"from\":{\"id\":5,\"is_bot\":true},"                                               \
    "\"chat\":{\"id\":5,\"type\":\"private\"},\"text\":\"x\"}}"

Test(bot_update, what_nobody_acts_on_is_read_as_other)
{
    static const char *const rows[] = {
        "{\"update_id\":1}",
        "{\"update_id\":1,\"channel_post\":{\"message_id\":1}}",
        "{\"update_id\":1,\"message\":7}",
        "{\"update_id\":1,\"message\":{}}",
        "{\"update_id\":1,\"message\":{\"message_id\":1,\"chat\":{\"id\":0,\"type\":\"private\"},\"text\":\"x\"}}",
        "{\"update_id\":1,\"message\":{\"chat\":{\"id\":5,\"type\":\"private\"},\"text\":\"x\"}}",
        OF_A_BOT,
        "{\"update_id\":1,\"callback_query\":{\"from\":{\"id\":77}}}",
        "{\"update_id\":1,\"callback_query\":{\"id\":5,\"from\":{\"id\":77}}}",
        "{\"update_id\":1,\"my_chat_member\":{\"chat\":{\"id\":\"5\"}}}",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fam_update *update = parse(rows[i]);
        cr_assert_not_null(update, "%s", rows[i]);
        cr_assert_eq(update->kind, FAM_UPDATE_OTHER, "%s", rows[i]);
        fam_update_free(update);
    }
}

Test(bot_update, what_is_no_update_is_refused_and_a_good_one_follows)
{
    static const char *const rows[] = {"",
                                       "{",
                                       "[]",
                                       "null",
                                       "{}",
                                       "{\"update_id\":\"1\"}",
                                       "{\"update_id\":1.5}",
                                       "{\"update_id\":-1}",
                                       "{\"update_id\":1e300}",
                                       "{\"update_id\":1} x",
                                       "{\"Update_Id\":1}",
                                       "{\"update_id\":1,\"message\":{\"text\":\"\\ud800\"}}",
                                       "{\"update_id\":1,\"message\":{\"text\":\"\xff\"}}"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_assert_null(parse(rows[i]), "%s", rows[i]);
    struct fam_update *update = parse("{\"update_id\":1}");
    cr_assert_not_null(update);
    fam_update_free(update);
}

Test(bot_update, a_batch_is_cut_without_parsing_its_elements)
{
    static const char body[] =
        " {\"ok\" : true, \"x\":[1,{\"result\":[]}], \"result\":[{\"update_id\":1,\"t\":\"]}\\\"\"} ,"
        "{\"update_id\":2,\"message\":{\"text\":\"\\ud800\"}},7]} ";
    struct fam_span spans[8];
    size_t count;
    cr_assert(fam_updates_split(body, sizeof(body) - 1, spans, 8, &count));
    cr_assert_eq(count, 3);
    cr_assert_eq(spans[0].size, strlen("{\"update_id\":1,\"t\":\"]}\\\"\"}"));
    cr_assert_null(fam_update_parse(spans[1].start, spans[1].size));
    int64_t id = 0;
    cr_assert(fam_update_scan_id(spans[1].start, spans[1].size, &id));
    cr_assert_eq(id, 2);
    cr_assert(fam_updates_split(body, sizeof(body) - 1, spans, 2, &count));
    cr_assert_eq(count, 2, "what does not fit is left for the next poll");
    cr_assert(fam_updates_split("{\"ok\":true,\"result\":[]}", 23, spans, 8, &count));
    cr_assert_eq(count, 0);
}

Test(bot_update, a_broken_outline_is_no_batch)
{
    static const char *const rows[] = {"",
                                       "<html>",
                                       "{\"ok\":true,\"result\":[{\"update_id\":1}",
                                       "{\"ok\":true,\"result\":[{\"update_id\":1},]}",
                                       "{\"ok\":true,\"result\":{}}",
                                       "{\"ok\":false,\"result\":[]}",
                                       "{\"result\":[]}",
                                       "{\"ok\":true}",
                                       "{\"ok\":true,\"result\":[]} x",
                                       "{\"ok\":true,\"result\":[\"abc",
                                       "{}",
                                       "{\"ok\":tru"};
    struct fam_span spans[2];
    size_t count;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_assert_not(fam_updates_split(rows[i], strlen(rows[i]), spans, 2, &count), "%s", rows[i]);
}

Test(bot_update, every_cut_and_every_flipped_byte_of_a_batch_is_survived)
{
    static const char body[] = "{\"ok\":true,\"result\":[{\"update_id\":10,\"message\":{\"message_id\":5," PERSON
                               ",\"text\":\"a\\n\\\"b\\u0301\"}}]}";
    char copy[sizeof(body)];
    struct fam_span spans[4];
    size_t count;
    for (size_t i = 0; i < sizeof(body) - 1; i++) {
        cr_assert_not(fam_updates_split(body, i, spans, 4, &count), "%zu bytes", i);
        for (int bit = 0; bit < 8; bit++) {
            memcpy(copy, body, sizeof(body));
            copy[i] = (char)(copy[i] ^ (1 << bit));
            if (!fam_updates_split(copy, sizeof(body) - 1, spans, 4, &count))
                continue;
            for (size_t k = 0; k < count; k++)
                fam_update_free(fam_update_parse(spans[k].start, spans[k].size));
        }
    }
}
