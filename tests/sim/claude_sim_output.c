/* claude_sim_output.c: thinking, tools, effort and the output's format, as far as the model takes them; see
 * claude_sim_state.h. */
#include <string.h>

#include "base/json.h"
#include "sim/claude_sim_state.h"

enum { LEAST_BUDGET = 1024, MOST_TOOL_NAME = 64 };

static bool check_budget(const struct cs_request *request, const cJSON *thinking, struct cs_error *error)
{
    int64_t budget = 0;
    if (!(request->model->traits & CS_BUDGETS)) {
        return cs_refuse(error,
                         "\"thinking.type.enabled\" is not supported for this model. Use "
                         "\"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior.");
    }
    if (!fam_json_i64(thinking, "budget_tokens", &budget)) {
        return cs_refuse(error, "thinking.enabled.budget_tokens: Field required");
    }
    if (budget < LEAST_BUDGET) {
        return cs_refuse(error, "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
    }
    if (budget >= request->max_tokens) {
        return cs_refuse(error, "`max_tokens` must be greater than `thinking.budget_tokens`.");
    }
    return true;
}

static bool check_disabled(const struct cs_request *request, struct cs_error *error)
{
    const char *effort = request->effort;
    if (request->model->traits & CS_ALWAYS_THINKS) {
        return cs_refuse(error,
                         "\"thinking.type.disabled\" is not supported for this model. Use "
                         "\"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior.");
    }
    if ((request->model->traits & CS_THINKS) && (strcmp(effort, "xhigh") == 0 || strcmp(effort, "max") == 0)) {
        return cs_refuse(error, "\"thinking.type.disabled\" is not supported with effort '%s'.", effort);
    }
    return true;
}

bool cs_check_thinking(struct cs_request *request, struct cs_error *error)
{
    static const char *const known[] = {"type", "budget_tokens", "display", NULL};
    const cJSON *thinking = fam_json_get(request->json, "thinking");
    const char *type = fam_json_string(thinking, "type");
    const char *display = fam_json_string(thinking, "display");
    request->thinks = (request->model->traits & CS_THINKS) != 0;
    if (!thinking) {
        return true;
    }
    if (!type) {
        return cs_refuse(error, "thinking.type: Field required");
    }
    if (!cs_check_members(thinking, "thinking", known, error)) {
        return false;
    }
    if (display && strcmp(display, "summarized") != 0 && strcmp(display, "omitted") != 0) {
        return cs_refuse(error, "thinking.display: Input should be 'summarized' or 'omitted'");
    }
    request->thinks = strcmp(type, "disabled") != 0 && strcmp(type, "between_tools") != 0;
    if (strcmp(type, "between_tools") == 0) {
        return (request->model->traits & CS_BETWEEN_TOOLS) ||
               cs_refuse(error, "\"thinking.type.between_tools\" is not supported for this model.");
    }
    if (!request->thinks) {
        return check_disabled(request, error);
    }
    if (strcmp(type, "enabled") == 0) {
        return check_budget(request, thinking, error);
    }
    if (strcmp(type, "adaptive") != 0) {
        return cs_refuse(error,
                         "thinking: Input tag '%.40s' found using 'type' does not match any of the expected tags: "
                         "'adaptive', 'between_tools', 'disabled', 'enabled'",
                         type);
    }
    if (!(request->model->traits & CS_ADAPTS)) {
        return cs_refuse(error, "adaptive thinking is not supported on this model");
    }
    return true;
}

static bool check_tool(const cJSON *tool, int number, struct cs_error *error)
{
    char path[64];
    const char *name = fam_json_string(tool, "name");
    snprintf(path, sizeof(path), "tools.%d", number);
    if (!name) {
        return cs_refuse(error, "%s.name: Field required", path);
    }
    if (!name[0] || strlen(name) > MOST_TOOL_NAME ||
        name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")]) {
        return cs_refuse(error, "%s.name: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'", path);
    }
    if (!cJSON_IsObject(fam_json_get(tool, "input_schema")) && !fam_json_string(tool, "type")) {
        return cs_refuse(error, "%s.input_schema: Field required", path);
    }
    return cs_check_cache_control(tool, path, error);
}

bool cs_check_tools(const struct cs_request *request, struct cs_error *error)
{
    const cJSON *tools = fam_json_get(request->json, "tools");
    const cJSON *choice = fam_json_get(request->json, "tool_choice");
    const cJSON *tool;
    int number = 0;
    cJSON_ArrayForEach(tool, tools)
    {
        if (!check_tool(tool, number++, error)) {
            return false;
        }
    }
    if (!choice) {
        return true;
    }
    const char *type = fam_json_string(choice, "type");
    bool forced = type && (strcmp(type, "any") == 0 || strcmp(type, "tool") == 0);
    if (!type || (!forced && strcmp(type, "auto") != 0 && strcmp(type, "none") != 0)) {
        return cs_refuse(error, "tool_choice: Input should be 'auto', 'any', 'tool' or 'none'");
    }
    if (number == 0) {
        return cs_refuse(error, "tool_choice may only be specified while providing tools.");
    }
    if (forced && !(request->model->traits & CS_FORCES_TOOLS)) {
        return cs_refuse(error, "tool_choice: '%s' is not supported for this model. Use 'auto' or 'none'.", type);
    }
    if (forced && request->thinks) {
        return cs_refuse(error, "Thinking may not be enabled when tool_choice forces tool use.");
    }
    return true;
}

static bool check_effort(struct cs_request *request, const cJSON *effort, struct cs_error *error)
{
    static const struct {
        const char *name;
        unsigned trait;
    } levels[] = {{"low", CS_EFFORT},
                  {"medium", CS_EFFORT},
                  {"high", CS_EFFORT},
                  {"xhigh", CS_EFFORT_XHIGH},
                  {"max", CS_EFFORT_MAX}};
    request->effort = "high";
    if (!effort) {
        return true;
    }
    if (!(request->model->traits & CS_EFFORT)) {
        return cs_refuse(error, "This model does not support the effort parameter.");
    }
    for (size_t i = 0; cJSON_IsString(effort) && i < FAM_ARRAY_SIZE(levels); i++) {
        if (strcmp(effort->valuestring, levels[i].name) != 0) {
            continue;
        }
        if (!(request->model->traits & levels[i].trait)) {
            return cs_refuse(error, "This model does not support effort level '%s'.", levels[i].name);
        }
        request->effort = levels[i].name;
        return true;
    }
    return cs_refuse(error, "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'");
}

bool cs_check_output_config(struct cs_request *request, struct cs_error *error)
{
    static const char *const known[] = {"format", "effort", NULL};
    static const char *const in_format[] = {"type", "schema", NULL};
    const cJSON *config = fam_json_get(request->json, "output_config");
    const cJSON *format = fam_json_get(config, "format");
    const char *type = fam_json_string(format, "type");
    const cJSON *schema = fam_json_get(format, "schema");
    if (config && !cJSON_IsObject(config)) {
        return cs_refuse(error, "output_config: Input should be an object");
    }
    if (!cs_check_members(config, "output_config", known, error) ||
        !check_effort(request, fam_json_get(config, "effort"), error)) {
        return false;
    }
    if (!format || cJSON_IsNull(format)) {
        return true;
    }
    if (!type || strcmp(type, "json_schema") != 0) {
        return cs_refuse(error, "output_config.format.type: Input should be 'json_schema'");
    }
    if (!cJSON_IsObject(schema)) {
        return cs_refuse(error, "output_config.format.schema: Field required");
    }
    if (!cs_check_members(format, "output_config.format", in_format, error) || !cs_check_schema(schema, error)) {
        return false;
    }
    request->schema = schema;
    return true;
}
