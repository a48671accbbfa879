/* fake_history.h: the part of fake_server.h that lists, corrects, shares and erases entries, and tells what is stored.
 * Included by it. */
#ifndef FAM_TESTS_FAKE_HISTORY_H
#define FAM_TESTS_FAKE_HISTORY_H

enum { EXPORT_CHUNK = 256 * 1024 };

/* An entry as it would be after years; the newest is the last. */
static inline struct world_entry *world_add_entry(const char *phrase)
{
    cr_assert_lt(w.entry_count, (size_t)WORLD_ENTRIES);
    struct world_entry *entry = &w.entries[w.entry_count++];
    memset(entry, 0, sizeof(*entry));
    snprintf(entry->id, sizeof(entry->id), "00000000-0000-7000-8000-0000000001%02zx", w.entry_count);
    snprintf(entry->key, sizeof(entry->key), "old-%zu", w.entry_count);
    snprintf(entry->phrase, sizeof(entry->phrase), "%s", phrase);
    entry->age_band = 3;
    entry->safety = is_danger(phrase);
    entry->created_at_ms = w.wall_ms;
    return entry;
}

/* Places from the newest on; the page token is the place. */
static void list_entries(const char *query, int emotion, const char *token, int page_size,
                         struct fam_backend_reply *reply, bool is_search)
{
    Fam__V1__Entry *list[WORLD_ENTRIES];
    struct fam_backend_reply got[WORLD_ENTRIES];
    size_t count = 0, place = (size_t)atoi(token);
    char next[32] = "";
    for (; place < w.entry_count && (int)count < page_size; place++) {
        struct world_entry *entry = &w.entries[w.entry_count - 1 - place];
        if (entry->erased || (*query && !strstr(entry->phrase, query)) || (emotion && entry->emotion != emotion))
            continue;
        answer_entry(&got[count], entry, true, AS_GET);
        list[count] = ((const Fam__V1__GetEntryResponse *)got[count].message)->entry;
        count++;
    }
    if (place < w.entry_count)
        snprintf(next, sizeof(next), "%zu", place);
    Fam__V1__ListEntriesResponse listed = FAM__V1__LIST_ENTRIES_RESPONSE__INIT;
    Fam__V1__SearchEntriesResponse found = FAM__V1__SEARCH_ENTRIES_RESPONSE__INIT;
    listed.entries = found.entries = list;
    listed.n_entries = found.n_entries = count;
    listed.next_page_token = found.next_page_token = next;
    answer(reply, is_search ? &found.base : &listed.base);
    for (size_t i = 0; i < count; i++)
        fam_backend_reply_done(&got[i]);
}

static enum fam_code list_or_search(const struct fam_backend_call *call, struct fam_backend_reply *reply)
{
    if (call->method == FAM_BACKEND_SEARCH_ENTRIES) {
        const Fam__V1__SearchEntriesRequest *request = (const Fam__V1__SearchEntriesRequest *)call->request;
        snprintf(w.last_query, sizeof(w.last_query), "%s/0/0/%s", request->child_id, request->query);
        list_entries(request->query, 0, request->page_token, request->page_size, reply, true);
        return FAM_OK;
    }
    const Fam__V1__ListEntriesRequest *request = (const Fam__V1__ListEntriesRequest *)call->request;
    long long days = request->from_ms ? (w.wall_ms - request->from_ms) / 86400000 : 0;
    snprintf(w.last_query, sizeof(w.last_query), "%s/%d/%lld/", request->child_id, (int)request->emotion, days);
    list_entries("", (int)request->emotion, request->page_token, request->page_size, reply, false);
    return FAM_OK;
}

static void privacy_report(const Fam__V1__GetPrivacyReportRequest *request, struct fam_backend_reply *reply)
{
    Fam__V1__GetPrivacyReportResponse response = FAM__V1__GET_PRIVACY_REPORT_RESPONSE__INIT;
    Fam__V1__StoredItem item = FAM__V1__STORED_ITEM__INIT, *items[1] = {&item};
    Fam__V1__Recipient recipient = FAM__V1__RECIPIENT__INIT, *recipients[1] = {&recipient};
    Fam__V1__Consent consent = FAM__V1__CONSENT__INIT, *consents[1] = {&consent};
    Fam__V1__Disclosure disclosure = FAM__V1__DISCLOSURE__INIT, *disclosures[1] = {&disclosure};
    char body[100], next[32] = "";
    int place = atoi(request->page_token);
    item.kind = FAM__V1__STORED_KIND__STORED_KIND_ENTRIES;
    item.count = (int64_t)w.entry_count;
    item.oldest_ms = w.wall_ms - 10 * (int64_t)86400000;
    item.kept_until_ms = w.wall_ms + 80 * (int64_t)86400000;
    recipient.name = disclosure.recipient = TXT("anthropic");
    recipient.count = w.disclosures;
    recipient.last_ms = disclosure.at_ms = w.wall_ms;
    consent.purpose = FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING;
    consent.granted = w.processing == 1;
    consent.changed_at_ms = w.wall_ms;
    snprintf(body, sizeof(body), "{\"phrase\":\"[NAME_1] <b>%d\"}", place);
    disclosure.body = body;
    disclosure.model = TXT("claude");
    response.stored = items;
    response.n_stored = 1;
    response.recipients = recipients;
    response.n_recipients = w.disclosures > 0;
    response.consents = consents;
    response.n_consents = w.processing >= 0;
    response.retention_days = 90;
    response.backup_days = 7;
    response.disclosures = disclosures;
    response.n_disclosures = place < w.disclosures;
    if (place + 1 < w.disclosures)
        snprintf(next, sizeof(next), "%d", place + 1);
    response.next_page_token = next;
    answer(reply, &response.base);
}

