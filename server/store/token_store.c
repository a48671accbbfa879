/* token_store.c: see token_store.h. */
#include "store/token_store.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "store/store.h"
#include "store/words.h"

enum { SECRET_BYTES = FAM_HMAC_SIZE, HASH_SIZE = crypto_hash_sha256_BYTES };

#define TOKEN_COLUMNS                                                                                                  \
    "token_id, role, name, scope, personal_text, array_to_string(methods, ','), "                                      \
    "(extract(epoch FROM created_at) * 1000)::bigint, (extract(epoch FROM last_used_at) * 1000)::bigint, "             \
    "(extract(epoch FROM revoked_at) * 1000)::bigint "

static const struct fam_statement insert_token = {
    "token_insert",
    "INSERT INTO api_tokens (token_id, role, name, scope, hash, methods, personal_text) "
    "VALUES ($1, $2, $3, $4, $5, string_to_array($6, ','), $7)",
    "insert", "api_tokens"};
static const struct fam_statement find_token = {
    "token_find", "SELECT " TOKEN_COLUMNS "FROM api_tokens WHERE hash = $1 AND revoked_at IS NULL", "select",
    "api_tokens"};
static const struct fam_statement select_token = {
    "token_select", "SELECT " TOKEN_COLUMNS "FROM api_tokens WHERE token_id = $1", "select", "api_tokens"};
static const struct fam_statement list_tokens = {
    "token_list", "SELECT " TOKEN_COLUMNS "FROM api_tokens ORDER BY token_id DESC LIMIT 1000", "select", "api_tokens"};
static const struct fam_statement revoke_token = {
    "token_revoke", "UPDATE api_tokens SET revoked_at = coalesce(revoked_at, now()) WHERE token_id = $1", "update",
    "api_tokens"};
static const struct fam_statement touch_token = {
    "token_touch",
    "UPDATE api_tokens SET last_used_at = now() WHERE token_id = $1 "
    "AND (last_used_at IS NULL OR last_used_at < now() - INTERVAL '1 minute')",
    "update", "api_tokens"};

void fam_token_done(struct fam_token *token)
{
    for (size_t i = 0; i < token->method_count; i++) {
        free(token->methods[i]);
    }
    free(token->methods);
    memset(token, 0, sizeof(*token));
}

void fam_tokens_free(struct fam_token *tokens, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fam_token_done(&tokens[i]);
    }
    free(tokens);
}

