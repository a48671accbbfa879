/* token create, list, revoke. */
#include <string.h>

#include "commands/commands.h"
#include "ctl.h"
#include "fam/v1/ops.pb-c.h"
#include "words.h"

static void role_word(Fam__V1__Role role, char ret_word[FAM_WORD_SIZE])
{
    fam_word_from_enum(&fam__v1__role__descriptor, (int)role, ret_word);
}

static void show_fields(struct fam_out *out, const Fam__V1__Token *token)
{
    char role[FAM_WORD_SIZE];
    role_word(token->role, role);
    fam_out_field(out, "token_id", "Id", FAM_TEXT(token->token_id));
    fam_out_field(out, "role", "Role", FAM_TEXT(role));
    fam_out_field(out, "name", "Name", FAM_TEXT(token->name));
    fam_out_field(out, "methods", "Methods", FAM_WORDS(token->methods, token->n_methods));
    fam_out_field(out, "personal_text", "Personal text", FAM_YES_NO(token->personal_text));
    fam_out_field(out, "created_at", "Created at", FAM_TIME(token->created_at_ms));
    fam_out_field(out, "last_used_at", "Last used at", FAM_TIME(token->last_used_at_ms));
    fam_out_field(out, "revoked_at", "Revoked at", FAM_TIME(token->revoked_at_ms));
}

/* The table makes sure of the role; what only a service may have is checked here. */
static enum fam_code check_create(const struct fam_parsed *parsed, struct fam_status *status)
{
    bool service = strcmp(parsed->arguments[0], "service") == 0;
    bool methods = fam_parsed_value(parsed, "--method") != NULL;
    if (!service && (methods || fam_parsed_value(parsed, "--personal-text") != NULL)) {
        return fam_usage(status, "%s is for the role service; \"%s\" has its methods by its role",
                         methods ? "--method" : "--personal-text", parsed->arguments[0]);
    }
    if (service && !methods) {
        return fam_usage(status, "a service needs at least one --method");
    }
    return FAM_OK;
}

enum fam_code fam_ctl_token_create(struct fam_ctl *ctl, struct fam_status *status)
{
    const char *methods[FAM_CTL_VALUES];
    Fam__V1__CreateTokenRequest request = FAM__V1__CREATE_TOKEN_REQUEST__INIT;
    int role = 0;
    enum fam_code code = check_create(ctl->parsed, status);
    if (code != FAM_OK) {
        return code;
    }
    if (!fam_word_to_enum(&fam__v1__role__descriptor, ctl->parsed->arguments[0], &role)) {
        return fam_usage(status, "there is no role \"%s\"", ctl->parsed->arguments[0]);
    }
    request.role = (Fam__V1__Role)role;
    request.name = ctl->parsed->arguments[1];
    request.n_methods = fam_parsed_values(ctl->parsed, "--method", methods);
    request.methods = (char **)methods;
    request.personal_text = fam_parsed_value(ctl->parsed, "--personal-text") != NULL;

    if (fam_ctl_is_dry_run(ctl)) {
        fam_out_field(&ctl->out, "role", "Role", FAM_TEXT(ctl->parsed->arguments[0]));
        fam_out_field(&ctl->out, "name", "Name", FAM_TEXT(request.name));
        fam_out_field(&ctl->out, "methods", "Methods", FAM_WORDS(request.methods, request.n_methods));
        fam_out_field(&ctl->out, "personal_text", "Personal text", FAM_YES_NO(request.personal_text));
        fam_out_note(&ctl->out, "This token would be made. Nothing was changed.");
        return FAM_OK;
    }

    char key[FAM_CTL_KEY_SIZE];
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    fam_ctl_key(key);
    options.idempotency_key = key;
    fam_rpc_init(&rpc, &options);
    code = FAM_RPC(ctl->client, fam__v1__ops_service, create_token, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__CreateTokenResponse *response = (const Fam__V1__CreateTokenResponse *)fam_rpc_response(&rpc);
        if (response->token != NULL) {
            show_fields(&ctl->out, response->token);
        }
        fam_out_field(&ctl->out, "secret", "Secret", FAM_TONED(response->secret, FAM_TONE_GOOD));
        fam_out_note(&ctl->out, "The secret is shown this once: the server keeps a hash only.");
    }
    fam_rpc_done(&rpc);
    return code;
}

