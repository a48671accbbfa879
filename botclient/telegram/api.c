#include "telegram/api.h"

#include <cjson/cJSON.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "metrics/metrics.h"

enum {
    BOT_ID_MAX = 20,
    ANSWER_MAX = 4 * 1024 * 1024,
    FLOOD_MAX_S = 86400,
    BOUNDARY_SIZE = 33,
    UPLOAD_HEAD_MAX = 48 * 1024
};

struct fam_api {
    struct fam_api_options options;
    struct fam_secret prefix; /* https://api.telegram.org/bot<token>/ */
    char bot_id[BOT_ID_MAX + 1];
};

static bool is_token(const struct fam_secret *token, size_t *ret_digits)
{
    const char *text = fam_secret_text(token);
    size_t digits = strspn(text, "0123456789");
    size_t rest = text[digits] == ':' ? strspn(text + digits + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                                  "abcdefghijklmnopqrstuvwxyz0123456789_-")
                                      : 0;
    *ret_digits = digits;
    return digits > 0 && digits <= BOT_ID_MAX && rest > 0 && digits + 1 + rest == token->size;
}

static bool make_prefix(struct fam_api *api)
{
    const struct fam_secret *token = api->options.token;
    size_t base = strlen(api->options.base_url);
    while (base > 0 && api->options.base_url[base - 1] == '/') {
        base--;
    }
    fam_auto(fam_buf_done) struct fam_buf url = {0};
    fam_buf_add(&url, api->options.base_url, base);
    fam_buf_add_text(&url, "/bot");
    fam_buf_add(&url, token->data, token->size);
    fam_buf_add_text(&url, "/");
    return !url.failed && fam_secret_set(&api->prefix, url.data, url.size);
}

struct fam_api *fam_api_new(const struct fam_api_options *options, struct fam_status *status)
{
    size_t digits;
    if (!is_token(options->token, &digits)) {
        fam_fail(status, FAM_INVALID_ARGUMENT,
                 "TELEGRAM_BOT_TOKEN is not a bot token: digits, a colon, letters, as @BotFather gives it");
        return NULL;
    }
    struct fam_api *api = calloc(1, sizeof(*api));
    if (!api) {
        fam_fail_memory(status);
        return NULL;
    }
    api->options = *options;
    if (!api->options.perform) {
        api->options.perform = fam_http_perform;
    }
    memcpy(api->bot_id, options->token->data, digits);
    if (!make_prefix(api)) {
        fam_api_free(api);
        fam_fail_memory(status);
        return NULL;
    }
    api->options.base_url = NULL;
    api->options.token = NULL;
    return api;
}

void fam_api_free(struct fam_api *api)
{
    if (!api) {
        return;
    }
    fam_secret_done(&api->prefix);
    free(api);
}

const char *fam_api_bot_id(const struct fam_api *api)
{
    return api->bot_id;
}

static bool says(const char *description, const char *words)
{
    return strcasestr(description, words) != NULL;
}

/* What a 400 means; Telegram tells them apart by words only. */
static enum fam_api_outcome classify_400(const char *description)
{
    static const struct {
        const char *words;
        enum fam_api_outcome outcome;
    } table[] = {
        {"message is not modified", FAM_API_UNCHANGED},
        {"chat not found", FAM_API_BLOCKED},
        {"user not found", FAM_API_BLOCKED},
        {"user is deactivated", FAM_API_BLOCKED},
        {"PEER_ID_INVALID", FAM_API_BLOCKED},
        {"not enough rights", FAM_API_BLOCKED},
        {"have no rights", FAM_API_BLOCKED},
        {"need administrator rights", FAM_API_BLOCKED},
        {"CHAT_WRITE_FORBIDDEN", FAM_API_BLOCKED},
        {"message to edit not found", FAM_API_NO_MESSAGE},
        {"message to delete not found", FAM_API_NO_MESSAGE},
        {"message can't be edited", FAM_API_NO_MESSAGE},
        {"MESSAGE_ID_INVALID", FAM_API_NO_MESSAGE},
        {"message to be replied not found", FAM_API_NO_MESSAGE},
        {"query is too old", FAM_API_NO_MESSAGE},
        {"query ID is invalid", FAM_API_NO_MESSAGE},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(table); i++) {
        if (says(description, table[i].words)) {
            return table[i].outcome;
        }
    }
    return FAM_API_REJECTED;
}

