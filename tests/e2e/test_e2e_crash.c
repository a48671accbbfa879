/* SIGKILL of any part at any moment, while parents write: two bots of one token, two servers, a worker of its own, and
 * Redis, on one PostgreSQL. Each phrase is written once and answered in its turn, each better reading is shown, and no
 * task is lost, left undone, or given up.
 *
 * FAM_TEST_KILLS and FAM_TEST_UPDATES make it long, FAM_TEST_SEED repeats the choice of parts and pauses. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "callback.h"
#include "crash_world.h"

/* A heavy test does less under a sanitizer, where a program takes seconds to start. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { FEW = 1 };
#else
enum { FEW = 0 };
#endif

enum {
    CHATS_MAX = 100,
    PHRASES_MAX = 200, /* in one chat */
    FIRST_CHAT = 5000,
    BURST = 3, /* phrases at once, so that there is an order to keep */
    SETTLE_MS = 180000,
    LONG_SETTLE_MS = 1200000, /* tasks that failed twice among ten thousand wait for minutes */
    STEP_US = 2000,
};

#define TWICE "family_emotions_notifications_maybe_twice_total"

struct plan {
    unsigned say_seed, kill_seed; /* apart, so that neither choice hangs on the other's time */
    int chats, phrases;           /* in each chat */
    int kills;
    int kill_every_ms, say_every_ms; /* on average */
    int settle_ms;
};

struct chat {
    struct person person;
    int said;
    struct fam_uuid entries[PHRASES_MAX]; /* what the phrases became */
    bool is_answered[PHRASES_MAX];
    int answers; /* phrases that were answered */
    int again;   /* answers that were shown more than once */
    int better;  /* better readings that were shown, in place or as new messages */
};

struct scene {
    struct plan plan;
    struct crash_world world;
    struct chat chats[CHATS_MAX];
    struct fam_callback_signer signer; /* the bot's */
    uint64_t revive_at_ms[CRASH_PARTS];
    double maybe_twice; /* counted by servers that were killed since */
};

static int number_of(const char *name, int otherwise)
{
    const char *value = getenv(name);
    return value != NULL ? atoi(value) : otherwise;
}

static struct plan make_plan(void)
{
    int updates = number_of("FAM_TEST_UPDATES", FEW ? 36 : 96);
    bool is_long = updates >= 1000;
    unsigned seed = (unsigned)number_of("FAM_TEST_SEED", (int)(getpid() ^ (int)time(NULL)));
    struct plan plan = {.say_seed = seed,
                        .kill_seed = ~seed,
                        .kills = number_of("FAM_TEST_KILLS", FEW ? 6 : 20),
                        .kill_every_ms = is_long || FEW ? 2000 : 1000,
                        .settle_ms = is_long ? LONG_SETTLE_MS : SETTLE_MS};
    plan.chats = is_long ? CHATS_MAX : 6;
    plan.phrases = updates / plan.chats;
    cr_assert(plan.phrases > 0 && plan.phrases <= PHRASES_MAX, "FAM_TEST_UPDATES: %d", updates);
    plan.say_every_ms = plan.kills * plan.kill_every_ms / updates * (BURST + 1) / 2;
    fprintf(stderr, "FAM_TEST_SEED=%u FAM_TEST_KILLS=%d FAM_TEST_UPDATES=%d\n", seed, plan.kills,
            plan.chats * plan.phrases);
    return plan;
}

/* Uniform, 0 to twice the average. */
static uint64_t some_ms(unsigned *seed, int average_ms)
{
    return (uint64_t)rand_r(seed) % (2 * (unsigned)average_ms + 1);
}

/* ---- what happens ---- */

/* No two are alike, so that no reading comes from a cache. */
static void phrase_of(int chat, int number, char ret_phrase[64])
{
    snprintf(ret_phrase, 64, "Не хочу, %d раз не хочу и ещё %d", number, chat);
}

