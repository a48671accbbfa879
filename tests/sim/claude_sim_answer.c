/* claude_sim_answer.c: the message that answers a good request; see claude_sim_state.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "sim/claude_sim_state.h"

enum { THINKING_TOKENS = 40 };

/* What the message will say, before it is put together. */
struct draft {
    enum cs_spoil spoil;
    const char *stop_reason; /* NULL: null */
    bool is_given;           /* the text comes from a fault */
    struct fam_buf text;
    struct cs_usage usage;
};

static void plain_text(const struct cs_request *request, struct draft *draft)
{
    fam_buf_add_text(&draft->text, cs_wants_russian(request) ? "(имитация) Это ответ имитации."
                                                             : "(simulated) This is the answer of a simulator.");
}

/* What the model says: data for the schema, plain text without one, or what the fault puts in its place. */
static bool write_text(const struct cs_request *request, const struct cs_fault *fault, struct draft *draft)
{
    if (fault && fault->answer_text) {
        fam_buf_add_text(&draft->text, fault->answer_text);
        draft->is_given = true;
        return true;
    }
    if (!request->schema) {
        plain_text(request, draft);
        cs_spoil_text(draft->spoil, &draft->text);
        return true;
    }
    bool russian = cs_wants_russian(request);
    struct cs_style style = {.russian = draft->spoil == CS_SPOIL_WRONG_LANGUAGE ? !russian : russian,
                             .at_risk = draft->spoil == CS_SPOIL_SAFETY_RISK,
                             .denied = draft->spoil == CS_SPOIL_SAFETY_DENIED};
    cJSON *data = cs_reading(request, &style);
    if (data) {
        cs_spoil_data(draft->spoil, data, request->schema);
    }
    char *text = data ? cJSON_PrintUnformatted(data) : NULL;
    cJSON_Delete(data);
    if (!text) {
        return false;
    }
    fam_buf_add_text(&draft->text, text);
    free(text);
    cs_spoil_text(draft->spoil, &draft->text);
    return !draft->text.failed;
}

static void end_draft(const struct cs_request *request, struct draft *draft)
{
    static const struct {
        enum cs_spoil spoil;
        const char *reason;
    } reasons[] = {{CS_SPOIL_REFUSAL, "refusal"},
                   {CS_SPOIL_MAX_TOKENS, "max_tokens"},
                   {CS_SPOIL_CONTEXT, "model_context_window_exceeded"},
                   {CS_SPOIL_TOOL_USE, "tool_use"},
                   {CS_SPOIL_PAUSE_TURN, "pause_turn"},
                   {CS_SPOIL_STOP_SEQUENCE, "stop_sequence"},
                   {CS_SPOIL_STRANGE_STOP, "tea_break"},
                   {CS_SPOIL_NO_STOP, NULL}};
    int64_t room = request->max_tokens - (request->thinks ? THINKING_TOKENS : 0);
    draft->stop_reason = "end_turn";
    for (size_t i = 0; i < FAM_ARRAY_SIZE(reasons); i++) {
        if (reasons[i].spoil == draft->spoil) {
            draft->stop_reason = reasons[i].reason;
        }
    }
    draft->usage.output = cs_tokens(fam_buf_text(&draft->text));
    size_t whole = draft->text.size;
    if (draft->spoil == CS_SPOIL_REFUSAL) {
        draft->text.size = 0;
    } else if (draft->spoil == CS_SPOIL_MAX_TOKENS || draft->spoil == CS_SPOIL_CONTEXT) {
        draft->text.size = whole / 2;
    } else if (draft->spoil == CS_SPOIL_NONE && !draft->is_given &&
               draft->usage.output > room) { /* the model really ran out of tokens */
        draft->stop_reason = "max_tokens";
        draft->text.size = room > 0 ? (size_t)((int64_t)whole * room / draft->usage.output) : 0;
    }
    while (draft->text.size && ((unsigned char)draft->text.data[draft->text.size] & 0xc0) == 0x80) {
        draft->text.size--; /* no half characters */
    }
    if (draft->text.data) {
        draft->text.data[draft->text.size] = '\0';
    }
    draft->usage.output = cs_tokens(fam_buf_text(&draft->text)) + (request->thinks ? THINKING_TOKENS : 0);
}

static void add_thinking(const struct cs_request *request, struct fam_buf *body)
{
    const char *display = fam_json_string(fam_json_get(request->json, "thinking"), "display");
    bool shown = display ? strcmp(display, "summarized") == 0 : !(request->model->traits & CS_THINKS);
    fam_buf_add_text(body, "{\"type\":\"thinking\",\"thinking\":");
    fam_json_add_string(body, shown ? "The child's words are read as data; the answer follows the schema." : "");
    fam_buf_add_text(body, ",\"signature\":\"c2ltdWxhdGVk\"},");
}

