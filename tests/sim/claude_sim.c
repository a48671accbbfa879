/* claude_sim.c: see claude_sim.h. Start, stop, and the way of a call: headers, body, fault, answer, record. */
#include "sim/claude_sim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "sim/claude_sim_state.h"

enum { MINUTE_MS = 60000 };

static const char html_page[] = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
                                "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>cloudflare</center>\r\n"
                                "</body>\r\n</html>\r\n";

/* One call under way. */
struct call {
    struct http_sim_exchange *exchange;
    struct cs_record *record; /* NULL: a path that is only counted */
    const struct cs_fault *fault;
    uint64_t number; /* of the request-id */
};

static void start_minute(struct claude_sim *sim)
{
    uint64_t now_ms = fam_mono_ms();
    if (now_ms >= sim->minute_ends_ms) {
        sim->minute_ends_ms = now_ms + MINUTE_MS;
        sim->minute_requests = 0;
        sim->minute_input = 0;
        sim->minute_output = 0;
    }
}

static void add_limit(struct fam_buf *headers, const char *what, int64_t limit, int64_t used, const char *reset)
{
    int64_t left = used < limit ? limit - used : 0;
    fam_buf_addf(headers,
                 "anthropic-ratelimit-%s-limit: %" PRId64 "\r\nanthropic-ratelimit-%s-remaining: %" PRId64
                 "\r\nanthropic-ratelimit-%s-reset: %s\r\n",
                 what, limit, what, left, what, reset);
}

static void add_headers(struct claude_sim *sim, const struct call *call, int status, struct fam_buf *headers)
{
    char reset[FAM_RFC3339_SIZE];
    uint64_t now_ms = fam_mono_ms();
    int64_t left_ms = now_ms < sim->minute_ends_ms ? (int64_t)(sim->minute_ends_ms - now_ms) : 0;
    fam_rfc3339(fam_wall_ms() + left_ms, reset);
    fam_buf_addf(headers, "request-id: req_sim%020" PRIu64 "\r\nanthropic-organization-id: simulated\r\n",
                 call->number);
    int64_t used = status == 429 ? sim->requests_a_minute : sim->minute_requests;
    add_limit(headers, "requests", sim->requests_a_minute, used, reset);
    add_limit(headers, "input-tokens", CS_INPUT_TOKENS_A_MINUTE, sim->minute_input, reset);
    add_limit(headers, "output-tokens", CS_OUTPUT_TOKENS_A_MINUTE, sim->minute_output, reset);
    add_limit(headers, "tokens", CS_INPUT_TOKENS_A_MINUTE + CS_OUTPUT_TOKENS_A_MINUTE,
              sim->minute_input + sim->minute_output, reset);
    if (call->fault) {
        cs_fault_headers(call->fault, headers);
    }
}

static void send_reply(struct claude_sim *sim, const struct call *call, int status, const char *content_type,
                       const char *more_headers, const char *body, size_t size, uint32_t latency_ms)
{
    fam_auto(fam_buf_done) struct fam_buf headers = {0};
    struct http_sim_reply reply = call->fault ? call->fault->transport : (struct http_sim_reply){0};
    add_headers(sim, call, status, &headers);
    fam_buf_add_text(&headers, more_headers);
    reply.status = status;
    reply.content_type = content_type;
    reply.headers = fam_buf_text(&headers);
    reply.body = body;
    reply.body_size = size;
    reply.delay_ms += latency_ms;
    if (call->record) {
        bool whole = reply.cut == HTTP_SIM_WHOLE && !reply.truncate && !reply.hang;
        call->record->status = whole ? status : 0;
        reply.tag = call->record->id;
    }
    http_sim_reply(call->exchange, &reply);
}

static void send_error(struct claude_sim *sim, const struct call *call, const struct cs_error *error,
                       const char *more_headers)
{
    fam_auto(fam_buf_done) struct fam_buf body = {0};
    fam_buf_add_text(&body, "{\"type\":\"error\",\"error\":{\"type\":");
    fam_json_add_string(&body, error->type);
    fam_buf_add_text(&body, ",\"message\":");
    fam_json_add_string(&body, error->message);
    fam_buf_addf(&body, "},\"request_id\":\"req_sim%020" PRIu64 "\"}", call->number);
    send_reply(sim, call, error->status, NULL, more_headers, fam_buf_text(&body), body.size, 0);
}

static const char *default_message(int status)
{
    switch (status) {
    case 401:
        return "invalid x-api-key";
    case 403:
        return "Your API key does not have permission to use the specified resource.";
    case 413:
        return "Request exceeds the maximum size";
    case 429:
        return "This request would exceed your organization's rate limit.";
    case 529:
        return "Overloaded";
    default:
        return status >= 500 ? "Internal server error" : "invalid request";
    }
}

