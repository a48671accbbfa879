/* fields.h: what descriptors of protobuf-c leave to be worked out. Thread-safe; no state. */
#ifndef FAM_RPC_FIELDS_H
#define FAM_RPC_FIELDS_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

/* Bytes of one value (of a repeated field: of one element) in a message's struct. */
size_t fam_field_size(const ProtobufCFieldDescriptor *field);
/* Is the field a member of a oneof that holds another member, or none? */
bool fam_field_is_other_case(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message);
/* Is it a map: repeated messages "XxxEntry", nested in `message`, of a key and a value? */
bool fam_field_is_map(const ProtobufCMessageDescriptor *message, const ProtobufCFieldDescriptor *field);
/* The number of elements of a repeated field. */
size_t fam_field_count(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message);

#endif
