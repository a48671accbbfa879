/* Two processes of one bot: one polls, the other takes over; nothing is lost, doubled or answered out of its turn. And
 * what the bot delivers without being asked: a better reading in place, and nothing to who has blocked it. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "support/claude_client.h"
#include "system.h"

enum { WAIT_MS = 60000, CHATS = 3, FIRST_CHAT = 4100, PAGE_BYTES = 1 << 20 };

/* A second bot beside that of the system. */
struct second {
    struct proc proc;
    char *env[SYSTEM_ENV_MAX];
    uint16_t http_port;
    char name[32];
};

static void start_second(struct system *system, struct second *second)
{
    memset(second, 0, sizeof(*second));
    second->http_port = proc_free_port();
    for (size_t i = 0; system->bot_env[i] != NULL; i++) {
        if (strncmp(system->bot_env[i], "FAM_BOT_HTTP_LISTEN=", 20) == 0) {
            cr_assert_geq(asprintf(&second->env[i], "FAM_BOT_HTTP_LISTEN=127.0.0.1:%u", second->http_port), 0);
        } else {
            second->env[i] = strdup(system->bot_env[i]);
        }
    }
    const char *argv[] = {FAM_BIN_DIR "/fambot", NULL};
    cr_assert(proc_start(&second->proc, system->dir, "fambot-second", argv, (const char *const *)second->env, NULL));
}

static void stop_second(struct second *second)
{
    if (proc_is_running(&second->proc)) {
        cr_expect_eq(proc_stop(&second->proc, SIGTERM, 40000), 0, "the second bot must end with 0");
    }
    for (size_t i = 0; i < SYSTEM_ENV_MAX; i++) {
        free(second->env[i]);
    }
}

/* A metric without labels of a bot; -1: it does not answer. */
static double metric(uint16_t port, const char *name)
{
    double value = -1;
    char wanted[128];
    char *page = malloc(PAGE_BYTES);
    cr_assert_not_null(page);
    snprintf(wanted, sizeof(wanted), "\n%s ", name);
    if (system_get(port, "/metrics", page, PAGE_BYTES) == 200) {
        const char *at = strstr(page, wanted);
        value = at != NULL ? strtod(at + strlen(wanted), NULL) : -1;
    }
    free(page);
    return value;
}

static bool leads(void *context)
{
    return metric(*(uint16_t *)context, "family_emotions_bot_leading") == 1;
}

static bool is_ready(void *context)
{
    char body[2048];
    return system_get(*(uint16_t *)context, "/health/ready", body, sizeof(body)) == 200;
}

struct scene {
    struct system system;
    struct second second;
    struct cl_sim claude;
    char claude_dir[64];
    int64_t last_update;
    int said; /* in each chat */
};

/* The first bot leads, the second stands by; a family in each chat. */
static void start(struct scene *scene)
{
    static const char *const extra[] = {"FAM_LIMIT_TRANSLATIONS_HOUR=100000", "FAM_LIMIT_TRANSLATIONS_DAY=100000",
                                        NULL};
    memset(scene, 0, sizeof(*scene));
    system_start(&scene->system, extra);
    system_start_bot(&scene->system);
    cr_assert(proc_wait_until(leads, &scene->system.bot_http_port, WAIT_MS));
    start_second(&scene->system, &scene->second);
    cr_assert(proc_wait_until(is_ready, &scene->second.http_port, WAIT_MS), "one that stands by is well");
    cr_assert_eq(metric(scene->second.http_port, "family_emotions_bot_leading"), 0);
    for (int i = 0; i < CHATS; i++) {
        (void)system_family(&scene->system, FIRST_CHAT + i, 7);
    }
}

static void stop(struct scene *scene)
{
    stop_second(&scene->second);
    system_stop(&scene->system);
}

/* A phrase in each chat. */
static void say_round(struct scene *scene)
{
    for (int i = 0; i < CHATS; i++) {
        char phrase[64];
        snprintf(phrase, sizeof(phrase), "Не хочу, %d раз и ещё %d", scene->said, i);
        scene->last_update = tg_say(&scene->system.telegram, FIRST_CHAT + i, phrase);
        cr_assert_neq(scene->last_update, 0);
    }
    scene->said++;
}

/* Until the second leads. How long that took is printed; the bound is for a busy machine. */
static void assert_taken_over(struct scene *scene, const char *after, uint64_t since_ms)
{
    cr_assert(proc_wait_until(leads, &scene->second.http_port, 20000), "nobody took over after %s", after);
    fprintf(stderr, "takeover %llu ms after %s\n", (unsigned long long)(fam_mono_ms() - since_ms), after);
}

