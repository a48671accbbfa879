/* test_metrics.c: the metrics and their page (lib/metrics/metrics.h). */
#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "metrics/metrics.h"

enum { SERVER = 1, BOT = 2, METHODS = 32, SERIES_MAX = 2000 };

static const char *const METHOD_NAMES[] = {"fam.v1.OpsService/Health", "fam.v1.OpsService/GetServerInfo",
                                           "fam.v1.TranslationService/Translate"};

static struct fam_metrics *metrics_of(unsigned program)
{
    struct fam_status status = {0};
    struct fam_metrics *metrics =
        fam_metrics_new(program, "0.1.0", METHOD_NAMES, FAM_ARRAY_SIZE(METHOD_NAMES), &status);
    cr_assert_not_null(metrics, "%s", status.message);
    return metrics;
}

/* malloc'ed */
static char *page_of(struct fam_metrics *metrics)
{
    struct fam_buf buf = {0};
    fam_metrics_write(metrics, &buf);
    cr_assert_not(buf.failed);
    char *page = fam_buf_take(&buf);
    cr_assert_not_null(page);
    return page;
}

static void assert_line(const char *page, const char *line)
{
    char needle[400];
    snprintf(needle, sizeof(needle), "\n%s\n", line);
    cr_assert_not_null(strstr(page, needle), "no line %s", line);
}

static size_t series_in(const char *page)
{
    size_t series = 0;
    for (const char *at = page; *at != '\0'; at = strchr(at, '\n') + 1) {
        series += *at != '#' ? 1 : 0;
    }
    return series;
}

/* Samples differ by less than the rounding of a sum. */
static bool near(double a, double b)
{
    return fabs(a - b) < 1e-6;
}

Test(metrics, closed_sets_are_exported_at_zero_from_the_start)
{
    struct fam_metrics *metrics = metrics_of(SERVER);
    char *page = page_of(metrics);
    assert_line(page, "family_emotions_user_registrations_total{source=\"telegram\"} 0");
    assert_line(page, "family_emotions_user_registrations_total{source=\"other\"} 0");
    assert_line(page,
                "family_emotions_translations_total{child_age_group=\"teen\",language=\"en\",success=\"error\"} 0");
    assert_line(page, "family_emotions_rpc_requests_total{service=\"OpsService\",method=\"Health\",code=\"OK\"} 0");
    assert_line(page, "family_emotions_rpc_requests_total{service=\"other\",method=\"other\",code=\"INTERNAL\"} 0");
    assert_line(page, "family_emotions_translation_duration_seconds_bucket{le=\"+Inf\"} 0");
    assert_line(page, "family_emotions_build_info{version=\"0.1.0\"} 1");
    free(page);
    fam_metrics_free(metrics);
}

Test(metrics, counters_add_and_gauges_are_set)
{
    struct fam_metrics *metrics = metrics_of(SERVER);
    fam_metrics_add(metrics, FAM_M_USER_REGISTRATIONS, FAM_LABELS("invite"), 1);
    fam_metrics_add(metrics, FAM_M_USER_REGISTRATIONS, FAM_LABELS("invite"), 2);
    fam_metrics_set(metrics, FAM_M_RPC_QUEUED, NULL, 7);
    fam_metrics_set(metrics, FAM_M_RPC_QUEUED, NULL, 3.5);
    cr_assert(near(fam_metrics_value(metrics, FAM_M_USER_REGISTRATIONS, FAM_LABELS("invite")), 3));
    cr_assert(near(fam_metrics_value(metrics, FAM_M_USER_REGISTRATIONS, FAM_LABELS("telegram")), 0));
    char *page = page_of(metrics);
    assert_line(page, "family_emotions_user_registrations_total{source=\"invite\"} 3");
    assert_line(page, "family_emotions_rpc_queued 3.5");
    free(page);
    fam_metrics_free(metrics);
}

