/* http_client.c: a client's life, and requests that wait for their answer. */
#include "net/http_client.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/http_private.h"

enum {
    HANDLES_DEFAULT = 8,
    HANDLES_MAX = 64,
    TRANSFERS_DEFAULT = 256,
    TRANSFERS_MAX = 2048,
    QUEUE_DEFAULT = 256,
    QUEUE_MAX = 65536,
};

static size_t choose(size_t wanted, size_t fallback, size_t most)
{
    size_t chosen = wanted == 0 ? fallback : wanted;
    return chosen > most ? most : chosen;
}

static bool is_proxy(const char *proxy)
{
    static const char *const SCHEMES[] = {"http://", "https://", "socks5://", "socks5h://"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(SCHEMES); i++) {
        size_t size = strlen(SCHEMES[i]);
        if (strncasecmp(proxy, SCHEMES[i], size) == 0 && proxy[size] != '\0') {
            return true;
        }
    }
    return proxy[0] == '\0';
}

static bool set_up(struct fam_http_client *client, const struct fam_http_client_options *options)
{
    client->allow_plain_http = options->allow_plain_http;
    client->max_transfers = choose(options->max_transfers, TRANSFERS_DEFAULT, TRANSFERS_MAX);
    client->queue_max = choose(options->queue, QUEUE_DEFAULT, QUEUE_MAX);
    client->wanted = options->wanted;
    client->wanted_count = choose(options->wanted_count, 0, FAM_HTTP_WANTED_MAX);
    client->tick = options->tick;
    client->tick_context = options->tick_context;
    client->user_agent = strdup(options->user_agent == NULL ? "" : options->user_agent);
    client->proxy = strdup(options->proxy == NULL ? "" : options->proxy);
    client->multi = curl_multi_init();
    if (client->user_agent == NULL || client->proxy == NULL || client->multi == NULL) {
        return false;
    }
    (void)curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS,
                            (long)choose(options->handles, HANDLES_DEFAULT, HANDLES_MAX));
    if (pthread_create(&client->thread, NULL, fam_http_engine_run, client) != 0) {
        return false;
    }
    client->has_thread = true;
    return true;
}

struct fam_http_client *fam_http_client_new(const struct fam_http_client_options *options, struct fam_status *status)
{
    if (options->proxy != NULL && !is_proxy(options->proxy)) {
        (void)fam_fail(status, FAM_INVALID_ARGUMENT, "a proxy must be http://…, https://… or socks5://…");
        return NULL;
    }
    struct fam_http_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    if (pthread_mutex_init(&client->lock, NULL) != 0) {
        free(client);
        (void)fam_fail_memory(status);
        return NULL;
    }
    if (pthread_cond_init(&client->changed, NULL) != 0) {
        (void)pthread_mutex_destroy(&client->lock);
        free(client);
        (void)fam_fail_memory(status);
        return NULL;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)pthread_cond_destroy(&client->changed);
        (void)pthread_mutex_destroy(&client->lock);
        free(client);
        (void)fam_fail(status, FAM_INTERNAL, "libcurl can't be initialised");
        return NULL;
    }
    if (!set_up(client, options)) {
        fam_http_client_free(client);
        (void)fam_fail(status, FAM_RESOURCE_EXHAUSTED, "not enough memory, or no thread to be had");
        return NULL;
    }
    return client;
}

void fam_http_client_wake(struct fam_http_client *client)
{
    pthread_mutex_lock(&client->lock);
    fam_http_engine_wake(client);
    pthread_mutex_unlock(&client->lock);
}

void fam_http_client_stop(struct fam_http_client *client)
{
    pthread_mutex_lock(&client->lock);
    client->stopping = true;
    bool join = client->has_thread;
    client->has_thread = false;
    if (join) {
        fam_http_engine_wake(client);
    }
    pthread_mutex_unlock(&client->lock);
    if (join) {
        (void)pthread_join(client->thread, NULL);
    }
}

void fam_http_client_free(struct fam_http_client *client)
{
    if (client == NULL) {
        return;
    }
    fam_http_client_stop(client);
    (void)curl_multi_cleanup(client->multi);
    (void)pthread_cond_destroy(&client->changed);
    (void)pthread_mutex_destroy(&client->lock);
    free(client->user_agent);
    free(client->proxy);
    free(client);
    curl_global_cleanup();
}

/* ---- waiting for the answer ---- */

struct waiter {
    enum fam_code code;
    struct fam_http_response *response;
    struct fam_status *status;
};

/* fam_http_call_free, for which the waiter waits, orders these writes before its reads. */
static void on_done(void *context, enum fam_code code, struct fam_http_response *response,
                    const struct fam_status *status)
{
    struct waiter *waiter = context;
    waiter->code = code;
    if (code == FAM_OK) {
        *waiter->response = *response;
        *response = (struct fam_http_response){.http_status = 0};
    } else {
        *waiter->status = *status;
    }
}

enum fam_code fam_http_perform(struct fam_http_client *client, const struct fam_http_request *request,
                               struct fam_http_response *ret_response, struct fam_status *status)
{
    struct fam_http_call *call = NULL;
    struct waiter waiter = {.response = ret_response, .status = status};
    *ret_response = (struct fam_http_response){.http_status = 0};
    enum fam_code code = fam_http_start(client, request, on_done, &waiter, &call, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_http_call_free(call); /* waits */
    return waiter.code;
}

void fam_http_response_done(struct fam_http_response *response)
{
    fam_buf_done(&response->body);
    *response = (struct fam_http_response){.http_status = 0};
}

static const char *outcome_of_status(unsigned http_status)
{
    if (http_status == 429) {
        return "rate_limited";
    }
    if (http_status == 529) {
        return "overloaded";
    }
    return http_status >= 500 ? "server_error" : http_status >= 300 ? "rejected" : "success";
}

const char *fam_http_outcome(enum fam_code code, unsigned http_status)
{
    switch (code) {
    case FAM_OK:
        return outcome_of_status(http_status);
    case FAM_DEADLINE_EXCEEDED:
        return "timeout";
    case FAM_CANCELLED:
        return "cancelled";
    case FAM_UNAVAILABLE:
        return "connection";
    default:
        return "invalid";
    }
}
