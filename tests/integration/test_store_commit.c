/* Entries that arrive at once are written together; one bad or blocked row harms nobody. */
#include <criterion/criterion.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "store/commit.h"
#include "store/disclosure_store.h"
#include "store/person_store.h"
#include "store/usage_store.h"
#include "support/store_fixture.h"

enum { MANY = 300, PATIENCE_MS = 20000 };

static struct store_fixture f;
static struct fam_uuid author, other;

static void start(void)
{
    store_fixture_start(&f);
    author = make_user(f.store, 1);
    other = make_user(f.store, 2);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(commit, .init = start, .fini = stop, .timeout = 120);
TestSuite(person, .init = start, .fini = stop, .timeout = 120);
TestSuite(disclosure, .init = start, .fini = stop, .timeout = 120);

/* What `done` was told. */
struct answer {
    atomic_int calls;
    enum fam_code code;
    struct fam_outcome outcome;
    struct fam_status status;
};

static void keep_answer(void *context, enum fam_code code, const struct fam_outcome *outcome,
                        const struct fam_status *status)
{
    struct answer *answer = context;
    answer->code = code;
    answer->outcome = *outcome;
    answer->status = *status;
    atomic_fetch_add(&answer->calls, 1);
}

static void await(struct answer *answers, size_t count)
{
    uint64_t deadline = fam_mono_ms() + PATIENCE_MS;
    for (size_t i = 0; i < count; i++) {
        while (atomic_load(&answers[i].calls) == 0) {
            cr_assert_lt(fam_mono_ms(), deadline, "answer %zu of %zu does not come", i, count);
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        cr_expect_eq(atomic_load(&answers[i].calls), 1);
    }
}

static enum fam_code add_later(const struct fam_mutation *mutation, const struct fam_uuid *user_id,
                               const struct fam_uuid *entry_id, uint64_t deadline_ms, struct answer *answer)
{
    Fam__V1__Reading reading;
    struct fam_status status = {0};
    fill_reading(&reading);
    struct fam_entry_new entry = {.user_id = user_id,
                                  .phrase = "Ненавижу тебя!",
                                  .language = FAM__V1__LANGUAGE__LANGUAGE_RU,
                                  .reading = &reading,
                                  .entry_id = entry_id};
    return fam_entry_add_later(f.store, mutation, &entry, deadline_ms, keep_answer, answer, &status);
}

/* A session that holds locks until it is told to go on. */
struct holder {
    pthread_t thread;
    char sql[300];
};

static void *hold(void *context)
{
    const struct holder *holder = context;
    cr_assert(pg_server_sql(f.pg.conninfo, holder->sql, NULL, 0), "%s", holder->sql);
    return NULL;
}

/* Locks the user's row as a DELETE would, for `seconds`, and returns when the lock is held. */
static void hold_user(struct holder *holder, const struct fam_uuid *user_id, double seconds)
{
    char id[FAM_UUID_TEXT_SIZE], value[16];
    fam_uuid_format(user_id, id);
    (void)snprintf(holder->sql, sizeof(holder->sql),
                   "BEGIN; SELECT 1 FROM users WHERE user_id = '%s' FOR UPDATE; SELECT pg_sleep(%.1f); COMMIT", id,
                   seconds);
    cr_assert_eq(pthread_create(&holder->thread, NULL, hold, holder), 0);
    do {
        cr_assert(pg_server_sql(f.pg.conninfo, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
                                value, sizeof(value)));
    } while (strcmp(value, "0") == 0);
}

Test(commit, many_at_once_are_all_written_in_far_fewer_transactions)
{
    static struct answer answers[MANY];
    char before[32], after[32];
    const char *count = "SELECT pg_stat_clear_snapshot(); SELECT pg_current_xact_id()::text";
    expect_sql(f.pg.conninfo, "SELECT 1", "1");
    cr_assert(pg_server_sql(f.pg.conninfo, count, before, sizeof(before)));
    for (size_t i = 0; i < MANY; i++)
        cr_assert_eq(add_later(NULL, i % 2 ? &author : &other, NULL, 0, &answers[i]), FAM_OK);
    await(answers, MANY);
    for (size_t i = 0; i < MANY; i++) {
        cr_assert_eq(answers[i].code, FAM_OK, "%s", answers[i].status.message);
        cr_assert_eq(answers[i].outcome.ids_size, 16);
        cr_assert(strchr(answers[i].outcome.lsn, '/'));
    }
    cr_assert(pg_server_sql(f.pg.conninfo, count, after, sizeof(after)));
    expect_sql(f.pg.conninfo,
               "SELECT count(*) FROM emotion_entries e JOIN readings USING (entry_id) "
               "JOIN keys.entry_keys USING (entry_id)",
               "300");
    cr_assert_lt(strtoul(after, NULL, 10) - strtoul(before, NULL, 10), MANY / 2);
}

Test(commit, an_entry_gets_the_id_that_the_caller_chose_and_can_be_read)
{
    struct answer answer = {.calls = 0};
    struct fam_uuid id = fam_uuid_v7(), told;
    struct fam_entry entry;
    struct fam_status status = {0};
    cr_assert_eq(add_later(NULL, &author, &id, 0, &answer), FAM_OK);
    await(&answer, 1);
    cr_assert(fam_ids_uuid(answer.outcome.ids, answer.outcome.ids_size, 0, &told) && fam_uuid_equal(&told, &id));
    cr_assert_eq(fam_entry_get(f.store, &author, &id, &entry, &status), FAM_OK, "%s", status.message);
    cr_assert_str_eq(entry.phrase, "Ненавижу тебя!");
    cr_assert_str_eq(entry.reading->going_on, "Ему одиноко и обидно.");
    fam_entry_done(&entry);
}

/* Two transactions are on their way at a time, so which of the requests is the first is not said: one of them is. */
Test(commit, one_key_many_times_at_once_is_one_entry_and_one_answer)
{
    static struct answer answers[MANY];
    struct fam_mutation mutations[] = {mutation_of("k", "request"), mutation_of("k", "another")};
    size_t fresh = 0, refused[2] = {0}, answered[2] = {0};
    const struct answer *first = NULL;
    mutations[0].user_id = &author;
    mutations[1].user_id = &author;
    for (size_t i = 0; i < MANY; i++)
        cr_assert_eq(add_later(&mutations[i % 10 == 9], &author, NULL, 0, &answers[i]), FAM_OK);
    await(answers, MANY);
    for (size_t i = 0; i < MANY; i++) {
        if (answers[i].code == FAM_INVALID_ARGUMENT) {
            cr_expect_str_eq(answers[i].status.reason, "IDEMPOTENCY_KEY");
            refused[i % 10 == 9]++;
            continue;
        }
        cr_assert_eq(answers[i].code, FAM_OK, "%s", answers[i].status.message);
        first = first == NULL ? &answers[i] : first;
        cr_assert_eq(memcmp(answers[i].outcome.ids, first->outcome.ids, 16), 0);
        answered[i % 10 == 9]++;
        fresh += !answers[i].outcome.replayed;
    }
    cr_assert_eq(fresh, 1);
    cr_assert((answered[0] == MANY - MANY / 10 && refused[1] == MANY / 10) ||
                  (answered[1] == MANY / 10 && refused[0] == MANY - MANY / 10),
              "of one request all were answered, of the other none: %zu and %zu", answered[0], answered[1]);
    expect_sql(f.pg.conninfo, "SELECT count(*) || ' ' || (SELECT count(*) FROM idempotency_keys) FROM emotion_entries",
               "1 1");
}

Test(commit, a_row_that_the_database_refuses_harms_only_itself)
{
    static struct answer answers[MANY];
    struct fam_uuid taken = make_entry(f.store, &author, NULL, "1");
    for (size_t i = 0; i < MANY; i++)
        cr_assert_eq(add_later(NULL, &author, i == 7 ? &taken : NULL, 0, &answers[i]), FAM_OK);
    await(answers, MANY);
    for (size_t i = 0; i < MANY; i++)
        cr_expect_eq(answers[i].code, i == 7 ? FAM_ALREADY_EXISTS : FAM_OK, "%zu: %s", i, answers[i].status.message);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM emotion_entries", "300");
}

Test(commit, somebody_elses_long_lock_stalls_nobody)
{
    static struct answer blocked[20], free_ones[MANY];
    struct holder holder;
    hold_user(&holder, &author, 2);
    uint64_t begun = fam_mono_ms();
    for (size_t i = 0; i < MANY; i++) {
        if (i < 20)
            cr_assert_eq(add_later(NULL, &author, NULL, 0, &blocked[i]), FAM_OK);
        cr_assert_eq(add_later(NULL, &other, NULL, 0, &free_ones[i]), FAM_OK);
    }
    await(free_ones, MANY);
    uint64_t took = fam_mono_ms() - begun;
    for (size_t i = 0; i < MANY; i++)
        cr_expect_eq(free_ones[i].code, FAM_OK, "%s", free_ones[i].status.message);
    cr_expect_lt(took, 1500, "%lu ms", (unsigned long)took);
    await(blocked, 20);
    for (size_t i = 0; i < 20; i++)
        cr_expect_eq(blocked[i].code, FAM_OK, "%s", blocked[i].status.message);
    cr_expect_geq(fam_mono_ms() - begun, 1000);
    pthread_join(holder.thread, NULL);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM emotion_entries", "320");
}

Test(commit, what_waited_past_its_deadline_is_not_written)
{
    struct answer late = {.calls = 0}, in_time = {.calls = 0};
    cr_assert_eq(add_later(NULL, &author, NULL, fam_mono_ms(), &late), FAM_OK);
    cr_assert_eq(add_later(NULL, &author, NULL, fam_mono_ms() + PATIENCE_MS, &in_time), FAM_OK);
    await(&late, 1);
    await(&in_time, 1);
    cr_assert_eq(late.code, FAM_DEADLINE_EXCEEDED);
    cr_assert_eq(in_time.code, FAM_OK, "%s", in_time.status.message);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM emotion_entries", "1");
}

Test(commit, the_queue_is_bounded_and_those_who_got_in_are_answered)
{
    enum { TOO_MANY = FAM_COMMIT_QUEUE + 3 * FAM_COMMIT_BATCH + 100 };
    static struct answer answers[TOO_MANY];
    size_t taken = 0;
    make_entry(f.store, &author, NULL, "1");
    pg_server_pause(&f.pg);
    while (taken < TOO_MANY && add_later(NULL, &author, NULL, 0, &answers[taken]) == FAM_OK)
        taken++;
    cr_assert_geq(taken, FAM_COMMIT_QUEUE);
    cr_assert_lt(taken, TOO_MANY);
    pg_server_resume(&f.pg);
    await(answers, taken);
    char count[16];
    (void)snprintf(count, sizeof(count), "%zu", taken + 1);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM emotion_entries", count);
}

Test(commit, a_crash_of_the_database_loses_no_answered_entry_and_repeats_give_each_one_once)
{
    static struct answer first[MANY], again[MANY];
    char keys[MANY][16], value[32];
    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "k%zu", i);
        struct fam_mutation mutation = mutation_of(keys[i], "r");
        mutation.user_id = &author;
        cr_assert_eq(add_later(&mutation, &author, NULL, 0, &first[i]), FAM_OK);
        if (i == MANY / 2)
            pg_server_kill(&f.pg);
    }
    await(first, MANY);
    cr_assert(pg_server_restart(&f.pg));
    for (size_t i = 0; i < MANY; i++) {
        struct fam_mutation mutation = mutation_of(keys[i], "r");
        uint64_t deadline = fam_mono_ms() + PATIENCE_MS;
        mutation.user_id = &author;
        do {
            memset(&again[i], 0, sizeof(again[i]));
            cr_assert_eq(add_later(&mutation, &author, NULL, 0, &again[i]), FAM_OK);
            await(&again[i], 1);
        } while (again[i].code == FAM_UNAVAILABLE && fam_mono_ms() < deadline);
        cr_assert_eq(again[i].code, FAM_OK, "%s", again[i].status.message);
        if (first[i].code == FAM_OK)
            cr_expect(again[i].outcome.replayed && memcmp(first[i].outcome.ids, again[i].outcome.ids, 16) == 0);
        else
            cr_expect_eq(first[i].code, FAM_UNAVAILABLE, "%s", first[i].status.message);
    }
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM emotion_entries", "300");
    cr_assert(pg_server_sql(f.pg.conninfo,
                            "SELECT count(*) FROM idempotency_keys k JOIN emotion_entries e ON uuid_send(e.entry_id) = "
                            "k.result JOIN readings r USING (entry_id)",
                            value, sizeof(value)));
    cr_assert_str_eq(value, "300");
}

