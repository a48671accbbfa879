/* telegram_sim.c: see telegram_sim.h. Start, stop, and the way of a call: token, method, parameters, fault, effect,
 * answer. */
#include "sim/telegram_sim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/json.h"
#include "sim/tg_state.h"

static const char html_page[] = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
                                "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.18.0</center>\r\n"
                                "</body>\r\n</html>\r\n";

static void note_status(struct telegram_sim *sim, const struct tg_caller *caller, int status)
{
    if (caller->call < sim->call_count)
        sim->calls[caller->call].status = caller->damage.cut != HTTP_SIM_WHOLE || caller->damage.hang ? 0 : status;
}

static void reply_with(struct telegram_sim *sim, const struct tg_caller *caller, int status, const char *headers,
                       const char *body, size_t size)
{
    const struct tg_damage *damage = &caller->damage;
    note_status(sim, caller, status);
    http_sim_reply(caller->exchange, &(struct http_sim_reply){.status = status,
                                                              .headers = headers,
                                                              .content_type = damage->html ? "text/html" : NULL,
                                                              .body = body,
                                                              .body_size = size,
                                                              .delay_ms = damage->delay_ms,
                                                              .drip_bytes = damage->drip_bytes,
                                                              .drip_interval_ms = damage->drip_interval_ms,
                                                              .truncate = damage->truncate,
                                                              .truncate_at = damage->truncate_at,
                                                              .cut = damage->cut,
                                                              .hang = damage->hang});
}

/* What the fault puts in place of the answer. False: the answer itself goes out, damaged or not. */
static bool replace_answer(struct telegram_sim *sim, const struct tg_caller *caller)
{
    const struct tg_damage *damage = &caller->damage;
    int status = damage->status ? damage->status : damage->html ? 502 : 200;
    if (damage->body) {
        reply_with(sim, caller, status, NULL, damage->body, strlen(damage->body));
        return true;
    }
    if (damage->html) {
        reply_with(sim, caller, status, NULL, html_page, sizeof(html_page) - 1);
        return true;
    }
    if (damage->status == 0 || damage->status == 200)
        return false;
    struct tg_error error = {0};
    if (damage->description)
        tg_fail(&error, status, "%s", damage->description);
    else if (status == 429)
        tg_fail(&error, status, "Too Many Requests: retry after %" PRIu32, damage->retry_after_s);
    else if (status == 401)
        tg_fail(&error, status, "Unauthorized");
    else if (status == 403)
        tg_fail(&error, status, "Forbidden: bot was blocked by the user");
    else if (status == 409)
        tg_fail(&error, status,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running");
    else
        tg_fail(&error, status, status == 400 ? "Bad Request: chat not found" : "Internal Server Error");
    if (damage->retry_after_s) {
        error.parameter = "retry_after";
        error.value = damage->retry_after_s;
    }
    struct tg_caller plain = *caller;
    plain.damage.status = 0;
    tg_answer_error(sim, &plain, &error);
    return true;
}

void tg_answer_bytes(struct telegram_sim *sim, const struct tg_caller *caller, int status, const char *body,
                     size_t size)
{
    if (!replace_answer(sim, caller))
        reply_with(sim, caller, status, NULL, body, size);
}

void tg_answer_ok(struct telegram_sim *sim, const struct tg_caller *caller, cJSON *result)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddBoolToObject(body, "ok", 1);
    if (!cJSON_AddItemToObject(body, "result", result))
        cJSON_Delete(result);
    char *text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    tg_answer_bytes(sim, caller, text ? 200 : 500, text ? text : "", text ? strlen(text) : 0);
    free(text);
}

