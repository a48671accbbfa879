/* methods, describe: what the server says about itself. */
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "ctl.h"
#include "fam/v1/ops.pb-c.h"
#include "registry.h"
#include "words.h"

enum { ROLES_MAX = 8 };

static void roles_cell(struct fam_out *out, const Fam__V1__MethodInfo *method, bool field)
{
    char words[ROLES_MAX][FAM_WORD_SIZE];
    const char *roles[ROLES_MAX];
    size_t count = method->n_roles < ROLES_MAX ? method->n_roles : ROLES_MAX;
    for (size_t i = 0; i < count; i++) {
        fam_word_from_enum(&fam__v1__role__descriptor, (int)method->roles[i], words[i]);
        roles[i] = words[i];
    }
    if (field) {
        fam_out_field(out, "roles", "Roles", FAM_WORDS(roles, count));
    } else {
        fam_out_cell(out, FAM_WORDS(roles, count));
    }
}

static bool is_of(const Fam__V1__MethodInfo *method, const ProtobufCServiceDescriptor *service)
{
    size_t size = service == NULL ? 0 : strlen(service->name);
    return service == NULL || (strncmp(method->name, service->name, size) == 0 && method->name[size] == '/');
}

static void show_methods(struct fam_out *out, const Fam__V1__ListMethodsResponse *response,
                         const ProtobufCServiceDescriptor *only)
{
    static const struct fam_column columns[] = {{"method", "METHOD"},          {"roles", "ROLES"},
                                                {"needs_acting_user", "USER"}, {"needs_idempotency_key", "KEY"},
                                                {"personal_text", "PERSONAL"}, {"summary", "WHAT IT DOES"}};
    fam_out_table(out, "methods", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < response->n_methods; i++) {
        const Fam__V1__MethodInfo *method = response->methods[i];
        if (is_of(method, only)) {
            fam_out_cell(out, FAM_TEXT(method->name));
            roles_cell(out, method, false);
            fam_out_cell(out, FAM_YES_NO(method->needs_acting_user));
            fam_out_cell(out, FAM_YES_NO(method->needs_idempotency_key));
            fam_out_cell(out, FAM_YES_NO(method->personal_text));
            fam_out_cell(out, FAM_TEXT(method->summary));
        }
    }
}

enum fam_code fam_ctl_methods(struct fam_ctl *ctl, struct fam_status *status)
{
    const char *name = ctl->parsed->argument_count > 0 ? ctl->parsed->arguments[0] : NULL;
    const ProtobufCServiceDescriptor *only = name == NULL ? NULL : fam_registry_find_service(name);
    if (name != NULL && only == NULL) {
        return fam_usage(status, "there is no service \"%.64s\"; 'famctl methods' shows all", name);
    }
    Fam__V1__ListMethodsRequest request = FAM__V1__LIST_METHODS_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, list_methods, &rpc, &request, status);
    if (code == FAM_OK) {
        show_methods(&ctl->out, (const Fam__V1__ListMethodsResponse *)fam_rpc_response(&rpc), only);
    }
    fam_rpc_done(&rpc);
    return code;
}

static void show_method(struct fam_out *out, const Fam__V1__MethodInfo *method)
{
    fam_out_field(out, "method", "Method", FAM_TEXT(method->name));
    fam_out_field(out, "request", "Takes", FAM_TEXT(method->request_type));
    fam_out_field(out, "response", "Gives", FAM_TEXT(method->response_type));
    roles_cell(out, method, true);
    fam_out_field(out, "needs_acting_user", "Needs --acting-user", FAM_YES_NO(method->needs_acting_user));
    fam_out_field(out, "needs_idempotency_key", "Needs a key", FAM_YES_NO(method->needs_idempotency_key));
    fam_out_field(out, "personal_text", "Personal text", FAM_YES_NO(method->personal_text));
    fam_out_field(out, "default_timeout_ms", "Time-out, ms", FAM_NUMBER(method->default_timeout_ms));
}

