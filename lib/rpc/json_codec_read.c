/* json_codec_read.c: JSON to messages. A message is hung below its parent before it is filled, so that whatever goes
 * wrong, freeing the outermost one frees all. */
#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/fields.h"
#include "rpc/json_private.h"
#include "rpc/validate.h"

enum { FIELDS_MAX = 256, MAP_ENTRIES_MAX = 1024, SHOWN_KEY_MAX = 40 };

struct reader {
    struct fam_json_scan scan;
    struct fam_json_path path;
    struct fam_buf text; /* the string that was read last */
    struct fam_status *status;
    size_t memory;
    size_t depth;
};

static enum fam_code read_object(struct reader *reader, ProtobufCMessage *message);

static enum fam_code fail_at(const struct reader *reader, const char *what)
{
    if (reader->path.size == 0) {
        return fam_fail(reader->status, FAM_INVALID_ARGUMENT, "the JSON %s", what);
    }
    return fam_fail_field(reader->status, reader->path.text, "%s %s", reader->path.text, what);
}

static enum fam_code fail_syntax(const struct reader *reader, const char *expected)
{
    return fam_fail(reader->status, FAM_INVALID_ARGUMENT, "malformed JSON: byte %zu should be %s",
                    (size_t)(reader->scan.at - reader->scan.start), expected);
}

/* Counts what the message takes in all; realloc with NULL is malloc. */
static void *grow(struct reader *reader, void *old, size_t old_size, size_t size)
{
    if (reader->memory + (size - old_size) > FAM_JSON_MEMORY_MAX) {
        (void)fail_at(reader, "makes the message too large");
        return NULL;
    }
    void *made = realloc(old, size);
    if (made == NULL) {
        (void)fam_fail_memory(reader->status);
        return NULL;
    }
    reader->memory += size - old_size;
    return made;
}

/* What grow has written down. */
static enum fam_code failure_of(const struct reader *reader)
{
    return reader->status->code == FAM_OK ? FAM_RESOURCE_EXHAUSTED : reader->status->code;
}

static enum fam_code read_text(struct reader *reader)
{
    fam_buf_clear(&reader->text);
    const char *wrong = fam_json_scan_string(&reader->scan, &reader->text);
    if (wrong != NULL) {
        return fail_at(reader, wrong);
    }
    return reader->text.failed ? fam_fail_memory(reader->status) : FAM_OK;
}

static enum fam_code new_message(struct reader *reader, const ProtobufCMessageDescriptor *descriptor,
                                 ProtobufCMessage **ret_message)
{
    ProtobufCMessage *made = grow(reader, NULL, 0, descriptor->sizeof_message);
    if (made == NULL) {
        return failure_of(reader);
    }
    descriptor->message_init(made);
    *ret_message = made;
    return FAM_OK;
}

/* ---- scalars; `text` is what stood in a string, NULL for a bare number ---- */

static bool store_whole(const ProtobufCFieldDescriptor *field, bool negative, uint64_t magnitude, void *member)
{
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
    int64_t value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    switch (field->type) {
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        *(uint64_t *)member = magnitude;
        return !negative || magnitude == 0;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        *(uint32_t *)member = (uint32_t)magnitude;
        return magnitude <= UINT32_MAX && (!negative || magnitude == 0);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        *(int64_t *)member = value;
        return magnitude <= limit;
    default:
        if (magnitude > limit || value < INT32_MIN || value > INT32_MAX) {
            return false;
        }
        *(int32_t *)member = (int32_t)value;
        return true;
    }
}

static const char *range_of(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return "must be a whole number, 0 to 18446744073709551615";
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return "must be a whole number, 0 to 4294967295";
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return "must be a whole number, -9223372036854775808 to 9223372036854775807";
    case PROTOBUF_C_TYPE_ENUM:
        return "must be the name of one of its values, or a number";
    default:
        return "must be a whole number, -2147483648 to 2147483647";
    }
}

