/* Claude through the whole path: famserver with the simulator of the Messages API. */
#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fam/v1/ops.pb-c.h"
#include "support/claude_client.h"
#include "system.h"

static char dir[64];
static struct cl_sim claude;
static char base_url[128];

/* The system with Claude in it; `more` are further settings of famserver. */
static void start(struct system *system, const char *const *more)
{
    cr_assert(proc_tmpdir(dir, sizeof(dir)));
    cr_assert(cl_sim_start(&claude, dir, NULL));
    snprintf(base_url, sizeof(base_url), "ANTHROPIC_BASE_URL=%s", claude.base_url);
    const char *extra[12] = {base_url, "ANTHROPIC_API_KEY=sk-test-of-nobody"};
    size_t count = 2;
    for (size_t i = 0; more != NULL && more[i] != NULL; i++) {
        extra[count++] = more[i];
    }
    system_start(system, extra);
    system_pause_rereads(system);
}

static void stop(struct system *system)
{
    system_stop(system);
    cr_expect_eq(cl_sim_stop(&claude), 0);
    proc_rmtree(dir);
}

/* The engine that answered. */
static Fam__V1__Engine ask(struct system *system, const struct person *person, const char *phrase, const char *key)
{
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    enum fam_code code = system_translate(system, person, phrase, key, &rpc, &status);
    cr_assert_eq(code, FAM_OK, "%s", status.message);
    Fam__V1__Engine engine = system_entry(&rpc)->reading->engine;
    fam_rpc_done(&rpc);
    return engine;
}

static int64_t asked(void)
{
    return cl_stat(&claude, "requests");
}

Test(e2e_claude, a_phrase_is_read_by_claude_once_and_told_to_nobody_else, .timeout = 120)
{
    struct system system;
    start(&system, NULL);
    struct person parent = system_family(&system, 4100, 7);
    struct person other = system_family(&system, 4101, 7);
    struct fam_rpc rpc;
    struct fam_status status;
    cr_assert_eq(system_translate(&system, &parent, "Ненавижу тебя!", "first", &rpc, &status), FAM_OK);
    const Fam__V1__Reading *reading = system_entry(&rpc)->reading;
    cr_expect_eq(reading->engine, FAM__V1__ENGINE__ENGINE_CLAUDE);
    cr_expect_eq(reading->n_responses, 3);
    cr_expect_null(strchr(reading->going_on, '{'), "no placeholder is shown");
    fam_rpc_done(&rpc);
    cr_expect_eq(asked(), 1);
    /* What left is written down, before and beside the entry. */
    cr_expect_eq(system_count(&system, "SELECT count(*) FROM disclosures d JOIN emotion_entries e USING (entry_id) "
                                       "WHERE d.recipient = 'anthropic' AND d.user_id = e.user_id"),
                 1);
    cr_expect_eq(system_count(&system, "SELECT count(*) FROM readings WHERE engine = 'claude'"), 1);
    /* The same words of another family: from the cache. The same key again: from the entry. */
    cr_expect_eq(ask(&system, &other, "ненавижу  ТЕБЯ!", "second"), FAM__V1__ENGINE__ENGINE_CLAUDE);
    cr_expect_eq(ask(&system, &parent, "Ненавижу тебя!", "first"), FAM__V1__ENGINE__ENGINE_CLAUDE);
    cr_expect_eq(asked(), 1);
    cr_expect_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), 2);
    cr_expect_eq(system_count(&system, "SELECT count(*) FROM disclosures"), 1);
    stop(&system);
}

/* Tells with what happened before ("": nothing), and returns the entry's id, which lasts until the next call. */
static char *tell(struct system *system, const struct person *person, const char *before, const char *key)
{
    static char entry_id[FAM_UUID_TEXT_SIZE];
    Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
    const struct fam_rpc_options options = {.acting_user = &person->user_id, .idempotency_key = key};
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    char phrase[] = "Не пойду на кружок!", happened_before[64];
    snprintf(happened_before, sizeof(happened_before), "%s", before);
    request.phrase = phrase;
    request.happened_before = happened_before;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(system->client, fam__v1__translation_service, translate, &rpc, &request, &status), FAM_OK,
                 "%s", status.message);
    cr_expect_eq(system_entry(&rpc)->reading->engine, FAM__V1__ENGINE__ENGINE_CLAUDE);
    snprintf(entry_id, sizeof(entry_id), "%s", system_entry(&rpc)->entry_id);
    fam_rpc_done(&rpc);
    return entry_id;
}

