/* famserver as other programs see it: a phrase through the whole path by RPC, rights, repeats, privacy. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "fam/v1/ops.pb-c.h"
#include "system.h"

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

static void assert_whole_reading(const Fam__V1__Entry *entry)
{
    const Fam__V1__Reading *reading = entry->reading;
    cr_assert_not_null(reading);
    cr_assert_eq(reading->engine, FAM__V1__ENGINE__ENGINE_OFFLINE);
    cr_assert_eq(reading->version, 1);
    cr_assert_not_null(reading->primary);
    cr_assert_neq(reading->primary->emotion, FAM__V1__EMOTION__EMOTION_UNSPECIFIED);
    cr_assert(strlen(reading->going_on) > 20 && strlen(reading->second_reading) > 10 && strlen(reading->avoid) > 10);
    cr_assert_geq(reading->n_needs, 1);
    cr_assert_eq(reading->n_responses, 3);
    for (size_t i = 0; i < 3; i++) {
        cr_assert(strlen(reading->responses[i]->text) > 5 && strlen(reading->responses[i]->why) > 10);
        for (size_t j = 0; j < i; j++) {
            cr_assert_neq(reading->responses[i]->kind, reading->responses[j]->kind);
        }
    }
}

Test(e2e_rpc, a_phrase_becomes_a_stored_entry_with_a_whole_reading, .timeout = 120)
{
    struct system system;
    system_start(&system, NULL);
    struct person parent = system_family(&system, 1001, 7);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    cr_assert_eq(system_translate(&system, &parent, "Ненавижу тебя!", "t1", &rpc, &status), FAM_OK, "%s",
                 status.message);
    const Fam__V1__Entry *entry = system_entry(&rpc);
    cr_assert_eq(strlen(entry->entry_id), 36);
    cr_assert_eq(entry->age_band, FAM__V1__AGE_BAND__AGE_BAND_7_9);
    cr_assert_not(entry->age_unknown);
    cr_assert_null(entry->safety);
    cr_assert_str_eq(entry->phrase, "Ненавижу тебя!");
    assert_whole_reading(entry);
    char entry_id[40];
    snprintf(entry_id, sizeof(entry_id), "%s", entry->entry_id);
    fam_rpc_done(&rpc);

    Fam__V1__ListEntriesRequest list = FAM__V1__LIST_ENTRIES_REQUEST__INIT;
    fam_rpc_init(&rpc, &(struct fam_rpc_options){.acting_user = &parent.user_id});
    cr_assert_eq(FAM_RPC(system.client, fam__v1__translation_service, list_entries, &rpc, &list, &status), FAM_OK);
    const Fam__V1__ListEntriesResponse *listed = (const Fam__V1__ListEntriesResponse *)fam_rpc_response(&rpc);
    cr_assert_eq(listed->n_entries, 1);
    cr_assert_str_eq(listed->entries[0]->entry_id, entry_id);
    cr_assert_str_eq(listed->next_page_token, "");
    fam_rpc_done(&rpc);
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), 1);
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM readings"), 1);
    system_stop(&system);
}

Test(e2e_rpc, one_word_a_long_text_english_and_an_idiom_are_all_read_without_alarm, .timeout = 120)
{
    struct system system;
    system_start(&system, NULL);
    struct person parent = system_family(&system, 1002, 7);
    char long_text[4000] = "";
    while (fam_utf8_length(long_text) < 1900) {
        strcat(long_text, "Не хочу делать уроки, они скучные. ");
    }
    const char *const phrases[] = {"Нет!",   "…", "I hate school", "умираю со смеху", "this homework is killing me",
                                   long_text};
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        char key[16];
        snprintf(key, sizeof(key), "p%zu", i);
        struct fam_status status = {.message = ""};
        struct fam_rpc rpc;
        cr_assert_eq(system_translate(&system, &parent, phrases[i], key, &rpc, &status), FAM_OK, "%s: %s", phrases[i],
                     status.message);
        assert_whole_reading(system_entry(&rpc));
        cr_assert_null(system_entry(&rpc)->safety, "%s", phrases[i]);
        fam_rpc_done(&rpc);
    }
    system_stop(&system);
}

static void assert_emergency(const Fam__V1__Entry *entry)
{
    cr_assert_not_null(entry->safety);
    cr_assert_eq(entry->safety->kind, FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE);
    cr_assert_leq(fam_utf8_length(entry->safety->opening), 60);
    cr_assert_geq(entry->safety->n_lines, 1);
    cr_assert_not_null(strstr(entry->safety->lines[0]->number, "8-800-2000-122"), "%s",
                       entry->safety->lines[0]->number);
    cr_assert_gt(strlen(entry->safety->first_step), 10);
    cr_assert_geq(entry->safety->n_steps, 3);
}

Test(e2e_rpc, an_emergency_of_nobody_gets_the_help_of_the_country_that_is_told_and_is_kept_nowhere, .timeout = 120)
{
    struct system system;
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    system_start(&system, NULL);
    Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
    request.phrase = (char *)(uintptr_t) "не хочу больше жить";
    request.language = FAM__V1__LANGUAGE__LANGUAGE_RU;
    request.country = (char *)(uintptr_t) "RU";
    fam_rpc_init(&rpc, &(struct fam_rpc_options){.idempotency_key = "n1"});
    cr_assert_eq(FAM_RPC(system.client, fam__v1__translation_service, translate, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    assert_emergency(system_entry(&rpc));
    cr_assert_str_eq(system_entry(&rpc)->entry_id, "");
    fam_rpc_done(&rpc);
    request.country = (char *)(uintptr_t) "";
    fam_rpc_init(&rpc, &(struct fam_rpc_options){.idempotency_key = "n2"});
    cr_assert_eq(FAM_RPC(system.client, fam__v1__translation_service, translate, &rpc, &request, &status), FAM_OK);
    cr_assert_null(strstr(system_entry(&rpc)->safety->lines[0]->number, "8-800"), "nobody knows where that is");
    fam_rpc_done(&rpc);
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), 0);
    system_stop(&system);
}

Test(e2e_rpc, an_emergency_gets_the_right_help_even_beyond_the_limit, .timeout = 120)
{
    struct system system;
    const char *const extra[] = {"FAM_LIMIT_TRANSLATIONS_HOUR=2", NULL};
    system_start(&system, extra);
    struct person parent = system_family(&system, 1003, 14);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    cr_assert_eq(system_translate(&system, &parent, "Нет!", "a", &rpc, &status), FAM_OK);
    fam_rpc_done(&rpc);
    cr_assert_eq(system_translate(&system, &parent, "Отстань", "b", &rpc, &status), FAM_OK);
    fam_rpc_done(&rpc);
    cr_assert_eq(system_translate(&system, &parent, "Скучно", "c", &rpc, &status), FAM_RESOURCE_EXHAUSTED);
    cr_assert_str_eq(status.reason, "LIMIT_HOUR");
    cr_assert(status.retry_after_ms > 3000000 && status.retry_after_ms <= 3600000);
    fam_rpc_done(&rpc);
    cr_assert_eq(system_translate(&system, &parent, "не хочу больше жить", "d", &rpc, &status), FAM_OK, "%s",
                 status.message);
    assert_emergency(system_entry(&rpc));
    assert_whole_reading(system_entry(&rpc));
    fam_rpc_done(&rpc);
    /* A repeat of what was counted once costs nothing. */
    cr_assert_eq(system_translate(&system, &parent, "Нет!", "a", &rpc, &status), FAM_OK);
    fam_rpc_done(&rpc);
    system_stop(&system);
}

