/* ops_send.c: see ops_send.h. */
#include "services/ops_send.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"
#include "checkin/questions.h"
#include "metrics/metrics.h"
#include "notify/bell.h"
#include "report/report.h"
#include "services/ops_queue_private.h"
#include "services/reply.h"
#include "store/send_store.h"

static void tell(struct fam_services_context *context, struct fam_call *call, const struct fam_outcome *outcome,
                 const struct fam_sent *sent)
{
    if (!outcome->replayed && !fam_uuid_is_nil(&sent->notification_id)) {
        fam_bell_ring(context->bell);
    }
    fam_call_set_consistency_token(call, outcome->lsn);
}

/* ---- a check-in ---- */

static enum fam_code checkin(struct fam_services_context *context, struct fam_call *call,
                             const Fam__V1__SendCheckinRequest *request, struct fam_sent *ret_sent,
                             struct fam_status *status)
{
    struct fam_uuid user_id;
    struct fam_outcome outcome;
    enum fam_code code = fam_service_uuid(request->user_id, "user_id", &user_id, status);
    if (code != FAM_OK) {
        return code;
    }
    if (request->slot == FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_QUICK) {
        return fam_fail_field(status, "slot", "a quick check-in is begun by the person");
    }
    struct fam_audit audit = fam_ops_queue_audit(call);
    audit.user_id = &user_id;
    const struct fam_mutation mutation = fam_service_mutation(call);
    const struct fam_send_checkin send = {
        .user_id = &user_id, .slot = request->slot, .set_of = fam_checkin_slot_set, .audit = &audit};
    if (request->dry_run) {
        return fam_send_checkin_look(context->store, &send, ret_sent, status);
    }
    code = fam_send_checkin(context->store, &mutation, &send, &outcome, ret_sent, status);
    if (code == FAM_OK) {
        tell(context, call, &outcome, ret_sent);
    }
    return code;
}

void fam_ops_send_checkin(struct fam_services_context *context, const Fam__V1__SendCheckinRequest *request,
                          Fam__V1__SendCheckinResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct fam_sent sent = {.not_sent = FAM__V1__NOT_SENT__NOT_SENT_UNSPECIFIED};
    size_t replay_size = 0;
    const void *replay = fam_call_replay(call, &replay_size);
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__SendCheckinResponse response = FAM__V1__SEND_CHECKIN_RESPONSE__INIT;
    enum fam_code code = replay != NULL && fam_sent_read(replay, replay_size, &sent)
                             ? FAM_OK
                             : checkin(context, call, request, &sent, &status);
    if (code == FAM_OK) {
        response.not_sent = sent.not_sent;
        response.slot = sent.slot;
        if (!fam_uuid_is_nil(&sent.notification_id)) {
            response.notification_id = fam_reply_uuid(&reply, &sent.notification_id);
        }
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

/* ---- a report ---- */

/* Of the last seven days, today included, in the archive. */
static enum fam_code make_report(struct fam_services_context *context, struct fam_send_report *send, void **ret_body,
                                 struct fam_status *status)
{
    const struct fam_report_order order = {.user_id = send->user_id,
                                           .period = FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK,
                                           .at_ms = fam_wall_ms(),
                                           .with_today = true};
    Fam__V1__Report *report = NULL;
    enum fam_code code = fam_report_make(context->store, &order, &report, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_metrics_add(context->metrics, FAM_M_REPORTS, FAM_LABELS("week", "asked"), 1);
    code = fam_service_uuid(report->report_id, "report_id", &send->report_id, status);
    if (code == FAM_OK) {
        code = fam_report_week_pack(report, ret_body, &send->body_size, status);
        send->body = *ret_body;
    }
    fam__v1__report__free_unpacked(report, NULL);
    return code;
}

static enum fam_code send_report(struct fam_services_context *context, struct fam_call *call,
                                 const struct fam_uuid *user_id, struct fam_sent *ret_sent, struct fam_status *status)
{
    struct fam_audit audit = fam_ops_queue_audit(call);
    struct fam_send_report send = {.user_id = user_id, .audit = &audit};
    const struct fam_mutation mutation = fam_service_mutation(call);
    struct fam_outcome outcome;
    void *body = NULL;
    audit.user_id = user_id;
    enum fam_code code = make_report(context, &send, &body, status);
    if (code == FAM_OK) {
        code = fam_send_report(context->store, &mutation, &send, &outcome, ret_sent, status);
    }
    if (code == FAM_OK) {
        tell(context, call, &outcome, ret_sent);
    }
    if (body != NULL) {
        sodium_memzero(body, send.body_size);
        free(body);
    }
    return code;
}

/* Who can't be sent one gets none into the archive either; that is looked at again when it is sent. */
static enum fam_code report(struct fam_services_context *context, struct fam_call *call,
                            const Fam__V1__SendReportRequest *request, struct fam_sent *ret_sent,
                            struct fam_status *status)
{
    struct fam_uuid user_id;
    enum fam_code code = fam_service_uuid(request->user_id, "user_id", &user_id, status);
    if (code == FAM_OK) {
        code = fam_send_report_look(context->store, &user_id, ret_sent, status);
    }
    if (code != FAM_OK || request->dry_run || ret_sent->not_sent != FAM__V1__NOT_SENT__NOT_SENT_UNSPECIFIED) {
        return code;
    }
    return send_report(context, call, &user_id, ret_sent, status);
}

void fam_ops_send_report(struct fam_services_context *context, const Fam__V1__SendReportRequest *request,
                         Fam__V1__SendReportResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct fam_sent sent = {.not_sent = FAM__V1__NOT_SENT__NOT_SENT_UNSPECIFIED};
    size_t replay_size = 0;
    const void *replay = fam_call_replay(call, &replay_size);
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__SendReportResponse response = FAM__V1__SEND_REPORT_RESPONSE__INIT;
    enum fam_code code = replay != NULL && fam_sent_read(replay, replay_size, &sent)
                             ? FAM_OK
                             : report(context, call, request, &sent, &status);
    if (code == FAM_OK) {
        response.not_sent = sent.not_sent;
        if (!fam_uuid_is_nil(&sent.notification_id)) {
            response.notification_id = fam_reply_uuid(&reply, &sent.notification_id);
            response.report_id = fam_reply_uuid(&reply, &sent.report_id);
        }
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
