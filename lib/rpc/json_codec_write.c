/* json_codec_write.c: messages to JSON. */
#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "rpc/fields.h"
#include "rpc/json_private.h"
#include "rpc/validate.h"

struct writer {
    struct fam_json_codec_options options;
    struct fam_buf *json;
    struct fam_status *status;
    struct fam_json_path path;
    size_t depth;    /* of indentation */
    size_t messages; /* that are open */
};

static enum fam_code write_message(struct writer *writer, const ProtobufCMessage *message);

static enum fam_code fail_at(const struct writer *writer, const char *what)
{
    return fam_fail_field(writer->status, writer->path.text, "%s %s", writer->path.text, what);
}

/* Line and indentation before a member or a closing bracket. */
static void new_line(struct writer *writer, size_t depth)
{
    if (writer->options.pretty) {
        fam_buf_add_char(writer->json, '\n');
        for (size_t i = 0; i < depth; i++) {
            fam_buf_add_text(writer->json, "  ");
        }
    }
}

static void open_member(struct writer *writer, bool first)
{
    if (!first) {
        fam_buf_add_char(writer->json, ',');
    }
    new_line(writer, writer->depth);
}

static void add_colon(struct writer *writer)
{
    fam_buf_add_text(writer->json, writer->options.pretty ? ": " : ":");
}

/* protoc's lowerCamelCase: an underscore goes, the letter after it becomes upper case. */
static void add_name(struct fam_buf *json, const char *name)
{
    fam_buf_add_char(json, '"');
    bool upper = false;
    for (; *name != '\0'; name++) {
        if (*name == '_') {
            upper = true;
            continue;
        }
        fam_buf_add_char(json, upper && *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name);
        upper = false;
    }
    fam_buf_add_char(json, '"');
}

/* The shortest digits that read back as the same number. */
static void add_float(struct fam_buf *json, double value, bool is_single)
{
    if (isnan(value)) {
        fam_buf_add_text(json, "\"NaN\"");
        return;
    }
    if (isinf(value)) {
        fam_buf_add_text(json, value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        return;
    }
    char text[40] = "";
    for (int digits = is_single ? 6 : 15; digits <= (is_single ? 9 : 17); digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
        double again = is_single ? (double)strtof(text, NULL) : strtod(text, NULL);
        if (!(again < value) && !(again > value)) {
            break;
        }
    }
    fam_buf_add_text(json, text);
}

static enum fam_code add_bytes(struct writer *writer, const ProtobufCBinaryData *bytes)
{
    size_t size = sodium_base64_encoded_len(bytes->len, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc(size);
    if (text == NULL) {
        return fam_fail_memory(writer->status);
    }
    sodium_bin2base64(text, size, bytes->data, bytes->len, sodium_base64_VARIANT_ORIGINAL);
    fam_buf_add_char(writer->json, '"');
    fam_buf_add_text(writer->json, text);
    fam_buf_add_char(writer->json, '"');
    sodium_memzero(text, size);
    free(text);
    return FAM_OK;
}

static enum fam_code add_string(struct writer *writer, const char *text)
{
    text = text == NULL ? "" : text;
    if (!fam_utf8_valid(text, strlen(text))) {
        return fail_at(writer, "must be valid UTF-8");
    }
    fam_json_add_string(writer->json, text);
    return FAM_OK;
}

static void add_enum(struct fam_buf *json, const ProtobufCEnumDescriptor *descriptor, int32_t value)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(descriptor, value);
    if (known == NULL) {
        fam_buf_addf(json, "%" PRId32, value);
    } else {
        fam_buf_addf(json, "\"%s\"", known->name);
    }
}

/* `quote` is a quote for keys of maps, else "". */
static void add_number(struct fam_buf *json, const ProtobufCFieldDescriptor *field, const void *member,
                       const char *quote)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        fam_buf_addf(json, "%s%" PRId32 "%s", quote, *(const int32_t *)member, quote);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        fam_buf_addf(json, "%s%" PRIu32 "%s", quote, *(const uint32_t *)member, quote);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        fam_buf_addf(json, "\"%" PRId64 "\"", *(const int64_t *)member);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        fam_buf_addf(json, "\"%" PRIu64 "\"", *(const uint64_t *)member);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        fam_buf_addf(json, "%s%s%s", quote, *(const protobuf_c_boolean *)member ? "true" : "false", quote);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        add_float(json, (double)*(const float *)member, true);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        add_float(json, *(const double *)member, false);
        break;
    default:
        add_enum(json, field->descriptor, *(const int32_t *)member);
        break;
    }
}

