/* calls.c: live calls: registry, janitor, ownership, and what handlers ask of a call (call.h). */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "rpc/server_private.h"

enum { JANITOR_BATCH = 64, POOL_MAX = 256 };
static const uint64_t JANITOR_IDLE_NS = 60u * 1000000000ull;

struct fam_call *fam_call_new(struct fam_server *server, struct fam_slot *slot, uint32_t connection)
{
    pthread_mutex_lock(&server->pool_lock);
    struct fam_call *call = server->pool;
    if (call != NULL) {
        server->pool = call->next;
        server->pool_count--;
    }
    pthread_mutex_unlock(&server->pool_lock);
    if (call == NULL) {
        call = malloc(sizeof(*call));
    }
    if (call == NULL) {
        return NULL;
    }
    memset(call, 0, offsetof(struct fam_call, arena));
    fam_arena_init(&call->arena, FAM_UNPACK_LIMIT_BYTES);
    call->magic = FAM_CALL_MAGIC;
    atomic_init(&call->owners, 1);
    call->server = server;
    call->slot = slot;
    call->connection = connection;
    call->started_ns = fam_mono_ns();
    return call;
}

/* For the next call; what the arena held is wiped already. */
static void give_back(struct fam_server *server, struct fam_call *call)
{
    pthread_mutex_lock(&server->pool_lock);
    bool keep = server->pool_count < POOL_MAX;
    if (keep) {
        call->next = server->pool;
        server->pool = call;
        server->pool_count++;
    }
    pthread_mutex_unlock(&server->pool_lock);
    if (!keep) {
        free(call);
    }
}

void fam_call_pool_free(struct fam_server *server)
{
    while (server->pool != NULL) {
        struct fam_call *call = server->pool;
        server->pool = call->next;
        free(call);
    }
}

void fam_call_let_go(struct fam_call *call, int owners)
{
    if (atomic_fetch_sub(&call->owners, owners) > owners) {
        return;
    }
    struct fam_server *server = call->server;
    atomic_size_t *admitted = call->admitted;
    fam_arena_done(&call->arena);
    call->magic = 0;
    give_back(server, call);
    if (admitted != NULL && atomic_fetch_sub(admitted, 1) == 1) {
        pthread_mutex_lock(&server->idle_lock);
        pthread_cond_broadcast(&server->idle);
        pthread_mutex_unlock(&server->idle_lock);
    }
}

/* Under the lock. */
static void mark_cancelled(struct fam_registry *registry, struct fam_call *call, enum fam_code code)
{
    int expected = FAM_OK;
    if (atomic_compare_exchange_strong(&call->cancel_code, &expected, (int)code)) {
        registry->attention = true;
        if (call->cancel_hook != NULL) {
            call->cancel_hook(call->cancel_context);
        }
    }
}

/* Under the lock. */
static bool has_vanished(const struct fam_registry *registry, uint32_t connection)
{
    for (size_t i = 0; i < FAM_CLOSED_REMEMBERED; i++) {
        if (registry->closed[i] == connection) {
            return true;
        }
    }
    return false;
}

static size_t early_place(uint64_t call_id)
{
    return (size_t)(call_id & (FAM_CANCELS_REMEMBERED - 1));
}

/* Under the lock. */
static bool was_cancelled(struct fam_registry *registry, const struct fam_call *call)
{
    uint64_t call_id = call->request->call_id;
    size_t place = early_place(call_id);
    return call_id != 0 && registry->early[place].call_id == call_id &&
           registry->early[place].connection == call->connection;
}

void fam_registry_add(struct fam_call *call)
{
    struct fam_registry *registry = &call->server->registry;
    atomic_fetch_add(&call->owners, 1);
    pthread_mutex_lock(&registry->lock);
    call->registered = true;
    call->previous = NULL;
    call->next = registry->first;
    if (call->next != NULL) {
        call->next->previous = call;
    }
    registry->first = call;
    registry->count++;
    if (has_vanished(registry, call->connection) || was_cancelled(registry, call)) {
        mark_cancelled(registry, call, FAM_CANCELLED);
        pthread_cond_signal(&registry->changed);
    }
    if (call->deadline_ns < registry->next_ns) {
        registry->next_ns = call->deadline_ns;
        pthread_cond_signal(&registry->changed);
    }
    pthread_mutex_unlock(&registry->lock);
}

