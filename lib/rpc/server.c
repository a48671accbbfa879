#include "rpc/server.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "rpc/server_private.h"

enum {
    MESSAGE_BYTES_DEFAULT = 64 * 1024,
    CONNECTIONS_DEFAULT = 1024,
    LONG_POLLS_DEFAULT = 64,
    FREE_WAIT_MS = 10000,
    WORKER_STACK_BYTES = 512 * 1024
};

static bool on_connect(void *context, uint32_t connection)
{
    struct fam_server *server = context;
    return fam_connections_add(server->connections, connection, fam_mono_ms());
}

static void on_disconnect(void *context, uint32_t connection)
{
    struct fam_server *server = context;
    if (fam_connections_remove(server->connections, connection)) {
        (void)fam_registry_cancel(server, connection, 0);
    }
}

static void on_scrape(struct fam_metrics *metrics, void *context)
{
    struct fam_server *server = context;
    pthread_mutex_lock(&server->queue.lock);
    size_t queued = server->queue.count;
    pthread_mutex_unlock(&server->queue.lock);
    fam_metrics_set(metrics, FAM_M_RPC_IN_FLIGHT, NULL, (double)atomic_load(&server->in_flight));
    fam_metrics_set(metrics, FAM_M_RPC_QUEUED, NULL, (double)queued);
    fam_metrics_set(metrics, FAM_M_RPC_CONNECTIONS, NULL, (double)fam_connections_count(server->connections));
    fam_metrics_set(metrics, FAM_M_RPC_REFUSED, NULL, (double)fam_connections_refused(server->connections));
    fam_metrics_set(metrics, FAM_M_RPC_IDLE_CLOSES, NULL, (double)atomic_load(&server->idle_closes));
}

struct fam_server *fam_server_new(const struct fam_server_options *options, struct fam_status *status)
{
    assert(options->calls > 0 && options->workers > 0 && options->hooks.authenticate != NULL);
    struct fam_server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    server->options = *options;
    if (server->options.message_bytes == 0) {
        server->options.message_bytes = MESSAGE_BYTES_DEFAULT;
    }
    if (server->options.connections == 0) {
        server->options.connections = CONNECTIONS_DEFAULT;
    }
    if (server->options.long_polls == 0) {
        server->options.long_polls = LONG_POLLS_DEFAULT;
    }
    server->connections = fam_connections_new(server->options.connections);
    uint32_t random = 0;
    randombytes_buf(&random, sizeof(random));
    (void)snprintf(server->request_prefix, sizeof(server->request_prefix), "%08x-", random);
    bool ready = server->connections != NULL && pthread_mutex_init(&server->queue.lock, NULL) == 0 &&
                 pthread_cond_init(&server->queue.filled, NULL) == 0 &&
                 pthread_mutex_init(&server->pool_lock, NULL) == 0 && pthread_mutex_init(&server->idle_lock, NULL) == 0;
    pthread_condattr_t monotonic;
    if (ready && pthread_condattr_init(&monotonic) == 0) {
        (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        ready = pthread_cond_init(&server->idle, &monotonic) == 0;
        (void)pthread_condattr_destroy(&monotonic);
    }
    if (!ready || fam_registry_init(server, status) != FAM_OK) {
        (void)fam_fail_memory(status);
        fam_connections_free(server->connections);
        free(server);
        return NULL;
    }
    return server;
}

enum fam_code fam_server_add_service(struct fam_server *server, ProtobufCService *service, struct fam_status *status)
{
    if (server->service_count == FAM_ARRAY_SIZE(server->services)) {
        return fam_fail(status, FAM_INTERNAL, "more than %zu services", FAM_ARRAY_SIZE(server->services));
    }
    server->services[server->service_count++] = service;
    return FAM_OK;
}

static const struct fam_method *table_entry(const struct fam_server *server, const char *name, size_t *ret_index)
{
    for (size_t i = 0; i < server->options.method_count; i++) {
        if (strcmp(server->options.methods[i].name, name) == 0) {
            *ret_index = i;
            return &server->options.methods[i];
        }
    }
    return NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct fam_route *)a)->method->name, ((const struct fam_route *)b)->method->name);
}

