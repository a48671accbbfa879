/* notification_service.c: fam.v1.NotificationService. */
#include <stdio.h>
#include <stdlib.h>

#include "metrics/metrics.h"
#include "notify/bell.h"
#include "notify/labels.h"
#include "services/notify_lease.h"
#include "services/ops_queue_private.h"
#include "services/reply.h"
#include "services/services_private.h"
#include "store/notification_store.h"

enum { PAGE_DEFAULT = 20, CHECKIN_IN_TIME_MS = 120000 };

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
    const struct fam_delivery delivery = {.chat_id = request->chat_id,
                                          .message_id = request->message_id,
                                          .reading_version = request->reading_version,
                                          .is_answer = true};
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
    if (fam_ids_uuid(outcome.ids, outcome.ids_size, 1, &entry_id)) {
        fam_bell_ring(context->bell); /* a better reading waited for this */
    }
    fam_call_set_consistency_token(call, outcome.lsn);
    Fam__V1__RecordDeliveryResponse response = FAM__V1__RECORD_DELIVERY_RESPONSE__INIT;
    closure(&response, closure_data);
}

static void lease(Fam__V1__NotificationService_Service *service, const Fam__V1__LeaseRequest *request,
                  Fam__V1__LeaseResponse_Closure closure, void *closure_data)
{
    fam_notify_lease(context_of(service), request, closure, closure_data);
}

static enum fam_code read_key(const char *notification_id, const char *lease_token, struct fam_lease_key *ret_key,
                              struct fam_status *status)
{
    enum fam_code code = fam_service_uuid(notification_id, "notification_id", &ret_key->notification_id, status);
    return code == FAM_OK ? fam_service_uuid(lease_token, "lease_token", &ret_key->token, status) : code;
}

static void count_end(struct fam_services_context *context, const struct fam_lease_end *end, const char *result)
{
    if (!end->is_repeat) {
        fam_metrics_add(context->metrics, FAM_M_NOTIFICATIONS, FAM_LABELS(fam_lane_label(end->lane), result), 1);
    }
    if (end->more_due) {
        fam_bell_ring(context->bell);
    }
}

/* A check-in by the clock of its person. */
static void count_lateness(struct fam_services_context *context, const struct fam_lease_end *end)
{
    if (end->has_due) {
        fam_metrics_add(context->metrics, FAM_M_CHECKINS_SENT,
                        FAM_LABELS(end->late_ms <= CHECKIN_IN_TIME_MS ? "in_time" : "late"), 1);
    }
}

