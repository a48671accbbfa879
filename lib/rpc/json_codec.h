/* json_codec.h: messages as JSON, by the proto3 JSON mapping (https://protobuf.dev/programming-guides/json/).
 *
 * Names are lowerCamelCase (read also as in the .proto file), 64-bit integers are strings, enums their names, bytes
 * base64, NaN and infinities strings; maps (repeated XxxEntry messages of a key and a value) are objects. Reading is
 * strict: one JSON value, RFC 8259 to the letter, valid UTF-8 without U+0000; unknown and repeated members, a number
 * that does not fit its field exactly, and two members of one oneof are refused. Numbers are taken for 64-bit integers
 * and for enums, and strings for numbers. null stands for "not given"; it is refused inside lists and maps. Messages of
 * google.protobuf have no special form here.
 *
 * Errors are INVALID_ARGUMENT; status->field is the path of what is wrong, in names of the .proto file:
 * "child.birth.year", "more[2].name". No value of the input is repeated in a message. Thread-safe; no state. */
#ifndef FAM_RPC_JSON_CODEC_H
#define FAM_RPC_JSON_CODEC_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/status.h"

FAM_BEGIN_DECLS

enum {
    FAM_JSON_BYTES_MAX = 4 << 20,   /* largest JSON that is read */
    FAM_JSON_MEMORY_MAX = 32 << 20, /* that one read message may take: small JSON can make large messages */
};

struct fam_json_codec_options {
    bool pretty;   /* a member a line, indented by two spaces */
    bool defaults; /* print fields at their default too; absent messages and oneof members stay out */
};

/* Appends to *ret_json, whose limit bounds the size. `options` may be NULL. RESOURCE_EXHAUSTED when the buffer is full,
 * INVALID_ARGUMENT for a string that is not UTF-8 or messages nested deeper than FAM_MESSAGE_DEPTH_MAX; *ret_json then
 * holds a part. */
enum fam_code fam_json_from_message(const ProtobufCMessage *message, const struct fam_json_codec_options *options,
                                    struct fam_buf *ret_json, struct fam_status *status) FAM_MUST_CHECK;
/* INVALID_ARGUMENT names the path of what is wrong. Free with protobuf_c_message_free_unpacked(message, NULL). */
enum fam_code fam_json_to_message(const ProtobufCMessageDescriptor *descriptor, const char *json, size_t size,
                                  ProtobufCMessage **ret_message, struct fam_status *status) FAM_MUST_CHECK;

FAM_END_DECLS

#endif