static void format_secret(const unsigned char bytes[SECRET_BYTES], char ret_secret[FAM_TOKEN_SIZE])
{
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): bytes with a size, no text */
    memcpy(ret_secret, "fam_", 4);
    (void)sodium_bin2base64(ret_secret + 4, FAM_TOKEN_SIZE - 4, bytes, SECRET_BYTES,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void hash_secret(const char *secret, unsigned char ret_hash[HASH_SIZE])
{
    (void)crypto_hash_sha256(ret_hash, (const unsigned char *)secret, strlen(secret));
}

enum fam_code fam_token_secret(struct fam_store *store, const struct fam_mutation *mutation,
                               char ret_secret[FAM_TOKEN_SIZE], struct fam_status *status)
{
    unsigned char bytes[SECRET_BYTES];
    enum fam_code code = fam_store_load(store, status);
    if (code != FAM_OK) {
        return code;
    }
    if (mutation && mutation->key && mutation->key[0]) {
        fam_seal_derive(fam_store_seal(store), mutation->scope, mutation->method, mutation->key, bytes);
    } else {
        randombytes_buf(bytes, sizeof(bytes));
    }
    format_secret(bytes, ret_secret);
    sodium_memzero(bytes, sizeof(bytes));
    return FAM_OK;
}

/* What a new token is about. */
struct creation {
    const struct fam_token_new *token;
    unsigned char hash[HASH_SIZE];
};

static enum fam_code create(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                            struct fam_status *status)
{
    const struct creation *creation = context;
    const struct fam_token_new *token = creation->token;
    fam_auto(fam_buf_done) struct fam_buf methods = {0};
    struct fam_params params = {0};
    struct fam_uuid token_id = fam_uuid_v7();
    const char *role = fam_token_role_word(token->role);
    char scope[80];
    (void)store;
    for (size_t i = 0; i < token->method_count; i++) {
        if (i) {
            fam_buf_add_char(&methods, ',');
        }
        fam_buf_add_text(&methods, token->methods[i]);
    }
    if (methods.failed) {
        return fam_fail_memory(status);
    }
    snprintf(scope, sizeof(scope), "%s:%s", role, token->name);
    fam_param_uuid(&params, &token_id);
    fam_param_text(&params, role);
    fam_param_text(&params, token->name);
    fam_param_text(&params, scope);
    fam_param_bytes(&params, creation->hash, sizeof(creation->hash));
    fam_param_text(&params, fam_buf_text(&methods));
    fam_param_bool(&params, token->personal_text);
    enum fam_code code = fam_db_exec(db, &insert_token, &params, NULL, status);
    if (code == FAM_OK) {
        fam_outcome_add(outcome, &token_id);
    }
    return code;
}

static enum fam_code check_new(const struct fam_token_new *token, struct fam_status *status)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    size_t length = token->name ? strlen(token->name) : 0;
    if (!fam_token_role_word(token->role)) {
        return fam_fail_field(status, "role", "is not one of the list");
    }
    if (length < 1 || length > 64 || strspn(token->name, allowed) != length) {
        return fam_fail_field(status, "name", "takes 1 to 64 characters of A-Z a-z 0-9 _ . -");
    }
    if (token->method_count > FAM_TOKEN_METHODS_MAX) {
        return fam_fail_field(status, "methods", "names more than %d methods", FAM_TOKEN_METHODS_MAX);
    }
    for (size_t i = 0; i < token->method_count; i++) {
        if (!token->methods[i][0] || strchr(token->methods[i], ',')) {
            return fam_fail_field(status, "methods", "holds what is no method");
        }
    }
    return FAM_OK;
}

enum fam_code fam_token_create(struct fam_store *store, const struct fam_mutation *mutation,
                               const struct fam_token_new *token, char ret_secret[FAM_TOKEN_SIZE],
                               struct fam_outcome *ret_outcome, struct fam_status *status)
{
    struct creation creation = {.token = token};
    memset(ret_outcome, 0, sizeof(*ret_outcome));
    ret_secret[0] = '\0';
    enum fam_code code = check_new(token, status);
    if (code == FAM_OK) {
        code = fam_token_secret(store, mutation, ret_secret, status);
    }
    if (code == FAM_OK) {
        hash_secret(ret_secret, creation.hash);
        code = fam_mutate(store, mutation, create, &creation, ret_outcome, status);
    }
    if (code != FAM_OK) {
        sodium_memzero(ret_secret, FAM_TOKEN_SIZE);
    }
    return code;
}

static enum fam_code fill_methods(const char *joined, struct fam_token *token, struct fam_status *status)
{
    size_t commas = 0;
    if (!joined[0]) {
        return FAM_OK;
    }
    for (const char *at = joined; *at; at++) {
        commas += *at == ',';
    }
    token->methods = calloc(commas + 1, sizeof(*token->methods));
    if (!token->methods) {
        return fam_fail_memory(status);
    }
    for (const char *at = joined; token->method_count <= commas;) {
        size_t length = strcspn(at, ",");
        char *method = strndup(at, length);
        if (!method) {
            return fam_fail_memory(status);
        }
        token->methods[token->method_count++] = method;
        at += length + (at[length] == ',');
    }
    return FAM_OK;
}

static enum fam_code fill(const struct fam_rows *rows, size_t row, struct fam_token *token, struct fam_status *status)
{
    token->token_id = fam_rows_uuid(rows, row, 0);
    token->role = fam_token_role_of_word(fam_rows_text(rows, row, 1));
    snprintf(token->name, sizeof(token->name), "%s", fam_rows_text(rows, row, 2));
    snprintf(token->scope, sizeof(token->scope), "%s", fam_rows_text(rows, row, 3));
    token->personal_text = fam_rows_i64(rows, row, 4) != 0;
    token->created_at_ms = fam_rows_i64(rows, row, 6);
    token->last_used_at_ms = fam_rows_i64(rows, row, 7);
    token->revoked_at_ms = fam_rows_i64(rows, row, 8);
    enum fam_code code = fill_methods(fam_rows_text(rows, row, 5), token, status);
    if (code != FAM_OK) {
        fam_token_done(token);
    }
    return code;
}

