/* http_engine.c: the one thread that runs a client's transfers. */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "net/http_private.h"

enum {
    POLL_MOST_MS = 60000,
    ABORT_POLL_MS = 400, /* how often flags are looked at that nobody tells us about */
};

void fam_http_list_add(struct fam_http_list *list, struct fam_http_call *call)
{
    call->next = NULL;
    call->previous = list->last;
    if (list->last != NULL) {
        list->last->next = call;
    } else {
        list->first = call;
    }
    list->last = call;
    list->size++;
}

void fam_http_list_remove(struct fam_http_list *list, struct fam_http_call *call)
{
    if (call->previous != NULL) {
        call->previous->next = call->next;
    } else {
        list->first = call->next;
    }
    if (call->next != NULL) {
        call->next->previous = call->previous;
    } else {
        list->last = call->previous;
    }
    call->previous = NULL;
    call->next = NULL;
    list->size--;
}

void fam_http_engine_wake(struct fam_http_client *client)
{
    if (!client->woken) {
        client->woken = true;
        (void)curl_multi_wakeup(client->multi);
    }
}

/* The call is in no list any more. After this it belongs to whoever frees it. */
static void end_call(struct fam_http_call *call, enum fam_code code, const struct fam_status *status)
{
    struct fam_http_client *client = call->client;
    call->done(call->context, code, code == FAM_OK ? &call->response : NULL, status);
    fam_http_response_done(&call->response);
    fam_http_call_clear(call);
    pthread_mutex_lock(&client->lock);
    call->over = true;
    client->woken = true; /* whoever was told may have something to do in `tick`: no waiting before it has run */
    pthread_cond_broadcast(&client->changed);
    pthread_mutex_unlock(&client->lock);
}

/* Takes a transfer out; its socket is closed unless the answer came whole. */
static void drop_transfer(struct fam_http_call *call)
{
    struct fam_http_client *client = call->client;
    fam_http_list_remove(&client->transfers, call);
    (void)curl_multi_remove_handle(client->multi, call->easy);
}

static enum fam_code fail_cancelled(struct fam_status *status)
{
    return fam_fail(status, FAM_CANCELLED, "the request was cut short");
}

static enum fam_code fail_waiting(struct fam_status *status)
{
    return fam_fail_reason(status, FAM_DEADLINE_EXCEEDED, "NOT_SENT", 0, "no connection was free in time");
}

static bool is_aborted(const struct fam_http_call *call)
{
    return call->cancelled || (call->abort != NULL && atomic_load(call->abort));
}

/* Moves out of the queue what is cancelled, too late, or (when `stopping`) everything. With the lock held. */
static void sort_out_queue(struct fam_http_client *client, uint64_t now_ms, struct fam_http_list *ret_over)
{
    struct fam_http_call *next = NULL;
    for (struct fam_http_call *call = client->queue.first; call != NULL; call = next) {
        next = call->next;
        call->cancelled = call->cancelled || client->stopping || is_aborted(call);
        if (call->cancelled || now_ms >= call->deadline_ms) {
            fam_http_list_remove(&client->queue, call);
            fam_http_list_add(ret_over, call);
        }
    }
}

static void end_queued(struct fam_http_list *over)
{
    while (over->first != NULL) {
        struct fam_http_call *call = over->first;
        struct fam_status status = {.code = FAM_OK};
        fam_http_list_remove(over, call);
        enum fam_code code = call->cancelled ? fail_cancelled(&status) : fail_waiting(&status);
        end_call(call, code, &status);
    }
}

/* First all sockets are closed, then their callers are told: a thousand cancelled at once are cut at once. */
static void end_cancelled(struct fam_http_client *client, bool stopping)
{
    struct fam_http_list over = {.size = 0};
    struct fam_http_call *next = NULL;
    pthread_mutex_lock(&client->lock);
    client->any_cancelled = false;
    for (struct fam_http_call *call = client->transfers.first; call != NULL; call = next) {
        next = call->next;
        if (stopping || is_aborted(call)) {
            drop_transfer(call);
            fam_http_list_add(&over, call);
        }
    }
    pthread_mutex_unlock(&client->lock);
    while (over.first != NULL) {
        struct fam_http_call *call = over.first;
        struct fam_status status = {.code = FAM_OK};
        fam_http_list_remove(&over, call);
        end_call(call, fail_cancelled(&status), &status);
    }
}

