/* dispatch.c: from a request's bytes to its handler: envelope, routing, admission, queue, workers. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/text.h"
#include "metrics/metrics.h"
#include "rpc/server_private.h"

enum { ADMISSION_RETRY_MS = 100 };

static const char CANCEL_METHOD[] = "fam.rpc.v1/Cancel";
static const char PING_METHOD[] = "fam.rpc.v1/Ping";

static int compare_route(const void *name, const void *route)
{
    return strcmp(name, ((const struct fam_route *)route)->method->name);
}

const struct fam_route *fam_route_find(const struct fam_server *server, const char *name)
{
    return bsearch(name, server->routes, server->route_count, sizeof(server->routes[0]), compare_route);
}

static bool only_of(const char *text, size_t max, const char *extra)
{
    size_t size = 0;
    for (; text[size] != '\0'; size++) {
        char c = text[size];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (size >= max || (!plain && strchr(extra, c) == NULL)) {
            return false;
        }
    }
    return true;
}

/* The envelope's own fields, before anything looks at the method. */
static enum fam_code check_envelope(struct fam_call *call, struct fam_status *status)
{
    const Fam__Rpc__V1__Request *request = call->request;
    if (!only_of(request->request_id, 64, "_-")) {
        return fam_fail_field(status, "request_id", "request_id is up to 64 characters of [A-Za-z0-9_-]");
    }
    if (request->request_id[0] != '\0') {
        (void)snprintf(call->request_id, sizeof(call->request_id), "%s", request->request_id);
    }
    if (request->timeout_ms > FAM_TIMEOUT_MAX_MS) {
        return fam_fail_field(status, "timeout_ms", "timeout_ms is at most %d", FAM_TIMEOUT_MAX_MS);
    }
    if (!only_of(request->idempotency_key, 128, "_:.-")) {
        return fam_fail_field(status, "idempotency_key", "idempotency_key is up to 128 characters of [A-Za-z0-9_:.-]");
    }
    if (!only_of(request->session_id, 64, "_-") || !only_of(request->consistency_token, 39, "/") ||
        !only_of(request->traceparent, 128, "-") || !only_of(request->client_version, 64, "_./+-") ||
        !only_of(request->token, 256, "_-")) {
        return fam_fail_field(status, "envelope",
                              "session_id, consistency_token, traceparent, client_version or token is malformed");
    }
    if (fam_utf8_length(request->reason) > 200) {
        return fam_fail_field(status, "reason", "reason is at most 200 characters");
    }
    if (request->acting_user_id[0] != '\0') {
        call->has_acting_user = fam_uuid_parse(request->acting_user_id, &call->acting_user);
        if (!call->has_acting_user) {
            return fam_fail_field(status, "acting_user_id", "acting_user_id is a UUID");
        }
    }
    return FAM_OK;
}

static enum fam_code read_envelope(struct fam_call *call, struct fam_message *message, struct fam_status *status)
{
    const void *data = fam_message_data(message);
    size_t size = fam_message_size(message);
    enum fam_code code = fam_validate_wire(&fam__rpc__v1__request__descriptor, data, size, status);
    if (code == FAM_OK) {
        call->request = fam__rpc__v1__request__unpack(&call->arena.allocator, size, data);
    }
    if (code != FAM_OK || call->request == NULL || call->request->method[0] == '\0') {
        fam_metrics_add(call->server->options.metrics, FAM_M_RPC_BAD_FRAMES, NULL, 1);
        return fam_fail(status, FAM_INVALID_ARGUMENT, "the message is no fam.rpc.v1.Request");
    }
    return check_envelope(call, status);
}

static void set_deadline(struct fam_call *call)
{
    uint32_t timeout_ms = call->request->timeout_ms;
    if (timeout_ms == 0 && call->route != NULL) {
        timeout_ms = call->route->method->timeout_ms;
    }
    if (timeout_ms == 0) {
        timeout_ms = FAM_TIMEOUT_DEFAULT_MS;
    }
    call->deadline_ns = call->started_ns + (uint64_t)timeout_ms * 1000000u;
}

static void answer_cancel(struct fam_call *call)
{
    struct fam_status status;
    const ProtobufCBinaryData *payload = &call->request->payload;
    Fam__Rpc__V1__CancelRequest *cancel =
        fam__rpc__v1__cancel_request__unpack(&call->arena.allocator, payload->len, payload->data);
    if (cancel == NULL || cancel->call_id == 0) {
        (void)fam_fail_field(&status, "call_id", "a cancel names a call_id");
        fam_call_answer(call, &status, NULL);
        return;
    }
    Fam__Rpc__V1__CancelResponse response = FAM__RPC__V1__CANCEL_RESPONSE__INIT;
    response.found = fam_registry_cancel(call->server, call->connection, cancel->call_id) > 0;
    fam_call_answer(call, NULL, &response.base);
}

