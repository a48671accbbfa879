/* fake_family.h: the part of fake_server.h about families: members, invitations, profiles. Included by it alone. */
#ifndef FAM_TESTS_FAKE_FAMILY_H
#define FAM_TESTS_FAKE_FAMILY_H

#include "fake_server.h"

static bool world_is_reader(void)
{
    return w.role == FAM__V1__PARENT_ROLE__PARENT_ROLE_READER;
}

static void make_parents(Fam__V1__Family *family, Fam__V1__Parent *parents, Fam__V1__Parent **pointers, char (*ids)[37])
{
    family->parents = pointers;
    fam__v1__parent__init(&parents[0]);
    parents[0].parent_id = TXT("00000000-0000-7000-8000-0000000000a0");
    parents[0].user_id = TXT("00000000-0000-7000-8000-000000000001");
    parents[0].role = world_is_reader() ? w.role : FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT;
    parents[0].name = w.name;
    pointers[family->n_parents++] = &parents[0];
    for (size_t i = 0; i < w.parent_count; i++) {
        if (w.parents[i].removed)
            continue;
        fam__v1__parent__init(&parents[i + 1]);
        snprintf(ids[i + 1], 37, "00000000-0000-7000-8000-0000000001%02x", (unsigned char)(i + 1));
        parents[i + 1].parent_id = parents[i + 1].user_id = ids[i + 1];
        parents[i + 1].role = w.parents[i].role;
        parents[i + 1].name = w.parents[i].name;
        pointers[family->n_parents++] = &parents[i + 1];
    }
}

/* The family as the answer of each method that shows it. */
static void answer_family(struct fam_backend_reply *reply, enum fam_backend_method method)
{
    Fam__V1__Child children[12], *child_pointers[12];
    Fam__V1__Parent parents[WORLD_PARENTS + 1], *parent_pointers[WORLD_PARENTS + 1];
    char ids[12][37], parent_ids[WORLD_PARENTS + 1][37];
    Fam__V1__Family family = FAM__V1__FAMILY__INIT;
    family.children = child_pointers;
    for (size_t i = 0; i < w.child_count; i++) {
        if (w.children[i].removed)
            continue;
        make_child(i, &children[i], ids[i]);
        child_pointers[family.n_children++] = &children[i];
    }
    make_parents(&family, parents, parent_pointers, parent_ids);
    family.name = w.family_name;
    family.country = w.family_country;
    family.time_zone = w.zone[0] ? w.zone : TXT("Europe/Moscow");
    family.no_ai = w.no_ai;
    family.retention_days = w.retention_days;
    Fam__V1__GetFamilyResponse got = FAM__V1__GET_FAMILY_RESPONSE__INIT;
    Fam__V1__UpdateFamilyResponse updated = FAM__V1__UPDATE_FAMILY_RESPONSE__INIT;
    Fam__V1__RemoveParentResponse removed = FAM__V1__REMOVE_PARENT_RESPONSE__INIT;
    Fam__V1__JoinFamilyResponse joined = FAM__V1__JOIN_FAMILY_RESPONSE__INIT;
    Fam__V1__RemoveChildResponse without = FAM__V1__REMOVE_CHILD_RESPONSE__INIT;
    got.family = updated.family = removed.family = joined.family = without.family = &family;
    answer(reply, method == FAM_BACKEND_UPDATE_FAMILY   ? &updated.base
                  : method == FAM_BACKEND_REMOVE_PARENT ? &removed.base
                  : method == FAM_BACKEND_JOIN_FAMILY   ? &joined.base
                  : method == FAM_BACKEND_REMOVE_CHILD  ? &without.base
                                                        : &got.base);
}

static enum fam_code get_family(struct fam_backend_reply *reply, struct fam_status *status)
{
    if (!w.family)
        return fam_fail(status, FAM_NOT_FOUND, "no family");
    answer_family(reply, FAM_BACKEND_GET_FAMILY);
    return FAM_OK;
}

static enum fam_code update_family(const Fam__V1__UpdateFamilyRequest *request, struct fam_backend_reply *reply,
                                   struct fam_status *status)
{
    if (strstr(request->time_zone, "Nowhere"))
        return fam_fail_field(status, "time_zone", "unknown");
    if (request->name[0])
        snprintf(w.family_name, sizeof(w.family_name), "%s", request->name);
    if (request->country[0])
        snprintf(w.family_country, sizeof(w.family_country), "%s", request->country);
    if (request->time_zone[0])
        snprintf(w.zone, sizeof(w.zone), "%s", request->time_zone);
    if (request->no_ai)
        w.no_ai = request->no_ai == FAM__V1__SWITCH__SWITCH_ON;
    if (request->retention_days)
        w.retention_days = request->retention_days;
    answer_family(reply, FAM_BACKEND_UPDATE_FAMILY);
    return FAM_OK;
}