static void say(struct scene *scene, int number)
{
    struct chat *chat = &scene->chats[number];
    char phrase[64];
    phrase_of(number, chat->said, phrase);
    cr_assert_neq(tg_say(&scene->world.system.telegram, FIRST_CHAT + number, phrase), 0);
    chat->said++;
}

/* A few phrases in one chat that has not said all; how many. */
static int say_some(struct scene *scene)
{
    int number = (int)((unsigned)rand_r(&scene->plan.say_seed) % (unsigned)scene->plan.chats);
    int count = 1 + rand_r(&scene->plan.say_seed) % BURST;
    int said = 0;
    while (scene->chats[number].said == scene->plan.phrases) {
        number = (number + 1) % scene->plan.chats;
    }
    for (; said < count && scene->chats[number].said < scene->plan.phrases; said++) {
        say(scene, number);
    }
    return said;
}

/* The part that was drawn, or the next one that is up. A counter of a process dies with it, so it is read a moment
 * before. */
static void kill_some(struct scene *scene)
{
    unsigned drawn = (unsigned)rand_r(&scene->plan.kill_seed);
    uint64_t down_ms = some_ms(&scene->plan.kill_seed, scene->plan.kill_every_ms / 4);
    for (unsigned i = 0; i < CRASH_PARTS; i++) {
        enum crash_part part = (enum crash_part)((drawn + i) % CRASH_PARTS);
        if (scene->world.is_down[part]) {
            continue;
        }
        if (part == CRASH_SERVER_1 || part == CRASH_SERVER_2) {
            scene->maybe_twice += crash_metric(&scene->world, part, TWICE);
        }
        crash_kill(&scene->world, part);
        scene->revive_at_ms[part] = fam_mono_ms() + down_ms;
        return;
    }
}

static void revive_due(struct scene *scene, bool all)
{
    for (int part = 0; part < CRASH_PARTS; part++) {
        if (scene->world.is_down[part] && (all || fam_mono_ms() >= scene->revive_at_ms[part])) {
            crash_revive(&scene->world, (enum crash_part)part);
        }
    }
}

static int kills_of(const struct scene *scene)
{
    int kills = 0;
    for (int part = 0; part < CRASH_PARTS; part++) {
        kills += scene->world.kills[part];
    }
    return kills;
}

static void play(struct scene *scene)
{
    int left = scene->plan.chats * scene->plan.phrases;
    uint64_t kill_at_ms = fam_mono_ms() + some_ms(&scene->plan.kill_seed, scene->plan.kill_every_ms);
    uint64_t say_at_ms = 0;
    while (left > 0 || kills_of(scene) < scene->plan.kills) {
        if (left > 0 && fam_mono_ms() >= say_at_ms) {
            left -= say_some(scene);
            say_at_ms = fam_mono_ms() + some_ms(&scene->plan.say_seed, scene->plan.say_every_ms);
        }
        if (kills_of(scene) < scene->plan.kills && fam_mono_ms() >= kill_at_ms) {
            kill_some(scene);
            kill_at_ms = fam_mono_ms() + some_ms(&scene->plan.kill_seed, scene->plan.kill_every_ms);
        }
        revive_due(scene, false);
        (void)usleep(STEP_US);
    }
    revive_due(scene, true);
}

/* ---- what must be so afterwards ---- */

/* Entries whose newest reading is the built-in one. */
#define UNREAD                                                                                                         \
    "SELECT count(*) FROM emotion_entries e WHERE 'offline' = (SELECT r.engine FROM readings r WHERE r.entry_id = "    \
    "e.entry_id ORDER BY r.version DESC LIMIT 1)"

static const struct {
    const char *sql, *what;
} LEFT_OVER[] = {
    {"SELECT count(*) FROM tasks WHERE state = 'queued' AND type = 'process_emotion_batch'", "tasks that are not done"},
    {UNREAD, "entries that were not read again"},
    {"SELECT count(*) FROM notifications WHERE state = 'queued'", "notifications that were not delivered"},
};
enum { LEFT_OVERS = sizeof(LEFT_OVER) / sizeof(LEFT_OVER[0]) };

