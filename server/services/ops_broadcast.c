/* ops_broadcast.c: see ops_broadcast.h. */
#include "services/ops_broadcast.h"

#include "queue/queue.h"
#include "store/broadcast_store.h"

static enum fam_code send(struct fam_services_context *context, struct fam_call *call,
                          const Fam__V1__BroadcastRequest *request, int64_t *ret_recipients, struct fam_status *status)
{
    const struct fam_mutation mutation = fam_service_mutation(call);
    const struct fam_broadcast_new broadcast = {
        .created_by = fam_call_principal(call)->scope, .text_ru = request->text_ru, .text_en = request->text_en};
    struct fam_task_ref ref;
    struct fam_outcome outcome;
    enum fam_code code = fam_broadcast_add(context->store, &mutation, &broadcast, &ref, &outcome, status);
    if (code != FAM_OK) {
        return code;
    }
    if (!outcome.replayed) {
        fam_queue_push(context->queue, &ref, 1);
    }
    fam_call_set_consistency_token(call, outcome.lsn);
    return fam_broadcast_recipients(outcome.ids, outcome.ids_size, ret_recipients)
               ? FAM_OK
               : fam_fail(status, FAM_INTERNAL, "a broadcast left no count");
}

void fam_ops_broadcast(struct fam_services_context *context, const Fam__V1__BroadcastRequest *request,
                       Fam__V1__BroadcastResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    size_t replay_size = 0;
    const void *replay = fam_call_replay(call, &replay_size);
    Fam__V1__BroadcastResponse response = FAM__V1__BROADCAST_RESPONSE__INIT;
    int64_t recipients = 0;
    enum fam_code code = FAM_OK;
    if (request->dry_run) {
        code = fam_broadcast_count(context->store, &recipients, &status);
    } else if (replay == NULL) {
        code = send(context, call, request, &recipients, &status);
    } else if (!fam_broadcast_recipients(replay, replay_size, &recipients)) {
        code = fam_fail(&status, FAM_INTERNAL, "the remembered answer is no count");
    }
    response.recipients = recipients;
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
