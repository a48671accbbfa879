/* history.c: see history.h. */
#include "services/history.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "rpc/call.h"
#include "services/entry_view.h"
#include "services/reply.h"
#include "store/correction_store.h"
#include "translate/find_words.h"
#include "translate/mention.h"
#include "translate/reader_names.h"

enum { PAGE_DEFAULT = 20 };

void fam_history_get(struct fam_services_context *context, const Fam__V1__GetEntryRequest *request,
                     Fam__V1__GetEntryResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct fam_uuid entry_id;
    fam_auto(fam_view_done) struct fam_view view = {.context = NULL};
    fam_auto(fam_entry_done) struct fam_entry entry;
    memset(&entry, 0, sizeof(entry));
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__GetEntryResponse response = FAM__V1__GET_ENTRY_RESPONSE__INIT;
    enum fam_code code = fam_service_uuid(request->entry_id, "entry_id", &entry_id, &status);
    if (code == FAM_OK) {
        code = fam_view_load(context, call, &view, &status);
    }
    if (code == FAM_OK) {
        code = fam_view_entry(&view, &entry_id, false, &entry, &status);
    }
    if (code == FAM_OK) {
        code = fam_view_show(&view, &reply, &entry, &response.entry, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

/* What a request for a page says, beside what it looks for. */
struct asked {
    struct fam_uuid child_id, before;
    struct fam_entry_query query;
};

static enum fam_code read_page(const struct fam_call *call, const char *child_id, const char *token, int32_t size,
                               Fam__V1__EntryScope scope, struct asked *ret_asked, struct fam_status *status)
{
    struct fam_entry_query *query = &ret_asked->query;
    *query = (struct fam_entry_query){.user_id = fam_call_acting_user(call),
                                      .of_family = scope == FAM__V1__ENTRY_SCOPE__ENTRY_SCOPE_FAMILY,
                                      .limit = size == 0 ? PAGE_DEFAULT : (size_t)size};
    if (child_id[0] != '\0') {
        if (fam_service_uuid(child_id, "child_id", &ret_asked->child_id, status) != FAM_OK) {
            return status->code;
        }
        query->child_id = &ret_asked->child_id;
    }
    if (token[0] != '\0') {
        if (!fam_uuid_parse(token, &ret_asked->before)) {
            return fam_fail_field(status, "page_token", "page_token comes from the page before, unchanged");
        }
        query->before = &ret_asked->before;
    }
    return FAM_OK;
}

static enum fam_code match_emotion(void *context, const struct fam_entry *entry, bool *ret_match,
                                   struct fam_status *status)
{
    const Fam__V1__Emotion *wanted = context;
    (void)status;
    *ret_match = entry->reading->primary != NULL && entry->reading->primary->emotion == *wanted;
    return FAM_OK;
}

void fam_history_list(struct fam_services_context *context, const Fam__V1__ListEntriesRequest *request,
                      Fam__V1__ListEntriesResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct asked asked;
    Fam__V1__Emotion emotion = request->emotion;
    fam_auto(fam_view_done) struct fam_view view = {.context = NULL};
    fam_auto(fam_view_page_done) struct fam_view_page page = {.entries = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__ListEntriesResponse response = FAM__V1__LIST_ENTRIES_RESPONSE__INIT;
    enum fam_code code =
        read_page(call, request->child_id, request->page_token, request->page_size, request->scope, &asked, &status);
    if (code == FAM_OK) {
        asked.query.from_ms = request->from_ms;
        asked.query.until_ms = request->until_ms;
        code = fam_view_load(context, call, &view, &status);
    }
    if (code == FAM_OK) {
        bool any = emotion == FAM__V1__EMOTION__EMOTION_UNSPECIFIED;
        code = fam_view_find(&view, &asked.query, any ? NULL : match_emotion, &emotion, &page, &status);
    }
    if (code == FAM_OK) {
        code = fam_view_show_page(&view, &reply, &page, &response.entries, &response.next_page_token, &status);
        response.n_entries = page.count;
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

static size_t add_texts(const Fam__V1__Reading *reading, const char **texts)
{
    size_t count = 0;
    texts[count++] = reading->going_on;
    texts[count++] = reading->second_reading;
    texts[count++] = reading->need_text;
    texts[count++] = reading->avoid;
    texts[count++] = reading->activity;
    for (size_t i = 0; i < reading->n_responses && i < 3; i++) {
        texts[count++] = reading->responses[i]->text;
        texts[count++] = reading->responses[i]->why;
        texts[count++] = reading->responses[i]->expect;
    }
    return count;
}

/* What was said, what the newest reading says, and the notes of the author; the store leaves out those of others. */
static enum fam_code match_words(void *context, const struct fam_entry *entry, bool *ret_match,
                                 struct fam_status *status)
{
    enum { TEXTS = 4 + 5 + 9 };
    const char *texts[TEXTS];
    size_t count = 0;
    texts[count++] = entry->phrase;
    texts[count++] = entry->happened_before;
    if (entry->has_rating) {
        texts[count++] = entry->comment;
    }
    if (entry->has_correction) {
        texts[count++] = entry->correction;
    }
    count += add_texts(entry->reading, texts + count);
    return fam_find_match(context, texts, count, ret_match, status);
}

void fam_history_search(struct fam_services_context *context, const Fam__V1__SearchEntriesRequest *request,
                        Fam__V1__SearchEntriesResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct asked asked;
    fam_auto(fam_find_done) struct fam_find find = {.count = 0};
    fam_auto(fam_view_done) struct fam_view view = {.context = NULL};
    fam_auto(fam_view_page_done) struct fam_view_page page = {.entries = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__SearchEntriesResponse response = FAM__V1__SEARCH_ENTRIES_RESPONSE__INIT;
    enum fam_code code =
        read_page(call, request->child_id, request->page_token, request->page_size, request->scope, &asked, &status);
    if (code == FAM_OK) {
        code = fam_find_init(&find, request->query, &status);
    }
    if (code == FAM_OK) {
        code = fam_view_load(context, call, &view, &status);
    }
    if (code == FAM_OK) {
        code = fam_view_find(&view, &asked.query, match_words, &find, &page, &status);
    }
    if (code == FAM_OK) {
        code = fam_view_show_page(&view, &reply, &page, &response.entries, &response.next_page_token, &status);
        response.n_entries = page.count;
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

/* Asks twice before what may hurt is shown. `field` of the status says what it is: safety, or family. */
static enum fam_code ask_twice(const struct fam_view *view, const struct fam_entry *entry, struct fam_status *status)
{
    bool danger = entry->safety_count > 0, mentioned = false;
    enum fam_code code =
        fam_mention_of_family(&view->family, entry->phrase, entry->happened_before, &mentioned, status);
    if (code != FAM_OK || !(danger || mentioned)) {
        return code;
    }
    (void)fam_fail_reason(status, FAM_FAILED_PRECONDITION, "CONFIRM_SHARE", 0, "%s%s%s",
                          danger ? "a danger was found in this entry" : "", danger && mentioned ? "; " : "",
                          mentioned ? "it speaks of a member of the family" : "");
    (void)snprintf(status->field, sizeof(status->field), "%s", danger ? "safety" : "family");
    return status->code;
}

static enum fam_code share(const struct fam_view *view, struct fam_call *call,
                           const Fam__V1__ShareEntryRequest *request, const struct fam_uuid *entry_id,
                           struct fam_status *status)
{
    size_t replay_size = 0;
    if (fam_call_replay(call, &replay_size) != NULL) {
        return FAM_OK;
    }
    fam_auto(fam_entry_done) struct fam_entry entry;
    memset(&entry, 0, sizeof(entry));
    enum fam_code code = fam_view_entry(view, entry_id, true, &entry, status);
    if (code == FAM_OK && request->shared && view->family.parent_count < 2) {
        code = fam_fail_reason(status, FAM_FAILED_PRECONDITION, "NO_FAMILY", 0, "there is nobody to share it with");
    }
    if (code == FAM_OK && request->shared && !request->confirmed) {
        code = ask_twice(view, &entry, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    const struct fam_mutation mutation = fam_service_mutation(call);
    const struct fam_sharing sharing = {.user_id = &view->user.user_id,
                                        .entry_id = entry_id,
                                        .shared = request->shared,
                                        .confirmed = request->confirmed,
                                        .revised_at_ms = entry.revised_at_ms};
    struct fam_outcome outcome;
    if (fam_entry_share(view->context->store, &mutation, &sharing, &outcome, status) != FAM_OK) {
        return fam_service_hide(status);
    }
    fam_call_set_consistency_token(call, outcome.lsn);
    return FAM_OK;
}

void fam_history_share(struct fam_services_context *context, const Fam__V1__ShareEntryRequest *request,
                       Fam__V1__ShareEntryResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct fam_uuid entry_id;
    fam_auto(fam_view_done) struct fam_view view = {.context = NULL};
    fam_auto(fam_entry_done) struct fam_entry entry;
    memset(&entry, 0, sizeof(entry));
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__ShareEntryResponse response = FAM__V1__SHARE_ENTRY_RESPONSE__INIT;
    enum fam_code code = fam_service_uuid(request->entry_id, "entry_id", &entry_id, &status);
    if (code == FAM_OK) {
        code = fam_view_load(context, call, &view, &status);
    }
    if (code == FAM_OK) {
        code = share(&view, call, request, &entry_id, &status);
    }
    if (code == FAM_OK) {
        code = fam_view_entry(&view, &entry_id, true, &entry, &status);
    }
    if (code == FAM_OK) {
        code = fam_view_show(&view, &reply, &entry, &response.entry, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

/* The cached answer that only this author could get goes, too. Best effort: what the family or the corrections have
 * changed since is another question, and its answer ends by itself, within a day. */
static void forget_reading(struct fam_services_context *context, const struct fam_view *view,
                           const struct fam_entry *entry)
{
    struct fam_known_name names[FAM_READER_NAMES_MAX];
    fam_auto(fam_corrections_done) struct fam_corrections learned = {.count = 0};
    struct fam_status status;
    const struct fam_child *child = NULL;
    for (size_t i = 0; entry->has_child && i < view->family.child_count; i++) {
        bool same = fam_uuid_equal(&view->family.children[i].child_id, &entry->child_id);
        child = same ? &view->family.children[i] : child;
    }
    if (context->reader == NULL ||
        fam_corrections_load(context->store, &view->user.user_id, entry->has_child ? &entry->child_id : NULL, &learned,
                             &status) != FAM_OK) {
        return;
    }
    const struct fam_reading_input input = {.phrase = entry->phrase,
                                            .happened_before = entry->happened_before,
                                            .place = entry->place,
                                            .age_band = entry->age_band,
                                            .language = entry->language,
                                            .child_name = ""};
    struct fam_reader_question question = {.input = &input,
                                           .names = names,
                                           .name_count = fam_reader_names(&view->user, &view->family, child, names),
                                           .author = &view->user.user_id,
                                           .apart = fam_reader_apart(&view->family)};
    fam_reader_profile(&question, &view->family, child);
    fam_reader_corrections(&question, &learned, NULL);
    if (fam_reader_forget(context->reader, &question, &status) != FAM_OK) {
        FAM_LOG(context->log, FAM_LOG_INFO, "translate", "the cached reading of a deleted entry ends by itself",
                FAM_STR("code", fam_code_name(status.code)));
    }
}

static enum fam_code delete_entry(struct fam_services_context *context, struct fam_call *call,
                                  const struct fam_uuid *entry_id, struct fam_status *status)
{
    fam_auto(fam_view_done) struct fam_view view = {.context = NULL};
    fam_auto(fam_entry_done) struct fam_entry entry;
    struct fam_outcome outcome;
    memset(&entry, 0, sizeof(entry));
    enum fam_code code = fam_view_load(context, call, &view, status);
    if (code != FAM_OK) {
        return code;
    }
    struct fam_status gone; /* then there is nothing to forget, and deleting it tells what is wrong, if anything is */
    bool found = fam_entry_get(context->store, &view.user.user_id, entry_id, &entry, &gone) == FAM_OK;
    const struct fam_mutation mutation = fam_service_mutation(call);
    code = fam_entry_delete(context->store, &mutation, &view.user.user_id, entry_id, &outcome, status);
    if (code == FAM_OK && found) {
        forget_reading(context, &view, &entry);
    }
    if (code == FAM_OK) {
        fam_call_set_consistency_token(call, outcome.lsn);
    }
    return code;
}

void fam_history_delete(struct fam_services_context *context, const Fam__V1__DeleteEntryRequest *request,
                        Fam__V1__DeleteEntryResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct fam_uuid entry_id;
    size_t replay_size = 0;
    Fam__V1__DeleteEntryResponse response = FAM__V1__DELETE_ENTRY_RESPONSE__INIT;
    enum fam_code code = fam_service_uuid(request->entry_id, "entry_id", &entry_id, &status);
    if (code == FAM_OK && fam_call_replay(call, &replay_size) == NULL) {
        code = delete_entry(context, call, &entry_id, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