Test(metrics, a_value_outside_its_set_counts_as_other)
{
    struct fam_metrics *metrics = metrics_of(SERVER);
    fam_metrics_add(metrics, FAM_M_USER_REGISTRATIONS, FAM_LABELS("Иван"), 1);
    fam_metrics_add(metrics, FAM_M_USER_REGISTRATIONS, FAM_LABELS(NULL), 1);
    fam_metrics_add(metrics, FAM_M_TRANSLATIONS, FAM_LABELS("child", "fr", "success"), 1);
    cr_assert(near(fam_metrics_value(metrics, FAM_M_USER_REGISTRATIONS, FAM_LABELS("other")), 2));
    char *page = page_of(metrics);
    assert_line(
        page, "family_emotions_translations_total{child_age_group=\"child\",language=\"other\",success=\"success\"} 1");
    cr_assert_null(strstr(page, "Иван"));
    free(page);
    fam_metrics_free(metrics);
}

Test(metrics, a_histogram_has_cumulative_buckets_sum_and_count)
{
    static const double seconds[] = {0.001, 0.005, 0.006, 0.5, 31, 100};
    struct fam_metrics *metrics = metrics_of(SERVER);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(seconds); i++) {
        fam_metrics_observe(metrics, FAM_M_TRANSLATION_SECONDS, NULL, seconds[i]);
    }
    cr_assert(near(fam_metrics_value(metrics, FAM_M_TRANSLATION_SECONDS, NULL), 6));
    char *page = page_of(metrics);
    assert_line(page, "family_emotions_translation_duration_seconds_bucket{le=\"0.005\"} 2"); /* the bound is inside */
    assert_line(page, "family_emotions_translation_duration_seconds_bucket{le=\"0.025\"} 3");
    assert_line(page, "family_emotions_translation_duration_seconds_bucket{le=\"0.5\"} 4");
    assert_line(page, "family_emotions_translation_duration_seconds_bucket{le=\"30\"} 4");
    assert_line(page, "family_emotions_translation_duration_seconds_bucket{le=\"+Inf\"} 6");
    assert_line(page, "family_emotions_translation_duration_seconds_sum 131.512");
    assert_line(page, "family_emotions_translation_duration_seconds_count 6");
    free(page);
    fam_metrics_free(metrics);
}

Test(metrics, histograms_with_many_labels_export_only_what_occurred)
{
    struct fam_metrics *metrics = metrics_of(SERVER);
    char *page = page_of(metrics);
    cr_assert_not_null(strstr(page, "# TYPE family_emotions_db_query_duration_seconds histogram\n"));
    cr_assert_null(strstr(page, "\nfamily_emotions_db_query_duration_seconds"));
    free(page);
    fam_metrics_observe(metrics, FAM_M_DB_SECONDS, FAM_LABELS("select", "users"), 0.002);
    page = page_of(metrics);
    assert_line(page, "family_emotions_db_query_duration_seconds_bucket{operation=\"select\",table=\"users\","
                      "le=\"0.0025\"} 1");
    assert_line(page, "family_emotions_db_query_duration_seconds_count{operation=\"select\",table=\"users\"} 1");
    cr_assert_null(strstr(page, "operation=\"insert\""));
    free(page);
    fam_metrics_free(metrics);
}

Test(metrics, calls_are_counted_by_method_and_code)
{
    struct fam_metrics *metrics = metrics_of(SERVER);
    fam_metrics_rpc(metrics, 0, FAM_OK, 0.001);
    fam_metrics_rpc(metrics, 2, FAM_UNAVAILABLE, 0.001);
    fam_metrics_rpc(metrics, SIZE_MAX, FAM_UNIMPLEMENTED, 0.001);
    fam_metrics_rpc(metrics, 1, (enum fam_code)99, 0.001);
    cr_assert(near(fam_metrics_value(metrics, FAM_M_RPC_SECONDS, NULL), 4));
    char *page = page_of(metrics);
    assert_line(page, "family_emotions_rpc_requests_total{service=\"OpsService\",method=\"Health\",code=\"OK\"} 1");
    assert_line(page, "family_emotions_rpc_requests_total{service=\"TranslationService\",method=\"Translate\","
                      "code=\"UNAVAILABLE\"} 1");
    assert_line(page,
                "family_emotions_rpc_requests_total{service=\"other\",method=\"other\",code=\"UNIMPLEMENTED\"} 1");
    assert_line(page, "family_emotions_rpc_requests_total{service=\"OpsService\",method=\"GetServerInfo\","
                      "code=\"UNKNOWN\"} 1");
    free(page);
    fam_metrics_free(metrics);
}