Test(commit, what_waits_is_written_when_the_store_is_closed)
{
    static struct answer answers[MANY];
    struct fam_store *own = store_open(f.pg.conninfo, KEY_V1, 4), *kept = f.store;
    f.store = own;
    for (size_t i = 0; i < MANY; i++)
        cr_assert_eq(add_later(NULL, &author, NULL, 0, &answers[i]), FAM_OK);
    f.store = kept;
    fam_store_free(own);
    for (size_t i = 0; i < MANY; i++)
        cr_expect_eq(atomic_load(&answers[i].calls), 1);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM emotion_entries", "300");
}

Test(person, one_query_tells_what_user_and_family_tell)
{
    struct fam_user user, alone;
    struct fam_family family, theirs;
    struct fam_outcome outcome;
    struct fam_status status = {0};
    (void)make_family(f.store, &author);
    (void)make_child(f.store, &author, "Миша");
    (void)make_child(f.store, &author, "Аня");
    struct fam_user_change change = {.name = "Ольга", .country = "RU"};
    cr_assert_eq(fam_user_update(f.store, NULL, &author, &change, &outcome, &status), FAM_OK);
    cr_assert_eq(fam_consent_set(f.store, NULL, &author, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, true,
                                 "v1", &outcome, &status),
                 FAM_OK);
    cr_assert_eq(fam_consent_set(f.store, NULL, &author, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, true, "v1",
                                 &outcome, &status),
                 FAM_OK);
    cr_assert_eq(fam_consent_set(f.store, NULL, &author, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, false, "v2",
                                 &outcome, &status),
                 FAM_OK);
    cr_assert_eq(fam_user_get(f.store, &author, &alone, &status), FAM_OK);
    cr_assert_eq(fam_family_of_user(f.store, &author, &theirs, &status), FAM_OK);
    cr_assert_eq(fam_person_load(f.store, &author, &user, &family, &status), FAM_OK, "%s", status.message);
    cr_expect_eq(user.language, alone.language);
    cr_expect_str_eq(user.country, "RU");
    cr_expect_str_eq(user.name, "Ольга");
    cr_expect(user.has_family && fam_uuid_equal(&user.family_id, &family.family_id));
    cr_expect_eq(user.role, alone.role);
    cr_expect_eq(user.created_at_ms, alone.created_at_ms);
    cr_expect_eq(user.consent_count, 2);
    cr_expect_eq(memcmp(user.consents, alone.consents, sizeof(user.consents)), 0);
    cr_expect_not(fam_user_consents(&user, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI));
    cr_expect_str_eq(family.name, theirs.name);
    cr_expect_str_eq(family.time_zone, theirs.time_zone);
    cr_expect_eq(memcmp(&family.today, &theirs.today, sizeof(family.today)), 0);
    cr_expect_eq(family.created_at_ms, theirs.created_at_ms);
    cr_assert_eq(family.parent_count, 1);
    cr_expect_str_eq(family.parents[0].name, "Ольга");
    cr_assert_eq(family.child_count, 2);
    for (size_t i = 0; i < 2; i++) {
        cr_expect_str_eq(family.children[i].name, theirs.children[i].name);
        cr_expect_eq(memcmp(&family.children[i].birth, &theirs.children[i].birth, sizeof(struct fam_date)), 0);
        cr_expect_eq(family.children[i].profile_version, 1);
    }
    fam_user_done(&user);
    fam_user_done(&alone);
    fam_family_done(&family);
    fam_family_done(&theirs);
}

