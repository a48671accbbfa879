/* Many phrases at once, through the whole server: equal ones share a question, Claude is asked by as many at a time as
 * it may be, waits when it says so, and is left when nobody waits for the answer. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "claude_world.h"

enum {
    THOUSAND = CLAUDE_WORLD_SANITIZED ? 200 : 1000,
    HUNDREDS = CLAUDE_WORLD_SANITIZED ? 60 : 200,
    WAIT_MS = 120000,
};

/* Phrases that differ in words alone: what differs in figures or names could be hidden from Claude, and be equal. */
static void make_phrase(size_t number, char *ret_phrase, size_t size)
{
    static const char *const THINGS[] = {"суп",   "кашу", "рыбу", "салат",  "творог",
                                         "омлет", "пюре", "плов", "гречку", "борщ"};
    static const char *const WHEN[] = {"утром",   "днём",       "вечером",        "после сада", "до сна",
                                       "сегодня", "перед сном", "после прогулки", "за столом",  "на даче"};
    static const char *const HOW[] = {"громко", "тихо",   "сердито", "грустно",  "устало",
                                      "весело", "упрямо", "робко",   "обиженно", "спокойно"};
    (void)snprintf(ret_phrase, size, "Не буду есть %s, сказал он %s %s", THINGS[number % 10], HOW[number / 10 % 10],
                   WHEN[number / 100 % 10]);
}

static void ask_in_crowd(struct errands *errands, const struct person *person, size_t number, const char *phrase)
{
    Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
    request.phrase = (char *)(uintptr_t)phrase;
    errands_translate(errands, person, number, &request);
}

static void ask_distinct(struct errands *errands, const struct person *person, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char phrase[256];
        make_phrase(i, phrase, sizeof(phrase));
        ask_in_crowd(errands, person, i, phrase);
    }
}

/* All end with a reading by Claude. */
static void expect_claude(struct errands *errands, size_t count)
{
    size_t read = 0;
    struct errand *errand = NULL;
    while ((errand = errands_next(errands)) != NULL) {
        read += errand_entry(errand)->reading->engine == FAM__V1__ENGINE__ENGINE_CLAUDE ? 1 : 0;
        errand_release(errand);
    }
    cr_expect_eq(read, count, "%zu of %zu were read by Claude", read, count);
}

Test(e2e_claude_crowd, a_thousand_equal_requests_at_once_cost_one_call, .timeout = 300)
{
    static struct claude_world world;
    const char *const settings[] = {"FAM_CALLS=2048", "FAM_CLAUDE_PATIENCE_MS=200000", NULL};
    claude_world_start(&world, settings);
    system_pause_rereads(&world.system);
    struct person parent = system_family(&world.system, 4200, 7);
    /* Claude says nothing before all of them are there. */
    cr_assert_eq(kill(world.claude.proc.pid, SIGSTOP), 0);
    struct errands *errands = errands_new(&world.system, THOUSAND);
    for (size_t i = 0; i < THOUSAND; i++) {
        ask_in_crowd(errands, &parent, i, "Ты меня не любишь!");
    }
    bool together =
        claude_world_wait_metric(&world, "family_emotions_cache_lookups_total{result=\"shared\"}", THOUSAND - 1);
    cr_assert_eq(kill(world.claude.proc.pid, SIGCONT), 0);
    cr_expect(together, "they wait for one answer");
    expect_claude(errands, THOUSAND);
    cr_expect_eq(claude_world_asked(&world), 1);
    cr_expect_eq(system_count(&world.system, "SELECT count(*) FROM emotion_entries"), THOUSAND);
    cr_expect_eq(system_count(&world.system, "SELECT count(*) FROM disclosures"), 1);
    errands_free(errands);
    claude_world_stop(&world);
}

Test(e2e_claude_crowd, claude_never_sees_a_sixth_request_at_once, .timeout = 300)
{
    static struct claude_world world;
    const char *const settings[] = {"FAM_CLAUDE_CONCURRENCY=5", "FAM_CALLS=512", "FAM_CLAUDE_PATIENCE_MS=200000", NULL};
    claude_world_start(&world, settings);
    system_pause_rereads(&world.system);
    struct person parent = system_family(&world.system, 4210, 7);
    cr_assert(cl_latency(&world.claude, 20));
    struct errands *errands = errands_new(&world.system, HUNDREDS);
    ask_distinct(errands, &parent, HUNDREDS);
    expect_claude(errands, HUNDREDS);
    cr_expect_eq(claude_world_asked(&world), HUNDREDS);
    cr_expect_eq(cl_stat(&world.claude, "most_in_flight"), 5, "five, and never a sixth");
    errands_free(errands);
    claude_world_stop(&world);
}

static uint64_t member(const cJSON *record, const char *name)
{
    int64_t value = 0;
    cr_assert(fam_json_i64(record, name, &value), "the record lacks %s", name);
    return (uint64_t)value;
}

/* The moment when the question that was answered 429 came. */
static uint64_t find_refused(const cJSON *requests)
{
    const cJSON *record;
    cJSON_ArrayForEach(record, fam_json_get(requests, "requests"))
    {
        if (member(record, "status") == 429) {
            return member(record, "at_ms");
        }
    }
    cr_assert_fail("no question was answered 429");
    return 0;
}