/* What the fault puts in place of the answer. False: the answer itself goes out, spoiled or not. */
static bool replace_answer(struct claude_sim *sim, const struct call *call)
{
    const struct cs_fault *fault = call->fault;
    if (!fault) {
        return false;
    }
    int status = fault->status ? fault->status : fault->html ? 502 : 200;
    if (fault->raw) {
        send_reply(sim, call, status, NULL, "", fault->raw, fault->raw_size, 0);
    } else if (fault->body) {
        send_reply(sim, call, status, NULL, "", fault->body, strlen(fault->body), 0);
    } else if (fault->html) {
        send_reply(sim, call, status, "text/html", "", html_page, sizeof(html_page) - 1, 0);
    } else if (fault->status && fault->status != 200) {
        struct cs_error error = {0};
        cs_fail(&error, status, fault->error_type ? fault->error_type : cs_error_type(status), "%s",
                fault->message ? fault->message : default_message(status));
        send_error(sim, call, &error, "");
    } else {
        return false;
    }
    return true;
}

static bool is_over_limit(struct claude_sim *sim, const struct call *call)
{
    if (!sim->enforce || sim->minute_requests <= sim->requests_a_minute) {
        return false;
    }
    char header[64];
    struct cs_error error = {0};
    uint64_t left_ms = sim->minute_ends_ms - fam_mono_ms();
    snprintf(header, sizeof(header), "retry-after: %" PRIu64 "\r\n", left_ms > MINUTE_MS ? 1 : left_ms / 1000 + 1);
    cs_fail(&error, 429, cs_error_type(429), "%s", default_message(429));
    send_error(sim, call, &error, header);
    return true;
}

static void send_answer(struct claude_sim *sim, const struct call *call, const struct cs_request *request)
{
    fam_auto(fam_buf_done) struct fam_buf body = {0};
    if (!cs_answer(sim, request, call->fault, &body)) {
        struct cs_error error = {0};
        cs_fail(&error, 500, "api_error", "the simulator can't make data for this schema");
        send_error(sim, call, &error, "");
        return;
    }
    uint32_t jitter_ms = sim->jitter_ms ? (uint32_t)(cs_random(sim) % (sim->jitter_ms + 1)) : 0;
    send_reply(sim, call, 200, NULL, "", fam_buf_text(&body), body.size, sim->latency_ms + jitter_ms);
}

static void serve_messages(struct claude_sim *sim, struct http_sim_exchange *exchange,
                           const struct http_sim_request *request)
{
    struct cs_request asked = {.effort = "high"};
    struct cs_error error = {0};
    start_minute(sim);
    bool good = cs_check_headers(sim, request, true, &asked, &error) && cs_check_body(request, &asked, &error);
    struct call call = {.exchange = exchange, .record = cs_record_new(sim, &asked, request)};
    call.number = call.record->id;
    call.fault = cs_fault_take(sim, "/v1/messages", asked.json ? fam_buf_text(&asked.asked) : request->body);
    call.record->faulty = call.fault != NULL;
    call.record->spoil = call.fault ? call.fault->spoil : CS_SPOIL_NONE;
    sim->stats.faulty += call.fault ? 1 : 0;
    if (!good) {
        sim->stats.invalid++;
        call.record->problem = strdup(error.message);
    }
    if (!replace_answer(sim, &call)) {
        if (!good) {
            send_error(sim, &call, &error, "");
        } else if (!is_over_limit(sim, &call)) {
            send_answer(sim, &call, &asked);
        }
    }
    cs_request_done(&asked);
}

static cJSON *model_view(const struct cs_model *model)
{
    cJSON *view = cJSON_CreateObject();
    cJSON_AddStringToObject(view, "type", "model");
    cJSON_AddStringToObject(view, "id", model->id);
    cJSON_AddStringToObject(view, "display_name", model->name);
    cJSON_AddStringToObject(view, "created_at", "2026-01-01T00:00:00Z");
    cJSON_AddNumberToObject(view, "max_input_tokens", (double)model->context);
    cJSON_AddNumberToObject(view, "max_tokens", (double)model->most_output);
    return view;
}

static cJSON *models_view(void)
{
    cJSON *view = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(view, "data");
    const struct cs_model *last = NULL;
    const struct cs_model *model;
    for (size_t i = 0; (model = cs_model_at(i)) != NULL; i++) {
        cJSON_AddItemToArray(list, model_view(model));
        last = model;
    }
    cJSON_AddBoolToObject(view, "has_more", 0);
    cJSON_AddStringToObject(view, "first_id", cs_model_at(0)->id);
    cJSON_AddStringToObject(view, "last_id", last ? last->id : "");
    return view;
}