Test(person, somebody_without_a_family_and_nobody_at_all)
{
    struct fam_user user;
    struct fam_family family;
    struct fam_status status = {0};
    struct fam_uuid missing = fam_uuid_v7();
    cr_assert_eq(fam_person_load(f.store, &other, &user, &family, &status), FAM_OK, "%s", status.message);
    cr_expect_not(user.has_family);
    cr_expect_eq(user.consent_count, 0);
    cr_expect_str_eq(user.name, "");
    cr_expect_null(family.children);
    fam_user_done(&user);
    fam_family_done(&family);
    cr_assert_eq(fam_person_load(f.store, &missing, &user, &family, &status), FAM_NOT_FOUND);
    cr_expect_null(user.name);
}

Test(person, a_key_that_is_gone_is_said)
{
    struct fam_user user;
    struct fam_family family;
    struct fam_status status = {0};
    (void)make_family(f.store, &author);
    expect_sql(f.pg.conninfo, "DELETE FROM keys.family_keys", NULL);
    cr_assert_eq(fam_person_load(f.store, &author, &user, &family, &status), FAM_DATA_LOSS);
    cr_assert_str_eq(status.reason, "SEAL");
}

Test(disclosure, what_was_sent_comes_back_to_its_person_alone_and_can_not_be_changed)
{
    struct fam_disclosure *list = NULL;
    struct fam_status status = {0};
    struct fam_uuid entry_id = fam_uuid_v7(), id;
    size_t count = 0;
    bool more = false;
    struct fam_disclosure_new disclosure = {.user_id = &author,
                                            .entry_id = &entry_id,
                                            .recipient = "anthropic",
                                            .model = "claude-x",
                                            .prompt_version = "ru-7-9-1",
                                            .body = "[ИМЯ1] сказал: «Ненавижу!»"};
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(fam_disclosure_add(f.store, &disclosure, &id, &status), FAM_OK, "%s", status.message);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM disclosures WHERE position('Ненавижу'::bytea IN body) > 0", "0");
    cr_assert_eq(fam_disclosure_list(f.store, &author, NULL, 2, &list, &count, &more, &status), FAM_OK, "%s",
                 status.message);
    cr_assert(count == 2 && more);
    cr_expect(fam_uuid_equal(&list[0].disclosure_id, &id) && fam_uuid_equal(&list[0].entry_id, &entry_id));
    cr_expect_str_eq(list[0].body, "[ИМЯ1] сказал: «Ненавижу!»");
    cr_expect_str_eq(list[0].model, "claude-x");
    cr_expect_str_eq(list[0].recipient, "anthropic");
    cr_expect_gt(list[0].created_at_ms, 1600000000000);
    struct fam_uuid before = list[1].disclosure_id;
    fam_disclosures_free(list, count);
    cr_assert_eq(fam_disclosure_list(f.store, &author, &before, 2, &list, &count, &more, &status), FAM_OK);
    cr_assert(count == 1 && !more);
    fam_disclosures_free(list, count);
    cr_assert_eq(fam_disclosure_list(f.store, &other, NULL, 2, &list, &count, &more, &status), FAM_OK);
    cr_assert_eq(count, 0);
    fam_disclosures_free(list, count);
    cr_assert_not(pg_server_sql(f.pg.conninfo, "UPDATE disclosures SET model = 'x'", NULL, 0));
    expect_sql(f.pg.conninfo, "DELETE FROM users; SELECT count(*) FROM disclosures", "0");
}

