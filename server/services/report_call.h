/* report_call.h: CheckinService/GetReport and ListReports: a report of the period until now or one of the archive, with
 * its picture when that is asked for. */
#ifndef FAM_SERVICES_REPORT_CALL_H
#define FAM_SERVICES_REPORT_CALL_H

#include "services/services_private.h"

/* Without a font for pictures the report comes without one, and the log says so. CONSENT_REQUIRED for a new one without
 * consent to processing, for it is kept; one of the archive is shown without. */
void fam_checkin_get_report(struct fam_services_context *context, const Fam__V1__GetReportRequest *request,
                            Fam__V1__GetReportResponse_Closure closure, struct fam_call *call);
void fam_checkin_list_reports(struct fam_services_context *context, const Fam__V1__ListReportsRequest *request,
                              Fam__V1__ListReportsResponse_Closure closure, struct fam_call *call);

#endif