Test(metrics, a_call_is_found_by_the_label_values_of_the_page)
{
    struct fam_metrics *metrics = metrics_of(SERVER);
    fam_metrics_rpc(metrics, 2, FAM_OK, 0.001);
    fam_metrics_add(metrics, FAM_M_RPC_REQUESTS, FAM_LABELS("OpsService", "Health", "INTERNAL"), 2);
    cr_assert(
        near(fam_metrics_value(metrics, FAM_M_RPC_REQUESTS, FAM_LABELS("TranslationService", "Translate", "OK")), 1));
    cr_assert(near(fam_metrics_value(metrics, FAM_M_RPC_REQUESTS, FAM_LABELS("OpsService", "Health", "INTERNAL")), 2));
    cr_assert(near(fam_metrics_value(metrics, FAM_M_RPC_REQUESTS, FAM_LABELS("Service", "Health", "INTERNAL")), 0));
    cr_assert(near(fam_metrics_value(metrics, FAM_M_RPC_REQUESTS, FAM_LABELS("none", NULL, "OK")), 0));
    fam_metrics_free(metrics);
}

Test(metrics, each_program_exports_its_own)
{
    struct fam_metrics *metrics = metrics_of(BOT);
    char *page = page_of(metrics);
    cr_assert_not_null(strstr(page, "family_emotions_bot_updates_total"));
    cr_assert_not_null(strstr(page, "\nprocess_start_time_seconds "));
    cr_assert_null(strstr(page, "family_emotions_rpc_requests_total"));
    free(page);
    fam_metrics_free(metrics);
}

/* The value of a line without labels. */
static double value_in(const char *page, const char *name)
{
    char needle[100];
    snprintf(needle, sizeof(needle), "\n%s ", name);
    const char *at = strstr(page, needle);
    cr_assert_not_null(at, "%s", name);
    return strtod(at + strlen(needle), NULL);
}

Test(metrics, the_process_is_measured_at_the_moment_of_the_page)
{
    struct fam_metrics *metrics = metrics_of(SERVER);
    char *page = page_of(metrics);
    double now = (double)fam_wall_ms() / 1000;
    double started = value_in(page, "process_start_time_seconds");
    cr_assert(started > now - 60 && started < now + 1);
    cr_assert_gt(value_in(page, "process_resident_memory_bytes"), 1e6);
    cr_assert_geq(value_in(page, "process_cpu_seconds_total"), 0);
    double before = value_in(page, "process_open_fds");
    free(page);
    int fd = dup(1);
    page = page_of(metrics);
    cr_assert(near(value_in(page, "process_open_fds"), before + 1));
    close(fd);
    free(page);
    fam_metrics_free(metrics);
}

Test(metrics, a_recurring_job_tells_how_often_it_runs_and_when_it_last_went_well)
{
    struct fam_metrics *metrics = metrics_of(SERVER);
    double now = (double)fam_wall_ms() / 1000;
    fam_metrics_job_every(metrics, "idempotency_sweep", 600000);
    fam_metrics_job_started(metrics, "idempotency_sweep");
    char *page = page_of(metrics);
    assert_line(page, "family_emotions_job_interval_seconds{job_name=\"idempotency_sweep\"} 600");
    assert_line(page, "family_emotions_job_interval_seconds{job_name=\"usage_flush\"} 0");
    assert_line(page, "family_emotions_job_last_success_timestamp_seconds{job_name=\"idempotency_sweep\"} 0");
    free(page);
    cr_assert_geq(fam_metrics_value(metrics, FAM_M_JOB_LAST_START, FAM_LABELS("idempotency_sweep")), now);
    fam_metrics_job_succeeded(metrics, "idempotency_sweep");
    cr_assert_geq(fam_metrics_value(metrics, FAM_M_JOB_LAST_SUCCESS, FAM_LABELS("idempotency_sweep")), now);
    fam_metrics_free(metrics);
}