static void answer_ping(struct fam_call *call)
{
    Fam__Rpc__V1__PingResponse response = FAM__RPC__V1__PING_RESPONSE__INIT;
    fam_call_answer(call, NULL, &response.base);
}

/* The closure of every handler. protobuf-c passes NULL when a handler has nothing to say. */
static void on_handler_done(const ProtobufCMessage *output, void *closure_data)
{
    struct fam_call *call = closure_data;
    assert(call->magic == FAM_CALL_MAGIC);
    if (output == NULL) {
        struct fam_status status;
        (void)fam_fail(&status, FAM_INTERNAL, "%s gave no answer", call->route->method->name);
        fam_call_answer(call, &status, NULL);
        return;
    }
    fam_call_answer(call, NULL, output);
}

static void run(struct fam_call *call)
{
    const struct fam_route *route = call->route;
    route->service->invoke(route->service, route->service_index, call->input, on_handler_done, call);
}

/* True when the call was answered, or handed to its handler, on this thread. */
static bool run_inline(struct fam_call *call)
{
    bool would_block = false;
    struct fam_status status;
    enum fam_code code = fam_intercept(call, false, &would_block, &status);
    if (would_block) {
        return false;
    }
    if (code != FAM_OK) {
        fam_call_answer(call, &status, NULL);
    } else {
        run(call);
    }
    return true;
}

static enum fam_code fail_draining(struct fam_status *status)
{
    return fam_fail_reason(status, FAM_UNAVAILABLE, "DRAINING", ADMISSION_RETRY_MS,
                           "the server is stopping; another one, or this one in a moment, will answer");
}

static enum fam_code admit(struct fam_call *call, struct fam_status *status)
{
    struct fam_server *server = call->server;
    /* An inline method that came here had to block, for its token: it is answered all the same. */
    bool inline_method = (call->route->method->flags & FAM_METHOD_INLINE) != 0;
    if (atomic_load(&server->draining) && !inline_method) {
        return fail_draining(status);
    }
    bool polls = (call->route->method->flags & FAM_METHOD_LONG_POLL) != 0;
    atomic_size_t *count = polls ? &server->polls_in_flight : &server->in_flight;
    size_t bound = polls ? server->options.long_polls : server->options.calls;
    if (atomic_fetch_add(count, 1) >= bound) {
        (void)atomic_fetch_sub(count, 1);
        return fam_fail_reason(status, FAM_RESOURCE_EXHAUSTED, polls ? "LONG_POLLS" : "CALLS_IN_FLIGHT",
                               ADMISSION_RETRY_MS, "%zu %s are in flight already; try again in a moment", bound,
                               polls ? "long polls" : "calls");
    }
    call->admitted = count;
    return FAM_OK;
}

/* Under the lock. */
static void link_call(struct fam_call_queue *queue, struct fam_call *call)
{
    call->queued = true;
    call->queue_next = NULL; /* a resumed call was in the queue before */
    call->queue_previous = queue->tail;
    if (queue->tail != NULL) {
        queue->tail->queue_next = call;
    } else {
        queue->head = call;
    }
    queue->tail = call;
    queue->count++; /* bounded by admission */
    pthread_cond_signal(&queue->filled);
}

/* False when the workers have gone. */
static bool enqueue(struct fam_call *call)
{
    struct fam_call_queue *queue = &call->server->queue;
    pthread_mutex_lock(&queue->lock);
    bool open = !queue->closed;
    if (open) {
        link_call(queue, call);
    }
    pthread_mutex_unlock(&queue->lock);
    return open;
}

static void route_call(struct fam_call *call, struct fam_status *status)
{
    if (strcmp(call->request->method, CANCEL_METHOD) == 0) {
        answer_cancel(call);
        return;
    }
    if (strcmp(call->request->method, PING_METHOD) == 0) {
        answer_ping(call);
        return;
    }
    call->route = fam_route_find(call->server, call->request->method);
    if (call->route == NULL) {
        (void)fam_fail(status, FAM_UNIMPLEMENTED, "this server has no such method; ServerInfo tells its version");
        fam_call_answer(call, status, NULL);
        return;
    }
    set_deadline(call);
    if ((call->route->method->flags & FAM_METHOD_INLINE) != 0 && run_inline(call)) {
        return;
    }
    if (admit(call, status) != FAM_OK) {
        fam_call_answer(call, status, NULL);
        return;
    }
    fam_registry_add(call);
    if (!enqueue(call)) {
        (void)fail_draining(status);
        fam_call_answer(call, status, NULL);
    }
}

