/* Answers of the Claude API: what is taken is one JSON object, what is refused has a reason and no text; an error's
 * type is one of a closed set. */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "translate/claude_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const struct fam_secret *text)
{
    cJSON *value = fam_json_parse(fam_secret_text(text), text->size, FAM_CLAUDE_RESPONSE_BYTES);
    if (!cJSON_IsObject(value)) {
        abort();
    }
    cJSON_Delete(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fam_claude_model model;
    struct fam_claude_answer answer;
    struct fam_status status = {0};
    if (fam_claude_model_find("claude-haiku-5-5", &model, &status) != FAM_OK) {
        abort();
    }
    enum fam_code code = fam_claude_wire_answer(&model, (const char *)data, size, &answer, &status);
    if (code == FAM_OK) {
        check_text(&answer.text);
    } else if (!fam_secret_is_empty(&answer.text) || status.reason[0] == '\0') {
        abort();
    }
    if (answer.usage.output_tokens > 100000000 || strlen(answer.model) >= sizeof(answer.model)) {
        abort();
    }
    const char *type = fam_claude_wire_error((const char *)data, size);
    if (type[strspn(type, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_")] != '\0') {
        abort();
    }
    fam_secret_done(&answer.text);
    return 0;
}
