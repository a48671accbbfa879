/* translate_batch.c: items are jobs as Translate has them. Those that wait for Claude are parked together; whoever
 * becomes ready is finished on a worker thread, one thread at a time for a batch. */
#include "services/translate_batch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/translate_job.h"

enum { KEY_SIZE = 128 + 8 };

struct batch;

struct item {
    struct batch *batch;
    struct fam_job job;
    bool begun;  /* job is set */
    size_t twin; /* the earlier item that is equal; its own index: none */
    char key[KEY_SIZE];
    uint8_t *packed;
    size_t packed_size;
    bool ask;
    enum fam_code code;
    struct fam_status status;
    Fam__V1__Entry *shown;
    struct item *ready_next; /* under batch->lock */
};

struct batch {
    struct fam_services_context *context;
    struct fam_call *call;
    Fam__V1__TranslateBatchResponse_Closure closure;
    struct fam_reply reply;
    struct item items[FAM_BATCH_ITEMS_MAX];
    size_t count;
    pthread_mutex_t lock;
    size_t parked;      /* asked, and not finished */
    struct item *ready; /* parked ones whose answer is there */
    bool running;       /* a worker thread is at work here, or will be */
};

static void batch_free(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->items[i].begun) {
            fam_job_done(&batch->items[i].job);
        }
        free(batch->items[i].packed);
    }
    fam_reply_done(&batch->reply);
    (void)pthread_mutex_destroy(&batch->lock);
    free(batch);
}

static void on_step(void *context);

/* On a thread that must not block. */
static void on_ready(void *context)
{
    struct item *item = context;
    struct batch *batch = item->batch;
    pthread_mutex_lock(&batch->lock);
    item->ready_next = batch->ready;
    batch->ready = item;
    bool resume = !batch->running;
    batch->running = true;
    pthread_mutex_unlock(&batch->lock);
    if (resume) {
        fam_call_resume(batch->call, on_step, batch);
    }
}

static void on_cancel(void *context)
{
    struct batch *batch = context;
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->items[i].ask) {
            fam_reader_cancel(batch->items[i].job.wait);
        }
    }
}

static void finish_item(struct item *item)
{
    if (item->code == FAM_OK) {
        item->code = fam_job_finish(&item->job, &item->batch->reply, &item->shown, &item->status);
    }
    if (item->code != FAM_OK) {
        fam_job_failed(&item->job, item->code);
    }
}

static bool fill_result(struct batch *batch, const struct item *item, Fam__V1__TranslateBatchResult **ret_result)
{
    Fam__V1__TranslateBatchResult *result = fam_reply_alloc(&batch->reply, sizeof(*result));
    if (result == NULL) {
        return false;
    }
    fam__v1__translate_batch_result__init(result);
    result->code = (uint32_t)item->code;
    if (item->code == FAM_OK) {
        result->entry = item->shown;
    } else {
        result->message = fam_reply_text(&batch->reply, item->status.message);
        result->reason = fam_reply_text(&batch->reply, item->status.reason);
        result->field = fam_reply_text(&batch->reply, item->status.field);
        result->retry_after_ms = item->status.retry_after_ms;
    }
    *ret_result = result;
    return true;
}

static void answer(struct batch *batch)
{
    struct fam_status status;
    Fam__V1__TranslateBatchResponse response = FAM__V1__TRANSLATE_BATCH_RESPONSE__INIT;
    response.results = fam_reply_alloc(&batch->reply, batch->count * sizeof(*response.results));
    bool good = response.results != NULL;
    for (size_t i = 0; good && i < batch->count; i++) {
        good = fill_result(batch, &batch->items[batch->items[i].twin], &response.results[i]);
        response.n_results += good ? 1 : 0;
    }
    if (!good || fam_reply_check(&batch->reply, &status) != FAM_OK) {
        (void)fam_fail_memory(&status);
        fam_call_fail(batch->call, &status);
    } else {
        batch->closure(&response, batch->call);
    }
    batch_free(batch);
}

/* Finishes what is ready until nothing is; answers when nothing is parked either. The batch may be gone afterwards. */
static void drain(struct batch *batch)
{
    pthread_mutex_lock(&batch->lock);
    while (batch->ready != NULL) {
        struct item *item = batch->ready;
        batch->ready = item->ready_next;
        pthread_mutex_unlock(&batch->lock);
        finish_item(item);
        pthread_mutex_lock(&batch->lock);
        batch->parked--;
    }
    bool all = batch->parked == 0;
    batch->running = all;
    pthread_mutex_unlock(&batch->lock);
    if (all) {
        answer(batch);
    }
}