static bool is_quiet(void *context)
{
    struct scene *scene = context;
    if (tg_state(&scene->world.system.telegram, "pending") != 0) {
        return false;
    }
    for (size_t i = 0; i < LEFT_OVERS; i++) {
        if (system_count(&scene->world.system, LEFT_OVER[i].sql) != 0) {
            return false;
        }
    }
    return true;
}

/* For whoever reads a failure: nothing of it is personal. */
static void tell_tasks(struct scene *scene)
{
    char value[4096];
    cr_assert(
        pg_server_sql(scene->world.system.pg.conninfo,
                      "SELECT string_agg(line, E'\n') FROM (SELECT format('%s %s %s, attempts %s, deaths %s, due in "
                      "%s, leased for %s, %s', type, state, waits_for, attempts, deaths, not_before - now(), "
                      "leased_until - now(), reason) AS line FROM tasks ORDER BY task_id DESC LIMIT 20) l",
                      value, sizeof(value)));
    fprintf(stderr, "the newest tasks:\n%s\n", value);
}

static void settle(struct scene *scene)
{
    if (proc_wait_until(is_quiet, scene, scene->plan.settle_ms)) {
        return;
    }
    cr_expect_eq(tg_state(&scene->world.system.telegram, "pending"), 0, "updates that were not confirmed");
    for (size_t i = 0; i < LEFT_OVERS; i++) {
        cr_expect_eq(system_count(&scene->world.system, LEFT_OVER[i].sql), 0, "%s", LEFT_OVER[i].what);
    }
    tell_tasks(scene);
    cr_assert_fail("it does not come to rest");
}

/* Which phrases of a chat are written down, and how often. */
static void count_entries(struct scene *scene, int number, unsigned counts[PHRASES_MAX])
{
    const struct fam_rpc_options options = {.acting_user = &scene->chats[number].person.user_id, .read_only = true};
    char token[128] = "";
    bool more = true;
    while (more) {
        Fam__V1__ListEntriesRequest request = FAM__V1__LIST_ENTRIES_REQUEST__INIT;
        struct fam_status status = {.message = ""};
        struct fam_rpc rpc;
        request.page_size = 100;
        request.page_token = token;
        fam_rpc_init(&rpc, &options);
        cr_assert_eq(
            FAM_RPC(scene->world.system.client, fam__v1__translation_service, list_entries, &rpc, &request, &status),
            FAM_OK, "%s", status.message);
        const Fam__V1__ListEntriesResponse *response = (const void *)fam_rpc_response(&rpc);
        for (size_t i = 0; i < response->n_entries; i++) {
            int phrase = -1, chat = -1;
            cr_assert_eq(sscanf(response->entries[i]->phrase, "Не хочу, %d раз не хочу и ещё %d", &phrase, &chat), 2);
            cr_assert(chat == number && phrase >= 0 && phrase < scene->plan.phrases);
            cr_assert(fam_uuid_parse(response->entries[i]->entry_id, &scene->chats[number].entries[phrase]));
            counts[phrase]++;
        }
        more = response->next_page_token[0] != '\0';
        snprintf(token, sizeof(token), "%s", response->next_page_token);
        fam_rpc_done(&rpc);
    }
}

static void assert_written_once(struct scene *scene)
{
    for (int chat = 0; chat < scene->plan.chats; chat++) {
        unsigned counts[PHRASES_MAX] = {0};
        count_entries(scene, chat, counts);
        for (int i = 0; i < scene->plan.phrases; i++) {
            cr_expect_eq(counts[i], 1, "phrase %d of chat %d was written %u times", i, chat, counts[i]);
        }
    }
    int all = scene->plan.chats * scene->plan.phrases;
    cr_expect_eq(system_count(&scene->world.system, "SELECT count(*) FROM emotion_entries"), all);
    cr_expect_eq(system_count(&scene->world.system, "SELECT count(DISTINCT entry_id) FROM deliveries"), all);
}

