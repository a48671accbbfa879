/* checkin_service.c: fam.v1.CheckinService: each method takes its request to the room that answers it: times and pauses
 * (checkin_times.c), questions and answers (checkin_answers.c), reports (report_call.c). */
#include "services/checkin_call.h"
#include "services/report_call.h"
#include "services/services_private.h"

static struct fam_services_context *context_of(Fam__V1__CheckinService_Service *service)
{
    return ((struct fam_checkin_service *)service)->context;
}

#define FORWARD(name, Method)                                                                                          \
    static void name(Fam__V1__CheckinService_Service *service, const Fam__V1__##Method##Request *request,              \
                     Fam__V1__##Method##Response_Closure closure, void *closure_data)                                  \
    {                                                                                                                  \
        fam_checkin_##name(context_of(service), request, closure, closure_data);                                       \
    }
FORWARD(get_schedule, GetSchedule)
FORWARD(set_schedule, SetSchedule)
FORWARD(pause_schedule, PauseSchedule)
FORWARD(start_checkin, StartCheckin)
FORWARD(answer_question, AnswerQuestion)
FORWARD(skip_checkin, SkipCheckin)
FORWARD(list_checkins, ListCheckins)
FORWARD(get_report, GetReport)
FORWARD(list_reports, ListReports)

void fam_checkin_service_init(struct fam_checkin_service *service, struct fam_services_context *context)
{
    static const Fam__V1__CheckinService_Service HANDLERS = FAM__V1__CHECKIN_SERVICE__INIT();
    service->base = HANDLERS;
    service->context = context;
}
