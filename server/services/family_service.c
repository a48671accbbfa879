/* family_service.c: fam.v1.FamilyService. */
#include <string.h>

#include "family/age.h"
#include "family/country.h"
#include "metrics/metrics.h"
#include "notify/bell.h"
#include "services/erase_call.h"
#include "services/privacy_call.h"
#include "services/reply.h"
#include "services/services_private.h"
#include "services/unbuilt.h"
#include "store/notification_store.h"

enum { CHILD_AGE_MIN = 2, CHILD_AGE_MAX = 17 };

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

/* A user that the caller acts for must exist; one that does not looks like a foreign one. */
static enum fam_code load_user(struct fam_services_context *context, const struct fam_call *call,
                               struct fam_user *ret_user, struct fam_status *status)
{
    enum fam_code code = fam_user_get(context->store, fam_call_acting_user(call), ret_user, status);
    return code == FAM_OK ? FAM_OK : fam_service_hide(status);
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
    enum fam_code code = load_user(context_of(service), closure_data, &user, &status);
    if (code == FAM_OK) {
        response.user = fam_reply_user(&reply, &user);
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static enum fam_code require_processing(const struct fam_user *user, struct fam_status *status)
{
    if (fam_user_consents(user, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING)) {
        return FAM_OK;
    }
    return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "CONSENT_REQUIRED", 0,
                           "this stores personal data: the user must consent to processing first (SetConsent)");
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
    if (request->name[0] != '\0') {
        fam_auto(fam_user_done) struct fam_user user = {.name = NULL};
        enum fam_code code = load_user(context, call, &user, status);
        if (code == FAM_OK) {
            code = require_processing(&user, status);
        }
        if (code != FAM_OK) {
            return code;
        }
    }
    const struct fam_mutation mutation = fam_service_mutation(call);
    const struct fam_user_change change = {
        .language = request->language, .country = request->country, .name = request->name};
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
        code = load_user(context, closure_data, &user, &status);
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
    enum fam_code code = load_user(context, call, &user, status);
    if (code == FAM_OK) {
        code = require_processing(&user, status);
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
        code = fam_family_of_user(context->store, fam_call_acting_user(closure_data), &family, &status);
    }
    if (code == FAM_OK) {
        response.family = fam_reply_family(&reply, &family);
        code = fam_reply_check(&reply, &status);
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
        fam_family_of_user(context_of(service)->store, fam_call_acting_user(closure_data), &family, &status);
    if (code == FAM_OK) {
        response.family = fam_reply_family(&reply, &family);
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static enum fam_code check_birth(const struct fam_date *birth, const struct fam_date *today, struct fam_status *status)
{
    if (!fam_date_is_valid(birth)) {
        return fam_fail_field(status, "birth", "birth is a calendar date, or a year with month and day 0");
    }
    int years = fam_age_years(birth, today);
    /* A year alone may be off by half a year in either direction. */
    int slack = birth->month == 0 ? 1 : 0;
    if (years < CHILD_AGE_MIN - slack || years > CHILD_AGE_MAX + slack) {
        return fam_fail_field(status, "birth", "a child is %d to %d years old when added", CHILD_AGE_MIN,
                              CHILD_AGE_MAX);
    }
    return FAM_OK;
}

/* *ret_child_id is the child that this key added, now or the first time. */
static enum fam_code add_child_once(struct fam_services_context *context, struct fam_call *call,
                                    const Fam__V1__AddChildRequest *request, struct fam_uuid *ret_child_id,
                                    struct fam_status *status)
{
    size_t replay_size = 0;
    const void *replay = fam_call_replay(call, &replay_size);
    if (replay != NULL) {
        return fam_ids_uuid(replay, replay_size, 0, ret_child_id)
                   ? FAM_OK
                   : fam_fail(status, FAM_INTERNAL, "the remembered answer names no child");
    }
    fam_auto(fam_family_done) struct fam_family family = {.name = NULL};
    enum fam_code code = fam_family_of_user(context->store, fam_call_acting_user(call), &family, status);
    if (code != FAM_OK) {
        return code;
    }
    const struct fam_date birth = {
        .year = request->birth->year, .month = request->birth->month, .day = request->birth->day};
    code = check_birth(&birth, &family.today, status);
    if (code != FAM_OK) {
        return code;
    }
    const struct fam_mutation mutation = fam_service_mutation(call);
    struct fam_outcome outcome;
    code = fam_child_add(context->store, &mutation, fam_call_acting_user(call), request->name, birth, &outcome, status);
    if (code == FAM_OK) {
        fam_call_set_consistency_token(call, outcome.lsn);
        (void)fam_ids_uuid(outcome.ids, outcome.ids_size, 0, ret_child_id);
    }
    return code;
}

static void add_child(Fam__V1__FamilyService_Service *service, const Fam__V1__AddChildRequest *request,
                      Fam__V1__AddChildResponse_Closure closure, void *closure_data)
{
    struct fam_services_context *context = context_of(service);
    struct fam_status status;
    struct fam_uuid child_id = {.bytes = {0}};
    fam_auto(fam_family_done) struct fam_family family = {.name = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__AddChildResponse response = FAM__V1__ADD_CHILD_RESPONSE__INIT;
    enum fam_code code = add_child_once(context, closure_data, request, &child_id, &status);
    if (code == FAM_OK) {
        code = fam_family_of_user(context->store, fam_call_acting_user(closure_data), &family, &status);
    }
    for (size_t i = 0; code == FAM_OK && i < family.child_count; i++) {
        if (fam_uuid_equal(&family.children[i].child_id, &child_id)) {
            response.child = fam_reply_child(&reply, &family.children[i], family.today);
        }
    }
    if (code == FAM_OK) {
        code = response.child == NULL && !reply.failed
                   ? fam_fail(&status, FAM_FAILED_PRECONDITION, "the child was removed meanwhile")
                   : fam_reply_check(&reply, &status);
    }
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

FAM_UNBUILT(FamilyService, update_family, UpdateFamily)
FAM_UNBUILT(FamilyService, create_invite, CreateInvite)
FAM_UNBUILT(FamilyService, list_invites, ListInvites)
FAM_UNBUILT(FamilyService, revoke_invite, RevokeInvite)
FAM_UNBUILT(FamilyService, preview_invite, PreviewInvite)
FAM_UNBUILT(FamilyService, join_family, JoinFamily)
FAM_UNBUILT(FamilyService, leave_family, LeaveFamily)
FAM_UNBUILT(FamilyService, remove_parent, RemoveParent)
FAM_UNBUILT(FamilyService, update_child, UpdateChild)
FAM_UNBUILT(FamilyService, remove_child, RemoveChild)

static void get_privacy_report(Fam__V1__FamilyService_Service *service, const Fam__V1__GetPrivacyReportRequest *request,
                               Fam__V1__GetPrivacyReportResponse_Closure closure, void *closure_data)
{
    fam_family_privacy(context_of(service), request, closure, closure_data);
}

FAM_UNBUILT(FamilyService, export_family, ExportFamily)

static void delete_family(Fam__V1__FamilyService_Service *service, const Fam__V1__DeleteFamilyRequest *request,
                          Fam__V1__DeleteFamilyResponse_Closure closure, void *closure_data)
{
    fam_family_delete(context_of(service), request, closure, closure_data);
}

FAM_UNBUILT(FamilyService, submit_feedback, SubmitFeedback)

void fam_family_service_init(struct fam_family_service *service, struct fam_services_context *context)
{
    static const Fam__V1__FamilyService_Service HANDLERS = FAM__V1__FAMILY_SERVICE__INIT();
    service->base = HANDLERS;
    service->context = context;
}
