/* session list, show, revoke. What a session keeps never comes here: the server names its fields and no more. */
#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "commands/commands.h"
#include "ctl.h"
#include "fam/v1/session.pb-c.h"

/* The table makes sure that it is a UUID. */
static struct fam_uuid user_of(const char *text)
{
    struct fam_uuid user = {{0}};
    (void)fam_uuid_parse(text, &user);
    return user;
}

/* Calls ListSessions; the answer belongs to *rpc. */
static enum fam_code list(struct fam_ctl *ctl, struct fam_rpc *rpc, const struct fam_rpc_options *options,
                          const Fam__V1__ListSessionsResponse **ret_response, struct fam_status *status)
{
    Fam__V1__ListSessionsRequest request = FAM__V1__LIST_SESSIONS_REQUEST__INIT;
    fam_rpc_init(rpc, options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__session_service, list_sessions, rpc, &request, status);
    *ret_response = code == FAM_OK ? (const Fam__V1__ListSessionsResponse *)fam_rpc_response(rpc) : NULL;
    return code;
}

enum { NAMES_MAX = 64 };

/* The names of the session's fields, borrowed from it. */
static size_t names_of(const Fam__V1__Session *session, const char *ret_names[NAMES_MAX])
{
    size_t count = 0;
    for (; count < session->n_fields && count < NAMES_MAX; count++) {
        ret_names[count] = session->fields[count]->name;
    }
    return count;
}

static void show_list(struct fam_out *out, const Fam__V1__ListSessionsResponse *response)
{
    static const struct fam_column columns[] = {{"session_id", "ID"},
                                                {"client", "CLIENT"},
                                                {"version", "VERSION"},
                                                {"created_at", "CREATED AT"},
                                                {"last_activity_at", "LAST ACTIVITY AT"},
                                                {"fields", "FIELDS"}};
    fam_out_table(out, "sessions", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < response->n_sessions; i++) {
        const Fam__V1__Session *session = response->sessions[i];
        const char *names[NAMES_MAX];
        size_t count = names_of(session, names);
        fam_out_cell(out, FAM_TEXT(session->session_id));
        fam_out_cell(out, FAM_TEXT(session->client));
        fam_out_cell(out, FAM_NUMBER(session->version));
        fam_out_cell(out, FAM_TIME(session->created_at_ms));
        fam_out_cell(out, FAM_TIME(session->last_activity_ms));
        fam_out_cell(out, FAM_WORDS(names, count));
    }
}

enum fam_code fam_ctl_session_list(struct fam_ctl *ctl, struct fam_status *status)
{
    const struct fam_uuid user = user_of(ctl->parsed->arguments[0]);
    const Fam__V1__ListSessionsResponse *response = NULL;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    options.acting_user = &user;
    enum fam_code code = list(ctl, &rpc, &options, &response, status);
    if (code == FAM_OK) {
        show_list(&ctl->out, response);
    }
    fam_rpc_done(&rpc);
    return code;
}

static void show_one(struct fam_out *out, const Fam__V1__Session *session)
{
    const char *names[NAMES_MAX];
    size_t count = names_of(session, names);
    fam_out_field(out, "session_id", "Id", FAM_TEXT(session->session_id));
    fam_out_field(out, "user_id", "User", FAM_TEXT(session->user_id));
    fam_out_field(out, "client", "Client", FAM_TEXT(session->client));
    fam_out_field(out, "version", "Version", FAM_NUMBER(session->version));
    fam_out_field(out, "created_at", "Created at", FAM_TIME(session->created_at_ms));
    fam_out_field(out, "last_activity_at", "Last activity at", FAM_TIME(session->last_activity_ms));
    fam_out_field(out, "last_update_id", "Last update", FAM_NUMBER(session->last_update_id));
    fam_out_field(out, "fields", "Fields", FAM_WORDS(names, count));
}

