/* http_call.c: one transfer: what libcurl is told, and what its end means. */
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/http_private.h"

enum {
    CONNECT_TIMEOUT_DEFAULT_MS = 10000,
    BODY_BYTES_DEFAULT = 1 << 20,
    RETRY_AFTER_MAX_S = 24 * 60 * 60,
    KEEPALIVE_S = 30,
};

/* ---- making and freeing ---- */

static void free_headers(struct curl_slist *headers)
{
    for (struct curl_slist *at = headers; at != NULL; at = at->next) {
        sodium_memzero(at->data, strlen(at->data)); /* they may hold a key */
    }
    curl_slist_free_all(headers);
}

static bool add_header(struct curl_slist **headers, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*headers, line);
    if (longer == NULL) {
        return false;
    }
    *headers = longer;
    return true;
}

static bool copy_headers(struct fam_http_call *call, const struct fam_http_request *request)
{
    char content_type[128];
    /* No "Expect: 100-continue", which costs a round trip with large bodies. */
    bool good = add_header(&call->headers, "Expect:");
    if (good && request->body != NULL && request->content_type != NULL) {
        (void)snprintf(content_type, sizeof(content_type), "Content-Type: %s", request->content_type);
        good = add_header(&call->headers, content_type);
    }
    for (size_t i = 0; good && i < request->header_count; i++) {
        good = add_header(&call->headers, request->headers[i]);
    }
    return good;
}

static bool copy_request(struct fam_http_call *call, const struct fam_http_request *request)
{
    if (!fam_secret_set(&call->url, request->url->data, request->url->size) || !copy_headers(call, request)) {
        return false;
    }
    if (request->body != NULL) {
        call->body = malloc(request->body_size + 1);
        if (call->body == NULL) {
            return false;
        }
        memcpy(call->body, request->body, request->body_size);
        call->body_size = request->body_size;
    }
    return true;
}

void fam_http_call_clear(struct fam_http_call *call)
{
    curl_easy_cleanup(call->easy);
    call->easy = NULL;
    free_headers(call->headers);
    call->headers = NULL;
    if (call->body != NULL) {
        sodium_memzero(call->body, call->body_size);
        free(call->body);
        call->body = NULL;
    }
    fam_secret_done(&call->url);
}

static struct fam_http_call *make_call(struct fam_http_client *client, const struct fam_http_request *request)
{
    struct fam_http_call *call = calloc(1, sizeof(*call));
    if (call == NULL) {
        return NULL;
    }
    call->client = client;
    call->abort = request->abort;
    call->deadline_ms = fam_mono_ms() + request->timeout_ms;
    call->connect_timeout_ms =
        request->connect_timeout_ms == 0 ? CONNECT_TIMEOUT_DEFAULT_MS : request->connect_timeout_ms;
    call->stall_timeout_ms = request->stall_timeout_ms;
    fam_buf_init(&call->response.body, request->response_bytes == 0 ? BODY_BYTES_DEFAULT : request->response_bytes);
    if (!copy_request(call, request)) {
        fam_http_call_clear(call);
        free(call);
        return NULL;
    }
    return call;
}

enum fam_code fam_http_start(struct fam_http_client *client, const struct fam_http_request *request,
                             fam_http_done *done, void *context, struct fam_http_call **ret_call,
                             struct fam_status *status)
{
    assert(request->timeout_ms > 0); /* to libcurl 0 is for ever */
    struct fam_http_call *call = make_call(client, request);
    if (call == NULL) {
        return fam_fail_memory(status);
    }
    call->done = done;
    call->context = context;
    enum fam_code code = FAM_OK;
    pthread_mutex_lock(&client->lock);
    if (client->stopping) {
        code = fam_fail_reason(status, FAM_UNAVAILABLE, "NOT_SENT", 0, "the client is stopping");
    } else if (client->queue.size >= client->queue_max) {
        code = fam_fail_reason(status, FAM_RESOURCE_EXHAUSTED, "QUEUE_FULL", 0, "too many requests wait already");
    } else {
        *ret_call = call; /* before `done` may run */
        fam_http_list_add(&client->queue, call);
        fam_http_engine_wake(client);
    }
    pthread_mutex_unlock(&client->lock);
    if (code != FAM_OK) {
        fam_http_call_clear(call);
        free(call);
    }
    return code;
}

