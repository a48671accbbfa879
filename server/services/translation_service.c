/* translation_service.c: fam.v1.TranslationService but for Translate, which has a file of its own. */
#include <stdlib.h>
#include <string.h>

#include "rpc/call.h"
#include "services/reply.h"
#include "services/services_private.h"
#include "services/translate_batch.h"
#include "services/translate_call.h"
#include "services/unbuilt.h"

enum { PAGE_DEFAULT = 20 };

static struct fam_services_context *context_of(Fam__V1__TranslationService_Service *service)
{
    return ((struct fam_translation_service *)service)->context;
}

static void translate(Fam__V1__TranslationService_Service *service, const Fam__V1__TranslateRequest *request,
                      Fam__V1__TranslateResponse_Closure closure, void *closure_data)
{
    fam_translate_call(context_of(service), request, closure, closure_data);
}

static void translate_batch(Fam__V1__TranslationService_Service *service, const Fam__V1__TranslateBatchRequest *request,
                            Fam__V1__TranslateBatchResponse_Closure closure, void *closure_data)
{
    fam_translate_batch(context_of(service), request, closure, closure_data);
}

/* The author's country and language decide on the help that stands with an entry. */
static enum fam_code load_author(struct fam_services_context *context, const struct fam_call *call,
                                 struct fam_user *ret_user, struct fam_status *status)
{
    enum fam_code code = fam_user_get(context->store, fam_call_acting_user(call), ret_user, status);
    return code == FAM_OK ? FAM_OK : fam_service_hide(status);
}

/* One entry of the author as the API shows it. */
static enum fam_code show_entry(struct fam_services_context *context, const struct fam_call *call,
                                const struct fam_uuid *entry_id, struct fam_reply *reply, struct fam_entry *ret_entry,
                                Fam__V1__Entry **ret_shown, struct fam_status *status)
{
    fam_auto(fam_user_done) struct fam_user user = {.name = NULL};
    enum fam_code code = load_author(context, call, &user, status);
    if (code == FAM_OK) {
        code = fam_entry_get(context->store, fam_call_acting_user(call), entry_id, ret_entry, status);
        code = code == FAM_OK ? FAM_OK : fam_service_hide(status);
    }
    if (code == FAM_OK) {
        code = fam_translate_show(context, reply, ret_entry, user.help_country, ret_shown, status);
    }
    return code;
}

