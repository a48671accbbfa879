/* checkin_call.h: the methods of CheckinService about times (checkin_times.c) and answers (checkin_answers.c). Each
 * answers its call before it returns. Private to services/. */
#ifndef FAM_SERVICES_CHECKIN_CALL_H
#define FAM_SERVICES_CHECKIN_CALL_H

#include "services/services_private.h"

#define FAM_CHECKIN_METHOD(name, Method)                                                                               \
    void fam_checkin_##name(struct fam_services_context *context, const Fam__V1__##Method##Request *request,           \
                            Fam__V1__##Method##Response_Closure closure, struct fam_call *call)

FAM_CHECKIN_METHOD(get_schedule, GetSchedule);
FAM_CHECKIN_METHOD(set_schedule, SetSchedule);
FAM_CHECKIN_METHOD(pause_schedule, PauseSchedule);
FAM_CHECKIN_METHOD(start_checkin, StartCheckin);
FAM_CHECKIN_METHOD(answer_question, AnswerQuestion);
FAM_CHECKIN_METHOD(skip_checkin, SkipCheckin);
FAM_CHECKIN_METHOD(list_checkins, ListCheckins);

#endif