/* Messages of the bot in a chat. */
static int messages_in(struct scene *scene, int64_t chat)
{
    int count = 0;
    const cJSON *message = NULL;
    cJSON *news = tg_messages(&scene->system.telegram, chat, 0);
    cr_assert_not_null(news);
    cJSON_ArrayForEach(message, fam_json_get(news, "messages"))
    {
        count += cJSON_IsTrue(fam_json_get(message, "from_bot"));
    }
    cJSON_Delete(news);
    return count;
}

/* In a chat each entry is made after the one that was said before it, and its answer stands below. */
static void assert_order(struct scene *scene)
{
    cr_expect_eq(system_count(&scene->system,
                              "SELECT count(*) FROM (SELECT e.created_at, lag(d.created_at) OVER "
                              "(PARTITION BY e.user_id ORDER BY e.created_at) AS before FROM emotion_entries e JOIN "
                              "(SELECT entry_id, min(created_at) AS created_at FROM deliveries GROUP BY entry_id) d "
                              "USING (entry_id)) x WHERE created_at < before"),
                 0, "a phrase was read before the one before it was answered");
}

/* Each phrase was handled once, in its turn, and answered; `again`: answers that may have been shown twice. */
static void assert_all_handled(struct scene *scene, int again)
{
    cr_assert(tg_wait_confirmed(&scene->system.telegram, scene->last_update, WAIT_MS), "not all was confirmed");
    cr_expect_eq(system_count(&scene->system, "SELECT count(*) FROM emotion_entries"), CHATS * scene->said);
    cr_expect_eq(system_count(&scene->system, "SELECT count(DISTINCT entry_id) FROM deliveries"), CHATS * scene->said);
    int shown = 0;
    for (int i = 0; i < CHATS; i++) {
        shown += messages_in(scene, FIRST_CHAT + i);
    }
    cr_expect_geq(shown, CHATS * scene->said);
    cr_expect_leq(shown, CHATS * scene->said + again);
    assert_order(scene);
}

Test(e2e_bots, a_leader_that_is_killed_is_followed_and_no_phrase_is_lost_or_doubled, .timeout = 200)
{
    static struct scene scene;
    start(&scene);
    for (int i = 0; i < 4; i++) {
        say_round(&scene);
    }
    usleep((useconds_t)(getpid() % 50) * 1000);
    uint64_t since_ms = fam_mono_ms();
    (void)proc_stop(&scene.system.bot, SIGKILL, 5000);
    for (int i = 0; i < 4; i++) {
        say_round(&scene);
    }
    assert_taken_over(&scene, "SIGKILL", since_ms);
    say_round(&scene);
    /* Killed between Telegram's answer and RecordDelivery: one in each chat at most. */
    assert_all_handled(&scene, CHATS);
    stop(&scene);
}

Test(e2e_bots, a_leader_that_is_stopped_and_goes_on_later_does_nothing_more, .timeout = 200)
{
    static struct scene scene;
    start(&scene);
    say_round(&scene);
    for (int i = 0; i < 3; i++) {
        say_round(&scene);
    }
    usleep((useconds_t)(getpid() % 60) * 1000);
    uint64_t since_ms = fam_mono_ms();
    cr_assert_eq(kill(scene.system.bot.pid, SIGSTOP), 0);
    for (int i = 0; i < 3; i++) {
        say_round(&scene);
    }
    assert_taken_over(&scene, "SIGSTOP", since_ms);
    say_round(&scene);
    cr_assert(tg_wait_confirmed(&scene.system.telegram, scene.last_update, WAIT_MS));
    cr_assert_eq(kill(scene.system.bot.pid, SIGCONT), 0);
    cr_assert(proc_wait_until(is_ready, &scene.system.bot_http_port, WAIT_MS), "it stands by, and is well");
    say_round(&scene);
    assert_all_handled(&scene, CHATS);
    cr_expect_eq(metric(scene.system.bot_http_port, "family_emotions_bot_leading"), 0);
    cr_expect_eq(metric(scene.second.http_port, "family_emotions_bot_leading"), 1);
    stop(&scene);
}

Test(e2e_bots, a_leader_that_ends_properly_gives_the_lead_back, .timeout = 200)
{
    static struct scene scene;
    start(&scene);
    for (int i = 0; i < 3; i++) {
        say_round(&scene);
    }
    uint64_t since_ms = fam_mono_ms();
    cr_assert_eq(proc_stop(&scene.system.bot, SIGTERM, 40000), 0);
    say_round(&scene);
    assert_taken_over(&scene, "SIGTERM", since_ms);
    assert_all_handled(&scene, 0);
    stop(&scene);
}

