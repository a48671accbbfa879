/* privacy_call.h: FamilyService/GetPrivacyReport. Private to services/. */
#ifndef FAM_SERVICES_PRIVACY_CALL_H
#define FAM_SERVICES_PRIVACY_CALL_H

#include "services/reply.h"
#include "services/services_private.h"

void fam_service_get_privacy_report(struct fam_services_context *context,
                                    const Fam__V1__GetPrivacyReportRequest *request,
                                    Fam__V1__GetPrivacyReportResponse_Closure closure, struct fam_call *call);
/* A recipient for a reply; NULL when memory is short. */
Fam__V1__Recipient *fam_reply_recipient(struct fam_reply *reply, const char *name, int64_t count, int64_t first_ms,
                                        int64_t last_ms);

#endif
