/* test_queue_pauses.c: a second pause: the longer one stays, and nobody shortens one by accident. */
#include <criterion/criterion.h>

#include "queue_world.h"

static struct queue_world world;

static void set_up(void)
{
    world_start(&world);
}

static void tear_down(void)
{
    world_stop(&world);
}

TestSuite(queue_pauses, .init = set_up, .fini = tear_down, .timeout = 120);

static struct fam_pause_change put(uint64_t duration_ms, const char *reason, bool replace)
{
    struct fam_pause_change change;
    ok(fam_pause_put(world.fixture.store, "*", duration_ms, reason, "admin:anna", replace, &change, &why));
    return change;
}

Test(queue_pauses, a_longer_pause_takes_over_and_tells_what_was_there)
{
    struct fam_pause_change change = put(60000, "first", false);
    cr_assert(!change.kept && !change.had && change.now.until_ms > 0);
    cr_assert_str_eq(change.now.reason, "first");
    change = put(120000, "second", false);
    cr_assert(!change.kept && change.had);
    cr_assert_str_eq(change.before.reason, "first");
    cr_assert_str_eq(change.now.reason, "second");
    change = put(0, "third", false);
    cr_assert(!change.kept && change.now.until_ms == 0, "the longest of all has no end");
}

Test(queue_pauses, a_shorter_pause_leaves_the_longer_one_unless_it_replaces_it)
{
    (void)put(0, "the database moves", false);
    struct fam_pause_change change = put(300000, "a look", false);
    cr_assert(change.kept && change.had && change.now.until_ms == 0);
    cr_assert_str_eq(change.now.reason, "the database moves");
    change = put(300000, "a look", true);
    cr_assert(!change.kept && change.had && change.now.until_ms > 0);
    cr_assert_str_eq(change.before.reason, "the database moves");
    cr_assert(put(60000, "shorter", false).kept);
}

Test(queue_pauses, a_pause_that_is_over_is_nobodys_and_of_two_without_an_end_the_first_stays)
{
    (void)put(20, "short", false);
    pause_ms(60);
    struct fam_pause_change change = put(10000, "next", false);
    cr_assert(!change.kept && !change.had);
    (void)put(0, "first", false);
    change = put(0, "second", false);
    cr_assert(change.kept);
    cr_assert_str_eq(change.now.reason, "first");
}
