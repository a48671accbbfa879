/* test_sentry_limits.c: how much goes to Sentry, and when nothing does (lib/net/sentry.h). */
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/config.h"
#include "metrics/metrics.h"
#include "net/http_client.h"
#include "sentry_world.h"

TestSuite(sentry_limits, .init = set_up, .fini = tear_down, .timeout = 60);

static int64_t repeats_of(size_t index)
{
    int64_t repeats = -1;
    cJSON *event = world_event(index);
    cr_assert(fam_json_i64(fam_json_get(event, "extra"), "repeats", &repeats));
    cJSON_Delete(event);
    return repeats;
}

Test(sentry_limits, of_one_kind_one_event_a_minute_is_sent_and_the_next_says_how_many_were_left_out)
{
    for (int i = 0; i < 300; i++) {
        CAPTURE("database is away", FAM_STR("code", "UNAVAILABLE"), FAM_I64("i", i));
    }
    cr_expect_eq(repeats_of(0), 0);
    world_wait_answers(1);
    cr_expect_eq(world_stats().repeated, 299);
    atomic_fetch_add(&world.now_ms, 59999);
    CAPTURE("database is away", FAM_STR("code", "UNAVAILABLE"));
    atomic_fetch_add(&world.now_ms, 1);
    CAPTURE("database is away", FAM_STR("code", "UNAVAILABLE"));
    cr_expect_eq(repeats_of(1), 300);
    fam_sentry_flush(world.sentry);
    cr_expect_eq(sentry_sim_requests(world.sim), 2);
    cr_expect_eq(world_stats().sent, 2);
}

Test(sentry_limits, another_event_code_or_reason_is_another_kind)
{
    CAPTURE("first", FAM_STR("code", "INTERNAL"));
    CAPTURE("second", FAM_STR("code", "INTERNAL"));
    CAPTURE("first", FAM_STR("code", "DATA_LOSS"));
    CAPTURE("first", FAM_STR("code", "INTERNAL"), FAM_STR("reason", "SEAL"));
    cr_expect(sentry_sim_wait(world.sim, 4, WAIT_MS));
    cr_expect_eq(world_stats().repeated, 0);
}

Test(sentry_limits, kinds_are_remembered_in_a_bounded_table)
{
    char event[32];
    for (int i = 0; i < 200; i++) { /* more kinds than fit into a minute */
        (void)snprintf(event, sizeof(event), "kind %d", i);
        CAPTURE(event, FAM_I64("i", i));
        fam_sentry_flush(world.sentry);
    }
    cr_expect_eq(world_stats().sent, 64);
    cr_expect_eq(world_stats().dropped, 136);
    atomic_fetch_add(&world.now_ms, 60000);
    CAPTURE("kind 199", FAM_I64("i", 199));
    cr_expect(sentry_sim_wait(world.sim, 65, WAIT_MS), "there is no room after a minute");
}

/* The answer is spoiled once; then three kinds are tried, before the silence ends and after it. */
static void assert_silence(struct sentry_weather weather, uint64_t silence_ms)
{
    uint64_t refused = weather.status == 429 ? 1 : 0;
    weather.times = 1;
    sentry_sim_weather(world.sim, weather);
    CAPTURE("the first", FAM_I64("i", 0));
    world_wait_answers(1);
    atomic_fetch_add(&world.now_ms, silence_ms - 1);
    CAPTURE("within the silence", FAM_I64("i", 1));
    fam_sentry_flush(world.sentry);
    cr_expect_eq(sentry_sim_requests(world.sim), 1, "something was sent within the silence");
    cr_expect_eq(world_stats().rate_limited, refused + 1);
    atomic_fetch_add(&world.now_ms, 1);
    CAPTURE("after the silence", FAM_I64("i", 2));
    cr_expect(sentry_sim_wait_requests(world.sim, 2, WAIT_MS), "nothing was sent after the silence");
}

Test(sentry_limits, after_a_429_nothing_is_sent_before_retry_after_is_over)
{
    assert_silence((struct sentry_weather){.status = 429, .headers = "Retry-After: 17\r\n"}, 17000);
}

Test(sentry_limits, a_429_without_a_word_is_a_minute_of_silence)
{
    assert_silence((struct sentry_weather){.status = 429}, 60000);
}

Test(sentry_limits, limits_for_errors_are_obeyed_also_with_a_good_answer)
{
    assert_silence((struct sentry_weather){.headers = "X-Sentry-Rate-Limits: 9:transaction:key, 33:error:key\r\n"},
                   33000);
}

Test(sentry_limits, limits_for_all_categories_are_obeyed)
{
    assert_silence((struct sentry_weather){.status = 429,
                                           .headers = "Retry-After: 5\r\nX-Sentry-Rate-Limits: 40::organization\r\n"},
                   40000);
}

Test(sentry_limits, limits_for_other_categories_keep_no_error_back)
{
    sentry_sim_weather(world.sim, (struct sentry_weather){
                                      .headers = "X-Sentry-Rate-Limits: 60:transaction;attachment:organization\r\n"});
    CAPTURE("the first", FAM_I64("i", 0));
    world_wait_answers(1);
    CAPTURE("the second", FAM_I64("i", 1));
    cr_expect(sentry_sim_wait(world.sim, 2, WAIT_MS));
}

