#include "rpc/fields.h"

#include <string.h>

size_t fam_field_size(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    default:
        return 4;
    }
}

bool fam_field_is_other_case(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
           *(const uint32_t *)(const void *)((const char *)message + field->quantifier_offset) != field->id;
}

size_t fam_field_count(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    return *(const size_t *)(const void *)((const char *)message + field->quantifier_offset);
}

/* protoc names the entries of map "by_name" in message M "M.ByNameEntry". */
static bool has_entry_name(const ProtobufCMessageDescriptor *message, const ProtobufCFieldDescriptor *field)
{
    const ProtobufCMessageDescriptor *entry = field->descriptor;
    size_t prefix = strlen(message->name);
    if (strncmp(entry->name, message->name, prefix) != 0 || entry->name[prefix] != '.') {
        return false;
    }
    const char *at = entry->name + prefix + 1;
    bool upper = true;
    for (const char *name = field->name; *name != '\0'; name++) {
        if (*name == '_') {
            upper = true;
            continue;
        }
        char expected = upper && *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
        if (*at != expected) {
            return false;
        }
        upper = false;
        at++;
    }
    return strcmp(at, "Entry") == 0;
}

bool fam_field_is_map(const ProtobufCMessageDescriptor *message, const ProtobufCFieldDescriptor *field)
{
    if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE) {
        return false;
    }
    const ProtobufCMessageDescriptor *entry = field->descriptor;
    if (entry->n_fields != 2 || !has_entry_name(message, field)) {
        return false;
    }
    const ProtobufCFieldDescriptor *key = &entry->fields[0];
    const ProtobufCFieldDescriptor *value = &entry->fields[1];
    return key->id == 1 && strcmp(key->name, "key") == 0 && value->id == 2 && strcmp(value->name, "value") == 0 &&
           key->label != PROTOBUF_C_LABEL_REPEATED && value->label != PROTOBUF_C_LABEL_REPEATED &&
           key->type != PROTOBUF_C_TYPE_MESSAGE && key->type != PROTOBUF_C_TYPE_BYTES &&
           key->type != PROTOBUF_C_TYPE_ENUM && key->type != PROTOBUF_C_TYPE_FLOAT &&
           key->type != PROTOBUF_C_TYPE_DOUBLE;
}
