/* tg_control.c: /control/: what tests ask and order; see tg_state.h and docs/testing.md. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/json.h"
#include "sim/tg_state.h"

enum { LONGEST_WAIT_MS = 120000, MOST_LISTED = 2000 };

void tg_control_answer(struct http_sim_exchange *exchange, int status, cJSON *body)
{
    char *text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    http_sim_reply(exchange, &(struct http_sim_reply){
                                 .status = text ? status : 500, .body = text, .body_size = text ? strlen(text) : 0});
    free(text);
}

void tg_control_refuse(struct http_sim_exchange *exchange, int status, const char *reason)
{
    cJSON *body = cJSON_CreateObject();
    tg_put_text(body, "error", reason);
    tg_control_answer(exchange, status, body);
}

static cJSON *callbacks_view(const struct telegram_sim *sim, int64_t chat_id, uint64_t after)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < sim->callback_count; i++) {
        const struct tg_callback *callback = &sim->callbacks[i];
        if (!callback->answered || callback->seq <= after || (chat_id && callback->chat_id != chat_id))
            continue;
        cJSON *view = cJSON_CreateObject();
        tg_put_text(view, "id", callback->id);
        tg_put_i64(view, "seq", (int64_t)callback->seq);
        tg_put_i64(view, "update_id", callback->update_id);
        tg_put_i64(view, "message_id", callback->message_id);
        tg_put_text(view, "text", callback->text ? callback->text : "");
        cJSON_AddBoolToObject(view, "alert", callback->alert);
        cJSON_AddItemToArray(list, view);
    }
    return list;
}

static int by_seq(const void *left, const void *right)
{
    const struct tg_message *a = *(struct tg_message *const *)left;
    const struct tg_message *b = *(struct tg_message *const *)right;
    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* Messages of a chat (0: all) that changed after a number, in the order of their last change. */
static cJSON *messages_view(const struct telegram_sim *sim, int64_t chat_id, uint64_t after, bool people)
{
    cJSON *list = cJSON_CreateArray();
    struct tg_message **found = calloc(sim->message_count + 1, sizeof(struct tg_message *));
    size_t count = 0;
    for (size_t i = 0; found && i < sim->message_count; i++) {
        struct tg_message *message = sim->messages[i];
        if (message->seq > after && (people || message->from_bot) && (!chat_id || message->chat_id == chat_id))
            found[count++] = message;
    }
    if (count)
        qsort(found, count, sizeof(struct tg_message *), by_seq);
    for (size_t i = 0; i < count && i < MOST_LISTED; i++)
        cJSON_AddItemToArray(list, tg_message_view(found[i]));
    free(found);
    return list;
}

static cJSON *news(struct telegram_sim *sim, int64_t chat_id, uint64_t after, bool people)
{
    struct tg_chat *chat = tg_chat_find(sim, chat_id);
    cJSON *body = cJSON_CreateObject();
    cJSON_AddItemToObject(body, "messages", messages_view(sim, chat_id, after, people));
    cJSON_AddItemToObject(body, "callbacks", callbacks_view(sim, chat_id, after));
    tg_put_i64(body, "seq", (int64_t)sim->seq);
    tg_put_i64(body, "confirmed", sim->confirmed);
    cJSON_AddBoolToObject(body, "typing", chat && fam_mono_ms() < chat->typing_until_ms);
    return body;
}

static void get_messages(struct telegram_sim *sim, struct http_sim_exchange *exchange, const cJSON *query)
{
    tg_control_answer(exchange, 200,
                      news(sim, tg_arg_i64(query, "chat_id", 0), (uint64_t)tg_arg_i64(query, "after", 0),
                           tg_arg_bool(query, "people")));
}

/* Calls from the number `after` on, and counts over all. */
static void get_calls(struct telegram_sim *sim, struct http_sim_exchange *exchange, const cJSON *query)
{
    char method[40];
    cJSON *body = cJSON_CreateObject();
    cJSON *counts = cJSON_AddObjectToObject(body, "counts");
    cJSON *statuses = cJSON_AddObjectToObject(body, "statuses");
    cJSON *list = cJSON_AddArrayToObject(body, "calls");
    size_t after = (size_t)tg_arg_i64(query, "after", 0);
    tg_arg_text(query, "method", method, sizeof(method));
    for (size_t i = 0; i < sim->call_count; i++) {
        const struct tg_call *call = &sim->calls[i];
        char status[16];
        snprintf(status, sizeof(status), "%d", call->status);
        const char *const keys[] = {call->method, status};
        cJSON *const tallies[] = {counts, statuses};
        for (int k = 0; k < 2; k++) {
            cJSON *tally = fam_json_get(tallies[k], keys[k]);
            if (tally)
                cJSON_SetNumberValue(tally, tally->valuedouble + 1);
            else
                cJSON_AddNumberToObject(tallies[k], keys[k], 1);
        }
        if (i < after || (method[0] && strcasecmp(method, call->method) != 0))
            continue;
        cJSON *view = cJSON_CreateObject();
        tg_put_text(view, "method", call->method);
        tg_put_i64(view, "chat_id", call->chat_id);
        tg_put_i64(view, "at_ms", (int64_t)call->at_ms);
        tg_put_i64(view, "status", call->status);
        cJSON_AddItemToArray(list, view);
    }
    tg_put_i64(body, "next", (int64_t)sim->call_count);
    tg_control_answer(exchange, 200, body);
}

