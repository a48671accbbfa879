/* family_service.c: fam.v1.FamilyService: users, families, consents; see family_service.h for the others. */
#include <string.h>

#include "family/country.h"
#include "metrics/metrics.h"
#include "notify/bell.h"
#include "services/erase_call.h"
#include "services/export_call.h"
#include "services/family_service.h"
#include "services/privacy_call.h"
#include "services/reply.h"
#include "services/services_private.h"
#include "store/notification_store.h"

static struct fam_services_context *context_of(Fam__V1__FamilyService_Service *service)
{
    return ((struct fam_family_service *)service)->context;
}

static const char *source_label(Fam__V1__RegistrationSource source)
{
    switch (source) {
    case FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_INVITE:
        return "invite";
    case FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_API:
        return "api";
    default:
        return "telegram";
    }
}

static void register_user(Fam__V1__FamilyService_Service *service, const Fam__V1__RegisterUserRequest *request,
                          Fam__V1__RegisterUserResponse_Closure closure, void *closure_data)
{
    struct fam_services_context *context = context_of(service);
    struct fam_status status;
    fam_auto(fam_user_done) struct fam_user user = {.name = NULL};
    bool created = false;
    char lsn[FAM_LSN_SIZE] = "";
    Fam__V1__Language language =
        request->language == FAM__V1__LANGUAGE__LANGUAGE_UNSPECIFIED ? context->default_language : request->language;
    Fam__V1__RegistrationSource source = request->source;
    if (source == FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_UNSPECIFIED) {
        source = FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_TELEGRAM;
    }
    if (fam_user_register(context->store, request->telegram_id, language, source, &user, &created, lsn, &status) !=
        FAM_OK) {
        fam_call_fail(closure_data, &status);
        return;
    }
    if (user.has_returned) {
        fam_bell_ring(context->bell);
    }
    if (created) {
        fam_metrics_add(context->metrics, FAM_M_USER_REGISTRATIONS, FAM_LABELS(source_label(source)), 1);
    }
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__RegisterUserResponse response = FAM__V1__REGISTER_USER_RESPONSE__INIT;
    response.user = fam_reply_user(&reply, &user);
    response.created = created;
    if (fam_reply_check(&reply, &status) != FAM_OK) {
        fam_call_fail(closure_data, &status);
        return;
    }
    fam_call_set_consistency_token(closure_data, lsn);
    closure(&response, closure_data);
}

