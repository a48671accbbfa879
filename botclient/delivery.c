#include "delivery.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "metrics/metrics.h"

enum {
    WAIT_MAX_MS = 40000, /* of a long poll; half a lease when that is less */
    LEASE_PARTS = 20,    /* the share of a lease that is left unused, for clocks and for what is on its way */
    PATIENCE_MS = 2000,  /* a shorter wait is waited here */
    BUSY_MS = 50,        /* until a chat is looked at again that somebody else has */
    IDLE_MS = 500,       /* between fetches that bring nothing at once */
    SERVER_AWAY_MS = 5000,
    UNKNOWN_KIND_MS = 60000,
    BACKOFF_MS = 500,
    BACKOFF_MAX_MS = 15000,
    ACK_FIRST_MS = 100,
    ACK_MAX_MS = 2000,
    STACK_BYTES = 512 * 1024,
    THREADS = FAM_DELIVERY_SENDERS + 1
};

enum item_state { ITEM_FREE, ITEM_WAITING, ITEM_SENDING };

struct item {
    enum item_state state;
    Fam__V1__Notification *notification; /* owned */
    uint64_t order;
    uint64_t end_ms; /* of the lease, less a margin */
    uint64_t not_before_ms;
};

struct worker {
    struct fam_delivery *delivery;
    pthread_t thread;
    bool answers_only;
};

struct fam_delivery {
    struct fam_delivery_options options;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct item items[FAM_DELIVERY_IN_HAND];
    uint64_t next_order;
    unsigned failures; /* of fetching, in a row */
    size_t running;    /* threads */
    atomic_bool stop;
    struct worker workers[THREADS];
    size_t thread_count;
};

struct fam_delivery *fam_delivery_new(const struct fam_delivery_options *options, struct fam_status *status)
{
    struct fam_delivery *delivery = calloc(1, sizeof(*delivery));
    if (!delivery) {
        fam_fail_memory(status);
        return NULL;
    }
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&delivery->mutex, NULL);
    pthread_cond_init(&delivery->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    delivery->options = *options;
    if (!delivery->options.now_ms) {
        delivery->options.now_ms = fam_mono_ms;
    }
    return delivery;
}

static uint64_t now(const struct fam_delivery *delivery)
{
    return delivery->options.now_ms();
}

static bool is_stopping(struct fam_delivery *delivery)
{
    return atomic_load(&delivery->stop);
}

/* Until something changes, `wait_ms` at most; the mutex is held. */
static void wait_changed(struct fam_delivery *delivery, uint64_t wait_ms)
{
    uint64_t until_ms = fam_mono_ms() + wait_ms;
    struct timespec until = {.tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000};
    pthread_cond_timedwait(&delivery->changed, &delivery->mutex, &until);
}

/* Sleeps, but for a stop. */
static void rest(struct fam_delivery *delivery, uint64_t wait_ms)
{
    uint64_t until_ms = fam_mono_ms() + wait_ms;
    pthread_mutex_lock(&delivery->mutex);
    for (uint64_t at_ms = fam_mono_ms(); !is_stopping(delivery) && at_ms < until_ms; at_ms = fam_mono_ms()) {
        wait_changed(delivery, until_ms - at_ms);
    }
    pthread_mutex_unlock(&delivery->mutex);
}

static bool is_answer(const Fam__V1__Notification *notification)
{
    return notification->lane == FAM__V1__LANE__LANE_ANSWERS;
}

static const char *lane_name(const Fam__V1__Notification *notification)
{
    return is_answer(notification)                              ? "answers"
           : notification->lane == FAM__V1__LANE__LANE_CHECKINS ? "checkins"
                                                                : "reports";
}

static void count(struct fam_delivery *delivery, const Fam__V1__Notification *notification, const char *result)
{
    fam_metrics_add(delivery->options.metrics, FAM_M_BOT_DELIVERIES, FAM_LABELS(lane_name(notification), result), 1);
}

