/* The table of methods: who may call what. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fam/v1/family.pb-c.h"
#include "fam/v1/notification.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "fam/v1/session.pb-c.h"
#include "fam/v1/translation.pb-c.h"
#include "rpc/validate.h"
#include "services/methods.h"

static const ProtobufCServiceDescriptor *const SERVICES[] = {
    &fam__v1__translation_service__descriptor,  &fam__v1__family_service__descriptor,
    &fam__v1__notification_service__descriptor, &fam__v1__session_service__descriptor,
    &fam__v1__ops_service__descriptor,
};
enum { SERVICE_COUNT = sizeof(SERVICES) / sizeof(SERVICES[0]) };

Test(methods, every_method_of_every_service_is_in_the_table_and_declares_roles)
{
    size_t total = 0;
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        for (unsigned j = 0; j < SERVICES[i]->n_methods; j++) {
            char name[128];
            snprintf(name, sizeof(name), "%s/%s", SERVICES[i]->name, SERVICES[i]->methods[j].name);
            size_t index = fam_method_index(name);
            cr_assert_neq(index, SIZE_MAX, "%s is missing", name);
            cr_assert_neq(fam_methods[index].roles, 0, "%s declares no role", name);
            total++;
        }
    }
    cr_assert_eq(total, fam_method_count);
}

Test(methods, only_registration_leads_leases_and_operations_do_without_an_acting_user)
{
    for (size_t i = 0; i < fam_method_count; i++) {
        const struct fam_method *method = &fam_methods[i];
        bool acts = (method->flags & (FAM_METHOD_ACTING_USER | FAM_METHOD_BOT_ACTING_USER)) != 0;
        bool bots_own =
            strstr(method->name, "NotificationService/") != NULL || strstr(method->name, "/AcquireLead") != NULL;
        bool exempt = strstr(method->name, "OpsService/") != NULL || strstr(method->name, "/RegisterUser") != NULL ||
                      (bots_own && strstr(method->name, "/RecordDelivery") == NULL) ||
                      strstr(method->name, "/Translate") != NULL; /* its handler decides: an emergency needs nobody */
        cr_assert_neq(acts, exempt, "%s", method->name);
    }
}

Test(methods, what_changes_the_database_takes_a_key)
{
    const char *const changes[] = {"Translate",  "RateEntry",      "UpdateUser",  "CreateFamily", "AddChild",
                                   "SetConsent", "RecordDelivery", "CreateToken", "RevokeToken",  "AgreeFollowUp"};
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        bool found = false;
        for (size_t j = 0; j < fam_method_count; j++) {
            const char *slash = strchr(fam_methods[j].name, '/');
            if (strcmp(slash + 1, changes[i]) == 0) {
                found = true;
                cr_assert((fam_methods[j].flags & FAM_METHOD_IDEMPOTENT_KEY) != 0, "%s", changes[i]);
            }
        }
        cr_assert(found, "%s", changes[i]);
    }
}

Test(methods, inline_methods_need_no_hook_that_blocks)
{
    for (size_t i = 0; i < fam_method_count; i++) {
        if ((fam_methods[i].flags & FAM_METHOD_INLINE) != 0) {
            cr_assert_eq(fam_methods[i].flags & (FAM_METHOD_IDEMPOTENT_KEY | FAM_METHOD_PERSONAL), 0, "%s",
                         fam_methods[i].name);
        }
    }
}

Test(methods, every_rule_names_a_field_that_exists)
{
    const ProtobufCMessageDescriptor *inputs[128];
    size_t count = 0;
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        for (unsigned j = 0; j < SERVICES[i]->n_methods; j++) {
            inputs[count++] = SERVICES[i]->methods[j].input;
        }
    }
    struct fam_status status = {.message = ""};
    struct fam_rules *rules = fam_rules_new(fam_field_rules, fam_field_rule_count, inputs, count, &status);
    cr_assert_not_null(rules, "%s", status.message);
    fam_rules_free(rules);
}

Test(methods, no_message_holds_itself)
{
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        for (unsigned j = 0; j < SERVICES[i]->n_methods; j++) {
            cr_assert_leq(fam_message_depth(SERVICES[i]->methods[j].input), FAM_MESSAGE_DEPTH_MAX);
            cr_assert_leq(fam_message_depth(SERVICES[i]->methods[j].output), FAM_MESSAGE_DEPTH_MAX);
        }
    }
}