/* How long the bot took so far, in microseconds; clear=1 forgets them. */
static void get_latency(struct telegram_sim *sim, struct http_sim_exchange *exchange, const cJSON *query)
{
    cJSON *body = cJSON_CreateObject();
    cJSON *queued = cJSON_AddArrayToObject(body, "queued_us");
    cJSON *handed = cJSON_AddArrayToObject(body, "handed_us");
    for (size_t i = 0; i < sim->latency_count; i++) {
        cJSON_AddItemToArray(queued, cJSON_CreateNumber(sim->latencies[i].queued_us));
        cJSON_AddItemToArray(handed, cJSON_CreateNumber(sim->latencies[i].handed_us));
    }
    if (tg_arg_bool(query, "clear"))
        sim->latency_count = 0;
    tg_control_answer(exchange, 200, body);
}

static void get_state(struct telegram_sim *sim, struct http_sim_exchange *exchange, const cJSON *query)
{
    (void)query;
    cJSON *body = cJSON_CreateObject();
    tg_put_i64(body, "confirmed", sim->confirmed);
    tg_put_i64(body, "pending", (int64_t)sim->update_count);
    tg_put_i64(body, "last_update_id", sim->next_update_id - 1);
    tg_put_i64(body, "pollers", sim->polling ? 1 : 0);
    tg_put_i64(body, "conflicts", (int64_t)sim->conflicts);
    tg_put_i64(body, "seq", (int64_t)sim->seq);
    tg_put_copy(body, "allowed_updates", sim->allowed);
    tg_put_copy(body, "settings", sim->settings);
    cJSON_AddBoolToObject(body, "limits", sim->limits);
    int64_t faults = 0;
    for (size_t i = 0; i < sim->fault_count; i++)
        faults += sim->faults[i].times;
    tg_put_i64(body, "faults_left", faults);
    tg_control_answer(exchange, 200, body);
}

static void get_wait(struct telegram_sim *sim, struct http_sim_exchange *exchange, const cJSON *query)
{
    int64_t timeout_ms = tg_arg_i64(query, "timeout_ms", 10000);
    if (sim->waiter_count == TG_MAX_WAITERS) {
        tg_control_refuse(exchange, 503, "too many are waiting");
        return;
    }
    if (timeout_ms < 0 || timeout_ms > LONGEST_WAIT_MS)
        timeout_ms = LONGEST_WAIT_MS;
    sim->waiters[sim->waiter_count++] = (struct tg_waiter){.exchange = exchange,
                                                           .chat_id = tg_arg_i64(query, "chat_id", 0),
                                                           .after = (uint64_t)tg_arg_i64(query, "after", 0),
                                                           .confirmed = tg_arg_i64(query, "confirmed", 0),
                                                           .deadline_ms = fam_mono_ms() + (uint64_t)timeout_ms};
}

static bool is_due(const struct telegram_sim *sim, const struct tg_waiter *waiter, uint64_t now_ms)
{
    if (now_ms >= waiter->deadline_ms || (waiter->confirmed && sim->confirmed >= waiter->confirmed))
        return true;
    for (size_t i = 0; i < sim->callback_count; i++)
        if (sim->callbacks[i].answered && sim->callbacks[i].seq > waiter->after &&
            (!waiter->chat_id || sim->callbacks[i].chat_id == waiter->chat_id))
            return true;
    for (size_t i = sim->message_count; i-- > 0;)
        if (sim->messages[i]->from_bot && sim->messages[i]->seq > waiter->after &&
            (!waiter->chat_id || sim->messages[i]->chat_id == waiter->chat_id))
            return true;
    return false;
}

