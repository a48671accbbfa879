/* notification_service.c: fam.v1.NotificationService. */
#include "services/services_private.h"
#include "services/unbuilt.h"

static struct fam_services_context *context_of(Fam__V1__NotificationService_Service *service)
{
    return ((struct fam_notification_service *)service)->context;
}

static void record_delivery(Fam__V1__NotificationService_Service *service,
                            const Fam__V1__RecordDeliveryRequest *request,
                            Fam__V1__RecordDeliveryResponse_Closure closure, void *closure_data)
{
    struct fam_services_context *context = context_of(service);
    struct fam_call *call = closure_data;
    struct fam_status status;
    struct fam_uuid entry_id;
    struct fam_outcome outcome;
    const struct fam_mutation mutation = fam_service_mutation(call);
    const struct fam_delivery delivery = {
        .chat_id = request->chat_id, .message_id = request->message_id, .reading_version = request->reading_version};
    enum fam_code code = fam_service_uuid(request->entry_id, "entry_id", &entry_id, &status);
    if (code == FAM_OK) {
        code = fam_entry_deliver(context->store, &mutation, fam_call_acting_user(call), &entry_id, &delivery, &outcome,
                                 &status);
    }
    if (code != FAM_OK) {
        (void)fam_service_hide(&status);
        fam_call_fail(call, &status);
        return;
    }
    fam_call_set_consistency_token(call, outcome.lsn);
    Fam__V1__RecordDeliveryResponse response = FAM__V1__RECORD_DELIVERY_RESPONSE__INIT;
    closure(&response, closure_data);
}

FAM_UNBUILT(NotificationService, lease, Lease)
FAM_UNBUILT(NotificationService, ack, Ack)
FAM_UNBUILT(NotificationService, nack, Nack)
FAM_UNBUILT(NotificationService, list_notifications, ListNotifications)
FAM_UNBUILT(NotificationService, resend, Resend)

void fam_notification_service_init(struct fam_notification_service *service, struct fam_services_context *context)
{
    static const Fam__V1__NotificationService_Service HANDLERS = FAM__V1__NOTIFICATION_SERVICE__INIT();
    service->base = HANDLERS;
    service->context = context;
}