static size_t index_of_id(const char *id)
{
    return (size_t)strtoul(id + 34, NULL, 16);
}

static enum fam_code remove_parent(const Fam__V1__RemoveParentRequest *request, struct fam_backend_reply *reply,
                                   struct fam_status *status)
{
    size_t index = index_of_id(request->parent_id);
    if (index < 1 || index > w.parent_count || w.parents[index - 1].removed)
        return fam_fail(status, FAM_PERMISSION_DENIED, "unknown");
    w.parents[index - 1].removed = true;
    answer_family(reply, FAM_BACKEND_REMOVE_PARENT);
    return FAM_OK;
}

static void make_invite(size_t index, Fam__V1__Invite *invite, char id[37])
{
    fam__v1__invite__init(invite);
    snprintf(id, 37, "00000000-0000-7000-8000-0000000002%02zx", index);
    invite->invite_id = id;
    invite->role = w.invites[index].role;
    invite->expires_at_ms = w.wall_ms + 72 * 3600000;
}

static enum fam_code create_invite(const Fam__V1__CreateInviteRequest *request, const char *key,
                                   struct fam_backend_reply *reply)
{
    size_t index = w.invite_count;
    for (size_t i = 0; i < w.invite_count; i++)
        if (strcmp(w.invites[i].key, key) == 0)
            index = i;
    if (index == w.invite_count) {
        cr_assert_lt(w.invite_count, (size_t)WORLD_INVITES);
        w.invites[index].role = request->role;
        snprintf(w.invites[index].key, sizeof(w.invites[index].key), "%s", key);
        w.invite_count++;
    }
    Fam__V1__Invite invite;
    char id[37];
    make_invite(index, &invite, id);
    Fam__V1__CreateInviteResponse response = FAM__V1__CREATE_INVITE_RESPONSE__INIT;
    response.invite = &invite;
    response.code = TXT("AAECAwQFBgcICQoLDA0ODw");
    answer(reply, &response.base);
    return FAM_OK;
}

static enum fam_code list_invites(struct fam_backend_reply *reply)
{
    Fam__V1__Invite invites[WORLD_INVITES], *pointers[WORLD_INVITES];
    char ids[WORLD_INVITES][37];
    Fam__V1__ListInvitesResponse response = FAM__V1__LIST_INVITES_RESPONSE__INIT;
    response.invites = pointers;
    for (size_t i = 0; i < w.invite_count; i++) {
        if (w.invites[i].ended)
            continue;
        make_invite(i, &invites[i], ids[i]);
        pointers[response.n_invites++] = &invites[i];
    }
    answer(reply, &response.base);
    return FAM_OK;
}

static enum fam_code look_at_code(const char *code, struct fam_status *status)
{
    return w.offered && strcmp(code, w.offered) == 0 ? FAM_OK : fam_fail(status, FAM_NOT_FOUND, "no such invitation");
}

static enum fam_code preview_invite(const Fam__V1__PreviewInviteRequest *request, struct fam_backend_reply *reply,
                                    struct fam_status *status)
{
    Fam__V1__PreviewInviteResponse response = FAM__V1__PREVIEW_INVITE_RESPONSE__INIT;
    if (look_at_code(request->code, status) != FAM_OK)
        return status->code;
    response.inviter_name = TXT("Пётр <b>");
    response.family_name = TXT("Ивановы");
    response.role = w.offered_role;
    answer(reply, &response.base);
    return FAM_OK;
}

static enum fam_code join_family(const Fam__V1__JoinFamilyRequest *request, struct fam_backend_reply *reply,
                                 struct fam_status *status)
{
    if (w.processing != 1)
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "CONSENT_REQUIRED", 0, "consent");
    if (w.family && (w.parent_count > 0 || w.child_count > 0))
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "HAS_FAMILY", 0, "one is enough");
    if (look_at_code(request->code, status) != FAM_OK)
        return status->code;
    /* Whoever invited is in it. */
    w.parent_count = 1;
    w.parents[0] = (struct world_parent){.role = FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT};
    snprintf(w.parents[0].name, sizeof(w.parents[0].name), "Пётр");
    w.family = true;
    w.offered = NULL;
    w.role = w.offered_role;
    snprintf(w.family_name, sizeof(w.family_name), "Ивановы");
    answer_family(reply, FAM_BACKEND_JOIN_FAMILY);
    return FAM_OK;
}

static enum fam_code leave_family(struct fam_backend_reply *reply, struct fam_status *status)
{
    Fam__V1__LeaveFamilyResponse response = FAM__V1__LEAVE_FAMILY_RESPONSE__INIT;
    if (!w.family)
        return fam_fail(status, FAM_NOT_FOUND, "no family");
    if (w.parent_count == 0)
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "LAST_PARENT", 0, "the last one");
    w.family = false;
    answer(reply, &response.base);
    return FAM_OK;
}

