#include "backend.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/notification.pb-c.h"
#include "fam/v1/session.pb-c.h"
#include "fam/v1/translation.pb-c.h"
#include "rpc/client.h"

enum {
    QUICK_MS = 5000,
    SESSION_MS = 2500,
    TRANSLATE_MS = 20000,
    SEARCH_MS = 10000,
    EXPORT_MS = 20000,
    ERASE_MS = 20000,
    LEAD_MS = 1500,
    LEASE_MS = 60000,
    CANCEL_STEP_MS = 50
};

static const struct method {
    const ProtobufCServiceDescriptor *service;
    const char *name;
    uint32_t timeout_ms;
    bool read_only; /* changes nothing, or the same each time */
} methods[FAM_BACKEND_METHODS] = {
    [FAM_BACKEND_REGISTER_USER] = {&fam__v1__family_service__descriptor, "RegisterUser", QUICK_MS, true},
    [FAM_BACKEND_UPDATE_USER] = {&fam__v1__family_service__descriptor, "UpdateUser", QUICK_MS, false},
    [FAM_BACKEND_CREATE_FAMILY] = {&fam__v1__family_service__descriptor, "CreateFamily", QUICK_MS, false},
    [FAM_BACKEND_GET_FAMILY] = {&fam__v1__family_service__descriptor, "GetFamily", QUICK_MS, true},
    [FAM_BACKEND_ADD_CHILD] = {&fam__v1__family_service__descriptor, "AddChild", QUICK_MS, false},
    [FAM_BACKEND_UPDATE_FAMILY] = {&fam__v1__family_service__descriptor, "UpdateFamily", QUICK_MS, false},
    [FAM_BACKEND_LEAVE_FAMILY] = {&fam__v1__family_service__descriptor, "LeaveFamily", QUICK_MS, false},
    [FAM_BACKEND_REMOVE_PARENT] = {&fam__v1__family_service__descriptor, "RemoveParent", QUICK_MS, false},
    [FAM_BACKEND_CREATE_INVITE] = {&fam__v1__family_service__descriptor, "CreateInvite", QUICK_MS, false},
    [FAM_BACKEND_LIST_INVITES] = {&fam__v1__family_service__descriptor, "ListInvites", QUICK_MS, true},
    [FAM_BACKEND_REVOKE_INVITE] = {&fam__v1__family_service__descriptor, "RevokeInvite", QUICK_MS, false},
    /* Takes one of the person's guesses each time, so the client does not repeat it by itself. */
    [FAM_BACKEND_PREVIEW_INVITE] = {&fam__v1__family_service__descriptor, "PreviewInvite", QUICK_MS, false},
    [FAM_BACKEND_JOIN_FAMILY] = {&fam__v1__family_service__descriptor, "JoinFamily", QUICK_MS, false},
    [FAM_BACKEND_UPDATE_CHILD] = {&fam__v1__family_service__descriptor, "UpdateChild", QUICK_MS, false},
    [FAM_BACKEND_REMOVE_CHILD] = {&fam__v1__family_service__descriptor, "RemoveChild", QUICK_MS, false},
    [FAM_BACKEND_SUBMIT_FEEDBACK] = {&fam__v1__family_service__descriptor, "SubmitFeedback", QUICK_MS, false},
    [FAM_BACKEND_SET_CONSENT] = {&fam__v1__family_service__descriptor, "SetConsent", QUICK_MS, false},
    [FAM_BACKEND_TRANSLATE] = {&fam__v1__translation_service__descriptor, "Translate", TRANSLATE_MS, false},
    [FAM_BACKEND_GET_ENTRY] = {&fam__v1__translation_service__descriptor, "GetEntry", QUICK_MS, true},
    [FAM_BACKEND_RATE_ENTRY] = {&fam__v1__translation_service__descriptor, "RateEntry", QUICK_MS, false},
    [FAM_BACKEND_LIST_ENTRIES] = {&fam__v1__translation_service__descriptor, "ListEntries", SEARCH_MS, true},
    [FAM_BACKEND_SEARCH_ENTRIES] = {&fam__v1__translation_service__descriptor, "SearchEntries", SEARCH_MS, true},
    [FAM_BACKEND_CORRECT_ENTRY] = {&fam__v1__translation_service__descriptor, "CorrectEntry", TRANSLATE_MS, false},
    [FAM_BACKEND_REVISE_ENTRY] = {&fam__v1__translation_service__descriptor, "ReviseEntry", TRANSLATE_MS, false},
    [FAM_BACKEND_SHARE_ENTRY] = {&fam__v1__translation_service__descriptor, "ShareEntry", QUICK_MS, false},
    [FAM_BACKEND_AGREE_FOLLOW_UP] = {&fam__v1__translation_service__descriptor, "AgreeFollowUp", QUICK_MS, false},
    [FAM_BACKEND_DELETE_ENTRY] = {&fam__v1__translation_service__descriptor, "DeleteEntry", QUICK_MS, false},
    [FAM_BACKEND_PRIVACY_REPORT] = {&fam__v1__family_service__descriptor, "GetPrivacyReport", SEARCH_MS, true},
    [FAM_BACKEND_EXPORT_FAMILY] = {&fam__v1__family_service__descriptor, "ExportFamily", EXPORT_MS, true},
    [FAM_BACKEND_DELETE_FAMILY] = {&fam__v1__family_service__descriptor, "DeleteFamily", ERASE_MS, false},
    [FAM_BACKEND_CREATE_SESSION] = {&fam__v1__session_service__descriptor, "CreateSession", SESSION_MS, false},
    [FAM_BACKEND_UPDATE_SESSION] = {&fam__v1__session_service__descriptor, "UpdateSession", SESSION_MS, false},
    [FAM_BACKEND_RECORD_DELIVERY] = {&fam__v1__notification_service__descriptor, "RecordDelivery", QUICK_MS, false},
    [FAM_BACKEND_SET_REACHABILITY] = {&fam__v1__family_service__descriptor, "SetReachability", QUICK_MS, false},
    /* Short, so that a lead that can't be renewed is noticed while it lasts; the same holder may ask any number of
       times. */
    [FAM_BACKEND_ACQUIRE_LEAD] = {&fam__v1__session_service__descriptor, "AcquireLead", LEAD_MS, true},
    /* Never repeated by the client: what a lost answer had leased comes again when its lease has ended. */
    [FAM_BACKEND_LEASE] = {&fam__v1__notification_service__descriptor, "Lease", LEASE_MS, false},
    [FAM_BACKEND_ACK] = {&fam__v1__notification_service__descriptor, "Ack", QUICK_MS, true},
    [FAM_BACKEND_NACK] = {&fam__v1__notification_service__descriptor, "Nack", QUICK_MS, true},
};

