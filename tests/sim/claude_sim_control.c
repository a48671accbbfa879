/* claude_sim_control.c: /control/: what tests ask and order; see claude_sim_state.h and docs/testing.md. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "sim/claude_sim_state.h"

enum { LONGEST_WAIT_MS = 120000, DEFAULT_PAGE = 1000 };

static void answer(struct http_sim_exchange *exchange, int status, cJSON *body)
{
    char *text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    http_sim_reply(exchange, &(struct http_sim_reply){
                                 .status = text ? status : 500, .body = text, .body_size = text ? strlen(text) : 0});
    free(text);
}

static void answer_ok(struct http_sim_exchange *exchange)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddTrueToObject(body, "ok");
    answer(exchange, 200, body);
}

static void refuse(struct http_sim_exchange *exchange, int status, const char *reason)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "error", reason);
    answer(exchange, status, body);
}

static void answer_buf(struct http_sim_exchange *exchange, const struct fam_buf *json)
{
    if (json->failed) {
        refuse(exchange, 500, "the answer is too long");
        return;
    }
    http_sim_reply(exchange, &(struct http_sim_reply){.body = fam_buf_text(json), .body_size = json->size});
}

/* The value of a name in "a=1&b=2", decoded and malloc'ed; NULL: it is not there. */
static char *query_text(const char *query, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = query; *at;) {
        size_t size = strcspn(at, "&");
        if (size > length && strncmp(at, name, length) == 0 && at[length] == '=') {
            return http_sim_decode(at + length + 1, size - length - 1);
        }
        at += size + (at[size] ? 1 : 0);
    }
    return NULL;
}

static int64_t query_number(const char *query, const char *name, int64_t fallback)
{
    char *text = query_text(query, name);
    char *end = NULL;
    long long value = text ? strtoll(text, &end, 10) : 0;
    bool good = text && *text && *end == '\0' && value >= 0;
    free(text);
    return good ? (int64_t)value : fallback;
}

/* ---- GET ---- */

static void get_stats(struct claude_sim *sim, struct http_sim_exchange *exchange, const char *query)
{
    (void)query;
    answer(exchange, 200, cs_view_stats(sim));
}

static void get_requests(struct claude_sim *sim, struct http_sim_exchange *exchange, const char *query)
{
    fam_auto(fam_buf_done) struct fam_buf json = {0};
    cs_view_requests(sim, (uint64_t)query_number(query, "after", 0), query_number(query, "limit", DEFAULT_PAGE),
                     query_number(query, "bodies", 1) != 0, &json);
    answer_buf(exchange, &json);
}

static void get_faults(struct claude_sim *sim, struct http_sim_exchange *exchange, const char *query)
{
    cJSON *body = cJSON_CreateObject();
    cJSON *names = cJSON_AddArrayToObject(body, "answers");
    (void)query;
    for (unsigned i = 0; i < CS_SPOIL_COUNT; i++) {
        cJSON_AddItemToArray(names, cJSON_CreateString(cs_spoil_name((enum cs_spoil)i)));
    }
    cJSON_AddNumberToObject(body, "faults_left", (double)cs_faults_left(sim));
    answer(exchange, 200, body);
}

/* ---- POST ---- */

static void post_fault(struct claude_sim *sim, struct http_sim_exchange *exchange, const cJSON *wish)
{
    struct cs_error error = {0};
    if (cs_fault_add(sim, wish, NULL, 0, &error)) {
        answer_ok(exchange);
    } else {
        refuse(exchange, 400, error.message);
    }
}

static void post_clear_faults(struct claude_sim *sim, struct http_sim_exchange *exchange, const cJSON *wish)
{
    (void)wish;
    cs_faults_clear(sim);
    answer_ok(exchange);
}

static void post_reset(struct claude_sim *sim, struct http_sim_exchange *exchange, const cJSON *wish)
{
    (void)wish;
    cs_faults_clear(sim);
    cs_records_reset(sim);
    sim->latency_ms = sim->default_latency_ms;
    sim->jitter_ms = 0;
    sim->enforce = false;
    sim->requests_a_minute = CS_REQUESTS_A_MINUTE;
    sim->minute_ends_ms = 0;
    answer_ok(exchange);
}

