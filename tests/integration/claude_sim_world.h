/* claude_sim_world.h: one simulator of the Messages API and good questions to it, shared by its tests. */
#ifndef FAM_TESTS_CLAUDE_SIM_WORLD_H
#define FAM_TESTS_CLAUDE_SIM_WORLD_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/json.h"
#include "base/text.h"
#include "claude_client.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 15000, LONGEST_SYSTEM = 20000 };

#define MODEL "claude-sonnet-5-5"
#define OBJECT(properties, required)                                                                                   \
    "{\"type\":\"object\",\"properties\":{" properties "},\"required\":[" required "],\"additionalProperties\":false}"
#define TEXT "{\"type\":\"string\"}"
#define FEELING                                                                                                        \
    OBJECT("\"emotion\":{\"type\":\"string\",\"enum\":[\"anger\",\"sadness\",\"fear\",\"joy\",\"calm\"]},"             \
           "\"intensity\":{\"type\":\"integer\",\"enum\":[1,2,3,4,5]}",                                                \
           "\"emotion\",\"intensity\"")
#define SCHEMA                                                                                                         \
    OBJECT("\"risk\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"enum\":[\"suicide\",\"bullying\"]}},"        \
           "\"primary\":" FEELING ",\"secondary\":{\"type\":\"array\",\"items\":" FEELING "},\"going_on\":" TEXT       \
           ",\"second_reading\":" TEXT                                                                                 \
           ",\"needs\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"enum\":[\"rest\",\"play\",\"order\","      \
           "\"help\"]}},\"responses\":{\"type\":\"array\",\"items\":" OBJECT(                                          \
               "\"kind\":{\"type\":\"string\",\"enum\":[\"name_feeling\",\"give_space\",\"set_limit\",\"repair\"]},"   \
               "\"text\":" TEXT ",\"why\":" TEXT,                                                                      \
               "\"kind\",\"text\",\"why\"") "},\"activity\":" TEXT,                                                    \
           "\"risk\",\"primary\",\"secondary\",\"going_on\",\"second_reading\",\"needs\",\"responses\",\"activity\"")

/* Each test is a process of its own, so this is one test's world. */
static struct world {
    char dir[256];
    struct cl_sim sim;
} world;

static inline void set_up(void)
{
    cr_assert(proc_tmpdir(world.dir, sizeof(world.dir)));
    cr_assert(cl_sim_start(&world.sim, world.dir, NULL));
}

static inline void tear_down(void)
{
    if (world.sim.client) {
        cr_expect_eq(cl_sim_stop(&world.sim), 0);
    }
    proc_rmtree(world.dir);
}

/* A good question about a phrase; the caller changes and frees it. */
static inline cJSON *new_question(const char *phrase)
{
    cJSON *body = cJSON_Parse("{\"model\":\"" MODEL "\",\"max_tokens\":4000,\"system\":[{\"type\":\"text\",\"text\":"
                              "\"You help parents.\",\"cache_control\":{\"type\":\"ephemeral\"}}],\"messages\":[{"
                              "\"role\":\"user\",\"content\":\"\"}],\"output_config\":{\"format\":{\"type\":"
                              "\"json_schema\",\"schema\":" SCHEMA "}}}");
    cr_assert_not_null(body);
    cJSON *message = cJSON_GetArrayItem(cJSON_GetObjectItem(body, "messages"), 0);
    cJSON_ReplaceItemInObject(message, "content", cJSON_CreateString(phrase));
    return body;
}

/* Puts a JSON value in the place of a member; "" takes it away. */
static inline void set_member(cJSON *body, const char *name, const char *json)
{
    cJSON_DeleteItemFromObject(body, name);
    if (json[0]) {
        cJSON *value = cJSON_Parse(json);
        cr_assert_not_null(value, "%s", json);
        cJSON_AddItemToObject(body, name, value);
    }
}

/* Asks, and frees the question. */
static inline void ask(cJSON *body, const char *const *headers, struct cl_reply *ret_reply)
{
    char *text = cJSON_PrintUnformatted(body);
    cr_assert_not_null(text);
    cl_call(&world.sim, "/v1/messages", headers, text, WAIT_MS, ret_reply);
    free(text);
    cJSON_Delete(body);
}

/* The text of the only text block; NULL when there is not exactly one. */
static inline const char *answer_text(const struct cl_reply *reply)
{
    const char *found = NULL;
    const cJSON *block;
    int count = 0;
    cJSON_ArrayForEach(block, fam_json_get(reply->json, "content"))
    {
        const char *type = fam_json_string(block, "type");
        if (type && strcmp(type, "text") == 0) {
            found = fam_json_string(block, "text");
            count++;
        }
    }
    return count == 1 ? found : NULL;
}

/* The data of a good answer; the caller frees it. */
static inline cJSON *answer_data(const struct cl_reply *reply)
{
    const char *text = answer_text(reply);
    cr_assert_eq(reply->status, 200, "%s", fam_buf_text(&reply->body));
    cr_assert_not_null(text);
    cJSON *data = fam_json_parse(text, strlen(text), 1 << 20);
    cr_assert_not_null(data, "%s", text);
    return data;
}

static inline int64_t usage_of(const struct cl_reply *reply, const char *name)
{
    int64_t value = -1;
    return fam_json_i64(fam_json_get(reply->json, "usage"), name, &value) ? value : -1;
}

static inline void expect_error(const struct cl_reply *reply, int status, const char *type, const char *part)
{
    const cJSON *error = fam_json_get(reply->json, "error");
    const char *message = fam_json_string(error, "message");
    const char *of_error = fam_json_string(error, "type");
    char id[64];
    cr_expect_eq(reply->status, status, "%d instead of %d: %s", reply->status, status, fam_buf_text(&reply->body));
    cr_expect_str_eq(of_error ? of_error : "", type);
    cr_expect(message && strstr(message, part), "%s does not say %s", message ? message : "(nothing)", part);
    cr_expect(cl_reply_header(reply, "request-id", id, sizeof(id)));
    cr_expect_str_eq(fam_json_string(reply->json, "request_id") ? fam_json_string(reply->json, "request_id") : "", id);
}

#endif
