/* ops_queue.c: tasks: numbers, lists, one of them, changes to many. ops_pause.c has the pauses. */
#include "services/ops_queue.h"

#include <stdlib.h>
#include <string.h>

#include "queue/queue.h"
#include "queue/roll.h"
#include "services/ops_queue_private.h"
#include "services/reply.h"
#include "store/task_admin_store.h"

static void list_free(void *list)
{
    free(*(void **)list);
}

/* The filter of a request with the ids that it points to. */
struct filter {
    struct fam_task_filter filter;
    struct fam_uuid ids[FAM_TASK_FILTER_IDS];
};

static enum fam_code read_filter(const Fam__V1__TaskFilter *from, struct filter *ret_filter, struct fam_status *status)
{
    static const Fam__V1__TaskFilter ALL = FAM__V1__TASK_FILTER__INIT;
    const Fam__V1__TaskFilter *given = from == NULL ? &ALL : from;
    ret_filter->filter = (struct fam_task_filter){.ids = ret_filter->ids,
                                                  .state = given->state,
                                                  .type = given->type,
                                                  .priority = (int)given->priority,
                                                  .reason = given->reason,
                                                  .older_than_ms = given->older_than_ms};
    for (size_t i = 0; i < given->n_task_ids && i < FAM_TASK_FILTER_IDS; i++) {
        if (!fam_uuid_parse(given->task_ids[i], &ret_filter->ids[i])) {
            return fam_fail_field(status, "filter.task_ids", "id %zu of the list is no UUID", i + 1);
        }
        ret_filter->filter.id_count++;
    }
    return FAM_OK;
}

static Fam__V1__Task *reply_task(struct fam_reply *reply, const struct fam_task_view *view)
{
    Fam__V1__Task *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__task__init(made);
    made->task_id = fam_reply_uuid(reply, &view->task_id);
    made->type = fam_reply_text(reply, view->type);
    made->priority = (Fam__V1__Priority)view->priority;
    made->state = view->state;
    made->user_id = fam_uuid_is_nil(&view->user_id) ? fam_reply_text(reply, "") : fam_reply_uuid(reply, &view->user_id);
    made->unique_key = fam_reply_text(reply, view->unique_key);
    made->attempts = view->attempts;
    made->max_attempts = view->max_attempts;
    made->deaths = view->deaths;
    made->created_at_ms = view->created_at_ms;
    made->not_before_ms = view->not_before_ms;
    made->waits_for = fam_reply_text(reply, view->waits_for);
    made->worker = fam_reply_text(reply, view->worker);
    made->leased_until_ms = view->leased_until_ms;
    made->reason = fam_reply_text(reply, view->reason);
    made->finished_at_ms = view->finished_at_ms;
    return made;
}