static enum fam_code add_value(struct writer *writer, const ProtobufCFieldDescriptor *field, const void *member)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return add_string(writer, *(const char *const *)member);
    case PROTOBUF_C_TYPE_BYTES:
        return add_bytes(writer, member);
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *below = *(const ProtobufCMessage *const *)member;
        if (below == NULL) { /* the value of a map's entry */
            fam_buf_add_text(writer->json, "{}");
            return FAM_OK;
        }
        return write_message(writer, below);
    }
    default:
        add_number(writer->json, field, member, "");
        return FAM_OK;
    }
}

static enum fam_code add_entry(struct writer *writer, const ProtobufCMessage *entry)
{
    const ProtobufCFieldDescriptor *key = &entry->descriptor->fields[0];
    const ProtobufCFieldDescriptor *value = &entry->descriptor->fields[1];
    const void *key_member = (const char *)entry + key->offset;
    enum fam_code code = FAM_OK;
    if (key->type == PROTOBUF_C_TYPE_STRING) {
        code = add_string(writer, *(const char *const *)key_member);
    } else {
        add_number(writer->json, key, key_member, "\"");
    }
    add_colon(writer);
    return code == FAM_OK ? add_value(writer, value, (const char *)entry + value->offset) : code;
}

static enum fam_code add_repeated(struct writer *writer, const ProtobufCFieldDescriptor *field,
                                  const ProtobufCMessage *message)
{
    bool map = fam_field_is_map(message->descriptor, field);
    size_t count = fam_field_count(field, message);
    const char *elements = *(const char *const *)(const void *)((const char *)message + field->offset);
    enum fam_code code = FAM_OK;
    fam_buf_add_char(writer->json, map ? '{' : '[');
    writer->depth++;
    for (size_t i = 0; code == FAM_OK && i < count && !writer->json->failed; i++) {
        const void *element = elements + i * fam_field_size(field);
        size_t before = fam_json_path_index(&writer->path, i);
        open_member(writer, i == 0);
        code = map ? add_entry(writer, *(const ProtobufCMessage *const *)element) : add_value(writer, field, element);
        fam_json_path_cut(&writer->path, before);
    }
    writer->depth--;
    if (count > 0) {
        new_line(writer, writer->depth);
    }
    fam_buf_add_char(writer->json, map ? '}' : ']');
    return code;
}

static bool is_zero(const ProtobufCFieldDescriptor *field, const void *member)
{
    static const char ZERO[16];
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(const char *const *)member;
        return text == NULL || text[0] == '\0';
    }
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)member)->len == 0;
    default:
        return memcmp(member, ZERO, fam_field_size(field)) == 0; /* -0.0 is not the default */
    }
}

static bool is_printed(const struct writer *writer, const ProtobufCFieldDescriptor *field,
                       const ProtobufCMessage *message)
{
    const void *member = (const char *)message + field->offset;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        return !fam_field_is_other_case(field, message);
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return writer->options.defaults || fam_field_count(field, message) > 0;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return *(const ProtobufCMessage *const *)member != NULL;
    }
    return writer->options.defaults || !is_zero(field, member);
}

static enum fam_code write_message(struct writer *writer, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    if (writer->messages >= FAM_MESSAGE_DEPTH_MAX) {
        return fail_at(writer, "is nested too deep");
    }
    enum fam_code code = FAM_OK;
    bool first = true;
    fam_buf_add_char(writer->json, '{');
    writer->depth++;
    writer->messages++;
    for (unsigned i = 0; code == FAM_OK && i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (!is_printed(writer, field, message)) {
            continue;
        }
        open_member(writer, first);
        first = false;
        size_t before = fam_json_path_field(&writer->path, field->name);
        add_name(writer->json, field->name);
        add_colon(writer);
        code = field->label == PROTOBUF_C_LABEL_REPEATED
                   ? add_repeated(writer, field, message)
                   : add_value(writer, field, (const char *)message + field->offset);
        fam_json_path_cut(&writer->path, before);
    }
    writer->depth--;
    writer->messages--;
    if (!first) {
        new_line(writer, writer->depth);
    }
    fam_buf_add_char(writer->json, '}');
    return code;
}

enum fam_code fam_json_from_message(const ProtobufCMessage *message, const struct fam_json_codec_options *options,
                                    struct fam_buf *ret_json, struct fam_status *status)
{
    struct writer writer = {.json = ret_json, .status = status};
    if (options != NULL) {
        writer.options = *options;
    }
    enum fam_code code = write_message(&writer, message);
    if (code == FAM_OK && ret_json->failed) {
        return fam_fail(status, FAM_RESOURCE_EXHAUSTED, "the message is too large as JSON, or memory is short");
    }
    return code;
}
