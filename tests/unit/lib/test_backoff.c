/* test_backoff.c: how long to wait before a request is repeated (lib/net/backoff.h). */
#include <criterion/criterion.h>

#include "net/backoff.h"

static uint32_t least(uint32_t end)
{
    (void)end;
    return 0;
}

static uint32_t most(uint32_t end)
{
    return end - 1;
}

static uint32_t waits(const struct fam_backoff *backoff, unsigned failures, uint32_t retry_after_ms)
{
    uint32_t wait_ms = 0;
    cr_assert(fam_backoff_wait(backoff, failures, retry_after_ms, UINT32_MAX, &wait_ms));
    return wait_ms;
}

Test(backoff, the_span_doubles_from_half_a_second_to_eight)
{
    static const uint32_t spans_ms[] = {500, 1000, 2000, 4000, 8000, 8000, 8000};
    const struct fam_backoff longest = {.random_below = most};
    const struct fam_backoff shortest = {.random_below = least};
    for (unsigned i = 0; i < 7; i++) {
        cr_assert_eq(waits(&longest, i + 1, 0), spans_ms[i]);
        cr_assert_eq(waits(&shortest, i + 1, 0), 0); /* full jitter */
    }
    cr_assert_eq(waits(&longest, UINT32_MAX, 0), 8000);
}

Test(backoff, waits_are_spread_over_the_span)
{
    const struct fam_backoff backoff = {.base_ms = 0};
    unsigned low = 0;
    for (int i = 0; i < 1000; i++) {
        uint32_t wait_ms = waits(&backoff, 3, 0);
        cr_assert_leq(wait_ms, 2000);
        low += wait_ms < 1000 ? 1 : 0;
    }
    cr_assert(low > 350 && low < 650, "%u of 1,000 in the lower half", low);
}

Test(backoff, what_the_service_asks_for_is_obeyed_up_to_a_clamp)
{
    const struct fam_backoff backoff = {.random_below = most};
    cr_assert_eq(waits(&backoff, 1, 3000), 3000);
    cr_assert_eq(waits(&backoff, 5, 1), 1);
    cr_assert_eq(waits(&backoff, 1, 86400000), 600000);
    const struct fam_backoff strict = {.random_below = most, .retry_after_most_ms = 2000};
    cr_assert_eq(waits(&strict, 1, 3000), 2000);
}

Test(backoff, a_wait_that_leaves_nothing_of_the_time_is_not_worth_it)
{
    const struct fam_backoff backoff = {.random_below = most};
    uint32_t wait_ms = 0;
    cr_assert(fam_backoff_wait(&backoff, 1, 0, 501, &wait_ms));
    cr_assert_not(fam_backoff_wait(&backoff, 1, 0, 500, &wait_ms));
    cr_assert_eq(wait_ms, 500);
    cr_assert_not(fam_backoff_wait(&backoff, 1, 7000, 6000, &wait_ms));
    cr_assert_eq(wait_ms, 7000);
    cr_assert_not(fam_backoff_wait(&backoff, 1, 0, 0, &wait_ms));
}

Test(backoff, base_and_most_may_be_set)
{
    const struct fam_backoff backoff = {.base_ms = 10, .most_ms = 25, .random_below = most};
    cr_assert_eq(waits(&backoff, 1, 0), 10);
    cr_assert_eq(waits(&backoff, 2, 0), 20);
    cr_assert_eq(waits(&backoff, 3, 0), 25);
}
