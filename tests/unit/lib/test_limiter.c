/* test_limiter.c: token buckets by UUID (lib/net/limiter.h). */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>

#include "net/limiter.h"

static _Atomic(uint64_t) clock_ms;

static uint64_t test_clock(void)
{
    return clock_ms;
}

static struct fam_limiter *limiter_of(double per_second, double burst, size_t keys)
{
    struct fam_status status = {0};
    const struct fam_limiter_options options = {
        .per_second = per_second, .burst = burst, .keys = keys, .now_ms = test_clock};
    struct fam_limiter *limiter = fam_limiter_new(&options, &status);
    cr_assert(limiter != NULL, "%s", status.message);
    return limiter;
}

static size_t take_all(struct fam_limiter *limiter, const struct fam_uuid *key, size_t tries)
{
    size_t taken = 0;
    struct fam_status status = {0};
    for (size_t i = 0; i < tries; i++)
        taken += fam_limiter_take(limiter, key, &status) == FAM_OK;
    return taken;
}

Test(limiter, a_full_bucket_gives_its_burst_and_no_more)
{
    struct fam_limiter *limiter = limiter_of(10, 5, 0);
    struct fam_uuid key = fam_uuid_v7();
    cr_assert_eq(take_all(limiter, &key, 20), 5);
    fam_limiter_free(limiter);
}

Test(limiter, a_refusal_says_when_to_come_back_and_that_is_enough)
{
    struct fam_limiter *limiter = limiter_of(4, 1, 0);
    struct fam_uuid key = fam_uuid_v7();
    struct fam_status status = {0};
    cr_assert_eq(fam_limiter_take(limiter, &key, &status), FAM_OK);
    cr_assert_eq(fam_limiter_take(limiter, &key, &status), FAM_RESOURCE_EXHAUSTED);
    cr_assert_str_eq(status.reason, "RATE_LIMIT");
    cr_assert_geq(status.retry_after_ms, 250);
    cr_assert_leq(status.retry_after_ms, 252);
    clock_ms += 249;
    cr_assert_eq(fam_limiter_take(limiter, &key, &status), FAM_RESOURCE_EXHAUSTED);
    clock_ms += status.retry_after_ms;
    cr_assert_eq(fam_limiter_take(limiter, &key, &status), FAM_OK);
    fam_limiter_free(limiter);
}

Test(limiter, a_bucket_fills_at_its_rate_up_to_its_burst)
{
    struct fam_limiter *limiter = limiter_of(10, 5, 0);
    struct fam_uuid key = fam_uuid_v7();
    cr_assert_eq(take_all(limiter, &key, 9), 5);
    clock_ms += 300;
    cr_assert_eq(take_all(limiter, &key, 9), 3);
    clock_ms += 1000000;
    cr_assert_eq(take_all(limiter, &key, 9), 5);
    fam_limiter_free(limiter);
}

Test(limiter, keys_do_not_share_a_bucket)
{
    struct fam_limiter *limiter = limiter_of(1, 2, 0);
    struct fam_uuid one = fam_uuid_v7(), other = fam_uuid_v7();
    cr_assert_eq(take_all(limiter, &one, 5), 2);
    cr_assert_eq(take_all(limiter, &other, 5), 2);
    fam_limiter_free(limiter);
}

Test(limiter, a_flood_of_keys_goes_on_within_a_small_table_and_the_busy_key_stays)
{
    struct fam_limiter *limiter = limiter_of(0.001, 1, 64);
    struct fam_uuid busy = fam_uuid_v7();
    struct fam_status status = {0};
    cr_assert_eq(fam_limiter_take(limiter, &busy, &status), FAM_OK);
    for (int i = 0; i < 10000; i++) {
        struct fam_uuid key = fam_uuid_v7();
        clock_ms++;
        cr_assert_eq(fam_limiter_take(limiter, &key, &status), FAM_OK);
        cr_assert_eq(fam_limiter_take(limiter, &busy, &status), FAM_RESOURCE_EXHAUSTED, "after %d keys", i);
    }
    fam_limiter_free(limiter);
}

Test(limiter, options_out_of_range_are_refused)
{
    static const struct fam_limiter_options wrong[] = {{.per_second = 0, .burst = 1},
                                                       {.per_second = -1, .burst = 1},
                                                       {.per_second = 1, .burst = 0.5},
                                                       {.per_second = 1e7, .burst = 1},
                                                       {.per_second = 1, .burst = 1, .keys = (size_t)1 << 40}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(wrong); i++) {
        struct fam_status status = {0};
        cr_assert(fam_limiter_new(&wrong[i], &status) == NULL, "row %zu", i);
        cr_assert_eq(status.code, FAM_INVALID_ARGUMENT);
    }
    fam_limiter_free(NULL);
}

struct crowd {
    struct fam_limiter *limiter;
    struct fam_uuid key;
    _Atomic(size_t) taken;
};

static void *take_some(void *argument)
{
    struct crowd *crowd = argument;
    crowd->taken += take_all(crowd->limiter, &crowd->key, 100);
    return NULL;
}

Test(limiter, many_threads_together_get_one_burst)
{
    pthread_t threads[16];
    struct crowd crowd = {.limiter = limiter_of(1, 500, 0), .key = fam_uuid_v7()};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(threads); i++)
        cr_assert(pthread_create(&threads[i], NULL, take_some, &crowd) == 0);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(threads); i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(crowd.taken, 500);
    fam_limiter_free(crowd.limiter);
}
