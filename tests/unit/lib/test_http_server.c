/* test_http_server.c: the small HTTP server for pages (lib/net/http_server.h), asked with plain sockets. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "metrics/metrics.h"
#include "net/http_server.h"

enum { ANSWER_BYTES = 1 << 20 };

static unsigned make_hello(void *context, struct fam_buf *out)
{
    fam_buf_addf(out, "hello %s\n", (const char *)context);
    return 200;
}

static unsigned make_sick(void *context, struct fam_buf *out)
{
    (void)context;
    fam_buf_add_text(out, "sick\n");
    return 503;
}

static unsigned make_too_much(void *context, struct fam_buf *out)
{
    (void)context;
    out->failed = true;
    return 200;
}

static unsigned make_nothing(void *context, struct fam_buf *out)
{
    (void)context;
    (void)out;
    return 200;
}

static const struct fam_http_page PAGES[] = {
    {"/health", "application/json", make_hello, (void *)(uintptr_t) "world"},
    {"/health/ready", "text/plain", make_sick, NULL},
    {"/metrics", "text/plain", make_too_much, NULL},
    {"/empty", "text/plain", make_nothing, NULL},
};

static struct fam_http_server *serve(struct fam_metrics *metrics)
{
    struct fam_status status = {0};
    const struct fam_http_server_options options = {.address = "127.0.0.1:0",
                                                    .setting = "FAM_HTTP_LISTEN",
                                                    .pages = PAGES,
                                                    .page_count = FAM_ARRAY_SIZE(PAGES),
                                                    .metrics = metrics};
    struct fam_http_server *server = fam_http_server_new(&options, &status);
    cr_assert_not_null(server, "%s", status.message);
    cr_assert_neq(fam_http_server_port(server), 0);
    signal(SIGPIPE, SIG_IGN);
    return server;
}

static int connect_to(const struct fam_http_server *server)
{
    const struct timeval limit = {.tv_sec = 20};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons(fam_http_server_port(server))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)), 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Everything until the server closes, into static memory. */
static const char *read_all(int fd)
{
    static char answer[ANSWER_BYTES];
    size_t size = 0;
    for (ssize_t got; (got = recv(fd, answer + size, sizeof(answer) - 1 - size, 0)) > 0;) {
        size += (size_t)got;
    }
    answer[size] = '\0';
    return answer;
}

/* The answer to raw bytes; the request should ask to close. */
static const char *ask(const struct fam_http_server *server, const char *request)
{
    int fd = connect_to(server);
    (void)send(fd, request, strlen(request), MSG_NOSIGNAL);
    const char *answer = read_all(fd);
    close(fd);
    return answer;
}

static const char *get(const struct fam_http_server *server, const char *method, const char *path)
{
    char request[300];
    snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path);
    return ask(server, request);
}

static unsigned status_of(const char *answer)
{
    unsigned status = 0;
    return sscanf(answer, "HTTP/1.1 %u", &status) == 1 ? status : 0;
}

static const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    return end == NULL ? "" : end + 4;
}

static void assert_still_serves(const struct fam_http_server *server)
{
    const char *answer = get(server, "GET", "/health");
    cr_assert_eq(status_of(answer), 200, "%s", answer);
    cr_assert_str_eq(body_of(answer), "hello world\n");
}

Test(http_server, a_page_comes_with_its_status_type_and_body, .timeout = 60)
{
    struct fam_http_server *server = serve(NULL);
    const char *answer = get(server, "GET", "/health");
    cr_assert_eq(status_of(answer), 200);
    cr_assert_not_null(strcasestr(answer, "\r\nContent-Type: application/json\r\n"));
    cr_assert_not_null(strcasestr(answer, "\r\nCache-Control: no-store\r\n"));
    cr_assert_not_null(strcasestr(answer, "\r\nContent-Length: 12\r\n"));
    cr_assert_str_eq(body_of(answer), "hello world\n");
    answer = get(server, "GET", "/health/ready");
    cr_assert_eq(status_of(answer), 503);
    cr_assert_str_eq(body_of(answer), "sick\n");
    answer = get(server, "GET", "/empty");
    cr_assert_eq(status_of(answer), 200);
    cr_assert_str_eq(body_of(answer), "");
    cr_assert_eq(status_of(get(server, "GET", "/health?verbose=1")), 200);
    fam_http_server_free(server);
}

