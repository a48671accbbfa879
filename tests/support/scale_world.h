/* scale_world.h: one family among many others in a database, all with the same past: does looking at one's own history
 * cost more, the more others there are?
 *
 *     struct scale_world world;
 *     scale_world_start(&world, &pg, "many", (struct scale_size){.others = 10000, .entries = 104});
 *     scale_list(world.store, &world.person, 20);
 *     scale_world_stop(&world);
 *
 * What the family wrote is really sealed. The others are rows that nobody opens: their sealed columns hold bytes of the
 * usual length, the same in all. Rows come as they do in life, in the order of their time, so that those of one family
 * lie scattered among those of the others. Functions are inline, as in store_fixture.h. */
#ifndef FAM_TESTS_SCALE_WORLD_H
#define FAM_TESTS_SCALE_WORLD_H

#include "store/person_store.h"
#include "support/store_fixture.h"

struct scale_size {
    int others;  /* families beside the one that is looked at */
    int entries; /* of each of them, within the last year */
};

/* Who looks. */
struct scale_person {
    struct fam_uuid user_id; /* reads; the other parent wrote it all, and shares half of it */
    size_t seen;             /* so many entries */
};

struct scale_world {
    char conninfo[256];
    struct fam_store *store;
    struct scale_person person;
};

enum { SCALE_OWN_MIN = 60 }; /* the family has so many entries at least */

static inline void scale_sql(const char *conninfo, const char *sql)
{
    char message[512] = "";
    cr_assert(pg_server_sql(conninfo, sql, message, sizeof(message)), "%s", message);
}

/* People first. Indexes of the tables that grow are made at the end, as a restored dump does it; foreign keys are not
 * checked (session_replication_role), for rows are made from each other. */
static inline void scale_people(const char *conninfo, int others)
{
    static const char SQL[] =
        "CREATE SCHEMA scale;"
        "CREATE FUNCTION scale.id(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$ SELECT "
        "encode(set_bit(set_bit("
        "overlay(uuid_send(gen_random_uuid()) PLACING substring(int8send((extract(epoch FROM at) * 1000)::bigint) FROM "
        "3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid $$;"
        "CREATE TABLE scale.others AS SELECT n, scale.id(now() - INTERVAL '1 year') AS family_id, "
        "scale.id(now() - INTERVAL '1 year') AS a, scale.id(now() - INTERVAL '1 year') AS b, "
        "scale.id(now() - INTERVAL '1 year') AS child_id FROM generate_series(1, %d) AS n;"
        "CREATE TABLE scale.people AS SELECT family_id, id FROM scale.others, LATERAL (VALUES (a), (b)) AS u (id);"
        "CREATE TABLE scale.indexes AS SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS sql "
        "FROM pg_index WHERE NOT indisunique AND indrelid IN ('emotion_entries'::regclass, 'deliveries'::regclass, "
        "'keys.entry_keys'::regclass, 'ratings'::regclass, 'corrections'::regclass);"
        "DO $$ DECLARE i record; BEGIN FOR i IN SELECT name FROM scale.indexes LOOP EXECUTE 'DROP INDEX ' || i.name; "
        "END LOOP; END $$;"
        "SET session_replication_role = replica;"
        "INSERT INTO users (user_id, telegram_hmac, telegram_sealed, language, name, source) SELECT id, "
        "sha256(id::text::bytea), decode(repeat('00', 80), 'hex'), 'ru', decode(repeat('00', 80), 'hex'), 'telegram' "
        "FROM scale.people;"
        "INSERT INTO keys.user_keys (user_id, wrapped) SELECT id, decode(repeat('00', 75), 'hex') FROM scale.people;"
        "INSERT INTO consents (consent_id, user_id, purpose, granted, text_version, changed_at) SELECT "
        "gen_random_uuid(), id, purpose, true, '1', now() FROM scale.people, LATERAL (VALUES ('processing'), ('ai')) "
        "AS p (purpose);"
        "INSERT INTO families (family_id, name, time_zone) SELECT family_id, decode(repeat('00', 80), 'hex'), "
        "'Europe/Moscow' FROM scale.others;"
        "INSERT INTO keys.family_keys (family_id, wrapped) SELECT family_id, decode(repeat('00', 75), 'hex') "
        "FROM scale.others;"
        "INSERT INTO parents (parent_id, family_id, user_id, role) SELECT gen_random_uuid(), family_id, id, 'parent' "
        "FROM scale.people;"
        "INSERT INTO children (child_id, family_id, name, birth) SELECT child_id, family_id, decode(repeat('00', 80), "
        "'hex'), decode(repeat('00', 80), 'hex') FROM scale.others";
    char sql[4096];
    snprintf(sql, sizeof(sql), SQL, others);
    scale_sql(conninfo, sql);
}

/* Everybody writes entry number `step` of `steps`; each second one is shared, each fourth rated, each tenth
 * corrected. */