static void get_user(Fam__V1__FamilyService_Service *service, const Fam__V1__GetUserRequest *request,
                     Fam__V1__GetUserResponse_Closure closure, void *closure_data)
{
    (void)request;
    struct fam_status status;
    fam_auto(fam_user_done) struct fam_user user = {.name = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__GetUserResponse response = FAM__V1__GET_USER_RESPONSE__INIT;
    enum fam_code code = fam_service_load_user(context_of(service), closure_data, &user, &status);
    if (code == FAM_OK) {
        response.user = fam_reply_user(&reply, &user);
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static enum fam_code change_user(struct fam_services_context *context, struct fam_call *call,
                                 const Fam__V1__UpdateUserRequest *request, struct fam_status *status)
{
    size_t replay_size = 0;
    if (fam_call_replay(call, &replay_size) != NULL) {
        return FAM_OK;
    }
    if (request->country[0] != '\0' && !fam_country_is_valid(request->country)) {
        return fam_fail_field(status, "country", "country is two upper-case letters (ISO 3166-1), ZZ for none");
    }
    if (request->name[0] != '\0' && fam_service_may_store(context, call, status) != FAM_OK) {
        return status->code;
    }
    const struct fam_mutation mutation = fam_service_mutation(call);
    const struct fam_user_change change = {.language = request->language,
                                           .country = request->country,
                                           .name = request->name,
                                           .share_entries = request->share_entries,
                                           .no_follow_up = request->no_follow_up};
    struct fam_outcome outcome;
    enum fam_code code =
        fam_user_update(context->store, &mutation, fam_call_acting_user(call), &change, &outcome, status);
    if (code == FAM_OK) {
        fam_call_set_consistency_token(call, outcome.lsn);
    }
    return code == FAM_OK ? FAM_OK : fam_service_hide(status);
}

static void update_user(Fam__V1__FamilyService_Service *service, const Fam__V1__UpdateUserRequest *request,
                        Fam__V1__UpdateUserResponse_Closure closure, void *closure_data)
{
    struct fam_services_context *context = context_of(service);
    struct fam_status status;
    fam_auto(fam_user_done) struct fam_user user = {.name = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__UpdateUserResponse response = FAM__V1__UPDATE_USER_RESPONSE__INIT;
    enum fam_code code = change_user(context, closure_data, request, &status);
    if (code == FAM_OK) {
        code = fam_service_load_user(context, closure_data, &user, &status);
    }
    if (code == FAM_OK) {
        response.user = fam_reply_user(&reply, &user);
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static enum fam_code make_family(struct fam_services_context *context, struct fam_call *call,
                                 const Fam__V1__CreateFamilyRequest *request, struct fam_status *status)
{
    size_t replay_size = 0;
    if (fam_call_replay(call, &replay_size) != NULL) {
        return FAM_OK;
    }
    fam_auto(fam_user_done) struct fam_user user = {.name = NULL};
    enum fam_code code = fam_service_load_user(context, call, &user, status);
    if (code == FAM_OK) {
        code = fam_service_require_processing(&user, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    const struct fam_family_new family = {
        .name = request->name,
        .country = user.country,
        .time_zone = request->time_zone[0] != '\0' ? request->time_zone : fam_country_time_zone(user.country),
    };
    const struct fam_mutation mutation = fam_service_mutation(call);
    struct fam_outcome outcome;
    code = fam_family_create(context->store, &mutation, &user.user_id, &family, &outcome, status);
    if (code == FAM_OK) {
        fam_call_set_consistency_token(call, outcome.lsn);
    }
    return code;
}

enum fam_code fam_service_show_family(struct fam_services_context *context, const struct fam_call *call,
                                      struct fam_reply *reply, struct fam_family *family, Fam__V1__Family **ret_family,
                                      struct fam_status *status)
{
    enum fam_code code = fam_family_of_user(context->store, fam_call_acting_user(call), family, status);
    if (code != FAM_OK) {
        return code;
    }
    *ret_family = fam_reply_family(reply, family);
    if (*ret_family != NULL && family->retention_days == 0) {
        (*ret_family)->retention_days = (int32_t)context->retention_days;
    }
    return fam_reply_check(reply, status);
}

static void create_family(Fam__V1__FamilyService_Service *service, const Fam__V1__CreateFamilyRequest *request,
                          Fam__V1__CreateFamilyResponse_Closure closure, void *closure_data)
{
    struct fam_services_context *context = context_of(service);
    struct fam_status status;
    fam_auto(fam_family_done) struct fam_family family = {.name = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__CreateFamilyResponse response = FAM__V1__CREATE_FAMILY_RESPONSE__INIT;
    enum fam_code code = make_family(context, closure_data, request, &status);
    if (code == FAM_OK) {
        code = fam_service_show_family(context, closure_data, &reply, &family, &response.family, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static void get_family(Fam__V1__FamilyService_Service *service, const Fam__V1__GetFamilyRequest *request,
                       Fam__V1__GetFamilyResponse_Closure closure, void *closure_data)
{
    (void)request;
    struct fam_status status;
    fam_auto(fam_family_done) struct fam_family family = {.name = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__GetFamilyResponse response = FAM__V1__GET_FAMILY_RESPONSE__INIT;
    enum fam_code code =
        fam_service_show_family(context_of(service), closure_data, &reply, &family, &response.family, &status);
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static enum fam_code list_consents(struct fam_services_context *context, const struct fam_call *call,
                                   struct fam_reply *reply, Fam__V1__Consent ***ret_list, size_t *ret_count,
                                   struct fam_status *status)
{
    struct fam_consent consents[FAM_CONSENT_PURPOSES];
    enum fam_code code = fam_consent_list(context->store, fam_call_acting_user(call), consents, ret_count, status);
    if (code != FAM_OK) {
        return fam_service_hide(status);
    }
    *ret_list = fam_reply_consents(reply, consents, *ret_count);
    return fam_reply_check(reply, status);
}

static void get_consents(Fam__V1__FamilyService_Service *service, const Fam__V1__GetConsentsRequest *request,
                         Fam__V1__GetConsentsResponse_Closure closure, void *closure_data)
{
    (void)request;
    struct fam_status status;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__GetConsentsResponse response = FAM__V1__GET_CONSENTS_RESPONSE__INIT;
    if (list_consents(context_of(service), closure_data, &reply, &response.consents, &response.n_consents, &status) !=
        FAM_OK) {
        fam_call_fail(closure_data, &status);
        return;
    }
    closure(&response, closure_data);
}

static void set_consent(Fam__V1__FamilyService_Service *service, const Fam__V1__SetConsentRequest *request,
                        Fam__V1__SetConsentResponse_Closure closure, void *closure_data)
{
    struct fam_services_context *context = context_of(service);
    struct fam_call *call = closure_data;
    struct fam_status status;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__SetConsentResponse response = FAM__V1__SET_CONSENT_RESPONSE__INIT;
    size_t replay_size = 0;
    enum fam_code code = FAM_OK;
    if (fam_call_replay(call, &replay_size) == NULL) {
        const struct fam_mutation mutation = fam_service_mutation(call);
        struct fam_outcome outcome;
        code = fam_consent_set(context->store, &mutation, fam_call_acting_user(call), request->purpose,
                               request->granted, request->text_version, &outcome, &status);
        if (code == FAM_OK) {
            fam_call_set_consistency_token(call, outcome.lsn);
        } else {
            code = fam_service_hide(&status);
        }
    }
    if (code == FAM_OK) {
        code = list_consents(context, call, &reply, &response.consents, &response.n_consents, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

static enum fam_code change_reachability(struct fam_services_context *context, struct fam_call *call, bool reachable,
                                         bool *ret_changed, struct fam_status *status)
{
    size_t replay_size = 0;
    if (fam_call_replay(call, &replay_size) != NULL) {
        *ret_changed = replay_size > 0;
        return FAM_OK;
    }
    const struct fam_mutation mutation = fam_service_mutation(call);
    struct fam_outcome outcome;
    if (fam_user_set_reachable(context->store, &mutation, fam_call_acting_user(call), reachable, &outcome, status) !=
        FAM_OK) {
        return fam_service_hide(status);
    }
    *ret_changed = outcome.ids_size > 0;
    if (*ret_changed && reachable) {
        fam_bell_ring(context->bell);
    }
    fam_call_set_consistency_token(call, outcome.lsn);
    return FAM_OK;
}

static void set_reachability(Fam__V1__FamilyService_Service *service, const Fam__V1__SetReachabilityRequest *request,
                             Fam__V1__SetReachabilityResponse_Closure closure, void *closure_data)
{
    struct fam_status status;
    Fam__V1__SetReachabilityResponse response = FAM__V1__SET_REACHABILITY_RESPONSE__INIT;
    bool changed = false;
    enum fam_code code = change_reachability(context_of(service), closure_data, request->reachable, &changed, &status);
    response.changed = changed;
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

/* A handler that stands in a file of its own. */
#define ELSEWHERE(name, Method)                                                                                        \
    static void name(Fam__V1__FamilyService_Service *service, const Fam__V1__##Method##Request *request,               \
                     Fam__V1__##Method##Response_Closure closure, void *closure_data)                                  \
    {                                                                                                                  \
        fam_service_##name(context_of(service), request, closure, closure_data);                                       \
    }

ELSEWHERE(add_child, AddChild)
ELSEWHERE(update_family, UpdateFamily)
ELSEWHERE(create_invite, CreateInvite)
ELSEWHERE(list_invites, ListInvites)
ELSEWHERE(revoke_invite, RevokeInvite)
ELSEWHERE(preview_invite, PreviewInvite)
ELSEWHERE(join_family, JoinFamily)
ELSEWHERE(leave_family, LeaveFamily)
ELSEWHERE(remove_parent, RemoveParent)
ELSEWHERE(update_child, UpdateChild)
ELSEWHERE(remove_child, RemoveChild)
ELSEWHERE(submit_feedback, SubmitFeedback)
ELSEWHERE(get_privacy_report, GetPrivacyReport)
ELSEWHERE(delete_family, DeleteFamily)
ELSEWHERE(export_family, ExportFamily)

void fam_family_service_init(struct fam_family_service *service, struct fam_services_context *context)
{
    static const Fam__V1__FamilyService_Service HANDLERS = FAM__V1__FAMILY_SERVICE__INIT();
    service->base = HANDLERS;
    service->context = context;
}
