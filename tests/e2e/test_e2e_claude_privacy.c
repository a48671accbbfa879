/* What leaves: a seeded run of many phrases by many families, each asked to Claude. Nothing that is somebody's stands
 * in any request, and every answer shows the real names. FAM_TEST_PHRASES says how many; `scripts/test soak` runs
 * 10,000. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "claude_world.h"
#include "seeded_phrases.h"

enum { SEED = 20260611, USUAL = CLAUDE_WORLD_SANITIZED ? 300 : 1000, AT_ONCE = 192, SYSTEMS_MAX = 16 };

struct run {
    struct claude_world world;
    struct seeded_phrases *phrases;
    struct person people[SEEDED_FAMILIES];
    size_t count;
    size_t by_claude, built_in, showing_child, named_child, showing_school, named_school, shown_braces, spoiled;
};

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* The names come first: a second child is added to the one of system_family, which has none. */
static void add_names(struct run *run, size_t family)
{
    struct person *person = &run->people[family];
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    char key[32];
    struct fam_rpc_options options = {.acting_user = &person->user_id, .idempotency_key = key};
    Fam__V1__UpdateUserRequest user = FAM__V1__UPDATE_USER_REQUEST__INIT;
    user.name = borrow(seeded_parent(family));
    user.language = seeded_family_is_russian(family) ? FAM__V1__LANGUAGE__LANGUAGE_RU : FAM__V1__LANGUAGE__LANGUAGE_EN;
    (void)snprintf(key, sizeof(key), "name-%zu", family);
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(run->world.system.client, fam__v1__family_service, update_user, &rpc, &user, &status), FAM_OK,
                 "%s", status.message);
    fam_rpc_done(&rpc);
    for (size_t child = 0; child < 2; child++) {
        Fam__V1__AddChildRequest request = FAM__V1__ADD_CHILD_REQUEST__INIT;
        Fam__V1__Date birth = FAM__V1__DATE__INIT;
        birth.year = 2013 + (int32_t)(family % 8);
        request.birth = &birth;
        request.name = borrow(seeded_child(family, child));
        (void)snprintf(key, sizeof(key), "child-%zu-%zu", family, child);
        fam_rpc_init(&rpc, &options);
        cr_assert_eq(FAM_RPC(run->world.system.client, fam__v1__family_service, add_child, &rpc, &request, &status),
                     FAM_OK, "%s", status.message);
        if (child == 0) {
            const Fam__V1__AddChildResponse *response = (const Fam__V1__AddChildResponse *)fam_rpc_response(&rpc);
            cr_assert(fam_uuid_parse(response->child->child_id, &person->child_id));
        }
        fam_rpc_done(&rpc);
    }
}

/* Every third phrase comes with what happened before: another one of the same family. */
static bool has_context(size_t number)
{
    return number % 3 == 0;
}

static void begin(struct run *run, struct errands *errands, size_t number)
{
    struct seeded_phrase phrase;
    struct seeded_phrase before;
    char child_id[FAM_UUID_TEXT_SIZE];
    seeded_phrase(run->phrases, number, &phrase);
    const struct person *person = &run->people[phrase.family];
    fam_uuid_format(&person->child_id, child_id);
    Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
    request.phrase = phrase.text;
    request.child_id = child_id;
    if (has_context(number)) {
        seeded_phrase(run->phrases, (number + SEEDED_FAMILIES) % SEEDED_PHRASES_MAX, &before);
        request.happened_before = before.text;
    }
    errands_translate(errands, person, number, &request);
}

static bool has_brace(const Fam__V1__Reading *reading)
{
    return claude_world_shows(reading, "{") || claude_world_shows(reading, "}");
}

static void look(struct run *run, const struct errand *errand)
{
    struct seeded_phrase phrase;
    seeded_phrase(run->phrases, errand->number, &phrase);
    const Fam__V1__Entry *entry = errand_entry(errand);
    const Fam__V1__Reading *reading = entry->reading;
    bool by_claude = reading->engine == FAM__V1__ENGINE__ENGINE_CLAUDE;
    run->by_claude += by_claude ? 1 : 0;
    if (!by_claude && ++run->built_in <= 5) {
        fprintf(stderr, "not read by Claude%s: %s\n", entry->safety != NULL ? ", an emergency" : "", phrase.text);
    }
    run->spoiled += strcmp(entry->phrase, phrase.text) != 0 ? 1 : 0;
    run->shown_braces += has_brace(reading) ? 1 : 0;
    run->named_child += phrase.names_child ? 1 : 0;
    bool shows_child = claude_world_shows(reading, seeded_child(phrase.family, 0));
    run->showing_child += phrase.names_child && shows_child ? 1 : 0;
    bool names_school = phrase.shows_school && !has_context(errand->number);
    run->named_school += names_school ? 1 : 0;
    run->showing_school += names_school && claude_world_shows(reading, phrase.school) ? 1 : 0;
}

static void ask_all(struct run *run)
{
    struct errands *errands = errands_new(&run->world.system, AT_ONCE);
    size_t begun = 0;
    size_t ended = 0;
    while (ended < run->count) {
        while (begun < run->count && !errands_is_full(errands)) {
            begin(run, errands, begun++);
        }
        struct errand *errand = errands_next(errands);
        look(run, errand);
        errand_release(errand);
        ended++;
    }
    errands_free(errands);
}

