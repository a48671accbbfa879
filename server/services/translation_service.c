/* translation_service.c: fam.v1.TranslationService but for Translate and TranslateBatch; the methods of the history are
 * in history.c. */
#include <string.h>

#include "rpc/call.h"
#include "services/again_call.h"
#include "services/entry_view.h"
#include "services/history.h"
#include "services/reply.h"
#include "services/services_private.h"
#include "services/translate_batch.h"
#include "services/translate_call.h"
#include "store/follow_up_store.h"

static struct fam_services_context *context_of(Fam__V1__TranslationService_Service *service)
{
    return ((struct fam_translation_service *)service)->context;
}

static void translate(Fam__V1__TranslationService_Service *service, const Fam__V1__TranslateRequest *request,
                      Fam__V1__TranslateResponse_Closure closure, void *closure_data)
{
    fam_translate_call(context_of(service), request, closure, closure_data);
}

static void translate_batch(Fam__V1__TranslationService_Service *service, const Fam__V1__TranslateBatchRequest *request,
                            Fam__V1__TranslateBatchResponse_Closure closure, void *closure_data)
{
    fam_translate_batch(context_of(service), request, closure, closure_data);
}

static void get_entry(Fam__V1__TranslationService_Service *service, const Fam__V1__GetEntryRequest *request,
                      Fam__V1__GetEntryResponse_Closure closure, void *closure_data)
{
    fam_history_get(context_of(service), request, closure, closure_data);
}

static void list_entries(Fam__V1__TranslationService_Service *service, const Fam__V1__ListEntriesRequest *request,
                         Fam__V1__ListEntriesResponse_Closure closure, void *closure_data)
{
    fam_history_list(context_of(service), request, closure, closure_data);
}

static void search_entries(Fam__V1__TranslationService_Service *service, const Fam__V1__SearchEntriesRequest *request,
                           Fam__V1__SearchEntriesResponse_Closure closure, void *closure_data)
{
    fam_history_search(context_of(service), request, closure, closure_data);
}

static void share_entry(Fam__V1__TranslationService_Service *service, const Fam__V1__ShareEntryRequest *request,
                        Fam__V1__ShareEntryResponse_Closure closure, void *closure_data)
{
    fam_history_share(context_of(service), request, closure, closure_data);
}

static void delete_entry(Fam__V1__TranslationService_Service *service, const Fam__V1__DeleteEntryRequest *request,
                         Fam__V1__DeleteEntryResponse_Closure closure, void *closure_data)
{
    fam_history_delete(context_of(service), request, closure, closure_data);
}

static enum fam_code agree(struct fam_services_context *context, struct fam_call *call, const struct fam_uuid *entry_id,
                           struct fam_status *status)
{
    size_t replay_size = 0;
    if (fam_call_replay(call, &replay_size) != NULL) {
        return FAM_OK;
    }
    if (fam_service_may_store(context, call, status) != FAM_OK) {
        return status->code;
    }
    const struct fam_mutation mutation = fam_service_mutation(call);
    struct fam_outcome outcome;
    enum fam_code code =
        fam_follow_up_agree(context->store, &mutation, fam_call_acting_user(call), entry_id, &outcome, status);
    if (code != FAM_OK) {
        return fam_service_hide(status);
    }
    fam_call_set_consistency_token(call, outcome.lsn);
    return FAM_OK;
}

static void agree_follow_up(Fam__V1__TranslationService_Service *service, const Fam__V1__AgreeFollowUpRequest *request,
                            Fam__V1__AgreeFollowUpResponse_Closure closure, void *closure_data)
{
    struct fam_status status;
    struct fam_uuid entry_id;
    Fam__V1__AgreeFollowUpResponse response = FAM__V1__AGREE_FOLLOW_UP_RESPONSE__INIT;
    enum fam_code code = fam_service_uuid(request->entry_id, "entry_id", &entry_id, &status);
    if (code == FAM_OK) {
        code = agree(context_of(service), closure_data, &entry_id, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static enum fam_code rate(struct fam_services_context *context, struct fam_call *call,
                          const Fam__V1__RateEntryRequest *request, const struct fam_uuid *entry_id,
                          struct fam_status *status)
{
    size_t replay_size = 0;
    if (fam_call_replay(call, &replay_size) != NULL) {
        return FAM_OK;
    }
    if (fam_service_may_store(context, call, status) != FAM_OK) {
        return status->code;
    }
    const struct fam_mutation mutation = fam_service_mutation(call);
    const struct fam_rating rating = {
        .helped = request->helped, .used_response = request->used_response, .comment = request->comment};
    struct fam_outcome outcome;
    if (fam_entry_rate(context->store, &mutation, fam_call_acting_user(call), entry_id, &rating, &outcome, status) !=
        FAM_OK) {
        return fam_service_hide(status);
    }
    fam_call_set_consistency_token(call, outcome.lsn);
    return FAM_OK;
}

static void rate_entry(Fam__V1__TranslationService_Service *service, const Fam__V1__RateEntryRequest *request,
                       Fam__V1__RateEntryResponse_Closure closure, void *closure_data)
{
    struct fam_services_context *context = context_of(service);
    struct fam_status status;
    struct fam_uuid entry_id;
    fam_auto(fam_view_done) struct fam_view view = {.context = NULL};
    fam_auto(fam_entry_done) struct fam_entry entry;
    memset(&entry, 0, sizeof(entry));
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__RateEntryResponse response = FAM__V1__RATE_ENTRY_RESPONSE__INIT;
    enum fam_code code = fam_service_uuid(request->entry_id, "entry_id", &entry_id, &status);
    if (code == FAM_OK) {
        code = rate(context, closure_data, request, &entry_id, &status);
    }
    if (code == FAM_OK) {
        code = fam_view_load(context, closure_data, &view, &status);
    }
    if (code == FAM_OK) {
        code = fam_view_entry(&view, &entry_id, true, &entry, &status);
    }
    if (code == FAM_OK) {
        code = fam_view_show(&view, &reply, &entry, &response.entry, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static void correct_entry(Fam__V1__TranslationService_Service *service, const Fam__V1__CorrectEntryRequest *request,
                          Fam__V1__CorrectEntryResponse_Closure closure, void *closure_data)
{
    fam_correct_call(context_of(service), request, closure, closure_data);
}

static void revise_entry(Fam__V1__TranslationService_Service *service, const Fam__V1__ReviseEntryRequest *request,
                         Fam__V1__ReviseEntryResponse_Closure closure, void *closure_data)
{
    fam_revise_call(context_of(service), request, closure, closure_data);
}

void fam_translation_service_init(struct fam_translation_service *service, struct fam_services_context *context)
{
    static const Fam__V1__TranslationService_Service HANDLERS = FAM__V1__TRANSLATION_SERVICE__INIT();
    service->base = HANDLERS;
    service->context = context;
}
