/* ops_reflection.h: the methods of OpsService that tell what there is to call. Each answers its call before it returns.
 */
#ifndef FAM_SERVICES_OPS_REFLECTION_H
#define FAM_SERVICES_OPS_REFLECTION_H

#include "services/services_private.h"

void fam_ops_list_methods(Fam__V1__ListMethodsResponse_Closure closure, struct fam_call *call);
void fam_ops_describe(const Fam__V1__DescribeRequest *request, Fam__V1__DescribeResponse_Closure closure,
                      struct fam_call *call);

#endif