static void post_latency(struct claude_sim *sim, struct http_sim_exchange *exchange, const cJSON *wish)
{
    int64_t ms = 0;
    int64_t jitter = 0;
    if (!fam_json_i64(wish, "ms", &ms) || ms < 0 || ms > LONGEST_WAIT_MS ||
        (fam_json_get(wish, "jitter_ms") &&
         (!fam_json_i64(wish, "jitter_ms", &jitter) || jitter < 0 || jitter > LONGEST_WAIT_MS))) {
        refuse(exchange, 400, "ms and jitter_ms are numbers from 0 to 120000");
        return;
    }
    sim->latency_ms = (uint32_t)ms;
    sim->jitter_ms = (uint32_t)jitter;
    answer_ok(exchange);
}

static void post_limits(struct claude_sim *sim, struct http_sim_exchange *exchange, const cJSON *wish)
{
    int64_t requests = CS_REQUESTS_A_MINUTE;
    if (fam_json_get(wish, "requests_a_minute") &&
        (!fam_json_i64(wish, "requests_a_minute", &requests) || requests < 1)) {
        refuse(exchange, 400, "requests_a_minute is a number above 0");
        return;
    }
    sim->requests_a_minute = requests;
    sim->enforce = fam_json_bool(wish, "on");
    sim->minute_ends_ms = 0;
    answer_ok(exchange);
}

static void post_find(struct claude_sim *sim, struct http_sim_exchange *exchange, const cJSON *wish)
{
    fam_auto(fam_buf_done) struct fam_buf json = {0};
    if (!cJSON_IsArray(fam_json_get(wish, "texts"))) {
        refuse(exchange, 400, "texts is a list of texts");
        return;
    }
    cs_view_found(sim, fam_json_get(wish, "texts"), &json);
    answer_buf(exchange, &json);
}

/* ---- waiting ---- */

/* Every count that the wish names is reached, and nothing is under way when it says "idle". */
static bool is_reached(const struct claude_sim *sim, const cJSON *wish)
{
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {{"requests", sim->stats.requests},
                  {"in_flight", sim->in_flight},
                  {"answered", sim->stats.answered},
                  {"closed_early", sim->stats.closed_early},
                  {"invalid", sim->stats.invalid},
                  {"others", sim->stats.others},
                  {"connections", http_sim_connections(sim->http)}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(counts); i++) {
        int64_t wanted = 0;
        if (fam_json_i64(wish, counts[i].name, &wanted) && wanted > 0 && counts[i].value < (uint64_t)wanted) {
            return false;
        }
    }
    return !fam_json_bool(wish, "idle") || sim->in_flight == 0;
}

static void post_wait(struct claude_sim *sim, struct http_sim_exchange *exchange, const cJSON *wish)
{
    static const char *const known[] = {"requests", "in_flight",   "answered", "closed_early", "invalid",
                                        "others",   "connections", "idle",     "timeout_ms",   NULL};
    int64_t timeout_ms = 10000;
    struct cs_error error = {0};
    cJSON *copy = cJSON_Duplicate(wish, 1);
    bool is_number = !fam_json_get(wish, "timeout_ms") || fam_json_i64(wish, "timeout_ms", &timeout_ms);
    if (!copy || !is_number || !cs_check_members(wish, "", known, &error) || sim->waiter_count == CS_MAX_WAITERS) {
        cJSON_Delete(copy);
        refuse(exchange, 400, error.message[0] ? error.message : "timeout_ms is no number, or too many are waiting");
        return;
    }
    if (timeout_ms < 0 || timeout_ms > LONGEST_WAIT_MS) {
        timeout_ms = LONGEST_WAIT_MS;
    }
    sim->waiters[sim->waiter_count++] =
        (struct cs_waiter){.exchange = exchange, .wish = copy, .deadline_ms = fam_mono_ms() + (uint64_t)timeout_ms};
}

int cs_control_tick(struct claude_sim *sim, uint64_t now_ms)
{
    size_t kept = 0;
    uint64_t next_ms = UINT64_MAX;
    for (size_t i = 0; i < sim->waiter_count; i++) {
        struct cs_waiter *waiter = &sim->waiters[i];
        bool reached = is_reached(sim, waiter->wish);
        if (reached || now_ms >= waiter->deadline_ms) {
            cJSON *view = cs_view_stats(sim);
            cJSON_AddBoolToObject(view, "reached", reached);
            cJSON_Delete(waiter->wish);
            answer(waiter->exchange, 200, view);
            continue;
        }
        next_ms = waiter->deadline_ms < next_ms ? waiter->deadline_ms : next_ms;
        sim->waiters[kept++] = *waiter;
    }
    sim->waiter_count = kept;
    return next_ms == UINT64_MAX ? -1 : (int)(next_ms - now_ms);
}