Test(disclosure, usage_adds_up_by_day_and_model)
{
    struct fam_usage a = {.model = "claude-a",
                          .requests = 1,
                          .input_tokens = 100,
                          .cache_write_tokens = 10,
                          .cache_read_tokens = 20,
                          .output_tokens = 30,
                          .cost_micro_usd = 1234},
                     b = {.model = "claude-b", .requests = 1}, *list = NULL;
    struct fam_status status = {0};
    size_t count = 0;
    cr_assert_eq(fam_usage_add(f.store, &b, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_usage_add(f.store, &a, &status), FAM_OK);
    cr_assert_eq(fam_usage_add(f.store, &a, &status), FAM_OK);
    expect_sql(
        f.pg.conninfo,
        "INSERT INTO claude_usage (day, model, requests) VALUES ((now() AT TIME ZONE 'UTC')::date - 2, 'old', 5)",
        NULL);
    cr_assert_eq(fam_usage_list(f.store, 2, &list, &count, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(count, 2);
    cr_expect_str_eq(list[0].model, "claude-a");
    cr_expect(list[0].requests == 2 && list[0].input_tokens == 200 && list[0].cache_write_tokens == 20);
    cr_expect(list[0].cache_read_tokens == 40 && list[0].output_tokens == 60 && list[0].cost_micro_usd == 2468);
    free(list);
    cr_assert_eq(fam_usage_list(f.store, 3, &list, &count, &status), FAM_OK);
    cr_assert_eq(count, 3);
    cr_expect_str_eq(list[2].model, "old");
    free(list);
    cr_assert_eq(fam_usage_list(f.store, 0, &list, &count, &status), FAM_INVALID_ARGUMENT);
}

Test(disclosure, the_key_of_the_cache_is_the_same_for_every_server_of_a_database)
{
    struct fam_store *second = store_open(f.pg.conninfo, KEY_V1, 2);
    struct fam_key a, b;
    struct fam_status status = {0};
    cr_assert_eq(fam_store_cache_key(f.store, &a, &status), FAM_OK);
    cr_assert_eq(fam_store_cache_key(second, &b, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0);
    fam_store_free(second);
}