static void serve_models(struct claude_sim *sim, struct call *call, const struct http_sim_request *request,
                         struct cs_error *error)
{
    const char *id = strlen(request->path) > strlen("/v1/models/") ? request->path + strlen("/v1/models/") : "";
    const struct cs_model *model = cs_model_find(id);
    if (id[0] && !model) {
        cs_fail(error, 404, "not_found_error", "model: %.80s", id);
        send_error(sim, call, error, "");
        return;
    }
    cJSON *view = model ? model_view(model) : models_view();
    char *text = cJSON_PrintUnformatted(view);
    cJSON_Delete(view);
    send_reply(sim, call, text ? 200 : 500, NULL, "", text ? text : "", text ? strlen(text) : 0, 0);
    free(text);
}

/* Everything that is no question to a model: counted, not recorded. */
static void serve_other(struct claude_sim *sim, struct http_sim_exchange *exchange,
                        const struct http_sim_request *request)
{
    struct cs_request asked = {0};
    struct cs_error error = {0};
    bool is_models = strcmp(request->path, "/v1/models") == 0 || strncmp(request->path, "/v1/models/", 11) == 0;
    bool is_messages = strcmp(request->path, "/v1/messages") == 0;
    sim->stats.others++;
    start_minute(sim);
    struct call call = {.exchange = exchange, .number = UINT64_C(1000000000000) + sim->stats.others};
    call.fault = cs_fault_take(sim, request->path, "");
    if (replace_answer(sim, &call)) {
        return;
    }
    bool good = cs_check_headers(sim, request, false, &asked, &error);
    if (good && is_models && strcmp(request->method, "GET") == 0) {
        serve_models(sim, &call, request, &error);
        return;
    }
    if (good && (is_models || is_messages)) {
        cs_fail(&error, 405, "invalid_request_error", "Method Not Allowed");
    } else if (good) {
        cs_fail(&error, 404, "not_found_error", "Not Found");
    }
    send_error(sim, &call, &error, "");
}

static void on_request(void *context, struct http_sim_exchange *exchange, const struct http_sim_request *request)
{
    struct claude_sim *sim = context;
    if (strncmp(request->path, "/control/", 9) == 0) {
        cs_control(sim, exchange, request);
    } else if (strcmp(request->path, "/v1/messages") == 0 && strcmp(request->method, "POST") == 0) {
        serve_messages(sim, exchange, request);
    } else {
        serve_other(sim, exchange, request);
    }
}

static void on_gone(void *context, struct http_sim_exchange *exchange)
{
    cs_control_gone(context, exchange);
}

static void on_over(void *context, uint64_t tag, bool done)
{
    cs_record_over(context, tag, done);
}

static int on_tick(void *context, uint64_t now_ms)
{
    return cs_control_tick(context, now_ms);
}

static bool prepare(struct claude_sim *sim, const struct claude_sim_options *options)
{
    sim->default_latency_ms = options->latency_ms;
    sim->latency_ms = options->latency_ms;
    sim->requests_a_minute = CS_REQUESTS_A_MINUTE;
    sim->random = 1; /* the same weather in every run */
    sim->key = options->key ? strdup(options->key) : NULL;
    if (options->key && !sim->key) {
        errno = ENOMEM;
        return false;
    }
    return cs_records_open(sim, options->record_file);
}

struct claude_sim *claude_sim_new(const struct claude_sim_options *options)
{
    struct claude_sim *sim = calloc(1, sizeof(*sim));
    if (!sim) {
        return NULL;
    }
    if (prepare(sim, options)) {
        sim->http =
            http_sim_new("127.0.0.1", options->port,
                         &(struct http_sim_handler){
                             .context = sim, .request = on_request, .gone = on_gone, .over = on_over, .tick = on_tick});
    }
    if (!sim->http) {
        int error = errno;
        claude_sim_free(sim);
        errno = error;
        return NULL;
    }
    return sim;
}

void claude_sim_free(struct claude_sim *sim)
{
    if (!sim) {
        return;
    }
    http_sim_free(sim->http);
    cs_control_done(sim);
    cs_faults_clear(sim);
    cs_records_done(sim);
    free(sim->key);
    free(sim);
}

uint16_t claude_sim_port(const struct claude_sim *sim)
{
    return http_sim_port(sim->http);
}

bool claude_sim_run(struct claude_sim *sim)
{
    return http_sim_run(sim->http);
}

void claude_sim_stop(struct claude_sim *sim)
{
    http_sim_stop(sim->http);
}
