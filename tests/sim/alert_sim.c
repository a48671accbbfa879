#include "sim/alert_sim.h"

#include <cjson/cJSON.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "sim/http_sim.h"
#include "sim/tg_state.h"

enum { STEP_MS = 5, KEYS_MAX = 256, KEY_SIZE = 256, SUMMARY_MAX = 1024, TEXT_MAX = 4096, BODY_MAX = 1 << 20 };

struct alert_sim {
    struct http_sim *http;
    pthread_t thread;
    pthread_mutex_t lock; /* of all that follows */
    size_t count, refused;
    struct alert_notice kept[ALERT_SIM_KEPT];
    char *last[ALERT_SIM_RECEIVERS];
    char triggered[KEYS_MAX][KEY_SIZE]; /* dedup_key of PagerDuty's incidents, the newest over the oldest */
    size_t keys;
    char problem[ALERT_SIM_PROBLEM_SIZE];
};

/* ---- what the services check; all under the lock ---- */

static bool refuse(struct alert_sim *sim, const char *problem, const char *detail)
{
    (void)snprintf(sim->problem, sizeof(sim->problem), "%s%.120s", problem, detail != NULL ? detail : "");
    return false;
}

static bool keep(struct alert_sim *sim, enum alert_receiver receiver, const char *name, size_t size, bool resolved)
{
    if (size == 0 || size >= ALERT_SIM_NAME_SIZE) {
        return refuse(sim, "no name of an alert where it must stand: ", name);
    }
    if (sim->count < ALERT_SIM_KEPT) {
        struct alert_notice *notice = &sim->kept[sim->count++];
        *notice = (struct alert_notice){.receiver = receiver, .resolved = resolved};
        memcpy(notice->name, name, size);
    }
    return true;
}

static bool is_one_of(const char *value, const char *const *list)
{
    for (; value != NULL && *list != NULL; list++) {
        if (strcmp(value, *list) == 0) {
            return true;
        }
    }
    return false;
}

static bool was_triggered(const struct alert_sim *sim, const char *key)
{
    for (size_t i = 0; i < sim->keys && i < KEYS_MAX; i++) {
        if (strcmp(sim->triggered[i], key) == 0) {
            return true;
        }
    }
    return false;
}

/* Events API v2; `payload` is not looked at by PagerDuty when an incident is resolved. */
static bool take_pagerduty(struct alert_sim *sim, const cJSON *event)
{
    static const char *const ACTIONS[] = {"trigger", "acknowledge", "resolve", NULL};
    static const char *const SEVERITIES[] = {"critical", "error", "warning", "info", NULL};
    const char *routing = fam_json_string(event, "routing_key");
    const char *action = fam_json_string(event, "event_action");
    const char *key = fam_json_string(event, "dedup_key");
    const cJSON *payload = fam_json_get(event, "payload");
    const char *summary = fam_json_string(payload, "summary");
    const char *source = fam_json_string(payload, "source");
    if (routing == NULL || strcmp(routing, ALERT_SIM_KEY) != 0) {
        return refuse(sim, "PagerDuty: another routing_key", NULL);
    }
    if (!is_one_of(action, ACTIONS)) {
        return refuse(sim, "PagerDuty: unknown event_action ", action);
    }
    if (key == NULL || key[0] == '\0' || strlen(key) >= KEY_SIZE) {
        return refuse(sim, "PagerDuty: no dedup_key", NULL);
    }
    if (summary == NULL || summary[0] == '\0' || strlen(summary) > SUMMARY_MAX) {
        return refuse(sim, "PagerDuty: no payload.summary", NULL);
    }
    if (source == NULL || source[0] == '\0' || !is_one_of(fam_json_string(payload, "severity"), SEVERITIES)) {
        return refuse(sim, "PagerDuty: no payload.source or payload.severity", NULL);
    }
    bool resolved = strcmp(action, "resolve") == 0;
    if (resolved && !was_triggered(sim, key)) {
        return refuse(sim, "PagerDuty: resolves what was not triggered: ", summary);
    }
    if (!resolved && !was_triggered(sim, key)) {
        (void)snprintf(sim->triggered[sim->keys++ % KEYS_MAX], KEY_SIZE, "%s", key);
    }
    return keep(sim, ALERT_SIM_PAGERDUTY, summary, strcspn(summary, ":"), resolved);
}

/* The text begins with a sign (fires, or is over), then the alert's name. */
static bool take_telegram_text(struct alert_sim *sim, const char *text, bool mute)
{
    static const char OVER[] = "✅";
    const char *name = strchr(text, ' ');
    if (name == NULL || strlen(text) > TEXT_MAX) {
        return refuse(sim, "Telegram: text without an alert: ", text);
    }
    name++;
    return keep(sim, mute ? ALERT_SIM_TELEGRAM_MUTE : ALERT_SIM_TELEGRAM, name, strcspn(name, " \n"),
                strncmp(text, OVER, sizeof(OVER) - 1) == 0);
}

