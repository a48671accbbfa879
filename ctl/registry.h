/* registry.h: every service of fam.v1 that this famctl was built with, so that any method can be called and any message
 * described without code of its own. Constants; no state. */
#ifndef FAM_CTL_REGISTRY_H
#define FAM_CTL_REGISTRY_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

extern const ProtobufCServiceDescriptor *const fam_registry_services[];
extern const size_t fam_registry_service_count;

struct fam_registry_method {
    const ProtobufCServiceDescriptor *service;
    const ProtobufCMethodDescriptor *method; /* NULL: not found */
    unsigned index;                          /* in the service */
};

/* By "fam.v1.OpsService/Health", "OpsService/Health", or "Health" where only one service has it. */
struct fam_registry_method fam_registry_find_method(const char *name);
/* A service by "fam.v1.OpsService" or "OpsService"; NULL when there is none. */
const ProtobufCServiceDescriptor *fam_registry_find_service(const char *name);
/* A message by "fam.v1.Entry" or "Entry", among all that the methods take and give; NULL when there is none. */
const ProtobufCMessageDescriptor *fam_registry_find_message(const char *name);
/* An enum, likewise. */
const ProtobufCEnumDescriptor *fam_registry_find_enum(const char *name);

#endif
