/* telegram_sim_world.h: one simulator and one bot of the test's own, shared by the tests of the simulator. */
#ifndef FAM_TESTS_TELEGRAM_SIM_WORLD_H
#define FAM_TESTS_TELEGRAM_SIM_WORLD_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/json.h"
#include "telegram_client.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BOT "/bot" TG_TEST_TOKEN
enum { CHAT = 7001, WAIT_MS = 10000 };

/* Each test is a process of its own, so this is one test's world. */
static struct world {
    char dir[256];
    struct tg_sim sim;
    struct sim_client *bot;
} world;

static inline void set_up(void)
{
    cr_assert(proc_tmpdir(world.dir, sizeof(world.dir)));
    cr_assert(tg_sim_start(&world.sim, world.dir, false));
    world.bot = sim_client_new(world.sim.base_url);
    cr_assert_not_null(world.bot);
}

static inline void tear_down(void)
{
    if (world.sim.client)
        tg_sim_stop(&world.sim);
    sim_client_free(world.bot);
    proc_rmtree(world.dir);
}

/* A call with a JSON body; returns the HTTP status. The answer goes to *ret_answer (may be NULL). */
static inline int call(const char *method, const char *json, cJSON **ret_answer)
{
    char path[128];
    snprintf(path, sizeof(path), BOT "/%s", method);
    return sim_client_post_json(world.bot, path, cJSON_Parse(json), ret_answer);
}

static inline void expect_error(const char *method, const char *json, int status, const char *description)
{
    cJSON *answer = NULL;
    int got = call(method, json, &answer);
    const char *text = fam_json_string(answer, "description");
    int64_t code = 0;
    cr_expect_eq(got, status, "%s %s: %d", method, json, got);
    cr_expect(fam_json_i64(answer, "error_code", &code) && code == status);
    cr_expect_str_eq(text ? text : "(none)", description, "%s %s", method, json);
    cr_expect_not(fam_json_bool(answer, "ok"));
    cJSON_Delete(answer);
}

static inline void expect_good(const char *method, const char *json)
{
    cJSON *answer = NULL;
    int status = call(method, json, &answer);
    const char *why = fam_json_string(answer, "description");
    cr_expect_eq(status, 200, "%s %s: %d %s", method, json, status, why ? why : "");
    cr_expect(fam_json_bool(answer, "ok"), "%s", method);
    cJSON_Delete(answer);
}

/* The bot says a text; returns the message's id. */
static inline int64_t bot_says(const char *text)
{
    char json[512];
    cJSON *answer = NULL;
    int64_t id = 0;
    snprintf(json, sizeof(json), "{\"chat_id\":%d,\"text\":\"%s\"}", CHAT, text);
    cr_assert_eq(call("sendMessage", json, &answer), 200);
    cr_assert(fam_json_i64(fam_json_get(answer, "result"), "message_id", &id));
    cJSON_Delete(answer);
    return id;
}

/* getUpdates without waiting; the list of updates (borrowed from *ret_answer). */
static inline const cJSON *poll_updates(int64_t offset, cJSON **ret_answer)
{
    char path[128];
    snprintf(path, sizeof(path), BOT "/getUpdates?offset=%" PRId64, offset);
    cr_assert_eq(sim_client_get(world.bot, path, WAIT_MS, ret_answer), 200);
    return fam_json_get(*ret_answer, "result");
}

static inline int count_updates(int64_t offset)
{
    cJSON *answer = NULL;
    int count = cJSON_GetArraySize(poll_updates(offset, &answer));
    cJSON_Delete(answer);
    return count;
}

#endif