static enum fam_api_outcome classify(int64_t code, const char *description, const cJSON *parameters,
                                     struct fam_api_result *result)
{
    int64_t number = 0;
    if (code == 429) {
        if (!fam_json_i64(parameters, "retry_after", &number) || number < 1) {
            number = 1;
        }
        result->retry_after_s = (uint32_t)(number > FLOOD_MAX_S ? FLOOD_MAX_S : number);
        return FAM_API_FLOOD;
    }
    if (code == 400 && fam_json_i64(parameters, "migrate_to_chat_id", &number) && number != 0) {
        result->migrate_to = number;
        return FAM_API_MIGRATED;
    }
    if (code == 400) {
        return classify_400(description);
    }
    if (code == 403) {
        return FAM_API_BLOCKED;
    }
    if (code == 401 || code == 404) {
        return FAM_API_UNAUTHORIZED;
    }
    if (code == 409) {
        return FAM_API_CONFLICT;
    }
    return code >= 400 && code < 500 ? FAM_API_REJECTED : FAM_API_UNAVAILABLE;
}

/* The answers of getUpdates are not parsed here: one bad update would spoil them all. */
static void read_answer(const char *method, struct fam_http_response *response, struct fam_api_result *result)
{
    bool whole = strcmp(method, "getUpdates") == 0 && response->http_status == 200;
    result->http_status = response->http_status;
    if (whole) {
        result->outcome = FAM_API_OK;
        result->body = response->body;
        response->body = (struct fam_buf){0};
        return;
    }
    cJSON *root = fam_json_parse(fam_buf_text(&response->body), response->body.size, ANSWER_MAX);
    if (root && fam_json_bool(root, "ok")) {
        result->outcome = FAM_API_OK;
        int64_t id = 0;
        if (fam_json_i64(fam_json_get(root, "result"), "message_id", &id)) {
            result->message_id = id;
        }
        result->body = response->body;
        response->body = (struct fam_buf){0};
    } else if (root) {
        const char *description = fam_json_string(root, "description");
        int64_t code = response->http_status;
        if (code == 200 && !fam_json_i64(root, "error_code", &code)) {
            code = 500;
        }
        result->outcome = classify(code, description ? description : "", fam_json_get(root, "parameters"), result);
    } else {
        /* An HTML page of a proxy, or half an answer: a status of 4xx alone proves nothing, but for 429. */
        result->outcome = FAM_API_UNAVAILABLE;
        if (response->http_status == 429) {
            result->outcome = FAM_API_FLOOD;
            result->retry_after_s = response->retry_after_ms / 1000 + 1;
        }
    }
    cJSON_Delete(root);
}

static const char *metric_result(enum fam_api_outcome outcome)
{
    switch (outcome) {
    case FAM_API_OK:
    case FAM_API_UNCHANGED:
        return "ok";
    case FAM_API_FLOOD:
        return "flood";
    case FAM_API_BLOCKED:
        return "blocked";
    case FAM_API_MIGRATED:
    case FAM_API_NO_MESSAGE:
    case FAM_API_REJECTED:
    case FAM_API_CONFLICT:
    case FAM_API_UNAUTHORIZED:
        return "rejected";
    case FAM_API_UNAVAILABLE:
    case FAM_API_ABORTED:
        break;
    }
    return "unavailable";
}

static void count_request(const struct fam_api *api, enum fam_code code, unsigned http_status, uint64_t us)
{
    fam_metrics_add(api->options.metrics, FAM_M_API_REQUESTS,
                    FAM_LABELS("telegram", fam_http_outcome(code, http_status)), 1);
    fam_metrics_observe(api->options.metrics, FAM_M_API_SECONDS, FAM_LABELS("telegram"), (double)us / 1e6);
}

/* What goes out: the body and what it is. */
struct shipment {
    const char *method;
    const char *content_type;
    const void *body;
    size_t size;
    uint32_t timeout_ms;
    const atomic_bool *abort; /* NULL: that of the options */
};

