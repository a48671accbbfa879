/* translate_batch.h: the method TranslateBatch: several phrases in the order asked, a status for each, equal ones once.
 */
#ifndef FAM_SERVICES_TRANSLATE_BATCH_H
#define FAM_SERVICES_TRANSLATE_BATCH_H

#include "services/services_private.h"

enum { FAM_BATCH_ITEMS_MAX = 16 };

/* Answers the call, now or when Claude has. */
void fam_translate_batch(struct fam_services_context *context, const Fam__V1__TranslateBatchRequest *request,
                         Fam__V1__TranslateBatchResponse_Closure closure, struct fam_call *call);

#endif
