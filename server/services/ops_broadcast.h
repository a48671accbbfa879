/* ops_broadcast.h: OpsService/Broadcast. Answers its call before it returns. Private to services/. */
#ifndef FAM_SERVICES_OPS_BROADCAST_H
#define FAM_SERVICES_OPS_BROADCAST_H

#include "services/services_private.h"

void fam_ops_broadcast(struct fam_services_context *context, const Fam__V1__BroadcastRequest *request,
                       Fam__V1__BroadcastResponse_Closure closure, struct fam_call *call);

#endif