Test(e2e_bots, back_and_forth_a_bot_that_returns_begins_from_nothing, .timeout = 250)
{
    static struct scene scene;
    start(&scene);
    for (int i = 0; i < 3; i++) {
        uint16_t *next_port = i % 2 == 0 ? &scene.second.http_port : &scene.system.bot_http_port;
        pid_t leader = i % 2 == 0 ? scene.system.bot.pid : scene.second.proc.pid;
        say_round(&scene);
        cr_assert_eq(kill(leader, SIGSTOP), 0);
        say_round(&scene);
        cr_assert(proc_wait_until(leads, next_port, WAIT_MS));
        cr_assert_eq(kill(leader, SIGCONT), 0);
        say_round(&scene);
        cr_assert(tg_wait_confirmed(&scene.system.telegram, scene.last_update, WAIT_MS));
    }
    assert_all_handled(&scene, 3 * CHATS);
    stop(&scene);
}

/* ---- better readings ---- */

/* Claude takes longer than a parent waits. */
static void start_slow(struct scene *scene)
{
    char base_url[128];
    memset(scene, 0, sizeof(*scene));
    cr_assert(proc_tmpdir(scene->claude_dir, sizeof(scene->claude_dir)));
    cr_assert(cl_sim_start(&scene->claude, scene->claude_dir, NULL));
    snprintf(base_url, sizeof(base_url), "ANTHROPIC_BASE_URL=%s", scene->claude.base_url);
    const char *const settings[] = {base_url, "ANTHROPIC_API_KEY=sk-test-of-nobody", "FAM_CLAUDE_PATIENCE_MS=300",
                                    NULL};
    system_start(&scene->system, settings);
    system_start_bot(&scene->system);
    (void)system_family(&scene->system, FIRST_CHAT, 7);
    cr_assert(cl_fault(&scene->claude, "{\"delay_ms\":2000,\"times\":1}"));
}

static void stop_slow(struct scene *scene)
{
    system_stop(&scene->system);
    cr_expect_eq(cl_sim_stop(&scene->claude), 0);
    proc_rmtree(scene->claude_dir);
}

Test(e2e_bots, a_slow_claude_is_answered_at_once_by_the_built_in_guide_and_then_by_a_better_reading, .timeout = 200)
{
    static struct scene scene;
    struct tg_shown first, better;
    start_slow(&scene);
    uint64_t after = tg_now(&scene.system.telegram);
    cr_assert_neq(tg_say(&scene.system.telegram, FIRST_CHAT, "Ненавижу тебя!"), 0);
    cr_assert(tg_wait_message(&scene.system.telegram, FIRST_CHAT, after, WAIT_MS, &first));
    cr_assert_not_null(strstr(first.text, "Встроенная подсказка"), "%s", first.text);
    cr_assert(tg_wait_message(&scene.system.telegram, FIRST_CHAT, first.seq, WAIT_MS, &better));
    cr_assert_not_null(strstr(better.text, "ответ ИИ"), "%s", better.text);
    /* In place, or as a short new message when the advice has changed: the buttons work in both. */
    if (better.message_id != first.message_id) {
        cr_assert_not_null(strstr(better.text, "ещё раз"), "%s", better.text);
    }
    cr_assert_geq(better.button_count, 4);
    cr_assert_neq(tg_press(&scene.system.telegram, FIRST_CHAT, "Помогло"), 0);
    struct tg_shown rated;
    cr_assert(tg_wait_message(&scene.system.telegram, FIRST_CHAT, better.seq, WAIT_MS, &rated));
    cr_assert_neq(rated.message_id, better.message_id, "the answer stays");
    cr_assert_eq(system_count(&scene.system, "SELECT count(*) FROM ratings"), 1);
    cr_assert_eq(system_count(&scene.system, "SELECT count(*) FROM notifications WHERE state = 'delivered'"), 1);
    stop_slow(&scene);
}

static bool is_held(void *context)
{
    return system_count(context, "SELECT count(*) FROM notifications n JOIN users u USING (user_id) WHERE n.state = "
                                 "'queued' AND NOT u.reachable") == 1;
}

Test(e2e_bots, who_has_blocked_the_bot_gets_the_better_reading_when_they_are_back, .timeout = 200)
{
    static struct scene scene;
    struct tg_shown first, better;
    start_slow(&scene);
    uint64_t after = tg_now(&scene.system.telegram);
    cr_assert_neq(tg_say(&scene.system.telegram, FIRST_CHAT, "Ненавижу тебя!"), 0);
    cr_assert(tg_wait_message(&scene.system.telegram, FIRST_CHAT, after, WAIT_MS, &first));
    cr_assert_neq(tg_do(&scene.system.telegram, FIRST_CHAT, "block"), 0);
    cr_assert(proc_wait_until(is_held, &scene.system, WAIT_MS), "it waits for somebody who is away");
    cr_assert_neq(tg_do(&scene.system.telegram, FIRST_CHAT, "unblock"), 0);
    cr_assert(tg_wait_text(&scene.system.telegram, FIRST_CHAT, first.seq, "ответ ИИ", WAIT_MS, &better));
    stop_slow(&scene);
}
