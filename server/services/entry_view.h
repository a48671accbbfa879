/* entry_view.h: entries as somebody of the family may see them: who looks, one entry, and pages of a search.
 *
 * A page is found by opening rows, for what it looks at is sealed. A call opens FAM_ENTRY_SCAN_MAX of them at most:
 * then its page ends early, even empty, and its token goes on from there. The token is the id of the last entry that
 * was looked at, always one that the acting user may see. */
#ifndef FAM_SERVICES_ENTRY_VIEW_H
#define FAM_SERVICES_ENTRY_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "services/reply.h"
#include "services/services_private.h"

enum { FAM_ENTRY_SCAN_MAX = 400 };

/* Who looks. Zeroed, then fam_view_load; fam_view_done fits fam_auto. */
struct fam_view {
    struct fam_services_context *context;
    struct fam_user user;
    struct fam_family family; /* empty without one */
};
enum fam_code fam_view_load(struct fam_services_context *context, const struct fam_call *call,
                            struct fam_view *ret_view, struct fam_status *status) FAM_MUST_CHECK;
void fam_view_done(struct fam_view *view);

/* The entry with its help; another's with its author's name. What is shown borrows from the entry. */
enum fam_code fam_view_show(const struct fam_view *view, struct fam_reply *reply, const struct fam_entry *entry,
                            Fam__V1__Entry **ret_shown, struct fam_status *status) FAM_MUST_CHECK;
/* One that the acting user may see, or (`own`) has written; PERMISSION_DENIED for all others. */
enum fam_code fam_view_entry(const struct fam_view *view, const struct fam_uuid *entry_id, bool own,
                             struct fam_entry *ret_entry, struct fam_status *status) FAM_MUST_CHECK;

/* True: the entry belongs to the page. *status is written only with a failure, which ends the search. */
typedef enum fam_code fam_view_match_fn(void *context, const struct fam_entry *entry, bool *ret_match,
                                        struct fam_status *status);
struct fam_view_page {
    struct fam_entry *entries; /* room for `count` of limit */
    size_t count;
    bool has_next;
    struct fam_uuid next; /* the page token */
};
void fam_view_page_done(struct fam_view_page *page);
/* `query` with the page's size as its limit and the token's entry as `before`. NULL match: all. */
enum fam_code fam_view_find(const struct fam_view *view, const struct fam_entry_query *query, fam_view_match_fn *match,
                            void *context, struct fam_view_page *ret_page, struct fam_status *status) FAM_MUST_CHECK;
/* All of a page, for a response. *ret_entries holds page->count pointers. */
enum fam_code fam_view_show_page(const struct fam_view *view, struct fam_reply *reply, const struct fam_view_page *page,
                                 Fam__V1__Entry ***ret_entries, char **ret_token,
                                 struct fam_status *status) FAM_MUST_CHECK;

#endif
