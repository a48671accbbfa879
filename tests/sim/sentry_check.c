#include "sim/sentry_check.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

enum { LINE_BYTES_MAX = 8192, EVENT_BYTES_MAX = 1 << 20 };

static bool refuse(struct sentry_checked *checked, int status, const char *problem)
{
    checked->status = status;
    (void)snprintf(checked->problem, sizeof(checked->problem), "%s", problem);
    return false;
}

static bool is_hex_id(const char *text)
{
    return text != NULL && strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32;
}

static bool is_timestamp(const char *text)
{
    unsigned part[6];
    char end[16] = "";
    return text != NULL &&
           sscanf(text, "%4u-%2u-%2uT%2u:%2u:%2u%15s", &part[0], &part[1], &part[2], &part[3], &part[4], &part[5],
                  end) == 7 &&
           part[1] >= 1 && part[1] <= 12 && end[strlen(end) - 1] == 'Z';
}

static bool check_headers(const struct http_sim_request *request, const char *key, struct sentry_checked *checked)
{
    char value[512];
    char wanted[128];
    (void)snprintf(wanted, sizeof(wanted), "sentry_key=%s", key);
    if (!http_sim_header(request, "content-type", value, sizeof(value)) ||
        strcmp(value, "application/x-sentry-envelope") != 0) {
        return refuse(checked, 400, "content type is not application/x-sentry-envelope");
    }
    if (!http_sim_header(request, "x-sentry-auth", value, sizeof(value)) || strncmp(value, "Sentry ", 7) != 0 ||
        strstr(value, "sentry_version=7") == NULL || strstr(value, "sentry_client=") == NULL) {
        return refuse(checked, 401, "missing authorization information");
    }
    const char *found = strstr(value, wanted);
    if (found == NULL || (found[strlen(wanted)] != '\0' && found[strlen(wanted)] != ',')) {
        return refuse(checked, 401, "bad sentry DSN public key");
    }
    return true;
}

/* The JSON object of one line; *ret_rest is what follows it. */
static cJSON *read_line(const char *text, size_t size, size_t *ret_rest)
{
    const char *end = memchr(text, '\n', size);
    size_t length = end == NULL ? size : (size_t)(end - text);
    cJSON *line = fam_json_parse(text, length, LINE_BYTES_MAX);
    *ret_rest = end == NULL ? length : length + 1;
    return line;
}

static bool check_frames(const cJSON *exception, struct sentry_checked *checked)
{
    const cJSON *value;
    cJSON_ArrayForEach(value, fam_json_get(exception, "values"))
    {
        const cJSON *frame;
        const cJSON *frames = fam_json_get(fam_json_get(value, "stacktrace"), "frames");
        if (fam_json_string(value, "type") == NULL || fam_json_string(value, "value") == NULL) {
            return refuse(checked, 400, "an exception needs type and value");
        }
        if (fam_json_string(fam_json_get(value, "mechanism"), "type") == NULL || !cJSON_IsArray(frames)) {
            return refuse(checked, 400, "an exception needs its mechanism and frames");
        }
        cJSON_ArrayForEach(frame, frames)
        {
            const char *address = fam_json_string(frame, "instruction_addr");
            const char *file = fam_json_string(frame, "filename");
            if (address == NULL || strncmp(address, "0x", 2) != 0) {
                return refuse(checked, 400, "a frame needs instruction_addr in hexadecimal");
            }
            if (file != NULL && file[0] == '/') {
                return refuse(checked, 400, "a frame has a machine's path");
            }
        }
    }
    return true;
}

/* What an event needs, and what ours must not have. */
static bool check_event(const cJSON *event, struct sentry_checked *checked)
{
    static const char *const NEEDED[] = {"event_id", "timestamp", "platform",   "level",
                                         "logger",   "release",   "environment"};
    static const char *const FORBIDDEN[] = {"server_name", "user", "request", "breadcrumbs", "contexts", "modules"};
    static const char *const LEVELS = " fatal error warning info debug ";
    char level[32];
    for (size_t i = 0; i < FAM_ARRAY_SIZE(NEEDED); i++) {
        if (fam_json_string(event, NEEDED[i]) == NULL) {
            return refuse(checked, 400, NEEDED[i]);
        }
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(FORBIDDEN); i++) {
        if (fam_json_get(event, FORBIDDEN[i]) != NULL) {
            return refuse(checked, 400, FORBIDDEN[i]);
        }
    }
    (void)snprintf(level, sizeof(level), " %s ", fam_json_string(event, "level"));
    if (strstr(LEVELS, level) == NULL) {
        return refuse(checked, 400, "no such level");
    }
    if (strcmp(fam_json_string(event, "event_id"), checked->id) != 0 ||
        !is_timestamp(fam_json_string(event, "timestamp"))) {
        return refuse(checked, 400, "event_id is not the envelope's, or timestamp is not RFC 3339");
    }
    bool has_message = fam_json_string(fam_json_get(event, "logentry"), "formatted") != NULL;
    const cJSON *exception = fam_json_get(event, "exception");
    if (!has_message && exception == NULL) {
        return refuse(checked, 400, "neither message nor exception");
    }
    return check_frames(exception, checked);
}

static bool check_item(const char *text, size_t size, struct sentry_checked *checked)
{
    size_t rest = 0;
    int64_t length = -1;
    cJSON *header = read_line(text, size, &rest);
    bool is_event = header != NULL && fam_json_string(header, "type") != NULL &&
                    strcmp(fam_json_string(header, "type"), "event") == 0;
    bool has_length = fam_json_i64(header, "length", &length) && length >= 0 && (uint64_t)length <= size - rest;
    cJSON_Delete(header);
    if (!is_event || !has_length) {
        return refuse(checked, 400, "the item's header is bad, or its length beyond the envelope");
    }
    checked->event = text + rest;
    checked->event_size = (size_t)length;
    size_t behind = size - rest - (size_t)length;
    if (behind > 1 || (behind == 1 && text[size - 1] != '\n')) {
        return refuse(checked, 400, "bytes behind the item: its length is wrong");
    }
    cJSON *event = fam_json_parse(checked->event, checked->event_size, EVENT_BYTES_MAX);
    bool good = event != NULL ? check_event(event, checked) : refuse(checked, 400, "the event is not JSON");
    cJSON_Delete(event);
    return good;
}

bool sentry_check(const struct http_sim_request *request, const char *path, const char *key,
                  struct sentry_checked *ret_checked)
{
    struct sentry_checked *checked = ret_checked;
    size_t rest = 0;
    if (strcmp(request->method, "POST") != 0 || strcmp(request->path, path) != 0) {
        return refuse(checked, 404, "no such endpoint or project");
    }
    if (!check_headers(request, key, checked)) {
        return false;
    }
    cJSON *header = read_line(request->body, request->body_size, &rest);
    const char *id = fam_json_string(header, "event_id");
    bool good = is_hex_id(id) && is_timestamp(fam_json_string(header, "sent_at"));
    if (good) {
        (void)snprintf(checked->id, sizeof(checked->id), "%s", id);
    }
    cJSON_Delete(header);
    if (!good) {
        return refuse(checked, 400, "the envelope's header is bad");
    }
    return check_item(request->body + rest, request->body_size - rest, checked);
}
