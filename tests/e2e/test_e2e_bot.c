/* The whole way: a parent's message in Telegram → fambot → famserver → PostgreSQL → the answer in the chat. What the
 * texts say is tested elsewhere; here counts what reaches whom, once, and in which order. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "system.h"

enum { WAIT_MS = 20000 };

static void start(struct system *system)
{
    static const char *const extra[] = {"FAM_LIMIT_TRANSLATIONS_HOUR=100000", "FAM_LIMIT_TRANSLATIONS_DAY=100000",
                                        NULL};
    system_start(system, extra);
    system_start_bot(system);
}

/* Says something and returns what the bot shows next. */
static struct tg_shown ask(struct system *system, int64_t chat, const char *text)
{
    struct tg_shown shown;
    uint64_t after = tg_now(&system->telegram);
    cr_assert_neq(tg_say(&system->telegram, chat, text), 0);
    cr_assert(tg_wait_message(&system->telegram, chat, after, WAIT_MS, &shown), "no answer to a message");
    return shown;
}

Test(e2e_bot, a_phrase_gets_its_answer_and_one_entry, .timeout = 120)
{
    static struct system system;
    start(&system);
    system_family(&system, 3001, 7);
    struct tg_shown shown = ask(&system, 3001, "Ненавижу тебя!");
    cr_assert_leq(fam_utf16_length(shown.text), 1500);
    cr_assert_geq(shown.button_count, 2);
    cr_assert_not(shown.is_protected);
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), 1);
    const char *const phrases[] = {"Нет!", "I hate school", "умираю со смеху",
                                   "Сегодня в школе опять все смеялись, я туда больше не пойду, можете не уговаривать"};
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        shown = ask(&system, 3001, phrases[i]);
        cr_assert_leq(fam_utf16_length(shown.text), 1500);
        cr_assert_not(shown.is_protected, "%s", phrases[i]);
    }
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), 5);
    uint64_t start_ms = fam_mono_ms();
    while (system_count(&system, "SELECT count(*) FROM deliveries") < 5 && fam_mono_ms() - start_ms < WAIT_MS) {
        usleep(20000);
    }
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM deliveries"), 5);
    system_stop(&system);
}

Test(e2e_bot, an_emergency_shows_the_right_line_first_and_is_protected, .timeout = 120)
{
    static struct system system;
    start(&system);
    system_family(&system, 3002, 14);
    struct tg_shown shown = ask(&system, 3002, "не хочу больше жить");
    size_t first = fam_utf8_offset(shown.text, 300);
    size_t opening = fam_utf8_offset(shown.text, 60);
    char head[2000];
    snprintf(head, sizeof(head), "%.*s", (int)first, shown.text);
    cr_assert_not_null(strstr(head, "8-800-2000-122"), "%s", head);
    cr_assert_not_null(strstr(head, "112"), "%s", head);
    head[opening] = '\0';
    const char *const telling[] = {"жи", "умер", "смерт", "суицид", "убит", "опасн"};
    for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++) {
        if (i > 0) { /* "жи" alone also stands in harmless words */
            cr_assert_null(strstr(head, telling[i]), "the opening tells of the topic: %s", head);
        }
    }
    cr_assert(shown.is_protected);
    system_stop(&system);
}

Test(e2e_bot, a_stranger_is_answered_before_any_menu_and_nothing_is_stored, .timeout = 120)
{
    static struct system system;
    start(&system);
    struct tg_shown shown = ask(&system, 3003, "Меня никто не любит");
    cr_assert_gt(fam_utf8_length(shown.text), 200, "%s", shown.text);
    cr_assert_geq(shown.button_count, 1);
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), 0);
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM users"), 1);
    system_stop(&system);
}

Test(e2e_bot, media_get_one_kind_sentence_and_groups_one_at_all, .timeout = 120)
{
    static struct system system;
    start(&system);
    system_family(&system, 3004, 7);
    const char *const kinds[] = {"photo", "voice", "sticker", "location"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct tg_shown shown;
        uint64_t after = tg_now(&system.telegram);
        cr_assert_neq(tg_do(&system.telegram, 3004, kinds[i]), 0);
        cr_assert(tg_wait_message(&system.telegram, 3004, after, WAIT_MS, &shown), "%s", kinds[i]);
        cr_assert_gt(strlen(shown.text), 10);
    }
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), 0);
    system_stop(&system);
}

Test(e2e_bot, an_edited_message_renews_the_answer, .timeout = 120)
{
    static struct system system;
    start(&system);
    system_family(&system, 3005, 7);
    struct tg_shown first = ask(&system, 3005, "Нет!");
    int64_t message = system.telegram.last_message_id;
    struct tg_shown shown;
    uint64_t after = tg_now(&system.telegram);
    cr_assert_neq(tg_edit(&system.telegram, 3005, message, "Меня никто не любит"), 0);
    cr_assert(tg_wait_message(&system.telegram, 3005, after, WAIT_MS, &shown));
    cr_assert_str_neq(shown.text, first.text);
    system_stop(&system);
}

static void assert_answers(struct system *system, int64_t chat, const char *fault)
{
    cr_assert(tg_fault(&system->telegram, fault), "%s", fault);
    struct tg_shown shown = ask(system, chat, "Ненавижу тебя!");
    cr_assert_gt(strlen(shown.text), 100, "%s", fault);
}

