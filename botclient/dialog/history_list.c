/* One page of the history: a line for each entry, buttons that open them, and the ways to other pages. An entry in
 * which a danger was found shows no word of it here: a list is neither protected nor thought of when a phone is handed
 * over. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "dialog/history.h"
#include "dialog/when.h"

enum { PAGE_ENTRIES = 5, FIRST_WORDS = 40, LINE_SIZE = 600 };
static const int64_t day_ms = 86400000;

/* What a page shows, from ListEntries or SearchEntries. */
struct page {
    Fam__V1__Entry **entries;
    size_t count;
    const char *next;
};

static Fam__V1__EntryScope scope_of(const struct fam_turn *turn)
{
    return turn->user->family_id[0] ? FAM__V1__ENTRY_SCOPE__ENTRY_SCOPE_FAMILY : FAM__V1__ENTRY_SCOPE__ENTRY_SCOPE_OWN;
}

static enum fam_code list(struct fam_turn *turn, struct fam_backend_reply *ret_reply, struct page *ret_page)
{
    struct fam_view *view = &turn->state.view;
    Fam__V1__ListEntriesRequest request = FAM__V1__LIST_ENTRIES_REQUEST__INIT;
    int64_t days = view->period == FAM_PERIOD_WEEK ? 7 : view->period == FAM_PERIOD_MONTH ? 30 : 0;
    request.page_size = PAGE_ENTRIES;
    request.page_token = view->token;
    request.child_id = view->child_id;
    request.emotion = (Fam__V1__Emotion)view->emotion;
    request.from_ms = days > 0 ? turn->dialog->options.wall_ms() - days * day_ms : 0;
    request.scope = scope_of(turn);
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_LIST_ENTRIES, NULL, &request.base, ret_reply);
    if (code == FAM_OK) {
        const Fam__V1__ListEntriesResponse *response = (const Fam__V1__ListEntriesResponse *)ret_reply->message;
        *ret_page = (struct page){response->entries, response->n_entries, response->next_page_token};
    }
    return code;
}

static enum fam_code search(struct fam_turn *turn, struct fam_backend_reply *ret_reply, struct page *ret_page)
{
    struct fam_view *view = &turn->state.view;
    Fam__V1__SearchEntriesRequest request = FAM__V1__SEARCH_ENTRIES_REQUEST__INIT;
    request.query = view->query;
    request.page_size = PAGE_ENTRIES;
    request.page_token = view->token;
    request.child_id = view->child_id;
    request.scope = scope_of(turn);
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_SEARCH_ENTRIES, NULL, &request.base, ret_reply);
    if (code == FAM_OK) {
        const Fam__V1__SearchEntriesResponse *response = (const Fam__V1__SearchEntriesResponse *)ret_reply->message;
        *ret_page = (struct page){response->entries, response->n_entries, response->next_page_token};
    }
    return code;
}

static const char *child_name(const struct fam_locale *locale, const Fam__V1__Family *family, const char *child_id,
                              char ret_name[FAM_DETAIL_SIZE])
{
    for (size_t i = 0; family && *child_id && i < family->n_children; i++) {
        if (strcmp(family->children[i]->child_id, child_id) == 0) {
            fam_children_name(locale, family, family->children[i], ret_name);
            return ret_name;
        }
    }
    return "";
}

static void add_part(char line[LINE_SIZE], const char *part)
{
    size_t used = strlen(line);
    if (*part && used + strlen(part) + sizeof(" · ") < LINE_SIZE) {
        snprintf(line + used, LINE_SIZE - used, "%s%s", used > 0 ? " · " : "", part);
    }
}

static void first_words(const char *phrase, char ret_words[4 * FIRST_WORDS + 8])
{
    size_t size = fam_utf8_offset(phrase, FIRST_WORDS);
    snprintf(ret_words, 4 * FIRST_WORDS + 8, "%.*s%s", (int)size, phrase, phrase[size] ? "…" : "");
    for (char *c = ret_words; *c; c++) {
        if (*c == '\n' || *c == '\r' || *c == '\t') {
            *c = ' ';
        }
    }
}

static void add_words(char line[LINE_SIZE], const struct fam_locale *locale, const Fam__V1__Entry *entry)
{
    char words[4 * FIRST_WORDS + 8], quoted[4 * FIRST_WORDS + 64];
    if (entry->safety) {
        add_part(line, T(locale, "history.hidden"));
        return;
    }
    if (entry->reading && entry->reading->primary) {
        add_part(line, fam_label_emotion(locale, entry->reading->primary->emotion));
    }
    first_words(entry->phrase, words);
    const struct fam_arg args[] = {{"text", words}};
    fam_locale_format(quoted, sizeof(quoted), T(locale, "reading.quote"), args, 1);
    add_part(line, quoted);
}

/* Whose it is, when it is another's; or that others see it. */
static void add_author(char line[LINE_SIZE], const struct fam_locale *locale, const Fam__V1__Entry *entry)
{
    char text[400];
    if (entry->own) {
        add_part(line, entry->shared ? T(locale, "history.shared") : "");
        return;
    }
    const struct fam_arg args[] = {{"name", entry->author_name}};
    fam_locale_format(text, sizeof(text), T(locale, "history.by"), args, 1);
    add_part(line, entry->author_name[0] ? text : T(locale, "history.by_other"));
}

