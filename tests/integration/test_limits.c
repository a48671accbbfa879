/* test_limits.c: a parent's own limits, shared by Redis and local without it. */
#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "redis/redis.h"
#include "redis_server.h"
#include "session/limits.h"

static struct redis_server server;
static struct fam_redis *redis;
static struct fam_uuid user;

static bool is_up(void *context)
{
    return fam_redis_is_up(context);
}

static void set_up(void)
{
    struct fam_status status = {0};
    signal(SIGPIPE, SIG_IGN);
    cr_assert(redis_server_start(&server, false));
    const struct fam_redis_options options = {.url = server.url, .probe_ms = 50};
    redis = fam_redis_new(&options, &status);
    cr_assert_not_null(redis, "%s", status.message);
    cr_assert(proc_wait_until(is_up, redis, 5000));
    user = fam_uuid_v7();
}

static void tear_down(void)
{
    fam_redis_free(redis);
    redis_server_stop(&server);
}

TestSuite(limits, .init = set_up, .fini = tear_down, .timeout = 60);

static struct fam_limits *limits_of(struct fam_limits_options options)
{
    struct fam_status status = {0};
    struct fam_limits *limits = fam_limits_new(&options, &status);
    cr_assert_not_null(limits, "%s", status.message);
    return limits;
}

static struct fam_limits *shared(uint32_t per_hour, uint32_t per_day)
{
    return limits_of((struct fam_limits_options){.redis = redis, .per_hour = per_hour, .per_day = per_day});
}

/* Takes until one is refused, `most` at most. */
static size_t take_all(struct fam_limits *limits, size_t most, enum fam_limit_window *ret_which, uint32_t *ret_wait_ms)
{
    struct fam_status status = {0};
    for (size_t taken = 0; taken < most; taken++) {
        if (fam_limits_take(limits, &user, ret_wait_ms, ret_which, &status)) {
            cr_assert_eq(status.code, FAM_RESOURCE_EXHAUSTED);
            cr_assert_eq(status.retry_after_ms, *ret_wait_ms);
            cr_assert_str_eq(status.reason, *ret_which == FAM_LIMIT_HOUR ? "LIMIT_HOUR" : "LIMIT_DAY");
            return taken;
        }
        cr_assert_eq(*ret_which, FAM_LIMIT_NONE);
        cr_assert_eq(*ret_wait_ms, 0);
    }
    return most;
}

static size_t take_some(struct fam_limits *limits, size_t most)
{
    enum fam_limit_window which;
    uint32_t wait_ms = 0;
    return take_all(limits, most, &which, &wait_ms);
}

Test(limits, the_hour_refuses_first_when_it_is_smaller_and_says_when_it_opens)
{
    struct fam_limits *limits = shared(3, 100);
    enum fam_limit_window which;
    uint32_t wait_ms = 0;
    cr_assert_eq(take_all(limits, 10, &which, &wait_ms), 3);
    cr_assert_eq(which, FAM_LIMIT_HOUR);
    cr_assert_gt(wait_ms, 3590000);
    cr_assert_leq(wait_ms, 3600000);
    fam_limits_free(limits);
}

Test(limits, the_day_refuses_when_it_is_used_up)
{
    struct fam_limits *limits = shared(20, 5);
    enum fam_limit_window which;
    uint32_t wait_ms = 0;
    cr_assert_eq(take_all(limits, 10, &which, &wait_ms), 5);
    cr_assert_eq(which, FAM_LIMIT_DAY);
    cr_assert_gt(wait_ms, 86390000);
    fam_limits_free(limits);
}

Test(limits, of_two_used_up_windows_the_later_one_is_named)
{
    struct fam_limits *limits = shared(4, 4);
    enum fam_limit_window which;
    uint32_t wait_ms = 0;
    cr_assert_eq(take_all(limits, 10, &which, &wait_ms), 4);
    cr_assert_eq(which, FAM_LIMIT_DAY);
    fam_limits_free(limits);
}