static void start_transfer(struct fam_http_client *client, struct fam_http_call *call, uint64_t now_ms)
{
    struct fam_status status = {.code = FAM_OK};
    enum fam_code code = fam_http_call_set_up(call, (uint32_t)(call->deadline_ms - now_ms), &status);
    if (code == FAM_OK && curl_multi_add_handle(client->multi, call->easy) != CURLM_OK) {
        code = fam_fail_memory(&status);
    }
    if (code == FAM_OK) {
        fam_http_list_add(&client->transfers, call);
    } else {
        end_call(call, code, &status);
    }
}

static void start_queued(struct fam_http_client *client)
{
    uint64_t now_ms = fam_mono_ms();
    struct fam_http_list over = {.size = 0};
    pthread_mutex_lock(&client->lock);
    sort_out_queue(client, now_ms, &over);
    while (client->queue.first != NULL && client->transfers.size < client->max_transfers) {
        struct fam_http_call *call = client->queue.first;
        fam_http_list_remove(&client->queue, call);
        pthread_mutex_unlock(&client->lock);
        start_transfer(client, call, now_ms);
        pthread_mutex_lock(&client->lock);
    }
    pthread_mutex_unlock(&client->lock);
    end_queued(&over);
}

static void end_finished(struct fam_http_client *client)
{
    CURLMsg *message = NULL;
    int left = 0;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        char *private_data = NULL;
        struct fam_status status = {.code = FAM_OK};
        CURLcode result = message->data.result; /* the message is gone with the handle */
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private_data);
        struct fam_http_call *call = (struct fam_http_call *)(void *)private_data;
        assert(call != NULL);
        drop_transfer(call);
        enum fam_code code = fam_http_call_finish(call, result, &status);
        end_call(call, code, &status);
    }
}

/* Flags of the caller's have no bell, so they are looked at. */
static bool has_flags(const struct fam_http_client *client)
{
    for (const struct fam_http_call *call = client->transfers.first; call != NULL; call = call->next) {
        if (call->abort != NULL) {
            return true;
        }
    }
    return false;
}

/* How long there is nothing to do; libcurl's own timers shorten it. With the lock held. */
static int idle_ms(struct fam_http_client *client, uint32_t tick_ms)
{
    uint64_t now_ms = fam_mono_ms();
    uint64_t wait_ms = tick_ms < POLL_MOST_MS ? tick_ms : POLL_MOST_MS;
    for (const struct fam_http_call *call = client->queue.first; call != NULL; call = call->next) {
        uint64_t left_ms = call->deadline_ms > now_ms ? call->deadline_ms - now_ms : 0;
        wait_ms = left_ms < wait_ms ? left_ms : wait_ms;
    }
    bool watch = client->queue.size > 0 || has_flags(client);
    return (int)(watch && wait_ms > ABORT_POLL_MS ? ABORT_POLL_MS : wait_ms);
}

static bool take_news(struct fam_http_client *client, bool *ret_cancelled)
{
    pthread_mutex_lock(&client->lock);
    client->woken = false;
    *ret_cancelled = client->any_cancelled || client->stopping;
    bool stopping = client->stopping;
    pthread_mutex_unlock(&client->lock);
    return stopping;
}

void *fam_http_engine_run(void *context)
{
    struct fam_http_client *client = context;
    for (;;) {
        bool cancelled = false;
        int running = 0;
        bool stopping = take_news(client, &cancelled);
        if (cancelled || has_flags(client)) {
            end_cancelled(client, stopping);
        }
        uint32_t tick_ms = client->tick == NULL ? UINT32_MAX : client->tick(client->tick_context);
        start_queued(client);
        (void)curl_multi_perform(client->multi, &running);
        end_finished(client);
        pthread_mutex_lock(&client->lock);
        bool over = stopping && client->queue.size == 0;
        bool can_start = client->queue.size > 0 && client->transfers.size < client->max_transfers;
        int wait_ms = can_start || client->woken ? 0 : idle_ms(client, tick_ms);
        pthread_mutex_unlock(&client->lock);
        if (over && client->transfers.size == 0) {
            return NULL;
        }
        (void)curl_multi_poll(client->multi, NULL, 0, wait_ms, NULL);
    }
}
