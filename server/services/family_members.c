/* family_members.c: fam.v1.FamilyService: what a family is set to, and who goes. */
#include "family/country.h"
#include "notify/bell.h"
#include "services/family_service.h"
#include "services/reply.h"

static enum fam_code change_family(struct fam_services_context *context, struct fam_call *call,
                                   const Fam__V1__UpdateFamilyRequest *request, struct fam_status *status)
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
    const struct fam_family_change change = {.name = request->name,
                                             .country = request->country,
                                             .time_zone = request->time_zone,
                                             .no_ai = request->no_ai,
                                             .retention_days = request->retention_days};
    struct fam_outcome outcome;
    enum fam_code code =
        fam_family_update(context->store, &mutation, fam_call_acting_user(call), &change, &outcome, status);
    if (code == FAM_OK) {
        fam_call_set_consistency_token(call, outcome.lsn);
    }
    return code;
}

FAM_FAMILY_METHOD(update_family, UpdateFamily)
{
    struct fam_status status;
    fam_auto(fam_family_done) struct fam_family family = {.name = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__UpdateFamilyResponse response = FAM__V1__UPDATE_FAMILY_RESPONSE__INIT;
    enum fam_code code = change_family(context, call, request, &status);
    if (code == FAM_OK) {
        code = fam_service_show_family(context, call, &reply, &family, &response.family, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

FAM_FAMILY_METHOD(leave_family, LeaveFamily)
{
    (void)request;
    struct fam_status status;
    Fam__V1__LeaveFamilyResponse response = FAM__V1__LEAVE_FAMILY_RESPONSE__INIT;
    size_t replay_size = 0;
    enum fam_code code = FAM_OK;
    if (fam_call_replay(call, &replay_size) == NULL) {
        const struct fam_mutation mutation = fam_service_mutation(call);
        struct fam_outcome outcome;
        code = fam_family_leave(context->store, &mutation, fam_call_acting_user(call), &outcome, &status);
        if (code == FAM_OK) {
            fam_call_set_consistency_token(call, outcome.lsn);
        }
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

static enum fam_code remove_parent_once(struct fam_services_context *context, struct fam_call *call,
                                        const Fam__V1__RemoveParentRequest *request, struct fam_status *status)
{
    size_t replay_size = 0;
    struct fam_uuid parent_id;
    if (fam_call_replay(call, &replay_size) != NULL) {
        return FAM_OK;
    }
    enum fam_code code = fam_service_uuid(request->parent_id, "parent_id", &parent_id, status);
    if (code != FAM_OK) {
        return code;
    }
    const struct fam_mutation mutation = fam_service_mutation(call);
    struct fam_outcome outcome;
    code = fam_parent_remove(context->store, &mutation, fam_call_acting_user(call), &parent_id, &outcome, status);
    if (code == FAM_OK) {
        fam_bell_ring(context->bell);
        fam_call_set_consistency_token(call, outcome.lsn);
    }
    return code == FAM_OK ? FAM_OK : fam_service_hide(status);
}

FAM_FAMILY_METHOD(remove_parent, RemoveParent)
{
    struct fam_status status;
    fam_auto(fam_family_done) struct fam_family family = {.name = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__RemoveParentResponse response = FAM__V1__REMOVE_PARENT_RESPONSE__INIT;
    enum fam_code code = remove_parent_once(context, call, request, &status);
    if (code == FAM_OK) {
        code = fam_service_show_family(context, call, &reply, &family, &response.family, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
