/* notify_lease.c: see notify_lease.h. */
#include "services/notify_lease.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "notify/bell.h"
#include "notify/labels.h"
#include "notify/notify.h"
#include "services/notify_show.h"

enum {
    LEASE_DEFAULT_MS = 60000,
    SPARE_MS = 500,  /* of the call's time, for the answer */
    AGAIN_MS = 1000, /* what could not be shown now */
    LOOKS_MAX = 8    /* in a row, when nothing that was leased could be shown */
};

struct lease {
    struct fam_services_context *context;
    struct fam_call *call;
    Fam__V1__LeaseResponse_Closure closure;
    struct fam_lease_request request;
    char holder[FAM_HOLDER_SIZE];
    char asker[FAM_HOLDER_SIZE + 81]; /* the principal's scope and the holder */
    struct fam_wait wait;
};

/* What one look found, and what is shown of it. */
struct catch
{
    struct fam_leased *list;
    size_t count;
    struct fam_entry entries[FAM_NOTIFICATION_LEASE_MAX];
    Fam__V1__Notification *shown[FAM_NOTIFICATION_LEASE_MAX];
    size_t shown_indices[FAM_NOTIFICATION_LEASE_MAX]; /* into list */
    size_t shown_count;
};

static void catch_done(struct catch *caught)
{
    for (size_t i = 0; i < FAM_NOTIFICATION_LEASE_MAX; i++) {
        fam_entry_done(&caught->entries[i]);
    }
    fam_leased_free(caught->list, caught->count);
    memset(caught, 0, sizeof(*caught));
}

static struct fam_lease_key key_of(const struct fam_leased *leased)
{
    return (struct fam_lease_key){.notification_id = leased->notification_id, .token = leased->token};
}

/* Not handed out after all: due again a little later. A failure here is mended by the lease's end. */
static void give_back(const struct lease *lease, const struct fam_leased *leased, uint32_t delay_ms)
{
    const struct fam_lease_key key = key_of(leased);
    struct fam_lease_end end;
    struct fam_status status;
    if (fam_notification_nack(lease->context->store, &key, FAM__V1__NACK_REASON__NACK_REASON_LATER, delay_ms, false,
                              &end, &status) != FAM_OK) {
        fam_log_status(lease->context->log, FAM_LOG_WARN, "notify", "a lease could not be given back: it will end",
                       &status);
    }
}

static void finish(const struct lease *lease, const struct fam_leased *leased, const char *reason)
{
    const struct fam_lease_key key = key_of(leased);
    struct fam_lease_end end;
    struct fam_status status;
    struct fam_services_context *context = lease->context;
    if (fam_notification_fail(context->store, &key, reason, &end, &status) != FAM_OK) {
        fam_log_status(context->log, FAM_LOG_WARN, "notify", "a notification could not be finished: its lease will end",
                       &status);
        return;
    }
    fam_metrics_add(context->metrics, FAM_M_NOTIFICATIONS, FAM_LABELS(fam_lane_label(leased->lane), "failed"), 1);
}

static void show_one(const struct lease *lease, struct fam_reply *reply, struct catch *caught, size_t index)
{
    const struct fam_leased *leased = &caught->list[index];
    struct fam_shown shown;
    struct fam_status status;
    if (fam_notify_show(lease->context, reply, leased, lease->request.lease_ms, &caught->entries[index], &shown,
                        &status) != FAM_OK) {
        fam_log_status(lease->context->log, FAM_LOG_WARN, "notify", "a notification can't be shown now", &status);
        give_back(lease, leased, AGAIN_MS);
        return;
    }
    if (shown.notification != NULL) {
        caught->shown_indices[caught->shown_count] = index;
        caught->shown[caught->shown_count++] = shown.notification;
    } else if (shown.reason != NULL) {
        finish(lease, leased, shown.reason);
    }
}

