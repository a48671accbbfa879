#include "services/ops_reflection.h"

#include <stdio.h>
#include <string.h>

#include "services/methods.h"
#include "services/reply.h"
#include "services/schema.h"

enum { TYPES_MAX = 64, NAME_SIZE = 192, LABEL_REPEATED = 3 };

static char *borrow(const void *text)
{
    return (char *)(uintptr_t)text; /* the generated members lack a const; packing only reads */
}

/* ---- a method ---- */

/* The first sentence. */
static char *summary_of(struct fam_reply *reply, const char *comment)
{
    char *made = fam_reply_text(reply, comment);
    for (char *at = made; *at != '\0'; at++) {
        if ((*at == '.' || *at == '?' || *at == '!') && at[1] == ' ') {
            at[1] = '\0';
            break;
        }
    }
    return made;
}

static void add_roles(struct fam_reply *reply, unsigned roles, Fam__V1__MethodInfo *info)
{
    static const Fam__V1__Role ALL[] = {FAM__V1__ROLE__ROLE_BOT, FAM__V1__ROLE__ROLE_SERVICE, FAM__V1__ROLE__ROLE_ADMIN,
                                        FAM__V1__ROLE__ROLE_METRICS};
    info->roles = fam_reply_alloc(reply, sizeof(ALL));
    for (size_t i = 0; info->roles != NULL && i < FAM_ARRAY_SIZE(ALL); i++) {
        if ((roles >> i & 1u) != 0) { /* enum fam_role follows the order of fam.v1.Role */
            info->roles[info->n_roles++] = ALL[i];
        }
    }
}

static Fam__V1__MethodInfo *method_info(struct fam_reply *reply, const struct fam_method *method,
                                        const struct fam_schema_place *place)
{
    Fam__V1__MethodInfo *info = fam_reply_alloc(reply, sizeof(*info));
    if (info == NULL) {
        return NULL;
    }
    fam__v1__method_info__init(info);
    info->name = borrow(method->name);
    info->summary = summary_of(reply, fam_schema_comment(place, reply));
    info->request_type = fam_reply_text(reply, place->method->input_type + 1); /* without the dot in front */
    info->response_type = fam_reply_text(reply, place->method->output_type + 1);
    add_roles(reply, method->roles, info);
    info->needs_acting_user = (method->flags & FAM_METHOD_ACTING_USER) != 0;
    info->bot_needs_acting_user = (method->flags & (FAM_METHOD_ACTING_USER | FAM_METHOD_BOT_ACTING_USER)) != 0;
    info->needs_idempotency_key = (method->flags & FAM_METHOD_IDEMPOTENT_KEY) != 0;
    info->personal_text = (method->flags & FAM_METHOD_PERSONAL) != 0;
    info->needs_no_token = (method->flags & FAM_METHOD_PUBLIC) != 0;
    info->default_timeout_ms = method->timeout_ms == 0 ? FAM_TIMEOUT_DEFAULT_MS : method->timeout_ms;
    return info;
}

static enum fam_code list_methods(struct fam_reply *reply, const struct fam_schema *schema,
                                  Fam__V1__ListMethodsResponse *response, struct fam_status *status)
{
    response->methods = fam_reply_alloc(reply, fam_method_count * sizeof(response->methods[0]));
    for (size_t i = 0; response->methods != NULL && i < fam_method_count; i++) {
        struct fam_schema_place place;
        if (!fam_schema_find(schema, fam_methods[i].name, &place)) {
            return fam_fail(status, FAM_INTERNAL, "%s is not in the embedded descriptors", fam_methods[i].name);
        }
        response->methods[i] = method_info(reply, &fam_methods[i], &place);
        response->n_methods = i + 1;
    }
    return fam_reply_check(reply, status);
}