Test(limits, a_refusal_takes_nothing_from_either_window)
{
    struct fam_limits *hourly = shared(2, 10);
    cr_assert_eq(take_some(hourly, 10), 2);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(take_some(hourly, 1), 0);
    struct fam_limits *wider = shared(100, 10);
    cr_assert_eq(take_some(wider, 20), 8);
    fam_limits_free(hourly);
    fam_limits_free(wider);
}

Test(limits, hold_across_servers_and_not_across_users)
{
    struct fam_limits *one = shared(6, 100), *two = shared(6, 100);
    cr_assert_eq(take_some(one, 4), 4);
    cr_assert_eq(take_some(two, 10), 2);
    user = fam_uuid_v7();
    cr_assert_eq(take_some(two, 10), 6);
    fam_limits_free(one);
    fam_limits_free(two);
}

Test(limits, what_was_given_back_can_be_taken_again)
{
    struct fam_limits *limits = shared(3, 100);
    cr_assert_eq(take_some(limits, 10), 3);
    fam_limits_give_back(limits, &user);
    cr_assert_eq(take_some(limits, 10), 1);
    for (int i = 0; i < 10; i++)
        fam_limits_give_back(limits, &user);
    cr_assert_eq(take_some(limits, 10), 3, "never more than the limit");
    fam_limits_free(limits);
}

struct waiting {
    struct fam_limits *limits;
    size_t taken;
};

static bool opens(void *context)
{
    struct waiting *waiting = context;
    waiting->taken += take_some(waiting->limits, 1);
    return waiting->taken > 0;
}

Test(limits, a_window_opens_again_when_it_ends)
{
    struct fam_limits_options options = {.redis = redis, .per_hour = 2, .per_day = 3, .hour_ms = 200, .day_ms = 60000};
    struct waiting waiting = {.limits = limits_of(options)};
    enum fam_limit_window which;
    uint32_t wait_ms = 0;
    cr_assert_eq(take_all(waiting.limits, 10, &which, &wait_ms), 2);
    cr_assert_leq(wait_ms, 200);
    cr_assert(proc_wait_until(opens, &waiting, 5000));
    cr_assert_eq(take_all(waiting.limits, 10, &which, &wait_ms), 0);
    cr_assert_eq(which, FAM_LIMIT_DAY);
    fam_limits_free(waiting.limits);
}

Test(limits, every_counter_in_redis_has_an_end)
{
    char text[FAM_UUID_TEXT_SIZE], command[128];
    struct fam_limits *limits = shared(2, 5);
    static const char *const names[] = {"hour", "day"};
    fam_uuid_format(&user, text);
    /* One that lost its end is mended, used up or not. */
    for (int round = 0; round < 2; round++) {
        cr_assert_leq(take_some(limits, 3), 2);
        for (size_t i = 0; i < FAM_ARRAY_SIZE(names); i++) {
            snprintf(command, sizeof(command), "PTTL fam:{%s}:limit:%s", text, names[i]);
            redisReply *reply = redis_server_command(&server, command);
            cr_assert_gt(reply->integer, 0, "%s, round %d", names[i], round);
            freeReplyObject(reply);
        }
        snprintf(command, sizeof(command), "PERSIST fam:{%s}:limit:hour", text);
        freeReplyObject(redis_server_command(&server, command));
    }
    fam_limits_free(limits);
}

Test(limits, what_is_counted_under_another_name_is_another_count)
{
    struct fam_limits *translations = shared(2, 100);
    struct fam_limits *guesses = limits_of((struct fam_limits_options){
        .redis = redis, .name = "guess", .what = "wrong invitation codes", .per_hour = 3, .per_day = 72});
    enum fam_limit_window which;
    uint32_t wait_ms = 0;
    struct fam_status status = {0};
    cr_assert_eq(take_some(translations, 10), 2);
    cr_assert_eq(take_some(guesses, 10), 3);
    cr_assert_eq(fam_limits_take(guesses, &user, &wait_ms, &which, &status), FAM_RESOURCE_EXHAUSTED);
    cr_assert_str_eq(status.message, "the limit of 3 wrong invitation codes an hour is used up");
    fam_limits_free(translations);
    fam_limits_free(guesses);
}

/* ---- without Redis ---- */