/* ---- fetching ---- */

/* How many more of all, and of those that are no answers, may be here; the mutex is held. */
static void count_room(const struct fam_delivery *delivery, int32_t *ret_all, int32_t *ret_others)
{
    int32_t here = 0, others = 0;
    for (size_t i = 0; i < FAM_DELIVERY_IN_HAND; i++) {
        const struct item *item = &delivery->items[i];
        here += item->state != ITEM_FREE;
        others += item->state != ITEM_FREE && !is_answer(item->notification);
    }
    *ret_all = FAM_DELIVERY_IN_HAND - here;
    *ret_others = FAM_DELIVERY_OTHERS > others ? FAM_DELIVERY_OTHERS - others : 0;
    if (*ret_others > *ret_all) {
        *ret_others = *ret_all;
    }
}

/* The answer belongs to its call: what stays longer is copied. NULL when memory is short. */
static Fam__V1__Notification *copy_notification(const Fam__V1__Notification *notification)
{
    size_t size = fam__v1__notification__get_packed_size(notification);
    uint8_t *bytes = malloc(size + 1);
    if (!bytes) {
        return NULL;
    }
    fam__v1__notification__pack(notification, bytes);
    Fam__V1__Notification *copy = fam__v1__notification__unpack(NULL, size, bytes);
    sodium_memzero(bytes, size);
    free(bytes);
    return copy;
}

/* What finds no place or no memory comes again when its lease has ended. */
static void put(struct fam_delivery *delivery, const Fam__V1__Notification *notification, uint64_t sent_ms)
{
    Fam__V1__Notification *copy = copy_notification(notification);
    struct item *place = NULL;
    pthread_mutex_lock(&delivery->mutex);
    for (size_t i = 0; i < FAM_DELIVERY_IN_HAND && !place; i++) {
        place = delivery->items[i].state == ITEM_FREE ? &delivery->items[i] : NULL;
    }
    if (place && copy) {
        /* From the moment before the server was asked: a process that was stopped meanwhile must not think that the
         * lease has just begun. */
        *place = (struct item){.state = ITEM_WAITING,
                               .notification = copy,
                               .order = delivery->next_order++,
                               .end_ms = sent_ms + copy->lease_ms - copy->lease_ms / LEASE_PARTS};
        copy = NULL;
        pthread_cond_broadcast(&delivery->changed);
    }
    pthread_mutex_unlock(&delivery->mutex);
    if (copy) {
        fam__v1__notification__free_unpacked(copy, NULL);
    }
}

bool fam_delivery_fetch(struct fam_delivery *delivery, uint32_t wait_ms)
{
    const struct fam_backend *backend = delivery->options.backend;
    Fam__V1__LeaseRequest request = FAM__V1__LEASE_REQUEST__INIT;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    struct fam_status status = {0};
    request.holder = (char *)(uintptr_t)delivery->options.holder;
    request.wait_ms = wait_ms;
    request.lease_ms = delivery->options.lease_ms;
    pthread_mutex_lock(&delivery->mutex);
    count_room(delivery, &request.max, &request.max_others);
    pthread_mutex_unlock(&delivery->mutex);
    if (request.max == 0) {
        return true;
    }
    const struct fam_backend_call call = {
        .method = FAM_BACKEND_LEASE, .request = &request.base, .cancel = &delivery->stop};
    uint64_t sent_ms = now(delivery);
    enum fam_code code = backend->call(backend->context, &call, &reply, &status);
    if (code != FAM_OK) {
        if (delivery->failures == 0 && !is_stopping(delivery)) {
            FAM_LOG(delivery->options.log, FAM_LOG_WARN, "delivery", "no notifications from the server",
                    FAM_STR("code", fam_code_name(code)));
        }
        delivery->failures++;
        return false;
    }
    delivery->failures = 0;
    const Fam__V1__LeaseResponse *response = (const Fam__V1__LeaseResponse *)reply.message;
    for (size_t i = 0; i < response->n_notifications; i++) {
        put(delivery, response->notifications[i], sent_ms);
    }
    return true;
}

