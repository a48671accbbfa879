#include "services/ops_people.h"

#include <stdlib.h>

#include "services/reply.h"
#include "store/audit_store.h"
#include "store/summary_store.h"

/* An id that may be none. */
static char *reply_id(struct fam_reply *reply, const struct fam_uuid *id)
{
    return fam_uuid_is_nil(id) ? fam_reply_text(reply, "") : fam_reply_uuid(reply, id);
}

static void list_free(void *list)
{
    free(*(void **)list);
}

static Fam__V1__UserSummary *reply_user(struct fam_reply *reply, const struct fam_user_summary *user)
{
    Fam__V1__UserSummary *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__user_summary__init(made);
    made->user_id = fam_reply_uuid(reply, &user->user_id);
    made->language = user->language;
    made->country = fam_reply_text(reply, user->country);
    made->source = user->source;
    made->family_id = reply_id(reply, &user->family_id);
    made->created_at_ms = user->created_at_ms;
    made->last_seen_at_ms = user->last_seen_at_ms;
    made->entries = user->entries;
    return made;
}

void fam_ops_list_users(struct fam_services_context *context, const Fam__V1__ListUsersRequest *request,
                        Fam__V1__ListUsersResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct fam_service_page page;
    fam_auto(list_free) struct fam_user_summary *list = NULL;
    size_t count = 0;
    bool more = false;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__ListUsersResponse response = FAM__V1__LIST_USERS_RESPONSE__INIT;
    enum fam_code code = fam_service_read_page(request->page_size, request->page_token, &page, &status);
    if (code == FAM_OK) {
        code = fam_user_summaries(context->store, page.before, page.limit, &list, &count, &more, &status);
    }
    if (code == FAM_OK) {
        response.users = fam_reply_alloc(&reply, (count + 1) * sizeof(*response.users));
        for (size_t i = 0; response.users != NULL && i < count; i++) {
            response.users[i] = reply_user(&reply, &list[i]);
        }
        response.n_users = count;
        response.next_page_token = fam_reply_text(&reply, "");
        if (more && count > 0) {
            response.next_page_token = fam_reply_uuid(&reply, &list[count - 1].user_id);
        }
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

static Fam__V1__FamilySummary *reply_family(struct fam_reply *reply, const struct fam_family_summary *family)
{
    Fam__V1__FamilySummary *made = fam_reply_alloc(reply, sizeof(*made));
    char **user_ids = fam_reply_alloc(reply, (family->user_count + 1) * sizeof(*user_ids));
    if (made == NULL || user_ids == NULL) {
        return NULL;
    }
    fam__v1__family_summary__init(made);
    made->family_id = fam_reply_uuid(reply, &family->family_id);
    made->country = fam_reply_text(reply, family->country);
    made->time_zone = fam_reply_text(reply, family->time_zone);
    made->created_at_ms = family->created_at_ms;
    made->parents = family->parents;
    made->readers = family->readers;
    made->children = family->children;
    made->entries = family->entries;
    for (size_t i = 0; i < family->user_count; i++) {
        user_ids[i] = fam_reply_uuid(reply, &family->user_ids[i]);
    }
    made->user_ids = user_ids;
    made->n_user_ids = family->user_count;
    return made;
}

void fam_ops_list_families(struct fam_services_context *context, const Fam__V1__ListFamiliesRequest *request,
                           Fam__V1__ListFamiliesResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct fam_service_page page;
    fam_auto(list_free) struct fam_family_summary *list = NULL;
    size_t count = 0;
    bool more = false;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__ListFamiliesResponse response = FAM__V1__LIST_FAMILIES_RESPONSE__INIT;
    enum fam_code code = fam_service_read_page(request->page_size, request->page_token, &page, &status);
    if (code == FAM_OK) {
        code = fam_family_summaries(context->store, page.before, page.limit, &list, &count, &more, &status);
    }
    if (code == FAM_OK) {
        response.families = fam_reply_alloc(&reply, (count + 1) * sizeof(*response.families));
        for (size_t i = 0; response.families != NULL && i < count; i++) {
            response.families[i] = reply_family(&reply, &list[i]);
        }
        response.n_families = count;
        response.next_page_token = fam_reply_text(&reply, "");
        if (more && count > 0) {
            response.next_page_token = fam_reply_uuid(&reply, &list[count - 1].family_id);
        }
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

static Fam__V1__AuditRecord *reply_record(struct fam_reply *reply, const struct fam_audit_record *record)
{
    Fam__V1__AuditRecord *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__audit_record__init(made);
    made->audit_id = fam_reply_uuid(reply, &record->audit_id);
    made->at_ms = record->at_ms;
    made->principal = fam_reply_text(reply, record->principal);
    made->method = fam_reply_text(reply, record->method);
    made->user_id = reply_id(reply, &record->user_id);
    made->target_id = reply_id(reply, &record->target_id);
    made->reason = fam_reply_text(reply, record->reason);
    made->request_id = fam_reply_text(reply, record->request_id);
    return made;
}

/* Reads the page that the request asks for. */
static enum fam_code read_audit(struct fam_services_context *context, const Fam__V1__ListAuditRequest *request,
                                struct fam_audit_record **ret_list, size_t *ret_count, bool *ret_more,
                                struct fam_status *status)
{
    struct fam_service_page page;
    struct fam_uuid user_id;
    bool of_user = request->user_id[0] != '\0';
    enum fam_code code = fam_service_read_page(request->page_size, request->page_token, &page, status);
    if (code == FAM_OK && of_user) {
        code = fam_service_uuid(request->user_id, "user_id", &user_id, status);
    }
    return code != FAM_OK ? code
                          : fam_audit_list(context->store, of_user ? &user_id : NULL, page.before, page.limit, ret_list,
                                           ret_count, ret_more, status);
}

void fam_ops_list_audit(struct fam_services_context *context, const Fam__V1__ListAuditRequest *request,
                        Fam__V1__ListAuditResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    fam_auto(list_free) struct fam_audit_record *list = NULL;
    size_t count = 0;
    bool more = false;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__ListAuditResponse response = FAM__V1__LIST_AUDIT_RESPONSE__INIT;
    enum fam_code code = read_audit(context, request, &list, &count, &more, &status);
    if (code == FAM_OK) {
        response.records = fam_reply_alloc(&reply, (count + 1) * sizeof(*response.records));
        for (size_t i = 0; response.records != NULL && i < count; i++) {
            response.records[i] = reply_record(&reply, &list[i]);
        }
        response.n_records = count;
        response.next_page_token = fam_reply_text(&reply, "");
        if (more && count > 0) {
            response.next_page_token = fam_reply_uuid(&reply, &list[count - 1].audit_id);
        }
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