Test(http_server, head_has_the_heads_of_get_and_no_body, .timeout = 60)
{
    struct fam_http_server *server = serve(NULL);
    const char *answer = get(server, "HEAD", "/health");
    cr_assert_eq(status_of(answer), 200);
    cr_assert_not_null(strcasestr(answer, "\r\nContent-Length: 12\r\n"));
    cr_assert_str_eq(body_of(answer), "");
    fam_http_server_free(server);
}

Test(http_server, an_unknown_path_is_404, .timeout = 60)
{
    static const char *const paths[] = {"/", "/Health", "/health/", "//health", "/../etc/passwd", "*"};
    struct fam_http_server *server = serve(NULL);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(paths); i++) {
        unsigned status = status_of(get(server, "GET", paths[i]));
        cr_assert(status == 404 || status == 400, "%s: %u", paths[i], status);
    }
    assert_still_serves(server);
    fam_http_server_free(server);
}

Test(http_server, other_methods_are_405, .timeout = 60)
{
    struct fam_http_server *server = serve(NULL);
    cr_assert_eq(status_of(get(server, "DELETE", "/health")), 405);
    cr_assert_eq(status_of(get(server, "OPTIONS", "/health")), 405);
    const char *answer = ask(server, "POST /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                     "Content-Length: 4\r\n\r\nbody");
    cr_assert_eq(status_of(answer), 405, "%s", answer);
    cr_assert_not_null(strcasestr(answer, "\r\nAllow: GET, HEAD\r\n"), "%s", answer);
    assert_still_serves(server);
    fam_http_server_free(server);
}

/* A body without an end is not listened to. */
static void assert_answered_at_once(const struct fam_http_server *server, const char *head, unsigned status)
{
    int fd = connect_to(server);
    uint64_t before = fam_mono_ms();
    cr_assert_gt(send(fd, head, strlen(head), MSG_NOSIGNAL), 0);
    cr_assert_eq(status_of(read_all(fd)), status, "%s", head);
    cr_assert_lt(fam_mono_ms() - before, 5000, "it waited for the body");
    close(fd);
}

Test(http_server, a_body_is_not_waited_for, .timeout = 60)
{
    struct fam_http_server *server = serve(NULL);
    assert_answered_at_once(server, "POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nx", 405);
    assert_answered_at_once(server, "POST /none HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe", 404);
    assert_answered_at_once(server, "GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nx", 200);
    assert_still_serves(server);
    fam_http_server_free(server);
}

Test(http_server, a_connection_serves_several_requests, .timeout = 60)
{
    struct fam_http_server *server = serve(NULL);
    int fd = connect_to(server);
    const char *two = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
                      "GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    cr_assert_eq(send(fd, two, strlen(two), MSG_NOSIGNAL), (ssize_t)strlen(two));
    const char *answer = read_all(fd);
    cr_assert_not_null(strstr(answer, "hello world\n"));
    cr_assert_not_null(strstr(answer, "sick\n"));
    close(fd);
    fam_http_server_free(server);
}

Test(http_server, a_page_that_could_not_be_made_is_503, .timeout = 60)
{
    struct fam_http_server *server = serve(NULL);
    const char *answer = get(server, "GET", "/metrics");
    cr_assert_eq(status_of(answer), 503);
    cr_assert_str_neq(body_of(answer), "");
    assert_still_serves(server);
    fam_http_server_free(server);
}

Test(http_server, noise_does_not_stop_it, .timeout = 60)
{
    static const char *const noise[] = {"\r\n\r\n",
                                        "GET\r\n\r\n",
                                        "\x16\x03\x01\x02\x00\x01\xff\xfc",
                                        "GET /health HTTP/9.9\r\n\r\n",
                                        "GET /health HTTP/1.1\r\n\r\n",
                                        "GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                                        "POST /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                                        "GET /%ff%fe%00%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"};
    struct fam_http_server *server = serve(NULL);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(noise); i++) {
        int fd = connect_to(server);
        (void)send(fd, noise[i], strlen(noise[i]), MSG_NOSIGNAL);
        close(fd); /* half a request waits for its rest until the idle time is over: nobody needs that answer */
        assert_still_serves(server);
    }
    fam_http_server_free(server);
}