static void ship(struct fam_api *api, const struct shipment *shipment, struct fam_api_result *ret_result)
{
    struct fam_secret url = {0};
    struct fam_http_response response = {0};
    struct fam_status status;
    *ret_result = (struct fam_api_result){.outcome = FAM_API_UNAVAILABLE};
    fam_auto(fam_buf_done) struct fam_buf text = {0};
    fam_buf_add(&text, api->prefix.data, api->prefix.size);
    fam_buf_add_text(&text, shipment->method);
    if (text.failed || !fam_secret_set(&url, text.data, text.size)) {
        return;
    }
    uint32_t timeout_ms = shipment->timeout_ms;
    struct fam_http_request request = {.url = &url,
                                       .content_type = shipment->content_type,
                                       .body = shipment->body,
                                       .body_size = shipment->size,
                                       .timeout_ms = timeout_ms,
                                       .connect_timeout_ms = timeout_ms < 10000 ? timeout_ms : 10000,
                                       .response_bytes = ANSWER_MAX,
                                       .abort = shipment->abort ? shipment->abort : api->options.abort};
    uint64_t started_us = fam_mono_us();
    enum fam_code code = api->options.perform(api->options.http, &request, &response, &status);
    count_request(api, code, response.http_status, fam_mono_us() - started_us);
    if (code == FAM_OK) {
        read_answer(shipment->method, &response, ret_result);
    } else if (code == FAM_CANCELLED) {
        ret_result->outcome = FAM_API_ABORTED;
    } else {
        ret_result->is_unsent = code == FAM_RESOURCE_EXHAUSTED || strcmp(status.reason, "NOT_SENT") == 0;
    }
    fam_http_response_done(&response);
    fam_secret_done(&url);
    if (ret_result->outcome != FAM_API_ABORTED) {
        fam_metrics_add(api->options.metrics, FAM_M_BOT_SENDS,
                        FAM_LABELS(shipment->method, metric_result(ret_result->outcome)), 1);
    }
    if (ret_result->outcome == FAM_API_FLOOD) {
        fam_metrics_add(api->options.metrics, FAM_M_BOT_FLOOD_WAITS, NULL, 1);
    }
}

void fam_api_call(struct fam_api *api, const char *method, const char *json, uint32_t timeout_ms,
                  const atomic_bool *abort, struct fam_api_result *ret_result)
{
    const struct shipment shipment = {.method = method,
                                      .content_type = "application/json",
                                      .body = json,
                                      .size = strlen(json),
                                      .timeout_ms = timeout_ms,
                                      .abort = abort};
    ship(api, &shipment, ret_result);
}

/* A boundary that can't be in the file by chance: 128 random bits. */
static void make_boundary(char ret_boundary[BOUNDARY_SIZE])
{
    unsigned char bytes[16];
    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2hex(ret_boundary, BOUNDARY_SIZE, bytes, sizeof(bytes));
}

/* Into a header line: nothing may end the line or the quotes. */
static void add_file_name(struct fam_buf *body, const char *name)
{
    for (const char *c = name; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '.' ||
                     *c == '_' || *c == '-';
        fam_buf_add_char(body, plain ? *c : '_');
    }
}

void fam_api_upload(struct fam_api *api, const char *method, const char *const *fields, size_t field_count,
                    const struct fam_api_file *file, uint32_t timeout_ms, struct fam_api_result *ret_result)
{
    char boundary[BOUNDARY_SIZE], content_type[BOUNDARY_SIZE + 40];
    fam_auto(fam_buf_done) struct fam_buf body = {0};
    make_boundary(boundary);
    fam_buf_init(&body, file->size + UPLOAD_HEAD_MAX);
    for (size_t i = 0; i < field_count; i++) {
        fam_buf_addf(&body, "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n", boundary,
                     fields[2 * i], fields[2 * i + 1]);
    }
    fam_buf_addf(&body, "--%s\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"", boundary, file->field);
    add_file_name(&body, file->file_name);
    fam_buf_addf(&body, "\"\r\nContent-Type: %s\r\n\r\n", file->content_type);
    fam_buf_add(&body, file->data, file->size);
    fam_buf_addf(&body, "\r\n--%s--\r\n", boundary);
    snprintf(content_type, sizeof(content_type), "multipart/form-data; boundary=%s", boundary);
    if (body.failed) {
        *ret_result = (struct fam_api_result){.outcome = FAM_API_UNAVAILABLE};
        return;
    }
    const struct shipment shipment = {
        .method = method, .content_type = content_type, .body = body.data, .size = body.size, .timeout_ms = timeout_ms};
    ship(api, &shipment, ret_result);
}

void fam_api_result_done(struct fam_api_result *result)
{
    fam_buf_done(&result->body);
}