static void delete_entry(struct system *system, const struct person *person, char *entry_id, const char *key)
{
    Fam__V1__DeleteEntryRequest request = FAM__V1__DELETE_ENTRY_REQUEST__INIT;
    const struct fam_rpc_options options = {.acting_user = &person->user_id, .idempotency_key = key};
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    request.entry_id = entry_id;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(system->client, fam__v1__translation_service, delete_entry, &rpc, &request, &status), FAM_OK,
                 "%s", status.message);
    fam_rpc_done(&rpc);
}

static int64_t cached(struct system *system)
{
    redisReply *keys = redis_server_command(&system->redis, "KEYS *{reading}*");
    cr_assert_not_null(keys);
    int64_t count = (int64_t)keys->elements;
    freeReplyObject(keys);
    return count;
}

Test(e2e_claude, a_cached_reading_that_was_its_authors_alone_goes_with_the_entry, .timeout = 120)
{
    static const char BEFORE[] = "Поссорились из-за планшета";
    struct system system;
    start(&system, NULL);
    struct person parent = system_family(&system, 4105, 7), second = system_person(&system, 4106);
    char entry_id[FAM_UUID_TEXT_SIZE], sql[400], user[FAM_UUID_TEXT_SIZE], family[FAM_UUID_TEXT_SIZE];
    (void)tell(&system, &parent, BEFORE, "own-1");
    snprintf(entry_id, sizeof(entry_id), "%s", tell(&system, &parent, BEFORE, "own-2"));
    cr_expect_eq(asked(), 1, "the second time it comes from the cache");
    cr_expect_eq(cached(&system), 1);
    delete_entry(&system, &parent, entry_id, "delete-1");
    cr_expect_eq(cached(&system), 0, "context stood in it");
    /* One that would serve every family says nothing of anybody, and ends by itself. */
    snprintf(entry_id, sizeof(entry_id), "%s", tell(&system, &parent, "", "all-1"));
    cr_expect_eq(cached(&system), 1);
    delete_entry(&system, &parent, entry_id, "delete-2");
    cr_expect_eq(cached(&system), 1);
    /* But where another adult lives in the family it serves its author alone. */
    fam_uuid_format(&second.user_id, user);
    fam_uuid_format(&parent.family_id, family);
    snprintf(sql, sizeof(sql),
             "INSERT INTO parents (parent_id, family_id, user_id, role) VALUES (gen_random_uuid(), '%s', '%s', "
             "'reader')",
             family, user);
    cr_assert(pg_server_sql(system.pg.conninfo, sql, NULL, 0));
    snprintf(entry_id, sizeof(entry_id), "%s", tell(&system, &parent, "", "apart-1"));
    cr_expect_eq(asked(), 3);
    cr_expect_eq(cached(&system), 2);
    delete_entry(&system, &parent, entry_id, "delete-3");
    cr_expect_eq(cached(&system), 1);
    stop(&system);
}

Test(e2e_claude, nothing_leaves_without_consent_or_in_an_emergency, .timeout = 120)
{
    struct system system;
    start(&system, NULL);
    struct person parent = system_family(&system, 4110, 7);
    struct fam_rpc rpc;
    struct fam_status status;
    cr_assert_eq(system_translate(&system, &parent, "не хочу больше жить", "danger", &rpc, &status), FAM_OK);
    cr_expect_not_null(system_entry(&rpc)->safety);
    cr_expect_eq(system_entry(&rpc)->reading->engine, FAM__V1__ENGINE__ENGINE_OFFLINE);
    fam_rpc_done(&rpc);
    system_consent(&system, &parent, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, false);
    cr_expect_eq(ask(&system, &parent, "Отстань от меня!", "no-ai"), FAM__V1__ENGINE__ENGINE_OFFLINE);
    system_consent(&system, &parent, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, true);
    system_consent(&system, &parent, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, false);
    cr_expect_eq(ask(&system, &parent, "Не буду убирать!", "no-processing"), FAM__V1__ENGINE__ENGINE_OFFLINE);
    cr_expect_eq(asked(), 0);
    cr_expect_eq(system_count(&system, "SELECT count(*) FROM disclosures"), 0);
    stop(&system);
}

