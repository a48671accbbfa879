/* sim_client.c: see sim_client.h. */
#include "sim/sim_client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

enum { LARGEST_ANSWER = 64 * 1024 * 1024, POST_TIMEOUT_MS = 20000 };

struct sim_client {
    CURL *curl;
    char base_url[256];
};

struct sim_client *sim_client_new(const char *base_url)
{
    struct sim_client *client = calloc(1, sizeof(*client));
    if (!client)
        return NULL;
    int length = snprintf(client->base_url, sizeof(client->base_url), "%s", base_url);
    client->curl = length > 0 && (size_t)length < sizeof(client->base_url) ? curl_easy_init() : NULL;
    if (client->curl)
        return client;
    free(client);
    return NULL;
}

void sim_client_free(struct sim_client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->curl);
    free(client);
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct fam_buf *body = context;
    fam_buf_add(body, data, size * count);
    return body->failed ? 0 : size * count;
}

/* The caller sets what to send; everything else is set anew for each call. */
static int call(struct sim_client *client, const char *path, long timeout_ms, cJSON **ret_body)
{
    char url[1024];
    long status = 0;
    struct fam_buf body;
    fam_buf_init(&body, LARGEST_ANSWER);
    if (ret_body)
        *ret_body = NULL;
    int length = snprintf(url, sizeof(url), "%s%s", client->base_url, path);
    if (length < 0 || (size_t)length >= sizeof(url))
        return 0;
    curl_easy_setopt(client->curl, CURLOPT_URL, url);
    curl_easy_setopt(client->curl, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(client->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(client->curl, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, &body);
    CURLcode code = curl_easy_perform(client->curl);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK && ret_body)
        *ret_body = cJSON_ParseWithLength(fam_buf_text(&body), body.size);
    fam_buf_done(&body);
    return code == CURLE_OK ? (int)status : 0;
}

int sim_client_get(struct sim_client *client, const char *path, long timeout_ms, cJSON **ret_body)
{
    curl_easy_reset(client->curl);
    return call(client, path, timeout_ms, ret_body);
}

static int post(struct sim_client *client, const char *path, const char *content_type, const void *body, size_t size,
                cJSON **ret_body)
{
    curl_easy_reset(client->curl);
    struct curl_slist *headers = curl_slist_append(NULL, content_type);
    curl_easy_setopt(client->curl, CURLOPT_POST, 1L);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
    int status = call(client, path, POST_TIMEOUT_MS, ret_body);
    curl_easy_reset(client->curl);
    curl_slist_free_all(headers);
    return status;
}

int sim_client_post(struct sim_client *client, const char *path, const void *body, size_t size, cJSON **ret_body)
{
    return post(client, path, "Content-Type: application/json", body, size, ret_body);
}

int sim_client_post_form(struct sim_client *client, const char *path, const char *form, cJSON **ret_body)
{
    return post(client, path, "Content-Type: application/x-www-form-urlencoded", form, strlen(form), ret_body);
}

int sim_client_post_file(struct sim_client *client, const char *path, const char *form, const char *name,
                         const char *file_name, const void *data, size_t size, cJSON **ret_body)
{
    curl_easy_reset(client->curl);
    curl_mime *mime = curl_mime_init(client->curl);
    for (const char *at = form, *value; (value = strchr(at, '=')) != NULL;) {
        char key[64];
        size_t length = strcspn(value + 1, "&");
        snprintf(key, sizeof(key), "%.*s", (int)(value - at), at);
        curl_mimepart *field = curl_mime_addpart(mime);
        curl_mime_name(field, key);
        curl_mime_data(field, value + 1, length);
        at = value + 1 + length + (value[1 + length] == '&' ? 1 : 0);
    }
    curl_mimepart *file = curl_mime_addpart(mime);
    curl_mime_name(file, name);
    curl_mime_filename(file, file_name);
    curl_mime_type(file, "application/json");
    curl_mime_data(file, data, size);
    curl_easy_setopt(client->curl, CURLOPT_MIMEPOST, mime);
    int status = call(client, path, POST_TIMEOUT_MS, ret_body);
    curl_easy_reset(client->curl);
    curl_mime_free(mime);
    return status;
}

int sim_client_post_json(struct sim_client *client, const char *path, cJSON *body, cJSON **ret_body)
{
    char *text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    if (ret_body)
        *ret_body = NULL;
    int status = text ? sim_client_post(client, path, text, strlen(text), ret_body) : 0;
    free(text);
    return status;
}

static uint64_t seq_of(const cJSON *object)
{
    int64_t seq = 0;
    return fam_json_i64(object, "seq", &seq) && seq > 0 ? (uint64_t)seq : 0;
}

static void take(struct sim_event *best, uint64_t after, const struct sim_event *candidate)
{
    if (candidate->seq > after && (best->seq == 0 || candidate->seq < best->seq))
        *best = *candidate;
}

static enum sim_event_kind kind_of(const cJSON *version)
{
    const char *kind = fam_json_string(version, "kind");
    if (kind && strcmp(kind, "text") == 0)
        return SIM_EVENT_TEXT;
    return kind && strcmp(kind, "buttons") == 0 ? SIM_EVENT_BUTTONS : SIM_EVENT_SENT;
}

static void take_from_message(const cJSON *message, uint64_t after, struct sim_event *best)
{
    const cJSON *version;
    int64_t id = 0;
    if (!fam_json_bool(message, "from_bot") || !fam_json_i64(message, "message_id", &id))
        return;
    struct sim_event event = {.message_id = id, .is_protected = fam_json_bool(message, "protected"), .text = ""};
    cJSON_ArrayForEach(version, fam_json_get(message, "history"))
    {
        const char *text = fam_json_string(version, "text");
        event.seq = seq_of(version);
        event.kind = kind_of(version);
        event.text = text ? text : "";
        event.buttons = fam_json_get(version, "buttons");
        take(best, after, &event);
    }
    if (fam_json_bool(message, "deleted")) {
        event.seq = seq_of(message);
        event.kind = SIM_EVENT_DELETED;
        take(best, after, &event);
    }
}

bool sim_event_next(const cJSON *news, uint64_t after, struct sim_event *ret_event)
{
    const cJSON *item;
    struct sim_event best = {0};
    cJSON_ArrayForEach(item, fam_json_get(news, "messages"))
    {
        take_from_message(item, after, &best);
    }
    cJSON_ArrayForEach(item, fam_json_get(news, "callbacks"))
    {
        const char *text = fam_json_string(item, "text");
        struct sim_event event = {.seq = seq_of(item), .kind = SIM_EVENT_ANSWERED, .text = text ? text : ""};
        if (!fam_json_i64(item, "message_id", &event.message_id))
            continue;
        take(&best, after, &event);
    }
    if (best.seq == 0)
        return false;
    *ret_event = best;
    return true;
}

int sim_event_buttons(const cJSON *buttons, char *ret_text, size_t size)
{
    const cJSON *row;
    const cJSON *button;
    int count = 0;
    size_t used = 0;
    ret_text[0] = '\0';
    cJSON_ArrayForEach(row, buttons)
    {
        cJSON_ArrayForEach(button, row)
        {
            const char *label = fam_json_string(button, "text");
            int length = snprintf(ret_text + used, size - used, "%s[%s]", count ? " " : "", label ? label : "");
            if (length > 0 && (size_t)length < size - used)
                used += (size_t)length;
            else
                ret_text[used] = '\0';
            count++;
        }
    }
    return count;
}
