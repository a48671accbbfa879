/* privacy_call.c: see privacy_call.h. */
#include "services/privacy_call.h"

#include <stdio.h>

#include "store/disclosure_store.h"
#include "store/erase_store.h"
#include "store/privacy_store.h"

enum { PAGE_DEFAULT = 5 };

Fam__V1__Recipient *fam_reply_recipient(struct fam_reply *reply, const char *name, int64_t count, int64_t first_ms,
                                        int64_t last_ms)
{
    Fam__V1__Recipient *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__recipient__init(made);
    made->name = fam_reply_text(reply, name);
    made->count = count;
    made->first_ms = first_ms;
    made->last_ms = last_ms;
    return made;
}

static void reply_stored(struct fam_reply *reply, const struct fam_privacy *privacy,
                         Fam__V1__GetPrivacyReportResponse *response)
{
    response->stored = fam_reply_alloc(reply, (privacy->stored_count + 1) * sizeof(*response->stored));
    for (size_t i = 0; response->stored != NULL && i < privacy->stored_count; i++) {
        Fam__V1__StoredItem *made = fam_reply_alloc(reply, sizeof(*made));
        if (made == NULL) {
            return;
        }
        fam__v1__stored_item__init(made);
        made->kind = privacy->stored[i].kind;
        made->count = privacy->stored[i].count;
        made->oldest_ms = privacy->stored[i].oldest_ms;
        made->kept_until_ms = privacy->stored[i].kept_until_ms;
        response->stored[response->n_stored++] = made;
    }
}

static void reply_recipients(struct fam_reply *reply, const struct fam_privacy *privacy,
                             Fam__V1__GetPrivacyReportResponse *response)
{
    if (privacy->sent_count == 0) {
        return;
    }
    response->recipients = fam_reply_alloc(reply, sizeof(*response->recipients));
    if (response->recipients != NULL) {
        response->recipients[0] =
            fam_reply_recipient(reply, "anthropic", privacy->sent_count, privacy->sent_first_ms, privacy->sent_last_ms);
        response->n_recipients = response->recipients[0] != NULL ? 1 : 0;
    }
}

/* Disclosures of one page. */
struct page {
    struct fam_disclosure *list;
    size_t count;
    bool more;
};

static void page_done(struct page *page)
{
    fam_disclosures_free(page->list, page->count);
}

static void reply_page(struct fam_reply *reply, const struct page *page, Fam__V1__GetPrivacyReportResponse *response)
{
    response->disclosures = fam_reply_alloc(reply, (page->count + 1) * sizeof(*response->disclosures));
    for (size_t i = 0; response->disclosures != NULL && i < page->count; i++) {
        Fam__V1__Disclosure *made = fam_reply_alloc(reply, sizeof(*made));
        if (made == NULL) {
            return;
        }
        fam__v1__disclosure__init(made);
        made->at_ms = page->list[i].created_at_ms;
        made->recipient = fam_reply_text(reply, page->list[i].recipient);
        made->model = fam_reply_text(reply, page->list[i].model);
        made->body = fam_reply_text(reply, page->list[i].body);
        response->disclosures[response->n_disclosures++] = made;
    }
    if (page->more) {
        response->next_page_token = fam_reply_uuid(reply, &page->list[page->count - 1].disclosure_id);
    }
}

static enum fam_code fill(struct fam_services_context *context, const struct fam_call *call,
                          const Fam__V1__GetPrivacyReportRequest *request, struct fam_reply *reply, struct page *page,
                          Fam__V1__GetPrivacyReportResponse *response, struct fam_status *status)
{
    struct fam_service_page asked;
    struct fam_privacy privacy;
    struct fam_consent consents[FAM_CONSENT_PURPOSES];
    size_t consent_count = 0;
    const struct fam_uuid *user_id = fam_call_acting_user(call);
    enum fam_code code = fam_service_read_page(request->page_size == 0 ? PAGE_DEFAULT : request->page_size,
                                               request->page_token, &asked, status);
    if (code == FAM_OK) {
        code = fam_privacy_read(context->store, user_id, context->retention_days, &privacy, status);
    }
    if (code == FAM_OK) {
        code = fam_consent_list(context->store, user_id, consents, &consent_count, status);
    }
    if (code == FAM_OK) {
        code = fam_disclosure_list(context->store, user_id, asked.before, asked.limit, &page->list, &page->count,
                                   &page->more, status);
    }
    if (code != FAM_OK) {
        return fam_service_hide(status);
    }
    reply_stored(reply, &privacy, response);
    reply_recipients(reply, &privacy, response);
    response->consents = fam_reply_consents(reply, consents, consent_count);
    response->n_consents = consent_count;
    response->retention_days = privacy.retention_days;
    response->no_ai = privacy.no_ai;
    response->backup_days = FAM_ERASE_COPIES_DAYS;
    reply_page(reply, page, response);
    return fam_reply_check(reply, status);
}

void fam_service_get_privacy_report(struct fam_services_context *context,
                                    const Fam__V1__GetPrivacyReportRequest *request,
                                    Fam__V1__GetPrivacyReportResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    fam_auto(page_done) struct page page = {.list = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__GetPrivacyReportResponse response = FAM__V1__GET_PRIVACY_REPORT_RESPONSE__INIT;
    enum fam_code code = fill(context, call, request, &reply, &page, &response, &status);
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