static uint32_t backoff_ms(const struct fam_delivery *delivery)
{
    unsigned doublings = delivery->failures > 6 ? 6 : delivery->failures;
    uint32_t full_ms = (uint32_t)BACKOFF_MS << doublings;
    full_ms = full_ms > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : full_ms;
    return full_ms / 2 + randombytes_uniform(full_ms / 2 + 1);
}

/* True when there is room for another one. */
static bool wait_room(struct fam_delivery *delivery)
{
    int32_t all = 0, others = 0;
    pthread_mutex_lock(&delivery->mutex);
    count_room(delivery, &all, &others);
    if (all == 0) {
        wait_changed(delivery, IDLE_MS);
    }
    pthread_mutex_unlock(&delivery->mutex);
    return all > 0;
}

static void fetch_all(struct fam_delivery *delivery)
{
    uint32_t wait_ms = delivery->options.lease_ms / 2 < WAIT_MAX_MS ? delivery->options.lease_ms / 2 : WAIT_MAX_MS;
    while (!is_stopping(delivery)) {
        if (!wait_room(delivery)) {
            continue;
        }
        uint64_t begun_ms = fam_mono_ms(), before = delivery->next_order;
        if (!fam_delivery_fetch(delivery, wait_ms)) {
            rest(delivery, backoff_ms(delivery));
        } else if (delivery->next_order == before && fam_mono_ms() - begun_ms < IDLE_MS) {
            rest(delivery, IDLE_MS);
        }
    }
}

/* ---- sending ---- */

/* `a` goes before `b`. */
static bool is_before(const struct item *a, const struct item *b)
{
    if (a->notification->lane != b->notification->lane) {
        return a->notification->lane < b->notification->lane;
    }
    return a->order < b->order;
}

/* The first that is due and not in `passed` (a set of bits); the mutex is held. */
static struct item *first_due(struct fam_delivery *delivery, bool answers_only, uint32_t passed)
{
    struct item *first = NULL;
    for (size_t i = 0; i < FAM_DELIVERY_IN_HAND; i++) {
        struct item *item = &delivery->items[i];
        if (item->state != ITEM_WAITING || passed & (1u << i) || item->not_before_ms > now(delivery) ||
            (answers_only && !is_answer(item->notification))) {
            continue;
        }
        if (!first || is_before(item, first)) {
            first = item;
        }
    }
    return first;
}

/* The first that is due and whose chat is free, which is then taken; the mutex is held. NULL: none. */
static struct item *take_next(struct fam_delivery *delivery, bool answers_only)
{
    const struct fam_chats *chats = &delivery->options.chats;
    uint32_t passed = 0;
    for (struct item *item; (item = first_due(delivery, answers_only, passed));) {
        if (chats->enter(chats->context, item->notification->chat_id)) {
            item->state = ITEM_SENDING;
            return item;
        }
        passed |= 1u << (item - delivery->items);
    }
    return NULL;
}

/* What the guard is asked about. */
struct sending {
    struct fam_delivery *delivery;
    const struct item *item;
};

static bool is_ours(void *context)
{
    const struct sending *sending = context;
    return now(sending->delivery) < sending->item->end_ms;
}

static enum fam_code call_server(struct fam_delivery *delivery, enum fam_backend_method method,
                                 const ProtobufCMessage *request)
{
    const struct fam_backend *backend = delivery->options.backend;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    struct fam_status status = {0};
    const struct fam_backend_call call = {.method = method, .request = request};
    return backend->call(backend->context, &call, &reply, &status);
}

