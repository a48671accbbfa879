/* A whole call from outside: the envelope, and in it the request of the method that it names, the way the server takes
 * them: checked as bytes, unpacked into bounded memory, checked by the program's rules. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fam/rpc/v1/envelope.pb-c.h"
#include "fam/v1/checkin.pb-c.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/notification.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "fam/v1/session.pb-c.h"
#include "fam/v1/translation.pb-c.h"
#include "rpc/arena.h"
#include "rpc/validate.h"
#include "services/methods.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ProtobufCServiceDescriptor *const services[] = {
    &fam__v1__translation_service__descriptor, &fam__v1__family_service__descriptor,
    &fam__v1__session_service__descriptor,     &fam__v1__ops_service__descriptor,
    &fam__v1__checkin_service__descriptor,     &fam__v1__notification_service__descriptor};

/* The request type of "fam.v1.Service/Method"; for any other name Translate's, so that payloads are always looked at.
 */
static const ProtobufCMessageDescriptor *input_of(const char *method)
{
    const char *slash = strchr(method, '/');
    for (size_t i = 0; slash != NULL && i < FAM_ARRAY_SIZE(services); i++) {
        const ProtobufCMethodDescriptor *found =
            protobuf_c_service_descriptor_get_method_by_name(services[i], slash + 1);
        if (found != NULL && strncmp(services[i]->name, method, (size_t)(slash - method)) == 0) {
            return found->input;
        }
    }
    return &fam__v1__translate_request__descriptor;
}

static struct fam_rules *make_rules(void)
{
    static const ProtobufCMessageDescriptor *inputs[128];
    struct fam_field_rule *rules = calloc(fam_field_rule_count, sizeof(*rules));
    size_t count = 0;
    size_t kept = 0;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(services); i++) {
        for (unsigned j = 0; j < services[i]->n_methods; j++) {
            inputs[count++] = services[i]->methods[j].input;
        }
    }
    for (size_t i = 0; rules != NULL && i < fam_field_rule_count; i++) { /* the ones of these services */
        struct fam_status status = {0};
        struct fam_rules *one = fam_rules_new(&fam_field_rules[i], 1, inputs, count, &status);
        if (one != NULL) {
            rules[kept++] = fam_field_rules[i];
        }
        fam_rules_free(one);
    }
    struct fam_status status = {0};
    return fam_rules_new(rules, kept, inputs, count, &status);
}

static void check_payload(const struct fam_rules *rules, const Fam__Rpc__V1__Request *request)
{
    struct fam_status status = {0};
    struct fam_arena arena;
    const ProtobufCMessageDescriptor *type = input_of(request->method);
    if (fam_validate_wire(type, request->payload.data, request->payload.len, &status) == FAM_OK) {
        fam_arena_init(&arena, 1 << 20);
        const ProtobufCMessage *message =
            protobuf_c_message_unpack(type, &arena.allocator, request->payload.len, request->payload.data);
        if (message != NULL && fam_validate_message(rules, message, &status) != FAM_OK && status.field[0] == '\0') {
            abort(); /* whoever breaks a rule is told where */
        }
        fam_arena_done(&arena);
    }
    if (!fam_utf8_valid(status.message, strlen(status.message))) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fam_rules *rules;
    struct fam_status status = {0};
    struct fam_arena arena;
    if (rules == NULL && (rules = make_rules()) == NULL) {
        abort();
    }
    if (fam_validate_wire(&fam__rpc__v1__request__descriptor, data, size, &status) != FAM_OK) {
        return 0;
    }
    fam_arena_init(&arena, 1 << 20);
    const Fam__Rpc__V1__Request *request = fam__rpc__v1__request__unpack(&arena.allocator, size, data);
    if (arena.used > arena.limit) {
        abort();
    }
    if (request != NULL) {
        check_payload(rules, request);
    }
    fam_arena_done(&arena);
    return 0;
}
