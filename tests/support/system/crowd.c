#include "crowd.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

/* Phrases that can be told apart: each ends in a sign of four letters. */
static const char SIGN_BEFORE[] = "знак ";
static const char *const SIGN_LETTERS[8] = {"б", "в", "г", "д", "ж", "з", "к", "л"};

static void write_phrase(size_t number, char ret_phrase[64])
{
    snprintf(ret_phrase, 64, "Ненавижу тебя! %s%s%s%s%s", SIGN_BEFORE, SIGN_LETTERS[number >> 9 & 7],
             SIGN_LETTERS[number >> 6 & 7], SIGN_LETTERS[number >> 3 & 7], SIGN_LETTERS[number & 7]);
}

size_t crowd_read_phrase(const char *text)
{
    const char *at = strstr(text, SIGN_BEFORE);
    size_t number = 0;
    if (at == NULL) {
        return CROWD_CALLS;
    }
    at += sizeof(SIGN_BEFORE) - 1;
    for (int i = 0; i < 4; i++, at += 2) {
        size_t letter = 0;
        while (letter < 8 && strncmp(at, SIGN_LETTERS[letter], 2) != 0) {
            letter++;
        }
        if (letter == 8) {
            return CROWD_CALLS;
        }
        number = number * 8 + letter;
    }
    return number < CROWD_CALLS ? number : CROWD_CALLS;
}

static void translate(struct crowd_caller *caller, int phrase)
{
    char key[64], text[64];
    snprintf(key, sizeof(key), "caller-%d-%d", caller->number, phrase);
    write_phrase((size_t)(caller->number * CROWD_PHRASES + phrase), text);
    const struct fam_rpc_options options = {
        .acting_user = &caller->person->user_id, .idempotency_key = key, .timeout_ms = CROWD_DEADLINE_MS};
    Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
    request.phrase = text;
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    atomic_fetch_add(caller->begun, 1);
    uint64_t start_ms = fam_mono_ms();
    fam_rpc_init(&rpc, &options);
    if (FAM_RPC(caller->client, fam__v1__translation_service, translate, &rpc, &request, &status) == FAM_OK &&
        strcmp(system_entry(&rpc)->phrase, text) == 0) {
        caller->answered++;
    } else {
        caller->failed++;
        snprintf(caller->failure, sizeof(caller->failure), "%s: %s", fam_code_name(status.code), status.message);
    }
    fam_rpc_done(&rpc);
    uint64_t took_ms = fam_mono_ms() - start_ms;
    caller->longest_ms = took_ms > caller->longest_ms ? took_ms : caller->longest_ms;
}

static void *translate_all(void *arg)
{
    for (int i = 0; i < CROWD_PHRASES; i++) {
        translate(arg, i);
    }
    return NULL;
}

void crowd_start(struct crowd *crowd, struct fam_client *client, const struct person *people, size_t count)
{
    memset(crowd, 0, sizeof(*crowd));
    for (int i = 0; i < CROWD_CALLERS; i++) {
        crowd->callers[i] = (struct crowd_caller){
            .client = client, .person = &people[(size_t)i % count], .number = i, .begun = &crowd->begun};
        cr_assert_eq(pthread_create(&crowd->threads[i], NULL, translate_all, &crowd->callers[i]), 0);
    }
}

void crowd_wait_busy(struct crowd *crowd)
{
    for (uint64_t until_ms = fam_mono_ms() + 60000; atomic_load(&crowd->begun) < CROWD_CALLERS * 3 / 2; usleep(1000)) {
        cr_assert_lt(fam_mono_ms(), until_ms, "the crowd has hardly begun");
    }
}

bool crowd_finish(struct crowd *crowd, const char *event)
{
    uint64_t longest_ms = 0;
    int failed = 0;
    for (int i = 0; i < CROWD_CALLERS; i++) {
        const struct crowd_caller *caller = &crowd->callers[i];
        pthread_join(crowd->threads[i], NULL);
        cr_expect_eq(caller->failed, 0, "%s: %d calls of a caller failed: %s", event, caller->failed, caller->failure);
        cr_expect_eq(caller->answered, CROWD_PHRASES);
        failed += CROWD_PHRASES - caller->answered;
        longest_ms = caller->longest_ms > longest_ms ? caller->longest_ms : longest_ms;
    }
    cr_expect_lt(longest_ms, CROWD_DEADLINE_MS + 2000, "a call took %llu ms", (unsigned long long)longest_ms);
    fprintf(stderr, "%s: the longest of %d calls took %llu ms\n", event, CROWD_CALLS, (unsigned long long)longest_ms);
    return failed == 0;
}

static void count_entries_of(struct fam_client *client, const struct person *person, unsigned counts[CROWD_CALLS])
{
    char token[128] = "";
    bool more = true;
    while (more) {
        const struct fam_rpc_options options = {
            .acting_user = &person->user_id, .timeout_ms = CROWD_DEADLINE_MS, .read_only = true};
        Fam__V1__ListEntriesRequest request = FAM__V1__LIST_ENTRIES_REQUEST__INIT;
        request.page_size = 100;
        request.page_token = token;
        struct fam_rpc rpc;
        struct fam_status status = {.message = ""};
        fam_rpc_init(&rpc, &options);
        cr_assert_eq(FAM_RPC(client, fam__v1__translation_service, list_entries, &rpc, &request, &status), FAM_OK, "%s",
                     status.message);
        const Fam__V1__ListEntriesResponse *response = (const void *)fam_rpc_response(&rpc);
        for (size_t i = 0; i < response->n_entries; i++) {
            size_t number = crowd_read_phrase(response->entries[i]->phrase);
            cr_assert_lt(number, (size_t)CROWD_CALLS);
            counts[number]++;
        }
        more = response->next_page_token[0] != '\0';
        snprintf(token, sizeof(token), "%s", response->next_page_token);
        fam_rpc_done(&rpc);
    }
}

void crowd_assert_written_once(struct system *system, const struct person *people, size_t count)
{
    static unsigned counts[CROWD_CALLS];
    memset(counts, 0, sizeof(counts));
    for (size_t i = 0; i < count; i++) {
        count_entries_of(system->client, &people[i], counts);
    }
    for (size_t i = 0; i < CROWD_CALLS; i++) {
        cr_expect_eq(counts[i], 1, "phrase %zu was written %u times", i, counts[i]);
    }
    cr_expect_eq(system_count(system, "SELECT count(*) FROM emotion_entries"), CROWD_CALLS);
    cr_expect_eq(system_count(system, "SELECT count(*) FROM idempotency_keys WHERE method LIKE '%Translate'"),
                 CROWD_CALLS);
}