Test(e2e_claude, no_name_phone_or_address_leaves_and_the_answer_shows_the_name, .timeout = 120)
{
    struct system system;
    start(&system, NULL);
    struct person parent = system_family(&system, 4120, 7);
    cr_expect_eq(ask(&system, &parent,
                     "Звонила бабушка Зинаида Петровна с +7 916 123-45-67, мы живём на улице Гагарина, дом 12, а он "
                     "сказал: «ненавижу школу 1543», пиши @zinaida_test",
                     "personal"),
                 FAM__V1__ENGINE__ENGINE_CLAUDE);
    static const char *const SEEDED[] = {"Зинаид", "Петровн", "916", "123-45-67", "Гагарин", "1543", "zinaida"};
    for (size_t i = 0; i < sizeof(SEEDED) / sizeof(SEEDED[0]); i++) {
        cr_expect_eq(cl_found(&claude, SEEDED[i]), 0, "\"%s\" has left", SEEDED[i]);
    }
    cr_expect_eq(cl_found(&claude, "ненавижу"), 1, "the phrase itself was asked");
    stop(&system);
}

/* Whatever comes instead of an answer, the parent gets the built-in reading, and the next good answer is shown again.
 */
Test(e2e_claude, an_answer_of_no_use_is_replaced_by_the_built_in_reading, .timeout = 240)
{
    static const char *const SPOILED[] = {
        "refusal",        "max_tokens",     "model_context_window_exceeded",
        "two_texts",      "no_text",        "invalid_json",
        "empty_body",     "text_not_json",  "text_fenced",
        "duplicate_keys", "lone_surrogate", "missing_member",
        "extra_member",   "wrong_type",     "unknown_enum",
        "too_few",        "too_many",       "same_kinds",
        "out_of_range",
    };
    struct system system;
    const char *const settings[] = {"FAM_LIMIT_TRANSLATIONS_HOUR=1000", "FAM_LIMIT_TRANSLATIONS_DAY=1000", NULL};
    start(&system, settings);
    struct person parent = system_family(&system, 4130, 7);
    for (size_t i = 0; i < sizeof(SPOILED) / sizeof(SPOILED[0]); i++) {
        char phrase[64];
        char key[32];
        snprintf(phrase, sizeof(phrase), "Не хочу суп номер %c", (char)('a' + (int)i));
        snprintf(key, sizeof(key), "spoiled-%zu", i);
        cr_assert(cl_reset(&claude));
        cr_assert(cl_spoil(&claude, SPOILED[i], 1));
        cr_expect_eq(ask(&system, &parent, phrase, key), FAM__V1__ENGINE__ENGINE_OFFLINE, "%s", SPOILED[i]);
        cr_expect_geq(asked(), 1, "%s", SPOILED[i]);
    }
    cr_assert(cl_reset(&claude));
    cr_assert(cl_spoil(&claude, "thinking_first", 1));
    cr_expect_eq(ask(&system, &parent, "Не буду спать", "thinking"), FAM__V1__ENGINE__ENGINE_CLAUDE);
    cr_expect_eq(ask(&system, &parent, "Не буду есть кашу", "good"), FAM__V1__ENGINE__ENGINE_CLAUDE);
    stop(&system);
}

Test(e2e_claude, a_slow_claude_costs_patience_and_no_more, .timeout = 120)
{
    struct system system;
    const char *const settings[] = {"FAM_CLAUDE_PATIENCE_MS=700", "FAM_CLAUDE_TIMEOUT_MS=1500", NULL};
    start(&system, settings);
    struct person parent = system_family(&system, 4140, 7);
    cr_assert(cl_fault(&claude, "{\"hang\":true,\"times\":1}"));
    uint64_t start_ms = fam_mono_ms();
    cr_expect_eq(ask(&system, &parent, "Уходи!", "slow"), FAM__V1__ENGINE__ENGINE_OFFLINE);
    cr_expect_lt(fam_mono_ms() - start_ms, 6000u);
    cr_expect(cl_wait(&claude, "{\"idle\":true}", 5000), "the connection to Claude is cut");
    cr_expect_eq(ask(&system, &parent, "Останься!", "good"), FAM__V1__ENGINE__ENGINE_CLAUDE);
    stop(&system);
}