static void add_line(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Entry *entry,
                     const Fam__V1__Family *family, size_t number)
{
    char line[LINE_SIZE] = "", day[FAM_MOMENT_SIZE], start[16], name[FAM_DETAIL_SIZE];
    fam_when_day(locale, family ? family->time_zone : "", entry->created_at_ms, day);
    add_part(line, day);
    add_part(line, child_name(locale, family, entry->child_id, name));
    add_words(line, locale, entry);
    add_author(line, locale, entry);
    snprintf(start, sizeof(start), "%zu. ", number);
    fam_html_add_bold(html, start);
    fam_html_add(html, line);
    fam_html_end_line(html);
}

static void add_choice(struct fam_html *html, const char *text, const char *value)
{
    const struct fam_arg args[] = {{"value", value}};
    if (*value) {
        fam_locale_add_html(html, text, args, 1);
        fam_html_end_line(html);
    }
}

/* What was chosen for this list. */
static void add_choices(struct fam_html *html, const struct fam_locale *locale, const struct fam_view *view,
                        const Fam__V1__Family *family)
{
    char name[FAM_DETAIL_SIZE];
    add_choice(html, T(locale, "history.words"), view->query);
    add_choice(html, T(locale, "history.child"), child_name(locale, family, view->child_id, name));
    if (view->query[0]) {
        return; /* words are looked for in all feelings and times */
    }
    add_choice(html, T(locale, "history.emotion"), fam_label_emotion(locale, (Fam__V1__Emotion)view->emotion));
    add_choice(html, T(locale, "history.period"),
               view->period == FAM_PERIOD_WEEK    ? T(locale, "history.week")
               : view->period == FAM_PERIOD_MONTH ? T(locale, "history.month")
                                                  : "");
}

static void add_buttons(const struct fam_turn *turn, struct fam_keyboard *keyboard, const struct page *page)
{
    for (size_t i = 0; i < page->count && i < PAGE_ENTRIES; i++) {
        char label[FAM_BUTTON_LABEL], number[32];
        struct fam_uuid id;
        snprintf(number, sizeof(number), "%zu", i + 1);
        const struct fam_arg args[] = {{"n", number}};
        fam_locale_format(label, sizeof(label), T(turn->locale, "button.open"), args, 1);
        if (fam_uuid_parse(page->entries[i]->entry_id, &id)) {
            fam_turn_button(turn, keyboard, label, FAM_ACTION_ENTRY, 0, &id);
        }
    }
    fam_view_add_pages(turn, keyboard, FAM_ACTION_HISTORY, 0);
    fam_keyboard_end_row(keyboard);
    fam_turn_button(turn, keyboard, T(turn->locale, "button.filter"), FAM_ACTION_FILTER, 0, NULL);
}

static void lay_out(struct fam_html *html, const struct fam_turn *turn, const struct page *page,
                    const Fam__V1__Family *family)
{
    const struct fam_view *view = &turn->state.view;
    bool is_chosen = view->query[0] || view->child_id[0] || view->emotion || view->period != FAM_PERIOD_ALL;
    fam_html_add_bold(html, T(turn->locale, "history.title"));
    fam_html_end_line(html);
    add_choices(html, turn->locale, view, family);
    fam_html_end_paragraph(html);
    for (size_t i = 0; i < page->count && i < PAGE_ENTRIES; i++) {
        add_line(html, turn->locale, page->entries[i], family, i + 1);
    }
    if (page->count > 0) {
        return;
    }
    fam_html_add(html, view->next[0] ? T(turn->locale, "history.none_here")
                       : is_chosen   ? T(turn->locale, "history.none_found")
                                     : T(turn->locale, "history.none"));
}

enum fam_code fam_history_list(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0}, family_reply = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    struct fam_view *view = &turn->state.view;
    Fam__V1__Family *family = NULL;
    struct page page = {0};
    enum fam_code code = turn->user->family_id[0] ? fam_children_family(turn, &family_reply, &family) : FAM_OK;
    if (code == FAM_OK) {
        code = view->query[0] ? search(turn, &reply, &page) : list(turn, &reply, &page);
    }
    if (code == FAM_INVALID_ARGUMENT && view->token[0]) {
        /* A token of before a change of the server: the list begins anew. */
        fam_view_rewind(view);
        code = view->query[0] ? search(turn, &reply, &page) : list(turn, &reply, &page);
    }
    if (code == FAM_INVALID_ARGUMENT && view->query[0]) { /* the server finds no word in it */
        view->query[0] = '\0';
        return fam_turn_say(turn, T(turn->locale, "history.no_words"));
    }
    if (code != FAM_OK) {
        return code;
    }
    fam_view_set_next(view, page.next);
    fam_html_init(&html);
    lay_out(&html, turn, &page, family);
    add_buttons(turn, &keyboard, &page);
    return fam_view_show(turn, &html, &keyboard, FAM_VIEW_HISTORY);
}
