/* test_health.c: checks, their weights, hanging ones, readiness, and the two forms of the report (health/health.h). */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "health/health.h"

/* A check that does what the test tells it. */
struct fake {
    _Atomic(int) state;
    _Atomic(bool) hang;
    _Atomic(int) runs;
    _Atomic(int) inside;
    const char *reason;
};

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static enum fam_health_state fake_run(void *context, uint32_t timeout_ms, char ret_reason[FAM_HEALTH_REASON_SIZE])
{
    struct fake *fake = context;
    (void)timeout_ms;
    fake->inside++;
    while (fake->hang)
        pause_ms(1);
    if (fake->reason)
        snprintf(ret_reason, FAM_HEALTH_REASON_SIZE, "%s", fake->reason);
    fake->inside--;
    fake->runs++;
    return (enum fam_health_state)fake->state;
}

static struct fam_health *health_of(const char *requires, uint32_t timeout_ms)
{
    struct fam_status status = {0};
    const struct fam_health_options options = {
        .version = "1.2.3", .ready_requires = requires, .timeout_ms = timeout_ms};
    struct fam_health *health = fam_health_new(&options, &status);
    cr_assert(health != NULL, "%s", status.message);
    return health;
}

static void add(struct fam_health *health, const char *name, struct fake *fake, bool required)
{
    struct fam_status status = {0};
    const struct fam_health_check check = {
        .name = name, .run = fake_run, .context = fake, .required = required, .interval_ms = 5};
    cr_assert_eq(fam_health_add(health, &check, &status), FAM_OK, "%s", status.message);
}

static void start(struct fam_health *health, uint32_t wait_ms)
{
    struct fam_status status = {0};
    cr_assert_eq(fam_health_start(health, wait_ms, &status), FAM_OK, "%s", status.message);
}

/* Waits until the whole has this state; the last report otherwise. */
static struct fam_health_report report_in(struct fam_health *health, enum fam_health_state state)
{
    struct fam_health_report report;
    uint64_t end = fam_mono_ms() + 10000;
    do {
        fam_health_snapshot(health, &report);
        if (report.state == state)
            break;
        pause_ms(2);
    } while (fam_mono_ms() < end);
    cr_assert_eq((int)report.state, (int)state);
    return report;
}

Test(health, all_checks_well_is_healthy)
{
    struct fake database = {.state = FAM_HEALTH_HEALTHY}, redis = {.state = FAM_HEALTH_HEALTHY};
    struct fam_health *health = health_of("database", 0);
    struct fam_health_report report;
    add(health, "database", &database, true);
    add(health, "redis", &redis, false);
    start(health, 5000);
    fam_health_snapshot(health, &report);
    cr_assert_eq((int)report.state, FAM_HEALTH_HEALTHY);
    cr_assert_eq(report.count, 2);
    cr_assert_str_eq(report.results[0].name, "database");
    cr_assert_str_eq(report.results[1].reason, "");
    fam_health_free(health);
}

Test(health, a_failed_optional_check_is_shown_unhealthy_and_degrades_the_whole)
{
    struct fake database = {.state = FAM_HEALTH_HEALTHY};
    struct fake redis = {.state = FAM_HEALTH_UNHEALTHY, .reason = "Redis timed out"};
    struct fam_health *health = health_of("database", 0);
    char reason[FAM_HEALTH_REASON_SIZE];
    add(health, "database", &database, true);
    add(health, "redis", &redis, false);
    start(health, 5000);
    struct fam_health_report report = report_in(health, FAM_HEALTH_DEGRADED);
    cr_assert_eq((int)report.results[1].state, FAM_HEALTH_UNHEALTHY);
    cr_assert_str_eq(report.results[1].reason, "Redis timed out");
    cr_assert(fam_health_ready(health, reason));
    redis.state = FAM_HEALTH_HEALTHY;
    report = report_in(health, FAM_HEALTH_HEALTHY);
    cr_assert_str_eq(report.results[1].reason, "");
    fam_health_free(health);
}

Test(health, a_failed_required_check_makes_the_whole_unhealthy_and_not_ready)
{
    struct fake database = {.state = FAM_HEALTH_UNHEALTHY, .reason = "not reachable"};
    struct fam_health *health = health_of("database", 0);
    char reason[FAM_HEALTH_REASON_SIZE];
    add(health, "database", &database, true);
    start(health, 5000);
    report_in(health, FAM_HEALTH_UNHEALTHY);
    cr_assert_not(fam_health_ready(health, reason));
    cr_assert_str_eq(reason, "database: not reachable");
    database.state = FAM_HEALTH_HEALTHY;
    report_in(health, FAM_HEALTH_HEALTHY);
    cr_assert(fam_health_ready(health, reason));
    cr_assert_str_eq(reason, "");
    fam_health_free(health);
}