Test(http_server, a_head_that_is_too_large_is_refused, .timeout = 60)
{
    struct fam_http_server *server = serve(NULL);
    int fd = connect_to(server);
    char line[1000];
    memset(line, 'x', sizeof(line));
    memcpy(line, "X: ", 3);
    memcpy(line + sizeof(line) - 2, "\r\n", 2);
    const char *first = "GET /health HTTP/1.1\r\nHost: x\r\n";
    cr_assert_gt(send(fd, first, strlen(first), MSG_NOSIGNAL), 0);
    for (int i = 0; i < 1000 && send(fd, line, sizeof(line), MSG_NOSIGNAL) > 0; i++) {
    }
    unsigned status = status_of(read_all(fd));
    cr_assert(status == 0 || status >= 400, "%u", status);
    close(fd);
    assert_still_serves(server);
    fam_http_server_free(server);
}

Test(http_server, the_number_of_connections_is_bounded_and_room_comes_back, .timeout = 60)
{
    enum { MANY = 100 };
    int fds[MANY];
    struct fam_http_server *server = serve(NULL);
    for (size_t i = 0; i < MANY; i++) {
        fds[i] = connect_to(server);
    }
    for (size_t i = 0; i < MANY; i++) {
        close(fds[i]);
    }
    assert_still_serves(server);
    fam_http_server_free(server);
}

Test(http_server, requests_are_counted_and_unknown_paths_are_other, .timeout = 60)
{
    struct fam_status status = {0};
    struct fam_metrics *metrics = fam_metrics_new(1, "0.1.0", NULL, 0, &status);
    cr_assert_not_null(metrics);
    struct fam_http_server *server = serve(metrics);
    (void)get(server, "GET", "/health");
    (void)get(server, "GET", "/health");
    (void)get(server, "GET", "/secret/words");
    (void)ask(server, "PATCH /health HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nConnection: close\r\n\r\n");
    fam_http_server_free(server);
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_HTTP_REQUESTS, FAM_LABELS("GET", "/health", "200")), 2);
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_HTTP_REQUESTS, FAM_LABELS("GET", "other", "404")), 1);
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_HTTP_REQUESTS, FAM_LABELS("other", "/health", "405")), 1);
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_HTTP_SECONDS, FAM_LABELS("GET", "/health")), 2);
    fam_metrics_free(metrics);
}

static void assert_not_served(const char *address, enum fam_code code, const char *hint)
{
    struct fam_status status = {0};
    const struct fam_http_server_options options = {.address = address, .setting = "FAM_HTTP_LISTEN"};
    cr_assert_null(fam_http_server_new(&options, &status), "%s", address);
    cr_assert_eq(status.code, code, "%s: %s", address, status.message);
    cr_assert_not_null(strstr(status.message, "FAM_HTTP_LISTEN"), "%s", status.message);
    cr_assert_not_null(strstr(status.message, hint), "%s", status.message);
}

Test(http_server, an_address_that_cannot_be_had_is_named_with_its_setting, .timeout = 60)
{
    struct fam_http_server *server = serve(NULL);
    char address[32];
    snprintf(address, sizeof(address), "127.0.0.1:%u", fam_http_server_port(server));
    assert_not_served(address, FAM_FAILED_PRECONDITION, address);
    assert_not_served("192.0.2.1:8000", FAM_FAILED_PRECONDITION, "192.0.2.1:8000");
    assert_not_served("no-port", FAM_INVALID_ARGUMENT, "HOST:PORT");
    assert_still_serves(server);
    fam_http_server_free(server);
    fam_http_server_free(NULL);
}

Test(http_server, it_stops_although_a_client_is_connected, .timeout = 60)
{
    struct fam_http_server *server = serve(NULL);
    int fd = connect_to(server);
    cr_assert_gt(send(fd, "GET /hea", 8, MSG_NOSIGNAL), 0);
    assert_still_serves(server);
    uint64_t before = fam_mono_ms();
    fam_http_server_free(server);
    cr_assert_lt(fam_mono_ms() - before, 5000);
    close(fd);
}