static void add_text_block(struct fam_buf *body, const char *text)
{
    fam_buf_add_text(body, "{\"type\":\"text\",\"text\":");
    fam_json_add_string(body, text);
    fam_buf_add_char(body, '}');
}

static void add_content(const struct cs_request *request, struct draft *draft, struct fam_buf *body)
{
    size_t start = body->size;
    bool thinks = request->thinks || draft->spoil == CS_SPOIL_THINKING_FIRST;
    bool silent = draft->spoil == CS_SPOIL_NO_TEXT || draft->spoil == CS_SPOIL_NO_CONTENT ||
                  draft->spoil == CS_SPOIL_TOOL_USE || draft->spoil == CS_SPOIL_REFUSAL;
    if (draft->spoil == CS_SPOIL_NO_CONTENT) {
        return;
    }
    if (draft->spoil == CS_SPOIL_REDACTED_FIRST) {
        fam_buf_add_text(body, "{\"type\":\"redacted_thinking\",\"data\":\"c2ltdWxhdGVk\"},");
    } else if (draft->spoil == CS_SPOIL_STRANGE_BLOCK) {
        fam_buf_add_text(body, "{\"type\":\"crystal_ball\",\"text\":\"{}\"},");
    } else if (draft->spoil != CS_SPOIL_REFUSAL && (thinks || draft->spoil == CS_SPOIL_NO_TEXT)) {
        add_thinking(request, body);
    }
    if (draft->spoil == CS_SPOIL_TOOL_USE) {
        fam_buf_add_text(body, "{\"type\":\"tool_use\",\"id\":\"toolu_sim\",\"name\":\"answer\",\"input\":{}},");
    }
    if (!silent) {
        add_text_block(body, fam_buf_text(&draft->text));
        fam_buf_add_char(body, ',');
    }
    if (draft->spoil == CS_SPOIL_TWO_TEXTS) {
        add_text_block(body, fam_buf_text(&draft->text));
        fam_buf_add_char(body, ',');
    }
    if (!body->failed && body->size > start) {
        body->data[--body->size] = '\0'; /* the comma after the last block */
    }
}

static void add_usage(const struct draft *draft, struct fam_buf *body)
{
    const struct cs_usage *usage = &draft->usage;
    fam_buf_addf(body,
                 ",\"usage\":{\"input_tokens\":%" PRId64 ",\"cache_creation_input_tokens\":%" PRId64
                 ",\"cache_read_input_tokens\":%" PRId64 ",\"cache_creation\":{\"ephemeral_5m_input_tokens\":%" PRId64
                 ",\"ephemeral_1h_input_tokens\":%" PRId64 "},\"output_tokens\":%" PRId64
                 ",\"service_tier\":\"standard\"}",
                 usage->input, usage->written_5m + usage->written_1h, usage->read, usage->written_5m, usage->written_1h,
                 usage->output);
}

bool cs_answer(struct claude_sim *sim, const struct cs_request *request, const struct cs_fault *fault,
               struct fam_buf *ret_body)
{
    struct draft draft = {.spoil = fault ? fault->spoil : CS_SPOIL_NONE};
    bool good = write_text(request, fault, &draft);
    end_draft(request, &draft);
    int64_t output = draft.usage.output;
    cs_usage_count(sim, request, &draft.usage);
    draft.usage.output = output;
    fam_buf_addf(ret_body, "{\"model\":\"%s\",\"id\":\"msg_sim%020" PRIu64 "\",\"type\":\"message\",",
                 request->model->id, sim->last_id);
    fam_buf_add_text(ret_body, "\"role\":\"assistant\",\"content\":[");
    add_content(request, &draft, ret_body);
    fam_buf_addf(ret_body, "],\"stop_reason\":%s%s%s,\"stop_sequence\":null", draft.stop_reason ? "\"" : "",
                 draft.stop_reason ? draft.stop_reason : "null", draft.stop_reason ? "\"" : "");
    if (draft.spoil == CS_SPOIL_REFUSAL) {
        fam_buf_add_text(ret_body, ",\"stop_details\":{\"type\":\"refusal\",\"category\":null,\"explanation\":null}");
    }
    if (draft.spoil != CS_SPOIL_NO_USAGE) {
        add_usage(&draft, ret_body);
    }
    fam_buf_add_char(ret_body, '}');
    cs_spoil_body(draft.spoil, ret_body);
    sim->minute_input += draft.usage.input + draft.usage.written_5m + draft.usage.written_1h;
    sim->minute_output += output;
    sim->stats.input_tokens +=
        (uint64_t)(draft.usage.input + draft.usage.written_5m + draft.usage.written_1h + draft.usage.read);
    sim->stats.output_tokens += (uint64_t)output;
    fam_buf_done(&draft.text);
    return good && !ret_body->failed;
}
