#include "rpc/validate.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "rpc/fields.h"

struct bound_rule {
    const ProtobufCFieldDescriptor *field;
    const struct fam_field_rule *rule;
};

struct fam_rules {
    size_t count;
    struct bound_rule bound[]; /* sorted by field */
};

/* A message on the way down, and the path to it for the error. */
struct visit {
    const struct fam_rules *rules;
    char path[64];
    size_t depth;
};

static int by_field(const void *a, const void *b)
{
    const struct bound_rule *x = a;
    const struct bound_rule *y = b;
    return (x->field > y->field) - (x->field < y->field);
}

/* Bounded by FAM_MESSAGE_DEPTH_MAX: a message that holds itself stops there. */
static const ProtobufCMessageDescriptor *find_message(const ProtobufCMessageDescriptor *message, const char *name,
                                                      size_t name_size, size_t depth)
{
    if (strlen(message->name) == name_size && memcmp(message->name, name, name_size) == 0) {
        return message;
    }
    for (unsigned i = 0; depth < FAM_MESSAGE_DEPTH_MAX && i < message->n_fields; i++) {
        if (message->fields[i].type == PROTOBUF_C_TYPE_MESSAGE) {
            const ProtobufCMessageDescriptor *found =
                find_message(message->fields[i].descriptor, name, name_size, depth + 1);
            if (found != NULL) {
                return found;
            }
        }
    }
    return NULL;
}

static const ProtobufCFieldDescriptor *find_field(const char *name, const ProtobufCMessageDescriptor *const *messages,
                                                  size_t message_count)
{
    const char *dot = strrchr(name, '.');
    if (dot == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < message_count; i++) {
        const ProtobufCMessageDescriptor *message = find_message(messages[i], name, (size_t)(dot - name), 0);
        if (message != NULL) {
            return protobuf_c_message_descriptor_get_field_by_name(message, dot + 1);
        }
    }
    return NULL;
}

struct fam_rules *fam_rules_new(const struct fam_field_rule *rules, size_t rule_count,
                                const ProtobufCMessageDescriptor *const *messages, size_t message_count,
                                struct fam_status *status)
{
    struct fam_rules *made = calloc(1, sizeof(*made) + rule_count * sizeof(made->bound[0]));
    if (made == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    for (size_t i = 0; i < rule_count; i++) {
        made->bound[i].rule = &rules[i];
        made->bound[i].field = find_field(rules[i].field, messages, message_count);
        if (made->bound[i].field == NULL) {
            (void)fam_fail(status, FAM_INTERNAL, "rule for %s: no served request has such a field", rules[i].field);
            free(made);
            return NULL;
        }
    }
    made->count = rule_count;
    qsort(made->bound, made->count, sizeof(made->bound[0]), by_field);
    return made;
}

void fam_rules_free(struct fam_rules *rules)
{
    free(rules);
}

static const struct fam_field_rule *rule_of(const struct fam_rules *rules, const ProtobufCFieldDescriptor *field)
{
    const struct bound_rule key = {.field = field};
    const struct bound_rule *found = bsearch(&key, rules->bound, rules->count, sizeof(key), by_field);
    return found == NULL ? NULL : found->rule;
}

static enum fam_code fail_at(const struct visit *visit, const ProtobufCFieldDescriptor *field, const char *what,
                             struct fam_status *status)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "%s%s", visit->path, field->name);
    return fam_fail_field(status, path, "%s %s", path, what);
}

static enum fam_code fail_range(const struct visit *visit, const ProtobufCFieldDescriptor *field,
                                const struct fam_field_rule *rule, const char *unit, struct fam_status *status)
{
    char what[80];
    (void)snprintf(what, sizeof(what), "must be %" PRId64 " to %" PRId64 "%s", rule->min, rule->max, unit);
    return fail_at(visit, field, what, status);
}

static bool has_range(const struct fam_field_rule *rule)
{
    return rule->min != 0 || rule->max != 0;
}

static bool out_of_range(const struct fam_field_rule *rule, int64_t value)
{
    return has_range(rule) && (value < rule->min || value > rule->max);
}

/* The value of a numeric, boolean or enum field. Unsigned 64-bit values above INT64_MAX count as INT64_MAX. */
static bool number_of(const ProtobufCFieldDescriptor *field, const void *member, int64_t *ret_value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_ENUM:
        *ret_value = *(const int32_t *)member;
        return true;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        *ret_value = *(const uint32_t *)member;
        return true;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        *ret_value = *(const int64_t *)member;
        return true;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64: {
        uint64_t value = *(const uint64_t *)member;
        *ret_value = value > INT64_MAX ? INT64_MAX : (int64_t)value;
        return true;
    }
    default:
        return false;
    }
}

static enum fam_code check_text(const struct visit *visit, const ProtobufCFieldDescriptor *field,
                                const struct fam_field_rule *rule, const char *text, struct fam_status *status)
{
    size_t length = text == NULL ? 0 : fam_utf8_length(text);
    if (rule != NULL && rule->required && length == 0) {
        return fail_at(visit, field, "is required", status);
    }
    /* An optional text may be empty whatever its least length. */
    if (rule != NULL && length > 0 && out_of_range(rule, (int64_t)length)) {
        return fail_range(visit, field, rule, " characters long", status);
    }
    return FAM_OK;
}

