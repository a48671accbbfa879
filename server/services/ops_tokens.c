#include "services/ops_tokens.h"

#include <sodium.h>
#include <string.h>

#include "services/methods.h"
#include "services/reply.h"

enum fam_code fam_token_check(const struct fam_token_new *token, struct fam_status *status)
{
    size_t size = strlen(token->name);
    static const char ALLOWED[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    if (size == 0 || size > 64 || strspn(token->name, ALLOWED) != size) {
        return fam_fail_field(status, "name", "a token's name is 1 to 64 characters of [A-Za-z0-9_.-]");
    }
    bool service = token->role == FAM__V1__ROLE__ROLE_SERVICE;
    if (!service && (token->method_count > 0 || token->personal_text)) {
        return fam_fail_field(status, "methods", "methods and personal_text are for the role service");
    }
    if (service && token->method_count == 0) {
        return fam_fail_field(status, "methods", "a service names the methods that it may call");
    }
    for (size_t i = 0; i < token->method_count; i++) {
        if (fam_method_index(token->methods[i]) == SIZE_MAX) {
            return fam_fail_field(status, "methods", "method %zu of the list does not exist", i + 1);
        }
    }
    return FAM_OK;
}

static enum fam_code make_token(struct fam_services_context *context, struct fam_call *call,
                                const Fam__V1__CreateTokenRequest *request, struct fam_uuid *ret_token_id,
                                char ret_secret[FAM_TOKEN_SIZE], struct fam_status *status)
{
    const struct fam_mutation mutation = fam_service_mutation(call);
    size_t replay_size = 0;
    const void *replay = fam_call_replay(call, &replay_size);
    if (replay != NULL) {
        return fam_ids_uuid(replay, replay_size, 0, ret_token_id)
                   ? fam_token_secret(context->store, &mutation, ret_secret, status)
                   : fam_fail(status, FAM_INTERNAL, "the remembered answer names no token");
    }
    const struct fam_token_new token = {
        .role = request->role,
        .name = request->name,
        .methods = (const char *const *)request->methods,
        .method_count = request->n_methods,
        .personal_text = request->personal_text,
    };
    struct fam_outcome outcome;
    enum fam_code code = fam_token_check(&token, status);
    if (code == FAM_OK) {
        code = fam_token_create(context->store, &mutation, &token, ret_secret, &outcome, status);
    }
    if (code == FAM_OK) {
        fam_call_set_consistency_token(call, outcome.lsn);
        (void)fam_ids_uuid(outcome.ids, outcome.ids_size, 0, ret_token_id);
    }
    return code;
}

void fam_ops_create_token(struct fam_services_context *context, const Fam__V1__CreateTokenRequest *request,
                          Fam__V1__CreateTokenResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct fam_uuid token_id = {.bytes = {0}};
    char secret[FAM_TOKEN_SIZE] = "";
    fam_auto(fam_token_done) struct fam_token token;
    memset(&token, 0, sizeof(token));
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__CreateTokenResponse response = FAM__V1__CREATE_TOKEN_RESPONSE__INIT;
    enum fam_code code = make_token(context, call, request, &token_id, secret, &status);
    if (code == FAM_OK) {
        code = fam_token_get(context->store, &token_id, &token, &status);
    }
    if (code == FAM_OK) {
        response.token = fam_reply_token(&reply, &token);
        response.secret = secret;
        code = fam_reply_check(&reply, &status);
    }
    if (code != FAM_OK) {
        fam_call_fail(call, &status);
    } else {
        closure(&response, call);
    }
    sodium_memzero(secret, sizeof(secret));
}

struct token_list {
    struct fam_token *tokens;
    size_t count;
};

static void token_list_done(struct token_list *list)
{
    fam_tokens_free(list->tokens, list->count);
}

void fam_ops_list_tokens(struct fam_services_context *context, Fam__V1__ListTokensResponse_Closure closure,
                         struct fam_call *call)
{
    struct fam_status status;
    fam_auto(token_list_done) struct token_list list = {.tokens = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__ListTokensResponse response = FAM__V1__LIST_TOKENS_RESPONSE__INIT;
    enum fam_code code = fam_token_list(context->store, &list.tokens, &list.count, &status);
    if (code == FAM_OK) {
        response.tokens = fam_reply_alloc(&reply, (list.count + 1) * sizeof(*response.tokens));
        for (size_t i = 0; response.tokens != NULL && i < list.count; i++) {
            response.tokens[i] = fam_reply_token(&reply, &list.tokens[i]);
        }
        response.n_tokens = list.count;
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

void fam_ops_revoke_token(struct fam_services_context *context, const Fam__V1__RevokeTokenRequest *request,
                          Fam__V1__RevokeTokenResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct fam_uuid token_id;
    struct fam_outcome outcome;
    size_t replay_size = 0;
    fam_auto(fam_token_done) struct fam_token token;
    memset(&token, 0, sizeof(token));
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__RevokeTokenResponse response = FAM__V1__REVOKE_TOKEN_RESPONSE__INIT;
    const struct fam_mutation mutation = fam_service_mutation(call);
    enum fam_code code = fam_service_uuid(request->token_id, "token_id", &token_id, &status);
    if (code == FAM_OK && fam_call_replay(call, &replay_size) == NULL) {
        code = fam_token_revoke(context->store, &mutation, &token_id, &outcome, &status);
    }
    if (code == FAM_OK) {
        code = fam_token_get(context->store, &token_id, &token, &status);
    }
    if (code == FAM_OK) {
        response.token = fam_reply_token(&reply, &token);
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