/* Tells that it was shown, for as long as the lease lasts: what the server does not hear is shown again. */
static const char *ack(struct fam_delivery *delivery, const struct item *item, int64_t message_id)
{
    Fam__V1__AckRequest request = FAM__V1__ACK_REQUEST__INIT;
    request.notification_id = item->notification->notification_id;
    request.lease_token = item->notification->lease_token;
    request.chat_id = item->notification->chat_id;
    request.message_id = message_id;
    for (uint32_t wait_ms = ACK_FIRST_MS;; wait_ms = wait_ms < ACK_MAX_MS ? 2 * wait_ms : ACK_MAX_MS) {
        enum fam_code code = call_server(delivery, FAM_BACKEND_ACK, &request.base);
        if (code == FAM_OK) {
            return "shown";
        }
        bool is_away = code == FAM_UNAVAILABLE || code == FAM_DEADLINE_EXCEEDED || code == FAM_RESOURCE_EXHAUSTED;
        if (!is_away || now(delivery) >= item->end_ms) {
            FAM_LOG(delivery->options.log, FAM_LOG_WARN, "delivery", "shown, and the server did not take it",
                    FAM_STR("notification_id", item->notification->notification_id),
                    FAM_STR("code", fam_code_name(code)));
            return "unacked";
        }
        struct timespec pause = {.tv_sec = wait_ms / 1000, .tv_nsec = (long)(wait_ms % 1000) * 1000000};
        nanosleep(&pause, NULL);
    }
}

/* A Nack that does not arrive is no harm: the lease ends. */
static void nack(struct fam_delivery *delivery, const struct item *item, Fam__V1__NackReason reason,
                 uint32_t retry_after_ms, bool maybe_shown)
{
    Fam__V1__NackRequest request = FAM__V1__NACK_REQUEST__INIT;
    request.notification_id = item->notification->notification_id;
    request.lease_token = item->notification->lease_token;
    request.reason = reason;
    request.retry_after_ms = retry_after_ms;
    request.maybe_shown = maybe_shown;
    (void)call_server(delivery, FAM_BACKEND_NACK, &request.base);
}

/* One row for each outcome that ends the attempt with a Nack. */
static const struct outcome {
    const char *reason;
    Fam__V1__NackReason nack;
    const char *result;
    bool maybe_shown;
} outcomes[] = {
    {"FLOOD", FAM__V1__NACK_REASON__NACK_REASON_LATER, "later", false},
    {"STOPPING", FAM__V1__NACK_REASON__NACK_REASON_LATER, "later", false},
    {"BLOCKED", FAM__V1__NACK_REASON__NACK_REASON_BLOCKED, "blocked", false},
    {"REJECTED", FAM__V1__NACK_REASON__NACK_REASON_REJECTED, "rejected", false},
    {"NO_MESSAGE", FAM__V1__NACK_REASON__NACK_REASON_REJECTED, "rejected", false},
    {"UNCLEAR", FAM__V1__NACK_REASON__NACK_REASON_UNAVAILABLE, "unavailable", true},
    {"TELEGRAM", FAM__V1__NACK_REASON__NACK_REASON_UNAVAILABLE, "unavailable", false},
};

/* What the messenger said; else the server failed in the middle of it, or the kind is unknown here. */
static const char *give_back(struct fam_delivery *delivery, const struct item *item, const struct fam_status *status)
{
    for (size_t i = 0; i < FAM_ARRAY_SIZE(outcomes); i++) {
        if (strcmp(status->reason, outcomes[i].reason) == 0) {
            nack(delivery, item, outcomes[i].nack, status->retry_after_ms, outcomes[i].maybe_shown);
            return outcomes[i].result;
        }
    }
    nack(delivery, item, FAM__V1__NACK_REASON__NACK_REASON_LATER,
         status->code == FAM_UNIMPLEMENTED ? UNKNOWN_KIND_MS : SERVER_AWAY_MS, false);
    return "later";
}