void tg_answer_error(struct telegram_sim *sim, const struct tg_caller *caller, const struct tg_error *error)
{
    char headers[64] = "";
    cJSON *body = cJSON_CreateObject();
    cJSON_AddBoolToObject(body, "ok", 0);
    tg_put_i64(body, "error_code", error->code);
    tg_put_text(body, "description", error->text);
    if (error->parameter) {
        tg_put_i64(cJSON_AddObjectToObject(body, "parameters"), error->parameter, error->value);
        if (error->code == 429)
            snprintf(headers, sizeof(headers), "Retry-After: %" PRId64 "\r\n", error->value);
    }
    char *text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    reply_with(sim, caller, error->code, headers, text ? text : "", text ? strlen(text) : 0);
    free(text);
}

/* A full log takes no more: its entries are referred to by their number. */
static size_t log_call(struct telegram_sim *sim, const char *method, int64_t chat_id)
{
    if (sim->call_count == TG_MAX_CALLS)
        return SIZE_MAX;
    struct tg_call *call = &sim->calls[sim->call_count];
    *call = (struct tg_call){.chat_id = chat_id, .at_ms = fam_mono_ms()};
    snprintf(call->method, sizeof(call->method), "%s", method);
    return sim->call_count++;
}

static void fail_call(struct telegram_sim *sim, const struct tg_caller *caller, int code, const char *text)
{
    struct tg_error error = {0};
    tg_fail(&error, code, "%s", text);
    tg_answer_error(sim, caller, &error);
}

static void run_method(struct telegram_sim *sim, struct tg_caller *caller, const char *method, const cJSON *args)
{
    struct tg_error error = {.code = 500, .text = "Internal Server Error"};
    const struct tg_damage *damage = &caller->damage;
    bool polls = strcmp(method, "getupdates") == 0;
    tg_method_fn *run = tg_method_find(method);
    if (damage->on && !damage->apply) {
        if (!replace_answer(sim, caller))
            reply_with(sim, caller, 200, NULL, "", 0);
        return;
    }
    if (polls) {
        tg_get_updates(sim, caller, args);
        return;
    }
    if (!run) {
        fail_call(sim, caller, 404, "Not Found: method not found");
        return;
    }
    cJSON *result = run(sim, args, &error);
    if (result)
        tg_answer_ok(sim, caller, result);
    else
        tg_answer_error(sim, caller, &error);
}

/* /bot<token>/<method> */
static void serve_bot(struct telegram_sim *sim, struct http_sim_exchange *exchange,
                      const struct http_sim_request *request)
{
    char method[40] = "";
    struct tg_error error = {0};
    struct tg_caller caller = {.exchange = exchange, .call = SIZE_MAX};
    const char *token = request->path + 4;
    const char *slash = strchr(token, '/');
    size_t token_size = slash ? (size_t)(slash - token) : 0;
    if (!slash) {
        fail_call(sim, &caller, 404, "Not Found");
        return;
    }
    snprintf(method, sizeof(method), "%s", slash + 1);
    for (size_t i = 0; method[i]; i++)
        if (method[i] >= 'A' && method[i] <= 'Z')
            method[i] = (char)(method[i] | 32);
    if (token_size != strlen(sim->token) || strncmp(token, sim->token, token_size) != 0) {
        caller.call = log_call(sim, method, 0);
        fail_call(sim, &caller, 401, "Unauthorized");
        return;
    }
    cJSON *args = tg_args_read(request, &error);
    int64_t chat_id = args ? tg_arg_i64(args, "chat_id", 0) : 0;
    caller.call = log_call(sim, method, chat_id);
    caller.damage = tg_fault_take(sim, method, chat_id);
    if (args)
        run_method(sim, &caller, method, args);
    else
        tg_answer_error(sim, &caller, &error);
    cJSON_Delete(args);
}

static void on_request(void *context, struct http_sim_exchange *exchange, const struct http_sim_request *request)
{
    struct telegram_sim *sim = context;
    if (strncmp(request->path, "/control/", 9) == 0) {
        tg_control(sim, exchange, request);
    } else if (strncmp(request->path, "/bot", 4) == 0) {
        serve_bot(sim, exchange, request);
    } else {
        struct tg_caller caller = {.exchange = exchange, .call = SIZE_MAX};
        fail_call(sim, &caller, 404, "Not Found");
    }
}

