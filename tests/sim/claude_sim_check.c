/* claude_sim_check.c: is a request one that the service would take? See claude_sim_state.h. The first fault is told. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "sim/claude_sim_state.h"

enum { MOST_BREAKPOINTS = 4, MOST_MESSAGES = 100000 };

bool cs_fail(struct cs_error *error, int status, const char *type, const char *format, ...)
{
    va_list arguments;
    error->status = status;
    error->type = type;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    return false;
}

bool cs_refuse(struct cs_error *error, const char *format, ...)
{
    va_list arguments;
    error->status = 400;
    error->type = "invalid_request_error";
    va_start(arguments, format);
    vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    return false;
}

static bool check_key(const struct claude_sim *sim, const struct http_sim_request *request,
                      struct cs_request *ret_request, struct cs_error *error)
{
    char key[512];
    char bearer[520];
    bool has_key = http_sim_header(request, "x-api-key", key, sizeof(key)) && key[0];
    bool has_bearer = http_sim_header(request, "authorization", bearer, sizeof(bearer)) && bearer[0];
    if (!has_key && !has_bearer) {
        return cs_fail(error, 401, "authentication_error", "x-api-key header is required");
    }
    if (!has_key) { /* with both, x-api-key counts */
        if (strncasecmp(bearer, "Bearer ", 7) != 0 || bearer[7] == '\0') {
            return cs_fail(error, 401, "authentication_error", "Invalid bearer token");
        }
        ret_request->bearer = true;
    }
    const char *given = has_key ? key : bearer + 7;
    if (sim->key && strcmp(sim->key, given) != 0) {
        return cs_fail(error, 401, "authentication_error", has_key ? "invalid x-api-key" : "Invalid bearer token");
    }
    return true;
}

bool cs_check_headers(const struct claude_sim *sim, const struct http_sim_request *request, bool has_body,
                      struct cs_request *ret_request, struct cs_error *error)
{
    char value[128];
    if (!check_key(sim, request, ret_request, error)) {
        return false;
    }
    if (!http_sim_header(request, "anthropic-version", value, sizeof(value))) {
        return cs_refuse(error, "anthropic-version: header is required");
    }
    ret_request->is_new = strcmp(value, "2026-10-21") == 0;
    if (!ret_request->is_new && strcmp(value, "2023-06-01") != 0) {
        return cs_refuse(error, "anthropic-version: \"%.40s\" is not a valid version", value);
    }
    http_sim_header(request, "content-type", value, sizeof(value));
    if (has_body && (strncasecmp(value, "application/json", 16) != 0 || (value[16] && !strchr("; \t", value[16])))) {
        return cs_refuse(error, "content-type: must be application/json");
    }
    return true;
}

bool cs_check_members(const cJSON *object, const char *path, const char *const *known, struct cs_error *error)
{
    const cJSON *member;
    cJSON_ArrayForEach(member, object)
    {
        size_t i = 0;
        while (known[i] && strcmp(known[i], member->string) != 0) {
            i++;
        }
        if (!known[i]) {
            return cs_refuse(error, "%s%s%.60s: Extra inputs are not permitted", path, path[0] ? "." : "",
                             member->string);
        }
    }
    return true;
}

bool cs_check_cache_control(const cJSON *holder, const char *path, struct cs_error *error)
{
    static const char *const known[] = {"type", "ttl", NULL};
    char inner[160];
    const cJSON *control = fam_json_get(holder, "cache_control");
    if (!control || cJSON_IsNull(control)) {
        return true;
    }
    snprintf(inner, sizeof(inner), "%s%scache_control", path, path[0] ? "." : "");
    const char *type = fam_json_string(control, "type");
    const cJSON *ttl = fam_json_get(control, "ttl");
    if (!type || strcmp(type, "ephemeral") != 0) {
        return cs_refuse(error, "%s.type: Input should be 'ephemeral'", inner);
    }
    if (ttl && (!cJSON_IsString(ttl) || (strcmp(ttl->valuestring, "5m") != 0 && strcmp(ttl->valuestring, "1h") != 0))) {
        return cs_refuse(error, "%s.ttl: Input should be '5m' or '1h'", inner);
    }
    return cs_check_members(control, inner, known, error);
}