static bool take_telegram(struct alert_sim *sim, const cJSON *args)
{
    char chat[32], mode[16], mute[16];
    tg_arg_text(args, "chat_id", chat, sizeof(chat));
    tg_arg_text(args, "parse_mode", mode, sizeof(mode));
    tg_arg_text(args, "disable_notification", mute, sizeof(mute));
    const char *html = tg_arg_string(args, "text");
    if (strcmp(chat, ALERT_SIM_CHAT) != 0 || strcmp(mode, "HTML") != 0 || html == NULL) {
        return refuse(sim, "Telegram: another chat_id or parse_mode, or no text", NULL);
    }
    struct tg_error error = {.code = 0};
    char *text = NULL;
    cJSON *entities = NULL;
    if (!tg_html_parse(html, &text, &entities, &error)) {
        return refuse(sim, "Telegram: ", error.text);
    }
    bool good = take_telegram_text(sim, text, strcmp(mute, "true") == 0);
    cJSON_Delete(entities);
    free(text);
    return good;
}

/* Alertmanager's own format, version 4: every alert of the group. */
static bool take_webhook(struct alert_sim *sim, enum alert_receiver receiver, const cJSON *body)
{
    const char *version = fam_json_string(body, "version");
    const cJSON *alerts = fam_json_get(body, "alerts"), *alert = NULL;
    bool good = version != NULL && strcmp(version, "4") == 0 && cJSON_GetArraySize(alerts) > 0;
    cJSON_ArrayForEach(alert, alerts)
    {
        const char *name = fam_json_string(fam_json_get(alert, "labels"), "alertname");
        const char *status = fam_json_string(alert, "status");
        const char *page = fam_json_string(fam_json_get(alert, "annotations"), "runbook_url");
        good = good && name != NULL && status != NULL && page != NULL &&
               keep(sim, receiver, name, strlen(name), strcmp(status, "resolved") == 0);
    }
    return good || refuse(sim, "webhook: not of version 4, or an alert without name, status or runbook_url", NULL);
}

static bool take(struct alert_sim *sim, const struct http_sim_request *request, const cJSON *body)
{
    static const struct {
        const char *path;
        enum alert_receiver receiver;
    } WEBHOOKS[] = {{"/info", ALERT_SIM_INFO}, {"/watchdog", ALERT_SIM_WATCHDOG}};
    char type[64];
    if (strcmp(request->method, "POST") != 0 || body == NULL ||
        !http_sim_header(request, "content-type", type, sizeof(type)) || strncmp(type, "application/json", 16) != 0) {
        return refuse(sim, "no POST of JSON to ", request->path);
    }
    if (strcmp(request->path, "/v2/enqueue") == 0) {
        return take_pagerduty(sim, body);
    }
    if (strcmp(request->path, "/bot" ALERT_SIM_TOKEN "/sendMessage") == 0) {
        return take_telegram(sim, body);
    }
    for (size_t i = 0; i < sizeof(WEBHOOKS) / sizeof(WEBHOOKS[0]); i++) {
        if (strcmp(request->path, WEBHOOKS[i].path) == 0) {
            return take_webhook(sim, WEBHOOKS[i].receiver, body);
        }
    }
    return refuse(sim, "nobody lives at ", request->path);
}

/* ---- serving ---- */

static void answer(struct http_sim_exchange *exchange, const char *path, bool good)
{
    static const char EVENT[] = "{\"status\":\"success\",\"message\":\"Event processed\",\"dedup_key\":\"taken\"}";
    static const char MESSAGE[] =
        "{\"ok\":true,\"result\":{\"message_id\":1,\"date\":1,\"chat\":{\"id\":" ALERT_SIM_CHAT
        ",\"type\":\"supergroup\",\"title\":\"operators\"},\"text\":\"taken\"}}";
    static const char REFUSED[] = "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request\"}";
    bool pagerduty = strcmp(path, "/v2/enqueue") == 0;
    const char *body = !good ? REFUSED : pagerduty ? EVENT : MESSAGE;
    http_sim_reply(exchange, &(struct http_sim_reply){.status = !good       ? 400
                                                                : pagerduty ? 202
                                                                            : 200,
                                                      .body = body,
                                                      .body_size = strlen(body)});
}