Test(e2e_claude, a_batch_keeps_its_order_and_reads_equal_items_once, .timeout = 120)
{
    struct system system;
    start(&system, NULL);
    struct person parent = system_family(&system, 4160, 7);
    static const char *const PHRASES[] = {"Я сам!", "Не пойду в школу!", "Я сам!", "Мне скучно"};
    Fam__V1__TranslateRequest items[4];
    Fam__V1__TranslateRequest *list[4];
    for (size_t i = 0; i < 4; i++) {
        fam__v1__translate_request__init(&items[i]);
        items[i].phrase = (char *)(uintptr_t)PHRASES[i];
        list[i] = &items[i];
    }
    items[3].child_id = (char *)(uintptr_t) "01890000-0000-7000-8000-000000000000";
    Fam__V1__TranslateBatchRequest request = FAM__V1__TRANSLATE_BATCH_REQUEST__INIT;
    request.n_items = 4;
    request.items = list;
    char first[64] = "";
    for (int round = 0; round < 2; round++) { /* the second is the same call again */
        const struct fam_rpc_options options = {.acting_user = &parent.user_id, .idempotency_key = "batch"};
        struct fam_rpc rpc;
        struct fam_status status = {.message = ""};
        fam_rpc_init(&rpc, &options);
        cr_assert_eq(FAM_RPC(system.client, fam__v1__translation_service, translate_batch, &rpc, &request, &status),
                     FAM_OK, "%s", status.message);
        const Fam__V1__TranslateBatchResponse *response = (const void *)fam_rpc_response(&rpc);
        cr_assert_eq(response->n_results, 4);
        for (size_t i = 0; i < 3; i++) {
            cr_assert_eq(response->results[i]->code, 0, "%s", response->results[i]->message);
            cr_expect_str_eq(response->results[i]->entry->phrase, PHRASES[i]);
            cr_expect_eq(response->results[i]->entry->reading->engine, FAM__V1__ENGINE__ENGINE_CLAUDE);
        }
        cr_expect_str_eq(response->results[0]->entry->entry_id, response->results[2]->entry->entry_id);
        cr_expect_eq(response->results[3]->code, FAM_PERMISSION_DENIED, "a child of nobody spoils its item alone");
        cr_expect_null(response->results[3]->entry);
        if (round == 1) {
            cr_expect_str_eq(response->results[0]->entry->entry_id, first);
        }
        snprintf(first, sizeof(first), "%s", response->results[0]->entry->entry_id);
        fam_rpc_done(&rpc);
    }
    cr_expect_eq(asked(), 2);
    cr_expect_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), 2);
    stop(&system);
}