void fam_ops_list_tasks(struct fam_services_context *context, const Fam__V1__ListTasksRequest *request,
                        Fam__V1__ListTasksResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct fam_service_page page;
    struct filter filter;
    fam_auto(list_free) struct fam_task_view *list = NULL;
    size_t count = 0;
    bool more = false;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__ListTasksResponse response = FAM__V1__LIST_TASKS_RESPONSE__INIT;
    enum fam_code code = fam_service_read_page(request->page_size, request->page_token, &page, &status);
    if (code == FAM_OK) {
        code = read_filter(request->filter, &filter, &status);
    }
    if (code == FAM_OK) {
        code = fam_task_list(context->store, &filter.filter, page.before, page.limit, &list, &count, &more, &status);
    }
    if (code == FAM_OK) {
        response.tasks = fam_reply_alloc(&reply, (count + 1) * sizeof(*response.tasks));
        for (size_t i = 0; response.tasks != NULL && i < count; i++) {
            response.tasks[i] = reply_task(&reply, &list[i]);
        }
        response.n_tasks = count;
        response.next_page_token = fam_reply_text(&reply, "");
        if (more && count > 0) {
            response.next_page_token = fam_reply_uuid(&reply, &list[count - 1].task_id);
        }
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

static Fam__V1__TaskAttempt *reply_attempt(struct fam_reply *reply, const struct fam_task_past *past)
{
    Fam__V1__TaskAttempt *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__task_attempt__init(made);
    made->ended_at_ms = past->ended_at_ms;
    made->worker = fam_reply_text(reply, past->worker);
    made->outcome = fam_reply_text(reply, past->outcome);
    made->reason = fam_reply_text(reply, past->reason);
    made->duration_ms = past->duration_ms;
    return made;
}

void fam_ops_get_task(struct fam_services_context *context, const Fam__V1__GetTaskRequest *request,
                      Fam__V1__GetTaskResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct fam_uuid task_id;
    struct fam_task_view task;
    fam_auto(list_free) struct fam_task_past *history = NULL;
    size_t count = 0;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__GetTaskResponse response = FAM__V1__GET_TASK_RESPONSE__INIT;
    enum fam_code code = fam_service_uuid(request->task_id, "task_id", &task_id, &status);
    if (code == FAM_OK) {
        code = fam_task_get(context->store, &task_id, &task, &history, &count, &status);
    }
    if (code == FAM_OK) {
        response.task = reply_task(&reply, &task);
        response.attempts = fam_reply_alloc(&reply, (count + 1) * sizeof(*response.attempts));
        for (size_t i = 0; response.attempts != NULL && i < count; i++) {
            response.attempts[i] = reply_attempt(&reply, &history[i]);
        }
        response.n_attempts = count;
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

struct fam_audit fam_ops_queue_audit(const struct fam_call *call)
{
    return (struct fam_audit){
        .principal = fam_call_principal(call)->scope,
        .method = fam_call_method(call)->name,
        .reason = fam_call_reason(call),
        .request_id = fam_call_request_id(call),
    };
}

/* Changes, or counts what would be changed, and tells the queue. */
static enum fam_code change(struct fam_services_context *context, struct fam_call *call, enum fam_task_change kind,
                            const Fam__V1__TaskFilter *given, bool dry_run, int64_t *ret_count,
                            struct fam_status *status)
{
    struct filter filter;
    struct fam_outcome outcome;
    fam_auto(list_free) struct fam_task_ref *refs = NULL;
    size_t replay_size = 0;
    const void *replay = fam_call_replay(call, &replay_size);
    if (replay != NULL) {
        return fam_task_change_replay(replay, replay_size, ret_count)
                   ? FAM_OK
                   : fam_fail(status, FAM_INTERNAL, "the remembered answer holds no count");
    }
    enum fam_code code = read_filter(given, &filter, status);
    if (code != FAM_OK || dry_run) {
        return code != FAM_OK ? code : fam_task_change_count(context->store, kind, &filter.filter, ret_count, status);
    }
    const struct fam_mutation mutation = fam_service_mutation(call);
    const struct fam_audit audit = fam_ops_queue_audit(call);
    code = fam_task_change(context->store, &mutation, kind, &filter.filter, &audit, &refs, ret_count, &outcome, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_call_set_consistency_token(call, outcome.lsn);
    size_t count = refs == NULL ? 0 : (size_t)*ret_count;
    if (kind == FAM_TASK_RETRY) {
        fam_queue_push(context->queue, refs, count);
    } else {
        fam_queue_forget(context->queue, refs, count);
    }
    return FAM_OK;
}

void fam_ops_retry_tasks(struct fam_services_context *context, const Fam__V1__RetryTasksRequest *request,
                         Fam__V1__RetryTasksResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    Fam__V1__RetryTasksResponse response = FAM__V1__RETRY_TASKS_RESPONSE__INIT;
    enum fam_code code =
        change(context, call, FAM_TASK_RETRY, request->filter, request->dry_run, &response.retried, &status);
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

void fam_ops_delete_tasks(struct fam_services_context *context, const Fam__V1__DeleteTasksRequest *request,
                          Fam__V1__DeleteTasksResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    Fam__V1__DeleteTasksResponse response = FAM__V1__DELETE_TASKS_RESPONSE__INIT;
    enum fam_code code =
        change(context, call, FAM_TASK_DELETE, request->filter, request->dry_run, &response.deleted, &status);
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

/* ---- numbers ---- */

static void reply_types(struct fam_reply *reply, const struct fam_task_stats *stats,
                        Fam__V1__GetQueueStatsResponse *response)
{
    response->types = fam_reply_alloc(reply, (stats->type_count + 1) * sizeof(*response->types));
    for (size_t i = 0; response->types != NULL && i < stats->type_count; i++) {
        Fam__V1__QueueTypeStats *made = fam_reply_alloc(reply, sizeof(*made));
        if (made == NULL) {
            return;
        }
        fam__v1__queue_type_stats__init(made);
        made->type = fam_reply_text(reply, stats->types[i].type);
        made->ready = stats->types[i].ready;
        made->waiting = stats->types[i].waiting;
        made->running = stats->types[i].running;
        made->dead = stats->types[i].dead;
        made->done_hour = stats->types[i].done_hour;
        made->done_minute = stats->types[i].done_minute;
        made->oldest_ready_ms = stats->types[i].oldest_ready_ms;
        response->types[response->n_types++] = made;
    }
}

static void reply_priorities(struct fam_reply *reply, const struct fam_task_stats *stats,
                             Fam__V1__GetQueueStatsResponse *response)
{
    response->priorities = fam_reply_alloc(reply, FAM_PRIORITY_CRITICAL * sizeof(*response->priorities));
    for (int priority = FAM_PRIORITY_CRITICAL; response->priorities != NULL && priority >= FAM_PRIORITY_LOW;
         priority--) {
        Fam__V1__QueuePriorityStats *made = fam_reply_alloc(reply, sizeof(*made));
        if (made == NULL) {
            return;
        }
        fam__v1__queue_priority_stats__init(made);
        made->priority = (Fam__V1__Priority)priority;
        made->ready = stats->ready[priority - FAM_PRIORITY_LOW];
        response->priorities[response->n_priorities++] = made;
    }
}

/* What it announces of itself, when it does. */
static void reply_entry(struct fam_reply *reply, const struct fam_roll_entry *entry, Fam__V1__QueueWorker *made)
{
    made->alive = true;
    made->role = fam_reply_text(reply, entry->role);
    made->version = fam_reply_text(reply, entry->version);
    made->threads = (int32_t)entry->threads;
    made->started_at_ms = entry->started_ms;
    made->stopping = entry->is_stopping;
    made->types = fam_reply_alloc(reply, (entry->type_count + 1) * sizeof(*made->types));
    for (size_t i = 0; made->types != NULL && i < entry->type_count; i++) {
        made->types[made->n_types++] = fam_reply_text(reply, entry->types[i]);
    }
}

static Fam__V1__QueueWorker *reply_worker(struct fam_reply *reply, const char *name, int64_t running)
{
    Fam__V1__QueueWorker *made = fam_reply_alloc(reply, sizeof(*made));
    if (made != NULL) {
        fam__v1__queue_worker__init(made);
        made->name = fam_reply_text(reply, name);
        made->running = running;
    }
    return made;
}

static int64_t running_of(const struct fam_task_stats *stats, const char *name)
{
    for (size_t i = 0; i < stats->worker_count; i++) {
        if (strcmp(stats->workers[i].name, name) == 0) {
            return stats->workers[i].running;
        }
    }
    return 0;
}

static bool is_on_roll(const struct fam_roll_entry *roll, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(roll[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Those that announce themselves, then those that hold tasks and do not. */
static void reply_workers(struct fam_services_context *context, struct fam_reply *reply,
                          const struct fam_task_stats *stats, Fam__V1__GetQueueStatsResponse *response)
{
    fam_auto(list_free) struct fam_roll_entry *roll = NULL;
    struct fam_status ignored; /* Redis away: the answer says so elsewhere */
    size_t count = 0;
    if (context->queue != NULL && fam_roll_call(context->queue, &roll, &count, &ignored) != FAM_OK) {
        count = 0;
    }
    response->workers = fam_reply_alloc(reply, (stats->worker_count + count + 1) * sizeof(*response->workers));
    for (size_t i = 0; response->workers != NULL && i < count; i++) {
        Fam__V1__QueueWorker *made = reply_worker(reply, roll[i].name, running_of(stats, roll[i].name));
        if (made == NULL) {
            return;
        }
        reply_entry(reply, &roll[i], made);
        response->workers[response->n_workers++] = made;
    }
    for (size_t i = 0; response->workers != NULL && i < stats->worker_count; i++) {
        const struct fam_task_worker_stats *worker = &stats->workers[i];
        if (is_on_roll(roll, count, worker->name)) {
            continue;
        }
        response->workers[response->n_workers] = reply_worker(reply, worker->name, worker->running);
        if (response->workers[response->n_workers] == NULL) {
            return;
        }
        response->n_workers++;
    }
}

static enum fam_code reply_pauses(struct fam_services_context *context, struct fam_reply *reply,
                                  Fam__V1__GetQueueStatsResponse *response, struct fam_status *status)
{
    fam_auto(list_free) struct fam_pause *pauses = calloc(FAM_PAUSES_MAX, sizeof(*pauses));
    size_t count = 0;
    if (pauses == NULL) {
        return fam_fail_memory(status);
    }
    enum fam_code code = fam_pause_list(context->store, NULL, pauses, &count, status);
    if (code != FAM_OK) {
        return code;
    }
    response->pauses = fam_reply_alloc(reply, (count + 1) * sizeof(*response->pauses));
    for (size_t i = 0; response->pauses != NULL && i < count; i++) {
        response->pauses[i] = fam_ops_reply_pause(reply, &pauses[i]);
    }
    response->n_pauses = count;
    return FAM_OK;
}

/* Redis may be away: then it is not up, and the rows are told all the same. */
static void add_redis(struct fam_services_context *context, Fam__V1__GetQueueStatsResponse *response)
{
    struct fam_queue_sizes sizes;
    struct fam_status ignored;
    response->redis_up = context->queue != NULL && fam_queue_sizes(context->queue, &sizes, &ignored) == FAM_OK;
    for (size_t i = 0; response->redis_up && i < FAM_ARRAY_SIZE(sizes.ready); i++) {
        response->redis_ready += (int64_t)sizes.ready[i];
        response->redis_delayed += (int64_t)sizes.delayed[i];
    }
    response->redis_leased = response->redis_up ? (int64_t)sizes.leases : 0;
}

void fam_ops_get_queue_stats(struct fam_services_context *context, const Fam__V1__GetQueueStatsRequest *request,
                             Fam__V1__GetQueueStatsResponse_Closure closure, struct fam_call *call)
{
    (void)request;
    struct fam_status status;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    fam_auto(list_free) struct fam_task_stats *stats = calloc(1, sizeof(*stats));
    Fam__V1__GetQueueStatsResponse response = FAM__V1__GET_QUEUE_STATS_RESPONSE__INIT;
    enum fam_code code = stats == NULL ? fam_fail_memory(&status) : fam_task_stats(context->store, stats, &status);
    if (code == FAM_OK) {
        code = reply_pauses(context, &reply, &response, &status);
    }
    if (code == FAM_OK) {
        reply_types(&reply, stats, &response);
        reply_priorities(&reply, stats, &response);
        reply_workers(context, &reply, stats, &response);
        add_redis(context, &response);
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