void fam_http_call_cancel(struct fam_http_call *call)
{
    struct fam_http_client *client = call->client;
    pthread_mutex_lock(&client->lock);
    if (!call->over && !call->cancelled) {
        call->cancelled = true;
        client->any_cancelled = true;
        fam_http_engine_wake(client);
    }
    pthread_mutex_unlock(&client->lock);
}

void fam_http_call_free(struct fam_http_call *call)
{
    if (call == NULL) {
        return;
    }
    struct fam_http_client *client = call->client;
    pthread_mutex_lock(&client->lock);
    while (!call->over) { /* the engine ends every call by its time-out, whatever the peer does */
        pthread_cond_wait(&client->changed, &client->lock);
    }
    pthread_mutex_unlock(&client->lock);
    free(call);
}

/* ---- on the engine's thread ---- */

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct fam_http_call *call = context;
    (void)size; /* always 1 */
    fam_buf_add(&call->response.body, data, count);
    if (call->response.body.failed) {
        call->too_large = true;
        return 0;
    }
    return count;
}

/* The body is read and not given as a whole: what can't be read twice is not sent twice. libcurl would send it again,
 * on a new connection, when a kept one breaks before the answer, though the service may have done what it says. */
static size_t on_upload(char *data, size_t size, size_t count, void *context)
{
    struct fam_http_call *call = context;
    size_t room = size * count;
    size_t left = call->body_size - call->sent;
    size_t taken = left < room ? left : room;
    memcpy(data, call->body + call->sent, taken);
    call->sent += taken;
    return taken;
}

/* libcurl takes headers that break off for an answer without a body. */
static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    struct fam_http_call *call = context;
    (void)size; /* always 1 */
    call->has_head = count > 0 && (line[0] == '\r' || line[0] == '\n');
    return count;
}

static void set_limits(const struct fam_http_call *call, uint32_t left_ms)
{
    CURL *easy = call->easy;
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* a cancelled look-up of a name holds up nobody */
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)left_ms);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)call->connect_timeout_ms);
    if (call->stall_timeout_ms > 0) {
        (void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
        (void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)((call->stall_timeout_ms + 999) / 1000));
    }
    (void)curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S);
    (void)curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_S);
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_FAILONERROR, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
}

static void set_callbacks(struct fam_http_call *call)
{
    CURL *easy = call->easy;
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    if (call->body != NULL) {
        (void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_size);
        (void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_upload);
        (void)curl_easy_setopt(easy, CURLOPT_READDATA, call);
    }
}

static CURLcode set_target(const struct fam_http_call *call)
{
    const struct fam_http_client *client = call->client;
    CURL *easy = call->easy;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, fam_secret_text(&call->url));
    if (code == CURLE_OK) {
        code = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, client->allow_plain_http ? "http,https" : "https");
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(easy, CURLOPT_PROXY, client->proxy); /* "" also ignores the environment's */
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(easy, CURLOPT_NOPROXY, ""); /* or the environment's would win over ours */
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(easy, CURLOPT_USERAGENT, client->user_agent);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    }
    return code;
}

enum fam_code fam_http_call_set_up(struct fam_http_call *call, uint32_t left_ms, struct fam_status *status)
{
    call->easy = curl_easy_init();
    if (call->easy == NULL) {
        return fam_fail_memory(status);
    }
    set_limits(call, left_ms);
    set_callbacks(call);
    return set_target(call) == CURLE_OK ? FAM_OK : fam_fail_memory(status);
}