Test(e2e_rpc, before_consent_a_phrase_is_answered_and_nothing_is_stored, .timeout = 120)
{
    struct system system;
    system_start(&system, NULL);
    struct person stranger = system_person(&system, 1004);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    cr_assert_eq(system_translate(&system, &stranger, "Меня никто не любит", "x", &rpc, &status), FAM_OK, "%s",
                 status.message);
    cr_assert_str_eq(system_entry(&rpc)->entry_id, "");
    cr_assert(system_entry(&rpc)->age_unknown);
    assert_whole_reading(system_entry(&rpc));
    fam_rpc_done(&rpc);
    cr_assert_eq(system_count(&system, "SELECT (SELECT count(*) FROM emotion_entries) + (SELECT count(*) FROM "
                                       "idempotency_keys) + (SELECT count(*) FROM readings)"),
                 0);
    /* The same after consent was withdrawn. */
    struct person parent = system_family(&system, 1005, 7);
    system_consent(&system, &parent, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, false);
    cr_assert_eq(system_translate(&system, &parent, "Нет!", "y", &rpc, &status), FAM_OK);
    cr_assert_str_eq(system_entry(&rpc)->entry_id, "");
    fam_rpc_done(&rpc);
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), 0);
    system_stop(&system);
}

Test(e2e_rpc, another_familys_child_and_entry_look_like_ones_that_do_not_exist, .timeout = 120)
{
    struct system system;
    system_start(&system, NULL);
    struct person a = system_family(&system, 1006, 7);
    struct person b = system_family(&system, 1007, 9);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    cr_assert_eq(system_translate(&system, &a, "Нет!", "a", &rpc, &status), FAM_OK);
    char entry_id[40];
    snprintf(entry_id, sizeof(entry_id), "%s", system_entry(&rpc)->entry_id);
    fam_rpc_done(&rpc);

    char messages[4][256];
    char child_id[40];
    fam_uuid_format(&a.child_id, child_id);
    struct fam_uuid nobody = fam_uuid_v7();
    char nobody_id[40];
    fam_uuid_format(&nobody, nobody_id);
    const char *const ids[] = {child_id, nobody_id};
    for (size_t i = 0; i < 2; i++) {
        Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
        request.phrase = borrow("Нет!");
        request.child_id = borrow(ids[i]);
        fam_rpc_init(&rpc, &(struct fam_rpc_options){.acting_user = &b.user_id, .idempotency_key = i == 0 ? "c" : "d"});
        cr_assert_eq(FAM_RPC(system.client, fam__v1__translation_service, translate, &rpc, &request, &status),
                     FAM_PERMISSION_DENIED);
        snprintf(messages[i], sizeof(messages[i]), "%s", status.message);
        fam_rpc_done(&rpc);
    }
    const char *const entries[] = {entry_id, nobody_id};
    for (size_t i = 0; i < 2; i++) {
        Fam__V1__GetEntryRequest request = FAM__V1__GET_ENTRY_REQUEST__INIT;
        request.entry_id = borrow(entries[i]);
        fam_rpc_init(&rpc, &(struct fam_rpc_options){.acting_user = &b.user_id});
        cr_assert_eq(FAM_RPC(system.client, fam__v1__translation_service, get_entry, &rpc, &request, &status),
                     FAM_PERMISSION_DENIED);
        snprintf(messages[2 + i], sizeof(messages[2]), "%s", status.message);
        fam_rpc_done(&rpc);
    }
    for (size_t i = 1; i < 4; i++) {
        cr_assert_str_eq(messages[i], messages[0]);
    }
    system_stop(&system);
}

