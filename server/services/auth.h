/* auth.h: who bears a token: the server's authentication hook, with a cache.
 *
 * A known token is looked up at most every FAM_AUTH_FRESH_MS, so a revoked one is refused within that time. While the
 * database is away, tokens that were good when it was last seen stay good (nothing can be revoked then); an unknown one
 * is UNAVAILABLE, not refused. Unknown tokens are remembered for a second, so that guessing does not load the
 * database. Bounded; thread-safe. */
#ifndef FAM_SERVICES_AUTH_H
#define FAM_SERVICES_AUTH_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/status.h"
#include "rpc/call.h"

struct fam_auth;
struct fam_store;

enum { FAM_AUTH_FRESH_MS = 3000, FAM_AUTH_ENTRIES = 1024 };

struct fam_auth *fam_auth_new(struct fam_store *store, struct fam_status *status) FAM_MUST_CHECK;
void fam_auth_free(struct fam_auth *auth);
/* As in rpc/server.h, fam_server_hooks.authenticate; `context` is a struct fam_auth. */
enum fam_code fam_auth_authenticate(void *context, const char *token, bool may_block, bool *ret_would_block,
                                    struct fam_principal *ret_principal, struct fam_status *status) FAM_MUST_CHECK;

#endif