static void get_entry(Fam__V1__TranslationService_Service *service, const Fam__V1__GetEntryRequest *request,
                      Fam__V1__GetEntryResponse_Closure closure, void *closure_data)
{
    struct fam_status status;
    struct fam_uuid entry_id;
    fam_auto(fam_entry_done) struct fam_entry entry;
    memset(&entry, 0, sizeof(entry));
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__GetEntryResponse response = FAM__V1__GET_ENTRY_RESPONSE__INIT;
    enum fam_code code = fam_service_uuid(request->entry_id, "entry_id", &entry_id, &status);
    if (code == FAM_OK) {
        code = show_entry(context_of(service), closure_data, &entry_id, &reply, &entry, &response.entry, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

struct page {
    struct fam_uuid child_id;
    struct fam_uuid before;
    const struct fam_uuid *child; /* NULL: all */
    const struct fam_uuid *after; /* NULL: from the newest */
    size_t limit;
};

static enum fam_code read_page(const Fam__V1__ListEntriesRequest *request, struct page *ret_page,
                               struct fam_status *status)
{
    *ret_page = (struct page){.limit = request->page_size == 0 ? PAGE_DEFAULT : (size_t)request->page_size};
    if (request->child_id[0] != '\0') {
        if (fam_service_uuid(request->child_id, "child_id", &ret_page->child_id, status) != FAM_OK) {
            return status->code;
        }
        ret_page->child = &ret_page->child_id;
    }
    if (request->page_token[0] != '\0') {
        if (!fam_uuid_parse(request->page_token, &ret_page->before)) {
            return fam_fail_field(status, "page_token", "page_token comes from the page before, unchanged");
        }
        ret_page->after = &ret_page->before;
    }
    return FAM_OK;
}

struct entry_list {
    struct fam_entry *entries;
    size_t count;
    bool more;
};

static void entry_list_done(struct entry_list *list)
{
    fam_entries_free(list->entries, list->count);
}

static enum fam_code show_list(struct fam_services_context *context, struct fam_reply *reply,
                               const struct entry_list *list, const char *country,
                               Fam__V1__ListEntriesResponse *response, struct fam_status *status)
{
    response->entries = fam_reply_alloc(reply, (list->count + 1) * sizeof(Fam__V1__Entry *));
    for (size_t i = 0; response->entries != NULL && i < list->count; i++) {
        enum fam_code code =
            fam_translate_show(context, reply, &list->entries[i], country, &response->entries[i], status);
        if (code != FAM_OK) {
            return code;
        }
        response->n_entries++;
    }
    if (list->more && list->count > 0) {
        response->next_page_token = fam_reply_uuid(reply, &list->entries[list->count - 1].entry_id);
    }
    return fam_reply_check(reply, status);
}

static void list_entries(Fam__V1__TranslationService_Service *service, const Fam__V1__ListEntriesRequest *request,
                         Fam__V1__ListEntriesResponse_Closure closure, void *closure_data)
{
    struct fam_services_context *context = context_of(service);
    struct fam_status status;
    struct page page;
    fam_auto(fam_user_done) struct fam_user user = {.name = NULL};
    fam_auto(entry_list_done) struct entry_list list = {.entries = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__ListEntriesResponse response = FAM__V1__LIST_ENTRIES_RESPONSE__INIT;
    enum fam_code code = read_page(request, &page, &status);
    if (code == FAM_OK) {
        code = load_author(context, closure_data, &user, &status);
    }
    if (code == FAM_OK) {
        code = fam_entry_list(context->store, fam_call_acting_user(closure_data), page.child, page.after, page.limit,
                              &list.entries, &list.count, &list.more, &status);
    }
    if (code == FAM_OK) {
        code = show_list(context, &reply, &list, user.help_country, &response, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

static enum fam_code rate(struct fam_services_context *context, struct fam_call *call,
                          const Fam__V1__RateEntryRequest *request, const struct fam_uuid *entry_id,
                          struct fam_status *status)
{
    size_t replay_size = 0;
    if (fam_call_replay(call, &replay_size) != NULL) {
        return FAM_OK;
    }
    if (fam_service_may_store(context, call, status) != FAM_OK) {
        return status->code;
    }
    const struct fam_mutation mutation = fam_service_mutation(call);
    const struct fam_rating rating = {
        .helped = request->helped, .used_response = request->used_response, .comment = request->comment};
    struct fam_outcome outcome;
    if (fam_entry_rate(context->store, &mutation, fam_call_acting_user(call), entry_id, &rating, &outcome, status) !=
        FAM_OK) {
        return fam_service_hide(status);
    }
    fam_call_set_consistency_token(call, outcome.lsn);
    return FAM_OK;
}

static void rate_entry(Fam__V1__TranslationService_Service *service, const Fam__V1__RateEntryRequest *request,
                       Fam__V1__RateEntryResponse_Closure closure, void *closure_data)
{
    struct fam_services_context *context = context_of(service);
    struct fam_status status;
    struct fam_uuid entry_id;
    fam_auto(fam_entry_done) struct fam_entry entry;
    memset(&entry, 0, sizeof(entry));
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__RateEntryResponse response = FAM__V1__RATE_ENTRY_RESPONSE__INIT;
    enum fam_code code = fam_service_uuid(request->entry_id, "entry_id", &entry_id, &status);
    if (code == FAM_OK) {
        code = rate(context, closure_data, request, &entry_id, &status);
    }
    if (code == FAM_OK) {
        code = show_entry(context, closure_data, &entry_id, &reply, &entry, &response.entry, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, closure_data);
}

FAM_UNBUILT(TranslationService, correct_entry, CorrectEntry)
FAM_UNBUILT(TranslationService, revise_entry, ReviseEntry)
FAM_UNBUILT(TranslationService, share_entry, ShareEntry)
FAM_UNBUILT(TranslationService, delete_entry, DeleteEntry)
FAM_UNBUILT(TranslationService, search_entries, SearchEntries)

void fam_translation_service_init(struct fam_translation_service *service, struct fam_services_context *context)
{
    static const Fam__V1__TranslationService_Service HANDLERS = FAM__V1__TRANSLATION_SERVICE__INIT();
    service->base = HANDLERS;
    service->context = context;
}