struct race {
    struct system *system;
    const struct person *person;
    enum fam_code code;
    char entry_id[40];
};

static void *translate_same(void *arg)
{
    struct race *race = arg;
    struct fam_status status;
    struct fam_rpc rpc;
    race->code = system_translate(race->system, race->person, "Ненавижу тебя!", "same", &rpc, &status);
    if (race->code == FAM_OK) {
        snprintf(race->entry_id, sizeof(race->entry_id), "%s", system_entry(&rpc)->entry_id);
    }
    fam_rpc_done(&rpc);
    return NULL;
}

Test(e2e_rpc, the_same_key_many_times_at_once_gives_one_entry_and_another_request_is_refused, .timeout = 120)
{
    struct system system;
    system_start(&system, NULL);
    struct person parent = system_family(&system, 1008, 7);
    pthread_t threads[12];
    struct race races[12];
    for (size_t i = 0; i < 12; i++) {
        races[i] = (struct race){.system = &system, .person = &parent};
        pthread_create(&threads[i], NULL, translate_same, &races[i]);
    }
    for (size_t i = 0; i < 12; i++) {
        pthread_join(threads[i], NULL);
        cr_assert_eq(races[i].code, FAM_OK);
        cr_assert_str_eq(races[i].entry_id, races[0].entry_id);
    }
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM emotion_entries"), 1);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    cr_assert_eq(system_translate(&system, &parent, "Другое", "same", &rpc, &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.reason, "IDEMPOTENCY_KEY");
    fam_rpc_done(&rpc);
    system_stop(&system);
}

static enum fam_code add_child(struct system *system, const struct person *person, int year, int month, int day,
                               const char *key, struct fam_status *status)
{
    Fam__V1__AddChildRequest request = FAM__V1__ADD_CHILD_REQUEST__INIT;
    Fam__V1__Date birth = FAM__V1__DATE__INIT;
    birth.year = year;
    birth.month = month;
    birth.day = day;
    request.birth = &birth;
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &(struct fam_rpc_options){.acting_user = &person->user_id, .idempotency_key = key});
    enum fam_code code = FAM_RPC(system->client, fam__v1__family_service, add_child, &rpc, &request, status);
    fam_rpc_done(&rpc);
    return code;
}

