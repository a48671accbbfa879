#include "translate/claude_wire.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

enum { TOKENS_MOST = 100000000 }; /* of one kind in one answer; more is no number to believe */

static void add_member(struct fam_buf *body, const char *name, const char *value)
{
    fam_buf_addf(body, "\"%s\":", name);
    fam_json_add_string(body, value);
}

static bool is_object(const char *text, size_t most)
{
    cJSON *value = fam_json_parse(text, strlen(text), most);
    bool object = cJSON_IsObject(value);
    cJSON_Delete(value);
    return object;
}

enum fam_code fam_claude_wire_question(const struct fam_claude_model *model, const struct fam_claude_prompt *prompt,
                                       struct fam_buf *body, struct fam_status *status)
{
    if (!fam_utf8_valid(prompt->system, strlen(prompt->system)) ||
        !fam_utf8_valid(prompt->user, strlen(prompt->user))) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "a text for Claude is not valid UTF-8");
    }
    if (!is_object(prompt->schema, FAM_CLAUDE_REQUEST_BYTES)) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "the schema for Claude is not a JSON object");
    }
    fam_buf_add_char(body, '{');
    add_member(body, "model", model->id);
    fam_buf_addf(body, ",\"max_tokens\":%u", model->max_tokens);
    if (model->thinking[0] != '\0') {
        fam_buf_add_text(body, ",\"thinking\":{");
        add_member(body, "type", model->thinking);
        fam_buf_add_char(body, '}');
    }
    fam_buf_add_text(body, ",\"output_config\":{");
    if (model->effort[0] != '\0') {
        add_member(body, "effort", model->effort);
        fam_buf_add_char(body, ',');
    }
    fam_buf_add_text(body, "\"format\":{\"type\":\"json_schema\",\"schema\":");
    fam_buf_add_text(body, prompt->schema);
    fam_buf_add_text(body, "}},\"system\":[{\"type\":\"text\",");
    add_member(body, "text", prompt->system);
    fam_buf_add_text(body, ",\"cache_control\":{\"type\":\"ephemeral\"}}],"
                           "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",");
    add_member(body, "text", prompt->user);
    fam_buf_add_text(body, "}]}]}");
    if (body->failed) {
        return fam_fail(status, FAM_OUT_OF_RANGE, "the question for Claude is larger than allowed");
    }
    return FAM_OK;
}

static uint64_t read_tokens(const cJSON *usage, const char *key)
{
    int64_t tokens = 0;
    if (!fam_json_i64(usage, key, &tokens) || tokens < 0) {
        return 0; /* absent or null: the model does not cache */
    }
    return (uint64_t)(tokens > TOKENS_MOST ? TOKENS_MOST : tokens);
}

static void read_usage(const struct fam_claude_model *model, const cJSON *message, struct fam_claude_usage *ret_usage)
{
    const cJSON *usage = fam_json_get(message, "usage");
    ret_usage->input_tokens = read_tokens(usage, "input_tokens");
    ret_usage->cache_write_tokens = read_tokens(usage, "cache_creation_input_tokens");
    ret_usage->cache_read_tokens = read_tokens(usage, "cache_read_input_tokens");
    ret_usage->output_tokens = read_tokens(usage, "output_tokens");
    ret_usage->cost_micro_usd = fam_claude_model_cost(model, ret_usage);
}

static enum fam_code fail_invalid(struct fam_status *status, const char *what)
{
    (void)fam_fail_reason(status, FAM_INTERNAL, "INVALID_ANSWER", 0, "Claude's answer is of no use: %s", what);
    return FAM_INTERNAL; /* for all to see that it is never FAM_OK */
}

static enum fam_code judge_stop_reason(const char *stop_reason, struct fam_status *status)
{
    if (stop_reason == NULL) {
        return fail_invalid(status, "no stop reason");
    }
    if (strcmp(stop_reason, "end_turn") == 0) {
        return FAM_OK;
    }
    if (strcmp(stop_reason, "refusal") == 0) {
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "REFUSAL", 0, "Claude refused to answer");
    }
    if (strcmp(stop_reason, "max_tokens") == 0) {
        return fam_fail_reason(status, FAM_OUT_OF_RANGE, "MAX_TOKENS", 0, "Claude's answer was cut at its longest");
    }
    if (strcmp(stop_reason, "model_context_window_exceeded") == 0) {
        return fam_fail_reason(status, FAM_OUT_OF_RANGE, "CONTEXT", 0, "the question was too long for the model");
    }
    return fail_invalid(status, "an unexpected stop reason");
}

