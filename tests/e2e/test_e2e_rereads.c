/* What the built-in engine answered in Claude's place is read by Claude later, by the programs as they are built. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "claude_world.h"

enum { WAIT_MS = 90000 };

#define BUILT_IN FAM__V1__ENGINE__ENGINE_OFFLINE
#define CLAUDE FAM__V1__ENGINE__ENGINE_CLAUDE
#define TASKS "SELECT count(*) FROM tasks WHERE type = 'process_emotion_batch'"

static struct claude_world world;
static struct person parent;

static void start(const char *const *settings)
{
    claude_world_start(&world, settings);
    parent = system_family(&world.system, 4600, 7);
}

static void await(const char *sql, int64_t count)
{
    uint64_t until_ms = fam_mono_ms() + WAIT_MS;
    int64_t seen = -1;
    while (fam_mono_ms() < until_ms && seen != count) {
        seen = system_count(&world.system, sql);
        (void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    cr_assert_eq(seen, count, "%s: %d, not %d", sql, (int)seen, (int)count);
}

/* The entry as its author sees it now. */
static void expect_shown(const char *entry_id, Fam__V1__Engine engine, int version, bool with_help)
{
    const struct fam_rpc_options options = {.acting_user = &parent.user_id};
    Fam__V1__GetEntryRequest request = FAM__V1__GET_ENTRY_REQUEST__INIT;
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    request.entry_id = (char *)(uintptr_t)entry_id;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(world.system.client, fam__v1__translation_service, get_entry, &rpc, &request, &status), FAM_OK,
                 "%s", status.message);
    const Fam__V1__GetEntryResponse *response = (const void *)fam_rpc_response(&rpc);
    cr_expect_eq(response->entry->reading->engine, engine);
    cr_expect_eq(response->entry->reading->version, version);
    cr_expect_eq(response->entry->safety != NULL, with_help);
    fam_rpc_done(&rpc);
}

/* Says it, and tells who answered, and the entry's id. */
static Fam__V1__Engine say(const char *phrase, const char *key, char ret_id[64], bool *ret_help)
{
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    cr_assert_eq(system_translate(&world.system, &parent, phrase, key, &rpc, &status), FAM_OK, "%s: %s", phrase,
                 status.message);
    Fam__V1__Engine engine = system_entry(&rpc)->reading->engine;
    (void)snprintf(ret_id, 64, "%s", system_entry(&rpc)->entry_id);
    *ret_help = system_entry(&rpc)->safety != NULL;
    fam_rpc_done(&rpc);
    return engine;
}

Test(e2e_rereads, a_slow_answer_is_paid_once_and_becomes_the_better_reading, .timeout = 200)
{
    const char *const settings[] = {"FAM_CLAUDE_PATIENCE_MS=600", NULL};
    char id[64], again[64];
    bool help = false;
    start(settings);
    cr_assert(cl_fault(&world.claude, "{\"delay_ms\":3000,\"times\":1}"));
    cr_expect_eq(say("Уходи!", "slow", id, &help), BUILT_IN);
    cr_expect_eq(say("Уходи!", "slow", again, &help), BUILT_IN, "the same call again");
    cr_expect_str_eq(id, again);
    await(TASKS " AND state = 'done' AND priority = 3", 1);
    expect_shown(id, CLAUDE, 2, false);
    cr_expect_eq(system_count(&world.system, TASKS), 1);
    cr_expect_eq(system_count(&world.system, "SELECT count(*) FROM notifications WHERE kind = 'better_reading'"), 1);
    cr_expect_eq(claude_world_asked(&world), 1);
    cr_expect_eq(cl_stat(&world.claude, "closed_early"), 0);
    cr_expect_eq(say("Уходи!", "slow", again, &help), CLAUDE, "a repeat shows the newest");
    claude_world_stop(&world);
}

Test(e2e_rereads, a_danger_is_answered_at_once_and_read_by_claude_afterwards, .timeout = 200)
{
    char id[64];
    bool help = false;
    start(NULL);
    cr_assert(cl_latency(&world.claude, 300));
    cr_expect_eq(say("Я хочу умереть", "danger", id, &help), BUILT_IN);
    cr_expect(help);
    await(TASKS " AND state = 'done' AND priority = 3", 1);
    expect_shown(id, CLAUDE, 2, true);
    claude_world_stop(&world);
}

Test(e2e_rereads, what_claude_failed_to_answer_is_read_when_it_is_well_again, .timeout = 200)
{
    char id[64];
    bool help = false;
    start(NULL);
    cr_assert(cl_fault(&world.claude, "{\"status\":529,\"should_retry\":false,\"times\":1}"));
    cr_expect_eq(say("Не хочу суп", "failed", id, &help), BUILT_IN);
    cr_expect_eq(system_count(&world.system, TASKS " AND state = 'queued' AND priority = 2 AND waits_for = 'due'"), 1);
    await(TASKS " AND state = 'done'", 1);
    expect_shown(id, CLAUDE, 2, false);
    cr_expect_eq(claude_world_asked(&world), 2);
    claude_world_stop(&world);
}

Test(e2e_rereads, nothing_is_read_again_without_consent_or_beyond_the_limit_or_by_claude_itself, .timeout = 200)
{
    const char *const settings[] = {"FAM_LIMIT_TRANSLATIONS_HOUR=1", NULL};
    char id[64];
    bool help = false;
    start(settings);
    struct person stranger = system_person(&world.system, 4601);
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    cr_assert_eq(system_translate(&world.system, &stranger, "Уходи!", "stranger", &rpc, &status), FAM_OK);
    fam_rpc_done(&rpc);
    cr_expect_eq(say("Уходи!", "good", id, &help), CLAUDE);
    cr_expect_eq(say("Я хочу умереть", "over", id, &help), BUILT_IN, "the limit is used up, and help is given");
    cr_expect(help);
    cr_expect_eq(system_count(&world.system, TASKS), 0);
    claude_world_stop(&world);
}