static void show_list(struct fam_out *out, const Fam__V1__ListTokensResponse *response)
{
    static const struct fam_column columns[] = {{"token_id", "ID"},
                                                {"role", "ROLE"},
                                                {"name", "NAME"},
                                                {"created_at", "CREATED AT"},
                                                {"last_used_at", "LAST USED AT"},
                                                {"revoked_at", "REVOKED AT"},
                                                {"personal_text", "PERSONAL TEXT"},
                                                {"methods", "METHODS"}};
    fam_out_table(out, "tokens", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < response->n_tokens; i++) {
        const Fam__V1__Token *token = response->tokens[i];
        char role[FAM_WORD_SIZE];
        role_word(token->role, role);
        fam_out_cell(out, FAM_TEXT(token->token_id));
        fam_out_cell(out, FAM_TEXT(role));
        fam_out_cell(out, FAM_TEXT(token->name));
        fam_out_cell(out, FAM_TIME(token->created_at_ms));
        fam_out_cell(out, FAM_TIME(token->last_used_at_ms));
        fam_out_cell(out, FAM_TIME(token->revoked_at_ms));
        fam_out_cell(out, FAM_YES_NO(token->personal_text));
        fam_out_cell(out, FAM_WORDS(token->methods, token->n_methods));
    }
}

/* Calls ListTokens; the answer belongs to *rpc. */
static enum fam_code list(struct fam_ctl *ctl, struct fam_rpc *rpc, const struct fam_rpc_options *options,
                          const Fam__V1__ListTokensResponse **ret_response, struct fam_status *status)
{
    Fam__V1__ListTokensRequest request = FAM__V1__LIST_TOKENS_REQUEST__INIT;
    fam_rpc_init(rpc, options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, list_tokens, rpc, &request, status);
    if (code == FAM_OK) {
        *ret_response = (const Fam__V1__ListTokensResponse *)fam_rpc_response(rpc);
    }
    return code;
}

enum fam_code fam_ctl_token_list(struct fam_ctl *ctl, struct fam_status *status)
{
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    const Fam__V1__ListTokensResponse *response = NULL;
    options.read_only = true;
    enum fam_code code = list(ctl, &rpc, &options, &response, status);
    if (code == FAM_OK) {
        show_list(&ctl->out, response);
    }
    fam_rpc_done(&rpc);
    return code;
}

static enum fam_code show_one(struct fam_ctl *ctl, const char *id, struct fam_status *status)
{
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    const Fam__V1__ListTokensResponse *response = NULL;
    const Fam__V1__Token *found = NULL;
    options.read_only = true;
    enum fam_code code = list(ctl, &rpc, &options, &response, status);
    for (size_t i = 0; code == FAM_OK && i < response->n_tokens; i++) {
        if (strcasecmp(response->tokens[i]->token_id, id) == 0) {
            found = response->tokens[i];
        }
    }
    if (code == FAM_OK && found == NULL) {
        code = fam_fail(status, FAM_NOT_FOUND, "there is no token %s; 'famctl token list' shows them", id);
    } else if (code == FAM_OK) {
        show_fields(&ctl->out, found);
        fam_out_note(&ctl->out, found->revoked_at_ms != 0 ? "It is revoked already."
                                                          : "It would be revoked. Nothing was changed.");
    }
    fam_rpc_done(&rpc);
    return code;
}

enum fam_code fam_ctl_token_revoke(struct fam_ctl *ctl, struct fam_status *status)
{
    char *id = ctl->parsed->arguments[0];
    if (fam_parsed_value(ctl->parsed, "--dry-run") != NULL) {
        return show_one(ctl, id, status);
    }
    char question[96];
    (void)snprintf(question, sizeof(question), "Revoke token %s? This can't be undone.", id);
    enum fam_code code = fam_ctl_confirm(ctl, question, "the token was not revoked", status);
    if (code != FAM_OK) {
        return code;
    }
    Fam__V1__RevokeTokenRequest request = FAM__V1__REVOKE_TOKEN_REQUEST__INIT;
    char key[FAM_CTL_KEY_SIZE];
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    request.token_id = id;
    fam_ctl_key(key);
    options.idempotency_key = key;
    fam_rpc_init(&rpc, &options);
    code = FAM_RPC(ctl->client, fam__v1__ops_service, revoke_token, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__RevokeTokenResponse *response = (const Fam__V1__RevokeTokenResponse *)fam_rpc_response(&rpc);
        if (response->token != NULL) {
            show_fields(&ctl->out, response->token);
        }
    }
    fam_rpc_done(&rpc);
    return code;
}
