#include "net/http_client.h"

#include <assert.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HANDLES_DEFAULT = 8,
    HANDLES_MAX = 64,
    CONNECT_TIMEOUT_DEFAULT_MS = 10000,
    BODY_BYTES_DEFAULT = 1 << 20,
    RETRY_AFTER_MAX_S = 24 * 60 * 60,
    KEEPALIVE_S = 30,
};

struct fam_http_client {
    char *user_agent;
    char *proxy;
    bool allow_plain_http;
    size_t handles_kept;
    pthread_mutex_t lock; /* guards the pool */
    CURL *pool[HANDLES_MAX];
    size_t pooled;
};

struct transfer {
    const char *unsent; /* of the request's body */
    size_t unsent_size;
    struct fam_buf *body;
    const atomic_bool *abort;
    bool too_large;
    bool has_head; /* the empty line after the headers came */
};

struct fam_http_client *fam_http_client_new(const struct fam_http_client_options *options, struct fam_status *status)
{
    struct fam_http_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(client);
        (void)fam_fail(status, FAM_INTERNAL, "libcurl can't be initialised");
        return NULL;
    }
    size_t handles = options->handles == 0 ? HANDLES_DEFAULT : options->handles;
    client->handles_kept = handles > HANDLES_MAX ? HANDLES_MAX : handles;
    client->allow_plain_http = options->allow_plain_http;
    client->user_agent = strdup(options->user_agent == NULL ? "" : options->user_agent);
    client->proxy = strdup(options->proxy == NULL ? "" : options->proxy);
    if (client->user_agent == NULL || client->proxy == NULL || pthread_mutex_init(&client->lock, NULL) != 0) {
        free(client->user_agent);
        free(client->proxy);
        free(client);
        curl_global_cleanup();
        (void)fam_fail_memory(status);
        return NULL;
    }
    return client;
}

void fam_http_client_free(struct fam_http_client *client)
{
    if (client == NULL) {
        return;
    }
    while (client->pooled > 0) {
        curl_easy_cleanup(client->pool[--client->pooled]);
    }
    (void)pthread_mutex_destroy(&client->lock);
    free(client->user_agent);
    free(client->proxy);
    free(client);
    curl_global_cleanup();
}

static CURL *take_handle(struct fam_http_client *client)
{
    CURL *handle = NULL;
    pthread_mutex_lock(&client->lock);
    if (client->pooled > 0) {
        handle = client->pool[--client->pooled];
    }
    pthread_mutex_unlock(&client->lock);
    return handle != NULL ? handle : curl_easy_init();
}

/* Options are forgotten, connections stay. */
static void give_handle(struct fam_http_client *client, CURL *handle)
{
    curl_easy_reset(handle);
    pthread_mutex_lock(&client->lock);
    bool kept = client->pooled < client->handles_kept;
    if (kept) {
        client->pool[client->pooled++] = handle;
    }
    pthread_mutex_unlock(&client->lock);
    if (!kept) {
        curl_easy_cleanup(handle);
    }
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    (void)size; /* always 1 */
    fam_buf_add(transfer->body, data, count);
    if (transfer->body->failed) {
        transfer->too_large = true;
        return 0;
    }
    return count;
}

/* The body is read and not given as a whole: what can't be read twice is not sent twice. libcurl would send it again,
 * on a new connection, when a kept one breaks before the answer, though the service may have done what it says. */
static size_t on_upload(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t room = size * count;
    size_t taken = transfer->unsent_size < room ? transfer->unsent_size : room;
    memcpy(data, transfer->unsent, taken);
    transfer->unsent += taken;
    transfer->unsent_size -= taken;
    return taken;
}

/* libcurl takes headers that break off for an answer without a body. */
static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    (void)size; /* always 1 */
    transfer->has_head = count > 0 && (line[0] == '\r' || line[0] == '\n');
    return count;
}

static int on_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    const struct transfer *transfer = context;
    return transfer->abort != NULL && atomic_load(transfer->abort) ? 1 : 0;
}

static struct curl_slist *make_headers(const struct fam_http_request *request)
{
    /* No "Expect: 100-continue", which costs a round trip with large bodies. */
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    char content_type[128];
    if (headers != NULL && request->body != NULL && request->content_type != NULL) {
        (void)snprintf(content_type, sizeof(content_type), "Content-Type: %s", request->content_type);
        struct curl_slist *longer = curl_slist_append(headers, content_type);
        if (longer == NULL) {
            curl_slist_free_all(headers);
        }
        headers = longer;
    }
    for (size_t i = 0; headers != NULL && i < request->header_count; i++) {
        struct curl_slist *longer = curl_slist_append(headers, request->headers[i]);
        if (longer == NULL) {
            curl_slist_free_all(headers);
        }
        headers = longer;
    }
    return headers;
}

static void set_limits(CURL *handle, const struct fam_http_request *request)
{
    uint32_t connect_ms = request->connect_timeout_ms == 0 ? CONNECT_TIMEOUT_DEFAULT_MS : request->connect_timeout_ms;
    (void)curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    (void)curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    if (request->stall_timeout_ms > 0) {
        (void)curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
        (void)curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, (long)((request->stall_timeout_ms + 999) / 1000));
    }
    (void)curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
    (void)curl_easy_setopt(handle, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S);
    (void)curl_easy_setopt(handle, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_S);
    (void)curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(handle, CURLOPT_FAILONERROR, 0L);
    (void)curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");
}

