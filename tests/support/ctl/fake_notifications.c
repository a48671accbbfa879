#include "fake_notifications.h"

#include <stdint.h>

#include "rpc/call.h"

/* Strings of messages are char *, and literals are const. */
static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

static struct fake_scene *scene_of(Fam__V1__NotificationService_Service *service)
{
    return ((struct fake_notifications *)service)->scene;
}

static void fake_list_notifications(Fam__V1__NotificationService_Service *service,
                                    const Fam__V1__ListNotificationsRequest *request,
                                    Fam__V1__ListNotificationsResponse_Closure closure, void *closure_data)
{
    struct fake_scene *scene = scene_of(service);
    Fam__V1__ListNotificationsResponse response = FAM__V1__LIST_NOTIFICATIONS_RESPONSE__INIT;
    Fam__V1__NotificationSummary summary = FAM__V1__NOTIFICATION_SUMMARY__INIT;
    Fam__V1__NotificationSummary *list[] = {&summary};
    bool wanted = request->state == FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_UNSPECIFIED ||
                  request->state == FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_FAILED;
    summary.notification_id = text(FAKE_TOKEN_ID);
    summary.user_id = text(FAKE_TOKEN_ID);
    summary.kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_WEEKLY_REPORT;
    summary.lane = FAM__V1__LANE__LANE_REPORTS;
    summary.state = scene->resends_nothing ? FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_DELIVERED
                                           : FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_FAILED;
    summary.attempts = 10;
    summary.reason = text("UNAVAILABLE");
    summary.created_at_ms = 1000;
    response.notifications = list;
    response.n_notifications = wanted ? 1 : 0;
    response.next_page_token = request->page_size == 1 ? text(FAKE_TOKEN_ID) : text("");
    closure(&response, closure_data);
}

static void fake_resend(Fam__V1__NotificationService_Service *service, const Fam__V1__ResendRequest *request,
                        Fam__V1__ResendResponse_Closure closure, void *closure_data)
{
    struct fake_scene *scene = scene_of(service);
    Fam__V1__ResendResponse response = FAM__V1__RESEND_RESPONSE__INIT;
    response.resent = request->n_notification_ids > 0 ? (int64_t)request->n_notification_ids : 5;
    response.resent = scene->resends_nothing ? 0 : response.resent;
    scene->resent += request->dry_run ? 0 : (int)response.resent;
    scene->had_a_key = fam_call_idempotency_key(closure_data)[0] != '\0';
    closure(&response, closure_data);
}

/* Methods that are no operator's. */
#define FAKE_SILENT(name, Method)                                                                                      \
    static void fake_##name(Fam__V1__NotificationService_Service *service, const Fam__V1__##Method##Request *request,  \
                            Fam__V1__##Method##Response_Closure closure, void *closure_data)                           \
    {                                                                                                                  \
        (void)service;                                                                                                 \
        (void)request;                                                                                                 \
        closure(NULL, closure_data);                                                                                   \
    }
FAKE_SILENT(record_delivery, RecordDelivery)
FAKE_SILENT(lease, Lease)
FAKE_SILENT(ack, Ack)
FAKE_SILENT(nack, Nack)

void fake_notifications_init(struct fake_notifications *notifications, struct fake_scene *scene)
{
    static const Fam__V1__NotificationService_Service NOTIFICATIONS = FAM__V1__NOTIFICATION_SERVICE__INIT(fake_);
    *notifications = (struct fake_notifications){.base = NOTIFICATIONS, .scene = scene};
}
