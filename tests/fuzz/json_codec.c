/* JSON from outside, as a message: the first byte picks the type, the rest are the JSON. What is taken is written and
 * read again as the same bytes, and writing that gives the same JSON. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fam/rpc/v1/envelope.pb-c.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "fam/v1/session.pb-c.h"
#include "fam/v1/translation.pb-c.h"
#include "rpc/json_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_json(const ProtobufCMessage *message, struct fam_buf *ret_json)
{
    struct fam_status status = {0};
    if (fam_json_from_message(message, NULL, ret_json, &status) != FAM_OK) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ProtobufCMessageDescriptor *const types[] = {
        &fam__rpc__v1__request__descriptor,         &fam__rpc__v1__response__descriptor,
        &fam__v1__translate_request__descriptor,    &fam__v1__translate_response__descriptor,
        &fam__v1__create_token_request__descriptor, &fam__v1__update_session_request__descriptor,
        &fam__v1__get_family_response__descriptor,  &fam__v1__health_response__descriptor};
    struct fam_status status = {0};
    ProtobufCMessage *message = NULL;
    ProtobufCMessage *again = NULL;
    if (size == 0) {
        return 0;
    }
    const ProtobufCMessageDescriptor *type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
    if (fam_json_to_message(type, (const char *)data + 1, size - 1, &message, &status) != FAM_OK) {
        if (message != NULL || status.code == FAM_OK) {
            abort();
        }
        return 0;
    }
    fam_auto(fam_buf_done) struct fam_buf first = {0};
    fam_auto(fam_buf_done) struct fam_buf second = {0};
    write_json(message, &first);
    if (fam_json_to_message(type, first.data, first.size, &again, &status) != FAM_OK) {
        abort();
    }
    write_json(again, &second);
    if (first.size != second.size || memcmp(first.data, second.data, first.size) != 0) {
        abort();
    }
    protobuf_c_message_free_unpacked(message, NULL);
    protobuf_c_message_free_unpacked(again, NULL);
    return 0;
}