static CURLcode set_up(struct fam_http_client *client, CURL *handle, const struct fam_http_request *request,
                       struct curl_slist *headers, struct transfer *transfer)
{
    set_limits(handle, request);
    CURLcode code = curl_easy_setopt(handle, CURLOPT_URL, fam_secret_text(request->url));
    if (code == CURLE_OK) {
        code = curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, client->allow_plain_http ? "http,https" : "https");
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(handle, CURLOPT_PROXY, client->proxy); /* "" also ignores the environment's */
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(handle, CURLOPT_NOPROXY, ""); /* or the environment's would win over ours */
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(handle, CURLOPT_USERAGENT, client->user_agent);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    }
    if (code == CURLE_OK && request->body != NULL) {
        (void)curl_easy_setopt(handle, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
        (void)curl_easy_setopt(handle, CURLOPT_READFUNCTION, on_upload);
        code = curl_easy_setopt(handle, CURLOPT_READDATA, transfer);
    }
    (void)curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(handle, CURLOPT_WRITEDATA, transfer);
    (void)curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(handle, CURLOPT_HEADERDATA, transfer);
    (void)curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    (void)curl_easy_setopt(handle, CURLOPT_XFERINFODATA, transfer);
    return code;
}

static enum fam_code explain(CURL *handle, CURLcode result, const struct transfer *transfer, struct fam_status *status)
{
    curl_off_t sent = 0;
    (void)curl_easy_getinfo(handle, CURLINFO_PRETRANSFER_TIME_T, &sent);
    const char *reason = sent == 0 ? "NOT_SENT" : "";
    if (transfer->too_large) {
        return fam_fail(status, FAM_OUT_OF_RANGE, "the answer is larger than allowed");
    }
    if (result == CURLE_UNSUPPORTED_PROTOCOL && sent > 0) { /* an answer that is no HTTP */
        result = CURLE_WEIRD_SERVER_REPLY;
    } else if (result == CURLE_SEND_FAIL_REWIND) { /* see on_upload */
        result = CURLE_GOT_NOTHING;
    }
    switch (result) {
    case CURLE_ABORTED_BY_CALLBACK:
        return fam_fail(status, FAM_CANCELLED, "the request was cut short");
    case CURLE_OPERATION_TIMEDOUT:
        return fam_fail_reason(status, FAM_DEADLINE_EXCEEDED, reason, 0, "no answer in time");
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return fam_fail(status, FAM_INVALID_ARGUMENT, "the URL is malformed or its protocol is not allowed");
    case CURLE_OUT_OF_MEMORY:
        return fam_fail_memory(status);
    default:
        return fam_fail_reason(status, FAM_UNAVAILABLE, reason, 0, "the request failed: %s",
                               curl_easy_strerror(result));
    }
}

static void read_headers(CURL *handle, struct fam_http_response *response)
{
    long http_status = 0;
    curl_off_t retry_after_s = 0;
    struct curl_header *header = NULL;
    (void)curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &http_status);
    (void)curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &retry_after_s);
    response->http_status = (unsigned)http_status;
    if (retry_after_s > 0) {
        /* curl gives absurd numbers for absurd dates. */
        retry_after_s = retry_after_s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : retry_after_s;
        response->retry_after_ms = (uint32_t)retry_after_s * 1000u;
    }
    if (curl_easy_header(handle, "request-id", 0, CURLH_HEADER, -1, &header) == CURLHE_OK) {
        (void)snprintf(response->request_id, sizeof(response->request_id), "%s", header->value);
    }
}

enum fam_code fam_http_perform(struct fam_http_client *client, const struct fam_http_request *request,
                               struct fam_http_response *ret_response, struct fam_status *status)
{
    assert(request->timeout_ms > 0); /* to libcurl 0 is for ever */
    size_t limit = request->response_bytes == 0 ? BODY_BYTES_DEFAULT : request->response_bytes;
    *ret_response = (struct fam_http_response){.http_status = 0};
    fam_buf_init(&ret_response->body, limit);
    struct transfer transfer = {.unsent = request->body,
                                .unsent_size = request->body == NULL ? 0 : request->body_size,
                                .body = &ret_response->body,
                                .abort = request->abort};
    struct curl_slist *headers = make_headers(request);
    CURL *handle = headers == NULL ? NULL : take_handle(client);
    if (handle == NULL) {
        curl_slist_free_all(headers);
        return fam_fail_memory(status);
    }
    CURLcode result = set_up(client, handle, request, headers, &transfer);
    if (result == CURLE_OK) {
        result = curl_easy_perform(handle);
        result = result == CURLE_OK && !transfer.has_head ? CURLE_GOT_NOTHING : result;
    }
    enum fam_code code = FAM_OK;
    if (result == CURLE_OK) {
        read_headers(handle, ret_response);
    } else {
        code = explain(handle, result, &transfer, status);
        fam_http_response_done(ret_response);
    }
    give_handle(client, handle);
    curl_slist_free_all(headers);
    return code;
}

void fam_http_response_done(struct fam_http_response *response)
{
    fam_buf_done(&response->body);
    *response = (struct fam_http_response){.http_status = 0};
}
