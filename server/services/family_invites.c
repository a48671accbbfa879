/* family_invites.c: fam.v1.FamilyService: ways into a family. */
#include <sodium.h>
#include <string.h>

#include "metrics/metrics.h"
#include "notify/bell.h"
#include "services/family_service.h"
#include "services/reply.h"
#include "session/limits.h"
#include "store/invite_store.h"

static void count(const struct fam_services_context *context, const char *result)
{
    fam_metrics_add(context->metrics, FAM_M_INVITES, FAM_LABELS(result), 1);
}

/* *ret_invite_id is the invitation that this key made, now or the first time. */
static enum fam_code create_once(struct fam_services_context *context, struct fam_call *call,
                                 const Fam__V1__CreateInviteRequest *request, const char *code,
                                 struct fam_uuid *ret_invite_id, struct fam_status *status)
{
    size_t replay_size = 0;
    const void *replay = fam_call_replay(call, &replay_size);
    if (replay != NULL) {
        return fam_ids_uuid(replay, replay_size, 0, ret_invite_id)
                   ? FAM_OK
                   : fam_fail(status, FAM_INTERNAL, "the remembered answer names no invitation");
    }
    enum fam_code done = fam_service_may_store(context, call, status);
    if (done != FAM_OK) {
        return done;
    }
    const struct fam_mutation mutation = fam_service_mutation(call);
    struct fam_outcome outcome;
    done =
        fam_invite_create(context->store, &mutation, fam_call_acting_user(call), request->role, code, &outcome, status);
    if (done != FAM_OK) {
        return done;
    }
    if (!outcome.replayed) {
        count(context, "created");
    }
    fam_call_set_consistency_token(call, outcome.lsn);
    (void)fam_ids_uuid(outcome.ids, outcome.ids_size, 0, ret_invite_id);
    return FAM_OK;
}

FAM_FAMILY_METHOD(create_invite, CreateInvite)
{
    struct fam_status status;
    struct fam_uuid invite_id = {.bytes = {0}};
    struct fam_invite invite;
    char code[FAM_INVITE_CODE_SIZE];
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__CreateInviteResponse response = FAM__V1__CREATE_INVITE_RESPONSE__INIT;
    const struct fam_mutation mutation = fam_service_mutation(call);
    enum fam_code done = fam_invite_code(context->store, &mutation, code, &status);
    if (done == FAM_OK) {
        done = create_once(context, call, request, code, &invite_id, &status);
    }
    if (done == FAM_OK &&
        fam_invite_get(context->store, fam_call_acting_user(call), &invite_id, &invite, &status) != FAM_OK) {
        done = fam_service_hide(&status);
    }
    if (done == FAM_OK) {
        response.invite = fam_reply_invite(&reply, &invite);
        response.code = fam_reply_text(&reply, code);
        done = fam_reply_check(&reply, &status);
    }
    sodium_memzero(code, sizeof(code));
    FAM_SERVICE_ANSWER(done, &status, closure, &response, call);
}

