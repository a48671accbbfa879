#include "translate/claude.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "translate/claude_private.h"
#include "translate/claude_wire.h"

enum {
    CONCURRENCY_DEFAULT = 5,
    CONCURRENCY_MAX = 1024,
    QUEUE_DEFAULT = 256,
    QUEUE_MAX = 65536,
    CONNECTIONS_KEPT_MAX = 64,
};

static const char *const HEADERS[FAM_CLAUDE_HEADERS] = {
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-reset",
    "anthropic-ratelimit-tokens-limit",
    "anthropic-ratelimit-tokens-remaining",
    "anthropic-ratelimit-tokens-reset",
    "anthropic-ratelimit-input-tokens-limit",
    "anthropic-ratelimit-input-tokens-remaining",
    "anthropic-ratelimit-input-tokens-reset",
    "anthropic-ratelimit-output-tokens-limit",
    "anthropic-ratelimit-output-tokens-remaining",
    "anthropic-ratelimit-output-tokens-reset",
    "x-should-retry",
};

/* ---- a client's life ---- */

/* Is the host of "http://HOST…" this machine? What follows the name must end it. */
static bool is_this_machine(const char *url)
{
    static const char *const NAMES[] = {"localhost", "127.0.0.1", "[::1]"};
    const char *host = url + strlen("http://");
    for (size_t i = 0; i < FAM_ARRAY_SIZE(NAMES); i++) {
        size_t size = strlen(NAMES[i]);
        if (strncasecmp(host, NAMES[i], size) == 0 && (host[size] == '\0' || strchr(":/", host[size]) != NULL)) {
            return true;
        }
    }
    return false;
}

static enum fam_code check_options(const struct fam_claude_options *options, struct fam_status *status)
{
    bool plain = strncasecmp(options->base_url, "http://", 7) == 0;
    if (!plain && strncasecmp(options->base_url, "https://", 8) != 0) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "ANTHROPIC_BASE_URL must begin with https://");
    }
    if (plain && !options->allow_plain_http && !is_this_machine(options->base_url)) {
        return fam_fail(status, FAM_INVALID_ARGUMENT,
                        "ANTHROPIC_BASE_URL must be https://: phrases and the key would travel in clear");
    }
    const char *key = fam_secret_text(options->api_key);
    if (key[0] == '\0' || strpbrk(key, " \t\r\n") != NULL) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "ANTHROPIC_API_KEY is empty or holds white space");
    }
    if (options->concurrency > CONCURRENCY_MAX || options->queue > QUEUE_MAX) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "Claude's concurrency is at most %d, its queue %d",
                        CONCURRENCY_MAX, QUEUE_MAX);
    }
    return FAM_OK;
}

static bool make_texts(struct fam_claude *claude, const struct fam_claude_options *options)
{
    size_t base = strlen(options->base_url);
    while (base > 0 && options->base_url[base - 1] == '/') {
        base--;
    }
    fam_auto(fam_buf_done) struct fam_buf url = {0};
    fam_auto(fam_buf_done) struct fam_buf key = {0};
    fam_buf_add(&url, options->base_url, base);
    fam_buf_add_text(&url, "/v1/messages");
    fam_buf_add_text(&key, "x-api-key: ");
    fam_buf_add(&key, options->api_key->data, options->api_key->size);
    (void)snprintf(claude->version_header, sizeof(claude->version_header), "anthropic-version: %s",
                   claude->model.version);
    return !url.failed && !key.failed && fam_secret_set(&claude->url, url.data, url.size) &&
           fam_secret_set(&claude->key_header, key.data, key.size);
}

static void fill_options(struct fam_claude *claude, const struct fam_claude_options *options)
{
    struct fam_claude_options *kept = &claude->options;
    *kept = *options;
    kept->concurrency = options->concurrency == 0 ? CONCURRENCY_DEFAULT : options->concurrency;
    kept->queue = options->queue == 0 ? QUEUE_DEFAULT : options->queue;
    kept->now_ms = options->now_ms == NULL ? fam_mono_ms : options->now_ms;
    kept->wall_ms = options->wall_ms == NULL ? fam_wall_ms : options->wall_ms;
    claude->backoff.random_below = options->random_below;
}

static enum fam_code make_rooms(struct fam_claude *claude, const struct fam_claude_options *options,
                                struct fam_status *status)
{
    const struct fam_breaker_options breaker = {.now_ms = options->now_ms};
    size_t kept = claude->options.concurrency;
    const struct fam_http_client_options http = {.user_agent = options->user_agent,
                                                 .proxy = options->proxy,
                                                 .allow_plain_http = strncasecmp(options->base_url, "http://", 7) == 0,
                                                 .handles = kept < CONNECTIONS_KEPT_MAX ? kept : CONNECTIONS_KEPT_MAX,
                                                 .max_transfers = claude->options.concurrency,
                                                 .queue = claude->options.concurrency,
                                                 .wanted = HEADERS,
                                                 .wanted_count = FAM_CLAUDE_HEADERS,
                                                 .tick = fam_claude_tick,
                                                 .tick_context = claude};
    if (!make_texts(claude, options)) {
        return fam_fail_memory(status);
    }
    claude->breaker = fam_breaker_new(&breaker, status);
    if (claude->breaker == NULL) {
        return status->code;
    }
    claude->http = fam_http_client_new(&http, status); /* its thread starts to tick: last */
    return claude->http != NULL ? FAM_OK : status->code;
}