void cs_control_gone(struct claude_sim *sim, const struct http_sim_exchange *exchange)
{
    size_t kept = 0;
    for (size_t i = 0; i < sim->waiter_count; i++) {
        if (sim->waiters[i].exchange == exchange) {
            cJSON_Delete(sim->waiters[i].wish);
        } else {
            sim->waiters[kept++] = sim->waiters[i];
        }
    }
    sim->waiter_count = kept;
}

void cs_control_done(struct claude_sim *sim)
{
    for (size_t i = 0; i < sim->waiter_count; i++) {
        cJSON_Delete(sim->waiters[i].wish);
    }
    sim->waiter_count = 0;
}

/* ---- dispatch ---- */

/* The body's bytes are the answer; how often and when says the query. */
static void post_raw_answer(struct claude_sim *sim, struct http_sim_exchange *exchange,
                            const struct http_sim_request *request)
{
    struct cs_error error = {.message = "memory is short"};
    char *contains = query_text(request->query, "contains");
    char *raw = malloc(request->body_size + 1);
    cJSON *wish = cJSON_CreateObject();
    cJSON_AddNumberToObject(wish, "times", (double)query_number(request->query, "times", 1));
    cJSON_AddNumberToObject(wish, "status", (double)query_number(request->query, "status", 200));
    if (contains) {
        cJSON_AddStringToObject(wish, "contains", contains);
    }
    if (raw) {
        memcpy(raw, request->body, request->body_size);
        raw[request->body_size] = '\0';
    }
    if (raw && cs_fault_add(sim, wish, raw, request->body_size, &error)) {
        answer_ok(exchange);
    } else {
        free(raw);
        refuse(exchange, 400, error.message);
    }
    cJSON_Delete(wish);
    free(contains);
}

static void serve_get(struct claude_sim *sim, struct http_sim_exchange *exchange, const char *name, const char *query)
{
    static const struct {
        const char *name;
        void (*run)(struct claude_sim *sim, struct http_sim_exchange *exchange, const char *query);
    } gets[] = {{"stats", get_stats}, {"requests", get_requests}, {"faults", get_faults}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(gets); i++) {
        if (strcmp(gets[i].name, name) == 0) {
            gets[i].run(sim, exchange, query);
            return;
        }
    }
    refuse(exchange, 404, "no such control");
}

static void serve_post(struct claude_sim *sim, struct http_sim_exchange *exchange, const char *name,
                       const struct http_sim_request *request)
{
    static const struct {
        const char *name;
        void (*run)(struct claude_sim *sim, struct http_sim_exchange *exchange, const cJSON *wish);
    } posts[] = {{"fault", post_fault},   {"clear_faults", post_clear_faults},
                 {"reset", post_reset},   {"latency", post_latency},
                 {"limits", post_limits}, {"find", post_find},
                 {"wait", post_wait}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(posts); i++) {
        if (strcmp(posts[i].name, name) != 0) {
            continue;
        }
        cJSON *wish = request->body_size ? fam_json_parse(request->body, request->body_size, HTTP_SIM_MAX_BODY)
                                         : cJSON_CreateObject();
        if (cJSON_IsObject(wish)) {
            posts[i].run(sim, exchange, wish);
        } else {
            refuse(exchange, 400, "a JSON object is needed");
        }
        cJSON_Delete(wish);
        return;
    }
    refuse(exchange, 404, "no such control");
}

void cs_control(struct claude_sim *sim, struct http_sim_exchange *exchange, const struct http_sim_request *request)
{
    const char *name = request->path + strlen("/control/");
    if (strcmp(request->method, "GET") == 0) {
        serve_get(sim, exchange, name, request->query);
    } else if (strcmp(name, "raw_answer") == 0) {
        post_raw_answer(sim, exchange, request);
    } else {
        serve_post(sim, exchange, name, request);
    }
}