/* The number that is next, bare or in a string. */
static bool read_number(struct reader *reader, char ret_number[FAM_JSON_NUMBER_MAX + 1])
{
    if (!fam_json_next_is(&reader->scan, '"')) {
        return fam_json_scan_number(&reader->scan, ret_number);
    }
    if (read_text(reader) != FAM_OK || reader->text.size == 0 || reader->text.data[0] == ' ') {
        return false;
    }
    struct fam_json_scan inner = {.at = reader->text.data, .end = reader->text.data + reader->text.size};
    return fam_json_scan_number(&inner, ret_number) && inner.at == inner.end;
}

static enum fam_code read_whole(struct reader *reader, const ProtobufCFieldDescriptor *field, void *member)
{
    char number[FAM_JSON_NUMBER_MAX + 1];
    bool negative = false;
    uint64_t magnitude = 0;
    if (!read_number(reader, number) || !fam_json_whole(number, &negative, &magnitude) ||
        !store_whole(field, negative, magnitude, member)) {
        return fail_at(reader, range_of(field));
    }
    return FAM_OK;
}

static enum fam_code read_enum(struct reader *reader, const ProtobufCFieldDescriptor *field, void *member)
{
    if (!fam_json_next_is(&reader->scan, '"')) {
        return read_whole(reader, field, member);
    }
    enum fam_code code = read_text(reader);
    if (code != FAM_OK) {
        return code;
    }
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value_by_name(field->descriptor, fam_buf_text(&reader->text));
    if (value == NULL) {
        return fail_at(reader, range_of(field));
    }
    *(int32_t *)member = value->value;
    return FAM_OK;
}

static bool special_float(const char *text, double *ret_value)
{
    if (strcmp(text, "NaN") == 0) {
        *ret_value = (double)NAN;
    } else if (strcmp(text, "Infinity") == 0) {
        *ret_value = HUGE_VAL;
    } else if (strcmp(text, "-Infinity") == 0) {
        *ret_value = -HUGE_VAL;
    } else {
        return false;
    }
    return true;
}

static enum fam_code read_float(struct reader *reader, const ProtobufCFieldDescriptor *field, void *member)
{
    char number[FAM_JSON_NUMBER_MAX + 1];
    double value = 0;
    bool is_single = field->type == PROTOBUF_C_TYPE_FLOAT;
    fam_buf_clear(&reader->text);
    if (read_number(reader, number)) {
        value = is_single ? (double)strtof(number, NULL) : strtod(number, NULL);
        if (!isfinite(value)) {
            return fail_at(reader, "is a number out of range");
        }
    } else if (!special_float(fam_buf_text(&reader->text), &value)) {
        return fail_at(reader, "must be a number, \"NaN\", \"Infinity\" or \"-Infinity\"");
    }
    if (is_single) {
        *(float *)member = (float)value;
    } else {
        *(double *)member = value;
    }
    return FAM_OK;
}

static enum fam_code read_bool(struct reader *reader, void *member)
{
    bool yes = fam_json_take_word(&reader->scan, "true");
    if (!yes && !fam_json_take_word(&reader->scan, "false")) {
        return fail_at(reader, "must be true or false");
    }
    *(protobuf_c_boolean *)member = yes;
    return FAM_OK;
}

/* ---- strings and bytes ---- */

static enum fam_code read_string(struct reader *reader, char **ret_text)
{
    enum fam_code code = read_text(reader);
    if (code != FAM_OK) {
        return code;
    }
    char *copy = grow(reader, NULL, 0, reader->text.size + 1);
    if (copy == NULL) {
        return failure_of(reader);
    }
    memcpy(copy, fam_buf_text(&reader->text), reader->text.size + 1);
    *ret_text = copy;
    return FAM_OK;
}

