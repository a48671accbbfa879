/* again_call.h: the methods CorrectEntry and ReviseEntry: an entry is read again with what its author says now. */
#ifndef FAM_SERVICES_AGAIN_CALL_H
#define FAM_SERVICES_AGAIN_CALL_H

#include "services/services_private.h"

/* Both answer the call, now or when Claude has. */
void fam_correct_call(struct fam_services_context *context, const Fam__V1__CorrectEntryRequest *request,
                      Fam__V1__CorrectEntryResponse_Closure closure, struct fam_call *call);
void fam_revise_call(struct fam_services_context *context, const Fam__V1__ReviseEntryRequest *request,
                     Fam__V1__ReviseEntryResponse_Closure closure, struct fam_call *call);

#endif
