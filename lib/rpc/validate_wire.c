/* validate_wire.c: the part of validate.h that reads bytes
 * (https://protobuf.dev/programming-guides/encoding/). */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "rpc/validate.h"

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    const ProtobufCMessageDescriptor *descriptor;
};

static bool read_varint(struct reader *reader, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (reader->at == reader->end) {
            return false;
        }
        uint8_t byte = *reader->at++;
        if (shift < 64) {
            value |= (uint64_t)(byte & 0x7f) << shift;
        }
        if ((byte & 0x80) == 0) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static enum fam_code malformed(const struct reader *reader, struct fam_status *status)
{
    return fam_fail(status, FAM_INVALID_ARGUMENT, "the bytes are no %s message", reader->descriptor->name);
}

/* A length-delimited field: checks a string, or pushes a message onto the stack. */
static enum fam_code take_delimited(struct reader *stack, size_t *depth, uint32_t number, struct fam_status *status)
{
    struct reader *reader = &stack[*depth];
    uint64_t size = 0;
    if (!read_varint(reader, &size) || size > (uint64_t)(reader->end - reader->at)) {
        return malformed(reader, status);
    }
    const uint8_t *start = reader->at;
    reader->at += size;
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(reader->descriptor, number);
    if (field == NULL) {
        return FAM_OK;
    }
    if (field->type == PROTOBUF_C_TYPE_STRING && !fam_utf8_valid((const char *)start, (size_t)size)) {
        return fam_fail_field(status, field->name, "%s must be valid UTF-8 without NUL", field->name);
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        if (*depth + 1 >= FAM_MESSAGE_DEPTH_MAX) {
            return fam_fail_field(status, field->name, "%s is nested too deep", field->name);
        }
        (*depth)++;
        stack[*depth] = (struct reader){.at = start, .end = start + size, .descriptor = field->descriptor};
    }
    return FAM_OK;
}

static enum fam_code take_field(struct reader *stack, size_t *depth, struct fam_status *status)
{
    struct reader *reader = &stack[*depth];
    uint64_t tag = 0;
    uint64_t ignored = 0;
    if (!read_varint(reader, &tag) || tag >> 3 == 0 || tag >> 3 > 0x1fffffff) {
        return malformed(reader, status);
    }
    size_t fixed = 0;
    switch (tag & 7) {
    case PROTOBUF_C_WIRE_TYPE_VARINT:
        return read_varint(reader, &ignored) ? FAM_OK : malformed(reader, status);
    case PROTOBUF_C_WIRE_TYPE_64BIT:
        fixed = 8;
        break;
    case PROTOBUF_C_WIRE_TYPE_32BIT:
        fixed = 4;
        break;
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
        return take_delimited(stack, depth, (uint32_t)(tag >> 3), status);
    default:
        return malformed(reader, status);
    }
    if ((size_t)(reader->end - reader->at) < fixed) {
        return malformed(reader, status);
    }
    reader->at += fixed;
    return FAM_OK;
}

enum fam_code fam_validate_wire(const ProtobufCMessageDescriptor *descriptor, const void *data, size_t size,
                                struct fam_status *status)
{
    struct reader stack[FAM_MESSAGE_DEPTH_MAX];
    size_t depth = 0;
    stack[0] = (struct reader){.at = data, .end = (const uint8_t *)data + size, .descriptor = descriptor};
    for (;;) {
        if (stack[depth].at == stack[depth].end) {
            if (depth == 0) {
                return FAM_OK;
            }
            depth--;
            continue;
        }
        enum fam_code code = take_field(stack, &depth, status);
        if (code != FAM_OK) {
            return code;
        }
    }
}