/* A short wait is waited here, while other chats go on; the mutex is not held. True when it stays. */
static bool keep_for_later(struct fam_delivery *delivery, struct item *item, const struct fam_status *status)
{
    uint64_t again_ms = now(delivery) + status->retry_after_ms;
    if (strcmp(status->reason, "FLOOD") != 0 || status->retry_after_ms > PATIENCE_MS || again_ms >= item->end_ms ||
        is_stopping(delivery)) {
        return false;
    }
    pthread_mutex_lock(&delivery->mutex);
    item->not_before_ms = again_ms;
    item->state = ITEM_WAITING;
    pthread_cond_broadcast(&delivery->changed);
    pthread_mutex_unlock(&delivery->mutex);
    return true;
}

static void release(struct fam_delivery *delivery, struct item *item)
{
    Fam__V1__Notification *notification = item->notification;
    pthread_mutex_lock(&delivery->mutex);
    *item = (struct item){0};
    pthread_cond_broadcast(&delivery->changed);
    pthread_mutex_unlock(&delivery->mutex);
    fam__v1__notification__free_unpacked(notification, NULL);
}

static void send(struct fam_delivery *delivery, struct item *item)
{
    const struct fam_chats *chats = &delivery->options.chats;
    struct sending sending = {.delivery = delivery, .item = item};
    const struct fam_guard guard = {.context = &sending, .may = is_ours};
    int64_t message_id = 0, chat_id = item->notification->chat_id;
    struct fam_status status = {0};
    const char *result = "lost";
    enum fam_code code = FAM_ABORTED;
    if (is_ours(&sending)) {
        code = delivery->options.show(delivery->options.context, item->notification, &guard, &message_id, &status);
    }
    bool is_lost = code == FAM_ABORTED && (status.reason[0] == '\0' || strcmp(status.reason, "LEAD_LOST") == 0);
    if (code == FAM_OK) {
        result = ack(delivery, item, message_id);
    }
    chats->leave(chats->context, chat_id);
    if (code != FAM_OK && !is_lost) {
        if (keep_for_later(delivery, item, &status)) {
            return;
        }
        result = give_back(delivery, item, &status);
    }
    count(delivery, item->notification, result);
    if (code != FAM_OK) {
        FAM_LOG(delivery->options.log, FAM_LOG_INFO, "delivery", "a notification was not shown",
                FAM_STR("notification_id", item->notification->notification_id), FAM_STR("result", result),
                FAM_STR("code", fam_code_name(code)), FAM_STR("reason", status.reason));
    }
    release(delivery, item);
}

bool fam_delivery_send_next(struct fam_delivery *delivery, bool answers_only)
{
    pthread_mutex_lock(&delivery->mutex);
    struct item *item = take_next(delivery, answers_only);
    pthread_mutex_unlock(&delivery->mutex);
    if (item) {
        send(delivery, item);
    }
    return item != NULL;
}

/* When to look again, in milliseconds; the mutex is held. */
static uint64_t next_look_ms(const struct fam_delivery *delivery)
{
    uint64_t at_ms = now(delivery), wait_ms = IDLE_MS;
    for (size_t i = 0; i < FAM_DELIVERY_IN_HAND; i++) {
        const struct item *item = &delivery->items[i];
        if (item->state != ITEM_WAITING) {
            continue;
        }
        uint64_t due_ms = item->not_before_ms > at_ms ? item->not_before_ms - at_ms : BUSY_MS;
        wait_ms = due_ms < wait_ms ? due_ms : wait_ms;
    }
    return wait_ms;
}

static void send_all(struct fam_delivery *delivery, bool answers_only)
{
    while (!is_stopping(delivery)) {
        if (fam_delivery_send_next(delivery, answers_only)) {
            continue;
        }
        pthread_mutex_lock(&delivery->mutex);
        if (!is_stopping(delivery)) {
            wait_changed(delivery, next_look_ms(delivery));
        }
        pthread_mutex_unlock(&delivery->mutex);
    }
}