Test(e2e_rpc, children_have_real_birth_dates_and_are_ten_at_most, .timeout = 120)
{
    struct system system;
    system_start(&system, NULL);
    struct person parent = system_family(&system, 1009, 7);
    struct fam_status status = {.message = ""};
    cr_assert_eq(add_child(&system, &parent, 2019, 2, 30, "k1", &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.field, "birth");
    cr_assert_eq(add_child(&system, &parent, 1950, 1, 1, "k2", &status), FAM_INVALID_ARGUMENT);
    cr_assert_eq(add_child(&system, &parent, 2150, 1, 1, "k3", &status), FAM_INVALID_ARGUMENT);
    cr_assert_eq(add_child(&system, &parent, 2019, 13, 1, "k4", &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.field, "birth.month");
    for (int i = 0; i < 9; i++) {
        char key[16];
        snprintf(key, sizeof(key), "c%d", i);
        cr_assert_eq(add_child(&system, &parent, 2018, 0, 0, key, &status), FAM_OK, "%s", status.message);
    }
    cr_assert_eq(add_child(&system, &parent, 2018, 0, 0, "c10", &status), FAM_FAILED_PRECONDITION);
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM children"), 10);
    system_stop(&system);
}

Test(e2e_rpc, a_rating_stays_with_the_entry_and_the_last_one_counts, .timeout = 120)
{
    struct system system;
    system_start(&system, NULL);
    struct person parent = system_family(&system, 1010, 7);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    cr_assert_eq(system_translate(&system, &parent, "Нет!", "a", &rpc, &status), FAM_OK);
    char entry_id[40];
    snprintf(entry_id, sizeof(entry_id), "%s", system_entry(&rpc)->entry_id);
    fam_rpc_done(&rpc);
    for (int i = 0; i < 2; i++) {
        Fam__V1__RateEntryRequest request = FAM__V1__RATE_ENTRY_REQUEST__INIT;
        request.entry_id = entry_id;
        request.helped = i == 0 ? FAM__V1__HELPED__HELPED_NO : FAM__V1__HELPED__HELPED_YES;
        request.used_response = 2;
        fam_rpc_init(
            &rpc, &(struct fam_rpc_options){.acting_user = &parent.user_id, .idempotency_key = i == 0 ? "r0" : "r1"});
        cr_assert_eq(FAM_RPC(system.client, fam__v1__translation_service, rate_entry, &rpc, &request, &status), FAM_OK,
                     "%s", status.message);
        const Fam__V1__RateEntryResponse *response = (const Fam__V1__RateEntryResponse *)fam_rpc_response(&rpc);
        cr_assert_eq(response->entry->rating->helped, request.helped);
        cr_assert_eq(response->entry->rating->used_response, 2);
        fam_rpc_done(&rpc);
    }
    system_stop(&system);
}

Test(e2e_rpc, an_admin_needs_a_reason_to_open_personal_text_and_is_audited, .timeout = 120)
{
    struct system system;
    system_start(&system, NULL);
    struct person parent = system_family(&system, 1011, 7);
    struct fam_client *admin = system_client(&system, system.admin_token);
    struct fam_status status = {.message = ""};
    Fam__V1__ListEntriesRequest list = FAM__V1__LIST_ENTRIES_REQUEST__INIT;
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &(struct fam_rpc_options){.acting_user = &parent.user_id});
    cr_assert_eq(FAM_RPC(admin, fam__v1__translation_service, list_entries, &rpc, &list, &status),
                 FAM_PERMISSION_DENIED);
    cr_assert_str_eq(status.reason, "REASON_REQUIRED");
    fam_rpc_done(&rpc);
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM audit_log"), 0);
    fam_rpc_init(&rpc,
                 &(struct fam_rpc_options){.acting_user = &parent.user_id, .reason = "the parent asked for help"});
    cr_assert_eq(FAM_RPC(admin, fam__v1__translation_service, list_entries, &rpc, &list, &status), FAM_OK, "%s",
                 status.message);
    fam_rpc_done(&rpc);
    cr_assert_eq(system_count(&system, "SELECT count(*) FROM audit_log"), 1);
    fam_client_free(admin);
    system_stop(&system);
}

Test(e2e_rpc, a_revoked_token_is_refused_within_five_seconds, .timeout = 120)
{
    struct system system;
    system_start(&system, NULL);
    struct fam_client *admin = system_client(&system, system.admin_token);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    Fam__V1__CreateTokenRequest create = FAM__V1__CREATE_TOKEN_REQUEST__INIT;
    create.role = FAM__V1__ROLE__ROLE_ADMIN;
    create.name = borrow("second");
    fam_rpc_init(&rpc, &(struct fam_rpc_options){.idempotency_key = "make"});
    cr_assert_eq(FAM_RPC(admin, fam__v1__ops_service, create_token, &rpc, &create, &status), FAM_OK, "%s",
                 status.message);
    const Fam__V1__CreateTokenResponse *created = (const Fam__V1__CreateTokenResponse *)fam_rpc_response(&rpc);
    char secret[64];
    char token_id[40];
    snprintf(secret, sizeof(secret), "%s", created->secret);
    snprintf(token_id, sizeof(token_id), "%s", created->token->token_id);
    fam_rpc_done(&rpc);
    fam_rpc_init(&rpc, &(struct fam_rpc_options){.idempotency_key = "make"});
    cr_assert_eq(FAM_RPC(admin, fam__v1__ops_service, create_token, &rpc, &create, &status), FAM_OK);
    cr_assert_str_eq(((const Fam__V1__CreateTokenResponse *)fam_rpc_response(&rpc))->secret, secret);
    fam_rpc_done(&rpc);

    struct fam_client *second = system_client(&system, secret);
    Fam__V1__ListTokensRequest list = FAM__V1__LIST_TOKENS_REQUEST__INIT;
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(second, fam__v1__ops_service, list_tokens, &rpc, &list, &status), FAM_OK);
    fam_rpc_done(&rpc);
    Fam__V1__RevokeTokenRequest revoke = FAM__V1__REVOKE_TOKEN_REQUEST__INIT;
    revoke.token_id = token_id;
    fam_rpc_init(&rpc, &(struct fam_rpc_options){.idempotency_key = "revoke"});
    cr_assert_eq(FAM_RPC(admin, fam__v1__ops_service, revoke_token, &rpc, &revoke, &status), FAM_OK);
    fam_rpc_done(&rpc);
    uint64_t start_ms = fam_mono_ms();
    enum fam_code code = FAM_OK;
    while (code == FAM_OK && fam_mono_ms() - start_ms < 6000) {
        fam_rpc_init(&rpc, NULL);
        code = FAM_RPC(second, fam__v1__ops_service, list_tokens, &rpc, &list, &status);
        fam_rpc_done(&rpc);
        usleep(50000);
    }
    cr_assert_eq(code, FAM_UNAUTHENTICATED);
    cr_assert_lt(fam_mono_ms() - start_ms, 5000);
    fam_client_free(second);
    fam_client_free(admin);
    system_stop(&system);
}

