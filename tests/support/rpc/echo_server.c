#include "echo_server.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "fam/test/v1/echo.pb-c.h"

enum { PARKED_MAX = 2048, LATE_MS = 200 };

struct parked {
    struct fam_call *call;
    Fam__Test__V1__EchoResponse_Closure done;
    char *text;
    uint64_t due_ms;
};

struct echo_server {
    Fam__Test__V1__EchoService_Service service; /* first */
    struct fam_server *server;
    struct fam_log *log;
    char url[64];
    const char *urls[1];
    atomic_uint cancels;
    atomic_uint parked_ever;
    atomic_uint fails;
    atomic_uint changes;
    pthread_t waker;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct parked parked[PARKED_MAX];
    size_t parked_count;
    bool stopping;
};

static const struct fam_method METHODS[] = {
    {.name = "fam.test.v1.EchoService/Echo", .roles = FAM_ROLE_BOT | FAM_ROLE_SERVICE | FAM_ROLE_ADMIN},
    {.name = "fam.test.v1.EchoService/Ping", .roles = FAM_ROLE_BOT, .flags = FAM_METHOD_INLINE | FAM_METHOD_PUBLIC},
    {.name = "fam.test.v1.EchoService/Secret", .roles = FAM_ROLE_ADMIN},
    {.name = "fam.test.v1.EchoService/Fail", .roles = FAM_ROLE_BOT},
    {.name = "fam.test.v1.EchoService/Change",
     .roles = FAM_ROLE_BOT,
     .flags = FAM_METHOD_ACTING_USER | FAM_METHOD_IDEMPOTENT_KEY},
};

static const struct fam_field_rule RULES[] = {
    {.field = "fam.test.v1.EchoRequest.text", .min = 1, .max = 20},
    {.field = "fam.test.v1.EchoRequest.number", .min = 2, .max = 17},
    {.field = "fam.test.v1.EchoRequest.more", .min = 0, .max = 2},
    {.field = "fam.test.v1.Inner.name", .required = true, .min = 1, .max = 8},
    {.field = "fam.test.v1.EchoRequest.blob", .min = 1, .max = 4},
};

static enum fam_code authenticate(void *context, const char *token, bool may_block, bool *ret_would_block,
                                  struct fam_principal *ret_principal, struct fam_status *status)
{
    (void)context;
    (void)may_block;
    *ret_would_block = false;
    *ret_principal = (struct fam_principal){.role = 0};
    if (strcmp(token, "fam_bot") == 0) {
        ret_principal->role = FAM_ROLE_BOT;
    } else if (strcmp(token, "fam_admin") == 0) {
        ret_principal->role = FAM_ROLE_ADMIN;
    } else if (strcmp(token, "fam_service") == 0) {
        ret_principal->role = FAM_ROLE_SERVICE;
        ret_principal->may_call[0] = 1; /* Echo */
    } else {
        return fam_fail(status, FAM_UNAUTHENTICATED, "unknown token");
    }
    (void)snprintf(ret_principal->name, sizeof(ret_principal->name), "%s", token + 4);
    return FAM_OK;
}

static void answer(Fam__Test__V1__EchoResponse_Closure done, struct fam_call *call, char *text)
{
    Fam__Test__V1__EchoResponse response = FAM__TEST__V1__ECHO_RESPONSE__INIT;
    response.text = text;
    done(&response, call);
    free(text);
}

static void on_cancel(void *context)
{
    struct echo_server *echo = context;
    atomic_fetch_add(&echo->cancels, 1);
}

static void echo(Fam__Test__V1__EchoService_Service *service, const Fam__Test__V1__EchoRequest *input,
                 Fam__Test__V1__EchoResponse_Closure closure, void *closure_data)
{
    struct echo_server *self = (struct echo_server *)service;
    char *text = strdup(input->text);
    assert(text != NULL);
    if (input->park_ms == 0) {
        answer(closure, closure_data, text);
        return;
    }
    fam_call_on_cancel(closure_data, on_cancel, self);
    pthread_mutex_lock(&self->lock);
    if (self->stopping) { /* nobody would wake it */
        pthread_mutex_unlock(&self->lock);
        answer(closure, closure_data, text);
        return;
    }
    assert(self->parked_count < PARKED_MAX);
    self->parked[self->parked_count++] =
        (struct parked){.call = closure_data, .done = closure, .text = text, .due_ms = fam_mono_ms() + input->park_ms};
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
    atomic_fetch_add(&self->parked_ever, 1);
}

