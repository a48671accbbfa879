/* family_children.c: fam.v1.FamilyService: children. */
#include "family/age.h"
#include "services/family_service.h"
#include "services/reply.h"

enum { CHILD_AGE_MIN = 2, CHILD_AGE_MAX = 17 };

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

/* By the calendar of the acting user's family. */
static enum fam_code read_birth(struct fam_services_context *context, const struct fam_call *call,
                                const Fam__V1__Date *date, struct fam_date *ret_birth, struct fam_status *status)
{
    fam_auto(fam_family_done) struct fam_family family = {.name = NULL};
    enum fam_code code = fam_family_of_user(context->store, fam_call_acting_user(call), &family, status);
    if (code != FAM_OK) {
        return code;
    }
    *ret_birth = (struct fam_date){.year = date->year, .month = date->month, .day = date->day};
    return check_birth(ret_birth, &family.today, status);
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
    struct fam_date birth;
    enum fam_code code = fam_service_may_store(context, call, status);
    if (code == FAM_OK) {
        code = read_birth(context, call, request->birth, &birth, status);
    }
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

/* The child as it is now. `family` lives as long as the reply. */
static enum fam_code show_child(struct fam_services_context *context, const struct fam_call *call,
                                const struct fam_uuid *child_id, struct fam_reply *reply, struct fam_family *family,
                                Fam__V1__Child **ret_child, struct fam_status *status)
{
    enum fam_code code = fam_family_of_user(context->store, fam_call_acting_user(call), family, status);
    if (code != FAM_OK) {
        return code;
    }
    for (size_t i = 0; i < family->child_count; i++) {
        if (fam_uuid_equal(&family->children[i].child_id, child_id)) {
            *ret_child = fam_reply_child(reply, &family->children[i], family->today);
            return fam_reply_check(reply, status);
        }
    }
    return fam_fail(status, FAM_FAILED_PRECONDITION, "the child was removed meanwhile");
}

FAM_FAMILY_METHOD(add_child, AddChild)
{
    struct fam_status status;
    struct fam_uuid child_id = {.bytes = {0}};
    fam_auto(fam_family_done) struct fam_family family = {.name = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__AddChildResponse response = FAM__V1__ADD_CHILD_RESPONSE__INIT;
    enum fam_code code = add_child_once(context, call, request, &child_id, &status);
    if (code == FAM_OK) {
        code = show_child(context, call, &child_id, &reply, &family, &response.child, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

static enum fam_code change_child(struct fam_services_context *context, struct fam_call *call,
                                  const Fam__V1__UpdateChildRequest *request, const struct fam_uuid *child_id,
                                  struct fam_status *status)
{
    size_t replay_size = 0;
    if (fam_call_replay(call, &replay_size) != NULL) {
        return FAM_OK;
    }
    struct fam_date birth;
    enum fam_code code = fam_service_may_store(context, call, status);
    if (code == FAM_OK && request->birth != NULL) {
        code = read_birth(context, call, request->birth, &birth, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    const struct fam_mutation mutation = fam_service_mutation(call);
    const struct fam_child_change change = {.name = request->name,
                                            .birth = request->birth != NULL ? &birth : NULL,
                                            .set_profile = request->set_profile,
                                            .trait_count = request->n_traits,
                                            .traits = request->traits,
                                            .special_needs = request->special_needs};
    struct fam_outcome outcome;
    code = fam_child_update(context->store, &mutation, fam_call_acting_user(call), child_id, &change, &outcome, status);
    if (code == FAM_OK) {
        fam_call_set_consistency_token(call, outcome.lsn);
    }
    return code == FAM_OK ? FAM_OK : fam_service_hide(status);
}

FAM_FAMILY_METHOD(update_child, UpdateChild)
{
    struct fam_status status;
    struct fam_uuid child_id;
    fam_auto(fam_family_done) struct fam_family family = {.name = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__UpdateChildResponse response = FAM__V1__UPDATE_CHILD_RESPONSE__INIT;
    enum fam_code code = fam_service_uuid(request->child_id, "child_id", &child_id, &status);
    if (code == FAM_OK) {
        code = change_child(context, call, request, &child_id, &status);
    }
    if (code == FAM_OK) {
        code = show_child(context, call, &child_id, &reply, &family, &response.child, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

static enum fam_code remove_child_once(struct fam_services_context *context, struct fam_call *call,
                                       const Fam__V1__RemoveChildRequest *request, struct fam_status *status)
{
    size_t replay_size = 0;
    struct fam_uuid child_id;
    if (fam_call_replay(call, &replay_size) != NULL) {
        return FAM_OK;
    }
    enum fam_code code = fam_service_uuid(request->child_id, "child_id", &child_id, status);
    if (code != FAM_OK) {
        return code;
    }
    const struct fam_mutation mutation = fam_service_mutation(call);
    struct fam_outcome outcome;
    code = fam_child_remove(context->store, &mutation, fam_call_acting_user(call), &child_id, &outcome, status);
    if (code == FAM_OK) {
        fam_call_set_consistency_token(call, outcome.lsn);
    }
    return code == FAM_OK ? FAM_OK : fam_service_hide(status);
}

FAM_FAMILY_METHOD(remove_child, RemoveChild)
{
    struct fam_status status;
    fam_auto(fam_family_done) struct fam_family family = {.name = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__RemoveChildResponse response = FAM__V1__REMOVE_CHILD_RESPONSE__INIT;
    enum fam_code code = remove_child_once(context, call, request, &status);
    if (code == FAM_OK) {
        code = fam_service_show_family(context, call, &reply, &family, &response.family, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
