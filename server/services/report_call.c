/* report_call.c: see report_call.h. */
#include "services/report_call.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "report/chart.h"
#include "report/report.h"
#include "services/reply.h"
#include "store/report_store.h"

static enum fam_code make(struct fam_services_context *context, const Fam__V1__GetReportRequest *request,
                          const struct fam_call *call, Fam__V1__Report **ret_report, struct fam_status *status)
{
    const struct fam_report_order order = {
        .user_id = fam_call_acting_user(call), .period = request->period, .at_ms = fam_wall_ms(), .with_today = true};
    enum fam_code code = FAM_OK;
    if (fam_report_days(request->period) == 0) {
        return fam_fail_field(status, "period", "name a period, or a report of the archive");
    }
    code = fam_service_may_store(context, call, status);
    if (code == FAM_OK) {
        code = fam_report_make(context->store, &order, ret_report, status);
    }
    if (code == FAM_OK) {
        fam_metrics_add(context->metrics, FAM_M_REPORTS, FAM_LABELS(fam_report_period_word(request->period), "asked"),
                        1);
    }
    return code == FAM_NOT_FOUND ? fam_service_hide(status) : code;
}

static enum fam_code find(struct fam_services_context *context, const Fam__V1__GetReportRequest *request,
                          const struct fam_call *call, Fam__V1__Report **ret_report, struct fam_status *status)
{
    struct fam_uuid report_id;
    enum fam_code code = fam_service_uuid(request->report_id, "report_id", &report_id, status);
    if (code == FAM_OK) {
        code = fam_report_show(context->store, fam_call_acting_user(call), &report_id, ret_report, status);
    }
    return code == FAM_NOT_FOUND ? fam_service_hide(status) : code;
}

/* A report is worth telling where no picture can be drawn for want of a font. */
static enum fam_code draw(struct fam_services_context *context, const Fam__V1__Report *report, struct fam_buf *picture,
                          struct fam_status *status)
{
    enum fam_code code = fam_chart_draw(report, picture, status);
    if (code == FAM_FAILED_PRECONDITION) {
        fam_log_status(context->log, FAM_LOG_ERROR, "report", "a report goes without its picture", status);
        return FAM_OK;
    }
    return code;
}

void fam_checkin_get_report(struct fam_services_context *context, const Fam__V1__GetReportRequest *request,
                            Fam__V1__GetReportResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    fam_auto(fam_buf_done) struct fam_buf picture = {0};
    Fam__V1__GetReportResponse response = FAM__V1__GET_REPORT_RESPONSE__INIT;
    enum fam_code code = request->report_id[0] != '\0' ? find(context, request, call, &response.report, &status)
                                                       : make(context, request, call, &response.report, &status);
    if (code == FAM_OK && request->picture) {
        code = draw(context, response.report, &picture, &status);
        response.picture.data = (unsigned char *)picture.data;
        response.picture.len = picture.size;
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
    if (response.report != NULL) {
        fam__v1__report__free_unpacked(response.report, NULL);
    }
}

/* NULL: it is not known, or memory is short, which the reply remembers. */
static Fam__V1__Date *make_date(struct fam_reply *reply, const struct fam_report_date *date)
{
    Fam__V1__Date *made = date->year == 0 ? NULL : fam_reply_alloc(reply, sizeof(*made));
    if (made != NULL) {
        fam__v1__date__init(made);
        made->year = date->year;
        made->month = date->month;
        made->day = date->day;
    }
    return made;
}

static Fam__V1__ReportSummary *make_line(struct fam_reply *reply, const struct fam_report_line *line)
{
    Fam__V1__ReportSummary *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__report_summary__init(made);
    made->report_id = fam_reply_uuid(reply, &line->report_id);
    made->period = line->period;
    made->from_ms = line->from_ms;
    made->until_ms = line->until_ms;
    made->created_at_ms = line->created_at_ms;
    made->first_day = make_date(reply, &line->first);
    made->last_day = make_date(reply, &line->last);
    return made;
}

static enum fam_code fill(struct fam_reply *reply, const struct fam_report_line *lines, size_t count, bool more,
                          Fam__V1__ListReportsResponse *response, struct fam_status *status)
{
    response->reports = fam_reply_alloc(reply, (count + 1) * sizeof(*response->reports));
    for (size_t i = 0; response->reports != NULL && i < count; i++) {
        response->reports[i] = make_line(reply, &lines[i]);
        response->n_reports++;
    }
    if (more && count > 0) {
        response->next_page_token = fam_reply_uuid(reply, &lines[count - 1].report_id);
    }
    return fam_reply_check(reply, status);
}

void fam_checkin_list_reports(struct fam_services_context *context, const Fam__V1__ListReportsRequest *request,
                              Fam__V1__ListReportsResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct fam_service_page page;
    struct fam_report_line lines[FAM_REPORT_PAGE_MAX];
    size_t count = 0;
    bool more = false;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__ListReportsResponse response = FAM__V1__LIST_REPORTS_RESPONSE__INIT;
    enum fam_code code = fam_service_read_page(request->page_size, request->page_token, &page, &status);
    if (code == FAM_OK) {
        code = fam_report_list(context->store, fam_call_acting_user(call), page.before, page.limit, lines, &count,
                               &more, &status);
    }
    if (code == FAM_OK) {
        code = fill(&reply, lines, count, more, &response, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
