/* The lead of a bot's processes: one holder at a time, and a fence that counts up with each change. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "store/lead_store.h"
#include "support/store_fixture.h"

static struct store_fixture f;

static void start(void)
{
    store_fixture_start(&f);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(leads, .init = start, .fini = stop, .timeout = 120);

static struct fam_lead acquire(const char *scope, const char *holder, uint32_t ttl_ms)
{
    struct fam_lead lead;
    struct fam_status status = {0};
    cr_assert_eq(fam_lead_acquire(f.store, scope, holder, ttl_ms, &lead, &status), FAM_OK, "%s", status.message);
    return lead;
}

static void release(const char *scope, const char *holder)
{
    struct fam_status status = {0};
    cr_assert_eq(fam_lead_release(f.store, scope, holder, &status), FAM_OK, "%s", status.message);
}

Test(leads, the_first_gets_it_and_keeps_it_by_asking_again)
{
    struct fam_lead lead = acquire("bot:1", "a", 30000);
    cr_assert(lead.granted && lead.changed);
    cr_assert_eq(lead.fence, 1);
    cr_assert_eq(lead.expires_in_ms, 30000);
    lead = acquire("bot:1", "a", 60000);
    cr_assert(lead.granted && !lead.changed);
    cr_assert_eq(lead.fence, 1);
}

Test(leads, another_one_waits_and_is_told_how_long)
{
    (void)acquire("bot:1", "a", 30000);
    struct fam_lead lead = acquire("bot:1", "b", 30000);
    cr_assert(!lead.granted && !lead.changed);
    cr_assert_eq(lead.fence, 1);
    cr_assert(lead.expires_in_ms > 1000 && lead.expires_in_ms <= 30000);
    cr_assert(acquire("bot:2", "b", 30000).granted, "another bot's lead is another one");
}

Test(leads, an_expired_lead_goes_to_the_next_with_a_higher_fence)
{
    (void)acquire("bot:1", "a", 30000);
    expect_sql(f.pg.conninfo, "UPDATE leads SET expires_at = now() - INTERVAL '1 second'", NULL);
    struct fam_lead lead = acquire("bot:1", "b", 30000);
    cr_assert(lead.granted && lead.changed);
    cr_assert_eq(lead.fence, 2);
    lead = acquire("bot:1", "a", 30000);
    cr_assert(!lead.granted);
    cr_assert_eq(lead.fence, 2);
}

Test(leads, who_comes_back_before_anybody_else_has_the_same_fence)
{
    (void)acquire("bot:1", "a", 30000);
    expect_sql(f.pg.conninfo, "UPDATE leads SET expires_at = now() - INTERVAL '1 second'", NULL);
    struct fam_lead lead = acquire("bot:1", "a", 30000);
    cr_assert(lead.granted && !lead.changed);
    cr_assert_eq(lead.fence, 1);
}

Test(leads, a_lead_that_is_given_up_is_free_at_once_and_only_its_holder_can_give_it_up)
{
    (void)acquire("bot:1", "a", 30000);
    release("bot:1", "b");
    cr_assert_not(acquire("bot:1", "b", 30000).granted);
    release("bot:1", "a");
    release("bot:1", "a");
    struct fam_lead lead = acquire("bot:1", "b", 30000);
    cr_assert(lead.granted);
    cr_assert_eq(lead.fence, 2);
}

struct candidate {
    char name[8];
    struct fam_lead lead;
};

static void *run_for_it(void *context)
{
    struct candidate *candidate = context;
    candidate->lead = acquire("bot:1", candidate->name, 30000);
    return NULL;
}

Test(leads, of_many_who_ask_at_once_exactly_one_gets_it)
{
    enum { COUNT = 8, ROUNDS = 10 };
    struct candidate candidates[COUNT];
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        size_t granted = 0;
        for (size_t i = 0; i < COUNT; i++)
            snprintf(candidates[i].name, sizeof(candidates[i].name), "%u-%zu", (unsigned)round % 10, i);
        run_at_once(run_for_it, candidates, sizeof(candidates[0]), COUNT);
        for (size_t i = 0; i < COUNT; i++) {
            granted += candidates[i].lead.granted ? 1 : 0;
            cr_assert(!candidates[i].lead.granted || candidates[i].lead.fence == round);
        }
        cr_assert_eq(granted, 1);
        expect_sql(f.pg.conninfo, "UPDATE leads SET expires_at = now() - INTERVAL '1 second'", NULL);
    }
}