Test(limits, without_redis_they_are_counted_here)
{
    struct fam_limits_options options = {.per_hour = 3, .per_day = 5, .hour_ms = 200, .day_ms = 60000};
    struct waiting waiting = {.limits = limits_of(options)};
    enum fam_limit_window which;
    uint32_t wait_ms = 0;
    cr_assert_eq(take_all(waiting.limits, 10, &which, &wait_ms), 3);
    cr_assert_eq(which, FAM_LIMIT_HOUR);
    cr_assert_leq(wait_ms, 200);
    fam_limits_give_back(waiting.limits, &user);
    cr_assert_eq(take_some(waiting.limits, 10), 1);
    cr_assert(proc_wait_until(opens, &waiting, 5000));
    cr_assert_eq(take_all(waiting.limits, 10, &which, &wait_ms), 1);
    cr_assert_eq(which, FAM_LIMIT_DAY);
    fam_limits_free(waiting.limits);
}

Test(limits, a_stopped_redis_leaves_local_limits_that_know_what_was_taken_before)
{
    struct fam_limits *limits = shared(10, 100);
    cr_assert_eq(take_some(limits, 4), 4);
    redis_server_kill(&server);
    cr_assert_eq(take_some(limits, 20), 6);
    uint64_t before = fam_mono_ms();
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(take_some(limits, 1), 0);
    cr_assert_lt(fam_mono_ms() - before, 2000);
    cr_assert(redis_server_restart(&server));
    cr_assert(proc_wait_until(is_up, redis, 5000));
    cr_assert_eq(take_some(limits, 20), 6, "Redis counted four");
    fam_limits_free(limits);
}

Test(limits, a_full_redis_leaves_local_limits_too)
{
    struct fam_limits *limits = shared(3, 100);
    freeReplyObject(redis_server_command(&server, "CONFIG SET maxmemory 1"));
    cr_assert_eq(take_some(limits, 20), 3);
    freeReplyObject(redis_server_command(&server, "CONFIG SET maxmemory 0"));
    cr_assert_eq(take_some(limits, 20), 3);
    fam_limits_free(limits);
}

Test(limits, a_flood_of_users_stays_within_the_table)
{
    struct fam_limits_options options = {.per_hour = 1, .per_day = 1, .local_users = 64};
    struct fam_limits *limits = limits_of(options);
    for (int i = 0; i < 10000; i++) {
        user = fam_uuid_v7();
        cr_assert_eq(take_some(limits, 2), 1);
    }
    fam_limits_free(limits);
}

static void *take_in_thread(void *argument)
{
    struct waiting *shared_count = argument;
    size_t taken = take_some(shared_count->limits, 30);
    __atomic_add_fetch(&shared_count->taken, taken, __ATOMIC_RELAXED);
    return NULL;
}

Test(limits, many_threads_together_get_no_more_than_one_limit)
{
    pthread_t threads[10];
    struct waiting counts[] = {{.limits = shared(50, 100)},
                               {.limits = limits_of((struct fam_limits_options){.per_hour = 50, .per_day = 100})}};
    for (size_t way = 0; way < FAM_ARRAY_SIZE(counts); way++) {
        for (size_t i = 0; i < FAM_ARRAY_SIZE(threads); i++)
            cr_assert_eq(pthread_create(&threads[i], NULL, take_in_thread, &counts[way]), 0);
        for (size_t i = 0; i < FAM_ARRAY_SIZE(threads); i++)
            pthread_join(threads[i], NULL);
        cr_assert_eq(counts[way].taken, 50, "way %zu", way);
        fam_limits_free(counts[way].limits);
    }
}

Test(limits, limits_of_nothing_are_refused)
{
    struct fam_status status = {0};
    const struct fam_limits_options none = {.per_hour = 0, .per_day = 5}, never = {.per_hour = 5, .per_day = 0};
    cr_assert_null(fam_limits_new(&none, &status));
    cr_assert_null(fam_limits_new(&never, &status));
    cr_assert_eq(status.code, FAM_INVALID_ARGUMENT);
    fam_limits_free(NULL);
}