/* The phrase whose entry the message's buttons are about; -1: it has none of that kind. */
static int phrase_of_message(const struct scene *scene, int number, const cJSON *message)
{
    const cJSON *row = NULL, *button = NULL;
    cJSON_ArrayForEach(row, fam_json_get(message, "buttons"))
    {
        cJSON_ArrayForEach(button, row)
        {
            struct fam_callback callback;
            const char *data = fam_json_string(button, "data");
            if (data == NULL || fam_callback_verify(&scene->signer, data, FIRST_CHAT + number, fam_wall_ms(),
                                                    &callback) != FAM_CALLBACK_VALID) {
                continue;
            }
            for (int i = 0; i < scene->plan.phrases; i++) {
                if (fam_uuid_equal(&scene->chats[number].entries[i], &callback.entry)) {
                    return i;
                }
            }
        }
    }
    return -1;
}

/* Texts that replaced the one which was sent. */
static int edits_of(const cJSON *message)
{
    int edits = 0;
    const cJSON *version = NULL;
    cJSON_ArrayForEach(version, fam_json_get(message, "history"))
    {
        const char *kind = fam_json_string(version, "kind");
        edits += kind != NULL && strcmp(kind, "text") == 0;
    }
    return edits;
}

/* One message of the bot: the answer to a phrase, in its turn, or a better reading of one. */
static void see_message(struct scene *scene, int number, const cJSON *message, int *newest)
{
    struct chat *chat = &scene->chats[number];
    int phrase = phrase_of_message(scene, number, message);
    chat->better += edits_of(message);
    if (fam_json_get(message, "reply_to") != NULL) { /* to the answer that was shown */
        chat->better++;
        return;
    }
    if (phrase < 0) {
        return; /* a word to wait */
    }
    cr_expect_geq(phrase, *newest, "in chat %d phrase %d was answered after phrase %d", number, phrase, *newest);
    *newest = phrase > *newest ? phrase : *newest;
    chat->answers += !chat->is_answered[phrase];
    chat->again += chat->is_answered[phrase];
    chat->is_answered[phrase] = true;
}

static void see_chat(struct scene *scene, int number)
{
    struct chat *chat = &scene->chats[number];
    int newest = 0;
    const cJSON *message = NULL;
    cJSON *news = tg_messages(&scene->world.system.telegram, FIRST_CHAT + number, 0);
    cr_assert_not_null(news);
    cJSON_ArrayForEach(message, fam_json_get(news, "messages"))
    {
        if (cJSON_IsTrue(fam_json_get(message, "from_bot"))) {
            see_message(scene, number, message, &newest);
        }
    }
    cJSON_Delete(news);
    cr_expect_eq(chat->answers, scene->plan.phrases, "phrases of chat %d that were answered", number);
}

/* An answer is shown again only when its bot died between Telegram's answer and RecordDelivery: once at most for each
 * chat that it was answering. */
static void assert_answered_in_turn(struct scene *scene, int *ret_better)
{
    int again = 0;
    int bots = scene->world.kills[CRASH_BOT_1] + scene->world.kills[CRASH_BOT_2];
    for (int i = 0; i < scene->plan.chats; i++) {
        see_chat(scene, i);
        again += scene->chats[i].again;
        *ret_better += scene->chats[i].better;
    }
    fprintf(stderr, "%d answers were shown again after %d kills of a bot\n", again, bots);
    cr_expect_leq(again, bots * 8);
}

/* Entries whose newest reading is not the one that was shown last. */
#define OUTDATED                                                                                                       \
    "SELECT count(*) FROM emotion_entries e WHERE (SELECT max(r.version) FROM readings r WHERE r.entry_id = "          \
    "e.entry_id) <> (SELECT d.reading_version FROM deliveries d WHERE d.entry_id = e.entry_id ORDER BY d.created_at "  \
    "DESC, d.delivery_id DESC LIMIT 1)"