Test(sentry_limits, a_header_that_was_cut_counts_as_about_errors)
{
    static const struct {
        const char *header;
        size_t size;
        uint32_t ms;
    } ROWS[] = {
        {"", 64, 0},
        {"60:error:key", 64, 60000},
        {"60::key", 64, 60000},
        {"60", 64, 60000},
        {"2.5:default;error;security:organization:quota", 64, 2500},
        {"60:errors;transaction:key", 64, 0},
        {"60:transaction:key", 64, 0},
        {"60:transaction:key, 30:error:key, 10::key", 64, 30000},
        {"0:error:key", 64, 0},
        {"-5:error:key", 64, 0},
        {"nan:error:key", 64, 0},
        {"1e99:error:key", 64, 86400000},
        {"soon", 64, 60000},
        {"60:transaction:organiz", 23, 60000},
        {"60:transaction:a, 30:transac", 29, 30000},
        {",,, 60:error:key", 64, 60000},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(ROWS); i++) {
        cr_expect_eq(fam_sentry_limit_ms(ROWS[i].header, ROWS[i].size), ROWS[i].ms, "%s: %u", ROWS[i].header,
                     fam_sentry_limit_ms(ROWS[i].header, ROWS[i].size));
    }
}

Test(sentry_limits, errors_of_sentry_are_counted_and_never_repeated)
{
    sentry_sim_weather(world.sim, (struct sentry_weather){.times = 1, .status = 500});
    CAPTURE("the first", FAM_I64("i", 0));
    world_wait_answers(1);
    sentry_sim_weather(world.sim, (struct sentry_weather){.times = 1, .cut = true});
    CAPTURE("the second", FAM_I64("i", 1));
    world_wait_answers(2);
    CAPTURE("the third", FAM_I64("i", 2));
    world_wait_answers(3);
    cr_expect_eq(world_stats().failed, 2);
    cr_expect_eq(world_stats().sent, 1);
    cr_expect_eq(sentry_sim_requests(world.sim), 3);
}

Test(sentry_limits, when_eight_requests_hang_the_next_is_dropped_at_once_and_the_end_waits_two_seconds)
{
    char event[32];
    sentry_sim_weather(world.sim, (struct sentry_weather){.hang = true});
    for (int i = 0; i < 10; i++) {
        (void)snprintf(event, sizeof(event), "kind %d", i);
        CAPTURE(event, FAM_I64("i", i));
    }
    cr_expect_eq(world_stats().dropped, 2);
    cr_expect(sentry_sim_wait_requests(world.sim, 8, WAIT_MS));
    uint64_t before = fam_mono_ms();
    fam_sentry_free(world.sentry);
    world.sentry = NULL;
    cr_expect_lt(fam_mono_ms() - before, 4500, "the end waits for longer than the requests would last");
    cr_expect_eq(sentry_sim_requests(world.sim), 8);
}

Test(sentry_limits, slots_are_used_again)
{
    char event[32];
    for (int i = 0; i < 40; i++) {
        (void)snprintf(event, sizeof(event), "kind %d", i);
        CAPTURE(event, FAM_I64("i", i));
        world_wait_answers((uint64_t)i + 1);
    }
    cr_expect_eq(world_stats().sent, 40);
    cr_expect_eq(world_stats().dropped, 0);
}

Test(sentry_limits, with_nobody_at_the_address_lines_are_counted_as_failed_and_nothing_else_happens)
{
    char dsn[128];
    fam_sentry_free(world.sentry);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* bound and not listening: refused */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(dsn, sizeof(dsn), "http://abc@127.0.0.1:%u/42", ntohs(address.sin_port));
    world_make(dsn);
    CAPTURE("the first", FAM_I64("i", 0));
    world_wait_answers(1);
    cr_expect_eq(world_stats().failed, 1);
    close(fd);
}

Test(sentry_limits, the_metric_shows_what_became_of_the_lines)
{
    struct fam_status status = {.code = FAM_OK};
    struct fam_metrics *metrics = fam_metrics_new(FAM_PROGRAM_SERVER, "1", NULL, 0, &status);
    cr_assert_not_null(metrics, "%s", status.message);
    sentry_sim_weather(world.sim, (struct sentry_weather){.times = 1, .status = 500});
    CAPTURE("bad", FAM_I64("i", 0));
    CAPTURE("bad", FAM_I64("i", 1));
    world_wait_answers(1);
    CAPTURE("good", FAM_I64("i", 2));
    world_wait_answers(2);
    fam_sentry_on_scrape(metrics, world.sentry);
    cr_expect_eq(fam_metrics_value(metrics, FAM_M_SENTRY_EVENTS, FAM_LABELS("sent")), 1);
    cr_expect_eq(fam_metrics_value(metrics, FAM_M_SENTRY_EVENTS, FAM_LABELS("failed")), 1);
    cr_expect_eq(fam_metrics_value(metrics, FAM_M_SENTRY_EVENTS, FAM_LABELS("repeated")), 1);
    cr_expect_eq(fam_metrics_value(metrics, FAM_M_SENTRY_EVENTS, FAM_LABELS("dropped")), 0);
    fam_metrics_free(metrics);
}

enum { THREADS = 8, LINES = 500 };

static void *capture_many(void *context)
{
    char event[32];
    for (int i = 0; i < LINES; i++) {
        (void)snprintf(event, sizeof(event), "kind %d", i % 100);
        CAPTURE(event, FAM_I64("i", i));
    }
    return context;
}

Test(sentry_limits, of_many_threads_each_line_is_counted_once)
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, capture_many, NULL), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    }
    fam_sentry_flush(world.sentry);
    world_wait_answers(sentry_sim_requests(world.sim));
    struct fam_sentry_stats stats = world_stats();
    cr_expect_eq(stats.sent + stats.repeated + stats.rate_limited + stats.dropped + stats.failed, THREADS * LINES);
    cr_expect_eq(stats.sent, sentry_sim_events(world.sim));
}
