/* export_call.h: FamilyService/ExportFamily: the export in chunks. Private to services/.
 *
 * Nothing is kept between two calls: a token says which table and which row come next. What changes meanwhile is in
 * the rest of the file or not; what was read stays right. */
#ifndef FAM_SERVICES_EXPORT_CALL_H
#define FAM_SERVICES_EXPORT_CALL_H

#include "services/reply.h"
#include "services/services_private.h"

/* So much at most is in one answer. */
enum { FAM_EXPORT_CHUNK_BYTES = 256 * 1024 };

void fam_service_export_family(struct fam_services_context *context, const Fam__V1__ExportFamilyRequest *request,
                               Fam__V1__ExportFamilyResponse_Closure closure, struct fam_call *call);

#endif