static enum fam_code add_routes(struct fam_server *server, ProtobufCService *service, struct fam_status *status)
{
    const ProtobufCServiceDescriptor *descriptor = service->descriptor;
    for (unsigned i = 0; i < descriptor->n_methods; i++) {
        char name[128];
        (void)snprintf(name, sizeof(name), "%s/%s", descriptor->name, descriptor->methods[i].name);
        struct fam_route *route = &server->routes[server->route_count];
        route->method = table_entry(server, name, &route->index);
        if (route->method == NULL) {
            return fam_fail(status, FAM_INTERNAL, "%s is served but missing in the method table", name);
        }
        if (route->method->roles == 0 && (route->method->flags & FAM_METHOD_PUBLIC) == 0) {
            return fam_fail(status, FAM_INTERNAL, "%s declares no role", name);
        }
        if (fam_message_depth(descriptor->methods[i].input) > FAM_MESSAGE_DEPTH_MAX) {
            return fam_fail(status, FAM_INTERNAL, "the request of %s is nested too deep", name);
        }
        route->service = service;
        route->service_index = i;
        route->input = descriptor->methods[i].input;
        server->route_count++;
    }
    return FAM_OK;
}

static enum fam_code check_routes(const struct fam_server *server, struct fam_status *status)
{
    if (server->route_count > FAM_METHODS_MAX) {
        return fam_fail(status, FAM_INTERNAL, "more than %d methods", FAM_METHODS_MAX);
    }
    if (server->route_count != server->options.method_count) {
        return fam_fail(status, FAM_INTERNAL, "the method table has %zu entries, but %zu methods are served",
                        server->options.method_count, server->route_count);
    }
    return FAM_OK;
}

static enum fam_code build_rules(struct fam_server *server, struct fam_status *status)
{
    const ProtobufCMessageDescriptor **inputs = calloc(server->route_count + 1, sizeof(*inputs));
    if (inputs == NULL) {
        return fam_fail_memory(status);
    }
    for (size_t i = 0; i < server->route_count; i++) {
        inputs[i] = server->routes[i].input;
    }
    server->rules =
        fam_rules_new(server->options.rules, server->options.rule_count, inputs, server->route_count, status);
    free(inputs);
    return server->rules == NULL ? status->code : FAM_OK;
}

static enum fam_code build_routes(struct fam_server *server, struct fam_status *status)
{
    size_t total = 0;
    for (size_t i = 0; i < server->service_count; i++) {
        total += server->services[i]->descriptor->n_methods;
    }
    server->routes = calloc(total + 1, sizeof(*server->routes));
    if (server->routes == NULL) {
        return fam_fail_memory(status);
    }
    for (size_t i = 0; i < server->service_count; i++) {
        enum fam_code code = add_routes(server, server->services[i], status);
        if (code != FAM_OK) {
            return code;
        }
    }
    enum fam_code code = check_routes(server, status);
    if (code != FAM_OK) {
        return code;
    }
    qsort(server->routes, server->route_count, sizeof(server->routes[0]), by_name);
    return build_rules(server, status);
}

static enum fam_code start_workers(struct fam_server *server, struct fam_status *status)
{
    server->threads = calloc(server->options.workers, sizeof(*server->threads));
    if (server->threads == NULL) {
        return fam_fail_memory(status);
    }
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return fam_fail_memory(status);
    }
    (void)pthread_attr_setstacksize(&attributes, WORKER_STACK_BYTES);
    for (; server->thread_count < server->options.workers; server->thread_count++) {
        if (pthread_create(&server->threads[server->thread_count], &attributes, fam_dispatch_worker, server) != 0) {
            break;
        }
    }
    (void)pthread_attr_destroy(&attributes);
    if (server->thread_count < server->options.workers) {
        return fam_fail(status, FAM_RESOURCE_EXHAUSTED, "can't start %zu worker threads; set FAM_WORKERS lower",
                        server->options.workers);
    }
    return FAM_OK;
}