int tg_control_tick(struct telegram_sim *sim, uint64_t now_ms)
{
    size_t kept = 0;
    uint64_t next_ms = UINT64_MAX;
    for (size_t i = 0; i < sim->waiter_count; i++) {
        struct tg_waiter *waiter = &sim->waiters[i];
        if (is_due(sim, waiter, now_ms)) {
            tg_control_answer(waiter->exchange, 200, news(sim, waiter->chat_id, waiter->after, false));
            continue;
        }
        if (waiter->deadline_ms < next_ms)
            next_ms = waiter->deadline_ms;
        sim->waiters[kept++] = *waiter;
    }
    sim->waiter_count = kept;
    return next_ms == UINT64_MAX ? -1 : (int)(next_ms - now_ms);
}

void tg_control_gone(struct telegram_sim *sim, const struct http_sim_exchange *exchange)
{
    size_t kept = 0;
    for (size_t i = 0; i < sim->waiter_count; i++)
        if (sim->waiters[i].exchange != exchange)
            sim->waiters[kept++] = sim->waiters[i];
    sim->waiter_count = kept;
}

static void answer_ok(struct http_sim_exchange *exchange)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddBoolToObject(body, "ok", 1);
    tg_control_answer(exchange, 200, body);
}

static void post_fault(struct telegram_sim *sim, struct http_sim_exchange *exchange, const cJSON *wish)
{
    struct tg_error error = {0};
    if (tg_fault_add(sim, wish, &error))
        answer_ok(exchange);
    else
        tg_control_refuse(exchange, error.code, error.text);
}

/* Calls that wait for a delayed answer borrow strings of faults, so used ones stay; they are only switched off. */
static void post_clear_faults(struct telegram_sim *sim, struct http_sim_exchange *exchange, const cJSON *wish)
{
    (void)wish;
    for (size_t i = 0; i < sim->fault_count; i++)
        sim->faults[i].times = 0;
    answer_ok(exchange);
}

static void post_limits(struct telegram_sim *sim, struct http_sim_exchange *exchange, const cJSON *wish)
{
    sim->limits = tg_arg_bool(wish, "on");
    answer_ok(exchange);
}

/* Makes a chat known without an update. */
static void post_chat(struct telegram_sim *sim, struct http_sim_exchange *exchange, const cJSON *wish)
{
    int64_t id = tg_arg_i64(wish, "chat_id", 0);
    if (!id || !tg_chat_make(sim, id, fam_json_get(wish, "from"), fam_json_string(wish, "chat_type"),
                             fam_json_string(wish, "title")))
        tg_control_refuse(exchange, 400, "chat_id is missing, or there are too many chats");
    else
        answer_ok(exchange);
}

static void post_raw_update(struct telegram_sim *sim, struct http_sim_exchange *exchange,
                            const struct http_sim_request *request)
{
    int64_t id = request->body_size ? tg_update_add_raw(sim, request->body, request->body_size) : 0;
    if (!id) {
        tg_control_refuse(exchange, 400, "no bytes, or too many updates");
        return;
    }
    cJSON *body = cJSON_CreateObject();
    tg_put_i64(body, "update_id", id);
    tg_control_answer(exchange, 200, body);
}

typedef void control_fn(struct telegram_sim *sim, struct http_sim_exchange *exchange, const cJSON *wish);

static control_fn *find_control(const char *method, const char *name)
{
    static const struct {
        const char *method;
        const char *name;
        control_fn *run;
    } controls[] = {
        {"POST", "update", tg_control_update},
        {"POST", "fault", post_fault},
        {"POST", "clear_faults", post_clear_faults},
        {"POST", "limits", post_limits},
        {"POST", "chat", post_chat},
        {"GET", "messages", get_messages},
        {"GET", "calls", get_calls},
        {"GET", "state", get_state},
        {"GET", "latency", get_latency},
        {"GET", "wait", get_wait},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(controls); i++)
        if (strcmp(controls[i].method, method) == 0 && strcmp(controls[i].name, name) == 0)
            return controls[i].run;
    return NULL;
}

void tg_control(struct telegram_sim *sim, struct http_sim_exchange *exchange, const struct http_sim_request *request)
{
    const char *name = request->path + strlen("/control/");
    bool reads = strcmp(request->method, "GET") == 0;
    control_fn *run = find_control(request->method, name);
    if (!reads && strcmp(name, "raw_update") == 0) {
        post_raw_update(sim, exchange, request);
        return;
    }
    if (!run) {
        tg_control_refuse(exchange, 404, "no such control");
        return;
    }
    cJSON *wish = reads                ? tg_args_query(request->query)
                  : request->body_size ? tg_parse(request->body, request->body_size)
                                       : cJSON_CreateObject();
    if (cJSON_IsObject(wish))
        run(sim, exchange, wish);
    else
        tg_control_refuse(exchange, 400, "a JSON object is needed");
    cJSON_Delete(wish);
}
