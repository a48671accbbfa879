/* ops_send.h: a check-in or a report goes to one person now. */
#ifndef FAM_SERVICES_OPS_SEND_H
#define FAM_SERVICES_OPS_SEND_H

#include "services/services_private.h"

void fam_ops_send_checkin(struct fam_services_context *context, const Fam__V1__SendCheckinRequest *request,
                          Fam__V1__SendCheckinResponse_Closure closure, struct fam_call *call);
void fam_ops_send_report(struct fam_services_context *context, const Fam__V1__SendReportRequest *request,
                         Fam__V1__SendReportResponse_Closure closure, struct fam_call *call);

#endif
