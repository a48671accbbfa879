/* Bearer tokens and the audit log. */
#include <criterion/criterion.h>

#include "store/audit_store.h"
#include "store/token_store.h"
#include "support/store_fixture.h"

static struct store_fixture f;

static void start(void)
{
    store_fixture_start(&f);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(tokens, .init = start, .fini = stop, .timeout = 120);

static struct fam_uuid create(const struct fam_mutation *mutation, const struct fam_token_new *token,
                              char secret[FAM_TOKEN_SIZE])
{
    struct fam_outcome outcome;
    struct fam_status status = {0};
    struct fam_uuid token_id = {{0}};
    cr_assert_eq(fam_token_create(f.store, mutation, token, secret, &outcome, &status), FAM_OK, "%s", status.message);
    cr_assert(fam_ids_uuid(outcome.ids, outcome.ids_size, 0, &token_id));
    return token_id;
}

Test(tokens, a_token_is_found_by_its_secret_alone_and_only_its_hash_is_stored)
{
    const char *const methods[] = {"fam.v1.OpsService/Health", "fam.v1.TranslationService/Translate"};
    struct fam_token_new wanted = {FAM__V1__ROLE__ROLE_SERVICE, "export", methods, 2, true};
    struct fam_token token;
    struct fam_status status = {0};
    char secret[FAM_TOKEN_SIZE], sql[300];
    struct fam_uuid token_id = create(NULL, &wanted, secret);
    cr_assert_eq(strlen(secret), FAM_TOKEN_SIZE - 1);
    cr_assert_eq(strncmp(secret, "fam_", 4), 0);
    cr_assert_eq(strspn(secret + 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
    cr_assert_eq(fam_token_find(f.store, secret, &token, &status), FAM_OK, "%s", status.message);
    cr_assert(fam_uuid_equal(&token.token_id, &token_id));
    cr_assert_eq(token.role, FAM__V1__ROLE__ROLE_SERVICE);
    cr_assert_str_eq(token.name, "export");
    cr_assert_str_eq(token.scope, "service:export");
    cr_assert(token.personal_text);
    cr_assert_eq(token.method_count, 2);
    cr_assert_str_eq(token.methods[0], methods[0]);
    cr_assert_str_eq(token.methods[1], methods[1]);
    cr_assert(token.created_at_ms > 1600000000000 && token.last_used_at_ms == 0 && token.revoked_at_ms == 0);
    fam_token_done(&token);
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM api_tokens t WHERE t::text LIKE '%%%.20s%%'", secret + 4);
    expect_sql(f.pg.conninfo, sql, "0");
    secret[10] = secret[10] == 'a' ? 'b' : 'a';
    cr_assert_eq(fam_token_find(f.store, secret, &token, &status), FAM_UNAUTHENTICATED);
    cr_assert_eq(fam_token_find(f.store, "", &token, &status), FAM_UNAUTHENTICATED);
    cr_assert_eq(fam_token_find(f.store, NULL, &token, &status), FAM_UNAUTHENTICATED);
}

Test(tokens, a_repeated_create_gives_the_same_secret_and_one_token)
{
    struct fam_mutation mutation = mutation_of("create-1", "request"), other = mutation_of("create-2", "request");
    struct fam_token_new wanted = {.role = FAM__V1__ROLE__ROLE_BOT, .name = "123456789"};
    struct fam_status status = {0};
    char first[FAM_TOKEN_SIZE], second[FAM_TOKEN_SIZE], third[FAM_TOKEN_SIZE], again[FAM_TOKEN_SIZE];
    struct fam_uuid a = create(&mutation, &wanted, first), b = create(&mutation, &wanted, second);
    cr_assert(fam_uuid_equal(&a, &b));
    cr_assert_str_eq(first, second);
    cr_assert_eq(fam_token_secret(f.store, &mutation, again, &status), FAM_OK);
    cr_assert_str_eq(first, again);
    (void)create(&other, &wanted, third);
    cr_assert_str_neq(first, third);
    (void)create(NULL, &wanted, again);
    cr_assert_str_neq(first, again);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM api_tokens", "3");
}

Test(tokens, a_revoked_token_is_refused_like_an_unknown_one)
{
    struct fam_token_new wanted = {.role = FAM__V1__ROLE__ROLE_ADMIN, .name = "olga"};
    struct fam_token token;
    struct fam_outcome outcome;
    struct fam_status revoked = {0}, unknown = {0}, status = {0};
    char secret[FAM_TOKEN_SIZE];
    struct fam_uuid token_id = create(NULL, &wanted, secret), missing = fam_uuid_v7();
    cr_assert_eq(fam_token_revoke(f.store, NULL, &token_id, &outcome, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_token_find(f.store, secret, &token, &revoked), FAM_UNAUTHENTICATED);
    cr_assert_eq(fam_token_find(f.store, "fam_nothing", &token, &unknown), FAM_UNAUTHENTICATED);
    cr_assert_str_eq(revoked.message, unknown.message);
    cr_assert_eq(fam_token_get(f.store, &token_id, &token, &status), FAM_OK);
    int64_t when = token.revoked_at_ms;
    cr_assert_gt(when, 0);
    fam_token_done(&token);
    cr_assert_eq(fam_token_revoke(f.store, NULL, &token_id, &outcome, &status), FAM_OK);
    cr_assert_eq(fam_token_get(f.store, &token_id, &token, &status), FAM_OK);
    cr_assert_eq(token.revoked_at_ms, when);
    fam_token_done(&token);
    cr_assert_eq(fam_token_revoke(f.store, NULL, &missing, &outcome, &status), FAM_NOT_FOUND);
    cr_assert_eq(fam_token_get(f.store, &missing, &token, &status), FAM_NOT_FOUND);
}

Test(tokens, the_list_is_newest_first)
{
    struct fam_token_new wanted = {.role = FAM__V1__ROLE__ROLE_METRICS, .name = "m"};
    struct fam_token *tokens = NULL;
    struct fam_status status = {0};
    char secret[FAM_TOKEN_SIZE];
    size_t count = 0;
    (void)create(NULL, &wanted, secret);
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    wanted.name = "n";
    (void)create(NULL, &wanted, secret);
    cr_assert_eq(fam_token_list(f.store, &tokens, &count, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(count, 2);
    cr_assert_str_eq(tokens[0].name, "n");
    cr_assert_str_eq(tokens[1].name, "m");
    cr_assert_eq(tokens[0].method_count, 0);
    fam_tokens_free(tokens, count);
}

Test(tokens, use_is_noted_once_a_minute)
{
    struct fam_token_new wanted = {.role = FAM__V1__ROLE__ROLE_BOT, .name = "1"};
    struct fam_status status = {0};
    char secret[FAM_TOKEN_SIZE];
    struct fam_uuid token_id = create(NULL, &wanted, secret);
    cr_assert_eq(fam_token_touch(f.store, &token_id, &status), FAM_OK);
    expect_sql(f.pg.conninfo, "SELECT last_used_at IS NOT NULL FROM api_tokens", "t");
    expect_sql(f.pg.conninfo, "UPDATE api_tokens SET last_used_at = now() - INTERVAL '50 seconds'", NULL);
    cr_assert_eq(fam_token_touch(f.store, &token_id, &status), FAM_OK);
    expect_sql(f.pg.conninfo, "SELECT last_used_at < now() - INTERVAL '40 seconds' FROM api_tokens", "t");
    expect_sql(f.pg.conninfo, "UPDATE api_tokens SET last_used_at = now() - INTERVAL '70 seconds'", NULL);
    cr_assert_eq(fam_token_touch(f.store, &token_id, &status), FAM_OK);
    expect_sql(f.pg.conninfo, "SELECT last_used_at > now() - INTERVAL '40 seconds' FROM api_tokens", "t");
}

Test(tokens, a_faulty_request_names_its_field)
{
    const char *const comma[] = {"a,b"};
    static char long_name[66];
    const struct fam_token_new faulty[] = {
        {.role = FAM__V1__ROLE__ROLE_UNSPECIFIED, .name = "a"},
        {.role = FAM__V1__ROLE__ROLE_BOT, .name = ""},
        {.role = FAM__V1__ROLE__ROLE_BOT, .name = "a b"},
        {.role = FAM__V1__ROLE__ROLE_BOT, .name = long_name},
        {.role = FAM__V1__ROLE__ROLE_SERVICE, .name = "a", .methods = comma, .method_count = 1},
    };
    static const char *const fields[] = {"role", "name", "name", "name", "methods"};
    char secret[FAM_TOKEN_SIZE];
    memset(long_name, 'a', 65);
    for (size_t i = 0; i < sizeof(faulty) / sizeof(faulty[0]); i++) {
        struct fam_outcome outcome;
        struct fam_status status = {0};
        cr_expect_eq(fam_token_create(f.store, NULL, &faulty[i], secret, &outcome, &status), FAM_INVALID_ARGUMENT,
                     "row %zu", i);
        cr_expect_str_eq(status.field, fields[i], "row %zu", i);
        cr_expect_str_eq(secret, "");
    }
    struct fam_token_new good = {.role = FAM__V1__ROLE__ROLE_BOT, .name = long_name + 1};
    (void)create(NULL, &good, secret);
}

Test(tokens, the_audit_log_is_only_appended_to)
{
    struct fam_uuid user_id = fam_uuid_v7();
    struct fam_status status = {0};
    char reason[3001];
    struct fam_audit audit = {.principal = "admin:olga",
                              .method = "fam.v1.TranslationService/GetEntry",
                              .user_id = &user_id,
                              .reason = "ticket 42",
                              .request_id = "req-1"};
    cr_assert_eq(fam_audit_append(f.store, &audit, &status), FAM_OK, "%s", status.message);
    /* Characters of three bytes: 2,000 bytes are kept, cut between two of them. */
    for (size_t i = 0; i < 3000; i += 3)
        memcpy(reason + i, "€", 3);
    reason[3000] = '\0';
    audit.reason = reason;
    cr_assert_eq(fam_audit_append(f.store, &audit, &status), FAM_OK, "%s", status.message);
    audit.reason = NULL;
    audit.user_id = NULL;
    cr_assert_eq(fam_audit_append(f.store, &audit, &status), FAM_OK, "%s", status.message);
    expect_sql(f.pg.conninfo, "SELECT string_agg(length(reason)::text, ' ' ORDER BY at) FROM audit_log", "9 666 0");
    cr_assert_not(pg_server_sql(f.pg.conninfo, "UPDATE audit_log SET reason = ''", NULL, 0));
    cr_assert_not(pg_server_sql(f.pg.conninfo, "DELETE FROM audit_log", NULL, 0));
    cr_assert_not(pg_server_sql(f.pg.conninfo, "TRUNCATE audit_log", NULL, 0));
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM audit_log", "3");
}