void fam_ops_list_methods(Fam__V1__ListMethodsResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    fam_auto(fam_schema_done) struct fam_schema schema = {.files = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__ListMethodsResponse response = FAM__V1__LIST_METHODS_RESPONSE__INIT;
    enum fam_code code = fam_schema_open(&schema, &status);
    if (code == FAM_OK) {
        code = list_methods(&reply, &schema, &response, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

/* ---- messages and enums ---- */

/* What is described: the names in the order in which they were met. */
struct description {
    const struct fam_schema *schema;
    struct fam_reply *reply;
    const char *names[TYPES_MAX];
    size_t count;
    Fam__V1__DescribeResponse *response;
};

static void meet(struct description *description, const char *name)
{
    name += *name == '.' ? 1 : 0;
    for (size_t i = 0; i < description->count; i++) {
        if (strcmp(description->names[i], name) == 0) {
            return;
        }
    }
    if (description->count < TYPES_MAX) {
        description->names[description->count++] = name;
    } else {
        description->reply->failed = true; /* more than any method of ours has; said rather than cut */
    }
}

static const char *type_name(const Fam__Descriptor__Field *field)
{
    static const char *const NAMES[] = {"",        "double",   "float",    "int64",  "uint64",  "int32", "fixed64",
                                        "fixed32", "bool",     "string",   "group",  "message", "bytes", "uint32",
                                        "enum",    "sfixed32", "sfixed64", "sint32", "sint64"};
    if (field->type_name[0] != '\0') {
        return field->type_name + 1;
    }
    return field->type > 0 && (size_t)field->type < FAM_ARRAY_SIZE(NAMES) ? NAMES[field->type] : "";
}

static Fam__V1__FieldLabel label_of(const struct description *description, const Fam__Descriptor__Field *field)
{
    struct fam_schema_place place;
    if (field->label != LABEL_REPEATED) {
        return FAM__V1__FIELD_LABEL__FIELD_LABEL_SINGLE;
    }
    bool map = field->type_name[0] != '\0' && fam_schema_find(description->schema, field->type_name, &place) &&
               place.message != NULL && place.message->options != NULL && place.message->options->map_entry;
    return map ? FAM__V1__FIELD_LABEL__FIELD_LABEL_MAP : FAM__V1__FIELD_LABEL__FIELD_LABEL_REPEATED;
}

static Fam__V1__RuleUnit unit_of(const Fam__Descriptor__Field *field)
{
    if (field->label == LABEL_REPEATED) {
        return FAM__V1__RULE_UNIT__RULE_UNIT_ELEMENTS;
    }
    if (strcmp(type_name(field), "string") == 0) {
        return FAM__V1__RULE_UNIT__RULE_UNIT_CHARACTERS;
    }
    return strcmp(type_name(field), "bytes") == 0 ? FAM__V1__RULE_UNIT__RULE_UNIT_BYTES
                                                  : FAM__V1__RULE_UNIT__RULE_UNIT_VALUE;
}

static Fam__V1__FieldRule *rule_info(struct fam_reply *reply, const char *message, const Fam__Descriptor__Field *field)
{
    char name[NAME_SIZE];
    (void)snprintf(name, sizeof(name), "%s.%s", message, field->name);
    for (size_t i = 0; i < fam_field_rule_count; i++) {
        const struct fam_field_rule *rule = &fam_field_rules[i];
        if (strcmp(rule->field, name) != 0) {
            continue;
        }
        Fam__V1__FieldRule *info = fam_reply_alloc(reply, sizeof(*info));
        if (info != NULL) {
            fam__v1__field_rule__init(info);
            info->required = rule->required;
            info->bounded = rule->min != 0 || rule->max != 0;
            info->min = rule->min;
            info->max = rule->max;
            info->per_item = rule->per_item;
            info->unit = info->bounded ? unit_of(field) : FAM__V1__RULE_UNIT__RULE_UNIT_UNSPECIFIED;
        }
        return info;
    }
    return NULL;
}

static Fam__V1__FieldInfo *field_info(struct description *description, const char *message,
                                      const struct fam_schema_place *place, size_t index)
{
    const Fam__Descriptor__Field *field = place->message->field[index];
    Fam__V1__FieldInfo *info = fam_reply_alloc(description->reply, sizeof(*info));
    if (info == NULL) {
        return NULL;
    }
    fam__v1__field_info__init(info);
    info->name = borrow(field->name); /* the schema lives until the answer is sent */
    info->json_name = borrow(field->json_name);
    info->number = field->number;
    info->type = borrow(type_name(field));
    info->label = label_of(description, field);
    if (field->in_oneof_case == FAM__DESCRIPTOR__FIELD__IN_ONEOF_ONEOF_INDEX) {
        info->oneof = borrow(place->message->oneof_decl[field->oneof_index]->name);
    }
    info->comment = fam_schema_comment_of(place, FAM_SCHEMA_FIELD, index, description->reply);
    info->rule = rule_info(description->reply, message, field);
    if (field->type_name[0] != '\0') {
        meet(description, field->type_name);
    }
    return info;
}

static void add_message(struct description *description, const char *name, const struct fam_schema_place *place)
{
    struct fam_reply *reply = description->reply;
    Fam__V1__MessageInfo *info = fam_reply_alloc(reply, sizeof(*info));
    if (info == NULL) {
        return;
    }
    fam__v1__message_info__init(info);
    info->name = borrow(name);
    info->comment = fam_schema_comment(place, reply);
    info->fields = fam_reply_alloc(reply, (place->message->n_field + 1) * sizeof(info->fields[0]));
    for (size_t i = 0; info->fields != NULL && i < place->message->n_field; i++) {
        info->fields[info->n_fields++] = field_info(description, name, place, i);
    }
    description->response->messages[description->response->n_messages++] = info;
}

static void add_enum(struct description *description, const char *name, const struct fam_schema_place *place)
{
    struct fam_reply *reply = description->reply;
    const Fam__Descriptor__Enum *source = place->enumeration;
    Fam__V1__EnumInfo *info = fam_reply_alloc(reply, sizeof(*info));
    if (info == NULL) {
        return;
    }
    fam__v1__enum_info__init(info);
    info->name = borrow(name);
    info->comment = fam_schema_comment(place, reply);
    info->values = fam_reply_alloc(reply, (source->n_value + 1) * sizeof(info->values[0]));
    for (size_t i = 0; info->values != NULL && i < source->n_value; i++) {
        Fam__V1__EnumValueInfo *value = fam_reply_alloc(reply, sizeof(*value));
        if (value == NULL) {
            return;
        }
        fam__v1__enum_value_info__init(value);
        value->name = borrow(source->value[i]->name);
        value->number = source->value[i]->number;
        value->comment = fam_schema_comment_of(place, FAM_SCHEMA_ENUM_VALUE, i, reply);
        info->values[info->n_values++] = value;
    }
    description->response->enums[description->response->n_enums++] = info;
}

/* Every type that was met; adding one may meet further ones. */
static void add_types(struct description *description)
{
    Fam__V1__DescribeResponse *response = description->response;
    response->messages = fam_reply_alloc(description->reply, TYPES_MAX * sizeof(response->messages[0]));
    response->enums = fam_reply_alloc(description->reply, TYPES_MAX * sizeof(response->enums[0]));
    for (size_t i = 0; i < description->count && !description->reply->failed; i++) {
        struct fam_schema_place place;
        if (!fam_schema_find(description->schema, description->names[i], &place)) {
            continue;
        }
        if (place.message != NULL) {
            add_message(description, description->names[i], &place);
        } else if (place.enumeration != NULL) {
            add_enum(description, description->names[i], &place);
        }
    }
}

static enum fam_code describe(struct description *description, const Fam__V1__DescribeRequest *request,
                              struct fam_status *status)
{
    struct fam_schema_place place;
    Fam__V1__DescribeResponse *response = description->response;
    const char *name = request->name + (request->name[0] == '.' ? 1 : 0);
    if (!fam_schema_find(description->schema, name, &place)) {
        return fam_fail(status, FAM_NOT_FOUND,
                        "there is no method, message or enum of this name; names are full: fam.v1.OpsService/Health, "
                        "fam.v1.Entry");
    }
    response->comment = fam_schema_comment(&place, description->reply);
    if (place.method != NULL) {
        size_t index = fam_method_index(name);
        if (index == SIZE_MAX) {
            return fam_fail(status, FAM_NOT_FOUND, "this server does not serve the method");
        }
        response->method = method_info(description->reply, &fam_methods[index], &place);
        meet(description, place.method->input_type);
        meet(description, place.method->output_type);
    } else {
        meet(description, name);
    }
    add_types(description);
    if (request->descriptor_set) {
        response->file_descriptor_set.data = (uint8_t *)borrow(fam_schema_bytes(&response->file_descriptor_set.len));
    }
    return fam_reply_check(description->reply, status);
}

void fam_ops_describe(const Fam__V1__DescribeRequest *request, Fam__V1__DescribeResponse_Closure closure,
                      struct fam_call *call)
{
    struct fam_status status;
    fam_auto(fam_schema_done) struct fam_schema schema = {.files = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__DescribeResponse response = FAM__V1__DESCRIBE_RESPONSE__INIT;
    struct description description = {.schema = &schema, .reply = &reply, .response = &response};
    enum fam_code code = fam_schema_open(&schema, &status);
    if (code == FAM_OK) {
        code = describe(&description, request, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
