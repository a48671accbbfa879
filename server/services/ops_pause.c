/* ops_pause.c: what is not to be begun for a time; see ops_queue.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "queue/queue.h"
#include "queue/task_types.h"
#include "services/ops_queue.h"
#include "services/ops_queue_private.h"
#include "store/task_admin_store.h"

static void stats_free(struct fam_task_stats **stats)
{
    free(*stats);
}

Fam__V1__QueuePause *fam_ops_reply_pause(struct fam_reply *reply, const struct fam_pause *pause)
{
    Fam__V1__QueuePause *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__queue_pause__init(made);
    made->type = fam_reply_text(reply, pause->type);
    made->until_ms = pause->until_ms;
    made->reason = fam_reply_text(reply, pause->reason);
    made->paused_by = fam_reply_text(reply, pause->paused_by);
    made->paused_at_ms = pause->paused_at_ms;
    return made;
}

/* "*", or what can be the name of a type. */
static enum fam_code check_type(const char *type, struct fam_status *status)
{
    char known[FAM_TASK_TYPES_LIST_SIZE];
    if (strcmp(type, "*") == 0 || fam_task_types_know(type)) {
        return FAM_OK;
    }
    fam_task_types_list(known);
    return fam_fail_field(status, "type", "there is no type of task %.64s; it is one of %s, or * for all", type, known);
}

static enum fam_code count_running(struct fam_services_context *context, const char *type, int64_t *ret_running,
                                   struct fam_status *status)
{
    fam_auto(stats_free) struct fam_task_stats *stats = calloc(1, sizeof(*stats));
    enum fam_code code = stats == NULL ? fam_fail_memory(status) : fam_task_stats(context->store, stats, status);
    for (size_t i = 0; code == FAM_OK && i < stats->type_count; i++) {
        if (strcmp(type, "*") == 0 || strcmp(type, stats->types[i].type) == 0) {
            *ret_running += stats->types[i].running;
        }
    }
    return code;
}

/* The audit comes first: nothing is changed that is not told of. */
static enum fam_code write_audit(struct fam_services_context *context, const struct fam_call *call, const char *what,
                                 const char *type, const char *why, struct fam_status *status)
{
    char reason[1200];
    struct fam_audit audit = fam_ops_queue_audit(call);
    (void)snprintf(reason, sizeof(reason), "%s %s%s%s", type, what, why[0] == '\0' ? "" : ": ", why);
    audit.reason = reason;
    return fam_audit_append(context->store, &audit, status);
}

/* Those that were set aside learn of the change. Without Redis the rows change all the same, and its sweep follows. */
static enum fam_code wake_paused(struct fam_services_context *context, const char *type, struct fam_status *status)
{
    size_t count = 0;
    if (context->queue != NULL) {
        return fam_queue_resume(context->queue, type, &count, status);
    }
    struct fam_task_ref refs[FAM_TASK_BATCH_MAX];
    enum fam_code code = FAM_OK;
    do {
        code = fam_task_unpause(context->store, NULL, type, refs, &count, status);
    } while (code == FAM_OK && count > 0);
    return code;
}

static enum fam_code pause(struct fam_services_context *context, const struct fam_call *call,
                           const Fam__V1__PauseQueueRequest *request, struct fam_status *status)
{
    struct fam_status ignored;
    enum fam_code code = write_audit(context, call, "paused", request->type, request->reason, status);
    if (code == FAM_OK) {
        code = fam_pause_set(context->store, request->type, (uint64_t)request->for_ms, request->reason,
                             fam_call_principal(call)->scope, status);
    }
    /* Tasks that an older pause has set aside look again when that would have ended: no more is lost by a failure. */
    if (code == FAM_OK && wake_paused(context, request->type, &ignored) != FAM_OK) {
        return FAM_OK;
    }
    return code;
}

void fam_ops_pause_queue(struct fam_services_context *context, const Fam__V1__PauseQueueRequest *request,
                         Fam__V1__PauseQueueResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    int64_t now_ms = fam_wall_ms();
    struct fam_pause view = {.until_ms = request->for_ms == 0 ? 0 : now_ms + request->for_ms, .paused_at_ms = now_ms};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__PauseQueueResponse response = FAM__V1__PAUSE_QUEUE_RESPONSE__INIT;
    enum fam_code code = check_type(request->type, &status);
    if (code == FAM_OK && !request->dry_run) {
        code = pause(context, call, request, &status);
    }
    if (code == FAM_OK) {
        code = count_running(context, request->type, &response.running, &status);
    }
    if (code == FAM_OK) {
        (void)snprintf(view.type, sizeof(view.type), "%s", request->type);
        response.pause = fam_ops_reply_pause(&reply, &view);
        if (response.pause != NULL) {
            response.pause->reason = fam_reply_text(&reply, request->reason);
            response.pause->paused_by = fam_reply_text(&reply, fam_call_principal(call)->scope);
        }
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

static enum fam_code is_paused(struct fam_services_context *context, const char *type, bool *ret_was,
                               struct fam_status *status)
{
    size_t count = 0;
    struct fam_pause *pauses = calloc(FAM_PAUSES_MAX, sizeof(*pauses));
    enum fam_code code =
        pauses == NULL ? fam_fail_memory(status) : fam_pause_list(context->store, NULL, pauses, &count, status);
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        *ret_was = *ret_was || strcmp(pauses[i].type, type) == 0;
    }
    free(pauses);
    return code;
}

void fam_ops_resume_queue(struct fam_services_context *context, const Fam__V1__ResumeQueueRequest *request,
                          Fam__V1__ResumeQueueResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    bool was = false;
    Fam__V1__ResumeQueueResponse response = FAM__V1__RESUME_QUEUE_RESPONSE__INIT;
    enum fam_code code = check_type(request->type, &status);
    if (code == FAM_OK && request->dry_run) {
        code = is_paused(context, request->type, &was, &status);
    } else if (code == FAM_OK) {
        code = write_audit(context, call, "resumed", request->type, "", &status);
        if (code == FAM_OK) {
            code = fam_pause_end(context->store, request->type, &was, &status);
        }
        if (code == FAM_OK) {
            code = wake_paused(context, request->type, &status);
        }
    }
    response.was_paused = was;
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
