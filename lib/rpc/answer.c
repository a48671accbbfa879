/* answer.c: a call's one answer: envelope, metrics, log line. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "rpc/server_private.h"

enum { STACK_BYTES = 8192 };

static bool is_long_poll(const struct fam_call *call)
{
    return call->route != NULL && (call->route->method->flags & FAM_METHOD_LONG_POLL) != 0;
}

static void account(const struct fam_call *call, enum fam_code code, const struct fam_status *failure)
{
    const struct fam_server_options *options = &call->server->options;
    uint64_t took_ns = fam_mono_ns() - call->started_ns;
    fam_metrics_rpc(options->metrics, call->route == NULL ? SIZE_MAX : call->route->index, code,
                    is_long_poll(call) ? -1 : (double)took_ns / 1e9);
    /* INTERNAL and DATA_LOSS are ours to look at; everything else is traffic. */
    bool ours = code == FAM_INTERNAL || code == FAM_DATA_LOSS || code == FAM_UNKNOWN;
    enum fam_log_level level = ours ? FAM_LOG_ERROR : FAM_LOG_INFO;
    if (!fam_log_enabled(options->log, level)) {
        return;
    }
    const char *method = call->route == NULL ? "unknown" : call->route->method->name;
    const struct fam_field fields[] = {
        FAM_STR("request_id", call->request_id),
        FAM_STR("method", method),
        FAM_STR("principal", call->principal.name),
        FAM_STR("code", fam_code_name(code)),
        FAM_U64("duration_us", took_ns / 1000u),
        FAM_STR("reason", failure == NULL ? "" : failure->reason),
        FAM_STR("field", failure == NULL ? "" : failure->field),
        FAM_STR("message", failure == NULL ? "" : failure->message),
    };
    size_t count = sizeof(fields) / sizeof(fields[0]);
    fam_log_write(options->log, level, "rpc", "call finished", fields, failure == NULL ? count - 3 : count);
}

static struct fam_message *pack_envelope(const Fam__Rpc__V1__Response *response)
{
    struct fam_message *message = fam_message_new(fam__rpc__v1__response__get_packed_size(response));
    if (message != NULL) {
        (void)fam__rpc__v1__response__pack(response, fam_message_data(message));
    }
    return message;
}

static struct fam_message *pack_failure(const struct fam_call *call, const struct fam_status *failure)
{
    Fam__Rpc__V1__Response response = FAM__RPC__V1__RESPONSE__INIT;
    Fam__Rpc__V1__ErrorDetail detail = FAM__RPC__V1__ERROR_DETAIL__INIT;
    Fam__Rpc__V1__ErrorDetail *details[] = {&detail};
    struct fam_status copy = *failure; /* the generated members are not const */
    char request_id[sizeof(call->request_id)];
    memcpy(request_id, call->request_id, sizeof(request_id));
    response.code = (uint32_t)failure->code;
    response.message = copy.message;
    response.request_id = request_id;
    response.retry_after_ms = failure->retry_after_ms;
    if (failure->reason[0] != '\0' || failure->field[0] != '\0') {
        detail.reason = copy.reason;
        detail.field = copy.field;
        detail.description = copy.message;
        response.details = details;
        response.n_details = 1;
    }
    return pack_envelope(&response);
}

static struct fam_message *pack_success(const struct fam_call *call, const ProtobufCMessage *output)
{
    uint8_t stack[STACK_BYTES];
    size_t size = protobuf_c_message_get_packed_size(output);
    uint8_t *payload = size <= sizeof(stack) ? stack : malloc(size);
    if (payload == NULL) {
        return NULL;
    }
    (void)protobuf_c_message_pack(output, payload);
    char request_id[sizeof(call->request_id)];
    memcpy(request_id, call->request_id, sizeof(request_id));
    char token[sizeof(call->consistency_token)];
    memcpy(token, call->consistency_token, sizeof(token));
    Fam__Rpc__V1__Response response = FAM__RPC__V1__RESPONSE__INIT;
    response.payload = (ProtobufCBinaryData){.len = size, .data = payload};
    response.request_id = request_id;
    response.consistency_token = token;
    struct fam_message *message = pack_envelope(&response);
    if (payload != stack) {
        free(payload);
    }
    return message;
}

void fam_call_send(struct fam_call *call, const struct fam_status *failure, const ProtobufCMessage *output)
{
    struct fam_message *message = failure == NULL ? pack_success(call, output) : pack_failure(call, failure);
    account(call, failure == NULL ? FAM_OK : failure->code, failure);
    struct fam_slot *slot = call->slot;
    call->slot = NULL;
    fam_slot_reply(slot, message);
}
