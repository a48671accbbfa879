/* token_store.h: bearer tokens. Stored is the SHA-256 of a 256-bit secret, never the secret; a secret is derived from
 * the idempotency key, so that a repeated CreateToken gives the same one. */
#ifndef FAM_STORE_TOKEN_STORE_H
#define FAM_STORE_TOKEN_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/ops.pb-c.h"
#include "store/idempotency_store.h"

struct fam_store;

/* "fam_" and 43 characters of base64url, and the NUL. */
enum { FAM_TOKEN_SIZE = 48, FAM_TOKEN_METHODS_MAX = 64, FAM_TOKENS_LIST_MAX = 1000 };

struct fam_token {
    struct fam_uuid token_id;
    Fam__V1__Role role;
    char name[65];
    char scope[80]; /* of idempotency keys: "bot:123456789", "service:export" */
    bool personal_text;
    char **methods; /* full names; of a service */
    size_t method_count;
    int64_t created_at_ms;
    int64_t last_used_at_ms; /* 0: never; within a minute */
    int64_t revoked_at_ms;   /* 0: valid */
};
void fam_token_done(struct fam_token *token);
void fam_tokens_free(struct fam_token *tokens, size_t count);

struct fam_token_new {
    Fam__V1__Role role;
    const char *name; /* 1 to 64 of [A-Za-z0-9_.-] */
    const char *const *methods;
    size_t method_count;
    bool personal_text;
};
/* ids: token. ret_secret gets the bearer token, also on a replay; wipe it. Without an idempotency key it is random. */
enum fam_code fam_token_create(struct fam_store *store, const struct fam_mutation *mutation,
                               const struct fam_token_new *token, char ret_secret[FAM_TOKEN_SIZE],
                               struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;
/* The secret that fam_token_create gave for this mutation (with a key): for an answer rebuilt from ids. */
enum fam_code fam_token_secret(struct fam_store *store, const struct fam_mutation *mutation,
                               char ret_secret[FAM_TOKEN_SIZE], struct fam_status *status) FAM_MUST_CHECK;
/* Who bears this secret? UNAUTHENTICATED for an unknown or a revoked one, without telling which. */
enum fam_code fam_token_find(struct fam_store *store, const char *secret, struct fam_token *ret_token,
                             struct fam_status *status) FAM_MUST_CHECK;
/* NOT_FOUND. */
enum fam_code fam_token_get(struct fam_store *store, const struct fam_uuid *token_id, struct fam_token *ret_token,
                            struct fam_status *status) FAM_MUST_CHECK;
/* Newest first; at most FAM_TOKENS_LIST_MAX. Free with fam_tokens_free. */
enum fam_code fam_token_list(struct fam_store *store, struct fam_token **ret_tokens, size_t *ret_count,
                             struct fam_status *status) FAM_MUST_CHECK;
/* Revoking a revoked one changes nothing. ids: token. NOT_FOUND. */
enum fam_code fam_token_revoke(struct fam_store *store, const struct fam_mutation *mutation,
                               const struct fam_uuid *token_id, struct fam_outcome *ret_outcome,
                               struct fam_status *status) FAM_MUST_CHECK;
/* Sets last_used_at unless it was set within the last minute. */
enum fam_code fam_token_touch(struct fam_store *store, const struct fam_uuid *token_id,
                              struct fam_status *status) FAM_MUST_CHECK;

#endif