static bool check_text_block(const cJSON *block, const char *path, const struct cs_request *request, bool of_user,
                             struct cs_error *error)
{
    static const char *const known[] = {"type", "text", "cache_control", "citations", NULL};
    const char *text = fam_json_string(block, "text");
    const cJSON *citations = fam_json_get(block, "citations");
    if (!text) {
        return cs_refuse(error, "%s.text: Field required", path);
    }
    if (!cs_check_members(block, path, known, error) || !cs_check_cache_control(block, path, error)) {
        return false;
    }
    if (!text[0] && fam_json_get(block, "cache_control")) {
        return cs_refuse(error, "%s: cache_control cannot be set for empty text blocks", path);
    }
    if (!text[strspn(text, " \t\r\n")]) {
        return cs_refuse(error, "%s: text content blocks must be non-empty", path);
    }
    if (request->is_new && of_user && cJSON_GetArraySize(citations) > 0) {
        return cs_refuse(error, "%s.citations: Extra inputs are not permitted", path);
    }
    return true;
}

/* Blocks that are no text are known by their type, and not looked into. */
static bool check_block(const cJSON *block, const char *path, const struct cs_request *request, bool of_user,
                        struct cs_error *error)
{
    static const char *const of_users[] = {"image", "document", "search_result", "tool_result", NULL};
    static const char *const of_assistants[] = {"thinking", "redacted_thinking", "tool_use", "document", NULL};
    const char *const *known = of_user ? of_users : of_assistants;
    const char *type = fam_json_string(block, "type");
    if (!type) {
        return cs_refuse(error, "%s.type: Field required", path);
    }
    if (strcmp(type, "text") == 0) {
        return check_text_block(block, path, request, of_user, error);
    }
    while (*known && strcmp(*known, type) != 0) {
        known++;
    }
    if (!*known || (request->is_new && !of_user && strcmp(type, "document") == 0)) {
        return cs_refuse(error, "%s: Input tag '%.40s' found using 'type' does not match any of the expected tags",
                         path, type);
    }
    return cs_check_cache_control(block, path, error);
}

static void collect(struct cs_request *request, const char *text)
{
    if (request->asked.size) {
        fam_buf_add_char(&request->asked, '\n');
    }
    fam_buf_add_text(&request->asked, text);
}

/* The texts of the last user's turn are what is asked. */
static void read_asked(struct cs_request *request)
{
    const cJSON *messages = fam_json_get(request->json, "messages");
    const cJSON *last = NULL;
    const cJSON *item;
    cJSON_ArrayForEach(item, messages)
    {
        const char *role = fam_json_string(item, "role");
        last = role && strcmp(role, "user") == 0 ? item : last;
    }
    const cJSON *content = fam_json_get(last, "content");
    if (cJSON_IsString(content)) {
        collect(request, content->valuestring);
    } else if (cJSON_IsArray(content)) {
        cJSON_ArrayForEach(item, content)
        {
            const char *text = fam_json_string(item, "text");
            collect(request, text ? text : "");
        }
    }
}

static bool check_content(const cJSON *content, const char *path, const struct cs_request *request, bool of_user,
                          bool may_be_empty, struct cs_error *error)
{
    const cJSON *block;
    int number = 0;
    if (!content) {
        return cs_refuse(error, "%s.content: Field required", path);
    }
    if (!cJSON_IsString(content) && !cJSON_IsArray(content)) {
        return cs_refuse(error, "%s.content: Input should be a valid list", path);
    }
    bool empty = cJSON_IsString(content) ? content->valuestring[0] == '\0' : cJSON_GetArraySize(content) == 0;
    if (empty && !may_be_empty) {
        return cs_refuse(error,
                         "%s: all messages must have non-empty content except for the optional final assistant message",
                         path);
    }
    if (cJSON_IsString(content)) {
        return true;
    }
    cJSON_ArrayForEach(block, content)
    {
        char inner[96];
        snprintf(inner, sizeof(inner), "%s.content.%d", path, number++);
        if (!check_block(block, inner, request, of_user, error)) {
            return false;
        }
    }
    return true;
}