static void export_family(const Fam__V1__ExportFamilyRequest *request, struct fam_backend_reply *reply)
{
    static uint8_t bytes[EXPORT_CHUNK];
    Fam__V1__ExportFamilyResponse response = FAM__V1__EXPORT_FAMILY_RESPONSE__INIT;
    char next[32] = "";
    size_t chunk = (size_t)atoi(request->page_token);
    bool is_html = request->format == FAM__V1__EXPORT_FORMAT__EXPORT_FORMAT_HTML;
    memset(bytes, is_html ? 'h' : 'j', sizeof(bytes));
    response.chunk.data = bytes;
    response.chunk.len = w.export_bytes;
    response.file_name = is_html ? TXT("family.html") : TXT("family.json");
    if (chunk + 1 < w.export_chunks)
        snprintf(next, sizeof(next), "%zu", chunk + 1);
    response.next_page_token = next;
    answer(reply, &response.base);
}

static void delete_family(const Fam__V1__DeleteFamilyRequest *request, struct fam_backend_reply *reply)
{
    Fam__V1__DeleteFamilyResponse response = FAM__V1__DELETE_FAMILY_RESPONSE__INIT;
    Fam__V1__Receipt receipt = FAM__V1__RECEIPT__INIT;
    cr_assert_str_eq(request->confirm, "DELETE");
    receipt.receipt_id = TXT("R-1");
    receipt.erased_at_ms = w.wall_ms;
    receipt.copies_until_ms = w.wall_ms + 7 * (int64_t)86400000;
    receipt.family_erased = w.parent_count == 0;
    response.receipt = &receipt;
    w.erased = true;
    w.family = false;
    w.processing = w.ai = -1;
    w.entry_count = w.child_count = w.state_size = 0;
    w.country[0] = w.draft[0] = '\0';
    answer(reply, &response.base);
}

static enum fam_code change_entry(const struct fam_backend_call *call, struct world_entry *entry,
                                  struct fam_backend_reply *reply, struct fam_status *status)
{
    const Fam__V1__CorrectEntryRequest *correct = (const Fam__V1__CorrectEntryRequest *)call->request;
    const Fam__V1__ReviseEntryRequest *revise = (const Fam__V1__ReviseEntryRequest *)call->request;
    const Fam__V1__ShareEntryRequest *share = (const Fam__V1__ShareEntryRequest *)call->request;
    switch ((int)call->method) {
    case FAM_BACKEND_CORRECT_ENTRY:
        entry->corrected = (int)correct->emotion;
        snprintf(entry->note, sizeof(entry->note), "%s", correct->note);
        entry->version++;
        answer_entry(reply, entry, true, AS_CORRECT);
        return FAM_OK;
    case FAM_BACKEND_REVISE_ENTRY:
        snprintf(entry->phrase, sizeof(entry->phrase), "%s", revise->phrase);
        entry->safety = entry->safety || is_danger(revise->phrase);
        entry->version++;
        answer_entry(reply, entry, true, AS_REVISE);
        return FAM_OK;
    default:
        if (share->shared && !share->confirmed && (entry->safety || entry->is_of_family))
            return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "CONFIRM_SHARE", 0, "asks");
        entry->shared = share->shared;
        answer_entry(reply, entry, true, AS_SHARE);
        return FAM_OK;
    }
}

static enum fam_code perform_history(const struct fam_backend_call *call, struct fam_backend_reply *reply,
                                     struct fam_status *status)
{
    Fam__V1__AgreeFollowUpResponse agreed = FAM__V1__AGREE_FOLLOW_UP_RESPONSE__INIT;
    Fam__V1__DeleteEntryResponse deleted = FAM__V1__DELETE_ENTRY_RESPONSE__INIT;
    struct world_entry *entry;
    switch ((int)call->method) {
    case FAM_BACKEND_PRIVACY_REPORT:
        privacy_report((const Fam__V1__GetPrivacyReportRequest *)call->request, reply);
        return FAM_OK;
    case FAM_BACKEND_EXPORT_FAMILY:
        export_family((const Fam__V1__ExportFamilyRequest *)call->request, reply);
        return FAM_OK;
    case FAM_BACKEND_DELETE_FAMILY:
        delete_family((const Fam__V1__DeleteFamilyRequest *)call->request, reply);
        return FAM_OK;
    case FAM_BACKEND_LIST_ENTRIES:
    case FAM_BACKEND_SEARCH_ENTRIES:
        return list_or_search(call, reply);
    case FAM_BACKEND_DELETE_ENTRY:
        entry = find_entry(((const Fam__V1__DeleteEntryRequest *)call->request)->entry_id, NULL);
        if (entry)
            entry->erased = true;
        answer(reply, &deleted.base);
        return FAM_OK;
    case FAM_BACKEND_AGREE_FOLLOW_UP:
        entry = find_entry(((const Fam__V1__AgreeFollowUpRequest *)call->request)->entry_id, NULL);
        if (!entry)
            return fam_fail(status, FAM_PERMISSION_DENIED, "unknown");
        answer(reply, &agreed.base);
        return FAM_OK;
    default: /* the id is the first field of all three */
        entry = find_entry(((const Fam__V1__CorrectEntryRequest *)call->request)->entry_id, NULL);
        return entry && !entry->is_other ? change_entry(call, entry, reply, status)
                                         : fam_fail(status, FAM_PERMISSION_DENIED, "unknown");
    }
}

#endif