Test(e2e_rpc, seeded_words_are_found_nowhere_but_in_answers, .timeout = 120)
{
    struct system system;
    system_start(&system, NULL);
    struct person parent = system_family(&system, 777123456789, 7);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    cr_assert_eq(system_translate(&system, &parent, "Ненавижу тебя, Квазимордик и Zanzibarka!", "w1", &rpc, &status),
                 FAM_OK);
    fam_rpc_done(&rpc);
    Fam__V1__UpdateUserRequest name = FAM__V1__UPDATE_USER_REQUEST__INIT;
    name.name = borrow("Мария-Кассиопея");
    fam_rpc_init(&rpc, &(struct fam_rpc_options){.acting_user = &parent.user_id, .idempotency_key = "w2"});
    cr_assert_eq(FAM_RPC(system.client, fam__v1__family_service, update_user, &rpc, &name, &status), FAM_OK, "%s",
                 status.message);
    cr_assert_str_eq(((const Fam__V1__UpdateUserResponse *)fam_rpc_response(&rpc))->user->name, "Мария-Кассиопея");
    fam_rpc_done(&rpc);
    cr_assert(pg_server_sql(system.pg.conninfo, "CHECKPOINT", NULL, 0));
    const char *const words[] = {"Квазимордик", "Zanzibarka", "Кассиопея", "777123456789", "fam_"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        char where[512] = "";
        const char *word = i == 4 ? system.bot_token : words[i];
        cr_assert_not(system_contains(&system, word, where, sizeof(where)), "%s is in %s", word, where);
    }
    system_stop(&system);
}