static bool check_messages(const struct cs_request *request, struct cs_error *error)
{
    static const char *const known[] = {"role", "content", NULL};
    const cJSON *messages = fam_json_get(request->json, "messages");
    const cJSON *message;
    const char *role = "";
    int number = 0;
    int count = cJSON_GetArraySize(messages);
    if (!messages || !cJSON_IsArray(messages)) {
        return cs_refuse(error, messages ? "messages: Input should be a valid list" : "messages: Field required");
    }
    if (count == 0 || count > MOST_MESSAGES) {
        return cs_refuse(error, "messages: at least one message is required");
    }
    cJSON_ArrayForEach(message, messages)
    {
        char path[64];
        snprintf(path, sizeof(path), "messages.%d", number++);
        role = fam_json_string(message, "role");
        if (!role) {
            return cs_refuse(error, "%s.role: Field required", path);
        }
        if (strcmp(role, "system") == 0) {
            return cs_refuse(error,
                             "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` "
                             "parameter, not \"system\" as an input message role.");
        }
        bool of_user = strcmp(role, "user") == 0;
        if (!of_user && strcmp(role, "assistant") != 0) {
            return cs_refuse(error, "%s.role: Input should be 'user' or 'assistant'", path);
        }
        if (number == 1 && !of_user) {
            return cs_refuse(error, "messages: first message must use the \"user\" role");
        }
        if (!check_content(fam_json_get(message, "content"), path, request, of_user, number == count && !of_user,
                           error) ||
            !cs_check_members(message, path, known, error)) {
            return false;
        }
    }
    if (strcmp(role, "assistant") == 0 && !(request->model->traits & CS_PREFILLS)) {
        return cs_refuse(error,
                         "This model does not support assistant message prefill. The conversation must end with a "
                         "user message.");
    }
    return true;
}

static bool check_system(const struct cs_request *request, struct cs_error *error)
{
    const cJSON *system = fam_json_get(request->json, "system");
    const cJSON *block;
    int number = 0;
    if (!system || cJSON_IsString(system)) {
        return true;
    }
    if (!cJSON_IsArray(system)) {
        return cs_refuse(error, "system: Input should be a valid list");
    }
    cJSON_ArrayForEach(block, system)
    {
        char path[64];
        const char *type = fam_json_string(block, "type");
        snprintf(path, sizeof(path), "system.%d", number++);
        if (!type || strcmp(type, "text") != 0) {
            return cs_refuse(error, "%s.type: Input should be 'text'", path);
        }
        if (!check_text_block(block, path, request, true, error)) {
            return false;
        }
    }
    return true;
}

static int count_breakpoints(const cJSON *node, int depth)
{
    const cJSON *item;
    int count = cJSON_IsObject(node) && cJSON_IsObject(fam_json_get(node, "cache_control")) ? 1 : 0;
    if (depth < 6) {
        cJSON_ArrayForEach(item, node)
        {
            count += count_breakpoints(item, depth + 1);
        }
    }
    return count;
}

static bool check_sampling(const struct cs_request *request, struct cs_error *error)
{
    static const char *const names[] = {"temperature", "top_p", "top_k"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(names); i++) {
        const cJSON *value = fam_json_get(request->json, names[i]);
        if (!value) {
            continue;
        }
        if (request->is_new) {
            return cs_refuse(error, "%s: Extra inputs are not permitted", names[i]);
        }
        if (!(request->model->traits & CS_SAMPLES)) {
            return cs_refuse(error, "`%s` is deprecated for this model.", names[i]);
        }
        if (!cJSON_IsNumber(value) || value->valuedouble < 0 || (i < 2 && value->valuedouble > 1)) {
            return cs_refuse(error, "%s: Input should be a number between 0 and 1", names[i]);
        }
        if (i == 0 && request->thinks && value->valuedouble < 1) {
            return cs_refuse(error, "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.");
        }
    }
    return true;
}