/* Both alphabets, padded or not. */
static bool decode_base64(struct fam_buf *text, unsigned char *ret_bytes, size_t capacity, size_t *ret_size)
{
    size_t size = text->size;
    for (size_t i = 0; i < size; i++) {
        text->data[i] = (char)(text->data[i] == '-' ? '+' : text->data[i] == '_' ? '/' : text->data[i]);
    }
    size_t padding = 0;
    while (padding < 2 && size > 0 && text->data[size - 1] == '=') {
        size--;
        padding++;
    }
    if (padding > 0 && (size + padding) % 4 != 0) {
        return false;
    }
    const char *end = NULL;
    return sodium_base642bin(ret_bytes, capacity, text->data, size, NULL, ret_size, &end,
                             sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
           end == text->data + size;
}

static enum fam_code read_bytes(struct reader *reader, ProtobufCBinaryData *ret_bytes)
{
    enum fam_code code = read_text(reader);
    if (code != FAM_OK || reader->text.size == 0) {
        return code;
    }
    size_t capacity = reader->text.size / 4 * 3 + 3;
    unsigned char *bytes = grow(reader, NULL, 0, capacity);
    if (bytes == NULL) {
        return failure_of(reader);
    }
    ret_bytes->data = bytes; /* owned from here on */
    if (!decode_base64(&reader->text, bytes, capacity, &ret_bytes->len)) {
        ret_bytes->len = 0;
        return fail_at(reader, "must be base64");
    }
    return FAM_OK;
}

/* ---- fields ---- */

static enum fam_code read_value(struct reader *reader, const ProtobufCFieldDescriptor *field, void *member)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return read_string(reader, member);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(reader, member);
    case PROTOBUF_C_TYPE_BOOL:
        return read_bool(reader, member);
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(reader, field, member);
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return read_float(reader, field, member);
    case PROTOBUF_C_TYPE_MESSAGE: {
        ProtobufCMessage **below = member;
        enum fam_code code = new_message(reader, field->descriptor, below);
        return code == FAM_OK ? read_object(reader, *below) : code;
    }
    default:
        return read_whole(reader, field, member);
    }
}

/* A zeroed element at the end of a repeated field. */
static void *new_element(struct reader *reader, const ProtobufCFieldDescriptor *field, ProtobufCMessage *message,
                         size_t *capacity)
{
    size_t *count = (size_t *)(void *)((char *)message + field->quantifier_offset);
    char **elements = (char **)(void *)((char *)message + field->offset);
    size_t size = fam_field_size(field);
    if (*count == *capacity) {
        size_t wanted = *capacity == 0 ? 4 : *capacity * 2;
        char *grown = grow(reader, *elements, *capacity * size, wanted * size);
        if (grown == NULL) {
            return NULL;
        }
        *elements = grown;
        *capacity = wanted;
    }
    char *element = *elements + *count * size;
    memset(element, 0, size);
    (*count)++;
    return element;
}

static enum fam_code read_list(struct reader *reader, const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
    if (!fam_json_take(&reader->scan, '[')) {
        return fail_at(reader, "must be a list");
    }
    if (fam_json_take(&reader->scan, ']')) {
        return FAM_OK;
    }
    size_t capacity = 0;
    for (size_t i = 0;; i++) {
        void *element = new_element(reader, field, message, &capacity);
        if (element == NULL) {
            return failure_of(reader);
        }
        size_t before = fam_json_path_index(&reader->path, i);
        enum fam_code code = fam_json_next_is(&reader->scan, 'n') ? fail_at(reader, "must not be null")
                                                                  : read_value(reader, field, element);
        if (code != FAM_OK) {
            return code;
        }
        fam_json_path_cut(&reader->path, before);
        if (fam_json_take(&reader->scan, ']')) {
            return FAM_OK;
        }
        if (!fam_json_take(&reader->scan, ',')) {
            return fail_syntax(reader, "',' or ']'");
        }
    }
}

/* The key of a map stands in a string, whatever its type. */
static enum fam_code read_key(struct reader *reader, ProtobufCMessage *entry)
{
    const ProtobufCFieldDescriptor *field = &entry->descriptor->fields[0];
    void *member = (char *)entry + field->offset;
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        return read_string(reader, member);
    }
    if (!fam_json_next_is(&reader->scan, '"')) {
        return fail_syntax(reader, "a key in quotes");
    }
    if (field->type != PROTOBUF_C_TYPE_BOOL) {
        return read_whole(reader, field, member);
    }
    enum fam_code code = read_text(reader);
    bool yes = strcmp(fam_buf_text(&reader->text), "true") == 0;
    if (code == FAM_OK && !yes && strcmp(fam_buf_text(&reader->text), "false") != 0) {
        code = fail_at(reader, "must have the keys true and false");
    }
    *(protobuf_c_boolean *)member = yes;
    return code;
}