/* Under the lock. True when this call took it out: the registry's ownership is then the caller's to let go. */
static bool registry_remove(struct fam_registry *registry, struct fam_call *call)
{
    if (!call->registered) {
        return false;
    }
    call->registered = false;
    if (call->previous != NULL) {
        call->previous->next = call->next;
    } else {
        registry->first = call->next;
    }
    if (call->next != NULL) {
        call->next->previous = call->previous;
    }
    registry->count--;
    return true;
}

size_t fam_registry_cancel(struct fam_server *server, uint32_t connection, uint64_t call_id)
{
    struct fam_registry *registry = &server->registry;
    size_t found = 0;
    pthread_mutex_lock(&registry->lock);
    if (call_id == 0) {
        registry->closed[registry->closed_next++ % FAM_CLOSED_REMEMBERED] = connection;
    }
    for (struct fam_call *call = registry->first; call != NULL; call = call->next) {
        if (call->connection == connection && (call_id == 0 || call->request->call_id == call_id)) {
            mark_cancelled(registry, call, FAM_CANCELLED);
            found++;
        }
    }
    if (found > 0) {
        pthread_cond_signal(&registry->changed);
    } else if (call_id != 0) {
        registry->early[early_place(call_id)].connection = connection;
        registry->early[early_place(call_id)].call_id = call_id;
    }
    pthread_mutex_unlock(&registry->lock);
    return found;
}

void fam_registry_cancel_all(struct fam_server *server)
{
    struct fam_registry *registry = &server->registry;
    pthread_mutex_lock(&registry->lock);
    for (struct fam_call *call = registry->first; call != NULL; call = call->next) {
        mark_cancelled(registry, call, FAM_UNAVAILABLE);
    }
    pthread_cond_signal(&registry->changed);
    pthread_mutex_unlock(&registry->lock);
}

/* Under the lock: takes out up to JANITOR_BATCH calls whose time is up and finds when to look next. */
static size_t collect_overdue(struct fam_registry *registry, uint64_t now_ns, struct fam_call **ret_calls)
{
    size_t count = 0;
    uint64_t next_ns = now_ns + JANITOR_IDLE_NS;
    registry->attention = false;
    struct fam_call *following = NULL;
    for (struct fam_call *call = registry->first; call != NULL; call = following) {
        following = call->next;
        if (call->deadline_ns <= now_ns) {
            mark_cancelled(registry, call, FAM_DEADLINE_EXCEEDED);
        }
        if (atomic_load(&call->cancel_code) == FAM_OK) {
            next_ns = call->deadline_ns < next_ns ? call->deadline_ns : next_ns;
        } else if (count < JANITOR_BATCH) {
            (void)registry_remove(registry, call);
            ret_calls[count++] = call;
        } else {
            next_ns = now_ns; /* more than fit: come back at once */
        }
    }
    registry->attention = false;
    registry->next_ns = next_ns;
    return count;
}

static void answer_overdue(struct fam_call *call)
{
    if (!atomic_exchange(&call->answered, true)) {
        struct fam_status status;
        switch ((enum fam_code)atomic_load(&call->cancel_code)) {
        case FAM_DEADLINE_EXCEEDED:
            (void)fam_fail(&status, FAM_DEADLINE_EXCEEDED, "the call did not finish within its time");
            break;
        case FAM_UNAVAILABLE:
            (void)fam_fail(&status, FAM_UNAVAILABLE, "the server is stopping; try again");
            break;
        default:
            (void)fam_fail(&status, FAM_CANCELLED, "the caller cancelled the call");
            break;
        }
        fam_call_send(call, &status, NULL);
    }
    /* One that no worker has begun has no handler that would let go of it. */
    fam_call_let_go(call, fam_queue_remove(call) ? 2 : 1);
}