Test(health, readiness_can_require_redis_too)
{
    struct fake database = {.state = FAM_HEALTH_HEALTHY}, redis = {.state = FAM_HEALTH_UNHEALTHY};
    struct fam_health *health = health_of("database,redis", 0);
    char reason[FAM_HEALTH_REASON_SIZE];
    add(health, "database", &database, true);
    add(health, "redis", &redis, false);
    start(health, 5000);
    cr_assert_not(fam_health_ready(health, reason));
    cr_assert_str_eq(reason, "redis: failed");
    fam_health_free(health);
}

Test(health, readiness_by_an_unknown_check_stops_the_start)
{
    struct fake database = {.state = FAM_HEALTH_HEALTHY};
    struct fam_health *health = health_of("database,radis", 0);
    struct fam_status status = {0};
    add(health, "database", &database, true);
    cr_assert_eq(fam_health_start(health, 0, &status), FAM_FAILED_PRECONDITION);
    cr_assert(strstr(status.message, "radis") != NULL);
    fam_health_free(health);
}

static bool draining(void *context, const char **ret_reason)
{
    *ret_reason = "draining";
    return !*(_Atomic(bool) *)context;
}

Test(health, the_program_has_its_own_say_on_readiness)
{
    _Atomic(bool) drains = false;
    struct fake database = {.state = FAM_HEALTH_HEALTHY};
    struct fam_status status = {0};
    char reason[FAM_HEALTH_REASON_SIZE];
    const struct fam_health_options options = {
        .version = "1", .ready_requires = "database", .program_ready = draining, .context = (void *)&drains};
    struct fam_health *health = fam_health_new(&options, &status);
    cr_assert(health != NULL);
    add(health, "database", &database, true);
    start(health, 5000);
    cr_assert(fam_health_ready(health, reason));
    drains = true;
    cr_assert_not(fam_health_ready(health, reason));
    cr_assert_str_eq(reason, "draining");
    fam_health_free(health);
}

Test(health, a_check_that_never_ended_is_unhealthy_and_says_so)
{
    struct fake slow = {.state = FAM_HEALTH_HEALTHY, .hang = true};
    struct fam_health *health = health_of("", 60000);
    struct fam_health_report report;
    add(health, "slow", &slow, true);
    start(health, 0);
    fam_health_snapshot(health, &report);
    cr_assert_eq((int)report.state, FAM_HEALTH_UNHEALTHY);
    cr_assert_str_eq(report.results[0].reason, "not checked yet");
    slow.hang = false;
    report_in(health, FAM_HEALTH_HEALTHY);
    fam_health_free(health);
}

Test(health, a_hanging_check_is_reported_timed_out_holds_up_nobody_and_runs_once)
{
    struct fake hanging = {.state = FAM_HEALTH_HEALTHY}, well = {.state = FAM_HEALTH_HEALTHY};
    struct fam_health *health = health_of("", 50);
    add(health, "hanging", &hanging, false);
    add(health, "well", &well, true);
    start(health, 5000);
    hanging.hang = true;
    struct fam_health_report report = report_in(health, FAM_HEALTH_DEGRADED);
    cr_assert_str_eq(report.results[0].reason, "timed out");
    cr_assert_geq(report.results[0].duration_us, 50000);
    int runs = well.runs;
    for (int i = 0; i < 5000 && well.runs < runs + 5; i++) {
        fam_health_refresh(health);
        pause_ms(1);
    }
    cr_assert_geq(well.runs, runs + 5);
    cr_assert_eq(hanging.inside, 1);
    hanging.hang = false;
    report_in(health, FAM_HEALTH_HEALTHY);
    fam_health_free(health);
}

Test(health, stopping_does_not_wait_for_a_hanging_check_beyond_its_bound)
{
    static struct fake hanging = {.state = FAM_HEALTH_HEALTHY};
    struct fam_health *health = health_of("", 100);
    hanging.hang = true;
    add(health, "hanging", &hanging, false);
    start(health, 0);
    for (int i = 0; i < 5000 && !hanging.inside; i++)
        pause_ms(1);
    uint64_t before = fam_mono_ms();
    fam_health_free(health);
    cr_assert_lt(fam_mono_ms() - before, 3000);
    hanging.hang = false;
    for (int i = 0; i < 5000 && !hanging.runs; i++)
        pause_ms(1);
    cr_assert_eq(hanging.runs, 1);
    pause_ms(20); /* lets the thread that was left behind free what it holds, for the leak check */
}

