/* ops_pause.c: what is not to be begun for a time; see ops_queue.h. */
#include <inttypes.h>
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
                                 const char *why, struct fam_status *status)
{
    char reason[1200];
    struct fam_audit audit = fam_ops_queue_audit(call);
    (void)snprintf(reason, sizeof(reason), "%s%s%s", what, why[0] == '\0' ? "" : ": ", why);
    audit.reason = reason;
    return fam_audit_append(context->store, &audit, status);
}

static enum fam_code audit_pause(struct fam_services_context *context, const struct fam_call *call,
                                 const Fam__V1__PauseQueueRequest *request, bool replaces, struct fam_status *status)
{
    char span[48] = "", what[160];
    if (request->for_ms != 0) {
        (void)snprintf(span, sizeof(span), " for %" PRId64 " s", request->for_ms / 1000);
    }
    (void)snprintf(what, sizeof(what), "%s paused%s%s", request->type, span, replaces ? ", in place of a pause" : "");
    return write_audit(context, call, what, request->reason, status);
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

/* The pause of the type that is in force, if there is one. */
static enum fam_code find_pause(struct fam_services_context *context, const char *type, bool *ret_found,
                                struct fam_pause *ret_pause, struct fam_status *status)
{
    size_t count = 0;
    struct fam_pause *pauses = calloc(FAM_PAUSES_MAX, sizeof(*pauses));
    enum fam_code code =
        pauses == NULL ? fam_fail_memory(status) : fam_pause_list(context->store, NULL, pauses, &count, status);
    *ret_found = false;
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        if (strcmp(pauses[i].type, type) == 0) {
            *ret_found = true;
            *ret_pause = pauses[i];
        }
    }
    free(pauses);
    return code;
}

/* A call that is repeated finds its own pause. */
static bool is_same(const struct fam_pause *a, const struct fam_pause *b)
{
    return a->until_ms == 0 && b->until_ms == 0 && strcmp(a->reason, b->reason) == 0 &&
           strcmp(a->paused_by, b->paused_by) == 0;
}

/* What a pause would be, and what it would find. *ret_same: the very same. */
static enum fam_code foresee(struct fam_services_context *context, const struct fam_call *call,
                             const Fam__V1__PauseQueueRequest *request, struct fam_pause_change *ret_change,
                             bool *ret_same, struct fam_status *status)
{
    int64_t now_ms = fam_wall_ms();
    struct fam_pause *now = &ret_change->now;
    memset(ret_change, 0, sizeof(*ret_change));
    enum fam_code code = find_pause(context, request->type, &ret_change->had, &ret_change->before, status);
    now->until_ms = request->for_ms == 0 ? 0 : now_ms + request->for_ms;
    now->paused_at_ms = now_ms;
    (void)snprintf(now->type, sizeof(now->type), "%s", request->type);
    (void)snprintf(now->reason, sizeof(now->reason), "%s", request->reason);
    (void)snprintf(now->paused_by, sizeof(now->paused_by), "%.64s", fam_call_principal(call)->scope);
    *ret_same = ret_change->had && is_same(now, &ret_change->before);
    ret_change->kept =
        ret_change->had && !*ret_same && !request->replace && fam_pause_outlasts(&ret_change->before, now->until_ms);
    if (ret_change->kept) {
        *now = ret_change->before;
    }
    return code;
}

static enum fam_code pause(struct fam_services_context *context, const struct fam_call *call,
                           const Fam__V1__PauseQueueRequest *request, bool replace, struct fam_pause_change *change,
                           struct fam_status *status)
{
    struct fam_status ignored;
    enum fam_code code = audit_pause(context, call, request, change->had, status);
    if (code == FAM_OK) {
        code = fam_pause_put(context->store, request->type, (uint64_t)request->for_ms, request->reason,
                             fam_call_principal(call)->scope, replace, change, status);
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
    struct fam_pause_change change;
    bool same = false;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__PauseQueueResponse response = FAM__V1__PAUSE_QUEUE_RESPONSE__INIT;
    enum fam_code code = check_type(request->type, &status);
    if (code == FAM_OK) {
        code = foresee(context, call, request, &change, &same, &status);
    }
    if (code == FAM_OK && !request->dry_run && !change.kept) {
        code = pause(context, call, request, request->replace || same, &change, &status);
    }
    if (code == FAM_OK) {
        code = count_running(context, request->type, &response.running, &status);
    }
    if (code == FAM_OK) {
        response.pause = fam_ops_reply_pause(&reply, &change.now);
        response.kept = change.kept;
        response.replaced = change.had && !change.kept && !same ? fam_ops_reply_pause(&reply, &change.before) : NULL;
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

void fam_ops_resume_queue(struct fam_services_context *context, const Fam__V1__ResumeQueueRequest *request,
                          Fam__V1__ResumeQueueResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    bool was = false;
    Fam__V1__ResumeQueueResponse response = FAM__V1__RESUME_QUEUE_RESPONSE__INIT;
    enum fam_code code = check_type(request->type, &status);
    if (code == FAM_OK && request->dry_run) {
        struct fam_pause found;
        code = find_pause(context, request->type, &was, &found, &status);
    } else if (code == FAM_OK) {
        char what[96];
        (void)snprintf(what, sizeof(what), "%s resumed", request->type);
        code = write_audit(context, call, what, "", &status);
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
