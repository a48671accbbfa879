/* call: any method of fam.v1, by its descriptor alone. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/uuid.h"
#include "commands/commands.h"
#include "ctl.h"
#include "registry.h"
#include "rpc/json_codec.h"

/* The request's JSON: the argument itself, a file named after '@', or standard input. */
static enum fam_code read_json(struct fam_ctl *ctl, struct fam_buf *ret_json, struct fam_status *status)
{
    char *word = ctl->parsed->argument_count > 1 ? ctl->parsed->arguments[1] : NULL;
    if (word != NULL && word[0] != '@' && strcmp(word, "-") != 0) {
        fam_buf_add_text(ret_json, word);
        sodium_memzero(word, strlen(word)); /* process lists show it no longer: it may hold a child's words */
        return ret_json->failed ? fam_fail_memory(status) : FAM_OK;
    }
    if (word == NULL) {
        fam_buf_add_text(ret_json, "{}");
        return ret_json->failed ? fam_fail_memory(status) : FAM_OK;
    }
    FILE *file = word[0] == '@' ? fopen(word + 1, "re") : ctl->io->in;
    if (file == NULL) {
        return fam_usage(status, "the file %.160s can't be opened", word + 1);
    }
    char piece[4096];
    size_t got = 0;
    while (!ret_json->failed && (got = fread(piece, 1, sizeof(piece), file)) > 0) {
        fam_buf_add(ret_json, piece, got);
    }
    bool broken = ferror(file) != 0;
    sodium_memzero(piece, sizeof(piece));
    if (file != ctl->io->in) {
        (void)fclose(file);
    }
    if (broken) {
        return fam_usage(status, "the request can't be read");
    }
    return ret_json->failed ? fam_usage(status, "the request is over %d MiB", FAM_JSON_BYTES_MAX >> 20) : FAM_OK;
}

static enum fam_code show_response(struct fam_ctl *ctl, const ProtobufCMessage *response, struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf json = {0};
    const struct fam_json_codec_options pretty = {.pretty = true};
    enum fam_code code = fam_json_from_message(response, &pretty, &json, status);
    if (code == FAM_OK) {
        fam_out_document(&ctl->out, fam_buf_text(&json));
    }
    return code;
}

static enum fam_code call_once(struct fam_ctl *ctl, const struct fam_registry_method *found,
                               const ProtobufCMessage *request, const struct fam_rpc_options *options,
                               struct fam_status *status)
{
    struct fam_rpc rpc;
    ProtobufCService *service = fam_client_service(ctl->client, found->service);
    if (service == NULL) {
        return fam_fail_memory(status);
    }
    fam_rpc_init(&rpc, options);
    service->invoke(service, found->index, request, NULL, &rpc);
    enum fam_code code = fam_rpc_wait(&rpc, status);
    if (code == FAM_OK) {
        code = show_response(ctl, fam_rpc_response(&rpc), status);
    }
    fam_rpc_done(&rpc);
    return code;
}

/* A method that needs a key is refused without one before anything is done; then one is made. */
static enum fam_code call_with_key(struct fam_ctl *ctl, const struct fam_registry_method *found,
                                   const ProtobufCMessage *request, struct fam_rpc_options *options,
                                   struct fam_status *status)
{
    char key[FAM_CTL_KEY_SIZE];
    enum fam_code code = call_once(ctl, found, request, options, status);
    if (code != FAM_INVALID_ARGUMENT || options->idempotency_key != NULL ||
        strcmp(status->field, "idempotency_key") != 0) {
        return code;
    }
    fam_ctl_key(key);
    fam_ctl_remark(ctl, "idempotency key %s", key);
    options->idempotency_key = key;
    code = call_once(ctl, found, request, options, status);
    options->idempotency_key = NULL;
    return code;
}

static enum fam_code parse_request(struct fam_ctl *ctl, const struct fam_registry_method *found,
                                   ProtobufCMessage **ret_request, struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf json = {0};
    fam_buf_init(&json, FAM_JSON_BYTES_MAX);
    enum fam_code code = read_json(ctl, &json, status);
    if (code != FAM_OK) {
        return code;
    }
    code = fam_json_to_message(found->method->input, fam_buf_text(&json), json.size, ret_request, status);
    if (code == FAM_INVALID_ARGUMENT) {
        struct fam_status why = *status;
        return fam_usage(status, "the request is no %s: %s%s%s (%s)", found->method->input->name, why.field,
                         why.field[0] == '\0' ? "" : ": ", why.message, fam_code_name(why.code));
    }
    return code;
}

static void show_plan(struct fam_ctl *ctl, const struct fam_registry_method *found,
                      const struct fam_rpc_options *options, const struct fam_uuid *user_id)
{
    char full[128];
    char user[FAM_UUID_TEXT_SIZE] = "";
    snprintf(full, sizeof(full), "%s/%s", found->service->name, found->method->name);
    if (options->acting_user != NULL) {
        fam_uuid_format(user_id, user);
    }
    fam_out_field(&ctl->out, "method", "Would call", FAM_TEXT(full));
    fam_out_field(&ctl->out, "servers", "At", FAM_TEXT(fam_ctl_servers(ctl)));
    fam_out_field(&ctl->out, "acting_user", "For the user", FAM_TEXT(user));
    fam_out_field(&ctl->out, "idempotency_key", "Idempotency key", FAM_TEXT(options->idempotency_key));
    fam_out_note(&ctl->out, "The request fits. Nothing was sent.");
}

enum fam_code fam_ctl_call_method(struct fam_ctl *ctl, struct fam_status *status)
{
    const char *name = ctl->parsed->arguments[0];
    const struct fam_registry_method found = fam_registry_find_method(name);
    struct fam_uuid user_id;
    ProtobufCMessage *request = NULL;
    if (found.method == NULL) {
        return fam_usage(status,
                         "there is no method \"%.96s\", or several have this name; 'famctl methods' shows all (%s)",
                         name, fam_code_name(FAM_UNIMPLEMENTED));
    }
    struct fam_rpc_options options = fam_ctl_call(ctl);
    options.reason = fam_parsed_value(ctl->parsed, "--reason");
    options.idempotency_key = fam_parsed_value(ctl->parsed, "--idempotency-key");
    if (fam_uuid_parse(fam_parsed_value(ctl->parsed, "--acting-user"), &user_id)) {
        options.acting_user = &user_id;
    }
    enum fam_code code = parse_request(ctl, &found, &request, status);
    if (code == FAM_OK && fam_ctl_is_dry_run(ctl)) {
        show_plan(ctl, &found, &options, &user_id);
    } else if (code == FAM_OK) {
        code = call_with_key(ctl, &found, request, &options, status);
    }
    if (request != NULL) {
        protobuf_c_message_free_unpacked(request, NULL);
    }
    return code;
}
