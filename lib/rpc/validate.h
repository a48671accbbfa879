/* validate.h: checks of a request message in one place, driven by descriptors.
 *
 * On the wire: the bytes are a message of this type, every string is valid UTF-8 without NUL (protobuf-c checks
 * neither, and a NUL would cut the string silently). On the unpacked message: enums have known values, and the rules of
 * the program's table hold. INVALID_ARGUMENT names the field: "child.birth.year". Elements of a field whose rule is
 * per_item are left out; each is a message of its own to check. Thread-safe; rules are immutable. */
#ifndef FAM_RPC_VALIDATE_H
#define FAM_RPC_VALIDATE_H

#include <protobuf-c/protobuf-c.h>

#include "base/compiler.h"
#include "base/status.h"
#include "rpc/method.h"

struct fam_rules;

enum { FAM_MESSAGE_DEPTH_MAX = 16 };

/* Finds each rule's field below `messages` (the request messages of all served methods). INTERNAL names a rule whose
 * field does not exist. Borrows `rules`. */
struct fam_rules *fam_rules_new(const struct fam_field_rule *rules, size_t rule_count,
                                const ProtobufCMessageDescriptor *const *messages, size_t message_count,
                                struct fam_status *status) FAM_MUST_CHECK;
void fam_rules_free(struct fam_rules *rules);

enum fam_code fam_validate_wire(const ProtobufCMessageDescriptor *descriptor, const void *data, size_t size,
                                struct fam_status *status) FAM_MUST_CHECK;
enum fam_code fam_validate_message(const struct fam_rules *rules, const ProtobufCMessage *message,
                                   struct fam_status *status) FAM_MUST_CHECK;

/* Levels of messages inside messages; more than FAM_MESSAGE_DEPTH_MAX (or a message that holds itself) gives
 * FAM_MESSAGE_DEPTH_MAX + 1. For the test that keeps the API free of recursion. */
size_t fam_message_depth(const ProtobufCMessageDescriptor *descriptor);

#endif
