/* ops_schedule.h: OpsService/ListSchedules. Answers its call before it returns. */
#ifndef FAM_SERVICES_OPS_SCHEDULE_H
#define FAM_SERVICES_OPS_SCHEDULE_H

#include "services/services_private.h"

void fam_ops_list_schedules(struct fam_services_context *context, const Fam__V1__ListSchedulesRequest *request,
                            Fam__V1__ListSchedulesResponse_Closure closure, struct fam_call *call);

#endif
