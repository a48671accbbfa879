/* claude_client.c: see claude_client.h. */
#include "claude_client.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"

enum { START_MS = 20000, STOP_MS = 30000, CALL_MS = 20000, LARGEST_REPLY = 16 * 1024 * 1024 };

struct start {
    struct proc *proc;
    char ready_file[512];
    long port;
};

static bool is_ready(void *context)
{
    struct start *start = context;
    char *text = proc_read_file(start->ready_file);
    start->port = text ? strtol(text, NULL, 10) : 0;
    free(text);
    return start->port > 0 || !proc_is_running(start->proc);
}

bool cl_sim_connect(struct cl_sim *sim, uint16_t port)
{
    memset(sim, 0, sizeof(*sim));
    sim->port = port;
    snprintf(sim->base_url, sizeof(sim->base_url), "http://127.0.0.1:%" PRIu16, port);
    sim->client = sim_client_new(sim->base_url);
    return sim->client != NULL;
}

bool cl_sim_start(struct cl_sim *sim, const char *dir, const struct cl_options *options)
{
    static const struct cl_options usual = {0};
    const struct cl_options *wish = options ? options : &usual;
    struct proc proc = {0};
    struct start start = {.proc = &proc};
    const char *argv[12] = {FAM_BIN_DIR "/claude-sim", "--ready-file", start.ready_file};
    const struct {
        const char *name;
        const char *value;
    } optional[] = {{"--key", wish->key}, {"--latency-ms", wish->latency_ms}, {"--record", wish->record_file}};
    size_t used = 3;
    memset(sim, 0, sizeof(*sim));
    snprintf(start.ready_file, sizeof(start.ready_file), "%s/claude-sim.port", dir);
    remove(start.ready_file);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(optional); i++) {
        if (optional[i].value) {
            argv[used++] = optional[i].name;
            argv[used++] = optional[i].value;
        }
    }
    if (!proc_start(&proc, dir, "claude-sim", argv, NULL, NULL)) {
        return false;
    }
    if (proc_wait_until(is_ready, &start, START_MS) && start.port > 0 && cl_sim_connect(sim, (uint16_t)start.port)) {
        sim->proc = proc;
        return true;
    }
    proc_stop(&proc, SIGKILL, STOP_MS);
    return false;
}

int cl_sim_stop(struct cl_sim *sim)
{
    int status = sim->proc.pid > 0 ? proc_stop(&sim->proc, SIGTERM, STOP_MS) : -1;
    sim_client_free(sim->client);
    memset(sim, 0, sizeof(*sim));
    return status;
}

static bool order(struct cl_sim *sim, const char *path, const char *json)
{
    return sim_client_post(sim->client, path, json, strlen(json), NULL) == 200;
}

bool cl_fault(struct cl_sim *sim, const char *json)
{
    return order(sim, "/control/fault", json);
}

bool cl_spoil(struct cl_sim *sim, const char *answer, int times)
{
    char json[128];
    snprintf(json, sizeof(json), "{\"answer\":\"%s\",\"times\":%d}", answer, times);
    return cl_fault(sim, json);
}

bool cl_raw_answer(struct cl_sim *sim, const void *bytes, size_t size)
{
    return sim_client_post(sim->client, "/control/raw_answer", bytes, size, NULL) == 200;
}

bool cl_clear_faults(struct cl_sim *sim)
{
    return order(sim, "/control/clear_faults", "");
}

bool cl_reset(struct cl_sim *sim)
{
    return order(sim, "/control/reset", "");
}

bool cl_latency(struct cl_sim *sim, int ms)
{
    char json[64];
    snprintf(json, sizeof(json), "{\"ms\":%d}", ms);
    return order(sim, "/control/latency", json);
}

static int64_t read_stat(struct cl_sim *sim, const char *table, const char *name, int64_t fallback)
{
    cJSON *stats = NULL;
    int64_t value = fallback;
    int status = sim_client_get(sim->client, "/control/stats", CALL_MS, &stats);
    const cJSON *home = table ? fam_json_get(stats, table) : stats;
    if (status != 200) {
        value = -1;
    } else if (!fam_json_i64(home, name, &value)) {
        value = fallback;
    }
    cJSON_Delete(stats);
    return value;
}

