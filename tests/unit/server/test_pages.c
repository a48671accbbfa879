/* test_pages.c: what famserver's pages answer, over a real connection (http/pages.h). */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "health/health.h"
#include "http/pages.h"
#include "metrics/metrics.h"
#include "net/http_server.h"

static _Atomic(int) database = FAM_HEALTH_HEALTHY, redis = FAM_HEALTH_HEALTHY;
static _Atomic(bool) drains;
static struct fam_metrics *metrics;
static struct fam_health *health;
static struct fam_pages *pages;

static enum fam_health_state look(void *context, uint32_t timeout_ms, char ret_reason[FAM_HEALTH_REASON_SIZE])
{
    (void)timeout_ms;
    snprintf(ret_reason, FAM_HEALTH_REASON_SIZE, "not reachable");
    return (enum fam_health_state) * (_Atomic(int) *)context;
}

static bool ready(void *context, const char **ret_reason)
{
    (void)context;
    *ret_reason = "draining";
    return !drains;
}

static void set_up(void)
{
    struct fam_status status = {0};
    const struct fam_health_options options = {
        .version = "1.2.3", .ready_requires = "database", .program_ready = ready};
    const struct fam_health_check checks[] = {
        {.name = "database", .run = look, .context = &database, .required = true, .interval_ms = 5},
        {.name = "redis", .run = look, .context = &redis, .interval_ms = 5}};
    signal(SIGPIPE, SIG_IGN);
    metrics = fam_metrics_new(1, "1.2.3", NULL, 0, &status);
    health = fam_health_new(&options, &status);
    cr_assert(metrics && health);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(checks); i++)
        cr_assert_eq(fam_health_add(health, &checks[i], &status), FAM_OK);
    cr_assert_eq(fam_health_start(health, 5000, &status), FAM_OK);
    pages = fam_pages_new("127.0.0.1:0", health, metrics, &status);
    cr_assert_not_null(pages, "%s", status.message);
}

static void tear_down(void)
{
    fam_pages_free(pages);
    fam_health_free(health);
    fam_metrics_free(metrics);
}

TestSuite(pages, .init = set_up, .fini = tear_down, .timeout = 30);

/* The HTTP status of a GET; the whole answer in ret_text. */
static int get(const char *path, char *ret_text, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = 10};
    char request[256];
    size_t used = 0;
    int code = 0, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_port = htons(fam_http_server_port(fam_pages_server(pages)));
    int length = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    cr_assert_eq(write(fd, request, (size_t)length), length);
    for (ssize_t n; used + 1 < size && (n = read(fd, ret_text + used, size - used - 1)) > 0;)
        used += (size_t)n;
    ret_text[used] = '\0';
    close(fd);
    cr_assert_eq(sscanf(ret_text, "HTTP/1.1 %d", &code), 1, "%s", ret_text);
    return code;
}

/* Asks until the status is the expected one and the text is there: checks run every few milliseconds. */
static void expect(const char *path, int code, const char *text)
{
    char answer[65536] = "";
    uint64_t end = fam_mono_ms() + 10000;
    int got = 0;
    do {
        got = get(path, answer, sizeof(answer));
        if (got == code && strstr(answer, text))
            return;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    } while (fam_mono_ms() < end);
    cr_assert_fail("%s: %d and not %d with %s:\n%.400s", path, got, code, text, answer);
}

Test(pages, health_is_200_when_healthy_or_degraded_and_503_when_unhealthy)
{
    expect("/health", 200, "{\"status\":\"healthy\",\"checks\":{\"database\":{\"status\":\"healthy\"");
    redis = FAM_HEALTH_UNHEALTHY;
    expect("/health", 200, "{\"status\":\"degraded\"");
    expect("/health", 200, "\"redis\":{\"status\":\"unhealthy\",\"reason\":\"not reachable\"");
    database = FAM_HEALTH_UNHEALTHY;
    expect("/health", 503, "{\"status\":\"unhealthy\"");
    database = redis = FAM_HEALTH_HEALTHY;
    expect("/health", 200, "{\"status\":\"healthy\"");
}

Test(pages, ready_follows_the_required_checks_and_the_program)
{
    expect("/health/ready", 200, "{\"ready\":true");
    redis = FAM_HEALTH_UNHEALTHY;
    expect("/health", 200, "degraded");
    expect("/health/ready", 200, "{\"ready\":true");
    database = FAM_HEALTH_UNHEALTHY;
    expect("/health/ready", 503, "{\"ready\":false,\"reason\":\"database: not reachable\"}");
    database = FAM_HEALTH_HEALTHY;
    expect("/health/ready", 200, "{\"ready\":true");
    drains = true;
    expect("/health/ready", 503, "{\"ready\":false,\"reason\":\"draining\"}");
}

Test(pages, live_is_200_whatever_the_checks_say)
{
    database = redis = FAM_HEALTH_UNHEALTHY;
    drains = true;
    expect("/health", 503, "unhealthy");
    expect("/health/live", 200, "{\"alive\":true}");
}

Test(pages, health_is_json_and_metrics_are_text)
{
    expect("/health", 200, "application/json");
    expect("/health/ready", 200, "application/json");
    expect("/metrics", 200, "text/plain; version=0.0.4");
    expect("/metrics", 200, "family_emotions_redis_up 0");
}

Test(pages, other_paths_are_404_and_the_pages_go_on)
{
    expect("/", 404, "");
    expect("/health/../etc/passwd", 404, "");
    expect("/metric%7", 404, "");
    expect("/metric%73", 200, "family_emotions");
    expect("/health/live", 200, "alive");
}