Test(health, a_snapshot_is_from_memory)
{
    struct fake database = {.state = FAM_HEALTH_HEALTHY};
    struct fam_health *health = health_of("database", 60000);
    struct fam_health_report report;
    char reason[FAM_HEALTH_REASON_SIZE];
    add(health, "database", &database, true);
    start(health, 5000);
    database.hang = true;
    for (int i = 0; i < 5000 && !database.inside; i++)
        pause_ms(1);
    uint64_t before = fam_mono_ms();
    for (int i = 0; i < 1000; i++) {
        fam_health_snapshot(health, &report);
        cr_assert(fam_health_ready(health, reason));
    }
    cr_assert_lt(fam_mono_ms() - before, 2000);
    cr_assert_eq((int)report.state, FAM_HEALTH_HEALTHY);
    database.hang = false;
    fam_health_free(health);
}

Test(health, bad_repeated_and_too_many_names_are_refused)
{
    static const char *const bad[] = {"", "Database", "a b", "\"", "a-very-long-name-that-is-over-the-32-characters"};
    char names[FAM_HEALTH_MAX_CHECKS + 1][8];
    struct fake fake = {.state = FAM_HEALTH_HEALTHY};
    struct fam_health *health = health_of("", 0);
    struct fam_status status = {0};
    struct fam_health_check check = {.run = fake_run, .context = &fake};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(bad); i++) {
        check.name = bad[i];
        cr_assert_eq(fam_health_add(health, &check, &status), FAM_INVALID_ARGUMENT, "row %zu", i);
    }
    for (size_t i = 0; i <= FAM_HEALTH_MAX_CHECKS; i++) {
        snprintf(names[i], sizeof(names[i]), "c%zu", i);
        check.name = names[i];
        cr_assert_eq(fam_health_add(health, &check, &status),
                     i < FAM_HEALTH_MAX_CHECKS ? FAM_OK : FAM_INVALID_ARGUMENT);
    }
    check.name = names[0];
    cr_assert_eq(fam_health_add(health, &check, &status), FAM_INVALID_ARGUMENT);
    fam_health_free(health);
    fam_health_free(NULL);
}

Test(health, the_message_has_the_numbers_of_the_protocol)
{
    struct fake database = {.state = FAM_HEALTH_HEALTHY};
    struct fake redis = {.state = FAM_HEALTH_UNHEALTHY, .reason = "Redis is not reachable"};
    struct fam_health *health = health_of("", 0);
    struct fam_health_message message;
    add(health, "database", &database, true);
    add(health, "redis", &redis, false);
    start(health, 5000);
    struct fam_health_report report = report_in(health, FAM_HEALTH_DEGRADED);
    fam_health_to_message(&report, &message);
    cr_assert_eq((int)message.response.status, FAM__V1__HEALTH_STATUS__HEALTH_STATUS_DEGRADED);
    cr_assert_eq(message.response.n_checks, 2);
    cr_assert_eq((int)message.response.checks[1]->status, FAM__V1__HEALTH_STATUS__HEALTH_STATUS_UNHEALTHY);
    cr_assert_str_eq(message.response.checks[1]->reason, "Redis is not reachable");
    cr_assert_str_eq(message.response.version, "1.2.3");
    cr_assert_gt(fam__v1__health_response__get_packed_size(&message.response), 0);
    fam_health_free(health);
}

Test(health, the_page_is_json_and_quotes_what_checks_say)
{
    struct fake odd = {.state = FAM_HEALTH_DEGRADED, .reason = "a \"quote\" and a \\"};
    struct fam_health *health = health_of("", 0);
    struct fam_buf text = {0};
    add(health, "odd", &odd, false);
    start(health, 5000);
    struct fam_health_report report = report_in(health, FAM_HEALTH_DEGRADED);
    fam_health_to_json(&report, &text);
    cJSON *root = cJSON_Parse(fam_buf_text(&text));
    cr_assert(root != NULL, "%s", fam_buf_text(&text));
    const cJSON *check = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(root, "checks"), "odd");
    cr_assert_str_eq(cJSON_GetObjectItemCaseSensitive(check, "reason")->valuestring, "a \"quote\" and a \\");
    cr_assert_str_eq(cJSON_GetObjectItemCaseSensitive(check, "status")->valuestring, "degraded");
    cr_assert(cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(check, "duration_ms")));
    cr_assert(cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(check, "age_ms")));
    cr_assert_str_eq(cJSON_GetObjectItemCaseSensitive(root, "status")->valuestring, "degraded");
    cr_assert_str_eq(cJSON_GetObjectItemCaseSensitive(root, "version")->valuestring, "1.2.3");
    cr_assert(cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(root, "uptime_s")));
    const char *at = cJSON_GetObjectItemCaseSensitive(root, "checked_at")->valuestring;
    cr_assert_eq(strlen(at), 24);
    cr_assert_eq(at[23], 'Z');
    cJSON_Delete(root);
    fam_buf_done(&text);
    fam_health_free(health);
}
