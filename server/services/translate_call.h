/* translate_call.h: the method Translate, and how an entry is shown. */
#ifndef FAM_SERVICES_TRANSLATE_CALL_H
#define FAM_SERVICES_TRANSLATE_CALL_H

#include "services/reply.h"
#include "services/services_private.h"

/* Answers the call, now or when Claude has. */
void fam_translate_call(struct fam_services_context *context, const Fam__V1__TranslateRequest *request,
                        Fam__V1__TranslateResponse_Closure closure, struct fam_call *call);

/* The entry with its help, when the detector hit: help follows the author's `country` as it is now. */
enum fam_code fam_translate_show(struct fam_services_context *context, struct fam_reply *reply,
                                 const struct fam_entry *entry, const char *country, Fam__V1__Entry **ret_shown,
                                 struct fam_status *status) FAM_MUST_CHECK;
/* The same with the help for what the writers say of themselves. */
enum fam_code fam_translate_show_own(struct fam_services_context *context, struct fam_reply *reply,
                                     const struct fam_entry *entry, const char *country, Fam__V1__Entry **ret_shown,
                                     struct fam_status *status) FAM_MUST_CHECK;

#endif