static bool same_key(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    const ProtobufCFieldDescriptor *field = &a->descriptor->fields[0];
    const void *x = (const char *)a + field->offset;
    const void *y = (const char *)b + field->offset;
    return field->type == PROTOBUF_C_TYPE_STRING ? strcmp(*(const char *const *)x, *(const char *const *)y) == 0
                                                 : memcmp(x, y, fam_field_size(field)) == 0;
}

static enum fam_code read_entry(struct reader *reader, ProtobufCMessage **entries, size_t index)
{
    ProtobufCMessage *entry = entries[index];
    enum fam_code code = read_key(reader, entry);
    for (size_t i = 0; code == FAM_OK && i < index; i++) {
        if (same_key(entries[i], entry)) {
            return fail_at(reader, "has the same key twice");
        }
    }
    if (code == FAM_OK && !fam_json_take(&reader->scan, ':')) {
        return fail_syntax(reader, "':'");
    }
    if (code == FAM_OK && fam_json_next_is(&reader->scan, 'n')) {
        return fail_at(reader, "must not hold null");
    }
    const ProtobufCFieldDescriptor *value = &entry->descriptor->fields[1];
    return code == FAM_OK ? read_value(reader, value, (char *)entry + value->offset) : code;
}

static enum fam_code read_map(struct reader *reader, const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
    if (!fam_json_take(&reader->scan, '{')) {
        return fail_at(reader, "must be an object");
    }
    if (fam_json_take(&reader->scan, '}')) {
        return FAM_OK;
    }
    size_t capacity = 0;
    for (size_t i = 0; i < MAP_ENTRIES_MAX; i++) {
        ProtobufCMessage **element = new_element(reader, field, message, &capacity);
        if (element == NULL) {
            return failure_of(reader);
        }
        enum fam_code code = new_message(reader, field->descriptor, element);
        if (code != FAM_OK) {
            return code;
        }
        code = read_entry(reader, element - i, i);
        if (code != FAM_OK) {
            return code;
        }
        if (fam_json_take(&reader->scan, '}')) {
            return FAM_OK;
        }
        if (!fam_json_take(&reader->scan, ',')) {
            return fail_syntax(reader, "',' or '}'");
        }
    }
    return fail_at(reader, "has too many keys");
}

/* Presence, where a field has it beside its value. */
static enum fam_code mark_present(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                  ProtobufCMessage *message)
{
    char *quantifier = (char *)message + field->quantifier_offset;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        uint32_t *which = (uint32_t *)(void *)quantifier;
        if (*which != 0) {
            return fail_at(reader, "can't be given beside another member of its oneof");
        }
        *which = field->id;
    } else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_STRING &&
               field->type != PROTOBUF_C_TYPE_MESSAGE) {
        *(protobuf_c_boolean *)(void *)quantifier = true;
    }
    return FAM_OK;
}

static enum fam_code read_field(struct reader *reader, const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
    if (fam_json_next_is(&reader->scan, 'n')) {
        return fam_json_take_word(&reader->scan, "null") ? FAM_OK : fail_syntax(reader, "a value");
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return fam_field_is_map(message->descriptor, field) ? read_map(reader, field, message)
                                                            : read_list(reader, field, message);
    }
    enum fam_code code = mark_present(reader, field, message);
    return code == FAM_OK ? read_value(reader, field, (char *)message + field->offset) : code;
}

/* ---- objects ---- */

static bool is_camel_case_of(const char *name, const char *key)
{
    bool upper = false;
    for (; *name != '\0'; name++) {
        if (*name == '_') {
            upper = true;
            continue;
        }
        if (*key++ != (upper && *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name)) {
            return false;
        }
        upper = false;
    }
    return *key == '\0';
}

