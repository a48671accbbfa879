/* telegram_client.c: see telegram_client.h. */
#include "telegram_client.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "sim/tg_state.h"

enum { START_MS = 20000, STOP_MS = 30000, CALL_MS = 20000 };

struct start {
    struct tg_sim *sim;
    char ready_file[512];
    long port;
};

static bool is_ready(void *context)
{
    struct start *start = context;
    char *text = proc_read_file(start->ready_file);
    start->port = text ? strtol(text, NULL, 10) : 0;
    free(text);
    return start->port > 0 || !proc_is_running(&start->sim->proc);
}

bool tg_sim_connect(struct tg_sim *sim, uint16_t port)
{
    memset(sim, 0, sizeof(*sim));
    sim->port = port;
    snprintf(sim->base_url, sizeof(sim->base_url), "http://127.0.0.1:%" PRIu16, port);
    sim->client = sim_client_new(sim->base_url);
    return sim->client != NULL;
}

bool tg_sim_start(struct tg_sim *sim, const char *dir, bool limits)
{
    struct start start = {.sim = sim};
    static const char program[] = FAM_BIN_DIR "/telegram-sim";
    memset(sim, 0, sizeof(*sim));
    snprintf(start.ready_file, sizeof(start.ready_file), "%s/telegram-sim.port", dir);
    remove(start.ready_file);
    const char *const argv[] = {
        program, "--port", "0", "--token", TG_TEST_TOKEN, "--ready-file", start.ready_file, limits ? "--limits" : NULL,
        NULL};
    struct proc proc = {0};
    if (!proc_start(&proc, dir, "telegram-sim", argv, NULL, NULL))
        return false;
    sim->proc = proc;
    if (proc_wait_until(is_ready, &start, START_MS) && start.port > 0 && tg_sim_connect(sim, (uint16_t)start.port)) {
        sim->proc = proc;
        return true;
    }
    proc_stop(&proc, SIGKILL, STOP_MS);
    return false;
}

int tg_sim_stop(struct tg_sim *sim)
{
    int status = sim->proc.pid > 0 ? proc_stop(&sim->proc, SIGTERM, STOP_MS) : -1;
    sim_client_free(sim->client);
    memset(sim, 0, sizeof(*sim));
    return status;
}

static int64_t read_update_id(struct tg_sim *sim, int status, cJSON *answer)
{
    int64_t id = 0;
    int64_t message_id = 0;
    if (status != 200 || !fam_json_i64(answer, "update_id", &id))
        id = 0;
    else if (fam_json_i64(answer, "message_id", &message_id))
        sim->last_message_id = message_id;
    cJSON_Delete(answer);
    return id;
}

static int64_t post_update(struct tg_sim *sim, cJSON *wish)
{
    cJSON *answer = NULL;
    int status = sim_client_post_json(sim->client, "/control/update", wish, &answer);
    return read_update_id(sim, status, answer);
}

static cJSON *new_wish(int64_t chat_id, const char *kind)
{
    cJSON *wish = cJSON_CreateObject();
    tg_put_i64(wish, "chat_id", chat_id);
    tg_put_text(wish, "kind", kind);
    return wish;
}

int64_t tg_say(struct tg_sim *sim, int64_t chat_id, const char *text)
{
    cJSON *wish = new_wish(chat_id, "text");
    tg_put_text(wish, "text", text);
    return post_update(sim, wish);
}

int64_t tg_press(struct tg_sim *sim, int64_t chat_id, const char *label)
{
    cJSON *wish = new_wish(chat_id, "press");
    tg_put_text(wish, "button", label);
    return post_update(sim, wish);
}

int64_t tg_press_data(struct tg_sim *sim, int64_t chat_id, int64_t message_id, const char *data)
{
    cJSON *wish = new_wish(chat_id, "press");
    tg_put_i64(wish, "message_id", message_id);
    tg_put_text(wish, "data", data);
    return post_update(sim, wish);
}

int64_t tg_edit(struct tg_sim *sim, int64_t chat_id, int64_t message_id, const char *text)
{
    cJSON *wish = new_wish(chat_id, "edit");
    tg_put_i64(wish, "message_id", message_id);
    tg_put_text(wish, "text", text);
    return post_update(sim, wish);
}

int64_t tg_do(struct tg_sim *sim, int64_t chat_id, const char *kind)
{
    return post_update(sim, new_wish(chat_id, kind));
}

int64_t tg_update(struct tg_sim *sim, const char *json)
{
    cJSON *answer = NULL;
    int status = sim_client_post(sim->client, "/control/update", json, strlen(json), &answer);
    return read_update_id(sim, status, answer);
}

int64_t tg_raw_update(struct tg_sim *sim, const void *bytes, size_t size)
{
    cJSON *answer = NULL;
    int status = sim_client_post(sim->client, "/control/raw_update", bytes, size, &answer);
    return read_update_id(sim, status, answer);
}

bool tg_fault(struct tg_sim *sim, const char *json)
{
    return sim_client_post(sim->client, "/control/fault", json, strlen(json), NULL) == 200;
}

bool tg_clear_faults(struct tg_sim *sim)
{
    return sim_client_post(sim->client, "/control/clear_faults", "", 0, NULL) == 200;
}

bool tg_limits(struct tg_sim *sim, bool on)
{
    const char *json = on ? "{\"on\":true}" : "{\"on\":false}";
    return sim_client_post(sim->client, "/control/limits", json, strlen(json), NULL) == 200;
}