/* Is anything owed to this connection? */
static bool is_owed(struct fam_registry *registry, uint32_t connection)
{
    bool owed = false;
    pthread_mutex_lock(&registry->lock);
    for (struct fam_call *call = registry->first; call != NULL && !owed; call = call->next) {
        owed = call->connection == connection;
    }
    pthread_mutex_unlock(&registry->lock);
    return owed;
}

/* Closes connections that nobody has used for idle_ms; when to look again. */
static void close_idle(struct fam_server *server, uint64_t now_ms)
{
    struct fam_registry *registry = &server->registry;
    uint32_t ids[JANITOR_BATCH];
    uint64_t oldest_ms = 0;
    uint32_t idle_ms = server->options.idle_ms;
    if (idle_ms == 0) {
        registry->idle_next_ms = UINT64_MAX;
        return;
    }
    uint64_t before_ms = now_ms > idle_ms ? now_ms - idle_ms : 0;
    size_t count = fam_connections_idle(server->connections, before_ms, ids, JANITOR_BATCH, &oldest_ms);
    for (size_t i = 0; i < count; i++) {
        if (is_owed(registry, ids[i])) {
            fam_connections_touch(server->connections, ids[i], now_ms);
        } else {
            fam_connection_close(ids[i]);
            (void)atomic_fetch_add(&server->idle_closes, 1);
        }
    }
    uint64_t from_ms = oldest_ms < now_ms ? oldest_ms : now_ms;
    registry->idle_next_ms = from_ms + idle_ms + 1;
}

static void *janitor(void *arg)
{
    struct fam_server *server = arg;
    struct fam_registry *registry = &server->registry;
    struct fam_call *overdue[JANITOR_BATCH];
    pthread_mutex_lock(&registry->lock);
    while (!registry->stopping) {
        uint64_t now_ns = fam_mono_ns();
        if (now_ns / 1000000u >= registry->idle_next_ms) {
            pthread_mutex_unlock(&registry->lock);
            close_idle(server, now_ns / 1000000u);
            pthread_mutex_lock(&registry->lock);
            continue;
        }
        if (!registry->attention && now_ns < registry->next_ns) {
            uint64_t until_ns = registry->next_ns;
            if (registry->idle_next_ms < until_ns / 1000000u) {
                until_ns = registry->idle_next_ms * 1000000u;
            }
            struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000u),
                                     .tv_nsec = (long)(until_ns % 1000000000u)};
            (void)pthread_cond_timedwait(&registry->changed, &registry->lock, &until);
            continue;
        }
        size_t count = collect_overdue(registry, now_ns, overdue);
        pthread_mutex_unlock(&registry->lock);
        for (size_t i = 0; i < count; i++) {
            answer_overdue(overdue[i]);
        }
        pthread_mutex_lock(&registry->lock);
    }
    pthread_mutex_unlock(&registry->lock);
    return NULL;
}

enum fam_code fam_registry_init(struct fam_server *server, struct fam_status *status)
{
    struct fam_registry *registry = &server->registry;
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0) {
        return fam_fail_memory(status);
    }
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    bool ready =
        pthread_mutex_init(&registry->lock, NULL) == 0 && pthread_cond_init(&registry->changed, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    registry->next_ns = fam_mono_ns() + JANITOR_IDLE_NS;
    registry->idle_next_ms = server->options.idle_ms == 0 ? UINT64_MAX : fam_mono_ms() + server->options.idle_ms;
    if (!ready || pthread_create(&registry->janitor, NULL, janitor, server) != 0) {
        return fam_fail(status, FAM_RESOURCE_EXHAUSTED, "can't start the thread that watches deadlines");
    }
    registry->janitor_runs = true;
    return FAM_OK;
}

void fam_registry_stop(struct fam_server *server)
{
    struct fam_registry *registry = &server->registry;
    if (!registry->janitor_runs) {
        return;
    }
    pthread_mutex_lock(&registry->lock);
    registry->stopping = true;
    pthread_cond_signal(&registry->changed);
    pthread_mutex_unlock(&registry->lock);
    (void)pthread_join(registry->janitor, NULL);
    registry->janitor_runs = false;
}