static void on_gone(void *context, struct http_sim_exchange *exchange)
{
    struct telegram_sim *sim = context;
    tg_updates_gone(sim, exchange);
    tg_control_gone(sim, exchange);
}

static int on_tick(void *context, uint64_t now_ms)
{
    struct telegram_sim *sim = context;
    int updates_ms = tg_updates_tick(sim, now_ms);
    int control_ms = tg_control_tick(sim, now_ms);
    if (updates_ms < 0 || (control_ms >= 0 && control_ms < updates_ms))
        return control_ms;
    return updates_ms;
}

static int64_t random_below(int64_t limit)
{
    uint32_t value = 0;
    if (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value))
        value = (uint32_t)fam_mono_ns();
    return (int64_t)value % limit;
}

static bool prepare(struct telegram_sim *sim, const struct telegram_sim_options *options)
{
    char *end;
    sim->messages = calloc(TG_MAX_MESSAGES, sizeof(struct tg_message *));
    sim->updates = calloc(TG_MAX_UPDATES, sizeof(struct tg_update));
    sim->callbacks = calloc(TG_MAX_CALLBACKS, sizeof(struct tg_callback));
    sim->calls = calloc(TG_MAX_CALLS, sizeof(struct tg_call));
    sim->latencies = calloc(TG_MAX_LATENCIES, sizeof(struct tg_latency));
    sim->settings = cJSON_CreateObject();
    sim->bot = cJSON_CreateObject();
    if (!sim->messages || !sim->updates || !sim->callbacks || !sim->calls || !sim->latencies || !sim->settings ||
        !sim->bot) {
        errno = ENOMEM;
        return false;
    }
    sim->bot_id = strtoll(options->token, &end, 10);
    if (sim->bot_id <= 0 || *end != ':' || strlen(options->token) >= sizeof(sim->token) || strchr(end, '/')) {
        errno = EINVAL;
        return false;
    }
    snprintf(sim->token, sizeof(sim->token), "%s", options->token);
    tg_put_i64(sim->bot, "id", sim->bot_id);
    cJSON_AddBoolToObject(sim->bot, "is_bot", 1);
    tg_put_text(sim->bot, "first_name", "Simulated bot");
    tg_put_text(sim->bot, "username", "simulated_bot");
    /* Random starts: ids of an earlier simulator never come again to a bot that remembers them. */
    sim->next_update_id = options->update_id ? options->update_id : 100000000 + random_below(1000000000);
    sim->next_message_id = 1000 + random_below(1000000000);
    sim->next_callback = 1 + (uint64_t)random_below(1000000000);
    sim->limits = options->limits;
    return true;
}

struct telegram_sim *telegram_sim_new(const struct telegram_sim_options *options)
{
    struct telegram_sim *sim = calloc(1, sizeof(*sim));
    if (!sim)
        return NULL;
    if (prepare(sim, options))
        sim->http = http_sim_new(
            "127.0.0.1", options->port,
            &(struct http_sim_handler){.context = sim, .request = on_request, .gone = on_gone, .tick = on_tick});
    if (!sim->http) {
        int error = errno;
        telegram_sim_free(sim);
        errno = error;
        return NULL;
    }
    return sim;
}

void telegram_sim_free(struct telegram_sim *sim)
{
    if (!sim)
        return;
    http_sim_free(sim->http);
    tg_state_done(sim);
    free(sim);
}

uint16_t telegram_sim_port(const struct telegram_sim *sim)
{
    return http_sim_port(sim->http);
}

bool telegram_sim_run(struct telegram_sim *sim)
{
    return http_sim_run(sim->http);
}

void telegram_sim_stop(struct telegram_sim *sim)
{
    http_sim_stop(sim->http);
}
