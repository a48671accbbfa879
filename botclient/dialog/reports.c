/* The archive of reports, by pages, each opened by a tap. */
#include <stdio.h>
#include <string.h>

#include "dialog/history.h"
#include "dialog/people.h"
#include "dialog/report.h"

enum { PAGE_REPORTS = 6, PAGES = 128, TITLE_SIZE = 200 };

static enum fam_code list(struct fam_turn *turn, struct fam_backend_reply *ret_reply)
{
    Fam__V1__ListReportsRequest request = FAM__V1__LIST_REPORTS_REQUEST__INIT;
    request.page_size = PAGE_REPORTS;
    request.page_token = turn->state.view.token;
    return fam_turn_call(turn, FAM_BACKEND_LIST_REPORTS, NULL, &request.base, ret_reply);
}

static void add_report(const struct fam_turn *turn, const Fam__V1__ReportSummary *report, const char *zone,
                       size_t number, struct fam_html *html, struct fam_keyboard *keyboard)
{
    char title[TITLE_SIZE], start[16], place[32], label[FAM_BUTTON_LABEL];
    struct fam_uuid id;
    const struct fam_report_span span = {.first = report->first_day,
                                         .last = report->last_day,
                                         .zone = zone,
                                         .from_ms = report->from_ms,
                                         .until_ms = report->until_ms};
    fam_report_title(turn->locale, report->period, &span, title, sizeof(title));
    snprintf(start, sizeof(start), "%zu. ", number);
    snprintf(place, sizeof(place), "%zu", number);
    fam_html_add_bold(html, start);
    fam_html_add(html, title);
    fam_html_end_line(html);
    const struct fam_arg args[] = {{"n", place}};
    fam_locale_format(label, sizeof(label), T(turn->locale, "button.open"), args, 1);
    if (fam_uuid_parse(report->report_id, &id)) {
        fam_turn_button(turn, keyboard, label, FAM_ACTION_REPORT_OPEN, 0, &id);
    }
}

static enum fam_code show(struct fam_turn *turn, const Fam__V1__ListReportsResponse *response, const char *zone)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    fam_html_init(&html);
    fam_html_add_bold(&html, T(turn->locale, "reports.title"));
    fam_html_end_line(&html);
    for (size_t i = 0; i < response->n_reports && i < PAGE_REPORTS; i++) {
        add_report(turn, response->reports[i], zone, i + 1, &html, &keyboard);
    }
    if (response->n_reports == 0) {
        fam_html_add(&html, T(turn->locale, "reports.none"));
    }
    fam_view_set_next(&turn->state.view, response->next_page_token);
    fam_view_add_pages(turn, &keyboard, FAM_ACTION_REPORTS, 0);
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.report"), FAM_ACTION_REPORT, 0, NULL);
    return fam_view_show(turn, &html, &keyboard, FAM_VIEW_REPORTS);
}

enum fam_code fam_reports_page(struct fam_turn *turn)
{
    struct fam_view *view = &turn->state.view;
    unsigned page = turn->pressed.argument % PAGES;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0}, family_reply = {0};
    Fam__V1__Family *family = NULL;
    if (!fam_view_is_on_show(turn, FAM_VIEW_REPORTS) || page == 0 || !fam_view_turn_page(view, page)) {
        *view = (struct fam_view){.kind = FAM_VIEW_REPORTS};
    }
    enum fam_code code = turn->user->family_id[0] ? fam_children_family(turn, &family_reply, &family) : FAM_OK;
    if (code == FAM_OK) {
        code = list(turn, &reply);
    }
    if (code == FAM_INVALID_ARGUMENT && view->token[0]) {
        /* A token of before a change of the server: the list begins anew. */
        fam_view_rewind(view);
        code = list(turn, &reply);
    }
    if (code != FAM_OK) {
        return fam_people_refused(turn, code);
    }
    return show(turn, (const Fam__V1__ListReportsResponse *)reply.message, family ? family->time_zone : "");
}