struct fam_claude *fam_claude_new(const struct fam_claude_options *options, struct fam_status *status)
{
    struct fam_claude_model model;
    if (check_options(options, status) != FAM_OK || fam_claude_model_find(options->model, &model, status) != FAM_OK) {
        return NULL;
    }
    struct fam_claude *claude = calloc(1, sizeof(*claude));
    if (claude == NULL || pthread_mutex_init(&claude->lock, NULL) != 0) {
        free(claude);
        (void)fam_fail_memory(status);
        return NULL;
    }
    if (pthread_cond_init(&claude->changed, NULL) != 0) {
        (void)pthread_mutex_destroy(&claude->lock);
        free(claude);
        (void)fam_fail_memory(status);
        return NULL;
    }
    claude->model = model;
    fill_options(claude, options);
    if (make_rooms(claude, options, status) != FAM_OK) {
        fam_claude_free(claude);
        return NULL;
    }
    return claude;
}

void fam_claude_stop(struct fam_claude *claude)
{
    pthread_mutex_lock(&claude->lock);
    claude->stopping = true;
    pthread_mutex_unlock(&claude->lock);
    if (claude->http != NULL) {
        fam_http_client_stop(claude->http);
    }
}

void fam_claude_free(struct fam_claude *claude)
{
    if (claude == NULL) {
        return;
    }
    fam_claude_stop(claude);
    fam_http_client_free(claude->http);
    fam_breaker_free(claude->breaker);
    fam_secret_done(&claude->url);
    fam_secret_done(&claude->key_header);
    (void)pthread_cond_destroy(&claude->changed);
    (void)pthread_mutex_destroy(&claude->lock);
    free(claude);
}

/* ---- questions ---- */

static void free_call(struct fam_claude_call *call)
{
    fam_secret_done(&call->body);
    free(call);
}

static struct fam_claude_call *make_call(struct fam_claude *claude, const struct fam_claude_prompt *prompt,
                                         struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf body;
    fam_buf_init(&body, FAM_CLAUDE_REQUEST_BYTES);
    if (fam_claude_wire_question(&claude->model, prompt, &body, status) != FAM_OK) {
        return NULL;
    }
    struct fam_claude_call *call = calloc(1, sizeof(*call));
    if (call == NULL || !fam_secret_set(&call->body, body.data, body.size)) {
        free(call);
        (void)fam_fail_memory(status);
        return NULL;
    }
    call->claude = claude;
    return call;
}

/* What can be told now is told now. With the lock held. */
static enum fam_code check_ask(struct fam_claude *claude, uint64_t now_ms, uint64_t patient_until_ms,
                               struct fam_status *status)
{
    if (claude->stopping) {
        return fam_fail(status, FAM_UNAVAILABLE, "the client is stopping");
    }
    if (claude->waiting.size >= claude->options.queue) {
        return fam_fail_reason(status, FAM_RESOURCE_EXHAUSTED, "QUEUE_FULL", 0,
                               "too many questions wait for Claude already");
    }
    enum fam_code code = fam_claude_check_budget(claude, status);
    if (code == FAM_OK) {
        code = fam_claude_check_pause(claude, now_ms, patient_until_ms, status);
    }
    if (code == FAM_OK && !fam_breaker_would_allow(claude->breaker, status)) {
        code = FAM_UNAVAILABLE;
    }
    return code;
}

enum fam_code fam_claude_ask(struct fam_claude *claude, const struct fam_claude_prompt *prompt, uint32_t timeout_ms,
                             fam_claude_done *done, void *context, struct fam_claude_call **ret_call,
                             struct fam_status *status)
{
    assert(timeout_ms > 0);
    struct fam_claude_call *call = make_call(claude, prompt, status);
    if (call == NULL) {
        return status->code;
    }
    uint64_t now_ms = claude->options.now_ms();
    call->done = done;
    call->context = context;
    call->deadline_ms = now_ms + timeout_ms;
    call->patient_until_ms = call->deadline_ms;
    if (prompt->patience_ms > 0 && prompt->patience_ms < timeout_ms) {
        call->patient_until_ms = now_ms + prompt->patience_ms;
    }
    pthread_mutex_lock(&claude->lock);
    enum fam_code code = check_ask(claude, now_ms, call->patient_until_ms, status);
    if (code == FAM_OK) {
        *ret_call = call; /* before `done` may run */
        fam_claude_list_add(&claude->waiting, call);
        fam_http_client_wake(claude->http);
    }
    pthread_mutex_unlock(&claude->lock);
    if (code != FAM_OK) {
        free_call(call);
        fam_claude_count_result(claude, code, status);
    }
    return code;
}

void fam_claude_call_cancel(struct fam_claude_call *call)
{
    struct fam_claude *claude = call->claude;
    pthread_mutex_lock(&claude->lock);
    if (!call->over && !call->cancelled) {
        call->cancelled = true;
        if (call->in_flight) {
            fam_http_call_cancel(call->http[call->attempts - 1]);
        } else {
            fam_http_client_wake(claude->http);
        }
    }
    pthread_mutex_unlock(&claude->lock);
}

void fam_claude_call_free(struct fam_claude_call *call)
{
    if (call == NULL) {
        return;
    }
    struct fam_claude *claude = call->claude;
    pthread_mutex_lock(&claude->lock);
    while (!call->over) { /* by its time-out: it ends in the queue, in a pause, or with its HTTP call */
        pthread_cond_wait(&claude->changed, &claude->lock);
    }
    pthread_mutex_unlock(&claude->lock);
    for (unsigned i = 0; i < call->attempts; i++) {
        fam_http_call_free(call->http[i]);
    }
    free_call(call);
}

void fam_claude_reset_breaker(struct fam_claude *claude)
{
    fam_breaker_reset(claude->breaker);
    fam_http_client_wake(claude->http);
}