int64_t tg_state(struct tg_sim *sim, const char *name)
{
    cJSON *state = NULL;
    int64_t value = -1;
    int status = sim_client_get(sim->client, "/control/state", CALL_MS, &state);
    if (status != 200 || !fam_json_i64(state, name, &value))
        value = -1;
    cJSON_Delete(state);
    return value;
}

uint64_t tg_now(struct tg_sim *sim)
{
    int64_t seq = tg_state(sim, "seq");
    return seq < 0 ? 0 : (uint64_t)seq;
}

static void fill(const struct sim_event *event, struct tg_shown *ret_shown)
{
    ret_shown->seq = event->seq;
    ret_shown->kind = event->kind;
    ret_shown->message_id = event->message_id;
    ret_shown->is_protected = event->is_protected;
    ret_shown->button_count = sim_event_buttons(event->buttons, ret_shown->buttons, sizeof(ret_shown->buttons));
    snprintf(ret_shown->text, sizeof(ret_shown->text), "%s", event->text);
}

bool tg_wait_event(struct tg_sim *sim, int64_t chat_id, uint64_t after, int timeout_ms, struct tg_shown *ret_shown)
{
    char path[256];
    cJSON *news = NULL;
    struct sim_event event;
    snprintf(path, sizeof(path), "/control/wait?chat_id=%" PRId64 "&after=%" PRIu64 "&timeout_ms=%d", chat_id, after,
             timeout_ms);
    bool found =
        sim_client_get(sim->client, path, timeout_ms + CALL_MS, &news) == 200 && sim_event_next(news, after, &event);
    if (found)
        fill(&event, ret_shown);
    cJSON_Delete(news);
    return found;
}

bool tg_wait_text(struct tg_sim *sim, int64_t chat_id, uint64_t after, const char *part, int timeout_ms,
                  struct tg_shown *ret_shown)
{
    uint64_t deadline_ms = fam_mono_ms() + (uint64_t)timeout_ms;
    for (;;) {
        uint64_t now_ms = fam_mono_ms();
        int left_ms = now_ms < deadline_ms ? (int)(deadline_ms - now_ms) : 0;
        if (!tg_wait_event(sim, chat_id, after, left_ms, ret_shown))
            return false;
        bool text = ret_shown->kind == SIM_EVENT_SENT || ret_shown->kind == SIM_EVENT_TEXT;
        if (text && strstr(ret_shown->text, part))
            return true;
        after = ret_shown->seq;
    }
}

bool tg_wait_message(struct tg_sim *sim, int64_t chat_id, uint64_t after, int timeout_ms, struct tg_shown *ret_shown)
{
    return tg_wait_text(sim, chat_id, after, "", timeout_ms, ret_shown);
}

struct expectation {
    struct tg_sim *sim;
    int64_t update_id;
    const char *method;
    int count;
};

static bool is_confirmed(void *context)
{
    const struct expectation *expectation = context;
    return tg_state(expectation->sim, "confirmed") >= expectation->update_id;
}

bool tg_wait_confirmed(struct tg_sim *sim, int64_t update_id, int timeout_ms)
{
    struct expectation expectation = {.sim = sim, .update_id = update_id};
    return proc_wait_until(is_confirmed, &expectation, timeout_ms);
}

static bool has_calls(void *context)
{
    const struct expectation *expectation = context;
    return tg_call_count(expectation->sim, expectation->method) >= expectation->count;
}

bool tg_wait_calls(struct tg_sim *sim, const char *method, int count, int timeout_ms)
{
    struct expectation expectation = {.sim = sim, .method = method, .count = count};
    return proc_wait_until(has_calls, &expectation, timeout_ms);
}

cJSON *tg_calls(struct tg_sim *sim)
{
    cJSON *calls = NULL;
    if (sim_client_get(sim->client, "/control/calls", CALL_MS, &calls) == 200)
        return calls;
    cJSON_Delete(calls);
    return NULL;
}

static int count_of(struct tg_sim *sim, const char *table, const char *name)
{
    cJSON *calls = NULL;
    int64_t count = 0;
    /* `after` beyond the end: the counts alone. */
    int status = sim_client_get(sim->client, "/control/calls?after=1000000000", CALL_MS, &calls);
    if (status != 200 || !fam_json_i64(fam_json_get(calls, table), name, &count))
        count = 0;
    cJSON_Delete(calls);
    return (int)count;
}

int tg_call_count(struct tg_sim *sim, const char *method)
{
    char name[40];
    snprintf(name, sizeof(name), "%s", method);
    for (size_t i = 0; name[i]; i++)
        if (name[i] >= 'A' && name[i] <= 'Z')
            name[i] = (char)(name[i] | 32);
    return count_of(sim, "counts", name);
}

int tg_status_count(struct tg_sim *sim, int status)
{
    char name[16];
    snprintf(name, sizeof(name), "%d", status);
    return count_of(sim, "statuses", name);
}

cJSON *tg_messages(struct tg_sim *sim, int64_t chat_id, uint64_t after)
{
    char path[128];
    cJSON *messages = NULL;
    snprintf(path, sizeof(path), "/control/messages?chat_id=%" PRId64 "&after=%" PRIu64, chat_id, after);
    if (sim_client_get(sim->client, path, CALL_MS, &messages) == 200)
        return messages;
    cJSON_Delete(messages);
    return NULL;
}