static void ack(Fam__V1__NotificationService_Service *service, const Fam__V1__AckRequest *request,
                Fam__V1__AckResponse_Closure closure, void *closure_data)
{
    struct fam_services_context *context = context_of(service);
    struct fam_status status;
    struct fam_lease_key key;
    struct fam_lease_end end;
    Fam__V1__AckResponse response = FAM__V1__ACK_RESPONSE__INIT;
    enum fam_code code = read_key(request->notification_id, request->lease_token, &key, &status);
    if (code == FAM_OK) {
        code = fam_notification_ack(context->store, &key, request->chat_id, request->message_id, &end, &status);
    }
    if (code == FAM_OK) {
        count_end(context, &end, "delivered");
        if (!end.is_repeat) {
            fam_metrics_observe(context->metrics, FAM_M_NOTIFICATION_SECONDS, NULL, (double)end.waited_ms / 1000);
            count_lateness(context, &end);
        }
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static const char *nack_label(Fam__V1__NackReason reason)
{
    static const char *const LABELS[] = {"other", "later", "unavailable", "blocked", "rejected"};
    return (size_t)reason < FAM_ARRAY_SIZE(LABELS) ? LABELS[reason] : LABELS[0];
}

static void nack(Fam__V1__NotificationService_Service *service, const Fam__V1__NackRequest *request,
                 Fam__V1__NackResponse_Closure closure, void *closure_data)
{
    struct fam_services_context *context = context_of(service);
    struct fam_status status;
    struct fam_lease_key key;
    struct fam_lease_end end;
    Fam__V1__NackResponse response = FAM__V1__NACK_RESPONSE__INIT;
    enum fam_code code = read_key(request->notification_id, request->lease_token, &key, &status);
    if (code == FAM_OK) {
        code = fam_notification_nack(context->store, &key, request->reason, request->retry_after_ms,
                                     request->maybe_shown, &end, &status);
    }
    if (code == FAM_OK) {
        count_end(context, &end, nack_label(request->reason));
        if (end.is_failed && end.has_due) {
            fam_metrics_add(context->metrics, FAM_M_CHECKINS_LOST, FAM_LABELS("rejected"), 1);
        }
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static Fam__V1__NotificationSummary *reply_summary(struct fam_reply *reply,
                                                   const struct fam_notification_summary *summary)
{
    Fam__V1__NotificationSummary *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__notification_summary__init(made);
    made->notification_id = fam_reply_uuid(reply, &summary->notification_id);
    made->user_id = fam_reply_uuid(reply, &summary->user_id);
    made->kind = summary->kind;
    made->lane = summary->lane;
    made->state = summary->state;
    made->attempts = summary->attempts;
    made->holder = fam_reply_text(reply, summary->holder);
    made->reason = fam_reply_text(reply, summary->reason);
    made->created_at_ms = summary->created_at_ms;
    made->not_before_ms = summary->not_before_ms;
    made->expires_at_ms = summary->expires_at_ms;
    made->finished_at_ms = summary->finished_at_ms;
    made->entry_id = summary->has_entry ? fam_reply_uuid(reply, &summary->entry_id) : fam_reply_text(reply, "");
    return made;
}

/* An id that may be left out. */
static enum fam_code read_id(const char *text, const char *field, struct fam_uuid *id, const struct fam_uuid **ret_id,
                             struct fam_status *status)
{
    *ret_id = NULL;
    if (text[0] == '\0') {
        return FAM_OK;
    }
    *ret_id = id;
    return fam_service_uuid(text, field, id, status);
}

static void list_notifications(Fam__V1__NotificationService_Service *service,
                               const Fam__V1__ListNotificationsRequest *request,
                               Fam__V1__ListNotificationsResponse_Closure closure, void *closure_data)
{
    struct fam_status status;
    struct fam_uuid user_id, before, ids[FAM_NOTIFICATION_IDS_MAX];
    const struct fam_uuid *after = NULL;
    struct fam_notification_filter filter = {
        .state = request->state, .kind = request->kind, .ids = ids, .id_count = request->n_notification_ids};
    struct fam_notification_summary *list = NULL;
    size_t count = 0, limit = request->page_size == 0 ? PAGE_DEFAULT : (size_t)request->page_size;
    bool more = false;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__ListNotificationsResponse response = FAM__V1__LIST_NOTIFICATIONS_RESPONSE__INIT;
    enum fam_code code = read_id(request->user_id, "user_id", &user_id, &filter.user_id, &status);
    if (code == FAM_OK) {
        code = read_id(request->page_token, "page_token", &before, &after, &status);
    }
    for (size_t i = 0; code == FAM_OK && i < request->n_notification_ids && i < FAM_NOTIFICATION_IDS_MAX; i++) {
        code = fam_service_uuid(request->notification_ids[i], "notification_ids", &ids[i], &status);
    }
    if (code == FAM_OK) {
        code = fam_notification_list(context_of(service)->store, &filter, after, limit, &list, &count, &more, &status);
    }
    if (code == FAM_OK) {
        response.notifications = fam_reply_alloc(&reply, (count + 1) * sizeof(*response.notifications));
        for (size_t i = 0; response.notifications != NULL && i < count; i++) {
            response.notifications[response.n_notifications++] = reply_summary(&reply, &list[i]);
        }
        if (more && count > 0) {
            response.next_page_token = fam_reply_uuid(&reply, &list[count - 1].notification_id);
        }
        code = fam_reply_check(&reply, &status);
    }
    free(list);
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static enum fam_code read_resend(const Fam__V1__ResendRequest *request, struct fam_uuid ids[FAM_NOTIFICATION_IDS_MAX],
                                 struct fam_uuid *user_id, struct fam_resend *ret_resend, struct fam_status *status)
{
    Fam__V1__NotificationState state = request->state;
    *ret_resend = (struct fam_resend){.ids = ids,
                                      .id_count = request->n_notification_ids,
                                      .filter = {.state = state, .kind = request->kind},
                                      .dry_run = request->dry_run};
    if (state != FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_UNSPECIFIED &&
        state != FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_FAILED &&
        state != FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_EXPIRED) {
        return fam_fail_field(status, "state", "only what failed or expired can be sent again");
    }
    enum fam_code code = read_id(request->user_id, "user_id", user_id, &ret_resend->filter.user_id, status);
    for (size_t i = 0; code == FAM_OK && i < request->n_notification_ids && i < FAM_NOTIFICATION_IDS_MAX; i++) {
        code = fam_service_uuid(request->notification_ids[i], "notification_ids", &ids[i], status);
    }
    return code;
}

/* Before the deed, like all that operators change: what they asked for, in ids and words of ours. */
static enum fam_code audit_resend(struct fam_services_context *context, const struct fam_call *call,
                                  const Fam__V1__ResendRequest *request, struct fam_status *status)
{
    char reason[1200];
    struct fam_audit audit = fam_ops_queue_audit(call);
    (void)snprintf(reason, sizeof(reason), "%zu named%s%s%s", request->n_notification_ids,
                   request->user_id[0] == '\0' ? "" : ", of one person", audit.reason[0] == '\0' ? "" : ": ",
                   audit.reason);
    audit.reason = reason;
    return fam_audit_append(context->store, &audit, status);
}

static void resend(Fam__V1__NotificationService_Service *service, const Fam__V1__ResendRequest *request,
                   Fam__V1__ResendResponse_Closure closure, void *closure_data)
{
    struct fam_services_context *context = context_of(service);
    struct fam_call *call = closure_data;
    struct fam_status status;
    struct fam_uuid ids[FAM_NOTIFICATION_IDS_MAX], user_id;
    struct fam_resend what;
    struct fam_outcome outcome = {.replayed = false};
    int64_t count = 0;
    size_t replay_size = 0;
    const void *replay = fam_call_replay(call, &replay_size);
    Fam__V1__ResendResponse response = FAM__V1__RESEND_RESPONSE__INIT;
    enum fam_code code = read_resend(request, ids, &user_id, &what, &status);
    if (code == FAM_OK && !(replay != NULL && fam_notification_resent(replay, replay_size, &count))) {
        const struct fam_mutation mutation = fam_service_mutation(call);
        code = request->dry_run ? FAM_OK : audit_resend(context, call, request, &status);
        code = code != FAM_OK ? code
                              : fam_notification_resend(context->store, &mutation, &what, &outcome, &count, &status);
    }
    if (code == FAM_OK && count > 0 && !request->dry_run) {
        fam_bell_ring(context->bell);
        fam_call_set_consistency_token(call, outcome.lsn);
    }
    response.resent = count;
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

void fam_notification_service_init(struct fam_notification_service *service, struct fam_services_context *context)
{
    static const Fam__V1__NotificationService_Service HANDLERS = FAM__V1__NOTIFICATION_SERVICE__INIT();
    service->base = HANDLERS;
    service->context = context;
}
