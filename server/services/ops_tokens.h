/* ops_tokens.h: the token methods of OpsService. Each answers its call before it returns. */
#ifndef FAM_SERVICES_OPS_TOKENS_H
#define FAM_SERVICES_OPS_TOKENS_H

#include "services/services_private.h"
#include "store/token_store.h"

/* Is this a token that can be made? INVALID_ARGUMENT names the field. */
enum fam_code fam_token_check(const struct fam_token_new *token, struct fam_status *status) FAM_MUST_CHECK;

void fam_ops_create_token(struct fam_services_context *context, const Fam__V1__CreateTokenRequest *request,
                          Fam__V1__CreateTokenResponse_Closure closure, struct fam_call *call);
void fam_ops_list_tokens(struct fam_services_context *context, Fam__V1__ListTokensResponse_Closure closure,
                         struct fam_call *call);
void fam_ops_revoke_token(struct fam_services_context *context, const Fam__V1__RevokeTokenRequest *request,
                          Fam__V1__RevokeTokenResponse_Closure closure, struct fam_call *call);

#endif