static enum fam_code check_bytes(const struct visit *visit, const ProtobufCFieldDescriptor *field,
                                 const struct fam_field_rule *rule, const ProtobufCBinaryData *bytes,
                                 struct fam_status *status)
{
    if (rule != NULL && rule->required && bytes->len == 0) {
        return fail_at(visit, field, "is required", status);
    }
    if (rule != NULL && bytes->len > 0 && out_of_range(rule, (int64_t)bytes->len)) {
        return fail_range(visit, field, rule, " bytes long", status);
    }
    return FAM_OK;
}

static enum fam_code check_number(const struct visit *visit, const ProtobufCFieldDescriptor *field,
                                  const struct fam_field_rule *rule, const void *member, struct fam_status *status)
{
    int64_t value = 0;
    if (!number_of(field, member, &value)) {
        return FAM_OK; /* bool, float, double: nothing to check */
    }
    if (field->type == PROTOBUF_C_TYPE_ENUM &&
        protobuf_c_enum_descriptor_get_value(field->descriptor, (int)value) == NULL) {
        return fail_at(visit, field, "is none of the known values", status);
    }
    if (rule == NULL) {
        return FAM_OK;
    }
    if (rule->required && value == 0) {
        return fail_at(visit, field, "is required", status);
    }
    if ((rule->required || value != 0) && out_of_range(rule, value)) {
        return fail_range(visit, field, rule, "", status);
    }
    return FAM_OK;
}

static enum fam_code check_fields(struct visit *visit, const ProtobufCMessage *message, struct fam_status *status);

static enum fam_code check_submessage(struct visit *visit, const ProtobufCFieldDescriptor *field,
                                      const struct fam_field_rule *rule, const ProtobufCMessage *message,
                                      struct fam_status *status)
{
    if (message == NULL) {
        return rule != NULL && rule->required ? fail_at(visit, field, "is required", status) : FAM_OK;
    }
    if (visit->depth >= FAM_MESSAGE_DEPTH_MAX) {
        return fail_at(visit, field, "is nested too deep", status);
    }
    struct visit below = {.rules = visit->rules, .depth = visit->depth + 1};
    (void)snprintf(below.path, sizeof(below.path), "%.30s%.30s.", visit->path, field->name);
    return check_fields(&below, message, status);
}

static enum fam_code check_one(struct visit *visit, const ProtobufCFieldDescriptor *field,
                               const struct fam_field_rule *rule, const void *member, struct fam_status *status)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return check_text(visit, field, rule, *(const char *const *)member, status);
    case PROTOBUF_C_TYPE_BYTES:
        return check_bytes(visit, field, rule, member, status);
    case PROTOBUF_C_TYPE_MESSAGE:
        return check_submessage(visit, field, rule, *(const ProtobufCMessage *const *)member, status);
    default:
        return check_number(visit, field, rule, member, status);
    }
}

/* A rule on a repeated field bounds the number of elements; each element is checked for what its type asks, unless the
 * rule leaves that to the handler. */
static enum fam_code check_repeated(struct visit *visit, const ProtobufCFieldDescriptor *field,
                                    const struct fam_field_rule *rule, const ProtobufCMessage *message,
                                    struct fam_status *status)
{
    size_t count = fam_field_count(field, message);
    if (rule != NULL && rule->required && count == 0) {
        return fail_at(visit, field, "is required", status);
    }
    if (rule != NULL && count > 0 && out_of_range(rule, (int64_t)count)) {
        return fail_range(visit, field, rule, " in number", status);
    }
    if (rule != NULL && rule->per_item) {
        return FAM_OK;
    }
    const char *elements = *(const char *const *)(const void *)((const char *)message + field->offset);
    for (size_t i = 0; i < count; i++) {
        enum fam_code code = check_one(visit, field, NULL, elements + i * fam_field_size(field), status);
        if (code != FAM_OK) {
            return code;
        }
    }
    return FAM_OK;
}

static enum fam_code check_fields(struct visit *visit, const ProtobufCMessage *message, struct fam_status *status)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (fam_field_is_other_case(field, message)) {
            continue;
        }
        const struct fam_field_rule *rule = rule_of(visit->rules, field);
        enum fam_code code = field->label == PROTOBUF_C_LABEL_REPEATED
                                 ? check_repeated(visit, field, rule, message, status)
                                 : check_one(visit, field, rule, (const char *)message + field->offset, status);
        if (code != FAM_OK) {
            return code;
        }
    }
    return FAM_OK;
}

enum fam_code fam_validate_message(const struct fam_rules *rules, const ProtobufCMessage *message,
                                   struct fam_status *status)
{
    struct visit visit = {.rules = rules};
    return check_fields(&visit, message, status);
}

/* Once it is too deep nothing else matters: a message that holds itself in several fields has no end of paths. */
static size_t depth_below(const ProtobufCMessageDescriptor *descriptor, size_t depth)
{
    size_t deepest = depth;
    for (unsigned i = 0; deepest <= FAM_MESSAGE_DEPTH_MAX && i < descriptor->n_fields; i++) {
        if (descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE) {
            size_t below = depth_below(descriptor->fields[i].descriptor, depth + 1);
            deepest = below > deepest ? below : deepest;
        }
    }
    return deepest;
}

size_t fam_message_depth(const ProtobufCMessageDescriptor *descriptor)
{
    return depth_below(descriptor, 1);
}
