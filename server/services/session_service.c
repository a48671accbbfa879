/* session_service.c: fam.v1.SessionService. */
#include <string.h>

#include "metrics/metrics.h"
#include "services/reply.h"
#include "services/services_private.h"
#include "services/unbuilt.h"
#include "session/session.h"
#include "store/lead_store.h"

static struct fam_services_context *context_of(Fam__V1__SessionService_Service *service)
{
    return ((struct fam_session_service *)service)->context;
}

static Fam__V1__Session *reply_session(struct fam_reply *reply, const struct fam_session *session)
{
    Fam__V1__Session *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__session__init(made);
    made->session_id = fam_reply_text(reply, session->id);
    made->user_id = fam_reply_uuid(reply, &session->user);
    made->client = fam_reply_text(reply, session->client);
    made->version = session->version;
    made->created_at_ms = session->created_at_ms;
    made->last_activity_ms = session->last_activity_ms;
    made->last_update_id = session->last_update_id;
    made->state = (ProtobufCBinaryData){.len = session->state.size, .data = session->state.data};
    made->draft = fam_reply_text(reply, fam_secret_text(&session->draft));
    return made;
}

static void create_session(Fam__V1__SessionService_Service *service, const Fam__V1__CreateSessionRequest *request,
                           Fam__V1__CreateSessionResponse_Closure closure, void *closure_data)
{
    struct fam_status status;
    fam_auto(fam_session_done) struct fam_session session;
    memset(&session, 0, sizeof(session));
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__CreateSessionResponse response = FAM__V1__CREATE_SESSION_RESPONSE__INIT;
    bool created = false;
    enum fam_code code = fam_sessions_create(context_of(service)->sessions, fam_call_acting_user(closure_data),
                                             request->client, &session, &created, &status);
    if (code == FAM_OK) {
        response.created = created;
        response.session = reply_session(&reply, &session);
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static void get_session(Fam__V1__SessionService_Service *service, const Fam__V1__GetSessionRequest *request,
                        Fam__V1__GetSessionResponse_Closure closure, void *closure_data)
{
    struct fam_status status;
    fam_auto(fam_session_done) struct fam_session session;
    memset(&session, 0, sizeof(session));
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__GetSessionResponse response = FAM__V1__GET_SESSION_RESPONSE__INIT;
    enum fam_code code = fam_sessions_get(context_of(service)->sessions, fam_call_acting_user(closure_data),
                                          request->session_id, &session, &status);
    if (code == FAM_OK) {
        response.session = reply_session(&reply, &session);
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static void update_session(Fam__V1__SessionService_Service *service, const Fam__V1__UpdateSessionRequest *request,
                           Fam__V1__UpdateSessionResponse_Closure closure, void *closure_data)
{
    struct fam_status status;
    fam_auto(fam_session_done) struct fam_session session;
    memset(&session, 0, sizeof(session));
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__UpdateSessionResponse response = FAM__V1__UPDATE_SESSION_RESPONSE__INIT;
    const struct fam_session_change change = {
        .version = request->version,
        .state = request->state.data,
        .state_size = request->state.len,
        .last_update_id = request->last_update_id,
        .draft = request->draft,
    };
    enum fam_code code = fam_sessions_update(context_of(service)->sessions, fam_call_acting_user(closure_data),
                                             request->session_id, &change, &session, &status);
    if (code == FAM_OK) {
        response.session = reply_session(&reply, &session);
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static void delete_session(Fam__V1__SessionService_Service *service, const Fam__V1__DeleteSessionRequest *request,
                           Fam__V1__DeleteSessionResponse_Closure closure, void *closure_data)
{
    struct fam_status status;
    if (fam_sessions_delete(context_of(service)->sessions, fam_call_acting_user(closure_data), request->session_id,
                            &status) != FAM_OK) {
        fam_call_fail(closure_data, &status);
        return;
    }
    Fam__V1__DeleteSessionResponse response = FAM__V1__DELETE_SESSION_RESPONSE__INIT;
    closure(&response, closure_data);
}

FAM_UNBUILT(SessionService, list_sessions, ListSessions)
FAM_UNBUILT(SessionService, delete_all_sessions, DeleteAllSessions)
/* The processes of one bot share its scope; so a token of another bot never gets in the way. */
static void acquire_lead(Fam__V1__SessionService_Service *service, const Fam__V1__AcquireLeadRequest *request,
                         Fam__V1__AcquireLeadResponse_Closure closure, void *closure_data)
{
    struct fam_services_context *context = context_of(service);
    const char *scope = fam_call_principal(closure_data)->scope;
    struct fam_status status;
    struct fam_lead lead = {.granted = false};
    Fam__V1__AcquireLeadResponse response = FAM__V1__ACQUIRE_LEAD_RESPONSE__INIT;
    enum fam_code code = fam_service_name(request->holder, "holder", &status);
    if (code == FAM_OK && request->release) {
        code = fam_lead_release(context->store, scope, request->holder, &status);
    } else if (code == FAM_OK && request->ttl_ms == 0) {
        code = fam_fail_field(&status, "ttl_ms", "ttl_ms is required: how long the lead lasts");
    } else if (code == FAM_OK) {
        code = fam_lead_acquire(context->store, scope, request->holder, request->ttl_ms, &lead, &status);
    }
    if (lead.changed) {
        fam_metrics_add(context->metrics, FAM_M_LEAD_CHANGES, NULL, 1);
    }
    response.granted = lead.granted;
    response.fence = lead.fence;
    response.expires_in_ms = lead.expires_in_ms;
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

void fam_session_service_init(struct fam_session_service *service, struct fam_services_context *context)
{
    static const Fam__V1__SessionService_Service HANDLERS = FAM__V1__SESSION_SERVICE__INIT();
    service->base = HANDLERS;
    service->context = context;
}