/* Each item is judged as if it had come alone. */
Test(e2e_claude, what_is_wrong_with_an_item_of_a_batch_is_told_there_and_the_others_are_answered, .timeout = 120)
{
    static char too_long[2 * 2001 + 1];
    for (size_t i = 0; i < 2001; i++) {
        memcpy(too_long + 2 * i, "я", 2);
    }
    static const struct {
        const char *phrase, *child_id, *field;
        int age_band;
    } ROWS[] = {
        {"Я сам!", "", NULL, 0},
        {"", "", "phrase", 0},
        {too_long, "", "phrase", 0},
        {"Не хочу!", "", "age_band", 77},
        {"Не хочу!", "nobody", "child_id", 0},
        {"", "", "phrase", 0}, /* equal to an earlier one */
        {"Мне скучно", "", NULL, 0},
    };
    enum { ITEMS = sizeof(ROWS) / sizeof(ROWS[0]) };
    struct system system;
    start(&system, NULL);
    struct person parent = system_family(&system, 4165, 7);
    Fam__V1__TranslateRequest items[ITEMS];
    Fam__V1__TranslateRequest *list[ITEMS];
    for (size_t i = 0; i < ITEMS; i++) {
        fam__v1__translate_request__init(&items[i]);
        items[i].phrase = (char *)(uintptr_t)ROWS[i].phrase;
        items[i].child_id = (char *)(uintptr_t)ROWS[i].child_id;
        items[i].age_band = (Fam__V1__AgeBand)ROWS[i].age_band;
        list[i] = &items[i];
    }
    Fam__V1__TranslateBatchRequest request = FAM__V1__TRANSLATE_BATCH_REQUEST__INIT;
    request.n_items = ITEMS;
    request.items = list;
    const struct fam_rpc_options options = {.acting_user = &parent.user_id, .idempotency_key = "mixed"};
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(system.client, fam__v1__translation_service, translate_batch, &rpc, &request, &status), FAM_OK,
                 "%s", status.message);
    const Fam__V1__TranslateBatchResponse *response = (const void *)fam_rpc_response(&rpc);
    cr_assert_eq(response->n_results, ITEMS);
    for (size_t i = 0; i < ITEMS; i++) {
        const Fam__V1__TranslateBatchResult *result = response->results[i];
        bool good = ROWS[i].field == NULL;
        cr_expect_eq(result->code, good ? FAM_OK : FAM_INVALID_ARGUMENT, "item %zu: %s", i, result->message);
        cr_expect_str_eq(result->field, good ? "" : ROWS[i].field);
        cr_expect_str_eq(result->reason, good ? "" : "FIELD_VIOLATION");
        cr_expect_eq(result->entry != NULL, good);
        cr_expect_eq(result->message[0] == '\0', good);
    }
    fam_rpc_done(&rpc);
    cr_expect_eq(asked(), 2);
    cr_expect_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), 2);
    stop(&system);
}

static void *give_up(void *arg)
{
    usleep(
        300000); /* long enough for most to be with Claude; when it comes sooner the call is cancelled all the same */
    fam_rpc_cancel(arg);
    return NULL;
}

Test(e2e_claude, a_caller_who_gives_up_cuts_the_connection_to_claude, .timeout = 120)
{
    struct system system;
    start(&system, NULL);
    struct person parent = system_family(&system, 4170, 7);
    cr_assert(cl_fault(&claude, "{\"hang\":true,\"times\":1}"));
    const struct fam_rpc_options options = {.acting_user = &parent.user_id, .idempotency_key = "given-up"};
    Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
    request.phrase = (char *)(uintptr_t) "Дай планшет!";
    struct fam_rpc rpc;
    struct fam_status status;
    fam_rpc_init(&rpc, &options);
    fam__v1__translation_service__translate(
        fam_client_service(system.client, &fam__v1__translation_service__descriptor), &request, NULL, &rpc);
    cr_assert(cl_wait(&claude, "{\"requests\":1}", 10000));
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, give_up, &rpc), 0);
    cr_expect_eq(fam_rpc_wait(&rpc, &status), FAM_CANCELLED);
    pthread_join(thread, NULL);
    fam_rpc_done(&rpc);
    cr_expect(cl_wait(&claude, "{\"idle\":true}", 2000), "Claude's connection outlives its caller");
    cr_expect_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), 0);
    cr_expect_eq(ask(&system, &parent, "Дай планшет!", "again"), FAM__V1__ENGINE__ENGINE_CLAUDE);
    stop(&system);
}

Test(e2e_claude, without_redis_claude_is_asked_all_the_same, .timeout = 120)
{
    struct system system;
    start(&system, NULL);
    struct person parent = system_family(&system, 4180, 7);
    redis_server_kill(&system.redis);
    cr_expect_eq(ask(&system, &parent, "Не трогай меня", "one"), FAM__V1__ENGINE__ENGINE_CLAUDE);
    cr_expect_eq(ask(&system, &parent, "Не трогай меня", "two"), FAM__V1__ENGINE__ENGINE_CLAUDE);
    cr_expect_eq(asked(), 2, "there is no cache");
    cr_assert(redis_server_restart(&system.redis));
    stop(&system);
}