static bool check_small_things(const struct cs_request *request, struct cs_error *error)
{
    static const char *const in_metadata[] = {"user_id", NULL};
    const cJSON *item;
    const cJSON *metadata = fam_json_get(request->json, "metadata");
    const cJSON *stops = fam_json_get(request->json, "stop_sequences");
    const cJSON *stream = fam_json_get(request->json, "stream");
    const char *tier = fam_json_string(request->json, "service_tier");
    if (metadata && (!cJSON_IsObject(metadata) || !cs_check_members(metadata, "metadata", in_metadata, error))) {
        return cJSON_IsObject(metadata) ? false : cs_refuse(error, "metadata: Input should be an object");
    }
    if (stops && !cJSON_IsArray(stops)) {
        return cs_refuse(error, "stop_sequences: Input should be a valid list");
    }
    cJSON_ArrayForEach(item, stops)
    {
        if (!cJSON_IsString(item) || !item->valuestring[strspn(item->valuestring, " \t\r\n")]) {
            return cs_refuse(error, "stop_sequences: each stop sequence must contain non-whitespace");
        }
    }
    if (stream && !cJSON_IsFalse(stream)) {
        return cs_refuse(error, "stream: this simulator does not stream");
    }
    if (tier && strcmp(tier, "auto") != 0 && strcmp(tier, "standard_only") != 0) {
        return cs_refuse(error, "service_tier: Input should be 'auto' or 'standard_only'");
    }
    int breakpoints = count_breakpoints(request->json, 0);
    if (breakpoints > MOST_BREAKPOINTS) {
        return cs_refuse(error, "A maximum of 4 blocks with cache_control may be provided. Found %d.", breakpoints);
    }
    return cs_check_cache_control(request->json, "", error);
}

static bool read_model(struct cs_request *request, struct cs_error *error)
{
    const cJSON *model = fam_json_get(request->json, "model");
    const cJSON *max_tokens = fam_json_get(request->json, "max_tokens");
    if (!cJSON_IsString(model)) {
        return cs_refuse(error, model ? "model: Input should be a valid string" : "model: Field required");
    }
    request->model = cs_model_find(model->valuestring);
    if (!max_tokens) {
        return cs_refuse(error, "max_tokens: Field required");
    }
    if (!fam_json_i64(request->json, "max_tokens", &request->max_tokens)) {
        return cs_refuse(error, "max_tokens: Input should be a valid integer");
    }
    if (request->max_tokens < 1) {
        return cs_refuse(error, "max_tokens: must be greater than or equal to 1");
    }
    if (!request->model) {
        return cs_fail(error, 404, "not_found_error", "model: %.80s", model->valuestring);
    }
    if (request->max_tokens > request->model->most_output) {
        return cs_refuse(
            error, "max_tokens: %" PRId64 " > %" PRId64 ", which is the maximum allowed number of output tokens for %s",
            request->max_tokens, request->model->most_output, request->model->id);
    }
    return true;
}

bool cs_check_body(const struct http_sim_request *request, struct cs_request *ret_request, struct cs_error *error)
{
    static const char *const known[] = {
        "model",        "messages",      "max_tokens",  "system",        "metadata", "stream", "stop_sequences",
        "thinking",     "tools",         "tool_choice", "temperature",   "top_p",    "top_k",  "output_config",
        "service_tier", "cache_control", "container",   "inference_geo", NULL};
    ret_request->json = fam_json_parse(request->body, request->body_size, HTTP_SIM_MAX_BODY);
    if (!ret_request->json) {
        return cs_refuse(error, "The request body is not valid JSON.");
    }
    if (!cJSON_IsObject(ret_request->json)) {
        return cs_refuse(error, "Input should be a valid dictionary");
    }
    read_asked(ret_request);
    return read_model(ret_request, error) && cs_check_members(ret_request->json, "", known, error) &&
           check_system(ret_request, error) && check_messages(ret_request, error) &&
           cs_check_output_config(ret_request, error) && cs_check_thinking(ret_request, error) &&
           check_sampling(ret_request, error) && cs_check_tools(ret_request, error) &&
           check_small_things(ret_request, error);
}

void cs_request_done(struct cs_request *request)
{
    cJSON_Delete(request->json);
    fam_buf_done(&request->asked);
}
