/* checkin_service.c: fam.v1.CheckinService: each method takes its request to the room that answers it: times and pauses
 * (checkin_times.c), questions and answers (checkin_answers.c), reports (report_call.c). */
#include "services/report_call.h"
#include "services/services_private.h"
#include "services/unbuilt.h"

FAM_UNBUILT(CheckinService, get_schedule, GetSchedule)
FAM_UNBUILT(CheckinService, set_schedule, SetSchedule)
FAM_UNBUILT(CheckinService, pause_schedule, PauseSchedule)
FAM_UNBUILT(CheckinService, start_checkin, StartCheckin)
FAM_UNBUILT(CheckinService, answer_question, AnswerQuestion)
FAM_UNBUILT(CheckinService, skip_checkin, SkipCheckin)
FAM_UNBUILT(CheckinService, list_checkins, ListCheckins)

static void get_report(Fam__V1__CheckinService_Service *service, const Fam__V1__GetReportRequest *request,
                       Fam__V1__GetReportResponse_Closure closure, void *closure_data)
{
    fam_report_call_get(((struct fam_checkin_service *)service)->context, request, closure, closure_data);
}

static void list_reports(Fam__V1__CheckinService_Service *service, const Fam__V1__ListReportsRequest *request,
                         Fam__V1__ListReportsResponse_Closure closure, void *closure_data)
{
    fam_report_call_list(((struct fam_checkin_service *)service)->context, request, closure, closure_data);
}

void fam_checkin_service_init(struct fam_checkin_service *service, struct fam_services_context *context)
{
    static const Fam__V1__CheckinService_Service HANDLERS = FAM__V1__CHECKIN_SERVICE__INIT();
    service->base = HANDLERS;
    service->context = context;
}
