/* Requests from outside: the first byte picks a message type, the rest are its bytes. What the check takes, protobuf-c
 * unpacks within the arena's bound. */
#include <stdint.h>
#include <stdlib.h>

#include "fam/rpc/v1/envelope.pb-c.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "fam/v1/session.pb-c.h"
#include "fam/v1/translation.pb-c.h"
#include "rpc/arena.h"
#include "rpc/validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ProtobufCMessageDescriptor *const types[] = {
        &fam__rpc__v1__request__descriptor,         &fam__rpc__v1__cancel_request__descriptor,
        &fam__v1__translate_request__descriptor,    &fam__v1__add_child_request__descriptor,
        &fam__v1__create_token_request__descriptor, &fam__v1__update_session_request__descriptor,
        &fam__v1__translate_response__descriptor};
    struct fam_status status = {0};
    struct fam_arena arena;
    if (size == 0) {
        return 0;
    }
    const ProtobufCMessageDescriptor *type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
    if (fam_validate_wire(type, data + 1, size - 1, &status) != FAM_OK) {
        return 0;
    }
    fam_arena_init(&arena, 256 * 1024);
    (void)protobuf_c_message_unpack(type, &arena.allocator, size - 1, data + 1);
    if (arena.used > arena.limit) {
        abort();
    }
    fam_arena_done(&arena);
    return 0;
}
