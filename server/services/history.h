/* history.h: the methods of TranslationService that look through entries, show and hide them, and delete them. They
 * answer before they return. */
#ifndef FAM_SERVICES_HISTORY_H
#define FAM_SERVICES_HISTORY_H

#include "services/services_private.h"

void fam_history_get(struct fam_services_context *context, const Fam__V1__GetEntryRequest *request,
                     Fam__V1__GetEntryResponse_Closure closure, struct fam_call *call);
void fam_history_list(struct fam_services_context *context, const Fam__V1__ListEntriesRequest *request,
                      Fam__V1__ListEntriesResponse_Closure closure, struct fam_call *call);
void fam_history_search(struct fam_services_context *context, const Fam__V1__SearchEntriesRequest *request,
                        Fam__V1__SearchEntriesResponse_Closure closure, struct fam_call *call);
void fam_history_share(struct fam_services_context *context, const Fam__V1__ShareEntryRequest *request,
                       Fam__V1__ShareEntryResponse_Closure closure, struct fam_call *call);
void fam_history_delete(struct fam_services_context *context, const Fam__V1__DeleteEntryRequest *request,
                        Fam__V1__DeleteEntryResponse_Closure closure, struct fam_call *call);

#endif
