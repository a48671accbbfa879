/* test_breaker.c: a circuit breaker (lib/net/breaker.h). */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>

#include "net/breaker.h"

static atomic_ullong clock_ms = 1000;
static struct fam_breaker *breaker;

static uint64_t now_ms(void)
{
    return atomic_load(&clock_ms);
}

static void set_up(void)
{
    struct fam_status status = {0};
    const struct fam_breaker_options options = {.now_ms = now_ms};
    breaker = fam_breaker_new(&options, &status);
    cr_assert_not_null(breaker);
}

static void tear_down(void)
{
    fam_breaker_free(breaker);
}

TestSuite(breaker, .init = set_up, .fini = tear_down, .timeout = 60);

static uint64_t get_in(void)
{
    uint64_t ticket = 0;
    struct fam_status status = {0};
    cr_assert(fam_breaker_try(breaker, &ticket, &status), "%s", status.message);
    return ticket;
}

static uint32_t refused(void)
{
    uint64_t ticket = 0;
    struct fam_status status = {0};
    cr_assert_not(fam_breaker_would_allow(breaker, &status));
    cr_assert_not(fam_breaker_try(breaker, &ticket, &status));
    cr_assert_eq(status.code, FAM_UNAVAILABLE);
    cr_assert_str_eq(status.reason, "BREAKER_OPEN");
    return status.retry_after_ms;
}

static void report(enum fam_breaker_result result, int times)
{
    for (int i = 0; i < times; i++) {
        fam_breaker_report(breaker, get_in(), result);
    }
}

static void expect(enum fam_breaker_state state, unsigned failures, uint32_t retry_in_ms)
{
    struct fam_breaker_view view;
    fam_breaker_read(breaker, &view);
    cr_assert_eq(view.state, state, "%s", fam_breaker_state_name(view.state));
    cr_assert_eq(view.failures, failures);
    cr_assert_eq(view.retry_in_ms, retry_in_ms);
}

Test(breaker, five_failures_in_a_row_open_it_for_a_minute)
{
    report(FAM_BREAKER_FAILURE, 4);
    expect(FAM_BREAKER_CLOSED, 4, 0);
    report(FAM_BREAKER_FAILURE, 1);
    expect(FAM_BREAKER_OPEN, 5, 60000);
    cr_assert_eq(refused(), 60000);
    atomic_fetch_add(&clock_ms, 59999);
    cr_assert_eq(refused(), 1);
}

Test(breaker, a_success_between_them_starts_the_count_again)
{
    report(FAM_BREAKER_FAILURE, 4);
    report(FAM_BREAKER_SUCCESS, 1);
    report(FAM_BREAKER_FAILURE, 4);
    expect(FAM_BREAKER_CLOSED, 4, 0);
}

Test(breaker, what_says_nothing_about_the_service_does_not_count)
{
    report(FAM_BREAKER_FAILURE, 4);
    report(FAM_BREAKER_NEUTRAL, 100);
    expect(FAM_BREAKER_CLOSED, 4, 0);
}

Test(breaker, one_probe_is_let_through_and_its_success_closes)
{
    report(FAM_BREAKER_FAILURE, 5);
    atomic_fetch_add(&clock_ms, 60000);
    uint64_t probe = get_in();
    expect(FAM_BREAKER_HALF_OPEN, 5, 0);
    cr_assert_eq(refused(), 1000);
    fam_breaker_report(breaker, probe, FAM_BREAKER_SUCCESS);
    expect(FAM_BREAKER_CLOSED, 0, 0);
}

Test(breaker, a_probe_that_fails_opens_it_for_another_minute)
{
    report(FAM_BREAKER_FAILURE, 5);
    atomic_fetch_add(&clock_ms, 60000);
    report(FAM_BREAKER_FAILURE, 1);
    expect(FAM_BREAKER_OPEN, 6, 60000);
    cr_assert_eq(refused(), 60000);
    atomic_fetch_add(&clock_ms, 60000);
    report(FAM_BREAKER_SUCCESS, 1);
    expect(FAM_BREAKER_CLOSED, 0, 0);
}

Test(breaker, a_probe_that_was_cancelled_gives_its_turn_back)
{
    report(FAM_BREAKER_FAILURE, 5);
    atomic_fetch_add(&clock_ms, 60000);
    report(FAM_BREAKER_NEUTRAL, 1);
    uint64_t probe = get_in();
    (void)refused();
    fam_breaker_report(breaker, probe, FAM_BREAKER_SUCCESS);
    expect(FAM_BREAKER_CLOSED, 0, 0);
}

Test(breaker, results_of_an_earlier_state_count_for_nothing)
{
    uint64_t slow = get_in();
    uint64_t slower = get_in();
    report(FAM_BREAKER_FAILURE, 5);
    fam_breaker_report(breaker, slow, FAM_BREAKER_SUCCESS);
    expect(FAM_BREAKER_OPEN, 5, 60000);
    atomic_fetch_add(&clock_ms, 60000);
    uint64_t probe = get_in();
    fam_breaker_report(breaker, slower, FAM_BREAKER_FAILURE);
    expect(FAM_BREAKER_HALF_OPEN, 5, 0);
    fam_breaker_report(breaker, probe, FAM_BREAKER_SUCCESS);
    expect(FAM_BREAKER_CLOSED, 0, 0);
}

Test(breaker, an_operator_may_close_it)
{
    report(FAM_BREAKER_FAILURE, 5);
    fam_breaker_reset(breaker);
    expect(FAM_BREAKER_CLOSED, 0, 0);
    report(FAM_BREAKER_SUCCESS, 1);
}

static void *grab(void *context)
{
    atomic_int *let_through = context;
    uint64_t ticket = 0;
    struct fam_status status = {0};
    if (fam_breaker_try(breaker, &ticket, &status)) {
        atomic_fetch_add(let_through, 1);
    }
    return NULL;
}

Test(breaker, of_many_at_once_one_is_the_probe)
{
    enum { THREADS = 16 };
    pthread_t threads[THREADS];
    atomic_int let_through = 0;
    report(FAM_BREAKER_FAILURE, 5);
    atomic_fetch_add(&clock_ms, 60000);
    for (int i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, grab, &let_through), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    cr_assert_eq(atomic_load(&let_through), 1);
}