/* Finds the user's session of this id and shows it. */
static enum fam_code find(struct fam_ctl *ctl, const struct fam_uuid *user, const char *id, struct fam_status *status)
{
    const Fam__V1__ListSessionsResponse *response = NULL;
    const Fam__V1__Session *found = NULL;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    options.acting_user = user;
    enum fam_code code = list(ctl, &rpc, &options, &response, status);
    for (size_t i = 0; code == FAM_OK && i < response->n_sessions; i++) {
        if (strcmp(response->sessions[i]->session_id, id) == 0) {
            found = response->sessions[i];
        }
    }
    if (code == FAM_OK && found == NULL) {
        code = fam_fail(status, FAM_NOT_FOUND, "this user has no session %s; 'famctl session list' shows them", id);
    } else if (code == FAM_OK) {
        show_one(&ctl->out, found);
    }
    fam_rpc_done(&rpc);
    return code;
}

enum fam_code fam_ctl_session_show(struct fam_ctl *ctl, struct fam_status *status)
{
    const struct fam_uuid user = user_of(fam_parsed_value(ctl->parsed, "--user"));
    return find(ctl, &user, ctl->parsed->arguments[0], status);
}

static enum fam_code revoke_one(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__DeleteSessionRequest request = FAM__V1__DELETE_SESSION_REQUEST__INIT;
    const struct fam_uuid user = user_of(fam_parsed_value(ctl->parsed, "--user"));
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    /* Looked for first, so that a mistyped id is not called ended. */
    enum fam_code code = find(ctl, &user, ctl->parsed->arguments[0], status);
    if (code != FAM_OK) {
        return code;
    }
    if (fam_ctl_is_dry_run(ctl)) {
        fam_out_note(&ctl->out, "It would be ended. Nothing was changed.");
        return FAM_OK;
    }
    options.read_only = true; /* a repeat finds nothing more to end */
    options.acting_user = &user;
    options.reason = fam_parsed_value(ctl->parsed, "--reason");
    request.session_id = ctl->parsed->arguments[0];
    fam_rpc_init(&rpc, &options);
    code = FAM_RPC(ctl->client, fam__v1__session_service, delete_session, &rpc, &request, status);
    if (code == FAM_OK) {
        fam_out_note(&ctl->out, "It is ended now.");
    }
    fam_rpc_done(&rpc);
    return code;
}

static enum fam_code revoke_all(struct fam_ctl *ctl, const char *user_id, struct fam_status *status)
{
    Fam__V1__DeleteAllSessionsRequest request = FAM__V1__DELETE_ALL_SESSIONS_REQUEST__INIT;
    const struct fam_uuid user = user_of(user_id);
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    char question[128];
    enum fam_code code = FAM_OK;
    request.dry_run = fam_ctl_is_dry_run(ctl);
    if (!request.dry_run) {
        (void)snprintf(question, sizeof(question), "End all sessions of user %s?", user_id);
        code = fam_ctl_confirm(ctl, question, "no session was ended", status);
    }
    if (code != FAM_OK) {
        return code;
    }
    options.acting_user = &user;
    options.reason = fam_parsed_value(ctl->parsed, "--reason");
    fam_rpc_init(&rpc, &options);
    code = FAM_RPC(ctl->client, fam__v1__session_service, delete_all_sessions, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__DeleteAllSessionsResponse *response =
            (const Fam__V1__DeleteAllSessionsResponse *)fam_rpc_response(&rpc);
        fam_out_field(&ctl->out, request.dry_run ? "would_delete" : "deleted",
                      request.dry_run ? "Would be ended" : "Ended", FAM_NUMBER(response->deleted));
        if (request.dry_run) {
            fam_out_note(&ctl->out, "Nothing was changed.");
        }
    }
    fam_rpc_done(&rpc);
    return code;
}

enum fam_code fam_ctl_session_revoke(struct fam_ctl *ctl, struct fam_status *status)
{
    const char *all = fam_parsed_value(ctl->parsed, "--all");
    bool one = ctl->parsed->argument_count > 0;
    bool user = fam_parsed_value(ctl->parsed, "--user") != NULL;
    if (all != NULL && (one || user)) {
        return fam_usage(status, "--all USER ends all sessions of that user: it takes no SESSION and no --user");
    }
    if (all == NULL && (!one || !user)) {
        return fam_usage(status, "name one session by SESSION --user ID, or all of a user by --all ID");
    }
    return all != NULL ? revoke_all(ctl, all, status) : revoke_one(ctl, status);
}
