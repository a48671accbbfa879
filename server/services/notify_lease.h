/* notify_lease.h: the method Lease: a long poll that holds no thread while it waits. */
#ifndef FAM_SERVICES_NOTIFY_LEASE_H
#define FAM_SERVICES_NOTIFY_LEASE_H

#include "services/services_private.h"

/* Answers the call, now or when something becomes due. */
void fam_notify_lease(struct fam_services_context *context, const Fam__V1__LeaseRequest *request,
                      Fam__V1__LeaseResponse_Closure closure, struct fam_call *call);

#endif
