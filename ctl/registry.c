#include "registry.h"

#include <stdbool.h>
#include <string.h>

#include "base/compiler.h"
#include "fam/v1/checkin.pb-c.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/notification.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "fam/v1/session.pb-c.h"
#include "fam/v1/translation.pb-c.h"

enum { SEEN_MAX = 512 };

const ProtobufCServiceDescriptor *const fam_registry_services[] = {
    &fam__v1__translation_service__descriptor, &fam__v1__family_service__descriptor,
    &fam__v1__checkin_service__descriptor,     &fam__v1__notification_service__descriptor,
    &fam__v1__session_service__descriptor,     &fam__v1__ops_service__descriptor,
};
const size_t fam_registry_service_count = FAM_ARRAY_SIZE(fam_registry_services);

static const char package[] = "fam.v1.";

/* Is `name` the full name, or the full name without its package? */
static bool is_named(const char *full, const char *name, size_t size)
{
    size_t prefix = sizeof(package) - 1;
    if (size > prefix && strncmp(name, package, prefix) == 0) {
        return strlen(full) == size && strncmp(full, name, size) == 0;
    }
    return strncmp(full, package, prefix) == 0 && strlen(full + prefix) == size &&
           strncmp(full + prefix, name, size) == 0;
}

static const ProtobufCServiceDescriptor *find_service(const char *name, size_t size)
{
    for (size_t i = 0; i < fam_registry_service_count; i++) {
        if (is_named(fam_registry_services[i]->name, name, size)) {
            return fam_registry_services[i];
        }
    }
    return NULL;
}

const ProtobufCServiceDescriptor *fam_registry_find_service(const char *name)
{
    return find_service(name, strlen(name));
}

static struct fam_registry_method find_in(const ProtobufCServiceDescriptor *service, const char *name)
{
    struct fam_registry_method found = {.service = service};
    for (unsigned i = 0; i < service->n_methods; i++) {
        if (strcmp(service->methods[i].name, name) == 0) {
            found.method = &service->methods[i];
            found.index = i;
        }
    }
    return found;
}

struct fam_registry_method fam_registry_find_method(const char *name)
{
    struct fam_registry_method none = {.method = NULL};
    struct fam_registry_method found = none;
    const char *slash = strchr(name, '/');
    if (slash != NULL) {
        const ProtobufCServiceDescriptor *service = find_service(name, (size_t)(slash - name));
        return service == NULL ? none : find_in(service, slash + 1);
    }
    for (size_t i = 0; i < fam_registry_service_count; i++) {
        struct fam_registry_method one = find_in(fam_registry_services[i], name);
        if (one.method != NULL) {
            if (found.method != NULL) {
                return none;
            }
            found = one;
        }
    }
    return found;
}

/* Messages that were reached, each once; the walk goes along the list, so nothing recurses. */
struct walk {
    const ProtobufCMessageDescriptor *seen[SEEN_MAX];
    size_t count;
};

static void reach(struct walk *walk, const ProtobufCMessageDescriptor *message)
{
    for (size_t i = 0; i < walk->count; i++) {
        if (walk->seen[i] == message) {
            return;
        }
    }
    if (walk->count < SEEN_MAX) {
        walk->seen[walk->count++] = message;
    }
}

static void walk_all(struct walk *walk)
{
    walk->count = 0;
    for (size_t i = 0; i < fam_registry_service_count; i++) {
        for (unsigned j = 0; j < fam_registry_services[i]->n_methods; j++) {
            reach(walk, fam_registry_services[i]->methods[j].input);
            reach(walk, fam_registry_services[i]->methods[j].output);
        }
    }
    for (size_t i = 0; i < walk->count; i++) {
        for (unsigned j = 0; j < walk->seen[i]->n_fields; j++) {
            const ProtobufCFieldDescriptor *field = &walk->seen[i]->fields[j];
            if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
                reach(walk, field->descriptor);
            }
        }
    }
}

const ProtobufCMessageDescriptor *fam_registry_find_message(const char *name)
{
    struct walk walk;
    walk_all(&walk);
    for (size_t i = 0; i < walk.count; i++) {
        if (is_named(walk.seen[i]->name, name, strlen(name))) {
            return walk.seen[i];
        }
    }
    return NULL;
}

const ProtobufCEnumDescriptor *fam_registry_find_enum(const char *name)
{
    struct walk walk;
    walk_all(&walk);
    for (size_t i = 0; i < walk.count; i++) {
        for (unsigned j = 0; j < walk.seen[i]->n_fields; j++) {
            const ProtobufCFieldDescriptor *field = &walk.seen[i]->fields[j];
            const ProtobufCEnumDescriptor *type = field->type == PROTOBUF_C_TYPE_ENUM ? field->descriptor : NULL;
            if (type != NULL && is_named(type->name, name, strlen(name))) {
                return type;
            }
        }
    }
    return NULL;
}