void fam_registry_done(struct fam_server *server)
{
    struct fam_registry *registry = &server->registry;
    (void)pthread_cond_destroy(&registry->changed);
    (void)pthread_mutex_destroy(&registry->lock);
}

void fam_call_answer(struct fam_call *call, const struct fam_status *failure, const ProtobufCMessage *output)
{
    assert(call->magic == FAM_CALL_MAGIC);
    struct fam_registry *registry = &call->server->registry;
    bool first = !atomic_exchange(&call->answered, true);
    /* Also when somebody was first: once the lock was taken, no cancel hook of this call runs any more. */
    pthread_mutex_lock(&registry->lock);
    bool removed = registry_remove(registry, call);
    call->cancel_hook = NULL;
    pthread_mutex_unlock(&registry->lock);
    if (removed && call->server->options.idle_ms != 0) {
        fam_connections_touch(call->server->connections, call->connection, fam_mono_ms());
    }
    if (first) {
        fam_call_send(call, failure, output);
    }
    fam_call_let_go(call, removed ? 2 : 1);
}

const struct fam_method *fam_call_method(const struct fam_call *call)
{
    return call->route->method;
}

const struct fam_principal *fam_call_principal(const struct fam_call *call)
{
    return &call->principal;
}

const char *fam_call_request_id(const struct fam_call *call)
{
    return call->request_id;
}

const char *fam_call_idempotency_key(const struct fam_call *call)
{
    return call->request->idempotency_key;
}

const char *fam_call_reason(const struct fam_call *call)
{
    return call->request->reason;
}

const char *fam_call_session_id(const struct fam_call *call)
{
    return call->request->session_id;
}

const char *fam_call_consistency_token(const struct fam_call *call)
{
    return call->request->consistency_token;
}

const struct fam_uuid *fam_call_acting_user(const struct fam_call *call)
{
    return call->has_acting_user ? &call->acting_user : NULL;
}

const void *fam_call_payload(const struct fam_call *call, size_t *ret_size)
{
    *ret_size = call->request->payload.len;
    return call->request->payload.data;
}

uint64_t fam_call_began_ms(const struct fam_call *call)
{
    return call->started_ns / 1000000u;
}

uint32_t fam_call_remaining_ms(const struct fam_call *call)
{
    uint64_t now = fam_mono_ns();
    return now >= call->deadline_ns ? 0 : (uint32_t)((call->deadline_ns - now) / 1000000u);
}

bool fam_call_is_cancelled(const struct fam_call *call)
{
    return atomic_load(&call->cancel_code) != FAM_OK || fam_mono_ns() >= call->deadline_ns;
}

void fam_call_on_cancel(struct fam_call *call, void (*hook)(void *context), void *context)
{
    struct fam_registry *registry = &call->server->registry;
    pthread_mutex_lock(&registry->lock);
    assert(call->cancel_hook == NULL);
    call->cancel_hook = hook;
    call->cancel_context = context;
    if (atomic_load(&call->cancel_code) != FAM_OK) {
        hook(context);
    }
    pthread_mutex_unlock(&registry->lock);
}

bool fam_call_set_replay(struct fam_call *call, const void *ids, size_t size)
{
    if (size > sizeof(call->replay)) {
        return false;
    }
    memcpy(call->replay, ids, size);
    call->replay_size = size;
    call->has_replay = true;
    return true;
}

const void *fam_call_replay(const struct fam_call *call, size_t *ret_size)
{
    *ret_size = call->replay_size;
    return call->has_replay ? call->replay : NULL;
}

void fam_call_set_consistency_token(struct fam_call *call, const char *token)
{
    size_t size = strlen(token);
    if (size < sizeof(call->consistency_token)) {
        memcpy(call->consistency_token, token, size + 1);
    }
}

void fam_call_fail(struct fam_call *call, const struct fam_status *status)
{
    assert(status->code != FAM_OK);
    fam_call_answer(call, status, NULL);
}