/* Everything in a request but the question itself: one of a few constant texts. */
struct constants {
    cJSON *rest; /* the first body without what changes with age and question */
    char *systems[SYSTEMS_MAX];
    size_t count;
};

static void check_constants(struct run *run, struct constants *constants, cJSON *body)
{
    cJSON *system = cJSON_DetachItemFromObject(body, "system");
    const char *text = fam_json_string(cJSON_GetArrayItem(system, 0), "text");
    cr_assert_not_null(text);
    cr_assert_eq(cJSON_GetArraySize(system), 1);
    bool known = false;
    for (size_t i = 0; i < constants->count; i++) {
        known = known || strcmp(constants->systems[i], text) == 0;
    }
    if (!known) {
        cr_assert_lt(constants->count, SYSTEMS_MAX, "more prompts than ages and languages");
        cr_expect_null(seeded_leak(run->phrases, text), "the constant text holds a name");
        constants->systems[constants->count++] = strdup(text);
    }
    cJSON_Delete(system);
    if (constants->rest == NULL) {
        char *printed = cJSON_PrintUnformatted(body);
        cr_expect_null(seeded_leak(run->phrases, printed));
        free(printed);
        constants->rest = cJSON_Duplicate(body, true);
    }
    cr_assert(cJSON_Compare(constants->rest, body, true), "something else changes from request to request");
}

/* How many of the questions hold something of anybody. */
static size_t check_records(struct run *run, size_t *ret_leaks)
{
    struct constants constants = {.rest = NULL};
    size_t seen = 0;
    uint64_t after = 0;
    for (bool more = true; more;) {
        cJSON *page = cl_requests(&run->world.claude, after);
        cr_assert_not_null(page);
        cJSON *record;
        cJSON_ArrayForEach(record, fam_json_get(page, "requests"))
        {
            cJSON *body = cJSON_GetObjectItem(record, "body");
            cJSON *messages = cJSON_DetachItemFromObject(body, "messages");
            const cJSON *content = fam_json_get(cJSON_GetArrayItem(messages, 0), "content");
            const char *asked = fam_json_string(cJSON_GetArrayItem(content, 0), "text");
            cr_assert(cJSON_GetArraySize(messages) == 1 && cJSON_GetArraySize(content) == 1 && asked != NULL);
            const char *leak = seeded_leak(run->phrases, asked);
            if (leak != NULL && (*ret_leaks)++ < 20) {
                fprintf(stderr, "\"%s\" has left: %s\n", leak, asked);
            }
            cJSON_Delete(messages);
            check_constants(run, &constants, body);
            seen++;
        }
        int64_t next = 0;
        cr_assert(fam_json_i64(page, "next", &next));
        after = (uint64_t)next;
        more = fam_json_bool(page, "more");
        cJSON_Delete(page);
    }
    for (size_t i = 0; i < constants.count; i++) {
        free(constants.systems[i]);
    }
    cJSON_Delete(constants.rest);
    return seen;
}

static size_t wished(void)
{
    const char *wish = getenv("FAM_TEST_PHRASES");
    size_t count = wish == NULL ? USUAL : (size_t)strtoul(wish, NULL, 10);
    cr_assert(count > 0 && count <= SEEDED_PHRASES_MAX, "FAM_TEST_PHRASES is 1 to %d", (int)SEEDED_PHRASES_MAX);
    return count;
}

Test(e2e_claude_privacy, no_request_of_a_seeded_run_holds_anything_of_anybody_and_answers_show_the_names,
     .timeout = 600)
{
    static struct run run;
    const char *const settings[] = {"FAM_CLAUDE_CONCURRENCY=64", "FAM_CALLS=512", "FAM_CLAUDE_PATIENCE_MS=120000",
                                    NULL};
    run.count = wished();
    claude_world_start(&run.world, settings);
    system_pause_rereads(&run.world.system);
    run.phrases = seeded_phrases_new(SEED);
    for (size_t i = 0; i < SEEDED_FAMILIES; i++) {
        run.people[i] = system_family(&run.world.system, 4300 + (int64_t)i, 7);
        add_names(&run, i);
    }
    uint64_t start_ms = fam_mono_ms();
    ask_all(&run);
    uint64_t asked_ms = fam_mono_ms() - start_ms;
    size_t leaks = 0;
    size_t seen = check_records(&run, &leaks);
    printf("%zu phrases in %llu ms; %zu requests recorded, %zu with something personal among %zu marks; "
           "the child shown in %zu of %zu, the school in %zu of %zu answers\n",
           run.count, (unsigned long long)asked_ms, seen, leaks, seeded_marks(run.phrases), run.showing_child,
           run.named_child, run.showing_school, run.named_school);
    cr_expect_eq(leaks, 0);
    cr_expect_eq(seen, run.count, "every phrase was asked once");
    cr_expect_eq(cl_stat(&run.world.claude, "bodies_dropped"), 0);
    cr_expect_eq(run.by_claude, run.count);
    cr_expect_eq(run.spoiled, 0, "an entry holds other words than were sent");
    cr_expect_eq(run.shown_braces, 0, "a placeholder is shown");
    cr_expect_gt(run.named_child, run.count * 9 / 10);
    cr_expect_eq(run.showing_child, run.named_child);
    cr_expect_gt(run.named_school, 0);
    cr_expect_eq(run.showing_school, run.named_school);
    seeded_phrases_free(run.phrases);
    claude_world_stop(&run.world);
}
