/* fam-client.c: a small client of the Family Emotions RPC servers, built with libfamrpc alone.
 *
 *   fam-client translate PHRASE      what a child may feel and need, and three things to say
 *   fam-client methods               the methods of the server
 *   fam-client call METHOD JSON      any method, JSON in and out; @FILE reads the JSON from a file
 *
 * FAM_SERVERS (default tcp://127.0.0.1:7000) and FAM_TOKEN say where and as whom; FAM_ACTING_USER, FAM_IDEMPOTENCY_KEY,
 * FAM_REASON and FAM_TIMEOUT_MS go with the call. Exit code 0: answered; 1: refused or failed, with the code and the
 * reason on standard error; 2: wrong usage. */
#include <famrpc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CONNECT_MS = 2000 };

static const ProtobufCServiceDescriptor *const SERVICES[] = {
    &fam__v1__translation_service__descriptor,  &fam__v1__family_service__descriptor,
    &fam__v1__notification_service__descriptor, &fam__v1__session_service__descriptor,
    &fam__v1__ops_service__descriptor,
};

static const char *setting(const char *name, const char *fallback)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? fallback : value;
}

static int fail(const struct fam_status *status)
{
    fprintf(stderr, "fam-client: %s (%s)%s%s\n", status->message, fam_code_name(status->code),
            status->field[0] == '\0' ? "" : " in ", status->field);
    return 1;
}

/* What the environment says about a call. */
struct call {
    struct fam_rpc_options options;
    struct fam_uuid acting_user;
};

static enum fam_code read_environment(struct call *call, struct fam_status *status)
{
    const char *user = setting("FAM_ACTING_USER", NULL);
    if (user != NULL && !fam_uuid_parse(user, &call->acting_user)) {
        return fam_fail_field(status, "acting_user_id", "FAM_ACTING_USER must be a UUID");
    }
    call->options = (struct fam_rpc_options){
        .timeout_ms = (uint32_t)strtoul(setting("FAM_TIMEOUT_MS", "0"), NULL, 10),
        .acting_user = user == NULL ? NULL : &call->acting_user,
        .idempotency_key = setting("FAM_IDEMPOTENCY_KEY", NULL),
        .reason = setting("FAM_REASON", NULL),
    };
    return FAM_OK;
}