Test(metrics, the_disk_of_the_working_folder_is_measured)
{
    struct statvfs disk;
    cr_assert_eq(statvfs(".", &disk), 0);
    struct fam_metrics *metrics = metrics_of(BOT);
    char *page = page_of(metrics);
    double size = value_in(page, "family_emotions_disk_size_bytes"),
           free_bytes = value_in(page, "family_emotions_disk_free_bytes");
    cr_assert(near(size, (double)disk.f_blocks * (double)disk.f_frsize));
    cr_assert(free_bytes > 0 && free_bytes <= size);
    free(page);
    fam_metrics_free(metrics);
}

static void set_queue(struct fam_metrics *metrics, void *context)
{
    int *calls = context;
    fam_metrics_set(metrics, FAM_M_RPC_QUEUED, NULL, ++*calls);
}

Test(metrics, hooks_set_gauges_before_each_page)
{
    struct fam_metrics *metrics = metrics_of(SERVER);
    int calls[8] = {0};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(calls); i++) {
        fam_metrics_on_scrape(metrics, set_queue, &calls[i]);
    }
    free(page_of(metrics));
    char *page = page_of(metrics);
    assert_line(page, "family_emotions_rpc_queued 2");
    cr_assert_eq(calls[0], 2);
    cr_assert_eq(calls[7], 2);
    free(page);
    fam_metrics_free(metrics);
}

Test(metrics, numbers_are_written_so_that_they_read_back)
{
    static const double values[] = {0.1, 1e15, 123456789.25, 1.0 / 3, 1e-9, -5};
    struct fam_metrics *metrics = metrics_of(SERVER);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(values); i++) {
        fam_metrics_set(metrics, FAM_M_RPC_QUEUED, NULL, values[i]);
        char *page = page_of(metrics);
        double back = value_in(page, "family_emotions_rpc_queued");
        cr_assert(memcmp(&back, &values[i], sizeof(back)) == 0, "%g became %g", values[i], back);
        free(page);
    }
    fam_metrics_set(metrics, FAM_M_RPC_QUEUED, NULL, -NAN);
    fam_metrics_set(metrics, FAM_M_RPC_IN_FLIGHT, NULL, -INFINITY);
    char *page = page_of(metrics);
    assert_line(page, "family_emotions_rpc_queued NaN");
    assert_line(page, "family_emotions_rpc_in_flight -Inf");
    free(page);
    fam_metrics_free(metrics);
}

Test(metrics, no_metrics_take_everything_in_silence)
{
    fam_metrics_add(NULL, FAM_M_USER_REGISTRATIONS, FAM_LABELS("invite"), 1);
    fam_metrics_set(NULL, FAM_M_RPC_QUEUED, NULL, 1);
    fam_metrics_observe(NULL, FAM_M_RPC_SECONDS, NULL, 1);
    fam_metrics_rpc(NULL, 0, FAM_OK, 1);
    fam_metrics_free(NULL);
}

enum { THREADS = 8, ROUNDS = 20000 };

static void *add_many(void *metrics)
{
    for (int i = 0; i < ROUNDS; i++) {
        fam_metrics_add(metrics, FAM_M_USER_REGISTRATIONS, FAM_LABELS("telegram"), 1);
        fam_metrics_rpc(metrics, 1, FAM_OK, 0.25);
        fam_metrics_observe(metrics, FAM_M_DB_SECONDS, FAM_LABELS("update", "users"), 0.001 * (i % 10));
    }
    return NULL;
}

Test(metrics, additions_of_many_threads_are_all_counted)
{
    struct fam_metrics *metrics = metrics_of(SERVER);
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, add_many, metrics), 0);
    }
    for (int i = 0; i < 20; i++) {
        free(page_of(metrics)); /* a page in between does no harm */
    }
    for (size_t i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    }
    double expected = THREADS * ROUNDS;
    cr_assert(near(fam_metrics_value(metrics, FAM_M_USER_REGISTRATIONS, FAM_LABELS("telegram")), expected));
    cr_assert(near(fam_metrics_value(metrics, FAM_M_DB_SECONDS, FAM_LABELS("update", "users")), expected));
    char *page = page_of(metrics);
    cr_assert(near(value_in(page, "family_emotions_rpc_request_duration_seconds_sum"), expected / 4));
    free(page);
    fam_metrics_free(metrics);
}