/* A call and its options live until the reply is released: the reply's message belongs to the call. */
struct held_call {
    struct fam_rpc rpc;
    struct fam_rpc_options options;
    struct fam_uuid user;
    /* Of a call that can be cancelled. */
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    bool is_waiting; /* the two above are there */
    bool has_ended;
    enum fam_code code;
    struct fam_status status;
};

static void release(void *owner)
{
    struct held_call *held = owner;
    fam_rpc_done(&held->rpc);
    if (held->is_waiting) {
        pthread_cond_destroy(&held->ended);
        pthread_mutex_destroy(&held->mutex);
    }
    free(held);
}

static void note_end(struct fam_rpc *rpc, enum fam_code code, const struct fam_status *status)
{
    struct held_call *held = rpc->context;
    pthread_mutex_lock(&held->mutex);
    held->code = code;
    if (code != FAM_OK) {
        held->status = *status;
    }
    held->has_ended = true;
    pthread_cond_signal(&held->ended);
    pthread_mutex_unlock(&held->mutex);
}

static void prepare_cancel(struct held_call *held)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&held->mutex, NULL);
    pthread_cond_init(&held->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    held->is_waiting = true;
}

/* Until the call has ended, which it does by its deadline at the latest, or soon after *cancel. */
static enum fam_code wait_or_cancel(struct held_call *held, const atomic_bool *cancel, struct fam_status *status)
{
    bool is_cancelled = false;
    pthread_mutex_lock(&held->mutex);
    while (!held->has_ended) {
        if (!is_cancelled && atomic_load(cancel)) {
            is_cancelled = true;
            pthread_mutex_unlock(&held->mutex);
            fam_rpc_cancel(&held->rpc);
            pthread_mutex_lock(&held->mutex);
            continue;
        }
        uint64_t until_ms = fam_mono_ms() + CANCEL_STEP_MS;
        struct timespec until = {.tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000};
        pthread_cond_timedwait(&held->ended, &held->mutex, &until);
    }
    enum fam_code code = held->code;
    if (code != FAM_OK) {
        *status = held->status;
    }
    pthread_mutex_unlock(&held->mutex);
    return code;
}

static enum fam_code invoke(struct fam_client *client, const struct method *method, const struct fam_backend_call *call,
                            struct held_call *held, struct fam_status *status)
{
    ProtobufCService *service = fam_client_service(client, method->service);
    const ProtobufCMethodDescriptor *found =
        protobuf_c_service_descriptor_get_method_by_name(method->service, method->name);
    if (!service || !found) {
        return fam_fail(status, FAM_INTERNAL, "no stub for %s", method->name);
    }
    unsigned index = (unsigned)(found - method->service->methods);
    if (call->cancel) {
        prepare_cancel(held);
        fam_rpc_init_async(&held->rpc, &held->options, note_end, held);
        service->invoke(service, index, call->request, NULL, &held->rpc);
        return wait_or_cancel(held, call->cancel, status);
    }
    fam_rpc_init(&held->rpc, &held->options);
    service->invoke(service, index, call->request, NULL, &held->rpc);
    return fam_rpc_wait(&held->rpc, status);
}

static enum fam_code call_backend(void *context, const struct fam_backend_call *call,
                                  struct fam_backend_reply *ret_reply, struct fam_status *status)
{
    const struct method *method = &methods[call->method];
    struct held_call *held = calloc(1, sizeof(*held));
    if (!held) {
        return fam_fail_memory(status);
    }
    held->options = (struct fam_rpc_options){
        .timeout_ms = method->timeout_ms,
        .idempotency_key = call->idempotency_key,
        .request_id = call->request_id,
        .read_only = method->read_only,
    };
    if (call->user_id && fam_uuid_parse(call->user_id, &held->user)) {
        held->options.acting_user = &held->user;
    }
    enum fam_code code = invoke(context, method, call, held, status);
    held->options = (struct fam_rpc_options){0};
    if (code != FAM_OK) {
        release(held);
        return code;
    }
    *ret_reply = (struct fam_backend_reply){.message = fam_rpc_response(&held->rpc), .owner = held, .release = release};
    return FAM_OK;
}

static bool is_connected(void *context)
{
    return fam_client_is_connected(context);
}

void fam_backend_init(struct fam_backend *ret_backend, struct fam_client *client)
{
    *ret_backend = (struct fam_backend){.context = client, .call = call_backend, .is_connected = is_connected};
}