Test(e2e_bot, telegram_misbehaves_and_every_message_is_answered, .timeout = 250)
{
    static struct system system;
    start(&system);
    system_family(&system, 3006, 7);
    const char *const faults[] = {
        "{\"method\":\"getUpdates\",\"times\":2,\"status\":409}",
        "{\"method\":\"getUpdates\",\"times\":2,\"status\":502,\"html\":true}",
        "{\"method\":\"getUpdates\",\"times\":1,\"truncate\":20}",
        "{\"method\":\"getUpdates\",\"times\":2,\"cut\":true}",
        "{\"method\":\"sendMessage\",\"times\":1,\"status\":429,\"retry_after\":1}",
        "{\"method\":\"sendMessage\",\"times\":1,\"status\":502,\"html\":true}",
        "{\"method\":\"sendMessage\",\"times\":1,\"cut\":true}",
        "{\"method\":\"sendChatAction\",\"times\":1,\"status\":500}",
    };
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        assert_answers(&system, 3006, faults[i]);
    }
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"),
                 (int64_t)(sizeof(faults) / sizeof(faults[0])));
    system_stop(&system);
}

Test(e2e_bot, a_poisoned_update_and_a_blocked_person_stop_nobody, .timeout = 120)
{
    static struct system system;
    start(&system);
    system_family(&system, 3007, 7);
    system_family(&system, 3008, 7);
    const char poison[] =
        "{\"update_id\":$UPDATE_ID,\"message\":{\"message_id\":1,\"chat\":{\"id\":3007,\"type\":\"private\"},"
        "\"date\":1,\"text\":\"\\ud800\"}}";
    cr_assert_neq(tg_raw_update(&system.telegram, poison, sizeof(poison) - 1), 0);
    int64_t update = tg_say(&system.telegram, 3008, "Ненавижу тебя!");
    cr_assert_neq(update, 0);
    cr_assert_neq(tg_do(&system.telegram, 3008, "block"), 0);
    struct tg_shown shown = ask(&system, 3007, "Нет!");
    cr_assert_gt(strlen(shown.text), 100);
    cr_assert(tg_wait_confirmed(&system.telegram, update, WAIT_MS));
    system_stop(&system);
}

enum { CHATS = 4, ROUNDS = 10 };

/* Messages of the bot in a chat that are answers to phrases: the test's phrases are told apart by their number. */
Test(e2e_bot, killed_at_random_moments_the_bot_loses_no_update_and_doubles_no_entry, .timeout = 280)
{
    static struct system system;
    start(&system);
    for (int chat = 0; chat < CHATS; chat++) {
        system_family(&system, 3100 + chat, 7);
    }
    unsigned seed = (unsigned)getpid();
    int64_t last = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int chat = 0; chat < CHATS; chat++) {
            char phrase[64];
            snprintf(phrase, sizeof(phrase), "Не хочу, %d", round);
            last = tg_say(&system.telegram, 3100 + chat, phrase);
            cr_assert_neq(last, 0);
        }
        usleep((useconds_t)rand_r(&seed) % 400000);
        if (round % 2 == 1) {
            (void)proc_stop(&system.bot, SIGKILL, 5000);
            system_run_bot(&system);
        }
        if (round % 4 == 2) {
            (void)proc_stop(&system.server, SIGKILL, 5000);
            system_run_server(&system);
        }
    }
    cr_assert(tg_wait_confirmed(&system.telegram, last, 90000), "not all updates were confirmed");
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), CHATS * ROUNDS);
    cr_assert_eq(system_count(&system, "SELECT count(DISTINCT entry_id) FROM deliveries"), CHATS * ROUNDS);
    system_stop(&system);
}

Test(e2e_bot, without_redis_a_phrase_still_gets_its_answer, .timeout = 120)
{
    static struct system system;
    start(&system);
    system_family(&system, 3200, 7);
    (void)ask(&system, 3200, "Нет!");
    redis_server_kill(&system.redis);
    struct tg_shown shown = ask(&system, 3200, "Ненавижу тебя!");
    cr_assert_gt(strlen(shown.text), 100);
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), 2);
    system_stop(&system);
}

Test(e2e_bot, while_postgresql_is_away_an_emergency_gets_its_help_and_later_its_entry, .timeout = 120)
{
    static struct system system;
    start(&system);
    system_family(&system, 3300, 14);
    int64_t first = tg_say(&system.telegram, 3300, "Нет!");
    cr_assert(tg_wait_confirmed(&system.telegram, first, WAIT_MS));
    pg_server_halt(&system.pg);
    struct tg_shown shown;
    uint64_t after = tg_now(&system.telegram);
    cr_assert_neq(tg_say(&system.telegram, 3300, "не хочу больше жить"), 0);
    cr_assert(tg_wait_message(&system.telegram, 3300, after, WAIT_MS, &shown));
    cr_assert_not_null(strstr(shown.text, "112"), "%s", shown.text);
    cr_assert(shown.is_protected);
    cr_assert(pg_server_restart(&system.pg));
    cr_assert(tg_wait_text(&system.telegram, 3300, shown.seq, "8-800-2000-122", 40000, &shown));
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), 2);
    system_stop(&system);
}

Test(e2e_bot, seeded_words_are_found_nowhere_after_a_conversation, .timeout = 120)
{
    static struct system system;
    start(&system);
    system_family(&system, 777123456001, 7);
    (void)ask(&system, 777123456001, "Ненавижу тебя, Квазимордик!");
    (void)ask(&system, 888123456001, "Zanzibarka не хочет жить");
    cr_assert(pg_server_sql(system.pg.conninfo, "CHECKPOINT", NULL, 0));
    const char *const words[] = {"Квазимордик", "Zanzibarka", "777123456001", "888123456001", NULL, NULL};
    for (size_t i = 0; i < 6; i++) {
        const char *word = i == 4 ? system.bot_token : i == 5 ? TG_TEST_TOKEN : words[i];
        char where[512] = "";
        cr_assert_not(system_contains(&system, word, where, sizeof(where)), "word %zu is in %s", i, where);
    }
    system_stop(&system);
}