int64_t cl_stat(struct cl_sim *sim, const char *name)
{
    return read_stat(sim, NULL, name, -1);
}

int64_t cl_status_count(struct cl_sim *sim, int status)
{
    char name[16];
    snprintf(name, sizeof(name), "%d", status);
    return read_stat(sim, "statuses", name, 0);
}

/* In turns that are shorter than what a POST may take. */
bool cl_wait(struct cl_sim *sim, const char *wish, int timeout_ms)
{
    enum { TURN_MS = 10000 };
    bool reached = false;
    while (!reached && timeout_ms > 0) {
        int turn_ms = timeout_ms < TURN_MS ? timeout_ms : TURN_MS;
        cJSON *answer = NULL;
        cJSON *json = cJSON_Parse(wish);
        cJSON_AddNumberToObject(json, "timeout_ms", turn_ms);
        int status = sim_client_post_json(sim->client, "/control/wait", json, &answer);
        reached = status == 200 && fam_json_bool(answer, "reached");
        cJSON_Delete(answer);
        if (status != 200) {
            return false;
        }
        timeout_ms -= turn_ms;
    }
    return reached;
}

cJSON *cl_requests(struct cl_sim *sim, uint64_t after)
{
    char path[96];
    cJSON *requests = NULL;
    snprintf(path, sizeof(path), "/control/requests?after=%" PRIu64, after);
    if (sim_client_get(sim->client, path, CALL_MS, &requests) == 200) {
        return requests;
    }
    cJSON_Delete(requests);
    return NULL;
}

int64_t cl_found(struct cl_sim *sim, const char *text)
{
    cJSON *answer = NULL;
    cJSON *wish = cJSON_CreateObject();
    int64_t count = -1;
    cJSON_AddItemToArray(cJSON_AddArrayToObject(wish, "texts"), cJSON_CreateString(text));
    int status = sim_client_post_json(sim->client, "/control/find", wish, &answer);
    const cJSON *found = fam_json_get(answer, "found");
    if (status != 200 || !fam_json_i64(found ? found->child : NULL, "count", &count)) {
        count = -1;
    }
    cJSON_Delete(answer);
    return count;
}

static size_t on_bytes(char *data, size_t size, size_t count, void *context)
{
    struct fam_buf *buf = context;
    fam_buf_add(buf, data, size * count);
    return buf->failed ? 0 : size * count;
}

void cl_call(const struct cl_sim *sim, const char *path, const char *const *headers, const char *body, long timeout_ms,
             struct cl_reply *ret_reply)
{
    static const char *const usual[] = {"x-api-key: test", "anthropic-version: 2026-10-21",
                                        "content-type: application/json", NULL};
    char url[512];
    long status = 0;
    struct curl_slist *lines = NULL;
    CURL *curl = curl_easy_init();
    memset(ret_reply, 0, sizeof(*ret_reply));
    fam_buf_init(&ret_reply->body, LARGEST_REPLY);
    for (const char *const *line = headers ? headers : usual; *line; line++) {
        lines = curl_slist_append(lines, *line);
    }
    snprintf(url, sizeof(url), "%s%s", sim->base_url, path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &ret_reply->head);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &ret_reply->body);
    if (body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    ret_reply->status = code == CURLE_OK ? (int)status : 0;
    ret_reply->json = fam_json_parse(fam_buf_text(&ret_reply->body), ret_reply->body.size, LARGEST_REPLY);
    curl_slist_free_all(lines);
    curl_easy_cleanup(curl);
}

void cl_reply_done(struct cl_reply *reply)
{
    cJSON_Delete(reply->json);
    fam_buf_done(&reply->head);
    fam_buf_done(&reply->body);
    memset(reply, 0, sizeof(*reply));
}

bool cl_reply_header(const struct cl_reply *reply, const char *name, char *ret_value, size_t size)
{
    size_t length = strlen(name);
    ret_value[0] = '\0';
    for (const char *line = fam_buf_text(&reply->head); *line;) {
        size_t line_size = strcspn(line, "\r\n");
        if (line_size > length + 1 && line[length] == ':' && strncasecmp(line, name, length) == 0) {
            snprintf(ret_value, size, "%.*s", (int)(line_size - length - 2), line + length + 2);
            return true;
        }
        line += line_size + strspn(line + line_size, "\r\n");
    }
    return false;
}