enum fam_code fam_server_start(struct fam_server *server, struct fam_status *status)
{
    enum fam_code code = build_routes(server, status);
    if (code != FAM_OK) {
        return code;
    }
    const struct fam_listener_options listener = {
        .urls = server->options.urls,
        .url_count = server->options.url_count,
        .slots = server->options.calls + server->options.long_polls + FAM_CALL_SPARE_SLOTS,
        .message_bytes = server->options.message_bytes,
        .pin = server->options.pin_transport,
        .tls = server->options.tls,
        .context = server,
        .on_request = fam_dispatch_request,
        .on_connect = on_connect,
        .on_disconnect = on_disconnect,
    };
    server->listener = fam_listener_new(&listener, status);
    if (server->listener == NULL) {
        return status->code;
    }
    /* After the transport: worker threads must not inherit its affinity, nor handlers run before the table is built. */
    code = start_workers(server, status);
    if (code == FAM_OK) {
        code = fam_listener_start(server->listener, status);
    }
    if (code == FAM_OK && server->options.metrics != NULL) {
        fam_metrics_on_scrape(server->options.metrics, on_scrape, server);
    }
    server->started = code == FAM_OK;
    return code;
}

uint16_t fam_server_port(const struct fam_server *server, size_t index)
{
    return server->listener == NULL ? 0 : fam_listener_port(server->listener, index);
}

static bool is_idle(const struct fam_server *server)
{
    return atomic_load(&server->in_flight) == 0 && atomic_load(&server->polls_in_flight) == 0;
}

static bool wait_idle(struct fam_server *server, uint64_t timeout_ms)
{
    uint64_t until_ns = fam_mono_ns() + timeout_ms * 1000000u;
    struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000u), .tv_nsec = (long)(until_ns % 1000000000u)};
    pthread_mutex_lock(&server->idle_lock);
    int error = 0;
    while (error == 0 && !is_idle(server)) {
        error = pthread_cond_timedwait(&server->idle, &server->idle_lock, &until);
    }
    bool idle = is_idle(server);
    pthread_mutex_unlock(&server->idle_lock);
    return idle;
}

void fam_server_start_drain(struct fam_server *server)
{
    atomic_store(&server->draining, true);
}

bool fam_server_drain(struct fam_server *server, uint32_t timeout_ms)
{
    fam_server_start_drain(server);
    if (wait_idle(server, timeout_ms)) {
        return true;
    }
    fam_registry_cancel_all(server);
    return false;
}

bool fam_server_is_draining(const struct fam_server *server)
{
    return atomic_load(&server->draining);
}

size_t fam_server_calls_in_flight(const struct fam_server *server)
{
    return atomic_load(&server->in_flight);
}

void fam_server_free(struct fam_server *server)
{
    if (server == NULL) {
        return;
    }
    atomic_store(&server->draining, true);
    fam_registry_cancel_all(server);
    if (!wait_idle(server, FREE_WAIT_MS)) {
        /* A handler that never answers holds its call: freeing under it would be worse than this leak at exit. */
        FAM_LOG(server->options.log, FAM_LOG_ERROR, "rpc", "handlers did not finish",
                FAM_U64("calls", (uint64_t)(atomic_load(&server->in_flight) + atomic_load(&server->polls_in_flight))));
        return;
    }
    fam_queue_close(server);
    for (size_t i = 0; i < server->thread_count; i++) {
        (void)pthread_join(server->threads[i], NULL);
    }
    fam_registry_stop(server);
    fam_listener_free(server->listener);
    fam_registry_done(server);
    fam_connections_free(server->connections);
    fam_call_pool_free(server);
    fam_rules_free(server->rules);
    free(server->routes);
    free(server->threads);
    (void)pthread_cond_destroy(&server->queue.filled);
    (void)pthread_mutex_destroy(&server->queue.lock);
    (void)pthread_mutex_destroy(&server->pool_lock);
    (void)pthread_cond_destroy(&server->idle);
    (void)pthread_mutex_destroy(&server->idle_lock);
    free(server);
}