static enum fam_code update_child(const Fam__V1__UpdateChildRequest *request, struct fam_backend_reply *reply,
                                  struct fam_status *status)
{
    size_t index = index_of_id(request->child_id) - 0xc0;
    if (index >= w.child_count || w.children[index].removed)
        return fam_fail(status, FAM_PERMISSION_DENIED, "unknown");
    struct world_child *stored = &w.children[index];
    if (request->name[0])
        snprintf(stored->name, sizeof(stored->name), "%s", request->name);
    if (request->birth) {
        stored->year = request->birth->year;
        stored->month = request->birth->month;
    }
    if (request->set_profile) {
        stored->trait_count = request->n_traits;
        for (size_t i = 0; i < request->n_traits && i < 10; i++)
            stored->traits[i] = (int)request->traits[i];
        snprintf(stored->needs, sizeof(stored->needs), "%s", request->special_needs);
    }
    Fam__V1__Child child;
    char id[37];
    make_child(index, &child, id);
    Fam__V1__UpdateChildResponse response = FAM__V1__UPDATE_CHILD_RESPONSE__INIT;
    response.child = &child;
    answer(reply, &response.base);
    return FAM_OK;
}

static enum fam_code remove_child(const Fam__V1__RemoveChildRequest *request, struct fam_backend_reply *reply,
                                  struct fam_status *status)
{
    size_t index = index_of_id(request->child_id) - 0xc0;
    if (index >= w.child_count || w.children[index].removed)
        return fam_fail(status, FAM_PERMISSION_DENIED, "unknown");
    w.children[index].removed = true;
    answer_family(reply, FAM_BACKEND_REMOVE_CHILD);
    return FAM_OK;
}

static enum fam_code submit_feedback(const Fam__V1__SubmitFeedbackRequest *request, struct fam_backend_reply *reply)
{
    Fam__V1__SubmitFeedbackResponse response = FAM__V1__SUBMIT_FEEDBACK_RESPONSE__INIT;
    snprintf(w.feedback, sizeof(w.feedback), "%s", request->text);
    w.rating = request->rating;
    w.feedback_count++;
    answer(reply, &response.base);
    return FAM_OK;
}

/* True: it is one of these methods, and status->code says how it went. */
static bool family_method(const struct fam_backend_call *call, struct fam_backend_reply *reply,
                          struct fam_status *status)
{
    const void *request = call->request;
    bool changes_family = call->method == FAM_BACKEND_UPDATE_FAMILY || call->method == FAM_BACKEND_REMOVE_PARENT ||
                          call->method == FAM_BACKEND_CREATE_INVITE || call->method == FAM_BACKEND_LIST_INVITES ||
                          call->method == FAM_BACKEND_REVOKE_INVITE || call->method == FAM_BACKEND_UPDATE_CHILD ||
                          call->method == FAM_BACKEND_REMOVE_CHILD;
    status->code = FAM_OK;
    if (changes_family && world_is_reader()) {
        (void)fam_fail_reason(status, FAM_PERMISSION_DENIED, "READS_ONLY", 0, "reads only");
        return true;
    }
    switch (call->method) {
    case FAM_BACKEND_UPDATE_FAMILY:
        status->code = update_family(request, reply, status);
        return true;
    case FAM_BACKEND_LEAVE_FAMILY:
        status->code = leave_family(reply, status);
        return true;
    case FAM_BACKEND_REMOVE_PARENT:
        status->code = remove_parent(request, reply, status);
        return true;
    case FAM_BACKEND_CREATE_INVITE:
        status->code = create_invite(request, call->idempotency_key, reply);
        return true;
    case FAM_BACKEND_LIST_INVITES:
        status->code = list_invites(reply);
        return true;
    case FAM_BACKEND_REVOKE_INVITE: {
        Fam__V1__RevokeInviteResponse response = FAM__V1__REVOKE_INVITE_RESPONSE__INIT;
        w.invites[index_of_id(((const Fam__V1__RevokeInviteRequest *)request)->invite_id)].ended = true;
        answer(reply, &response.base);
        return true;
    }
    case FAM_BACKEND_PREVIEW_INVITE:
        status->code = preview_invite(request, reply, status);
        return true;
    case FAM_BACKEND_JOIN_FAMILY:
        status->code = join_family(request, reply, status);
        return true;
    case FAM_BACKEND_UPDATE_CHILD:
        status->code = update_child(request, reply, status);
        return true;
    case FAM_BACKEND_REMOVE_CHILD:
        status->code = remove_child(request, reply, status);
        return true;
    case FAM_BACKEND_SUBMIT_FEEDBACK:
        status->code = submit_feedback(request, reply);
        return true;
    default:
        return false;
    }
}

#endif