Test(e2e_claude_crowd, after_a_429_nothing_is_sent_before_its_retry_after, .timeout = 300)
{
    enum { REFUSED_MS = 1000, OTHERS_MS = 1500, PAUSE_MS = 2000 };
    static struct claude_world world;
    const char *const settings[] = {"FAM_CLAUDE_CONCURRENCY=5", "FAM_CALLS=512", "FAM_CLAUDE_PATIENCE_MS=200000", NULL};
    claude_world_start(&world, settings);
    system_pause_rereads(&world.system);
    struct person parent = system_family(&world.system, 4220, 7);
    /* The first is refused while four others are with Claude; these are answered within the pause, and make room. */
    cr_assert(cl_fault(&world.claude, "{\"status\":429,\"retry_after\":2,\"delay_ms\":1000}"));
    cr_assert(cl_fault(&world.claude, "{\"delay_ms\":1500,\"times\":4}"));
    struct errands *errands = errands_new(&world.system, HUNDREDS);
    ask_distinct(errands, &parent, HUNDREDS);
    cr_expect(claude_world_wait_metric(&world, "family_emotions_claude_paused", 1));
    expect_claude(errands, HUNDREDS);
    cJSON *requests = cl_requests(&world.claude, 0);
    cr_assert_not_null(requests);
    uint64_t refused_ms = find_refused(requests) + REFUSED_MS; /* at the earliest */
    int before = 0;
    int after = 0;
    const cJSON *record;
    cJSON_ArrayForEach(record, fam_json_get(requests, "requests"))
    {
        uint64_t at_ms = member(record, "at_ms");
        before += at_ms < refused_ms ? 1 : 0;
        after += at_ms >= refused_ms + PAUSE_MS ? 1 : 0;
    }
    cr_expect_leq(before, 5);
    cr_expect_eq(claude_world_asked(&world), HUNDREDS + 1, "the refused one is asked again, all others once");
    cr_expect_eq(before + after, HUNDREDS + 1, "something was sent within the pause");
    cJSON_Delete(requests);
    errands_free(errands);
    claude_world_stop(&world);
}

/* How many questions were given up by `until_ms`, how many at all, and when the last was. */
static size_t count_cut(struct claude_world *world, uint64_t until_ms, size_t *ret_all, uint64_t *ret_last_ms)
{
    size_t in_time = 0;
    uint64_t after = 0;
    bool more = true;
    while (more) {
        cJSON *page = cl_requests(&world->claude, after);
        cr_assert_not_null(page);
        const cJSON *record;
        cJSON_ArrayForEach(record, fam_json_get(page, "requests"))
        {
            const char *ending = fam_json_string(record, "ending");
            bool cut = ending != NULL && strcmp(ending, "closed_early") == 0;
            *ret_all += cut ? 1 : 0;
            in_time += cut && member(record, "over_ms") <= until_ms ? 1 : 0;
            *ret_last_ms = cut && member(record, "over_ms") > *ret_last_ms ? member(record, "over_ms") : *ret_last_ms;
        }
        after = member(page, "next");
        more = fam_json_bool(page, "more");
        cJSON_Delete(page);
    }
    return in_time;
}

Test(e2e_claude_crowd, a_thousand_callers_who_give_up_take_their_connections_to_claude_with_them, .timeout = 300)
{
    enum { WITHIN_MS = CLAUDE_WORLD_SANITIZED ? 10000 : 1000 };
    static struct claude_world world;
    const char *const settings[] = {"FAM_CLAUDE_CONCURRENCY=1000", "FAM_CLAUDE_QUEUE=1000", "FAM_CALLS=2048",
                                    "FAM_CLAUDE_PATIENCE_MS=200000", NULL};
    claude_world_start(&world, settings);
    system_pause_rereads(&world.system);
    struct person parent = system_family(&world.system, 4230, 7);
    char wish[64];
    (void)snprintf(wish, sizeof(wish), "{\"hang\":true,\"times\":%d}", THOUSAND);
    cr_assert(cl_fault(&world.claude, wish));
    struct errands *errands = errands_new(&world.system, THOUSAND);
    ask_distinct(errands, &parent, THOUSAND);
    (void)snprintf(wish, sizeof(wish), "{\"in_flight\":%d}", THOUSAND);
    cr_assert(cl_wait(&world.claude, wish, WAIT_MS), "all are with Claude");
    errands_cancel(errands);
    uint64_t cancelled_ms = fam_mono_ms();
    size_t cancelled = 0;
    struct errand *errand = NULL;
    while ((errand = errands_next(errands)) != NULL) {
        cancelled += errand->code == FAM_CANCELLED ? 1 : 0;
        errand_release(errand);
    }
    cr_expect_eq(cancelled, THOUSAND);
    cr_expect(cl_wait(&world.claude, "{\"idle\":true}", WAIT_MS), "a connection to Claude outlives its caller");
    size_t all = 0;
    uint64_t last_ms = cancelled_ms;
    size_t in_time = count_cut(&world, cancelled_ms + WITHIN_MS, &all, &last_ms);
    printf("%zu of %d connections were cut within %d ms, the last after %d ms\n", in_time, THOUSAND, (int)WITHIN_MS,
           (int)(last_ms - cancelled_ms));
    cr_expect_eq(all, THOUSAND);
    cr_expect_geq(in_time * 100, (size_t)THOUSAND * 95);
    /* And it serves on. */
    cr_expect_eq(claude_world_ask(&world, &parent, "Не буду есть суп, сказал он громко утром", "again"),
                 FAM__V1__ENGINE__ENGINE_CLAUDE);
    cr_expect_eq(system_count(&world.system, "SELECT count(*) FROM emotion_entries"), 1);
    cr_expect_eq((int)claude_world_metric(&world, "family_emotions_claude_in_flight"), 0);
    cr_expect_eq((int)claude_world_metric(&world, "family_emotions_claude_breaker_state"), 0);
    errands_free(errands);
    claude_world_stop(&world);
}
