/* store_fixture.h: a migrated private database with a store on it, and the people that most tests need.
 *
 * Functions are inline: this header belongs to tests that link the server. Every one asserts that it worked. */
#ifndef FAM_TESTS_STORE_FIXTURE_H
#define FAM_TESTS_STORE_FIXTURE_H

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "store/entry_store.h"
#include "store/family_store.h"
#include "store/migrate.h"
#include "store/store.h"
#include "store/user_store.h"
#include "support/pg_server.h"

/* base64 of 32 bytes each: 00 01 02 …, and 32 times 'B'. Keys of tests only. */
#define KEY_V1 "v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_V2 "v2:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="

struct store_fixture {
    struct pg_server pg;
    struct fam_store *store;
};

static inline struct fam_store *store_open(const char *conninfo, const char *master_key, size_t size)
{
    struct fam_status status = {0};
    struct fam_store_options options = {.pool = {.conninfo = conninfo, .size = size, .statement_timeout_ms = 5000},
                                        .master_key = master_key};
    struct fam_store *store = fam_store_new(&options, &status);
    cr_assert(store, "%s", status.message);
    return store;
}

static inline void store_migrate(struct fam_store *store)
{
    struct fam_migration list[FAM_MIGRATIONS_MAX];
    struct fam_status status = {0};
    size_t count = 0;
    enum fam_code code = fam_migrate_apply(fam_store_pool(store), list, &count, &status);
    cr_assert_eq(code, FAM_OK, "%s", status.message);
}

static inline void store_fixture_start(struct store_fixture *fixture)
{
    signal(SIGPIPE, SIG_IGN);
    memset(fixture, 0, sizeof(*fixture));
    bool is_migrated = false;
    cr_assert(pg_server_start_migrated(&fixture->pg, &is_migrated), "PostgreSQL does not start");
    fixture->store = store_open(fixture->pg.conninfo, KEY_V1, 8);
    if (!is_migrated) {
        store_migrate(fixture->store);
        fam_store_free(fixture->store);
        cr_assert(pg_server_keep_migrated(&fixture->pg), "PostgreSQL does not start again");
        fixture->store = store_open(fixture->pg.conninfo, KEY_V1, 8);
    }
}

static inline void store_fixture_stop(struct store_fixture *fixture)
{
    fam_store_free(fixture->store);
    pg_server_stop(&fixture->pg);
}

/* Asserts that SQL works, with the first value of its last result equal to `expected` (NULL: whatever). */
static inline void expect_sql(const char *conninfo, const char *sql, const char *expected)
{
    char value[1024];
    cr_assert(pg_server_sql(conninfo, sql, value, sizeof(value)), "%s: %s", sql, value);
    if (expected)
        cr_assert_str_eq(value, expected, "%s: \"%s\", not \"%s\"", sql, value, expected);
}

static inline struct fam_mutation mutation_of(const char *key, const char *request)
{
    return (struct fam_mutation){.scope = "bot:100",
                                 .method = "fam.v1.TestService/Change",
                                 .key = key,
                                 .request = request,
                                 .request_size = strlen(request)};
}

static inline struct fam_uuid make_user(struct fam_store *store, int64_t telegram_id)
{
    struct fam_user user;
    struct fam_status status = {0};
    bool created = false;
    enum fam_code code =
        fam_user_register(store, telegram_id, FAM__V1__LANGUAGE__LANGUAGE_RU,
                          FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_TELEGRAM, &user, &created, NULL, &status);
    cr_assert_eq(code, FAM_OK, "%s", status.message);
    struct fam_uuid user_id = user.user_id;
    fam_user_done(&user);
    return user_id;
}

static inline struct fam_uuid make_family(struct fam_store *store, const struct fam_uuid *user_id)
{
    struct fam_family_new family = {.name = "Кошкины", .country = "RU", .time_zone = "Europe/Moscow"};
    struct fam_outcome outcome;
    struct fam_status status = {0};
    struct fam_uuid family_id = {{0}};
    enum fam_code code = fam_family_create(store, NULL, user_id, &family, &outcome, &status);
    cr_assert_eq(code, FAM_OK, "%s", status.message);
    cr_assert(fam_ids_uuid(outcome.ids, outcome.ids_size, 0, &family_id));
    return family_id;
}

static inline struct fam_uuid make_child(struct fam_store *store, const struct fam_uuid *user_id, const char *name)
{
    struct fam_outcome outcome;
    struct fam_status status = {0};
    struct fam_uuid child_id = {{0}};
    enum fam_code code = fam_child_add(store, NULL, user_id, name, (struct fam_date){2019, 5, 17}, &outcome, &status);
    cr_assert_eq(code, FAM_OK, "%s", status.message);
    cr_assert(fam_ids_uuid(outcome.ids, outcome.ids_size, 0, &child_id));
    return child_id;
}

static inline void fill_reading(Fam__V1__Reading *reading)
{
    fam__v1__reading__init(reading);
    reading->engine = FAM__V1__ENGINE__ENGINE_OFFLINE;
    reading->language = FAM__V1__LANGUAGE__LANGUAGE_RU;
    reading->going_on = (char *)(uintptr_t) "Ему одиноко и обидно.";
    reading->prompt_version = (char *)(uintptr_t) "offline-1";
}

/* `child_id` may be NULL. */
static inline enum fam_code add_entry(struct fam_store *store, const struct fam_mutation *mutation,
                                      const struct fam_uuid *user_id, const struct fam_uuid *child_id,
                                      const char *phrase, struct fam_outcome *ret_outcome, struct fam_status *status)
{
    Fam__V1__Reading reading;
    const Fam__V1__SafetyKind safety[] = {FAM__V1__SAFETY_KIND__SAFETY_KIND_BULLYING,
                                          FAM__V1__SAFETY_KIND__SAFETY_KIND_SELF_HARM};
    fill_reading(&reading);
    struct fam_entry_new entry = {.user_id = user_id,
                                  .child_id = child_id,
                                  .phrase = phrase,
                                  .happened_before = "Поссорились из-за планшета",
                                  .place = FAM__V1__PLACE__PLACE_SCHOOL,
                                  .age_band = FAM__V1__AGE_BAND__AGE_BAND_7_9,
                                  .language = FAM__V1__LANGUAGE__LANGUAGE_RU,
                                  .safety_count = 2,
                                  .safety = safety,
                                  .reading = &reading};
    return fam_entry_add(store, mutation, &entry, 0, ret_outcome, status);
}

static inline struct fam_uuid make_entry(struct fam_store *store, const struct fam_uuid *user_id,
                                         const struct fam_uuid *child_id, const char *phrase)
{
    struct fam_outcome outcome;
    struct fam_status status = {0};
    struct fam_uuid entry_id = {{0}};
    enum fam_code code = add_entry(store, NULL, user_id, child_id, phrase, &outcome, &status);
    cr_assert_eq(code, FAM_OK, "%s", status.message);
    cr_assert(fam_ids_uuid(outcome.ids, outcome.ids_size, 0, &entry_id));
    return entry_id;
}

/* Runs `fn(context + i * size)` on `count` threads at once. */
static inline void run_at_once(void *(*fn)(void *), void *contexts, size_t size, size_t count)
{
    pthread_t threads[32];
    cr_assert_leq(count, sizeof(threads) / sizeof(threads[0]));
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, fn, (char *)contexts + i * size), 0);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
}

#endif
