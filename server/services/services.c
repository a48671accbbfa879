#include "services/services.h"

#include <stdlib.h>
#include <string.h>

#include "checkin/questions.h"
#include "rpc/server.h"
#include "services/services_private.h"

struct fam_services {
    struct fam_services_context context;
    struct fam_checkin_questions *questions;
    struct fam_translation_service translation;
    struct fam_family_service family;
    struct fam_checkin_service checkin;
    struct fam_notification_service notification;
    struct fam_session_service session;
    struct fam_ops_service ops;
};

struct fam_services *fam_services_new(const struct fam_services_context *context, struct fam_status *status)
{
    struct fam_services *services = calloc(1, sizeof(*services));
    if (services == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    services->questions = fam_checkin_questions_new(status);
    if (services->questions == NULL) {
        free(services);
        return NULL;
    }
    services->context = *context;
    services->context.questions = services->questions;
    fam_translation_service_init(&services->translation, &services->context);
    fam_family_service_init(&services->family, &services->context);
    fam_checkin_service_init(&services->checkin, &services->context);
    fam_notification_service_init(&services->notification, &services->context);
    fam_session_service_init(&services->session, &services->context);
    fam_ops_service_init(&services->ops, &services->context);
    return services;
}

void fam_services_free(struct fam_services *services)
{
    if (services != NULL) {
        fam_checkin_questions_free(services->questions);
    }
    free(services);
}

enum fam_code fam_services_register(struct fam_services *services, struct fam_status *status)
{
    ProtobufCService *const all[] = {
        &services->translation.base.base,  &services->family.base.base,  &services->checkin.base.base,
        &services->notification.base.base, &services->session.base.base, &services->ops.base.base,
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(all); i++) {
        enum fam_code code = fam_server_add_service(services->context.server, all[i], status);
        if (code != FAM_OK) {
            return code;
        }
    }
    return FAM_OK;
}

struct fam_mutation fam_service_mutation(const struct fam_call *call)
{
    struct fam_mutation mutation = {
        .scope = fam_call_principal(call)->scope,
        .method = fam_call_method(call)->name,
        .key = fam_call_idempotency_key(call),
        .user_id = fam_call_acting_user(call),
    };
    mutation.request = fam_call_payload(call, &mutation.request_size);
    return mutation;
}

enum fam_code fam_service_hide(struct fam_status *status)
{
    if (status->code == FAM_NOT_FOUND) {
        return fam_fail(status, FAM_PERMISSION_DENIED, "this id is unknown, or belongs to somebody else");
    }
    return status->code;
}

enum fam_code fam_service_load_user(struct fam_services_context *context, const struct fam_call *call,
                                    struct fam_user *ret_user, struct fam_status *status)
{
    enum fam_code code = fam_user_get(context->store, fam_call_acting_user(call), ret_user, status);
    return code == FAM_OK ? FAM_OK : fam_service_hide(status);
}

enum fam_code fam_service_require_processing(const struct fam_user *user, struct fam_status *status)
{
    if (fam_user_consents(user, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING)) {
        return FAM_OK;
    }
    return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "CONSENT_REQUIRED", 0,
                           "this stores personal data: the user must consent to processing first (SetConsent)");
}

enum fam_code fam_service_may_store(struct fam_services_context *context, const struct fam_call *call,
                                    struct fam_status *status)
{
    fam_auto(fam_user_done) struct fam_user user = {.name = NULL};
    enum fam_code code = fam_service_load_user(context, call, &user, status);
    return code == FAM_OK ? fam_service_require_processing(&user, status) : code;
}

enum fam_code fam_service_uuid(const char *text, const char *field, struct fam_uuid *ret_uuid,
                               struct fam_status *status)
{
    if (!fam_uuid_parse(text, ret_uuid)) {
        return fam_fail_field(status, field, "%s must be a UUID", field);
    }
    return FAM_OK;
}

enum fam_code fam_service_name(const char *text, const char *field, struct fam_status *status)
{
    static const char ALLOWED[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    if (text[strspn(text, ALLOWED)] != '\0') {
        return fam_fail_field(status, field, "%s holds letters, digits, _ . and - alone", field);
    }
    return FAM_OK;
}

enum fam_code fam_service_read_page(int32_t size, const char *token, struct fam_service_page *ret_page,
                                    struct fam_status *status)
{
    *ret_page = (struct fam_service_page){.limit = size == 0 ? FAM_SERVICE_PAGE_DEFAULT : (size_t)size};
    if (token[0] != '\0') {
        if (!fam_uuid_parse(token, &ret_page->last)) {
            return fam_fail_field(status, "page_token", "page_token comes from the page before, unchanged");
        }
        ret_page->before = &ret_page->last;
    }
    return FAM_OK;
}
