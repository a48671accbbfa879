#include "backend.h"

#include <stdlib.h>

#include "base/uuid.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/notification.pb-c.h"
#include "fam/v1/session.pb-c.h"
#include "fam/v1/translation.pb-c.h"
#include "rpc/client.h"

enum { QUICK_MS = 5000, SESSION_MS = 2500, TRANSLATE_MS = 20000 };

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
    [FAM_BACKEND_SET_CONSENT] = {&fam__v1__family_service__descriptor, "SetConsent", QUICK_MS, false},
    [FAM_BACKEND_TRANSLATE] = {&fam__v1__translation_service__descriptor, "Translate", TRANSLATE_MS, false},
    [FAM_BACKEND_GET_ENTRY] = {&fam__v1__translation_service__descriptor, "GetEntry", QUICK_MS, true},
    [FAM_BACKEND_RATE_ENTRY] = {&fam__v1__translation_service__descriptor, "RateEntry", QUICK_MS, false},
    [FAM_BACKEND_CREATE_SESSION] = {&fam__v1__session_service__descriptor, "CreateSession", SESSION_MS, false},
    [FAM_BACKEND_UPDATE_SESSION] = {&fam__v1__session_service__descriptor, "UpdateSession", SESSION_MS, false},
    [FAM_BACKEND_RECORD_DELIVERY] = {&fam__v1__notification_service__descriptor, "RecordDelivery", QUICK_MS, false},
};

/* A call and its options live until the reply is released: the reply's message belongs to the call. */
struct held_call {
    struct fam_rpc rpc;
    struct fam_rpc_options options;
    struct fam_uuid user;
};

static void release(void *owner)
{
    struct held_call *held = owner;
    fam_rpc_done(&held->rpc);
    free(held);
}

static enum fam_code invoke(struct fam_client *client, const struct method *method, const ProtobufCMessage *request,
                            struct held_call *held, struct fam_status *status)
{
    ProtobufCService *service = fam_client_service(client, method->service);
    const ProtobufCMethodDescriptor *found =
        protobuf_c_service_descriptor_get_method_by_name(method->service, method->name);
    if (!service || !found) {
        return fam_fail(status, FAM_INTERNAL, "no stub for %s", method->name);
    }
    fam_rpc_init(&held->rpc, &held->options);
    service->invoke(service, (unsigned)(found - method->service->methods), request, NULL, &held->rpc);
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
    enum fam_code code = invoke(context, method, call->request, held, status);
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