FAM_FAMILY_METHOD(list_invites, ListInvites)
{
    (void)request;
    struct fam_status status;
    struct fam_invite invites[FAM_INVITES_MAX];
    size_t found = 0;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__ListInvitesResponse response = FAM__V1__LIST_INVITES_RESPONSE__INIT;
    enum fam_code code = fam_invite_list(context->store, fam_call_acting_user(call), invites, &found, &status);
    if (code == FAM_OK) {
        response.invites = fam_reply_alloc(&reply, (found + 1) * sizeof(Fam__V1__Invite *));
        for (size_t i = 0; response.invites != NULL && i < found; i++) {
            response.invites[response.n_invites++] = fam_reply_invite(&reply, &invites[i]);
        }
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

FAM_FAMILY_METHOD(revoke_invite, RevokeInvite)
{
    struct fam_status status;
    struct fam_uuid invite_id;
    Fam__V1__RevokeInviteResponse response = FAM__V1__REVOKE_INVITE_RESPONSE__INIT;
    size_t replay_size = 0;
    enum fam_code code = fam_service_uuid(request->invite_id, "invite_id", &invite_id, &status);
    if (code == FAM_OK && fam_call_replay(call, &replay_size) == NULL) {
        const struct fam_mutation mutation = fam_service_mutation(call);
        struct fam_outcome outcome;
        bool ended = false;
        code = fam_invite_revoke(context->store, &mutation, fam_call_acting_user(call), &invite_id, &ended, &outcome,
                                 &status);
        code = code == FAM_OK ? FAM_OK : fam_service_hide(&status);
        if (ended) {
            count(context, "revoked");
        }
        if (code == FAM_OK) {
            fam_call_set_consistency_token(call, outcome.lsn);
        }
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

/* A guess is taken before the code is looked at, so that many at once are not free, and given back unless the code was
 * wrong. */
static enum fam_code take_guess(struct fam_services_context *context, const struct fam_call *call,
                                struct fam_status *status)
{
    uint32_t retry_after_ms = 0;
    enum fam_limit_window window = FAM_LIMIT_NONE;
    enum fam_code code =
        fam_limits_take(context->guesses, fam_call_acting_user(call), &retry_after_ms, &window, status);
    if (code != FAM_OK) {
        count(context, "refused");
    }
    return code;
}

static void settle_guess(struct fam_services_context *context, const struct fam_call *call, enum fam_code code)
{
    if (code == FAM_NOT_FOUND) {
        count(context, "refused");
    } else {
        fam_limits_give_back(context->guesses, fam_call_acting_user(call));
    }
}

FAM_FAMILY_METHOD(preview_invite, PreviewInvite)
{
    struct fam_status status;
    fam_auto(fam_user_done) struct fam_user user = {.name = NULL};
    fam_auto(fam_invite_preview_done) struct fam_invite_preview preview = {.family_name = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__PreviewInviteResponse response = FAM__V1__PREVIEW_INVITE_RESPONSE__INIT;
    enum fam_code code = fam_service_load_user(context, call, &user, &status);
    if (code == FAM_OK) {
        code = take_guess(context, call, &status);
    }
    if (code == FAM_OK) {
        code = fam_invite_look(context->store, request->code, &preview, &status);
        settle_guess(context, call, code);
    }
    if (code == FAM_OK && user.has_family && fam_uuid_equal(&user.family_id, &preview.family_id)) {
        code =
            fam_fail_reason(&status, FAM_FAILED_PRECONDITION, "HAS_FAMILY", 0, "it leads into the user's own family");
    }
    if (code == FAM_OK) {
        response.inviter_name = fam_reply_text(&reply, preview.inviter_name);
        response.family_name = fam_reply_text(&reply, preview.family_name);
        response.role = preview.role;
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

/* Who may join at all; says nothing about the code. */
static enum fam_code check_newcomer(struct fam_services_context *context, const struct fam_call *call,
                                    struct fam_status *status)
{
    fam_auto(fam_user_done) struct fam_user user = {.name = NULL};
    enum fam_code code = fam_service_load_user(context, call, &user, status);
    return code == FAM_OK ? fam_service_require_processing(&user, status) : code;
}

static enum fam_code join_once(struct fam_services_context *context, struct fam_call *call, const char *invite_code,
                               struct fam_status *status)
{
    size_t replay_size = 0;
    if (fam_call_replay(call, &replay_size) != NULL) {
        return FAM_OK;
    }
    enum fam_code code = check_newcomer(context, call, status);
    if (code == FAM_OK) {
        code = take_guess(context, call, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    const struct fam_mutation mutation = fam_service_mutation(call);
    struct fam_outcome outcome;
    code = fam_invite_join(context->store, &mutation, fam_call_acting_user(call), invite_code, &outcome, status);
    settle_guess(context, call, code);
    if (code != FAM_OK) {
        return code;
    }
    if (!outcome.replayed) {
        count(context, "joined");
        fam_bell_ring(context->bell);
    }
    fam_call_set_consistency_token(call, outcome.lsn);
    return FAM_OK;
}

FAM_FAMILY_METHOD(join_family, JoinFamily)
{
    struct fam_status status;
    fam_auto(fam_family_done) struct fam_family family = {.name = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__JoinFamilyResponse response = FAM__V1__JOIN_FAMILY_RESPONSE__INIT;
    enum fam_code code = join_once(context, call, request->code, &status);
    if (code == FAM_OK) {
        code = fam_service_show_family(context, call, &reply, &family, &response.family, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