static void rule_cell(struct fam_out *out, const Fam__V1__FieldRule *rule)
{
    char text[96] = "";
    char unit[FAM_WORD_SIZE] = "";
    if (rule != NULL) {
        fam_word_from_enum(&fam__v1__rule_unit__descriptor, (int)rule->unit, unit);
        int used = snprintf(text, sizeof(text), "%s", rule->required ? "required" : "");
        if (rule->bounded) {
            used += snprintf(text + used, sizeof(text) - (size_t)used, "%s%lld to %lld %s", used > 0 ? ", " : "",
                             (long long)rule->min, (long long)rule->max, unit);
        }
        if (rule->per_item) {
            (void)snprintf(text + used, sizeof(text) - (size_t)used, "%schecked one by one", used > 0 ? ", " : "");
        }
    }
    fam_out_cell(out, FAM_TEXT(text));
}

static void show_fields(struct fam_out *out, const Fam__V1__DescribeResponse *response)
{
    static const struct fam_column columns[] = {{"message", "MESSAGE"}, {"field", "FIELD"}, {"json", "IN JSON"},
                                                {"type", "TYPE"},       {"label", "LABEL"}, {"rule", "RULE"},
                                                {"comment", "COMMENT"}};
    fam_out_table(out, "fields", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < response->n_messages; i++) {
        const Fam__V1__MessageInfo *message = response->messages[i];
        for (size_t j = 0; j < message->n_fields; j++) {
            const Fam__V1__FieldInfo *field = message->fields[j];
            char label[FAM_WORD_SIZE];
            fam_word_from_enum(&fam__v1__field_label__descriptor, (int)field->label, label);
            fam_out_cell(out, FAM_TEXT(message->name));
            fam_out_cell(out, FAM_TEXT(field->name));
            fam_out_cell(out, FAM_TEXT(field->json_name));
            fam_out_cell(out, FAM_TEXT(field->type));
            fam_out_cell(out, FAM_TEXT(label));
            rule_cell(out, field->rule);
            fam_out_cell(out, FAM_TEXT(field->comment));
        }
    }
}

static void show_enums(struct fam_out *out, const Fam__V1__DescribeResponse *response)
{
    static const struct fam_column columns[] = {
        {"enum", "ENUM"}, {"value", "VALUE"}, {"number", "NUMBER"}, {"comment", "COMMENT"}};
    fam_out_table(out, "enums", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < response->n_enums; i++) {
        const Fam__V1__EnumInfo *type = response->enums[i];
        for (size_t j = 0; j < type->n_values; j++) {
            fam_out_cell(out, FAM_TEXT(type->name));
            fam_out_cell(out, FAM_TEXT(type->values[j]->name));
            fam_out_cell(out, FAM_NUMBER(type->values[j]->number));
            fam_out_cell(out, FAM_TEXT(type->values[j]->comment));
        }
    }
}

static void show_description(struct fam_out *out, const char *name, const Fam__V1__DescribeResponse *response)
{
    if (response->method != NULL) {
        show_method(out, response->method);
    } else {
        fam_out_field(out, "name", "Name", FAM_TEXT(name));
    }
    fam_out_field(out, "comment", "About it", FAM_TEXT(response->comment));
    if (response->n_messages > 0) {
        show_fields(out, response);
    }
    if (response->n_enums > 0) {
        show_enums(out, response);
    }
}

/* Short names become full ones where this famctl knows them; others are left to the server, which may be newer. */
static void full_name(const char *name, char ret_name[160])
{
    const struct fam_registry_method found = fam_registry_find_method(name);
    const ProtobufCMessageDescriptor *message = fam_registry_find_message(name);
    const ProtobufCEnumDescriptor *type = fam_registry_find_enum(name);
    if (found.method != NULL) {
        snprintf(ret_name, 160, "%s/%s", found.service->name, found.method->name);
    } else {
        snprintf(ret_name, 160, "%.128s", message != NULL ? message->name : type != NULL ? type->name : name);
    }
}

enum fam_code fam_ctl_describe(struct fam_ctl *ctl, struct fam_status *status)
{
    char name[160];
    Fam__V1__DescribeRequest request = FAM__V1__DESCRIBE_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    full_name(ctl->parsed->arguments[0], name);
    options.read_only = true;
    request.name = name;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, describe, &rpc, &request, status);
    if (code == FAM_OK) {
        show_description(&ctl->out, name, (const Fam__V1__DescribeResponse *)fam_rpc_response(&rpc));
    }
    fam_rpc_done(&rpc);
    return code;
}