/* Index of the field, n_fields when there is none. */
static unsigned find_field(const ProtobufCMessageDescriptor *descriptor, const char *key)
{
    unsigned i = 0;
    while (i < descriptor->n_fields && strcmp(descriptor->fields[i].name, key) != 0 &&
           !is_camel_case_of(descriptor->fields[i].name, key)) {
        i++;
    }
    return i;
}

/* Only what looks like a name is repeated to the caller. */
static enum fam_code fail_unknown(struct reader *reader, const ProtobufCMessageDescriptor *descriptor)
{
    const char *key = fam_buf_text(&reader->text);
    size_t size = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    if (size == 0 || size > SHOWN_KEY_MAX || key[size] != '\0') {
        return fam_fail_field(reader->status, reader->path.text, "%s%shas a member that %s lacks", reader->path.text,
                              reader->path.size == 0 ? "it " : " ", descriptor->name);
    }
    (void)fam_json_path_field(&reader->path, key);
    return fam_fail_field(reader->status, reader->path.text, "%s is unknown: %s has no such field", reader->path.text,
                          descriptor->name);
}

static enum fam_code read_member(struct reader *reader, ProtobufCMessage *message, unsigned char *seen)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    if (!fam_json_next_is(&reader->scan, '"')) {
        return fail_syntax(reader, "a name in quotes");
    }
    enum fam_code code = read_text(reader);
    if (code != FAM_OK) {
        return code;
    }
    unsigned index = find_field(descriptor, fam_buf_text(&reader->text));
    if (index == descriptor->n_fields) {
        return fail_unknown(reader, descriptor);
    }
    size_t before = fam_json_path_field(&reader->path, descriptor->fields[index].name);
    if (index >= FIELDS_MAX || (seen[index / 8] >> (index % 8) & 1) != 0) {
        return fail_at(reader, "is given twice");
    }
    seen[index / 8] |= (unsigned char)(1u << (index % 8));
    if (!fam_json_take(&reader->scan, ':')) {
        return fail_syntax(reader, "':'");
    }
    code = read_field(reader, &descriptor->fields[index], message);
    if (code == FAM_OK) {
        fam_json_path_cut(&reader->path, before);
    }
    return code;
}

static enum fam_code read_members(struct reader *reader, ProtobufCMessage *message)
{
    unsigned char seen[FIELDS_MAX / 8] = {0};
    if (!fam_json_take(&reader->scan, '{')) {
        return fail_at(reader, "must be an object");
    }
    if (fam_json_take(&reader->scan, '}')) {
        return FAM_OK;
    }
    for (;;) {
        enum fam_code code = read_member(reader, message, seen);
        if (code != FAM_OK) {
            return code;
        }
        if (fam_json_take(&reader->scan, '}')) {
            return FAM_OK;
        }
        if (!fam_json_take(&reader->scan, ',')) {
            return fail_syntax(reader, "',' or '}'");
        }
    }
}

static enum fam_code read_object(struct reader *reader, ProtobufCMessage *message)
{
    if (reader->depth >= FAM_MESSAGE_DEPTH_MAX) {
        return fail_at(reader, "is nested too deep");
    }
    reader->depth++;
    enum fam_code code = read_members(reader, message);
    reader->depth--;
    return code;
}

enum fam_code fam_json_to_message(const ProtobufCMessageDescriptor *descriptor, const char *json, size_t size,
                                  ProtobufCMessage **ret_message, struct fam_status *status)
{
    if (size > FAM_JSON_BYTES_MAX) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "the JSON has more than %d bytes", FAM_JSON_BYTES_MAX);
    }
    struct reader reader = {.scan = {.start = json, .at = json, .end = json + size}, .status = status};
    ProtobufCMessage *message = NULL;
    enum fam_code code = new_message(&reader, descriptor, &message);
    if (code == FAM_OK) {
        code = read_object(&reader, message);
    }
    if (code == FAM_OK) {
        fam_json_skip_space(&reader.scan);
        code = reader.scan.at == reader.scan.end ? FAM_OK : fail_syntax(&reader, "the end");
    }
    fam_buf_done(&reader.text);
    if (code != FAM_OK) {
        protobuf_c_message_free_unpacked(message, NULL);
        return code;
    }
    *ret_message = message;
    return FAM_OK;
}