/* One row into *ret_token; `none` is the answer to no row. */
static enum fam_code read_one(struct fam_store *store, const struct fam_statement *statement,
                              const struct fam_params *params, enum fam_code none, const char *none_text,
                              struct fam_token *ret_token, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_db *db = NULL;
    memset(ret_token, 0, sizeof(*ret_token));
    enum fam_code code = fam_pool_get(fam_store_pool(store), &db, status);
    if (code != FAM_OK) {
        return code;
    }
    code = fam_db_exec(db, statement, params, &rows, status);
    fam_store_put(store, db);
    if (code != FAM_OK) {
        return code;
    }
    if (fam_rows_count(&rows) == 0) {
        return fam_fail(status, none, "%s", none_text);
    }
    return fill(&rows, 0, ret_token, status);
}

enum fam_code fam_token_find(struct fam_store *store, const char *secret, struct fam_token *ret_token,
                             struct fam_status *status)
{
    struct fam_params params = {0};
    unsigned char hash[HASH_SIZE];
    hash_secret(secret ? secret : "", hash);
    fam_param_bytes(&params, hash, sizeof(hash));
    return read_one(store, &find_token, &params, FAM_UNAUTHENTICATED, "the token is not known", ret_token, status);
}

enum fam_code fam_token_get(struct fam_store *store, const struct fam_uuid *token_id, struct fam_token *ret_token,
                            struct fam_status *status)
{
    struct fam_params params = {0};
    fam_param_uuid(&params, token_id);
    return read_one(store, &select_token, &params, FAM_NOT_FOUND, "no such token", ret_token, status);
}

enum fam_code fam_token_list(struct fam_store *store, struct fam_token **ret_tokens, size_t *ret_count,
                             struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_db *db = NULL;
    *ret_tokens = NULL;
    *ret_count = 0;
    enum fam_code code = fam_pool_get(fam_store_pool(store), &db, status);
    if (code != FAM_OK) {
        return code;
    }
    code = fam_db_exec(db, &list_tokens, NULL, &rows, status);
    fam_store_put(store, db);
    if (code != FAM_OK) {
        return code;
    }
    size_t count = fam_rows_count(&rows);
    struct fam_token *tokens = calloc(count + 1, sizeof(*tokens));
    if (!tokens) {
        return fam_fail_memory(status);
    }
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        code = fill(&rows, i, &tokens[i], status);
    }
    if (code != FAM_OK) {
        fam_tokens_free(tokens, count);
        return code;
    }
    *ret_tokens = tokens;
    *ret_count = count;
    return FAM_OK;
}

static enum fam_code revoke(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                            struct fam_status *status)
{
    const struct fam_uuid *token_id = context;
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    (void)store;
    fam_param_uuid(&params, token_id);
    enum fam_code code = fam_db_exec(db, &revoke_token, &params, &rows, status);
    if (code == FAM_OK && fam_rows_affected(&rows) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND, "no such token");
    }
    if (code == FAM_OK) {
        fam_outcome_add(outcome, token_id);
    }
    return code;
}

enum fam_code fam_token_revoke(struct fam_store *store, const struct fam_mutation *mutation,
                               const struct fam_uuid *token_id, struct fam_outcome *ret_outcome,
                               struct fam_status *status)
{
    struct fam_uuid id = *token_id;
    return fam_mutate(store, mutation, revoke, &id, ret_outcome, status);
}

enum fam_code fam_token_touch(struct fam_store *store, const struct fam_uuid *token_id, struct fam_status *status)
{
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    enum fam_code code = fam_pool_get(fam_store_pool(store), &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, token_id);
    code = fam_db_exec(db, &touch_token, &params, NULL, status);
    fam_store_put(store, db);
    return code;
}