/* Again while nothing of what was leased can be shown any more: behind it something else may be due. */
static enum fam_code look(const struct lease *lease, struct fam_reply *reply, struct catch *caught,
                          struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    for (int i = 0; i < LOOKS_MAX; i++) {
        code = fam_notification_lease(lease->context->store, &lease->request, &caught->list, &caught->count, status);
        if (code != FAM_OK || caught->count == 0) {
            return code;
        }
        for (size_t j = 0; j < caught->count; j++) {
            show_one(lease, reply, caught, j);
        }
        if (caught->shown_count > 0) {
            return FAM_OK;
        }
        catch_done(caught);
    }
    fam_bell_ring(lease->context->bell);
    return FAM_OK;
}

static void answer(struct lease *lease, struct catch *caught)
{
    struct fam_services_context *context = lease->context;
    Fam__V1__LeaseResponse response = FAM__V1__LEASE_RESPONSE__INIT;
    /* Nobody waits for it any more: others need not wait until the lease ends. */
    if (caught != NULL && fam_call_is_cancelled(lease->call)) {
        for (size_t i = 0; i < caught->shown_count; i++) {
            give_back(lease, &caught->list[caught->shown_indices[i]], 0);
        }
        caught->shown_count = 0;
        fam_bell_ring(context->bell);
    }
    for (size_t i = 0; caught != NULL && i < caught->shown_count; i++) {
        if (caught->list[caught->shown_indices[i]].began) {
            fam_metrics_add(context->metrics, FAM_M_NOTIFICATIONS_TWICE, NULL, 1);
        }
    }
    if (caught != NULL) {
        response.notifications = caught->shown;
        response.n_notifications = caught->shown_count;
    }
    lease->closure(&response, lease->call);
    free(lease);
}

static void step(void *context)
{
    struct lease *lease = context;
    struct fam_leases *leases = lease->context->leases;
    if (!fam_leases_begin(leases, &lease->wait) || fam_call_is_cancelled(lease->call)) {
        fam_leases_end(leases, &lease->wait);
        answer(lease, NULL);
        return;
    }
    struct fam_status status;
    fam_auto(catch_done) struct catch caught;
    memset(&caught, 0, sizeof(caught));
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    if (look(lease, &reply, &caught, &status) != FAM_OK) {
        fam_leases_end(leases, &lease->wait);
        fam_call_fail(lease->call, &status);
        free(lease);
        return;
    }
    if (caught.shown_count > 0) {
        fam_leases_end(leases, &lease->wait);
        answer(lease, &caught);
    } else if (!fam_leases_park(leases, &lease->wait)) {
        answer(lease, NULL);
    }
}

void fam_notify_lease(struct fam_services_context *context, const Fam__V1__LeaseRequest *request,
                      Fam__V1__LeaseResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct lease *lease = NULL;
    enum fam_code code = fam_service_name(request->holder, "holder", &status);
    if (code == FAM_OK) {
        lease = calloc(1, sizeof(*lease));
        code = lease == NULL ? fam_fail_memory(&status) : FAM_OK;
    }
    if (code != FAM_OK) {
        fam_call_fail(call, &status);
        return;
    }
    uint32_t left_ms = fam_call_remaining_ms(call);
    uint32_t most_ms = left_ms > SPARE_MS ? left_ms - SPARE_MS : 0;
    lease->context = context;
    lease->call = call;
    lease->closure = closure;
    memcpy(lease->holder, request->holder, strlen(request->holder) + 1); /* 64 at most, as the rules say */
    (void)snprintf(lease->asker, sizeof(lease->asker), "%s %s", fam_call_principal(call)->scope, request->holder);
    lease->request = (struct fam_lease_request){
        .holder = lease->holder,
        .max = (size_t)request->max,
        .max_others = (size_t)request->max_others,
        .lease_ms = request->lease_ms != 0 ? request->lease_ms : LEASE_DEFAULT_MS,
    };
    lease->wait = (struct fam_wait){
        .call = call,
        .step = step,
        .context = lease,
        .until_ms = fam_mono_ms() + (request->wait_ms < most_ms ? request->wait_ms : most_ms),
        .takes_all = request->max_others > 0,
        .asker = lease->asker,
    };
    step(lease);
}