/* Each was shown, unless a repeated answer had shown its reading already, and again only when its bot died between
 * Telegram's answer and its Ack, which a server has counted when it gave it to another. A server that is killed a
 * moment after its page was read takes what it counted since. */
static void assert_notified(struct scene *scene, int shown)
{
    struct system *system = &scene->world.system;
    int64_t delivered = system_count(system, "SELECT count(*) FROM notifications WHERE state = 'delivered'");
    int64_t repeats = system_count(system, "SELECT coalesce(sum(attempts - 1), 0) FROM notifications");
    for (int part = CRASH_SERVER_1; part <= CRASH_SERVER_2; part++) {
        scene->maybe_twice += crash_metric(&scene->world, (enum crash_part)part, TWICE);
    }
    fprintf(stderr, "%lld notifications were delivered, shown %d times, perhaps twice: %g, attempted again: %lld\n",
            (long long)delivered, shown, scene->maybe_twice, (long long)repeats);
    char others[1024];
    cr_assert(pg_server_sql(system->pg.conninfo,
                            "SELECT string_agg(format('%s after %s attempts, version %s of %s: %s', state, attempts, "
                            "reading_version, (SELECT max(version) FROM readings r WHERE r.entry_id = n.entry_id), "
                            "reason), ', ') FROM notifications n WHERE state <> 'delivered' AND (state <> 'failed' OR "
                            "reason NOT IN ('SHOWN_ALREADY', 'SUPERSEDED'))",
                            others, sizeof(others)));
    cr_expect_str_empty(others, "notifications that were not delivered:\n%s", others);
    cr_expect_eq(system_count(system, OUTDATED), 0, "chats that do not show the newest reading");
    cr_expect_gt(delivered, 0);
    cr_expect_geq(shown, delivered);
    cr_expect_leq(shown - delivered, repeats);
    cr_expect_leq(shown - delivered, (int64_t)scene->maybe_twice);
}

static void assert_nothing_given_up(struct scene *scene)
{
    cr_expect_eq(
        system_count(&scene->world.system, "SELECT count(*) FROM tasks WHERE state = 'dead' AND reason <> 'poison'"),
        0);
}

Test(e2e_crash, any_part_is_killed_at_any_moment_and_nothing_is_lost_or_done_twice, .timeout = 2900)
{
    static struct scene scene;
    static const char *const settings[] = {"FAM_CLAUDE_PATIENCE_MS=300", "FAM_CLAUDE_TIMEOUT_MS=3000",
                                           "FAM_QUEUE_SWEEP_MS=1000", NULL};
    const struct fam_secret token = {.data = (unsigned char *)(uintptr_t)TG_TEST_TOKEN, .size = strlen(TG_TEST_TOKEN)};
    int better = 0;
    scene.plan = make_plan();
    cr_assert(fam_callback_init(&scene.signer, &token));
    crash_world_start(&scene.world, settings);
    for (int i = 0; i < scene.plan.chats; i++) {
        scene.chats[i].person = system_family(&scene.world.system, FIRST_CHAT + i, 7);
    }
    /* Some answers take longer than a parent waits: they go on, and come as better readings. */
    cr_assert(cl_fault(&scene.world.claude, "{\"delay_ms\":1500,\"probability\":0.5}"));
    play(&scene);
    settle(&scene);
    for (int part = 0; part < CRASH_PARTS; part++) {
        fprintf(stderr, "%s was killed %d times\n", crash_name((enum crash_part)part), scene.world.kills[part]);
    }
    assert_written_once(&scene);
    assert_answered_in_turn(&scene, &better);
    assert_notified(&scene, better);
    assert_nothing_given_up(&scene);
    crash_world_stop(&scene.world);
    fam_callback_done(&scene.signer);
}
