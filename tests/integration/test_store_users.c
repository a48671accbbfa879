/* Users and consents. */
#include <criterion/criterion.h>

#include "support/store_fixture.h"

enum { AT_ONCE = 8 };

static struct store_fixture f;

static void start(void)
{
    store_fixture_start(&f);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(users, .init = start, .fini = stop, .timeout = 120);

static struct fam_user get(const struct fam_uuid *user_id)
{
    struct fam_user user;
    struct fam_status status = {0};
    cr_assert_eq(fam_user_get(f.store, user_id, &user, &status), FAM_OK, "%s", status.message);
    return user;
}

Test(users, a_telegram_account_is_registered_once_and_found_again)
{
    struct fam_user first, second;
    struct fam_status status = {0};
    char lsn[FAM_LSN_SIZE];
    bool created = false;
    cr_assert_eq(fam_user_register(f.store, 4503599627370495, FAM__V1__LANGUAGE__LANGUAGE_EN,
                                   FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_INVITE, &first, &created, lsn,
                                   &status),
                 FAM_OK, "%s", status.message);
    cr_assert(created);
    cr_assert(strchr(lsn, '/'), "\"%s\"", lsn);
    cr_assert_eq(first.language, FAM__V1__LANGUAGE__LANGUAGE_EN);
    cr_assert_str_eq(first.country, "");
    cr_assert_str_eq(first.name, "");
    cr_assert_not(first.has_family);
    cr_assert_eq(first.consent_count, 0);
    cr_assert_gt(first.created_at_ms, 1600000000000);
    cr_assert_eq(fam_user_register(f.store, 4503599627370495, FAM__V1__LANGUAGE__LANGUAGE_RU,
                                   FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_API, &second, &created, lsn,
                                   &status),
                 FAM_OK);
    cr_assert_not(created);
    cr_assert_str_eq(lsn, "");
    cr_assert(fam_uuid_equal(&first.user_id, &second.user_id));
    cr_assert_eq(second.language, FAM__V1__LANGUAGE__LANGUAGE_EN, "language counts for a new user only");
    expect_sql(f.pg.conninfo, "SELECT source FROM users", "invite");
    fam_user_done(&first);
    fam_user_done(&second);
}

struct racer {
    struct fam_uuid user_id;
    bool created;
    enum fam_code code;
};

static void *race(void *context)
{
    struct racer *racer = context;
    struct fam_user user;
    struct fam_status status = {0};
    racer->code = fam_user_register(f.store, 77, FAM__V1__LANGUAGE__LANGUAGE_RU,
                                    FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_TELEGRAM, &user, &racer->created,
                                    NULL, &status);
    racer->user_id = user.user_id;
    fam_user_done(&user);
    return NULL;
}

Test(users, registrations_at_once_give_one_user)
{
    struct racer racers[AT_ONCE];
    int created = 0;
    run_at_once(race, racers, sizeof(racers[0]), AT_ONCE);
    for (int i = 0; i < AT_ONCE; i++) {
        cr_assert_eq(racers[i].code, FAM_OK);
        cr_assert(fam_uuid_equal(&racers[i].user_id, &racers[0].user_id));
        created += racers[i].created;
    }
    cr_assert_eq(created, 1);
    expect_sql(f.pg.conninfo, "SELECT (SELECT count(*) FROM users) || ' ' || (SELECT count(*) FROM keys.user_keys)",
               "1 1");
}

Test(users, the_telegram_id_is_stored_as_hmac_and_sealed_and_opens_for_sending)
{
    struct fam_uuid user_id = make_user(f.store, 123456789012), nobody = fam_uuid_v7();
    struct fam_status status = {0};
    int64_t telegram_id = 0;
    cr_assert_eq(fam_user_telegram_id(f.store, &user_id, &telegram_id, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(telegram_id, 123456789012);
    cr_assert_eq(fam_user_telegram_id(f.store, &nobody, &telegram_id, &status), FAM_NOT_FOUND);
    expect_sql(
        f.pg.conninfo,
        "SELECT count(*) FROM users WHERE position(int8send(123456789012) IN telegram_hmac || telegram_sealed) > "
        "0",
        "0");
}

Test(users, language_country_and_name_change_one_by_one)
{
    struct fam_uuid user_id = make_user(f.store, 1), nobody = fam_uuid_v7();
    struct fam_outcome outcome;
    struct fam_status status = {0};
    struct fam_user_change language = {.language = FAM__V1__LANGUAGE__LANGUAGE_EN};
    struct fam_user_change rest = {.country = "ZZ", .name = "Ольга"}, bad = {.country = "rus"};
    cr_assert_eq(fam_user_update(f.store, NULL, &user_id, &language, &outcome, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_user_update(f.store, NULL, &user_id, &rest, &outcome, &status), FAM_OK, "%s", status.message);
    cr_assert(strchr(outcome.lsn, '/'));
    struct fam_user user = get(&user_id);
    cr_assert_eq(user.language, FAM__V1__LANGUAGE__LANGUAGE_EN);
    cr_assert_str_eq(user.country, "ZZ");
    cr_assert_str_eq(user.name, "Ольга");
    fam_user_done(&user);
    cr_assert_eq(fam_user_update(f.store, NULL, &nobody, &language, &outcome, &status), FAM_NOT_FOUND);
    cr_assert_eq(fam_user_update(f.store, NULL, &nobody, &rest, &outcome, &status), FAM_NOT_FOUND);
    cr_assert_eq(fam_user_update(f.store, NULL, &user_id, &bad, &outcome, &status), FAM_INVALID_ARGUMENT);
    user = get(&user_id);
    cr_assert_str_eq(user.country, "ZZ");
    fam_user_done(&user);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM users WHERE position('Ольга'::bytea IN name) > 0", "0");
}

Test(users, an_unknown_user_is_not_found)
{
    struct fam_uuid nobody = fam_uuid_v7();
    struct fam_user user;
    struct fam_key key;
    struct fam_status status = {0};
    cr_assert_eq(fam_user_get(f.store, &nobody, &user, &status), FAM_NOT_FOUND);
    cr_assert_eq(fam_store_user_key(f.store, &nobody, &key, &status), FAM_NOT_FOUND);
}

Test(users, a_visit_is_noted_once_an_hour)
{
    struct fam_uuid user_id = make_user(f.store, 1);
    (void)user_id;
    expect_sql(f.pg.conninfo, "UPDATE users SET last_seen_at = now() - INTERVAL '10 minutes'", NULL);
    (void)make_user(f.store, 1);
    expect_sql(f.pg.conninfo, "SELECT last_seen_at < now() - INTERVAL '9 minutes' FROM users", "t");
    expect_sql(f.pg.conninfo, "UPDATE users SET last_seen_at = now() - INTERVAL '2 hours'", NULL);
    (void)make_user(f.store, 1);
    expect_sql(f.pg.conninfo, "SELECT last_seen_at > now() - INTERVAL '1 minute' FROM users", "t");
}

static void decide(const struct fam_uuid *user_id, Fam__V1__ConsentPurpose purpose, bool granted, const char *version)
{
    struct fam_outcome outcome;
    struct fam_status status = {0};
    cr_assert_eq(fam_consent_set(f.store, NULL, user_id, purpose, granted, version, &outcome, &status), FAM_OK, "%s",
                 status.message);
}

Test(users, the_latest_consent_counts_and_the_history_stays)
{
    struct fam_uuid user_id = make_user(f.store, 1), nobody = fam_uuid_v7();
    struct fam_consent consents[FAM_CONSENT_PURPOSES];
    struct fam_outcome outcome;
    struct fam_status status = {0};
    size_t count = 9;
    cr_assert_eq(fam_consent_list(f.store, &user_id, consents, &count, &status), FAM_OK);
    cr_assert_eq(count, 0);
    decide(&user_id, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, true, "2026-01");
    decide(&user_id, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, true, "2026-01");
    decide(&user_id, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, false, "2026-02");
    struct fam_user user = get(&user_id);
    cr_assert_eq(user.consent_count, 2);
    cr_assert(fam_user_consents(&user, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING));
    cr_assert_not(fam_user_consents(&user, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI));
    cr_assert_not(fam_user_consents(&user, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS));
    for (size_t i = 0; i < user.consent_count; i++)
        cr_expect_gt(user.consents[i].changed_at_ms, 1600000000000);
    fam_user_done(&user);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM consents", "3");
    cr_assert_not(pg_server_sql(f.pg.conninfo, "UPDATE consents SET granted = true", NULL, 0), "append-only");
    cr_assert_eq(fam_consent_set(f.store, NULL, &nobody, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, true, "1",
                                 &outcome, &status),
                 FAM_NOT_FOUND);
    cr_assert_eq(fam_consent_set(f.store, NULL, &user_id, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_UNSPECIFIED, true,
                                 "1", &outcome, &status),
                 FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.field, "purpose");
}

Test(users, the_users_key_is_the_same_each_time)
{
    struct fam_uuid user_id = make_user(f.store, 1), other_id = make_user(f.store, 2);
    struct fam_key a, b, other;
    struct fam_status status = {0};
    cr_assert_eq(fam_store_user_key(f.store, &user_id, &a, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_store_user_key(f.store, &user_id, &b, &status), FAM_OK);
    cr_assert_eq(fam_store_user_key(f.store, &other_id, &other, &status), FAM_OK);
    cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0);
    cr_assert_neq(memcmp(&a, &other, sizeof(a)), 0);
}
