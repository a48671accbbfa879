#include "prometheus.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/secret.h"
#include "net/http_client.h"

enum { TIMEOUT_MS = 10000, HTTP_OK = 200, HTTP_BAD_REQUEST = 400, ANSWER_BYTES = 4 * 1024 * 1024 };

struct fam_prometheus {
    const char *url;
    struct fam_http_client *http;
};

struct fam_prometheus *fam_prometheus_new(const char *url, struct fam_status *status)
{
    struct fam_prometheus *prometheus = calloc(1, sizeof(*prometheus));
    if (prometheus == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    const struct fam_http_client_options options = {.user_agent = "famctl/" FAM_VERSION,
                                                    .allow_plain_http = strncasecmp(url, "http://", 7) == 0,
                                                    .handles = 1,
                                                    .max_transfers = 1,
                                                    .queue = 1};
    prometheus->url = url;
    prometheus->http = fam_http_client_new(&options, status);
    if (prometheus->http == NULL) {
        free(prometheus);
        return NULL;
    }
    return prometheus;
}

void fam_prometheus_free(struct fam_prometheus *prometheus)
{
    if (prometheus == NULL) {
        return;
    }
    fam_http_client_free(prometheus->http);
    free(prometheus);
}

/* application/x-www-form-urlencoded */
static void add_encoded(struct fam_buf *buf, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
        if (plain) {
            fam_buf_add_char(buf, *text);
        } else {
            fam_buf_addf(buf, "%%%02X", c);
        }
    }
}

/* {"metric":{...},"value":[time,"0.5"]} */
static void read_series(const cJSON *item, const char *label, struct fam_series *ret_series)
{
    const char *found = fam_json_string(fam_json_get(item, "metric"), label);
    const cJSON *value = cJSON_GetArrayItem(fam_json_get(item, "value"), 1);
    const char *text = cJSON_IsString(value) ? value->valuestring : "NaN";
    (void)snprintf(ret_series->label, sizeof(ret_series->label), "%s", found == NULL ? "" : found);
    ret_series->value = strtod(text, NULL);
}

static enum fam_code read_answer(const struct fam_http_response *response, const char *label,
                                 struct fam_series ret_series[FAM_SERIES_MAX], size_t *ret_count,
                                 struct fam_status *status)
{
    cJSON *root = fam_json_parse(fam_buf_text(&response->body), response->body.size, ANSWER_BYTES);
    const cJSON *result = fam_json_get(fam_json_get(root, "data"), "result");
    enum fam_code code = FAM_OK;
    if (response->http_status == HTTP_BAD_REQUEST && root != NULL) {
        code = fam_fail(status, FAM_INVALID_ARGUMENT, "Prometheus can't read the query");
    } else if (response->http_status != HTTP_OK || !cJSON_IsArray(result)) {
        code = fam_fail(status, FAM_UNAVAILABLE,
                        "what answers at FAM_PROMETHEUS_URL is no Prometheus that can be asked (HTTP %u)",
                        response->http_status);
    }
    const cJSON *item = NULL;
    if (code == FAM_OK) {
        cJSON_ArrayForEach(item, result)
        {
            if (*ret_count == FAM_SERIES_MAX) {
                break;
            }
            read_series(item, label, &ret_series[(*ret_count)++]);
        }
    }
    cJSON_Delete(root);
    return code;
}

enum fam_code fam_prometheus_query(struct fam_prometheus *prometheus, const char *expression, const char *label,
                                   struct fam_series ret_series[FAM_SERIES_MAX], size_t *ret_count,
                                   struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf form = {0};
    fam_auto(fam_secret_done) struct fam_secret url = {0};
    fam_auto(fam_http_response_done) struct fam_http_response response = {0};
    char text[512];
    *ret_count = 0;
    fam_buf_add_text(&form, "query=");
    add_encoded(&form, expression);
    size_t length = strlen(prometheus->url);
    length -= length > 0 && prometheus->url[length - 1] == '/' ? 1 : 0;
    int size = snprintf(text, sizeof(text), "%.*s/api/v1/query", (int)length, prometheus->url);
    if (form.failed || size < 0 || (size_t)size >= sizeof(text) || !fam_secret_set(&url, text, (size_t)size)) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "FAM_PROMETHEUS_URL is too long");
    }
    const struct fam_http_request request = {.url = &url,
                                             .content_type = "application/x-www-form-urlencoded",
                                             .body = fam_buf_text(&form),
                                             .body_size = form.size,
                                             .timeout_ms = TIMEOUT_MS,
                                             .response_bytes = ANSWER_BYTES};
    enum fam_code code = fam_http_perform(prometheus->http, &request, &response, status);
    if (code == FAM_UNAVAILABLE || code == FAM_DEADLINE_EXCEEDED) {
        return fam_fail(status, FAM_UNAVAILABLE,
                        "nobody answers at FAM_PROMETHEUS_URL (%.120s): start Prometheus with alerts/rules, or try "
                        "'scripts/dev up --observe'",
                        prometheus->url);
    }
    return code == FAM_OK ? read_answer(&response, label, ret_series, ret_count, status) : code;
}
