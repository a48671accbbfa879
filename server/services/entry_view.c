/* entry_view.c: see entry_view.h. */
#include "services/entry_view.h"

#include <stdlib.h>
#include <string.h>

#include "services/translate_call.h"
#include "store/person_store.h"

enum fam_code fam_view_load(struct fam_services_context *context, const struct fam_call *call,
                            struct fam_view *ret_view, struct fam_status *status)
{
    ret_view->context = context;
    enum fam_code code =
        fam_person_load(context->store, fam_call_acting_user(call), &ret_view->user, &ret_view->family, status);
    return code == FAM_OK ? FAM_OK : fam_service_hide(status);
}

void fam_view_done(struct fam_view *view)
{
    fam_user_done(&view->user);
    fam_family_done(&view->family);
}

static const char *name_of(const struct fam_view *view, const struct fam_uuid *user_id)
{
    for (size_t i = 0; i < view->family.parent_count; i++) {
        if (fam_uuid_equal(&view->family.parents[i].user_id, user_id)) {
            return view->family.parents[i].name;
        }
    }
    return "";
}

enum fam_code fam_view_show(const struct fam_view *view, struct fam_reply *reply, const struct fam_entry *entry,
                            Fam__V1__Entry **ret_shown, struct fam_status *status)
{
    enum fam_code code = fam_translate_show(view->context, reply, entry, view->user.help_country, ret_shown, status);
    if (code == FAM_OK && !fam_uuid_equal(&entry->user_id, &view->user.user_id)) {
        (*ret_shown)->own = false;
        (*ret_shown)->author_name = fam_reply_text(reply, name_of(view, &entry->user_id));
        code = fam_reply_check(reply, status);
    }
    return code;
}

enum fam_code fam_view_entry(const struct fam_view *view, const struct fam_uuid *entry_id, bool own,
                             struct fam_entry *ret_entry, struct fam_status *status)
{
    struct fam_store *store = view->context->store;
    enum fam_code code = own ? fam_entry_get(store, &view->user.user_id, entry_id, ret_entry, status)
                             : fam_entry_see(store, &view->user.user_id, entry_id, ret_entry, status);
    return code == FAM_OK ? FAM_OK : fam_service_hide(status);
}

void fam_view_page_done(struct fam_view_page *page)
{
    fam_entries_free(page->entries, page->count);
    *page = (struct fam_view_page){.entries = NULL};
}

/* One look into the store. The matching entries move into the page, the others are forgotten. *ret_left: there may be
 * more behind page->next. */
static enum fam_code look(const struct fam_view *view, const struct fam_entry_query *query, size_t page_limit,
                          fam_view_match_fn *match, void *context, struct fam_view_page *page, size_t *ret_scanned,
                          bool *ret_left, struct fam_status *status)
{
    struct fam_entry *entries = NULL;
    size_t count = 0;
    size_t i = 0;
    bool more = false;
    enum fam_code code = fam_entry_scan(view->context->store, query, &entries, &count, &more, status);
    for (; code == FAM_OK && i < count && page->count < page_limit; i++) {
        bool matches = true;
        if (match != NULL) {
            code = match(context, &entries[i], &matches, status);
        }
        page->next = entries[i].entry_id;
        if (code == FAM_OK && matches) {
            page->entries[page->count++] = entries[i];
            memset(&entries[i], 0, sizeof(entries[i]));
        }
    }
    *ret_scanned = i;
    *ret_left = code == FAM_OK && (more || i < count);
    fam_entries_free(entries, count);
    return code;
}

enum fam_code fam_view_find(const struct fam_view *view, const struct fam_entry_query *query, fam_view_match_fn *match,
                            void *context, struct fam_view_page *ret_page, struct fam_status *status)
{
    struct fam_entry_query step = *query;
    size_t opened = 0;
    bool left = true;
    enum fam_code code = FAM_OK;
    *ret_page = (struct fam_view_page){.entries = calloc(query->limit + 1, sizeof(*ret_page->entries))};
    if (ret_page->entries == NULL) {
        return fam_fail_memory(status);
    }
    step.limit = match == NULL ? query->limit : FAM_ENTRY_PAGE_MAX;
    while (code == FAM_OK && left && ret_page->count < query->limit && opened < FAM_ENTRY_SCAN_MAX) {
        size_t scanned = 0;
        code = look(view, &step, query->limit, match, context, ret_page, &scanned, &left, status);
        opened += scanned;
        step.before = &ret_page->next;
    }
    ret_page->has_next = code == FAM_OK && left;
    return code;
}

enum fam_code fam_view_show_page(const struct fam_view *view, struct fam_reply *reply, const struct fam_view_page *page,
                                 Fam__V1__Entry ***ret_entries, char **ret_token, struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    *ret_entries = fam_reply_alloc(reply, (page->count + 1) * sizeof(**ret_entries));
    for (size_t i = 0; code == FAM_OK && *ret_entries != NULL && i < page->count; i++) {
        code = fam_view_show(view, reply, &page->entries[i], &(*ret_entries)[i], status);
    }
    if (code == FAM_OK && page->has_next) {
        *ret_token = fam_reply_uuid(reply, &page->next);
    }
    return code == FAM_OK ? fam_reply_check(reply, status) : code;
}