/* ---- what the end means ---- */

/* Did the way to the service end at the proxy? Then its address, which may hold a password, is not told. */
static bool is_proxys_fault(const struct fam_http_call *call, CURLcode result)
{
    long connect_status = 0;
    curl_off_t connected = 0;
    if (call->client->proxy[0] == '\0') {
        return false;
    }
    (void)curl_easy_getinfo(call->easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
    (void)curl_easy_getinfo(call->easy, CURLINFO_CONNECT_TIME_T, &connected);
    return result == CURLE_COULDNT_RESOLVE_PROXY || result == CURLE_PROXY || connect_status >= 300 ||
           (connected == 0 && (result == CURLE_COULDNT_CONNECT || result == CURLE_COULDNT_RESOLVE_HOST));
}

static enum fam_code explain(const struct fam_http_call *call, CURLcode result, struct fam_status *status)
{
    curl_off_t sent = 0;
    (void)curl_easy_getinfo(call->easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
    const char *reason = sent == 0 ? "NOT_SENT" : "";
    if (call->too_large) {
        return fam_fail(status, FAM_OUT_OF_RANGE, "the answer is larger than allowed");
    }
    if (result == CURLE_UNSUPPORTED_PROTOCOL && sent > 0) { /* an answer that is no HTTP */
        result = CURLE_WEIRD_SERVER_REPLY;
    } else if (result == CURLE_SEND_FAIL_REWIND) { /* see on_upload */
        result = CURLE_GOT_NOTHING;
    }
    switch (result) {
    case CURLE_OPERATION_TIMEDOUT:
        return fam_fail_reason(status, FAM_DEADLINE_EXCEEDED, reason, 0, "no answer in time");
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return fam_fail(status, FAM_INVALID_ARGUMENT, "the URL is malformed or its protocol is not allowed");
    case CURLE_OUT_OF_MEMORY:
        return fam_fail_memory(status);
    default:
        if (is_proxys_fault(call, result)) {
            return fam_fail_reason(status, FAM_UNAVAILABLE, "NOT_SENT", 0,
                                   "the proxy can't be reached or refuses to connect");
        }
        return fam_fail_reason(status, FAM_UNAVAILABLE, reason, 0, "the request failed: %s",
                               curl_easy_strerror(result));
    }
}

static void read_header(CURL *easy, const char *name, char ret_value[FAM_HTTP_VALUE_SIZE])
{
    struct curl_header *header = NULL;
    ret_value[0] = '\0';
    if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK) {
        return;
    }
    size_t size = strnlen(header->value, FAM_HTTP_VALUE_SIZE - 1);
    for (size_t i = 0; i < size; i++) {
        if (header->value[i] < 0x20 || header->value[i] > 0x7e) {
            return;
        }
    }
    memcpy(ret_value, header->value, size);
    ret_value[size] = '\0';
}

static void read_headers(struct fam_http_call *call)
{
    struct fam_http_response *response = &call->response;
    long http_status = 0;
    curl_off_t retry_after_s = 0;
    (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &http_status);
    (void)curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    response->http_status = (unsigned)http_status;
    if (retry_after_s > 0) {
        /* curl gives absurd numbers for absurd dates. */
        retry_after_s = retry_after_s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : retry_after_s;
        response->retry_after_ms = (uint32_t)retry_after_s * 1000u;
    }
    read_header(call->easy, "request-id", response->request_id);
    for (size_t i = 0; i < call->client->wanted_count; i++) {
        read_header(call->easy, call->client->wanted[i], response->wanted[i]);
    }
}

enum fam_code fam_http_call_finish(struct fam_http_call *call, CURLcode result, struct fam_status *status)
{
    if (result == CURLE_OK && !call->has_head) {
        result = CURLE_GOT_NOTHING;
    }
    if (result != CURLE_OK) {
        return explain(call, result, status);
    }
    read_headers(call);
    return FAM_OK;
}