/* As many methods as the server has, and traffic everywhere that the program itself makes: every method, page,
 * statement by table. */
static struct fam_metrics *busy(const char *const *methods)
{
    static const char *const operations[] = {"select", "insert", "update", "delete"};
    static const char *const tables[] = {"users",           "families", "parents", "children",   "consents",
                                         "emotion_entries", "readings", "ratings", "deliveries", "api_tokens"};
    static const char *const pages[] = {"/metrics", "/health", "/health/ready", "/health/live", "/x"};
    struct fam_status status = {0};
    struct fam_metrics *metrics = fam_metrics_new(SERVER, "0.1.0", methods, METHODS, &status);
    cr_assert_not_null(metrics);
    for (size_t table = 0; table < FAM_ARRAY_SIZE(tables); table++) {
        for (size_t i = 0; i < FAM_ARRAY_SIZE(operations); i++) {
            fam_metrics_observe(metrics, FAM_M_DB_SECONDS, FAM_LABELS(operations[i], tables[table]), 0.01);
        }
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(pages); i++) {
        fam_metrics_observe(metrics, FAM_M_HTTP_SECONDS, FAM_LABELS("GET", pages[i]), 0.01);
    }
    for (size_t i = 0; i < METHODS; i++) {
        fam_metrics_rpc(metrics, i, FAM_OK, 0.01);
    }
    return metrics;
}

Test(metrics, a_busy_server_has_less_than_two_thousand_series)
{
    char names[METHODS][48];
    const char *methods[METHODS];
    for (size_t i = 0; i < METHODS; i++) {
        snprintf(names[i], sizeof(names[i]), "fam.v1.SomeService/Method%zu", i);
        methods[i] = names[i];
    }
    struct fam_metrics *metrics = busy(methods);
    char *page = page_of(metrics);
    cr_assert_lt(series_in(page), SERIES_MAX, "%zu", series_in(page));
    cr_assert_lt(strlen(page), 256 * 1024);
    free(page);
    fam_metrics_free(metrics);
    metrics = metrics_of(BOT);
    page = page_of(metrics);
    cr_assert_lt(series_in(page), SERIES_MAX / 4, "%zu", series_in(page));
    free(page);
    fam_metrics_free(metrics);
}

Test(metrics, no_series_is_written_twice)
{
    struct fam_metrics *metrics = metrics_of(SERVER);
    char *page = page_of(metrics);
    for (char *at = page; *at != '\0';) {
        char *end = strchr(at, '\n');
        *end = '\0';
        char *value = strrchr(at, ' ');
        if (*at != '#') {
            char needle[300];
            snprintf(needle, sizeof(needle), "\n%.*s ", (int)(value - at), at);
            cr_assert_null(strstr(end + 1, needle), "%s", at);
        }
        at = end + 1;
    }
    free(page);
    fam_metrics_free(metrics);
}

Test(metrics, prometheus_takes_the_page)
{
    if (system("command -v promtool >/dev/null 2>&1") != 0) {
        cr_skip_test("promtool is not installed");
    }
    static const unsigned programs[] = {SERVER, BOT};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(programs); i++) {
        struct fam_metrics *metrics = metrics_of(programs[i]);
        fam_metrics_observe(metrics, FAM_M_HTTP_SECONDS, FAM_LABELS("GET", "/metrics"), 0.01);
        char *page = page_of(metrics);
        FILE *promtool = popen("promtool check metrics", "w");
        cr_assert_not_null(promtool);
        cr_assert_eq(fwrite(page, 1, strlen(page), promtool), strlen(page));
        cr_assert_eq(pclose(promtool), 0, "promtool finds fault with the page of program %u", programs[i]);
        free(page);
        fam_metrics_free(metrics);
    }
}
