/* scale_world.h: many families beside one whose history is looked at: does that cost more, the more others there are?
 *
 * The others are rows that nobody opens: their sealed columns hold random bytes. Functions are inline, as in
 * store_fixture.h. */
#ifndef FAM_TESTS_SCALE_WORLD_H
#define FAM_TESTS_SCALE_WORLD_H

#include "store/person_store.h"
#include "support/store_fixture.h"

/* Families number `from` to `to`, each with two parents, a child and `entries` entries, half of them shared. */
static inline void scale_fill(const char *conninfo, int from, int to, int entries)
{
    static const char SQL[] =
        "CREATE TEMP TABLE f AS SELECT n, gen_random_uuid() AS family_id, gen_random_uuid() AS a, gen_random_uuid() AS "
        "b, "
        "gen_random_uuid() AS child_id FROM generate_series(%d, %d) AS n;"
        "INSERT INTO users (user_id, telegram_hmac, telegram_sealed, language, source) SELECT id, "
        "sha256(id::text::bytea), '\\x00', 'ru', 'telegram' FROM f, LATERAL (VALUES (a), (b)) AS u (id);"
        "INSERT INTO families (family_id, name, time_zone) SELECT family_id, '\\x00', 'Europe/Moscow' FROM f;"
        "INSERT INTO parents (parent_id, family_id, user_id, role) SELECT gen_random_uuid(), family_id, id, 'parent' "
        "FROM f, LATERAL (VALUES (a), (b)) AS u (id);"
        "INSERT INTO children (child_id, family_id, name, birth) SELECT child_id, family_id, '\\x00', '\\x00' FROM f;"
        "CREATE TEMP TABLE e AS SELECT gen_random_uuid() AS entry_id, a, family_id, child_id, i, "
        "now() - i * interval '1 day' * 365 / %d AS at FROM f, generate_series(1, %d) AS i;"
        "INSERT INTO emotion_entries (entry_id, user_id, family_id, child_id, phrase, context, safety, language, "
        "created_at) SELECT entry_id, a, family_id, child_id, '\\x00', '\\x00', '\\x00', 'ru', at FROM e;"
        "INSERT INTO keys.entry_keys (entry_id, user_id, wrapped_user, family_id, wrapped_family) SELECT entry_id, a, "
        "'\\x00', CASE WHEN i %% 2 = 0 THEN family_id END, CASE WHEN i %% 2 = 0 THEN '\\x00'::bytea END FROM e;"
        "INSERT INTO readings (entry_id, version, engine, prompt_version, body) SELECT entry_id, 1, 'offline', 'x', "
        "decode(repeat('00', 600), 'hex') FROM e;"
        "DROP TABLE e; DROP TABLE f; ANALYZE";
    char sql[4096], message[512];
    snprintf(sql, sizeof(sql), SQL, from, to, entries, entries);
    cr_assert(pg_server_sql(conninfo, sql, message, sizeof(message)), "%s", message);
}

/* What a person looks at. Each is one visit; the counts are checked, so that nothing is cheap for being empty. */
struct scale_person {
    struct fam_uuid user_id; /* reads; the other parent shares half of `entries` */
    size_t seen;             /* own and shared entries */
};

static inline void scale_get_family(struct fam_store *store, const struct scale_person *person)
{
    struct fam_user user;
    struct fam_family family;
    struct fam_status status = {0};
    cr_assert_eq(fam_person_load(store, &person->user_id, &user, &family, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(family.parent_count, 2);
    fam_family_done(&family);
    fam_user_done(&user);
}

static inline void scale_list(struct fam_store *store, const struct scale_person *person, size_t limit)
{
    const struct fam_entry_query query = {.user_id = &person->user_id, .of_family = true, .limit = limit};
    struct fam_entry *entries = NULL;
    struct fam_status status = {0};
    size_t count = 0;
    bool more = false;
    cr_assert_eq(fam_entry_scan(store, &query, &entries, &count, &more, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(count, person->seen < limit ? person->seen : limit);
    fam_entries_free(entries, count);
}

/* A search that finds nothing looks at everything that may be seen. */
static inline void scale_search(struct fam_store *store, const struct scale_person *person)
{
    struct fam_uuid last;
    struct fam_entry_query query = {.user_id = &person->user_id, .of_family = true, .limit = FAM_ENTRY_PAGE_MAX};
    size_t seen = 0;
    bool more = true;
    while (more) {
        struct fam_entry *entries = NULL;
        struct fam_status status = {0};
        size_t count = 0;
        cr_assert_eq(fam_entry_scan(store, &query, &entries, &count, &more, &status), FAM_OK, "%s", status.message);
        seen += count;
        if (count > 0) {
            last = entries[count - 1].entry_id;
            query.before = &last;
        }
        fam_entries_free(entries, count);
    }
    cr_assert_eq(seen, person->seen);
}

/* One family with `entries` entries of one parent, half of them shared, whom the other one looks at. */
static inline struct scale_person scale_family(struct store_fixture *fixture, int entries)
{
    struct scale_person person = {.user_id = make_user(fixture->store, 2)};
    struct fam_uuid writer = make_user(fixture->store, 1), family_id = make_family(fixture->store, &writer);
    char sql[300], family[FAM_UUID_TEXT_SIZE], user[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&family_id, family);
    fam_uuid_format(&person.user_id, user);
    snprintf(
        sql, sizeof(sql),
        "INSERT INTO parents (parent_id, family_id, user_id, role) VALUES (gen_random_uuid(), '%s', '%s', 'parent')",
        family, user);
    expect_sql(fixture->pg.conninfo, sql, NULL);
    for (int i = 0; i < entries; i++) {
        struct fam_uuid id = make_entry(fixture->store, &writer, NULL, "Не хочу в школу");
        const struct fam_sharing sharing = {.user_id = &writer, .entry_id = &id, .shared = true, .confirmed = true};
        struct fam_outcome outcome;
        struct fam_status status = {0};
        if (i % 2 == 0) {
            cr_assert_eq(fam_entry_share(fixture->store, NULL, &sharing, &outcome, &status), FAM_OK, "%s",
                         status.message);
            person.seen++;
        }
    }
    return person;
}

#endif
