/* schema.h: the .proto files that this server was built from: names, numbers, types and comments, out of the
 * FileDescriptorSet that is embedded at build time. A schema is for one thread; opening takes about a millisecond. */
#ifndef FAM_SERVICES_SCHEMA_H
#define FAM_SERVICES_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "descriptor/descriptor.pb-c.h"
#include "services/reply.h"

struct fam_schema {
    Fam__Descriptor__FileSet *files;
};

/* The element of a name and where it stands; one of the three pointers is set. */
struct fam_schema_place {
    const Fam__Descriptor__Method *method;
    const Fam__Descriptor__Message *message;
    const Fam__Descriptor__Enum *enumeration;
    const Fam__Descriptor__File *file;
    int32_t path[16]; /* as in google.protobuf.SourceCodeInfo */
    size_t path_size;
};

enum { FAM_SCHEMA_FIELD = 2, FAM_SCHEMA_ENUM_VALUE = 2 }; /* kinds of fam_schema_comment_of */

enum fam_code fam_schema_open(struct fam_schema *schema, struct fam_status *status) FAM_MUST_CHECK;
/* Takes {0}. */
void fam_schema_done(struct fam_schema *schema);
/* The embedded set itself. */
const void *fam_schema_bytes(size_t *ret_size);

/* Full names, with or without a dot in front: "fam.v1.OpsService/Health", "fam.v1.Entry". False: there is none. */
bool fam_schema_find(const struct fam_schema *schema, const char *name, struct fam_schema_place *ret_place);
/* The comment above an element, or behind it, as one paragraph; "" when there is none. Lives as long as the reply. */
char *fam_schema_comment(const struct fam_schema_place *place, struct fam_reply *reply);
/* The same of a field of a message or of a value of an enum, by its index. */
char *fam_schema_comment_of(const struct fam_schema_place *place, int32_t kind, size_t index, struct fam_reply *reply);

#endif
