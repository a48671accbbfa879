/* interceptors.c: deadline, authentication, authorisation, validation, rate limit, idempotency look-up, in this order.
 * Request id, log and metrics frame them: dispatch.c makes the id, answer.c logs and counts. */
#include <string.h>

#include "base/text.h"
#include "rpc/server_private.h"

enum { REASON_MIN_CHARS = 8 };

static enum fam_code check_deadline(struct fam_call *call, struct fam_status *status)
{
    int cancelled = atomic_load(&call->cancel_code);
    if (cancelled == FAM_CANCELLED) {
        return fam_fail(status, FAM_CANCELLED, "the caller cancelled the call before it was started");
    }
    if (cancelled == FAM_UNAVAILABLE) {
        return fam_fail_reason(status, FAM_UNAVAILABLE, "DRAINING", 0,
                               "the server is stopping and has not started the call; another one will answer");
    }
    if (fam_call_is_cancelled(call)) {
        return fam_fail(status, FAM_DEADLINE_EXCEEDED, "the call's time was up before it was started");
    }
    return FAM_OK;
}

static enum fam_code authenticate(struct fam_call *call, bool may_block, bool *ret_would_block,
                                  struct fam_status *status)
{
    const struct fam_server_hooks *hooks = &call->server->options.hooks;
    const char *token = call->request->token;
    /* A probe must answer when the database, where tokens are looked up, does not. */
    if ((call->route->method->flags & FAM_METHOD_PUBLIC) != 0) {
        return FAM_OK;
    }
    if (token[0] == '\0') {
        return fam_fail(status, FAM_UNAUTHENTICATED, "a bearer token is needed: set FAM_TOKEN");
    }
    return hooks->authenticate(hooks->context, token, may_block, ret_would_block, &call->principal, status);
}

static enum fam_code authorise_service(const struct fam_call *call, struct fam_status *status)
{
    const struct fam_method *method = call->route->method;
    const struct fam_principal *principal = &call->principal;
    size_t index = call->route->index;
    if ((principal->may_call[index / 64] >> (index % 64) & 1u) == 0) {
        return fam_fail(status, FAM_PERMISSION_DENIED, "this token may not call %s: its list of methods lacks it",
                        method->name);
    }
    if ((method->flags & FAM_METHOD_PERSONAL) != 0 && !principal->personal_text) {
        return fam_fail(status, FAM_PERMISSION_DENIED, "this token may not call %s: it has no right to personal text",
                        method->name);
    }
    return FAM_OK;
}

static enum fam_code authorise_admin(const struct fam_call *call, struct fam_status *status)
{
    const struct fam_method *method = call->route->method;
    /* Without an acting user nobody's stored text is opened. */
    bool opens = (method->flags & FAM_METHOD_PERSONAL) != 0 && call->has_acting_user;
    if (opens && fam_utf8_length(call->request->reason) < REASON_MIN_CHARS) {
        return fam_fail_reason(status, FAM_PERMISSION_DENIED, "REASON_REQUIRED", 0,
                               "%s opens personal text: say why in at least %d characters; it is audited", method->name,
                               REASON_MIN_CHARS);
    }
    return FAM_OK;
}

static enum fam_code authorise(struct fam_call *call, struct fam_status *status)
{
    const struct fam_method *method = call->route->method;
    unsigned role = call->principal.role;
    bool open = (method->flags & FAM_METHOD_PUBLIC) != 0;
    if (!open && (method->roles & role) == 0) {
        return fam_fail(status, FAM_PERMISSION_DENIED, "this token's role may not call %s", method->name);
    }
    enum fam_code code = FAM_OK;
    if (!open && role == FAM_ROLE_SERVICE) {
        code = authorise_service(call, status);
    } else if (!open && role == FAM_ROLE_ADMIN) {
        code = authorise_admin(call, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    bool needs_user = (method->flags & FAM_METHOD_ACTING_USER) != 0 ||
                      ((method->flags & FAM_METHOD_BOT_ACTING_USER) != 0 && role == FAM_ROLE_BOT);
    if (needs_user && !call->has_acting_user) {
        return fam_fail_field(status, "acting_user_id", "%s acts for a user: acting_user_id is required", method->name);
    }
    if ((method->flags & FAM_METHOD_IDEMPOTENT_KEY) != 0 && call->request->idempotency_key[0] == '\0') {
        return fam_fail_field(status, "idempotency_key", "%s changes something: idempotency_key is required",
                              method->name);
    }
    return FAM_OK;
}

static enum fam_code validate(struct fam_call *call, struct fam_status *status)
{
    const ProtobufCBinaryData *payload = &call->request->payload;
    const ProtobufCMessageDescriptor *input = call->route->input;
    enum fam_code code = fam_validate_wire(input, payload->data, payload->len, status);
    if (code != FAM_OK) {
        return code;
    }
    call->input = protobuf_c_message_unpack(input, &call->arena.allocator, payload->len, payload->data);
    if (call->input == NULL) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "the payload is no %s, or takes too much memory", input->name);
    }
    return fam_validate_message(call->server->rules, call->input, status);
}

enum fam_code fam_call_check(const struct fam_call *call, const ProtobufCMessage *message, struct fam_status *status)
{
    return fam_validate_message(call->server->rules, message, status);
}

static enum fam_code run_hooks(struct fam_call *call, struct fam_status *status)
{
    const struct fam_server_hooks *hooks = &call->server->options.hooks;
    enum fam_code code = FAM_OK;
    if (hooks->admit != NULL) {
        code = hooks->admit(hooks->context, call, status);
    }
    if (code == FAM_OK && hooks->look_up != NULL && call->request->idempotency_key[0] != '\0') {
        code = hooks->look_up(hooks->context, call, status);
    }
    if (code == FAM_OK && hooks->audit != NULL && call->request->reason[0] != '\0' &&
        call->principal.role == FAM_ROLE_ADMIN) {
        code = hooks->audit(hooks->context, call, status);
    }
    return code;
}

enum fam_code fam_intercept(struct fam_call *call, bool may_block, bool *ret_would_block, struct fam_status *status)
{
    const struct fam_server_hooks *hooks = &call->server->options.hooks;
    enum fam_code code = check_deadline(call, status);
    if (code == FAM_OK && hooks->ready != NULL && (call->route->method->flags & FAM_METHOD_WITHOUT_SCHEMA) == 0) {
        code = hooks->ready(hooks->context, status);
    }
    if (code == FAM_OK) {
        code = authenticate(call, may_block, ret_would_block, status);
        if (*ret_would_block) {
            return FAM_OK;
        }
    }
    if (code == FAM_OK) {
        code = authorise(call, status);
    }
    if (code == FAM_OK) {
        code = validate(call, status);
    }
    /* An inline method has no idempotency key and opens nothing personal: no hook of it needs I/O. */
    if (code == FAM_OK && may_block) {
        code = run_hooks(call, status);
    }
    return code;
}