/* ---- life ---- */

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct fam_delivery *delivery = worker->delivery;
    void *crash_stack = fam_crash_thread_begin();
    if (worker == &delivery->workers[0]) {
        fetch_all(delivery);
    } else {
        send_all(delivery, worker->answers_only);
    }
    pthread_mutex_lock(&delivery->mutex);
    delivery->running--;
    pthread_cond_broadcast(&delivery->changed);
    pthread_mutex_unlock(&delivery->mutex);
    fam_crash_thread_end(crash_stack);
    return NULL;
}

enum fam_code fam_delivery_start(struct fam_delivery *delivery, struct fam_status *status)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_mutex_lock(&delivery->mutex);
    for (size_t i = 0; i < THREADS; i++) {
        struct worker *worker = &delivery->workers[i];
        worker->delivery = delivery;
        worker->answers_only = i == 1;
        if (pthread_create(&worker->thread, &attributes, work, worker) != 0) {
            break;
        }
        delivery->thread_count++;
        delivery->running++;
    }
    pthread_mutex_unlock(&delivery->mutex);
    pthread_attr_destroy(&attributes);
    return delivery->thread_count == THREADS
               ? FAM_OK
               : fam_fail(status, FAM_RESOURCE_EXHAUSTED, "no threads to deliver notifications");
}

void fam_delivery_stop(struct fam_delivery *delivery)
{
    pthread_mutex_lock(&delivery->mutex);
    atomic_store(&delivery->stop, true);
    pthread_cond_broadcast(&delivery->changed);
    pthread_mutex_unlock(&delivery->mutex);
}

/* What was not begun is another process's at once. */
static void give_back_all(struct fam_delivery *delivery)
{
    for (size_t i = 0; i < FAM_DELIVERY_IN_HAND; i++) {
        struct item *item = &delivery->items[i];
        pthread_mutex_lock(&delivery->mutex);
        bool is_waiting = item->state == ITEM_WAITING;
        if (is_waiting) {
            item->state = ITEM_SENDING;
        }
        pthread_mutex_unlock(&delivery->mutex);
        if (is_waiting) {
            nack(delivery, item, FAM__V1__NACK_REASON__NACK_REASON_LATER, 0, false);
            count(delivery, item->notification, "later");
            release(delivery, item);
        }
    }
}

bool fam_delivery_join(struct fam_delivery *delivery, uint32_t timeout_ms)
{
    uint64_t until_ms = fam_mono_ms() + timeout_ms;
    fam_delivery_stop(delivery);
    give_back_all(delivery);
    pthread_mutex_lock(&delivery->mutex);
    for (uint64_t at_ms = fam_mono_ms(); delivery->running > 0 && at_ms < until_ms; at_ms = fam_mono_ms()) {
        wait_changed(delivery, until_ms - at_ms);
    }
    bool is_done = delivery->running == 0;
    pthread_mutex_unlock(&delivery->mutex);
    give_back_all(delivery); /* what came while it was asked to stop */
    return is_done;
}

size_t fam_delivery_waiting(struct fam_delivery *delivery)
{
    size_t waiting = 0;
    pthread_mutex_lock(&delivery->mutex);
    for (size_t i = 0; i < FAM_DELIVERY_IN_HAND; i++) {
        waiting += delivery->items[i].state != ITEM_FREE;
    }
    pthread_mutex_unlock(&delivery->mutex);
    return waiting;
}

void fam_delivery_free(struct fam_delivery *delivery)
{
    if (!delivery) {
        return;
    }
    fam_delivery_stop(delivery);
    for (size_t i = 0; i < delivery->thread_count; i++) {
        pthread_join(delivery->workers[i].thread, NULL);
    }
    for (size_t i = 0; i < FAM_DELIVERY_IN_HAND; i++) {
        if (delivery->items[i].notification) {
            fam__v1__notification__free_unpacked(delivery->items[i].notification, NULL);
        }
    }
    pthread_cond_destroy(&delivery->changed);
    pthread_mutex_destroy(&delivery->mutex);
    free(delivery);
}
