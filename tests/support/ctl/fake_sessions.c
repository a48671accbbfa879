#include "fake_sessions.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "rpc/call.h"

/* Strings of messages are char *, and literals are const. */
static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

static struct fake_scene *scene_of(Fam__V1__SessionService_Service *service)
{
    return ((struct fake_sessions *)service)->scene;
}

static bool is_the_user(const struct fam_call *call)
{
    char user[FAM_UUID_TEXT_SIZE] = "";
    if (fam_call_acting_user(call) != NULL) {
        fam_uuid_format(fam_call_acting_user(call), user);
    }
    return strcmp(user, FAKE_TOKEN_ID) == 0;
}

static void fake_list_sessions(Fam__V1__SessionService_Service *service, const Fam__V1__ListSessionsRequest *request,
                               Fam__V1__ListSessionsResponse_Closure closure, void *closure_data)
{
    (void)service;
    (void)request;
    Fam__V1__ListSessionsResponse response = FAM__V1__LIST_SESSIONS_RESPONSE__INIT;
    Fam__V1__Session session = FAM__V1__SESSION__INIT;
    Fam__V1__Session *sessions[] = {&session};
    Fam__V1__SessionField step = FAM__V1__SESSION_FIELD__INIT;
    Fam__V1__SessionField hint = FAM__V1__SESSION_FIELD__INIT;
    Fam__V1__SessionField *fields[] = {&hint, &step};
    hint.name = text("hint");
    step.name = text("wizard.step");
    session.session_id = text(FAKE_SESSION_ID);
    session.user_id = text(FAKE_TOKEN_ID);
    session.client = text("telegram");
    session.version = 7;
    session.created_at_ms = 1000;
    session.last_activity_ms = 2000;
    session.last_update_id = 84;
    session.fields = fields;
    session.n_fields = 2;
    response.sessions = sessions;
    response.n_sessions = is_the_user(closure_data) ? 1 : 0;
    closure(&response, closure_data);
}

static void fake_delete_session(Fam__V1__SessionService_Service *service, const Fam__V1__DeleteSessionRequest *request,
                                Fam__V1__DeleteSessionResponse_Closure closure, void *closure_data)
{
    Fam__V1__DeleteSessionResponse response = FAM__V1__DELETE_SESSION_RESPONSE__INIT;
    bool known = is_the_user(closure_data) && strcmp(request->session_id, FAKE_SESSION_ID) == 0;
    scene_of(service)->sessions_ended += known ? 1 : 0;
    closure(&response, closure_data);
}

static void fake_delete_all_sessions(Fam__V1__SessionService_Service *service,
                                     const Fam__V1__DeleteAllSessionsRequest *request,
                                     Fam__V1__DeleteAllSessionsResponse_Closure closure, void *closure_data)
{
    Fam__V1__DeleteAllSessionsResponse response = FAM__V1__DELETE_ALL_SESSIONS_RESPONSE__INIT;
    response.deleted = is_the_user(closure_data) ? 3 : 0;
    scene_of(service)->sessions_ended += request->dry_run ? 0 : (int)response.deleted;
    closure(&response, closure_data);
}

/* Methods that are no operator's. */
#define FAKE_SILENT(name, Method)                                                                                      \
    static void fake_##name(Fam__V1__SessionService_Service *service, const Fam__V1__##Method##Request *request,       \
                            Fam__V1__##Method##Response_Closure closure, void *closure_data)                           \
    {                                                                                                                  \
        (void)service;                                                                                                 \
        (void)request;                                                                                                 \
        closure(NULL, closure_data);                                                                                   \
    }
FAKE_SILENT(create_session, CreateSession)
FAKE_SILENT(get_session, GetSession)
FAKE_SILENT(update_session, UpdateSession)
FAKE_SILENT(acquire_lead, AcquireLead)

void fake_sessions_init(struct fake_sessions *sessions, struct fake_scene *scene)
{
    static const Fam__V1__SessionService_Service SESSIONS = FAM__V1__SESSION_SERVICE__INIT(fake_);
    *sessions = (struct fake_sessions){.base = SESSIONS, .scene = scene};
}