static void on_step(void *context)
{
    drain(context);
}

static size_t find_twin(const struct batch *batch, size_t index)
{
    const struct item *item = &batch->items[index];
    for (size_t i = 0; i < index; i++) {
        if (batch->items[i].packed_size == item->packed_size &&
            memcmp(batch->items[i].packed, item->packed, item->packed_size) == 0) {
            return i;
        }
    }
    return index;
}

/* The item's own key: the batch's and its place, so that a repeated batch repeats nothing. */
static enum fam_code look_up(struct item *item, struct fam_status *status)
{
    bool found = false;
    struct fam_outcome outcome;
    enum fam_code code =
        fam_idempotency_find(item->batch->context->store, &item->job.mutation, &found, &outcome, status);
    if (code == FAM_OK && found) {
        fam_job_replay(&item->job, outcome.ids, outcome.ids_size);
    }
    return code == FAM_UNAVAILABLE ? FAM_OK : code; /* the effect's own transaction looks again */
}

static void begin_item(struct item *item, const Fam__V1__TranslateRequest *request, size_t index)
{
    struct batch *batch = item->batch;
    struct fam_mutation mutation = fam_service_mutation(batch->call);
    (void)snprintf(item->key, sizeof(item->key), "%s.%zu", mutation.key, index);
    mutation.key = item->key;
    mutation.request = item->packed;
    mutation.request_size = item->packed_size;
    fam_job_init(&item->job, batch->context, batch->call, request, &mutation);
    item->begun = true;
    item->code = fam_call_check(batch->call, &request->base, &item->status);
    if (item->code == FAM_OK) {
        item->code = look_up(item, &item->status);
    }
    if (item->code == FAM_OK) {
        item->code = fam_job_prepare(&item->job, &item->ask, &item->status);
    }
    item->ask = item->code == FAM_OK && item->ask && fam_job_open(&item->job, on_ready, item);
}

static bool pack_item(struct item *item, const Fam__V1__TranslateRequest *request)
{
    item->packed_size = fam__v1__translate_request__get_packed_size(request);
    item->packed = malloc(item->packed_size + 1);
    if (item->packed == NULL) {
        return false;
    }
    (void)fam__v1__translate_request__pack(request, item->packed);
    return true;
}

static struct batch *batch_new(struct fam_services_context *context, const Fam__V1__TranslateBatchRequest *request,
                               Fam__V1__TranslateBatchResponse_Closure closure, struct fam_call *call)
{
    struct batch *batch = calloc(1, sizeof(*batch));
    if (batch == NULL || pthread_mutex_init(&batch->lock, NULL) != 0) {
        free(batch);
        return NULL;
    }
    batch->context = context;
    batch->call = call;
    batch->closure = closure;
    batch->running = true;
    fam_reply_init(&batch->reply);
    for (size_t i = 0; i < request->n_items && i < FAM_BATCH_ITEMS_MAX; i++) {
        struct item *item = &batch->items[i];
        item->batch = batch;
        batch->count++;
        if (!pack_item(item, request->items[i])) {
            batch_free(batch);
            return NULL;
        }
        item->twin = find_twin(batch, i);
    }
    return batch;
}

/* Several questions are with Claude at once; what needs none is finished meanwhile. */
static void ask_all(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct item *item = &batch->items[i];
        if (!item->ask) {
            continue;
        }
        pthread_mutex_lock(&batch->lock);
        batch->parked++;
        pthread_mutex_unlock(&batch->lock);
        if (!fam_job_ask(&item->job)) {
            on_ready(item); /* `running` keeps it with this thread */
        }
    }
    for (size_t i = 0; i < batch->count; i++) {
        struct item *item = &batch->items[i];
        if (item->begun && !item->ask) {
            finish_item(item);
        }
    }
}

void fam_translate_batch(struct fam_services_context *context, const Fam__V1__TranslateBatchRequest *request,
                         Fam__V1__TranslateBatchResponse_Closure closure, struct fam_call *call)
{
    struct batch *batch = batch_new(context, request, closure, call);
    if (batch == NULL) {
        struct fam_status status;
        (void)fam_fail_memory(&status);
        fam_call_fail(call, &status);
        return;
    }
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->items[i].twin == i) {
            begin_item(&batch->items[i], request->items[i], i);
        }
    }
    fam_call_on_cancel(call, on_cancel, batch);
    ask_all(batch);
    drain(batch);
}