static void on_request(void *context, struct http_sim_exchange *exchange, const struct http_sim_request *request)
{
    struct alert_sim *sim = context;
    cJSON *body = fam_json_parse(request->body, request->body_size, BODY_MAX);
    pthread_mutex_lock(&sim->lock);
    size_t before = sim->count;
    bool good = take(sim, request, body);
    if (!good) {
        sim->refused++;
        sim->count = before;
    } else if (sim->count > before) {
        char **last = &sim->last[sim->kept[before].receiver];
        free(*last);
        *last = strndup(request->body, request->body_size);
    }
    pthread_mutex_unlock(&sim->lock);
    cJSON_Delete(body);
    answer(exchange, request->path, good);
}

static void *serve(void *context)
{
    struct alert_sim *sim = context;
    (void)http_sim_run(sim->http);
    return NULL;
}

struct alert_sim *alert_sim_start(void)
{
    struct alert_sim *sim = calloc(1, sizeof(*sim));
    if (sim == NULL) {
        return NULL;
    }
    const struct http_sim_handler handler = {.context = sim, .request = on_request};
    sim->http = http_sim_new("127.0.0.1", 0, &handler);
    if (sim->http == NULL) {
        free(sim);
        return NULL;
    }
    if (pthread_mutex_init(&sim->lock, NULL) != 0 || pthread_create(&sim->thread, NULL, serve, sim) != 0) {
        http_sim_free(sim->http);
        free(sim);
        return NULL;
    }
    return sim;
}

void alert_sim_stop(struct alert_sim *sim)
{
    if (sim == NULL) {
        return;
    }
    http_sim_stop(sim->http);
    (void)pthread_join(sim->thread, NULL);
    http_sim_free(sim->http);
    for (size_t i = 0; i < ALERT_SIM_RECEIVERS; i++) {
        free(sim->last[i]);
    }
    (void)pthread_mutex_destroy(&sim->lock);
    free(sim);
}

uint16_t alert_sim_port(const struct alert_sim *sim)
{
    return http_sim_port(sim->http);
}

/* ---- what came ---- */

size_t alert_sim_now(struct alert_sim *sim)
{
    pthread_mutex_lock(&sim->lock);
    size_t count = sim->count;
    pthread_mutex_unlock(&sim->lock);
    return count;
}

bool alert_sim_came(struct alert_sim *sim, size_t after, const struct alert_notice *wanted)
{
    bool found = false;
    pthread_mutex_lock(&sim->lock);
    for (size_t i = after; i < sim->count && !found; i++) {
        const struct alert_notice *kept = &sim->kept[i];
        found = kept->receiver == wanted->receiver && kept->resolved == wanted->resolved &&
                strcmp(kept->name, wanted->name) == 0;
    }
    pthread_mutex_unlock(&sim->lock);
    return found;
}

bool alert_sim_wait(struct alert_sim *sim, size_t after, const struct alert_notice *wanted, int timeout_ms)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    uint64_t end_ms = fam_mono_ms() + (uint64_t)timeout_ms;
    while (!alert_sim_came(sim, after, wanted)) {
        if (fam_mono_ms() >= end_ms) {
            return false;
        }
        nanosleep(&step, NULL);
    }
    return true;
}

void alert_sim_fired(struct alert_sim *sim, size_t after, char *ret_names, size_t size)
{
    ret_names[0] = '\0';
    pthread_mutex_lock(&sim->lock);
    for (size_t i = after; i < sim->count; i++) {
        const struct alert_notice *kept = &sim->kept[i];
        size_t used = strlen(ret_names);
        if (!kept->resolved && kept->receiver != ALERT_SIM_WATCHDOG && strstr(ret_names, kept->name) == NULL) {
            (void)snprintf(ret_names + used, size - used, "%s%s", used > 0 ? " " : "", kept->name);
        }
    }
    pthread_mutex_unlock(&sim->lock);
}

size_t alert_sim_refused(struct alert_sim *sim)
{
    pthread_mutex_lock(&sim->lock);
    size_t refused = sim->refused;
    pthread_mutex_unlock(&sim->lock);
    return refused;
}

void alert_sim_problem(struct alert_sim *sim, char ret_problem[ALERT_SIM_PROBLEM_SIZE])
{
    pthread_mutex_lock(&sim->lock);
    memcpy(ret_problem, sim->problem, ALERT_SIM_PROBLEM_SIZE);
    pthread_mutex_unlock(&sim->lock);
}

char *alert_sim_last(struct alert_sim *sim, enum alert_receiver receiver)
{
    pthread_mutex_lock(&sim->lock);
    char *copy = sim->last[receiver] != NULL ? strdup(sim->last[receiver]) : NULL;
    pthread_mutex_unlock(&sim->lock);
    return copy;
}
