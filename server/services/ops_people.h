/* ops_people.h: the lists of OpsService: users, families, the audit. Each answers its call before it returns. None
 * shows a name or a word of anybody. */
#ifndef FAM_SERVICES_OPS_PEOPLE_H
#define FAM_SERVICES_OPS_PEOPLE_H

#include "services/services_private.h"

void fam_ops_list_users(struct fam_services_context *context, const Fam__V1__ListUsersRequest *request,
                        Fam__V1__ListUsersResponse_Closure closure, struct fam_call *call);
void fam_ops_list_families(struct fam_services_context *context, const Fam__V1__ListFamiliesRequest *request,
                           Fam__V1__ListFamiliesResponse_Closure closure, struct fam_call *call);
void fam_ops_list_audit(struct fam_services_context *context, const Fam__V1__ListAuditRequest *request,
                        Fam__V1__ListAuditResponse_Closure closure, struct fam_call *call);

#endif