/* The prefix of this process and a number, in hexadecimal. */
static void make_request_id(struct fam_call *call)
{
    struct fam_server *server = call->server;
    uint64_t number = atomic_fetch_add(&server->request_counter, 1);
    char digits[16];
    size_t count = 0;
    do {
        digits[count++] = "0123456789abcdef"[number & 15u];
        number >>= 4;
    } while (number != 0);
    size_t size = strlen(server->request_prefix);
    memcpy(call->request_id, server->request_prefix, size);
    while (count > 0) {
        call->request_id[size++] = digits[--count];
    }
    call->request_id[size] = '\0';
}

void fam_dispatch_request(void *context, struct fam_slot *slot, struct fam_message *message, uint32_t connection)
{
    struct fam_server *server = context;
    struct fam_call *call = fam_call_new(server, slot, connection);
    if (call == NULL) {
        fam_message_free(message);
        fam_slot_reply(slot, NULL);
        return;
    }
    fam_connections_touch(server->connections, connection, call->started_ns / 1000000u);
    make_request_id(call);
    struct fam_status status;
    enum fam_code code = read_envelope(call, message, &status);
    fam_message_free(message);
    if (code != FAM_OK) {
        fam_call_answer(call, &status, NULL);
        return;
    }
    route_call(call, &status);
}

/* Under the lock. */
static void unlink_call(struct fam_call_queue *queue, struct fam_call *call)
{
    if (call->queue_previous != NULL) {
        call->queue_previous->queue_next = call->queue_next;
    } else {
        queue->head = call->queue_next;
    }
    if (call->queue_next != NULL) {
        call->queue_next->queue_previous = call->queue_previous;
    } else {
        queue->tail = call->queue_previous;
    }
    call->queued = false;
    queue->count--;
}

bool fam_queue_remove(struct fam_call *call)
{
    struct fam_call_queue *queue = &call->server->queue;
    pthread_mutex_lock(&queue->lock);
    bool queued = call->queued && call->step == NULL;
    if (queued) {
        unlink_call(queue, call);
    }
    pthread_mutex_unlock(&queue->lock);
    return queued;
}

void fam_call_resume(struct fam_call *call, void (*step)(void *context), void *context)
{
    struct fam_call_queue *queue = &call->server->queue;
    pthread_mutex_lock(&queue->lock);
    assert(call->magic == FAM_CALL_MAGIC && call->step == NULL && !call->queued);
    call->step = step;
    call->step_context = context;
    link_call(queue, call);
    pthread_mutex_unlock(&queue->lock);
}

/* The step that a resumed call waited for; NULL: the call is a new one. */
static void (*take_step(struct fam_call *call, void **ret_context))(void *context)
{
    struct fam_call_queue *queue = &call->server->queue;
    pthread_mutex_lock(&queue->lock);
    void (*step)(void *context) = call->step;
    *ret_context = call->step_context;
    call->step = NULL;
    pthread_mutex_unlock(&queue->lock);
    return step;
}

static struct fam_call *dequeue(struct fam_call_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->head == NULL && !queue->closed) {
        pthread_cond_wait(&queue->filled, &queue->lock);
    }
    struct fam_call *call = queue->head;
    if (call != NULL) {
        unlink_call(queue, call);
    }
    pthread_mutex_unlock(&queue->lock);
    return call;
}

void *fam_dispatch_worker(void *arg)
{
    struct fam_server *server = arg;
    void *crash_stack = fam_crash_thread_begin();
    for (;;) {
        struct fam_call *call = dequeue(&server->queue);
        if (call == NULL) {
            fam_crash_thread_end(crash_stack);
            return NULL;
        }
        void *step_context = NULL;
        void (*step)(void *context) = take_step(call, &step_context);
        if (step != NULL) {
            step(step_context);
            continue;
        }
        bool would_block = false;
        struct fam_status status;
        if (fam_intercept(call, true, &would_block, &status) != FAM_OK) {
            fam_call_answer(call, &status, NULL);
        } else {
            run(call);
        }
    }
}

void fam_queue_close(struct fam_server *server)
{
    pthread_mutex_lock(&server->queue.lock);
    server->queue.closed = true;
    pthread_cond_broadcast(&server->queue.filled);
    pthread_mutex_unlock(&server->queue.lock);
}
