/* erase_call.h: erasing for a call: DeleteFamily by the person, EraseFamily by an operator. Private to services/. */
#ifndef FAM_SERVICES_ERASE_CALL_H
#define FAM_SERVICES_ERASE_CALL_H

#include "services/reply.h"
#include "services/services_private.h"
#include "store/erase_store.h"

/* fam_erase with the ledger and what follows the COMMIT; `erase` names who goes. A repeat of the call gives what the
 * first one did, as long as its idempotency key is kept. */
enum fam_code fam_service_erase(struct fam_services_context *context, struct fam_call *call, struct fam_erase *erase,
                                struct fam_erased *ret_erased, struct fam_status *status) FAM_MUST_CHECK;
Fam__V1__Receipt *fam_reply_receipt(struct fam_reply *reply, const struct fam_erased *erased);

/* FamilyService/DeleteFamily. */
void fam_service_delete_family(struct fam_services_context *context, const Fam__V1__DeleteFamilyRequest *request,
                               Fam__V1__DeleteFamilyResponse_Closure closure, struct fam_call *call);
/* OpsService/EraseFamily. */
void fam_ops_erase_family(struct fam_services_context *context, const Fam__V1__EraseFamilyRequest *request,
                          Fam__V1__EraseFamilyResponse_Closure closure, struct fam_call *call);

#endif