static inline void scale_entries(const char *conninfo, int step, int steps)
{
    static const char SQL[] =
        "SET session_replication_role = replica;"
        "CREATE TEMP TABLE e AS SELECT scale.id(at) AS entry_id, a, family_id, child_id, at FROM scale.others, "
        "LATERAL (SELECT now() - INTERVAL '1 year' * (%d - %d) / %d + INTERVAL '1 millisecond' * n AS at) AS t;"
        "INSERT INTO emotion_entries (entry_id, user_id, family_id, child_id, phrase, context, safety, language, "
        "created_at) SELECT entry_id, a, family_id, child_id, decode(repeat('00', 100), 'hex'), decode(repeat('00', "
        "60), 'hex'), decode(repeat('00', 51), 'hex'), 'ru', at FROM e;"
        "INSERT INTO keys.entry_keys (entry_id, user_id, wrapped_user, family_id, wrapped_family) SELECT entry_id, a, "
        "decode(repeat('00', 75), 'hex'), CASE WHEN %s THEN family_id END, "
        "CASE WHEN %s THEN decode(repeat('00', 75), 'hex') END FROM e;"
        "INSERT INTO readings (entry_id, version, engine, prompt_version, body) SELECT entry_id, 1, 'offline', 'x', "
        "decode(repeat('00', 600), 'hex') FROM e;"
        "INSERT INTO deliveries (delivery_id, entry_id, chat, reading_version, created_at) SELECT scale.id(at), "
        "entry_id, decode(repeat('00', 67), 'hex'), 1, at FROM e;"
        "INSERT INTO ratings (entry_id, user_id, body) SELECT entry_id, a, decode(repeat('00', 60), 'hex') FROM e "
        "WHERE %s;"
        "INSERT INTO corrections (correction_id, user_id, child_id, entry_id, body) SELECT scale.id(at), a, child_id, "
        "entry_id, decode(repeat('00', 60), 'hex') FROM e WHERE %s;"
        "DROP TABLE e";
    static const char *const ON[] = {"false", "true"};
    char sql[4096];
    const char *shared = ON[step % 2 == 0];
    snprintf(sql, sizeof(sql), SQL, steps, step, steps, shared, shared, ON[step % 4 == 0], ON[step % 10 == 0]);
    scale_sql(conninfo, sql);
}

/* The first parent writes, the second one looks. */
static inline struct fam_uuid scale_family(struct scale_world *world)
{
    struct fam_uuid writer = make_user(world->store, 1), family_id = make_family(world->store, &writer);
    char sql[300], family[FAM_UUID_TEXT_SIZE], user[FAM_UUID_TEXT_SIZE];
    world->person.user_id = make_user(world->store, 2);
    fam_uuid_format(&family_id, family);
    fam_uuid_format(&world->person.user_id, user);
    snprintf(
        sql, sizeof(sql),
        "INSERT INTO parents (parent_id, family_id, user_id, role) VALUES (gen_random_uuid(), '%s', '%s', 'parent')",
        family, user);
    scale_sql(world->conninfo, sql);
    return writer;
}

static inline void scale_write(struct scale_world *world, const struct fam_uuid *writer, bool shared)
{
    struct fam_uuid id = make_entry(world->store, writer, NULL, "Не хочу в школу");
    const struct fam_sharing sharing = {.user_id = writer, .entry_id = &id, .shared = true, .confirmed = true};
    struct fam_outcome outcome;
    struct fam_status status = {0};
    if (shared) {
        cr_assert_eq(fam_entry_share(world->store, NULL, &sharing, &outcome, &status), FAM_OK, "%s", status.message);
        world->person.seen++;
    }
}

static inline void scale_world_start(struct scale_world *world, struct pg_server *pg, const char *name,
                                     struct scale_size size)
{
    memset(world, 0, sizeof(*world));
    cr_assert(pg_server_create_db(pg, name, world->conninfo, sizeof(world->conninfo)));
    world->store = store_open(world->conninfo, KEY_V1, 1);
    store_migrate(world->store);
    const struct fam_uuid writer = scale_family(world);
    const int own_a_step = SCALE_OWN_MIN / size.entries + 1;
    scale_people(world->conninfo, size.others);
    for (int step = 1, own = 0; step <= size.entries; step++) {
        scale_entries(world->conninfo, step, size.entries);
        for (int i = 0; i < own_a_step; i++) {
            scale_write(world, &writer, own++ % 2 == 0);
        }
    }
    scale_sql(world->conninfo, "DO $$ DECLARE i record; BEGIN FOR i IN SELECT sql FROM scale.indexes LOOP EXECUTE "
                               "i.sql; END LOOP; END $$; DROP SCHEMA scale CASCADE");
    scale_sql(world->conninfo, "VACUUM ANALYZE");
}

static inline void scale_world_stop(struct scale_world *world)
{
    fam_store_free(world->store);
    world->store = NULL;
}

/* ---- visits: their counts are checked, so that nothing is cheap for being empty ---- */

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

/* The newest page. */
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

/* All that may be seen, page by page: of 20 it is the history, of FAM_ENTRY_PAGE_MAX a search that finds nothing. */
static inline void scale_walk(struct fam_store *store, const struct scale_person *person, size_t page)
{
    struct fam_uuid last;
    struct fam_entry_query query = {.user_id = &person->user_id, .of_family = true, .limit = page};
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

#endif
