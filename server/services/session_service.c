/* session_service.c: fam.v1.SessionService. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "metrics/metrics.h"
#include "services/reply.h"
#include "services/services_private.h"
#include "session/session.h"
#include "store/audit_store.h"
#include "store/lead_store.h"
#include "store/user_store.h"

static struct fam_services_context *context_of(Fam__V1__SessionService_Service *service)
{
    return ((struct fam_session_service *)service)->context;
}

/* The fields; without `value` their names alone. */
static Fam__V1__SessionField *reply_field(struct fam_reply *reply, const char *name, const struct fam_secret *value)
{
    Fam__V1__SessionField *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__session_field__init(made);
    made->name = fam_reply_text(reply, name);
    if (value != NULL) {
        made->value = (ProtobufCBinaryData){.len = value->size, .data = value->data};
    }
    return made;
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
    made->fields = fam_reply_alloc(reply, (session->field_count + 1) * sizeof(*made->fields));
    for (size_t i = 0; made->fields != NULL && i < session->field_count; i++) {
        made->fields[i] = reply_field(reply, session->fields[i].name, &session->fields[i].value);
    }
    made->n_fields = session->field_count;
    return made;
}

/* Is the person of a new session still there? Somebody who is being erased has been marked so before the sessions are
 * ended: what was made since then is found here, and what was made before is ended there. */
static enum fam_code check_person(struct fam_services_context *context, const struct fam_uuid *user_id,
                                  const struct fam_session *session, struct fam_status *status)
{
    fam_auto(fam_user_done) struct fam_user user;
    struct fam_status ignored;
    memset(&user, 0, sizeof(user));
    enum fam_code code = fam_user_get(context->store, user_id, &user, status);
    if (code != FAM_OK && fam_sessions_delete(context->sessions, user_id, session->id, &ignored) != FAM_OK) {
        fam_log_status(context->log, FAM_LOG_WARN, "session", "a session without a person ends by itself", &ignored);
    }
    return code;
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
    if (code == FAM_OK && created) {
        code = check_person(context_of(service), fam_call_acting_user(closure_data), &session, &status);
    }
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
    struct fam_session_field_change fields[FAM_SESSION_FIELDS];
    /* The rules hold the count; one more is refused below whatever they say. */
    for (size_t i = 0; i < request->n_fields && i < FAM_SESSION_FIELDS; i++) {
        fields[i] = (struct fam_session_field_change){.name = request->fields[i]->name,
                                                      .value = request->fields[i]->value.data,
                                                      .size = request->fields[i]->value.len};
    }
    const struct fam_session_change change = {
        .merge = request->merge,
        .version = request->version,
        .fence = request->fence,
        .fields = fields,
        .field_count = request->n_fields,
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

/* What an operator ends is written down first. A call with a reason has its line already. */
static enum fam_code audit_operator(struct fam_services_context *context, const struct fam_call *call,
                                    struct fam_status *status)
{
    if (fam_call_principal(call)->role != FAM_ROLE_ADMIN || fam_call_reason(call)[0] != '\0') {
        return FAM_OK;
    }
    const struct fam_audit line = {
        .principal = fam_call_principal(call)->scope,
        .method = fam_call_method(call)->name,
        .user_id = fam_call_acting_user(call),
        .reason = "",
        .request_id = fam_call_request_id(call),
    };
    return fam_audit_append(context->store, &line, status);
}

static void delete_session(Fam__V1__SessionService_Service *service, const Fam__V1__DeleteSessionRequest *request,
                           Fam__V1__DeleteSessionResponse_Closure closure, void *closure_data)
{
    struct fam_services_context *context = context_of(service);
    struct fam_status status;
    Fam__V1__DeleteSessionResponse response = FAM__V1__DELETE_SESSION_RESPONSE__INIT;
    enum fam_code code = audit_operator(context, closure_data, &status);
    if (code == FAM_OK) {
        code = fam_sessions_delete(context->sessions, fam_call_acting_user(closure_data), request->session_id, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static void summaries_done(struct fam_session_summary **list)
{
    free(*list);
}

static Fam__V1__Session *reply_summary(struct fam_reply *reply, const struct fam_uuid *user,
                                       const struct fam_session_summary *summary)
{
    Fam__V1__Session *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__session__init(made);
    made->session_id = fam_reply_text(reply, summary->id);
    made->user_id = fam_reply_uuid(reply, user);
    made->client = fam_reply_text(reply, summary->client);
    made->version = summary->version;
    made->created_at_ms = summary->created_at_ms;
    made->last_activity_ms = summary->last_activity_ms;
    made->last_update_id = summary->last_update_id;
    made->fields = fam_reply_alloc(reply, (summary->name_count + 1) * sizeof(*made->fields));
    for (size_t i = 0; made->fields != NULL && i < summary->name_count; i++) {
        made->fields[i] = reply_field(reply, summary->names[i], NULL);
    }
    made->n_fields = summary->name_count;
    return made;
}

static void list_sessions(Fam__V1__SessionService_Service *service, const Fam__V1__ListSessionsRequest *request,
                          Fam__V1__ListSessionsResponse_Closure closure, void *closure_data)
{
    (void)request;
    struct fam_status status;
    const struct fam_uuid *user = fam_call_acting_user(closure_data);
    fam_auto(summaries_done) struct fam_session_summary *list = NULL;
    size_t count = 0;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__ListSessionsResponse response = FAM__V1__LIST_SESSIONS_RESPONSE__INIT;
    enum fam_code code = fam_sessions_list(context_of(service)->sessions, user, &list, &count, &status);
    if (code == FAM_OK) {
        response.sessions = fam_reply_alloc(&reply, (count + 1) * sizeof(*response.sessions));
        for (size_t i = 0; response.sessions != NULL && i < count; i++) {
            response.sessions[i] = reply_summary(&reply, user, &list[i]);
        }
        response.n_sessions = count;
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static void delete_all_sessions(Fam__V1__SessionService_Service *service,
                                const Fam__V1__DeleteAllSessionsRequest *request,
                                Fam__V1__DeleteAllSessionsResponse_Closure closure, void *closure_data)
{
    struct fam_services_context *context = context_of(service);
    struct fam_status status;
    size_t deleted = 0;
    Fam__V1__DeleteAllSessionsResponse response = FAM__V1__DELETE_ALL_SESSIONS_RESPONSE__INIT;
    enum fam_code code = request->dry_run ? FAM_OK : audit_operator(context, closure_data, &status);
    if (code == FAM_OK) {
        code = fam_sessions_delete_all(context->sessions, fam_call_acting_user(closure_data), request->dry_run,
                                       &deleted, &status);
    }
    response.deleted = (int64_t)deleted;
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

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