static void *wake_parked(void *arg)
{
    struct echo_server *self = arg;
    pthread_mutex_lock(&self->lock);
    while (!self->stopping || self->parked_count > 0) {
        uint64_t now_ms = fam_mono_ms();
        for (size_t i = 0; i < self->parked_count; i++) {
            /* Time for the server's own answer: whoever is first wins. */
            if (fam_call_is_cancelled(self->parked[i].call) && self->parked[i].due_ms > now_ms + LATE_MS) {
                self->parked[i].due_ms = now_ms + LATE_MS;
            }
            struct parked one = self->parked[i];
            if (one.due_ms <= now_ms || self->stopping) {
                self->parked[i--] = self->parked[--self->parked_count];
                pthread_mutex_unlock(&self->lock);
                answer(one.done, one.call, one.text);
                pthread_mutex_lock(&self->lock);
            }
        }
        uint64_t until_ms = now_ms + 5;
        const struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                                       .tv_nsec = (long)(until_ms % 1000) * 1000000};
        pthread_cond_timedwait(&self->changed, &self->lock, &until);
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

static void ping(Fam__Test__V1__EchoService_Service *service, const Fam__Test__V1__PingRequest *input,
                 Fam__Test__V1__PingResponse_Closure closure, void *closure_data)
{
    struct echo_server *self = (struct echo_server *)service;
    (void)input;
    Fam__Test__V1__PingResponse response = FAM__TEST__V1__PING_RESPONSE__INIT;
    response.calls = atomic_load(&self->changes);
    closure(&response, closure_data);
}

static void change(Fam__Test__V1__EchoService_Service *service, const Fam__Test__V1__PingRequest *input,
                   Fam__Test__V1__PingResponse_Closure closure, void *closure_data)
{
    struct echo_server *self = (struct echo_server *)service;
    (void)input;
    Fam__Test__V1__PingResponse response = FAM__TEST__V1__PING_RESPONSE__INIT;
    response.calls = atomic_fetch_add(&self->changes, 1) + 1;
    closure(&response, closure_data);
}

static void fail(Fam__Test__V1__EchoService_Service *service, const Fam__Test__V1__FailRequest *input,
                 Fam__Test__V1__PingResponse_Closure closure, void *closure_data)
{
    struct echo_server *self = (struct echo_server *)service;
    unsigned calls = atomic_fetch_add(&self->fails, 1) + 1;
    if (input->times != 0 && calls > input->times) {
        Fam__Test__V1__PingResponse response = FAM__TEST__V1__PING_RESPONSE__INIT;
        response.calls = calls;
        closure(&response, closure_data);
        return;
    }
    struct fam_status status;
    (void)fam_fail_reason(&status, fam_code_from_number(input->code), "ASKED_FOR", 1, "failure number %u", calls);
    fam_call_fail(closure_data, &status);
}

static void secret(Fam__Test__V1__EchoService_Service *service, const Fam__Test__V1__PingRequest *input,
                   Fam__Test__V1__PingResponse_Closure closure, void *closure_data)
{
    ping(service, input, closure, closure_data);
}

static const Fam__Test__V1__EchoService_Service SERVICE = FAM__TEST__V1__ECHO_SERVICE__INIT();

static void free_server(struct echo_server *self)
{
    fam_server_free(self->server);
    fam_log_free(self->log);
    free(self);
}

struct echo_server *echo_server_try(const struct echo_options *options, struct fam_status *status)
{
    struct echo_server *self = calloc(1, sizeof(*self));
    assert(self != NULL);
    self->service = SERVICE;
    pthread_mutex_init(&self->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&self->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (options->log_fd > 0) {
        self->log = fam_log_new(
            &(struct fam_log_options){
                .program = "echo", .level = FAM_LOG_INFO, .format = FAM_LOG_JSON, .fd = options->log_fd},
            status);
    }
    self->urls[0] = options->url == NULL ? "tcp://127.0.0.1:0" : options->url;
    const struct fam_server_options server = {
        .urls = self->urls,
        .url_count = 1,
        .tls = options->tls,
        .methods = METHODS,
        .method_count = FAM_ARRAY_SIZE(METHODS),
        .rules = RULES,
        .rule_count = FAM_ARRAY_SIZE(RULES),
        .calls = options->calls,
        .workers = options->workers,
        .connections = options->connections,
        .idle_ms = options->idle_ms,
        .log = self->log,
        .hooks = {.authenticate = authenticate},
    };
    self->server = fam_server_new(&server, status);
    if (self->server == NULL || fam_server_add_service(self->server, &self->service.base, status) != FAM_OK ||
        fam_server_start(self->server, status) != FAM_OK) {
        free_server(self);
        return NULL;
    }
    (void)snprintf(self->url, sizeof(self->url), "%.*s:%u", (int)(strrchr(self->urls[0], ':') - self->urls[0]),
                   self->urls[0], fam_server_port(self->server, 0));
    pthread_create(&self->waker, NULL, wake_parked, self);
    return self;
}

struct echo_server *echo_server_start_with(const struct echo_options *options)
{
    struct fam_status status = {.code = FAM_OK};
    struct echo_server *self = echo_server_try(options, &status);
    if (self == NULL) {
        fprintf(stderr, "echo server: %s\n", status.message);
        abort();
    }
    return self;
}

struct echo_server *echo_server_start_logged(size_t calls, size_t workers, int fd)
{
    return echo_server_start_with(&(struct echo_options){.calls = calls, .workers = workers, .log_fd = fd});
}

struct echo_server *echo_server_start(size_t calls, size_t workers)
{
    return echo_server_start_with(&(struct echo_options){.calls = calls, .workers = workers});
}

void echo_server_stop(struct echo_server *self)
{
    pthread_mutex_lock(&self->lock);
    self->stopping = true;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
    pthread_join(self->waker, NULL);
    free_server(self);
}

struct fam_server *echo_server_rpc(struct echo_server *self)
{
    return self->server;
}

const char *echo_server_url(const struct echo_server *self)
{
    return self->url;
}

unsigned echo_server_parked(const struct echo_server *self)
{
    return atomic_load(&self->parked_ever);
}

unsigned echo_server_cancels(const struct echo_server *self)
{
    return atomic_load(&self->cancels);
}

unsigned echo_server_fails(const struct echo_server *self)
{
    return atomic_load(&self->fails);
}

unsigned echo_server_changes(const struct echo_server *self)
{
    return atomic_load(&self->changes);
}

struct fam_client *echo_client(const struct echo_server *self, const char *token)
{
    struct fam_status status = {.code = FAM_OK};
    struct fam_client *client =
        fam_client_new(&(struct fam_client_options){.urls = self->url, .token = token, .version = "test/1"}, &status);
    if (client == NULL) {
        fprintf(stderr, "echo client: %s\n", status.message);
        abort();
    }
    return client;
}