/* A connection is made in the background; a call with a short deadline should not pay for that. */
static void wait_for_connection(const struct fam_client *client)
{
    for (int waited = 0; waited < CONNECT_MS && !fam_client_is_connected(client); waited++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

static const ProtobufCMethodDescriptor *find_method(const char *name, const ProtobufCServiceDescriptor **ret_service)
{
    for (size_t i = 0; i < sizeof(SERVICES) / sizeof(SERVICES[0]); i++) {
        size_t size = strlen(SERVICES[i]->name);
        if (strncmp(name, SERVICES[i]->name, size) == 0 && name[size] == '/') {
            *ret_service = SERVICES[i];
            return protobuf_c_service_descriptor_get_method_by_name(SERVICES[i], name + size + 1);
        }
    }
    return NULL;
}

static enum fam_code print_json(const ProtobufCMessage *message, struct fam_status *status)
{
    struct fam_json_codec_options options = {.pretty = true};
    struct fam_buf json = {0};
    enum fam_code code = fam_json_from_message(message, &options, &json, status);
    if (code == FAM_OK) {
        puts(fam_buf_text(&json));
    }
    fam_buf_done(&json);
    return code;
}

/* The text itself, or the file behind an @. Free with free(). */
static char *read_json(const char *argument, size_t *ret_size)
{
    if (argument[0] != '@') {
        *ret_size = strlen(argument);
        return strdup(argument);
    }
    FILE *file = fopen(argument + 1, "rb");
    char *text = malloc(1 << 20);
    if (file != NULL && text != NULL) {
        *ret_size = fread(text, 1, 1 << 20, file);
    } else {
        free(text);
        text = NULL;
    }
    if (file != NULL) {
        fclose(file);
    }
    return text;
}

/* Any method: its request and response are found by the descriptor. */
static enum fam_code call_method(struct fam_client *client, const char *name, const char *json, size_t size,
                                 struct fam_status *status)
{
    const ProtobufCServiceDescriptor *service = NULL;
    const ProtobufCMethodDescriptor *method = find_method(name, &service);
    if (method == NULL) {
        return fam_fail(status, FAM_UNIMPLEMENTED, "no such method; see: fam-client methods");
    }
    struct call call;
    ProtobufCMessage *request = NULL;
    enum fam_code code = read_environment(&call, status);
    if (code == FAM_OK) {
        code = fam_json_to_message(method->input, json, size, &request, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    struct fam_rpc rpc;
    wait_for_connection(client);
    fam_rpc_init(&rpc, &call.options);
    ProtobufCService *stub = fam_client_service(client, service);
    stub->invoke(stub, (unsigned)(method - service->methods), request, NULL, &rpc);
    code = fam_rpc_wait(&rpc, status);
    if (code == FAM_OK) {
        code = print_json(fam_rpc_response(&rpc), status);
    }
    fam_rpc_done(&rpc);
    protobuf_c_message_free_unpacked(request, NULL);
    return code;
}

/* One method by its generated stub. */
static enum fam_code translate(struct fam_client *client, char *phrase, struct fam_status *status)
{
    struct call call;
    enum fam_code code = read_environment(&call, status);
    if (code != FAM_OK) {
        return code;
    }
    char key[FAM_UUID_TEXT_SIZE];
    struct fam_uuid random = fam_uuid_v7();
    fam_uuid_format(&random, key);
    if (call.options.idempotency_key == NULL) {
        call.options.idempotency_key = key; /* so that the library may repeat the call */
    }
    Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
    request.phrase = phrase;
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &call.options);
    code = FAM_RPC(client, fam__v1__translation_service, translate, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__TranslateResponse *response = (const Fam__V1__TranslateResponse *)fam_rpc_response(&rpc);
        const Fam__V1__Reading *reading = response->entry->reading;
        if (response->entry->safety != NULL) {
            printf("%s\n%s\n\n", response->entry->safety->opening, response->entry->safety->first_step);
        }
        printf("%s\n", reading == NULL ? "" : reading->going_on);
        for (size_t i = 0; reading != NULL && i < reading->n_responses; i++) {
            printf("%zu. %s\n   %s\n", i + 1, reading->responses[i]->text, reading->responses[i]->why);
        }
    }
    fam_rpc_done(&rpc);
    return code;
}

static enum fam_code list_methods(struct fam_client *client, struct fam_status *status)
{
    Fam__V1__ListMethodsRequest request = FAM__V1__LIST_METHODS_REQUEST__INIT;
    struct fam_rpc_options options = {.read_only = true};
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(client, fam__v1__ops_service, list_methods, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__ListMethodsResponse *response = (const Fam__V1__ListMethodsResponse *)fam_rpc_response(&rpc);
        for (size_t i = 0; i < response->n_methods; i++) {
            printf("%-40s %s\n", response->methods[i]->name, response->methods[i]->summary);
        }
    }
    fam_rpc_done(&rpc);
    return code;
}

static enum fam_code run(struct fam_client *client, int argc, char **argv, struct fam_status *status)
{
    if (strcmp(argv[1], "methods") == 0) {
        return list_methods(client, status);
    }
    if (strcmp(argv[1], "translate") == 0) {
        return translate(client, argv[2], status);
    }
    size_t size = 0;
    char *json = read_json(argc > 3 ? argv[3] : "{}", &size);
    if (json == NULL) {
        return fam_fail(status, FAM_NOT_FOUND, "the file can't be read");
    }
    enum fam_code code = call_method(client, argv[2], json, size, status);
    free(json);
    return code;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    bool good = argc == 2   ? strcmp(argv[1], "methods") == 0
                : argc == 3 ? strcmp(argv[1], "translate") == 0 || strcmp(argv[1], "call") == 0
                : argc == 4 ? strcmp(argv[1], "call") == 0
                            : false;
    if (!good) {
        fputs("usage: fam-client translate PHRASE | methods | call METHOD [JSON|@FILE]\n", stderr);
        return 2;
    }
    struct fam_client_options options = {
        .urls = setting("FAM_SERVERS", "tcp://127.0.0.1:7000"),
        .token = setting("FAM_TOKEN", ""),
        .version = "fam-client/1",
    };
    struct fam_status status = {.message = ""};
    struct fam_client *client = fam_client_new(&options, &status);
    if (client == NULL) {
        return fail(&status);
    }
    int exit_code = run(client, argc, argv, &status) == FAM_OK ? 0 : fail(&status);
    fam_client_free(client);
    return exit_code;
}