/* Thinking may stand before the text, and blocks of kinds to come anywhere; a second text is no answer. */
static enum fam_code find_text(const cJSON *content, const char **ret_text, struct fam_status *status)
{
    const cJSON *block = NULL;
    *ret_text = NULL;
    if (!cJSON_IsArray(content)) {
        return fail_invalid(status, "no content");
    }
    cJSON_ArrayForEach(block, content)
    {
        const char *type = fam_json_string(block, "type");
        if (type == NULL) {
            return fail_invalid(status, "a block without a type");
        }
        if (strcmp(type, "text") != 0) {
            continue;
        }
        const char *text = fam_json_string(block, "text");
        if (text == NULL || *ret_text != NULL) {
            return fail_invalid(status, text == NULL ? "a text block without a text" : "two text blocks");
        }
        *ret_text = text;
    }
    return *ret_text != NULL ? FAM_OK : fail_invalid(status, "no text block");
}

static void copy_model(const struct fam_claude_model *model, const char *told, char ret_model[FAM_CLAUDE_MODEL_SIZE])
{
    static const char CHARS[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
    bool good =
        told != NULL && told[0] != '\0' && strlen(told) < FAM_CLAUDE_MODEL_SIZE && told[strspn(told, CHARS)] == '\0';
    (void)snprintf(ret_model, FAM_CLAUDE_MODEL_SIZE, "%s", good ? told : model->id);
}

static enum fam_code read_message(const struct fam_claude_model *model, const cJSON *message,
                                  struct fam_claude_answer *answer, struct fam_status *status)
{
    const char *text = NULL;
    enum fam_code code = judge_stop_reason(fam_json_string(message, "stop_reason"), status);
    if (code == FAM_OK) {
        code = find_text(fam_json_get(message, "content"), &text, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    if (!is_object(text, FAM_CLAUDE_RESPONSE_BYTES)) {
        return fail_invalid(status, "the text is not a JSON object");
    }
    if (!fam_secret_set(&answer->text, text, strlen(text))) {
        return fam_fail_memory(status);
    }
    copy_model(model, fam_json_string(message, "model"), answer->model);
    return FAM_OK;
}

enum fam_code fam_claude_wire_answer(const struct fam_claude_model *model, const char *body, size_t size,
                                     struct fam_claude_answer *ret_answer, struct fam_status *status)
{
    *ret_answer = (struct fam_claude_answer){.model = ""};
    cJSON *message = fam_json_parse(body, size, FAM_CLAUDE_RESPONSE_BYTES);
    if (!cJSON_IsObject(message)) {
        cJSON_Delete(message);
        return fail_invalid(status, "it is no JSON object");
    }
    read_usage(model, message, &ret_answer->usage);
    enum fam_code code = read_message(model, message, ret_answer, status);
    cJSON_Delete(message);
    return code;
}

const char *fam_claude_wire_error(const char *body, size_t size)
{
    static const char *const TYPES[][2] = {
        {"invalid_request_error", "INVALID_REQUEST_ERROR"},
        {"authentication_error", "AUTHENTICATION_ERROR"},
        {"permission_error", "PERMISSION_ERROR"},
        {"billing_error", "BILLING_ERROR"},
        {"not_found_error", "NOT_FOUND_ERROR"},
        {"request_too_large", "REQUEST_TOO_LARGE"},
        {"conflict_error", "CONFLICT_ERROR"},
        {"rate_limit_error", "RATE_LIMIT_ERROR"},
        {"timeout_error", "TIMEOUT_ERROR"},
        {"api_error", "API_ERROR"},
        {"overloaded_error", "OVERLOADED_ERROR"},
    };
    const char *found = "REJECTED";
    cJSON *value = fam_json_parse(body, size, FAM_CLAUDE_RESPONSE_BYTES);
    const char *type = fam_json_string(fam_json_get(value, "error"), "type");
    for (size_t i = 0; type != NULL && i < FAM_ARRAY_SIZE(TYPES); i++) {
        if (strcmp(TYPES[i][0], type) == 0) {
            found = TYPES[i][1];
        }
    }
    cJSON_Delete(value);
    return found;
}
